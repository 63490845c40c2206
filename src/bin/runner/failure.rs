//! Everything that ends the command otherwise than well, and its exit code.

use std::process::ExitCode;

use gradtape::mistake::Mistakes;
use gradtape::report::ReportError;
use gradtape::spec::LoadError;

use crate::output;

/// Why the command does not end with exit code 0.
#[derive(Debug)]
pub enum Failure {
    /// A check failed; what deviates was printed.
    CheckFailed,
    /// Experiment files are wrong.
    Experiments(Vec<WrongExperiment>),
    /// The command line asks for what the experiments do not have.
    Usage(String),
    /// A report could not be read or written, or the batch was interrupted.
    Report(ReportError),
}

/// An experiment file that cannot be used.
#[derive(Debug)]
pub enum WrongExperiment {
    /// It could not be read.
    Load(LoadError),
    /// It has mistakes.
    Mistakes(Mistakes),
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Failure::Report(error)
    }
}

impl Failure {
    /// Prints it to standard error.
    pub fn print(&self) {
        match self {
            Failure::CheckFailed => {}
            Failure::Experiments(wrong) => {
                for experiment in wrong {
                    match experiment {
                        WrongExperiment::Load(error) => output::error(&error.to_string()),
                        WrongExperiment::Mistakes(mistakes) => {
                            output::message(&mistakes.render(true));
                        }
                    }
                }
            }
            Failure::Usage(message) => output::error(message),
            Failure::Report(error) => output::error(&error.to_string()),
        }
    }

    /// The exit code, as the help documents it.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// The same as a number.
    pub fn code(&self) -> u8 {
        match self {
            Failure::CheckFailed => 1,
            Failure::Usage(_) => 2,
            Failure::Experiments(wrong) => {
                let refused = |one: &WrongExperiment| {
                    matches!(one, WrongExperiment::Load(LoadError::Refused { .. }))
                };
                if wrong.iter().all(refused) { 3 } else { 2 }
            }
            Failure::Report(ReportError::Cancelled(_)) => 130,
            Failure::Report(_) => 3,
        }
    }
}
