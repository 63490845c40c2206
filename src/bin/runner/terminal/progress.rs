//! Progress: a bar on a terminal, a line from time to time elsewhere.
//!
//! It is the share of epochs done, including those skipped because a run ended early. So it
//! always reaches 100 %.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use gradtape_experiment::batch::Control;
use gradtape_experiment::number::grouped;
use gradtape_experiment::text::{printable, shortened};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::monitor::{self, Worker};

/// Progress shown any earlier would only flicker.
const DELAY: Duration = Duration::from_millis(300);
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Maximum length of a name. Longer ones are cut, so that the time left fits next to them on
/// a terminal of 40 columns.
const MAX_NAME_LENGTH: usize = 12;

/// The work of one experiment.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    pub name: &'a str,
    pub runs: u64,
    /// The updates of all runs, if none ends early.
    pub epochs: u64,
}

/// Does `work` and shows the progress of the runs.
pub fn show_runs<R>(
    task: Task<'_>,
    control: &Control,
    is_quiet: bool,
    work: impl FnOnce() -> R,
) -> R {
    let style = "{prefix} {bar:12} {wide_msg}";
    let progress = &control.progress;
    // A control can serve several experiments, one after the other.
    let (runs_before, settled_before) = (progress.runs(), progress.settled());
    let mut pace = Pace::default();
    let take_snapshot = move |elapsed: Duration| {
        let runs = progress.runs() - runs_before;
        let settled = (progress.settled() - settled_before).min(task.epochs);
        pace.add(elapsed.as_secs_f64(), settled);
        let epochs = task.epochs.max(1);
        Snapshot {
            share: Some((settled, epochs)),
            text: describe(task, runs, settled, pace.rate()),
        }
    };
    show_while(task.name, style, take_snapshot, is_quiet, work)
}

/// Does `work` without countable progress, and shows that it continues.
pub fn show_step<R>(name: &str, what: &str, is_quiet: bool, work: impl FnOnce() -> R) -> R {
    let take_snapshot = |elapsed: Duration| Snapshot {
        share: None,
        text: format!("{what}, {}", short_duration(elapsed.as_secs_f64())),
    };
    show_while(name, "{prefix} {wide_msg}", take_snapshot, is_quiet, work)
}

/// The progress to show.
struct Snapshot {
    /// The epochs done, and all of them.
    share: Option<(u64, u64)>,
    text: String,
}

