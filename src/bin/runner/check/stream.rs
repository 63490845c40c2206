//! The results as JSON Lines, printed as they come.
//!
//! `reports/README.md` documents the fields. New ones may be added; what is there keeps its
//! name and meaning as long as `format` says 2.

use gradtape_experiment::number::Scalar;
use gradtape_report::baseline::{Apart, Demand, Deviation, Subject};
use gradtape_report::experiment::Checked;
use serde::Serialize;

use super::outcome::{Kind, Outcome};

/// A line, by its `type`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Begin {
        format: u32,
        gradtape: &'a str,
    },
    /// The report as a whole.
    Report {
        experiment: &'a str,
        passed: bool,
        deviations: Vec<Finding<'a>>,
    },
    Derivative {
        experiment: &'a str,
        derivative: &'a str,
        passed: bool,
        deviations: Vec<Finding<'a>>,
    },
    Run {
        experiment: &'a str,
        run: u64,
        label: &'a str,
        passed: bool,
        deviations: Vec<Finding<'a>>,
    },
    /// A recorded run that is no longer in the experiment.
    RecordedRun {
        experiment: &'a str,
        run: u64,
        label: &'a str,
        passed: bool,
        deviations: Vec<Finding<'a>>,
    },
    Experiment {
        experiment: &'a str,
        path: String,
        result: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        runs: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        derivatives: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        deviations: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    Summary {
        experiments: usize,
        failed: usize,
        exit_code: u8,
    },
}

/// A deviation.
#[derive(Serialize)]
struct Finding<'a> {
    demand: &'static str,
    /// The place of the expectation, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    expectation: Option<usize>,
    /// The point of a derivative.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    quantity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<u64>,
    wanted: &'a str,
    found: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    numbers: Option<Numbers>,
    text: String,
}

/// Numbers that are not finite are `null`, as JSON does not have them; `wanted` and `found` show
/// them.
#[derive(Serialize)]
struct Numbers {
    wanted: Option<Scalar>,
    found: Option<Scalar>,
    difference: Option<f64>,
    share: Option<f64>,
    ulps: Option<u64>,
}

impl<'a> Finding<'a> {
    fn new(deviation: &'a Deviation) -> Self {
        let (demand, expectation) = match deviation.demand {
            Demand::Recorded => ("recorded", None),
            Demand::Expected(place) | Demand::ExpectedValues { place, .. } => {
                ("expected", Some(place))
            }
        };
        let at = match &deviation.subject {
            Subject::Point { at, .. } => Some(at.as_str()),
            _ => None,
        };
        Finding {
            demand,
            expectation,
            at,
            quantity: &deviation.quantity,
            epoch: deviation.epoch,
            wanted: &deviation.wanted,
            found: &deviation.found,
            numbers: deviation.apart.map(Numbers::new),
            text: deviation.to_string(),
        }
    }
}

impl Numbers {
    fn new(apart: Apart) -> Self {
        let finite = |scalar: Scalar| scalar.to_f64().is_finite().then_some(scalar);
        Numbers {
            wanted: finite(apart.wanted),
            found: finite(apart.found),
            difference: apart.difference(),
            share: apart.share(),
            ulps: apart.ulps(),
        }
    }
}

impl Line<'_> {
    fn text(&self) -> String {
        // Everything here has a form in JSON.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// The first line.
pub fn begin() -> String {
    let line = Line::Begin {
        format: 2,
        gradtape: env!("CARGO_PKG_VERSION"),
    };
    line.text()
}

/// What was checked as one.
pub fn checked(experiment: &str, checked: &Checked) -> String {
    let deviations = checked.deviations.iter().map(Finding::new).collect();
    let passed = checked.deviations.is_empty();
    let line = match &checked.subject {
        Subject::Report => Line::Report {
            experiment,
            passed,
            deviations,
        },
        Subject::Run { number, label } => Line::Run {
            experiment,
            run: *number,
            label,
            passed,
            deviations,
        },
        Subject::RecordedRun { number, label } => Line::RecordedRun {
            experiment,
            run: *number,
            label,
            passed,
            deviations,
        },
        Subject::Table { derivative } | Subject::Point { derivative, .. } => Line::Derivative {
            experiment,
            derivative,
            passed,
            deviations,
        },
    };
    line.text()
}

/// The outcome of a file.
pub fn experiment(outcome: &Outcome) -> String {
    let checked = match &outcome.kind {
        Kind::Checked(experiment, verdict) => Some((experiment, verdict)),
        _ => None,
    };
    let message = match &outcome.kind {
        Kind::Failed(failure) => Some(failure.text()),
        _ => None,
    };
    let line = Line::Experiment {
        experiment: &outcome.file,
        path: outcome.path.display().to_string(),
        result: outcome.word().name(),
        runs: checked.map(|(experiment, _)| experiment.numbers.len()),
        derivatives: checked.map(|(experiment, _)| experiment.plan.derivatives.len()),
        // More than 2^64 cannot be counted in any time.
        deviations: checked.map(|(_, verdict)| u64::try_from(verdict.count).unwrap_or(u64::MAX)),
        message,
    };
    line.text()
}

/// The last line.
pub fn summary(outcomes: &[Outcome], code: u8) -> String {
    let line = Line::Summary {
        experiments: outcomes.len(),
        failed: outcomes.iter().filter(|one| one.code() != 0).count(),
        exit_code: code,
    };
    line.text()
}
