//! Points where a derivative is infinite, undefined or a matter of choice; and
//! forward mode from the same rules.

use std::ops::{Add, Div, Mul, Neg, Sub};

use gradtape_engine::Program;
use gradtape_tape::{Array, Graph, Number, Op, Precision, Real, Subnormals};
use num_dual::HyperDual64;

use super::table::{declaration, true_dual};
use super::{applied, drawn, operations, value};
use crate::close::close;
use crate::random::Random;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Equal, with 0 and −0 apart.
fn same(actual: &[f64], expected: &[f64]) -> bool {
    let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    actual.len() == expected.len() && actual.iter().zip(expected).all(same)
}

/// The gradient of `build`, a function of inputs, at `at`.
fn gradient_at<T: Real>(build: impl for<'g> Fn(&[Array<'g>]) -> Array<'g>, at: &[f64]) -> Vec<f64> {
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let inputs: Vec<_> = at.iter().map(|_| graph.input([])).collect();
    let gradient = graph.gradient(build(&inputs), &inputs);
    let at: Vec<T> = at.iter().map(|x| T::from_f64(*x)).collect();
    let result = Program::new(&graph, &gradient).evaluate(&at);
    result.into_iter().map(T::to_f64).collect()
}

#[test]
fn edge_values_of_operations_are_those_of_tensorflow() {
    let check = |op: Op, at: &[f64], expected: &[f64]| {
        let apply = |inputs: &[Array<'_>]| inputs.len();
        assert_eq!(apply(&[]), 0);
        let wide = gradient_at::<f64>(|x| Number::apply(op, &x.iter().collect::<Vec<_>>()), at);
        let narrow = gradient_at::<f32>(|x| Number::apply(op, &x.iter().collect::<Vec<_>>()), at);
        assert!(same(&wide, expected), "{op:?} {at:?}: {wide:?}");
        assert!(same(&narrow, expected), "{op:?} {at:?} in f32: {narrow:?}");
    };
    // abs'(0) = 0, sign' = 0.
    check(Op::Abs, &[0.0], &[0.0]);
    check(Op::Sign, &[0.0], &[0.0]);
    check(Op::Sign, &[2.0], &[0.0]);
    // sqrt'(0) = inf, log'(0) = inf where the value is −inf.
    check(Op::Sqrt, &[0.0], &[INF]);
    check(Op::Ln, &[0.0], &[INF]);
    // exp overflows to inf, and so does its derivative.
    check(Op::Exp, &[1e3], &[INF]);
    // x^0.5 at 0: inf. With a variable exponent, 0 reaches the exponent.
    check(Op::Pow, &[0.0, 0.5], &[INF, 0.0]);
    // A negative base with a variable exponent: −0 reaches the exponent.
    check(Op::Pow, &[-2.0, 3.0], &[12.0, -0.0]);
    check(Op::Pow, &[-2.0, 2.0], &[-4.0, 0.0]);
    // atan2(0, 0): NaN.
    check(Op::Atan2, &[0.0, 0.0], &[NAN, NAN]);
    // maximum and minimum: at a tie the whole gradient goes to the first.
    check(Op::Max, &[1.0, 1.0], &[1.0, 0.0]);
    check(Op::Min, &[1.0, 1.0], &[1.0, 0.0]);
    check(Op::Max, &[2.0, 1.0], &[1.0, 0.0]);
    check(Op::Max, &[1.0, 2.0], &[0.0, 1.0]);
    check(Op::Min, &[2.0, 1.0], &[0.0, 1.0]);
    check(Op::Min, &[1.0, 2.0], &[1.0, 0.0]);
    // where: the branch that is taken gets everything, the condition nothing.
    check(Op::Where, &[1.0, 2.0, 3.0], &[0.0, 1.0, 0.0]);
    check(Op::Where, &[0.0, 2.0, 3.0], &[0.0, 0.0, 1.0]);
    // No derivative: TensorFlow says None, a graph says 0.
    check(Op::Floor, &[1.5], &[0.0]);
    check(Op::Ceil, &[1.5], &[0.0]);
    check(Op::Round, &[1.5], &[0.0]);
    check(Op::Less, &[1.0, 2.0], &[0.0, 0.0]);
    check(Op::LessEqual, &[1.0, 2.0], &[0.0, 0.0]);
    check(Op::Equal, &[1.0, 1.0], &[0.0, 0.0]);
}

/// Not in TensorFlow, or not observed there: what this library promises.
#[test]
fn edge_values_beyond_tensorflow_are_the_limits_or_nan() {
    let check = |op: Op, at: &[f64], expected: &[f64]| {
        let actual = gradient_at::<f64>(|x| Number::apply(op, &x.iter().collect::<Vec<_>>()), at);
        assert!(same(&actual, expected), "{op:?} {at:?}: {actual:?}");
    };
    check(Op::Hypot, &[0.0, 0.0], &[NAN, NAN]);
    check(Op::Hypot, &[3.0, 4.0], &[0.6, 0.8]);
    check(Op::Hypot, &[1e300, 0.0], &[1.0, 0.0]);
    check(Op::Cbrt, &[0.0], &[INF]);
    check(Op::Ln1p, &[-1.0], &[INF]);
    check(Op::Log2, &[0.0], &[INF]);
    check(Op::Log10, &[0.0], &[INF]);
    check(Op::Asin, &[1.0], &[INF]);
    check(Op::Acos, &[-1.0], &[-INF]);
    check(Op::Acosh, &[1.0], &[INF]);
    check(Op::Atanh, &[1.0], &[INF]);
    check(Op::Sqrt, &[-1.0], &[NAN]);
    check(Op::Div, &[1.0, 0.0], &[INF, -INF]);
    // Saturated: no derivative is left, and none is NaN.
    check(Op::Sigmoid, &[1e3], &[0.0]);
    check(Op::Sigmoid, &[-1e3], &[0.0]);
    check(Op::Tanh, &[1e3], &[0.0]);
    check(Op::Softplus, &[1e3], &[1.0]);
    check(Op::Softplus, &[-1e3], &[0.0]);
    check(Op::Erf, &[1e3], &[0.0]);
    check(Op::Expm1, &[-1e3], &[0.0]);
    for far in [1e3, INF] {
        check(Op::Erfc, &[far], &[-0.0]);
        for op in [Op::Gelu, Op::Silu] {
            check(op, &[far], &[1.0]);
            check(op, &[-far], &[0.0]);
        }
        check(Op::Elu, &[far, 2.0], &[1.0, 0.0]);
        check(Op::Elu, &[-far, 2.0], &[0.0, -1.0]);
        check(Op::LogAddExp, &[far, 0.0], &[1.0, 0.0]);
        check(Op::LogAddExp, &[-far, 0.0], &[0.0, 1.0]);
    }
    check(Op::LogAddExp, &[INF, INF], &[NAN, NAN]);
    check(Op::LogAddExp, &[2.0, 2.0], &[0.5, 0.5]);
    check(Op::Elu, &[0.0, 2.0], &[2.0, 0.0]);
    check(Op::Lgamma, &[0.0], &[-INF]);
    check(Op::Lgamma, &[-1.0], &[NAN]);
    check(Op::Lgamma, &[INF], &[INF]);
    check(Op::Digamma, &[0.0], &[INF]);
    check(Op::Digamma, &[-2.0], &[INF]);
    check(Op::Digamma, &[INF], &[0.0]);
    check(Op::Rem, &[-7.0, 3.0], &[1.0, 3.0]);
    check(Op::Rem, &[6.0, 3.0], &[1.0, -2.0]);
    // x⁰ is 1 for every x: not 0·inf, as in TensorFlow.
    check(Op::Pow, &[0.0, 0.0], &[0.0, 0.0]);
    check(Op::Pow, &[1e-310, 0.0], &[0.0, 1e-310_f64.ln()]);
    // A NaN is not hidden, wherever it stands.
    for at in [[NAN, 1.0], [1.0, NAN], [NAN, NAN]] {
        check(Op::Min, &at, &[NAN, NAN]);
        check(Op::Max, &at, &[NAN, NAN]);
    }
}

#[test]
fn edge_values_of_expressions_are_those_of_tensorflow() {
    let check = |build: for<'g> fn(&[Array<'g>]) -> Array<'g>, at: &[f64], expected: &[f64]| {
        let actual = gradient_at::<f64>(build, at);
        assert!(same(&actual, expected), "{at:?}: {actual:?}");
    };
    // The norm at 0: NaN.
    check(
        |x| (x[0] * x[0] + x[1] * x[1]).unary(Op::Sqrt),
        &[0.0, 0.0],
        &[NAN, NAN],
    );
    // x^0.5 at 0 with a constant exponent: inf.
    check(|x| x[0].pow(Number::constant(&x[0], 0.5)), &[0.0], &[INF]);
    // relu'(0) = 0: the constant first, so that the tie goes to it.
    let relu: for<'g> fn(&[Array<'g>]) -> Array<'g> =
        |x| Number::constant(&x[0], 0.0).binary(Op::Max, x[0]);
    check(relu, &[0.0], &[0.0]);
    // clip_by_value: 1 at the edges, 0 outside.
    let clip: for<'g> fn(&[Array<'g>]) -> Array<'g> = |x| {
        let (low, high) = (Number::constant(&x[0], 1.0), Number::constant(&x[0], 2.0));
        x[0].binary(Op::Min, high).binary(Op::Max, low)
    };
    for (at, expected) in [(0.5, 0.0), (1.0, 1.0), (1.5, 1.0), (2.0, 1.0), (2.5, 0.0)] {
        check(clip, &[at], &[expected]);
    }
    // reduce_prod with two zeros: zeros.
    check(|x| x[0] * x[1] * x[2], &[0.0, 0.0, 3.0], &[0.0, 0.0, 0.0]);
    // where(x < 1, x, 1/x): the branch that is not taken does not leak …
    let guarded: for<'g> fn(&[Array<'g>]) -> Array<'g> = |x| {
        let one = Number::constant(&x[0], 1.0);
        x[0].binary(Op::Less, one).select(x[0], one / x[0])
    };
    check(guarded, &[0.5], &[1.0]);
    check(guarded, &[2.0], &[-0.25]);
    // … even where it is infinite, when 0·inf makes a NaN in TensorFlow.
    check(guarded, &[0.0], &[1.0]);
    // x − floor(x), which is floormod(x, 1): 1.
    check(|x| x[0] - x[0].unary(Op::Floor), &[2.5], &[1.0]);
}

