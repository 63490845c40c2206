//! `report.json`: the results for programs, and the experiment that gave them.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use super::error::ReportError;
use super::text::{Stock, Text};
use crate::batch::RunResult;
use crate::derivative::{Row, Table};
use crate::number::{Scalar, Value};
use crate::plan::{Derivative, Plan, Run};

/// What a report is about: the beginning of `report.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The version of this crate.
    pub gradtape: String,
    /// The name of the experiment file, without folder.
    pub file: String,
    /// The title.
    pub title: String,
    /// What the experiment is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The SHA-256 of the experiment file.
    pub sha256: String,
    /// The text of the experiment file.
    pub experiment: String,
    /// The files of the report.
    pub files: Vec<String>,
}

/// What comes before the first of some objects, and before the others.
const FIRST: &str = "\n    ";
const NEXT: &str = ",\n    ";

/// The objects of some runs, made on the threads that compute them.
pub(super) struct ObjectText {
    text: Text,
    /// The first error; told when the text is taken.
    error: Option<io::Error>,
}

impl ObjectText {
    pub(super) fn new(stock: &Arc<Stock>) -> Self {
        ObjectText {
            text: Text::new(stock),
            error: None,
        }
    }

    pub(super) fn add(&mut self, plan: &Plan, result: &RunResult) {
        if !self.text.is_empty() {
            self.text.end().extend_from_slice(NEXT.as_bytes());
        }
        let written = serde_json::to_writer(&mut self.text, &Named { plan, result });
        if let (None, Err(error)) = (&self.error, written) {
            self.error = Some(error.into());
        }
    }
}

/// Writes `report.json`: a field of the head a line, then a run a line, then a
/// point of a derivative a line.
pub(super) struct ReportFile {
    path: PathBuf,
    file: BufWriter<File>,
    is_first: bool,
}

impl ReportFile {
    pub(super) fn create(path: PathBuf, head: &Head) -> Result<Self, ReportError> {
        let file = File::create(&path).map_err(ReportError::write(&path))?;
        let mut report = ReportFile {
            path,
            file: BufWriter::with_capacity(1 << 16, file),
            is_first: true,
        };
        report.check(|file| {
            let text = serde_json::to_string_pretty(head)?;
            let text = text.strip_suffix("\n}").unwrap_or(&text);
            write!(file, "{text},\n  \"runs\": [")
        })?;
        Ok(report)
    }

    /// Appends some runs.
    pub(super) fn append(&mut self, text: ObjectText) -> Result<(), ReportError> {
        if text.text.is_empty() {
            return Ok(());
        }
        let separator = if self.is_first { FIRST } else { NEXT };
        self.is_first = false;
        self.check(|file| {
            if let Some(error) = text.error {
                return Err(error);
            }
            file.write_all(separator.as_bytes())?;
            text.text.append_to(file)
        })
    }

    /// Writes what comes after the runs.
    pub(super) fn finish(mut self, plan: &Plan, tables: &[Table]) -> Result<(), ReportError> {
        self.check(|file| {
            file.write_all(b"\n  ]")?;
            if !plan.derivatives.is_empty() {
                file.write_all(b",\n  \"derivatives\": [")?;
                let mut separator = FIRST;
                for table in tables {
                    let derivative = &plan.derivatives[table.derivative];
                    for row in &table.rows {
                        file.write_all(separator.as_bytes())?;
                        serde_json::to_writer(&mut *file, &Point { derivative, row })?;
                        separator = NEXT;
                    }
                }
                file.write_all(b"\n  ]")?;
            }
            file.write_all(b"\n}\n")?;
            file.flush()
        })
    }

    fn check(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), ReportError> {
        write(&mut self.file).map_err(ReportError::write(&self.path))
    }
}

/// One run as a JSON object of one line, as in the `runs` of `report.json`.
///
/// Numbers that are not finite are `null`, since JSON has none such; the status
/// says what they were.
#[must_use]
pub fn run_object(plan: &Plan, result: &RunResult) -> String {
    serde_json::to_string(&Named { plan, result }).unwrap_or_default()
}

