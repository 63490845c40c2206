//! The tables of the experiment file: the only description of its format. From each row come a
//! field of a struct, its reading, the JSON Schema and the documentation.

mod chart;
mod derivative;
mod expect;
mod objective;
mod optimizer;

use super::format::{FileTable, Format, KeyRule, tables};
use crate::number::{Domain, MAX_INTEGER};

pub use chart::{CHART_KINDS, Chart, Style};
pub use derivative::{Derivative, DerivativeExpectation, MAX_ORDER, PointsBound};
pub use expect::{Bound, Check, Expectation, Tolerance};
pub use objective::{Data, Draw, Minimum, Objective, Transform};
pub use optimizer::{Clip, Optimizer, Schedule};

const SCALES: &[&str] = &["linear", "log"];

/// Maximum `patience`: epochs without an improvement are counted in the precision of the
/// run, which is exact up to this number.
const MAX_PATIENCE: u64 = 1 << 24;

/// Maximum number of recorded epochs that are not evenly spaced, since these are listed in
/// memory; all different `epochs` of a plan count together.
pub const MAX_LISTED: u64 = 10_000_000;

/// Maximum number of variables and constants of all objectives of a file together, each
/// name counted once, and of one derivative.
pub const MAX_VARIABLES: usize = 10_000;

/// All tables, in the order of the documentation.
pub static FORMATS: &[&Format] = &[
    Spec::FORMAT,
    Objective::FORMAT,
    Draw::FORMAT,
    Minimum::FORMAT,
    Transform::FORMAT,
    Data::FORMAT,
    Optimizer::FORMAT,
    Schedule::FORMAT,
    Clip::FORMAT,
    RangeTable::FORMAT,
    Stop::FORMAT,
    Record::FORMAT,
    Chart::FORMAT,
    Style::FORMAT,
    Expectation::FORMAT,
    Bound::FORMAT,
    Check::FORMAT,
    Tolerance::FORMAT,
    Derivative::FORMAT,
    DerivativeExpectation::FORMAT,
    PointsBound::FORMAT,
];

/// The keys of the file that concern descents. A file that has a `[[derivative]]` and none
/// of these keys describes no descents.
pub const OF_DESCENTS: &[&str] = &[
    "epochs", "objective", "optimizer", "stop", "record", "chart", "expect",
];

tables! {
    /// The whole file.
    Spec, "the experiment",
    "An experiment file expands to every combination of its lists and ranges: \
        precision, subnormals and epochs × objective × constants × start × optimizer × its \
        settings × repetition. Runs are numbered from 0 in this order, the last factor varying \
        fastest and lists in the order of the file. A file can also have tables of derivatives, \
        with or without descents.",
    [] {
        title: Text, optional, "Title of the report. Default: the file name.";
        description: Text, optional, "Description of the experiment, shown in the report.";
        epochs: Setting(Domain::Count), for_descents,
            "Number of epochs of each run. An epoch is one update, or with `batch_size` one pass over the training rows.";
        precision: Setting(Domain::Choice(&["f64", "f32"])), optional,
            "`\"f64\"` (default) or `\"f32\"`; constants, settings and every operation are rounded to it.";
        subnormals: Setting(Domain::Choice(&["keep", "flush"])), optional,
            "`\"keep\"` (default), or `\"flush\"` to flush results below the smallest normal number to zero, as TensorFlow does.";
        zip: Groups, optional or_empty,
            "Lists among `epochs`, `precision` and `subnormals` that are paired element by element (zipped) instead of combined; they must have the same length.";
        seed: Integer(Domain::Whole), optional,
            "Seed of all random numbers of the file: starts, splits and orders of rows. Default: 0.";
        repetitions: Integer(Domain::Count), optional,
            "Number of times each combination runs, each time with new random numbers, which are the same for every optimizer. Default: 1.";
        objective: Tables(Objective), for_descents or_empty, "Functions to minimise.";
        optimizer: Tables(Optimizer), for_descents or_empty,
            "Methods that minimise the objectives, with their settings.";
        stop: Table(Stop), optional or_empty, "Rules that end a run before its last epoch.";
        record: Table(Record), optional or_empty, "Epochs and parameters to record.";
        chart: Tables(Chart), optional or_empty,
            "Charts of the report. Default: those that fit the experiment.";
        style: Table(Style), optional or_empty, "Appearance of the charts.";
        expect: Tables(Expectation), optional or_empty,
            "Conditions on the final values, tested by `runner check`.";
        check: Table(Check), optional or_empty, "Allowed differences from the recorded values.";
        derivative: Tables(Derivative), optional or_empty,
            "Values and derivatives at points, without a descent.";
    }

    /// A range of numbers.
    RangeTable, "a range",
    "Evenly spaced numbers instead of a list, such as \
        `{ from = 1e-4, to = 1.0, count = 25, scale = \"log\" }`. Both ends are included and exact.",
    [] {
        from: Number(Domain::Finite), required, "The first number.";
        to: Number(Domain::Finite), required, "The last number.";
        count: Integer(Domain::WholeBetween(2, MAX_INTEGER)), required, "Number of values.";
        scale: Choice(SCALES), optional,
            "`\"linear\"` (default) for equal differences, `\"log\"` for equal ratios.";
    }

    /// `[stop]`.
    Stop, "[stop]",
    "Rules that end a run early, tested at every epoch. Each is off by default. A \
        value that is not finite always ends a run.",
    [KeyRule::Needs("`min_delta`", &["min_delta"], "patience")] {
        loss_below: Number(Domain::Number), optional, "Converged when the loss is below this.";
        gradient_norm_below: Number(Domain::Positive), optional,
            "Converged when the Euclidean norm of the gradient is below this.";
        step_below: Number(Domain::Positive), optional,
            "Converged when the Euclidean length of the last update is below this.";
        loss_above: Number(Domain::Number), optional, "Diverged when the loss is above this.";
        gap_below: Number(Domain::Positive), optional,
            "Converged when the loss is less than this above the known minimum; no effect on an objective without one.";
        patience: Integer(Domain::WholeBetween(1, MAX_PATIENCE)), optional,
            "Converged when the loss has not improved for this many epochs.";
        min_delta: Number(Domain::NotNegative), optional,
            "With `patience`: the loss has improved if it is more than this below the last improved loss. Default: 0.";
    }

    /// `[record]`.
    Record, "[record]",
    "Contents of `trajectories.csv`. The first and the last epoch of a run are always recorded.",
    [KeyRule::Needs("`spacing`", &["spacing"], "points"), KeyRule::NotBoth("every", "points")] {
        every: Integer(Domain::WholeBetween(1, MAX_LISTED)), optional,
            "Number of epochs between recorded epochs. Default: every epoch in runs of at most 10,000 epochs, 1,000 points in longer runs.";
        points: Integer(Domain::WholeBetween(2, MAX_LISTED)), optional,
            "Number of recorded epochs, instead of `every`.";
        spacing: Choice(SCALES), optional,
            "Spacing of `points`: `\"linear\"` (default) or `\"log\"`.";
        parameters: Selection, optional,
            "Parameters that have a column. Default: all if there are at most 16, otherwise none.";
    }
}
