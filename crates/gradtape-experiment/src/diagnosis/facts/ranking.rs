//! The ranking of settings.
//!
//! Runs that differ only in their repetition have the same *setting*. SettingTotals of an objective
//! are ranked by the median of their final losses (the validation losses, where rows are
//! left out of training), since the best of many repetitions is luck. A run that diverged,
//! or whose loss is not finite, ranks last.
//!
//! The best setting is compared with each of the other listed settings: by Wilcoxon's
//! signed-rank test of the losses if the repetitions share their starting points, otherwise by
//! the Mann–Whitney test. Both are two-sided, and exact for few repetitions. The p-values have
//! Holm's correction for the number of comparisons; the level of significance is 5 %.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::rank_tests::{RankTest, holm, rank_sum, signed_rank};
use super::run_setup::RunSetup;
use crate::batch::RunResult;
use crate::ending::{Outcome, Status};
use crate::number::{quantile, sorted};
use crate::plan::{Plan, Quantity};

/// The level of significance of a difference between two settings.
pub const LEVEL: f64 = 0.05;

/// Maximum number of ranked settings of an objective, in addition to the best one of each
/// optimizer.
pub const MAX_SETTINGS: usize = 20;

/// The rank of a run among those of its objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    /// Infinite if the run diverged or the loss is not finite.
    loss: f64,
    /// The epochs up to the last change.
    epochs: u64,
    evaluations: u64,
    run: u64,
}

impl Rank {
    /// The rank of a run with this result.
    #[must_use]
    pub fn new(result: &RunResult) -> Self {
        let loss = result.quantities.ranked_loss().to_f64();
        let is_lost = result.outcome == Outcome::Diverged || !loss.is_finite();
        Rank {
            loss: if is_lost { f64::INFINITY } else { loss },
            epochs: match result.status {
                Status::FixedPoint | Status::NoFurtherStep => result.status_epoch,
                _ => result.quantities.epochs_run(),
            },
            evaluations: result.quantities.count(Quantity::Evaluations),
            run: result.number,
        }
    }

    /// The loss; infinite if the run diverged or its loss is not finite.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Whether the run diverged or its loss is not finite.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.loss == f64::INFINITY
    }

    /// The number of the run.
    #[must_use]
    pub fn run(&self) -> u64 {
        self.run
    }

    /// The epochs up to the last change.
    #[must_use]
    pub fn epochs(&self) -> u64 {
        self.epochs
    }

    /// Compares by the loss, then by epochs and evaluations, then by the number of the run.
    #[must_use]
    pub fn order(&self, other: &Rank) -> Ordering {
        // Zeros of both signs are equal, and there is no NaN.
        let by_loss = self.loss.partial_cmp(&other.loss);
        let cost = |rank: &Rank| (rank.epochs, rank.evaluations, rank.run);
        let by_cost = cost(self).cmp(&cost(other));
        by_loss.unwrap_or(Ordering::Equal).then(by_cost)
    }
}

/// The comparison of a setting with the best one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SettingComparison {
    /// It is the best one.
    Best,
    /// The losses differ significantly; the corrected p-value.
    Differs(f64),
    /// The losses do not differ at the level of 5 %; the corrected p-value.
    NoDifference(f64),
    /// Too few repetitions for any difference at that level.
    TooFew,
    /// All repetitions of one of the two settings are the same descent.
    NotRandom,
}

/// The method of the comparisons of a ranking.
#[derive(Clone, Copy)]
pub(crate) enum TestMethod {
    SignedRank,
    RankSum,
    /// The first where repetitions share their starting points, else the second.
    Both,
}

/// The runs of a setting so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    /// The loss of each repetition, in order; infinite for a lost run.
    pub(crate) losses: Vec<(u64, f64)>,
    pub(crate) converged: u64,
    pub(crate) reached: u64,
    pub(crate) diverged: u64,
}

/// A setting with all of its runs.
#[derive(Clone, Debug)]
pub(crate) struct SettingRuns {
    pub(crate) first_run: u64,
    pub(crate) optimizer: usize,
    pub(crate) quartiles: [f64; 5],
    pub(crate) members: Members,
}

