//! Every operation that a tape can record, and its value.
//!
//! [`Operation::Elementwise`] is the table of [`Op`]; the other operations
//! arrange, reduce or multiply whole tensors. Their derivatives are in
//! `rule.rs`, each as one of these operations again.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

use super::arrange::{gathered, place, scattered, slice_steps, strided, transposed};
use super::data::map_data;
use super::make::room;
use super::reduce::{accumulate, along, position};
use super::shape::product;
use super::{DType, Data, Error, Result, Shape, Tensor, elementwise, matmul};
use crate::error::Caller;
use crate::{Op, Real};

use super::float::subnormals;

pub type AxisList = SmallVec<[usize; 4]>;

/// An operation on tensors. Axes, indices and slices were checked when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// An operation of the table on each element.
    Elementwise(Op),
    /// A logical connective of booleans.
    Logical(Logical),
    /// The same values in another type.
    Cast(DType),
    /// The same values in a separate tensor.
    Identity,
    /// The same values, as a constant.
    StopGradient,
    /// The same elements in another shape.
    Reshape(Box<Shape>),
    /// The same elements, repeated to this shape.
    BroadcastTo(Box<Shape>),
    /// Axis i of the result is this axis of the operand.
    Transpose(Box<AxisList>),
    /// All elements along axes combined into one.
    Reduce(Box<Reduce>),
    /// The index of the first largest or smallest element along an axis.
    Position(Extreme, usize),
    /// A stretch of each axis.
    Slice(Arc<[Stretch]>),
    /// Zeros of this shape with the operand in the place of a slice.
    Place(Box<Shape>, Arc<[Stretch]>),
    /// Slices along an axis, by the indices of the second operand.
    Gather(usize),
    /// Zeros whose axis has this length, to which slices are added where the
    /// indices of the second operand say.
    Scatter(usize, usize),
    /// The operands concatenated along an axis.
    Concat(usize),
    /// Cumulative sums along an axis, from its end if reversed.
    Cumsum {
        /// The axis.
        axis: usize,
        /// Whether the sums begin at the end of the axis.
        is_reverse: bool,
    },
    /// The product of matrices over the last two axes.
    Matmul,
    /// A user-defined operation; without its rule once a tape is used up.
    Custom(Option<Arc<Custom>>),
    /// The value of a variable. Only on tapes; its operand is the variable.
    Read,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Logical {
    Not,
    And,
    Or,
}

/// Which element a reduction selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extreme {
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduce {
    pub kind: Reduction,
    /// In ascending order.
    pub axes: AxisList,
    /// Whether they stay with length 1.
    pub keep: bool,
}

/// How a reduction combines elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// One of them.
    Extreme(Extreme),
}

/// `count` elements of an axis, from `start` on in steps of `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stretch {
    /// The index of the first element.
    pub start: usize,
    /// The difference between two indices.
    pub step: isize,
    /// The number of elements.
    pub count: usize,
}

impl Stretch {
    /// What it is, as numbers.
    pub(crate) fn numbers(&self) -> [u64; 3] {
        [self.start as u64, self.step as u64, self.count as u64]
    }
}

type CustomRule = dyn Fn(&Tensor, &[Tensor], &Tensor) -> Result<Vec<Tensor>> + Send + Sync;

/// An operation with a user-defined derivative.
pub struct Custom {
    /// From the incoming derivative, the operands and the result to the
    /// derivatives of the operands.
    pub rule: Box<CustomRule>,
}

// An operation is only equal to itself.
impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Custom {}

impl Hash for Custom {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        std::ptr::hash(self, hasher);
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Custom")
    }
}

/// Elements, and the lengths of the three axes of their layout.
type ReductionLayout<'x, T> = (Cow<'x, [T]>, (usize, usize, usize));

impl Reduce {
    /// The shape of the result where all axes stay.
    pub fn kept(&self, shape: &Shape) -> Shape {
        let length = |(axis, length): (usize, &usize)| {
            if self.axes.contains(&axis) {
                1
            } else {
                *length
            }
        };
        shape.iter().enumerate().map(length).collect()
    }

