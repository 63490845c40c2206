//! The results of an experiment as they are printed: a table of runs, totals, the diagnosis,
//! a chart.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use unicode_width::UnicodeWidthStr;

use gradtape_experiment::batch::RunResult;
use gradtape_experiment::derivative;
use gradtape_experiment::diagnosis::{Diagnosis, Rank, RankedSetting, Ranking};
use gradtape_experiment::ending::{Outcome, Status, Tone};
use gradtape_experiment::number::{Scalar, counted, grouped, short};
use gradtape_experiment::plan::{Plan, Quantity};
use gradtape_experiment::text::printable;
use gradtape_report::{PAGE, RUNS};

use crate::output::{self, BAD, FAINT, GOOD, NOTABLE, STRONG};
use crate::table::{Cell, Table};
use crate::values;

/// Maximum number of rows on the terminal; all are in `runs.csv`.
pub const ROWS: usize = 20;

/// Maximum number of parameters on the terminal; all are in `runs.csv`.
const PARAMETERS: usize = 4;

/// Decides which runs can still have a row, so that the threads that compute millions of
/// runs copy the results of only a few. The rows do not depend on the order in which the
/// threads ask.
#[derive(Debug)]
pub struct Selection<'p> {
    plan: &'p Plan,
    /// The number of rows of each objective; `None` if all runs have one.
    rows: Option<usize>,
    /// The best ranks so far of each objective, the best first.
    best: Mutex<BTreeMap<usize, Vec<Rank>>>,
}

impl<'p> Selection<'p> {
    /// A selection among `runs` runs of the plan.
    pub fn new(plan: &'p Plan, runs: usize) -> Self {
        let few = ROWS / plan.objectives.len().max(1);
        Selection {
            plan,
            rows: (runs > ROWS).then_some(few.max(1)),
            best: Mutex::new(BTreeMap::new()),
        }
    }

