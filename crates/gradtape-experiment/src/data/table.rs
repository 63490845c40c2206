//! A CSV file as a table of cells, and its columns as numbers.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::{MAX_CELLS, MAX_FILE_LENGTH, TableError};
use crate::mistake::{nearest, suggestion};
use crate::text::printable;

/// The cells of a CSV file below its header, as written.
///
/// # Format of the file
///
/// CSV as written and read by spreadsheets, pandas and R (RFC 4180), in UTF-8:
///
/// - The first line is the header: the name of each column. Names must differ; a column
///   without a name, such as the row numbers that pandas writes, cannot be selected.
/// - Cells are separated by commas; every line has as many cells as the header. A cell in
///   double quotes can contain commas and line breaks, and a quote written as two.
/// - Line ends of all systems are supported. Empty and blank lines are skipped. A byte
///   order mark at the start is ignored.
/// - Blanks around cells and around names in the header are ignored.
/// - There are no comments.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::data::Table;
///
/// let csv = "length, species\n 5.1, setosa\n 7e0, versicolor\n 4.9, setosa\n";
/// let table = Table::parse("irises.csv", csv.as_bytes().to_vec())?;
/// assert_eq!(table.header(), ["length", "species"]);
/// assert_eq!(table.numbers(0)?, [5.1, 7.0, 4.9]);
/// assert_eq!(table.classes(1)?.names, ["setosa", "versicolor"]);
/// # Ok::<(), gradtape_experiment::data::TableError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    file: String,
    sha256: String,
    header: Vec<String>,
    /// All cells without surrounding blanks, one after the other.
    text: String,
    /// The end of each cell in `text`.
    ends: Vec<usize>,
    /// The line of the file on which each row begins.
    lines: Vec<usize>,
}

/// A column of text as classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Coded {
    /// The class number of each row.
    pub codes: Vec<u32>,
    /// The classes in order of first appearance.
    pub names: Vec<String>,
}

