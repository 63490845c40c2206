//! From an objective and an update rule to the program of an epoch.
//!
//! An objective of numbers is recorded operation by operation. One of arrays is
//! recorded in arrays. If it is small, it is then written out element by element, so
//! that many runs go side by side as with numbers; otherwise each run computes whole
//! arrays by itself.

use std::sync::Arc;

use super::descent::{Descent, LOSS, Outputs};
use super::minibatch::Batches;
use crate::number::Number;
use crate::optimizer::{self, Block, Cell, Initial, Update};
use crate::plan::{Bounds, Objective, Plan, Run};
use gradtape_engine::{Compiled, LONGEST_LINE, Program};
use gradtape_tape::internal::{array_norm, norm};
use gradtape_tape::{Array, ArrayGraph, Graph, Op, Real, Shape, Var};

/// What an epoch is made of, as numbers or as arrays.
pub(super) struct Traced<N> {
    pub(super) parameters: Vec<N>,
    pub(super) gradient: Vec<N>,
    /// The gradient in the directions that bounds leave free: its norm is recorded.
    pub(super) free_gradient: Vec<N>,
    pub(super) update: Update<N>,
    /// The largest magnitude of an entry of the gradient in the epochs before.
    pub(super) greatest: N,
    pub(super) loss: N,
    pub(super) validation: Option<N>,
    pub(super) told: Told<N>,
}

/// Additional values that a rule or the file asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<N> {
    /// The loss minus the known minimum, for `gap_below`.
    pub(super) gap: Option<N>,
    /// The epochs without an improvement, for `patience`.
    pub(super) wait: Option<N>,
    /// The learning rate in force, if a schedule changes it.
    pub(super) learning_rate: Option<N>,
}

impl<N: Copy> Told<N> {
    fn all(&self) -> impl Iterator<Item = N> {
        [self.gap, self.wait, self.learning_rate]
            .into_iter()
            .flatten()
    }

    /// The same with other numbers, which are given in the order of [`Told::all`].
    fn with<M>(&self, mut others: impl Iterator<Item = M>) -> Told<M> {
        let mut next = |one: Option<N>| one.and_then(|_| others.next());
        Told {
            gap: next(self.gap),
            wait: next(self.wait),
            learning_rate: next(self.learning_rate),
        }
    }
}

/// The inputs of an epoch other than the objective's constants.
pub(super) struct State<'a, N> {
    pub(super) parameters: &'a [N],
    /// The memory of the recipe, then that of `patience`.
    pub(super) memory: &'a [N],
    pub(super) greatest: N,
    /// The numbers of the recipe.
    pub(super) numbers: &'a [N],
    /// The lower and upper bound of each variable, where there are any.
    pub(super) bounds: &'a [Option<[N; 2]>],
}

/// The memory of `patience`: the loss that counts as the last improvement, and the epochs
/// since then.
pub(super) const PATIENCE: [f64; 2] = [f64::INFINITY, 0.0];

/// Records what follows from a loss and its gradient: the update, projected onto the
/// bounds, and what rules of `[stop]` look at.
pub(super) fn follow<N: Block>(
    plan: &Plan,
    run: &Run,
    state: &State<'_, N>,
    loss: N,
    gradient: Vec<N>,
    validation: Option<N>,
) -> Traced<N> {
    let patience = plan.stop.patience.is_some();
    let watched = if patience { PATIENCE.len() } else { 0 };
    let (memory, watch) = state.memory.split_at(state.memory.len() - watched);
    let next = run.recipe.record(optimizer::Inputs {
        parameters: state.parameters,
        gradient: &gradient,
        loss,
        memory,
        numbers: state.numbers,
    });
    let mut update = next.update;
    for (after, bounds) in update.parameters.iter_mut().zip(state.bounds) {
        *after = bounds.map_or(*after, |bounds| projected(*after, bounds));
    }
    let free = gradient.iter().zip(state.parameters).zip(state.bounds);
    let free = free
        .map(|((slope, x), bounds)| bounds.map_or(*slope, |bounds| free_slope(*slope, *x, bounds)));
    let constant = |number: Number| loss.constant(number.wide());
    let mut wait = None;
    if let [reference, waited] = watch {
        let least_gain = plan.stop.min_delta.map(constant);
        let wanted = least_gain.map_or(*reference, |gain| *reference - gain);
        let improves = loss.is_below(wanted);
        let zero = loss.constant(0.0);
        // Before the first epoch nothing was waited for.
        let counted = improves.choose(zero, *waited + loss.constant(1.0));
        update.memory.push(improves.choose(loss, *reference));
        update.memory.push(counted);
        wait = Some(counted);
    }
    let minimum = plan.objectives[run.objective].minimum;
    let minimum = minimum.filter(|_| plan.stop.gap_below.is_some());
    Traced {
        parameters: state.parameters.to_vec(),
        free_gradient: free.collect(),
        gradient,
        update,
        greatest: state.greatest,
        loss,
        validation,
        told: Told {
            gap: minimum.map(|minimum| loss - constant(minimum)),
            wait,
            learning_rate: run.recipe.schedule.as_ref().map(|_| next.learning_rate),
        },
    }
}

