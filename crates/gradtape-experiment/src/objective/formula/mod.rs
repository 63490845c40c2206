//! Formulas: from text to a list of sub-formulas, and from that to a graph.
//!
//! The grammar is [`GRAMMAR`]. So `-x^2` is −(x²) and `2^3^2` is 2⁹, as in
//! mathematics and in Python. The parser is written by hand: it bounds its depth, so
//! that no formula can exhaust the stack, and its messages use the terms of a user.
//!
//! A parsed formula has no shapes: whether a name is a number, a vector or a matrix
//! depends on its value. With the shapes of all names, [`shape`] finds those of all
//! sub-formulas or reports incompatible ones, and [`trace`] records the result.

mod call;
mod grammar;
mod index;
mod parser;
mod pick;
mod print;
mod shape;
#[cfg(test)]
mod tests;
mod trace;

use std::sync::Arc;

use super::function::{CONSTANTS, Function};
use crate::language::{Operator, WORDS};
use crate::mistake::{Mistake, Span};
use crate::number::Number;

pub use grammar::GRAMMAR;
pub(super) use pick::Pick;
pub(super) use print::shortest;
use shape::Detail;
pub(super) use shape::{Checker, FormulaTypes, Type, described};

/// Maximum nesting depth of parentheses, brackets, functions, signs and powers.
pub const MAX_DEPTH: usize = 100;

/// Maximum number of elements of a vector or matrix in a formula.
pub const MAX_ELEMENTS: usize = 20_000_000;

/// Maximum total number of elements of all vectors and matrices that an objective
/// computes.
pub const MAX_ELEMENTS_TOGETHER: usize = 50_000_000;

/// A parsed formula.
///
/// It prints with the fewest parentheses that keep its meaning; parsing the printed
/// text gives an equal formula.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::objective::{Formula, Inputs, Objective};
///
/// let formula = Formula::parse("((1 - x)^2) + 100*(y - x**2)^2").expect("well formed");
/// let names: Vec<&str> = formula.names().map(|(name, _)| name).collect();
/// assert_eq!(names, ["x", "y", "x"]);
/// assert_eq!(formula.to_string(), "(1 - x)^2 + 100*(y - x^2)^2");
///
/// let mistake = &Formula::parse("2*sinn(x)").unwrap_err()[0];
/// assert_eq!(mistake.message, "unknown function `sinn`");
/// assert_eq!(mistake.span, Some(2..6));
/// ```
#[derive(Clone, Debug)]
pub struct Formula {
    text: Arc<str>,
    /// Sub-formulas before those that use them; the last one is the whole.
    parts: Vec<Part>,
}

/// An operation of a formula and its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operation<'f> {
    /// As it is written: a function's name, or an operator.
    pub(super) name: &'f str,
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
    /// The number of lines of the text.
    pub(super) lines: usize,
}

/// The number of a sub-formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartId(usize);

#[derive(Clone, Debug)]
struct Part {
    kind: PartKind,
    span: Span,
    /// With the parentheses around it.
    outer: Span,
    is_condition: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum PartKind {
    Number(Number),
    Name(String),
    Negative(PartId),
    Not(PartId),
    Binary(Operator, PartId, PartId),
    /// A function with its arguments and its axis.
    Call(&'static Function, Vec<PartId>, Option<usize>),
    /// `[a, b]`; a matrix is a list of lists.
    List(Vec<PartId>),
    /// One index or slice for each axis, as far as they are given.
    Index(PartId, Vec<Index>),
}

/// What stands between the brackets behind an array, for one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Index {
    At(PartId),
    /// `start:stop:step`.
    Slice([Option<PartId>; 3]),
}

impl Formula {
    /// Parses a formula.
    ///
    /// # Errors
    ///
    /// All errors, with positions relative to the start of `text`. Parsing stops at a
    /// syntax error; unknown functions and wrong numbers of arguments are all reported.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        parser::parse(text)
    }

