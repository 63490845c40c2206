//! Writes a report while its runs are computed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::buffer::BufferPool;
use crate::figures::{self, ChartData, ChartRecorder};
use crate::file::{self, AllFiles, FilePart, PartMaker, ReportFile, Setup, Totals};
use crate::{Head, ReportError, Staging, report_name};
use gradtape_experiment::batch::{Control, End, Recorder, Row, RunResult};
use gradtape_experiment::derivative::Table;
use gradtape_experiment::diagnosis::{
    Conclusion, Diagnoser, Diagnosis, DiagnosisRecorder, Tallies,
};
use gradtape_experiment::plan::{Plan, Run};

/// Writes the report of a job.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::batch::{self, Control};
/// use gradtape_experiment::plan::Plan;
/// use gradtape_report::{ReportError, Writer};
///
/// let source = r#"
///     epochs = 3
///     objective = [{ formula = "w^2", start = { w = 1 } }]
///     optimizer = [{ method = "sgd", learning_rate = 0.25 }]
/// "#;
/// let plan = Plan::new("halving.toml", source)?;
/// let out = tempfile::tempdir()?;
/// let runs = [0];
/// let mut writer = Writer::new(&plan, "halving.toml", source, &runs, out.path())?;
/// let mut losses = Vec::new();
/// let recorders = writer.recorders(&|result| result.quantities.loss());
/// batch::run(&plan, &runs, recorders, &Control::default(), |_, recorded| {
///     losses.extend(writer.add(recorded)?);
///     Ok::<(), ReportError>(())
/// })?;
/// assert_eq!(losses[0].to_f64(), 0.125 * 0.125);
/// let finished = writer.finish(true, &Control::default())?;
/// let rows = std::fs::read_to_string(finished.folder.join("trajectories.csv"))?;
/// assert_eq!(rows.lines().nth(2), Some("0,1,0.25,0.25,1.0,0.5"));
/// assert_eq!(finished.diagnosis.runs[0].facts.stability_bound, Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer<'p> {
    plan: &'p Plan,
    head: Head,
    staging: Staging,
    files: AllFiles,
    charts: ChartData,
    tables: Vec<Table>,
    diagnoser: Arc<Diagnoser>,
    tallies: Tallies,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Writer ({})", self.staging.folder().display())
    }
}

impl<'p> Writer<'p> {
    /// Begins the report of the runs `numbers` of an experiment file with the name `file` and
    /// the text `source`, in a directory of `out` that is named after the file.
    ///
    /// # Errors
    ///
    /// If another process writes that report for longer than a minute, if something in its
    /// directory prevents its replacement, or if a file cannot be created: before any run is
    /// computed.
    pub fn new(
        plan: &'p Plan,
        file: &str,
        source: &str,
        numbers: &[u64],
        out: &Path,
    ) -> Result<Self, ReportError> {
        let staging = Staging::of(plan, &out.join(report_name(file)))?;
        Writer::in_place(plan, file, source, numbers, staging)
    }

    /// Begins a report in a place that was locked before, for example to read the report there
    /// first.
    ///
    /// # Errors
    ///
    /// If a file cannot be created.
    pub fn in_place(
        plan: &'p Plan,
        file: &str,
        source: &str,
        numbers: &[u64],
        staging: Staging,
    ) -> Result<Self, ReportError> {
        let head = Head::new(plan, (file, source), numbers, file::names(plan));
        let pool = BufferPool::new(staging.folder().to_owned());
        let files = staging.write(|folder| {
            AllFiles::create(&Setup {
                plan,
                head: &head,
                numbers,
                folder,
                pool: &pool,
            })
        })?;
        Ok(Writer {
            plan,
            head,
            staging,
            files,
            charts: ChartData::new(plan, numbers),
            tables: Vec::new(),
            diagnoser: Arc::new(Diagnoser::new(plan, numbers)),
            tallies: Tallies::default(),
        })
    }

