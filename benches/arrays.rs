//! The cost of an epoch on arrays, compared with the same work written by hand.
//!
//! `cargo bench --bench arrays [-- NAME…]`. W5 is a logistic regression for which
//! there are published figures of other tools. Each line is the time of one epoch of
//! one run, and its ratio to the limit above it: the gradient derived by hand, in loops
//! with the vectors of the processor. The fastest of several rounds counts, in which
//! all candidates take turns; compare ratios only.

#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark calls functions for the processor that it runs on, and has no user"
)]

mod compare;
mod descents;
#[macro_use]
mod vectorised;

use std::hint::black_box;
use std::sync::Arc;

use gradtape_engine::{Compiled, Program};
use gradtape_tape::{Array, Graph, Op, Real, Subnormals};

use compare::compare;
use descents::{in_blocks, logspace, real, run};

fn main() {
    let workloads: [(&str, fn()); 2] = [("rosenbrock", rosenbrock), ("W5", w5)];
    run(&workloads);
}

// Rosenbrock's function in 1,000 variables, plain descent.

fn rosenbrock_loss(x: Array<'_>) -> Array<'_> {
    let (n, graph) = (x.shape()[0], x.graph());
    let (head, tail) = (x.slice(0, 0, 1, n - 1), x.slice(0, 1, 1, n - 1));
    let square = |x| Array::apply(Op::Powi(2), &[x]);
    let valley = square(tail - square(head));
    (graph.constant(100.0) * valley + square(graph.constant(1.0) - head)).sum(None)
}

vectorised! {
    /// One run after the other, a loop over the variables.
    fn rosenbrock_by_hand<T, const N: usize>(starts: &[Vec<T>], epochs: usize) {
        let [one, two, two_hundred, four_hundred] = [1.0, 2.0, 200.0, 400.0].map(real::<T>);
        for start in starts {
            let n = start.len() - 1;
            let rate = start[n];
            let mut x = start[..n].to_vec();
            let mut after = vec![T::ZERO; n];
            for _ in 0..epochs {
                let neighbours = x.iter().zip(&x[1..]).zip(&x[2..]);
                for (((before, here), next), after) in neighbours.zip(&mut after[1..n - 1]) {
                    let valley = *here - *before * *before;
                    let above = *next - *here * *here;
                    let slope = two_hundred * valley
                        - (two * (one - *here) + four_hundred * *here * above);
                    *after = *here - rate * slope;
                }
                let first = x[1] - x[0] * x[0];
                after[0] = x[0] + rate * (two * (one - x[0]) + four_hundred * x[0] * first);
                let last = x[n - 1] - x[n - 2] * x[n - 2];
                after[n - 1] = x[n - 1] - rate * (two_hundred * last);
                std::mem::swap(&mut x, &mut after);
            }
            black_box(&x);
        }
    }
}

vectorised! {
    /// Some runs side by side, a loop over the variables.
    fn rosenbrock_in_lanes<T, const N: usize>(starts: &[Vec<T>], epochs: usize) {
        let [one, two, two_hundred, four_hundred] = [1.0, 2.0, 200.0, 400.0].map(real::<T>);
        for block in starts.chunks_exact(N) {
            let n = block[0].len() - 1;
            let of = |number: usize| -> [T; N] { std::array::from_fn(|lane| block[lane][number]) };
            let mut x: Vec<[T; N]> = (0..n).map(of).collect();
            let rate = of(n);
            for _ in 0..epochs {
                let mut above = [T::ZERO; N];
                for i in 0..n - 1 {
                    let (here, after) = (x[i], x[i + 1]);
                    for lane in 0..N {
                        let valley = after[lane] - here[lane] * here[lane];
                        let slope = above[lane] - two * (one - here[lane])
                            - four_hundred * here[lane] * valley;
                        above[lane] = two_hundred * valley;
                        x[i][lane] = here[lane] - rate[lane] * slope;
                    }
                }
                for lane in 0..N {
                    x[n - 1][lane] = x[n - 1][lane] - rate[lane] * above[lane];
                }
            }
            black_box(x);
        }
    }
}

fn rosenbrock() {
    rosenbrock_in::<f64, 8>("f64");
    rosenbrock_in::<f32, 16>("f32");
}

fn rosenbrock_in<T: Compiled, const N: usize>(precision: &str) {
    const D: usize = 1_000;
    const RUNS: usize = 16;
    const EPOCHS: usize = 100;
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let (x, rate) = (graph.input([D]), graph.input([]));
    let loss = rosenbrock_loss(x);
    let gradient = graph.gradient(loss, &[x])[0];
    let next = [x - rate * gradient];
    let plain = Compiled::engine(Program::epoch(&graph, &[], &next));
    let valued = Compiled::engine(Program::epoch(&graph, &[loss], &next));
    let unrolled = Compiled::engine(Program::unrolled(&graph, &[], &next));
    let start = |run: usize| -> Vec<T> {
        let x = (0..D).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 });
        let numbers = x.chain([logspace(1e-6, 1e-4, RUNS, run)]);
        numbers.map(real).collect()
    };
    let starts: Vec<Vec<T>> = (0..RUNS).map(start).collect();
    compare(
        &format!("Rosenbrock in 1,000 variables, plain descent, {precision}"),
        RUNS * EPOCHS,
        vec![
            (
                "by hand, runs side by side",
                Box::new(|| rosenbrock_in_lanes::<T, N>(&starts, EPOCHS)),
            ),
            (
                "by hand, one run at a time",
                Box::new(|| rosenbrock_by_hand::<T, N>(&starts, EPOCHS)),
            ),
            (
                "engine, loops over arrays",
                Box::new(|| drop(in_blocks(&*plain, &starts, 1, EPOCHS as u32, false))),
            ),
            (
                "engine, loops over arrays, smallest value tracked",
                Box::new(|| drop(in_blocks(&*valued, &starts, 1, EPOCHS as u32, true))),
            ),
            (
                "engine, unrolled",
                Box::new(|| drop(in_blocks(&*unrolled, &starts, 1, EPOCHS as u32, false))),
            ),
        ],
    );
}

