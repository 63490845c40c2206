//! Several runs of one program at once, each in a lane.
//!
//! Only what every run does is done in lanes. A lane in which anything happens
//! that may end a run (a value that is not finite, a limit, parameters that
//! stay as they are) is taken out at the end of its chunk of epochs, and the
//! run goes on alone from the last epoch before the chunk, by the definition in
//! [`descent`](super::descent). So lanes never decide how a run ends, and the
//! result is the same with and without them.

use super::descent::{Checkpoint, Descent, GRADIENT, Limits};
use super::{Cancelled, Control, Outcome, Recorder, Row, Status};
use crate::autodiff::Real;
use crate::engine::{Expected, Features, Lanes, Quantity, WIDTH};
use crate::number::Scalar;
use crate::plan::{Plan, Run, Schedule};

/// So many epochs pass between two looks at what happened.
const CHUNK: u32 = 64;

/// What became of a run in its lane.
pub(super) struct Lane<T> {
    /// For each recorded epoch, in order: loss, norm of the gradient, parameters.
    rows: Vec<T>,
    end: End<T>,
}

enum End<T> {
    /// It made all of its updates.
    Spent(Outcome),
    /// It has to go on alone.
    Alone(Checkpoint<T>),
}

/// A run in its lane.
struct Live<T> {
    /// Its place in the block.
    place: usize,
    rows: Vec<T>,
    /// As it was in the last epoch before the chunk.
    checkpoint: Checkpoint<T>,
    /// The least loss so far, and its epoch.
    best: (T, u64),
}

struct Block<'a, T> {
    descent: &'a Descent<T>,
    lanes: Lanes<'a, T>,
    /// The runs in the order of the lanes.
    live: Vec<Live<T>>,
    /// What became of the others, by their places.
    ended: Vec<Option<Lane<T>>>,
    /// None if nothing is recorded.
    schedule: Option<Schedule>,
    /// The last recorded epoch.
    recorded: Option<u64>,
}

impl<T: Real> Descent<T> {
    /// How many lanes are run together: as many as fit the fastest cache, but
    /// enough to outweigh the choice of the operation.
    fn greatest_block(&self) -> usize {
        const CACHE: usize = 32 * 1024;
        let lane = self.in_lanes.program.slots() * size_of::<T>();
        (CACHE / lane.max(1) / WIDTH * WIDTH).clamp(64, 256)
    }

    /// Runs those of `runs` at `places`, which need this program and have the
    /// same number of epochs, as far as lanes can. Rows are kept if `record` is
    /// true.
    pub(super) fn in_blocks(
        &self,
        plan: &Plan,
        runs: &[Run],
        places: &[usize],
        record: bool,
        control: &Control,
    ) -> Result<Vec<(usize, Lane<T>)>, Cancelled> {
        let mut lanes = Vec::with_capacity(places.len());
        for places in places.chunks(self.greatest_block()) {
            let block: Vec<&Run> = places.iter().map(|place| &runs[*place]).collect();
            let ended = self.in_block(plan, &block, record, control)?;
            lanes.extend(places.iter().copied().zip(ended));
        }
        Ok(lanes)
    }

    fn in_block(
        &self,
        plan: &Plan,
        runs: &[&Run],
        record: bool,
        control: &Control,
    ) -> Result<Vec<Lane<T>>, Cancelled> {
        let epochs = runs.first().map_or(0, |run| run.epochs);
        let mut lanes = Lanes::new(&self.in_lanes.program, runs.len(), Features::best());
        lanes.watch(&self.expected(&Limits::new(&plan.stop)), 0);
        let mut live = Vec::with_capacity(runs.len());
        for (place, run) in runs.iter().enumerate() {
            let checkpoint = self.start(run);
            lanes.load(place, &self.inputs(run, &checkpoint.state));
            live.push(Live {
                place,
                rows: Vec::new(),
                checkpoint,
                best: (T::ONE / T::ZERO, 0),
            });
        }
        let mut block = Block {
            descent: self,
            lanes,
            live,
            ended: runs.iter().map(|_| None).collect(),
            schedule: record.then(|| plan.record.schedule(epochs)),
            recorded: None,
        };
        let mut epoch = 0;
        while epoch < epochs && !block.live.is_empty() {
            if control.is_cancelled() {
                return Err(Cancelled);
            }
            let end = epochs.min(epoch + u64::from(CHUNK));
            block.chunk(epoch, end);
            let updates = (end - epoch) * block.live.len() as u64;
            control.progress.add_epochs(updates);
            epoch = end;
        }
        block.finish(epochs);
        Ok(block.ended.into_iter().flatten().collect())
    }