impl Table {
    /// Reads a file, which messages call `file`.
    ///
    /// # Errors
    ///
    /// If the file does not exist, cannot be read, or is longer than [`MAX_FILE_LENGTH`]; and
    /// the errors of [`Table::parse`].
    pub fn load(path: &Path, file: &str) -> Result<Self, TableError> {
        let refused = |source: io::Error| {
            let file = file.to_owned();
            match source.kind() {
                io::ErrorKind::NotFound => TableError::Missing {
                    similar: similar(path).map(|name| beside(&file, &name)),
                    file,
                },
                _ => TableError::Refused { file, source },
            }
        };
        // Checked before opening: opening a pipe would wait for its other end.
        let metadata = fs::metadata(path).map_err(refused)?;
        if !metadata.is_file() {
            return Err(TableError::NotAFile {
                file: file.to_owned(),
                what: if metadata.is_dir() {
                    "a directory"
                } else {
                    "a device"
                },
            });
        }
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|opened| opened.take(MAX_FILE_LENGTH + 1).read_to_end(&mut bytes))
            .map_err(refused)?;
        Self::parse(file, bytes)
    }

    /// Parses the bytes of a file, which messages call `file`.
    ///
    /// # Errors
    ///
    /// If the bytes exceed [`MAX_FILE_LENGTH`] or [`MAX_CELLS`], or are not a table as
    /// described [above](Table).
    pub fn parse(file: &str, bytes: Vec<u8>) -> Result<Self, TableError> {
        let named = || file.to_owned();
        if bytes.len() as u64 > MAX_FILE_LENGTH {
            return Err(TableError::TooLong { file: named() });
        }
        let sha256 = Sha256::digest(&bytes);
        let sha256 = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        let source = String::from_utf8(bytes).map_err(|error| {
            let (valid, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
            TableError::NotUtf8 {
                file: named(),
                line: 1 + line_breaks(&bytes[..valid]),
            }
        })?;
        let source = source.strip_prefix('\u{feff}').unwrap_or(&source);
        let mut records = Records::new(source);
        let Some(header) = records.next() else {
            return Err(TableError::Empty { file: named() });
        };
        let header: Vec<String> = header.iter().map(|cell| cell.trim().to_owned()).collect();
        records.check_quotes(file)?;
        check_names(file, &header)?;
        let mut table = Table {
            file: named(),
            sha256,
            header,
            text: String::with_capacity(source.len()),
            ends: Vec::new(),
            lines: Vec::new(),
        };
        while let Some(record) = records.next() {
            if record.len() != table.header.len() {
                let found = record.len();
                let spans_lines = record.iter().any(|cell| cell.contains(['\n', '\r']));
                let expected = table.header.len();
                let hint = match other_separator(&table.header) {
                    Some(hint) => hint,
                    None if spans_lines => "a cell spans several lines; a quote may be missing",
                    None if found < expected => "each row needs one cell for each column",
                    None => "write a cell that contains a comma in double quotes",
                };
                records.check_quotes(file)?;
                return Err(TableError::Ragged {
                    file: named(),
                    line: records.line,
                    found,
                    expected,
                    hint,
                });
            }
            for cell in record {
                table.text.push_str(cell.trim());
                table.ends.push(table.text.len());
            }
            if table.ends.len() > MAX_CELLS {
                return Err(TableError::TooManyCells { file: named() });
            }
            table.lines.push(records.line);
        }
        records.check_quotes(file)?;
        if table.lines.is_empty() {
            return Err(TableError::NoRows { file: named() });
        }
        Ok(table)
    }

    /// The name of the file in messages.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The SHA-256 of the file, in hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The names of the columns; some may be empty.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The place of the column with this name.
    ///
    /// # Errors
    ///
    /// If there is no such column: a suggestion, such as "did you mean `x`?".
    pub fn find(&self, name: &str) -> Result<usize, String> {
        let names = || {
            let names = self.header.iter().map(String::as_str);
            names.filter(|name| !name.is_empty())
        };
        let found = self.header.iter().position(|column| column == name);
        found.filter(|_| !name.is_empty()).ok_or_else(|| {
            if let Some(hint) = other_separator(&self.header) {
                return hint.to_owned();
            }
            // In a file without a header the first row takes its place.
            let number = names().find(|name| name.parse::<f64>().is_ok());
            match (number, nearest(name, names())) {
                (Some(number), None) => {
                    format!("the first line must contain the column names, but has `{number}`")
                }
                _ => suggestion(name, "available columns", names()),
            }
        })
    }

    /// A cell without surrounding blanks.
    fn cell(&self, row: usize, column: usize) -> &str {
        let place = row * self.header.len() + column;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[place]]
    }

    /// The numbers of a column, written as in most languages: `5`, `-0.5`, `.5`, `1e3`.
    ///
    /// # Errors
    ///
    /// If a cell is empty or marks a missing value (`NA`, `NaN`, `null`, `?` and the like),
    /// is not a number in this notation, or is infinite or exceeds the range of `f64`.
    ///
    /// # Panics
    ///
    /// If `column` is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::data::Table;
    ///
    /// let table = Table::parse("prices.csv", b"price\n5\n\"2,100\"\n".to_vec())?;
    /// let error = table.numbers(0).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "line 3 of `prices.csv` has `2,100` in column `price`, which is not a number"
    /// );
    /// assert!(error.help().starts_with("write `2100`"));
    /// # Ok::<(), gradtape_experiment::data::TableError>(())
    /// ```
    pub fn numbers(&self, column: usize) -> Result<Vec<f64>, TableError> {
        let numbers = self.cells(column).map(|found| {
            let (line, cell) = found?;
            let place = || (self.file.clone(), shown(&self.header[column]), shown(cell));
            match cell.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(number),
                Ok(_) => {
                    let (file, column, cell) = place();
                    Err(TableError::Infinite {
                        file,
                        line,
                        column,
                        cell,
                    })
                }
                Err(_) => {
                    let (file, column, cell) = place();
                    Err(TableError::NotANumber {
                        file,
                        line,
                        column,
                        cell,
                    })
                }
            }
        });
        numbers.collect()
    }

    /// The text of a column as classes, numbered from 0 in order of first appearance.
    ///
    /// # Errors
    ///
    /// If a cell is empty or marks a missing value.
    ///
    /// # Panics
    ///
    /// If `column` is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::data::Table;
    ///
    /// let table = Table::parse("some.csv", b"colour\nred\nblue\nred\n".to_vec())?;
    /// let colours = table.classes(0)?;
    /// assert_eq!((colours.codes, colours.names.len()), (vec![0, 1, 0], 2));
    /// # Ok::<(), gradtape_experiment::data::TableError>(())
    /// ```
    pub fn classes(&self, column: usize) -> Result<Coded, TableError> {
        let mut places: HashMap<&str, u32> = HashMap::new();
        let mut coded = Coded {
            codes: Vec::with_capacity(self.rows()),
            names: Vec::new(),
        };
        for found in self.cells(column) {
            let (_, cell) = found?;
            let next = coded.names.len() as u32;
            let code = *places.entry(cell).or_insert(next);
            if code == next {
                coded.names.push(cell.to_owned());
            }
            coded.codes.push(code);
        }
        Ok(coded)
    }

    /// The cells of a column with their lines; an error for one without a value.
    fn cells(&self, column: usize) -> impl Iterator<Item = Result<(usize, &str), TableError>> {
        self.lines
            .iter()
            .copied()
            .enumerate()
            .map(move |(row, line)| {
                let cell = self.cell(row, column);
                if !is_missing(cell) {
                    return Ok((line, cell));
                }
                Err(TableError::MissingValue {
                    file: self.file.clone(),
                    line,
                    column: shown(&self.header[column]),
                    cell: shown(cell),
                })
            })
    }
}

