//! The cost of an epoch, compared with the same work written by hand.
//!
//! `cargo bench --bench workloads [-- NAME…]`. The work is that of W1 to W4, for
//! which there are published figures of other tools. Each line is the time of one
//! epoch of one run, and its ratio to the limit above it: the gradient derived by
//! hand, in loops over arrays that stay in registers, with the vectors of the
//! processor. The fastest of several rounds counts, in which all candidates take
//! turns; compare ratios only.

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

use gradtape_engine::{Compiled, Engine, Program};
use gradtape_experiment::batch::{self, Cancelled, Control, Recorder, Row};
use gradtape_experiment::number::{Number, Value};
use gradtape_experiment::optimizer::{Inputs, Method, Recipe, Rule};
use gradtape_experiment::plan::{Plan, Run};
use gradtape_tape::{Array, Graph, Op, Precision, Real, Shape, Subnormals};

use compare::compare;
use descents::{in_blocks, logspace, real, run};

fn main() {
    let workloads: [(&str, fn()); 6] = [
        ("W1", w1),
        ("W2", || {
            w2::<f64, 32>("f64");
            w2::<f32, 64>("f32");
        }),
        ("single", single),
        ("W3", w3),
        ("W4", || {
            w4::<f64, 16>("f64");
            w4::<f32, 32>("f32");
        }),
        ("threads", threads),
    ];
    run(&workloads);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    }
}

/// One round of `epochs` epochs on an engine.
fn on_engine<'a, T: Compiled>(
    engine: &'a dyn Engine<T>,
    starts: &'a [Vec<T>],
    epochs: usize,
    watched: bool,
) -> Box<dyn FnMut() + 'a> {
    Box::new(move || {
        black_box(in_blocks(engine, starts, 1, epochs as u32, watched));
    })
}

// W1: w², one run, every w recorded.

/// Records the one parameter of each epoch.
struct Epochs(Vec<f32>);

impl Recorder for Epochs {
    fn begin(&mut self, _: &Run) {}
    fn record(&mut self, row: &Row<'_>) {
        self.0.push((row.parameters)(0).to_f64() as f32);
    }
}

fn w1() {
    const EPOCHS: usize = 10_000;
    let text = include_str!("workloads/w1.toml").replace("\"flush\"", "\"keep\"");
    let plan = Plan::new("w1.toml", &text).unwrap();
    let by_hand = || {
        let mut kept = Vec::with_capacity(EPOCHS + 1);
        let mut w = black_box(1.0_f32);
        kept.push(w);
        for _ in 0..EPOCHS {
            w -= 0.01 * (2.0 * w);
            kept.push(w);
        }
        black_box(kept);
    };
    let alone = || {
        let deliver = |_, kept: Epochs| {
            black_box(kept.0);
            Ok::<(), Cancelled>(())
        };
        batch::run(
            &plan,
            &[0],
            || Epochs(Vec::new()),
            &Control::default(),
            deliver,
        )
        .unwrap();
    };
    compare(
        "W1, w² in f32, one run, every epoch recorded",
        EPOCHS,
        vec![
            ("by hand", Box::new(by_hand)),
            ("a whole batch, every epoch recorded", Box::new(alone)),
        ],
    );
}

// W2: Rosenbrock in two variables, 4,096 runs.

const RUNS: usize = 4096;

fn w2_start<T: Compiled>(run: usize) -> Vec<T> {
    let (i, j, k) = (run / 64, run / 8 % 8, run % 8);
    let numbers = [
        -2.0 + 4.0 * j as f64 / 7.0,
        -1.0 + 4.0 * k as f64 / 7.0,
        0.0,
        logspace(1e-5, 2e-3, 64, i),
    ];
    numbers.map(real).to_vec()
}

