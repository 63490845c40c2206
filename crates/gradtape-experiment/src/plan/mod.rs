//! The plan of an experiment: every default filled in, every check passed, every run
//! numbered.
//!
//! No run of a plan can fail: whatever happens to a run is its
//! [status](crate::ending::Status).

mod charts;
mod check;
mod columns;
mod data;
mod decide;
mod derivatives;
mod expectations;
mod filter;
mod grid;
mod limits;
mod loss;
mod minimum;
mod properties;
mod quantity;
mod record;
mod start;
mod values;
mod varying;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::data::{Classes, Dataset};
use crate::mistake::Mistakes;
use crate::number::{Number, Precision, Value};
use crate::objective;
use crate::optimizer::schedule::{Outline, Schedule};
use crate::optimizer::{Clip, Convention, EPOCHS, LEARNING_RATE, Method, Recipe, Rule, Setting};
use gradtape_tape::Subnormals;

use columns::Columns;
use decide::Files;
pub(crate) use loss::Rows;
use start::{Draws, Start};

#[doc(hidden)]
pub use self::{
    charts::{Band, Chart, ChartKind, Font, Profile, Scale, Style, Theme, quantity_label},
    check::Check,
    data::{RecordedArray, RecordedClasses, RecordedData},
    derivatives::{Curve, Derivative, Expected, MAX_COLUMNS, MAX_POINTS, MAX_VALUES},
    expectations::{Bound, Expectation, Tolerance},
    filter::Filter,
    grid::{Axis, Grid, Range, Series},
    limits::{
        MAX_ARRAY_OPERATIONS, MAX_CHARTS, MAX_DENSE, MAX_DERIVATIVES, MAX_ELEMENTS, MAX_EPOCHS,
        MAX_EXPECTATIONS, MAX_JACOBIAN, MAX_LISTED, MAX_OBJECTIVES, MAX_OPERATIONS, MAX_ROWS,
        MAX_RUN_EPOCHS, MAX_RUNS, MAX_SQUARES, MAX_VARIABLES, limits,
    },
    quantity::Quantity,
    record::{Record, RecordedEpochs},
};

/// Everything that an experiment does, with all defaults filled in.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::plan::Plan;
///
/// let plan = Plan::new("example.toml", r#"
///     epochs = 100
///     [[objective]]
///     formula = "w^2"
///     start = { w = 1.0 }
///     [[optimizer]]
///     method = "sgd"
///     learning_rate = [0.1, 0.01]
///     momentum = [0, 0.9]
/// "#)?;
/// assert_eq!(plan.runs(), 4);
/// assert_eq!(plan.label(&plan.run(1)), "learning_rate=0.1, momentum=0.9");
/// # Ok::<(), gradtape_experiment::mistake::Mistakes>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    /// The title of the report.
    pub title: String,
    /// The description of the experiment.
    pub description: Option<String>,
    /// The objectives, in the order of the file.
    pub objectives: Vec<Objective>,
    /// The optimizers, in the order of the file.
    pub optimizers: Vec<Optimizer>,
    /// The rules that end a run early.
    pub stop: Stop,
    /// The recorded part of the trajectories.
    pub record: Record,
    /// The charts of the report.
    pub charts: Vec<Chart>,
    /// The style of the charts.
    pub style: Style,
    /// The expectations of the final values.
    pub expectations: Vec<Expectation>,
    /// The allowed differences from recorded values.
    pub check: Check,
    /// The tables of derivatives, in the order of the file.
    pub derivatives: Vec<Derivative>,
    /// The SHA-256 of the experiment file, in hexadecimal digits.
    pub hash: String,
    /// `precision`, `subnormals` and `epochs`.
    numerics: Grid,
    arithmetics: Vec<Arithmetic>,
    columns: Columns,
    parameters: Vec<String>,
    best_columns: Vec<String>,
    /// For each objective, the place of each of these among its own parameters.
    places: Vec<Vec<Option<usize>>>,
    varying: varying::Varying,
    seed: u64,
    repetitions: u64,
    /// The number of runs, and of those up to each objective and each optimizer:
    /// counted once, since every run is looked up by its number.
    runs: u64,
    objective_ends: Ends,
    optimizer_ends: Ends,
}

/// How numbers are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// The precision of every operation.
    pub precision: Precision,
    /// Whether subnormal numbers are kept or flushed to 0.
    pub subnormals: Subnormals,
}

