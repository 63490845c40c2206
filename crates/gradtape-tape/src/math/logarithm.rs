//! Logarithms and the inverse hyperbolic functions.

use super::exponential::exp_as_sum;
use super::{
    Double, LN_2, Series, TWO_TO_52, TWO_TO_54, half_of, product, select, sum, sum_of_less,
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
pub(super) struct Split {
    pub(super) k: f64,
    pub(super) f: f64,
    /// k + 1023 in the last bits.
    biased: u64,
}

impl Split {
    /// Of a normal number.
    #[inline(always)]
    fn of_normal(x: f64) -> Split {
        let bits = x.to_bits().wrapping_add((1023 << 52) - ROOT_OF_HALF);
        // The exponent as a number: the last bits of 2⁵² + exponent.
        let exponent = f64::from_bits(TWO_TO_52.to_bits() | bits >> 52);
        let m = f64::from_bits((bits & ((1 << 52) - 1)) + ROOT_OF_HALF);
        Split {
            k: exponent - (TWO_TO_52 + 1023.0),
            f: m - 1.0,
            biased: bits >> 52,
        }
    }

    /// Of any positive number. Single precision has no number that is
    /// subnormal here.
    #[inline(always)]
    pub(super) fn of<const SHORT: bool>(x: f64) -> Split {
        if SHORT {
            return Split::of_normal(x);
        }
        let is_subnormal = x < f64::MIN_POSITIVE;
        let mut split = Split::of_normal(select(is_subnormal, x * TWO_TO_54, x));
        split.k -= select(is_subnormal, 54.0, 0.0);
        split
    }
}

/// ln(1 + f) = 2 artanh s for s = f / (2 + f), that is
/// f − f²/2 + s · (f²/2 + 2s²/3 + 2s⁴/5 + ...): f²/2 and the last product.
#[inline(always)]
fn parts<const SHORT: bool>(f: f64) -> (f64, f64) {
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let square = s * s;
    let series = square * LN.at::<SHORT>(square);
    (half_square, s * (half_square + series))
}

/// ln(2ᵏ (1 + f + more)), where `more` is a rounding error of f.
#[inline(always)]
fn ln_of<const SHORT: bool>(k: f64, f: f64, more: f64) -> f64 {
    let (half_square, rest) = parts::<SHORT>(f);
    // The first terms of 1 / (1 + f) are enough for such a small part.
    let more = more * (1.0 - (f - 2.0 * half_square));
    let rest = rest + (k * LN_2.low + more);
    k * LN_2.high - ((half_square - rest) - f)
}

/// The value at 0, at infinity and for negative numbers.
#[inline(always)]
fn bounded(x: f64, value: f64) -> f64 {
    let value = select(x == f64::INFINITY, x, value);
    let value = select(x == 0.0, f64::NEG_INFINITY, value);
    select(x >= 0.0, value, f64::NAN)
}

/// ln x.
#[inline(always)]
pub fn ln<const SHORT: bool>(x: f64) -> f64 {
    let Split { k, f, .. } = Split::of::<SHORT>(x);
    bounded(x, ln_of::<SHORT>(k, f, 0.0))
}

/// k · `two` + ln(1 + f) · `unit`, for x = 2ᵏ (1 + f).
#[inline(always)]
fn log<const SHORT: bool>(x: f64, two: Double, unit: Double) -> f64 {
    let Split { k, f, .. } = Split::of::<SHORT>(x);
    let (half_square, rest) = parts::<SHORT>(f);
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
pub fn log2<const SHORT: bool>(x: f64) -> f64 {
    log::<SHORT>(x, Double::new(1.0, 0.0), LOG2_E)
}

/// log₁₀ x.
#[inline(always)]
pub fn log10<const SHORT: bool>(x: f64) -> f64 {
    log::<SHORT>(x, LOG10_2, LOG10_E)
}

/// From here on 1 + x is replaced by x.
const HUGE: f64 = 1e18;

/// n · ln 2 + ln(1 + x) for the sum in `x`, not below −1.
#[inline(always)]
pub(super) fn ln_1p_of_sum<const SHORT: bool>(n: f64, x: Double) -> f64 {
    let (u, lost) = sum(1.0, x.high);
    let Split { k, f, biased } = Split::of_normal(u);
    // Near 0 all of x is f; for larger x the lost part is a part of 2ᵏ.
    let is_near = k == 0.0;
    let f = select(is_near, x.high, f);
    let more = if SHORT {
        0.0
    } else {
        let unit = f64::from_bits(2046_u64.wrapping_sub(biased) << 52);
        let more = (select(is_near, 0.0, lost) + x.low) * unit;
        select(x.high > HUGE, 0.0, more)
    };
    ln_of::<SHORT>(k + n, f, more)
}

/// ln(1 + x).
#[inline(always)]
pub fn ln_1p<const SHORT: bool>(x: f64) -> f64 {
    let value = ln_1p_of_sum::<SHORT>(0.0, Double::new(x, 0.0));
    let value = select(x == f64::INFINITY, x, value);
    let value = select(x == -1.0, f64::NEG_INFINITY, value);
    let value = select(x >= -1.0, value, f64::NAN);
    // Also −0.
    select(x == 0.0, x, value)
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|).
#[inline(always)]
pub fn softplus<const SHORT: bool>(x: f64) -> f64 {
    let value = ln_1p_of_sum::<SHORT>(0.0, exp_as_sum::<SHORT>(-x.abs()));
    select(x > 0.0, x, 0.0) + select(x.is_nan(), x, value)
}

/// arsinh x = ln(1 + x + x² / (1 + √(1 + x²))) for x ≥ 0, and ln 2 + ln x if x is
/// huge.
#[inline(always)]
pub fn asinh<const SHORT: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let is_huge = magnitude > HUGE;
    let bounded = select(is_huge, HUGE, magnitude);
    let square = bounded * bounded;
    let (high, low) = sum_of_less(bounded, square / (1.0 + (1.0 + square).sqrt()));
    let above_one = Double::new(select(is_huge, magnitude, high), select(is_huge, 0.0, low));
    let value = ln_1p_of_sum::<SHORT>(select(is_huge, 1.0, 0.0), above_one);
    // Also ±0 and NaN.
    select((x == 0.0) | !x.is_finite(), x, value.copysign(x))
}

/// arcosh x = ln(1 + (x − 1) + √((x − 1)(x + 1))), and ln 2 + ln x if x is huge.
#[inline(always)]
pub fn acosh<const SHORT: bool>(x: f64) -> f64 {
    let is_huge = x > HUGE;
    let bounded = select(is_huge, HUGE, x);
    let above_one = if SHORT {
        let less = bounded - 1.0;
        Double::new(less + (less * (bounded + 1.0)).sqrt(), 0.0)
    } else {
        let (less, less_low) = sum(bounded, -1.0);
        let (more, more_low) = sum(bounded, 1.0);
        let (high, low) = product(less, more);
        let low = low + (less * more_low + less_low * more);
        let root = high.sqrt();
        let missing = Double::new(high, low).missing_of_root(root);
        let (high, low) = sum_of_less(root, less);
        Double::new(high, low + (less_low + missing))
    };
    let above_one = Double::new(
        select(is_huge, x, above_one.high),
        select(is_huge, 0.0, above_one.low),
    );
    let value = ln_1p_of_sum::<SHORT>(select(is_huge, 1.0, 0.0), above_one);
    let value = select(x == f64::INFINITY, x, value);
    select(x >= 1.0, value, f64::NAN)
}

/// artanh x = ½ ln(1 + 2x / (1 − x)) for x ≥ 0.
#[inline(always)]
pub fn atanh<const SHORT: bool>(x: f64) -> f64 {
    let magnitude = x.abs();
    let (less, lost) = sum(1.0, -magnitude);
    let quotient = Double::new(2.0 * magnitude, 0.0).over::<SHORT>(Double::new(less, lost));
    let value = (0.5 * ln_1p_of_sum::<SHORT>(0.0, quotient.normal())).copysign(x);
    let value = select(magnitude == 1.0, f64::INFINITY.copysign(x), value);
    let value = select(magnitude <= 1.0, value, f64::NAN);
    // Also −0, and numbers too small for the quotient.
    select(magnitude < 1e-9, x, value)
}