    /// The shape of the result.
    pub fn shape(&self, shape: &Shape) -> Shape {
        if self.keep {
            return self.kept(shape);
        }
        let stays = |(axis, _): &(usize, &usize)| !self.axes.contains(axis);
        let lengths = shape.iter().enumerate().filter(stays);
        lengths.map(|(_, length)| *length).collect()
    }

    /// The elements in the order of three axes, the middle one to be reduced, and the
    /// lengths of these axes.
    pub fn arranged<'x, T: Copy>(
        &self,
        elements: &'x [T],
        shape: &Shape,
        at: Caller,
    ) -> Result<ReductionLayout<'x, T>> {
        let (Some(first), Some(last)) = (self.axes.first(), self.axes.last()) else {
            return Ok((elements.into(), (elements.len(), 1, 1)));
        };
        if last - first + 1 == self.axes.len() {
            let (outer, _, _) = shape.around(*first);
            let (_, _, inner) = shape.around(*last);
            let length = product(&shape[*first..=*last]);
            return Ok((elements.into(), (outer, length, inner)));
        }
        let rest = (0..shape.len()).filter(|axis| !self.axes.contains(axis));
        let order: AxisList = rest.chain(self.axes.iter().copied()).collect();
        let moved = transpose("reduce", elements, shape, &order, at)?;
        let (outer, length) = order.split_at(order.len() - self.axes.len());
        let lengths =
            |axes: &[usize]| -> AxisList { axes.iter().map(|axis| shape[*axis]).collect() };
        let (outer, length) = (product(&lengths(outer)), product(&lengths(length)));
        Ok((moved.into(), (outer, length, 1)))
    }
}

/// The elements with the axes in another order.
fn transpose<T: Copy>(
    operation: &'static str,
    elements: &[T],
    shape: &Shape,
    order: &[usize],
    at: Caller,
) -> Result<Vec<T>> {
    let to: Shape = order.iter().map(|axis| shape[*axis]).collect();
    // Exchanging the last two axes is by far the most frequent case.
    let rank = shape.len();
    let exchanged = |(place, axis): (usize, &usize)| {
        *axis
            == if place + 2 < rank {
                place
            } else {
                2 * rank - 3 - place
            }
    };
    if rank >= 2 && order.iter().enumerate().all(exchanged) {
        let mut result = room(operation, &to, at)?;
        let (rows, columns) = (shape[rank - 2], shape[rank - 1]);
        for matrix in elements.chunks(rows.saturating_mul(columns).max(1)) {
            transposed(matrix, rows, columns, &mut result);
        }
        return Ok(result);
    }
    let own = shape.strides_within(shape);
    let steps: Vec<isize> = order.iter().map(|axis| own[*axis].cast_signed()).collect();
    strided(operation, elements, &to, 0, &steps, at)
}

impl Operation {
    /// What determines the result of an operation that arrays record, in addition to its name
    /// and its shape, as numbers.
    pub(crate) fn parameters(&self) -> Vec<u64> {
        let numbers = |axes: &AxisList| axes.iter().map(|axis| *axis as u64).collect();
        match self {
            Operation::Transpose(order) => numbers(order),
            Operation::Reduce(reduce) => numbers(&reduce.axes),
            Operation::Slice(stretches) | Operation::Place(_, stretches) => {
                stretches.iter().flat_map(Stretch::numbers).collect()
            }
            Operation::Position(_, axis)
            | Operation::Gather(axis)
            | Operation::Scatter(axis, _)
            | Operation::Concat(axis) => vec![*axis as u64],
            Operation::Cumsum { axis, is_reverse } => {
                vec![*axis as u64, u64::from(*is_reverse)]
            }
            Operation::Identity
            | Operation::StopGradient
            | Operation::Reshape(_)
            | Operation::BroadcastTo(_)
            | Operation::Matmul => Vec::new(),
            // Only on tapes.
            Operation::Elementwise(_)
            | Operation::Logical(_)
            | Operation::Cast(_)
            | Operation::Custom(_)
            | Operation::Read => Vec::new(),
        }
    }

