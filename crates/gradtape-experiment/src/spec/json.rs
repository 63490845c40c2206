//! Parts of JSON Schemas.

pub use serde_json::{Value as Json, json};

use super::format::Format;
use crate::number::{Domain, MAX_INTEGER};

pub fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// The name of the definition of a table: "chart" for `[[chart]]`, "range" for "a range".
#[must_use]
pub fn name(format: &Format) -> String {
    let name = format.name.trim_matches(['[', ']']);
    let name = name.strip_prefix("a ").unwrap_or(name);
    name.replace(' ', "_")
}

/// One value.
#[must_use]
pub fn value(of: Domain) -> Json {
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
        Domain::Whole => value(Domain::WholeBetween(0, MAX_INTEGER)),
        Domain::Count | Domain::Epochs => value(Domain::WholeBetween(1, MAX_INTEGER)),
        Domain::WholeBetween(least, greatest) => {
            json!({ "type": "integer", "minimum": least, "maximum": greatest })
        }
        Domain::Switch => json!({ "type": "boolean" }),
        Domain::Choice(choices) => json!({ "enum": choices }),
        Domain::Formula => json!({ "type": "string" }),
    }
}

/// One value, a list of values, or a range if they are numbers.
#[must_use]
pub fn swept(of: Domain) -> Json {
    let value = value(of);
    match of {
        Domain::Switch | Domain::Choice(_) | Domain::Formula => one_or_more(&value),
        _ => json!({ "anyOf": [value, list(&value), reference("range")] }),
    }
}

/// A non-empty list.
#[must_use]
pub fn list(of: &Json) -> Json {
    json!({ "type": "array", "items": of, "minItems": 1 })
}

#[must_use]
pub fn one_or_more(of: &Json) -> Json {
    json!({ "anyOf": [of, list(of)] })
}

#[must_use]
pub fn text() -> Json {
    json!({ "type": "string" })
}

/// A list of strings.
#[must_use]
pub fn names() -> Json {
    json!({ "type": "array", "items": text() })
}