fn rosenbrock<'g>(graph: &'g Graph, x: &[Array<'g>]) -> Array<'g> {
    let terms = x.windows(2).map(|x| {
        let hundred = graph.constant(100.0);
        let one = graph.constant(1.0);
        hundred * (x[1] - x[0].powi(2)).powi(2) + (one - x[0]).powi(2)
    });
    terms.reduce(|sum, term| sum + term).unwrap()
}

/// What is recorded of an epoch in addition to the parameters, in the third input.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Nothing,
    /// The smallest value, as in the hand-written code.
    Least,
    /// The largest magnitude in the gradient, as in a batch, which also watches the
    /// value.
    Greatest,
}

/// Plain descent on Rosenbrock's function.
fn w2_program<T: Compiled>(kept: Kept) -> Program<T> {
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let (x, y, third, rate) = (
        graph.input([]),
        graph.input([]),
        graph.input([]),
        graph.input([]),
    );
    let loss = rosenbrock(&graph, &[x, y]);
    let gradient = graph.gradient(loss, &[x, y]);
    let mut next = vec![x - rate * gradient[0], y - rate * gradient[1]];
    match kept {
        Kept::Nothing => {}
        Kept::Least => next.push(loss.binary(Op::Min, third)),
        Kept::Greatest => next.push(gradient.iter().fold(third, |greatest, entry| {
            entry.binary(Op::Magnitude, greatest)
        })),
    }
    let outputs: &[_] = if kept == Kept::Greatest { &[loss] } else { &[] };
    Program::epoch(&graph, outputs, &next)
}

vectorised! {
    fn w2_by_hand<T, const N: usize>(starts: &[Vec<T>], epochs: usize) {
        let [one, two, two_hundred, four_hundred] = [1.0, 2.0, 200.0, 400.0].map(real::<T>);
        for block in starts.chunks_exact(N) {
            let of = |number: usize| -> [T; N] { std::array::from_fn(|lane| block[lane][number]) };
            let (mut x, mut y, rate) = (of(0), of(1), of(3));
            for _ in 0..epochs {
                for lane in 0..N {
                    let valley = y[lane] - x[lane] * x[lane];
                    let slope_x = -two * (one - x[lane]) - four_hundred * x[lane] * valley;
                    let slope_y = two_hundred * valley;
                    x[lane] = x[lane] - rate[lane] * slope_x;
                    y[lane] = y[lane] - rate[lane] * slope_y;
                }
            }
            black_box((x, y));
        }
    }
}

vectorised! {
    fn w2_by_hand_with_value<T, const N: usize>(starts: &[Vec<T>], epochs: usize) {
        let [one, two, hundred, two_hundred, four_hundred] =
            [1.0, 2.0, 100.0, 200.0, 400.0].map(real::<T>);
        for block in starts.chunks_exact(N) {
            let of = |number: usize| -> [T; N] { std::array::from_fn(|lane| block[lane][number]) };
            let (mut x, mut y, rate) = (of(0), of(1), of(3));
            let mut best = [T::MAX; N];
            for _ in 0..epochs {
                for lane in 0..N {
                    let valley = y[lane] - x[lane] * x[lane];
                    let away = one - x[lane];
                    let value = hundred * (valley * valley) + away * away;
                    best[lane] = if value < best[lane] { value } else { best[lane] };
                    let slope_x = -two * away - four_hundred * x[lane] * valley;
                    let slope_y = two_hundred * valley;
                    x[lane] = x[lane] - rate[lane] * slope_x;
                    y[lane] = y[lane] - rate[lane] * slope_y;
                }
            }
            black_box((x, y, best));
        }
    }
}

