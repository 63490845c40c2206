//! The course of a run from epoch to epoch, and why it ends, for methods of all kinds.

use super::closing::{Closing, Collector};
use super::output::{Output, Values};
use super::quantities::Counts;
use super::rows::Rows;
use super::stop::{Limits, may_converge};
use super::stop_reason::{Divergence, StopReason};
use super::{Cancelled, Control, End, Quantities};
use crate::number::Scalar;
use crate::optimizer::search::Rest;
use crate::plan::{Plan, Quantity, Run};
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
    /// A state before its evaluation.
    pub(super) fn new(epoch: u64, parameters: Vec<T>) -> Self {
        State {
            epoch,
            outputs: Values::default(),
            counts: None,
            parameters,
        }
    }

    /// The loss, which every epoch gives.
    fn loss(&self) -> T {
        self.outputs.get(Output::Loss).unwrap_or(T::NAN)
    }

    /// As `clone_from`, without a new list of parameters.
    fn clone_from_state(&mut self, other: &State<T>) {
        self.epoch = other.epoch;
        self.outputs = other.outputs;
        self.counts = other.counts;
        self.parameters.copy_from_slice(&other.parameters);
    }

    pub(super) fn as_best(&self) -> Best<T> {
        Best {
            loss: self.loss(),
            epoch: self.epoch,
            parameters: self.parameters.clone(),
        }
    }

    /// What is not finite in the state.
    fn not_finite(&self, names: &[String]) -> Option<Divergence> {
        let gradient_norm = self.outputs.get(Output::GradientNorm);
        let quantities = [
            ("loss", self.loss()),
            ("gradient_norm", gradient_norm.unwrap_or(T::NAN)),
        ];
        let names = names.iter().map(String::as_str);
        let parameters = names.zip(self.parameters.iter().copied());
        let mut all = quantities.into_iter().chain(parameters);
        let (quantity, value) = all.find(|(_, value)| !value.is_finite())?;
        Some(Divergence::NotFinite {
            quantity: quantity.to_owned(),
            value: Scalar::new(value),
            cause: None,
        })
    }
}

/// The smallest loss so far.
#[derive(Clone, Debug)]
pub(super) struct Best<T> {
    pub(super) loss: T,
    pub(super) epoch: u64,
    pub(super) parameters: Vec<T>,
}

/// How the states of a run follow each other.
pub(super) trait Iteration<T> {
    /// The number of epochs between two checks for cancellation.
    fn epochs_per_look(&self) -> u64;

    /// Computes what the epoch of `state` gives.
    fn evaluate(&mut self, state: &mut State<T>);

    /// Moves on to the next state, whose parameters the next call of
    /// [`evaluate`](Iteration::evaluate) gives.
    fn update(&mut self, state: &mut State<T>) -> Change;
}

/// What an update changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Some parameter.
    Parameters,
    /// No parameter, but a later epoch may.
    Other,
    /// Nothing: the state is the same in every later epoch; for the reason, if the method has
    /// one.
    Nothing(Option<Rest>),
}

/// A run in progress: passes on what is recorded, and decides when it ends.
pub(super) struct Course<'p, 'r, T> {
    rows: Rows<'r>,
    names: &'p [String],
    limits: Limits<T>,
    epochs: u64,
    /// The last state in which everything was finite.
    finite: Option<State<T>>,
    best: Option<Best<T>>,
    closing: Collector,
    /// The updates that were reported as progress.
    reported: u64,
}

impl<'p, 'r, T: Real> Course<'p, 'r, T> {
    pub(super) fn new(plan: &'p Plan, run: &Run, rows: Rows<'r>) -> Self {
        Course {
            rows,
            names: plan.objectives[run.objective].function.parameters(),
            limits: Limits::new(&plan.stop),
            epochs: run.epochs,
            finite: None,
            best: None,
            closing: Collector::new(run.epochs, may_converge(&plan.stop)),
            reported: 0,
        }
    }

    /// Resumes a run with the best epoch so far, after this number of updates was reported as
    /// progress.
    pub(super) fn resume(mut self, best: Option<Best<T>>, reported: u64) -> Self {
        self.best = best;
        self.reported = reported;
        self
    }

