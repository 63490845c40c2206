//! Every path that runs a program gives the bits of the definition: one node
//! after the other, each with the value of its operation.

use gradtape_engine::{Block, Compiled, Engine, Features, Program, States, WIDTH};
use gradtape_tape::internal::graph::{Node, ShapedNode};
use gradtape_tape::{Array, Graph, Number, Op, Precision, Real, Subnormals};

use crate::random::Random;

const PROGRAMS: usize = 400;
const STATE: usize = 3;
const INPUTS: usize = 5;
const EPOCHS: usize = 4;

/// A computation of random operations on random operands, with some outputs and
/// a state that may be any node, even an input or one number twice.
struct Case<T> {
    nodes: Vec<ShapedNode<T>>,
    outputs: Vec<usize>,
    next: Vec<usize>,
    program: Program<T>,
}

fn random_case<T: Real>(random: &mut Random, subnormals: Subnormals) -> Case<T> {
    let graph = Graph::new(T::PRECISION, subnormals);
    let mut nodes: Vec<Array<'_>> = graph.numbers(INPUTS);
    nodes.extend((0..2).map(|_| graph.constant(random.number())));
    nodes.extend([1.0, -2.0, 0.5].map(|value| graph.constant(value)));
    // Mostly arithmetic in every second program, so that operations are joined.
    let arithmetic = if random.below(2) == 0 { 8 } else { 200 };
    for _ in 0..4 + random.below(60) {
        let op = match random.below(Op::ALL.len() + arithmetic) {
            0 => Op::Powi(random.below(13) as i32 - 6),
            n => *Op::ALL
                .get(n)
                .unwrap_or(&[Op::Add, Op::Sub, Op::Mul, Op::Div][n % 4]),
        };
        // Mostly what was computed last, so that chains grow.
        let operands: Vec<_> = (0..op.arity())
            .map(|_| {
                let back = random.below(nodes.len()).min(random.below(nodes.len()));
                nodes[nodes.len() - 1 - back]
            })
            .collect();
        nodes.push(Number::apply(op, &operands.iter().collect::<Vec<_>>()));
        if random.below(20) == 0 {
            let angle = nodes[random.below(nodes.len())];
            nodes.extend([angle.sin(), angle.unary(Op::Cos)]);
        }
        if random.below(10) == 0 {
            let magnitude = nodes[nodes.len() - 1].abs();
            let other = nodes[random.below(nodes.len())];
            nodes.push(magnitude.binary(Op::Max, other));
        }
    }
    let mut pick = |count: usize| -> Vec<_> {
        (0..count)
            .map(|_| nodes[random.below(nodes.len())])
            .collect()
    };
    let (outputs, next) = (pick(3), pick(STATE));
    let index = |vars: &[Array<'_>]| vars.iter().map(|var| var.node()).collect();
    let program = Program::epoch(&graph, &outputs, &next);
    let program = match random.below(3) {
        often @ 0..2 => program.with_rare_outputs(often),
        _ => program,
    };
    Case {
        nodes: graph.nodes(),
        outputs: index(&outputs),
        next: index(&next),
        program,
    }
}

impl<T: Real> Case<T> {
    /// One epoch by the definition: every node after the other. Gives the
    /// outputs and replaces the state.
    fn step(&self, inputs: &mut [T], subnormals: Subnormals) -> Vec<T> {
        let mut values: Vec<T> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            values.push(match &node.node {
                Node::Input(number) => inputs[*number],
                Node::Constant(value) => *value,
                Node::Each(op, operands) => {
                    op.value(operands.map(|id| values[id as usize]), subnormals)
                }
                node => panic!("not a number: {node:?}"),
            });
        }
        for (input, node) in inputs.iter_mut().zip(&self.next) {
            *input = values[*node];
        }
        self.outputs.iter().map(|node| values[*node]).collect()
    }
}

