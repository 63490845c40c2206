//! Trigonometric functions of angles in radians, and their inverses.

use super::{
    Binary64, Bits, Double, Series, either, nearest, polynomial, select, sum, sum_of_less, two_to,
};

/// Up to here angles are reduced without branches: products of the number of quarter
/// turns and a part of π/2 are exact.
const NEAR: f64 = 1e6;

/// Whether `near_sin`, `near_cos` and `near_tan` are defined for this angle.
#[inline(always)]
pub fn is_near<F: Binary64>(x: F) -> F::Truth {
    x.abs().is_at_most(NEAR)
}

/// π/2 in parts of 33 bits, and the rest.
const QUARTER_TURN: [f64; 4] = [
    f64::from_bits(0x3ff9_21fb_5440_0000),
    f64::from_bits(0x3dd0_b461_1a60_0000),
    f64::from_bits(0x3ba3_198a_2e00_0000),
    8.478_427_660_368_9e-32,
];

/// (sin r − r) / r³ of r², for |r| ≤ π/4.
const SIN: Series<4, 6> = Series {
    // 2^-37.6
    short: [
        2.718_311_202_123_764_7e-6,
        -0.000_198_393_348_075_572_02,
        0.008_333_329_385_815_087,
        -0.166_666_666_416_260_63,
    ],
    // 2^-57.3
    long: [
        1.589_682_632_969_122_5e-10,
        -2.505_075_862_866_322e-8,
        2.755_731_369_509_019e-6,
        -0.000_198_412_698_298_166_17,
        0.008_333_333_333_322_424,
        -0.166_666_666_666_666_32,
    ],
};

/// (cos r − 1 + r²/2) / r⁴ of r², for |r| ≤ π/4.
const COS: Series<4, 6> = Series {
    // 2^-43.2
    short: [
        -2.721_026_473_044_270_6e-7, 2.479_952_031_786_803_3e-5, -0.001_388_888_375_433_703_5,
        0.041_666_666_622_832_09,
    ],
    // 2^-60.0
    long: [
        -1.135_966_950_097_412_6e-11, 2.087_572_367_937_79e-9, -2.755_731_435_522_268_3e-7,
        2.480_158_728_949_184_4e-5, -0.001_388_888_888_887_414, 0.041_666_666_666_666_6,
    ],
};

/// The bits of k, and r for x = k · π/2 + r with |r| ≤ π/4.
#[inline(always)]
fn without_quarters<F: Binary64, const SHORT: bool>(x: F) -> (F::Bits, Double<F>) {
    let (k, bits) = nearest(x * std::f64::consts::FRAC_2_PI);
    let [first, second, third, rest] = QUARTER_TURN;
    // No number of single precision is so near a multiple of π/2 that more
    // than the last bits of a double would be lost.
    if SHORT {
        let r = ((x - k * first) - k * second) - k * third;
        return (bits, Double::from(r));
    }
    let (r, e) = sum(x - k * first, -(k * second));
    let (r, f) = sum(r, -(k * third));
    let missing = (e + f) - k * rest;
    // Near a multiple of π/2 the missing part is not small relative to r.
    (bits, Double::new(r, missing).normal())
}

/// sin r as a sum.
#[inline(always)]
fn small_sin<F: Binary64, const SHORT: bool>(r: Double<F>) -> Double<F> {
    let z = r.high * r.high;
    let rest = r.high * z * polynomial(z, SIN.of::<SHORT>());
    if SHORT {
        return Double::new(r.high, rest);
    }
    Double::new(r.high, rest + r.low * (F::from(1.0) - z * 0.5))
}

/// cos r as a sum.
#[inline(always)]
fn small_cos<F: Binary64, const SHORT: bool>(r: Double<F>) -> Double<F> {
    let z = r.high * r.high;
    let half = z * 0.5;
    let high = F::from(1.0) - half;
    let rest = z * z * polynomial(z, COS.of::<SHORT>());
    if SHORT {
        return Double::new(high, rest);
    }
    let low = (F::from(1.0) - high) - half;
    Double::new(high, low + (rest - r.high * r.low))
}

/// `value` with its sign inverted if the second bit of `quarters` is set.
#[inline(always)]
fn turned<F: Binary64>(value: F, quarters: F::Bits) -> F {
    F::from_bits(value.to_bits() ^ (quarters & 2) << 62)
}

