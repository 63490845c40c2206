//! The table of operations: each with its value and the rule of its derivative.
//!
//! This is the only place where a derivative is written. A rule is written in
//! terms of operations on a [`Number`], an abstract number. Every implementation of
//! that trait gets every derivative: the traced graph ([`Var`](super::Var)) and
//! the tensors ([`Tensor`](super::Tensor)). Both can differentiate the
//! derivatives again because they consist of the same operations.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Real;

/// A number that the rules of differentiation can compute with.
///
/// The arithmetic operators are those of the table ([`Op::Add`], …); everything
/// else goes through [`Number::apply`].
pub trait Number:
    Clone
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A constant, in the same place as `self` (the same graph, the same shape).
    fn constant(&self, value: f64) -> Self;

    /// The result of `op`, which has [`Op::arity`] operands.
    fn apply(op: Op, operands: &[&Self]) -> Self;

    /// Whether this is known to be the same number as `other`: nodes and tensors are compared
    /// by identity. `false` by default.
    fn is_same(&self, other: &Self) -> bool {
        let _ = other;
        false
    }
}

/// The derivative with respect to one operand of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Partial<N> {
    /// The derivative of the result with respect to the operand, times the
    /// incoming derivative.
    Flows(N),
    /// The same where a condition is not 0 (or is 0, if `holds` is false). Elsewhere the
    /// operand is not taken and contributes nothing, whatever `derivative` is there.
    FlowsWhere {
        /// The condition.
        condition: N,
        /// Whether it must hold.
        holds: bool,
        /// The derivative times the incoming one; arbitrary where the operand is not taken.
        derivative: N,
    },
    /// The derivative exists and is zero everywhere but at isolated points.
    Zero,
    /// The operation has no derivative with respect to this operand.
    Undefined,
}

impl<N> Partial<N> {
    /// The same partial derivative of other numbers.
    pub(crate) fn map<M>(self, each: impl Fn(N) -> M) -> Partial<M> {
        match self {
            Partial::Flows(derivative) => Partial::Flows(each(derivative)),
            Partial::FlowsWhere {
                condition,
                holds,
                derivative,
            } => Partial::FlowsWhere {
                condition: each(condition),
                holds,
                derivative: each(derivative),
            },
            Partial::Zero => Partial::Zero,
            Partial::Undefined => Partial::Undefined,
        }
    }
}

impl<N: Number> Partial<N> {
    /// The derivative times the incoming one, 0 where the operand is not taken; `None`
    /// where it is zero or undefined everywhere.
    pub fn whole(self) -> Option<N> {
        match self {
            Partial::Flows(derivative) => Some(derivative),
            Partial::FlowsWhere {
                condition,
                holds,
                derivative,
            } => {
                let zero = derivative.constant(0.0);
                let [x, y] = if holds {
                    [&derivative, &zero]
                } else {
                    [&zero, &derivative]
                };
                Some(select(&condition, x, y))
            }
            Partial::Zero | Partial::Undefined => None,
        }
    }
}

/// A function of three operands that is compiled into the loop around it, however
/// long it is: a long closure becomes a function call, and the loop is not
/// vectorised.
pub trait Value<T>: Copy {
    /// Whether some operands are rare: their values must not slow the others down.
    const HAS_RARE: bool = false;
    /// The value of the function, where the first operand is not rare.
    fn of(self, operands: [T; 3]) -> T;
    /// Whether the first operand is rare.
    #[inline(always)]
    fn is_rare(self, _: T) -> bool {
        false
    }
    /// The value of the function where it is.
    fn of_rare(self, operands: [T; 3]) -> T {
        self.of(operands)
    }
}

impl<T, F: Fn([T; 3]) -> T + Copy> Value<T> for F {
    #[inline(always)]
    fn of(self, operands: [T; 3]) -> T {
        self(operands)
    }
}

/// A loop, to be compiled once for each operation.
pub trait Kernel<T> {
    /// The result of the loop.
    type Output;
    /// Runs the loop of an operation.
    fn run(self, value: impl Value<T>) -> Self::Output;
    /// Runs the loop of a [function](Op::is_function). Subnormal results are not flushed
    /// yet.
    fn run_function<V: Value<T>>(self, value: V) -> Self::Output;
}

/// The result of an operation of one operand.
fn f<N: Number>(op: Op, x: &N) -> N {
    N::apply(op, &[x])
}

/// `where(condition, x, y)`.
fn select<N: Number>(condition: &N, x: &N, y: &N) -> N {
    N::apply(Op::Where, &[condition, x, y])
}

