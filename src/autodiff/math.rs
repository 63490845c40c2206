//! Elementary functions without branches, so that loops over them run on vectors.
//!
//! All is computed in double precision from sums, products and quotients, each
//! rounded by itself, so the bits are the same on every machine. Results are off
//! by less than one unit in the last place (`tests/it/accuracy.rs`); in single
//! precision, rounded from these, almost always the nearest number.
//!
//! The methods are the classical ones (J.-M. Muller, *Elementary Functions*, 3rd
//! edition, 2016, chapters 5 and 11): the argument is reduced by a multiple of a
//! constant that is split in two or more parts, the rest goes into a Taylor
//! series. Constants that end in a bit pattern are exact.

/// 1.5 · 2⁵²: what is added to it is rounded to a whole number, which then
/// stands in the last bits of the sum.
const MAGIC: f64 = 6_755_399_441_055_744.0;

/// The nearest whole number to x, if |x| < 2⁵¹, and its last bits in two's
/// complement.
#[inline(always)]
fn nearest(x: f64) -> (f64, u64) {
    let sum = x + MAGIC;
    (sum - MAGIC, sum.to_bits())
}

/// a + b without error as its rounded value and the rest (Knuth's two-sum).
#[inline(always)]
fn sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let b_of_s = s - a;
    (s, (a - (s - b_of_s)) + (b - b_of_s))
}

/// 2ᵉ for the exponent in `biased` = e + 1023, from 1 to 2046.
#[inline(always)]
fn power_of_two(biased: u64) -> f64 {
    f64::from_bits(biased << 52)
}

/// x · 2ᵏ for the whole number k in `bits`, from −2000 to 2000: in two steps,
/// the second of which rounds.
#[inline(always)]
fn scaled(x: f64, bits: u64) -> f64 {
    let k = bits.wrapping_add(4096) & 0x1fff;
    let half = k >> 1;
    let first = power_of_two(half.wrapping_sub(2048 - 1023));
    let second = power_of_two((k - half).wrapping_sub(2048 - 1023));
    x * first * second
}

/// The polynomial with these coefficients, that of the highest power first.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut value = 0.0;
    for coefficient in coefficients {
        value = value * x + coefficient;
    }
    value
}

/// ln 2 in two parts: a whole number below 2¹¹ times the first is exact.
const LN_2: [f64; 2] = [
    f64::from_bits(0x3fe6_2e42_fee0_0000),
    1.908_214_929_270_587_7e-10,
];

/// x = k · ln 2 + r: the bits of k, r and what is missing from r, for |x| < 800.
#[inline(always)]
fn without_ln_2(x: f64) -> (u64, f64, f64) {
    let (k, bits) = nearest(x * std::f64::consts::LOG2_E);
    let (high, low) = (x - k * LN_2[0], k * LN_2[1]);
    let r = high - low;
    (bits, r, (high - r) - low)
}

/// (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2: 1/2!, 1/3!, ... are the coefficients.
#[inline(always)]
fn exp_series(r: f64) -> f64 {
    polynomial(
        r,
        [
            1.0 / 87_178_291_200.0,
            1.0 / 6_227_020_800.0,
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5_040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            1.0 / 2.0,
        ],
    )
}

/// eˣ = 2ᵏ · eʳ.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    // Beyond these the result is infinite or 0 anyway.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let (bits, r, missing) = without_ln_2(x);
    scaled(1.0 + (r + (r * r * exp_series(r) + missing)), bits)
}

/// tanh x = (e²ˣ − 1) / (e²ˣ + 1), both to twice the precision.
#[inline(always)]
pub(super) fn tanh(x: f64) -> f64 {
    // Beyond 20 the nearest number is 1.
    let magnitude = if x.abs() > 20.0 { 20.0 } else { x.abs() };
    let (bits, r, missing) = without_ln_2(2.0 * magnitude);
    let power = scaled(1.0, bits);
    // eʳ − 1, times 2ᵏ.
    let rest = r * r * exp_series(r) + missing;
    let high = r + rest;
    let low = (r - high) + rest;
    let (high, low) = (power * high, power * low);
    // 2ᵏ − 1 and 2ᵏ + 1 lose the 1 from 2⁵³ on.
    let (above, one_above) = sum(power, -1.0);
    let (below, one_below) = sum(power, 1.0);
    let (above, above_rest) = sum(above, high);
    let (below, below_rest) = sum(below, high);
    let quotient = above / below;
    // What the rests add.
    let above_rest = (above_rest + one_above) + low;
    let below_rest = (below_rest + one_below) + low;
    let correction = above_rest / below - quotient * (below_rest / below);
    let value = (quotient + correction).copysign(x);
    // Also −0, and what is too small for the correction.
    if x.abs() < 1e-9 { x } else { value }
}

/// The bits of √½.
const ROOT_OF_HALF: u64 = 0x3fe6_a09e_667f_3bcd;

