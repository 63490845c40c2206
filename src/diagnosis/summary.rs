//! All verdicts together.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::verdict::{add_curvature, curvature};
use super::words::{brief, counted, digits, listed, whole};
use super::{CURVED_RUNS, Detail, Diagnoser, Diagnosis, Subject, Verdict};
use crate::batch::RunResult;
use crate::plan::Plan;

/// So many objectives, and so many boundaries, are spoken of one by one in the paragraph;
/// with more nobody would read it.
const SPOKEN_OF: usize = 4;

/// What is kept of all verdicts: counts, the best runs, and the first verdicts.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    runs: u64,
    /// By objective and optimizer.
    groups: BTreeMap<(usize, usize), Group>,
    verdicts: Vec<Verdict>,
}

/// The runs of an optimizer on an objective.
#[derive(Clone, Debug, Default)]
struct Group {
    /// How many ended with each status.
    statuses: BTreeMap<String, u64>,
    best: Option<Best>,
    /// The least and the greatest learning rate of all.
    rates: Option<[f64; 2]>,
    /// The greatest learning rate that did not diverge, and the least that did.
    stable: Option<f64>,
    diverged: Option<f64>,
}

/// The run with the least final loss; of several the one that came there first.
#[derive(Clone, Debug)]
struct Best {
    loss: f64,
    subject: Subject,
    result: RunResult,
}

impl Best {
    /// The epochs that it took: up to the last change.
    fn epochs(&self) -> u64 {
        if self.result.status == "fixed point" {
            self.result.status_epoch
        } else {
            self.result.epochs_run
        }
    }

    /// By the loss, then by what it took.
    fn order(&self, other: &Best) -> std::cmp::Ordering {
        let cost = |best: &Best| {
            let evaluations = best.result.counts.evaluations;
            (best.epochs(), evaluations, best.result.number)
        };
        let by_loss = self.loss.total_cmp(&other.loss);
        by_loss.then_with(|| cost(self).cmp(&cost(other)))
    }
}

impl Group {
    fn offer(&mut self, best: Best) {
        let is_better = self
            .best
            .as_ref()
            .is_none_or(|known| best.order(known).is_lt());
        if is_better {
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
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        if let Some(best) = other.best {
            self.offer(best);
        }
        for rate in other.rates.into_iter().flatten() {
            self.add_rate(rate);
        }
        self.stable = most(self.stable, other.stable, f64::max);
        self.diverged = most(self.diverged, other.diverged, f64::min);
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
        subject: Subject,
        result: &RunResult,
        verdict: &Verdict,
        is_kept: bool,
    ) {
        self.runs += 1;
        let key = (subject.objective, subject.optimizer);
        let group = self.groups.entry(key).or_default();
        match group.statuses.get_mut(&*result.status) {
            Some(count) => *count += 1,
            None => {
                group.statuses.insert(result.status.to_string(), 1);
            }
        }
        if let Some(rate) = subject.learning_rate {
            group.add_rate(rate);
        }
        if result.is_diverged() {
            group.diverged = most(group.diverged, subject.learning_rate, f64::min);
        } else {
            group.stable = most(group.stable, subject.learning_rate, f64::max);
            let loss = result.loss.to_f64();
            let is_candidate = group.best.as_ref().is_none_or(|best| loss <= best.loss);
            if is_candidate {
                let result = result.clone();
                group.offer(Best {
                    loss,
                    subject,
                    result,
                });
            }
        }
        if is_kept {
            self.verdicts.push(verdict.clone());
        }
    }

    /// Takes over those of later runs.
    pub fn extend(&mut self, later: Tallies) {
        self.runs += later.runs;
        for (key, group) in later.groups {
            self.groups.entry(key).or_default().extend(group);
        }
        self.verdicts.extend(later.verdicts);
    }

    /// The diagnosis of all runs.
    #[must_use]
    pub fn diagnosis(self, plan: &Plan, diagnoser: &Diagnoser) -> Diagnosis {
        let (summary, details) = match (&self.verdicts[..], self.runs) {
            ([only], 1) => (vec![only.sentence.clone()], Vec::new()),
            (_, 0) => (Vec::new(), Vec::new()),
            _ => self.summary(plan, diagnoser),
        };
        Diagnosis {
            summary,
            details,
            verdicts: self.verdicts,
        }
    }

    /// The paragraph, and what is too much for it.
    fn summary(&self, plan: &Plan, diagnoser: &Diagnoser) -> (Vec<String>, Vec<Detail>) {
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
        let mut summary = vec![self.endings()];
        let mut details: Vec<Detail> = objectives
            .iter()
            .map(|&objective| Detail {
                objective: title(plan, objective),
                sentences: boundaries(objective),
            })
            .collect();
        if is_short {
            let bests = objectives.iter();
            summary.extend(bests.map(|&objective| self.best(plan, objective, &on(objective))));
        } else {
            for (detail, &objective) in details.iter_mut().zip(&objectives) {
                detail.sentences.insert(0, self.best(plan, objective, ""));
            }
            summary.extend(self.standings(plan));
            summary.extend(self.lost(plan));
        }
        details.retain(|detail| !detail.sentences.is_empty());
        let told: usize = details.iter().map(|detail| detail.sentences.len()).sum();
        if is_short && told <= SPOKEN_OF {
            let sentences = details.drain(..).flat_map(|detail| detail.sentences);
            summary.extend(sentences);
        }
        let curved = CURVED_RUNS as u64;
        if self.runs > curved && self.groups.values().any(|one| one.best.is_some()) {
            summary.push(format!(
                "Curvature was computed at the end of the first {} runs, and of the best.",
                whole(curved)
            ));
        }
        (summary, details)
    }

    /// Those that have runs, by their places.
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

    /// The best of each optimizer on an objective, in their order.
    fn bests(&self, objective: usize) -> Vec<&Best> {
        let groups = self.groups_of(objective);
        let mut bests: Vec<&Best> = groups
            .filter_map(|(_, group)| group.best.as_ref())
            .collect();
        bests.sort_by(|one, other| one.order(other));
        bests
    }

    /// On how many objectives each optimizer came furthest, if there are several.
    fn standings(&self, plan: &Plan) -> Option<String> {
        if plan.optimizers.len() < 2 {
            return None;
        }
        let mut firsts: BTreeMap<usize, u64> = BTreeMap::new();
        for objective in self.objectives() {
            if let Some(best) = self.bests(objective).first() {
                *firsts.entry(best.subject.optimizer).or_default() += 1;
            }
        }
        let mut firsts: Vec<(usize, u64)> = firsts.into_iter().collect();
        // The sort keeps the order of the file among equals.
        firsts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let [(first, count), others @ ..] = &firsts[..] else {
            return None;
        };
        let name = |optimizer: usize| brief(&plan.optimizers[optimizer].name);
        let mut parts = vec![format!(
            "Furthest came {} on {} of {}",
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

    /// The objectives on which nothing was reached.
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
                "On {count} of {} objectives every run diverged.",
                objectives.len()
            )),
        }
    }

