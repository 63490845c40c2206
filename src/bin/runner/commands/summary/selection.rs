//! Which runs have a row on the terminal.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gradtape_experiment::batch::RunResult;
use gradtape_experiment::diagnosis::Rank;
use gradtape_experiment::ending::Outcome;
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::Plan;

/// Maximum number of rows on the terminal; all are in `runs.csv`.
pub const MAX_ROWS: usize = 20;

/// The number of rows of each objective among `runs` runs; `None` if every run has a row.
pub fn rows_per_objective(plan: &Plan, runs: usize) -> Option<usize> {
    let few = MAX_ROWS / plan.objectives.len().max(1);
    (runs > MAX_ROWS).then_some(few.max(1))
}

/// Decides which runs can still have a row, so that the threads that compute millions of
/// runs copy the results of only a few. The rows do not depend on the order in which the
/// threads ask.
#[derive(Debug)]
pub struct Selection<'p> {
    plan: &'p Plan,
    rows_per_objective: Option<usize>,
    /// The best ranks so far of each objective, the best first.
    best: Mutex<BTreeMap<usize, Vec<Rank>>>,
}

impl<'p> Selection<'p> {
    /// A selection among `runs` runs of the plan.
    pub fn new(plan: &'p Plan, runs: usize) -> Self {
        Selection {
            plan,
            rows_per_objective: rows_per_objective(plan, runs),
            best: Mutex::new(BTreeMap::new()),
        }
    }

    /// The part of a result that the summary needs.
    pub fn extract(&self, result: &RunResult) -> Extract {
        let rank = Rank::new(result);
        let objective = objective(self.plan, result.number);
        let has_row = self.rows_per_objective.is_none_or(|rows| {
            let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
            let ranks = best.entry(objective).or_default();
            insert(ranks, rank, rows, Rank::order)
        });
        Extract {
            rank,
            objective,
            outcome: result.outcome,
            loss: result.quantities.ranked_loss(),
            result: has_row.then(|| Box::new(result.clone())),
        }
    }
}

/// The part of a result that the summary needs.
#[derive(Debug)]
pub struct Extract {
    pub rank: Rank,
    pub objective: usize,
    pub outcome: Outcome,
    pub loss: Scalar,
    /// The whole result, if it may have a row on the terminal.
    pub result: Option<Box<RunResult>>,
}

/// Puts `one` where it belongs among the best `most`; false if it is not one of them.
pub fn insert<T>(
    best: &mut Vec<T>,
    one: T,
    most: usize,
    order: impl Fn(&T, &T) -> Ordering,
) -> bool {
    let place = best.partition_point(|other| order(other, &one) == Ordering::Less);
    if place >= most {
        return false;
    }
    best.insert(place, one);
    best.truncate(most);
    true
}

/// The objective of a run.
pub fn objective(plan: &Plan, number: u64) -> usize {
    match plan.objectives.len() {
        0 | 1 => 0,
        _ => plan.objective_of(number),
    }
}