/// The result of an operation of two operands.
fn f2<N: Number>(op: Op, x: &N, y: &N) -> N {
    N::apply(op, &[x, y])
}

/// `g`, or NaN where `x` is NaN.
fn unless_nan<N: Number>(x: &N, g: &N) -> N {
    select(&f2(Op::Equal, x, x), g, &g.constant(f64::NAN))
}

/// g/√((1 − x)(1 + x)), also exact near ±1.
fn over_circle<N: Number>(g: &N, x: &N) -> N {
    let one = x.constant(1.0);
    g.clone() / f(Op::Sqrt, &((one.clone() - x.clone()) * (one + x.clone())))
}

/// The [`Value`] of a function of an angle, which is rarely far from 0.
macro_rules! near {
    ($near:ident, $far:ident) => {{
        #[derive(Clone, Copy)]
        struct Near;
        impl<T: Real> Value<T> for Near {
            const HAS_RARE: bool = true;
            #[inline(always)]
            fn of(self, [x, ..]: [T; 3]) -> T {
                x.$near()
            }
            #[inline(always)]
            fn is_rare(self, x: T) -> bool {
                !x.is_near()
            }
            fn of_rare(self, [x, ..]: [T; 3]) -> T {
                x.$far()
            }
        }
        Near
    }};
}

