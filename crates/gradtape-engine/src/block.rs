//! The numbers of many runs of one program, a lane for each.

use super::program::Program;
use super::row_vectors::RowVectors;
use super::slot::{Slot, WIDTH};
use gradtape_tape::Real;

/// The alignment of rows in bytes: no vector crosses the border of two cache
/// lines.
const ALIGNMENT: usize = 64;

/// A number of a program, for each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchedNumber {
    /// The input with this number, as it is after the epoch.
    Input(usize),
    /// The output with this number.
    Output(usize),
}

/// The expected range of a quantity in every epoch: not below `low`, not above
/// `high`, and not NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpectedRange<T> {
    /// The quantity.
    pub quantity: WatchedNumber,
    /// The smallest expected value.
    pub low: T,
    /// The largest expected value.
    pub high: T,
}

/// A slot with the smallest and the largest number expected there.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlotCheck<T> {
    pub(super) slot: Slot,
    pub(super) low: T,
    pub(super) high: T,
}

/// The maximum number of epochs between two calls of [`Block::look_anew`]: twice as
/// many can be counted in either precision.
const MAX_EPOCHS: u32 = 1 << 20;

/// The rows after those of the program's slots.
pub(super) const ALARM: usize = 0;
pub(super) const LEAST: usize = 1;
/// The number of epochs since that of the smallest value; NaN once a value was not
/// finite.
pub(super) const SINCE_LEAST: usize = 2;
const OWN_ROWS: usize = 3;

/// The numbers of several runs of one [`Program`]: for each slot of the program
/// a row with one number for each run, its lane.
///
/// Each lane gets the bits that [`Program::step`] would give it, whatever the
/// other lanes hold and whatever [engine](super::Engine) computes it.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Graph, Precision, Subnormals};
/// use gradtape_engine::{Block, Compiled, Engine, Program};
///
/// let graph = Graph::new(Precision::F64, Subnormals::Keep);
/// let (w, rate) = (graph.input([]), graph.input([]));
/// let loss = w.powi(2);
/// let gradient = graph.gradient(loss, &[w])[0];
/// let program = Program::epoch(&graph, &[loss], &[w - rate * gradient]);
///
/// let engine = f64::engine(program);
/// let mut block = Block::new(engine.program(), 2);
/// block.load(0, &[1.0, 0.01]);
/// block.load(1, &[1.0, 0.5]);
/// engine.advance(&mut block, 1, true);
/// assert_eq!([block.output(0, 0), block.output(0, 1)], [1.0, 1.0]);
/// assert_eq!([block.input(0, 0), block.input(0, 1)], [0.98, 0.0]);
/// ```
#[derive(Debug)]
pub struct Block<'p, T> {
    program: &'p Program<T>,
    /// Row after row, each of `stride` numbers, from the one at `first`, which
    /// is aligned.
    numbers: Vec<T>,
    first: usize,
    stride: usize,
    /// The lanes in use.
    live: usize,
    /// The checks after each epoch.
    pub(super) checks: Vec<SlotCheck<T>>,
    /// Inputs that stay infinite or NaN once they are, so the last epoch shows it.
    finite_at_end: Vec<usize>,
    /// The output whose smallest value is recorded.
    pub(super) least: Option<Slot>,
    /// Since `look_anew`.
    epochs: u32,
}

/// The state of every lane of a [`Block`] at some time.
#[derive(Clone, Debug, Default)]
pub struct States<T> {
    numbers: Vec<T>,
    stride: usize,
}

impl<'p, T: Real> Block<'p, T> {
    /// Space for `lanes` runs of `program`, at least one.
    ///
    /// # Panics
    ///
    /// If there are several lanes and the program loops over arrays
    /// ([`Program::epoch`]).
    #[must_use]
    pub fn new(program: &'p Program<T>, lanes: usize) -> Self {
        let live = lanes.max(1);
        assert!(
            program.staged.is_none() || live == 1,
            "arrays are computed for one run at a time"
        );
        // A single run needs no vectors.
        let stride = if live == 1 {
            1
        } else {
            live.next_multiple_of(WIDTH)
        };
        let rows = program.slots + OWN_ROWS;
        let spare = ALIGNMENT / size_of::<T>();
        let numbers = vec![T::ZERO; rows * stride + spare];
        let mut block = Block {
            program,
            first: numbers.as_ptr().align_offset(ALIGNMENT).min(spare),
            numbers,
            stride,
            live,
            checks: Vec::new(),
            finite_at_end: Vec::new(),
            least: None,
            epochs: 0,
        };
        for (number, constant) in program.constants.iter().enumerate() {
            block.row_mut(program.inputs + number).fill(*constant);
        }
        block
    }