    /// The name in errors and explanations.
    pub fn name(&self) -> &'static str {
        match self {
            Operation::Elementwise(op) => op.name(),
            Operation::Logical(Logical::Not) => "not",
            Operation::Logical(Logical::And) => "and",
            Operation::Logical(Logical::Or) => "or",
            Operation::Cast(_) => "cast",
            Operation::Identity => "identity",
            Operation::StopGradient => "stop_gradient",
            Operation::Reshape(_) => "reshape",
            Operation::BroadcastTo(_) => "broadcast_to",
            Operation::Transpose(_) => "transpose",
            Operation::Reduce(reduce) => match reduce.kind {
                Reduction::Sum => "sum",
                Reduction::Extreme(Extreme::Max) => "max",
                Reduction::Extreme(Extreme::Min) => "min",
            },
            Operation::Position(Extreme::Max, _) => "argmax",
            Operation::Position(Extreme::Min, _) => "argmin",
            Operation::Slice(_) => "slice",
            Operation::Place(..) => "place",
            Operation::Gather(_) => "gather",
            Operation::Scatter(..) => "scatter",
            Operation::Concat(_) => "concat",
            Operation::Cumsum { .. } => "cumsum",
            Operation::Matmul => "matmul",
            Operation::Custom(_) => "custom_gradient",
            Operation::Read => "read",
        }
    }

    /// The shape and the elements of the result.
    pub fn evaluate(&self, operands: &[&Tensor], at: Caller) -> Result<(Shape, Data)> {
        let x = operands[0];
        let same = |shape: Shape| Ok((shape, x.data().clone()));
        match self {
            Operation::Elementwise(op) => elementwise::evaluate(*op, operands, at),
            Operation::Logical(logical) => self.logical(*logical, operands, at),
            Operation::Cast(dtype) => {
                Ok((x.shape().clone(), cast(x.data(), *dtype, x.shape(), at)?))
            }
            // The value of the last two is known before they are recorded.
            Operation::Identity
            | Operation::StopGradient
            | Operation::Read
            | Operation::Custom(_) => same(x.shape().clone()),
            Operation::Reshape(shape) => same((**shape).clone()),
            Operation::BroadcastTo(shape) => {
                let own = x.shape().strides_within(shape);
                let steps: Vec<isize> = own.iter().map(|step| step.cast_signed()).collect();
                self.moved(x, shape, 0, &steps, at)
            }
            Operation::Transpose(order) => {
                let shape: Shape = order.iter().map(|axis| x.shape()[*axis]).collect();
                let data = map_data!(x.data(), |elements| {
                    transpose(self.name(), elements, x.shape(), order, at)?
                });
                Ok((shape, data))
            }
            Operation::Slice(stretches) => {
                let shape: Shape = stretches.iter().map(|stretch| stretch.count).collect();
                let (start, steps) = slice_steps(x.shape(), stretches);
                self.moved(x, &shape, start, &steps, at)
            }
            Operation::Place(shape, stretches) => {
                let (start, steps) = slice_steps(shape, stretches);
                let data = map_data!(x.data(), |elements| {
                    let mut target = room(self.name(), shape, at)?;
                    target.resize(shape.elements().unwrap_or(0), Default::default());
                    place(&mut target, elements, x.shape(), start, &steps);
                    target
                });
                Ok(((**shape).clone(), data))
            }
            Operation::Gather(axis) => self.gather(x, operands[1], *axis, at),
            Operation::Scatter(axis, length) => self.scatter(x, operands[1], *axis, *length, at),
            Operation::Concat(axis) => self.concat(operands, *axis, at),
            Operation::Reduce(reduce) => self.reduce(reduce, x, at),
            Operation::Position(extreme, axis) => self.position(*extreme, *axis, x, at),
            Operation::Cumsum { axis, is_reverse } => self.cumsum(*axis, *is_reverse, x, at),
            Operation::Matmul => matmul::evaluate(x, operands[1], at),
        }
    }

    fn type_error(&self, x: &Tensor, expected: &'static str, at: Caller) -> Error {
        Error::Type {
            operation: self.name(),
            dtype: x.dtype(),
            expected,
            at,
        }
    }

    fn moved(
        &self,
        x: &Tensor,
        shape: &Shape,
        start: usize,
        steps: &[isize],
        at: Caller,
    ) -> Result<(Shape, Data)> {
        let data = map_data!(x.data(), |elements| {
            strided(self.name(), elements, shape, start, steps, at)?
        });
        Ok((shape.clone(), data))
    }

    fn logical(&self, logical: Logical, operands: &[&Tensor], at: Caller) -> Result<(Shape, Data)> {
        let shape = elementwise::shape(self.name(), operands, at)?;
        let truths = |operand: &Tensor| {
            let Data::Bool(elements) = operand.data() else {
                return Err(self.type_error(operand, "booleans", at));
            };
            let own = operand.shape().strides_within(&shape);
            let steps: Vec<isize> = own.iter().map(|step| step.cast_signed()).collect();
            strided(self.name(), elements, &shape, 0, &steps, at)
        };
        let mut result = truths(operands[0])?;
        match logical {
            Logical::Not => result.iter_mut().for_each(|x| *x = !*x),
            Logical::And => {
                let other = truths(operands[1])?;
                result.iter_mut().zip(other).for_each(|(x, y)| *x &= y);
            }
            Logical::Or => {
                let other = truths(operands[1])?;
                result.iter_mut().zip(other).for_each(|(x, y)| *x |= y);
            }
        }
        Ok((shape, Data::Bool(result.into())))
    }

    fn gather(
        &self,
        x: &Tensor,
        indices: &Tensor,
        axis: usize,
        at: Caller,
    ) -> Result<(Shape, Data)> {
        let indices_shape = indices.shape();
        let around = x.shape().around(axis);
        let indices = self.indices(indices, around.1, at)?;
        let shape = Shape::from(&x.shape()[..axis])
            .followed_by(indices_shape)
            .followed_by(&x.shape()[axis + 1..]);
        let data = map_data!(x.data(), |elements| {
            let mut result = room(self.name(), &shape, at)?;
            if !shape.contains(&0) {
                gathered(elements, around, &indices, &mut result);
            }
            result
        });
        Ok((shape, data))
    }

    fn scatter(
        &self,
        x: &Tensor,
        indices: &Tensor,
        axis: usize,
        length: usize,
        at: Caller,
    ) -> Result<(Shape, Data)> {
        // The operand has the axes of the indices in the place of one.
        let behind = &x.shape()[axis + indices.rank()..];
        let shape = Shape::from(&x.shape()[..axis])
            .followed_by(&[length])
            .followed_by(behind);
        let around = shape.around(axis);
        let indices = self.indices(indices, length, at)?;
        macro_rules! scattered_as {
            ($elements:ident, $variant:ident, $add:expr) => {{
                let mut target = room(self.name(), &shape, at)?;
                target.resize(shape.elements().unwrap_or(0), Default::default());
                if !$elements.is_empty() {
                    scattered(&mut target, around, &indices, $elements, $add);
                }
                Data::$variant(target.into())
            }};
        }
        let data = match x.data() {
            Data::F32(elements) => scattered_as!(elements, F32, added::<f32>()),
            Data::F64(elements) => scattered_as!(elements, F64, added::<f64>()),
            Data::I64(elements) => scattered_as!(elements, I64, i64::wrapping_add),
            Data::Bool(_) => return Err(self.type_error(x, "numbers", at)),
        };
        Ok((shape, data))
    }

    /// Indices as places on an axis.
    fn indices(&self, indices: &Tensor, length: usize, at: Caller) -> Result<Vec<usize>> {
        let Data::I64(elements) = indices.data() else {
            return Err(self.type_error(indices, "i64 indices", at));
        };
        let checked = |index: &i64| {
            let place = usize::try_from(*index).ok();
            place.filter(|place| *place < length).ok_or(Error::Index {
                operation: self.name(),
                index: *index,
                length,
                at,
            })
        };
        elements.iter().map(checked).collect()
    }

    fn concat(&self, operands: &[&Tensor], axis: usize, at: Caller) -> Result<(Shape, Data)> {
        let x = operands[0];
        let length = operands.iter().try_fold(0_usize, |sum, operand| {
            sum.checked_add(operand.shape()[axis])
        });
        let shape = x.shape().with(axis, length.unwrap_or(usize::MAX));
        let outer = x.shape().around(axis).0;
        macro_rules! joined {
            ($variant:ident) => {{
                let mut result = room(self.name(), &shape, at)?;
                let outer = if shape.contains(&0) { 0 } else { outer };
                for block in 0..outer {
                    for operand in operands {
                        let Data::$variant(elements) = operand.data() else {
                            return Err(Error::MixedTypes {
                                operation: self.name(),
                                left: x.dtype(),
                                right: operand.dtype(),
                                at,
                            });
                        };
                        let length = elements.len() / outer;
                        result.extend_from_slice(&elements[block * length..][..length]);
                    }
                }
                Data::$variant(result.into())
            }};
        }
        let data = match x.data() {
            Data::F32(_) => joined!(F32),
            Data::F64(_) => joined!(F64),
            Data::I64(_) => joined!(I64),
            Data::Bool(_) => joined!(Bool),
        };
        Ok((shape, data))
    }

    fn reduce(&self, reduce: &Reduce, x: &Tensor, at: Caller) -> Result<(Shape, Data)> {
        let shape = reduce.shape(x.shape());
        macro_rules! reduced {
            ($elements:ident, $variant:ident, $type:ident, $sum:expr, $least:expr, $greatest:expr) => {{
                let (elements, around) = reduce.arranged($elements, x.shape(), at)?;
                let mut result: Vec<$type> = room(self.name(), &shape, at)?;
                let to = &mut result;
                match reduce.kind {
                    Reduction::Sum => along(&elements, around, $type::default(), $sum, to),
                    Reduction::Extreme(Extreme::Max) => {
                        let max = |x, y| if beats_max(x, y) { y } else { x };
                        along(&elements, around, $least, max, to);
                    }
                    Reduction::Extreme(Extreme::Min) => {
                        let min = |x, y| if beats_min(x, y) { y } else { x };
                        along(&elements, around, $greatest, min, to);
                    }
                }
                Data::$variant(result.into())
            }};
        }
        let data = match x.data() {
            Data::F32(elements) if subnormals() == super::super::Subnormals::Flush => {
                let sum = added::<f32>();
                reduced!(elements, F32, f32, sum, f32::NEG_INFINITY, f32::INFINITY)
            }
            Data::F64(elements) if subnormals() == super::super::Subnormals::Flush => {
                let sum = added::<f64>();
                reduced!(elements, F64, f64, sum, f64::NEG_INFINITY, f64::INFINITY)
            }
            Data::F32(elements) => {
                let sum = |x, y| x + y;
                reduced!(elements, F32, f32, sum, f32::NEG_INFINITY, f32::INFINITY)
            }
            Data::F64(elements) => {
                let sum = |x, y| x + y;
                reduced!(elements, F64, f64, sum, f64::NEG_INFINITY, f64::INFINITY)
            }
            Data::I64(elements) => {
                let sum = i64::wrapping_add;
                reduced!(elements, I64, i64, sum, i64::MIN, i64::MAX)
            }
            Data::Bool(_) => return Err(self.type_error(x, "numbers", at)),
        };
        Ok((shape, data))
    }

    fn position(
        &self,
        extreme: Extreme,
        axis: usize,
        x: &Tensor,
        at: Caller,
    ) -> Result<(Shape, Data)> {
        let around = x.shape().around(axis);
        let reduce = Reduce {
            kind: Reduction::Extreme(extreme),
            axes: SmallVec::from_slice(&[axis]),
            keep: false,
        };
        let shape = reduce.shape(x.shape());
        let mut result = room(self.name(), &shape, at)?;
        if shape.contains(&0) {
            return Ok((shape, Data::I64(result.into())));
        }
        if around.1 == 0 {
            let operation = self.name();
            return Err(Error::Empty { operation, at });
        }
        macro_rules! positions {
            ($elements:ident) => {
                match extreme {
                    Extreme::Max => {
                        position($elements, around, |y, x| beats_max(x, y), &mut result);
                    }
                    Extreme::Min => {
                        position($elements, around, |y, x| beats_min(x, y), &mut result);
                    }
                }
            };
        }
        match x.data() {
            Data::F32(elements) => positions!(elements),
            Data::F64(elements) => positions!(elements),
            Data::I64(elements) => positions!(elements),
            Data::Bool(_) => return Err(self.type_error(x, "numbers", at)),
        }
        Ok((shape, Data::I64(result.into())))
    }

    fn cumsum(
        &self,
        axis: usize,
        is_reverse: bool,
        x: &Tensor,
        at: Caller,
    ) -> Result<(Shape, Data)> {
        let around = x.shape().around(axis);
        macro_rules! accumulated {
            ($elements:ident, $variant:ident, $add:expr) => {{
                let mut result = room(self.name(), x.shape(), at)?;
                result.extend_from_slice($elements);
                if !result.is_empty() {
                    accumulate(&mut result, around, is_reverse, $add);
                }
                Data::$variant(result.into())
            }};
        }
        let data = match x.data() {
            Data::F32(elements) => accumulated!(elements, F32, added::<f32>()),
            Data::F64(elements) => accumulated!(elements, F64, added::<f64>()),
            Data::I64(elements) => accumulated!(elements, I64, i64::wrapping_add),
            Data::Bool(_) => return Err(self.type_error(x, "numbers", at)),
        };
        Ok((x.shape().clone(), data))
    }
}

