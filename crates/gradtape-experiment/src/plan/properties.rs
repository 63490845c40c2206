//! What the reports need to know of a plan.

use super::*;

#[doc(hidden)]
impl Plan {
    /// The plan of an experiment that has a report, without reading its data: its runs
    /// cannot be computed.
    ///
    /// # Errors
    ///
    /// As [`Plan::new`].
    pub fn of_report(path: &str, source: &str, data: &[RecordedData]) -> Result<Plan, Mistakes> {
        decide::decide(path, source, Files::Recorded(data))
            .map_err(|list| Mistakes::new(path, source, list))
    }

    /// The distinct arithmetics of the experiment, in the order of its runs: a
    /// derivative is evaluated in each.
    #[must_use]
    pub fn arithmetics(&self) -> &[Arithmetic] {
        &self.arithmetics
    }

    /// The columns of the parameters at the smallest loss: [`Plan::parameters`] with `best.`
    /// in front.
    #[must_use]
    pub fn best_columns(&self) -> &[String] {
        &self.best_columns
    }

    /// The place of each of [`Plan::parameters`] among those of an objective.
    #[must_use]
    pub fn places(&self, objective: usize) -> &[Option<usize>] {
        &self.places[objective]
    }

    /// The columns of data files that were read as classes, each once, with its file.
    #[must_use]
    pub fn classes(&self) -> Vec<(&str, &Classes)> {
        let mut all: Vec<(&str, &Classes)> = Vec::new();
        for data in self.objectives.iter().filter_map(|one| one.data.as_ref()) {
            for classes in &data.classes {
                let one = (data.file.as_str(), classes);
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        all
    }

    /// The description of the data for a report.
    #[must_use]
    pub fn recorded_data(&self) -> Vec<RecordedData> {
        let with_data = self.objectives.iter();
        let with_data = with_data.filter_map(|one| Some((one.table, one.data.as_ref()?)));
        with_data
            .map(|(table, data)| RecordedData::new(table, data))
            .collect()
    }

    /// Whether rows of data are held out for validation, so that runs have a
    /// `validation_loss`.
    #[must_use]
    pub fn has_validation(&self) -> bool {
        self.objectives.iter().any(Objective::has_validation)
    }

    /// Whether there is a line-search or second-order method, whose evaluations are not the
    /// same as its epochs.
    #[must_use]
    pub fn has_searches(&self) -> bool {
        let mut methods = self.optimizers.iter().map(|one| one.method);
        methods.any(|method| method.needs().is_some())
    }

    /// Whether some run has a `gap`, since its objective has a known minimum.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        self.objectives
            .iter()
            .any(|objective| objective.minimum.is_some())
    }

    /// Whether some run has a `distance`, since its objective has a known minimiser.
    #[must_use]
    pub fn has_distance(&self) -> bool {
        let mut objectives = self.objectives.iter();
        objectives.any(|objective| objective.minimum_at.is_some())
    }

    /// The largest number of epochs of any run.
    #[must_use]
    pub fn greatest_epochs(&self) -> u64 {
        let series = self.numerics.series().find(|(name, _)| *name == "epochs");
        let epochs = series.into_iter().flat_map(|(_, series)| series.iter());
        epochs.filter_map(|value| whole(&value)).max().unwrap_or(0)
    }

    /// The number of updates of all runs together, if none ends early.
    #[must_use]
    pub fn run_epochs(&self) -> u128 {
        self.sum_over_runs(|epochs| epochs)
    }

    /// The number of rows of all trajectories together, if no run ends early.
    #[must_use]
    pub fn rows(&self) -> u128 {
        self.sum_over_runs(|epochs| self.record.rows(epochs))
    }

    /// The objective of run number `number`, by its place among [`Plan::objectives`],
    /// without the rest of the run.
    ///
    /// # Panics
    ///
    /// If no run has this number; see [`Plan::runs`].
    #[must_use]
    pub fn objective_of(&self, number: u64) -> usize {
        self.place(number).objective
    }

    /// The label of a run from those [`Plan::columns`] only for whose places `counts` holds.
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
