//! What an experiment contains, in a line of each command that prints one.

use gradtape_experiment::number::counted;
use gradtape_experiment::plan::Plan;
use gradtape_experiment::text::printable;

use crate::terminal::{FAINT, text};

/// The number of runs or derivatives of an experiment, or both.
pub fn contents(plan: &Plan, runs: u128) -> String {
    let derivatives = plan.derivatives.len() as u128;
    match (plan.runs.count(), derivatives) {
        (_, 0) => counted(runs, "run"),
        (0, _) => counted(derivatives, "derivative"),
        _ => format!(
            "{}, {}",
            counted(runs, "run"),
            counted(derivatives, "derivative")
        ),
    }
}

/// How each text column of the data files was read, a line each.
pub fn classes(plan: &Plan) -> String {
    /// More names than this are in `report.json`, not on the terminal.
    const MAX_NAMES: usize = 5;
    let lines = plan.classes().into_iter().map(|(file, classes)| {
        let text = format!("{file}, {}", classes.with_names(MAX_NAMES));
        let text = text::wrap(&printable(text), 2, 4);
        format!("{FAINT}{text}{FAINT:#}")
    });
    lines.collect()
}
