//! Plans, derivatives, test functions and methods as JSON objects, each on one line.

use serde::{Serialize, Serializer, ser::SerializeMap};

use gradtape_experiment::derivative::Row;
use gradtape_experiment::number::Scalar;
use gradtape_experiment::objective::catalogue::{
    Dimension, Gradient, Instance, Minimum, MinimumKind,
};
use gradtape_experiment::optimizer::{Convention, DefaultValue, Description};
use gradtape_experiment::plan::{Derivative, Objective, Plan, Run};

/// A planned run as a JSON object on one line: its number, label and settings.
#[must_use]
pub fn plan_object(plan: &Plan, run: &Run) -> String {
    serde_json::json!({
        "run": run.number,
        "label": plan.label(run),
        "settings": serde_json::to_value(Entries(plan.columns(), &run.settings)).unwrap_or_default(),
    })
    .to_string()
}

/// An objective as a JSON object on one line: its parsed formula, the named parts of it, and
/// its gradient as formulas, `null` if these are too long to read.
#[must_use]
pub fn objective_object(objective: &Objective) -> String {
    let function = &objective.function;
    let definitions: Vec<_> = function
        .definitions()
        .map(|(name, text)| (name, text.to_string()))
        .collect();
    let gradient = function.gradient_text().map(|text| {
        serde_json::json!({
            "names": serde_json::to_value(Pairs(&text.names)).unwrap_or_default(),
            "derivatives": serde_json::to_value(Pairs(&text.derivatives)).unwrap_or_default(),
        })
    });
    serde_json::json!({
        "objective": objective.name,
        "define": serde_json::to_value(Pairs(&definitions)).unwrap_or_default(),
        "formula": function.formula().to_string(),
        "gradient": gradient,
    })
    .to_string()
}

/// Names with texts as an object, in their order.
struct Pairs<'a, S>(&'a [(S, String)]);

impl<S: AsRef<str>> Serialize for Pairs<'_, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_map(self.0.iter().map(|(name, text)| (name.as_ref(), text)))
    }
}

/// A row of a derivative as a JSON object on one line, as in the `derivatives` of `report.json`.
#[must_use]
pub fn derivative_object(derivative: &Derivative, row: &Row) -> String {
    serde_json::to_string(&Point { derivative, row }).unwrap_or_default()
}

/// A planned derivative as a JSON object on one line.
#[must_use]
pub fn derivative_plan_object(derivative: &Derivative) -> String {
    let variables = derivative.variables();
    let by = derivative.with_respect_to.iter();
    let by: Vec<&String> = by.filter_map(|place| variables.get(*place)).collect();
    serde_json::json!({
        "derivative": derivative.name,
        "formula": derivative.formula,
        "points": derivative.points,
        "with_respect_to": by,
        "order": derivative.order,
        "columns": derivative.columns,
    })
    .to_string()
}

/// A test function with its points for a number of variables as a JSON object on one line. An
/// infinite end of the domain is `null`, since JSON has no infinity.
#[must_use]
pub fn function_object(instance: &Instance) -> String {
    let function = instance.function;
    let minimum = |minimum: &Minimum| {
        serde_json::json!({
            "at": minimum.at,
            "value": minimum.value,
            "precision": minimum.precision,
            "is_global": minimum.kind == MinimumKind::Global,
            "is_gradient_zero": minimum.gradient == Gradient::Zero,
            "note": minimum.note,
        })
    };
    let (all, least, multiple_of) = match function.dimension {
        Dimension::Fixed(dimension) => (Some(dimension), None, None),
        Dimension::AtLeast(least) => (None, Some(least), None),
        Dimension::MultipleOf(number) => (None, None, Some(number)),
    };
    serde_json::json!({
        "function": function.name,
        "aliases": function.aliases,
        "dimension": instance.dimension,
        "dimensions": { "only": all, "at_least": least, "multiple_of": multiple_of },
        "formula": function.formula,
        "definitions": function.definitions,
        "domain": instance.domain,
        "start": instance.start,
        "minima": instance.minima.iter().map(minimum).collect::<Vec<_>>(),
        "traits": instance.traits().map(|one| one.to_string()).collect::<Vec<_>>(),
        "about": function.about,
        "source": function.source,
    })
    .to_string()
}

/// A method or a schedule as a JSON object on one line, with its group.
#[must_use]
pub fn method_object(of: &Description, group: &str) -> String {
    let names = |conventions: &[Convention]| -> Vec<&'static str> {
        conventions.iter().map(|one| one.name()).collect()
    };
    let default = |value: DefaultValue| match value {
        DefaultValue::Number(number) => serde_json::json!(number),
        DefaultValue::Switch(on) => serde_json::json!(on),
        DefaultValue::Name(name) => serde_json::json!(name),
        DefaultValue::RunEpochs => serde_json::json!("epochs of the run"),
        DefaultValue::Required | DefaultValue::Absent => serde_json::Value::Null,
    };
    let settings = of.settings.iter().map(|setting| {
        let conventions = of.conventions.iter().filter_map(|convention| {
            let value = setting.default(*convention)?;
            let is_required = value == DefaultValue::Required;
            let of = serde_json::json!({ "default": default(value), "is_required": is_required });
            Some((convention.name().to_owned(), of))
        });
        serde_json::json!({
            "setting": setting.name,
            "expected": setting.domain.description(),
            "description": setting.description,
            "conventions": conventions.collect::<serde_json::Map<_, _>>(),
        })
    });
    let rules = of.rules.iter().map(|(conventions, rule)| {
        serde_json::json!({ "conventions": names(conventions), "rule": rule })
    });
    serde_json::json!({
        "name": of.name,
        "group": group,
        "title": of.title,
        "about": of.about,
        "conventions": names(of.conventions),
        "rules": rules.collect::<Vec<_>>(),
        "settings": settings.collect::<Vec<_>>(),
        "sources": of.sources,
    })
    .to_string()
}

/// A row of a derivative with the names of its columns.
pub(crate) struct Point<'a> {
    pub(crate) derivative: &'a Derivative,
    pub(crate) row: &'a Row,
}

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Point { derivative, row } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("derivative", &derivative.name)?;
        map.serialize_entry("point", &row.point)?;
        map.serialize_entry("precision", row.arithmetic.precision.name())?;
        map.serialize_entry("subnormals", row.arithmetic.subnormals_name())?;
        map.serialize_entry("at", &Columns(derivative.variables(), &row.at))?;
        map.serialize_entry("values", &Columns(&derivative.columns, &row.values))?;
        map.end()
    }
}

/// Names with their values.
struct Columns<'a>(&'a [String], &'a [Scalar]);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1))
    }
}

/// Names with the values that exist.
pub(crate) struct Entries<'a, T>(pub(crate) &'a [String], pub(crate) &'a [Option<T>]);

impl<T: Serialize> Serialize for Entries<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.iter().zip(self.1);
        serializer.collect_map(entries.filter_map(|(name, value)| Some((name, value.as_ref()?))))
    }
}
