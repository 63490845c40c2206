//! The results as JSON Lines, printed as they come.
//!
//! `reports/README.md` documents the fields. New ones may be added; what is there keeps its
//! name and meaning as long as `format` says 2.

use gradtape_experiment::number::Scalar;
use gradtape_report::baseline::{Apart, Demand, Deviation, Subject};
use gradtape_report::experiment::Checked;
use serde::Serialize;

use super::reporter::Reporter;
use super::verdict::{Basis, Verdict};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::output;

/// A line, by its `type`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Begin {
        format: u32,
        gradtape: &'a str,
    },
    /// The report as a whole.
    Report(Part<'a>),
    Derivative(Part<'a>),
    Run(Part<'a>),
    /// A recorded run that is no longer in the experiment.
    RecordedRun(Part<'a>),
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

/// A part of an experiment that was checked as one.
#[derive(Serialize)]
struct Part<'a> {
    experiment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    derivative: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    passed: bool,
    deviations: Vec<Finding<'a>>,
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
    fn print(&self) {
        // Everything here has a form in JSON.
        output::results(&(serde_json::to_string(self).unwrap_or_default() + "\n"));
    }
}

/// Prints the results as they come.
pub struct Stream;

impl Stream {
    /// Prints the first line.
    pub fn begin() -> Self {
        let line = Line::Begin {
            format: 2,
            gradtape: env!("CARGO_PKG_VERSION"),
        };
        line.print();
        Stream
    }
}

impl Reporter for Stream {
    fn add(&mut self, experiment: &str, checked: &Checked) {
        let part = Part {
            experiment,
            derivative: None,
            run: None,
            label: None,
            passed: checked.deviations.is_empty(),
            deviations: checked.deviations.iter().map(Finding::new).collect(),
        };
        let of_run = |part, number: u64, label| Part {
            run: Some(number),
            label: Some(label),
            ..part
        };
        let line = match &checked.subject {
            Subject::Report => Line::Report(part),
            Subject::Run { number, label } => Line::Run(of_run(part, *number, label)),
            Subject::RecordedRun { number, label } => {
                Line::RecordedRun(of_run(part, *number, label))
            }
            Subject::Table { derivative } | Subject::Point { derivative, .. } => {
                Line::Derivative(Part {
                    derivative: Some(derivative),
                    ..part
                })
            }
        };
        line.print();
    }

    fn conclude(&mut self, verdict: &Verdict) {
        let compared = match &verdict.basis {
            Basis::Comparison(experiment, comparison) => Some((experiment, comparison)),
            _ => None,
        };
        let message = match &verdict.basis {
            Basis::Failure(failure) => Some(failure.text()),
            _ => None,
        };
        let line = Line::Experiment {
            experiment: &verdict.file,
            path: verdict.path.display().to_string(),
            result: verdict.word().name(),
            runs: compared.map(|(experiment, _)| experiment.numbers.len()),
            derivatives: compared.map(|(experiment, _)| experiment.plan.derivatives.len()),
            // More than 2^64 cannot be counted in any time.
            deviations: compared
                .map(|(_, comparison)| u64::try_from(comparison.count).unwrap_or(u64::MAX)),
            message,
        };
        line.print();
    }

    fn finish(&mut self, verdicts: &[Verdict]) -> Result<(), Failure> {
        let failed = verdicts.iter().filter(|verdict| verdict.is_failed());
        let line = Line::Summary {
            experiments: verdicts.len(),
            failed: failed.count(),
            exit_code: Exit::of_all(verdicts.iter().map(Verdict::exit)).code(),
        };
        line.print();
        Ok(())
    }
}
