//! An epoch recorded: its inputs, and what follows from a loss and its gradient.

use super::output::Output;
use super::stop::is_watched;
use crate::number::Number;
use crate::optimizer::{self, ArrayExt, Cell, Initial, Update};
use crate::plan::{Bounds, DataRows, Objective, Plan, Run};
use gradtape_tape::internal::array_norm;
use gradtape_tape::{Array, Graph, Real, Shape};

/// What an epoch is made of.
pub(super) struct EpochGraph<'g> {
    pub(super) parameters: Vec<Array<'g>>,
    pub(super) gradient: Vec<Array<'g>>,
    /// The gradient in the directions that bounds leave free: its norm is recorded.
    pub(super) free_gradient: Vec<Array<'g>>,
    pub(super) update: Update<'g>,
    /// The largest magnitude of an entry of the gradient in the epochs before.
    pub(super) greatest: Array<'g>,
    pub(super) loss: Array<'g>,
    /// Further numbers that a rule or the file asks for.
    pub(super) further: Vec<(Output, Array<'g>)>,
}

/// The memory of `patience`: the loss that counts as the last improvement, and the epochs
/// since then.
const PATIENCE: [f64; 2] = [f64::INFINITY, 0.0];

/// The memory of the rules of `[stop]`, as it is in epoch 0.
pub(super) fn rule_memory(plan: &Plan) -> &'static [f64] {
    if is_watched(&plan.stop, Output::Wait) {
        &PATIENCE
    } else {
        &[]
    }
}

/// The inputs of the program of an epoch, in their order.
pub(super) struct Inputs<'g> {
    pub(super) parameters: Vec<Array<'g>>,
    /// The memory of the recipe, then that of `patience`.
    pub(super) memory: Vec<Array<'g>>,
    /// The largest magnitude of an entry of the gradient in the epochs before.
    greatest: Array<'g>,
    pub(super) constants: Vec<Array<'g>>,
    /// The numbers of the recipe.
    numbers: Vec<Array<'g>>,
    /// The lower and upper bound of each variable, where there are any.
    bounds: Vec<Option<[Array<'g>; 2]>>,
}

impl<'g> Inputs<'g> {
    pub(super) fn new(plan: &Plan, run: &Run, graph: &'g Graph) -> Self {
        let objective = &plan.objectives[run.objective];
        let shapes = shapes(objective);
        let [parameters] = points(objective, graph);
        let memory = memory(plan, run)
            .into_iter()
            .map(|cell| graph.input(cell.shape));
        Inputs {
            parameters,
            memory: memory.collect(),
            greatest: graph.input([]),
            constants: graph.numbers(run.constants.len()),
            numbers: graph.numbers(run.numbers.len()),
            bounds: bounds(objective, &shapes, graph),
        }
    }

