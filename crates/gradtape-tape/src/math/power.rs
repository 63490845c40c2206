//! Roots and powers.

use super::exponential::exp_of_sum;
use super::logarithm::Split;
use super::{
    Double, LN_2, TWO_TO_52, TWO_TO_54, nearest, polynomial, power_of_two, product, select, sum,
    sum_of_less,
};

/// 1/∛m for m from 1 to 2.
const INVERSE_CBRT: [f64; 5] = [
    // 2^-14.7
    0.028_590_337_017_146_49, -0.221_233_576_524_978_63, 0.695_472_869_269_870_1,
    -1.172_870_516_445_509, 1.670_003_206_213_033_9,
];

/// ∛x: with y near 1/∛m, ∛m = m · y² for x = 2³ᵏ · m.
#[inline(always)]
pub fn cbrt<const SHORT: bool>(x: f64) -> f64 {
    let is_subnormal = !SHORT & (x.abs() < f64::MIN_POSITIVE);
    let bits = select(is_subnormal, x * TWO_TO_54, x).abs().to_bits();
    let exponent = f64::from_bits(TWO_TO_52.to_bits() | bits >> 52) - (TWO_TO_52 + 1023.0);
    let m = f64::from_bits((bits & ((1 << 52) - 1)) | 1.0_f64.to_bits());
    let (k, k_bits) = nearest(exponent * (1.0 / 3.0));
    // −1, 0 or 1: another factor of m.
    let left = exponent - 3.0 * k;
    let y = polynomial(m, &INVERSE_CBRT);
    let m = m * select(left < 0.0, 0.5, select(left > 0.0, 2.0, 1.0));
    let root = select(left > 0.0, 0.793_700_525_984_099_8, 1.0);
    let y = y * select(left < 0.0, 1.259_921_049_894_873_2, root);
    // 1 / ∛(1 − d) = 1 + d/3 + 2d²/9 + 14d³/81 + ..., and d is below 2⁻¹³.
    let d = 1.0 - m * (y * y * y);
    let y = y + y * (d * (1.0 / 3.0 + d * (2.0 / 9.0 + d * (14.0 / 81.0))));
    let root = m * (y * y);
    let root = if SHORT {
        root
    } else {
        let (square, square_low) = product(root, root);
        let (cube, cube_low) = product(square, root);
        let left = (m - cube) - (cube_low + square_low * root);
        root + left * (y * y * (1.0 / 3.0))
    };
    let less = if is_subnormal { 18 } else { 0_u64 };
    let value = (root * power_of_two(k_bits.wrapping_sub(less))).copysign(x);
    select((x == 0.0) | !x.is_finite(), x, value)
}

/// √(x² + y²).
#[inline(always)]
pub fn hypot<const SHORT: bool>(x: f64, y: f64) -> f64 {
    let (x, y) = (x.abs(), y.abs());
    let value = if SHORT {
        // Squares of numbers of single precision are exact, and far from any limit.
        (x * x + y * y).sqrt()
    } else {
        let (less, greater) = if x < y { (x, y) } else { (y, x) };
        let (up, down) = (power_of_two(600), power_of_two(600_u64.wrapping_neg()));
        let (is_large, is_small) = (greater > 1e150, greater < 1e-150);
        let scale = select(is_large, down, select(is_small, up, 1.0));
        let back = select(is_large, up, select(is_small, down, 1.0));
        let (less, greater) = (less * scale, greater * scale);
        // The sum of the squares is rounded only once, then the root.
        let (high, high_rest) = product(greater, greater);
        let (low, low_rest) = product(less, less);
        (((low_rest + high_rest) + low) + high).sqrt() * back
    };
    let any_infinite = (x == f64::INFINITY) | (y == f64::INFINITY);
    select(any_infinite, f64::INFINITY, value)
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
pub(super) fn ln_as_sum<const SHORT: bool>(x: f64) -> Double {
    let Split { k, f, .. } = Split::of::<SHORT>(x);
    // ln(1 + f) = 2 artanh s for s = f / (2 + f).
    let (high, low) = sum_of_less(2.0, f);
    let s = Double::new(f, 0.0).over::<SHORT>(Double::new(high, low));
    if SHORT {
        let z = s.high * s.high;
        let series = z * (2.0 / 3.0 + z * polynomial(z, &LN_FROM_FIFTH));
        let value = 2.0 * s.high + s.high * series;
        return Double::new(k * LN_2.high + (value + k * LN_2.low), 0.0);
    }
    let s = s.normal();
    // s² and, of ln = 2s + s · series, the series to twice the precision.
    let (z, z_low) = product(s.high, s.high);
    let z_low = z_low + 2.0 * s.high * s.low;
    let (first, first_low) = product(z, TWO_THIRDS.high);
    let first_low = first_low + (z_low * TWO_THIRDS.high + z * TWO_THIRDS.low);
    let (series, series_low) = sum_of_less(first, z * z * polynomial(z, &LN_FROM_FIFTH));
    let series_low = series_low + first_low;
    let (more, more_low) = product(s.high, series);
    let more_low = more_low + (s.high * series_low + s.low * series);
    let (high, low) = sum_of_less(2.0 * s.high, more);
    let low = low + (2.0 * s.low + more_low);
    let (high, rest) = sum(k * LN_2.high, high);
    Double::new(high, rest + (low + k * LN_2.low)).normal()
}

/// 2/3.
const TWO_THIRDS: Double = Double::new(2.0 / 3.0, 3.700_743_415_417_188e-17);

/// xʸ = exp(y · ln |x|), with the sign of x if y is an odd integer.
#[inline(always)]
pub fn pow<const SHORT: bool>(x: f64, y: f64) -> f64 {
    let magnitude = x.abs();
    // With any exponent this large the power is 0, 1 or infinite.
    let bound = 7e19;
    let exponent = select(y > bound, bound, y);
    let exponent = select(exponent < -bound, -bound, exponent);
    let ln = ln_as_sum::<SHORT>(magnitude);
    let power = if SHORT {
        Double::new(exponent * ln.high, 0.0)
    } else {
        let (high, low) = product(exponent, ln.high);
        Double::new(high, low + exponent * ln.low)
    };
    let value = exp_of_sum::<SHORT>(power);

    // Cases that the logarithm does not cover.
    let grows = (y > 0.0) == (magnitude > 1.0);
    let limit = select(grows, f64::INFINITY, 0.0);
    let value = select(
        (magnitude == 0.0) | (magnitude == f64::INFINITY),
        limit,
        value,
    );
    // Below 2⁵² the last bit of the sum is that of the integer, and from
    // 2⁵³ on all numbers are even.
    let size = y.abs();
    let rounded = size + TWO_TO_52;
    let is_small = size < TWO_TO_52;
    let is_whole = !is_small | (rounded - TWO_TO_52 == size);
    let last = if is_small {
        rounded.to_bits()
    } else {
        y.to_bits()
    } & 1;
    let is_odd = is_whole & (last == 1) & (size < 2.0 * TWO_TO_52);
    let is_negative = x.is_sign_negative();
    let value = select(is_negative & is_odd, -value, value);
    let has_none = (x < 0.0) & (magnitude < f64::INFINITY) & !is_whole;
    let value = select(has_none | x.is_nan() | y.is_nan(), f64::NAN, value);
    select((y == 0.0) | (x == 1.0), 1.0, value)
}
