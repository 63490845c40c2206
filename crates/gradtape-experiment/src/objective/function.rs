//! The functions and constants of the formula language.

use std::fmt;

use crate::number::counted;
use gradtape_tape::{Number, Op};

/// A function of the formula language: its name, its number of arguments and its
/// meaning.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name in a formula.
    pub name: &'static str,
    /// The names of the arguments in the documentation.
    pub arguments: &'static str,
    /// The number of arguments.
    pub arity: Arity,
    /// The value.
    pub description: &'static str,
    /// The derivative where it is not obvious; otherwise empty.
    pub derivative: &'static str,
    pub(super) meaning: Meaning,
}

/// Compares names, which are unique.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The number of arguments of a [`Function`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// This number.
    Exactly(usize),
    /// At least this number.
    AtLeast(usize),
    /// From the first to the second number, both included.
    Between(usize, usize),
}

impl Arity {
    /// Whether `count` arguments are accepted.
    #[must_use]
    pub fn accepts(self, count: usize) -> bool {
        match self {
            Arity::Exactly(n) => count == n,
            Arity::AtLeast(n) => count >= n,
            Arity::Between(least, most) => (least..=most).contains(&count),
        }
    }
}

impl fmt::Display for Arity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Arity::Exactly(n) => formatter.write_str(&counted(*n, "argument")),
            Arity::AtLeast(n) => write!(formatter, "at least {}", counted(*n, "argument")),
            Arity::Between(least, most) => write!(formatter, "{least} to {most} arguments"),
        }
    }
}

/// What a function computes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// Applies element by element.
    Each(Each),
    /// [`Op::Min`] or [`Op::Max`] of several arguments element by element, or of
    /// the elements of a single one.
    Extreme(Op),
    /// The index of the first element that [`Op::Min`] or [`Op::Max`] of all elements gives.
    Position(Op),
    Reduce(Reduction),
    Softmax,
    Cumsum,
    Length,
    Dot,
    Transpose,
    Range,
    OneHot,
    Repeat,
    Pad,
    Spread,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Each {
    /// An operation of the table.
    Op(Op),
    /// An operation of two operands, from the left over all arguments.
    Fold(Op),
    Relu,
    LeakyRelu,
    Elu,
    Clamp,
    Where,
}

/// One number for an array, or for each of its rows or columns.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reduction {
    Sum,
    Prod,
    Mean,
    Variance,
    Deviation,
    Norm,
    LogSumExp,
}

impl Meaning {
    /// The elementwise function for this number of arguments, if it is one.
    pub(super) fn each(self, arguments: usize) -> Option<Each> {
        match self {
            Meaning::Each(each) => Some(each),
            Meaning::Extreme(op) if arguments > 1 => Some(Each::Fold(op)),
            _ => None,
        }
    }
}

const fn function(
    name: &'static str,
    arguments: &'static str,
    arity: Arity,
    description: &'static str,
    meaning: Meaning,
) -> Function {
    Function {
        name,
        arguments,
        arity,
        description,
        derivative: "",
        meaning,
    }
}

const fn unary(name: &'static str, op: Op, description: &'static str) -> Function {
    let meaning = Meaning::Each(Each::Op(op));
    function(name, "x", Arity::Exactly(1), description, meaning)
}

const fn binary(
    name: &'static str,
    arguments: &'static str,
    op: Op,
    description: &'static str,
) -> Function {
    let meaning = Meaning::Each(Each::Op(op));
    function(name, arguments, Arity::Exactly(2), description, meaning)
}

const fn reduction(name: &'static str, of: Reduction, description: &'static str) -> Function {
    let meaning = Meaning::Reduce(of);
    function(name, "x", Arity::Exactly(1), description, meaning)
}

/// A function of one argument or two.
const fn optional(
    name: &'static str,
    arguments: &'static str,
    meaning: Meaning,
    description: &'static str,
) -> Function {
    function(name, arguments, Arity::Between(1, 2), description, meaning)
}

const fn position(name: &'static str, op: Op, description: &'static str) -> Function {
    let meaning = Meaning::Position(op);
    function(name, "x", Arity::Exactly(1), description, meaning).kink("none: treated as a constant")
}

impl Function {
    /// The same with a derivative that is not obvious.
    const fn kink(self, derivative: &'static str) -> Self {
        Function { derivative, ..self }
    }
}

