//! Long work that fails: an interruption, a full disk. The older report is then untouched, and
//! nothing unfinished is left.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::runner::{
    contents, ended, finished, folder, names, runner, send, skipped, started, succeeded,
};

/// The report of a descent of one epoch, in the place of that of a longer one.
fn with_an_older_report(text: &str) -> TempDir {
    let at = folder(&[("long.toml", SHORT)]);
    succeeded(runner(at.path()).args(["long.toml", "--quiet"]));
    std::fs::write(at.path().join("long.toml"), text).unwrap();
    at
}

const SHORT: &str = "
epochs = 1
objective = [{ formula = 'x^2', start = { x = 1 } }]
optimizer = [{ method = 'sgd', learning_rate = 0.1 }]
";

/// Runs that never converge, for longer than anyone waits.
fn endless(start: &str, more: &str) -> String {
    format!(
        "
epochs = 9_000_000_000_000
objective = [{{ formula = 'cos(3*x)', start = {{ x = {start} }} }}]
optimizer = [{{ method = 'sgd', learning_rate = 1 }}]
{more}"
    )
}

/// Whether the report is being written.
fn has_begun(out: &Path, file: &str) -> bool {
    let entries = std::fs::read_dir(out).into_iter().flatten();
    let hidden = entries.filter_map(Result::ok).filter(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().ends_with(".tmp")
    });
    hidden
        .into_iter()
        .any(|entry| entry.path().join("new").join(file).exists())
}

#[track_caller]
fn check_interruption(signal: &str, text: &str, arguments: &[&str]) {
    let at = with_an_older_report(text);
    let out = at.path().join("reports");
    let before = contents(&out.join("long"));
    let is_run = arguments.first() != Some(&"check");
    let mut command = runner(at.path());
    command.args(arguments).args(["long.toml", "--quiet"]);
    let child = started(&mut command, || !is_run || has_begun(&out, "report.json"));
    // The signal is handled from the first file on; some epochs are made meanwhile.
    std::thread::sleep(Duration::from_millis(400));
    send(signal, &child);
    let (status, stderr, time) = ended(child);
    assert_eq!(status.code(), Some(130), "{stderr}");
    assert_eq!(stderr, "error: interrupted\n");
    // It takes some hundredths of a second; but machines of tests are busy.
    assert!(time < Duration::from_secs(5), "{time:?}");
    assert_eq!(names(at.path()), ["long.toml", "reports"]);
    assert_eq!(names(&out), ["long"], "nothing is left");
    assert!(contents(&out.join("long")) == before, "the older report");
}

#[test]
fn a_long_run_can_be_interrupted() {
    check_interruption("INT", &endless("0.3", ""), &[]);
}

#[test]
fn a_block_of_long_runs_can_be_asked_to_end() {
    let many = endless(
        "{ from = 0.1, to = 0.7, count = 300 }",
        "record = { points = 2 }",
    );
    check_interruption("TERM", &many, &["--threads", "2"]);
}

#[test]
fn recording_every_epoch_can_be_interrupted() {
    let rows = endless("0.3", "record = { every = 1_000 }");
    check_interruption("INT", &rows, &["--threads", "1"]);
}

#[test]
fn a_check_can_be_interrupted() {
    let arguments = ["check", "--junit", "j.xml", "--markdown", "s.md"];
    check_interruption("INT", &endless("0.3", ""), &arguments);
}

#[test]
fn a_table_of_derivatives_can_be_interrupted() {
    let factors = (0..2_000).map(|number| format!("tanh(x*y + {number})"));
    let formula = factors.collect::<Vec<_>>().join(" * ");
    let table = format!(
        "
[[derivative]]
formula = '{formula}'
at = {{ x = {{ from = 0, to = 1, count = 100_000 }}, y = 2 }}
order = 2"
    );
    check_interruption("INT", &table, &[]);
}

/// An experiment with charts that take seconds to draw.
fn many_charts() -> String {
    let charts = (0..6).map(|number| format!("[[chart]]\nfile = 'chart_{number}'\n"));
    format!(
        "
epochs = 1_000
[[objective]]
formula = 'cos(3*x)'
start = {{ x = {{ from = 0.1, to = 0.7, count = 20 }} }}
[[optimizer]]
method = 'sgd'
learning_rate = 1
{}",
        charts.collect::<String>()
    )
}

#[test]
fn charts_can_be_interrupted() {
    let at = with_an_older_report(&many_charts());
    let out = at.path().join("reports");
    let before = contents(&out.join("long"));
    let is_drawn = || (0..6).any(|number| has_begun(&out, &format!("chart_{number}.svg")));
    let child = started(runner(at.path()).args(["long.toml", "--quiet"]), is_drawn);
    send("INT", &child);
    let (status, stderr, time) = ended(child);
    assert_eq!(
        (status.code(), &*stderr),
        (Some(130), "error: interrupted\n")
    );
    assert!(time < Duration::from_secs(5), "{time:?}");
    assert_eq!(names(&out), ["long"], "nothing is left");
    assert!(contents(&out.join("long")) == before, "the older report");
}

