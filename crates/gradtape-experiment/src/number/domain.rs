//! The valid values of keys and settings.

use super::{Number, Value, grouped, short};
use crate::text::series;

/// The largest integer of a file: `f64` cannot distinguish the two integers that follow.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The values that a key of an experiment file or a setting of a method can have.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::number::{Domain, Number, Value};
///
/// let domain = Domain::WholeBetween(1, 4);
/// assert!(domain.contains(&Value::Whole(4)));
/// assert!(!domain.contains(&Value::Number(Number::from(2.5))));
/// assert_eq!(domain.description(), "an integer from 1 to 4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// A number, a string or a boolean; which of these is checked elsewhere.
    Any,
    /// Any number, `inf` and `nan` included.
    Float,
    /// Any number except `nan`.
    Number,
    /// Any finite number.
    Finite,
    /// A finite number above 0.
    Positive,
    /// A finite number, at least 0.
    NotNegative,
    /// A finite number, at most 0.
    NotPositive,
    /// A number, at least 0; it can be `inf`.
    Distance,
    /// A number, at least 0 and below 1.
    Share,
    /// A number from 0 to 1.
    Unit,
    /// A number above 0 and below 1.
    Fraction,
    /// A finite number above 1.
    AboveOne,
    /// A finite number, at least 1.
    AtLeastOne,
    /// A number from the first to the second, both included.
    Between(f64, f64),
    /// An integer, at least 0.
    Whole,
    /// An integer, at least 1.
    Count,
    /// An integer from the first to the second, both included.
    WholeBetween(u64, u64),
    /// A boolean.
    Switch,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A list of increasing integers, each at least 1.
    Epochs,
    /// A list of finite numbers, each at least 0.
    Rates,
    /// A formula as a string.
    Formula,
}

impl Domain {
    /// The description that completes "expected …".
    #[must_use]
    pub fn description(self) -> String {
        match self {
            Domain::Any => "a value".to_owned(),
            Domain::Float | Domain::Number => "a number".to_owned(),
            Domain::Finite => "a finite number".to_owned(),
            Domain::Positive => "a finite number above 0".to_owned(),
            Domain::NotNegative => "a finite number, at least 0".to_owned(),
            Domain::NotPositive => "a finite number, at most 0".to_owned(),
            Domain::Distance => "a number, at least 0".to_owned(),
            Domain::Share => "a number, at least 0 and below 1".to_owned(),
            Domain::Unit => "a number from 0 to 1".to_owned(),
            Domain::Fraction => "a number above 0 and below 1".to_owned(),
            Domain::AboveOne => "a finite number above 1".to_owned(),
            Domain::AtLeastOne => "a finite number, at least 1".to_owned(),
            Domain::Between(least, greatest) => {
                format!("a number from {} to {}", short(least), short(greatest))
            }
            Domain::Whole => Domain::WholeBetween(0, MAX_INTEGER).description(),
            Domain::Count => Domain::WholeBetween(1, MAX_INTEGER).description(),
            Domain::WholeBetween(least, MAX_INTEGER) => {
                format!("an integer, at least {least}")
            }
            Domain::WholeBetween(least, greatest) => {
                let [least, greatest] = [least, greatest].map(|end| grouped(u128::from(end)));
                format!("an integer from {least} to {greatest}")
            }
            Domain::Switch => "a boolean".to_owned(),
            Domain::Choice(choices) => {
                let quoted = choices.iter().map(|choice| format!("\"{choice}\""));
                series(&quoted.collect::<Vec<_>>(), "or")
            }
            Domain::Epochs => "a list of increasing integers, each at least 1".to_owned(),
            Domain::Rates => "a list of finite numbers, each at least 0".to_owned(),
            Domain::Formula => "a formula as a string".to_owned(),
        }
    }

    /// What was expected instead of `value`, which is outside the domain.
    #[must_use]
    pub fn expected(self, value: &Value) -> String {
        let wide = value.number().map(Number::wide);
        // "At least 1" would not explain a number that is too large.
        let has_all = self
            .wholes()
            .is_some_and(|(_, greatest)| greatest == MAX_INTEGER);
        if has_all && wide > Some(to_f64(MAX_INTEGER)) {
            return "expected at most 2^53 - 1".to_owned();
        }
        format!("expected {}", self.description())
    }

    /// Whether it is one number, which can differ between the runs of a program.
    #[must_use]
    pub fn is_number(self) -> bool {
        !(self.is_text() || matches!(self, Domain::Any | Domain::Switch | Domain::Choice(_)))
    }

