//! The output of a check for continuous integration.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::runner::{contents, finished, folder, runner, succeeded};

const SWEEP: &str = r#"
epochs = 10
objective = [{ formula = "w^2", start = { w = 1 }, minimum = { value = 0 } }]
optimizer = [{ method = "sgd", learning_rate = [0.1, 0.2] }]

[[expect]]
runs = { learning_rate = 0.1 }
w = { equals = 0.1073741824, rel = 1e-14 }

[[expect]]
status = "epoch limit"

[[derivative]]
formula = "x^2"
at = { x = [1, 2] }
expect = { "df/dx" = { equals = [2, 4] } }
"#;

/// The same with wrong expectations.
fn wrong() -> String {
    SWEEP
        .replace("0.1073741824", "0.2")
        .replace("[2, 4]", "[2, 5]")
}

#[test]
fn each_run_and_each_expectation_is_a_test_case() {
    let nasty = SWEEP.replace("[0.1, 0.2]", "[0.1, 0.3]").replace(
        "formula = \"w^2\"",
        "name = \"<&> \\\" ]]> \\u0007\", formula = \"w^2\"",
    );
    let at = folder(&[
        ("good.toml", SWEEP),
        ("moved.toml", SWEEP),
        ("new.toml", &wrong()),
        ("bad.toml", "epochs = 1"),
    ]);
    succeeded(runner(at.path()).args(["good.toml", "moved.toml", "--quiet"]));
    fs::write(at.path().join("moved.toml"), nasty).unwrap();
    let (code, _, stderr) = finished(runner(at.path()).args([
        "check", "good.toml", "moved.toml", "new.toml", "bad.toml", "--keep-going", "--junit",
        "junit.xml",
    ]));
    assert_eq!(code, 2, "{stderr}");
    let written = fs::read_to_string(at.path().join("junit.xml")).unwrap();
    insta::assert_snapshot!("junit", written);
    // The authors of the format read it back.
    let read = quick_junit::Report::deserialize_from_str(&written).unwrap();
    assert_eq!(read.test_suites.len(), 4);
    for suite in &read.test_suites {
        let mut names: Vec<&str> = suite
            .test_cases
            .iter()
            .map(|case| case.name.as_str())
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "each test case has a unique name");
    }
}

