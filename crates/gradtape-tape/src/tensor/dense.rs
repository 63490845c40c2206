//! The common interface of tensors and traced arrays, so that rules are written once.

use std::borrow::Cow;

use super::operation::{AxisList, Reduce, Reduction, Stretch};
use super::{Operation, Result, Shape, Tensor};
use crate::Op;
use crate::error::Caller;

/// A dense array to which operations can be applied: a [`Tensor`], whose elements
/// are computed at once, or an [`Array`](crate::Array), which only
/// records operations.
pub(crate) trait Dense: Clone {
    /// The lengths of the axes.
    fn shape(&self) -> Cow<'_, Shape>;

    /// The result of an operation.
    fn perform(operation: Operation, operands: &[&Self], at: Caller) -> Result<Self>;

    /// A number of the same type, in the same place.
    fn number(&self, value: f64, at: Caller) -> Self;

    /// The same values in the type of `other`.
    fn cast_as(&self, other: &Self, at: Caller) -> Result<Self>;

    /// Whether both are the same tensor, or the same node.
    fn is_identical(&self, other: &Self) -> bool;

    /// This in another shape of the same size; itself if it has it already.
    fn reshaped(&self, shape: &Shape, at: Caller) -> Result<Self> {
        if *self.shape() == *shape {
            return Ok(self.clone());
        }
        Self::perform(Operation::Reshape(Box::new(shape.clone())), &[self], at)
    }

    /// This broadcast to a shape; itself if it has it already.
    fn stretched(&self, shape: &Shape, at: Caller) -> Result<Self> {
        if *self.shape() == *shape {
            return Ok(self.clone());
        }
        Self::perform(Operation::BroadcastTo(Box::new(shape.clone())), &[self], at)
    }

    /// The sum over the axes along which `shape` was broadcast to this.
    fn summed_to(&self, shape: &Shape, at: Caller) -> Result<Self> {
        let own = self.shape();
        if *own == *shape {
            return Ok(self.clone());
        }
        let added = own.len() - shape.len();
        let is_stretched =
            |axis: &usize| *axis < added || (shape[axis - added] == 1 && own[*axis] != 1);
        let axes: AxisList = (0..own.len()).filter(is_stretched).collect();
        let reduce = Reduce {
            kind: Reduction::Sum,
            axes,
            keep: false,
        };
        Self::perform(Operation::Reduce(Box::new(reduce)), &[self], at)?.reshaped(shape, at)
    }

    /// This with the last two axes exchanged.
    fn last_axes_exchanged(&self, at: Caller) -> Result<Self> {
        let mut order: AxisList = (0..self.shape().len()).collect();
        let rank = order.len();
        if rank >= 2 {
            order.swap(rank - 2, rank - 1);
        }
        Self::perform(Operation::Transpose(Box::new(order)), &[self], at)
    }

    /// `count` elements of one axis from `start` on.
    fn part(&self, axis: usize, start: usize, count: usize, at: Caller) -> Result<Self> {
        let stretch = |(number, length): (usize, &usize)| Stretch {
            start: if number == axis { start } else { 0 },
            step: 1,
            count: if number == axis { count } else { *length },
        };
        let stretches = self.shape().iter().enumerate().map(stretch).collect();
        Self::perform(Operation::Slice(stretches), &[self], at)
    }

    /// The products along an axis that is not empty, which stays with length 1:
    /// the first half times the second half, element by element, until one
    /// remains. So every derivative is exact, even with zeros among the factors.
    fn multiplied(&self, axis: usize, at: Caller) -> Result<Self> {
        let mut product = self.clone();
        loop {
            let length = product.shape()[axis];
            if length <= 1 {
                return Ok(product);
            }
            let half = length / 2;
            let head = product.part(axis, 0, half, at)?;
            let tail = product.part(axis, half, half, at)?;
            let halves = Self::perform(Operation::Elementwise(Op::Mul), &[&head, &tail], at)?;
            product = if length % 2 == 1 {
                let rest = product.part(axis, length - 1, 1, at)?;
                Self::perform(Operation::Concat(axis), &[&halves, &rest], at)?
            } else {
                halves
            };
        }
    }
}

impl Dense for Tensor {
    fn shape(&self) -> Cow<'_, Shape> {
        Cow::Borrowed(Tensor::shape(self))
    }

    fn perform(operation: Operation, operands: &[&Self], at: Caller) -> Result<Self> {
        Tensor::apply(operation, operands, at)
    }

    fn number(&self, value: f64, at: Caller) -> Self {
        Tensor::scalar(value, self.dtype(), at)
    }

    fn cast_as(&self, other: &Self, at: Caller) -> Result<Self> {
        Tensor::apply(Operation::Cast(other.dtype()), &[self], at)
    }

    fn is_identical(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}