/// Where this library differs from TensorFlow, which gives NaN: a constant
/// exponent 0 makes the constant 1 before anything is differentiated.
#[test]
fn the_power_of_a_constant_zero_is_a_constant() {
    let zero = |x: &[Array<'_>]| x.len();
    assert_eq!(zero(&[]), 0);
    let actual = gradient_at::<f64>(|x| x[0].pow(Number::constant(&x[0], 0.0)), &[0.0]);
    assert!(same(&actual, &[0.0]), "{actual:?}");
}

/// A plain number that the rules can compute with.
#[derive(Clone, Debug)]
struct Plain(f64);

/// A number and its derivative along one direction, `None` for constants: the
/// chain rule would else multiply their 0 by slopes that may be infinite.
///
/// The parts are numbers again, so that a forward number of forward numbers
/// has second derivatives.
#[derive(Clone, Debug)]
struct Forward<N> {
    value: N,
    slope: Option<N>,
}

impl Number for Plain {
    fn constant(&self, value: f64) -> Self {
        Plain(value)
    }

    fn apply(op: Op, operands: &[&Self]) -> Self {
        let operand = |place: usize| operands.get(place).map_or(0.0, |x| x.0);
        Plain(value(op, [operand(0), operand(1), operand(2)]))
    }
}

impl<N: Number> Number for Forward<N> {
    fn constant(&self, value: f64) -> Self {
        Forward {
            value: self.value.constant(value),
            slope: None,
        }
    }

    fn apply(op: Op, operands: &[&Self]) -> Self {
        let values: Vec<&N> = operands.iter().map(|x| &x.value).collect();
        let value = N::apply(op, &values);
        let mut total: Option<N> = None;
        for (index, operand) in operands.iter().enumerate() {
            let Some(tangent) = &operand.slope else {
                continue;
            };
            if let Some(part) = op.partial(index, &values, &value, tangent).whole() {
                total = Some(match total {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
        }
        Forward {
            value,
            slope: total,
        }
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident),+) => {$(
        impl $trait for Plain {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Number::apply(Op::$trait, &[&self, &other])
            }
        }
        impl<N: Number> $trait for Forward<N> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Number::apply(Op::$trait, &[&self, &other])
            }
        }
    )+};
}
operators!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Plain {
    type Output = Self;
    fn neg(self) -> Self {
        Number::apply(Op::Neg, &[&self])
    }
}

