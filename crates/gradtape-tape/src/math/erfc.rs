//! The complementary error function, and the distribution function of the normal
//! distribution in `gelu`.

use super::extended::{exp_parts, in_halves, scaled_down};
use super::{Binary64, Bits, Double, Series, product, select, sum, sum_of_less};

/// Φ(−t) / φ(t) · (t + 4) / √(2π) of 1/(t + 4) − 3/32, for t from 0 to 39, where Φ is the
/// distribution function of the normal distribution and φ its density. The last three
/// coefficients of the long polynomial are separate.
const TAIL: Series<17, 21> = Series {
    // 2^-42.2
    short: [
        46_284_858.627_638_41, -45_704_896.863_584_72, 13_263_975.296_658_605,
        1_108_072.271_536_879_5, -1_019_745.410_897_421_3, -95_373.109_485_344_34,
        77_797.974_955_738_74, 17_310.796_343_720_358, -5_159.880_469_381_737,
        -2_972.301_568_234_755, -178.751_536_575_706_18, 347.764_504_419_485,
        199.104_942_334_238_7, 67.430_254_193_551_75, 17.186_978_201_438_382,
        3.565_526_731_711_927_7, 0.624_820_465_255_955_4,
    ],
    // 2^-56.7
    long: [
        396_031_367_050.488_7, -462_946_267_100.232_5, 204_219_914_939.285_77,
        -28_820_605_294.775_166, -7_394_417_982.536_986, 2_754_212_774.444_71,
        197_790_741.036_297_9, -182_922_817.760_361_28, -6_885_530.430_493_056,
        12_791_011.358_413_367, 558_722.836_437_949_7, -972_738.833_649_742_4,
        -93_224.536_944_929_57, 77_387.143_059_680_46, 17_312.939_502_258_523,
        -5_158.296_559_089_397, -2_972.335_602_536_407_4, -178.754_656_989_219_3,
        347.764_584_576_467_37, 199.104_945_409_178_16, 67.430_254_127_300_96,
    ],
};
const TAIL_CONSTANT: Double = Double::new(0.624_820_465_256_045_1, 2.270_308_813_978_449_2e-17);
const TAIL_LINEAR: Double = Double::new(3.565_526_731_725_985, -2.142_396_312_487_180_8e-16);
const TAIL_SQUARE: Double = Double::new(17.186_978_200_198_08, -2.170_180_978_938_644e-16);

/// √2.
const ROOT_OF_2: Double = Double::new(std::f64::consts::SQRT_2, -9.667_293_313_452_913e-17);

/// Φ(−t) / φ(t) / √(2π) for 0 ≤ t ≤ 39: the factor of exp(−t²/2) in Φ(−t). If `SHORT`, it is a
/// double.
#[inline(always)]
fn tail<F: Binary64, const SHORT: bool>(t: Double<F>) -> Double<F> {
    let (high, low) = sum(t.high, F::from(4.0));
    let inverse = Double::from(F::from(1.0)).over::<SHORT>(Double::new(high, low + t.low));
    let variable = Double::new(inverse.high - 0.093_75, inverse.low);
    let nearest = variable.high + variable.low;
    let mut series = Double::from(in_halves(nearest, TAIL.of::<SHORT>()));
    if !SHORT {
        for constant in [TAIL_SQUARE, TAIL_LINEAR, TAIL_CONSTANT] {
            let product = variable.times::<SHORT>(series);
            series = product.plus(Double::constant(constant));
        }
    }
    series.times::<SHORT>(inverse)
}

/// 1 − erf x = 2 Φ(−x √2), for negative x as 2 − 2 Φ(x √2).
#[inline(always)]
pub fn erfc<F: Binary64, const SHORT: bool>(x: F) -> F {
    // Above 27.3 the nearest number is 0 or 2.
    let magnitude = x.abs().at_most(27.5);
    let t = Double::from(magnitude).times::<SHORT>(Double::constant(ROOT_OF_2));
    let (square, rest) = product(magnitude, magnitude);
    let (k, e) = exp_parts::<F, SHORT>(Double::new(-square, -rest));
    let tail = e.times::<SHORT>(tail::<F, SHORT>(t));
    let above_zero = scaled_down(tail.high + tail.low, k.wrapping_add(1));
    above_zero.unless(x.is_below(0.0), || {
        let twice = tail.scaled(scaled_down(F::from(2.0), k));
        let (high, low) = sum_of_less(2.0, -twice.high);
        high + (low - twice.low)
    })
}

/// x · Φ(x), for positive x as x · (1 − Φ(−x)).
#[inline(always)]
pub fn gelu<F: Binary64, const SHORT: bool>(x: F) -> F {
    // From 39 on Φ is 0 or 1; below, exp(−t²/2) = 2ᵏ · e.
    let t = x.abs().at_most(39.0);
    let (square, rest) = product(t, t);
    let (k, e) = exp_parts::<F, SHORT>(Double::new(square, rest).scaled(-0.5));
    let tail = e.times::<SHORT>(tail::<F, SHORT>(Double::from(t)));
    let below_zero = scaled_down(tail.rounded_times::<SHORT>(-t), k);
    let tail = tail.scaled(scaled_down(F::from(1.0), k));
    let (high, low) = sum_of_less(1.0, -tail.high);
    let above_zero = Double::new(high, low - tail.low).rounded_times::<SHORT>(x);
    let value = select(x.is_below(0.0), below_zero, above_zero);
    let value = select(x.is_above(39.0), x, value);
    // Also −0, and numbers too small for the product.
    select(x.abs().is_below(1e-17), x * 0.5, value)
}
