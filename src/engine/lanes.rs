//! Many runs of one program at once, a lane of a vector for each.

use std::cell::Cell;

use super::features::{Features, Work};
use super::program::{Copied, Instruction, Program, Slot};
use crate::autodiff::{Kernel, Real, Subnormals};

/// How many lanes an operation computes together: the least number that fills
/// whole vectors of every instruction set in both precisions.
pub const WIDTH: usize = 16;

/// A number of a program, for each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The input with this number, as it is after the epoch.
    Input(usize),
    /// The output with this number.
    Output(usize),
}

/// Where a quantity is expected in every epoch: not below `low`, not above
/// `high`, and not NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected<T> {
    /// What is looked at.
    pub quantity: Quantity,
    /// The least that is expected.
    pub low: T,
    /// The greatest.
    pub high: T,
}

/// Some lanes of one slot.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Vector<T>([T; WIDTH]);

/// The numbers of several runs of one [`Program`]: for each slot of the program
/// a row with one number for each run, its lane.
///
/// Each lane gets the bits that [`Program::step`] would give it, whatever the
/// other lanes hold and whatever instruction set computes it.
///
/// # Examples
///
/// ```
/// use gradtape::autodiff::{Graph, Subnormals};
/// use gradtape::engine::{Features, Lanes, Program};
///
/// let graph = Graph::<f64>::new(Subnormals::Keep);
/// let (w, rate) = (graph.input(), graph.input());
/// let loss = w.powi(2);
/// let gradient = graph.gradient(loss, &[w])[0];
/// let program = Program::epoch(&graph, &[loss], &[w - rate * gradient]);
///
/// let mut lanes = Lanes::new(&program, 2, Features::best());
/// lanes.load(0, &[1.0, 0.01]);
/// lanes.load(1, &[1.0, 0.5]);
/// lanes.step();
/// assert_eq!([lanes.output(0, 0), lanes.output(0, 1)], [1.0, 1.0]);
/// assert_eq!([lanes.input(0, 0), lanes.input(0, 1)], [0.98, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Lanes<'p, T> {
    program: &'p Program<T>,
    features: Features,
    /// Slot after slot, each of `vectors` vectors.
    numbers: Vec<Vector<T>>,
    vectors: usize,
    /// The lanes in use.
    live: usize,
    /// The rows that a lane of `watch` must stay in.
    expected: Vec<(Slot, T, T)>,
    /// The output whose least value is kept.
    least: Option<Slot>,
}

/// The rows after those of the program's slots.
const ALARM: usize = 0;
const LEAST: usize = 1;
const LEAST_AT: usize = 2;
const OWN_ROWS: usize = 3;

impl<'p, T: Real> Lanes<'p, T> {
    /// Space for `lanes` runs of `program`, at least one.
    #[must_use]
    pub fn new(program: &'p Program<T>, lanes: usize, features: Features) -> Self {
        let live = lanes.max(1);
        let vectors = live.div_ceil(WIDTH);
        let mut numbers = vec![Vector([T::ZERO; WIDTH]); (program.slots + OWN_ROWS) * vectors];
        let constants = numbers[program.inputs * vectors..].chunks_exact_mut(vectors);
        for (row, constant) in constants.zip(&program.constants) {
            row.fill(Vector([*constant; WIDTH]));
        }
        Lanes {
            program,
            features,
            numbers,
            vectors,
            live,
            expected: Vec::new(),
            least: None,
        }
    }

    /// From now on [`Lanes::advance`] notes which lanes leave what is
    /// `expected`, and the least value of output number `least`.
    pub fn watch(&mut self, expected: &[Expected<T>], least: usize) {
        let slots = self.program.slots;
        let slot = |quantity| match quantity {
            Quantity::Input(input) => Slot::at(input),
            Quantity::Output(output) => self.program.outputs[output],
        };
        self.expected = expected
            .iter()
            .map(|expected| (slot(expected.quantity), expected.low, expected.high))
            .collect();
        self.least = Some(self.program.outputs[least]);
        let infinity = T::ONE / T::ZERO;
        self.row_mut(slots + LEAST).fill(Vector([infinity; WIDTH]));
    }

    /// Forgets which lanes left what is expected, and in which epoch the least
    /// value was found; epochs are counted from here.
    pub fn look_anew(&mut self) {
        let slots = self.program.slots;
        self.row_mut(slots + ALARM).fill(Vector([T::ZERO; WIDTH]));
        self.row_mut(slots + LEAST_AT)
            .fill(Vector([-T::ONE; WIDTH]));
    }

    /// Whether a lane left what is expected since [`Lanes::look_anew`].
    #[must_use]
    pub fn has_left(&self, lane: usize) -> bool {
        self.number(self.program.slots + ALARM, lane) != T::ZERO
    }

