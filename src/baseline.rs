//! Final values against what the file expects, and against the recorded report.

use std::fmt;
use std::path::Path;

use crate::batch::RunResult;
use crate::derivative::{Row, Table};
use crate::number::{Number, Precision, Scalar, Value, short};
use crate::plan::{Bound, Derivative, Expectation, Plan};
use crate::report::{self, REPORT, RUNS, ReportError, RunReader};

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
///         deviations.extend(baseline::unexpected(&plan, &RunResult::new(&plan, run, &outcome)));
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
                out_of_bounds(&run_name(result), bound, value, &mut deviations);
            }
        }
    }
    deviations
}

/// What a table does not fulfil of the expectations of its plan.
///
/// # Examples
///
/// ```
/// use gradtape::batch::Control;
/// use gradtape::plan::Plan;
/// use gradtape::{baseline, derivative};
///
/// let plan = Plan::new("example.toml", r#"
///     [[derivative]]
///     formula = "x^2"
///     at = { x = [1, 2] }
///     expect = { "df/dx" = { equals = [2, 5] } }
/// "#)?;
/// let table = derivative::table(&plan, 0, &Control::default())?;
/// let deviations = baseline::unexpected_values(&plan, &table);
/// assert_eq!(
///     deviations[0].to_string(),
///     "x^2 at x=2: df/dx expected 5.0, now 4.0 (1 away, 20%, 1125899906842624 ulps)"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn unexpected_values(plan: &Plan, table: &Table) -> Vec<Deviation> {
    let derivative = &plan.derivatives[table.derivative];
    let mut deviations = Vec::new();
    for row in &table.rows {
        for expected in &derivative.expectations {
            if let Some(value) = row.values.get(expected.column) {
                let bound = expected.bound(derivative, row.point);
                let about = point_name(plan, derivative, row);
                out_of_bounds(&about, &bound, *value, &mut deviations);
            }
        }
    }
    deviations
}

/// A run as a deviation names it.
fn run_name(result: &RunResult) -> String {
    format!("run {} ({})", result.number, result.label)
}

/// A point of a derivative as a deviation names it: by what varies, or by
/// everything if nothing does.
fn point_name(plan: &Plan, derivative: &Derivative, row: &Row) -> String {
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

fn deviation(
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

fn out_of_bounds(about: &str, bound: &Bound, value: Scalar, deviations: &mut Vec<Deviation>) {
    let precision = match value {
        Scalar::F32(_) => Precision::F32,
        Scalar::F64(_) => Precision::F64,
    };
    let mut tell = |wanted: String, distance: String| {
        deviations.push(Deviation {
            about: Some(about.to_owned()),
            quantity: bound.quantity.clone(),
            wanted,
            found: value.to_string(),
            distance,
        });
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

/// How the tables of derivatives deviate from those of the report in `folder`,
/// which `recorded` made. Tables are compared by the names of their files.
///
/// # Errors
///
/// If the report is damaged.
pub fn compare_tables(
    folder: &Path,
    recorded: &Plan,
    plan: &Plan,
    tables: &[Table],
) -> Result<Vec<Deviation>, ReportError> {
    let mut deviations = Vec::new();
    let about_table = |derivative: &Derivative, wanted: String, found: &str| Deviation {
        about: Some(derivative.name.clone()),
        quantity: "table".to_owned(),
        wanted,
        found: found.to_owned(),
        distance: String::new(),
    };
    for table in tables {
        let now = &plan.derivatives[table.derivative];
        let mut known = recorded.derivatives.iter();
        let Some(place) = known.position(|known| known.file == now.file) else {
            let wanted = "is not in the recorded report".to_owned();
            deviations.push(about_table(now, wanted, ""));
            continue;
        };
        let before = &recorded.derivatives[place];
        let shape = |plan: &Plan, derivative: &Derivative| {
            let columns = derivative.variables().iter().chain(&derivative.columns);
            let columns: Vec<&str> = columns.map(String::as_str).collect();
            let arithmetics = plan.arithmetics().iter();
            let arithmetics: Vec<String> = arithmetics.map(ToString::to_string).collect();
            let points = derivative.points;
            let noun = if points == 1 { "point" } else { "points" };
            format!(
                "columns {} at {points} {noun} in {}",
                columns.join(", "),
                arithmetics.join(" and ")
            )
        };
        let (shape_before, shape_now) = (shape(recorded, before), shape(plan, now));
        if shape_before != shape_now {
            let wanted = format!("recorded: {shape_before}");
            deviations.push(about_table(now, wanted, &shape_now));
            continue;
        }
        let path = folder.join(report::derivative_file(recorded, place));
        let old = report::read_derivative(&path, recorded, place)?;
        for (before, after) in old.rows.iter().zip(&table.rows) {
            changed_values(plan, now, before, after, &mut deviations);
        }
    }
    for before in &recorded.derivatives {
        if !plan.derivatives.iter().any(|now| now.file == before.file) {
            let wanted = "is recorded".to_owned();
            deviations.push(about_table(before, wanted, "not in the experiment"));
        }
    }
    Ok(deviations)
}

/// What changed of a row: the point, and each value, bit for bit.
fn changed_values(
    plan: &Plan,
    derivative: &Derivative,
    before: &Row,
    after: &Row,
    deviations: &mut Vec<Deviation>,
) {
    let names = derivative.variables().iter().chain(&derivative.columns);
    let numbers = |row: &Row| {
        let numbers = row.at.iter().chain(&row.values).copied();
        numbers.collect::<Vec<Scalar>>()
    };
    let pairs = numbers(before).into_iter().zip(numbers(after));
    for (name, (before, now)) in names.zip(pairs) {
        // As text, since two NaN are the same and two zeros are not.
        if before.to_string() != now.to_string() {
            deviations.push(Deviation {
                about: Some(point_name(plan, derivative, after)),
                quantity: name.clone(),
                wanted: format!("recorded {before}"),
                found: now.to_string(),
                distance: distance(before, now),
            });
        }
    }
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
