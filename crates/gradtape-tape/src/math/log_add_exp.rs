//! The logarithm of a sum of exponentials.

use super::extended::scaled_down;
use super::logarithm::ln_1p_of_sum;
use super::{
    Binary64, Double, half_of, nearest, polynomial, power_of_two, select, sum, sum_of_less,
};

/// ln 2 in three parts: an integer below 2¹¹ times the first or the second is exact.
const LN_2: [f64; 3] = [
    f64::from_bits(0x3fe6_2e42_fee0_0000),
    f64::from_bits(0x3dea_39ef_3579_3000),
    8.247_117_954_110_931e-23,
];
/// The same as the nearest double, and twice the rest.
const LN_2_NEAREST: [f64; 3] = [
    std::f64::consts::LN_2,
    2.319_046_813_846_299_6e-17,
    5.707_708_438_416_212e-34,
];

/// 1/10!, 1/9!, ... 1/5!.
const SHORT_FACTORIALS: [f64; 6] = [
    2.755_731_922_398_589e-7, 2.755_731_922_398_589_3e-6, 2.480_158_730_158_73e-5,
    0.000_198_412_698_412_698_4, 0.001_388_888_888_888_889, 0.008_333_333_333_333_333,
];
/// 1/13!, 1/12!, ... 1/7!.
const FACTORIALS: [f64; 7] = [
    1.605_904_383_682_161_3e-10, 2.087_675_698_786_81e-9, 2.505_210_838_544_172e-8,
    2.755_731_922_398_589e-7, 2.755_731_922_398_589_3e-6, 2.480_158_730_158_73e-5,
    0.000_198_412_698_412_698_4,
];
/// 1/6!, 1/5!, ... 1/1!.
const FIRST_FACTORIALS: [Double; 6] = [
    Double::new(0.001_388_888_888_888_889, -5.300_543_954_373_577e-20),
    Double::new(0.008_333_333_333_333_333, 1.156_482_317_317_871_4e-19),
    Double::new(0.041_666_666_666_666_664, 2.312_964_634_635_742_7e-18),
    Double::new(1.0 / 6.0, 9.251_858_538_542_97e-18),
    Double::new(0.5, 0.0),
    Double::new(1.0, 0.0),
];

/// Sums and products to 100 bits, or if `SHORT` to 76 bits, with 26 of them in the high
/// parts.
struct Precise<const SHORT: bool>;

impl<const SHORT: bool> Precise<SHORT> {
    /// A sum with a low part that may be too large.
    #[inline(always)]
    fn normal<F: Binary64>(high: F, low: F) -> Double<F> {
        if SHORT {
            let first = half_of(high + low);
            return Double::new(first, (high - first) + low);
        }
        Double::new(high, low).normal()
    }

    #[inline(always)]
    fn product<F: Binary64>(a: Double<F>, b: Double<F>) -> Double<F> {
        if SHORT {
            let less = a.high * b.low + a.low * (b.high + b.low);
            return Self::normal(a.high * b.high, less);
        }
        a.times::<false>(b)
    }

    /// a + b for |a| ≥ |b|.
    #[inline(always)]
    fn sum_of_less<F: Binary64>(a: Double<F>, b: Double<F>) -> Double<F> {
        let (high, rest) = sum_of_less(a.high, b.high);
        Self::normal(high, rest + (a.low + b.low))
    }

    /// eˣ = 2ᵏ · (1 + e): the last bits of k, and e, for |x| < 800.
    #[inline(always)]
    fn exp_parts<F: Binary64>(x: Double<F>) -> (F::Bits, Double<F>) {
        let (k, bits) = nearest(x.high * std::f64::consts::LOG2_E);
        let r = if SHORT {
            Self::normal(x.high - k * LN_2[0], -(k * (LN_2[1] + LN_2[2])))
        } else {
            let (high, rest) = sum(x.high - k * LN_2[0], -(k * LN_2[1]));
            Self::normal(high, rest + (x.low - k * LN_2[2]))
        };
        // The series for r/16; then e²ʳ − 1 = e (2 + e) with e = eʳ − 1.
        let r = r.scaled(1.0 / 16.0);
        let nearest = r.high + r.low;
        let (series, first) = if SHORT {
            (polynomial(nearest, &SHORT_FACTORIALS), 2)
        } else {
            (polynomial(nearest, &FACTORIALS), 0)
        };
        let mut series = Self::normal(series, F::from(0.0));
        for factorial in &FIRST_FACTORIALS[first..] {
            let product = Self::product(r, series);
            series = Self::sum_of_less(Double::constant(*factorial), product);
        }
        let mut e = Self::product(r, series);
        for _ in 0..4 {
            e = Self::sum_of_less(e.scaled(2.0), Self::product(e, e));
        }
        (bits, e)
    }
}

/// ln(eˣ + eʸ) = a + ln(1 + e^(b − a)) for the larger number a and the smaller number b.
/// Near its zeros it is ln(1 + ((eᵃ − 1) + eᵇ)), with exponentials that are so precise that
/// the sum may cancel.
#[inline(always)]
pub fn log_add_exp<F: Binary64, const SHORT: bool>(x: F, y: F) -> F {
    let is_less = x.is_below(y);
    let (greater, less) = (select(is_less, y, x), select(is_less, x, y));
    let is_near = greater.is_above(-1.5) & greater.is_at_most(2.0);

    let (difference, rest) = sum(less, -greater);
    let power = select(is_near, less, difference);
    let is_normal = power.is_above(-780.0);
    let power = Double::new(
        select(is_normal, power, -780.0),
        select(is_near | !is_normal, 0.0, rest),
    );
    let (k, e) = Precise::<SHORT>::exp_parts(power);
    let (high, low) = sum_of_less(1.0, e.high);
    let of_less = Double::new(scaled_down(high, k), scaled_down(low + e.low, k));

    // 0 where it is not near.
    let (k, e) = Precise::<SHORT>::exp_parts(Double::from(select(is_near, greater, 0.0)));
    let power: F = power_of_two(k);
    let (high, low) = sum(power - 1.0, e.high * power);
    let of_greater = Double::new(high, low + e.low * power);

    let value = ln_1p_of_sum::<F, SHORT>(F::from(0.0), of_greater.plus(of_less));
    let value = select(is_near, value, greater + value);
    // x + ln 2 has a zero that the exponentials are not precise enough for.
    let (high, rest) = sum(greater, F::from(LN_2_NEAREST[0]));
    let twice = high + (rest + LN_2_NEAREST[2] + LN_2_NEAREST[1]);
    let value = select(x.equals(y), twice, value);
    // Also infinities, which have no difference.
    let is_alone = of_less.high.equals(0.0) | greater.abs().equals(f64::INFINITY);
    let value = select(is_alone, greater, value);
    select(x.is_nan() | y.is_nan(), f64::NAN, value)
}
