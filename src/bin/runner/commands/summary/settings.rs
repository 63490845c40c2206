//! The table of settings.

use gradtape_experiment::diagnosis::{RankedSetting, Ranking};
use gradtape_experiment::number::{grouped, short};

use crate::terminal::{Cell, FAINT, GOOD, Table};

/// The first `rows` settings of a ranking; `has_minimum` if the minimum of its objective is
/// known.
pub fn table(ranking: &Ranking, has_minimum: bool, rows: usize) -> Table {
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
        let row = row(setting, is_best);
        match is_best {
            true => table.push_marked(row, '★', GOOD),
            false => table.push(row),
        }
    }
    table
}

fn row(setting: &RankedSetting, is_best: bool) -> Vec<Cell> {
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
