//! What checks found as Markdown, for the summary of a job.

use std::fmt::Write as _;

use gradtape::number::grouped;

use super::verdict::Verdict;
use crate::output;
use crate::source::Experiment;

/// GitHub takes a summary of up to 1 MiB; the tables end before that.
const LONGEST: usize = 900_000;

/// A table of all experiments, and one of the deviations of each that has any.
pub fn summary<'e>(checked: impl Iterator<Item = (&'e Experiment, &'e Verdict)> + Clone) -> String {
    let failed = checked.clone().filter(|(_, verdict)| verdict.is_failed());
    let (failed, all) = (failed.count() as u128, checked.clone().count() as u128);
    let mut text = match failed {
        0 => format!("## {} as recorded\n\n", output::counted(all, "experiment")),
        _ => format!(
            "## {} of {} failed\n\n",
            grouped(failed),
            output::counted(all, "experiment")
        ),
    };
    text.push_str("| experiment | result | contents | deviations |\n|---|---|---|---:|\n");
    for (experiment, verdict) in checked.clone() {
        let result = match (
            verdict.is_failed(),
            verdict.is_good(),
            verdict.is_unrecorded,
        ) {
            (true, _, true) => "❌ no recorded report",
            (true, _, false) => "❌ failed",
            (false, true, _) => "✅ ok",
            (false, false, true) => "🆕 recorded",
            (false, false, false) => "♻️ renewed",
        };
        let contents = output::contents(&experiment.plan, experiment.numbers.len() as u128);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {result} | {contents} | {} |",
            escaped(&experiment.file),
            grouped(verdict.count)
        );
    }
    for (experiment, verdict) in checked {
        if verdict.count == 0 {
            continue;
        }
        if text.len() > LONGEST {
            text.push_str("\n… and more, which the log of the check has.\n");
            break;
        }
        let _ = write!(
            text,
            "\n### {}\n\n| what | quantity | wanted | now | apart |\n|---|---|---|---|---|\n",
            escaped(&experiment.file)
        );
        for deviation in &verdict.deviations {
            let cells = [
                deviation.about.as_deref().unwrap_or("report"),
                &deviation.quantity,
                &deviation.wanted,
                &deviation.found,
                &deviation.distance,
            ];
            let _ = writeln!(text, "| {} |", cells.map(escaped).join(" | "));
        }
        if verdict.more() > 0 {
            let _ = writeln!(text, "\n… and {} more deviations", grouped(verdict.more()));
        }
    }
    text
}

/// Text that is read in a cell of a table as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
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
            "a\\|b &lt;i&gt;\\*x\\*&lt;/i&gt; \\`c\\` \\@all"
        );
    }
}
