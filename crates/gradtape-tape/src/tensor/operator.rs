//! Operators and elementary functions of tensors.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Rem, Sub};
use std::panic::Location;

use super::operation::Logical;
use super::{DType, Error, Operation, Result, Shape, Tensor};
use crate::error::Caller;
use crate::{Op, Variable};

/// The right operand of an operator: a tensor, a variable, or a number (`f32`, `f64`,
/// `i32`, `i64`), which takes the type of the tensor. On the left side numbers are
/// `f64` or `i32`, the types of literals.
pub trait Operand {
    /// The element type, unless it is a number.
    #[doc(hidden)]
    fn dtype(&self) -> Option<DType> {
        None
    }
    /// The operand as a tensor, to be combined with one of type `dtype`.
    #[doc(hidden)]
    fn tensor(&self, operation: &'static str, dtype: DType, at: Caller) -> Result<Tensor>;
}

impl Operand for Tensor {
    fn dtype(&self) -> Option<DType> {
        Some(self.dtype())
    }
    fn tensor(&self, _: &'static str, _: DType, _: Caller) -> Result<Tensor> {
        Ok(self.clone())
    }
}

impl Operand for Variable {
    fn dtype(&self) -> Option<DType> {
        Some(self.dtype())
    }
    fn tensor(&self, _: &'static str, _: DType, at: Caller) -> Result<Tensor> {
        Ok(self.read_at(at))
    }
}

impl<T: Operand + ?Sized> Operand for &T {
    fn dtype(&self) -> Option<DType> {
        (**self).dtype()
    }
    fn tensor(&self, operation: &'static str, dtype: DType, at: Caller) -> Result<Tensor> {
        (**self).tensor(operation, dtype, at)
    }
}

/// Rounds to the type of a tensor of floating-point numbers; other types are errors.
macro_rules! float_operand {
    ($($type:ident $dtype:ident),+) => {$(
        impl Operand for $type {
            fn tensor(&self, operation: &'static str, dtype: DType, at: Caller) -> Result<Tensor> {
                if dtype.is_float() {
                    return Ok(Tensor::scalar(f64::from(*self), dtype, at));
                }
                Err(Error::MixedTypes {
                    operation,
                    left: dtype,
                    right: DType::$dtype,
                    at,
                })
            }
        }
    )+};
}
float_operand!(f32 F32, f64 F64);

impl Operand for i64 {
    fn tensor(&self, operation: &'static str, dtype: DType, at: Caller) -> Result<Tensor> {
        match dtype {
            DType::Bool => Err(Error::MixedTypes {
                operation,
                left: dtype,
                right: DType::I64,
                at,
            }),
            DType::I64 => Ok(Tensor::whole(*self, at)),
            #[expect(clippy::cast_precision_loss, reason = "it is rounded in any case")]
            DType::F32 | DType::F64 => Ok(Tensor::scalar(*self as f64, dtype, at)),
        }
    }
}

impl Operand for i32 {
    fn tensor(&self, operation: &'static str, dtype: DType, at: Caller) -> Result<Tensor> {
        i64::from(*self).tensor(operation, dtype, at)
    }
}

impl Tensor {
    #[track_caller]
    fn unary(&self, op: Op) -> Result<Tensor> {
        Tensor::apply(Operation::Elementwise(op), &[self], Location::caller())
    }

