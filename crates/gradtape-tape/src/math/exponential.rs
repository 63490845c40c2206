//! The exponential function and functions derived from it.

use super::extended::{exp_parts, scaled_down};
use super::{
    Binary64, Bits, Double, LN_2, Series, either, half_of, nearest, polynomial, power_of_two,
    select, sum, sum_of_less, two_to,
};

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
pub(super) fn without_ln_2<F: Binary64, const SHORT: bool>(x: Double<F>) -> (F::Bits, Double<F>) {
    let (k, bits) = nearest(x.high * std::f64::consts::LOG2_E);
    let high = x.high - k * LN_2.high;
    let low = k * LN_2.low - x.low;
    let r = high - low;
    if SHORT {
        return (bits, Double::from(r));
    }
    (bits, Double::new(r, (high - r) - low))
}

/// eʳ − 1 as a sum, for |r| ≤ ½ ln 2.
#[inline(always)]
pub(super) fn small<F: Binary64, const SHORT: bool>(r: Double<F>) -> Double<F> {
    let rest = r.high * r.high * polynomial(r.high, EXP.of::<SHORT>()) + r.low;
    Double::new(r.high, rest)
}

/// eˣ for the sum in `x`.
#[inline(always)]
pub(super) fn exp_of_sum<F: Binary64, const SHORT: bool>(x: Double<F>) -> F {
    // Outside these bounds the result is infinite or 0 in any case.
    let high = x.high.at_most(710.0).at_least(-746.0);
    let low = select(high.equals(x.high), x.low, 0.0);
    let (k, r) = without_ln_2::<F, SHORT>(Double::new(high, low));
    let small = small::<F, SHORT>(r);
    // 2ᵏ may be no double, the product is; it is rounded once.
    let is_large = high.is_above(0.0);
    let less = select(is_large, 0.5, two_to(64)).to_bits();
    let power = F::from_bits((k << 52).wrapping_add(less));
    (small.high + small.low + 1.0) * power * select(is_large, 2.0, two_to(-64))
}

/// eˣ = 2ᵏ · eʳ.
#[inline(always)]
pub fn exp<F: Binary64, const SHORT: bool>(x: F) -> F {
    exp_of_sum::<F, SHORT>(Double::from(x))
}

/// eˣ as a sum, for x ≤ 0.
#[inline(always)]
pub(super) fn exp_as_sum<F: Binary64, const SHORT: bool>(x: F) -> Double<F> {
    let (k, m) = exp_parts::<F, SHORT>(Double::from(x.at_least(-746.0)));
    if SHORT {
        return Double::from(scaled_down(m.high, k));
    }
    Double::new(scaled_down(m.high, k), scaled_down(m.low, k))
}

/// eˣ − 1 = 2ᵏ · (eʳ − 1) + (2ᵏ − 1), halved at first, since 2ᵏ may be too large:
/// the result is twice the sum.
#[inline(always)]
pub(super) fn half_expm1<F: Binary64, const SHORT: bool>(x: F) -> Double<F> {
    let (k, r) = without_ln_2::<F, SHORT>(Double::from(x));
    let small = small::<F, SHORT>(r);
    let power: F = power_of_two(k.wrapping_sub(1));
    if SHORT {
        return Double::from(power * (small.high + small.low) + (power - 0.5));
    }
    let (high, rest) = sum_of_less(small.high, small.low);
    // From k = 53 on the 1 is lost in the high part.
    let (value, lost) = sum(power, F::from(-0.5));
    let (value, low) = sum(value, power * high);
    Double::new(value, (low + lost) + power * rest)
}

/// eˣ − 1.
#[inline(always)]
pub fn expm1<F: Binary64, const SHORT: bool>(x: F) -> F {
    let half = half_expm1::<F, SHORT>(x.at_most(710.0).at_least(-40.0));
    // Also −0, and numbers too small to be halved.
    select(x.abs().is_below(1e-17), x, (half.high + half.low) * 2.0)
}

