//! Tables of values and derivatives at points.

use std::collections::HashSet;

use super::Decider;
use super::function::{FormulaText, default_name};
use crate::mistake::{At, Code, Span, suggestion};
use crate::number::{counted, grouped};
use crate::objective::{self, Partial};
use crate::plan::derivatives::{Curve, Derivative, Expected, MAX_COLUMNS, MAX_POINTS, MAX_VALUES};
use crate::plan::grid::{Range, Series};
use crate::plan::{Chart, MAX_OPERATIONS, Scale, expectations};
use crate::spec::{self, MAX_ORDER, Map, Spec, Values};
use gradtape_tape::{Graph, Precision, Shape, Subnormals};

/// Maximum number of lines that each have their own colour.
const LINES: u64 = 10;

/// Maximum length of the part of a file name that comes from the name of a derivative.
const MAX_SLUG_LENGTH: usize = 60;

impl Decider<'_> {
    /// The derivatives, each evaluated in this number of arithmetics.
    pub(super) fn derivatives(&mut self, spec: &Spec, arithmetics: usize) -> Vec<Derivative> {
        self.distinct_names(
            spec.derivative.iter().filter_map(|one| one.name.as_ref()),
            "derivative",
        );
        let mut derivatives: Vec<Derivative> = Vec::new();
        let mut values: u64 = 0;
        for (place, written) in spec.derivative.iter().enumerate() {
            let Some(mut derivative) = self.derivative(written, place, spec) else {
                continue;
            };
            let given = spec.derivative.iter().filter_map(|one| one.name.as_ref());
            let mut taken = derivatives
                .iter()
                .map(|other| &other.name)
                .chain(given.map(|name| &name.value));
            if written.name.is_none() && taken.any(|name| *name == derivative.name) {
                derivative.name = format!("derivative {}", place + 1);
            }
            let rows = derivative.points.saturating_mul(arithmetics as u64);
            values = values.saturating_add(rows.saturating_mul(derivative.columns.len() as u64));
            if values > MAX_VALUES {
                let message = format!(
                    "{} values are too many: at most {}",
                    grouped(u128::from(values)),
                    grouped(u128::from(MAX_VALUES))
                );
                let help = "the number is the sum of points × columns over all `[[derivative]]` \
                            tables up to this one, for each precision and `subnormals`";
                self.advise(Code::TooLarge, &written.span, message, "", help);
                break;
            }
            derivatives.push(derivative);
        }
        derivatives
    }

    fn derivative(
        &mut self,
        written: &spec::Derivative,
        place: usize,
        spec: &Spec,
    ) -> Option<Derivative> {
        let none = Vec::new();
        let at = written.at.as_ref().unwrap_or(&none);
        let points = self.points(at);
        let order = order(written);
        let with_respect_to = self.with_respect_to(written, at);
        let function = self.function(&FormulaText {
            formula: written.formula.as_ref(),
            define: &written.define,
            constants: written.constants.iter().map(|(name, _)| name).collect(),
            table: "at",
            variables: at.iter().map(|(name, _)| name).collect(),
            shapes: vec![Shape::scalar(); at.len()],
            data: Vec::new(),
            has_variables: written.at.is_some(),
            is_column: &is_column,
            report: "table of derivatives",
            deed: "differentiated",
        });
        let expect = written.expect.as_ref();
        if let Some(expect) = expect.filter(|expect| expect.keys.is_empty()) {
            let message = "this expectation is empty";
            let help = "name a column, such as `\"df/dx\" = { equals = 2 }`";
            self.advise(Code::Expectation, &expect.span, message, "", help);
        }
        let by = with_respect_to.as_ref().map(|places| {
            let names = places.iter().filter_map(|place| at.get(*place));
            names.map(|(name, _)| name.value.clone()).collect()
        });
        let by: Vec<String> = by.unwrap_or_default();
        let partials = match (order, &with_respect_to) {
            (Some(order), Some(places)) => self.partials(written, places.len(), order),
            _ => None,
        };
        let names = |partials: &[Partial]| partials.iter().map(|one| one.name(&by)).collect();
        let columns: Option<Vec<String>> = partials.as_deref().map(names);
        let bounds = expect.map_or(&[][..], |expect| &expect.bounds);
        let expectations = self.expected(bounds, columns.as_deref(), &by, points);
        // Only now, so that all keys of the table have been checked.
        let (order, with_respect_to) = (order?, with_respect_to?);
        let (partials, columns) = (partials?, columns?);
        let (function, points) = (function?, points?);
        let formula = written.formula.as_ref()?;
        if !can_be_traced(&function, &with_respect_to, &partials) {
            let message = "the derivatives of this formula have too many operations";
            let label = format!("expected at most {}", grouped(MAX_OPERATIONS as u128));
            self.advise(
                Code::TooLarge,
                &formula.span,
                message,
                label,
                FEWER_DERIVATIVES_HELP,
            );
            return None;
        }
        let name = written.name.as_ref().map(|name| name.value.clone());
        let of = spec.derivative.len();
        let mut derivative = Derivative {
            name: name.unwrap_or_else(|| default_name(&formula.value, "derivative", place, of)),
            file: format!("derivative_{}", place + 1),
            formula: formula.value.clone(),
            function,
            constants: written
                .constants
                .iter()
                .map(|(_, number)| number.value)
                .collect(),
            with_respect_to,
            order,
            partials,
            columns,
            points,
            expectations,
            chart: None,
            at: at.iter().map(|(_, setting)| Series::new(setting)).collect(),
        };
        if let Some(slug) = written.name.as_ref().and_then(|name| slug(&name.value)) {
            derivative.file = format!("derivative_{slug}");
        }
        derivative.chart = curve(&derivative);
        Some(derivative)
    }

    /// The number of points, `None` if they are invalid.
    fn points(&mut self, at: &Map<spec::Setting>) -> Option<u64> {
        let before = self.mistakes.len();
        let mut several: Option<(&str, u64)> = None;
        for (name, setting) in at {
            let (length, span) = match &setting.values {
                Values::One(_) => continue,
                Values::List(values) => (values.len() as u64, &setting.span),
                Values::Range(range) => (range.count.value, &range.count.span),
            };
            if length > MAX_POINTS {
                let message = format!("{} points are too many", grouped(u128::from(length)));
                let label = format!("expected at most {}", grouped(u128::from(MAX_POINTS)));
                self.mistake(Code::TooLarge, span, message, label);
            }
            match several {
                None => several = Some((&name.value, length)),
                Some((first, expected)) if expected != length => {
                    let message = format!(
                        "`at` needs lists of the same length: `{first}` has {expected}, \
                         `{}` has {length}",
                        name.value
                    );
                    let label = format!("expected {}", counted(expected, "value"));
                    self.mistake(Code::Lengths, &setting.span, message, label);
                }
                Some(_) => {}
            }
        }
        let points = several.map_or(1, |(_, length)| length);
        (self.mistakes.len() == before).then_some(points)
    }

    fn with_respect_to(
        &mut self,
        written: &spec::Derivative,
        at: &Map<spec::Setting>,
    ) -> Option<Vec<usize>> {
        let Some(names) = &written.with_respect_to else {
            let is_misread = written.keys.has("with_respect_to");
            return (!is_misread).then(|| (0..at.len()).collect());
        };
        // Without points every variable would be unknown.
        written.at.as_ref()?;
        let before = self.mistakes.len();
        if names.is_empty() {
            let message = "`with_respect_to` is an empty list";
            self.mistake(
                Code::WrongValue,
                written
                    .keys
                    .place_of("with_respect_to")
                    .unwrap_or(&written.span),
                message,
                "expected at least one variable",
            );
        }
        let mut places: Vec<usize> = Vec::new();
        for name in names {
            let known = at.iter().map(|(known, _)| known.value.as_str());
            match known.clone().position(|known| known == name.value) {
                Some(place) if places.contains(&place) => {
                    let message = format!("`with_respect_to` names `{}` twice", name.value);
                    self.mistake(Code::NameTaken, &name.span, message, "duplicate");
                }
                Some(place) => places.push(place),
                None if self.misread.contains(&name.value) => return None,
                None => {
                    let message = format!("unknown variable `{}`", name.value);
                    let is_constant = |(known, _): &(At<String>, _)| known.value == name.value;
                    let label = if written.constants.iter().any(is_constant) {
                        "it is a constant; give it in `at` instead".to_owned()
                    } else {
                        suggestion(&name.value, "available variables", known)
                    };
                    self.mistake(Code::UnknownName, &name.span, message, label);
                }
            }
        }
        (self.mistakes.len() == before).then_some(places)
    }

    /// All derivatives up to an order, if they are not too many.
    fn partials(
        &mut self,
        written: &spec::Derivative,
        variables: usize,
        order: usize,
    ) -> Option<Vec<Partial>> {
        let count = Partial::count(variables, order);
        if count.is_some_and(|count| count <= MAX_COLUMNS) {
            return Some(Partial::up_to(variables, order));
        }
        let count = count.map_or("more than 2^64".to_owned(), |count| {
            grouped(u128::from(count))
        });
        let message = format!(
            "{count} columns are too many: at most {}",
            grouped(u128::from(MAX_COLUMNS))
        );
        let label = format!("order {order} in {} variables", grouped(variables as u128));
        let order = written.order.as_ref().map(|order| &order.span);
        let span: &Span = order.unwrap_or(&written.span);
        self.advise(Code::TooLarge, span, message, label, FEWER_DERIVATIVES_HELP);
        None
    }

    /// The expectations of columns; these are `None` where they are unknown.
    fn expected(
        &mut self,
        bounds: &[(At<String>, spec::PointsBound)],
        columns: Option<&[String]>,
        by: &[String],
        points: Option<u64>,
    ) -> Vec<Expected> {
        let mut all = Vec::new();
        for (name, bound) in bounds {
            let column = columns
                .unwrap_or_default()
                .iter()
                .position(|column| *column == name.value);
            if let (Some(columns), None, true) = (columns, column, self.misread.is_empty()) {
                let message = format!("unknown column `{}`", name.value);
                let label = match order_of(&name.value, by) {
                    Some(order) => format!("it needs `order = {order}`"),
                    None => {
                        let known = columns.iter().map(String::as_str);
                        suggestion(&name.value, "available columns", known)
                    }
                };
                self.mistake(Code::UnknownName, &name.span, message, label);
            }
            expectations::check_empty(&bound.keys, &bound.span, &mut self.mistakes);
            let tolerance = expectations::distances(&bound.ulps, &bound.abs, &bound.rel);
            let mut series = |key: &str, setting: &Option<spec::Setting>| {
                let setting = setting.as_ref()?;
                self.values(key, setting, points)?;
                Some(Series::new(setting))
            };
            let equals = series("equals", &bound.equals);
            let below = series("below", &bound.below);
            let above = series("above", &bound.above);
            if let Some(column) = column {
                all.push(Expected {
                    column,
                    equals: equals.map(|equals| (equals, tolerance)),
                    below,
                    above,
                });
            }
        }
        all
    }

    /// Checks expected values: a single one or one for each point.
    fn values(&mut self, key: &str, setting: &spec::Setting, points: Option<u64>) -> Option<()> {
        let (length, span) = match &setting.values {
            Values::One(_) => return Some(()),
            Values::List(values) => (values.len() as u64, &setting.span),
            Values::Range(range) => (range.count.value, &range.count.span),
        };
        // Invalid points are already reported.
        let expected = points?;
        if expected == length {
            return Some(());
        }
        let message = format!(
            "`{key}` has {} for {}",
            counted(length, "value"),
            counted(expected, "point")
        );
        let label = format!("expected a single value, or {expected}");
        self.mistake(Code::Lengths, span, message, label);
        None
    }
}

