//! The test functions for comparing optimizers, by name.
//!
//! Each is a row of a table: its formula in the language of experiment files, its
//! domain, its standard starting point and its known minima. The rows contain no code.
//! Points are formulas too, of the dimension `n` and the index `i` of a coordinate from
//! 1, so that one row covers every dimension.
//!
//! The table is written in Rust, not in a file that is read, so a misspelt trait or a
//! missing field does not compile. Tests cover the formulas.

mod any;
mod instance;
mod one;
mod several;
mod two;

use std::fmt;

pub use instance::{Instance, Minimum, WrongDimension};

/// A function of the catalogue.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::objective::catalogue;
///
/// let trid = catalogue::Function::named("trid").expect("it is in the catalogue");
/// let instance = trid.instance(Some(3))?;
/// assert_eq!(instance.domain, [(-9.0, 9.0); 3]);
/// assert_eq!(instance.minima[0].at, [3.0, 4.0, 3.0]);
/// assert_eq!(instance.minima[0].value, -7.0);
/// let wrong = trid.instance(Some(1)).unwrap_err();
/// assert_eq!(wrong.to_string(), "trid has at least 2 variables, not 1");
/// # Ok::<(), catalogue::WrongDimension>(())
/// ```
#[derive(Debug)]
pub struct Function {
    /// The name in an experiment file.
    pub name: &'static str,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
    /// The possible numbers of variables.
    pub dimension: Dimension,
    /// The formula: of `x` for one variable, of `x` and `y` if there are always two,
    /// otherwise of the vector `x`.
    pub formula: &'static str,
    /// Named parts of the formula.
    pub definitions: &'static [(&'static str, &'static str)],
    /// The interval of each variable, repeated from the first when there are more
    /// variables; empty if every number is in the domain.
    pub domain: &'static [(&'static str, &'static str)],
    /// The plotted region, if it is not the domain.
    pub view: &'static [(&'static str, &'static str)],
    /// The standard starting point.
    pub start: Pattern,
    /// The known minima, the best first; empty if the function is unbounded below and
    /// has no domain.
    pub minima: &'static [KnownMinimum],
    /// Its properties.
    pub traits: &'static [Trait],
    /// What it is for, or why it is hard, in one or two sentences.
    pub about: &'static str,
    /// Its authors and the year of publication.
    pub source: &'static str,
}

/// The coordinates of a point: numbers, or formulas of the dimension `n` and the index
/// `i` of the coordinate from 1. They repeat from the first when the point has more
/// coordinates; superfluous ones are ignored.
#[doc(hidden)]
pub type Pattern = &'static [&'static str];

/// The possible numbers of variables of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Dimension {
    /// Always this number.
    Fixed(usize),
    /// At least this number; the default is the smallest of these that is at least 2.
    AtLeast(usize),
    /// A multiple of this number; the default is the number itself.
    MultipleOf(usize),
}

/// A known minimum, for one dimension or all.
#[derive(Debug)]
pub struct KnownMinimum {
    /// The only dimension with this minimum; `None` for all.
    pub only: Option<usize>,
    /// Where it is.
    pub at: Pattern,
    /// The value there: a number, or a formula of `n`.
    pub value: &'static str,
    /// The possible error of the value, because its known digits are limited or because
    /// larger terms of the formula are rounded.
    pub precision: f64,
    /// Whether there is a lower value somewhere in the domain.
    pub kind: MinimumKind,
    /// The gradient there.
    pub gradient: Gradient,
    /// A remark, for example that other signs give minima too.
    pub note: &'static str,
}

/// Whether a minimum is global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum MinimumKind {
    /// There is no lower value in the domain.
    Global,
    /// There is a lower value elsewhere.
    Local,
}

/// The gradient at a minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Gradient {
    /// Zero, up to rounding.
    Zero,
    /// Not defined, or not what the tape gives, as for the square root at 0.
    Undefined,
    /// Not zero: the minimum lies on the border of the domain, and descents leave the
    /// domain there.
    Outward,
}

/// A property of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Trait {
    /// Nowhere above the straight line between two of its points.
    Convex,
    /// The gradient is continuous in the domain, and the tape gives it everywhere.
    Smooth,
    /// A sum of functions of one variable each.
    Separable,
    /// With more than one local minimum in the domain.
    Multimodal,
    /// [`Trait::Multimodal`] from this dimension upwards.
    MultimodalFrom(usize),
    /// Has lower values outside its domain than inside. Descents ignore the domain and
    /// may find them.
    LowerOutside,
    /// Unbounded below; outside its domain, if it has one.
    Unbounded,
}

