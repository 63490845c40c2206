//! Updating a recorded report that differs or is missing.

use std::path::Path;

use gradtape_experiment::batch::Control;
use gradtape_report::experiment::Check;
use gradtape_report::report_name;

use super::comparison::{Comparison, Update};
use crate::commands::record::{record, record_some};
use crate::experiment::Experiment;
use crate::failure::Failure;

/// Updates the recorded report for the selected runs.
pub fn update(
    check: &Check<'_>,
    experiment: &Experiment,
    comparison: &Comparison,
    out: &Path,
    control: &Control,
) -> Result<Update, Failure> {
    if experiment.is_whole() || comparison.is_unrecorded {
        record(experiment, out, control)?;
        return Ok(Update::Done);
    }
    if !check.is_of_the_same_text() {
        let why = "the file has changed since it was recorded; omit --filter";
        return Ok(Update::Refused(why));
    }
    if comparison.is_more_than_runs {
        let why = "there are differences outside the selected runs";
        return Ok(Update::Refused(why));
    }
    let folder = out.join(report_name(&experiment.file));
    Ok(match record_some(experiment, &folder, control)? {
        true => Update::Done,
        false => Update::Refused("the recorded report was replaced during the check"),
    })
}
