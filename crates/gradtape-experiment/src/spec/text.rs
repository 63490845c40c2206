//! Places inside the strings of a TOML file.

use crate::mistake::Span;

/// The place in the file of a part of a string.
///
/// `literal` is the place of the TOML string with its quotes, `part` a part of
/// its value. Escapes and line ends make the two differ: in `"a\u0062c"` the
/// value's third byte is the file's ninth. If the part cannot be located, the
/// place of the whole literal is returned.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::spec::place_in_text;
///
/// let source = r#"formula = "x\u002By""#;
/// assert_eq!(place_in_text(source, &(10..20), 2..3), 18..19);
/// ```
#[must_use]
pub fn place_in_text(source: &str, literal: &Span, part: Span) -> Span {
    let Some(offsets) = source.get(literal.clone()).and_then(value_offsets) else {
        return literal.clone();
    };
    match (offsets.get(part.start), offsets.get(part.end)) {
        (Some(start), Some(end)) => literal.start + start..literal.start + end,
        _ => literal.clone(),
    }
}

/// For each byte of a string's value, and for its end, its offset in the literal.
fn value_offsets(literal: &str) -> Option<Vec<usize>> {
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let quote = quotes
        .into_iter()
        .find(|quote| literal.starts_with(quote))?;
    let end = literal.len().checked_sub(quote.len())?;
    let mut at = quote.len();
    if quote.len() == 3 {
        // A line end directly after the opening quotes is not part of the value.
        let rest = &literal[at..];
        at += ["\r\n", "\n"]
            .into_iter()
            .find(|line_end| rest.starts_with(line_end))
            .map_or(0, str::len);
    }
    let mut offsets = Vec::new();
    while at < end {
        let rest = &literal[at..end];
        let (read, written) = match quote {
            "\"" | "\"\"\"" if rest.starts_with('\\') => escape(rest)?,
            _ => {
                let length = rest.chars().next()?.len_utf8();
                (length, length)
            }
        };
        // Every byte of an escape has the offset of the escape.
        let unescaped = read == written;
        offsets.extend((0..written).map(|byte| if unescaped { at + byte } else { at }));
        at += read;
    }
    offsets.push(end.max(at));
    Some(offsets)
}

/// Length of an escape in bytes, and of the characters it stands for.
fn escape(rest: &str) -> Option<(usize, usize)> {
    match rest.as_bytes().get(1)? {
        b'u' => code_point(rest.get(2..6)?).map(|length| (6, length)),
        b'U' => code_point(rest.get(2..10)?).map(|length| (10, length)),
        b'x' => code_point(rest.get(2..4)?).map(|length| (4, length)),
        b' ' | b'\t' | b'\r' | b'\n' => {
            // A backslash at the end of a line removes all blanks after it.
            let swallowed = rest[1..].len() - rest[1..].trim_start().len();
            Some((1 + swallowed, 0))
        }
        _ => Some((2, 1)),
    }
}

fn code_point(hexadecimal: &str) -> Option<usize> {
    let code = u32::from_str_radix(hexadecimal, 16).ok()?;
    char::from_u32(code).map(char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_string_is_found_in_the_file() {
        // The value of each literal contains one `!`, whose place is looked up.
        for literal in [
            "\"ab!c\"", "'ab!c'", r#""a\tb!c""#, r#""\u00e9é!c""#, r#""\U0001F600!""#,
            r#""\"!\"""#, "\"\"\"\nab!\"\"\"", "'''\r\nab!'''", "\"\"\"ab \\\n   cd!\"\"\"",
        ] {
            let source = format!("key = {literal} # !");
            let table = toml::de::DeTable::parse(&source).unwrap();
            let (_, entry) = table.get_ref().iter().next().unwrap();
            let value = entry.get_ref().as_str().unwrap();
            let part = value.find('!').unwrap();
            let expected = source.find('!').unwrap();
            let found = place_in_text(&source, &entry.span(), part..part + 1);
            assert_eq!(found, expected..expected + 1, "{literal}");
        }
    }

    #[test]
    fn a_place_at_the_end_is_the_closing_quote() {
        assert_eq!(place_in_text("'ab'", &(0..4), 2..2), 3..3);
    }
}
