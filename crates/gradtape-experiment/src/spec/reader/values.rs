//! Single values, lists and ranges of an experiment file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Reader;
use crate::ending;
use crate::mistake::{At, Code, Mistake, Span};
use crate::number::{Domain, Number, Value};
use crate::spec::fields::take;
use crate::spec::format::RANGE;
use crate::spec::{Range, Setting, Values};

impl Reader<'_> {
    pub(super) fn numbers(
        &mut self,
        key: &str,
        items: &[Spanned<DeValue<'_>>],
        domain: Domain,
    ) -> Option<Vec<At<Number>>> {
        let mut numbers = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Integer(_) | DeValue::Float(_) => {
                    numbers.push(self.number_of(key, item, domain));
                }
                _ => {
                    self.wrong_type(&format!("an entry of {key}"), item, "a number");
                    return None;
                }
            }
        }
        numbers.into_iter().collect()
    }

    pub(super) fn wholes(
        &mut self,
        key: &str,
        items: &[Spanned<DeValue<'_>>],
        domain: Domain,
    ) -> Option<Vec<At<u64>>> {
        let mut wholes = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Integer(_) => wholes.push(self.whole(key, item, domain)),
                _ => {
                    self.wrong_type(&format!("an entry of {key}"), item, "an integer");
                    return None;
                }
            }
        }
        wholes.into_iter().collect()
    }

    pub(super) fn setting(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        domain: Domain,
    ) -> Option<Setting> {
        let span = value.span();
        let values = match value.get_ref() {
            DeValue::Array(items) if items.is_empty() => {
                let message = format!("{key} is an empty list");
                let label = "expected at least one value";
                self.mistake(Code::WrongValue, span, message, label);
                return None;
            }
            DeValue::Array(items) => {
                let values = items.iter().map(|item| self.value_of(key, item, domain));
                let values: Vec<_> = values.collect();
                Values::List(values.into_iter().collect::<Option<_>>()?)
            }
            DeValue::Table(table) => Values::Range(self.range(key, table, span.clone(), domain)?),
            _ => Values::One(self.value_of(key, value, domain)?),
        };
        Some(Setting { values, span })
    }

    /// A range, whose ends must be in `domain` too.
    fn range(
        &mut self,
        key: &str,
        table: &DeTable<'_>,
        span: Span,
        domain: Domain,
    ) -> Option<Range> {
        let mut fields = self.table(table, Some(span), &RANGE);
        let log = take!(fields, "scale", Text).is_some_and(|scale| scale.value == "log");
        let from = take!(fields, "from", Number);
        let to = take!(fields, "to", Number);
        let ends = [&from, &to].map(|end| {
            let end = end.as_ref()?;
            self.is_in(domain, key, &Value::Number(end.value), &end.span)
        });
        let count = take!(fields, "count", Whole)?;
        let [Some(()), Some(())] = ends else {
            return None;
        };
        let range = Range {
            from: from?,
            to: to?,
            count,
            log,
        };
        self.is_spaced(&range)?;
        Some(range)
    }

    /// Reports ends that allow no even steps between them.
    fn is_spaced(&mut self, range: &Range) -> Option<()> {
        let (from, to) = (range.from.value.wide(), range.to.value.wide());
        let (message, label) =
            if range.log && (from == 0.0 || to == 0.0 || (from < 0.0) != (to < 0.0)) {
                (
                    "a range of equal ratios cannot touch or cross 0",
                    "expected both ends above 0, or both below 0",
                )
            } else if !range.log && !(to - from).is_finite() {
                (
                    "the ends of the range are too far apart",
                    "their difference overflows",
                )
            } else {
                return Some(());
            };
        let ends = [&range.from.span, &range.to.span];
        let first = ends.map(|span| span.start).into_iter().min();
        let last = ends.map(|span| span.end).into_iter().max();
        let span = first.unwrap_or(0)..last.unwrap_or(0);
        self.mistake(Code::WrongValue, span, message, label);
        None
    }

    pub(super) fn value(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<At<Value>> {
        let read = match value.get_ref() {
            DeValue::String(text) => Value::Name(text.clone().into_owned()),
            DeValue::Boolean(on) => Value::Switch(*on),
            DeValue::Integer(_) | DeValue::Float(_) => Value::Number(self.number(key, value)?),
            _ => {
                self.wrong_type(key, value, "a number, a string or a boolean");
                return None;
            }
        };
        Some(At::new(read, value.span()))
    }

    pub(super) fn whole(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        domain: Domain,
    ) -> Option<At<u64>> {
        // An integer of a domain is exact as an `f64`.
        let number = self.number_of(key, value, domain)?;
        let integer = value.get_ref().as_integer()?;
        let whole = u64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
        Some(At::new(whole, number.span))
    }

    pub(super) fn number_of(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        domain: Domain,
    ) -> Option<At<Number>> {
        let number = self.number(key, value)?;
        self.is_in(domain, key, &Value::Number(number), &value.span())?;
        Some(At::new(number, value.span()))
    }

    fn value_of(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        domain: Domain,
    ) -> Option<At<Value>> {
        let read = self.value(key, value)?;
        self.is_in(domain, key, &read.value, &read.span)?;
        Some(read)
    }

    /// Reports a value that its key cannot have.
    pub(super) fn is_in(
        &mut self,
        domain: Domain,
        key: &str,
        value: &Value,
        span: &Span,
    ) -> Option<()> {
        if domain.contains(value) {
            return Some(());
        }
        let expected = domain.expected(value);
        let mut mistake = Mistake::of_value(key, self.source, span, expected);
        if let Value::Name(word) = value
            && let Some(name) = ending::renamed(word)
            && domain.contains(&Value::Name(name.to_owned()))
        {
            mistake = mistake.help(format!("\"{word}\" is now \"{name}\""));
        }
        self.mistakes.push(mistake);
        None
    }

    pub(super) fn number(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Number> {
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            DeValue::Integer(integer) => {
                let whole = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
                whole.and_then(|whole| whole.to_string().parse().ok())
            }
            _ => None,
        };
        // "1e999" reads as infinite, which only `inf` should.
        let written = self.source.get(value.span()).unwrap_or("");
        let number = number
            .filter(|number: &Number| number.wide().is_finite() || written.contains(['f', 'a']));
        if number.is_none() {
            let message = format!("{key} cannot be {written}");
            let label = "too large for a 64-bit number";
            self.mistake(Code::WrongValue, value.span(), message, label);
        }
        number
    }

    pub(super) fn wrong_type(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("{key} cannot be {found}");
        let label = format!("expected {expected}");
        self.mistake(Code::WrongType, value.span(), message, label);
    }
}
