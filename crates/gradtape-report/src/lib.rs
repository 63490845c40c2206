//! Reports: the files with the results of an experiment.
//!
//! A [`Writer`] takes results as they are computed and publishes the directory at the end.
//! [`redraw`] recreates the charts and the page of a published report from its CSV files, with
//! the same bytes.
//!
//! # Profiles
//!
//! A chart of kind `profile` shows the share of problems that each solver solves within a
//! budget.
//!
//! A *solver* is a value of the setting that determines the colour, by default an optimizer. A
//! *problem* is everything else that defines a run: an objective with its constants, its
//! start and its repetition, in one precision. If a solver has several runs on a problem, such
//! as an optimizer with several learning rates, the first run to solve it counts, as if
//! the best setting were known; the subtitle states this.
//!
//! The cost t of a solver on a problem is the number of evaluations of the loss until it is
//! solved, infinite if it never is. Only recorded epochs count, so `[record]` determines the
//! resolution.
//!
//! - **performance** (Dolan and Moré, "Benchmarking optimization software with performance
//!   profiles", Mathematical Programming 91, 2002): over τ the share of problems on which
//!   t ≤ τ · t*, where t* is the cost of the fastest solver on the problem. At τ = 1 it is
//!   the share on which the solver is the fastest, at the right end the share that it solves
//!   at all.
//! - **data** (Moré and Wild, "Benchmarking derivative-free optimization algorithms", SIAM
//!   Journal on Optimization 20, 2009): over κ the share of problems on which t ≤ κ·(n + 1),
//!   for n parameters.
//!
//!   For both, a problem is solved by the test of Moré and Wild:
//!   f(x₀) − f(x) ≥ (1 − τ)·(f(x₀) − f_L), where f_L is the smallest loss of all runs on the
//!   problem, and τ the tolerance.
//! - **ecdf** (Hansen, Auger, Brockhoff, Tušar and Tušar, "COCO: performance assessment",
//!   arXiv:1605.03560, 2016): over the evaluations divided by n the share of pairs of a
//!   problem and a target that are reached; a target is a gap to the known minimum.
//!
//! Problems whose first loss is not finite are omitted.

#[doc(hidden)]
pub mod baseline;
mod csv;
mod error;
pub mod experiment;
mod figures;
mod files;
mod folder;
mod json;
mod overview;
mod page;
mod reading;
mod stored;
mod text;
mod trajectory;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use figures::{Collected, Drawn, Endings, Field, LineRecorder, Lines, curve, figure};
use gradtape_experiment::batch::{Control, End, Recorder, Row, RunResult};
use gradtape_experiment::derivative::Table;
use gradtape_experiment::diagnosis::{
    Conclusion, Diagnoser, Diagnosis, DiagnosisRecorder, Tallies,
};
use gradtape_experiment::plan::{ChartKind, Plan, Run};
use overview::{Overview, Shown};
use page::ChartView;
use text::Stock;
use trajectory::{TrajectoryFile, TrajectoryText};

#[doc(hidden)]
pub use self::{
    csv::{
        ConcludedReader, RunReader, State, TrajectoryReader, plan_line, read_derivative,
        state_columns,
    },
    error::ReportError,
    figures::Ladder,
    files::{Files, Published},
    folder::{DIAGNOSIS, PAGE, REPORT, RUNS, Staging, TRAJECTORIES, remove_unfinished},
    json::{
        Head, derivative_object, derivative_plan_object, function_object, method_object,
        objective_object, plan_object, run_object,
    },
    reading::{Reading, diagnosis, read},
    stored::Stored,
};
pub use experiment::assert_experiment;
#[doc(hidden)]
pub use gradtape_experiment::plan::report_name;

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
#[doc(hidden)]
pub struct Writer<'p> {
    plan: &'p Plan,
    head: Head,
    staging: Staging,
    drawn: Arc<Drawn>,
    shown: Arc<Shown>,
    stock: Arc<Stock>,
    keys: Arc<json::Keys>,
    /// The files of the runs, if the plan has runs.
    rows: Option<RowFiles>,
    report: json::ReportFile,
    lines: Lines,
    endings: Endings,
    overview: Overview,
    tables: Vec<Table>,
    diagnoser: Arc<Diagnoser>,
    tallies: Tallies,
}

struct RowFiles {
    trajectories: TrajectoryFile,
    runs: csv::RunFile,
    diagnoses: csv::RunFile,
}

