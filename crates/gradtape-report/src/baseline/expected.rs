//! Final values against the expectations of the file.

use std::cmp::Ordering;

use super::deviation::{Apart, Demand, Deviation, Subject, digits};
use gradtape_experiment::batch::RunResult;
use gradtape_experiment::derivative::Table;
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::{Bound, Expectation, Plan};

/// The deviations of a result from the expectations of its plan.
///
/// # Examples
///
/// ```
/// use gradtape_report::baseline;
/// use gradtape_report::experiment;
/// use gradtape_experiment::plan::Plan;
///
/// let plan = Plan::new("example.toml", r#"
///     epochs = 1
///     objective = [{ formula = "w^2", start = { w = 1 } }]
///     optimizer = [{ method = "sgd", learning_rate = 0.25 }]
///     expect = [{ w = { equals = 0.4, abs = 0.05 } }]
/// "#)?;
/// let results = experiment::run(&plan);
/// let deviations = baseline::unexpected(&plan, &results.runs[0]);
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
    let about = plan.expectations.iter().enumerate();
    let about = about.filter(|(_, expectation)| expectation.runs.chooses(plan, &run));
    for (place, expectation) in about {
        let Expectation {
            status,
            outcome,
            bounds,
            ..
        } = expectation;
        let (subject, demand) = (Subject::of_run(result), Demand::Expected(place));
        let mut word = |quantity: &str, wanted: &str, found: String| {
            deviations.push(Deviation {
                subject: subject.clone(),
                demand,
                quantity: quantity.to_owned(),
                epoch: None,
                wanted: format!("expected {wanted}"),
                found,
                apart: None,
            });
        };
        if let Some(status) = status.filter(|status| *status != result.status) {
            let found = format!("{} ({})", result.status.name(), result.reason);
            word("status", status.name(), found);
        }
        if let Some(outcome) = outcome.filter(|outcome| *outcome != result.outcome) {
            word("outcome", outcome.name(), result.outcome.name().to_owned());
        }
        for bound in bounds {
            if let Some(value) = result.quantity(plan, &bound.quantity) {
                out_of_bounds(&subject, demand, bound, value, &mut deviations);
            }
        }
    }
    deviations
}

/// The deviations of a table from the expectations of its plan.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::batch::Control;
/// use gradtape_experiment::derivative;
/// use gradtape_experiment::plan::Plan;
/// use gradtape_report::baseline;
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
        for (place, expected) in derivative.expectations.iter().enumerate() {
            if let Some(value) = row.values.get(expected.column) {
                let bound = expected.bound(derivative, row.point);
                let subject = Subject::of_point(plan, derivative, row);
                let demand = Demand::ExpectedValues {
                    derivative: table.derivative,
                    place,
                };
                out_of_bounds(&subject, demand, &bound, *value, &mut deviations);
            }
        }
    }
    deviations
}

fn out_of_bounds(
    subject: &Subject,
    demand: Demand,
    bound: &Bound,
    value: Scalar,
    deviations: &mut Vec<Deviation>,
) {
    let precision = value.precision();
    let digits = |value: Scalar| digits(&bound.quantity, value);
    let mut tell = |wanted: String, apart: Option<Apart>| {
        deviations.push(Deviation {
            subject: subject.clone(),
            demand,
            quantity: bound.quantity.clone(),
            epoch: None,
            wanted,
            found: digits(value),
            apart,
        });
    };
    if let Some((equals, tolerance)) = &bound.equals {
        let wanted = equals.scalar(precision);
        if !tolerance.allows(wanted, value) {
            tell(
                format!("expected {}{}", digits(wanted), tolerance.within()),
                Some(Apart::of(&bound.quantity, wanted, value)),
            );
        }
    }
    // NaN is neither below nor above anything.
    for (name, limit, wanted) in [
        ("below", bound.below, Ordering::Less),
        ("above", bound.above, Ordering::Greater),
    ] {
        let Some(limit) = limit.map(|limit| limit.scalar(precision)) else {
            continue;
        };
        if value.to_f64().partial_cmp(&limit.to_f64()) != Some(wanted) {
            tell(format!("expected {name} {}", digits(limit)), None);
        }
    }
}
