//! The outcomes of the files of a check.

use std::path::PathBuf;

use gradtape_experiment::number::{counted, grouped};
use gradtape_experiment::text::printable;

use super::verdict::Verdict;
use crate::args::Check;
use crate::failure::{CHECK_FAILED, Failure, REFUSED};
use crate::output::{BAD, FAINT, GOOD, STRONG};
use crate::source::Experiment;

/// An experiment file and its outcome.
pub struct Outcome {
    /// The file as the command line names it.
    pub path: PathBuf,
    /// Its name without directory.
    pub file: String,
    /// Its state.
    pub kind: Kind,
}

/// The state of an experiment file.
pub enum Kind {
    /// It is still to be checked.
    Waiting(Experiment),
    /// It was checked.
    Checked(Experiment, Verdict),
    /// It is invalid, or its report could not be read or written.
    Failed(Failure),
    /// It was skipped, as an earlier check failed.
    Skipped,
}

impl Outcome {
    pub fn new(path: PathBuf, kind: Kind) -> Self {
        let name = path.file_name();
        let name = name.map(|name| name.to_string_lossy().into_owned());
        Outcome {
            file: name.unwrap_or_else(|| path.display().to_string()),
            path,
            kind,
        }
    }

    /// The experiment, if it is still to be checked.
    pub fn waiting(&self) -> Option<&Experiment> {
        match &self.kind {
            Kind::Waiting(experiment) => Some(experiment),
            _ => None,
        }
    }

    /// Leaves it unchecked.
    pub fn skip(&mut self) {
        if let Kind::Waiting(_) = self.kind {
            self.kind = Kind::Skipped;
        }
    }

    /// Checks it if it is waiting. Only an interruption is an error here.
    pub fn settle(
        &mut self,
        check: impl FnOnce(&Experiment) -> Result<Verdict, Failure>,
    ) -> Result<(), Failure> {
        self.kind = match std::mem::replace(&mut self.kind, Kind::Skipped) {
            Kind::Waiting(experiment) => match check(&experiment) {
                Ok(verdict) => Kind::Checked(experiment, verdict),
                Err(failure) if failure.is_interruption() => return Err(failure),
                Err(failure) => Kind::Failed(failure),
            },
            kind => kind,
        };
        Ok(())
    }

    /// The exit code that this file alone would lead to.
    pub fn code(&self) -> u8 {
        match &self.kind {
            Kind::Checked(_, verdict) if verdict.is_failed() => CHECK_FAILED,
            Kind::Failed(failure) => failure.code(),
            Kind::Checked(..) | Kind::Skipped | Kind::Waiting(_) => 0,
        }
    }

    /// The outcome as lines of text.
    pub fn render(&self, options: &Check) -> String {
        match &self.kind {
            Kind::Checked(experiment, verdict) => verdict.render(experiment, options),
            _ => self.word().line(&self.file, ""),
        }
    }

    /// The outcome in one word.
    pub fn word(&self) -> Word {
        match &self.kind {
            Kind::Checked(_, verdict) => verdict.word(),
            Kind::Failed(failure) if failure.code() == REFUSED => Word::Refused,
            Kind::Failed(_) => Word::Wrong,
            Kind::Skipped | Kind::Waiting(_) => Word::Skipped,
        }
    }
}

/// An outcome in one word.
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
    Wrong,
    /// The file or its report could not be read or written.
    Refused,
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
            Word::Wrong => "invalid",
            Word::Refused => "error",
        }
    }

    /// A line of text with the outcome, the file and its contents.
    pub fn line(self, file: &str, contents: &str) -> String {
        let (word, colour) = match self {
            Word::Failed | Word::Unrecorded => ("failed", BAD),
            Word::Wrong | Word::Refused => (self.name(), BAD),
            Word::Ok | Word::New | Word::Updated => (self.name(), GOOD),
            Word::Skipped => (self.name(), FAINT),
        };
        let contents = match contents {
            "" => String::new(),
            contents => format!("  {FAINT}{contents}{FAINT:#}"),
        };
        format!(
            "{colour}{word:7}{colour:#} {STRONG}{}{STRONG:#}{contents}\n",
            printable(file)
        )
    }
}

/// The number of failed files, if there are any.
pub fn summary(outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|one| one.code() != 0).count();
    if failed == 0 {
        return String::new();
    }
    let all = counted(outcomes.len(), "experiment");
    let failed = grouped(failed as u128);
    format!("{BAD}{failed} of {all} failed{BAD:#}\n")
}
