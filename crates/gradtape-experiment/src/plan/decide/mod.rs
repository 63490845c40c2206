//! From a [`Spec`] to a [`Plan`], or to all of its errors.

mod bounds;
mod catalogue;
mod data;
mod derivative;
mod function;
mod objective;
mod operations;
mod optimizer;
mod searches;
mod start;
mod stop;
mod zip;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use super::columns::Columns;
use super::grid::{Grid, Series};
use super::varying::Varying;
use super::{
    Ends, Filter, MAX_CHARTS, MAX_DERIVATIVES, MAX_EXPECTATIONS, MAX_OBJECTIVES, MAX_RUN_EPOCHS,
    MAX_RUNS, MAX_VARIABLES, Objective, Optimizer, Plan, Record, RecordedData, Start, charts,
    check, expectations, record,
};
use crate::mistake::{At, Code, Mistake, Span};
use crate::number::{Domain, Number, Value, grouped};
use crate::spec::{self, Map, Spec, Values};

/// Maximum length of a name: a longer label is cut off in every table and chart.
const MAX_NAME_LENGTH: usize = 200;

pub(super) fn decide(path: &str, source: &str, files: Files<'_>) -> Result<Plan, Vec<Mistake>> {
    let (spec, misread, mut mistakes) = Spec::read(source);
    if mistakes.iter().any(|mistake| mistake.code == Code::Syntax) {
        return Err(mistakes);
    }
    if !tables_are_few(&spec, &mut mistakes) {
        return Err(mistakes);
    }
    let mut decider = Decider {
        source,
        files,
        seed: spec.seed.as_ref().map_or(0, |seed| seed.value),
        misread: misread.into_iter().collect(),
        settings: Rc::new(optimizer::settings(&spec)),
        mistakes,
    };
    let numerics = decider.numerics(&spec);
    let objectives = decider.objectives(&spec);
    let optimizers = decider.optimizers(&spec);
    decider.check_optimizers(&spec, &numerics, &objectives, &optimizers);
    let optimizers: Vec<Optimizer> = optimizers.into_iter().map(|one| one.optimizer).collect();
    let stop = decider.stop(&spec.stop, &objectives);
    let repetitions = decider.repetitions(&spec, &objectives);
    let arithmetics = super::arithmetics(&numerics);
    let derivatives = decider.derivatives(&spec, arithmetics.len());
    let seed = decider.seed;
    let mut mistakes = decider.mistakes;
    let parameters = parameters(&objectives);
    // Without a formula every parameter would be unknown.
    let formulas_are_known = mistakes.is_empty() || !parameters.is_empty();
    let mut plan = Plan {
        title: spec
            .title
            .as_ref()
            .map_or_else(|| super::report_name(path), |title| title.value.clone()),
        description: spec.description.as_ref().map(|text| text.value.clone()),
        columns: Columns::new(&numerics, &objectives, &optimizers, repetitions),
        places: places(&objectives, &parameters),
        best_columns: parameters
            .iter()
            .map(|name| format!("best.{name}"))
            .collect(),
        seed,
        repetitions,
        objectives,
        optimizers,
        stop,
        record: Record::decide(
            &spec::Record::default(),
            &[],
            &[],
            &HashSet::new(),
            &mut Vec::new(),
        ),
        charts: Vec::new(),
        style: charts::style(&spec.style),
        expectations: Vec::new(),
        check: super::Check::default(),
        derivatives,
        hash: super::hash(source),
        numerics,
        arithmetics,
        parameters,
        varying: Varying::default(),
        runs: 0,
        objective_ends: Ends::default(),
        optimizer_ends: Ends::default(),
    };
    let names = plan.parameters.len() + constants(&plan.objectives).len();
    if names > MAX_VARIABLES {
        let message = format!(
            "{} distinct variables and constants are too many: at most {}",
            grouped(names as u128),
            grouped(MAX_VARIABLES as u128)
        );
        let help = "each number, or each element of a vector, is a column of every run; use the \
                    same names in all objectives, or one file for each";
        mistakes.push(Mistake::of_file(Code::TooLarge, message, help));
        return Err(mistakes);
    }
    plan.varying = Varying::new(
        &plan.columns, &plan.numerics, &plan.objectives, &plan.optimizers,
    );
    match plan.counted_runs() {
        Some(runs) if runs <= MAX_RUNS => plan.runs = runs,
        counted => {
            let runs = counted.map_or("more than 2^64".to_owned(), |runs| {
                grouped(u128::from(runs))
            });
            let message = too_many(&runs);
            let help = "the number is the product of the lengths of all lists and ranges; shorten \
                        some, or pair them with `zip`";
            mistakes.push(Mistake::of_file(Code::TooLarge, message, help));
            return Err(mistakes);
        }
    }
    let points = plan.objectives.iter().map(Objective::points);
    plan.objective_ends = Ends::new(points);
    let settings = plan.optimizers.iter().map(|one| one.settings.count());
    plan.optimizer_ends = Ends::new(settings);
    let complete = !plan.objectives.is_empty() && !plan.optimizers.is_empty() && plan.runs() > 0;
    if complete && formulas_are_known {
        let epochs = plan.numerics.series().filter(|(name, _)| *name == "epochs");
        let epochs: HashSet<u64> = epochs
            .flat_map(|(_, series)| series.iter())
            .filter_map(|value| super::whole(&value))
            .collect();
        let vectors = plan.vectors();
        plan.record = Record::decide(
            &spec.record, &plan.parameters, &vectors, &epochs, &mut mistakes,
        );
        let run_epochs = plan.run_epochs();
        if run_epochs > MAX_RUN_EPOCHS {
            let message = format!(
                "{} epochs in total are too many: at most {}",
                grouped(run_epochs),
                grouped(MAX_RUN_EPOCHS)
            );
            let help = "the number is the sum of `epochs` over all runs";
            mistakes.push(Mistake::of_file(Code::TooLarge, message, help));
        }
        record::check_rows(plan.rows(), &spec.record, &mut mistakes);
        plan.charts = charts::decide(&plan, &spec, &mut mistakes);
        plan.expectations = expectations::decide(&plan, &spec, &mut mistakes);
    }
    let has_derivatives_alone = spec.objective.is_empty() && spec.optimizer.is_empty();
    if complete && formulas_are_known || has_derivatives_alone {
        plan.check = check::decide(&plan, &spec, &mut mistakes);
    }
    if mistakes.is_empty() {
        operations::check(&plan, &spec.objective, &mut mistakes);
    }
    if mistakes.is_empty() {
        searches::check(&plan, &spec, &mut mistakes);
    }
    derivative::name_files(&mut plan.derivatives, &plan.charts);
    if mistakes.is_empty() {
        Ok(plan)
    } else {
        Err(mistakes)
    }
}

