//! Several runs of one program at once, each in a lane.
//!
//! Only what every run does is done in lanes. A lane in which anything happens
//! that may end a run (a value that is not finite, a limit, parameters that
//! stay as they are) is taken out at the end of its chunk of epochs, and the
//! run goes on alone from the last epoch before the chunk, by the definition in
//! [`descent`](super::descent). So lanes never decide how a run ends, and the
//! result is the same with and without them.

use super::descent::{Checkpoint, Descent, LOSS, Limits};
use super::{Cancelled, Control, Outcome, Recorder, Row, Status};
use crate::autodiff::Real;
use crate::engine::{Block as Numbers, Engine, Expected, Quantity, States};
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
    engine: &'a dyn Engine<T>,
    numbers: Numbers<'a, T>,
    /// The states before the last update of a chunk.
    before_last: States<T>,
    /// The greatest that an entry of the gradient may be.
    greatest_entry: T,
    epochs: u64,
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
        for places in places.chunks(self.engine.lanes()) {
            let block: Vec<&Run> = places.iter().map(|place| &runs[*place]).collect();
            let mut block = Block::new(self, plan, &block, record);
            block.advance(control, |_| ())?;
            let ended = block.ended.into_iter().flatten();
            lanes.extend(places.iter().copied().zip(ended));
        }
        Ok(lanes)
    }

    /// A run by itself from its start to the end. What is recorded is passed on
    /// after every chunk, so that it does not pile up.
    pub(super) fn single<R: Recorder>(
        &self,
        plan: &Plan,
        run: &Run,
        recorder: &mut R,
        control: &Control,
    ) -> Result<Outcome, Cancelled> {
        let mut rows = Rows::new(plan, run);
        let mut block = Block::new(self, plan, &[run], R::LOOKS);
        block.advance(control, |recorded| {
            rows.pass_on(recorded, self.parameters, recorder);
            recorded.clear();
        })?;
        let lane = block.ended.pop().flatten();
        let lane = lane.expect("every lane ends");
        self.end(plan, run, lane, rows, recorder, control)
    }

    /// What is expected as long as a run goes on, beside what the state tells
    /// at the end of a chunk.
    fn expected(&self, limits: &Limits<T>, greatest_entry: T) -> Vec<Expected<T>> {
        let mut expected = Vec::new();
        let mut expect = |quantity, low: Option<T>, high: Option<T>| {
            let low = low.filter(|low| *low > -T::MAX).unwrap_or(-T::MAX);
            let high = high.filter(|high| *high < T::MAX).unwrap_or(T::MAX);
            expected.push(Expected {
                quantity,
                low,
                high,
            });
        };
        // That it is finite is seen where the least is found.
        if limits.loss_below.is_some() || limits.loss_above.is_some() {
            expect(Quantity::Output(LOSS), limits.loss_below, limits.loss_above);
        }
        for parameter in (0..self.parameters).filter(|number| !self.sticky.contains(number)) {
            expect(Quantity::Input(parameter), None, None);
        }
        for entry in self.outputs.entries.clone() {
            let entry = Quantity::Output(entry);
            expect(entry, Some(-greatest_entry), Some(greatest_entry));
        }
        if let Some(limit) = limits.gradient_norm_below {
            let norm = Quantity::Output(self.outputs.gradient_norm);
            expect(norm, Some(limit), None);
        }
        if let Some(limit) = limits.step_below {
            expect(Quantity::Output(self.outputs.step), Some(limit), None);
        }
        expected
    }

    /// Passes on what was recorded in a lane, and goes on to the end.
    pub(super) fn end(
        &self,
        plan: &Plan,
        run: &Run,
        lane: Lane<T>,
        mut rows: Rows,
        recorder: &mut impl Recorder,
        control: &Control,
    ) -> Result<Outcome, Cancelled> {
        rows.pass_on(&lane.rows, self.parameters, recorder);
        match lane.end {
            End::Spent(outcome) => Ok(outcome),
            End::Alone(checkpoint) => self.run(plan, run, &checkpoint, recorder, control),
        }
    }
}

