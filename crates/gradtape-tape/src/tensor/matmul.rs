//! Matrix products.

use super::make::room;
use super::{Data, Error, Result, Shape, Tensor};
use crate::error::Caller;
use crate::{Op, Real, Subnormals};

use super::float::subnormals;

/// Writes the product of an m×k and a k×n matrix to `c`. Each element of the
/// result is the sum of k products from the left, whatever the sizes.
fn product<T: Real>(a: &[T], b: &[T], c: &mut [T], k: usize, n: usize) {
    /// Rows of b that are used together, so that a row of c is read and
    /// written a quarter as often.
    const ROWS: usize = 4;
    /// Columns of b at a time, so that its rows stay in the cache.
    const COLUMNS: usize = 512;
    for column in (0..n).step_by(COLUMNS) {
        let columns = column..n.min(column + COLUMNS);
        for (a, c) in a.chunks_exact(k).zip(c.chunks_exact_mut(n)) {
            let c = &mut c[columns.clone()];
            let row = |index: usize| &b[index * n..][columns.clone()];
            for (c, b) in c.iter_mut().zip(row(0)) {
                *c = a[0] * *b;
            }
            let mut index = 1;
            while index + ROWS <= k {
                let [a0, a1, a2, a3] = [0, 1, 2, 3].map(|offset| a[index + offset]);
                let (b0, b1) = (row(index), row(index + 1));
                let (b2, b3) = (row(index + 2), row(index + 3));
                for ((((c, b0), b1), b2), b3) in c.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
                    *c = *c + a0 * *b0 + a1 * *b1 + a2 * *b2 + a3 * *b3;
                }
                index += ROWS;
            }
            for (offset, a) in a[index..].iter().enumerate() {
                for (c, b) in c.iter_mut().zip(row(index + offset)) {
                    *c = *c + *a * *b;
                }
            }
        }
    }
}

/// The same with subnormal numbers flushed.
fn flushed_product<T: Real>(a: &[T], b: &[T], c: &mut [T], k: usize, n: usize) {
    let mode = Subnormals::Flush;
    for (a, c) in a.chunks_exact(k).zip(c.chunks_exact_mut(n)) {
        for (index, (x, row)) in a.iter().zip(b.chunks_exact(n)).enumerate() {
            for (c, y) in c.iter_mut().zip(row) {
                let operands = [mode.input(*x), mode.input(*y), T::ZERO];
                let term = Op::Mul.value(operands, mode);
                *c = if index == 0 {
                    term
                } else {
                    Op::Add.value([*c, term, T::ZERO], mode)
                };
            }
        }
    }
}

/// The product over the last two axes; the axes before broadcast.
pub(super) fn evaluate(left: &Tensor, right: &Tensor, at: Caller) -> Result<(Shape, Data)> {
    let misfit = || Error::Matmul {
        left: left.shape().clone(),
        right: right.shape().clone(),
        at,
    };
    let ([.., m, k], [.., k2, n]) = (&left.shape()[..], &right.shape()[..]) else {
        return Err(misfit());
    };
    let (m, k, n) = (*m, *k, *n);
    if k != *k2 {
        return Err(misfit());
    }
    let before = |tensor: &Tensor| Shape::from(&tensor.shape()[..tensor.rank() - 2]);
    let (left_batch, right_batch) = (before(left), before(right));
    let batch = left_batch.broadcast(&right_batch).ok_or_else(misfit)?;
    let shape = batch.followed_by(&[m, n]);
    // With an axis of length 0 the result is empty, or consists of empty sums.
    let batches = if k == 0 || shape.contains(&0) {
        Vec::new()
    } else {
        let left = places(&left_batch, &batch, at)?;
        left.into_iter()
            .zip(places(&right_batch, &batch, at)?)
            .collect()
    };
    let data = match (left.data(), right.data()) {
        (Data::F32(a), Data::F32(b)) => {
            Data::F32(products(a, b, &batches, [m, k, n], &shape, at)?.into())
        }
        (Data::F64(a), Data::F64(b)) => {
            Data::F64(products(a, b, &batches, [m, k, n], &shape, at)?.into())
        }
        _ if left.dtype() != right.dtype() => {
            return Err(Error::MixedTypes {
                operation: "matmul",
                left: left.dtype(),
                right: right.dtype(),
                at,
            });
        }
        _ => {
            return Err(Error::Type {
                operation: "matmul",
                dtype: left.dtype(),
                expected: "floating-point numbers",
                at,
            });
        }
    };
    Ok((shape, data))
}

/// For each matrix of the result the number of the operand's matrix.
fn places(own: &Shape, batch: &Shape, at: Caller) -> Result<Vec<usize>> {
    let count = own.elements().unwrap_or(0);
    let numbers: Vec<usize> = (0..count).collect();
    let steps: Vec<isize> = own
        .strides_within(batch)
        .iter()
        .map(|step| step.cast_signed())
        .collect();
    super::arrange::strided("matmul", &numbers, batch, 0, &steps, at)
}

fn products<T: Real>(
    a: &[T],
    b: &[T],
    batches: &[(usize, usize)],
    [m, k, n]: [usize; 3],
    shape: &Shape,
    at: Caller,
) -> Result<Vec<T>> {
    let mut result = room("matmul", shape, at)?;
    result.resize(shape.elements().unwrap_or(0), T::ZERO);
    for (number, (i, j)) in batches.iter().enumerate() {
        let (a, b) = (&a[i * m * k..][..m * k], &b[j * k * n..][..k * n]);
        let c = &mut result[number * m * n..][..m * n];
        match subnormals() {
            Subnormals::Keep => product(a, b, c, k, n),
            Subnormals::Flush => flushed_product(a, b, c, k, n),
        }
    }
    Ok(result)
}
