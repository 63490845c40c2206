//! Several runs of one program at once, each in a lane.
//!
//! Only what every run does is done in lanes. A lane in which anything happens
//! that may end a run (a value that is not finite, a limit, parameters that
//! stay as they are) is taken out at the end of its stretch of epochs, and the
//! run continues alone from the last epoch before the stretch, by the definition
//! in [`descent`](super::descent). So lanes never decide how a run ends, and the
//! result is the same with and without them.

use super::closing::{Closing, Steps, Tail, push_state, state_width};
use super::control::{Cancelled, Control};
use super::descent::{Checkpoint, Descent, LOSS, OPERATIONS, Replay};
use super::end::End;
use super::epoch;
use super::output::Output;
use super::quantities::Quantities;
use super::rows::Rows;
use super::state::{Best, State};
use super::stop::{Ends, Limits, may_converge};
use super::stop_reason::StopReason;
use crate::number::Scalar;
use crate::plan::{Plan, RecordedEpochs, Run};
use gradtape_engine::{Block as Numbers, Compiled, ExpectedRange, States, WIDTH, WatchedNumber};

/// Maximum number of epochs between two checks of the lanes.
const STRETCH: usize = 64;

/// The result of a run in its lane.
pub(super) struct Lane<T> {
    /// For each recorded epoch, in order: loss, norm of the gradient, perhaps the
    /// validation loss and the learning rate, parameters.
    rows: Vec<T>,
    end: LaneEnd<T>,
}

enum LaneEnd<T> {
    /// It made all of its updates.
    Spent(Box<End>),
    /// It must continue alone.
    Alone(Checkpoint<T>),
}

struct Block<'a, T> {
    descent: &'a Descent<T>,
    numbers: Numbers<'a, T>,
    /// The largest allowed magnitude of an entry of the gradient.
    greatest_entry: T,
    epochs: u64,
    /// The runs that are in lanes, in the order of these.
    live: Vec<Live<T>>,
    /// The results of the others, by their places.
    ended: Vec<Option<Lane<T>>>,
    /// None if nothing is recorded.
    recorded_epochs: Option<RecordedEpochs>,
    /// The epoch from which a run continues alone: the last one before the stretch.
    checkpoint: u64,
    states: States<T>,
    /// The updates of each run that were reported as progress.
    reported: u64,
    /// The states before the last update of the stretch.
    before_last: States<T>,
    /// Whether each lane must be taken out.
    leaves: Vec<bool>,
    /// The states in the last epoch before the stretch with the smallest loss, of each lane.
    best: States<T>,
    /// Whether the smallest loss of each lane is in the stretch.
    improved: Vec<bool>,
    /// The epochs that the closing of each run needs the loss of.
    steps: Steps,
    /// The states in the last epoch from which a stretch covers the whole tail, and that epoch.
    tail: States<T>,
    tail_from: u64,
}

/// A run in its lane.
struct Live<T> {
    /// Its place in the block.
    place: usize,
    rows: Vec<T>,
    /// The smallest loss before the stretch.
    best: Option<Lowest<T>>,
    /// The checkpoint before the stretch since whose end the parameters were the same at the
    /// end of each, though the memory still moves: what comes after may be a fixed point,
    /// whose first epoch only a run from here can find.
    resting: Option<Checkpoint<T>>,
    /// The losses of the closing.
    losses: Vec<f64>,
}

/// The smallest loss of a lane: its value, its epoch, and the epoch shortly before whose state
/// is stored.
#[derive(Clone, Copy)]
struct Lowest<T> {
    loss: T,
    epoch: u64,
    from: u64,
}

impl<T: Compiled> Descent<T> {
    /// Runs those of `runs` at `places`, which need this program and have the
    /// same number of epochs, as far as lanes can, and gives the result of each:
    /// `None` for a single run, which can go from its start to the end at once.
    /// Rows are stored if `record` is true.
    pub(super) fn in_blocks(
        &self,
        plan: &Plan,
        runs: &[Run],
        places: &[usize],
        record: bool,
        control: &Control,
        mut give: impl FnMut(usize, Option<Lane<T>>),
    ) -> Result<(), Cancelled> {
        // A program of arrays is for one run at a time, and so are batches of rows.
        if places.len() == 1 || self.engine.lanes() == 1 || self.batches.is_some() {
            places.iter().for_each(|place| give(*place, None));
            return Ok(());
        }
        // Blocks of the same size rather than a small one at the end.
        let blocks = places.len().div_ceil(self.engine.lanes()).max(1);
        let lanes = places.len().div_ceil(blocks).next_multiple_of(WIDTH);
        for places in places.chunks(lanes) {
            let block: Vec<&Run> = places.iter().map(|place| &runs[*place]).collect();
            let mut block = Block::new(self, plan, &block, record);
            block.advance(control, |_| ())?;
            for (place, lane) in places.iter().zip(block.ended.into_iter().flatten()) {
                give(*place, Some(lane));
            }
        }
        Ok(())
    }