    /// From now on [`Engine::advance`](super::Engine::advance) records which lanes
    /// leave an `expected` range, the smallest value of output number `least`, and
    /// whether that output is infinite or NaN. Only [`Block::left`] checks that the
    /// inputs `finite_at_end` are finite: they must stay infinite or NaN once they
    /// are.
    pub fn watch(&mut self, expected: &[ExpectedRange<T>], finite_at_end: &[usize], least: usize) {
        let check = |one: &ExpectedRange<T>| SlotCheck {
            slot: match one.quantity {
                WatchedNumber::Input(input) => Slot::at(input),
                WatchedNumber::Output(output) => self.program.outputs[output],
            },
            low: one.low,
            high: one.high,
        };
        self.checks = expected.iter().map(check).collect();
        self.finite_at_end = finite_at_end.to_vec();
        self.least = Some(self.program.outputs[least]);
        let infinity = T::ONE / T::ZERO;
        self.row_mut(self.program.slots + LEAST).fill(infinity);
    }

    /// Clears the alarms of all lanes and the epochs of their smallest values; epochs
    /// are counted from here.
    pub fn look_anew(&mut self) {
        let slots = self.program.slots;
        self.epochs = 0;
        self.row_mut(slots + ALARM).fill(T::ZERO);
        let long_ago = T::from_f64(f64::from(MAX_EPOCHS));
        self.row_mut(slots + SINCE_LEAST).fill(long_ago);
    }

    /// For each lane in use, whether it left an expected range since
    /// [`Block::look_anew`].
    pub fn left(&self, left: &mut Vec<bool>) {
        let slots = self.program.slots;
        let (alarm, since) = (self.row(slots + ALARM), self.row(slots + SINCE_LEAST));
        left.clear();
        let rows = alarm.iter().zip(since);
        left.extend(rows.map(|(alarm, since)| *alarm != T::ZERO || !since.is_finite()));
        for input in &self.finite_at_end {
            for (left, value) in left.iter_mut().zip(self.row(*input)) {
                *left |= !value.is_finite();
            }
        }
    }

