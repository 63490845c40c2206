//! Shapes: the lengths of a tensor's axes, and how two of them broadcast.

use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

/// The lengths of the axes of a tensor, outermost first; empty for a scalar.
///
/// # Examples
///
/// ```
/// use gradtape_tape::Tensor;
///
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(x.shape()[..], [2, 3]);
/// assert_eq!(x.shape().to_string(), "[2, 3]");
/// ```
#[derive(PartialEq, Eq, Hash, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Clone for Shape {
    #[inline]
    fn clone(&self) -> Self {
        // Copied as a whole, not element by element.
        Self(SmallVec::from_slice(&self.0))
    }
}

impl Shape {
    /// The shape of a scalar.
    #[must_use]
    pub fn scalar() -> Self {
        Self(SmallVec::new_const())
    }

    /// The number of elements, if it fits a `usize`.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        // A zero makes the number zero, whatever the other lengths are.
        if self.0.contains(&0) {
            return Some(0);
        }
        self.0
            .iter()
            .try_fold(1_usize, |product, length| product.checked_mul(*length))
    }

    /// The shape that both broadcast to, as in NumPy: lengths are compared from
    /// the right; equal lengths stay, a 1 is broadcast. `None` if they do not
    /// broadcast.
    #[must_use]
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        if self == other {
            return Some(self.clone());
        }
        let rank = self.len().max(other.len());
        (0..rank)
            .map(|axis| {
                let left = self.length_from_right(rank - 1 - axis);
                let right = other.length_from_right(rank - 1 - axis);
                match (left, right) {
                    _ if left == right => Some(left),
                    (1, length) | (length, 1) => Some(length),
                    _ => None,
                }
            })
            .collect::<Option<_>>()
            .map(Shape)
    }

    /// The length of an axis counted from the right; 1 if there is no such axis.
    fn length_from_right(&self, index: usize) -> usize {
        self.0.iter().rev().nth(index).copied().unwrap_or(1)
    }

    /// For each axis of `target`, which this broadcasts to, the distance in
    /// memory from one element to the next: 0 where this is broadcast.
    pub(crate) fn strides_within(&self, target: &Shape) -> SmallVec<[usize; 4]> {
        let mut strides: SmallVec<[usize; 4]> = SmallVec::new();
        let mut step = 1;
        for index in 0..target.len() {
            let length = self.length_from_right(index);
            strides.push(if length == 1 { 0 } else { step });
            // If an axis has length 0, the others may have any length.
            step = step.wrapping_mul(length);
        }
        strides.reverse();
        strides
    }

    /// The product of the lengths before `axis`, its own length, and the product of
    /// those after it: the memory layout for an operation along one axis.
    pub(crate) fn around(&self, axis: usize) -> (usize, usize, usize) {
        let outer = product(&self.0[..axis]);
        (outer, self.0[axis], product(&self.0[axis + 1..]))
    }

    /// This shape with another length for one axis.
    pub(crate) fn with(&self, axis: usize, length: usize) -> Shape {
        let mut shape = self.clone();
        shape.0[axis] = length;
        shape
    }

    /// This shape with an additional axis, which becomes number `axis`.
    pub(crate) fn inserted(&self, axis: usize, length: usize) -> Shape {
        let mut shape = self.clone();
        shape.0.insert(axis, length);
        shape
    }

    /// `self` followed by `other`.
    pub(crate) fn followed_by(&self, other: &[usize]) -> Shape {
        self.iter().chain(other).copied().collect()
    }
}

/// The product of lengths. For an empty tensor it may overflow `usize`; its value does
/// not matter then, since there are no elements.
pub(super) fn product(lengths: &[usize]) -> usize {
    lengths.iter().copied().fold(1, usize::wrapping_mul)
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(lengths: I) -> Self {
        Self(lengths.into_iter().collect())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(lengths: [usize; N]) -> Self {
        Self(SmallVec::from_slice(&lengths))
    }
}

impl From<&[usize]> for Shape {
    fn from(lengths: &[usize]) -> Self {
        Self(SmallVec::from_slice(lengths))
    }
}

impl From<Vec<usize>> for Shape {
    fn from(lengths: Vec<usize>) -> Self {
        Self(SmallVec::from_vec(lengths))
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", &self.0[..])
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// The axes of a reduction, numbered from 0, or from −1 backwards, and whether they
/// stay with length 1.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Axes, Tensor};
///
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum_axes(0)?, Tensor::from([4.0, 6.0]));
/// assert_eq!(x.sum_axes([0, -1])?, Tensor::from(10.0));
/// assert_eq!(x.sum_axes(Axes::from(-1).keep())?, Tensor::from([[3.0], [7.0]]));
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    /// `None`: all of them.
    pub(super) list: Option<SmallVec<[isize; 4]>>,
    pub(super) keep: bool,
}

impl Axes {
    /// Every axis.
    #[must_use]
    pub fn all() -> Self {
        Self {
            list: None,
            keep: false,
        }
    }

    /// Keeps the reduced axes, with length 1.
    #[must_use]
    pub fn keep(self) -> Self {
        Self { keep: true, ..self }
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self::from([axis])
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Self::from(&axes[..])
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Self {
            list: Some(SmallVec::from_slice(axes)),
            keep: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_from_the_right() {
        let check = |left: &[usize], right: &[usize], expected: Option<&[usize]>| {
            let (left, right) = (Shape::from(left), Shape::from(right));
            assert_eq!(left.broadcast(&right), expected.map(Shape::from));
            assert_eq!(right.broadcast(&left), expected.map(Shape::from));
        };
        check(&[], &[], Some(&[]));
        check(&[2, 3], &[], Some(&[2, 3]));
        check(&[2, 3], &[3], Some(&[2, 3]));
        check(&[2, 1], &[3], Some(&[2, 3]));
        check(&[2, 3], &[2], None);
        check(&[0, 3], &[1, 3], Some(&[0, 3]));
        check(&[0], &[2], None);
        check(&[7, 1, 5], &[6, 1], Some(&[7, 6, 5]));
    }

    #[test]
    fn a_stretched_axis_has_stride_zero() {
        let target = Shape::from([2, 3, 4]);
        assert_eq!(Shape::from([3, 1]).strides_within(&target)[..], [0, 1, 0]);
        assert_eq!(target.strides_within(&target)[..], [12, 4, 1]);
    }

    #[test]
    fn the_number_of_elements_does_not_wrap() {
        assert_eq!(Shape::from([usize::MAX, 2]).elements(), None);
        assert_eq!(Shape::from([usize::MAX, 2, 0]).elements(), Some(0));
        assert_eq!(Shape::scalar().elements(), Some(1));
    }
}
