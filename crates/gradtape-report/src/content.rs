//! The content of a published report.

use std::path::Path;
use std::sync::Arc;

use crate::figures::{self, ChartData, ChartRecorder};
use crate::file::{ConclusionReader, read_derivative, read_trajectories};
use crate::{CsvFiles, Head, Report, ReportError};
use gradtape_experiment::batch::{Recorder, RunResult};
use gradtape_experiment::derivative::Table;
use gradtape_experiment::diagnosis::{Conclusion, Diagnoser, Diagnosis, DiagnosisRecorder};
use gradtape_experiment::plan::Plan;

/// The content of a report's CSV files.
#[derive(Debug)]
pub struct Content {
    /// All runs, in the order of the file.
    pub results: Vec<RunResult>,
    /// Their diagnosis, the same as when the report was made.
    pub diagnosis: Diagnosis,
    /// The tables of derivatives.
    pub tables: Vec<Table>,
    pub(super) charts: ChartData,
}

impl Content {
    /// The chart to show if there is room for only one, as
    /// [`Publication::main_chart`](crate::Publication::main_chart) returns it.
    #[must_use]
    pub fn main_chart(&self, plan: &Plan) -> Option<gradtape_chart::Figure> {
        figures::main_figure(plan, &self.charts, &self.tables)
    }
}

/// Reads the head of the report in `folder`, its plan, and the diagnosis of its runs.
///
/// # Errors
///
/// If a file is missing or damaged, with its line.
pub fn diagnosis(folder: &Path) -> Result<(Head, Plan, Diagnosis), ReportError> {
    let Report { head, plan, files } = Report::open(folder)?;
    let diagnosis = read(&files, &plan)?.diagnosis;
    Ok((head, plan, diagnosis))
}

/// Reads the CSV files of a report of `plan`.
///
/// # Errors
///
/// If a file is missing or damaged, with its line.
pub fn read(files: &CsvFiles, plan: &Plan) -> Result<Content, ReportError> {
    let conclusions = conclusions(files, plan)?;
    let numbers: Vec<u64> = conclusions.iter().map(|one| one.result.number).collect();
    let diagnoser = Arc::new(Diagnoser::new(plan, &numbers));
    let mut diagnosis = DiagnosisRecorder::new(plan, Arc::clone(&diagnoser));
    let mut charts = ChartRecorder::new(plan, ChartData::new(plan, &numbers));
    for one in &conclusions {
        charts.conclude(&one.result);
        diagnosis.recall(one);
    }
    if plan.runs.count() > 0 {
        // Two functions that change the same value, one at a time.
        let charts = std::cell::RefCell::new(&mut charts);
        read_trajectories(
            files,
            plan,
            |run| charts.borrow_mut().begin(run),
            |row| charts.borrow_mut().record(row),
        )?;
    }
    let tables = (0..plan.derivatives.len())
        .map(|place| read_derivative(files, plan, place))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Content {
        diagnosis: diagnosis.finish().diagnosis(plan, &diagnoser),
        tables,
        charts: charts.finish(),
        results: conclusions.into_iter().map(|one| one.result).collect(),
    })
}

fn conclusions(files: &CsvFiles, plan: &Plan) -> Result<Vec<Conclusion>, ReportError> {
    let mut all = Vec::new();
    if plan.runs.count() == 0 {
        return Ok(all);
    }
    let mut reader = ConclusionReader::open(files, plan)?;
    while let Some(one) = reader.next()? {
        let (number, runs) = (one.result.number, plan.runs.count());
        if number >= runs {
            let what = format!("run {number}, but the experiment has {runs}");
            return Err(reader.damaged(&what));
        }
        all.push(one);
    }
    Ok(all)
}
