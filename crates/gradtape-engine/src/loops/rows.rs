//! The rows that a loop works on: which of them are where values lie anyway, and what is copied
//! to and from the others.

use super::body::{LoopBody, LoopGroup, RowSource};
use crate::program::{ElementPlace, ElementStream, Fill, Load, Loop, Pad, Store, TileRows, When};
use crate::slot::{MOVING, Slot, WIDTH};
use gradtape_tape::Real;
use gradtape_tape::internal::BLOCK;

/// The maximum number of elements that are computed together. The elements of a
/// tile are a multiple of those of one partial sum.
const MAX_TILE: usize = 4 * BLOCK;

/// The bytes that the rows of a loop may take, so that they stay in the fastest
/// cache.
const CACHE: usize = 32 << 10;

/// The row of each slot of a body, and what is copied there.
struct RowPlan<'a, T> {
    group: &'a LoopGroup<'a, T>,
    tile: Vec<usize>,
    /// At the edge.
    edge: Vec<usize>,
    fills: Vec<(usize, Fill<T>)>,
    loads: Vec<Load<T>>,
    stores: Vec<Store>,
    pads: Vec<Pad<T>>,
    shared: RowSpace,
    own: RowSpace,
}

/// Rows that are given out.
struct RowSpace {
    /// The first vector of the first row, and the number of vectors of a row.
    first: usize,
    vectors: usize,
    /// The number of rows.
    count: usize,
}

impl RowSpace {
    /// A new row, as the number of its first vector.
    fn row(&mut self) -> usize {
        self.count += 1;
        self.first + (self.count - 1) * self.vectors
    }

    fn slots(&self) -> usize {
        self.count * self.vectors * WIDTH
    }
}

impl<T: Real> LoopGroup<'_, T> {
    /// The loop, and the number of slots of its rows: those that all loops use, and
    /// its own.
    pub(super) fn build(&self) -> (Loop<T>, usize, usize) {
        let LoopBody {
            program: body,
            sources,
            is_read,
            mut totals,
        } = self.body();
        // All rows of a tile fit into the cache. A tile holds whole partial sums, so that the
        // order of a sum depends on its length alone.
        let rows_in_cache = CACHE / size_of::<T>() / body.slots.max(1);
        let tile_length = (rows_in_cache / BLOCK * BLOCK).clamp(BLOCK, MAX_TILE);
        let vectors = tile_length.min(self.length).div_ceil(WIDTH);
        let space = |slot: usize| RowSpace {
            first: slot / WIDTH,
            vectors,
            count: 0,
        };
        let mut plan = RowPlan {
            group: self,
            pads: Vec::new(),
            shared: space(self.rows),
            own: space(self.own),
            tile: Vec::new(),
            edge: Vec::new(),
            fills: Vec::new(),
            loads: Vec::new(),
            stores: Vec::new(),
        };
        for (input, source) in sources.into_iter().enumerate() {
            plan.add_input(input, source, is_read[input]);
        }
        for slot in body.inputs..body.slots {
            match body.constants.get(slot - body.inputs) {
                Some(value) => plan.add_fill(Fill::Constant(*value)),
                None => {
                    let row = plan.shared.row();
                    plan.add_row(row, row);
                }
            }
        }
        for total in &mut totals {
            let slot = body.outputs[total.output].index();
            (total.row, total.edge_row) = (plan.tile[slot], plan.edge[slot]);
        }
        let with_rows = |map: &[usize]| {
            let row = |slot: Slot| Slot::at(map[slot.index()]);
            TileRows {
                instructions: body.instructions.iter().map(|it| it.moved(row)).collect(),
                copies: body.copies.iter().map(|it| it.moved(row)).collect(),
            }
        };
        let has_edge = plan.tile != plan.edge;
        let (tile, edge) = (
            with_rows(&plan.tile),
            has_edge.then(|| with_rows(&plan.edge)),
        );
        let it = Loop {
            length: self.length,
            tile_length,
            tile,
            edge,
            fills: plan.fills,
            pads: plan.pads,
            loads: plan.loads,
            stores: plan.stores,
            totals,
            body,
        };
        (it, plan.shared.slots(), plan.own.slots())
    }
}

impl<T: Real> RowPlan<'_, T> {
    fn add_row(&mut self, tile: usize, edge: usize) {
        self.tile.push(tile);
        self.edge.push(edge);
    }

    fn add_input(&mut self, input: usize, source: RowSource<T>, is_read: bool) {
        match source {
            RowSource::Store(slot) => self.add_store(input, slot, is_read),
            RowSource::Stream(stream, is_end) => {
                let in_place = self.in_place(&stream, is_end);
                let row = in_place.unwrap_or_else(|| self.shared.row());
                self.add_row(row, row);
                self.loads.push(Load {
                    input,
                    row: first_slot(row),
                    stream,
                    when: match in_place {
                        Some(_) => When::Never,
                        None => When::Always,
                    },
                });
            }
            RowSource::Uniform(place) => self.add_fill(Fill::Number(place)),
        }
    }

    /// A row of the same number throughout. Nothing else is written there, so that it is filled
    /// only when the number changes, not for each tile.
    fn add_fill(&mut self, fill: Fill<T>) {
        let row = self.own.row();
        self.add_row(row, row);
        self.fills.push((row * WIDTH, fill));
    }

    /// A row for a value that is stored, where it belongs if that begins with a whole vector.
    fn add_store(&mut self, input: usize, slot: usize, is_read: bool) {
        let length = self.group.length;
        let in_place = slot.is_multiple_of(WIDTH);
        // Inputs lie one right after the other: a last vector that is not full would overwrite
        // the next one. Everything else ends with a whole vector.
        let has_edge = slot < self.group.inputs && !length.is_multiple_of(WIDTH);
        let when = match (in_place, has_edge) {
            (false, _) => When::Always,
            (true, true) => When::AtTheEdge,
            (true, false) => When::Never,
        };
        let row = match when {
            When::Never => MOVING + slot / WIDTH,
            _ => self.shared.row(),
        };
        let tile = if in_place { MOVING + slot / WIDTH } else { row };
        self.add_row(tile, row);
        let row = first_slot(row);
        self.stores.push(Store {
            input,
            row,
            to: slot,
            when,
        });
        if is_read {
            let stream = ElementStream {
                from: ElementPlace::Slot(slot),
                first: 0,
                count: length,
                pad: T::ZERO,
            };
            self.loads.push(Load {
                input,
                row,
                stream,
                when,
            });
        }
    }

    /// The row where a stream lies anyway, if it can be read there: it begins with a whole vector
    /// and is as long as the loop; or the elements behind it, up to the length of the loop, lie in
    /// its last vector and belong to nothing else, so that they can hold the pad from now on.
    fn in_place(&mut self, stream: &ElementStream<T>, is_end: bool) -> Option<usize> {
        let length = self.group.length;
        let ElementPlace::Slot(slot) = stream.from else {
            return None;
        };
        if !slot.is_multiple_of(WIDTH) || stream.first > 0 {
            return None;
        }
        let (from, to) = (slot + stream.count, slot + length);
        if from < to {
            let is_inside =
                length <= stream.count.next_multiple_of(WIDTH) && slot >= self.group.inputs;
            let mut others = self.pads.iter();
            if !is_end || !is_inside || others.any(|other| other.from < to && from < other.to) {
                return None;
            }
            let value = stream.pad;
            self.pads.push(Pad { from, to, value });
        }
        Some(MOVING + slot / WIDTH)
    }
}

/// The first slot of a row that does not move; of others it is not used.
fn first_slot(row: usize) -> usize {
    row.min(MOVING - 1) * WIDTH
}
