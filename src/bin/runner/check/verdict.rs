//! What a check found.

use gradtape::baseline::Deviation;
use gradtape::number::grouped;

use crate::args::Check;
use crate::output::{self, BAD, FAINT, GOOD, STRONG};
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
    /// There is no recorded report.
    pub is_unrecorded: bool,
    /// The recorded report was replaced by a new one.
    pub is_renewed: bool,
}

impl Verdict {
    /// Adds those from the recorded report.
    pub fn add(&mut self, deviations: impl IntoIterator<Item = Deviation>) {
        for deviation in deviations {
            self.count += 1;
            if self.deviations.len() < SHOWN {
                self.deviations.push(deviation);
            }
        }
    }

    /// Adds those of expectations.
    pub fn add_unexpected(&mut self, deviations: Vec<Deviation>) {
        self.unexpected += deviations.len() as u128;
        self.add(deviations);
    }

    /// Whether only the recorded report is not as it should be.
    pub fn is_acceptable(&self) -> bool {
        !self.is_good() && self.unexpected == 0
    }

    /// Whether nothing deviates.
    pub fn is_good(&self) -> bool {
        self.count == 0 && !self.is_unrecorded
    }

    /// Whether it makes the check fail.
    pub fn is_failed(&self) -> bool {
        !(self.is_good() || self.is_renewed)
    }

    /// How many deviations there are beyond those that were kept.
    pub fn more(&self) -> u128 {
        self.count.saturating_sub(SHOWN as u128)
    }

    /// The verdict as lines for a reader.
    pub fn render(&self, experiment: &Experiment, options: &Check) -> String {
        let name = format!("{STRONG}{}{STRONG:#}", experiment.file);
        let runs = output::contents(&experiment.plan, experiment.numbers.len() as u128);
        if self.is_good() {
            if options.quiet {
                return String::new();
            }
            return format!("{GOOD}ok{GOOD:#}      {name}  {FAINT}{runs}{FAINT:#}\n");
        }
        let (word, colour) = match (self.is_renewed, self.is_unrecorded) {
            (false, _) => ("failed ", BAD),
            (true, false) => ("renewed", GOOD),
            (true, true) => ("new    ", GOOD),
        };
        let mut text = format!("{colour}{word}{colour:#} {name}  {FAINT}{runs}{FAINT:#}\n");
        if self.is_unrecorded && !self.is_renewed {
            let file = &experiment.file;
            text.push_str(&format!(
                "  there is no recorded report: `runner {file}` records one\n"
            ));
        }
        for deviation in &self.deviations {
            text.push_str(&format!("  {deviation}\n"));
        }
        let more = self.more();
        if more > 0 {
            text.push_str(&format!("  … and {} more deviations\n", grouped(more)));
        }
        if self.unexpected > 0 && options.accept {
            text.push_str("  not renewed: the file expects other values\n");
        }
        text
    }
}
