//! The files of a report: each is an implementation of [`ReportFile`] in a module of its own,
//! and [`AllFiles`] is the list of them.

mod charts;
mod derivatives;
mod diagnosis;
mod fields;
mod page;
mod report;
mod runs;
mod trajectories;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::buffer::{BufferPool, TextBuffer};
use crate::figures::ChartData;
use crate::json::Head;
use crate::page::ChartView;
use crate::{CsvFiles, ReportError, rows};
use derivatives::DerivativesCsv;
use diagnosis::DiagnosisRows;
use fields::FieldsCsv;
use gradtape_experiment::batch::{Control, Row};
use gradtape_experiment::derivative::Table;
use gradtape_experiment::diagnosis::{Conclusion, Diagnosis};
use gradtape_experiment::plan::{Plan, Run};
use report::ReportJson;
use runs::RunRows;
use trajectories::TrajectoryRows;

pub(crate) use charts::Pictures;
pub use charts::parallel_drawings;
pub(crate) use derivatives::derivative_columns;
pub use derivatives::{derivative_file, read_derivative};
pub use diagnosis::ConclusionReader;
pub(crate) use page::IndexHtml;
pub use report::run_object;
pub use runs::{RunReader, plan_line};
pub(crate) use trajectories::read_trajectories;
pub use trajectories::{State, TrajectoryReader, state_columns};

/// The files of a report, in the order of its list. They are finished from the last to the
/// first: the page shows the charts, and these show fields that were stored.
pub(crate) type AllFiles = (FilesOfRuns, OtherFiles);
type FilesOfRuns = (
    RowFile<TrajectoryRows>,
    (RowFile<RunRows>, (RowFile<DiagnosisRows>, ReportJson)),
);
type OtherFiles = (IndexHtml, (DerivativesCsv, (Pictures, FieldsCsv)));

/// A file of a report, or several of the same sort.
pub(crate) trait ReportFile: Sized {
    /// What it stores of some runs, on the thread that computes them.
    type Part: FilePart;

    /// The names of its files in the report of a plan.
    fn names(plan: &Plan) -> Vec<String>;

    /// Creates it, before any run is computed.
    fn create(setup: &Setup<'_>) -> Result<Self, ReportError>;

    /// The function that creates parts.
    fn parts(&self) -> PartMaker<Self::Part>;

    /// Adds a part; parts come in the order of their runs.
    fn append(&mut self, _: Self::Part) -> Result<(), ReportError> {
        Ok(())
    }

    /// Adds the table of a derivative, in a report whose files are in `folder`.
    fn add_table(&mut self, _: &Plan, _folder: &Path, _: &Table) -> Result<(), ReportError> {
        Ok(())
    }

    /// Writes what depends on all runs.
    fn finish(self, totals: &mut Totals<'_>) -> Result<(), ReportError>;
}

/// What a file stores of some runs. Text is formatted here, in parallel, so that it is only
/// appended in order.
pub(crate) trait FilePart: Send {
    /// Called before the first row of each run.
    fn begin(&mut self, _: &Plan, _: &Run) {}

    /// Called for each recorded epoch.
    fn record(&mut self, _: &Row<'_>) {}

    /// Called at the end of each run.
    fn conclude(&mut self, _: &Plan, _: &Conclusion) {}
}

/// A function that creates empty parts, on any thread.
pub(crate) type PartMaker<P> = Box<dyn Fn() -> P + Send + Sync>;

/// What files need when a report begins.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'s> {
    pub(crate) plan: &'s Plan,
    pub(crate) head: &'s Head,
    /// The runs of the report, in order.
    pub(crate) numbers: &'s [u64],
    pub(crate) folder: &'s Path,
    pub(crate) pool: &'s Arc<BufferPool>,
}

/// What files need when all runs and tables are there.
pub(crate) struct Totals<'t> {
    pub(crate) plan: &'t Plan,
    pub(crate) head: &'t Head,
    pub(crate) folder: &'t Path,
    pub(crate) control: &'t Control,
    pub(crate) diagnosis: &'t Diagnosis,
    pub(crate) tables: &'t [Table],
    pub(crate) charts: &'t ChartData,
    /// The files of the report that is drawn again, if it is.
    pub(crate) published: Option<&'t CsvFiles>,
    pub(crate) has_charts: bool,
    /// The charts that were drawn, for the page.
    pub(crate) views: Vec<ChartView>,
}

/// Nothing, for files that are made at the end.
impl FilePart for () {}

/// Both files, in this order.
impl<A: FilePart, B: FilePart> FilePart for (A, B) {
    fn begin(&mut self, plan: &Plan, run: &Run) {
        self.0.begin(plan, run);
        self.1.begin(plan, run);
    }

