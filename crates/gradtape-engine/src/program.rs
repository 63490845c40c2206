//! A straight-line program and its plain, scalar interpreter.
//!
//! The interpreter is the reference: it evaluates one operation after the other
//! with [`Op::value`](gradtape_tape::Op::value). Any faster engine must give the same
//! bits.

use std::fmt;
use std::sync::Arc;

use super::compile;
use super::instruction::Instruction;
use super::staged::{self, Staged};
use gradtape_tape::{Array, Graph, Real, Subnormals};

/// The place of a number in [`Scratch`] space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

impl Slot {
    pub(super) fn at(index: usize) -> Slot {
        Slot(u32::try_from(index).expect("no more slots than 32-bit node numbers"))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The operations that some results of a graph need, in an order that needs few
/// slots: a slot is used again when the number in it is no longer needed.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Graph, Precision, Subnormals};
/// use gradtape_engine::Program;
///
/// // One epoch of gradient descent on w² at the learning rate 0.01.
/// let graph = Graph::new(Precision::F64, Subnormals::Keep);
/// let (w, rate) = (graph.input([]), graph.input([]));
/// let loss = w.powi(2);
/// let gradient = graph.gradient(loss, &[w])[0];
/// let program = Program::new(&graph, &[loss, w - rate * gradient]);
/// assert_eq!(program.to_string(), "\
/// in      s0 s1
/// s2 = mul s0 s0
/// s3 = mul (mul s0 2.0) s1
/// s3 = sub s0 s3
/// out     s2 s3
/// ");
/// assert_eq!(program.evaluate(&[1.0, 0.01]), [1.0, 0.98]);
/// ```
#[derive(Clone, Debug)]
pub struct Program<T> {
    pub(super) subnormals: Subnormals,
    pub(super) inputs: usize,
    /// Those that are not written into an instruction. Their slots follow those
    /// of the inputs and are never written again.
    pub(super) constants: Vec<T>,
    pub(super) instructions: Vec<Instruction<T>>,
    /// Those that are needed without the rare outputs.
    pub(super) usual: Vec<Instruction<T>>,
    /// The copies after the operations, in order.
    pub(super) copies: Vec<Copied>,
    pub(super) outputs: Vec<Slot>,
    /// The number of inputs that an epoch replaces.
    pub(super) state: usize,
    pub(super) slots: usize,
    /// The instructions, if they are on arrays; then there are no others.
    pub(super) staged: Option<Arc<Staged<T>>>,
}

/// The maximum number of operations of a straight line. At about this length loops over
/// arrays are as fast even for many runs, which a straight line computes side by side; and
/// a longer line takes long to put in order.
pub const MAX_UNROLLED: u64 = 4_000;

/// A number that is copied at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) from: Slot,
    pub(super) to: Slot,
}

/// The numbers that a program works on. Made by [`Program::scratch`], for any number
/// of evaluations.
#[derive(Clone, Debug)]
pub struct Scratch<T>(Vec<T>);

impl<T: Real> Program<T> {
    /// The program that computes `outputs` from the inputs of `graph`.
    ///
    /// # Panics
    ///
    /// If `T` is not the type of the graph's precision.
    #[must_use]
    pub fn new(graph: &Graph, outputs: &[Array<'_>]) -> Self {
        Program::epoch(graph, outputs, &[])
    }

    /// The program that computes `outputs` from the inputs of `graph` and then
    /// replaces the first inputs by `next`: the state of the next epoch.
    ///
    /// A value of `next` is written straight into the slot of its input where
    /// nothing reads the old number any longer, and copied there at the end
    /// where something does.
    ///
    /// # Panics
    ///
    /// If `next` has more elements than the graph's inputs, or if `T` is not the type of the
    /// graph's precision.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let (w, rate) = (graph.input([]), graph.input([]));
    /// let loss = w.powi(2);
    /// let gradient = graph.gradient(loss, &[w])[0];
    /// let program = Program::epoch(&graph, &[loss], &[w - rate * gradient]);
    /// assert_eq!(program.to_string(), "\
    /// in      s0 s1
    /// s2 = mul s0 s0
    /// s3 = mul (mul s0 2.0) s1
    /// s0 = sub s0 s3
    /// out     s2
    /// ");
    /// let mut scratch = program.scratch();
    /// program.load(&mut scratch, &[1.0, 0.01]);
    /// let mut loss = [0.0];
    /// program.step(&mut scratch, &mut loss);
    /// assert_eq!((loss, program.state(&scratch)), ([1.0], &[0.98][..]));
    /// ```
    ///
    /// Inputs are the elements of all inputs of the graph, one after the other; so are the
    /// outputs, and what replaces the first inputs:
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    ///
    /// // One epoch of gradient descent on Σ x².
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let (x, rate) = (graph.input([2]), graph.input([]));
    /// let loss = (x * x).sum(None);
    /// let gradient = graph.gradient(loss, &[x])[0];
    /// let program = Program::epoch(&graph, &[loss], &[x - rate * gradient]);
    /// let mut scratch = program.scratch();
    /// program.load(&mut scratch, &[1.0, 2.0, 0.25]);
    /// let mut loss = [0.0];
    /// program.step(&mut scratch, &mut loss);
    /// assert_eq!((loss, program.state(&scratch)), ([5.0], &[0.5, 1.0][..]));
    /// ```
    #[must_use]
    pub fn epoch(graph: &Graph, outputs: &[Array<'_>], next: &[Array<'_>]) -> Self {
        if graph.is_of_numbers() {
            compile::straight_line(graph, outputs, next)
        } else if graph.operations() <= MAX_UNROLLED {
            Program::unrolled(graph, outputs, next)
        } else {
            Program::staged(graph, outputs, next)
        }
    }

    /// [`Program::epoch`] as loops over arrays, however small they are. A
    /// [`Block`](super::Block) of it has a single lane.
    ///
    /// # Panics
    ///
    /// If `next` has more elements than the graph's inputs.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let x = graph.input([1000]);
    /// let program = Program::staged(&graph, &[(x * x).sum(None)], &[]);
    /// assert_eq!(program.evaluate(&[0.5; 1000]), [250.0]);
    /// ```
    #[must_use]
    #[doc(hidden)]
    pub fn staged(graph: &Graph, outputs: &[Array<'_>], next: &[Array<'_>]) -> Self {
        staged::program(graph, outputs, next)
    }

    /// [`Program::epoch`] as a straight line, however large the arrays are.
    ///
    /// # Panics
    ///
    /// If `next` has more elements than the graph's inputs.
    #[must_use]
    #[doc(hidden)]
    pub fn unrolled(graph: &Graph, outputs: &[Array<'_>], next: &[Array<'_>]) -> Self {
        let numbers = graph.alike();
        let inputs = numbers.numbers(graph.inputs());
        let wanted: Vec<_> = outputs.iter().chain(next).copied().collect();
        let mut outputs_of = graph.unroll(&numbers, &inputs, &wanted);
        let next = outputs_of.split_off(outputs.len()).concat();
        compile::straight_line(&numbers, &outputs_of.concat(), &next)
    }

    /// Makes the outputs from number `often` on rare: an
    /// [advance](super::Engine::advance) that does not request them skips the
    /// operations that only they need.
    #[must_use]
    #[doc(hidden)]
    pub fn with_rare_outputs(mut self, often: usize) -> Self {
        if let Some(staged) = &self.staged {
            let (staged, slots) = staged.with_rare_outputs(often, &self);
            self.slots = slots;
            self.staged = Some(Arc::new(staged));
            return self;
        }
        let mut needed = vec![false; self.slots];
        needed[..self.state].fill(true);
        for output in self.outputs.iter().take(often) {
            needed[output.index()] = true;
        }
        for Copied { from, .. } in &self.copies {
            needed[from.index()] = true;
        }
        let mut usual = Vec::new();
        for instruction in self.instructions.iter().rev() {
            if !instruction.writes().any(|slot| needed[slot.index()]) {
                continue;
            }
            for slot in instruction.writes() {
                needed[slot.index()] = false;
            }
            for slot in instruction.reads() {
                needed[slot.index()] = true;
            }
            usual.push(*instruction);
        }
        usual.reverse();
        self.usual = usual;
        self
    }

    /// The number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of slots that a run of the program needs.
    #[must_use]
    #[doc(hidden)]
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The number of instructions; 0 if it loops over arrays.
    #[must_use]
    #[doc(hidden)]
    pub fn instructions(&self) -> usize {
        self.instructions.len()
    }

    /// The number of operations on numbers in an epoch.
    #[must_use]
    #[doc(hidden)]
    pub fn operations(&self) -> u64 {
        match &self.staged {
            Some(staged) => staged.operations(),
            None => self.instructions.iter().map(Instruction::operations).sum(),
        }
    }

    /// Whether it loops over arrays, so that a [`Block`](super::Block) has one
    /// lane.
    #[must_use]
    #[doc(hidden)]
    pub fn is_staged(&self) -> bool {
        self.staged.is_some()
    }

    /// Space to evaluate in.
    #[must_use]
    pub fn scratch(&self) -> Scratch<T> {
        let mut numbers = vec![T::ZERO; self.slots];
        numbers[self.inputs..self.inputs + self.constants.len()].copy_from_slice(&self.constants);
        Scratch(numbers)
    }

    /// Loads all inputs into `scratch`, which this program must have made.
    ///
    /// # Panics
    ///
    /// If `inputs` has another length than the program has inputs.
    pub fn load(&self, scratch: &mut Scratch<T>, inputs: &[T]) {
        assert_eq!(inputs.len(), self.inputs, "one number for each input");
        for (slot, input) in scratch.0.iter_mut().zip(inputs) {
            *slot = self.subnormals.input(*input);
        }
    }

    /// The state in `scratch`, before the next epoch.
    #[must_use]
    pub fn state<'s>(&self, scratch: &'s Scratch<T>) -> &'s [T] {
        &scratch.0[..self.state]
    }

