//! A quantity over another: a line for each run.

use super::collect::{Endings, Lines};
use super::colours::{LEGEND, Series};
use crate::plan::{Plan, Run};
use crate::report::chart::{Colour, Line};

/// A line for each run of chart number `place`.
pub(super) fn line_series(
    plan: &Plan,
    place: usize,
    runs: &[u64],
    lines: &Lines,
    endings: &Endings,
) -> Vec<Series> {
    // A legend names what varies among its lines, which may be less than what varies
    // among all runs.
    let few: Vec<Run> = match runs.len() {
        2..=LEGEND => runs.iter().map(|run| plan.run(*run)).collect(),
        _ => Vec::new(),
    };
    let differs = |column: usize| {
        few.iter()
            .any(|run| run.settings[column] != few[0].settings[column])
    };
    let series = runs.iter().filter_map(|run| {
        let points = lines.get(&(place, *run))?;
        let ending = endings.get(place, *run)?;
        let mut line = Line::new(points.clone(), Colour::Category(0));
        line.diverged = ending.is_diverged;
        line.name.clone_from(&ending.label);
        line.run = Some(*run);
        let run = plan.run(*run);
        let label = if few.is_empty() {
            ending.label.clone()
        } else {
            plan.label_by(&run, differs)
        };
        Some(Series {
            line,
            label,
            settings: run.settings,
        })
    });
    series.collect()
}
