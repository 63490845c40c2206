//! Numbers that round as the programs of a run do.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

use gradtape_tape::internal;
use gradtape_tape::{Number, Op, Real, Subnormals};

/// A number of a [`Search`](super::Search): in the precision of the run, with subnormal numbers
/// preserved or flushed.
///
/// Every operation is rounded once, so the bits are the same on every machine.
pub trait Float:
    Copy
    + PartialOrd
    + fmt::Debug
    + Send
    + Sync
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Number
    + 'static
{
    /// The precision.
    type Real: Real;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The difference between 1 and the next larger number.
    const EPSILON: Self;

    /// The number, flushed to 0 if it is subnormal and the run flushes those.
    fn new(value: Self::Real) -> Self;
    /// The plain number.
    fn get(self) -> Self::Real;
    /// √x.
    fn sqrt(self) -> Self;
    /// √(x² + y²) without overflow on the way.
    fn hypot(self, y: Self) -> Self;

    /// Rounds `value` to the precision.
    #[must_use]
    fn rounded(value: f64) -> Self {
        Self::new(Self::Real::from_f64(value))
    }

    /// |x|.
    #[must_use]
    fn abs(self) -> Self {
        Self::new(self.get().abs())
    }

    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool {
        self.get().is_finite()
    }

    /// The other if it is smaller, else this.
    #[must_use]
    fn min(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    /// The other if it is larger, else this.
    #[must_use]
    fn max(self, other: Self) -> Self {
        if other > self { other } else { self }
    }
}

/// The [`Float`] of each precision; subnormal numbers are flushed if `FLUSH` is true.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub struct Rounded<T, const FLUSH: bool>(T);

impl<T: Real, const FLUSH: bool> Rounded<T, FLUSH> {
    const SUBNORMALS: Subnormals = if FLUSH {
        Subnormals::Flush
    } else {
        Subnormals::Keep
    };

    fn apply(op: Op, x: Self, y: Self) -> Self {
        Rounded(op.value([x.0, y.0, y.0], Self::SUBNORMALS))
    }
}

impl<T: Real, const FLUSH: bool> Float for Rounded<T, FLUSH> {
    type Real = T;
    const ZERO: Self = Rounded(T::ZERO);
    const ONE: Self = Rounded(T::ONE);
    const EPSILON: Self = Rounded(T::EPSILON);

    fn new(value: T) -> Self {
        Rounded(Self::SUBNORMALS.input(value))
    }

    fn get(self) -> T {
        self.0
    }

    fn sqrt(self) -> Self {
        Self::apply(Op::Sqrt, self, self)
    }

    fn hypot(self, y: Self) -> Self {
        Self::apply(Op::Hypot, self, y)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<T: Real, const FLUSH: bool> $trait for Rounded<T, FLUSH> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self::apply(Op::$trait, self, other)
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<T: Real, const FLUSH: bool> Number for Rounded<T, FLUSH> {
    fn constant(&self, value: f64) -> Self {
        Float::rounded(value)
    }

    fn apply(op: Op, operands: &[&Self]) -> Self {
        let operand = |place: usize| operands.get(place).map_or(T::ZERO, |it| it.0);
        Rounded(op.value([0, 1, 2].map(operand), Self::SUBNORMALS))
    }

    /// To the bit.
    fn is_same(&self, other: &Self) -> bool {
        self.0.bits() == other.0.bits()
    }
}

impl<T: Real, const FLUSH: bool> Neg for Rounded<T, FLUSH> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::apply(Op::Neg, self, self)
    }
}

impl<T: Real, const FLUSH: bool> fmt::Debug for Rounded<T, FLUSH> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

/// x·y, summed from the left.
pub(super) fn dot<F: Float>(x: &[F], y: &[F]) -> F {
    let products = x.iter().zip(y).map(|(x, y)| *x * *y);
    products
        .reduce(|sum, product| sum + product)
        .unwrap_or(F::ZERO)
}

/// The Euclidean norm, as recorded for every run.
#[must_use]
pub fn norm<F: Float>(x: &[F]) -> F {
    internal::norm(x, F::Real::PRECISION).unwrap_or(F::ZERO)
}

/// The largest magnitude, or NaN if there is one.
pub(super) fn greatest<F: Float>(x: &[F]) -> F {
    x.iter().fold(F::ZERO, |greatest, x| {
        let magnitude = x.abs();
        if magnitude <= greatest || !is_number(greatest) {
            greatest
        } else {
            magnitude
        }
    })
}

/// The sum of the magnitudes, from the left.
pub(super) fn magnitudes<F: Float>(x: &[F]) -> F {
    let magnitudes = x.iter().map(|x| x.abs());
    magnitudes.reduce(|sum, x| sum + x).unwrap_or(F::ZERO)
}

/// x + a·y.
pub(super) fn plus<F: Float>(x: &[F], a: F, y: &[F]) -> Vec<F> {
    x.iter().zip(y).map(|(x, y)| *x + a * *y).collect()
}

/// Adds a·y to x.
pub(super) fn add<F: Float>(x: &mut [F], a: F, y: &[F]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x = *x + a * *y;
    }
}

/// x − y.
pub(super) fn minus<F: Float>(x: &[F], y: &[F]) -> Vec<F> {
    x.iter().zip(y).map(|(x, y)| *x - *y).collect()
}

/// a·x.
pub(super) fn times<F: Float>(a: F, x: &[F]) -> Vec<F> {
    x.iter().map(|x| *x * a).collect()
}

/// −x.
pub(super) fn negative<F: Float>(x: &[F]) -> Vec<F> {
    x.iter().map(|x| -*x).collect()
}

/// Whether no number differs in any bit.
pub(crate) fn are_same<F: Float>(x: &[F], y: &[F]) -> bool {
    x.len() == y.len() && x.iter().zip(y).all(|(x, y)| x.is_same(y))
}

/// Whether it is not NaN.
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
pub(super) fn is_number<F: Float>(x: F) -> bool {
    x == x
}
