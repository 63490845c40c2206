//! The CSV files of a report: writes and reads `runs.csv` and the tables of derivatives, and reads
//! `trajectories.csv`.

mod cell;
mod trajectories;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::csv::{IntoInnerError, Position, Reader, ReaderBuilder, StringRecord, Writer};

use self::cell::{text_cell, text_of_cell};
use super::derivative_file;
use super::error::ReportError;
use super::figures::{Field, Frame};
use super::files::{Cursor, Files};
use super::folder::{DIAGNOSIS, RUNS};
use super::text::{Stock, Text};
use gradtape_experiment::batch::{Quantities, RunResult};
use gradtape_experiment::derivative::{self, Table};
use gradtape_experiment::diagnosis::{Conclusion, Fact, Facts, RunDiagnosis};
use gradtape_experiment::ending::{Outcome, Status};
use gradtape_experiment::number::{Digits, Precision, Scalar, Value};
use gradtape_experiment::plan::{Arithmetic, Plan, Quantity, Run};

pub(super) use trajectories::read_trajectories;
pub use trajectories::{State, TrajectoryReader, state_columns};

/// The columns of `trajectories.csv`, in order.
pub(super) fn trajectory_columns(plan: &Plan) -> impl Iterator<Item = &str> {
    let quantities = Quantity::in_trajectories(plan).map(|one| -> &str { one.name() });
    let parameters = plan.record.parameters.iter().map(String::as_str);
    let head = ["run", "epoch"].into_iter().chain(quantities);
    head.chain(parameters)
}

/// The columns of `runs.csv`, in order.
pub(super) fn run_columns(plan: &Plan) -> Vec<&str> {
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

/// The columns of `diagnosis.csv`, in order.
pub(super) fn diagnosis_columns() -> Vec<&'static str> {
    let first = ["run", "label", "sentence"];
    first.into_iter().chain(Facts::COLUMNS).collect()
}

/// The rows of some runs in `runs.csv` or `diagnosis.csv`, formatted on the threads that compute
/// the runs.
pub(super) struct RunText {
    writer: Writer<Text>,
    digits: Digits,
    /// The first error, returned when the text is taken.
    error: Option<::csv::Error>,
}

impl RunText {
    pub(super) fn new(stock: &Arc<Stock>) -> Self {
        RunText {
            writer: Writer::from_writer(Text::new(stock)),
            digits: Digits::default(),
            error: None,
        }
    }

    pub(super) fn add(&mut self, plan: &Plan, result: &RunResult) {
        if self.error.is_none() {
            self.error = self.write(plan, result).err();
        }
    }

    pub(super) fn add_diagnosis(&mut self, diagnosis: &RunDiagnosis) {
        if self.error.is_none() {
            self.error = self.write_diagnosis(diagnosis).err();
        }
    }

    fn write_diagnosis(&mut self, diagnosis: &RunDiagnosis) -> Result<(), ::csv::Error> {
        let RunText { writer, digits, .. } = self;
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
        writer.write_record(None::<&[u8]>)
    }

    fn write(&mut self, plan: &Plan, result: &RunResult) -> Result<(), ::csv::Error> {
        let RunText { writer, digits, .. } = self;
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
        writer.write_record(None::<&[u8]>)
    }
}

/// Writes `runs.csv` or `diagnosis.csv`.
pub(super) struct RunFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl RunFile {
    pub(super) fn create(path: PathBuf, columns: &[&str]) -> Result<Self, ReportError> {
        let file = create(&path, columns).map_err(ReportError::write(&path))?;
        Ok(RunFile { path, file })
    }

    pub(super) fn append(&mut self, text: RunText) -> Result<(), ReportError> {
        let written = match text.error {
            Some(error) => Err(error.into()),
            None => text.writer.into_inner().map_err(IntoInnerError::into_error),
        };
        written
            .and_then(|text| text.append_to(&mut self.file))
            .map_err(ReportError::write(&self.path))
    }

    pub(super) fn finish(mut self) -> Result<(), ReportError> {
        self.file.flush().map_err(ReportError::write(&self.path))
    }
}