/// The functions by number of variables, with the title of each group.
#[doc(hidden)]
pub static GROUPS: &[(&str, &[Function])] = &[
    ("one variable", one::FUNCTIONS),
    ("two variables", two::FUNCTIONS),
    ("three or more variables", several::FUNCTIONS),
    ("any number of variables", any::FUNCTIONS),
];

/// All functions, in the order of [`GROUPS`].
pub fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.iter().flat_map(|(_, functions)| functions.iter())
}

/// All names and aliases, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    all()
        .flat_map(|function| std::iter::once(function.name).chain(function.aliases.iter().copied()))
}

impl Function {
    /// The function with this name or alias.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Function> {
        all().find(|function| function.name == name || function.aliases.contains(&name))
    }

    /// Whether it has this trait with `dimension` variables.
    #[must_use]
    pub fn has(&self, wanted: Trait, dimension: usize) -> bool {
        self.traits.iter().any(|one| match one {
            Trait::MultimodalFrom(least) => wanted == Trait::Multimodal && dimension >= *least,
            one => *one == wanted,
        })
    }
}

impl Dimension {
    /// The default number of variables.
    #[must_use]
    pub fn usual(self) -> usize {
        match self {
            Dimension::Fixed(n) | Dimension::MultipleOf(n) => n,
            Dimension::AtLeast(least) => least.max(2),
        }
    }

    /// Whether there can be `dimension` variables.
    #[must_use]
    pub fn allows(self, dimension: usize) -> bool {
        let is_allowed = match self {
            Dimension::Fixed(n) => dimension == n,
            Dimension::AtLeast(least) => dimension >= least,
            Dimension::MultipleOf(n) => dimension > 0 && dimension.is_multiple_of(n),
        };
        is_allowed && dimension <= MAX_DIMENSION
    }
}

/// Maximum number of variables of a function, so that a number in a file cannot
/// exhaust the memory.
#[doc(hidden)]
pub const MAX_DIMENSION: usize = 1_000_000;

impl fmt::Display for Dimension {
    /// As in "has at least 2 variables".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Fixed(1) => write!(formatter, "one variable"),
            Dimension::Fixed(n) => write!(formatter, "exactly {n} variables"),
            Dimension::AtLeast(1) => write!(formatter, "at least one variable"),
            Dimension::AtLeast(least) => write!(formatter, "at least {least} variables"),
            Dimension::MultipleOf(n) => write!(formatter, "a multiple of {n} variables"),
        }
    }
}

impl fmt::Display for Trait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trait::Convex => write!(formatter, "convex"),
            Trait::Smooth => write!(formatter, "smooth"),
            Trait::Separable => write!(formatter, "separable"),
            Trait::Multimodal => write!(formatter, "multimodal"),
            Trait::MultimodalFrom(n) => write!(formatter, "multimodal from n = {n}"),
            Trait::LowerOutside => write!(formatter, "lower outside"),
            Trait::Unbounded => write!(formatter, "unbounded below"),
        }
    }
}

/// An empty row, so that the rows of the table state only what they have.
const NOTHING: Function = Function {
    name: "",
    aliases: &[],
    dimension: Dimension::AtLeast(1),
    formula: "",
    definitions: &[],
    domain: &[],
    view: &[],
    start: &[],
    minima: &[],
    traits: &[],
    about: "",
    source: "",
};

/// A global minimum with zero gradient. The precision is that of a few roundings of
/// numbers near 1.
const fn minimum(at: Pattern, value: &'static str) -> KnownMinimum {
    KnownMinimum {
        only: None,
        at,
        value,
        precision: 1e-14,
        kind: MinimumKind::Global,
        gradient: Gradient::Zero,
        note: "",
    }
}

impl KnownMinimum {
    /// The same in one dimension only.
    const fn only(mut self, dimension: usize) -> Self {
        self.only = Some(dimension);
        self
    }

    /// The same with a lower value elsewhere.
    const fn local(mut self) -> Self {
        self.kind = MinimumKind::Local;
        self
    }

    const fn gradient(mut self, gradient: Gradient) -> Self {
        self.gradient = gradient;
        self
    }

    const fn precision(mut self, precision: f64) -> Self {
        self.precision = precision;
        self
    }

    const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}
