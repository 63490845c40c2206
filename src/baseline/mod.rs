//! Final values against what the file expects, and against the recorded report.

mod deviation;
mod expected;
mod matching;
mod recorded;
mod tables;

pub use deviation::Deviation;
pub use expected::{unexpected, unexpected_values};
pub use recorded::{Recorded, changed_data, recorded_plan};
pub use tables::compare_tables;
