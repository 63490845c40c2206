//! One run with its settings and how it ended: a row of `runs.csv`.

use std::borrow::Cow;

use super::{Counts, End};
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
    /// The setting of each of [`Plan::columns`].
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
    /// The number of updates that led to the final state.
    pub epochs_run: u64,
    /// The final loss.
    pub loss: Scalar,
    /// The final norm of the gradient.
    pub gradient_norm: Scalar,
    /// The final loss on the validation rows.
    pub validation_loss: Option<Scalar>,
    /// The final loss minus the known minimum.
    pub gap: Option<Scalar>,
    /// The Euclidean distance of the final parameters from the nearest known minimiser.
    pub distance: Option<Scalar>,
    /// The smallest loss of all epochs.
    pub best_loss: Scalar,
    /// The first epoch with this loss.
    pub best_epoch: u64,
    /// The numbers of evaluations.
    pub counts: Counts,
    /// The final value of each of [`Plan::parameters`]; `None` where the run's
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
        RunResult {
            number: run.number,
            label: plan.label(&run),
            settings: run.settings,
            status: end.reason.status(),
            stopped_by: end.reason.stopped_by(),
            status_epoch: end.reason.epoch().unwrap_or(end.epochs_run),
            reason: end.reason.to_string(),
            epochs_run: end.epochs_run,
            loss: end.loss,
            gradient_norm: end.gradient_norm,
            validation_loss: end.validation_loss,
            outcome,
            period: end.period().filter(|_| outcome == Outcome::Oscillating),
            gap: objective.minimum.map(|minimum| end.loss.minus(minimum)),
            distance: objective.distance(&end.parameters),
            best_loss: end.best_loss,
            best_epoch: end.best_epoch,
            parameters: values(&end.parameters),
            best_parameters: values(&end.best_parameters),
            counts: end.counts,
        }
    }

    /// A final quantity; `None` if the run does not have it.
    #[must_use]
    pub fn value(&self, quantity: Quantity) -> Option<Scalar> {
        // Counts are exact in `f64` whatever the precision of the run.
        #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
        let count = |count: u64| Some(Scalar::F64(count as f64));
        match quantity {
            Quantity::EpochsRun => count(self.epochs_run),
            Quantity::Loss => Some(self.loss),
            Quantity::GradientNorm => Some(self.gradient_norm),
            Quantity::ValidationLoss => self.validation_loss,
            Quantity::Gap => self.gap,
            Quantity::Distance => self.distance,
            Quantity::BestLoss => Some(self.best_loss),
            Quantity::BestEpoch => count(self.best_epoch),
            Quantity::Evaluations => count(self.counts.evaluations),
            Quantity::GradientEvaluations => count(self.counts.gradients),
            Quantity::HessianProducts => count(self.counts.hessian_products),
            Quantity::LearningRate => None,
        }
    }

    /// A final quantity by name: one of [`Quantity`], a parameter or, with `best.` in front, a
    /// parameter in the best epoch; `None` if the run does not have it.
    #[must_use]
    pub fn quantity(&self, plan: &Plan, name: &str) -> Option<Scalar> {
        if let Some(quantity) = Quantity::named(name) {
            return self.value(quantity);
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
