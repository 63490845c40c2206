//! A straight-line program and its plain, scalar interpreter.
//!
//! The interpreter is the reference: it evaluates one operation after the other
//! in the order of the graph, with [`Op::value`]. Any faster engine must give
//! the same bits.

use std::fmt;

use crate::autodiff::{Graph, Node, NodeId, Op, Real, Subnormals, Var};

/// The place of a number in [`Scratch`] space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u32);

impl Slot {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation of a [`Program`]: reads up to three slots, then writes one,
/// which may be one of those read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    op: Op,
    operands: [Slot; 3],
    result: Slot,
}

/// The operations that some results of a graph need, in order, with slots that
/// are used again when the number in them is not needed any more.
///
/// # Examples
///
/// ```
/// use gradtape::autodiff::{Graph, Subnormals};
/// use gradtape::engine::Program;
///
/// // One epoch of gradient descent on w² at the learning rate 0.01.
/// let graph = Graph::<f64>::new(Subnormals::Keep);
/// let (w, rate) = (graph.input(), graph.input());
/// let loss = w.powi(2);
/// let gradient = graph.gradient(loss, &[w])[0];
/// let program = Program::new(&graph, &[loss, w - rate * gradient]);
/// assert_eq!(program.to_string(), "\
/// in      s0 s1
/// const   s2 = 2
/// s3 = powi[2] s0
/// s4 = mul s0 s2
/// s4 = mul s1 s4
/// s4 = sub s0 s4
/// out     s3 s4
/// ");
/// assert_eq!(program.evaluate(&[1.0, 0.01]), [1.0, 0.98]);
/// ```
#[derive(Clone, Debug)]
pub struct Program<T> {
    subnormals: Subnormals,
    inputs: usize,
    /// Their slots follow those of the inputs and are never written again.
    constants: Vec<T>,
    instructions: Vec<Instruction>,
    outputs: Vec<Slot>,
    slots: usize,
}

/// The numbers that a program works on. Made by [`Program::scratch`], used
/// again for as many evaluations as wanted.
#[derive(Clone, Debug)]
pub struct Scratch<T>(Vec<T>);

/// No later instruction reads the node.
const NEVER: usize = 0;

impl<T: Real> Program<T> {
    /// The program that computes `outputs` from the inputs of `graph`.
    #[must_use]
    pub fn new(graph: &Graph<T>, outputs: &[Var<'_, T>]) -> Self {
        let nodes = graph.nodes();
        let last_use = last_uses(&nodes, outputs);
        let inputs = graph.inputs();
        let mut slots = Slots {
            count: inputs,
            free: Vec::new(),
            of_node: vec![Slot(u32::MAX); nodes.len()],
        };
        let mut constants = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            match node {
                Node::Input(number) => slots.of_node[index] = Slot(*number),
                Node::Constant(value) if last_use[index] != NEVER => {
                    constants.push(*value);
                    slots.of_node[index] = slots.new_slot();
                }
                _ => {}
            }
        }
        let mut instructions = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let Node::Apply(op, operands) = node else {
                continue;
            };
            if last_use[index] == NEVER {
                continue;
            }
            let used = &operands[..op.arity()];
            let operands = operands.map(|id| slots.of_node[id.index()]);
            for (place, id) in used.iter().enumerate() {
                let repeated = used[..place].contains(id);
                let kept = matches!(nodes[id.index()], Node::Input(_) | Node::Constant(_));
                if last_use[id.index()] == index && !repeated && !kept {
                    slots.free.push(slots.of_node[id.index()]);
                }
            }
            let result = slots.free.pop().unwrap_or_else(|| slots.new_slot());
            slots.of_node[index] = result;
            instructions.push(Instruction {
                op: *op,
                operands,
                result,
            });
        }
        Program {
            subnormals: graph.subnormals(),
            inputs,
            constants,
            instructions,
            outputs: outputs
                .iter()
                .map(|output| slots.of_node[output.id().index()])
                .collect(),
            slots: slots.count,
        }
    }

    /// The number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The operations in order.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Space to evaluate in.
    #[must_use]
    pub fn scratch(&self) -> Scratch<T> {
        let mut numbers = vec![T::ZERO; self.slots];
        numbers[self.inputs..self.inputs + self.constants.len()].copy_from_slice(&self.constants);
        Scratch(numbers)
    }

    /// Evaluates in `scratch`, which this program must have made, and writes
    /// the results in the order of [`Program::new`] to `outputs`.
    ///
    /// # Panics
    ///
    /// If `inputs` or `outputs` have another length than the program.
    pub fn run(&self, scratch: &mut Scratch<T>, inputs: &[T], outputs: &mut [T]) {
        assert_eq!(inputs.len(), self.inputs, "one number for each input");
        assert_eq!(
            outputs.len(),
            self.outputs.len(),
            "one place for each output"
        );
        let numbers = &mut scratch.0[..];
        for (slot, input) in numbers.iter_mut().zip(inputs) {
            *slot = self.subnormals.input(*input);
        }
        for Instruction {
            op,
            operands,
            result,
        } in &self.instructions
        {
            let operands = operands.map(|slot| numbers[slot.index()]);
            numbers[result.index()] = op.value(operands, self.subnormals);
        }
        for (output, slot) in outputs.iter_mut().zip(&self.outputs) {
            *output = numbers[slot.index()];
        }
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

struct Slots {
    count: usize,
    free: Vec<Slot>,
    of_node: Vec<Slot>,
}

impl Slots {
    fn new_slot(&mut self) -> Slot {
        let slot = Slot(u32::try_from(self.count).expect("no more slots than 32-bit node numbers"));
        self.count += 1;
        slot
    }
}

/// For each node the last one that reads it, [`NEVER`] if no output needs it,
/// and `usize::MAX` for the outputs themselves.
fn last_uses<T>(nodes: &[Node<T>], outputs: &[Var<'_, impl Real>]) -> Vec<usize> {
    let mut last_use = vec![NEVER; nodes.len()];
    for output in outputs {
        last_use[output.id().index()] = usize::MAX;
    }
    for (index, node) in nodes.iter().enumerate().rev() {
        if last_use[index] == NEVER {
            continue;
        }
        if let Node::Apply(op, operands) = node {
            for id in &operands[..op.arity()] {
                let entry: &mut usize = &mut last_use[NodeId::index(*id)];
                *entry = (*entry).max(index);
            }
        }
    }
    last_use
}

impl<T: Real> fmt::Display for Program<T> {
    /// Inputs, constants, one operation a line, outputs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "in     ")?;
        for input in 0..self.inputs {
            write!(formatter, " s{input}")?;
        }
        writeln!(formatter)?;
        for (index, value) in self.constants.iter().enumerate() {
            writeln!(formatter, "const   s{} = {value}", self.inputs + index)?;
        }
        for Instruction {
            op,
            operands,
            result,
        } in &self.instructions
        {
            write!(formatter, "s{} = {}", result.0, op.name())?;
            if let Op::Powi(n) = op {
                write!(formatter, "[{n}]")?;
            }
            for operand in &operands[..op.arity()] {
                write!(formatter, " s{}", operand.0)?;
            }
            writeln!(formatter)?;
        }
        write!(formatter, "out    ")?;
        for output in &self.outputs {
            write!(formatter, " s{}", output.0)?;
        }
        writeln!(formatter)
    }
}
