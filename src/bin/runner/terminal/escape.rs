//! The last defence before text is printed: a terminal or the log of a CI job must not obey
//! names from files of other people.
//!
//! [`printable`](gradtape_experiment::text::printable) has removed control characters where a name
//! entered a line; here they are removed where that was forgotten. Commands to logs are only
//! removed here, since they depend on the whole line:
//!
//! - GitHub Actions obeys a line that begins with `::`, after blanks, and `##[…]` anywhere;
//!   Azure Pipelines obeys `##vso[…]` anywhere, TeamCity `##teamcity[…]`.
//! - Styles are removed where output is not a terminal. GitHub and Azure compare by the rules
//!   of a language, which ignore characters without width.

use std::fmt::Write as _;

use gradtape_experiment::text::is_control;
use unicode_width::UnicodeWidthChar;

/// The text, in which only styles and line ends are obeyed. All other characters that are
/// obeyed, or complete a command, are written as in JSON, such as `\u001b`: so a line of JSON
/// keeps its meaning.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = Before::LineStart;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let harmless = match before {
            // Most text is plain, and there can be much of it.
            Before::Text => plain_length(rest),
            _ => 0,
        };
        let harmless = harmless.max(style_length(rest));
        if harmless > 0 {
            escaped.push_str(&rest[..harmless]);
            rest = &rest[harmless..];
            continue;
        }
        let is_obeyed = is_control(character) && character != '\n';
        if is_obeyed || before.completes_command(character) {
            // Writing to a string cannot fail. None of these has more than four digits.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            before = Before::Text;
        } else {
            escaped.push(character);
            before = before.then(character);
        }
        rest = &rest[character.len_utf8()..];
    }
    escaped
}

/// The length in bytes of the start of the text in which no character needs a closer look.
fn plain_length(text: &str) -> usize {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'#';
    let end = text.bytes().position(|byte| !is_plain(byte));
    end.unwrap_or(text.len())
}

/// The length in bytes of the style at the start of the text, such as `ESC[1m`; 0 without one.
fn style_length(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let end = parameters.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == ':');
    match end.strip_prefix('m') {
        Some(behind) => text.len() - behind.len(),
        None => 0,
    }
}

/// The start of a command that ends before a character.
#[derive(Clone, Copy)]
enum Before {
    /// The start of a line, with or without blanks.
    LineStart,
    /// The start of a line and a colon.
    Colon,
    /// `#`.
    Hash,
    /// `##`, with or without a word.
    Hashes,
    /// No start of a command.
    Text,
}

impl Before {
    /// Whether the character makes it a command.
    fn completes_command(self, character: char) -> bool {
        matches!(
            (self, character),
            (Before::Colon, ':') | (Before::Hashes, '[')
        )
    }

    fn then(self, character: char) -> Before {
        match (self, character) {
            (_, '\n') => Before::LineStart,
            (Before::LineStart, blank) if blank.is_whitespace() => Before::LineStart,
            (Before::LineStart, ':') => Before::Colon,
            (Before::Hash | Before::Hashes, '#') => Before::Hashes,
            (_, '#') => Before::Hash,
            (Before::Hashes, letter) if letter.is_ascii_alphabetic() => Before::Hashes,
            // The soft hyphen has a width in the table, but is ignored too.
            (before, '\u{ad}') => before,
            (before, mark) if mark.width() == Some(0) => before,
            _ => Before::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_styles_and_line_ends_is_obeyed() {
        for (text, wanted) in [
            (
                "\u{1b}[1;38:5:9mα\u{1b}[0m\n",
                "\u{1b}[1;38:5:9mα\u{1b}[0m\n",
            ),
            ("\u{1b}]0;x\u{7}\u{1b}[2J", r"\u001b]0;x\u0007\u001b[2J"),
            ("\u{1b}", r"\u001b"),
            ("a\r\tb\u{9b}\u{202e}", r"a\u000d\u0009b\u009b\u202e"),
        ] {
            assert_eq!(escape(text), wanted);
        }
    }

    #[test]
    fn no_line_is_a_command() {
        for (text, wanted) in [
            ("::error::x", r":\u003aerror::x"),
            (
                "a: b\n  \u{1b}[1m::error::x",
                "a: b\n  \u{1b}[1m:\\u003aerror::x",
            ),
            (
                "\u{2003}:\u{200b}\u{1b}[0m:x",
                "\u{2003}:\u{200b}\u{1b}[0m\\u003ax",
            ),
            ("\u{ad}::x", "\u{ad}:\\u003ax"),
            ("a ##[error]x", r"a ##\u005berror]x"),
            ("###\u{1b}[1m[x", "###\u{1b}[1m\\u005bx"),
            ("#\u{feff}#vso[x]", "#\u{feff}#vso\\u005bx]"),
            (
                "a::b :: #[x] ## [x] ##1[x]\n: :",
                "a::b :: #[x] ## [x] ##1[x]\n: :",
            ),
        ] {
            assert_eq!(escape(text), wanted);
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = "##[a]\u{1b}\u{7f}\u{9b}\u{202e}\\##x[";
        let json = serde_json::to_string(text).unwrap();
        let read: String = serde_json::from_str(&escape(&json)).unwrap();
        assert!(escape(&json) != json && read == text);
    }
}
