//! Logarithms and the inverse hyperbolic functions.

use super::exponential::exp_as_sum;
use super::{
    Binary64, Bits, Double, LN_2, Series, TWO_TO_52, TWO_TO_54, either, half_of, polynomial,
    product, select, sum, sum_of_less,
};

/// The bits of √½.
const ROOT_OF_HALF: u64 = 0x3fe6_a09e_667f_3bcd;

/// (ln((1 + s)/(1 − s)) − 2s) / s³ of s², for (1 + s)/(1 − s) from √½ to √2.
const LN: Series<4, 7> = Series {
    // 2^-37.6
    short: [
        0.235_822_921_573_437_8, 0.285_373_017_434_863_43, 0.400_003_352_850_370_86,
        0.666_666_656_451_153_9,
    ],
    // 2^-58.9
    long: [
        0.147_960_737_902_161_38, 0.153_140_388_688_195, 0.181_835_647_537_588_85,
        0.222_221_985_655_371_8, 0.285_714_287_424_562_3, 0.399_999_999_994_144,
        0.666_666_666_666_673_4,
    ],
};

/// 1/ln 2, the first part of 26 bits.
const LOG2_E: Double = Double::new(
    f64::from_bits(0x3ff7_1547_6000_0000),
    1.925_962_991_126_617_5e-8,
);
/// 1/ln 10, the first part of 26 bits.
const LOG10_E: Double = Double::new(
    f64::from_bits(0x3fdb_cb7b_1000_0000),
    4.798_111_141_615_973e-9,
);
/// log₁₀ 2: an integer below 2¹¹ times the first part is exact.
const LOG10_2: Double = Double::new(
    f64::from_bits(0x3fd3_4413_509f_7800),
    2.836_339_455_104_496_4e-14,
);

/// A positive number as 2ᵏ · (1 + f) with √½ ≤ 1 + f < √2.
#[derive(Clone, Copy)]
pub(super) struct Split<F: Binary64> {
    pub(super) k: F,
    pub(super) f: F,
    /// k + 1023 in the last bits.
    biased: F::Bits,
}

impl<F: Binary64> Split<F> {
    /// Of a normal number.
    #[inline(always)]
    fn of_normal(x: F) -> Self {
        let bits = x.to_bits().wrapping_add((1023 << 52) - ROOT_OF_HALF);
        let biased = bits >> 52;
        // The exponent as a number: the last bits of 2⁵² + exponent.
        let exponent = F::from_bits(biased | TWO_TO_52.to_bits());
        let m = F::from_bits((bits & ((1 << 52) - 1)).wrapping_add(ROOT_OF_HALF));
        Split {
            k: exponent - (TWO_TO_52 + 1023.0),
            f: m - 1.0,
            biased,
        }
    }

    /// Of any positive number. Single precision has no number that is
    /// subnormal here.
    #[inline(always)]
    pub(super) fn of<const SHORT: bool>(x: F) -> Self {
        if SHORT {
            return Split::of_normal(x);
        }
        let is_subnormal = x.is_below(f64::MIN_POSITIVE);
        let mut split = Split::of_normal(select(is_subnormal, x * TWO_TO_54, x));
        split.k = split.k - select(is_subnormal, 54.0, 0.0);
        split
    }
}

/// ln(1 + f) = 2 artanh s for s = f / (2 + f), that is
/// f − f²/2 + s · (f²/2 + 2s²/3 + 2s⁴/5 + ...): f²/2 and the last product.
#[inline(always)]
fn parts<F: Binary64, const SHORT: bool>(f: F) -> (F, F) {
    let half_square = f * 0.5 * f;
    let s = f / (f + 2.0);
    let square = s * s;
    let series = square * polynomial(square, LN.of::<SHORT>());
    (half_square, s * (half_square + series))
}

/// ln(2ᵏ (1 + f + more)), where `more` is a rounding error of f.
#[inline(always)]
fn ln_of<F: Binary64, const SHORT: bool>(k: F, f: F, more: F) -> F {
    let (half_square, rest) = parts::<F, SHORT>(f);
    // The first terms of 1 / (1 + f) are enough for such a small part.
    let more = more * (F::from(1.0) - (f - half_square * 2.0));
    let rest = rest + (k * LN_2.low + more);
    k * LN_2.high - ((half_square - rest) - f)
}

/// The value at 0, at infinity and for negative numbers.
#[inline(always)]
fn bounded<F: Binary64>(x: F, value: F) -> F {
    let is_usual = x.is_above(0.0) & x.is_below(f64::INFINITY);
    value.unless(!is_usual, || {
        let limit = select(x.equals(0.0), f64::NEG_INFINITY, x);
        select(x.is_at_least(0.0), limit, f64::NAN)
    })
}

/// ln x.
#[inline(always)]
pub fn ln<F: Binary64, const SHORT: bool>(x: F) -> F {
    let Split { k, f, .. } = Split::of::<SHORT>(x);
    bounded(x, ln_of::<F, SHORT>(k, f, F::from(0.0)))
}

/// k · `two` + ln(1 + f) · `unit`, for x = 2ᵏ (1 + f).
#[inline(always)]
fn log<F: Binary64, const SHORT: bool>(x: F, two: Double, unit: Double) -> F {
    let Split { k, f, .. } = Split::of::<SHORT>(x);
    let (half_square, rest) = parts::<F, SHORT>(f);
    let value = if SHORT {
        let ln = f - (half_square - rest);
        k * (two.high + two.low) + ln * (unit.high + unit.low)
    } else {
        let high = half_of(f - half_square);
        let low = ((f - high) - half_square) + rest;
        let less = low * unit.high + ((high + low) * unit.low + k * two.low);
        let (value, rest) = sum(k * two.high, high * unit.high);
        value + (rest + less)
    };
    bounded(x, value)
}

