//! `diagnosis.csv`: the diagnosis of each run, with its numbers.

use std::io;
use std::sync::Arc;

use super::runs::RunReader;
use super::{FilePart, Rows};
use crate::buffer::{BufferPool, TextBuffer};
use crate::rows::{RowReader, RowText, text_cell, text_of_cell};
use crate::{CsvFiles, DIAGNOSIS, RUNS, ReportError};
use gradtape_experiment::diagnosis::{Conclusion, Fact, Facts, RunDiagnosis};
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::Plan;

/// The rows of some runs.
pub(crate) struct DiagnosisRows(RowText);

impl Rows for DiagnosisRows {
    const FILE: &str = DIAGNOSIS;

    fn columns(_: &Plan) -> Vec<&str> {
        let first = ["run", "label", "sentence"];
        first.into_iter().chain(Facts::COLUMNS).collect()
    }

    fn new(pool: &Arc<BufferPool>) -> Self {
        DiagnosisRows(RowText::new(pool))
    }

    fn into_text(self) -> io::Result<TextBuffer> {
        self.0.into_text()
    }
}

impl FilePart for DiagnosisRows {
    fn conclude(&mut self, _: &Plan, run: &Conclusion) {
        let diagnosis = &run.diagnosis;
        self.0.add(|writer, digits| {
            writer.write_field(digits.whole(diagnosis.run))?;
            writer.write_field(&*text_cell(&diagnosis.label))?;
            writer.write_field(&*text_cell(&diagnosis.sentence))?;
            for fact in diagnosis.facts.values() {
                writer.write_field(match fact {
                    Some(Fact::Number(number)) => digits.scalar(Scalar::F64(number)),
                    Some(Fact::Whole(whole)) => digits.whole(whole),
                    Some(Fact::Word(word)) => word,
                    None => "",
                })?;
            }
            Ok(())
        });
    }
}

/// Reads `runs.csv` and `diagnosis.csv` together: the runs of a report with their diagnoses.
#[derive(Debug)]
pub struct ConclusionReader<'p> {
    runs: RunReader<'p>,
    rows: RowReader,
}

impl<'p> ConclusionReader<'p> {
    /// Opens the files in a report of this plan.
    ///
    /// # Errors
    ///
    /// If one cannot be read or has other columns.
    pub fn open(files: &CsvFiles, plan: &'p Plan) -> Result<Self, ReportError> {
        Ok(ConclusionReader {
            runs: RunReader::open(files, plan)?,
            rows: RowReader::open(files, DIAGNOSIS, DiagnosisRows::columns(plan))?,
        })
    }

    /// Reads the next run, `None` at the end.
    ///
    /// # Errors
    ///
    /// If a row is invalid, or if only one of the files has it.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would repeat its error forever"
    )]
    pub fn next(&mut self) -> Result<Option<Conclusion>, ReportError> {
        let result = self.runs.next()?;
        let is_there = self.rows.advance()?;
        let rows = &self.rows;
        let Some(result) = result else {
            return match is_there {
                true => Err(self.damaged(&format!("it has fewer rows than {DIAGNOSIS}"))),
                false => Ok(None),
            };
        };
        let field = |name: &str| rows.text(rows.place(name));
        if !is_there || field("run") != result.number.to_string() {
            let found = match is_there {
                true => format!("line {} has run {}", rows.line(), field("run")),
                false => "it has no more rows".to_owned(),
            };
            return Err(rows.damaged_file(format!(
                "{found}, but {RUNS} has run {} there: a row is missing in one of them",
                result.number
            )));
        }
        let facts = Facts::parse(field).map_err(|column| {
            let found = field(column);
            rows.damaged(format!("column `{column}`: unexpected `{found}`"))
        })?;
        let diagnosis = RunDiagnosis {
            run: result.number,
            label: text_of_cell(field("label")).to_owned(),
            sentence: text_of_cell(field("sentence")).to_owned(),
            facts,
        };
        Ok(Some(Conclusion { result, diagnosis }))
    }

    /// An error about the files as a whole.
    pub(crate) fn damaged(&self, what: &str) -> ReportError {
        self.runs.damaged(what)
    }
}
