//! Every way of running a program gives the bits of the scalar interpreter.

use gradtape::autodiff::{Graph, Number, Op, Real, Subnormals, Var};
use gradtape::engine::{Features, Lanes, Program, WIDTH};

use crate::random::Random;

const STATE: usize = 3;
const INPUTS: usize = 5;

/// A program of random operations on random operands, with some outputs and a
/// state that may be any node, even an input or one number twice.
fn random_program<T: Real>(random: &mut Random, subnormals: Subnormals) -> Program<T> {
    let graph = Graph::<T>::new(subnormals);
    let mut nodes: Vec<Var<'_, T>> = (0..INPUTS).map(|_| graph.input()).collect();
    nodes.extend((0..2).map(|_| graph.constant(random.number())));
    for _ in 0..4 + random.below(60) {
        let op = match random.below(Op::ALL.len() + 8) {
            0 => Op::Powi(random.below(13) as i32 - 6),
            n => *Op::ALL
                .get(n)
                .unwrap_or(&[Op::Add, Op::Sub, Op::Mul][n % 3]),
        };
        // Mostly what was computed last, so that chains grow.
        let operands: Vec<_> = (0..op.arity())
            .map(|_| {
                let back = random.below(nodes.len()).min(random.below(nodes.len()));
                nodes[nodes.len() - 1 - back]
            })
            .collect();
        nodes.push(Number::apply(op, &operands.iter().collect::<Vec<_>>()));
    }
    let mut pick = |count: usize| -> Vec<_> {
        (0..count)
            .map(|_| nodes[random.below(nodes.len())])
            .collect()
    };
    Program::epoch(&graph, &pick(3), &pick(STATE))
}

/// Equal bits, or both NaN: what the payload of a NaN is, nobody promises.
fn same<T: Real>(a: T, b: T) -> bool {
    a.bits() == b.bits() || (a.to_f64().is_nan() && b.to_f64().is_nan())
}

fn lanes_agree_with_the_scalar_interpreter<T: Real>(subnormals: Subnormals) {
    let mut random = Random(5);
    for number in 0..400 {
        let program = random_program::<T>(&mut random, subnormals);
        let runs = 1 + random.below(3 * WIDTH);
        let inputs: Vec<Vec<T>> = (0..runs)
            .map(|_| (0..INPUTS).map(|_| random.number()).collect())
            .collect();
        for features in Features::available() {
            let mut lanes = Lanes::new(&program, runs, features);
            for (lane, inputs) in inputs.iter().enumerate() {
                lanes.load(lane, inputs);
            }
            // Which run is in which lane: one is taken out on the way.
            let mut run_of_lane: Vec<usize> = (0..runs).collect();
            let mut scratches: Vec<_> = inputs
                .iter()
                .map(|inputs| {
                    let mut scratch = program.scratch();
                    program.load(&mut scratch, inputs);
                    scratch
                })
                .collect();
            for epoch in 0..3 {
                lanes.step();
                if epoch == 1 && runs > 1 {
                    lanes.remove(number % runs);
                    run_of_lane.swap_remove(number % runs);
                }
                let mut outputs = vec![vec![T::ZERO; 3]; runs];
                for (scratch, outputs) in scratches.iter_mut().zip(&mut outputs) {
                    program.step(scratch, outputs);
                }
                for (lane, run) in run_of_lane.iter().enumerate() {
                    let state = program.state(&scratches[*run]);
                    let agree = (0..3).all(|i| same(lanes.output(i, lane), outputs[*run][i]))
                        && (0..STATE).all(|i| same(lanes.input(i, lane), state[i]));
                    assert!(
                        agree,
                        "{features:?}, {subnormals:?}, program {number}, run {run}, \
                         epoch {epoch}:\n{program}"
                    );
                }
            }
        }
    }
}

#[test]
fn lanes_of_every_instruction_set_agree_with_the_scalar_interpreter_in_f32() {
    lanes_agree_with_the_scalar_interpreter::<f32>(Subnormals::Keep);
    lanes_agree_with_the_scalar_interpreter::<f32>(Subnormals::Flush);
}

#[test]
fn lanes_of_every_instruction_set_agree_with_the_scalar_interpreter_in_f64() {
    lanes_agree_with_the_scalar_interpreter::<f64>(Subnormals::Keep);
    lanes_agree_with_the_scalar_interpreter::<f64>(Subnormals::Flush);
}

/// The definition of an epoch: outputs from the old state, then all of the new
/// state at once.
#[test]
fn a_state_that_trades_places_is_copied_as_a_whole() {
    let graph = Graph::<f64>::new(Subnormals::Keep);
    let (x, y, z) = (graph.input(), graph.input(), graph.input());
    let sum = x + y;
    let program = Program::epoch(&graph, &[x, sum], &[y, x, sum]);
    let _ = z;
    let mut scratch = program.scratch();
    program.load(&mut scratch, &[1.0, 2.0, 0.0]);
    let mut outputs = [0.0; 2];
    program.step(&mut scratch, &mut outputs);
    assert_eq!(outputs, [1.0, 3.0]);
    assert_eq!(program.state(&scratch), [2.0, 1.0, 3.0]);
    program.step(&mut scratch, &mut outputs);
    assert_eq!(outputs, [2.0, 3.0]);
    assert_eq!(program.state(&scratch), [1.0, 2.0, 3.0]);
}

/// The program of one epoch of plain descent at a learning rate.
fn epoch_of_descent(
    variables: usize,
    loss: impl for<'g> Fn(&'g Graph<f64>, &[Var<'g, f64>]) -> Var<'g, f64>,
) -> String {
    let graph = Graph::<f64>::new(Subnormals::Keep);
    let parameters: Vec<_> = (0..variables).map(|_| graph.input()).collect();
    let rate = graph.input();
    let loss = loss(&graph, &parameters);
    let gradient = graph.gradient(loss, &parameters);
    let next: Vec<_> = parameters
        .iter()
        .zip(&gradient)
        .map(|(x, slope)| *x - rate * *slope)
        .collect();
    Program::epoch(&graph, &[loss], &next).to_string()
}

#[test]
fn the_program_of_the_parabola() {
    insta::assert_snapshot!(epoch_of_descent(1, |_, w| w[0].powi(2)));
}

#[test]
fn the_program_of_rosenbrock() {
    insta::assert_snapshot!(epoch_of_descent(2, |graph, x| {
        let valley = x[1] - x[0].powi(2);
        (graph.constant(1.0) - x[0]).powi(2) + graph.constant(100.0) * valley.powi(2)
    }));
}