    fn record(&mut self, row: &Row<'_>) {
        self.0.record(row);
        self.1.record(row);
    }

    fn conclude(&mut self, plan: &Plan, run: &Conclusion) {
        self.0.conclude(plan, run);
        self.1.conclude(plan, run);
    }
}

impl<A: ReportFile, B: ReportFile> ReportFile for (A, B)
where
    A::Part: 'static,
    B::Part: 'static,
{
    type Part = (A::Part, B::Part);

    fn names(plan: &Plan) -> Vec<String> {
        [A::names(plan), B::names(plan)].concat()
    }

    fn create(setup: &Setup<'_>) -> Result<Self, ReportError> {
        Ok((A::create(setup)?, B::create(setup)?))
    }

    fn parts(&self) -> PartMaker<Self::Part> {
        let (first, second) = (self.0.parts(), self.1.parts());
        Box::new(move || (first(), second()))
    }

    fn append(&mut self, (first, second): Self::Part) -> Result<(), ReportError> {
        self.0.append(first)?;
        self.1.append(second)
    }

    fn add_table(&mut self, plan: &Plan, folder: &Path, table: &Table) -> Result<(), ReportError> {
        self.0.add_table(plan, folder, table)?;
        self.1.add_table(plan, folder, table)
    }

    fn finish(self, totals: &mut Totals<'_>) -> Result<(), ReportError> {
        self.1.finish(totals)?;
        self.0.finish(totals)
    }
}

/// The names of all files of a report of this plan.
pub(crate) fn names(plan: &Plan) -> Vec<String> {
    AllFiles::names(plan)
}

/// Rows of some runs in a CSV file, which a report without runs does not have.
pub(crate) trait Rows: FilePart + 'static {
    const FILE: &str;

    fn columns(plan: &Plan) -> Vec<&str>;

    fn new(pool: &Arc<BufferPool>) -> Self;

    fn into_text(self) -> io::Result<TextBuffer>;
}

/// The file of such rows.
pub(crate) struct RowFile<R> {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    pool: Arc<BufferPool>,
    rows: PhantomData<R>,
}

impl<R: Rows> ReportFile for RowFile<R> {
    type Part = R;

    fn names(plan: &Plan) -> Vec<String> {
        let has_runs = plan.runs.count() > 0;
        has_runs.then(|| R::FILE.to_owned()).into_iter().collect()
    }

    fn create(setup: &Setup<'_>) -> Result<Self, ReportError> {
        let path = setup.folder.join(R::FILE);
        let has_runs = setup.plan.runs.count() > 0;
        let file = has_runs.then(|| rows::create(&path, &R::columns(setup.plan)));
        Ok(RowFile {
            file: file.transpose().map_err(ReportError::write(&path))?,
            path,
            pool: Arc::clone(setup.pool),
            rows: PhantomData,
        })
    }

    fn parts(&self) -> PartMaker<R> {
        let pool = Arc::clone(&self.pool);
        Box::new(move || R::new(&pool))
    }

    fn append(&mut self, rows: R) -> Result<(), ReportError> {
        let written = rows.into_text().and_then(|text| match &mut self.file {
            Some(file) => text.append_to(file),
            None => Ok(()),
        });
        written.map_err(ReportError::write(&self.path))
    }

