//! From what was written to what is run: every default filled in, every check
//! passed, every run numbered.
//!
//! After the plan is made no run can fail: what happens later is the run's
//! [status](crate::batch::Status).

mod charts;
mod decide;
mod derivatives;
mod expectations;
mod filter;
mod grid;
mod record;

use std::fmt;

use sha2::{Digest, Sha256};

use crate::autodiff::Subnormals;
use crate::mistake::Mistakes;
use crate::number::{Number, Precision, Value};
use crate::objective;
use crate::optimizer::{Method, Rule};

pub use charts::{Chart, ChartKind, Scale, quantity_label};
pub use derivatives::{
    Curve, Derivative, Expected, GREATEST_COLUMNS, GREATEST_POINTS, GREATEST_VALUES,
};
pub use expectations::{Bound, Expectation, Tolerance};
pub use filter::Filter;
pub use grid::{Axis, Grid, Range, Series};
pub use record::{Record, Schedule};

/// A plan has at most so many runs.
pub const GREATEST_RUNS: u64 = 10_000_000;

/// Everything that an experiment does, decided.
///
/// # Examples
///
/// ```
/// use gradtape::plan::Plan;
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
/// # Ok::<(), gradtape::mistake::Mistakes>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    /// The title of the report.
    pub title: String,
    /// What the experiment is about.
    pub description: Option<String>,
    /// What is minimised, in the order of the file.
    pub objectives: Vec<Objective>,
    /// How it is minimised, in the order of the file.
    pub optimizers: Vec<Optimizer>,
    /// When a run ends early.
    pub stop: Stop,
    /// What is kept of the trajectories.
    pub record: Record,
    /// What is drawn.
    pub charts: Vec<Chart>,
    /// What is demanded.
    pub expectations: Vec<Expectation>,
    /// What is tabulated, in the order of the file.
    pub derivatives: Vec<Derivative>,
    /// The SHA-256 of the experiment file, in hexadecimal digits.
    pub hash: String,
    /// `precision`, `subnormals` and `epochs`.
    numerics: Grid,
    arithmetics: Vec<Arithmetic>,
    columns: Vec<String>,
    parameters: Vec<String>,
}

/// How numbers are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// The precision of every operation.
    pub precision: Precision,
    /// What becomes of subnormal numbers.
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
    /// The formula as it was written.
    pub formula: String,
    /// The function.
    pub function: objective::Objective,
    /// The known least value.
    pub minimum: Option<Number>,
    constants: Grid,
    /// One grid for each table of starts; the settings are the variables in the
    /// order of the function.
    starts: Vec<Grid>,
}

/// A method with its settings.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// The label.
    pub name: String,
    /// The method.
    pub method: Method,
    settings: Grid,
}

/// When a run ends before its last epoch. `None` is never.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stop {
    /// Converged when the loss is below.
    pub loss_below: Option<Number>,
    /// Converged when the Euclidean norm of the gradient is below.
    pub gradient_norm_below: Option<Number>,
    /// Converged when the Euclidean length of the last update is below.
    pub step_below: Option<Number>,
    /// Diverged when the loss is above.
    pub loss_above: Option<Number>,
}

/// One run: a combination of settings.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number, from 0.
    pub number: u64,
    /// The precision that it is computed in.
    pub precision: Precision,
    /// What becomes of subnormal numbers.
    pub subnormals: Subnormals,
    /// How many updates it makes.
    pub epochs: u64,
    /// The objective, by its place in the plan.
    pub objective: usize,
    /// The constants of the objective.
    pub constants: Vec<Number>,
    /// The first values of the variables.
    pub start: Vec<Number>,
    /// The optimizer, by its place in the plan.
    pub optimizer: usize,
    /// The update rule.
    pub rule: Rule,
    /// The numbers of the rule, as [`Rule::numbers`] lists them.
    pub numbers: Vec<Number>,
    /// The learning rate.
    pub learning_rate: Number,
    /// The setting of each of [`Plan::columns`]; `None` where the run has no
    /// such setting.
    pub settings: Vec<Option<Value>>,
}

/// Settings with their values.
type Point<'a> = Vec<(&'a str, Value)>;

impl Objective {
    /// The number of combinations of constants and starts.
    fn points(&self) -> Option<u64> {
        let starts = self.starts.iter().map(Grid::count);
        let starts = starts
            .into_iter()
            .try_fold(0_u64, |sum, count| sum.checked_add(count?))?;
        self.constants.count()?.checked_mul(starts)
    }

