//! Arithmetic to twice the precision of a double, and helpers shared by its users.

use super::exponential::{small, without_ln_2};
use super::{Double, Series, power_of_two, product, select, sum, sum_of_less};

impl Double {
    /// The sum, precise to twice the precision unless the high parts cancel.
    #[inline(always)]
    pub(super) fn plus(self, other: Double) -> Double {
        let (high, rest) = sum(self.high, other.high);
        let (high, low) = sum_of_less(high, rest + (self.low + other.low));
        Double::new(high, low)
    }

    /// The sum where the magnitude of `other` is not the smaller one.
    #[inline(always)]
    pub(super) fn plus_greater(self, other: Double) -> Double {
        let (high, rest) = sum_of_less(other.high, self.high);
        let (high, low) = sum_of_less(high, rest + (self.low + other.low));
        Double::new(high, low)
    }

    /// The product to about twice the precision, or if `SHORT` to that of a double.
    #[inline(always)]
    pub(super) fn times<const SHORT: bool>(self, other: Double) -> Double {
        if SHORT {
            return Double::new((self.high + self.low) * (other.high + other.low), 0.0);
        }
        let (high, rest) = product(self.high, other.high);
        let rest = rest + (self.high * other.low + self.low * other.high);
        let (high, low) = sum_of_less(high, rest);
        Double::new(high, low)
    }

    /// The product with a double, rounded to a double.
    #[inline(always)]
    pub(super) fn rounded_times<const SHORT: bool>(self, x: f64) -> f64 {
        if SHORT {
            return (self.high + self.low) * x;
        }
        let (high, rest) = product(self.high, x);
        high + (rest + self.low * x)
    }

    /// The product with a power of two; exact.
    #[inline(always)]
    pub(super) fn scaled(self, power: f64) -> Double {
        Double::new(self.high * power, self.low * power)
    }
}

/// `yes` or `no`; both are computed.
#[inline(always)]
pub(super) fn either(condition: bool, yes: Double, no: Double) -> Double {
    Double::new(
        select(condition, yes.high, no.high),
        select(condition, yes.low, no.low),
    )
}

/// eˣ = 2ᵏ · m: the last bits of k, and m near 1, for |x| ≤ 1400.
#[inline(always)]
pub(super) fn exp_parts<const SHORT: bool>(x: Double) -> (u64, Double) {
    let (k, r) = without_ln_2::<SHORT>(x);
    let small = small::<SHORT>(r);
    if SHORT {
        return (k, Double::new(1.0 + (small.high + small.low), 0.0));
    }
    let (high, rest) = sum_of_less(1.0, small.high);
    (k, Double::new(high, rest + small.low).normal())
}

/// x · 2ᵏ for k from −1150 to 895, rounded once.
#[inline(always)]
pub(super) fn scaled_down(x: f64, k: u64) -> f64 {
    x * power_of_two(k.wrapping_add(128)) * power_of_two(128_u64.wrapping_neg())
}

impl<const S: usize, const L: usize> Series<S, L> {
    /// The polynomial in two halves, for long ones.
    #[inline(always)]
    pub(super) fn in_halves<const SHORT: bool>(&self, x: f64) -> f64 {
        if SHORT {
            in_halves(x, &self.short)
        } else {
            in_halves(x, &self.long)
        }
    }
}

/// The polynomial with these coefficients, that of the highest power first, as one of the
/// even and one of the odd powers: the processor computes both at the same time.
#[inline(always)]
pub(super) fn in_halves<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    let square = x * x;
    let (mut first, mut second) = (coefficients[0], coefficients[1]);
    let mut i = 2;
    while i + 1 < N {
        first = first * square + coefficients[i];
        second = second * square + coefficients[i + 1];
        i += 2;
    }
    if i < N {
        second * x + (first * square + coefficients[i])
    } else {
        first * x + second
    }
}

/// constant + x · rest; if `SHORT`, only the rest.
#[inline(always)]
pub(super) fn above_constant<const SHORT: bool>(x: f64, rest: f64, constant: Double) -> Double {
    if SHORT {
        return Double::new(rest, 0.0);
    }
    let (high, low) = sum_of_less(constant.high, x * rest);
    Double::new(high, low + constant.low)
}
