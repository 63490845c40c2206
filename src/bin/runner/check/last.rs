//! The failures of the last check, so that they can be checked alone.
//!
//! They are stored next to the reports, in a directory that version control ignores. A check
//! does not fail if the directory cannot be written: then nothing is known the next time, and
//! everything is checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::replace;
use super::outcome::{Kind, Outcome};
use super::verdict::Verdict;
use crate::source::Experiment;

/// The directory, which cannot be a report.
pub const FOLDER: &str = ".check";
const FILE: &str = "failed.json";

/// Maximum number of failed runs stored of an experiment; with more, all runs are checked again.
const MAX_FAILED_RUNS: usize = 100_000;

/// The checks that failed, by the names of the experiment files.
#[derive(Debug, Default)]
pub struct LastFailed {
    out: PathBuf,
    failed: BTreeMap<String, Failed>,
    has_changed: bool,
}

/// An experiment whose check failed.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Failed {
    /// The SHA-256 of the experiment file.
    sha256: String,
    /// The runs that deviate, if nothing else does.
    runs: Option<Vec<u64>>,
}

impl Failed {
    fn of(experiment: &Experiment, verdict: &Verdict, before: Option<&Failed>) -> Option<Failed> {
        let sha256 = experiment.plan.hash.clone();
        if verdict.is_renewed {
            return None;
        }
        if verdict.is_unrecorded || verdict.is_more_than_runs {
            return Some(Failed { sha256, runs: None });
        }
        let mut runs = verdict.runs.clone();
        let is_whole = experiment.numbers.len() as u64 == experiment.plan.runs();
        if let (Some(before), false) = (before, is_whole)
            && before.sha256 == sha256
        {
            let unseen = |number: &&u64| experiment.numbers.binary_search(number).is_err();
            match &before.runs {
                Some(failed) => runs.extend(failed.iter().filter(unseen)),
                None => return Some(Failed { sha256, runs: None }),
            }
        }
        runs.sort_unstable();
        let runs = (runs.len() <= MAX_FAILED_RUNS).then_some(runs);
        (runs.as_ref().is_none_or(|runs| !runs.is_empty())).then_some(Failed { sha256, runs })
    }
}

impl LastFailed {
    /// The failures stored for the reports in `out`.
    pub fn read(out: &Path) -> Self {
        let text = fs::read(out.join(FOLDER).join(FILE)).unwrap_or_default();
        LastFailed {
            // A damaged file counts as none.
            failed: serde_json::from_slice(&text).unwrap_or_default(),
            out: out.to_owned(),
            has_changed: false,
        }
    }

    /// Those of `outcomes` that failed last, reduced to the runs that did; all if none is known
    /// to have failed.
    pub fn only_failed(&self, mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
        let is_known = |one: &Outcome| self.failed.contains_key(&one.file);
        if !outcomes.iter().any(is_known) {
            return outcomes;
        }
        outcomes.retain(is_known);
        for outcome in &mut outcomes {
            if let (Kind::Waiting(experiment), Some(failed)) =
                (&mut outcome.kind, self.failed.get(&outcome.file))
                && let Some(runs) = &failed.runs
                && failed.sha256 == experiment.plan.hash
            {
                experiment
                    .numbers
                    .retain(|number| runs.binary_search(number).is_ok());
            }
        }
        outcomes
    }

    /// Adds the outcome of a file. Earlier failures that were not checked again still count.
    pub fn update(&mut self, outcome: &Outcome) {
        let Kind::Checked(experiment, verdict) = &outcome.kind else {
            return;
        };
        let before = self.failed.remove(&outcome.file);
        let now = Failed::of(experiment, verdict, before.as_ref());
        self.has_changed |= now != before;
        if let Some(now) = now {
            self.failed.insert(outcome.file.clone(), now);
        }
    }

    /// Stores the failures for the next check.
    pub fn write(&self) {
        if !self.has_changed {
            return;
        }
        let Ok(text) = serde_json::to_string_pretty(&self.failed) else {
            return;
        };
        let folder = self.out.join(FOLDER);
        if !self.failed.is_empty() {
            let _ = fs::create_dir(&folder);
        }
        // A link may lead to the files of another user.
        if !fs::symlink_metadata(&folder).is_ok_and(|it| it.is_dir()) {
            return;
        }
        if self.failed.is_empty() {
            let _ = fs::remove_dir_all(&folder);
        } else {
            let _ = replace(&folder.join(".gitignore"), "*\n");
            let _ = replace(&folder.join(FILE), &(text + "\n"));
        }
    }
}
