//! Charts: a [`Figure`] describes a chart, [`Figure::draw`] draws it as SVG,
//! [`to_png`] converts the SVG to PNG, and [`animate`] makes an animated GIF of several figures.
//!
//! The PNG is rasterised from the SVG, so the two cannot disagree. The same figure gives
//! the same bytes on any machine and any number of threads: no clock, no system font and no
//! order of a hash map is used, and every logarithm comes from `libm`, because that of the
//! standard library depends on the platform.
//!
//! The crate is in layers; each knows only those below:
//!
//! 1. `model`: a figure, and a drawing of it, as values.
//! 2. `measure`: where values lie on an axis, its ticks and their labels, the width of texts,
//!    colours, lines and areas in few points.
//! 3. `layout`: what the axes show, and the position of every part of the chart.
//! 4. `marks`: lines, areas, signs and the key on the canvas.
//! 5. `draw`: everything in its place.
//! 6. `image`: SVG to PNG and GIF.

mod draw;
mod image;
mod layout;
mod marks;
mod measure;
mod model;

pub use image::{DrawError, animate, to_png};
use measure::colour;
pub use model::{
    Axis, AxisRange, Band, Bars, Cells, Colour, Drawing, Figure, Font, Key, Landmark, Levels, Line,
    Mark, Panel, PanelArea, ReferenceLine, Scale, Style, Theme, Tick, VisibleLine,
};

/// Each colour of the light theme with its counterpart of the dark theme, both written as in
/// the SVG: `#RRGGBB`.
#[must_use]
pub fn dark_counterparts() -> Vec<(String, String)> {
    let hex = |[r, g, b]: [u8; 3]| format!("#{r:02X}{g:02X}{b:02X}");
    let pairs = colour::dark_counterparts();
    pairs.map(|(light, dark)| (hex(light), hex(dark))).collect()
}