/// The nearest value within bounds. One that is not a number stays so.
pub(super) fn projected<N: Block>(x: N, [least, greatest]: [N; 2]) -> N {
    let x = x.is_below(least).choose(least, x);
    greatest.is_below(x).choose(greatest, x)
}

/// The slope, if bounds let the variable move downhill; 0 otherwise.
fn free_slope<N: Block>(slope: N, x: N, [least, greatest]: [N; 2]) -> N {
    let zero = slope.constant(0.0);
    let is_inside = least.is_below(x);
    let slope = is_inside.choose(slope, slope.smaller(zero));
    let is_inside = x.is_below(greatest);
    is_inside.choose(slope, slope.greater(zero))
}

/// The program of an epoch that is recorded in numbers.
pub(super) fn of_numbers<T: Compiled>(
    plan: &Plan,
    graph: &Graph<T>,
    traced: Traced<Var<'_, T>>,
) -> Descent<T> {
    let Traced {
        parameters,
        gradient,
        free_gradient,
        update,
        greatest,
        loss,
        validation,
        told,
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
        entry.binary(Op::Magnitude, greatest)
    });
    // The length of the step costs operations, so it is only computed for
    // the rule that looks at it.
    let zero = || graph.constant(T::ZERO);
    let step = if plan.stop.step_below.is_some() {
        let steps = moved
            .iter()
            .zip(&parameters)
            .map(|(after, before)| *after - *before);
        norm::<T, _>(&steps.collect::<Vec<_>>()).unwrap_or_else(zero)
    } else {
        zero()
    };
    let mut outputs = vec![loss];
    outputs.extend(untold);
    let numbers = outputs_after(outputs.len(), &told, validation.is_some());
    outputs.extend(told.gap);
    outputs.extend(told.wait);
    let gradient_norm = norm::<T, _>(&free_gradient).unwrap_or_else(zero);
    outputs.extend([gradient_norm, step]);
    outputs.extend(validation);
    outputs.extend(told.learning_rate);
    let memory = update.memory.len();
    let next: Vec<_> = moved
        .into_iter()
        .chain(update.memory)
        .chain([next_greatest])
        .collect();
    let program = Program::epoch(graph, &outputs, &next);
    let program = program.with_rare_outputs(often(plan, &numbers));
    Descent {
        engine: T::engine(program),
        outputs: numbers,
        parameters: parameters.len(),
        memory,
        sticky,
        loose,
        batches: None,
    }
}

/// The numbers of the outputs; the first `entries` are the loss and entries of the gradient.
fn outputs_after<N>(entries: usize, told: &Told<N>, has_validation: bool) -> Outputs {
    let mut next = entries;
    let mut place = |is_there: bool| {
        let place = next;
        next += usize::from(is_there);
        is_there.then_some(place)
    };
    let (gap, wait) = (place(told.gap.is_some()), place(told.wait.is_some()));
    let often = gap.map_or(0, |_| 1) + wait.map_or(0, |_| 1) + entries;
    let _ = (place(true), place(true));
    Outputs {
        entries: LOSS + 1..entries,
        gap,
        wait,
        gradient_norm: often,
        step: often + 1,
        validation: place(has_validation),
        learning_rate: place(told.learning_rate.is_some()),
    }
}