    /// Follows the run from a state to its end.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], if the job was.
    pub(super) fn follow(
        mut self,
        mut state: State<T>,
        iteration: &mut impl Iteration<T>,
        control: &Control,
    ) -> Result<End, Cancelled> {
        let epochs_per_look = iteration.epochs_per_look();
        let mut next_look = state.epoch + epochs_per_look;
        let mut last_change = 0;
        let reason = loop {
            iteration.evaluate(&mut state);
            if let Some(reason) = self.look(&state) {
                break reason;
            }
            let change = iteration.update(&mut state);
            if state.epoch + 1 == next_look {
                // After cancellation the update may have ended half-way.
                control.check()?;
                next_look += epochs_per_look;
                self.report(state.epoch + 1, control);
            }
            match change {
                Change::Parameters => last_change = state.epoch + 1,
                Change::Nothing(Some(Rest::Tolerance(setting))) => {
                    break StopReason::WithinTolerance { setting };
                }
                Change::Nothing(rest) if self.can_stay() => {
                    self.stay(&state, control);
                    let since = last_change;
                    break match rest {
                        Some(rest) => StopReason::NoFurtherStep { since, rest },
                        None => StopReason::FixedPoint { since },
                    };
                }
                Change::Nothing(_) | Change::Other => {}
            }
            state.epoch += 1;
        };
        self.report(state.epoch, control);
        Ok(self.end(state, reason))
    }

    /// Looks at the next state: why the run ends there, if it does.
    fn look(&mut self, state: &State<T>) -> Option<StopReason> {
        if let Some(what) = state.not_finite(self.names) {
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
            none => *none = Some(state.as_best()),
        }
        if self.rows.next() == Some(state.epoch) {
            self.write(state);
        }
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
    fn can_stay(&self) -> bool {
        !self.limits.iter().any(|rule| rule.output == Output::Step)
    }

    /// The state is the same in every remaining epoch.
    fn stay(&mut self, state: &State<T>, control: &Control) {
        let mut state = state.clone();
        while let Some(next) = self.rows.next() {
            state.epoch = next;
            self.write(&state);
        }
        state.epoch = self.epochs;
        self.finite = Some(state);
        self.report(self.epochs, control);
    }

    /// Reports the updates so far as progress.
    fn report(&mut self, updates: u64, control: &Control) {
        control
            .progress
            .add_epochs(updates.saturating_sub(self.reported));
        self.reported = self.reported.max(updates);
    }

    fn write(&mut self, state: &State<T>) {
        let set = |quantities: &mut Quantities| quantities.set_outputs(&state.outputs);
        let parameters = |place: usize| Scalar::new(state.parameters[place]);
        self.rows.write(state.epoch, state.counts, set, &parameters);
    }

    /// The end of the run. One that is not finite from the start has only `state` to show.
    fn end(mut self, state: State<T>, reason: StopReason) -> End {
        let counts = state.counts;
        let mut last = self.finite.take().unwrap_or(state);
        // The last epoch always is recorded.
        if self.rows.last() != Some(last.epoch) {
            self.write(&last);
        }
        // An attempt at a further step counts.
        last.counts = counts;
        let best = self.best.unwrap_or_else(|| last.as_best());
        let epsilon = T::EPSILON.to_f64();
        let closing = match reason {
            StopReason::EpochLimit => self.closing.finish(best.epoch, epsilon),
            StopReason::Converged { .. } => self.closing.finish_early(best.epoch, epsilon),
            _ => None,
        };
        End::new(reason, closing, &last, &best)
    }
}

impl End {
    /// The end of a run in its last state.
    pub(super) fn new<T: Real>(
        reason: StopReason,
        closing: Option<Closing>,
        last: &State<T>,
        best: &Best<T>,
    ) -> Self {
        let mut quantities = Quantities::default();
        quantities.set_outputs(&last.outputs);
        quantities.set_counts(last.epoch, last.counts);
        quantities.set_count(Quantity::EpochsRun, last.epoch);
        quantities.set(Quantity::BestLoss, Scalar::new(best.loss));
        quantities.set_count(Quantity::BestEpoch, best.epoch);
        let scalars = |numbers: &[T]| numbers.iter().map(|x| Scalar::new(*x)).collect();
        End {
            reason,
            closing,
            quantities: quantities.at_end(),
            parameters: scalars(&last.parameters),
            best_parameters: scalars(&best.parameters),
        }
    }
}
