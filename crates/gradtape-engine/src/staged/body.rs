//! The body of a loop: what is computed of each element, as a program.

use std::collections::HashMap;

use super::super::block::{MOVING, WIDTH};
use super::super::program::{Copied, Program, Slot};
use super::values::{Kind, Reading, Values};
use super::{CACHE, Fill, Load, Loop, MAX_TILE, Pad, Place, Rows, Store, Total, When};
use gradtape_tape::internal::BLOCK;
use gradtape_tape::{Array, Graph, Number, Real, Subnormals};

/// What is to be computed in one loop.
pub(super) struct Group<'a, T> {
    pub(super) values: &'a Values<T>,
    /// In their order.
    pub(super) members: &'a [usize],
    pub(super) length: usize,
    /// Where each value lies that others read from memory.
    pub(super) places: &'a [Option<Place<T>>],
    /// For each reduction the slots of its partial results.
    pub(super) partials: &'a HashMap<usize, usize>,
    pub(super) subnormals: Subnormals,
    /// The number of inputs of the whole program, behind which there is room for
    /// whole vectors.
    pub(super) inputs: usize,
    /// The slot at which rows begin that all loops use.
    pub(super) rows: usize,
    /// The slot at which the rows begin that preserve their contents.
    pub(super) own: usize,
}

/// What a row of the body is filled from.
#[derive(Clone, Debug)]
enum Source<T> {
    /// The stretch that a stored value has, which may be read too.
    Store(usize),
    Stream {
        from: Place<T>,
        first: usize,
        count: usize,
        pad: T,
        /// Whether nothing that is read lies behind it up to the next vector.
        is_end: bool,
    },
    Uniform(Place<T>),
}

struct Body<'g, T> {
    graph: &'g Graph,
    sources: Vec<(Source<T>, Array<'g>)>,
    is_read: Vec<bool>,
    vars: HashMap<usize, Array<'g>>,
    length: usize,
}

