//! Activation functions of neural networks; `gelu` is with the error function.

use super::exponential::half_expm1;
use super::extended::exp_parts;
use super::{
    Binary64, Bits, Double, either, half_of, power_of_two, product, select, sum, sum_of_less,
    two_to,
};

/// x / (1 + e⁻ˣ), for negative x as x · eˣ / (1 + eˣ).
#[inline(always)]
pub fn silu<F: Binary64, const SHORT: bool>(x: F) -> F {
    // e^−|x| = 2ᵏ · m; above 760 it is 0.
    let (k, m) = exp_parts::<F, SHORT>(Double::from(-x.abs().at_most(760.0)));
    let power: F = power_of_two(k.wrapping_add(128));
    let e = m.scaled(power * two_to(-128));
    let (high, low) = sum_of_less(1.0, e.high);
    let below = Double::new(high, low + e.low);
    // The power of two comes last, as eˣ may be subnormal where the product is not.
    let is_negative = x.is_below(0.0);
    let above = either(is_negative, m, Double::from(F::from(1.0)));
    let share = above.over::<SHORT>(below);
    let bounded = x.at_least(-760.0);
    let value = if SHORT {
        bounded * share.high
    } else {
        // The first product is exact: both factors have 26 bits.
        let first = half_of(bounded);
        first * share.high + ((bounded - first) * share.high + bounded * share.low)
    };
    let power = select(is_negative, power, two_to(128));
    let value = select(x.is_above(760.0), x, value * power * two_to(-128));
    // Also −0, and numbers too small for the product.
    select(x.abs().is_below(1e-17), x * 0.5, value)
}

/// x if x > 0, else α (eˣ − 1).
#[inline(always)]
pub fn elu<F: Binary64, const SHORT: bool>(x: F, alpha: F) -> F {
    // Below −40 the difference is −1.
    let half = half_expm1::<F, SHORT>(x.at_most(0.0).at_least(-40.0));
    let value = if SHORT {
        half.high * 2.0 * alpha
    } else {
        // The low part of the product of a small number would be subnormal.
        let is_small = alpha.abs().is_below(1e-200);
        let factor = select(is_small, alpha * two_to(600), alpha);
        let (high, low) = sum(half.high, half.low);
        let (high, rest) = product(high, factor);
        let value = (high + (rest + low * factor)) * 2.0;
        select(is_small, value * two_to(-600), value)
    };
    // Also ±0, numbers too small for the product, and numbers without halves.
    let is_limit = alpha.equals(0.0) | alpha.abs().equals(f64::INFINITY);
    let is_linear = x.abs().is_below(1e-17) | is_limit;
    let linear = select(x.is_below(-40.0), -1.0, x) * alpha;
    let value = select(is_linear, linear, value);
    let value = select(x.is_above(0.0), x, value);
    select(x.is_nan() | alpha.is_nan(), f64::NAN, value)
}
