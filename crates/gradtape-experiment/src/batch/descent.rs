//! One run: a program replayed from the start, or from a later epoch, to
//! the last epoch.

use super::closing::{Closing, Collector, MAX_MODELLED};
use super::course::{Course, Least, State};
use super::minibatch::Batches;
use super::output::{Output, Outputs, Values};
use super::{Cancelled, Control, End, Recorder, StopReason, epoch};
use crate::plan::{Plan, Run};
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
pub(super) struct Best<T> {
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
    pub(super) best: Option<Best<T>>,
    /// The last epoch that was passed to the recorder.
    pub(super) recorded: Option<u64>,
    /// The updates that were reported as progress.
    pub(super) reported: u64,
}

impl<T: Compiled> Descent<T> {
    /// The number of epochs between two checks for cancellation.
    fn epochs_per_look(&self) -> u64 {
        let updates = self.batches.as_ref().map_or(0, Batches::operations);
        let operations = self.engine.program().operations() + updates;
        (OPERATIONS as u64 / operations.max(1)).clamp(1, EPOCHS_PER_LOOK)
    }

    /// Runs from a checkpoint to the end, and records what the plan asks for.
    ///
    /// Some parameter must have changed in the update that led to the epoch
    /// after the checkpoint.
    pub(super) fn run(
        &self,
        plan: &Plan,
        run: &Run,
        from: &Checkpoint<T>,
        recorder: &mut impl Recorder,
        control: &Control,
    ) -> Result<End, Cancelled> {
        let mut course = Course::new(plan, run, recorder);
        let mut block = Block::new(self.engine.program(), 1);
        let mut inputs = Vec::new();
        epoch::start(plan, run, &mut inputs);
        let best = from.best.as_ref().map(|best| {
            inputs[..best.state.len()].copy_from_slice(&best.state);
            Least {
                loss: best.loss,
                epoch: best.epoch,
                parameters: self.replay(&inputs, best.epoch - best.from),
            }
        });
        course.resume(from.recorded, best);
        inputs[..from.state.len()].copy_from_slice(&from.state);
        block.load(0, &inputs);
        let mut before = States::default();
        let updates = self.batches.as_ref();
        let mut updates = updates.map(|batches| batches.updates(run, &inputs, from.state.len()));
        let epochs_per_look = self.epochs_per_look();

        let mut state = State {
            epoch: from.epoch,
            outputs: Values::new(|_| None),
            counts: None,
            parameters: from.state[..self.parameters].to_vec(),
        };
        let mut last_change = 0;
        let mut since_look = 0;
        let reason = loop {
            block.copy_states(&mut before);
            self.engine.advance(&mut block, 1, true);
            let output = |output| Some(block.output(self.outputs.place(output)?, 0));
            let mut outputs = Values::new(output);
            // The step that it gives leads to the next state.
            let step = outputs.get(Output::Step);
            outputs.set(Output::Step, state.outputs.get(Output::Step));
            state.outputs = outputs;
            for (number, parameter) in state.parameters.iter_mut().enumerate() {
                *parameter = before.get(number, 0);
            }
            if let Some(reason) = course.look(&state) {
                break reason;
            }
            if let Some(updates) = &mut updates {
                let moved = &mut inputs[..from.state.len()];
                for (place, number) in moved.iter_mut().enumerate() {
                    *number = before.get(place, 0);
                }
                let step = updates.run(moved, self.parameters, state.epoch + 1);
                state.outputs.set(Output::Step, Some(step));
                // What changes once an epoch has already changed.
                let clock = moved.len() - updates.clock();
                for (place, number) in moved.iter_mut().enumerate().skip(clock) {
                    *number = block.input(place, 0);
                }
                block.load(0, &inputs);
            } else {
                state.outputs.set(Output::Step, step);
            }
            let mut same = (0..self.parameters + self.memory)
                .map(|number| before.get(number, 0).bits() == block.input(number, 0).bits());
            let parameters_stay = same.by_ref().take(self.parameters).all(|same| same);
            // Another order of the rows may lead away again.
            let can_stay = course.can_stay() && updates.is_none();
            if can_stay && parameters_stay && same.all(|same| same) {
                let left = run.epochs - state.epoch.max(from.reported);
                control.progress.add_epochs(since_look + left);
                since_look = 0;
                course.stay(&state);
                break StopReason::FixedPoint { since: last_change };
            }
            state.epoch += 1;
            if !parameters_stay {
                last_change = state.epoch;
            }
            since_look += u64::from(state.epoch > from.reported);
            if since_look == epochs_per_look {
                control.progress.add_epochs(since_look);
                since_look = 0;
                control.check()?;
            }
        };
        control.progress.add_epochs(since_look);
        let mut end = course.end(state, reason);
        // A lane that was left late has not shown everything.
        if end.closing.is_none() && self.needs_closing(&end) {
            end.closing = self.closing(run, plan, end.epochs_run, end.best_epoch);
        }
        Ok(end)
    }

    /// Whether the outcome of a run depends on its motion: not if it stopped by a rule while
    /// its loss was the smallest of all but for rounding, and the objective has the quadratic
    /// model that a diagnosis makes of one with few variables.
    fn needs_closing(&self, end: &End) -> bool {
        let (loss, best) = (end.loss.to_f64(), end.best_loss.to_f64());
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
