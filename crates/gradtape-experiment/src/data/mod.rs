//! Data from a CSV file as vectors and matrices.
//!
//! A [`Table`] is the file; a [`Dataset`] is the part that an experiment uses: some of
//! its columns under their names in the formula, optionally standardized, with the rows
//! split into training and validation rows. Both are created before anything runs, so all
//! errors of a file are reported with the place in the experiment file that refers to it.

mod error;
mod notation;
mod table;

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::mistake::{At, Code, Mistake, Span, suggestion};
use crate::number::{Number, counted, grouped, short};
use crate::random::{Purpose, Stream};
use gradtape_tape::Shape;

pub use error::TableError;
pub use error::{MAX_CELLS, MAX_FILE_LENGTH};
pub use table::{Coded, Table};

/// The data that an experiment uses from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Path of the file, relative to the directory of the experiment file.
    pub file: At<String>,
    /// The arrays to create, by their names in the formula.
    pub columns: Vec<ArraySource>,
    /// The names whose columns contain text, which is read as classes.
    pub classes: Vec<At<String>>,
    /// The names whose columns are standardized.
    pub standardize: Vec<At<String>>,
    /// Number of rows of an update; all rows if not given.
    pub batch_size: Option<At<u64>>,
    /// Rows held out for validation: a share if below 1, otherwise a number of rows.
    pub validation: Option<At<Number>>,
}

/// A vector or a matrix to create.
#[derive(Clone, Debug, PartialEq)]
pub struct ArraySource {
    /// The name in the formula.
    pub name: At<String>,
    /// The names of the columns of the file.
    pub from: Vec<At<String>>,
    /// Whether they were given as a list: a list of one name is a matrix of one column, a
    /// single name is a vector.
    pub is_list: bool,
}

/// Vectors and matrices from the columns of a file.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Path of the file as written.
    pub file: String,
    /// The SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// The arrays, in the order of [`Description::columns`].
    pub arrays: Vec<DataArray>,
    /// Numbers of the training rows, from 0, in the order of the file.
    pub training: Vec<u32>,
    /// Numbers of the validation rows, likewise; empty without validation.
    pub validation: Vec<u32>,
    /// Number of rows of a batch, at most the number of training rows. The last batch of an
    /// epoch is smaller if they do not divide evenly.
    pub batch_size: usize,
    /// The columns of the file that were read as classes, each once.
    pub classes: Vec<Classes>,
}

/// A vector or a matrix with a row for each row of the file.
#[derive(Clone, Debug)]
pub struct DataArray {
    /// The name in the formula.
    pub name: String,
    /// The shape of `training`: `[rows]` or `[rows, columns]`.
    pub shape: Shape,
    /// The training rows, one after the other.
    pub training: Arc<[f64]>,
    /// The validation rows; empty without validation.
    pub validation: Arc<[f64]>,
    /// The standardization of each column; empty if there is none.
    pub scaling: Vec<Scaling>,
}

/// Standardization of a column: `(x − mean) / deviation`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// Mean of the training rows.
    pub mean: f64,
    /// Their standard deviation: the root of the mean square distance from the mean.
    pub deviation: f64,
}

/// The classes of a column, which become the numbers 0, 1, 2, …
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// Name of the column in the file.
    pub column: String,
    /// The names, in order of first appearance in the rows for training and validation.
    pub names: Vec<String>,
}

/// Formats the column as "species: text, 3 classes".
impl fmt::Display for Classes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.names.len();
        let noun = if count == 1 { "class" } else { "classes" };
        let count = grouped(count as u128);
        write!(formatter, "{}: text, {count} {noun}", self.column)
    }
}

impl Classes {
    /// The column with at most `most` of its names: "species: text, 3 classes (setosa,
    /// versicolor, …)".
    #[must_use]
    pub fn with_names(&self, most: usize) -> String {
        let names = self.names.iter().take(most).map(String::as_str);
        let more = (self.names.len() > most).then_some("…");
        let names: Vec<&str> = names.chain(more).collect();
        format!("{self} ({})", names.join(", "))
    }
}

/// The content of a column.
enum Column {
    Numbers(Vec<f64>),
    Classes(Coded),
}

impl Dataset {
    /// Reads the file and creates the arrays. Its path is relative to `folder`, the
    /// directory of the experiment file.
    ///
    /// # Errors
    ///
    /// If the file is wrong or does not fit the description: all errors.
    pub fn new(folder: &Path, description: &Description, seed: u64) -> Result<Self, Vec<Mistake>> {
        let file = &description.file;
        let table = Table::load(&folder.join(&file.value), &file.value)
            .map_err(|error| vec![mistake_of(&error, &file.span)])?;
        Self::of_table(&table, description, seed)
    }

