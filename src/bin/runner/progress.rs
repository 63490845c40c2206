//! How far a batch has come: a bar on a terminal, a plain line now and then
//! elsewhere.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use gradtape::batch::Control;
use gradtape::number::grouped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// What is shown during the first moments would only flicker.
const QUIET_AT_FIRST: Duration = Duration::from_millis(300);
const BETWEEN_REDRAWS: Duration = Duration::from_millis(100);
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// What one batch has to do.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    pub name: &'a str,
    pub runs: u64,
    /// The updates of all runs, if none ends early.
    pub epochs: u64,
}

/// Does `work` and shows meanwhile how far it has come.
pub fn watch<R>(task: Task<'_>, control: &Control, is_quiet: bool, work: impl FnOnce() -> R) -> R {
    if is_quiet {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        scope.spawn(move || {
            if is_done.recv_timeout(QUIET_AT_FIRST) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            if io::stderr().is_terminal() {
                draw_bar(task, control, &is_done);
            } else {
                print_lines(task, control, &is_done);
            }
        });
        let result = work();
        drop(done);
        result
    })
}

fn draw_bar(task: Task<'_>, control: &Control, is_done: &mpsc::Receiver<()>) {
    let bar = ProgressBar::with_draw_target(Some(task.epochs), ProgressDrawTarget::stderr());
    let template = "{prefix} {bar:30} {percent:>3}%  {msg}  {per_sec}  {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.with_key(
        "per_sec",
        |state: &indicatif::ProgressState, writer: &mut dyn std::fmt::Write| {
            // Writing to the bar's own buffer cannot fail.
            let _ = write!(writer, "{} epochs/s", rounded(state.per_sec()));
        },
    ));
    bar.set_prefix(task.name.to_owned());
    let show = || {
        let progress = &control.progress;
        bar.set_position(progress.epochs());
        let (done, all) = (u128::from(progress.runs()), u128::from(task.runs));
        bar.set_message(format!("{} of {} runs", grouped(done), grouped(all)));
    };
    show();
    while is_done.recv_timeout(BETWEEN_REDRAWS) == Err(RecvTimeoutError::Timeout) {
        show();
    }
    bar.finish_and_clear();
}

fn print_lines(task: Task<'_>, control: &Control, is_done: &mpsc::Receiver<()>) {
    let begin = Instant::now();
    while is_done.recv_timeout(BETWEEN_LINES) == Err(RecvTimeoutError::Timeout) {
        let (runs, epochs) = (control.progress.runs(), control.progress.epochs());
        output::message(&format!(
            "{}: {} of {} runs, {}% after {} s\n",
            task.name,
            grouped(u128::from(runs)),
            grouped(u128::from(task.runs)),
            u128::from(epochs) * 100 / u128::from(task.epochs.max(1)),
            begin.elapsed().as_secs(),
        ));
    }
}

/// A rate in three digits: `12.3M`.
fn rounded(rate: f64) -> String {
    let scales = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match scales.into_iter().find(|(scale, _)| rate >= *scale) {
        Some((scale, unit)) => format!("{:.1}{unit}", rate / scale),
        None => format!("{rate:.0}"),
    }
}

/// A control that the keyboard can cancel; a second interruption ends the
/// process at once.
pub fn interruptible() -> Arc<Control> {
    let control = Arc::new(Control::default());
    let seen = Arc::clone(&control);
    // Without a handler an interruption ends the process, as everywhere.
    let _ = ctrlc::set_handler(move || {
        if is_set(&seen.cancel) {
            std::process::exit(130);
        }
    });
    control
}

/// Sets the flag; true if it was set before.
fn is_set(flag: &AtomicBool) -> bool {
    flag.swap(true, Ordering::Relaxed)
}
