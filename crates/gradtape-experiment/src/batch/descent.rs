//! One run: a program replayed from the start, or from a later epoch, to
//! the last epoch.

use super::closing::{Closing, Collector, MAX_MODELLED};
use super::control::{Cancelled, Control};
use super::course::{Change, Course, Iteration};
use super::end::End;
use super::epoch;
use super::minibatch::{Batches, Updates};
use super::output::{Output, Outputs};
use super::rows::Rows;
use super::state::{Best, State};
use super::stop_reason::StopReason;
use crate::plan::{Plan, Quantity, Run};
use gradtape_engine::{Block, Compiled, Engine, States};

/// One epoch of an objective and an update rule as a program, and what runs it.
///
/// Inputs are the state (the parameters, the rule's memory and the largest
/// magnitude of any entry of the gradient so far), then the constants of the
/// objective and the numbers of the rule. Outputs are those of [`Outputs`]. The
/// norm of the gradient and the length of the step are rare outputs unless a
/// rule of `[stop]` looks at them.
#[derive(Debug)]
pub(super) struct Descent<T> {
    pub(super) engine: Box<dyn Engine<T>>,
    pub(super) outputs: Outputs,
    pub(super) parameters: usize,
    pub(super) memory: usize,
    /// The parameters that stay infinite or NaN once they are.
    pub(super) sticky: Vec<usize>,
    /// The others.
    pub(super) loose: Vec<usize>,
    /// If an epoch has several updates, each from some of the rows: the program then
    /// only evaluates a state.
    pub(super) batches: Option<Batches<T>>,
}

/// The place of the loss among the outputs.
pub(super) const LOSS: usize = 0;

/// Maximum number of epochs between two checks for cancellation.
const EPOCHS_PER_LOOK: u64 = 1024;

/// Maximum number of operations, some hundredths of a second, between two checks for
/// cancellation.
pub(super) const OPERATIONS: usize = 20_000_000;

/// The smallest loss so far: its value, its epoch, and how to get its state back.
#[derive(Clone, Debug)]
pub(super) struct Replay<T> {
    pub(super) loss: T,
    pub(super) epoch: u64,
    /// The parameters and the memory in an epoch shortly before, and that epoch.
    pub(super) state: Vec<T>,
    pub(super) from: u64,
}

/// A run in progress: everything needed to continue from an epoch.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint<T> {
    pub(super) epoch: u64,
    /// The parameters and the memory of the rule in this epoch.
    pub(super) state: Vec<T>,
    /// The smallest loss of the epochs before, and perhaps of this one.
    pub(super) best: Option<Replay<T>>,
    /// The updates that were reported as progress.
    pub(super) reported: u64,
}

impl<T: Compiled> Descent<T> {
    /// Runs from a checkpoint to the end, and passes on the rows that were not yet.
    ///
    /// Some parameter must have changed in the update that led to the epoch
    /// after the checkpoint.
    pub(super) fn run(
        &self,
        plan: &Plan,
        run: &Run,
        from: &Checkpoint<T>,
        rows: Rows<'_>,
        control: &Control,
    ) -> Result<End, Cancelled> {
        let mut inputs = Vec::new();
        epoch::start(plan, run, &mut inputs);
        let best = from.best.as_ref().map(|best| {
            inputs[..best.state.len()].copy_from_slice(&best.state);
            Best {
                loss: best.loss,
                epoch: best.epoch,
                parameters: self.replay(&inputs, best.epoch - best.from),
            }
        });
        inputs[..from.state.len()].copy_from_slice(&from.state);
        let mut block = Block::new(self.engine.program(), 1);
        block.load(0, &inputs);
        let updates = self.batches.as_ref();
        let updates = updates.map(|batches| batches.updates(run, &inputs, from.state.len()));
        let mut single = Single {
            descent: self,
            block,
            before: States::default(),
            step: None,
            updates,
            inputs,
        };
        let state = State::new(from.epoch, from.state[..self.parameters].to_vec());
        let course = Course::new(plan, run, rows).resume(best, from.reported);
        let mut end = course.follow(state, &mut single, control)?;
        // A lane that was left late has not shown everything.
        if end.closing.is_none() && self.needs_closing(&end) {
            let best = end.quantities.count(Quantity::BestEpoch);
            end.closing = self.closing(run, plan, end.quantities.epochs_run(), best);
        }
        Ok(end)
    }

