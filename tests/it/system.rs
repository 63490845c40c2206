//! Missing system resources: the reader of results, space for them, threads.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::Command;

use crate::runner::{contents, finished, folder, names, runner, succeeded};

const SWEEP: &str = "
epochs = 10
objective = [{ formula = 'w^2', start = { w = 1 } }]
optimizer = [{ method = 'sgd', learning_rate = [0.1, 0.2] }]

[[derivative]]
formula = 'x^2'
at = { x = [1, 2] }
";

/// Runs to the end without a reader of the results.
fn unread(command: &mut Command) -> (i32, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (code, _, stderr) = finished(command.stdout(writer));
    (code, stderr)
}

#[test]
fn reports_are_whole_without_a_reader() {
    for format in ["text", "json"] {
        let at = folder(&[("a.toml", SWEEP), ("b.toml", SWEEP)]);
        let run = |out: &str| {
            let mut command = runner(at.path());
            command.args(["a.toml", "b.toml", "--format", format, "--out", out]);
            command
        };
        succeeded(&mut run("read"));
        assert_eq!(unread(&mut run("unread")), (0, String::new()));
        assert_eq!(names(&at.path().join("unread")), ["a", "b"], "{format}");
        for report in ["a", "b"] {
            let [read, unread] =
                ["read", "unread"].map(|out| contents(&at.path().join(out).join(report)));
            assert!(read == unread, "{report} as {format}");
        }
    }
}

#[test]
fn checks_end_as_they_would_with_a_reader() {
    let at = folder(&[("a.toml", SWEEP), ("b.toml", SWEEP), ("good.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["a.toml", "b.toml", "good.toml", "--quiet"]));
    for file in ["a.toml", "b.toml"] {
        fs::write(at.path().join(file), SWEEP.replace("10", "20")).unwrap();
    }
    let written = ["j.xml", "s.md", "reports/.check/failed.json"].map(|file| at.path().join(file));
    for format in ["text", "json"] {
        let check = || {
            let mut command = runner(at.path());
            command.args(["check", "a.toml", "good.toml", "b.toml", "--format", format]);
            command.args(["--junit", "j.xml", "--markdown", "s.md"]);
            command
        };
        assert_eq!(finished(&mut check()).0, 1);
        let read = written
            .clone()
            .map(|file| fs::read_to_string(file).unwrap());
        written
            .iter()
            .for_each(|file| fs::remove_file(file).unwrap());
        assert_eq!(unread(&mut check()), (1, String::new()));
        let unread = written
            .clone()
            .map(|file| fs::read_to_string(file).unwrap());
        assert_eq!(read, unread);
        assert!(read.iter().all(|text| text.contains("b.toml")));
    }
    let (code, stderr) = unread(runner(at.path()).args(["check", "good.toml"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
}

#[test]
fn what_is_only_printed_may_end_with_its_reader() {
    let rates = "{ from = 0.1, to = 0.2, count = 3_000_000 }";
    let at = folder(&[("many.toml", &SWEEP.replace("[0.1, 0.2]", rates))]);
    for arguments in [
        &["plan", "many.toml"][..],
        &["plan", "many.toml", "--format", "json"],
        &["plan", "many.toml", "--format", "csv"],
        &["functions"],
        &["schema"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let ended = unread(runner(at.path()).args(arguments));
        assert_eq!(ended, (0, String::new()), "{arguments:?}");
    }
}

#[test]
fn a_watch_ends_after_a_run_that_nobody_reads() {
    let at = folder(&[("w.toml", SWEEP)]);
    // Printing the first results finds no reader.
    let ended = unread(runner(at.path()).args(["watch", "w.toml"]));
    assert_eq!(ended, (0, String::new()));
    assert_eq!(names(&at.path().join("reports")), ["w"]);
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn results_without_room_are_an_error_that_leaves_nothing() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("skipped: there is no /dev/full");
        return;
    };
    let at = folder(&[("w.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    for arguments in [
        &["w.toml"][..],
        &["w.toml", "--format", "json"],
        &["check", "w.toml", "--junit", "j.xml"],
        &["check", "w.toml", "--format", "json"],
        &["plan", "w.toml"],
        &["show", "reports/w"],
        &["report", "reports/w"],
        &["man"],
        &["--help"],
        &["--version"],
    ] {
        let mut command = runner(at.path());
        command.args(arguments).stdout(full.try_clone().unwrap());
        let (code, _, stderr) = finished(&mut command);
        assert_eq!(code, 3, "{arguments:?}");
        assert!(
            stderr.starts_with("error: failed to write to standard output: ")
                && stderr.lines().count() == 1,
            "{arguments:?}: {stderr}"
        );
        assert_eq!(names(at.path()), ["reports", "w.toml"], "{arguments:?}");
        assert_eq!(names(&at.path().join("reports")), ["w"], "{arguments:?}");
    }
}

#[test]
fn standard_streams_may_be_closed() {
    let at = folder(&[("w.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    for closed in ["1>&-", "2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"] {
        for (arguments, code) in [
            (&["w.toml"][..], 0),
            (&["w.toml", "--format", "json"], 0),
            (&["check", "w.toml"], 0),
            (&["check", "w.toml", "--set", "epochs=20"], 1),
            (&["missing.toml"], 2),
            (&["--help"], 0),
        ] {
            let mut command = Command::new("sh");
            let script = format!("exec \"$0\" \"$@\" {closed}");
            command.args(["-c", &script, env!("CARGO_BIN_EXE_runner")]);
            command.current_dir(at.path()).args(arguments);
            assert_eq!(finished(&mut command).0, code, "{arguments:?} {closed}");
        }
    }
}

/// The command on a system that refuses every thread but the first: no thread can have a stack
/// of this size.
fn without_threads(at: &Path) -> Command {
    let mut command = runner(at);
    command.env("RUST_MIN_STACK", "1000000000000000");
    command
}

#[test]
fn without_threads_work_is_refused_with_the_way_out() {
    let at = folder(&[("w.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    for arguments in [
        &["w.toml"][..],
        &["w.toml", "--threads", "1"],
        &["check", "w.toml", "--junit", "j.xml"],
        &["watch", "w.toml"],
        &["report", "reports/w"],
        &["plan", "w.toml", "--estimate"],
    ] {
        let (code, stdout, stderr) = finished(without_threads(at.path()).args(arguments));
        assert_eq!((code, stdout.as_str()), (3, ""), "{arguments:?}: {stderr}");
        assert!(
            stderr.starts_with("error: failed to start a thread: ")
                && stderr.contains("`ulimit -u`")
                && stderr.lines().count() == 1,
            "{arguments:?}: {stderr}"
        );
        assert_eq!(names(at.path()), ["reports", "w.toml"], "{arguments:?}");
        assert_eq!(names(&at.path().join("reports")), ["w"], "{arguments:?}");
    }
}

#[test]
fn what_computes_no_runs_needs_no_threads() {
    let at = folder(&[("w.toml", SWEEP)]);
    succeeded(runner(at.path()).args(["w.toml", "--quiet"]));
    for arguments in [
        &["plan", "w.toml", "--filter", "run = 0"][..],
        &["show", "reports/w"],
        &["functions", "rosenbrock"],
    ] {
        let with = succeeded(runner(at.path()).args(arguments));
        assert_eq!(succeeded(without_threads(at.path()).args(arguments)), with);
    }
}
