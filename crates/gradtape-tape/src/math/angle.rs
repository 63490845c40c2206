//! Trigonometric functions of angles in radians, and their inverses.

use super::{Double, Series, nearest, power_of_two, select, sum, sum_of_less};

/// Up to here angles are reduced without branches: products of the number of quarter
/// turns and a part of π/2 are exact.
const NEAR: f64 = 1e6;

/// Whether [`sin`], [`cos`] and [`tan`] are defined for this angle.
#[inline(always)]
pub fn is_near(x: f64) -> bool {
    x.abs() <= NEAR
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
fn without_quarters<const SHORT: bool>(x: f64) -> (u64, Double) {
    let (k, bits) = nearest(x * std::f64::consts::FRAC_2_PI);
    let [first, second, third, rest] = QUARTER_TURN;
    // No number of single precision is so near a multiple of π/2 that more
    // than the last bits of a double would be lost.
    if SHORT {
        let r = ((x - k * first) - k * second) - k * third;
        return (bits, Double::new(r, 0.0));
    }
    let (r, e) = sum(x - k * first, -(k * second));
    let (r, f) = sum(r, -(k * third));
    let missing = (e + f) - k * rest;
    // Near a multiple of π/2 the missing part is not small relative to r.
    let (high, low) = sum_of_less(r, missing);
    (bits, Double::new(high, low))
}

/// sin r as a sum.
#[inline(always)]
fn small_sin<const SHORT: bool>(r: Double) -> Double {
    let z = r.high * r.high;
    let rest = r.high * z * SIN.at::<SHORT>(z);
    if SHORT {
        return Double::new(r.high, rest);
    }
    Double::new(r.high, rest + r.low * (1.0 - 0.5 * z))
}

/// cos r as a sum.
#[inline(always)]
fn small_cos<const SHORT: bool>(r: Double) -> Double {
    let z = r.high * r.high;
    let half = 0.5 * z;
    let high = 1.0 - half;
    let rest = z * z * COS.at::<SHORT>(z);
    if SHORT {
        return Double::new(high, rest);
    }
    Double::new(high, ((1.0 - high) - half) + (rest - r.high * r.low))
}

/// `value` with its sign inverted if the second bit of `quarters` is set.
#[inline(always)]
fn turned(value: f64, quarters: u64) -> f64 {
    f64::from_bits(value.to_bits() ^ (quarters & 2) << 62)
}

/// The sine of r plus `quarters` quarter turns.
#[inline(always)]
fn sin_after<const SHORT: bool>(quarters: u64, r: Double) -> f64 {
    let (sin, cos) = (small_sin::<SHORT>(r), small_cos::<SHORT>(r));
    let (sin, cos) = (sin.high + sin.low, cos.high + cos.low);
    turned(select(quarters & 1 == 0, sin, cos), quarters)
}

/// sin x for an angle that [`is_near`].
#[inline(always)]
pub fn sin<const SHORT: bool>(x: f64) -> f64 {
    let (quarters, r) = without_quarters::<SHORT>(x);
    let value = sin_after::<SHORT>(quarters, r);
    // Also −0.
    select(x.abs() < 1e-9, x, value)
}

/// cos x for an angle that [`is_near`].
#[inline(always)]
pub fn cos<const SHORT: bool>(x: f64) -> f64 {
    let (quarters, r) = without_quarters::<SHORT>(x);
    sin_after::<SHORT>(quarters.wrapping_add(1), r)
}

/// tan x = sin x / cos x for an angle that [`is_near`].
#[inline(always)]
pub fn tan<const SHORT: bool>(x: f64) -> f64 {
    let (quarters, r) = without_quarters::<SHORT>(x);
    let (sin, cos) = (
        small_sin::<SHORT>(r).normal(),
        small_cos::<SHORT>(r).normal(),
    );
    let is_odd = quarters & 1 == 1;
    let above = Double::new(
        select(is_odd, -cos.high, sin.high),
        select(is_odd, -cos.low, sin.low),
    );
    let below = Double::new(
        select(is_odd, sin.high, cos.high),
        select(is_odd, sin.low, cos.low),
    );
    let value = above.over::<SHORT>(below);
    // Also −0, and numbers too small for the quotient.
    select(x.abs() < 1e-9, x, value.high + value.low)
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
fn small_asin<const SHORT: bool>(magnitude: f64) -> (bool, Double) {
    let is_far = magnitude > 0.5;
    let half = 0.5 * (1.0 - magnitude);
    let z = select(is_far, half, magnitude * magnitude);
    let s = select(is_far, z.sqrt(), magnitude);
    let factor = select(is_far, 2.0, 1.0);
    let mut rest = s * (z * ASIN.at::<SHORT>(z));
    if !SHORT {
        let missing = Double::new(z, 0.0).missing_of_root(s);
        rest += select(is_far, missing, 0.0);
    }
    (is_far, Double::new(factor * s, factor * rest))
}

/// arcsin x.
#[inline(always)]
pub fn asin<const SHORT: bool>(x: f64) -> f64 {
    let (is_far, small) = small_asin::<SHORT>(x.abs());
    let (high, low) = sum_of_less(HALF_PI.high, -small.high);
    let far = high + (low + (HALF_PI.low - small.low));
    select(is_far, far, small.high + small.low).copysign(x)
}

/// arccos x.
#[inline(always)]
pub fn acos<const SHORT: bool>(x: f64) -> f64 {
    let (is_far, small) = small_asin::<SHORT>(x.abs());
    let is_negative = x < 0.0;
    // π/2 − arcsin x near 0, else the difference to π or 0.
    let far = Double::new(
        select(is_negative, PI.high, 0.0),
        select(is_negative, PI.low, 0.0),
    );
    let base = Double::new(
        select(is_far, far.high, HALF_PI.high),
        select(is_far, far.low, HALF_PI.low),
    );
    let is_less = is_far == is_negative;
    let less = Double::new(
        select(is_less, -small.high, small.high),
        select(is_less, -small.low, small.low),
    );
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
/// angle if `from_pi`. It is a multiple of π/4 plus the arc tangent of a quotient.
///
/// The larger of them must be far enough from the limits of a double that it can be
/// multiplied by its parts.
#[inline(always)]
fn angle<const SHORT: bool>(y: f64, x: f64, from_pi: bool) -> f64 {
    const ROOT_OF_2: f64 = std::f64::consts::SQRT_2;
    let is_small = y <= (ROOT_OF_2 - 1.0) * x;
    let is_large = y > (ROOT_OF_2 + 1.0) * x;
    let (less, less_low) = sum(y, -x);
    let (more, more_low) = sum(y, x);
    let above = select(is_small, y, select(is_large, -x, less));
    let below = select(is_small, x, select(is_large, y, more));
    let is_exact = is_small | is_large;
    let above = Double::new(above, select(is_exact, 0.0, less_low));
    let below = Double::new(below, select(is_exact, 0.0, more_low));
    let u = above.over::<SHORT>(below).normal();
    let z = u.high * u.high;
    let rest = u.high * (z * ATAN.at::<SHORT>(z)) + u.low;

    let eighths = select(is_small, 0.0, select(is_large, 2.0, 1.0));
    let eighths = select(from_pi, 4.0 - eighths, eighths);
    let u_high = select(from_pi, -u.high, u.high);
    let rest = select(from_pi, -rest, rest);
    // Exact, also for 3: the last bits of this π are zeros.
    let base = eighths * (0.25 * PI.high);
    let (high, low) = sum(base, u_high);
    high + (low + (eighths * (0.25 * PI.low) + rest))
}

/// arctan x.
#[inline(always)]
pub fn atan<const SHORT: bool>(x: f64) -> f64 {
    // From here on the nearest number is π/2.
    let magnitude = select(x.abs() > 1e18, 1e18, x.abs());
    let value = angle::<SHORT>(magnitude, 1.0, false);
    // Also numbers too small for the quotient.
    select(x.abs() < 1e-9, x, value.copysign(x))
}

/// The angle of the point (x, y).
#[inline(always)]
pub fn atan2<const SHORT: bool>(y: f64, x: f64) -> f64 {
    let (height, width) = (y.abs(), x.abs());
    // An infinity becomes 1 and the other number 0; both become 1 if both are infinite.
    let (high, wide) = (height == f64::INFINITY, width == f64::INFINITY);
    let any = high | wide;
    let finite = |is_infinite: bool, x: f64| {
        let x = select(any, x * 0.0, x);
        select(is_infinite, 1.0, x)
    };
    let (height, width) = (finite(high, height), finite(wide, width));
    // The origin counts as a point of the axis.
    let width = select((height == 0.0) & (width == 0.0), 1.0, width);
    let from_pi = x.is_sign_negative();
    if SHORT {
        return angle::<SHORT>(height, width, from_pi).copysign(y);
    }
    // Both are scaled alike, to where products with their parts are exact.
    let (up, down) = (power_of_two(300), power_of_two(300_u64.wrapping_neg()));
    let greater = select(height > width, height, width);
    let scale = select(greater > 1e200, down, select(greater < 1e-200, up, 1.0));
    let (height, width) = (height * scale, width * scale);
    let value = angle::<SHORT>(height, width, from_pi);
    // A very small angle is the quotient, which may be subnormal.
    let is_quotient = !from_pi & (height < 1e-9 * width);
    select(is_quotient, height / width, value).copysign(y)
}
