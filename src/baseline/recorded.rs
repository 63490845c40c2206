//! Final values against those of the recorded report.

use std::path::Path;

use super::Deviation;
use super::deviation::{deviation, distance};
use crate::batch::RunResult;
use crate::number::{Scalar, Value};
use crate::plan::Plan;
use crate::report::{self, REPORT, RUNS, ReportError, RunReader};

/// The recorded report that results are compared with, run by run.
#[derive(Debug)]
pub struct Recorded<'p> {
    reader: RunReader<'p>,
    /// The recorded run that was read but not compared yet.
    next: Option<RunResult>,
}

/// Plans the experiment of the report in `folder` as it was recorded; `None` if
/// there is no report.
///
/// # Errors
///
/// If it is damaged.
pub fn recorded_plan(folder: &Path) -> Result<Option<Plan>, ReportError> {
    if !folder.join(REPORT).exists() {
        return Ok(None);
    }
    report::open(folder).map(|(_, plan)| Some(plan))
}

impl<'p> Recorded<'p> {
    /// Opens the runs of the report in `folder`, which `plan` made.
    ///
    /// # Errors
    ///
    /// If it is damaged.
    pub fn open(folder: &Path, plan: &'p Plan) -> Result<Self, ReportError> {
        let mut reader = RunReader::open(folder.join(RUNS), plan)?;
        let next = reader.next()?;
        Ok(Recorded { reader, next })
    }

    /// How a result of `plan` deviates from the recorded one. Results come in
    /// the order of their numbers.
    ///
    /// # Errors
    ///
    /// If the report is damaged.
    pub fn compare(&mut self, plan: &Plan, now: &RunResult) -> Result<Vec<Deviation>, ReportError> {
        while self
            .next
            .as_ref()
            .is_some_and(|recorded| recorded.number < now.number)
        {
            self.next = self.reader.next()?;
        }
        match self.next.take_if(|recorded| recorded.number == now.number) {
            Some(recorded) => {
                self.next = self.reader.next()?;
                Ok(changes(plan, &recorded, now))
            }
            None => {
                let wanted = "is not in the recorded report".to_owned();
                Ok(vec![deviation(now, "run", wanted, String::new(), "")])
            }
        }
    }

    /// The recorded runs that were not compared: there are fewer runs now.
    ///
    /// # Errors
    ///
    /// If the report is damaged.
    pub fn rest(mut self) -> Result<Option<Deviation>, ReportError> {
        let mut rest = 0_u64;
        while self.next.is_some() {
            rest += 1;
            self.next = self.reader.next()?;
        }
        Ok((rest > 0).then(|| Deviation {
            about: None,
            quantity: "runs".to_owned(),
            wanted: format!("recorded: {rest} more"),
            found: "not in the experiment".to_owned(),
            distance: String::new(),
        }))
    }
}

/// Whether results of two plans can be compared: the same settings and the same
/// parameters.
#[must_use]
pub fn is_comparable(recorded: &Plan, now: &Plan) -> Option<Deviation> {
    let same = recorded.columns() == now.columns()
        && recorded.parameters() == now.parameters()
        && recorded.has_validation() == now.has_validation()
        && recorded.has_gap() == now.has_gap();
    let shown = |plan: &Plan| {
        let names = plan
            .columns()
            .iter()
            .chain(plan.parameters())
            .map(String::as_str);
        names.collect::<Vec<_>>().join(" ")
    };
    (!same).then(|| Deviation {
        about: None,
        quantity: "settings and parameters".to_owned(),
        wanted: format!("recorded: {}", shown(recorded)),
        found: shown(now),
        distance: String::new(),
    })
}

/// The data files that are not those of the recorded report: told beside what results
/// they lead to.
#[must_use]
pub fn changed_data(recorded: &Plan, now: &Plan) -> Vec<Deviation> {
    let before = recorded.recorded_data();
    let now = now.recorded_data().into_iter();
    let changed = now.filter_map(|now| {
        let mut before = before.iter();
        let before =
            before.find(|before| before.file == now.file && before.sha256 != now.sha256)?;
        Some(Deviation {
            about: None,
            quantity: now.file,
            wanted: format!("recorded with SHA-256 {}", before.sha256),
            found: now.sha256,
            distance: String::new(),
        })
    });
    let mut changed: Vec<Deviation> = changed.collect();
    changed.dedup_by(|one, other| one.quantity == other.quantity);
    changed
}

/// What changed of a run.
fn changes(plan: &Plan, recorded: &RunResult, now: &RunResult) -> Vec<Deviation> {
    let mut changes = Vec::new();
    let text = |value: &Option<Value>| {
        value
            .as_ref()
            .map_or("none".to_owned(), ToString::to_string)
    };
    let settings = plan
        .columns()
        .iter()
        .zip(recorded.settings.iter().zip(&now.settings));
    let settings =
        settings.map(|(name, (before, after))| (name.as_str(), text(before), text(after)));
    let status = |result: &RunResult| format!("{} ({})", result.status, result.reason);
    let words = [("status", status(recorded), status(now))];
    for (name, before, after) in settings.chain(words) {
        if before != after {
            changes.push(deviation(
                now,
                name,
                format!("recorded {before}"),
                after,
                "",
            ));
        }
    }
    let known = [
        "epochs_run",
        "loss",
        "gradient_norm",
        "validation_loss",
        "gap",
        "best_loss",
        "best_epoch",
        "evaluations",
        "gradient_evaluations",
        "hessian_products",
    ];
    let known = known.into_iter().map(|name| {
        let of = |result: &RunResult| result.quantity(plan, name);
        (name, of(recorded), of(now))
    });
    // There can be thousands of parameters, so none is looked for by its name.
    let parameters = plan.parameters().iter().map(String::as_str);
    let values = recorded.parameters.iter().zip(&now.parameters);
    let parameters = parameters.zip(values);
    let parameters = parameters.map(|(name, (before, after))| (name, *before, *after));
    for (name, before, after) in known.chain(parameters) {
        let shown =
            |value: Option<Scalar>| value.map_or("none".to_owned(), |value| value.to_string());
        if shown(before) != shown(after) {
            let distance = before
                .zip(after)
                .map(|(before, after)| distance(before, after));
            let wanted = format!("recorded {}", shown(before));
            changes.push(deviation(
                now,
                name,
                wanted,
                shown(after),
                distance.unwrap_or_default(),
            ));
        }
    }
    changes
}
