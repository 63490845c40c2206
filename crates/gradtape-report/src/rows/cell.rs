//! Cells of text that spreadsheets must not interpret as formulas.
//!
//! Spreadsheets evaluate cells that begin with certain characters, and a formula can start a
//! program. An apostrophe in front makes the cell text, as OWASP advises:
//! <https://owasp.org/www-community/attacks/CSV_Injection>.

use std::borrow::Cow;

/// The cell of a text: with an apostrophe in front if it could be a formula, or begins with an
/// apostrophe itself.
pub(crate) fn text_cell(text: &str) -> Cow<'_, str> {
    let needs_apostrophe = |first: char| {
        // Spreadsheets in Chinese or Japanese also evaluate cells with the wide signs.
        matches!(
            first,
            '\'' | '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'
        ) || first.is_control()
    };
    match text.starts_with(needs_apostrophe) {
        true => format!("'{text}").into(),
        false => text.into(),
    }
}

/// The text of a cell that [`text_cell`] made.
pub(crate) fn text_of_cell(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_text_is_a_formula_and_each_is_read_as_it_was() {
        for (text, wanted) in [
            ("", ""),
            ("a=b", "a=b"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-w", "'-w"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r", "'\r"),
            ("＝1", "'＝1"),
            ("'", "''"),
            ("''=", "'''="),
        ] {
            assert_eq!(text_cell(text), wanted);
            assert_eq!(text_of_cell(wanted), text);
        }
    }
}