    /// Creates the arrays from the table.
    ///
    /// The validation rows are sampled without replacement from `seed`: the first ones
    /// after shuffling all rows. They depend only on the seed, the number of rows of the
    /// file and the number of validation rows. The rows of both parts stay in the order of
    /// the file.
    ///
    /// Means and standard deviations are computed from the training rows in their order,
    /// by sums from the left, and applied to all rows.
    ///
    /// # Errors
    ///
    /// If the description does not fit the table: all errors.
    pub fn of_table(
        table: &Table,
        description: &Description,
        seed: u64,
    ) -> Result<Self, Vec<Mistake>> {
        let mut maker = Maker {
            table,
            description,
            mistakes: Vec::new(),
        };
        let classes_at = maker.listed("classes", &description.classes);
        let columns = maker.columns(&classes_at);
        let scaled_at = maker.listed("standardize", &description.standardize);
        let parts = maker.parts();
        let batch_size = parts.and_then(|(training, _)| maker.batch_size(training));
        let (Some(columns), Some((_, held_out)), Some(batch_size)) = (columns, parts, batch_size)
        else {
            return Err(maker.mistakes);
        };
        let (training, validation) = split(table.rows(), held_out, seed);
        let mut classes: Vec<Classes> = Vec::new();
        for (place, column) in columns.iter().flatten() {
            let name = &table.header()[*place];
            let is_known = classes.iter().any(|known| known.column == *name);
            if let (Column::Classes(coded), false) = (column, is_known) {
                classes.push(Classes {
                    column: name.clone(),
                    names: coded.names.clone(),
                });
            }
        }
        let wanted = description.columns.iter().zip(columns).zip(scaled_at);
        let arrays = wanted.map(|((wanted, columns), scaled_at)| {
            maker.array(wanted, columns, scaled_at, [&training, &validation])
        });
        let arrays = arrays.collect();
        if !maker.mistakes.is_empty() {
            return Err(maker.mistakes);
        }
        Ok(Dataset {
            file: table.file().to_owned(),
            sha256: table.sha256().to_owned(),
            arrays,
            training,
            validation,
            batch_size,
            classes,
        })
    }
}

impl Dataset {
    /// The shapes of the arrays with the given number of rows.
    #[must_use]
    pub fn shapes(&self, rows: usize) -> Vec<Shape> {
        let of = |array: &DataArray| {
            let width = array.shape.iter().skip(1).copied();
            std::iter::once(rows).chain(width).collect()
        };
        self.arrays.iter().map(of).collect()
    }

    /// The numbers of rows that the formula is evaluated on, in addition to all training
    /// rows: those of a batch, of a smaller last batch, and of validation.
    #[must_use]
    pub fn parts(&self) -> Vec<(usize, &'static str)> {
        let rows = self.training.len();
        let batch = (self.batch_size < rows).then_some(self.batch_size);
        let rest = batch.map(|batch| rows % batch);
        [
            (batch.unwrap_or(0), "a batch"),
            (rest.unwrap_or(0), "the last batch"),
            (self.validation.len(), "validation"),
        ]
        .into_iter()
        .filter(|(rows, _)| *rows > 0)
        .collect()
    }
}

/// The order of `rows` training rows in an epoch: their numbers from 0, shuffled. It depends
/// only on the seed and the place, not on previous epochs.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::data::shuffled;
///
/// assert_eq!(shuffled(1, [0, 0, 7], 5), [0, 1, 4, 3, 2]);
/// ```
///
/// # Panics
///
/// If there are at least 2³² rows.
#[must_use]
pub fn shuffled(seed: u64, place: [u64; 3], rows: usize) -> Vec<u32> {
    let rows = u32::try_from(rows).expect("fewer rows than numbers for them");
    let mut order: Vec<u32> = (0..rows).collect();
    Stream::new(seed, Purpose::Shuffle, place).shuffle(&mut order);
    order
}

/// Splits `rows` rows into those for training and the `held_out` ones for validation.
fn split(rows: usize, held_out: usize, seed: u64) -> (Vec<u32>, Vec<u32>) {
    let rows = u32::try_from(rows).expect("a table has at most twenty million rows");
    let mut order: Vec<u32> = (0..rows).collect();
    if held_out > 0 {
        Stream::new(seed, Purpose::Split, [0; 3]).shuffle(&mut order);
    }
    let mut training = order.split_off(held_out);
    training.sort_unstable();
    order.sort_unstable();
    (training, order)
}

/// Reason why a column has no [`Scaling`].
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unscalable {
    /// It contains classes.
    Classes,
    /// All rows have this value.
    Constant(f64),
    /// The squares exceed the range of `f64`, or vanish.
    OutOfRange,
}

