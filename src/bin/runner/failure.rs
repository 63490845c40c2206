//! The failures of the command.

use std::io;
use std::path::Path;

use gradtape_experiment::mistake::{Code, Mistakes};
use gradtape_experiment::spec::LoadError;
use gradtape_experiment::text::printable;
use gradtape_report::ReportError;

use crate::exit::Exit;
use crate::terminal::output;

/// Why the command does not end with exit code 0.
#[derive(Debug)]
pub enum Failure {
    /// Everything has been printed; only the exit code is left.
    Exit(Exit),
    /// The command line cannot be parsed. The text has styles.
    CommandLine(String),
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
            Failure::Exit(_) => {}
            Failure::CommandLine(text) => output::coded_error(Code::Usage, text),
            Failure::Experiments(wrong) => wrong.iter().for_each(WrongExperiment::print),
            Failure::Usage(message) => output::coded_error(Code::Usage, &printable(message)),
            Failure::Report(_) | Failure::System(_) => output::error(&self.text()),
        }
    }

    /// The error as plain text.
    pub fn text(&self) -> String {
        match self {
            Failure::Exit(_) => String::new(),
            Failure::Experiments(wrong) => {
                let texts: Vec<String> = wrong.iter().map(WrongExperiment::text).collect();
                texts.join("\n")
            }
            Failure::CommandLine(message) | Failure::Usage(message) | Failure::System(message) => {
                message.clone()
            }
            Failure::Report(error) => error.to_string(),
        }
    }

    /// Whether the user interrupted the command.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Failure::Report(ReportError::Cancelled(_)))
    }

    pub fn exit(&self) -> Exit {
        match self {
            Failure::Exit(exit) => *exit,
            Failure::CommandLine(_) | Failure::Usage(_) => Exit::Invalid,
            Failure::Experiments(wrong) if wrong.iter().all(WrongExperiment::is_refused) => {
                Exit::Refused
            }
            Failure::Experiments(_) => Exit::Invalid,
            Failure::Report(_) if self.is_interruption() => Exit::Interrupted,
            Failure::Report(_) | Failure::System(_) => Exit::Refused,
        }
    }

    /// The system refuses to write a file.
    pub fn of_writing(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Failure::Report(ReportError::Write { path, source })
    }
}

impl WrongExperiment {
    /// Whether the system refuses to read it, which is exit code 3, as for a report.
    fn is_refused(&self) -> bool {
        matches!(self, WrongExperiment::Load(LoadError::Refused { .. }))
    }

    fn print(&self) {
        match self {
            WrongExperiment::Mistakes(mistakes) => output::message(&mistakes.render(true)),
            _ if self.is_refused() => output::error(&self.text()),
            _ => output::coded_error(Code::File, &self.text()),
        }
    }

    fn text(&self) -> String {
        match self {
            WrongExperiment::Load(error) => error.to_string(),
            WrongExperiment::Mistakes(mistakes) => mistakes.render(false),
        }
    }
}
