//! Line charts: a [`Figure`] says what to show, [`Figure::to_svg`] draws it,
//! and [`to_png`] makes a picture of the drawing.
//!
//! There is one drawing code. The PNG is rasterised from the SVG, so the two
//! cannot disagree. The same figure gives the same bytes on any machine and any
//! number of threads: no clock, no system font, no order of a hash map, and every
//! logarithm comes from `libm`, because that of the standard library depends on
//! the platform.
//!
//! Modules, in the order in which a figure passes through them: `span` (the range
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
mod number;
mod palette;
mod raster;
mod span;
mod text;
mod ticks;
mod trace;

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

/// A line chart: what it shows and how it is labelled.
///
/// Any figure can be drawn: values that are not finite leave gaps, values that a
/// logarithmic axis cannot show do too, and a figure without a drawable value
/// says so in words.
///
/// ```
/// # use gradtape::report::chart;
/// use chart::{Axis, Colour, Figure, Key, Line, Scale};
///
/// let figure = Figure {
///     title: "w0 over epochs".to_owned(),
///     subtitle: None,
///     x: Axis { label: "epoch".to_owned(), scale: Scale::Linear },
///     y: Axis { label: "w0".to_owned(), scale: Scale::Log },
///     lines: vec![Line::new(vec![[0.0, 1.0], [1.0, 0.98]], Colour::Category(0))],
///     key: Key::None,
///     description: "w0 falls from 1 to 0.98 in one epoch.".to_owned(),
/// };
/// let svg = figure.to_svg();
/// assert!(svg.starts_with("<svg "));
/// let png = chart::to_png(&svg)?;
/// assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), chart::DrawError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Heading. It wraps and shrinks when it is long.
    pub title: String,
    /// Smaller line below the heading, if any.
    pub subtitle: Option<String>,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// The lines, the last one on top.
    pub lines: Vec<Line>,
    /// What explains the colours.
    pub key: Key,
    /// Text for readers who cannot see the chart; the `<desc>` of the SVG.
    pub description: String,
}

/// Label and scale of one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Name of the quantity, with its unit if it has one.
    pub label: String,
    /// How values become positions.
    pub scale: Scale,
}

/// How values become positions along an axis or a colour bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equal distances.
    Linear,
    /// Equal ratios are equal distances. Values that are not above zero are not drawn.
    Log,
}

/// One line of a [`Figure`].
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The points `[x, y]` in the order in which they are joined. A point that is
    /// not drawable (not finite, or not above zero on a logarithmic axis) breaks
    /// the line.
    pub points: Vec<[f64; 2]>,
    /// Colour of the line, its dots and its crosses.
    pub colour: Colour,
    /// Whether each point is drawn as a dot too, as in a sweep.
    pub dots: bool,
    /// Whether the line ends because its run diverged: a cross marks its last
    /// drawable point. Where others did not diverge, they decide how much of the
    /// vertical axis is shown, so that one run on its way to infinity does not
    /// press all the others flat.
    pub diverged: bool,
    /// Positions `x` of values that are not finite, marked by a cross at the upper
    /// edge of the panel; in a sweep these are the diverged runs.
    pub off_scale: Vec<f64>,
}

impl Line {
    /// A plain line: no dots, no crosses.
    ///
    /// ```
    /// # use gradtape::report::chart;
    /// let line = chart::Line::new(vec![[0.0, 1.0]], chart::Colour::Category(0));
    /// assert!(!line.dots && !line.diverged && line.off_scale.is_empty());
    /// ```
    #[must_use]
    pub fn new(points: Vec<[f64; 2]>, colour: Colour) -> Self {
        Self {
            points,
            colour,
            dots: false,
            diverged: false,
            off_scale: Vec::new(),
        }
    }
}

/// Where a line gets its colour from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Colour {
    /// The n-th colour of a palette of ten that colour-blind readers can tell
    /// apart. After ten it starts again.
    Category(usize),
    /// The colour of a value on the figure's [`Key::ColourBar`]. Without a colour
    /// bar the value is a share from 0 to 1.
    Value(f64),
}

