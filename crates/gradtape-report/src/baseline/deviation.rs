//! Deviations from expectations and from the recorded report, in words.

use std::fmt;

use gradtape_experiment::batch::RunResult;
use gradtape_experiment::derivative::Row;
use gradtape_experiment::diagnosis::Facts;
use gradtape_experiment::number::{Scalar, short};
use gradtape_experiment::plan::{Derivative, Plan, Quantity};
use gradtape_experiment::text::printable;

/// A difference from an expectation or from the recorded report: a line of a failed check.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    /// What it is about.
    pub subject: Subject,
    /// The source of the expected value.
    pub demand: Demand,
    /// What deviates: a quantity, a setting, the status.
    pub quantity: String,
    /// The epoch of the deviation; `None` for the end of a run. For a trajectory, the first
    /// recorded epoch that deviates.
    pub epoch: Option<u64>,
    /// The expected value, such as "recorded 1.0" or "expected below 1e-9".
    pub wanted: String,
    /// The value found; empty if `wanted` says it.
    pub found: String,
    /// The two as numbers, if a tolerance limits their difference.
    pub apart: Option<Apart>,
}

/// A unit of checking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The report as a whole.
    Report,
    /// A run.
    Run {
        /// Its number in the experiment.
        number: u64,
        /// Its label.
        label: String,
    },
    /// A recorded run that is no longer in the experiment.
    RecordedRun {
        /// Its number in the recorded experiment.
        number: u64,
        /// Its label.
        label: String,
    },
    /// The table of a derivative as a whole.
    Table {
        /// The name of the derivative.
        derivative: String,
    },
    /// A point of a derivative.
    Point {
        /// The name of the derivative.
        derivative: String,
        /// The point, such as "x=3".
        at: String,
    },
}

/// The subject as the beginning of a line: "run 0 (w^2)"; nothing for the report.
impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Report => Ok(()),
            Subject::Run { number, label } => write!(formatter, "run {number} ({label})"),
            Subject::RecordedRun { number, label } => {
                write!(formatter, "recorded run {number} ({label})")
            }
            Subject::Table { derivative } => formatter.write_str(derivative),
            Subject::Point { derivative, at } => write!(formatter, "{derivative} at {at}"),
        }
    }
}

impl Subject {
    /// The run of a result.
    #[must_use]
    pub fn of_run(result: &RunResult) -> Subject {
        Subject::Run {
            number: result.number,
            label: result.label.clone(),
        }
    }

    /// A point, named by the variables that vary, or by all if none does.
    pub(super) fn of_point(plan: &Plan, derivative: &Derivative, row: &Row) -> Subject {
        let variables = derivative.variables().iter().zip(&row.at).enumerate();
        let varies_any = (0..row.at.len()).any(|place| derivative.varies(place));
        let mut told: Vec<String> = variables
            .filter(|(place, _)| !varies_any || derivative.varies(*place))
            .map(|(_, (name, value))| format!("{name}={}", value.short()))
            .collect();
        if plan.arithmetics().len() > 1 {
            told.push(row.arithmetic.to_string());
        }
        Subject::Point {
            derivative: derivative.name.clone(),
            at: told.join(", "),
        }
    }
}

/// The source of an expected value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Demand {
    /// The recorded report.
    Recorded,
    /// An expectation, by its place in [`Plan::expectations`].
    Expected(usize),
    /// An expectation of a derivative, by the places of both.
    ExpectedValues {
        /// The place of the derivative in [`Plan::derivatives`].
        derivative: usize,
        /// The place of the expectation among those of the derivative.
        place: usize,
    },
}

/// A value of the quantity with this name in digits: a count as an integer.
pub(super) fn digits(quantity: &str, value: Scalar) -> String {
    if is_count(quantity) {
        value.to_f64().to_string()
    } else {
        value.to_string()
    }
}

fn is_count(quantity: &str) -> bool {
    ["status_epoch", "epoch"].contains(&quantity)
        || Facts::is_count(quantity)
        || Quantity::named(quantity).is_some_and(Quantity::is_count)
}

/// A number and its expected value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// The expected value.
    pub wanted: Scalar,
    /// The value found.
    pub found: Scalar,
    /// Whether they are counts: then they are integers, and their difference in ULPs has no
    /// meaning.
    pub is_count: bool,
}

impl Apart {
    /// Two values of the quantity with this name.
    pub(super) fn of(quantity: &str, wanted: Scalar, found: Scalar) -> Apart {
        Apart {
            wanted,
            found,
            is_count: is_count(quantity),
        }
    }

    /// The difference; `None` if it is not finite.
    #[must_use]
    pub fn difference(self) -> Option<f64> {
        let difference = (self.found.to_f64() - self.wanted.to_f64()).abs();
        difference.is_finite().then_some(difference)
    }

    /// The difference relative to the expected value; `None` if that is not finite.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        let share = (self.difference()? / self.wanted.to_f64()).abs();
        share.is_finite().then_some(share)
    }

    /// The difference in units in the last place (ULPs); `None` if one of the two is not a
    /// number, or if they are counts.
    #[must_use]
    pub fn ulps(self) -> Option<u64> {
        let ulps = self.wanted.ulps_to(self.found);
        ulps.filter(|_| !self.is_count)
    }
}

/// The difference of the two, in up to three forms.
impl fmt::Display for Apart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.difference().map(|one| format!("{} away", short(one))));
        parts.extend(self.share().map(|one| format!("{}%", short(100.0 * one))));
        parts.extend(self.ulps().map(|ulps| match ulps {
            1 => "1 ulp".to_owned(),
            _ => format!("{ulps} ulps"),
        }));
        formatter.write_str(&parts.join(", "))
    }
}

/// The line, in which control characters of names are visible escapes.
impl fmt::Display for Deviation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject != Subject::Report {
            write!(formatter, "{}: ", printable(&self.subject))?;
        }
        formatter.write_str(&printable(&self.quantity))?;
        if let Some(epoch) = self.epoch {
            write!(formatter, " at epoch {epoch}, the first difference:")?;
        }
        write!(formatter, " {}", printable(&self.wanted))?;
        if !self.found.is_empty() {
            write!(formatter, ", now {}", printable(&self.found))?;
        }
        // The distance of NaN is unknown.
        let apart = self.apart.map_or(String::new(), |apart| apart.to_string());
        if !apart.is_empty() {
            write!(formatter, " ({apart})")?;
        }
        Ok(())
    }
}