fn w2<T: Compiled, const N: usize>(precision: &str) {
    const EPOCHS: usize = 1000;
    let starts: Vec<Vec<T>> = (0..RUNS).map(w2_start).collect();
    let plain = Compiled::engine(w2_program::<T>(Kept::Nothing));
    let least = Compiled::engine(w2_program::<T>(Kept::Least));
    let watched = Compiled::engine(w2_program::<T>(Kept::Greatest));
    compare(
        &format!("W2, Rosenbrock in two variables, 4,096 runs, {precision}, gradient only"),
        RUNS * EPOCHS,
        vec![
            ("by hand", Box::new(|| w2_by_hand::<T, N>(&starts, EPOCHS))),
            ("engine", on_engine(&*plain, &starts, EPOCHS, false)),
        ],
    );
    let text = format!(
        "epochs = {}\nprecision = '{precision}'\n{}",
        EPOCHS,
        include_str!("workloads/w2.toml").replace("epochs = 10_000\nprecision = \"f64\"", "")
    );
    let plan = Plan::new("w2.toml", &text).unwrap();
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let whole = || {
        let deliver = |outcomes, ()| {
            black_box::<Vec<_>>(outcomes);
            Ok::<(), Cancelled>(())
        };
        pool.install(|| batch::run(&plan, &numbers, || (), &Control::default(), deliver))
            .unwrap();
    };
    compare(
        &format!("W2, {precision}, with the value of every epoch"),
        RUNS * EPOCHS,
        vec![
            (
                "by hand, smallest value tracked",
                Box::new(|| w2_by_hand_with_value::<T, N>(&starts, EPOCHS)),
            ),
            (
                "engine, smallest value tracked",
                on_engine(&*least, &starts, EPOCHS, false),
            ),
            (
                "engine, watched",
                on_engine(&*watched, &starts, EPOCHS, true),
            ),
            ("a whole batch of 1,000 epochs", Box::new(whole)),
        ],
    );
}

// One run, a million epochs: nothing to do side by side.

fn single() {
    const EPOCHS: usize = 1_000_000;
    let by_hand = || {
        let (mut x, mut y, rate) = (black_box(-1.2_f64), black_box(1.0_f64), black_box(1e-4_f64));
        let mut best = f64::MAX;
        for _ in 0..EPOCHS {
            let valley = y - x * x;
            let away = 1.0 - x;
            best = best.min(100.0 * (valley * valley) + away * away);
            let slope_x = -2.0 * away - 400.0 * x * valley;
            let slope_y = 200.0 * valley;
            x -= rate * slope_x;
            y -= rate * slope_y;
        }
        black_box((x, y, best));
    };
    let engine = Compiled::engine(w2_program::<f64>(Kept::Greatest));
    let start = [vec![-1.2, 1.0, 0.0, 1e-4]];
    let plan = "epochs = 1_000_000
        objective = [{ formula = '(1 - x)^2 + 100*(y - x^2)^2', start = { x = -1.2, y = 1 } }]
        optimizer = [{ method = 'sgd', learning_rate = 1e-4 }]";
    let plan = Plan::new("single.toml", plan).unwrap();
    let whole = || {
        let deliver = |outcomes, ()| {
            black_box::<Vec<_>>(outcomes);
            Ok::<(), Cancelled>(())
        };
        batch::run(&plan, &[0], || (), &Control::default(), deliver).unwrap();
    };
    compare(
        "Rosenbrock in two variables, one run of a million epochs, f64",
        EPOCHS,
        vec![
            ("by hand, smallest value tracked", Box::new(by_hand)),
            ("engine, watched", on_engine(&*engine, &start, EPOCHS, true)),
            ("a whole batch", Box::new(whole)),
        ],
    );
}