    /// Whether the outcome of a run depends on its motion: not if it stopped by a rule while
    /// its loss was the smallest of all but for rounding, and the objective has the quadratic
    /// model that a diagnosis makes of one with few variables.
    fn needs_closing(&self, end: &End) -> bool {
        let loss = end.quantities.loss().to_f64();
        let best = end.quantities.best_loss().to_f64();
        let is_lowest = loss - best <= 16.0 * T::EPSILON.to_f64() * loss.abs();
        match end.reason {
            StopReason::EpochLimit => true,
            StopReason::Converged { .. } => !is_lowest || self.parameters > MAX_MODELLED,
            _ => false,
        }
    }

    /// The closing of a run that makes this number of epochs, from its start.
    fn closing(&self, run: &Run, plan: &Plan, epochs: u64, best_epoch: u64) -> Option<Closing> {
        let mut inputs = Vec::new();
        epoch::start(plan, run, &mut inputs);
        let mut block = Block::new(self.engine.program(), 1);
        block.load(0, &inputs);
        let mut collector = Collector::new(epochs, false);
        let mut before = States::default();
        let mut epoch = 0;
        while epoch <= epochs {
            let next = collector.next(epoch).min(epochs + 1);
            let skipped = u32::try_from(next - epoch).unwrap_or(u32::MAX);
            if skipped > 0 {
                self.engine.advance(&mut block, skipped, false);
                epoch += u64::from(skipped);
                continue;
            }
            block.copy_states(&mut before);
            self.engine.advance(&mut block, 1, false);
            let parameters = (0..self.parameters).map(|number| before.get(number, 0).to_f64());
            collector.look(epoch, block.output(LOSS, 0).to_f64(), parameters);
            epoch += 1;
        }
        collector.finish(best_epoch, T::EPSILON.to_f64())
    }

    /// The parameters this number of epochs after the state among `inputs`.
    pub(super) fn replay(&self, inputs: &[T], epochs: u64) -> Vec<T> {
        let parameters = 0..self.parameters;
        if epochs == 0 {
            return inputs[parameters].to_vec();
        }
        let mut block = Block::new(self.engine.program(), 1);
        block.load(0, inputs);
        let mut left = epochs;
        while left > 0 {
            let some = u32::try_from(left).unwrap_or(u32::MAX);
            self.engine.advance(&mut block, some, false);
            left -= u64::from(some);
        }
        parameters.map(|number| block.input(number, 0)).collect()
    }
}

/// A run by itself.
struct Single<'d, T> {
    descent: &'d Descent<T>,
    /// The state after the one that was evaluated last.
    block: Block<'d, T>,
    /// The state that was evaluated last.
    before: States<T>,
    /// The length of the step to the state in `block`, if a rule looks at it.
    step: Option<T>,
    updates: Option<Updates<'d, T>>,
    /// All inputs of the program, for the updates.
    inputs: Vec<T>,
}

impl<T: Compiled> Iteration<T> for Single<'_, T> {
    fn epochs_per_look(&self) -> u64 {
        let updates = self.descent.batches.as_ref().map_or(0, Batches::operations);
        let operations = self.descent.engine.program().operations() + updates;
        (OPERATIONS as u64 / operations.max(1)).clamp(1, EPOCHS_PER_LOOK)
    }

    fn evaluate(&mut self, state: &mut State<T>) {
        self.block.copy_states(&mut self.before);
        self.descent.engine.advance(&mut self.block, 1, true);
        state.outputs = self.descent.outputs.values(&self.block);
        // The step that the program gives leads to the next state.
        let step = std::mem::replace(&mut self.step, state.outputs.get(Output::Step));
        state.outputs.set(Output::Step, step);
        for (number, parameter) in state.parameters.iter_mut().enumerate() {
            *parameter = self.before.get(number, 0);
        }
    }

    fn update(&mut self, state: &mut State<T>) -> Change {
        let parameters = self.descent.parameters;
        let count = parameters + self.descent.memory;
        if let Some(updates) = &mut self.updates {
            let moved = &mut self.inputs[..count];
            for (place, number) in moved.iter_mut().enumerate() {
                *number = self.before.get(place, 0);
            }
            self.step = updates.run(moved, parameters, state.epoch + 1);
            // What changes once an epoch has already changed.
            let clock = count - updates.clock();
            for (place, number) in moved.iter_mut().enumerate().skip(clock) {
                *number = self.block.input(place, 0);
            }
            self.block.load(0, &self.inputs);
        }
        let stays = |number: usize| {
            let before = self.before.get(number, 0);
            before.bits() == self.block.input(number, 0).bits()
        };
        if !(0..parameters).all(stays) {
            Change::Parameters
        // Another order of the rows may lead away again.
        } else if self.updates.is_some() || !(parameters..count).all(stays) {
            Change::Other
        } else {
            Change::Nothing(None)
        }
    }
}