/// Equal bits, or both NaN: the payload of a NaN is unspecified.
fn same<T: Real>(a: T, b: T) -> bool {
    a.bits() == b.bits() || (a.to_f64().is_nan() && b.to_f64().is_nan())
}

fn all_same<T: Real>(a: &[T], b: &[T]) -> bool {
    a.iter().zip(b).all(|(a, b)| same(*a, *b))
}

fn every_way_agrees_with_the_definition<T: Compiled>(
    seed: u64,
    programs: usize,
    subnormals: Subnormals,
) {
    let mut random = Random(seed);
    for number in 0..programs {
        let case = random_case::<T>(&mut random, subnormals);
        let runs = 1 + random.below(3 * WIDTH);
        let starts: Vec<Vec<T>> = (0..runs)
            .map(|_| {
                let inputs = (0..INPUTS).map(|_| subnormals.input(random.number()));
                inputs.collect()
            })
            .collect();
        // For each epoch and run the outputs and the state after it.
        let mut expected = vec![Vec::new(); EPOCHS];
        for start in &starts {
            let mut inputs = start.clone();
            for expected in &mut expected {
                let outputs = case.step(&mut inputs, subnormals);
                expected.push((outputs, inputs[..STATE].to_vec()));
            }
        }
        check_reference(&case.program, &starts, &expected, number);
        for features in Features::available() {
            let engine = Compiled::engine_with(case.program.clone(), features);
            check_block(&*engine, &starts, &expected, number);
        }
        let engine = Compiled::engine(case.program);
        check_block(&*engine, &starts[..1], &expected, number);
    }
}

type Expected<T> = Vec<Vec<(Vec<T>, Vec<T>)>>;

fn check_reference<T: Real>(
    program: &Program<T>,
    starts: &[Vec<T>],
    expected: &Expected<T>,
    number: usize,
) {
    for (run, start) in starts.iter().enumerate() {
        let mut scratch = program.scratch();
        program.load(&mut scratch, start);
        let mut outputs = [T::ZERO; 3];
        for (epoch, expected) in expected.iter().enumerate() {
            program.step(&mut scratch, &mut outputs);
            let (expected_outputs, state) = &expected[run];
            assert!(
                all_same(&outputs, expected_outputs) && all_same(program.state(&scratch), state),
                "the reference, program {number}, run {run}, epoch {epoch}:\n{program}"
            );
        }
    }
}

fn check_block<T: Real>(
    engine: &dyn Engine<T>,
    starts: &[Vec<T>],
    expected: &Expected<T>,
    number: usize,
) {
    let mut block = Block::new(engine.program(), starts.len());
    for (lane, start) in starts.iter().enumerate() {
        block.load(lane, start);
    }
    // The lane of each run: one is taken out during the epochs.
    let mut run_of_lane: Vec<usize> = (0..starts.len()).collect();
    let mut last_states = States::default();
    for (epoch, expected) in expected.iter().enumerate() {
        // An epoch without the rare outputs leaves the same state.
        let all = epoch != 2;
        engine.advance(&mut block, 1, all);
        if epoch == 1 && starts.len() > 1 {
            block.remove(number % starts.len());
            run_of_lane.swap_remove(number % starts.len());
        }
        block.copy_states(&mut last_states);
        for (lane, run) in run_of_lane.iter().enumerate() {
            let (expected_outputs, expected_state) = &expected[*run];
            let outputs: Vec<T> = (0..3).map(|output| block.output(output, lane)).collect();
            let state: Vec<T> = (0..STATE).map(|input| block.input(input, lane)).collect();
            let copied: Vec<T> = (0..STATE)
                .map(|input| last_states.get(input, lane))
                .collect();
            let outputs_agree = !all || all_same(&outputs, expected_outputs);
            assert!(
                outputs_agree && all_same(&state, expected_state) && all_same(&copied, &state),
                "{engine:?}, program {number}, run {run}, epoch {epoch}:\n{}",
                engine.program()
            );
        }
    }
}

