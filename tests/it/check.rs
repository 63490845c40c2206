//! `runner check`: the guard of converged values.

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use crate::runner::{contents, finished, folder, project, runner, succeeded};

const PARABOLA: &str = include_str!("../../experiments/parabola.toml");

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

/// Checks `after` in a directory with a recorded report of `before`: the exit code and the
/// output.
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
fn a_learning_rate_that_moved_makes_another_run() {
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
    let three = SWEEP.replace("[0.1, 0.2]", "[0.05, 0.1, 0.2]");
    let (code, printed) = changed(SWEEP, &three, &[]);
    assert_eq!(code, 1);
    let told: Vec<&str> = printed.lines().skip(1).collect();
    assert_eq!(
        told,
        [
            "  run 0 (learning_rate=0.05): run is not in the recorded report, whose run 0 has \
             learning_rate 0.1, not 0.05",
            "1 of 1 experiment failed"
        ],
        "the others are found by their settings"
    );
    let (code, printed) = changed(&three, SWEEP, &[]);
    assert_eq!(code, 1);
    let told: Vec<&str> = printed.lines().skip(1).collect();
    assert_eq!(
        told,
        [
            "  recorded run 0 (learning_rate=0.05): run is no longer in the experiment",
            "1 of 1 experiment failed"
        ]
    );
    let filter = ["--filter", "learning_rate=0.2"];
    let (code, _) = changed(&three, &three, &filter);
    assert_eq!(code, 0, "with a filter the others are not missing");
    let (code, _) = changed(&three, SWEEP, &filter);
    assert_eq!(code, 0, "nor with one that was recorded elsewhere");
}

#[test]
fn runs_are_found_wherever_they_stand_and_whatever_joins_them() {
    let turned = SWEEP.replace("[0.1, 0.2]", "[0.2, 0.1]");
    assert_eq!(changed(SWEEP, &turned, &[]).0, 0);
    // Another objective brings another parameter and another setting.
    let joined = SWEEP.replace(
        "minimum = { value = 0 } }",
        "minimum = { value = 0 } }, { formula = \"c*v^2\", constants = { c = 2 }, start = { v = 1 } }",
    );
    let (code, printed) = changed(SWEEP, &joined, &[]);
    assert_eq!(code, 1);
    let added = printed
        .lines()
        .filter(|line| line.contains("is not in the recorded report"));
    assert_eq!(added.count(), 2, "{printed}");
    assert_eq!(printed.lines().count(), 4, "{printed}");
}

#[test]
fn a_report_of_another_experiment_is_told() {
    let (code, printed) = changed(SWEEP, &SWEEP.replace('w', "v"), &[]);
    assert_eq!(code, 1);
    for part in [
        "is not in the recorded report",
        "is no longer in the experiment",
    ] {
        let told = printed.lines().filter(|line| line.contains(part));
        assert_eq!(told.count(), 2, "{printed}");
    }
}

/// An experiment whose values change with a factor, and nothing else does.
fn bowl(factor: &str, more: &str) -> String {
    format!(
        "epochs = 10
        {more}
        [[objective]]
        name = 'bowl'
        formula = '{factor}*(w^2 + v^2)'
        start = {{ w = 1, v = 2 }}
        minimum = {{ value = 0 }}
        [[optimizer]]
        method = 'sgd'
        learning_rate = 0.1
        [[derivative]]
        formula = '{factor}*x^2'
        at = {{ x = 3 }}
        "
    )
}

#[test]
fn values_may_be_as_far_away_as_the_file_and_the_command_line_allow() {
    let check = |settings: &str, arguments: &[&str]| {
        changed(&bowl("1", settings), &bowl("1.000001", settings), arguments)
    };
    let (code, printed) = check("", &[]);
    assert_eq!(code, 1);
    assert!(
        printed.contains("loss recorded ") && !printed.contains("within"),
        "{printed}"
    );
    assert_eq!(check("check.default = { rel = 1e-4 }", &[]).0, 0);
    assert_eq!(check("", &["--rel", "1e-4"]).0, 0);
    assert_eq!(check("check.default = { rel = 1e-9, abs = 1 }", &[]).0, 0);
    // A quantity can have a looser or tighter tolerance than the others.
    let (code, printed) = check(
        "check = { default = { rel = 1e-4 }, loss = { rel = 1e-9 } }",
        &[],
    );
    assert_eq!(code, 1);
    let told: Vec<&str> = printed.lines().skip(1).collect();
    assert!(
        told.len() == 2 && told[0].contains("run 0 (bowl): loss recorded "),
        "{printed}"
    );
    assert!(told[0].contains(" within rel 1e-9, now "), "{printed}");
    // The command line overrides the default, but not those.
    let tight = "check = { default = { rel = 1 }, w = { rel = 1e-4 } }";
    let (code, printed) = check(tight, &["--ulps", "2"]);
    assert_eq!(code, 1);
    assert!(printed.contains("v recorded "), "{printed}");
    assert!(printed.contains(" within 2 ulps, now "), "{printed}");
    assert!(!printed.contains("w recorded "), "{printed}");
    // The same for derivatives.
    let (_, printed) = check(
        "check = { default = { rel = 1e-4 }, \"df/dx\" = { ulps = 1 } }",
        &[],
    );
    assert!(
        printed.contains("at x=3: df/dx recorded 6.0 within 1 ulp, now "),
        "{printed}"
    );
}

