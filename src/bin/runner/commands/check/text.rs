//! The results as lines of text.

use gradtape_experiment::number::{counted, grouped};
use gradtape_experiment::text::printable;

use super::comparison::{Comparison, Update};
use super::github;
use super::reporter::Reporter;
use super::verdict::{Basis, Verdict, Word};
use crate::args::Check;
use crate::commands::contents::contents;
use crate::experiment::Experiment;
use crate::failure::Failure;
use crate::terminal::{BAD, FAINT, GOOD, STRONG, output};

/// Prints a line for each experiment and deviation, and annotations in a job of GitHub Actions.
pub struct Text<'o>(pub &'o Check);

impl Reporter for Text<'_> {
    fn conclude(&mut self, verdict: &Verdict) {
        let options = self.0;
        // A failure that ends the command is printed at its end.
        if let (Basis::Failure(failure), true) = (&verdict.basis, options.work.keep_going) {
            failure.print();
        }
        output::results(&match &verdict.basis {
            Basis::Comparison(..) if verdict.word() == Word::Ok && options.quiet => String::new(),
            Basis::Comparison(experiment, comparison) => {
                let runs = contents(&experiment.plan, experiment.numbers.len() as u128);
                head(verdict, &format!("  {FAINT}{runs}{FAINT:#}"))
                    + &details(verdict.word(), experiment, comparison, options)
            }
            _ => head(verdict, ""),
        });
        if verdict.is_failed() && github::is_here() {
            github::annotate(verdict);
        }
    }

    fn finish(&mut self, verdicts: &[Verdict]) -> Result<(), Failure> {
        let failed = verdicts.iter().filter(|verdict| verdict.is_failed());
        let count = failed.count();
        if count > 0 {
            let all = counted(verdicts.len(), "experiment");
            let failed = grouped(count as u128);
            output::results(&format!("{BAD}{failed} of {all} failed{BAD:#}\n"));
        }
        Ok(())
    }
}

/// A line with the verdict, the file and its contents.
fn head(verdict: &Verdict, contents: &str) -> String {
    let word = verdict.word();
    let (name, colour) = match word {
        Word::Failed | Word::Unrecorded => ("failed", BAD),
        Word::Invalid | Word::Refused => (word.name(), BAD),
        Word::Ok | Word::New | Word::Updated => (word.name(), GOOD),
        Word::Skipped => (word.name(), FAINT),
    };
    let file = printable(&verdict.file);
    format!("{colour}{name:7}{colour:#} {STRONG}{file}{STRONG:#}{contents}\n")
}

/// The lines below the head: the deviations, the charts, and why nothing was updated.
fn details(
    word: Word,
    experiment: &Experiment,
    comparison: &Comparison,
    options: &Check,
) -> String {
    let mut text = String::new();
    if word == Word::Unrecorded {
        let file = printable(&experiment.file);
        text.push_str(&format!(
            "  no recorded report; `runner {file}` records one\n"
        ));
    }
    for deviation in &comparison.deviations {
        text.push_str(&format!("  {deviation}\n"));
    }
    if comparison.more() > 0 {
        let more = counted(comparison.more(), "more deviation");
        text.push_str(&format!("  … and {more}\n"));
    }
    if let (true, Some(folder)) = (comparison.charts > 0, &options.show_charts) {
        let runs = comparison.runs.len();
        let charts = match comparison.charts {
            charts if charts >= runs => counted(charts, "run"),
            charts => format!("{charts} of {} runs", grouped(runs as u128)),
        };
        let folder = printable(folder.display());
        text.push_str(&format!("  charts of {charts}: {folder}\n"));
    }
    let reason = match comparison.update {
        _ if !options.accept => None,
        _ if comparison.unexpected > 0 => Some("an expectation failed"),
        Update::Refused(why) => Some(why),
        Update::None | Update::Done => None,
    };
    if let Some(why) = reason {
        text.push_str(&format!("  not updated: {why}\n"));
    }
    text
}
