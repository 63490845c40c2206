//! The results of an experiment as they are printed: a table of runs, what all of them
//! add up to, the diagnosis, a chart.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use unicode_width::UnicodeWidthStr;

use gradtape::batch::RunResult;
use gradtape::derivative;
use gradtape::number::{Scalar, grouped, short};
use gradtape::plan::Plan;
use gradtape::report::{PAGE, RUNS};

use crate::output::{self, BAD, FAINT, GOOD, NOTABLE, STRONG};
use crate::table::{Cell, Table};
use crate::values;

/// More rows than this are in `runs.csv`, not on the terminal.
pub const ROWS: usize = 20;

/// More parameters than this are in `runs.csv`, not on the terminal.
const PARAMETERS: usize = 4;

/// What a run is ranked by among those of its objective: whether it arrived anywhere,
/// its loss, its number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rank {
    is_lost: bool,
    loss: f64,
    number: u64,
}

impl Rank {
    fn new(result: &RunResult) -> Self {
        let loss = result.loss.to_f64();
        let is_lost = result.is_diverged() || !loss.is_finite();
        Rank {
            is_lost,
            // Runs that are lost stay in the order of the plan.
            loss: if is_lost { 0.0 } else { loss },
            number: result.number,
        }
    }

    fn key(&self, other: &Rank) -> Ordering {
        self.is_lost
            .cmp(&other.is_lost)
            .then(self.loss.total_cmp(&other.loss))
            .then(self.number.cmp(&other.number))
    }
}

/// Says which runs can still have a row, so that the threads which compute millions of
/// runs copy the results of a few of them only. What is shown in the end does not depend
/// on the order in which they ask.
#[derive(Debug)]
pub struct Selection<'p> {
    plan: &'p Plan,
    /// How many rows each objective has; `None` if all runs have one.
    rows: Option<usize>,
    /// The best ranks so far of each objective, the best first.
    best: Mutex<BTreeMap<usize, Vec<Rank>>>,
}

impl<'p> Selection<'p> {
    /// Among so many runs of the plan.
    pub fn new(plan: &'p Plan, runs: usize) -> Self {
        let few = ROWS / plan.objectives.len().max(1);
        Selection {
            plan,
            rows: (runs > ROWS).then_some(few.max(1)),
            best: Mutex::new(BTreeMap::new()),
        }
    }

    /// What the summary needs of a run.
    pub fn look(&self, result: &RunResult) -> Seen {
        let rank = Rank::new(result);
        let objective = objective(self.plan, result.number);
        let is_shown = self.rows.is_none_or(|rows| {
            let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
            let ranks = best.entry(objective).or_default();
            insert(ranks, rank, rows, Rank::key)
        });
        Seen {
            rank,
            objective,
            status: result.status.clone(),
            loss: result.loss,
            shown: is_shown.then(|| Box::new(result.clone())),
        }
    }
}

/// Puts `one` where it belongs among the best `most`; false if it is not one of them.
fn insert<T>(best: &mut Vec<T>, one: T, most: usize, order: impl Fn(&T, &T) -> Ordering) -> bool {
    let place = best.partition_point(|other| order(other, &one) == Ordering::Less);
    if place >= most {
        return false;
    }
    best.insert(place, one);
    best.truncate(most);
    true
}

fn objective(plan: &Plan, number: u64) -> usize {
    if plan.objectives.len() < 2 {
        0
    } else {
        plan.objective_of(number)
    }
}

/// What the summary needs of a run.
#[derive(Debug)]
pub struct Seen {
    rank: Rank,
    objective: usize,
    status: Cow<'static, str>,
    loss: Scalar,
    /// The whole result, if it may have a row on the terminal.
    shown: Option<Box<RunResult>>,
}

