//! Reads the text of an experiment file to a [`Spec`], following the description of
//! the format.

mod values;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::mistake::{At, Code, Mistake, Span, nearest, suggestion};
use crate::number::{Domain, Value};
use crate::spec::condition::{Condition, Relation, Test, Wanted};
use crate::spec::fields::{self, Entries, Field, Fields};
use crate::spec::format::{DRAW, EXPERIMENT, Format, Key, Kind, Need, OF_DESCENTS, RANGE};
use crate::spec::text::place_in_text;
use crate::spec::{Filter, Names, Numbers, Selection, Spec, Start};

pub(super) fn read(source: &str) -> (Spec, Vec<Mistake>) {
    let (table, errors) = DeTable::parse_recoverable(source);
    if !errors.is_empty() {
        // A misread file does not show what else is wrong.
        let mistakes = errors
            .iter()
            .map(|error| syntax_mistake(error, source))
            .collect();
        return (Spec::default(), mistakes);
    }
    let mut reader = Reader {
        source,
        mistakes: Vec::new(),
        misread: Vec::new(),
    };
    let fields = reader.table(table.get_ref(), None, &EXPERIMENT);
    let spec = Spec {
        misread: reader.misread,
        ..fields::spec(fields)
    };
    (spec, reader.mistakes)
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

struct Reader<'s> {
    source: &'s str,
    mistakes: Vec<Mistake>,
    misread: Vec<String>,
}

