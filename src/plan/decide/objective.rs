//! What is minimised.

use std::collections::{HashMap, HashSet};

use super::function::{Written, default_name};
use super::start::{Given, customary, in_words};
use super::{Decider, each_once, named, shortened};
use crate::autodiff::{ArrayGraph, Graph, Node, Shape, Subnormals, Var};
use crate::data::Dataset;
use crate::mistake::{At, Mistake, Span, nearest, suggestion};
use crate::number::{Value, grouped};
use crate::objective::catalogue::{self, Instance};
use crate::objective::{self, GREATEST_ROTATION, Transform};
use crate::optimizer::{Epoch, Method, Rule};
use crate::plan::grid::{Grid, Series};
use crate::plan::{
    Ends, GREATEST_ARRAY_OPERATIONS, GREATEST_ELEMENTS, GREATEST_OBJECTIVES, GREATEST_OPERATIONS,
    GREATEST_VARIABLES, Objective, Plan, Start,
};
use crate::spec::{self, Map, Spec, Values};

/// Names that the columns of a report use for something else.
const COLUMN_NAMES: &[&str] = &[
    "run",
    "label",
    "epoch",
    "epochs",
    "epochs_run",
    "status",
    "reason",
    "precision",
    "subnormals",
    "objective",
    "optimizer",
    "method",
    "start",
    "loss",
    "gradient_norm",
    "gap",
    "best_loss",
    "best_epoch",
    "dimension",
    "repetition",
    "validation_loss",
];

/// A function of the catalogue with its number of variables, or the formula of the file.
enum Source<'a> {
    Formula,
    Catalogue(&'a At<String>, Instance, Option<u64>),
}