/// The results as they are printed: some rows, and what they add up to.
pub struct Summary<'p> {
    plan: &'p Plan,
    /// How many rows each objective has; `None` if all runs have one.
    rows: Option<usize>,
    shown: BTreeMap<usize, Vec<(Rank, RunResult)>>,
    runs: u128,
    statuses: Vec<(Cow<'static, str>, u128)>,
    /// The best run of each objective that has one which arrived anywhere.
    best: BTreeMap<usize, (Rank, Scalar)>,
    /// The tables of the derivatives, rendered.
    tables: String,
    /// What the experiment shows, in sentences.
    pub diagnosis: Vec<String>,
    /// The main chart, rendered.
    pub plot: String,
}

impl<'p> Summary<'p> {
    /// The empty summary of so many runs of a plan.
    pub fn new(plan: &'p Plan, runs: usize) -> Self {
        Summary {
            plan,
            rows: Selection::new(plan, runs).rows,
            shown: BTreeMap::new(),
            runs: 0,
            statuses: Vec::new(),
            best: BTreeMap::new(),
            tables: String::new(),
            diagnosis: Vec::new(),
            plot: String::new(),
        }
    }

    /// Takes a run.
    pub fn add(&mut self, seen: Seen) {
        self.runs += 1;
        let known = self.statuses.iter_mut();
        match known.into_iter().find(|(status, _)| *status == seen.status) {
            Some((_, count)) => *count += 1,
            None => self.statuses.push((seen.status, 1)),
        }
        if !seen.rank.is_lost {
            let best = self.best.entry(seen.objective);
            let best = best.or_insert((seen.rank, seen.loss));
            if seen.rank.key(&best.0) == Ordering::Less {
                *best = (seen.rank, seen.loss);
            }
        }
        if let Some(result) = seen.shown {
            let one = (seen.rank, *result);
            match self.rows {
                // All of them, in the order of the plan.
                None => self.shown.entry(0).or_default().push(one),
                Some(rows) => {
                    let shown = self.shown.entry(seen.objective).or_default();
                    insert(shown, one, rows, |a, b| a.0.key(&b.0));
                }
            }
        }
    }

    /// Takes the values of a derivative.
    pub fn add_table(&mut self, values: &derivative::Table) {
        self.tables.push_str(&values::render(self.plan, values));
    }

