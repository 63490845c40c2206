//! The number of operations of an epoch of an objective, and its limit.

use crate::mistake::{Code, Mistake, Span};
use crate::number::grouped;
use crate::objective;
use crate::optimizer::{Inputs, Recipe};
use crate::plan::{GREATEST_ARRAY_OPERATIONS, GREATEST_ELEMENTS, GREATEST_OPERATIONS, Plan};
use crate::spec;
use gradtape_tape::{ArrayGraph, Graph, Node, Shape, Subnormals, Var};

/// Maximum number of recorded operations of value and gradient for each operation of the
/// value: precise enough to find that a formula is far from the limit.
const OPERATIONS_FOR_ONE: usize = 20;

/// Reports objectives whose epoch has too many operations.
pub(super) fn check(plan: &Plan, written: &[spec::Objective], mistakes: &mut Vec<Mistake>) {
    let update = plan.recipes().iter().map(update_operations).max();
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
                "one epoch of this formula has {} operations",
                grouped(count as u128)
            );
            let label = format!("expected at most {}", grouped(GREATEST_OPERATIONS as u128));
            let help = "this counts the value with all definitions, the gradient, and the \
                        update of every variable; remove terms or variables";
            let mistake = Mistake::new(Code::TooLarge, span.clone(), message, label);
            mistakes.push(mistake.help(help));
        }
    }
}

/// Reports arrays that are too large in total, and an epoch that would take minutes.
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
            let help = "this counts the value with all definitions and the gradient";
            mistakes.push(Mistake::new(Code::TooLarge, span.clone(), message, label).help(help));
        }
    }
}

/// The operations of a value and its gradient. Constants of the file are inputs, so
/// the number is nearly the same in all arithmetics.
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
fn update_operations(recipe: &Recipe) -> usize {
    const LENGTHS: usize = 3;
    let graph = Graph::<f64>::new(Subnormals::Keep);
    let inputs = |count: usize| {
        (0..count)
            .map(|_| graph.input())
            .collect::<Vec<Var<'_, f64>>>()
    };
    let memory = recipe.memory(&[Shape::scalar()]);
    let _ = recipe.record(Inputs {
        parameters: &inputs(1),
        gradient: &inputs(1),
        loss: graph.input(),
        memory: &inputs(memory.len()),
        numbers: &inputs(recipe.numbers().len()),
    });
    operations(&graph) + LENGTHS
}

fn operations(graph: &Graph<f64>) -> usize {
    let nodes = graph.nodes();
    let is_operation = |node: &&Node<f64>| matches!(node, Node::Apply(..));
    nodes.iter().filter(is_operation).count()
}