// W5: logistic regression, 2,000 rows of 20 columns, full batches.

const ROWS: usize = 2_000;
const COLUMNS: usize = 20;

struct Table {
    x: Arc<[f64]>,
    y: Arc<[f64]>,
}

/// The table by its definition, from SplitMix64.
fn table() -> Table {
    let mut state = 5_u64;
    let mut unit = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
    };
    let x: Arc<[f64]> = (0..ROWS * COLUMNS).map(|_| 2.0 * unit() - 1.0).collect();
    let weights: Vec<f64> = (0..COLUMNS).map(|_| 6.0 * unit() - 3.0).collect();
    let y = x.chunks_exact(COLUMNS).map(|row| {
        let z: f64 = row.iter().zip(&weights).map(|(x, w)| x * w).sum();
        if unit() < 1.0 / (1.0 + (-z).exp()) {
            1.0
        } else {
            0.0
        }
    });
    let y = y.collect();
    Table { x, y }
}

vectorised! {
    /// Some runs side by side, four rows at a time.
    fn w5_by_hand<T, const N: usize>(x: &[T], y: &[T], rates: &[T], epochs: usize) {
        const R: usize = 4;
        let scale = real::<T>(1.0 / ROWS as f64);
        for rates in rates.chunks_exact(N) {
            let mut weights = [[T::ZERO; N]; COLUMNS];
            for _ in 0..epochs {
                let mut slopes = [[T::ZERO; N]; COLUMNS];
                for (rows, y) in x.chunks_exact(R * COLUMNS).zip(y.chunks_exact(R)) {
                    let mut z = [[T::ZERO; N]; R];
                    for column in 0..COLUMNS {
                        for row in 0..R {
                            for lane in 0..N {
                                z[row][lane] = z[row][lane]
                                    + rows[row * COLUMNS + column] * weights[column][lane];
                            }
                        }
                    }
                    for row in 0..R {
                        z[row] = z[row].map(|z| z.sigmoid() - y[row]);
                    }
                    for column in 0..COLUMNS {
                        for row in 0..R {
                            for lane in 0..N {
                                slopes[column][lane] = slopes[column][lane]
                                    + rows[row * COLUMNS + column] * z[row][lane];
                            }
                        }
                    }
                }
                for column in 0..COLUMNS {
                    for lane in 0..N {
                        weights[column][lane] = weights[column][lane]
                            - rates[lane] * (scale * slopes[column][lane]);
                    }
                }
            }
            black_box(weights);
        }
    }
}

