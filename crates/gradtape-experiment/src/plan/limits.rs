//! The size limits of an experiment.
//!
//! Every size is known before anything is computed, so a file that asks for more than a
//! machine can do is rejected with the number and the limit, before memory or patience
//! run out.

use std::fmt::Write as _;

use super::derivatives::{MAX_COLUMNS, MAX_POINTS, MAX_VALUES};
use crate::data::{MAX_CELLS, MAX_FILE_LENGTH};
use crate::number::{MAX_INTEGER, grouped};
use crate::objective::{
    MAX_DEPTH, MAX_ELEMENTS as ARRAY_ELEMENTS, MAX_ELEMENTS_TOGETHER, MAX_ROTATION, MAX_SIZE,
};
use crate::spec::MAX_LENGTH;

pub use crate::spec::{MAX_LISTED, MAX_VARIABLES};

/// Maximum number of runs of a plan.
pub const MAX_RUNS: u64 = 10_000_000;

/// Maximum number of updates of a run.
pub const MAX_EPOCHS: u64 = MAX_INTEGER;

/// Maximum number of updates of all runs of a plan together, if none ends early: they are
/// counted in 64 bits.
pub const MAX_RUN_EPOCHS: u128 = 9_000_000_000_000_000_000;

/// Maximum number of rows of the trajectories of a plan, if no run ends early; as text
/// they are some hundred gigabytes.
pub const MAX_ROWS: u128 = 10_000_000_000;

/// Maximum number of operations of one epoch of an objective: the value, the gradient and
/// the update. With a number for each operation of each of 64 runs, which are computed
/// together, that is half a gigabyte per thread at worst.
pub const MAX_OPERATIONS: usize = 1_000_000;

/// Maximum number of operations on numbers of one epoch of an objective of arrays:
/// seconds, after which an interruption is seen.
pub const MAX_ARRAY_OPERATIONS: u64 = 10_000_000_000;

/// Maximum number of elements of all arrays of one epoch of an objective of arrays,
/// including intermediate ones: some hundred megabytes per thread.
pub const MAX_ELEMENTS: u64 = 100_000_000;

/// Maximum number of parameters for a method with dense matrices: a step costs the cube of
/// their number, about a second.
pub const MAX_DENSE: usize = 1_000;

/// Maximum number of operations, element by element, of a loss whose squares must be found.
pub const MAX_SQUARES: usize = 100_000;

/// Maximum number of derivatives of all squares of a loss.
pub const MAX_JACOBIAN: usize = 1_000_000;

/// Maximum number of `[[objective]]` tables of a file, and of `[[optimizer]]` tables.
pub const MAX_OBJECTIVES: usize = 1_000;

/// Maximum number of `[[chart]]` tables of a file.
pub const MAX_CHARTS: usize = 100;

/// Maximum number of `[[expect]]` tables of a file.
pub const MAX_EXPECTATIONS: usize = 10_000;

/// Maximum number of `[[derivative]]` tables of a file.
pub const MAX_DERIVATIVES: usize = 1_000;

/// The limits as a chapter of Markdown.
#[must_use]
pub fn limits() -> String {
    let limits: &[(&str, u128)] = &[
        ("bytes of an experiment file", u128::from(MAX_LENGTH)),
        ("runs of a file", u128::from(MAX_RUNS)),
        ("epochs of a run", u128::from(MAX_EPOCHS)),
        ("epochs of all runs together", MAX_RUN_EPOCHS),
        ("rows of `trajectories.csv`, if no run ends early", MAX_ROWS),
        (
            "recorded epochs that are not evenly spaced, for all values of `epochs` together",
            u128::from(MAX_LISTED),
        ),
        (
            "`[[objective]]` tables, and as many `[[optimizer]]` tables",
            MAX_OBJECTIVES as u128,
        ),
        ("`[[chart]]` tables", MAX_CHARTS as u128),
        ("`[[expect]]` tables", MAX_EXPECTATIONS as u128),
        ("`[[derivative]]` tables", MAX_DERIVATIVES as u128),
        (
            "distinct parameters (variables or their elements) and constants of all objectives, \
             also of one derivative",
            MAX_VARIABLES as u128,
        ),
        (
            "numbers, names and symbols of one formula text",
            MAX_SIZE as u128,
        ),
        ("nesting levels of a formula", MAX_DEPTH as u128),
        ("elements of an array of a formula", ARRAY_ELEMENTS as u128),
        (
            "elements of all arrays of a formula and its definitions together",
            MAX_ELEMENTS_TOGETHER as u128,
        ),
        ("variables of a rotated function", MAX_ROTATION as u128),
        ("bytes of a data file", u128::from(MAX_FILE_LENGTH)),
        ("used cells of a data file", MAX_CELLS as u128),
        (
            "operations of an epoch of numbers (value, gradient and update), also of a table of \
             derivatives",
            MAX_OPERATIONS as u128,
        ),
        (
            "operations of an epoch of arrays, counted for each element",
            u128::from(MAX_ARRAY_OPERATIONS),
        ),
        (
            "numbers in all arrays of an epoch together",
            u128::from(MAX_ELEMENTS),
        ),
        (
            "variables of `newton` and `levenberg_marquardt`, whose matrices are dense",
            MAX_DENSE as u128,
        ),
        (
            "operations of a loss of arrays for `levenberg_marquardt`",
            MAX_SQUARES as u128,
        ),
        (
            "derivatives of all squares of a loss for `levenberg_marquardt`",
            MAX_JACOBIAN as u128,
        ),
        ("points of a derivative", u128::from(MAX_POINTS)),
        ("columns of a derivative", u128::from(MAX_COLUMNS)),
        ("values of all derivatives", u128::from(MAX_VALUES)),
    ];
    let mut text = "\
## Limits

A file that exceeds a limit is rejected before anything runs, with the number and the limit.

| at most | |
|---:|---|
"
    .to_owned();
    for (what, greatest) in limits {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {what} |", grouped(*greatest));
    }
    text
}
