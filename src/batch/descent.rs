//! One run: a program replayed from the start to the last epoch.

use super::{Cancelled, Control, Outcome, Recorder, Row};
use crate::autodiff::{Graph, Real, Var};
use crate::batch::status::{Divergence, Rule, Status};
use crate::engine::{Program, Scratch};
use crate::number::{Number, Scalar};
use crate::optimizer::{Epoch, Update};
use crate::plan::{Plan, Run, Stop};

/// One epoch of an objective and an update rule as a program.
///
/// Inputs are the parameters, the rule's memory, the constants of the objective
/// and the numbers of the rule, outputs the loss, the norm of the gradient, the
/// length of the step, the new parameters and the new memory.
#[derive(Debug)]
pub(super) struct Descent<T> {
    program: Program<T>,
    parameters: usize,
    memory: usize,
}

const LOSS: usize = 0;
const GRADIENT_NORM: usize = 1;
const STEP: usize = 2;
/// Where the new state begins among the outputs.
const STATE: usize = 3;

/// How many epochs pass between two looks at whether to go on.
const EPOCHS_PER_LOOK: u64 = 1024;

impl<T: Real> Descent<T> {
    /// Traces one epoch for the objective and the rule of `run`.
    pub(super) fn trace(plan: &Plan, run: &Run) -> Self {
        let graph = Graph::<T>::new(run.subnormals);
        let inputs = |count: usize| (0..count).map(|_| graph.input()).collect::<Vec<_>>();
        let parameters = inputs(run.start.len());
        let memory = inputs(run.start.len() * run.rule.memory());
        let constants = inputs(run.constants.len());
        let numbers = inputs(run.numbers.len());

        let function = &plan.objectives[run.objective].function;
        let loss = function.trace(&graph, &parameters, &constants);
        let gradient = graph.gradient(loss, &parameters);
        let Update {
            parameters: moved,
            memory: remembered,
        } = run.rule.record(Epoch {
            parameters: &parameters,
            gradient: &gradient,
            memory: &memory,
            numbers: &numbers,
        });
        // The length of the step costs operations, so it is only computed for
        // the rule that looks at it.
        let step = if plan.stop.step_below.is_some() {
            let steps = moved
                .iter()
                .zip(&parameters)
                .map(|(after, before)| *after - *before);
            norm(&graph, &steps.collect::<Vec<_>>())
        } else {
            graph.constant(T::ZERO)
        };
        let mut outputs = vec![loss, norm(&graph, &gradient), step];
        outputs.extend(moved);
        outputs.extend(remembered);
        Descent {
            program: Program::new(&graph, &outputs),
            parameters: parameters.len(),
            memory: memory.len(),
        }
    }
}

