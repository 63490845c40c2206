//! The summary of all diagnoses.

use std::collections::BTreeMap;

use super::conclude::add_curvature;
use super::facts::Facts;
use super::ranking::{Rank, RankedSetting, Ranking, Settings};
use super::words::{brief, digits, listed, whole};
use super::{Concluded, Detail, Diagnoser, Diagnosis, RunDiagnosis, Subject};
use crate::batch::RunResult;
use crate::ending::{Outcome, REACHED_DISTANCE, REACHED_GAP};
use crate::number::{counted, short};
use crate::plan::{Plan, Quantity};

/// Maximum number of objectives, and of boundaries, that the paragraph lists one by one;
/// with more it would be too long to read.
const SPOKEN_OF: usize = 4;

/// The totals of all diagnoses: counts, the best runs and settings, and the first runs.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    runs: u64,
    /// By objective and optimizer.
    groups: BTreeMap<(usize, usize), Group>,
    settings: Settings,
    kept: Vec<RunDiagnosis>,
}

/// The runs of an optimizer on an objective.
#[derive(Clone, Debug, Default)]
struct Group {
    /// The number of runs with each outcome.
    outcomes: BTreeMap<Outcome, u64>,
    best: Option<Best>,
    /// The smallest and the largest learning rate.
    rates: Option<[f64; 2]>,
    /// The largest learning rate of a run that is not unstable, and the smallest of one that
    /// is.
    stable: Option<f64>,
    unstable: Option<f64>,
}

/// The run that ranks first.
#[derive(Clone, Debug)]
struct Best {
    rank: Rank,
    subject: Subject,
    result: RunResult,
}

impl Group {
    fn offer(&mut self, best: Best) {
        let known = self.best.as_ref();
        if known.is_none_or(|known| best.rank.order(&known.rank).is_lt()) {
            self.best = Some(best);
        }
    }

    fn add_rate(&mut self, rate: f64) {
        let [least, greatest] = self.rates.unwrap_or([rate; 2]);
        self.rates = Some([least.min(rate), greatest.max(rate)]);
    }

    /// Whether its runs differ in their learning rates.
    fn is_sweep(&self) -> bool {
        self.rates.is_some_and(|[least, greatest]| least < greatest)
    }

