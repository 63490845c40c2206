//! Random formulas: from their text through parser, graph and gradient, against
//! dual numbers on the same tree.

use gradtape_engine::Program;
use gradtape_experiment::objective::Formula;
use gradtape_tape::{Graph, Op, Precision, Subnormals};
use num_dual::Dual64;

use super::table::{kink_distance, true_dual, true_value};
use crate::close::close;
use crate::random::Random;

/// A formula as a tree.
#[derive(Debug)]
enum Tree {
    Variable(usize),
    Constant(f64),
    Apply(Op, Vec<Tree>),
}

const NAMES: [&str; 2] = ["x", "y"];

/// The operations that a formula can write, the smooth ones first.
const OPERATIONS: &[Op] = &[
    Op::Add,
    Op::Sub,
    Op::Mul,
    Op::Div,
    Op::Neg,
    Op::Powi(2),
    Op::Powi(3),
    Op::Pow,
    Op::Sqrt,
    Op::Cbrt,
    Op::Exp,
    Op::Expm1,
    Op::Ln,
    Op::Ln1p,
    Op::Log2,
    Op::Log10,
    Op::Sin,
    Op::Cos,
    Op::Tan,
    Op::Asin,
    Op::Acos,
    Op::Atan,
    Op::Atan2,
    Op::Sinh,
    Op::Cosh,
    Op::Tanh,
    Op::Asinh,
    Op::Acosh,
    Op::Atanh,
    Op::Sigmoid,
    Op::Softplus,
    Op::Erf,
    Op::Erfc,
    Op::Gelu,
    Op::Silu,
    Op::LogAddExp,
    Op::Elu,
    Op::Hypot,
    Op::Min,
    Op::Max,
    Op::Abs,
    Op::Sign,
    Op::Floor,
    Op::Ceil,
    Op::Round,
];

impl Tree {
    fn draw(random: &mut Random, depth: usize) -> Tree {
        if depth == 0 || random.below(6) == 0 {
            return match random.below(3) {
                0 => Tree::Constant((random.between(-3.0, 3.0) * 100.0).round() / 100.0),
                _ => Tree::Variable(random.below(2)),
            };
        }
        let op = OPERATIONS[random.below(OPERATIONS.len())];
        Tree::Apply(
            op,
            (0..op.arity())
                .map(|_| Tree::draw(random, depth - 1))
                .collect(),
        )
    }

    /// The tree in the formula language, with parentheses everywhere.
    fn text(&self) -> String {
        match self {
            Tree::Variable(place) => NAMES[*place].to_owned(),
            Tree::Constant(value) => format!("({value})"),
            Tree::Apply(op, operands) => {
                let texts: Vec<String> = operands.iter().map(Tree::text).collect();
                let infix = |sign: &str| format!("({})", texts.join(sign));
                match op {
                    Op::Add => infix(" + "),
                    Op::Sub => infix(" - "),
                    Op::Mul => infix(" * "),
                    Op::Div => infix(" / "),
                    Op::Pow => infix(" ^ "),
                    Op::Neg => format!("(-{})", texts[0]),
                    Op::Powi(n) => format!("({} ** {n})", texts[0]),
                    _ => format!("{}({})", op.name(), texts.join(", ")),
                }
            }
        }
    }

    /// The value and the derivative, and the smallest distance to a kink in the
    /// places that were passed; `None` once something is too large or too near
    /// the end of a domain for two roundings to be compared.
    fn dual(&self, at: &[Dual64; 2]) -> Option<(Dual64, f64)> {
        let (dual, kink) = match self {
            Tree::Variable(place) => (at[*place], f64::INFINITY),
            Tree::Constant(value) => (Dual64::from(*value), f64::INFINITY),
            Tree::Apply(op, operands) => {
                let mut duals = [Dual64::from(0.0); 3];
                let mut nearest = f64::INFINITY;
                for (dual, operand) in duals.iter_mut().zip(operands) {
                    let (value, kink) = operand.dual(at)?;
                    *dual = value;
                    nearest = nearest.min(kink);
                }
                let values = duals.map(|dual| dual.re);
                // The derivative of a power to a negative base is not real, and
                // an argument beyond a domain has none.
                if *op == Op::Pow && values[0] <= 0.0 || !true_value(*op, values).is_finite() {
                    return None;
                }
                // An infinite slope times 0 is NaN in one order of the factors
                // and discarded in the other.
                let slope = |wrt: usize| {
                    let mut alone = values.map(Dual64::from);
                    alone[wrt] = alone[wrt].derivative();
                    true_dual(*op, alone).eps.abs()
                };
                if (0..op.arity()).any(|wrt| slope(wrt).is_nan() || slope(wrt) > 1e6) {
                    return None;
                }
                (
                    true_dual(*op, duals),
                    nearest.min(kink_distance(*op, values)),
                )
            }
        };
        let within = |value: f64| value.is_finite() && value.abs() < 1e4;
        (within(dual.re) && within(dual.eps) && kink > 1e-6).then_some((dual, kink))
    }
}

