//! The operations that the elementary functions consist of.

use std::array;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Shl, Shr, Sub};

/// A number of the format binary64 of IEEE 754 on some machine: an `f64`, or a value in
/// code that is made to be run later.
///
/// The methods without a body and the operators are all that a machine needs. They round as
/// IEEE 754 requires, so the functions have the same bits on every machine. None of them
/// reveals to Rust whether a condition holds: a function is the same list of operations for
/// every number.
pub trait Binary64:
    Copy
    + From<f64>
    + Neg<Output = Self>
    + Add<Output = Self>
    + Add<f64, Output = Self>
    + Sub<Output = Self>
    + Sub<f64, Output = Self>
    + Mul<Output = Self>
    + Mul<f64, Output = Self>
    + Div<Output = Self>
{
    /// Whether a condition holds.
    type Truth: Truth<Number = Self>;
    /// The bit pattern of a number.
    type Bits: Bits<Truth = Self::Truth>;

    /// √x.
    fn sqrt(self) -> Self;
    /// The bit pattern.
    fn to_bits(self) -> Self::Bits;
    /// The number with a bit pattern.
    fn from_bits(bits: Self::Bits) -> Self;
    /// x < y.
    fn is_below(self, y: impl Into<Self>) -> Self::Truth;
    /// x ≤ y.
    fn is_at_most(self, y: impl Into<Self>) -> Self::Truth;
    /// x = y.
    fn equals(self, y: impl Into<Self>) -> Self::Truth;

    /// x > y.
    #[inline(always)]
    fn is_above(self, y: impl Into<Self>) -> Self::Truth {
        y.into().is_below(self)
    }
    /// x ≥ y.
    #[inline(always)]
    fn is_at_least(self, y: impl Into<Self>) -> Self::Truth {
        y.into().is_at_most(self)
    }
    /// Whether it is NaN.
    #[inline(always)]
    fn is_nan(self) -> Self::Truth {
        !self.equals(self)
    }
    /// Whether its sign is negative, also of −0.
    #[inline(always)]
    fn is_sign_negative(self) -> Self::Truth {
        (self.to_bits() >> 63).is_odd()
    }
    /// |x|.
    #[inline(always)]
    fn abs(self) -> Self {
        Self::from_bits(self.to_bits() & !SIGN)
    }
    /// |x| with the sign of y.
    #[inline(always)]
    fn copysign(self, y: Self) -> Self {
        Self::from_bits((self.to_bits() & !SIGN) | (y.to_bits() & SIGN))
    }
    /// The smaller of both, x if it is NaN.
    #[inline(always)]
    fn at_most(self, bound: f64) -> Self {
        self.is_above(bound).select(bound.into(), self)
    }
    /// The larger of both, x if it is NaN.
    #[inline(always)]
    fn at_least(self, bound: f64) -> Self {
        self.is_below(bound).select(bound.into(), self)
    }
    /// Itself, or another number where a condition holds: [`Truth::select`] for a rare case,
    /// which a machine with branches may skip. A closure in a function that runs on vectors
    /// must be short: a long one becomes a function call, and the loop is not vectorised.
    #[inline(always)]
    fn unless(self, condition: Self::Truth, other: impl FnOnce() -> Self) -> Self {
        condition.select(other(), self)
    }
    /// Row number `index` of a table, row 0 if there is none. It is selected from all rows,
    /// unless the machine can look it up.
    fn row<const N: usize>(table: &[[f64; N]], index: Self) -> [Self; N] {
        let mut row = table[0].map(Self::from);
        let mut number = 0.0;
        for other in &table[1..] {
            number += 1.0;
            let is_it = index.equals(number);
            row = array::from_fn(|i| is_it.select(other[i].into(), row[i]));
        }
        row
    }
}

/// Whether a condition of a [`Binary64`] holds.
pub trait Truth:
    Copy + Not<Output = Self> + BitAnd<Output = Self> + BitOr<Output = Self> + BitXor<Output = Self>
{
    /// The numbers that it selects from.
    type Number;

    /// `yes` where it holds, else `no`.
    fn select(self, yes: Self::Number, no: Self::Number) -> Self::Number;
}

/// The bit pattern of a [`Binary64`], as an integer modulo 2⁶⁴.
pub trait Bits:
    Copy
    + From<u64>
    + BitAnd<u64, Output = Self>
    + BitOr<Output = Self>
    + BitOr<u64, Output = Self>
    + BitXor<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    /// The conditions of the same machine.
    type Truth;

    /// The sum.
    fn wrapping_add(self, other: impl Into<Self>) -> Self;
    /// The difference.
    fn wrapping_sub(self, other: impl Into<Self>) -> Self;
    /// Whether the last bit is 1.
    fn is_odd(self) -> Self::Truth;
}

/// The bit of the sign.
const SIGN: u64 = 1 << 63;

impl Binary64 for f64 {
    type Truth = bool;
    type Bits = u64;

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn to_bits(self) -> u64 {
        self.to_bits()
    }
    #[inline(always)]
    fn from_bits(bits: u64) -> Self {
        f64::from_bits(bits)
    }
    #[inline(always)]
    fn is_below(self, y: impl Into<Self>) -> bool {
        self < y.into()
    }
    #[inline(always)]
    fn is_at_most(self, y: impl Into<Self>) -> bool {
        self <= y.into()
    }
    #[inline(always)]
    fn equals(self, y: impl Into<Self>) -> bool {
        self == y.into()
    }
    // The compiler knows these better than their bits.
    #[inline(always)]
    fn is_sign_negative(self) -> bool {
        self.is_sign_negative()
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn copysign(self, y: Self) -> Self {
        self.copysign(y)
    }
    #[inline(always)]
    fn unless(self, condition: bool, other: impl FnOnce() -> Self) -> Self {
        if condition { other() } else { self }
    }
    #[inline(always)]
    fn row<const N: usize>(table: &[[f64; N]], index: Self) -> [Self; N] {
        // A number out of range becomes the nearest integer in range.
        let number = index as usize;
        let is_one = number < table.len() && number as f64 == index;
        table[if is_one { number } else { 0 }]
    }
}

impl Truth for bool {
    type Number = f64;

    #[inline(always)]
    fn select(self, yes: f64, no: f64) -> f64 {
        if self { yes } else { no }
    }
}

impl Bits for u64 {
    type Truth = bool;

    #[inline(always)]
    fn wrapping_add(self, other: impl Into<u64>) -> u64 {
        self.wrapping_add(other.into())
    }
    #[inline(always)]
    fn wrapping_sub(self, other: impl Into<u64>) -> u64 {
        self.wrapping_sub(other.into())
    }
    #[inline(always)]
    fn is_odd(self) -> bool {
        self & 1 != 0
    }
}
