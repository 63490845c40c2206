//! Values: against the standard library, at nasty places, with subnormal
//! numbers flushed.

use std::f64::consts::PI;

use gradtape_engine::Program;
use gradtape_tape::{Graph, Op, Real, Subnormals};

use super::table::{declaration, true_value};
use crate::random::Random;

use super::{applied, drawn, operations, value};

/// Zeros, ones, halves, multiples of π, the ends of the range and beyond.
fn nasty() -> Vec<f64> {
    let tiny = f64::MIN_POSITIVE;
    let magnitudes = [
        0.0,
        1.0,
        0.5,
        1.5,
        2.0,
        2.5,
        3.0,
        PI / 2.0,
        PI,
        2.0 * PI,
        100.0 * PI,
        1e6 * PI,
        88.8,
        103.9,
        709.9,
        745.2,
        1e16,
        1e-10,
        1e38,
        1e-38,
        1e-40,
        1e300,
        1e-300,
        tiny,
        tiny / 2.0,
        5e-324,
        f64::MAX,
        f64::INFINITY,
    ];
    let both = magnitudes.iter().flat_map(|x| [*x, -*x]);
    both.chain([f64::NAN]).collect()
}

/// Every choice of operands of `op` from the nasty numbers.
fn nasty_operands<T: Real>(op: Op) -> Vec<[T; 3]> {
    let numbers: Vec<T> = nasty().into_iter().map(T::from_f64).collect();
    // Enough for the third operand: it only ever is chosen or not.
    let last = &numbers[..5];
    let mut all = Vec::new();
    for x in &numbers {
        for y in if op.arity() > 1 {
            &numbers[..]
        } else {
            &numbers[..1]
        } {
            for z in if op.arity() > 2 { last } else { &last[..1] } {
                all.push([*x, *y, *z]);
            }
        }
    }
    all
}

/// The number of representable numbers from `a` to `b`; 0 and −0 are one.
fn ulps_between<T: Real>(a: T, b: T) -> u64 {
    let (nan_a, nan_b) = (a.to_f64().is_nan(), b.to_f64().is_nan());
    if nan_a || nan_b {
        return if nan_a && nan_b { 0 } else { u64::MAX };
    }
    let place = |x: T| {
        let magnitude = i128::from(x.abs().bits());
        if x < T::ZERO { -magnitude } else { magnitude }
    };
    u64::try_from((place(a) - place(b)).abs()).unwrap()
}

/// Equal patterns; one NaN is as good as another.
fn same_bits<T: Real>(a: T, b: T) -> bool {
    a.bits() == b.bits() || (a.to_f64().is_nan() && b.to_f64().is_nan())
}

/// What is wrong with one value, compared with the true one rounded to `T`,
/// and how many ulps the two are apart.
fn wrong_value<T: Real>(op: Op, operands: [T; 3]) -> Option<(u64, String)> {
    let expected = T::from_f64(true_value(op, operands.map(T::to_f64)));
    let actual = value(op, operands);
    let limit = declaration(op).value_ulps;
    let apart = ulps_between(actual, expected);
    let right = apart <= limit && (limit > 0 || same_bits(actual, expected));
    (!right).then(|| {
        let used = &operands[..op.arity()];
        (
            apart,
            format!("{op:?} {used:?} is {actual:?}, {apart} ulps from {expected:?}\n"),
        )
    })
}

