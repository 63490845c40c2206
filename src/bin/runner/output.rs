//! Standard output and standard error: results to the one, messages to the
//! other. Nothing else in the command prints.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use gradtape_experiment::mistake::Code;
use gradtape_experiment::number::counted;
use gradtape_experiment::plan::Plan;
use gradtape_experiment::text::printable;

use crate::args::Colours;
use crate::escape::escaped;
use crate::failure::Failure;

/// What stands out as wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What stands out as right.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What deserves a second look.
pub const NOTABLE: Style = AnsiColor::Yellow.on_default();
/// What is read only when looked for.
pub const FAINT: Style = Style::new().dimmed();
/// The head of a table, a name.
pub const STRONG: Style = Style::new().bold();

/// Sets the colours of the whole process. By default they depend on `NO_COLOR` and on whether
/// the streams are terminals.
pub fn choose_colours(colours: Colours) {
    let choice = match colours {
        Colours::Auto => ColorChoice::Auto,
        Colours::Always => ColorChoice::Always,
        Colours::Never => ColorChoice::Never,
    };
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
    print(&escaped(text));
}

/// Prints a workflow command of GitHub Actions. No other line begins with two colons.
pub fn workflow_command(command: &str) {
    print(&format!("::{}\n", escaped(command)));
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
        Err(error) => Failure::System(format!("failed to write to standard output: {error}")).end(),
    }
}

/// Whether results go to a terminal.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Clears the screen, if results go to one.
pub fn clear() {
    if is_terminal() {
        // All that is seen, what has scrolled away, and the cursor to the corner.
        print("\x1b[2J\x1b[3J\x1b[H");
    }
}

/// Prints a message, whole lines.
pub fn message(text: &str) {
    let mut stream = anstream::stderr().lock();
    // There is nowhere left to report that standard error is gone.
    let _ = stream.write_all(escaped(text).as_bytes());
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

/// The number of runs or derivatives of an experiment, or both.
pub fn contents(plan: &Plan, runs: u128) -> String {
    let derivatives = plan.derivatives.len() as u128;
    match (plan.runs(), derivatives) {
        (_, 0) => counted(runs, "run"),
        (0, _) => counted(derivatives, "derivative"),
        _ => format!(
            "{}, {}",
            counted(runs, "run"),
            counted(derivatives, "derivative")
        ),
    }
}

/// How each text column of the data files was read, a line each.
pub fn classes(plan: &Plan) -> String {
    /// More names than this are in `report.json`, not on the terminal.
    const NAMES: usize = 5;
    let lines = plan.classes().into_iter().map(|(file, classes)| {
        let text = format!("{file}, {}", classes.with_names(NAMES));
        let text = wrapped(&printable(text), 2, 4);
        format!("{FAINT}{text}{FAINT:#}")
    });
    lines.collect()
}

/// The maximum width of wrapped text.
const WIDTH: usize = 78;

/// The maximum width of a line of results: `COLUMNS`, or the width of the terminal; `None` if
/// results do not go to a terminal.
pub fn room() -> Option<usize> {
    let written = std::env::var("COLUMNS").ok();
    let written = written.and_then(|columns| columns.parse::<usize>().ok());
    let seen = || {
        let (width, _) = terminal_size::terminal_size()?;
        Some(usize::from(width.0))
    };
    written
        .or_else(|| is_terminal().then(seen).flatten())
        .filter(|columns| *columns > 0)
}

/// The text wrapped at blanks, the first line indented by `first` blanks, the others by
/// `others`; not wider than the terminal.
pub fn wrapped(text: &str, first: usize, others: usize) -> String {
    let most = room().map_or(WIDTH, |room| room.clamp(20, WIDTH));
    let mut lines = String::new();
    let mut line = " ".repeat(first);
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.width() + 1 + word.width() > most {
            lines.push_str(&line);
            lines.push('\n');
            line = " ".repeat(others);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines + &line + "\n"
}
