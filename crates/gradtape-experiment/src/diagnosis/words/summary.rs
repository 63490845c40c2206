//! The summary of all diagnoses.

use std::collections::BTreeMap;

use super::parts::{brief, digits, title, whole};
use super::rankings::{RankedSetting, Ranking};
use crate::batch::RunResult;
use crate::diagnosis::facts::diagnoser::Diagnoser;
use crate::diagnosis::facts::ranking::Rank;
use crate::diagnosis::facts::totals::{BestRun, OptimizerRuns, Totals};
use crate::ending::{Outcome, REACHED_DISTANCE, REACHED_GAP};
use crate::number::{counted, short};
use crate::plan::{Plan, Quantity};
use crate::text::series;

/// Maximum number of objectives, and of boundaries, that the paragraph lists one by one;
/// with more it would be too long to read.
const MAX_LISTED: usize = 4;

/// The diagnosis of the runs of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveDetail {
    /// Its name, with its dimension where others have the same name.
    pub objective: String,
    /// The best run, and the learning rates at which runs begin to diverge.
    pub sentences: Vec<String>,
}

impl Totals {
    /// The paragraph, and the details that do not fit into it.
    pub(crate) fn summary(
        &self,
        plan: &Plan,
        diagnoser: &Diagnoser,
        rankings: &[Ranking],
    ) -> (Vec<String>, Vec<ObjectiveDetail>) {
        let objectives = self.objectives();
        let is_short = objectives.len() <= MAX_LISTED;
        let on = |objective: usize| match is_short && plan.objectives.len() > 1 {
            true => format!(" on {}", title(plan, objective)),
            false => String::new(),
        };
        let boundaries = |objective: usize| -> Vec<String> {
            self.groups_of(objective)
                .filter_map(|(optimizer, group)| {
                    let of = match plan.optimizers.len() > 1 {
                        true => format!(" of {}", brief(&plan.optimizers[optimizer].name)),
                        false => String::new(),
                    };
                    boundary(plan, diagnoser, group, &(of + &on(objective)))
                })
                .collect()
        };
        let best = |objective: usize, on: &str| match rankings
            .iter()
            .find(|one| one.objective == objective)
        {
            Some(ranking) => best_setting(plan, ranking, on),
            None => self.best(plan, objective, on),
        };
        let mut summary = vec![self.endings(plan)];
        let mut details: Vec<ObjectiveDetail> = objectives
            .iter()
            .map(|&objective| ObjectiveDetail {
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
        let count: usize = details.iter().map(|detail| detail.sentences.len()).sum();
        if is_short && count <= MAX_LISTED {
            let sentences = details.drain(..).flat_map(|detail| detail.sentences);
            summary.extend(sentences);
        }
        (summary, details)
    }

    /// The number of objectives on which each optimizer is the best, if there are several.
    fn standings(&self, plan: &Plan, rankings: &[Ranking]) -> Option<String> {
        if plan.optimizers.len() < 2 {
            return None;
        }
        let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
        let by_settings = rankings.iter().filter_map(|ranking| {
            let first = ranking.settings.first()?;
            first.losses[2].is_finite().then_some(first.optimizer)
        });
        let by_runs = self.objectives().into_iter().filter_map(|objective| {
            let best = self.bests(objective).first()?.setup.optimizer;
            rankings.is_empty().then_some(best)
        });
        for optimizer in by_settings.chain(by_runs) {
            *counts.entry(optimizer).or_default() += 1;
        }
        let mut firsts: Vec<(usize, u64)> = counts.into_iter().collect();
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
        let (next, rest) = others.split_at(others.len().min(MAX_LISTED));
        let on = |(one, count): &(usize, u64)| format!("{} on {}", name(*one), whole(*count));
        parts.extend(next.iter().map(on));
        if !rest.is_empty() {
            let count = rest.iter().map(|(_, count)| *count).sum();
            parts.push(format!("others on {}", whole(count)));
        }
        Some(series(&parts, "and") + ".")
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
            1..=MAX_LISTED => Some(format!("Every run on {} diverged.", series(&names, "and"))),
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
        format!("{}: {}.", counted(self.runs, "run"), series(&parts, "and"))
    }

    /// The best run of an objective, and the best ones of other optimizers.
    fn best(&self, plan: &Plan, objective: usize, on: &str) -> String {
        let bests = self.bests(objective);
        let Some(best) = bests.first() else {
            return format!("Every run{on} diverged.");
        };
        let cost = |best: &BestRun| {
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
        let is_named =
            |column: usize| ["objective", "dimension"].contains(&&*plan.columns()[column]);
        let run = plan.run(best.result.number);
        let settings = plan.label_by(&run, |column| !is_named(column));
        let label = if settings == plan.objectives[objective].name {
            brief(&plan.optimizers[best.setup.optimizer].name)
        } else {
            brief(&settings)
        };
        let quantity = Rank::quantity(&plan.objectives[objective]);
        let mut text = format!(
            "Best run{on}: {label}, {quantity} {} after {}{}",
            digits(best.rank.loss()),
            cost(best),
            from_minimum(&best.result)
        );
        if let [_, second, rest @ ..] = &bests[..] {
            let optimizer = |best: &BestRun| brief(&plan.optimizers[best.setup.optimizer].name);
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

/// The learning rates between which runs begin to diverge, and the prediction of theory.
fn boundary(
    plan: &Plan,
    diagnoser: &Diagnoser,
    group: &OptimizerRuns,
    place: &str,
) -> Option<String> {
    let boundary = group.boundary(plan, diagnoser)?;
    let facts = &boundary.facts;
    let found = boundary.unstable.map(|unstable| {
        format!(
            "Runs{place} begin to diverge between the learning rates {} and {}",
            digits(boundary.stable),
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
