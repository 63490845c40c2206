//! The results of checks as Markdown, for the summary of a job.

use std::fmt::Write as _;

use gradtape_experiment::number::{counted, grouped};
use gradtape_experiment::text::printable;
use gradtape_report::baseline::Subject;

use super::outcome::{Kind, Outcome, Word};
use crate::output;

/// GitHub accepts summaries of up to 1 MiB; the tables end before that.
const MAX_LENGTH: usize = 900_000;

/// The first line of each summary, invisible to readers: a later check may replace a file that
/// begins with it.
const MARK: &str = "<!-- runner check -->\n";

/// Whether a file that begins with this text is a summary.
pub fn is_beginning(text: &str) -> bool {
    text.starts_with(MARK)
}

/// A table of all experiments, and a table of deviations for each that has any.
pub fn summary(outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|one| one.code() != 0).count() as u128;
    let all = counted(outcomes.len(), "experiment");
    let mut text = match failed {
        0 => format!("{MARK}## {all} passed\n\n"),
        _ => format!("{MARK}## {} of {all} failed\n\n", grouped(failed)),
    };
    text.push_str("| experiment | result | contents | deviations |\n|---|---|---|---:|\n");
    for outcome in outcomes {
        let result = match outcome.word() {
            Word::Ok => "✅ ok",
            Word::Failed => "❌ failed",
            Word::Unrecorded => "❌ no recorded report",
            Word::New => "🆕 recorded",
            Word::Updated => "♻️ updated",
            Word::Skipped => "⏭️ skipped",
            Word::Wrong => "❌ wrong",
            Word::Refused => "❌ could not be checked",
        };
        let (contents, count) = match &outcome.kind {
            Kind::Checked(experiment, verdict) => {
                let runs = experiment.numbers.len() as u128;
                let contents = output::contents(&experiment.plan, runs);
                (contents, grouped(verdict.count))
            }
            _ => (String::new(), String::new()),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {result} | {contents} | {count} |",
            escaped(&outcome.file)
        );
    }
    for outcome in outcomes {
        let is_told = outcome.code() != 0 || matches!(outcome.word(), Word::Updated | Word::New);
        if !is_told {
            continue;
        }
        if text.len() > MAX_LENGTH {
            text.push_str("\n… more in the log of the check.\n");
            break;
        }
        details(outcome, &mut text);
    }
    text
}

/// What is wrong with one experiment.
fn details(outcome: &Outcome, text: &mut String) {
    let head = format!("\n### {}\n\n", escaped(&outcome.file));
    match &outcome.kind {
        Kind::Checked(_, verdict) if verdict.count > 0 => {
            text.push_str(&head);
            text.push_str(
                "| what | quantity | expected | now | difference |\n|---|---|---|---|---|\n",
            );
            for deviation in &verdict.deviations {
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
            if verdict.more() > 0 {
                let more = counted(verdict.more(), "more deviation");
                let _ = writeln!(text, "\n… and {more}");
            }
        }
        Kind::Failed(failure) => {
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

/// Text that is shown unchanged in a cell of a table.
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
