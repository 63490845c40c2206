//! The functions and constants of the formula language.

use std::fmt;

use crate::autodiff::{Number, Op};

/// A function of the formula language: its name, how many arguments it takes,
/// and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name in a formula.
    pub name: &'static str,
    /// The arguments, as the documentation calls them.
    pub arguments: &'static str,
    /// How many arguments it takes.
    pub arity: Arity,
    /// What it gives.
    pub description: &'static str,
    /// What the derivative is where that is not obvious; else empty.
    pub derivative: &'static str,
    pub(super) meaning: Meaning,
}

/// There is one function of each name.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The number of arguments of a [`Function`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// As many as this.
    Exactly(usize),
    /// As many as this, or more.
    AtLeast(usize),
    /// From the first to the second number.
    Between(usize, usize),
}

impl Arity {
    /// Whether `count` arguments are right.
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
            Arity::Exactly(1) => formatter.write_str("1 argument"),
            Arity::Exactly(n) => write!(formatter, "{n} arguments"),
            Arity::AtLeast(1) => formatter.write_str("at least 1 argument"),
            Arity::AtLeast(n) => write!(formatter, "at least {n} arguments"),
            Arity::Between(least, most) => write!(formatter, "{least} to {most} arguments"),
        }
    }
}

/// What a function computes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// Goes element by element.
    Each(Each),
    /// [`Op::Min`] or [`Op::Max`] of several arguments element by element, or of
    /// the elements of a single one.
    Extreme(Op),
    /// The place of the first element that [`Op::Min`] or [`Op::Max`] of them gives.
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

/// One number of an array, or of each stretch along an axis.
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
    /// What it is element by element for so many arguments, if it is that.
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
    function(name, "x", Arity::Exactly(1), description, meaning).kink("none: counts as a constant")
}