/// The numbers of a row before the parameters.
const ROW: usize = 2;

/// Passes the rows of one run on to a recorder.
pub(super) struct Rows {
    schedule: Schedule,
    learning_rate: Scalar,
    epochs: u64,
    /// Of the next row, or an epoch before that.
    epoch: u64,
}

impl Rows {
    pub(super) fn new(plan: &Plan, run: &Run) -> Self {
        Rows {
            schedule: plan.record.schedule(run.epochs),
            learning_rate: run.learning_rate.scalar(run.precision),
            epochs: run.epochs,
            epoch: 0,
        }
    }

    fn pass_on<T: Real>(&mut self, rows: &[T], parameters: usize, recorder: &mut impl Recorder) {
        for row in rows.chunks_exact(ROW + parameters) {
            let epoch = self.schedule.next(self.epoch).min(self.epochs);
            self.epoch = epoch + 1;
            recorder.record(&Row {
                epoch,
                learning_rate: self.learning_rate,
                loss: Scalar::new(row[0]),
                gradient_norm: Scalar::new(row[1]),
                parameters: &|index| Scalar::new(row[ROW + index]),
            });
        }
    }
}

impl<'a, T: Real> Block<'a, T> {
    /// Runs that need the program of `descent` and have the same number of
    /// epochs, at their starts.
    fn new(descent: &'a Descent<T>, plan: &Plan, runs: &[&Run], record: bool) -> Self {
        let engine = &*descent.engine;
        let epochs = runs.first().map_or(0, |run| run.epochs);
        // As long as no entry is greater, the norm is finite: it is at most
        // √n times the greatest, and n roundings are far from doubling it.
        let greatest_entry = T::MAX / T::from_f64(2.0 * descent.parameters as f64);
        let mut numbers = Numbers::new(engine.program(), runs.len());
        let expected = descent.expected(&Limits::new(&plan.stop), greatest_entry);
        numbers.watch(&expected, &descent.sticky, LOSS);
        let mut live = Vec::with_capacity(runs.len());
        for (place, run) in runs.iter().enumerate() {
            let checkpoint = descent.start(run);
            numbers.load(place, &descent.inputs(run, &checkpoint.state));
            live.push(Live {
                place,
                rows: Vec::new(),
                checkpoint,
                best: (T::ONE / T::ZERO, 0),
            });
        }
        Block {
            descent,
            engine,
            numbers,
            before_last: States::default(),
            greatest_entry,
            epochs,
            live,
            ended: runs.iter().map(|_| None).collect(),
            schedule: record.then(|| plan.record.schedule(epochs)),
            recorded: None,
        }
    }

    /// Runs all to their ends, or until they have to go on alone. The rows of
    /// the first lane are shown after each chunk.
    fn advance(
        &mut self,
        control: &Control,
        mut look: impl FnMut(&mut Vec<T>),
    ) -> Result<(), Cancelled> {
        let mut epoch = 0;
        while epoch < self.epochs && !self.live.is_empty() {
            if control.is_cancelled() {
                return Err(Cancelled);
            }
            let end = self.epochs.min(epoch + u64::from(CHUNK));
            self.chunk(epoch, end);
            let updates = (end - epoch) * self.live.len() as u64;
            control.progress.add_epochs(updates);
            epoch = end;
            if let Some(first) = self.live.first_mut() {
                look(&mut first.rows);
            }
        }
        self.finish();
        Ok(())
    }