    #[track_caller]
    fn binary(&self, op: Op, other: impl Operand) -> Result<Tensor> {
        let at = Location::caller();
        let other = other.tensor(op.name(), self.dtype(), at)?;
        Tensor::apply(Operation::Elementwise(op), &[self, &other], at)
    }
}

/// The operators with two operands, in every combination of values and
/// references, tensors, variables and numbers.
macro_rules! operators {
    ($($trait:ident $method:ident $try:ident $symbol:literal;)+) => {
        impl Tensor {
            $(
                #[doc = concat!("`self ", $symbol, " other`, element by element over shapes that broadcast.")]
                ///
                /// # Errors
                ///
                /// [`Error::Broadcast`] if the shapes do not broadcast,
                /// [`Error::MixedTypes`] if the types differ, [`Error::Type`]
                /// for booleans.
                #[track_caller]
                pub fn $try(&self, other: impl Operand) -> Result<Tensor> {
                    self.binary(Op::$trait, other)
                }
            )+
        }
        $(
            operators!(@tensor $trait $method $try $symbol; Tensor, &Tensor);
            operators!(@variable $trait $method $try $symbol; Variable, &Variable);
            operators!(@number $trait $method $symbol; f64, i32);
        )+
    };
    (@tensor $trait:ident $method:ident $try:ident $symbol:literal; $($left:ty),+) => {$(
        impl<T: Operand> $trait<T> for $left {
            type Output = Tensor;
            #[doc = concat!("`self ", $symbol, " other`.")]
            ///
            /// # Panics
            ///
            #[doc = concat!("Where [`Tensor::", stringify!($try), "`] returns an error, with the same message.")]
            #[track_caller]
            fn $method(self, other: T) -> Tensor {
                done(self.$try(other))
            }
        }
    )+};
    (@variable $trait:ident $method:ident $try:ident $symbol:literal; $($left:ty),+) => {$(
        impl<T: Operand> $trait<T> for $left {
            type Output = Tensor;
            #[doc = concat!("`self ", $symbol, " other`, with the current value of the variable.")]
            ///
            /// # Panics
            ///
            #[doc = concat!("Where [`Tensor::", stringify!($try), "`] returns an error, with the same message.")]
            #[track_caller]
            fn $method(self, other: T) -> Tensor {
                done(self.read_at(Location::caller()).$try(other))
            }
        }
    )+};
    (@number $trait:ident $method:ident $symbol:literal; $($left:ty),+) => {$(
        operators!(@number_and $trait $method $symbol $left; Tensor, &Tensor, Variable, &Variable);
    )+};
    (@number_and $trait:ident $method:ident $symbol:literal $left:ty; $($right:ty),+) => {$(
        impl $trait<$right> for $left {
            type Output = Tensor;
            #[doc = concat!("`self ", $symbol, " other`; the number takes the type of the tensor.")]
            ///
            /// # Panics
            ///
            /// If the tensor holds booleans, or if it holds integers and the
            /// number is `f64`.
            #[track_caller]
            fn $method(self, other: $right) -> Tensor {
                let at = Location::caller();
                let op = Op::$trait;
                let result = other.tensor(op.name(), DType::F64, at).and_then(|other| {
                    let number = self.tensor(op.name(), other.dtype(), at)?;
                    Tensor::apply(Operation::Elementwise(op), &[&number, &other], at)
                });
                done(result)
            }
        }
    )+};
}
operators! {
    Add add try_add "+";
    Sub sub try_sub "-";
    Mul mul try_mul "*";
    Div div try_div "/";
    Rem rem try_rem "%";
}

/// The result of an operator, which cannot be an error.
#[track_caller]
#[expect(
    clippy::panic,
    reason = "an operator of Rust has no other way; each has a form that returns the error"
)]
fn done(result: Result<Tensor>) -> Tensor {
    match result {
        Ok(tensor) => tensor,
        Err(error) => panic!("{error}"),
    }
}

macro_rules! negation {
    ($($type:ty),+) => {$(
        impl Neg for $type {
            type Output = Tensor;
            /// `-self`.
            ///
            /// # Panics
            ///
            /// Where [`Tensor::try_neg`] returns an error, with the same message.
            #[track_caller]
            fn neg(self) -> Tensor {
                let at = Location::caller();
                let operand = self.tensor(Op::Neg.name(), DType::F64, at);
                let negated = operand.and_then(|operand| {
                    Tensor::apply(Operation::Elementwise(Op::Neg), &[&operand], at)
                });
                done(negated)
            }
        }
    )+};
}
negation!(Tensor, &Tensor, Variable, &Variable);

