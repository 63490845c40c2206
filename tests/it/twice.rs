//! Functions of `f64` in twice its precision, for want of a library that has them
//! correctly rounded: sums of two numbers, good to more than 90 bits.

/// The sum of two numbers as its rounded value and the rest.
fn sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let b_of_s = s - a;
    (s, (a - (s - b_of_s)) + (b - b_of_s))
}

/// A number as its nearest `f64` and the rest.
#[derive(Clone, Copy)]
struct Twice(f64, f64);

impl Twice {
    fn plus(self, other: Twice) -> Twice {
        let (high, rest) = sum(self.0, other.0);
        let (high, low) = sum(high, rest + (self.1 + other.1));
        Twice(high, low)
    }

    fn times(self, other: Twice) -> Twice {
        let high = self.0 * other.0;
        let rest = self.0.mul_add(other.0, -high);
        let (high, low) = sum(high, rest + (self.0 * other.1 + self.1 * other.0));
        Twice(high, low)
    }

    fn over(self, other: Twice) -> Twice {
        let quotient = Twice(self.0 / other.0, 0.0);
        let left = self.plus(quotient.times(Twice(-other.0, -other.1)));
        quotient.plus(Twice(left.0 / other.0, 0.0))
    }
}

/// eˣ for |x| ≤ 700: Taylor's series of x / 2¹⁴, squared 14 times.
fn exp(x: f64) -> Twice {
    let x = Twice(x / 16384.0, 0.0);
    let mut value = Twice(1.0, 0.0);
    for n in (1..=18).rev() {
        let term = x.times(value).over(Twice(f64::from(n), 0.0));
        value = Twice(1.0, 0.0).plus(term);
    }
    for _ in 0..14 {
        value = value.times(value);
    }
    value
}

/// ln(1 + x) for x from 0 to 1: the series, or a step of Newton's method from the
/// nearest `f64`.
fn ln_1p(x: Twice) -> Twice {
    if x.0 < 1e-9 {
        let slope = Twice(-0.5, 0.0).plus(x.times(Twice(1.0 / 3.0, 0.0)));
        return x.plus(x.times(x).times(slope));
    }
    let value = core_math::log1p(x.0);
    let power = exp(value);
    let left = Twice(1.0, 0.0)
        .plus(x)
        .plus(Twice(-power.0, -power.1))
        .over(power);
    Twice(value, 0.0).plus(left)
}

/// 1 / (1 + e⁻ˣ).
pub fn sigmoid(x: f64) -> f64 {
    // Below −700 it is eˣ, and above 700 it is 1.
    if x.is_nan() || x.abs() > 700.0 {
        return if x > 0.0 { 1.0 } else { core_math::exp(x) };
    }
    let e = exp(-x.abs());
    let one = Twice(1.0, 0.0);
    (if x < 0.0 { e } else { one }).over(one.plus(e)).0
}

/// ln(1 + eˣ).
pub fn softplus(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 700.0 {
        return if x > 0.0 { x } else { core_math::exp(x) };
    }
    ln_1p(exp(-x.abs())).plus(Twice(x.max(0.0), 0.0)).0
}

#[test]
fn twice_the_precision_gives_what_is_known() {
    // The digits of e beyond those of the nearest f64.
    let e = exp(1.0);
    assert_eq!(e.0, std::f64::consts::E);
    assert!((e.1 - 1.445_646_891_729_250_2e-16).abs() < 1e-27, "{}", e.1);
    for x in [-50.0, -3.0, -0.1, 1e-5, 0.7, 12.0, 600.0] {
        // ln(1 + eˣ) = −ln(1 − s) for s = 1/(1 + e⁻ˣ).
        let (s, of_minus) = (sigmoid(x), sigmoid(-x));
        assert!((s + of_minus - 1.0).abs() <= f64::EPSILON / 2.0);
        let other = -core_math::log(of_minus);
        assert!((softplus(x) / other - 1.0).abs() < 4.0 * f64::EPSILON || x < 0.0);
        assert_eq!(exp(x).0, core_math::exp(x));
    }
}
