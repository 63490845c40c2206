//! One run: a program replayed from the start, or from an epoch on the way, to
//! the last epoch.

use super::minibatch::Batches;
use super::{Cancelled, Control, Outcome, Recorder, Row, trace};
use crate::autodiff::{Graph, Real};
use crate::batch::status::{Divergence, Rule, Status};
use crate::engine::{Block, Engine, States};
use crate::number::{Number, Scalar};
use crate::optimizer::Initial;
use crate::plan::{Plan, RecordedEpochs, Run, Stop};

/// One epoch of an objective and an update rule as a program, and what runs it.
///
/// Inputs are the state (the parameters, the rule's memory and the greatest
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
    /// If the updates of an epoch are several, each from some of the rows: the program
    /// only looks at a state then.
    pub(super) batches: Option<Batches<T>>,
}

/// The numbers of the outputs of a [`Descent`], beside the [`LOSS`].
#[derive(Debug)]
pub(super) struct Outputs {
    /// The entries of the gradient of which the state would not tell that they
    /// are not finite.
    pub(super) entries: std::ops::Range<usize>,
    /// The loss minus the known minimum, if `gap_below` looks at it.
    pub(super) gap: Option<usize>,
    /// The epochs without an improvement, if `patience` looks at them.
    pub(super) wait: Option<usize>,
    pub(super) gradient_norm: usize,
    pub(super) step: usize,
    /// The loss on the rows that are left out of training, if there are any.
    pub(super) validation: Option<usize>,
    /// The learning rate in force, if a schedule changes it.
    pub(super) learning_rate: Option<usize>,
}

pub(super) const LOSS: usize = 0;

/// How many epochs pass between two looks at whether to go on, at most.
const EPOCHS_PER_LOOK: u64 = 1024;

/// Fewer do if they would take more than so many operations, some hundredths of a
/// second: a batch is cancelled between two looks.
pub(super) const OPERATIONS: usize = 20_000_000;

impl<T: Real> Descent<T> {
    /// Traces one epoch for the objective and the rule of `run`.
    pub(super) fn trace(plan: &Plan, run: &Run) -> Self {
        let function = &plan.objectives[run.objective].function;
        if function.has_arrays() {
            return trace::of_arrays(plan, run);
        }
        let graph = Graph::<T>::new(run.subnormals);
        let inputs = |count: usize| (0..count).map(|_| graph.input()).collect::<Vec<_>>();
        let parameters = inputs(run.start.len());
        let memory = inputs(trace::memory(plan, run).len());
        let greatest = graph.input();
        let constants = inputs(run.constants.len());
        let numbers = inputs(run.numbers.len());
        let loss = function.trace(&graph, &parameters, &constants);
        let gradient = graph.gradient(loss, &parameters);
        let state = trace::State {
            parameters: &parameters,
            memory: &memory,
            greatest,
            numbers: &numbers,
            bounds: &trace::bounds(&plan.objectives[run.objective], &graph),
        };
        let traced = trace::follow(plan, run, &state, loss, gradient, None);
        trace::of_numbers(plan, &graph, traced)
    }
}

/// The state of a run at one epoch, and what was computed there.
#[derive(Clone)]
struct State<T> {
    epoch: u64,
    loss: T,
    gradient_norm: T,
    validation_loss: Option<T>,
    learning_rate: Option<T>,
    /// What rules of `[stop]` look at besides: the gap, the epochs without an improvement,
    /// the length of the update that led here.
    gap: Option<T>,
    wait: Option<T>,
    step: Option<T>,
    parameters: Vec<T>,
}

/// The rules of `[stop]` in the precision of a run.
pub(super) struct Limits<T> {
    pub(super) loss_below: Option<T>,
    pub(super) gradient_norm_below: Option<T>,
    pub(super) step_below: Option<T>,
    pub(super) loss_above: Option<T>,
    pub(super) gap_below: Option<T>,
    /// A run goes on as long as it waited less.
    pub(super) patience: Option<T>,
}

