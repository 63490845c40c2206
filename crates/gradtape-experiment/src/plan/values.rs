//! The distinct values of a setting.

use super::{Grid, Runs};
use crate::number::Value;

#[doc(hidden)]
impl Runs {
    /// The distinct values of a column of [`Runs::columns`], given by its place, in the order
    /// of the combined lists; at most `most`. The runs themselves are not visited, so a plan
    /// can have millions.
    #[must_use]
    pub fn values(&self, column: usize, most: usize) -> Vec<Value> {
        let Some(name) = self.columns.names.get(column).map(String::as_str) else {
            return Vec::new();
        };
        let name_of = |name: Option<&'static str>| name.map(|name| Value::Name(name.to_owned()));
        let objectives = self.objectives.iter();
        let optimizers = self.optimizers.iter();
        match name {
            "objective" => each_once(objectives.map(|one| Value::Name(one.name.clone())), most),
            "optimizer" => each_once(optimizers.map(|one| Value::Name(one.name.clone())), most),
            "method" => each_once(
                optimizers.filter_map(|one| name_of(Some(one.method.name()))),
                most,
            ),
            "convention" => each_once(
                optimizers.filter_map(|one| name_of(Some(one.convention.name()))),
                most,
            ),
            "schedule" => each_once(
                optimizers.filter_map(|one| name_of(one.schedule_name())),
                most,
            ),
            "schedule.convention" => each_once(
                optimizers.filter_map(|one| name_of(one.schedule_convention())),
                most,
            ),
            "dimension" => each_once(
                objectives.filter_map(|one| one.dimension.map(Value::Whole)),
                most,
            ),
            "repetition" => each_once((0..self.repetitions).map(Value::Whole), most),
            _ => each_once(self.of_grids(name), most),
        }
    }

    /// Whether a column of [`Runs::columns`], given by its place, describes the optimizer or
    /// one of its settings.
    #[must_use]
    pub fn is_of_optimizer(&self, column: usize) -> bool {
        let columns = &self.columns;
        let named = [
            Some(columns.optimizer),
            Some(columns.method),
            columns.convention,
            columns.schedule,
            columns.schedule_convention,
        ];
        let has = |name: &String| {
            let mut optimizers = self.optimizers.iter();
            optimizers.any(|one| one.settings.series().any(|(known, _)| known == name))
        };
        named.contains(&Some(column)) || columns.names.get(column).is_some_and(has)
    }

    /// The values that the grids have for the setting, in their order.
    fn of_grids<'p>(&'p self, name: &'p str) -> impl Iterator<Item = Value> + 'p {
        let (starts, others) = match name.strip_prefix("start.") {
            Some(variable) => (Some(variable), None),
            None => (None, Some(name)),
        };
        let of_objectives = self.objectives.iter();
        let of_starts = of_objectives.clone().flat_map(|one| &one.starts);
        let of_starts = of_starts.flat_map(move |start| in_grid(&start.grid, starts));
        let constants = of_objectives.map(|one| &one.constants);
        let settings = self.optimizers.iter().map(|one| &one.settings);
        let grids = std::iter::once(&self.numerics).chain(constants);
        let of_others = grids.chain(settings);
        of_starts.chain(of_others.flat_map(move |grid| in_grid(grid, others)))
    }
}

fn in_grid<'p>(grid: &'p Grid, name: Option<&'p str>) -> impl Iterator<Item = Value> + 'p {
    let series = grid.series();
    let series = series.filter(move |(known, _)| name == Some(*known));
    series.flat_map(|(_, series)| series.iter())
}

/// The distinct values, at most `most`, in order.
fn each_once(values: impl Iterator<Item = Value>, most: usize) -> Vec<Value> {
    let mut different: Vec<Value> = Vec::new();
    for value in values {
        if different.len() == most {
            break;
        }
        if !different.contains(&value) {
            different.push(value);
        }
    }
    different
}
