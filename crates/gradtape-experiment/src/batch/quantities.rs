//! The values of quantities.

use crate::number::Scalar;
use crate::plan::Quantity;

/// The value of each [`Quantity`] that a run has at an epoch. Counts are exact in `f64`
/// whatever the precision of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[doc(hidden)]
pub struct Quantities([Option<Scalar>; Quantity::COUNT]);

impl Quantities {
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
