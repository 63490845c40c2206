//! The instructions of a staged program in order, and where the numbers lie.
//!
//! The inputs come first, one array right after the other; then the outputs,
//! each from a whole vector on; then what is needed on the way, where memory is
//! used again as soon as nothing reads it any more; then the rows of the loops.

use std::collections::{BTreeMap, HashMap};

use super::body::LoopGroup;
use super::values::{ArrayValue, ArrayValues, OperandReading, ValueKind};
use crate::program::{Action, ElementPlace, MatrixProduct, Program};
use crate::slot::WIDTH;
use gradtape_tape::Real;
use gradtape_tape::internal::BLOCK;

/// A stage after all others.
const END: usize = usize::MAX;

/// A stretch of inputs that is read.
struct InputRead {
    stage: usize,
    from: usize,
    count: usize,
    /// Whether a loop reads it in the order of its elements.
    in_loop: bool,
}

impl InputRead {
    fn new(stage: usize, from: usize, count: usize, in_loop: bool) -> Self {
        InputRead {
            stage,
            from,
            count,
            in_loop,
        }
    }
}

struct ArrayLayout<'a, T> {
    values: &'a ArrayValues<T>,
    is_used: Vec<bool>,
    /// The stage of the last reader, for those that are read from memory.
    last: Vec<Option<usize>>,
    reads: Vec<InputRead>,
    places: Vec<Option<ElementPlace<T>>>,
    memory: FreeSlots,
    /// For each reduction the slots of its partial results.
    partials: HashMap<usize, usize>,
    products: HashMap<usize, MatrixProduct<T>>,
    /// For each stage the values that are read in it for the last time.
    ends: BTreeMap<usize, Vec<usize>>,
}

/// Slots that are given out.
struct FreeSlots {
    free: Vec<(usize, usize)>,
    end: usize,
}

