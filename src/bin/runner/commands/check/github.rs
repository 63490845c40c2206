//! Annotations of GitHub Actions: failures, next to the file that they are about.
//!
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>: a
//! line on standard output, in which some characters are written as percent and two digits.

use gradtape_experiment::number::counted;

use super::verdict::{Basis, Verdict};
use crate::terminal::output;

/// Maximum number of deviations in an annotation.
const MAX_LINES: usize = 10;

/// Whether this is a job of GitHub Actions.
pub fn is_here() -> bool {
    std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true")
}

/// Prints the error of an experiment that failed.
pub fn annotate(verdict: &Verdict) {
    let file = &verdict.file;
    let (title, mut lines) = match &verdict.basis {
        Basis::Comparison(_, comparison) => {
            let lines = comparison.deviations.iter().map(ToString::to_string);
            let mut lines: Vec<String> = lines.collect();
            let title = if comparison.is_unrecorded {
                lines.insert(0, "no recorded report".to_owned());
                format!("{file}: no recorded report")
            } else {
                format!("{file}: {}", counted(comparison.count, "deviation"))
            };
            (title, lines)
        }
        Basis::Failure(failure) => {
            let text = failure.text();
            let lines = text.trim_end().lines().map(str::to_owned).collect();
            (format!("{file} could not be checked"), lines)
        }
        Basis::Nothing => return,
    };
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        lines.push("…".to_owned());
    }
    output::workflow_command(&format!(
        "error file={},title={}::{}",
        property(&verdict.path.display().to_string()),
        property(&title),
        data(&lines.join("\n"))
    ));
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("50%: a\nb, c"), "50%25: a%0Ab, c");
        assert_eq!(property("a:b,\r\n"), "a%3Ab%2C%0D%0A");
    }
}
