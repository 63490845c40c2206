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

/// Maximum number of passed, and of failed, test cases of runs. Further ones are combined in one,
/// as viewers cannot show millions.
const MAX_CASES: usize = 10_000;

/// Maximum number of lines reported for a failed test case.
const LINES: usize = 100;

/// Whether a file that begins with this text is in the format, also if another program wrote it.
pub fn is_beginning(text: &str) -> bool {
    text.trim_start().starts_with('<') && text.contains("<testsuite")
}

/// The file.
pub struct Document(Report);

impl Document {
    pub fn new() -> Self {
        Document(Report::new("runner check"))
    }

    pub fn add(&mut self, suite: TestSuite) {
        self.0.add_test_suite(suite);
    }

    /// Adds a file that could not be checked.
    pub fn add_failure(&mut self, file: &str, message: &str) {
        let mut suite = TestSuite::new(file);
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let first = message.lines().next().unwrap_or("");
        status
            .set_type("error")
            .set_message(first)
            .set_description(message);
        suite.add_test_case(case(file, "check", status));
        self.add(suite);
    }

    pub fn text(&self) -> String {
        // Only a text that is not UTF-8 could fail, and there is none.
        let text = self.0.to_string().unwrap_or_default();
        // The schema of Jenkins, after which it refuses files, has no such attribute of the
        // first element, and nothing is ever skipped.
        text.replacen(" skipped=\"0\"", "", 1)
    }
}

/// The test cases of one experiment.
pub struct Suite {
    file: String,
    is_recorded: bool,
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

impl Suite {
    pub fn new(file: &str, is_recorded: bool) -> Self {
        Suite {
            file: file.to_owned(),
            is_recorded,
            passed: Lines::default(),
            deviating: Vec::new(),
            more_deviating: 0,
            unexpected: BTreeMap::new(),
        }
    }

    /// Adds what was checked as one.
    pub fn add(&mut self, checked: &Checked) {
        let mut recorded = Lines::default();
        for deviation in &checked.deviations {
            let line = || deviation.to_string();
            match deviation.demand {
                Demand::Recorded => recorded.add(line, LINES),
                expected => self
                    .unexpected
                    .entry(expected)
                    .or_default()
                    .add(line, LINES),
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
    pub fn finish(self, plan: &Plan, is_renewed: bool) -> TestSuite {
        let mut suite = TestSuite::new(&self.file);
        let file = &self.file;
        let mut add = |name: &str, status| {
            suite.add_test_case(case(file, name, status));
        };
        let unless_renewed = |status: TestCaseStatus| match is_renewed {
            true => TestCaseStatus::success(),
            false => status,
        };
        if !self.is_recorded {
            let mut missing = Lines::default();
            let way_out = || format!("no recorded report; `runner {file}` records one");
            missing.add(way_out, 1);
            add("recorded report", unless_renewed(missing.failure()));
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
                add(name, unless_renewed(lines.failure()));
            }
            if self.more_deviating > 0 {
                let mut lines = Lines::default();
                let more = counted(self.more_deviating, "more deviating run");
                lines.add(|| more.clone(), 1);
                add(&more, unless_renewed(lines.failure()));
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
