//! Higher derivatives of the logarithm of the gamma function.

use super::exponential::{small, without_ln_2};
use super::extended::{either, exp_parts};
use super::gamma::{digamma, from_integer};
use super::logarithm::ln_1p_of_sum;
use super::power::ln_as_sum;
use super::{Double, MAGIC, Series, nearest, power_of_two, product, select, sum};

/// The maximum order. Factorials of higher orders would soon exceed a double.
const MAX_ORDER: u32 = 100;

/// (1 / (eᵗ − 1) − 1/t + ½) / t of t², for t ≥ 0. Errors are multiplied by e⁻³ᵗ.
const KERNEL: Series<11, 23> = Series {
    // 2^-44.5
    short: [
        1.466_032_276_853_926e-19, -3.697_023_742_490_554_5e-17, 4.000_749_572_522_028e-15,
        -2.609_463_346_737_88e-13, 1.256_156_947_112_081_6e-11, -5.234_180_745_989_328e-10,
        2.086_041_082_313_271e-8, -8.266_938_789_587_594e-7, 3.306_876_688_310_693e-5,
        -0.001_388_888_886_061_962_5, 0.083_333_333_333_292_57,
    ],
    // 2^-57.3
    long: [
        1.329_418_587_243_302_9e-45, -2.745_466_554_048_419e-42, 2.519_204_969_820_079e-39,
        -1.364_342_294_616_991_8e-36, 4.888_508_443_932_362e-34, -1.232_038_182_468_048_5e-31,
        2.269_221_945_809_753_4e-29, -3.137_857_684_096_672_4e-27, 3.329_239_742_345_577_5e-25,
        -2.767_567_049_377_91e-23, 1.846_413_304_365_214_6e-21, -1.019_746_348_324_733_6e-19,
        4.854_206_251_200_514e-18, -2.088_666_501_443_104_3e-16, 8.503_316_543_549_843e-15,
        -3.384_104_478_989_904e-13, 1.338_001_388_109_546_9e-11, -5.284_117_716_772_615e-10,
        2.087_674_476_903_335e-8, -8.267_195_658_959_317e-7, 3.306_878_306_459_766e-5,
        -0.001_388_888_888_888_398, 0.083_333_333_333_333_33,
    ],
};

/// The order n, and numbers that depend only on it.
#[derive(Clone, Copy)]
struct Order {
    n: f64,
    /// n + 1.
    power: f64,
    /// 1/n.
    inverse: Double,
    /// n! as m · 2ᵏ with 1 ≤ m < 2.
    m: Double,
    k: f64,
    /// 1 for odd n, else −1.
    parity: f64,
}

/// Entry 0 makes all results NaN.
static ORDERS: [Order; MAX_ORDER as usize + 1] = orders();

#[allow(
    clippy::cast_precision_loss,
    reason = "only the second part is rounded"
)]
const fn orders() -> [Order; MAX_ORDER as usize + 1] {
    let none = Order {
        n: f64::NAN,
        power: f64::NAN,
        inverse: Double::new(f64::NAN, 0.0),
        m: Double::new(f64::NAN, 0.0),
        k: 0.0,
        parity: 1.0,
    };
    let mut table = [none; MAX_ORDER as usize + 1];
    // The first 120 bits of the factorial.
    let mut bits = 1_u128 << 119;
    let mut k = 0;
    let mut n = 1;
    while n <= MAX_ORDER {
        bits *= n as u128;
        while bits >> 120 != 0 {
            bits >>= 1;
            k += 1;
        }
        let first = bits >> 67 << 67;
        // 2⁻¹¹⁹.
        let unit = f64::from_bits((1023 - 119) << 52);
        let m = Double::new(first as f64 * unit, (bits - first) as f64 * unit);
        // n times the first half of 1/n is exact.
        let whole = n as f64;
        let inverse = f64::from_bits((1.0 / whole).to_bits() >> 27 << 27);
        table[n as usize] = Order {
            n: whole,
            power: whole + 1.0,
            inverse: Double::new(inverse, (1.0 - whole * inverse) / whole),
            m,
            k: k as f64,
            parity: if n & 1 == 1 { 1.0 } else { -1.0 },
        };
        n += 1;
    }
    table
}

