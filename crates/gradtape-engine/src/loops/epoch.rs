//! One epoch of a staged program.

use crate::epochs::run_tile;
use crate::features::Features;
use crate::program::{
    Action, ArrayProgram, ElementPlace, ElementStream, Fill, Load, Loop, Pad, Store, Total, When,
};
use crate::slot::{MOVING, WIDTH};
use gradtape_tape::internal::Reduction;
use gradtape_tape::internal::graph::{Numbers, combined, elements, value};
use gradtape_tape::internal::{BLOCK, middle, reduced};
use gradtape_tape::{Op, Real, Shape, Subnormals};

/// What computes epochs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) subnormals: Subnormals,
    pub(crate) features: Features,
}

impl Machine {
    /// Computes an epoch on the numbers of a run, `all` or what is usually needed.
    pub(crate) fn epoch<T: Real>(self, staged: &ArrayProgram<T>, memory: &mut [T], all: bool) {
        let actions = if all { &staged.all } else { &staged.usual };
        for action in actions {
            match action {
                Action::Loop(it) => it.run(memory, self),
                Action::Product(product) => product.run(memory, self.subnormals, self.features),
                Action::Plain(node, operands, to) => {
                    let operands: Vec<(&[T], &Shape)> = operands
                        .iter()
                        .map(|(place, shape)| {
                            let count = elements(shape);
                            (&place.within(memory)[..count], shape)
                        })
                        .collect();
                    let result = value(node, &operands, &Numbers(self.subnormals), &[]);
                    memory[*to..][..result.len()].copy_from_slice(&result);
                }
                Action::Copy { from, to, count } => copy(memory, from, 0, *to, *count),
                Action::Fill { value, to, count } => memory[*to..][..*count].fill(*value),
            }
        }
    }
}

/// Copies elements from number `first` of a place on.
fn copy<T: Copy>(memory: &mut [T], from: &ElementPlace<T>, first: usize, to: usize, count: usize) {
    match from {
        ElementPlace::Slot(slot) => memory.copy_within(slot + first..slot + first + count, to),
        ElementPlace::Data(values, start) => {
            memory[to..to + count].copy_from_slice(&values[start + first..][..count]);
        }
    }
}

impl<T: Real> Loop<T> {
    fn run(&self, memory: &mut [T], run: Machine) {
        let width = self.length.min(self.tile_length).next_multiple_of(WIDTH);
        for (row, fill) in &self.fills {
            let value = match fill {
                Fill::Constant(value) => *value,
                Fill::Number(place) => place.within(memory)[0],
            };
            // All of the row is 0 until it is filled for the first time.
            if memory[*row].bits() != value.bits() {
                memory[*row..row + width].fill(value);
            }
        }
        for Pad { from, to, value } in &self.pads {
            memory[*from..*to].fill(*value);
        }
        // All instructions run on one tile before the next, so that what they pass to each other
        // is in the cache.
        for start in (0..self.length).step_by(self.tile_length) {
            let end = self.length.min(start + self.tile_length);
            let count = end - start;
            let edge = self.edge.as_ref().filter(|_| !count.is_multiple_of(WIDTH));
            let is_edge = edge.is_some();
            let takes_part = |when: When| match when {
                When::Always => true,
                When::AtTheEdge => is_edge,
                When::Never => false,
            };
            for load in self.loads.iter().filter(|load| takes_part(load.when)) {
                load.run(memory, start, end);
            }
            let rows = edge.unwrap_or(&self.tile);
            run_tile(
                run.features,
                run.subnormals,
                &rows.instructions,
                &rows.copies,
                (memory, count.div_ceil(WIDTH), start / WIDTH),
            );
            for Store { row, to, .. } in self.stores.iter().filter(|it| takes_part(it.when)) {
                memory.copy_within(*row..row + count, to + start);
            }
            for total in &self.totals {
                total.tile(memory, start, count, is_edge, run.subnormals);
            }
        }
        for total in &self.totals {
            total.finish(memory, self.length, run.subnormals);
        }
    }
}

impl<T: Real> Load<T> {
    fn run(&self, memory: &mut [T], start: usize, end: usize) {
        let ElementStream {
            from,
            first,
            count,
            pad,
        } = &self.stream;
        let [low, high] = [*first, first + count].map(|place| place.clamp(start, end));
        let place = |element: usize| self.row + element - start;
        if low < high {
            copy(memory, from, low - first, place(low), high - low);
            memory[place(start)..place(low)].fill(*pad);
            memory[place(high)..place(end)].fill(*pad);
        } else {
            memory[place(start)..place(end)].fill(*pad);
        }
    }
}

impl Total {
    /// Reduces one tile.
    fn tile<T: Real>(
        &self,
        memory: &mut [T],
        start: usize,
        count: usize,
        is_edge: bool,
        subnormals: Subnormals,
    ) {
        let row = if is_edge { self.edge_row } else { self.row };
        let first = if row >= MOVING {
            (row - MOVING) * WIDTH + start
        } else {
            row * WIDTH
        };
        // A tile begins with a block of the definition of a sum, so the blocks are the same ones
        // whatever the length of a tile.
        for block in (0..count).step_by(BLOCK) {
            let row = &memory[first + block..first + count.min(block + BLOCK)];
            let result = match (self.kind, subnormals) {
                // Known to the compiler, which makes vectors of it.
                (Reduction::Sum, Subnormals::Keep) => reduced(row, T::ZERO, |x, y| x + y),
                (Reduction::Sum, Subnormals::Flush) => reduced(row, T::ZERO, |x, y| {
                    Op::Add.value([x, y, y], Subnormals::Flush)
                }),
                (kind, subnormals) => reduced(row, T::ZERO, |x, y| {
                    combined(&Numbers(subnormals), kind, x, y)
                }),
            };
            memory[self.partial + (start + block) / BLOCK] = result;
        }
    }

    /// Puts the results of the tiles together.
    fn finish<T: Real>(&self, memory: &mut [T], length: usize, subnormals: Subnormals) {
        let partials = &memory[self.partial..][..length.div_ceil(BLOCK)];
        let both = |x, y| combined(&Numbers(subnormals), self.kind, x, y);
        memory[self.result] = together(partials, length, both);
    }
}

/// The reduction of a sequence of this length, whose blocks are reduced already.
fn together<T: Copy>(partials: &[T], length: usize, both: impl Fn(T, T) -> T + Copy) -> T {
    if length <= BLOCK {
        return partials[0];
    }
    // In halves as the definition adds them: the order depends on the length alone.
    let middle = middle(length);
    let (head, tail) = partials.split_at(middle / BLOCK);
    both(
        together(head, middle, both),
        together(tail, length - middle, both),
    )
}
