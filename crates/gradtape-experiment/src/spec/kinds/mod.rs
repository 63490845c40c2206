//! The kinds of values of keys: for each its type in Rust, its name in words, its JSON Schema
//! and its reading.

mod filter;
mod list;
mod setting;
mod start;
mod table;

use std::fmt;

use super::format::Format;
use super::json::{self, Json};
use super::reader::{DeValue, Reader, Toml};
use crate::mistake::At;
use crate::number::{self, Domain, Value};

pub use filter::{Filter, Filters};
pub use list::{Groups, Integers, Names, Numbers, OneOrMoreNames, OneOrMoreNumbers, Selection};
pub use setting::Setting;
pub use start::{Start, Starts};
pub use table::{Map, OneOrMoreTables, Table, Tables};

/// A kind of values.
pub trait Kind: fmt::Debug + Sync {
    /// The expected value, to complete "expected …".
    fn description(&self) -> String;

    /// Its JSON Schema.
    fn schema(&self) -> Json;

    /// Whether the value is a single table.
    fn is_table(&self) -> bool {
        false
    }

    /// The table, if the value is one or more in double brackets.
    fn repeated(&self) -> Option<&'static Format> {
        None
    }
}

/// A kind whose values are read to a type.
pub trait Read: Kind {
    /// The type of its values.
    type Value;

    /// The value of `key`; `None` after reporting an error.
    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<Self::Value>;
}

/// A string.
#[derive(Debug)]
pub struct Text;

impl Kind for Text {
    fn description(&self) -> String {
        "a string".to_owned()
    }

    fn schema(&self) -> Json {
        json::text()
    }
}

impl Read for Text {
    type Value = At<String>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<At<String>> {
        match value.get_ref() {
            DeValue::String(text) => Some(At::new(text.clone().into_owned(), value.span())),
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}

/// One of a few words.
#[derive(Debug)]
pub struct Choice(pub &'static [&'static str]);

impl Kind for Choice {
    fn description(&self) -> String {
        Domain::Choice(self.0).description()
    }

    fn schema(&self) -> Json {
        json::value(Domain::Choice(self.0))
    }
}

impl Read for Choice {
    type Value = At<String>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<At<String>> {
        let DeValue::String(text) = value.get_ref() else {
            return reader.wrong_type(key, value, &self.description());
        };
        let word = text.clone().into_owned();
        reader.is_in(
            Domain::Choice(self.0),
            key,
            &Value::Name(word.clone()),
            &value.span(),
        )?;
        Some(At::new(word, value.span()))
    }
}

/// A boolean.
#[derive(Debug)]
pub struct Boolean;

impl Kind for Boolean {
    fn description(&self) -> String {
        Domain::Switch.description()
    }

    fn schema(&self) -> Json {
        json::value(Domain::Switch)
    }
}

impl Read for Boolean {
    type Value = At<bool>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<At<bool>> {
        match value.get_ref() {
            DeValue::Boolean(on) => Some(At::new(*on, value.span())),
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}

/// A number.
#[derive(Debug)]
pub struct Number(pub Domain);

impl Kind for Number {
    fn description(&self) -> String {
        self.0.description()
    }

    fn schema(&self) -> Json {
        json::value(self.0)
    }
}

impl Read for Number {
    type Value = At<number::Number>;

    fn read(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        value: &Toml<'_>,
    ) -> Option<At<number::Number>> {
        match value.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => reader.number_in(self.0, key, value),
            _ => reader.wrong_type(key, value, &self.description()),
        }
    }
}

/// An integer.
#[derive(Debug)]
pub struct Integer(pub Domain);

impl Kind for Integer {
    fn description(&self) -> String {
        self.0.description()
    }

    fn schema(&self) -> Json {
        json::value(self.0)
    }
}

impl Read for Integer {
    type Value = At<u64>;

    fn read(&self, reader: &mut Reader<'_>, key: &str, value: &Toml<'_>) -> Option<At<u64>> {
        let DeValue::Integer(integer) = value.get_ref() else {
            return reader.wrong_type(key, value, &self.description());
        };
        // An integer of a domain is exact as an `f64`.
        let number = reader.number_in(self.0, key, value)?;
        let integer = u64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
        Some(At::new(integer, number.span))
    }
}
