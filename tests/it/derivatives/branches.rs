//! Branches that are not taken: random computations with selections against the same
//! computations without them, in which each selection is what it selects at the point.
//!
//! The operands are where square roots, logarithms and reciprocals are infinite or NaN, so
//! a contribution of a branch that is not taken would show.

use gradtape_engine::Program;
use gradtape_tape::{GradientTape, Result, Tensor};
use gradtape_tape::{Graph, Number, Op, Precision, Subnormals};

use super::value;
use crate::close::close;
use crate::random::Random;

/// A step of a computation; operands are the numbers of earlier ones.
#[derive(Clone, Copy, Debug)]
enum Step {
    Variable(usize),
    Constant(f64),
    Apply(Op, [usize; 2]),
    /// The third where the first is less than the second, else the fourth.
    Select([usize; 4]),
}

const UNARY: &[Op] = &[
    Op::Sqrt,
    Op::Ln,
    Op::Powi(-1),
    Op::Powi(2),
    Op::Sin,
    Op::Neg,
];
const BINARY: &[Op] = &[Op::Add, Op::Sub, Op::Mul];
/// Selections by themselves.
const CHOICES: &[Op] = &[Op::Max, Op::Min];
const PLACES: &[f64] = &[-1.0, 0.0, 0.25, 1.0, 4.0];

fn drawn_steps(random: &mut Random) -> Vec<Step> {
    let constant = PLACES[random.below(PLACES.len())];
    let mut steps = vec![
        Step::Variable(0),
        Step::Variable(1),
        Step::Constant(constant),
    ];
    for _ in 0..4 + random.below(12) {
        let count = steps.len();
        // Recent steps more often, so that selections come to lie within each other.
        let mut operand = || count - 1 - random.below(count).min(random.below(count));
        let [a, b, c, d] = [operand(), operand(), operand(), operand()];
        let mut any = |ops: &[Op]| ops[random.below(ops.len())];
        let (unary, binary, choice) = (any(UNARY), any(BINARY), any(CHOICES));
        steps.push(match random.below(8) {
            0 | 1 => Step::Apply(unary, [a, a]),
            2 | 3 => Step::Apply(binary, [a, b]),
            4 => Step::Apply(choice, [a, b]),
            _ => Step::Select([a, b, c, d]),
        });
    }
    steps
}

/// All steps, in any kind of number.
fn computed<N: Number>(steps: &[Step], variables: &[N; 2]) -> N {
    let mut numbers: Vec<N> = Vec::new();
    for step in steps {
        numbers.push(match step {
            Step::Variable(place) => variables[*place].clone(),
            Step::Constant(value) => variables[0].constant(*value),
            Step::Apply(op, operands) => {
                let operands = operands.map(|operand| &numbers[operand]);
                N::apply(*op, &operands[..op.arity()])
            }
            Step::Select(operands) => {
                let [a, b, x, y] = operands.map(|operand| &numbers[operand]);
                let is_less = N::apply(Op::Less, &[a, b]);
                N::apply(Op::Where, &[&is_less, x, y])
            }
        });
    }
    numbers.swap_remove(numbers.len() - 1)
}

/// The steps with each selection replaced by what it selects at a point; `None` where a
/// number on the way to the last step is NaN, for which selections have rules of their own.
fn resolved(steps: &[Step], at: [f64; 2]) -> Option<Vec<Step>> {
    let mut values: Vec<f64> = Vec::new();
    // For each step the one whose number it has.
    let mut same: Vec<usize> = Vec::new();
    let mut plain = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let (own, value, step) = match *step {
            Step::Variable(number) => (place, at[number], *step),
            Step::Constant(number) => (place, number, *step),
            Step::Apply(op, [a, b]) if CHOICES.contains(&op) => {
                let (x, y) = (values[a], values[b]);
                if x.is_nan() || y.is_nan() {
                    return None;
                }
                let takes_first = if op == Op::Max { x >= y } else { x <= y };
                let taken = if takes_first { a } else { b };
                (same[taken], values[taken], Step::Constant(0.0))
            }
            Step::Apply(op, [a, b]) => {
                let step = Step::Apply(op, [same[a], same[b]]);
                (place, value(op, [values[a], values[b], 0.0]), step)
            }
            Step::Select([a, b, x, y]) => {
                let taken = if values[a] < values[b] { x } else { y };
                (same[taken], values[taken], Step::Constant(0.0))
            }
        };
        same.push(own);
        values.push(value);
        plain.push(step);
    }
    // A product with 1 is the number itself, in its derivatives too.
    let last = same[same.len() - 1];
    plain.push(Step::Constant(1.0));
    plain.push(Step::Apply(Op::Mul, [last, plain.len() - 1]));
    Some(plain)
}

/// Both first and all four second derivatives at a point.
fn derivatives(steps: &[Step], at: [f64; 2]) -> Vec<f64> {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let variables = [graph.input([]), graph.input([])];
    let first = graph.gradient(computed(steps, &variables), &variables);
    let second = first
        .iter()
        .flat_map(|one| graph.gradient(*one, &variables));
    let all: Vec<_> = first.iter().copied().chain(second).collect();
    Program::new(&graph, &all).evaluate(&at)
}

fn agree(a: &[f64], b: &[f64]) -> bool {
    let mut pairs = a.iter().zip(b);
    a.len() == b.len()
        && pairs.all(|(a, b)| {
            // Contributions may be added in another order.
            (a.is_nan() && b.is_nan()) || a == b || close(*a, *b, 1e-9, 0.0)
        })
}

