//! Final values against what the file expects, and against the recorded report.

use std::fmt;
use std::path::Path;

use crate::batch::RunResult;
use crate::number::{Number, Precision, Scalar, Value, short};
use crate::plan::{Bound, Expectation, Plan};
use crate::report::{self, REPORT, RUNS, ReportError, RunReader};

/// One thing that is not as it should be: a line of a failed check.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    /// The run, by number and label; `None` if the report as a whole is meant.
    pub run: Option<(u64, String)>,
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
        if let Some((number, label)) = &self.run {
            write!(formatter, "run {number} ({label}): ")?;
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

/// What a result does not fulfil of the expectations of its plan.
///
/// # Examples
///
/// ```
/// use gradtape::baseline;
/// use gradtape::batch::{self, Cancelled, Control, RunResult};
/// use gradtape::plan::Plan;
///
/// let plan = Plan::new("example.toml", r#"
///     epochs = 1
///     objective = [{ formula = "w^2", start = { w = 1 } }]
///     optimizer = [{ method = "sgd", learning_rate = 0.25 }]
///     expect = [{ w = { equals = 0.4, abs = 0.05 } }]
/// "#)?;
/// let mut deviations = Vec::new();
/// batch::run(&plan, &[0], || (), &Control::default(), |outcomes, ()| {
///     for (run, outcome) in outcomes {
///         deviations.extend(baseline::unexpected(&plan, &RunResult::new(&plan, &run, &outcome)));
///     }
///     Ok::<(), Cancelled>(())
/// })?;
/// assert_eq!(
///     deviations[0].to_string(),
///     "run 0 (w^2): w expected 0.4 within abs 0.05, now 0.5 (0.1 away, 25%, 1801439850948198 ulps)"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn unexpected(plan: &Plan, result: &RunResult) -> Vec<Deviation> {
    let mut deviations = Vec::new();
    let run = plan.run(result.number);
    let about = plan
        .expectations
        .iter()
        .filter(|expectation| expectation.runs.chooses(&run));
    for Expectation { status, bounds, .. } in about {
        if let Some(status) = status.as_ref().filter(|status| **status != result.status) {
            let found = format!("{} ({})", result.status, result.reason);
            deviations.push(deviation(
                result,
                "status",
                format!("expected {status}"),
                found,
                "",
            ));
        }
        for bound in bounds {
            if let Some(value) = result.quantity(plan, &bound.quantity) {
                out_of_bounds(result, bound, value, &mut deviations);
            }
        }
    }
    deviations
}

fn deviation(
    result: &RunResult,
    quantity: &str,
    wanted: String,
    found: String,
    distance: impl Into<String>,
) -> Deviation {
    Deviation {
        run: Some((result.number, result.label.clone())),
        quantity: quantity.to_owned(),
        wanted,
        found,
        distance: distance.into(),
    }
}

fn out_of_bounds(
    result: &RunResult,
    bound: &Bound,
    value: Scalar,
    deviations: &mut Vec<Deviation>,
) {
    let precision = match value {
        Scalar::F32(_) => Precision::F32,
        Scalar::F64(_) => Precision::F64,
    };
    let mut tell = |wanted: String, distance: String| {
        deviations.push(deviation(
            result,
            &bound.quantity,
            wanted,
            value.to_string(),
            distance,
        ));
    };
    if let Some((equals, tolerance)) = &bound.equals {
        let wanted = equals.scalar(precision);
        let difference = (value.to_f64() - wanted.to_f64()).abs();
        let within = |limit: Option<Number>, unit: f64| {
            limit.is_some_and(|limit| difference <= limit.wide() * unit)
        };
        let ulps = wanted.ulps_to(value);
        // Without a tolerance only the same number will do.
        let holds = ulps.is_some_and(|ulps| ulps <= tolerance.ulps.unwrap_or(0))
            || within(tolerance.abs, 1.0)
            || within(tolerance.rel, wanted.to_f64().abs());
        if !holds {
            let mut within = Vec::new();
            within.extend(tolerance.ulps.map(|ulps| format!("{ulps} ulps")));
            within.extend(
                tolerance
                    .abs
                    .map(|abs| format!("abs {}", short(abs.wide()))),
            );
            within.extend(
                tolerance
                    .rel
                    .map(|rel| format!("rel {}", short(rel.wide()))),
            );
            let within = match within.as_slice() {
                [] => String::new(),
                some => format!(" within {}", some.join(" or ")),
            };
            tell(
                format!("expected {wanted}{within}"),
                distance(wanted, value),
            );
        }
    }
    // NaN is neither below nor above anything.
    for (name, limit, holds) in [
        (
            "below",
            bound.below,
            bound
                .below
                .is_none_or(|limit| value.to_f64() < limit.scalar(precision).to_f64()),
        ),
        (
            "above",
            bound.above,
            bound
                .above
                .is_none_or(|limit| value.to_f64() > limit.scalar(precision).to_f64()),
        ),
    ] {
        if let (Some(limit), false) = (limit, holds) {
            tell(
                format!("expected {name} {}", limit.scalar(precision)),
                String::new(),
            );
        }
    }
}

/// How far two numbers are apart, in three ways.
fn distance(wanted: Scalar, found: Scalar) -> String {
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
            run: None,
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
        run: None,
        quantity: "settings and parameters".to_owned(),
        wanted: format!("recorded: {}", shown(recorded)),
        found: shown(now),
        distance: String::new(),
    })
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
        "gap",
        "best_loss",
        "best_epoch",
    ];
    let names = known
        .into_iter()
        .chain(plan.parameters().iter().map(String::as_str));
    for name in names {
        let (before, after) = (recorded.quantity(plan, name), now.quantity(plan, name));
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