macro_rules! connectives {
    ($($trait:ident $method:ident $try:ident $logical:ident $symbol:literal;)+) => {
        impl Tensor {
            $(
                #[doc = concat!("`self ", $symbol, " other` of booleans, over shapes that broadcast.")]
                ///
                /// # Errors
                ///
                /// [`Error::Broadcast`] if the shapes do not broadcast, [`Error::Type`]
                /// if the elements are not booleans.
                #[track_caller]
                pub fn $try(&self, other: &Tensor) -> Result<Tensor> {
                    let operation = Operation::Logical(Logical::$logical);
                    Tensor::apply(operation, &[self, other], Location::caller())
                }
            )+
        }
        $(connectives!(@each $trait $method $try; Tensor, Tensor; &Tensor, &Tensor; Tensor, &Tensor; &Tensor, Tensor);)+
    };
    (@each $trait:ident $method:ident $try:ident; $($left:ty, $right:ty);+) => {$(
        impl $trait<$right> for $left {
            type Output = Tensor;
            /// The logical connective of booleans.
            ///
            /// # Panics
            ///
            #[doc = concat!("Where [`Tensor::", stringify!($try), "`] returns an error, with the same message.")]
            #[track_caller]
            #[allow(clippy::needless_borrow, reason = "the macro takes values and references")]
            fn $method(self, other: $right) -> Tensor {
                done(self.$try(&other))
            }
        }
    )+};
}
connectives! {
    BitAnd bitand try_and And "&";
    BitOr bitor try_or Or "|";
}

macro_rules! not {
    ($($type:ty),+) => {$(
        impl Not for $type {
            type Output = Tensor;
            /// The negated booleans.
            ///
            /// # Panics
            ///
            /// Where [`Tensor::try_not`] returns an error, with the same message.
            #[track_caller]
            fn not(self) -> Tensor {
                done(self.try_not())
            }
        }
    )+};
}
not!(Tensor, &Tensor);