/// Reports too many tables of one kind. Nothing else is checked then.
fn tables_are_few(spec: &Spec, mistakes: &mut Vec<Mistake>) -> bool {
    let spans = |kind: &str| -> Vec<&Span> {
        match kind {
            "objective" => spec.objective.iter().map(|one| &one.span).collect(),
            "optimizer" => spec.optimizer.iter().map(|one| &one.span).collect(),
            "chart" => spec.chart.iter().map(|one| &one.span).collect(),
            "expect" => spec.expect.iter().map(|one| &one.span).collect(),
            _ => spec.derivative.iter().map(|one| &one.span).collect(),
        }
    };
    let before = mistakes.len();
    for (kind, greatest) in [
        ("objective", MAX_OBJECTIVES),
        ("optimizer", MAX_OBJECTIVES),
        ("chart", MAX_CHARTS),
        ("expect", MAX_EXPECTATIONS),
        ("derivative", MAX_DERIVATIVES),
    ] {
        let spans = spans(kind);
        if let Some(first) = spans.get(greatest) {
            let count = grouped(spans.len() as u128);
            let message = format!("{count} `[[{kind}]]` tables are too many");
            let label = format!("expected at most {}", grouped(greatest as u128));
            mistakes.push(Mistake::new(
                Code::TooLarge,
                (*first).clone(),
                message,
                label,
            ));
        }
    }
    mistakes.len() == before
}

fn too_many(runs: &str) -> String {
    let greatest = grouped(u128::from(MAX_RUNS));
    format!("{runs} runs are too many: at most {greatest}")
}

fn parameters(objectives: &[Objective]) -> Vec<String> {
    let variables = objectives
        .iter()
        .flat_map(|objective| objective.function.parameters());
    each_once(variables.map(String::as_str))
}

/// For each objective, the place of each of `parameters` among its own.
fn places(objectives: &[Objective], parameters: &[String]) -> Vec<Vec<Option<usize>>> {
    let of_objective = |objective: &Objective| {
        let own = objective.function.parameters().iter().enumerate();
        let own: HashMap<&str, usize> = own.map(|(place, name)| (name.as_str(), place)).collect();
        let places = parameters
            .iter()
            .map(|name| own.get(name.as_str()).copied());
        places.collect()
    };
    objectives.iter().map(of_objective).collect()
}

/// The constants of all objectives, each once.
fn constants(objectives: &[Objective]) -> Vec<String> {
    let constants = objectives
        .iter()
        .flat_map(|objective| objective.constants.series());
    each_once(constants.map(|(name, _)| name))
}

/// The distinct names, in order.
pub(super) fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut told = HashSet::new();
    names
        .filter(|name| told.insert(*name))
        .map(str::to_owned)
        .collect()
}

/// The source of the data of an experiment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Files<'f> {
    /// Files, whose names are relative to this directory.
    In(&'f Path),
    /// No files: the recorded descriptions are enough, as nothing is run.
    Recorded(&'f [RecordedData]),
}

struct Decider<'s> {
    source: &'s str,
    files: Files<'s>,
    seed: u64,
    /// Names whose value was misread: they are not unknown.
    misread: HashSet<String>,
    /// The settings of all methods of the file: columns have their names.
    settings: Rc<HashSet<&'static str>>,
    mistakes: Vec<Mistake>,
}