/// Addition as the table defines it.
fn added<T: Real>() -> impl Fn(T, T) -> T + Copy {
    let mode = subnormals();
    move |x, y| Op::Add.value([mode.input(x), mode.input(y), T::ZERO], mode)
}

/// Whether y replaces x as the largest: a NaN does, and stays.
#[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
fn beats_max<T: PartialOrd + Copy>(x: T, y: T) -> bool {
    y > x || (y != y && x == x)
}

/// Whether y replaces x as the smallest: a NaN does, and stays.
#[expect(clippy::eq_op, reason = "only a NaN differs from itself")]
fn beats_min<T: PartialOrd + Copy>(x: T, y: T) -> bool {
    y < x || (y != y && x == x)
}

/// The same values in another type: to floating point rounded to the nearest, to
/// integers truncated towards zero and clamped to their range (a NaN becomes 0), to
/// booleans whether they differ from 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "this is what a cast is asked for"
)]
fn cast(data: &Data, dtype: DType, shape: &Shape, at: Caller) -> Result<Data> {
    macro_rules! to {
        ($variant:ident, $elements:ident, |$x:ident| $value:expr) => {{
            let mut result = room("cast", shape, at)?;
            result.extend($elements.iter().map(|$x| $value));
            Data::$variant(result.into())
        }};
    }
    let mode = subnormals();
    Ok(match (data, dtype) {
        (Data::F32(_), DType::F32)
        | (Data::F64(_), DType::F64)
        | (Data::I64(_), DType::I64)
        | (Data::Bool(_), DType::Bool) => data.clone(),
        (Data::F32(x), DType::F64) => to!(F64, x, |x| f64::from(mode.input(*x))),
        (Data::F32(x), DType::I64) => to!(I64, x, |x| *x as i64),
        (Data::F32(x), DType::Bool) => to!(Bool, x, |x| mode.input(*x) != 0.0),
        (Data::F64(x), DType::F32) => to!(F32, x, |x| mode.input(*x as f32)),
        (Data::F64(x), DType::I64) => to!(I64, x, |x| *x as i64),
        (Data::F64(x), DType::Bool) => to!(Bool, x, |x| mode.input(*x) != 0.0),
        (Data::I64(x), DType::F32) => to!(F32, x, |x| *x as f32),
        (Data::I64(x), DType::F64) => to!(F64, x, |x| *x as f64),
        (Data::I64(x), DType::Bool) => to!(Bool, x, |x| *x != 0),
        (Data::Bool(x), DType::F32) => to!(F32, x, |x| f32::from(u8::from(*x))),
        (Data::Bool(x), DType::F64) => to!(F64, x, |x| f64::from(u8::from(*x))),
        (Data::Bool(x), DType::I64) => to!(I64, x, |x| i64::from(*x)),
    })
}
