//! The explanation of the colours: a legend or a colour bar.

use super::Tick;
use super::canvas::{Anchor, Canvas, Ink, Lettering};
use super::colour::{self, INK, Rgb, SOFT_INK};
use super::draw;
use super::layout::LINE_HEIGHT;
use super::marks;
use super::span::Span;
use super::text;
use super::ticks;
use super::trace::{Frame, Place};
use super::{Colour, Figure, Font, Key, Mark};

/// Font sizes of a key: the second for a legend that needs many rows in the first.
const SIZES: [f64; 2] = [18.0, 16.0];

/// Height of a row of a legend, as a share of its font size.
const ROW: f64 = 1.5;

/// Length of the piece of line before an entry, and its distance to the text.
const SAMPLE: f64 = 30.0;
const SAMPLE_GAP: f64 = 10.0;

/// Distance between the columns of a legend.
const COLUMN_GAP: f64 = 34.0;

/// Maximum width of a key next to the panel; a legend with longer names goes above it.
const MAX_WIDTH_BESIDE: f64 = 230.0;

/// Maximum width of any text, about sixty characters.
const MAX_TEXT_WIDTH: f64 = 640.0;

/// Maximum number of rows of a legend above the panel, in each of the two sizes.
const MAX_ROWS: [usize; 2] = [5, 11];

/// Width of the bar of colours.
const BAR: f64 = 22.0;

/// Number of stripes that a colour bar is drawn in.
const STRIPES: u32 = 96;

/// Length of the sample before a name at the end of a line.
const LEAD: f64 = 30.0;

/// Maximum number of names at the ends of lines, and of rows that a name may be moved away
/// from its line where names are close.
const MAX_ENDS: usize = 6;
const MAX_END_DISTANCE: f64 = 2.0;

/// Where the key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    Nowhere,
    /// Above the panel.
    Top,
    /// To the right of the panel.
    Right,
}

/// A key that has been measured. Positions count from its upper left corner.
pub(super) struct KeyBox {
    pub(super) placement: Placement,
    pub(super) width: f64,
    pub(super) height: f64,
    /// Font size.
    size: f64,
    texts: Vec<(String, Place, Rgb)>,
    /// The sample before an entry, its position, and the index of its text.
    samples: Vec<(Sample, Place, usize)>,
    bar: Option<Bar>,
}

/// The sample before an entry of a legend.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sample {
    Line {
        entry: usize,
        rgb: Rgb,
        dots: bool,
    },
    /// From the end of a line to its name, which stands next to the panel: how far to the
    /// left and how far down it begins.
    Lead {
        entry: usize,
        rgb: Rgb,
        from: [f64; 2],
    },
    Cross,
    Arrow,
    Star,
    Ring,
    Dot,
    Square,
}

/// The measured bar of colours.
struct Bar {
    top: f64,
    height: f64,
    ticks: Vec<Tick>,
}

/// Measures the key of a figure, which may be `room` pixels wide and `height` high.
pub(super) fn key(
    figure: &Figure,
    spans: Option<&[Span; 2]>,
    room: f64,
    height: f64,
    font: Font,
) -> KeyBox {
    let signs = signs(figure, spans);
    let bar = colour::bar_span(&figure.key);
    match (&figure.key, bar) {
        (Key::ColourBar { title, .. }, Some(span)) => colour_bar(title, span, &signs, height, font),
        (
            Key::Legend {
                title,
                entries: names,
            },
            _,
        ) => {
            let title = title.as_deref().unwrap_or_default();
            legend(title, &entries(figure, names, signs), room, height, font)
        }
        _ => legend("", &entries(figure, &[], signs), room, height, font),
    }
}

/// The room for names at the ends of lines, which need no legend: `None` unless they are few,
/// each of one line, and the lines run to the right edge.
pub(super) fn ends_room(figure: &Figure, spans: &[Span; 2], font: Font) -> Option<KeyBox> {
    let [panel] = &figure.panels[..] else {
        return None;
    };
    let Key::Legend { title, entries } = &figure.key else {
        return None;
    };
    let is_plain =
        |line: &super::Line| !line.dots && line.diverged.is_none() && line.off_scale.is_empty();
    let others = panel
        .marks
        .iter()
        .filter(|mark| !matches!(mark, Mark::Line(_) | Mark::Band(_)));
    let fits = (2..=MAX_ENDS).contains(&entries.len())
        && panel.lines().count() == entries.len()
        && panel.lines().all(is_plain)
        && others.count() == 0
        && signs(figure, Some(spans)).is_empty();
    let is_at_edge = |entry: usize| {
        let end = end_share(figure, spans, entry);
        end.is_some_and(|[x, y]| x >= 0.95 && (0.0..=1.0).contains(&y))
    };
    if !fits || !(0..entries.len()).all(is_at_edge) {
        return None;
    }
    let mut key = KeyBox::new(Placement::Right, SIZES[0]);
    let widths = entries.iter().map(|name| text::width(name, key.size, font));
    let title = title.as_deref().unwrap_or_default();
    let title = text::width(title, key.size, font);
    key.width = LEAD + widths.fold(title, f64::max);
    (key.width <= MAX_WIDTH_BESIDE).then_some(key)
}

