//! Elementwise operations over shapes that broadcast.

use smallvec::SmallVec;

use super::data::Storage;
use super::float::subnormals;
use super::make::room;
use super::shape::product;
use super::{DType, Data, Error, Result, Shape, Tensor};
use crate::error::Caller;
use crate::op::{Kernel, Value};
use crate::{Op, Real, Subnormals};

/// The result of an operation of the table.
pub(super) fn evaluate(op: Op, operands: &[&Tensor], at: Caller) -> Result<(Shape, Data)> {
    if let Some(data) = scalar(op, operands) {
        return Ok((Shape::scalar(), data));
    }
    let operation = op.name();
    if op == Op::Where {
        return select(operands, at);
    }
    let dtype = same_type(operation, operands, at)?;
    let shape = shape(operation, operands, at)?;
    let is_comparison = is_comparison(op);
    let data = match (operands[0].data(), operands.get(1).map(|y| y.data())) {
        (Data::F32(x), Some(Data::F32(y))) if is_comparison => {
            compare(op, [x, y], operands, &shape, at)?
        }
        (Data::F64(x), Some(Data::F64(y))) if is_comparison => {
            compare(op, [x, y], operands, &shape, at)?
        }
        (Data::I64(x), Some(Data::I64(y))) if is_comparison => {
            compare(op, [x, y], operands, &shape, at)?
        }
        (Data::Bool(x), Some(Data::Bool(y))) if op == Op::Equal => {
            compare(op, [x, y], operands, &shape, at)?
        }
        (Data::F32(x), None) => Data::F32(float(op, &[x], operands, &shape, at)?),
        (Data::F64(x), None) => Data::F64(float(op, &[x], operands, &shape, at)?),
        (Data::F32(x), Some(Data::F32(y))) => Data::F32(float(op, &[x, y], operands, &shape, at)?),
        (Data::F64(x), Some(Data::F64(y))) => Data::F64(float(op, &[x, y], operands, &shape, at)?),
        (Data::I64(x), y) => {
            let y = match y {
                Some(Data::I64(y)) => Some(&y[..]),
                _ => None,
            };
            whole(op, x, y, operands, &shape, at)?
        }
        _ => {
            return Err(Error::Type {
                operation,
                dtype,
                expected: "numbers",
                at,
            });
        }
    };
    Ok((shape, data))
}

/// A fast path for one or two floating-point scalars, the most frequent operands on
/// tapes.
fn scalar(op: Op, operands: &[&Tensor]) -> Option<Data> {
    fn value<T: Real>(op: Op, x: T, y: T) -> [T; 1] {
        let mode = subnormals();
        [op.value([mode.input(x), mode.input(y), T::ZERO], mode)]
    }
    let (x, y) = match *operands {
        [x] => (x, x),
        [x, y] => (x, y),
        _ => return None,
    };
    if x.rank() + y.rank() > 0 || is_comparison(op) {
        return None;
    }
    match (x.data(), y.data()) {
        (Data::F32(x), Data::F32(y)) => Some(Data::F32(Storage::One(value(op, x[0], y[0])))),
        (Data::F64(x), Data::F64(y)) => Some(Data::F64(Storage::One(value(op, x[0], y[0])))),
        _ => None,
    }
}

/// Whether the results are booleans.
fn is_comparison(op: Op) -> bool {
    matches!(op, Op::Less | Op::LessEqual | Op::Equal)
}

/// The common element type of all operands.
fn same_type(operation: &'static str, operands: &[&Tensor], at: Caller) -> Result<DType> {
    let left = operands[0].dtype();
    match operands.iter().find(|other| other.dtype() != left) {
        None => Ok(left),
        Some(other) => Err(Error::MixedTypes {
            operation,
            left,
            right: other.dtype(),
            at,
        }),
    }
}

/// The shape that all operands broadcast to.
pub(super) fn shape(operation: &'static str, operands: &[&Tensor], at: Caller) -> Result<Shape> {
    let mut shape = operands[0].shape().clone();
    for operand in &operands[1..] {
        shape = shape
            .broadcast(operand.shape())
            .ok_or_else(|| Error::Broadcast {
                operation,
                left: shape.clone(),
                right: operand.shape().clone(),
                at,
            })?;
    }
    Ok(shape)
}

/// An operation on floating-point numbers.
fn float<T: Real>(
    op: Op,
    elements: &[&[T]],
    operands: &[&Tensor],
    shape: &Shape,
    at: Caller,
) -> Result<Storage<T>> {
    let mode = subnormals();
    let loops = Loops {
        elements,
        shapes: operands,
        shape,
        results: room(op.name(), shape, at)?,
    };
    let results = match mode {
        Subnormals::Keep => op.run::<false, _, _>(loops),
        Subnormals::Flush => loops.run(|x: [T; 3]| op.value(x.map(|x| mode.input(x)), mode)),
    };
    Ok(results.into())
}