/// Creates a file with its header.
pub(super) fn create(path: &Path, columns: &[&str]) -> io::Result<BufWriter<File>> {
    let mut file = BufWriter::with_capacity(1 << 16, File::create(path)?);
    file.write_all(&header(columns.iter().copied())?)?;
    Ok(file)
}

/// The line with the names of the columns.
fn header<'a>(columns: impl Iterator<Item = &'a str>) -> io::Result<Vec<u8>> {
    line(columns.map(text_cell))
}

/// The cell of a setting: a number unchanged, a name as text.
fn setting_cell<'a>(digits: &'a mut Digits, setting: &'a Option<Value>) -> Cow<'a, str> {
    match setting {
        Some(Value::Name(name)) => text_cell(name),
        Some(setting) => digits.value(setting).into(),
        None => "".into(),
    }
}

/// A line with these cells, quoted where necessary.
pub(super) fn line(cells: impl IntoIterator<Item = impl AsRef<str>>) -> io::Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    for cell in cells {
        writer.write_field(cell.as_ref())?;
    }
    writer.write_record(None::<&[u8]>)?;
    writer.into_inner().map_err(IntoInnerError::into_error)
}

/// The reader of the rows of a file.
type Rows = Reader<BufReader<Cursor>>;

/// Opens a file that must have these columns.
fn open(files: &Files, file: &str, columns: &[&str]) -> Result<Rows, ReportError> {
    let path = &files.path(file);
    let mut content = files.read(file)?;
    check_end(&mut content, path)?;
    // Lines of a wrong length are reported with their number, not as a mere error.
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .from_reader(BufReader::with_capacity(1 << 16, content));
    let header = reader.headers().map_err(unreadable(path))?;
    check_header(path, header, columns)?;
    Ok(reader)
}

/// The error of a file that is not CSV.
fn unreadable(path: &Path) -> impl FnOnce(::csv::Error) -> ReportError {
    |error| ReportError::damaged(path, error)
}

fn line_of(record: &StringRecord) -> u64 {
    record.position().map_or(0, Position::line)
}

/// A truncated file can end in the middle of a number and look complete.
fn check_end(content: &mut Cursor, path: &Path) -> Result<(), ReportError> {
    let mut is_cut = || -> io::Result<bool> {
        // An empty file is reported by its missing header.
        if content.seek(SeekFrom::End(0))? == 0 {
            return Ok(false);
        }
        let mut last = [0];
        content.seek(SeekFrom::End(-1))?;
        content.read_exact(&mut last)?;
        content.rewind()?;
        Ok(last != *b"\n")
    };
    if is_cut().map_err(ReportError::read(path))? {
        let what = "its last line has no end: the file is truncated";
        return Err(ReportError::damaged(path, what));
    }
    Ok(())
}

fn check_header(path: &Path, found: &StringRecord, expected: &[&str]) -> Result<(), ReportError> {
    let found: Vec<&str> = found.iter().map(text_of_cell).collect();
    if found == expected {
        return Ok(());
    }
    let first = (0..expected.len().max(found.len()))
        .find(|place| found.get(*place) != expected.get(*place))
        .unwrap_or(0);
    let shown = |names: &[&str]| {
        let name = names.get(first);
        name.map_or("nothing".to_owned(), |name| format!("`{name}`"))
    };
    let (expected, found) = (shown(expected), shown(&found));
    let what = format!(
        "line 1: column {} is {found}, expected {expected}",
        first + 1
    );
    Err(ReportError::damaged(path, what))
}

/// Reads `runs.csv` row by row: the recorded results of the runs.
#[derive(Debug)]
pub struct RunReader<'p> {
    path: PathBuf,
    plan: &'p Plan,
    reader: Rows,
}