    /// The part of a result that the summary needs.
    pub fn look(&self, result: &RunResult) -> Seen {
        let rank = Rank::new(result);
        let objective = objective(self.plan, result.number);
        let is_shown = self.rows.is_none_or(|rows| {
            let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
            let ranks = best.entry(objective).or_default();
            insert(ranks, rank, rows, Rank::order)
        });
        Seen {
            rank,
            objective,
            outcome: result.outcome,
            loss: result.quantities.ranked_loss(),
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

/// The part of a result that the summary needs.
#[derive(Debug)]
pub struct Seen {
    rank: Rank,
    objective: usize,
    outcome: Outcome,
    loss: Scalar,
    /// The whole result, if it may have a row on the terminal.
    shown: Option<Box<RunResult>>,
}

/// The results as they are printed: some rows, and totals.
pub struct Summary<'p> {
    plan: &'p Plan,
    /// The number of rows of each objective; `None` if all runs have one.
    rows: Option<usize>,
    shown: BTreeMap<usize, Vec<(Rank, RunResult)>>,
    runs: u128,
    outcomes: BTreeMap<(usize, Outcome), u128>,
    /// The best run of each objective with a run that did not diverge.
    best: BTreeMap<usize, (Rank, Scalar)>,
    /// The tables of the derivatives, rendered.
    tables: String,
    /// The diagnosis of the runs.
    pub diagnosis: Diagnosis,
    /// The main chart, rendered.
    pub plot: String,
}

impl<'p> Summary<'p> {
    /// The empty summary of `runs` runs of a plan.
    pub fn new(plan: &'p Plan, runs: usize) -> Self {
        Summary {
            plan,
            rows: Selection::new(plan, runs).rows,
            shown: BTreeMap::new(),
            runs: 0,
            outcomes: BTreeMap::new(),
            best: BTreeMap::new(),
            tables: String::new(),
            diagnosis: Diagnosis::default(),
            plot: String::new(),
        }
    }

    /// Takes a run.
    pub fn add(&mut self, seen: Seen) {
        self.runs += 1;
        let count = self.outcomes.entry((seen.objective, seen.outcome));
        *count.or_default() += 1;
        if !seen.rank.is_lost() {
            let best = self.best.entry(seen.objective);
            let best = best.or_insert((seen.rank, seen.loss));
            if seen.rank.order(&best.0).is_lt() {
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
                    insert(shown, one, rows, |a, b| a.0.order(&b.0));
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
            let epochs = counted(plan.greatest_epochs(), "epoch");
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
        if !self.diagnosis.summary.is_empty() {
            let paragraph = self.diagnosis.summary.join(" ");
            text.push_str(&output::wrapped(&printable(paragraph), 2, 2));
            text.push('\n');
        }
        if !self.plot.is_empty() {
            text.push_str(&self.plot);
            text.push('\n');
        }
        // Writing to a string cannot fail.
        let page = printable(folder.join(PAGE).display());
        let _ = writeln!(text, "  report in {page}");
        text
    }

    fn render_runs(&self, text: &mut String) {
        if self.diagnosis.rankings.is_empty() {
            self.render_rows(text);
        } else {
            self.render_settings(text);
        }
        text.push('\n');
        if self.runs > 1 {
            let _ = writeln!(text, "  {}", self.outcomes().join(", "));
            self.render_best(text);
            text.push('\n');
        }
    }

    /// The table of runs.
    fn render_rows(&self, text: &mut String) {
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
                "the {which} by {}; all {} runs are in {RUNS}",
                self.ranked_quantity(),
                grouped(self.runs)
            );
            let _ = write!(text, "{FAINT}{}{FAINT:#}", output::wrapped(&said, 2, 2));
        }
    }

    /// The tables of settings, one for each objective: a single run of many repetitions says
    /// little.
    fn render_settings(&self, text: &mut String) {
        let rankings = &self.diagnosis.rankings;
        let rows = (ROWS / rankings.len().max(1)).max(3);
        for (place, ranking) in rankings.iter().enumerate() {
            if place > 0 {
                text.push('\n');
            }
            if rankings.len() > 1 {
                let title = crate::table::one_line(&ranking.title);
                let _ = writeln!(text, "  {STRONG}{title}{STRONG:#}");
            }
            text.push_str(&self.settings(ranking, rows).render());
        }
        let all: u64 = rankings.iter().map(|ranking| ranking.of).sum();
        let shown = rankings
            .iter()
            .map(|ranking| ranking.settings.len().min(rows));
        let which = match (shown.sum::<usize>() as u64, rankings.len()) {
            (shown, _) if shown == all => "settings".to_owned(),
            (shown, 1) => format!("the best {shown} of {} settings", grouped(all.into())),
            _ => format!("the best {rows} settings of each objective"),
        };
        let said = format!(
            "{which} by their median {}; all {} runs are in {RUNS}",
            self.ranked_quantity(),
            grouped(self.runs)
        );
        let _ = write!(text, "{FAINT}{}{FAINT:#}", output::wrapped(&said, 2, 2));
    }

    fn settings(&self, ranking: &Ranking, rows: usize) -> Table {
        let has_minimum = self.plan.objectives[ranking.objective].has_known_minimum();
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
            let RankedSetting {
                label,
                runs,
                losses: [best, lower, median, upper, worst],
                converged,
                reached,
                diverged,
                comparison,
                ..
            } = setting;
            // Four digits are enough to compare by, and all are in the files.
            let number = |value: f64| match value.is_finite() {
                true => short(format!("{value:.3e}").parse().unwrap_or(value)),
                false => "diverged".to_owned(),
            };
            let count = |count: u64| Cell::new(grouped(count.into()));
            let is_best = rank == 0 && median.is_finite();
            let median = number(*median);
            let mut row = vec![
                Cell::new(&**label),
                count(*runs),
                match is_best {
                    true => Cell::styled(median, GOOD),
                    false => Cell::new(median),
                },
                Cell::new(format!("{} – {}", number(*lower), number(*upper))),
                Cell::styled(comparison.text(), FAINT),
            ];
            row.extend(reached.map(count));
            row.extend([*diverged, *converged].map(count));
            row.extend([*best, *worst].map(|one| Cell::new(number(one))));
            match is_best {
                true => table.push_marked(row, '★', GOOD),
                false => table.push(row),
            }
        }
        table
    }

    /// What runs are ranked by.
    fn ranked_quantity(&self) -> &'static str {
        let mut quantities = self.plan.objectives.iter().map(Rank::quantity);
        let first = quantities.next().unwrap_or("loss");
        match quantities.all(|other| other == first) {
            true => first,
            false => "loss, or validation loss where there is one",
        }
    }

