//! `runner watch FILE…`: run again at each save.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use gradtape_experiment::batch::{Cancelled, Control};
use gradtape_experiment::plan::Plan;
use gradtape_experiment::spec;
use gradtape_experiment::text::printable;
use gradtape_report::ReportError;

use super::run;
use crate::args::Run;
use crate::failure::Failure;
use crate::interruption;
use crate::monitor::{self, Worker};
use crate::terminal::{FAINT, output};
use crate::threads;

/// How often the files are polled. Polling costs microseconds, and sees what notifications of
/// the system miss: directories on a network, files that an editor replaces instead of
/// changing them.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

pub fn watch(options: &Run) -> Result<(), Failure> {
    let interruption = interruption::control()?;
    // The useful number changes with the files.
    threads::start(options.work.threads, usize::MAX)?;
    let is_interrupted = || interruption.cancel.load(Ordering::Relaxed);
    let interrupted = || Err(ReportError::from(Cancelled).into());
    loop {
        let files = Files::of(&options.experiments.files);
        output::clear();
        // A change of the files cancels runs in progress.
        let control = Control::default();
        let result = until_changed(&files, &control, is_interrupted, || {
            run::run_all(options, &control, |_| Ok(()))
        });
        if is_interrupted() {
            return interrupted();
        }
        match result {
            Err(Failure::Report(ReportError::Cancelled(_))) => continue,
            Err(failure) => failure.print(),
            Ok(()) => {}
        }
        // An endless watch without a reader has no purpose.
        if !output::has_reader() {
            return Ok(());
        }
        output::results(&format!(
            "  {FAINT}watching {}; press Ctrl-C to stop{FAINT:#}\n",
            files.names()
        ));
        while !files.have_changed() {
            if is_interrupted() {
                return interrupted();
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Does `work`, and cancels it when a file changes or on an interruption.
fn until_changed(
    files: &Files,
    control: &Control,
    is_interrupted: impl Fn() -> bool + Send,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let monitor = move |worker: Worker| {
        while worker.is_busy_after(POLL_INTERVAL) {
            if is_interrupted() || files.have_changed() {
                control.cancel.store(true, Ordering::Relaxed);
                return;
            }
        }
    };
    monitor::with_monitor(monitor, |started| {
        started.map_err(|error| threads::refused(&error))?;
        work()
    })
}

/// The files that an experiment depends on, as they were when it was started.
#[derive(Debug)]
struct Files(BTreeMap<PathBuf, Option<Version>>);

/// The modification time and size of a file.
type Version = (Option<SystemTime>, u64);

impl Files {
    /// The experiments and the data that they read.
    fn of(experiments: &[PathBuf]) -> Files {
        let data = experiments.iter().flat_map(|path| data_files(path));
        let all = experiments.iter().cloned().chain(data);
        Files(all.map(|path| (path.clone(), version(&path))).collect())
    }

    /// Whether one of them exists and has changed. A missing file may be in the middle of being
    /// replaced.
    fn have_changed(&self) -> bool {
        let mut files = self.0.iter();
        files.any(|(path, before)| {
            let now = version(path);
            now.is_some() && now != *before && is_settled(path, now)
        })
    }

    fn names(&self) -> String {
        let names = self.0.keys().map(|path| printable(path.display()));
        names.collect::<Vec<_>>().join(", ")
    }
}

fn version(path: &Path) -> Option<Version> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}

/// Whether a file is no longer being written.
fn is_settled(path: &Path, before: Option<Version>) -> bool {
    std::thread::sleep(POLL_INTERVAL / 10);
    version(path) == before
}

/// The data files of a valid experiment; the errors of an invalid one are reported when it is
/// run.
fn data_files(experiment: &Path) -> Vec<PathBuf> {
    let Ok(source) = spec::load(experiment) else {
        return Vec::new();
    };
    let Ok(plan) = Plan::new(&experiment.display().to_string(), &source) else {
        return Vec::new();
    };
    let folder = experiment.parent().unwrap_or(Path::new(""));
    let data = plan.objectives.iter().filter_map(|one| one.data.as_ref());
    data.map(|data| folder.join(&data.file)).collect()
}
