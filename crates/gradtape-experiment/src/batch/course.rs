//! The course of a run from epoch to epoch, and why it ends, for methods of all kinds.

use super::closing::Collector;
use super::output::{Output, Values};
use super::stop::Limits;
use super::stop_reason::{Divergence, StopReason};
use super::{Counts, End, Quantities, Recorder, Row};
use crate::number::Scalar;
use crate::plan::{Plan, Quantity, RecordedEpochs, Run};
use gradtape_tape::Real;

/// The state of a run at one epoch, and what was computed there.
#[derive(Clone)]
pub(super) struct State<T> {
    pub(super) epoch: u64,
    /// What the epoch gives; the step is the one that led here.
    pub(super) outputs: Values<T>,
    /// The evaluations so far, if they are not one for each epoch.
    pub(super) counts: Option<Counts>,
    pub(super) parameters: Vec<T>,
}

impl<T: Real> State<T> {
    /// The loss, which every epoch gives.
    pub(super) fn loss(&self) -> T {
        self.outputs.get(Output::Loss).unwrap_or(T::NAN)
    }

    /// The norm of the gradient, likewise.
    pub(super) fn gradient_norm(&self) -> T {
        self.outputs.get(Output::GradientNorm).unwrap_or(T::NAN)
    }
}

/// What is not finite in a state.
fn not_finite<T: Real>(state: &State<T>, names: &[String]) -> Option<Divergence> {
    let quantities = [
        ("loss", state.loss()),
        ("gradient_norm", state.gradient_norm()),
    ];
    let parameters = names
        .iter()
        .map(String::as_str)
        .zip(state.parameters.iter().copied());
    let mut all = quantities.into_iter().chain(parameters);
    let (quantity, value) = all.find(|(_, value)| !value.is_finite())?;
    Some(Divergence::NotFinite {
        quantity: quantity.to_owned(),
        value: Scalar::new(value),
        cause: None,
    })
}

/// A run in progress: passes on what is recorded, and decides when it ends.
pub(super) struct Course<'r, T, R> {
    rows: Rows<'r, R>,
    names: &'r [String],
    limits: Limits<T>,
    epochs: u64,
    /// The last state in which everything was finite.
    finite: Option<State<T>>,
    best: Option<Least<T>>,
    closing: Collector,
}

/// The smallest loss so far.
#[derive(Clone, Debug)]
pub(super) struct Least<T> {
    pub(super) loss: T,
    pub(super) epoch: u64,
    pub(super) parameters: Vec<T>,
}

impl<'r, T: Real, R: Recorder> Course<'r, T, R> {
    pub(super) fn new(plan: &'r Plan, run: &Run, recorder: &'r mut R) -> Self {
        Course {
            rows: Rows {
                recorded_epochs: plan.record.recorded(run.epochs),
                quantities: Quantities::of_run(run),
                last: None,
                recorder,
            },
            names: plan.objectives[run.objective].function.parameters(),
            limits: Limits::new(&plan.stop),
            epochs: run.epochs,
            finite: None,
            best: None,
            closing: Collector::new(run.epochs, plan.stop.may_converge()),
        }
    }

    /// Resumes a run after the last recorded epoch, with the best one so far.
    pub(super) fn resume(&mut self, recorded: Option<u64>, best: Option<Least<T>>) {
        self.rows.last = recorded;
        self.best = best;
    }

