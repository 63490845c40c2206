//! The cost of the parts of the engine.
//!
//! `cargo bench --bench engine`. Figures are items per second, an item being one
//! epoch of one run of gradient descent on the Rosenbrock function in two
//! variables, or one value of a function; compare only figures of the same run of
//! the benchmark. All on one thread. For a comparison with hand-written code see
//! `--bench workloads`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark has no user to explain itself to"
)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gradtape_engine::{Block, Compiled, Engine, Features, Program};
use gradtape_tape::{Array, Graph, Op, Subnormals};

fn main() {
    divan::main();
}

const RUNS: usize = 4096;
const EPOCHS: usize = 1000;

/// Start and learning rate of a run: 64 learning rates by 8 by 8 starts.
fn inputs<T: Compiled>(run: usize) -> [T; 3] {
    let (i, j, k) = (run / 64, run / 8 % 8, run % 8);
    let rate = 1e-5 * 200f64.powf(i as f64 / 63.0);
    [
        -2.0 + 4.0 * j as f64 / 7.0,
        -1.0 + 4.0 * k as f64 / 7.0,
        rate,
    ]
    .map(T::from_f64)
}

fn program<T: Compiled>(value: bool, subnormals: Subnormals) -> Program<T> {
    let graph = Graph::new(T::PRECISION, subnormals);
    let (x, y, rate) = (graph.input([]), graph.input([]), graph.input([]));
    let loss = (graph.constant(1.0) - x).powi(2) + graph.constant(100.0) * (y - x.powi(2)).powi(2);
    let gradient = graph.gradient(loss, &[x, y]);
    let next = [x - rate * gradient[0], y - rate * gradient[1]];
    let outputs: &[_] = if value { &[loss] } else { &[] };
    Program::epoch(&graph, outputs, &next)
}

#[divan::bench(types = [f32, f64], sample_count = 3)]
fn scalar<T: Compiled>(bencher: Bencher<'_, '_>) {
    let program = program::<T>(false, Subnormals::Keep);
    bencher
        .counter(ItemsCount::new(RUNS * EPOCHS))
        .bench_local(|| {
            let mut scratch = program.scratch();
            for run in 0..RUNS {
                program.load(&mut scratch, &inputs(run));
                for _ in 0..EPOCHS {
                    program.step(&mut scratch, &mut []);
                }
                black_box(program.state(&scratch));
            }
        });
}

fn lanes<T: Compiled>(bencher: Bencher<'_, '_>, block: usize, engine: &dyn Engine<T>) {
    let counter = ItemsCount::new(RUNS * EPOCHS);
    bencher.counter(counter).bench_local(|| {
        for first in (0..RUNS).step_by(block) {
            let mut numbers = Block::new(engine.program(), block);
            for lane in 0..block {
                numbers.load(lane, &inputs(first + lane));
            }
            engine.advance(&mut numbers, EPOCHS as u32, true);
            black_box(numbers.input(0, 0));
        }
    });
}

#[divan::bench(types = [f32, f64], args = [1, 2, 16, 64, 128, 256, 512, 1024], sample_count = 10)]
fn in_lanes<T: Compiled>(bencher: Bencher<'_, '_>, block: usize) {
    let engine = Compiled::engine(program::<T>(true, Subnormals::Keep));
    lanes(bencher, block, &*engine);
}

#[divan::bench(types = [f32, f64], args = Features::available(), sample_count = 10)]
fn in_256_lanes<T: Compiled>(bencher: Bencher<'_, '_>, features: Features) {
    let program = program::<T>(true, Subnormals::Keep);
    lanes(bencher, 256, &*Compiled::engine_with(program, features));
}

#[divan::bench(types = [f32, f64], args = Features::available(), sample_count = 10)]
fn in_256_lanes_flushed<T: Compiled>(bencher: Bencher<'_, '_>, features: Features) {
    let program = program::<T>(true, Subnormals::Flush);
    lanes(bencher, 256, &*Compiled::engine_with(program, features));
}

/// Functions of more than one instruction.
const FUNCTIONS: [&str; 36] = [
    "exp", "expm1", "ln", "log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "erf", "sigmoid", "softplus", "pow",
    "atan2", "hypot", "rem", "tanh_slope", "sigmoid_slope", "erfc", "gelu", "silu", "lgamma",
    "digamma", "polygamma", "logaddexp", "elu",
];

/// One function alone, an item for each value.
#[divan::bench(types = [f32, f64], args = FUNCTIONS)]
fn function<T: Compiled>(bencher: Bencher<'_, '_>, name: &str) {
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let x = graph.input([]);
    let op = Op::ALL.iter().find(|op| op.name() == name).unwrap();
    let y = graph.constant(0.7);
    let value = Array::apply(*op, &[x, y][..op.arity()]);
    let program = Program::epoch(&graph, &[value], &[x]);
    let engine = Compiled::engine(program);
    let mut block = Block::new(engine.program(), 256);
    for lane in 0..256 {
        block.load(lane, &[T::from_f64(0.01 + 0.01 * lane as f64)]);
    }
    bencher
        .counter(ItemsCount::new(256_usize * 1000))
        .bench_local(|| {
            engine.advance(&mut block, 1000, true);
            black_box(block.output(0, 0));
        });
}
