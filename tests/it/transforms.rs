//! Functions that are shifted, rotated and scaled.

use gradtape_engine::Program;
use gradtape_experiment::objective::{MAX_ROTATION, Transform, WrongTransform};
use gradtape_tape::{Graph, Precision, Shape, Subnormals};

use crate::close::close;
use crate::random::Random;

fn rotation(seed: u64, dimension: usize) -> Vec<f64> {
    let transform = Transform::new(&vec![0.0; dimension], &[], Some(seed), &[]).unwrap();
    transform.rotation().unwrap().to_vec()
}

/// By elimination with pivots.
fn determinant(matrix: &[f64], n: usize) -> f64 {
    let mut rows: Vec<Vec<f64>> = matrix.chunks_exact(n).map(<[f64]>::to_vec).collect();
    let mut determinant = 1.0;
    for column in 0..n {
        let size = |row: &usize| rows[*row][column].abs();
        let pivot = (column..n)
            .max_by(|a, b| size(a).total_cmp(&size(b)))
            .unwrap();
        if pivot != column {
            rows.swap(pivot, column);
            determinant = -determinant;
        }
        let head = rows[column].clone();
        determinant *= head[column];
        for row in &mut rows[column + 1..] {
            let factor = row[column] / head[column];
            for (entry, above) in row.iter_mut().zip(&head) {
                *entry -= factor * above;
            }
        }
    }
    determinant
}

/// Each entry of RRᵀ is a sum of n products of numbers up to 1, and R itself the
/// product of n reflections, each rounded; the errors have either sign.
#[test]
fn rotations_keep_lengths_and_angles() {
    for (seed, n) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 7), (6, 40), (7, 150)] {
        let rotation = rotation(seed, n);
        let tolerance = 8.0 * f64::EPSILON * (n as f64).sqrt();
        for (i, a) in rotation.chunks_exact(n).enumerate() {
            for (j, b) in rotation.chunks_exact(n).enumerate() {
                let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                let expected = f64::from(u8::from(i == j));
                assert!(
                    close(product, expected, 0.0, tolerance),
                    "{n}: {i} {j} {product}"
                );
            }
        }
        let determinant = determinant(&rotation, n);
        assert!(close(determinant, 1.0, 0.0, 1e-12), "{n}: {determinant}");
    }
    assert_eq!(rotation(8, 1), [1.0]);
}

/// The same bits on every machine: a part of the results of experiments.
#[test]
fn a_seed_says_which_rotation() {
    assert_eq!(rotation(1, 3), rotation(1, 3));
    assert_ne!(rotation(1, 3), rotation(2, 3));
    let bits: Vec<String> = rotation(1, 3).iter().map(f64::to_string).collect();
    insta::assert_snapshot!(bits.join("\n"));
}

/// All rotations are equally likely: every entry has the mean 0 and
/// the mean square 1/n, and none is tied to another one. With 4000 rotations the
/// mean of a quantity of variance v is off by less than 5√(v/4000).
#[test]
fn rotations_prefer_no_direction() {
    const N: usize = 3;
    const COUNT: u32 = 4000;
    let mut sums = [0.0; N * N];
    let mut squares = [0.0; N * N];
    let mut trace = 0.0;
    for seed in 0..COUNT {
        let rotation = rotation(u64::from(seed), N);
        for (place, entry) in rotation.iter().enumerate() {
            sums[place] += entry / f64::from(COUNT);
            squares[place] += entry * entry / f64::from(COUNT);
        }
        trace += (0..N).map(|i| rotation[i * N + i]).sum::<f64>() / f64::from(COUNT);
    }
    let within = |variance: f64| 5.0 * (variance / f64::from(COUNT)).sqrt();
    for (mean, square) in sums.iter().zip(squares) {
        assert!(mean.abs() < within(1.0 / 3.0), "{mean}");
        // The square of an entry has the variance 1/5 − 1/9.
        assert!((square - 1.0 / 3.0).abs() < within(4.0 / 45.0), "{square}");
    }
    // The mean trace of a random rotation is 0, its mean square is 1.
    assert!(trace.abs() < within(1.0), "{trace}");
}