impl Decider<'_> {
    pub(super) fn objectives(&mut self, spec: &Spec) -> Vec<Objective> {
        self.distinct_names(
            spec.objectives.iter().filter_map(|one| one.name.as_ref()),
            "objective",
        );
        let mut objectives: Vec<Objective> = Vec::new();
        for (place, written) in spec.objectives.iter().enumerate() {
            let sources = self.sources(written);
            if objectives.len() + sources.len() > GREATEST_OBJECTIVES {
                let message = "the functions and dimensions make too many objectives";
                let label = format!("expected at most {GREATEST_OBJECTIVES} in all");
                self.mistake(&written.span, message, label);
                break;
            }
            for source in &sources {
                let of = spec.objectives.len();
                let Some(mut objective) = self.objective(written, source, place, of) else {
                    continue;
                };
                objective.table = place;
                let is_twin = |other: &&Objective| {
                    other.name == objective.name && other.dimension == objective.dimension
                };
                let twins = objectives.iter().filter(is_twin).count();
                if twins > 0 && matches!(source, Source::Catalogue(..)) {
                    objective.name = format!("{} {}", objective.name, twins + 1);
                }
                objectives.push(objective);
            }
        }
        objectives
    }

    /// The functions that a table is about; none if it is wrong.
    fn sources<'w>(&mut self, written: &'w spec::Objective) -> Vec<Source<'w>> {
        let has = |key: &str| written.keys.iter().any(|known| known == key);
        let Some(names) = &written.function else {
            if !has("formula") && !has("function") {
                let message = "`[[objective]]` has no `formula` and no `function`";
                let mistake = Mistake::new(written.span.clone(), message, "");
                let help = "give a formula with a `start`, or the name of a test function: \
                            `runner functions` lists them";
                self.mistakes.push(mistake.help(help));
            }
            if let Some(dimension) = &written.dimension {
                let message = "`dimension` needs a `function`";
                let label = "the variables of a formula have the lengths of their starts";
                self.mistake(&dimension.span, message, label);
            }
            return vec![Source::Formula];
        };
        for (key, span) in [
            ("formula", written.formula.as_ref().map(|text| &text.span)),
            ("define", written.define.first().map(|(name, _)| &name.span)),
            (
                "constants",
                written.constants.first().map(|(name, _)| &name.span),
            ),
            ("data", written.data.as_ref().map(|data| &data.span)),
        ] {
            if let Some(span) = span {
                let message = format!("`function` and `{key}` exclude each other");
                let label = "a test function has a formula of its own";
                self.mistake(span, message, label);
            }
        }
        if let (Some(name), true) = (&written.name, names.list.len() > 1) {
            let message = "one name for several functions";
            let label = "leave it out: each has its own, or give each a table";
            self.mistake(&name.span, message, label);
        }
        let dimensions = self.dimensions(written);
        let mut sources = Vec::new();
        for name in &names.list {
            let Some(function) = catalogue::Function::named(&name.value) else {
                let message = format!("unknown test function `{}`", name.value);
                let mistake = match nearest(&name.value, catalogue::names()) {
                    Some(near) => {
                        let label = format!("did you mean `{near}`?");
                        Mistake::new(name.span.clone(), message, label)
                    }
                    None => Mistake::new(name.span.clone(), message, "no function has this name")
                        .help("`runner functions` lists them"),
                };
                self.mistakes.push(mistake);
                continue;
            };
            for dimension in &dimensions {
                let dimension = dimension.or_else(|| started_dimension(written));
                let count = dimension.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
                match function.instance(count) {
                    Ok(instance) => {
                        let shown = dimension.filter(|_| written.dimension.is_some());
                        sources.push(Source::Catalogue(name, instance, shown));
                    }
                    Err(error) => {
                        let place = written.dimension.as_ref().map(|one| &one.span);
                        let start = written.starts.first().map(|start| &start.span);
                        let span = place.or(start).unwrap_or(&name.span);
                        let label = format!("expected {}", error.expected);
                        self.mistake(span, error.to_string(), label);
                    }
                }
            }
        }
        sources
    }

    /// What the file gives as dimensions; one that is not given is `None`.
    fn dimensions(&mut self, written: &spec::Objective) -> Vec<Option<u64>> {
        let Some(setting) = &written.dimension else {
            return vec![None];
        };
        let expected = format!(
            "expected a whole number from 1 to {}",
            grouped(GREATEST_VARIABLES as u128)
        );
        #[expect(
            clippy::cast_precision_loss,
            reason = "the greatest number of variables is small"
        )]
        let is_whole = |value: &Value| {
            value.number().is_some_and(|number| {
                let wide = number.wide();
                (1.0..=GREATEST_VARIABLES as f64).contains(&wide) && libm::floor(wide) == wide
            })
        };
        if let Values::Range(range) = &setting.values
            && range.count.value > GREATEST_OBJECTIVES as u64
        {
            let message = "each dimension is an objective of its own";
            let label = format!("expected at most {GREATEST_OBJECTIVES}");
            self.mistake(&range.count.span, message, label);
            return Vec::new();
        }
        if self
            .domain("dimension", setting, &expected, is_whole)
            .is_none()
        {
            return Vec::new();
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "every value was checked to be whole and small"
        )]
        let whole = |value: Value| value.number().map(|n| n.wide().round_ties_even() as u64);
        Series::new(setting).iter().map(whole).collect()
    }

    fn objective(
        &mut self,
        written: &spec::Objective,
        source: &Source<'_>,
        place: usize,
        of: usize,
    ) -> Option<Objective> {
        match source {
            Source::Formula => self.formula_objective(written, place, of),
            Source::Catalogue(name, instance, dimension) => {
                self.catalogue_objective(written, name, instance, *dimension)
            }
        }
    }

    fn formula_objective(
        &mut self,
        written: &spec::Objective,
        place: usize,
        of: usize,
    ) -> Option<Objective> {
        let names = written.starts.iter().flat_map(|start| &start.value);
        let names: Vec<&At<String>> = names.map(|(name, _)| name).collect();
        let variables = each_once(names.iter().map(|name| name.value.as_str()));
        // Each start is compared with all variables, so their number comes first.
        let starts = if variables.len() <= GREATEST_VARIABLES {
            self.starts(written, &variables, None)
        } else {
            None
        };
        for (name, setting) in &written.constants {
            self.finite(&name.value, setting);
        }
        let data = match &written.data {
            Some(data) => Some(self.data(data, place)?),
            None => None,
        };
        let first = starts.as_ref().and_then(|starts| starts.first());
        let shapes = match first {
            Some(first) => first.iter().map(|given| given.shape.clone()).collect(),
            // What is wrong with the starts was told; the formula is looked at by form.
            None if written.has_start && written.starts.iter().all(are_numbers) => {
                vec![Shape::scalar(); variables.len()]
            }
            None if !written.has_start => Vec::new(),
            None => return None,
        };
        if let Some(minimum) = &written.minimum {
            self.minimum(minimum, &variables);
        }
        let is_given = written.keys.iter().any(|key| key == "start");
        if !is_given && written.formula.is_some() {
            let mistake = Mistake::new(written.span.clone(), "`[[objective]]` has no `start`", "");
            let help = "`start`: the first value of each variable";
            self.mistakes.push(mistake.help(help));
        }
        let texts = Written {
            formula: written.formula.as_ref(),
            define: &written.define,
            constants: written.constants.iter().map(|(name, _)| name).collect(),
            table: "start",
            variables: names,
            shapes,
            data: data_names(written, data.as_ref()),
            has_variables: written.has_start,
            is_column,
            report: "report",
            deed: "optimised",
        };
        let function = self.function(&texts)?;
        if let Some(data) = &data {
            self.fits_parts(&texts, &function, data)?;
        }
        let formula = &written.formula.as_ref()?.value;
        let name = written.name.as_ref().map(|name| name.value.clone());
        let minimum = written.minimum.as_ref();
        let minimum_at = minimum.and_then(|minimum| self.minimum_at(minimum, &function));
        let mut objective = Objective {
            name: name.unwrap_or_else(|| default_name(formula, "objective", place, of)),
            formula: formula.clone(),
            minimum: minimum.map(|minimum| minimum.value.value),
            minimum_at,
            dimension: None,
            data,
            table: place,
            constants: self.grid(named(&written.constants), &[]),
            start_ends: Ends::default(),
            starts: Vec::new(),
            function,
        };
        self.finish(written, &mut objective, starts?)?;
        Some(objective)
    }

    fn catalogue_objective(
        &mut self,
        written: &spec::Objective,
        name: &At<String>,
        instance: &Instance,
        dimension: Option<u64>,
    ) -> Option<Objective> {
        let names = instance.variables.iter().map(|(name, _)| name.clone());
        let variables: Vec<String> = names.collect();
        let known = written.starts.iter().flat_map(|start| &start.value);
        let before = self.mistakes.len();
        for (given, _) in known {
            if !variables.contains(&given.value) {
                let message = format!("`{}` has no variable `{}`", name.value, given.value);
                let known = variables.iter().map(String::as_str);
                let label = suggestion(&given.value, "its variables are", known);
                self.mistake(&given.span, message, label);
            }
        }
        if self.mistakes.len() > before {
            return None;
        }
        let starts = if written.has_start {
            self.starts(written, &variables, Some(&instance.variables))?
        } else {
            let mut rest = &instance.start[..];
            let each = instance.variables.iter().map(|(_, shape)| {
                let (own, others) = rest.split_at(shape.elements().unwrap_or(0).min(rest.len()));
                rest = others;
                customary(shape, own)
            });
            vec![each.collect()]
        };
        if let Some(minimum) = &written.minimum {
            self.minimum(minimum, &variables);
        }
        let function = instance.objective();
        let known = instance.minima.first();
        let minimum_at = match &written.minimum {
            Some(minimum) => self.minimum_at(minimum, &function),
            None => known.map(|known| known.at.clone()),
        };
        let mut objective = Objective {
            name: written
                .name
                .as_ref()
                .map_or_else(|| name.value.clone(), |name| name.value.clone()),
            formula: instance.function.formula.to_owned(),
            minimum: match &written.minimum {
                Some(minimum) => Some(minimum.value.value),
                None => known.map(|known| known.value.into()),
            },
            minimum_at,
            dimension,
            data: None,
            table: 0,
            constants: Grid::default(),
            start_ends: Ends::default(),
            starts: Vec::new(),
            function,
        };
        self.finish(written, &mut objective, starts)?;
        Some(objective)
    }

    /// Puts the starts into an objective whose function is known, and transforms it.
    fn finish(
        &mut self,
        written: &spec::Objective,
        objective: &mut Objective,
        starts: Vec<Vec<Given>>,
    ) -> Option<()> {
        let names = objective.function.parameters().to_vec();
        for start in starts {
            let mut settings = Vec::new();
            let mut parts = Vec::new();
            let mut first = 0;
            for given in start {
                let count = given.shape.elements().unwrap_or(0);
                let own = names.get(first..first + count).unwrap_or(&[]);
                let named = own.iter().zip(given.settings);
                settings.extend(named.map(|(name, (series, span))| (name.clone(), series, span)));
                parts.push(given.part);
                first += count;
            }
            let grid = self.grid(settings, &[]);
            objective.starts.push(Start { grid, parts });
        }
        let counts = objective.starts.iter().map(|start| start.grid.count());
        objective.start_ends = Ends::new(counts);
        if let Some(transform) = &written.transform {
            let centre = objective.minimum_at.clone();
            let centre = centre.unwrap_or_else(|| vec![0.0; names.len()]);
            let transform = self.transform(transform, &centre)?;
            objective.minimum_at = objective
                .minimum_at
                .as_ref()
                .map(|at| transform.inverse(at));
            objective.function = objective.function.clone().with_transform(transform);
        }
        Some(())
    }

    /// The starts of each table, in the order of `variables`.
    fn starts(
        &mut self,
        written: &spec::Objective,
        variables: &[String],
        demanded: Option<&[(String, Shape)]>,
    ) -> Option<Vec<Vec<Given>>> {
        let before = self.mistakes.len();
        let mut shapes: HashMap<String, Shape> = HashMap::new();
        for (name, shape) in demanded.unwrap_or(&[]) {
            shapes.insert(name.clone(), shape.clone());
        }
        let mut starts = Vec::new();
        for start in &written.starts {
            let given: HashMap<&str, &spec::Start> = start
                .value
                .iter()
                .map(|(name, given)| (name.value.as_str(), given))
                .collect();
            let mut each = Vec::new();
            for variable in variables {
                let Some(written) = given.get(variable.as_str()) else {
                    let message = format!("this start has no value for `{variable}`");
                    let label = format!("expected `{variable} = …` as in the other starts");
                    self.mistake(&start.span, message, label);
                    continue;
                };
                let shape = shapes.get(variable).cloned();
                if let Some(given) = self.given(variable, written, shape.as_ref()) {
                    shapes.insert(variable.clone(), given.shape.clone());
                    each.push(given);
                }
            }
            starts.push(each);
        }
        (self.mistakes.len() == before).then_some(starts)
    }

    fn minimum(&mut self, minimum: &spec::Minimum, variables: &[String]) {
        if !minimum.value.value.wide().is_finite() {
            self.mistake(
                &minimum.value.span,
                "the known minimum is not finite",
                "expected a finite number",
            );
        }
        let given: HashSet<&str> = variables.iter().map(String::as_str).collect();
        for (name, _) in &minimum.at {
            if !given.contains(name.value.as_str()) {
                let message = format!("unknown variable `{}`", name.value);
                let known = variables.iter().map(String::as_str);
                let label = suggestion(&name.value, "the variables are", known);
                self.mistake(&name.span, message, label);
            }
        }
    }

    /// The place of the known minimum, if the file gives all of it.
    fn minimum_at(
        &mut self,
        minimum: &spec::Minimum,
        function: &objective::Objective,
    ) -> Option<Vec<f64>> {
        let mut at = Vec::new();
        let mut is_whole = !minimum.at.is_empty();
        for (name, shape) in function.variables() {
            let given = minimum.at.iter().find(|(known, _)| known.value == *name);
            let Some((_, numbers)) = given else {
                is_whole = false;
                continue;
            };
            let count = shape.elements().unwrap_or(0);
            let wide = numbers.list.iter().map(|number| number.value.wide());
            if numbers.is_list && numbers.list.len() != count {
                let message = format!("`{name}` is {} in the formula", in_words(shape));
                let label = format!("found {} numbers", numbers.list.len());
                self.mistake(&numbers.span, message, label);
                is_whole = false;
            } else if numbers.is_list {
                at.extend(wide);
            } else {
                at.extend(wide.cycle().take(count));
            }
        }
        is_whole.then_some(at)
    }

    fn transform(&mut self, written: &spec::Transform, centre: &[f64]) -> Option<Transform> {
        let dimension = centre.len();
        let before = self.mistakes.len();
        let mut each = |name: &str, numbers: &Option<spec::Numbers>, default: f64, above: f64| {
            let Some(numbers) = numbers else {
                return vec![default; dimension];
            };
            for number in &numbers.list {
                let wide = number.value.wide();
                if !wide.is_finite() || wide <= above {
                    let written = self.source.get(number.span.clone()).unwrap_or("this");
                    let message = format!("`{name}` cannot be {}", shortened(written));
                    let label = if above < 0.0 {
                        "expected a finite number"
                    } else {
                        "expected a finite number above 0"
                    };
                    self.mistakes
                        .push(Mistake::new(number.span.clone(), message, label));
                }
            }
            let wide: Vec<f64> = numbers.list.iter().map(|one| one.value.wide()).collect();
            if numbers.is_list && wide.len() != dimension {
                let message = format!("`{name}` has {} numbers", wide.len());
                let label = format!("expected {dimension}, one for each variable, or one for all");
                self.mistakes
                    .push(Mistake::new(numbers.span.clone(), message, label));
            }
            wide.into_iter().cycle().take(dimension).collect()
        };
        let shift = each("shift", &written.shift, 0.0, f64::NEG_INFINITY);
        let scale = each("scale", &written.scale, 1.0, 0.0);
        let seed = written.rotate.as_ref().map(|seed| seed.value);
        if let (Some(seed), true) = (&written.rotate, dimension > GREATEST_ROTATION) {
            let message = format!(
                "{} variables are too many to be rotated",
                grouped(dimension as u128)
            );
            let label = format!("expected at most {}", grouped(GREATEST_ROTATION as u128));
            self.mistake(&seed.span, message, label);
        }
        if self.mistakes.len() > before {
            return None;
        }
        // What can be wrong was told at its place.
        Transform::new(centre, &shift, seed, &scale).ok()
    }
}