    /// The constants and the start of combination number `index`.
    fn point(&self, index: u64) -> (Point<'_>, Point<'_>) {
        let counts = self.starts.iter().map(|grid| grid.count().unwrap_or(0));
        let (constant, start) = split(index, counts.clone().sum());
        let (table, place) = locate(start, counts);
        (
            self.constants.point(constant).collect(),
            self.starts[table].point(place).collect(),
        )
    }
}

impl Plan {
    /// Decides what the experiment file `path` with the text `source` means.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, as far as one mistake does not
    /// hide another.
    pub fn new(path: &str, source: &str) -> Result<Plan, Mistakes> {
        decide::decide(path, source).map_err(|list| Mistakes::new(path, source, list))
    }

    /// The number of runs.
    #[must_use]
    pub fn runs(&self) -> u64 {
        // It was counted when the plan was made.
        self.counted_runs().unwrap_or(u64::MAX)
    }

    fn counted_runs(&self) -> Option<u64> {
        let points = self.objectives.iter().map(Objective::points);
        let points = points
            .into_iter()
            .try_fold(0_u64, |sum, count| sum.checked_add(count?))?;
        let settings = self
            .optimizers
            .iter()
            .map(|optimizer| optimizer.settings.count());
        let settings = settings
            .into_iter()
            .try_fold(0_u64, |sum, count| sum.checked_add(count?))?;
        self.numerics
            .count()?
            .checked_mul(points)?
            .checked_mul(settings)
    }

    /// The different arithmetics of the experiment, in the order of its runs: a
    /// derivative is evaluated in each.
    #[must_use]
    pub fn arithmetics(&self) -> &[Arithmetic] {
        &self.arithmetics
    }

