//! The exponential function and functions derived from it.

use super::extended::exp_parts;
use super::{Double, LN_2, Series, half_of, nearest, power_of_two, select, sum, sum_of_less};

/// (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2.
const EXP: Series<7, 11> = Series {
    // 2^-37.5
    short: [
        2.488_272_314_972_765_7e-5, 0.000_199_050_714_250_414_1, 0.001_388_880_887_711_279_2,
        0.008_333_288_801_004_765, 0.041_666_666_957_349_84, 0.166_666_667_550_041_25,
        0.499_999_999_997_338_4,
    ],
    // 2^-60.9
    long: [
        2.092_450_274_559_530_3e-9, 2.510_914_765_587_605_8e-8, 2.755_724_259_017_959e-7,
        2.755_724_391_072_227e-6, 2.480_158_736_071_538_5e-5, 0.000_198_412_698_864_022_42,
        0.001_388_888_888_886_678_7, 0.008_333_333_333_321_53, 0.041_666_666_666_666_7,
        0.166_666_666_666_666_77, 0.5,
    ],
};

/// (sinh r − r) / r³ of r², for |r| ≤ ½ ln 2.
const SINH: Series<3, 5> = Series {
    // 2^-37.5
    short: [
        0.000_199_050_747_697_625_48, 0.008_333_288_795_993_283, 0.166_666_667_550_180_14,
    ],
    // 2^-61.0
    long: [
        2.510_914_765_587_605_8e-8, 2.755_724_391_072_227e-6, 0.000_198_412_698_864_022_42,
        0.008_333_333_333_321_53, 0.166_666_666_666_666_77,
    ],
};

/// (cosh r − 1 − r²/2) / r⁴ of r², for |r| ≤ ½ ln 2.
const COSH: Series<3, 5> = Series {
    // 2^-45.0
    short: [
        2.487_303_246_169_960_2e-5, 0.001_388_883_032_308_538_7, 0.041_666_666_815_605_99,
    ],
    // 2^-68.7
    long: [
        2.092_172_187_695_538_4e-9, 2.755_725_196_287_310_7e-7, 2.480_158_734_905_135_5e-5,
        0.001_388_888_888_887_334_8, 0.041_666_666_666_666_685,
    ],
};

/// x = k · ln 2 + r: the last bits of k, and r with its rounding error, for |x| < 800.
/// The low part of `x` counts too.
#[inline(always)]
pub(super) fn without_ln_2<const SHORT: bool>(x: Double) -> (u64, Double) {
    let (k, bits) = nearest(x.high * std::f64::consts::LOG2_E);
    let high = x.high - k * LN_2.high;
    let low = k * LN_2.low - x.low;
    let r = high - low;
    let missing = if SHORT { 0.0 } else { (high - r) - low };
    (bits, Double::new(r, missing))
}

/// eʳ − 1 as a sum, for |r| ≤ ½ ln 2.
#[inline(always)]
pub(super) fn small<const SHORT: bool>(r: Double) -> Double {
    let rest = r.high * r.high * EXP.at::<SHORT>(r.high) + r.low;
    Double::new(r.high, rest)
}

/// x · 2ᵏ for x near 1 and k from −1077 to 1024, rounded once.
#[inline(always)]
fn scaled(x: f64, k: u64, is_large: bool) -> f64 {
    let (less, factor) = if is_large {
        (1_u64.wrapping_neg(), 2.0)
    } else {
        (64, power_of_two(64_u64.wrapping_neg()))
    };
    x * power_of_two(k.wrapping_add(less)) * factor
}

/// Outside these bounds the result is infinite or 0 in any case.
#[inline(always)]
fn bounded(x: f64) -> f64 {
    let x = select(x > 710.0, 710.0, x);
    select(x < -746.0, -746.0, x)
}

/// eˣ for the sum in `x`.
#[inline(always)]
pub(super) fn exp_of_sum<const SHORT: bool>(x: Double) -> f64 {
    let high = bounded(x.high);
    let low = select(high == x.high, x.low, 0.0);
    let (k, r) = without_ln_2::<SHORT>(Double::new(high, low));
    let small = small::<SHORT>(r);
    scaled(1.0 + (small.high + small.low), k, high > 0.0)
}

