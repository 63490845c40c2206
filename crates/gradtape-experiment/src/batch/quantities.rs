//! The values of quantities.

use super::output::{Output, OutputValues};
use crate::number::Scalar;
use crate::plan::{Quantity, Run};
use gradtape_tape::Real;

/// The value of each [`Quantity`] that a run has at an epoch or at its end. Counts are exact in
/// `f64` whatever the precision of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantities([Option<Scalar>; Quantity::COUNT]);

/// The numbers of evaluations of an objective in a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Evaluations of the loss, with or without the gradient.
    pub(super) evaluations: u64,
    /// Evaluations of the gradient.
    pub(super) gradients: u64,
    /// Products of the Hessian with a vector.
    pub(super) hessian_products: u64,
}

impl Quantities {
    /// What is the same in every epoch of a run: its learning rate, unless a schedule changes
    /// it.
    #[must_use]
    pub(super) fn of_run(run: &Run) -> Self {
        let mut quantities = Quantities::default();
        let rate = run.learning_rate.map(|rate| rate.scalar(run.precision));
        quantities.set(Quantity::LearningRate, rate);
        quantities
    }

    /// What the number of an epoch gives in runs of update rules: the evaluations so far, one
    /// of loss and gradient for each epoch and one of the last state.
    #[must_use]
    #[doc(hidden)]
    pub fn of_rule(epoch: u64) -> Self {
        let mut quantities = Quantities::default();
        quantities.set_counts(epoch, None);
        quantities
    }

    /// Sets the evaluations up to an epoch, if they are not those of an update rule.
    pub(super) fn set_counts(&mut self, epoch: u64, counts: Option<Counts>) {
        let counts = counts.unwrap_or(Counts {
            evaluations: epoch + 1,
            gradients: epoch + 1,
            hessian_products: 0,
        });
        self.set_count(Quantity::Evaluations, counts.evaluations);
        self.set_count(Quantity::GradientEvaluations, counts.gradients);
        self.set_count(Quantity::HessianProducts, counts.hessian_products);
    }

    /// Sets what an epoch gives. Others stay as they are.
    #[inline]
    pub(super) fn set_outputs<T: Real>(&mut self, outputs: &OutputValues<T>) {
        for output in Output::ALL {
            if let (Some(quantity), Some(value)) = (output.quantity(), outputs.get(output)) {
                self.set(quantity, Scalar::new(value));
            }
        }
    }

    /// Those that a run has at its end.
    #[must_use]
    pub(super) fn at_end(mut self) -> Self {
        for quantity in Quantity::ALL.iter().filter(|one| !one.is_final()) {
            self.set(*quantity, None);
        }
        self
    }

    /// The value of a quantity.
    #[must_use]
    #[inline]
    pub fn get(&self, quantity: Quantity) -> Option<Scalar> {
        self.0[quantity as usize]
    }

    /// Sets the value of a quantity, or takes it away.
    #[inline]
    #[doc(hidden)]
    pub fn set(&mut self, quantity: Quantity, value: impl Into<Option<Scalar>>) {
        self.0[quantity as usize] = value.into();
    }

    /// Sets the value of a count.
    #[inline]
    #[doc(hidden)]
    #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
    pub fn set_count(&mut self, quantity: Quantity, count: u64) {
        self.set(quantity, Scalar::F64(count as f64));
    }

    /// The value of a count, 0 if there is none.
    #[must_use]
    pub fn count(&self, quantity: Quantity) -> u64 {
        self.get(quantity).map_or(0, Scalar::to_count)
    }

    /// The loss, which every epoch and every end has.
    #[must_use]
    pub fn loss(&self) -> Scalar {
        self.number(Quantity::Loss)
    }

    /// The loss by which runs are ranked: on the validation rows, if there are any.
    #[must_use]
    pub fn ranked_loss(&self) -> Scalar {
        let validation = self.get(Quantity::ValidationLoss);
        validation.unwrap_or_else(|| self.loss())
    }

    /// The Euclidean norm of the gradient, which every epoch and every end has.
    #[must_use]
    pub fn gradient_norm(&self) -> Scalar {
        self.number(Quantity::GradientNorm)
    }

    /// The smallest loss of all epochs, which every end has.
    #[must_use]
    pub fn best_loss(&self) -> Scalar {
        self.number(Quantity::BestLoss)
    }

    /// The number of updates that led to the final state, which every end has.
    #[must_use]
    pub fn epochs_run(&self) -> u64 {
        self.count(Quantity::EpochsRun)
    }

    /// One that is always there.
    fn number(&self, quantity: Quantity) -> Scalar {
        self.get(quantity).unwrap_or(Scalar::F64(f64::NAN))
    }
}