// W3: Rosenbrock in 100 variables with Adam, 256 runs.

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The method `adam` with its defaults. The state is x, m, v, β₁ᵗ and β₂ᵗ; its numbers
/// follow, the learning rate first.
fn adam<T: Compiled>(
    variables: usize,
    loss: impl for<'g> Fn(&'g Graph, &[Array<'g>]) -> Array<'g>,
) -> Program<T> {
    let recipe = adam_recipe();
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let inputs = |count: usize| graph.numbers(count);
    let parameters = inputs(variables);
    let memory = inputs(recipe.memory(&vec![Shape::scalar(); variables]).len());
    let numbers = inputs(recipe.numbers().len());
    let loss = loss(&graph, &parameters);
    let gradient = graph.gradient(loss, &parameters);
    let next = recipe.record(Inputs {
        parameters: &parameters,
        gradient: &gradient,
        loss,
        memory: &memory,
        numbers: &numbers,
    });
    let next = [next.update.parameters, next.update.memory].concat();
    Program::epoch(&graph, &[], &next)
}

/// The default settings of `adam`, including the learning rate.
fn adam_settings() -> Vec<(&'static str, Value)> {
    let settings = Method::Adam.description();
    let settings = settings.settings_of(Method::Adam.convention());
    let settings = settings.filter_map(|(setting, default)| Some((setting.name, default.value()?)));
    settings.collect()
}

fn adam_recipe() -> Recipe {
    let settings = adam_settings();
    let setting = |name: &str| {
        let found = settings.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    };
    Recipe {
        rule: Rule::new(Method::Adam, Method::Adam.convention(), setting),
        schedule: None,
        clip: None,
    }
}

/// A state of Adam at the start, and its numbers.
fn adam_start<T: Compiled>(x: &[f64], rate: f64) -> Vec<T> {
    let settings = adam_settings();
    let number = |name: &String| match name.as_str() {
        "learning_rate" => rate,
        name => {
            let found = settings.iter().find(|(known, _)| *known == name);
            found
                .and_then(|(_, value)| value.number())
                .map_or(0.0, Number::wide)
        }
    };
    let numbers = adam_recipe().numbers();
    let numbers = numbers.iter().map(number);
    let memory = std::iter::repeat_n(0.0, 2 * x.len()).chain([1.0, 1.0]);
    let state = x.iter().copied().chain(memory).chain(numbers);
    state.map(real).collect()
}

/// One entry by hand.
#[inline(always)]
fn adam_by_hand<T: Real>(x: T, m: &mut T, v: &mut T, slope: T, rate: T, powers: [T; 2]) -> T {
    *m = real::<T>(BETA_1) * *m + real::<T>(1.0 - BETA_1) * slope;
    *v = real::<T>(BETA_2) * *v + real::<T>(1.0 - BETA_2) * (slope * slope);
    let root = (*v / powers[1]).sqrt() + real::<T>(EPSILON);
    x - rate * ((*m / powers[0]) / root)
}

vectorised! {
    fn w3_by_hand<T, const N: usize>(starts: &[Vec<T>], epochs: usize) {
        const D: usize = 100;
        let [one, two, two_hundred, four_hundred] = [1.0, 2.0, 200.0, 400.0].map(real::<T>);
        for block in starts.chunks_exact(N) {
            let of = |number: usize| -> [T; N] { std::array::from_fn(|lane| block[lane][number]) };
            let mut x: Vec<[T; N]> = (0..D).map(of).collect();
            let (mut m, mut v) = (vec![[T::ZERO; N]; D], vec![[T::ZERO; N]; D]);
            let rate = of(3 * D + 2);
            let (mut power_1, mut power_2) = (T::ONE, T::ONE);
            for _ in 0..epochs {
                power_1 = power_1 * real(BETA_1);
                power_2 = power_2 * real(BETA_2);
                let powers = [one - power_1, one - power_2];
                // 200 (x[i] − x[i−1]²) for the entry i.
                let mut above = [T::ZERO; N];
                for i in 0..D {
                    let here = x[i];
                    let after = if i + 1 < D { x[i + 1] } else { here };
                    let mut next_above = [T::ZERO; N];
                    for lane in 0..N {
                        let mut slope = above[lane];
                        if i + 1 < D {
                            let valley = after[lane] - here[lane] * here[lane];
                            slope = slope - two * (one - here[lane])
                                - four_hundred * here[lane] * valley;
                            next_above[lane] = two_hundred * valley;
                        }
                        x[i][lane] = adam_by_hand(
                            here[lane], &mut m[i][lane], &mut v[i][lane], slope, rate[lane], powers,
                        );
                    }
                    above = next_above;
                }
            }
            black_box(x);
        }
    }
}

fn w3() {
    const D: usize = 100;
    const EPOCHS: usize = 20;
    let start = |run: usize| -> Vec<f64> {
        let x = (0..D).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 });
        adam_start(&x.collect::<Vec<_>>(), logspace(1e-3, 1e-1, 256, run))
    };
    let starts: Vec<Vec<f64>> = (0..256).map(start).collect();
    let engine = Compiled::engine(adam::<f64>(D, rosenbrock));
    let last = in_blocks(&*engine, &starts, D, 1000, false);
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let x: Vec<_> = graph.numbers(D);
    let value = Program::new(&graph, &[rosenbrock(&graph, &x)]);
    let losses: Vec<f64> = last.iter().map(|x| value.evaluate(x)[0]).collect();
    println!(
        "  check: last loss {:.12} (84.990323177391), median {:.12} (98.452165232909)",
        losses[255],
        median(losses.clone())
    );
    compare(
        &format!(
            "W3, Rosenbrock in 100 variables with Adam, 256 runs, f64 ({} instructions, {} slots)",
            engine.program().instructions(),
            engine.program().slots()
        ),
        256 * EPOCHS,
        vec![
            (
                "by hand, a loop over the variables",
                Box::new(|| w3_by_hand::<f64, 16>(&starts, EPOCHS)),
            ),
            ("engine", on_engine(&*engine, &starts, EPOCHS, false)),
        ],
    );
    // Without Adam, as in the engine study.
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let x: Vec<_> = graph.numbers(D);
    let rate = graph.input([]);
    let loss = rosenbrock(&graph, &x);
    let gradient = graph.gradient(loss, &x);
    let next: Vec<_> = x
        .iter()
        .zip(&gradient)
        .map(|(x, slope)| *x - rate * *slope)
        .collect();
    let engine = Compiled::engine(Program::epoch(&graph, &[], &next));
    let plain: Vec<Vec<f64>> = (0..256)
        .map(|run| {
            let x = (0..D).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 });
            x.chain([logspace(1e-6, 1e-4, 256, run)]).collect()
        })
        .collect();
    compare(
        &format!(
            "Rosenbrock in 100 variables, plain descent, 256 runs, f64 ({} instructions, {} slots)",
            engine.program().instructions(),
            engine.program().slots()
        ),
        256 * EPOCHS,
        vec![
            (
                "by hand, a loop over the variables",
                Box::new(|| rosenbrock_100_by_hand::<f64, 16>(&plain, EPOCHS)),
            ),
            ("engine", on_engine(&*engine, &plain, EPOCHS, false)),
        ],
    );
}

