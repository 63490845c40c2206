//! What is computed, seen as stretches of numbers, and when.

use std::sync::Arc;

use gradtape_tape::Shape;
use gradtape_tape::internal::Operation;
use gradtape_tape::internal::graph::{Node, Numbers, ShapedNode, elements, needed, value};
use gradtape_tape::internal::slice_steps;
use gradtape_tape::internal::{Reduction, Stretch};
use gradtape_tape::{Op, Real, Subnormals};

/// What a value is. Operands are the numbers of other values, which come before.
#[derive(Clone, Debug)]
pub(super) enum ValueKind<T> {
    Constant(T),
    /// The elements of inputs from this one on.
    Input(usize),
    Data(Arc<[T]>),
    /// A part of another value, which is not a view itself, from this element on.
    View(usize, usize),
    /// A single number many times.
    Spread(usize),
    /// An operation of the table on each element.
    Elementwise(Op, Vec<usize>),
    /// Stretches, each from an element on, that cover every element; where they
    /// meet they are added from the left.
    Joined(Vec<(usize, usize)>),
    /// The reduction of all elements to one.
    Total(Reduction, usize),
    /// The product of matrices.
    Product(usize, usize),
    /// Anything else.
    Other(Box<ShapedNode<T>>, Vec<usize>),
}

#[derive(Clone, Debug)]
pub(super) struct ArrayValue<T> {
    pub(super) kind: ValueKind<T>,
    pub(super) shape: Shape,
    pub(super) length: usize,
}

/// The values in order.
#[derive(Debug)]
pub(super) struct ArrayValues<T> {
    pub(super) list: Vec<ArrayValue<T>>,
    /// The value of each node that is needed.
    pub(super) of_node: Vec<usize>,
    /// When each value is computed: values of one stage do not need each other,
    /// unless element by element in one loop.
    pub(super) stage: Vec<usize>,
}

/// How an elementwise operation reads one of its operands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum OperandReading<T> {
    Constant(T),
    /// The same number for each element: this value's element.
    Uniform(usize, usize),
    /// The element in the same place of a value that can be computed in the same
    /// loop.
    Aligned(usize),
    /// This value's elements from one on.
    Stream(usize, usize),
}

impl<T: Real> ArrayValues<T> {
    pub(super) fn new(
        nodes: &[ShapedNode<T>],
        outputs: &[usize],
        next: &[usize],
        subnormals: Subnormals,
    ) -> Self {
        let is_needed = needed(nodes, outputs.iter().chain(next).copied());
        let mut values = ArrayValues {
            list: Vec::new(),
            of_node: vec![usize::MAX; nodes.len()],
            stage: Vec::new(),
        };
        for (index, node) in nodes.iter().enumerate() {
            if is_needed[index] {
                values.of_node[index] = values.translate(node, subnormals);
            }
        }
        values.stage = values.stages();
        values.delay();
        values
    }

    fn push(&mut self, kind: ValueKind<T>, shape: &Shape) -> usize {
        self.list.push(ArrayValue {
            kind,
            shape: shape.clone(),
            length: elements(shape),
        });
        self.list.len() - 1
    }

    fn translate(&mut self, node: &ShapedNode<T>, subnormals: Subnormals) -> usize {
        let shape = &node.shape;
        let operands: Vec<usize> = node
            .node
            .operands()
            .iter()
            .map(|id| self.of_node[*id as usize])
            .collect();
        let kind = match &node.node {
            Node::Constant(value) => ValueKind::Constant(*value),
            Node::Input(first) => ValueKind::Input(*first),
            Node::Data(values) => ValueKind::Data(Arc::clone(values)),
            _ if operands.iter().all(|operand| self.is_fixed(*operand)) => {
                return self.folded(node, &operands, subnormals);
            }
            Node::Pieces(places, _) => match self.joined(places, &operands, shape) {
                Some(pieces) => ValueKind::Joined(pieces),
                None => ValueKind::Other(Box::new(node.clone()), operands),
            },
            Node::Each(op, _) => {
                let each = operands.iter().map(|operand| self.spread(*operand, shape));
                ValueKind::Elementwise(*op, each.collect())
            }
            Node::Apply(operation, _) => match operation {
                Operation::Reshape(_) | Operation::StopGradient => self.view(operands[0], 0),
                Operation::Slice(stretches) => {
                    let x = &self.list[operands[0]].shape;
                    match contiguous(x, stretches) {
                        Some(start) => self.view(operands[0], start),
                        None => ValueKind::Other(Box::new(node.clone()), operands),
                    }
                }
                Operation::BroadcastTo(_) if self.list[operands[0]].length == elements(shape) => {
                    self.view(operands[0], 0)
                }
                Operation::BroadcastTo(_) if self.list[operands[0]].length == 1 => {
                    ValueKind::Spread(operands[0])
                }
                Operation::Reduce(reduce) if elements(shape) == 1 => {
                    ValueKind::Total(reduce.kind, operands[0])
                }
                Operation::Matmul => ValueKind::Product(operands[0], operands[1]),
                Operation::Concat(0) => {
                    let mut start = 0;
                    let pieces = operands.iter().map(|operand| {
                        let piece = (start, *operand);
                        start += self.list[*operand].length;
                        piece
                    });
                    ValueKind::Joined(pieces.collect())
                }
                _ => ValueKind::Other(Box::new(node.clone()), operands),
            },
        };
        self.push(kind, shape)
    }

