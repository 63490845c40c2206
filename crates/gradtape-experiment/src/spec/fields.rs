//! Builds a [`Spec`] from the fields of its tables.

use super::{
    Bound, Chart, Check, Clip, Data, Derivative, Draw, Expectation, Filter, Groups, Map, Minimum,
    Names, Numbers, Objective, Optimizer, Record, Schedule, Selection, Setting, Spec, Start, Stop,
    Style, Tolerance, Transform,
};
use crate::mistake::{At, Span};
use crate::number::Number;

/// The value of a key, by its [`Kind`].
pub(super) enum Field {
    Text(At<String>),
    Whole(At<u64>),
    Number(At<Number>),
    Switch(At<bool>),
    Setting(Setting),
    Names(At<Vec<At<String>>>),
    OneOrMoreNames(Names),
    Numbers(Numbers),
    Wholes(At<Vec<At<u64>>>),
    Start(Start),
    Selection(Selection),
    Map(Entries),
    Starts(Vec<At<Entries>>),
    Groups(Groups),
    Filter(At<Filter>),
    Filters(Vec<At<Filter>>),
    Table(Fields),
    Tables(Vec<Fields>),
}

/// The entries of a table whose keys are free.
pub(super) type Entries = Vec<(At<String>, Field)>;

/// A table with the keys that were read without a mistake.
pub(super) struct Fields {
    pub(super) span: Span,
    /// All keys, including wrong ones.
    pub(super) present: Vec<String>,
    pub(super) known: Vec<(&'static str, Field)>,
    /// Those that [`Format::others`] describes.
    pub(super) others: Entries,
}

/// The function that extracts the value from a field of this kind.
macro_rules! only {
    ($variant:ident) => {
        |field| match field {
            $crate::spec::fields::Field::$variant(value) => Some(value),
            _ => None,
        }
    };
}

/// Takes the field of a key out of [`Fields`], if it is there.
macro_rules! take {
    ($fields:ident, $key:literal, $variant:ident) => {
        $fields
            .take($key)
            .and_then($crate::spec::fields::only!($variant))
    };
}

pub(super) use {only, take};

impl Fields {
    pub(super) fn take(&mut self, key: &str) -> Option<Field> {
        let place = self.known.iter().position(|(known, _)| *known == key)?;
        Some(self.known.swap_remove(place).1)
    }

    /// The tables under a key, each read by `read`.
    fn tables<T>(&mut self, key: &str, read: fn(Fields) -> T) -> Vec<T> {
        let tables = self.take(key).and_then(only!(Tables)).unwrap_or_default();
        tables.into_iter().map(read).collect()
    }