    /// The numbers of a row before the parameters.
    fn head(&self) -> usize {
        self.outputs.recorded().len()
    }

    /// A run to its end, from where its lane left it.
    pub(super) fn whole(
        &self,
        plan: &Plan,
        run: &Run,
        lane: Option<Lane<T>>,
        rows: Rows<'_>,
        control: &Control,
    ) -> Result<End, Cancelled> {
        match lane {
            Some(lane) => self.end(plan, run, lane, rows, control),
            None => self.single(plan, run, rows, control),
        }
    }

    /// A run by itself from its start to the end. What is recorded is passed on
    /// after every stretch, so that it does not pile up.
    fn single(
        &self,
        plan: &Plan,
        run: &Run,
        mut rows: Rows<'_>,
        control: &Control,
    ) -> Result<End, Cancelled> {
        // The outcome of a run that ends early depends on all epochs from its start.
        let is_array = self.engine.lanes() == 1;
        if self.batches.is_some() || is_array && may_converge(&plan.stop) {
            let mut state = Vec::new();
            epoch::start(plan, run, &mut state);
            state.truncate(self.parameters + self.memory);
            let start = Checkpoint {
                epoch: 0,
                state,
                best: None,
                reported: 0,
            };
            return self.run(plan, run, &start, rows, control);
        }
        let mut block = Block::new(self, plan, &[run], rows.are_recorded());
        block.advance(control, |recorded| {
            self.pass_on(recorded, &mut rows);
            recorded.clear();
        })?;
        let lane = block.ended.pop().flatten();
        let lane = lane.expect("every lane ends");
        self.end(plan, run, lane, rows, control)
    }

    /// What is expected as long as a run continues, in addition to what the state
    /// shows at the end of a stretch.
    fn expected(&self, limits: &Limits<T>, greatest_entry: T) -> Vec<ExpectedRange<T>> {
        let mut expected = Vec::new();
        let mut expect = |quantity, low: Option<T>, high: Option<T>| {
            let low = low.filter(|low| *low > -T::MAX).unwrap_or(-T::MAX);
            let high = high.filter(|high| *high < T::MAX).unwrap_or(T::MAX);
            expected.push(ExpectedRange {
                quantity,
                low,
                high,
            });
        };
        for parameter in &self.loose {
            expect(WatchedNumber::Input(*parameter), None, None);
        }
        for entry in self.outputs.places(Output::Entries) {
            let entry = WatchedNumber::Output(entry);
            expect(entry, Some(-greatest_entry), Some(greatest_entry));
        }
        // The search for the smallest loss shows whether it is finite.
        for rule in limits.iter() {
            let Some(place) = self.outputs.place(rule.output) else {
                continue;
            };
            let (low, high) = match rule.ends {
                Ends::Below(_) => (Some(rule.limit), None),
                // The largest integer with which a run continues is one less.
                Ends::From(_) => (None, Some(rule.limit - T::ONE)),
                Ends::Above => (None, Some(rule.limit)),
            };
            expect(WatchedNumber::Output(place), low, high);
        }
        expected
    }

    /// Passes on what was recorded in a lane, and continues to the end.
    fn end(
        &self,
        plan: &Plan,
        run: &Run,
        lane: Lane<T>,
        mut rows: Rows<'_>,
        control: &Control,
    ) -> Result<End, Cancelled> {
        self.pass_on(&lane.rows, &mut rows);
        match lane.end {
            LaneEnd::Spent(end) => Ok(*end),
            LaneEnd::Alone(checkpoint) => self.run(plan, run, &checkpoint, rows, control),
        }
    }

    /// Passes on the rows of a lane that follow.
    fn pass_on(&self, recorded: &[T], rows: &mut Rows<'_>) {
        let head = self.head();
        for row in recorded.chunks_exact(head + self.parameters) {
            let Some(epoch) = rows.next() else {
                return;
            };
            let set = |quantities: &mut Quantities| {
                for (recorded, value) in self.outputs.recorded().iter().zip(row) {
                    quantities.set(recorded.quantity, Scalar::new(*value));
                }
            };
            rows.write(epoch, None, set, &|index| Scalar::new(row[head + index]));
        }
    }
}