/// The order of differentiation; `None` if it was misread.
fn order(written: &spec::Derivative) -> Option<usize> {
    match &written.order {
        Some(order) => usize::try_from(order.value).ok(),
        None => (!written.keys.has("order")).then_some(1),
    }
}

/// The order of the derivative with this name, if there is one.
fn order_of(name: &str, by: &[String]) -> Option<usize> {
    let order = usize::try_from(MAX_ORDER).ok()?;
    let count = Partial::count(by.len(), order)?;
    let all = (count <= MAX_COLUMNS).then(|| Partial::up_to(by.len(), order))?;
    let found = all.iter().find(|partial| partial.name(by) == name);
    found.map(Partial::order)
}

/// The help for a derivative that is too large.
const FEWER_DERIVATIVES_HELP: &str = "name fewer variables in `with_respect_to`, or lower `order`";

/// Whether the columns of a derivative use this name.
fn is_column(name: &str) -> bool {
    ["f", "precision", "subnormals"].contains(&name)
}

/// Whether the derivatives can be recorded within bounds. The recording depends on
/// numbers only where they are constants of the formula, so its size is nearly the
/// same in any arithmetic.
fn can_be_traced(
    function: &objective::Objective,
    with_respect_to: &[usize],
    partials: &[Partial],
) -> bool {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let traced = function.derivatives(&graph, with_respect_to, partials, MAX_OPERATIONS);
    traced.is_some()
}