impl SettingRuns {
    /// Compares by the median, then by the other quartiles, then by the order of the plan.
    fn order(&self, other: &SettingRuns) -> Ordering {
        let key = |one: &SettingRuns| [2, 1, 3, 0, 4].map(|place| one.quartiles[place]);
        key(self)
            .into_iter()
            .zip(key(other))
            .map(|(one, other)| one.total_cmp(&other))
            .find(|order| order.is_ne())
            .unwrap_or(self.first_run.cmp(&other.first_run))
    }
}

/// Collects the settings of a plan with repetitions. Runs come in the order of the plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingTotals {
    /// The settings that may get more runs, by number.
    open: BTreeMap<u64, Members>,
    /// The best settings of each objective, and the number of all.
    complete: BTreeMap<usize, (Vec<SettingRuns>, u64)>,
    /// The best setting by objective and optimizer.
    best: BTreeMap<(usize, usize), SettingRuns>,
}

impl SettingTotals {
    pub(crate) fn add(&mut self, plan: &Plan, setup: &RunSetup, result: &RunResult) {
        if plan.repetitions() < 2 {
            return;
        }
        let (setting, repetition) = place(plan, setup.number);
        let members = self.open.entry(setting).or_default();
        members.losses.push((repetition, Rank::new(result).loss()));
        members.converged += u64::from(result.status == Status::Converged);
        members.reached += u64::from(result.outcome == Outcome::KnownMinimum);
        members.diverged += u64::from(result.outcome == Outcome::Diverged);
    }

    /// Adds the settings of later runs; only the last setting can get more runs.
    pub(crate) fn extend(&mut self, plan: &Plan, later: SettingTotals) {
        for (setting, members) in later.open {
            let known = self.open.entry(setting).or_default();
            known.losses.extend(members.losses);
            known.converged += members.converged;
            known.reached += members.reached;
            known.diverged += members.diverged;
        }
        while self.open.len() > 1 {
            self.complete_first(plan);
        }
    }

    fn complete_first(&mut self, plan: &Plan) {
        let Some((setting, members)) = self.open.pop_first() else {
            return;
        };
        let first_run = setting * plan.repetitions();
        let run = plan.run(first_run);
        let losses = sorted(members.losses.iter().map(|(_, loss)| *loss));
        let complete = SettingRuns {
            first_run,
            optimizer: run.optimizer,
            quartiles: [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| quantile(&losses, share)),
            members,
        };
        let best = self
            .best
            .entry((run.objective, run.optimizer))
            .or_insert_with(|| complete.clone());
        if complete.order(best).is_lt() {
            best.clone_from(&complete);
        }
        let (known, of) = self.complete.entry(run.objective).or_default();
        *of += 1;
        let place = known.partition_point(|other| other.order(&complete).is_lt());
        if place < MAX_SETTINGS {
            known.insert(place, complete);
            known.truncate(MAX_SETTINGS);
        }
    }

    /// The rankings of all objectives.
    pub(crate) fn rankings(mut self, plan: &Plan) -> Vec<SettingRanking> {
        while !self.open.is_empty() {
            self.complete_first(plan);
        }
        std::mem::take(&mut self.complete)
            .into_iter()
            .map(|(objective, (mut settings, of))| {
                // The best setting of each optimizer is always shown.
                let of_objective = (objective, 0)..=(objective, usize::MAX);
                for best in self.best.range(of_objective).map(|(_, best)| best) {
                    if settings.iter().all(|one| one.order(best).is_ne()) {
                        settings.push(best.clone());
                    }
                }
                settings.sort_by(SettingRuns::order);
                SettingRanking::new(plan, objective, settings, of)
            })
            .collect()
    }
}

/// The settings of an objective by their rank.
pub(crate) struct SettingRanking {
    /// The place of the objective in the plan.
    pub(crate) objective: usize,
    /// The settings, each compared with the first.
    pub(crate) settings: Vec<(SettingRuns, SettingComparison)>,
    /// The number of all settings.
    pub(crate) of: u64,
    /// The method of the comparisons, if there are any.
    pub(crate) method: Option<TestMethod>,
}

