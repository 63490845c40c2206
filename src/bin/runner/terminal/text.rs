//! Text that fits the terminal.

use gradtape_experiment::text::printable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::output;

/// The maximum width of wrapped text.
const MAX_WIDTH: usize = 78;

/// The maximum width of a line of results: `COLUMNS`, or the width of the terminal; `None` if
/// results do not go to a terminal.
pub fn room() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok();
    let columns = columns.and_then(|columns| columns.parse::<usize>().ok());
    let width = || {
        let (width, _) = terminal_size::terminal_size()?;
        Some(usize::from(width.0))
    };
    columns
        .or_else(|| output::is_terminal().then(width).flatten())
        .filter(|columns| *columns > 0)
}

/// The text wrapped at blanks, the first line indented by `first` blanks, the others by
/// `others`; not wider than the terminal.
pub fn wrap(text: &str, first: usize, others: usize) -> String {
    let most = room().map_or(MAX_WIDTH, |room| room.clamp(20, MAX_WIDTH));
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

/// Maximum width of a name in a line, and of a cell of a table; longer text is cut.
pub const MAX_CELL_WIDTH: usize = 60;

/// The text as a name in a line: printable, and cut if it is long.
pub fn name(text: &str) -> String {
    fit(&printable(text), MAX_CELL_WIDTH)
}

/// The text, cut with an ellipsis if it does not fit `width` columns of the terminal.
pub fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let fits = |letter: &char| {
        let width = letter.width().unwrap_or(0);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    };
    text.chars().take_while(fits).collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_two_columns_wide_where_they_look_so() {
        assert_eq!(fit("学習率", 5), "学習…");
        assert_eq!(fit("学習率", 4), "学…");
    }
}
