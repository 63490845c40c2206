//! The size and the content of a key.

use crate::measure::colour::{Rgb, SOFT_INK};
use crate::measure::rectangle::Place;
use crate::model::Tick;

/// Font sizes of a key: the second for a legend that needs many rows in the first.
pub(super) const SIZES: [f64; 2] = [18.0, 16.0];

/// Height of a row of a legend, as a share of its font size.
pub(super) const ROW: f64 = 1.5;

/// Length of the piece of line before an entry, and its distance to the text.
pub(crate) const SAMPLE: f64 = 30.0;
const SAMPLE_GAP: f64 = 10.0;

/// Maximum width of a key next to the panel; a legend with longer names goes above it.
pub(super) const MAX_WIDTH_BESIDE: f64 = 230.0;

/// Width of the bar of colours.
pub(crate) const BAR: f64 = 22.0;

/// Length of the sample before a name at the end of a line.
pub(crate) const LEAD: f64 = 30.0;

/// Where the key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    Nowhere,
    /// Above the panel.
    Top,
    /// To the right of the panel.
    Right,
}

/// A key that has been measured. Positions count from its upper left corner.
pub(crate) struct KeyBox {
    pub(crate) placement: Placement,
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Font size.
    pub(crate) size: f64,
    pub(crate) texts: Vec<(String, Place, Rgb)>,
    /// The sample before an entry, its position, and the index of its text.
    pub(crate) samples: Vec<(KeySample, Place, usize)>,
    pub(crate) bar: Option<ColourBar>,
}

/// The sample before an entry of a legend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum KeySample {
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
pub(crate) struct ColourBar {
    pub(crate) top: f64,
    pub(crate) height: f64,
    pub(crate) ticks: Vec<Tick>,
}

impl KeySample {
    /// Room that it takes, its distance to the text included.
    pub(super) fn width(self) -> f64 {
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
    pub(super) fn new(placement: Placement, size: f64) -> Self {
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

    /// Adds an entry with its sample.
    pub(super) fn entry(&mut self, sample: KeySample, name: &str, [left, baseline]: Place) {
        // The middle of small letters is about a third of the size above the
        // baseline.
        let middle = [left, baseline - 0.33 * self.size];
        self.samples.push((sample, middle, self.texts.len()));
        let text = [left + sample.width(), baseline];
        self.texts.push((name.to_owned(), text, SOFT_INK));
    }
}
