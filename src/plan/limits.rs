//! How large an experiment may be.
//!
//! Every size is known before anything is computed, so a file that asks for more
//! than a machine can do is told so with the number and the limit, not by memory
//! or patience that ends.

use std::fmt::Write as _;

use super::derivatives::{GREATEST_COLUMNS, GREATEST_POINTS, GREATEST_VALUES};
use crate::data::{GREATEST_CELLS, GREATEST_FILE};
use crate::number::{GREATEST_WHOLE, grouped};
use crate::objective::{
    GREATEST_DEPTH, GREATEST_ELEMENTS as ARRAY_ELEMENTS, GREATEST_ELEMENTS_TOGETHER,
    GREATEST_ROTATION, GREATEST_SIZE,
};
use crate::spec::GREATEST_LENGTH;

pub use crate::spec::{GREATEST_LISTED, GREATEST_VARIABLES};

/// A plan has at most so many runs.
pub const GREATEST_RUNS: u64 = 10_000_000;

/// A run makes at most so many updates.
pub const GREATEST_EPOCHS: u64 = GREATEST_WHOLE;

/// All runs of a plan make at most so many updates together, if none ends early: they
/// are counted in 64 bits.
pub const GREATEST_RUN_EPOCHS: u128 = 9_000_000_000_000_000_000;

/// The trajectories of a plan have at most so many rows, if no run ends early;
/// as text they are some hundred gigabytes.
pub const GREATEST_ROWS: u128 = 10_000_000_000;

/// One epoch of an objective is at most so many operations: the value, the
/// gradient and the update. With a number for each operation of each of 64 runs,
/// which are computed together, that is half a gigabyte a thread at worst.
pub const GREATEST_OPERATIONS: usize = 1_000_000;

/// One epoch of an objective of arrays is at most so many operations on numbers:
/// seconds, after which an interruption is seen.
pub const GREATEST_ARRAY_OPERATIONS: u64 = 10_000_000_000;

/// The arrays of such an epoch, those on the way included, have at most so many numbers
/// together: some hundred megabytes for each thread.
pub const GREATEST_ELEMENTS: u64 = 100_000_000;

/// A search with dense matrices takes at most so many parameters: a step costs the cube of
/// their number, about a second.
pub const GREATEST_DENSE: usize = 1_000;

/// A loss whose squares are to be found is at most so many operations, element by element.
pub const GREATEST_SQUARES: usize = 100_000;

/// The squares of a loss have at most so many derivatives together.
pub const GREATEST_JACOBIAN: usize = 1_000_000;

/// A file has at most so many `[[objective]]`, and as many `[[optimizer]]`.
pub const GREATEST_OBJECTIVES: usize = 1_000;

/// A file has at most so many `[[chart]]`.
pub const GREATEST_CHARTS: usize = 100;

/// A file has at most so many `[[expect]]`.
pub const GREATEST_EXPECTATIONS: usize = 10_000;

/// A file has at most so many `[[derivative]]`.
pub const GREATEST_DERIVATIVES: usize = 1_000;

/// The limits as a chapter of Markdown.
#[must_use]
pub fn limits() -> String {
    let limits: &[(&str, u128)] = &[
        ("bytes of an experiment file", u128::from(GREATEST_LENGTH)),
        ("runs of a file", u128::from(GREATEST_RUNS)),
        ("epochs of a run", u128::from(GREATEST_EPOCHS)),
        ("epochs of all runs together", GREATEST_RUN_EPOCHS),
        (
            "rows of `trajectories.csv`, if no run ends early",
            GREATEST_ROWS,
        ),
        (
            "recorded epochs that are not evenly spaced, for all different `epochs` together",
            u128::from(GREATEST_LISTED),
        ),
        (
            "`[[objective]]`, and as many `[[optimizer]]`",
            GREATEST_OBJECTIVES as u128,
        ),
        ("`[[chart]]`", GREATEST_CHARTS as u128),
        ("`[[expect]]`", GREATEST_EXPECTATIONS as u128),
        ("`[[derivative]]`", GREATEST_DERIVATIVES as u128),
        (
            "different parameters (variables or their elements) and constants of all objectives; the same of one derivative",
            GREATEST_VARIABLES as u128,
        ),
        (
            "numbers, names and operators of a text of a formula",
            GREATEST_SIZE as u128,
        ),
        ("levels that a formula is nested", GREATEST_DEPTH as u128),
        ("elements of an array of a formula", ARRAY_ELEMENTS as u128),
        (
            "elements of all arrays of a formula and its definitions together",
            GREATEST_ELEMENTS_TOGETHER as u128,
        ),
        ("variables of a rotated function", GREATEST_ROTATION as u128),
        ("bytes of a data file", u128::from(GREATEST_FILE)),
        ("cells of a data file that are used", GREATEST_CELLS as u128),
        (
            "operations of an epoch of numbers: value, gradient and update; the same of a derivative's table",
            GREATEST_OPERATIONS as u128,
        ),
        (
            "operations of an epoch of arrays: each element of each step",
            u128::from(GREATEST_ARRAY_OPERATIONS),
        ),
        (
            "numbers in all arrays of an epoch together",
            u128::from(GREATEST_ELEMENTS),
        ),
        (
            "variables of `newton` and `levenberg_marquardt`, whose matrices are dense",
            GREATEST_DENSE as u128,
        ),
        (
            "operations of a loss of arrays for `levenberg_marquardt`",
            GREATEST_SQUARES as u128,
        ),
        (
            "derivatives of all squares of a loss for `levenberg_marquardt`",
            GREATEST_JACOBIAN as u128,
        ),
        ("points of a derivative", u128::from(GREATEST_POINTS)),
        ("columns of a derivative", u128::from(GREATEST_COLUMNS)),
        ("values of all derivatives", u128::from(GREATEST_VALUES)),
    ];
    let mut text = "\
## Limits

A file beyond one of these is a mistake, told with the number and the limit before anything is computed.

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
