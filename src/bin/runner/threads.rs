//! The worker threads.

use std::error::Error;
use std::thread;

use crate::failure::Failure;

/// Starts the worker threads: `wanted`, by default `RAYON_NUM_THREADS` or the number of
/// cores, and at most `useful`. Without this call rayon would start them when they are first
/// needed, and panic if the system refuses.
pub fn start(wanted: Option<u16>, useful: usize) -> Result<(), Failure> {
    let wanted = wanted.map_or_else(default_threads, usize::from);
    let threads = wanted.min(useful).max(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().map_err(|error| refused(&error))
}

/// The default of rayon, which cannot be asked for it before the threads start.
fn default_threads() -> usize {
    let set = std::env::var("RAYON_NUM_THREADS").unwrap_or_default();
    match set.parse() {
        Ok(threads) if threads > 0 => threads,
        _ => thread::available_parallelism().map_or(1, usize::from),
    }
}

/// The system refuses to start a thread.
pub fn refused(error: &dyn Error) -> Failure {
    Failure::System(format!(
        "failed to start a thread: {error}; use fewer (`--threads 1` or `RAYON_NUM_THREADS=1`), \
         or raise the limit on processes or memory (`ulimit -u`, `ulimit -v`)"
    ))
}
