//! Roots and powers.

use super::exponential::exp_of_sum;
use super::logarithm::Split;
use super::{
    Binary64, Bits, Double, LN_2, TWO_TO_52, TWO_TO_54, nearest, polynomial, power_of_two, product,
    select, sum, sum_of_less, two_to,
};

/// 1/∛m for m from 1 to 2.
const INVERSE_CBRT: [f64; 5] = [
    // 2^-14.7
    0.028_590_337_017_146_49, -0.221_233_576_524_978_63, 0.695_472_869_269_870_1,
    -1.172_870_516_445_509, 1.670_003_206_213_033_9,
];

/// ∛x: with y near 1/∛m, ∛m = m · y² for x = 2³ᵏ · m.
#[inline(always)]
pub fn cbrt<F: Binary64, const SHORT: bool>(x: F) -> F {
    const BIAS: f64 = TWO_TO_52 + 1023.0;
    let (normal, bias) = if SHORT {
        (x, F::from(BIAS))
    } else {
        let is_subnormal = x.abs().is_below(f64::MIN_POSITIVE);
        let normal = select(is_subnormal, x * TWO_TO_54, x);
        (normal, select(is_subnormal, BIAS + 54.0, BIAS))
    };
    let bits = normal.abs().to_bits();
    let exponent = F::from_bits(bits >> 52 | TWO_TO_52.to_bits()) - bias;
    let m = F::from_bits((bits & ((1 << 52) - 1)) | 1.0_f64.to_bits());
    let (k, k_bits) = nearest(exponent * (1.0 / 3.0));
    // −1, 0 or 1: another factor of m.
    let left = exponent - k * 3.0;
    let (is_less, is_more) = (left.is_below(0.0), left.is_above(0.0));
    let y = polynomial(m, &INVERSE_CBRT);
    let m = m * select(is_less, 0.5, select(is_more, 2.0, 1.0));
    let root = select(is_more, 0.793_700_525_984_099_8, 1.0);
    let y = y * select(is_less, 1.259_921_049_894_873_2, root);
    // 1 / ∛(1 − d) = 1 + d/3 + 2d²/9 + 14d³/81 + ..., and d is below 2⁻¹³.
    let d = F::from(1.0) - m * (y * y * y);
    let y = y + y * (d * (d * (d * (14.0 / 81.0) + 2.0 / 9.0) + 1.0 / 3.0));
    let root = m * (y * y);
    let root = if SHORT {
        root
    } else {
        let (square, square_low) = product(root, root);
        let (cube, cube_low) = product(square, root);
        let left = (m - cube) - (cube_low + square_low * root);
        root + left * (y * y * (1.0 / 3.0))
    };
    let value = (root * power_of_two::<F>(k_bits)).copysign(x);
    select(x.equals(0.0) | !x.abs().is_below(f64::INFINITY), x, value)
}

/// √(x² + y²).
#[inline(always)]
pub fn hypot<F: Binary64, const SHORT: bool>(x: F, y: F) -> F {
    let (x, y) = (x.abs(), y.abs());
    let value = if SHORT {
        // Squares of numbers of single precision are exact, and far from any limit.
        (x * x + y * y).sqrt()
    } else {
        let is_less = x.is_below(y);
        let (less, greater) = (select(is_less, x, y), select(is_less, y, x));
        let (up, down) = (two_to(600), two_to(-600));
        let (is_large, is_small) = (greater.is_above(1e150), greater.is_below(1e-150));
        let scale = select(is_large, down, select(is_small, up, 1.0));
        let back = select(is_large, up, select(is_small, down, 1.0));
        let (less, greater) = (less * scale, greater * scale);
        // The sum of the squares is rounded only once, then the root.
        let (high, high_rest) = product(greater, greater);
        let (low, low_rest) = product(less, less);
        (((low_rest + high_rest) + low) + high).sqrt() * back
    };
    let any_infinite = x.equals(f64::INFINITY) | y.equals(f64::INFINITY);
    value.unless(any_infinite, || F::from(f64::INFINITY))
}

