//! The experiment file as a JSON Schema, for editors.
//!
//! The schema is generated from the same [description](crate::spec::EXPERIMENT) that the
//! reader checks files against, and from the tables of methods, schedules and test functions.
//! A schema cannot detect errors that involve several places of a file, such as an unknown
//! name in a formula or a start of the wrong length; `runner plan` does.

use serde_json::{Map, Value, json};

use crate::number::{Domain, MAX_INTEGER};
use crate::objective::catalogue;
use crate::optimizer::schedule::Kind as Shape;
use crate::optimizer::{Convention, DefaultValue, Description, Method, Setting};
use crate::spec::{
    BOUND, CHART, CHART_KINDS, CLIP, DRAW, EXPECT, EXPERIMENT, FORMATS, Format, Key, Kind, Need,
    OBJECTIVE, OF_DESCENTS, OPTIMIZER, POINTS_BOUND, RANGE, RECORD, SCHEDULE, STOP,
};

/// The JSON Schema (draft 2020-12) of an experiment file, as text that ends with a line end.
///
/// # Examples
///
/// ```
/// let schema = gradtape_experiment::schema::json_schema();
/// assert!(schema.contains("\"$schema\": \"https://json-schema.org/draft/2020-12/schema\""));
/// assert!(schema.contains("\"learning_rate\""));
/// ```
#[must_use]
pub fn json_schema() -> String {
    let mut root = Map::new();
    let mut put = |key: &str, value: Value| root.insert(key.to_owned(), value);
    put(
        "$schema",
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    put("title", json!("gradtape experiment"));
    if let Value::Object(of_file) = table(&EXPERIMENT) {
        root.extend(of_file);
    }
    let definitions = FORMATS.iter().filter(|one| !is(one, &EXPERIMENT));
    let definitions = definitions.map(|format| (name(format), table(format)));
    let values = [
        ("value", json!({ "type": ["number", "string", "boolean"] })),
        ("number", json!({ "type": "number" })),
        ("filter", filter()),
        ("start", start()),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value));
    let definitions: Map<String, Value> = definitions.chain(values).collect();
    root.insert("$defs".to_owned(), Value::Object(definitions));
    format!("{:#}\n", Value::Object(root))
}

fn is(one: &Format, other: &Format) -> bool {
    std::ptr::eq(one, other)
}

