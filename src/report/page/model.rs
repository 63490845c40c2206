//! What a page shows.

use super::ChartView;
use crate::diagnosis::Detail;

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
    /// How many ended in which way, the most frequent first.
    pub statuses: Vec<(String, Tone, u64)>,
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
    /// The way in which the run ended, in its colour.
    Status,
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
    /// The colour of its status.
    pub tone: Tone,
    /// How it went, in a sentence.
    pub verdict: String,
    /// Whether it is the best one.
    pub is_best: bool,
}

/// How an ending is coloured. The words beside say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Arrived.
    Good,
    /// Neither.
    #[default]
    Neutral,
    /// Went wrong.
    Bad,
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