    /// Returns the function that creates recorders for
    /// [`gradtape_experiment::batch::run`]. They pass each result to `look` and keep its return
    /// values for [`add`](Self::add).
    pub fn recorders<'a, L>(
        &self,
        look: &'a (dyn Fn(&RunResult) -> L + Sync),
    ) -> impl Fn() -> RunRecorder<'a, L> + Sync + use<'a, L>
    where
        'p: 'a,
    {
        let plan = self.plan;
        let parts: PartMaker<_> = self.files.parts();
        let (charts, diagnoser) = (self.charts.empty(), Arc::clone(&self.diagnoser));
        move || RunRecorder {
            plan,
            files: parts(),
            charts: ChartRecorder::new(plan, charts.empty()),
            diagnosis: DiagnosisRecorder::new(plan, Arc::clone(&diagnoser)),
            look,
            looks: Vec::new(),
        }
    }

    /// Adds a group of runs, and returns the value of `look` for each result.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn add<L>(&mut self, runs: RunRecorder<'_, L>) -> Result<Vec<L>, ReportError> {
        let appended = self.files.append(runs.files);
        appended.map_err(|error| self.staging.named(error))?;
        self.charts.extend(runs.charts.finish());
        self.tallies.extend(self.plan, runs.diagnosis.finish());
        Ok(runs.looks)
    }

    /// Adds the table of a derivative.
    ///
    /// # Errors
    ///
    /// If its file cannot be written.
    pub fn add_table(&mut self, table: Table) -> Result<(), ReportError> {
        let (plan, files) = (self.plan, &mut self.files);
        self.staging
            .write(|folder| files.add_table(plan, folder, &table))?;
        self.tables.push(table);
        Ok(())
    }

    /// Draws the charts if `with_charts` is true, writes the page, and publishes the report.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or if the job was cancelled; the previous report then
    /// remains unchanged.
    pub fn finish(self, with_charts: bool, control: &Control) -> Result<Publication, ReportError> {
        let diagnosis = self.tallies.diagnosis(self.plan, &self.diagnoser);
        self.staging.write(|folder| {
            self.files.finish(&mut Totals {
                plan: self.plan,
                head: &self.head,
                folder,
                control,
                diagnosis: &diagnosis,
                tables: &self.tables,
                charts: &self.charts,
                published: None,
                has_charts: with_charts,
                views: Vec::new(),
            })?;
            Ok(control.check()?)
        })?;
        let placed = self.staging.publish()?;
        Ok(Publication {
            folder: placed.folder,
            left: placed.left,
            diagnosis,
            charts: self.charts,
            tables: self.tables,
        })
    }
}

/// Records a group of runs for a [`Writer`].
#[doc(hidden)]
pub struct RunRecorder<'a, L> {
    plan: &'a Plan,
    files: <AllFiles as ReportFile>::Part,
    charts: ChartRecorder<'a>,
    diagnosis: DiagnosisRecorder<'a>,
    look: &'a (dyn Fn(&RunResult) -> L + Sync),
    looks: Vec<L>,
}

impl<L> std::fmt::Debug for RunRecorder<'_, L> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RunRecorder")
    }
}

impl<L> Recorder for RunRecorder<'_, L> {
    fn begin(&mut self, run: &Run) {
        self.files.begin(self.plan, run);
        self.charts.begin(run);
        self.diagnosis.begin(run);
    }

    fn record(&mut self, row: &Row<'_>) {
        self.files.record(row);
        self.charts.record(row);
        self.diagnosis.record(row);
    }

    fn end(&mut self, run: Run, end: End) -> Option<(Run, End)> {
        let concluded = self.diagnosis.conclude(run, &end);
        self.conclude(&concluded);
        None
    }
}

impl<L> RunRecorder<'_, L> {
    /// Adds a run stored in a report, after its rows were recorded.
    pub(crate) fn recall(&mut self, concluded: &Conclusion) {
        self.diagnosis.recall(concluded);
        self.conclude(concluded);
    }

    fn conclude(&mut self, concluded: &Conclusion) {
        self.files.conclude(self.plan, concluded);
        self.charts.conclude(&concluded.result);
        self.looks.push((self.look)(&concluded.result));
    }
}

/// A published report.
#[derive(Debug)]
#[doc(hidden)]
pub struct Publication {
    /// Its directory.
    pub folder: PathBuf,
    /// The directory of a previous report that could not be removed completely.
    pub left: Option<PathBuf>,
    /// The diagnosis of the runs.
    pub diagnosis: Diagnosis,
    charts: ChartData,
    tables: Vec<Table>,
}

impl Publication {
    /// The chart to show if there is room for only one: the first line or sweep chart, else the
    /// first chart of a derivative. `plan` must be the plan of the report.
    #[must_use]
    pub fn main_chart(&self, plan: &Plan) -> Option<gradtape_chart::Figure> {
        figures::main_figure(plan, &self.charts, &self.tables)
    }
}
