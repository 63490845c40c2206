//! From an operation to a node: the shape of its result, and the rewrites.
//!
//! Only rewrites that hold for every value are made. Elements that are only moved
//! are moved in as few nodes as possible.

use smallvec::SmallVec;

use super::{Array, Graph, Key, Node, Operands, OtherKey, ShapedNode, Stretches};
use crate::Op;
use crate::tensor::operation::{AxisList, Stretch};
use crate::tensor::{Operation, Shape};

impl Graph {
    /// The result of an operation of the table on each element; unused places repeat the
    /// first operand.
    #[track_caller]
    pub(super) fn each(&self, op: Op, mut ids: [u32; 3]) -> Array<'_> {
        let (shape, constants) = {
            let list = &self.nodes.borrow().list;
            let operands = ids.map(|id| &list[id as usize]);
            let constants = operands.map(|operand| match operand.node {
                Node::Constant(value) => Some(value),
                _ => None,
            });
            let mut shape = operands[0].shape.clone();
            for other in &operands[1..] {
                let both = shape.broadcast(&other.shape);
                assert!(
                    both.is_some(),
                    "{} of {shape} and {}",
                    op.name(),
                    other.shape
                );
                shape = both.unwrap_or(shape);
            }
            (shape, constants)
        };
        if let [Some(x), Some(y), Some(z)] = constants {
            return self.repeated(self.folded(op, [x, y, z]), shape);
        }
        if let Some(simple) = self.simplified_each(op, ids, constants, &shape) {
            return simple;
        }
        if matches!(op, Op::Add | Op::Mul) && ids[1] < ids[0] {
            ids = [ids[1], ids[0], ids[1]];
        }
        self.node(Key::Each(op, ids), || ShapedNode {
            node: Node::Each(op, ids),
            shape,
        })
    }

    /// The result of another operation with matching operands.
    #[track_caller]
    pub(super) fn record(&self, operation: Operation, operands: Operands) -> Array<'_> {
        let shapes: SmallVec<[Shape; 3]> = operands.iter().map(|id| self.shape_at(*id)).collect();
        let shape = shape(&operation, &shapes);
        assert!(
            shape.len() <= 2 && !shape.contains(&0),
            "not the shape of an array: {shape}"
        );
        if let Some(simple) = self.simplified(&operation, &operands, &shapes, &shape) {
            return simple;
        }
        if let Operation::Place(_, stretches) = operation {
            return self.pieces(vec![stretches], operands, shape);
        }
        let key = OtherKey::Apply(operation.clone(), operands.clone());
        let node = Node::Apply(operation, operands);
        self.node(Key::Other(Box::new(key)), || ShapedNode { node, shape })
    }

    /// Arrays in the places of slices of this shape.
    pub(super) fn pieces(
        &self,
        places: Vec<Stretches>,
        operands: Operands,
        shape: Shape,
    ) -> Array<'_> {
        if let ([place], [operand]) = (&places[..], &operands[..])
            && is_whole(place, &shape)
        {
            return self.array(*operand);
        }
        let places: std::sync::Arc<[Stretches]> = places.into();
        let key = OtherKey::Pieces(places.clone(), operands.clone(), shape.clone());
        let node = Node::Pieces(places, operands);
        self.node(Key::Other(Box::new(key)), || ShapedNode { node, shape })
    }

    fn simplified(
        &self,
        operation: &Operation,
        operands: &[u32],
        shapes: &[Shape],
        shape: &Shape,
    ) -> Option<Array<'_>> {
        let x = *operands.first()?;
        let moves = matches!(
            operation,
            Operation::Reshape(_)
                | Operation::BroadcastTo(_)
                | Operation::Transpose(_)
                | Operation::Slice(_)
                | Operation::StopGradient
                | Operation::Identity
        );
        if let Some(value) = self.constant_at(x).filter(|_| moves) {
            return Some(self.repeated(value, shape.clone()));
        }
        let node = self.nodes.borrow().list[x as usize].node.clone();
        match operation {
            Operation::Identity | Operation::Cast(_) => Some(self.array(x)),
            Operation::Reshape(_) if shapes[0] == *shape => Some(self.array(x)),
            Operation::BroadcastTo(_) if shapes[0] == *shape => Some(self.array(x)),
            Operation::Slice(stretches) if is_whole(stretches, &shapes[0]) => Some(self.array(x)),
            Operation::Concat(_) if operands.len() == 1 => Some(self.array(x)),
            // Nothing to add or to compare.
            Operation::Reduce(reduce) if reduce.axes.iter().all(|axis| shapes[0][*axis] == 1) => {
                Some(self.array(x).reshape(shape))
            }
            Operation::Cumsum { axis, .. } if shapes[0][*axis] == 1 => Some(self.array(x)),
            Operation::Transpose(order) => {
                let stays = order.iter().enumerate().all(|(place, axis)| place == *axis);
                if stays || shapes[0].contains(&1) {
                    return Some(self.array(x).reshape(shape));
                }
                match node {
                    // Of two axes there is only one other order.
                    Node::Apply(Operation::Transpose(_), inner) => Some(self.array(inner[0])),
                    _ => None,
                }
            }
            Operation::Reshape(to) => match node {
                Node::Apply(Operation::Reshape(_), inner) => {
                    Some(self.array(inner[0]).reshape(&**to))
                }
                Node::Pieces(places, inner) => {
                    self.reshaped_pieces(&places, &inner, &shapes[0], to)
                }
                _ => None,
            },
            Operation::Slice(stretches) => match node {
                Node::Apply(Operation::Slice(inner), source) => {
                    let pairs = inner.iter().zip(&**stretches);
                    let stretches = pairs.map(|(outer, inner)| within(*outer, *inner)).collect();
                    Some(self.record(Operation::Slice(stretches), source))
                }
                _ => None,
            },
            Operation::Place(_, stretches) => match node {
                Node::Pieces(places, inner) => {
                    let placed = |place: &Stretches| {
                        let pairs = stretches.iter().zip(&**place);
                        pairs.map(|(outer, inner)| within(*outer, *inner)).collect()
                    };
                    let places = places.iter().map(placed).collect();
                    Some(self.pieces(places, inner, shape.clone()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Pieces in a shape that has other axes of length 1 are pieces too.
    fn reshaped_pieces(
        &self,
        places: &[Stretches],
        operands: &[u32],
        from: &Shape,
        to: &Shape,
    ) -> Option<Array<'_>> {
        let long = |shape: &Shape| shape.iter().copied().filter(|n| *n != 1).collect::<Shape>();
        if long(from) != long(to) {
            return None;
        }
        let whole = Stretch {
            start: 0,
            step: 1,
            count: 1,
        };
        let moved = |place: &Stretches| -> Stretches {
            let kept = place
                .iter()
                .zip(&**from)
                .filter(|(_, length)| **length != 1);
            let mut kept = kept.map(|(stretch, _)| *stretch);
            let each = to.iter().map(|length| {
                let next = if *length == 1 { None } else { kept.next() };
                next.unwrap_or(whole)
            });
            each.collect()
        };
        let places: Vec<Stretches> = places.iter().map(moved).collect();
        let operands = operands.iter().zip(&places).map(|(operand, place)| {
            let shape: Shape = place.iter().map(|stretch| stretch.count).collect();
            self.array(*operand).reshape(shape).id
        });
        let operands = operands.collect();
        Some(self.pieces(places, operands, to.clone()))
    }

    /// The rewrites of operations of the table that [`Graph`] lists, or `None` where none
    /// applies.
    fn simplified_each(
        &self,
        op: Op,
        ids: [u32; 3],
        constants: [Option<f64>; 3],
        shape: &Shape,
    ) -> Option<Array<'_>> {
        let [x, y, z] = ids.map(|id| self.array(id));
        // The operand may lack an axis of length 1, or be broadcast.
        let has_shape = |array: Array<'_>| *shape == self.nodes.borrow().list[array.node()].shape;
        let has_all = |array: Array<'_>| {
            let own = &self.nodes.borrow().list[array.node()].shape;
            own.elements() == shape.elements()
        };
        let shaped = |array| match has_shape(array) {
            true => array,
            false => array.reshape(shape),
        };
        match op {
            Op::Mul if constants[0] == Some(1.0) && has_all(y) => Some(shaped(y)),
            Op::Mul | Op::Div if constants[1] == Some(1.0) && has_all(x) => Some(shaped(x)),
            Op::Mul if constants[0] == Some(-1.0) && has_all(y) => Some(-shaped(y)),
            Op::Mul if constants[1] == Some(-1.0) && has_all(x) => Some(-shaped(x)),
            Op::Powi(0) => Some(self.repeated(1.0, shape.clone())),
            Op::Powi(1) => Some(x),
            Op::Where if constants[0].is_some() => {
                let chosen = if constants[0] == Some(0.0) { z } else { y };
                Some(match has_shape(chosen) {
                    true => chosen,
                    false => chosen.broadcast_to(shape),
                })
            }
            Op::Pow if has_shape(x) => Some(x.powi(whole_exponent(constants[1]?)?)),
            _ => self.without_negatives(op, x, y),
        }
    }

    /// The rewrites of operands that are negatives. That which defines the sign of a zero is
    /// made only in derivatives.
    fn without_negatives<'g>(&'g self, op: Op, x: Array<'g>, y: Array<'g>) -> Option<Array<'g>> {
        match (op, [self.negated(x.id), self.negated(y.id)]) {
            (Op::Neg, [minus_x, _]) => minus_x,
            (Op::Abs, [Some(minus_x), _]) => Some(minus_x.abs()),
            (Op::Magnitude | Op::Hypot, [Some(minus_x), _]) => Some(minus_x.binary(op, y)),
            (Op::Mul, [Some(minus_x), _]) => Some(-(minus_x * y)),
            (Op::Mul, [None, Some(minus_y)]) => Some(-(x * minus_y)),
            (Op::Add, [_, Some(minus_y)]) => Some(x - minus_y),
            (Op::Add, [Some(minus_x), None]) => Some(y - minus_x),
            (Op::Sub, [_, Some(minus_y)]) => Some(x + minus_y),
            (Op::Sub, [Some(minus_x), None]) if self.is_derivative.get() => Some(-(minus_x + y)),
            _ => None,
        }
    }
}