    /// The number of runs with each outcome, the most frequent first.
    fn outcomes(&self) -> Vec<String> {
        let mut all: Vec<(Outcome, bool, u128)> = Vec::new();
        for (&(objective, outcome), &count) in &self.outcomes {
            let is_known = self.plan.objectives[objective].has_known_minimum();
            let mut known = all.iter_mut();
            match known.find(|(one, known, _)| (*one, *known) == (outcome, is_known)) {
                Some((_, _, sum)) => *sum += count,
                None => all.push((outcome, is_known, count)),
            }
        }
        all.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
        let counts = all.into_iter().map(|(outcome, is_known, count)| {
            let style = style(outcome.tone(is_known));
            format!("{style}{} {}{style:#}", outcome.name(), grouped(count))
        });
        counts.collect()
    }

    /// The best run or setting, if there is one objective: losses of several do not compare.
    fn render_best(&self, text: &mut String) {
        if self.plan.objectives.len() > 1 {
            return;
        }
        let quantity = self.ranked_quantity();
        let setting = self.diagnosis.rankings.first();
        let setting = setting.and_then(|ranking| ranking.settings.first());
        let said = match (setting, self.best.values().next()) {
            (Some(setting), _) if setting.losses[2].is_finite() => format!(
                "★ smallest median {quantity} {} ({})",
                short(setting.losses[2]),
                crate::table::one_line(&setting.label)
            ),
            (None, Some((rank, loss))) => {
                let label = self.plan.label(&self.plan.run(rank.run()));
                let label = crate::table::one_line(&label);
                format!(
                    "★ smallest {quantity} {} in run {} ({label})",
                    loss.short(),
                    rank.run()
                )
            }
            _ => return,
        };
        let star = format!("{GOOD}★{GOOD:#}");
        text.push_str(&output::wrapped(&said, 2, 4).replacen('★', &star, 1));
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
        heads.extend([("outcome", false), ("epochs", true), ("loss", true)]);
        heads.extend(plan.has_validation().then_some(("validation", true)));
        let fixed = heads.len();
        heads.push(("status", false));
        heads.extend(plan.has_gap().then_some(("gap", true)));
        heads.extend(plan.has_distance().then_some(("distance", true)));
        heads.extend(parameters.iter().map(|name| (name.as_str(), true)));
        let mut table = Table::new(&heads)
            .with_optional_from(fixed)
            .with_minor(fixed);
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
                self.runs > 1 && best.is_some_and(|(rank, _)| rank.run() == result.number);
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
        let objective = &self.plan.objectives[objective(self.plan, result.number)];
        let tone = result.outcome.tone(objective.has_known_minimum());
        let outcome = match result.period {
            Some(period) => format!("{}, period {period}", result.outcome.name()),
            None => result.outcome.name().to_owned(),
        };
        row.push(Cell::styled(outcome, style(tone)));
        row.push(Cell::new(grouped(u128::from(
            result.quantities.epochs_run(),
        ))));
        let loss = short(result.quantities.loss().to_f64());
        row.push(if is_best {
            Cell::styled(loss, GOOD)
        } else {
            Cell::new(loss)
        });
        if self.plan.has_validation() {
            row.push(number(result.quantities.get(Quantity::ValidationLoss)));
        }
        row.push(match result.status {
            // The epoch limit needs no reason.
            Status::EpochLimit => Cell::styled(result.status.name(), FAINT),
            status => Cell::styled(format!("{}: {}", status.name(), result.reason), FAINT),
        });
        if self.plan.has_gap() {
            row.push(number(result.quantities.get(Quantity::Gap)));
        }
        if self.plan.has_distance() {
            row.push(number(result.quantities.get(Quantity::Distance)));
        }
        let values = result.parameters.iter().take(parameters);
        row.extend(values.map(|value| number(*value)));
        row
    }
}

fn style(tone: Tone) -> anstyle::Style {
    match tone {
        Tone::Good => GOOD,
        Tone::Neutral => NOTABLE,
        Tone::Bad => BAD,
    }
}