impl Order {
    /// (1 + ratio)^−(n + 1) for a ratio ≥ 0, but at least e⁻⁷⁰⁰.
    #[inline(always)]
    fn power_of<const SHORT: bool>(self, ratio: Double) -> f64 {
        let is_huge = ratio.high > 1e300;
        let ratio = Double::new(
            select(is_huge, 1e300, ratio.high),
            select(is_huge, 0.0, ratio.low),
        );
        let power = -self.power * ln_1p_of_sum::<SHORT>(0.0, ratio);
        let power = select(power < -700.0, -700.0, power);
        let (k, r) = without_ln_2::<SHORT>(Double::new(power, 0.0));
        let small = small::<SHORT>(r);
        (1.0 + (small.high + small.low)) * power_of_two(k)
    }

    /// The same to more than the precision of a double.
    #[inline(always)]
    fn power_as_sum<const SHORT: bool>(self, ratio: Double) -> Double {
        if SHORT {
            return Double::new(self.power_of::<SHORT>(ratio), 0.0);
        }
        let (high, low) = sum(1.0, select(ratio.high > 1e300, 1e300, ratio.high));
        let ln = ln_as_sum::<SHORT>(high);
        let ln_low = ln.low + (low + ratio.low) / high;
        let (high, low) = product(-self.power, ln.high);
        let is_tiny = high < -700.0;
        let high = select(is_tiny, -700.0, high);
        let low = select(is_tiny, 0.0, low - self.power * ln_low);
        let (k, power) = exp_parts::<SHORT>(Double::new(high, low));
        power.scaled(power_of_two(k))
    }

    /// Coefficient number i times (n + 2) (n + 3) ... (n + 1 + 2i) · squareⁱ, summed.
    #[inline(always)]
    fn series<const N: usize>(self, square: f64, coefficients: &[f64; N]) -> f64 {
        let mut series = coefficients[0];
        let mut before_last = self.power + (2 * N - 3) as f64;
        for coefficient in &coefficients[1..] {
            let factor = before_last * (before_last + 1.0);
            series = series * (square * factor) + coefficient;
            before_last -= 2.0;
        }
        series
    }

    /// ζ(n + 1, x) · xⁿ by the Euler–Maclaurin formula. As a part of a sum that begins with
    /// (x − 3)^−(n + 1) it is precise enough from x = 3 on, alone from 4 (n + 1) on.
    #[inline(always)]
    fn tail<const SHORT: bool>(self, x: f64) -> Double {
        let inverse = 1.0 / x;
        let square = inverse * inverse;
        let series = if SHORT {
            self.series(square, &KERNEL.short)
        } else {
            self.series(square, &KERNEL.long)
        };
        let rest = inverse * (0.5 + inverse * (self.power * series));
        self.inverse.plus(Double::new(rest, 0.0))
    }
}

/// The terms of a sum of powers −(n + 1), relative to the first one.
#[derive(Clone, Copy)]
struct Terms {
    order: Order,
    first: f64,
    /// 1 / `first`.
    inverse: Double,
}

impl Terms {
    /// The term of `first` + distance.
    #[inline(always)]
    fn term<const SHORT: bool>(self, distance: f64) -> f64 {
        let ratio = Double::new(distance, 0.0).times::<SHORT>(self.inverse);
        self.order.power_of::<SHORT>(ratio)
    }

    /// The sum of the terms of `first` + distance + i over all integers i ≥ 0.
    #[inline(always)]
    fn tail<const SHORT: bool>(self, distance: f64) -> Double {
        let (high, low) = sum(self.first, distance);
        let ratio = Double::new(distance, 0.0).times::<SHORT>(self.inverse);
        let power = self.order.power_as_sum::<SHORT>(ratio);
        Double::new(high, low)
            .times::<SHORT>(self.order.tail::<SHORT>(high))
            .times::<SHORT>(power)
    }
}

