//! Higher derivatives of the logarithm of the gamma function.

use super::exponential::{small, without_ln_2};
use super::extended::exp_parts;
use super::gamma::{digamma, from_integer};
use super::logarithm::ln_1p_of_sum;
use super::power::ln_as_sum;
use super::{
    Binary64, Double, MAGIC, Series, either, nearest, power_of_two, product, select, sum, two_to,
};

/// The maximum order. Factorials of higher orders would soon exceed a double.
const MAX_ORDER: usize = 100;

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
struct Order<F> {
    n: F,
    /// n + 1.
    power: F,
    /// 1/n.
    inverse: Double<F>,
    /// n! as m · 2ᵏ with 1 ≤ m < 2.
    m: Double<F>,
    k: F,
    /// 1 for odd n, else −1.
    parity: F,
}

/// The numbers of each [`Order`], in its order. Row 0 makes all results NaN.
static ORDERS: [[f64; 8]; MAX_ORDER + 1] = orders();

#[allow(
    clippy::cast_precision_loss,
    reason = "only the second part is rounded"
)]
const fn orders() -> [[f64; 8]; MAX_ORDER + 1] {
    const NONE: f64 = f64::NAN;
    let mut table = [[NONE, NONE, NONE, 0.0, NONE, 0.0, 0.0, 1.0]; MAX_ORDER + 1];
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
        let unit = two_to(-119);
        // n times the first half of 1/n is exact.
        let whole = n as f64;
        let inverse = f64::from_bits((1.0 / whole).to_bits() >> 27 << 27);
        table[n] = [
            whole,
            whole + 1.0,
            inverse,
            (1.0 - whole * inverse) / whole,
            first as f64 * unit,
            (bits - first) as f64 * unit,
            k as f64,
            if n & 1 == 1 { 1.0 } else { -1.0 },
        ];
        n += 1;
    }
    table
}

impl<F: Binary64> Order<F> {
    #[inline(always)]
    fn of(n: F) -> Self {
        let [n, power, inverse, inverse_low, m, m_low, k, parity] = F::row(&ORDERS, n);
        Order {
            n,
            power,
            inverse: Double::new(inverse, inverse_low),
            m: Double::new(m, m_low),
            k,
            parity,
        }
    }

    /// (1 + ratio)^−(n + 1) for a ratio ≥ 0, but at least e⁻⁷⁰⁰.
    #[inline(always)]
    fn power_of<const SHORT: bool>(self, ratio: Double<F>) -> F {
        let is_huge = ratio.high.is_above(1e300);
        let ratio = either(is_huge, Double::from(F::from(1e300)), ratio);
        let power = -self.power * ln_1p_of_sum::<F, SHORT>(F::from(0.0), ratio);
        let (k, r) = without_ln_2::<F, SHORT>(Double::from(power.at_least(-700.0)));
        let small = small::<F, SHORT>(r);
        (small.high + small.low + 1.0) * power_of_two::<F>(k)
    }

    /// The same to more than the precision of a double.
    #[inline(always)]
    fn power_as_sum<const SHORT: bool>(self, ratio: Double<F>) -> Double<F> {
        if SHORT {
            return Double::from(self.power_of::<SHORT>(ratio));
        }
        let (high, low) = sum(1.0, ratio.high.at_most(1e300));
        let ln = ln_as_sum::<F, SHORT>(high);
        let ln_low = ln.low + (low + ratio.low) / high;
        let (high, low) = product(-self.power, ln.high);
        let is_tiny = high.is_below(-700.0);
        let high = select(is_tiny, -700.0, high);
        let low = select(is_tiny, 0.0, low - self.power * ln_low);
        let (k, power) = exp_parts::<F, SHORT>(Double::new(high, low));
        power.scaled(power_of_two::<F>(k))
    }