impl Scaling {
    fn of(values: impl ExactSizeIterator<Item = f64> + Clone) -> Result<Self, Unscalable> {
        #[expect(clippy::cast_precision_loss, reason = "a table has at most 2^25 rows")]
        let count = values.len() as f64;
        let first = values.clone().next().unwrap_or(0.0);
        if values.clone().all(|value| value == first) {
            return Err(Unscalable::Constant(first));
        }
        let sum = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |sum, x| sum + x);
        let mean = sum(&mut values.clone()) / count;
        let mut squares = values.map(|value| (value - mean) * (value - mean));
        let deviation = (sum(&mut squares) / count).sqrt();
        if deviation.is_normal() {
            Ok(Scaling { mean, deviation })
        } else {
            Err(Unscalable::OutOfRange)
        }
    }
}

fn mistake_of(error: &TableError, span: &Span) -> Mistake {
    Mistake::new(Code::Data, span.clone(), error.to_string(), "").help(error.help())
}

/// Creates a data set and collects its errors.
struct Maker<'a> {
    table: &'a Table,
    description: &'a Description,
    mistakes: Vec<Mistake>,
}

impl<'a> Maker<'a> {
    fn mistake(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.mistakes
            .push(Mistake::new(code, span.clone(), message, label));
    }

    /// The columns of each array, with their places in the table.
    fn columns(&mut self, classes_at: &[Option<&Span>]) -> Option<Vec<Vec<(usize, Column)>>> {
        let (table, description) = (self.table, self.description);
        let count: usize = description
            .columns
            .iter()
            .map(|array| array.from.len())
            .sum();
        let count = count.saturating_mul(table.rows());
        if count > MAX_CELLS {
            let message = format!(
                "{} numbers from `{}` are too many",
                grouped(count as u128),
                table.file()
            );
            let label = format!("expected at most {}", grouped(MAX_CELLS as u128));
            self.mistake(Code::TooLarge, &description.file.span, message, label);
            return None;
        }
        let before = self.mistakes.len();
        let arrays = description.columns.iter().zip(classes_at);
        let columns = arrays.map(|(array, at)| self.columns_of(array, at.is_some()));
        let columns = columns.collect();
        (self.mistakes.len() == before).then_some(columns)
    }

    /// The columns of one array; wrong ones are reported and omitted.
    fn columns_of(&mut self, array: &ArraySource, are_classes: bool) -> Vec<(usize, Column)> {
        if array.from.is_empty() {
            let message = format!("`{}` has no columns", array.name.value);
            let label = "expected at least one column";
            self.mistake(Code::Data, &array.name.span, message, label);
        }
        let mut columns = Vec::new();
        let mut told = HashSet::new();
        for name in &array.from {
            let place = match self.table.find(&name.value) {
                Ok(place) => place,
                Err(label) => {
                    let file = self.table.file();
                    let message = format!("`{file}` has no column `{}`", name.value);
                    self.mistake(Code::UnknownName, &name.span, message, label);
                    continue;
                }
            };
            if !told.insert(place) {
                let message = format!("column `{}` is listed twice", name.value);
                self.mistake(Code::NameTaken, &name.span, message, "remove it");
                continue;
            }
            let column = if are_classes {
                self.table.classes(place).map(Column::Classes)
            } else {
                self.table.numbers(place).map(Column::Numbers)
            };
            match column {
                Ok(column) => columns.push((place, column)),
                Err(error) => {
                    let mut mistake = mistake_of(&error, &name.span);
                    if let TableError::NotANumber { cell, .. } = &error
                        && !cell.contains(|c: char| c.is_ascii_digit())
                    {
                        let array = &array.name.value;
                        mistake.help =
                            format!("if its text names classes, add `classes = [\"{array}\"]`");
                    }
                    self.mistakes.push(mistake);
                }
            }
        }
        columns
    }

    /// The array of these columns, with its rows split into two parts.
    fn array(
        &mut self,
        wanted: &ArraySource,
        columns: Vec<(usize, Column)>,
        scaled_at: Option<&Span>,
        [training, validation]: [&[u32]; 2],
    ) -> DataArray {
        let width = columns.len();
        let mut scaling = Vec::new();
        let mut values = [training, validation].map(|rows| vec![0.0; rows.len() * width]);
        for (offset, (place, column)) in columns.into_iter().enumerate() {
            let has_classes = matches!(column, Column::Classes(_));
            let mut numbers = match column {
                Column::Numbers(numbers) => numbers,
                Column::Classes(coded) => coded.codes.into_iter().map(f64::from).collect(),
            };
            if let Some(span) = scaled_at {
                let rows = training.iter().map(|row| numbers[*row as usize]);
                let scaled = if has_classes {
                    Err(Unscalable::Classes)
                } else {
                    Scaling::of(rows)
                };
                match scaled {
                    Ok(Scaling { mean, deviation }) => {
                        for number in &mut numbers {
                            *number = (*number - mean) / deviation;
                        }
                        scaling.push(Scaling { mean, deviation });
                    }
                    Err(why) => self.not_standardized(span, place, why),
                }
            }
            for (values, rows) in values.iter_mut().zip([training, validation]) {
                let values = values.iter_mut().skip(offset).step_by(width);
                for (value, row) in values.zip(rows) {
                    *value = numbers[*row as usize];
                }
            }
        }
        let [of_training, of_validation] = values;
        DataArray {
            name: wanted.name.value.clone(),
            shape: match wanted.is_list {
                true => Shape::from([training.len(), width]),
                false => Shape::from([training.len()]),
            },
            training: of_training.into(),
            validation: of_validation.into(),
            scaling,
        }
    }