impl RowFiles {
    fn create(plan: &Plan, folder: &Path) -> Result<RowFiles, ReportError> {
        Ok(RowFiles {
            trajectories: TrajectoryFile::create(folder.join(TRAJECTORIES), plan)?,
            runs: csv::RunFile::create(folder.join(RUNS), &csv::run_columns(plan))?,
            diagnoses: csv::RunFile::create(folder.join(DIAGNOSIS), &csv::diagnosis_columns())?,
        })
    }

    fn finish(self) -> Result<(), ReportError> {
        self.trajectories.finish()?;
        self.runs.finish()?;
        self.diagnoses.finish()
    }
}

/// A published report.
#[derive(Debug)]
#[doc(hidden)]
pub struct Finished {
    /// Its directory.
    pub folder: PathBuf,
    /// The directory of a previous report that could not be removed completely.
    pub left: Option<PathBuf>,
    /// The diagnosis of the runs.
    pub diagnosis: Diagnosis,
    drawn: Arc<Drawn>,
    lines: Lines,
    endings: Endings,
    tables: Vec<Table>,
}

impl Finished {
    /// The chart to show if there is room for only one: the first line or sweep chart, else the
    /// first chart of a derivative. `plan` must be the plan of the report.
    #[must_use]
    pub fn main_chart(&self, plan: &Plan) -> Option<gradtape_chart::Figure> {
        let collected = Collected {
            drawn: &self.drawn,
            lines: &self.lines,
            endings: &self.endings,
        };
        figures::main_figure(plan, &collected, &self.tables)
    }
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Writer ({})", self.staging.folder().display())
    }
}

/// Collects the recorded epochs and the outcomes of a group of runs for a [`Writer`]. Their text
/// is formatted here, on the threads that compute the runs, so that the writer only appends it
/// in order.
#[doc(hidden)]
pub struct Recorded<'a, L> {
    plan: &'a Plan,
    drawn: Arc<Drawn>,
    shown: Arc<Shown>,
    trajectories: TrajectoryText,
    runs: csv::RunText,
    diagnoses: csv::RunText,
    report: json::ObjectText,
    lines: LineRecorder<'a>,
    diagnosis: DiagnosisRecorder<'a>,
    endings: Endings,
    overview: Overview,
    look: &'a (dyn Fn(&RunResult) -> L + Sync),
    looks: Vec<L>,
}

impl<L> std::fmt::Debug for Recorded<'_, L> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Recorded")
    }
}

impl<L> Recorder for Recorded<'_, L> {
    fn begin(&mut self, run: &Run) {
        self.trajectories.begin(self.plan, run);
        self.lines.begin(run);
        self.diagnosis.begin(run);
    }

    fn record(&mut self, row: &Row<'_>) {
        self.trajectories.record(row);
        self.lines.record(row);
        self.diagnosis.record(row);
    }

    fn end(&mut self, run: Run, end: End) -> Option<(Run, End)> {
        let concluded = self.diagnosis.conclude(run, &end);
        self.take(&concluded);
        None
    }
}

