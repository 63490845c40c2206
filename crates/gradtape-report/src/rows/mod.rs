//! How the CSV files of a report are written and read: cells, headers, and errors with their
//! line and column.

mod cell;

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::{IntoInnerError, Reader, ReaderBuilder, StringRecord};

pub(super) use self::cell::{text_cell, text_of_cell};
use super::buffer::{BufferPool, TextBuffer};
use super::error::ReportError;
use super::report::{CsvFiles, Cursor};
pub(super) use csv::Position;
use gradtape_experiment::batch::Quantities;
use gradtape_experiment::number::{Digits, Precision, Scalar, Value};
use gradtape_experiment::plan::Quantity;

/// Rows that are formatted on the threads that compute the runs.
pub(super) struct RowText {
    writer: Writer<TextBuffer>,
    digits: Digits,
    /// The first error, returned when the text is taken.
    error: Option<csv::Error>,
}

/// A writer of cells.
pub(super) type Writer<W> = csv::Writer<W>;

/// The outcome of writing cells.
pub(super) type CsvResult = Result<(), csv::Error>;

impl RowText {
    pub(super) fn new(pool: &Arc<BufferPool>) -> Self {
        RowText {
            writer: Writer::from_writer(TextBuffer::new(pool)),
            digits: Digits::default(),
            error: None,
        }
    }

    /// Adds the row whose cells `cells` writes.
    pub(super) fn add(
        &mut self,
        cells: impl FnOnce(&mut Writer<TextBuffer>, &mut Digits) -> CsvResult,
    ) {
        if self.error.is_none() {
            let written = cells(&mut self.writer, &mut self.digits)
                .and_then(|()| self.writer.write_record(None::<&[u8]>));
            self.error = written.err();
        }
    }

    pub(super) fn into_text(self) -> io::Result<TextBuffer> {
        match self.error {
            Some(error) => Err(error.into()),
            None => self.writer.into_inner().map_err(IntoInnerError::into_error),
        }
    }
}

/// Writes a file with these columns, and the rows that `rows` writes.
pub(super) fn write(
    path: &Path,
    columns: &[&str],
    rows: impl FnOnce(&mut Writer<BufWriter<File>>, &mut Digits) -> CsvResult,
) -> Result<(), ReportError> {
    let file = create(path, columns).map_err(ReportError::write(path))?;
    let mut writer = Writer::from_writer(file);
    let written = rows(&mut writer, &mut Digits::default()).and_then(|()| Ok(writer.flush()?));
    written.map_err(|error| ReportError::write(path)(error.into()))
}

/// Creates a file with its header.
pub(super) fn create(path: &Path, columns: &[&str]) -> io::Result<BufWriter<File>> {
    let mut file = BufWriter::with_capacity(1 << 16, File::create(path)?);
    file.write_all(&header(columns.iter().copied())?)?;
    Ok(file)
}

