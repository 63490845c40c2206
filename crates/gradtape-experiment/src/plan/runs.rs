//! What an experiment combines, and how its runs are numbered.

use std::collections::HashMap;

use super::columns::Columns;
use super::ends::{Ends, checked_sum, split};
use super::grid::Grid;
use super::limits::{MAX_RUNS, MAX_VARIABLES};
use super::start::Draws;
use super::varying::Variation;
use super::{Arithmetic, Objective, Optimizer, RecordedData, Run};
use crate::data::Classes;
use crate::mistake::{Code, Mistake};
use crate::number::{Value, grouped};
use crate::optimizer::{EPOCHS, LEARNING_RATE, Recipe};
use crate::text::each_once;

/// The runs of an experiment: what is combined, and how the combinations are numbered.
#[derive(Clone, Debug)]
pub struct Runs {
    /// The objectives, in the order of the file.
    pub objectives: Vec<Objective>,
    /// The optimizers, in the order of the file.
    pub optimizers: Vec<Optimizer>,
    /// `precision`, `subnormals` and `epochs`.
    pub(super) numerics: Grid,
    pub(super) arithmetics: Vec<Arithmetic>,
    pub(super) columns: Columns,
    pub(super) parameters: Vec<String>,
    pub(super) best_columns: Vec<String>,
    /// For each objective, the place of each of these among its own parameters.
    places: Vec<Vec<Option<usize>>>,
    pub(super) varying: Variation,
    seed: u64,
    pub(super) repetitions: u64,
    /// The number of runs, and of those up to each objective and each optimizer:
    /// counted once, since every run is looked up by its number.
    pub(super) count: u64,
    pub(super) objective_ends: Ends,
    pub(super) optimizer_ends: Ends,
}

/// The place of a run in the lists that a plan combines.
pub(super) struct Coordinates {
    /// Its combination of the numerics.
    pub(super) numeric: u64,
    pub(super) objective: usize,
    /// Its combination of constants and starts of the objective.
    pub(super) point: u64,
    pub(super) optimizer: usize,
    /// Its combination of settings of the optimizer.
    pub(super) setting: u64,
    pub(super) repetition: u64,
}

/// Settings with their values.
pub(super) type Point<'a> = Vec<(&'a str, Value)>;

impl Runs {
    /// The runs that these give.
    ///
    /// # Errors
    ///
    /// If the runs, or the names of their columns, are too many.
    pub(super) fn new(
        numerics: Grid,
        objectives: Vec<Objective>,
        optimizers: Vec<Optimizer>,
        (seed, repetitions): (u64, u64),
    ) -> Result<Runs, Mistake> {
        let variables = objectives.iter().flat_map(|one| one.function.parameters());
        let parameters = each_once(variables.map(String::as_str));
        let constants = objectives.iter().flat_map(|one| one.constants.series());
        let constants = each_once(constants.map(|(name, _)| name));
        let names = parameters.len() + constants.len();
        if names > MAX_VARIABLES {
            let message = format!(
                "{} distinct variables and constants are too many: at most {}",
                grouped(names as u128),
                grouped(MAX_VARIABLES as u128)
            );
            let help = "each number, or each element of a vector, is a column of every run; use \
                        the same names in all objectives, or one file for each";
            return Err(Mistake::of_file(Code::TooLarge, message, help));
        }
        // Counted before columns and labels are made, which take memory for each.
        let points = || objectives.iter().map(Objective::points);
        let settings = || optimizers.iter().map(|one| one.settings.count());
        let count = [
            numerics.count(),
            checked_sum(points()),
            checked_sum(settings()),
            Some(repetitions),
        ];
        let count = count
            .into_iter()
            .try_fold(1_u64, |product, factor| product.checked_mul(factor?));
        let Some(count) = count.filter(|count| *count <= MAX_RUNS) else {
            let count = count.map_or("more than 2^64".to_owned(), |count| grouped(count.into()));
            let help = "the number is the product of the lengths of all lists and ranges; shorten \
                        some, or pair them with `zip`";
            return Err(Mistake::of_file(Code::TooLarge, too_many(&count), help));
        };
        let columns = Columns::new(&numerics, &objectives, &optimizers, repetitions);
        Ok(Runs {
            varying: Variation::new(&columns, &numerics, &objectives, &optimizers),
            columns,
            places: places(&objectives, &parameters),
            best_columns: parameters
                .iter()
                .map(|name| format!("best.{name}"))
                .collect(),
            parameters,
            arithmetics: arithmetics(&numerics),
            objective_ends: Ends::new(points()),
            optimizer_ends: Ends::new(settings()),
            numerics,
            objectives,
            optimizers,
            seed,
            repetitions,
            count,
        })
    }

