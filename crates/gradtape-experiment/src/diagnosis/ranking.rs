//! The ranking of settings.
//!
//! Runs that differ only in their repetition have the same *setting*. Settings of an objective
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

use super::rank_tests::{Test, holm, rank_sum, signed_rank};
use super::words::brief;
use super::{Concluded, Subject};
use crate::batch::RunResult;
use crate::ending::{Outcome, Status};
use crate::number::{quantile, sorted};
use crate::plan::{Objective, Plan, Quantity};

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

    /// The name of the loss that ranks the runs of an objective.
    #[must_use]
    pub fn quantity(objective: &Objective) -> &'static str {
        match objective.has_validation() {
            true => "validation loss",
            false => "loss",
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

/// The settings of an objective, the best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The place of the objective in the plan.
    pub objective: usize,
    /// Its name, with its dimension where others have the same name.
    pub title: String,
    /// The best [`MAX_SETTINGS`], and the best one of each optimizer.
    pub settings: Vec<RankedSetting>,
    /// The number of all settings.
    pub of: u64,
    /// The name of the test that compares them; `None` without a comparison.
    pub test: Option<&'static str>,
}

/// A setting with the results of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedSetting {
    /// The values that distinguish it from other settings of its objective.
    pub label: String,
    /// The place of its optimizer in the plan.
    pub optimizer: usize,
    /// Its first run.
    pub first_run: u64,
    /// Number of runs.
    pub runs: u64,
    /// The smallest loss, the quartiles and the largest loss; a diverged run counts as infinite.
    pub losses: [f64; 5],
    /// The number of runs with the status `converged`.
    pub converged: u64,
    /// The number of runs that reached the known minimum; `None` if none is known.
    pub reached: Option<u64>,
    /// The number of runs that diverged.
    pub diverged: u64,
    /// The comparison with the best setting.
    pub comparison: Comparison,
}

/// The comparison of a setting with the best one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
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

impl Comparison {
    /// The text for tables and sentences; empty for the best setting.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Comparison::Best => String::new(),
            Comparison::Differs(p) if *p < 1e-4 => "p < 0.0001".to_owned(),
            Comparison::Differs(p) => format!("p = {}", super::words::rounded(*p, 1)),
            Comparison::NoDifference(_) => "no difference at 5 %".to_owned(),
            Comparison::TooFew => "too few repetitions to tell".to_owned(),
            Comparison::NotRandom => "all repetitions are the same".to_owned(),
        }
    }
}

/// The runs of a setting so far.
#[derive(Clone, Debug, Default)]
struct Members {
    /// The loss of each repetition, in order; infinite for a lost run.
    losses: Vec<(u64, f64)>,
    converged: u64,
    reached: u64,
    diverged: u64,
}

/// A setting with all of its runs.
#[derive(Clone, Debug)]
struct Complete {
    first_run: u64,
    optimizer: usize,
    quartiles: [f64; 5],
    members: Members,
}

impl Complete {
    /// Compares by the median, then by the other quartiles, then by the order of the plan.
    fn order(&self, other: &Complete) -> Ordering {
        let key = |one: &Complete| [2, 1, 3, 0, 4].map(|place| one.quartiles[place]);
        let all = key(self).into_iter().zip(key(other));
        let mut orders = all.map(|(one, other)| one.total_cmp(&other));
        let first = orders.find(|order| order.is_ne());
        first.unwrap_or(self.first_run.cmp(&other.first_run))
    }
}

/// Collects the settings of a plan with repetitions. Runs come in the order of the plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    /// The settings that may get more runs, by number.
    open: BTreeMap<u64, Members>,
    /// The best settings of each objective, and the number of all.
    complete: BTreeMap<usize, (Vec<Complete>, u64)>,
    /// The best setting by objective and optimizer.
    best: BTreeMap<(usize, usize), Complete>,
}

impl Settings {
    pub(super) fn add(&mut self, plan: &Plan, subject: &Subject, concluded: &Concluded) {
        if plan.repetitions() < 2 {
            return;
        }
        let result = &concluded.result;
        let (setting, repetition) = place(plan, subject.number);
        let members = self.open.entry(setting).or_default();
        members.losses.push((repetition, Rank::new(result).loss()));
        members.converged += u64::from(result.status == Status::Converged);
        members.reached += u64::from(result.outcome == Outcome::KnownMinimum);
        members.diverged += u64::from(result.outcome == Outcome::Diverged);
    }