impl<'a, T: Compiled> Block<'a, T> {
    /// Runs that need the program of `descent` and have the same number of
    /// epochs, at their starts.
    fn new(descent: &'a Descent<T>, plan: &Plan, runs: &[&Run], record: bool) -> Self {
        let engine = &*descent.engine;
        let epochs = runs.first().map_or(0, |run| run.epochs);
        // As long as no entry is larger, the norm is finite: it is at most
        // √n times the largest, and n roundings are far from doubling it.
        let greatest_entry = T::MAX / T::from_f64(2.0 * descent.parameters as f64);
        let mut numbers = Numbers::new(engine.program(), runs.len());
        let expected = descent.expected(&Limits::new(&plan.stop), greatest_entry);
        numbers.watch(&expected, &descent.sticky, LOSS);
        let mut live = Vec::with_capacity(runs.len());
        let mut inputs = Vec::new();
        for (place, run) in runs.iter().enumerate() {
            inputs.clear();
            epoch::start(plan, run, &mut inputs);
            numbers.load(place, &inputs);
            live.push(Live {
                place,
                rows: Vec::new(),
                best: None,
                resting: None,
                losses: Vec::new(),
            });
        }
        let mut states = States::default();
        numbers.copy_states(&mut states);
        Block {
            descent,
            numbers,
            greatest_entry,
            epochs,
            live,
            ended: runs.iter().map(|_| None).collect(),
            recorded_epochs: record.then(|| plan.record.recorded(epochs)),
            checkpoint: 0,
            states,
            reported: 0,
            before_last: States::default(),
            leaves: Vec::new(),
            best: States::default(),
            improved: Vec::new(),
            steps: Steps::new(epochs),
            tail: States::default(),
            tail_from: 0,
        }
    }

