//! The history of a run while it is recorded, in the same memory for ten rows as for a million.

use crate::batch::Row;
use crate::number::Scalar;
use crate::plan::Quantity;

/// Maximum number of evenly spaced rows; at least half as many are kept of a long run.
const MAX_EVEN_ROWS: usize = 256;

/// After this many, the rows kept of the beginning are a few percent apart.
const DENSE: u64 = 64;

/// Maximum number of recorded parameters whose steps are examined, the first ones.
const WATCHED: usize = 16;

/// A parameter oscillates when it changes direction in at least this many consecutive rows.
const TURNS: u64 = 8;

/// A stored row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) epoch: u64,
    pub(crate) loss: f64,
    /// The norm of the gradient.
    pub(crate) gradient: f64,
}

/// The rows of one run, thinned. Rows that repeat the one before are only counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunHistory {
    /// The recorded rows.
    pub(crate) rows: u64,
    /// The number of rows that differ from the one before.
    changes: u64,
    even: Vec<Sample>,
    stride: u64,
    spread: Vec<Sample>,
    next_spread: u64,
    last: Option<Sample>,
    /// The place of each watched parameter among those of the run.
    watched: Vec<usize>,
    steps: Vec<ParameterSteps>,
    /// The two differing rows before the last one, the later first.
    pub(crate) before: [Option<Sample>; 2],
    /// The recorded epoch from which no recorded number changes.
    pub(crate) same_since: u64,
    /// The same for the loss alone.
    pub(crate) loss_same_since: u64,
    /// The learning rate of the last row.
    pub(crate) learning_rate: Option<f64>,
    /// The epoch from which the loss is exactly zero.
    pub(crate) zero_since: Option<u64>,
    /// The row from which the gradient has grown in each row, and the number of these rows.
    pub(crate) growing_since: Sample,
    pub(crate) growing_rows: u64,
}

/// The last steps of a parameter.
#[derive(Clone, Copy, Debug, Default)]
struct ParameterSteps {
    value: f64,
    is_up: bool,
    /// The number of consecutive rows in which it changed direction.
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

impl RunHistory {
    /// Begins a new run whose recorded parameters are at these places.
    pub(crate) fn begin(&mut self, places: impl Iterator<Item = usize>) {
        self.even.clear();
        self.spread.clear();
        self.watched.clear();
        self.watched.extend(places.take(WATCHED));
        self.steps.clear();
        *self = RunHistory {
            stride: 1,
            even: std::mem::take(&mut self.even),
            spread: std::mem::take(&mut self.spread),
            watched: std::mem::take(&mut self.watched),
            steps: std::mem::take(&mut self.steps),
            ..RunHistory::default()
        };
    }

    pub(crate) fn record(&mut self, row: &Row<'_>) {
        let sample = Sample {
            epoch: row.epoch,
            loss: row.quantities.loss().to_f64(),
            gradient: row.quantities.gradient_norm().to_f64(),
        };
        self.learning_rate = row
            .quantities
            .get(Quantity::LearningRate)
            .map(Scalar::to_f64);
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
            let steps = self.watched.iter().map(|place| ParameterSteps {
                value: (row.parameters)(*place).to_f64(),
                ..ParameterSteps::default()
            });
            self.steps.extend(steps);
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
            if self.even.len() == MAX_EVEN_ROWS {
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

    /// The stored rows in order, including the last one.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let last = self.last.filter(|last| last.epoch == self.same_since);
        let rows = self.even.iter().chain(&self.spread).copied().chain(last);
        let mut all: Vec<Sample> = rows.collect();
        all.sort_by_key(|sample| sample.epoch);
        all.dedup_by_key(|sample| sample.epoch);
        all
    }

    /// The last row.
    pub(crate) fn last(&self) -> Option<Sample> {
        self.last
    }

    /// The parameter with the most consecutive changes of direction at the end, by its place
    /// among those of the run, and their number.
    pub(crate) fn turning(&self) -> Option<(usize, u64)> {
        self.watched
            .iter()
            .copied()
            .zip(&self.steps)
            .map(|(place, steps)| (place, steps.turns))
            // The first of equals.
            .reduce(|most, one| if one.1 > most.1 { one } else { most })
    }

    /// The same if it is an oscillation.
    pub(crate) fn oscillation(&self) -> Option<(usize, u64)> {
        self.turning().filter(|(_, turns)| *turns >= TURNS)
    }

    /// Whether nothing changes in the last rows of a run, at least a tenth of its epochs, although
    /// it is not at a fixed point: a schedule has made its learning rate vanish.
    pub(crate) fn is_halted(&self) -> bool {
        let last = self.last.map_or(0, |last| last.epoch);
        let same = last - self.same_since.min(last);
        self.rows >= 20 && same > 0 && same >= last / 10
    }
}
