//! The names of the colours in rows and columns.

use super::key_box::{KeyBox, KeySample, MAX_WIDTH_BESIDE, Placement, ROW, SIZES};
use crate::measure::colour::{self, INK, SOFT_INK};
use crate::measure::text;
use crate::model::{Colour, Figure, Font, Line};

/// Distance between the columns of a legend.
const COLUMN_GAP: f64 = 34.0;

/// Maximum width of any text, about sixty characters.
const MAX_TEXT_WIDTH: f64 = 640.0;

/// Maximum number of rows of a legend above the panel, in each of the two sizes.
const MAX_ROWS: [usize; 2] = [5, 11];

/// The entries of a legend: the names, and the meaning of the signs.
pub(super) fn entries(
    figure: &Figure,
    names: &[String],
    signs: Vec<(KeySample, String)>,
) -> Vec<(KeySample, String)> {
    let named = names.iter().enumerate().map(|(index, name)| {
        let of_this = |line: &&Line| line.colour == Colour::Category(index);
        let dots = figure.lines().filter(of_this).any(|line| line.dots);
        let rgb = colour::category(index);
        let entry = index;
        (KeySample::Line { entry, rgb, dots }, name.clone())
    });
    named.chain(signs).collect()
}

/// A legend in the larger size if it fits: above the panel in one row, next to it in
/// a list, or above it in a few rows. Else in the smaller size, and last cut to
/// what fits.
pub(super) fn legend(
    title: &str,
    entries: &[(KeySample, String)],
    room: f64,
    height: f64,
    font: Font,
) -> KeyBox {
    if entries.is_empty() {
        return KeyBox::new(Placement::Nowhere, SIZES[0]);
    }
    let [large, small] = SIZES.map(|size| Legend::new(title, entries, size, font));
    let fitting = || {
        for (legend, most) in [&large, &small].into_iter().zip(MAX_ROWS) {
            let key = legend
                .row(room)
                .or_else(|| legend.list(height))
                .or_else(|| legend.rows(room, most));
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
    entries: Vec<(KeySample, String)>,
    /// Widths of the entries with their samples.
    widths: Vec<f64>,
    widest: f64,
}

impl Legend {
    fn new(title: &str, entries: &[(KeySample, String)], size: f64, font: Font) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize, letters: usize) -> Vec<(KeySample, String)> {
        let name = |index: usize| format!("{index:_>letters$}");
        (0..count)
            .map(|index| (KeySample::Cross, name(index)))
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
