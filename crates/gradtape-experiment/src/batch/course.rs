//! The course of a run from epoch to epoch, and why it ends, for methods of all kinds.

use super::closing::Collector;
use super::control::{Cancelled, Control};
use super::end::End;
use super::output::Output;
use super::quantities::Quantities;
use super::rows::Rows;
use super::state::{Best, State};
use super::stop::{Limits, may_converge};
use super::stop_reason::StopReason;
use crate::number::Scalar;
use crate::optimizer::search::Rest;
use crate::plan::{Plan, Run};
use gradtape_tape::Real;

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
            let is_look = state.epoch + 1 == next_look;
            if is_look {
                // After cancellation the update may have ended half-way.
                control.check()?;
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
            if is_look {
                next_look += epochs_per_look;
                self.report(state.epoch, control);
            }
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
        match self.limits.test(|output| state.outputs.get(output)) {
            Some((rule, value)) => Some(StopReason::of_rule(rule, value, state.epoch)),
            None if state.epoch == self.epochs => Some(StopReason::EpochLimit),
            None => None,
        }
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
        let best_epoch = self.best.as_ref().map_or(last.epoch, |best| best.epoch);
        let epsilon = T::EPSILON.to_f64();
        let closing = match reason {
            StopReason::EpochLimit => self.closing.finish(best_epoch, epsilon),
            StopReason::Converged { .. } => self.closing.finish_early(best_epoch, epsilon),
            _ => None,
        };
        End::new(reason, closing, &last, self.best.as_ref())
    }
}
