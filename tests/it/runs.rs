//! The runs of an experiment in memory, for tests that look at each row.

use gradtape_experiment::batch::{self, Cancelled, Control, End, Recorder, Row};
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::{Plan, Quantity, Run};

/// A row of a trajectory.
pub(crate) struct Kept {
    pub(crate) epoch: u64,
    pub(crate) evaluations: u64,
    pub(crate) learning_rate: Option<Scalar>,
    pub(crate) loss: f64,
    pub(crate) parameters: Vec<Scalar>,
}

impl Kept {
    pub(crate) fn wide(&self) -> Vec<f64> {
        self.parameters.iter().map(|x| x.to_f64()).collect()
    }
}

/// Stores the rows of each run, with the number of its parameters.
#[derive(Default)]
struct Keeper(Vec<(usize, Vec<Kept>)>);

impl Recorder for Keeper {
    fn begin(&mut self, run: &Run) {
        self.0.push((run.start.len(), Vec::new()));
    }

    fn record(&mut self, row: &Row<'_>) {
        let (parameters, rows) = self.0.last_mut().expect("begin comes first");
        let parameters = (0..*parameters).map(|place| (row.parameters)(place));
        rows.push(Kept {
            epoch: row.epoch,
            evaluations: row.quantities.count(Quantity::Evaluations),
            learning_rate: row.quantities.get(Quantity::LearningRate),
            loss: row.quantities.loss().to_f64(),
            parameters: parameters.collect(),
        });
    }
}

/// The plan of an experiment without errors.
pub(crate) fn planned(text: &str) -> Plan {
    Plan::new("test.toml", text).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes}"))
}

/// All runs: how they ended, and their rows.
pub(crate) fn runs(plan: &Plan) -> Vec<(End, Vec<Kept>)> {
    let mut all = Vec::new();
    let deliver = |outcomes: Vec<(Run, End)>, kept: Keeper| {
        let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome);
        all.extend(outcomes.zip(kept.0.into_iter().map(|(_, rows)| rows)));
        Ok::<(), Cancelled>(())
    };
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    let control = Control::default();
    batch::run(plan, &numbers, Keeper::default, &control, deliver).unwrap();
    // However a run ends, none of its epochs remains.
    assert_eq!(u128::from(control.progress.settled()), plan.run_epochs());
    all
}

/// The only run of an experiment.
pub(crate) fn only_run(text: &str) -> (End, Vec<Kept>) {
    let plan = planned(text);
    assert_eq!(plan.runs.count(), 1, "{text}");
    runs(&plan).remove(0)
}