/// Where the line of an entry ends, in shares of the axes.
fn end_share(figure: &Figure, [across, up]: &[Span; 2], entry: usize) -> Option<[f64; 2]> {
    let mut lines = figure
        .lines()
        .filter(|line| line.colour == Colour::Category(entry));
    let [x, y] = *lines.next()?.points.last()?;
    Some([across.share(x)?, up.share(y)?])
}

/// The names at the ends of the lines of the only panel, which has the place `frame`; `left`
/// is where they begin. `None` if they would stand too far away from their lines.
pub(super) fn ends(
    figure: &Figure,
    spans: &[Span; 2],
    frame: &Frame,
    left: f64,
    font: Font,
) -> Option<KeyBox> {
    let mut key = ends_room(figure, spans, font)?;
    let Key::Legend { title, entries } = &figure.key else {
        return None;
    };
    let row = key.size * LINE_HEIGHT;
    let mut places = Vec::new();
    for entry in 0..entries.len() {
        let [x, y] = end_share(figure, spans, entry)?;
        let end = [
            frame.left + x * frame.width(),
            frame.bottom - y * frame.height(),
        ];
        places.push((entry, end, end[1]));
    }
    places.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
    // Down until none covers another, and back up where they leave the panel.
    let above = if title.is_some() { row } else { 0.0 };
    let mut least = frame.top + row / 2.0 + above;
    for place in &mut places {
        place.2 = place.2.max(least);
        least = place.2 + row;
    }
    let mut most = frame.bottom;
    for place in places.iter_mut().rev() {
        place.2 = place.2.min(most);
        most = place.2 - row;
    }
    if let (Some(title), Some((.., first))) = (title, places.first()) {
        let at = [LEAD, first - row + 0.33 * key.size];
        key.texts.push((title.clone(), at, INK));
    }
    for (entry, end, middle) in places {
        if (middle - end[1]).abs() > MAX_END_DISTANCE * row || middle < frame.top + above {
            return None;
        }
        let from = [left - end[0], end[1] - middle];
        let rgb = colour::category(entry);
        let baseline = middle + 0.33 * key.size;
        key.entry(
            Sample::Lead { entry, rgb, from },
            &entries[entry],
            [0.0, baseline],
        );
    }
    Some(key)
}

/// The entries of a legend: the names, and the meaning of the signs.
fn entries(
    figure: &Figure,
    names: &[String],
    signs: Vec<(Sample, String)>,
) -> Vec<(Sample, String)> {
    let named = names.iter().enumerate().map(|(index, name)| {
        let of_this = |line: &&super::Line| line.colour == Colour::Category(index);
        let dots = figure.lines().filter(of_this).any(|line| line.dots);
        let rgb = colour::category(index);
        let entry = index;
        (Sample::Line { entry, rgb, dots }, name.clone())
    });
    named.chain(signs).collect()
}

/// The meaning of the signs in a figure: the ends of paths, crosses, arrows, stars, frames.
fn signs(figure: &Figure, spans: Option<&[Span; 2]>) -> Vec<(Sample, String)> {
    let mut signs = Vec::new();
    let leaves = |line: &super::Line| spans.is_some_and(|spans| draw::has_exit(line, spans));
    let is_crossed = |line: &super::Line| {
        let is_at_end = spans.is_some_and(|spans| draw::cross_share(line, spans).is_some());
        is_at_end || !line.off_scale.is_empty()
    };
    let mut paths = figure.lines().filter(|line| line.path).peekable();
    if paths.peek().is_some() {
        signs.push((Sample::Ring, "start".to_owned()));
    }
    if paths.any(|line| !leaves(line) && !is_crossed(line)) {
        signs.push((Sample::Dot, "end".to_owned()));
    }
    let marks = || figure.panels.iter().flat_map(|panel| &panel.marks);
    let mut names: Vec<&str> = Vec::new();
    for mark in marks() {
        match mark {
            Mark::Point(point) if !names.contains(&point.name.as_str()) => {
                names.push(&point.name);
            }
            _ => {}
        }
    }
    let stars = names.into_iter();
    signs.extend(stars.map(|name| (Sample::Star, name.to_owned())));
    let is_marked = |mark: &Mark| matches!(mark, Mark::Cells(cells) if cells.marked.is_some());
    if marks().any(is_marked) {
        signs.push((Sample::Square, "smallest".to_owned()));
    }
    let is_lost = |value: &Option<f64>| value.is_some_and(|value| !value.is_finite());
    let has_crosses = |mark: &Mark| match mark {
        Mark::Line(line) => is_crossed(line),
        Mark::Cells(cells) => cells.values.iter().any(is_lost),
        _ => false,
    };
    if marks().any(has_crosses) {
        signs.push((Sample::Cross, "diverged".to_owned()));
    }
    if figure.lines().any(leaves) {
        signs.push((Sample::Arrow, "leaves the frame".to_owned()));
    }
    signs
}

