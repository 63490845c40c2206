//! `runs.csv`: a row for each run.

use std::io;
use std::sync::Arc;

use super::{FilePart, Rows};
use crate::buffer::{BufferPool, TextBuffer};
use crate::rows::{RowReader, RowText, header, line, setting_cell, text_cell, text_of_cell};
use crate::{CsvFiles, RUNS, ReportError};
use gradtape_experiment::batch::{Quantities, RunResult};
use gradtape_experiment::diagnosis::Conclusion;
use gradtape_experiment::ending::{Outcome, Status};
use gradtape_experiment::number::{Digits, Precision, Value};
use gradtape_experiment::plan::{Plan, Quantity, Run};

/// A planned run as a line of CSV: its number, label and settings. Without a run, the header
/// with the names of these columns.
#[must_use]
pub fn plan_line(plan: &Plan, run: Option<&Run>) -> String {
    let line = match run {
        None => {
            let settings = plan.columns().iter().map(String::as_str);
            header(["run", "label"].into_iter().chain(settings))
        }
        Some(run) => {
            let (mut digits, label) = (Digits::default(), plan.label(run));
            let mut cells = vec![run.number.to_string(), text_cell(&label).into_owned()];
            let settings = run.settings.iter();
            cells.extend(settings.map(|one| setting_cell(&mut digits, one).into_owned()));
            line(cells)
        }
    };
    let line = line.expect("memory takes what is written to it");
    String::from_utf8(line).expect("it was put together from UTF-8")
}

/// The rows of some runs.
pub(crate) struct RunRows(RowText);

impl Rows for RunRows {
    const FILE: &str = RUNS;

    fn columns(plan: &Plan) -> Vec<&str> {
        let settings = plan.columns().iter().map(String::as_str);
        ["run", "label"]
            .into_iter()
            .chain(settings)
            .chain([
                "outcome", "period", "status", "stopped_by", "status_epoch", "reason",
            ])
            .chain(Quantity::in_runs(plan).map(|one| -> &str { one.name() }))
            .chain(plan.parameters().iter().map(String::as_str))
            .chain(plan.best_columns().iter().map(String::as_str))
            .collect()
    }

    fn new(pool: &Arc<BufferPool>) -> Self {
        RunRows(RowText::new(pool))
    }

    fn into_text(self) -> io::Result<TextBuffer> {
        self.0.into_text()
    }
}

impl FilePart for RunRows {
    fn conclude(&mut self, plan: &Plan, run: &Conclusion) {
        let result = &run.result;
        self.0.add(|writer, digits| {
            writer.write_field(digits.whole(result.number))?;
            writer.write_field(&*text_cell(&result.label))?;
            for setting in &result.settings {
                writer.write_field(&*setting_cell(digits, setting))?;
            }
            writer.write_field(result.outcome.name())?;
            match result.period {
                Some(period) => writer.write_field(digits.whole(period))?,
                None => writer.write_field("")?,
            }
            writer.write_field(result.status.name())?;
            writer.write_field(&*text_cell(&result.stopped_by))?;
            writer.write_field(digits.whole(result.status_epoch))?;
            writer.write_field(&*text_cell(&result.reason))?;
            for quantity in Quantity::in_runs(plan) {
                let value = result.quantities.get(quantity);
                writer.write_field(match value.filter(|_| quantity.is_count()) {
                    Some(count) => digits.whole(count.to_count()),
                    None => digits.optional(value),
                })?;
            }
            for parameter in result.parameters.iter().chain(&result.best_parameters) {
                writer.write_field(digits.optional(*parameter))?;
            }
            Ok(())
        });
    }
}

/// Reads the file row by row: the recorded results of the runs.
#[derive(Debug)]
pub struct RunReader<'p> {
    plan: &'p Plan,
    rows: RowReader,
}

impl<'p> RunReader<'p> {
    /// Opens the file in a report of this plan.
    ///
    /// # Errors
    ///
    /// If it cannot be read or has other columns.
    pub fn open(files: &CsvFiles, plan: &'p Plan) -> Result<Self, ReportError> {
        let rows = RowReader::open(files, RUNS, RunRows::columns(plan))?;
        Ok(RunReader { plan, rows })
    }

    /// Reads the next run, `None` at the end.
    ///
    /// # Errors
    ///
    /// If the row is invalid, with its line and column.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would repeat its error forever"
    )]
    pub fn next(&mut self) -> Result<Option<RunResult>, ReportError> {
        self.rows.advance()?.then(|| self.result()).transpose()
    }

    /// An error about the file as a whole.
    pub(crate) fn damaged(&self, what: &str) -> ReportError {
        self.rows.damaged_file(what)
    }

    fn result(&self) -> Result<RunResult, ReportError> {
        let RunReader { plan, rows } = self;
        let field = |name: &str| rows.text(rows.place(name));
        let text = |name: &str| text_of_cell(field(name)).to_owned();
        let whole = |name: &str| rows.whole(rows.place(name));
        let unknown = |name: &str| {
            let found = field(name);
            rows.damaged(format!("column `{name}`: unknown {name} `{found}`"))
        };
        let precision = if field("precision") == "f32" {
            Precision::F32
        } else {
            Precision::F64
        };
        // The parameters are the last columns, first the final ones and then those at the
        // smallest loss. There can be thousands, so they are read by place.
        let count = plan.parameters().len();
        let first = rows.columns().len() - 2 * count;
        let parameters = |first: usize| {
            let places = first..first + count;
            let parameters = places.map(|place| rows.optional(place, precision));
            parameters.collect::<Result<_, _>>()
        };
        let settings = (2..2 + plan.columns().len()).map(|place| match rows.text(place) {
            "" => None,
            cell => Some(Value::Name(text_of_cell(cell).to_owned())),
        });
        // Where no column counts evaluations, they follow from the epochs.
        let mut quantities = Quantities::of_rule(whole(Quantity::EpochsRun.name())?);
        for quantity in Quantity::in_runs(plan) {
            let place = rows.place(quantity.name());
            rows.set(&mut quantities, quantity, place, precision)?;
        }
        Ok(RunResult {
            number: whole("run")?,
            label: text("label"),
            settings: settings.collect(),
            outcome: Outcome::named(field("outcome")).ok_or_else(|| unknown("outcome"))?,
            period: match field("period") {
                "" => None,
                _ => Some(whole("period")?),
            },
            status: Status::named(field("status")).ok_or_else(|| unknown("status"))?,
            stopped_by: text("stopped_by").into(),
            status_epoch: whole("status_epoch")?,
            reason: text("reason"),
            quantities,
            parameters: parameters(first)?,
            best_parameters: parameters(first + count)?,
        })
    }
}