    /// What is expected as long as a run goes on.
    fn expected(&self, limits: &Limits<T>) -> Vec<Expected<T>> {
        let least = |limit: Option<T>| limit.filter(|limit| *limit > -T::MAX);
        let greatest = |limit: Option<T>| limit.filter(|limit| *limit < T::MAX);
        let mut expected = vec![Expected {
            quantity: Quantity::Output(0),
            low: least(limits.loss_below).unwrap_or(-T::MAX),
            high: greatest(limits.loss_above).unwrap_or(T::MAX),
        }];
        let mut expect = |quantity, low, high| {
            expected.push(Expected {
                quantity,
                low,
                high,
            });
        };
        // As long as no entry is greater, the norm is finite: it is at most
        // √n times the greatest, and n roundings are far from doubling it.
        let entry = T::MAX / T::from_f64(2.0 * self.parameters as f64);
        for number in 0..self.parameters {
            expect(Quantity::Input(number), -T::MAX, T::MAX);
            expect(Quantity::Output(GRADIENT + number), -entry, entry);
        }
        let outputs = &self.in_lanes;
        if let Some(limit) = limits.gradient_norm_below {
            expect(Quantity::Output(outputs.gradient_norm), limit, T::MAX);
        }
        if let Some(limit) = limits.step_below {
            expect(Quantity::Output(outputs.step), limit, T::MAX);
        }
        expected
    }

    /// Passes on what was recorded in a lane, and goes on to the end.
    pub(super) fn end(
        &self,
        plan: &Plan,
        run: &Run,
        lane: Lane<T>,
        recorder: &mut impl Recorder,
        control: &Control,
    ) -> Result<Outcome, Cancelled> {
        let schedule = plan.record.schedule(run.epochs);
        let learning_rate = Scalar::new(run.learning_rate.to::<T>());
        let mut epoch = 0;
        for row in lane.rows.chunks_exact(ROW + self.parameters) {
            epoch = schedule.next(epoch).min(run.epochs);
            recorder.record(&Row {
                epoch,
                learning_rate,
                loss: Scalar::new(row[0]),
                gradient_norm: Scalar::new(row[1]),
                parameters: &|index| Scalar::new(row[ROW + index]),
            });
            epoch += 1;
        }
        match lane.end {
            End::Spent(outcome) => Ok(outcome),
            End::Alone(checkpoint) => self.run(plan, run, &checkpoint, recorder, control),
        }
    }
}

/// The numbers of a row before the parameters.
const ROW: usize = 2;

