//! The number of operations of an epoch of an objective, and its limit.

use crate::mistake::{Code, Mistake, Span};
use crate::number::grouped;
use crate::objective;
use crate::optimizer::{Inputs, Recipe};
use crate::plan::{MAX_ARRAY_OPERATIONS, MAX_ELEMENTS, MAX_OPERATIONS, Runs};
use crate::spec;
use gradtape_tape::{Graph, Precision, Shape, Subnormals};

/// Maximum number of recorded operations of value and gradient for each operation of the
/// value: precise enough to find that a formula is far from the limit.
const OPERATIONS_FOR_ONE: usize = 20;

/// Reports objectives whose epoch has too many operations.
pub(super) fn check(runs: &Runs, written: &[spec::Objective], mistakes: &mut Vec<Mistake>) {
    let update = runs.recipes().iter().map(update_operations).max();
    let update = update.unwrap_or(0);
    for objective in &runs.objectives {
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
        if most.saturating_add(updates) <= MAX_OPERATIONS {
            continue;
        }
        let count = operations(&gradient(&objective.function)) + updates;
        if count > MAX_OPERATIONS {
            let message = format!(
                "one epoch of this formula has {} operations",
                grouped(count as u128)
            );
            let label = format!("expected at most {}", grouped(MAX_OPERATIONS as u128));
            let help = "this counts the value with all definitions, the gradient, and the \
                        update of every variable; remove terms or variables";
            let mistake = Mistake::new(Code::TooLarge, span.clone(), message, label);
            mistakes.push(mistake.help(help));
        }
    }
}

/// Reports arrays that are too large in total, and an epoch that would take minutes.
fn check_arrays(function: &objective::Objective, span: &Span, mistakes: &mut Vec<Mistake>) {
    let graph = gradient(function);
    for (count, greatest, what) in [
        (graph.operations(), MAX_ARRAY_OPERATIONS, "operations"),
        (graph.elements(), MAX_ELEMENTS, "numbers in its arrays"),
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

/// A value and its gradient. Constants and data of the file are inputs, so the size is
/// nearly the same in all arithmetics.
fn gradient(function: &objective::Objective) -> Graph {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (variables, constants) = function.inputs_of(&graph);
    let data = function.data().iter();
    let data: Vec<_> = data.map(|(_, shape)| graph.input(shape)).collect();
    let value = function.trace(&graph, &variables, &constants, &data);
    graph.gradient(value, &variables);
    graph
}

/// The operations of an update and of the lengths of gradient and step, for each
/// variable.
fn update_operations(recipe: &Recipe) -> usize {
    const LENGTHS: usize = 3;
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let memory = recipe.memory(&[Shape::scalar()]);
    let _ = recipe.record(Inputs {
        parameters: &graph.numbers(1),
        gradient: &graph.numbers(1),
        loss: graph.input([]),
        memory: &graph.numbers(memory.len()),
        numbers: &graph.numbers(recipe.numbers().len()),
    });
    operations(&graph) + LENGTHS
}

fn operations(graph: &Graph) -> usize {
    usize::try_from(graph.operations()).unwrap_or(usize::MAX)
}