    /// Looks at the next state: why the run ends there, if it does.
    pub(super) fn look(&mut self, state: &State<T>) -> Option<StopReason> {
        if let Some(what) = not_finite(state, self.names) {
            let epoch = state.epoch;
            return Some(StopReason::Diverged { epoch, what });
        }
        match &mut self.best {
            Some(best) if state.loss() < best.loss => {
                best.loss = state.loss();
                best.epoch = state.epoch;
                best.parameters.copy_from_slice(&state.parameters);
            }
            Some(_) => {}
            None => {
                self.best = Some(Least {
                    loss: state.loss(),
                    epoch: state.epoch,
                    parameters: state.parameters.clone(),
                });
            }
        }
        self.rows.offer(state);
        let parameters = state.parameters.iter().map(|x| x.to_f64());
        self.closing
            .look(state.epoch, state.loss().to_f64(), parameters);
        match &mut self.finite {
            Some(finite) => finite.clone_from_state(state),
            None => self.finite = Some(state.clone()),
        }
        let output = |output| state.outputs.get(output);
        let reason = self.limits.test(state.epoch, output);
        reason.or_else(|| (state.epoch == self.epochs).then_some(StopReason::EpochLimit))
    }

    /// Whether a run can end at a fixed point: with `step_below` the next epoch ends it for
    /// its own reason.
    pub(super) fn can_stay(&self) -> bool {
        !self.limits.iter().any(|rule| rule.output == Output::Step)
    }

    /// The state is the same in every remaining epoch.
    pub(super) fn stay(&mut self, state: &State<T>) {
        self.rows.repeat(state.clone(), self.epochs);
        let mut last = state.clone();
        last.epoch = self.epochs;
        self.finite = Some(last);
    }

    /// The end of the run. One that is not finite from the start has only `state` to show.
    pub(super) fn end(mut self, state: State<T>, reason: StopReason) -> End {
        let counts = state.counts;
        let end = self.finite.unwrap_or(state);
        self.rows.end(&end);
        let best = self.best.unwrap_or_else(|| Least {
            loss: end.loss(),
            epoch: end.epoch,
            parameters: end.parameters.clone(),
        });
        let scalars = |numbers: &[T]| numbers.iter().map(|x| Scalar::new(*x)).collect();
        End {
            closing: match reason {
                StopReason::EpochLimit => self.closing.finish(best.epoch, T::EPSILON.to_f64()),
                StopReason::Converged { .. } => {
                    self.closing.finish_early(best.epoch, T::EPSILON.to_f64())
                }
                _ => None,
            },
            reason,
            epochs_run: end.epoch,
            loss: Scalar::new(end.loss()),
            gradient_norm: Scalar::new(end.gradient_norm()),
            validation_loss: end.outputs.get(Output::ValidationLoss).map(Scalar::new),
            parameters: scalars(&end.parameters),
            best_loss: Scalar::new(best.loss),
            best_epoch: best.epoch,
            best_parameters: scalars(&best.parameters),
            counts: counts.unwrap_or_else(|| Counts::of_rule(end.epoch)),
        }
    }
}

impl<T: Real> State<T> {
    /// As `clone_from`, without a new list of parameters.
    fn clone_from_state(&mut self, other: &State<T>) {
        self.epoch = other.epoch;
        self.outputs = other.outputs;
        self.counts = other.counts;
        self.parameters.copy_from_slice(&other.parameters);
    }
}

/// Passes on the epochs that the plan records.
struct Rows<'r, R> {
    recorded_epochs: RecordedEpochs,
    /// Those of the last row, with the learning rate of all epochs unless a schedule changes
    /// it.
    quantities: Quantities,
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

    /// The same state in every epoch up to the last.
    fn repeat<T: Real>(&mut self, mut state: State<T>, last: u64) {
        loop {
            state.epoch = self.recorded_epochs.next(state.epoch + 1);
            if state.epoch > last {
                return;
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
        let counts = state.counts.unwrap_or_else(|| Counts::of_rule(state.epoch));
        let quantities = &mut self.quantities;
        quantities.set_count(Quantity::Evaluations, counts.evaluations);
        // The learning rate of all epochs stays where the epoch gives none.
        for output in Output::ALL {
            if let (Some(quantity), Some(value)) = (output.quantity(), state.outputs.get(output)) {
                quantities.set(quantity, Scalar::new(value));
            }
        }
        let row = Row {
            epoch: state.epoch,
            quantities,
            parameters: &|index| Scalar::new(state.parameters[index]),
        };
        self.recorder.record(&row);
    }
}
