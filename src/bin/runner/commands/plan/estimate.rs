//! Estimates of the time and the report size of an experiment, from a sample of its runs.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gradtape_experiment::batch::Control;
use gradtape_report::{REPORT, RUNS, ReportError, TRAJECTORIES, Writer};

use crate::commands::record::{compute, compute_tables};
use crate::experiment::Experiment;
use crate::failure::Failure;
use crate::monitor::{self, Worker};
use crate::threads;

/// A sample that takes this long is large enough.
const MIN_SAMPLE_TIME: Duration = Duration::from_millis(300);

/// A sample that takes longer is stopped, and counted as far as it got.
const MAX_SAMPLE_TIME: Duration = Duration::from_secs(2);

/// The number of runs of the first sample, and the factor by which it grows.
const FIRST_COUNT: usize = 16;
const GROWTH: usize = 8;

/// What an experiment will take.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    pub seconds: f64,
    /// `None` if the sample did not finish in time.
    pub bytes: Option<f64>,
    /// The number of runs of the sample.
    pub runs: usize,
}

/// Computes a sample of the runs and writes its report to a temporary directory.
pub fn estimate(experiment: &Experiment, interruption: &Control) -> Result<Estimate, Failure> {
    let mut count = FIRST_COUNT;
    loop {
        let numbers = spread(&experiment.numbers, count);
        let sample = Sample::measure(experiment, &numbers, interruption)?;
        let is_all = numbers.len() == experiment.numbers.len();
        if is_all || !sample.is_whole || sample.computing + sample.finishing >= MIN_SAMPLE_TIME {
            return Ok(sample.estimate(experiment));
        }
        count *= GROWTH;
    }
}

/// `count` of the numbers, evenly spread.
fn spread(numbers: &[u64], count: usize) -> Vec<u64> {
    if count >= numbers.len() {
        return numbers.to_vec();
    }
    let places = (0..count).map(|place| place * numbers.len() / count);
    places.map(|place| numbers[place]).collect()
}

/// A computed sample of the runs.
struct Sample {
    runs: usize,
    /// Whether it finished.
    is_whole: bool,
    computing: Duration,
    /// The time of the work that is done once: derivatives, charts, the page.
    finishing: Duration,
    /// The epochs that are done.
    settled: u64,
    /// The bytes that grow with the number of runs, and those that do not.
    bytes_of_runs: u64,
    bytes_of_all: u64,
}

impl Sample {
    fn measure(
        experiment: &Experiment,
        numbers: &[u64],
        interruption: &Control,
    ) -> Result<Sample, Failure> {
        let (file, plan) = (&experiment.file, &experiment.plan);
        let folder = tempfile::tempdir()
            .map_err(|source| Failure::of_writing(&std::env::temp_dir(), source))?;
        let control = Control::default();
        let mut writer = Writer::new(plan, file, &experiment.source, numbers, folder.path())?;
        let begin = Instant::now();
        let result = limit(&control, interruption, || {
            compute(experiment, numbers, &mut writer, &control, &|_| (), |_| ())
        })?;
        let mut sample = Sample {
            runs: numbers.len(),
            is_whole: result.is_ok(),
            computing: begin.elapsed(),
            finishing: Duration::ZERO,
            settled: control.progress.settled(),
            bytes_of_runs: 0,
            bytes_of_all: 0,
        };
        match result {
            Ok(()) => {}
            Err(ReportError::Cancelled(_)) if !interruption.is_cancelled() => return Ok(sample),
            Err(error) => return Err(error.into()),
        }
        let begin = Instant::now();
        compute_tables(plan, &mut writer, &control)?;
        let finished = writer.finish(true, &control)?;
        sample.finishing = begin.elapsed();
        sample.add_files(&finished.folder)?;
        Ok(sample)
    }

    /// Adds the bytes of the files of a report.
    fn add_files(&mut self, folder: &Path) -> Result<(), ReportError> {
        let read = |source| ReportError::Read {
            path: folder.to_owned(),
            source,
        };
        for entry in fs::read_dir(folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let length = entry.metadata().map_err(read)?.len();
            let grows = [TRAJECTORIES, RUNS, "diagnosis.csv", REPORT];
            match grows.iter().any(|name| entry.file_name() == *name) {
                true => self.bytes_of_runs += length,
                false => self.bytes_of_all += length,
            }
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate has two digits")]
    fn estimate(&self, experiment: &Experiment) -> Estimate {
        let runs = experiment.numbers.len() as f64 / self.runs.max(1) as f64;
        let epochs = if self.is_whole {
            runs
        } else {
            experiment.run_epochs() as f64 / self.settled.max(1) as f64
        };
        let seconds = self.computing.as_secs_f64() * epochs + self.finishing.as_secs_f64();
        let bytes = self.bytes_of_runs as f64 * runs + self.bytes_of_all as f64;
        Estimate {
            seconds,
            bytes: self.is_whole.then_some(bytes),
            runs: self.runs,
        }
    }
}

/// Does `work`, and cancels it if it takes too long or is interrupted.
fn limit<R>(
    control: &Control,
    interruption: &Control,
    work: impl FnOnce() -> R,
) -> Result<R, Failure> {
    let begin = Instant::now();
    let monitor = |worker: Worker| {
        while worker.is_busy_after(Duration::from_millis(20)) {
            if begin.elapsed() > MAX_SAMPLE_TIME || interruption.is_cancelled() {
                control.cancel.store(true, Ordering::Relaxed);
                return;
            }
        }
    };
    monitor::with_monitor(monitor, |started| {
        started.map_err(|error| threads::refused(&error))?;
        Ok(work())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_spread_over_all() {
        let numbers: Vec<u64> = (0..10).collect();
        assert_eq!(spread(&numbers, 3), [0, 3, 6]);
        assert_eq!(spread(&numbers, 10), numbers);
        assert_eq!(spread(&numbers, 16), numbers);
        assert!(spread(&[], 16).is_empty());
    }
}