#[test]
fn a_second_interruption_leaves_nothing_either() {
    let at = with_an_older_report(&endless("0.3", ""));
    let out = at.path().join("reports");
    let before = contents(&out.join("long"));
    let mut command = runner(at.path());
    command.args(["long.toml", "--quiet"]);
    let child = started(&mut command, || has_begun(&out, "report.json"));
    send("INT", &child);
    // The first one may have ended it already.
    let process = child.id().to_string();
    let _ = Command::new("kill").args(["-s", "INT", &process]).output();
    let (status, stderr, _) = ended(child);
    assert_eq!(status.code(), Some(130));
    assert!(stderr.starts_with("error: interrupted\n"), "{stderr}");
    assert_eq!(names(&out), ["long"], "nothing is left");
    assert!(contents(&out.join("long")) == before, "the older report");
}

#[test]
#[cfg(target_os = "linux")]
fn threads_are_not_started_beyond_the_work_for_them() {
    let one = endless("0.3", "");
    let many = endless("{ from = 1, to = 2, count = 9 }", "");
    for (text, threads, variable, wanted) in [
        (&one, Some("1000"), "2", 1),
        (&many, Some("4"), "2", 4),
        (&many, Some("1000"), "2", 9),
        (&many, None, "3", 3),
    ] {
        for check in [false, true] {
            let at = with_an_older_report(text);
            let mut command = runner(at.path());
            if check {
                command.arg("check");
            }
            command.args(["long.toml", "--quiet"]);
            command.args(threads.map(|threads| format!("--threads={threads}")));
            command.env("RAYON_NUM_THREADS", variable);
            let out = at.path().join("reports");
            let child = started(&mut command, || check || has_begun(&out, "report.json"));
            if check {
                std::thread::sleep(Duration::from_millis(400));
            }
            let tasks = names(&Path::new("/proc").join(child.id().to_string()).join("task"));
            send("INT", &child);
            assert_eq!(ended(child).0.code(), Some(130));
            // Two more: the first one, and the one that waits for an interruption.
            assert_eq!(tasks.len(), wanted + 2, "{threads:?} {check}");
        }
    }
}

/// The command with files limited to `blocks` blocks of 512 bytes: writing more fails as on a
/// full disk. `None` if the shell cannot do that.
fn with_small_files(at: &Path, blocks: u32) -> Option<Command> {
    let script = format!("trap '' XFSZ; ulimit -f {blocks} && exec \"$0\" \"$@\"");
    let can = Command::new("sh")
        .args(["-c", &script, "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !can {
        return None;
    }
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_runner")])
        .current_dir(at)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE");
    Some(command)
}

#[test]
fn a_full_disk_leaves_the_older_report_and_names_the_file() {
    // Each makes another file the first that is too large.
    let record = |text: &str, record: &str| format!("{text}{record}");
    let sweep = "
epochs = 100
objective = [{ formula = 'x^2', start = { x = { from = 1, to = 2, count = 2_000 } } }]
optimizer = [{ method = 'sgd', learning_rate = 0.1 }]
";
    let one = "
epochs = 10_000
objective = [{ formula = 'cos(3*x)', start = { x = 0.3 } }]
optimizer = [{ method = 'sgd', learning_rate = 1 }]
";
    let many = "
epochs = 1
objective = [{ formula = 'x^2', start = { x = { from = 1, to = 2, count = 2_000 } } }]
optimizer = [{ method = 'sgd', learning_rate = 0.1, name = 'a name that is longer than the rows of trajectories' }]
";
    let few = "
epochs = 1
description = '''LONG'''
objective = [{ formula = 'x^2', start = { x = 1 } }]
optimizer = [{ method = 'sgd', learning_rate = 0.1 }]
";
    let table = "
[[derivative]]
formula = 'sin(x)'
at = { x = { from = 0, to = 1, count = 10_000 } }
";
    for (file, text, blocks) in [
        ("trajectories.csv", record(sweep, ""), 400),
        ("trajectories.csv", record(one, ""), 100),
        // A row of trajectories is short compared with one of runs.csv.
        ("report.json", record(many, "record = { points = 2 }"), 700),
        (
            "report.json",
            few.replace("LONG", &"long ".repeat(40_000)),
            100,
        ),
        ("derivative_1.csv", table.to_owned(), 100),
        // A chart is larger than the numbers of a few epochs.
        ("x_over_epoch.png", SHORT.replace("1\n", "10\n"), 16),
    ] {
        let at = with_an_older_report(&text);
        let out = at.path().join("reports");
        let before = contents(&out.join("long"));
        let Some(mut command) = with_small_files(at.path(), blocks) else {
            return skipped("`sh` cannot limit the size of files here");
        };
        let (code, stdout, stderr) = finished(command.arg("long.toml"));
        assert_eq!((code, &*stdout), (3, ""), "{file}: {stderr}");
        let is_told =
            stderr.starts_with("error: failed to write ") && stderr.contains(&format!("{file}: "));
        assert!(is_told, "{file}: {stderr}");
        assert_eq!(names(&out), ["long"], "nothing is left");
        assert!(contents(&out.join("long")) == before, "the older report");
    }
}