impl Arithmetic {
    /// The setting `subnormals`.
    #[must_use]
    pub fn subnormals_name(self) -> &'static str {
        match self.subnormals {
            Subnormals::Keep => "keep",
            Subnormals::Flush => "flush",
        }
    }

    fn new(values: &[(&str, Value)]) -> Self {
        let is = |name: &str, wanted: &str| matches!(value_of(values, name), Value::Name(value) if value == wanted);
        Arithmetic {
            precision: if is("precision", "f32") {
                Precision::F32
            } else {
                Precision::F64
            },
            subnormals: if is("subnormals", "flush") {
                Subnormals::Flush
            } else {
                Subnormals::Keep
            },
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.precision.name())?;
        match self.subnormals {
            Subnormals::Keep => Ok(()),
            Subnormals::Flush => formatter.write_str(" flushed"),
        }
    }
}

/// An objective with its starts and constants.
#[derive(Clone, Debug)]
pub struct Objective {
    /// The label.
    pub name: String,
    /// The formula as written.
    pub formula: String,
    /// The function.
    pub function: objective::Objective,
    /// The known minimum value.
    pub minimum: Option<Number>,
    /// The known minimiser: a number for each parameter.
    pub minimum_at: Option<Vec<f64>>,
    /// Other known minimisers.
    pub other_minima: Vec<Vec<f64>>,
    /// The bounds of each parameter.
    pub bounds: Vec<Bounds>,
    /// The `dimension` given in the file, if any.
    pub dimension: Option<u64>,
    /// The data of the formula.
    pub data: Option<Dataset>,
    /// Its table in the file, by its place.
    table: usize,
    constants: Grid,
    /// One for each table of starts.
    starts: Vec<Start>,
    start_ends: Ends,
}

/// The lower and upper bound of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
#[doc(hidden)]
pub struct Bounds {
    /// The smallest allowed value; infinite if there is none.
    pub least: Number,
    /// The largest allowed value; infinite if there is none.
    pub greatest: Number,
}

impl Bounds {
    /// No bounds: both are infinite.
    #[must_use]
    pub fn none() -> Bounds {
        Bounds {
            least: Number::from(f64::NEG_INFINITY),
            greatest: Number::from(f64::INFINITY),
        }
    }

    /// The nearest number within the bounds.
    #[must_use]
    pub fn nearest(&self, number: Number) -> Number {
        if number.wide() < self.least.wide() {
            self.least
        } else if number.wide() > self.greatest.wide() {
            self.greatest
        } else {
            number
        }
    }

    /// Whether any bound is finite.
    #[must_use]
    pub fn hold(&self) -> bool {
        *self != Bounds::none()
    }
}

/// A method with its settings.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// The label.
    pub name: String,
    /// The method.
    pub method: Method,
    /// The library whose rule and defaults apply.
    pub convention: Convention,
    /// The schedule of the learning rate, if any.
    pub schedule: Option<Arc<Outline>>,
    /// The clipping of gradients, if any.
    pub clip: Option<Clip>,
    /// The settings of the method, then those of the schedule with `schedule.` in front and
    /// the limit of clipping with `clip.`.
    settings: Grid,
}

impl Optimizer {
    /// The names of its settings in the order of the method, the schedule and clipping.
    fn setting_names(&self) -> Vec<String> {
        let settings = self.method.description().settings_of(self.convention);
        let mut names: Vec<String> = settings.map(|(one, _)| one.name.to_owned()).collect();
        if let Some(schedule) = &self.schedule {
            let settings = schedule.kind.description().settings.iter();
            names.extend(settings.map(|one| format!("schedule.{}", one.name)));
        }
        names.extend(self.clip.map(|clip| format!("clip.{}", clip.name())));
        names.retain(|name| self.settings.series().any(|(known, _)| known == name));
        names
    }

    /// The name of its convention, unless it is the default of its method.
    fn other_convention(&self) -> Option<&'static str> {
        let convention = self.convention.name();
        (self.convention != self.method.convention()).then_some(convention)
    }

    /// The kind of its schedule.
    fn schedule_name(&self) -> Option<&'static str> {
        self.schedule.as_ref().map(|one| one.kind.name())
    }

    /// The name of the convention of its schedule, if it differs from its own.
    fn schedule_convention(&self) -> Option<&'static str> {
        let convention = self.schedule.as_ref()?.convention;
        (convention != self.convention).then_some(convention.name())
    }

    /// The recipe that a combination of its settings gives.
    fn recipe(&self, point: &[(&str, Value)]) -> Recipe {
        let of = |prefix: &str, name: &str| {
            let mut settings = point.iter();
            let found = settings.find(|(key, _)| key.strip_prefix(prefix) == Some(name));
            found.map(|(_, value)| value)
        };
        let schedule = self
            .schedule
            .as_ref()
            .map(|outline| Arc::new(Schedule::new(outline, |name| of("schedule.", name))));
        Recipe {
            rule: Rule::new(self.method, self.convention, |name| of("", name)),
            schedule,
            clip: self.clip,
        }
    }
}

