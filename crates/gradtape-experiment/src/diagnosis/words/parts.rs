//! Numbers, names and lists in sentences.

use crate::number::{grouped, short};
use crate::plan::Plan;
use crate::text::shortened;

/// Maximum number of characters of a name in a sentence.
const MAX_NAME_LENGTH: usize = 60;

/// Four significant digits.
pub(crate) fn digits(value: f64) -> String {
    short(rounded(value, 3))
}

/// A factor: near 1 with more digits, so that its distance from 1 has three.
pub(crate) fn factor(value: f64) -> String {
    let mut after = 2;
    let mut apart = (1.0 - value).abs();
    while apart < 0.1 && apart > 0.0 && after < 9 {
        apart *= 10.0;
        after += 1;
    }
    let after = after.max(3);
    let value = rounded(value, after);
    // `short` ends after six digits.
    if after < 6 {
        short(value)
    } else {
        value.to_string()
    }
}

/// `value` with `after` digits after the first.
pub(crate) fn rounded(value: f64, after: usize) -> f64 {
    format!("{value:.after$e}").parse().unwrap_or(value)
}

/// An integer with its thousands separated.
pub(crate) fn whole(count: u64) -> String {
    grouped(u128::from(count))
}

/// A name, shortened if it is long: the table of runs has it in full.
pub(crate) fn brief(name: &str) -> String {
    shortened(name, MAX_NAME_LENGTH)
}

/// The name of an objective, with its dimension where others have the same name.
pub(crate) fn title(plan: &Plan, objective: usize) -> String {
    let one = &plan.objectives[objective];
    let namesakes = plan
        .objectives
        .iter()
        .filter(|other| other.name == one.name);
    match one.dimension.filter(|_| namesakes.count() > 1) {
        Some(dimension) => format!("{} of dimension {dimension}", brief(&one.name)),
        None => brief(&one.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_they_need() {
        assert_eq!(digits(0.979_999_999_8), "0.98");
        assert_eq!(digits(1.160_705_2e-36), "1.161e-36");
        assert_eq!(digits(2_508.009), "2508");
        assert_eq!(factor(0.979_999_5), "0.98");
        assert_eq!(factor(0.999_600_64), "0.999601");
        assert_eq!(factor(0.333_333_33), "0.3333");
        assert_eq!(factor(1.0), "1");
        assert_eq!(factor(1.2), "1.2");
        assert_eq!(brief("momentum 0.9"), "momentum 0.9");
        assert_eq!(brief(&"a ".repeat(50)).chars().count(), 60);
    }
}
