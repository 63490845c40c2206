//! The progress and the cancellation of a job.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::end::End;
use super::stop_reason::StopReason;
use crate::plan::Run;

/// The progress of a job; it can be read from another thread during the job.
#[derive(Debug, Default)]
pub struct Progress {
    runs: AtomicU64,
    epochs: AtomicU64,
    spared: AtomicU64,
}

impl Progress {
    /// The number of runs that have ended.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// The number of updates that were made.
    pub fn epochs(&self) -> u64 {
        self.epochs.load(Ordering::Relaxed)
    }

    /// The number of epochs done: the updates that were made, and those skipped because a
    /// run ended early. When all runs have ended, it equals
    /// [`Runs::run_epochs`](crate::plan::Runs::run_epochs).
    pub fn settled(&self) -> u64 {
        self.epochs() + self.spared.load(Ordering::Relaxed)
    }

    pub(super) fn end_run(&self, run: &Run, end: &End) {
        let made = match end.reason {
            StopReason::Diverged { epoch, .. } => epoch,
            _ => end.quantities.epochs_run(),
        };
        let spared = run.epochs.saturating_sub(made);
        self.spared.fetch_add(spared, Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_epochs(&self, epochs: u64) {
        self.epochs.fetch_add(epochs, Ordering::Relaxed);
    }
}

/// The progress and the cancellation of a job.
#[derive(Debug, Default)]
pub struct Control {
    /// The progress of the job.
    pub progress: Progress,
    /// Setting it to true ends the job within some thousand epochs.
    pub cancel: AtomicBool,
}

impl Control {
    /// Whether the job was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// An error if the job was cancelled.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], if it was.
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.is_cancelled() {
            true => Err(Cancelled),
            false => Ok(()),
        }
    }
}

/// The job was cancelled through [`Control::cancel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Cancelled;