/// Writes the table as an enum, its names, its values and its rules.
///
/// A row consists of: documentation, variant, name in printed programs, operands,
/// `=` value as an expression over a [`Real`]; after `=>` for each operand `d operand`
/// and in braces the rule over a [`Number`]: `zero`, `none`, or an expression
/// that may use the operands, the result and the incoming derivative. With
/// `if {condition}` or `unless {condition}` the operand is not taken elsewhere.
macro_rules! operations {
    (|$result:ident, $g:ident|
     $($(#[$doc:meta])*
       $op:ident $name:literal ($($operand:ident),+) = $value:expr =>
       $(d $wrt:ident $rule:tt)+;
     )+) => {
        /// An operation: its value is [`Op::value`], its derivative
        /// [`Op::partial`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Op {
            /// xⁿ for an integer n, by repeated squaring from the highest bit of
            /// |n| down (x³ is x·x·x from the left, x⁴ is (x²)²); the reciprocal if
            /// n is negative.
            Powi(i32),
            $($(#[$doc])* $op,)+
        }

        impl Op {
            /// Every operation, with one exponent for [`Op::Powi`].
            pub const ALL: &'static [Op] = &[Op::Powi(3), $(Op::$op),+];

            /// The name in printed programs, such as `"mul"`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    Op::Powi(_) => "powi",
                    $(Op::$op => $name,)+
                }
            }

            /// The number of operands: 1, 2 or 3.
            #[must_use]
            pub fn arity(self) -> usize {
                match self {
                    Op::Powi(_) => 1,
                    $(Op::$op => [$(stringify!($operand)),+].len(),)+
                }
            }

            /// Whether a derivative passes to operand number `index`, even if it is
            /// zero.
            #[must_use]
            pub fn is_differentiable(self, index: usize) -> bool {
                match self {
                    Op::Powi(_) => index == 0,
                    $(Op::$op => {
                        let rules = [$((stringify!($wrt), operations!(@flows $rule))),+];
                        let operand = [$(stringify!($operand)),+].get(index).copied();
                        rules.iter().any(|(name, flows)| Some(*name) == operand && *flows)
                    })+
                }
            }

            /// Calls `kernel` with the value of this operation as a separate
            /// function, so that a loop around it does not dispatch on the
            /// operation. Subnormal results are flushed if `FLUSH` is true, except
            /// those of [functions](Op::is_function).
            #[inline(always)]
            #[doc(hidden)]
            pub fn run<const FLUSH: bool, T: Real, K: Kernel<T>>(
                self,
                kernel: K,
            ) -> K::Output {
                let subnormals = const { Subnormals::flush_if(FLUSH) };
                #[allow(unreachable_patterns, reason = "the table has the first ones again")]
                match self {
                    Op::Sin => kernel.run_function(near!(near_sin, far_sin)),
                    Op::Cos => kernel.run_function(near!(near_cos, far_cos)),
                    Op::Tan => kernel.run_function(near!(near_tan, far_tan)),
                    // The usual ones without a loop over the exponent's bits.
                    Op::Powi(2) => kernel.run(|x: [T; 3]| powi(x[0], 2, subnormals)),
                    Op::Powi(3) => kernel.run(|x: [T; 3]| powi(x[0], 3, subnormals)),
                    Op::Powi(4) => kernel.run(|x: [T; 3]| powi(x[0], 4, subnormals)),
                    Op::Powi(n) => kernel.run(move |x: [T; 3]| powi(x[0], n, subnormals)),
                    $(Op::$op => {
                        #[derive(Clone, Copy)]
                        struct Of<const FLUSH: bool>;
                        impl<const FLUSH: bool, T: Real> Value<T> for Of<FLUSH> {
                            #[inline(always)]
                            fn of(self, x: [T; 3]) -> T {
                                let subnormals = const { Subnormals::flush_if(FLUSH) };
                                Op::$op.flushed_if::<FLUSH, T>(x, Op::$op.rounded::<false, T>(x, subnormals))
                            }
                        }
                        if const { Op::$op.is_function() } {
                            kernel.run_function(Of::<false>)
                        } else {
                            kernel.run(Of::<FLUSH>)
                        }
                    })+
                }
            }

            /// The value for the first [`Op::arity`] of the operands (the
            /// others are ignored), before subnormal results are flushed. If
            /// `OUTLINED`, [functions](Op::is_function) are called: where single
            /// numbers are computed, a call costs little; copies of every function
            /// would cost space.
            #[inline(always)]
            fn rounded<const OUTLINED: bool, T: Real>(
                self,
                operands: [T; 3],
                subnormals: Subnormals,
            ) -> T {
                match self {
                    Op::Powi(n) => powi(operands[0], n, subnormals),
                    $(Op::$op => {
                        if OUTLINED && const { Op::$op.is_function() } {
                            return self.function(operands);
                        }
                        operations!(@bind operands; $($operand),+);
                        $value
                    })+
                }
            }

            /// The derivative with respect to operand number `index`, times the
            /// incoming derivative `g` of the result, which was `result`.
            ///
            /// The rule is linear in `g`, so it also serves forward mode, where
            /// `g` is the derivative of the operand.
            #[allow(unused_variables, reason = "few rules need all of their inputs")]
            pub fn partial<N: Number>(
                self,
                index: usize,
                operands: &[&N],
                $result: &N,
                $g: &N,
            ) -> Partial<N> {
                match self {
                    // Not 0·x⁻¹, which is NaN at 0.
                    Op::Powi(0) => Partial::Zero,
                    Op::Powi(n) => {
                        let x = operands[0];
                        let slope = N::apply(Op::Powi(n.saturating_sub(1)), &[x]);
                        Partial::Flows($g.clone() * $g.constant(f64::from(n)) * slope)
                    }
                    $(Op::$op => {
                        operations!(@refer operands; $($operand),+);
                        let operand = [$(stringify!($operand)),+].get(index).copied();
                        $(if operand == Some(stringify!($wrt)) {
                            return operations!(@rule $rule);
                        })+
                        Partial::Undefined
                    })+
                }
            }
        }
    };
    (@bind $operands:ident; $x:ident) => { let [$x, _, _] = $operands; };
    (@bind $operands:ident; $x:ident, $y:ident) => { let [$x, $y, _] = $operands; };
    (@bind $operands:ident; $x:ident, $y:ident, $z:ident) => { let [$x, $y, $z] = $operands; };
    (@refer $operands:ident; $x:ident) => { let $x = $operands[0]; };
    (@refer $operands:ident; $x:ident, $y:ident) => {
        let ($x, $y) = ($operands[0], $operands[1]);
    };
    (@refer $operands:ident; $x:ident, $y:ident, $z:ident) => {
        let ($x, $y, $z) = ($operands[0], $operands[1], $operands[2]);
    };
    (@flows {none}) => { false };
    (@flows $rule:tt) => { true };
    (@rule {zero}) => { Partial::Zero };
    (@rule {none}) => { Partial::Undefined };
    (@rule {if $condition:block $derivative:block}) => {
        Partial::FlowsWhere { condition: $condition, holds: true, derivative: $derivative }
    };
    (@rule {unless $condition:block $derivative:block}) => {
        Partial::FlowsWhere { condition: $condition, holds: false, derivative: $derivative }
    };
    (@rule $rule:tt) => { Partial::Flows($rule) };
}

/// Short forms for the rules: a copy of what a reference names.
macro_rules! v {
    ($x:ident) => {
        $x.clone()
    };
}