impl<T: Real> Group<'_, T> {
    /// The loop, and the number of slots of its rows: those that all loops use, and
    /// its own.
    pub(super) fn build(&self) -> (Loop<T>, usize, usize) {
        let graph = Graph::new(T::PRECISION, self.subnormals);
        let (body, sources, is_read, totals) = self.trace(&graph);
        let rows_in_cache = CACHE / size_of::<T>() / body.slots.max(1);
        let tile_length = (rows_in_cache / BLOCK * BLOCK).clamp(BLOCK, MAX_TILE);
        let mut rows = Assigned::new(self, &body, &sources, &is_read, tile_length);
        let mut totals = totals;
        for total in &mut totals {
            let slot = body.outputs[total.output].index();
            (total.row, total.edge_row) = (rows.tile[slot], rows.edge[slot]);
        }
        let has_edge = rows.tile != rows.edge;
        let mapped = |map: &[usize]| {
            let row = |slot: Slot| Slot::at(map[slot.index()]);
            let instructions = body.instructions.iter();
            Rows {
                instructions: instructions.map(|it| it.moved(row)).collect(),
                copies: body
                    .copies
                    .iter()
                    .map(|Copied { from, to }| Copied {
                        from: row(*from),
                        to: row(*to),
                    })
                    .collect(),
            }
        };
        let (tile, edge) = (mapped(&rows.tile), has_edge.then(|| mapped(&rows.edge)));
        // In the order of the body's inputs.
        rows.loads.sort_by_key(|load| load.input);
        let it = Loop {
            length: self.length,
            tile_length,
            tile,
            edge,
            fills: rows.fills,
            pads: rows.pads,
            loads: rows.loads,
            stores: rows.stores,
            totals,
            body,
        };
        (it, rows.shared.slots(), rows.own.slots())
    }

    fn trace(&self, graph: &Graph) -> (Program<T>, Vec<Source<T>>, Vec<bool>, Vec<Total>) {
        let mut body = Body {
            graph,
            sources: Vec::new(),
            is_read: Vec::new(),
            vars: HashMap::new(),
            length: self.length,
        };
        let stored = self.members.iter().filter_map(|member| {
            let is_looped = self.values.is_looped(*member);
            match self.places[*member] {
                Some(Place::Slot(slot)) if is_looped => Some((*member, slot)),
                _ => None,
            }
        });
        let stored: Vec<(usize, usize)> = stored.collect();
        for (_, slot) in &stored {
            body.sources.push((Source::Store(*slot), graph.input([])));
            body.is_read.push(false);
        }
        let (mut outputs, mut totals) = (Vec::new(), Vec::new());
        for member in self.members {
            let kind = &self.values.list[*member].kind;
            let var = match kind {
                Kind::Elementwise(op, operands) => {
                    let operands = operands.iter().map(|operand| {
                        self.read(&mut body, self.values.reading(*operand, self.length))
                    });
                    let operands: Vec<Array<'_>> = operands.collect();
                    Number::apply(*op, &operands.iter().collect::<Vec<_>>())
                }
                Kind::Spread(_) => self.read(&mut body, self.values.readings(*member)[0]),
                Kind::Joined(pieces) => {
                    let pieces = pieces.iter();
                    let each =
                        pieces.map(|(start, operand)| self.piece(&mut body, *start, *operand));
                    let each: Vec<Array<'_>> = each.collect();
                    let sum = each.into_iter().reduce(|sum, piece| sum + piece);
                    sum.expect("an array has pieces")
                }
                Kind::Total(kind, operand) => {
                    let reading = self.values.reading(*operand, self.length);
                    let var = self.read(&mut body, reading);
                    let Some(Place::Slot(result)) = self.places[*member] else {
                        unreachable!("a reduction has a slot");
                    };
                    totals.push(Total {
                        kind: *kind,
                        output: outputs.len(),
                        row: 0,
                        edge_row: 0,
                        partial: self.partials[member],
                        result,
                    });
                    outputs.push(var);
                    continue;
                }
                _ => unreachable!("only these are computed in loops"),
            };
            body.vars.insert(*member, var);
        }
        let next: Vec<Array<'_>> = stored.iter().map(|(value, _)| body.vars[value]).collect();
        let program = Program::epoch(graph, &outputs, &next);
        let sources = body.sources.into_iter().map(|(source, _)| source).collect();
        (program, sources, body.is_read, totals)
    }

    fn place(&self, value: usize, start: usize) -> Place<T> {
        match &self.places[value] {
            Some(Place::Slot(slot)) => Place::Slot(slot + start),
            Some(Place::Data(values, first)) => Place::Data(values.clone(), first + start),
            None => unreachable!("what is read from memory has a place"),
        }
    }

    fn read<'g>(&self, body: &mut Body<'g, T>, reading: Reading<T>) -> Array<'g> {
        match reading {
            Reading::Constant(value) => body.graph.constant(value.to_f64()),
            Reading::Uniform(of, start) => body.source(Source::Uniform(self.place(of, start))),
            Reading::Aligned(of) if body.vars.contains_key(&of) => body.vars[&of],
            Reading::Aligned(of) => self.stream(body, self.place(of, 0)),
            Reading::Stream(of, start) => self.stream(body, self.place(of, start)),
        }
    }

    fn stream<'g>(&self, body: &mut Body<'g, T>, from: Place<T>) -> Array<'g> {
        body.source(Source::Stream {
            from,
            first: 0,
            count: self.length,
            pad: T::ZERO,
            is_end: true,
        })
    }

    /// A piece that lies from element `first` on. Elsewhere it is −0, to which
    /// anything can be added without a change.
    fn piece<'g>(&self, body: &mut Body<'g, T>, first: usize, operand: usize) -> Array<'g> {
        let count = self.values.list[operand].length;
        let (reading, is_negated) = self.values.piece(operand, self.length);
        if count == self.length {
            return self.read(body, reading);
        }
        let (from, is_end) = match reading {
            Reading::Constant(value) => (Place::Data(vec![value; count].into(), 0), false),
            Reading::Uniform(of, start) | Reading::Stream(of, start) => {
                let is_end = start + count == self.values.list[of].length;
                (self.place(of, start), is_end && !self.values.is_given(of))
            }
            Reading::Aligned(of) => (self.place(of, 0), false),
        };
        let pad = if is_negated { T::ZERO } else { -T::ZERO };
        let piece = body.source(Source::Stream {
            from,
            first,
            count,
            pad,
            is_end,
        });
        if is_negated { -piece } else { piece }
    }
}

impl<'g, T: Real> Body<'g, T> {
    /// The variable for a source, the same for the same one.
    fn source(&mut self, source: Source<T>) -> Array<'g> {
        let length = self.length;
        let found = self
            .sources
            .iter()
            .position(|(other, _)| same(other, &source, length));
        let index = found.unwrap_or_else(|| {
            self.sources.push((source, self.graph.input([])));
            self.is_read.push(false);
            self.sources.len() - 1
        });
        self.is_read[index] = true;
        self.sources[index].1
    }
}

fn same<T: Real>(x: &Source<T>, y: &Source<T>, length: usize) -> bool {
    let same_place = |x: &Place<T>, y: &Place<T>| match (x, y) {
        (Place::Slot(x), Place::Slot(y)) => x == y,
        (Place::Data(x, i), Place::Data(y, j)) => std::sync::Arc::ptr_eq(x, y) && i == j,
        _ => false,
    };
    match (x, y) {
        (
            Source::Store(slot),
            Source::Stream {
                from: Place::Slot(from),
                first: 0,
                count,
                ..
            },
        ) => slot == from && *count == length,
        (
            Source::Stream {
                from,
                first,
                count,
                pad,
                ..
            },
            Source::Stream {
                from: from_2,
                first: first_2,
                count: count_2,
                pad: pad_2,
                ..
            },
        ) => {
            same_place(from, from_2)
                && (first, count) == (first_2, count_2)
                && pad.bits() == pad_2.bits()
        }
        (Source::Uniform(x), Source::Uniform(y)) => same_place(x, y),
        _ => false,
    }
}

