//! The tables of derivatives.

use super::expect::{ABS, REL, ULPS};
use crate::number::Domain;
use crate::spec::format::{KeyRule, tables};

/// Maximum order of a derivative.
pub const MAX_ORDER: u64 = 4;

tables! {
    /// `[[derivative]]`.
    Derivative, "[[derivative]]",
    "A table of a formula and its derivatives at some points: `f`, then `df/dx`, \
        `d^2f/dx^2`, `d^2f/dx dy`, … up to the order, each derivative once. Each precision and \
        each value of `subnormals` has its own rows. If exactly one variable takes several \
        values, there is a chart over it.",
    [] {
        name: Text, optional,
            "Label, from which the files `derivative_….csv`, `.png` and `.svg` are named. Default: the formula; for the files, the number of the table, from 1.";
        formula: Text, required, "The function f, such as `\"x^2 + b\"`.";
        at: Map(Setting(Domain::Finite)), required,
            "The points: for each variable a number, a list or a range. Lists and ranges must have the same length and are paired element by element; a single number applies to every point.";
        with_respect_to: Names, optional, "Variables to differentiate by. Default: all of `at`.";
        order: Integer(Domain::WholeBetween(1, MAX_ORDER)), optional,
            "Maximum order: all derivatives up to it are computed, including mixed ones. Default: 1.";
        define: Map(Text), optional or_empty,
            "Names for parts of the formula, each defined by a formula.";
        constants: Map(Number(Domain::Finite)), optional or_empty,
            "Numbers of the formula that are not variables. To vary one, add it to `at` and omit it from `with_respect_to`.";
        expect: Table(DerivativeExpectation), optional,
            "Conditions on the values, tested by `runner check`.";
    }

    /// `expect` of a derivative.
    DerivativeExpectation, "expect of a derivative",
    "Conditions on the values, such as `expect = { \"df/dx\" = { equals = [-2, 0, 2] } }`.",
    [] {
        ..bounds: Table(PointsBound), "a column",
            "`f`, `df/dx` or another derivative of the table.";
    }

    /// Condition on a column of a derivative.
    PointsBound, "a bound at points",
    "A bound for a column of a derivative: a single value applies to every point, a \
        list or range has one value for each point.",
    [KeyRule::AnyOf(&["equals", "below", "above"]), KeyRule::Needs("a tolerance", &["abs", "rel", "ulps"], "equals")] {
        equals: Setting(Domain::Float), optional, "The expected values.";
        ulps: Integer(Domain::Whole), optional, ULPS;
        abs: Number(Domain::Distance), optional, ABS;
        rel: Number(Domain::Distance), optional, REL;
        below: Setting(Domain::Float), optional, "The column must be below these.";
        above: Setting(Domain::Float), optional, "The column must be above these.";
    }
}
