//! Products of matrices: some rows of a wide matrix, weighted and added from the
//! left, with the columns as lanes.

use std::sync::Arc;

use crate::features::{Features, Work};
use crate::program::{ElementPlace, MatrixProduct, Transposition};
use gradtape_tape::internal::transposed;
use gradtape_tape::{Op, Real, Subnormals};

/// The number of columns that are computed together.
const LANES: usize = 8;

/// With fewer columns than this, rows are lanes if there are more rows than
/// columns.
const MIN_COLUMNS: usize = 8;

impl<T: Real> MatrixProduct<T> {
    /// The product of an m×k and a k×n matrix. `room` gives slots to work in.
    pub(super) fn new(
        left: ElementPlace<T>,
        right: ElementPlace<T>,
        [m, k, n]: [usize; 3],
        to: usize,
        mut room: impl FnMut(usize) -> usize,
    ) -> Self {
        let mut before = Vec::new();
        let mut turned = |place: ElementPlace<T>, rows: usize, columns: usize| match place {
            ElementPlace::Data(values, start) => {
                let mut turned = Vec::with_capacity(rows * columns);
                transposed(
                    &values[start..][..rows * columns],
                    rows,
                    columns,
                    &mut turned,
                );
                ElementPlace::Data(turned.into(), 0)
            }
            // A single row or column has the same layout.
            ElementPlace::Slot(slot) if rows == 1 || columns == 1 => ElementPlace::Slot(slot),
            from @ ElementPlace::Slot(_) => {
                let to = room(rows * columns);
                before.push(Transposition {
                    from,
                    rows,
                    columns,
                    to,
                });
                ElementPlace::Slot(to)
            }
        };
        // Lanes need whole vectors of columns. Of a narrow result the rows are the columns of its
        // transpose, which is the product of the transposed factors in the other order; each sum
        // still runs from the left.
        if n < MIN_COLUMNS && n < m {
            let wide = turned(left, m, k);
            let weights = turned(right, k, n);
            let (wide, stride) = padded(wide, k, m);
            let after = (n > 1).then_some(Transposition {
                from: ElementPlace::Slot(0),
                rows: n,
                columns: m,
                to,
            });
            let mut product = MatrixProduct {
                before,
                rows: n,
                inner: k,
                columns: m,
                weights,
                wide,
                stride,
                to,
                after,
            };
            if let Some(after) = &mut product.after {
                product.to = room(n * m);
                after.from = ElementPlace::Slot(product.to);
            }
            return product;
        }
        let (wide, stride) = padded(right, k, n);
        MatrixProduct {
            before,
            rows: m,
            inner: k,
            columns: n,
            weights: left,
            wide,
            stride,
            to,
            after: None,
        }
    }

    pub(super) fn run(&self, memory: &mut [T], subnormals: Subnormals, features: Features) {
        for turn in &self.before {
            turn.run(memory);
        }
        let product = self;
        match subnormals {
            Subnormals::Keep => features.run(Multiply::<T, false> { product, memory }),
            Subnormals::Flush => features.run(Multiply::<T, true> { product, memory }),
        }
        if let Some(turn) = &self.after {
            turn.run(memory);
        }
    }
}

/// A fixed matrix with rows of whole vectors, so that there are no odd columns.
fn padded<T: Real>(
    place: ElementPlace<T>,
    rows: usize,
    columns: usize,
) -> (ElementPlace<T>, usize) {
    let stride = columns.next_multiple_of(LANES);
    match place {
        ElementPlace::Data(values, start) if stride != columns => {
            let mut wide = vec![T::ZERO; rows * stride];
            let from = values[start..].chunks_exact(columns);
            for (to, from) in wide.chunks_exact_mut(stride).zip(from) {
                to[..columns].copy_from_slice(from);
            }
            (ElementPlace::Data(Arc::from(wide), 0), stride)
        }
        place => (place, columns),
    }
}

impl<T: Real> Transposition<T> {
    fn run(&self, memory: &mut [T]) {
        let count = self.rows * self.columns;
        let mut turned = Vec::with_capacity(count);
        let from = &self.from.within(memory)[..count];
        transposed(from, self.rows, self.columns, &mut turned);
        memory[self.to..][..count].copy_from_slice(&turned);
    }
}

