//! The failures of the last check, so that they can be checked alone.
//!
//! They are stored next to the reports, in a directory that version control ignores. A check
//! does not fail if the directory cannot be written: then nothing is known the next time, and
//! everything is checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::files::replace;
use super::reporter::Reporter;
use super::verdict::{Basis, Verdict};
use crate::experiment::{CHECK_FOLDER, Candidate, Experiment, file_name};
use crate::failure::Failure;

const FILE: &str = "failed.json";

/// Maximum number of failed runs stored of an experiment; with more, all runs are checked again.
const MAX_FAILED_RUNS: usize = 100_000;

/// The checks that failed, by the names of the experiment files.
#[derive(Debug, Default)]
pub struct LastFailed {
    out: PathBuf,
    failed: BTreeMap<String, FailedCheck>,
    has_changed: bool,
}

/// An experiment whose check failed.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct FailedCheck {
    /// The SHA-256 of the experiment file.
    sha256: String,
    /// The runs that deviate, if nothing else does.
    runs: Option<Vec<u64>>,
}

impl FailedCheck {
    fn new(
        experiment: &Experiment,
        comparison: &Comparison,
        before: Option<&Self>,
    ) -> Option<Self> {
        let sha256 = experiment.plan.hash.clone();
        if comparison.is_updated() {
            return None;
        }
        if comparison.is_unrecorded || comparison.is_more_than_runs {
            return Some(FailedCheck { sha256, runs: None });
        }
        let mut runs = comparison.runs.clone();
        if let (Some(before), false) = (before, experiment.is_whole())
            && before.sha256 == sha256
        {
            let unseen = |number: &&u64| !experiment.has_run(**number);
            match &before.runs {
                Some(failed) => runs.extend(failed.iter().filter(unseen)),
                None => return Some(FailedCheck { sha256, runs: None }),
            }
        }
        runs.sort_unstable();
        let runs = (runs.len() <= MAX_FAILED_RUNS).then_some(runs);
        (runs.as_ref().is_none_or(|runs| !runs.is_empty())).then_some(FailedCheck { sha256, runs })
    }
}

impl LastFailed {
    /// The failures stored for the reports in `out`.
    pub fn read(out: &Path) -> Self {
        let text = fs::read(out.join(CHECK_FOLDER).join(FILE)).unwrap_or_default();
        LastFailed {
            // A damaged file counts as none.
            failed: serde_json::from_slice(&text).unwrap_or_default(),
            out: out.to_owned(),
            has_changed: false,
        }
    }

    /// Leaves only the experiments that failed last, and of these only the runs that did; leaves
    /// all if none is known to have failed.
    pub fn reduce(&self, candidates: &mut Vec<Candidate>) {
        let failed = |(path, _): &Candidate| self.failed.get(&file_name(path));
        if candidates
            .iter()
            .all(|candidate| failed(candidate).is_none())
        {
            return;
        }
        candidates.retain_mut(|candidate| {
            let Some(failed) = failed(candidate) else {
                return false;
            };
            if let (Ok(experiment), Some(runs)) = (&mut candidate.1, &failed.runs)
                && failed.sha256 == experiment.plan.hash
            {
                experiment
                    .numbers
                    .retain(|number| runs.binary_search(number).is_ok());
            }
            true
        });
    }

    /// Stores the failures for the next check.
    fn write(&self) {
        if !self.has_changed {
            return;
        }
        let Ok(text) = serde_json::to_string_pretty(&self.failed) else {
            return;
        };
        let folder = self.out.join(CHECK_FOLDER);
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

impl Reporter for LastFailed {
    /// Earlier failures that were not checked again still count.
    fn conclude(&mut self, verdict: &Verdict) {
        let Basis::Comparison(experiment, comparison) = &verdict.basis else {
            return;
        };
        let before = self.failed.remove(&verdict.file);
        let now = FailedCheck::new(experiment, comparison, before.as_ref());
        self.has_changed |= now != before;
        if let Some(now) = now {
            self.failed.insert(verdict.file.clone(), now);
        }
    }

    fn finish(&mut self, _verdicts: &[Verdict]) -> Result<(), Failure> {
        self.write();
        Ok(())
    }
}
