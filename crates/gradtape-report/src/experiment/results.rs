//! All results of a plan, in memory.

use std::sync::Arc;

use super::recorder::ResultRecorder;
use crate::baseline::StateRecorder;
use crate::{State, state_columns};
use gradtape_experiment::batch::{self, Cancelled, Control, RunResult};
use gradtape_experiment::derivative::{self, Table};
use gradtape_experiment::diagnosis::{Diagnoser, Diagnosis, Tallies};
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::Plan;

/// The results of all runs and derivatives of a plan: a report as values.
#[derive(Debug)]
pub struct Results {
    /// How each run ended, by the numbers of the runs.
    pub runs: Vec<RunResult>,
    /// The recorded epochs of each run, by the numbers of the runs.
    pub trajectories: Vec<Vec<State>>,
    /// The names of the values of a [`State`].
    pub columns: Vec<String>,
    /// The tables of derivatives, in the order of the file.
    pub tables: Vec<Table>,
    /// Why the runs ended as they did.
    pub diagnosis: Diagnosis,
}

impl Results {
    /// A recorded quantity of a run over its epochs: `loss`, `gradient_norm`,
    /// `learning_rate`, a recorded parameter, …, by the name of its column. It is empty if the
    /// run or column does not exist.
    pub fn series(&self, run: usize, column: &str) -> impl Iterator<Item = (u64, Scalar)> {
        let place = self.columns.iter().position(|name| name == column);
        let states = self.trajectories.get(run).map_or(&[][..], Vec::as_slice);
        let value = move |state: &State| state.value(place?);
        states
            .iter()
            .filter_map(move |state| Some((state.epoch, value(state)?)))
    }
}

/// Computes everything that a plan describes, on rayon's current threads.
///
/// Everything is held in memory, including the recorded epochs of each run. For millions of
/// runs use [`batch::run`], which passes them on one by one.
#[must_use]
pub fn run(plan: &Plan) -> Results {
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    let control = Control::default();
    let diagnoser = Arc::new(Diagnoser::new(plan, &numbers));
    let recorder = || ResultRecorder::new(plan, &diagnoser, true);
    let (mut runs, mut trajectories) = (Vec::new(), Vec::new());
    let mut tallies = Tallies::default();
    let computed = batch::run(plan, &numbers, recorder, &control, |_, taken| {
        runs.extend(taken.runs.into_iter().map(|one| one.result));
        let trace = taken.trace.into_iter();
        trajectories.extend(trace.flat_map(StateRecorder::into_runs));
        tallies.extend(plan, taken.diagnosis.finish());
        Ok::<(), Cancelled>(())
    });
    let places = 0..plan.derivatives.len();
    let tables = places.map(|place| derivative::table(plan, place, &control));
    let tables = computed.and_then(|()| tables.collect());
    Results {
        runs,
        trajectories,
        columns: state_columns(plan).map(str::to_owned).collect(),
        tables: tables.expect("the control is not shared, so nothing cancels it"),
        diagnosis: tallies.diagnosis(plan, &diagnoser),
    }
}
