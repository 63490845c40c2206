//! All verdicts together.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::verdict::{add_curvature, curvature};
use super::words::{counted, digits, listed, whole};
use super::{CURVED_RUNS, Diagnoser, Diagnosis, Subject, Verdict};
use crate::batch::RunResult;
use crate::plan::Plan;

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

    fn extend(&mut self, other: Group) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        if let Some(best) = other.best {
            self.offer(best);
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
        let summary = match (&self.verdicts[..], self.runs) {
            ([only], 1) => vec![only.sentence.clone()],
            (_, 0) => Vec::new(),
            _ => self.summary(plan, diagnoser),
        };
        Diagnosis {
            summary,
            verdicts: self.verdicts,
        }
    }

    fn summary(&self, plan: &Plan, diagnoser: &Diagnoser) -> Vec<String> {
        let mut sentences = vec![self.endings()];
        for objective in 0..plan.objectives.len() {
            sentences.extend(self.best(plan, objective));
        }
        for ((objective, optimizer), group) in &self.groups {
            let place = self.place(plan, *objective, *optimizer);
            sentences.extend(boundary(plan, diagnoser, group, &place));
        }
        let curved = CURVED_RUNS as u64;
        if self.runs > curved && self.groups.values().any(|one| one.best.is_some()) {
            sentences.push(format!(
                "Curvature was computed at the end of the first {} runs, and of the best.",
                whole(curved)
            ));
        }
        sentences
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
    fn best(&self, plan: &Plan, objective: usize) -> Option<String> {
        let groups = self.groups.iter().filter(|((of, _), _)| *of == objective);
        let mut bests: Vec<&Best> = groups
            .filter_map(|(_, group)| group.best.as_ref())
            .collect();
        let name = &plan.objectives[objective].name;
        if bests.is_empty() {
            let any = self.groups.keys().any(|(of, _)| *of == objective);
            return any.then(|| format!("Every run on {name} diverged."));
        }
        bests.sort_by(|one, other| one.order(other));
        let on = if plan.objectives.len() > 1 {
            format!(" on {name}")
        } else {
            String::new()
        };
        let best = bests[0];
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
        let is_told = |column: usize| plan.columns()[column] == "objective";
        let run = plan.run(best.result.number);
        let label = plan.label_by(&run, |column| !is_told(column));
        let label = if label == *name {
            plan.optimizers[best.subject.optimizer].name.clone()
        } else {
            label
        };
        let mut text = format!(
            "Furthest{on} came {label} with a loss of {} in {}",
            digits(best.loss),
            cost(best)
        );
        if let [_, second, rest @ ..] = &bests[..] {
            let optimizer = |best: &Best| plan.optimizers[best.subject.optimizer].name.clone();
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
        Some(text)
    }

    /// `on … with …` where there are several.
    fn place(&self, plan: &Plan, objective: usize, optimizer: usize) -> String {
        let mut place = String::new();
        if plan.optimizers.len() > 1 {
            place.push_str(&format!(" of {}", plan.optimizers[optimizer].name));
        }
        if plan.objectives.len() > 1 {
            place.push_str(&format!(" on {}", plan.objectives[objective].name));
        }
        place
    }
}

/// Between which learning rates runs begin to diverge, and what theory says.
fn boundary(plan: &Plan, diagnoser: &Diagnoser, group: &Group, place: &str) -> Option<String> {
    let best = group.best.as_ref()?;
    let stable = group.stable?;
    let is_sweep = plan.varies("learning_rate");
    let diverged = group.diverged.filter(|diverged| stable < *diverged);
    if !is_sweep {
        return None;
    }
    // Theory speaks of one setting: where others vary, bounds do too.
    let decides = |column: &&String| {
        ![
            "learning_rate",
            "repetition",
            "objective",
            "optimizer",
            "method",
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