operations! { |r, g|
    /// x + y.
    Add "add" (x, y) = x + y =>
        d x { v!(g) }
        d y { v!(g) };
    /// x − y.
    Sub "sub" (x, y) = x - y =>
        d x { v!(g) }
        d y { -v!(g) };
    /// x · y.
    Mul "mul" (x, y) = x * y =>
        d x { v!(g) * v!(y) }
        d y { v!(g) * v!(x) };
    /// x / y.
    Div "div" (x, y) = x / y =>
        d x { v!(g) / v!(y) }
        d y { -(v!(g) * v!(r) / v!(y)) };
    /// x − y⌊x/y⌋, the remainder with the sign of y, exact except for one rounding
    /// where the signs differ; NaN where y is 0.
    Rem "rem" (x, y) = rem(x, y) =>
        d x { v!(g) }
        d y { -(v!(g) * f(Op::Floor, &(v!(x) / v!(y)))) };
    /// −x.
    Neg "neg" (x) = -x =>
        d x { -v!(g) };
    /// xʸ for any exponent. With respect to x nothing passes where y is 0 and x¹⁻ʸ
    /// infinite, as x⁰ is 1 for every x. With respect to y the derivative is taken as 0
    /// where x ≤ 0 and the power is finite, as TensorFlow does.
    Pow "pow" (x, y) = x.pow(y) =>
        d x {unless {
            let lowered = f2(Op::Pow, x, &(v!(y) - y.constant(1.0)));
            let is_infinite = f2(Op::Equal, &f(Op::Abs, &lowered), &x.constant(f64::INFINITY));
            let is_zero = f2(Op::Equal, y, &y.constant(0.0));
            select(&is_zero, &is_infinite, &is_zero)
        } {
            v!(g) * v!(y) * f2(Op::Pow, x, &(v!(y) - y.constant(1.0)))
        }}
        d y {
            let positive = f2(Op::Less, &x.constant(0.0), x);
            v!(g) * v!(r) * select(&positive, &f(Op::Ln, x), &x.constant(0.0))
        };
    /// The smaller of both, y if they are equal; NaN, with a NaN derivative, if one is
    /// NaN. At a tie the whole derivative goes to x.
    Min "min" (x, y) = if (x < y) | x.is_nan() { x } else { y } =>
        d x {unless {f2(Op::Less, y, x)} {unless_nan(r, g)}}
        d y {unless {f2(Op::LessEqual, x, y)} {unless_nan(r, g)}};
    /// The larger of both, y if they are equal; NaN, with a NaN derivative, if one is
    /// NaN. At a tie the whole derivative goes to x.
    Max "max" (x, y) = if (x > y) | x.is_nan() { x } else { y } =>
        d x {unless {f2(Op::Less, x, y)} {unless_nan(r, g)}}
        d y {unless {f2(Op::LessEqual, y, x)} {unless_nan(r, g)}};
    /// |x| where it is greater than y, else y: a magnitude of NaN is ignored.
    Magnitude "magnitude" (x, y) = if x.abs() > y { x.abs() } else { y } =>
        d x {if {f2(Op::Less, y, &f(Op::Abs, x))} {v!(g) * f(Op::Sign, x)}}
        d y {unless {f2(Op::Less, y, &f(Op::Abs, x))} {v!(g)}};
    /// |x|; the derivative at 0 is 0.
    Abs "abs" (x) = x.abs() =>
        d x { v!(g) * f(Op::Sign, x) };
    /// −1, 1, or x itself where x is a zero or NaN.
    Sign "sign" (x) = if x > T::ZERO { T::ONE } else if x < T::ZERO { -T::ONE } else { x } =>
        d x {zero};
    /// √x; the derivative at 0 is infinite.
    Sqrt "sqrt" (x) = x.sqrt() =>
        d x { v!(g) * g.constant(0.5) / v!(r) };
    /// ∛x; the derivative at 0 is infinite.
    Cbrt "cbrt" (x) = x.cbrt() =>
        d x { v!(g) / (g.constant(3.0) * (v!(r) * v!(r))) };
    /// eˣ.
    Exp "exp" (x) = x.exp() =>
        d x { v!(g) * v!(r) };
    /// eˣ − 1.
    Expm1 "expm1" (x) = x.expm1() =>
        d x { v!(g) * f(Op::Exp, x) };
    /// The natural logarithm; −∞ at 0, where the derivative is infinite.
    Ln "ln" (x) = x.ln() =>
        d x { v!(g) / v!(x) };
    /// ln(1 + x).
    Ln1p "log1p" (x) = x.ln_1p() =>
        d x { v!(g) / (x.constant(1.0) + v!(x)) };
    /// The logarithm to base 2.
    Log2 "log2" (x) = x.log2() =>
        d x { v!(g) / v!(x) * x.constant(std::f64::consts::LOG2_E) };
    /// The logarithm to base 10.
    Log10 "log10" (x) = x.log10() =>
        d x { v!(g) / v!(x) * x.constant(std::f64::consts::LOG10_E) };
    /// sin x.
    Sin "sin" (x) = x.sin() =>
        d x { v!(g) * f(Op::Cos, x) };
    /// cos x.
    Cos "cos" (x) = x.cos() =>
        d x { -(v!(g) * f(Op::Sin, x)) };
    /// tan x.
    Tan "tan" (x) = x.tan() =>
        d x { v!(g) * (r.constant(1.0) + v!(r) * v!(r)) };
    /// arcsin x.
    Asin "asin" (x) = x.asin() =>
        d x { over_circle(g, x) };
    /// arccos x.
    Acos "acos" (x) = x.acos() =>
        d x { -over_circle(g, x) };
    /// arctan x.
    Atan "atan" (x) = x.atan() =>
        d x { v!(g) / (x.constant(1.0) + v!(x) * v!(x)) };
    /// The angle of the point (x, y); the derivative at (0, 0) is NaN.
    Atan2 "atan2" (y, x) = y.atan2(x) =>
        d y { let h = f2(Op::Hypot, x, y); v!(g) * (v!(x) / h.clone() / h) }
        d x { let h = f2(Op::Hypot, x, y); -(v!(g) * (v!(y) / h.clone() / h)) };
    /// sinh x.
    Sinh "sinh" (x) = x.sinh() =>
        d x { v!(g) * f(Op::Cosh, x) };
    /// cosh x.
    Cosh "cosh" (x) = x.cosh() =>
        d x { v!(g) * f(Op::Sinh, x) };
    /// tanh x.
    Tanh "tanh" (x) = x.tanh() =>
        d x { v!(g) * f(Op::TanhSlope, x) };
    /// 1/cosh² x, the derivative of tanh x. That is 1 − tanh² x, which is 0 where
    /// tanh x is rounded to ±1.
    TanhSlope "tanh_slope" (x) = x.tanh_slope() =>
        d x { -(v!(g) * (x.constant(2.0) * f(Op::Tanh, x) * v!(r))) };
    /// arsinh x.
    Asinh "asinh" (x) = x.asinh() =>
        d x { v!(g) / f2(Op::Hypot, &x.constant(1.0), x) };
    /// arcosh x; NaN below 1.
    Acosh "acosh" (x) = x.acosh() =>
        d x {
            let (less, more) = (v!(x) - x.constant(1.0), v!(x) + x.constant(1.0));
            v!(g) / (f(Op::Sqrt, &less) * f(Op::Sqrt, &more))
        };
    /// artanh x.
    Atanh "atanh" (x) = x.atanh() =>
        d x { v!(g) / ((x.constant(1.0) - v!(x)) * (x.constant(1.0) + v!(x))) };
    /// 1 / (1 + e⁻ˣ), without intermediate overflow.
    Sigmoid "sigmoid" (x) = x.sigmoid() =>
        d x { v!(g) * f(Op::SigmoidSlope, x) };
    /// σ(x)·σ(−x) for the sigmoid σ, its derivative. That is σ(x)·(1 − σ(x)), which
    /// is 0 where σ(x) is rounded to 1.
    SigmoidSlope "sigmoid_slope" (x) = x.sigmoid_slope() =>
        d x { -(v!(g) * (v!(r) * f(Op::Tanh, &(x.constant(0.5) * v!(x))))) };
    /// ln(1 + eˣ), without intermediate overflow.
    Softplus "softplus" (x) = x.softplus() =>
        d x { v!(g) * f(Op::Sigmoid, x) };
    /// The error function.
    Erf "erf" (x) = x.erf() =>
        d x {
            let slope = g.constant(std::f64::consts::FRAC_2_SQRT_PI);
            v!(g) * (slope * f(Op::Exp, &-(v!(x) * v!(x))))
        };
    /// 1 − erf x, accurate in its tail.
    Erfc "erfc" (x) = x.erfc() =>
        d x {
            let slope = g.constant(-std::f64::consts::FRAC_2_SQRT_PI);
            v!(g) * (slope * f(Op::Exp, &-(v!(x) * v!(x))))
        };
    /// x Φ(x) for the distribution function Φ of the normal distribution. The
    /// derivative is Φ(x) + x φ(x) with its density φ; outside ±40 it is 0 or 1.
    Gelu "gelu" (x) = x.gelu() =>
        d x {
            let most = f2(Op::Min, &x.constant(40.0), x);
            let x = f2(Op::Max, &x.constant(-40.0), &most);
            let minus_half_square = x.constant(-0.5) * (v!(x) * v!(x));
            let root = x.constant(1.0 / std::f64::consts::TAU.sqrt());
            let minus = x.constant(-std::f64::consts::FRAC_1_SQRT_2) * v!(x);
            let below = x.constant(0.5) * f(Op::Erfc, &minus);
            v!(g) * (below + v!(x) * (root * f(Op::Exp, &minus_half_square)))
        };
    /// x σ(x) for the sigmoid σ. The derivative is σ(x) + x σ(x) σ(−x), whose product
    /// is 0 at both ends.
    Silu "silu" (x) = x.silu() =>
        d x {
            let bounded = f2(Op::Min, &r.constant(800.0), r);
            v!(g) * (f(Op::Sigmoid, x) + bounded * f(Op::Sigmoid, &-v!(x)))
        };
    /// ln |Γ(x)|; ∞ at 0 and the negative integers, where the derivative is that of
    /// [`Op::Digamma`].
    Lgamma "lgamma" (x) = x.lgamma() =>
        d x { v!(g) * f(Op::Digamma, x) };
    /// ψ(x), the derivative of ln |Γ(x)|; −∞ at 0, ∞ at −0, NaN at the negative
    /// integers.
    Digamma "digamma" (x) = x.digamma() =>
        d x { v!(g) * f2(Op::Polygamma, &x.constant(1.0), x) };
    /// The derivative of order n of ψ(x), for an integer n from 0 to 100; NaN for any
    /// other.
    Polygamma "polygamma" (n, x) = n.polygamma(x) =>
        d n {none}
        d x { v!(g) * f2(Op::Polygamma, &(v!(n) + n.constant(1.0)), x) };
    /// ln(eˣ + eʸ), without intermediate overflow; the derivative at two equal
    /// infinities is NaN.
    LogAddExp "logaddexp" (x, y) = x.log_add_exp(y) =>
        d x { v!(g) * f(Op::Sigmoid, &(v!(x) - v!(y))) }
        d y { v!(g) * f(Op::Sigmoid, &(v!(y) - v!(x))) };
    /// x if x > 0, else α(eˣ − 1). The derivatives at 0 are those of x ≤ 0.
    Elu "elu" (x, alpha) = x.elu(alpha) =>
        d x {
            let below = f2(Op::Min, &x.constant(0.0), x);
            let slope = v!(alpha) * f(Op::Exp, &below);
            let is_above = f2(Op::Less, &x.constant(0.0), x);
            v!(g) * select(&is_above, &x.constant(1.0), &slope)
        }
        d alpha { v!(g) * f(Op::Expm1, &f2(Op::Min, &x.constant(0.0), x)) };
    /// √(x² + y²); the derivative at (0, 0) is NaN.
    Hypot "hypot" (x, y) = x.hypot(y) =>
        d x { v!(g) * (v!(x) / v!(r)) }
        d y { v!(g) * (v!(y) / v!(r)) };
    /// The largest integer not above x.
    Floor "floor" (x) = x.floor() =>
        d x {none};
    /// The smallest integer not below x.
    Ceil "ceil" (x) = x.ceil() =>
        d x {none};
    /// The nearest integer, ties to even.
    Round "round" (x) = x.round() =>
        d x {none};
    /// 1 where x < y, else 0.
    Less "less" (x, y) = truth(x < y) =>
        d x {none}
        d y {none};
    /// 1 where x ≤ y, else 0.
    LessEqual "less_equal" (x, y) = truth(x <= y) =>
        d x {none}
        d y {none};
    /// 1 where x = y, else 0.
    Equal "equal" (x, y) = truth(x == y) =>
        d x {none}
        d y {none};
    /// x where the condition is not 0, else y. The branch that is not taken
    /// contributes nothing to a derivative, even where it is infinite or NaN.
    Where "where" (condition, x, y) = if condition == T::ZERO { y } else { x } =>
        d condition {none}
        d x {if {v!(condition)} {v!(g)}}
        d y {unless {v!(condition)} {v!(g)}};
}