    /// The smallest value of a lane since [`Block::watch`], and the number of its
    /// epoch if it was found since [`Block::look_anew`]: the first of equal ones.
    ///
    /// # Panics
    ///
    /// If there is no such lane.
    #[must_use]
    pub fn least(&self, lane: usize) -> (T, Option<u32>) {
        let slots = self.program.slots;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an integer of at most 2 * MAX_EPOCHS"
        )]
        let since = self.row(slots + SINCE_LEAST)[lane].to_f64() as u32;
        let found = self.epochs.checked_sub(since + 1);
        (self.row(slots + LEAST)[lane], found)
    }

    /// Loads all inputs of a lane. The first lane also fills those that only
    /// complete whole vectors, so its numbers should be ordinary ones.
    ///
    /// # Panics
    ///
    /// If there is no such lane or `inputs` has another length than the
    /// program has inputs.
    pub fn load(&mut self, lane: usize, inputs: &[T]) {
        let program = self.program;
        assert!(lane < self.live, "a lane in use");
        assert_eq!(inputs.len(), program.inputs, "one number for each input");
        let live = self.live;
        for (input, value) in inputs.iter().enumerate() {
            let value = program.subnormals.input(*value);
            let row = self.row_mut(input);
            row[lane] = value;
            if lane == 0 {
                row[live..].fill(value);
            }
        }
    }

    /// The number of lanes in use.
    #[must_use]
    pub fn live(&self) -> usize {
        self.live
    }

    /// Input number `input` of a lane, in the current state.
    ///
    /// # Panics
    ///
    /// If there is no such input or lane.
    #[must_use]
    pub fn input(&self, input: usize, lane: usize) -> T {
        self.inputs(input)[lane]
    }

    /// Input number `input` of every lane in use, in the current state.
    ///
    /// # Panics
    ///
    /// If there is no such input.
    #[must_use]
    pub fn inputs(&self, input: usize) -> &[T] {
        assert!(input < self.program.inputs, "an input of the program");
        self.row(input)
    }

    /// Output number `output` of a lane, of the last epoch.
    ///
    /// # Panics
    ///
    /// If there is no such output or lane.
    #[must_use]
    pub fn output(&self, output: usize, lane: usize) -> T {
        self.outputs(output)[lane]
    }

    /// Output number `output` of every lane in use, of the last epoch.
    ///
    /// # Panics
    ///
    /// If there is no such output.
    #[must_use]
    pub fn outputs(&self, output: usize) -> &[T] {
        self.row(self.program.outputs[output].index())
    }

    /// Takes a lane out; the last one in use takes its place.
    ///
    /// # Panics
    ///
    /// If there is no such lane.
    pub fn remove(&mut self, lane: usize) {
        assert!(lane < self.live, "a lane in use");
        self.live -= 1;
        for row in self.numbers[self.first..].chunks_exact_mut(self.stride) {
            row[lane] = row[self.live];
        }
    }

    /// Copies the state of every lane.
    pub fn copy_states(&self, states: &mut States<T>) {
        let rows = self.program.state * self.stride;
        states.stride = self.stride;
        states.numbers.clear();
        let numbers = &self.numbers[self.first..][..rows];
        states.numbers.extend_from_slice(numbers);
    }

    /// The lanes in use.
    fn row(&self, row: usize) -> &[T] {
        &self.numbers[self.first + row * self.stride..][..self.live]
    }

    fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.numbers[self.first + row * self.stride..][..self.stride]
    }

    /// The program that it was made for.
    pub(super) fn program(&self) -> &'p Program<T> {
        self.program
    }

    /// Counts epochs that are going to be watched.
    pub(super) fn count(&mut self, epochs: u32) {
        self.epochs = self.epochs.saturating_add(epochs);
        assert!(self.epochs <= MAX_EPOCHS, "`look_anew` is due");
    }

    /// Whether there is only the one lane that it was made for.
    pub(super) fn is_single(&self) -> bool {
        self.stride == 1
    }

    /// All rows, in vectors of `N` lanes, where that divides the length of a row.
    pub(super) fn rows<const N: usize>(&mut self) -> RowVectors<'_, T, N> {
        let (stride, active) = (self.stride / N, self.live.div_ceil(N));
        RowVectors::new(&mut self.numbers[self.first..], stride, active, 0)
    }

    /// The numbers of the only lane.
    pub(super) fn memory(&mut self) -> &mut [T] {
        let slots = self.program.slots;
        &mut self.numbers[self.first..][..slots]
    }
}

impl<T: Real> States<T> {
    /// Number `number` of the state of a lane.
    ///
    /// # Panics
    ///
    /// If there is no such number or lane.
    #[must_use]
    pub fn get(&self, number: usize, lane: usize) -> T {
        self.row(number)[lane]
    }

    /// Number `number` of the state, lane after lane.
    ///
    /// # Panics
    ///
    /// If there is no such number.
    #[must_use]
    pub fn row(&self, number: usize) -> &[T] {
        &self.numbers[number * self.stride..][..self.stride]
    }

    /// Takes over the states of those lanes that are marked from others of the same block.
    ///
    /// # Panics
    ///
    /// If there are more marks than lanes.
    pub fn copy_lanes(&mut self, others: &States<T>, marked: &[bool]) {
        self.stride = others.stride;
        self.numbers.resize(others.numbers.len(), T::ZERO);
        let stride = self.stride.max(1);
        let rows = self.numbers.chunks_exact_mut(stride);
        for (own, other) in rows.zip(others.numbers.chunks_exact(stride)) {
            let (own, other) = (&mut own[..marked.len()], &other[..marked.len()]);
            for ((own, other), marked) in own.iter_mut().zip(other).zip(marked) {
                *own = if *marked { *other } else { *own };
            }
        }
    }

    /// Takes a lane out, as [`Block::remove`] does with `live` lanes left.
    ///
    /// # Panics
    ///
    /// If there are fewer lanes.
    pub fn remove(&mut self, lane: usize, live: usize) {
        for row in self.numbers.chunks_exact_mut(self.stride.max(1)) {
            row[lane] = row[live];
        }
    }
}
