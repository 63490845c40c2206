//! The description of an objective's data in a report.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::{Classes, DataArray, Dataset, MAX_CELLS, Scaling};
use gradtape_tape::Shape;

/// The description of an objective's data in a report: the file and its use, without the
/// numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedData {
    /// The `[[objective]]` of the experiment, from 0.
    pub objective: usize,
    /// The file as the experiment names it.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// The number of training rows.
    pub training_rows: usize,
    /// The number of validation rows.
    pub validation_rows: usize,
    /// The number of rows per update.
    pub batch_size: usize,
    /// The vectors and matrices.
    pub arrays: Vec<RecordedArray>,
    /// The columns of strings that became numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<RecordedClasses>,
}

/// A vector or a matrix of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedArray {
    /// The name in the formula.
    pub name: String,
    /// Its lengths, the number of training rows first.
    pub shape: Vec<usize>,
    /// The mean subtracted from each column; empty if it was not standardized.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f64>,
    /// The standard deviation that each column was divided by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deviation: Vec<f64>,
}

/// A column of strings that became numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedClasses {
    /// The column of the file.
    pub column: String,
    /// The strings in the order of their numbers, from 0.
    pub names: Vec<String>,
}

impl RecordedData {
    pub(super) fn new(objective: usize, data: &Dataset) -> Self {
        let array = |array: &DataArray| RecordedArray {
            name: array.name.clone(),
            shape: array.shape.to_vec(),
            mean: array.scaling.iter().map(|scaling| scaling.mean).collect(),
            deviation: array.scaling.iter().map(|one| one.deviation).collect(),
        };
        let classes = |classes: &Classes| RecordedClasses {
            column: classes.column.clone(),
            names: classes.names.clone(),
        };
        RecordedData {
            objective,
            file: data.file.clone(),
            sha256: data.sha256.clone(),
            training_rows: data.training.len(),
            validation_rows: data.validation.len(),
            batch_size: data.batch_size,
            arrays: data.arrays.iter().map(array).collect(),
            classes: data.classes.iter().map(classes).collect(),
        }
    }

    /// Whether [`RecordedData::new`] can have made it; a file can be damaged.
    pub(super) fn is_sound(&self) -> bool {
        let is_sound = |array: &RecordedArray| {
            let elements = array.shape.iter().try_fold(1, |product: usize, length| {
                product.checked_mul(*length).filter(|product| *product > 0)
            });
            matches!(array.shape.len(), 1 | 2)
                && array.shape[0] == self.training_rows
                && elements.is_some_and(|elements| elements <= MAX_CELLS)
        };
        let rows = self.training_rows.saturating_add(self.validation_rows);
        rows <= MAX_CELLS && self.batch_size > 0 && self.arrays.iter().all(is_sound)
    }

    /// The data set without its numbers.
    pub(super) fn empty(&self) -> Dataset {
        let array = |array: &RecordedArray| {
            let scaling = array.mean.iter().zip(&array.deviation);
            let scaling = scaling.map(|(mean, deviation)| Scaling {
                mean: *mean,
                deviation: *deviation,
            });
            DataArray {
                name: array.name.clone(),
                shape: Shape::from(&array.shape[..]),
                training: Arc::from([]),
                validation: Arc::from([]),
                scaling: scaling.collect(),
            }
        };
        let classes = |classes: &RecordedClasses| Classes {
            column: classes.column.clone(),
            names: classes.names.clone(),
        };
        Dataset {
            file: self.file.clone(),
            sha256: self.sha256.clone(),
            arrays: self.arrays.iter().map(array).collect(),
            training: vec![0; self.training_rows],
            validation: vec![0; self.validation_rows],
            batch_size: self.batch_size,
            classes: self.classes.iter().map(classes).collect(),
        }
    }
}
