//! `index.html`: a report as one page that stands alone.
//!
//! A [`Page`] says what is shown, [`html`] makes the document: text, tables and charts that
//! can be read without a script, and a script that adds what needs one (sorting, filtering,
//! values at the cursor). Everything is inside the file, and its policy forbids the browser
//! to load anything else. Whatever titles and labels contain is escaped by `maud`.
//!
//! Nothing here knows plans or runs, only texts, tables and drawings.

mod chart;
mod document;
mod model;
mod policy;
mod source;
mod table;
mod values;

pub use chart::ChartView;
pub use document::html;
pub use model::{Cell, Column, Kind, Page, Row, Runs, Setting, Settings, Values};

/// The most rows of runs on a page. More make it slow to open, and nobody reads them.
pub const GREATEST_ROWS: usize = 1_000;

/// The most rows of a table of a derivative on a page.
pub const GREATEST_VALUES: usize = 100;
