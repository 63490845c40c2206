//! The objectives of a plan.

use super::ends::{Ends, checked_sum, split};
use super::grid::Grid;
use super::runs::Point;
use super::start::{Draws, Start};
use crate::data::Dataset;
use crate::number::Number;
use crate::objective;

/// An objective with its starts and constants.
#[derive(Clone, Debug)]
pub struct Objective {
    /// The label.
    pub name: String,
    /// The formula as written.
    pub formula: String,
    /// The function.
    pub function: objective::Objective,
    /// The known minimum value.
    pub minimum: Option<Number>,
    /// The known minimiser: a number for each parameter.
    pub minimum_at: Option<Vec<f64>>,
    /// Other known minimisers.
    pub other_minima: Vec<Vec<f64>>,
    /// The bounds of each parameter.
    pub bounds: Vec<Bounds>,
    /// The `dimension` given in the file, if any.
    pub dimension: Option<u64>,
    /// The data of the formula.
    pub data: Option<Dataset>,
    /// Its table in the file, by its place.
    pub(super) table: usize,
    pub(super) constants: Grid,
    /// One for each table of starts.
    pub(super) starts: Vec<Start>,
    pub(super) start_ends: Ends,
}

/// The lower and upper bound of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[doc(hidden)]
pub struct Bounds {
    /// The smallest allowed value; infinite if there is none.
    pub least: Number,
    /// The largest allowed value; infinite if there is none.
    pub greatest: Number,
}

impl Bounds {
    /// No bounds: both are infinite.
    #[must_use]
    pub fn none() -> Bounds {
        Bounds {
            least: Number::from(f64::NEG_INFINITY),
            greatest: Number::from(f64::INFINITY),
        }
    }

    /// The nearest number within the bounds.
    #[must_use]
    pub fn nearest(&self, number: Number) -> Number {
        if number.wide() < self.least.wide() {
            self.least
        } else if number.wide() > self.greatest.wide() {
            self.greatest
        } else {
            number
        }
    }

    /// Whether any bound is finite.
    #[must_use]
    pub fn hold(&self) -> bool {
        *self != Bounds::none()
    }
}

impl Objective {
    /// The number of combinations of constants and starts.
    pub(super) fn points(&self) -> Option<u64> {
        let starts = checked_sum(self.starts.iter().map(|start| start.grid.count()))?;
        self.constants.count()?.checked_mul(starts)
    }

    /// The constants of combination number `index`, the table of its start, and
    /// the start.
    pub(super) fn point(&self, index: u64) -> (Point<'_>, usize, Point<'_>) {
        let (constant, table, start) = self.split(index);
        (
            self.constants.point(constant).collect(),
            table,
            self.starts[table].grid.point(start).collect(),
        )
    }

    /// The start of a run: that of table number `table` with these settings, within bounds.
    pub(super) fn start(&self, table: usize, settings: &Point<'_>, draws: Draws) -> Vec<Number> {
        let mut start = self.starts[table].numbers(settings, draws);
        for (number, bounds) in start.iter_mut().zip(&self.bounds) {
            *number = bounds.nearest(*number);
        }
        start
    }

    /// Splits number `index` into the combination of constants, the table of starts and
    /// the combination in that table.
    pub(super) fn split(&self, index: u64) -> (u64, usize, u64) {
        let (constant, start) = split(index, self.start_ends.sum());
        let (table, place) = self.start_ends.locate(start);
        (constant, table, place)
    }
}
