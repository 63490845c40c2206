//! All runs of a plan, in parallel, with results in the order of the plan.

mod block;
mod chunk;
mod closing;
mod course;
mod descent;
mod determination;
mod epoch;
mod minibatch;
mod output;
mod quantities;
mod result;
mod rows;
mod search;
mod stop;
mod stop_reason;
mod trace;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvError, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::number::{Precision, Scalar};
use crate::objective::{Cause, Explainer};
use crate::optimizer::Recipe;
use crate::optimizer::search::Needs;
use crate::plan::{self, Plan, Run};
use chunk::pieces;
use descent::Descent;
use gradtape_engine::Compiled;
use gradtape_tape::Subnormals;
use rows::Rows;
use search::SearchPrograms;

#[doc(hidden)]
pub use closing::{
    Closing, MAX_MODELLED, MAX_PERIOD, Tail, deviation, mean, quarters, rounding_motion,
};
pub use determination::{DEFINITION, Determination, determination};
pub use quantities::Quantities;
pub use result::RunResult;
pub use stop::Rule;
pub use stop_reason::{Divergence, StopReason};

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Why it ended.
    pub reason: StopReason,
    /// The motion towards its end, if it made all of its epochs, or stopped by a rule for
    /// convergence before it arrived.
    pub closing: Option<Closing>,
    /// The final quantities: those of the last epoch, or after divergence of the last one in
    /// which everything was finite. What depends on known minima, [`RunResult`] adds.
    pub quantities: Quantities,
    /// The final parameters, in the order of [`parameters`].
    ///
    /// [`parameters`]: crate::objective::Objective::parameters
    pub parameters: Vec<Scalar>,
    /// The parameters in the epoch with the smallest loss.
    pub best_parameters: Vec<Scalar>,
}

impl End {
    /// The number of epochs after which the last states repeat, if they do.
    #[must_use]
    pub fn period(&self) -> Option<u64> {
        self.closing.as_ref()?.tail.as_ref()?.period
    }
}

/// The state of a run after `epoch` updates.
pub struct Row<'a> {
    /// The number of updates so far.
    pub epoch: u64,
    /// The quantities at this epoch; the evaluations include that of this state.
    pub quantities: &'a Quantities,
    /// The parameter with this place among those of the objective.
    pub parameters: &'a dyn Fn(usize) -> Scalar,
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Row (epoch {}, loss {})",
            self.epoch,
            self.quantities.loss()
        )
    }
}

/// Takes the recorded epochs of one run, or of several one after the other.
pub trait Recorder {
    /// Whether it looks at rows at all. If not, none are stored for it.
    const LOOKS: bool = true;

    /// Called before the first row of each run.
    fn begin(&mut self, run: &Run);
    /// Called for each recorded epoch, in order.
    fn record(&mut self, row: &Row<'_>);
    /// Called when the run has ended. A returned value is delivered along with the
    /// recorder; one that takes all that it needs here, on the thread that
    /// computed the run, returns `None`.
    fn end(&mut self, run: Run, end: End) -> Option<(Run, End)> {
        Some((run, end))
    }
}

/// A recorder for final values only.
impl Recorder for () {
    const LOOKS: bool = false;

    fn begin(&mut self, _: &Run) {}
    fn record(&mut self, _: &Row<'_>) {}
}

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
    /// run ended early. When all runs have ended, it equals [`Plan::run_epochs`].
    pub fn settled(&self) -> u64 {
        self.epochs() + self.spared.load(Ordering::Relaxed)
    }

