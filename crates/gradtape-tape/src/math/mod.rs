//! Elementary functions without branches, so that loops over them run on vectors.
//!
//! Everything is computed in double precision from sums, products, quotients and
//! square roots, each rounded separately, and from integers in the bits of others, so
//! the result has the same bits on every machine. Instead of branching on the
//! argument, a function selects between values that are computed in any case; only rare
//! cases ([`Binary64::unless`]) may be skipped. The errors are those that
//! [`Real`](super::Real) lists; `tests/it/accuracy.rs` measures them.
//!
//! Each function has one definition for every machine, over the operations of
//! [`Binary64`]: an `f64` computes them at once, other types record them. A parameter
//! `SHORT` is true where the result will be rounded to single precision: then its
//! polynomials are shorter, accurate to about 2⁻³⁷, and steps for the last bits of a
//! double are omitted.
//!
//! The methods are the classical ones (J.-M. Muller, *Elementary Functions*, 3rd
//! edition, 2016, chapters 4, 5, 11): the argument is reduced to a small interval, by
//! constants that are split in two or more parts, and approximated by a polynomial
//! there. The coefficients were found with Remez' algorithm and then rounded; the script
//! `coefficients.py` next to this file finds such polynomials and checks these. The
//! number above them is the largest error after rounding, relative to the function that
//! the polynomial is a part of. Constants that end in a bit pattern are exact.

mod activation;
mod angle;
mod binary64;
mod erf;
mod erfc;
mod exponential;
mod extended;
mod gamma;
mod log_add_exp;
mod logarithm;
mod polygamma;
mod power;
#[cfg(test)]
mod tests;

pub(super) use activation::{elu, silu};
pub use angle::is_near;
pub(super) use angle::{acos, asin, atan, atan2, near_cos, near_sin, near_tan};
pub use binary64::{Binary64, Bits, Truth};
pub(super) use erf::erf;
pub(super) use erfc::{erfc, gelu};
pub(super) use exponential::{cosh, exp, expm1, sigmoid, sigmoid_slope, sinh, tanh, tanh_slope};
pub(super) use gamma::{digamma, lgamma};
pub(super) use log_add_exp::log_add_exp;
pub(super) use logarithm::{acosh, asinh, atanh, ln, ln_1p, log2, log10, softplus};
pub(super) use polygamma::polygamma;
pub(super) use power::{cbrt, hypot, pow};

/// Coefficients of two polynomials for one function, those of the highest power
/// first.
struct Series<const SHORT: usize, const LONG: usize> {
    short: [f64; SHORT],
    long: [f64; LONG],
}

impl<const S: usize, const L: usize> Series<S, L> {
    #[inline(always)]
    fn of<const SHORT: bool>(&self) -> &[f64] {
        if SHORT { &self.short } else { &self.long }
    }
}

/// The polynomial with these coefficients, that of the highest power first.
#[inline(always)]
fn polynomial<F: Binary64>(x: F, coefficients: &[f64]) -> F {
    let mut value = F::from(coefficients[0]);
    for coefficient in &coefficients[1..] {
        value = value * x + *coefficient;
    }
    value
}

/// ln 2: an integer below 2¹¹ times the first part is exact.
const LN_2: Double = Double::new(
    f64::from_bits(0x3fe6_2e42_fee0_0000),
    1.908_214_929_270_587_7e-10,
);

/// From here on every number is an integer; an integer below it is in the last bits of
/// the sum with it.
const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
/// A factor that makes a subnormal number normal.
const TWO_TO_54: f64 = 18_014_398_509_481_984.0;

/// 1.5 · 2⁵²: a number added to it is rounded to an integer, which is then in the last
/// bits of the sum.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// The nearest integer to x, if |x| < 2⁵¹, and its last bits in two's complement.
#[inline(always)]
fn nearest<F: Binary64>(x: F) -> (F, F::Bits) {
    let sum = x + MAGIC;
    (sum - MAGIC, sum.to_bits())
}

