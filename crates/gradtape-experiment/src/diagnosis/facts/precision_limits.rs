//! The limits of a precision.

use crate::number::Precision;

/// The limits of a precision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrecisionLimits {
    /// The spacing of numbers at 1.
    pub(crate) epsilon: f64,
    pub(crate) least_normal: f64,
    pub(crate) least: f64,
    /// Squares of numbers above this are not finite.
    pub(crate) greatest_squared: f64,
}

impl PrecisionLimits {
    pub(crate) fn of(precision: Precision) -> Self {
        match precision {
            Precision::F32 => PrecisionLimits {
                epsilon: f64::from(f32::EPSILON),
                least_normal: f64::from(f32::MIN_POSITIVE),
                least: f64::from(f32::from_bits(1)),
                greatest_squared: f64::from(f32::MAX).sqrt(),
            },
            Precision::F64 => PrecisionLimits {
                epsilon: f64::EPSILON,
                least_normal: f64::MIN_POSITIVE,
                least: f64::from_bits(1),
                greatest_squared: f64::MAX.sqrt(),
            },
        }
    }
}
