//! `runner check`: the guard of converged values.

use std::fs;
use std::path::Path;

use crate::runner::{contents, finished, folder, runner, succeeded};

const PARABOLA: &str = include_str!("../../experiments/parabola.toml");

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_experiment_has_the_values_of_its_committed_report() {
    let mut files: Vec<String> = crate::runner::names(&project().join("experiments"));
    files.retain(|name| name.ends_with(".toml"));
    assert!(files.len() >= 5);
    let mut command = runner(project());
    command
        .arg("check")
        .args(files.iter().map(|name| format!("experiments/{name}")));
    let printed = succeeded(&mut command);
    assert_eq!(
        printed
            .lines()
            .filter(|line| line.starts_with("ok "))
            .count(),
        files.len()
    );
}

/// A folder with a recorded report of `before`, whose experiment then becomes
/// `after`: the exit code and what `check` prints.
fn changed(before: &str, after: &str, arguments: &[&str]) -> (i32, String) {
    let at = folder(&[("w.toml", before)]);
    succeeded(runner(at.path()).arg("w.toml"));
    fs::write(at.path().join("w.toml"), after).unwrap();
    let recorded = contents(&at.path().join("reports/w"));
    let (code, stdout, stderr) =
        finished(runner(at.path()).args(["check", "w.toml"]).args(arguments));
    assert!(
        contents(&at.path().join("reports/w")) == recorded,
        "check writes nothing"
    );
    (code, stdout + &stderr)
}

#[test]
fn a_learning_rate_that_moved_is_told_with_all_that_moved_with_it() {
    let (code, printed) = changed(PARABOLA, &PARABOLA.replace("0.01", "0.0100001"), &[]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(printed);
}

const SWEEP: &str = r#"
epochs = 10
objective = [{ formula = "w^2", start = { w = 1 }, minimum = { value = 0 } }]
optimizer = [{ method = "sgd", learning_rate = [0.1, 0.2] }]
"#;

#[test]
fn runs_that_came_or_went_are_told() {
    let more = SWEEP.replace("[0.1, 0.2]", "[0.1, 0.2, 0.3]");
    let (code, printed) = changed(SWEEP, &more, &[]);
    assert_eq!(code, 1);
    assert!(
        printed.contains("run 2 (learning_rate=0.3): run is not in the recorded report"),
        "{printed}"
    );
    let (code, printed) = changed(&more, SWEEP, &[]);
    assert_eq!(code, 1);
    assert!(
        printed.contains("runs recorded: 1 more, now not in the experiment"),
        "{printed}"
    );
    let (code, _) = changed(&more, &more, &["--filter", "learning_rate=0.3"]);
    assert_eq!(code, 0, "with a filter the others are not missing");
}

#[test]
fn a_report_of_another_experiment_is_told() {
    let (code, printed) = changed(SWEEP, &SWEEP.replace('w', "v"), &[]);
    assert_eq!(code, 1);
    assert!(
        printed.contains("settings and parameters recorded:"),
        "{printed}"
    );
}

#[test]
fn a_missing_report_fails_with_the_way_out() {
    let at = folder(&[("w.toml", SWEEP)]);
    let (code, stdout, _) = finished(runner(at.path()).args(["check", "w.toml"]));
    assert_eq!(code, 1);
    assert!(
        stdout.contains("there is no recorded report: `runner w.toml` records one"),
        "{stdout}"
    );
}

#[test]
fn expectations_hold_or_are_told() {
    // w after ten epochs at 0.1 is 0.8^10 = 0.1073741824.
    let base = SWEEP.replace("[0.1, 0.2]", "0.1");
    let check = |expectation: &str, expected: &str| {
        let experiment = format!("{base}\n[[expect]]\n{expectation}\n");
        let (code, printed) = changed(&experiment, &experiment, &[]);
        assert_eq!(
            code,
            i32::from(!expected.is_empty()),
            "{expectation}: {printed}"
        );
        assert!(printed.contains(expected), "{expectation}: {printed}");
    };
    check("w = { equals = 0.1073741824, abs = 1e-15 }", "");
    check("w = { equals = 0.1073741824, rel = 1e-14 }", "");
    check("w = { equals = 0.1073741824, ulps = 8 }", "");
    check("w = { equals = 0.1, abs = 1e-9, rel = 0.1 }", "");
    check("w = { below = 0.2, above = 0.1 }", "");
    check(
        "status = \"epochs spent\"\nepochs_run = { equals = 10 }",
        "",
    );
    check(
        "w = { equals = 0.1 }",
        "w expected 0.1, now 0.10737418240000003 (0.00737418 away, 7.37418%",
    );
    check(
        "w = { equals = 0.1, abs = 1e-3 }",
        "w expected 0.1 within abs 0.001",
    );
    check(
        "w = { equals = 0.1, ulps = 5, rel = 0.01 }",
        "w expected 0.1 within 5 ulps or rel 0.01",
    );
    check(
        "w = { below = 0.1 }",
        "w expected below 0.1, now 0.10737418240000003",
    );
    check("gap = { above = 1 }", "gap expected above 1.0");
    check(
        "status = \"converged\"",
        "status expected converged, now epochs spent",
    );
    check(
        "epochs_run = { equals = 9 }",
        "epochs_run expected 9.0, now 10.0",
    );
}