impl<'p> RunReader<'p> {
    /// Opens the file in a report of this plan.
    ///
    /// # Errors
    ///
    /// If it cannot be read or has other columns.
    pub fn open(files: &Files, plan: &'p Plan) -> Result<Self, ReportError> {
        let path = files.path(RUNS);
        let reader = open(files, RUNS, &run_columns(plan))?;
        Ok(RunReader { path, plan, reader })
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
        let mut record = StringRecord::new();
        let is_there = self.reader.read_record(&mut record);
        match is_there.map_err(unreadable(&self.path))? {
            false => Ok(None),
            true => self.result(&record).map(Some),
        }
    }

    /// An error about the file as a whole.
    pub(crate) fn damaged(&self, what: &str) -> ReportError {
        ReportError::damaged(&self.path, what)
    }

    fn result(&self, record: &StringRecord) -> Result<RunResult, ReportError> {
        let plan = self.plan;
        let columns = run_columns(plan);
        let line = line_of(record);
        let damaged =
            |what: String| ReportError::damaged(&self.path, format!("line {line}: {what}"));
        if record.len() != columns.len() {
            let (found, expected) = (record.len(), columns.len());
            return Err(damaged(format!("{found} columns, expected {expected}")));
        }
        // From the end, so that a parameter is not mistaken for a setting.
        let field = |name: &str| {
            let place = columns.iter().rposition(|column| *column == name);
            place.and_then(|place| record.get(place)).unwrap_or("")
        };
        let text = |name: &str| text_of_cell(field(name)).to_owned();
        let wrong = |name: &str| {
            let found = field(name);
            damaged(format!(
                "column `{name}`: expected a number, found `{found}`"
            ))
        };
        let whole = |name: &str| field(name).parse::<u64>().map_err(|_| wrong(name));
        let unknown =
            |name: &str| damaged(format!("column `{name}`: unknown {name} `{}`", field(name)));
        let precision = if field("precision") == "f32" {
            Precision::F32
        } else {
            Precision::F64
        };
        let scalar = |name: &str| Scalar::parse(field(name), precision).map_err(|_| wrong(name));
        // The parameters are the last columns, first the final ones and then those at the
        // smallest loss. There can be thousands, so they are read by place.
        let count = plan.parameters().len();
        let parameters = |first: usize| {
            let parameters = (first..first + count).map(|place| match &record[place] {
                "" => Ok(None),
                text => Scalar::parse(text, precision)
                    .map(Some)
                    .map_err(|_| wrong(columns[place])),
            });
            parameters.collect::<Result<_, _>>()
        };
        let first = columns.len() - 2 * count;
        let settings = (2..2 + plan.columns().len()).map(|place| match record.get(place) {
            None | Some("") => None,
            Some(cell) => Some(Value::Name(text_of_cell(cell).to_owned())),
        });
        // Where no column counts evaluations, they follow from the epochs.
        let mut quantities = Quantities::of_rule(whole(Quantity::EpochsRun.name())?);
        for quantity in Quantity::in_runs(plan) {
            let name = quantity.name();
            if quantity.is_count() {
                quantities.set_count(quantity, whole(name)?);
            } else if quantity.is_of_every_run() || !field(name).is_empty() {
                quantities.set(quantity, scalar(name)?);
            }
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

/// Reads `runs.csv` and `diagnosis.csv` together: the runs of a report with their diagnoses.
#[derive(Debug)]
pub struct ConcludedReader<'p> {
    runs: RunReader<'p>,
    path: PathBuf,
    reader: Rows,
}

impl<'p> ConcludedReader<'p> {
    /// Opens the files in a report of this plan.
    ///
    /// # Errors
    ///
    /// If one cannot be read or has other columns.
    pub fn open(files: &Files, plan: &'p Plan) -> Result<Self, ReportError> {
        let runs = RunReader::open(files, plan)?;
        let path = files.path(DIAGNOSIS);
        let reader = open(files, DIAGNOSIS, &diagnosis_columns())?;
        Ok(ConcludedReader { runs, path, reader })
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
        let damaged = |what: String| ReportError::damaged(&self.path, what);
        let mut record = StringRecord::new();
        let is_there = self.reader.read_record(&mut record);
        let is_there = is_there.map_err(unreadable(&self.path))?;
        let Some(result) = self.runs.next()? else {
            return match is_there {
                true => Err(self
                    .runs
                    .damaged(&format!("it has fewer rows than {DIAGNOSIS}"))),
                false => Ok(None),
            };
        };
        let line = line_of(&record);
        let columns = diagnosis_columns();
        let field = |name: &str| {
            let place = columns.iter().position(|column| *column == name);
            place.and_then(|place| record.get(place)).unwrap_or("")
        };
        if is_there && record.len() != columns.len() {
            let (found, expected) = (record.len(), columns.len());
            let what = format!("line {line}: {found} columns, expected {expected}");
            return Err(damaged(what));
        }
        if !is_there || field("run") != result.number.to_string() {
            let found = match is_there {
                true => format!("line {line} has run {}", field("run")),
                false => "it has no more rows".to_owned(),
            };
            return Err(damaged(format!(
                "{found}, but {RUNS} has run {} there: a row is missing in one of them",
                result.number
            )));
        }
        let facts = Facts::parse(field).map_err(|column| {
            let found = field(column);
            damaged(format!(
                "line {line}: column `{column}`: unexpected `{found}`"
            ))
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

/// The columns of a derivative's table, in order, including the arithmetic if there are several.
pub(super) fn derivative_columns(plan: &Plan, place: usize) -> Vec<&str> {
    let derivative = &plan.derivatives[place];
    let arithmetic = ["precision", "subnormals"].iter().copied();
    let names = derivative.variables().iter().chain(&derivative.columns);
    arithmetic
        .filter(|_| plan.arithmetics().len() > 1)
        .chain(names.map(String::as_str))
        .collect()
}

/// Writes the table of a derivative.
pub(super) fn write_derivative(path: &Path, plan: &Plan, table: &Table) -> Result<(), ReportError> {
    let columns = derivative_columns(plan, table.derivative);
    let tells_arithmetic = plan.arithmetics().len() > 1;
    write(path, &columns, |writer, digits| {
        for row in &table.rows {
            if tells_arithmetic {
                writer.write_field(row.arithmetic.precision.name())?;
                writer.write_field(row.arithmetic.subnormals_name())?;
            }
            for scalar in row.at.iter().chain(&row.values) {
                writer.write_field(digits.scalar(*scalar))?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
        Ok(())
    })
}

/// Writes a file with these columns, and the rows that `rows` writes.
fn write(
    path: &Path,
    columns: &[&str],
    rows: impl FnOnce(&mut Writer<BufWriter<File>>, &mut Digits) -> Result<(), ::csv::Error>,
) -> Result<(), ReportError> {
    let file = create(path, columns).map_err(ReportError::write(path))?;
    let mut writer = Writer::from_writer(file);
    let written = rows(&mut writer, &mut Digits::default());
    let written = written.and_then(|()| Ok(writer.flush()?));
    written.map_err(|error| ReportError::write(path)(error.into()))
}

/// Reads the table of derivative number `place` of the plan.
///
/// # Errors
///
/// If it cannot be read, or has other columns or rows, with the line.
pub fn read_derivative(files: &Files, plan: &Plan, place: usize) -> Result<Table, ReportError> {
    let derivative = &plan.derivatives[place];
    let file = derivative_file(plan, place);
    let path = &files.path(&file);
    let columns = derivative_columns(plan, place);
    let arithmetics = plan.arithmetics();
    let mut reader = open(files, &file, &columns)?;
    let expected = arithmetics
        .iter()
        .flat_map(|arithmetic| (0..derivative.points).map(move |point| (*arithmetic, point)));
    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    for (arithmetic, point) in expected {
        let is_there = reader.read_record(&mut record);
        if !is_there.map_err(unreadable(path))? {
            let rows_expected = arithmetics.len() as u64 * derivative.points;
            let what = format!("it has {} of {rows_expected} rows", rows.len());
            return Err(ReportError::damaged(path, what));
        }
        let numbers = derivative_row(path, &record, &columns, arithmetic)?;
        let (at, values) = numbers.split_at(derivative.variables().len());
        rows.push(derivative::Row {
            point,
            arithmetic,
            at: at.to_vec(),
            values: values.to_vec(),
        });
    }
    let is_there = reader.read_record(&mut record);
    if is_there.map_err(unreadable(path))? {
        let line = line_of(&record);
        let what = format!("line {line}: more rows than expected");
        return Err(ReportError::damaged(path, what));
    }
    Ok(Table {
        derivative: place,
        rows,
    })
}

/// The numbers of a row: the point, then the values.
fn derivative_row(
    path: &Path,
    record: &StringRecord,
    columns: &[&str],
    arithmetic: Arithmetic,
) -> Result<Vec<Scalar>, ReportError> {
    let line = line_of(record);
    let damaged = |what: String| ReportError::damaged(path, format!("line {line}: {what}"));
    if record.len() != columns.len() {
        let (found, expected) = (record.len(), columns.len());
        return Err(damaged(format!("{found} columns, expected {expected}")));
    }
    let mut numbers = Vec::with_capacity(columns.len());
    for (name, field) in columns.iter().zip(record) {
        let word = match *name {
            "precision" => arithmetic.precision.name(),
            "subnormals" => arithmetic.subnormals_name(),
            _ => {
                let number = Scalar::parse(field, arithmetic.precision).map_err(|_| {
                    damaged(format!(
                        "column `{name}`: expected a number, found `{field}`"
                    ))
                })?;
                numbers.push(number);
                continue;
            }
        };
        if field != word {
            return Err(damaged(format!(
                "column `{name}`: expected `{word}`, found `{field}`"
            )));
        }
    }
    Ok(numbers)
}

/// The columns of the fields of a contour.
const FIELD_COLUMNS: [&str; 4] = ["panel", "x", "y", "loss"];

/// Writes the fields of a contour, each on the grid of its frame.
pub(super) fn write_fields(
    path: &Path,
    frames: &[Frame],
    fields: &[Field],
) -> Result<(), ReportError> {
    write(path, &FIELD_COLUMNS, |writer, digits| {
        for (panel, (frame, field)) in frames.iter().zip(fields).enumerate() {
            for ([x, y], value) in frame.points().zip(field) {
                writer.write_field(digits.whole(panel as u64))?;
                for number in [x, y, *value] {
                    writer.write_field(digits.scalar(Scalar::F64(number)))?;
                }
                writer.write_record(None::<&[u8]>)?;
            }
        }
        Ok(())
    })
}

/// Reads the fields of a contour with these frames.
pub(super) fn read_fields(
    files: &Files,
    file: &str,
    frames: &[Frame],
) -> Result<Vec<Field>, ReportError> {
    let path = &files.path(file);
    let mut reader = open(files, file, &FIELD_COLUMNS)?;
    let mut record = StringRecord::new();
    let mut fields = Vec::new();
    for (panel, frame) in frames.iter().enumerate() {
        let mut field = Vec::new();
        for [x, y] in frame.points() {
            let is_there = reader.read_record(&mut record);
            if !is_there.map_err(unreadable(path))? {
                return Err(ReportError::damaged(path, "the file ends too early"));
            }
            let line = line_of(&record);
            let number = |column: usize| {
                let text = record.get(column).unwrap_or_default();
                text.parse::<f64>().map_err(|_| {
                    let name = FIELD_COLUMNS[column];
                    let what =
                        format!("line {line}: column `{name}`: expected a number, found `{text}`");
                    ReportError::damaged(path, what)
                })
            };
            #[expect(clippy::cast_precision_loss, reason = "a few panels")]
            let expected = [panel as f64, x, y];
            for (column, expected) in expected.into_iter().enumerate() {
                if number(column)?.to_bits() != expected.to_bits() {
                    let name = FIELD_COLUMNS[column];
                    let found = record.get(column).unwrap_or_default();
                    let what =
                        format!("line {line}: column `{name}` is {found}, expected {expected}");
                    return Err(ReportError::damaged(path, what));
                }
            }
            field.push(number(3)?);
        }
        fields.push(field);
    }
    Ok(fields)
}
