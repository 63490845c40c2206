//! From a graph to a program: as a straight line, or as loops over arrays.

use std::sync::Arc;

use super::program::Program;
use super::slot::SlotCopy;
use super::{loops, straight_line};
use gradtape_tape::{Array, Graph, Real};

/// The maximum number of operations of a straight line. At about this length loops over
/// arrays are as fast even for many runs, which a straight line computes side by side; and
/// a longer line takes long to put in order.
pub const MAX_UNROLLED: u64 = 4_000;

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
            straight_line::program(graph, outputs, next)
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
        loops::program(graph, outputs, next)
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
        straight_line::program(&numbers, &outputs_of.concat(), &next)
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
        for SlotCopy { from, .. } in &self.copies {
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
}
