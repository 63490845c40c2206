//! One run with its settings and how it ended: a row of `runs.csv`.

use super::end::End;
use super::quantities::Quantities;
use std::borrow::Cow;

use crate::ending::{Outcome, Status};
use crate::number::{Scalar, Value};
use crate::plan::{Plan, Quantity, Run};

/// One run with its settings and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    /// The number of the run in its plan.
    pub number: u64,
    /// The label of the run.
    pub label: String,
    /// The setting of each of [`Runs::columns`](crate::plan::Runs::columns).
    pub settings: Vec<Option<Value>>,
    /// The status of the run.
    pub status: Status,
    /// What stopped it: [`StopReason::stopped_by`](super::StopReason::stopped_by).
    pub stopped_by: Cow<'static, str>,
    /// The epoch of the status: of convergence, of divergence, of the last change; the last
    /// epoch otherwise.
    pub status_epoch: u64,
    /// The reason for the status in plain words.
    pub reason: String,
    /// The outcome of the run.
    pub outcome: Outcome,
    /// The number of epochs after which the states of an oscillating run repeat.
    pub period: Option<u64>,
    /// The final quantities.
    pub quantities: Quantities,
    /// The final value of each of [`Runs::parameters`](crate::plan::Runs::parameters); `None` where the run's
    /// objective does not have the parameter.
    pub parameters: Vec<Option<Scalar>>,
    /// The same in the epoch of the smallest loss.
    pub best_parameters: Vec<Option<Scalar>>,
}

impl RunResult {
    /// Combines a run, its end and its outcome.
    #[must_use]
    pub fn new(plan: &Plan, run: Run, end: &End, outcome: Outcome) -> Self {
        let objective = &plan.objectives[run.objective];
        let places = plan.places(run.objective).iter();
        let values = |of: &[Scalar]| {
            let values = places.clone().map(|place| of.get((*place)?).copied());
            values.collect()
        };
        let epochs_run = end.quantities.epochs_run();
        let mut quantities = end.quantities;
        let gap = |minimum| quantities.loss().minus(minimum);
        quantities.set(Quantity::Gap, objective.minimum.map(gap));
        quantities.set(Quantity::Distance, objective.distance(&end.parameters));
        RunResult {
            number: run.number,
            label: plan.label(&run),
            settings: run.settings,
            status: end.reason.status(),
            stopped_by: end.reason.stopped_by(),
            status_epoch: end.reason.epoch().unwrap_or(epochs_run),
            reason: end.reason.to_string(),
            quantities,
            outcome,
            period: end.period().filter(|_| outcome == Outcome::Oscillating),
            parameters: values(&end.parameters),
            best_parameters: values(&end.best_parameters),
        }
    }

    /// A final quantity by name: one of [`Quantity`], a parameter or, with `best.` in front, a
    /// parameter in the best epoch; `None` if the run does not have it.
    #[must_use]
    pub fn quantity(&self, plan: &Plan, name: &str) -> Option<Scalar> {
        if let Some(quantity) = Quantity::named(name) {
            return self.quantities.get(quantity);
        }
        let (values, name) = match name.strip_prefix("best.") {
            Some(name) => (&self.best_parameters, name),
            None => (&self.parameters, name),
        };
        let mut parameters = plan.parameters().iter();
        let place = parameters.position(|parameter| parameter == name)?;
        values.get(place).copied().flatten()
    }

    /// Whether the run diverged.
    #[must_use]
    pub fn is_diverged(&self) -> bool {
        self.status == Status::Diverged
    }
}