impl<L> Recorded<'_, L> {
    /// Adds a run stored in a report, after its rows were recorded.
    fn recall(&mut self, concluded: &Conclusion) {
        self.diagnosis.recall(concluded);
        self.take(concluded);
    }

    fn take(&mut self, concluded: &Conclusion) {
        let result = &concluded.result;
        self.diagnoses.add_diagnosis(&concluded.diagnosis);
        self.runs.add(self.plan, result);
        self.report.add(result);
        self.endings.add(self.plan, &self.drawn, result);
        self.overview.add(self.plan, &self.shown, result);
        self.looks.push((self.look)(result));
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
        let head = Head {
            gradtape: env!("CARGO_PKG_VERSION").to_owned(),
            file: file.to_owned(),
            title: plan.title.clone(),
            description: plan.description.clone(),
            sha256: plan.hash.clone(),
            run_count: Some(numbers.len() as u64),
            experiment: source.to_owned(),
            data: plan.recorded_data(),
            files: files(plan),
        };
        let (rows, report) = staging.write(|folder| {
            let rows = (plan.runs() > 0).then(|| RowFiles::create(plan, folder));
            let report = json::ReportFile::create(folder.join(REPORT), &head)?;
            Ok((rows.transpose()?, report))
        })?;
        Ok(Writer {
            plan,
            stock: Stock::new(staging.folder().to_owned()),
            keys: Arc::new(json::Keys::new(plan)),
            drawn: Arc::new(Drawn::new(plan, numbers)),
            shown: Arc::new(Shown::new(plan, numbers)),
            rows,
            report,
            head,
            lines: Lines::new(),
            endings: Endings::default(),
            overview: Overview::default(),
            tables: Vec::new(),
            diagnoser: Arc::new(Diagnoser::new(plan, numbers)),
            tallies: Tallies::default(),
            staging,
        })
    }

    /// Returns the function that creates recorders for [`gradtape_experiment::batch::run`]. They pass each
    /// result to `look` and keep its return values for [`add`](Self::add).
    pub fn recorders<'a, L>(
        &self,
        look: &'a (dyn Fn(&RunResult) -> L + Sync),
    ) -> impl Fn() -> Recorded<'a, L> + Sync + use<'a, L>
    where
        'p: 'a,
    {
        let (plan, drawn, shown) = (self.plan, Arc::clone(&self.drawn), Arc::clone(&self.shown));
        let (stock, keys) = (Arc::clone(&self.stock), Arc::clone(&self.keys));
        let diagnoser = Arc::clone(&self.diagnoser);
        move || Recorded {
            plan,
            drawn: Arc::clone(&drawn),
            shown: Arc::clone(&shown),
            trajectories: TrajectoryText::new(&stock),
            runs: csv::RunText::new(&stock),
            diagnoses: csv::RunText::new(&stock),
            report: json::ObjectText::new(&stock, &keys),
            lines: LineRecorder::new(plan, Arc::clone(&drawn)),
            diagnosis: DiagnosisRecorder::new(plan, Arc::clone(&diagnoser)),
            endings: Endings::default(),
            overview: Overview::default(),
            look,
            looks: Vec::new(),
        }
    }

    /// Adds a group of runs, and returns the value of `look` for each result.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn add<L>(&mut self, recorded: Recorded<'_, L>) -> Result<Vec<L>, ReportError> {
        let added = self.append(recorded);
        added.map_err(|error| self.staging.named(error))
    }

    fn append<L>(&mut self, recorded: Recorded<'_, L>) -> Result<Vec<L>, ReportError> {
        if let Some(files) = &mut self.rows {
            files.trajectories.append(recorded.trajectories)?;
            files.runs.append(recorded.runs)?;
            files.diagnoses.append(recorded.diagnoses)?;
        }
        self.report.append(recorded.report)?;
        self.lines.extend(recorded.lines.finish());
        self.endings.extend(recorded.endings);
        self.overview.extend(recorded.overview);
        self.tallies.extend(self.plan, recorded.diagnosis.finish());
        Ok(recorded.looks)
    }

    /// Adds the table of a derivative.
    ///
    /// # Errors
    ///
    /// If its file cannot be written.
    pub fn add_table(&mut self, table: Table) -> Result<(), ReportError> {
        let file = derivative_file(self.plan, table.derivative);
        self.staging
            .write(|folder| csv::write_derivative(&folder.join(&file), self.plan, &table))?;
        self.tables.push(table);
        Ok(())
    }

    /// Draws the charts if `with_charts` is true, writes the page, and publishes the report.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or if the job was cancelled; the previous report then
    /// remains unchanged.
    pub fn finish(self, with_charts: bool, control: &Control) -> Result<Finished, ReportError> {
        let diagnosis = self.tallies.diagnosis(self.plan, &self.diagnoser);
        let staging = self.staging;
        staging.write(|folder| {
            self.rows.map_or(Ok(()), RowFiles::finish)?;
            self.report.finish(self.plan, &self.tables, &diagnosis)?;
            let collected = Collected {
                drawn: &self.drawn,
                lines: &self.lines,
                endings: &self.endings,
            };
            // They cannot be computed again without the data.
            write_fields(self.plan, &collected, folder)?;
            let mut charts = Vec::new();
            if with_charts {
                let stored = Files::open(folder, self.plan);
                charts = draw(self.plan, &collected, &stored, folder, control)?;
                charts.extend(draw_tables(self.plan, &self.tables, folder, control)?);
            }
            let (overview, shown, head) = (self.overview, &self.shown, &self.head);
            let page = overview.page(self.plan, shown, head, &diagnosis, &self.tables, charts);
            write_page(&page, folder)?;
            Ok(control.check()?)
        })?;
        let placed = staging.publish()?;
        Ok(Finished {
            folder: placed.folder,
            left: placed.left,
            diagnosis,
            drawn: self.drawn,
            lines: self.lines,
            endings: self.endings,
            tables: self.tables,
        })
    }
}

