//! Annotations of GitHub Actions: what failed, beside the file that it is about.
//!
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>: a
//! line on standard output, in which some characters are written as percent and two digits.

use std::path::Path;

use super::verdict::Verdict;
use crate::output;
use crate::source::Experiment;

/// More deviations than this are not read beside a file.
const SHOWN: usize = 10;

/// Whether this is a job of GitHub Actions.
pub fn is_here() -> bool {
    std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true")
}

/// The error of an experiment whose check failed.
pub fn annotation(path: &Path, experiment: &Experiment, verdict: &Verdict) -> String {
    let mut lines: Vec<String> = verdict.deviations.iter().map(ToString::to_string).collect();
    let title = if verdict.is_unrecorded {
        lines.insert(0, "there is no recorded report".to_owned());
        format!("{}: no recorded report", experiment.file)
    } else {
        let count = output::counted(verdict.count, "deviation");
        format!("{}: {count}", experiment.file)
    };
    if lines.len() > SHOWN {
        lines.truncate(SHOWN);
        lines.push("…".to_owned());
    }
    format!(
        "::error file={},title={}::{}\n",
        property(&path.display().to_string()),
        property(&title),
        data(&lines.join("\n"))
    )
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
