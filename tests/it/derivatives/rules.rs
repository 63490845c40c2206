//! The rule of each operation on its own: reverse mode against dual numbers
//! and against differences of values.

use gradtape_engine::Program;
use gradtape_tape::{Graph, Op, Real, Subnormals};
use num_dual::{Dual64, HyperDual64};

use super::table::{declaration, kink_distance, true_dual};
use super::{applied, drawn, epsilon, operations, value};
use crate::close::close;
use crate::random::Random;

/// The program of the first derivatives of `op` in reverse mode, then of all
/// second ones, row by row.
fn derivatives<T: Real>(op: Op) -> Program<T> {
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let (inputs, result) = applied(&graph, op);
    let gradient = graph.gradient(result, &inputs);
    let mut outputs = gradient.clone();
    for first in gradient {
        outputs.extend(graph.gradient(first, &inputs));
    }
    Program::new(&graph, &outputs)
}

/// The derivative with respect to operand `wrt`, by dual numbers.
fn true_slope(op: Op, operands: [f64; 3], wrt: usize) -> f64 {
    let mut duals = operands.map(Dual64::from);
    duals[wrt] = duals[wrt].derivative();
    true_dual(op, duals).eps
}

fn true_second(op: Op, operands: [f64; 3], first: usize, second: usize) -> f64 {
    let mut duals = operands.map(HyperDual64::from);
    duals[first] = duals[first].derivative1();
    duals[second] = duals[second].derivative2();
    true_dual(op, duals).eps1eps2
}

/// The operands are rounded to `T` before the true derivative is taken of
/// them, so what differs are the roundings within the rule alone, and the same
/// number of epsilons does for both types.
fn check_against_duals<T: Real>(random: &mut Random) {
    for op in operations() {
        let program = derivatives::<T>(op);
        let rel = declaration(op).slope_ulps * epsilon::<T>();
        for _ in 0..500 {
            let operands: [T; 3] = drawn(random, op);
            let wide = operands.map(T::to_f64);
            let actual = program.evaluate(&operands[..op.arity()]);
            let (first, second) = actual.split_at(op.arity());
            let mut greatest = 0.0_f64;
            for (wrt, slope) in first.iter().enumerate() {
                let expected = true_slope(op, wide, wrt);
                greatest = greatest.max(expected.abs());
                assert!(
                    close(slope.to_f64(), expected, rel, 0.0),
                    "d{wrt} {op:?} {operands:?}: {slope:?}, not {expected:?}"
                );
            }
            let expected: Vec<f64> = (0..op.arity() * op.arity())
                .map(|place| true_second(op, wide, place / op.arity(), place % op.arity()))
                .collect();
            // Second derivatives are sums that cancel where one changes sign;
            // the terms are as great as the others and the first ones.
            greatest = expected.iter().fold(greatest, |most, x| most.max(x.abs()));
            for (place, (slope, expected)) in second.iter().zip(expected).enumerate() {
                assert!(
                    close(slope.to_f64(), expected, 2.0 * rel, 2.0 * rel * greatest),
                    "d²{place} {op:?} {operands:?}: {slope:?}, not {expected:?}"
                );
            }
        }
    }
}

#[test]
fn first_and_second_derivatives_in_f64_are_those_of_dual_numbers() {
    check_against_duals::<f64>(&mut Random(11));
}

#[test]
fn first_and_second_derivatives_in_f32_are_those_of_dual_numbers() {
    check_against_duals::<f32>(&mut Random(12));
}

/// The central difference with respect to operand `wrt` and half the distance
/// it was taken over.
fn difference(op: Op, operands: [f64; 3], wrt: usize) -> (f64, f64) {
    let step = f64::EPSILON.cbrt() * operands[wrt].abs().max(1.0);
    let at = |shift: f64| {
        let mut moved = operands;
        moved[wrt] += shift;
        (value(op, moved), moved[wrt])
    };
    let ((above, right), (below, left)) = (at(step), at(-step));
    ((above - below) / (right - left), step)
}

/// The error is f‴h²/6 + ε|f|/h. With h = ∛ε·|x| both are near ε^⅔ = 4e-11
/// times f and f‴; the third derivatives in the domains reach some thousands.
fn check_against_differences(op: Op, operands: [f64; 3]) -> bool {
    let gradient = derivatives::<f64>(op).evaluate(&operands[..op.arity()]);
    let mut compared = true;
    for (wrt, slope) in gradient[..op.arity()].iter().enumerate() {
        // Between integer orders there is no function to take differences of.
        if op == Op::Polygamma && wrt == 0 {
            assert_eq!(*slope, 0.0);
            continue;
        }
        let (expected, step) = difference(op, operands, wrt);
        if kink_distance(op, operands) <= 2.0 * step {
            compared = false;
            continue;
        }
        let abs = 1e-9 * (1.0 + value(op, operands).abs());
        assert!(
            close(*slope, expected, 1e-8, abs),
            "d{wrt} {op:?} {operands:?}: {slope:?}, not {expected:?}"
        );
    }
    compared
}

#[test]
fn derivatives_are_central_differences_of_values() {
    let mut random = Random(13);
    for op in operations() {
        let compared = (0..100).filter(|_| check_against_differences(op, drawn(&mut random, op)));
        assert!(
            compared.count() >= 98,
            "{op:?}: most points are off the kinks"
        );
    }
}

#[test]
fn derivatives_on_both_sides_of_a_kink_are_those_of_their_side() {
    let mut sides = 0;
    for op in operations() {
        for at in declaration(op).kinks {
            assert_eq!(kink_distance(op, *at).min(op_is_where(op)), 0.0, "{op:?}");
            for wrt in 0..op.arity() {
                for shift in [-1e-3, 1e-3] {
                    let mut operands = *at;
                    operands[wrt] += shift;
                    sides += u32::from(check_against_differences(op, operands));
                }
            }
        }
    }
    assert!(sides >= 30, "{sides}");
}

/// A condition of exactly 0 counts as far from the kink, see its declaration.
fn op_is_where(op: Op) -> f64 {
    if op == Op::Where { 0.0 } else { f64::INFINITY }
}
