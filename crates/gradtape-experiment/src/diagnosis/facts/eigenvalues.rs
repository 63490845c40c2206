//! Eigenvalues of a small symmetric matrix, and a vector along its eigenvectors.

/// Maximum number of sweeps, far more than any matrix of these sizes needs: convergence is
/// quadratic, and six to ten are common.
const SWEEPS: usize = 60;

/// The eigenvalues of a symmetric matrix, whose rows lie one after the other in `matrix`,
/// in ascending order, each with the component of `vector` along its
/// eigenvector; `None` if a number of the matrix is not finite.
///
/// Jacobi's method: rotations in one plane after the other make the elements off the
/// diagonal vanish. It is slow for large matrices and the most accurate for small ones.
/// Elements that are not symmetric because of rounding are replaced by their mean.
///
/// Source: Golub, Van Loan, Matrix Computations, section 8.5.
pub(crate) fn eigenvalues(matrix: &[f64], vector: &[f64]) -> Option<Vec<(f64, f64)>> {
    let size = vector.len();
    if matrix.len() != size * size || matrix.iter().any(|one| !one.is_finite()) {
        return None;
    }
    // Scaled by its largest element, so that no square overflows or vanishes.
    let scale = matrix.iter().fold(0.0_f64, |most, one| most.max(one.abs()));
    if scale == 0.0 {
        return Some(vector.iter().map(|one| (0.0, *one)).collect());
    }
    let at = |row: usize, column: usize| row * size + column;
    let mut a: Vec<f64> = (0..size * size)
        .map(|place| {
            let (row, column) = (place / size, place % size);
            (matrix[place] / scale + matrix[at(column, row)] / scale) / 2.0
        })
        .collect();
    let mut components = vector.to_vec();
    for _ in 0..SWEEPS {
        let beside = (0..size).flat_map(|row| (0..row).map(move |column| (row, column)));
        let rest: f64 = beside
            .map(|(row, column)| a[at(row, column)] * a[at(row, column)])
            .sum();
        // The eigenvalues are then exact to the square of this, relative to the largest.
        if rest < 1e-32 {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut a, &mut components, p, q);
            }
        }
    }
    let values = (0..size).map(|row| a[at(row, row)] * scale);
    let mut all: Vec<(f64, f64)> = values.zip(components).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    Some(all)
}

/// Makes element (p, q) vanish by a rotation in the plane of both, which also rotates the
/// vector.
fn rotate(a: &mut [f64], vector: &mut [f64], p: usize, q: usize) {
    let size = vector.len();
    let at = |row: usize, column: usize| row * size + column;
    let beside = a[at(p, q)];
    if beside == 0.0 {
        return;
    }
    let theta = (a[at(q, q)] - a[at(p, p)]) / (2.0 * beside);
    // The smaller of the two possible angles. A square that overflows makes it 0.
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for k in 0..size {
        let (left, right) = (a[at(k, p)], a[at(k, q)]);
        a[at(k, p)] = cosine * left - sine * right;
        a[at(k, q)] = sine * left + cosine * right;
    }
    for k in 0..size {
        let (above, below) = (a[at(p, k)], a[at(q, k)]);
        a[at(p, k)] = cosine * above - sine * below;
        a[at(q, k)] = sine * above + cosine * below;
    }
    a[at(p, q)] = 0.0;
    a[at(q, p)] = 0.0;
    let (first, second) = (vector[p], vector[q]);
    vector[p] = cosine * first - sine * second;
    vector[q] = sine * first + cosine * second;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn check(matrix: &[f64], size: usize, expected: &[f64], within: f64) {
        let vector: Vec<f64> = (0..size).map(|place| 1.0 + place as f64).collect();
        let (found, along): (Vec<f64>, Vec<f64>) =
            eigenvalues(matrix, &vector).unwrap().into_iter().unzip();
        // The vector keeps its length, and its product with itself through the matrix.
        let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
        assert!((square(&along) / square(&vector) - 1.0).abs() < 1e-13);
        let product: f64 = (0..size * size)
            .map(|place| vector[place / size] * matrix[place] * vector[place % size])
            .sum();
        let quadratic = found.iter().zip(&along).map(|(value, x)| value * x * x);
        let quadratic: f64 = quadratic.sum();
        let greatest = found.iter().fold(0.0_f64, |most, one| most.max(one.abs()));
        assert!((quadratic - product).abs() <= 1e-12 * greatest * square(&vector));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= within, "{found} for {expected}");
        }
    }

    #[test]
    fn small_matrices_have_their_known_eigenvalues() {
        check(&[3.0], 1, &[3.0], 0.0);
        check(&[100.0, 0.0, 0.0, 1.0], 2, &[1.0, 100.0], 0.0);
        check(&[2.0, 1.0, 1.0, 2.0], 2, &[1.0, 3.0], 1e-15);
        check(&[0.0, 1.0, 1.0, 0.0], 2, &[-1.0, 1.0], 1e-15);
        // Rosenbrock's function at its minimum: trace 1002, determinant 400.
        let root = (501.0_f64 * 501.0 - 400.0).sqrt();
        let least = 400.0 / (501.0 + root);
        check(
            &[802.0, -400.0, -400.0, 200.0],
            2,
            &[least, 501.0 + root],
            1e-11,
        );
        check(&[0.0; 9], 3, &[0.0; 3], 0.0);
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn the_second_difference_has_eigenvalues_by_sines() {
        let size = 30;
        let element = |row: usize, column: usize| match row.abs_diff(column) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let matrix: Vec<f64> = (0..size * size)
            .map(|place| element(place / size, place % size))
            .collect();
        let expected: Vec<f64> = (1..=size)
            .map(|k| {
                let angle = k as f64 * std::f64::consts::PI / (2 * (size + 1)) as f64;
                4.0 * libm::sin(angle) * libm::sin(angle)
            })
            .collect();
        check(&matrix, size, &expected, 1e-13);
    }

    #[test]
    fn numbers_of_any_size_are_right_and_others_refused() {
        check(&[2e300, 1e300, 1e300, 2e300], 2, &[1e300, 3e300], 1e286);
        check(
            &[2e-300, 1e-300, 1e-300, 2e-300],
            2,
            &[1e-300, 3e-300],
            1e-314,
        );
        assert_eq!(eigenvalues(&[f64::NAN], &[1.0]), None);
        assert_eq!(eigenvalues(&[1.0, 2.0], &[1.0, 1.0]), None);
    }
}
