//! Numbers as they are written, stored and shown.

mod domain;
mod quantile;

use std::fmt;
use std::str::FromStr;

pub use gradtape_tape::Precision;
use gradtape_tape::{Array, Graph, Real};
use serde::{Serialize, Serializer};

#[doc(hidden)]
pub use domain::{Domain, MAX_INTEGER};
#[doc(hidden)]
pub use quantile::{quantile, sorted};

/// A decimal number as written, rounded once to each precision.
///
/// Rounding the text to `f64` and that to `f32` would round twice, which can
/// differ in the last bit. A number that was computed (the points of a range)
/// has only its `f64`, rounded to `f32` on request.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::number::Number;
///
/// let number: Number = "0.1".parse()?;
/// assert_eq!(number.to::<f32>(), 0.1_f32);
/// assert_eq!(number.to::<f64>(), 0.1_f64);
/// # Ok::<(), std::num::ParseFloatError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    wide: f64,
    narrow: f32,
}

impl Number {
    /// The number in the precision of the type `T`.
    #[must_use]
    pub fn to<T: Real>(self) -> T {
        T::from_f64(self.rounded(T::PRECISION))
    }

    /// The number in a precision, as `f64`, in which that is exact.
    #[must_use]
    #[doc(hidden)]
    pub fn rounded(self, precision: Precision) -> f64 {
        match precision {
            Precision::F32 => f64::from(self.narrow),
            Precision::F64 => self.wide,
        }
    }

    /// The number as a constant of a graph, in its precision.
    pub(crate) fn constant(self, graph: &Graph) -> Array<'_> {
        graph.constant(self.rounded(graph.precision()))
    }

    /// The number in a precision that is known only at run time.
    #[must_use]
    pub fn scalar(self, precision: Precision) -> Scalar {
        match precision {
            Precision::F32 => Scalar::F32(self.narrow),
            Precision::F64 => Scalar::F64(self.wide),
        }
    }

    /// The number as `f64`.
    #[must_use]
    pub fn wide(self) -> f64 {
        self.wide
    }
}

impl From<f64> for Number {
    fn from(wide: f64) -> Self {
        let narrow = <f32 as Real>::from_f64(wide);
        Number { wide, narrow }
    }
}

impl FromStr for Number {
    type Err = std::num::ParseFloatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Number {
            wide: text.parse()?,
            narrow: text.parse()?,
        })
    }
}

/// The value of a setting of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number, such as a learning rate.
    Number(Number),
    /// An integer, such as the number of epochs.
    Whole(u64),
    /// On or off, such as `nesterov`.
    Switch(bool),
    /// A string, such as the name of a method.
    Name(String),
}

impl Value {
    /// The value as a number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<Number> {
        match self {
            Value::Number(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "integers are below 2^53")]
            Value::Whole(whole) => Some(Number::from(*whole as f64)),
            Value::Switch(_) | Value::Name(_) => None,
        }
    }

    /// The value as tables and legends show it.
    #[must_use]
    pub fn short(&self) -> String {
        let mut text = String::new();
        self.push_short(&mut text);
        text
    }

    /// Appends what [`Value::short`] gives.
    #[doc(hidden)]
    pub fn push_short(&self, text: &mut String) {
        match self {
            Value::Number(number) => push_short(text, number.wide()),
            Value::Whole(_) | Value::Switch(_) | Value::Name(_) => {
                text.push_str(Digits::default().value(self));
            }
        }
    }

    /// Whether both are the same value. Numbers have to agree to nine digits, so
    /// that `0.3` matches the point 0.30000000000000004 of a range.
    #[must_use]
    #[doc(hidden)]
    pub fn matches(&self, other: &Value) -> bool {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => {
                let (a, b) = (a.wide(), b.wide());
                a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
            }
            _ => self.to_string() == other.to_string(),
        }
    }
}

impl fmt::Display for Value {
    /// Numbers in the shortest form that reads back to the same `f64`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Digits::default().value(self))
    }
}

/// A number that remembers the precision it was computed in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// A 32-bit number.
    F32(f32),
    /// A 64-bit number.
    F64(f64),
}

impl Scalar {
    /// A number of either type.
    pub fn new<T: Real>(value: T) -> Self {
        if size_of::<T>() == size_of::<f32>() {
            Scalar::F32(<f32 as Real>::from_f64(value.to_f64()))
        } else {
            Scalar::F64(value.to_f64())
        }
    }