/// Every function, in the order of the documentation.
// A function is a row: call, text, derivative at kinks.
#[rustfmt::skip]
pub static FUNCTIONS: &[Function] = &[
    #[cfg(test)] unary("row_of_a_test", Op::Neg, "-x"),
    unary("exp", Op::Exp, "e to the power x"),
    unary("expm1", Op::Expm1, "exp(x) - 1, accurate near 0"),
    unary("ln", Op::Ln, "natural logarithm"),
    unary("log", Op::Ln, "natural logarithm, as in Python"),
    unary("log1p", Op::Ln1p, "ln(1 + x), accurate near 0"),
    unary("log2", Op::Log2, "logarithm to base 2"),
    unary("log10", Op::Log10, "logarithm to base 10"),
    unary("sqrt", Op::Sqrt, "square root").kink("infinite at 0"),
    unary("cbrt", Op::Cbrt, "cube root").kink("infinite at 0"),
    unary("abs", Op::Abs, "absolute value").kink("0 at 0"),
    unary("sign", Op::Sign, "-1, 0 or 1").kink("0 everywhere"),
    unary("sin", Op::Sin, "sine, in radians"),
    unary("cos", Op::Cos, "cosine, in radians"),
    unary("tan", Op::Tan, "tangent, in radians"),
    unary("asin", Op::Asin, "arc sine, in radians").kink("infinite at -1 and 1"),
    unary("acos", Op::Acos, "arc cosine, in radians").kink("infinite at -1 and 1"),
    unary("atan", Op::Atan, "arc tangent, in radians"),
    binary("atan2", "y, x", Op::Atan2,
        "angle of the point (x, y), written atan2(y, x)").kink("NaN at (0, 0)"),
    unary("sinh", Op::Sinh, "hyperbolic sine"),
    unary("cosh", Op::Cosh, "hyperbolic cosine"),
    unary("tanh", Op::Tanh, "hyperbolic tangent"),
    unary("asinh", Op::Asinh, "inverse hyperbolic sine"),
    unary("acosh", Op::Acosh, "inverse hyperbolic cosine").kink("infinite at 1"),
    unary("atanh", Op::Atanh, "inverse hyperbolic tangent").kink("infinite at -1 and 1"),
    unary("sigmoid", Op::Sigmoid, "1/(1 + exp(-x)) without overflow"),
    unary("softplus", Op::Softplus, "ln(1 + exp(x)) without overflow"),
    binary("logaddexp", "x, y", Op::LogAddExp,
        "ln(exp(x) + exp(y)) without overflow").kink("NaN at two equal infinities"),
    function("relu", "x", Arity::Exactly(1),
        "larger of 0 and x", Meaning::Each(Each::Relu)).kink("0 at 0"),
    optional("leaky_relu", "x, slope", Meaning::Each(Each::LeakyRelu),
        "x where x > 0, else slope*x; slope is 0.01 by default").kink("slope at 0"),
    optional("elu", "x, alpha", Meaning::Each(Each::Elu),
        "x where x > 0, else alpha*(exp(x) - 1); alpha is 1 by default").kink("alpha at 0"),
    unary("gelu", Op::Gelu, "x times the probability that a standard normal number is below x"),
    unary("silu", Op::Silu, "x*sigmoid(x)"),
    unary("erf", Op::Erf, "error function"),
    unary("erfc", Op::Erfc, "1 - erf(x), accurate where that is small"),
    unary("lgamma", Op::Lgamma,
        "logarithm of the absolute value of the gamma function")
        .kink("digamma(x): -inf at 0, NaN at -1, -2, ..."),
    unary("digamma", Op::Digamma,
        "derivative of lgamma").kink("polygamma(1, x): infinite at 0, -1, -2, ..."),
    binary("polygamma", "n, x", Op::Polygamma,
        "derivative of order n of digamma, for an integer n from 0 to 100")
        .kink("polygamma(n + 1, x) by x, none by n"),
    function("hypot", "x, y, ...", Arity::AtLeast(2),
        "sqrt(x^2 + y^2 + ...)", Meaning::Each(Each::Fold(Op::Hypot)))
        .kink("NaN where all arguments are 0"),
    function("clamp", "x, low, high", Arity::Exactly(3),
        "clamp(x, low, high): x limited to [low, high], NaN if an argument is NaN",
        Meaning::Each(Each::Clamp))
        .kink("1 at a limit, 0 outside"),
    unary("floor", Op::Floor, "largest integer not above x").kink("none: treated as a constant"),
    unary("ceil", Op::Ceil, "smallest integer not below x").kink("none: treated as a constant"),
    unary("round", Op::Round,
        "nearest integer, ties to the even one").kink("none: treated as a constant"),
    binary("mod", "x, y", Op::Rem,
        "x - y*floor(x/y): the remainder with the sign of y, as in Python")
        .kink("1 by x and -floor(x/y) by y, also at the jumps"),
    function("where", "condition, a, b", Arity::Exactly(3),
        "where(condition, a, b): a where the condition holds, else b", Meaning::Each(Each::Where))
        .kink("that of the branch taken; the other branch contributes nothing, even where it is infinite or NaN"),
    function("min", "x, y, ...", Arity::AtLeast(1),
        "smallest of several arguments, element by element; smallest element of a single one; NaN if any is NaN",
        Meaning::Extreme(Op::Min))
        .kink("at a tie, that of the first argument; tied elements share it equally"),
    function("max", "x, y, ...", Arity::AtLeast(1),
        "largest of several arguments, element by element; largest element of a single one; NaN if any is NaN",
        Meaning::Extreme(Op::Max))
        .kink("at a tie, that of the first argument; tied elements share it equally"),
    reduction("sum", Reduction::Sum, "sum of the elements"),
    reduction("prod", Reduction::Prod,
        "product of the elements").kink("correct also with zeros among the elements"),
    reduction("mean", Reduction::Mean, "sum of the elements divided by their number"),
    optional("var", "x, ddof", Meaning::Reduce(Reduction::Variance),
        "sum((x - mean(x))^2) divided by the number of elements minus ddof; ddof is 0 by default"),
    optional("std", "x, ddof", Meaning::Reduce(Reduction::Deviation),
        "square root of var(x, ddof)").kink("NaN where all elements are equal"),
    position("argmin", Op::Min, "index of the first smallest element, from 0"),
    position("argmax", Op::Max, "index of the first largest element, from 0"),
    reduction("norm", Reduction::Norm, "sqrt(sum(x^2))").kink("NaN where all elements are 0"),
    reduction("logsumexp", Reduction::LogSumExp, "ln(sum(exp(x))) without overflow"),
    function("softmax", "x", Arity::Exactly(1),
        "exp(x)/sum(exp(x)) without overflow", Meaning::Softmax),
    function("cumsum", "x", Arity::Exactly(1),
        "running sums: each element plus all before it; for a matrix, along each row",
        Meaning::Cumsum),
    function("dot", "x, y", Arity::Exactly(2), "sum(x*y) of two vectors", Meaning::Dot),
    function("transpose", "M", Arity::Exactly(1),
        "the matrix with rows and columns exchanged", Meaning::Transpose),
    function("length", "x", Arity::Exactly(1),
        "number of elements of a vector, or of rows of a matrix", Meaning::Length)
        .kink("none: known before evaluation"),
    function("range", "start, end, step", Arity::Between(1, 3),
        "range(n): the vector 0, 1, ..., n - 1; range(a, b): from a up to, but not including, b; \
            range(a, b, step): in steps of step", Meaning::Range)
        .kink("none: known before evaluation"),
    function("one_hot", "y, k", Arity::Exactly(2),
        "a row of k numbers for each integer of the vector y: 1 at that index, else 0",
        Meaning::OneHot)
        .kink("none: treated as a constant"),
    function("repeat", "x, n", Arity::Exactly(2),
        "a vector of n copies of a number, or a matrix with n copies of a vector as its rows",
        Meaning::Repeat),
    function("pad", "x, before, after", Arity::Exactly(3),
        "a vector with these numbers of zeros before and after it, or a matrix with rows of zeros",
        Meaning::Pad),
    function("spread", "x, step", Arity::Exactly(2),
        "the elements of a vector, or the rows of a matrix, step positions apart with zeros between",
        Meaning::Spread),
];