    /// Runs all to their ends, or until they must continue alone. `look` gets the
    /// rows of the first lane after each stretch.
    fn advance(
        &mut self,
        control: &Control,
        mut look: impl FnMut(&mut Vec<T>),
    ) -> Result<(), Cancelled> {
        let operations = self.descent.engine.program().operations();
        let operations = usize::try_from(operations).unwrap_or(usize::MAX).max(1);
        let operations = operations.saturating_mul(self.live.len().max(1));
        let stretch = (OPERATIONS / operations).clamp(1, STRETCH) as u64;
        let mut epoch = 0;
        while epoch < self.epochs && !self.live.is_empty() {
            control.check()?;
            let end = self.epochs.min(epoch + stretch);
            self.stretch(epoch, end);
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
    fn stretch(&mut self, from: u64, end: u64) {
        let rows_before = self.live.first().map_or(0, |live| live.rows.len());
        self.numbers.look_anew();
        if (from..end).contains(&self.steps.tail_start()) {
            self.numbers.copy_states(&mut self.tail);
            self.tail_from = from;
        }
        let last = end - 1;
        let mut epoch = from;
        while epoch < end {
            if epoch == last {
                self.numbers.copy_states(&mut self.before_last);
            }
            let next_row = self
                .recorded_epochs
                .as_ref()
                .map_or(u64::MAX, |recorded| recorded.next(epoch));
            let next_look = self.steps.next(epoch);
            if next_row == epoch {
                self.record();
                self.keep_losses(epoch);
                epoch += 1;
            } else if next_look == epoch {
                self.descent.engine.advance(&mut self.numbers, 1, false);
                self.keep_losses(epoch);
                epoch += 1;
            } else {
                let until = if epoch == last { end } else { last };
                let until = until.min(next_row).min(next_look);
                let epochs = in_stretch(until - epoch);
                self.descent
                    .engine
                    .advance(&mut self.numbers, epochs, false);
                epoch = until;
            }
        }
        self.find_leaving();
        // From the last lane down, as one that is taken out is replaced by the last.
        for lane in (0..self.live.len()).rev() {
            if self.leaves[lane] {
                self.numbers.remove(lane);
                let mut live = self.live.swap_remove(lane);
                live.rows.truncate(rows_before);
                let end = LaneEnd::Alone(self.leave(lane, &mut live));
                let rows = live.rows;
                self.ended[live.place] = Some(Lane { rows, end });
                let left = self.live.len();
                let states = [
                    &mut self.states, &mut self.before_last, &mut self.best, &mut self.tail,
                ];
                for states in states {
                    states.remove(lane, left);
                }
            }
        }
        self.look(from);
        // The last epoch of this stretch is the one to continue from.
        std::mem::swap(&mut self.states, &mut self.before_last);
        self.checkpoint = last;
        self.reported = end;
    }

    /// Finds the lanes in which anything happened that may end their runs.
    fn find_leaving(&mut self) {
        self.find_unexpected();
        let parameters = self.descent.parameters;
        let state = parameters + self.descent.memory;
        for lane in 0..self.live.len() {
            let stays = |number| {
                let before = self.before_last.row(number)[lane];
                before.bits() == self.numbers.inputs(number)[lane].bits()
            };
            // Few parameters stay as they are, so the first one decides for most.
            if !(0..parameters).all(stays) {
                self.live[lane].resting = None;
            } else if (parameters..state).all(stays) {
                self.leaves[lane] = true;
            } else if self.live[lane].resting.is_none() {
                self.live[lane].resting = Some(self.checkpoint(lane, self.live[lane].best));
            }
        }
    }

    fn find_unexpected(&mut self) {
        self.numbers.left(&mut self.leaves);
        // After the memory comes the largest magnitude of an entry.
        let entries = self.descent.parameters + self.descent.memory;
        let entries = self.numbers.inputs(entries).iter();
        for (leaves, entry) in self.leaves.iter_mut().zip(entries) {
            *leaves |= *entry > self.greatest_entry;
        }
    }

    /// The state from which a run that is taken out of its lane continues alone.
    fn leave(&self, lane: usize, live: &mut Live<T>) -> Checkpoint<T> {
        let now = self.checkpoint(lane, live.best);
        match live.resting.take() {
            Some(resting) => Checkpoint {
                reported: now.reported,
                ..resting
            },
            None => now,
        }
    }

    /// The state in a lane in the last epoch before the stretch.
    fn checkpoint(&self, lane: usize, best: Option<Lowest<T>>) -> Checkpoint<T> {
        Checkpoint {
            epoch: self.checkpoint,
            state: self.state(&self.states, lane),
            // The update after it was reported with the stretch before.
            reported: if best.is_some() {
                self.checkpoint + 1
            } else {
                0
            },
            best: best.map(|least| Replay {
                loss: least.loss,
                epoch: least.epoch,
                state: self.state(&self.best, lane),
                from: least.from,
            }),
        }
    }

    /// The parameters and the memory of a lane among some states.
    fn state(&self, states: &States<T>, lane: usize) -> Vec<T> {
        let numbers = 0..self.descent.parameters + self.descent.memory;
        numbers.map(|number| states.get(number, lane)).collect()
    }

    /// Takes over the smallest loss of each lane since epoch `from`.
    fn look(&mut self, from: u64) {
        self.improved.clear();
        for (lane, live) in self.live.iter_mut().enumerate() {
            let (loss, found) = self.numbers.least(lane);
            if let Some(at) = found {
                live.best = Some(Lowest {
                    loss,
                    epoch: from + u64::from(at),
                    from: self.checkpoint,
                });
            }
            self.improved.push(found.is_some());
        }
        self.best.copy_lanes(&self.states, &self.improved);
    }

    /// An epoch that is recorded.
    fn record(&mut self) {
        let (head, parameters) = (self.descent.head(), self.descent.parameters);
        for (lane, live) in self.live.iter_mut().enumerate() {
            live.rows.extend(std::iter::repeat_n(T::ZERO, head));
            let values = (0..parameters).map(|number| self.numbers.input(number, lane));
            live.rows.extend(values);
        }
        self.descent.engine.advance(&mut self.numbers, 1, true);
        for (place, recorded) in self.descent.outputs.recorded().iter().enumerate() {
            let values = self.numbers.outputs(recorded.place);
            for (live, value) in self.live.iter_mut().zip(values) {
                let row = live.rows.len() - head - parameters;
                live.rows[row + place] = *value;
            }
        }
    }

    /// Stores the loss of an epoch of each lane, if its closing needs it.
    fn keep_losses(&mut self, epoch: u64) {
        if self.steps.next(epoch) != epoch {
            return;
        }
        for (live, loss) in self.live.iter_mut().zip(self.numbers.outputs(LOSS)) {
            live.losses.push(loss.to_f64());
        }
    }

    /// The closings of the runs whose lanes made all epochs. The last epochs of those that
    /// need a tail are run once more, several at once.
    fn closings(&mut self) -> Vec<Option<Closing>> {
        let mut closings = Vec::new();
        let mut tails = Vec::new();
        for (lane, live) in self.live.iter_mut().enumerate() {
            if self.leaves[lane] {
                closings.push(None);
                continue;
            }
            let best = match (self.numbers.least(lane).1, live.best) {
                (Some(_), _) | (_, None) => self.epochs,
                (None, Some(best)) => best.epoch,
            };
            let losses = std::mem::take(&mut live.losses);
            if self.steps.needs_tail(&losses, best) {
                tails.push(lane);
            }
            let tail = None;
            closings.push(Some(Closing { losses, tail }));
        }
        let width = state_width(self.descent.parameters);
        for lanes in tails.chunks(8 * WIDTH) {
            for (lane, states) in lanes.iter().zip(self.tails(lanes)) {
                let states: Vec<&[f64]> = states.chunks_exact(width).collect();
                if let Some(closing) = &mut closings[*lane] {
                    closing.tail = Some(Tail::of(&states, T::EPSILON.to_f64()));
                }
            }
        }
        closings
    }

    /// The last states of some lanes, one after the other.
    fn tails(&self, lanes: &[usize]) -> Vec<Vec<f64>> {
        let program = self.descent.engine.program();
        let mut numbers = Numbers::new(program, lanes.len());
        for (place, lane) in lanes.iter().enumerate() {
            let mut inputs = self.state(&self.tail, *lane);
            let rest = inputs.len()..program.inputs();
            inputs.extend(rest.map(|number| self.numbers.input(number, *lane)));
            numbers.load(place, &inputs);
        }
        let start = self.steps.tail_start();
        let before = in_stretch(start - self.tail_from);
        if before > 0 {
            self.descent.engine.advance(&mut numbers, before, false);
        }
        let width = state_width(self.descent.parameters);
        let mut tails = vec![Vec::new(); lanes.len()];
        for _ in start..=self.epochs {
            for (place, states) in tails.iter_mut().enumerate() {
                let parameters = 0..self.descent.parameters;
                let parameters = parameters.map(|number| numbers.input(number, place).to_f64());
                // The loss is known after the parameters have moved on.
                push_state(states, f64::NAN, parameters);
            }
            self.descent.engine.advance(&mut numbers, 1, false);
            for (states, loss) in tails.iter_mut().zip(numbers.outputs(LOSS)) {
                let last = states.len() - width;
                states[last] = loss.to_f64();
            }
        }
        tails
    }

    /// The last epoch, which no update follows.
    fn finish(&mut self) {
        if self.live.is_empty() {
            return;
        }
        self.numbers.look_anew();
        let rows_before = self.live[0].rows.len();
        self.record();
        self.keep_losses(self.epochs);
        self.find_unexpected();
        let mut closings = self.closings();
        let mut last = State::new(self.epochs, Vec::new());
        for (lane, mut live) in std::mem::take(&mut self.live).into_iter().enumerate() {
            let end = if self.leaves[lane] {
                live.rows.truncate(rows_before);
                LaneEnd::Alone(self.leave(lane, &mut live))
            } else {
                let row = &live.rows[rows_before..];
                let head = self.descent.head();
                last.parameters.clear();
                last.parameters.extend_from_slice(&row[head..]);
                for (recorded, value) in self.descent.outputs.recorded().iter().zip(row) {
                    last.outputs.set(recorded.output, Some(*value));
                }
                // Where the last epoch is the best, its state is available.
                let is_last_best = self.numbers.least(lane).1.is_some();
                let best = live.best.filter(|_| !is_last_best).map(|best| {
                    let mut inputs = self.state(&self.best, lane);
                    let rest = inputs.len()..self.descent.engine.program().inputs();
                    inputs.extend(rest.map(|number| self.numbers.input(number, lane)));
                    Best {
                        loss: best.loss,
                        epoch: best.epoch,
                        parameters: self.descent.replay(&inputs, best.epoch - best.from),
                    }
                });
                let closing = closings[lane].take();
                let end = End::new(StopReason::EpochLimit, closing, &last, best.as_ref());
                if self.recorded_epochs.is_none() {
                    live.rows.truncate(rows_before);
                }
                LaneEnd::Spent(Box::new(end))
            };
            let rows = live.rows;
            self.ended[live.place] = Some(Lane { rows, end });
        }
    }
}

/// A number of epochs of one stretch.
fn in_stretch(epochs: u64) -> u32 {
    u32::try_from(epochs).expect("a stretch has few epochs")
}
