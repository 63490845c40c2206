//! The values of quantities.

use super::Counts;
use crate::number::Scalar;
use crate::plan::{Quantity, Run};

/// The value of each [`Quantity`] that a run has at an epoch. Counts are exact in `f64`
/// whatever the precision of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[doc(hidden)]
pub struct Quantities([Option<Scalar>; Quantity::COUNT]);

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

    /// What the number of an epoch gives in runs of update rules: the evaluations so far.
    #[must_use]
    pub fn of_rule(epoch: u64) -> Self {
        let mut quantities = Quantities::default();
        quantities.set_count(Quantity::Evaluations, Counts::of_rule(epoch).evaluations);
        quantities
    }

    /// The value of a quantity.
    #[must_use]
    #[inline]
    pub fn get(&self, quantity: Quantity) -> Option<Scalar> {
        self.0[quantity as usize]
    }

    /// Sets the value of a quantity, or takes it away.
    #[inline]
    pub fn set(&mut self, quantity: Quantity, value: impl Into<Option<Scalar>>) {
        self.0[quantity as usize] = value.into();
    }

    /// Sets the value of a count.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
    pub fn set_count(&mut self, quantity: Quantity, count: u64) {
        self.set(quantity, Scalar::F64(count as f64));
    }

    /// The value of a count, 0 if there is none.
    #[must_use]
    pub fn count(&self, quantity: Quantity) -> u64 {
        self.get(quantity).map_or(0, Scalar::to_count)
    }
}
