//! The failures of the command, and their exit codes.

use std::process::ExitCode;

use gradtape_experiment::mistake::{Code, Mistakes};
use gradtape_experiment::spec::LoadError;
use gradtape_experiment::text::printable;
use gradtape_report::{ReportError, remove_unfinished};

use crate::output;

/// Why the command does not end with exit code 0.
#[derive(Debug)]
pub enum Failure {
    /// Everything has been printed; this is the exit code.
    Told(u8),
    /// Experiment files are wrong.
    Experiments(Vec<WrongExperiment>),
    /// The command line asks for something that the experiments do not have.
    Usage(String),
    /// A report could not be read or written, or the command was interrupted.
    Report(ReportError),
    /// The system refuses what the command needs: a thread, standard output.
    System(String),
}

/// An experiment file that cannot be used.
#[derive(Debug)]
pub enum WrongExperiment {
    /// It could not be read.
    Load(LoadError),
    /// It has errors, or the command line asks for something that it does not have.
    Mistakes(Mistakes),
}

/// A check failed.
pub const CHECK_FAILED: u8 = 1;
/// The command line or an experiment file is wrong.
const WRONG: u8 = 2;
/// A file could not be read or written, or the system refuses something else.
pub const REFUSED: u8 = 3;
/// It was interrupted.
const INTERRUPTED: u8 = 130;

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Failure::Report(error)
    }
}

impl From<WrongExperiment> for Failure {
    fn from(wrong: WrongExperiment) -> Self {
        Failure::Experiments(vec![wrong])
    }
}

impl Failure {
    /// Prints it to standard error.
    pub fn print(&self) {
        match self {
            Failure::Told(_) => {}
            Failure::Experiments(wrong) => wrong.iter().for_each(WrongExperiment::print),
            Failure::Usage(message) => output::coded_error(Code::Usage, &printable(message)),
            Failure::Report(error) => output::error(&error.to_string()),
            Failure::System(message) => output::error(message),
        }
    }

    /// Ends the process at once, wherever it is, and leaves no unfinished report.
    pub fn end(&self) -> ! {
        remove_unfinished();
        self.print();
        std::process::exit(self.code().into());
    }

    /// The error as plain text.
    pub fn text(&self) -> String {
        match self {
            Failure::Told(_) => String::new(),
            Failure::Experiments(wrong) => {
                let texts: Vec<String> = wrong.iter().map(WrongExperiment::text).collect();
                texts.join("\n")
            }
            Failure::Usage(message) | Failure::System(message) => message.clone(),
            Failure::Report(error) => error.to_string(),
        }
    }

    /// Whether the user interrupted the command.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Failure::Report(ReportError::Cancelled(_)))
    }

    /// The exit code, as the help documents it.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// The same as a number.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Told(code) => *code,
            Failure::Usage(_) => WRONG,
            Failure::Experiments(wrong) => {
                let refused = |one: &WrongExperiment| {
                    matches!(one, WrongExperiment::Load(LoadError::Refused { .. }))
                };
                if wrong.iter().all(refused) {
                    REFUSED
                } else {
                    WRONG
                }
            }
            Failure::Report(_) if self.is_interruption() => INTERRUPTED,
            Failure::Report(_) | Failure::System(_) => REFUSED,
        }
    }
}

impl WrongExperiment {
    fn print(&self) {
        match self {
            // A file that the system refuses is exit code 3, as a report would be.
            WrongExperiment::Load(error @ LoadError::Refused { .. }) => {
                output::error(&error.to_string());
            }
            WrongExperiment::Load(error) => output::coded_error(Code::File, &error.to_string()),
            WrongExperiment::Mistakes(mistakes) => output::message(&mistakes.render(true)),
        }
    }

    fn text(&self) -> String {
        match self {
            WrongExperiment::Load(error) => error.to_string(),
            WrongExperiment::Mistakes(mistakes) => mistakes.render(false),
        }
    }
}

/// The exit code of several files together: invalid input takes precedence, then files that
/// could not be read or written, then failed checks.
pub fn together(codes: impl IntoIterator<Item = u8>) -> u8 {
    let rank = |code: &u8| match *code {
        0 => 0,
        CHECK_FAILED => 1,
        REFUSED => 2,
        WRONG => 3,
        _ => 4,
    };
    codes.into_iter().max_by_key(rank).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides() {
        assert_eq!(together([]), 0);
        assert_eq!(together([0, 1, 0]), 1);
        assert_eq!(together([1, 3, 0]), 3);
        assert_eq!(together([3, 2, 1]), 2);
    }
}
