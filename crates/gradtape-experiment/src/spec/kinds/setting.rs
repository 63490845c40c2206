//! One value, several, or a range.

use super::{Kind, Read};
use crate::mistake::{Code, Span};
use crate::number::{Domain, Value};
use crate::spec::format::FileTable;
use crate::spec::json::{self, Json};
use crate::spec::reader::{DeValue, Reader, Toml, TomlTable};
use crate::spec::tables::RangeTable;
use crate::spec::value::{self, Range, Values};

/// One value, a list of values, or a range of numbers.
#[derive(Debug)]
pub struct Setting(pub Domain);

impl Kind for Setting {
    fn description(&self) -> String {
        match self.0 {
            Domain::Any => "a value, a list of values or a range".to_owned(),
            words @ Domain::Choice(_) => format!("{}, or a list of those", words.description()),
            domain => format!("{}; or a list or range of those", domain.description()),
        }
    }

    fn schema(&self) -> Json {
        json::swept(self.0)
    }
}

impl Read for Setting {
    type Value = value::Setting;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<value::Setting> {
        let span = value.span();
        let values = match value.get_ref() {
            DeValue::Array(list) if list.is_empty() => {
                let message = format!("{key} is an empty list");
                let label = "expected at least one value";
                return reader.mistake(Code::WrongValue, span, message, label);
            }
            DeValue::Array(list) => {
                let values = list.iter().map(|one| reader.value_in(self.0, key, one));
                let values: Vec<_> = values.collect();
                Values::List(values.into_iter().collect::<Option<_>>()?)
            }
            DeValue::Table(table) => Values::Range(self.range(reader, key, table, span.clone())?),
            _ => Values::One(reader.value_in(self.0, key, value)?),
        };
        Some(value::Setting { values, span })
    }
}

impl Setting {
    /// A range, whose ends must be in the domain too.
    fn range(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        table: &TomlTable<'_>,
        span: Span,
    ) -> Option<Range> {
        let RangeTable {
            from,
            to,
            count,
            scale,
            ..
        } = RangeTable::from_table(reader, table, span);
        let ends = [&from, &to].map(|end| {
            let end = end.as_ref()?;
            reader.is_in(self.0, key, &Value::Number(end.value), &end.span)
        });
        let [Some(()), Some(())] = ends else {
            return None;
        };
        let range = Range {
            from: from?,
            to: to?,
            count: count?,
            log: scale.is_some_and(|scale| scale.value == "log"),
        };
        is_even(reader, &range)?;
        Some(range)
    }
}

/// Reports ends that allow no even steps between them.
fn is_even(reader: &mut Reader<'_>, range: &Range) -> Option<()> {
    let (from, to) = (range.from.value.wide(), range.to.value.wide());
    let (message, label) = if range.log && (from == 0.0 || to == 0.0 || (from < 0.0) != (to < 0.0))
    {
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
    reader.mistake(Code::WrongValue, span, message, label)
}
