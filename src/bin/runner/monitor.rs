//! A thread that monitors the work of another.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Does `work` while `monitor` looks on from a thread of its own. `work` gets an error if the
/// system refuses that thread.
pub fn with_monitor<R>(
    monitor: impl FnOnce(Worker) + Send,
    work: impl FnOnce(io::Result<()>) -> R,
) -> R {
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel();
        let monitor = || monitor(Worker(is_done));
        let started = thread::Builder::new().spawn_scoped(scope, monitor);
        let result = work(started.map(|_| ()));
        drop(done);
        result
    })
}

/// The worker that a thread monitors.
pub struct Worker(Receiver<()>);

impl Worker {
    /// Waits for the end of the work; false if it came within this time.
    pub fn is_busy_after(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }
}