    fn endings(&self) -> String {
        let mut statuses: BTreeMap<&str, u64> = BTreeMap::new();
        for (status, count) in self.groups.values().flat_map(|group| &group.statuses) {
            *statuses.entry(status).or_default() += count;
        }
        let mut ends: Vec<(&str, u64)> = statuses.into_iter().collect();
        // The most frequent first; the sort keeps the order of names among equals.
        ends.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let ends: Vec<String> = ends
            .into_iter()
            .map(|(status, count)| match status {
                "epochs spent" => format!("{} spent all epochs", whole(count)),
                "fixed point" => format!("{} came to a fixed point", whole(count)),
                _ => format!("{} {status}", whole(count)),
            })
            .collect();
        format!("{}: {}.", counted(self.runs, "run"), listed(&ends))
    }

    /// The best of an objective, and how far other optimizers came.
    fn best(&self, plan: &Plan, objective: usize, on: &str) -> String {
        let bests = self.bests(objective);
        let Some(best) = bests.first() else {
            return format!("Every run{on} diverged.");
        };
        let cost = |best: &Best| {
            let evaluations = if plan.has_searches() {
                format!(
                    " and {}",
                    counted(best.result.counts.evaluations, "evaluation")
                )
            } else {
                String::new()
            };
            format!("{}{evaluations}", counted(best.epochs(), "epoch"))
        };
        // The objective was just named.
        let is_told =
            |column: usize| ["objective", "dimension"].contains(&&*plan.columns()[column]);
        let run = plan.run(best.result.number);
        let label = plan.label_by(&run, |column| !is_told(column));
        let label = if label == plan.objectives[objective].name {
            brief(&plan.optimizers[best.subject.optimizer].name)
        } else {
            brief(&label)
        };
        let mut text = format!(
            "Furthest{on} came {label} with a loss of {} in {}",
            digits(best.loss),
            cost(best)
        );
        if let [_, second, rest @ ..] = &bests[..] {
            let optimizer = |best: &Best| brief(&plan.optimizers[best.subject.optimizer].name);
            text.push_str(&format!(
                "; then {} with {}",
                optimizer(second),
                digits(second.loss)
            ));
            if let Some(last) = rest.last() {
                text.push_str(&format!(
                    ", last of {} optimizers {} with {}",
                    bests.len(),
                    optimizer(last),
                    digits(last.loss)
                ));
            }
        }
        text.push('.');
        text
    }
}

/// The name of an objective, with its dimension where others have the same name.
fn title(plan: &Plan, objective: usize) -> String {
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

/// Between which learning rates runs begin to diverge, and what theory says.
fn boundary(plan: &Plan, diagnoser: &Diagnoser, group: &Group, place: &str) -> Option<String> {
    let best = group.best.as_ref()?;
    let stable = group.stable?;
    let diverged = group.diverged.filter(|diverged| stable < *diverged);
    if !group.is_sweep() {
        return None;
    }
    // Theory speaks of one setting: where others vary, bounds do too.
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
        let curvature = curvature(plan, diagnoser, &best.subject, &best.result);
        add_curvature(&mut facts, best.subject.theory, &curvature, &best.result);
    }
    let found = diverged.map(|diverged| {
        format!(
            "Runs{place} begin to diverge between the learning rates {} and {}",
            digits(stable),
            digits(diverged)
        )
    });
    let (Some(bound), Some(_)) = (facts.stability_bound, facts.condition) else {
        return found.map(|found| found + ".");
    };
    let fastest = facts.best_rate.map_or_else(String::new, |best| {
        format!(", and {} as the fastest rate", digits(best))
    });
    Some(match found {
        Some(found) => format!(
            "{found}; the curvature at the end of the best run predicts {}{fastest}.",
            digits(bound)
        ),
        None => format!(
            "The curvature at the end of the best run{place} predicts that rates from {} on diverge{fastest}.",
            digits(bound)
        ),
    })
}
