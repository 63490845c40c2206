//! Code shared by the benchmarks of descents: selection by name, and epochs of many runs
//! on an engine.

use gradtape_engine::{Block, Compiled, Engine};
use gradtape_tape::Real;

/// Runs the workloads that the command line names, all if it names none.
pub fn run(workloads: &[(&str, fn())]) {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    for (name, workload) in workloads {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            workload();
        }
    }
}

pub fn real<T: Real>(value: f64) -> T {
    T::from_f64(value)
}

/// `a·(b/a)^(i/(n−1))`, in f64.
pub fn logspace(a: f64, b: f64, n: usize, i: usize) -> f64 {
    a * (b / a).powf(i as f64 / (n - 1) as f64)
}

/// Runs `epochs` epochs on all `starts`, in blocks; returns the last states.
pub fn in_blocks<T: Compiled>(
    engine: &dyn Engine<T>,
    starts: &[Vec<T>],
    state: usize,
    epochs: u32,
    watched: bool,
) -> Vec<Vec<T>> {
    let mut last = Vec::with_capacity(starts.len());
    for starts in starts.chunks(engine.lanes()) {
        let mut block = Block::new(engine.program(), starts.len());
        if watched {
            block.watch(&[], &[], 0);
            block.look_anew();
        }
        for (lane, start) in starts.iter().enumerate() {
            block.load(lane, start);
        }
        engine.advance(&mut block, epochs, false);
        for lane in 0..starts.len() {
            last.push((0..state).map(|number| block.input(number, lane)).collect());
        }
    }
    last
}