    /// Adds the settings of later runs; only the last setting can get more runs.
    pub(super) fn extend(&mut self, plan: &Plan, later: Settings) {
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
        let complete = Complete {
            first_run,
            optimizer: run.optimizer,
            quartiles: [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| quantile(&losses, share)),
            members,
        };
        let best = self.best.entry((run.objective, run.optimizer));
        let best = best.or_insert_with(|| complete.clone());
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
    pub(super) fn rankings(mut self, plan: &Plan) -> Vec<Ranking> {
        while !self.open.is_empty() {
            self.complete_first(plan);
        }
        let complete = std::mem::take(&mut self.complete);
        let rankings = complete.into_iter().map(|(objective, (mut settings, of))| {
            // The best setting of each optimizer is always shown.
            let of_objective = self.best.range((objective, 0)..=(objective, usize::MAX));
            let bests = of_objective.map(|(_, best)| best);
            let missing = bests.filter(|best| settings.iter().all(|one| one.order(best).is_ne()));
            let missing: Vec<Complete> = missing.cloned().collect();
            settings.extend(missing);
            settings.sort_by(Complete::order);
            ranking(plan, objective, &settings, of)
        });
        rankings.collect()
    }
}

/// The setting and the repetition of a run.
fn place(plan: &Plan, run: u64) -> (u64, u64) {
    (run / plan.repetitions(), run % plan.repetitions())
}

/// Settings by their rank, compared with the first.
fn ranking(plan: &Plan, objective: usize, settings: &[Complete], of: u64) -> Ranking {
    let (first, others) = match settings.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, settings),
    };
    let pairs = others.iter().filter_map(|other| Some((first?, other)));
    let tests = pairs.map(|(first, other)| compare(plan, first, other));
    let tests: Vec<Option<(Test, bool)>> = tests.collect();
    let made = || tests.iter().flatten();
    let mut corrected = holm(&made().map(|(test, _)| test.p).collect::<Vec<_>>()).into_iter();
    #[expect(clippy::cast_precision_loss, reason = "there are few settings")]
    let count = made().count() as f64;
    let comparisons = tests.iter().map(|test| match test {
        None => Comparison::NotRandom,
        Some((test, _)) => match corrected.next() {
            Some(p) if p <= LEVEL => Comparison::Differs(p),
            _ if test.smallest_p * count > LEVEL => Comparison::TooFew,
            p => Comparison::NoDifference(p.unwrap_or(1.0)),
        },
    });
    let comparisons = [Comparison::Best].into_iter().chain(comparisons);
    let is_known = plan.objectives[objective].has_known_minimum();
    let ranked = |(one, comparison): (&Complete, Comparison)| RankedSetting {
        label: label(plan, one, settings),
        optimizer: one.optimizer,
        first_run: one.first_run,
        runs: one.members.losses.len() as u64,
        losses: one.quartiles,
        converged: one.members.converged,
        reached: is_known.then_some(one.members.reached),
        diverged: one.members.diverged,
        comparison,
    };
    let are_paired = made().filter(|(_, is_paired)| *is_paired).count();
    let test = match made().count() {
        0 => None,
        count if count == are_paired => Some("Wilcoxon's signed-rank test"),
        _ if are_paired == 0 => Some("the Mann–Whitney test"),
        _ => Some(
            "Wilcoxon's signed-rank test where repetitions share their starting points, else \
             the Mann–Whitney test",
        ),
    };
    Ranking {
        objective,
        title: super::summary::title(plan, objective),
        settings: settings.iter().zip(comparisons).map(ranked).collect(),
        of,
        test,
    }
}

/// The label of a setting, with its first run if others have the same label.
fn label(plan: &Plan, setting: &Complete, all: &[Complete]) -> String {
    let name = |setting: &Complete| {
        let told = ["objective", "dimension", "repetition"];
        let run = plan.run(setting.first_run);
        let label = plan.label_by(&run, |column| !told.contains(&&*plan.columns()[column]));
        if label == plan.objectives[run.objective].name {
            return brief(&plan.optimizers[run.optimizer].name);
        }
        brief(&label)
    };
    let own = name(setting);
    let mut others = all.iter().filter(|one| one.first_run != setting.first_run);
    match others.any(|other| name(other) == own) {
        true => format!("{own} (from run {})", setting.first_run),
        false => own,
    }
}

/// Whether two settings have the same repetitions, each from the same starting point.
fn share_starts(plan: &Plan, one: &Complete, other: &Complete) -> bool {
    let numbers = |one: &Complete| {
        let repetitions = one.members.losses.iter().map(|(repetition, _)| *repetition);
        repetitions.collect::<Vec<_>>()
    };
    let repetitions = numbers(one);
    let ends = [repetitions.first(), repetitions.last()];
    let mut ends = ends.into_iter().flatten();
    repetitions == numbers(other)
        && ends.all(|end| start_bits(plan, one, *end) == start_bits(plan, other, *end))
}

/// The starting point of a repetition of a setting.
fn start_bits(plan: &Plan, setting: &Complete, repetition: u64) -> Vec<u64> {
    let start = plan.run(setting.first_run + repetition).start;
    start.iter().map(|number| number.wide().to_bits()).collect()
}

/// The test of two settings, and whether it is paired; `None` if all repetitions of one are the
/// same descent.
fn compare(plan: &Plan, one: &Complete, other: &Complete) -> Option<(Test, bool)> {
    if !is_random(plan, one) || !is_random(plan, other) {
        return None;
    }
    let losses = |of: &Complete| {
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
fn is_random(plan: &Plan, setting: &Complete) -> bool {
    let run = plan.run(setting.first_run);
    let data = plan.objectives[run.objective].data.as_ref();
    let has_batches = data.is_some_and(|data| data.batch_size < data.training.len());
    has_batches || start_bits(plan, setting, 0) != start_bits(plan, setting, 1)
}
