//! Rows per second into a CSV file, compared with the same rows written by hand.
//!
//! `cargo bench --bench recording`. The work is W6 of many published comparisons:
//! rows of run, epoch, learning rate, loss, norm of the gradient and one
//! parameter, all in memory beforehand. Here these are 1,000,000 in 100 groups,
//! written to a file in memory where the system supports that, and removed again.
//!
//! - `recorder`: the code that writes rows to `trajectories.csv`, with the rest
//!   of an empty report.
//! - `by_hand`: a loop with the same formatting of numbers into a buffer, run by
//!   run. The recorder can be faster, as it formats a learning rate once.
//!
//! Both on one thread, and with the groups formatted on all threads; the time is that
//! of a row.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark has no user to explain itself to"
)]

mod compare;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use gradtape_experiment::batch::{Control, Quantities, Recorder, Row};
use gradtape_experiment::number::{Number, Scalar};
use gradtape_experiment::plan::{Plan, Quantity};
use gradtape_report::Writer;
use rayon::prelude::*;
use tempfile::TempDir;

use compare::compare;

fn main() {
    let rows = Rows::new();
    for threads in threads() {
        let (folder, pool) = (folder(), pool(threads));
        compare(
            &format!("W6, a million rows of six columns, {threads} threads"),
            RUNS * EPOCHS,
            vec![
                ("by hand", Box::new(|| by_hand(&rows, folder.path(), &pool))),
                (
                    "recorder",
                    Box::new(|| recorder(&rows, folder.path(), &pool)),
                ),
            ],
        );
    }
}

const RUNS: usize = 100;
const EPOCHS: usize = 10_000;

const SOURCE: &str = r#"
    epochs = 9_999
    objective = [{ formula = "w^2", start = { w = 1 } }]
    record = { every = 1 }
    [[optimizer]]
    method = "sgd"
    learning_rate = { from = 1e-4, to = 1, count = 100, scale = "log" }
"#;

/// The learning rates of the runs, and all values of the parameter.
struct Rows {
    plan: Plan,
    rates: Vec<f64>,
    parameters: Vec<f64>,
}

impl Rows {
    fn new() -> Self {
        let plan = Plan::new("w6.toml", SOURCE).unwrap();
        let rates =
            (0..RUNS as u64).map(|run| plan.run(run).learning_rate.map_or(0.0, Number::wide));
        // SplitMix64.
        let mut state = 6_u64;
        let mut draw = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0 - 0.5
        };
        Rows {
            rates: rates.collect(),
            parameters: (0..RUNS * EPOCHS).map(|_| draw()).collect(),
            plan,
        }
    }

    /// Epoch, loss, norm of the gradient and parameter of the rows of a run.
    fn of(&self, run: usize) -> impl Iterator<Item = (u64, f64, f64, f64)> {
        let parameters = &self.parameters[run * EPOCHS..][..EPOCHS];
        let epochs = parameters.iter().zip(0..);
        epochs.map(|(w, epoch)| (epoch, w * w, (2.0 * w).abs(), *w))
    }
}

/// A directory in memory, if the system has one.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let in_memory = tempfile::tempdir_in(memory);
    in_memory.or_else(|_| tempfile::tempdir()).unwrap()
}

/// Number of runs that are formatted before they are written.
fn at_once(threads: usize) -> usize {
    if threads == 1 { 1 } else { 4 * threads }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap()
}

/// One thread, and all.
fn threads() -> Vec<usize> {
    let all = std::thread::available_parallelism().unwrap().get();
    if all == 1 { vec![1] } else { vec![1, all] }
}

fn recorder(rows: &Rows, folder: &Path, pool: &rayon::ThreadPool) {
    let look = |_: &_| ();
    let mut writer = Writer::new(&rows.plan, "w6.toml", SOURCE, &[], folder).unwrap();
    let recorders = writer.recorders(&look);
    let recorded = |run: usize| {
        let mut recorder = recorders();
        recorder.begin(&rows.plan.run(run as u64));
        for (epoch, loss, gradient_norm, w) in rows.of(run) {
            let mut quantities = Quantities::default();
            quantities.set_count(Quantity::Evaluations, epoch + 1);
            quantities.set(Quantity::LearningRate, Scalar::F64(rows.rates[run]));
            quantities.set(Quantity::Loss, Scalar::F64(loss));
            quantities.set(Quantity::GradientNorm, Scalar::F64(gradient_norm));
            recorder.record(&Row {
                epoch,
                quantities: &quantities,
                parameters: &|_| Scalar::F64(w),
            });
        }
        recorder
    };
    in_order(pool, recorded, |recorder| {
        writer.add(recorder).unwrap();
    });
    writer.finish(false, &Control::default()).unwrap();
}

fn by_hand(rows: &Rows, folder: &Path, pool: &rayon::ThreadPool) {
    let path = folder.join("rows.csv");
    let mut file = File::create(&path).unwrap();
    file.write_all(b"run,epoch,learning_rate,loss,gradient_norm,w\n")
        .unwrap();
    let text = |run: usize| {
        let mut text = Vec::with_capacity(1 << 20);
        let (mut whole, mut float) = (itoa::Buffer::new(), zmij::Buffer::new());
        for (epoch, loss, gradient_norm, w) in rows.of(run) {
            text.extend_from_slice(whole.format(run).as_bytes());
            text.push(b',');
            text.extend_from_slice(whole.format(epoch).as_bytes());
            for number in [rows.rates[run], loss, gradient_norm, w] {
                text.push(b',');
                text.extend_from_slice(float.format(number).as_bytes());
            }
            text.push(b'\n');
        }
        text
    };
    in_order(pool, text, |text| file.write_all(&text).unwrap());
    drop(file);
    std::fs::remove_file(&path).unwrap();
}

/// Makes something of each run on the threads of `pool`, and takes it in order.
fn in_order<T: Send>(
    pool: &rayon::ThreadPool,
    make: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T),
) {
    let runs: Vec<usize> = (0..RUNS).collect();
    let threads = pool.current_num_threads();
    for some in runs.chunks(at_once(threads)) {
        if threads == 1 {
            some.iter().for_each(|run| take(make(*run)));
        } else {
            let made: Vec<T> = pool.install(|| some.par_iter().map(|run| make(*run)).collect());
            made.into_iter().for_each(&mut take);
        }
    }
}
