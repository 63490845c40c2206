//! Values of the experiment file with their places.

use super::condition::Condition;
use super::reader::TomlTable;
use super::tables::Draw;
use crate::mistake::{At, Span};
use crate::number::{Number, Value};

/// One value, several, or a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The values.
    pub values: Values,
    /// The place of the whole value.
    pub span: Span,
}

/// The values of a [`Setting`].
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// One value, not in a list.
    One(At<Value>),
    /// A list, not empty.
    List(Vec<At<Value>>),
    /// Evenly spaced numbers.
    Range(Range),
}

/// Evenly spaced numbers from one to another, both included.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The first number.
    pub from: At<Number>,
    /// The last number.
    pub to: At<Number>,
    /// The number of values.
    pub count: At<u64>,
    /// Whether ratios are equal instead of differences.
    pub log: bool,
}

/// Names with their values, in the order of the file.
pub type Map<T> = Vec<(At<String>, T)>;

/// Groups of names whose lists are zipped.
pub type Groups = Vec<Vec<At<String>>>;

/// One number or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The numbers.
    pub list: Vec<At<Number>>,
    /// Whether they were written as a list.
    pub is_list: bool,
    /// The place of the whole value.
    pub span: Span,
}

/// One name or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    /// The names.
    pub list: Vec<At<String>>,
    /// Whether they were written as a list.
    pub is_list: bool,
    /// The place of the whole value.
    pub span: Span,
}

/// The start of one variable.
#[derive(Clone, Debug)]
pub enum Start {
    /// A number or a range.
    Setting(Setting),
    /// A vector or a matrix, element by element or row by row.
    Array(At<Vec<Start>>),
    /// Numbers that are random, or one that is repeated.
    Draw(Draw),
}

impl Start {
    /// The place of the whole value.
    #[must_use]
    pub fn span(&self) -> &Span {
        match self {
            Start::Setting(setting) => &setting.span,
            Start::Array(array) => &array.span,
            Start::Draw(draw) => &draw.span,
        }
    }
}

/// All, none, or some by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// `"all"`.
    All,
    /// `"none"`.
    None,
    /// A list of names.
    Some(Vec<At<String>>),
}

/// A filter: a condition on the settings of a run.
pub type Filter = Condition<At<String>>;

/// The keys of a table as written, including unknown ones and those whose value was misread.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<(String, Span)>);

impl Keys {
    pub(super) fn new(table: &TomlTable<'_>) -> Keys {
        let keys = table.iter();
        Keys(
            keys.map(|(key, value)| (key.get_ref().to_string(), value.span()))
                .collect(),
        )
    }

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// Whether the table has this key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.place_of(key).is_some()
    }

    /// The place of the value of a key.
    #[must_use]
    pub fn place_of(&self, key: &str) -> Option<&Span> {
        let found = self.0.iter().find(|(known, _)| known == key);
        found.map(|(_, place)| place)
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
