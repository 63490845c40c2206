//! `index.html`: what the page says about plan, runs and derivatives, with the charts.

use std::fs;
use std::sync::Arc;

use super::{FilePart, PartMaker, ReportFile, Setup, Totals, derivative_columns, derivative_file};
use crate::page::{self, Cell, CellKind, Column, Page, RunRow, RunsTable, ValuesTable};
use crate::{PAGE, RUNS, ReportError};
use gradtape_experiment::batch::RunResult;
use gradtape_experiment::derivative::Table;
use gradtape_experiment::diagnosis::{Conclusion, Diagnosis, Rank, RankedSetting, Ranking};
use gradtape_experiment::ending::{Outcome, Tone};
use gradtape_experiment::number::{Scalar, Value, counted, grouped, short};
use gradtape_experiment::plan::{Plan, Quantity, quantity_label};
use gradtape_experiment::text::one_line;

/// Maximum number of parameters with columns; if there are more, none has one.
const MAX_PARAMETERS: usize = 6;

/// Maximum number of columns of a derivative.
const MAX_VALUES_ACROSS: usize = 16;

/// Maximum number of objectives or files that are listed.
const MAX_LISTED: usize = 5;

/// Maximum number of classes that are named.
const MAX_NAMES: usize = 20;

/// The runs and columns in the table of a page.
#[derive(Debug)]
struct TableShape {
    /// The last of the first runs, which all have rows.
    last: Option<u64>,
    /// The places of the settings that vary.
    settings: Vec<usize>,
    /// The place of the objective's name among the settings, if there are several.
    objective: Option<usize>,
    parameters: usize,
}

impl TableShape {
    /// Selects from the runs `numbers` of the plan, which are in order.
    fn new(plan: &Plan, numbers: &[u64]) -> TableShape {
        let columns = plan.columns();
        let varies = |place: &usize| plan.varies(&columns[*place]);
        let parameters = plan.parameters().len();
        TableShape {
            last: numbers[..numbers.len().min(page::MAX_ROWS)].last().copied(),
            settings: (0..columns.len()).filter(varies).collect(),
            objective: columns
                .iter()
                .position(|name| name == "objective")
                .filter(varies),
            parameters: if parameters > MAX_PARAMETERS {
                0
            } else {
                parameters
            },
        }
    }

    fn columns(&self, plan: &Plan) -> Vec<Column> {
        let column = |name: &str, title: String, kind| Column {
            name: name.to_owned(),
            title,
            kind,
        };
        let number = |name: &str| column(name, quantity_label(name), CellKind::Number);
        let settings = self.settings.iter().map(|place| &plan.columns()[*place]);
        // First, so that no column before it pushes it out of sight.
        let mut columns = vec![column("outcome", "outcome".to_owned(), CellKind::Outcome)];
        columns.extend(settings.map(|name| column(name, quantity_label(name), CellKind::Text)));
        columns.push(column("status", "status".to_owned(), CellKind::Text));
        columns.push(column("epochs_run", "epochs".to_owned(), CellKind::Number));
        columns.extend(quantities(plan).map(|quantity| number(quantity.name())));
        let parameters = plan.parameters().iter().take(self.parameters);
        columns.extend(parameters.map(|name| column(name, name.clone(), CellKind::Number)));
        columns
    }

    fn row(&self, plan: &Plan, result: &RunResult) -> RunRow {
        let settings = self.settings.iter().map(|place| {
            let setting = result.settings.get(*place).and_then(Option::as_ref);
            setting.map_or_else(Cell::default, |value| {
                setting_cell(value, &plan.columns()[*place])
            })
        });
        let mut cells = vec![plain(outcome(result))];
        cells.extend(settings);
        cells.push(plain(result.status.name().to_owned()));
        cells.push(plain(grouped(u128::from(result.quantities.epochs_run()))));
        let numbers = quantities(plan).map(|quantity| result.quantities.get(quantity));
        let parameters = result.parameters.iter().copied().take(self.parameters);
        cells.extend(numbers.chain(parameters).map(number_cell));
        RunRow {
            run: result.number,
            cells,
            tone: tone(plan, result),
            sentence: String::new(),
            is_best: false,
        }
    }
}

/// The quantities of the last state with a column: the norm of the gradient last, as it says
/// least.
fn quantities(plan: &Plan) -> impl Iterator<Item = Quantity> {
    let is_last = |one: &Quantity| *one == Quantity::GradientNorm;
    let of_state =
        Quantity::in_runs(plan).filter(|one| one.is_of_state() || *one == Quantity::Distance);
    let first = of_state.clone().filter(move |one| !is_last(one));
    first.chain(of_state.filter(is_last))
}

