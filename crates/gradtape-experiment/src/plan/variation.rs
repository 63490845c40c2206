//! How the settings of runs vary: labels, and what all runs share.

use super::grid::{Range, Series};
use super::{Run, Runs};
use crate::number::Value;

impl Runs {
    /// The label of a run: the settings that vary, and only those; for a single run its
    /// objective.
    #[must_use]
    pub fn label(&self, run: &Run) -> String {
        self.label_by(run, |_| true)
    }

    /// The value that all runs share in a column of [`Runs::columns`], given by its place;
    /// `None` if some run has another value, or none.
    #[must_use]
    pub fn constant(&self, column: usize) -> Option<Value> {
        if self.count == 0 || self.varying.anywhere(column) {
            return None;
        }
        // The first run of an objective or an optimizer shows what does not vary within it.
        let choices = self.optimizer_ends.sum();
        let optimizers = (0..self.optimizers.len()).map(|place| self.optimizer_ends.begin(place));
        let objectives = (0..self.objectives.len()).map(|place| self.objective_ends.begin(place));
        let objectives = objectives.map(|begin| begin * choices);
        let first = self.setting(0, column)?;
        let mut firsts = optimizers.chain(objectives);
        let is_same = firsts.all(|begin| {
            let setting = self.setting(begin * self.repetitions, column);
            setting.as_ref() == Some(&first)
        });
        is_same.then_some(first)
    }

    /// The label of a run from those [`Runs::columns`] only for whose places `counts` holds.
    #[must_use]
    pub fn label_by(&self, run: &Run, counts: impl Fn(usize) -> bool) -> String {
        let mut label = String::new();
        for (column, value) in run.settings.iter().enumerate() {
            let Some(value) = value else { continue };
            let varies = self.varying.within(column, run.objective, run.optimizer);
            if !(varies && counts(column)) {
                continue;
            }
            if !label.is_empty() {
                label.push_str(", ");
            }
            if !matches!(value, Value::Name(_)) {
                let name = &self.columns.names[column];
                label.push_str(name.strip_prefix("start.").unwrap_or(name));
                label.push('=');
            }
            value.push_short(&mut label);
        }
        if label.is_empty() {
            label.push_str(&self.objectives[run.objective].name);
        }
        label
    }

    /// Whether a setting differs between some runs.
    #[must_use]
    pub fn varies(&self, column: &str) -> bool {
        let place = self.columns.names.iter().position(|known| known == column);
        place.is_some_and(|place| self.varying.anywhere(place))
    }

    /// Whether a setting was given as a logarithmic range.
    #[must_use]
    pub fn is_log_range(&self, column: &str) -> bool {
        let optimizers = self
            .optimizers
            .iter()
            .flat_map(|optimizer| optimizer.settings.series());
        let constants = self
            .objectives
            .iter()
            .flat_map(|objective| objective.constants.series());
        let starts = self
            .objectives
            .iter()
            .flat_map(|objective| &objective.starts);
        let is_log = |series: &Series| matches!(series, Series::Range(Range { log: true, .. }));
        match column.strip_prefix("start.") {
            Some(variable) => starts
                .flat_map(|start| start.grid.series())
                .any(|(name, series)| name == variable && is_log(series)),
            None => optimizers
                .chain(constants)
                .chain(self.numerics.series())
                .any(|(name, series)| name == column && is_log(series)),
        }
    }
}
