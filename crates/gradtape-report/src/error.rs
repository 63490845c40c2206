//! Errors with the files of a report.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::MAX_WAIT;
use gradtape_experiment::batch::Cancelled;
use gradtape_experiment::text::printable;

/// A report could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file could not be written.
    #[error("failed to write {}: {source}", printable(path.display()))]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("failed to read {}: {source}", printable(path.display()))]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file is not a valid file of a report.
    #[error("failed to read {}: {what}", printable(path.display()))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The problem, with the line if there is one.
        what: String,
    },
    /// The directory of the report holds something else.
    #[error(
        "{} exists and is not a report: choose another directory with --out, or rename the \
         experiment file",
        printable(path.display())
    )]
    NotAReport {
        /// The directory.
        path: PathBuf,
    },
    /// Something in the directory of the report prevents its replacement.
    #[error(
        "{} {why}: move it elsewhere, or choose another directory with --out",
        printable(path.display())
    )]
    Immovable {
        /// The obstacle.
        path: PathBuf,
        /// Why it is one.
        why: &'static str,
    },
    /// Another process writes the report.
    #[error(
        "{} is being written by {}, which has not finished after {} s: run again when it has, or \
         delete {} if that process no longer runs",
        printable(path.display()), printable(holder), MAX_WAIT.as_secs(), printable(lock.display())
    )]
    Busy {
        /// The directory of the report.
        path: PathBuf,
        /// The other process.
        holder: String,
        /// The lock file of that process.
        lock: PathBuf,
    },
    /// A chart could not be drawn.
    #[error("failed to draw {}: {what}", printable(chart))]
    Draw {
        /// The chart's file name.
        chart: String,
        /// The message of the drawing library.
        what: String,
    },
    /// The job was interrupted.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl ReportError {
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> ReportError {
        let path = path.to_owned();
        move |source| ReportError::Write { path, source }
    }

    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> ReportError {
        let path = path.to_owned();
        move |source| ReportError::Read { path, source }
    }

    /// `what` may quote the file, and has one line.
    pub(super) fn damaged(path: &Path, what: impl Display) -> ReportError {
        ReportError::Damaged {
            path: path.to_owned(),
            what: printable(what),
        }
    }
}
