//! A published report, read back.

use std::path::Path;
use std::sync::Arc;

use super::error::ReportError;
use super::figures::{self, Collected, Drawn, Endings, LineRecorder, Lines};
use super::files::{Files, Published};
use super::{ConcludedReader, Head, csv, read_derivative};
use gradtape_experiment::batch::{Recorder, RunResult};
use gradtape_experiment::derivative::Table;
use gradtape_experiment::diagnosis::{Conclusion, Diagnoser, Diagnosis, DiagnosisRecorder};
use gradtape_experiment::plan::Plan;

/// The content of a report's CSV files.
#[derive(Debug)]
pub struct Reading {
    /// All runs, in the order of the file.
    pub results: Vec<RunResult>,
    /// Their diagnosis, the same as when the report was made.
    pub diagnosis: Diagnosis,
    /// The tables of derivatives.
    pub tables: Vec<Table>,
    pub(super) drawn: Drawn,
    pub(super) endings: Endings,
    pub(super) lines: Lines,
}

impl Reading {
    /// The chart to show if there is room for only one, as
    /// [`Finished::main_chart`](super::Finished::main_chart) returns it.
    #[must_use]
    pub fn main_chart(&self, plan: &Plan) -> Option<gradtape_chart::Figure> {
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

/// Reads the head of the report in `folder`, its plan, and the diagnosis of its runs.
///
/// # Errors
///
/// If a file is missing or damaged, with its line.
pub fn diagnosis(folder: &Path) -> Result<(Head, Plan, Diagnosis), ReportError> {
    let Published { head, plan, files } = Published::open(folder)?;
    let diagnosis = read(&files, &plan)?.diagnosis;
    Ok((head, plan, diagnosis))
}

/// Reads the CSV files of a report of `plan`.
///
/// # Errors
///
/// If a file is missing or damaged, with its line.
pub fn read(files: &Files, plan: &Plan) -> Result<Reading, ReportError> {
    let concluded = concluded(files, plan)?;
    let numbers = concluded.iter().map(|one| one.result.number);
    let numbers: Vec<u64> = numbers.collect();
    let drawn = Arc::new(Drawn::new(plan, &numbers));
    let mut endings = Endings::default();
    let diagnoser = Arc::new(Diagnoser::new(plan, &numbers));
    let mut diagnosis = DiagnosisRecorder::new(plan, Arc::clone(&diagnoser));
    for one in &concluded {
        endings.add(plan, &drawn, &one.result);
        diagnosis.recall(one);
    }
    let mut lines = LineRecorder::new(plan, Arc::clone(&drawn));
    if plan.runs() > 0 {
        // Two functions that change the same value, one at a time.
        let lines = std::cell::RefCell::new(&mut lines);
        csv::read_trajectories(
            files,
            plan,
            |run| lines.borrow_mut().begin(run),
            |row| lines.borrow_mut().record(row),
        )?;
    }
    let tables = (0..plan.derivatives.len())
        .map(|place| read_derivative(files, plan, place))
        .collect::<Result<Vec<_>, _>>()?;
    let (lines, tallies) = (lines.finish(), diagnosis.finish());
    Ok(Reading {
        diagnosis: tallies.diagnosis(plan, &diagnoser),
        tables,
        drawn: Arc::unwrap_or_clone(drawn),
        endings,
        lines,
        results: concluded.into_iter().map(|one| one.result).collect(),
    })
}

fn concluded(files: &Files, plan: &Plan) -> Result<Vec<Conclusion>, ReportError> {
    let mut all = Vec::new();
    if plan.runs() == 0 {
        return Ok(all);
    }
    let mut reader = ConcludedReader::open(files, plan)?;
    while let Some(one) = reader.next()? {
        let (number, runs) = (one.result.number, plan.runs());
        if number >= runs {
            let what = format!("run {number}, but the experiment has {runs}");
            return Err(reader.damaged(&what));
        }
        all.push(one);
    }
    Ok(all)
}