impl Decider<'_> {
    fn mistake(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.mistakes
            .push(Mistake::new(code, span.clone(), message, label));
    }

    /// Reports an error with a help text.
    fn advise(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mistake = Mistake::new(code, span.clone(), message, label);
        self.mistakes.push(mistake.help(help));
    }

    fn numerics(&mut self, spec: &Spec) -> Grid {
        let mut named = Vec::new();
        let choices = [
            ("precision", &spec.precision, "f64"),
            ("subnormals", &spec.subnormals, "keep"),
        ];
        for (name, setting, default) in choices {
            let default = Series::List(vec![Value::Name(default.to_owned())]);
            let series = setting.as_ref().map_or(default, Series::new);
            let span = setting
                .as_ref()
                .map_or(0..0, |setting| setting.span.clone());
            named.push((name.to_owned(), series, span));
        }
        let epochs = spec.epochs.as_ref();
        let span = epochs.map_or(0..0, |setting| setting.span.clone());
        let series = epochs.and_then(|setting| self.epochs(setting));
        let series = series.unwrap_or_else(|| Series::List(vec![Value::Whole(1)]));
        named.push(("epochs".to_owned(), series, span));
        self.grid(named, &spec.zip)
    }

    /// The number of runs of each combination.
    fn repetitions(&mut self, spec: &Spec, objectives: &[Objective]) -> u64 {
        let Some(repetitions) = &spec.repetitions else {
            return 1;
        };
        let is_random = |objective: &Objective| {
            let data = objective.data.as_ref();
            let has_batches = data.is_some_and(|data| data.batch_size < data.training.len());
            has_batches || objective.starts.iter().any(Start::is_random)
        };
        if repetitions.value > 1 && self.mistakes.is_empty() && !objectives.iter().any(is_random) {
            let message = "every repetition would be the same";
            let label = "nothing in this experiment is random";
            let help = "use a random start such as `x = { uniform = [-1, 1] }`, or data in batches";
            self.advise(Code::Conflict, &repetitions.span, message, label, help);
        }
        repetitions.value
    }

    fn epochs(&mut self, setting: &spec::Setting) -> Option<Series> {
        if let Values::Range(range) = &setting.values
            && range.count.value > MAX_RUNS
        {
            let message = too_many(&grouped(u128::from(range.count.value)));
            self.mistake(
                Code::WrongValue,
                &range.count.span,
                message,
                "each number of epochs is a separate run",
            );
            return None;
        }
        // Points between the ends of a range are rounded.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "every value was checked to be an integer below 2^53"
        )]
        let whole = |value: Value| {
            let wide = value.number().map_or(1.0, Number::wide);
            Value::Whole(wide.round_ties_even() as u64)
        };
        Some(Series::List(
            Series::new(setting).iter().map(whole).collect(),
        ))
    }

    /// Reports each value of a setting that is not in its domain; `None` if there is one.
    fn domain(&mut self, key: &str, setting: &spec::Setting, domain: Domain) -> Option<()> {
        let before = self.mistakes.len();
        match &setting.values {
            Values::One(value) => self.value(key, &value.value, &value.span, domain),
            Values::List(values) => {
                for value in values {
                    self.value(key, &value.value, &value.span, domain);
                }
            }
            Values::Range(range) => {
                for end in [&range.from, &range.to] {
                    self.value(key, &Value::Number(end.value), &end.span, domain);
                }
            }
        }
        (self.mistakes.len() == before).then_some(())
    }

    fn value(&mut self, key: &str, value: &Value, span: &Span, domain: Domain) {
        if !domain.contains(value) {
            self.cannot_be(key, span, domain.expected(value));
        }
    }

    /// Reports that `key` cannot be the written value.
    fn cannot_be(&mut self, key: &str, span: &Span, expected: impl Into<String>) {
        let mistake = Mistake::of_value(&format!("`{key}`"), self.source, span, expected);
        self.mistakes.push(mistake);
    }

    fn distinct_names<'a>(&mut self, names: impl Iterator<Item = &'a At<String>>, what: &str) {
        let mut told = HashSet::new();
        for name in names {
            let length = name.value.chars().count();
            if name.value.trim().is_empty() || length > MAX_NAME_LENGTH {
                let article = if what == "derivative" { "a" } else { "an" };
                let message = format!("the name of {article} {what} has {length} characters");
                self.mistake(
                    Code::WrongValue,
                    &name.span,
                    message,
                    format!("expected 1 to {MAX_NAME_LENGTH}"),
                );
            } else if !told.insert(&name.value) {
                let message = format!("two {what}s have the name `{}`", name.value);
                self.mistake(
                    Code::NameTaken,
                    &name.span,
                    message,
                    "expected a unique name",
                );
            }
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