    /// The names of variables, constants, definitions and data in order of appearance,
    /// with repetitions; not those of functions.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Span)> {
        self.parts.iter().filter_map(|part| match &part.kind {
            PartKind::Name(name) => Some((name.as_str(), &part.span)),
            _ => None,
        })
    }

    /// The names passed to `one_hot`, each with the number of classes and the span of the
    /// name.
    pub(in crate::objective) fn one_hots<'f>(
        &'f self,
        shaped: &'f FormulaTypes,
    ) -> impl Iterator<Item = (&'f str, usize, &'f Span)> {
        let parts = self.parts.iter().zip(&shaped.parts);
        parts.filter_map(|(part, found)| {
            let (PartKind::Call(_, arguments, _), Detail::Classes(classes)) =
                (&part.kind, &found.detail)
            else {
                return None;
            };
            let PartId(column) = arguments.first()?;
            match &self.parts[*column].kind {
                PartKind::Name(name) => Some((name.as_str(), *classes, &self.parts[*column].span)),
                _ => None,
            }
        })
    }

    /// The number of labels that [`Formula::record`] uses.
    pub(super) fn labels(&self) -> u32 {
        u32::try_from(self.parts.len()).unwrap_or(u32::MAX)
    }

    /// The operation of a sub-formula; `None` if that does not exist or has no text.
    pub(super) fn operation(&self, place: usize) -> Option<Operation<'_>> {
        let part = self.parts.get(place)?;
        let outer = |id: &PartId| self.parts[id.0].outer.clone();
        let span = match &part.kind {
            // The operator stands between its operands.
            PartKind::Binary(_, x, y) => outer(x).end..outer(y).start,
            PartKind::Call(function, ..) => part.span.start..part.span.start + function.name.len(),
            _ => part.span.clone(),
        };
        // A formula that was built has no text.
        let text = self
            .text
            .get(span.clone())
            .filter(|text| !text.is_empty())?;
        let start = span.start + (text.len() - text.trim_start().len());
        let before = &self.text[..start];
        Some(Operation {
            name: text.trim(),
            line: 1 + before.matches('\n').count(),
            column: 1 + before
                .rsplit('\n')
                .next()
                .map_or(0, |line| line.chars().count()),
            lines: 1 + self.text.trim_end().matches('\n').count(),
        })
    }

    /// The number of numbers, names, operators and functions; parentheses and commas
    /// do not count.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parts.len()
    }

    /// The span of the whole formula in its text.
    pub(super) fn span(&self) -> Span {
        self.parts[self.root().0].span.clone()
    }

    /// An empty formula, to be built part by part.
    pub(super) fn builder() -> Self {
        Formula {
            text: Arc::from(""),
            parts: Vec::new(),
        }
    }

    /// Adds a sub-formula, which is the whole until there is another one.
    pub(super) fn add(&mut self, kind: PartKind) -> PartId {
        let is_condition = match &kind {
            PartKind::Not(_) => true,
            PartKind::Binary(operator, ..) => operator.is_logic() || operator.is_comparison(),
            PartKind::Index(of, _) => self.parts[of.0].is_condition,
            _ => false,
        };
        self.parts.push(Part {
            kind,
            span: 0..0,
            outer: 0..0,
            is_condition,
        });
        PartId(self.parts.len() - 1)
    }

    fn root(&self) -> PartId {
        PartId(self.parts.len() - 1)
    }
}

/// Whether both have the same sub-formulas, however they were written.
impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        let kinds = |formula: &Self| formula.parts.len();
        kinds(self) == kinds(other)
            && self
                .parts
                .iter()
                .zip(&other.parts)
                .all(|(one, other)| one.kind == other.kind)
    }
}

fn named_number(name: &str) -> Option<Number> {
    let found = CONSTANTS.iter().find(|(constant, _)| *constant == name);
    found.map(|(_, value)| Number::from(*value))
}

/// Whether a name is reserved in every formula: that of a function, a named constant,
/// or `and`, `or` and `not`.
#[must_use]
pub fn is_reserved_name(name: &str) -> bool {
    Function::named(name).is_some()
        || CONSTANTS.iter().any(|(constant, _)| *constant == name)
        || WORDS.contains(&name)
}