    /// Reads what [`Scalar`] displays, in the given precision.
    ///
    /// # Errors
    ///
    /// If the text is not a number.
    pub fn parse(text: &str, precision: Precision) -> Result<Self, std::num::ParseFloatError> {
        Ok(match precision {
            Precision::F32 => Scalar::F32(text.parse()?),
            Precision::F64 => Scalar::F64(text.parse()?),
        })
    }

    /// The precision of its type.
    #[must_use]
    pub fn precision(self) -> Precision {
        match self {
            Scalar::F32(_) => Precision::F32,
            Scalar::F64(_) => Precision::F64,
        }
    }

    /// The same value as `f64`.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        match self {
            Scalar::F32(value) => f64::from(value),
            Scalar::F64(value) => value,
        }
    }

    /// The value of a count, which is an integer below 2⁵³.
    #[must_use]
    #[doc(hidden)]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is an integer below 2^53"
    )]
    pub fn to_count(self) -> u64 {
        self.to_f64() as u64
    }

    /// `self − other` in the precision of `self`.
    #[must_use]
    #[doc(hidden)]
    pub fn minus(self, other: Number) -> Self {
        match self {
            Scalar::F32(value) => Scalar::F32(value - other.to::<f32>()),
            Scalar::F64(value) => Scalar::F64(value - other.to::<f64>()),
        }
    }

    /// The number of representable numbers from `self` to `other`, 0 if they
    /// are equal (0 and −0 are), `None` if only one of them is NaN or their
    /// precisions differ.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::number::Scalar;
    ///
    /// assert_eq!(Scalar::F64(1.0).ulps_to(Scalar::F64(1.0 + f64::EPSILON)), Some(1));
    /// assert_eq!(Scalar::F32(-1e-45).ulps_to(Scalar::F32(1e-45)), Some(2));
    /// ```
    #[must_use]
    #[doc(hidden)]
    pub fn ulps_to(self, other: Scalar) -> Option<u64> {
        if self.to_f64().is_nan() || other.to_f64().is_nan() {
            return (self.to_f64().is_nan() && other.to_f64().is_nan()).then_some(0);
        }
        // Floats of the same sign are ordered as their bits are.
        let steps_from_zero = |magnitude: u64, negative: bool| {
            let steps = i128::from(magnitude);
            if negative { -steps } else { steps }
        };
        let position = |scalar: Scalar| match scalar {
            Scalar::F32(x) => steps_from_zero(x.abs().bits(), x.is_sign_negative()),
            Scalar::F64(x) => steps_from_zero(x.abs().bits(), x.is_sign_negative()),
        };
        let same_type = matches!(
            (self, other),
            (Scalar::F32(_), Scalar::F32(_)) | (Scalar::F64(_), Scalar::F64(_))
        );
        same_type.then(|| {
            u64::try_from((position(self) - position(other)).abs())
                .expect("two 64-bit patterns are at most 2^64 − 1 apart")
        })
    }

    /// Whether both have the same precision and bits: unlike `==` it distinguishes
    /// 0 from −0, and NaN equals itself.
    #[must_use]
    #[inline]
    pub fn is_same(self, other: Scalar) -> bool {
        match (self, other) {
            (Scalar::F32(a), Scalar::F32(b)) => a.to_bits() == b.to_bits(),
            (Scalar::F64(a), Scalar::F64(b)) => a.to_bits() == b.to_bits(),
            _ => false,
        }
    }

    /// The number as tables show it: six significant digits.
    #[must_use]
    pub fn short(self) -> String {
        short(self.to_f64())
    }
}

impl fmt::Display for Scalar {
    /// The shortest decimal form that reads back to the same bits.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Digits::default().scalar(*self))
    }
}

/// Formats numbers one after the other without allocating.
#[derive(Default)]
#[expect(missing_debug_implementations, reason = "its buffers have none")]
#[doc(hidden)]
pub struct Digits {
    float: zmij::Buffer,
    whole: itoa::Buffer,
}

impl Digits {
    /// As the [`Scalar`] displays itself.
    #[inline]
    pub fn scalar(&mut self, scalar: Scalar) -> &str {
        match scalar {
            Scalar::F32(value) => self.float.format(value),
            Scalar::F64(value) => self.float.format(value),
        }
    }

    /// The number, or nothing.
    pub fn optional(&mut self, scalar: Option<Scalar>) -> &str {
        scalar.map_or("", |scalar| self.scalar(scalar))
    }

    /// The digits of an integer.
    #[inline]
    pub fn whole(&mut self, value: u64) -> &str {
        self.whole.format(value)
    }

