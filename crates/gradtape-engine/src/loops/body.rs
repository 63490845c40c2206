//! The body of a loop: what is computed of each element, as a program.

use std::collections::HashMap;

use super::values::{ArrayValues, OperandReading, ValueKind};
use crate::program::{ElementPlace, ElementStream, Program, Total};
use crate::straight_line;
use gradtape_tape::{Array, Graph, Number, Real, Subnormals};

/// What is to be computed in one loop.
pub(super) struct LoopGroup<'a, T> {
    pub(super) values: &'a ArrayValues<T>,
    /// In their order.
    pub(super) members: &'a [usize],
    pub(super) length: usize,
    /// Where each value lies that others read from memory.
    pub(super) places: &'a [Option<ElementPlace<T>>],
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
pub(super) enum RowSource<T> {
    /// The stretch that a stored value has, which may be read too.
    Store(usize),
    /// With whether nothing that is read lies behind it up to the next vector.
    Stream(ElementStream<T>, bool),
    Uniform(ElementPlace<T>),
}

/// The body of a loop, with what fills its inputs.
pub(super) struct LoopBody<T> {
    pub(super) program: Program<T>,
    pub(super) sources: Vec<RowSource<T>>,
    /// For each source whether the body reads it; it may only write it.
    pub(super) is_read: Vec<bool>,
    pub(super) totals: Vec<Total>,
}

/// The body while it is traced.
struct BodyTrace<'g, T> {
    graph: &'g Graph,
    sources: Vec<(RowSource<T>, Array<'g>)>,
    is_read: Vec<bool>,
    /// The members that were traced.
    vars: HashMap<usize, Array<'g>>,
    length: usize,
}