/// The best run of an objective so far, with its row.
#[derive(Debug)]
struct Best {
    objective: Option<Value>,
    /// The number of runs of the objective.
    of: u64,
    /// `None` if all runs are lost.
    best: Option<(Rank, RunRow)>,
}

impl Best {
    fn offer(&mut self, rank: Rank, row: impl FnOnce() -> RunRow) {
        let known = self.best.as_ref();
        let is_better = known.is_none_or(|(known, _)| rank.order(known).is_lt());
        if is_better && !rank.is_lost() {
            self.best = Some((rank, row()));
        }
    }
}

/// The file, or what it says of some runs: the rows of the first ones and of the best one of
/// each objective, and the outcomes.
#[derive(Debug)]
pub(crate) struct IndexHtml {
    table: Arc<TableShape>,
    rows: Vec<RunRow>,
    best: Vec<Best>,
    /// The number of runs by outcome and tone; the tone depends on the objective.
    outcomes: Vec<(Outcome, Tone, u64)>,
    runs: u64,
}

impl ReportFile for IndexHtml {
    type Part = IndexHtml;

    fn names(_: &Plan) -> Vec<String> {
        vec![PAGE.to_owned()]
    }

    fn create(setup: &Setup<'_>) -> Result<Self, ReportError> {
        Ok(IndexHtml::new(setup.plan, setup.numbers))
    }

    fn parts(&self) -> PartMaker<IndexHtml> {
        let table = Arc::clone(&self.table);
        Box::new(move || IndexHtml::of(Arc::clone(&table)))
    }

    fn append(&mut self, later: IndexHtml) -> Result<(), ReportError> {
        self.runs += later.runs;
        self.rows.extend(later.rows);
        for (outcome, tone, count) in later.outcomes {
            self.count(outcome, tone, count);
        }
        for other in later.best {
            let known = self.best_of(other.objective);
            known.of += other.of;
            if let Some((rank, row)) = other.best {
                known.offer(rank, || row);
            }
        }
        Ok(())
    }

    fn finish(self, totals: &mut Totals<'_>) -> Result<(), ReportError> {
        let path = totals.folder.join(PAGE);
        let page = self.page(totals);
        fs::write(&path, page::html(&page)).map_err(ReportError::write(&path))
    }
}

impl FilePart for IndexHtml {
    fn conclude(&mut self, plan: &Plan, run: &Conclusion) {
        self.add(plan, &run.result);
    }
}

impl IndexHtml {
    /// A page of the runs `numbers`, which are in order.
    pub(crate) fn new(plan: &Plan, numbers: &[u64]) -> IndexHtml {
        IndexHtml::of(Arc::new(TableShape::new(plan, numbers)))
    }

    fn of(table: Arc<TableShape>) -> IndexHtml {
        IndexHtml {
            table,
            rows: Vec::new(),
            best: Vec::new(),
            outcomes: Vec::new(),
            runs: 0,
        }
    }

    pub(crate) fn add(&mut self, plan: &Plan, result: &RunResult) {
        self.runs += 1;
        self.count(result.outcome, tone(plan, result), 1);
        let table = Arc::clone(&self.table);
        let objective = table
            .objective
            .and_then(|place| result.settings.get(place).cloned().flatten());
        let known = self.best_of(objective);
        known.of += 1;
        known.offer(Rank::new(result), || table.row(plan, result));
        if table.last.is_some_and(|last| result.number <= last) {
            self.rows.push(table.row(plan, result));
        }
    }

    fn count(&mut self, outcome: Outcome, tone: Tone, count: u64) {
        let mut known = self.outcomes.iter_mut();
        match known.find(|(known, of, _)| (*known, *of) == (outcome, tone)) {
            Some((_, _, known)) => *known += count,
            None => self.outcomes.push((outcome, tone, count)),
        }
    }

    fn best_of(&mut self, objective: Option<Value>) -> &mut Best {
        let known = self
            .best
            .iter()
            .position(|best| best.objective == objective);
        let place = known.unwrap_or(self.best.len());
        if known.is_none() {
            self.best.push(Best {
                objective,
                of: 0,
                best: None,
            });
        }
        &mut self.best[place]
    }

