//! From a graph of numbers to a program: what is computed, in which order, and where the
//! numbers lie.
//!
//! Four steps. What no result needs is left out. Then each operation becomes an
//! [`Instruction`] on the numbers of the graph's nodes: a product, a sum or a
//! difference that only one other reads becomes the first half of an
//! instruction whose second half is that other one: one number less to store
//! and one instruction less to choose. Sine and cosine of the same angle, which gradients
//! bring together, are computed by one instruction too. The instructions are put
//! in order, and last each result gets a slot. None of this changes a bit of any
//! result.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::instruction::{First, Immediate, Instruction, Partners, Second};
use super::program::Program;
use super::slot::{Slot, SlotCopy};
use gradtape_tape::internal::graph::{Node, ShapedNode};
use gradtape_tape::{Array, Graph, Op, Real, Subnormals};

/// The program of [`Program::epoch`] for a graph of numbers.
pub(super) fn program<T: Real>(
    graph: &Graph,
    outputs: &[Array<'_>],
    next: &[Array<'_>],
) -> Program<T> {
    debug_assert!(graph.is_of_numbers(), "arrays are lowered otherwise");
    assert!(
        next.len() <= graph.inputs(),
        "an input for each number of the state"
    );
    let nodes = graph.nodes::<T>();
    let nodes_of = |arrays: &[Array<'_>]| arrays.iter().map(|array| array.node()).collect();
    let (outputs, next): (Vec<usize>, Vec<usize>) = (nodes_of(outputs), nodes_of(next));
    let units = Units::new(&nodes, &outputs, &next, graph.subnormals());
    let orders = [
        (0..units.units.len()).collect(),
        units.depth_first(),
        Scheduler::new(&units).order(),
    ];
    // Which order needs the fewest slots depends on the graph; with fewer of them more lanes fit
    // into the fastest cache.
    orders
        .map(|order| SlotLayout::new(&units, order, graph.inputs()))
        .into_iter()
        // The first of equal ones.
        .min_by_key(|layout| layout.slots)
        .expect("there are some orders")
        .program(&units, graph.inputs())
}

/// An instruction before its numbers have places.
struct Unit<T> {
    instruction: Instruction<T, usize>,
    /// The nodes whose numbers it reads from slots, each once.
    reads: Vec<usize>,
}

impl<T: Real> Unit<T> {
    /// The nodes whose numbers it leaves in slots.
    fn results(&self) -> impl Iterator<Item = usize> {
        self.instruction.writes()
    }
}

/// What has to be computed.
struct Units<'a, T> {
    nodes: &'a [ShapedNode<T>],
    outputs: &'a [usize],
    next: &'a [usize],
    subnormals: Subnormals,
    /// In the order of their nodes.
    units: Vec<Unit<T>>,
    /// For each node the unit whose result it is.
    unit_of: Vec<Option<usize>>,
    /// For each node the units that read it from a slot.
    readers: Vec<Vec<usize>>,
    /// For each node whether it is an output or belongs to the next state.
    is_wanted: Vec<bool>,
}

impl<'a, T: Real> Units<'a, T> {
    fn new(
        nodes: &'a [ShapedNode<T>],
        outputs: &'a [usize],
        next: &'a [usize],
        subnormals: Subnormals,
    ) -> Self {
        let mut wanted = vec![false; nodes.len()];
        for node in outputs.iter().chain(next) {
            wanted[*node] = true;
        }
        let mut all = Units {
            nodes,
            outputs,
            next,
            subnormals,
            units: Vec::new(),
            unit_of: vec![None; nodes.len()],
            readers: vec![Vec::new(); nodes.len()],
            is_wanted: wanted,
        };
        for instruction in instructions(nodes, &all.is_wanted, subnormals) {
            let mut reads = instruction.reads();
            reads.sort_unstable();
            reads.dedup();
            for read in &reads {
                all.readers[*read].push(all.units.len());
            }
            for result in instruction.writes() {
                all.unit_of[result] = Some(all.units.len());
            }
            all.units.push(Unit { instruction, reads });
        }
        all
    }

    /// The input that a node replaces, if it is one of the state's.
    fn state_input(&self, node: usize) -> Option<usize> {
        match self.nodes[node].node {
            Node::Input(number) => Some(number).filter(|input| *input < self.next.len()),
            _ => None,
        }
    }

    /// The units in the order in which a recursive evaluation of the results
    /// would need them.
    fn depth_first(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.units.len());
        let mut is_begun = vec![false; self.units.len()];
        for wanted in self.next.iter().chain(self.outputs) {
            let Some(unit) = self.unit_of[*wanted] else {
                continue;
            };
            if is_begun[unit] {
                continue;
            }
            is_begun[unit] = true;
            // Each unit with the number of its operands that were looked at.
            let mut path = vec![(unit, 0)];
            while let Some((unit, seen)) = path.last_mut() {
                match self.units[*unit].reads.get(*seen) {
                    Some(read) => {
                        *seen += 1;
                        if let Some(operand) = self.unit_of[*read].filter(|unit| !is_begun[*unit]) {
                            is_begun[operand] = true;
                            path.push((operand, 0));
                        }
                    }
                    None => {
                        order.push(*unit);
                        path.pop();
                    }
                }
            }
        }
        order
    }
}

/// The making of an order that needs few numbers at a time: among the units whose
/// operands are available, always the one that adds the fewest, then the one
/// whose operand was computed last.
struct Scheduler<'u, 'n, T> {
    units: &'u Units<'n, T>,
    /// For each node the number of its readers that are still to come.
    unread: Vec<usize>,
    /// For each unit the number of its operands that are not available yet.
    missing: Vec<usize>,
    /// For each unit the number of units that were done when its last operand became available.
    latest: Vec<usize>,
    is_done: Vec<bool>,
    /// For each unit the input that it replaces.
    replaced: Vec<Option<usize>>,
    /// For each input of the state its node.
    input_nodes: Vec<Option<usize>>,
    /// Units that can be next, by their keys. A key that is no longer right stays in the heap;
    /// it is dropped when it comes up.
    ready: BinaryHeap<Reverse<Priority>>,
    order: Vec<usize>,
}

/// The growth of a unit, its latest operand, and the unit.
type Priority = (isize, Reverse<usize>, usize);

impl<'u, 'n, T: Real> Scheduler<'u, 'n, T> {
    fn new(units: &'u Units<'n, T>) -> Self {
        let count = units.units.len();
        let is_computed = |read: &&usize| units.unit_of[**read].is_some();
        let mut replaced = vec![None; count];
        for (input, node) in units.next.iter().enumerate() {
            if let Some(unit) = units.unit_of[*node] {
                replaced[unit] = Some(input);
            }
        }
        let mut input_nodes = vec![None; units.next.len()];
        for node in 0..units.nodes.len() {
            if let Some(input) = units.state_input(node) {
                input_nodes[input] = Some(node);
            }
        }
        Scheduler {
            units,
            unread: units.readers.iter().map(Vec::len).collect(),
            missing: units
                .units
                .iter()
                .map(|unit| unit.reads.iter().filter(is_computed).count())
                .collect(),
            latest: vec![0; count],
            is_done: vec![false; count],
            replaced,
            input_nodes,
            ready: BinaryHeap::new(),
            order: Vec::with_capacity(count),
        }
    }

    fn order(mut self) -> Vec<usize> {
        for unit in 0..self.units.units.len() {
            self.offer(unit);
        }
        while let Some(Reverse(found)) = self.ready.pop() {
            let unit = found.2;
            // One whose growth fell was added again.
            if !self.is_done[unit] && found == self.key(unit) {
                self.take(unit);
            }
        }
        self.order
    }

    fn key(&self, unit: usize) -> Priority {
        (self.growth(unit), Reverse(self.latest[unit]), unit)
    }

    /// The additional numbers to store after a unit.
    fn growth(&self, unit: usize) -> isize {
        let (units, reads) = (self.units, &self.units.units[unit].reads);
        let dies = |read: &&usize| {
            let is_last = self.unread[**read] == 1;
            is_last && !units.is_wanted[**read] && units.unit_of[**read].is_some()
        };
        let dead = reads.iter().filter(dies).count();
        let is_in_place = self.replaced[unit].is_some_and(|input| {
            self.input_nodes[input].is_none_or(|node| {
                let others = self.unread[node] - usize::from(reads.contains(&node));
                others == 0 && !units.is_wanted[node]
            })
        });
        let new = units.units[unit].results().count() - usize::from(is_in_place);
        // Negative where more numbers die than are new.
        new.wrapping_sub(dead).cast_signed()
    }

    /// Makes a unit available if its operands are.
    fn offer(&mut self, unit: usize) {
        if self.missing[unit] == 0 && !self.is_done[unit] {
            self.ready.push(Reverse(self.key(unit)));
        }
    }

    fn take(&mut self, unit: usize) {
        self.is_done[unit] = true;
        self.order.push(unit);
        let units = self.units;
        let unit = &units.units[unit];
        for reader in unit.results().flat_map(|result| &units.readers[result]) {
            self.missing[*reader] -= 1;
            self.latest[*reader] = self.order.len();
            self.offer(*reader);
        }
        for read in &unit.reads {
            self.unread[*read] -= 1;
            // The growth of two units may have fallen: the last reader frees the slot; the one
            // that replaces an input may be written in its place.
            let mut readers = units.readers[*read].iter();
            let last = match self.unread[*read] {
                1 => readers.find(|reader| !self.is_done[**reader]).copied(),
                _ => None,
            };
            let input = units.state_input(*read);
            let updater = input.and_then(|input| units.unit_of[units.next[input]]);
            for candidate in last.into_iter().chain(updater) {
                self.offer(candidate);
            }
        }
    }
}

/// The instructions that compute what is wanted, on the numbers of the nodes and in the
/// order of these. From the leaves up, so that every second node of a chain takes the
/// one before it into its instruction.
fn instructions<T: Real>(
    nodes: &[ShapedNode<T>],
    is_wanted: &[bool],
    subnormals: Subnormals,
) -> impl Iterator<Item = Instruction<T, usize>> {
    let uses = uses(nodes, is_wanted);
    let mut instructions: Vec<Option<Instruction<T, usize>>> = vec![None; nodes.len()];
    let mut functions = HashMap::new();
    for (node, value) in nodes.iter().enumerate() {
        let Some((op, operands)) = operation(&value.node) else {
            continue;
        };
        if uses[node] == 0 && !is_wanted[node] {
            continue;
        }
        let own = single(nodes, op, operands, node, subnormals);
        // A number that others read too has to be stored anyway, and computing it twice would
        // cost more than storing it once.
        let paired = operands[..op.arity()].iter().find_map(|operand| {
            let is_alone = uses[*operand] == 1 && !is_wanted[*operand];
            let first = instructions[*operand].filter(|_| is_alone)?;
            Some((pair(first, own)?, *operand))
        });
        if let Some((_, first)) = paired {
            instructions[first] = None;
        }
        instructions[node] = Some(paired.map_or(own, |(pair, _)| pair));
        if op.arity() == 1 {
            functions.insert((op, operands[0]), node);
        }
    }
    for ((op, x), first) in &functions {
        for partners in Partners::ALL {
            let [f, g] = partners.functions();
            if let Some(second) = functions.get(&(g, *x)).filter(|_| *op == f) {
                let both = Instruction::Partners(partners, *x, [*first, *second]);
                instructions[*first.max(second)] = None;
                instructions[*first.min(second)] = Some(both);
            }
        }
    }
    instructions.into_iter().flatten()
}

/// The instruction of an operation alone. A constant is written into it where there is
/// a form for that; where subnormal results are flushed, only if the result cannot be
/// one whatever the other operand is, so that nothing has to be flushed.
fn single<T: Real>(
    nodes: &[ShapedNode<T>],
    op: Op,
    operands: [usize; 3],
    result: usize,
    subnormals: Subnormals,
) -> Instruction<T, usize> {
    let plain = Instruction::One(op, operands, result);
    let [x, y, _] = operands;
    let (k, x, is_left) = match (&nodes[x].node, &nodes[y].node) {
        (_, Node::Constant(k)) => (*k, x, false),
        (Node::Constant(k), _) => (*k, y, true),
        _ => return plain,
    };
    let magnitude = k.abs();
    // Infinity and NaN are no reason to flush either.
    let is_below = |limit: T| magnitude < limit;
    // From such a number down to the smallest normal one there are more binary digits
    // than a number has: a sum that is not 0 is normal.
    let is_small = is_below(T::MIN_POSITIVE * T::TWO_TO_64);
    let of = |operation| Instruction::Constant(operation, x, result);
    let (immediate, may_be_subnormal) = match op {
        Op::Add => (of(Immediate::Add(k)), is_small),
        Op::Sub if is_left => (of(Immediate::SubFrom(k)), is_small),
        Op::Sub => (of(Immediate::Add(-k)), is_small),
        Op::Mul => (of(Immediate::Mul(k)), is_below(T::ONE)),
        // The largest number times the smallest normal one is less than 4.
        Op::Div if is_left => (
            Instruction::ConstantDiv(k, x, result),
            is_below(T::from_f64(4.0)),
        ),
        Op::Div => (Instruction::DivConstant(x, k, result), magnitude > T::ONE),
        _ => return plain,
    };
    let may_be_subnormal = may_be_subnormal && magnitude != T::ZERO;
    if subnormals == Subnormals::Flush && may_be_subnormal {
        plain
    } else {
        immediate
    }
}

/// Both operations in one instruction, if there is one: the second reads the result of
/// the first once.
fn pair<T: Real>(
    first: Instruction<T, usize>,
    second: Instruction<T, usize>,
) -> Option<Instruction<T, usize>> {
    let (first, t) = match first {
        Instruction::One(Op::Add, [x, y, _], t) => (First::Add(x, y), t),
        Instruction::One(Op::Sub, [x, y, _], t) => (First::Sub(x, y), t),
        Instruction::One(Op::Mul, [x, y, _], t) => (First::Mul(x, y), t),
        Instruction::Constant(operation, x, t) => (First::Constant(operation, x), t),
        _ => return None,
    };
    let other = |x, y| if x == t { y } else { x };
    let (second, result) = match second {
        Instruction::One(Op::Add, [x, y, _], result) => (Second::Add(other(x, y)), result),
        Instruction::One(Op::Sub, [x, y, _], result) if x == t => (Second::Sub(y), result),
        Instruction::One(Op::Sub, [x, ..], result) => (Second::SubFrom(x), result),
        Instruction::One(Op::Mul, [x, y, _], result) => (Second::Mul(other(x, y)), result),
        Instruction::Constant(operation, _, result) => (Second::Constant(operation), result),
        _ => return None,
    };
    Some(Instruction::Pair(first, second, result))
}

/// An operation and its operands, with the square as the product that it is.
fn operation<T>(node: &Node<T>) -> Option<(Op, [usize; 3])> {
    let Node::Each(op, operands) = node else {
        return None;
    };
    let op = if *op == Op::Powi(2) { Op::Mul } else { *op };
    Some((op, operands.map(|id| id as usize)))
}

/// For each node, the number of times that needed nodes read it.
fn uses<T>(nodes: &[ShapedNode<T>], is_wanted: &[bool]) -> Vec<usize> {
    let mut uses = vec![0; nodes.len()];
    for (index, node) in nodes.iter().enumerate().rev() {
        if uses[index] == 0 && !is_wanted[index] {
            continue;
        }
        if let Some((op, operands)) = operation(&node.node) {
            for operand in &operands[..op.arity()] {
                uses[*operand] += 1;
            }
        }
    }
    uses
}

/// The units in order, and where each number lies.
struct SlotLayout {
    order: Vec<usize>,
    slot_of: Vec<Option<Slot>>,
    slots: usize,
}

impl SlotLayout {
    fn new<T: Real>(units: &Units<'_, T>, order: Vec<usize>, inputs: usize) -> SlotLayout {
        let nodes = units.nodes;
        let mut last_read: Vec<Option<usize>> = vec![None; nodes.len()];
        let mut place_of = vec![usize::MAX; nodes.len()];
        for (place, unit) in order.iter().enumerate() {
            let unit = &units.units[*unit];
            for result in unit.results() {
                place_of[result] = place;
            }
            for read in &unit.reads {
                last_read[*read] = Some(place);
            }
        }
        let mut layout = SlotLayout {
            order: Vec::new(),
            slot_of: vec![None; nodes.len()],
            slots: inputs,
        };
        // A value of the next state goes where the old one is if nothing reads
        // that any later.
        let mut homes: Vec<Option<Slot>> = vec![None; nodes.len()];
        for (node, value) in nodes.iter().enumerate() {
            match &value.node {
                Node::Input(number) => layout.slot_of[node] = Some(Slot::at(*number)),
                Node::Constant(_) if last_read[node].is_some() || units.is_wanted[node] => {
                    layout.slot_of[node] = Some(layout.new_slot());
                }
                _ => {}
            }
            if let Some(input) = units.state_input(node) {
                let value = units.next[input];
                let is_free = last_read[node].is_none_or(|last| last <= place_of[value])
                    && !units.is_wanted[node];
                if units.unit_of[value].is_some() && is_free && homes[value].is_none() {
                    homes[value] = layout.slot_of[node];
                }
            }
        }
        let mut free = Vec::new();
        for (place, unit) in order.iter().enumerate() {
            let unit = &units.units[*unit];
            // Operands are freed before results are placed: an instruction reads all of its operands
            // before it writes, so a result may take the slot of one of them.
            for read in &unit.reads {
                let is_kept = units.unit_of[*read].is_none()
                    || homes[*read].is_some()
                    || units.is_wanted[*read];
                if last_read[*read] == Some(place) && !is_kept {
                    free.extend(layout.slot_of[*read]);
                }
            }
            for result in unit.results() {
                // The slot freed last is the one most likely in the fastest cache.
                let slot = homes[result]
                    .or_else(|| free.pop())
                    .unwrap_or_else(|| layout.new_slot());
                layout.slot_of[result] = Some(slot);
            }
        }
        layout.order = order;
        layout
    }

    fn new_slot(&mut self) -> Slot {
        let slot = Slot::at(self.slots);
        self.slots += 1;
        slot
    }

    fn slot(&self, node: usize) -> Slot {
        self.slot_of[node].expect("what is read or wanted has a slot")
    }

    fn program<T: Real>(mut self, units: &Units<'_, T>, inputs: usize) -> Program<T> {
        let constant = |node: usize| match units.nodes[node].node {
            Node::Constant(value) => self.slot_of[node].map(|_| value),
            _ => None,
        };
        let constants: Vec<T> = (0..units.nodes.len()).filter_map(constant).collect();
        let with_slots = |unit: &usize| {
            let instruction = &units.units[*unit].instruction;
            instruction.moved(|node| self.slot(node))
        };
        let instructions: Vec<_> = self.order.iter().map(with_slots).collect();
        let (outputs, copies) = self.end(units);
        Program {
            subnormals: units.subnormals,
            inputs,
            constants,
            usual: instructions.clone(),
            instructions,
            copies,
            outputs,
            state: units.next.len(),
            slots: self.slots,
            staged: None,
        }
    }

    /// The outputs, and the copies that end an epoch.
    fn end<T: Real>(&mut self, units: &Units<'_, T>) -> (Vec<Slot>, Vec<SlotCopy>) {
        let mut copies = Vec::new();
        // An old number of the state is saved before any is overwritten.
        let mut kept = |layout: &mut SlotLayout, node: usize| {
            let from = layout.slot(node);
            if units.state_input(node).is_none() {
                return from;
            }
            let to = layout.new_slot();
            copies.push(SlotCopy { from, to });
            to
        };
        let outputs: Vec<Slot> = units.outputs.iter().map(|node| kept(self, *node)).collect();
        let mut moves = Vec::new();
        for (input, node) in units.next.iter().enumerate() {
            let to = Slot::at(input);
            if self.slot(*node) != to {
                let from = kept(self, *node);
                moves.push(SlotCopy { from, to });
            }
        }
        copies.extend(moves);
        (outputs, copies)
    }
}