/// eˣ = 2ᵏ · eʳ.
#[inline(always)]
pub fn exp<const SHORT: bool>(x: f64) -> f64 {
    exp_of_sum::<SHORT>(Double::new(x, 0.0))
}

/// eˣ as a sum, for x ≤ 0.
#[inline(always)]
pub(super) fn exp_as_sum<const SHORT: bool>(x: f64) -> Double {
    let (k, m) = exp_parts::<SHORT>(Double::new(select(x < -746.0, -746.0, x), 0.0));
    if SHORT {
        return Double::new(scaled(m.high, k, false), 0.0);
    }
    let power = power_of_two(k.wrapping_add(64));
    let factor = power_of_two(64_u64.wrapping_neg());
    m.scaled(power).scaled(factor)
}

/// eˣ − 1 = 2ᵏ · (eʳ − 1) + (2ᵏ − 1), halved at first, since 2ᵏ may be too large:
/// the result is twice the sum.
#[inline(always)]
pub(super) fn half_expm1<const SHORT: bool>(x: f64) -> Double {
    let (k, r) = without_ln_2::<SHORT>(Double::new(x, 0.0));
    let small = small::<SHORT>(r);
    let power = power_of_two(k.wrapping_sub(1));
    if SHORT {
        return Double::new(power * (small.high + small.low) + (power - 0.5), 0.0);
    }
    let (high, rest) = sum_of_less(small.high, small.low);
    // From k = 53 on the 1 is lost in the high part.
    let (value, lost) = sum(power, -0.5);
    let (value, low) = sum(value, power * high);
    Double::new(value, (low + lost) + power * rest)
}

/// eˣ − 1.
#[inline(always)]
pub fn expm1<const SHORT: bool>(x: f64) -> f64 {
    let bounded = select(x > 710.0, 710.0, x);
    let half = half_expm1::<SHORT>(select(bounded < -40.0, -40.0, bounded));
    // Also −0, and numbers too small to be halved.
    select(x.abs() < 1e-17, x, 2.0 * (half.high + half.low))
}

/// With e^(k ln 2 + r) = 2ᵏ (cosh r + sinh r): the parts of
///
/// cosh x = ½ (2ᵏ + 2⁻ᵏ) cosh r + ½ (2ᵏ − 2⁻ᵏ) sinh r,
/// sinh x = ½ (2ᵏ − 2⁻ᵏ) cosh r + ½ (2ᵏ + 2⁻ᵏ) sinh r,
///
/// where the larger factor is the one for `first`. Returns an eighth of the result, so
/// that nothing overflows too early.
#[inline(always)]
fn hyperbolic<const SHORT: bool>(x: f64, is_sinh: bool) -> f64 {
    let magnitude = select(x.abs() > 711.0, 711.0, x.abs());
    let (k, r) = without_ln_2::<SHORT>(Double::new(magnitude, 0.0));
    let z = r.high * r.high;
    let cosh = z * (0.5 + z * COSH.at::<SHORT>(z));
    let sinh = r.high * z * SINH.at::<SHORT>(z) + r.low;
    let power = power_of_two(k.wrapping_sub(4));
    let inverse = power_of_two(4_u64.wrapping_neg().wrapping_sub(k));
    let inverse = select(magnitude > 60.0, 0.0, inverse);
    let (less, more) = (power - inverse, power + inverse);
    let (of_one, of_r) = if is_sinh { (less, more) } else { (more, less) };
    if SHORT {
        return of_one + (of_one * cosh + of_r * (r.high + sinh));
    }
    // This product is exact where it matters, while 2ᵏ is small.
    let first = half_of(r.high);
    let (value, rest) = sum(of_one, of_r * first);
    let rest = rest + of_r * (r.high - first);
    value + (rest + (of_one * cosh + of_r * sinh))
}

