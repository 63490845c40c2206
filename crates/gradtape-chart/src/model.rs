//! The data model of a chart.

/// A chart: what it shows and how it is labelled.
///
/// Any figure can be drawn: values that are not finite, or that a logarithmic axis cannot
/// show, leave gaps, and a panel without a drawable value says so.
///
/// ```
/// use gradtape_chart::{Axis, Colour, Figure, Key, Line, Panel, Scale, Style};
///
/// let line = Line::new(vec![[0.0, 1.0], [1.0, 0.98]], Colour::Category(0));
/// let figure = Figure {
///     title: "w0 over epochs".to_owned(),
///     subtitle: None,
///     x: Axis::new("epoch", Scale::Linear),
///     y: Axis::new("w0", Scale::Log),
///     panels: vec![Panel::of_lines(vec![line])],
///     key: Key::None,
///     description: "w0 falls from 1 to 0.98 in one epoch.".to_owned(),
/// };
/// let drawing = figure.draw(&Style::default());
/// assert!(drawing.svg.starts_with("<svg "));
/// let png = gradtape_chart::to_png(&drawing.svg)?;
/// assert!(png.starts_with(b"\x89PNG"));
/// # Ok::<(), gradtape_chart::DrawError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Heading. It wraps and shrinks when it is long.
    pub title: String,
    /// Smaller line below the heading, if any.
    pub subtitle: Option<String>,
    /// Horizontal axis, the same for all panels.
    pub x: Axis,
    /// Vertical axis, the same for all panels.
    pub y: Axis,
    /// The panels: one, or one for each facet.
    pub panels: Vec<Panel>,
    /// The explanation of the colours.
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
    /// The range to show at least; by default the data alone decide.
    pub range: Option<[f64; 2]>,
    /// Names instead of numbers: name `i` stands at the value `i`.
    pub names: Vec<String>,
}

impl Axis {
    /// An axis of numbers whose range is that of the data.
    ///
    /// ```
    /// # use gradtape_chart::{Axis, Scale};
    /// let axis = Axis::new("loss", Scale::Log);
    /// assert!(axis.range.is_none() && axis.names.is_empty());
    /// ```
    #[must_use]
    pub fn new(label: impl Into<String>, scale: Scale) -> Self {
        Axis {
            label: label.into(),
            scale,
            range: None,
            names: Vec::new(),
        }
    }
}

/// How values become positions along an axis or a colour bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// Equal differences are equal distances.
    Linear,
    /// Equal ratios are equal distances. Values that are not above zero are not drawn.
    Log,
    /// Linear from minus to plus this number, which is above zero; logarithmic outside, on
    /// both sides.
    SymLog(f64),
}

/// One small chart of a [`Figure`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    /// Heading; empty if the figure has only one panel.
    pub name: String,
    /// The marks, the last on top.
    pub marks: Vec<Mark>,
}

impl Panel {
    /// A panel without a heading that shows some lines.
    ///
    /// ```
    /// # use gradtape_chart::Panel;
    /// assert!(Panel::of_lines(Vec::new()).marks.is_empty());
    /// ```
    #[must_use]
    pub fn of_lines(lines: Vec<Line>) -> Self {
        Panel {
            name: String::new(),
            marks: lines.into_iter().map(Mark::Line).collect(),
        }
    }

    /// The lines of the panel.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.marks.iter().filter_map(|mark| match mark {
            Mark::Line(line) => Some(line),
            _ => None,
        })
    }
}

/// An element of a [`Panel`].
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Points joined by a line.
    Line(Line),
    /// The area between two lines.
    Band(Band),
    /// Coloured cells, as in a heat map.
    Cells(Cells),
    /// A function of two variables as areas between level lines.
    Levels(Levels),
    /// Bars of a histogram.
    Bars(Bars),
    /// A point of interest.
    Landmark(Landmark),
    /// A straight line across the panel.
    ReferenceLine(ReferenceLine),
}