/// The name of the definition of a table: "chart" for `[[chart]]`, "range" for "a range".
fn name(format: &Format) -> String {
    let name = format.name.trim_matches(['[', ']']);
    let name = name.strip_prefix("a ").unwrap_or(name);
    name.replace(' ', "_")
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The schema of a table with its keys.
fn table(format: &Format) -> Value {
    let keys = format.keys.iter();
    let properties = keys
        .clone()
        .map(|key| (key.name.to_owned(), property(format, key)));
    let properties: Map<String, Value> = properties.collect();
    let required = keys.filter(|key| key.need == Need::Required);
    let required: Vec<&str> = required.map(|key| key.name).collect();
    let others = match format.others {
        None => json!(false),
        Some(key) => property(format, key),
    };
    let mut schema = json!({
        "type": "object",
        "description": plain(format.description),
        "properties": properties,
        "additionalProperties": others,
    });
    if let (Value::Object(schema), false) = (&mut schema, required.is_empty()) {
        schema.insert("required".to_owned(), json!(required));
    }
    for (key, value) in rules(format) {
        schema[key] = value;
    }
    schema
}

/// The rules between the keys of a table.
fn rules(format: &Format) -> Vec<(&'static str, Value)> {
    let has = |key: &str| json!({ "required": [key] });
    if is(format, &EXPERIMENT) {
        let of_descents = OF_DESCENTS.iter().map(|key| has(key));
        let needed = format.keys.iter();
        let needed = needed.filter(|key| key.need == Need::ForDescents);
        let needed: Vec<&str> = needed.map(|key| key.name).collect();
        let only_derivatives = json!({
            "required": ["derivative"],
            "not": { "anyOf": of_descents.collect::<Vec<_>>() },
        });
        return vec![
            ("if", only_derivatives),
            ("then", json!(true)),
            ("else", json!({ "required": needed })),
        ];
    }
    let needs = |keys: &[&str], other: &str| {
        let pairs = keys.iter().map(|key| ((*key).to_owned(), json!([other])));
        ("dependentRequired", Value::Object(pairs.collect()))
    };
    let not_both = |one: &str, other: &str| ("not", json!({ "required": [one, other] }));
    if is(format, &OBJECTIVE) {
        let one_of = json!([has("formula"), has("function")]);
        return vec![("oneOf", one_of), needs(&["formula"], "start")];
    }
    if is(format, &DRAW) {
        let one_of = json!([has("uniform"), has("normal"), has("value")]);
        return vec![("oneOf", one_of), not_both("length", "shape")];
    }
    if is(format, &RECORD) {
        return vec![needs(&["spacing"], "points"), not_both("every", "points")];
    }
    if is(format, &STOP) {
        return vec![needs(&["min_delta"], "patience")];
    }
    if is(format, &CLIP) {
        return vec![("minProperties", json!(1)), ("maxProperties", json!(1))];
    }
    if is(format, &BOUND) || is(format, &POINTS_BOUND) {
        let any_of = json!([has("equals"), has("below"), has("above")]);
        return vec![("anyOf", any_of), needs(&["ulps", "abs", "rel"], "equals")];
    }
    if is(format, &EXPECT) {
        // An expectation needs a condition.
        let nothing = json!({ "maxProperties": 1, "required": ["runs"] });
        return vec![("minProperties", json!(1)), ("not", nothing)];
    }
    if is(format, &OPTIMIZER) {
        let methods = Method::ALL.iter().map(|method| method.description());
        let methods = methods.map(|of| when("method", of.name, &settings(format, of)));
        return vec![("allOf", methods.collect())];
    }
    if is(format, &SCHEDULE) {
        let shapes = Shape::ALL.iter().map(|shape| shape.description());
        let shapes = shapes.map(|of| when("kind", of.name, &settings(format, of)));
        return vec![("allOf", shapes.collect())];
    }
    if is(format, &CHART) {
        let kinds = CHART_KINDS.iter().map(|(kind, own)| {
            let foreign = CHART_KINDS.iter().flat_map(|(_, keys)| *keys);
            let foreign = foreign.filter(|key| !own.contains(*key));
            let foreign: Map<String, Value> = foreign
                .map(|key| ((*key).to_owned(), json!(false)))
                .collect();
            when("kind", kind, &json!({ "properties": foreign }))
        });
        return vec![("allOf", kinds.collect())];
    }
    Vec::new()
}

/// The rule that `then` applies where a key has a value.
fn when(key: &str, value: &str, then: &Value) -> Value {
    json!({
        "if": { "properties": { key: { "const": value } }, "required": [key] },
        "then": then,
    })
}

/// The settings of a method or a schedule, along with the keys that all have.
fn settings(format: &Format, of: &Description) -> Value {
    let keys = format
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), json!(true)));
    let settings = of.settings.iter().map(|setting| {
        let mut schema = swept(setting.domain);
        schema["description"] = json!(setting.description);
        (setting.name.to_owned(), schema)
    });
    let properties: Map<String, Value> = keys.chain(settings).collect();
    // Settings without a default in any convention.
    let is_required = |setting: &&Setting| {
        let mut conventions = of.conventions.iter();
        conventions.all(|one| setting.default(*one) == Some(DefaultValue::Required))
    };
    let required = of.settings.iter().filter(is_required);
    let required: Vec<&str> = required.map(|setting| setting.name).collect();
    json!({ "properties": properties, "additionalProperties": false, "required": required })
}

/// One value of a setting.
fn domain(of: Domain) -> Value {
    match of {
        Domain::Any => reference("value"),
        Domain::Float | Domain::Number | Domain::Finite => json!({ "type": "number" }),
        Domain::Positive => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Domain::NotNegative | Domain::Distance | Domain::Rates => {
            json!({ "type": "number", "minimum": 0 })
        }
        Domain::NotPositive => json!({ "type": "number", "maximum": 0 }),
        Domain::Share => json!({ "type": "number", "minimum": 0, "exclusiveMaximum": 1 }),
        Domain::Unit => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Domain::Fraction => {
            json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 })
        }
        Domain::AboveOne => json!({ "type": "number", "exclusiveMinimum": 1 }),
        Domain::AtLeastOne => json!({ "type": "number", "minimum": 1 }),
        Domain::Between(least, greatest) => {
            json!({ "type": "number", "minimum": least, "maximum": greatest })
        }
        Domain::Whole => domain(Domain::WholeBetween(0, MAX_INTEGER)),
        Domain::Count | Domain::Epochs => domain(Domain::WholeBetween(1, MAX_INTEGER)),
        Domain::WholeBetween(least, greatest) => {
            json!({ "type": "integer", "minimum": least, "maximum": greatest })
        }
        Domain::Switch => json!({ "type": "boolean" }),
        Domain::Choice(choices) => json!({ "enum": choices }),
        Domain::Formula => json!({ "type": "string" }),
    }
}