impl<T: Real> Block<'_, T> {
    /// The epochs from `from` up to the one before `end`, with the updates that
    /// follow them.
    fn chunk(&mut self, from: u64, end: u64) {
        let rows_before = self.live.first().map_or(0, |live| live.rows.len());
        self.lanes.look_anew();
        let mut before_last = Vec::new();
        let mut epoch = from;
        while epoch < end {
            let last = end - 1;
            if epoch == last {
                before_last = self.states();
            }
            let next_row = self
                .schedule
                .as_ref()
                .map_or(u64::MAX, |schedule| schedule.next(epoch));
            if next_row == epoch {
                self.record(epoch);
                epoch += 1;
            } else {
                let until = if epoch == last { end } else { last };
                let until = until.min(next_row);
                self.lanes.advance(in_chunk(until - epoch), false);
                epoch = until;
            }
        }
        let state_length = self.descent.parameters + self.descent.memory;
        // From the last lane down, as one that is taken out is replaced by the last.
        for lane in (0..self.live.len()).rev() {
            let before = &before_last[lane * state_length..][..state_length];
            let stays = (0..self.descent.parameters)
                .all(|number| before[number].bits() == self.lanes.input(number, lane).bits());
            if stays || self.lanes.has_left(lane) {
                self.lanes.remove(lane);
                let mut live = self.live.swap_remove(lane);
                live.rows.truncate(rows_before);
                self.ended[live.place] = Some(Lane {
                    rows: live.rows,
                    end: End::Alone(live.checkpoint),
                });
                continue;
            }
            let live = &mut self.live[lane];
            live.look(&self.lanes, lane, from);
            live.checkpoint.epoch = end - 1;
            live.checkpoint.state.copy_from_slice(before);
            live.checkpoint.best = Some(live.best);
            live.checkpoint.recorded = self.recorded;
            live.checkpoint.reported = end;
        }
    }

    /// The state of each lane, one after the other.
    fn states(&self) -> Vec<T> {
        let state_length = self.descent.parameters + self.descent.memory;
        let lanes = 0..self.live.len();
        let state = |lane| (0..state_length).map(move |number| self.lanes.input(number, lane));
        lanes.flat_map(state).collect()
    }

    /// An epoch that is recorded.
    fn record(&mut self, epoch: u64) {
        for (lane, live) in self.live.iter_mut().enumerate() {
            live.rows.extend([T::ZERO; ROW]);
            let parameters = 0..self.descent.parameters;
            live.rows
                .extend(parameters.map(|number| self.lanes.input(number, lane)));
        }
        self.lanes.advance(1, true);
        let norm = self.descent.in_lanes.gradient_norm;
        for (lane, live) in self.live.iter_mut().enumerate() {
            let row = live.rows.len() - ROW - self.descent.parameters;
            live.rows[row] = self.lanes.output(0, lane);
            live.rows[row + 1] = self.lanes.output(norm, lane);
        }
        self.recorded = Some(epoch);
    }

    /// The last epoch, which no update follows.
    fn finish(&mut self, epochs: u64) {
        if self.live.is_empty() {
            return;
        }
        self.lanes.look_anew();
        let rows_before = self.live[0].rows.len();
        self.record(epochs);
        for (lane, mut live) in std::mem::take(&mut self.live).into_iter().enumerate() {
            let end = if self.lanes.has_left(lane) {
                live.rows.truncate(rows_before);
                End::Alone(live.checkpoint)
            } else {
                live.look(&self.lanes, lane, epochs);
                let row = &live.rows[rows_before..];
                let outcome = Outcome {
                    status: Status::EpochsSpent,
                    epochs_run: epochs,
                    loss: Scalar::new(row[0]),
                    gradient_norm: Scalar::new(row[1]),
                    parameters: row[ROW..].iter().map(|x| Scalar::new(*x)).collect(),
                    best_loss: Scalar::new(live.best.0),
                    best_epoch: live.best.1,
                };
                if self.schedule.is_none() {
                    live.rows.truncate(rows_before);
                }
                End::Spent(outcome)
            };
            self.ended[live.place] = Some(Lane {
                rows: live.rows,
                end,
            });
        }
    }
}

impl<T: Real> Live<T> {
    /// Takes over the least loss since epoch `from`.
    fn look(&mut self, lanes: &Lanes<'_, T>, lane: usize, from: u64) {
        if let (least, Some(at)) = lanes.least(lane) {
            self.best = (least, from + u64::from(at));
        }
    }
}

/// A number of epochs of one chunk.
fn in_chunk(epochs: u64) -> u32 {
    u32::try_from(epochs).unwrap_or(CHUNK)
}