    /// The number of runs.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The names of all settings: the columns of `runs.csv`, and the keys of
    /// filters. Those of a start begin with `start.`.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns.names
    }

    /// The parameters of all objectives, each once.
    #[must_use]
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The variables of several elements, each with the parameters that it consists of.
    /// Where objectives share a name, the longest list counts.
    pub(super) fn vectors(&self) -> Vec<(String, Vec<String>)> {
        let mut vectors: Vec<(String, Vec<String>)> = Vec::new();
        for objective in &self.objectives {
            let function = &objective.function;
            let mut rest = function.parameters();
            for (name, shape) in function.variables() {
                let count = shape.elements().unwrap_or(0).min(rest.len());
                let (own, others) = rest.split_at(count);
                rest = others;
                match vectors.iter_mut().find(|(known, _)| known == name) {
                    Some((_, elements)) if elements.len() < count => *elements = own.to_vec(),
                    None if !shape.is_empty() => vectors.push((name.clone(), own.to_vec())),
                    _ => {}
                }
            }
        }
        vectors
    }

    /// The seed of all random numbers.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The number of runs of each combination. They are consecutive.
    #[must_use]
    pub fn repetitions(&self) -> u64 {
        self.repetitions
    }

    /// The sum over all runs of a function of the number of epochs.
    pub(super) fn sum_over_runs(&self, of_epochs: impl Fn(u64) -> u64) -> u128 {
        // Epochs differ only between combinations of the numerics, each with as many runs.
        let numerics = self.numerics.count().unwrap_or(0);
        let each = u128::from(self.count / numerics.max(1));
        let all = (0..numerics).map(|index| u128::from(of_epochs(self.epochs_at(index))));
        all.sum::<u128>() * each
    }

    /// The epochs of combination number `index` of the numerics.
    pub(super) fn epochs_at(&self, index: u64) -> u64 {
        let mut point = self.numerics.point(index);
        let epochs = point.find(|(name, _)| *name == "epochs");
        epochs.and_then(|(_, value)| whole(&value)).unwrap_or(1)
    }

    /// The epochs of run number `number`, without the rest of the run.
    #[must_use]
    pub fn epochs(&self, number: u64) -> u64 {
        self.epochs_at(self.place(number).numeric)
    }

    /// The setting of run number `number` in a column of [`Runs::columns`], given by its
    /// place, without the rest of the run.
    pub(super) fn setting(&self, number: u64, column: usize) -> Option<Value> {
        let place = self.place(number);
        let objective = &self.objectives[place.objective];
        let optimizer = &self.optimizers[place.optimizer];
        let found = |grid: &Grid, index: u64, name: &str| {
            let mut point = grid.point(index);
            point.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let name = self.columns.names[column].as_str();
        match name {
            "objective" => return Some(Value::Name(objective.name.clone())),
            "optimizer" => return Some(Value::Name(optimizer.name.clone())),
            "method" => return Some(Value::Name(optimizer.method.name().to_owned())),
            "convention" => return Some(Value::Name(optimizer.convention.name().to_owned())),
            "schedule" => return name_of(optimizer.schedule_name()),
            "schedule.convention" => return name_of(optimizer.schedule_convention()),
            "dimension" => return objective.dimension.map(Value::Whole),
            "repetition" => return Some(Value::Whole(place.repetition)),
            _ => {}
        }
        let (constant, table, start) = objective.split(place.point);
        match name.strip_prefix("start.") {
            Some(variable) => found(&objective.starts[table].grid, start, variable),
            None => found(&self.numerics, place.numeric, name)
                .or_else(|| found(&objective.constants, constant, name))
                .or_else(|| found(&optimizer.settings, place.setting, name)),
        }
    }

    /// The place of run number `number` in each of the combined lists.
    pub(super) fn place(&self, number: u64) -> Coordinates {
        // The last factor varies fastest, so the number is taken apart from the end.
        let (number_rest, repetition) = split(number, self.repetitions);
        let (number_rest, setting) = split(number_rest, self.optimizer_ends.sum());
        let (numeric, point) = split(number_rest, self.objective_ends.sum());
        let (objective, point) = self.objective_ends.locate(point);
        let (optimizer, setting) = self.optimizer_ends.locate(setting);
        Coordinates {
            numeric,
            objective,
            point,
            optimizer,
            setting,
            repetition,
        }
    }

    /// The recipes of all optimizers for their first and their last settings.
    pub(super) fn recipes(&self) -> Vec<Recipe> {
        let optimizers = self.optimizers.iter();
        // A sample: what a recipe records depends on which settings are zero, and trying all
        // combinations would take as long as planning each run.
        let recipes = optimizers.flat_map(|optimizer| {
            let last = optimizer.settings.count().unwrap_or(1).saturating_sub(1);
            [0, last].map(|index| {
                let settings: Point<'_> = optimizer.settings.point(index).collect();
                optimizer.recipe(&settings)
            })
        });
        recipes.collect()
    }

    /// Run number `number`.
    ///
    /// # Panics
    ///
    /// If no run has this number; see [`Runs::count`].
    #[must_use]
    pub fn run(&self, number: u64) -> Run {
        assert!(number < self.count, "the plan has {} runs", self.count);
        let Coordinates {
            numeric,
            objective,
            point,
            optimizer,
            setting,
            repetition,
        } = self.place(number);

        let numerics: Point<'_> = self.numerics.point(numeric).collect();
        let (constants, table, start) = self.objectives[objective].point(point);
        let method = self.optimizers[optimizer].method;
        let chosen: Point<'_> = self.optimizers[optimizer].settings.point(setting).collect();

        let recipe = self.optimizers[optimizer].recipe(&chosen);
        let epochs = whole(value_of(&numerics, "epochs")).unwrap_or(1);
        let number_of = |name: &String| {
            let value = match name.as_str() {
                EPOCHS => &Value::Whole(epochs),
                name => value_of(&chosen, name),
            };
            value.number().expect("numbers were checked to be numbers")
        };
        let learning_rate = chosen.iter().find(|(name, _)| *name == LEARNING_RATE.name);
        let learning_rate = learning_rate.and_then(|(_, value)| value.number());
        let as_numbers = |values: &[(&str, Value)]| {
            values
                .iter()
                .filter_map(|(_, value)| value.number())
                .collect::<Vec<_>>()
        };
        let Arithmetic {
            precision,
            subnormals,
        } = Arithmetic::new(&numerics);
        let draws = Draws {
            seed: self.seed,
            objective: objective as u64,
            repetition,
        };
        let mut run = Run {
            number,
            precision,
            subnormals,
            epochs,
            objective,
            constants: as_numbers(&constants),
            start: self.objectives[objective].start(table, &start, draws),
            optimizer,
            numbers: recipe.numbers().iter().map(number_of).collect(),
            recipe,
            learning_rate,
            repetition,
            settings: vec![None; self.columns.names.len()],
        };
        let columns = &self.columns;
        let settings = &mut run.settings;
        columns.optimizers[optimizer].fill(settings, chosen);
        columns.objectives[objective]
            .constants
            .fill(settings, constants);
        columns.objectives[objective].starts[table].fill(settings, start);
        columns.numerics.fill(settings, numerics);
        for (column, name) in [
            (columns.objective, &*self.objectives[objective].name),
            (columns.optimizer, &*self.optimizers[optimizer].name),
            (columns.method, method.name()),
        ] {
            settings[column] = Some(Value::Name(name.to_owned()));
        }
        if let Some(column) = columns.dimension {
            settings[column] = self.objectives[objective].dimension.map(Value::Whole);
        }
        let of = &self.optimizers[optimizer];
        for (column, name) in [
            (columns.convention, Some(of.convention.name())),
            (columns.schedule, of.schedule_name()),
            (columns.schedule_convention, of.schedule_convention()),
        ] {
            if let Some(column) = column {
                settings[column] = name_of(name);
            }
        }
        if let Some(column) = columns.repetition {
            settings[column] = Some(Value::Whole(repetition));
        }
        run
    }

    /// The distinct arithmetics of the experiment, in the order of its runs: a
    /// derivative is evaluated in each.
    #[must_use]
    pub fn arithmetics(&self) -> &[Arithmetic] {
        &self.arithmetics
    }

    /// The columns of the parameters at the smallest loss: [`Runs::parameters`] with `best.`
    /// in front.
    #[must_use]
    pub fn best_columns(&self) -> &[String] {
        &self.best_columns
    }

    /// The place of each of [`Runs::parameters`] among those of an objective.
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
        self.all_epochs().max().unwrap_or(0)
    }

    /// The numbers of epochs of runs, as in the file.
    pub(super) fn all_epochs(&self) -> impl Iterator<Item = u64> {
        let epochs = self.numerics.series().filter(|(name, _)| *name == "epochs");
        let values = epochs.flat_map(|(_, series)| series.iter());
        values.filter_map(|value| whole(&value))
    }

    /// The number of updates of all runs together, if none ends early.
    #[must_use]
    pub fn run_epochs(&self) -> u128 {
        self.sum_over_runs(|epochs| epochs)
    }

    /// The objective of run number `number`, by its place among [`Runs::objectives`],
    /// without the rest of the run.
    ///
    /// # Panics
    ///
    /// If no run has this number; see [`Runs::count`].
    #[must_use]
    pub fn objective_of(&self, number: u64) -> usize {
        self.place(number).objective
    }
}

