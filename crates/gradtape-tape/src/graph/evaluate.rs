//! The value of a node: the definition that every evaluator follows.
//!
//! It is written once for numbers and for numbers of a [`Graph`], so that an unrolled
//! graph cannot differ.

use std::panic::Location;

use super::{Array, Graph, Node, ShapedNode, elements};
use crate::tensor::arrange::{each_row, slice_steps};
use crate::tensor::operation::{Extreme, Reduce, Reduction};
use crate::tensor::reduce::{accumulate, along};
use crate::tensor::{Operation, Shape};
use crate::{Op, Real, Subnormals};

/// The type of the elements, and the operations on them.
pub trait Evaluator<T> {
    /// An element.
    type Element: Copy;
    /// A constant.
    fn constant(&self, value: T) -> Self::Element;
    /// The result of an operation; only the first [`Op::arity`] operands count.
    fn apply(&self, op: Op, operands: [Self::Element; 3]) -> Self::Element;
}

/// Numbers, computed at once.
#[derive(Clone, Copy, Debug)]
pub struct Numbers(pub Subnormals);

impl<T: Real> Evaluator<T> for Numbers {
    type Element = T;

    fn constant(&self, value: T) -> T {
        value
    }

    fn apply(&self, op: Op, operands: [T; 3]) -> T {
        op.value(operands, self.0)
    }
}

impl<'g> Evaluator<f64> for &'g Graph {
    type Element = Array<'g>;