fn truth<T: Real>(condition: bool) -> T {
    if condition { T::ONE } else { T::ZERO }
}

/// The remainder of division towards zero is exact; it is moved to the sign of y.
fn rem<T: Real>(x: T, y: T) -> T {
    let remainder = x.fmod(y);
    let differs = (remainder < T::ZERO) != (y < T::ZERO);
    if remainder != T::ZERO && differs {
        remainder + y
    } else {
        remainder
    }
}

#[inline(always)]
fn powi<T: Real>(x: T, n: i32, subnormals: Subnormals) -> T {
    let mul = |a, b| Op::Mul.value([a, b, T::ZERO], subnormals);
    let exponent = n.unsigned_abs();
    if exponent == 0 {
        return T::ONE;
    }
    let mut power = x;
    for bit in (0..exponent.ilog2()).rev() {
        power = mul(power, power);
        if exponent >> bit & 1 == 1 {
            power = mul(power, x);
        }
    }
    if n < 0 {
        Op::Div.value([T::ONE, power, T::ZERO], subnormals)
    } else {
        power
    }
}

/// How results too small for a normal number are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subnormals {
    /// They are kept, as IEEE 754 requires.
    #[default]
    Keep,
    /// They become a zero of their sign, as in TensorFlow: a result that is
    /// below [`Real::MIN_POSITIVE`] when rounded with unbounded exponent is
    /// flushed, and a subnormal input is read as zero. The flush-to-zero and
    /// denormals-are-zero modes of x86-64 processors do the same.
    Flush,
}

