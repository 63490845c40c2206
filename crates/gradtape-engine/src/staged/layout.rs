//! The instructions of a staged program in order, and where the numbers lie.
//!
//! The inputs come first, one array right after the other; then the outputs,
//! each from a whole vector on; then what is needed on the way, where memory is
//! used again as soon as nothing reads it any more; then the rows of the loops.

use std::collections::{BTreeMap, HashMap};

use super::super::block::WIDTH;
use super::super::program::Program;
use super::body::Group;
use super::product::Product;
use super::values::{Kind, Reading, Value, Values};
use super::{Action, Place};
use gradtape_tape::Real;
use gradtape_tape::internal::BLOCK;

/// A stage after all others.
const END: usize = usize::MAX;

/// A stretch of inputs that is read.
struct Read {
    stage: usize,
    from: usize,
    count: usize,
    /// Whether a loop reads it in the order of its elements.
    in_loop: bool,
}

struct Layout<'a, T> {
    values: &'a Values<T>,
    is_used: Vec<bool>,
    /// The stage of the last reader, for those that are read from memory.
    last: Vec<Option<usize>>,
    reads: Vec<Read>,
    places: Vec<Option<Place<T>>>,
    memory: Memory,
}

/// Slots that are given out.
struct Memory {
    free: Vec<(usize, usize)>,
    end: usize,
}

impl Memory {
    fn take(&mut self, count: usize) -> usize {
        let size = count.next_multiple_of(WIDTH);
        let fitting = self.free.iter().enumerate();
        let fitting = fitting.filter(|(_, (_, free))| *free >= size);
        match fitting.min_by_key(|(_, (_, free))| *free) {
            Some((index, _)) => {
                let (start, free) = self.free.swap_remove(index);
                if free > size {
                    self.free.push((start + size, free - size));
                }
                start
            }
            None => {
                self.end += size;
                self.end - size
            }
        }
    }

    fn give_back(&mut self, start: usize, count: usize) {
        self.free.push((start, count.next_multiple_of(WIDTH)));
    }
}

/// The instructions for the first `often` outputs and the next state, and the
/// number of slots.
pub(super) fn actions<T: Real>(
    values: &Values<T>,
    outputs: &[usize],
    next: &[usize],
    often: usize,
    program: &Program<T>,
) -> (Vec<Action<T>>, usize) {
    // Each value that is wanted with the slot where it belongs.
    let mut slot = 0;
    let next: Vec<(usize, usize)> = next
        .iter()
        .map(|node| {
            let value = values.of_node[*node];
            slot += values.list[value].length;
            (value, slot - values.list[value].length)
        })
        .collect();
    let mut first = 0;
    let outputs: Vec<(usize, usize)> = outputs[..often]
        .iter()
        .map(|node| {
            let value = values.of_node[*node];
            first += values.list[value].length;
            let start = first - values.list[value].length;
            (value, program.outputs[start].index())
        })
        .collect();
    let mut layout = Layout {
        values,
        is_used: vec![false; values.list.len()],
        last: vec![None; values.list.len()],
        reads: Vec::new(),
        places: vec![None; values.list.len()],
        memory: Memory {
            free: Vec::new(),
            end: program.slots,
        },
    };
    layout.find_uses(next.iter().chain(&outputs).map(|(value, _)| *value));
    layout.place_wanted(&next, &outputs);
    layout.build(&next, &outputs, program)
}

