//! The results of checks as Markdown, for the summary of a job.

use std::fmt::Write as _;

use gradtape_experiment::number::{counted, grouped};
use gradtape_experiment::text::printable;
use gradtape_report::baseline::Subject;

use super::files::{Destination, Format};
use super::reporter::Reporter;
use super::verdict::{Basis, Verdict, Word};
use crate::commands::contents::contents;
use crate::failure::Failure;

/// GitHub accepts summaries of up to 1 MiB; the tables end before that.
const MAX_LENGTH: usize = 900_000;

/// The first line of each summary, invisible to readers: a later check may replace a file that
/// begins with it.
const MARK: &str = "<!-- runner check -->\n";

pub static FORMAT: Format = Format {
    option: "--markdown",
    name: "a summary of `runner check`",
    is_beginning: |text| text.starts_with(MARK),
    shared: Some("GITHUB_STEP_SUMMARY"),
};

/// Writes a summary.
pub struct Markdown(pub Destination);

impl Reporter for Markdown {
    fn finish(&mut self, verdicts: &[Verdict]) -> Result<(), Failure> {
        self.0.write(&summary(verdicts))
    }
}

/// A table of all experiments, and a table of deviations for each that has any.
fn summary(verdicts: &[Verdict]) -> String {
    let failed = verdicts
        .iter()
        .filter(|verdict| verdict.is_failed())
        .count() as u128;
    let all = counted(verdicts.len(), "experiment");
    let mut text = match failed {
        0 => format!("{MARK}## {all} passed\n\n"),
        _ => format!("{MARK}## {} of {all} failed\n\n", grouped(failed)),
    };
    text.push_str("| experiment | result | contents | deviations |\n|---|---|---|---:|\n");
    for verdict in verdicts {
        let result = match verdict.word() {
            Word::Ok => "✅ ok",
            Word::Failed => "❌ failed",
            Word::Unrecorded => "❌ no recorded report",
            Word::New => "🆕 recorded",
            Word::Updated => "♻️ updated",
            Word::Skipped => "⏭️ skipped",
            Word::Invalid => "❌ wrong",
            Word::Refused => "❌ could not be checked",
        };
        let (contents, count) = match &verdict.basis {
            Basis::Comparison(experiment, comparison) => {
                let runs = experiment.numbers.len() as u128;
                let contents = contents(&experiment.plan, runs);
                (contents, grouped(comparison.count))
            }
            _ => (String::new(), String::new()),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {result} | {contents} | {count} |",
            escaped(&verdict.file)
        );
    }
    for verdict in verdicts {
        if matches!(verdict.word(), Word::Ok | Word::Skipped) {
            continue;
        }
        if text.len() > MAX_LENGTH {
            text.push_str("\n… more in the log of the check.\n");
            break;
        }
        details(verdict, &mut text);
    }
    text
}

/// What is wrong with one experiment.
fn details(verdict: &Verdict, text: &mut String) {
    let head = format!("\n### {}\n\n", escaped(&verdict.file));
    match &verdict.basis {
        Basis::Comparison(_, comparison) if comparison.count > 0 => {
            text.push_str(&head);
            text.push_str(
                "| what | quantity | expected | now | difference |\n|---|---|---|---|---|\n",
            );
            for deviation in &comparison.deviations {
                let subject = match &deviation.subject {
                    Subject::Report => "report".to_owned(),
                    subject => subject.to_string(),
                };
                let quantity = match deviation.epoch {
                    Some(epoch) => format!("{} at epoch {epoch}", deviation.quantity),
                    None => deviation.quantity.clone(),
                };
                let apart = deviation.apart.map(|apart| apart.to_string());
                let cells = [
                    &subject,
                    &quantity,
                    &deviation.wanted,
                    &deviation.found,
                    &apart.unwrap_or_default(),
                ];
                // Writing to a string cannot fail.
                let _ = writeln!(text, "| {} |", cells.map(|cell| escaped(cell)).join(" | "));
            }
            if comparison.more() > 0 {
                let more = counted(comparison.more(), "more deviation");
                let _ = writeln!(text, "\n… and {more}");
            }
        }
        Basis::Failure(failure) => {
            let message = failure.text();
            // A fence longer than any in the text, so that the text stays inside it.
            let fence = "`".repeat(3.max(longest_fence(&message) + 1));
            let _ = write!(text, "{head}{fence}text\n{}\n{fence}\n", message.trim_end());
        }
        _ => {}
    }
}

/// The length of the longest row of backticks.
fn longest_fence(text: &str) -> usize {
    let rows = text.split(|letter| letter != '`');
    rows.map(str::len).max().unwrap_or(0)
}

/// Text that appears unchanged in a cell of a table.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in printable(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '~' | '[' | ']' | '#' | '\\' | '$' | '@' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escaped("a|b <i>*x*</i> `c`\n@all"),
            "a\\|b &lt;i&gt;\\*x\\*&lt;/i&gt; \\`c\\`\\\\n\\@all"
        );
    }
}