    /// Whether it is a list or a formula, which is the same for all runs of an optimizer.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Domain::Epochs | Domain::Rates | Domain::Formula)
    }

    /// The smallest and the largest of its numbers, if all of them are integers.
    #[must_use]
    pub fn wholes(self) -> Option<(u64, u64)> {
        match self {
            Domain::Whole => Some((0, MAX_INTEGER)),
            Domain::Count => Some((1, MAX_INTEGER)),
            Domain::WholeBetween(least, greatest) => Some((least, greatest)),
            _ => None,
        }
    }

    /// Whether the value is in the domain.
    #[must_use]
    pub fn contains(self, value: &Value) -> bool {
        let number = value.number().map(Number::wide);
        let is = |test: &dyn Fn(f64) -> bool| number.is_some_and(test);
        match self {
            Domain::Any => true,
            Domain::Float => number.is_some(),
            Domain::Number => is(&|x| !x.is_nan()),
            Domain::Finite => is(&f64::is_finite),
            Domain::Positive => is(&|x| x > 0.0 && x.is_finite()),
            Domain::NotNegative => is(&|x| x >= 0.0 && x.is_finite()),
            Domain::NotPositive => is(&|x| x <= 0.0 && x.is_finite()),
            Domain::Distance => is(&|x| x >= 0.0),
            Domain::Share => is(&|x| (0.0..1.0).contains(&x)),
            Domain::Unit => is(&|x| (0.0..=1.0).contains(&x)),
            Domain::Fraction => is(&|x| x > 0.0 && x < 1.0),
            Domain::AboveOne => is(&|x| x > 1.0 && x.is_finite()),
            Domain::AtLeastOne => is(&|x| x >= 1.0 && x.is_finite()),
            Domain::Between(least, greatest) => is(&|x| (least..=greatest).contains(&x)),
            Domain::Whole | Domain::Count | Domain::WholeBetween(..) => {
                let ends = self.wholes();
                let ends = ends.map(|(least, greatest)| to_f64(least)..=to_f64(greatest));
                ends.is_some_and(|ends| is(&|x| ends.contains(&x) && x.floor() == x))
            }
            Domain::Switch => matches!(value, Value::Switch(_)),
            Domain::Choice(choices) => {
                matches!(value, Value::Name(name) if choices.contains(&name.as_str()))
            }
            Domain::Epochs | Domain::Rates | Domain::Formula => matches!(value, Value::Name(_)),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "integers of domains are below 2^53"
)]
fn to_f64(whole: u64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_domain_are_what_its_description_says() {
        let tiny = f64::from_bits(1);
        let before_one = 1.0 - f64::EPSILON / 2.0;
        let after_one = 1.0 + f64::EPSILON;
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let cases: &[(Domain, &[f64], &[f64])] = &[
            (Domain::Float, &[0.0, -1.5, inf, nan], &[]),
            (Domain::Number, &[-inf, 0.0, inf], &[nan]),
            (Domain::Finite, &[f64::MIN, f64::MAX], &[inf, -inf, nan]),
            (Domain::Positive, &[tiny, f64::MAX], &[0.0, -tiny, inf, nan]),
            (Domain::NotNegative, &[0.0, -0.0, tiny], &[-tiny, inf, nan]),
            (Domain::NotPositive, &[0.0, -tiny], &[tiny, -inf, nan]),
            (Domain::Distance, &[0.0, inf], &[-tiny, nan]),
            (Domain::Share, &[0.0, before_one], &[-tiny, 1.0, nan]),
            (Domain::Unit, &[0.0, 1.0], &[-tiny, after_one, nan]),
            (Domain::Fraction, &[tiny, before_one], &[0.0, 1.0, nan]),
            (Domain::AboveOne, &[after_one], &[1.0, inf, nan]),
            (Domain::AtLeastOne, &[1.0], &[before_one, inf, nan]),
            (Domain::Between(0.5, 3.0), &[0.5, 3.0], &[0.4, 3.1, nan]),
            (Domain::Whole, &[0.0, 9_007_199_254_740_991.0], &[-1.0, 0.5]),
            (
                Domain::Count,
                &[1.0],
                &[0.0, 1.5, 9_007_199_254_740_992.0, inf, nan],
            ),
            (Domain::WholeBetween(2, 4), &[2.0, 4.0], &[1.0, 2.5, 5.0]),
        ];
        for (domain, inside, outside) in cases {
            let contains = |x: &f64| domain.contains(&Value::Number(Number::from(*x)));
            assert!(
                inside.iter().all(contains),
                "{domain:?} has all of {inside:?}"
            );
            assert!(
                !outside.iter().any(contains),
                "{domain:?} has one of {outside:?}"
            );
        }
    }

    #[test]
    fn words_are_no_numbers() {
        let word = Value::Name("log".to_owned());
        assert!(Domain::Choice(&["linear", "log"]).contains(&word));
        assert!(!Domain::Choice(&["linear"]).contains(&word));
        assert!(Domain::Any.contains(&word));
        for domain in [Domain::Float, Domain::Whole, Domain::Switch] {
            assert!(!domain.contains(&word), "{domain:?}");
        }
        assert!(Domain::Switch.contains(&Value::Switch(false)));
    }

    #[test]
    fn what_was_expected_answers_the_value() {
        let expected = |domain: Domain, x: f64| domain.expected(&Value::Number(Number::from(x)));
        assert_eq!(
            expected(Domain::Count, 0.0),
            "expected an integer, at least 1"
        );
        assert_eq!(expected(Domain::Count, 1e17), "expected at most 2^53 - 1");
        let between = Domain::WholeBetween(1, 10_000);
        assert_eq!(
            expected(between, 1e17),
            "expected an integer from 1 to 10,000"
        );
    }
}
