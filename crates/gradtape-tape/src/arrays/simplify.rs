//! From an operation to a node: the shape of its result, and the rewrites.
//!
//! Only rewrites that hold for every value are made. Elements that are only moved
//! are moved in as few nodes as possible.

use smallvec::SmallVec;

use super::{Array, ArrayGraph, Key, Node, Operands, Stretches};
use crate::graph::{whole_exponent, without_negatives};
use crate::tensor::operation::{AxisList, Stretch};
use crate::tensor::{Operation, Shape};
use crate::{Op, Real};

impl<T: Real> ArrayGraph<T> {
    /// The result of an operation with matching operands.
    #[track_caller]
    pub(super) fn record(&self, operation: Operation, mut operands: Operands) -> Array<'_, T> {
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
        if let Operation::Elementwise(Op::Add | Op::Mul) = operation {
            operands.sort_unstable();
        }
        let key = Key::Apply(operation.clone(), operands.clone());
        self.node(key, Node::Apply(operation, operands), shape)
    }

    /// Arrays in the places of slices of this shape.
    pub(super) fn pieces(
        &self,
        places: Vec<Stretches>,
        operands: Operands,
        shape: Shape,
    ) -> Array<'_, T> {
        if let ([place], [operand]) = (&places[..], &operands[..])
            && is_whole(place, &shape)
        {
            return self.array(*operand);
        }
        let places: std::sync::Arc<[Stretches]> = places.into();
        let key = Key::Pieces(places.clone(), operands.clone(), shape.clone());
        self.node(key, Node::Pieces(places, operands), shape)
    }

    fn simplified(
        &self,
        operation: &Operation,
        operands: &[u32],
        shapes: &[Shape],
        shape: &Shape,
    ) -> Option<Array<'_, T>> {
        let x = *operands.first()?;
        if let Operation::Elementwise(op) = operation {
            return self.simplified_elementwise(*op, operands, shapes, shape);
        }
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
    ) -> Option<Array<'_, T>> {
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

    /// Those of the rewrites of a [`Graph`](crate::Graph) that apply.
    fn simplified_elementwise(
        &self,
        op: Op,
        operands: &[u32],
        shapes: &[Shape],
        shape: &Shape,
    ) -> Option<Array<'_, T>> {
        let constants: SmallVec<[Option<T>; 3]> =
            operands.iter().map(|id| self.constant_at(*id)).collect();
        if let Some(values) = constants
            .iter()
            .copied()
            .collect::<Option<SmallVec<[T; 3]>>>()
        {
            let value = |place: usize| values.get(place).copied().unwrap_or(T::ZERO);
            let value = op.value([0, 1, 2].map(value), self.subnormals);
            return Some(self.repeated(value, shape.clone()));
        }
        let x = self.array(operands[0]);
        let y = self.array(*operands.get(1).unwrap_or(&operands[0]));
        // The other operand may lack an axis of length 1.
        let is = |place: usize, value: T| {
            constants.get(place).copied().flatten() == Some(value)
                && shapes[1 - place].elements() == shape.elements()
        };
        let (minus_x, minus_y) = (self.negated(x.id), self.negated(y.id));
        match op {
            Op::Mul if is(0, T::ONE) => Some(y.reshape(shape)),
            Op::Mul | Op::Div if is(1, T::ONE) => Some(x.reshape(shape)),
            Op::Mul if is(0, -T::ONE) => Some(-y.reshape(shape)),
            Op::Mul if is(1, -T::ONE) => Some(-x.reshape(shape)),
            Op::Powi(0) => Some(self.repeated(T::ONE, shape.clone())),
            Op::Powi(1) => Some(x),
            Op::Where if constants[0].is_some() => {
                let is_second = constants[0] == Some(T::ZERO);
                let chosen = self.array(operands[1 + usize::from(is_second)]);
                Some(chosen.broadcast_to(shape))
            }
            Op::Pow if shapes[0] == *shape => {
                let n = whole_exponent(constants[1]?)?;
                Some(Array::apply(Op::Powi(n), &[x]))
            }
            _ => {
                let negated = [minus_x, minus_y];
                without_negatives(op, [x, y], negated, self.is_derivative.get())
            }
        }
    }
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
        Operation::Elementwise(_) => {
            let mut shape = x.clone();
            for other in &operands[1..] {
                let both = shape.broadcast(other);
                assert!(both.is_some(), "{name} of {shape} and {other}");
                shape = both.unwrap_or(shape);
            }
            shape
        }
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