/// The number of outputs that are needed in every epoch.
fn often(plan: &Plan, outputs: &Outputs) -> usize {
    match &plan.stop {
        stop if stop.step_below.is_some() => outputs.step + 1,
        stop if stop.gradient_norm_below.is_some() => outputs.gradient_norm + 1,
        _ => outputs.gradient_norm,
    }
}

/// The program of an epoch of an objective that has arrays.
pub(super) fn of_arrays<T: Compiled>(plan: &Plan, run: &Run) -> Descent<T> {
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
        // The program evaluates a state, and the batches lead to the next one: it only
        // updates what changes once an epoch.
        traced.update.parameters.clone_from(&inputs.parameters);
        let clock = traced.update.memory.len() - clock_cells(plan, run);
        traced.update.memory[..clock].copy_from_slice(&inputs.memory[..clock]);
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
    pub(super) memory: Vec<Array<'g, T>>,
    greatest: Array<'g, T>,
    pub(super) constants: Vec<Array<'g, T>>,
    /// The numbers of the recipe.
    numbers: Vec<Array<'g, T>>,
    bounds: Vec<Option<[Array<'g, T>; 2]>>,
}

impl<'g, T: Real> Inputs<'g, T> {
    pub(super) fn new(plan: &Plan, run: &Run, graph: &'g ArrayGraph<T>) -> Self {
        let objective = &plan.objectives[run.objective];
        let shapes = shapes(objective);
        let inputs = |shapes: &[Shape]| shapes.iter().map(|shape| graph.input(shape)).collect();
        let numbers = |count: usize| (0..count).map(|_| graph.input(Shape::scalar())).collect();
        let parameters = inputs(&shapes);
        let memory = memory(plan, run)
            .into_iter()
            .map(|cell| graph.input(cell.shape));
        Inputs {
            parameters,
            memory: memory.collect(),
            greatest: graph.input(Shape::scalar()),
            constants: numbers(run.constants.len()),
            numbers: numbers(run.numbers.len()),
            bounds: array_bounds(objective, &shapes, graph),
        }
    }

    /// Everything that follows from a loss and its gradient.
    pub(super) fn follow(
        &self,
        plan: &Plan,
        run: &Run,
        loss: Array<'g, T>,
        gradient: Vec<Array<'g, T>>,
        validation: Option<Array<'g, T>>,
    ) -> Traced<Array<'g, T>> {
        let state = State {
            parameters: &self.parameters,
            memory: &self.memory,
            greatest: self.greatest,
            numbers: &self.numbers,
            bounds: &self.bounds,
        };
        follow(plan, run, &state, loss, gradient, validation)
    }
}

/// The shapes of the variables.
pub(super) fn shapes(objective: &Objective) -> Vec<Shape> {
    let variables = objective.function.variables().iter();
    variables.map(|(_, shape)| shape.clone()).collect()
}

/// The whole memory in runs of a recipe: its own, then that of `patience`.
pub(super) fn memory(plan: &Plan, run: &Run) -> Vec<Cell> {
    let objective = &plan.objectives[run.objective];
    let mut cells = run.recipe.memory(&shapes(objective));
    if plan.stop.patience.is_some() {
        cells.extend(PATIENCE.map(|number| Cell::scalar(Initial::Number(number))));
    }
    cells
}

/// The number of arrays at the end of the memory that change once an epoch, whatever its
/// number of updates.
pub(super) fn clock_cells(plan: &Plan, run: &Run) -> usize {
    let watched = plan.stop.patience.map_or(0, |_| PATIENCE.len());
    run.recipe.clock_cells() + watched
}

/// The bounds of each variable as arrays.
fn array_bounds<'g, T: Real>(
    objective: &Objective,
    shapes: &[Shape],
    graph: &'g ArrayGraph<T>,
) -> Vec<Option<[Array<'g, T>; 2]>> {
    let mut rest = &objective.bounds[..];
    let bounds = shapes.iter().map(|shape| {
        let count = shape.elements().unwrap_or(0).min(rest.len());
        let (own, others) = rest.split_at(count);
        rest = others;
        if own.iter().all(|bounds| !bounds.hold()) {
            return None;
        }
        let side = |side: fn(&Bounds) -> Number| {
            let numbers = own.iter().map(|bounds| side(bounds).to::<T>());
            graph.data(shape.clone(), numbers.collect())
        };
        Some([side(|bounds| bounds.least), side(|bounds| bounds.greatest)])
    });
    bounds.collect()
}

