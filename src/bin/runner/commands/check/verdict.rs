//! The verdicts on the files of a check.

use std::path::PathBuf;

use super::comparison::Comparison;
use crate::exit::Exit;
use crate::experiment::{Experiment, file_name};
use crate::failure::Failure;

/// An experiment file and the verdict on it.
pub struct Verdict {
    /// The file as the command line names it.
    pub path: PathBuf,
    /// Its name without directory.
    pub file: String,
    pub basis: Basis,
}

/// What a verdict stands on.
pub enum Basis {
    Comparison(Box<Experiment>, Comparison),
    /// The file is invalid, or its report could not be read or written.
    Failure(Failure),
    /// It was skipped, as an earlier check failed.
    Nothing,
}

/// A verdict in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Nothing deviates.
    Ok,
    /// Something deviates.
    Failed,
    /// There is no recorded report.
    Unrecorded,
    /// There was no recorded report; a new one was written.
    New,
    /// The recorded report was updated.
    Updated,
    /// It was not checked.
    Skipped,
    /// The file is invalid.
    Invalid,
    /// The file or its report could not be read or written.
    Refused,
}

impl Verdict {
    pub fn new(path: PathBuf, basis: Basis) -> Self {
        let file = file_name(&path);
        Verdict { path, file, basis }
    }

    pub fn word(&self) -> Word {
        match &self.basis {
            Basis::Comparison(_, comparison) if comparison.is_good() => Word::Ok,
            Basis::Comparison(_, comparison) => {
                match (comparison.is_updated(), comparison.is_unrecorded) {
                    (true, true) => Word::New,
                    (true, false) => Word::Updated,
                    (false, true) => Word::Unrecorded,
                    (false, false) => Word::Failed,
                }
            }
            Basis::Failure(failure) if failure.exit() == Exit::Refused => Word::Refused,
            Basis::Failure(_) => Word::Invalid,
            Basis::Nothing => Word::Skipped,
        }
    }

    /// The exit code that this file alone would lead to.
    pub fn exit(&self) -> Exit {
        match (&self.basis, self.word()) {
            (Basis::Failure(failure), _) => failure.exit(),
            (_, Word::Failed | Word::Unrecorded) => Exit::CheckFailed,
            _ => Exit::Success,
        }
    }

    pub fn is_failed(&self) -> bool {
        self.exit() != Exit::Success
    }
}

impl Word {
    /// The word in the stream of JSON.
    pub fn name(self) -> &'static str {
        match self {
            Word::Ok => "ok",
            Word::Failed => "failed",
            Word::Unrecorded => "unrecorded",
            Word::New => "new",
            Word::Updated => "updated",
            Word::Skipped => "skipped",
            Word::Invalid => "invalid",
            Word::Refused => "error",
        }
    }
}
