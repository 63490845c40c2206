//! What explains the colours: a legend or a colour bar.

use super::Tick;
use super::canvas::{Anchor, Canvas, Ink, Lettering};
use super::colour::{self, INK, Rgb, SOFT_INK};
use super::draw;
use super::layout::LINE_HEIGHT;
use super::span::Span;
use super::text;
use super::ticks;
use super::trace::Place;
use super::{Colour, Figure, Key};

/// Font sizes of a key: the second for a legend that needs many rows in the first.
const SIZES: [f64; 2] = [18.0, 16.0];

/// Height of a row of a legend, as a share of its font size.
const ROW: f64 = 1.5;

/// Length of the piece of line before an entry, and its distance to the text.
const SAMPLE: f64 = 30.0;
const SAMPLE_GAP: f64 = 10.0;

/// Distance between the columns of a legend.
const COLUMN_GAP: f64 = 34.0;

/// Widest key beside the panel; a legend with longer names goes above it.
const WIDEST_BESIDE: f64 = 230.0;

/// Widest text at all, some sixty letters.
const WIDEST: f64 = 640.0;

/// Most rows of a legend above the panel, in each of the two sizes.
const MOST_ROWS: [usize; 2] = [5, 11];

/// Width of the bar of colours.
const BAR: f64 = 22.0;

/// Number of stripes that a colour bar is drawn in.
const STRIPES: u32 = 96;

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
    /// What stands before an entry, where, and the place of its text.
    samples: Vec<(Sample, Place, usize)>,
    bar: Option<Bar>,
}

/// What stands before an entry of a legend.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sample {
    Line { entry: usize, rgb: Rgb, dots: bool },
    Cross,
}

/// The measured bar of colours.
struct Bar {
    top: f64,
    height: f64,
    ticks: Vec<Tick>,
}

/// Measures the key of a figure, which may be `room` pixels wide and `height` high.
pub(super) fn key(figure: &Figure, room: f64, height: f64) -> KeyBox {
    let marked = |line: &super::Line| line.diverged || !line.off_scale.is_empty();
    let crosses = figure.lines().any(marked);
    let bar = colour::bar_span(&figure.key);
    match (&figure.key, bar) {
        (Key::ColourBar { title, .. }, Some(span)) => colour_bar(title, span, crosses, height),
        (
            Key::Legend {
                title,
                entries: names,
            },
            _,
        ) => {
            let title = title.as_deref().unwrap_or_default();
            legend(title, &entries(figure, names, crosses), room, height)
        }
        _ => legend("", &entries(figure, &[], crosses), room, height),
    }
}

/// The entries of a legend: the names, and what crosses mean.
fn entries(figure: &Figure, names: &[String], crosses: bool) -> Vec<(Sample, String)> {
    let named = names.iter().enumerate().map(|(index, name)| {
        let of_this = |line: &&super::Line| line.colour == Colour::Category(index);
        let dots = figure.lines().filter(of_this).any(|line| line.dots);
        let rgb = colour::category(index);
        let entry = index;
        (Sample::Line { entry, rgb, dots }, name.clone())
    });
    let diverged = crosses.then(|| (Sample::Cross, "diverged".to_owned()));
    named.chain(diverged).collect()
}

/// A legend in the larger size if it fits: above the panel in one row, beside it in
/// a list, or above it in a few rows. Else in the smaller size, and last cut to
/// what fits.
fn legend(title: &str, entries: &[(Sample, String)], room: f64, height: f64) -> KeyBox {
    if entries.is_empty() {
        return KeyBox::new(Placement::Nowhere, SIZES[0]);
    }
    let [large, small] = SIZES.map(|size| Legend::new(title, entries, size));
    let fitting = || {
        for (legend, most) in [&large, &small].into_iter().zip(MOST_ROWS) {
            let key = legend.row(room);
            let key = key.or_else(|| legend.list(height));
            let key = key.or_else(|| legend.rows(room, most));
            if key.is_some() {
                return key;
            }
        }
        None
    };
    fitting().unwrap_or_else(|| small.grid(Placement::Top, MOST_ROWS[1], small.columns(room)))
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
    fn new(title: &str, entries: &[(Sample, String)], size: f64) -> Self {
        let title = text::cut(title, size, WIDEST);
        let entries: Vec<_> = entries
            .iter()
            .map(|(sample, name)| (*sample, text::cut(name, size, WIDEST)))
            .collect();
        let widths: Vec<f64> = entries
            .iter()
            .map(|(sample, name)| sample.width() + text::width(name, size))
            .collect();
        Self {
            size,
            title_width: text::width(&title, size),
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

    /// One below the other beside the panel.
    fn list(&self, height: f64) -> Option<KeyBox> {
        let key = self.grid(Placement::Right, self.entries.len(), 1);
        (key.width <= WIDEST_BESIDE && key.height + 30.0 <= height).then_some(key)
    }

    /// In equal columns above the panel.
    fn rows(&self, room: f64, most: usize) -> Option<KeyBox> {
        let columns = self.columns(room);
        let rows = self.entries.len().div_ceil(columns);
        (rows <= most).then(|| self.grid(Placement::Top, rows, columns))
    }

    /// The title, then the names down the columns, as many as there are places.
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

fn colour_bar(title: &str, span: Span, crosses: bool, room: f64) -> KeyBox {
    let size = SIZES[0];
    let mut key = KeyBox::new(Placement::Right, size);
    let mut top = 0.0;
    for line in text::wrap(title, size, WIDEST_BESIDE, 3) {
        key.width = key.width.max(text::width(&line, size));
        key.texts.push((line, [0.0, top + size], INK));
        top += size * LINE_HEIGHT;
    }
    top = libm::round(top + 14.0);
    let below = if crosses { size * ROW + 16.0 } else { 0.0 };
    let height = libm::floor((room - top - below - 40.0).clamp(120.0, 400.0));
    let ticks = ticks::ticks(&span, |_| size * 1.6 / height).major;
    let left = BAR + 14.0;
    for tick in &ticks {
        let baseline = top + (1.0 - tick.at) * height + 0.365 * size;
        key.width = key.width.max(left + text::width(&tick.label, size));
        key.texts
            .push((tick.label.clone(), [left, baseline], SOFT_INK));
    }
    key.height = top + height;
    key.bar = Some(Bar { top, height, ticks });
    if crosses {
        key.height += below;
        let name = "diverged";
        key.width = key
            .width
            .max(Sample::Cross.width() + text::width(name, size));
        key.entry(Sample::Cross, name, [4.0, key.height]);
    }
    key
}

impl Sample {
    /// Room that it takes, its distance to the text included.
    fn width(self) -> f64 {
        match self {
            Self::Line { .. } => SAMPLE + SAMPLE_GAP,
            Self::Cross => 14.0 + SAMPLE_GAP,
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
                Sample::Cross => draw::cross(canvas, [x + 7.0, y], 6.0, SOFT_INK),
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
            canvas.rectangle([left, from], [left + BAR, bottom], colour::at_share(share));
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
        let key = legend("optimizer", &names(count, letters), 1050.0, 600.0);
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
                left + text::width(text, key.size) <= key.width + 1e-6,
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
        let key = legend("", &names(500, 60), 1050.0, 600.0);
        let (last, ..) = key.texts.last().unwrap();
        assert_eq!(*last, format!("… and {} more", 500 - key.samples.len()));
    }
}
