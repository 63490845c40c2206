//! Array handles and their operations.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::panic::Location;

use super::Graph;
use crate::error::{Caller, Result};
use crate::tensor::operation::{AxisList, Extreme, Reduce, Reduction, Stretch};
use crate::tensor::{Dense, Operation, Shape};
use crate::{Number, Op};

/// A number, vector or matrix in a [`Graph`]: a handle to a node, with the
/// usual operators, which broadcast as in NumPy.
///
/// Both operands of an operator must come from the same graph. The caller must check
/// the shapes: every method panics if shapes do not match, if an axis would be empty,
/// or if there would be a third axis.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Graph, Precision, Subnormals};
/// use gradtape_engine::Program;
///
/// let graph = Graph::new(Precision::F64, Subnormals::Keep);
/// let (x, y) = (graph.input([2]), graph.input([]));
/// let program = Program::new(&graph, &[x * y + x]);
/// assert_eq!(program.evaluate(&[1.0, 2.0, 10.0]), [11.0, 22.0]);
/// ```
#[derive(Clone, Copy)]
pub struct Array<'g> {
    pub(super) graph: &'g Graph,
    pub(super) id: u32,
}

impl fmt::Debug for Array<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "n{}", self.id)
    }
}

impl<'g> Array<'g> {
    /// The number of the node.
    #[doc(hidden)]
    pub fn node(self) -> usize {
        self.id as usize
    }

