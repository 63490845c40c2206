//! One declaration per operation: what it must compute, and where.
//!
//! Nothing here is taken from the table of the library. The true value is the
//! function of the standard library; the true derivatives come from num-dual.

use gradtape_tape::Op;
use num_dual::{Dual64, DualNum, DualNumCopy, HyperDual64};

/// The declarations of an operation other than its functions.
#[derive(Debug)]
pub(super) struct Declaration {
    pub(super) name: &'static str,
    /// For each operand the intervals to sample from. They keep away from points
    /// where the derivative itself is ill-conditioned (1 − x² near x = 1): no
    /// rule written in rounded numbers can be accurate there.
    pub(super) domain: &'static [&'static [(f64, f64)]],
    /// How far the value may be from the true one, in units in the last place;
    /// 0 means the same bits. The true function is itself rounded, by another
    /// library with an error of its own.
    pub(super) value_ulps: u64,
    /// How far derivatives may be, in units of the machine epsilon.
    pub(super) slope_ulps: f64,
    /// Points on a kink or jump, to be approached from both sides.
    pub(super) kinks: &'static [[f64; 3]],
}

/// A number that true functions are written for: `Dual64` or `HyperDual64`.
pub(super) trait Dual: DualNumCopy + DualNum<Primitive = f64> {}
impl Dual for Dual64 {}
impl Dual for HyperDual64 {}

/// A function that num-dual lacks, by its value and first two derivatives at
/// the real part of `x`: x − re x is nilpotent, so that Taylor's polynomial of
/// degree two is exact for every number with at most two derivatives.
fn lift<D: Dual>(x: D, value: f64, first: f64, second: f64) -> D {
    let nilpotent = x - x.re();
    nilpotent * nilpotent * (0.5 * second) + nilpotent * first + value
}

/// The constant `value`, without derivatives.
fn lone<D: Dual>(value: f64) -> D {
    D::from(value)
}

