//! Activation functions of neural networks; `gelu` is with the error function.

use super::exponential::half_expm1;
use super::extended::{either, exp_parts, scaled_down};
use super::{Double, half_of, power_of_two, product, select, sum, sum_of_less};

/// For e = e^−|x|, with |x| up to 760, above which e is 0: e = 2ᵏ · m as the last bits of k
/// and m, and 1 + e.
#[inline(always)]
fn parts<const SHORT: bool>(x: f64) -> (u64, Double, Double) {
    let magnitude = select(x.abs() > 760.0, 760.0, x.abs());
    let (k, m) = exp_parts::<SHORT>(Double::new(-magnitude, 0.0));
    let e = m.scaled(scaled_down(1.0, k));
    let (high, low) = sum_of_less(1.0, e.high);
    (k, m, Double::new(high, low + e.low))
}

/// x / (1 + e⁻ˣ), for negative x as x · eˣ / (1 + eˣ).
#[inline(always)]
pub fn silu<const SHORT: bool>(x: f64) -> f64 {
    let (k, m, below) = parts::<SHORT>(x);
    // The power of two comes last, as eˣ may be subnormal where the product is not.
    let is_negative = x < 0.0;
    let above = either(is_negative, m, Double::new(1.0, 0.0));
    let k = if is_negative { k } else { 0 };
    let share = above.over::<SHORT>(below);
    let bounded = select(x < -760.0, -760.0, x);
    let value = if SHORT {
        bounded * share.high
    } else {
        // The first product is exact: both factors have 26 bits.
        let first = half_of(bounded);
        first * share.high + ((bounded - first) * share.high + bounded * share.low)
    };
    let value = select(x > 760.0, x, scaled_down(value, k));
    // Also −0, and numbers too small for the product.
    select(x.abs() < 1e-17, 0.5 * x, value)
}

/// x if x > 0, else α (eˣ − 1).
#[inline(always)]
pub fn elu<const SHORT: bool>(x: f64, alpha: f64) -> f64 {
    // Below −40 the difference is −1.
    let bounded = select(x < -40.0, -40.0, select(x > 0.0, 0.0, x));
    let half = half_expm1::<SHORT>(bounded);
    let value = if SHORT {
        2.0 * half.high * alpha
    } else {
        // The low part of the product of a small number would be subnormal.
        let is_small = alpha.abs() < 1e-200;
        let (up, down) = (power_of_two(600), power_of_two(600_u64.wrapping_neg()));
        let factor = select(is_small, alpha * up, alpha);
        let (high, low) = sum(half.high, half.low);
        let (high, rest) = product(high, factor);
        let value = 2.0 * (high + (rest + low * factor));
        select(is_small, value * down, value)
    };
    // Also ±0, numbers too small for the product, and numbers without halves.
    let is_limit = (alpha == 0.0) | (alpha.abs() == f64::INFINITY);
    let is_linear = (x.abs() < 1e-17) | is_limit;
    let value = select(is_linear, select(x < -40.0, -1.0, x) * alpha, value);
    let value = select(x > 0.0, x, value);
    select(x.is_nan() | alpha.is_nan(), f64::NAN, value)
}
