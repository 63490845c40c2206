//! From an objective and an update rule to the program of an epoch.
//!
//! An objective of numbers is recorded operation by operation. One of arrays is
//! recorded as such; if it is small, it is written out element by element then, so that
//! many runs go side by side as with numbers, and else each run goes through whole
//! arrays by itself.

use std::sync::Arc;

use super::descent::{Descent, LOSS, Outputs};
use super::minibatch::Batches;
use crate::autodiff::{Array, ArrayGraph, Graph, Op, Real, Shape, Var};
use crate::engine::{Interpreter, LONGEST_LINE, Program};
use crate::optimizer::{Epoch, Update};
use crate::plan::{Plan, Run};

/// What an epoch is made of, as numbers or as arrays.
pub(super) struct Traced<N> {
    pub(super) parameters: Vec<N>,
    pub(super) gradient: Vec<N>,
    pub(super) update: Update<N>,
    /// The greatest magnitude of an entry of the gradient in the epochs before.
    pub(super) greatest: N,
    pub(super) loss: N,
    pub(super) validation: Option<N>,
}

/// The program of an epoch that is recorded in numbers.
pub(super) fn of_numbers<T: Real>(
    plan: &Plan,
    graph: &Graph<T>,
    traced: Traced<Var<'_, T>>,
) -> Descent<T> {
    let Traced {
        parameters,
        gradient,
        update,
        greatest,
        loss,
        validation,
    } = traced;
    let moved = update.parameters;
    let stays = |from: Var<'_, T>, to| graph.stays_not_finite(from, to);
    let (mut sticky, mut loose, mut untold) = (Vec::new(), Vec::new(), Vec::new());
    for (place, ((before, after), slope)) in
        parameters.iter().zip(&moved).zip(&gradient).enumerate()
    {
        let is_sticky = stays(*before, *after);
        if is_sticky {
            sticky.push(place);
        } else {
            loose.push(place);
        }
        if !(is_sticky && stays(*slope, *after)) {
            untold.push(*slope);
        }
    }
    // A magnitude that is NaN does not count.
    let next_greatest = gradient.iter().fold(greatest, |greatest, entry| {
        entry.abs().binary(Op::Max, greatest)
    });
    // The length of the step costs operations, so it is only computed for
    // the rule that looks at it.
    let step = if plan.stop.step_below.is_some() {
        let steps = moved
            .iter()
            .zip(&parameters)
            .map(|(after, before)| *after - *before);
        norm(graph, &steps.collect::<Vec<_>>())
    } else {
        graph.constant(T::ZERO)
    };
    let mut outputs = vec![loss];
    outputs.extend(untold);
    let numbers = outputs_after(outputs.len(), validation.is_some());
    outputs.extend([norm(graph, &gradient), step]);
    outputs.extend(validation);
    let memory = update.memory.len();
    let next: Vec<_> = moved
        .into_iter()
        .chain(update.memory)
        .chain([next_greatest])
        .collect();
    let program = Program::epoch(graph, &outputs, &next);
    let program = program.with_rare_outputs(often(plan, &numbers));
    Descent {
        engine: Box::new(Interpreter::new(program)),
        outputs: numbers,
        parameters: parameters.len(),
        memory,
        sticky,
        loose,
        batches: None,
    }
}

/// The numbers of the outputs if so many come before the rare ones.
fn outputs_after(often: usize, has_validation: bool) -> Outputs {
    Outputs {
        entries: LOSS + 1..often,
        gradient_norm: often,
        step: often + 1,
        validation: has_validation.then_some(often + 2),
    }
}

/// How many outputs are looked at in every epoch.
fn often(plan: &Plan, outputs: &Outputs) -> usize {
    match &plan.stop {
        stop if stop.step_below.is_some() => outputs.step + 1,
        stop if stop.gradient_norm_below.is_some() => outputs.gradient_norm + 1,
        _ => outputs.entries.end,
    }
}

