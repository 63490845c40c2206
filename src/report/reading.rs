//! A published report, read back.

use std::path::Path;
use std::sync::Arc;

use super::error::ReportError;
use super::figures::{self, Collected, Drawn, Endings, LineRecorder, Lines};
use super::{
    Head, RUNS, RunReader, TRAJECTORIES, chart, csv, derivative_file, open, read_derivative,
};
use crate::batch::{Recorder, Row, RunResult};
use crate::derivative::Table;
use crate::diagnosis::{Diagnoser, Diagnosis, DiagnosisRecorder};
use crate::plan::{Plan, Run};

/// Everything that a report's CSV files say.
#[derive(Debug)]
pub struct Reading {
    /// All runs, in the order of the file.
    pub results: Vec<RunResult>,
    /// What became of them: the same as when the report was made.
    pub diagnosis: Diagnosis,
    /// The tables of derivatives.
    pub tables: Vec<Table>,
    pub(super) drawn: Drawn,
    pub(super) endings: Endings,
    pub(super) lines: Lines,
}

impl Reading {
    /// The chart to show where there is room for one only, as
    /// [`Finished::main_chart`](super::Finished::main_chart) gives it.
    #[must_use]
    pub fn main_chart(&self, plan: &Plan) -> Option<chart::Figure> {
        figures::main_figure(plan, &self.collected(), &self.tables)
    }

    pub(super) fn collected(&self) -> Collected<'_> {
        Collected {
            drawn: &self.drawn,
            lines: &self.lines,
            endings: &self.endings,
        }
    }
}

/// The head of the report in `folder`, its plan, and the diagnosis of its runs.
///
/// # Errors
///
/// If a file is missing or damaged, with its line.
pub fn diagnosis(folder: &Path) -> Result<(Head, Plan, Diagnosis), ReportError> {
    let (head, plan) = open(folder)?;
    let diagnosis = read(folder, &plan)?.diagnosis;
    Ok((head, plan, diagnosis))
}

/// Reads the CSV files of the report in `folder`, whose plan is what [`open`] gives.
///
/// # Errors
///
/// If a file is missing or damaged, with its line.
pub fn read(folder: &Path, plan: &Plan) -> Result<Reading, ReportError> {
    let results = results(folder, plan)?;
    let numbers: Vec<u64> = results.iter().map(|result| result.number).collect();
    let drawn = Arc::new(Drawn::new(plan, &numbers));
    let mut endings = Endings::default();
    for result in &results {
        endings.add(plan, &drawn, result);
    }
    let diagnoser = Arc::new(Diagnoser::new(plan, &numbers));
    let mut rows = Rows {
        plan,
        lines: LineRecorder::new(plan, Arc::clone(&drawn)),
        diagnosis: DiagnosisRecorder::new(plan, Arc::clone(&diagnoser)),
        waiting: &results,
    };
    if plan.runs() > 0 {
        // Two functions that change the same, of which one runs at a time.
        let rows = std::cell::RefCell::new(&mut rows);
        csv::read_trajectories(
            &folder.join(TRAJECTORIES),
            plan,
            |run| rows.borrow_mut().begin(run),
            |row| rows.borrow_mut().record(row),
        )?;
    }
    rows.conclude_up_to(None);
    let tables = (0..plan.derivatives.len())
        .map(|place| read_derivative(&folder.join(derivative_file(plan, place)), plan, place))
        .collect::<Result<Vec<_>, _>>()?;
    let (lines, tallies) = (rows.lines.finish(), rows.diagnosis.finish());
    Ok(Reading {
        diagnosis: tallies.diagnosis(plan, &diagnoser),
        tables,
        drawn: Arc::unwrap_or_clone(drawn),
        endings,
        lines,
        results,
    })
}

fn results(folder: &Path, plan: &Plan) -> Result<Vec<RunResult>, ReportError> {
    let mut results = Vec::new();
    if plan.runs() == 0 {
        return Ok(results);
    }
    let mut reader = RunReader::open(folder.join(RUNS), plan)?;
    while let Some(result) = reader.next()? {
        if result.number >= plan.runs() {
            let what = format!(
                "run {}, but the experiment has {}",
                result.number,
                plan.runs()
            );
            return Err(ReportError::damaged(&folder.join(RUNS), what));
        }
        results.push(result);
    }
    Ok(results)
}

/// Takes the rows of trajectories, run by run.
struct Rows<'r> {
    plan: &'r Plan,
    lines: LineRecorder<'r>,
    diagnosis: DiagnosisRecorder<'r>,
    /// The runs without a verdict, in their order: the first is the one whose rows come.
    waiting: &'r [RunResult],
}

impl Rows<'_> {
    fn begin(&mut self, run: &Run) {
        self.lines.begin(run);
        self.conclude_up_to(Some(run.number));
        self.diagnosis.begin(run);
    }

    fn record(&mut self, row: &Row<'_>) {
        self.lines.record(row);
        self.diagnosis.record(row);
    }

    /// Gives a verdict to all runs before this one; to all if there is none. A run without
    /// rows, which only a damaged report has, is judged by its result.
    fn conclude_up_to(&mut self, run: Option<u64>) {
        while let [next, rest @ ..] = self.waiting {
            if run.is_some_and(|run| next.number >= run) {
                return;
            }
            if self.diagnosis.conclude(next).is_none() {
                self.diagnosis.begin(&self.plan.run(next.number));
                self.diagnosis.conclude(next);
            }
            self.waiting = rest;
        }
    }
}
