//! Initial values of variables.

use super::{Kind, Map, Read, Setting};
use crate::mistake::{At, Code};
use crate::number::Domain;
use crate::spec::format::{FileTable, Format};
use crate::spec::json::{self, Json, json};
use crate::spec::reader::{DeValue, Reader, Toml, TomlTable};
use crate::spec::tables::{Draw, RangeTable};
use crate::spec::value;

/// The start of one variable: a number, a range, a generated start, or an array of those.
#[derive(Debug)]
pub struct Start;

impl Kind for Start {
    fn description(&self) -> String {
        "a number, a range, a generated start, or an array of those".to_owned()
    }

    fn schema(&self) -> Json {
        json!({ "allOf": [json::reference("start")] })
    }
}

impl Read for Start {
    type Value = value::Start;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<value::Start> {
        start(reader, key, value, 0)
    }
}

/// The start of a variable, nested `depth` arrays deep.
fn start(
    reader: &mut Reader<'_>,
    key: &str,
    value: &Toml<'_>,
    depth: usize,
) -> Option<value::Start> {
    let span = value.span();
    match value.get_ref() {
        DeValue::Array(list) if list.is_empty() => {
            let message = format!("the start of {key} is an empty array");
            let label = "expected at least one number";
            reader.mistake(Code::WrongValue, span, message, label)
        }
        DeValue::Array(_) if depth == 2 => {
            let message = format!("the start of {key} is nested too deep");
            let label = "expected a number: a matrix is an array of rows";
            reader.mistake(Code::Start, span, message, label)
        }
        DeValue::Array(list) => {
            let entries = list.iter().map(|one| start(reader, key, one, depth + 1));
            Some(value::Start::Array(At::new(
                entries.collect::<Option<_>>()?,
                span,
            )))
        }
        DeValue::Table(table) if is_draw(table) => {
            Some(value::Start::Draw(Draw::from_table(reader, table, span)))
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Table(_) => {
            let setting = Setting(Domain::Finite).read(reader, key, value)?;
            Some(value::Start::Setting(setting))
        }
        _ => {
            let what = format!("the start of {key}");
            reader.wrong_type(&what, value, &Start.description())
        }
    }
}

/// Whether a table in a start is a generated start rather than a range.
fn is_draw(table: &TomlTable<'_>) -> bool {
    let has_any = |format: &Format| {
        let mut names = table.keys().map(|name| name.get_ref().as_ref());
        names.any(|name: &str| format.keys.iter().any(|key| key.name == name))
    };
    has_any(Draw::FORMAT) && !has_any(RangeTable::FORMAT)
}

/// A table of starts, or a list of those.
#[derive(Debug)]
pub struct Starts;

impl Kind for Starts {
    fn description(&self) -> String {
        "a table such as { x = 1.0 }, or a list of those".to_owned()
    }

    fn schema(&self) -> Json {
        json::one_or_more(&json!({
            "type": "object",
            "additionalProperties": json::reference("start"),
        }))
    }
}

impl Read for Starts {
    type Value = Vec<At<value::Map<value::Start>>>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<Self::Value> {
        let tables = match value.get_ref() {
            DeValue::Table(_) => std::slice::from_ref(value),
            DeValue::Array(list) if !list.is_empty() => list,
            _ => return reader.wrong_type(key, value, &self.description()),
        };
        let mut starts = Vec::new();
        for one in tables {
            match one.get_ref() {
                DeValue::Table(table) => {
                    starts.push(At::new(Map(Start).entries(reader, table), one.span()));
                }
                _ => {
                    let what = format!("an entry of {key}");
                    reader.wrong_type::<()>(&what, one, "a table such as { x = 1.0 }");
                }
            }
        }
        Some(starts)
    }
}