/// The sine of r plus `quarters` quarter turns.
#[inline(always)]
fn sin_after<F: Binary64, const SHORT: bool>(quarters: F::Bits, r: Double<F>) -> F {
    let (sin, cos) = (small_sin::<F, SHORT>(r), small_cos::<F, SHORT>(r));
    let (sin, cos) = (sin.high + sin.low, cos.high + cos.low);
    turned(select(quarters.is_odd(), cos, sin), quarters)
}

/// sin x for an angle that [`is_near`].
#[inline(always)]
pub fn near_sin<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (quarters, r) = without_quarters::<F, SHORT>(x);
    let value = sin_after::<F, SHORT>(quarters, r);
    // Also −0.
    select(x.abs().is_below(1e-9), x, value)
}

/// cos x for an angle that [`is_near`].
#[inline(always)]
pub fn near_cos<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (quarters, r) = without_quarters::<F, SHORT>(x);
    sin_after::<F, SHORT>(quarters.wrapping_add(1), r)
}

/// tan x = sin x / cos x for an angle that [`is_near`].
#[inline(always)]
pub fn near_tan<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (quarters, r) = without_quarters::<F, SHORT>(x);
    let sin = small_sin::<F, SHORT>(r).normal();
    let cos = small_cos::<F, SHORT>(r).normal();
    let is_odd = quarters.is_odd();
    let above = either(is_odd, cos.scaled(-1.0), sin);
    let value = above.over::<SHORT>(either(is_odd, sin, cos));
    // Also −0, and numbers too small for the quotient.
    select(x.abs().is_below(1e-9), x, value.high + value.low)
}

/// (arcsin x − x) / x³ of x², for |x| ≤ ½.
const ASIN: Series<8, 13> = Series {
    // 2^-39.9
    short: [
        0.032_945_877_304_906_22, 0.001_944_569_500_481_142_8, 0.020_660_520_558_966,
        0.021_862_715_173_847_257, 0.030_426_873_878_319_466, 0.044_640_685_876_414_23,
        0.075_000_050_472_732_75, 0.166_666_666_266_719_67,
    ],
    // 2^-59.4
    long: [
        0.032_683_438_696_102_41, -0.021_087_537_107_732_895, 0.021_770_576_585_136_17,
        0.003_680_200_333_011_782, 0.010_787_263_398_555_272, 0.011_397_648_213_688_372,
        0.013_980_976_664_974_741, 0.017_351_598_857_151_665, 0.022_372_215_727_056_374,
        0.030_381_942_681_322_15, 0.044_642_857_175_166_94, 0.074_999_999_999_702_15,
        0.166_666_666_666_667_63,
    ],
};

const PI: Double = Double::new(std::f64::consts::PI, 1.224_646_799_147_353_2e-16);
const HALF_PI: Double = Double::new(std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17);

/// arcsin s as a sum for s = |x| ≤ ½, and for larger |x| twice arcsin s for
/// s = √((1 − |x|)/2), which is the difference to π/2.
#[inline(always)]
fn small_asin<F: Binary64, const SHORT: bool>(magnitude: F) -> (F::Truth, Double<F>) {
    let is_far = magnitude.is_above(0.5);
    let half = (F::from(1.0) - magnitude) * 0.5;
    let z = select(is_far, half, magnitude * magnitude);
    let s = select(is_far, z.sqrt(), magnitude);
    let factor = select(is_far, 2.0, 1.0);
    let mut rest = s * (z * polynomial(z, ASIN.of::<SHORT>()));
    if !SHORT {
        let missing = Double::from(z).missing_of_root(s);
        rest = rest + select(is_far, missing, 0.0);
    }
    (is_far, Double::new(factor * s, factor * rest))
}

/// arcsin x.
#[inline(always)]
pub fn asin<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (is_far, small) = small_asin::<F, SHORT>(x.abs());
    let (high, low) = sum_of_less(HALF_PI.high, -small.high);
    let far = high + (low + (F::from(HALF_PI.low) - small.low));
    select(is_far, far, small.high + small.low).copysign(x)
}

/// arccos x.
#[inline(always)]
pub fn acos<F: Binary64, const SHORT: bool>(x: F) -> F {
    let (is_far, small) = small_asin::<F, SHORT>(x.abs());
    let is_negative = x.is_below(0.0);
    // π/2 − arcsin x near 0, else the difference to π or 0.
    let zero = Double::from(F::from(0.0));
    let far = either(is_negative, Double::constant(PI), zero);
    let base = either(is_far, far, Double::constant(HALF_PI));
    let less = either(is_far ^ is_negative, small, small.scaled(-1.0));
    let (high, low) = sum(base.high, less.high);
    high + (low + (base.low + less.low))
}

