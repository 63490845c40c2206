//! The plain, scalar interpreter of programs.
//!
//! It is the reference: it evaluates one operation after the other with
//! [`Op::value`](gradtape_tape::Op::value). Any faster engine must give the same bits.

use super::instruction::Instruction;
use super::program::{ArrayProgram, Program};
use super::slot::SlotCopy;
use gradtape_tape::Real;
use gradtape_tape::internal::graph;

/// The numbers that a program works on. Made by [`Program::scratch`], for any number
/// of evaluations.
#[derive(Clone, Debug)]
pub struct Scratch<T>(Vec<T>);

impl<T: Real> Program<T> {
    /// The number of operations on numbers in an epoch.
    #[must_use]
    #[doc(hidden)]
    pub fn operations(&self) -> u64 {
        match &self.staged {
            Some(staged) => staged.operations,
            None => self.instructions.iter().map(Instruction::operations).sum(),
        }
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
        for SlotCopy { from, to } in &self.copies {
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

impl<T: Real> ArrayProgram<T> {
    /// The outputs and the next state by the definition, node by node.
    fn evaluate(&self, inputs: &[T], program: &Program<T>) -> (Vec<T>, Vec<T>) {
        let wanted: Vec<usize> = self.outputs.iter().chain(&*self.next).copied().collect();
        let numbers = graph::Numbers(program.subnormals);
        let mut values = graph::evaluate(&self.nodes, &numbers, inputs, &wanted);
        let next = values.split_off(self.outputs.len());
        (values.concat(), next.concat())
    }
}