/// The named constants of the formula language.
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
        matches!(self.meaning, Meaning::Each(Each::Where))
    }

    /// Whether it accepts an axis of a matrix, as in `sum(M, axis=0)`.
    #[must_use]
    pub fn takes_axis(&self) -> bool {
        matches!(
            self.meaning,
            Meaning::Reduce(_) | Meaning::Extreme(_) | Meaning::Position(_) | Meaning::Softmax
        )
    }

    /// The name of the argument with this index, if it is optional; it can then be
    /// given by name, as in `elu(x, alpha=2)`.
    #[must_use]
    pub fn option(&self, index: usize) -> Option<&'static str> {
        match self.arity {
            Arity::Between(least, _) if index >= least => self.arguments.split(", ").nth(index),
            _ => None,
        }
    }

    /// Whether the last of this many arguments is printed with its name: next to an
    /// argument that is reduced, it has another role.
    pub(super) fn is_named(&self, arguments: usize) -> bool {
        arguments > 1 && matches!(self.meaning, Meaning::Reduce(_))
    }
}

impl Each {
    /// The value for as many arguments as the function takes.
    pub(super) fn of<N: Number>(self, arguments: &[N]) -> N {
        let x = &arguments[0];
        match self {
            Each::Op(op) => {
                let operands: Vec<&N> = arguments.iter().collect();
                N::apply(op, &operands)
            }
            Each::Fold(op) => {
                let rest = arguments[1..].iter();
                rest.fold(x.clone(), |result, y| N::apply(op, &[&result, y]))
            }
            // The zero comes first, so that at 0 the derivative goes to it.
            Each::Relu => N::apply(Op::Max, &[&x.constant(0.0), x]),
            Each::LeakyRelu => {
                let zero = x.constant(0.0);
                let slope = arguments.get(1).cloned();
                let below = slope.unwrap_or_else(|| x.constant(0.01)) * x.clone();
                let is_above = N::apply(Op::Less, &[&zero, x]);
                N::apply(Op::Where, &[&is_above, x, &below])
            }
            Each::Elu => {
                let alpha = arguments.get(1).cloned();
                N::apply(Op::Elu, &[x, &alpha.unwrap_or_else(|| x.constant(1.0))])
            }
            Each::Clamp => {
                let raised = N::apply(Op::Max, &[x, &arguments[1]]);
                N::apply(Op::Min, &[&raised, &arguments[2]])
            }
            Each::Where => N::apply(Op::Where, &[x, &arguments[1], &arguments[2]]),
        }
    }
}