/// Powers with integer exponents up to this are products; above it, the error of all
/// roundings would exceed that of [`Op::Pow`].
const MAX_WHOLE_EXPONENT: f64 = 64.0;

/// The exponent, if a power with it is a product.
#[expect(
    clippy::cast_possible_truncation,
    reason = "an integer within the limit fits an i32"
)]
fn whole_exponent(exponent: f64) -> Option<i32> {
    let whole = exponent.floor() == exponent && exponent.abs() <= MAX_WHOLE_EXPONENT;
    whole.then_some(exponent as i32)
}

/// Whether stretches cover a whole array.
fn is_whole(stretches: &[Stretch], shape: &Shape) -> bool {
    let mut each = stretches.iter().zip(&**shape);
    each.all(|(it, length)| it.start == 0 && it.count == *length && (it.step == 1 || *length == 1))
}

/// The stretch `inner` of the elements of the stretch `outer`.
fn within(outer: Stretch, inner: Stretch) -> Stretch {
    let start = inner.start.cast_signed().wrapping_mul(outer.step);
    Stretch {
        start: outer.start.wrapping_add_signed(start),
        step: outer.step.wrapping_mul(inner.step),
        count: inner.count,
    }
}

/// The shape of the result.
///
/// # Panics
///
/// If the operands do not match.
#[track_caller]
fn shape(operation: &Operation, operands: &[Shape]) -> Shape {
    let x = &operands[0];
    let name = operation.name();
    match operation {
        Operation::Reshape(shape) => {
            assert_eq!(shape.elements(), x.elements(), "{name} of {x}");
            (**shape).clone()
        }
        Operation::BroadcastTo(shape) => {
            let fits = x.broadcast(shape).as_ref() == Some(shape);
            assert!(fits, "{name} of {x} to {shape}");
            (**shape).clone()
        }
        Operation::Transpose(order) => order.iter().map(|axis| x[*axis]).collect(),
        Operation::Reduce(reduce) => reduce.shape(x),
        Operation::Slice(stretches) => stretches.iter().map(|stretch| stretch.count).collect(),
        Operation::Place(shape, _) => (**shape).clone(),
        Operation::Concat(axis) => {
            let others = |shape: &Shape| -> AxisList {
                (0..shape.len())
                    .filter(|it| it != axis)
                    .map(|it| shape[it])
                    .collect()
            };
            let fits = operands
                .iter()
                .all(|it| others(it) == others(x) && it.len() == x.len());
            assert!(fits, "{name} of {operands:?}");
            x.with(*axis, operands.iter().map(|operand| operand[*axis]).sum())
        }
        Operation::Matmul => {
            let y = &operands[1];
            let fits = x.len() == 2 && y.len() == 2 && x[1] == y[0];
            assert!(fits, "{name} of {x} and {y}");
            Shape::from([x[0], y[1]])
        }
        _ => x.clone(),
    }
}
