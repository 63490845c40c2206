//! Tables of derivatives against those of the recorded report.

use std::path::Path;

use super::Deviation;
use super::deviation::{distance, point_name, within};
use super::recorded::is_within;
use crate::derivative::{Row, Table};
use crate::number::Scalar;
use crate::plan::{Derivative, Plan, Tolerance};
use crate::report::{self, ReportError};

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

/// What changed of a row: the point, and each value that is farther away than it may be.
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
    for ((name, tolerance), (before, now)) in points.chain(columns).zip(pairs) {
        if !is_within(&tolerance, before, now) {
            deviations.push(Deviation {
                about: Some(point_name(plan, derivative, after)),
                quantity: name.clone(),
                wanted: format!("recorded {before}{}", within(&tolerance)),
                found: now.to_string(),
                distance: distance(before, now),
            });
        }
    }
}