#[test]
fn every_way_of_running_a_program_agrees_with_the_definition_in_f32() {
    every_way_agrees_with_the_definition::<f32>(5, PROGRAMS, Subnormals::Keep);
    every_way_agrees_with_the_definition::<f32>(6, PROGRAMS, Subnormals::Flush);
}

#[test]
fn every_way_of_running_a_program_agrees_with_the_definition_in_f64() {
    every_way_agrees_with_the_definition::<f64>(5, PROGRAMS, Subnormals::Keep);
    every_way_agrees_with_the_definition::<f64>(6, PROGRAMS, Subnormals::Flush);
}

#[test]
#[ignore = "some minutes; run it in release mode when an engine changes"]
fn every_way_of_running_many_programs_agrees_with_the_definition() {
    for seed in 100..110 {
        for subnormals in [Subnormals::Keep, Subnormals::Flush] {
            every_way_agrees_with_the_definition::<f32>(seed, 5_000, subnormals);
            every_way_agrees_with_the_definition::<f64>(seed, 5_000, subnormals);
        }
    }
}

/// A product and a sum in one instruction are rounded twice: with x = 1 + ε and
/// y = 1 + 2ε for an ε whose square is lost, x² − y is 0, but ε² where a
/// processor rounds only once.
fn pairs_are_rounded_twice<T: Compiled>(epsilon: f64) {
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let (x, y) = (graph.input([]), graph.input([]));
    let constant = graph.constant(1.0 + 2.0 * epsilon);
    let by_constant = x * graph.constant(1.0 + epsilon);
    let outputs = [
        x * x - y,
        y - x * x,
        x * x - constant,
        constant - x * x,
        by_constant - y,
        y - by_constant,
        -y + x * x,
    ];
    for output in outputs {
        // Separate, so that the product is not shared.
        let program = Program::new(&graph, &[output]);
        assert_eq!(program.instructions(), 1, "{program}");
        for lanes in [1, 7, 40] {
            for features in Features::available() {
                let engine = Compiled::engine_with(program.clone(), features);
                let mut block = Block::new(engine.program(), lanes);
                for lane in 0..lanes {
                    block.load(lane, &[1.0 + epsilon, 1.0 + 2.0 * epsilon].map(T::from_f64));
                }
                engine.advance(&mut block, 1, true);
                let mut values = block.outputs(0).iter();
                assert!(
                    values.all(|value| *value == T::ZERO),
                    "{features:?}:\n{program}"
                );
            }
        }
    }
}

#[test]
fn no_engine_contracts_a_product_and_a_sum() {
    pairs_are_rounded_twice::<f32>(2f64.powi(-13));
    pairs_are_rounded_twice::<f64>(2f64.powi(-27));
}

/// The definition of an epoch: outputs from the old state, then all of the new
/// state at once.
#[test]
fn a_state_that_trades_places_is_copied_as_a_whole() {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (x, y, z) = (graph.input([]), graph.input([]), graph.input([]));
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
    loss: impl for<'g> Fn(&'g Graph, &[Array<'g>]) -> Array<'g>,
) -> String {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let parameters: Vec<_> = graph.numbers(variables);
    let rate = graph.input([]);
    let loss = loss(&graph, &parameters);
    let gradient = graph.gradient(loss, &parameters);
    let next: Vec<_> = parameters
        .iter()
        .zip(&gradient)
        .map(|(x, slope)| *x - rate * *slope)
        .collect();
    Program::<f64>::epoch(&graph, &[loss], &next).to_string()
}

/// The value needs the sine of an angle, the gradient its cosine.
#[test]
fn sine_and_cosine_of_one_angle_are_one_instruction() {
    let program = epoch_of_descent(1, |graph, x| {
        (graph.constant(3.0) * x[0]).sin() * x[0].powi(2)
    });
    insta::assert_snapshot!(program);
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
