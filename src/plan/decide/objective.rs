//! What is minimised.

use std::collections::{HashMap, HashSet};

use super::function::{Written, default_name};
use super::{Decider, each_once, named};
use crate::autodiff::{Graph, Node, Subnormals, Var};
use crate::mistake::{At, Mistake, suggestion};
use crate::number::grouped;
use crate::objective;
use crate::optimizer::{Epoch, Method, Rule};
use crate::plan::grid::{Grid, Series};
use crate::plan::{Ends, GREATEST_OPERATIONS, GREATEST_VARIABLES, Objective, Plan};
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
        // Each start is compared with all variables, so their number comes first.
        if variables.len() <= GREATEST_VARIABLES {
            for start in &written.starts {
                self.start(start, &variables);
            }
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
            let given = start.value.iter();
            let given: HashMap<&str, &spec::Setting> = given
                .map(|(name, setting)| (name.value.as_str(), setting))
                .collect();
            let settings = variables.iter().filter_map(|variable| {
                let setting = *given.get(variable.as_str())?;
                Some((variable.clone(), Series::new(setting), setting.span.clone()))
            });
            settings.collect::<Vec<_>>()
        });
        let starts: Vec<Vec<_>> = starts.collect();
        let starts = starts.into_iter().map(|start| self.grid(start, &[]));
        let starts: Vec<Grid> = starts.collect();
        let name = written.name.as_ref().map(|name| name.value.clone());
        Some(Objective {
            name: name.unwrap_or_else(|| default_name(formula, "objective", place, of)),
            formula: formula.clone(),
            function,
            minimum: written.minimum.as_ref().map(|minimum| minimum.value.value),
            constants: self.grid(named(&written.constants), &[]),
            start_ends: Ends::new(starts.iter().map(Grid::count)),
            starts,
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
        let given = start.value.iter().map(|(name, _)| name.value.as_str());
        let given: HashSet<&str> = given.collect();
        for variable in variables {
            if !given.contains(variable.as_str()) {
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
    // A mistake in one of the tables would have left it out of the plan.
    for (objective, written) in plan.objectives.iter().zip(written) {
        let Some(formula) = &written.formula else {
            continue;
        };
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
            let mistake = Mistake::new(formula.span.clone(), message, label);
            mistakes.push(mistake.help(help));
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
