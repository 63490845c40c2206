//! The results as JUnit, which Jenkins, GitLab and others show as tests.
//!
//! An experiment is a suite. Each run and derivative is a test case, which fails if it differs
//! from the recorded report. Each expectation is a test case, which fails if any run does not
//! meet it.

use std::collections::BTreeMap;

use gradtape_experiment::number::{counted, grouped};
use gradtape_experiment::plan::Plan;
use gradtape_report::baseline::{Demand, Subject};
use gradtape_report::experiment::Checked;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::comparison::Comparison;
use super::files::{Destination, Format};
use super::reporter::Reporter;
use super::verdict::{Basis, Verdict};
use crate::failure::Failure;

/// Maximum number of passed, and of failed, test cases of runs. Further ones are combined in one,
/// as viewers cannot show millions.
const MAX_CASES: usize = 10_000;

/// Maximum number of lines reported for a failed test case.
const MAX_LINES: usize = 100;

/// Files of other programs in this format may be replaced, too.
pub static FORMAT: Format = Format {
    option: "--junit",
    name: "JUnit XML",
    is_beginning: |text| text.trim_start().starts_with('<') && text.contains("<testsuite"),
    shared: None,
};

/// Writes the results as JUnit XML.
pub struct Junit {
    file: Destination,
    report: Report,
    /// The test cases of the experiment that is being checked.
    cases: Cases,
}

impl Junit {
    pub fn new(file: Destination) -> Self {
        Junit {
            file,
            report: Report::new("runner check"),
            cases: Cases::default(),
        }
    }
}

impl Reporter for Junit {
    fn add(&mut self, _file: &str, checked: &Checked) {
        self.cases.add(checked);
    }

    fn conclude(&mut self, verdict: &Verdict) {
        let cases = std::mem::take(&mut self.cases);
        let file = &verdict.file;
        self.report.add_test_suite(match &verdict.basis {
            Basis::Comparison(experiment, comparison) => {
                cases.suite(file, &experiment.plan, comparison)
            }
            Basis::Failure(failure) => failed_suite(file, &failure.text()),
            Basis::Nothing => return,
        });
    }

    fn finish(&mut self, _verdicts: &[Verdict]) -> Result<(), Failure> {
        // Only a text that is not UTF-8 could fail, and there is none.
        let text = self.report.to_string().unwrap_or_default();
        // The schema of Jenkins, after which it refuses files, has no such attribute of the
        // first element, and nothing is ever skipped.
        self.file.write(&text.replacen(" skipped=\"0\"", "", 1))
    }
}

/// The suite of a file that could not be checked.
fn failed_suite(file: &str, message: &str) -> TestSuite {
    let mut suite = TestSuite::new(file);
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let first = message.lines().next().unwrap_or("");
    status
        .set_type("error")
        .set_message(first)
        .set_description(message);
    suite.add_test_case(case(file, "check", status));
    suite
}

/// The test cases of one experiment.
#[derive(Default)]
struct Cases {
    /// The names of those that are as recorded.
    passed: Lines,
    /// The names of the others, with their deviations.
    deviating: Vec<(String, Lines)>,
    /// The number of further ones that differ.
    more_deviating: u128,
    /// The deviations from each expectation.
    unexpected: BTreeMap<Demand, Lines>,
}

/// The first of some lines, and the number of all.
#[derive(Default)]
struct Lines {
    first: Vec<String>,
    count: usize,
}

impl Lines {
    fn add(&mut self, line: impl FnOnce() -> String, most: usize) {
        self.count += 1;
        if self.first.len() < most {
            self.first.push(line());
        }
    }

    /// The number of lines beyond the first.
    fn more(&self) -> usize {
        self.count - self.first.len()
    }

    /// The status of a test case that fails with these lines.
    fn failure(&self) -> TestCaseStatus {
        let mut text = self.first.join("\n");
        if self.more() > 0 {
            let more = grouped(self.more() as u128);
            text.push_str(&format!("\n… and {more} more"));
        }
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status
            .set_type("deviation")
            .set_message(self.first.first().map_or("", String::as_str))
            .set_description(text);
        status
    }
}

impl Cases {
    /// Adds what was checked as one.
    fn add(&mut self, checked: &Checked) {
        let mut recorded = Lines::default();
        for deviation in &checked.deviations {
            let line = || deviation.to_string();
            match deviation.demand {
                Demand::Recorded => recorded.add(line, MAX_LINES),
                expected => self
                    .unexpected
                    .entry(expected)
                    .or_default()
                    .add(line, MAX_LINES),
            }
        }
        let name = || match &checked.subject {
            Subject::Report => "data files".to_owned(),
            subject => subject.to_string(),
        };
        if recorded.count == 0 {
            self.passed.add(name, MAX_CASES);
        } else if self.deviating.len() < MAX_CASES {
            self.deviating.push((name(), recorded));
        } else {
            self.more_deviating += 1;
        }
    }

    /// The suite. Once the report is updated, only expectations can fail.
    fn suite(self, file: &str, plan: &Plan, comparison: &Comparison) -> TestSuite {
        let mut suite = TestSuite::new(file);
        let mut add = |name: &str, status| {
            suite.add_test_case(case(file, name, status));
        };
        let unless_updated = |status: TestCaseStatus| match comparison.is_updated() {
            true => TestCaseStatus::success(),
            false => status,
        };
        if comparison.is_unrecorded {
            let mut missing = Lines::default();
            let way_out = || format!("no recorded report; `runner {file}` records one");
            missing.add(way_out, 1);
            add("recorded report", unless_updated(missing.failure()));
        } else {
            for name in &self.passed.first {
                add(name, TestCaseStatus::success());
            }
            if self.passed.more() > 0 {
                add(
                    &counted(self.passed.more(), "more run"),
                    TestCaseStatus::success(),
                );
            }
            for (name, lines) in &self.deviating {
                add(name, unless_updated(lines.failure()));
            }
            if self.more_deviating > 0 {
                let mut lines = Lines::default();
                let more = counted(self.more_deviating, "more deviating run");
                lines.add(|| more.clone(), 1);
                add(&more, unless_updated(lines.failure()));
            }
        }
        for (demand, name) in expectations(plan) {
            let failed = self.unexpected.get(&demand);
            add(
                &name,
                failed.map_or_else(TestCaseStatus::success, Lines::failure),
            );
        }
        suite
    }
}

fn case(file: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name, status);
    // Viewers take a dot for a package, so the extension of the file is omitted.
    let class = file.strip_suffix(".toml").unwrap_or(file);
    case.set_classname(class);
    case
}

/// Every expectation of a plan with a name for its test case.
fn expectations(plan: &Plan) -> Vec<(Demand, String)> {
    let of_runs = plan.expectations.iter().enumerate();
    let of_runs = of_runs.map(|(place, expectation)| {
        let name = format!("expectation {}: {expectation}", place + 1);
        (Demand::Expected(place), name)
    });
    let derivatives = plan.derivatives.iter().enumerate();
    let of_values = derivatives.flat_map(|(derivative, of)| {
        let expectations = of.expectations.iter().enumerate();
        expectations.map(move |(place, expected)| {
            let column = of.columns.get(expected.column).map_or("", String::as_str);
            let name = format!("expectation of {}: {column}", of.name);
            (Demand::ExpectedValues { derivative, place }, name)
        })
    });
    of_runs.chain(of_values).collect()
}
