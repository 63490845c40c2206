//! The experiments of a command line, all read, planned and checked before the first one is
//! run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gradtape_experiment::plan::{Filter, Plan};
use gradtape_experiment::spec;
use gradtape_report::{parallel_drawings, report_name};

use crate::args::Experiments;
use crate::failure::{Failure, WrongExperiment};
use crate::terminal::progress::{self, Task};

/// The directory among the reports in which `runner check` stores failures.
pub const CHECK_FOLDER: &str = ".check";

/// An experiment that can be run.
#[derive(Debug)]
pub struct Experiment {
    /// The file name without directory.
    pub file: String,
    /// Its text.
    pub source: String,
    /// Its plan.
    pub plan: Plan,
    /// The numbers of the selected runs.
    pub numbers: Vec<u64>,
}

impl Experiment {
    /// The number of updates of the selected runs, if none ends early.
    pub fn run_epochs(&self) -> u128 {
        match self.is_whole() {
            true => self.plan.run_epochs(),
            false => self.epochs().map(u128::from).sum(),
        }
    }

    /// The number of rows of their trajectories, if none ends early.
    pub fn rows(&self) -> u128 {
        let rows = |epochs| u128::from(self.plan.record.rows(epochs));
        match self.is_whole() {
            true => self.plan.rows(),
            false => self.epochs().map(rows).sum(),
        }
    }

    fn epochs(&self) -> impl Iterator<Item = u64> {
        self.numbers.iter().map(|number| self.plan.epochs(*number))
    }

    /// Whether all of its runs are selected.
    pub fn is_whole(&self) -> bool {
        self.numbers.len() as u64 == self.plan.runs.count()
    }

    /// Whether a run is selected.
    pub fn has_run(&self, number: u64) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    /// A JSON object as a line that names the experiment first, as the lines of a check do.
    pub fn line(&self, object: &str) -> String {
        let file = serde_json::Value::from(&*self.file);
        let rest = object.strip_prefix('{').unwrap_or(object);
        format!("{{\"experiment\":{file},{rest}\n")
    }

    /// Its work, to show the progress.
    pub fn task(&self) -> Task<'_> {
        Task {
            name: &self.file,
            runs: self.numbers.len() as u64,
            epochs: u64::try_from(self.run_epochs()).unwrap_or(u64::MAX),
        }
    }
}

/// The maximum number of threads that have work at the same time: experiments are computed
/// one after the other, the runs of each in parallel, and then its charts.
pub fn useful_threads<'a>(experiments: impl IntoIterator<Item = &'a Experiment>) -> usize {
    let experiments = experiments.into_iter();
    let useful = experiments.map(|one| one.numbers.len().max(parallel_drawings(&one.plan)));
    useful.max().unwrap_or(1)
}

/// An experiment file of the command line, and the result of reading it.
pub type Candidate = (PathBuf, Result<Experiment, WrongExperiment>);

/// Reads and plans every experiment; `Err` with all errors if there are any.
pub fn load(wanted: &Experiments) -> Result<Vec<Experiment>, Failure> {
    let candidates = load_each(wanted, false)?.into_iter();
    Ok(candidates.filter_map(|(_, result)| result.ok()).collect())
}

/// The same with a result for each file; with `keep_going`, errors of files are no failure.
pub fn load_each(wanted: &Experiments, keep_going: bool) -> Result<Vec<Candidate>, Failure> {
    let files = wanted.files.iter();
    let candidates = files.map(|path| (path.clone(), read(path, wanted)));
    let candidates: Vec<Candidate> = candidates.collect();
    distinct_reports(&wanted.files)?;
    if keep_going || candidates.iter().all(|(_, result)| result.is_ok()) {
        return Ok(candidates);
    }
    let wrong = candidates
        .into_iter()
        .filter_map(|(_, result)| result.err());
    Err(Failure::Experiments(wrong.collect()))
}

/// The name of a file without its directory.
pub fn file_name(path: &Path) -> String {
    match path.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    }
}

fn read(path: &Path, wanted: &Experiments) -> Result<Experiment, WrongExperiment> {
    let mut source = spec::load(path).map_err(WrongExperiment::Load)?;
    let mut name = path.display().to_string();
    if !wanted.set.is_empty() {
        source = spec::with_settings(&source, &wanted.set).map_err(WrongExperiment::Mistakes)?;
        // Lines are counted in the changed text.
        name.push_str(" with --set");
    }
    let plan = Plan::new(&name, &source).map_err(WrongExperiment::Mistakes)?;
    let file = file_name(path);
    let mut numbers: Vec<u64> = (0..plan.runs.count()).collect();
    if !wanted.filter.is_empty() {
        let origin = format!("--filter of {file}");
        let filter = Filter::parse(&plan, &origin, &wanted.filter);
        let filter = filter.map_err(WrongExperiment::Mistakes)?;
        progress::show_step(&file, "selecting runs", false, || {
            numbers.retain(|number| filter.chooses_number(&plan, *number));
        });
    }
    Ok(Experiment {
        file,
        source,
        plan,
        numbers,
    })
}

/// Rejects files of the same name, which would write the same report, and a reserved name.
fn distinct_reports(files: &[PathBuf]) -> Result<(), Failure> {
    let mut known: HashMap<String, &PathBuf> = HashMap::new();
    for path in files {
        let name = report_name(&path.display().to_string());
        if name == CHECK_FOLDER {
            return Err(Failure::Usage(format!(
                "{} would write the report `{name}`, but `runner check` stores failures in that \
                 directory; rename the file",
                path.display()
            )));
        }
        if let Some(other) = known.insert(name.clone(), path) {
            return Err(Failure::Usage(format!(
                "{} and {} would both write the report `{name}`",
                other.display(),
                path.display()
            )));
        }
    }
    Ok(())
}