    /// Coefficient number i times (n + 2) (n + 3) ... (n + 1 + 2i) · squareⁱ, summed.
    #[inline(always)]
    fn series(self, square: F, coefficients: &[f64]) -> F {
        let mut series = F::from(coefficients[0]);
        let mut before_last = self.power + (2 * coefficients.len() - 3) as f64;
        for coefficient in &coefficients[1..] {
            let factor = before_last * (before_last + 1.0);
            series = series * (square * factor) + *coefficient;
            before_last = before_last - 2.0;
        }
        series
    }

    /// ζ(n + 1, x) · xⁿ by the Euler–Maclaurin formula. As a part of a sum that begins with
    /// (x − 3)^−(n + 1) it is precise enough from x = 3 on, alone from 4 (n + 1) on.
    #[inline(always)]
    fn tail<const SHORT: bool>(self, x: F) -> Double<F> {
        let inverse = F::from(1.0) / x;
        let square = inverse * inverse;
        let series = self.series(square, KERNEL.of::<SHORT>());
        let rest = inverse * (inverse * (self.power * series) + 0.5);
        self.inverse.plus(Double::from(rest))
    }
}

/// The terms of a sum of powers −(n + 1), relative to the first one.
#[derive(Clone, Copy)]
struct Terms<F> {
    order: Order<F>,
    first: F,
    /// 1 / `first`.
    inverse: Double<F>,
}

impl<F: Binary64> Terms<F> {
    /// The term of `first` + distance.
    #[inline(always)]
    fn term<const SHORT: bool>(self, distance: F) -> F {
        let ratio = Double::from(distance).times::<SHORT>(self.inverse);
        self.order.power_of::<SHORT>(ratio)
    }

    /// The sum of the terms of `first` + distance + i over all integers i ≥ 0.
    #[inline(always)]
    fn tail<const SHORT: bool>(self, distance: F) -> Double<F> {
        let (high, low) = sum(self.first, distance);
        let ratio = Double::from(distance).times::<SHORT>(self.inverse);
        let power = self.order.power_as_sum::<SHORT>(ratio);
        Double::new(high, low)
            .times::<SHORT>(self.order.tail::<SHORT>(high))
            .times::<SHORT>(power)
    }
}

/// The derivative of order n of ψ(x), for an integer n up to 100, else NaN.
///
/// It is so long that a call costs relatively little, and copies would cost space.
#[inline(never)]
pub fn polygamma<F: Binary64, const SHORT: bool>(n: F, x: F) -> F {
    let is_digamma = n.equals(0.0);
    F::from(f64::NAN)
        .unless(is_digamma, || digamma::<F, SHORT>(x))
        .unless(!is_digamma, || derivative::<F, SHORT>(n, x))
}

