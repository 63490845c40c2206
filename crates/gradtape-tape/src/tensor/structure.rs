//! Methods that reshape, slice, join, reduce and multiply tensors.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};
use std::panic::Location;

use smallvec::SmallVec;

use super::dense::Dense;
use super::operation::{AxisList, Extreme, Reduce, Reduction, Stretch};
use super::{Axes, DType, Error, Operation, Result, Shape, Tensor};
use crate::Op;
use crate::error::Caller;

/// A part of one axis, as in Python: from `start` up to but excluding `end`, in steps
/// of `step`. Negative numbers count from the end; bounds outside the axis are clamped
/// to it.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Span, Tensor};
///
/// let x = Tensor::from([10, 11, 12, 13, 14]);
/// assert_eq!(x.slice([1..3])?, Tensor::from([11, 12]));
/// assert_eq!(x.slice([-2..])?, Tensor::from([13, 14]));
/// assert_eq!(x.slice([Span::from(..).step(-2)])?, Tensor::from([14, 12, 10]));
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: Option<isize>,
    end: Option<isize>,
    step: isize,
}

impl Span {
    /// Every `step`-th element, backwards from the last if `step` is negative.
    #[must_use]
    pub fn step(self, step: isize) -> Self {
        Self { step, ..self }
    }

    /// Python's rules, for an axis of this length.
    fn within(self, length: usize) -> Option<Stretch> {
        // A longer axis belongs to an empty tensor.
        let length = isize::try_from(length).unwrap_or(isize::MAX);
        let (lowest, highest) = if self.step > 0 {
            (0, length)
        } else {
            (-1, length - 1)
        };
        let place = |end: isize| {
            let end = if end < 0 {
                end.saturating_add(length)
            } else {
                end
            };
            end.clamp(lowest, highest)
        };
        let (first, last) = if self.step > 0 {
            (lowest, highest)
        } else {
            (highest, lowest)
        };
        let start = self.start.map_or(first, place);
        let end = self.end.map_or(last, place);
        let distance = if self.step > 0 {
            end - start
        } else {
            start - end
        };
        let size = self.step.checked_abs().filter(|size| *size > 0)?;
        let count = distance
            .max(0)
            .cast_unsigned()
            .div_ceil(size.cast_unsigned());
        Some(Stretch {
            start: if count == 0 { 0 } else { start.cast_unsigned() },
            step: self.step,
            count,
        })
    }
}

impl From<Range<isize>> for Span {
    fn from(range: Range<isize>) -> Self {
        Self {
            start: Some(range.start),
            end: Some(range.end),
            step: 1,
        }
    }
}

impl From<RangeFrom<isize>> for Span {
    fn from(range: RangeFrom<isize>) -> Self {
        Self {
            start: Some(range.start),
            end: None,
            step: 1,
        }
    }
}

impl From<RangeTo<isize>> for Span {
    fn from(range: RangeTo<isize>) -> Self {
        Self {
            start: None,
            end: Some(range.end),
            step: 1,
        }
    }
}

impl From<RangeFull> for Span {
    fn from(_: RangeFull) -> Self {
        Self {
            start: None,
            end: None,
            step: 1,
        }
    }
}

impl Tensor {
    /// The number of an axis; a negative one counts from the end.
    fn axis(&self, operation: &'static str, axis: isize, at: Caller) -> Result<usize> {
        axis_of(operation, axis, self.shape(), self.rank(), at)
    }

    fn axes(&self, operation: &'static str, axes: &Axes, at: Caller) -> Result<AxisList> {
        let Some(list) = &axes.list else {
            return Ok((0..self.rank()).collect());
        };
        let mut found = AxisList::new();
        for axis in list {
            let place = self.axis(operation, *axis, at)?;
            if found.contains(&place) {
                return Err(Error::Axis {
                    operation,
                    axis: *axis,
                    shape: self.shape().clone(),
                    at,
                });
            }
            found.push(place);
        }
        found.sort_unstable();
        Ok(found)
    }