/// A run that was not computed as a JSON object of one line: its number, label
/// and settings.
#[must_use]
pub fn plan_object(plan: &Plan, run: &Run) -> String {
    serde_json::json!({
        "run": run.number,
        "label": plan.label(run),
        "settings": serde_json::to_value(Entries(plan.columns(), &run.settings)).unwrap_or_default(),
    })
    .to_string()
}

/// A row of a derivative as a JSON object of one line, as in the `derivatives` of
/// `report.json`.
#[must_use]
pub fn derivative_object(derivative: &Derivative, row: &Row) -> String {
    serde_json::to_string(&Point { derivative, row }).unwrap_or_default()
}

/// A derivative that was not evaluated as a JSON object of one line.
#[must_use]
pub fn derivative_plan_object(derivative: &Derivative) -> String {
    let variables = derivative.variables();
    let by = derivative.with_respect_to.iter();
    let by: Vec<&String> = by.filter_map(|place| variables.get(*place)).collect();
    serde_json::json!({
        "derivative": derivative.name,
        "formula": derivative.formula,
        "points": derivative.points,
        "with_respect_to": by,
        "order": derivative.order,
        "columns": derivative.columns,
    })
    .to_string()
}

/// A row of a derivative with the names of its columns.
struct Point<'a> {
    derivative: &'a Derivative,
    row: &'a Row,
}

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Point { derivative, row } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("derivative", &derivative.name)?;
        map.serialize_entry("point", &row.point)?;
        map.serialize_entry("precision", row.arithmetic.precision.name())?;
        map.serialize_entry("subnormals", row.arithmetic.subnormals_name())?;
        map.serialize_entry("at", &Columns(derivative.variables(), &row.at))?;
        map.serialize_entry("values", &Columns(&derivative.columns, &row.values))?;
        map.end()
    }
}

/// Names with their values.
struct Columns<'a>(&'a [String], &'a [Scalar]);

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1))
    }
}

/// A result with the names of its settings and parameters.
struct Named<'a> {
    plan: &'a Plan,
    result: &'a RunResult,
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Named { plan, result } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("run", &result.number)?;
        map.serialize_entry("label", &result.label)?;
        map.serialize_entry("settings", &Entries(plan.columns(), &result.settings))?;
        map.serialize_entry("status", &result.status)?;
        map.serialize_entry("status_epoch", &result.status_epoch)?;
        map.serialize_entry("reason", &result.reason)?;
        map.serialize_entry("epochs_run", &result.epochs_run)?;
        map.serialize_entry("loss", &result.loss)?;
        map.serialize_entry("gradient_norm", &result.gradient_norm)?;
        if let Some(gap) = &result.gap {
            map.serialize_entry("gap", gap)?;
        }
        map.serialize_entry("best_loss", &result.best_loss)?;
        map.serialize_entry("best_epoch", &result.best_epoch)?;
        map.serialize_entry(
            "parameters",
            &Entries(plan.parameters(), &result.parameters),
        )?;
        map.end()
    }
}

/// Names with those values that are there.
struct Entries<'a, T>(&'a [String], &'a [Option<T>]);

impl<T: Serialize> Serialize for Entries<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.iter().zip(self.1);
        serializer.collect_map(entries.filter_map(|(name, value)| Some((name, value.as_ref()?))))
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Scalar::F32(value) => serializer.serialize_f32(*value),
            Scalar::F64(value) => serializer.serialize_f64(*value),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Number(number) => serializer.serialize_f64(number.wide()),
            Value::Whole(whole) => serializer.serialize_u64(*whole),
            Value::Switch(on) => serializer.serialize_bool(*on),
            Value::Name(name) => serializer.serialize_str(name),
        }
    }
}

/// The head of a report.
pub(super) fn head(path: &Path) -> Result<Head, ReportError> {
    let file = File::open(path).map_err(ReportError::read(path))?;
    serde_json::from_reader(BufReader::new(file))
        .map_err(|error| ReportError::damaged(path, error.to_string()))
}

/// The files that a report says it has; none if it cannot be read.
pub(super) fn files(path: &Path) -> Vec<String> {
    head(path).map(|head| head.files).unwrap_or_default()
}