impl<N: Number> Neg for Forward<N> {
    type Output = Self;
    fn neg(self) -> Self {
        Number::apply(Op::Neg, &[&self])
    }
}

#[test]
fn the_rules_serve_forward_mode_up_to_second_derivatives() {
    let mut random = Random(21);
    for op in operations() {
        for _ in 0..50 {
            let operands: [f64; 3] = drawn(&mut random, op);
            // A direction in all operands at once: sums of partials count too.
            let direction = [0.5, -2.0, 1.5];
            let numbers: Vec<Forward<Forward<Plain>>> = operands
                .iter()
                .zip(direction)
                .take(op.arity())
                .map(|(x, along)| Forward {
                    value: Forward {
                        value: Plain(*x),
                        slope: Some(Plain(along)),
                    },
                    slope: Some(Forward {
                        value: Plain(along),
                        slope: None,
                    }),
                })
                .collect();
            let result = Forward::apply(op, &numbers.iter().collect::<Vec<_>>());
            let first = result.slope.as_ref().map_or(0.0, |slope| slope.value.0);
            let second = result.slope.and_then(|slope| slope.slope);
            let second = second.map_or(0.0, |slope| slope.0);

            let mut place = 0;
            let duals = operands.map(|x| {
                place += 1;
                let along = direction[place - 1];
                HyperDual64::new(x, along, along, 0.0)
            });
            let expected = true_dual(op, duals);
            // Partials of opposite sign cancel; they are no greater than
            // these, as operands and direction are moderate.
            let limit = 4.0 * declaration(op).slope_ulps.max(1.0) * f64::EPSILON;
            let scale = true_magnitude(op, operands);
            assert!(
                close(first, expected.eps1, limit, limit * scale),
                "{op:?} {operands:?}: {first:?} {expected:?}"
            );
            assert!(
                close(second, expected.eps1eps2, limit, limit * scale),
                "{op:?} {operands:?}: {second:?} {expected:?}"
            );
        }
    }
}