/// The bounds of each variable as numbers.
pub(super) fn bounds<'g, T: Real>(
    objective: &Objective,
    graph: &'g Graph<T>,
) -> Vec<Option<[Var<'g, T>; 2]>> {
    let bounds = objective.bounds.iter().map(|bounds| {
        let side = |number: Number| graph.constant(number.to::<T>());
        let both = [side(bounds.least), side(bounds.greatest)];
        bounds.hold().then_some(both)
    });
    bounds.collect()
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
    inputs.follow(plan, run, loss, gradient, validation)
}

/// Numbers of the data in the precision of a run.
pub(super) fn in_precision<T: Real>(numbers: &[f64]) -> Arc<[T]> {
    numbers.iter().map(|number| T::from_f64(*number)).collect()
}

/// The same epoch written out element by element.
fn unrolled<T: Compiled>(
    plan: &Plan,
    run: &Run,
    arrays: &ArrayGraph<T>,
    traced: &Traced<Array<'_, T>>,
) -> Descent<T> {
    let graph = Graph::<T>::new(run.subnormals);
    let inputs: Vec<_> = (0..arrays.inputs()).map(|_| graph.input()).collect();
    let wanted = traced.parameters.iter().chain(&traced.gradient);
    let wanted = wanted.chain(&traced.free_gradient);
    let wanted = wanted.chain(&traced.update.parameters);
    let wanted = wanted.chain(&traced.update.memory);
    let wanted = wanted.chain([&traced.greatest, &traced.loss]);
    let wanted = wanted.copied().chain(traced.told.all());
    let wanted: Vec<_> = wanted.chain(traced.validation).collect();
    let mut elements = arrays.unroll(&graph, &inputs, &wanted).into_iter();
    let mut several =
        |count: usize| -> Vec<Var<'_, T>> { elements.by_ref().take(count).flatten().collect() };
    let parameters = several(traced.parameters.len());
    let gradient = several(traced.gradient.len());
    let free_gradient = several(traced.free_gradient.len());
    let update = Update {
        parameters: several(traced.update.parameters.len()),
        memory: several(traced.update.memory.len()),
    };
    let (greatest, loss) = (several(1)[0], several(1)[0]);
    let told = several(traced.told.all().count());
    let validation = several(1).first().copied();
    let traced = Traced {
        parameters,
        gradient,
        free_gradient,
        update,
        greatest,
        loss,
        validation,
        told: traced.told.with(told.into_iter()),
    };
    of_numbers(plan, &graph, traced)
}

/// The program of whole arrays.
fn whole<T: Compiled>(
    plan: &Plan,
    graph: &ArrayGraph<T>,
    traced: Traced<Array<'_, T>>,
) -> Descent<T> {
    let Traced {
        parameters,
        gradient,
        free_gradient,
        update,
        greatest,
        loss,
        validation,
        told,
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
        Array::apply(Op::Magnitude, &[magnitude, greatest])
    });
    let zero = || graph.constant(T::ZERO);
    let step = if plan.stop.step_below.is_some() {
        let steps = update.parameters.iter().zip(&parameters);
        let steps = steps.map(|(after, before)| *after - *before);
        array_norm(&steps.collect::<Vec<_>>()).unwrap_or_else(zero)
    } else {
        zero()
    };
    let gradient_norm = array_norm(&free_gradient).unwrap_or_else(zero);
    let numbers = outputs_after(LOSS + 1 + entries, &told, validation.is_some());
    outputs.extend(told.gap);
    outputs.extend(told.wait);
    outputs.extend([gradient_norm, step]);
    outputs.extend(validation);
    outputs.extend(told.learning_rate);
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
        engine: T::engine(program),
        outputs: numbers,
        parameters: first,
        memory,
        sticky,
        loose,
        batches: None,
    }
}
