//! From the text of an experiment file to a [`Spec`], by the description of the
//! format.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::condition::{Condition, Relation, Test, Wanted};
use super::fields::{self, Entries, Field, Fields, take};
use super::format::{DRAW, EXPERIMENT, Format, Key, Kind, Need, OF_DESCENTS, RANGE};
use super::text::place_in_text;
use super::{Filter, Names, Numbers, Range, Selection, Setting, Spec, Start, Values};
use crate::mistake::{At, Code, Mistake, Span, nearest, suggestion};
use crate::number::{Number, Value};

pub(super) fn read(source: &str) -> (Spec, Vec<Mistake>) {
    let (table, errors) = DeTable::parse_recoverable(source);
    if !errors.is_empty() {
        // What else might be wrong cannot be told from a misread file.
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
        // A caret needs a character to stand under.
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
        // A misspelt key was told; that the right one is missing follows.
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
        let what = format!("{} can have", shown_table(format));
        let mut label = suggestion(name, &what, known);
        if let (Some(others), false) = (format.others, label.starts_with("did you mean")) {
            label = format!("{label}, or {}", others.name);
        }
        let message = format!("unknown key {}", shown_key(name));
        self.mistakes
            .push(Mistake::new(Code::UnknownKey, key.span(), message, label));
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

    /// What `key` holds, or `None` and a mistake.
    fn field(&mut self, key: &str, value: &Spanned<DeValue<'_>>, kind: Kind) -> Option<Field> {
        let span = value.span();
        let field = match (kind, value.get_ref()) {
            (Kind::Text, DeValue::String(text)) => {
                Field::Text(At::new(text.clone().into_owned(), span))
            }
            (Kind::Switch, DeValue::Boolean(on)) => Field::Switch(At::new(*on, span)),
            (Kind::Choice(choices), DeValue::String(text)) => {
                if !choices.contains(&text.as_ref()) {
                    let message = format!("{key} cannot be \"{text}\"");
                    let label = format!("expected {}", kind.description());
                    self.mistakes
                        .push(Mistake::new(Code::WrongValue, span, message, label));
                    return None;
                }
                Field::Text(At::new(text.clone().into_owned(), span))
            }
            (Kind::Whole, DeValue::Integer(_)) => {
                Field::Whole(At::new(self.whole(key, value)?, span))
            }
            (Kind::Number, DeValue::Integer(_) | DeValue::Float(_)) => {
                Field::Number(At::new(self.number(key, value)?, span))
            }
            (Kind::Setting, _) => Field::Setting(self.setting(key, value)?),
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
                            self.wrong_type(&what, item, "a list of names, as the others");
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
            (Kind::OneOrMoreNumbers, DeValue::Integer(_) | DeValue::Float(_)) => {
                Field::Numbers(Numbers {
                    list: vec![At::new(self.number(key, value)?, span.clone())],
                    is_list: false,
                    span,
                })
            }
            (Kind::OneOrMoreNumbers | Kind::Numbers, DeValue::Array(items))
                if !items.is_empty() =>
            {
                Field::Numbers(Numbers {
                    list: self.numbers(key, items)?,
                    is_list: true,
                    span,
                })
            }
            (Kind::Wholes, DeValue::Integer(_)) => {
                let whole = At::new(self.whole(key, value)?, span.clone());
                Field::Wholes(At::new(vec![whole], span))
            }
            (Kind::Wholes, DeValue::Array(items)) if !items.is_empty() => {
                Field::Wholes(At::new(self.wholes(key, items)?, span))
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
                let mistake = Mistake::new(
                    Code::WrongValue,
                    span,
                    message,
                    "expected one table or more",
                );
                self.mistakes.push(mistake);
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

    /// A filter as a table, or as the text of a condition.
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
                    // Of a text without letters the quotes are underlined.
                    Some(part) if !part.is_empty() => Some(place(&part)),
                    _ => Some(literal.clone()),
                };
                self.mistakes.push(mistake);
                None
            }
        }
    }

    /// What a table demands of settings: one of the values that are given for each.
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

    fn numbers(&mut self, key: &str, items: &[Spanned<DeValue<'_>>]) -> Option<Vec<At<Number>>> {
        let mut numbers = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Integer(_) | DeValue::Float(_) => {
                    numbers.push(At::new(self.number(key, item)?, item.span()));
                }
                _ => {
                    self.wrong_type(&format!("an entry of {key}"), item, "a number");
                    return None;
                }
            }
        }
        Some(numbers)
    }

    fn wholes(&mut self, key: &str, items: &[Spanned<DeValue<'_>>]) -> Option<Vec<At<u64>>> {
        let mut wholes = Vec::new();
        for item in items {
            match item.get_ref() {
                DeValue::Integer(_) => wholes.push(At::new(self.whole(key, item)?, item.span())),
                _ => {
                    self.wrong_type(&format!("an entry of {key}"), item, "a whole number");
                    return None;
                }
            }
        }
        Some(wholes)
    }

    /// The start of a variable; an array `depth` arrays deep.
    fn start(&mut self, key: &str, value: &Spanned<DeValue<'_>>, depth: usize) -> Option<Start> {
        let span = value.span();
        match value.get_ref() {
            DeValue::Array(items) if items.is_empty() => {
                let message = format!("the start of {key} is an empty array");
                self.mistakes.push(Mistake::new(
                    Code::WrongValue,
                    span,
                    message,
                    "expected one number or more",
                ));
                None
            }
            DeValue::Array(_) if depth == 2 => {
                let message = format!("the start of {key} is nested too deep");
                let label = "expected a number: a matrix is an array of rows";
                self.mistakes
                    .push(Mistake::new(Code::Start, span, message, label));
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
                Some(Start::Setting(self.setting(key, value)?))
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

    fn setting(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Setting> {
        let span = value.span();
        let values = match value.get_ref() {
            DeValue::Array(items) if items.is_empty() => {
                let message = format!("{key} is an empty list");
                self.mistakes.push(Mistake::new(
                    Code::WrongValue,
                    span,
                    message,
                    "expected one value or more",
                ));
                return None;
            }
            DeValue::Array(items) => {
                let values: Vec<_> = items.iter().map(|item| self.value(key, item)).collect();
                Values::List(values.into_iter().collect::<Option<_>>()?)
            }
            DeValue::Table(table) => Values::Range(self.range(table, span.clone())?),
            _ => Values::One(self.value(key, value)?),
        };
        Some(Setting { values, span })
    }

    fn range(&mut self, table: &DeTable<'_>, span: Span) -> Option<Range> {
        let mut fields = self.table(table, Some(span), &RANGE);
        let log = take!(fields, "scale", Text).is_some_and(|scale| scale.value == "log");
        let from = take!(fields, "from", Number)?;
        let to = take!(fields, "to", Number)?;
        let count = take!(fields, "count", Whole)?;
        Some(Range {
            from,
            to,
            count,
            log,
        })
    }

    fn value(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<At<Value>> {
        let read = match value.get_ref() {
            DeValue::String(text) => Value::Name(text.clone().into_owned()),
            DeValue::Boolean(on) => Value::Switch(*on),
            DeValue::Integer(_) | DeValue::Float(_) => Value::Number(self.number(key, value)?),
            _ => {
                self.wrong_type(key, value, "a number, a name in quotes, true or false");
                return None;
            }
        };
        Some(At::new(read, value.span()))
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

    fn whole(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<u64> {
        let integer = value.get_ref().as_integer()?;
        let whole = u64::from_str_radix(integer.as_str(), integer.radix());
        // Beyond 2⁵³ whole numbers and f64 part ways.
        match whole.ok().filter(|whole| *whole <= 1 << 53) {
            Some(whole) => Some(whole),
            None => {
                let message = format!("{key} cannot be {integer}");
                let label = "expected a whole number from 0 to 2^53";
                self.mistakes
                    .push(Mistake::new(Code::WrongValue, value.span(), message, label));
                None
            }
        }
    }

    fn number(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Number> {
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
            self.mistakes.push(Mistake::new(
                Code::WrongValue,
                value.span(),
                message,
                "too large for a 64-bit number",
            ));
        }
        number
    }

    fn wrong_type(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("{key} cannot be {found}");
        self.mistakes.push(Mistake::new(
            Code::WrongType,
            value.span(),
            message,
            format!("expected {expected}"),
        ));
    }
}

/// Whether a key that the format does not name is one of the others: it holds
/// what they hold, or at least is not a known key misspelt.
fn can_be_other(name: &str, value: &Spanned<DeValue<'_>>, format: &Format, kind: Kind) -> bool {
    let fits = !matches!(kind, Kind::Table(_)) || value.get_ref().is_table();
    fits || nearest(name, format.keys.iter().map(|key| key.name)).is_none()
}

/// Whether a table that gives a start is a draw rather than a range.
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

/// A table as a message names it: as it is written, or in words.
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