/// Holds every operation against its true function, and lists the worst place
/// of each that fails.
fn check_values<T: Real>() {
    let mut random = Random(1);
    let mut failures = String::new();
    for op in operations() {
        let drawn = (0..1000).map(|_| drawn(&mut random, op));
        let places = drawn.chain(nasty_operands::<T>(op));
        let worst = places
            .filter_map(|operands| wrong_value(op, operands))
            .max();
        failures.extend(worst.map(|(_, failure)| failure));
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn values_in_f64_are_those_of_the_standard_library_within_the_declared_ulps() {
    check_values::<f64>();
}

/// The true function is computed in `f64` and rounded once more. For the
/// exactly rounded operations that changes nothing: 53 bits are more than
/// twice 24 and two.
#[test]
fn values_in_f32_are_those_of_f64_rounded_within_the_declared_ulps() {
    check_values::<f32>();
}

fn check_program<T: Real>(subnormals: Subnormals) {
    for op in operations()
        .into_iter()
        .chain([i32::MIN, i32::MAX].map(Op::Powi))
    {
        let graph = Graph::new(T::PRECISION, subnormals);
        let (inputs, result) = applied(&graph, op);
        let gradient = graph.gradient(result, &inputs);
        let program = Program::new(&graph, &[&[result], &gradient[..]].concat());
        let mut scratch = program.scratch();
        let mut outputs = vec![T::ZERO; 1 + op.arity()];
        for operands in nasty_operands::<T>(op) {
            program.run(&mut scratch, &operands[..op.arity()], &mut outputs);
            let expected = match op {
                // A power that is traced is one of these already.
                Op::Powi(0) => T::ONE,
                _ => op.value(operands.map(|x| subnormals.input(x)), subnormals),
            };
            assert!(
                same_bits(outputs[0], expected),
                "{op:?} {operands:?} {:?} {expected:?}",
                outputs[0]
            );
        }
    }
}

#[test]
fn a_program_has_the_bits_of_the_operation_at_nasty_inputs() {
    check_program::<f64>(Subnormals::Keep);
    check_program::<f64>(Subnormals::Flush);
    check_program::<f32>(Subnormals::Keep);
    check_program::<f32>(Subnormals::Flush);
}

/// Whether the number is neither normal nor zero.
fn subnormal<T: Real>(x: T) -> bool {
    x != T::ZERO && x.abs() < T::MIN_POSITIVE
}

fn check_flush<T: Real>(random: &mut Random) {
    let min = T::MIN_POSITIVE;
    // Any magnitude from far below the smallest normal number up to 2²³ of it
    // or, for the square roots of those, far above.
    let tiny = |random: &mut Random| {
        let scale = T::from_f64(random.between(-30.0, 24.0).exp2());
        let sign = T::from_f64([-1.0, 1.0][random.below(2)]);
        match random.below(4) {
            0 => (min * scale).sqrt() * sign,
            1 => T::from_f64(random.between(-3.0, 3.0)),
            _ => min * scale * sign,
        }
    };
    for op in operations() {
        for _ in 0..5000 {
            let operands = [(); 3].map(|()| Subnormals::Flush.input(tiny(random)));
            assert!(!operands.into_iter().any(subnormal));
            let kept = value(op, operands);
            let flushed = op.value(operands, Subnormals::Flush);
            assert!(!subnormal(flushed), "{op:?} {operands:?} {flushed:?}");
            if subnormal(kept) && !matches!(op, Op::Powi(_)) {
                // Powers flush within: a negative one may become infinite.
                assert_eq!(
                    flushed.bits(),
                    kept.signed_zero().bits(),
                    "{op:?} {operands:?}"
                );
            }
        }
    }
}

#[test]
fn flushing_never_leaves_a_subnormal_number() {
    check_flush::<f32>(&mut Random(2));
    check_flush::<f64>(&mut Random(3));
}

/// The definition of flushing once more, in `f64`, where each of these results
/// is exact or has more than twice the bits: rounded to the 24 bits of `f32` as
/// if the exponent had no lower bound, then a zero of its sign if below 2⁻¹²⁶.
#[expect(clippy::cast_possible_truncation, reason = "the rounding is wanted")]
fn rounded_then_flushed(exact: f64) -> f32 {
    let min = f64::from(f32::MIN_POSITIVE);
    if exact.abs() >= 2.0 * min {
        return exact as f32;
    }
    let scale = 100.0_f64.exp2();
    let rounded = f64::from((exact * scale) as f32) / scale;
    if rounded.abs() < min {
        0.0_f32.copysign(exact as f32)
    } else {
        rounded as f32
    }
}

#[test]
fn the_flushed_bits_of_f32_arithmetic_are_those_of_the_definition() {
    let mut random = Random(4);
    let mut only_rounded_up = 0;
    let mut check = |x: f32, y: f32| {
        let [x, y] = [x, y].map(|x| Subnormals::Flush.input(x));
        let (a, b) = (f64::from(x), f64::from(y));
        let exact = [
            (Op::Add, a + b),
            (Op::Sub, a - b),
            (Op::Mul, a * b),
            (Op::Div, a / b),
            (Op::Sqrt, a.sqrt()),
        ];
        for (op, exact) in exact {
            let actual = op.value([x, y, 0.0], Subnormals::Flush);
            let expected = rounded_then_flushed(exact);
            assert!(
                same_bits(actual, expected),
                "{op:?} {x:e} {y:e} {actual:e} {expected:e}"
            );
            let kept = value(op, [x, y, 0.0]);
            only_rounded_up += u32::from(kept.abs() == f32::MIN_POSITIVE && actual == 0.0);
        }
    };
    let min = f32::MIN_POSITIVE;
    for _ in 0..100_000 {
        let mantissa = f32::from_bits(0x3f80_0000 | (random.next() as u32 >> 9));
        let mantissa = if random.below(2) == 0 {
            mantissa
        } else {
            -mantissa
        };
        let x = mantissa * f32::from_bits((1 + random.below(250) as u32) << 23);
        // Partners whose product, quotient, sum or difference is next to the
        // smallest normal number, on either side of it.
        for partner in [min / x, x / min, min - x, min + x] {
            let step = random.below(5) as i32 - 2;
            let near = f32::from_bits(partner.to_bits().wrapping_add_signed(step));
            if near.is_finite() {
                check(x, near);
            }
        }
        check(x, f32::from_bits(random.next() as u32));
    }
    // Otherwise the test would not have seen the case that it is for.
    assert!(only_rounded_up > 1000, "{only_rounded_up}");
}