    /// The page of a report.
    fn page(self, totals: &mut Totals<'_>) -> Page {
        let charts = std::mem::take(&mut totals.views);
        let Totals {
            plan,
            head,
            diagnosis,
            tables,
            ..
        } = *totals;
        // Charts that were not drawn do not exist.
        let drawings = [".png", ".svg", ".gif"];
        let is_drawing = |file: &String| drawings.iter().any(|ending| file.ends_with(ending));
        let mut files = super::names(plan);
        files.retain(|file| file != PAGE && !(charts.is_empty() && is_drawing(file)));
        Page {
            title: plan.title.clone(),
            description: plan.description.clone(),
            outline: outline(plan, self.runs),
            diagnosis: diagnosis.summary.clone(),
            details: diagnosis.details.clone(),
            charts,
            rankings: rankings(plan, &diagnosis.rankings),
            runs: (plan.runs.count() > 0).then(|| self.runs(plan, diagnosis)),
            values: tables.iter().map(|table| values(plan, table)).collect(),
            facts: facts(plan, head),
            files,
            experiment: (head.file.clone(), head.experiment.clone()),
        }
    }

    fn runs(self, plan: &Plan, diagnosis: &Diagnosis) -> RunsTable {
        let mut rows = self.rows;
        for row in &mut rows {
            let runs = &diagnosis.runs;
            let known = runs.binary_search_by_key(&row.run, |one| one.run);
            // The summary of a single run is the same.
            if let (Ok(place), 2..) = (known, self.runs) {
                row.sentence.clone_from(&runs[place].sentence);
            }
        }
        // With repetitions the best setting is marked, not the luckiest run.
        let best = self.best.into_iter();
        let best = best.filter(|best| best.of > 1 && diagnosis.rankings.is_empty());
        for (_, mut row) in best.filter_map(|best| best.best) {
            row.is_best = true;
            match rows.binary_search_by_key(&row.run, |row| row.run) {
                Ok(place) => rows[place].is_best = true,
                Err(place) => rows.insert(place, row),
            }
        }
        let mut columns = self.table.columns(plan);
        for (place, column) in columns.iter_mut().enumerate() {
            // A setting is a column of numbers if all its values are numbers.
            let mut cells = rows.iter().filter_map(|row| row.cells.get(place));
            let is_number = |cell: &Cell| cell.text.is_empty() || cell.text.parse::<f64>().is_ok();
            if column.kind == CellKind::Text && !is_name(&column.name) && cells.all(is_number) {
                column.kind = CellKind::Number;
            }
        }
        let mut outcomes = self.outcomes;
        outcomes.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        let toned = outcomes.into_iter();
        let toned = toned.map(|(outcome, tone, count)| (outcome.name().to_owned(), tone, count));
        RunsTable {
            columns,
            rows,
            of: self.runs,
            outcomes: toned.collect(),
            file: RUNS.to_owned(),
        }
    }
}

fn outline(plan: &Plan, runs: u64) -> Vec<String> {
    let mut parts = Vec::new();
    if plan.runs.count() > 0 {
        parts.push(match (runs, plan.runs.count()) {
            (runs, all) if runs < all => {
                format!("{} of {}", grouped(u128::from(runs)), counted(all, "run"))
            }
            (runs, _) => counted(runs, "run"),
        });
        let epochs = plan.greatest_epochs();
        let up_to = if plan.varies("epochs") { "up to " } else { "" };
        parts.push(format!("{up_to}{}", counted(epochs, "epoch")));
    }
    let derivatives = plan.derivatives.len() as u64;
    if derivatives > 0 {
        parts.push(counted(derivatives, "derivative"));
    }
    // A few short names say more than their number.
    let names = |names: Vec<&str>, noun: &str| {
        let joined = names.join(", ");
        let is_short = names.len() == 1 || names.len() <= 3 && joined.chars().count() <= 60;
        match is_short {
            true => joined,
            false => counted(names.len(), noun),
        }
    };
    let objectives = plan.objectives.iter().map(|one| one.name.as_str());
    let optimizers = plan.optimizers.iter().map(|one| one.name.as_str());
    parts.push(names(objectives.collect(), "objective"));
    parts.push(names(optimizers.collect(), "optimizer"));
    let arithmetics = plan.arithmetics().iter().map(ToString::to_string);
    parts.push(arithmetics.collect::<Vec<_>>().join(", "));
    let classes = plan.classes();
    parts.extend(
        classes
            .iter()
            .take(MAX_LISTED)
            .map(|(_, one)| one.to_string()),
    );
    parts.retain(|part| !part.is_empty());
    parts
}