/// The loops over the elements of one or two operands.
struct Loops<'a, T> {
    elements: &'a [&'a [T]],
    shapes: &'a [&'a Tensor],
    shape: &'a Shape,
    results: Vec<T>,
}

impl<T: Real> Kernel<T> for Loops<'_, T> {
    type Output = Vec<T>;

    #[inline]
    fn run(self, value: impl Value<T>) -> Vec<T> {
        let mut results = self.results;
        match *self.elements {
            [x] => results.extend(x.iter().map(|x| value.of([*x, T::ZERO, T::ZERO]))),
            [x, y, ..] => {
                let shapes = [self.shapes[0].shape(), self.shapes[1].shape()];
                pairs([x, y], shapes, self.shape, &mut results, |x, y| {
                    value.of([x, y, T::ZERO])
                });
            }
            [] => {}
        }
        results
    }

    #[inline]
    fn run_function<V: Value<T>>(self, value: V) -> Vec<T> {
        if !V::HAS_RARE {
            return self.run(value);
        }
        self.run(move |x: [T; 3]| {
            if value.is_rare(x[0]) {
                value.of_rare(x)
            } else {
                value.of(x)
            }
        })
    }
}

/// Pushes `value` of each pair of elements.
fn pairs<T: Copy, R>(
    [x, y]: [&[T]; 2],
    shapes: [&Shape; 2],
    shape: &Shape,
    results: &mut Vec<R>,
    value: impl Fn(T, T) -> R + Copy,
) {
    let walk = Walk::new(shapes, shape);
    let block = walk.block;
    walk.visit(|[i, j]| match walk.moves {
        [true, true] => results.extend(
            x[i..i + block]
                .iter()
                .zip(&y[j..j + block])
                .map(|(x, y)| value(*x, *y)),
        ),
        [true, false] => {
            let y = y[j];
            results.extend(x[i..i + block].iter().map(|x| value(*x, y)));
        }
        [false, true] => {
            let x = x[i];
            results.extend(y[j..j + block].iter().map(|y| value(x, *y)));
        }
        [false, false] => results.push(value(x[i], y[j])),
    });
}

/// The order in which two operands that broadcast to a common shape are traversed: in
/// blocks of the last axes, over which each of them either advances by one or stays.
struct Walk {
    /// Lengths of the axes around a block, and the steps of the two operands.
    around: SmallVec<[(usize, [usize; 2]); 4]>,
    block: usize,
    moves: [bool; 2],
    is_empty: bool,
}

impl Walk {
    fn new(shapes: [&Shape; 2], shape: &Shape) -> Self {
        let mut walk = Self {
            around: SmallVec::new(),
            block: 1,
            moves: [false, false],
            is_empty: shape.contains(&0),
        };
        if shapes[0] == shapes[1] {
            walk.block = product(shape);
            walk.moves = [true, true];
            return walk;
        }
        let strides = shapes.map(|operand| operand.strides_within(shape));
        let mut is_inside = true;
        for axis in (0..shape.len()).rev().filter(|axis| shape[*axis] != 1) {
            let steps = [strides[0][axis], strides[1][axis]];
            // An operand continues to advance if the next element is a block away.
            let follows = |which: usize| {
                if walk.block == 1 {
                    steps[which] <= 1
                } else if walk.moves[which] {
                    steps[which] == walk.block
                } else {
                    steps[which] == 0
                }
            };
            if is_inside && follows(0) && follows(1) {
                if walk.block == 1 {
                    walk.moves = steps.map(|step| step == 1);
                }
                walk.block = walk.block.wrapping_mul(shape[axis]);
            } else {
                is_inside = false;
                walk.around.push((shape[axis], steps));
            }
        }
        walk.around.reverse();
        walk
    }

    /// Calls with the place of each block in both operands.
    fn visit(&self, mut visit: impl FnMut([usize; 2])) {
        if self.is_empty {
            return;
        }
        let mut counters: SmallVec<[usize; 4]> = SmallVec::from_elem(0, self.around.len());
        let mut places = [0, 0];
        loop {
            visit(places);
            let mut axis = self.around.len();
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                let (length, steps) = self.around[axis];
                counters[axis] += 1;
                places[0] += steps[0];
                places[1] += steps[1];
                if counters[axis] < length {
                    break;
                }
                counters[axis] = 0;
                places[0] -= steps[0] * length;
                places[1] -= steps[1] * length;
            }
        }
    }
}