fn arithmetics(numerics: &Grid) -> Vec<Arithmetic> {
    let points = numerics.distinct(&["precision", "subnormals"]);
    points.iter().map(|point| Arithmetic::new(point)).collect()
}

/// The setting with this name; every run has it.
pub(super) fn value_of<'a>(values: &'a [(&str, Value)], name: &str) -> &'a Value {
    let found = values.iter().find(|(key, _)| *key == name);
    &found.expect("the plan gives every setting a value").1
}

pub(super) fn name_of(name: Option<&'static str>) -> Option<Value> {
    name.map(|name| Value::Name(name.to_owned()))
}

pub(super) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Whole(whole) => Some(*whole),
        _ => None,
    }
}

pub(super) fn too_many(runs: &str) -> String {
    let greatest = grouped(u128::from(MAX_RUNS));
    format!("{runs} runs are too many: at most {greatest}")
}

/// For each objective, the place of each of `parameters` among its own.
fn places(objectives: &[Objective], parameters: &[String]) -> Vec<Vec<Option<usize>>> {
    let of_objective = |objective: &Objective| {
        let own = objective.function.parameters().iter().enumerate();
        let own: HashMap<&str, usize> = own.map(|(place, name)| (name.as_str(), place)).collect();
        let places = parameters
            .iter()
            .map(|name| own.get(name.as_str()).copied());
        places.collect()
    };
    objectives.iter().map(of_objective).collect()
}
