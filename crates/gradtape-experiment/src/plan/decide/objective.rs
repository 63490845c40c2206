//! The objectives of a plan.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::catalogue::Source;
use super::function::{FormulaText, default_name};
use super::start::{StartValue, in_words};
use super::zip::{ZipTarget, zip_of};
use super::{Decider, named};
use crate::data::Dataset;
use crate::mistake::{At, Code, Mistake, suggestion};
use crate::number::{counted, grouped};
use crate::objective::{self, MAX_ROTATION, Transform};
use crate::plan::ends::Ends;
use crate::plan::start::Start;
use crate::plan::{Bounds, MAX_OBJECTIVES, MAX_VARIABLES, Objective, Quantity};
use crate::spec::{self, Map, Spec};
use crate::text::each_once;
use gradtape_tape::Shape;

/// Names of columns of a report that have another meaning, in addition to quantities.
const COLUMN_NAMES: &[&str] = &[
    "run", "label", "epoch", "epochs", "status", "reason", "precision", "subnormals", "objective",
    "optimizer", "method", "convention", "start", "dimension", "repetition",
];

impl Decider<'_> {
    pub(super) fn objectives(&mut self, spec: &Spec) -> Vec<Objective> {
        self.distinct_names(
            spec.objective.iter().filter_map(|one| one.name.as_ref()),
            "objective",
        );
        let mut objectives: Vec<Objective> = Vec::new();
        for (place, written) in spec.objective.iter().enumerate() {
            let sources = self.sources(written);
            if objectives.len() + sources.len() > MAX_OBJECTIVES {
                let message = "the functions and dimensions give too many objectives";
                let label = format!("expected at most {MAX_OBJECTIVES} in total");
                self.mistake(Code::TooLarge, &written.span, message, label);
                break;
            }
            for source in &sources {
                let of = spec.objective.len();
                let Some(mut objective) = self.objective(written, source, place, of) else {
                    continue;
                };
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
                self.catalogue_objective(written, name, instance, *dimension, place)
            }
        }
    }

    fn formula_objective(
        &mut self,
        written: &spec::Objective,
        place: usize,
        of: usize,
    ) -> Option<Objective> {
        let starts = written.start.as_deref();
        let names = starts
            .unwrap_or_default()
            .iter()
            .flat_map(|start| &start.value);
        let names: Vec<&At<String>> = names.map(|(name, _)| name).collect();
        let variables = each_once(names.iter().map(|name| name.value.as_str()));
        // Each start is compared with all variables, so their number is checked first.
        let given = match starts {
            Some(_) if variables.len() > MAX_VARIABLES => None,
            starts => self.starts(starts.unwrap_or_default(), &variables, None),
        };
        // Without its data the shapes of a formula are unknown, and every use would be an error.
        let data = match &written.data {
            Some(data) => Some(self.data(data, place)?),
            None => None,
        };
        let first = given.as_ref().and_then(|starts| starts.first());
        let shapes = match first {
            Some(first) => first.iter().map(|given| given.shape.clone()).collect(),
            // Errors of the starts are already reported; the formula is still checked.
            None => match starts {
                Some(starts) if starts.iter().all(are_numbers) => {
                    vec![Shape::scalar(); variables.len()]
                }
                Some(_) => return None,
                None => Vec::new(),
            },
        };
        if let Some(minimum) = &written.minimum {
            self.minimum(minimum, &variables);
        }
        if !written.keys.has("start") && written.formula.is_some() {
            let message = "`[[objective]]` has no `start`";
            let help = "`start`: the initial value of each variable";
            self.advise(Code::MissingKey, &written.span, message, "", help);
        }
        let settings = Rc::clone(&self.settings);
        let texts = FormulaText {
            formula: written.formula.as_ref(),
            define: &written.define,
            constants: written.constants.iter().map(|(name, _)| name).collect(),
            table: "start",
            variables: names,
            shapes,
            data: data_names(written, data.as_ref()),
            has_variables: starts.is_some(),
            is_column: &move |name| is_column(name, &settings),
            report: "report",
            deed: "optimised",
        };
        let function = self.function(&texts)?;
        if let Some(data) = &data {
            self.fits_parts(&texts, &function, data)?;
            self.fits_classes(&texts, &function, data)?;
        }
        let formula = &written.formula.as_ref()?.value;
        let name = written.name.as_ref().map(|name| name.value.clone());
        let minimum = written.minimum.as_ref();
        let minimum_at = minimum.and_then(|minimum| self.minimum_at(minimum, &function));
        let mut objective = Objective {
            name: name.unwrap_or_else(|| default_name(formula, "objective", place, of)),
            formula: formula.clone(),
            minimum: minimum.and_then(|minimum| Some(minimum.value.as_ref()?.value)),
            minimum_at,
            other_minima: Vec::new(),
            bounds: vec![Bounds::none(); function.parameters().len()],
            dimension: None,
            data,
            table: place,
            constants: self.grid(
                named(&written.constants),
                &zip_of(written, ZipTarget::Constants),
            ),
            start_ends: Ends::default(),
            starts: Vec::new(),
            function,
        };
        self.finish(written, &mut objective, given?)?;
        Some(objective)
    }

    /// Adds the starts to an objective whose function is known, and transforms it.
    pub(super) fn finish(
        &mut self,
        written: &spec::Objective,
        objective: &mut Objective,
        starts: Vec<Vec<StartValue>>,
    ) -> Option<()> {
        let names = objective.function.parameters().to_vec();
        let before = self.mistakes.len();
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
            let grid = self.grid(settings, &zip_of(written, ZipTarget::Start));
            objective.starts.push(Start { grid, parts });
        }
        // An error in `zip` occurs for each table of starts.
        self.once_each(before);
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
            for at in &mut objective.other_minima {
                *at = transform.inverse(at);
            }
            objective.function = objective.function.clone().with_transform(transform);
        }
        self.bounds(written, objective);
        Some(())
    }

    /// The starts of each table, in the order of `variables`.
    pub(super) fn starts(
        &mut self,
        written: &[At<Map<spec::Start>>],
        variables: &[String],
        demanded: Option<&[(String, Shape)]>,
    ) -> Option<Vec<Vec<StartValue>>> {
        let before = self.mistakes.len();
        let mut shapes: HashMap<String, Shape> = HashMap::new();
        for (name, shape) in demanded.unwrap_or(&[]) {
            shapes.insert(name.clone(), shape.clone());
        }
        let mut starts = Vec::new();
        for start in written {
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
                    self.mistake(Code::Start, &start.span, message, label);
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
        // The reader has reported one that was misread.
        let are_whole = starts.iter().all(|each| each.len() == variables.len());
        (self.mistakes.len() == before && are_whole).then_some(starts)
    }

    pub(super) fn minimum(&mut self, minimum: &spec::Minimum, variables: &[String]) {
        let given: HashSet<&str> = variables.iter().map(String::as_str).collect();
        for (name, _) in &minimum.at {
            if !given.contains(name.value.as_str()) {
                let message = format!("unknown variable `{}`", name.value);
                let known = variables.iter().map(String::as_str);
                let label = suggestion(&name.value, "available variables", known);
                self.mistake(Code::UnknownName, &name.span, message, label);
            }
        }
    }

    /// The known minimiser, if the file gives all of it.
    pub(super) fn minimum_at(
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
                let label = format!("found {}", counted(numbers.list.len(), "number"));
                self.mistake(Code::Lengths, &numbers.span, message, label);
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
        let mut each = |name: &str, numbers: &Option<spec::Numbers>, default: f64| {
            let Some(numbers) = numbers else {
                return vec![default; dimension];
            };
            let wide: Vec<f64> = numbers.list.iter().map(|one| one.value.wide()).collect();
            if numbers.is_list && wide.len() != dimension {
                let message = format!("`{name}` has {}", counted(wide.len(), "number"));
                let label = format!("expected {dimension}, one for each variable, or a single one");
                self.mistakes.push(Mistake::new(
                    Code::Lengths,
                    numbers.span.clone(),
                    message,
                    label,
                ));
            }
            wide.into_iter().cycle().take(dimension).collect()
        };
        let shift = each("shift", &written.shift, 0.0);
        let scale = each("scale", &written.scale, 1.0);
        let seed = written.rotate.as_ref().map(|seed| seed.value);
        if let (Some(seed), true) = (&written.rotate, dimension > MAX_ROTATION) {
            let message = format!(
                "{} variables are too many to rotate",
                grouped(dimension as u128)
            );
            let label = format!("expected at most {}", grouped(MAX_ROTATION as u128));
            self.mistake(Code::TooLarge, &seed.span, message, label);
        }
        if self.mistakes.len() > before {
            return None;
        }
        // Errors are already reported at their places.
        Transform::new(centre, &shift, seed, &scale).ok()
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

/// Whether a table of starts has numbers only, by its form.
fn are_numbers(start: &At<Map<spec::Start>>) -> bool {
    let mut starts = start.value.iter();
    starts.all(|(_, start)| matches!(start, spec::Start::Setting(_)))
}

/// Whether a column of a report of runs by methods with these settings has this name.
fn is_column(name: &str, settings: &HashSet<&str>) -> bool {
    COLUMN_NAMES.contains(&name) || Quantity::named(name).is_some() || settings.contains(name)
}