/// The rules that end a run before its last epoch.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// The rules that the file has, by their keys in `[stop]`, with their limits.
    pub limits: Vec<(&'static str, Number)>,
    /// With `patience`, the decrease of the loss that an improvement must exceed; any decrease
    /// by default.
    pub min_delta: Option<Number>,
}

/// One run: a combination of settings.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number, from 0.
    pub number: u64,
    /// The precision of its computations.
    pub precision: Precision,
    /// Whether subnormal numbers are kept or flushed to 0.
    pub subnormals: Subnormals,
    /// The number of updates, if it does not end early.
    pub epochs: u64,
    /// The objective, by its place in the plan.
    pub objective: usize,
    /// The constants of the objective.
    pub constants: Vec<Number>,
    /// The initial values of the variables.
    pub start: Vec<Number>,
    /// The optimizer, by its place in the plan.
    pub optimizer: usize,
    /// How a gradient leads to the next state.
    pub recipe: Recipe,
    /// The numbers of the recipe, as [`Recipe::numbers`] names them.
    pub numbers: Vec<Number>,
    /// The learning rate that the optimizer was given, if its method has one.
    pub learning_rate: Option<Number>,
    /// The number of the repetition, from 0.
    pub repetition: u64,
    /// The setting of each of [`Plan::columns`]; `None` where the run does not have the
    /// setting.
    pub settings: Vec<Option<Value>>,
}

impl Run {
    /// The number of a setting of the method; 0 if it is 0 or the convention lacks it.
    #[must_use]
    #[track_caller]
    pub fn setting(&self, setting: Setting) -> Number {
        self.number(self.recipe.rule.has(setting), setting.name)
    }

    /// The same of a setting of the schedule.
    #[must_use]
    #[track_caller]
    pub fn setting_of_schedule(&self, setting: Setting) -> Number {
        let schedule = self.recipe.schedule.as_ref();
        let has = schedule.is_some_and(|schedule| schedule.has(setting));
        self.number(has, &format!("schedule.{}", setting.name))
    }

    fn number(&self, is_not_zero: bool, name: &str) -> Number {
        if !is_not_zero {
            return 0.0.into();
        }
        let names = self.recipe.numbers();
        let place = names.iter().position(|known| known == name);
        self.numbers[place.expect("a number that is not 0 is among those of the recipe")]
    }
}

/// The place of a run in the lists that a plan combines.
struct Place {
    /// Its combination of the numerics.
    numeric: u64,
    objective: usize,
    /// Its combination of constants and starts of the objective.
    point: u64,
    optimizer: usize,
    /// Its combination of settings of the optimizer.
    setting: u64,
    repetition: u64,
}

/// Settings with their values.
type Point<'a> = Vec<(&'a str, Value)>;

impl Objective {
    /// The number of combinations of constants and starts.
    fn points(&self) -> Option<u64> {
        let starts = checked_sum(self.starts.iter().map(|start| start.grid.count()))?;
        self.constants.count()?.checked_mul(starts)
    }

    /// The constants of combination number `index`, the table of its start, and
    /// the start.
    fn point(&self, index: u64) -> (Point<'_>, usize, Point<'_>) {
        let (constant, table, start) = self.split(index);
        (
            self.constants.point(constant).collect(),
            table,
            self.starts[table].grid.point(start).collect(),
        )
    }

    /// The start of a run: that of table number `table` with these settings, within bounds.
    fn start(&self, table: usize, settings: &Point<'_>, draws: Draws) -> Vec<Number> {
        let mut start = self.starts[table].numbers(settings, draws);
        for (number, bounds) in start.iter_mut().zip(&self.bounds) {
            *number = bounds.nearest(*number);
        }
        start
    }

    /// Splits number `index` into the combination of constants, the table of starts and
    /// the combination in that table.
    fn split(&self, index: u64) -> (u64, usize, u64) {
        let (constant, start) = split(index, self.start_ends.sum());
        let (table, place) = self.start_ends.locate(start);
        (constant, table, place)
    }
}

impl Plan {
    /// Makes the plan of the experiment file `path` with the text `source`.
    ///
    /// # Errors
    ///
    /// All errors of the file, as far as one does not hide another.
    pub fn new(path: &str, source: &str) -> Result<Plan, Mistakes> {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        decide::decide(path, source, Files::In(folder))
            .map_err(|list| Mistakes::new(path, source, list))
    }

