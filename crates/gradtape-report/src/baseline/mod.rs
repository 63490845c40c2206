//! Final values against the expectations of the file and against the recorded report.

mod deviation;
mod expected;
mod matching;
mod recorded;
mod report;
mod states;
mod tables;

pub use deviation::{Apart, Demand, Deviation, Subject};
pub use expected::{unexpected, unexpected_values};
pub use recorded::RecordedRuns;
pub use report::RecordedReport;
pub use states::StateRecorder;
