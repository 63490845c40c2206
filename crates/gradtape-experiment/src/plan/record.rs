//! The epochs and parameters that the trajectories contain.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Runs;
use super::limits::{MAX_LISTED, MAX_ROWS, MAX_RUN_EPOCHS};
use crate::mistake::{Code, Mistake, Span};
use crate::number::grouped;
use crate::spec::{self, Selection};

/// Up to this number of epochs, each is recorded by default.
const MAX_EVERY_EPOCH: u64 = 10_000;

/// The number of recorded epochs of longer runs, by default.
const POINTS: u64 = 1_000;

/// Up to this number of parameters, each has a column by default.
const MAX_ALL_PARAMETERS: usize = 16;

/// The recorded epochs and parameters of the trajectories.
#[derive(Clone, Debug, Default)]
pub struct Record {
    epochs: Epochs,
    /// The parameters that have a column.
    pub parameters: Vec<String>,
    /// The recorded epochs for each number of epochs, where they are not
    /// evenly spaced by an integer.
    listed: HashMap<u64, Arc<[u64]>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Epochs {
    #[default]
    Default,
    Every(u64),
    Points {
        count: u64,
        log: bool,
    },
}

/// The epochs that are recorded of a run, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordedEpochs {
    /// The multiples of this number.
    Every(u64),
    /// These epochs.
    Listed(Arc<[u64]>),
}

impl Record {
    pub(super) fn decide(
        written: &spec::Record,
        runs: &Runs,
        mistakes: &mut Vec<Mistake>,
    ) -> Record {
        let mut epochs = Epochs::Default;
        if let Some(every) = &written.every {
            epochs = Epochs::Every(every.value);
        }
        if let Some(points) = &written.points {
            let log = written
                .spacing
                .as_ref()
                .is_some_and(|spacing| spacing.value == "log");
            epochs = Epochs::Points {
                count: points.value,
                log,
            };
        }
        let parameters = recorded_parameters(written, runs, mistakes);
        let all_epochs: HashSet<u64> = runs.all_epochs().collect();
        let points = all_epochs.iter().map(|count| epochs.listed(*count));
        let points = points.fold(0_u128, |sum, points| sum + u128::from(points));
        let are_few = points <= u128::from(MAX_LISTED);
        if !are_few {
            let message = format!(
                "{} recorded epochs that are not evenly spaced are too many: at most {}",
                grouped(points),
                grouped(u128::from(MAX_LISTED))
            );
            let help = format!(
                "the number is the sum over {} different values of `epochs`; give fewer \
                 `points`, or record evenly with `every`",
                grouped(all_epochs.len() as u128)
            );
            mistakes.push(match written.points.as_ref().map(|points| &points.span) {
                Some(span) => Mistake::new(Code::TooLarge, span.clone(), message, "").help(help),
                None => Mistake::of_file(Code::TooLarge, message, help),
            });
        }
        let all_epochs = all_epochs.iter().filter(|_| are_few);
        let listed = all_epochs
            .filter_map(|count| Some((*count, listed(epochs, *count)?)))
            .collect();
        let record = Record {
            epochs,
            parameters,
            listed,
        };
        record.check_size(runs, written, mistakes);
        record
    }

    /// Reports runs with too many epochs, or too many recorded ones.
    fn check_size(&self, runs: &Runs, written: &spec::Record, mistakes: &mut Vec<Mistake>) {
        let epochs = runs.run_epochs();
        if epochs > MAX_RUN_EPOCHS {
            let message = format!(
                "{} epochs in total are too many: at most {}",
                grouped(epochs),
                grouped(MAX_RUN_EPOCHS)
            );
            let help = "the number is the sum of `epochs` over all runs";
            mistakes.push(Mistake::of_file(Code::TooLarge, message, help));
        }
        let rows = runs.sum_over_runs(|epochs| self.rows(epochs));
        if rows <= MAX_ROWS {
            return;
        }
        let message = format!(
            "{} rows of trajectories.csv are too many: at most {}",
            grouped(rows),
            grouped(MAX_ROWS)
        );
        let help = "the number is the sum of the recorded epochs of all runs; with `points = 2` in \
                    `[record]` only the first and the last epoch of each run are recorded";
        let every = written.every.as_ref().map(|every| &every.span);
        let points = written.points.as_ref().map(|points| &points.span);
        let span: Option<&Span> = every.or(points);
        mistakes.push(match span {
            Some(span) => Mistake::new(Code::TooLarge, span.clone(), message, "").help(help),
            None => Mistake::of_file(Code::TooLarge, message, help),
        });
    }

    /// The recorded epochs of a run with this number of epochs.
    #[must_use]
    pub fn recorded(&self, epochs: u64) -> RecordedEpochs {
        match self.listed.get(&epochs) {
            Some(listed) => RecordedEpochs::Listed(Arc::clone(listed)),
            None => RecordedEpochs::Every(match self.epochs {
                Epochs::Every(every) => every,
                _ => 1,
            }),
        }
    }

