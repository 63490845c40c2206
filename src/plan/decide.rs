//! The decisions: from a [`Spec`] to a [`Plan`], or to everything that is wrong
//! with it.

use std::collections::HashSet;

use super::grid::{Axis, Grid, Series};
use super::{
    Filter, GREATEST_RUNS, Objective, Optimizer, Plan, Record, Stop, charts, expectations,
};
use crate::mistake::{At, Mistake, Span, suggestion};
use crate::number::{Number, Value, grouped};
use crate::objective::{self, Formula, FormulaMistake};
use crate::optimizer::{Method, Setting};
use crate::spec::{self, Map, Spec, Values, place_in_text};

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
];

/// A label beyond this is cut off in every table and chart.
const LONGEST_NAME: usize = 200;

/// A formula up to this length is its own label.
const LONGEST_FORMULA_NAME: usize = 40;

pub(super) fn decide(path: &str, source: &str) -> Result<Plan, Vec<Mistake>> {
    let (spec, mistakes) = Spec::read(source);
    if mistakes
        .iter()
        .any(|mistake| mistake.message == "this is not TOML")
    {
        return Err(mistakes);
    }
    let mut decider = Decider { source, mistakes };
    let numerics = decider.numerics(&spec);
    let objectives = decider.objectives(&spec);
    let optimizers = decider.optimizers(&spec);
    let stop = decider.stop(&spec.stop);
    let mut mistakes = decider.mistakes;
    let parameters = parameters(&objectives);
    // Without a formula every parameter would be unknown.
    let formulas_are_known = mistakes.is_empty() || !parameters.is_empty();
    let mut plan = Plan {
        title: spec
            .title
            .as_ref()
            .map_or_else(|| stem(path), |title| title.value.clone()),
        description: spec.description.as_ref().map(|text| text.value.clone()),
        columns: columns(&objectives, &optimizers),
        objectives,
        optimizers,
        stop,
        record: Record::decide(
            &spec::Record::default(),
            &[],
            std::iter::empty(),
            &mut Vec::new(),
        ),
        charts: Vec::new(),
        expectations: Vec::new(),
        hash: super::hash(source),
        numerics,
        parameters,
    };
    match plan.counted_runs() {
        Some(runs) if runs <= GREATEST_RUNS => {}
        counted => {
            let runs = counted.map_or("more than 2^64".to_owned(), |runs| {
                grouped(u128::from(runs))
            });
            let message = too_many(&runs);
            let help = "the number is the product of all lists and ranges; shorten some, or let \
                        them move together with `zip`";
            mistakes.push(Mistake::of_file(message, help));
            return Err(mistakes);
        }
    }
    let complete = !plan.objectives.is_empty() && !plan.optimizers.is_empty() && plan.runs() > 0;
    if complete && formulas_are_known {
        let epochs = plan.numerics.series().filter(|(name, _)| *name == "epochs");
        let epochs: HashSet<u64> = epochs
            .flat_map(|(_, series)| series.iter())
            .filter_map(|value| super::whole(&value))
            .collect();
        plan.record = Record::decide(
            &spec.record,
            &plan.parameters,
            epochs.into_iter(),
            &mut mistakes,
        );
        plan.charts = charts::decide(&plan, &spec, &mut mistakes);
        plan.expectations = expectations::decide(&plan, &spec, &mut mistakes);
    }
    if mistakes.is_empty() {
        Ok(plan)
    } else {
        Err(mistakes)
    }
}

fn too_many(runs: &str) -> String {
    let greatest = grouped(u128::from(GREATEST_RUNS));
    format!("{runs} runs are too many: at most {greatest}")
}