    fn extend(&mut self, other: Group) {
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

impl Tallies {
    pub(super) fn add(
        &mut self,
        plan: &Plan,
        subject: Subject,
        concluded: &Concluded,
        is_kept: bool,
    ) {
        self.runs += 1;
        self.settings.add(plan, &subject, concluded);
        let result = &concluded.result;
        let key = (subject.objective, subject.optimizer);
        let group = self.groups.entry(key).or_default();
        *group.outcomes.entry(result.outcome).or_default() += 1;
        if let Some(rate) = subject.learning_rate {
            group.add_rate(rate);
        }
        if result.outcome.is_unstable() {
            group.unstable = most(group.unstable, subject.learning_rate, f64::min);
        } else {
            group.stable = most(group.stable, subject.learning_rate, f64::max);
        }
        let rank = Rank::new(result);
        let is_candidate = group
            .best
            .as_ref()
            .is_none_or(|best| rank.order(&best.rank).is_lt());
        if is_candidate && !rank.is_lost() {
            let result = result.clone();
            group.offer(Best {
                rank,
                subject,
                result,
            });
        }
        if is_kept {
            self.kept.push(concluded.diagnosis.clone());
        }
    }

    /// Adds the totals of later runs.
    pub fn extend(&mut self, plan: &Plan, later: Tallies) {
        self.runs += later.runs;
        for (key, group) in later.groups {
            self.groups.entry(key).or_default().extend(group);
        }
        self.settings.extend(plan, later.settings);
        self.kept.extend(later.kept);
    }

    /// The diagnosis of all runs.
    #[must_use]
    pub fn diagnosis(mut self, plan: &Plan, diagnoser: &Diagnoser) -> Diagnosis {
        let rankings = std::mem::take(&mut self.settings).rankings(plan);
        let (summary, details) = match (&self.kept[..], self.runs) {
            ([only], 1) => (vec![only.sentence.clone()], Vec::new()),
            (_, 0) => (Vec::new(), Vec::new()),
            _ => self.summary(plan, diagnoser, &rankings),
        };
        let best = self.objectives().into_iter().filter_map(|objective| {
            let best = self.bests(objective).first()?.rank.run();
            rankings.is_empty().then_some((objective, best))
        });
        Diagnosis {
            summary,
            details,
            best: best.collect(),
            rankings,
            runs: self.kept,
        }
    }

    /// The paragraph, and the details that do not fit into it.
    fn summary(
        &self,
        plan: &Plan,
        diagnoser: &Diagnoser,
        rankings: &[Ranking],
    ) -> (Vec<String>, Vec<Detail>) {
        let objectives = self.objectives();
        let is_short = objectives.len() <= SPOKEN_OF;
        let on = |objective: usize| match is_short && plan.objectives.len() > 1 {
            true => format!(" on {}", title(plan, objective)),
            false => String::new(),
        };
        let boundaries = |objective: usize| -> Vec<String> {
            let groups = self.groups_of(objective);
            let sentences = groups.filter_map(|(optimizer, group)| {
                let of = match plan.optimizers.len() > 1 {
                    true => format!(" of {}", brief(&plan.optimizers[optimizer].name)),
                    false => String::new(),
                };
                boundary(plan, diagnoser, group, &(of + &on(objective)))
            });
            sentences.collect()
        };
        let best = |objective: usize, on: &str| {
            let mut all = rankings.iter();
            match all.find(|ranking| ranking.objective == objective) {
                Some(ranking) => best_setting(plan, ranking, on),
                None => self.best(plan, objective, on),
            }
        };
        let mut summary = vec![self.endings(plan)];
        let mut details: Vec<Detail> = objectives
            .iter()
            .map(|&objective| Detail {
                objective: title(plan, objective),
                sentences: boundaries(objective),
            })
            .collect();
        if is_short {
            let bests = objectives.iter();
            summary.extend(bests.map(|&objective| best(objective, &on(objective))));
        } else {
            for (detail, &objective) in details.iter_mut().zip(&objectives) {
                detail.sentences.insert(0, best(objective, ""));
            }
            summary.extend(self.standings(plan, rankings));
            summary.extend(self.lost(plan));
        }
        let mut tests: Vec<&str> = rankings.iter().filter_map(|one| one.test).collect();
        tests.sort_unstable();
        tests.dedup();
        if !tests.is_empty() {
            summary.push(format!(
                "Settings are compared with the best one by {} (two-sided, 5 % level, Holm's \
                 correction).",
                tests.join(" or ")
            ));
        }
        details.retain(|detail| !detail.sentences.is_empty());
        let told: usize = details.iter().map(|detail| detail.sentences.len()).sum();
        if is_short && told <= SPOKEN_OF {
            let sentences = details.drain(..).flat_map(|detail| detail.sentences);
            summary.extend(sentences);
        }
        (summary, details)
    }

    /// The objectives with runs, by their places in the plan.
    fn objectives(&self) -> Vec<usize> {
        let mut objectives: Vec<usize> = self.groups.keys().map(|(one, _)| *one).collect();
        objectives.dedup();
        objectives
    }

    /// The runs of an objective: each optimizer, by its place, and its group.
    fn groups_of(&self, objective: usize) -> impl Iterator<Item = (usize, &Group)> {
        let of_all = (objective, 0)..=(objective, usize::MAX);
        let groups = self.groups.range(of_all);
        groups.map(|((_, optimizer), group)| (*optimizer, group))
    }

    /// The best run of each optimizer on an objective, by their rank.
    fn bests(&self, objective: usize) -> Vec<&Best> {
        let groups = self.groups_of(objective);
        let mut bests: Vec<&Best> = groups
            .filter_map(|(_, group)| group.best.as_ref())
            .collect();
        bests.sort_by(|one, other| one.rank.order(&other.rank));
        bests
    }

    /// The number of objectives on which each optimizer is the best, if there are several.
    fn standings(&self, plan: &Plan, rankings: &[Ranking]) -> Option<String> {
        if plan.optimizers.len() < 2 {
            return None;
        }
        let mut firsts: BTreeMap<usize, u64> = BTreeMap::new();
        let by_settings = rankings.iter().filter_map(|ranking| {
            let first = ranking.settings.first()?;
            first.losses[2].is_finite().then_some(first.optimizer)
        });
        let by_runs = self.objectives().into_iter().filter_map(|objective| {
            let best = self.bests(objective).first()?.subject.optimizer;
            rankings.is_empty().then_some(best)
        });
        for optimizer in by_settings.chain(by_runs) {
            *firsts.entry(optimizer).or_default() += 1;
        }
        let mut firsts: Vec<(usize, u64)> = firsts.into_iter().collect();
        // The sort keeps the order of the file among equals.
        firsts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let [(first, count), others @ ..] = &firsts[..] else {
            return None;
        };
        let name = |optimizer: usize| brief(&plan.optimizers[optimizer].name);
        let mut parts = vec![format!(
            "Best optimizer: {} on {} of {}",
            name(*first),
            whole(*count),
            counted(self.objectives().len() as u64, "objective")
        )];
        let (told, rest) = others.split_at(others.len().min(SPOKEN_OF));
        let told = told.iter();
        parts.extend(told.map(|(one, count)| format!("{} on {}", name(*one), whole(*count))));
        if !rest.is_empty() {
            let count = rest.iter().map(|(_, count)| *count).sum();
            parts.push(format!("others on {}", whole(count)));
        }
        Some(listed(&parts) + ".")
    }

    /// The objectives on which every run diverged.
    fn lost(&self, plan: &Plan) -> Option<String> {
        let objectives = self.objectives();
        let lost: Vec<usize> = objectives
            .iter()
            .copied()
            .filter(|objective| self.bests(*objective).is_empty())
            .collect();
        let names: Vec<String> = lost.iter().map(|one| title(plan, *one)).collect();
        match names.len() {
            0 => None,
            1..=SPOKEN_OF => Some(format!("Every run on {} diverged.", listed(&names))),
            count => Some(format!(
                "Every run diverged on {count} of {} objectives.",
                objectives.len()
            )),
        }
    }

    /// The number of runs with each outcome.
    fn endings(&self, plan: &Plan) -> String {
        let is_known = |objective: &usize| plan.objectives[*objective].has_known_minimum();
        // With whether it is a stationary point other than the known minimum.
        let mut outcomes: BTreeMap<(Outcome, bool), u64> = BTreeMap::new();
        for ((objective, _), group) in &self.groups {
            for (outcome, count) in &group.outcomes {
                let is_another = *outcome == Outcome::StationaryPoint && is_known(objective);
                *outcomes.entry((*outcome, is_another)).or_default() += count;
            }
        }
        let mut ends: Vec<((Outcome, bool), u64)> = outcomes.into_iter().collect();
        // The most frequent first; the sort keeps the order of the table among equals.
        ends.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let known = self.objectives().iter().filter(|one| is_known(one)).count();
        let within = match known {
            0 => String::new(),
            _ => format!(
                " (distance at most {} or gap at most {})",
                short(REACHED_DISTANCE),
                short(REACHED_GAP)
            ),
        };
        let mut parts: Vec<String> = Vec::new();
        let mut has_reached = false;
        for ((outcome, is_another), count) in ends {
            has_reached |= outcome == Outcome::KnownMinimum;
            let were = if count == 1 { "was" } else { "were" };
            let count = match count == self.runs && count > 1 {
                true => "all".to_owned(),
                false => whole(count),
            };
            parts.push(match outcome {
                Outcome::KnownMinimum => format!("{count} reached the known minimum{within}"),
                Outcome::StationaryPoint if is_another => {
                    format!("{count} ended at another stationary point")
                }
                Outcome::StationaryPoint => format!("{count} ended at a stationary point"),
                Outcome::PrecisionFloor => format!("{count} ended at the precision floor"),
                Outcome::Diverged => format!("{count} diverged"),
                other => format!("{count} {were} {}", other.name()),
            });
        }
        if known > 0 && !has_reached {
            parts.push(format!("none reached the known minimum{within}"));
        }
        format!("{}: {}.", counted(self.runs, "run"), listed(&parts))
    }

    /// The best run of an objective, and the best ones of other optimizers.
    fn best(&self, plan: &Plan, objective: usize, on: &str) -> String {
        let bests = self.bests(objective);
        let Some(best) = bests.first() else {
            return format!("Every run{on} diverged.");
        };
        let cost = |best: &Best| {
            let evaluations = if plan.has_searches() {
                format!(
                    " and {}",
                    counted(
                        best.result.quantities.count(Quantity::Evaluations),
                        "evaluation"
                    )
                )
            } else {
                String::new()
            };
            format!("{}{evaluations}", counted(best.rank.epochs(), "epoch"))
        };
        // The objective has just been named.
        let is_told =
            |column: usize| ["objective", "dimension"].contains(&&*plan.columns()[column]);
        let run = plan.run(best.result.number);
        let label = plan.label_by(&run, |column| !is_told(column));
        let label = if label == plan.objectives[objective].name {
            brief(&plan.optimizers[best.subject.optimizer].name)
        } else {
            brief(&label)
        };
        let quantity = Rank::quantity(&plan.objectives[objective]);
        let mut text = format!(
            "Best run{on}: {label}, {quantity} {} after {}{}",
            digits(best.rank.loss()),
            cost(best),
            from_minimum(&best.result)
        );
        if let [_, second, rest @ ..] = &bests[..] {
            let optimizer = |best: &Best| brief(&plan.optimizers[best.subject.optimizer].name);
            text.push_str(&format!(
                "; next best optimizer: {} with {quantity} {}",
                optimizer(second),
                digits(second.rank.loss())
            ));
            if let Some(last) = rest.last() {
                text.push_str(&format!(
                    "; worst of {} optimizers: {} with {quantity} {}",
                    bests.len(),
                    optimizer(last),
                    digits(last.rank.loss())
                ));
            }
        }
        text.push('.');
        text
    }
}

/// The final distance from the known minimum, if there is one.
fn from_minimum(result: &RunResult) -> String {
    let distance = result
        .quantities
        .get(Quantity::Distance)
        .map(|distance| format!(", {} from the known minimum", digits(distance.to_f64())));
    distance.unwrap_or_default()
}

/// The best setting of an objective, compared with those of other optimizers.
fn best_setting(plan: &Plan, ranking: &Ranking, on: &str) -> String {
    // The first of each optimizer.
    let mut bests: Vec<&RankedSetting> = Vec::new();
    for setting in &ranking.settings {
        if bests.iter().all(|best| best.optimizer != setting.optimizer) {
            bests.push(setting);
        }
    }
    let Some(best) = bests.first() else {
        return format!("Every run{on} diverged.");
    };
    let quantity = Rank::quantity(&plan.objectives[ranking.objective]);
    let [_, lower, median, upper, _] = best.losses;
    if !median.is_finite() {
        return format!("Every setting{on} diverged in at least half of its runs.");
    }
    let mut text = format!(
        "Best setting{on} by the median of {}: {}, {quantity} {} (quartiles {} to {})",
        counted(best.runs, "repetition"),
        best.label,
        digits(median),
        digits(lower),
        match upper.is_finite() {
            true => digits(upper),
            false => "divergence".to_owned(),
        }
    );
    if let Some(reached) = best.reached {
        text.push_str(&format!(
            ", {} of {} at the known minimum",
            whole(reached),
            whole(best.runs)
        ));
    }
    let with = |one: &RankedSetting| {
        let optimizer = brief(&plan.optimizers[one.optimizer].name);
        let comparison = one.comparison.text();
        match one.losses[2].is_finite() {
            true => {
                let median = digits(one.losses[2]);
                format!("{optimizer} with {quantity} {median} ({comparison})")
            }
            false => format!("{optimizer}, which diverged ({comparison})"),
        }
    };
    if let [_, second, rest @ ..] = &bests[..] {
        text.push_str(&format!("; next best optimizer: {}", with(second)));
        if let Some(last) = rest.last() {
            text.push_str(&format!(
                "; worst of {} optimizers: {}",
                bests.len(),
                with(last)
            ));
        }
    }
    text.push('.');
    text
}

/// The name of an objective, with its dimension where others have the same name.
pub(super) fn title(plan: &Plan, objective: usize) -> String {
    let one = &plan.objectives[objective];
    let namesakes = plan
        .objectives
        .iter()
        .filter(|other| other.name == one.name);
    match one.dimension.filter(|_| namesakes.count() > 1) {
        Some(dimension) => format!("{} of dimension {dimension}", brief(&one.name)),
        None => brief(&one.name),
    }
}

/// The learning rates between which runs begin to diverge, and the prediction of theory.
fn boundary(plan: &Plan, diagnoser: &Diagnoser, group: &Group, place: &str) -> Option<String> {
    let best = group.best.as_ref()?;
    let stable = group.stable?;
    let unstable = group.unstable.filter(|unstable| stable < *unstable);
    if !group.is_sweep() {
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
        let model = diagnoser.model_of(plan, &best.subject, &best.result);
        let model = model.unwrap_or_default();
        add_curvature(&mut facts, best.subject.theory, &model, &best.result);
    }
    let found = unstable.map(|unstable| {
        format!(
            "Runs{place} begin to diverge between the learning rates {} and {}",
            digits(stable),
            digits(unstable)
        )
    });
    let (Some(bound), Some(_)) = (facts.stability_bound, facts.condition) else {
        return found.map(|found| found + ".");
    };
    let fastest = facts.best_rate.map_or_else(String::new, |best| {
        format!(" and a fastest learning rate of {}", digits(best))
    });
    Some(match found {
        Some(found) => format!(
            "{found}; the curvature at the end of the best run predicts a stability bound of \
             {}{fastest}.",
            digits(bound)
        ),
        None => format!(
            "The curvature at the end of the best run{place} predicts a stability bound of \
             {}{fastest}.",
            digits(bound)
        ),
    })
}