/// Notations of a missing value, in lower case.
const MISSING: [&str; 11] = [
    "na", "n/a", "#n/a", "<na>", "nan", "-nan", "+nan", "null", "none", "nil", "?",
];

fn is_missing(cell: &str) -> bool {
    cell.is_empty() || MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// Maximum number of characters shown of a cell.
const SHOWN: usize = 40;

/// A cell for a message: on one line, and not too long.
pub(super) fn shown(cell: &str) -> String {
    let mut text: String = cell.chars().take(SHOWN).collect();
    if text.len() < cell.len() {
        text.push('…');
    }
    printable(text)
}

fn check_names(file: &str, header: &[String]) -> Result<(), TableError> {
    let mut places = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        if name.is_empty() {
            continue;
        }
        if let Some(first) = places.insert(name, place) {
            return Err(TableError::RepeatedName {
                file: file.to_owned(),
                name: shown(name),
                first: first + 1,
                second: place + 1,
            });
        }
    }
    Ok(())
}

/// What to do with a file that has another separator: its whole header is the name of one
/// column.
fn other_separator(header: &[String]) -> Option<&'static str> {
    match header {
        [name] if name.contains(';') => Some("separate the cells with commas, not with `;`"),
        [name] if name.contains('\t') => Some("separate the cells with commas, not with tabs"),
        _ => None,
    }
}

/// The number of line ends, which are `\n`, `\r\n` or `\r`.
fn line_breaks(bytes: &[u8]) -> usize {
    let after = bytes.iter().skip(1).map(Some).chain([None]);
    let ends = bytes.iter().zip(after).filter(|(byte, after)| match byte {
        b'\n' => true,
        b'\r' => *after != Some(&b'\n'),
        _ => false,
    });
    ends.count()
}

/// The rows of a CSV file with their lines.
struct Records<'a> {
    source: &'a str,
    reader: ::csv::Reader<&'a [u8]>,
    record: ::csv::StringRecord,
    /// The start of the record.
    start: usize,
    /// The line of that place, from 1. The line that the CSV reader reports is that of the
    /// line end or empty line before it, and it does not count every kind of line end.
    line: usize,
}

impl<'a> Records<'a> {
    fn new(source: &'a str) -> Self {
        let mut builder = ::csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true);
        Records {
            source,
            reader: builder.from_reader(source.as_bytes()),
            record: ::csv::StringRecord::new(),
            start: 0,
            line: 1,
        }
    }

    /// The next row that is not blank.
    fn next(&mut self) -> Option<&::csv::StringRecord> {
        loop {
            // The text is UTF-8, in memory, and rows may have any number of cells, so
            // nothing can fail.
            let is_more = self.reader.read_record(&mut self.record);
            if !is_more.unwrap_or(false) {
                return None;
            }
            let bytes = self.source.as_bytes();
            let mut start = self.record.position().map_or(0, ::csv::Position::byte) as usize;
            while let Some(b'\n' | b'\r') = bytes.get(start) {
                start += 1;
            }
            self.line += line_breaks(&bytes[self.start..start]);
            self.start = start;
            let is_quoted = bytes.get(start) == Some(&b'"');
            let is_blank = self.record.len() == 1 && self.record[0].trim().is_empty();
            if is_quoted || !is_blank {
                return Some(&self.record);
            }
        }
    }

    /// Returns an error if the last record extends to the end of the file and its quotes are
    /// not closed: the rest of the file is then one cell.
    fn check_quotes(&self, file: &str) -> Result<(), TableError> {
        let is_last = self.reader.position().byte() >= self.source.len() as u64;
        let rest = self.source[self.start..].trim_end();
        let quotes = rest.bytes().filter(|byte| *byte == b'"').count();
        if is_last && rest.contains(['\n', '\r']) && !quotes.is_multiple_of(2) {
            return Err(TableError::OpenQuote {
                file: file.to_owned(),
                line: self.line,
            });
        }
        Ok(())
    }
}

/// The file in the same directory with the nearest name.
fn similar(path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    // The order of directory entries depends on the file system.
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".csv")).collect();
    names.sort_unstable();
    let typed = path.file_name()?.to_str()?;
    nearest(typed, names.iter().map(String::as_str)).map(str::to_owned)
}

/// The path with another file name.
fn beside(path: &str, name: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    }
}
