//! The functions and constants of the formula language.

use std::fmt;

use crate::autodiff::{Number as _, Op, Real, Var};

/// A function of the formula language: its name, how many arguments it takes,
/// and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name in a formula.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: Arity,
    /// What it gives, and what its derivative is where that is not obvious.
    pub description: &'static str,
    meaning: Meaning,
}

/// The number of arguments of a [`Function`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// As many as this.
    Exactly(usize),
    /// As many as this, or more.
    AtLeast(usize),
}

impl Arity {
    /// Whether `count` arguments are right.
    #[must_use]
    pub fn accepts(self, count: usize) -> bool {
        match self {
            Arity::Exactly(n) => count == n,
            Arity::AtLeast(n) => count >= n,
        }
    }
}

impl fmt::Display for Arity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Arity::Exactly(1) => formatter.write_str("1 argument"),
            Arity::Exactly(n) => write!(formatter, "{n} arguments"),
            Arity::AtLeast(n) => write!(formatter, "at least {n} arguments"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Meaning {
    /// An operation of the table.
    Op(Op),
    /// An operation of two operands, from the left over all arguments.
    Fold(Op),
    Relu,
    Clamp,
    Where,
}

const fn unary(name: &'static str, op: Op, description: &'static str) -> Function {
    let (arity, meaning) = (Arity::Exactly(1), Meaning::Op(op));
    Function {
        name,
        arity,
        description,
        meaning,
    }
}

const fn binary(name: &'static str, op: Op, description: &'static str) -> Function {
    let (arity, meaning) = (Arity::Exactly(2), Meaning::Op(op));
    Function {
        name,
        arity,
        description,
        meaning,
    }
}

const fn fold(name: &'static str, op: Op, description: &'static str) -> Function {
    let (arity, meaning) = (Arity::AtLeast(2), Meaning::Fold(op));
    Function {
        name,
        arity,
        description,
        meaning,
    }
}

/// Every function, in the order of the documentation.
pub static FUNCTIONS: &[Function] = &[
    unary("exp", Op::Exp, "e to the power x"),
    unary("expm1", Op::Expm1, "exp(x) - 1, accurate near 0"),
    unary("ln", Op::Ln, "natural logarithm"),
    unary("log", Op::Ln, "natural logarithm, as in Python"),
    unary("log1p", Op::Ln1p, "ln(1 + x), accurate near 0"),
    unary("log2", Op::Log2, "logarithm to base 2"),
    unary("log10", Op::Log10, "logarithm to base 10"),
    unary(
        "sqrt",
        Op::Sqrt,
        "square root; the derivative at 0 is infinite",
    ),
    unary(
        "cbrt",
        Op::Cbrt,
        "cube root; the derivative at 0 is infinite",
    ),
    unary("abs", Op::Abs, "magnitude; the derivative at 0 is 0"),
    unary("sign", Op::Sign, "-1, 0 or 1; the derivative is 0"),
    unary("sin", Op::Sin, "sine, in radians"),
    unary("cos", Op::Cos, "cosine, in radians"),
    unary("tan", Op::Tan, "tangent, in radians"),
    unary("asin", Op::Asin, "arc sine, in radians"),
    unary("acos", Op::Acos, "arc cosine, in radians"),
    unary("atan", Op::Atan, "arc tangent, in radians"),
    binary(
        "atan2",
        Op::Atan2,
        "angle of the point (x, y), written atan2(y, x)",
    ),
    unary("sinh", Op::Sinh, "hyperbolic sine"),
    unary("cosh", Op::Cosh, "hyperbolic cosine"),
    unary("tanh", Op::Tanh, "hyperbolic tangent"),
    unary("asinh", Op::Asinh, "inverse hyperbolic sine"),
    unary("acosh", Op::Acosh, "inverse hyperbolic cosine"),
    unary("atanh", Op::Atanh, "inverse hyperbolic tangent"),
    unary("sigmoid", Op::Sigmoid, "1/(1 + exp(-x)) without overflow"),
    unary("softplus", Op::Softplus, "ln(1 + exp(x)) without overflow"),
    Function {
        name: "relu",
        arity: Arity::Exactly(1),
        description: "the greater of 0 and x; the derivative at 0 is 0",
        meaning: Meaning::Relu,
    },
    fold(
        "min",
        Op::Min,
        "the least; at a tie the derivative goes to the first",
    ),
    fold(
        "max",
        Op::Max,
        "the greatest; at a tie the derivative goes to the first",
    ),
    Function {
        name: "clamp",
        arity: Arity::Exactly(3),
        description: "clamp(x, low, high): x within limits; the derivative at a limit is 1, outside 0",
        meaning: Meaning::Clamp,
    },
    fold(
        "hypot",
        Op::Hypot,
        "sqrt(x^2 + y^2 + ...) without overflow; the derivative at 0 is NaN",
    ),
    unary("erf", Op::Erf, "error function"),
    unary(
        "floor",
        Op::Floor,
        "greatest whole number not above x; no derivative",
    ),
    unary(
        "ceil",
        Op::Ceil,
        "least whole number not below x; no derivative",
    ),
    unary(
        "round",
        Op::Round,
        "nearest whole number, halves to the even one; no derivative",
    ),
    Function {
        name: "where",
        arity: Arity::Exactly(3),
        description: "where(condition, a, b): a where the condition holds, else b",
        meaning: Meaning::Where,
    },
];

/// The named numbers of the formula language.
pub static CONSTANTS: &[(&str, f64)] = &[
    ("pi", std::f64::consts::PI),
    ("tau", std::f64::consts::TAU),
    ("e", std::f64::consts::E),
];

impl Function {
    /// The function with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Function> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    /// Whether the first argument is a condition, as in `where(x > 0, a, b)`.
    #[must_use]
    pub fn takes_condition(&self) -> bool {
        matches!(self.meaning, Meaning::Where)
    }

    /// The function of `arguments`, whose number [`Function::arity`] accepts.
    pub(super) fn trace<'g, T: Real>(&self, arguments: &[Var<'g, T>]) -> Var<'g, T> {
        let x = arguments[0];
        match self.meaning {
            Meaning::Op(op) if op.arity() == 1 => x.unary(op),
            Meaning::Op(op) => x.binary(op, arguments[1]),
            Meaning::Fold(op) => arguments[1..]
                .iter()
                .fold(x, |result, y| result.binary(op, *y)),
            // The zero comes first, so that at 0 the derivative goes to it.
            Meaning::Relu => x.constant(0.0).binary(Op::Max, x),
            Meaning::Clamp => x
                .binary(Op::Max, arguments[1])
                .binary(Op::Min, arguments[2]),
            Meaning::Where => x.select(arguments[1], arguments[2]),
        }
    }
}
