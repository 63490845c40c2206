//! The description of a table of the experiment file, and the macro `tables!` that declares one.

use std::any::Any;
use std::fmt::Write as _;

use super::kinds::Kind;
use super::reader::{Reader, TomlTable};
use super::tables::FORMATS;
use super::value::Keys;
use crate::mistake::{Code, Mistake, Span};

/// A table of the experiment file.
#[derive(Debug)]
pub struct Format {
    /// The table as it is written, such as `[[chart]]`, or its name in words.
    pub name: &'static str,
    /// Purpose of the table.
    pub description: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
    /// Description of all other keys; `None` if no other keys are allowed.
    pub others: Option<&'static Key>,
    /// What must hold between its keys.
    pub rules: &'static [KeyRule],
}

impl Format {
    /// The key with this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// The key; for [`Format::others`], a noun for the keys.
    pub name: &'static str,
    /// Kind of the value.
    pub kind: &'static dyn Kind,
    /// Whether the key is required.
    pub need: Need,
    /// Meaning and default.
    pub description: &'static str,
}

/// Whether a key is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Optional.
    Optional,
    /// Required.
    Required,
    /// Required unless the file describes no descents.
    ForDescents,
}

/// What must hold between the keys of a table.
#[derive(Clone, Copy, Debug)]
pub enum KeyRule {
    /// The table has exactly one of these; the plan reports it.
    OneOf(&'static [&'static str]),
    /// The table has at least one of these; the plan reports it.
    AnyOf(&'static [&'static str]),
    /// The table has one key; the plan reports it.
    OneKey,
    /// The table has a key other than this; the plan reports it.
    MoreThan(&'static str),
    /// These, called so, have no effect without another key.
    Needs(&'static str, &'static [&'static str], &'static str),
    /// The first requires the second; the plan reports it.
    Requires(&'static str, &'static str),
    /// Not both are given.
    NotBoth(&'static str, &'static str),
}

impl KeyRule {
    /// The error of a table with these keys, if the reader reports this rule.
    pub(super) fn mistake(self, keys: &Keys) -> Option<Mistake> {
        let (place, message, label) = match self {
            KeyRule::Needs(what, needy, other) if !keys.has(other) => {
                let place = needy.iter().find_map(|key| keys.place_of(key))?;
                let label = format!("it has no effect without `{other}`");
                (place, format!("{what} needs `{other}`"), label)
            }
            KeyRule::NotBoth(one, other) if keys.has(one) => {
                let message = format!("`{one}` and `{other}` cannot be combined");
                let label = "remove one of them".to_owned();
                (keys.place_of(other)?, message, label)
            }
            _ => return None,
        };
        Some(Mistake::new(Code::Conflict, place.clone(), message, label))
    }
}

/// A table of the file as a type: `tables!` implements it.
pub trait FileTable: Default + std::fmt::Debug + 'static {
    /// Its description.
    const FORMAT: &'static Format;

    /// Reads the table at `span` as far as possible, and reports its errors.
    fn from_table(reader: &mut Reader<'_>, table: &TomlTable<'_>, span: Span) -> Self;

    /// The fields of its keys.
    fn fields(&self) -> Vec<(&'static str, &dyn Any)>;

    /// The values of one type that the file has, with their keys.
    fn values_of<V: 'static>(&self) -> impl Iterator<Item = (&'static str, &V)> {
        self.fields()
            .into_iter()
            .filter_map(|(key, field)| Some((key, field.downcast_ref::<Option<V>>()?.as_ref()?)))
    }
}