fn stem(path: &str) -> String {
    let stem = std::path::Path::new(path).file_stem();
    stem.map_or_else(
        || path.to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

fn parameters(objectives: &[Objective]) -> Vec<String> {
    let variables = objectives
        .iter()
        .flat_map(|objective| objective.function.variables());
    each_once(variables.map(String::as_str))
}

fn columns(objectives: &[Objective], optimizers: &[Optimizer]) -> Vec<String> {
    let constants = objectives
        .iter()
        .flat_map(|objective| objective.constants.series());
    let starts = objectives
        .iter()
        .flat_map(|objective| objective.function.variables());
    let starts: Vec<String> = starts.map(|variable| format!("start.{variable}")).collect();
    // Settings in the order of the method, not of the file: a column has its
    // place whatever the file says first.
    let settings = optimizers
        .iter()
        .flat_map(|optimizer| optimizer.method.settings());
    each_once(
        ["precision", "subnormals", "epochs", "objective"]
            .into_iter()
            .chain(constants.map(|(name, _)| name))
            .chain(starts.iter().map(String::as_str))
            .chain(["optimizer", "method"])
            .chain(settings.map(|setting| setting.name)),
    )
}

fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut told = HashSet::new();
    names
        .filter(|name| told.insert(*name))
        .map(str::to_owned)
        .collect()
}

struct Decider<'s> {
    source: &'s str,
    mistakes: Vec<Mistake>,
}

