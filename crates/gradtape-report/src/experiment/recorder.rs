//! Recording of runs while they are computed.

use std::sync::Arc;

use crate::baseline::StateRecorder;
use gradtape_experiment::batch::{End, Recorder, Row};
use gradtape_experiment::diagnosis::{Conclusion, Diagnoser, DiagnosisRecorder};
use gradtape_experiment::plan::{Plan, Run};

/// Records the diagnoses of runs, and their recorded epochs if requested.
pub(super) struct ResultRecorder<'p> {
    pub(super) trace: Option<StateRecorder<'p>>,
    pub(super) diagnosis: DiagnosisRecorder<'p>,
    pub(super) runs: Vec<Conclusion>,
}

impl<'p> ResultRecorder<'p> {
    pub(super) fn new(plan: &'p Plan, diagnoser: &Arc<Diagnoser>, has_trace: bool) -> Self {
        ResultRecorder {
            trace: has_trace.then(|| StateRecorder::new(plan)),
            diagnosis: DiagnosisRecorder::new(plan, Arc::clone(diagnoser)),
            runs: Vec::new(),
        }
    }
}

impl Recorder for ResultRecorder<'_> {
    fn begin(&mut self, run: &Run) {
        if let Some(trace) = &mut self.trace {
            trace.begin(run);
        }
        self.diagnosis.begin(run);
    }

    fn record(&mut self, row: &Row<'_>) {
        if let Some(trace) = &mut self.trace {
            trace.record(row);
        }
        self.diagnosis.record(row);
    }

    fn end(&mut self, run: Run, end: End) -> Option<(Run, End)> {
        self.runs.push(self.diagnosis.conclude(run, &end));
        None
    }
}