/// A legend in the larger size if it fits: above the panel in one row, next to it in
/// a list, or above it in a few rows. Else in the smaller size, and last cut to
/// what fits.
fn legend(title: &str, entries: &[(Sample, String)], room: f64, height: f64, font: Font) -> KeyBox {
    if entries.is_empty() {
        return KeyBox::new(Placement::Nowhere, SIZES[0]);
    }
    let [large, small] = SIZES.map(|size| Legend::new(title, entries, size, font));
    let fitting = || {
        for (legend, most) in [&large, &small].into_iter().zip(MAX_ROWS) {
            let key = legend.row(room);
            let key = key.or_else(|| legend.list(height));
            let key = key.or_else(|| legend.rows(room, most));
            if key.is_some() {
                return key;
            }
        }
        None
    };
    fitting().unwrap_or_else(|| small.grid(Placement::Top, MAX_ROWS[1], small.columns(room)))
}

/// The parts of a legend in one font size.
struct Legend {
    size: f64,
    title: String,
    title_width: f64,
    entries: Vec<(Sample, String)>,
    /// Widths of the entries with their samples.
    widths: Vec<f64>,
    widest: f64,
}

impl Legend {
    fn new(title: &str, entries: &[(Sample, String)], size: f64, font: Font) -> Self {
        let title = text::cut(title, size, MAX_TEXT_WIDTH, font);
        let entries: Vec<_> = entries
            .iter()
            .map(|(sample, name)| (*sample, text::cut(name, size, MAX_TEXT_WIDTH, font)))
            .collect();
        let widths: Vec<f64> = entries
            .iter()
            .map(|(sample, name)| sample.width() + text::width(name, size, font))
            .collect();
        Self {
            size,
            title_width: text::width(&title, size, font),
            title,
            widest: widths.iter().copied().fold(0.0, f64::max),
            entries,
            widths,
        }
    }

    fn title_rows(&self) -> usize {
        usize::from(!self.title.is_empty())
    }

    /// Number of columns that `room` pixels hold.
    fn columns(&self, room: f64) -> usize {
        (((room + COLUMN_GAP) / (self.widest + COLUMN_GAP)) as usize).max(1)
    }

    /// All in one row above the panel, each entry as wide as it needs to be.
    fn row(&self, room: f64) -> Option<KeyBox> {
        let mut key = KeyBox::new(Placement::Top, self.size);
        let mut left = 0.0;
        if !self.title.is_empty() {
            key.texts.push((self.title.clone(), [0.0, self.size], INK));
            left = self.title_width + 22.0;
        }
        for ((sample, name), width) in self.entries.iter().zip(&self.widths) {
            key.entry(*sample, name, [left, self.size]);
            key.width = left + width;
            left = key.width + COLUMN_GAP;
        }
        key.height = self.size * ROW;
        (key.width <= room).then_some(key)
    }

    /// One below the other, next to the panel.
    fn list(&self, height: f64) -> Option<KeyBox> {
        let key = self.grid(Placement::Right, self.entries.len(), 1);
        (key.width <= MAX_WIDTH_BESIDE && key.height + 30.0 <= height).then_some(key)
    }

    /// In equal columns above the panel.
    fn rows(&self, room: f64, most: usize) -> Option<KeyBox> {
        let columns = self.columns(room);
        let rows = self.entries.len().div_ceil(columns);
        (rows <= most).then(|| self.grid(Placement::Top, rows, columns))
    }