    fn constant(&self, value: f64) -> Array<'g> {
        Graph::constant(self, value)
    }

    fn apply(&self, op: Op, operands: [Array<'g>; 3]) -> Array<'g> {
        Array::apply(op, &operands[..op.arity()])
    }
}

/// The elements of the nodes `wanted`; evaluates only these and the nodes they need.
pub fn evaluate<T: Real, E: Evaluator<T>>(
    nodes: &[ShapedNode<T>],
    evaluator: &E,
    inputs: &[E::Element],
    wanted: &[usize],
) -> Vec<Vec<E::Element>> {
    let count = wanted.iter().map(|node| node + 1).max().unwrap_or(0);
    let is_needed = needed(&nodes[..count], wanted.iter().copied());
    let mut values: Vec<Vec<E::Element>> = vec![Vec::new(); count];
    for index in 0..count {
        if is_needed[index] {
            let operands = nodes[index].node.operands().iter();
            let operands: Vec<(&[E::Element], &Shape)> = operands
                .map(|id| (&values[*id as usize][..], &nodes[*id as usize].shape))
                .collect();
            values[index] = value(&nodes[index], &operands, evaluator, inputs);
        }
    }
    wanted.iter().map(|node| values[*node].clone()).collect()
}

/// For each node, whether it is `wanted` or one of these needs it.
pub fn needed<T>(nodes: &[ShapedNode<T>], wanted: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut is_needed = vec![false; nodes.len()];
    for node in wanted {
        is_needed[node] = true;
    }
    // Operands come before the nodes that use them.
    for index in (0..nodes.len()).rev() {
        if is_needed[index] {
            for operand in nodes[index].node.operands() {
                is_needed[*operand as usize] = true;
            }
        }
    }
    is_needed
}

/// The elements of one node.
pub fn value<T: Real, E: Evaluator<T>>(
    node: &ShapedNode<T>,
    operands: &[(&[E::Element], &Shape)],
    evaluator: &E,
    inputs: &[E::Element],
) -> Vec<E::Element> {
    let ShapedNode { node, shape } = node;
    let count = elements(shape);
    match node {
        Node::Input(first) => inputs[*first..first + count].to_vec(),
        Node::Constant(value) => vec![evaluator.constant(*value); count],
        Node::Data(values) => values.iter().map(|x| evaluator.constant(*x)).collect(),
        Node::Each(op, _) => {
            let each: Vec<Vec<E::Element>> = operands
                .iter()
                .map(|(x, own)| stretched(x, own, shape))
                .collect();
            let operand = |place: usize, index: usize| each.get(place).unwrap_or(&each[0])[index];
            (0..count)
                .map(|index| evaluator.apply(*op, [0, 1, 2].map(|place| operand(place, index))))
                .collect()
        }
        Node::Apply(operation, _) => applied(operation, operands, shape, evaluator),
        Node::Pieces(places, _) => {
            let mut sums: Vec<Option<E::Element>> = vec![None; count];
            for (place, (piece, piece_shape)) in places.iter().zip(operands) {
                let (start, steps) = slice_steps(shape, place);
                let mut piece = piece.iter();
                each_row(piece_shape, start, &steps, |at, length, step| {
                    for index in 0..length.cast_signed() {
                        let sum = &mut sums[at.wrapping_add_signed(index * step)];
                        let Some(&x) = piece.next() else { continue };
                        *sum = Some(sum.map_or(x, |sum| evaluator.apply(Op::Add, [sum, x, x])));
                    }
                });
            }
            let absent = || evaluator.constant(T::ZERO);
            sums.into_iter()
                .map(|sum| sum.unwrap_or_else(absent))
                .collect()
        }
    }
}

fn applied<T: Real, E: Evaluator<T>>(
    operation: &Operation,
    operands: &[(&[E::Element], &Shape)],
    shape: &Shape,
    evaluator: &E,
) -> Vec<E::Element> {
    let (x, x_shape) = operands[0];
    match operation {
        Operation::BroadcastTo(_) => stretched(x, x_shape, shape),
        Operation::Transpose(order) => {
            let own = x_shape.strides_within(x_shape);
            // An axis of length 1 has no stride, and needs none.
            let steps: Vec<isize> = order.iter().map(|axis| own[*axis].cast_signed()).collect();
            strided(x, shape, 0, &steps)
        }
        Operation::Slice(stretches) => {
            let (start, steps) = slice_steps(x_shape, stretches);
            strided(x, shape, start, &steps)
        }
        Operation::Concat(axis) => {
            let outer = shape.around(*axis).0;
            let mut joined = Vec::with_capacity(elements(shape));
            for block in 0..outer {
                for (part, _) in operands {
                    let length = part.len() / outer;
                    joined.extend_from_slice(&part[block * length..][..length]);
                }
            }
            joined
        }
        Operation::Cumsum { axis, is_reverse } => {
            let mut sums = x.to_vec();
            let add = |x, y| evaluator.apply(Op::Add, [x, y, y]);
            accumulate(&mut sums, x_shape.around(*axis), *is_reverse, add);
            sums
        }
        Operation::Reduce(reduce) => reduced(reduce, x, x_shape, evaluator),
        Operation::Matmul => {
            let (y, y_shape) = operands[1];
            let (k, n) = (y_shape[0], y_shape[1]);
            let mut product = Vec::with_capacity(elements(shape));
            for row in x.chunks_exact(k) {
                product.extend((0..n).map(|column| {
                    let mul = |i: usize| {
                        let (x, y) = (row[i], y[i * n + column]);
                        evaluator.apply(Op::Mul, [x, y, y])
                    };
                    let add = |sum, term| evaluator.apply(Op::Add, [sum, term, term]);
                    (1..k).fold(mul(0), |sum, i| add(sum, mul(i)))
                }));
            }
            product
        }
        // The same elements; arrays record no other operations.
        _ => x.to_vec(),
    }
}

fn reduced<T: Real, E: Evaluator<T>>(
    reduce: &Reduce,
    x: &[E::Element],
    shape: &Shape,
    evaluator: &E,
) -> Vec<E::Element> {
    let arranged = reduce.arranged(x, shape, Location::caller());
    let (x, around) = arranged.expect("the copy of an array fits in memory");
    let mut results = Vec::new();
    let none = evaluator.constant(T::ZERO);
    let combine = |a, b| combined(evaluator, reduce.kind, a, b);
    along(&x, around, none, combine, &mut results);
    results
}

/// Two elements of a reduction.
pub fn combined<T: Real, E: Evaluator<T>>(
    evaluator: &E,
    kind: Reduction,
    a: E::Element,
    b: E::Element,
) -> E::Element {
    match kind {
        Reduction::Sum => evaluator.apply(Op::Add, [a, b, b]),
        Reduction::Extreme(Extreme::Max) => evaluator.apply(Op::Max, [b, a, a]),
        Reduction::Extreme(Extreme::Min) => evaluator.apply(Op::Min, [b, a, a]),
    }
}

/// Elements broadcast to a shape.
fn stretched<E: Copy>(x: &[E], own: &Shape, shape: &Shape) -> Vec<E> {
    let steps = own.strides_within(shape);
    let steps: Vec<isize> = steps.iter().map(|step| step.cast_signed()).collect();
    strided(x, shape, 0, &steps)
}

fn strided<E: Copy>(x: &[E], shape: &Shape, start: usize, steps: &[isize]) -> Vec<E> {
    let mut moved = Vec::with_capacity(elements(shape));
    each_row(shape, start, steps, |place, length, step| {
        let each = 0..length.cast_signed();
        moved.extend(each.map(|index| x[place.wrapping_add_signed(index * step)]));
    });
    moved
}
