//! Charts: a [`Figure`] says what to show, [`Figure::draw`] draws it,
//! and [`to_png`] makes a picture of the drawing.
//!
//! There is one drawing code. The PNG is rasterised from the SVG, so the two
//! cannot disagree. The same figure gives the same bytes on any machine and any
//! number of threads: no clock, no system font, no order of a hash map, and every
//! logarithm comes from `libm`, because that of the standard library depends on
//! the platform.
//!
//! Modules, in the order in which a figure passes through them: `model` (what it is), `span` (the range
//! of an axis), `ticks` and `number` (where its labels stand and how they read),
//! `key` (legend and colour bar), `layout` (who gets which part of the picture),
//! `trace` (from data to few points in pixels), `draw` (everything put on the
//! `canvas`), `raster` and `palette` (SVG to PNG). `colour` and `text` serve several
//! of them.

mod canvas;
mod colour;
mod draw;
mod key;
mod layout;
mod model;
mod number;
mod palette;
mod raster;
mod span;
mod text;
mod ticks;
mod trace;

pub use model::{
    Axis, AxisRange, Band, Bars, Cells, Colour, Drawing, DrawnLine, Figure, Font, Key, Levels,
    Line, Mark, Panel, PanelArea, Point, Rule, Scale, Style, Theme, Tick,
};
pub use raster::{DrawError, to_png};

/// The red, green and blue of a share from 0 to 1 of a colour bar.
#[must_use]
pub fn gradation(share: f64) -> [u8; 3] {
    colour::at_share(share)
}

/// Width of every chart in pixels.
pub const WIDTH: u32 = 1200;

/// Height of every chart in pixels.
pub const HEIGHT: u32 = 800;

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(label: &str, scale: Scale) -> Axis {
        Axis::new(label, scale)
    }

    fn figure(lines: Vec<Line>, scale: Scale) -> Figure {
        Figure {
            title: "loss over epochs".to_owned(),
            subtitle: Some("f(w) = w²".to_owned()),
            x: axis("epoch", scale),
            y: axis("loss", scale),
            panels: vec![Panel::of_lines(lines)],
            key: Key::Legend {
                title: None,
                entries: vec!["adam".to_owned()],
            },
            description: "An example.".to_owned(),
        }
    }

    fn line(points: &[[f64; 2]]) -> Line {
        Line::new(points.to_vec(), Colour::Category(0))
    }

    /// Whether the panel shows anything but its grid.
    fn is_empty(svg: &str) -> bool {
        svg.contains("no finite values to draw")
    }

    #[test]
    fn any_figure_can_be_drawn() {
        const NASTY: [f64; 14] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            5e-324,
            1e-320,
            3.5e-44,
            1e-300,
            1e300,
            f64::MAX,
            f64::MIN,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        let keys = [
            Key::None,
            Key::Legend {
                title: Some("<&>".repeat(99)),
                entries: vec!["…".repeat(99); 99],
            },
            Key::ColourBar {
                title: "rate".to_owned(),
                from: 0.0,
                to: 1.0,
                scale: Scale::Log,
            },
            Key::ColourBar {
                title: "w ".repeat(99),
                from: 1e-320,
                to: 1e300,
                scale: Scale::Log,
            },
            Key::ColourBar {
                title: String::new(),
                from: 2.0,
                to: 2.0,
                scale: Scale::Linear,
            },
        ];
        for scale in [Scale::Linear, Scale::Log] {
            for a in NASTY {
                for (index, b) in NASTY.into_iter().enumerate() {
                    let mut first = line(&[[a, b], [b, a], [1.0, a], [2.0, b]]);
                    first.dots = index % 2 == 0;
                    first.diverged = index % 3 == 0;
                    first.off_scale = vec![a, b];
                    first.colour = Colour::Value(a);
                    let mut figure = figure(vec![first, line(&[[b, b]])], scale);
                    figure.key = keys[index % keys.len()].clone();
                    figure.title = "title ".repeat(index * 9);
                    let svg = figure.draw(&Style::default()).svg;
                    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{a:e} {b:e}");
                    if index % 5 == 0 {
                        assert!(to_png(&svg).is_ok(), "{a:e} {b:e}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_figure_without_drawable_values_says_so() {
        assert!(is_empty(
            &figure(vec![], Scale::Linear).draw(&Style::default()).svg
        ));
        assert!(is_empty(
            &figure(vec![line(&[[1.0, f64::NAN]])], Scale::Linear)
                .draw(&Style::default())
                .svg
        ));
        assert!(is_empty(
            &figure(vec![line(&[[1.0, 0.0], [2.0, -1.0]])], Scale::Log)
                .draw(&Style::default())
                .svg
        ));
        assert!(!is_empty(
            &figure(vec![line(&[[1.0, 5e-324]])], Scale::Log)
                .draw(&Style::default())
                .svg
        ));
    }

    #[test]
    fn the_same_figure_gives_the_same_bytes() {
        let points: Vec<_> = (0..5000)
            .map(|k| [f64::from(k), 1.0 / f64::from(k + 1)])
            .collect();
        let figure = figure(vec![line(&points)], Scale::Linear);
        let here = figure.draw(&Style::default()).svg;
        let there = std::thread::spawn(move || figure.draw(&Style::default()).svg)
            .join()
            .unwrap();
        assert_eq!(here, there);
        assert_eq!(to_png(&here).unwrap(), to_png(&there).unwrap());
    }

    #[test]
    fn ten_thousand_points_make_a_small_drawing() {
        let points: Vec<_> = (0..=10_000)
            .map(|k| [f64::from(k), 0.98f64.powi(k)])
            .collect();
        let svg = figure(vec![line(&points)], Scale::Linear)
            .draw(&Style::default())
            .svg;
        assert!(svg.len() < 20_000, "{}", svg.len());
        assert!(to_png(&svg).unwrap().len() < 40_000);
    }

    #[test]
    fn crosses_are_explained() {
        let mut diverged = line(&[[1.0, 1.0], [2.0, 5.0]]);
        let text = ">diverged</text>";
        assert!(
            !figure(vec![diverged.clone()], Scale::Linear)
                .draw(&Style::default())
                .svg
                .contains(text)
        );
        diverged.diverged = true;
        assert!(
            figure(vec![diverged.clone()], Scale::Linear)
                .draw(&Style::default())
                .svg
                .contains(text)
        );
        diverged.diverged = false;
        diverged.off_scale = vec![3.0];
        assert!(
            figure(vec![diverged], Scale::Linear)
                .draw(&Style::default())
                .svg
                .contains(text)
        );
    }

    #[test]
    fn a_diverged_run_does_not_press_the_others_flat() {
        let calm = line(&[[0.0, 1.0], [1.0, 0.5], [2.0, 0.25]]);
        let mut wild = line(&[[0.0, 1.0], [1.0, 1e100], [2.0, 1e200]]);
        wild.diverged = true;
        let svg = figure(vec![calm, wild], Scale::Linear)
            .draw(&Style::default())
            .svg;
        assert!(svg.contains(">0.8</text>"), "{svg}");
    }
}