impl Decider<'_> {
    fn mistake(&mut self, span: &Span, message: impl Into<String>, label: impl Into<String>) {
        self.mistakes
            .push(Mistake::new(span.clone(), message, label));
    }

    fn numerics(&mut self, spec: &Spec) -> Grid {
        let mut named = Vec::new();
        let choices: [(&str, &Option<spec::Setting>, &[&str]); 2] = [
            ("precision", &spec.precision, &["f64", "f32"]),
            ("subnormals", &spec.subnormals, &["keep", "flush"]),
        ];
        for (name, setting, names) in choices {
            let series = match setting {
                Some(setting) => {
                    let right = self.names(name, setting, names);
                    (right.then(|| Series::new(setting)), setting.span.clone())
                }
                None => (None, 0..0),
            };
            let default = Series::List(vec![Value::Name(names[0].to_owned())]);
            named.push((name.to_owned(), series.0.unwrap_or(default), series.1));
        }
        let epochs = spec.epochs.as_ref();
        let span = epochs.map_or(0..0, |setting| setting.span.clone());
        let series = epochs.and_then(|setting| self.epochs(setting));
        let series = series.unwrap_or_else(|| Series::List(vec![Value::Whole(1)]));
        named.push(("epochs".to_owned(), series, span));
        self.grid(named, &spec.zip)
    }

    fn epochs(&mut self, setting: &spec::Setting) -> Option<Series> {
        const EXPECTED: &str = "expected a whole number, 1 or above";
        let is_whole = |value: &Value| {
            value.number().is_some_and(|number| {
                let wide = number.wide();
                (1.0..=9_007_199_254_740_992.0).contains(&wide) && libm::floor(wide) == wide
            })
        };
        self.domain("epochs", setting, EXPECTED, is_whole)?;
        if let Values::Range(range) = &setting.values
            && range.count.value > GREATEST_RUNS
        {
            let message = too_many(&grouped(u128::from(range.count.value)));
            self.mistake(&range.count.span, message, "each epoch count is a run");
            return None;
        }
        // Points between the ends of a range are rounded.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "every value was checked to be whole and below 2^53"
        )]
        let whole = |value: Value| {
            let wide = value.number().map_or(1.0, Number::wide);
            Value::Whole(wide.round_ties_even() as u64)
        };
        Some(Series::List(
            Series::new(setting).iter().map(whole).collect(),
        ))
    }

    fn names(&mut self, key: &str, setting: &spec::Setting, names: &[&str]) -> bool {
        let expected: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let expected = format!("expected {}", expected.join(" or "));
        let known = |value: &Value| matches!(value, Value::Name(name) if names.contains(&&**name));
        self.domain(key, setting, &expected, known).is_some()
    }

    /// Checks every value of a setting; `None` if one is wrong.
    fn domain(
        &mut self,
        key: &str,
        setting: &spec::Setting,
        expected: &str,
        contains: impl Fn(&Value) -> bool,
    ) -> Option<()> {
        let before = self.mistakes.len();
        match &setting.values {
            Values::One(value) => self.value(key, value, expected, contains),
            Values::List(values) => {
                for value in values {
                    self.value(key, value, expected, &contains);
                }
            }
            Values::Range(range) => {
                for end in [&range.from, &range.to] {
                    let value = At::new(Value::Number(end.value), end.span.clone());
                    self.value(key, &value, expected, &contains);
                }
                // An end that is wrong by itself needs no second mistake.
                if self.mistakes.len() == before {
                    self.range(range);
                }
            }
        }
        (self.mistakes.len() == before).then_some(())
    }

    fn value(
        &mut self,
        key: &str,
        value: &At<Value>,
        expected: &str,
        contains: impl Fn(&Value) -> bool,
    ) {
        if !contains(&value.value) {
            let written = self.source.get(value.span.clone()).unwrap_or("this");
            let message = format!("`{key}` cannot be {}", shortened(written));
            self.mistake(&value.span, message, expected);
        }
    }

    fn range(&mut self, range: &spec::Range) {
        if range.count.value < 2 {
            let points = if range.count.value == 1 {
                "point"
            } else {
                "points"
            };
            let message = format!("a range cannot have {} {points}", range.count.value);
            self.mistake(
                &range.count.span,
                message,
                "expected 2 or more; a single value needs no range",
            );
        }
        let (from, to) = (range.from.value.wide(), range.to.value.wide());
        let whole = range.from.span.start.min(range.to.span.start)
            ..range.from.span.end.max(range.to.span.end);
        if !(from.is_finite() && to.is_finite()) {
            let end = if from.is_finite() {
                &range.to
            } else {
                &range.from
            };
            self.mistake(
                &end.span,
                "a range needs finite ends",
                "expected a finite number",
            );
        } else if range.log && (from == 0.0 || to == 0.0 || (from < 0.0) != (to < 0.0)) {
            let message = "a range of equal ratios cannot touch or cross 0";
            self.mistake(&whole, message, "expected both ends above 0, or both below");
        } else if !range.log && !(to - from).is_finite() {
            self.mistake(
                &whole,
                "the ends of the range are too far apart",
                "their difference overflows",
            );
        }
    }

    /// The grid of some settings, each with its place in the file, those in
    /// `zip` together at the place of the first of them.
    fn grid(&mut self, named: Vec<(String, Series, Span)>, zip: &[At<String>]) -> Grid {
        let mut zipped: Vec<&str> = Vec::new();
        for key in zip {
            let known = named.iter().map(|(name, ..)| name.as_str());
            if !named.iter().any(|(name, ..)| *name == key.value) {
                let message = format!("`zip` names `{}`, which is not given here", key.value);
                let label = suggestion(&key.value, "the settings here are", known);
                self.mistake(&key.span, message, label);
            } else if zipped.contains(&key.value.as_str()) {
                let message = format!("`zip` names `{}` twice", key.value);
                self.mistake(&key.span, message, "once is enough");
            } else {
                zipped.push(&key.value);
            }
        }
        let lengths: Vec<(&str, u64, &Span)> = named
            .iter()
            .filter(|(name, ..)| zipped.contains(&name.as_str()))
            .map(|(name, series, span)| (name.as_str(), series.len(), span))
            .collect();
        if let Some((first, rest)) = lengths.split_first() {
            for (name, length, span) in rest {
                if *length != first.1 {
                    let message = format!(
                        "`zip` needs lists of equal length: `{}` has {}, `{name}` has {length}",
                        first.0, first.1
                    );
                    self.mistake(span, message, format!("expected {} values", first.1));
                }
            }
        }
        let mut axes: Vec<Axis> = Vec::new();
        let mut together: Option<usize> = None;
        for (name, series, _) in named {
            match together {
                Some(axis) if zipped.contains(&name.as_str()) => {
                    axes[axis].series.push((name, series));
                }
                _ => {
                    if zipped.contains(&name.as_str()) {
                        together = Some(axes.len());
                    }
                    axes.push(Axis {
                        series: vec![(name, series)],
                    });
                }
            }
        }
        Grid::new(axes)
    }

    fn objectives(&mut self, spec: &Spec) -> Vec<Objective> {
        self.distinct_names(
            spec.objectives.iter().filter_map(|one| one.name.as_ref()),
            "objective",
        );
        let mut objectives = Vec::new();
        for (place, written) in spec.objectives.iter().enumerate() {
            objectives.extend(self.objective(written, place, spec.objectives.len()));
        }
        objectives
    }

    fn objective(
        &mut self,
        written: &spec::Objective,
        place: usize,
        of: usize,
    ) -> Option<Objective> {
        let variables = each_once(
            written
                .starts
                .iter()
                .flat_map(|start| &start.value)
                .map(|(name, _)| name.value.as_str()),
        );
        let before = self.mistakes.len();
        self.names_of(written);
        let has_names = self.mistakes.len() == before;
        for start in &written.starts {
            self.start(start, &variables);
        }
        for (name, setting) in &written.constants {
            self.finite(&name.value, setting);
        }
        if let Some(minimum) = &written.minimum {
            self.minimum(minimum, &variables);
        }
        let constants: Vec<String> = written
            .constants
            .iter()
            .map(|(name, _)| name.value.clone())
            .collect();
        // What a formula with a wrong name means cannot be told.
        let formula = written.formula.as_ref().filter(|_| has_names)?;
        let parsed = self.formula(formula);
        let definitions: Vec<_> = written
            .define
            .iter()
            .map(|(name, text)| Some((name.value.clone(), self.formula(text)?)))
            .collect();
        let (parsed, definitions) = (
            parsed?,
            definitions.into_iter().collect::<Option<Vec<_>>>()?,
        );
        if parsed
            .names()
            .all(|(name, _)| objective::CONSTANTS.iter().any(|(known, _)| *known == name))
        {
            self.mistake(
                &formula.span,
                "the formula has no variable",
                "nothing here can be optimised",
            );
            return None;
        }
        if !written.has_start {
            return None;
        }
        let function = objective::Objective::new(parsed, definitions, variables.clone(), constants);
        let (function, suggested) = match function {
            Ok(function) => (Some(function), Vec::new()),
            Err(mistakes) => (None, self.formula_mistakes(written, mistakes)),
        };
        let function = function.or_else(|| {
            // What is not used is told beside a misspelt name, not for it.
            self.unused(written, &suggested, None);
            None
        })?;
        self.unused(written, &suggested, Some(&function));
        let starts = written.starts.iter().map(|start| {
            let settings = variables.iter().filter_map(|variable| {
                let (name, setting) = start
                    .value
                    .iter()
                    .find(|(name, _)| name.value == *variable)?;
                Some((
                    name.value.clone(),
                    Series::new(setting),
                    setting.span.clone(),
                ))
            });
            settings.collect::<Vec<_>>()
        });
        let starts: Vec<Vec<_>> = starts.collect();
        let name = match &written.name {
            Some(name) => name.value.clone(),
            None if formula.value.chars().count() <= LONGEST_FORMULA_NAME
                && !formula.value.contains('\n') =>
            {
                formula.value.trim().to_owned()
            }
            None if of == 1 => "objective".to_owned(),
            None => format!("objective {}", place + 1),
        };
        Some(Objective {
            name,
            formula: formula.value.clone(),
            function,
            minimum: written.minimum.as_ref().map(|minimum| minimum.value.value),
            constants: self.grid(named(&written.constants), &[]),
            starts: starts
                .into_iter()
                .map(|settings| self.grid(settings, &[]))
                .collect(),
        })
    }

    /// Checks that each name of an objective means one thing.
    fn names_of(&mut self, written: &spec::Objective) {
        let mut given: Vec<(&str, &str)> = Vec::new();
        let starts = written
            .starts
            .first()
            .into_iter()
            .flat_map(|start| &start.value);
        let names = starts
            .map(|(name, _)| ("start", name))
            .chain(written.define.iter().map(|(name, _)| ("define", name)))
            .chain(
                written
                    .constants
                    .iter()
                    .map(|(name, _)| ("constants", name)),
            );
        for (table, name) in names {
            let is_setting = Method::ALL.iter().any(|method| {
                method
                    .settings()
                    .iter()
                    .any(|setting| setting.name == name.value)
            });
            if !objective::is_name(&name.value) {
                let message = format!("`{}` cannot be a name in a formula", name.value);
                self.mistake(
                    &name.span,
                    message,
                    "expected letters, digits and `_`, a letter first",
                );
            } else if objective::is_reserved_name(&name.value) {
                let message = format!("`{}` already means something in a formula", name.value);
                self.mistake(&name.span, message, "choose another name");
            } else if table != "define" && (is_setting || COLUMN_NAMES.contains(&&*name.value)) {
                let message = format!("`{}` is a column of every report", name.value);
                self.mistake(&name.span, message, "choose another name");
            } else if let Some((other, _)) = given.iter().find(|(_, given)| *given == name.value) {
                let message = format!(
                    "`{}` is given twice, in `{other}` and in `{table}`",
                    name.value
                );
                self.mistake(&name.span, message, "a name means one thing");
            }
            given.push((table, &name.value));
        }
    }

    fn start(&mut self, start: &At<Map<spec::Setting>>, variables: &[String]) {
        for (name, setting) in &start.value {
            if matches!(setting.values, Values::List(_)) {
                let message = format!("the start of `{}` cannot be a list", name.value);
                let mistake = Mistake::new(
                    setting.span.clone(),
                    message,
                    "expected a number or a range",
                );
                let help = format!(
                    "for several starts write a list of tables: start = [{{ {0} = 1 }}, {{ {0} = 2 }}]",
                    name.value
                );
                self.mistakes.push(mistake.help(help));
            } else {
                self.finite(&name.value, setting);
            }
        }
        for variable in variables {
            if !start.value.iter().any(|(name, _)| name.value == *variable) {
                let message = format!("this start has no value for `{variable}`");
                self.mistake(
                    &start.span,
                    message,
                    format!("expected `{variable} = …` as in the other starts"),
                );
            }
        }
    }

    fn finite(&mut self, name: &str, setting: &spec::Setting) {
        let is_finite = |value: &Value| {
            value
                .number()
                .is_some_and(|number| number.wide().is_finite())
        };
        self.domain(name, setting, "expected a finite number", is_finite);
    }

    fn minimum(&mut self, minimum: &spec::Minimum, variables: &[String]) {
        if !minimum.value.value.wide().is_finite() {
            self.mistake(
                &minimum.value.span,
                "the known minimum is not finite",
                "expected a finite number",
            );
        }
        for (name, _) in &minimum.at {
            if !variables.contains(&name.value) {
                let message = format!("unknown variable `{}`", name.value);
                let known = variables.iter().map(String::as_str);
                let label = suggestion(&name.value, "the variables are", known);
                self.mistake(&name.span, message, label);
            }
        }
    }

    fn formula(&mut self, text: &At<String>) -> Option<Formula> {
        match Formula::parse(&text.value) {
            Ok(formula) => Some(formula),
            Err(mistakes) => {
                for mistake in mistakes {
                    self.in_text(text, mistake);
                }
                None
            }
        }
    }

    /// A mistake in a text, told at its place in the file.
    fn in_text(&mut self, text: &At<String>, mut mistake: Mistake) {
        let part = mistake.span.take().unwrap_or(0..text.value.len());
        let span = if text.value.is_empty() {
            text.span.clone()
        } else {
            place_in_text(self.source, &text.span, part)
        };
        self.mistakes.push(Mistake {
            span: Some(span),
            ..mistake
        });
    }

    /// Tells the mistakes of a formula; gives the names that were suggested.
    fn formula_mistakes(
        &mut self,
        written: &spec::Objective,
        mistakes: Vec<FormulaMistake>,
    ) -> Vec<String> {
        let mut suggested = Vec::new();
        for FormulaMistake {
            definition,
            mistake,
            suggested: name,
        } in mistakes
        {
            suggested.extend(name);
            let text = match definition {
                Some(place) => written.define.get(place).map(|(_, text)| text),
                None => written.formula.as_ref(),
            };
            if let Some(text) = text {
                self.in_text(text, mistake);
            }
        }
        suggested
    }

    /// Tells names that were given but do not occur.
    fn unused(
        &mut self,
        written: &spec::Objective,
        suggested: &[String],
        function: Option<&objective::Objective>,
    ) {
        let used: HashSet<String> = match function {
            Some(function) => function
                .used_names()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            None => {
                let texts = written
                    .define
                    .iter()
                    .map(|(_, text)| text)
                    .chain(&written.formula);
                let parsed = texts.filter_map(|text| Formula::parse(&text.value).ok());
                let names = parsed.flat_map(|formula| {
                    formula
                        .names()
                        .map(|(name, _)| name.to_owned())
                        .collect::<Vec<_>>()
                });
                names.chain(suggested.iter().cloned()).collect()
            }
        };
        let mut told = HashSet::new();
        let starts = written
            .starts
            .iter()
            .flat_map(|start| &start.value)
            .map(|(name, _)| ("start", name));
        let constants = written
            .constants
            .iter()
            .map(|(name, _)| ("constants", name));
        for (table, name) in starts.chain(constants) {
            if !used.contains(&name.value) && told.insert(&name.value) {
                let message = format!("`{}` does not occur in the formula", name.value);
                self.mistake(
                    &name.span,
                    message,
                    format!("leave it out of `{table}`, or use it"),
                );
            }
        }
    }

    fn optimizers(&mut self, spec: &Spec) -> Vec<Optimizer> {
        self.distinct_names(
            spec.optimizers.iter().filter_map(|one| one.name.as_ref()),
            "optimizer",
        );
        let mut optimizers = Vec::new();
        for (place, written) in spec.optimizers.iter().enumerate() {
            let same = spec.optimizers.iter().filter(|other| {
                other.name.is_none()
                    && other.method.as_ref().map(|method| &method.value)
                        == written.method.as_ref().map(|method| &method.value)
            });
            let number = (same.count() > 1).then_some(place + 1);
            optimizers.extend(self.optimizer(written, number));
        }
        optimizers
    }

    fn optimizer(&mut self, written: &spec::Optimizer, number: Option<usize>) -> Option<Optimizer> {
        let method_name = written.method.as_ref()?;
        let Some(method) = Method::named(&method_name.value) else {
            let message = format!("unknown method `{}`", method_name.value);
            let known = Method::ALL.iter().map(|method| method.name());
            let label = suggestion(&method_name.value, "the methods are", known);
            self.mistake(&method_name.span, message, label);
            return None;
        };
        let before = self.mistakes.len();
        for (name, setting) in &written.settings {
            match method
                .settings()
                .iter()
                .find(|known| known.name == name.value)
            {
                Some(known) => {
                    let expected = format!("expected {}", known.domain.description());
                    self.domain(known.name, setting, &expected, |value| {
                        known.domain.contains(value)
                    });
                }
                None => {
                    let known = method.settings().iter().map(|setting| setting.name);
                    let known = known.chain(spec::OPTIMIZER.keys.iter().map(|key| key.name));
                    let message =
                        format!("unknown setting `{}` of `{}`", name.value, method.name());
                    let label = suggestion(&name.value, "the settings are", known);
                    self.mistake(&name.span, message, label);
                }
            }
        }
        let settings = self.settings(written, method);
        if self.mistakes.len() > before {
            return None;
        }
        let grid = self.grid(settings, &written.zip);
        self.nesterov(written, &grid);
        let default = match number {
            Some(number) => format!("{} {number}", method.name()),
            None => method.name().to_owned(),
        };
        let name = written
            .name
            .as_ref()
            .map_or(default, |name| name.value.clone());
        Some(Optimizer {
            name,
            method,
            settings: grid,
        })
    }

    /// The settings as written, then those that have a default.
    fn settings(
        &mut self,
        written: &spec::Optimizer,
        method: Method,
    ) -> Vec<(String, Series, Span)> {
        let mut settings = named(&written.settings);
        for Setting {
            name,
            default,
            description,
            ..
        } in method.settings()
        {
            if settings.iter().any(|(given, ..)| given == name) {
                continue;
            }
            match default {
                Some(default) => {
                    let series = Series::List(vec![Value::from(*default)]);
                    settings.push(((*name).to_owned(), series, 0..0));
                }
                // Misread or misspelt, it was told; that it is missing follows.
                None if written
                    .keys
                    .iter()
                    .any(|key| key == name || crate::mistake::nearest(key, [*name]).is_some()) => {}
                None => {
                    let message = format!("`{}` has no `{name}`", method.name());
                    let mistake = Mistake::new(written.span.clone(), message, "");
                    self.mistakes
                        .push(mistake.help(format!("`{name}`: {description}")));
                }
            }
        }
        settings
    }

    /// Nesterov's form looks ahead along the momentum, so it needs some.
    fn nesterov(&mut self, written: &spec::Optimizer, grid: &Grid) {
        let Some((name, _)) = written
            .settings
            .iter()
            .find(|(name, _)| name.value == "nesterov")
        else {
            return;
        };
        let count = grid.count().unwrap_or(0).min(GREATEST_RUNS);
        let without = (0..count).any(|index| {
            let point: Vec<(&str, Value)> = grid.point(index).collect();
            let is = |key: &str, value: &Value| {
                point.iter().any(|(name, of)| *name == key && of == value)
            };
            let zero = point.iter().any(|(name, value)| {
                *name == "momentum" && value.number().is_some_and(|number| number.wide() == 0.0)
            });
            is("nesterov", &Value::Switch(true)) && zero
        });
        if without {
            let message = "`nesterov` needs a momentum above 0";
            self.mistake(&name.span, message, "it is combined with a momentum of 0");
        }
    }

    fn distinct_names<'a>(&mut self, names: impl Iterator<Item = &'a At<String>>, what: &str) {
        let mut told = HashSet::new();
        for name in names {
            let length = name.value.chars().count();
            if name.value.trim().is_empty() || length > LONGEST_NAME {
                let message = format!("the name of an {what} has {length} characters");
                self.mistake(&name.span, message, format!("expected 1 to {LONGEST_NAME}"));
            } else if !told.insert(&name.value) {
                let message = format!("two {what}s have the name `{}`", name.value);
                self.mistake(&name.span, message, "expected a name of its own");
            }
        }
    }

    fn stop(&mut self, written: &spec::Stop) -> Stop {
        let rules = [
            ("gradient_norm_below", &written.gradient_norm_below),
            ("step_below", &written.step_below),
        ];
        for (name, rule) in rules {
            if let Some(rule) = rule
                .as_ref()
                .filter(|rule| rule.value.wide().is_nan() || rule.value.wide() <= 0.0)
            {
                let written = self.source.get(rule.span.clone()).unwrap_or("this");
                let message = format!("`{name}` cannot be {written}");
                self.mistake(
                    &rule.span,
                    message,
                    "expected a number above 0: a length is never below 0",
                );
            }
        }
        for (name, rule) in [
            ("loss_below", &written.loss_below),
            ("loss_above", &written.loss_above),
        ] {
            if let Some(rule) = rule.as_ref().filter(|rule| rule.value.wide().is_nan()) {
                self.mistake(
                    &rule.span,
                    format!("`{name}` cannot be nan"),
                    "expected a number",
                );
            }
        }
        let value = |rule: &Option<At<Number>>| rule.as_ref().map(|rule| rule.value);
        Stop {
            loss_below: value(&written.loss_below),
            gradient_norm_below: value(&written.gradient_norm_below),
            step_below: value(&written.step_below),
            loss_above: value(&written.loss_above),
        }
    }
}

fn named(settings: &Map<spec::Setting>) -> Vec<(String, Series, Span)> {
    let named = settings.iter();
    named
        .map(|(name, setting)| {
            (
                name.value.clone(),
                Series::new(setting),
                setting.span.clone(),
            )
        })
        .collect()
}

/// What was written, fit for a message of one line.
fn shortened(written: &str) -> String {
    let line = written.lines().next().unwrap_or("");
    if line.chars().count() <= 40 && line.len() == written.len() {
        return line.to_owned();
    }
    line.chars().take(39).collect::<String>() + "…"
}

impl Plan {
    /// The filter of a chart or an expectation.
    pub(super) fn filter(
        &self,
        written: Option<&At<spec::Filter>>,
        mistakes: &mut Vec<Mistake>,
    ) -> Filter {
        Filter::decide(self, written, mistakes)
    }
}
