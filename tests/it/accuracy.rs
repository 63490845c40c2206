//! Every function against correctly rounded values: how many numbers of the
//! precision lie between the two, at most.
//!
//! The correct values come from CORE-MATH; those of `sigmoid` and `softplus`, which
//! it does not have, from [`twice`], and those of other functions for some numbers from mpmath
//! (in `goldens/mpmath.csv`, made by `goldens/values.py`). For `f32` they come from `f64`:
//! rounded once more, that is off by one for a number in some hundred million.

use gradtape_tape::Real;
use rayon::prelude::*;

use crate::random::Random;
use crate::twice;

/// A function here, and the same correctly rounded.
struct Function<T> {
    name: &'static str,
    ours: fn(T) -> T,
    exact: fn(T) -> T,
}

macro_rules! functions {
    ($type:ident: $($name:ident $exact:path),+ $(,)?) => {
        &[$(Function {
            name: stringify!($name),
            ours: <$type as Real>::$name,
            exact: $exact,
        }),+]
    };
}

const SINGLE: &[Function<f32>] = functions!(f32:
    cbrt core_math::cbrtf, exp core_math::expf, expm1 core_math::expm1f,
    ln core_math::logf, ln_1p core_math::log1pf, log2 core_math::log2f,
    log10 core_math::log10f, sin core_math::sinf, cos core_math::cosf,
    tan core_math::tanf, asin core_math::asinf, acos core_math::acosf,
    atan core_math::atanf, sinh core_math::sinhf, cosh core_math::coshf,
    tanh core_math::tanhf, asinh core_math::asinhf, acosh core_math::acoshf,
    atanh core_math::atanhf, erf core_math::erff, sigmoid sigmoid, softplus softplus,
    erfc core_math::erfcf, gelu gelu, silu silu, lgamma core_math::lgammaf, digamma digamma,
);
const DOUBLE: &[Function<f64>] = functions!(f64:
    cbrt core_math::cbrt, exp core_math::exp, expm1 core_math::expm1,
    ln core_math::log, ln_1p core_math::log1p, log2 core_math::log2,
    log10 core_math::log10, sin core_math::sin, cos core_math::cos,
    tan core_math::tan, asin core_math::asin, acos core_math::acos,
    atan core_math::atan, sinh core_math::sinh, cosh core_math::cosh,
    tanh core_math::tanh, asinh core_math::asinh, acosh core_math::acosh,
    atanh core_math::atanh, erf core_math::erf, sigmoid twice::sigmoid,
    softplus twice::softplus, erfc core_math::erfc, lgamma lgamma,
);

fn sigmoid(x: f32) -> f32 {
    let e = core_math::exp(-f64::from(x).abs());
    ((if x < 0.0 { e } else { 1.0 }) / (1.0 + e)) as f32
}

fn softplus(x: f32) -> f32 {
    let x = f64::from(x);
    // `max` would ignore NaN, the sum does not.
    (x.max(0.0) + core_math::log1p(core_math::exp(-x.abs()))) as f32
}

fn gelu(x: f32) -> f32 {
    Real::gelu(f64::from(x)) as f32
}

fn silu(x: f32) -> f32 {
    Real::silu(f64::from(x)) as f32
}

fn digamma(x: f32) -> f32 {
    Real::digamma(f64::from(x)) as f32
}

/// Below 0, where it is off by more near its zeros, see
/// `near_their_zeros_below_0_functions_are_off_by_a_tiny_number`.
fn lgamma(x: f64) -> f64 {
    if x < 0.0 {
        Real::lgamma(x)
    } else {
        core_math::lgamma(x)
    }
}

/// The number of steps from one number to the next from `x` to `y`; NaN is
/// far from everything but NaN, and 0 from −0.
fn distance<T: Real>(x: T, y: T) -> u64 {
    let (x_is_nan, y_is_nan) = (x.to_f64().is_nan(), y.to_f64().is_nan());
    if x_is_nan || y_is_nan {
        return if x_is_nan && y_is_nan { 0 } else { u64::MAX };
    }
    if x == T::ZERO && y == T::ZERO {
        return if x.bits() == y.bits() { 0 } else { u64::MAX };
    }
    let sign = (-T::ZERO).bits();
    let place = |x: T| {
        let magnitude = i128::from(x.bits() & !sign);
        if x.bits() & sign == 0 {
            magnitude
        } else {
            -magnitude
        }
    };
    u64::try_from((place(x) - place(y)).unsigned_abs()).unwrap_or(u64::MAX)
}