    fn finish(self, _: &mut Totals<'_>) -> Result<(), ReportError> {
        let flushed = self.file.map_or(Ok(()), |mut file| file.flush());
        flushed.map_err(ReportError::write(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradtape_experiment::batch::{self, End, Recorder};
    use gradtape_experiment::diagnosis::{Diagnoser, DiagnosisRecorder};

    /// A file of a report of this plan, with nothing in it.
    pub(super) fn created<F: ReportFile>(plan: &Plan, folder: &Path) -> F {
        let numbers: Vec<u64> = (0..plan.runs.count()).collect();
        let setup = Setup {
            plan,
            head: &Head::new(plan, ("test.toml", ""), &numbers, names(plan)),
            numbers: &numbers,
            folder,
            pool: &BufferPool::new(folder.to_owned()),
        };
        F::create(&setup).unwrap()
    }

    /// An added file: the number of recorded epochs of each run.
    struct Lengths(PathBuf, String);

    #[derive(Default)]
    struct LengthPart(u64, String);

    impl ReportFile for Lengths {
        type Part = LengthPart;

        fn names(_: &Plan) -> Vec<String> {
            vec!["lengths.txt".to_owned()]
        }

        fn create(setup: &Setup<'_>) -> Result<Self, ReportError> {
            Ok(Lengths(setup.folder.join("lengths.txt"), String::new()))
        }

        fn parts(&self) -> PartMaker<LengthPart> {
            Box::new(LengthPart::default)
        }

        fn append(&mut self, part: LengthPart) -> Result<(), ReportError> {
            self.1.push_str(&part.1);
            Ok(())
        }

        fn finish(self, _: &mut Totals<'_>) -> Result<(), ReportError> {
            std::fs::write(&self.0, self.1).map_err(ReportError::write(&self.0))
        }
    }

    impl FilePart for LengthPart {
        fn begin(&mut self, _: &Plan, _: &Run) {
            self.0 = 0;
        }

        fn record(&mut self, _: &Row<'_>) {
            self.0 += 1;
        }

        fn conclude(&mut self, _: &Plan, run: &Conclusion) {
            self.1
                .push_str(&format!("{} {}\n", run.result.number, self.0));
        }
    }

    /// Records the files alone.
    struct Both<'p>(&'p Plan, (LengthPart, RunRows), DiagnosisRecorder<'p>);

    impl Recorder for Both<'_> {
        fn begin(&mut self, run: &Run) {
            self.1.begin(self.0, run);
            self.2.begin(run);
        }

        fn record(&mut self, row: &Row<'_>) {
            self.1.record(row);
            self.2.record(row);
        }

        fn end(&mut self, run: Run, end: End) -> Option<(Run, End)> {
            let concluded = self.2.conclude(run, &end);
            self.1.conclude(self.0, &concluded);
            None
        }
    }

    #[test]
    fn a_file_that_is_added_records_beside_the_others() {
        let source = r#"
            epochs = [2, 5]
            objective = [{ formula = "w^2", start = { w = 1 } }]
            optimizer = [{ method = "sgd", learning_rate = 0.25 }]
        "#;
        let plan = Plan::new("test.toml", source).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut files = created::<(Lengths, RowFile<RunRows>)>(&plan, folder.path());
        assert_eq!(
            <(Lengths, RowFile<RunRows>)>::names(&plan),
            ["lengths.txt", "runs.csv"]
        );
        let (parts, runs) = (files.parts(), [0, 1]);
        let diagnoser = Arc::new(Diagnoser::new(&plan, &runs));
        let recorder = || {
            let diagnosis = DiagnosisRecorder::new(&plan, Arc::clone(&diagnoser));
            Both(&plan, parts(), diagnosis)
        };
        batch::run(&plan, &runs, recorder, &Control::default(), |_, both| {
            files.append(both.1)
        })
        .unwrap();
        let mut totals = Totals {
            plan: &plan,
            head: &Head::new(&plan, ("test.toml", ""), &runs, Vec::new()),
            folder: folder.path(),
            control: &Control::default(),
            diagnosis: &Diagnosis::default(),
            tables: &[],
            charts: &ChartData::new(&plan, &runs),
            published: None,
            has_charts: false,
            views: Vec::new(),
        };
        files.finish(&mut totals).unwrap();
        let read = |file| std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert_eq!(read("lengths.txt"), "0 3\n1 6\n");
        assert_eq!(read("runs.csv").lines().count(), 3);
    }
}
