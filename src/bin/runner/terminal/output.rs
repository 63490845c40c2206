//! Standard output and standard error: results to the one, messages to the
//! other. Nothing else in the command prints.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

pub use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

use gradtape_experiment::mistake::Code;

use super::escape::escape;
use crate::exit::Exit;

/// What stands out as wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What stands out as right.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What deserves a second look.
pub const NOTABLE: Style = AnsiColor::Yellow.on_default();
/// Details.
pub const FAINT: Style = Style::new().dimmed();
/// The head of a table, a name.
pub const STRONG: Style = Style::new().bold();

/// Sets the colours of the whole process. By default they depend on `NO_COLOR` and on whether
/// the streams are terminals.
pub fn choose_colours(choice: ColorChoice) {
    choice.write_global();
}

/// Whether results are printed with colours.
pub fn has_colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Whether standard output is a pipe whose reader has ended.
static HAS_LOST_READER: AtomicBool = AtomicBool::new(false);

/// Whether results can still be read.
pub fn has_reader() -> bool {
    !HAS_LOST_READER.load(Ordering::Relaxed)
}

/// Prints results, whole lines. A reader that ends early, such as `head`, is not an error, and
/// does not stop the work: reports and exit codes are the same without it. Any other failure
/// ends the process.
pub fn results(text: &str) {
    print(&escape(text));
}

/// Prints a workflow command of GitHub Actions. No other line begins with two colons.
pub fn workflow_command(command: &str) {
    print(&format!("::{}\n", escape(command)));
}

fn print(text: &str) {
    if !has_reader() {
        return;
    }
    let mut stream = anstream::stdout().lock();
    let written = stream.write_all(text.as_bytes());
    match written.and_then(|()| stream.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            HAS_LOST_READER.store(true, Ordering::Relaxed);
        }
        Err(failure) => Exit::Refused.end(|| {
            error(&format!("failed to write to standard output: {failure}"));
        }),
    }
}

/// Whether results go to a terminal.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Clears the screen, if results go to one.
pub fn clear() {
    if is_terminal() {
        // The screen and its history, and the cursor to the corner.
        print("\x1b[2J\x1b[3J\x1b[H");
    }
}

/// Prints a message, whole lines.
pub fn message(text: &str) {
    let mut stream = anstream::stderr().lock();
    // There is nowhere left to report that standard error is gone.
    let _ = stream.write_all(escape(text).as_bytes());
}

/// Prints an error in one paragraph.
pub fn error(text: &str) {
    message(&format!("{BAD}error{BAD:#}: {text}\n"));
}

/// Prints a warning, after which the command continues.
pub fn warning(text: &str) {
    message(&format!("{NOTABLE}warning{NOTABLE:#}: {text}\n"));
}

/// Prints an error that `runner explain` can explain.
pub fn coded_error(code: Code, text: &str) {
    message(&format!("{BAD}error[{code}]{BAD:#}: {text}\n"));
}