    fn end_run(&self, run: &Run, end: &End) {
        let made = match end.reason {
            StopReason::Diverged { epoch, .. } => epoch,
            _ => end.quantities.epochs_run(),
        };
        let spared = run.epochs.saturating_sub(made);
        self.spared.fetch_add(spared, Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    fn add_epochs(&self, epochs: u64) {
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
    let remainders = begin(plan, &runs, R::LOOKS, programs, control)?;
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

/// What remains to be done of a run after the lanes.
type Remainder<'p> = Box<dyn FnOnce(&Run, Rows<'_>) -> Result<End, Cancelled> + 'p>;

/// Does what can be done in lanes for the runs of a piece, in their order.
fn begin<'p>(
    plan: &'p Plan,
    runs: &[Run],
    record: bool,
    programs: &Programs,
    control: &'p Control,
) -> Result<Vec<Remainder<'p>>, Cancelled> {
    // Those that can share a block, in the order of the first of each.
    let mut alike: Vec<(_, Vec<usize>)> = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let key = (run.precision, run.epochs, shape(run));
        match alike.iter_mut().find(|(other, _)| *other == key) {
            Some((_, places)) => places.push(place),
            None => alike.push((key, vec![place])),
        }
    }
    let mut remainders: Vec<Option<Remainder<'p>>> = runs.iter().map(|_| None).collect();
    for (_, places) in alike {
        let give = |place: usize, remainder| remainders[place] = Some(remainder);
        match runs[places[0]].precision {
            Precision::F32 => programs
                .narrow
                .begin(plan, runs, &places, record, control, give),
            Precision::F64 => programs
                .wide
                .begin(plan, runs, &places, record, control, give),
        }?;
    }
    Ok(remainders.into_iter().flatten().collect())
}

/// The programs that were traced so far, one for all runs that differ only in
/// numbers.
#[derive(Default)]
struct Programs {
    narrow: ProgramsIn<f32>,
    wide: ProgramsIn<f64>,
}

/// Those of a precision.
#[derive(Default)]
struct ProgramsIn<T> {
    descents: ProgramCache<Shape, Descent<T>>,
    searches: ProgramCache<SearchShape, SearchPrograms<T>>,
    explainers: ProgramCache<(Subnormals, usize), Option<Explainer<T>>>,
}

/// What decides which program a run needs, in addition to the precision.
type Shape = (Subnormals, usize, Recipe);

fn shape(run: &Run) -> Shape {
    (run.subnormals, run.objective, run.recipe.clone())
}

/// The same for a line-search or second-order method.
type SearchShape = (Subnormals, usize, Needs);

impl<T: Compiled> ProgramsIn<T> {
    /// Does what can be done in lanes for those of `runs` at `places`, which differ only in
    /// numbers.
    fn begin<'p>(
        &self,
        plan: &'p Plan,
        runs: &[Run],
        places: &[usize],
        record: bool,
        control: &'p Control,
        mut give: impl FnMut(usize, Remainder<'p>),
    ) -> Result<(), Cancelled> {
        let first = &runs[places[0]];
        if let Some(needs) = first.recipe.rule.method().needs() {
            let search = self.search(plan, first, needs);
            for place in places {
                let search = Arc::clone(&search);
                let remainder =
                    move |run: &Run, rows: Rows<'_>| search.run(plan, run, rows, control);
                give(*place, Box::new(remainder));
            }
            return Ok(());
        }
        let descent = self.descent(plan, first);
        descent.in_blocks(plan, runs, places, record, control, |place, lane| {
            let descent = Arc::clone(&descent);
            let remainder =
                move |run: &Run, rows: Rows<'_>| descent.whole(plan, run, lane, rows, control);
            give(place, Box::new(remainder));
        })
    }

    fn descent(&self, plan: &Plan, run: &Run) -> Arc<Descent<T>> {
        let trace = || trace::descent(plan, run);
        self.descents.get(shape(run), trace)
    }

    fn search(&self, plan: &Plan, run: &Run, needs: Needs) -> Arc<SearchPrograms<T>> {
        let trace = || SearchPrograms::trace(plan, run, needs);
        let shape = (run.subnormals, run.objective, needs);
        self.searches.get(shape, trace)
    }

    /// Why a run is not finite at its start.
    fn cause(&self, plan: &Plan, run: &Run) -> Option<Cause> {
        let objective = &plan.objectives[run.objective];
        let explainer = self.explainers.get((run.subnormals, run.objective), || {
            Explainer::new(&objective.function, run.subnormals, |graph| {
                objective.data_in(graph, plan::Rows::Training)
            })
        });
        let at = run.start.iter().chain(&run.constants);
        let at: Vec<T> = at.map(|number| number.to::<T>()).collect();
        (*explainer).as_ref()?.cause(&objective.function, &at)
    }
}

impl Programs {
    fn cause(&self, plan: &Plan, run: &Run) -> Option<Cause> {
        match run.precision {
            Precision::F32 => self.narrow.cause(plan, run),
            Precision::F64 => self.wide.cause(plan, run),
        }
    }
}

/// Programs that are traced once for each key.
struct ProgramCache<K, P>(Mutex<HashMap<K, Arc<P>>>);

impl<K, P> Default for ProgramCache<K, P> {
    fn default() -> Self {
        ProgramCache(Mutex::default())
    }
}

impl<K: Eq + Hash, P> ProgramCache<K, P> {
    fn get(&self, shape: K, trace: impl FnOnce() -> P) -> Arc<P> {
        // Tracing cannot leave the table half changed, so poison is harmless.
        let mut traced = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(traced.entry(shape).or_insert_with(|| Arc::new(trace())))
    }
}