/// Declares tables of the experiment file. A row is a key: its name, the
/// [kind](super::kinds) of its value, its need, and its meaning; a last row that begins with
/// `..` stands for all other keys. From the rows come the struct with a field for each key, its
/// reading, the JSON Schema and the documentation.
///
/// The needs are `optional`, `required` and `for_descents` (required unless the file describes no
/// descents). A field is an `Option`, as a key can be missing or misread; with `or_empty` it then
/// has its default.
macro_rules! tables {
    ($(
        $(#[$attribute:meta])*
        $name:ident, $title:literal, $description:literal, [$($rule:expr),*] {
            $(
                $key:ident: $kind:ident $(($($argument:tt)*))?, $need:ident $($empty:ident)?,
                $text:expr;
            )*
            $(
                ..$others:ident: $other_kind:ident $(($($other_argument:tt)*))?, $what:literal,
                $other_text:literal;
            )?
        }
    )*) => {$(
        $(#[$attribute])*
        #[derive(Clone, Debug, Default)]
        pub struct $name {
            /// The place of the table, or of its head.
            pub span: $crate::mistake::Span,
            /// Its keys as written.
            pub keys: $crate::spec::value::Keys,
            $(
                #[doc = concat!("`", stringify!($key), "`.")]
                pub $key: $crate::spec::format::field_type!(
                    $($empty)? $crate::spec::format::kind_type!($kind $(($($argument)*))?)
                ),
            )*
            $(
                #[doc = concat!("Every other key: ", $what, ".")]
                pub $others: $crate::spec::value::Map<
                    <$crate::spec::format::kind_type!($other_kind $(($($other_argument)*))?)
                        as $crate::spec::kinds::Read>::Value
                >,
            )?
        }

        impl $crate::spec::format::FileTable for $name {
            const FORMAT: &'static $crate::spec::format::Format = &$crate::spec::format::Format {
                name: $title,
                description: $description,
                keys: &[$($crate::spec::format::Key {
                    name: stringify!($key),
                    kind: &$crate::spec::format::kind!($kind $(($($argument)*))?),
                    need: $crate::spec::format::need!($need),
                    description: $text,
                },)*],
                others: $crate::spec::format::others!($(
                    $what, $other_text, $other_kind $(($($other_argument)*))?
                )?),
                rules: &[$($rule),*],
            };

            fn from_table(
                reader: &mut $crate::spec::reader::Reader<'_>,
                table: &$crate::spec::reader::TomlTable<'_>,
                span: $crate::mistake::Span,
            ) -> Self {
                Self {
                    keys: reader.keys(table, &span, Self::FORMAT),
                    $($key: $crate::spec::format::field!($($empty)? reader.key(
                        table,
                        stringify!($key),
                        &$crate::spec::format::kind!($kind $(($($argument)*))?),
                    )),)*
                    $($others: reader.others(
                        table,
                        Self::FORMAT,
                        &$crate::spec::format::kind!($other_kind $(($($other_argument)*))?),
                    ),)?
                    span,
                }
            }

            fn fields(&self) -> Vec<(&'static str, &dyn std::any::Any)> {
                vec![$((stringify!($key), &self.$key)),*]
            }
        }
    )*};
}

/// The type of a kind, as written in a row.
macro_rules! kind_type {
    (Map($($inner:tt)*)) => {
        $crate::spec::kinds::Map<$crate::spec::format::kind_type!($($inner)*)>
    };
    (Table($table:ident)) => { $crate::spec::kinds::Table<$table> };
    (Tables($table:ident)) => { $crate::spec::kinds::Tables<$table> };
    (OneOrMoreTables($table:ident)) => { $crate::spec::kinds::OneOrMoreTables<$table> };
    ($kind:ident $($argument:tt)*) => { $crate::spec::kinds::$kind };
}

/// The value of a kind, as written in a row.
macro_rules! kind {
    (Map($($inner:tt)*)) => {
        $crate::spec::kinds::Map($crate::spec::format::kind!($($inner)*))
    };
    (Table($table:ident)) => { $crate::spec::kinds::Table::<$table>(std::marker::PhantomData) };
    (Tables($table:ident)) => { $crate::spec::kinds::Tables::<$table>(std::marker::PhantomData) };
    (OneOrMoreTables($table:ident)) => {
        $crate::spec::kinds::OneOrMoreTables::<$table>(std::marker::PhantomData)
    };
    ($kind:ident $($argument:tt)*) => { $crate::spec::kinds::$kind $($argument)* };
}

macro_rules! need {
    (required) => {
        $crate::spec::format::Need::Required
    };
    (for_descents) => {
        $crate::spec::format::Need::ForDescents
    };
    (optional) => {
        $crate::spec::format::Need::Optional
    };
}

macro_rules! field_type {
    (or_empty $kind:ty) => { <$kind as $crate::spec::kinds::Read>::Value };
    ($kind:ty) => { Option<<$kind as $crate::spec::kinds::Read>::Value> };
}

macro_rules! field {
    (or_empty $value:expr) => {
        $value.unwrap_or_default()
    };
    ($value:expr) => {
        $value
    };
}

macro_rules! others {
    () => { None };
    ($what:literal, $text:literal, $($kind:tt)*) => {
        Some(&$crate::spec::format::Key {
            name: $what,
            kind: &$crate::spec::format::kind!($($kind)*),
            need: $crate::spec::format::Need::Optional,
            description: $text,
        })
    };
}

pub(super) use {field, field_type, kind, kind_type, need, others, tables};

/// The format as a Markdown chapter.
#[must_use]
pub fn documentation() -> String {
    let mut text = String::new();
    for format in FORMATS {
        let title = match format.name {
            "the experiment" => "The file".to_owned(),
            name if name.starts_with('[') => format!("`{name}`"),
            name => {
                let mut letters = name.chars();
                letters.next().map_or(String::new(), |first| {
                    first.to_uppercase().collect::<String>() + letters.as_str()
                })
            }
        };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "## {title}\n\n{}\n\n| key | value | meaning |\n|---|---|---|\n",
            format.description
        );
        for key in format.keys.iter().chain(format.others) {
            let name = match format.others {
                Some(others) if std::ptr::eq(others, key) => key.name.to_owned(),
                _ => format!("`{}`", key.name),
            };
            let required = match key.need {
                Need::Optional => "",
                Need::Required => ", required",
                Need::ForDescents => ", required for descents",
            };
            let kind = key.kind.description().replace('|', "\\|");
            let _ = writeln!(text, "| {name} | {kind}{required} | {} |", key.description);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Domain;
    use crate::spec::reader::TomlTable;

    tables! {
        /// A table of this test.
        Steps, "[steps]", "Steps of a test.",
        [KeyRule::Needs("`offset`", &["offset"], "count"), KeyRule::NotBoth("count", "names")] {
            count: Integer(Domain::Count), required,
                "Number of steps.";
            offset: Number(Domain::Positive), optional,
                "Where they begin.";
            names: Names, optional or_empty,
                "Their names.";
            ..others: Map(Setting(Domain::Finite)), "a step",
                "Its settings.";
        }
    }

    fn read(text: &str) -> (Steps, Vec<String>) {
        let (table, errors) = TomlTable::parse_recoverable(text);
        assert!(errors.is_empty(), "{text}");
        let mut reader = Reader::new(text);
        let steps = Steps::from_table(&mut reader, table.get_ref(), 0..0);
        let messages = reader.mistakes.into_iter().map(|one| one.message);
        (steps, messages.collect())
    }

    #[test]
    fn a_row_gives_a_field_its_reading_and_its_description() {
        let (steps, mistakes) = read("count = 3\noffset = 0.5\nfirst = { a = [1, 2] }");
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(steps.span, 0..0);
        assert_eq!(steps.count.map(|count| count.value), Some(3));
        assert!(steps.names.is_empty());
        assert_eq!(steps.others[0].0.value, "first");
        assert!(steps.keys.has("offset") && !steps.keys.has("names"));
        assert_eq!(Steps::FORMAT.key("offset").unwrap().need, Need::Optional);
        assert_eq!(Steps::FORMAT.keys[0].kind.schema()["minimum"], 1);
    }

    #[test]
    fn wrong_keys_and_broken_rules_are_reported() {
        let messages = |text| read(text).1;
        assert_eq!(
            messages("offset = 1"),
            ["`[steps]` has no `count`", "`offset` needs `count`"]
        );
        assert_eq!(messages("count = 0"), ["`count` cannot be 0"]);
        assert_eq!(
            messages("count = 1\nnames = 2"),
            [
                "`count` and `names` cannot be combined",
                "`names` cannot be an integer"
            ]
        );
    }
}
