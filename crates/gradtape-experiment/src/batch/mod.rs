//! All runs of a plan, in parallel, with results in the order of the plan.

mod block;
mod chunk;
mod closing;
mod control;
mod course;
mod descent;
mod determination;
mod end;
mod epoch;
mod minibatch;
mod output;
mod programs;
mod quantities;
mod recorder;
mod result;
mod rows;
mod search;
mod state;
mod stop;
mod stop_reason;
mod trace;

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvError, RecvTimeoutError};
use std::time::Duration;

use crate::plan::{Plan, Run};
use chunk::pieces;
use programs::Programs;
use rows::Rows;

#[doc(hidden)]
pub use closing::{
    Closing, MAX_MODELLED, MAX_PERIOD, Tail, deviation, mean, quarters, rounding_motion,
};
pub use control::{Cancelled, Control, Progress};
pub use determination::{DEFINITION, Determination, determination};
pub use end::End;
pub use quantities::Quantities;
pub use recorder::{Recorder, Row};
pub use result::RunResult;
pub use stop::Rule;
pub use stop_reason::{Divergence, StopReason};

/// Runs `numbers` of the plan on rayon's current threads and calls `deliver`
/// for pieces of runs in the order of `numbers`: with the runs and outcomes that
/// [`Recorder::end`] returned, and the recorder that `recorder` made for the piece.
///
/// Memory does not grow with the number of runs or epochs, unless the recorders do:
/// only some pieces are in progress at a time.
///
/// # Errors
///
/// The first error of `deliver`, after which nothing is delivered, or
/// [`Cancelled`].
///
/// # Panics
///
/// If a recorder or `deliver` panics, as soon as the pieces in progress have seen that they
/// are cancelled.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::batch::{self, Cancelled, Control};
/// use gradtape_experiment::plan::Plan;
///
/// let plan = Plan::new("example.toml", r#"
///     epochs = 1000
///     objective = [{ formula = "(x - 3)^2", start = { x = 0 } }]
///     optimizer = [{ method = "sgd", learning_rate = [0.1, 0.2] }]
/// "#)?;
/// let mut found = Vec::new();
/// batch::run(&plan, &[0, 1], || (), &Control::default(), |outcomes, ()| {
///     found.extend(outcomes.iter().map(|(_, outcome)| outcome.parameters[0].to_f64()));
///     Ok::<(), Cancelled>(())
/// })?;
/// assert!(found.iter().all(|x| (x - 3.0).abs() < 1e-15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run<R, E>(
    plan: &Plan,
    numbers: &[u64],
    recorder: impl Fn() -> R + Sync,
    control: &Control,
    mut deliver: impl FnMut(Vec<(Run, End)>, R) -> Result<(), E>,
) -> Result<(), E>
where
    R: Recorder + Send,
    E: From<Cancelled>,
{
    let threads = rayon::current_num_threads();
    let pieces = pieces(plan, numbers, R::LOOKS, threads);
    let on_their_way = 4 * threads;
    let programs = Programs::default();
    let (sender, receiver) = mpsc::channel();
    rayon::in_place_scope(|scope| {
        // The scope waits for all pieces, also when a panic leaves it.
        let _cancel = CancelOnPanic(control);
        let start = |place: usize| {
            let (sender, piece) = (sender.clone(), pieces[place]);
            let (programs, recorder) = (&programs, &recorder);
            scope.spawn(move |_| {
                let run = || run_piece(plan, piece, recorder(), programs, control);
                // The panic continues in the thread that waits for this piece.
                let result = panic::catch_unwind(AssertUnwindSafe(run));
                // No one listens any more after an error.
                let _ = sender.send((place, result));
            });
        };
        let mut started = pieces.len().min(on_their_way);
        (0..started).for_each(&start);
        let mut waiting = BTreeMap::new();
        for next in 0..pieces.len() {
            let result = loop {
                if let Some(result) = waiting.remove(&next) {
                    break result;
                }
                // Every piece that was started sends once, so one is missing.
                let Ok((place, result)) = receive(&receiver) else {
                    return Err(Cancelled.into());
                };
                let result = result.unwrap_or_else(|panic| panic::resume_unwind(panic));
                waiting.insert(place, result);
            };
            let delivered = match result {
                Ok((outcomes, recorder)) => deliver(outcomes, recorder),
                Err(cancelled) => Err(cancelled.into()),
            };
            if delivered.is_err() {
                control.cancel.store(true, Ordering::Relaxed);
                return delivered;
            }
            if started < pieces.len() {
                start(started);
                started += 1;
            }
        }
        Ok(())
    })
}

/// Cancels a job when a panic leaves it.
struct CancelOnPanic<'c>(&'c Control);

impl Drop for CancelOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.cancel.store(true, Ordering::Relaxed);
        }
    }
}

/// Waits for the next message. A thread of the pool works meanwhile, as it may be
/// the only one that could send any.
fn receive<T>(receiver: &Receiver<T>) -> Result<T, RecvError> {
    loop {
        let patience = match rayon::yield_now() {
            None => return receiver.recv(),
            Some(rayon::Yield::Executed) => Duration::ZERO,
            // Others are at work.
            Some(rayon::Yield::Idle) => Duration::from_millis(1),
        };
        match receiver.recv_timeout(patience) {
            Err(RecvTimeoutError::Timeout) => {}
            result => return result.map_err(|_| RecvError),
        }
    }
}

type Piece<R> = (Vec<(Run, End)>, R);

fn run_piece<R: Recorder>(
    plan: &Plan,
    numbers: &[u64],
    mut recorder: R,
    programs: &Programs,
    control: &Control,
) -> Result<Piece<R>, Cancelled> {
    let runs: Vec<Run> = numbers.iter().map(|number| plan.run(*number)).collect();
    let remainders = programs.begin(plan, &runs, R::LOOKS, control)?;
    let mut ends = Vec::new();
    for (run, remainder) in runs.into_iter().zip(remainders) {
        control.check()?;
        recorder.begin(&run);
        let mut record = |row: &Row<'_>| recorder.record(row);
        let rows = Rows::new(plan, &run, R::LOOKS.then_some(&mut record));
        let mut end = remainder(&run, rows)?;
        if let StopReason::Diverged {
            epoch: 0,
            what: Divergence::NotFinite { cause, .. },
        } = &mut end.reason
        {
            *cause = programs.cause(plan, &run).map(Box::new);
        }
        control.progress.end_run(&run, &end);
        ends.extend(recorder.end(run, end));
    }
    Ok((ends, recorder))
}
