//! What an epoch costs, beside the same work written by hand.
//!
//! `cargo bench --bench engine`. The work is W2 of many published comparisons:
//! gradient descent on the Rosenbrock function in two variables, 4,096 runs.
//! Figures are items per second, an item being one epoch of one run; compare
//! those of one run of the benchmark only. All on one thread.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark has no user to explain itself to"
)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use gradtape::autodiff::{Graph, Number, Op, Real, Subnormals, Var};
use gradtape::engine::{Expected, Features, Lanes, Program, Quantity};

fn main() {
    divan::main();
}

const RUNS: usize = 4096;
const EPOCHS: usize = 100;

/// Rate and start of a run, as 64 rates by 8 by 8 starts.
fn inputs<T: Real>(run: usize) -> [T; 3] {
    let (i, j, k) = (run / 64, run / 8 % 8, run % 8);
    let rate = 1e-5 * 200f64.powf(i as f64 / 63.0);
    [
        -2.0 + 4.0 * j as f64 / 7.0,
        -1.0 + 4.0 * k as f64 / 7.0,
        rate,
    ]
    .map(T::from_f64)
}

fn program<T: Real>(value: bool, subnormals: Subnormals) -> Program<T> {
    let graph = Graph::<T>::new(subnormals);
    let (x, y, rate) = (graph.input(), graph.input(), graph.input());
    let loss = (graph.constant(T::ONE) - x).powi(2)
        + graph.constant(T::from_f64(100.0)) * (y - x.powi(2)).powi(2);
    let gradient = graph.gradient(loss, &[x, y]);
    let next = [x - rate * gradient[0], y - rate * gradient[1]];
    let outputs: &[_] = if value { &[loss] } else { &[] };
    Program::epoch(&graph, outputs, &next)
}

/// The gradient and the update by hand, on arrays that fit vectors: what a
/// program can reach at best if the compiler finds the vectors by itself.
fn by_hand<T: Real>(state: &mut [[T; 3]; 16]) {
    let [one, two, two_hundred, four_hundred] = [1.0, 2.0, 200.0, 400.0].map(T::from_f64);
    for [x, y, rate] in state {
        let inner = *y - *x * *x;
        let gradient_x = -two * (one - *x) - four_hundred * *x * inner;
        let gradient_y = two_hundred * inner;
        *x = *x - *rate * gradient_x;
        *y = *y - *rate * gradient_y;
    }
}

#[divan::bench(types = [f32, f64], sample_count = 10)]
fn hand_written<T: Real>(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(RUNS * EPOCHS))
        .bench_local(|| {
            for block in 0..RUNS / 16 {
                let mut state = std::array::from_fn(|lane| inputs::<T>(block * 16 + lane));
                for _ in 0..EPOCHS {
                    by_hand(&mut state);
                }
                black_box(state);
            }
        });
}

#[divan::bench(types = [f32, f64], sample_count = 3)]
fn scalar<T: Real>(bencher: Bencher<'_, '_>) {
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

fn lanes<T: Real>(
    bencher: Bencher<'_, '_>,
    block: usize,
    features: Features,
    program: &Program<T>,
) {
    bencher
        .counter(ItemsCount::new(RUNS * EPOCHS))
        .bench_local(|| {
            for first in (0..RUNS).step_by(block) {
                let mut lanes = Lanes::new(program, block, features);
                for lane in 0..block {
                    lanes.load(lane, &inputs(first + lane));
                }
                for _ in 0..EPOCHS {
                    lanes.step();
                }
                black_box(lanes.input(0, 0));
            }
        });
}

#[divan::bench(types = [f32, f64], args = [16, 64, 128, 256, 512], sample_count = 10)]
fn in_lanes<T: Real>(bencher: Bencher<'_, '_>, block: usize) {
    let program = program::<T>(false, Subnormals::Keep);
    lanes(bencher, block, Features::best(), &program);
}

#[divan::bench(types = [f32, f64], args = Features::available(), sample_count = 10)]
fn in_256_lanes<T: Real>(bencher: Bencher<'_, '_>, features: Features) {
    lanes(
        bencher,
        256,
        features,
        &program::<T>(false, Subnormals::Keep),
    );
}

#[divan::bench(types = [f32, f64], sample_count = 10)]
fn in_256_lanes_with_value<T: Real>(bencher: Bencher<'_, '_>) {
    let program = program::<T>(true, Subnormals::Keep);
    lanes(bencher, 256, Features::best(), &program);
}

#[divan::bench(types = [f32, f64], sample_count = 10)]
fn in_256_lanes_flushed<T: Real>(bencher: Bencher<'_, '_>) {
    let program = program::<T>(false, Subnormals::Flush);
    lanes(bencher, 256, Features::best(), &program);
}

/// What a block does in each epoch: the value, and a look at everything that
/// may end a run.
#[divan::bench(types = [f32, f64], sample_count = 10)]
fn in_256_lanes_watched<T: Real>(bencher: Bencher<'_, '_>) {
    let graph = Graph::<T>::new(Subnormals::Keep);
    let (x, y, rate) = (graph.input(), graph.input(), graph.input());
    let loss = (graph.constant(T::ONE) - x).powi(2)
        + graph.constant(T::from_f64(100.0)) * (y - x.powi(2)).powi(2);
    let gradient = graph.gradient(loss, &[x, y]);
    let next = [x - rate * gradient[0], y - rate * gradient[1]];
    let program = Program::epoch(&graph, &[loss, gradient[0], gradient[1]], &next);
    // What a batch looks at.
    let entry = T::MAX / T::from_f64(4.0);
    let expected = [
        (Quantity::Output(0), T::MAX),
        (Quantity::Output(1), entry),
        (Quantity::Output(2), entry),
        (Quantity::Input(0), T::MAX),
        (Quantity::Input(1), T::MAX),
    ];
    let expected = expected.map(|(quantity, high)| Expected {
        quantity,
        low: -high,
        high,
    });
    bencher
        .counter(ItemsCount::new(RUNS * EPOCHS))
        .bench_local(|| {
            for first in (0..RUNS).step_by(256) {
                let mut lanes = Lanes::new(&program, 256, Features::best());
                lanes.watch(&expected, 0);
                for lane in 0..256 {
                    lanes.load(lane, &inputs(first + lane));
                }
                lanes.look_anew();
                lanes.advance(EPOCHS as u32, false);
                black_box(lanes.input(0, 0));
            }
        });
}

/// One function and nothing else, an item for each value.
#[divan::bench(types = [f32, f64], args = ["exp", "ln", "sin", "tanh", "erf"])]
fn function<T: Real>(bencher: Bencher<'_, '_>, name: &str) {
    let graph = Graph::<T>::new(Subnormals::Keep);
    let x = graph.input();
    let op = Op::ALL.iter().find(|op| op.name() == name).unwrap();
    let value = Var::apply(*op, &[&x]);
    let program = Program::epoch(&graph, &[value], &[x]);
    let mut lanes = Lanes::new(&program, 256, Features::best());
    for lane in 0..256 {
        lanes.load(lane, &[T::from_f64(0.01 + 0.01 * lane as f64)]);
    }
    bencher
        .counter(ItemsCount::new(256_usize * 1000))
        .bench_local(|| {
            for _ in 0..1000 {
                lanes.step();
            }
            black_box(lanes.output(0, 0));
        });
}