    /// The place of each array in the list under `key`, if it is listed.
    fn listed(&mut self, key: &str, names: &'a [At<String>]) -> Vec<Option<&'a Span>> {
        let columns = &self.description.columns;
        let mut spans = vec![None; columns.len()];
        for name in names {
            let place = columns
                .iter()
                .position(|array| array.name.value == name.value);
            match place {
                Some(place) if spans[place].is_some() => {
                    let message = format!("`{}` is listed twice in `{key}`", name.value);
                    self.mistake(Code::NameTaken, &name.span, message, "remove it");
                }
                Some(place) => spans[place] = Some(&name.span),
                None => {
                    let names = columns.iter().map(|array| array.name.value.as_str());
                    let label = suggestion(&name.value, "available", names);
                    let message = format!("`{}` is not one of the `columns`", name.value);
                    self.mistake(Code::UnknownName, &name.span, message, label);
                }
            }
        }
        spans
    }

    /// The numbers of rows for training and for validation.
    fn parts(&mut self) -> Option<(usize, usize)> {
        let rows = self.table.rows();
        let Some(wanted) = &self.description.validation else {
            return Some((rows, 0));
        };
        let value = wanted.value.wide();
        #[expect(clippy::cast_precision_loss, reason = "a table has at most 2^25 rows")]
        let count = if value < 1.0 {
            (value * rows as f64).round_ties_even()
        } else {
            value
        };
        #[expect(clippy::cast_precision_loss, reason = "a table has at most 2^25 rows")]
        let is_part = count >= 1.0 && count < rows as f64 && count == count.floor();
        if !is_part {
            let written = short(value);
            let message = match value {
                0.0..1.0 => format!(
                    "a share of {written} of the {} is {} of them",
                    counted(rows, "row"),
                    if count < 1.0 { "none" } else { "all" }
                ),
                _ if value == value.floor() && value > 0.0 => format!(
                    "{written} of the {} cannot be used for validation",
                    counted(rows, "row")
                ),
                _ => format!("`validation` cannot be {written}"),
            };
            let label = match rows {
                1 => "a single row is needed for training".to_owned(),
                2 => "expected a share below 1, or 1 row".to_owned(),
                _ => format!(
                    "expected a share below 1, or 1 to {} rows",
                    grouped(rows as u128 - 1)
                ),
            };
            self.mistake(Code::Data, &wanted.span, message, label);
            return None;
        }
        let count = count as usize;
        Some((rows - count, count))
    }

    fn batch_size(&mut self, training: usize) -> Option<usize> {
        let Some(wanted) = &self.description.batch_size else {
            return Some(training);
        };
        let size = usize::try_from(wanted.value).unwrap_or(usize::MAX);
        if (1..=training).contains(&size) {
            return Some(size);
        }
        let message = match size {
            0 => "`batch_size` cannot be 0".to_owned(),
            _ => format!(
                "a batch of {} is larger than the {} for training",
                grouped(u128::from(wanted.value)),
                counted(training, "row")
            ),
        };
        let label = match training {
            1 => "expected 1".to_owned(),
            _ => format!("expected 1 to {}", grouped(training as u128)),
        };
        self.mistake(Code::Data, &wanted.span, message, label);
        None
    }

    fn not_standardized(&mut self, span: &Span, place: usize, why: Unscalable) {
        let column = table::shown(&self.table.header()[place]);
        let file = self.table.file();
        let (message, label) = match why {
            Unscalable::Constant(value) => (
                format!(
                    "column `{column}` of `{file}` is {} in all training rows",
                    short(value)
                ),
                "cannot be standardized: its standard deviation is 0",
            ),
            Unscalable::Classes => (
                format!("column `{column}` of `{file}` contains classes, not numbers"),
                "cannot be standardized",
            ),
            Unscalable::OutOfRange => (
                format!(
                    "the standard deviation of column `{column}` of `{file}` is not a normal number"
                ),
                "cannot be standardized",
            ),
        };
        self.mistake(Code::Data, span, message, label);
    }
}