    /// The text.
    pub fn render(&self, folder: &Path) -> String {
        let plan = self.plan;
        let mut contents = output::contents(plan, self.runs);
        if plan.runs() > 0 {
            let epochs = output::counted(u128::from(plan.greatest_epochs()), "epoch");
            contents.push_str(&format!(", up to {epochs}"));
        }
        let title = crate::table::one_line(&plan.title);
        let wide = title.width() + 2 + contents.width();
        let between = if output::room().is_some_and(|room| wide > room) {
            "\n"
        } else {
            "  "
        };
        let mut text = format!("{STRONG}{title}{STRONG:#}{between}{FAINT}{contents}{FAINT:#}\n");
        text.push_str(&output::classes(plan));
        text.push('\n');
        if plan.runs() > 0 {
            self.render_runs(&mut text);
        }
        text.push_str(&self.tables);
        if !self.diagnosis.is_empty() {
            let paragraph = self.diagnosis.join(" ");
            text.push_str(&output::wrapped(&paragraph, 2, 2));
            text.push('\n');
        }
        if !self.plot.is_empty() {
            text.push_str(&self.plot);
            text.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  report in {}", folder.join(PAGE).display());
        text
    }

    fn render_runs(&self, text: &mut String) {
        let shown: usize = self.shown.values().map(Vec::len).sum();
        text.push_str(&self.table().render());
        let more = self.runs.saturating_sub(shown as u128);
        // Writing to a string cannot fail.
        if more > 0 {
            let which = match (self.rows, self.shown.len()) {
                (Some(rows), 2..) => format!("best {rows} of each objective"),
                _ => format!("best {shown}"),
            };
            let said = format!(
                "the {which} by loss; all {} runs are in {RUNS}",
                grouped(self.runs)
            );
            let _ = write!(text, "{FAINT}{}{FAINT:#}", output::wrapped(&said, 2, 2));
        }
        text.push('\n');
        if self.runs > 1 {
            let counts = self.statuses.iter().map(|(status, count)| {
                let style = status_style(status);
                format!("{style}{status} {}{style:#}", grouped(*count))
            });
            let _ = writeln!(text, "  {}", counts.collect::<Vec<_>>().join(", "));
            // Losses of different objectives do not compare.
            if let ([(rank, loss)], 1) = (
                &*self.best.values().collect::<Vec<_>>(),
                self.plan.objectives.len(),
            ) {
                let label = self.plan.label(&self.plan.run(rank.number));
                let label = crate::table::one_line(&label);
                let said = format!(
                    "★ least loss {} in run {} ({label})",
                    loss.short(),
                    rank.number
                );
                let star = format!("{GOOD}★{GOOD:#}");
                text.push_str(&output::wrapped(&said, 2, 4).replacen('★', &star, 1));
            }
            text.push('\n');
        }
    }

    fn table(&self) -> Table {
        let plan = self.plan;
        let has_labels = self.runs > 1;
        let parameters = plan.parameters();
        let parameters = if parameters.len() > PARAMETERS {
            &[]
        } else {
            parameters
        };
        let mut heads = vec![("run", true)];
        if has_labels {
            heads.push(("settings", false));
        }
        heads.extend([
            ("result", false),
            ("why", false),
            ("epochs", true),
            ("loss", true),
        ]);
        let fixed = heads.len();
        if plan.has_gap() {
            heads.push(("gap", true));
        }
        heads.extend(parameters.iter().map(|name| (name.as_str(), true)));
        // Before the epochs and the loss.
        let why = fixed - 3;
        let mut table = Table::new(&heads).with_optional_from(fixed).with_minor(why);
        for (objective, (_, result)) in self
            .shown
            .iter()
            .flat_map(|(objective, shown)| shown.iter().map(move |one| (*objective, one)))
        {
            // Where all runs are shown they are in one list.
            let objective = match self.rows {
                None => self::objective(plan, result.number),
                Some(_) => objective,
            };
            let best = self.best.get(&objective);
            let is_best =
                self.runs > 1 && best.is_some_and(|(rank, _)| rank.number == result.number);
            let row = self.row(result, is_best, has_labels, parameters.len());
            if is_best {
                table.push_marked(row, '★', GOOD);
            } else {
                table.push(row);
            }
        }
        table
    }

    fn row(
        &self,
        result: &RunResult,
        is_best: bool,
        has_labels: bool,
        parameters: usize,
    ) -> Vec<Cell> {
        let number = |value: Option<Scalar>| {
            Cell::new(value.map_or_else(String::new, |value| short(value.to_f64())))
        };
        let mut row = vec![Cell::new(result.number.to_string())];
        if has_labels {
            row.push(Cell::new(&*result.label));
        }
        row.push(Cell::styled(&*result.status, status_style(&result.status)));
        // That the epochs were spent says all there is to say.
        let is_told = result.status == "epochs spent";
        let reason = if is_told { "" } else { &*result.reason };
        row.push(Cell::styled(reason, FAINT));
        row.push(Cell::new(grouped(u128::from(result.epochs_run))));
        let loss = short(result.loss.to_f64());
        row.push(if is_best {
            Cell::styled(loss, GOOD)
        } else {
            Cell::new(loss)
        });
        if self.plan.has_gap() {
            row.push(number(result.gap));
        }
        let values = result.parameters.iter().take(parameters);
        row.extend(values.map(|value| number(*value)));
        row
    }
}

fn status_style(status: &str) -> anstyle::Style {
    match status {
        "converged" | "fixed point" => GOOD,
        "diverged" => BAD,
        _ => NOTABLE,
    }
}