    /// Records a whole epoch: the loss on the training rows and on the validation rows, the
    /// gradient and what follows from both.
    pub(super) fn record(&self, plan: &Plan, run: &Run) -> EpochGraph<'g> {
        let objective = &plan.objectives[run.objective];
        let graph = self.greatest.graph();
        let loss_on = |rows| objective.loss(graph, &self.parameters, &self.constants, rows);
        let loss = loss_on(DataRows::Training);
        let validation = objective
            .has_validation()
            .then(|| loss_on(DataRows::Validation));
        let gradient = graph.gradient(loss, &self.parameters);
        let mut traced = self.follow(plan, run, loss, gradient);
        let validation = validation.map(|loss| (Output::ValidationLoss, loss));
        traced.further.extend(validation);
        traced
    }

    /// Records everything that follows from a loss and its gradient: the update, projected
    /// onto the bounds, and what rules of `[stop]` look at.
    pub(super) fn follow(
        &self,
        plan: &Plan,
        run: &Run,
        loss: Array<'g>,
        gradient: Vec<Array<'g>>,
    ) -> EpochGraph<'g> {
        let recipe = self.memory.len() - rule_memory(plan).len();
        let (memory, rule_memory) = self.memory.split_at(recipe);
        let next = run.recipe.record(optimizer::Inputs {
            parameters: &self.parameters,
            gradient: &gradient,
            loss,
            memory,
            numbers: &self.numbers,
        });
        let mut update = next.update;
        for (after, bounds) in update.parameters.iter_mut().zip(&self.bounds) {
            *after = bounds.map_or(*after, |bounds| projected(*after, bounds));
        }
        let free = gradient.iter().zip(&self.parameters).zip(&self.bounds);
        let free = free.map(|((slope, x), bounds)| {
            bounds.map_or(*slope, |bounds| free_slope(*slope, *x, bounds))
        });
        let (mut further, rule_memory) = record_rules(plan, run, loss, rule_memory);
        update.memory.extend(rule_memory);
        if run.recipe.schedule.is_some() {
            further.push((Output::LearningRate, next.learning_rate));
        }
        EpochGraph {
            parameters: self.parameters.clone(),
            free_gradient: free.collect(),
            gradient,
            update,
            greatest: self.greatest,
            loss,
            further,
        }
    }
}

/// The known minimum of the objective of a run, if a rule looks at the gap.
pub(super) fn watched_minimum(plan: &Plan, run: &Run) -> Option<Number> {
    let minimum = plan.objectives[run.objective].minimum;
    minimum.filter(|_| is_watched(&plan.stop, Output::Gap))
}

/// Records what rules of `[stop]` look at in a state with this loss, and their next memory.
pub(super) fn record_rules<'g>(
    plan: &Plan,
    run: &Run,
    loss: Array<'g>,
    memory: &[Array<'g>],
) -> (Vec<(Output, Array<'g>)>, Vec<Array<'g>>) {
    let constant = |number: Number| number.constant(loss.graph());
    let (mut further, mut next) = (Vec::new(), Vec::new());
    if let Some(minimum) = watched_minimum(plan, run) {
        further.push((Output::Gap, loss - constant(minimum)));
    }
    if let [reference, waited] = memory {
        let least_gain = plan.stop.min_delta.map(constant);
        let wanted = least_gain.map_or(*reference, |gain| *reference - gain);
        let improves = loss.is_below(wanted);
        let zero = loss.graph().constant(0.0);
        // Before the first epoch nothing was waited for.
        let counted = improves.choose(zero, *waited + loss.graph().constant(1.0));
        next.extend([improves.choose(loss, *reference), counted]);
        further.push((Output::Wait, counted));
    }
    (further, next)
}

/// Records what rows have of a gradient.
pub(super) fn record_gradient<'g>(
    graph: &'g Graph,
    gradient: &[Array<'g>],
) -> Vec<(Output, Array<'g>)> {
    vec![(Output::GradientNorm, norm(graph, gradient))]
}

/// Records the length of a step, if a rule looks at it.
pub(super) fn record_step<'g>(
    plan: &Plan,
    graph: &'g Graph,
    from: &[Array<'g>],
    to: &[Array<'g>],
) -> Option<(Output, Array<'g>)> {
    is_watched(&plan.stop, Output::Step).then(|| {
        let steps = to.iter().zip(from).map(|(to, from)| *to - *from);
        (Output::Step, norm(graph, &steps.collect::<Vec<_>>()))
    })
}

fn norm<'g>(graph: &'g Graph, arrays: &[Array<'g>]) -> Array<'g> {
    array_norm(arrays).unwrap_or_else(|| graph.constant(0.0))
}

/// The nearest value within bounds. One that is not a number stays so.
fn projected<'g>(x: Array<'g>, [least, greatest]: [Array<'g>; 2]) -> Array<'g> {
    let x = x.is_below(least).choose(least, x);
    greatest.is_below(x).choose(greatest, x)
}

/// The slope, if bounds let the variable move downhill; 0 otherwise.
fn free_slope<'g>(slope: Array<'g>, x: Array<'g>, [least, greatest]: [Array<'g>; 2]) -> Array<'g> {
    let zero = slope.graph().constant(0.0);
    let is_inside = least.is_below(x);
    let slope = is_inside.choose(slope, slope.smaller(zero));
    let is_inside = x.is_below(greatest);
    is_inside.choose(slope, slope.greater(zero))
}

/// New inputs of a graph for points in the space of the variables.
pub(super) fn points<'g, const COUNT: usize>(
    objective: &Objective,
    graph: &'g Graph,
) -> [Vec<Array<'g>>; COUNT] {
    let shapes = shapes(objective);
    std::array::from_fn(|_| shapes.iter().map(|shape| graph.input(shape)).collect())
}