/// One line of a [`Panel`].
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
    /// Whether points are joined by steps: each value holds until the next, as in a
    /// profile.
    pub steps: bool,
    /// Whether the line is a path in a plane: a ring marks its first point, a dot its last.
    pub path: bool,
    /// Where the run diverged, if it did: marked by a cross, at the upper or lower edge of
    /// the panel if the value lies outside it or is NaN. A path has a cross only within the
    /// panel. If some runs did not diverge, these decide how much of the vertical axis is
    /// shown, so that one run that grows to infinity does not flatten all others.
    pub diverged: Option<[f64; 2]>,
    /// The number of points to draw; all by default. Axes and key are those of the whole
    /// line, so that they are the same in every frame of an animation.
    pub shown: Option<usize>,
    /// Positions `x` of values that are not finite, marked by a cross at the upper
    /// edge of the panel; in a sweep these are the diverged runs.
    pub off_scale: Vec<f64>,
    /// Label shown when a reader points at the line.
    pub name: String,
    /// The number of the run that the line shows, if it shows one run.
    pub run: Option<u64>,
}

impl Line {
    /// A plain line: no dots, no crosses, no name.
    ///
    /// ```
    /// let line = gradtape_chart::Line::new(vec![[0.0, 1.0]], gradtape_chart::Colour::Category(0));
    /// assert!(!line.dots && line.diverged.is_none() && line.off_scale.is_empty());
    /// ```
    #[must_use]
    pub fn new(points: Vec<[f64; 2]>, colour: Colour) -> Self {
        Self {
            points,
            colour,
            dots: false,
            steps: false,
            path: false,
            diverged: None,
            shown: None,
            off_scale: Vec::new(),
            name: String::new(),
            run: None,
        }
    }
}

/// The area between two lines of a [`Panel`].
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// `[x, low, high]` from left to right.
    pub points: Vec<[f64; 3]>,
    /// Colour of the area, drawn transparent.
    pub colour: Colour,
    /// The index of the line that it belongs to, among the lines of its panel.
    pub line: usize,
}

/// Coloured cells on a grid. Where an axis is numbered, an edge between two cells lies
/// halfway between their centres on the scale of the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// The centres of the columns, in increasing order.
    pub x: Vec<f64>,
    /// The centres of the rows, in increasing order.
    pub y: Vec<f64>,
    /// The value of each cell, row by row, coloured by the figure's [`Key::ColourBar`]. A
    /// cell without a value stays empty; a value that is not finite is marked by a cross.
    pub values: Vec<Option<f64>>,
    /// The index of the cell to mark with a frame as the best one, if any.
    pub marked: Option<usize>,
}

/// A function of two variables, by its values on a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// The columns of the grid, in increasing order.
    pub x: Vec<f64>,
    /// Its rows, in increasing order.
    pub y: Vec<f64>,
    /// The values, row by row; one that is not finite leaves a hole.
    pub values: Vec<f64>,
    /// The levels of the lines, in increasing order.
    pub levels: Vec<f64>,
}

/// Bars of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// The edges of the bars, in increasing order: one more than bars.
    pub edges: Vec<f64>,
    /// The heights.
    pub counts: Vec<f64>,
    /// The colour of the bars.
    pub colour: Colour,
}

/// A point of interest, such as a known minimum: drawn as a star.
#[derive(Debug, Clone, PartialEq)]
pub struct Landmark {
    /// Its position.
    pub at: [f64; 2],
    /// Its name, shown once in the key.
    pub name: String,
}

/// A straight dashed line across a panel, such as a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceLine {
    /// Where it crosses its axis.
    pub at: f64,
    /// Whether it is vertical, so that `at` is a value of the horizontal axis.
    pub upright: bool,
    /// Its label, written along the line.
    pub label: String,
}

/// The source of a colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Colour {
    /// The n-th colour of a palette of twelve that colour-blind readers can
    /// distinguish. After twelve it starts again.
    Category(usize),
    /// The colour of a value on the figure's [`Key::ColourBar`]. Without a colour
    /// bar the value is a share from 0 to 1.
    Value(f64),
}