/// The largest first or second derivative of `op`, times what the direction
/// of the test above can multiply it by.
fn true_magnitude(op: Op, operands: [f64; 3]) -> f64 {
    let mut greatest = 0.0_f64;
    for first in 0..op.arity() {
        for second in 0..op.arity() {
            let mut duals = operands.map(HyperDual64::from);
            duals[first] = duals[first].derivative1();
            duals[second] = duals[second].derivative2();
            let result = true_dual(op, duals);
            greatest = greatest.max(result.eps1.abs()).max(result.eps1eps2.abs());
        }
    }
    4.0 * greatest
}

/// Both modes use one table, so they make the same roundings where one operand
/// alone moves.
#[test]
fn forward_mode_has_the_bits_of_reverse_mode() {
    let mut random = Random(22);
    for op in operations() {
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let (inputs, result) = applied(&graph, op);
        let program = Program::new(&graph, &graph.gradient(result, &inputs));
        for _ in 0..50 {
            let operands: [f64; 3] = drawn(&mut random, op);
            let reverse = program.evaluate(&operands[..op.arity()]);
            for (wrt, reverse) in reverse.iter().enumerate() {
                let numbers: Vec<Forward<Plain>> = (0..op.arity())
                    .map(|place| Forward {
                        value: Plain(operands[place]),
                        slope: (place == wrt).then_some(Plain(1.0)),
                    })
                    .collect();
                let forward = Forward::apply(op, &numbers.iter().collect::<Vec<_>>());
                let forward = forward.slope.map_or(0.0, |slope| slope.0);
                assert_eq!(forward, *reverse, "{op:?} {operands:?} d{wrt}");
            }
        }
    }
}

/// First and second derivatives from mpmath (`goldens/values.py`), where a rule could cancel,
/// overflow or saturate.
#[test]
fn derivatives_keep_their_digits_at_the_ends() {
    for line in include_str!("../goldens/slopes.csv").lines().skip(1) {
        let (name, numbers) = line.split_once(',').unwrap();
        let numbers: Vec<f64> = numbers.split(',').map(|it| it.parse().unwrap()).collect();
        let mut operations = operations().into_iter();
        let op = operations.find(|op| declaration(*op).name == name).unwrap();
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let x = graph.input([]);
        let [first] = graph.gradient(Number::apply(op, &[&x]), &[x])[..] else {
            panic!("one input");
        };
        let second = graph.gradient(first, &[x])[0];
        let actual = Program::new(&graph, &[first, second]).evaluate(&[numbers[0]]);
        for (order, (actual, exact)) in actual.iter().zip(&numbers[1..]).enumerate() {
            let apart = (actual - exact).abs();
            assert!(
                actual == exact || apart <= 8.0 * f64::EPSILON * exact.abs() + f64::from_bits(1),
                "{name} at {}, order {}: {actual}, not {exact}",
                numbers[0],
                order + 1,
            );
        }
    }
}
