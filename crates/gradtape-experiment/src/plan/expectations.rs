//! Expectations of the final values.

use std::fmt;

use super::{Filter, Quantity, Runs};
use crate::ending::{Outcome, Status};
use crate::mistake::{At, Code, Mistake, Span, suggestion};
use crate::number::{Number, Scalar, counted, short};
use crate::spec::{self, Spec};

/// Conditions on the final values of some runs.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The runs.
    pub runs: Filter,
    /// The expected status.
    pub status: Option<Status>,
    /// The expected outcome.
    pub outcome: Option<Outcome>,
    /// The conditions on their quantities.
    pub bounds: Vec<Bound>,
}

/// The conditions on one quantity.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The quantity: a parameter, `loss`, `gradient_norm`, `gap`, …
    pub quantity: String,
    /// The expected value, and its tolerance.
    pub equals: Option<(Number, Tolerance)>,
    /// The quantity must be below this.
    pub below: Option<Number>,
    /// The quantity must be above this.
    pub above: Option<Number>,
}

/// Maximum number of quantities that are named; a vector can have thousands of elements.
const NAMED: usize = 3;

/// The expectation in a few words: "w = 0.5 within 2 ulps, loss < 1e-9".
impl fmt::Display for Expectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self
            .status
            .map(|status| format!("status {}", status.name()));
        let outcome = self.outcome.map(|one| format!("outcome {}", one.name()));
        let status = status.into_iter().chain(outcome);
        let bounds = self.bounds.iter().take(NAMED).map(ToString::to_string);
        let mut parts: Vec<String> = status.chain(bounds).collect();
        if self.bounds.len() > NAMED {
            parts.push("…".to_owned());
        }
        formatter.write_str(&parts.join(", "))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.quantity;
        let mut parts = Vec::new();
        if let Some((value, tolerance)) = &self.equals {
            let (value, within) = (short(value.wide()), tolerance.within());
            parts.push(format!("{name} = {value}{within}"));
        }
        let limit = |limit: &Number, sign| format!("{name} {sign} {}", short(limit.wide()));
        parts.extend(self.below.as_ref().map(|below| limit(below, '<')));
        parts.extend(self.above.as_ref().map(|above| limit(above, '>')));
        formatter.write_str(&parts.join(", "))
    }
}

/// The allowed difference between two values. The loosest given limit decides;
/// without any, the two must be equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tolerance {
    /// In units in the last place (ULPs).
    pub ulps: Option<u64>,
    /// As an absolute difference.
    pub abs: Option<Number>,
    /// As a fraction of the value.
    pub rel: Option<Number>,
}

impl Tolerance {
    /// Whether no limit is given, so that values must be equal.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.ulps.is_none() && self.abs.is_none() && self.rel.is_none()
    }

    /// Whether values must be equal, though limits of 0 may be given.
    #[must_use]
    pub fn allows_nothing(&self) -> bool {
        let is_zero = |limit: Option<Number>| limit.is_none_or(|limit| limit.wide() == 0.0);
        self.ulps.unwrap_or(0) == 0 && is_zero(self.abs) && is_zero(self.rel)
    }

    /// The tolerance as it follows an expected value; empty if it is exact.
    pub fn within(&self) -> String {
        if self.is_exact() {
            String::new()
        } else {
            format!(" within {self}")
        }
    }

    /// Whether `found` is within the tolerance of `wanted`, both of the same precision. Both
    /// zeros are equal here, and so are all `NaN`s.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::number::Scalar;
    /// use gradtape_experiment::plan::Tolerance;
    ///
    /// let tolerance = Tolerance { ulps: Some(2), rel: Some(1e-3.into()), ..Tolerance::default() };
    /// let of = |value| Scalar::F64(value);
    /// assert!(tolerance.allows(of(100.0), of(100.05)));
    /// assert!(!tolerance.allows(of(100.0), of(100.2)));
    /// assert!(tolerance.allows(of(0.0), of(5e-324)) && !tolerance.allows(of(0.0), of(1e-300)));
    /// assert!(!tolerance.allows(of(f64::INFINITY), of(1.0)));
    /// assert_eq!(tolerance.to_string(), "2 ulps or rel 0.001");
    /// ```
    #[must_use]
    pub fn allows(&self, wanted: Scalar, found: Scalar) -> bool {
        let difference = (found.to_f64() - wanted.to_f64()).abs();
        // An infinite difference is within no share of an infinite value.
        let within = |limit: Option<Number>, unit: f64| {
            difference.is_finite() && limit.is_some_and(|limit| difference <= limit.wide() * unit)
        };
        let ulps = wanted.ulps_to(found);
        ulps.is_some_and(|ulps| ulps <= self.ulps.unwrap_or(0))
            || within(self.abs, 1.0)
            || within(self.rel, wanted.to_f64().abs())
    }
}

