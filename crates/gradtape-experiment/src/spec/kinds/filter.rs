//! Filters: conditions on the settings of a run.

use super::{Kind, Read};
use crate::mistake::{At, Span};
use crate::spec::condition::{ComparedValue, Condition, Relation, Test};
use crate::spec::json::{self, Json, json};
use crate::spec::reader::{DeValue, Reader, Toml, TomlTable, at, shown_key};
use crate::spec::text::place_in_text;
use crate::spec::value;

/// A table of settings with the values to select, or a condition as a string.
#[derive(Debug)]
pub struct Filter;

impl Kind for Filter {
    fn description(&self) -> String {
        "a table such as { learning_rate = 0.1 }, or a string such as \"learning_rate < 0.1\""
            .to_owned()
    }

    fn schema(&self) -> Json {
        json!({ "allOf": [json::reference("filter")] })
    }
}

impl Read for Filter {
    type Value = At<value::Filter>;

    fn read(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        value: &Toml<'_>,
    ) -> Option<At<value::Filter>> {
        let span = value.span();
        let condition = match value.get_ref() {
            DeValue::String(text) => condition(reader, text, &span)?,
            DeValue::Table(table) => {
                let mut tests = Vec::new();
                push_tests(reader, "", table, &mut tests);
                Condition::All(tests)
            }
            _ => return reader.wrong_type(key, value, &self.description()),
        };
        Some(At::new(condition, span))
    }
}

/// A condition in a string, whose literal is at `literal`.
fn condition(reader: &mut Reader<'_>, text: &str, literal: &Span) -> Option<value::Filter> {
    let source = reader.source;
    let place = |part: &Span| place_in_text(source, literal, part.clone());
    match Condition::parse(text) {
        Ok(condition) => condition
            .named(&mut |setting| Some(At::new(setting.value.clone(), place(&setting.span)))),
        Err(mut mistake) => {
            mistake.span = match mistake.span {
                // If the text is empty, the quotes are underlined.
                Some(part) if !part.is_empty() => Some(place(&part)),
                _ => Some(literal.clone()),
            };
            reader.mistakes.push(mistake);
            None
        }
    }
}

/// The conditions of a table: each setting must have one of its values.
fn push_tests(
    reader: &mut Reader<'_>,
    prefix: &str,
    table: &TomlTable<'_>,
    tests: &mut Vec<value::Filter>,
) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        let values = match value.get_ref() {
            DeValue::Table(inner) if prefix.is_empty() => {
                push_tests(reader, &format!("{name}."), inner, tests);
                continue;
            }
            DeValue::Array(list) => list,
            _ => std::slice::from_ref(value),
        };
        let values = values
            .iter()
            .map(|one| reader.value(&shown_key(&name), one));
        if let Some(values) = values.collect::<Option<Vec<_>>>() {
            let values = values
                .into_iter()
                .map(|value| ComparedValue::Value(value.value));
            tests.push(Condition::Test(Test {
                setting: at(key, name),
                relation: Relation::Equal,
                values: values.collect(),
            }));
        }
    }
}

/// One filter, or a list of filters.
#[derive(Debug)]
pub struct Filters;

impl Kind for Filters {
    fn description(&self) -> String {
        "a table such as { learning_rate = 0.1 }, a string such as \"learning_rate < 0.1\", or \
         a list of those"
            .to_owned()
    }

    fn schema(&self) -> Json {
        json::one_or_more(&json::reference("filter"))
    }
}

impl Read for Filters {
    type Value = Vec<At<value::Filter>>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<Self::Value> {
        match value.get_ref() {
            DeValue::Table(_) | DeValue::String(_) => Some(vec![Filter.read(reader, key, value)?]),
            DeValue::Array(list) if !list.is_empty() => {
                let entry = format!("an entry of {key}");
                let filters = list.iter();
                Some(
                    filters
                        .filter_map(|one| Filter.read(reader, &entry, one))
                        .collect(),
                )
            }
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}