impl SettingRanking {
    fn new(plan: &Plan, objective: usize, settings: Vec<SettingRuns>, of: u64) -> Self {
        let tests: Vec<Option<(RankTest, bool)>> = match settings.split_first() {
            Some((first, others)) => others
                .iter()
                .map(|other| compare(plan, first, other))
                .collect(),
            None => Vec::new(),
        };
        let made: Vec<(RankTest, bool)> = tests.iter().copied().flatten().collect();
        let p_values: Vec<f64> = made.iter().map(|(test, _)| test.p).collect();
        let mut corrected = holm(&p_values).into_iter();
        #[expect(clippy::cast_precision_loss, reason = "there are few settings")]
        let count = made.len() as f64;
        let comparisons = tests.iter().map(|test| match test {
            None => SettingComparison::NotRandom,
            Some((test, _)) => match corrected.next() {
                Some(p) if p <= LEVEL => SettingComparison::Differs(p),
                _ if test.smallest_p * count > LEVEL => SettingComparison::TooFew,
                p => SettingComparison::NoDifference(p.unwrap_or(1.0)),
            },
        });
        let comparisons = [SettingComparison::Best].into_iter().chain(comparisons);
        let are_paired = made.iter().filter(|(_, is_paired)| *is_paired).count();
        SettingRanking {
            objective,
            settings: settings.into_iter().zip(comparisons).collect(),
            of,
            method: match made.len() {
                0 => None,
                count if count == are_paired => Some(TestMethod::SignedRank),
                _ if are_paired == 0 => Some(TestMethod::RankSum),
                _ => Some(TestMethod::Both),
            },
        }
    }
}

/// The setting and the repetition of a run.
fn place(plan: &Plan, run: u64) -> (u64, u64) {
    (run / plan.repetitions(), run % plan.repetitions())
}

/// Whether two settings have the same repetitions, each from the same starting point.
fn share_starts(plan: &Plan, one: &SettingRuns, other: &SettingRuns) -> bool {
    let numbers = |one: &SettingRuns| {
        let repetitions = one.members.losses.iter().map(|(repetition, _)| *repetition);
        repetitions.collect::<Vec<_>>()
    };
    let repetitions = numbers(one);
    let ends = [repetitions.first(), repetitions.last()];
    repetitions == numbers(other)
        && ends
            .into_iter()
            .flatten()
            .all(|end| start_bits(plan, one, *end) == start_bits(plan, other, *end))
}

/// The starting point of a repetition of a setting.
fn start_bits(plan: &Plan, setting: &SettingRuns, repetition: u64) -> Vec<u64> {
    let start = plan.run(setting.first_run + repetition).start;
    start.iter().map(|number| number.wide().to_bits()).collect()
}

/// The test of two settings, and whether it is paired; `None` if all repetitions of one are the
/// same descent.
fn compare(plan: &Plan, one: &SettingRuns, other: &SettingRuns) -> Option<(RankTest, bool)> {
    if !is_random(plan, one) || !is_random(plan, other) {
        return None;
    }
    let losses = |of: &SettingRuns| {
        let losses = of.members.losses.iter().map(|(_, loss)| *loss);
        losses.collect::<Vec<_>>()
    };
    let is_paired = share_starts(plan, one, other);
    let (one, other) = (losses(one), losses(other));
    let test = match is_paired {
        true => signed_rank(one.into_iter().zip(other)),
        false => rank_sum(&one, &other),
    };
    Some((test, is_paired))
}

/// Whether repetitions of a setting differ: in their starting points, or in the order of
/// their batches.
fn is_random(plan: &Plan, setting: &SettingRuns) -> bool {
    let run = plan.run(setting.first_run);
    let data = plan.objectives[run.objective].data.as_ref();
    let has_batches = data.is_some_and(|data| data.batch_size < data.training.len());
    has_batches || start_bits(plan, setting, 0) != start_bits(plan, setting, 1)
}
