//! Epochs of several updates, each computed from some of the rows of the data.

use super::epoch::{Inputs, clock_cells, points, record_step};
use crate::data::{Dataset, shuffled};
use crate::plan::{Plan, Run};
use gradtape_engine::{Block, Compiled, Engine, Program};
use gradtape_tape::{Array, Graph, Real};

/// The updates of an epoch from batches of rows.
#[derive(Debug)]
pub(super) struct Batches<T> {
    /// For whole batches, and for the last one if that is smaller.
    whole: Box<dyn Engine<T>>,
    rest: Option<Box<dyn Engine<T>>>,
    /// The length of the step from one point to another, if a rule looks at it.
    step: Option<Box<dyn Engine<T>>>,
    arrays: Vec<Columns<T>>,
    rows: usize,
    size: usize,
    seed: u64,
    /// The number of values at the end of the state that change once an epoch.
    clock: usize,
}

/// The rows of an array, one after the other.
#[derive(Debug)]
struct Columns<T> {
    width: usize,
    numbers: Vec<T>,
}

/// The working numbers of the updates of one run.
#[derive(Debug)]
pub(super) struct Updates<'b, T> {
    batches: &'b Batches<T>,
    whole: Block<'b, T>,
    rest: Option<Block<'b, T>>,
    step: Option<Block<'b, T>>,
    /// The numbers of the state, those that are the same in all epochs, the rows.
    inputs: Vec<T>,
    state: usize,
    before_rows: usize,
    place: [u64; 2],
}

impl<T: Compiled> Batches<T> {
    /// The updates that a run makes from rows of this data; `None` if it makes one from all
    /// rows.
    pub(super) fn trace(plan: &Plan, run: &Run, data: &Dataset) -> Option<Self> {
        let rows = data.training.len();
        if data.batch_size >= rows {
            return None;
        }
        let arrays = data.arrays.iter().map(|array| Columns {
            width: array.training.len() / rows,
            numbers: array.training.iter().map(|x| T::from_f64(*x)).collect(),
        });
        let engine = |rows: usize| -> Box<dyn Engine<T>> {
            let graph = Graph::new(T::PRECISION, run.subnormals);
            let next = update(plan, run, &graph, data, rows);
            T::engine(Program::epoch(&graph, &[], &next))
        };
        let mut engines = sizes(data).map(engine);
        let graph = Graph::new(T::PRECISION, run.subnormals);
        let [from, to] = points(&plan.objectives[run.objective], &graph);
        let step = record_step(plan, &graph, &from, &to);
        Some(Batches {
            whole: engines.next()?,
            rest: engines.next(),
            step: step.map(|(_, length)| T::engine(Program::new(&graph, &[length]))),
            arrays: arrays.collect(),
            rows,
            size: data.batch_size,
            seed: plan.seed(),
            clock: clock_cells(plan, run),
        })
    }

    /// The number of operations of the updates of an epoch.
    pub(super) fn operations(&self) -> u64 {
        let count = (self.rows / self.size) as u64;
        let rest = self.rest.as_ref();
        let rest = rest.map_or(0, |engine| engine.program().operations());
        count * self.whole.program().operations() + rest
    }

    /// Room for the updates of a run with these inputs; the first `state` are the parameters
    /// and the memory.
    pub(super) fn updates(&self, run: &Run, inputs: &[T], state: usize) -> Updates<'_, T> {
        let (rest, step) = (self.rest.as_ref(), self.step.as_ref());
        Updates {
            whole: Block::new(self.whole.program(), 1),
            rest: rest.map(|engine| Block::new(engine.program(), 1)),
            step: step.map(|engine| Block::new(engine.program(), 1)),
            before_rows: inputs.len(),
            state,
            inputs: inputs.to_vec(),
            place: [run.objective as u64, run.repetition],
            batches: self,
        }
    }
}

/// The numbers of rows of batches: of whole ones, and of the last one if that is smaller.
pub(super) fn sizes(data: &Dataset) -> impl Iterator<Item = usize> {
    let rest = data.training.len() % data.batch_size;
    [data.batch_size, rest].into_iter().filter(|rows| *rows > 0)
}

/// The state after one update from this number of rows, which are the last inputs.
pub(super) fn update<'g>(
    plan: &Plan,
    run: &Run,
    graph: &'g Graph,
    data: &Dataset,
    rows: usize,
) -> Vec<Array<'g>> {
    let function = &plan.objectives[run.objective].function;
    let inputs = Inputs::new(plan, run, graph);
    let shapes = data.shapes(rows).into_iter();
    let batch: Vec<_> = shapes.map(|shape| graph.input(shape)).collect();
    let loss = function.trace(graph, &inputs.parameters, &inputs.constants, &batch);
    let gradient = graph.gradient(loss, &inputs.parameters);
    let update = inputs.follow(plan, run, loss, gradient).update;
    // A batch leaves unchanged what changes once an epoch.
    let clock = update.memory.len() - clock_cells(plan, run);
    let kept = inputs.memory[clock..].iter().copied();
    let memory = update.memory[..clock].iter().copied().chain(kept);
    update.parameters.into_iter().chain(memory).collect()
}

impl<T: Real> Updates<'_, T> {
    /// The number of values at the end of the state that change once an epoch: the updates
    /// leave them unchanged.
    pub(super) fn clock(&self) -> usize {
        self.batches.clock
    }

    /// Makes the updates that lead to the state after `epoch` epochs, and gives the
    /// length of the step from the parameters before to those after all of them, if a rule looks
    /// at it.
    pub(super) fn run(&mut self, state: &mut [T], parameters: usize, epoch: u64) -> Option<T> {
        let batches = self.batches;
        let before = state[..parameters].to_vec();
        self.inputs[..self.state].copy_from_slice(state);
        let [objective, repetition] = self.place;
        let place = [objective, repetition, epoch];
        let order = shuffled(batches.seed, place, batches.rows);
        for rows in order.chunks(batches.size) {
            self.inputs.truncate(self.before_rows);
            for array in &batches.arrays {
                for row in rows {
                    let first = *row as usize * array.width;
                    let row = &array.numbers[first..first + array.width];
                    self.inputs.extend_from_slice(row);
                }
            }
            let (engine, block) = match (&batches.rest, &mut self.rest) {
                (Some(engine), Some(block)) if rows.len() < batches.size => (engine, block),
                _ => (&batches.whole, &mut self.whole),
            };
            block.load(0, &self.inputs);
            engine.advance(block, 1, true);
            for (place, number) in self.inputs[..self.state].iter_mut().enumerate() {
                *number = block.input(place, 0);
            }
        }
        state.copy_from_slice(&self.inputs[..self.state]);
        let (engine, block) = (batches.step.as_ref()?, self.step.as_mut()?);
        block.load(0, &[&before, &state[..parameters]].concat());
        engine.advance(block, 1, true);
        Some(block.output(0, 0))
    }
}
