//! The content of a page.

use super::ChartView;
use gradtape_experiment::diagnosis::ObjectiveDetail;
use gradtape_experiment::ending::Tone;

/// The content of a page, in order.
#[derive(Debug, Default)]
pub struct Page {
    /// The heading.
    pub title: String,
    /// The description of the experiment; empty lines separate paragraphs.
    pub description: Option<String>,
    /// The parts of the line about the experiment: `50 runs`, `f64`.
    pub outline: Vec<String>,
    /// The sentences of the summary.
    pub diagnosis: Vec<String>,
    /// Further sentences by objective.
    pub details: Vec<ObjectiveDetail>,
    /// The charts.
    pub charts: Vec<ChartView>,
    /// The settings of each objective by their rank, if there are repetitions.
    pub rankings: Vec<SettingsTable>,
    /// The runs, if there are any.
    pub runs: Option<RunsTable>,
    /// The tables of derivatives.
    pub values: Vec<ValuesTable>,
    /// Names and values about the origin of the report.
    pub facts: Vec<(String, String)>,
    /// The other files of the report.
    pub files: Vec<String>,
    /// The name of the experiment file, and its text.
    pub experiment: (String, String),
}

/// The table of runs.
#[derive(Debug, Default)]
pub struct RunsTable {
    /// The columns, without the number of the run.
    pub columns: Vec<Column>,
    /// The rows: the first ones, and the best one.
    pub rows: Vec<RunRow>,
    /// The number of all runs.
    pub of: u64,
    /// The number of runs with each outcome, the most frequent first.
    pub outcomes: Vec<(String, Tone, u64)>,
    /// The file with all of them.
    pub file: String,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// The name as in the CSV file, for the filter.
    pub name: String,
    /// The heading.
    pub title: String,
    /// The type of its cells.
    pub kind: CellKind,
}

/// The type of the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Numbers, aligned to the right and sorted by value.
    Number,
    /// Text.
    Text,
    /// The outcome of the run, coloured.
    Outcome,
}

/// A cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// The displayed text.
    pub text: String,
    /// All digits, if they differ from the text.
    pub exact: Option<String>,
}

/// A run in the table.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its number.
    pub run: u64,
    /// A cell for each column.
    pub cells: Vec<Cell>,
    /// The colour of its outcome.
    pub tone: Tone,
    /// Its diagnosis.
    pub sentence: String,
    /// Whether it is the best run.
    pub is_best: bool,
}

/// The settings of an objective, the best first.
#[derive(Debug, Default)]
pub struct SettingsTable {
    /// The objective, if there are several.
    pub title: Option<String>,
    /// The quantity that ranks them.
    pub quantity: &'static str,
    /// Whether the minimum is known.
    pub has_minimum: bool,
    /// Whether the first setting has a finite median.
    pub has_best: bool,
    /// A row for each setting that is shown.
    pub rows: Vec<SettingRow>,
    /// The number of all settings.
    pub of: u64,
    /// The test that compares them.
    pub test: Option<&'static str>,
}

/// A setting with the results of its runs.
#[derive(Debug, Default)]
pub struct SettingRow {
    /// The values that distinguish it from other settings.
    pub label: String,
    /// The smallest loss, the quartiles and the largest loss.
    pub losses: [Cell; 5],
    /// The share that converged.
    pub converged: String,
    /// The share that reached the known minimum.
    pub reached: Option<String>,
    /// The share that diverged.
    pub diverged: String,
    /// The comparison with the best setting.
    pub comparison: String,
}

/// The table of a derivative.
#[derive(Debug, Default)]
pub struct ValuesTable {
    /// The heading.
    pub title: String,
    /// The formula, if it is not the heading.
    pub formula: Option<String>,
    /// The headings of the first columns.
    pub columns: Vec<String>,
    /// The number of all columns.
    pub columns_of: usize,
    /// The first rows.
    pub rows: Vec<Vec<Cell>>,
    /// The number of all rows.
    pub of: usize,
    /// The file with all of them.
    pub file: String,
}