fn truth(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

/// The error function by the series 2/√π e^(−x²) Σ 2ⁿx²ⁿ⁺¹/(1·3·…·(2n+1)),
/// whose terms all have one sign, so that nothing cancels. It is 1 to the last
/// bit from 6 on.
pub(super) fn erf(x: f64) -> f64 {
    if x.abs() >= 6.0 {
        return x.signum();
    }
    let mut term = x;
    let mut sum = x;
    let mut odd = 1.0;
    while term.abs() > sum.abs() * 1e-18 {
        odd += 2.0;
        term *= 2.0 * x * x / odd;
        sum += term;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// That of the standard library overflows near the end of the range, where
/// ln 2x is the same to the last bit.
fn asinh(x: f64) -> f64 {
    if x.abs() > 1e10 {
        (x.abs().ln() + std::f64::consts::LN_2).copysign(x)
    } else {
        x.asinh()
    }
}

/// See [`asinh`].
fn acosh(x: f64) -> f64 {
    if x > 1e10 {
        x.ln() + std::f64::consts::LN_2
    } else {
        x.acosh()
    }
}

/// That of the standard library is wrong by up to four units in the last place
/// (at −0.8874268057190137, compared with 40 digits); here nothing cancels.
fn atanh(x: f64) -> f64 {
    0.5 * (x.ln_1p() - (-x).ln_1p())
}

/// The sum of (x + i)^−(n + 1) over i ≥ 0 for x ≥ 0, by its terms up to 20 and the formula of
/// Euler and Maclaurin for the others; for n = 0, where there is none, −ψ(x).
fn powers(n: f64, x: f64) -> f64 {
    let far = x + 20.0;
    let integral = match n {
        0.0 => -far.ln(),
        n => far.powf(-n) / n,
    };
    let coefficients = [12.0, -720.0, 30_240.0, -1_209_600.0, 47_900_160.0];
    let mut power = far.powf(-n - 1.0);
    let mut sum = integral + 0.5 * power;
    for (k, coefficient) in (0..).map(|k| n + 2.0 * f64::from(k)).zip(coefficients) {
        power *= (k + 1.0) / far;
        sum += power / coefficient;
        power *= (k + 2.0) / far;
    }
    let near = (1..20).rev().map(|i| (x + f64::from(i)).powf(-n - 1.0));
    near.fold(sum, |sum, term| sum + term) + x.powf(-n - 1.0)
}

/// The derivative of order n of ψ(x): (−1)ⁿ⁺¹ n! times the sum of (x + i)^−(n + 1). For
/// negative x, ψ by its reflection, and the others from the sum over all integers i, which
/// depends on the distance to the nearest pole alone.
fn polygamma(n: f64, x: f64) -> f64 {
    let is_order = (0.0..=100.0).contains(&n) && n.fract() == 0.0;
    let is_pole = x < 0.0 && x.fract() == 0.0;
    let is_even = n % 2.0 == 0.0;
    if !is_order || x == f64::NEG_INFINITY || (is_pole && is_even) {
        return f64::NAN;
    }
    let pole = x - x.round();
    if n == 0.0 && x < 0.0 {
        let angle = std::f64::consts::PI * pole;
        return polygamma(n, 1.0 - x) - std::f64::consts::PI / angle.tan();
    }
    let sum = if x < 0.0 {
        let below = powers(n, 1.0 - pole) - powers(n, 1.0 - x);
        let above = powers(n, 1.0 + pole);
        let others = if is_even {
            above - below
        } else {
            above + below
        };
        pole.powf(-n - 1.0) + others
    } else {
        powers(n, x)
    };
    let factorial: f64 = (1..=n as u32).map(f64::from).product();
    factorial * if is_even { -sum } else { sum }
}

/// The greater one and what the other adds to it.
fn log_add_exp(x: f64, y: f64) -> f64 {
    if x == y {
        return x + std::f64::consts::LN_2;
    }
    x.max(y) + (-(x - y).abs()).exp().ln_1p()
}

/// The density of the normal distribution.
fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// Its distribution function.
fn probability(x: f64) -> f64 {
    0.5 * core_math::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

fn erf_slope(x: f64) -> f64 {
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp()
}

/// The exponent of [`Op::Powi`]; for every other operation it does not matter.
fn exponent(op: Op) -> i32 {
    match op {
        Op::Powi(n) => n,
        _ => 0,
    }
}

/// A row reads: name, `(` operands `)`, `=` the true value in `f64`, `~` the
/// true function on dual numbers, the domain of each operand, the limits for
/// value and slope, the distance to the nearest kink or jump (infinite if there
/// is none), and points on one.
macro_rules! declarations {
    (|$n:ident, $x:ident, $y:ident, $z:ident|
     $($name:literal = $value:expr; ~ $dual:expr; on $($domain:expr),+; ulps $ulps:literal;
       slope $slope:literal; kink $kink:expr, at $($at:expr),*;)+) => {
        pub(super) const DECLARATIONS: &[Declaration] = &[$(Declaration {
            name: $name,
            domain: &[$(&$domain),+],
            value_ulps: $ulps,
            slope_ulps: $slope,
            kinks: &[$($at),*],
        }),+];

        /// The true value.
        #[allow(unused_variables, reason = "few functions need all operands")]
        pub(super) fn true_value(op: Op, [$x, $y, $z]: [f64; 3]) -> f64 {
            let $n = exponent(op);
            match op.name() {
                $($name => $value,)+
                name => panic!("no declaration of {name}"),
            }
        }

        /// The true function, with its derivatives.
        #[allow(unused_variables, reason = "few functions need all operands")]
        pub(super) fn true_dual<D: Dual>(op: Op, [$x, $y, $z]: [D; 3]) -> D {
            let $n = exponent(op);
            match op.name() {
                $($name => $dual,)+
                name => panic!("no declaration of {name}"),
            }
        }

        /// How far the operands are from the nearest kink or jump.
        #[allow(unused_variables, reason = "few functions need all operands")]
        pub(super) fn kink_distance(op: Op, [$x, $y, $z]: [f64; 3]) -> f64 {
            match op.name() {
                $($name => $kink,)+
                name => panic!("no declaration of {name}"),
            }
        }
    };
}

pub(super) const WIDE: [(f64, f64); 1] = [(-10.0, 10.0)];
const NOT_ZERO: [(f64, f64); 2] = [(0.5, 10.0), (-10.0, -0.5)];
const POSITIVE: [(f64, f64); 1] = [(0.1, 10.0)];
const INSIDE: [(f64, f64); 1] = [(-0.9, 0.9)];
const MODERATE: [(f64, f64); 1] = [(-4.0, 4.0)];
const SMOOTH: f64 = f64::INFINITY;

/// Twice the same number: where `min`, `max` and comparisons change sides.
const TIE: [f64; 3] = [1.5, 1.5, 0.0];

// The limits for values are those of two good libraries together (about one
// unit each, three for compositions such as sinh from expm1). Those for slopes
// count the roundings of the rule: each at most half a unit, plus the errors of
// the functions in it, times what 1 − x amplifies them by in the second derivative
// (asin, acos, atanh: 5). The
// series of the error function rounds up to sixty terms itself.
declarations! { |n, x, y, z|
    "powi" = x.powi(n); ~ x.powi(n); on [(0.3, 3.0), (-3.0, -0.3)];
        ulps 4; slope 8.0; kink SMOOTH, at ;
    "add" = x + y; ~ x + y; on WIDE, WIDE; ulps 0; slope 0.0; kink SMOOTH, at ;
    "sub" = x - y; ~ x - y; on WIDE, WIDE; ulps 0; slope 0.0; kink SMOOTH, at ;
    "mul" = x * y; ~ x * y; on WIDE, WIDE; ulps 0; slope 0.0; kink SMOOTH, at ;
    "div" = x / y; ~ x / y; on WIDE, NOT_ZERO; ulps 0; slope 4.0; kink SMOOTH, at ;
    "rem" = if x % y != 0.0 && (x % y < 0.0) != (y < 0.0) { x % y + y } else { x % y };
        ~ x - y * (x.re() / y.re()).floor(); on WIDE, NOT_ZERO;
        ulps 1; slope 0.0; kink (x / y - (x / y).round()).abs(), at [3.0, 1.5, 0.0];
    "neg" = -x; ~ -x; on WIDE; ulps 0; slope 0.0; kink SMOOTH, at ;
    "pow" = x.powf(y); ~ x.powd(y); on [(0.2, 5.0)], MODERATE;
        ulps 1; slope 32.0; kink SMOOTH, at ;
    "min" = if x < y || x.is_nan() { x } else { y }; ~ if x.re() <= y.re() { x } else { y }; on WIDE, WIDE;
        ulps 0; slope 0.0; kink (x - y).abs(), at TIE;
    "max" = if x > y || x.is_nan() { x } else { y }; ~ if x.re() >= y.re() { x } else { y }; on WIDE, WIDE;
        ulps 0; slope 0.0; kink (x - y).abs(), at TIE;
    "magnitude" = if x.abs() > y { x.abs() } else { y };
        ~ if x.re().abs() <= y.re() { y } else if x.re() < 0.0 { -x } else { x };
        on WIDE, WIDE; ulps 0; slope 0.0;
        kink if y < 0.0 { x.abs() } else { (x.abs() - y).abs() }, at [1.5, 1.5, 0.0];
    "abs" = x.abs(); ~ if x.re() < 0.0 { -x } else { x }; on WIDE;
        ulps 0; slope 0.0; kink x.abs(), at [0.0; 3];
    "sign" = if x == 0.0 || x.is_nan() { x } else { x.signum() };
        ~ lone(if x.re() == 0.0 { 0.0 } else { x.re().signum() }); on WIDE;
        ulps 0; slope 0.0; kink x.abs(), at [0.0; 3];
    "sqrt" = x.sqrt(); ~ x.sqrt(); on POSITIVE; ulps 0; slope 4.0; kink SMOOTH, at ;
    "cbrt" = x.cbrt(); ~ x.cbrt(); on [(0.1, 10.0), (-10.0, -0.1)];
        ulps 1; slope 8.0; kink SMOOTH, at ;
    "exp" = x.exp(); ~ x.exp(); on MODERATE; ulps 1; slope 4.0; kink SMOOTH, at ;
    "expm1" = x.exp_m1(); ~ x.exp_m1(); on [(-2.0, 4.0)]; ulps 1; slope 12.0; kink SMOOTH, at ;
    "ln" = x.ln(); ~ x.ln(); on POSITIVE; ulps 1; slope 2.0; kink SMOOTH, at ;
    "log1p" = x.ln_1p(); ~ x.ln_1p(); on [(-0.9, 10.0)]; ulps 1; slope 4.0; kink SMOOTH, at ;
    "log2" = x.log2(); ~ x.log2(); on POSITIVE; ulps 1; slope 4.0; kink SMOOTH, at ;
    "log10" = x.log10(); ~ x.log10(); on POSITIVE; ulps 2; slope 4.0; kink SMOOTH, at ;
    "sin" = x.sin(); ~ x.sin(); on WIDE; ulps 1; slope 4.0; kink SMOOTH, at ;
    "cos" = x.cos(); ~ x.cos(); on WIDE; ulps 1; slope 4.0; kink SMOOTH, at ;
    "tan" = x.tan(); ~ x.tan(); on [(-1.4, 1.4), (1.8, 4.2)];
        ulps 2; slope 8.0; kink SMOOTH, at ;
    "asin" = x.asin(); ~ x.asin(); on INSIDE; ulps 1; slope 12.0; kink SMOOTH, at ;
    "acos" = x.acos(); ~ x.acos(); on INSIDE; ulps 1; slope 12.0; kink SMOOTH, at ;
    "atan" = x.atan(); ~ x.atan(); on WIDE; ulps 1; slope 4.0; kink SMOOTH, at ;
    // Its second derivatives are differences of squares, which cancel. The angle
    // jumps by 2π across the negative half of the second axis. Near the first
    // axis num-dual's second derivatives lose three digits (compared with exact
    // fractions), ours do not.
    "atan2" = x.atan2(y); ~ x.atan2(y); on WIDE, NOT_ZERO; ulps 2; slope 16.0;
        kink if y < 0.0 { x.abs() } else { x.abs().max(y) }, at ;
    "sinh" = x.sinh(); ~ x.sinh(); on MODERATE; ulps 2; slope 4.0; kink SMOOTH, at ;
    "cosh" = x.cosh(); ~ x.cosh(); on MODERATE; ulps 2; slope 4.0; kink SMOOTH, at ;
    // That of num-dual has 1 − tanh² x for a slope, which cancels.
    "tanh" = x.tanh(); ~ {
            let (value, slope) = (x.re().tanh(), x.re().cosh().powi(-2));
            lift(x, value, slope, -2.0 * value * slope)
        }; on [(-3.0, 3.0)]; ulps 3; slope 16.0; kink SMOOTH, at ;
    "tanh_slope" = x.cosh().powi(-2); ~ x.cosh().powi(2).recip(); on MODERATE;
        ulps 8; slope 16.0; kink SMOOTH, at ;
    "asinh" = asinh(x); ~ x.asinh(); on WIDE; ulps 3; slope 4.0; kink SMOOTH, at ;
    "acosh" = acosh(x); ~ x.acosh(); on [(1.2, 10.0)]; ulps 4; slope 12.0; kink SMOOTH, at ;
    "atanh" = atanh(x); ~ x.atanh(); on INSIDE; ulps 3; slope 16.0; kink SMOOTH, at ;
    "sigmoid" = if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }; ~ ((-x).exp() + 1.0).recip(); on [(-8.0, 4.0)];
        ulps 3; slope 16.0; kink SMOOTH, at ;
    "sigmoid_slope" = (x / 2.0).cosh().powi(-2) / 4.0;
        ~ (x / 2.0).cosh().powi(2).recip() / 4.0; on WIDE;
        ulps 8; slope 16.0; kink SMOOTH, at ;
    "softplus" = if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
        ~ x.exp().ln_1p(); on WIDE; ulps 2; slope 8.0; kink SMOOTH, at ;
    "erf" = erf(x); ~ {
            let slope = erf_slope(x.re());
            lift(x, erf(x.re()), slope, -2.0 * x.re() * slope)
        }; on [(-3.0, 3.0)]; ulps 16; slope 8.0; kink SMOOTH, at ;
    "erfc" = core_math::erfc(x); ~ {
            let slope = -erf_slope(x.re());
            lift(x, core_math::erfc(x.re()), slope, -2.0 * x.re() * slope)
        }; on [(-3.0, 3.0)]; ulps 1; slope 8.0; kink SMOOTH, at ;
    // What x/√2 is rounded by counts x² times in the true value of `gelu`, and the zeros of
    // digamma below 0 are where its reflection cancels; tests of accuracy are stricter.
    // Not near the minimum of `gelu` and of `silu`, where the slope is 0.
    "gelu" = if x == f64::NEG_INFINITY { -0.0 } else { x * probability(x) }; ~ {
            let (at, density) = (x.re(), density(x.re()));
            let slope = probability(at) + at * density;
            lift(x, at * probability(at), slope, density * (2.0 - at * at))
        }; on [(-3.0, -1.2), (-0.5, 3.0)];
        ulps 20; slope 16.0; kink SMOOTH, at ;
    "silu" = if x == f64::NEG_INFINITY { -0.0 } else if x < 0.0 { x * (x / 2.0).exp() * ((x / 2.0).exp() / (1.0 + x.exp())) } else { x / (1.0 + (-x).exp()) }; ~ x * ((-x).exp() + 1.0).recip();
        on [(-8.0, -2.0), (-1.0, 4.0)]; ulps 4; slope 16.0; kink SMOOTH, at ;
    // Its zeros at 1 and 2 are no place to count units.
    "lgamma" = core_math::lgamma(x); ~ {
            let [slope, curvature] = [0.0, 1.0].map(|n| polygamma(n, x.re()));
            lift(x, core_math::lgamma(x.re()), slope, curvature)
        }; on [(0.1, 1.0), (2.0, 10.0)]; ulps 2; slope 16.0; kink SMOOTH, at ;
    "digamma" = polygamma(0.0, x); ~ {
            let [value, slope, curvature] = [0.0, 1.0, 2.0].map(|n| polygamma(n, x.re()));
            lift(x, value, slope, curvature)
        }; on [(2.0, 10.0)]; ulps 400; slope 8.0; kink SMOOTH, at ;
    "polygamma" = polygamma(x, y); ~ {
            let orders = [0.0, 1.0, 2.0].map(|more| x.re() + more);
            let [value, slope, curvature] = orders.map(|n| polygamma(n, y.re()));
            lift(y, value, slope, curvature)
        }; on [(3.0, 3.0), (4.0, 4.0)], POSITIVE;
        ulps 400; slope 16.0; kink SMOOTH, at ;
    "logaddexp" = log_add_exp(x, y); ~ (x.exp() + y.exp()).ln();
        on [(1.0, 8.0)], [(1.0, 8.0)]; ulps 2; slope 16.0; kink SMOOTH, at ;
    "elu" = if y.is_nan() { y } else if x > 0.0 { x } else { y * x.exp_m1() };
        ~ if x.re() > 0.0 { x } else { y * x.exp_m1() };
        on MODERATE, WIDE; ulps 2; slope 8.0; kink x.abs(), at [0.0, 2.0, 0.0];
    "hypot" = x.hypot(y); ~ (x * x + y * y).sqrt(); on WIDE, WIDE;
        ulps 1; slope 6.0; kink x.abs().max(y.abs()), at ;
    "floor" = x.floor(); ~ lone(x.re().floor()); on WIDE;
        ulps 0; slope 0.0; kink (x - x.round()).abs(), at [2.0, 0.0, 0.0];
    "ceil" = x.ceil(); ~ lone(x.re().ceil()); on WIDE;
        ulps 0; slope 0.0; kink (x - x.round()).abs(), at [2.0, 0.0, 0.0];
    "round" = x.round_ties_even(); ~ lone(x.re().round_ties_even()); on WIDE;
        ulps 0; slope 0.0; kink (x - x.floor() - 0.5).abs(), at [2.5, 0.0, 0.0];
    "less" = truth(x < y); ~ lone(truth(x.re() < y.re())); on WIDE, WIDE;
        ulps 0; slope 0.0; kink (x - y).abs(), at TIE;
    "less_equal" = truth(x <= y); ~ lone(truth(x.re() <= y.re())); on WIDE, WIDE;
        ulps 0; slope 0.0; kink (x - y).abs(), at TIE;
    "equal" = truth(x == y); ~ lone(truth(x.re() == y.re())); on WIDE, WIDE;
        ulps 0; slope 0.0; kink (x - y).abs(), at TIE;
    // A condition that is exactly 0 is the answer of a comparison, whose own
    // declaration says how far it is from changing.
    "where" = if x == 0.0 { z } else { y }; ~ if x.re() == 0.0 { z } else { y };
        on WIDE, WIDE, WIDE;
        ulps 0; slope 0.0; kink if x == 0.0 { SMOOTH } else { x.abs() }, at [0.0, 2.0, 3.0];
}

/// The declaration of `op`.
pub(super) fn declaration(op: Op) -> &'static Declaration {
    let found = DECLARATIONS.iter().find(|known| known.name == op.name());
    found.unwrap_or_else(|| panic!("no declaration of {}", op.name()))
}

#[test]
fn every_operation_has_one_declaration_and_every_declaration_an_operation() {
    for op in Op::ALL {
        let same = DECLARATIONS.iter().filter(|known| known.name == op.name());
        assert_eq!(same.count(), 1, "{}", op.name());
        assert_eq!(declaration(*op).domain.len(), op.arity(), "{}", op.name());
    }
    assert_eq!(DECLARATIONS.len(), Op::ALL.len());
}

#[test]
fn the_series_of_the_error_function_meets_known_values() {
    // Abramowitz and Stegun, table 7.1.
    for (x, expected) in [
        (0.5, 0.520_499_877_8),
        (1.0, 0.842_700_792_9),
        (2.0, 0.995_322_265_0),
    ] {
        assert!((erf(x) - expected).abs() < 1e-10, "{x}");
        assert_eq!(erf(-x), -erf(x));
    }
    assert_eq!(erf(30.0), 1.0);
    assert!(erf(f64::NAN).is_nan());
}