    /// Whether the value does not depend on any input.
    fn is_fixed(&self, value: usize) -> bool {
        matches!(
            self.list[value].kind,
            ValueKind::Constant(_) | ValueKind::Data(_)
        )
    }

    /// A value that is computed only once.
    fn folded(
        &mut self,
        node: &ShapedNode<T>,
        operands: &[usize],
        subnormals: Subnormals,
    ) -> usize {
        let each = operands.iter().map(|operand| {
            let value = &self.list[*operand];
            let elements = match &value.kind {
                ValueKind::Data(elements) => Arc::clone(elements),
                ValueKind::Constant(number) => vec![*number; value.length].into(),
                _ => unreachable!("a value that is fixed"),
            };
            (elements, &value.shape)
        });
        let owned: Vec<(Arc<[T]>, &Shape)> = each.collect();
        let each: Vec<(&[T], &Shape)> = owned.iter().map(|(x, shape)| (&x[..], *shape)).collect();
        let elements = value(node, &each, &Numbers(subnormals), &[]);
        let is_one = elements.iter().all(|x| x.bits() == elements[0].bits());
        let kind = if is_one {
            ValueKind::Constant(elements[0])
        } else {
            ValueKind::Data(elements.into())
        };
        self.push(kind, &node.shape)
    }

    /// A part of a value, as the part of one that is not a view.
    fn view(&self, of: usize, start: usize) -> ValueKind<T> {
        match self.list[of].kind {
            ValueKind::Constant(value) => ValueKind::Constant(value),
            ValueKind::View(of, first) => ValueKind::View(of, first + start),
            ValueKind::Spread(of) => ValueKind::Spread(of),
            _ => ValueKind::View(of, start),
        }
    }

    /// An operand as long as the result, or a single number.
    fn spread(&mut self, operand: usize, shape: &Shape) -> usize {
        let value = &self.list[operand];
        if value.length == 1 || value.length == elements(shape) {
            return operand;
        }
        if let ValueKind::Constant(value) = value.kind {
            return self.push(ValueKind::Constant(value), shape);
        }
        let node = ShapedNode {
            node: Node::Apply(
                Operation::BroadcastTo(Box::new(shape.clone())),
                std::iter::once(0).collect(),
            ),
            shape: shape.clone(),
        };
        self.push(ValueKind::Other(Box::new(node), vec![operand]), shape)
    }

    /// Pieces as stretches, if they are contiguous and cover everything.
    fn joined(
        &self,
        places: &[Arc<[Stretch]>],
        operands: &[usize],
        shape: &Shape,
    ) -> Option<Vec<(usize, usize)>> {
        let pieces: Vec<(usize, usize)> = places
            .iter()
            .zip(operands)
            .map(|(place, operand)| Some((contiguous(shape, place)?, *operand)))
            .collect::<Option<_>>()?;
        let mut sorted = pieces.clone();
        sorted.sort_unstable();
        let mut covered = 0;
        for (start, operand) in sorted {
            if start > covered {
                return None;
            }
            covered = covered.max(start + self.list[operand].length);
        }
        (covered == elements(shape)).then_some(pieces)
    }

    /// The value that a view shows, and where it begins.
    pub(super) fn resolve(&self, value: usize) -> (usize, usize) {
        match self.list[value].kind {
            ValueKind::View(of, start) => (of, start),
            _ => (value, 0),
        }
    }

    /// Whether the value is computed element by element, in a loop.
    pub(super) fn is_looped(&self, value: usize) -> bool {
        matches!(
            self.list[value].kind,
            ValueKind::Elementwise(..) | ValueKind::Joined(_) | ValueKind::Spread(_)
        )
    }

    /// How an operation on `length` elements reads an operand.
    pub(super) fn reading(&self, operand: usize, length: usize) -> OperandReading<T> {
        let (of, start) = self.resolve(operand);
        match self.list[of].kind {
            ValueKind::Constant(value) => return OperandReading::Constant(value),
            // Whether it is computed or not, it is one number.
            ValueKind::Spread(number) if length > 1 => return self.reading(number, length),
            _ => {}
        }
        if self.list[operand].length == 1 && length > 1 {
            OperandReading::Uniform(of, start)
        } else if start == 0 && self.list[of].length == length && self.is_looped(of) {
            OperandReading::Aligned(of)
        } else {
            OperandReading::Stream(of, start)
        }
    }