impl Subnormals {
    /// `Flush` if `flush`, else `Keep`.
    #[doc(hidden)]
    #[must_use]
    pub const fn flush_if(flush: bool) -> Self {
        if flush {
            Subnormals::Flush
        } else {
            Subnormals::Keep
        }
    }

    /// `value` as a program reads it: a subnormal number is read as zero if they
    /// are flushed. Every input of a program passes through here; results of
    /// operations are flushed as they arise.
    #[inline]
    pub fn input<T: Real>(self, value: T) -> T {
        if self == Subnormals::Flush && value.abs() < T::MIN_POSITIVE {
            value.signed_zero()
        } else {
            value
        }
    }
}

impl Op {
    /// The value for the first [`Op::arity`] of the operands; the others are
    /// ignored. This is the definition that every evaluator follows bit for bit.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Op, Subnormals};
    ///
    /// assert_eq!(Op::Mul.value([3.0, 2.0, 0.0], Subnormals::Keep), 6.0);
    /// let tiny = [f32::MIN_POSITIVE, 0.5, 0.0];
    /// assert_eq!(Op::Mul.value(tiny, Subnormals::Keep), 5.877472e-39);
    /// assert_eq!(Op::Mul.value(tiny, Subnormals::Flush), 0.0);
    /// ```
    #[inline(always)]
    pub fn value<T: Real>(self, operands: [T; 3], subnormals: Subnormals) -> T {
        let result = self.rounded::<true, T>(operands, subnormals);
        match subnormals {
            Subnormals::Keep => result,
            Subnormals::Flush => self.flushed(operands, result),
        }
    }

