//! Dense linear equations. Sums are taken from the left, in the order of the indices.

use super::number::{Float, add, dot, norm, times};

/// The lower triangle L of a positive definite matrix A = L·Lᵀ, both row by row.
pub(super) struct Cholesky<F> {
    lower: Vec<F>,
    size: usize,
}

impl<F: Float> Cholesky<F> {
    /// The factor of `matrix` + `shift` times the identity; none if it is not positive
    /// definite. Only the lower triangle is read.
    pub(super) fn new(matrix: &[F], size: usize, shift: F) -> Option<Self> {
        #[cfg(test)]
        FACTORISATIONS.set(FACTORISATIONS.get() + 1);
        let mut lower = vec![F::ZERO; size * size];
        for row in 0..size {
            let (done, rest) = lower.split_at_mut(row * size);
            let own = &mut rest[..size];
            for column in 0..row {
                let above = &done[column * size..][..size];
                let known = dot(&own[..column], &above[..column]);
                own[column] = (matrix[row * size + column] - known) / above[column];
            }
            let square = matrix[row * size + row] + shift - dot(&own[..row], &own[..row]);
            if !(square > F::ZERO && square.is_finite()) {
                return None;
            }
            own[row] = square.sqrt();
        }
        Some(Cholesky { lower, size })
    }

    /// x with A·x = `right`.
    pub(super) fn solve(&self, right: &[F]) -> Vec<F> {
        let mut x = right.to_vec();
        for row in 0..self.size {
            let own = &self.lower[row * self.size..][..self.size];
            x[row] = (x[row] - dot(&own[..row], &x[..row])) / own[row];
        }
        for row in (0..self.size).rev() {
            let own = &self.lower[row * self.size..][..self.size];
            x[row] = x[row] / own[row];
            let known = x[row];
            for (entry, factor) in x[..row].iter_mut().zip(own) {
                *entry = *entry - known * *factor;
            }
        }
        x
    }
}

/// A matrix A of at least as many rows as columns as A·P = Q·R, by Householder's reflections.
/// P puts the longest remaining column first, so the diagonal of R falls in magnitude.
pub(super) struct Qr<F> {
    /// For each column the vector from its diagonal on that it is reflected along, whose
    /// first entry is half of its square; 0 for a column of zeros.
    axes: Vec<Vec<F>>,
    /// R column by column, each up to its diagonal.
    pub(super) upper: Vec<Vec<F>>,
    /// P: the column of A at each place.
    pub(super) order: Vec<usize>,
}

impl<F: Float> Qr<F> {
    /// The factors of a matrix, given column by column. The squares of its columns should
    /// not overflow, or P changes.
    pub(super) fn new(columns: Vec<Vec<F>>) -> Self {
        let size = columns.len();
        let [mut axes, mut upper] = [(); 2].map(|()| Vec::with_capacity(size));
        let mut order = Vec::with_capacity(size);
        let mut rest: Vec<(usize, Vec<F>)> = columns.into_iter().enumerate().collect();
        for place in 0..size {
            let square = |(_, column): &(usize, Vec<F>)| dot(&column[place..], &column[place..]);
            let squares: Vec<F> = rest.iter().map(square).collect();
            let longer = |x, y| if squares[y] > squares[x] { y } else { x };
            let (number, mut column) = rest.remove((0..rest.len()).fold(0, longer));
            let mut axis = column.split_off(place);
            let length = norm(&axis);
            let length = if axis[0] < F::ZERO { -length } else { length };
            if length != F::ZERO {
                axis = axis.into_iter().map(|entry| entry / length).collect();
                axis[0] = axis[0] + F::ONE;
            }
            for (_, column) in &mut rest {
                reflect(&axis, &mut column[place..]);
            }
            column.push(-length);
            axes.push(axis);
            upper.push(column);
            order.push(number);
        }
        Qr { axes, upper, order }
    }