/// The explanation of the colours of a [`Figure`].
///
/// A key never covers data: it stands above the panel or to the right of it, or its names
/// stand at the ends of the lines. Entries for crosses and arrows are added automatically.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// No key.
    None,
    /// A name for each colour.
    Legend {
        /// The setting that the names are values of, such as `optimizer`.
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

/// The look of charts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Dark text on light, or light text on dark.
    pub theme: Theme,
    /// Font of all text.
    pub font: Font,
    /// Text size, as a multiple of the usual one.
    pub text_size: f64,
}

impl Default for Style {
    /// 1200 × 800 pixels, light, without serifs.
    fn default() -> Self {
        Style {
            width: 1200,
            height: 800,
            theme: Theme::Light,
            font: Font::Sans,
            text_size: 1.0,
        }
    }
}

impl Style {
    /// Pixels of the chart in one pixel of the drawing.
    pub(crate) fn scale(&self) -> f64 {
        // An invalid size has no effect.
        if self.text_size.is_finite() {
            self.text_size.clamp(0.1, 10.0)
        } else {
            1.0
        }
    }

    /// The size of the drawing in its own pixels, in which text has its usual size. In a chart
    /// with larger text they are larger, so that there are fewer of them.
    pub(crate) fn size(&self) -> [f64; 2] {
        [self.width, self.height].map(|side| f64::from(side) / self.scale())
    }
}

/// The background of charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// White.
    #[default]
    Light,
    /// Nearly black.
    Dark,
}

/// The font of charts: the faces of DejaVu, which are included in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Font {
    /// DejaVu Sans.
    #[default]
    Sans,
    /// DejaVu Serif.
    Serif,
    /// DejaVu Sans Mono.
    Mono,
}

impl Font {
    pub(crate) const ALL: [Font; 3] = [Font::Sans, Font::Serif, Font::Mono];

    /// The fonts by preference: the one that widths are measured with, one of nearly the same
    /// widths that most systems have, and any other.
    pub(crate) fn families(self) -> &'static str {
        match self {
            Font::Sans => "DejaVu Sans, Verdana, sans-serif",
            Font::Serif => "DejaVu Serif, Georgia, serif",
            Font::Mono => "DejaVu Sans Mono, Menlo, Consolas, monospace",
        }
    }
}

/// A drawn [`Figure`].
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The SVG. The group of line `i`, counted through all panels, has the attribute
    /// `data-line="i"`; the entry of a legend for `Colour::Category(i)` has `data-entry="i"`.
    pub svg: String,
    /// Position and content of the panels, for a page on which a reader can point at lines.
    pub panels: Vec<PanelArea>,
}

/// The position of a [`Panel`] in the chart, and the content of its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelArea {
    /// Left, top, right and bottom edge, in pixels.
    pub frame: [f64; 4],
    /// The ranges of the horizontal and the vertical axis.
    pub axes: [AxisRange; 2],
    /// The labelled positions on the two axes.
    pub ticks: [Vec<Tick>; 2],
    /// The lines of the panel, as drawn.
    pub lines: Vec<VisibleLine>,
}

/// A labelled position on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Share of the axis, 0 at its lower end and 1 at its upper end.
    pub at: f64,
    /// The value there, as text.
    pub label: String,
}

/// The values at the two ends of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AxisRange {
    /// Left or lower end.
    pub low: f64,
    /// Right or upper end.
    pub high: f64,
    /// The scale between the two ends.
    pub scale: Scale,
}

/// The visible part of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct VisibleLine {
    /// The number of the line, counted through all panels.
    pub line: usize,
    /// The corners of the line as it is drawn, as values `[x, y]`; between two of them it is
    /// straight in the chart. A gap is a pair of `NaN`. The cross, if any, is the last corner.
    pub points: Vec<[f64; 2]>,
    /// Where it leaves the panel for good, if it does: marked by an arrow.
    pub exit: Option<[f64; 2]>,
    /// Where the run diverged, if a cross marks it. A value outside the panel lies past the
    /// end of the axis where the cross stands, and is infinite if it is unknown.
    pub cross: Option<[f64; 2]>,
}

impl Figure {
    /// The lines of all panels.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.panels.iter().flat_map(Panel::lines)
    }
}