    /// The graph that it belongs to.
    #[must_use]
    pub fn graph(self) -> &'g Graph {
        self.graph
    }

    /// The lengths of the axes; none for a number.
    #[must_use]
    pub fn shape(self) -> Shape {
        self.graph.shape_at(self.id)
    }

    /// The number in every element, if it is the same constant.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        self.graph.constant_at(self.id)
    }

    /// A constant number in the same graph, rounded to its precision.
    #[must_use]
    pub fn constant(self, value: f64) -> Self {
        self.graph.constant(value)
    }

    /// An operation of the table on each element, over shapes that broadcast.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Array, Graph, Op, Precision, Subnormals};
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let (x, limit) = (graph.input([2, 3]), graph.input([3]));
    /// assert_eq!(Array::apply(Op::Max, &[x, limit]).shape()[..], [2, 3]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn apply(op: Op, operands: &[Self]) -> Self {
        debug_assert_eq!(operands.len(), op.arity(), "{}", op.name());
        // Unused places repeat the first operand, so that equal nodes have equal keys.
        let mut ids = [operands[0].id; 3];
        for (id, operand) in ids.iter_mut().zip(operands) {
            *id = operand.id;
        }
        operands[0].graph.each(op, ids)
    }

    /// The result of an operation of one operand.
    #[must_use]
    #[track_caller]
    pub fn unary(self, op: Op) -> Self {
        Array::apply(op, &[self])
    }

    /// The result of an operation of two operands.
    #[must_use]
    #[track_caller]
    pub fn binary(self, op: Op, other: Self) -> Self {
        Array::apply(op, &[self, other])
    }

    /// `x` where this is not 0, else `y`.
    #[must_use]
    #[track_caller]
    pub fn select(self, x: Self, y: Self) -> Self {
        Array::apply(Op::Where, &[self, x, y])
    }

    /// xⁿ for an integer n, as a product; see [`Op::Powi`].
    #[must_use]
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        self.unary(Op::Powi(n))
    }

    /// xʸ.
    #[must_use]
    #[track_caller]
    pub fn pow(self, y: Self) -> Self {
        self.binary(Op::Pow, y)
    }

    /// sin x.
    #[must_use]
    #[track_caller]
    pub fn sin(self) -> Self {
        self.unary(Op::Sin)
    }

    /// |x|.
    #[must_use]
    #[track_caller]
    pub fn abs(self) -> Self {
        self.unary(Op::Abs)
    }

    /// √(x² + y²).
    #[must_use]
    #[track_caller]
    pub fn hypot(self, y: Self) -> Self {
        self.binary(Op::Hypot, y)
    }

    /// The sum of all elements, or along one axis, which is removed. Fewer than eight
    /// numbers are added from the left, more in the same fixed tree as the elements of a
    /// [`Tensor`](crate::Tensor).
    #[must_use]
    #[track_caller]
    pub fn sum(self, axis: Option<usize>) -> Self {
        self.reduced(Reduction::Sum, axis)
    }

    /// The largest element, NaN if one is NaN; the derivative is split evenly among
    /// all elements equal to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let x = graph.input([3]);
    /// let largest = x.max(None);
    /// let gradient = graph.gradient(largest, &[x])[0];
    /// let program = Program::new(&graph, &[largest, gradient]);
    /// assert_eq!(program.evaluate(&[4.0, 1.0, 4.0]), [4.0, 0.5, 0.0, 0.5]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn max(self, axis: Option<usize>) -> Self {
        self.reduced(Reduction::Extreme(Extreme::Max), axis)
    }

    /// The smallest element; otherwise like [`Array::max`].
    #[must_use]
    #[track_caller]
    pub fn min(self, axis: Option<usize>) -> Self {
        self.reduced(Reduction::Extreme(Extreme::Min), axis)
    }

    /// The product of all elements, or along one axis: the first half times the
    /// second half, element by element, until one remains. So every derivative is
    /// exact, even with zeros among the factors.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let x = graph.input([3]);
    /// let product = x.prod(None);
    /// let gradient = graph.gradient(product, &[x])[0];
    /// let program = Program::new(&graph, &[product, gradient]);
    /// assert_eq!(program.evaluate(&[0.0, 2.0, 3.0]), [0.0, 6.0, 0.0, 0.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn prod(self, axis: Option<usize>) -> Self {
        let (x, axis) = match axis {
            Some(axis) => (self, axis),
            None => (self.flattened(), 0),
        };
        let product = x.multiplied(axis, Location::caller());
        let product = product.expect("arrays record every operation");
        product.without_axis(axis)
    }

    /// Cumulative sums along the last axis: each element is the sum of the elements up
    /// to it.
    ///
    /// # Panics
    ///
    /// If the array is a number.
    #[must_use]
    #[track_caller]
    pub fn cumsum(self) -> Self {
        let axis = self.shape().len().checked_sub(1);
        let axis = axis.expect("an axis to sum along");
        let is_reverse = false;
        perform(Operation::Cumsum { axis, is_reverse }, &[self])
    }

    /// `count` elements of one axis, from `start` on in steps of `step`.
    ///
    /// # Panics
    ///
    /// If these elements are not within the axis.
    #[must_use]
    #[track_caller]
    pub fn slice(self, axis: usize, start: usize, step: isize, count: usize) -> Self {
        let shape = self.shape();
        let last = count.checked_sub(1).map(usize::cast_signed);
        let last = last.map(|last| start.checked_add_signed(last.wrapping_mul(step)));
        let is_inside = |place: usize| place < shape[axis];
        assert!(
            is_inside(start) && last.flatten().is_some_and(is_inside) && (step != 0 || count == 1),
            "elements of the axis"
        );
        let stretch = |(number, length): (usize, &usize)| {
            if number == axis {
                Stretch { start, step, count }
            } else {
                Stretch {
                    start: 0,
                    step: 1,
                    count: *length,
                }
            }
        };
        let stretches = shape.iter().enumerate().map(stretch).collect();
        perform(Operation::Slice(stretches), &[self])
    }

    /// Zeros whose first axis has this length, with the elements of this array placed
    /// from `start` on in steps of `step`.
    #[track_caller]
    #[doc(hidden)]
    pub fn placed(self, start: usize, step: isize, length: usize) -> Self {
        let shape = self.shape();
        let stretch = |(number, count): (usize, &usize)| Stretch {
            start: if number == 0 { start } else { 0 },
            step: if number == 0 { step } else { 1 },
            count: *count,
        };
        let stretches = shape.iter().enumerate().map(stretch).collect();
        let whole = Box::new(shape.with(0, length));
        perform(Operation::Place(whole, stretches), &[self])
    }

    /// The part at one index of an axis, which is removed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let matrix = graph.input([2, 3]);
    /// assert_eq!(matrix.index(0, 1).shape()[..], [3]);
    /// assert!(matrix.index(1, 0).index(0, 1).shape().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn index(self, axis: usize, at: usize) -> Self {
        self.slice(axis, at, 1, 1).without_axis(axis)
    }

    /// Arrays of the same shape, stacked along a new first axis.
    ///
    /// # Panics
    ///
    /// If `parts` is empty.
    #[must_use]
    #[track_caller]
    pub fn stack(parts: &[Self]) -> Self {
        let lengthened = |part: &Self| part.reshape(part.shape().inserted(0, 1));
        let parts: Vec<Self> = parts.iter().map(lengthened).collect();
        Array::joined(&parts)
    }

    /// Arrays concatenated along their first axis.
    ///
    /// # Panics
    ///
    /// If `parts` is empty.
    #[track_caller]
    #[doc(hidden)]
    pub fn joined(parts: &[Self]) -> Self {
        perform(Operation::Concat(0), parts)
    }

    /// All elements as a vector.
    #[track_caller]
    #[doc(hidden)]
    pub fn flattened(self) -> Self {
        self.reshape([super::elements(&self.shape())])
    }

    /// The matrix product; each element is the sum of its products from the left. A
    /// vector on the left counts as a row, on the right as a column; for two vectors
    /// it is [`Array::sum`] of the products of their elements.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let (matrix, x) = (graph.input([2, 3]), graph.input([3]));
    /// assert_eq!(matrix.matmul(x).shape()[..], [2]);
    /// assert_eq!(matrix.matmul(x).matmul(matrix).shape()[..], [3]);
    /// assert!(x.matmul(x).shape().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul(self, other: Self) -> Self {
        let (left, right) = (self.shape(), other.shape());
        if left.len() == 1 && right.len() == 1 {
            assert_eq!(left, right, "vectors of the same length");
            return (self * other).sum(None);
        }
        let row = if left.len() == 1 {
            self.reshape(left.inserted(0, 1))
        } else {
            self
        };
        let column = if right.len() == 1 {
            other.reshape(right.inserted(1, 1))
        } else {
            other
        };
        let product = perform(Operation::Matmul, &[row, column]);
        if left.len() == 1 {
            product.without_axis(0)
        } else if right.len() == 1 {
            product.without_axis(1)
        } else {
            product
        }
    }

    /// The array with its axes in reverse order: rows become columns.
    #[must_use]
    #[track_caller]
    pub fn transpose(self) -> Self {
        let order: AxisList = (0..self.shape().len()).rev().collect();
        perform(Operation::Transpose(Box::new(order)), &[self])
    }

    /// The same elements in another shape.
    #[must_use]
    #[track_caller]
    pub fn reshape(self, shape: impl Into<Shape>) -> Self {
        perform(Operation::Reshape(Box::new(shape.into())), &[self])
    }

    /// The array broadcast to a shape, like an operand.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(self, shape: impl Into<Shape>) -> Self {
        perform(Operation::BroadcastTo(Box::new(shape.into())), &[self])
    }

    /// The same values as constants: no derivative passes through.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let x = graph.input([2]);
    /// let f = (x.stop_gradient() * x).sum(None);
    /// let gradient = graph.gradient(f, &[x])[0];
    /// assert_eq!(gradient.to_string(), x.stop_gradient().to_string());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn stop_gradient(self) -> Self {
        perform(Operation::StopGradient, &[self])
    }

    #[track_caller]
    fn reduced(self, kind: Reduction, axis: Option<usize>) -> Self {
        let rank = self.shape().len();
        if rank == 0 {
            return self;
        }
        let axes: AxisList = match axis {
            Some(axis) => {
                assert!(axis < rank, "an axis of the array");
                std::iter::once(axis).collect()
            }
            None => (0..rank).collect(),
        };
        let keep = false;
        let reduce = Reduce { kind, axes, keep };
        perform(Operation::Reduce(Box::new(reduce)), &[self])
    }

    /// The array without an axis of length 1.
    #[track_caller]
    fn without_axis(self, axis: usize) -> Self {
        let shape = self.shape();
        let lengths = shape
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != axis);
        let shape: Shape = lengths.map(|(_, length)| *length).collect();
        self.reshape(shape)
    }
}