    /// The value of a [function](Op::is_function).
    #[inline(never)]
    fn function<T: Real>(self, operands: [T; 3]) -> T {
        self.rounded::<false, T>(operands, Subnormals::Keep)
    }

    /// `result` of this operation on `operands`, or a zero of its sign. Free of
    /// branches, so that a loop over it runs on vectors.
    #[inline(always)]
    fn flushed<T: Real>(self, [x, y, _]: [T; 3], result: T) -> T {
        if !self.may_underflow() {
            return result;
        }
        let is_tiny = if self == Op::Mul {
            // A product may lie below the smallest normal number m and have
            // been rounded up to it only because subnormal numbers are spaced
            // so widely. Scaled by 2⁶⁴, which is exact here, it rounds as if
            // the exponent had no lower bound; where the scaled factor is
            // infinite the product is far from m. Sums cannot round up to m,
            // they are exact in that range; nor can quotients: the largest
            // below m is m·(2 − 2ε)/(2 − ε), more than half a subnormal
            // spacing away.
            ((x * T::TWO_TO_64) * y).abs() < T::MIN_POSITIVE * T::TWO_TO_64
        } else {
            result.abs() < T::MIN_POSITIVE
        };
        if is_tiny {
            result.signed_zero()
        } else {
            result
        }
    }

    #[inline(always)]
    fn flushed_if<const FLUSH: bool, T: Real>(self, operands: [T; 3], result: T) -> T {
        if FLUSH {
            self.flushed(operands, result)
        } else {
            result
        }
    }

    /// Whether the value takes many instructions, like an elementary function.
    #[inline(always)]
    #[doc(hidden)]
    pub const fn is_function(self) -> bool {
        self.may_underflow() && !matches!(self, Op::Add | Op::Sub | Op::Mul | Op::Div)
    }

    /// Whether the result can be subnormal though no operand is.
    #[inline(always)]
    const fn may_underflow(self) -> bool {
        !matches!(
            self,
            Op::Neg
                | Op::Min
                | Op::Max
                | Op::Magnitude
                | Op::Abs
                | Op::Sign
                | Op::Sqrt
                | Op::Floor
                | Op::Ceil
                | Op::Round
                | Op::Less
                | Op::LessEqual
                | Op::Equal
                | Op::Where
                // Their own products are flushed one by one.
                | Op::Powi(_)
        )
    }

