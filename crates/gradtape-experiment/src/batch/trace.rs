//! From an objective and an update rule to the program of an epoch.
//!
//! Everything is recorded in arrays. If these are small, they are then written out number
//! by number, so that many runs go side by side; otherwise each run computes whole arrays
//! by itself.

use super::descent::Descent;
use super::epoch::{EpochGraph, Inputs, clock_cells, record_gradient, record_step};
use super::minibatch::Batches;
use super::output::{Output, Outputs};
use super::stop::is_watched;
use crate::optimizer::Update;
use crate::plan::{Plan, Run};
use gradtape_engine::{Compiled, MAX_UNROLLED, Program};
use gradtape_tape::{Array, Graph, Op};

/// The program of an epoch of the objective and the rule of `run`.
pub(super) fn descent<T: Compiled>(plan: &Plan, run: &Run) -> Descent<T> {
    let data = plan.objectives[run.objective].data.as_ref();
    let batches = data.and_then(|data| Batches::trace(plan, run, data));
    let graph = Graph::new(T::PRECISION, run.subnormals);
    let inputs = Inputs::new(plan, run, &graph);
    let mut traced = inputs.record(plan, run);
    if batches.is_some() {
        // The program evaluates a state, and the batches lead to the next one: it only
        // updates what changes once an epoch.
        traced.update.parameters.clone_from(&inputs.parameters);
        let clock = traced.update.memory.len() - clock_cells(plan, run);
        traced.update.memory[..clock].copy_from_slice(&inputs.memory[..clock]);
    }
    let unrolled = graph.alike();
    let mut descent = if graph.is_of_numbers() || graph.operations() <= MAX_UNROLLED {
        let (graph, traced) = traced.each_number(&graph, &unrolled);
        finished(plan, graph, traced)
    } else {
        finished(plan, &graph, traced)
    };
    descent.batches = batches;
    descent
}

impl<'g> EpochGraph<'g> {
    /// The same number by number, and the graph that it is in then.
    fn each_number(self, graph: &'g Graph, unrolled: &'g Graph) -> (&'g Graph, Self) {
        let further: Vec<Array<'g>> = self.further.iter().map(|(_, number)| *number).collect();
        let groups = [
            &self.parameters,
            &self.gradient,
            &self.free_gradient,
            &self.update.parameters,
            &self.update.memory,
            &vec![self.greatest, self.loss],
            &further,
        ];
        let wanted = groups.map(|group| &group[..]).concat();
        let (graph, elements) = graph.each_number(unrolled, &wanted);
        let mut elements = elements.into_iter();
        let mut next = |group: &Vec<Array<'g>>| -> Vec<Array<'g>> {
            elements.by_ref().take(group.len()).flatten().collect()
        };
        let traced = EpochGraph {
            parameters: next(&self.parameters),
            gradient: next(&self.gradient),
            free_gradient: next(&self.free_gradient),
            update: Update {
                parameters: next(&self.update.parameters),
                memory: next(&self.update.memory),
            },
            greatest: next(&vec![self.greatest])[0],
            loss: next(&vec![self.loss])[0],
            further: self
                .further
                .iter()
                .map(|(output, _)| *output)
                .zip(next(&further))
                .collect(),
        };
        (graph, traced)
    }
}

/// The program of what was traced.
fn finished<T: Compiled>(plan: &Plan, graph: &Graph, traced: EpochGraph<'_>) -> Descent<T> {
    let EpochGraph {
        parameters,
        gradient,
        free_gradient,
        update,
        greatest,
        loss,
        further,
    } = traced;
    let elements = |array: &Array<'_>| array.shape().elements().unwrap_or(0);
    let mut outputs = vec![(Output::Loss, loss)];
    let (mut sticky, mut loose) = (Vec::new(), Vec::new());
    let mut first = 0;
    for ((before, after), slope) in parameters.iter().zip(&update.parameters).zip(&gradient) {
        let places = first..first + elements(before);
        first = places.end;
        let is_sticky = graph.stays_not_finite(*before, *after);
        if is_sticky {
            sticky.extend(places);
        } else {
            loose.extend(places);
        }
        if !(is_sticky && graph.stays_not_finite(*slope, *after)) {
            outputs.push((Output::Entries, *slope));
        }
    }
    // A magnitude that is NaN does not count.
    let next_greatest = gradient.iter().fold(greatest, |greatest, entry| {
        let magnitude = match entry.shape().is_empty() {
            true => *entry,
            false => entry.abs().max(None),
        };
        Array::apply(Op::Magnitude, &[magnitude, greatest])
    });
    let step = record_step(plan, graph, &parameters, &update.parameters);
    let of_gradient = record_gradient(graph, &free_gradient);
    // What no rule looks at is rare: only computed for epochs that are recorded.
    let is_often = |output: Output| {
        matches!(output, Output::Loss | Output::Entries) || is_watched(&plan.stop, output)
    };
    outputs.extend(further);
    outputs.extend(of_gradient);
    outputs.extend(step);
    let (watched, rare): (Vec<_>, Vec<_>) = outputs
        .into_iter()
        .partition(|(output, _)| is_often(*output));
    let often = watched.iter().map(|(_, array)| elements(array)).sum();
    let outputs = [watched, rare].concat();
    let arrays: Vec<Array<'_>> = outputs.iter().map(|(_, array)| *array).collect();
    let memory = update.memory.iter().map(elements).sum();
    let next = update.parameters.into_iter().chain(update.memory);
    let next: Vec<_> = next.chain([next_greatest]).collect();
    let program = Program::epoch(graph, &arrays, &next);
    Descent {
        engine: T::engine(program.with_rare_outputs(often)),
        outputs: Outputs::new(&outputs),
        parameters: first,
        memory,
        sticky,
        loose,
        batches: None,
    }
}