/// The Euclidean norm, by [`Op::Hypot`] from the left: a square would underflow long
/// before the gradient does.
fn norm<'g, T: Real>(graph: &'g Graph<T>, vector: &[Var<'g, T>]) -> Var<'g, T> {
    match vector {
        [] => graph.constant(T::ZERO),
        [only] => only.abs(),
        [first, rest @ ..] => rest.iter().fold(*first, |norm, x| norm.hypot(*x)),
    }
}

/// The program of an epoch of an objective that has arrays.
pub(super) fn of_arrays<T: Real>(plan: &Plan, run: &Run) -> Descent<T> {
    let data = plan.objectives[run.objective].data.as_ref();
    let training = data.map_or(Vec::new(), |data| {
        let arrays = data.arrays.iter();
        arrays.map(|array| in_precision(&array.training)).collect()
    });
    let batches = data.and_then(|data| Batches::trace(plan, run, data, &training));
    let graph = ArrayGraph::<T>::new(run.subnormals);
    let inputs = Inputs::new(plan, run, &graph);
    let mut traced = record(plan, run, &graph, &inputs, &training);
    if batches.is_some() {
        // The program looks at a state, and the batches lead to the next one.
        traced.update = inputs.unchanged();
    }
    let mut descent = if graph.operations() <= LONGEST_LINE {
        unrolled(plan, run, &graph, &traced)
    } else {
        whole(plan, &graph, traced)
    };
    descent.batches = batches;
    descent
}

/// The inputs of a program of arrays, in their order.
pub(super) struct Inputs<'g, T> {
    pub(super) parameters: Vec<Array<'g, T>>,
    memory: Vec<Array<'g, T>>,
    greatest: Array<'g, T>,
    pub(super) constants: Vec<Array<'g, T>>,
    /// The numbers of the rule.
    numbers: Vec<Array<'g, T>>,
}

impl<'g, T: Real> Inputs<'g, T> {
    pub(super) fn new(plan: &Plan, run: &Run, graph: &'g ArrayGraph<T>) -> Self {
        let variables = plan.objectives[run.objective].function.variables();
        let of_shapes = || {
            let shapes = variables.iter().map(|(_, shape)| shape);
            shapes.map(|shape| graph.input(shape.clone()))
        };
        let numbers = |count: usize| (0..count).map(|_| graph.input(Shape::scalar())).collect();
        Inputs {
            parameters: of_shapes().collect(),
            memory: (0..run.rule.memory()).flat_map(|_| of_shapes()).collect(),
            greatest: graph.input(Shape::scalar()),
            constants: numbers(run.constants.len()),
            numbers: numbers(run.numbers.len()),
        }
    }

    /// One update against a gradient.
    pub(super) fn update(&self, run: &Run, gradient: &[Array<'g, T>]) -> Update<Array<'g, T>> {
        run.rule.record(Epoch {
            parameters: &self.parameters,
            gradient,
            memory: &self.memory,
            numbers: &self.numbers,
        })
    }

    /// No update.
    fn unchanged(&self) -> Update<Array<'g, T>> {
        Update {
            parameters: self.parameters.clone(),
            memory: self.memory.clone(),
        }
    }
}

/// Records an epoch in arrays, on rows whose numbers are `training`.
fn record<'g, T: Real>(
    plan: &Plan,
    run: &Run,
    graph: &'g ArrayGraph<T>,
    inputs: &Inputs<'g, T>,
    training: &[Arc<[T]>],
) -> Traced<Array<'g, T>> {
    let objective = &plan.objectives[run.objective];
    let loss_on = |shapes: Vec<Shape>, numbers: Vec<Arc<[T]>>| {
        let data = shapes.into_iter().zip(numbers);
        let data = data.map(|(shape, numbers)| graph.data(shape, numbers));
        let data: Vec<_> = data.collect();
        let function = &objective.function;
        function.trace_arrays(graph, &inputs.parameters, &inputs.constants, &data)
    };
    let data = objective.data.as_ref();
    let shapes = data.map_or(Vec::new(), |data| data.shapes(data.training.len()));
    let loss = loss_on(shapes, training.to_vec());
    let validation = data.filter(|data| !data.validation.is_empty()).map(|data| {
        let arrays = data.arrays.iter();
        let numbers = arrays.map(|array| in_precision(&array.validation));
        loss_on(data.shapes(data.validation.len()), numbers.collect())
    });
    let gradient = graph.gradient(loss, &inputs.parameters);
    Traced {
        update: inputs.update(run, &gradient),
        parameters: inputs.parameters.clone(),
        greatest: inputs.greatest,
        gradient,
        loss,
        validation,
    }
}

