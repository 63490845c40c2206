//! `index.html`: a report as one self-contained page.
//!
//! A [`Page`] is the content, [`html`] makes the document: text, tables and charts that
//! can be read without a script, and a script for sorting, filtering and values at the cursor.
//! Everything is inside the file, and its policy forbids the browser to load anything else.
//! Titles and labels are escaped by `maud`.
//!
//! This module does not know plans or runs, only text, tables and drawings.

mod chart;
mod document;
mod model;
mod policy;
mod source;
mod table;
mod values;

pub use chart::ChartView;
pub use document::html;
pub use model::{
    Cell, CellKind, Column, Page, RunRow, RunsTable, SettingRow, SettingsTable, ValuesTable,
};

/// Maximum number of rows of runs on a page. More would make it slow to open.
pub const MAX_ROWS: usize = 1_000;

/// Maximum number of rows of a derivative's table on a page.
pub const MAX_VALUES: usize = 100;