/// Elementary functions of one argument: a row is the documentation, the method, and its
/// operation in the table.
macro_rules! functions {
    ($($(#[$doc:meta])+ $method:ident $op:ident;)+) => {
        impl Tensor {
            $(
                $(#[$doc])+
                ///
                /// # Errors
                ///
                /// [`Error::Type`] if the elements are not floating-point numbers.
                #[track_caller]
                pub fn $method(&self) -> Result<Tensor> {
                    self.unary(Op::$op)
                }
            )+
        }
    };
}
functions! {
    /// eˣ.
    exp Exp;
    /// eˣ − 1, accurate near 0.
    expm1 Expm1;
    /// The natural logarithm; −∞ at 0, where its derivative is infinite.
    ln Ln;
    /// ln(1 + x), accurate near 0.
    log1p Ln1p;
    /// The logarithm to base 2.
    log2 Log2;
    /// The logarithm to base 10.
    log10 Log10;
    /// √x; the derivative at 0 is infinite.
    sqrt Sqrt;
    /// ∛x; the derivative at 0 is infinite.
    cbrt Cbrt;
    /// Sine, in radians.
    sin Sin;
    /// Cosine, in radians.
    cos Cos;
    /// Tangent, in radians.
    tan Tan;
    /// Arc sine, in radians.
    asin Asin;
    /// Arc cosine, in radians.
    acos Acos;
    /// Arc tangent, in radians.
    atan Atan;
    /// Hyperbolic sine.
    sinh Sinh;
    /// Hyperbolic cosine.
    cosh Cosh;
    /// Hyperbolic tangent.
    tanh Tanh;
    /// Inverse hyperbolic sine.
    asinh Asinh;
    /// Inverse hyperbolic cosine.
    acosh Acosh;
    /// Inverse hyperbolic tangent.
    atanh Atanh;
    /// 1/(1 + e⁻ˣ) without overflow.
    sigmoid Sigmoid;
    /// ln(1 + eˣ) without overflow.
    softplus Softplus;
    /// The error function.
    erf Erf;
    /// 1 − erf x, accurate where it is small.
    erfc Erfc;
    /// x Φ(x) for the distribution function Φ of the normal distribution.
    gelu Gelu;
    /// x σ(x) for the sigmoid σ.
    silu Silu;
    /// ln |Γ(x)|.
    lgamma Lgamma;
    /// The derivative of ln |Γ(x)|.
    digamma Digamma;
    /// The largest integer not above x; no derivative.
    floor Floor;
    /// The smallest integer not below x; no derivative.
    ceil Ceil;
    /// The nearest integer, ties to even; no derivative.
    round Round;
    /// |x|, also for integers; the derivative at 0 is 0.
    abs Abs;
    /// −1, 0 or 1, also for integers; the derivative is 0.
    sign Sign;
    /// −x, also for integers.
    try_neg Neg;
}

/// Elementary functions of two arguments, over shapes that broadcast.
macro_rules! functions_of_two {
    ($($(#[$doc:meta])+ $method:ident $op:ident;)+) => {
        impl Tensor {
            $(
                $(#[$doc])+
                ///
                /// # Errors
                ///
                /// [`Error::Broadcast`] if the shapes do not broadcast,
                /// [`Error::MixedTypes`] if the types differ, [`Error::Type`]
                /// if the function is not defined for the type.
                #[track_caller]
                pub fn $method(&self, other: impl Operand) -> Result<Tensor> {
                    self.binary(Op::$op, other)
                }
            )+
        }
    };
}
functions_of_two! {
    /// xʸ. With respect to y the derivative is taken as 0 where x ≤ 0 and the
    /// power is finite.
    pow Pow;
    /// The angle of the point (`other`, `self`), in radians; the derivative at
    /// (0, 0) is NaN.
    atan2 Atan2;
    /// √(x² + y²) without overflow; the derivative at (0, 0) is NaN.
    hypot Hypot;
    /// ln(eˣ + eʸ) without overflow; the derivative at two equal infinities is NaN.
    logaddexp LogAddExp;
    /// x if x > 0, else `other` · (eˣ − 1).
    elu Elu;
    /// The smaller of both, NaN if one is NaN; at a tie the derivative goes to the first.
    minimum Min;
    /// The larger of both, NaN if one is NaN; at a tie the derivative goes to the first.
    maximum Max;
    /// Whether x < y, as booleans.
    less Less;
    /// Whether x ≤ y, as booleans.
    less_equal LessEqual;
    /// Whether x = y, as booleans.
    equals Equal;
}

impl Tensor {
    /// Whether x > y, as booleans.
    ///
    /// # Errors
    ///
    /// Those of [`Tensor::less`].
    #[track_caller]
    pub fn greater(&self, other: impl Operand) -> Result<Tensor> {
        let at = Location::caller();
        let other = other.tensor("greater", self.dtype(), at)?;
        Tensor::apply(Operation::Elementwise(Op::Less), &[&other, self], at)
    }

    /// Whether x ≥ y, as booleans.
    ///
    /// # Errors
    ///
    /// Those of [`Tensor::less_equal`].
    #[track_caller]
    pub fn greater_equal(&self, other: impl Operand) -> Result<Tensor> {
        let at = Location::caller();
        let other = other.tensor("greater_equal", self.dtype(), at)?;
        Tensor::apply(Operation::Elementwise(Op::LessEqual), &[&other, self], at)
    }

    /// The negated booleans.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not booleans.
    #[track_caller]
    pub fn try_not(&self) -> Result<Tensor> {
        let operation = Operation::Logical(Logical::Not);
        Tensor::apply(operation, &[self], Location::caller())
    }

    /// `x` where these booleans are true, `y` elsewhere, over shapes that broadcast. The
    /// branch that is not taken contributes nothing to a derivative of any order, even
    /// where it is infinite or NaN. An absent contribution becomes 0 where derivatives of
    /// several elements are added: where an operand was broadcast, in
    /// [`Tensor::matmul`], [`Tensor::cumsum`] and
    /// [`custom_gradient`](crate::custom_gradient).
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if these are not booleans, [`Error::Broadcast`],
    /// [`Error::MixedTypes`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([-1.0, 2.0]);
    /// let root = x.greater(0.0)?.select(x.sqrt()?, 0.0)?;
    /// assert_eq!(root, Tensor::from([0.0, 2.0_f64.sqrt()]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn select(&self, x: impl Operand, y: impl Operand) -> Result<Tensor> {
        let at = Location::caller();
        let name = Op::Where.name();
        // A number takes the type of the other branch.
        let dtype = x.dtype().or(y.dtype()).unwrap_or(DType::F64);
        let (x, y) = (x.tensor(name, dtype, at)?, y.tensor(name, dtype, at)?);
        let operands = [self, &x, &y];
        Tensor::apply(Operation::Elementwise(Op::Where), &operands, at)
    }

    /// xⁿ for an integer n, as a product: x³ is x·x·x. See [`Op::Powi`].
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn powi(&self, n: i32) -> Result<Tensor> {
        self.unary(Op::Powi(n))
    }

    /// x².
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not numbers.
    #[track_caller]
    pub fn square(&self) -> Result<Tensor> {
        self.binary(Op::Mul, self)
    }

    /// The larger of 0 and x, NaN if x is NaN; the derivative at 0 is 0.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not numbers.
    #[track_caller]
    pub fn relu(&self) -> Result<Tensor> {
        let at = Location::caller();
        // The zero comes first, so that at 0 the derivative goes to it.
        let zero = 0.tensor(Op::Max.name(), self.dtype(), at)?;
        Tensor::apply(Operation::Elementwise(Op::Max), &[&zero, self], at)
    }

    /// x if x > 0, else `slope` · x; the derivative at 0 is `slope`.
    ///
    /// # Errors
    ///
    /// Those of [`Tensor::select`].
    #[track_caller]
    pub fn leaky_relu(&self, slope: impl Operand) -> Result<Tensor> {
        self.greater(0.0)?.select(self, &self.try_mul(slope)?)
    }

    /// The derivative of order `n` of [`Tensor::digamma`], for n up to 100; NaN for larger n.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn polygamma(&self, n: u32) -> Result<Tensor> {
        let (op, at) = (Op::Polygamma, Location::caller());
        let n = f64::from(n).tensor(op.name(), self.dtype(), at)?;
        Tensor::apply(Operation::Elementwise(op), &[&n, self], at)
    }

    /// x limited to a range, NaN if x or a limit is NaN; the derivative is 1 at a
    /// limit and 0 outside.
    ///
    /// # Errors
    ///
    /// Those of [`Tensor::maximum`].
    #[track_caller]
    pub fn clamp(&self, low: impl Operand, high: impl Operand) -> Result<Tensor> {
        self.maximum(low)?.minimum(high)
    }

    /// x/y; where y is 0, both the value and the derivative are 0.
    ///
    /// # Errors
    ///
    /// Those of [`Tensor::try_div`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let quotient = Tensor::from([1.0, 2.0]).divide_no_nan(&Tensor::from([0.0, 4.0]))?;
    /// assert_eq!(quotient, Tensor::from([0.0, 0.5]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn divide_no_nan(&self, other: impl Operand) -> Result<Tensor> {
        let at = Location::caller();
        let y = other.tensor("divide_no_nan", self.dtype(), at)?;
        let zero = Tensor::scalar(0.0, self.dtype(), at);
        let is_zero = y.equals(&zero)?;
        // Nothing infinite may reach the derivative, so 0 is not divided by.
        let divisor = is_zero.select(&(&zero + 1), &y)?;
        is_zero.select(&zero, &self.try_div(&divisor)?)
    }

    /// The same values in another type: to floating point rounded to the nearest; to
    /// integers truncated towards zero and clamped to their range (a NaN becomes 0);
    /// to booleans whether they differ from 0. Derivatives pass only between `f32`
    /// and `f64`.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{DType, Tensor};
    ///
    /// assert_eq!(Tensor::from([1.9, -1.9]).cast(DType::I64)?, Tensor::from([1, -1]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Result<Tensor> {
        self.cast_at(dtype, Location::caller())
    }

    pub(super) fn cast_at(&self, dtype: DType, at: Caller) -> Result<Tensor> {
        Tensor::apply(Operation::Cast(dtype), &[self], at)
    }

    /// The same values in a new tensor: another source for a tape.
    #[must_use]
    #[track_caller]
    pub fn identity(&self) -> Tensor {
        done(Tensor::apply(
            Operation::Identity,
            &[self],
            Location::caller(),
        ))
    }

    /// The same values as a constant: no derivative passes through.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{GradientTape, Tensor};
    ///
    /// let x = Tensor::from(3.0);
    /// let tape = GradientTape::new();
    /// let recording = tape.enter()?;
    /// tape.watch(&x)?;
    /// let y = x.stop_gradient() * &x;
    /// drop(recording);
    /// assert_eq!(tape.gradient(&y, &x)?, Some(Tensor::from(3.0)));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn stop_gradient(&self) -> Tensor {
        done(Tensor::apply(
            Operation::StopGradient,
            &[self],
            Location::caller(),
        ))
    }

    /// An error unless the tensor has this shape.
    pub(crate) fn expect_shape(
        &self,
        operation: &'static str,
        shape: &Shape,
        at: Caller,
    ) -> Result<()> {
        if self.shape() == shape {
            return Ok(());
        }
        Err(Error::Shape {
            operation,
            shape: self.shape().clone(),
            expected: shape.to_string(),
            at,
        })
    }
}
