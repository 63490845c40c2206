//! The tables of runs and settings.

use anstyle::Style;
use gradtape_experiment::batch::RunResult;
use gradtape_experiment::diagnosis::{RankedSetting, Ranking};
use gradtape_experiment::ending::{Status, Tone};
use gradtape_experiment::number::{Scalar, grouped, short};
use gradtape_experiment::plan::{Plan, Quantity};

use super::selection::objective;
use crate::terminal::{BAD, Cell, FAINT, GOOD, NOTABLE, Table};

/// Maximum number of parameters on the terminal; all are in `runs.csv`.
const MAX_PARAMETERS: usize = 4;

/// The table of runs.
pub struct RunTable<'p> {
    plan: &'p Plan,
    /// Whether there are several runs, which labels tell apart.
    has_labels: bool,
    /// The parameters that have a column.
    parameters: &'p [String],
    table: Table,
}

impl<'p> RunTable<'p> {
    pub fn new(plan: &'p Plan, has_labels: bool) -> Self {
        let parameters = plan.parameters();
        let has_parameters = parameters.len() <= MAX_PARAMETERS;
        let parameters = if has_parameters { parameters } else { &[] };
        let mut heads = vec![("run", true)];
        heads.extend(has_labels.then_some(("settings", false)));
        heads.extend([("outcome", false), ("epochs", true), ("loss", true)]);
        heads.extend(plan.has_validation().then_some(("validation", true)));
        let fixed = heads.len();
        heads.push(("status", false));
        heads.extend(plan.has_gap().then_some(("gap", true)));
        heads.extend(plan.has_distance().then_some(("distance", true)));
        heads.extend(parameters.iter().map(|name| (name.as_str(), true)));
        let table = Table::new(&heads);
        RunTable {
            plan,
            has_labels,
            parameters,
            table: table.with_optional_from(fixed).with_minor(fixed),
        }
    }

    pub fn push(&mut self, result: &RunResult, is_best: bool) {
        let row = self.row(result, is_best);
        match is_best {
            true => self.table.push_marked(row, '★', GOOD),
            false => self.table.push(row),
        }
    }

    pub fn render(&self) -> String {
        self.table.render()
    }

    fn row(&self, result: &RunResult, is_best: bool) -> Vec<Cell> {
        let plan = self.plan;
        let quantities = &result.quantities;
        let number = |value: Option<Scalar>| {
            Cell::new(value.map_or_else(String::new, |value| short(value.to_f64())))
        };
        let mut row = vec![Cell::new(result.number.to_string())];
        row.extend(self.has_labels.then(|| Cell::new(&*result.label)));
        row.push(self.outcome(result));
        row.push(Cell::new(grouped(u128::from(quantities.epochs_run()))));
        let loss = short(quantities.loss().to_f64());
        row.push(match is_best {
            true => Cell::styled(loss, GOOD),
            false => Cell::new(loss),
        });
        let quantity =
            |has_column: bool, quantity| has_column.then(|| number(quantities.get(quantity)));
        row.extend(quantity(plan.has_validation(), Quantity::ValidationLoss));
        row.push(match result.status {
            // The epoch limit needs no reason.
            Status::EpochLimit => Cell::styled(result.status.name(), FAINT),
            status => Cell::styled(format!("{}: {}", status.name(), result.reason), FAINT),
        });
        row.extend(quantity(plan.has_gap(), Quantity::Gap));
        row.extend(quantity(plan.has_distance(), Quantity::Distance));
        let values = result.parameters.iter().take(self.parameters.len());
        row.extend(values.map(|value| number(*value)));
        row
    }

    fn outcome(&self, result: &RunResult) -> Cell {
        let objective = &self.plan.objectives[objective(self.plan, result.number)];
        let tone = result.outcome.tone(objective.has_known_minimum());
        let name = result.outcome.name();
        let text = match result.period {
            Some(period) => format!("{name}, period {period}"),
            None => name.to_owned(),
        };
        Cell::styled(text, style(tone))
    }
}

/// The first `rows` settings of a ranking; `has_minimum` if the minimum of its objective is
/// known.
pub fn setting_table(ranking: &Ranking, has_minimum: bool, rows: usize) -> Table {
    let mut heads = vec![
        ("setting", false),
        ("runs", true),
        ("median", true),
        ("quartiles", true),
        ("against the best", false),
    ];
    let fixed = heads.len();
    heads.extend(has_minimum.then_some(("at minimum", true)));
    heads.extend(["diverged", "converged", "best", "worst"].map(|name| (name, true)));
    let mut table = Table::new(&heads).with_optional_from(fixed);
    for (rank, setting) in ranking.settings.iter().take(rows).enumerate() {
        let is_best = rank == 0 && setting.losses[2].is_finite();
        let row = setting_row(setting, is_best);
        match is_best {
            true => table.push_marked(row, '★', GOOD),
            false => table.push(row),
        }
    }
    table
}

fn setting_row(setting: &RankedSetting, is_best: bool) -> Vec<Cell> {
    let [best, lower, median, upper, worst] = setting.losses.map(digits);
    let count = |count: u64| Cell::new(grouped(count.into()));
    let median = match is_best {
        true => Cell::styled(median, GOOD),
        false => Cell::new(median),
    };
    let mut row = vec![
        Cell::new(&*setting.label),
        count(setting.runs),
        median,
        Cell::new(format!("{lower} – {upper}")),
        Cell::styled(setting.comparison.text(), FAINT),
    ];
    row.extend(setting.reached.map(count));
    row.extend([setting.diverged, setting.converged].map(count));
    row.extend([best, worst].map(Cell::new));
    row
}

/// Four digits are enough to compare by, and all are in the files.
fn digits(loss: f64) -> String {
    match loss.is_finite() {
        true => short(format!("{loss:.3e}").parse().unwrap_or(loss)),
        false => "diverged".to_owned(),
    }
}

/// The style of an outcome.
pub fn style(tone: Tone) -> Style {
    match tone {
        Tone::Good => GOOD,
        Tone::Neutral => NOTABLE,
        Tone::Bad => BAD,
    }
}