    /// The epochs from `from` up to the one before `end`, with the updates that
    /// follow them.
    fn chunk(&mut self, from: u64, end: u64) {
        let rows_before = self.live.first().map_or(0, |live| live.rows.len());
        self.numbers.look_anew();
        let last = end - 1;
        let mut epoch = from;
        while epoch < end {
            if epoch == last {
                self.numbers.copy_states(&mut self.before_last);
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
                let epochs = in_chunk(until - epoch);
                self.engine.advance(&mut self.numbers, epochs, false);
                epoch = until;
            }
        }
        // From the last lane down, as one that is taken out is replaced by the last.
        for lane in (0..self.live.len()).rev() {
            if self.goes_on(lane) {
                self.check_in(lane, from, end);
                continue;
            }
            self.numbers.remove(lane);
            let mut live = self.live.swap_remove(lane);
            self.before_last.remove(lane, self.live.len());
            live.rows.truncate(rows_before);
            self.ended[live.place] = Some(Lane {
                rows: live.rows,
                end: End::Alone(live.checkpoint),
            });
        }
    }

    /// Whether nothing happened in a lane that may end its run.
    fn goes_on(&self, lane: usize) -> bool {
        let has_moved = |number| {
            self.before_last.get(number, lane).bits() != self.numbers.input(number, lane).bits()
        };
        self.is_as_expected(lane) && (0..self.descent.parameters).any(has_moved)
    }

    fn is_as_expected(&self, lane: usize) -> bool {
        let Descent {
            parameters, memory, ..
        } = self.descent;
        // Behind the memory comes the greatest magnitude of an entry.
        !self.numbers.has_left(lane)
            && self.numbers.input(parameters + memory, lane) <= self.greatest_entry
    }

    /// Makes the last epoch of a chunk the one to go on from.
    fn check_in(&mut self, lane: usize, from: u64, end: u64) {
        let live = &mut self.live[lane];
        live.look(&self.numbers, lane, from);
        let checkpoint = &mut live.checkpoint;
        checkpoint.epoch = end - 1;
        for (number, value) in checkpoint.state.iter_mut().enumerate() {
            *value = self.before_last.get(number, lane);
        }
        checkpoint.best = Some(live.best);
        checkpoint.recorded = self.recorded;
        checkpoint.reported = end;
    }

    /// An epoch that is recorded.
    fn record(&mut self, epoch: u64) {
        let parameters = self.descent.parameters;
        for (lane, live) in self.live.iter_mut().enumerate() {
            live.rows.extend([T::ZERO; ROW]);
            let parameters = 0..parameters;
            let values = parameters.map(|number| self.numbers.input(number, lane));
            live.rows.extend(values);
        }
        self.engine.advance(&mut self.numbers, 1, true);
        let norm = self.descent.outputs.gradient_norm;
        for (lane, live) in self.live.iter_mut().enumerate() {
            let row = live.rows.len() - ROW - parameters;
            live.rows[row] = self.numbers.output(LOSS, lane);
            live.rows[row + 1] = self.numbers.output(norm, lane);
        }
        self.recorded = Some(epoch);
    }

    /// The last epoch, which no update follows.
    fn finish(&mut self) {
        if self.live.is_empty() {
            return;
        }
        self.numbers.look_anew();
        let rows_before = self.live[0].rows.len();
        self.record(self.epochs);
        for (lane, mut live) in std::mem::take(&mut self.live).into_iter().enumerate() {
            let end = if self.is_as_expected(lane) {
                live.look(&self.numbers, lane, self.epochs);
                let row = &live.rows[rows_before..];
                let outcome = Outcome {
                    status: Status::EpochsSpent,
                    epochs_run: self.epochs,
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
            } else {
                live.rows.truncate(rows_before);
                End::Alone(live.checkpoint)
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
    fn look(&mut self, numbers: &Numbers<'_, T>, lane: usize, from: u64) {
        if let (least, Some(at)) = numbers.least(lane) {
            self.best = (least, from + u64::from(at));
        }
    }
}

/// A number of epochs of one chunk.
fn in_chunk(epochs: u64) -> u32 {
    u32::try_from(epochs).unwrap_or(CHUNK)
}
