//! Tables of derivatives against those of the recorded report.

use super::deviation::{Apart, Demand, Deviation, Subject};
use super::recorded::is_within;
use super::report::RecordedReport;
use crate::{ReportError, read_derivative};
use gradtape_experiment::derivative::{Row, Table};
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::{Derivative, Plan, Tolerance};

/// The deviations of the table of a derivative of `plan` from the recorded one.
pub(super) fn compare(
    report: &RecordedReport,
    plan: &Plan,
    table: &Table,
) -> Result<Vec<Deviation>, ReportError> {
    let recorded = report.plan();
    let now = &plan.derivatives[table.derivative];
    let mut known = recorded.derivatives.iter();
    let Some(place) = known.position(|known| known.file == now.file) else {
        let wanted = "is not in the recorded report".to_owned();
        return Ok(vec![of_table(now, wanted, "")]);
    };
    let before = &recorded.derivatives[place];
    let (shape_before, shape_now) = (shape(recorded, before), shape(plan, now));
    if shape_before != shape_now {
        let wanted = format!("recorded with {shape_before}");
        return Ok(vec![of_table(now, wanted, &shape_now)]);
    }
    let old = read_derivative(report.files(), recorded, place)?;
    let mut deviations = Vec::new();
    for (before, after) in old.rows.iter().zip(&table.rows) {
        changed_values(plan, now, before, after, &mut deviations);
    }
    Ok(deviations)
}

/// The recorded tables that are no longer in the experiment.
pub(super) fn gone(recorded: &Plan, plan: &Plan) -> Vec<Deviation> {
    let before = recorded.derivatives.iter();
    let gone = before.filter(|before| !plan.derivatives.iter().any(|now| now.file == before.file));
    gone.map(|before| of_table(before, "is recorded".to_owned(), "not in the experiment"))
        .collect()
}

fn of_table(derivative: &Derivative, wanted: String, found: &str) -> Deviation {
    Deviation {
        subject: Subject::Table {
            derivative: derivative.name.clone(),
        },
        demand: Demand::Recorded,
        quantity: "table".to_owned(),
        epoch: None,
        wanted,
        found: found.to_owned(),
        apart: None,
    }
}

/// The shape of a table, in words.
fn shape(plan: &Plan, derivative: &Derivative) -> String {
    let columns = derivative.variables().iter().chain(&derivative.columns);
    let columns: Vec<&str> = columns.map(String::as_str).collect();
    let arithmetics: Vec<String> = plan.arithmetics().iter().map(ToString::to_string).collect();
    let points = derivative.points;
    let noun = if points == 1 { "point" } else { "points" };
    format!(
        "columns {} at {points} {noun} in {}",
        columns.join(", "),
        arithmetics.join(" and ")
    )
}

/// Adds what changed of a row: the point, and each value outside its tolerance.
fn changed_values(
    plan: &Plan,
    derivative: &Derivative,
    before: &Row,
    after: &Row,
    deviations: &mut Vec<Deviation>,
) {
    // At another point nothing is the same.
    let exact = |name| (name, Tolerance::default());
    let points = derivative.variables().iter().map(exact);
    let columns = derivative.columns.iter();
    let columns = columns.map(|name| (name, plan.check.tolerance(name)));
    let numbers = |row: &Row| {
        let numbers = row.at.iter().chain(&row.values).copied();
        numbers.collect::<Vec<Scalar>>()
    };
    let pairs = numbers(before).into_iter().zip(numbers(after));
    for ((name, tolerance), (wanted, found)) in points.chain(columns).zip(pairs) {
        if !is_within(&tolerance, wanted, found) {
            deviations.push(Deviation {
                subject: Subject::of_point(plan, derivative, after),
                demand: Demand::Recorded,
                quantity: name.clone(),
                epoch: None,
                wanted: format!("recorded {wanted}{}", tolerance.within()),
                found: found.to_string(),
                apart: Some(Apart::of(name, wanted, found)),
            });
        }
    }
}
