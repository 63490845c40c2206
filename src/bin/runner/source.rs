//! The experiments of a command line: read, planned and checked, all of them
//! before the first one is run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gradtape::plan::{Filter, Plan};
use gradtape::report::report_name;
use gradtape::spec;

use crate::args::Experiments;
use crate::failure::{Failure, WrongExperiment};
use crate::progress;

/// An experiment that can be run.
#[derive(Debug)]
pub struct Experiment {
    /// The file's name without folder.
    pub file: String,
    /// Its text.
    pub source: String,
    /// What it means.
    pub plan: Plan,
    /// The runs that were asked for.
    pub numbers: Vec<u64>,
}

impl Experiment {
    /// The updates of the runs that were asked for, if none ends early.
    pub fn run_epochs(&self) -> u128 {
        if self.is_whole() {
            return self.plan.run_epochs();
        }
        let epochs = self.numbers.iter().map(|number| self.plan.epochs(*number));
        epochs.map(u128::from).sum()
    }

    /// The rows of their trajectories, if none ends early.
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

/// Reads and plans every experiment, or tells all that is wrong with them.
pub fn load(wanted: &Experiments) -> Result<Vec<Experiment>, Failure> {
    let mut experiments = Vec::new();
    let mut wrong = Vec::new();
    for path in &wanted.files {
        match read(path) {
            Ok(experiment) => experiments.push(experiment),
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Experiments(wrong));
    }
    distinct_reports(&wanted.files)?;
    for experiment in &mut experiments {
        experiment.numbers = (0..experiment.plan.runs()).collect();
        if !wanted.filter.is_empty() {
            let filter = Filter::parse(&experiment.plan, &wanted.filter);
            let filter = filter
                .map_err(|message| Failure::Usage(format!("{}: {message}", experiment.file)))?;
            let plan = &experiment.plan;
            let numbers = &mut experiment.numbers;
            progress::busy(&experiment.file, "choosing runs", false, || {
                numbers.retain(|number| filter.chooses_number(plan, *number));
            });
        }
    }
    Ok(experiments)
}

fn read(path: &Path) -> Result<Experiment, WrongExperiment> {
    let source = spec::load(path).map_err(WrongExperiment::Load)?;
    let shown = path.display().to_string();
    let plan = Plan::new(&shown, &source).map_err(WrongExperiment::Mistakes)?;
    let file = path
        .file_name()
        .map_or(shown.clone(), |name| name.to_string_lossy().into_owned());
    Ok(Experiment {
        file,
        source,
        plan,
        numbers: Vec::new(),
    })
}

/// Two files of one name would write one report.
fn distinct_reports(files: &[PathBuf]) -> Result<(), Failure> {
    let mut known: HashMap<String, &PathBuf> = HashMap::new();
    for path in files {
        let name = report_name(&path.display().to_string());
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