#[test]
fn findings_are_streamed_as_json() {
    let at = folder(&[("w.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    let check = || finished(runner(at.path()).args(["check", "w.toml", "--format", "json"]));
    let (code, printed, _) = check();
    assert_eq!(code, 0);
    let lines: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<&str> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        ["begin", "derivative", "run", "run", "experiment", "summary"]
    );
    fs::write(
        at.path().join("w.toml"),
        wrong().replace("[0.1, 0.2]", "[0.1]"),
    )
    .unwrap();
    let (code, printed, _) = check();
    assert_eq!(code, 1);
    insta::assert_snapshot!("stream", printed);
}

#[test]
fn a_way_that_changed_is_found_though_it_ends_alike() {
    // Two starts that a learning rate of 0.5 leads to 0 in one step.
    let of = |start: &str, more: &str| {
        format!(
            "epochs = 3
            {more}
            objective = [{{ formula = 'c*w^2', constants = {{ c = 1 }}, start = {{ w = {start} }} }}]
            optimizer = [{{ method = 'sgd', learning_rate = 0.5, name = 'half' }}]"
        )
    };
    let at = folder(&[("w.toml", &of("1", ""))]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    // The same settings, as if the library had changed: the recorded path differs.
    let path = at.path().join("reports/w/trajectories.csv");
    let rows = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        rows.replace("0,0,0.5,1.0,2.0,1.0", "0,0,0.5,1.0,2.0,1.5"),
    )
    .unwrap();
    let check = |more: &[&str]| finished(runner(at.path()).args(["check", "w.toml"]).args(more));
    assert_eq!(check(&[]).0, 0, "the ends are the same");
    let (code, printed, _) = check(&["--trajectory"]);
    assert_eq!(code, 1);
    let line = printed.lines().nth(1).unwrap();
    assert_eq!(
        line,
        "  run 0 (c*w^2): w at epoch 0, the first difference: recorded 1.5, now 1.0 \
         (0.5 away, 33.3333%, 2251799813685248 ulps)"
    );
    assert_eq!(check(&["--trajectory", "--abs", "0.5"]).0, 0);
    // The file can set it too; its text then differs, and runs are found by settings.
    let asks = of("1", "check.trajectory = true");
    fs::write(at.path().join("w.toml"), asks).unwrap();
    assert_eq!(check(&[]).0, 1);
    // A damaged row is one.
    fs::write(&path, rows.replace("0,1,0.5", "0,1,half")).unwrap();
    let (code, _, stderr) = check(&[]);
    assert_eq!(code, 3);
    assert!(
        stderr.contains("line 3: column `learning_rate`: expected a number, found `half`"),
        "{stderr}"
    );
    fs::remove_file(&path).unwrap();
    assert_eq!(check(&[]).0, 3);
}

#[test]
fn trajectories_of_many_runs_are_found_in_any_order() {
    let of = |rates: &str| {
        format!(
            "epochs = 50
            check = {{ trajectory = true }}
            objective = [{{ formula = 'w^2 + v^2', start = {{ w = 1, v = {{ from = 1, to = 2, count = 300 }} }} }}]
            optimizer = [{{ method = 'sgd', learning_rate = {rates} }}]"
        )
    };
    let at = folder(&[("w.toml", &of("[0.1, 0.2]"))]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet", "--no-charts"]));
    let check = || finished(runner(at.path()).args(["check", "w.toml"]));
    assert_eq!(check().0, 0);
    fs::write(at.path().join("w.toml"), of("[0.2, 0.1]")).unwrap();
    let (code, printed, _) = check();
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn one_wrong_file_keeps_the_others_from_nothing_if_asked() {
    let at = folder(&[
        ("a.toml", SWEEP),
        ("bad.toml", "epochs = 'x'"),
        ("c.toml", SWEEP),
    ]);
    let files = ["a.toml", "bad.toml", "missing.toml", "c.toml"];
    let run = |more: &[&str]| finished(runner(at.path()).args(files).args(more));
    assert_eq!(run(&["--quiet"]).0, 2);
    assert!(!at.path().join("reports").exists(), "nothing was run");
    let (code, _, stderr) = run(&["--quiet", "--keep-going"]);
    assert_eq!(code, 2);
    assert!(
        stderr
            .ends_with("invalid bad.toml\ninvalid missing.toml\ndone    a.toml\ndone    c.toml\n"),
        "{stderr}"
    );
    let check = |more: &[&str]| finished(runner(at.path()).arg("check").args(files).args(more));
    let (code, stdout, _) = check(&[]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    let (code, stdout, stderr) = check(&["--keep-going"]);
    assert_eq!(code, 2);
    insta::assert_snapshot!("kept_going", stdout);
    assert!(
        stderr.contains("bad.toml:1:10") && stderr.contains("missing.toml"),
        "{stderr}"
    );
    // A report that cannot be read takes precedence over deviations.
    fs::write(at.path().join("reports/a/runs.csv"), "no report\n").unwrap();
    let arguments = ["check", "a.toml", "c.toml", "--keep-going"];
    let (code, stdout, stderr) = finished(runner(at.path()).args(arguments));
    assert_eq!(code, 3, "{stderr}");
    assert_eq!(
        stdout,
        "error   a.toml\nok      c.toml  2 runs, 1 derivative\n1 of 2 experiments failed\n"
    );
    let (code, _, _) = finished(runner(at.path()).args(["check", "a.toml", "c.toml"]));
    assert_eq!(code, 3);
}

#[test]
fn the_first_failed_check_ends_all_if_asked() {
    let at = folder(&[("a.toml", SWEEP), ("b.toml", SWEEP), ("c.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["a.toml", "c.toml", "--quiet"]));
    let arguments = ["check", "a.toml", "b.toml", "c.toml", "--fail-fast"];
    let (code, stdout, _) = finished(runner(at.path()).args(arguments));
    assert_eq!(code, 1);
    let words: Vec<&str> = stdout.lines().map(|line| &line[..7]).collect();
    assert_eq!(
        words,
        ["ok     ", "failed ", "  no re", "skipped", "1 of 3 "]
    );
}

#[test]
fn only_what_failed_is_checked_again() {
    let at = folder(&[("a.toml", SWEEP), ("b.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["a.toml", "b.toml", "--quiet"]));
    let check = |more: &[&str]| {
        let (code, stdout, _) = finished(
            runner(at.path())
                .args(["check", "a.toml", "b.toml"])
                .args(more),
        );
        (code, stdout)
    };
    assert_eq!(check(&[]).0, 0);
    assert_eq!(crate::runner::names(&at.path().join("reports")), ["a", "b"]);
    // Nothing is known to have failed, so all is checked.
    assert_eq!(check(&["--only-failed"]).1.lines().count(), 2);
    // One run of b deviates.
    let runs = at.path().join("reports/b/runs.csv");
    let good = fs::read_to_string(&runs).unwrap();
    let row = good.lines().nth(2).unwrap();
    let moved = good.replace(row, &row.replace("epoch limit", "converged"));
    fs::write(&runs, &moved).unwrap();
    assert_eq!(check(&[]).0, 1);
    let (code, stdout) = check(&["--only-failed"]);
    assert_eq!(code, 1);
    assert!(
        stdout.starts_with(
            "failed  b.toml  1 run, 1 derivative\n  run 1 (learning_rate=0.2): status"
        ),
        "{stdout}"
    );
    let kept = fs::read_to_string(at.path().join("reports/.check/.gitignore")).unwrap();
    assert_eq!(kept, "*\n", "version control does not see it");
    // A failure that is not checked again still counts.
    assert_eq!(check(&["--filter", "run = 0"]).0, 0);
    assert!(
        check(&["--only-failed"])
            .1
            .starts_with("failed  b.toml  1 run")
    );
    fs::write(&runs, &good).unwrap();
    assert_eq!(
        check(&["--only-failed"]),
        (0, "ok      b.toml  1 run, 1 derivative\n".to_owned())
    );
    assert_eq!(crate::runner::names(&at.path().join("reports")), ["a", "b"]);
    assert_eq!(check(&["--only-failed"]).1.lines().count(), 2);
}

#[test]
fn files_that_are_something_else_are_not_replaced() {
    let at = folder(&[
        ("a.toml", SWEEP),
        ("b.toml", SWEEP),
        ("other.toml", SWEEP),
        ("plain", SWEEP),
        ("notes.md", "# Notes\n"),
        ("page.xml", "<html></html>\n"),
        ("empty.xml", ""),
    ]);
    succeeded(runner(at.path()).args(["a.toml", "b.toml", "plain", "--quiet"]));
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.toml", at.path().join("link.xml")).unwrap();
    fs::hard_link(at.path().join("a.toml"), at.path().join("hard.xml")).unwrap();
    let text_files = || {
        let names = crate::runner::names(at.path());
        let names = names.into_iter().filter(|name| name != "reports");
        let read = |name: String| fs::read_to_string(at.path().join(&name)).map(|it| (name, it));
        names.map(read).collect::<Result<Vec<_>, _>>().unwrap()
    };
    let before = text_files();
    let missing = "is a file name missing before it?";
    let is_not = "choose another file, or delete it";
    for (arguments, wanted) in [
        (&["--junit", "other.toml"][..], missing),
        (&["--markdown", "other.toml"], missing),
        (&["--junit", "new.toml"], missing),
        (&["--junit", "a.toml"], missing),
        (&["--junit", "plain"], missing),
        #[cfg(unix)]
        (&["--junit", "link.xml"], missing),
        (&["--junit", "hard.xml"], is_not),
        (&["--junit", "notes.md"], is_not),
        (&["--junit", "page.xml"], is_not),
        (&["--markdown", "notes.md"], is_not),
        (&["--markdown", "page.xml"], is_not),
        (
            &["--junit", "x", "--markdown", "./reports/../x"],
            "names the same file",
        ),
        (
            &["--junit", "empty.xml", "--markdown", "empty.xml"],
            "names the same file",
        ),
    ] {
        let mut command = runner(at.path());
        command
            .args(["check", "a.toml", "b.toml", "plain"])
            .args(arguments);
        let (code, stdout, stderr) = finished(&mut command);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(
            stderr.starts_with("error[usage]: `--") && stderr.contains(wanted),
            "{arguments:?}: {stderr}"
        );
        assert_eq!(text_files(), before, "{arguments:?}");
    }
}

#[test]
fn files_for_findings_are_written_whole_or_not_at_all() {
    let at = folder(&[
        ("a.toml", SWEEP),
        (
            "j.xml",
            "<?xml version=\"1.0\"?>\n<testsuites name=\"older\"/>\n",
        ),
        ("step.md", "# Another step\n"),
    ]);
    succeeded(runner(at.path()).args(["a.toml", "--quiet"]));
    let read = |name: &str| fs::read_to_string(at.path().join(name)).unwrap();
    let check = |more: &[&str]| {
        let mut command = runner(at.path());
        command.env("GITHUB_STEP_SUMMARY", at.path().join("step.md"));
        finished(command.args(["check", "a.toml"]).args(more)).0
    };
    // Where one cannot be written, none is.
    assert_eq!(
        check(&["--junit", "j.xml", "--markdown", "nowhere/s.md"]),
        3
    );
    assert!(read("j.xml").contains("older"));
    assert_eq!(check(&["--junit", "j.xml", "--markdown", "step.md"]), 0);
    assert!(read("j.xml").contains("runner check"));
    // The summary of a job has those of all steps.
    assert_eq!(check(&["--markdown", "step.md"]), 0);
    let step = read("step.md");
    assert!(step.starts_with("# Another step\n"), "{step}");
    assert_eq!(step.matches("## 1 experiment passed").count(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        // The file that a link leads to is written, with the access rights that it had.
        fs::set_permissions(at.path().join("j.xml"), PermissionsExt::from_mode(0o600)).unwrap();
        symlink("j.xml", at.path().join("link.xml")).unwrap();
        assert_eq!(check(&["--junit", "link.xml", "--set", "epochs=11"]), 1);
        let link = fs::symlink_metadata(at.path().join("link.xml")).unwrap();
        let file = fs::metadata(at.path().join("j.xml")).unwrap();
        assert!(link.is_symlink() && file.permissions().mode() & 0o777 == 0o600);
        assert!(read("j.xml").contains("<failure"));
        assert_eq!(
            check(&["--junit", "/dev/null", "--markdown", "/dev/null"]),
            0
        );
        let mut command = runner(at.path());
        let printed = succeeded(command.args(["check", "a.toml", "--junit", "/dev/stdout"]));
        assert!(printed.starts_with("ok ") && printed.contains("\n<testsuites"));
    }
    let left = crate::runner::names(at.path());
    let left = left.iter().filter(|name| name.starts_with('.'));
    assert_eq!(left.count(), 0);
}

#[test]
#[cfg(unix)]
fn what_failed_is_not_kept_through_links() {
    use std::os::unix::fs::symlink;
    let at = folder(&[("a.toml", SWEEP), ("mine", "mine\n")]);
    succeeded(runner(at.path()).args(["a.toml", "--quiet"]));
    let check = |more: &[&str]| finished(runner(at.path()).args(["check", "a.toml"]).args(more)).0;
    let kept = at.path().join("reports/.check");
    fs::create_dir(&kept).unwrap();
    for name in ["failed.json", ".gitignore"] {
        symlink("../../mine", kept.join(name)).unwrap();
    }
    assert_eq!(check(&["--set", "epochs=11"]), 1);
    assert_eq!(
        fs::read_to_string(at.path().join("mine")).unwrap(),
        "mine\n"
    );
    assert!(
        fs::read_to_string(kept.join("failed.json"))
            .unwrap()
            .contains("a.toml")
    );
    assert_eq!(check(&[]), 0);
    // Nor through a link in place of the directory.
    fs::create_dir(at.path().join("directory")).unwrap();
    symlink("../directory", &kept).unwrap();
    assert_eq!(check(&["--set", "epochs=11"]), 1);
    assert!(crate::runner::names(&at.path().join("directory")).is_empty());
}

#[test]
fn checks_at_the_same_time_keep_whole_lists_of_what_failed() {
    let at = folder(&[("a.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["a.toml", "--quiet"]));
    let mut checks: Vec<_> = (11..21)
        .map(|epochs| {
            let mut command = runner(at.path());
            command.args(["check", "a.toml", "--quiet", "--set"]);
            let command = command
                .arg(format!("epochs={epochs}"))
                .stdout(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for check in &mut checks {
        assert_eq!(check.wait().unwrap().code(), Some(1));
    }
    let kept = at.path().join("reports/.check");
    let text = fs::read_to_string(kept.join("failed.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap();
    assert_eq!(crate::runner::names(&kept), [".gitignore", "failed.json"]);
}

#[test]
fn a_report_cannot_be_where_checks_keep_what_failed() {
    let at = folder(&[(".check.toml", SWEEP)]);
    for command in [&[][..], &["check"], &["plan"]] {
        let (code, _, stderr) = finished(runner(at.path()).args(command).arg(".check.toml"));
        assert_eq!(code, 2);
        assert!(stderr.contains("rename the file"), "{stderr}");
    }
}

#[test]
fn a_report_that_is_no_whole_one_is_told() {
    let at = folder(&[("w.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    let report = at.path().join("reports/w");
    let whole = contents(&report);
    let restore = || {
        for (name, bytes) in &whole {
            fs::write(report.join(name), bytes).unwrap();
        }
    };
    let text = |name: &str| fs::read_to_string(report.join(name)).unwrap();
    let told = |name: &str, changed: &str| {
        fs::write(report.join(name), changed).unwrap();
        let before = contents(&report);
        let (code, _, stderr) = finished(runner(at.path()).args(["check", "w.toml"]));
        assert_eq!(code, 3, "{stderr}");
        assert!(contents(&report) == before, "nothing changes on disk");
        restore();
        stderr
    };
    let (runs, head) = (text("runs.csv"), text("report.json"));
    let first_run = runs.lines().take(2).collect::<Vec<_>>().join("\n") + "\n";
    let mut messages = vec![
        // It ends after whole rows, in the middle of one, and of the head.
        told("runs.csv", &first_run),
        told("runs.csv", &runs[..runs.len() - 20]),
        told("report.json", &head[..100]),
        told("runs.csv", ""),
        told("runs.csv", &runs.replace("gradient_norm", "slope")),
        told("runs.csv", &runs.replace("0.1073741", "O.1073741")),
        told("report.json", &head.replace("epochs = 10", "epochs = 11")),
        told("derivative_1.csv", "x,f,df/dx\n1.0,1.0,2.0\n"),
    ];
    // Another version, whose columns were others.
    let older = head.replace(env!("CARGO_PKG_VERSION"), "0.0.9");
    fs::write(report.join("report.json"), older).unwrap();
    messages.push(told("runs.csv", &runs.replace("gradient_norm", "slope")));
    insta::assert_snapshot!("damaged", messages.join("\n"));
    // Line ends of Windows are no damage.
    fs::write(report.join("runs.csv"), runs.replace('\n', "\r\n")).unwrap();
    assert_eq!(finished(runner(at.path()).args(["check", "w.toml"])).0, 0);
    // Bytes that are not text.
    let mut bytes = runs.into_bytes();
    bytes[3] = 0xff;
    fs::write(report.join("runs.csv"), bytes).unwrap();
    let (code, _, stderr) = finished(runner(at.path()).args(["check", "w.toml"]));
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("runs.csv"), "{stderr}");
}

#[test]
fn a_report_from_before_the_count_of_runs_is_read() {
    let at = folder(&[("w.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    let path = at.path().join("reports/w/report.json");
    let head = fs::read_to_string(&path).unwrap();
    let without = head.replace("  \"run_count\": 2,\n", "");
    assert!(without.len() < head.len());
    fs::write(&path, without).unwrap();
    assert_eq!(finished(runner(at.path()).args(["check", "w.toml"])).0, 0);
}

/// A directory with a report of four runs; two have changed although the file has not.
fn moved() -> tempfile::TempDir {
    let four = SWEEP.replace("[0.1, 0.2]", "[0.1, 0.2, 0.3, 0.4]");
    let at = folder(&[("w.toml", &four)]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    let report = at.path().join("reports/w");
    for (file, of_run) in [("runs.csv", "{run},"), ("trajectories.csv", "{run},10,")] {
        let text = fs::read_to_string(report.join(file)).unwrap();
        let lines = text.lines().map(|line| {
            let is_moved = ["1", "3"]
                .iter()
                .any(|run| line.starts_with(&of_run.replace("{run}", run)));
            // The loss ends otherwise.
            if is_moved {
                line.replace("e-05", "e-04")
                    .replace("e-14", "e-13")
                    .replace("0.0000365", "0.00004")
                    + "\n"
            } else {
                line.to_owned() + "\n"
            }
        });
        let lines: String = lines.collect();
        assert_ne!(lines, text, "{file}");
        fs::write(report.join(file), lines).unwrap();
    }
    at
}

#[test]
fn only_the_chosen_runs_are_renewed() {
    let at = moved();
    let report = at.path().join("reports/w");
    let check = |more: &[&str]| {
        let (code, stdout, stderr) =
            finished(runner(at.path()).args(["check", "w.toml"]).args(more));
        (code, stdout + &stderr)
    };
    let deviating = |printed: &str| {
        let runs = (0..4).filter(|run| printed.contains(&format!("run {run} (")));
        runs.collect::<Vec<u64>>()
    };
    let (code, printed) = check(&[]);
    assert_eq!((code, deviating(&printed)), (1, vec![1, 3]), "{printed}");
    let before = contents(&report);
    // After a change of the file, the report is updated as a whole or not at all.
    let text = fs::read_to_string(at.path().join("w.toml")).unwrap();
    fs::write(at.path().join("w.toml"), format!("{text}# a remark\n")).unwrap();
    let (code, printed) = check(&["--accept", "--filter", "run = 1"]);
    assert_eq!(code, 1);
    assert!(
        printed.contains("not updated: the file has changed since"),
        "{printed}"
    );
    assert!(contents(&report) == before);
    fs::write(at.path().join("w.toml"), &text).unwrap();
    let (code, printed) = check(&["--accept", "--filter", "run = 1"]);
    assert_eq!(code, 0);
    assert!(
        printed.starts_with("updated w.toml  1 run, 1 derivative\n"),
        "{printed}"
    );
    // The other run is unchanged.
    let (code, printed) = check(&["--trajectory"]);
    assert_eq!((code, deviating(&printed)), (1, vec![3]), "{printed}");
    let row = |files: &[(String, Vec<u8>)], number: usize| {
        let (_, bytes) = files.iter().find(|(name, _)| name == "runs.csv").unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        text.lines().nth(number + 1).unwrap().to_owned()
    };
    let after = contents(&report);
    assert_eq!(row(&after, 3), row(&before, 3));
    assert_ne!(row(&after, 1), row(&before, 1));
    // With the last one it is what a run of the whole file writes.
    assert_eq!(check(&["--accept", "--filter", "run = 3"]).0, 0);
    let renewed = contents(&report);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    assert!(contents(&report) == renewed, "not a byte is different");
}

#[test]
fn a_table_that_moved_is_not_renewed_with_runs() {
    let at = moved();
    let table = at.path().join("reports/w/derivative_1.csv");
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replace("4.0,4.0", "4.0,4.5")).unwrap();
    let arguments = ["check", "w.toml", "--accept", "--filter", "run = 1"];
    let (code, stdout, _) = finished(runner(at.path()).args(arguments));
    assert_eq!(code, 1);
    assert!(
        stdout.contains("not updated: there are differences outside the selected runs"),
        "{stdout}"
    );
}

#[test]
fn runs_that_moved_are_drawn_beside_what_was_recorded() {
    let at = moved();
    let arguments = ["check", "w.toml", "--show-charts", "moved"];
    let (code, stdout, stderr) = finished(runner(at.path()).args(arguments));
    assert_eq!(code, 1, "{stderr}");
    assert!(stdout.contains("  charts of 2 runs: moved\n"), "{stdout}");
    let drawn = crate::runner::names(&at.path().join("moved"));
    let expected = ["w-run-1", "w-run-1-apart", "w-run-3", "w-run-3-apart"];
    let mut expected: Vec<String> = expected
        .iter()
        .flat_map(|name| [format!("{name}.png"), format!("{name}.svg")])
        .collect();
    expected.sort();
    assert_eq!(drawn, expected);
    let svg = fs::read_to_string(at.path().join("moved/w-run-1.svg")).unwrap();
    for part in [
        "loss as recorded and now", "run 1 (learning_rate=0.2)", ">recorded<", ">now<",
    ] {
        assert!(svg.contains(part), "{part}");
    }
}