/// The shapes of the variables.
fn shapes(objective: &Objective) -> Vec<Shape> {
    let variables = objective.function.variables().iter();
    variables.map(|(_, shape)| shape.clone()).collect()
}

/// The whole memory in runs of a recipe: its own, then that of `patience`.
pub(super) fn memory(plan: &Plan, run: &Run) -> Vec<Cell> {
    let objective = &plan.objectives[run.objective];
    let mut cells = run.recipe.memory(&shapes(objective));
    let rules = rule_memory(plan).iter();
    cells.extend(rules.map(|number| Cell::scalar(Initial::Number(*number))));
    cells
}

/// Adds all inputs of the program as they are in epoch 0 of `run`: the state, then what is the
/// same in all epochs.
pub(super) fn start<T: Real>(plan: &Plan, run: &Run, inputs: &mut Vec<T>) {
    inputs.extend(run.start.iter().map(|number| number.to::<T>()));
    let variables = plan.objectives[run.objective].function.variables();
    let counts = variables
        .iter()
        .map(|(_, shape)| shape.elements().unwrap_or(0));
    let counts: Vec<usize> = counts.collect();
    for cell in memory(plan, run) {
        let count = cell.shape.elements().unwrap_or(0);
        match cell.initial {
            Initial::Number(number) => {
                inputs.extend(std::iter::repeat_n(T::from_f64(number), count));
            }
            Initial::Setting(setting) => {
                inputs.extend(std::iter::repeat_n(run.setting(setting).to::<T>(), count));
            }
            Initial::Schedule(setting) => {
                let number = run.setting_of_schedule(setting);
                inputs.extend(std::iter::repeat_n(number.to::<T>(), count));
            }
            Initial::Parameters => {
                let first: usize = counts[..cell.variable].iter().sum();
                inputs.extend_from_within(first..first + count);
            }
        }
    }
    // The largest magnitude of an entry.
    inputs.push(T::ZERO);
    let numbers = run.constants.iter().chain(&run.numbers);
    inputs.extend(numbers.map(|number| number.to::<T>()));
}

/// The number of arrays at the end of the memory that change once an epoch, whatever its
/// number of updates.
pub(super) fn clock_cells(plan: &Plan, run: &Run) -> usize {
    run.recipe.clock_cells() + rule_memory(plan).len()
}

/// The bounds of each variable.
fn bounds<'g>(
    objective: &Objective,
    shapes: &[Shape],
    graph: &'g Graph,
) -> Vec<Option<[Array<'g>; 2]>> {
    let mut rest = &objective.bounds[..];
    let bounds = shapes.iter().map(|shape| {
        let count = shape.elements().unwrap_or(0).min(rest.len());
        let (own, others) = rest.split_at(count);
        rest = others;
        if own.iter().all(|bounds| !bounds.hold()) {
            return None;
        }
        let side = |side: fn(&Bounds) -> Number| {
            let numbers = own
                .iter()
                .map(|bounds| side(bounds).rounded(graph.precision()));
            graph.data(shape.clone(), numbers.collect())
        };
        Some([side(|bounds| bounds.least), side(|bounds| bounds.greatest)])
    });
    bounds.collect()
}