fn facts(plan: &Plan, head: &crate::json::Head) -> Vec<(String, String)> {
    let mut facts = vec![
        ("File".to_owned(), head.file.clone()),
        ("SHA-256".to_owned(), head.sha256.clone()),
        (
            "Created with".to_owned(),
            format!("gradtape {}", head.gradtape),
        ),
    ];
    for objective in plan.objectives.iter().take(MAX_LISTED) {
        let formula = one_line(&objective.formula);
        if formula != objective.name {
            facts.push((objective.name.clone(), formula));
        }
    }
    for (file, classes) in plan.classes().into_iter().take(MAX_LISTED) {
        facts.push((file.to_owned(), classes.with_names(MAX_NAMES)));
    }
    facts
}

fn values(plan: &Plan, table: &Table) -> ValuesTable {
    let derivative = &plan.derivatives[table.derivative];
    let columns = derivative_columns(plan, table.derivative);
    let has_arithmetics = plan.arithmetics().len() > 1;
    let row = |row: &gradtape_experiment::derivative::Row| -> Vec<Cell> {
        let words = [
            row.arithmetic.precision.name(),
            row.arithmetic.subnormals_name(),
        ];
        let words = words.into_iter().filter(|_| has_arithmetics);
        let numbers = row.at.iter().chain(&row.values);
        let cells = words.map(|word| plain(word.to_owned()));
        let cells = cells.chain(numbers.map(|number| number_cell(Some(*number))));
        cells.take(MAX_VALUES_ACROSS).collect()
    };
    let formula = derivative.formula.trim();
    ValuesTable {
        title: derivative.name.clone(),
        formula: (formula != derivative.name).then(|| formula.to_owned()),
        columns: columns
            .iter()
            .take(MAX_VALUES_ACROSS)
            .map(|name| (*name).to_owned())
            .collect(),
        columns_of: columns.len(),
        rows: table.rows.iter().take(page::MAX_VALUES).map(row).collect(),
        of: table.rows.len(),
        file: derivative_file(plan, table.derivative),
    }
}

fn plain(text: String) -> Cell {
    Cell { text, exact: None }
}

/// Six digits, and all digits as the exact value.
fn number_cell(number: Option<Scalar>) -> Cell {
    let Some(number) = number else {
        return Cell::default();
    };
    with_exact(number.short(), number.to_string())
}

fn with_exact(text: String, exact: String) -> Cell {
    // `1.0` is not more exact than `1`.
    let is_same = exact.strip_suffix(".0").unwrap_or(&exact) == text;
    Cell {
        text,
        exact: (!is_same).then_some(exact),
    }
}

/// A setting, which is text if it was read back from a file.
fn setting_cell(value: &Value, column: &str) -> Cell {
    let exact = value.to_string();
    match exact.parse::<f64>() {
        Ok(number) if !is_name(column) => with_exact(short(number), exact),
        _ => plain(exact),
    }
}

/// Whether a setting is a name from the file, which may consist of digits.
fn is_name(column: &str) -> bool {
    ["objective", "optimizer"].contains(&column)
}

/// The outcome of a run, with the period if it oscillates.
fn outcome(result: &RunResult) -> String {
    let name = result.outcome.name();
    match result.period {
        None => name.to_owned(),
        Some(period) => format!("{name}, period {period}"),
    }
}

fn tone(plan: &Plan, result: &RunResult) -> Tone {
    let objective = &plan.objectives[plan.objective_of(result.number)];
    result.outcome.tone(objective.has_known_minimum())
}

/// The tables of settings, one for each objective.
fn rankings(plan: &Plan, rankings: &[Ranking]) -> Vec<page::SettingsTable> {
    let of = |ranking: &Ranking| {
        let objective = &plan.objectives[ranking.objective];
        let has_minimum = objective.has_known_minimum();
        page::SettingsTable {
            title: (plan.objectives.len() > 1).then(|| ranking.title.clone()),
            quantity: Rank::quantity(objective),
            has_minimum,
            has_best: ranking
                .settings
                .first()
                .is_some_and(|one| one.losses[2].is_finite()),
            rows: ranking.settings.iter().map(setting).collect(),
            of: ranking.of,
            test: ranking.test,
        }
    };
    rankings.iter().map(of).collect()
}

fn setting(setting: &RankedSetting) -> page::SettingRow {
    let share = |count: u64| {
        format!(
            "{} of {}",
            grouped(count.into()),
            grouped(setting.runs.into())
        )
    };
    let number = |value: f64| match value.is_finite() {
        true => with_exact(short(value), value.to_string()),
        false => plain("diverged".to_owned()),
    };
    page::SettingRow {
        label: setting.label.clone(),
        losses: setting.losses.map(number),
        converged: share(setting.converged),
        reached: setting.reached.map(share),
        diverged: share(setting.diverged),
        comparison: setting.comparison.text(),
    }
}