/// The inverse undoes the transform, up to roundings of numbers near 10.
#[test]
fn the_inverse_takes_back() {
    let mut random = Random(3);
    for (rotation, scale) in [
        (None, &[][..]),
        (Some(9), &[]),
        (None, &[2.0]),
        (Some(9), &[0.5, 1.0, 3.0, 2.0]),
    ] {
        let mut point = || -> Vec<f64> { (0..4).map(|_| random.between(-5.0, 5.0)).collect() };
        let (centre, shift, x) = (point(), point(), point());
        let transform = Transform::new(&centre, &shift, rotation, scale).unwrap();
        let back = transform.inverse(&transform.apply(&x));
        for (a, b) in back.iter().zip(&x) {
            assert!(close(*a, *b, 0.0, 1e-13), "{a} {b}");
        }
        // The centre comes from the centre moved by the shift, exactly.
        let moved = transform.inverse(&centre);
        let expected: Vec<f64> = centre
            .iter()
            .zip(&shift)
            .map(|(m, shift)| m + shift)
            .collect();
        assert_eq!(moved, expected);
        assert_eq!(transform.apply(&moved), centre);
    }
}

#[test]
fn a_recorded_transform_has_the_same_bits() {
    let mut random = Random(4);
    let centre = [1.0, -2.0, 0.5];
    for (shift, rotation, scale) in [
        (&[][..], None, &[][..]),
        (&[0.1, 0.2, 0.3], Some(1), &[]),
        (&[], Some(2), &[3.0]),
        (&[1.0, 0.0, -1.0], Some(3), &[0.1, 1.0, 10.0]),
    ] {
        let transform = Transform::new(&centre, shift, rotation, scale).unwrap();
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let inputs: Vec<_> = graph.numbers(3);
        let program = Program::new(&graph, &transform.trace(&graph, &inputs));
        // A vector, numbers, and something of both.
        let shapes: [&[&[usize]]; 3] = [&[&[3]], &[&[], &[], &[]], &[&[1, 2], &[]]];
        let of_arrays = shapes.map(|shapes| {
            let graph = Graph::new(Precision::F64, Subnormals::Keep);
            let variables: Vec<_> = shapes
                .iter()
                .map(|shape| graph.input(Shape::from(*shape)))
                .collect();
            Program::epoch(&graph, &transform.trace(&graph, &variables), &[])
        });
        for _ in 0..100 {
            let x: Vec<f64> = (0..3).map(|_| random.between(-9.0, 9.0)).collect();
            assert_eq!(program.evaluate(&x), transform.apply(&x));
            for program in &of_arrays {
                assert_eq!(program.evaluate(&x), transform.apply(&x));
            }
        }
    }
}

#[test]
fn numbers_of_no_use_are_told() {
    let check = |shift: &[f64], scale: &[f64], expected: &str| {
        let wrong = Transform::new(&[0.0; 3], shift, None, scale).unwrap_err();
        assert_eq!(wrong.to_string(), expected);
    };
    check(&[1.0], &[], "the shift has 1 number, expected 3 numbers");
    check(
        &[],
        &[1.0, 2.0],
        "the scale has 2 numbers, expected 1 or 3 numbers",
    );
    check(&[0.0, f64::NAN, 0.0], &[], "a shift must be finite");
    check(&[], &[0.0], "a scale must be finite and greater than 0");
    check(
        &[],
        &[1.0, 1.0, f64::INFINITY],
        "a scale must be finite and greater than 0",
    );
    let many = vec![0.0; MAX_ROTATION + 1];
    let wrong = Transform::new(&many, &[], Some(1), &[]).unwrap_err();
    assert_eq!(
        wrong,
        WrongTransform::Rotation {
            dimension: many.len()
        }
    );
    assert_eq!(
        wrong.to_string(),
        "at most 1,000 variables can be rotated, not 1,001"
    );
}