/// What the first start tells of the number of variables of a test function that has one
/// vector.
fn started_dimension(written: &spec::Objective) -> Option<u64> {
    let [(_, start), ..] = &written.starts.first()?.value[..] else {
        return None;
    };
    match start {
        spec::Start::Array(array) => Some(array.value.len() as u64),
        spec::Start::Draw(draw) => draw.length.as_ref().map(|length| length.value),
        spec::Start::Setting(_) => None,
    }
}

/// The names that data give, with their shapes.
fn data_names<'w>(
    written: &'w spec::Objective,
    data: Option<&Dataset>,
) -> Vec<(&'w At<String>, Shape)> {
    let arrays = data.map_or(&[][..], |data| &data.arrays);
    let shape = |name: &'w At<String>| {
        let array = arrays.iter().find(|array| array.name == name.value)?;
        Some((name, array.shape.clone()))
    };
    let names = written.data.iter().flat_map(|data| &data.columns);
    names.filter_map(|(name, _)| shape(name)).collect()
}

/// Whether a table of starts looks as one of numbers.
fn are_numbers(start: &At<Map<spec::Start>>) -> bool {
    let mut starts = start.value.iter();
    starts.all(|(_, start)| matches!(start, spec::Start::Setting(_)))
}

/// Whether a column of a report of descents has this name.
fn is_column(name: &str) -> bool {
    let mut settings = Method::ALL.iter().flat_map(|method| method.settings());
    COLUMN_NAMES.contains(&name) || settings.any(|setting| setting.name == name)
}

