//! Reads the text of an experiment file to a [`Spec`], following the tables of the format.

use toml::Spanned;
use toml::de::DeTable;
pub use toml::de::DeValue;

use super::format::{FileTable, Format, Key, Need};
use super::kinds::{Kind, Read};
use super::tables::{OF_DESCENTS, Spec};
use super::value::{Keys, Map};
use crate::ending;
use crate::mistake::{At, Code, Mistake, Span, nearest, suggestion};
use crate::number::{Domain, Number, Value};

/// A table with the places of its keys and values.
pub type TomlTable<'t> = DeTable<'t>;

/// A value of the file with its place.
pub type Toml<'t> = Spanned<DeValue<'t>>;

/// What a file says, the names of free keys whose value was misread, and every error of form.
pub fn read(source: &str) -> (Spec, Vec<String>, Vec<Mistake>) {
    let (table, errors) = DeTable::parse_recoverable(source);
    if !errors.is_empty() {
        // A misread file does not show what else is wrong.
        let mistakes = errors.iter().map(|error| syntax_mistake(error, source));
        return (Spec::default(), Vec::new(), mistakes.collect());
    }
    let mut reader = Reader::new(source);
    let spec = Spec::from_table(&mut reader, table.get_ref(), 0..0);
    (spec, reader.misread, reader.mistakes)
}

fn syntax_mistake(error: &toml::de::Error, source: &str) -> Mistake {
    let mut span = error.span().unwrap_or(0..0);
    if span.is_empty() {
        // A caret needs a character to underline.
        let next = source[span.start..]
            .chars()
            .next()
            .filter(|next| *next != '\n');
        span.end += next.map_or(0, char::len_utf8);
    }
    Mistake::new(Code::Syntax, span, "this is not TOML", error.message())
}

/// The reading of a file: its text, and what was found wrong so far.
#[derive(Debug)]
pub struct Reader<'s> {
    pub(super) source: &'s str,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) misread: Vec<String>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Reader {
            source,
            mistakes: Vec::new(),
            misread: Vec::new(),
        }
    }

    /// Reports an error: there is no value.
    pub(super) fn mistake<T>(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Option<T> {
        self.mistakes.push(Mistake::new(code, span, message, label));
        None
    }

    /// The value of a key of a table, if it is there and was read.
    pub(super) fn key<K: Read>(
        &mut self,
        table: &TomlTable<'_>,
        name: &str,
        kind: &K,
    ) -> Option<K::Value> {
        kind.read(self, &shown_key(name), table.get(name)?)
    }

    /// The values of the keys that a table does not name.
    pub(super) fn others<K: Read>(
        &mut self,
        table: &TomlTable<'_>,
        format: &Format,
        kind: &K,
    ) -> Map<K::Value> {
        let mut others = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if format.key(name).is_none()
                && can_be_other(name, value, format, kind)
                && let Some(value) = kind.read(self, &shown_key(name), value)
            {
                others.push((at(key, name.to_owned()), value));
            }
        }
        others
    }

    /// The keys of a table; reports those that are unknown, missing or in conflict.
    pub(super) fn keys(&mut self, table: &TomlTable<'_>, span: &Span, format: &Format) -> Keys {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let is_other = |others: &Key| can_be_other(name, value, format, others.kind);
            if format.key(name).is_none() && !format.others.is_some_and(is_other) {
                self.unknown_key(key, name, format);
            }
        }
        // A misspelt key was reported; that the right one is missing follows from it.
        let is_meant = |key: &str| {
            let mut names = table.keys().map(|name| name.get_ref().as_ref());
            names.any(|name| name == key || nearest(name, [key]).is_some())
        };
        let has_descents = !is_meant("derivative") || OF_DESCENTS.iter().any(|key| is_meant(key));
        for key in format.keys {
            let is_needed = match key.need {
                Need::Optional => false,
                Need::Required => true,
                Need::ForDescents => has_descents,
            };
            if is_needed && !is_meant(key.name) {
                self.missing_key(span, key, format);
            }
        }
        let keys = Keys::new(table);
        for rule in format.rules {
            self.mistakes.extend(rule.mistake(&keys));
        }
        keys
    }

    fn unknown_key(&mut self, key: &Spanned<impl Sized>, name: &str, format: &Format) {
        let known = format.keys.iter().map(|key| key.name);
        let what = format!("keys of {}", shown_table(format));
        let mut label = suggestion(name, &what, known);
        if let (Some(others), false) = (format.others, label.starts_with("did you mean")) {
            label = format!("{label}, or {}", others.name);
        }
        let message = format!("unknown key {}", shown_key(name));
        self.mistake::<()>(Code::UnknownKey, key.span(), message, label);
    }

    fn missing_key(&mut self, span: &Span, key: &Key, format: &Format) {
        let is_whole_file = format.name == Spec::FORMAT.name;
        let shown = shown_key(key.kind.repeated().map_or(key.name, |table| table.name));
        let table = shown_table(format);
        let message = format!("{table} has no {shown}");
        let help = format!("{shown}: {}", lower_first(key.description));
        self.mistakes.push(if is_whole_file {
            Mistake::of_file(Code::MissingKey, message, help)
        } else {
            Mistake::new(Code::MissingKey, span.clone(), message, "").help(help)
        });
    }

    pub(super) fn value(&mut self, key: &str, value: &Toml<'_>) -> Option<At<Value>> {
        let read = match value.get_ref() {
            DeValue::String(text) => Value::Name(text.clone().into_owned()),
            DeValue::Boolean(on) => Value::Switch(*on),
            DeValue::Integer(_) | DeValue::Float(_) => Value::Number(self.number(key, value)?),
            _ => return self.wrong_type(key, value, "a number, a string or a boolean"),
        };
        Some(At::new(read, value.span()))
    }

    pub(super) fn number_in(
        &mut self,
        domain: Domain,
        key: &str,
        value: &Toml<'_>,
    ) -> Option<At<Number>> {
        let number = self.number(key, value)?;
        self.is_in(domain, key, &Value::Number(number), &value.span())?;
        Some(At::new(number, value.span()))
    }

    pub(super) fn value_in(
        &mut self,
        domain: Domain,
        key: &str,
        value: &Toml<'_>,
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

    fn number(&mut self, key: &str, value: &Toml<'_>) -> Option<Number> {
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
            return self.mistake(Code::WrongValue, value.span(), message, label);
        }
        number
    }

    /// Reports a value of another type.
    pub(super) fn wrong_type<T>(
        &mut self,
        key: &str,
        value: &Toml<'_>,
        expected: &str,
    ) -> Option<T> {
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
        self.mistake(Code::WrongType, value.span(), message, label)
    }
}

/// Whether a key that the format does not name is one of the others: its value has
/// their type, or at least it is not a misspelt known key.
fn can_be_other(name: &str, value: &Toml<'_>, format: &Format, kind: &dyn Kind) -> bool {
    let fits = !kind.is_table() || value.get_ref().is_table();
    fits || nearest(name, format.keys.iter().map(|key| key.name)).is_none()
}

pub fn at<T>(place: &Spanned<impl Sized>, value: T) -> At<T> {
    At::new(value, place.span())
}

pub fn shown_key(name: &str) -> String {
    format!("`{name}`")
}

/// The name of a table in messages: as it is written, or in words.
fn shown_table(format: &Format) -> String {
    if format.name.contains(' ') {
        format.name.to_owned()
    } else {
        shown_key(format.name)
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