/// (ln((1 + s)/(1 − s)) − 2s − 2s³/3) / s⁵ of s², for (1 + s)/(1 − s) from √½ to √2.
const LN_FROM_FIFTH: [f64; 7] = [
    // 2^-65.8
    0.131_963_725_471_028_64, 0.132_568_128_425_710_83, 0.153_867_575_513_979_1,
    0.181_817_843_620_774_58, 0.222_222_225_199_846_55, 0.285_714_285_700_991_94,
    0.400_000_000_000_022_56,
];

/// ln x to 64 bits for positive x, to 53 bits if `SHORT`.
#[inline(always)]
pub(super) fn ln_as_sum<F: Binary64, const SHORT: bool>(x: F) -> Double<F> {
    let Split { k, f, .. } = Split::of::<SHORT>(x);
    // ln(1 + f) = 2 artanh s for s = f / (2 + f).
    let s = Double::from(f).over::<SHORT>(Double::new(F::from(2.0), f).normal());
    if SHORT {
        let z = s.high * s.high;
        let series = z * (z * polynomial(z, &LN_FROM_FIFTH) + 2.0 / 3.0);
        let value = s.high * 2.0 + s.high * series;
        return Double::from(k * LN_2.high + (value + k * LN_2.low));
    }
    let s = s.normal();
    // s² and, of ln = 2s + s · series, the series to twice the precision.
    let (z, z_low) = product(s.high, s.high);
    let z_low = z_low + s.high * 2.0 * s.low;
    let (first, first_low) = product(z, F::from(TWO_THIRDS.high));
    let first_low = first_low + (z_low * TWO_THIRDS.high + z * TWO_THIRDS.low);
    let (series, series_low) = sum_of_less(first, z * z * polynomial(z, &LN_FROM_FIFTH));
    let series_low = series_low + first_low;
    let (more, more_low) = product(s.high, series);
    let more_low = more_low + (s.high * series_low + s.low * series);
    let (high, low) = sum_of_less(s.high * 2.0, more);
    let low = low + (s.low * 2.0 + more_low);
    let (high, rest) = sum(k * LN_2.high, high);
    Double::new(high, rest + (low + k * LN_2.low)).normal()
}

/// 2/3.
const TWO_THIRDS: Double = Double::new(2.0 / 3.0, 3.700_743_415_417_188e-17);

/// xʸ = exp(y · ln |x|), with the sign of x if y is an odd integer.
#[inline(always)]
pub fn pow<F: Binary64, const SHORT: bool>(x: F, y: F) -> F {
    let magnitude = x.abs();
    // With any exponent this large the power is 0, 1 or infinite.
    let exponent = y.at_most(7e19).at_least(-7e19);
    let ln = ln_as_sum::<F, SHORT>(magnitude);
    let power = if SHORT {
        Double::from(exponent * ln.high)
    } else {
        let (high, low) = product(exponent, ln.high);
        Double::new(high, low + exponent * ln.low)
    };
    let value = exp_of_sum::<F, SHORT>(power);

    // Cases that the logarithm does not cover.
    let is_falling = y.is_above(0.0) ^ magnitude.is_above(1.0);
    let is_limit = magnitude.equals(0.0) | magnitude.equals(f64::INFINITY);
    let value = select(is_limit, select(is_falling, 0.0, f64::INFINITY), value);
    // Below 2⁵² the last bit of the sum is that of the integer, and from
    // 2⁵³ on all numbers are even.
    let size = y.abs();
    let rounded = size + TWO_TO_52;
    let is_small = size.is_below(TWO_TO_52);
    let is_whole = !is_small | (rounded - TWO_TO_52).equals(size);
    let ends_odd = select(is_small, rounded, y).to_bits().is_odd();
    let is_odd = is_whole & ends_odd & size.is_below(2.0 * TWO_TO_52);
    let is_negative = x.is_sign_negative();
    let value = select(is_negative & is_odd, -value, value);
    let has_none = x.is_below(0.0) & magnitude.is_below(f64::INFINITY) & !is_whole;
    let value = select(has_none | x.is_nan() | y.is_nan(), f64::NAN, value);
    select(y.equals(0.0) | x.equals(1.0), 1.0, value)
}
