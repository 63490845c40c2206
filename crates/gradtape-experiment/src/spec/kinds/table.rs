//! Tables as values.

use std::marker::PhantomData;

use super::{Kind, Read};
use crate::mistake::Code;
use crate::spec::format::{FileTable, Format};
use crate::spec::json::{self, Json, json};
use crate::spec::reader::{DeValue, Reader, Toml, TomlTable, at, shown_key};
use crate::spec::value;

/// A table of names, each with a value of one kind.
#[derive(Debug)]
pub struct Map<K>(pub K);

impl<K: Kind> Kind for Map<K> {
    fn description(&self) -> String {
        format!("a table of names, each with {}", self.0.description())
    }

    fn schema(&self) -> Json {
        json!({ "type": "object", "additionalProperties": self.0.schema() })
    }
}

impl<K: Read> Map<K> {
    pub(super) fn entries(
        &self,
        reader: &mut Reader<'_>,
        table: &TomlTable<'_>,
    ) -> value::Map<K::Value> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match self.0.read(reader, &shown_key(name), value) {
                Some(value) => entries.push((at(key, name.to_owned()), value)),
                None => reader.misread.push(name.to_owned()),
            }
        }
        entries
    }
}

impl<K: Read> Read for Map<K> {
    type Value = value::Map<K::Value>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<Self::Value> {
        match value.get_ref() {
            DeValue::Table(table) => Some(self.entries(reader, table)),
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}

/// A table.
#[derive(Debug)]
pub struct Table<T>(pub PhantomData<fn() -> T>);

impl<T: FileTable> Kind for Table<T> {
    fn description(&self) -> String {
        match T::FORMAT {
            Format {
                keys: [],
                others: Some(others),
                ..
            } => format!("a table of names, each with {}", others.kind.description()),
            Format { keys, .. } => {
                let keys: Vec<String> = keys.iter().map(|key| shown_key(key.name)).collect();
                format!("a table with keys {}", keys.join(", "))
            }
        }
    }

    fn schema(&self) -> Json {
        // Older validators ignore everything next to a reference.
        json!({ "allOf": [json::reference(&json::name(T::FORMAT))] })
    }

    fn is_table(&self) -> bool {
        true
    }
}

impl<T: FileTable> Read for Table<T> {
    type Value = T;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<T> {
        match value.get_ref() {
            DeValue::Table(table) => Some(T::from_table(reader, table, value.span())),
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}

/// The tables of a list.
fn tables<T: FileTable>(
    reader: &mut Reader<'_>,
    key: &str,
    value: &Toml<'_>,
    list: &[Toml<'_>],
) -> Option<Vec<T>> {
    if list.is_empty() {
        let message = format!("{key} is an empty list");
        let label = "expected at least one table";
        return reader.mistake(Code::WrongValue, value.span(), message, label);
    }
    let entry = format!("an entry of {key}");
    let tables = list.iter().filter_map(|one| match one.get_ref() {
        DeValue::Table(table) => Some(T::from_table(reader, table, one.span())),
        _ => reader.wrong_type(&entry, one, "a table"),
    });
    Some(tables.collect())
}

/// A table in double brackets, which may repeat.
#[derive(Debug)]
pub struct Tables<T>(pub PhantomData<fn() -> T>);

impl<T: FileTable> Kind for Tables<T> {
    fn description(&self) -> String {
        format!("one or more `{}` tables", T::FORMAT.name)
    }

    fn schema(&self) -> Json {
        json::list(&json::reference(&json::name(T::FORMAT)))
    }

    fn repeated(&self) -> Option<&'static Format> {
        Some(T::FORMAT)
    }
}

impl<T: FileTable> Read for Tables<T> {
    type Value = Vec<T>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<Vec<T>> {
        let expected = self.description();
        match value.get_ref() {
            DeValue::Array(list) => tables(reader, key, value, list),
            DeValue::Table(_) => {
                reader.wrong_type(key, value, &format!("{expected}, in double brackets"))
            }
            _ => reader.wrong_type(key, value, &expected),
        }
    }
}

/// A table, or a list of those.
#[derive(Debug)]
pub struct OneOrMoreTables<T>(pub PhantomData<fn() -> T>);

impl<T: FileTable> Kind for OneOrMoreTables<T> {
    fn description(&self) -> String {
        let shown = T::FORMAT.keys.first().map_or("", |key| key.name);
        format!("a table such as {{ {shown} = … }}, or a list of those")
    }

    fn schema(&self) -> Json {
        json::one_or_more(&json::reference(&json::name(T::FORMAT)))
    }
}

impl<T: FileTable> Read for OneOrMoreTables<T> {
    type Value = Vec<T>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<Vec<T>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(vec![T::from_table(reader, table, value.span())]),
            DeValue::Array(list) => tables(reader, key, value, list),
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}