/// The line with the names of the columns.
pub(super) fn header<'a>(columns: impl Iterator<Item = &'a str>) -> io::Result<Vec<u8>> {
    line(columns.map(text_cell))
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

/// The cell of a setting: a number unchanged, a name as text.
pub(super) fn setting_cell<'a>(digits: &'a mut Digits, setting: &'a Option<Value>) -> Cow<'a, str> {
    match setting {
        Some(Value::Name(name)) => text_cell(name),
        Some(setting) => digits.value(setting).into(),
        None => "".into(),
    }
}

/// Reads a file row by row. A cell has the place of its column.
#[derive(Debug)]
pub(super) struct RowReader {
    path: PathBuf,
    reader: Reader<BufReader<Cursor>>,
    columns: Vec<String>,
    row: StringRecord,
}

impl RowReader {
    /// Opens a file that must have these columns.
    pub(super) fn open<'c>(
        files: &CsvFiles,
        file: &str,
        columns: impl IntoIterator<Item = &'c str>,
    ) -> Result<RowReader, ReportError> {
        let path = files.path(file);
        let mut content = files.read(file)?;
        check_end(&mut content, &path)?;
        // Rows of a wrong length are reported with their number, not as a mere error.
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .from_reader(BufReader::with_capacity(1 << 16, content));
        let columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
        let header = reader.headers();
        let header = header.map_err(|error| ReportError::damaged(&path, error))?;
        check_header(&path, header, &columns)?;
        Ok(RowReader {
            path,
            reader,
            columns,
            row: StringRecord::new(),
        })
    }

    /// Advances to the next row; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool, ReportError> {
        let is_there = self.reader.read_record(&mut self.row);
        let is_there = is_there.map_err(|error| self.damaged_file(error))?;
        if is_there && self.row.len() != self.columns.len() {
            let (found, expected) = (self.row.len(), self.columns.len());
            return Err(self.damaged(format!("{found} columns, expected {expected}")));
        }
        Ok(is_there)
    }

    /// The position of the row in the file.
    pub(super) fn position(&self) -> Position {
        self.row.position().cloned().unwrap_or_else(Position::new)
    }

    /// Makes the row at a position the next one.
    pub(super) fn seek(&mut self, position: &Position) -> Result<(), ReportError> {
        let sought = self.reader.seek(position.clone());
        sought.map_err(|error| self.damaged_file(error))
    }

    pub(super) fn line(&self) -> u64 {
        self.row.position().map_or(0, Position::line)
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The place of a column. The last one counts, as a parameter is never the first of two
    /// columns with a name.
    pub(super) fn place(&self, column: &str) -> usize {
        let place = self.columns.iter().rposition(|known| known == column);
        place.expect("only columns of the file are looked up")
    }

    /// An error about the file as a whole.
    pub(super) fn damaged_file(&self, what: impl Display) -> ReportError {
        ReportError::damaged(&self.path, what)
    }

    /// An error about the row.
    pub(super) fn damaged(&self, what: impl Display) -> ReportError {
        self.damaged_file(format!("line {}: {what}", self.line()))
    }

    /// The error of a cell that is not a number.
    fn wrong(&self, place: usize) -> ReportError {
        let (name, found) = (&self.columns[place], self.text(place));
        self.damaged(format!(
            "column `{name}`: expected a number, found `{found}`"
        ))
    }

    pub(super) fn text(&self, place: usize) -> &str {
        self.row.get(place).unwrap_or("")
    }

    pub(super) fn whole(&self, place: usize) -> Result<u64, ReportError> {
        self.text(place).parse().map_err(|_| self.wrong(place))
    }

    pub(super) fn scalar(&self, place: usize, precision: Precision) -> Result<Scalar, ReportError> {
        let scalar = Scalar::parse(self.text(place), precision);
        scalar.map_err(|_| self.wrong(place))
    }

    /// A number that may be missing.
    pub(super) fn optional(
        &self,
        place: usize,
        precision: Precision,
    ) -> Result<Option<Scalar>, ReportError> {
        match self.text(place) {
            "" => Ok(None),
            _ => self.scalar(place, precision).map(Some),
        }
    }

    /// Sets a quantity to the value in the row.
    pub(super) fn set(
        &self,
        quantities: &mut Quantities,
        quantity: Quantity,
        place: usize,
        precision: Precision,
    ) -> Result<(), ReportError> {
        if quantity.is_count() {
            quantities.set_count(quantity, self.whole(place)?);
        } else if quantity.is_of_every_run() {
            quantities.set(quantity, self.scalar(place, precision)?);
        } else {
            quantities.set(quantity, self.optional(place, precision)?);
        }
        Ok(())
    }
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

fn check_header(path: &Path, found: &StringRecord, expected: &[String]) -> Result<(), ReportError> {
    let found: Vec<&str> = found.iter().map(text_of_cell).collect();
    if found == expected {
        return Ok(());
    }
    let name = |name: Option<&str>| name.map_or("nothing".to_owned(), |name| format!("`{name}`"));
    let place = (0..expected.len().max(found.len()))
        .find(|place| found.get(*place).copied() != expected.get(*place).map(String::as_str))
        .unwrap_or(0);
    let found = name(found.get(place).copied());
    let expected = name(expected.get(place).map(String::as_str));
    let what = format!(
        "line 1: column {} is {found}, expected {expected}",
        place + 1
    );
    Err(ReportError::damaged(path, what))
}