    /// The least value of a lane since [`Lanes::watch`], and the number of its
    /// epoch if it was found since [`Lanes::look_anew`]; of equal ones the first.
    #[must_use]
    pub fn least(&self, lane: usize) -> (T, Option<u16>) {
        let slots = self.program.slots;
        let at = self.number(slots + LEAST_AT, lane);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number that was counted up from a u16"
        )]
        let found = (at >= T::ZERO).then_some(at.to_f64() as u16);
        (self.number(slots + LEAST, lane), found)
    }

    /// Loads all inputs of a lane. The first lane also fills those that only
    /// make up whole vectors, so it is best loaded with numbers as good as any.
    ///
    /// # Panics
    ///
    /// If there is no such lane or `inputs` has another length than the
    /// program has inputs.
    pub fn load(&mut self, lane: usize, inputs: &[T]) {
        assert!(lane < self.live, "a lane in use");
        assert_eq!(
            inputs.len(),
            self.program.inputs,
            "one number for each input"
        );
        for (input, value) in inputs.iter().enumerate() {
            let value = self.program.subnormals.input(*value);
            *self.number_mut(input, lane) = value;
            if lane == 0 {
                for spare in self.live..self.vectors * WIDTH {
                    *self.number_mut(input, spare) = value;
                }
            }
        }
    }

    /// The number of lanes in use.
    #[must_use]
    pub fn live(&self) -> usize {
        self.live
    }

    /// Input number `input` of a lane: of the state as it is now.
    #[must_use]
    pub fn input(&self, input: usize, lane: usize) -> T {
        assert!(input < self.program.inputs, "an input of the program");
        self.number(input, lane)
    }

    /// Output number `output` of a lane, of the last step.
    #[must_use]
    pub fn output(&self, output: usize, lane: usize) -> T {
        self.number(self.program.outputs[output].index(), lane)
    }

    /// Takes a lane out; the last one in use takes its place.
    pub fn remove(&mut self, lane: usize) {
        assert!(lane < self.live, "a lane in use");
        self.live -= 1;
        for slot in 0..self.program.slots + OWN_ROWS {
            *self.number_mut(slot, lane) = self.number(slot, self.live);
        }
    }

    fn number(&self, slot: usize, lane: usize) -> T {
        self.numbers[slot * self.vectors + lane / WIDTH].0[lane % WIDTH]
    }

    fn number_mut(&mut self, slot: usize, lane: usize) -> &mut T {
        &mut self.numbers[slot * self.vectors + lane / WIDTH].0[lane % WIDTH]
    }

    fn row_mut(&mut self, slot: usize) -> &mut [Vector<T>] {
        &mut self.numbers[slot * self.vectors..][..self.vectors]
    }

    /// Runs the program once on every lane in use, without watching.
    pub fn step(&mut self) {
        let program = self.program;
        self.run(&program.instructions, T::ZERO, 1, false);
    }

    /// Runs the program `epochs` times on every lane in use and watches. The
    /// first of these is epoch number `first` since [`Lanes::look_anew`]. The
    /// rare outputs of the program are computed only if `all` is true.
    pub fn advance(&mut self, first: u16, epochs: u64, all: bool) {
        let program = self.program;
        let instructions = if all {
            &program.instructions
        } else {
            &program.usual
        };
        self.run(instructions, T::from_f64(f64::from(first)), epochs, true);
    }

    fn run(&mut self, instructions: &[Instruction], first: T, epochs: u64, watched: bool) {
        let (program, vectors) = (self.program, self.vectors);
        let active = self.live.div_ceil(WIDTH);
        let own = |row: usize| Slot::at(program.slots + row);
        let rows = Rows {
            numbers: Cell::from_mut(&mut self.numbers[..]).as_slice_of_cells(),
            vectors,
            active,
        };
        let watch = Watch {
            expected: &self.expected,
            alarm: rows.row(own(ALARM)),
            loss: self.least.filter(|_| watched).map(|slot| rows.row(slot)),
            least: rows.row(own(LEAST)),
            least_at: rows.row(own(LEAST_AT)),
        };
        let epochs = Epochs {
            instructions,
            copies: &program.copies,
            rows,
            watch,
            first,
            epochs,
        };
        match program.subnormals {
            Subnormals::Keep => self.features.run(Keeping(epochs)),
            Subnormals::Flush => self.features.run(Flushing(epochs)),
        }
    }
}

/// The slots as rows of vectors. A row may be read and written in one
/// operation: a vector is read as a whole before its result is written.
#[derive(Clone, Copy)]
struct Rows<'a, T> {
    numbers: &'a [Cell<Vector<T>>],
    vectors: usize,
    /// How many vectors of a row have a lane in use.
    active: usize,
}