/// The row of each slot of a body, and what is copied there.
struct Assigned<T> {
    tile: Vec<usize>,
    /// At the edge.
    edge: Vec<usize>,
    fills: Vec<(usize, Fill<T>)>,
    loads: Vec<Load<T>>,
    stores: Vec<Store>,
    pads: Vec<Pad<T>>,
    shared: Room,
    own: Room,
}

/// Rows that are given out.
struct Room {
    /// The first vector of the first row, and the number of vectors of a row.
    first: usize,
    vectors: usize,
    /// The number of rows.
    count: usize,
}

impl Room {
    /// A new row, as the number of its first vector.
    fn row(&mut self) -> usize {
        self.count += 1;
        self.first + (self.count - 1) * self.vectors
    }

    fn slots(&self) -> usize {
        self.count * self.vectors * WIDTH
    }
}

impl<T: Real> Assigned<T> {
    fn new(
        group: &Group<'_, T>,
        body: &Program<T>,
        sources: &[Source<T>],
        is_read: &[bool],
        tile_length: usize,
    ) -> Self {
        let vectors = tile_length.min(group.length).div_ceil(WIDTH);
        let room = |slot: usize| Room {
            first: slot / WIDTH,
            vectors,
            count: 0,
        };
        let mut rows = Assigned {
            pads: Vec::new(),
            shared: room(group.rows),
            own: room(group.own),
            tile: Vec::new(),
            edge: Vec::new(),
            fills: Vec::new(),
            loads: Vec::new(),
            stores: Vec::new(),
        };
        let length = group.length;
        for (input, source) in sources.iter().enumerate() {
            match source {
                Source::Store(slot) => {
                    let in_place = slot % WIDTH == 0;
                    let has_edge = *slot < group.inputs && !length.is_multiple_of(WIDTH);
                    let when = match (in_place, has_edge) {
                        (false, _) => When::Always,
                        (true, true) => When::AtTheEdge,
                        (true, false) => When::Never,
                    };
                    let row = match when {
                        When::Never => MOVING + slot / WIDTH,
                        _ => rows.shared.row(),
                    };
                    let tile = if in_place { MOVING + slot / WIDTH } else { row };
                    rows.tile.push(tile);
                    rows.edge.push(row);
                    let row = row.min(MOVING - 1) * WIDTH;
                    rows.stores.push(Store {
                        input,
                        row,
                        to: *slot,
                        when,
                    });
                    if is_read[input] {
                        rows.loads.push(Load {
                            input,
                            row,
                            from: Place::Slot(*slot),
                            first: 0,
                            count: length,
                            pad: T::ZERO,
                            when,
                        });
                    }
                }
                Source::Stream {
                    from,
                    first,
                    count,
                    pad,
                    is_end,
                } => {
                    let in_place = match from {
                        Place::Slot(slot) if slot % WIDTH == 0 && *first == 0 => {
                            let fits = *count == length
                                || *is_end && rows.padded(group, *slot, [*count, length], *pad);
                            fits.then_some(MOVING + slot / WIDTH)
                        }
                        _ => None,
                    };
                    let row = in_place.unwrap_or_else(|| rows.shared.row());
                    rows.tile.push(row);
                    rows.edge.push(row);
                    rows.loads.push(Load {
                        input,
                        row: row.min(MOVING - 1) * WIDTH,
                        from: from.clone(),
                        first: *first,
                        count: *count,
                        pad: *pad,
                        when: if in_place.is_some() {
                            When::Never
                        } else {
                            When::Always
                        },
                    });
                }
                Source::Uniform(place) => {
                    let row = rows.own.row();
                    rows.tile.push(row);
                    rows.edge.push(row);
                    rows.fills.push((row * WIDTH, Fill::Number(place.clone())));
                }
            }
        }
        for slot in body.inputs..body.slots {
            let constant = body.constants.get(slot - body.inputs);
            let row = match constant {
                Some(_) => rows.own.row(),
                None => rows.shared.row(),
            };
            rows.tile.push(row);
            rows.edge.push(row);
            if let Some(value) = constant {
                rows.fills.push((row * WIDTH, Fill::Constant(*value)));
            }
        }
        rows
    }

    /// Lets the elements behind `count` ones up to the length of the loop hold a
    /// number, if they lie in the same vector and belong to nothing else.
    fn padded(
        &mut self,
        group: &Group<'_, T>,
        slot: usize,
        [count, length]: [usize; 2],
        value: T,
    ) -> bool {
        let (from, to) = (slot + count, slot + length);
        let is_inside = length <= count.next_multiple_of(WIDTH) && slot >= group.inputs;
        let mut others = self.pads.iter();
        if !is_inside || others.any(|other| other.from < to && from < other.to) {
            return false;
        }
        self.pads.push(Pad { from, to, value });
        true
    }
}
