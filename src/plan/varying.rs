//! Which settings tell runs apart.

use std::collections::HashMap;

use super::{Grid, Objective, Optimizer, Series};
use crate::number::Value;

/// For each column of a plan where it varies. It is looked up for each run, so it is
/// found out once.
#[derive(Clone, Debug, Default)]
pub(super) struct Varying {
    /// Among the runs of one objective and one optimizer.
    numerics: Vec<bool>,
    objectives: Vec<Vec<bool>>,
    optimizers: Vec<Vec<bool>>,
    /// Among all runs.
    all: Vec<bool>,
}

impl Varying {
    pub(super) fn new(
        columns: &[String],
        numerics: &Grid,
        objectives: &[Objective],
        optimizers: &[Optimizer],
    ) -> Varying {
        let places = columns.iter().enumerate();
        let places: HashMap<&str, usize> =
            places.map(|(place, name)| (name.as_str(), place)).collect();
        let none = || vec![false; columns.len()];
        let mark = |marks: &mut Vec<bool>, name: &str| {
            if let Some(place) = places.get(name) {
                marks[*place] = true;
            }
        };
        let mark_grid = |marks: &mut Vec<bool>, grid: &Grid| {
            for (name, _) in grid.series().filter(|(_, series)| series.varies()) {
                mark(marks, name);
            }
        };
        let mut in_numerics = none();
        mark_grid(&mut in_numerics, numerics);
        // The names say which of them a run has, in its objective or another.
        for (name, count) in [
            ("objective", objectives.len()),
            ("optimizer", optimizers.len()),
        ] {
            if count > 1 {
                mark(&mut in_numerics, name);
            }
        }
        let in_objective = |objective: &Objective| {
            let mut marks = none();
            mark_grid(&mut marks, &objective.constants);
            let mut firsts: HashMap<&str, Value> = HashMap::new();
            for (variable, series) in objective.starts.iter().flat_map(Grid::series) {
                let first = series.get(0);
                let known = firsts.entry(variable).or_insert_with(|| first.clone());
                if *known != first || series.varies() {
                    mark(&mut marks, &format!("start.{variable}"));
                }
            }
            marks
        };
        let in_optimizer = |optimizer: &Optimizer| {
            let mut marks = none();
            mark_grid(&mut marks, &optimizer.settings);
            marks
        };
        let mut varying = Varying {
            all: in_numerics.clone(),
            numerics: in_numerics,
            objectives: objectives.iter().map(in_objective).collect(),
            optimizers: optimizers.iter().map(in_optimizer).collect(),
        };
        for marks in varying.objectives.iter().chain(&varying.optimizers) {
            let both = varying.all.iter_mut().zip(marks);
            both.for_each(|(all, mark)| *all |= mark);
        }
        // Settings that differ only between two optimizers.
        let mut firsts: HashMap<&str, Value> = HashMap::new();
        let settings = optimizers.iter().flat_map(|one| one.settings.series());
        for (name, series) in settings {
            let first = Series::get(series, 0);
            if *firsts.entry(name).or_insert_with(|| first.clone()) != first {
                mark(&mut varying.all, name);
            }
        }
        varying
    }

    /// Whether a column, by its place, belongs in the label of a run. What differs
    /// only between two optimizers is told by their names.
    pub(super) fn within(&self, column: usize, objective: usize, optimizer: usize) -> bool {
        let is = |marks: Option<&Vec<bool>>| marks.is_some_and(|marks| marks[column]);
        self.numerics.get(column).copied().unwrap_or(false)
            || is(self.objectives.get(objective))
            || is(self.optimizers.get(optimizer))
    }

    /// Whether a column differs between some runs.
    pub(super) fn anywhere(&self, column: usize) -> bool {
        self.all.get(column).copied().unwrap_or(false)
    }
}