impl<'a, T> Rows<'a, T> {
    #[inline(always)]
    fn row(&self, slot: Slot) -> &'a [Cell<Vector<T>>] {
        let from = slot.index() * self.vectors;
        &self.numbers[from..from + self.active]
    }
}

/// What is looked at after each epoch.
struct Watch<'a, T> {
    expected: &'a [(Slot, T, T)],
    alarm: &'a [Cell<Vector<T>>],
    /// None if nothing is watched.
    loss: Option<&'a [Cell<Vector<T>>]>,
    least: &'a [Cell<Vector<T>>],
    least_at: &'a [Cell<Vector<T>>],
}

/// Some epochs of a program on all lanes.
struct Epochs<'a, T> {
    instructions: &'a [Instruction],
    copies: &'a [Copied],
    rows: Rows<'a, T>,
    watch: Watch<'a, T>,
    /// The number of the first.
    first: T,
    epochs: u64,
}

struct Keeping<'a, T>(Epochs<'a, T>);
struct Flushing<'a, T>(Epochs<'a, T>);

impl<T: Real> Work for Keeping<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.0.run::<false>();
    }
}

impl<T: Real> Work for Flushing<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.0.run::<true>();
    }
}

impl<T: Real> Epochs<'_, T> {
    #[inline(always)]
    fn run<const FLUSH: bool>(self) {
        let mut number = self.first;
        for _ in 0..self.epochs {
            self.step::<FLUSH>();
            if let Some(loss) = self.watch.loss {
                self.look(loss, number);
                number = number + T::ONE;
            }
        }
    }

    #[inline(always)]
    fn step<const FLUSH: bool>(&self) {
        let rows = self.rows;
        for Instruction {
            op,
            operands,
            result,
        } in self.instructions
        {
            let operands = operands.map(|slot| rows.row(slot));
            let result = rows.row(*result);
            op.run::<FLUSH, _, _>(Operation { operands, result });
        }
        for copied in self.copies {
            for (from, to) in rows.row(copied.from).iter().zip(rows.row(copied.to)) {
                to.set(from.get());
            }
        }
    }

    #[inline(always)]
    fn look(&self, loss: &[Cell<Vector<T>>], number: T) {
        let watch = &self.watch;
        // One comparison in each loop, or the compiler does not find the vectors.
        for (slot, low, high) in watch.expected {
            let (row, low, high) = (self.rows.row(*slot), *low, *high);
            if low == -high {
                each(row, watch.alarm, watch.alarm, |x, alarm| {
                    if x.abs() <= high { alarm } else { T::ONE }
                });
            } else {
                each(row, watch.alarm, watch.alarm, |x, alarm| {
                    if x >= low { alarm } else { T::ONE }
                });
                each(row, watch.alarm, watch.alarm, |x, alarm| {
                    if x <= high { alarm } else { T::ONE }
                });
            }
        }
        for ((loss, least), at) in loss.iter().zip(watch.least).zip(watch.least_at) {
            let (loss, least, at_before) = (loss.get().0, least.get().0, at.get().0);
            let mut values = [T::ZERO; WIDTH];
            for lane in 0..WIDTH {
                let is_less = loss[lane] < least[lane];
                values[lane] = if is_less { number } else { at_before[lane] };
            }
            at.set(Vector(values));
        }
        each(loss, watch.least, watch.least, |loss, least| {
            if loss < least { loss } else { least }
        });
    }
}

/// Writes `value` of two rows to a third, which may be one of them.
#[inline(always)]
fn each<T: Real>(
    x: &[Cell<Vector<T>>],
    y: &[Cell<Vector<T>>],
    result: &[Cell<Vector<T>>],
    value: impl Fn(T, T) -> T,
) {
    for ((x, y), result) in x.iter().zip(y).zip(result) {
        let (x, y) = (x.get().0, y.get().0);
        let mut values = [T::ZERO; WIDTH];
        for lane in 0..WIDTH {
            values[lane] = value(x[lane], y[lane]);
        }
        result.set(Vector(values));
    }
}

/// The loop of one operation over its lanes.
struct Operation<'a, T> {
    operands: [&'a [Cell<Vector<T>>]; 3],
    result: &'a [Cell<Vector<T>>],
}

impl<T: Real> Kernel<T> for Operation<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self, value: impl Fn([T; 3]) -> T + Copy) {
        let [x, y, z] = self.operands;
        for (((x, y), z), result) in x.iter().zip(y).zip(z).zip(self.result) {
            let (x, y, z) = (x.get().0, y.get().0, z.get().0);
            let mut values = [T::ZERO; WIDTH];
            for lane in 0..WIDTH {
                values[lane] = value([x[lane], y[lane], z[lane]]);
            }
            result.set(Vector(values));
        }
    }
}