impl<T: Real> Limits<T> {
    pub(super) fn new(stop: &Stop) -> Self {
        let limit = |number: Option<Number>| number.map(Number::to::<T>);
        Limits {
            loss_below: limit(stop.loss_below),
            gradient_norm_below: limit(stop.gradient_norm_below),
            step_below: limit(stop.step_below),
            loss_above: limit(stop.loss_above),
            gap_below: limit(stop.gap_below),
            patience: stop.patience.map(|epochs| T::from_f64(epochs as f64)),
        }
    }

    /// Why a run ends in this state, if it does.
    fn test(&self, state: &State<T>) -> Option<Status> {
        let tests = [
            (Rule::LossBelow, Some(state.loss), self.loss_below),
            (Rule::GapBelow, state.gap, self.gap_below),
            (
                Rule::GradientNormBelow,
                Some(state.gradient_norm),
                self.gradient_norm_below,
            ),
            (Rule::StepBelow, state.step, self.step_below),
        ];
        for (rule, value, limit) in tests {
            if let (Some(value), Some(limit)) = (value, limit)
                && value < limit
            {
                let (value, limit) = (Scalar::new(value), Scalar::new(limit));
                return Some(Status::Converged { rule, value, limit });
            }
        }
        if let Some(limit) = self.loss_above.filter(|limit| state.loss > *limit) {
            let (value, limit) = (Scalar::new(state.loss), Scalar::new(limit));
            return Some(Status::Diverged {
                epoch: state.epoch,
                what: Divergence::LossAbove { value, limit },
            });
        }
        let (wait, patience) = (state.wait?, self.patience?);
        (wait >= patience).then(|| Status::Converged {
            rule: Rule::Patience,
            value: Scalar::new(wait),
            limit: Scalar::new(patience),
        })
    }
}

/// What is not finite in a state.
fn not_finite<T: Real>(state: &State<T>, names: &[String]) -> Option<Divergence> {
    let quantities = [("loss", state.loss), ("gradient_norm", state.gradient_norm)];
    let parameters = names
        .iter()
        .map(String::as_str)
        .zip(state.parameters.iter().copied());
    let mut all = quantities.into_iter().chain(parameters);
    let (quantity, value) = all.find(|(_, value)| !value.is_finite())?;
    Some(Divergence::NotFinite {
        quantity: quantity.to_owned(),
        value: Scalar::new(value),
    })
}

/// The least loss so far: what it was, when, and how to get its state back.
#[derive(Clone, Debug)]
pub(super) struct Best<T> {
    pub(super) loss: T,
    pub(super) epoch: u64,
    /// The parameters and the memory in an epoch not long before, and which that is.
    pub(super) state: Vec<T>,
    pub(super) from: u64,
}

/// A run on its way: what has to be known to go on from an epoch.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint<T> {
    pub(super) epoch: u64,
    /// The parameters and the memory of the rule in this epoch.
    pub(super) state: Vec<T>,
    /// The least loss of the epochs before, and perhaps of this one.
    pub(super) best: Option<Best<T>>,
    /// The last epoch that was passed to the recorder.
    pub(super) recorded: Option<u64>,
    /// The updates that were reported as progress.
    pub(super) reported: u64,
}

impl<T: Real> Descent<T> {
    /// Adds all inputs of the program as they are in epoch 0 of `run`.
    pub(super) fn start(&self, plan: &Plan, run: &Run, inputs: &mut Vec<T>) {
        inputs.extend(run.start.iter().map(|number| number.to::<T>()));
        let setting = |name: &str| {
            let names = run.recipe.numbers();
            let place = names.iter().position(|known| known == name);
            // A number that is 0 is no input of the program.
            place.map_or(T::ZERO, |place| run.numbers[place].to::<T>())
        };
        let variables = plan.objectives[run.objective].function.variables();
        let counts = variables
            .iter()
            .map(|(_, shape)| shape.elements().unwrap_or(0));
        let counts: Vec<usize> = counts.collect();
        for cell in trace::memory(plan, run) {
            let count = cell.shape.elements().unwrap_or(0);
            match cell.initial {
                Initial::Number(number) => {
                    inputs.extend(std::iter::repeat_n(T::from_f64(number), count));
                }
                Initial::Setting(name) => inputs.extend(std::iter::repeat_n(setting(name), count)),
                Initial::Parameters => {
                    let first: usize = counts[..cell.variable].iter().sum();
                    inputs.extend_from_within(first..first + count);
                }
            }
        }
        // The greatest magnitude of an entry.
        inputs.push(T::ZERO);
        let numbers = run.constants.iter().chain(&run.numbers);
        inputs.extend(numbers.map(|number| number.to::<T>()));
    }

