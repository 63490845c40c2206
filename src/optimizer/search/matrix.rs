//! Dense linear equations. Sums are taken from the left, in the order of the indices.

use super::number::{Float, dot};

/// The lower triangle L of a positive definite matrix A = L·Lᵀ, both row by row.
pub(super) struct Cholesky<F> {
    lower: Vec<F>,
    size: usize,
}

impl<F: Float> Cholesky<F> {
    /// The factor of `matrix` + `shift` times the identity, of which only the lower triangle
    /// is read; none if it is not positive definite.
    pub(super) fn new(matrix: &[F], size: usize, shift: F) -> Option<Self> {
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

/// x with the least ‖A·x − `right`‖, by Householder's reflections. `matrix` is A column by
/// column; it and `right` are used up. None if the columns depend on each other.
pub(super) fn least_squares<F: Float>(
    mut matrix: Vec<Vec<F>>,
    mut right: Vec<F>,
) -> Option<Vec<F>> {
    let size = matrix.len();
    let mut diagonal = Vec::with_capacity(size);
    for place in 0..size {
        let (done, rest) = matrix.split_at_mut(place + 1);
        let axis = &mut done[place][place..];
        // The greatest magnitude is taken out, as squares could overflow.
        let scale = super::number::greatest(axis);
        if !(scale > F::ZERO && scale.is_finite()) {
            return None;
        }
        for entry in axis.iter_mut() {
            *entry = *entry / scale;
        }
        let length = dot(axis, axis).sqrt();
        let end = if axis[0] > F::ZERO { -length } else { length };
        // axis − end·e₁ is reflected to its negative; half of its square is this.
        let half = length * length - end * axis[0];
        axis[0] = axis[0] - end;
        diagonal.push(end * scale);
        let columns = rest.iter_mut().chain([&mut right]);
        for column in columns {
            let below = &mut column[place..];
            let share = dot(axis, below) / half;
            super::number::add(below, -share, axis);
        }
    }
    let mut x = right;
    x.truncate(size);
    for row in (0..size).rev() {
        x[row] = x[row] / diagonal[row];
        let known = x[row];
        for (entry, factor) in x[..row].iter_mut().zip(&matrix[row]) {
            *entry = *entry - known * *factor;
        }
    }
    Some(x)
}