    /// How a piece is read, and whether it is the negative of what is read.
    pub(super) fn piece(&self, operand: usize, length: usize) -> (OperandReading<T>, bool) {
        let count = self.list[operand].length;
        if count == length {
            return (self.reading(operand, length), false);
        }
        let (of, start) = self.resolve(operand);
        match &self.list[of].kind {
            ValueKind::Constant(value) => (OperandReading::Constant(*value), false),
            // Negated in the loop, it needs no array of its own.
            ValueKind::Elementwise(Op::Neg, inner)
                if self.list[inner[0]].length == self.list[of].length =>
            {
                match self.reading(inner[0], self.list[of].length) {
                    OperandReading::Aligned(of) => (OperandReading::Stream(of, start), true),
                    OperandReading::Stream(of, first) => {
                        (OperandReading::Stream(of, first + start), true)
                    }
                    _ => (OperandReading::Stream(of, start), false),
                }
            }
            _ => (OperandReading::Stream(of, start), false),
        }
    }

    /// All that a value reads.
    pub(super) fn readings(&self, value: usize) -> Vec<OperandReading<T>> {
        let ArrayValue { kind, length, .. } = &self.list[value];
        match kind {
            ValueKind::Constant(_)
            | ValueKind::Input(_)
            | ValueKind::Data(_)
            | ValueKind::View(..) => Vec::new(),
            ValueKind::Spread(of) => {
                let (of, start) = self.resolve(*of);
                vec![match self.list[of].kind {
                    ValueKind::Constant(value) => OperandReading::Constant(value),
                    _ => OperandReading::Uniform(of, start),
                }]
            }
            ValueKind::Elementwise(_, operands) => {
                let read = |operand: &usize| self.reading(*operand, *length);
                operands.iter().map(read).collect()
            }
            ValueKind::Joined(pieces) => {
                let read = |(_, operand): &(usize, usize)| self.piece(*operand, *length).0;
                pieces.iter().map(read).collect()
            }
            ValueKind::Total(_, operand) => {
                vec![self.reading(*operand, self.list[*operand].length)]
            }
            ValueKind::Product(x, y) => [*x, *y].map(|operand| self.stretch(operand)).to_vec(),
            ValueKind::Other(_, operands) => {
                let read = |operand: &usize| self.stretch(*operand);
                operands.iter().map(read).collect()
            }
        }
    }

    fn stretch(&self, operand: usize) -> OperandReading<T> {
        let (of, start) = self.resolve(operand);
        OperandReading::Stream(of, start)
    }

    /// Whether it is available before anything is computed.
    pub(super) fn is_given(&self, value: usize) -> bool {
        let kind = &self.list[value].kind;
        matches!(
            kind,
            ValueKind::Constant(_) | ValueKind::Input(_) | ValueKind::Data(_)
        )
    }

    /// The first stage in which each value can be computed.
    fn stages(&self) -> Vec<usize> {
        let mut stages = vec![0; self.list.len()];
        for value in 0..self.list.len() {
            let after = self
                .readings(value)
                .into_iter()
                .map(|reading| match reading {
                    OperandReading::Aligned(of) => stages[of],
                    OperandReading::Uniform(of, _) | OperandReading::Stream(of, _)
                        if !self.is_given(of) =>
                    {
                        stages[of] + 1
                    }
                    _ => 0,
                });
            stages[value] = after.max().unwrap_or(0);
        }
        stages
    }

    /// Moves operations on what is given to where they are needed, so that their
    /// results do not have to be stored.
    fn delay(&mut self) {
        let mut latest = vec![usize::MAX; self.list.len()];
        // From the end: readers come after what they read, so their stages are known by then.
        for value in (0..self.list.len()).rev() {
            let readings = self.readings(value);
            let is_given = readings.iter().all(|reading| match reading {
                OperandReading::Constant(_) => true,
                OperandReading::Uniform(of, _) | OperandReading::Stream(of, _) => {
                    self.is_given(*of)
                }
                OperandReading::Aligned(_) => false,
            });
            let is_elementwise = matches!(self.list[value].kind, ValueKind::Elementwise(..));
            if is_elementwise && is_given && latest[value] != usize::MAX {
                self.stage[value] = self.stage[value].max(latest[value]);
            }
            let stage = self.stage[value];
            for reading in readings {
                match reading {
                    OperandReading::Aligned(of) => latest[of] = latest[of].min(stage),
                    OperandReading::Uniform(of, _) | OperandReading::Stream(of, _) => {
                        latest[of] = latest[of].min(stage.saturating_sub(1));
                    }
                    OperandReading::Constant(_) => {}
                }
            }
        }
    }
}

/// Where a slice begins, if its elements are consecutive.
fn contiguous(shape: &Shape, stretches: &[Stretch]) -> Option<usize> {
    let (start, steps) = slice_steps(shape, stretches);
    let mut distance = 1;
    for (stretch, step) in stretches.iter().zip(&steps).rev() {
        if stretch.count > 1 && *step != distance {
            return None;
        }
        distance *= stretch.count.cast_signed();
    }
    Some(start)
}