/// The file name of the table of a derivative, by its place in the plan.
#[must_use]
#[doc(hidden)]
pub fn derivative_file(plan: &Plan, place: usize) -> String {
    format!("{}.csv", plan.derivatives[place].file)
}

/// All files of a report of this plan.
fn files(plan: &Plan) -> Vec<String> {
    let of_runs = [TRAJECTORIES, RUNS, DIAGNOSIS]
        .into_iter()
        .filter(|_| plan.runs() > 0);
    let mut files: Vec<String> = of_runs.chain([REPORT, PAGE]).map(str::to_owned).collect();
    files.extend((0..plan.derivatives.len()).map(|place| derivative_file(plan, place)));
    let charts = plan.charts.iter().map(|chart| &chart.file);
    let curves = plan.derivatives.iter();
    let curves = curves.filter(|derivative| derivative.chart.is_some());
    for name in charts.chain(curves.map(|derivative| &derivative.file)) {
        files.push(format!("{name}.png"));
        files.push(format!("{name}.svg"));
    }
    let animated = plan.charts.iter().filter(|chart| chart.is_animated());
    files.extend(animated.map(|chart| format!("{}.gif", chart.file)));
    let stored = (0..plan.charts.len()).filter(|place| has_fields(plan, *place));
    files.extend(stored.map(|place| fields_file(plan, place)));
    files
}

/// Whether a report stores the fields of a chart: those of a contour that need data.
fn has_fields(plan: &Plan, place: usize) -> bool {
    match &plan.charts[place].kind {
        ChartKind::Contour { objectives, .. } => {
            let mut objectives = objectives.iter();
            objectives.any(|objective| plan.objectives[*objective].data.is_some())
        }
        _ => false,
    }
}

/// The file of the fields of a contour.
fn fields_file(plan: &Plan, place: usize) -> String {
    format!("{}.csv", plan.charts[place].file)
}

/// Writes the fields that need data into `folder`.
fn write_fields(plan: &Plan, collected: &Collected<'_>, folder: &Path) -> Result<(), ReportError> {
    for place in (0..plan.charts.len()).filter(|place| has_fields(plan, *place)) {
        let frames = figures::frames(plan, place, collected);
        let fields = frames.iter().map(|frame| frame.field(plan));
        // The data are available while an experiment runs.
        let fields: Vec<Field> = fields.flatten().collect();
        csv::write_fields(&folder.join(fields_file(plan, place)), &frames, &fields)?;
    }
    Ok(())
}

/// The fields of a chart: computed, or read from the files of the report if they need data.
fn fields(
    plan: &Plan,
    place: usize,
    collected: &Collected<'_>,
    stored: &Files,
) -> Result<Vec<Field>, ReportError> {
    let frames = figures::frames(plan, place, collected);
    if has_fields(plan, place) {
        return csv::read_fields(stored, &fields_file(plan, place), &frames);
    }
    Ok(frames
        .iter()
        .filter_map(|frame| frame.field(plan))
        .collect())
}

/// Draws every chart of runs into `folder`, with the fields in `stored`.
fn draw(
    plan: &Plan,
    collected: &Collected<'_>,
    stored: &Files,
    folder: &Path,
    control: &Control,
) -> Result<Vec<ChartView>, ReportError> {
    use rayon::prelude::*;
    let count = drawings(plan);
    (0..plan.charts.len())
        .into_par_iter()
        .map(|place| {
            let fields = fields(plan, place, collected, stored)?;
            let figure = figure(plan, place, collected, &fields);
            let name = &plan.charts[place].file;
            let style = figures::style(plan);
            let view = draw_one(&figure, &style, name, count, (folder, control))?;
            if !plan.charts[place].is_animated() {
                return Ok(view);
            }
            let gif = gradtape_chart::animate(&figures::growing(&figure), &style);
            let file = format!("{name}.gif");
            let gif = gif.map_err(|error| ReportError::Draw {
                chart: file.clone(),
                what: error.to_string(),
            })?;
            let path = folder.join(&file);
            fs::write(&path, gif).map_err(ReportError::write(&path))?;
            Ok(view.with_animation())
        })
        .collect()
}

/// The number of charts in a report of this plan.
fn drawings(plan: &Plan) -> usize {
    let curves = plan.derivatives.iter();
    let curves = curves.filter(|derivative| derivative.chart.is_some());
    plan.charts.len() + curves.count()
}