    /// The number of runs.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    fn counted_runs(&self) -> Option<u64> {
        let points = checked_sum(self.objectives.iter().map(Objective::points))?;
        let settings = checked_sum(self.optimizers.iter().map(|one| one.settings.count()))?;
        self.numerics
            .count()?
            .checked_mul(points)?
            .checked_mul(settings)?
            .checked_mul(self.repetitions)
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
    fn vectors(&self) -> Vec<(String, Vec<String>)> {
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
    fn sum_over_runs(&self, of_epochs: impl Fn(u64) -> u64) -> u128 {
        let numerics = self.numerics.count().unwrap_or(0);
        let each = u128::from(self.runs() / numerics.max(1));
        let all = (0..numerics).map(|index| u128::from(of_epochs(self.epochs_at(index))));
        all.sum::<u128>() * each
    }

    /// The epochs of combination number `index` of the numerics.
    fn epochs_at(&self, index: u64) -> u64 {
        let mut point = self.numerics.point(index);
        let epochs = point.find(|(name, _)| *name == "epochs");
        epochs.and_then(|(_, value)| whole(&value)).unwrap_or(1)
    }

    /// The epochs of run number `number`, without the rest of the run.
    #[must_use]
    pub fn epochs(&self, number: u64) -> u64 {
        self.epochs_at(self.place(number).numeric)
    }

    /// The setting of run number `number` in a column of [`Plan::columns`], given by its
    /// place, without the rest of the run.
    fn setting(&self, number: u64, column: usize) -> Option<Value> {
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
    fn place(&self, number: u64) -> Place {
        let (number_rest, repetition) = split(number, self.repetitions);
        let (number_rest, setting) = split(number_rest, self.optimizer_ends.sum());
        let (numeric, point) = split(number_rest, self.objective_ends.sum());
        let (objective, point) = self.objective_ends.locate(point);
        let (optimizer, setting) = self.optimizer_ends.locate(setting);
        Place {
            numeric,
            objective,
            point,
            optimizer,
            setting,
            repetition,
        }
    }

    /// The recipes of all optimizers for their first and their last settings.
    fn recipes(&self) -> Vec<Recipe> {
        let optimizers = self.optimizers.iter();
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
    /// If no run has this number; see [`Plan::runs`].
    #[must_use]
    pub fn run(&self, number: u64) -> Run {
        assert!(number < self.runs(), "the plan has {} runs", self.runs());
        let Place {
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

    /// The label of a run: the settings that vary, and only those; for a single run its
    /// objective.
    #[must_use]
    pub fn label(&self, run: &Run) -> String {
        self.label_by(run, |_| true)
    }

    /// The value that all runs share in a column of [`Plan::columns`], given by its place;
    /// `None` if some run has another value, or none.
    #[must_use]
    pub fn constant(&self, column: usize) -> Option<Value> {
        if self.runs == 0 || self.varying.anywhere(column) {
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
}

fn arithmetics(numerics: &Grid) -> Vec<Arithmetic> {
    let points = numerics.distinct(&["precision", "subnormals"]);
    points.iter().map(|point| Arithmetic::new(point)).collect()
}

/// The setting with this name; every run has it.
fn value_of<'a>(values: &'a [(&str, Value)], name: &str) -> &'a Value {
    let found = values.iter().find(|(key, _)| *key == name);
    &found.expect("the plan gives every setting a value").1
}

fn name_of(name: Option<&'static str>) -> Option<Value> {
    name.map(|name| Value::Name(name.to_owned()))
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Whole(whole) => Some(*whole),
        _ => None,
    }
}

/// The sum of counts; `None` if one is too large to be known, or the sum is.
fn checked_sum(mut counts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    counts.try_fold(0_u64, |sum, count| sum.checked_add(count?))
}

/// `index` as a row and a column of a table with this number of columns.
fn split(index: u64, columns: u64) -> (u64, u64) {
    (index / columns.max(1), index % columns.max(1))
}

/// Concatenated lists, by the number of entries up to the end of each.
#[derive(Clone, Debug, Default)]
struct Ends(Vec<u64>);

impl Ends {
    /// Counts saturate at the largest number: a plan with that many runs is rejected.
    fn new(lengths: impl Iterator<Item = Option<u64>>) -> Ends {
        let mut end = 0_u64;
        let ends = lengths.map(|length| {
            end = end.saturating_add(length.unwrap_or(u64::MAX));
            end
        });
        Ends(ends.collect())
    }

    /// The entries of all lists.
    fn sum(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }

    /// The entries of the lists before this one.
    fn begin(&self, list: usize) -> u64 {
        list.checked_sub(1).map_or(0, |before| self.0[before])
    }

    /// The list of the entry `index`, and its place in that list.
    fn locate(&self, index: u64) -> (usize, u64) {
        let list = self.0.partition_point(|end| *end <= index);
        (list, index - self.begin(list))
    }
}

/// The name of the report of an experiment file: the name of the file without its extension.
#[must_use]
#[doc(hidden)]
pub fn report_name(file: &str) -> String {
    let stem = Path::new(file).file_stem();
    stem.map_or_else(
        || file.to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

/// The SHA-256 of a text, in hexadecimal digits.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