    fn table(&mut self, key: &str) -> Option<Fields> {
        self.take(key).and_then(only!(Table))
    }
}

pub(super) fn spec(mut fields: Fields) -> Spec {
    Spec {
        title: take!(fields, "title", Text),
        description: take!(fields, "description", Text),
        epochs: take!(fields, "epochs", Setting),
        precision: take!(fields, "precision", Setting),
        subnormals: take!(fields, "subnormals", Setting),
        zip: take!(fields, "zip", Groups).unwrap_or_default(),
        seed: take!(fields, "seed", Whole),
        repetitions: take!(fields, "repetitions", Whole),
        objectives: fields.tables("objective", objective),
        optimizers: fields.tables("optimizer", optimizer),
        stop: fields.table("stop").map(stop).unwrap_or_default(),
        record: fields.table("record").map(record).unwrap_or_default(),
        charts: fields.tables("chart", chart),
        style: fields.table("style").map(style).unwrap_or_default(),
        expectations: fields.tables("expect", expectation),
        check: fields.table("check").map(check).unwrap_or_default(),
        derivatives: fields.tables("derivative", derivative),
        misread: Vec::new(),
    }
}

fn objective(mut fields: Fields) -> Objective {
    let starts = take!(fields, "start", Starts);
    Objective {
        name: take!(fields, "name", Text),
        formula: take!(fields, "formula", Text),
        function: take!(fields, "function", OneOrMoreNames),
        dimension: take!(fields, "dimension", Setting),
        has_start: starts.is_some(),
        starts: starts
            .unwrap_or_default()
            .into_iter()
            .map(|start| At::new(entries(Some(start.value), only!(Start)), start.span))
            .collect(),
        define: texts(take!(fields, "define", Map)),
        constants: settings(take!(fields, "constants", Map)),
        minimum: fields.table("minimum").and_then(minimum),
        transform: fields.table("transform").map(transform),
        data: fields.table("data").and_then(data),
        bounds: entries(take!(fields, "bounds", Map), only!(Numbers)),
        zip: take!(fields, "zip", Groups).unwrap_or_default(),
        keys: fields.present,
        span: fields.span,
    }
}

pub(super) fn draw(mut fields: Fields) -> Draw {
    Draw {
        uniform: take!(fields, "uniform", Numbers),
        normal: take!(fields, "normal", Numbers),
        value: take!(fields, "value", Number),
        length: take!(fields, "length", Whole),
        shape: take!(fields, "shape", Wholes),
        keys: fields.present,
        span: fields.span,
    }
}

fn minimum(mut fields: Fields) -> Option<Minimum> {
    let at = entries(take!(fields, "at", Map), only!(Numbers));
    Some(Minimum {
        at,
        value: take!(fields, "value", Number)?,
    })
}

fn transform(mut fields: Fields) -> Transform {
    Transform {
        shift: take!(fields, "shift", Numbers),
        rotate: take!(fields, "rotate", Whole),
        scale: take!(fields, "scale", Numbers),
        span: fields.span,
    }
}

fn data(mut fields: Fields) -> Option<Data> {
    Some(Data {
        columns: entries(take!(fields, "columns", Map), only!(OneOrMoreNames)),
        classes: take!(fields, "classes", Names).map_or_else(Vec::new, |names| names.value),
        standardize: take!(fields, "standardize", Names).map_or_else(Vec::new, |names| names.value),
        batch_size: take!(fields, "batch_size", Whole),
        validation: take!(fields, "validation", Number),
        span: fields.span.clone(),
        file: take!(fields, "file", Text)?,
    })
}

fn optimizer(mut fields: Fields) -> Optimizer {
    let has_schedule = fields.present.iter().any(|key| key == "schedule");
    Optimizer {
        name: take!(fields, "name", Text),
        method: take!(fields, "method", OneOrMoreNames),
        convention: take!(fields, "convention", OneOrMoreNames),
        schedules: fields.tables("schedule", schedule),
        has_schedule,
        clip: fields.table("clip").map(clip),
        zip: take!(fields, "zip", Groups).unwrap_or_default(),
        exclude: take!(fields, "exclude", Filters).unwrap_or_default(),
        settings: settings(Some(fields.others)),
        keys: fields.present,
        span: fields.span,
    }
}

fn schedule(mut fields: Fields) -> Schedule {
    Schedule {
        kind: take!(fields, "kind", Text),
        convention: take!(fields, "convention", Text),
        settings: settings(Some(fields.others)),
        keys: fields.present,
        span: fields.span,
    }
}

fn clip(fields: Fields) -> Clip {
    let limits = fields.known.into_iter();
    let limits = limits.filter_map(|(key, field)| Some((key, only!(Setting)(field)?)));
    Clip {
        limits: limits.collect(),
        keys: fields.present,
        span: fields.span,
    }
}

fn texts(map: Option<Entries>) -> Map<At<String>> {
    entries(map, only!(Text))
}

fn settings(map: Option<Entries>) -> Map<Setting> {
    entries(map, only!(Setting))
}

fn tables<T>(map: Option<Entries>, read: impl Fn(Fields) -> T) -> Map<T> {
    entries(map, |field| only!(Table)(field).map(&read))
}

fn entries<T>(map: Option<Entries>, read: impl Fn(Field) -> Option<T>) -> Map<T> {
    let entries = map.unwrap_or_default().into_iter();
    entries
        .filter_map(|(key, field)| Some((key, read(field)?)))
        .collect()
}

fn stop(mut fields: Fields) -> Stop {
    let min_delta = take!(fields, "min_delta", Number);
    let rules = fields.known.into_iter();
    let rules = rules.filter_map(|(key, field)| {
        let limit = match field {
            Field::Number(limit) => limit,
            #[expect(clippy::cast_precision_loss, reason = "integers are below 2^53")]
            Field::Whole(limit) => At::new(Number::from(limit.value as f64), limit.span),
            _ => return None,
        };
        Some((key, limit))
    });
    Stop {
        rules: rules.collect(),
        min_delta,
        keys: fields.present,
    }
}

fn record(mut fields: Fields) -> Record {
    Record {
        every: take!(fields, "every", Whole),
        points: take!(fields, "points", Whole),
        spacing: take!(fields, "spacing", Text),
        parameters: take!(fields, "parameters", Selection),
        keys: fields.present,
    }
}

fn chart(mut fields: Fields) -> Chart {
    Chart {
        kind: take!(fields, "kind", Text),
        y: take!(fields, "y", Text),
        x: take!(fields, "x", Text),
        value: take!(fields, "value", Text),
        x_scale: take!(fields, "x_scale", Text),
        y_scale: take!(fields, "y_scale", Text),
        value_scale: take!(fields, "value_scale", Text),
        band: take!(fields, "band", Text),
        objective: take!(fields, "objective", OneOrMoreNames),
        animate: take!(fields, "animate", Switch),
        profile: take!(fields, "profile", Text),
        tolerance: take!(fields, "tolerance", Number),
        targets: take!(fields, "targets", Numbers),
        title: take!(fields, "title", Text),
        file: take!(fields, "file", Text),
        runs: take!(fields, "runs", Filter),
        group_by: take!(fields, "group_by", Text),
        facet: take!(fields, "facet", Text),
        keys: fields.present,
        span: fields.span,
    }
}

fn style(mut fields: Fields) -> Style {
    Style {
        theme: take!(fields, "theme", Text),
        width: take!(fields, "width", Whole),
        height: take!(fields, "height", Whole),
        font: take!(fields, "font", Text),
        text_size: take!(fields, "text_size", Number),
    }
}

fn expectation(mut fields: Fields) -> Expectation {
    let others = std::mem::take(&mut fields.others);
    Expectation {
        runs: take!(fields, "runs", Filter),
        status: take!(fields, "status", Text),
        outcome: take!(fields, "outcome", Text),
        bounds: bounds(Some(others), only!(Numbers)),
        is_empty: fields.present.iter().all(|key| key == "runs"),
        span: fields.span,
    }
}

/// Bounds whose values `value` extracts from their fields.
fn bounds<V>(map: Option<Entries>, value: fn(Field) -> Option<V>) -> Map<Bound<V>> {
    tables(map, |fields| bound(fields, value))
}

fn bound<V>(mut fields: Fields, value: fn(Field) -> Option<V>) -> Bound<V> {
    let mut of = |key: &str| fields.take(key).and_then(value);
    Bound {
        equals: of("equals"),
        below: of("below"),
        above: of("above"),
        keys: std::mem::take(&mut fields.present),
        span: fields.span.clone(),
        tolerance: tolerance(fields),
    }
}

fn tolerance(mut fields: Fields) -> Tolerance {
    Tolerance {
        ulps: take!(fields, "ulps", Whole),
        abs: take!(fields, "abs", Number),
        rel: take!(fields, "rel", Number),
        span: fields.span,
    }
}

fn check(mut fields: Fields) -> Check {
    Check {
        default: fields.table("default").map(tolerance),
        trajectory: take!(fields, "trajectory", Switch),
        quantities: tables(Some(fields.others), tolerance),
    }
}

fn derivative(mut fields: Fields) -> Derivative {
    let expect = fields.table("expect");
    Derivative {
        empty_expect: expect
            .as_ref()
            .filter(|expect| expect.present.is_empty())
            .map(|expect| expect.span.clone()),
        name: take!(fields, "name", Text),
        formula: take!(fields, "formula", Text),
        at: take!(fields, "at", Map).map(|at| settings(Some(at))),
        with_respect_to: take!(fields, "with_respect_to", Names),
        order: take!(fields, "order", Whole),
        define: texts(take!(fields, "define", Map)),
        constants: entries(take!(fields, "constants", Map), only!(Number)),
        bounds: bounds(expect.map(|expect| expect.others), only!(Setting)),
        keys: fields.present,
        span: fields.span,
    }
}