    /// Runs once on the inputs in `scratch`, writes the results in the order
    /// of [`Program::new`] to `outputs` and leaves the next state in `scratch`.
    ///
    /// # Panics
    ///
    /// If `outputs` has another length than the program.
    pub fn step(&self, scratch: &mut Scratch<T>, outputs: &mut [T]) {
        assert_eq!(
            outputs.len(),
            self.outputs.len(),
            "one place for each output"
        );
        if let Some(staged) = &self.staged {
            let (values, next) = staged.evaluate(&scratch.0[..self.inputs], self);
            outputs.copy_from_slice(&values);
            scratch.0[..self.state].copy_from_slice(&next);
            return;
        }
        let numbers = &mut scratch.0[..];
        for instruction in &self.instructions {
            let results = instruction.meaning(
                |slot| numbers[slot.index()],
                |constant| constant,
                |op, operands| op.value(operands, self.subnormals),
            );
            for (slot, value) in results.into_iter().flatten() {
                numbers[slot.index()] = value;
            }
        }
        for Copied { from, to } in &self.copies {
            numbers[to.index()] = numbers[from.index()];
        }
        for (output, slot) in outputs.iter_mut().zip(&self.outputs) {
            *output = numbers[slot.index()];
        }
    }

    /// Evaluates in `scratch`, which this program must have made, and writes
    /// the results in the order of [`Program::new`] to `outputs`.
    ///
    /// # Panics
    ///
    /// If `inputs` or `outputs` have another length than the program.
    pub fn run(&self, scratch: &mut Scratch<T>, inputs: &[T], outputs: &mut [T]) {
        self.load(scratch, inputs);
        self.step(scratch, outputs);
    }

