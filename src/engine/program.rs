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
    pub(super) fn at(index: usize) -> Slot {
        Slot(u32::try_from(index).expect("no more slots than 32-bit node numbers"))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation of a [`Program`]: reads up to three slots, then writes one,
/// which may be one of those read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub(super) op: Op,
    pub(super) operands: [Slot; 3],
    pub(super) result: Slot,
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
    pub(super) subnormals: Subnormals,
    pub(super) inputs: usize,
    /// Their slots follow those of the inputs and are never written again.
    pub(super) constants: Vec<T>,
    pub(super) instructions: Vec<Instruction>,
    /// Those that are needed when the rare outputs are not asked for.
    pub(super) usual: Vec<Instruction>,
    /// What is copied, one after the other, when the operations are done.
    pub(super) copies: Vec<Copied>,
    pub(super) outputs: Vec<Slot>,
    /// How many of the inputs an epoch replaces.
    pub(super) state: usize,
    /// For each number of the state whether it stays infinite or NaN for ever
    /// once it is.
    pub(super) stays_not_finite: Vec<bool>,
    pub(super) slots: usize,
}

/// A number that is copied at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) from: Slot,
    pub(super) to: Slot,
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
        Program::epoch(graph, outputs, &[])
    }

    /// The program that computes `outputs` from the inputs of `graph` and then
    /// replaces the first inputs by `next`: the state of the next epoch.
    ///
    /// A value of `next` is written straight into the slot of its input where
    /// nothing reads the old number any more, and copied there at the end
    /// where something does.
    ///
    /// # Panics
    ///
    /// If `next` is longer than the graph has inputs.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape::autodiff::{Graph, Subnormals};
    /// use gradtape::engine::Program;
    ///
    /// let graph = Graph::<f64>::new(Subnormals::Keep);
    /// let (w, rate) = (graph.input(), graph.input());
    /// let loss = w.powi(2);
    /// let gradient = graph.gradient(loss, &[w])[0];
    /// let program = Program::epoch(&graph, &[loss], &[w - rate * gradient]);
    /// assert_eq!(program.to_string(), "\
    /// in      s0 s1
    /// const   s2 = 2
    /// s3 = powi[2] s0
    /// s4 = mul s0 s2
    /// s4 = mul s1 s4
    /// s0 = sub s0 s4
    /// out     s3
    /// ");
    /// let mut scratch = program.scratch();
    /// program.load(&mut scratch, &[1.0, 0.01]);
    /// let mut loss = [0.0];
    /// program.step(&mut scratch, &mut loss);
    /// assert_eq!((loss, program.state(&scratch)), ([1.0], &[0.98][..]));
    /// ```
    #[must_use]
    pub fn epoch(graph: &Graph<T>, outputs: &[Var<'_, T>], next: &[Var<'_, T>]) -> Self {
        let inputs = graph.inputs();
        assert!(
            next.len() <= inputs,
            "an input for each number of the state"
        );
        let nodes = graph.nodes();
        let wanted = || outputs.iter().chain(next).map(|var| var.id().index());
        let last_use = last_uses(&nodes, wanted());
        let homes = homes(&nodes, &last_use, next);
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
                let kept = matches!(nodes[id.index()], Node::Input(_) | Node::Constant(_))
                    || homes[id.index()].is_some();
                if last_use[id.index()] == index && !repeated && !kept {
                    slots.free.push(slots.of_node[id.index()]);
                }
            }
            let result = match homes[index] {
                Some(home) => home,
                None => slots.free.pop().unwrap_or_else(|| slots.new_slot()),
            };
            slots.of_node[index] = result;
            instructions.push(Instruction {
                op: *op,
                operands,
                result,
            });
        }
        let mut program = Program {
            subnormals: graph.subnormals(),
            inputs,
            constants,
            usual: instructions.clone(),
            instructions,
            copies: Vec::new(),
            outputs: Vec::new(),
            state: next.len(),
            stays_not_finite: (0..)
                .zip(next)
                .map(|(input, value)| stays_not_finite(&nodes, input, value.id()))
                .collect(),
            slots: 0,
        };
        program.end(&nodes, &mut slots, outputs, next);
        program.slots = slots.count;
        program
    }

    /// Takes the outputs from number `often` on for rare ones: the operations
    /// that only they need are left out of [`Lanes::advance`](super::Lanes::advance).
    #[must_use]
    pub fn with_rare_outputs(mut self, often: usize) -> Self {
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
            let Instruction {
                op,
                operands,
                result,
            } = instruction;
            if !needed[result.index()] {
                continue;
            }
            needed[result.index()] = false;
            for operand in &operands[..op.arity()] {
                needed[operand.index()] = true;
            }
            usual.push(*instruction);
        }
        usual.reverse();
        self.usual = usual;
        self
    }

    /// Adds the copies that end an epoch, and the outputs.
    fn end(
        &mut self,
        nodes: &[Node<T>],
        slots: &mut Slots,
        outputs: &[Var<'_, T>],
        next: &[Var<'_, T>],
    ) {
        let slot = |slots: &Slots, var: &Var<'_, T>| slots.of_node[var.id().index()];
        // Old numbers of the state are saved before any is overwritten.
        let saved = |copies: &mut Vec<Copied>, slots: &mut Slots, from: Slot| {
            let to = slots.new_slot();
            copies.push(Copied { from, to });
            to
        };
        let old = |var: &Var<'_, T>| matches!(&nodes[var.id().index()], Node::Input(number) if (*number as usize) < next.len());
        for output in outputs {
            let from = slot(slots, output);
            let place = if old(output) {
                saved(&mut self.copies, slots, from)
            } else {
                from
            };
            self.outputs.push(place);
        }
        let mut moves = Vec::new();
        for (number, value) in (0..).zip(next) {
            let (from, to) = (slot(slots, value), Slot(number));
            if from == to {
                continue;
            }
            let from = if old(value) {
                saved(&mut self.copies, slots, from)
            } else {
                from
            };
            moves.push(Copied { from, to });
        }
        self.copies.extend(moves);
    }

    /// The number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many numbers a run of the program needs at once.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots
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

    /// The state as it is in `scratch`, before the next epoch.
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
        let numbers = &mut scratch.0[..];
        for Instruction {
            op,
            operands,
            result,
        } in &self.instructions
        {
            let operands = operands.map(|slot| numbers[slot.index()]);
            numbers[result.index()] = op.value(operands, self.subnormals);
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

struct Slots {
    count: usize,
    free: Vec<Slot>,
    of_node: Vec<Slot>,
}

impl Slots {
    fn new_slot(&mut self) -> Slot {
        let slot = Slot::at(self.count);
        self.count += 1;
        slot
    }
}

/// For each node the last one that reads it, [`NEVER`] if nothing wanted needs
/// it, and `usize::MAX` for what is `wanted` itself.
fn last_uses<T>(nodes: &[Node<T>], wanted: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut last_use = vec![NEVER; nodes.len()];
    for index in wanted {
        last_use[index] = usize::MAX;
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

/// For each node the input that it replaces and whose slot it may be written
/// to at once, since nothing reads the old number any later.
fn homes<T: Real>(nodes: &[Node<T>], last_use: &[usize], next: &[Var<'_, T>]) -> Vec<Option<Slot>> {
    let mut homes = vec![None; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        let Node::Input(number) = node else {
            continue;
        };
        let Some(value) = next.get(*number as usize).map(|var| var.id().index()) else {
            continue;
        };
        let applied = matches!(nodes[value], Node::Apply(..));
        let free = last_use[index] == NEVER || last_use[index] <= value;
        if applied && free && homes[value].is_none() {
            homes[value] = Some(Slot(*number));
        }
    }
    homes
}

/// Whether `value` is infinite or NaN whenever input number `input` is.
fn stays_not_finite<T>(nodes: &[Node<T>], input: u32, value: NodeId) -> bool {
    let mut stays = vec![false; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        stays[index] = match node {
            Node::Input(number) => *number == input,
            Node::Constant(_) => false,
            Node::Apply(op, operands) => operands[..op.arity()]
                .iter()
                .enumerate()
                .any(|(place, id)| stays[id.index()] && op.stays_not_finite(place)),
        };
    }
    stays[value.index()]
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
        for Copied { from, to } in &self.copies {
            writeln!(formatter, "s{} = copy s{}", to.0, from.0)?;
        }
        write!(formatter, "out    ")?;
        for output in &self.outputs {
            write!(formatter, " s{}", output.0)?;
        }
        writeln!(formatter)
    }
}
