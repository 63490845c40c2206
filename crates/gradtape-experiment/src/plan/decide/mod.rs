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

use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;

use super::grid::{Grid, Series};
use super::runs::{Runs, too_many};
use super::start::Start;
use super::{
    Check, MAX_CHARTS, MAX_DERIVATIVES, MAX_EXPECTATIONS, MAX_OBJECTIVES, MAX_RUNS, Objective,
    Plan, Record, RecordedData, charts, check, expectations,
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
    // Everything else refers to runs by their columns and numbers.
    let runs = decider.runs(&spec)?;
    let stop = decider.stop(&spec.stop, &runs.objectives);
    let derivatives = decider.derivatives(&spec, runs.arithmetics().len());
    let mut mistakes = decider.mistakes;
    // Without a formula every parameter would be unknown.
    let has_runs = runs.count() > 0 && (mistakes.is_empty() || !runs.parameters().is_empty());
    let has_derivatives_alone = spec.objective.is_empty() && spec.optimizer.is_empty();
    let (record, charts, expectations) = if has_runs {
        let record = Record::decide(&spec.record, &runs, &mut mistakes);
        let charts = charts::decide(&runs, &record, &spec, &mut mistakes);
        let expectations = expectations::decide(&runs, &spec, &mut mistakes);
        (record, charts, expectations)
    } else {
        Default::default()
    };
    let check = if has_runs || has_derivatives_alone {
        check::decide(&runs, &derivatives, &spec, &mut mistakes)
    } else {
        Check::default()
    };
    // These record the objectives, which takes longest, and a recording needs a sound one.
    if mistakes.is_empty() {
        operations::check(&runs, &spec.objective, &mut mistakes);
    }
    if mistakes.is_empty() {
        searches::check(&runs, &spec, &mut mistakes);
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let title = spec.title.map(|title| title.value);
    Ok(Plan {
        title: title.unwrap_or_else(|| super::report_name(path)),
        description: spec.description.map(|text| text.value),
        derivatives: derivative::with_distinct_files(derivatives, &charts),
        runs,
        stop,
        record,
        charts,
        style: charts::style(&spec.style),
        expectations,
        check,
        hash: super::hash(source),
    })
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

    /// What is combined; all errors so far if that is too much.
    fn runs(&mut self, spec: &Spec) -> Result<Runs, Vec<Mistake>> {
        let numerics = self.numerics(spec);
        let objectives = self.objectives(spec);
        let optimizers = self.optimizers(spec);
        self.check_optimizers(spec, &numerics, &objectives, &optimizers);
        let optimizers = optimizers.into_iter().map(|one| one.optimizer).collect();
        let repetitions = self.repetitions(spec, &objectives);
        let runs = Runs::new(numerics, objectives, optimizers, (self.seed, repetitions));
        runs.map_err(|too_many| {
            self.mistakes.push(too_many);
            std::mem::take(&mut self.mistakes)
        })
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
        // An objective that was not understood may be the random one.
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
            let label = "each number of epochs is a separate run";
            self.mistake(Code::WrongValue, &range.count.span, message, label);
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
                let label = format!("expected 1 to {MAX_NAME_LENGTH}");
                self.mistake(Code::WrongValue, &name.span, message, label);
            } else if !told.insert(&name.value) {
                let message = format!("two {what}s have the name `{}`", name.value);
                let label = "expected a unique name";
                self.mistake(Code::NameTaken, &name.span, message, label);
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
