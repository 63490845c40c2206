//! The totals of all runs.

use std::collections::BTreeMap;

use super::diagnoser::Diagnoser;
use super::ranking::{Rank, SettingRanking, SettingTotals};
use super::run_facts::Facts;
use super::run_setup::RunSetup;
use crate::batch::RunResult;
use crate::ending::Outcome;
use crate::plan::Plan;

/// The totals of all runs: counts, the best runs and settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) runs: u64,
    /// By objective and optimizer.
    pub(crate) groups: BTreeMap<(usize, usize), OptimizerRuns>,
    settings: SettingTotals,
}

/// The runs of an optimizer on an objective.
#[derive(Clone, Debug, Default)]
pub(crate) struct OptimizerRuns {
    /// The number of runs with each outcome.
    pub(crate) outcomes: BTreeMap<Outcome, u64>,
    best: Option<BestRun>,
    /// The smallest and the largest learning rate.
    rates: Option<[f64; 2]>,
    /// The largest learning rate of a run that is not unstable, and the smallest of one that
    /// is.
    stable: Option<f64>,
    unstable: Option<f64>,
}

/// The run that ranks first.
#[derive(Clone, Debug)]
pub(crate) struct BestRun {
    pub(crate) rank: Rank,
    pub(crate) setup: RunSetup,
    pub(crate) result: RunResult,
}

impl OptimizerRuns {
    fn offer(&mut self, best: BestRun) {
        let known = self.best.as_ref();
        if known.is_none_or(|known| best.rank.order(&known.rank).is_lt()) {
            self.best = Some(best);
        }
    }

    fn add_rate(&mut self, rate: f64) {
        let [least, greatest] = self.rates.unwrap_or([rate; 2]);
        self.rates = Some([least.min(rate), greatest.max(rate)]);
    }

    /// The learning rates between which runs begin to diverge, and the prediction of theory.
    pub(crate) fn boundary(&self, plan: &Plan, diagnoser: &Diagnoser) -> Option<Boundary> {
        let best = self.best.as_ref()?;
        let stable = self.stable?;
        if !self.is_sweep() {
            return None;
        }
        // Theory holds for one setting: where others vary, bounds do too.
        let decides = |column: &&String| {
            ![
                "learning_rate", "repetition", "objective", "optimizer", "method",
            ]
            .contains(&column.as_str())
                && !column.starts_with("start.")
        };
        let mut others = plan.columns().iter().filter(decides);
        let is_alone = !others.any(|column| plan.varies(column));
        let mut facts = Facts::default();
        if is_alone {
            let model = diagnoser.model_of(plan, &best.setup, &best.result);
            model
                .unwrap_or_default()
                .add_to(&mut facts, best.setup.theory, &best.result);
        }
        Some(Boundary {
            stable,
            unstable: self.unstable.filter(|unstable| stable < *unstable),
            facts,
        })
    }

    /// Whether its runs differ in their learning rates.
    fn is_sweep(&self) -> bool {
        self.rates.is_some_and(|[least, greatest]| least < greatest)
    }

    fn extend(&mut self, other: OptimizerRuns) {
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        if let Some(best) = other.best {
            self.offer(best);
        }
        for rate in other.rates.into_iter().flatten() {
            self.add_rate(rate);
        }
        self.stable = most(self.stable, other.stable, f64::max);
        self.unstable = most(self.unstable, other.unstable, f64::min);
    }
}

fn most(one: Option<f64>, other: Option<f64>, choose: fn(f64, f64) -> f64) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(choose(one, other)),
        (one, other) => one.or(other),
    }
}

/// The learning rates of an optimizer on an objective at which runs begin to diverge.
pub(crate) struct Boundary {
    pub(crate) stable: f64,
    pub(crate) unstable: Option<f64>,
    /// Those that depend on the model at the end of the best run, if one setting has them.
    pub(crate) facts: Facts,
}

impl Totals {
    pub(crate) fn add(&mut self, plan: &Plan, setup: RunSetup, result: &RunResult) {
        self.runs += 1;
        self.settings.add(plan, &setup, result);
        let key = (setup.objective, setup.optimizer);
        let group = self.groups.entry(key).or_default();
        *group.outcomes.entry(result.outcome).or_default() += 1;
        if let Some(rate) = setup.learning_rate {
            group.add_rate(rate);
        }
        if result.outcome.is_unstable() {
            group.unstable = most(group.unstable, setup.learning_rate, f64::min);
        } else {
            group.stable = most(group.stable, setup.learning_rate, f64::max);
        }
        let rank = Rank::new(result);
        let is_candidate = group
            .best
            .as_ref()
            .is_none_or(|best| rank.order(&best.rank).is_lt());
        if is_candidate && !rank.is_lost() {
            group.offer(BestRun {
                rank,
                setup,
                result: result.clone(),
            });
        }
    }

    /// Adds the totals of later runs.
    pub(crate) fn extend(&mut self, plan: &Plan, later: Totals) {
        self.runs += later.runs;
        for (key, group) in later.groups {
            self.groups.entry(key).or_default().extend(group);
        }
        self.settings.extend(plan, later.settings);
    }

    /// The objectives with runs, by their places in the plan.
    pub(crate) fn objectives(&self) -> Vec<usize> {
        let mut objectives: Vec<usize> = self.groups.keys().map(|(one, _)| *one).collect();
        objectives.dedup();
        objectives
    }

    /// The runs of an objective: each optimizer, by its place, and its group.
    pub(crate) fn groups_of(
        &self,
        objective: usize,
    ) -> impl Iterator<Item = (usize, &OptimizerRuns)> {
        self.groups
            .range((objective, 0)..=(objective, usize::MAX))
            .map(|((_, optimizer), group)| (*optimizer, group))
    }

    /// The best run of each optimizer on an objective, by their rank.
    pub(crate) fn bests(&self, objective: usize) -> Vec<&BestRun> {
        let mut bests: Vec<&BestRun> = self
            .groups_of(objective)
            .filter_map(|(_, group)| group.best.as_ref())
            .collect();
        bests.sort_by(|one, other| one.rank.order(&other.rank));
        bests
    }

    /// The rankings of all objectives, taken out.
    pub(crate) fn take_rankings(&mut self, plan: &Plan) -> Vec<SettingRanking> {
        std::mem::take(&mut self.settings).rankings(plan)
    }
}