/// With e^(k ln 2 + r) = 2ᵏ (cosh r + sinh r): the parts of
///
/// cosh x = ½ (2ᵏ + 2⁻ᵏ) cosh r + ½ (2ᵏ − 2⁻ᵏ) sinh r,
/// sinh x = ½ (2ᵏ − 2⁻ᵏ) cosh r + ½ (2ᵏ + 2⁻ᵏ) sinh r,
///
/// where the larger factor is the one for `first`. Returns an eighth of the result, so
/// that nothing overflows too early.
#[inline(always)]
fn hyperbolic<F: Binary64, const SHORT: bool>(x: F, is_sinh: bool) -> F {
    let magnitude = x.abs().at_most(711.0);
    let (k, r) = without_ln_2::<F, SHORT>(Double::from(magnitude));
    let z = r.high * r.high;
    let cosh = z * (z * polynomial(z, COSH.of::<SHORT>()) + 0.5);
    let sinh = r.high * z * polynomial(z, SINH.of::<SHORT>()) + r.low;
    let power: F = power_of_two(k.wrapping_sub(4));
    let inverse: F = power_of_two(F::Bits::from(4_u64.wrapping_neg()).wrapping_sub(k));
    let inverse = select(magnitude.is_above(60.0), 0.0, inverse);
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
pub fn sinh<F: Binary64, const SHORT: bool>(x: F) -> F {
    let value = hyperbolic::<F, SHORT>(x, true) * 8.0;
    // Also −0, and numbers too small to be divided by 8.
    select(x.abs().is_below(1e-9), x, value.copysign(x))
}

/// cosh x.
#[inline(always)]
pub fn cosh<F: Binary64, const SHORT: bool>(x: F) -> F {
    hyperbolic::<F, SHORT>(x, false) * 8.0
}

/// For e = exp(−2|x|), with which tanh |x| = (1 − e) / (1 + e): half of 1 − e, half of
/// 1 + e, and e, which is accurate however small.
#[inline(always)]
fn halves_of_tanh<F: Binary64, const SHORT: bool>(x: F) -> (Double<F>, Double<F>, F) {
    let exponent = (x.abs() * -2.0).at_least(-746.0);
    let (k, r) = without_ln_2::<F, SHORT>(Double::from(exponent));
    let small = small::<F, SHORT>(r);
    let e = scaled_down(small.high + small.low + 1.0, k);
    // From here on e vanishes relative to 1, and its power of two may not be a double.
    let is_one = exponent.is_below(-80.0);
    let power: F = select(is_one, 0.0, power_of_two::<F>(k.wrapping_sub(1)));
    let (less, more) = if SHORT {
        let half = power * (small.high + small.low);
        let less = Double::from((F::from(0.5) - power) - half);
        (less, Double::from((power + 0.5) + half))
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
pub fn tanh<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (less, more, _) = halves_of_tanh::<F, SHORT>(x);
    let value = less.over::<SHORT>(more);
    let value = (value.high + value.low).copysign(x);
    // Also −0, and numbers too small for the quotient.
    select(x.abs().is_below(1e-9), x, value)
}

/// 1/cosh² x = 4e / (1 + e)² for e = exp(−2|x|), which is also accurate in the tails.
#[inline(always)]
pub fn tanh_slope<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (_, more, e) = halves_of_tanh::<F, SHORT>(x);
    let inverse = F::from(1.0) / more.high;
    (e * inverse) * inverse
}

/// For e = e^−|x|: e and 1 + e.
#[inline(always)]
fn parts_of_sigmoid<F: Binary64, const SHORT: bool>(x: F) -> (Double<F>, Double<F>) {
    let e = exp_as_sum::<F, SHORT>(-x.abs());
    let (high, low) = sum_of_less(1.0, e.high);
    (e, Double::new(high, low + e.low))
}

/// 1 / (1 + e⁻ˣ), for negative x as eˣ / (1 + eˣ).
#[inline(always)]
pub fn sigmoid<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (e, below) = parts_of_sigmoid::<F, SHORT>(x);
    let above = either(x.is_at_least(0.0), Double::from(F::from(1.0)), e);
    let value = above.over::<SHORT>(below);
    value.high + value.low
}

/// 1 / ((1 + e⁻ˣ)(1 + eˣ)) = e / (1 + e)² for e = e^−|x|.
#[inline(always)]
pub fn sigmoid_slope<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (e, below) = parts_of_sigmoid::<F, SHORT>(x);
    let inverse = F::from(1.0) / below.high;
    (e.high * inverse) * inverse
}
