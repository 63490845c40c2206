//! Runs of a published report, copied into a new one.

use crate::{
    ConclusionReader, CsvFiles, ReportError, RunReader, RunRecorder, State, TrajectoryReader,
};
use gradtape_experiment::batch::{Quantities, Recorder, Row};
use gradtape_experiment::diagnosis::Conclusion;
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::{Plan, Quantity, Run};

/// The runs of a report that are kept while others are computed again.
///
/// A [`Writer`](super::Writer) adds them like computed ones, with the same bytes as in the report.
#[derive(Debug)]
pub struct StoredRuns<'p> {
    plan: &'p Plan,
    reader: ConclusionReader<'p>,
    trajectories: TrajectoryReader,
    /// The next run, already read.
    next: Option<Conclusion>,
}

impl<'p> StoredRuns<'p> {
    /// Opens the runs of a report of `plan`.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is damaged.
    pub fn open(files: &CsvFiles, plan: &'p Plan) -> Result<Self, ReportError> {
        let mut reader = ConclusionReader::open(files, plan)?;
        let next = reader.next()?;
        Ok(StoredRuns {
            plan,
            reader,
            trajectories: TrajectoryReader::open(files, plan)?,
            next,
        })
    }

    /// Reads the numbers of all runs in the report, in order.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is damaged.
    pub fn numbers(files: &CsvFiles, plan: &'p Plan) -> Result<Vec<u64>, ReportError> {
        let mut reader = RunReader::open(files, plan)?;
        let mut numbers = Vec::new();
        while let Some(result) = reader.next()? {
            numbers.push(result.number);
        }
        Ok(numbers)
    }

    /// Passes run number `number` to a recorder. Calls must be in ascending order of runs.
    ///
    /// # Errors
    ///
    /// If the report is damaged or does not have the run.
    pub fn replay<L>(
        &mut self,
        number: u64,
        recorder: &mut RunRecorder<'_, L>,
    ) -> Result<(), ReportError> {
        let of = |next: &Conclusion| next.result.number;
        while self.next.as_ref().is_some_and(|next| of(next) < number) {
            self.next = self.reader.next()?;
        }
        let Some(mut concluded) = self.next.take_if(|next| of(next) == number) else {
            return Err(self.reader.damaged(&format!("run {number} is missing")));
        };
        let run = self.plan.run(number);
        recorder.begin(&run);
        for state in self.trajectories.states(number, run.precision)? {
            self.record(&run, &state, recorder);
        }
        // In the file numbers and names are both text.
        concluded.result.settings = run.settings;
        recorder.recall(&concluded);
        self.next = self.reader.next()?;
        Ok(())
    }

    fn record<L>(&self, run: &Run, state: &State, recorder: &mut RunRecorder<'_, L>) {
        let plan = self.plan;
        let mut values = state.values.iter().copied();
        let mut quantities = Quantities::of_rule(state.epoch);
        for quantity in Quantity::in_trajectories(plan) {
            quantities.set(quantity, values.next().flatten());
        }
        let recorded: Vec<Option<Scalar>> = values.collect();
        let variables = plan.objectives[run.objective].function.parameters();
        let parameter = |place: usize| {
            let name = variables.get(place);
            let mut names = plan.record.parameters.iter();
            let column = names.position(|known| Some(known) == name);
            let value = column.and_then(|column| recorded.get(column).copied().flatten());
            // A parameter that is not recorded is never requested.
            value.unwrap_or(Scalar::F64(f64::NAN))
        };
        recorder.record(&Row {
            epoch: state.epoch,
            quantities: &quantities,
            parameters: &parameter,
        });
    }
}
