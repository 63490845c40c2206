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
    /// What is looked at after each epoch.
    checks: Vec<Check<T>>,
    /// What stays infinite or NaN once it is, so that the last epoch tells.
    finite_at_end: Vec<Slot>,
    /// The output whose least value is kept.
    least: Option<Slot>,
    /// Since `look_anew`.
    epochs: u32,
}

/// Two slots with the least and the greatest number expected there: a pair,
/// since it takes the time of one.
#[derive(Clone, Copy, Debug)]
struct Check<T>([(Slot, T, T); 2]);

/// So many epochs can be watched without looking: twice as many can be counted
/// in either precision.
const MOST_EPOCHS: u32 = 1 << 20;

/// The rows after those of the program's slots.
const ALARM: usize = 0;
const LEAST: usize = 1;
/// The number of epochs since that of the least value; NaN once a value was not
/// finite.
const SINCE_LEAST: usize = 2;
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
            checks: Vec::new(),
            finite_at_end: Vec::new(),
            least: None,
            epochs: 0,
        }
    }

    /// From now on [`Lanes::advance`] notes which lanes leave what is
    /// `expected`, and the least value of output number `least`.
    pub fn watch(&mut self, expected: &[Expected<T>], least: usize) {
        let slots = self.program.slots;
        let least_slot = self.program.outputs[least];
        let (mut rows, mut at_end) = (Vec::new(), Vec::new());
        for Expected {
            quantity,
            low,
            high,
        } in expected
        {
            let finite = *low == -T::MAX && *high == T::MAX;
            match quantity {
                Quantity::Input(input) => {
                    let stays = self.program.stays_not_finite.get(*input);
                    if finite && stays == Some(&true) {
                        at_end.push(Slot::at(*input));
                    } else {
                        rows.push((Slot::at(*input), *low, *high));
                    }
                }
                Quantity::Output(output) => {
                    let slot = self.program.outputs[*output];
                    // Seen where the least value is found.
                    if !(finite && slot == least_slot) {
                        rows.push((slot, *low, *high));
                    }
                }
            }
        }
        self.checks = rows
            .chunks(2)
            .map(|rows| Check([rows[0], rows[rows.len() - 1]]))
            .collect();
        self.finite_at_end = at_end;
        self.least = Some(least_slot);
        let infinity = T::ONE / T::ZERO;
        self.row_mut(slots + LEAST).fill(Vector([infinity; WIDTH]));
    }

    /// Forgets which lanes left what is expected, and in which epoch the least
    /// value was found; epochs are counted from here.
    pub fn look_anew(&mut self) {
        let slots = self.program.slots;
        let long_ago = T::from_f64(f64::from(MOST_EPOCHS));
        self.epochs = 0;
        self.row_mut(slots + ALARM).fill(Vector([T::ZERO; WIDTH]));
        self.row_mut(slots + SINCE_LEAST)
            .fill(Vector([long_ago; WIDTH]));
    }

    /// Whether a lane left what is expected since [`Lanes::look_anew`].
    #[must_use]
    pub fn has_left(&self, lane: usize) -> bool {
        let slots = self.program.slots;
        let is_finite = |slot: &Slot| self.number(slot.index(), lane).abs() <= T::MAX;
        self.number(slots + ALARM, lane) != T::ZERO
            || !self.number(slots + SINCE_LEAST, lane).is_finite()
            || !self.finite_at_end.iter().all(is_finite)
    }

    /// The least value of a lane since [`Lanes::watch`], and the number of its
    /// epoch if it was found since [`Lanes::look_anew`]; of equal ones the first.
    #[must_use]
    pub fn least(&self, lane: usize) -> (T, Option<u32>) {
        let slots = self.program.slots;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of at most 2 * MOST_EPOCHS"
        )]
        let since = self.number(slots + SINCE_LEAST, lane).to_f64() as u32;
        let found = self.epochs.checked_sub(since + 1);
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
        self.run(&program.instructions, 1, false);
    }

    /// Runs the program `epochs` times on every lane in use and watches. The
    /// rare outputs of the program are computed only if `all` is true.
    ///
    /// # Panics
    ///
    /// If there are more than a million epochs since [`Lanes::look_anew`].
    pub fn advance(&mut self, epochs: u32, all: bool) {
        self.epochs = self.epochs.saturating_add(epochs);
        assert!(self.epochs <= MOST_EPOCHS, "look anew once in a while");
        let program = self.program;
        let instructions = if all {
            &program.instructions
        } else {
            &program.usual
        };
        self.run(instructions, epochs, true);
    }

    fn run(&mut self, instructions: &[Instruction], epochs: u32, watched: bool) {
        let (program, vectors) = (self.program, self.vectors);
        let active = self.live.div_ceil(WIDTH);
        let own = |row: usize| Slot::at(program.slots + row);
        let rows = Rows {
            numbers: Cell::from_mut(&mut self.numbers[..]).as_slice_of_cells(),
            vectors,
            active,
        };
        let watch = Watch {
            checks: &self.checks,
            alarm: rows.row(own(ALARM)),
            loss: self.least.filter(|_| watched).map(|slot| rows.row(slot)),
            least: rows.row(own(LEAST)),
            since_least: rows.row(own(SINCE_LEAST)),
        };
        let epochs = Epochs {
            instructions,
            copies: &program.copies,
            rows,
            watch,
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
    checks: &'a [Check<T>],
    alarm: &'a [Cell<Vector<T>>],
    /// None if nothing is watched.
    loss: Option<&'a [Cell<Vector<T>>]>,
    least: &'a [Cell<Vector<T>>],
    since_least: &'a [Cell<Vector<T>>],
}

/// Some epochs of a program on all lanes.
struct Epochs<'a, T> {
    instructions: &'a [Instruction],
    copies: &'a [Copied],
    rows: Rows<'a, T>,
    watch: Watch<'a, T>,
    epochs: u32,
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
        for _ in 0..self.epochs {
            self.step::<FLUSH>();
            if let Some(loss) = self.watch.loss {
                self.look(loss);
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
    fn look(&self, loss: &[Cell<Vector<T>>]) {
        let watch = &self.watch;
        // Where a value is replaced or kept, the compiler makes stores with a
        // mask, which some processors take twenty times as long for; so it must
        // not see that what is read is what is written.
        let unseen = |row| std::hint::black_box(row);
        for Check([first, second]) in watch.checks {
            let checked = Operation {
                operands: [
                    self.rows.row(first.0),
                    self.rows.row(second.0),
                    unseen(watch.alarm),
                ],
                result: watch.alarm,
            };
            checked.run(|[x, y, alarm]| {
                let x_is_expected = (x >= first.1) & (x <= first.2);
                let y_is_expected = (y >= second.1) & (y <= second.2);
                if x_is_expected & y_is_expected {
                    alarm
                } else {
                    T::ONE
                }
            });
        }
        let since_least = Operation {
            operands: [loss, watch.least, unseen(watch.since_least)],
            result: watch.since_least,
        };
        // NaN once a loss is infinite or NaN, and ever after.
        since_least.run(|[loss, least, since]| {
            let not_less = if loss < least { T::ZERO } else { T::ONE };
            (since + T::ONE) * not_less + loss * T::ZERO
        });
        let least = Operation {
            operands: [loss, unseen(watch.least), loss],
            result: watch.least,
        };
        least.run(|[loss, least, _]| if loss < least { loss } else { least });
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
        self.run_unless(|_| false, value, value);
    }

    #[inline(always)]
    fn run_unless(
        self,
        is_rare: impl Fn(T) -> bool + Copy,
        usual: impl Fn([T; 3]) -> T + Copy,
        rare: impl Fn([T; 3]) -> T + Copy,
    ) {
        let [x, y, z] = self.operands;
        for (((x, y), z), result) in x.iter().zip(y).zip(z).zip(self.result) {
            let (x, y, z) = (x.get().0, y.get().0, z.get().0);
            let mut values = [T::ZERO; WIDTH];
            for lane in 0..WIDTH {
                values[lane] = usual([x[lane], y[lane], z[lane]]);
            }
            if x.iter().any(|x| is_rare(*x)) {
                for lane in 0..WIDTH {
                    if is_rare(x[lane]) {
                        values[lane] = rare([x[lane], y[lane], z[lane]]);
                    }
                }
            }
            result.set(Vector(values));
        }
    }
}