#[test]
fn gradients_of_random_formulas_are_those_of_dual_numbers() {
    let mut random = Random(21);
    let (mut compared, mut all) = (0, 0);
    for _ in 0..4_000 {
        let tree = Tree::draw(&mut random, 6);
        let text = tree.text();
        let formula =
            Formula::parse(&text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let inputs = [graph.input([]), graph.input([])];
        let names = NAMES.iter().copied().zip(inputs).collect();
        let result = formula.trace(&graph, &names);
        let gradient = graph.gradient(result, &inputs);
        let program = Program::new(&graph, &[result, gradient[0], gradient[1]]);
        for _ in 0..4 {
            all += 1;
            let at = [random.between(-3.0, 3.0), random.between(-3.0, 3.0)];
            let partial = |wrt: usize| {
                let mut duals = at.map(Dual64::from);
                duals[wrt] = duals[wrt].derivative();
                tree.dual(&duals)
            };
            let (Some((x, _)), Some((y, _))) = (partial(0), partial(1)) else {
                continue;
            };
            compared += 1;
            let actual = program.evaluate(&at);
            // Both sides round differently at each of up to 63 operations, whose
            // slopes, together below 1e4, amplify that: 63·1e4·ε is 1.4e-10,
            // and second derivatives amplify the error of a first one again.
            for (actual, expected) in actual.iter().zip([x.re, x.eps, y.eps]) {
                assert!(
                    close(*actual, expected, 1e-7, 1e-7),
                    "{text} at {at:?}: {actual:e}, not {expected:e}"
                );
            }
        }
    }
    // Random arguments often lie beyond a domain; enough do not.
    assert!(compared > all / 4, "{compared} of {all}");
}

#[test]
fn a_program_has_the_bits_of_its_graph_evaluated_node_by_node() {
    use gradtape_tape::internal::graph::Node;
    let mut random = Random(22);
    for subnormals in [Subnormals::Keep, Subnormals::Flush] {
        for _ in 0..1_000 {
            let formula = Formula::parse(&Tree::draw(&mut random, 6).text()).unwrap();
            let graph = Graph::new(Precision::F32, subnormals);
            let inputs = [graph.input([]), graph.input([])];
            let names = NAMES.iter().copied().zip(inputs).collect();
            let result = formula.trace(&graph, &names);
            let mut outputs = graph.gradient(result, &inputs);
            outputs.push(result);
            let program = Program::new(&graph, &outputs);
            let mut scratch = program.scratch();
            let mut actual = vec![0.0; outputs.len()];
            for _ in 0..3 {
                let at = [0; 2].map(|_| random.between(-2.0, 2.0) as f32);
                let mut values: Vec<f32> = Vec::new();
                for node in graph.nodes::<f32>() {
                    values.push(match node.node {
                        Node::Input(number) => at[number],
                        Node::Constant(value) => value,
                        Node::Each(op, operands) => {
                            op.value(operands.map(|id| values[id as usize]), subnormals)
                        }
                        node => panic!("not a number: {node:?}"),
                    });
                }
                program.run(&mut scratch, &at, &mut actual);
                for (actual, output) in actual.iter().zip(&outputs) {
                    let expected = values[output.node()];
                    assert!(
                        actual.to_bits() == expected.to_bits()
                            || expected.is_nan() && actual.is_nan()
                    );
                }
            }
        }
    }
}
