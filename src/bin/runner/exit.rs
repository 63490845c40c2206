//! The exit codes of the command, as its help documents them.

use gradtape_report::remove_unfinished;

/// How the command ends. Of several files together the last in this order decides: invalid
/// input takes precedence, then files that could not be read or written, then failed checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Success,
    /// A check failed.
    CheckFailed,
    /// A file could not be read or written, or the system refuses something else.
    Refused,
    /// The command line or an experiment file is wrong.
    Invalid,
    Interrupted,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::CheckFailed => 1,
            Exit::Invalid => 2,
            Exit::Refused => 3,
            Exit::Interrupted => 130,
        }
    }

    /// The exit code of several files together.
    pub fn of_all(files: impl IntoIterator<Item = Exit>) -> Exit {
        files.into_iter().max().unwrap_or(Exit::Success)
    }

    /// Ends the process at once, wherever it is, and leaves no unfinished report.
    pub fn end(self, print: impl FnOnce()) -> ! {
        remove_unfinished();
        print();
        std::process::exit(self.code().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides() {
        use Exit::{CheckFailed, Invalid, Refused, Success};
        assert_eq!(Exit::of_all([]), Success);
        assert_eq!(Exit::of_all([Success, CheckFailed, Success]), CheckFailed);
        assert_eq!(Exit::of_all([CheckFailed, Refused, Success]), Refused);
        assert_eq!(Exit::of_all([Refused, Invalid, CheckFailed]), Invalid);
    }
}
