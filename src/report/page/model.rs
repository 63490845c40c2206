//! What a page shows.

use super::ChartView;
use crate::diagnosis::Detail;
use crate::ending::Tone;

/// Everything on a page, in its order.
#[derive(Debug, Default)]
pub struct Page {
    /// The heading.
    pub title: String,
    /// What the experiment is about; paragraphs are divided by empty lines.
    pub description: Option<String>,
    /// What was run, in a line: `50 runs`, `f64`.
    pub outline: Vec<String>,
    /// What happened: the sentences of a paragraph.
    pub diagnosis: Vec<String>,
    /// What is too much for the paragraph.
    pub details: Vec<Detail>,
    /// The charts.
    pub charts: Vec<ChartView>,
    /// The settings of each objective by their rank, if there are repetitions.
    pub rankings: Vec<Settings>,
    /// The runs, if there are any.
    pub runs: Option<Runs>,
    /// The tables of derivatives.
    pub values: Vec<Values>,
    /// Names and values that say where the report comes from.
    pub facts: Vec<(String, String)>,
    /// The other files of the report.
    pub files: Vec<String>,
    /// The name of the experiment file, and its text.
    pub experiment: (String, String),
}

/// The table of runs.
#[derive(Debug, Default)]
pub struct Runs {
    /// The columns, without that of the run's number.
    pub columns: Vec<Column>,
    /// The rows: the first ones, and the best one.
    pub rows: Vec<Row>,
    /// How many runs there are.
    pub of: u64,
    /// How many came to which outcome, the most frequent first.
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
    /// What its cells are.
    pub kind: Kind,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, aligned to the right and sorted by value.
    Number,
    /// Texts.
    Text,
    /// What the run came to, in its colour.
    Outcome,
}

/// A cell.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    /// What is shown.
    pub text: String,
    /// All digits, if that is not the same.
    pub exact: Option<String>,
}

/// A run in the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its number.
    pub run: u64,
    /// A cell for each column.
    pub cells: Vec<Cell>,
    /// The colour of its outcome.
    pub tone: Tone,
    /// Its diagnosis.
    pub sentence: String,
    /// Whether it is the best one.
    pub is_best: bool,
}

/// The settings of an objective, the best first.
#[derive(Debug, Default)]
pub struct Settings {
    /// The objective, if there are several.
    pub title: Option<String>,
    /// What they are ranked by.
    pub quantity: &'static str,
    /// Whether the minimum is known.
    pub has_minimum: bool,
    /// Whether the first one is better than no setting at all.
    pub has_best: bool,
    /// A row for each setting that is shown.
    pub rows: Vec<Setting>,
    /// How many settings there are.
    pub of: u64,
    /// The test that compares them.
    pub test: Option<&'static str>,
}

/// A setting with what its runs came to.
#[derive(Debug, Default)]
pub struct Setting {
    /// What tells it apart.
    pub label: String,
    /// The smallest loss, the quartiles and the largest.
    pub losses: [Cell; 5],
    /// The share that converged.
    pub converged: String,
    /// The share that reached the known minimum.
    pub reached: Option<String>,
    /// The share that diverged.
    pub diverged: String,
    /// How it compares with the best one.
    pub comparison: String,
}

/// The table of a derivative.
#[derive(Debug, Default)]
pub struct Values {
    /// The heading.
    pub title: String,
    /// What is differentiated, if the heading does not say so.
    pub formula: Option<String>,
    /// The headings of the first columns.
    pub columns: Vec<String>,
    /// How many columns there are.
    pub columns_of: usize,
    /// The first rows.
    pub rows: Vec<Vec<Cell>>,
    /// How many rows there are.
    pub of: usize,
    /// The file with all of them.
    pub file: String,
}