/// The limits with `or` between them; empty if it is exact.
impl fmt::Display for Tolerance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.ulps.map(|ulps| match ulps {
            1 => "1 ulp".to_owned(),
            _ => format!("{ulps} ulps"),
        }));
        parts.extend(self.abs.map(|abs| format!("abs {}", short(abs.wide()))));
        parts.extend(self.rel.map(|rel| format!("rel {}", short(rel.wide()))));
        formatter.write_str(&parts.join(" or "))
    }
}

pub(super) fn decide(runs: &Runs, spec: &Spec, mistakes: &mut Vec<Mistake>) -> Vec<Expectation> {
    let vectors = runs.vectors();
    let mut expectations = Vec::new();
    for written in &spec.expect {
        if written.keys.iter().all(|key| key == "runs") {
            let mistake = Mistake::new(
                Code::Expectation,
                written.span.clone(),
                "this expectation is empty",
                "",
            );
            mistakes.push(mistake.help(
                "name a quantity, such as `loss = { below = 1e-9 }`, a `status` or an `outcome`",
            ));
        }
        let names = || {
            runs.parameters
                .iter()
                .map(String::as_str)
                .chain(Quantity::of(runs).map(|quantity| -> &str { quantity.name() }))
        };
        let is_best = |name: &String| runs.best_columns.contains(name);
        let mut bounds = Vec::new();
        for (quantity, bound) in &written.bounds {
            let elements = vectors.iter().find(|(name, _)| *name == quantity.value);
            let mut known = names();
            if elements.is_none()
                && !known.any(|name| name == quantity.value)
                && !is_best(&quantity.value)
            {
                mistakes.push(unknown_quantity(quantity, names()));
                continue;
            }
            let only = [quantity.value.clone()];
            let names = elements.map_or(&only[..], |(_, elements)| elements);
            bounds.extend(self::bounds(names, &quantity.value, bound, mistakes));
        }
        expectations.push(Expectation {
            runs: Filter::decide(runs, written.runs.as_ref(), mistakes),
            status: written
                .status
                .as_ref()
                .and_then(|status| Status::named(&status.value)),
            outcome: written
                .outcome
                .as_ref()
                .and_then(|outcome| Outcome::named(&outcome.value)),
            bounds,
        });
    }
    expectations
}

/// The error for an unknown quantity.
pub(super) fn unknown_quantity<'a>(
    quantity: &At<String>,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Mistake {
    let message = format!("unknown quantity `{}`", quantity.value);
    let label = suggestion(&quantity.value, "available quantities", known);
    Mistake::new(Code::UnknownName, quantity.span.clone(), message, label)
}

/// The bounds of one quantity, or of each element of a vector.
fn bounds(
    names: &[String],
    quantity: &str,
    written: &spec::Bound,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Bound> {
    check_empty(&written.keys, &written.span, mistakes);
    let tolerance = distances(&written.ulps, &written.abs, &written.rel);
    for numbers in [&written.equals, &written.below, &written.above] {
        let Some(numbers) = numbers.as_ref().filter(|numbers| numbers.is_list) else {
            continue;
        };
        if numbers.list.len() != names.len() {
            let message = match names.len() {
                1 => format!("`{quantity}` is a single number"),
                count => format!("`{quantity}` has {count} elements"),
            };
            let label = format!("found {}", counted(numbers.list.len(), "number"));
            mistakes.push(Mistake::new(
                Code::Lengths,
                numbers.span.clone(),
                message,
                label,
            ));
            return Vec::new();
        }
    }
    let value = |numbers: &Option<spec::Numbers>, place: usize| {
        let list = &numbers.as_ref()?.list;
        let number = list.get(place).or(list.first())?;
        Some(number.value)
    };
    let bound = |(place, name): (usize, &String)| Bound {
        quantity: name.clone(),
        equals: value(&written.equals, place).map(|equals| (equals, tolerance)),
        below: value(&written.below, place),
        above: value(&written.above, place),
    };
    names.iter().enumerate().map(bound).collect()
}

/// Reports a bound without keys.
pub(super) fn check_empty(keys: &spec::Keys, span: &Span, mistakes: &mut Vec<Mistake>) {
    if keys.is_empty() {
        let message = "this bound is empty";
        let mistake = Mistake::new(Code::Expectation, span.clone(), message, "");
        mistakes.push(mistake.help("give `equals`, `below` or `above`"));
    }
}

/// The limits of a tolerance.
pub(super) fn distances(
    ulps: &Option<At<u64>>,
    abs: &Option<At<Number>>,
    rel: &Option<At<Number>>,
) -> Tolerance {
    Tolerance {
        ulps: ulps.as_ref().map(|ulps| ulps.value),
        abs: abs.as_ref().map(|abs| abs.value),
        rel: rel.as_ref().map(|rel| rel.value),
    }
}