    /// The names of all settings: the columns of `runs.csv`, and the keys of
    /// filters. Those of a start have `start.` in front.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The parameters of all objectives, each once.
    #[must_use]
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// Whether a known minimum gives a run a gap.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        self.objectives
            .iter()
            .any(|objective| objective.minimum.is_some())
    }

    /// The greatest number of epochs of any run.
    #[must_use]
    pub fn greatest_epochs(&self) -> u64 {
        let series = self.numerics.series().find(|(name, _)| *name == "epochs");
        let epochs = series.into_iter().flat_map(|(_, series)| series.iter());
        epochs.filter_map(|value| whole(&value)).max().unwrap_or(0)
    }

    /// The number of updates of all runs together, if none ends early.
    #[must_use]
    pub fn run_epochs(&self) -> u128 {
        let numerics = self.numerics.count().unwrap_or(0);
        let each = u128::from(self.runs() / numerics.max(1));
        let epochs = (0..numerics).map(|index| {
            let point = self.numerics.point(index);
            let epochs = point.filter(|(name, _)| *name == "epochs");
            epochs
                .filter_map(|(_, value)| whole(&value))
                .map(u128::from)
                .sum::<u128>()
        });
        epochs.sum::<u128>() * each
    }

    /// Run number `number`.
    ///
    /// # Panics
    ///
    /// If there are not that many; see [`Plan::runs`].
    #[must_use]
    pub fn run(&self, number: u64) -> Run {
        assert!(number < self.runs(), "the plan has {} runs", self.runs());
        let points = self
            .objectives
            .iter()
            .map(|objective| objective.points().unwrap_or(0));
        let choices = self
            .optimizers
            .iter()
            .map(|one| one.settings.count().unwrap_or(0));
        let (number_rest, setting) = split(number, choices.clone().sum());
        let (numeric, point) = split(number_rest, points.clone().sum());
        let (objective, point) = locate(point, points);
        let (optimizer, setting) = locate(setting, choices);

        let numerics: Point<'_> = self.numerics.point(numeric).collect();
        let (constants, start) = self.objectives[objective].point(point);
        let method = self.optimizers[optimizer].method;
        let settings: Vec<(&str, Value)> =
            self.optimizers[optimizer].settings.point(setting).collect();

        let of = |name: &str| value_of(&settings, name);
        let rule = Rule::new(method, of);
        let number_of = |name: &str| {
            of(name)
                .number()
                .expect("numbers were checked to be numbers")
        };
        let as_numbers = |values: &[(&str, Value)]| {
            values
                .iter()
                .filter_map(|(_, value)| value.number())
                .collect::<Vec<_>>()
        };
        let columns = self.columns.iter().map(|column| {
            let own = match column.as_str() {
                "objective" => Some(Value::Name(self.objectives[objective].name.clone())),
                "optimizer" => Some(Value::Name(self.optimizers[optimizer].name.clone())),
                "method" => Some(Value::Name(method.name().to_owned())),
                _ => None,
            };
            let start_of = column.strip_prefix("start.");
            let found = |list: &[(&str, Value)], name: &str| {
                list.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.clone())
            };
            own.or_else(|| match start_of {
                Some(variable) => found(&start, variable),
                None => [&numerics, &constants, &settings]
                    .into_iter()
                    .find_map(|list| found(list, column)),
            })
        });
        let Arithmetic {
            precision,
            subnormals,
        } = Arithmetic::new(&numerics);
        Run {
            number,
            precision,
            subnormals,
            epochs: whole(value_of(&numerics, "epochs")).unwrap_or(1),
            objective,
            constants: as_numbers(&constants),
            start: as_numbers(&start),
            optimizer,
            rule,
            numbers: rule.numbers().iter().map(|name| number_of(name)).collect(),
            learning_rate: number_of("learning_rate"),
            settings: columns.collect(),
        }
    }

    /// What tells a run apart from the others: the settings that vary, and
    /// only those; for a single run its objective.
    #[must_use]
    pub fn label(&self, run: &Run) -> String {
        let mut parts = Vec::new();
        for (column, value) in self.columns.iter().zip(&run.settings) {
            let Some(value) = value else { continue };
            if !self.tells_apart(column, run) {
                continue;
            }
            parts.push(match value {
                Value::Name(name) => name.clone(),
                _ => format!("{}={}", column.trim_start_matches("start."), value.short()),
            });
        }
        if parts.is_empty() {
            self.objectives[run.objective].name.clone()
        } else {
            parts.join(", ")
        }
    }

    /// Whether a setting differs between some runs.
    #[must_use]
    pub fn varies(&self, column: &str) -> bool {
        let within = |objective, optimizer| self.varies_within(column, objective, optimizer);
        match column {
            "objective" => self.objectives.len() > 1,
            "optimizer" => self.optimizers.len() > 1,
            _ => {
                let objectives = (0..self.objectives.len()).any(|objective| within(objective, 0));
                let optimizers = (0..self.optimizers.len()).any(|optimizer| within(0, optimizer));
                let first = |series: &Series| series.get(0);
                let firsts: Vec<Value> = self
                    .optimizers
                    .iter()
                    .flat_map(|optimizer| optimizer.settings.series())
                    .filter(|(name, _)| *name == column)
                    .map(|(_, series)| first(series))
                    .collect();
                objectives || optimizers || firsts.windows(2).any(|pair| pair[0] != pair[1])
            }
        }
    }

    /// Whether a column belongs in the label of a run. What differs only
    /// between two optimizers is told by their names.
    fn tells_apart(&self, column: &str, run: &Run) -> bool {
        match column {
            "objective" => self.objectives.len() > 1,
            "optimizer" => self.optimizers.len() > 1,
            _ => self.varies_within(column, run.objective, run.optimizer),
        }
    }

    /// Whether a setting varies between the runs of one objective and one
    /// optimizer.
    fn varies_within(&self, column: &str, objective: usize, optimizer: usize) -> bool {
        let objective = &self.objectives[objective];
        let grids = [
            &self.numerics,
            &objective.constants,
            &self.optimizers[optimizer].settings,
        ];
        let in_grid = |grid: &Grid, name: &str| {
            grid.series()
                .any(|(key, series)| key == name && series.varies())
        };
        match column.strip_prefix("start.") {
            Some(variable) => {
                let firsts = objective.starts.iter().flat_map(Grid::series);
                let mut firsts = firsts.filter(|(key, _)| *key == variable);
                let first = firsts.next().map(|(_, series)| series.get(0));
                objective.starts.iter().any(|grid| in_grid(grid, variable))
                    || firsts.any(|(_, series)| Some(series.get(0)) != first)
            }
            None => grids.into_iter().any(|grid| in_grid(grid, column)),
        }
    }

    /// Whether the numbers of a setting were given as a range of equal ratios.
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
                .flat_map(Grid::series)
                .any(|(name, series)| name == variable && is_log(series)),
            None => optimizers
                .chain(constants)
                .chain(self.numerics.series())
                .any(|(name, series)| name == column && is_log(series)),
        }
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

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Whole(whole) => Some(*whole),
        _ => None,
    }
}

/// `index` as a row and a column of a table with so many columns.
fn split(index: u64, columns: u64) -> (u64, u64) {
    (index / columns.max(1), index % columns.max(1))
}

/// In which of some lists behind one another `index` lies, and where in it.
fn locate(mut index: u64, lengths: impl Iterator<Item = u64>) -> (usize, u64) {
    for (list, length) in lengths.enumerate() {
        if index < length {
            return (list, index);
        }
        index -= length;
    }
    unreachable!("an index within the sum of the lengths lies in one of the lists")
}

/// The SHA-256 of a text, in hexadecimal digits.
fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