/// log₂ x.
#[inline(always)]
pub fn log2<F: Binary64, const SHORT: bool>(x: F) -> F {
    log::<F, SHORT>(x, Double::new(1.0, 0.0), LOG2_E)
}

/// log₁₀ x.
#[inline(always)]
pub fn log10<F: Binary64, const SHORT: bool>(x: F) -> F {
    log::<F, SHORT>(x, LOG10_2, LOG10_E)
}

/// From here on 1 + x is replaced by x.
const HUGE: f64 = 1e18;

/// n · ln 2 + ln(1 + x) for the sum in `x`, not below −1.
#[inline(always)]
pub(super) fn ln_1p_of_sum<F: Binary64, const SHORT: bool>(n: F, x: Double<F>) -> F {
    let (u, lost) = sum(1.0, x.high);
    let Split { k, f, biased } = Split::of_normal(u);
    // Near 0 all of x is f; for larger x the lost part is a part of 2ᵏ.
    let is_near = k.equals(0.0);
    let f = select(is_near, x.high, f);
    let more = if SHORT {
        F::from(0.0)
    } else {
        let unit = F::from_bits(F::Bits::from(2046).wrapping_sub(biased) << 52);
        let more = (select(is_near, 0.0, lost) + x.low) * unit;
        select(x.high.is_above(HUGE), 0.0, more)
    };
    ln_of::<F, SHORT>(k + n, f, more)
}

/// ln(1 + x).
#[inline(always)]
pub fn ln_1p<F: Binary64, const SHORT: bool>(x: F) -> F {
    let value = ln_1p_of_sum::<F, SHORT>(F::from(0.0), Double::from(x));
    let is_usual = x.is_above(-1.0) & x.is_below(f64::INFINITY);
    let value = value.unless(!is_usual, || {
        let limit = select(x.equals(-1.0), f64::NEG_INFINITY, x);
        select(x.is_at_least(-1.0), limit, f64::NAN)
    });
    // Also −0.
    select(x.equals(0.0), x, value)
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|).
#[inline(always)]
pub fn softplus<F: Binary64, const SHORT: bool>(x: F) -> F {
    let value = ln_1p_of_sum::<F, SHORT>(F::from(0.0), exp_as_sum::<F, SHORT>(-x.abs()));
    select(x.is_above(0.0), x, 0.0) + select(x.is_nan(), x, value)
}

/// arsinh x = ln(1 + x + x² / (1 + √(1 + x²))) for x ≥ 0, and ln 2 + ln x if x is
/// huge.
#[inline(always)]
pub fn asinh<F: Binary64, const SHORT: bool>(x: F) -> F {
    let magnitude = x.abs();
    let is_huge = magnitude.is_above(HUGE);
    let bounded = magnitude.at_most(HUGE);
    let square = bounded * bounded;
    let above_one = Double::new(bounded, square / ((square + 1.0).sqrt() + 1.0)).normal();
    let above_one = either(is_huge, Double::from(magnitude), above_one);
    let value = ln_1p_of_sum::<F, SHORT>(select(is_huge, 1.0, 0.0), above_one);
    // Also ±0 and NaN.
    let is_itself = x.equals(0.0) | !magnitude.is_below(f64::INFINITY);
    select(is_itself, x, value.copysign(x))
}

/// arcosh x = ln(1 + (x − 1) + √((x − 1)(x + 1))), and ln 2 + ln x if x is huge.
#[inline(always)]
pub fn acosh<F: Binary64, const SHORT: bool>(x: F) -> F {
    let is_huge = x.is_above(HUGE);
    let bounded = x.at_most(HUGE);
    let above_one = if SHORT {
        let less = bounded - 1.0;
        Double::from(less + (less * (bounded + 1.0)).sqrt())
    } else {
        let (less, less_low) = sum(bounded, F::from(-1.0));
        let (more, more_low) = sum(bounded, F::from(1.0));
        let (high, low) = product(less, more);
        let low = low + (less * more_low + less_low * more);
        let root = high.sqrt();
        let missing = Double::new(high, low).missing_of_root(root);
        let (high, low) = sum_of_less(root, less);
        Double::new(high, low + (less_low + missing))
    };
    let above_one = either(is_huge, Double::from(x), above_one);
    let value = ln_1p_of_sum::<F, SHORT>(select(is_huge, 1.0, 0.0), above_one);
    let value = select(x.equals(f64::INFINITY), x, value);
    select(x.is_at_least(1.0), value, f64::NAN)
}

/// artanh x = ½ ln(1 + 2x / (1 − x)) for x ≥ 0.
#[inline(always)]
pub fn atanh<F: Binary64, const SHORT: bool>(x: F) -> F {
    let magnitude = x.abs();
    let (less, lost) = sum(1.0, -magnitude);
    let quotient = Double::from(magnitude * 2.0).over::<SHORT>(Double::new(less, lost));
    let value = (ln_1p_of_sum::<F, SHORT>(F::from(0.0), quotient.normal()) * 0.5).copysign(x);
    let infinity = F::from(f64::INFINITY).copysign(x);
    let value = select(magnitude.equals(1.0), infinity, value);
    let value = select(magnitude.is_at_most(1.0), value, f64::NAN);
    // Also −0, and numbers too small for the quotient.
    select(magnitude.is_below(1e-9), x, value)
}