/// The same from order 1 on:
/// (−1)ⁿ⁺¹ n! times the sum of (x + i)^−(n + 1) over all integers i ≥ 0. With the smallest
/// |x + i| as `first`, the other terms are those of `first` + 1, `first` + 2, ..., upwards, and
/// of 1 − `first`, 2 − `first`, ..., downwards. On the side of negative x + i they end at i = 0.
#[inline(always)]
fn derivative<F: Binary64, const SHORT: bool>(n: F, x: F) -> F {
    let order = Order::of(n);
    let is_odd = order.parity.is_above(0.0);
    let is_negative = x.is_below(0.0);
    let magnitude = x.abs();
    let from_integer = from_integer(x);
    let first = select(is_negative, from_integer.abs(), magnitude);
    let one = Double::from(F::from(1.0));
    let inverse = one.over::<SHORT>(Double::from(first));
    let terms = Terms {
        order,
        first,
        inverse,
    };
    let up_1 = terms.term::<SHORT>(F::from(1.0));
    let up_2 = terms.term::<SHORT>(F::from(2.0));
    let up_tail = terms.tail::<SHORT>(F::from(3.0));
    let less = F::from(1.0) - first * 2.0;
    let down_1 = terms.term::<SHORT>(less);
    let down_2 = terms.term::<SHORT>(less + 1.0);
    let down_3 = terms.term::<SHORT>(less + 2.0);
    let down_tail = terms.tail::<SHORT>(less + 3.0);

    let room = magnitude + from_integer;
    let is_up_bounded = is_negative & from_integer.is_below(0.0);
    let is_down_bounded = is_negative & from_integer.is_above(0.0);
    let no_up_1 = is_up_bounded & room.is_below(1.0);
    let no_up_2 = is_up_bounded & room.is_below(2.0);
    let no_down_1 = !is_negative | (is_down_bounded & room.is_below(1.0));
    let no_down_2 = !is_negative | (is_down_bounded & room.is_below(2.0));
    let no_down_3 = !is_negative | (is_down_bounded & room.is_below(3.0));
    let zero = Double::from(F::from(0.0));
    let sign = order.parity;
    // At odd multiples of ½ each of these sums is 0 for even orders.
    let rest_0 = sign * select(no_down_1, 0.0, down_1);
    let rest_1 = select(no_up_1, 0.0, up_1) + sign * select(no_down_2, 0.0, down_2);
    let rest_2 = select(no_up_2, 0.0, up_2) + sign * select(no_down_3, 0.0, down_3);
    let down_tail = either(no_down_3, zero, down_tail).scaled(sign);
    let tail = either(no_up_2, zero, up_tail).plus(down_tail);
    let is_up_beyond = is_up_bounded & !no_up_2;
    let is_down_beyond = is_down_bounded & !no_down_3;
    let beyond = F::from(0.0).unless(is_up_beyond | is_down_beyond, || {
        let beyond = terms.tail::<SHORT>(magnitude - first + 1.0);
        let beyond = beyond.high + beyond.low;
        select(is_up_beyond, beyond, sign * beyond)
    });
    let near = one
        .plus(Double::from(rest_0))
        .plus(Double::from(rest_1 + rest_2))
        .plus(tail)
        .plus(Double::from(-beyond));
    let near = near.times::<SHORT>(inverse);
    let is_far = first.is_at_least(order.power * 4.0);
    let far = order.tail::<SHORT>(first);
    let factor = either(is_far, far, near);

    // n! / firstⁿ.
    let ln = ln_as_sum::<F, SHORT>(first);
    let (high, low) = product(-order.n, ln.high);
    let is_bounded = high.abs().is_below(1400.0);
    let low = select(is_bounded, low - order.n * ln.low, 0.0);
    let high = select(is_bounded, high, F::from(1400.0).copysign(high));
    let (k, power) = exp_parts::<F, SHORT>(Double::new(high, low));
    let value = power.times::<SHORT>(order.m).times::<SHORT>(factor);
    let k = (F::from_bits(k) - MAGIC + order.k).at_most(2040.0);
    let (half, half_bits) = nearest(k * 0.5);
    let (_, rest_bits) = nearest(k - half);
    let value = (value.high + value.low) * power_of_two::<F>(half_bits);
    let value = value * power_of_two::<F>(rest_bits);
    let is_reversed = is_negative & from_integer.is_below(0.0);
    let value = select(is_odd | is_reversed, value, -value);

    // The value overflows, as may the inverse.
    let is_zero = magnitude.is_below(1e-300);
    let infinity = F::from(f64::INFINITY);
    let value = select(
        is_zero,
        select(is_odd, infinity, infinity.copysign(-x)),
        value,
    );
    let is_pole = is_negative & !is_zero & from_integer.equals(0.0);
    let value = select(is_pole, select(is_odd, infinity, f64::NAN), value);
    let limit = select(is_odd, 0.0, -0.0);
    let value = select(x.equals(f64::INFINITY), limit, value);
    let value = select(x.equals(f64::NEG_INFINITY), f64::NAN, value);
    select(x.is_nan() | order.n.is_nan(), f64::NAN, value)
}