/// sinh x.
#[inline(always)]
pub fn sinh<const SHORT: bool>(x: f64) -> f64 {
    let value = 8.0 * hyperbolic::<SHORT>(x, true);
    // Also −0, and numbers too small to be divided by 8.
    select(x.abs() < 1e-9, x, value.copysign(x))
}

/// cosh x.
#[inline(always)]
pub fn cosh<const SHORT: bool>(x: f64) -> f64 {
    8.0 * hyperbolic::<SHORT>(x, false)
}

/// For e = exp(−2|x|), with which tanh |x| = (1 − e) / (1 + e): half of 1 − e, half of
/// 1 + e, and e, which is accurate however small.
#[inline(always)]
fn halves_of_tanh<const SHORT: bool>(x: f64) -> (Double, Double, f64) {
    let exponent = -2.0 * x.abs();
    let exponent = select(exponent < -746.0, -746.0, exponent);
    let (k, r) = without_ln_2::<SHORT>(Double::new(exponent, 0.0));
    let small = small::<SHORT>(r);
    let e = scaled(1.0 + (small.high + small.low), k, false);
    // From here on e vanishes relative to 1, and its power of two may not be a double.
    let is_one = exponent < -80.0;
    let power = select(is_one, 0.0, power_of_two(k.wrapping_sub(1)));
    let (less, more) = if SHORT {
        let half = power * (small.high + small.low);
        let less = Double::new((0.5 - power) - half, 0.0);
        (less, Double::new((0.5 + power) + half, 0.0))
    } else {
        let (high, rest) = sum_of_less(small.high, small.low);
        let (half, rest) = (power * high, power * rest);
        let (less, lost) = sum(0.5, -power);
        let (less, low) = sum(less, -half);
        let less = Double::new(less, (low + lost) - rest);
        let (more, lost) = sum(0.5, power);
        let (more, low) = sum(more, half);
        (less, Double::new(more, (low + lost) + rest))
    };
    (less, more, e)
}

/// tanh x = (1 − e) / (1 + e) for e = exp(−2x) and x ≥ 0.
#[inline(always)]
pub fn tanh<const SHORT: bool>(x: f64) -> f64 {
    let (less, more, _) = halves_of_tanh::<SHORT>(x);
    let value = less.over::<SHORT>(more);
    let value = (value.high + value.low).copysign(x);
    // Also −0, and numbers too small for the quotient.
    select(x.abs() < 1e-9, x, value)
}

/// 1/cosh² x = 4e / (1 + e)² for e = exp(−2|x|), which is also accurate in the tails.
#[inline(always)]
pub fn tanh_slope<const SHORT: bool>(x: f64) -> f64 {
    let (_, more, e) = halves_of_tanh::<SHORT>(x);
    let inverse = 1.0 / more.high;
    (e * inverse) * inverse
}

/// For e = e^−|x|: e and 1 + e.
#[inline(always)]
fn parts_of_sigmoid<const SHORT: bool>(x: f64) -> (Double, Double) {
    let e = exp_as_sum::<SHORT>(-x.abs());
    let (high, low) = sum_of_less(1.0, e.high);
    (e, Double::new(high, low + e.low))
}

/// 1 / (1 + e⁻ˣ), for negative x as eˣ / (1 + eˣ).
#[inline(always)]
pub fn sigmoid<const SHORT: bool>(x: f64) -> f64 {
    let (e, below) = parts_of_sigmoid::<SHORT>(x);
    let is_positive = x >= 0.0;
    let above = Double::new(
        select(is_positive, 1.0, e.high),
        select(is_positive, 0.0, e.low),
    );
    let value = above.over::<SHORT>(below);
    value.high + value.low
}

/// 1 / ((1 + e⁻ˣ)(1 + eˣ)) = e / (1 + e)² for e = e^−|x|.
#[inline(always)]
pub fn sigmoid_slope<const SHORT: bool>(x: f64) -> f64 {
    let (e, below) = parts_of_sigmoid::<SHORT>(x);
    let inverse = 1.0 / below.high;
    (e.high * inverse) * inverse
}
