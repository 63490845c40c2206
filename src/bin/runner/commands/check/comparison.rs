//! How far an experiment is from its expectations and its recorded report.

use gradtape_report::baseline::{Demand, Deviation, Subject};
use gradtape_report::experiment::Checked;

use crate::experiment::Experiment;

/// Maximum number of deviations listed of one experiment; all are counted.
const MAX_DEVIATIONS: usize = 100;

/// The comparison of one experiment with its expectations and its recorded report.
pub struct Comparison {
    /// The first deviations.
    pub deviations: Vec<Deviation>,
    /// The number of all deviations, including those beyond the list.
    pub count: u128,
    /// The number of deviations from expectations of the file.
    pub unexpected: u128,
    /// The runs that deviate.
    pub runs: Vec<u64>,
    /// Whether anything else deviates.
    pub is_more_than_runs: bool,
    /// There is no recorded report.
    pub is_unrecorded: bool,
    pub update: Update,
    /// The number of runs with a chart.
    pub charts: usize,
}

/// What `--accept` did with the recorded report.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// It did not have to be updated, or must not.
    None,
    Done,
    /// It was not updated for this reason, though no expectation failed.
    Refused(&'static str),
}

impl Comparison {
    pub fn new(is_recorded: bool) -> Self {
        Comparison {
            deviations: Vec::new(),
            count: 0,
            unexpected: 0,
            runs: Vec::new(),
            is_more_than_runs: false,
            is_unrecorded: !is_recorded,
            update: Update::None,
            charts: 0,
        }
    }

    /// Adds what was checked as one.
    pub fn add(&mut self, checked: &Checked, experiment: &Experiment) {
        if checked.deviations.is_empty() {
            return;
        }
        match &checked.subject {
            // A recorded run that is gone has a number that another run may have now.
            Subject::Run { number, .. } if experiment.has_run(*number) => self.runs.push(*number),
            _ => self.is_more_than_runs = true,
        }
        for deviation in &checked.deviations {
            self.count += 1;
            self.unexpected += u128::from(deviation.demand != Demand::Recorded);
            if self.deviations.len() < MAX_DEVIATIONS {
                self.deviations.push(deviation.clone());
            }
        }
    }

    /// Whether the recorded report deviates or is missing, and no expectation failed.
    pub fn is_acceptable(&self) -> bool {
        !self.is_good() && self.unexpected == 0
    }

    /// Whether nothing deviates.
    pub fn is_good(&self) -> bool {
        self.count == 0 && !self.is_unrecorded
    }

    pub fn is_updated(&self) -> bool {
        self.update == Update::Done
    }

    /// The number of deviations beyond the list.
    pub fn more(&self) -> u128 {
        self.count - self.deviations.len() as u128
    }
}
