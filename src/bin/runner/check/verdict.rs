//! The result of a check.

use gradtape_experiment::number::{counted, grouped};
use gradtape_experiment::text::printable;
use gradtape_report::baseline::{Demand, Deviation, Subject};
use gradtape_report::experiment::Checked;

use super::outcome::Word;
use crate::args::Check;
use crate::output;
use crate::source::Experiment;

/// Maximum number of deviations printed of one experiment; all are counted.
const SHOWN: usize = 100;

/// The result of the check of one experiment.
#[derive(Default)]
pub struct Verdict {
    /// The first deviations.
    pub deviations: Vec<Deviation>,
    /// The number of all deviations, including those beyond the list.
    pub count: u128,
    /// The number of deviations from expectations of the file.
    unexpected: u128,
    /// The runs that deviate.
    pub runs: Vec<u64>,
    /// Whether anything else deviates.
    pub is_more_than_runs: bool,
    /// There is no recorded report.
    pub is_unrecorded: bool,
    /// The recorded report was updated.
    pub is_renewed: bool,
    /// Why it was not updated, though no expectation failed.
    pub refusal: Option<&'static str>,
    /// The number of runs that were drawn.
    pub charts: usize,
}

impl Verdict {
    /// Adds what was checked as one.
    pub fn add(&mut self, checked: &Checked, experiment: &Experiment) {
        if checked.deviations.is_empty() {
            return;
        }
        match &checked.subject {
            // A recorded run that is gone has a number that another run may have now.
            Subject::Run { number, .. } if experiment.numbers.binary_search(number).is_ok() => {
                self.runs.push(*number);
            }
            _ => self.is_more_than_runs = true,
        }
        for deviation in &checked.deviations {
            self.count += 1;
            self.unexpected += u128::from(deviation.demand != Demand::Recorded);
            if self.deviations.len() < SHOWN {
                self.deviations.push(deviation.clone());
            }
        }
    }

    /// Whether the recorded report deviates or is missing, and no expectation failed.
    pub fn is_acceptable(&self) -> bool {
        !self.is_good() && self.unexpected == 0
    }

    /// Whether nothing deviates.
    fn is_good(&self) -> bool {
        self.count == 0 && !self.is_unrecorded
    }

    /// Whether it makes the check fail.
    pub fn is_failed(&self) -> bool {
        !(self.is_good() || self.is_renewed)
    }

    /// The verdict in one word.
    pub fn word(&self) -> Word {
        match (self.is_good(), self.is_renewed, self.is_unrecorded) {
            (true, ..) => Word::Ok,
            (false, true, true) => Word::New,
            (false, true, false) => Word::Updated,
            (false, false, true) => Word::Unrecorded,
            (false, false, false) => Word::Failed,
        }
    }

    /// The number of deviations beyond the list.
    pub fn more(&self) -> u128 {
        self.count.saturating_sub(SHOWN as u128)
    }

    /// The verdict as lines of text; none if it is good and the check is quiet.
    pub fn render(&self, experiment: &Experiment, options: &Check) -> String {
        let file = &experiment.file;
        let runs = output::contents(&experiment.plan, experiment.numbers.len() as u128);
        if self.word() == Word::Ok && options.quiet {
            return String::new();
        }
        let mut text = self.word().line(file, &runs);
        if self.word() == Word::Unrecorded {
            text.push_str(&format!(
                "  no recorded report; `runner {}` records one\n",
                printable(file)
            ));
        }
        for deviation in &self.deviations {
            text.push_str(&format!("  {deviation}\n"));
        }
        let more = self.more();
        if more > 0 {
            let more = counted(more, "more deviation");
            text.push_str(&format!("  … and {more}\n"));
        }
        if let (true, Some(folder)) = (self.charts > 0, &options.show_charts) {
            let drawn = match self.runs.len() - self.charts.min(self.runs.len()) {
                0 => counted(self.charts, "run"),
                _ => format!(
                    "{} of {} runs",
                    self.charts,
                    grouped(self.runs.len() as u128)
                ),
            };
            let folder = printable(folder.display());
            text.push_str(&format!("  charts of {drawn}: {folder}\n"));
        }
        let unexpected = (self.unexpected > 0).then_some("an expectation failed");
        if let (true, Some(why)) = (options.accept, unexpected.or(self.refusal)) {
            text.push_str(&format!("  not updated: {why}\n"));
        }
        text
    }
}