    /// The results for one set of inputs.
    ///
    /// # Panics
    ///
    /// If `inputs` has another length than the program has inputs.
    #[must_use]
    pub fn evaluate(&self, inputs: &[T]) -> Vec<T> {
        let mut outputs = vec![T::ZERO; self.outputs.len()];
        self.run(&mut self.scratch(), inputs, &mut outputs);
        outputs
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s{}", self.0)
    }
}

impl<T: Real> fmt::Display for Program<T> {
    /// Inputs, constants, one instruction a line, outputs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(staged) = &self.staged {
            writeln!(formatter, "in      s0..{}", self.inputs)?;
            write!(formatter, "{staged}")?;
            write!(formatter, "out    ")?;
            // Consecutive elements are one stretch.
            for stretch in self.outputs.chunk_by(|x, y| x.0 + 1 == y.0) {
                match stretch {
                    [one] => write!(formatter, " {one}")?,
                    [first, .., last] => write!(formatter, " {first}..{}", last.0 + 1)?,
                    [] => {}
                }
            }
            return writeln!(formatter);
        }
        write!(formatter, "in     ")?;
        for input in 0..self.inputs {
            write!(formatter, " s{input}")?;
        }
        writeln!(formatter)?;
        for (index, value) in self.constants.iter().enumerate() {
            writeln!(formatter, "const   s{} = {value:?}", self.inputs + index)?;
        }
        for instruction in &self.instructions {
            writeln!(formatter, "{instruction}")?;
        }
        for Copied { from, to } in &self.copies {
            writeln!(formatter, "{to} = copy {from}")?;
        }
        write!(formatter, "out    ")?;
        for output in &self.outputs {
            write!(formatter, " {output}")?;
        }
        writeln!(formatter)
    }
}