impl Function {
    /// With what its derivative is where that is not obvious.
    const fn kink(self, derivative: &'static str) -> Self {
        Function { derivative, ..self }
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
    unary("sqrt", Op::Sqrt, "square root").kink("infinite at 0"),
    unary("cbrt", Op::Cbrt, "cube root").kink("infinite at 0"),
    unary("abs", Op::Abs, "magnitude").kink("0 at 0"),
    unary("sign", Op::Sign, "-1, 0 or 1").kink("0 everywhere"),
    unary("sin", Op::Sin, "sine, in radians"),
    unary("cos", Op::Cos, "cosine, in radians"),
    unary("tan", Op::Tan, "tangent, in radians"),
    unary("asin", Op::Asin, "arc sine, in radians").kink("infinite at -1 and 1"),
    unary("acos", Op::Acos, "arc cosine, in radians").kink("infinite at -1 and 1"),
    unary("atan", Op::Atan, "arc tangent, in radians"),
    binary(
        "atan2",
        "y, x",
        Op::Atan2,
        "angle of the point (x, y), written atan2(y, x)",
    )
    .kink("NaN at (0, 0)"),
    unary("sinh", Op::Sinh, "hyperbolic sine"),
    unary("cosh", Op::Cosh, "hyperbolic cosine"),
    unary("tanh", Op::Tanh, "hyperbolic tangent"),
    unary("asinh", Op::Asinh, "inverse hyperbolic sine"),
    unary("acosh", Op::Acosh, "inverse hyperbolic cosine").kink("infinite at 1"),
    unary("atanh", Op::Atanh, "inverse hyperbolic tangent").kink("infinite at -1 and 1"),
    unary("sigmoid", Op::Sigmoid, "1/(1 + exp(-x)) without overflow"),
    unary("softplus", Op::Softplus, "ln(1 + exp(x)) without overflow"),
    binary(
        "logaddexp",
        "x, y",
        Op::LogAddExp,
        "ln(exp(x) + exp(y)) without overflow",
    )
    .kink("NaN at two equal infinities"),
    function(
        "relu",
        "x",
        Arity::Exactly(1),
        "larger of 0 and x",
        Meaning::Each(Each::Relu),
    )
    .kink("0 at 0"),
    optional(
        "leaky_relu",
        "x, slope",
        Meaning::Each(Each::LeakyRelu),
        "x where it is above 0, else slope*x; slope is 0.01 if left out",
    )
    .kink("slope at 0"),
    optional(
        "elu",
        "x, alpha",
        Meaning::Each(Each::Elu),
        "x where it is above 0, else alpha*(exp(x) - 1); alpha is 1 if left out",
    )
    .kink("alpha at 0"),
    unary("gelu", Op::Gelu, "x times the probability of a standard normal number below x"),
    unary("silu", Op::Silu, "x*sigmoid(x)"),
    unary("erf", Op::Erf, "error function"),
    unary("erfc", Op::Erfc, "1 - erf(x), accurate where it is small"),
    unary("lgamma", Op::Lgamma, "logarithm of the magnitude of the gamma function")
        .kink("digamma(x): -inf at 0, NaN at -1, -2, ..."),
    unary("digamma", Op::Digamma, "derivative of lgamma").kink("polygamma(1, x): infinite at 0, -1, -2, ..."),
    binary(
        "polygamma",
        "n, x",
        Op::Polygamma,
        "derivative of order n of digamma, for a whole number n from 0 to 100",
    )
    .kink("polygamma(n + 1, x) by x, none by n"),
    function(
        "hypot",
        "x, y, ...",
        Arity::AtLeast(2),
        "sqrt(x^2 + y^2 + ...)",
        Meaning::Each(Each::Fold(Op::Hypot)),
    )
    .kink("NaN where all arguments are 0"),
    function(
        "clamp",
        "x, low, high",
        Arity::Exactly(3),
        "clamp(x, low, high): x within limits, NaN if an argument is NaN",
        Meaning::Each(Each::Clamp),
    )
    .kink("1 at a limit, 0 outside"),
    unary("floor", Op::Floor, "greatest whole number not above x")
        .kink("none: counts as a constant"),
    unary("ceil", Op::Ceil, "least whole number not below x").kink("none: counts as a constant"),
    unary(
        "round",
        Op::Round,
        "nearest whole number, halves to the even one",
    )
    .kink("none: counts as a constant"),
    binary(
        "mod",
        "x, y",
        Op::Rem,
        "x - y*floor(x/y): the remainder with the sign of y, as in Python",
    )
    .kink("1 by x and -floor(x/y) by y, at the jumps too"),
    function(
        "where",
        "condition, a, b",
        Arity::Exactly(3),
        "where(condition, a, b): a where the condition holds, else b",
        Meaning::Each(Each::Where),
    )
    .kink("that of the branch taken; the other contributes nothing, even where it is infinite or NaN"),
    function(
        "min",
        "x, y, ...",
        Arity::AtLeast(1),
        "smallest of several arguments, element by element; smallest element of one; NaN if one is NaN",
        Meaning::Extreme(Op::Min),
    )
    .kink("at a tie of arguments it goes to the first, of elements to all in equal parts"),
    function(
        "max",
        "x, y, ...",
        Arity::AtLeast(1),
        "largest of several arguments, element by element; largest element of one; NaN if one is NaN",
        Meaning::Extreme(Op::Max),
    )
    .kink("at a tie of arguments it goes to the first, of elements to all in equal parts"),
    reduction("sum", Reduction::Sum, "sum of the elements"),
    reduction("prod", Reduction::Prod, "product of the elements")
        .kink("right with zeros among them too"),
    reduction(
        "mean",
        Reduction::Mean,
        "sum of the elements over their number",
    ),
    optional(
        "var",
        "x, ddof",
        Meaning::Reduce(Reduction::Variance),
        "sum((x - mean(x))^2) over the number of elements, less ddof if that is given",
    ),
    optional(
        "std",
        "x, ddof",
        Meaning::Reduce(Reduction::Deviation),
        "square root of var(x, ddof)",
    )
    .kink("NaN where all elements are equal"),
    position("argmin", Op::Min, "place of the first smallest element, from 0"),
    position("argmax", Op::Max, "place of the first largest element, from 0"),
    reduction("norm", Reduction::Norm, "sqrt(sum(x^2))").kink("NaN where all elements are 0"),
    reduction(
        "logsumexp",
        Reduction::LogSumExp,
        "ln(sum(exp(x))) without overflow",
    ),
    function(
        "softmax",
        "x",
        Arity::Exactly(1),
        "exp(x)/sum(exp(x)) without overflow",
        Meaning::Softmax,
    ),
    function(
        "cumsum",
        "x",
        Arity::Exactly(1),
        "running sums: each element plus all before it, in the rows of a matrix",
        Meaning::Cumsum,
    ),
    function(
        "dot",
        "x, y",
        Arity::Exactly(2),
        "sum(x*y) of two vectors",
        Meaning::Dot,
    ),
    function(
        "transpose",
        "M",
        Arity::Exactly(1),
        "the matrix with rows for columns",
        Meaning::Transpose,
    ),
    function(
        "length",
        "x",
        Arity::Exactly(1),
        "number of elements of a vector, of rows of a matrix",
        Meaning::Length,
    )
    .kink("none: known before"),
    function(
        "range",
        "start, end, step",
        Arity::Between(1, 3),
        "range(n): the vector 0, 1, ... n - 1; range(a, b): from a up to, not including, b; \
         range(a, b, step): in steps",
        Meaning::Range,
    )
    .kink("none: known before"),
    function(
        "one_hot",
        "y, k",
        Arity::Exactly(2),
        "for each whole number of the vector y a row of k numbers: 1 at that place, else 0",
        Meaning::OneHot,
    )
    .kink("none: counts as a constant"),
    function(
        "repeat",
        "x, n",
        Arity::Exactly(2),
        "the vector of n times a number, or the matrix of n times a vector as its rows",
        Meaning::Repeat,
    ),
    function(
        "pad",
        "x, before, after",
        Arity::Exactly(3),
        "so many zeros before and after a vector, or so many rows of zeros for a matrix",
        Meaning::Pad,
    ),
    function(
        "spread",
        "x, step",
        Arity::Exactly(2),
        "the elements of a vector, or the rows of a matrix, in steps, with zeros between them",
        Meaning::Spread,
    ),
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
        matches!(self.meaning, Meaning::Each(Each::Where))
    }

    /// Whether it can go along one axis of a matrix, as in `sum(M, axis=0)`.
    #[must_use]
    pub fn takes_axis(&self) -> bool {
        matches!(
            self.meaning,
            Meaning::Reduce(_) | Meaning::Extreme(_) | Meaning::Position(_) | Meaning::Softmax
        )
    }

    /// The name of argument number `index`, if it can be left out; then it may be
    /// written with its name, such as `elu(x, alpha=2)`.
    #[must_use]
    pub fn option(&self, index: usize) -> Option<&'static str> {
        match self.arity {
            Arity::Between(least, _) if index >= least => self.arguments.split(", ").nth(index),
            _ => None,
        }
    }

    /// Whether the last of so many arguments is printed with its name: beside one that
    /// is reduced, it is of another kind.
    pub(super) fn is_named(&self, arguments: usize) -> bool {
        arguments > 1 && matches!(self.meaning, Meaning::Reduce(_))
    }
}

impl Each {
    /// The value, of as many arguments as the function takes.
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