/// At most so many operations are recorded for the gradient for each of the value,
/// that one included: near enough to tell that a formula is far from the limit.
const OPERATIONS_FOR_ONE: usize = 20;

/// Tells of objectives whose epoch is more operations than there can be.
pub(super) fn check_operations(
    plan: &Plan,
    written: &[spec::Objective],
    mistakes: &mut Vec<Mistake>,
) {
    let update = plan.rules().into_iter().map(update_operations).max();
    let update = update.unwrap_or(0);
    for objective in &plan.objectives {
        let Some(written) = written.get(objective.table) else {
            continue;
        };
        let formula = written.formula.as_ref().map(|text| &text.span);
        let span = formula.unwrap_or(&written.span);
        if objective.function.has_arrays() {
            check_arrays(&objective.function, span, mistakes);
            continue;
        }
        let updates = objective.function.parameters().len() * update;
        let most = objective.function.size().saturating_mul(OPERATIONS_FOR_ONE);
        if most.saturating_add(updates) <= GREATEST_OPERATIONS {
            continue;
        }
        let count = gradient_operations(&objective.function) + updates;
        if count > GREATEST_OPERATIONS {
            let message = format!(
                "one epoch of this formula is {} operations",
                grouped(count as u128)
            );
            let label = format!("expected at most {}", grouped(GREATEST_OPERATIONS as u128));
            let help = "what counts is the value with all definitions, the gradient, and the \
                        update of every variable; leave out terms or variables";
            let mistake = Mistake::new(span.clone(), message, label);
            mistakes.push(mistake.help(help));
        }
    }
}