    /// How many epochs pass between two looks at whether to go on.
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
    ) -> Result<Outcome, Cancelled> {
        let mut rows = Rows {
            recorded_epochs: plan.record.recorded(run.epochs),
            learning_rate: run.learning_rate.map(|rate| Scalar::new(rate.to::<T>())),
            last: from.recorded,
            recorder,
        };
        let names = plan.objectives[run.objective].function.parameters();
        let limits = Limits::<T>::new(&plan.stop);
        let mut block = Block::new(self.engine.program(), 1);
        let mut inputs = Vec::new();
        self.start(plan, run, &mut inputs);
        inputs[..from.state.len()].copy_from_slice(&from.state);
        block.load(0, &inputs);
        let mut before = States::default();
        let updates = self.batches.as_ref();
        let mut updates = updates.map(|batches| batches.updates(run, &inputs, from.state.len()));
        let epochs_per_look = self.epochs_per_look();

        let mut state = State {
            epoch: from.epoch,
            loss: T::ZERO,
            gradient_norm: T::ZERO,
            validation_loss: None,
            learning_rate: None,
            gap: None,
            wait: None,
            step: None,
            parameters: from.state[..self.parameters].to_vec(),
        };
        let mut finite: Option<State<T>> = None;
        let mut best = from.best.clone();
        let mut last_change = 0;
        let mut since_look = 0;
        let status = loop {
            block.copy_states(&mut before);
            self.engine.advance(&mut block, 1, true);
            state.loss = block.output(LOSS, 0);
            state.gradient_norm = block.output(self.outputs.gradient_norm, 0);
            let told = |output: Option<usize>| output.map(|output| block.output(output, 0));
            state.validation_loss = told(self.outputs.validation);
            state.learning_rate = told(self.outputs.learning_rate);
            state.gap = told(self.outputs.gap);
            state.wait = told(self.outputs.wait);
            for (number, parameter) in state.parameters.iter_mut().enumerate() {
                *parameter = before.get(number, 0);
            }
            if let Some(what) = not_finite(&state, names) {
                break Status::Diverged {
                    epoch: state.epoch,
                    what,
                };
            }
            if best.as_ref().is_none_or(|best| state.loss < best.loss) {
                let mut now = best.take().map_or_else(Vec::new, |best| best.state);
                now.clear();
                let memory = (0..from.state.len()).map(|number| before.get(number, 0));
                now.extend(memory);
                best = Some(Best {
                    loss: state.loss,
                    epoch: state.epoch,
                    state: now,
                    from: state.epoch,
                });
            }
            rows.offer(&state);
            match &mut finite {
                Some(finite) => finite.clone_from_state(&state),
                None => finite = Some(state.clone()),
            }
            if let Some(status) = limits.test(&state) {
                break status;
            }
            if state.epoch == run.epochs {
                break Status::EpochsSpent;
            }
            if let Some(updates) = &mut updates {
                let moved = &mut inputs[..from.state.len()];
                for (place, number) in moved.iter_mut().enumerate() {
                    *number = before.get(place, 0);
                }
                state.step = Some(updates.run(moved, self.parameters, state.epoch + 1));
                // What goes on once an epoch did so already.
                let clock = moved.len() - updates.clock();
                for (place, number) in moved.iter_mut().enumerate().skip(clock) {
                    *number = block.input(place, 0);
                }
                block.load(0, &inputs);
            } else {
                state.step = Some(block.output(self.outputs.step, 0));
            }
            let mut same = (0..self.parameters + self.memory)
                .map(|number| before.get(number, 0).bits() == block.input(number, 0).bits());
            let parameters_stay = same.by_ref().take(self.parameters).all(|same| same);
            // With `step_below` the next epoch ends the run for its own reason, and another
            // order of the rows may lead away again.
            let can_stay = limits.step_below.is_none() && updates.is_none();
            if can_stay && parameters_stay && same.all(|same| same) {
                let left = run.epochs - state.epoch.max(from.reported);
                control.progress.add_epochs(since_look + left);
                since_look = 0;
                state.epoch = rows.repeat(state.clone(), run.epochs);
                if let Some(finite) = &mut finite {
                    finite.epoch = state.epoch;
                }
                break Status::FixedPoint { since: last_change };
            }
            state.epoch += 1;
            if !parameters_stay {
                last_change = state.epoch;
            }
            since_look += u64::from(state.epoch > from.reported);
            if since_look == epochs_per_look {
                control.progress.add_epochs(since_look);
                since_look = 0;
                if control.is_cancelled() {
                    return Err(Cancelled);
                }
            }
        };
        control.progress.add_epochs(since_look);
        // A run that is not finite from the start has nothing else to show.
        let end = finite.unwrap_or(state);
        rows.end(&end);
        let scalars = |numbers: &[T]| numbers.iter().map(|x| Scalar::new(*x)).collect();
        let (best_loss, best_epoch, best_parameters) = match best {
            Some(best) => {
                inputs[..best.state.len()].copy_from_slice(&best.state);
                let parameters = self.replay(&inputs, best.epoch - best.from);
                (best.loss, best.epoch, scalars(&parameters))
            }
            None => (end.loss, end.epoch, scalars(&end.parameters)),
        };
        Ok(Outcome {
            status,
            epochs_run: end.epoch,
            loss: Scalar::new(end.loss),
            gradient_norm: Scalar::new(end.gradient_norm),
            validation_loss: end.validation_loss.map(Scalar::new),
            parameters: scalars(&end.parameters),
            best_loss: Scalar::new(best_loss),
            best_epoch,
            best_parameters,
        })
    }

    /// The parameters so many epochs after the state among `inputs`.
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

