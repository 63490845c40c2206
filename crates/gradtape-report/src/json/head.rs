//! The head of `report.json`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ReportError;
use gradtape_experiment::plan::{Plan, RecordedData};
use gradtape_experiment::text::printable;

/// The description of a report: the beginning of `report.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The version of this crate.
    pub gradtape: String,
    /// The name of the experiment file, without its directory.
    pub file: String,
    /// The title.
    pub title: String,
    /// The description of the experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The SHA-256 of the experiment file.
    pub sha256: String,
    /// The number of runs; `None` in reports of the first versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_count: Option<u64>,
    /// The text of the experiment file.
    pub experiment: String,
    /// The data of all objectives with data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<RecordedData>,
    /// The files of the report.
    pub files: Vec<String>,
}

impl Head {
    /// The head of a report of the runs `numbers` of an experiment file with the name `file` and
    /// the text `source`.
    pub(crate) fn new(
        plan: &Plan,
        (file, source): (&str, &str),
        numbers: &[u64],
        files: Vec<String>,
    ) -> Head {
        Head {
            gradtape: env!("CARGO_PKG_VERSION").to_owned(),
            file: file.to_owned(),
            title: plan.title.clone(),
            description: plan.description.clone(),
            sha256: plan.hash.clone(),
            run_count: Some(numbers.len() as u64),
            experiment: source.to_owned(),
            data: plan.recorded_data(),
            files,
        }
    }

    /// Adds advice to an error, and its probable cause if another version of this crate, whose
    /// files may have other columns, wrote the report.
    #[must_use]
    pub fn explain(&self, error: ReportError) -> ReportError {
        let now = env!("CARGO_PKG_VERSION");
        match error {
            ReportError::Damaged { path, what } => {
                let what = what.trim_end();
                let version = match self.gradtape == now {
                    true => String::new(),
                    false => format!(
                        "gradtape {} wrote this report, this is gradtape {now}: ",
                        printable(&self.gradtape)
                    ),
                };
                let file = printable(&self.file);
                let help = format!("{version}`runner {file}` records it again");
                let what = format!("{what}\n\n{help}");
                ReportError::Damaged { path, what }
            }
            error => error,
        }
    }
}

/// The beginning of the line after the head: unique, since strings have no line ends here.
pub(crate) const RUNS: &str = "  \"runs\": [";

/// The head of the report in a file.
pub(crate) fn head_of(path: &Path) -> Result<Head, ReportError> {
    head(path, File::open(path).map_err(ReportError::read(path))?)
}

/// The head of a report, read from `input`, which has the name `path`.
///
/// Its runs are not read: there can be millions.
pub(crate) fn head(path: &Path, input: impl Read) -> Result<Head, ReportError> {
    let mut lines = BufReader::new(input);
    let mut text = Vec::new();
    loop {
        let begin = text.len();
        let read = lines.read_until(b'\n', &mut text);
        if read.map_err(ReportError::read(path))? == 0 {
            break;
        }
        if text[begin..].starts_with(RUNS.as_bytes()) {
            text.truncate(begin);
            text.truncate(text.trim_ascii_end().len().saturating_sub(1));
            text.push(b'}');
            break;
        }
    }
    serde_json::from_slice(&text).map_err(|error| ReportError::damaged(path, error.to_string()))
}