vectorised! {
    /// Some runs side by side, one row after the other.
    fn w5_obvious<T, const N: usize>(x: &[T], y: &[T], rates: &[T], epochs: usize) {
        let scale = real::<T>(1.0 / ROWS as f64);
        for rates in rates.chunks_exact(N) {
            let mut weights = [[T::ZERO; N]; COLUMNS];
            for _ in 0..epochs {
                let mut slopes = [[T::ZERO; N]; COLUMNS];
                for (row, y) in x.chunks_exact(COLUMNS).zip(y) {
                    let mut z = [T::ZERO; N];
                    for column in 0..COLUMNS {
                        for lane in 0..N {
                            z[lane] = z[lane] + row[column] * weights[column][lane];
                        }
                    }
                    z = z.map(|z| z.sigmoid() - *y);
                    for column in 0..COLUMNS {
                        for lane in 0..N {
                            slopes[column][lane] = slopes[column][lane] + row[column] * z[lane];
                        }
                    }
                }
                for column in 0..COLUMNS {
                    for lane in 0..N {
                        weights[column][lane] = weights[column][lane]
                            - rates[lane] * (scale * slopes[column][lane]);
                    }
                }
            }
            black_box(weights);
        }
    }
}

fn w5() {
    w5_in::<f64, 8>("f64");
    w5_in::<f32, 16>("f32");
}

fn w5_in<T: Compiled, const N: usize>(precision: &str) {
    const RUNS: usize = 64;
    const EPOCHS: usize = 5;
    let table = table();
    let typed = |values: &[f64]| values.iter().map(|x| real::<T>(*x)).collect::<Arc<[T]>>();
    let (x, y) = (typed(&table.x), typed(&table.y));
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let (weights, rate) = (graph.input([COLUMNS]), graph.input([]));
    let inputs = graph.data([ROWS, COLUMNS], table.x[..].into());
    let labels = graph.data([ROWS], table.y[..].into());
    let z = inputs.matmul(weights);
    let terms = Array::apply(Op::Softplus, &[z]) - labels * z;
    let loss = terms.sum(None) / graph.constant(ROWS as f64);
    let gradient = graph.gradient(loss, &[weights])[0];
    let next = [weights - rate * gradient];
    let plain = Compiled::engine(Program::epoch(&graph, &[], &next));
    let valued = Compiled::engine(Program::epoch(&graph, &[loss], &next));
    let value = Program::epoch(&graph, &[loss], &[]);
    let start = |run: usize| -> Vec<T> {
        let numbers = std::iter::repeat_n(0.0, COLUMNS).chain([logspace(1e-2, 10.0, RUNS, run)]);
        numbers.map(real).collect()
    };
    let starts: Vec<Vec<T>> = (0..RUNS).map(start).collect();
    let last = in_blocks(&*plain, &starts, COLUMNS, 1_000, false);
    let loss = |run: usize| {
        let inputs = last[run].iter().copied().chain([T::ZERO]);
        value.evaluate(&inputs.collect::<Vec<T>>())[0]
    };
    let sum: f64 = last.iter().flatten().map(|w| w.to_f64()).sum();
    println!(
        "  check: losses {:.14} (0.45467766934124) and {:.14} (0.25076477626874), sum of weights \
         {sum:.12} (502.094450436470)",
        loss(0).to_f64(),
        loss(RUNS - 1).to_f64(),
    );
    let rates: Vec<T> = starts.iter().map(|start| start[COLUMNS]).collect();
    compare(
        &format!("W5, logistic regression, 64 runs, {precision}"),
        RUNS * EPOCHS,
        vec![
            (
                "by hand, runs side by side, four rows at a time",
                Box::new(|| w5_by_hand::<T, N>(&x, &y, &rates, EPOCHS)),
            ),
            (
                "by hand, runs side by side, a row at a time",
                Box::new(|| w5_obvious::<T, N>(&x, &y, &rates, EPOCHS)),
            ),
            (
                "engine",
                Box::new(|| drop(in_blocks(&*plain, &starts, 1, EPOCHS as u32, false))),
            ),
            (
                "engine, smallest value tracked",
                Box::new(|| drop(in_blocks(&*valued, &starts, 1, EPOCHS as u32, true))),
            ),
        ],
    );
}
