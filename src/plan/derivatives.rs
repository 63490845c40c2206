//! Tables of values and derivatives at points.

use super::{Bound, Scale, Series, Tolerance};
use crate::number::Number;
use crate::objective::{self, Partial};

/// A derivative has at most so many points.
pub const GREATEST_POINTS: u64 = 100_000;

/// A derivative has at most so many columns of values.
pub const GREATEST_COLUMNS: u64 = 1_000;

/// All derivatives of a file have at most so many values together.
pub const GREATEST_VALUES: u64 = 2_000_000;

/// A function with derivatives at some points, decided.
#[derive(Clone, Debug)]
pub struct Derivative {
    /// The label.
    pub name: String,
    /// The name of the files, without extension.
    pub file: String,
    /// The formula as it was written.
    pub formula: String,
    /// The function; its variables are those of the points.
    pub function: objective::Objective,
    /// The constants of the function.
    pub constants: Vec<Number>,
    /// The variables to differentiate by, as places among those of the function.
    pub with_respect_to: Vec<usize>,
    /// The greatest order.
    pub order: usize,
    /// The derivatives by those variables, the function itself first.
    pub partials: Vec<Partial>,
    /// Their names: the columns of values.
    pub columns: Vec<String>,
    /// The number of points.
    pub points: u64,
    /// What is demanded of the values.
    pub expectations: Vec<Expected>,
    /// What is drawn.
    pub chart: Option<Curve>,
    /// For each variable its values, or the single one that holds everywhere.
    pub(super) at: Vec<Series>,
}

/// What the chart of a derivative shows. Of several arithmetics it is the first:
/// the lines of the others would cover it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// The variable on the x axis, by its place among those of the function.
    pub x: usize,
    /// How the x axis is divided.
    pub x_scale: Scale,
    /// So many of the columns are drawn.
    pub columns: usize,
    /// They are the derivatives up to this order.
    pub order: usize,
}

/// What is demanded of one column of a derivative.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The column, by its place.
    pub column: usize,
    /// The values, and how far away they may be.
    pub(super) equals: Option<(Series, Tolerance)>,
    /// The values are below these.
    pub(super) below: Option<Series>,
    /// The values are above these.
    pub(super) above: Option<Series>,
}

impl Derivative {
    /// The variables of the points, in the order of the file.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        self.function.parameters()
    }

    /// The variables at point number `point`, counted from 0.
    ///
    /// # Panics
    ///
    /// If there are not that many points.
    #[must_use]
    pub fn point(&self, point: u64) -> Vec<Number> {
        assert!(
            point < self.points,
            "the derivative has {} points",
            self.points
        );
        self.at
            .iter()
            .map(|series| value_at(series, point))
            .collect()
    }

    /// Whether a variable differs between some points.
    #[must_use]
    pub fn varies(&self, variable: usize) -> bool {
        self.at.get(variable).is_some_and(Series::varies)
    }
}

impl Expected {
    /// What is demanded at point number `point` of a derivative.
    #[must_use]
    pub fn bound(&self, derivative: &Derivative, point: u64) -> Bound {
        let of = |series: &Option<Series>| series.as_ref().map(|series| value_at(series, point));
        Bound {
            quantity: derivative.columns[self.column].clone(),
            equals: self
                .equals
                .as_ref()
                .map(|(series, tolerance)| (value_at(series, point), *tolerance)),
            below: of(&self.below),
            above: of(&self.above),
        }
    }
}

/// The value of a series at a point; a single one holds everywhere.
fn value_at(series: &Series, point: u64) -> Number {
    let place = if series.len() == 1 { 0 } else { point };
    series
        .get(place)
        .number()
        .expect("numbers were checked to be numbers")
}