/// Red, green and blue at a share, from 0 to 1, of the colour bar.
#[must_use]
pub fn gradation(share: f64) -> [u8; 3] {
    colour::at_share(share)
}

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

    /// Whether the chart says that it has no values to show.
    fn is_empty(svg: &str) -> bool {
        svg.contains("no finite values to draw")
    }

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

    #[test]
    fn any_figure_can_be_drawn() {
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
        for scale in [Scale::Linear, Scale::Log, Scale::SymLog(1e-3)] {
            for a in NASTY {
                for (index, b) in NASTY.into_iter().enumerate() {
                    let mut first = line(&[[a, b], [b, a], [1.0, a], [2.0, b]]);
                    first.dots = index % 2 == 0;
                    first.diverged = (index % 3 == 0).then_some([b, a]);
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

    /// Every kind of mark made of some values.
    fn marks([a, b, c]: [f64; 3]) -> Vec<Mark> {
        let mut path = line(&[[a, b], [b, c], [c, a]]);
        path.path = true;
        path.steps = a > b;
        path.diverged = (b > c).then_some([a, c]);
        path.shown = (a > c).then_some(2);
        vec![
            Mark::Levels(Levels {
                x: vec![0.0, 1.0, 2.0],
                y: vec![0.0, 1.0],
                values: vec![a, b, c, 1.0, c, 0.5],
                levels: vec![0.25, 0.75],
            }),
            Mark::Cells(Cells {
                x: vec![1.0, 2.0],
                y: vec![1.0],
                values: vec![Some(a), None, Some(b)],
                marked: Some(1),
            }),
            Mark::Band(Band {
                points: vec![[a, b, c], [1.0, a, b], [2.0, -1.0, 1.0], [c, c, a]],
                colour: Colour::Category(3),
                line: 0,
            }),
            Mark::Bars(Bars {
                edges: vec![a, b, c],
                counts: vec![b, 3.0],
                colour: Colour::Value(a),
            }),
            Mark::Line(path),
            Mark::Landmark(Landmark {
                at: [a, b],
                name: "minimum <&>".to_owned(),
            }),
            Mark::ReferenceLine(ReferenceLine {
                at: a,
                upright: b > 0.0,
                label: "bound ".repeat(40),
            }),
        ]
    }

    #[test]
    fn any_marks_can_be_drawn_in_any_style() {
        let mut number = 0u32;
        for scale in [Scale::Linear, Scale::Log, Scale::SymLog(1e-3)] {
            for a in NASTY {
                for b in NASTY {
                    number += 1;
                    let all = marks([a, b, NASTY[number as usize % NASTY.len()]]);
                    let kinds = all.len() as u32;
                    // Some of them in each of one to five panels, alone and together.
                    let panel = |place: u32| Panel {
                        name: "a panel ".repeat(place as usize),
                        marks: all
                            .iter()
                            .enumerate()
                            .filter(|(kind, _)| {
                                let kind = *kind as u32;
                                number % kinds == kind || (number + place) % 5 > kind
                            })
                            .map(|(_, mark)| mark.clone())
                            .collect(),
                    };
                    let mut figure = figure(Vec::new(), scale);
                    figure.panels = (0..1 + number % 5).map(panel).collect();
                    if number.is_multiple_of(7) {
                        figure.x.names = vec!["a long name ".repeat(9), "b".to_owned()];
                    }
                    if number.is_multiple_of(3) {
                        figure.y.range = Some([b, 2.0]);
                        figure.key = Key::ColourBar {
                            title: "loss".to_owned(),
                            from: 1e-9,
                            to: 1.0,
                            scale,
                        };
                    }
                    let style = Style {
                        width: 320 + number % 900,
                        height: 240 + number % 700,
                        theme: [Theme::Light, Theme::Dark][number as usize % 2],
                        font: Font::ALL[number as usize % 3],
                        text_size: [0.5, 1.0, 2.5][number as usize % 3],
                    };
                    let drawing = figure.draw(&style);
                    let svg = &drawing.svg;
                    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{a:e} {b:e}");
                    if number.is_multiple_of(9) {
                        assert!(to_png(svg).is_ok(), "{a:e} {b:e}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_style_decides_size_letters_and_background() {
        let small = Style {
            width: 640,
            height: 400,
            theme: Theme::Dark,
            font: Font::Serif,
            text_size: 0.8,
        };
        let points = [[0.0, 1.0], [1.0, 0.5]];
        let figure = figure(vec![line(&points)], Scale::Linear);
        let drawing = figure.draw(&small);
        let root = drawing.svg.lines().next().unwrap();
        assert!(root.contains("width=\"640\" height=\"400\""), "{root}");
        // Text of 0.8 times the usual size: the drawing has room for more.
        assert!(root.contains("viewBox=\"0 0 16000 10000\""), "{root}");
        assert!(root.contains("DejaVu Serif"), "{root}");
        let [left, top, right, bottom] = drawing.panels[0].frame;
        assert!(0.0 < left && left < right && right < 640.0);
        assert!(0.0 < top && top < bottom && bottom < 400.0);
        let png = to_png(&drawing.svg).unwrap();
        assert_eq!(png[16..24], [0, 0, 2, 128, 0, 0, 1, 144], "640 × 400");
        // Nothing keeps the colour that it has on white.
        let light = figure.draw(&Style::default()).svg;
        for (colour, dark) in dark_counterparts() {
            if colour != dark && light.contains(&colour) && !is_both(&colour) {
                assert!(!drawing.svg.contains(&colour), "{colour}");
                assert!(drawing.svg.contains(&dark), "{dark}");
            }
        }
    }

    /// Whether a colour is one of the dark theme too.
    fn is_both(colour: &str) -> bool {
        dark_counterparts().iter().any(|(_, dark)| dark == colour)
    }

    #[test]
    fn panels_share_their_axes_and_lines_are_counted_through_all() {
        let ends = [[[0.0, 1.0], [1.0, 2.0]], [[5.0, 3.0], [9.0, 80.0]]];
        let mut figure = figure(Vec::new(), Scale::Linear);
        let panel = |points: &[[f64; 2]; 2]| Panel {
            name: "one of two".to_owned(),
            marks: vec![Mark::Line(line(points))],
        };
        figure.panels = ends.iter().map(panel).collect();
        let drawing = figure.draw(&Style::default());
        let [one, two] = &drawing.panels[..] else {
            panic!("two panels");
        };
        assert_eq!((one.axes, &one.ticks), (two.axes, &two.ticks));
        let numbers = |panel: &PanelArea| panel.lines.iter().map(|line| line.line).collect();
        let (first, second): (Vec<usize>, Vec<usize>) = (numbers(one), numbers(two));
        assert_eq!((first, second), (vec![0], vec![1]));
        assert!(one.frame[2] <= two.frame[0] || one.frame[3] <= two.frame[1]);
        assert_eq!(drawing.svg.matches("one of two").count(), 2);
        // Labels stand once.
        let label = format!(">{}</text>", one.ticks[1][1].label);
        assert_eq!(drawing.svg.matches(&label).count(), 1, "{label}");
    }

    #[test]
    fn few_lines_have_their_names_at_their_ends() {
        let mut figure = figure(Vec::new(), Scale::Linear);
        let names = ["plain", "momentum", "Nesterov"];
        figure.key = Key::Legend {
            title: None,
            entries: names.map(str::to_owned).to_vec(),
        };
        let of = |ends: [f64; 3]| {
            let lines = ends.iter().enumerate().map(|(entry, end)| {
                Line::new(vec![[0.0, 1.0], [10.0, *end]], Colour::Category(entry))
            });
            vec![Panel::of_lines(lines.collect())]
        };
        // The baseline of a text in the drawing, in its pixels.
        let baseline = |svg: &str, name: &str| -> f64 {
            let before = svg.split(&format!(">{name}</text>")).next().unwrap();
            let y = before.rsplit(" y=\"").next().unwrap();
            y.split('"').next().unwrap().parse::<f64>().unwrap() / 20.0
        };
        figure.panels = of([0.2, 0.201, 0.9]);
        let drawing = figure.draw(&Style::default());
        let [plain, momentum, nesterov] = names.map(|name| baseline(&drawing.svg, name));
        assert!(
            nesterov < momentum && momentum + 20.0 <= plain,
            "in order and apart"
        );
        assert!(drawing.panels[0].frame[2] < 1150.0, "room for the names");
        // Lines that end early or on one spot have a legend.
        figure.panels = of([0.2, 0.2, 0.2]);
        let Some(Mark::Line(line)) = figure.panels[0].marks.first_mut() else {
            panic!("a line");
        };
        line.points[1][0] = 5.0;
        let legend = figure.draw(&Style::default()).svg;
        let lines = names.map(|name| baseline(&legend, name));
        assert!(lines[0] == lines[1] && lines[1] == lines[2], "{lines:?}");
    }

    #[test]
    fn cells_are_coloured_and_what_is_missing_or_lost_is_seen() {
        let mut figure = figure(Vec::new(), Scale::Log);
        figure.key = Key::ColourBar {
            title: "loss".to_owned(),
            from: 1.0,
            to: 100.0,
            scale: Scale::Log,
        };
        figure.panels[0].marks = vec![Mark::Cells(Cells {
            x: vec![0.01, 0.1, 1.0],
            y: vec![1.0, 10.0],
            values: vec![
                Some(1.0),
                Some(10.0),
                Some(100.0),
                None,
                Some(f64::NAN),
                None,
            ],
            marked: Some(0),
        })];
        let drawing = figure.draw(&Style::default());
        for share in [0.0, 0.5, 1.0] {
            let [r, g, b] = gradation(share);
            let hex = format!("#{r:02X}{g:02X}{b:02X}");
            assert!(drawing.svg.contains(&hex), "{share}");
        }
        let [x, _] = drawing.panels[0].axes;
        // Cells end halfway between their middles, on a logarithmic axis.
        assert!((x.low / 10f64.powf(-2.5) - 1.0).abs() < 1e-9, "{}", x.low);
        for entry in [">smallest</text>", ">diverged</text>"] {
            assert!(drawing.svg.contains(entry), "{entry}");
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
        diverged.diverged = Some([2.0, 5.0]);
        assert!(
            figure(vec![diverged.clone()], Scale::Linear)
                .draw(&Style::default())
                .svg
                .contains(text)
        );
        diverged.diverged = None;
        diverged.off_scale = vec![3.0];
        assert!(
            figure(vec![diverged], Scale::Linear)
                .draw(&Style::default())
                .svg
                .contains(text)
        );
    }

    #[test]
    fn a_line_that_is_shown_in_part_has_the_frame_and_the_key_of_the_whole() {
        let calm = line(&[[0.0, 1.0], [1.0, 0.5]]);
        let mut wild = line(&[[0.0, 1.0], [1.0, 1e100], [2.0, 1e200]]);
        wild.diverged = Some([2.0, 1e200]);
        let drawing = |shown: Option<usize>| {
            wild.shown = shown;
            figure(vec![calm.clone(), wild.clone()], Scale::Linear).draw(&Style::default())
        };
        let [start, whole] = [Some(1), None].map(drawing);
        for text in [">diverged</text>", ">leaves the frame</text>"] {
            assert!(start.svg.contains(text) && whole.svg.contains(text));
        }
        assert_eq!(start.panels[0].frame, whole.panels[0].frame);
        let ends = |drawing: &Drawing| {
            let line = &drawing.panels[0].lines[1];
            (line.exit.is_some(), line.cross)
        };
        assert_eq!(ends(&start), (false, None));
        assert_eq!(ends(&whole), (true, Some([2.0, 1e200])));
    }

    #[test]
    fn a_diverged_run_does_not_press_the_others_flat() {
        let calm = line(&[[0.0, 1.0], [1.0, 0.5], [2.0, 0.25]]);
        let mut wild = line(&[[0.0, 1.0], [1.0, 1e100], [2.0, 1e200]]);
        wild.diverged = Some([2.0, 1e200]);
        let svg = figure(vec![calm, wild], Scale::Linear)
            .draw(&Style::default())
            .svg;
        assert!(svg.contains(">0.8</text>"), "{svg}");
    }
}
