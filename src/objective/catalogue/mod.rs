//! The functions that optimizers are compared on, by name.
//!
//! Each is a row of a table: its formula in the language of experiment files,
//! where it is looked at, where descents customarily start, and the minima that
//! are known of it. Nothing about them is code. Their points are formulas too, of
//! the dimension `n` and the number `i` of a coordinate, counted from 1, so that
//! one row serves every dimension.
//!
//! The table is written in Rust and not in a file that is read: then a
//! misspelt trait or a missing field does not compile, and what is left to go
//! wrong, the formulas, is tested.

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
/// use gradtape::objective::catalogue;
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
    /// Other names that it is known by, which serve as well.
    pub aliases: &'static [&'static str],
    /// How many variables it can have.
    pub dimension: Dimension,
    /// The formula: of `x` if there is one variable, of `x` and `y` if there are
    /// always two, else of the vector `x`.
    pub formula: &'static str,
    /// Parts of the formula that have a name.
    pub definitions: &'static [(&'static str, &'static str)],
    /// The interval of each variable, taken from the beginning again when there
    /// are more variables; empty if every number is in the domain.
    pub domain: &'static [(&'static str, &'static str)],
    /// The part that a picture shows, if it is not the domain.
    pub view: &'static [(&'static str, &'static str)],
    /// Where descents start.
    pub start: Pattern,
    /// What is known of its minima, the best first; a function has none if it
    /// falls without bound and without a domain.
    pub minima: &'static [KnownMinimum],
    /// What it is like.
    pub traits: &'static [Trait],
    /// What it is for, or why it is hard, in one or two sentences.
    pub about: &'static str,
    /// Who published it, and when.
    pub source: &'static str,
}

/// The coordinates of a point: numbers, or formulas of the dimension `n` and the
/// number `i` of the coordinate from 1; taken from the beginning again when the
/// point has more coordinates, and only as many as it has.
pub type Pattern = &'static [&'static str];

/// How many variables a function can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Always so many.
    Fixed(usize),
    /// So many or more; as few as two unless somebody asks.
    AtLeast(usize),
    /// A multiple of this number; the number itself unless somebody asks.
    MultipleOf(usize),
}

/// A minimum, for all dimensions that it is known for.
#[derive(Debug)]
pub struct KnownMinimum {
    /// The only dimension that this is the minimum for; `None` for all.
    pub only: Option<usize>,
    /// Where it is.
    pub at: Pattern,
    /// The value there: a number, or a formula of `n`.
    pub value: &'static str,
    /// How far the value may be off, because so many digits are known or
    /// because the terms of the formula, which are larger, are rounded.
    pub precision: f64,
    /// Whether there is a lower value somewhere in the domain.
    pub kind: Kind,
    /// The gradient there.
    pub gradient: Gradient,
    /// What else is to be said, such as that other signs are minima too.
    pub note: &'static str,
}

/// Whether a minimum is the least value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There is no lower value in the domain.
    Global,
    /// There is a lower value elsewhere.
    Local,
}

/// What the gradient is at a minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gradient {
    /// Zero, up to rounding.
    Zero,
    /// Not defined, or not what the tape gives, as at the square root of 0.
    Undefined,
    /// Not zero: the minimum lies on the border of the domain, and descents
    /// leave through it.
    Outward,
}

/// What a function is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// Nowhere above the straight line between two of its points.
    Convex,
    /// The gradient is continuous in the domain, and the tape gives it everywhere.
    Smooth,
    /// A sum of functions of one variable each.
    Separable,
    /// With more than one local minimum in the domain.
    Multimodal,
    /// [`Trait::Multimodal`] from this dimension on.
    MultimodalFrom(usize),
    /// Has values below the least of its domain outside. Descents know no domain and
    /// may find them.
    LowerOutside,
    /// Falls without bound; outside its domain, if it has one.
    Unbounded,
}

/// The functions by their numbers of variables, with the title of each group.
pub static GROUPS: &[(&str, &[Function])] = &[
    ("one variable", one::FUNCTIONS),
    ("two variables", two::FUNCTIONS),
    ("three variables and more", several::FUNCTIONS),
    ("any number of variables", any::FUNCTIONS),
];

/// All functions, in the order of [`GROUPS`].
pub fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.iter().flat_map(|(_, functions)| functions.iter())
}

/// All names and aliases, to find the one that was meant.
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

    /// Whether it has this trait when it has `dimension` variables.
    #[must_use]
    pub fn has(&self, wanted: Trait, dimension: usize) -> bool {
        self.traits.iter().any(|one| match one {
            Trait::MultimodalFrom(least) => wanted == Trait::Multimodal && dimension >= *least,
            one => *one == wanted,
        })
    }
}

impl Dimension {
    /// The number of variables if nobody asks for another one.
    #[must_use]
    pub fn usual(self) -> usize {
        match self {
            Dimension::Fixed(n) | Dimension::MultipleOf(n) => n,
            Dimension::AtLeast(least) => least.max(2),
        }
    }

    /// Whether there can be so many variables.
    #[must_use]
    pub fn allows(self, dimension: usize) -> bool {
        let is_allowed = match self {
            Dimension::Fixed(n) => dimension == n,
            Dimension::AtLeast(least) => dimension >= least,
            Dimension::MultipleOf(n) => dimension > 0 && dimension.is_multiple_of(n),
        };
        is_allowed && dimension <= GREATEST_DIMENSION
    }
}

/// No function has more variables than this, so that a number in a file cannot
/// ask for more memory than there is.
pub const GREATEST_DIMENSION: usize = 1_000_000;

impl fmt::Display for Dimension {
    /// As in "has at least 2 variables".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Fixed(1) => write!(formatter, "one variable"),
            Dimension::Fixed(n) => write!(formatter, "exactly {n} variables"),
            Dimension::AtLeast(1) => write!(formatter, "any number of variables"),
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

/// A row with nothing in it, so that the rows of the table say only what they have.
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

/// The least value of all, where the gradient is zero. The precision is that of a
/// few roundings of numbers near 1.
const fn minimum(at: Pattern, value: &'static str) -> KnownMinimum {
    KnownMinimum {
        only: None,
        at,
        value,
        precision: 1e-14,
        kind: Kind::Global,
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
        self.kind = Kind::Local;
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