    /// The title, then the names down the columns, as many as fit.
    fn grid(&self, placement: Placement, rows: usize, columns: usize) -> KeyBox {
        let mut key = KeyBox::new(placement, self.size);
        let row = self.size * ROW;
        let mut first = self.size;
        if !self.title.is_empty() {
            key.texts.push((self.title.clone(), [0.0, first], INK));
            first += row;
        }
        let [places, count] = [rows * columns, self.entries.len()];
        for (index, (sample, name)) in self.entries.iter().enumerate().take(places) {
            let left = (index / rows) as f64 * (self.widest + COLUMN_GAP);
            let baseline = first + (index % rows) as f64 * row;
            if index + 1 == places && places < count {
                let more = format!("… and {} more", count - index);
                key.texts.push((more, [left, baseline], SOFT_INK));
            } else {
                key.entry(*sample, name, [left, baseline]);
            }
        }
        let columns = columns.min(count) as f64;
        key.width = (columns * (self.widest + COLUMN_GAP) - COLUMN_GAP).max(self.title_width);
        key.height = (rows + self.title_rows()) as f64 * row;
        key
    }
}

fn colour_bar(
    title: &str,
    span: Span,
    signs: &[(Sample, String)],
    room: f64,
    font: Font,
) -> KeyBox {
    let size = SIZES[0];
    let mut key = KeyBox::new(Placement::Right, size);
    let mut top = 0.0;
    for line in text::wrap(title, size, MAX_WIDTH_BESIDE, 3, font) {
        key.width = key.width.max(text::width(&line, size, font));
        key.texts.push((line, [0.0, top + size], INK));
        top += size * LINE_HEIGHT;
    }
    top = libm::round(top + 14.0);
    let row = size * ROW;
    let below = match signs.len() {
        0 => 0.0,
        count => 16.0 + count as f64 * row,
    };
    let height = libm::floor((room - top - below - 40.0).clamp(60.0, 400.0));
    let ticks = ticks::ticks(&span, |_| size * 1.6 / height).major;
    let left = BAR + 14.0;
    for tick in &ticks {
        let baseline = top + (1.0 - tick.at) * height + 0.365 * size;
        key.width = key.width.max(left + text::width(&tick.label, size, font));
        key.texts
            .push((tick.label.clone(), [left, baseline], SOFT_INK));
    }
    key.height = top + height;
    key.bar = Some(Bar { top, height, ticks });
    for (place, (sign, name)) in signs.iter().enumerate() {
        let name = text::cut(name, size, MAX_WIDTH_BESIDE - sign.width(), font);
        key.width = key.width.max(sign.width() + text::width(&name, size, font));
        let baseline = key.height + 16.0 + (place + 1) as f64 * row;
        key.entry(*sign, &name, [4.0, baseline]);
    }
    key.height += below;
    key
}

impl Sample {
    /// Room that it takes, its distance to the text included.
    fn width(self) -> f64 {
        match self {
            Self::Line { .. } => SAMPLE + SAMPLE_GAP,
            Self::Lead { .. } => LEAD,
            Self::Cross | Self::Arrow | Self::Star | Self::Ring | Self::Dot | Self::Square => {
                14.0 + SAMPLE_GAP
            }
        }
    }
}

impl KeyBox {
    fn new(placement: Placement, size: f64) -> Self {
        Self {
            placement,
            width: 0.0,
            height: 0.0,
            size,
            texts: Vec::new(),
            samples: Vec::new(),
            bar: None,
        }
    }

    /// No key.
    pub(super) fn nowhere() -> Self {
        Self::new(Placement::Nowhere, SIZES[0])
    }

    fn entry(&mut self, sample: Sample, name: &str, [left, baseline]: Place) {
        // The middle of small letters is about a third of the size above the
        // baseline.
        let middle = [left, baseline - 0.33 * self.size];
        self.samples.push((sample, middle, self.texts.len()));
        let text = [left + sample.width(), baseline];
        self.texts.push((name.to_owned(), text, SOFT_INK));
    }