impl<T: Real> LoopGroup<'_, T> {
    pub(super) fn body(&self) -> LoopBody<T> {
        let graph = &Graph::new(T::PRECISION, self.subnormals);
        let mut body = BodyTrace {
            graph,
            sources: Vec::new(),
            is_read: Vec::new(),
            vars: HashMap::new(),
            length: self.length,
        };
        // Stores come first, as the inputs that the body replaces: so their results are written
        // straight into their rows, which may be where the values belong.
        let stored: Vec<usize> = self
            .members
            .iter()
            .copied()
            .filter(|member| self.values.is_looped(*member) && self.places[*member].is_some())
            .collect();
        for member in &stored {
            let source = RowSource::Store(self.slot(*member));
            body.sources.push((source, graph.input([])));
            body.is_read.push(false);
        }
        let (mut outputs, mut totals) = (Vec::new(), Vec::new());
        for member in self.members {
            if let ValueKind::Total(kind, operand) = self.values.list[*member].kind {
                let reading = self.values.reading(operand, self.length);
                totals.push(Total {
                    kind,
                    output: outputs.len(),
                    // Rows are given out when the body is complete.
                    row: 0,
                    edge_row: 0,
                    partial: self.partials[member],
                    result: self.slot(*member),
                });
                outputs.push(self.read(&mut body, reading));
            } else {
                let var = self.member(&mut body, *member);
                body.vars.insert(*member, var);
            }
        }
        let next: Vec<Array<'_>> = stored.iter().map(|member| body.vars[member]).collect();
        LoopBody {
            program: straight_line::program(graph, &outputs, &next),
            sources: body.sources.into_iter().map(|(source, _)| source).collect(),
            is_read: body.is_read,
            totals,
        }
    }

    /// An element of a member.
    fn member<'g>(&self, body: &mut BodyTrace<'g, T>, member: usize) -> Array<'g> {
        match &self.values.list[member].kind {
            ValueKind::Elementwise(op, operands) => {
                let operands: Vec<Array<'_>> = operands
                    .iter()
                    .map(|operand| self.read(body, self.values.reading(*operand, self.length)))
                    .collect();
                Number::apply(*op, &operands.iter().collect::<Vec<_>>())
            }
            ValueKind::Spread(_) => self.read(body, self.values.readings(member)[0]),
            ValueKind::Joined(pieces) => {
                let each: Vec<Array<'_>> = pieces
                    .iter()
                    .map(|(start, operand)| self.piece(body, *start, *operand))
                    .collect();
                let sum = each.into_iter().reduce(|sum, piece| sum + piece);
                sum.expect("an array has pieces")
            }
            _ => unreachable!("only these are computed in loops"),
        }
    }

    fn slot(&self, value: usize) -> usize {
        match self.places[value] {
            Some(ElementPlace::Slot(slot)) => slot,
            _ => unreachable!("what is computed and stored has a slot"),
        }
    }

    fn place(&self, value: usize, start: usize) -> ElementPlace<T> {
        let place = self.places[value].as_ref();
        place
            .expect("what is read from memory has a place")
            .after(start)
    }

    /// An element of an operand.
    fn read<'g>(&self, body: &mut BodyTrace<'g, T>, reading: OperandReading<T>) -> Array<'g> {
        match reading {
            OperandReading::Constant(value) => body.graph.constant(value.to_f64()),
            OperandReading::Uniform(of, start) => {
                body.source(RowSource::Uniform(self.place(of, start)))
            }
            OperandReading::Aligned(of) if body.vars.contains_key(&of) => body.vars[&of],
            OperandReading::Aligned(of) => self.stream(body, self.place(of, 0)),
            OperandReading::Stream(of, start) => self.stream(body, self.place(of, start)),
        }
    }

    fn stream<'g>(&self, body: &mut BodyTrace<'g, T>, from: ElementPlace<T>) -> Array<'g> {
        let stream = ElementStream {
            from,
            first: 0,
            count: self.length,
            pad: T::ZERO,
        };
        body.source(RowSource::Stream(stream, true))
    }

    /// A piece that lies from element `first` on. Elsewhere it is −0, to which
    /// anything can be added without a change.
    fn piece<'g>(&self, body: &mut BodyTrace<'g, T>, first: usize, operand: usize) -> Array<'g> {
        let count = self.values.list[operand].length;
        let (reading, is_negated) = self.values.piece(operand, self.length);
        if count == self.length {
            return self.read(body, reading);
        }
        // A row is read by whole vectors: a piece whose last vector is not full can be read where it
        // lies only if it is the end of its stretch, so that what lies behind may hold the pad.
        let (from, is_end) = match reading {
            OperandReading::Constant(value) => {
                (ElementPlace::Data(vec![value; count].into(), 0), false)
            }
            OperandReading::Uniform(of, start) | OperandReading::Stream(of, start) => {
                let is_end = start + count == self.values.list[of].length;
                (self.place(of, start), is_end && !self.values.is_given(of))
            }
            OperandReading::Aligned(of) => (self.place(of, 0), false),
        };
        let stream = ElementStream {
            from,
            first,
            count,
            pad: if is_negated { T::ZERO } else { -T::ZERO },
        };
        let piece = body.source(RowSource::Stream(stream, is_end));
        if is_negated { -piece } else { piece }
    }
}

impl<'g, T: Real> BodyTrace<'g, T> {
    /// The variable for a source, the same for the same one.
    fn source(&mut self, source: RowSource<T>) -> Array<'g> {
        let length = self.length;
        let found = self
            .sources
            .iter()
            .position(|(other, _)| other.is_same(&source, length));
        let index = found.unwrap_or_else(|| {
            self.sources.push((source, self.graph.input([])));
            self.is_read.push(false);
            self.sources.len() - 1
        });
        self.is_read[index] = true;
        self.sources[index].1
    }
}

impl<T: Real> RowSource<T> {
    /// Whether both fill a row with the same numbers, in a loop of this length.
    fn is_same(&self, other: &Self, length: usize) -> bool {
        match (self, other) {
            (RowSource::Store(slot), RowSource::Stream(x, _)) => {
                let is_there = matches!(x.from, ElementPlace::Slot(from) if from == *slot);
                is_there && (x.first, x.count) == (0, length)
            }
            (RowSource::Stream(x, _), RowSource::Stream(y, _)) => {
                x.from.is_same(&y.from)
                    && (x.first, x.count) == (y.first, y.count)
                    && x.pad.bits() == y.pad.bits()
            }
            (RowSource::Uniform(x), RowSource::Uniform(y)) => x.is_same(y),
            _ => false,
        }
    }
}