impl FreeSlots {
    fn take(&mut self, count: usize) -> usize {
        let size = count.next_multiple_of(WIDTH);
        // The tightest one, so that large stretches stay whole for large arrays.
        let fitting = self
            .free
            .iter()
            .enumerate()
            .filter(|(_, (_, free))| *free >= size)
            .min_by_key(|(_, (_, free))| *free);
        match fitting {
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
    values: &ArrayValues<T>,
    outputs: &[usize],
    next: &[usize],
    often: usize,
    program: &Program<T>,
) -> (Vec<Action<T>>, usize) {
    // Each value that is wanted with the slot where it belongs.
    let next = with_firsts(values, next, |first| first);
    let outputs = with_firsts(values, &outputs[..often], |first| {
        program.outputs[first].index()
    });
    let mut layout = ArrayLayout {
        values,
        is_used: vec![false; values.list.len()],
        last: vec![None; values.list.len()],
        reads: Vec::new(),
        places: vec![None; values.list.len()],
        memory: FreeSlots {
            free: Vec::new(),
            end: program.slots,
        },
        partials: HashMap::new(),
        products: HashMap::new(),
        ends: BTreeMap::new(),
    };
    layout.find_uses(next.iter().chain(&outputs).map(|(value, _)| *value));
    layout.place_wanted(&next, &outputs);
    layout.build(&next, &outputs, program)
}

/// The values of some nodes, each with the place of its first element among those of all, as a
/// slot.
fn with_firsts<T: Real>(
    values: &ArrayValues<T>,
    nodes: &[usize],
    slot: impl Fn(usize) -> usize,
) -> Vec<(usize, usize)> {
    let mut end = 0;
    nodes
        .iter()
        .map(|node| {
            let value = values.of_node[*node];
            let first = end;
            end += values.list[value].length;
            (value, slot(first))
        })
        .collect()
}

impl<T: Real> ArrayLayout<'_, T> {
    fn value(&self, value: usize) -> &ArrayValue<T> {
        &self.values.list[value]
    }

    /// The elements of a loop in which the value is computed.
    fn loop_length(&self, value: usize) -> Option<usize> {
        match self.value(value).kind {
            ValueKind::Total(_, operand) => Some(self.value(operand).length),
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
            if let ValueKind::Input(first) = self.value(of).kind {
                let count = self.value(value).length;
                self.reads
                    .push(InputRead::new(END, first + start, count, false));
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
                    OperandReading::Constant(_) => continue,
                    OperandReading::Aligned(of) => {
                        waiting.push(of);
                        if values.stage[of] == stage {
                            continue;
                        }
                        (of, 0, true)
                    }
                    OperandReading::Uniform(of, start) => (of, start, false),
                    OperandReading::Stream(of, start) => (of, start, true),
                };
                waiting.push(of);
                self.last[of] = self.last[of].max(Some(stage));
                if let ValueKind::Input(first) = self.value(of).kind {
                    // Pieces are read in another order than that of the loop.
                    let in_order =
                        is_stream && !matches!(self.value(value).kind, ValueKind::Joined(_));
                    self.reads.push(match length.filter(|_| in_order) {
                        Some(count) => InputRead::new(stage, first + start, count, true),
                        None => InputRead::new(stage, first, self.value(of).length, false),
                    });
                }
            }
        }
        for value in 0..values.list.len() {
            self.places[value] = match &self.value(value).kind {
                ValueKind::Input(first) => Some(ElementPlace::Slot(*first)),
                ValueKind::Data(elements) => Some(ElementPlace::Data(elements.clone(), 0)),
                // Where it is not read as a number.
                ValueKind::Constant(number) if self.last[value].is_some() => {
                    let elements = vec![*number; self.value(value).length];
                    Some(ElementPlace::Data(elements.into(), 0))
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
            // Only a loop writes element by element; a part of a value would need another place.
            if self.places[of].is_some() || !is_whole || !self.values.is_looped(of) {
                continue;
            }
            // A new state may be written over the old one if all that reads it is done before, or
            // reads each element in the turn of the loop that replaces it.
            let is_free = self.reads.iter().all(|read| {
                let is_apart = read.from + read.count <= *slot || slot + count <= read.from;
                let is_before = read.stage < stage;
                let is_along = read.stage == stage
                    && read.in_loop
                    && (read.from, read.count) == (*slot, count);
                is_apart || is_before || is_along
            });
            if is_free {
                self.places[of] = Some(ElementPlace::Slot(*slot));
            }
        }
        for (value, slot) in outputs {
            let (of, start) = self.values.resolve(*value);
            let is_whole = start == 0 && self.value(of).length == self.value(*value).length;
            // Nothing else uses the slots of outputs, so no reader has to be asked.
            if self.places[of].is_none() && is_whole {
                self.places[of] = Some(ElementPlace::Slot(*slot));
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
        let stages = self.stages();
        // First where everything lies, since the rows of loops come after it.
        for (stage, members) in &stages {
            self.place_stage(*stage, members);
        }
        let mut products = std::mem::take(&mut self.products);
        let copies = self.copies(next, outputs, program.inputs);
        let rows = self.memory.end;
        let built = |length: usize, members: &[usize], own: usize| {
            let group = LoopGroup {
                values,
                members,
                length,
                places: &self.places,
                partials: &self.partials,
                subnormals: program.subnormals,
                inputs: program.inputs,
                rows,
                own,
            };
            group.build()
        };
        // All loops use the same rows, which then stay in the cache, except those that preserve
        // their contents. These come after them, so the loops are built once for the number of
        // rows that they share.
        let shared = stages
            .values()
            .flat_map(|members| self.loops(members))
            .map(|(length, members)| built(length, &members, rows).1);
        let mut end = rows + shared.max().unwrap_or(0);
        let mut actions = Vec::new();
        for members in stages.values() {
            for value in members {
                let product = products.remove(value).map(Action::Product);
                actions.extend(product.or_else(|| self.plain(*value)));
            }
            for (length, members) in self.loops(members) {
                let (it, _, own) = built(length, &members, end);
                end += own;
                actions.push(Action::Loop(Box::new(it)));
            }
        }
        actions.extend(copies);
        (actions, end)
    }

    /// What is computed in each stage.
    fn stages(&self) -> BTreeMap<usize, Vec<usize>> {
        let values = self.values;
        let is_computed = |value: &usize| {
            self.is_used[*value]
                && !values.is_given(*value)
                && !matches!(values.list[*value].kind, ValueKind::View(..))
        };
        let mut stages: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for value in (0..values.list.len()).filter(is_computed) {
            stages.entry(values.stage[value]).or_default().push(value);
        }
        stages
    }

    /// Those of a stage that are computed in loops, by the length of the loop: elementwise
    /// operations on arrays of the same length share one, so that what they pass to each other
    /// never leaves the rows of a tile.
    fn loops(&self, members: &[usize]) -> BTreeMap<usize, Vec<usize>> {
        let mut loops: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for value in members {
            if let Some(length) = self.loop_length(*value) {
                loops.entry(length).or_default().push(*value);
            }
        }
        loops
    }

    /// Gives slots to what a stage computes and others read, and takes back those of what nothing
    /// reads later. Only then: the instructions of a stage do not know of each other, and one
    /// must not overwrite what another still reads.
    fn place_stage(&mut self, stage: usize, members: &[usize]) {
        let values = self.values;
        let mut of_stage = Vec::new();
        for value in members {
            let ArrayValue { kind, length, .. } = &values.list[*value];
            let is_stored = self.last[*value].is_some()
                || self.loop_length(*value).is_none()
                || matches!(kind, ValueKind::Total(..));
            if self.places[*value].is_none() && is_stored {
                self.places[*value] = Some(ElementPlace::Slot(self.memory.take(*length)));
                let last = self.last[*value].unwrap_or(stage);
                if last != END {
                    self.ends.entry(last).or_default().push(*value);
                }
            }
            match *kind {
                ValueKind::Total(_, operand) => {
                    let count = values.list[operand].length.div_ceil(BLOCK);
                    let slot = self.memory.take(count);
                    of_stage.push((slot, count));
                    self.partials.insert(*value, slot);
                }
                ValueKind::Product(left, right) => {
                    let product = self.product(*value, left, right, &mut of_stage);
                    self.products.insert(*value, product);
                }
                _ => {}
            }
        }
        for (slot, count) in of_stage {
            self.memory.give_back(slot, count);
        }
        for value in self.ends.remove(&stage).unwrap_or_default() {
            self.memory
                .give_back(self.slot(value), values.list[value].length);
        }
    }

    /// The definition of a value that has no loop of its own.
    fn plain(&self, value: usize) -> Option<Action<T>> {
        let ValueKind::Other(node, operands) = &self.value(value).kind else {
            return None;
        };
        let operands = operands
            .iter()
            .map(|operand| (self.place(*operand), self.value(*operand).shape.clone()))
            .collect();
        Some(Action::Plain(node.clone(), operands, self.slot(value)))
    }

    fn product(
        &mut self,
        value: usize,
        left: usize,
        right: usize,
        temporary: &mut Vec<(usize, usize)>,
    ) -> MatrixProduct<T> {
        let (x, y) = (&self.value(left).shape, &self.value(right).shape);
        let sizes = [x[0], x[1], y[1]];
        let (left, right, to) = (self.place(left), self.place(right), self.slot(value));
        let memory = &mut self.memory;
        MatrixProduct::new(left, right, sizes, to, |count| {
            let slot = memory.take(count);
            temporary.push((slot, count));
            slot
        })
    }

    /// Where a value lies that is read from memory.
    fn place(&self, value: usize) -> ElementPlace<T> {
        let (of, start) = self.values.resolve(value);
        let place = self.places[of].as_ref();
        place
            .expect("what is read from memory has a place")
            .after(start)
    }

    fn slot(&self, value: usize) -> usize {
        match self.places[value] {
            Some(ElementPlace::Slot(slot)) => slot,
            _ => unreachable!("what is computed and read has a slot"),
        }
    }

    /// What is copied where it belongs at the end of an epoch. Old numbers of the
    /// state are saved before any is overwritten.
    fn copies(
        &mut self,
        next: &[(usize, usize)],
        outputs: &[(usize, usize)],
        inputs: usize,
    ) -> Vec<Action<T>> {
        // Outputs show the state before the update, so they are copied before it is overwritten,
        // and so is what moves from one place of the state to another.
        let (mut saved, mut moved) = (Vec::new(), Vec::new());
        for (is_output, (value, to)) in std::iter::empty()
            .chain(outputs.iter().map(|it| (true, *it)))
            .chain(next.iter().map(|it| (false, *it)))
        {
            let count = self.value(value).length;
            let (of, _) = self.values.resolve(value);
            if let ValueKind::Constant(value) = self.value(of).kind {
                moved.push(Action::Fill { value, to, count });
                continue;
            }
            let from = self.place(value);
            if matches!(from, ElementPlace::Slot(slot) if slot == to) {
                continue;
            }
            let is_old = matches!(self.value(of).kind, ValueKind::Input(_))
                && matches!(from, ElementPlace::Slot(slot) if slot < inputs);
            if is_old && !is_output {
                let between = self.memory.take(count);
                let saving = Action::Copy {
                    from,
                    to: between,
                    count,
                };
                saved.push(saving);
                let from = ElementPlace::Slot(between);
                moved.push(Action::Copy { from, to, count });
            } else {
                let copies = if is_output { &mut saved } else { &mut moved };
                copies.push(Action::Copy { from, to, count });
            }
        }
        saved.extend(moved);
        saved
    }
}