    /// As the [`Value`] displays itself.
    pub fn value<'a>(&'a mut self, value: &'a Value) -> &'a str {
        match value {
            Value::Number(number) => self.scalar(Scalar::F64(number.wide)),
            Value::Whole(whole) => self.whole(*whole),
            Value::Switch(true) => "true",
            Value::Switch(false) => "false",
            Value::Name(name) => name,
        }
    }
}

/// `value` with six significant digits and without needless zeros: for tables,
/// labels and messages, where the full number is elsewhere.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::number::short;
///
/// assert_eq!(short(0.1 + 0.2), "0.3");
/// assert_eq!(short(5.803526e-37), "5.80353e-37");
/// assert_eq!(short(10000.0), "10000");
/// assert_eq!(short(-0.0), "-0");
/// ```
#[must_use]
pub fn short(value: f64) -> String {
    let mut text = String::new();
    push_short(&mut text, value);
    text
}

/// Appends what [`short`] gives.
fn push_short(text: &mut String, value: f64) {
    match SixDigits::of(value) {
        Some(digits) => digits.push(text),
        None => text.push_str(&short_by_definition(value)),
    }
}

/// A number rounded to six significant digits: those of its shortest form.
///
/// They round as the exact value does. If they did not, half-way between two
/// numbers of six digits would lie between the two, and so be a shorter or a
/// nearer form. Only where it is the shortest form itself this does not hold.
struct SixDigits {
    is_negative: bool,
    /// In ASCII.
    digits: [u8; 6],
    /// Those up to the last that is not 0.
    count: usize,
    /// The power of ten of the first digit.
    exponent: i32,
}

impl SixDigits {
    /// `None` where the definition has to decide, or rounds to integers instead.
    fn of(value: f64) -> Option<Self> {
        // A subnormal number may not have six digits.
        if !value.is_normal() {
            return None;
        }
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut exponent: i32 = exponent.parse().ok()?;
        let mut digits = [b'0'; 6];
        let (mut seventh, mut has_more) = (b'0', false);
        let (mut seen, mut is_whole) = (0, true);
        for byte in mantissa.bytes() {
            match byte {
                b'.' => is_whole = false,
                b'0'..=b'9' => {
                    // The exponent becomes that of the first digit but 0.
                    exponent += i32::from(is_whole && seen > 0);
                    exponent -= i32::from(!is_whole && seen == 0);
                    match seen {
                        0 if byte == b'0' => continue,
                        0..6 => digits[seen] = byte,
                        6 => seventh = byte,
                        _ => has_more |= byte != b'0',
                    }
                    seen += 1;
                }
                _ => {}
            }
        }
        if seventh == b'5' && !has_more {
            return None;
        }
        if seventh >= b'5' {
            match digits.iter().rposition(|digit| *digit != b'9') {
                Some(place) => {
                    digits[place] += 1;
                    digits[place + 1..].fill(b'0');
                }
                None => {
                    digits = *b"100000";
                    exponent += 1;
                }
            }
        }
        let last = digits.iter().rposition(|digit| *digit != b'0')?;
        (exponent != 6).then_some(SixDigits {
            is_negative: value < 0.0,
            digits,
            count: last + 1,
            exponent,
        })
    }

    fn push(&self, text: &mut String) {
        let mut push = |digits: &[u8]| digits.iter().for_each(|digit| text.push((*digit).into()));
        let digits = &self.digits[..self.count];
        if self.is_negative {
            push(b"-");
        }
        match usize::try_from(self.exponent) {
            Ok(exponent @ ..6) => {
                push(&self.digits[..=exponent]);
                if self.count > exponent + 1 {
                    push(b".");
                    push(&digits[exponent + 1..]);
                }
            }
            Err(_) if self.exponent >= -5 => {
                push(b"0.");
                (self.exponent..-1).for_each(|_| push(b"0"));
                push(digits);
            }
            _ => {
                push(&digits[..1]);
                if self.count > 1 {
                    push(b".");
                    push(&digits[1..]);
                }
                text.push('e');
                text.push_str(itoa::Buffer::new().format(self.exponent));
            }
        }
    }
}

/// [`short`] by the standard library, which rounds the exact value: some ten
/// times slower.
fn short_by_definition(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:.5e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-5..7).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).unwrap_or(0);
        without_trailing_zeros(&format!("{value:.decimals$}")).to_owned()
    } else {
        format!("{}e{exponent}", without_trailing_zeros(mantissa))
    }
}