impl fmt::Display for Array<'_> {
    /// The name of the node in the printed graph.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "n{}", self.id)
    }
}

#[track_caller]
fn perform<'g>(operation: Operation, operands: &[Array<'g>]) -> Array<'g> {
    let graph = operands.first().expect("an operand").graph;
    let ids = operands.iter().map(|operand| operand.id).collect();
    graph.record(operation, ids)
}

impl Dense for Array<'_> {
    fn shape(&self) -> Cow<'_, Shape> {
        Cow::Owned(Array::shape(*self))
    }

    fn perform(operation: Operation, operands: &[&Self], _: Caller) -> Result<Self> {
        if let Operation::Elementwise(op) = operation {
            return Ok(Number::apply(op, operands));
        }
        let operands: Vec<Self> = operands.iter().map(|operand| **operand).collect();
        Ok(perform(operation, &operands))
    }

    fn number(&self, value: f64, _: Caller) -> Self {
        self.graph.constant(value)
    }

    /// Booleans are the numbers 1 and 0 already.
    fn cast_as(&self, _: &Self, _: Caller) -> Result<Self> {
        Ok(*self)
    }

    fn is_identical(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<'g> $trait for Array<'g> {
            type Output = Array<'g>;
            #[track_caller]
            fn $method(self, other: Self) -> Self {
                Array::apply(Op::$trait, &[self, other])
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<'g> Neg for Array<'g> {
    type Output = Array<'g>;
    fn neg(self) -> Self {
        Array::apply(Op::Neg, &[self])
    }
}

impl Number for Array<'_> {
    fn constant(&self, value: f64) -> Self {
        self.graph.constant(value)
    }

    fn apply(op: Op, operands: &[&Self]) -> Self {
        let [x, y, z] = [0, 1, 2].map(|place| **operands.get(place).unwrap_or(&operands[0]));
        Array::apply(op, &[x, y, z][..op.arity()])
    }

    fn is_same(&self, other: &Self) -> bool {
        self.is_identical(other)
    }
}