impl Reader<'_> {
    fn mistake(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.mistakes.push(Mistake::new(code, span, message, label));
    }

    fn table(
        &mut self,
        table: &DeTable<'_>,
        span: Option<Span>,
        format: &'static Format,
    ) -> Fields {
        let span = span.unwrap_or(0..0);
        let mut fields = Fields {
            span,
            present: table.keys().map(|key| key.get_ref().to_string()).collect(),
            known: Vec::new(),
            others: Vec::new(),
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match format.keys.iter().find(|known| known.name == name) {
                Some(known) => {
                    if let Some(field) = self.field(&shown_key(name), value, known.kind) {
                        fields.known.push((known.name, field));
                    }
                }
                None => match format.others {
                    Some(Key { kind, .. }) if can_be_other(name, value, format, *kind) => {
                        if let Some(field) = self.field(&shown_key(name), value, *kind) {
                            fields.others.push((at(key, name.to_owned()), field));
                        }
                    }
                    _ => self.unknown_key(key, name, format),
                },
            }
        }
        // A misspelt key was reported; that the right one is missing follows from it.
        let is_meant = |key: &str| {
            let meant = |name: &String| name == key || nearest(name, [key]).is_some();
            fields.present.iter().any(meant)
        };
        let has_descents = !is_meant("derivative") || OF_DESCENTS.iter().any(|key| is_meant(key));
        for key in format.keys {
            let is_needed = match key.need {
                Need::Optional => false,
                Need::Required => true,
                Need::ForDescents => has_descents,
            };
            if is_needed && !is_meant(key.name) {
                self.missing_key(&fields.span, key, format);
            }
        }
        fields
    }

    fn unknown_key(&mut self, key: &Spanned<impl Sized>, name: &str, format: &Format) {
        let known = format.keys.iter().map(|key| key.name);
        let what = format!("keys of {}", shown_table(format));
        let mut label = suggestion(name, &what, known);
        if let (Some(others), false) = (format.others, label.starts_with("did you mean")) {
            label = format!("{label}, or {}", others.name);
        }
        let message = format!("unknown key {}", shown_key(name));
        self.mistake(Code::UnknownKey, key.span(), message, label);
    }

    fn missing_key(&mut self, span: &Span, key: &Key, format: &Format) {
        let is_whole_file = std::ptr::eq(format, &EXPERIMENT);
        let shown = match key.kind {
            Kind::Tables(table) => format!("`{}`", table.name),
            _ => format!("`{}`", key.name),
        };
        let table = shown_table(format);
        let message = format!("{table} has no {shown}");
        let help = format!("{shown}: {}", lower_first(key.description));
        self.mistakes.push(if is_whole_file {
            Mistake::of_file(Code::MissingKey, message, help)
        } else {
            Mistake::new(Code::MissingKey, span.clone(), message, "").help(help)
        });
    }

    /// The value of `key`, or `None` and a mistake.
    fn field(&mut self, key: &str, value: &Spanned<DeValue<'_>>, kind: Kind) -> Option<Field> {
        let span = value.span();
        let field = match (kind, value.get_ref()) {
            (Kind::Text, DeValue::String(text)) => {
                Field::Text(At::new(text.clone().into_owned(), span))
            }
            (Kind::Switch, DeValue::Boolean(on)) => Field::Switch(At::new(*on, span)),
            (Kind::Choice(choices), DeValue::String(text)) => {
                let word = Value::Name(text.clone().into_owned());
                self.is_in(Domain::Choice(choices), key, &word, &span)?;
                Field::Text(At::new(text.clone().into_owned(), span))
            }
            (Kind::Whole(domain), DeValue::Integer(_)) => {
                Field::Whole(self.whole(key, value, domain)?)
            }
            (Kind::Number(domain), DeValue::Integer(_) | DeValue::Float(_)) => {
                Field::Number(self.number_of(key, value, domain)?)
            }
            (Kind::Setting(domain), _) => Field::Setting(self.setting(key, value, domain)?),
            (Kind::Names, DeValue::Array(_)) => {
                Field::Names(At::new(self.names(key, value, kind)?, span))
            }
            (Kind::Groups, DeValue::Array(items)) => {
                let is_group = |item: &Spanned<DeValue<'_>>| item.get_ref().is_array();
                if items.iter().any(is_group) {
                    let groups = items.iter().map(|item| match is_group(item) {
                        true => self.names(key, item, kind),
                        false => {
                            let what = format!("an entry of {key}");
                            self.wrong_type(&what, item, "a list of strings, like the others");
                            None
                        }
                    });
                    let groups: Vec<_> = groups.collect();
                    Field::Groups(groups.into_iter().collect::<Option<_>>()?)
                } else {
                    Field::Groups(vec![self.names(key, value, kind)?])
                }
            }
            (Kind::OneOrMoreNames, DeValue::String(text)) => Field::OneOrMoreNames(Names {
                list: vec![At::new(text.clone().into_owned(), span.clone())],
                is_list: false,
                span,
            }),
            (Kind::OneOrMoreNames, DeValue::Array(items)) if !items.is_empty() => {
                Field::OneOrMoreNames(Names {
                    list: self.names(key, value, kind)?,
                    is_list: true,
                    span,
                })
            }
            (Kind::OneOrMoreNumbers(domain), DeValue::Integer(_) | DeValue::Float(_)) => {
                Field::Numbers(Numbers {
                    list: vec![self.number_of(key, value, domain)?],
                    is_list: false,
                    span,
                })
            }
            (Kind::OneOrMoreNumbers(domain) | Kind::Numbers(domain), DeValue::Array(items))
                if !items.is_empty() =>
            {
                Field::Numbers(Numbers {
                    list: self.numbers(key, items, domain)?,
                    is_list: true,
                    span,
                })
            }
            (Kind::Wholes(domain), DeValue::Integer(_)) => {
                let whole = self.whole(key, value, domain)?;
                Field::Wholes(At::new(vec![whole], span))
            }
            (Kind::Wholes(domain), DeValue::Array(items)) if !items.is_empty() => {
                Field::Wholes(At::new(self.wholes(key, items, domain)?, span))
            }
            (Kind::Start, _) => Field::Start(self.start(key, value, 0)?),
            (Kind::Selection, DeValue::String(text)) if text == "all" => {
                Field::Selection(Selection::All)
            }
            (Kind::Selection, DeValue::String(text)) if text == "none" => {
                Field::Selection(Selection::None)
            }
            (Kind::Selection, DeValue::Array(_)) => {
                Field::Selection(Selection::Some(self.names(key, value, kind)?))
            }
            (Kind::Map(kind), DeValue::Table(table)) => Field::Map(self.map(table, *kind)),
            (Kind::Starts, DeValue::Table(table)) => {
                Field::Starts(vec![At::new(self.map(table, Kind::Start), span)])
            }
            (Kind::Starts, DeValue::Array(items)) if !items.is_empty() => {
                let mut starts = Vec::new();
                for item in items {
                    match item.get_ref() {
                        DeValue::Table(table) => {
                            starts.push(At::new(self.map(table, Kind::Start), item.span()));
                        }
                        _ => self.wrong_type(
                            &format!("an entry of {key}"),
                            item,
                            "a table such as { x = 1.0 }",
                        ),
                    }
                }
                Field::Starts(starts)
            }
            (Kind::Filter, DeValue::Table(_) | DeValue::String(_)) => {
                Field::Filter(self.filter(value)?)
            }
            (Kind::Filters, DeValue::Table(_) | DeValue::String(_)) => {
                Field::Filters(vec![self.filter(value)?])
            }
            (Kind::Filters, DeValue::Array(items)) if !items.is_empty() => {
                let mut filters = Vec::new();
                for item in items {
                    match item.get_ref() {
                        DeValue::Table(_) | DeValue::String(_) => {
                            filters.extend(self.filter(item));
                        }
                        _ => {
                            let expected = Kind::Filter.description();
                            self.wrong_type(&format!("an entry of {key}"), item, &expected);
                        }
                    }
                }
                Field::Filters(filters)
            }
            (Kind::Table(format), DeValue::Table(table)) => {
                Field::Table(self.table(table, Some(span), format))
            }
            (Kind::OneOrMoreTables(format), DeValue::Table(table)) => {
                Field::Tables(vec![self.table(table, Some(span), format)])
            }
            (Kind::Tables(_) | Kind::OneOrMoreTables(_), DeValue::Array(items))
                if items.is_empty() =>
            {
                let message = format!("{key} is an empty list");
                let label = "expected at least one table";
                self.mistake(Code::WrongValue, span, message, label);
                return None;
            }
            (Kind::Tables(format) | Kind::OneOrMoreTables(format), DeValue::Array(items)) => {
                let mut tables = Vec::new();
                for item in items {
                    match item.get_ref() {
                        DeValue::Table(table) => {
                            tables.push(self.table(table, Some(item.span()), format));
                        }
                        _ => self.wrong_type(&format!("an entry of {key}"), item, "a table"),
                    }
                }
                Field::Tables(tables)
            }
            (Kind::Tables(_), DeValue::Table(_)) => {
                let expected = kind.description();
                self.wrong_type(key, value, &format!("{expected}, in double brackets"));
                return None;
            }
            _ => {
                self.wrong_type(key, value, &kind.description());
                return None;
            }
        };
        Some(field)
    }

    fn map(&mut self, table: &DeTable<'_>, kind: Kind) -> Entries {
        let mut map = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match self.field(&shown_key(name), value, kind) {
                Some(field) => map.push((at(key, name.to_owned()), field)),
                None => self.misread.push(name.to_owned()),
            }
        }
        map
    }

    /// A filter as a table, or as a condition in a string.
    fn filter(&mut self, value: &Spanned<DeValue<'_>>) -> Option<At<Filter>> {
        let span = value.span();
        let condition = match value.get_ref() {
            DeValue::String(text) => self.condition(text, &span)?,
            DeValue::Table(table) => {
                let mut tests = Vec::new();
                self.tests("", table, &mut tests);
                Condition::All(tests)
            }
            _ => return None,
        };
        Some(At::new(condition, span))
    }

    fn condition(&mut self, text: &str, literal: &Span) -> Option<Filter> {
        let source = self.source;
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
                self.mistakes.push(mistake);
                None
            }
        }
    }

    /// The conditions of a table: each setting must have one of its values.
    fn tests(&mut self, prefix: &str, table: &DeTable<'_>, tests: &mut Vec<Filter>) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let values = match value.get_ref() {
                DeValue::Table(inner) if prefix.is_empty() => {
                    self.tests(&format!("{name}."), inner, tests);
                    continue;
                }
                DeValue::Array(items) => {
                    let values = items.iter().map(|item| self.value(&shown_key(&name), item));
                    values.collect::<Option<Vec<_>>>()
                }
                _ => self
                    .value(&shown_key(&name), value)
                    .map(|value| vec![value]),
            };
            if let Some(values) = values {
                let values = values.into_iter().map(|value| Wanted::Value(value.value));
                tests.push(Condition::Test(Test {
                    setting: at(key, name),
                    relation: Relation::Equal,
                    values: values.collect(),
                }));
            }
        }
    }

    /// The start of a variable, nested `depth` arrays deep.
    fn start(&mut self, key: &str, value: &Spanned<DeValue<'_>>, depth: usize) -> Option<Start> {
        let span = value.span();
        match value.get_ref() {
            DeValue::Array(items) if items.is_empty() => {
                let message = format!("the start of {key} is an empty array");
                let label = "expected at least one number";
                self.mistake(Code::WrongValue, span, message, label);
                None
            }
            DeValue::Array(_) if depth == 2 => {
                let message = format!("the start of {key} is nested too deep");
                let label = "expected a number: a matrix is an array of rows";
                self.mistake(Code::Start, span, message, label);
                None
            }
            DeValue::Array(items) => {
                let mut array = Vec::with_capacity(items.len());
                for item in items {
                    array.push(self.start(key, item, depth + 1)?);
                }
                Some(Start::Array(At::new(array, span)))
            }
            DeValue::Table(table) if is_draw(table) => {
                let fields = self.table(table, Some(span), &DRAW);
                Some(Start::Draw(fields::draw(fields)))
            }
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Table(_) => {
                Some(Start::Setting(self.setting(key, value, Domain::Finite)?))
            }
            _ => {
                self.wrong_type(
                    &format!("the start of {key}"),
                    value,
                    &Kind::Start.description(),
                );
                None
            }
        }
    }

    fn names(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        kind: Kind,
    ) -> Option<Vec<At<String>>> {
        let mut names = Vec::new();
        for item in value.get_ref().as_array()? {
            match item.get_ref() {
                DeValue::String(text) => {
                    names.push(At::new(text.clone().into_owned(), item.span()));
                }
                _ => {
                    self.wrong_type(&format!("an entry of {key}"), item, &kind.description());
                    return None;
                }
            }
        }
        Some(names)
    }
}

/// Whether a key that the format does not name is one of the others: its value has
/// their type, or at least it is not a misspelt known key.
fn can_be_other(name: &str, value: &Spanned<DeValue<'_>>, format: &Format, kind: Kind) -> bool {
    let fits = !matches!(kind, Kind::Table(_)) || value.get_ref().is_table();
    fits || nearest(name, format.keys.iter().map(|key| key.name)).is_none()
}

/// Whether a table in a start is a generated start rather than a range.
fn is_draw(table: &DeTable<'_>) -> bool {
    let has_any = |format: &Format| {
        let mut keys = format.keys.iter();
        keys.any(|key| table.keys().any(|name| name.get_ref().as_ref() == key.name))
    };
    has_any(&DRAW) && !has_any(&RANGE)
}

fn at<T>(place: &Spanned<impl Sized>, value: T) -> At<T> {
    At::new(value, place.span())
}

fn shown_key(name: &str) -> String {
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