impl<T: Real> Layout<'_, T> {
    fn value(&self, value: usize) -> &Value<T> {
        &self.values.list[value]
    }

    /// The elements of a loop in which the value is computed.
    fn loop_length(&self, value: usize) -> Option<usize> {
        match self.value(value).kind {
            Kind::Total(_, operand) => Some(self.value(operand).length),
            _ if self.values.is_looped(value) => Some(self.value(value).length),
            _ => None,
        }
    }

    /// Finds what is needed, when it is read from memory for the last time, and
    /// when inputs are read.
    fn find_uses(&mut self, wanted: impl Iterator<Item = usize>) {
        let values = self.values;
        let mut waiting = Vec::new();
        for value in wanted {
            let (of, start) = values.resolve(value);
            self.last[of] = Some(END);
            waiting.push(of);
            if let Kind::Input(first) = self.value(of).kind {
                self.reads.push(Read {
                    stage: END,
                    from: first + start,
                    count: self.value(value).length,
                    in_loop: false,
                });
            }
        }
        while let Some(value) = waiting.pop() {
            if std::mem::replace(&mut self.is_used[value], true) {
                continue;
            }
            let stage = values.stage[value];
            let length = self.loop_length(value);
            for reading in values.readings(value) {
                let (of, start, is_stream) = match reading {
                    Reading::Constant(_) => continue,
                    Reading::Aligned(of) => {
                        waiting.push(of);
                        if values.stage[of] == stage {
                            continue;
                        }
                        (of, 0, true)
                    }
                    Reading::Uniform(of, start) => (of, start, false),
                    Reading::Stream(of, start) => (of, start, true),
                };
                waiting.push(of);
                self.last[of] = self.last[of].max(Some(stage));
                if let Kind::Input(first) = self.value(of).kind {
                    // Pieces are read in another order than that of the loop.
                    let in_order = is_stream && !matches!(self.value(value).kind, Kind::Joined(_));
                    self.reads.push(match length.filter(|_| in_order) {
                        Some(count) => Read {
                            stage,
                            from: first + start,
                            count,
                            in_loop: true,
                        },
                        None => Read {
                            stage,
                            from: first,
                            count: self.value(of).length,
                            in_loop: false,
                        },
                    });
                }
            }
        }
        for value in 0..values.list.len() {
            self.places[value] = match &self.value(value).kind {
                Kind::Input(first) => Some(Place::Slot(*first)),
                Kind::Data(elements) => Some(Place::Data(elements.clone(), 0)),
                // Where it is not read as a number.
                Kind::Constant(number) if self.last[value].is_some() => {
                    let elements = vec![*number; self.value(value).length];
                    Some(Place::Data(elements.into(), 0))
                }
                _ => None,
            };
        }
    }

    /// Lets what is wanted be written where it belongs, if that can be done.
    fn place_wanted(&mut self, next: &[(usize, usize)], outputs: &[(usize, usize)]) {
        for (value, slot) in next {
            let (of, start) = self.values.resolve(*value);
            let (stage, count) = (self.values.stage[of], self.value(of).length);
            let is_whole = start == 0 && count == self.value(*value).length;
            if self.places[of].is_some() || !is_whole || !self.values.is_looped(of) {
                continue;
            }
            let is_free = self.reads.iter().all(|read| {
                let is_apart = read.from + read.count <= *slot || slot + count <= read.from;
                let is_before = read.stage < stage;
                let is_along = read.stage == stage
                    && read.in_loop
                    && (read.from, read.count) == (*slot, count);
                is_apart || is_before || is_along
            });
            if is_free {
                self.places[of] = Some(Place::Slot(*slot));
            }
        }
        for (value, slot) in outputs {
            let (of, start) = self.values.resolve(*value);
            let is_whole = start == 0 && self.value(of).length == self.value(*value).length;
            if self.places[of].is_none() && is_whole {
                self.places[of] = Some(Place::Slot(*slot));
            }
        }
    }

    fn build(
        mut self,
        next: &[(usize, usize)],
        outputs: &[(usize, usize)],
        program: &Program<T>,
    ) -> (Vec<Action<T>>, usize) {
        let values = self.values;
        let computed = |value: &usize| {
            self.is_used[*value]
                && !values.is_given(*value)
                && !matches!(values.list[*value].kind, Kind::View(..))
        };
        let mut stages: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for value in (0..values.list.len()).filter(computed) {
            stages.entry(values.stage[value]).or_default().push(value);
        }
        // First where everything lies, since rows come after it.
        let mut partials: HashMap<usize, usize> = HashMap::new();
        let mut products: HashMap<usize, Product<T>> = HashMap::new();
        let mut given_back: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (stage, members) in &stages {
            let mut temporary = Vec::new();
            for value in members {
                let is_total = matches!(values.list[*value].kind, Kind::Total(..));
                let is_stored = self.last[*value].is_some() || self.loop_length(*value).is_none();
                if self.places[*value].is_none() && (is_stored || is_total) {
                    let slot = self.memory.take(values.list[*value].length);
                    self.places[*value] = Some(Place::Slot(slot));
                    let last = self.last[*value].unwrap_or(*stage);
                    if last != END {
                        given_back.entry(last).or_default().push(*value);
                    }
                }
                match values.list[*value].kind {
                    Kind::Total(_, operand) => {
                        let count = values.list[operand].length.div_ceil(BLOCK);
                        let slot = self.memory.take(count);
                        temporary.push((slot, count));
                        partials.insert(*value, slot);
                    }
                    Kind::Product(left, right) => {
                        let product = self.product(*value, left, right, &mut temporary);
                        products.insert(*value, product);
                    }
                    _ => {}
                }
            }
            for (slot, count) in temporary {
                self.memory.give_back(slot, count);
            }
            for value in given_back.remove(stage).unwrap_or_default() {
                if let Some(Place::Slot(slot)) = self.places[value] {
                    self.memory.give_back(slot, values.list[value].length);
                }
            }
        }
        let ends = self.ends(next, outputs, program.inputs);
        let rows = self.memory.end;
        let loops = |members: &[usize]| {
            let mut loops: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for value in members {
                if let Some(length) = self.loop_length(*value) {
                    loops.entry(length).or_default().push(*value);
                }
            }
            loops
        };
        let built = |length: usize, members: &[usize], own: usize| {
            let group = Group {
                values,
                members,
                length,
                places: &self.places,
                partials: &partials,
                subnormals: program.subnormals,
                inputs: program.inputs,
                rows,
                own,
            };
            group.build()
        };
        // All loops use the same rows, except those that preserve their contents,
        // which come after them.
        let all = stages.values().flat_map(|members| loops(members));
        let shared = all.map(|(length, members)| built(length, &members, rows).1);
        let mut end = rows + shared.max().unwrap_or(0);
        let mut actions = Vec::new();
        for members in stages.values() {
            for value in members {
                if self.loop_length(*value).is_some() {
                    continue;
                }
                if let Some(product) = products.remove(value) {
                    actions.push(Action::Product(product));
                } else if let Kind::Other(node, operands) = &values.list[*value].kind {
                    let operands = operands.iter();
                    let operands = operands.map(|operand| {
                        let shape = values.list[*operand].shape.clone();
                        (self.place(*operand), shape)
                    });
                    let operands = operands.collect();
                    actions.push(Action::Plain(node.clone(), operands, self.slot(*value)));
                }
            }
            for (length, members) in loops(members) {
                let (it, _, own) = built(length, &members, end);
                end += own;
                actions.push(Action::Loop(Box::new(it)));
            }
        }
        actions.extend(ends);
        (actions, end)
    }

    fn product(
        &mut self,
        value: usize,
        left: usize,
        right: usize,
        temporary: &mut Vec<(usize, usize)>,
    ) -> Product<T> {
        let (x, y) = (&self.value(left).shape, &self.value(right).shape);
        let sizes = [x[0], x[1], y[1]];
        let (left, right, to) = (self.place(left), self.place(right), self.slot(value));
        let memory = &mut self.memory;
        Product::new(left, right, sizes, to, |count| {
            let slot = memory.take(count);
            temporary.push((slot, count));
            slot
        })
    }

    /// Where a value lies that is read from memory.
    fn place(&self, value: usize) -> Place<T> {
        let (of, start) = self.values.resolve(value);
        match &self.places[of] {
            Some(Place::Slot(slot)) => Place::Slot(slot + start),
            Some(Place::Data(elements, first)) => Place::Data(elements.clone(), first + start),
            None => unreachable!("what is read from memory has a place"),
        }
    }

    fn slot(&self, value: usize) -> usize {
        match self.places[value] {
            Some(Place::Slot(slot)) => slot,
            _ => unreachable!("what is computed and read has a slot"),
        }
    }

    /// What is copied where it belongs at the end of an epoch. Old numbers of the
    /// state are saved before any is overwritten.
    fn ends(
        &mut self,
        next: &[(usize, usize)],
        outputs: &[(usize, usize)],
        inputs: usize,
    ) -> Vec<Action<T>> {
        let (mut saved, mut moved) = (Vec::new(), Vec::new());
        for (is_output, (value, to)) in std::iter::empty()
            .chain(outputs.iter().map(|it| (true, *it)))
            .chain(next.iter().map(|it| (false, *it)))
        {
            let count = self.value(value).length;
            let (of, _) = self.values.resolve(value);
            if let Kind::Constant(value) = self.value(of).kind {
                moved.push(Action::Fill { value, to, count });
                continue;
            }
            let from = self.place(value);
            if matches!(from, Place::Slot(slot) if slot == to) {
                continue;
            }
            let is_old = matches!(self.value(of).kind, Kind::Input(_))
                && matches!(from, Place::Slot(slot) if slot < inputs);
            if is_old && !is_output {
                let between = self.memory.take(count);
                saved.push(Action::Copy {
                    from,
                    to: between,
                    count,
                });
                let from = Place::Slot(between);
                moved.push(Action::Copy { from, to, count });
            } else if is_output {
                saved.push(Action::Copy { from, to, count });
            } else {
                moved.push(Action::Copy { from, to, count });
            }
        }
        saved.extend(moved);
        saved
    }
}
