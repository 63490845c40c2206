//! What prints or writes the results of a check.

use gradtape_report::experiment::Checked;

use super::verdict::Verdict;
use crate::failure::Failure;

/// A form of the results, which come in this order.
pub trait Reporter {
    /// Takes the comparison of a run, of a derivative, or of the report as a whole.
    fn add(&mut self, _file: &str, _checked: &Checked) {}

    /// Takes the verdict on a file.
    fn conclude(&mut self, _verdict: &Verdict) {}

    /// Takes the verdicts on all files, after the last one.
    fn finish(&mut self, _verdicts: &[Verdict]) -> Result<(), Failure> {
        Ok(())
    }
}