fn show_while<R>(
    name: &str,
    style: &str,
    mut take_snapshot: impl FnMut(Duration) -> Snapshot + Send,
    is_quiet: bool,
    work: impl FnOnce() -> R,
) -> R {
    if is_quiet {
        return work();
    }
    let name = &printable(name);
    let begin = Instant::now();
    let show = move |worker: Worker| {
        if !io::stderr().is_terminal() {
            while worker.is_busy_after(LINE_INTERVAL) {
                let snapshot = take_snapshot(begin.elapsed());
                output::message(&format!("{name}: {}\n", snapshot.text));
            }
            return;
        }
        if !worker.is_busy_after(DELAY) {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
        bar.set_style(
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_prefix(shortened(name, MAX_NAME_LENGTH));
        loop {
            let snapshot = take_snapshot(begin.elapsed());
            if let Some((done, all)) = snapshot.share {
                bar.set_length(all);
                bar.set_position(done);
            }
            bar.set_message(snapshot.text);
            // Messages alone are not drawn at once.
            bar.tick();
            if !worker.is_busy_after(REDRAW_INTERVAL) {
                break;
            }
        }
        bar.finish_and_clear();
    };
    // Without a thread for it nothing is shown.
    monitor::with_monitor(show, |_| work())
}

/// One line, the most important first: a narrow terminal cuts off the rest.
fn describe(task: Task<'_>, runs: u64, settled: u64, rate: Option<f64>) -> String {
    let percent = u128::from(settled) * 100 / u128::from(task.epochs.max(1));
    let (runs, all) = (grouped(u128::from(runs)), grouped(u128::from(task.runs)));
    let Some(rate) = rate else {
        return format!("{percent:>3}%  {runs} of {all} runs");
    };
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let left = (task.epochs - settled) as f64 / rate;
    format!(
        "{percent:>3}%  {} left  {runs} of {all} runs  {} epochs/s",
        short_duration(left),
        short_rate(rate)
    )
}

/// The number of epochs done per second, over the last third of the time. Runs in the order of
/// a plan differ in how soon they end, so the average of all time would lag behind, and
/// the last moment alone would jump: the estimate of the bar itself, which weighs the last 15
/// seconds, is off by a factor of 6 where runs that diverge at once alternate with others.
#[derive(Debug, Default)]
struct Pace {
    /// Seconds since the beginning, and the epochs done by then.
    samples: Vec<(f64, u64)>,
}

impl Pace {
    /// Maximum number of samples; more are thinned out.
    const MAX_SAMPLES: usize = 600;

    fn add(&mut self, seconds: f64, settled: u64) {
        if self.samples.is_empty() {
            self.samples.push((0.0, 0));
        }
        if self.samples.len() >= Self::MAX_SAMPLES {
            self.samples = self.samples.iter().copied().step_by(2).collect();
        }
        self.samples.push((seconds, settled));
    }

    /// Epochs a second; `None` if none was settled lately.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn rate(&self) -> Option<f64> {
        let (now, settled) = *self.samples.last()?;
        let before = self
            .samples
            .partition_point(|(then, _)| *then <= now * 2.0 / 3.0);
        let (then, settled_then) = *self.samples.get(before.checked_sub(1)?)?;
        let rate = (settled - settled_then) as f64 / (now - then);
        (rate > 0.0 && rate.is_finite()).then_some(rate)
    }
}

/// A duration in two digits or so: `45 s`, `12 min`, `3 h`.
pub fn short_duration(seconds: f64) -> String {
    let units = [(1.0, "s", 90.0), (60.0, "min", 90.0), (3600.0, "h", 48.0)];
    let fitting = units
        .into_iter()
        .find(|(unit, _, most)| (seconds / unit).ceil() < *most);
    match fitting {
        Some((unit, name, _)) => format!("{:.0} {name}", (seconds / unit).ceil()),
        None if seconds < 86_400.0 * 1_000.0 => format!("{:.0} days", seconds / 86_400.0),
        None => "years".to_owned(),
    }
}

/// A rate in three digits: `12.3M`.
fn short_rate(rate: f64) -> String {
    let scales = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match scales.into_iter().find(|(scale, _)| rate >= *scale) {
        Some((scale, unit)) => format!("{:.1}{unit}", rate / scale),
        None => format!("{rate:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_third() {
        let mut pace = Pace::default();
        // A first half of runs that end at once, then ten epochs a second.
        for tenth in 1..=1_000_u32 {
            let settled = if tenth < 500 {
                tenth * 100
            } else {
                50_000 + (tenth - 500)
            };
            pace.add(f64::from(tenth) / 10.0, u64::from(settled));
        }
        assert!(pace.samples.len() <= Pace::MAX_SAMPLES);
        let rate = pace.rate().expect("something was settled");
        assert!((rate - 10.0).abs() < 0.1, "{rate}");
    }

    #[test]
    fn nothing_settled_has_no_pace() {
        let mut pace = Pace::default();
        pace.add(1.0, 0);
        assert_eq!(pace.rate(), None);
    }

    #[test]
    fn times_are_short() {
        let shown = [0.2, 45.0, 89.0, 90.5, 5_000.0, 6_000.0, 1e6, 1e12].map(short_duration);
        assert_eq!(
            shown,
            [
                "1 s", "45 s", "89 s", "2 min", "84 min", "2 h", "12 days", "years"
            ]
        );
    }

    #[test]
    fn what_matters_most_is_in_the_first_columns() {
        let task = Task {
            name: "sweep.toml",
            runs: 1_000,
            epochs: 1_000_000,
        };
        assert_eq!(
            describe(task, 420, 420_999, Some(12_345.0)),
            " 42%  47 s left  420 of 1,000 runs  12.3k epochs/s"
        );
        assert_eq!(describe(task, 0, 0, None), "  0%  0 of 1,000 runs");
    }
}