/// A count with thousands separators.
///
/// # Examples
///
/// ```
/// assert_eq!(gradtape_experiment::number::grouped(10_000), "10,000");
/// ```
#[must_use]
#[doc(hidden)]
pub fn grouped(count: u128) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with thousands separators and its noun, in the plural unless the count is 1.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::number::counted;
///
/// assert_eq!(counted(1_u64, "run"), "1 run");
/// assert_eq!(counted(10_000_usize, "run"), "10,000 runs");
/// ```
#[must_use]
#[doc(hidden)]
pub fn counted(count: impl TryInto<u128>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u128::MAX);
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

fn without_trailing_zeros(decimal: &str) -> &str {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimal
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Scalar::F32(value) => serializer.serialize_f32(*value),
            Scalar::F64(value) => serializer.serialize_f64(*value),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Number(number) => serializer.serialize_f64(number.wide()),
            Value::Whole(whole) => serializer.serialize_u64(*whole),
            Value::Switch(on) => serializer.serialize_bool(*on),
            Value::Name(name) => serializer.serialize_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_rounded_once_to_each_precision() {
        // Half-way between two f32 values but for the last digit, which f64
        // cannot hold: rounding twice would go down.
        let number: Number = "1.00000005960464477540".parse().unwrap();
        assert_eq!(number.to::<f32>(), 1.000_000_1);
        assert_eq!(number.wide() as f32, 1.0);
    }

    #[test]
    fn what_is_displayed_reads_back_to_the_same_bits() {
        for value in [0.1, 1e-320, f64::MAX, -0.0, 1.822_875_151_717_786_5e-88] {
            let text = Scalar::F64(value).to_string();
            assert_eq!(
                Scalar::parse(&text, Precision::F64).unwrap(),
                Scalar::F64(value)
            );
        }
        assert_eq!(Scalar::F32(5.803526e-37).to_string(), "5.803526e-37");
        assert_eq!(Scalar::F64(f64::INFINITY).to_string(), "inf");
        assert_eq!(Scalar::F64(f64::NAN).to_string(), "NaN");
    }

    #[test]
    fn ulps_count_representable_numbers() {
        let ulps = |a: f64, b: f64| Scalar::F64(a).ulps_to(Scalar::F64(b));
        assert_eq!(ulps(1.0, 1.0), Some(0));
        assert_eq!(ulps(0.0, -0.0), Some(0));
        assert_eq!(ulps(f64::NAN, f64::NAN), Some(0));
        assert_eq!(ulps(f64::NAN, 1.0), None);
        assert_eq!(ulps(1.0, 2.0), Some(1 << 52));
        assert!(ulps(f64::MIN, f64::MAX) > ulps(0.0, f64::MAX));
        assert_eq!(Scalar::F32(1.0).ulps_to(Scalar::F64(1.0)), None);
    }

    #[test]
    fn thousands_are_divided_by_commas() {
        let texts = [0, 999, 1_000, 12_345, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn short_numbers_have_six_digits_at_most() {
        for (value, expected) in [
            (1.0, "1"),
            (0.01, "0.01"),
            (1e-5, "0.00001"),
            (1e-6, "1e-6"),
            (1_234_567.0, "1234567"),
            (12_345_678.0, "1.23457e7"),
            (2.0 / 3.0, "0.666667"),
            (999_999.6, "1000000"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(short(value), expected);
        }
    }

    #[test]
    fn short_numbers_round_the_exact_value() {
        let check = |value: f64| {
            assert_eq!(short(value), short_by_definition(value), "{value:e}");
        };
        // Around all numbers of six digits and a half, at every power of ten.
        let mut state = 1_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state >> 11
        };
        for exponent in -330..309 {
            for _ in 0..200 {
                let digits = random() % 10_000_000;
                for text in [
                    format!("{digits}e{exponent}"),
                    format!("{digits}5e{exponent}"),
                    format!("-{}5e{exponent}", digits / 10),
                    format!("99999{}e{exponent}", digits % 1000),
                ] {
                    let value: f64 = text.parse().unwrap();
                    for value in [value, value.next_up(), value.next_down()] {
                        check(value);
                    }
                }
                check(f64::from_bits(random() << 11 | digits));
                check(f64::from(f32::from_bits(random() as u32)));
            }
        }
        for value in [0.0, -0.0, f64::NAN, f64::INFINITY, f64::MAX, 5e-324] {
            check(value);
        }
    }
}
