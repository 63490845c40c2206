//! What a check found.

use gradtape::baseline::{Demand, Deviation, Subject};
use gradtape::experiment::Checked;
use gradtape::number::grouped;
use gradtape::text::printable;

use super::outcome::Word;
use crate::args::Check;
use crate::output;
use crate::source::Experiment;

/// More deviations of one experiment than this are counted, not printed.
const SHOWN: usize = 100;

/// What the check of one experiment found.
#[derive(Default)]
pub struct Verdict {
    /// The first of what deviates.
    pub deviations: Vec<Deviation>,
    /// How many there are, those beyond the list included.
    pub count: u128,
    /// How many of them are about what the file expects.
    unexpected: u128,
    /// The runs that deviate.
    pub runs: Vec<u64>,
    /// Whether more deviates than those runs.
    pub is_more_than_runs: bool,
    /// There is no recorded report.
    pub is_unrecorded: bool,
    /// The recorded report was replaced by a new one.
    pub is_renewed: bool,
    /// Why it was not, though only it deviates.
    pub refusal: Option<&'static str>,
    /// So many runs were drawn.
    pub charts: usize,
}

impl Verdict {
    /// Adds what was checked as one.
    pub fn add(&mut self, checked: &Checked, experiment: &Experiment) {
        if checked.deviations.is_empty() {
            return;
        }
        match &checked.subject {
            // A recorded run that is gone has a number that may be another's now.
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

    /// Whether only the recorded report is not as it should be.
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
            (false, true, false) => Word::Renewed,
            (false, false, true) => Word::Unrecorded,
            (false, false, false) => Word::Failed,
        }
    }

    /// How many deviations there are beyond those that were kept.
    pub fn more(&self) -> u128 {
        self.count.saturating_sub(SHOWN as u128)
    }

    /// The verdict as lines for a reader; a quiet one about nothing has none.
    pub fn render(&self, experiment: &Experiment, options: &Check) -> String {
        let file = &experiment.file;
        let runs = output::contents(&experiment.plan, experiment.numbers.len() as u128);
        if self.word() == Word::Ok && options.quiet {
            return String::new();
        }
        let mut text = self.word().line(file, &runs);
        if self.word() == Word::Unrecorded {
            text.push_str(&format!(
                "  there is no recorded report: `runner {}` records one\n",
                printable(file)
            ));
        }
        for deviation in &self.deviations {
            text.push_str(&format!("  {deviation}\n"));
        }
        let more = self.more();
        if more > 0 {
            text.push_str(&format!("  … and {} more deviations\n", grouped(more)));
        }
        if let (true, Some(folder)) = (self.charts > 0, &options.show_charts) {
            let drawn = match self.runs.len() - self.charts.min(self.runs.len()) {
                0 => output::counted(self.charts as u128, "run"),
                _ => format!(
                    "{} of {} runs",
                    self.charts,
                    grouped(self.runs.len() as u128)
                ),
            };
            let folder = printable(folder.display());
            text.push_str(&format!("  charts of {drawn}: {folder}\n"));
        }
        let unexpected = (self.unexpected > 0).then_some("the file expects other values");
        if let (true, Some(why)) = (options.accept, unexpected.or(self.refusal)) {
            text.push_str(&format!("  not renewed: {why}\n"));
        }
        text
    }
}