#[test]
fn a_tolerance_that_is_none_is_a_wrong_command_line() {
    for wrong in ["-1", "nan", "much"] {
        let (code, printed) = changed(SWEEP, SWEEP, &[&format!("--abs={wrong}")]);
        assert_eq!(code, 2, "{printed}");
        assert!(
            printed.contains("expected a number, at least 0"),
            "{printed}"
        );
    }
}

#[test]
fn a_missing_report_fails_with_the_way_out() {
    let at = folder(&[("w.toml", SWEEP)]);
    let (code, stdout, _) = finished(runner(at.path()).args(["check", "w.toml"]));
    assert_eq!(code, 1);
    assert!(
        stdout.contains("no recorded report; `runner w.toml` records one"),
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
    check("status = \"epoch limit\"\nepochs_run = { equals = 10 }", "");
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
        "status expected converged, now epoch limit",
    );
    check(
        "epochs_run = { equals = 9 }",
        "epochs_run expected 9, now 10",
    );
}

#[test]
fn a_count_is_not_told_in_ulps() {
    let stopped = format!("{SWEEP}stop = {{ loss_below = 1e-2 }}\n");
    let (code, printed) = changed(&stopped, &stopped.replace("1e-2", "1e-1"), &[]);
    assert_eq!(code, 1);
    let line = printed.lines().find(|line| line.contains("epochs_run"));
    let line = line.expect("the number of epochs moved");
    assert!(line.contains(" away, ") && line.ends_with("%)"), "{line}");
    let line = printed
        .lines()
        .find(|line| line.contains(": loss recorded"));
    assert!(line.expect("the loss too").ends_with(" ulps)"));
    // Without line-search and second-order methods they follow from the epochs.
    assert!(!printed.contains("evaluations"), "{printed}");
}

#[test]
fn another_rule_that_stops_a_run_deviates_but_not_its_numbers() {
    let stopped = format!("{SWEEP}stop = {{ loss_below = 1e-2 }}\n");
    // The limit is a number in the reason, and the difference in epochs is allowed.
    let closer = stopped.replace("1e-2", "1.1e-2");
    let (code, printed) = changed(&stopped, &closer, &["--abs", "1e6"]);
    assert_eq!((code, printed.lines().count()), (0, 1), "{printed}");
    let other = stopped.replace("loss_below = 1e-2", "gap_below = 1e-2");
    let (code, printed) = changed(&stopped, &other, &["--abs", "1e6"]);
    assert_eq!(code, 1);
    let moved = "status recorded converged by loss_below, now converged by gap_below";
    assert!(printed.contains(moved), "{printed}");
}

