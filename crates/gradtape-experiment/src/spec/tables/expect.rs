//! The tables of what `runner check` tests.

use crate::ending::{Outcome, Status};
use crate::number::Domain;
use crate::spec::format::{KeyRule, tables};

pub(super) const ULPS: &str = "Allowed difference in units in the last place (ULPs).";
pub(super) const ABS: &str = "Allowed absolute difference.";
pub(super) const REL: &str = "Allowed difference as a share of the value.";

tables! {
    /// `[[expect]]`.
    Expectation, "[[expect]]",
    "Conditions on the final values.",
    [KeyRule::MoreThan("runs")] {
        runs: Filter, optional, "Only runs matching this condition. Default: all runs.";
        status: Choice(Status::NAMES), optional, "Why the run stopped.";
        outcome: Choice(Outcome::NAMES), optional, "Outcome of the run.";
        ..bounds: Table(Bound), "a quantity",
            "A parameter, `loss`, `gradient_norm`, `gap`, `distance` (from the nearest known minimiser), `validation_loss` or `epochs_run`. The elements of a vector are tested one by one, such as `\"x[0]\"`, or all by the name of the vector.";
    }

    /// Condition on a quantity.
    Bound, "a bound",
    "Condition on a final quantity. Numbers are read in the run's precision. If \
        several tolerances are given, the loosest applies; if none is given, the value must be \
        equal.",
    [KeyRule::AnyOf(&["equals", "below", "above"]), KeyRule::Needs("a tolerance", &["abs", "rel", "ulps"], "equals")] {
        equals: OneOrMoreNumbers(Domain::Float), optional,
            "The expected value; for a vector one value for all elements, or a list with one for each.";
        ulps: Integer(Domain::Whole), optional, ULPS;
        abs: Number(Domain::Distance), optional, ABS;
        rel: Number(Domain::Distance), optional, REL;
        below: OneOrMoreNumbers(Domain::Float), optional, "The quantity must be below this.";
        above: OneOrMoreNumbers(Domain::Float), optional, "The quantity must be above this.";
    }

    /// `[check]`.
    Check, "[check]",
    "Differences from the recorded report that `runner check` allows. By default \
        values must be the same to the last bit.",
    [] {
        default: Table(Tolerance), optional,
            "Tolerance of every quantity without one; `--ulps`, `--abs` and `--rel` replace it.";
        trajectory: Boolean, optional,
            "`true` compares all recorded epochs, not only the end of each run, and reports the first that deviates, like `--trajectory`. Default: `false`.";
        ..quantities: Table(Tolerance), "a quantity",
            "A final quantity as in `[[expect]]`, a vector by its name, or a column of a derivative, such as `loss = { rel = 1e-9 }`.";
    }

    /// Allowed difference of a value.
    Tolerance, "a tolerance",
    "Allowed difference of a value. If several are given, the loosest applies; if none is given, the value must be the same.",
    [] {
        ulps: Integer(Domain::Whole), optional, ULPS;
        abs: Number(Domain::Distance), optional, ABS;
        rel: Number(Domain::Distance), optional, REL;
    }
}
