//! The recorded report as a whole.

use std::path::Path;

use super::deviation::{Demand, Deviation, Subject};
use super::matching::Matching;
use super::recorded::RecordedRuns;
use super::tables;
use crate::{CsvFiles, Report, ReportError, TrajectoryReader};
use gradtape_experiment::derivative::Table;
use gradtape_experiment::plan::Plan;

/// A recorded report that results are compared with.
///
/// # Examples
///
/// ```
/// use gradtape_report::baseline::RecordedReport;
/// use gradtape_experiment::plan::Plan;
///
/// let report = RecordedReport::open("../../reports/parabola".as_ref())?.expect("it is recorded");
/// assert_eq!(report.plan().title, "w0 over epochs");
/// assert!(RecordedReport::open("../../reports/nothing".as_ref())?.is_none());
/// # Ok::<(), gradtape_report::ReportError>(())
/// ```
#[derive(Debug)]
pub struct RecordedReport(Report);

impl RecordedReport {
    /// Opens the report in `folder`; `None` if there is no report.
    ///
    /// # Errors
    ///
    /// If it is damaged.
    pub fn open(folder: &Path) -> Result<Option<RecordedReport>, ReportError> {
        Ok(Report::find(folder)?.map(RecordedReport))
    }

    /// The experiment as it was recorded.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.0.plan
    }

    pub(super) fn files(&self) -> &CsvFiles {
        &self.0.files
    }

    /// The number of recorded runs, if the report states it.
    pub(super) fn run_count(&self) -> Option<u64> {
        self.0.head.run_count
    }

    /// The same error with a possible cause.
    pub(super) fn explain(&self, error: ReportError) -> ReportError {
        self.0.head.explain(error)
    }

    /// The data files that have changed, which explain changed results.
    #[must_use]
    pub fn changed_data(&self, now: &Plan) -> Vec<Deviation> {
        let before = self.0.plan.recorded_data();
        let now = now.recorded_data().into_iter();
        let changed = now.filter_map(|now| {
            let mut before = before.iter();
            let before =
                before.find(|before| before.file == now.file && before.sha256 != now.sha256)?;
            Some(Deviation {
                subject: Subject::Report,
                demand: Demand::Recorded,
                quantity: now.file,
                epoch: None,
                wanted: format!("recorded with SHA-256 {}", before.sha256),
                found: now.sha256,
                apart: None,
            })
        });
        let mut changed: Vec<Deviation> = changed.collect();
        changed.dedup_by(|one, other| one.quantity == other.quantity);
        changed
    }

    /// The deviations of the table of a derivative of `plan` from the recorded one with the same
    /// file name.
    ///
    /// # Errors
    ///
    /// If the report is damaged.
    pub fn compare_table(&self, plan: &Plan, table: &Table) -> Result<Vec<Deviation>, ReportError> {
        tables::compare(self, plan, table).map_err(|error| self.explain(error))
    }

    /// The recorded tables of derivatives that `plan` does not have.
    #[must_use]
    pub fn tables_gone(&self, plan: &Plan) -> Vec<Deviation> {
        tables::gone(&self.0.plan, plan)
    }

    /// The numbers of the recorded runs with the settings of some runs of `plan`; `None` for
    /// one that is not recorded.
    #[must_use]
    pub fn counterparts(&self, plan: &Plan, numbers: &[u64]) -> Vec<Option<u64>> {
        let matching = Matching::new(&self.0.plan, plan, numbers);
        let recorded = numbers.iter().map(|number| matching.recorded(*number));
        recorded.collect()
    }

    /// Opens the recorded trajectories.
    ///
    /// # Errors
    ///
    /// If they are damaged.
    pub fn trajectories(&self) -> Result<TrajectoryReader, ReportError> {
        let opened = TrajectoryReader::open(&self.0.files, &self.0.plan);
        opened.map_err(|error| self.explain(error))
    }

    /// Opens the recorded runs, to compare the runs `numbers` of `plan` with them.
    ///
    /// # Errors
    ///
    /// If the report is damaged.
    pub fn runs<'p>(
        &'p self,
        plan: &'p Plan,
        numbers: &[u64],
    ) -> Result<RecordedRuns<'p>, ReportError> {
        RecordedRuns::open(self, plan, numbers).map_err(|error| self.explain(error))
    }
}