/// 2ᵏ for the integer k in the last bits of `k`, from −1022 to 1023.
#[inline(always)]
fn power_of_two<F: Binary64>(k: F::Bits) -> F {
    F::from_bits(k.wrapping_add(1023) << 52)
}

/// The same for a known integer.
const fn two_to(k: i64) -> f64 {
    f64::from_bits(1023_u64.wrapping_add_signed(k) << 52)
}

/// a + b without error as its rounded value and the rest (Knuth's two-sum).
#[inline(always)]
fn sum<F: Binary64>(a: impl Into<F>, b: F) -> (F, F) {
    let a = a.into();
    let s = a + b;
    let b_of_s = s - a;
    (s, (a - (s - b_of_s)) + (b - b_of_s))
}

/// The same where |a| ≥ |b| (Dekker).
#[inline(always)]
fn sum_of_less<F: Binary64>(a: impl Into<F>, b: F) -> (F, F) {
    let a = a.into();
    let s = a + b;
    (s, b - (s - a))
}

/// The first 26 bits of x: a product of two such numbers is exact.
#[inline(always)]
fn half_of<F: Binary64>(x: F) -> F {
    F::from_bits(x.to_bits() & (u64::MAX << 27))
}

/// a · b as its rounded value and the rest, with an error of 2⁻¹⁰⁵ of the product.
#[inline(always)]
fn product<F: Binary64>(a: F, b: F) -> (F, F) {
    let p = a * b;
    let (a_high, b_high) = (half_of(a), half_of(b));
    let (a_low, b_low) = (a - a_high, b - b_high);
    let rest = ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low;
    (p, rest)
}

/// A number as a sum of two; the second is smaller, in operations at most the rounding
/// error of the first.
#[derive(Clone, Copy)]
struct Double<F = f64> {
    high: F,
    low: F,
}

impl<F: Binary64> From<F> for Double<F> {
    #[inline(always)]
    fn from(high: F) -> Self {
        Double::new(high, F::from(0.0))
    }
}

impl<F: Binary64> Double<F> {
    const fn new(high: F, low: F) -> Self {
        Double { high, low }
    }

    #[inline(always)]
    fn constant(value: Double) -> Self {
        Double::new(F::from(value.high), F::from(value.low))
    }

    /// The same with the nearest double as the high part.
    #[inline(always)]
    fn normal(self) -> Self {
        let (high, low) = sum_of_less(self.high, self.low);
        Double::new(high, low)
    }

    /// The quotient to about twice the precision, or if `SHORT` to that of a
    /// double; of the high part only the first half is used.
    #[inline(always)]
    fn over<const SHORT: bool>(self, divisor: Self) -> Self {
        if SHORT {
            return Double::from((self.high + self.low) / (divisor.high + divisor.low));
        }
        let inverse = F::from(1.0) / divisor.high;
        let quotient = half_of(self.high * inverse);
        // Without error: products with halves are exact, and so are the differences,
        // of numbers that hardly differ.
        let first = half_of(divisor.high);
        let left = (self.high - quotient * first) - quotient * (divisor.high - first);
        let left = left + (self.low - quotient * divisor.low);
        Double::new(quotient, left * inverse)
    }

    /// The remainder after subtracting the square of `root`, divided by twice the root:
    /// the error of the root.
    #[inline(always)]
    fn missing_of_root(self, root: F) -> F {
        let (high, low) = product(root, root);
        let twice = select(root.equals(0.0), 1.0, root * 2.0);
        (((self.high - high) - low) + self.low) / twice
    }
}

/// `yes` or `no`; both are computed.
#[inline(always)]
fn select<T: Truth>(
    condition: T,
    yes: impl Into<T::Number>,
    no: impl Into<T::Number>,
) -> T::Number {
    condition.select(yes.into(), no.into())
}

/// The same for sums.
#[inline(always)]
fn either<F: Binary64>(condition: F::Truth, yes: Double<F>, no: Double<F>) -> Double<F> {
    Double::new(
        select(condition, yes.high, no.high),
        select(condition, yes.low, no.low),
    )
}
