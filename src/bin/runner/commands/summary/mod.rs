//! The results of an experiment as they are printed: a table of runs, totals, the diagnosis,
//! a chart.

mod derivative;
mod selection;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;

use unicode_width::UnicodeWidthStr;

use gradtape_experiment::batch::RunResult;
use gradtape_experiment::derivative::Table as Values;
use gradtape_experiment::diagnosis::{Diagnosis, Rank};
use gradtape_experiment::ending::Outcome;
use gradtape_experiment::number::{Scalar, counted, grouped, short};
use gradtape_experiment::plan::Plan;
use gradtape_experiment::text::printable;
use gradtape_report::{PAGE, RUNS};

use super::contents::{classes, contents};
use crate::terminal::{FAINT, GOOD, STRONG, text};
use selection::{Extract, MAX_ROWS, insert, objective, rows_per_objective};
use tables::{RunTable, setting_table, style};

pub use selection::Selection;

/// The results as they are printed: some rows, and totals.
pub struct Summary<'p> {
    plan: &'p Plan,
    rows_per_objective: Option<usize>,
    /// The runs with a row, by their objective, or all together if every run has one.
    rows: BTreeMap<usize, Vec<(Rank, RunResult)>>,
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
            rows_per_objective: rows_per_objective(plan, runs),
            rows: BTreeMap::new(),
            runs: 0,
            outcomes: BTreeMap::new(),
            best: BTreeMap::new(),
            tables: String::new(),
            diagnosis: Diagnosis::default(),
            plot: String::new(),
        }
    }

    /// Adds a run.
    pub fn add(&mut self, run: Extract) {
        self.runs += 1;
        let outcome = (run.objective, run.outcome);
        *self.outcomes.entry(outcome).or_default() += 1;
        if !run.rank.is_lost() {
            let loss = (run.rank, run.loss);
            let best = self.best.entry(run.objective).or_insert(loss);
            if run.rank.order(&best.0).is_lt() {
                *best = loss;
            }
        }
        let Some(result) = run.result else { return };
        let row = (run.rank, *result);
        match self.rows_per_objective {
            // All of them, in the order of the plan.
            None => self.rows.entry(0).or_default().push(row),
            Some(most) => {
                let rows = self.rows.entry(run.objective).or_default();
                insert(rows, row, most, |a, b| a.0.order(&b.0));
            }
        }
    }

    /// Adds the values of a derivative.
    pub fn add_table(&mut self, values: &Values) {
        self.tables.push_str(&derivative::render(self.plan, values));
    }

    /// The text.
    pub fn render(&self, folder: &Path) -> String {
        let plan = self.plan;
        let mut contents = contents(plan, self.runs);
        if plan.runs.count() > 0 {
            let epochs = counted(plan.greatest_epochs(), "epoch");
            contents.push_str(&format!(", up to {epochs}"));
        }
        let title = text::name(&plan.title);
        let wide = title.width() + 2 + contents.width();
        let between = if text::room().is_some_and(|room| wide > room) {
            "\n"
        } else {
            "  "
        };
        let mut text = format!("{STRONG}{title}{STRONG:#}{between}{FAINT}{contents}{FAINT:#}\n");
        text.push_str(&classes(plan));
        text.push('\n');
        if plan.runs.count() > 0 {
            self.render_runs(&mut text);
        }
        text.push_str(&self.tables);
        if !self.diagnosis.summary.is_empty() {
            let paragraph = self.diagnosis.summary.join(" ");
            text.push_str(&text::wrap(&printable(paragraph), 2, 2));
            text.push('\n');
        }
        if !self.plot.is_empty() {
            text.push_str(&self.plot);
            text.push('\n');
        }
        let page = printable(folder.join(PAGE).display());
        text + &format!("  report in {page}\n")
    }

    fn render_runs(&self, text: &mut String) {
        if self.diagnosis.rankings.is_empty() {
            self.render_rows(text);
        } else {
            self.render_settings(text);
        }
        text.push('\n');
        if self.runs > 1 {
            text.push_str(&format!("  {}\n", self.outcomes().join(", ")));
            self.render_best(text);
            text.push('\n');
        }
    }

    /// The table of runs.
    fn render_rows(&self, text: &mut String) {
        let mut table = RunTable::new(self.plan, self.runs > 1);
        for (_, result) in self.rows.values().flatten() {
            let best = self.best.get(&objective(self.plan, result.number));
            let is_best = best.is_some_and(|(rank, _)| rank.run() == result.number);
            table.push(result, self.runs > 1 && is_best);
        }
        text.push_str(&table.render());
        let rows: usize = self.rows.values().map(Vec::len).sum();
        if self.runs > rows as u128 {
            let which = match (self.rows_per_objective, self.rows.len()) {
                (Some(rows), 2..) => format!("best {rows} of each objective"),
                _ => format!("best {rows}"),
            };
            let sentence = format!(
                "the {which} by {}; all {} runs are in {RUNS}",
                self.ranked_quantity(),
                grouped(self.runs)
            );
            text.push_str(&faint(&sentence));
        }
    }

    /// The tables of settings, one for each objective: a single run of many repetitions says
    /// little.
    fn render_settings(&self, text: &mut String) {
        let rankings = &self.diagnosis.rankings;
        let rows = (MAX_ROWS / rankings.len().max(1)).max(3);
        for (place, ranking) in rankings.iter().enumerate() {
            if place > 0 {
                text.push('\n');
            }
            if rankings.len() > 1 {
                let title = text::name(&ranking.title);
                text.push_str(&format!("  {STRONG}{title}{STRONG:#}\n"));
            }
            let has_minimum = self.plan.objectives[ranking.objective].has_known_minimum();
            text.push_str(&setting_table(ranking, has_minimum, rows).render());
        }
        let all: u64 = rankings.iter().map(|ranking| ranking.of).sum();
        let listed = rankings
            .iter()
            .map(|ranking| ranking.settings.len().min(rows));
        let which = match (listed.sum::<usize>() as u64, rankings.len()) {
            (listed, _) if listed == all => "settings".to_owned(),
            (listed, 1) => format!("the best {listed} of {} settings", grouped(all.into())),
            _ => format!("the best {rows} settings of each objective"),
        };
        let sentence = format!(
            "{which} by their median {}; all {} runs are in {RUNS}",
            self.ranked_quantity(),
            grouped(self.runs)
        );
        text.push_str(&faint(&sentence));
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
        let ranking = self.diagnosis.rankings.first();
        let setting = ranking.and_then(|ranking| ranking.settings.first());
        let sentence = match (setting, self.best.values().next()) {
            (Some(setting), _) if setting.losses[2].is_finite() => format!(
                "★ smallest median {quantity} {} ({})",
                short(setting.losses[2]),
                text::name(&setting.label)
            ),
            (None, Some((rank, loss))) => {
                let label = text::name(&self.plan.label(&self.plan.run(rank.run())));
                format!(
                    "★ smallest {quantity} {} in run {} ({label})",
                    loss.short(),
                    rank.run()
                )
            }
            _ => return,
        };
        let star = format!("{GOOD}★{GOOD:#}");
        text.push_str(&text::wrap(&sentence, 2, 4).replacen('★', &star, 1));
    }
}

fn faint(sentence: &str) -> String {
    format!("{FAINT}{}{FAINT:#}", text::wrap(sentence, 2, 2))
}
