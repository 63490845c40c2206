//! What is minimised.

use super::function::{Written, default_name};
use super::{Decider, each_once, named};
use crate::mistake::{At, Mistake, suggestion};
use crate::optimizer::Method;
use crate::plan::Objective;
use crate::plan::grid::Series;
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
];

impl Decider<'_> {
    pub(super) fn objectives(&mut self, spec: &Spec) -> Vec<Objective> {
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
        let names = written.starts.iter().flat_map(|start| &start.value);
        let names: Vec<&At<String>> = names.map(|(name, _)| name).collect();
        let variables = each_once(names.iter().map(|name| name.value.as_str()));
        for start in &written.starts {
            self.start(start, &variables);
        }
        for (name, setting) in &written.constants {
            self.finite(&name.value, setting);
        }
        if let Some(minimum) = &written.minimum {
            self.minimum(minimum, &variables);
        }
        let function = self.function(&Written {
            formula: written.formula.as_ref(),
            define: &written.define,
            constants: written.constants.iter().map(|(name, _)| name).collect(),
            table: "start",
            variables: names,
            has_variables: written.has_start,
            is_column,
            report: "report",
            deed: "optimised",
        })?;
        let formula = &written.formula.as_ref()?.value;
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
        let name = written.name.as_ref().map(|name| name.value.clone());
        Some(Objective {
            name: name.unwrap_or_else(|| default_name(formula, "objective", place, of)),
            formula: formula.clone(),
            function,
            minimum: written.minimum.as_ref().map(|minimum| minimum.value.value),
            constants: self.grid(named(&written.constants), &[]),
            starts: starts
                .into_iter()
                .map(|settings| self.grid(settings, &[]))
                .collect(),
        })
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
}

/// Whether a column of a report of descents has this name.
fn is_column(name: &str) -> bool {
    let mut settings = Method::ALL.iter().flat_map(|method| method.settings());
    COLUMN_NAMES.contains(&name) || settings.any(|setting| setting.name == name)
}
