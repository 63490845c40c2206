//! The plan of an experiment: every default filled in, every check passed, every run
//! numbered.
//!
//! No run of a plan can fail: whatever happens to a run is its
//! [status](crate::ending::Status).

mod arithmetic;
pub mod charts;
mod check;
mod columns;
mod data;
mod decide;
mod derivatives;
mod ends;
mod expectations;
mod filter;
mod grid;
mod limits;
mod loss;
mod minimum;
mod objectives;
mod optimizers;
mod quantity;
mod record;
mod run;
mod runs;
mod start;
mod values;
mod variation;
mod varying;

use std::ops::Deref;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::mistake::Mistakes;
use crate::number::Number;

use decide::Files;
pub(crate) use loss::DataRows;

pub use arithmetic::Arithmetic;
pub use objectives::{Bounds, Objective};
pub use optimizers::Optimizer;
pub use run::Run;
pub use runs::Runs;

#[doc(hidden)]
pub use self::{
    charts::{Band, Chart, ChartKind, Font, Scale, Style, Theme, quantity_label},
    check::Check,
    data::{RecordedArray, RecordedClasses, RecordedData},
    derivatives::{Curve, Derivative, Expected, MAX_COLUMNS, MAX_POINTS, MAX_VALUES},
    expectations::{Bound, Expectation, Tolerance},
    filter::Filter,
    grid::{Axis, Grid, Range, Series},
    limits::{
        MAX_ARRAY_OPERATIONS, MAX_CHARTS, MAX_DENSE, MAX_DERIVATIVES, MAX_ELEMENTS, MAX_EPOCHS,
        MAX_EXPECTATIONS, MAX_JACOBIAN, MAX_LISTED, MAX_OBJECTIVES, MAX_OPERATIONS, MAX_ROWS,
        MAX_RUN_EPOCHS, MAX_RUNS, MAX_SQUARES, MAX_VARIABLES, limits,
    },
    quantity::Quantity,
    record::{Record, RecordedEpochs},
};

/// Everything that an experiment does, with all defaults filled in.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::plan::Plan;
///
/// let plan = Plan::new("example.toml", r#"
///     epochs = 100
///     [[objective]]
///     formula = "w^2"
///     start = { w = 1.0 }
///     [[optimizer]]
///     method = "sgd"
///     learning_rate = [0.1, 0.01]
///     momentum = [0, 0.9]
/// "#)?;
/// assert_eq!(plan.runs.count(), 4);
/// assert_eq!(plan.label(&plan.run(1)), "learning_rate=0.1, momentum=0.9");
/// # Ok::<(), gradtape_experiment::mistake::Mistakes>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    /// The title of the report.
    pub title: String,
    /// The description of the experiment.
    pub description: Option<String>,
    /// The runs; a plan can be used as its runs.
    pub runs: Runs,
    /// The rules that end a run early.
    pub stop: Stop,
    /// The recorded part of the trajectories.
    pub record: Record,
    /// The charts of the report.
    pub charts: Vec<Chart>,
    /// The style of the charts.
    pub style: Style,
    /// The expectations of the final values.
    pub expectations: Vec<Expectation>,
    /// The allowed differences from recorded values.
    pub check: Check,
    /// The tables of derivatives, in the order of the file.
    pub derivatives: Vec<Derivative>,
    /// The SHA-256 of the experiment file, in hexadecimal digits.
    pub hash: String,
}

/// The rules that end a run before its last epoch.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// The rules that the file has, by their keys in `[stop]`, with their limits.
    pub limits: Vec<(&'static str, Number)>,
    /// With `patience`, the decrease of the loss that an improvement must exceed; any decrease
    /// by default.
    pub min_delta: Option<Number>,
}

impl Plan {
    /// Makes the plan of the experiment file `path` with the text `source`.
    ///
    /// # Errors
    ///
    /// All errors of the file, as far as one does not hide another.
    pub fn new(path: &str, source: &str) -> Result<Plan, Mistakes> {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        decide::decide(path, source, Files::In(folder))
            .map_err(|list| Mistakes::new(path, source, list))
    }

    /// The plan of an experiment that has a report, without reading its data: its runs
    /// cannot be computed.
    ///
    /// # Errors
    ///
    /// As [`Plan::new`].
    pub fn of_report(path: &str, source: &str, data: &[RecordedData]) -> Result<Plan, Mistakes> {
        decide::decide(path, source, Files::Recorded(data))
            .map_err(|list| Mistakes::new(path, source, list))
    }

    /// The number of rows of all trajectories together, if no run ends early.
    #[must_use]
    pub fn rows(&self) -> u128 {
        self.sum_over_runs(|epochs| self.record.rows(epochs))
    }
}

/// What is asked of the runs of a plan is asked of the plan.
impl Deref for Plan {
    type Target = Runs;

    fn deref(&self) -> &Runs {
        &self.runs
    }
}

/// The name of the report of an experiment file: the name of the file without its extension.
#[must_use]
#[doc(hidden)]
pub fn report_name(file: &str) -> String {
    let stem = Path::new(file).file_stem();
    stem.map_or_else(
        || file.to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

/// The SHA-256 of a text, in hexadecimal digits.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