    /// The number of recorded epochs of a run with this number of epochs, if it does not
    /// end early.
    #[must_use]
    pub fn rows(&self, epochs: u64) -> u64 {
        match self.recorded(epochs) {
            RecordedEpochs::Every(every) => {
                epochs / every + 1 + u64::from(!epochs.is_multiple_of(every))
            }
            RecordedEpochs::Listed(listed) => listed.len() as u64,
        }
    }
}

impl Epochs {
    /// The maximum number of epochs that [`listed`] gives.
    fn listed(self, count: u64) -> u64 {
        match self {
            Epochs::Every(_) => 0,
            Epochs::Default if count <= MAX_EVERY_EPOCH => 0,
            Epochs::Default => POINTS,
            Epochs::Points { count: wanted, .. } => wanted.min(count.saturating_add(1)),
        }
    }
}
impl RecordedEpochs {
    /// The first recorded epoch that is not before `epoch`.
    #[must_use]
    pub fn next(&self, epoch: u64) -> u64 {
        match self {
            RecordedEpochs::Every(every) => epoch.div_ceil(*every).saturating_mul(*every),
            RecordedEpochs::Listed(listed) => {
                let place = listed.partition_point(|recorded| *recorded < epoch);
                listed.get(place).copied().unwrap_or(u64::MAX)
            }
        }
    }
}

fn listed(epochs: Epochs, count: u64) -> Option<Arc<[u64]>> {
    match epochs {
        Epochs::Every(_) => None,
        Epochs::Default if count <= MAX_EVERY_EPOCH => None,
        Epochs::Default => Some(points(count, POINTS, false)),
        Epochs::Points { count: wanted, log } => Some(points(count, wanted, log)),
    }
}

/// `wanted` epochs from 0 to `last`, fewer where they would coincide.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "epochs are below 2^53, and the results lie between 0 and the last"
)]
fn points(last: u64, wanted: u64, log: bool) -> Arc<[u64]> {
    let mut points = vec![0];
    // More steps than twice the epochs only repeat them.
    let steps = (wanted - 1).min(last.saturating_mul(2)).max(1);
    for index in 1..=steps {
        let share = index as f64 / steps as f64;
        let exact = if log {
            // From 1 to the last by equal ratios; 0 is the point before.
            let share = (index - 1) as f64 / (steps - 1).max(1) as f64;
            libm::pow(last as f64, if steps == 1 { 1.0 } else { share })
        } else {
            last as f64 * share
        };
        points.push((exact.round_ties_even() as u64).min(last));
    }
    points.push(last);
    points.dedup();
    points.into()
}

fn recorded_parameters(
    written: &spec::Record,
    runs: &Runs,
    mistakes: &mut Vec<Mistake>,
) -> Vec<String> {
    let (parameters, vectors) = (runs.parameters(), runs.vectors());
    match &written.parameters {
        None if parameters.len() > MAX_ALL_PARAMETERS => Vec::new(),
        None | Some(Selection::All) => parameters.to_vec(),
        Some(Selection::None) => Vec::new(),
        Some(Selection::Some(names)) => {
            for name in names {
                let is_vector = vectors.iter().any(|(vector, _)| *vector == name.value);
                if !is_vector && !parameters.contains(&name.value) {
                    let message = format!("unknown parameter `{}`", name.value);
                    let known = parameters.iter().map(String::as_str);
                    let label =
                        crate::mistake::suggestion(&name.value, "available parameters", known);
                    mistakes.push(Mistake::new(
                        Code::UnknownName,
                        name.span.clone(),
                        message,
                        label,
                    ));
                }
            }
            let vectors = vectors.iter();
            let vectors =
                vectors.filter(|(vector, _)| names.iter().any(|one| one.value == *vector));
            let elements = vectors.flat_map(|(_, elements)| elements);
            let names = names.iter().map(|name| &name.value);
            let wanted: HashSet<&String> = names.chain(elements).collect();
            let parameters = parameters.iter().filter(|name| wanted.contains(name));
            parameters.cloned().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_include_both_ends_and_repeat_none() {
        assert_eq!(*points(100, 5, false), [0, 25, 50, 75, 100]);
        assert_eq!(*points(100, 4, true), [0, 1, 10, 100]);
        assert_eq!(*points(3, 100, false), [0, 1, 2, 3]);
        assert_eq!(*points(3, 100, true), [0, 1, 2, 3]);
        assert_eq!(*points(100, 2, false), [0, 100]);
        assert_eq!(*points(100, 2, true), [0, 100]);
        assert_eq!(*points(1, 2, true), [0, 1]);
        assert_eq!(points(1_000_000, 1_000, false).len(), 1_000);
    }

    #[test]
    fn the_next_recorded_epoch_is_found() {
        let every = RecordedEpochs::Every(10);
        assert_eq!((every.next(0), every.next(1), every.next(10)), (0, 10, 10));
        let listed = RecordedEpochs::Listed([0, 3, 9].into());
        assert_eq!((listed.next(0), listed.next(1), listed.next(9)), (0, 3, 9));
        assert_eq!(listed.next(10), u64::MAX);
    }
}
