//! The experiment file as a JSON Schema, for editors.
//!
//! The schema is generated from the same [description](crate::spec::Spec) that the
//! reader checks files against, and from the tables of methods, schedules and test functions.
//! A schema cannot detect errors that involve several places of a file, such as an unknown
//! name in a formula or a start of the wrong length; `runner plan` does.

use serde_json::{Map, Value, json};

use crate::objective::catalogue;
use crate::optimizer::schedule::ScheduleKind as Shape;
use crate::optimizer::{Convention, DefaultValue, Description, Method, Setting};
use crate::spec::json::{list, name, one_or_more, reference, swept};
use crate::spec::{
    CHART_KINDS, Chart, Draw, FORMATS, FileTable, Format, Key, KeyRule, Need, OF_DESCENTS,
    Objective, Optimizer, RangeTable, Schedule, Spec,
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
    if let Value::Object(of_file) = table(Spec::FORMAT) {
        root.extend(of_file);
    }
    let tables = FORMATS.iter().filter(|one| one.name != Spec::FORMAT.name);
    let tables = tables.map(|format| (name(format), table(format)));
    let values = [
        ("value", json!({ "type": ["number", "string", "boolean"] })),
        ("number", json!({ "type": "number" })),
        ("filter", filter()),
        ("start", start()),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value));
    let definitions: Map<String, Value> = tables.chain(values).collect();
    root.insert("$defs".to_owned(), Value::Object(definitions));
    format!("{:#}\n", Value::Object(root))
}

/// The schema of a table with its keys.
fn table(format: &Format) -> Value {
    let properties: Map<String, Value> = format
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), property(format, key)))
        .collect();
    let required = needed(format, Need::Required);
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
    let mut rules: Vec<_> = format.rules.iter().flat_map(|one| rule(*one)).collect();
    if format.name == Spec::FORMAT.name {
        let only_derivatives = json!({
            "required": ["derivative"],
            "not": any_of(OF_DESCENTS),
        });
        rules.extend([
            ("if", only_derivatives),
            ("then", json!(true)),
            (
                "else",
                json!({ "required": needed(format, Need::ForDescents) }),
            ),
        ]);
    } else if format.name == Optimizer::FORMAT.name {
        let methods = Method::ALL.iter().map(|method| method.description());
        rules.push(("allOf", each(format, "method", methods)));
    } else if format.name == Schedule::FORMAT.name {
        let shapes = Shape::ALL.iter().map(|shape| shape.description());
        rules.push(("allOf", each(format, "kind", shapes)));
    } else if format.name == Chart::FORMAT.name {
        let kinds = CHART_KINDS.iter().map(|(kind, own)| {
            let foreign = CHART_KINDS.iter().flat_map(|(_, keys)| *keys);
            let foreign = foreign.filter(|key| !own.contains(*key));
            let foreign: Map<String, Value> = foreign
                .map(|key| ((*key).to_owned(), json!(false)))
                .collect();
            when("kind", kind, &json!({ "properties": foreign }))
        });
        rules.push(("allOf", kinds.collect()));
    }
    rules
}

/// The keys of a table with this need.
fn needed(format: &Format, need: Need) -> Vec<&'static str> {
    let keys = format.keys.iter().filter(|key| key.need == need);
    keys.map(|key| key.name).collect()
}

/// For each value of a key, the settings that it has.
fn each(format: &Format, key: &str, values: impl Iterator<Item = &'static Description>) -> Value {
    values
        .map(|of| when(key, of.name, &settings(format, of)))
        .collect()
}

fn has(key: &str) -> Value {
    json!({ "required": [key] })
}

fn any_of(keys: &[&str]) -> Value {
    json!({ "anyOf": keys.iter().map(|key| has(key)).collect::<Vec<_>>() })
}

/// A rule of a table.
fn rule(rule: KeyRule) -> Vec<(&'static str, Value)> {
    let one = |key, value| vec![(key, value)];
    let needs = |keys: &[&str], other: &str| {
        let pairs = keys.iter().map(|key| ((*key).to_owned(), json!([other])));
        one("dependentRequired", Value::Object(pairs.collect()))
    };
    match rule {
        KeyRule::OneOf(keys) => one("oneOf", keys.iter().map(|key| has(key)).collect()),
        KeyRule::AnyOf(keys) => one("anyOf", any_of(keys)["anyOf"].clone()),
        KeyRule::OneKey => vec![("minProperties", json!(1)), ("maxProperties", json!(1))],
        KeyRule::MoreThan(key) => {
            let nothing = json!({ "maxProperties": 1, "required": [key] });
            vec![("minProperties", json!(1)), ("not", nothing)]
        }
        KeyRule::Needs(_, keys, other) => needs(keys, other),
        KeyRule::Requires(key, other) => needs(&[key], other),
        KeyRule::NotBoth(one_key, other) => one("not", json!({ "required": [one_key, other] })),
    }
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
        None => key.kind.schema(),
    };
    schema["description"] = json!(plain(key.description));
    schema
}

/// The schema of a key whose values are known more precisely than by their kind.
fn known(format: &Format, key: &Key) -> Option<Value> {
    let names = |names: Vec<&str>| json!({ "enum": names });
    let conventions = || names(Convention::ALL.iter().map(|one| one.name()).collect());
    Some(match key.name {
        "function" if format.name == Objective::FORMAT.name => {
            one_or_more_names(&names(catalogue::names().collect()))
        }
        "method" if format.name == Optimizer::FORMAT.name => {
            one_or_more_names(&names(Method::ALL.iter().map(|one| one.name()).collect()))
        }
        "convention" if format.name == Optimizer::FORMAT.name => one_or_more_names(&conventions()),
        "convention" if format.name == Schedule::FORMAT.name => conventions(),
        "kind" if format.name == Schedule::FORMAT.name => {
            names(Shape::ALL.iter().map(|one| one.name()).collect())
        }
        _ => return None,
    })
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
        "anyOf": [reference("number"), reference(&name(RangeTable::FORMAT)), reference(&name(Draw::FORMAT))],
    });
    json!({ "anyOf": [element, list(&element), list(&list(&element))] })
}

/// A description without Markdown marks, which editors show literally.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