/// The number of drawings of a report that can be made in parallel: its charts, and the
/// frames of animated ones.
#[must_use]
#[doc(hidden)]
pub fn drawn_at_once(plan: &Plan) -> usize {
    let animated = plan.charts.iter().filter(|chart| chart.is_animated());
    drawings(plan) + animated.count() * figures::PICTURES
}

/// Draws every chart of a derivative into `folder`.
fn draw_tables(
    plan: &Plan,
    tables: &[Table],
    folder: &Path,
    control: &Control,
) -> Result<Vec<ChartView>, ReportError> {
    use rayon::prelude::*;
    let count = drawings(plan);
    let drawn = tables.par_iter().filter_map(|table| {
        let name = &plan.derivatives[table.derivative].file;
        let figure = curve(plan, table)?;
        let style = figures::style(plan);
        Some(draw_one(&figure, &style, name, count, (folder, control)))
    });
    drawn.collect()
}

/// Draws a chart, one of `count`, into `folder`, and returns its view for the page.
fn draw_one(
    figure: &gradtape_chart::Figure,
    style: &gradtape_chart::Style,
    name: &str,
    count: usize,
    (folder, control): (&Path, &Control),
) -> Result<ChartView, ReportError> {
    control.check()?;
    let drawing = figure.draw(style);
    control.check()?;
    let png = gradtape_chart::to_png(&drawing.svg).map_err(|error| ReportError::Draw {
        chart: format!("{name}.png"),
        what: error.to_string(),
    })?;
    for (extension, bytes) in [("svg", drawing.svg.as_bytes()), ("png", &png)] {
        let path = folder.join(format!("{name}.{extension}"));
        fs::write(&path, bytes).map_err(ReportError::write(&path))?;
    }
    Ok(ChartView::new(figure, style, name, (&drawing, &png), count))
}

fn write_page(page: &page::Page, folder: &Path) -> Result<(), ReportError> {
    let path = folder.join(PAGE);
    fs::write(&path, page::html(page)).map_err(ReportError::write(&path))
}

/// Recreates the charts and the page of the report in `folder` from its CSV files.
///
/// Returns the directory of a previous report that could not be removed completely.
///
/// # Errors
///
/// If a file is missing or damaged, with its line, or if the job was cancelled; the report then
/// remains unchanged.
#[doc(hidden)]
pub fn redraw(folder: &Path, control: &Control) -> Result<Option<PathBuf>, ReportError> {
    // The plan is needed before the lock, which checks its list of files.
    let Published { plan, .. } = Published::open(folder)?;
    let staging = Staging::of(&plan, folder)?;
    // Under the lock no other process replaces it.
    let report = Published::open(folder)?;
    let read = reading::read(&report.files, &report.plan);
    let read = read.map_err(|error| report.head.explain(error))?;
    let Published { head, plan, files } = report;
    staging.write(|beside| {
        let collected = read.collected();
        let mut charts = draw(&plan, &collected, &files, beside, control)?;
        charts.extend(draw_tables(&plan, &read.tables, beside, control)?);
        let results = read.results.iter();
        let numbers: Vec<u64> = results.clone().map(|result| result.number).collect();
        let shown = Shown::new(&plan, &numbers);
        let mut overview = Overview::default();
        results.for_each(|result| overview.add(&plan, &shown, result));
        let page = overview.page(&plan, &shown, &head, &read.diagnosis, &read.tables, charts);
        write_page(&page, beside)?;
        control.check()?;
        let drawn = self::files(&plan);
        let is_drawn = |file: &String| !is_data(file) && drawn.contains(file);
        // A list may come from anyone: paths to other directories are ignored.
        let is_name = |file: &String| Path::new(file).file_name() == Some(OsStr::new(file));
        let others = head
            .files
            .iter()
            .filter(|file| is_name(file) && !is_drawn(file));
        let mut others = others.map(|file| (folder.join(file), beside.join(file)));
        others.try_for_each(|(old, new)| take_over(&old, &new))
    })?;
    Ok(staging.publish()?.left)
}

/// Whether a file of a report holds data from which the others are made.
fn is_data(file: &str) -> bool {
    file == REPORT || file.ends_with(".csv")
}

/// Copies a file of a report to the next one.
fn take_over(old: &Path, new: &Path) -> Result<(), ReportError> {
    // The same file under a second name, where the file system has that.
    match fs::hard_link(old, new) {
        // Another version of this crate may list files that no longer exist.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) if old.is_dir() => Ok(()),
        Err(_) => fs::copy(old, new)
            .map(drop)
            .map_err(ReportError::write(new)),
        Ok(()) => Ok(()),
    }
}
