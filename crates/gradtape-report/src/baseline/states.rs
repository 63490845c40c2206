//! The paths of runs against those of the recorded report.

use super::deviation::Deviation;
use super::recorded::difference;
use super::report::RecordedReport;
use crate::{ReportError, State, TrajectoryReader, state_columns};
use gradtape_experiment::batch::{Recorder, Row, RunResult};
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::{Plan, Run, Tolerance};

/// Stores the recorded epochs of some runs for comparison.
#[derive(Debug)]
pub struct StateRecorder<'p> {
    plan: &'p Plan,
    /// For each recorded parameter its place among the variables of the run.
    places: Vec<Option<usize>>,
    /// The states of each run, in the order in which they were computed.
    runs: Vec<Vec<State>>,
}

impl<'p> StateRecorder<'p> {
    /// A recorder for the runs of this plan.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        StateRecorder {
            plan,
            places: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// The states of each run, in the order in which they were computed.
    #[must_use]
    pub fn into_runs(self) -> Vec<Vec<State>> {
        self.runs
    }
}

impl Recorder for StateRecorder<'_> {
    fn begin(&mut self, run: &Run) {
        let variables = self.plan.objectives[run.objective].function.parameters();
        let place = |name: &String| variables.iter().position(|variable| variable == name);
        self.places = self.plan.record.parameters.iter().map(place).collect();
        self.runs.push(Vec::new());
    }

    fn record(&mut self, row: &Row<'_>) {
        if let Some(run) = self.runs.last_mut() {
            run.push(State::new(self.plan, row, &self.places));
        }
    }
}

/// The recorded trajectories, and the quantities to compare.
#[derive(Debug)]
pub(super) struct RecordedTrajectories<'p> {
    reader: TrajectoryReader,
    recorded: &'p Plan,
    plan: &'p Plan,
    /// The quantities that both reports have: the name, the tolerance, and the place in the
    /// recorded and in the current states.
    quantities: Vec<(&'p str, Tolerance, usize, usize)>,
}

impl<'p> RecordedTrajectories<'p> {
    pub(super) fn open(recorded: &'p RecordedReport, plan: &'p Plan) -> Result<Self, ReportError> {
        let reader = recorded.trajectories()?;
        let quantities = state_columns(plan).enumerate().filter_map(|(now, name)| {
            let before = state_columns(recorded.plan()).position(|known| known == name)?;
            Some((name, plan.check.tolerance(name), before, now))
        });
        Ok(RecordedTrajectories {
            reader,
            recorded: recorded.plan(),
            plan,
            quantities: quantities.collect(),
        })
    }

    /// The first recorded epoch in which a run differs from the recorded one. If both experiments
    /// record the same epochs, the epochs themselves are compared, too; otherwise epochs that only
    /// one of the two has are ignored. The lengths of runs are compared by `epochs_run`.
    pub(super) fn first_difference(
        &mut self,
        recorded: &RunResult,
        now: &RunResult,
        states: &[State],
    ) -> Result<Option<Deviation>, ReportError> {
        let before = self
            .reader
            .states(recorded.number, now.quantities.loss().precision())?;
        let of = |plan: &Plan, run: &RunResult| {
            let epochs = plan.run(run.number).epochs;
            (plan.record.recorded(epochs), epochs)
        };
        let are_alike = recorded.quantities.epochs_run() == now.quantities.epochs_run()
            && of(self.recorded, recorded) == of(self.plan, now);
        if are_alike {
            let epoch = |states: &[State], place: usize| {
                #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
                let epoch = states
                    .get(place)
                    .map(|state| Scalar::F64(state.epoch as f64));
                epoch
            };
            for place in 0..before.len().max(states.len()) {
                let values = (epoch(&before, place), epoch(states, place));
                let exact = Tolerance::default();
                if let Some(deviation) = difference(now, "epoch", &exact, values) {
                    let states = [states, &before].map(|states| states.get(place));
                    return Ok(Some(Deviation {
                        epoch: states.into_iter().flatten().next().map(|state| state.epoch),
                        ..deviation
                    }));
                }
            }
        }
        for (before, after) in State::at_equal_epochs(&before, states) {
            for (name, tolerance, place_before, place_now) in &self.quantities {
                let values = (before.value(*place_before), after.value(*place_now));
                if let Some(deviation) = difference(now, name, tolerance, values) {
                    return Ok(Some(Deviation {
                        epoch: Some(after.epoch),
                        ..deviation
                    }));
                }
            }
        }
        Ok(None)
    }
}
