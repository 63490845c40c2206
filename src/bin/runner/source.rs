//! The experiments of a command line, all read, planned and checked before the first one is
//! run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gradtape_experiment::plan::{Filter, Plan};
use gradtape_experiment::spec;
use gradtape_report::report_name;

use crate::args::Experiments;
use crate::check;
use crate::failure::{Failure, WrongExperiment};
use crate::progress;

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
        if self.is_whole() {
            return self.plan.run_epochs();
        }
        let epochs = self.numbers.iter().map(|number| self.plan.epochs(*number));
        epochs.map(u128::from).sum()
    }

    /// The number of rows of their trajectories, if none ends early.
    pub fn rows(&self) -> u128 {
        if self.is_whole() {
            return self.plan.rows();
        }
        let epochs = self.numbers.iter().map(|number| self.plan.epochs(*number));
        epochs
            .map(|epochs| u128::from(self.plan.record.rows(epochs)))
            .sum()
    }

    fn is_whole(&self) -> bool {
        self.numbers.len() as u64 == self.plan.runs()
    }
}

/// An experiment file of the command line, and the result of loading it.
pub type Loaded = (PathBuf, Result<Experiment, WrongExperiment>);

/// Reads and plans every experiment; `Err` with all errors if there are any.
pub fn load(wanted: &Experiments) -> Result<Vec<Experiment>, Failure> {
    let mut experiments = Vec::new();
    let mut wrong = Vec::new();
    for (_, result) in load_each(wanted)? {
        match result {
            Ok(experiment) => experiments.push(experiment),
            Err(error) => wrong.push(error),
        }
    }
    if wrong.is_empty() {
        Ok(experiments)
    } else {
        Err(Failure::Experiments(wrong))
    }
}

/// The same, with a result for each file.
pub fn load_each(wanted: &Experiments) -> Result<Vec<Loaded>, Failure> {
    let files = wanted.files.iter();
    let loaded: Vec<Loaded> = files
        .map(|path| (path.clone(), read(path, wanted)))
        .collect();
    distinct_reports(&wanted.files)?;
    Ok(loaded)
}

fn read(path: &Path, wanted: &Experiments) -> Result<Experiment, WrongExperiment> {
    let mut source = spec::load(path).map_err(WrongExperiment::Load)?;
    let mut shown = path.display().to_string();
    if !wanted.set.is_empty() {
        source = spec::with_settings(&source, &wanted.set).map_err(WrongExperiment::Mistakes)?;
        // Lines are counted in the changed text.
        shown.push_str(" with --set");
    }
    let plan = Plan::new(&shown, &source).map_err(WrongExperiment::Mistakes)?;
    let file = path
        .file_name()
        .map_or(shown, |name| name.to_string_lossy().into_owned());
    let mut numbers: Vec<u64> = (0..plan.runs()).collect();
    if !wanted.filter.is_empty() {
        let origin = format!("--filter of {file}");
        let filter = Filter::parse(&plan, &origin, &wanted.filter);
        let filter = filter.map_err(WrongExperiment::Mistakes)?;
        progress::busy(&file, "selecting runs", false, || {
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
        if name == check::FOLDER {
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