/// For each function, the number of values that are off by one unit in the last place,
/// and the first of them. None is off by more.
fn table<T: Real>(
    functions: &[Function<T>],
    numbers: impl Fn() -> Box<dyn Iterator<Item = T>> + Sync,
) -> String {
    let lines: Vec<String> = functions
        .par_iter()
        .map(|function| {
            let (mut off, mut first) = (0_u64, None);
            for x in numbers() {
                let away = distance((function.ours)(x), (function.exact)(x));
                let name = function.name;
                assert!(away <= 1, "{name}: {away} units at {x:e}", x = x.to_f64());
                off += away;
                if away > 0 && first.is_none() {
                    first = Some(x);
                }
            }
            let at = first.map_or(String::new(), |x| format!(", first at {x}"));
            format!("{:8} {off} off by 1{at}\n", function.name)
        })
        .collect();
    lines.concat()
}

/// Every `step`-th f32.
fn singles(step: usize) -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(step).map(f32::from_bits)
}

#[test]
fn functions_of_f32_are_as_accurate_as_documented() {
    insta::assert_snapshot!(table(SINGLE, || Box::new(singles(4093))));
}

#[test]
#[ignore = "every f32, an hour; run it when a definition changes"]
fn functions_of_every_f32_are_as_accurate_as_documented() {
    insta::assert_snapshot!(table(SINGLE, || Box::new(singles(1))));
}

/// Numbers of every size, and more of them where a definition changes from one
/// case to the next or the result is near 0.
fn doubles() -> Vec<f64> {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_8, LN_2, SQRT_2};

    let mut random = Random(5);
    let mut numbers = SPECIAL.to_vec();
    numbers.extend(SPECIAL.map(|x| -x));
    for _ in 0..200_000 {
        // Any number, any of ordinary size, and any below 1.
        numbers.push(f64::from_bits(random.next()));
        let signed = random.between(-1.0, 1.0);
        let mut power = |bound| 2f64.powi(i32::try_from(random.below(bound)).unwrap());
        numbers.push(signed * power(24) / 4096.0);
        numbers.push(signed / power(1023) / power(52));
        // Where the exponential function begins to overflow and to underflow.
        numbers.push(signed * 750.0);
        // Near 1, near a multiple of π/2, near an odd multiple of ½ ln 2 and near
        // √½ times a power of 2.
        let near = 1.0 + signed / power(52);
        let whole = (random.unit() * 2f64.powi(random.below(24) as i32)).round();
        numbers.push(near);
        numbers.push(whole * FRAC_PI_2 * near);
        numbers.push((whole % 2000.0 - 999.5) * LN_2 * near);
        numbers.push(SQRT_2 * 2f64.powi((whole % 2100.0) as i32 - 1074) * near);
        // Near the borders of arcs and of the error function.
        let borders = [0.5, FRAC_PI_8.tan(), 1.0 / FRAC_PI_8.tan(), 6.0, 1e-9, 20.0];
        let border = borders[random.below(borders.len())].copysign(signed);
        numbers.push(border * near);
    }
    numbers
}

/// Also with the other sign.
const SPECIAL: [f64; 24] = [
    0.0,
    5e-324,
    1e-310,
    f64::MIN_POSITIVE,
    1e-200,
    0.25,
    1.0 / 3.0,
    0.5,
    1.0 - f64::EPSILON / 2.0,
    1.0,
    1.0 + f64::EPSILON,
    1.5,
    2.0,
    3.0,
    6.0,
    709.8,
    1023.0,
    1074.0,
    4_503_599_627_370_497.0,
    9_007_199_254_740_991.0,
    9_007_199_254_740_994.0,
    f64::MAX,
    f64::INFINITY,
    f64::NAN,
];

#[test]
fn functions_of_f64_are_as_accurate_as_documented() {
    let doubles = doubles();
    let numbers = || -> Box<dyn Iterator<Item = f64>> { Box::new(doubles.clone().into_iter()) };
    insta::assert_snapshot!(table(DOUBLE, numbers));
}

/// Two numbers: every pair of special ones, of ordinary size, far apart, near 1 and
/// arbitrary, and where a power begins to overflow and to underflow.
fn pairs<T: Real>() -> Vec<[T; 2]> {
    let mut random = Random(6);
    let mut pairs = Vec::new();
    for x in SPECIAL {
        for y in SPECIAL {
            pairs.extend([[x, y], [-x, y], [x, -y], [-x, -y]]);
        }
    }
    for _ in 0..250_000 {
        let mut number = || {
            let signed = random.between(-1.0, 1.0);
            match random.below(6) {
                0 => f64::from_bits(random.next()),
                1 => 1.0 + signed * 2f64.powi(-(random.below(52) as i32)),
                2 => signed * 2f64.powi(random.below(2000) as i32 - 1000),
                3 => random.number::<T>().to_f64(),
                _ => signed * 2f64.powi(random.below(40) as i32 - 20),
            }
        };
        let (x, y) = (number(), number());
        pairs.push([x, y]);
        let x = x.abs();
        pairs.push([x, random.between(-750.0, 750.0) / x.ln()]);
    }
    let round = |pair: [f64; 2]| pair.map(T::from_f64);
    pairs.into_iter().map(round).collect()
}