/// The Euclidean norm, by [`Op::Hypot`](crate::autodiff::Op::Hypot) from the
/// left: a square would underflow long before the gradient does.
fn norm<'g, T: Real>(graph: &'g Graph<T>, vector: &[Var<'g, T>]) -> Var<'g, T> {
    match vector {
        [] => graph.constant(T::ZERO),
        [only] => only.abs(),
        [first, rest @ ..] => rest.iter().fold(*first, |norm, x| norm.hypot(*x)),
    }
}

/// The state of a run at one epoch, and what was computed there.
#[derive(Clone)]
struct State<T> {
    epoch: u64,
    loss: T,
    gradient_norm: T,
    parameters: Vec<T>,
}

/// The rules of `[stop]` in the precision of a run.
struct Limits<T> {
    loss_below: Option<T>,
    gradient_norm_below: Option<T>,
    step_below: Option<T>,
    loss_above: Option<T>,
}

impl<T: Real> Limits<T> {
    fn new(stop: &Stop) -> Self {
        let limit = |number: Option<Number>| number.map(Number::to::<T>);
        Limits {
            loss_below: limit(stop.loss_below),
            gradient_norm_below: limit(stop.gradient_norm_below),
            step_below: limit(stop.step_below),
            loss_above: limit(stop.loss_above),
        }
    }

    /// Why a run ends in this state, if it does. `step` is the length of the
    /// update that led here.
    fn test(&self, state: &State<T>, step: Option<T>) -> Option<Status> {
        let tests = [
            (Rule::LossBelow, Some(state.loss), self.loss_below),
            (
                Rule::GradientNormBelow,
                Some(state.gradient_norm),
                self.gradient_norm_below,
            ),
            (Rule::StepBelow, step, self.step_below),
        ];
        for (rule, value, limit) in tests {
            if let (Some(value), Some(limit)) = (value, limit)
                && value < limit
            {
                let (value, limit) = (Scalar::new(value), Scalar::new(limit));
                return Some(Status::Converged { rule, value, limit });
            }
        }
        let limit = self.loss_above.filter(|limit| state.loss > *limit)?;
        let (value, limit) = (Scalar::new(state.loss), Scalar::new(limit));
        Some(Status::Diverged {
            epoch: state.epoch,
            what: Divergence::LossAbove { value, limit },
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

impl<T: Real> Descent<T> {
    /// Runs from the start to the end, and records what the plan asks for.
    pub(super) fn run(
        &self,
        plan: &Plan,
        run: &Run,
        recorder: &mut impl Recorder,
        control: &Control,
    ) -> Result<Outcome, Cancelled> {
        let mut rows = Rows {
            schedule: plan.record.schedule(run.epochs),
            learning_rate: Scalar::new(run.learning_rate.to::<T>()),
            last: None,
            recorder,
        };
        let names = plan.objectives[run.objective].function.variables();
        let limits = Limits::<T>::new(&plan.stop);
        let mut scratch: Scratch<T> = self.program.scratch();
        let state_length = self.parameters + self.memory;
        let mut inputs: Vec<T> = run
            .start
            .iter()
            .map(|number| run.subnormals.input(number.to()))
            .collect();
        inputs.resize(state_length, T::ZERO);
        inputs.extend(
            run.constants
                .iter()
                .chain(&run.numbers)
                .map(|number| number.to::<T>()),
        );
        let mut outputs = vec![T::ZERO; STATE + state_length];

        let mut state = State {
            epoch: 0,
            loss: T::ZERO,
            gradient_norm: T::ZERO,
            parameters: inputs[..self.parameters].to_vec(),
        };
        let mut finite: Option<State<T>> = None;
        let mut best: Option<(T, u64)> = None;
        let mut step = None;
        let mut last_change = 0;
        let mut since_look = 0;
        let status = loop {
            self.program.run(&mut scratch, &inputs, &mut outputs);
            state.loss = outputs[LOSS];
            state.gradient_norm = outputs[GRADIENT_NORM];
            state.parameters.copy_from_slice(&inputs[..self.parameters]);
            if let Some(what) = not_finite(&state, names) {
                break Status::Diverged {
                    epoch: state.epoch,
                    what,
                };
            }
            if best.is_none_or(|(least, _)| state.loss < least) {
                best = Some((state.loss, state.epoch));
            }
            rows.offer(&state);
            match &mut finite {
                Some(finite) => finite.clone_from_state(&state),
                None => finite = Some(state.clone()),
            }
            if let Some(status) = limits.test(&state, step) {
                break status;
            }
            if state.epoch == run.epochs {
                break Status::EpochsSpent;
            }
            let (before, after) = (&inputs[..state_length], &outputs[STATE..]);
            let same = |from: usize, to: usize| {
                before[from..to]
                    .iter()
                    .zip(&after[from..to])
                    .all(|(a, b)| a.bits() == b.bits())
            };
            let parameters_stay = same(0, self.parameters);
            // With `step_below` the next epoch ends the run for its own reason.
            if parameters_stay && same(self.parameters, state_length) && limits.step_below.is_none()
            {
                control
                    .progress
                    .add_epochs(since_look + run.epochs - state.epoch);
                since_look = 0;
                state.epoch = rows.repeat(state.clone(), run.epochs);
                if let Some(finite) = &mut finite {
                    finite.epoch = state.epoch;
                }
                break Status::FixedPoint { since: last_change };
            }
            step = Some(outputs[STEP]);
            state.epoch += 1;
            if !parameters_stay {
                last_change = state.epoch;
            }
            inputs[..state_length].copy_from_slice(&outputs[STATE..]);
            since_look += 1;
            if since_look == EPOCHS_PER_LOOK {
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
        let (best_loss, best_epoch) = best.unwrap_or((end.loss, end.epoch));
        Ok(Outcome {
            status,
            epochs_run: end.epoch,
            loss: Scalar::new(end.loss),
            gradient_norm: Scalar::new(end.gradient_norm),
            parameters: end
                .parameters
                .iter()
                .map(|value| Scalar::new(*value))
                .collect(),
            best_loss: Scalar::new(best_loss),
            best_epoch,
        })
    }
}

impl<T: Real> State<T> {
    /// As `clone_from`, without a new list of parameters.
    fn clone_from_state(&mut self, other: &State<T>) {
        self.epoch = other.epoch;
        self.loss = other.loss;
        self.gradient_norm = other.gradient_norm;
        self.parameters.copy_from_slice(&other.parameters);
    }
}

/// Passes those epochs on that the plan records.
struct Rows<'r, R> {
    schedule: crate::plan::Schedule,
    learning_rate: Scalar,
    /// The last epoch that was passed on.
    last: Option<u64>,
    recorder: &'r mut R,
}

impl<R: Recorder> Rows<'_, R> {
    fn offer<T: Real>(&mut self, state: &State<T>) {
        if self.schedule.next(state.epoch) == state.epoch {
            self.write(state);
        }
    }

    /// The same state in every epoch up to the last, which is given back.
    fn repeat<T: Real>(&mut self, mut state: State<T>, last: u64) -> u64 {
        loop {
            state.epoch = self.schedule.next(state.epoch + 1);
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
            learning_rate: self.learning_rate,
            loss: Scalar::new(state.loss),
            gradient_norm: Scalar::new(state.gradient_norm),
            parameters: &|index| Scalar::new(state.parameters[index]),
        };
        self.recorder.record(&row);
    }
}
