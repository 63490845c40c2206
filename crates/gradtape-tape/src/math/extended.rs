//! Arithmetic to twice the precision of a double, and helpers shared by its users.

use super::exponential::{small, without_ln_2};
use super::{Binary64, Bits, Double, power_of_two, product, sum, sum_of_less, two_to};

impl<F: Binary64> Double<F> {
    /// The sum, precise to twice the precision unless the high parts cancel.
    #[inline(always)]
    pub(super) fn plus(self, other: Self) -> Self {
        let (high, rest) = sum(self.high, other.high);
        Double::new(high, rest + (self.low + other.low)).normal()
    }

    /// The sum where the magnitude of `other` is not the smaller one.
    #[inline(always)]
    pub(super) fn plus_greater(self, other: Self) -> Self {
        let (high, rest) = sum_of_less(other.high, self.high);
        Double::new(high, rest + (self.low + other.low)).normal()
    }

    /// The product to about twice the precision, or if `SHORT` to that of a double.
    #[inline(always)]
    pub(super) fn times<const SHORT: bool>(self, other: Self) -> Self {
        if SHORT {
            return Double::from((self.high + self.low) * (other.high + other.low));
        }
        let (high, rest) = product(self.high, other.high);
        let rest = rest + (self.high * other.low + self.low * other.high);
        Double::new(high, rest).normal()
    }

    /// The product with a double, rounded to a double.
    #[inline(always)]
    pub(super) fn rounded_times<const SHORT: bool>(self, x: F) -> F {
        if SHORT {
            return (self.high + self.low) * x;
        }
        let (high, rest) = product(self.high, x);
        high + (rest + self.low * x)
    }

    /// The product with a power of two; exact.
    #[inline(always)]
    pub(super) fn scaled(self, power: impl Into<F>) -> Self {
        let power = power.into();
        Double::new(self.high * power, self.low * power)
    }
}

/// eˣ = 2ᵏ · m: the last bits of k, and m near 1, for |x| ≤ 1400.
#[inline(always)]
pub(super) fn exp_parts<F: Binary64, const SHORT: bool>(x: Double<F>) -> (F::Bits, Double<F>) {
    let (k, r) = without_ln_2::<F, SHORT>(x);
    let small = small::<F, SHORT>(r);
    if SHORT {
        return (k, Double::from(small.high + small.low + 1.0));
    }
    let (high, rest) = sum_of_less(1.0, small.high);
    (k, Double::new(high, rest + small.low).normal())
}

/// x · 2ᵏ for k from −1150 to 895, rounded once.
#[inline(always)]
pub(super) fn scaled_down<F: Binary64>(x: F, k: F::Bits) -> F {
    x * power_of_two::<F>(k.wrapping_add(128)) * two_to(-128)
}

/// The polynomial with these coefficients, that of the highest power first, as one of the
/// even and one of the odd powers: the processor computes both at the same time.
#[inline(always)]
pub(super) fn in_halves<F: Binary64>(x: F, coefficients: &[f64]) -> F {
    let square = x * x;
    let (mut first, mut second) = (F::from(coefficients[0]), F::from(coefficients[1]));
    let mut i = 2;
    while i + 1 < coefficients.len() {
        first = first * square + coefficients[i];
        second = second * square + coefficients[i + 1];
        i += 2;
    }
    if i < coefficients.len() {
        second * x + (first * square + coefficients[i])
    } else {
        first * x + second
    }
}

/// constant + x · rest; if `SHORT`, only the rest.
#[inline(always)]
pub(super) fn above_constant<F: Binary64, const SHORT: bool>(
    x: F,
    rest: F,
    constant: Double,
) -> Double<F> {
    if SHORT {
        return Double::from(rest);
    }
    let (high, low) = sum_of_less(constant.high, x * rest);
    Double::new(high, low + constant.low)
}