/// A name, the function here, and the same correctly rounded.
type OfTwo<T> = (&'static str, fn(T, T) -> T, fn(T, T) -> T);

fn functions_of_two_numbers_are_off_by_one_at_most<T: Real>(functions: [OfTwo<T>; 3]) {
    let pairs = pairs();
    functions.par_iter().for_each(|(name, ours, exact)| {
        for [x, y] in &pairs {
            let away = distance(ours(*x, *y), exact(*x, *y));
            assert!(away <= 1, "{name} of {x:?} and {y:?}: {away} units");
        }
    });
}

#[test]
fn functions_of_two_numbers_are_as_accurate_as_documented() {
    functions_of_two_numbers_are_off_by_one_at_most::<f32>([
        ("atan2", Real::atan2, core_math::atan2f),
        ("hypot", Real::hypot, core_math::hypotf),
        ("pow", Real::pow, core_math::powf),
    ]);
    functions_of_two_numbers_are_off_by_one_at_most::<f64>([
        ("atan2", Real::atan2, core_math::atan2),
        ("hypot", Real::hypot, core_math::hypot),
        ("pow", Real::pow, core_math::pow),
    ]);
}

/// Rows of `goldens/mpmath.csv`: the function, two operands, and the nearest number.
fn golden() -> impl Iterator<Item = (&'static str, [f64; 2], f64)> {
    let lines = include_str!("goldens/mpmath.csv").lines().skip(1);
    lines.map(|line| {
        let (name, numbers) = line.split_once(',').unwrap();
        let numbers: Vec<f64> = numbers.split(',').map(|it| it.parse().unwrap()).collect();
        let operands = match name {
            "polygamma" => [numbers[0], numbers[1]],
            _ => [numbers[1], numbers[2]],
        };
        (name, operands, numbers[3])
    })
}

#[test]
fn functions_have_the_values_of_mpmath() {
    let mut off = std::collections::BTreeMap::<&str, [u64; 2]>::new();
    for (name, [x, y], exact) in golden() {
        let value = match name {
            "gelu" => x.gelu(),
            "silu" => x.silu(),
            "elu" => x.elu(y),
            "log_add_exp" => x.log_add_exp(y),
            "digamma" => x.digamma(),
            "polygamma" => x.polygamma(y),
            name => panic!("{name}"),
        };
        // The bounds that `Real` states; below 0 near a zero.
        let bound = match (name, x, y) {
            ("digamma", ..0.0, _) => 3.3e-17,
            // Two derivatives of even order have a zero between the poles.
            ("polygamma", _, ..0.0) if x % 2.0 == 0.0 => {
                let factorial: f64 = (1..=x as u32).map(f64::from).product();
                1.8 * factorial * 2.0_f64.powf(x + 1.0) * f64::EPSILON / 2.0
            }
            ("log_add_exp", ..) => x.min(y).exp() * 2.0_f64.powi(-99),
            _ => 0.0,
        };
        let away = distance(value, exact);
        let is_near = (value - exact).abs() <= bound;
        assert!(
            away <= 1 || is_near,
            "{name} of {x:e} and {y:e}: {value:e}, not {exact:e}"
        );
        let [all, not_nearest] = off.entry(name).or_default();
        *all += 1;
        *not_nearest += u64::from(away > 0);
    }
    // The number of cases, and of those that are not the nearest number.
    insta::assert_snapshot!(format!("{off:?}"), @r#"{"digamma": [250, 7], "elu": [100, 0], "gelu": [120, 6], "log_add_exp": [250, 2], "polygamma": [700, 45], "silu": [120, 0]}"#);
}

#[test]
fn near_their_zeros_below_0_functions_are_off_by_a_tiny_number() {
    let mut random = Random(8);
    for _ in 0..200_000 {
        let x = match random.below(3) {
            0 => -random.between(0.0, 30.0),
            // Near a pole, where it is 0 on either side of large ones.
            1 => -(random.below(30) as f64) * (1.0 + random.between(-1.0, 1.0) * 1e-6),
            _ => -random.between(2.0, 3.0),
        };
        let (value, exact) = (x.lgamma(), core_math::lgamma(x));
        let is_near = (value - exact).abs() <= 3.3e-17 || distance(value, exact) <= 1;
        assert!(is_near, "{x:e}: {value:e}, not {exact:e}");
    }
}
