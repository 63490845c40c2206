//! The settings of the runs of a plan, and the source of each: found once, as a plan
//! can have millions of runs.

use std::collections::HashMap;

use super::grid::{Grid, Series};
use super::start::Start;
use super::{Objective, Optimizer};
use crate::number::Value;
use crate::text::each_once;

/// The settings of all runs, in the order of `runs.csv`.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) numerics: GridColumns,
    pub(super) objectives: Vec<ObjectiveColumns>,
    pub(super) optimizers: Vec<GridColumns>,
    /// Columns that are in no grid.
    pub(super) objective: usize,
    pub(super) optimizer: usize,
    pub(super) method: usize,
    pub(super) convention: Option<usize>,
    pub(super) schedule: Option<usize>,
    pub(super) schedule_convention: Option<usize>,
    pub(super) dimension: Option<usize>,
    pub(super) repetition: Option<usize>,
}

/// The columns that an objective gives its runs.
#[derive(Clone, Debug)]
pub(super) struct ObjectiveColumns {
    pub(super) constants: GridColumns,
    /// For each table of starts.
    pub(super) starts: Vec<GridColumns>,
}

/// The columns of the settings of one grid; an invalid setting has none.
#[derive(Clone, Debug)]
pub(super) struct GridColumns(Vec<Option<usize>>);

impl Columns {
    pub(super) fn new(
        numerics: &Grid,
        objectives: &[Objective],
        optimizers: &[Optimizer],
        repetitions: u64,
    ) -> Self {
        let names = names(objectives, optimizers, repetitions);
        let places = names.iter().enumerate();
        let places: HashMap<&str, usize> =
            places.map(|(place, name)| (name.as_str(), place)).collect();
        let part = |grid: &Grid| {
            let settings = grid.series();
            GridColumns(
                settings
                    .map(|(name, _)| places.get(name).copied())
                    .collect(),
            )
        };
        let starts = |start: &Start| {
            let settings = start.grid.series();
            let columns = settings.map(|(name, _)| places.get(&*format!("start.{name}")).copied());
            GridColumns(columns.collect())
        };
        let objectives = objectives.iter().map(|objective| ObjectiveColumns {
            constants: part(&objective.constants),
            starts: objective.starts.iter().map(starts).collect(),
        });
        let optimizers = optimizers.iter().map(|optimizer| part(&optimizer.settings));
        Columns {
            numerics: part(numerics),
            objectives: objectives.collect(),
            optimizers: optimizers.collect(),
            objective: places["objective"],
            optimizer: places["optimizer"],
            method: places["method"],
            convention: places.get("convention").copied(),
            schedule: places.get("schedule").copied(),
            schedule_convention: places.get("schedule.convention").copied(),
            dimension: places.get("dimension").copied(),
            repetition: places.get("repetition").copied(),
            names,
        }
    }
}

impl GridColumns {
    /// The settings of the grid with their columns.
    pub(super) fn series<'g>(&self, grid: &'g Grid) -> impl Iterator<Item = (usize, &'g Series)> {
        let columns = self.0.iter().zip(grid.series());
        columns.filter_map(|(column, (_, series))| Some(((*column)?, series)))
    }

    /// Puts the settings of a combination into their columns.
    pub(super) fn fill<'a>(
        &self,
        settings: &mut [Option<Value>],
        point: impl IntoIterator<Item = (&'a str, Value)>,
    ) {
        for (column, (_, value)) in self.0.iter().zip(point) {
            if let Some(column) = *column {
                settings[column] = Some(value);
            }
        }
    }
}

fn names(objectives: &[Objective], optimizers: &[Optimizer], repetitions: u64) -> Vec<String> {
    let dimension = objectives.iter().any(|one| one.dimension.is_some());
    let dimension = dimension.then_some("dimension");
    let repetition = (repetitions > 1).then_some("repetition");
    let constants = objectives
        .iter()
        .flat_map(|objective| objective.constants.series());
    let starts = objectives.iter().flat_map(|objective| &objective.starts);
    let starts = starts.flat_map(|start| start.grid.series());
    let starts: Vec<String> = starts.map(|(name, _)| format!("start.{name}")).collect();
    // Settings in the order of the method, not of the file: a column has its
    // place whatever the file says first.
    let settings = optimizers.iter().flat_map(Optimizer::setting_names);
    let settings: Vec<String> = settings.collect();
    let any = |has: fn(&Optimizer) -> Option<&'static str>, column| {
        let any = optimizers.iter().any(|one| has(one).is_some());
        any.then_some(column)
    };
    let convention = any(Optimizer::other_convention, "convention");
    let schedule = any(Optimizer::schedule_name, "schedule");
    let schedule_convention = any(Optimizer::schedule_convention, "schedule.convention");
    let (of_schedule, of_method): (Vec<&str>, Vec<&str>) = settings
        .iter()
        .map(String::as_str)
        .partition(|name| name.contains('.'));
    each_once(
        ["precision", "subnormals", "epochs", "objective"]
            .into_iter()
            .chain(dimension)
            .chain(constants.map(|(name, _)| name))
            .chain(starts.iter().map(String::as_str))
            .chain(["optimizer", "method"])
            .chain(convention)
            .chain(of_method)
            .chain(schedule)
            .chain(schedule_convention)
            .chain(of_schedule)
            .chain(repetition),
    )
}
