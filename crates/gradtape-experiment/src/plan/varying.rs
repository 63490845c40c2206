//! The settings in which runs differ.

use std::collections::HashMap;

use super::columns::{Columns, GridColumns};
use super::{Grid, Objective, Optimizer, Series};
use crate::number::Value;

/// Where each column of a plan varies. It is looked up for each run, so it is computed
/// once.
#[derive(Clone, Debug, Default)]
pub(super) struct Variation {
    /// Among the runs of one objective and one optimizer.
    numerics: Vec<bool>,
    objectives: Vec<Vec<bool>>,
    optimizers: Vec<Vec<bool>>,
    /// Among all runs.
    all: Vec<bool>,
}

impl Variation {
    pub(super) fn new(
        columns: &Columns,
        numerics: &Grid,
        objectives: &[Objective],
        optimizers: &[Optimizer],
    ) -> Variation {
        let none = || vec![false; columns.names.len()];
        let mark_grid = |marks: &mut Vec<bool>, part: &GridColumns, grid: &Grid| {
            for (column, series) in part.series(grid) {
                marks[column] |= series.varies();
            }
        };
        let mut in_numerics = none();
        mark_grid(&mut in_numerics, &columns.numerics, numerics);
        // The names say which of them a run has, in its objective or another.
        let names = |place: usize| objectives.get(place).map(|one| &one.name);
        let dimensions = |place: usize| objectives.get(place).map(|one| one.dimension);
        let others = 1..objectives.len();
        in_numerics[columns.objective] |= others.clone().any(|other| names(other) != names(0));
        in_numerics[columns.optimizer] |= optimizers.len() > 1;
        if let Some(column) = columns.dimension {
            let mut others = others;
            in_numerics[column] |= others.any(|other| dimensions(other) != dimensions(0));
        }
        // The column exists only if there are several repetitions.
        if let Some(column) = columns.repetition {
            in_numerics[column] = true;
        }
        let objectives = objectives.iter().zip(&columns.objectives);
        let objectives = objectives.map(|(objective, parts)| {
            let mut marks = none();
            mark_grid(&mut marks, &parts.constants, &objective.constants);
            let starts = parts.starts.iter().zip(&objective.starts);
            for (part, start) in starts.clone() {
                mark_grid(&mut marks, part, &start.grid);
            }
            // Within a table, or from one table to another.
            let starts = starts.flat_map(|(part, start)| part.series(&start.grid));
            mark_differing(&mut marks, starts);
            marks
        });
        let settings = columns.optimizers.iter().zip(optimizers);
        let in_optimizers = settings.clone().map(|(part, optimizer)| {
            let mut marks = none();
            mark_grid(&mut marks, part, &optimizer.settings);
            marks
        });
        let mut varying = Variation {
            all: in_numerics.clone(),
            numerics: in_numerics,
            objectives: objectives.collect(),
            optimizers: in_optimizers.collect(),
        };
        for marks in varying.objectives.iter().chain(&varying.optimizers) {
            let both = varying.all.iter_mut().zip(marks);
            both.for_each(|(all, mark)| *all |= mark);
        }
        // Settings that differ only between two optimizers.
        let settings = settings.flat_map(|(part, optimizer)| part.series(&optimizer.settings));
        mark_differing(&mut varying.all, settings);
        varying
    }

    /// Whether a column, given by its place, belongs in the label of a run. The names of
    /// optimizers show what differs only between two of them.
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

/// Marks the columns whose series do not all begin with the same value.
fn mark_differing<'g>(marks: &mut [bool], settings: impl Iterator<Item = (usize, &'g Series)>) {
    let mut firsts: HashMap<usize, Value> = HashMap::new();
    for (column, series) in settings {
        let first = series.get(0);
        marks[column] |= *firsts.entry(column).or_insert_with(|| first.clone()) != first;
    }
}