    /// Whether the result is infinite or NaN whenever operand number `operand`
    /// is, whatever the others are. `false` for some operations that have this
    /// property.
    #[doc(hidden)]
    pub fn stays_not_finite(self, operand: usize) -> bool {
        match self {
            Op::Neg | Op::Abs | Op::Sqrt | Op::Add | Op::Sub | Op::Mul => true,
            // Infinities of the same sign, and 0 and an infinity, give NaN.
            Op::Div => operand == 0,
            Op::Powi(n) => n > 0,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_stays_so() {
        let some = [
            0.0,
            -0.0,
            1.0,
            -2.5,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        let ops = [
            Op::Neg,
            Op::Abs,
            Op::Sqrt,
            Op::Add,
            Op::Sub,
            Op::Mul,
            Op::Div,
            Op::Powi(1),
            Op::Powi(3),
            Op::Powi(-1),
            Op::Min,
            Op::Exp,
        ];
        for op in ops {
            for place in 0..op.arity() {
                let mut stays = true;
                for x in some {
                    for y in some {
                        let operands = [x, y, 0.0];
                        let result = op.value(operands, Subnormals::Keep);
                        stays &= operands[place].is_finite() || !result.is_finite();
                    }
                }
                assert_eq!(op.stays_not_finite(place), stays, "{op:?} {place}");
            }
        }
    }

    #[test]
    fn whole_powers_are_products_from_the_left() {
        let x = 1.1_f64;
        let powi = |n| Op::Powi(n).value([x, 0.0, 0.0], Subnormals::Keep);
        assert_eq!(powi(0), 1.0);
        assert_eq!(powi(1), x);
        assert_eq!(powi(3), x * x * x);
        assert_eq!(powi(5), (x * x) * (x * x) * x);
        assert_eq!(powi(-2), 1.0 / (x * x));
    }

    #[test]
    fn sigmoid_and_softplus_do_not_overflow() {
        assert_eq!(Real::sigmoid(-1000.0_f64), 0.0);
        assert_eq!(Real::sigmoid(1000.0_f64), 1.0);
        assert_eq!(Real::softplus(1000.0_f64), 1000.0);
        assert_eq!(Real::softplus(-1000.0_f64), 0.0);
        assert!(f64::NAN.sigmoid().is_nan() && f64::NAN.softplus().is_nan());
    }

    #[test]
    fn a_subnormal_result_is_flushed_to_a_zero_of_its_sign() {
        let flush = |op: Op, x: f32, y: f32| op.value([x, y, 0.0], Subnormals::Flush);
        let min = f32::MIN_POSITIVE;
        assert_eq!(flush(Op::Mul, min, -0.5).to_bits(), (-0.0_f32).to_bits());
        assert_eq!(flush(Op::Div, min, 2.0).to_bits(), 0.0_f32.to_bits());
        assert_eq!(flush(Op::Sub, min * 1.5, min), 0.0);
        assert_eq!(flush(Op::Mul, min, 1.0), min);
        assert_eq!(flush(Op::Add, min, 0.0), min);
        assert_eq!(flush(Op::Exp, -88.0, 0.0), 0.0);
        assert_eq!(
            Subnormals::Flush.input(-1e-40_f32).to_bits(),
            (-0.0_f32).to_bits()
        );
        assert_eq!(Subnormals::Keep.input(1e-40_f32), 1e-40);
    }

    #[test]
    fn a_product_that_only_rounds_up_to_the_smallest_normal_number_is_flushed() {
        // (1 − 2⁻²⁴)·2⁻¹²⁶ has no subnormal neighbour nearer than 2⁻¹²⁶ itself.
        let below_one = 1.0_f32 - f32::EPSILON / 2.0;
        let min = f32::MIN_POSITIVE;
        assert_eq!(below_one * min, min);
        for operands in [
            [below_one, min, 0.0],
            [min, below_one, 0.0],
            [-min, below_one, 0.0],
        ] {
            assert_eq!(Op::Mul.value(operands, Subnormals::Keep).abs(), min);
            assert_eq!(Op::Mul.value(operands, Subnormals::Flush), 0.0);
        }
    }

    #[test]
    fn no_quotient_rounds_up_to_the_smallest_normal_number() {
        let min = f32::MIN_POSITIVE;
        let below_two = 2.0 - f32::EPSILON;
        let greatest = [min * (below_two - f32::EPSILON), below_two, 0.0];
        assert!(Op::Div.value(greatest, Subnormals::Keep) < min);
        assert_eq!(Op::Div.value(greatest, Subnormals::Flush), 0.0);
    }
}
