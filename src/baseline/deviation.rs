//! What is not as it should be, in words.

use std::fmt;

use crate::batch::RunResult;
use crate::derivative::Row;
use crate::number::{Scalar, short};
use crate::plan::{Derivative, Plan, Tolerance};

/// One thing that is not as it should be: a line of a failed check.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    /// What it is about, such as "run 0 (w^2)"; `None` if the report as a whole is
    /// meant.
    pub about: Option<String>,
    /// What deviates: a quantity, a setting, the status.
    pub quantity: String,
    /// What it should be, such as "recorded 1.0" or "expected below 1e-9".
    pub wanted: String,
    /// What it is.
    pub found: String,
    /// How far the two are apart; empty where they are no numbers.
    pub distance: String,
}

impl fmt::Display for Deviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(about) = &self.about {
            write!(formatter, "{about}: ")?;
        }
        write!(formatter, "{} {}", self.quantity, self.wanted)?;
        if !self.found.is_empty() {
            write!(formatter, ", now {}", self.found)?;
        }
        if !self.distance.is_empty() {
            write!(formatter, " ({})", self.distance)?;
        }
        Ok(())
    }
}

/// A run as a deviation names it.
pub(super) fn run_name(result: &RunResult) -> String {
    format!("run {} ({})", result.number, result.label)
}

/// A point of a derivative as a deviation names it: by what varies, or by
/// everything if nothing does.
pub(super) fn point_name(plan: &Plan, derivative: &Derivative, row: &Row) -> String {
    let variables = derivative.variables().iter().zip(&row.at).enumerate();
    let varies_any = (0..row.at.len()).any(|place| derivative.varies(place));
    let told = variables.filter(|(place, _)| !varies_any || derivative.varies(*place));
    let mut told: Vec<String> = told
        .map(|(_, (name, value))| format!("{name}={}", value.short()))
        .collect();
    if plan.arithmetics().len() > 1 {
        told.push(row.arithmetic.to_string());
    }
    format!("{} at {}", derivative.name, told.join(", "))
}

/// What deviates of a run.
pub(super) fn deviation(
    result: &RunResult,
    quantity: &str,
    wanted: String,
    found: String,
    distance: impl Into<String>,
) -> Deviation {
    Deviation {
        about: Some(run_name(result)),
        quantity: quantity.to_owned(),
        wanted,
        found,
        distance: distance.into(),
    }
}

/// A tolerance as it stands behind the value that was wanted.
pub(super) fn within(tolerance: &Tolerance) -> String {
    if tolerance.is_exact() {
        String::new()
    } else {
        format!(" within {tolerance}")
    }
}

/// How far two numbers are apart, in three ways.
pub(super) fn distance(wanted: Scalar, found: Scalar) -> String {
    let (from, to) = (wanted.to_f64(), found.to_f64());
    let mut parts = Vec::new();
    let difference = (to - from).abs();
    if difference.is_finite() {
        parts.push(format!("{} away", short(difference)));
        if from != 0.0 && (difference / from).is_finite() {
            parts.push(format!("{}%", short(100.0 * (difference / from).abs())));
        }
    }
    if let Some(ulps) = wanted.ulps_to(found) {
        parts.push(if ulps == 1 {
            "1 ulp".to_owned()
        } else {
            format!("{ulps} ulps")
        });
    }
    parts.join(", ")
}