/// What explains the colours of a [`Figure`].
///
/// A key never covers data: it stands above the panel or to the right of it. An
/// entry for the crosses is added by itself when there are any.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// Nothing to explain.
    None,
    /// A name for each colour.
    Legend {
        /// What the names are values of, such as `optimizer`.
        title: Option<String>,
        /// Entry `i` belongs to [`Colour::Category`]`(i)`.
        entries: Vec<String>,
    },
    /// A scale of colours for [`Colour::Value`].
    ColourBar {
        /// Name of the quantity that decides the colour.
        title: String,
        /// Value at the lower, dark end.
        from: f64,
        /// Value at the upper, bright end.
        to: f64,
        /// How values become colours.
        scale: Scale,
    },
}

impl Figure {
    /// Draws the figure as an SVG of [`WIDTH`] × [`HEIGHT`] pixels.
    ///
    /// The text is kept as text, set in DejaVu Sans or, where a viewer lacks it,
    /// in a font of nearly the same widths. The result is well-formed whatever the
    /// titles contain.
    ///
    /// ```
    /// # use gradtape::report::chart::{Axis, Figure, Key, Scale};
    /// let axis = Axis { label: String::new(), scale: Scale::Linear };
    /// let empty = Figure {
    ///     title: "a < b".to_owned(),
    ///     subtitle: None,
    ///     x: axis.clone(),
    ///     y: axis,
    ///     lines: Vec::new(),
    ///     key: Key::None,
    ///     description: String::new(),
    /// };
    /// assert!(empty.to_svg().contains("a &lt; b"));
    /// assert!(empty.to_svg().contains("no finite values to draw"));
    /// ```
    #[must_use]
    pub fn to_svg(&self) -> String {
        draw::svg(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(label: &str, scale: Scale) -> Axis {
        Axis {
            label: label.to_owned(),
            scale,
        }
    }

    fn figure(lines: Vec<Line>, scale: Scale) -> Figure {
        Figure {
            title: "loss over epochs".to_owned(),
            subtitle: Some("f(w) = w²".to_owned()),
            x: axis("epoch", scale),
            y: axis("loss", scale),
            lines,
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
                    let svg = figure.to_svg();
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
        assert!(is_empty(&figure(vec![], Scale::Linear).to_svg()));
        assert!(is_empty(
            &figure(vec![line(&[[1.0, f64::NAN]])], Scale::Linear).to_svg()
        ));
        assert!(is_empty(
            &figure(vec![line(&[[1.0, 0.0], [2.0, -1.0]])], Scale::Log).to_svg()
        ));
        assert!(!is_empty(
            &figure(vec![line(&[[1.0, 5e-324]])], Scale::Log).to_svg()
        ));
    }

    #[test]
    fn the_same_figure_gives_the_same_bytes() {
        let points: Vec<_> = (0..5000)
            .map(|k| [f64::from(k), 1.0 / f64::from(k + 1)])
            .collect();
        let figure = figure(vec![line(&points)], Scale::Linear);
        let here = figure.to_svg();
        let there = std::thread::spawn(move || figure.to_svg()).join().unwrap();
        assert_eq!(here, there);
        assert_eq!(to_png(&here).unwrap(), to_png(&there).unwrap());
    }

    #[test]
    fn ten_thousand_points_make_a_small_drawing() {
        let points: Vec<_> = (0..=10_000)
            .map(|k| [f64::from(k), 0.98f64.powi(k)])
            .collect();
        let svg = figure(vec![line(&points)], Scale::Linear).to_svg();
        assert!(svg.len() < 20_000, "{}", svg.len());
        assert!(to_png(&svg).unwrap().len() < 40_000);
    }

    #[test]
    fn crosses_are_explained() {
        let mut diverged = line(&[[1.0, 1.0], [2.0, 5.0]]);
        let text = ">diverged</text>";
        assert!(
            !figure(vec![diverged.clone()], Scale::Linear)
                .to_svg()
                .contains(text)
        );
        diverged.diverged = true;
        assert!(
            figure(vec![diverged.clone()], Scale::Linear)
                .to_svg()
                .contains(text)
        );
        diverged.diverged = false;
        diverged.off_scale = vec![3.0];
        assert!(
            figure(vec![diverged], Scale::Linear)
                .to_svg()
                .contains(text)
        );
    }

    #[test]
    fn a_diverged_run_does_not_press_the_others_flat() {
        let calm = line(&[[0.0, 1.0], [1.0, 0.5], [2.0, 0.25]]);
        let mut wild = line(&[[0.0, 1.0], [1.0, 1e100], [2.0, 1e200]]);
        wild.diverged = true;
        let svg = figure(vec![calm, wild], Scale::Linear).to_svg();
        assert!(svg.contains(">0.8</text>"), "{svg}");
    }
}
