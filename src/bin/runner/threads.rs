//! The threads of the command: the workers, and one that watches them.

use std::error::Error;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use gradtape_report::drawn_at_once;

use crate::failure::Failure;
use crate::source::Experiment;

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
    let set = std::env::var("RAYON_NUM_THREADS").ok();
    let set = set.and_then(|text| text.parse().ok());
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    set.filter(|threads| *threads > 0).unwrap_or_else(cores)
}

/// The maximum number of threads that have work at the same time: experiments are computed
/// one after the other, the runs of each in parallel, and then its charts.
pub fn useful<'a>(experiments: impl IntoIterator<Item = &'a Experiment>) -> usize {
    let experiments = experiments.into_iter();
    let useful = experiments.map(|one| one.numbers.len().max(drawn_at_once(&one.plan)));
    useful.max().unwrap_or(1)
}

/// The system refuses to start a thread.
pub fn refused(error: &dyn Error) -> Failure {
    Failure::System(format!(
        "failed to start a thread: {error}; use fewer (`--threads 1` or `RAYON_NUM_THREADS=1`), \
         or raise the limit on processes or memory (`ulimit -u`, `ulimit -v`)"
    ))
}

/// Does `work` while `look` watches from another thread. `work` gets an error if the
/// system refuses that thread.
pub fn beside<R>(
    look: impl FnOnce(Ongoing) + Send,
    work: impl FnOnce(Result<(), Failure>) -> R,
) -> R {
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel();
        let look = || look(Ongoing(is_done));
        let started = thread::Builder::new().spawn_scoped(scope, look);
        let result = work(started.map(|_| ()).map_err(|error| refused(&error)));
        drop(done);
        result
    })
}

/// Work that another thread does.
pub struct Ongoing(Receiver<()>);

impl Ongoing {
    /// Waits for the end of the work; false if it came within this time.
    pub fn lasts(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }
}