/// One value, a list of values, or a range if they are numbers.
fn swept(of: Domain) -> Value {
    let value = domain(of);
    match of {
        Domain::Switch | Domain::Choice(_) | Domain::Formula => one_or_more(&value),
        _ => json!({ "anyOf": [value, list(&value), reference(&name(&RANGE))] }),
    }
}

/// A non-empty list.
fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of, "minItems": 1 })
}

fn one_or_more(of: &Value) -> Value {
    json!({ "anyOf": [of, list(of)] })
}

/// A name, or a list of distinct names.
fn one_or_more_names(of: &Value) -> Value {
    let mut list = list(of);
    list["uniqueItems"] = json!(true);
    json!({ "anyOf": [of, list] })
}

/// The schema of a key of a table.
fn property(format: &Format, key: &Key) -> Value {
    let mut schema = match known(format, key) {
        Some(schema) => schema,
        None => kind(key.kind),
    };
    schema["description"] = json!(plain(key.description));
    schema
}

/// The schema of a key whose values are known more precisely than by their kind.
fn known(format: &Format, key: &Key) -> Option<Value> {
    let names = |names: Vec<&str>| json!({ "enum": names });
    let conventions = || names(Convention::ALL.iter().map(|one| one.name()).collect());
    Some(match key.name {
        "function" if is(format, &OBJECTIVE) => {
            one_or_more_names(&names(catalogue::names().collect()))
        }
        "method" if is(format, &OPTIMIZER) => {
            one_or_more_names(&names(Method::ALL.iter().map(|one| one.name()).collect()))
        }
        "convention" if is(format, &OPTIMIZER) => one_or_more_names(&conventions()),
        "convention" if is(format, &SCHEDULE) => conventions(),
        "kind" if is(format, &SCHEDULE) => names(Shape::ALL.iter().map(|one| one.name()).collect()),
        _ => return None,
    })
}

fn kind(kind: Kind) -> Value {
    let text = json!({ "type": "string" });
    match kind {
        Kind::Text => text,
        Kind::Whole(of) | Kind::Number(of) => domain(of),
        Kind::Switch => domain(Domain::Switch),
        Kind::Choice(choices) => domain(Domain::Choice(choices)),
        Kind::Setting(of) => swept(of),
        Kind::Names => json!({ "type": "array", "items": text }),
        Kind::Groups => {
            let names = json!({ "type": "array", "items": text });
            json!({ "anyOf": [names, { "type": "array", "items": names }] })
        }
        Kind::OneOrMoreNames => one_or_more(&text),
        Kind::Numbers(of) => list(&domain(of)),
        Kind::OneOrMoreNumbers(of) | Kind::Wholes(of) => one_or_more(&domain(of)),
        Kind::Selection => json!({
            "anyOf": [{ "enum": ["all", "none"] }, { "type": "array", "items": text }],
        }),
        Kind::Map(of) => json!({ "type": "object", "additionalProperties": self::kind(*of) }),
        Kind::Start => json!({ "allOf": [reference("start")] }),
        Kind::Starts => one_or_more(&json!({
            "type": "object",
            "additionalProperties": reference("start"),
        })),
        Kind::Filter => json!({ "allOf": [reference("filter")] }),
        Kind::Filters => one_or_more(&reference("filter")),
        // Older validators ignore everything next to a reference.
        Kind::Table(format) => json!({ "allOf": [reference(&name(format))] }),
        Kind::Tables(format) => list(&reference(&name(format))),
        Kind::OneOrMoreTables(format) => one_or_more(&reference(&name(format))),
    }
}

/// A table of settings with their values, including one level of tables for `schedule` and
/// the like, or a condition as a string.
fn filter() -> Value {
    let values = one_or_more(&reference("value"));
    let of_group = json!({ "type": "object", "additionalProperties": values });
    json!({
        "anyOf": [
            { "type": "string" },
            {
                "type": "object",
                "additionalProperties": { "anyOf": [values, of_group] },
            },
        ],
    })
}

/// A number, a range or a generated start, an array of those, or an array of arrays.
fn start() -> Value {
    let element = json!({
        "anyOf": [reference("number"), reference(&name(&RANGE)), reference(&name(&DRAW))],
    });
    json!({ "anyOf": [element, list(&element), list(&list(&element))] })
}

/// A description without Markdown marks, which editors show literally.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