    /// The factors of A·D⁻¹.
    pub(super) fn scaled(columns: &[Vec<F>], scales: &[F]) -> Self {
        let columns = columns.iter().zip(scales);
        let columns = columns.map(|(column, d)| times(F::ONE / *d, column));
        Qr::new(columns.collect())
    }

    /// Replaces x by Qᵀ·x.
    pub(super) fn rotate(&self, x: &mut [F]) {
        for (place, axis) in self.axes.iter().enumerate() {
            reflect(axis, &mut x[place..]);
        }
    }

    /// Number of leading columns whose diagonal entry is above `tolerance` times the first.
    pub(super) fn rank(&self, tolerance: F) -> usize {
        let entries = self.upper.iter().filter_map(|column| column.last());
        let least = tolerance * entries.clone().next().map_or(F::ZERO, |first| first.abs());
        entries.take_while(|entry| entry.abs() > least).count()
    }

    /// x with R·Pᵀ·x = `right` in the first `rank` columns, and 0 in the others.
    pub(super) fn solve(&self, right: &[F], rank: usize) -> Vec<F> {
        let mut right = right[..rank].to_vec();
        let mut x = vec![F::ZERO; self.order.len()];
        for place in (0..rank).rev() {
            let column = &self.upper[place];
            x[self.order[place]] = right[place] / column[place];
            add(&mut right[..place], -x[self.order[place]], column);
        }
        x
    }

    /// w with Rᵀ·w = Pᵀ·`right`.
    pub(super) fn solve_transposed(&self, right: &[F]) -> Vec<F> {
        let mut w = Vec::with_capacity(self.order.len());
        for (place, column) in self.upper.iter().enumerate() {
            w.push((right[self.order[place]] - dot(column, &w)) / column[place]);
        }
        w
    }
}

/// Reflects x along an axis whose first entry is half of its square.
fn reflect<F: Float>(axis: &[F], x: &mut [F]) {
    if axis[0] != F::ZERO {
        let share = dot(axis, x) / axis[0];
        add(x, -share, axis);
    }
}

/// The shortest of all x with minimal ‖A·x − `right`‖, and the rank of A, which is given
/// column by column and has at least as many rows. Its columns are scaled to length 1 first:
/// otherwise the rank would depend on the units of the unknowns.
pub(super) fn shortest<F: Float>(columns: &[Vec<F>], mut right: Vec<F>) -> (Vec<F>, usize) {
    let size = columns.len();
    let scales: Vec<F> = columns.iter().map(|column| scale(norm(column))).collect();
    let factors = Qr::scaled(columns, &scales);
    factors.rotate(&mut right);
    let rank = factors.rank(F::rounded(right.len() as f64) * F::EPSILON);
    if rank == size {
        return (divided(&factors.solve(&right, rank), &scales), rank);
    }
    // `rank` equations remain. Transposed they are Q·R, and x is Q·w with Rᵀ·w on
    // the right.
    let mut rows = vec![vec![F::ZERO; size]; rank];
    for (column, entries) in factors.order.iter().zip(&factors.upper) {
        for (row, entry) in rows.iter_mut().zip(entries) {
            row[*column] = *entry * scales[*column];
        }
    }
    let factors = Qr::new(rows);
    let mut x = factors.solve_transposed(&right);
    x.resize(size, F::ZERO);
    for (place, axis) in factors.axes.iter().enumerate().rev() {
        reflect(axis, &mut x[place..]);
    }
    (x, rank)
}

/// A scale for this size: 1 where it is 0 or not finite.
pub(super) fn scale<F: Float>(size: F) -> F {
    let is_scale = size > F::ZERO && size.is_finite();
    if is_scale { size } else { F::ONE }
}

/// x, each entry divided by its scale.
pub(super) fn divided<F: Float>(x: &[F], scales: &[F]) -> Vec<F> {
    x.iter().zip(scales).map(|(x, scale)| *x / *scale).collect()
}

#[cfg(test)]
thread_local! {
    /// Number of Cholesky factorisations of a thread.
    pub(super) static FACTORISATIONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
