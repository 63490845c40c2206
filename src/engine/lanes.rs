//! Many runs of one program at once, a lane of a vector for each.

use std::cell::Cell;

use super::features::{Features, Work};
use super::program::{Instruction, Program, Slot};
use crate::autodiff::{Kernel, Real, Subnormals};

/// How many lanes an operation computes together: the least number that fills
/// whole vectors of every instruction set in both precisions.
pub const WIDTH: usize = 16;

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
}

impl<'p, T: Real> Lanes<'p, T> {
    /// Space for `lanes` runs of `program`, at least one.
    #[must_use]
    pub fn new(program: &'p Program<T>, lanes: usize, features: Features) -> Self {
        let live = lanes.max(1);
        let vectors = live.div_ceil(WIDTH);
        let mut numbers = vec![Vector([T::ZERO; WIDTH]); program.slots * vectors];
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
        }
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
        for slot in 0..self.program.slots {
            *self.number_mut(slot, lane) = self.number(slot, self.live);
        }
    }

    fn number(&self, slot: usize, lane: usize) -> T {
        self.numbers[slot * self.vectors + lane / WIDTH].0[lane % WIDTH]
    }

    fn number_mut(&mut self, slot: usize, lane: usize) -> &mut T {
        &mut self.numbers[slot * self.vectors + lane / WIDTH].0[lane % WIDTH]
    }

    /// Runs the program once on every lane in use.
    pub fn step(&mut self) {
        let (program, vectors) = (self.program, self.vectors);
        let active = self.live.div_ceil(WIDTH);
        let rows = Rows {
            numbers: Cell::from_mut(&mut self.numbers[..]).as_slice_of_cells(),
            vectors,
            active,
        };
        match program.subnormals {
            Subnormals::Keep => self.features.run(Step::<T, false> { program, rows }),
            Subnormals::Flush => self.features.run(Step::<T, true> { program, rows }),
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

/// One epoch of a program on all lanes.
struct Step<'a, T, const FLUSH: bool> {
    program: &'a Program<T>,
    rows: Rows<'a, T>,
}

impl<T: Real, const FLUSH: bool> Work for Step<'_, T, FLUSH> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self.rows;
        for Instruction {
            op,
            operands,
            result,
        } in &self.program.instructions
        {
            let operands = operands.map(|slot| rows.row(slot));
            let result = rows.row(*result);
            op.run::<FLUSH, _, _>(Operation { operands, result });
        }
        for copied in &self.program.copies {
            for (from, to) in rows.row(copied.from).iter().zip(rows.row(copied.to)) {
                to.set(from.get());
            }
        }
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
