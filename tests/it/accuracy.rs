//! Every function against correctly rounded values (CORE-MATH): how many
//! numbers of the precision lie between the two, at most.

use gradtape::autodiff::Real;
use rayon::prelude::*;

use crate::random::Random;

/// A function here, the same correctly rounded, and the greatest distance.
struct Function<T> {
    name: &'static str,
    ours: fn(T) -> T,
    exact: fn(T) -> T,
    ulps: u64,
}

macro_rules! functions {
    ($type:ident: $($name:ident $exact:ident $ulps:literal),+ $(,)?) => {
        &[$(Function {
            name: stringify!($name),
            ours: <$type as Real>::$name,
            exact: core_math::$exact,
            ulps: $ulps,
        }),+]
    };
}

const SINGLE: &[Function<f32>] = functions!(f32:
    cbrt cbrtf 1, exp expf 0, expm1 expm1f 1, ln logf 1, ln_1p log1pf 1,
    log2 log2f 1, log10 log10f 1, sin sinf 1, cos cosf 1, tan tanf 1,
    asin asinf 1, acos acosf 1, atan atanf 1, sinh sinhf 2, cosh coshf 1,
    tanh tanhf 0, asinh asinhf 2, acosh acoshf 2, atanh atanhf 2, erf erff 1,
);
const DOUBLE: &[Function<f64>] = functions!(f64:
    cbrt cbrt 1, exp exp 1, expm1 expm1 1, ln log 1, ln_1p log1p 1,
    log2 log2 1, log10 log10 1, sin sin 1, cos cos 1, tan tan 1,
    asin asin 1, acos acos 1, atan atan 1, sinh sinh 2, cosh cosh 1,
    tanh tanh 1, asinh asinh 2, acosh acosh 2, atanh atanh 2, erf erf 1,
);

/// How many steps from one number to the next lead from `x` to `y`; NaN is
/// far from everything but NaN.
fn distance<T: Real>(x: T, y: T, sign: u64) -> u64 {
    let (x_is_nan, y_is_nan) = (x.to_f64().is_nan(), y.to_f64().is_nan());
    if x_is_nan || y_is_nan {
        return if x_is_nan && y_is_nan { 0 } else { u64::MAX };
    }
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

/// The greatest distance over `numbers`, and where.
fn greatest<T: Real>(
    function: &Function<T>,
    numbers: impl Iterator<Item = T>,
    sign: u64,
) -> (u64, Option<T>) {
    let mut worst = (0, None);
    for x in numbers {
        let away = distance((function.ours)(x), (function.exact)(x), sign);
        if away > worst.0 {
            worst = (away, Some(x));
        }
    }
    worst
}

/// A line for each function: its name, the greatest distance and where it is.
fn table<T: Real>(
    functions: &[Function<T>],
    numbers: impl Fn() -> Box<dyn Iterator<Item = T>> + Sync,
    sign: u64,
) -> String {
    let lines: Vec<String> = functions
        .par_iter()
        .map(|function| {
            let (ulps, at) = greatest(function, numbers(), sign);
            let name = function.name;
            assert!(ulps <= function.ulps, "{name}: {ulps} ulp at {at:?}");
            let at = at.map_or(String::new(), |x| format!(" at {x}"));
            format!("{name:6} {ulps}{at}\n")
        })
        .collect();
    lines.concat()
}

/// Every `step`-th f32 there is.
fn singles(step: usize) -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(step).map(f32::from_bits)
}

#[test]
fn functions_of_f32_are_as_accurate_as_documented() {
    insta::assert_snapshot!(table(SINGLE, || Box::new(singles(4093)), 1 << 31));
}

#[test]
#[ignore = "every f32 there is, some minutes; run it when a definition changes"]
fn functions_of_every_f32_are_as_accurate_as_documented() {
    insta::assert_snapshot!(table(SINGLE, || Box::new(singles(1)), 1 << 31));
}

#[test]
fn functions_of_f64_are_as_accurate_as_documented() {
    let mut random = Random(5);
    let mut numbers = vec![
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        5e-324,
        -5e-324,
    ];
    for _ in 0..300_000 {
        // Any number, any of ordinary size, one near 1 and one near a multiple of π/2.
        numbers.push(f64::from_bits(random.next()));
        let unit = random.unit();
        let signed = if random.below(2) == 0 { unit } else { -unit };
        let mut power = |bound| 2f64.powi(i32::try_from(random.below(bound)).unwrap());
        numbers.push(signed * power(24) / 4096.0);
        numbers.push(1.0 + signed / power(40));
        let quarters = (unit * power(24)).round();
        numbers.push(quarters * std::f64::consts::FRAC_PI_2);
    }
    let numbers = || -> Box<dyn Iterator<Item = f64>> { Box::new(numbers.clone().into_iter()) };
    insta::assert_snapshot!(table(DOUBLE, numbers, 1 << 63));
}

/// Of two arguments: both of ordinary size, and far apart.
#[test]
fn functions_of_two_numbers_are_as_accurate_as_documented() {
    type Two<T> = (&'static str, fn(T, T) -> T, fn(T, T) -> T, u64);
    let single: [Two<f32>; 3] = [
        ("atan2", Real::atan2, core_math::atan2f, 1),
        ("hypot", Real::hypot, core_math::hypotf, 1),
        ("pow", Real::pow, core_math::powf, 1),
    ];
    let double: [Two<f64>; 3] = [
        ("atan2", Real::atan2, core_math::atan2, 1),
        ("hypot", Real::hypot, core_math::hypot, 1),
        ("pow", Real::pow, core_math::pow, 1),
    ];
    let mut random = Random(6);
    for _ in 0..500_000 {
        let (x, y) = (random.number::<f64>(), random.number::<f64>());
        for (name, ours, exact, ulps) in double {
            let away = distance(ours(x, y), exact(x, y), 1 << 63);
            assert!(away <= ulps, "{name} of {x:e} and {y:e}: {away} ulp");
        }
        let (x, y) = (random.number::<f32>(), random.number::<f32>());
        for (name, ours, exact, ulps) in single {
            let away = distance(ours(x, y), exact(x, y), 1 << 31);
            assert!(away <= ulps, "{name} of {x:e} and {y:e}: {away} ulp");
        }
    }
}