/// Tells of arrays that are too large together, and of an epoch that would take minutes.
fn check_arrays(function: &objective::Objective, span: &Span, mistakes: &mut Vec<Mistake>) {
    let graph = ArrayGraph::<f64>::new(Subnormals::Keep);
    let inputs = |shapes: &[(String, Shape)]| {
        let inputs = shapes.iter().map(|(_, shape)| graph.input(shape.clone()));
        inputs.collect::<Vec<_>>()
    };
    let variables = inputs(function.variables());
    let constants = function.constants().iter();
    let constants: Vec<_> = constants.map(|_| graph.input(Shape::scalar())).collect();
    let data = inputs(function.data());
    let value = function.trace_arrays(&graph, &variables, &constants, &data);
    graph.gradient(value, &variables);
    for (count, greatest, what) in [
        (graph.operations(), GREATEST_ARRAY_OPERATIONS, "operations"),
        (graph.elements(), GREATEST_ELEMENTS, "numbers in its arrays"),
    ] {
        if count > greatest {
            let message = format!(
                "one epoch of this formula has {} {what}",
                grouped(u128::from(count))
            );
            let label = format!("expected at most {}", grouped(u128::from(greatest)));
            let help = "what counts is the value with all definitions and the gradient";
            mistakes.push(Mistake::new(span.clone(), message, label).help(help));
        }
    }
}

