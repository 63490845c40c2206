//! What can go wrong with the files of a report.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use super::folder::MAX_WAIT;
use crate::batch::Cancelled;
use crate::text::printable;

/// A report could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file could not be written.
    #[error("failed to write {}: {source}", printable(path.display()))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("failed to read {}: {source}", printable(path.display()))]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what a report contains.
    #[error("failed to read {}: {what}", printable(path.display()))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line where there is one.
        what: String,
    },
    /// The folder of the report holds something else.
    #[error(
        "{} exists and is not a report: choose another folder with --out, or rename the experiment file",
        printable(path.display())
    )]
    NotAReport {
        /// The folder.
        path: PathBuf,
    },
    /// Something in the folder of the report is in the way of a new one.
    #[error(
        "{} {why}: move it elsewhere, or choose another folder with --out",
        printable(path.display())
    )]
    Immovable {
        /// What is in the way.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// Another process writes the report.
    #[error(
        "{} is being written by {}: it had not finished after {} s; run again when it has, or \
         delete {} if it has ended",
        printable(path.display()), printable(holder), MAX_WAIT.as_secs(), printable(lock.display())
    )]
    Busy {
        /// The folder of the report.
        path: PathBuf,
        /// Which process.
        holder: String,
        /// The file that it holds.
        lock: PathBuf,
    },
    /// A chart could not be drawn.
    #[error("failed to draw {}: {what}", printable(chart))]
    Draw {
        /// The chart's file name.
        chart: String,
        /// What the drawing library said.
        what: String,
    },
    /// The batch was interrupted.
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
