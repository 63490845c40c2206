//! From a graph to a program: what is computed, in which order, and where the
//! numbers lie.
//!
//! Four steps. What no result needs is left out. Then a product, a sum or a
//! difference that only one other reads becomes the first half of an
//! instruction whose second half is that other one: one number less to store
//! and one instruction less to choose. Sine and cosine of the same angle, which gradients
//! bring together, are computed by one instruction too. The instructions are put
//! in order, and last each result gets a slot. None of this changes a bit of any
//! result.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::program::{Copied, Instruction, Operand, Program, Slot, Then};
use gradtape_tape::{Graph, Node, NodeId, Op, Real, Subnormals, Var};

/// The program of [`Program::epoch`].
pub(super) fn epoch<T: Real>(
    graph: &Graph<T>,
    outputs: &[Var<'_, T>],
    next: &[Var<'_, T>],
) -> Program<T> {
    assert!(
        next.len() <= graph.inputs(),
        "an input for each number of the state"
    );
    let nodes = graph.nodes();
    let index = |var: &Var<'_, T>| var.id().index();
    let outputs: Vec<usize> = outputs.iter().map(index).collect();
    let next: Vec<usize> = next.iter().map(index).collect();
    let parts = Parts::new(&nodes, &outputs, &next, graph.subnormals());
    let orders = [
        (0..parts.units.len()).collect(),
        parts.depth_first(),
        parts.scheduled(),
    ];
    let layouts = orders.map(|order| Layout::new(&parts, order, graph.inputs()));
    // The first of equal ones.
    let layout = layouts.into_iter().min_by_key(|layout| layout.slots);
    let layout = layout.expect("there are some orders");
    layout.program(&parts, graph.inputs())
}

/// An instruction before it has a place: a node and, if there are two
/// operations, the one before it.
struct Unit {
    node: usize,
    first: Option<usize>,
    /// The [partner](Op::partner) of the node, if both are computed.
    partner: Option<usize>,
    /// The nodes whose numbers it reads from slots, each once.
    reads: Vec<usize>,
}

impl Unit {
    /// The nodes whose numbers it leaves in slots.
    fn results(&self) -> impl Iterator<Item = usize> {
        [Some(self.node), self.partner].into_iter().flatten()
    }
}

/// What has to be computed.
struct Parts<'a, T> {
    nodes: &'a [Node<T>],
    outputs: &'a [usize],
    next: &'a [usize],
    subnormals: Subnormals,
    /// In the order of their nodes.
    units: Vec<Unit>,
    /// For each node the unit whose result it is.
    unit_of: Vec<Option<usize>>,
    /// For each node the units that read it from a slot.
    readers: Vec<Vec<usize>>,
    /// For each node whether it is an output or belongs to the next state.
    is_wanted: Vec<bool>,
}

/// An operation and its operands, with the square as the product that it is.
fn operation<T>(node: &Node<T>) -> Option<(Op, [usize; 3], usize)> {
    let Node::Apply(op, operands) = node else {
        return None;
    };
    let operands = operands.map(NodeId::index);
    match op {
        Op::Powi(2) => Some((Op::Mul, [operands[0]; 3], 2)),
        _ => Some((*op, operands, op.arity())),
    }
}

/// Whether an operation can be one instruction with another, which reads its result.
fn is_paired(op: Op) -> bool {
    matches!(op, Op::Add | Op::Sub | Op::Mul)
}

/// Whether a constant is written into the instruction that reads it: in sums,
/// products and quotients. Where subnormal results are flushed, only if the
/// result cannot be one whatever the other operand is, so that nothing has to be
/// flushed.
fn is_immediate<T: Real>(op: Op, place: usize, constant: T, subnormals: Subnormals) -> bool {
    let magnitude = constant.abs();
    // Infinity and NaN are no reason to flush either.
    let is_below = |limit: T| magnitude < limit;
    let may_be_subnormal = match (op, place) {
        // From such a number down to the smallest normal one there are more
        // binary digits than a number has: a sum that is not 0 is normal.
        (Op::Add | Op::Sub, _) => is_below(T::MIN_POSITIVE * T::TWO_TO_64),
        (Op::Mul, _) => is_below(T::ONE),
        (Op::Div, 1) => magnitude > T::ONE,
        // The largest number times the smallest normal one is less than 4.
        (Op::Div, _) => is_below(T::from_f64(4.0)),
        _ => return false,
    };
    subnormals == Subnormals::Keep || !may_be_subnormal || magnitude == T::ZERO
}

impl<'a, T: Real> Parts<'a, T> {
    fn new(
        nodes: &'a [Node<T>],
        outputs: &'a [usize],
        next: &'a [usize],
        subnormals: Subnormals,
    ) -> Self {
        let mut wanted = vec![false; nodes.len()];
        for node in outputs.iter().chain(next) {
            wanted[*node] = true;
        }
        let uses = uses(nodes, &wanted);
        let firsts = firsts(nodes, &uses, &wanted);
        let mut is_first = vec![false; nodes.len()];
        for first in firsts.iter().flatten() {
            is_first[*first] = true;
        }
        let mut parts = Parts {
            nodes,
            outputs,
            next,
            subnormals,
            units: Vec::new(),
            unit_of: vec![None; nodes.len()],
            readers: vec![Vec::new(); nodes.len()],
            is_wanted: wanted.clone(),
        };
        let is_needed = |node: usize| uses[node] > 0 || wanted[node];
        let partners = partners(nodes, is_needed);
        for (node, first) in firsts.into_iter().enumerate() {
            let is_operation = operation(&nodes[node]).is_some();
            let is_computed = is_first[node] || parts.unit_of[node].is_some();
            if !is_operation || !is_needed(node) || is_computed {
                continue;
            }
            let (node, partner) = match partners.get(&node) {
                Some((node, partner)) => (*node, Some(*partner)),
                None => (node, None),
            };
            let reads = parts.reads(node, first);
            for read in &reads {
                parts.readers[*read].push(parts.units.len());
            }
            let unit = Unit {
                node,
                first,
                partner,
                reads,
            };
            for result in unit.results() {
                parts.unit_of[result] = Some(parts.units.len());
            }
            parts.units.push(unit);
        }
        parts
    }

    /// The operands of a node that come from slots.
    fn slot_operands(&self, node: usize) -> impl Iterator<Item = usize> {
        let (op, operands, arity) = operation(&self.nodes[node]).unwrap_or((Op::Neg, [0; 3], 0));
        let is_slot = move |(place, operand): &(usize, usize)| match self.nodes[*operand] {
            Node::Constant(value) => !is_immediate(op, *place, value, self.subnormals),
            _ => true,
        };
        let operands = operands.into_iter().take(arity).enumerate();
        operands.filter(is_slot).map(|(_, operand)| operand)
    }

    fn reads(&self, node: usize, first: Option<usize>) -> Vec<usize> {
        let of_first = first
            .into_iter()
            .flat_map(|first| self.slot_operands(first));
        let own = self.slot_operands(node).filter(|read| Some(*read) != first);
        let mut reads: Vec<usize> = of_first.chain(own).collect();
        reads.sort_unstable();
        reads.dedup();
        reads
    }

    /// The input that a node replaces, if it is one of the state's.
    fn state_input(&self, node: usize) -> Option<usize> {
        match &self.nodes[node] {
            Node::Input(number) => Some(*number as usize).filter(|input| *input < self.next.len()),
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

    /// The units in an order that needs few numbers at a time: among those whose
    /// operands are available, always the one that adds the fewest, then the one
    /// whose operand was computed last.
    fn scheduled(&self) -> Vec<usize> {
        let mut unread: Vec<usize> = self.readers.iter().map(Vec::len).collect();
        let mut missing: Vec<usize> = Vec::with_capacity(self.units.len());
        for unit in &self.units {
            let operands = unit.reads.iter();
            missing.push(
                operands
                    .filter(|read| self.unit_of[**read].is_some())
                    .count(),
            );
        }
        let mut latest = vec![0; self.units.len()];
        let mut is_done = vec![false; self.units.len()];
        let mut replaced = vec![None; self.units.len()];
        for (input, node) in self.next.iter().enumerate() {
            if let Some(unit) = self.unit_of[*node] {
                replaced[unit] = Some(input);
            }
        }
        let mut input_nodes = vec![None; self.next.len()];
        for node in 0..self.nodes.len() {
            if let Some(input) = self.state_input(node) {
                input_nodes[input] = Some(node);
            }
        }
        // The additional numbers to store after a unit.
        let growth = |unit: usize, unread: &[usize]| -> isize {
            let results = self.units[unit].results().count();
            let reads = &self.units[unit].reads;
            let dies = |read: &&usize| {
                unread[**read] == 1 && !self.is_wanted[**read] && self.unit_of[**read].is_some()
            };
            let dead = reads.iter().filter(dies).count();
            let is_in_place = replaced[unit].is_some_and(|input| {
                input_nodes[input].is_none_or(|node: usize| {
                    let others = unread[node] - usize::from(reads.contains(&node));
                    others == 0 && !self.is_wanted[node]
                })
            });
            let new = results - usize::from(is_in_place);
            // Negative where more numbers die than are new.
            new.wrapping_sub(dead).cast_signed()
        };
        let key = |unit: usize, unread: &[usize], latest: &[usize]| {
            (growth(unit, unread), Reverse(latest[unit]), unit)
        };
        let mut ready = BinaryHeap::new();
        for unit in (0..self.units.len()).filter(|unit| missing[*unit] == 0) {
            ready.push(Reverse(key(unit, &unread, &latest)));
        }
        let mut order = Vec::with_capacity(self.units.len());
        while let Some(Reverse(found)) = ready.pop() {
            let unit = found.2;
            // One whose growth fell was added again.
            if is_done[unit] || found != key(unit, &unread, &latest) {
                continue;
            }
            is_done[unit] = true;
            order.push(unit);
            let unit = &self.units[unit];
            for reader in unit.results().flat_map(|result| &self.readers[result]) {
                missing[*reader] -= 1;
                latest[*reader] = order.len();
                if missing[*reader] == 0 {
                    ready.push(Reverse(key(*reader, &unread, &latest)));
                }
            }
            for read in &unit.reads {
                unread[*read] -= 1;
                // The last reader frees the slot; the one that replaces an
                // input may be written in its place.
                let last = (unread[*read] == 1)
                    .then(|| self.readers[*read].iter().find(|reader| !is_done[**reader]));
                let updater = self
                    .state_input(*read)
                    .and_then(|input| self.unit_of[self.next[input]]);
                for candidate in last.flatten().copied().into_iter().chain(updater) {
                    if missing[candidate] == 0 && !is_done[candidate] {
                        ready.push(Reverse(key(candidate, &unread, &latest)));
                    }
                }
            }
        }
        order
    }
}

/// For each function that is computed together with its [partner](Op::partner): the
/// function and the partner.
fn partners<T>(
    nodes: &[Node<T>],
    is_needed: impl Fn(usize) -> bool,
) -> HashMap<usize, (usize, usize)> {
    let functions = nodes
        .iter()
        .enumerate()
        .filter(|(node, _)| is_needed(*node));
    let functions = functions.filter_map(|(node, value)| match value {
        Node::Apply(op, [x, ..]) if op.arity() == 1 => Some(((*op, *x), node)),
        _ => None,
    });
    let functions: HashMap<(Op, NodeId), usize> = functions.collect();
    let mut partners = HashMap::new();
    for ((op, x), node) in &functions {
        let partner = op
            .partner()
            .and_then(|partner| functions.get(&(partner, *x)));
        if let Some(partner) = partner {
            partners.insert(*node, (*node, *partner));
            partners.insert(*partner, (*node, *partner));
        }
    }
    partners
}

/// For each node, the number of times that needed nodes read it.
fn uses<T>(nodes: &[Node<T>], is_wanted: &[bool]) -> Vec<usize> {
    let mut uses = vec![0; nodes.len()];
    for (index, node) in nodes.iter().enumerate().rev() {
        if uses[index] == 0 && !is_wanted[index] {
            continue;
        }
        if let Some((_, operands, arity)) = operation(node) {
            for operand in &operands[..arity] {
                uses[*operand] += 1;
            }
        }
    }
    uses
}

/// For each node the operand that is computed in the same instruction. From the
/// leaves up, so that this is every second node of a chain.
fn firsts<T>(nodes: &[Node<T>], uses: &[usize], is_wanted: &[bool]) -> Vec<Option<usize>> {
    let mut firsts: Vec<Option<usize>> = vec![None; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        let Some((then, operands, 2)) = operation(node) else {
            continue;
        };
        if uses[index] == 0 && !is_wanted[index] {
            continue;
        }
        firsts[index] = (0..2).find_map(|place| {
            let operand = operands[place];
            let (first, ..) = operation(&nodes[operand])?;
            let is_alone = uses[operand] == 1 && !is_wanted[operand];
            let fits = is_paired(first) && is_paired(then) && firsts[operand].is_none();
            (is_alone && fits).then_some(operand)
        });
    }
    firsts
}

/// The units in order, and where each number lies.
struct Layout {
    order: Vec<usize>,
    slot_of: Vec<Option<Slot>>,
    slots: usize,
}

impl Layout {
    fn new<T: Real>(parts: &Parts<'_, T>, order: Vec<usize>, inputs: usize) -> Layout {
        let nodes = parts.nodes;
        let mut last_read: Vec<Option<usize>> = vec![None; nodes.len()];
        let mut place_of = vec![usize::MAX; nodes.len()];
        for (place, unit) in order.iter().enumerate() {
            let unit = &parts.units[*unit];
            for result in unit.results() {
                place_of[result] = place;
            }
            for read in &unit.reads {
                last_read[*read] = Some(place);
            }
        }
        let mut layout = Layout {
            order: Vec::new(),
            slot_of: vec![None; nodes.len()],
            slots: inputs,
        };
        // A value of the next state goes where the old one is if nothing reads
        // that any later.
        let mut homes: Vec<Option<Slot>> = vec![None; nodes.len()];
        for (node, value) in nodes.iter().enumerate() {
            match value {
                Node::Input(number) => layout.slot_of[node] = Some(Slot::at(*number as usize)),
                Node::Constant(_) if last_read[node].is_some() || parts.is_wanted[node] => {
                    layout.slot_of[node] = Some(layout.new_slot());
                }
                _ => {}
            }
            if let Some(input) = parts.state_input(node) {
                let value = parts.next[input];
                let is_free = last_read[node].is_none_or(|last| last <= place_of[value])
                    && !parts.is_wanted[node];
                if parts.unit_of[value].is_some() && is_free && homes[value].is_none() {
                    homes[value] = layout.slot_of[node];
                }
            }
        }
        let mut free = Vec::new();
        for (place, unit) in order.iter().enumerate() {
            let unit = &parts.units[*unit];
            for read in &unit.reads {
                let is_kept = parts.unit_of[*read].is_none()
                    || homes[*read].is_some()
                    || parts.is_wanted[*read];
                if last_read[*read] == Some(place) && !is_kept {
                    free.extend(layout.slot_of[*read]);
                }
            }
            for result in unit.results() {
                let slot = homes[result].or_else(|| free.pop());
                let slot = slot.unwrap_or_else(|| layout.new_slot());
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

    fn program<T: Real>(mut self, parts: &Parts<'_, T>, inputs: usize) -> Program<T> {
        let constant = |node: usize| match parts.nodes[node] {
            Node::Constant(value) => self.slot_of[node].map(|_| value),
            _ => None,
        };
        let constants: Vec<T> = (0..parts.nodes.len()).filter_map(constant).collect();
        let units = self.order.iter().map(|unit| &parts.units[*unit]);
        let instructions: Vec<_> = units.map(|unit| self.instruction(parts, unit)).collect();
        let (outputs, copies) = self.end(parts);
        Program {
            subnormals: parts.subnormals,
            inputs,
            constants,
            usual: instructions.clone(),
            instructions,
            copies,
            outputs,
            state: parts.next.len(),
            slots: self.slots,
            staged: None,
        }
    }

    fn instruction<T: Real>(&self, parts: &Parts<'_, T>, unit: &Unit) -> Instruction<T> {
        let operand = |op: Op, place: usize, node: usize| match parts.nodes[node] {
            Node::Constant(value) if is_immediate(op, place, value, parts.subnormals) => {
                Operand::Constant(value)
            }
            _ => Operand::Slot(self.slot(node)),
        };
        let (op, nodes, arity) = operation(&parts.nodes[unit.first.unwrap_or(unit.node)])
            .expect("a unit is an operation");
        let place = |place: usize| if place < arity { place } else { 0 };
        let operands = [0, 1, 2]
            .map(place)
            .map(|place| operand(op, place, nodes[place]));
        let then = unit.first.map(|first| {
            let (op, nodes, _) =
                operation(&parts.nodes[unit.node]).expect("a unit is an operation");
            let is_left = nodes[0] == first;
            let place = usize::from(is_left);
            Then {
                op,
                is_left,
                other: operand(op, place, nodes[place]),
            }
        });
        Instruction {
            op,
            operands,
            then,
            result: self.slot(unit.node),
            partner: unit.partner.map(|partner| self.slot(partner)),
        }
    }

    /// The outputs, and the copies that end an epoch.
    fn end<T: Real>(&mut self, parts: &Parts<'_, T>) -> (Vec<Slot>, Vec<Copied>) {
        let mut copies = Vec::new();
        // An old number of the state is saved before any is overwritten.
        let mut kept = |layout: &mut Layout, node: usize| {
            let from = layout.slot(node);
            if parts.state_input(node).is_none() {
                return from;
            }
            let to = layout.new_slot();
            copies.push(Copied { from, to });
            to
        };
        let outputs: Vec<Slot> = parts.outputs.iter().map(|node| kept(self, *node)).collect();
        let mut moves = Vec::new();
        for (input, node) in parts.next.iter().enumerate() {
            let to = Slot::at(input);
            if self.slot(*node) != to {
                let from = kept(self, *node);
                moves.push(Copied { from, to });
            }
        }
        copies.extend(moves);
        (outputs, copies)
    }
}