    /// Draws the key with its upper left corner at `at`.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, at: Place) {
        if let Some(bar) = &self.bar {
            bar.draw(canvas, at);
        }
        let mut of_entries = Vec::new();
        for &(sample, from, text) in &self.samples {
            let [x, y] = [at[0] + from[0], at[1] + from[1]];
            match sample {
                Sample::Line { entry, rgb, dots } => {
                    canvas.group("data-entry", entry, |canvas| {
                        let ink = Ink::from(rgb);
                        canvas.line(&[[x + 2.0, y], [x + SAMPLE - 2.0, y]], ink, 3.5);
                        if dots {
                            canvas.dot([x + SAMPLE / 2.0, y], 5.0, ink);
                        }
                        self.text(canvas, at, text);
                    });
                    of_entries.push(text);
                }
                Sample::Lead { entry, rgb, from } => {
                    canvas.group("data-entry", entry, |canvas| {
                        // Thin and apart from the line, or the data would seem to continue.
                        let end = [x - from[0] + 6.0, y + from[1]];
                        let ink = Ink { rgb, opacity: 0.6 };
                        canvas.line(&[end, [x, y], [x + 4.0, y]], ink, 1.0);
                        // Where lines end at the same place only the colour distinguishes them.
                        canvas.line(&[[x + 4.0, y], [x + LEAD - 8.0, y]], rgb.into(), 3.5);
                        self.text(canvas, at, text);
                    });
                    of_entries.push(text);
                }
                Sample::Cross => draw::cross(canvas, [x + 7.0, y], 6.0, SOFT_INK),
                Sample::Arrow => {
                    marks::arrow(canvas, [x + 7.0, y - 5.0], [0.0, -1.0], 6.0, SOFT_INK);
                }
                Sample::Star => marks::star(canvas, [x + 7.0, y]),
                Sample::Ring => marks::ring(canvas, [x + 7.0, y], 6.0, SOFT_INK),
                Sample::Dot => marks::end(canvas, [x + 7.0, y], 6.0, SOFT_INK),
                Sample::Square => {
                    marks::outline(canvas, [[x, y - 7.0], [x + 14.0, y + 7.0]], INK.into(), 2.5);
                }
            }
        }
        for text in (0..self.texts.len()).filter(|text| !of_entries.contains(text)) {
            self.text(canvas, at, text);
        }
    }

    fn text(&self, canvas: &mut Canvas<'_>, at: Place, text: usize) {
        let (text, from, rgb) = &self.texts[text];
        let lettering = Lettering {
            size: self.size,
            rgb: *rgb,
            anchor: Anchor::Start,
            upwards: false,
        };
        canvas.text(text, [at[0] + from[0], at[1] + from[1]], lettering);
    }
}

impl Bar {
    fn draw(&self, canvas: &mut Canvas<'_>, [left, top]: [f64; 2]) {
        let [left, top] = [libm::round(left), libm::round(top + self.top)];
        let bottom = top + self.height;
        // From the top down, each stripe reaching to the bottom: where pixels are
        // not met exactly, no gap can show between two of them.
        for stripe in 0..STRIPES {
            let from = top + libm::round(self.height * f64::from(stripe) / f64::from(STRIPES));
            let share = 1.0 - (f64::from(stripe) + 0.5) / f64::from(STRIPES);
            canvas.rectangle(
                [left, from],
                [left + BAR, bottom],
                colour::at_share(share).into(),
            );
        }
        for tick in &self.ticks {
            let y = bottom - tick.at * self.height;
            let ends = [[left + BAR, y], [left + BAR + 5.0, y]];
            canvas.line(&ends, SOFT_INK.into(), 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize, letters: usize) -> Vec<(Sample, String)> {
        let name = |index: usize| format!("{index:_>letters$}");
        (0..count)
            .map(|index| (Sample::Cross, name(index)))
            .collect()
    }

    fn check(count: usize, letters: usize, expected: Placement, shown: usize) {
        let key = legend(
            "optimizer",
            &names(count, letters),
            1050.0,
            600.0,
            Font::Sans,
        );
        assert_eq!(
            key.placement, expected,
            "{count} names of {letters} letters"
        );
        assert_eq!(
            key.samples.len(),
            shown,
            "{count} names of {letters} letters"
        );
        assert!(key.width <= 1050.0 && key.height <= 320.0 || expected == Placement::Right);
        for (text, [left, baseline], _) in &key.texts {
            assert!(
                left + text::width(text, key.size, Font::Sans) <= key.width + 1e-6,
                "{text}"
            );
            assert!(*baseline <= key.height, "{text}");
        }
    }

    #[test]
    fn a_legend_goes_where_its_names_fit() {
        check(0, 5, Placement::Nowhere, 0);
        check(3, 8, Placement::Top, 3);
        check(10, 8, Placement::Right, 10);
        check(10, 30, Placement::Top, 10);
        check(10, 60, Placement::Top, 10);
    }

    #[test]
    fn a_legend_of_too_many_names_says_how_many_are_left_out() {
        let key = legend("", &names(500, 60), 1050.0, 600.0, Font::Sans);
        let (last, ..) = key.texts.last().unwrap();
        assert_eq!(*last, format!("… and {} more", 500 - key.samples.len()));
    }
}