fn compare<T: Copy + PartialOrd>(
    op: Op,
    elements: [&[T]; 2],
    operands: &[&Tensor],
    shape: &Shape,
    at: Caller,
) -> Result<Data> {
    let shapes = [operands[0].shape(), operands[1].shape()];
    let mut results = room(op.name(), shape, at)?;
    match op {
        Op::Less => pairs(elements, shapes, shape, &mut results, |x, y| x < y),
        Op::LessEqual => pairs(elements, shapes, shape, &mut results, |x, y| x <= y),
        _ => pairs(elements, shapes, shape, &mut results, |x, y| x == y),
    }
    Ok(Data::Bool(results.into()))
}

/// An operation on integers, which wrap around on overflow.
fn whole(
    op: Op,
    x: &[i64],
    y: Option<&[i64]>,
    operands: &[&Tensor],
    shape: &Shape,
    at: Caller,
) -> Result<Data> {
    let mut results = room(op.name(), shape, at)?;
    let mut each = |value: fn(i64) -> i64| results.extend(x.iter().map(|x| value(*x)));
    match (op, y) {
        (Op::Neg, None) => each(i64::wrapping_neg),
        (Op::Abs, None) => each(i64::wrapping_abs),
        (Op::Sign, None) => each(i64::signum),
        (_, Some(y)) => {
            let value: fn(i64, i64) -> i64 = match op {
                Op::Add => i64::wrapping_add,
                Op::Sub => i64::wrapping_sub,
                Op::Mul => i64::wrapping_mul,
                Op::Min => i64::min,
                Op::Max => i64::max,
                _ => return Err(not_whole(op, at)),
            };
            let shapes = [operands[0].shape(), operands[1].shape()];
            pairs([x, y], shapes, shape, &mut results, value);
        }
        _ => return Err(not_whole(op, at)),
    }
    Ok(Data::I64(results.into()))
}

fn not_whole(op: Op, at: Caller) -> Error {
    Error::Type {
        operation: op.name(),
        dtype: DType::I64,
        expected: "floating-point numbers",
        at,
    }
}

/// `where(condition, x, y)`: the condition holds booleans; x and y have the same type.
fn select(operands: &[&Tensor], at: Caller) -> Result<(Shape, Data)> {
    let operation = Op::Where.name();
    let Data::Bool(condition) = operands[0].data() else {
        return Err(Error::Type {
            operation,
            dtype: operands[0].dtype(),
            expected: "a boolean condition",
            at,
        });
    };
    same_type(operation, &operands[1..], at)?;
    let shape = shape(operation, operands, at)?;
    let data = match (operands[1].data(), operands[2].data()) {
        (Data::F32(x), Data::F32(y)) => {
            Data::F32(chosen(condition, x, y, operands, &shape, at)?.into())
        }
        (Data::F64(x), Data::F64(y)) => {
            Data::F64(chosen(condition, x, y, operands, &shape, at)?.into())
        }
        (Data::I64(x), Data::I64(y)) => {
            Data::I64(chosen(condition, x, y, operands, &shape, at)?.into())
        }
        (Data::Bool(x), Data::Bool(y)) => {
            Data::Bool(chosen(condition, x, y, operands, &shape, at)?.into())
        }
        _ => {
            return Err(Error::MixedTypes {
                operation,
                left: operands[1].dtype(),
                right: operands[2].dtype(),
                at,
            });
        }
    };
    Ok((shape, data))
}

fn chosen<T: Copy>(
    condition: &[bool],
    x: &[T],
    y: &[T],
    operands: &[&Tensor],
    shape: &Shape,
    at: Caller,
) -> Result<Vec<T>> {
    let mut chosen: Vec<T> = room(Op::Where.name(), shape, at)?;
    if shape.is_empty() {
        chosen.push(if condition[0] { x[0] } else { y[0] });
        return Ok(chosen);
    }
    let strides = [0, 1, 2].map(|place| operands[place].shape().strides_within(shape));
    let mut counters: SmallVec<[usize; 4]> = SmallVec::from_elem(0, shape.len());
    let mut places = [0; 3];
    let last = shape.len() - 1;
    let steps = [strides[0][last], strides[1][last], strides[2][last]];
    let rows = if shape.contains(&0) {
        0
    } else {
        product(&shape[..last])
    };
    for _ in 0..rows {
        chosen.extend((0..shape[last]).map(|index| {
            let [c, i, j] = [0, 1, 2].map(|place| places[place] + index * steps[place]);
            if condition[c] { x[i] } else { y[j] }
        }));
        for axis in (0..last).rev() {
            counters[axis] += 1;
            for (place, strides) in places.iter_mut().zip(&strides) {
                *place += strides[axis];
            }
            if counters[axis] < shape[axis] {
                break;
            }
            counters[axis] = 0;
            for (place, strides) in places.iter_mut().zip(&strides) {
                *place -= strides[axis] * shape[axis];
            }
        }
    }
    Ok(chosen)
}