impl<T: Real> State<T> {
    /// As `clone_from`, without a new list of parameters.
    fn clone_from_state(&mut self, other: &State<T>) {
        self.epoch = other.epoch;
        self.loss = other.loss;
        self.gradient_norm = other.gradient_norm;
        self.validation_loss = other.validation_loss;
        self.learning_rate = other.learning_rate;
        self.parameters.copy_from_slice(&other.parameters);
    }
}

/// Passes those epochs on that the plan records.
struct Rows<'r, R> {
    recorded_epochs: RecordedEpochs,
    /// The one of all epochs, unless a schedule changes it.
    learning_rate: Option<Scalar>,
    /// The last epoch that was passed on.
    last: Option<u64>,
    recorder: &'r mut R,
}

impl<R: Recorder> Rows<'_, R> {
    fn offer<T: Real>(&mut self, state: &State<T>) {
        let is_new = self.last.is_none_or(|last| last < state.epoch);
        if is_new && self.recorded_epochs.next(state.epoch) == state.epoch {
            self.write(state);
        }
    }

    /// The same state in every epoch up to the last, which is given back.
    fn repeat<T: Real>(&mut self, mut state: State<T>, last: u64) -> u64 {
        loop {
            state.epoch = self.recorded_epochs.next(state.epoch + 1);
            if state.epoch > last {
                return last;
            }
            self.write(&state);
        }
    }

    /// The last epoch always is recorded.
    fn end<T: Real>(&mut self, state: &State<T>) {
        if self.last != Some(state.epoch) {
            self.write(state);
        }
    }

    fn write<T: Real>(&mut self, state: &State<T>) {
        self.last = Some(state.epoch);
        let row = Row {
            epoch: state.epoch,
            learning_rate: state.learning_rate.map(Scalar::new).or(self.learning_rate),
            loss: Scalar::new(state.loss),
            gradient_norm: Scalar::new(state.gradient_norm),
            validation_loss: state.validation_loss.map(Scalar::new),
            parameters: &|index| Scalar::new(state.parameters[index]),
        };
        self.recorder.record(&row);
    }
}
