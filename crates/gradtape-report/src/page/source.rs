//! The text of an experiment file with syntax colours.

use maud::{Markup, html};

/// A part of a line and the class that colours it.
type Part<'a> = (&'static str, &'a str);

/// The text in `code`, with marked comments, strings and table headings. If it is not valid TOML,
/// the colours may be wrong, but never the text.
pub(super) fn toml(text: &str) -> Markup {
    let mut open = None;
    html! {
        code {
            @for line in text.split_inclusive('\n') {
                @for (class, part) in parts(line, &mut open) {
                    @if class.is_empty() { (part) } @else { span class=(class) { (part) } }
                }
            }
        }
    }
}

/// Splits a line. `open` is the mark that ends the multi-line string in which the line begins, if
/// any.
fn parts<'a>(line: &'a str, open: &mut Option<&'static str>) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut rest = line;
    if let Some(mark) = *open {
        let end = rest.find(mark).map(|at| at + mark.len());
        let (string, after) = rest.split_at(end.unwrap_or(rest.len()));
        parts.push(("s", string));
        rest = after;
        if end.is_none() {
            return parts;
        }
        *open = None;
    } else if rest.trim_start().starts_with('[') && rest.trim_end().ends_with(']') {
        return vec![("h", rest)];
    }
    while let Some(at) = rest.find(['#', '"', '\'']) {
        let (before, found) = rest.split_at(at);
        parts.push(("", before));
        if found.starts_with('#') {
            parts.push(("c", found));
            return parts;
        }
        let length = string_length(found, open);
        let (string, after) = found.split_at(length);
        parts.push(("s", string));
        rest = after;
    }
    parts.push(("", rest));
    parts
}

/// The length of the string that a text begins with.
fn string_length(text: &str, open: &mut Option<&'static str>) -> usize {
    for mark in ["\"\"\"", "'''"] {
        if let Some(inside) = text.strip_prefix(mark) {
            let end = inside.find(mark).map(|at| at + 2 * mark.len());
            if end.is_none() {
                *open = Some(mark);
            }
            return end.unwrap_or(text.len());
        }
    }
    let quote = if text.starts_with('"') { '"' } else { '\'' };
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if letter == '\\' && quote == '"' {
            is_escaped = true;
        } else if letter == quote {
            return at + letter.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_tables_are_marked() {
        let text = "[[chart]] \na = \"b # \\\" c\" # d\nb = 'x' \n";
        assert_eq!(
            toml(text).into_string(),
            "<code><span class=\"h\">[[chart]] \n</span>a = <span class=\"s\">&quot;b # \\&quot; \
             c&quot;</span> <span class=\"c\"># d\n</span>b = <span class=\"s\">'x'</span> \n</code>"
        );
    }

    #[test]
    fn a_string_of_several_lines_is_one_string() {
        let text = "a = \"\"\"\n[no] # no\n\"\"\" # yes";
        let marked = toml(text).into_string();
        assert!(
            marked.contains("<span class=\"s\">[no] # no\n</span>"),
            "{marked}"
        );
        assert!(
            marked.contains("<span class=\"c\"># yes</span>"),
            "{marked}"
        );
    }

    #[test]
    fn no_letter_is_lost() {
        for text in [
            "", "\"", "'''", "a = 'é", "\"\\", "#", "]\n[", "\"\"\"\n\"\"\"x\r\n",
        ] {
            let mut open = None;
            let lines = text.split_inclusive('\n');
            let back: String = lines
                .flat_map(|line| parts(line, &mut open))
                .map(|(_, part)| part)
                .collect();
            assert_eq!(back, text);
        }
    }
}