/// The product, to be compiled for an instruction set.
struct Multiply<'a, T, const FLUSH: bool> {
    product: &'a MatrixProduct<T>,
    memory: &'a mut [T],
}

impl<T: Real, const FLUSH: bool> Work for Multiply<'_, T, FLUSH> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        // Four rows at a time share what they load of the wide matrix.
        let mut row = 0;
        while row + 4 <= self.product.rows {
            self.columns::<4>(row);
            row += 4;
        }
        while row < self.product.rows {
            self.columns::<1>(row);
            row += 1;
        }
    }
}

impl<T: Real, const FLUSH: bool> Multiply<'_, T, FLUSH> {
    /// Some rows of the result.
    #[inline(always)]
    fn columns<const R: usize>(&mut self, row: usize) {
        let (columns, stride) = (self.product.columns, self.product.stride);
        // A padded row is whole vectors; of others the last columns are computed one by one.
        let vectors = if stride > columns {
            stride / LANES
        } else {
            columns / LANES
        };
        let mut vector = 0;
        // Several sums at a time hide the latency of each addition; several rows
        // have enough of them.
        while vector < vectors {
            let at = vector * LANES;
            vector += match vectors - vector {
                8.. if R == 1 => self.block::<R, 8>(row, at),
                4.. if R == 1 => self.block::<R, 4>(row, at),
                3 if R == 1 => self.block::<R, 3>(row, at),
                2.. => self.block::<R, 2>(row, at),
                _ => self.block::<R, 1>(row, at),
            };
        }
        for column in vectors * LANES..columns {
            for row in row..row + R {
                self.element(row, column);
            }
        }
    }

    /// `R` rows of `V` vectors of columns; gives `V`.
    #[inline(always)]
    fn block<const R: usize, const V: usize>(&mut self, row: usize, column: usize) -> usize {
        let MatrixProduct {
            inner,
            columns,
            stride,
            weights,
            wide,
            to,
            ..
        } = self.product;
        let weights = &weights.within(self.memory)[row * inner..][..R * inner];
        let wide = wide.within(self.memory);
        let vectors_of = |l: usize| {
            let row = &wide[l * stride + column..][..V * LANES];
            row.as_chunks::<LANES>().0
        };
        // Whole vectors are read before they are changed and written after, or the
        // compiler does not keep them in registers.
        let mut sums = [[[T::ZERO; LANES]; V]; R];
        for (r, sums) in sums.iter_mut().enumerate() {
            for (sum, vector) in sums.iter_mut().zip(vectors_of(0)) {
                *sum = vector.map(|x| operation::<FLUSH, T>(Op::Mul, weights[r * inner], x));
            }
        }
        // The terms of each sum are added one after the other, in their own lane: vectors change
        // nothing about their order.
        for l in 1..*inner {
            let vectors = vectors_of(l);
            for r in 0..R {
                let weight = weights[r * inner + l];
                for v in 0..V {
                    let vector = vectors[v];
                    let mut sum = sums[r][v];
                    for lane in 0..LANES {
                        let term = operation::<FLUSH, T>(Op::Mul, weight, vector[lane]);
                        sum[lane] = operation::<FLUSH, T>(Op::Add, sum[lane], term);
                    }
                    sums[r][v] = sum;
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let to = to + (row + r) * columns + column;
            let count = (V * LANES).min(columns - column);
            self.memory[to..to + count].copy_from_slice(&sums.as_flattened()[..count]);
        }
        V
    }

    fn element(&mut self, row: usize, column: usize) {
        let product = self.product;
        let weights = product.weights.within(self.memory);
        let wide = product.wide.within(self.memory);
        let term = |l: usize| {
            let weight = weights[row * product.inner + l];
            operation::<FLUSH, T>(Op::Mul, weight, wide[l * product.stride + column])
        };
        let add = |sum, term| operation::<FLUSH, T>(Op::Add, sum, term);
        let sum = (1..product.inner).fold(term(0), |sum, l| add(sum, term(l)));
        self.memory[product.to + row * product.columns + column] = sum;
    }
}

#[inline(always)]
fn operation<const FLUSH: bool, T: Real>(op: Op, x: T, y: T) -> T {
    op.value([x, y, y], const { Subnormals::flush_if(FLUSH) })
}
