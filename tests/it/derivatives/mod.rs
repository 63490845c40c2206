//! Operations and their derivatives against independent answers.
//!
//! [`table`] declares what every operation must compute; the other modules
//! hold the library against it: values, the rule of each operation on its own,
//! the edges of the domains, random graphs, and laws that need no answer.

mod branches;
mod edges;
mod laws;
mod random;
mod rules;
mod table;
mod values;

use gradtape_tape::{Array, Graph, Number, Op, Real, Subnormals};

use crate::random::Random;

/// Every operation, with more exponents than [`Op::ALL`] has.
fn operations() -> Vec<Op> {
    let mut all = Op::ALL.to_vec();
    all.extend([-3, -2, -1, 0, 1, 2, 4, 5].map(Op::Powi));
    all
}

/// Operands from the declared domain of `op`, rounded to `T`.
fn drawn<T: Real>(random: &mut Random, op: Op) -> [T; 3] {
    let mut operands = [T::ZERO; 3];
    for (operand, intervals) in operands.iter_mut().zip(table::declaration(op).domain) {
        let (low, high) = intervals[random.below(intervals.len())];
        *operand = T::from_f64(random.between(low, high));
    }
    operands
}

/// `op` applied to new inputs of `graph`: the inputs, and the result.
fn applied(graph: &Graph, op: Op) -> (Vec<Array<'_>>, Array<'_>) {
    let inputs: Vec<_> = graph.numbers(op.arity());
    let result = Number::apply(op, &inputs.iter().collect::<Vec<_>>());
    (inputs, result)
}

fn value<T: Real>(op: Op, operands: [T; 3]) -> T {
    op.value(operands, Subnormals::Keep)
}

/// The machine epsilon: the distance from 1 to the next number.
fn epsilon<T: Real>() -> f64 {
    let mut epsilon = 1.0;
    while T::from_f64(1.0 + epsilon / 2.0).to_f64() > 1.0 {
        epsilon /= 2.0;
    }
    epsilon
}