vectorised! {
    fn rosenbrock_100_by_hand<T, const N: usize>(starts: &[Vec<T>], epochs: usize) {
        const D: usize = 100;
        let [one, two, two_hundred, four_hundred] = [1.0, 2.0, 200.0, 400.0].map(real::<T>);
        for block in starts.chunks_exact(N) {
            let of = |number: usize| -> [T; N] { std::array::from_fn(|lane| block[lane][number]) };
            let mut x: Vec<[T; N]> = (0..D).map(of).collect();
            let rate = of(D);
            for _ in 0..epochs {
                let mut above = [T::ZERO; N];
                for i in 0..D - 1 {
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
                    x[D - 1][lane] = x[D - 1][lane] - rate[lane] * above[lane];
                }
            }
            black_box(x);
        }
    }
}

// W4: Ackley in two variables with Adam, 4,096 runs.

fn ackley<'g>(graph: &'g Graph, x: &[Array<'g>]) -> Array<'g> {
    let number = |value: f64| graph.constant(value);
    let tau = number(2.0 * std::f64::consts::PI);
    let exp = |x: Array<'g>| x.unary(Op::Exp);
    let cos = |x: Array<'g>| (tau * x).unary(Op::Cos);
    let distance = ((x[0].powi(2) + x[1].powi(2)) / number(2.0)).unary(Op::Sqrt);
    let waves = (cos(x[0]) + cos(x[1])) / number(2.0);
    number(-20.0) * exp(number(-0.2) * distance) - exp(waves)
        + number(20.0)
        + number(std::f64::consts::E)
}

vectorised! {
    fn w4_by_hand<T, const N: usize>(starts: &[Vec<T>], epochs: usize) {
        let half = real::<T>(0.5);
        let (tau, pi) = (real::<T>(2.0 * std::f64::consts::PI), real::<T>(std::f64::consts::PI));
        for block in starts.chunks_exact(N) {
            let of = |number: usize| -> [T; N] { std::array::from_fn(|lane| block[lane][number]) };
            let (mut x, mut y, rate) = (of(0), of(1), of(8));
            let [mut mx, mut my, mut vx, mut vy] = [[T::ZERO; N]; 4];
            let (mut power_1, mut power_2) = (T::ONE, T::ONE);
            for _ in 0..epochs {
                power_1 = power_1 * real(BETA_1);
                power_2 = power_2 * real(BETA_2);
                let powers = [T::ONE - power_1, T::ONE - power_2];
                for lane in 0..N {
                    let distance = ((x[lane] * x[lane] + y[lane] * y[lane]) * half).sqrt();
                    let (angle_x, angle_y) = (tau * x[lane], tau * y[lane]);
                    let waves = ((angle_x.near_cos() + angle_y.near_cos()) * half).exp();
                    // The derivative of −20 exp(−0.2 r), over 2r.
                    let pull = real::<T>(2.0) * (real::<T>(-0.2) * distance).exp() / distance;
                    let slope_x = pull * x[lane] + pi * (waves * angle_x.near_sin());
                    let slope_y = pull * y[lane] + pi * (waves * angle_y.near_sin());
                    x[lane] = adam_by_hand(x[lane], &mut mx[lane], &mut vx[lane], slope_x, rate[lane], powers);
                    y[lane] = adam_by_hand(y[lane], &mut my[lane], &mut vy[lane], slope_y, rate[lane], powers);
                }
            }
            black_box((x, y));
        }
    }
}

fn w4<T: Compiled, const N: usize>(precision: &str) {
    const EPOCHS: usize = 20;
    let start = |run: usize| -> Vec<T> {
        let (i, j, k) = (run / 64, run / 8 % 8, run % 8);
        let (x, y) = (-4.0 + 8.0 * j as f64 / 7.0, -4.0 + 8.0 * k as f64 / 7.0);
        adam_start(&[x, y], logspace(1e-3, 1e-1, 64, i))
    };
    let starts: Vec<Vec<T>> = (0..RUNS).map(start).collect();
    let engine = Compiled::engine(adam::<T>(2, ackley));
    let last = in_blocks(&*engine, &starts, 2, 1000, false);
    let graph = Graph::new(T::PRECISION, Subnormals::Keep);
    let x: Vec<_> = graph.numbers(2);
    let value = Program::new(&graph, &[ackley(&graph, &x)]);
    let losses = last.iter().map(|x| value.evaluate(x)[0].to_f64());
    println!(
        "  check: median loss {:.11} (8.38743152437)",
        median(losses.collect())
    );
    compare(
        &format!("W4, Ackley in two variables with Adam, 4,096 runs, {precision}"),
        RUNS * EPOCHS,
        vec![
            ("by hand", Box::new(|| w4_by_hand::<T, N>(&starts, EPOCHS))),
            ("engine", on_engine(&*engine, &starts, EPOCHS, false)),
        ],
    );
}

// Whole batches on one thread and on all.

fn threads() {
    for (name, text) in [
        ("W2", include_str!("workloads/w2.toml")),
        ("W3", include_str!("workloads/w3.toml")),
        ("W4", include_str!("workloads/w4.toml")),
    ] {
        on_threads(name, &Plan::new("workload.toml", text).unwrap());
    }
}

fn on_threads(name: &str, plan: &Plan) {
    let numbers: &Vec<u64> = &(0..plan.runs.count()).collect();
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        move || {
            let deliver = |outcomes, ()| {
                black_box::<Vec<_>>(outcomes);
                Ok::<(), Cancelled>(())
            };
            pool.install(|| batch::run(plan, numbers, || (), &Control::default(), deliver))
                .unwrap();
        }
    };
    let all_name = format!("{all} threads");
    compare(
        &format!("{name}, a whole batch, only final values"),
        usize::try_from(plan.run_epochs()).unwrap(),
        vec![
            ("one thread", Box::new(on(1))),
            (&all_name, Box::new(on(all))),
        ],
    );
}