    fn reduced(
        &self,
        operation: &'static str,
        kind: Reduction,
        axes: &Axes,
        at: Caller,
    ) -> Result<Tensor> {
        let reduce = Reduce {
            kind,
            axes: self.axes(operation, axes, at)?,
            keep: axes.keep,
        };
        Tensor::apply(Operation::Reduce(Box::new(reduce)), &[self], at)
    }

    /// The same elements in another shape.
    ///
    /// # Errors
    ///
    /// [`Error::Elements`] if the number of elements differs.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let (shape, at) = (shape.into(), Location::caller());
        if shape.elements() != Some(self.len()) {
            return Err(Error::Elements {
                operation: "reshape",
                elements: self.len(),
                shape,
                at,
            });
        }
        Tensor::apply(Operation::Reshape(Box::new(shape)), &[self], at)
    }

    /// All elements in a vector.
    #[must_use]
    #[track_caller]
    pub fn flatten(&self) -> Tensor {
        self.reshape([self.len()]).unwrap_or_else(|_| self.clone())
    }

    /// The tensor with an additional axis of length 1, which becomes number `axis`.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`].
    #[track_caller]
    pub fn expand_dims(&self, axis: isize) -> Result<Tensor> {
        let at = Location::caller();
        let place = axis_of("expand_dims", axis, self.shape(), self.rank() + 1, at)?;
        self.reshaped(&self.shape().inserted(place, 1), at)
    }

    /// The tensor broadcast to a shape, like an operand.
    ///
    /// # Errors
    ///
    /// [`Error::BroadcastTo`], [`Error::Memory`].
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let (shape, at) = (shape.into(), Location::caller());
        if self.shape().broadcast(&shape).as_ref() != Some(&shape) {
            return Err(Error::BroadcastTo {
                from: self.shape().clone(),
                to: shape,
                at,
            });
        }
        Tensor::apply(Operation::BroadcastTo(Box::new(shape)), &[self], at)
    }

    /// The tensor with its axes in reverse order; a matrix is transposed.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
    /// assert_eq!(x.transpose(), Tensor::from([[1, 4], [2, 5], [3, 6]]));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn transpose(&self) -> Tensor {
        let order = (0..self.rank().cast_signed()).rev().collect::<Vec<_>>();
        self.permute(&order).unwrap_or_else(|_| self.clone())
    }

    /// The tensor with its axes in another order: axis i of the result is axis
    /// `order[i]`.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`] unless every axis is listed exactly once.
    #[track_caller]
    pub fn permute(&self, order: &[isize]) -> Result<Tensor> {
        let (operation, at) = ("permute", Location::caller());
        let mut places = AxisList::new();
        for axis in order {
            let place = self.axis(operation, *axis, at)?;
            if places.contains(&place) {
                return Err(Error::Axis {
                    operation,
                    axis: *axis,
                    shape: self.shape().clone(),
                    at,
                });
            }
            places.push(place);
        }
        if places.len() < self.rank() {
            return Err(Error::Axis {
                operation,
                axis: places.len().cast_signed(),
                shape: self.shape().clone(),
                at,
            });
        }
        Tensor::apply(Operation::Transpose(Box::new(places)), &[self], at)
    }

    /// A part of each axis, starting with the first axis; axes without a span are
    /// taken whole.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`] if there are more spans than axes, [`Error::Step`] for a
    /// step of 0.
    #[track_caller]
    pub fn slice<S: Into<Span>>(&self, spans: impl IntoIterator<Item = S>) -> Result<Tensor> {
        let (operation, at) = ("slice", Location::caller());
        let mut spans = spans.into_iter().map(Into::into);
        let whole = Span::from(..);
        let mut stretches = Vec::with_capacity(self.rank());
        for (axis, length) in self.shape().iter().enumerate() {
            let span = spans.next().unwrap_or(whole);
            let stretch = span.within(*length).ok_or(Error::Step {
                operation,
                axis,
                at,
            })?;
            stretches.push(stretch);
        }
        if spans.next().is_some() {
            return Err(Error::Axis {
                operation,
                axis: self.rank().cast_signed(),
                shape: self.shape().clone(),
                at,
            });
        }
        Tensor::apply(Operation::Slice(stretches.into()), &[self], at)
    }

    /// The part at one index of the first axis, which is removed; a negative index
    /// counts from the end.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`] for a scalar, [`Error::Index`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.at(-1)?, Tensor::from([3.0, 4.0]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn at(&self, index: isize) -> Result<Tensor> {
        let (operation, at) = ("at", Location::caller());
        self.axis(operation, 0, at)?;
        let length = self.shape()[0];
        let place = if index < 0 {
            length.checked_add_signed(index)
        } else {
            Some(index.cast_unsigned())
        };
        let place = place.filter(|place| *place < length).ok_or(Error::Index {
            operation,
            index: index as i64,
            length,
            at,
        })?;
        let stretch = |(axis, length): (usize, &usize)| Stretch {
            start: if axis == 0 { place } else { 0 },
            step: 1,
            count: if axis == 0 { 1 } else { *length },
        };
        let stretches = self.shape().iter().enumerate().map(stretch).collect();
        let part = Tensor::apply(Operation::Slice(stretches), &[self], at)?;
        part.reshaped(&Shape::from(&self.shape()[1..]), at)
    }

    /// The parts along an axis selected by `indices` (`i64`, any shape), whose axes
    /// replace that axis. Indices may repeat.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Index`], [`Error::Type`] if the indices are
    /// not `i64`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([10.0, 20.0, 30.0]);
    /// assert_eq!(x.gather(&Tensor::from([2, 0, 2]), 0)?, Tensor::from([30.0, 10.0, 30.0]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn gather(&self, indices: &Tensor, axis: isize) -> Result<Tensor> {
        let at = Location::caller();
        let axis = self.axis("gather", axis, at)?;
        Tensor::apply(Operation::Gather(axis), &[self, indices], at)
    }

    /// Tensors concatenated along an axis; the other axes must match.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] for no tensor, [`Error::Axis`], [`Error::Shape`],
    /// [`Error::MixedTypes`].
    #[track_caller]
    pub fn concat<'t>(
        tensors: impl IntoIterator<Item = &'t Tensor>,
        axis: isize,
    ) -> Result<Tensor> {
        let (operation, at) = ("concat", Location::caller());
        let tensors: SmallVec<[&Tensor; 4]> = tensors.into_iter().collect();
        let first = tensors.first().ok_or(Error::Empty { operation, at })?;
        let axis = first.axis(operation, axis, at)?;
        for tensor in &tensors {
            let fits = tensor.rank() == first.rank()
                && tensor.shape().with(axis, 0) == first.shape().with(axis, 0);
            if !fits {
                return Err(Error::Shape {
                    operation,
                    shape: tensor.shape().clone(),
                    expected: format!("{} except for axis {axis}", first.shape()),
                    at,
                });
            }
        }
        Tensor::apply(Operation::Concat(axis), &tensors, at)
    }

    /// Tensors of the same shape, stacked along a new axis.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] for no tensor, [`Error::Axis`], [`Error::Shape`],
    /// [`Error::MixedTypes`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let (a, b) = (Tensor::from([1, 2]), Tensor::from([3, 4]));
    /// assert_eq!(Tensor::stack([&a, &b], 0)?, Tensor::from([[1, 2], [3, 4]]));
    /// assert_eq!(Tensor::stack([&a, &b], 1)?, Tensor::from([[1, 3], [2, 4]]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn stack<'t>(tensors: impl IntoIterator<Item = &'t Tensor>, axis: isize) -> Result<Tensor> {
        let tensors: Vec<&Tensor> = tensors.into_iter().collect();
        Self::stacked(&tensors, axis, Location::caller())
    }

    /// [`Tensor::stack`] for the caller `at`.
    pub(crate) fn stacked(tensors: &[&Tensor], axis: isize, at: Caller) -> Result<Tensor> {
        let operation = "stack";
        let first = *tensors.first().ok_or(Error::Empty { operation, at })?;
        let place = axis_of(operation, axis, first.shape(), first.rank() + 1, at)?;
        let shape = first.shape().inserted(place, 1);
        let expanded = tensors.iter().map(|tensor| {
            tensor.expect_shape(operation, first.shape(), at)?;
            tensor.reshaped(&shape, at)
        });
        let expanded: Vec<Tensor> = expanded.collect::<Result<_>>()?;
        let expanded: SmallVec<[&Tensor; 4]> = expanded.iter().collect();
        Tensor::apply(Operation::Concat(place), &expanded, at)
    }

    /// The matrix product over the last axis of `self` and the second-to-last axis of
    /// `other`; the axes before broadcast. As in NumPy, a vector on the left counts as
    /// a row, on the right as a column, and its axis is removed. Each element is the
    /// sum of its products from the left.
    ///
    /// # Errors
    ///
    /// [`Error::Matmul`], [`Error::MixedTypes`], [`Error::Type`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let x = Tensor::from([1.0, 10.0]);
    /// assert_eq!(a.matmul(&x)?, Tensor::from([21.0, 43.0]));
    /// assert_eq!(x.matmul(&x)?, Tensor::from(101.0));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Result<Tensor> {
        let at = Location::caller();
        let (is_row, is_column) = (self.rank() == 1, other.rank() == 1);
        let fits = match (&self.shape()[..], &other.shape()[..]) {
            ([.., k], [l]) | ([.., k], [.., l, _]) => k == l,
            _ => false,
        };
        if !fits {
            return Err(Error::Matmul {
                left: self.shape().clone(),
                right: other.shape().clone(),
                at,
            });
        }
        let left = if is_row {
            self.reshaped(&self.shape().inserted(0, 1), at)?
        } else {
            self.clone()
        };
        let right = if is_column {
            other.reshaped(&other.shape().inserted(1, 1), at)?
        } else {
            other.clone()
        };
        let product = Tensor::apply(Operation::Matmul, &[&left, &right], at)?;
        let axes = product.shape().iter().enumerate();
        let rank = product.rank();
        let goes = |axis: usize| (is_row && axis + 2 == rank) || (is_column && axis + 1 == rank);
        let shape: Shape = axes
            .filter(|(axis, _)| !goes(*axis))
            .map(|(_, n)| *n)
            .collect();
        product.reshaped(&shape, at)
    }

    /// The sum of all elements. Its order is the same on every machine; see
    /// [`Tensor::sum_axes`].
    ///
    /// # Errors
    ///
    /// [`Error::Type`] for booleans.
    #[track_caller]
    pub fn sum(&self) -> Result<Tensor> {
        self.sum_axes(Axes::all())
    }

    /// The sums over some axes; 0 for an axis of length 0.
    ///
    /// Fewer than eight numbers are added from the left, more in a fixed tree,
    /// so that the error grows with the logarithm of their number.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] for booleans.
    #[track_caller]
    pub fn sum_axes(&self, axes: impl Into<Axes>) -> Result<Tensor> {
        self.reduced("sum", Reduction::Sum, &axes.into(), Location::caller())
    }

    /// The mean of all elements; NaN if there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn mean(&self) -> Result<Tensor> {
        self.mean_axes(Axes::all())
    }

    /// The means over some axes.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn mean_axes(&self, axes: impl Into<Axes>) -> Result<Tensor> {
        self.mean_less("mean", &axes.into(), 0, Location::caller())
    }

    /// The sum over some axes, divided by the number of elements minus `ddof`.
    fn mean_less(
        &self,
        operation: &'static str,
        axes: &Axes,
        ddof: usize,
        at: Caller,
    ) -> Result<Tensor> {
        self.expect_float(operation, at)?;
        let sum = self.reduced(operation, Reduction::Sum, axes, at)?;
        let axes = self.axes(operation, axes, at)?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "no tensor has enough elements for this to matter"
        )]
        let [count, less] = [
            axes.into_iter()
                .map(|axis| self.shape()[axis] as f64)
                .product(),
            ddof as f64,
        ];
        let count = Tensor::scalar(f64::max(count - less, 0.0), self.dtype(), at);
        Tensor::apply(Operation::Elementwise(Op::Div), &[&sum, &count], at)
    }

    /// The variance of all elements: the sum of their squared differences from the mean,
    /// divided by the number of elements minus `ddof`. A `ddof` of 0 gives the variance of
    /// a population, 1 the estimate from a sample. NaN or infinite if the divisor is not
    /// positive.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not floating-point numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([1.0, 2.0, 3.0, 6.0]);
    /// assert_eq!(x.var(0)?.item::<f64>()?, 3.5);
    /// assert_eq!(x.std(1)?.item::<f64>()?, (14.0_f64 / 3.0).sqrt());
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn var(&self, ddof: usize) -> Result<Tensor> {
        self.var_axes(Axes::all(), ddof)
    }

    /// The variances over some axes.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn var_axes(&self, axes: impl Into<Axes>, ddof: usize) -> Result<Tensor> {
        let (axes, at) = (axes.into(), Location::caller());
        let mean = self.mean_less("var", &axes.clone().keep(), 0, at)?;
        let squares = self.try_sub(&mean)?.square()?;
        squares.mean_less("var", &axes, ddof, at)
    }

    /// The standard deviation of all elements, the root of [`Tensor::var`]; its derivative
    /// is NaN where all elements are equal.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn std(&self, ddof: usize) -> Result<Tensor> {
        self.std_axes(Axes::all(), ddof)
    }

    /// The standard deviations over some axes.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn std_axes(&self, axes: impl Into<Axes>, ddof: usize) -> Result<Tensor> {
        self.var_axes(axes, ddof)?.sqrt()
    }

    /// The largest element; −∞ (for `i64` the smallest number) if there are none, NaN if
    /// one is NaN. The derivative is split evenly among all elements equal to it.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] for booleans.
    #[track_caller]
    pub fn max(&self) -> Result<Tensor> {
        self.max_axes(Axes::all())
    }

    /// The largest elements over some axes; see [`Tensor::max`].
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] for booleans.
    #[track_caller]
    pub fn max_axes(&self, axes: impl Into<Axes>) -> Result<Tensor> {
        let kind = Reduction::Extreme(Extreme::Max);
        self.reduced("max", kind, &axes.into(), Location::caller())
    }

    /// The smallest element; ∞ (for `i64` the largest number) if there are none, NaN if
    /// one is NaN. The derivative is split evenly among all elements equal to it.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] for booleans.
    #[track_caller]
    pub fn min(&self) -> Result<Tensor> {
        self.min_axes(Axes::all())
    }

    /// The smallest elements over some axes; see [`Tensor::min`].
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] for booleans.
    #[track_caller]
    pub fn min_axes(&self, axes: impl Into<Axes>) -> Result<Tensor> {
        let kind = Reduction::Extreme(Extreme::Min);
        self.reduced("min", kind, &axes.into(), Location::caller())
    }

    /// The index along `axis` of the first largest element; no derivative.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Empty`] if the axis has length 0.
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Result<Tensor> {
        let at = Location::caller();
        let axis = self.axis("argmax", axis, at)?;
        Tensor::apply(Operation::Position(Extreme::Max, axis), &[self], at)
    }

    /// The index along `axis` of the first smallest element; no derivative.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Empty`] if the axis has length 0.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Result<Tensor> {
        let at = Location::caller();
        let axis = self.axis("argmin", axis, at)?;
        Tensor::apply(Operation::Position(Extreme::Min, axis), &[self], at)
    }

    /// The product of all elements; 1 if there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] for booleans.
    #[track_caller]
    pub fn prod(&self) -> Result<Tensor> {
        self.flatten().prod_axis(0)
    }

    /// The products along an axis: the first half times the second half,
    /// element by element, until one remains. So every derivative is exact,
    /// even with zeros among the factors.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] for booleans.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.prod_axis(1)?, Tensor::from([6.0, 120.0]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn prod_axis(&self, axis: isize) -> Result<Tensor> {
        let (operation, at) = ("prod", Location::caller());
        let axis = self.axis(operation, axis, at)?;
        if self.dtype() == DType::Bool {
            return Err(Error::Type {
                operation,
                dtype: DType::Bool,
                expected: "numbers",
                at,
            });
        }
        let product = self.multiplied(axis, at)?;
        let shape: Shape = product.shape()[..axis]
            .iter()
            .chain(&product.shape()[axis + 1..])
            .copied()
            .collect();
        if product.shape()[axis] == 0 {
            return Tensor::constant(1.0, self.dtype(), shape, at);
        }
        product.reshaped(&shape, at)
    }

    /// The Euclidean norm of all elements, √Σx². The derivative at 0 is NaN.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn norm(&self) -> Result<Tensor> {
        self.norm_axes(Axes::all())
    }

    /// The Euclidean norms over some axes.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn norm_axes(&self, axes: impl Into<Axes>) -> Result<Tensor> {
        self.expect_float("norm", Location::caller())?;
        self.square()?.sum_axes(axes)?.sqrt()
    }

    /// ln Σeˣ over all elements, without overflow.
    ///
    /// # Errors
    ///
    /// [`Error::Type`] if the elements are not floating-point numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp()?.item::<f64>()?, 1000.0 + 2.0_f64.ln());
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn logsumexp(&self) -> Result<Tensor> {
        self.logsumexp_axes(Axes::all())
    }

    /// ln Σeˣ over some axes.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] if the elements are not floating-point numbers.
    #[track_caller]
    pub fn logsumexp_axes(&self, axes: impl Into<Axes>) -> Result<Tensor> {
        let (axes, at) = (axes.into(), Location::caller());
        let shift = self.shift("logsumexp", &axes, at)?;
        let sum = (self - &shift)
            .exp()?
            .reduced("logsumexp", Reduction::Sum, &axes, at)?;
        sum.ln()?.try_add(&shift.reshaped(sum.shape(), at)?)
    }

    /// eˣ/Σeˣ along an axis, without overflow.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] if the elements are not floating-point numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::Tensor;
    ///
    /// let x = Tensor::from([1000.0, 1000.0]);
    /// assert_eq!(x.softmax(-1)?, Tensor::from([0.5, 0.5]));
    /// # Ok::<(), gradtape_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Result<Tensor> {
        let (axes, at) = (Axes::from(axis).keep(), Location::caller());
        let powers = (self - &self.shift("softmax", &axes, at)?).exp()?;
        let sum = powers.reduced("softmax", Reduction::Sum, &axes, at)?;
        powers.try_div(&sum)
    }

    /// The numbers to subtract before exponentials are taken: the largest elements as
    /// constants, 0 where they are infinite. Neither the result nor any derivative
    /// depends on them.
    fn shift(&self, operation: &'static str, axes: &Axes, at: Caller) -> Result<Tensor> {
        self.expect_float(operation, at)?;
        let kind = Reduction::Extreme(Extreme::Max);
        let max = self
            .stop_gradient()
            .reduced(operation, kind, &axes.clone().keep(), at)?;
        let is_finite = max.abs()?.less(f64::INFINITY)?;
        is_finite.select(&max, 0.0)
    }

    /// Cumulative sums along an axis: each element is the sum of the elements up to it.
    ///
    /// # Errors
    ///
    /// [`Error::Axis`], [`Error::Type`] for booleans.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Result<Tensor> {
        let at = Location::caller();
        let axis = self.axis("cumsum", axis, at)?;
        let is_reverse = false;
        Tensor::apply(Operation::Cumsum { axis, is_reverse }, &[self], at)
    }

    fn expect_float(&self, operation: &'static str, at: Caller) -> Result<()> {
        if self.dtype().is_float() {
            return Ok(());
        }
        Err(Error::Type {
            operation,
            dtype: self.dtype(),
            expected: "floating-point numbers",
            at,
        })
    }
}

fn axis_of(
    operation: &'static str,
    axis: isize,
    shape: &Shape,
    rank: usize,
    at: Caller,
) -> Result<usize> {
    let place = if axis < 0 {
        rank.checked_add_signed(axis)
    } else {
        Some(axis.cast_unsigned())
    };
    place
        .filter(|place| *place < rank)
        .ok_or_else(|| Error::Axis {
            operation,
            axis,
            shape: shape.clone(),
            at,
        })
}