#[test]
fn accepted_deviations_renew_the_report() {
    let at = folder(&[("w.toml", SWEEP)]);
    let check =
        |arguments: &[&str]| finished(runner(at.path()).args(["check", "w.toml"]).args(arguments));
    let (code, printed, _) = check(&["--accept"]);
    assert_eq!((code, printed.as_str()), (0, "new     w.toml  2 runs\n"));
    let recorded = contents(&at.path().join("reports/w"));
    let (code, printed, _) = check(&["--accept"]);
    assert_eq!((code, printed.as_str()), (0, "ok      w.toml  2 runs\n"));
    assert!(contents(&at.path().join("reports/w")) == recorded);
    let changed = SWEEP.replace("[0.1, 0.2]", "[0.1, 0.3]");
    fs::write(at.path().join("w.toml"), &changed).unwrap();
    let (code, printed, _) = check(&["--accept"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("accepted", printed);
    assert_eq!(check(&[]).0, 0);
    let renewed = contents(&at.path().join("reports/w"));
    // Expectations of the file are not overridden.
    let expecting = changed.replace("0.3", "0.4") + "[[expect]]\nw = { below = 0 }\n";
    fs::write(at.path().join("w.toml"), expecting).unwrap();
    let (code, printed, _) = check(&["--accept"]);
    assert_eq!(code, 1);
    assert!(
        printed.contains("not updated: an expectation failed"),
        "{printed}"
    );
    assert!(contents(&at.path().join("reports/w")) == renewed);
    let (code, _, stderr) = check(&["--accept", "--only-failed"]);
    assert_eq!(code, 2, "{stderr}");
}

/// Killed at any moment, `check --accept` leaves the old or the new report, whole.
#[test]
#[cfg(unix)]
fn an_interrupted_renewal_leaves_one_of_the_two_reports() {
    let at = folder(&[("w.toml", SWEEP)]);
    let report = at.path().join("reports/w");
    succeeded(runner(at.path()).arg("w.toml"));
    let old = contents(&report);
    fs::write(at.path().join("w.toml"), SWEEP.replace("0.2", "0.3")).unwrap();
    let accept = || {
        let mut command = runner(at.path());
        command.args(["check", "w.toml", "--accept"]);
        command.stdout(Stdio::null());
        command
    };
    let started = Instant::now();
    succeeded(&mut accept());
    let whole = started.elapsed();
    let new = contents(&report);
    assert!(old != new);
    let (mut kept, mut renewed) = (0, 0);
    let mut state = 1_u32;
    for _ in 0..200 {
        // Back to the old one, then a kill between the start and a little after the end.
        for (name, bytes) in &old {
            fs::write(report.join(name), bytes).unwrap();
        }
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let share = f64::from(state) / f64::from(u32::MAX);
        let mut child = accept().spawn().unwrap();
        std::thread::sleep(whole.mul_f64(1.1 * share));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = contents(&report);
        if found == old {
            kept += 1;
        } else {
            assert!(found == new, "neither the old nor the new report");
            renewed += 1;
        }
    }
    assert!(
        kept > 0 && kept + renewed == 200,
        "{kept} old reports and {renewed} new ones"
    );
}

/// A directory with a report that deviates, one that does not, and an experiment without one.
fn three() -> tempfile::TempDir {
    let at = folder(&[
        ("good.toml", SWEEP),
        ("moved.toml", SWEEP),
        ("new.toml", SWEEP),
    ]);
    succeeded(runner(at.path()).args(["good.toml", "moved.toml"]));
    let nasty = SWEEP
        .replace("[0.1, 0.2]", "[0.1, 0.3]")
        .replace("formula", "name = \"a|b <i>\", formula");
    fs::write(at.path().join("moved.toml"), nasty).unwrap();
    at
}

#[test]
fn a_check_is_summed_up_in_markdown() {
    let at = three();
    let files = ["good.toml", "moved.toml", "new.toml"];
    let check = |more: &[&str]| {
        let mut command = runner(at.path());
        finished(command.arg("check").args(files).args(more))
    };
    let (code, _, stderr) = check(&["--markdown", "summary.md"]);
    assert_eq!(code, 1, "{stderr}");
    let written = fs::read_to_string(at.path().join("summary.md")).unwrap();
    insta::assert_snapshot!("markdown", written);
    // A second check writes it anew.
    let (code, _, _) = check(&["--accept", "--markdown", "summary.md"]);
    assert_eq!(code, 0);
    let (code, _, _) = check(&["--markdown", "summary.md"]);
    assert_eq!(code, 0);
    let written = fs::read_to_string(at.path().join("summary.md")).unwrap();
    assert!(
        written.contains("\n## 3 experiments passed\n") && written.lines().count() == 8,
        "{written}"
    );
    // Where it cannot be written nothing is run.
    let (code, stdout, stderr) = check(&["--markdown", "nowhere/summary.md"]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert!(
        stderr.contains("failed to write nowhere/summary.md"),
        "{stderr}"
    );
}

#[test]
fn a_job_of_github_has_annotations() {
    let at = three();
    let files = ["good.toml", "moved.toml", "new.toml"];
    let mut command = runner(at.path());
    command
        .env("GITHUB_ACTIONS", "true")
        .arg("check")
        .args(files);
    let (code, stdout, _) = finished(&mut command);
    assert_eq!(code, 1);
    let annotations: Vec<&str> = stdout
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    insta::assert_snapshot!("annotations", annotations.join("\n"));
}
