//! Tables of values and derivatives at points.

use super::{Bound, Scale, Series, Tolerance};
use crate::number::Number;
use crate::objective::{self, Partial};

/// Maximum number of points of a derivative.
pub const MAX_POINTS: u64 = 100_000;

/// Maximum number of columns of values of a derivative.
pub const MAX_COLUMNS: u64 = 1_000;

/// Maximum number of values of all derivatives of a file together.
pub const MAX_VALUES: u64 = 2_000_000;

/// A function with derivatives at some points, with all defaults filled in.
#[derive(Clone, Debug)]
pub struct Derivative {
    /// The label.
    pub name: String,
    /// The name of the files, without extension.
    pub file: String,
    /// The formula as written.
    pub formula: String,
    /// The function; its variables are those of the points.
    pub function: objective::Objective,
    /// The constants of the function.
    pub constants: Vec<Number>,
    /// The variables to differentiate by, as places among those of the function.
    pub with_respect_to: Vec<usize>,
    /// The highest order.
    pub order: usize,
    /// The derivatives by those variables, the function itself first.
    pub partials: Vec<Partial>,
    /// Their names: the columns of values.
    pub columns: Vec<String>,
    /// The number of points.
    pub points: u64,
    /// The expectations of the values.
    pub expectations: Vec<Expected>,
    /// The chart, if there is one.
    pub chart: Option<Curve>,
    /// For each variable its values, or a single one for all points.
    pub(super) at: Vec<Series>,
}

/// The chart of a derivative. Of several arithmetics it shows the first: the lines of
/// the others would cover it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// The variable on the x axis, by its place among those of the function.
    pub x: usize,
    /// The scale of the x axis.
    pub x_scale: Scale,
    /// The number of columns that are drawn.
    pub columns: usize,
    /// The order up to which they are the derivatives.
    pub order: usize,
}

/// The expectation of one column of a derivative.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The column, by its place.
    pub column: usize,
    /// The expected values, and their tolerance.
    pub(super) equals: Option<(Series, Tolerance)>,
    /// The values must be below these.
    pub(super) below: Option<Series>,
    /// The values must be above these.
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
    /// If no point has this number.
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
    /// The expectation at point number `point` of a derivative.
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

/// The value of a series at a point; a single one is for all points.
fn value_at(series: &Series, point: u64) -> Number {
    let place = if series.len() == 1 { 0 } else { point };
    series
        .get(place)
        .number()
        .expect("numbers were checked to be numbers")
}
