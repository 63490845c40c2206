//! The values of a derivative as they are printed.

use gradtape_experiment::derivative::Table as Values;
use gradtape_experiment::number::counted;
use gradtape_experiment::plan::Plan;
use gradtape_report::derivative_file;

use super::selection::MAX_ROWS;
use crate::terminal::{Cell, FAINT, Table, text};

/// Maximum number of columns on the terminal; all are in the file of the derivative.
const MAX_COLUMNS: usize = 8;

/// The table of a derivative: its first rows and columns.
pub fn render(plan: &Plan, values: &Values) -> String {
    let derivative = &plan.derivatives[values.derivative];
    let has_arithmetics = plan.arithmetics().len() > 1;
    let count = derivative.columns.len().min(MAX_COLUMNS);
    let mut heads = Vec::new();
    if has_arithmetics {
        heads.push(("arithmetic", false));
    }
    let names = derivative
        .variables()
        .iter()
        .chain(&derivative.columns[..count]);
    heads.extend(names.map(|name| (name.as_str(), true)));
    let mut table = Table::new(&heads);
    for row in values.rows.iter().take(MAX_ROWS) {
        let mut cells = Vec::new();
        if has_arithmetics {
            cells.push(Cell::new(row.arithmetic.to_string()));
        }
        let numbers = row.at.iter().chain(&row.values[..count]);
        cells.extend(numbers.map(|number| Cell::new(number.short())));
        table.push(cells);
    }
    let name = text::name(&derivative.name);
    let mut text = format!("  {name}");
    if derivative.formula.trim() != derivative.name {
        let formula = text::name(derivative.formula.trim());
        text.push_str(&format!("  {FAINT}f = {formula}{FAINT:#}"));
    }
    text.push_str(&format!("\n\n{}", table.render()));
    let more = |more: usize, noun| (more > 0).then(|| counted(more, noun));
    let rows = more(values.rows.len().saturating_sub(MAX_ROWS), "more row");
    let columns = more(derivative.columns.len() - count, "more column");
    let more: Vec<String> = rows.into_iter().chain(columns).collect();
    if !more.is_empty() {
        let more = more.join(", ");
        let file = derivative_file(plan, values.derivative);
        text.push_str(&format!("  {FAINT}… and {more} in {file}{FAINT:#}\n"));
    }
    text.push('\n');
    text
}
