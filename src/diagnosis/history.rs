//! What is remembered of a run while its rows go by: as much for ten rows as for a million.

use crate::batch::Row;
use crate::number::Scalar;

/// So many evenly spaced rows are kept at most, and half as many at least.
const EVEN: usize = 256;

/// From this many on, rows that are kept of the beginning are a few percent apart.
const DENSE: u64 = 64;

/// Of so many recorded parameters the steps are looked at; of more the first.
const WATCHED: usize = 16;

/// A row that was kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) epoch: u64,
    pub(super) loss: f64,
    /// The norm of the gradient.
    pub(super) gradient: f64,
}

/// The rows of one run, thinned. Rows that repeat the one before are counted only.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// The recorded rows.
    pub(super) rows: u64,
    /// Those that differ from the one before.
    changes: u64,
    even: Vec<Sample>,
    stride: u64,
    spread: Vec<Sample>,
    next_spread: u64,
    last: Option<Sample>,
    /// Where each watched parameter is among those of the run.
    watched: Vec<usize>,
    steps: Vec<Steps>,
    /// The last row but one that differs, and the one before it.
    pub(super) before: [Option<Sample>; 2],
    /// The recorded epoch from which on no recorded number changes.
    pub(super) same_since: u64,
    /// The same of the loss alone.
    pub(super) loss_same_since: u64,
    /// The learning rate of the last row.
    pub(super) learning_rate: Option<f64>,
    /// Since when the loss is exactly zero.
    pub(super) zero_since: Option<u64>,
    /// From which row on the gradient has grown with each, and how many rows did.
    pub(super) growing_since: Sample,
    pub(super) growing_rows: u64,
}

/// The last steps of a parameter.
#[derive(Clone, Copy, Debug, Default)]
struct Steps {
    value: f64,
    is_up: bool,
    /// How many rows in a row turned back.
    turns: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Sample {
            epoch: 0,
            loss: f64::NAN,
            gradient: f64::NAN,
        }
    }
}

impl History {
    /// Forgets everything: a new run begins, whose recorded parameters are at these places.
    pub(super) fn begin(&mut self, places: impl Iterator<Item = usize>) {
        self.even.clear();
        self.spread.clear();
        self.watched.clear();
        self.watched.extend(places.take(WATCHED));
        self.steps.clear();
        *self = History {
            stride: 1,
            even: std::mem::take(&mut self.even),
            spread: std::mem::take(&mut self.spread),
            watched: std::mem::take(&mut self.watched),
            steps: std::mem::take(&mut self.steps),
            ..History::default()
        };
    }

    pub(super) fn record(&mut self, row: &Row<'_>) {
        let sample = Sample {
            epoch: row.epoch,
            loss: row.loss.to_f64(),
            gradient: row.gradient_norm.to_f64(),
        };
        self.learning_rate = row.learning_rate.map(Scalar::to_f64);
        let moved = self.watch(row);
        self.rows += 1;
        let last = self.last.replace(sample);
        let Some(last) = last else {
            self.same_since = sample.epoch;
            self.loss_same_since = sample.epoch;
            self.growing_since = sample;
            self.zero_since = (sample.loss == 0.0).then_some(sample.epoch);
            self.keep(sample);
            return;
        };
        if sample.loss == 0.0 {
            self.zero_since = self.zero_since.or(Some(sample.epoch));
        } else {
            self.zero_since = None;
        }
        if sample.gradient > last.gradient {
            self.growing_rows += 1;
        } else {
            self.growing_since = sample;
            self.growing_rows = 0;
        }
        let is_loss_same = sample.loss == last.loss;
        if !is_loss_same {
            self.loss_same_since = sample.epoch;
        }
        if moved || !is_loss_same || sample.gradient != last.gradient {
            self.same_since = sample.epoch;
            self.before = [Some(last), self.before[0]];
            self.keep(sample);
        }
    }

    /// Whether a watched parameter moved.
    fn watch(&mut self, row: &Row<'_>) -> bool {
        if self.rows == 0 {
            let values = self.watched.iter();
            let values = values.map(|place| (row.parameters)(*place).to_f64());
            self.steps.extend(values.map(|value| Steps {
                value,
                ..Steps::default()
            }));
            return true;
        }
        let is_first = self.rows == 1;
        let mut moved = false;
        for (place, steps) in self.watched.iter().zip(&mut self.steps) {
            let value = (row.parameters)(*place).to_f64();
            if value != steps.value {
                let is_up = value > steps.value;
                steps.turns = if is_up == steps.is_up || is_first {
                    0
                } else {
                    steps.turns + 1
                };
                steps.is_up = is_up;
                steps.value = value;
                moved = true;
            }
        }
        moved
    }

    fn keep(&mut self, sample: Sample) {
        if self.changes.is_multiple_of(self.stride) {
            if self.even.len() == EVEN {
                let mut place = 0;
                self.even.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.stride *= 2;
            }
            if self.changes.is_multiple_of(self.stride) {
                self.even.push(sample);
            }
        }
        if self.changes >= self.next_spread {
            self.spread.push(sample);
            self.next_spread = if self.changes < DENSE {
                self.changes + 1
            } else {
                self.changes + self.changes / 24
            };
        }
        self.changes += 1;
    }

    /// The rows that were kept, in order, the last one among them.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let last = self.last.filter(|last| last.epoch == self.same_since);
        let all = self.even.iter().chain(&self.spread).copied().chain(last);
        let mut all: Vec<Sample> = all.collect();
        all.sort_by_key(|sample| sample.epoch);
        all.dedup_by_key(|sample| sample.epoch);
        all
    }

    /// The last row.
    pub(super) fn last(&self) -> Option<Sample> {
        self.last
    }

    /// The parameter that turned back most often in a row at the end, by its place among
    /// those of the run, and how often.
    pub(super) fn turning(&self) -> Option<(usize, u64)> {
        let turns = self.watched.iter().copied().zip(&self.steps);
        let turns = turns.map(|(place, steps)| (place, steps.turns));
        // The first of equals.
        turns.reduce(|most, one| if one.1 > most.1 { one } else { most })
    }
}