/// Every point of the places.
fn points() -> Vec<[f64; 2]> {
    let rows = PLACES.iter();
    rows.flat_map(|x| PLACES.iter().map(|y| [*x, *y])).collect()
}

#[test]
fn a_branch_contributes_what_it_would_alone_or_nothing() {
    let mut random = Random(31);
    let (mut compared, mut finite) = (0, 0);
    for _ in 0..1500 {
        let steps = drawn_steps(&mut random);
        for at in points() {
            let Some(plain) = resolved(&steps, at) else {
                continue;
            };
            let expected = derivatives(&plain, at);
            let actual = derivatives(&steps, at);
            assert!(
                agree(&actual, &expected),
                "{steps:?} at {at:?}: {actual:?}, not {expected:?}"
            );
            compared += 1;
            finite += usize::from(actual.iter().all(|it| it.is_finite()));
        }
    }
    // The comparison is about numbers, not about NaN alone.
    assert!(
        compared > 20_000 && finite * 2 > compared,
        "{finite} of {compared}"
    );
}

#[test]
fn branches_of_arrays_are_those_of_each_element() {
    let mut random = Random(32);
    let points = points();
    let count = points.len();
    let inputs: Vec<f64> = [0, 1]
        .iter()
        .flat_map(|it| points.iter().map(move |at| at[*it]))
        .collect();
    for _ in 0..300 {
        let steps = drawn_steps(&mut random);
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let variables = [graph.input([count]), graph.input([count])];
        // The computation may not use them.
        let zero = (variables[0] * graph.constant(0.0)).stop_gradient();
        let value = computed(&steps, &variables) + zero;
        let first = graph.gradient(value.sum(None), &variables);
        let second: Vec<_> = first
            .iter()
            .flat_map(|one| graph.gradient(one.sum(None), &variables))
            .collect();
        let all: Vec<_> = first.iter().chain(&second).copied().collect();
        let looped = Program::staged(&graph, &all, &[]).evaluate(&inputs);
        let unrolled = Program::unrolled(&graph, &all, &[]).evaluate(&inputs);
        let bits = |x: &[f64]| -> Vec<u64> {
            // The payload of a NaN is not part of the contract.
            x.iter()
                .map(|x| if x.is_nan() { 0 } else { x.to_bits() })
                .collect()
        };
        assert_eq!(bits(&looped), bits(&unrolled), "{steps:?}");
        for (place, at) in points.iter().enumerate() {
            let each = looped.chunks_exact(count).map(|row| row[place]);
            let expected = derivatives(&steps, *at);
            let actual: Vec<f64> = each.collect();
            assert!(
                agree(&actual, &expected),
                "{steps:?} at {at:?}: {actual:?}, not {expected:?}"
            );
        }
    }
}

/// The steps on a tape.
fn on_tape(steps: &[Step], variables: [&Tensor; 2]) -> Result<Tensor> {
    let mut tensors: Vec<Tensor> = Vec::new();
    for step in steps {
        tensors.push(match step {
            Step::Variable(place) => variables[*place].clone(),
            Step::Constant(value) => Tensor::from(*value),
            Step::Apply(op, [a, b]) => {
                let (x, y) = (&tensors[*a], &tensors[*b]);
                match op {
                    Op::Sqrt => x.sqrt(),
                    Op::Ln => x.ln(),
                    Op::Powi(n) => x.powi(*n),
                    Op::Sin => x.sin(),
                    Op::Neg => Ok(-x),
                    Op::Add => x.try_add(y),
                    Op::Sub => x.try_sub(y),
                    Op::Mul => x.try_mul(y),
                    Op::Max => x.maximum(y),
                    _ => x.minimum(y),
                }?
            }
            Step::Select(operands) => {
                let [a, b, x, y] = operands.map(|operand| &tensors[operand]);
                a.less(b)?.select(x, y)?
            }
        });
    }
    Ok(tensors.swap_remove(tensors.len() - 1))
}

#[test]
fn a_tape_has_the_branches_of_the_graph() -> Result<()> {
    let mut random = Random(33);
    let points = points();
    let inputs = [0, 1].map(|it| Tensor::from(points.iter().map(|at| at[it]).collect::<Vec<_>>()));
    let [x, y] = &inputs;
    let zeros = vec![0.0; points.len()];
    for _ in 0..200 {
        let steps = drawn_steps(&mut random);
        let (outer, inner) = (GradientTape::persistent(), GradientTape::new());
        let first = outer.record(|| {
            outer.watch([x, y])?;
            let value = inner.record(|| {
                inner.watch([x, y])?;
                on_tape(&steps, [x, y])
            })??;
            inner.gradient(&value, [x, y])
        })??;
        let numbers = |tensor: Option<Tensor>| match tensor {
            Some(tensor) => tensor.to_vec::<f64>(),
            None => Ok(zeros.clone()),
        };
        let mut all = Vec::new();
        for one in &first {
            all.push(numbers(one.clone())?);
        }
        for one in first {
            let second = match one {
                Some(one) => outer.gradient(&one, [x, y])?,
                None => [None, None],
            };
            for one in second {
                all.push(numbers(one)?);
            }
        }
        for (place, at) in points.iter().enumerate() {
            let actual: Vec<f64> = all.iter().map(|row| row[place]).collect();
            let expected = derivatives(&steps, *at);
            assert!(
                agree(&actual, &expected),
                "{steps:?} at {at:?}: {actual:?}, not {expected:?}"
            );
        }
    }
    Ok(())
}
