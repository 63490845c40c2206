//! The two number types, with elementary functions that give the same bits on
//! every machine.
//!
//! The functions of the standard library's `f64` (`exp`, `sin`, …) come from the
//! platform's C library, so they differ between machines. The functions here are
//! defined in `math/` by operations that IEEE 754 rounds exactly. Only remainders,
//! and sines of angles of more than a million radians, come from the `libm` crate,
//! which also computes them from exactly rounded operations in a fixed order.

use super::Op;
use super::math::{self, Binary64};
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The precision that something is computed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// 32-bit floating point, about 7 decimal digits.
    F32,
    /// 64-bit floating point, about 16 decimal digits.
    F64,
}

impl Precision {
    /// The name of the type, as in an experiment file: `"f32"` or `"f64"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        }
    }

    /// The difference between 1 and the next larger number.
    #[must_use]
    #[doc(hidden)]
    pub const fn epsilon(self) -> f64 {
        match self {
            Precision::F32 => <f32 as Real>::EPSILON as f64,
            Precision::F64 => <f64 as Real>::EPSILON,
        }
    }
}

/// A floating-point type that a graph can be evaluated in: `f32` or `f64`.
///
/// Every function gives the same bits on every machine. The largest differences
/// from the number nearest to the exact result are
///
/// | function | difference of at most |
/// |---|---|
/// | `sqrt`, `floor`, `ceil`, `round`, `fmod` | 0 |
/// | `tanh_slope`, `sigmoid_slope` | 5 units in the last place in `f64`, 1 in `f32` |
/// | `lgamma`, `digamma`, `polygamma` for x > 0 | 2 units |
/// | `lgamma`, `digamma` below | 1 unit, or 3.3e-17 where they are near 0 |
/// | `polygamma` of even order n below | 1.5 units, or 1.8·n!·2ⁿ⁺¹·2⁻⁵³ |
/// | `log_add_exp` | 1 unit, or 2⁻⁹⁹ of the smaller term |
/// | all others | 1 unit |
///
/// as measured on every `f32`, on almost two million `f64`, and on half a million pairs
/// for functions of two arguments; `lgamma` to `polygamma`, `gelu` and `silu` against
/// values with 60 digits. Functions of one argument differ for at most five `f32` in a
/// million. `sin`, `cos` and `tan` treat the angle as exact, however large.
///
/// # Examples
///
/// ```
/// use gradtape_tape::Real;
///
/// fn tenth<T: Real>() -> T {
///     T::from_f64(1.0) / T::from_f64(10.0)
/// }
/// assert_eq!(tenth::<f32>().to_f64(), 0.10000000149011612);
/// assert_eq!(tenth::<f64>().to_f64(), 0.1);
/// ```
pub trait Real:
    sealed::Sealed
    + Copy
    + PartialOrd
    + fmt::Debug
    + fmt::Display
    + Default
    + Send
    + Sync
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + 'static
{
    /// The precision that this type has.
    const PRECISION: Precision;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The largest finite number.
    const MAX: Self;
    /// The result of an undefined operation.
    const NAN: Self;
    /// The smallest positive normal number: 2⁻¹²⁶ for `f32`, 2⁻¹⁰²² for `f64`.
    const MIN_POSITIVE: Self;
    /// The difference between 1 and the next larger number.
    const EPSILON: Self;
    /// 2⁶⁴, by which a product near [`Real::MIN_POSITIVE`] is
    /// scaled up to see how it would round without a lower bound on the exponent.
    const TWO_TO_64: Self;

    /// Rounds `value` to this type, to the nearest, ties to even.
    fn from_f64(value: f64) -> Self;
    /// The same value as `f64`; exact.
    fn to_f64(self) -> f64;
    /// The bit pattern, zero-extended. Equal patterns are the same number; −0 and 0
    /// are different.
    fn bits(self) -> u64;
    /// Whether the value is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Whether the value is NaN.
    #[expect(clippy::eq_op, reason = "only NaN differs from itself")]
    #[inline(always)]
    fn is_nan(self) -> bool {
        self != self
    }
    /// |x|.
    fn abs(self) -> Self;
    /// A zero with the sign of `self`.
    fn signed_zero(self) -> Self;
    /// √x, exactly rounded.
    fn sqrt(self) -> Self;
    /// The largest integer not above x.
    fn floor(self) -> Self;
    /// The smallest integer not below x.
    fn ceil(self) -> Self;
    /// The nearest integer, ties to even.
    fn round(self) -> Self;
    /// ∛x.
    fn cbrt(self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// eˣ − 1, accurate near 0.
    fn expm1(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// ln(1 + x), accurate near 0.
    fn ln_1p(self) -> Self;
    /// The logarithm to base 2.
    fn log2(self) -> Self;
    /// The logarithm to base 10.
    fn log10(self) -> Self;
    /// Sine of an angle in radians.
    #[inline(always)]
    fn sin(self) -> Self {
        if self.is_near() {
            self.near_sin()
        } else {
            self.far_sin()
        }
    }
    /// Cosine of an angle in radians.
    #[inline(always)]
    fn cos(self) -> Self {
        if self.is_near() {
            self.near_cos()
        } else {
            self.far_cos()
        }
    }
    /// Tangent of an angle in radians.
    #[inline(always)]
    fn tan(self) -> Self {
        if self.is_near() {
            self.near_tan()
        } else {
            self.far_tan()
        }
    }
    /// Whether an angle is at most a million radians: then [`Real::near_sin`] and
    /// similar functions apply, which have no branches; else [`Real::far_sin`] and
    /// similar functions.
    #[inline(always)]
    fn is_near(self) -> bool {
        math::is_near(self.to_f64())
    }
    /// [`Real::sin`] of an angle that [`Real::is_near`].
    #[doc(hidden)]
    fn near_sin(self) -> Self;
    /// [`Real::cos`] of an angle that [`Real::is_near`].
    #[doc(hidden)]
    fn near_cos(self) -> Self;
    /// [`Real::tan`] of an angle that [`Real::is_near`].
    #[doc(hidden)]
    fn near_tan(self) -> Self;
    /// [`Real::sin`] of an angle that is not near.
    fn far_sin(self) -> Self {
        Self::from_f64(libm::sin(self.to_f64()))
    }
    /// [`Real::cos`] of an angle that is not near.
    fn far_cos(self) -> Self {
        Self::from_f64(libm::cos(self.to_f64()))
    }
    /// [`Real::tan`] of an angle that is not near.
    fn far_tan(self) -> Self {
        Self::from_f64(libm::tan(self.to_f64()))
    }
    /// Arc sine, in radians.
    fn asin(self) -> Self;
    /// Arc cosine, in radians.
    fn acos(self) -> Self;
    /// Arc tangent, in radians.
    fn atan(self) -> Self;
    /// The angle of the point (`x`, `self`), in radians.
    fn atan2(self, x: Self) -> Self;
    /// Hyperbolic sine.
    fn sinh(self) -> Self;
    /// Hyperbolic cosine.
    fn cosh(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// 1/cosh² x, the derivative of tanh.
    fn tanh_slope(self) -> Self;
    /// Inverse hyperbolic sine.
    fn asinh(self) -> Self;
    /// Inverse hyperbolic cosine.
    fn acosh(self) -> Self;
    /// Inverse hyperbolic tangent.
    fn atanh(self) -> Self;
    /// 1 / (1 + e⁻ˣ).
    fn sigmoid(self) -> Self;
    /// 1 / ((1 + e⁻ˣ)(1 + eˣ)), the derivative of the sigmoid.
    fn sigmoid_slope(self) -> Self;
    /// ln(1 + eˣ).
    fn softplus(self) -> Self;
    /// The error function, 2/√π ∫₀ˣ exp(−t²) dt.
    fn erf(self) -> Self;
    /// 1 − erf x, accurate in its tail.
    fn erfc(self) -> Self;
    /// x Φ(x) for the distribution function Φ of the normal distribution.
    fn gelu(self) -> Self;
    /// x / (1 + e⁻ˣ).
    fn silu(self) -> Self;
    /// ln |Γ(x)|.
    fn lgamma(self) -> Self;
    /// The derivative of ln |Γ(x)|.
    fn digamma(self) -> Self;
    /// The derivative of order `self` of [`Real::digamma`] at x, for an integer order from
    /// 0 to 100; NaN for any other.
    fn polygamma(self, x: Self) -> Self;
    /// ln(eˣ + eʸ).
    fn log_add_exp(self, y: Self) -> Self;
    /// x if x > 0, else α(eˣ − 1).
    fn elu(self, alpha: Self) -> Self;
    /// √(x² + y²) without intermediate overflow or underflow.
    fn hypot(self, y: Self) -> Self;
    /// The remainder of x after division by y towards zero; exact.
    fn fmod(self, y: Self) -> Self;
    /// xʸ.
    fn pow(self, y: Self) -> Self;
}

/// `$short` is whether the functions may be computed with less precision than a
/// double has, since they are rounded to single precision.
macro_rules! real {
    ($type:ident, $precision:ident, $short:literal, $fmod:ident; $($name:ident),+; $($name2:ident),+) => {
        impl Real for $type {
            const PRECISION: Precision = Precision::$precision;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const MAX: Self = $type::MAX;
            const NAN: Self = $type::NAN;
            const MIN_POSITIVE: Self = $type::MIN_POSITIVE;
            const EPSILON: Self = $type::EPSILON;
            const TWO_TO_64: Self = 18_446_744_073_709_551_616.0;

            #[allow(
                clippy::cast_possible_truncation,
                reason = "rounding to this type is what the function is for"
            )]
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $type::is_finite(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $type::abs(self)
            }
            #[inline(always)]
            fn signed_zero(self) -> Self {
                (0.0 as $type).copysign(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $type::sqrt(self)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                $type::floor(self)
            }
            #[inline(always)]
            fn ceil(self) -> Self {
                $type::ceil(self)
            }
            #[inline(always)]
            fn round(self) -> Self {
                $type::round_ties_even(self)
            }
            fn fmod(self, y: Self) -> Self {
                libm::$fmod(self, y)
            }
            $(#[inline(always)]
            fn $name(self) -> Self {
                Self::from_f64(math::$name::<f64, $short>(self.to_f64()))
            })+
            $(#[inline(always)]
            fn $name2(self, other: Self) -> Self {
                Self::from_f64(math::$name2::<f64, $short>(self.to_f64(), other.to_f64()))
            })+
        }
    };
}

/// For each elementary function the operation, and the name of its definition in `math` and
/// of the method of [`Real`]; those of two operands come last.
macro_rules! functions {
    ($($op:ident $name:ident),+; $($op2:ident $name2:ident),+) => {
        real!(f32, F32, true, fmodf; $($name),+; $($name2),+);
        real!(f64, F64, false, fmod; $($name),+; $($name2),+);

        /// The elementary function `op` on any machine: the definition behind the method of
        /// [`Real`], with a result to round to single precision if `SHORT`. Sine, cosine and
        /// tangent are those of an angle that is near ([`Real::is_near`]); a function of one
        /// operand ignores y. `None` for an operation of another kind.
        #[must_use]
        pub fn evaluate<F: Binary64, const SHORT: bool>(op: Op, [x, y]: [F; 2]) -> Option<F> {
            Some(match op {
                $(Op::$op => math::$name::<F, SHORT>(x),)+
                $(Op::$op2 => math::$name2::<F, SHORT>(x, y),)+
                _ => return None,
            })
        }
    };
}

functions! {
    Cbrt cbrt, Exp exp, Expm1 expm1, Ln ln, Ln1p ln_1p, Log2 log2, Log10 log10, Sin near_sin,
    Cos near_cos, Tan near_tan, Asin asin, Acos acos, Atan atan, Sinh sinh, Cosh cosh, Tanh tanh,
    TanhSlope tanh_slope, Asinh asinh, Acosh acosh, Atanh atanh, Sigmoid sigmoid,
    SigmoidSlope sigmoid_slope, Softplus softplus, Erf erf, Erfc erfc, Gelu gelu, Silu silu,
    Lgamma lgamma, Digamma digamma;
    Atan2 atan2, Hypot hypot, Pow pow, Polygamma polygamma, LogAddExp log_add_exp, Elu elu
}
