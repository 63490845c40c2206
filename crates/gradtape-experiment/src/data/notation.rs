//! Notations of numbers that are not supported, with hints how to write them.

/// A hint how to write a number that is in another notation; `None` if the cell is not a
/// number in any notation known here.
pub(super) fn hint(cell: &str) -> Option<String> {
    let cell = cell.trim();
    if !cell.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (sign, digits) = signed(cell);
    let is_signed = |text: &str| text.starts_with(['+', '-']);
    let number = |text: &str| {
        let number = text.parse::<f64>().ok().filter(|it| it.is_finite());
        number.filter(|_| !is_signed(text))
    };
    let quoted = |digits: &str| format!("`{sign}{digits}`");
    if let Some(share) = digits.strip_suffix('%').map(str::trim_end) {
        let value = number(share)?;
        let share_of_one = crate::number::short(value / 100.0);
        return Some(format!(
            "write {} or {}",
            quoted(share),
            quoted(&share_of_one)
        ));
    }
    if number(digits).is_some() {
        // Only the sign is in another notation.
        return Some(format!("write {} with an ASCII minus sign", quoted(digits)));
    }
    let plain = without_separators(digits);
    let decimal = digits.replacen(',', ".", 1);
    let decimal = Some(decimal).filter(|it| !digits.contains('.') && number(it).is_some());
    match (plain, decimal) {
        (Some(plain), Some(decimal)) => {
            let (plain, decimal) = (quoted(&plain), quoted(&decimal));
            return Some(format!(
                "write {plain}, or {decimal} if the comma is a decimal point"
            ));
        }
        (Some(plain), None) => {
            let plain = quoted(&plain);
            return Some(format!("write {plain} without thousands separators"));
        }
        (None, Some(decimal)) => {
            return Some(format!("write {} with a decimal point", quoted(&decimal)));
        }
        (None, None) => {}
    }
    // A currency or a unit before or after a number.
    let begins = |c: char| c.is_ascii_digit() || c == '.';
    let (first, last) = (digits.find(begins)?, digits.rfind(begins)?);
    let (before, inner, after) = (&digits[..first], &digits[first..=last], &digits[last + 1..]);
    // An incomplete exponent is neither.
    let is_outside = |text: &str| {
        !text.contains(|c: char| begins(c) || "+-*/:,_".contains(c)) && !["e", "E"].contains(&text)
    };
    let inner = without_separators(inner).unwrap_or_else(|| inner.to_owned());
    let is_number = number(&inner).is_some() && is_outside(before) && is_outside(after);
    is_number.then(|| {
        let outside = format!("{before} {after}");
        format!("write {} without `{}`", quoted(&inner), outside.trim())
    })
}

/// The sign of a number and what follows it, in notations of any program.
fn signed(cell: &str) -> (&'static str, &str) {
    if let Some(inner) = cell.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        return ("-", inner.trim());
    }
    match cell.strip_prefix(['-', '\u{2212}', '\u{2013}', '\u{2011}', '\u{ff0d}']) {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", cell.strip_prefix('+').unwrap_or(cell).trim_start()),
    }
}

/// The digits without thousands separators, if every group of three is separated.
fn without_separators(digits: &str) -> Option<String> {
    const SEPARATORS: [char; 8] = [',', ' ', '_', '\'', '.', '\u{a0}', '\u{2009}', '\u{202f}'];
    let separator = digits.chars().find(|c| !c.is_ascii_digit())?;
    if !SEPARATORS.contains(&separator) {
        return None;
    }
    let (whole, fraction) = match separator {
        '.' => (digits, ""),
        _ => digits.split_once('.').unwrap_or((digits, "")),
    };
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let groups: Vec<&str> = groups.collect();
    let are_digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let fits = matches!(first.len(), 1..=3) && are_digits(first);
    let fits = fits
        && groups
            .iter()
            .all(|group| group.len() == 3 && are_digits(group));
    // `1.000` is a number as it stands.
    let fits = fits && !groups.is_empty() && (separator != '.' || groups.len() > 1);
    if !fits || !are_digits(fraction) {
        return None;
    }
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{first}{}{point}{fraction}", groups.concat()))
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn numbers_in_other_notations_are_named_as_they_are_read() {
        let check = |cell: &str, expected: &str| {
            assert_eq!(hint(cell).as_deref(), Some(expected), "{cell}");
        };
        check(
            "2,100",
            "write `2100`, or `2.100` if the comma is a decimal point",
        );
        check(
            "1,234,567.5",
            "write `1234567.5` without thousands separators",
        );
        check("1 234", "write `1234` without thousands separators");
        check("1\u{202f}234", "write `1234` without thousands separators");
        check("1_000", "write `1000` without thousands separators");
        check("1'000", "write `1000` without thousands separators");
        check("1.234.567", "write `1234567` without thousands separators");
        check("2,5", "write `2.5` with a decimal point");
        check("-0,25", "write `-0.25` with a decimal point");
        check("21%", "write `21` or `0.21`");
        check("21.5 %", "write `21.5` or `0.215`");
        check("$2.1", "write `2.1` without `$`");
        check("-$1,200", "write `-1200` without `$`");
        check("2.1 \u{20ac}", "write `2.1` without `\u{20ac}`");
        check("3.2 cm", "write `3.2` without `cm`");
        check("\u{2212}5", "write `-5` with an ASCII minus sign");
        check("(5)", "write `-5` with an ASCII minus sign");
        for cell in [
            "setosa", "", "2020-01-01", "1/2", "12:30", "a1b2", "0x10", "1e", "--1",
        ] {
            assert_eq!(hint(cell), None, "{cell}");
        }
    }
}
