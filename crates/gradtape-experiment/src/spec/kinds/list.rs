//! Lists of strings and of numbers.

use super::{Integer, Kind, Number, Read, Text};
use crate::mistake::At;
use crate::number::Domain;
use crate::spec::json::{self, Json, json};
use crate::spec::reader::{DeValue, Reader, Toml};
use crate::spec::value;

/// The entries of a list, each read as `kind`; any other entry is not `expected`.
fn entries<'v, K: Read>(
    kind: &K,
    is_entry: fn(&DeValue<'v>) -> bool,
    expected: &str,
    reader: &mut Reader<'_>,
    key: &str,
    list: &[Toml<'v>],
) -> Option<Vec<K::Value>> {
    let mut entries = Vec::with_capacity(list.len());
    for entry in list {
        if !is_entry(entry.get_ref()) {
            return reader.wrong_type(&format!("an entry of {key}"), entry, expected);
        }
        entries.push(kind.read(reader, key, entry));
    }
    entries.into_iter().collect()
}

fn is_number(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Integer(_) | DeValue::Float(_))
}

/// A list of strings, as part of a value of `kind`.
fn names(
    kind: &dyn Kind,
    reader: &mut Reader<'_>,
    key: &str,
    list: &[Toml<'_>],
) -> Option<Vec<At<String>>> {
    entries(
        &Text,
        DeValue::is_str,
        &kind.description(),
        reader,
        key,
        list,
    )
}

/// A list of strings.
#[derive(Debug)]
pub struct Names;

impl Kind for Names {
    fn description(&self) -> String {
        "a list of strings".to_owned()
    }

    fn schema(&self) -> Json {
        json::names()
    }
}

impl Read for Names {
    type Value = Vec<At<String>>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<Self::Value> {
        match value.get_ref() {
            DeValue::Array(list) => names(self, reader, key, list),
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}

/// One string, or a list of strings.
#[derive(Debug)]
pub struct OneOrMoreNames;

impl Kind for OneOrMoreNames {
    fn description(&self) -> String {
        "a string or a list of strings".to_owned()
    }

    fn schema(&self) -> Json {
        json::one_or_more(&json::text())
    }
}

impl Read for OneOrMoreNames {
    type Value = value::Names;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<value::Names> {
        let (list, is_list) = match value.get_ref() {
            DeValue::String(_) => (vec![Text.read(reader, key, value)?], false),
            DeValue::Array(list) if !list.is_empty() => (names(self, reader, key, list)?, true),
            _ => return reader.wrong_type(key, value, &self.description()),
        };
        Some(value::Names {
            list,
            is_list,
            span: value.span(),
        })
    }
}

/// A list of strings, or a list of lists of strings.
#[derive(Debug)]
pub struct Groups;

impl Kind for Groups {
    fn description(&self) -> String {
        "a list of strings, or a list of lists of strings".to_owned()
    }

    fn schema(&self) -> Json {
        let names = json::names();
        json!({ "anyOf": [names, { "type": "array", "items": names }] })
    }
}

impl Read for Groups {
    type Value = value::Groups;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<value::Groups> {
        let DeValue::Array(list) = value.get_ref() else {
            return reader.wrong_type(key, value, &self.description());
        };
        if !list.iter().any(|entry| entry.get_ref().is_array()) {
            return Some(vec![names(self, reader, key, list)?]);
        }
        let groups: Vec<_> = list
            .iter()
            .map(|entry| match entry.get_ref() {
                DeValue::Array(group) => names(self, reader, key, group),
                _ => {
                    let what = format!("an entry of {key}");
                    reader.wrong_type(&what, entry, "a list of strings, like the others")
                }
            })
            .collect();
        groups.into_iter().collect()
    }
}

/// `"all"`, `"none"` or a list of strings.
#[derive(Debug)]
pub struct Selection;

impl Kind for Selection {
    fn description(&self) -> String {
        "\"all\", \"none\" or a list of strings".to_owned()
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [{ "enum": ["all", "none"] }, json::names()] })
    }
}

impl Read for Selection {
    type Value = value::Selection;

    fn read(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        value: &Toml<'_>,
    ) -> Option<value::Selection> {
        match value.get_ref() {
            DeValue::String(text) if text == "all" => Some(value::Selection::All),
            DeValue::String(text) if text == "none" => Some(value::Selection::None),
            DeValue::Array(list) => Some(value::Selection::Some(names(self, reader, key, list)?)),
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}

/// The numbers of a list that is not empty, or with `or_one` also a single one.
fn numbers(
    (kind, domain): (&dyn Kind, Domain),
    or_one: bool,
    reader: &mut Reader<'_>,
    key: &str,
    value: &Toml<'_>,
) -> Option<value::Numbers> {
    let number = Number(domain);
    let (list, is_list) = match value.get_ref() {
        one if or_one && is_number(one) => (vec![number.read(reader, key, value)?], false),
        DeValue::Array(list) if !list.is_empty() => {
            let list = entries(&number, is_number, "a number", reader, key, list)?;
            (list, true)
        }
        _ => return reader.wrong_type(key, value, &kind.description()),
    };
    Some(value::Numbers {
        list,
        is_list,
        span: value.span(),
    })
}

/// A list of numbers.
#[derive(Debug)]
pub struct Numbers(pub Domain);

impl Kind for Numbers {
    fn description(&self) -> String {
        "a list of numbers".to_owned()
    }

    fn schema(&self) -> Json {
        json::list(&json::value(self.0))
    }
}

impl Read for Numbers {
    type Value = value::Numbers;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<value::Numbers> {
        numbers((self, self.0), false, reader, key, value)
    }
}

/// One number, or a list of numbers.
#[derive(Debug)]
pub struct OneOrMoreNumbers(pub Domain);

impl Kind for OneOrMoreNumbers {
    fn description(&self) -> String {
        "a number or a list of numbers".to_owned()
    }

    fn schema(&self) -> Json {
        json::one_or_more(&json::value(self.0))
    }
}

impl Read for OneOrMoreNumbers {
    type Value = value::Numbers;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<value::Numbers> {
        numbers((self, self.0), true, reader, key, value)
    }
}

/// One integer, or a list of integers.
#[derive(Debug)]
pub struct Integers(pub Domain);

impl Kind for Integers {
    fn description(&self) -> String {
        "an integer or a list of two integers".to_owned()
    }

    fn schema(&self) -> Json {
        json::one_or_more(&json::value(self.0))
    }
}

impl Read for Integers {
    type Value = At<Vec<At<u64>>>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<Self::Value> {
        let integer = Integer(self.0);
        let list = match value.get_ref() {
            DeValue::Integer(_) => vec![integer.read(reader, key, value)?],
            DeValue::Array(list) if !list.is_empty() => entries(
                &integer,
                DeValue::is_integer,
                "an integer",
                reader,
                key,
                list,
            )?,
            _ => return reader.wrong_type(key, value, &self.description()),
        };
        Some(At::new(list, value.span()))
    }
}