/// (arctan u − u) / u³ of u², for |u| ≤ √2 − 1.
const ATAN: Series<7, 11> = Series {
    // 2^-40.2
    short: [
        -0.037_957_494_732_876_07, 0.069_931_901_090_228_97, -0.089_972_986_933_608_8,
        0.111_040_563_086_185_15, -0.142_854_266_540_987_04, 0.199_999_944_070_067_35,
        -0.333_333_332_964_425_74,
    ],
    // 2^-58.7
    long: [
        -0.017_920_741_590_608_13, 0.038_076_942_684_567_155, -0.050_397_923_601_655_244,
        0.058_479_973_857_262_786, -0.066_631_188_397_573_47, 0.076_920_615_053_284_07,
        -0.090_908_978_293_074_39, 0.111_111_107_859_008_21, -0.142_857_142_802_440_6,
        0.199_999_999_999_540_4, -0.333_333_333_333_332,
    ],
};

/// The angle of the point (x, y), both at least 0 and not both 0, or π minus the
/// angle if `side` is negative. It is a multiple of π/4 plus the arc tangent of a quotient.
///
/// The larger of them must be far enough from the limits of a double that it can be
/// multiplied by its parts.
#[inline(always)]
fn angle<F: Binary64, const SHORT: bool>(y: F, x: F, side: F) -> F {
    const ROOT_OF_2: f64 = std::f64::consts::SQRT_2;
    let is_small = y.is_at_most(x * (ROOT_OF_2 - 1.0));
    let is_large = y.is_above(x * (ROOT_OF_2 + 1.0));
    let (less, less_low) = sum(y, -x);
    let (more, more_low) = sum(y, x);
    let above = select(is_small, y, select(is_large, -x, less));
    let below = select(is_small, x, select(is_large, y, more));
    let is_exact = is_small | is_large;
    let above = Double::new(above, select(is_exact, 0.0, less_low));
    let below = Double::new(below, select(is_exact, 0.0, more_low));
    let u = above.over::<SHORT>(below).normal();
    let z = u.high * u.high;
    let rest = u.high * (z * polynomial(z, ATAN.of::<SHORT>())) + u.low;

    let from_pi = side.is_sign_negative();
    let eighths = select(is_small, 0.0, select(is_large, 2.0, 1.0));
    let eighths = select(from_pi, F::from(4.0) - eighths, eighths);
    let u_high = select(from_pi, -u.high, u.high);
    let rest = select(from_pi, -rest, rest);
    // Exact, also for 3: the last bits of this π are zeros.
    let base = eighths * (0.25 * PI.high);
    let (high, low) = sum(base, u_high);
    high + (low + (eighths * (0.25 * PI.low) + rest))
}

/// arctan x.
#[inline(always)]
pub fn atan<F: Binary64, const SHORT: bool>(x: F) -> F {
    // From here on the nearest number is π/2.
    let magnitude = x.abs().at_most(1e18);
    let one = F::from(1.0);
    let value = angle::<F, SHORT>(magnitude, one, one);
    // Also numbers too small for the quotient.
    select(x.abs().is_below(1e-9), x, value.copysign(x))
}

/// The angle of the point (x, y).
#[inline(always)]
pub fn atan2<F: Binary64, const SHORT: bool>(y: F, x: F) -> F {
    let (height, width) = (y.abs(), x.abs());
    // An infinity becomes 1 and the other number 0; both become 1 if both are infinite.
    let (high, wide) = (height.equals(f64::INFINITY), width.equals(f64::INFINITY));
    let any = high | wide;
    let finite = |is_infinite: F::Truth, x: F| {
        let x = select(any, x * 0.0, x);
        select(is_infinite, 1.0, x)
    };
    let (height, width) = (finite(high, height), finite(wide, width));
    // The origin counts as a point of the axis.
    let width = select(height.equals(0.0) & width.equals(0.0), 1.0, width);
    if SHORT {
        return angle::<F, SHORT>(height, width, x).copysign(y);
    }
    // Both are scaled alike, to where products with their parts are exact.
    let (up, down) = (two_to(300), two_to(-300));
    let greater = select(height.is_above(width), height, width);
    let scale = select(greater.is_below(1e-200), up, 1.0);
    let scale = select(greater.is_above(1e200), down, scale);
    let (height, width) = (height * scale, width * scale);
    let value = angle::<F, SHORT>(height, width, x);
    // A very small angle is the quotient, which may be subnormal.
    let is_quotient = !x.is_sign_negative() & height.is_below(width * 1e-9);
    select(is_quotient, height / width, value).copysign(y)
}
