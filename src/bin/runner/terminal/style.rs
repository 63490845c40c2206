//! The styles of results and messages.

use std::io;

use anstream::AutoStream;
pub use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

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
pub fn choose_colours(choice: ColorChoice) {
    choice.write_global();
}

/// Whether results are printed with colours.
pub fn has_colours() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}
