//! Untrusted text, made safe to print to a terminal or a log.

use std::collections::HashSet;
use std::fmt::Display;

/// Whether a terminal or a log interprets the character instead of showing it: a control
/// character, a line or paragraph separator, or a text-direction mark.
#[must_use]
pub fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text on one line, with its control characters as visible escapes.
///
/// Names, labels, cells and paths may come from other people. Printed verbatim, they could
/// clear the screen, forge a line, or pose as another name.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::text::printable;
///
/// assert_eq!(printable("学習率 – α"), "学習率 – α");
/// assert_eq!(printable("a\nb\u{1b}[2J\u{202e}c"), r"a\nb\u{1b}[2J\u{202e}c");
/// ```
#[must_use]
pub fn printable(text: impl Display) -> String {
    let mut printable = String::new();
    for character in text.to_string().chars() {
        match is_control(character) {
            true => printable.extend(character.escape_debug()),
            false => printable.push(character),
        }
    }
    printable
}

/// The text if it has at most `most` characters, else its beginning and `…`.
#[must_use]
#[doc(hidden)]
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).collect::<String>() + "…"
}

/// The text in one line, with single blanks between its words.
#[must_use]
#[doc(hidden)]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The parts separated by commas, the last by a word such as `and`.
#[must_use]
#[doc(hidden)]
pub fn series(parts: &[String], word: &str) -> String {
    match parts {
        [others @ .., last] if !others.is_empty() => {
            format!("{} {word} {last}", others.join(", "))
        }
        _ => parts.concat(),
    }
}

/// The distinct names, in order.
pub(crate) fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = HashSet::new();
    names
        .filter(|name| seen.insert(*name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_a_series_follows_a_word() {
        let parts = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(series(&parts, "and"), "a, b and c");
        assert_eq!(series(&parts[..2], "or"), "a or b");
        assert_eq!(series(&parts[..1], "and"), "a");
        assert_eq!(series(&[], "and"), "");
    }

    #[test]
    fn what_a_terminal_obeys_becomes_visible() {
        for (text, wanted) in [
            ("a\tb\r\n\0", r"a\tb\r\n\0"),
            (
                "\u{7}\u{1b}\u{7f}\u{85}\u{9b}",
                r"\u{7}\u{1b}\u{7f}\u{85}\u{9b}",
            ),
            ("\u{61c}\u{200e}\u{200f}", r"\u{61c}\u{200e}\u{200f}"),
            ("\u{2028}\u{2029}", r"\u{2028}\u{2029}"),
            (
                "\u{202a}\u{202e}\u{2066}\u{2069}",
                r"\u{202a}\u{202e}\u{2066}\u{2069}",
            ),
            ("\u{200d}\u{a0}\\n 'x' \"y\"", "\u{200d}\u{a0}\\n 'x' \"y\""),
        ] {
            assert_eq!(printable(text), wanted);
        }
    }
}