/// The operations of a value and its gradient. Constants of the file are inputs, so
/// all arithmetics have as many, near enough for a bound.
fn gradient_operations(function: &objective::Objective) -> usize {
    let graph = Graph::<f64>::new(Subnormals::Keep);
    let inputs = |count: usize| (0..count).map(|_| graph.input()).collect::<Vec<_>>();
    let variables = inputs(function.parameters().len());
    let constants = inputs(function.constants().len());
    let value = function.trace(&graph, &variables, &constants);
    graph.gradient(value, &variables);
    operations(&graph)
}

/// The operations of an update and of the lengths of gradient and step, for each
/// variable.
fn update_operations(rule: Rule) -> usize {
    const LENGTHS: usize = 3;
    let graph = Graph::<f64>::new(Subnormals::Keep);
    let inputs = |count: usize| {
        (0..count)
            .map(|_| graph.input())
            .collect::<Vec<Var<'_, f64>>>()
    };
    let _ = rule.record(Epoch {
        parameters: &inputs(1),
        gradient: &inputs(1),
        memory: &inputs(rule.memory()),
        numbers: &inputs(rule.numbers().len()),
    });
    operations(&graph) + LENGTHS
}

fn operations(graph: &Graph<f64>) -> usize {
    let nodes = graph.nodes();
    let is_operation = |node: &&Node<f64>| matches!(node, Node::Apply(..));
    nodes.iter().filter(is_operation).count()
}
