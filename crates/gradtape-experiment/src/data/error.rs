//! Errors of data files.

use std::io;

use super::notation;
use crate::number::{counted, grouped};

/// Maximum length of a data file in bytes: 64 MiB.
pub const MAX_FILE_LENGTH: u64 = 64 << 20;

/// Maximum number of cells of a data file, not counting its header, and of the data taken
/// from it.
pub const MAX_CELLS: usize = 20_000_000;

/// An error of a data file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file does not exist.
    #[error("there is no file `{file}`")]
    Missing {
        /// The file as given.
        file: String,
        /// A file in the same directory with a similar name.
        similar: Option<String>,
    },
    /// It is a directory or a device.
    #[error("`{file}` is {what}, not a file")]
    NotAFile {
        /// The file.
        file: String,
        /// What it is instead.
        what: &'static str,
    },
    /// The operating system refused to read it.
    #[error("failed to read `{file}`: {source}")]
    Refused {
        /// The file.
        file: String,
        /// The reason.
        source: io::Error,
    },
    /// It is too long.
    #[error(
        "`{file}` is longer than {} bytes",
        grouped(u128::from(MAX_FILE_LENGTH))
    )]
    TooLong {
        /// The file.
        file: String,
    },
    /// It has too many cells.
    #[error("`{file}` has more than {} cells", grouped(MAX_CELLS as u128))]
    TooManyCells {
        /// The file.
        file: String,
    },
    /// It is not UTF-8.
    #[error("line {line} of `{file}` is not UTF-8")]
    NotUtf8 {
        /// The file.
        file: String,
        /// The first line that is not UTF-8, from 1.
        line: usize,
    },
    /// It contains only blanks.
    #[error("`{file}` is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// It contains only a header.
    #[error("`{file}` has a header but no rows")]
    NoRows {
        /// The file.
        file: String,
    },
    /// Two columns have the same name.
    #[error("`{file}` has two columns `{name}`, number {first} and number {second}")]
    RepeatedName {
        /// The file.
        file: String,
        /// The name.
        name: String,
        /// Number of the first column, from 1.
        first: usize,
        /// Number of the second column.
        second: usize,
    },
    /// A row has more or fewer cells than the header.
    #[error("line {line} of `{file}` has {}, its header has {}", counted(*found, "cell"), grouped(*expected as u128))]
    Ragged {
        /// The file.
        file: String,
        /// The line on which the row begins, from 1.
        line: usize,
        /// Number of cells of the row.
        found: usize,
        /// Number of cells of the header.
        expected: usize,
        /// The probable remedy.
        hint: &'static str,
    },
    /// A quote is not closed.
    #[error("the row on line {line} of `{file}` has a quote that is not closed")]
    OpenQuote {
        /// The file.
        file: String,
        /// The line on which the row begins, from 1.
        line: usize,
    },
    /// A column has a row without a value.
    #[error(
        "line {line} of `{file}` has no value in column `{column}`{}",
        written(cell)
    )]
    MissingValue {
        /// The file.
        file: String,
        /// The line on which the row begins, from 1.
        line: usize,
        /// The name of the column.
        column: String,
        /// The cell, such as `NA`.
        cell: String,
    },
    /// A number is infinite or overflows.
    #[error("line {line} of `{file}` has `{cell}` in column `{column}`, which is not finite")]
    Infinite {
        /// The file.
        file: String,
        /// The line on which the row begins, from 1.
        line: usize,
        /// The name of the column.
        column: String,
        /// The cell.
        cell: String,
    },
    /// A cell is not a number, or not in a supported notation.
    #[error("line {line} of `{file}` has `{cell}` in column `{column}`, which is not a number")]
    NotANumber {
        /// The file.
        file: String,
        /// The line on which the row begins, from 1.
        line: usize,
        /// The name of the column.
        column: String,
        /// The cell.
        cell: String,
    },
}

impl TableError {
    /// What to do; empty if the message says it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            TableError::Missing { similar, .. } => match similar {
                Some(name) => format!("did you mean `{name}`?"),
                None => "the path is relative to the directory of the experiment file".to_owned(),
            },
            TableError::TooLong { .. } | TableError::TooManyCells { .. } => {
                "keep only the rows and columns that are needed".to_owned()
            }
            TableError::NotUtf8 { .. } => "save it as CSV in UTF-8".to_owned(),
            TableError::Empty { .. } | TableError::NoRows { .. } => {
                "the first line contains the column names, each other line is a row".to_owned()
            }
            TableError::RepeatedName { .. } => "rename one of them".to_owned(),
            TableError::Ragged { hint, .. } => (*hint).to_owned(),
            TableError::MissingValue { .. } => "fill it in, or remove the row".to_owned(),
            TableError::NotANumber { cell, .. } => match notation::hint(cell) {
                Some(hint) => hint,
                None => "numbers are written as `5`, `-0.5` or `1e3`; text is read as classes \
                         if `classes` lists the column"
                    .to_owned(),
            },
            TableError::NotAFile { .. }
            | TableError::Refused { .. }
            | TableError::OpenQuote { .. }
            | TableError::Infinite { .. } => String::new(),
        }
    }
}

fn written(cell: &str) -> String {
    match cell {
        "" => String::new(),
        _ => format!(", only `{cell}`"),
    }
}