/// The chart of a derivative: over the only variable that varies, all columns up to
/// the highest order whose lines can be distinguished.
fn curve(derivative: &Derivative) -> Option<Curve> {
    let varying: Vec<usize> = (0..derivative.at.len())
        .filter(|variable| derivative.varies(*variable))
        .collect();
    let [x] = *varying.as_slice() else {
        return None;
    };
    let lines = |order: usize| Partial::count(derivative.with_respect_to.len(), order);
    let fits = |order: &usize| lines(*order).is_some_and(|lines| lines <= LINES);
    let order = (1..=derivative.order).take_while(fits).last().unwrap_or(0);
    let is_log = matches!(derivative.at[x], Series::Range(Range { log: true, from, .. }) if from.wide() > 0.0);
    let of_order = |partial: &&Partial| partial.order() <= order;
    Some(Curve {
        x,
        x_scale: if is_log { Scale::Log } else { Scale::Linear },
        columns: derivative.partials.iter().filter(of_order).count(),
        order,
    })
}

/// A name as part of a file name: lower-case letters and digits, `_` for all else,
/// so that files stay distinct on every system. `None` if nothing remains.
fn slug(name: &str) -> Option<String> {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("_").to_ascii_lowercase();
    slug.truncate(MAX_SLUG_LENGTH);
    (!slug.is_empty()).then_some(slug)
}

/// The derivatives, with a number in files that would have the name of an earlier one, or of a
/// chart.
pub(super) fn with_distinct_files(
    mut derivatives: Vec<Derivative>,
    charts: &[Chart],
) -> Vec<Derivative> {
    let charts = charts.iter().map(|chart| chart.file.to_ascii_lowercase());
    let mut taken: HashSet<String> = charts.collect();
    for derivative in &mut derivatives {
        let name = derivative.file.clone();
        let mut number = 2;
        while !taken.insert(derivative.file.clone()) {
            derivative.file = format!("{name}_{number}");
            number += 1;
        }
    }
    derivatives
}