/// ln x = k · ln 2 + ln m for x = 2ᵏ · m and √½ ≤ m < √2, and with f = m − 1 and
/// s = f / (2 + f): ln m = 2 · artanh s = f − f²/2 + s · (f²/2 + 2s²/3 + 2s⁴/5 + ...).
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    let is_subnormal = x < f64::MIN_POSITIVE;
    let normal = if is_subnormal {
        x * power_of_two(1023 + 54)
    } else {
        x
    };
    let bits = normal.to_bits().wrapping_add((1023 << 52) - ROOT_OF_HALF);
    // The exponent as a number: the last bits of 2⁵² + exponent.
    let exponent = f64::from_bits(power_of_two(1023 + 52).to_bits() | bits >> 52);
    let less = if is_subnormal { 54.0 } else { 0.0 };
    let k = exponent - power_of_two(1023 + 52) - 1023.0 - less;
    let m = f64::from_bits((bits & ((1 << 52) - 1)) + ROOT_OF_HALF);

    let f = m - 1.0;
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let square = s * s;
    let series = square
        * polynomial(
            square,
            [
                2.0 / 23.0,
                2.0 / 21.0,
                2.0 / 19.0,
                2.0 / 17.0,
                2.0 / 15.0,
                2.0 / 13.0,
                2.0 / 11.0,
                2.0 / 9.0,
                2.0 / 7.0,
                2.0 / 5.0,
                2.0 / 3.0,
            ],
        );
    let rest = s * (half_square + series) + k * LN_2[1];
    let value = k * LN_2[0] - ((half_square - rest) - f);

    let value = if x == f64::INFINITY { x } else { value };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    if x >= 0.0 { value } else { f64::NAN }
}

/// Up to here angles are reduced without branches: whole numbers of quarter
/// turns times a part of π/2 are exact.
const NEAR: f64 = 1e6;

/// Whether [`sin`] and [`cos`] are defined for this angle.
#[inline(always)]
pub(super) fn is_near(x: f64) -> bool {
    x.abs() <= NEAR
}

/// π/2 in parts of 33 bits, and the rest.
const QUARTER_TURN: [f64; 4] = [
    f64::from_bits(0x3ff9_21fb_5440_0000),
    f64::from_bits(0x3dd0_b461_1a60_0000),
    f64::from_bits(0x3ba3_198a_2e00_0000),
    8.478_427_660_368_9e-32,
];

/// sin r and cos r for x = k · π/2 + r and |r| ≤ π/4, and the bits of k.
#[inline(always)]
fn sin_cos(x: f64) -> (f64, f64, u64) {
    let (k, bits) = nearest(x * std::f64::consts::FRAC_2_PI);
    let [first, second, third, rest] = QUARTER_TURN;
    let (r, e) = sum(x - k * first, -(k * second));
    let (r, f) = sum(r, -(k * third));
    let missing = (e + f) - k * rest;
    // Near a multiple of π/2 what is missing is not small beside r.
    let (r, missing) = sum(r, missing);

    let z = r * r;
    let sin_series = polynomial(
        z,
        [
            1.0 / 355_687_428_096_000.0,
            -1.0 / 1_307_674_368_000.0,
            1.0 / 6_227_020_800.0,
            -1.0 / 39_916_800.0,
            1.0 / 362_880.0,
            -1.0 / 5_040.0,
            1.0 / 120.0,
            -1.0 / 6.0,
        ],
    );
    let sin = r + (r * z * sin_series + missing * (1.0 - 0.5 * z));
    let cos_series = polynomial(
        z,
        [
            1.0 / 20_922_789_888_000.0,
            -1.0 / 87_178_291_200.0,
            1.0 / 479_001_600.0,
            -1.0 / 3_628_800.0,
            1.0 / 40_320.0,
            -1.0 / 720.0,
            1.0 / 24.0,
        ],
    );
    let half = 0.5 * z;
    let high = 1.0 - half;
    let cos = high + (((1.0 - high) - half) + (z * z * cos_series - r * missing));
    (sin, cos, bits)
}

/// `value` with its sign turned round if the second bit of `quarters` is set.
#[inline(always)]
fn turned(value: f64, quarters: u64) -> f64 {
    f64::from_bits(value.to_bits() ^ (quarters & 2) << 62)
}

/// sin x for an angle that [`is_near`].
#[inline(always)]
pub(super) fn sin(x: f64) -> f64 {
    let (sin, cos, quarters) = sin_cos(x);
    let value = turned(if quarters & 1 == 0 { sin } else { cos }, quarters);
    // Also −0.
    if x.abs() < 1e-9 { x } else { value }
}

/// cos x for an angle that [`is_near`].
#[inline(always)]
pub(super) fn cos(x: f64) -> f64 {
    let (sin, cos, quarters) = sin_cos(x);
    let value = if quarters & 1 == 0 { cos } else { sin };
    turned(value, quarters.wrapping_add(1))
}