/// The derivative of order n of ψ(x), for an integer n up to 100, else NaN:
/// (−1)ⁿ⁺¹ n! times the sum of (x + i)^−(n + 1) over all integers i ≥ 0. With the smallest
/// |x + i| as `first`, the other terms are those of `first` + 1, `first` + 2, ..., upwards, and
/// of 1 − `first`, 2 − `first`, ..., downwards. On the side of negative x + i they end at i = 0.
///
/// It is so long that a call costs relatively little, and copies would cost space.
#[inline(never)]
pub fn polygamma<const SHORT: bool>(n: f64, x: f64) -> f64 {
    if n == 0.0 {
        return digamma::<SHORT>(x);
    }
    let is_order = (1.0..=f64::from(MAX_ORDER)).contains(&n) & (n == n.trunc());
    let order = ORDERS[if is_order { n as usize } else { 0 }];
    let is_odd = order.parity > 0.0;
    let is_negative = x < 0.0;
    let magnitude = x.abs();
    let from_integer = from_integer(x);
    let first = select(is_negative, from_integer.abs(), magnitude);
    let inverse = Double::new(1.0, 0.0).over::<SHORT>(Double::new(first, 0.0));
    let terms = Terms {
        order,
        first,
        inverse,
    };
    let (up_1, up_2) = (terms.term::<SHORT>(1.0), terms.term::<SHORT>(2.0));
    let up_tail = terms.tail::<SHORT>(3.0);
    let one = Double::new(1.0, 0.0);
    let less = 1.0 - 2.0 * first;
    let down_1 = terms.term::<SHORT>(less);
    let down_2 = terms.term::<SHORT>(less + 1.0);
    let down_3 = terms.term::<SHORT>(less + 2.0);
    let down_tail = terms.tail::<SHORT>(less + 3.0);
    let beyond = terms.tail::<SHORT>(1.0 + (magnitude - first));
    let beyond = beyond.high + beyond.low;

    let room = magnitude + from_integer;
    let is_up_bounded = is_negative & (from_integer < 0.0);
    let is_down_bounded = is_negative & (from_integer > 0.0);
    let no_up_1 = is_up_bounded & (room < 1.0);
    let no_up_2 = is_up_bounded & (room < 2.0);
    let no_down_1 = !is_negative | (is_down_bounded & (room < 1.0));
    let no_down_2 = !is_negative | (is_down_bounded & (room < 2.0));
    let no_down_3 = !is_negative | (is_down_bounded & (room < 3.0));
    let zero = Double::new(0.0, 0.0);
    let sign = order.parity;
    // At odd multiples of ½ each of these sums is 0 for even orders.
    let rest_0 = sign * select(no_down_1, 0.0, down_1);
    let rest_1 = select(no_up_1, 0.0, up_1) + sign * select(no_down_2, 0.0, down_2);
    let rest_2 = select(no_up_2, 0.0, up_2) + sign * select(no_down_3, 0.0, down_3);
    let down_tail = either(no_down_3, zero, down_tail).scaled(sign);
    let tail = either(no_up_2, zero, up_tail).plus(down_tail);
    let is_up_beyond = is_up_bounded & !no_up_2;
    let is_down_beyond = is_down_bounded & !no_down_3;
    let beyond = select(
        is_up_beyond,
        beyond,
        select(is_down_beyond, sign * beyond, 0.0),
    );
    let near = one
        .plus(Double::new(rest_0, 0.0))
        .plus(Double::new(rest_1 + rest_2, 0.0))
        .plus(tail)
        .plus(Double::new(-beyond, 0.0));
    let near = near.times::<SHORT>(inverse);
    let is_far = first >= 4.0 * order.power;
    let far = order.tail::<SHORT>(first);
    let factor = either(is_far, far, near);

    // n! / firstⁿ.
    let ln = ln_as_sum::<SHORT>(first);
    let (high, low) = product(-order.n, ln.high);
    let is_bounded = high.abs() < 1400.0;
    let low = select(is_bounded, low - order.n * ln.low, 0.0);
    let high = select(is_bounded, high, f64::copysign(1400.0, high));
    let (k, power) = exp_parts::<SHORT>(Double::new(high, low));
    let value = power.times::<SHORT>(order.m).times::<SHORT>(factor);
    let k = (f64::from_bits(k) - MAGIC) + order.k;
    let k = select(k > 2040.0, 2040.0, k);
    let (half, half_bits) = nearest(0.5 * k);
    let (_, rest_bits) = nearest(k - half);
    let value = (value.high + value.low) * power_of_two(half_bits) * power_of_two(rest_bits);
    let is_reversed = is_negative & (from_integer < 0.0);
    let value = select(is_odd | is_reversed, value, -value);

    // The value overflows, as may the inverse.
    let is_zero = magnitude < 1e-300;
    let at_zero = select(is_odd, f64::INFINITY, f64::INFINITY.copysign(-x));
    let value = select(is_zero, at_zero, value);
    let is_pole = is_negative & !is_zero & (from_integer == 0.0);
    let at_pole = select(is_odd, f64::INFINITY, f64::NAN);
    let value = select(is_pole, at_pole, value);
    let limit = select(is_odd, 0.0, -0.0);
    let value = select(x == f64::INFINITY, limit, value);
    let value = select(x == f64::NEG_INFINITY, f64::NAN, value);
    select(x.is_nan() | order.n.is_nan(), f64::NAN, value)
}