/// Numbers of the data in the precision of a run.
fn in_precision<T: Real>(numbers: &[f64]) -> Arc<[T]> {
    numbers.iter().map(|number| T::from_f64(*number)).collect()
}

/// The same epoch written out element by element.
fn unrolled<T: Real>(
    plan: &Plan,
    run: &Run,
    arrays: &ArrayGraph<T>,
    traced: &Traced<Array<'_, T>>,
) -> Descent<T> {
    let graph = Graph::<T>::new(run.subnormals);
    let inputs: Vec<_> = (0..arrays.inputs()).map(|_| graph.input()).collect();
    let wanted = traced.parameters.iter().chain(&traced.gradient);
    let wanted = wanted.chain(&traced.update.parameters);
    let wanted = wanted.chain(&traced.update.memory);
    let wanted = wanted.chain([&traced.greatest, &traced.loss]);
    let wanted: Vec<_> = wanted.chain(&traced.validation).copied().collect();
    let mut elements = arrays.unroll(&graph, &inputs, &wanted).into_iter();
    let mut several =
        |count: usize| -> Vec<Var<'_, T>> { elements.by_ref().take(count).flatten().collect() };
    let parameters = several(traced.parameters.len());
    let gradient = several(traced.gradient.len());
    let update = Update {
        parameters: several(traced.update.parameters.len()),
        memory: several(traced.update.memory.len()),
    };
    let (greatest, loss) = (several(1)[0], several(1)[0]);
    let validation = several(1).first().copied();
    let traced = Traced {
        parameters,
        gradient,
        update,
        greatest,
        loss,
        validation,
    };
    of_numbers(plan, &graph, traced)
}

/// The program of whole arrays.
fn whole<T: Real>(plan: &Plan, graph: &ArrayGraph<T>, traced: Traced<Array<'_, T>>) -> Descent<T> {
    let Traced {
        parameters,
        gradient,
        update,
        greatest,
        loss,
        validation,
    } = traced;
    let elements = |array: &Array<'_, T>| array.shape().elements().unwrap_or(0);
    let mut outputs = vec![loss];
    let (mut sticky, mut loose) = (Vec::new(), Vec::new());
    let mut entries = 0;
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
            outputs.push(*slope);
            entries += elements(slope);
        }
    }
    let next_greatest = gradient.iter().fold(greatest, |greatest, entry| {
        let magnitude = Array::apply(Op::Abs, &[*entry]).max(None);
        Array::apply(Op::Max, &[magnitude, greatest])
    });
    let step = if plan.stop.step_below.is_some() {
        let steps = update.parameters.iter().zip(&parameters);
        array_norm(graph, steps.map(|(after, before)| *after - *before))
    } else {
        graph.constant(T::ZERO)
    };
    let numbers = outputs_after(LOSS + 1 + entries, validation.is_some());
    outputs.extend([array_norm(graph, gradient.iter().copied()), step]);
    outputs.extend(validation);
    let memory = update.memory.iter().map(elements).sum();
    let next: Vec<_> = update
        .parameters
        .into_iter()
        .chain(update.memory)
        .chain([next_greatest])
        .collect();
    let program = Program::staged(graph, &outputs, &next);
    let program = program.with_rare_outputs(often(plan, &numbers));
    Descent {
        engine: Box::new(Interpreter::new(program)),
        outputs: numbers,
        parameters: first,
        memory,
        sticky,
        loose,
        batches: None,
    }
}

/// The Euclidean norm of all elements together. They are divided by the greatest
/// magnitude, as a square would underflow long before the gradient does.
fn array_norm<'g, T: Real>(
    graph: &'g ArrayGraph<T>,
    arrays: impl Iterator<Item = Array<'g, T>>,
) -> Array<'g, T> {
    let norms = arrays.map(|array| {
        let greatest = Array::apply(Op::Abs, &[array]).max(None);
        let zero = graph.constant(T::ZERO);
        let is_positive = Array::apply(Op::Less, &[zero, greatest]);
        let one = graph.constant(T::ONE);
        let unit = Array::apply(Op::Where, &[is_positive, greatest, one]);
        let share = array / unit;
        unit * Array::apply(Op::Sqrt, &[(share * share).sum(None)])
    });
    let norm = norms.reduce(|norm, next| Array::apply(Op::Hypot, &[norm, next]));
    norm.unwrap_or_else(|| graph.constant(T::ZERO))
}
