//! Publishing of reports: complete, without losing the user's own files, whichever process is
//! killed, and one process at a time.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::runner::{
    ended, finished, folder, full, names, runner, send, skipped, started, succeeded,
};

/// Two texts of one experiment with reports that differ in every file.
const TEXTS: [&str; 2] = [
    "
title = 'one'
epochs = 10
objective = [{ formula = 'w^2', start = { w = 1 } }]
optimizer = [{ method = 'sgd', learning_rate = 0.1 }]
chart = [{ y = 'w' }]
[[derivative]]
formula = 'x^2'
at = { x = { from = 0, to = 1, count = 5 } }
",
    "
title = 'two'
epochs = 12
objective = [{ formula = 'w^2', start = { w = 2 } }]
optimizer = [{ method = 'sgd', learning_rate = 0.2 }]
chart = [{ y = 'w' }]
[[derivative]]
formula = 'x^2'
at = { x = { from = 1, to = 2, count = 5 } }
",
];

/// A directory with `exp.toml` of the first text and its report, which has files of the user.
fn recorded() -> TempDir {
    let at = folder(&[("exp.toml", TEXTS[0])]);
    succeeded(runner(at.path()).args(["exp.toml", "-q"]));
    let report = at.path().join("reports/exp");
    fs::write(report.join("notes.md"), "mine").unwrap();
    fs::write(report.join(".hidden"), "mine").unwrap();
    fs::create_dir_all(report.join("share/deep")).unwrap();
    fs::write(report.join("share/deep/thesis.tex"), "mine").unwrap();
    symlink("share/deep", report.join("link")).unwrap();
    at
}

/// All files below a directory, with their contents; for a link its target.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            let bytes = if kind.is_symlink() {
                fs::read_link(&path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else if kind.is_dir() {
                folders.push(path);
                continue;
            } else {
                fs::read(&path).unwrap()
            };
            files.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
        }
    }
    files
}

fn is_own(path: &Path) -> bool {
    ["notes.md", ".hidden", "link"]
        .iter()
        .any(|own| path == Path::new(own))
        || path.starts_with("share")
}

/// The user's own files, and the files of the report.
fn divided(report: &Path) -> (BTreeMap<PathBuf, Vec<u8>>, BTreeMap<PathBuf, Vec<u8>>) {
    tree(report).into_iter().partition(|(path, _)| is_own(path))
}

/// The reports of both texts, as they are without anything else.
fn reports() -> [BTreeMap<PathBuf, Vec<u8>>; 2] {
    TEXTS.map(|text| {
        let at = folder(&[("exp.toml", text)]);
        succeeded(runner(at.path()).args(["exp.toml", "-q"]));
        tree(&at.path().join("reports/exp"))
    })
}

fn write_text(at: &Path, place: usize) {
    fs::write(at.join("exp.toml"), TEXTS[place]).unwrap();
}

#[test]
fn what_is_somebodys_own_stays_whatever_replaces_the_report() {
    let at = recorded();
    let (report, [one, two]) = (at.path().join("reports/exp"), reports());
    let own = divided(&report).0;
    assert_eq!(own.len(), 4);
    let ways: [(&[&str], usize, &BTreeMap<_, _>); 4] = [
        (&["exp.toml"], 1, &two),
        (&["check", "exp.toml", "--accept"], 0, &one),
        (&["report", "reports/exp"], 0, &one),
        (&["exp.toml", "--no-charts"], 1, &two),
    ];
    for (arguments, text, expected) in ways {
        write_text(at.path(), text);
        succeeded(runner(at.path()).args(arguments));
        let (now, files) = divided(&report);
        assert!(now == own, "{arguments:?}");
        let is_expected = |name: &Path| expected.get(name) == files.get(name);
        assert!(is_expected(Path::new("runs.csv")), "{arguments:?}");
        if !arguments.contains(&"--no-charts") {
            assert!(files == *expected, "{arguments:?}");
        }
        assert_eq!(names(&at.path().join("reports")), ["exp"]);
    }
}

#[test]
fn what_could_not_stay_is_told_before_anything_is_run() {
    let at = recorded();
    let report = at.path().join("reports/exp");
    // A file of the user with the name of a chart that comes later.
    fs::write(report.join("loss_over_epoch.png"), "mine").unwrap();
    let text = TEXTS[0].replace("{ y = 'w' }", "{ y = 'w' }, { y = 'loss' }");
    fs::write(at.path().join("exp.toml"), text).unwrap();
    let before = tree(at.path());
    let (code, stdout, stderr) = finished(runner(at.path()).arg("exp.toml"));
    assert_eq!((code, &*stdout), (3, ""));
    assert_eq!(
        stderr,
        "error: reports/exp/loss_over_epoch.png is not a file of the recorded report, and the new \
         one has a file of that name: move it elsewhere, or choose another directory with --out\n"
    );
    assert!(tree(at.path()) == before);
}

#[test]
fn what_only_looks_like_a_report_is_left_alone() {
    let at = folder(&[("exp.toml", TEXTS[0])]);
    let report = at.path().join("reports/exp");
    fs::create_dir_all(&report).unwrap();
    for (name, text) in [
        ("report.json", ""),
        ("report.json", "{}"),
        ("report.json", "[1, 2]"),
        ("a.csv", "1"),
    ] {
        fs::write(report.join(name), text).unwrap();
        let before = tree(at.path());
        let (code, _, stderr) = finished(runner(at.path()).arg("exp.toml"));
        assert_eq!(code, 3, "{stderr}");
        assert!(
            stderr.contains("reports/exp exists and is not a report"),
            "{stderr}"
        );
        assert!(tree(at.path()) == before);
        fs::remove_file(report.join(name)).unwrap();
    }
    // A report that a merge has damaged is replaced, and the user's own files stay.
    succeeded(runner(at.path()).args(["exp.toml", "-q"]));
    let text = fs::read_to_string(report.join("report.json")).unwrap();
    let text = text.replacen("  \"file\"", "<<<<<<< ours\n  \"file\"", 1);
    fs::write(report.join("report.json"), text).unwrap();
    fs::write(report.join("notes.md"), "mine").unwrap();
    succeeded(runner(at.path()).args(["exp.toml", "-q"]));
    let (own, files) = divided(&report);
    assert_eq!(own.len(), 1);
    assert!(files == reports()[0]);
}

#[test]
fn what_has_the_name_of_a_temporary_folder_is_somebodys() {
    for name in [".exp.tmp", ".exp.tmp-new", ".exp.tmp-old"] {
        for kind in ["file", "directory", "link"] {
            let at = recorded();
            let path = at.path().join("reports").join(name);
            match kind {
                "file" => fs::write(&path, "mine").unwrap(),
                "directory" => {
                    fs::create_dir(&path).unwrap();
                    fs::write(path.join("runs.csv"), "mine").unwrap();
                }
                _ => symlink("exp", &path).unwrap(),
            }
            let before = tree(at.path());
            let (code, _, stderr) = finished(runner(at.path()).arg("exp.toml"));
            assert_eq!(code, 3, "{stderr}");
            assert_eq!(
                stderr,
                format!(
                    "error: failed to write reports/{name}: it exists and is not the temporary \
                     directory of a report: rename it\n"
                )
            );
            succeeded(runner(at.path()).args(["show", "reports/exp"]));
            assert!(tree(at.path()) == before, "{name} {kind}");
        }
    }
}

/// The remains of a killed process, made by hand: `left` with the report of text `report` and
/// with the files being moved.
fn killed(left: &str, report: usize, on_the_way: &[&str]) -> TempDir {
    let at = recorded();
    let reports_folder = at.path().join("reports");
    let work = reports_folder.join(".exp.tmp");
    fs::create_dir_all(work.join("new")).unwrap();
    fs::write(work.join("lock"), "process 1 on another").unwrap();
    fs::write(work.join(".gitignore"), "*\n").unwrap();
    let beside = reports_folder.join(format!(".exp.tmp{left}"));
    for (name, bytes) in &reports()[report] {
        let folder = if left.is_empty() {
            work.join("new")
        } else {
            beside.clone()
        };
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    }
    for own in on_the_way {
        fs::rename(reports_folder.join("exp").join(own), beside.join(own)).unwrap();
    }
    at
}

#[test]
fn what_a_killed_process_left_is_finished_or_undone_by_the_next_one() {
    let [one, two] = reports();
    let own = divided(&recorded().path().join("reports/exp")).0;
    let all = ["notes.md", ".hidden", "share", "link"];
    let cases: [(&str, usize, &[&str], bool); 6] = [
        // While the files were written.
        ("", 1, &[], false),
        // While the user's own files moved to the new report.
        ("-new", 1, &all[..2], false),
        ("-new", 1, &all, false),
        // After the exchange: the previous one is left.
        ("-new", 1, &["share"], false),
        // Between two renames, where there is no exchange.
        ("-new", 1, &all, true),
        ("-old", 1, &[], false),
    ];
    for (left, report, on_the_way, is_away) in cases {
        for next in [
            &["exp.toml", "-q"] as &[&str],
            &["check", "exp.toml"],
            &["report", "reports/exp"],
            &["show", "reports/exp"],
        ] {
            let at = killed(left, report, on_the_way);
            let reports_folder = at.path().join("reports");
            if is_away {
                fs::rename(
                    reports_folder.join("exp"),
                    reports_folder.join(".exp.tmp-old"),
                )
                .unwrap();
            }
            let (code, stdout, stderr) = finished(runner(at.path()).args(next));
            assert_eq!(code, 0, "{left} {on_the_way:?} {next:?}: {stderr}{stdout}");
            // A reader does not remove a half-written report.
            if left.is_empty() && ["check", "show"].contains(&next[0]) {
                succeeded(runner(at.path()).args(["exp.toml", "-q"]));
            }
            let (now, files) = divided(&reports_folder.join("exp"));
            assert!(
                now == own,
                "{left} {on_the_way:?} {next:?}: {:?}",
                now.keys()
            );
            assert!(files == one, "{left} {on_the_way:?} {next:?}");
            assert_eq!(
                names(&reports_folder),
                ["exp"],
                "{left} {on_the_way:?} {next:?}"
            );
        }
    }
    // A first report that was whole when its process was killed.
    let at = killed("-new", 1, &[]);
    write_text(at.path(), 1);
    fs::remove_dir_all(at.path().join("reports/exp")).unwrap();
    succeeded(runner(at.path()).args(["check", "exp.toml"]));
    assert!(tree(&at.path().join("reports/exp")) == two);
}

#[test]
fn nothing_is_written_or_removed_through_a_link() {
    let mine = folder(&[("notes.md", "mine")]);
    fs::create_dir(mine.path().join("directory")).unwrap();
    fs::write(mine.path().join("directory/a.txt"), "mine").unwrap();
    for name in [".exp.tmp-new", ".exp.tmp-old", "new", ".gitignore"] {
        let at = killed("", 1, &[]);
        // Another report of mine, with all files that a report lists.
        let (work, other_at) = (at.path().join("reports/.exp.tmp"), recorded());
        let other = other_at.path().join("reports/exp");
        let before = (tree(&other), tree(mine.path()));
        match name {
            "new" => {
                fs::remove_dir_all(work.join("new")).unwrap();
                symlink(mine.path().join("directory"), work.join("new")).unwrap();
            }
            ".gitignore" => {
                fs::remove_file(work.join(name)).unwrap();
                symlink(mine.path().join("notes.md"), work.join(name)).unwrap();
            }
            _ => symlink(&other, at.path().join("reports").join(name)).unwrap(),
        }
        let (code, stdout, stderr) = finished(runner(at.path()).args(["exp.toml", "-q"]));
        assert!([0, 3].contains(&code), "{name}: {stderr}{stdout}");
        assert!((tree(&other), tree(mine.path())) == before, "{name}");
        assert!(
            divided(&at.path().join("reports/exp")).1 == reports()[0],
            "{name}"
        );
    }
}

/// Runs that never converge.
const ENDLESS: &str = "
epochs = 9_000_000_000_000
objective = [{ formula = 'cos(3*x)', start = { x = 0.3 } }]
optimizer = [{ method = 'sgd', learning_rate = 1 }]
";

#[test]
fn a_report_that_is_being_written_is_hidden_from_version_control_and_waited_for() {
    let at = recorded();
    let report = at.path().join("reports/exp");
    fs::set_permissions(&report, fs::Permissions::from_mode(0o700)).unwrap();
    let before = tree(&report);
    let endless = folder(&[("exp.toml", ENDLESS)]);
    let work = at.path().join("reports/.exp.tmp");
    let mut first = runner(endless.path());
    first
        .args(["exp.toml", "-q", "--out"])
        .arg(at.path().join("reports"));
    let first = started(&mut first, || work.join("new/report.json").exists());
    assert_eq!(fs::read_to_string(work.join(".gitignore")).unwrap(), "*\n");
    let holder = fs::read_to_string(work.join("lock")).unwrap();
    assert!(
        holder.starts_with(&format!("process {} on ", first.id())),
        "{holder}"
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!([mode(&work), mode(&work.join("new"))], [0o700; 2]);
    // Readers do not wait.
    succeeded(runner(at.path()).args(["check", "exp.toml"]));
    succeeded(runner(at.path()).args(["show", "reports/exp"]));
    let second = started(runner(at.path()).args(["exp.toml", "-q"]), || true);
    std::thread::sleep(Duration::from_millis(600));
    assert!(tree(&at.path().join("reports/exp")) == before);
    send("KILL", &first);
    ended(first);
    let (status, stderr, _) = ended(second);
    assert!(status.success(), "{stderr}");
    assert!(tree(&at.path().join("reports/exp")) == before);
    assert_eq!(names(&at.path().join("reports")), ["exp"]);
}

#[test]
fn a_writer_that_waits_too_long_says_who_holds_the_report() {
    if !full() {
        return skipped("waiting for a minute");
    }
    let at = folder(&[("exp.toml", ENDLESS)]);
    let first = started(runner(at.path()).args(["exp.toml", "-q"]), || {
        at.path().join("reports/.exp.tmp/new/report.json").exists()
    });
    let (code, _, stderr) = finished(runner(at.path()).arg("exp.toml"));
    assert_eq!(code, 3, "{stderr}");
    let begin = format!(
        "error: reports/exp is being written by process {} on ",
        first.id()
    );
    assert!(
        stderr.starts_with("exp.toml: waiting for another process to finish the report, "),
        "{stderr}"
    );
    let last = stderr.lines().last().unwrap();
    assert!(
        last.starts_with(&begin) && last.contains(" after 60 s"),
        "{stderr}"
    );
    send("INT", &first);
    assert_eq!(ended(first).0.code(), Some(130));
}

#[test]
fn a_link_in_place_of_the_report_is_written_through() {
    let at = recorded();
    let (report, elsewhere) = (at.path().join("reports/exp"), at.path().join("disk/rep"));
    fs::create_dir(at.path().join("disk")).unwrap();
    let own = divided(&report).0;
    fs::rename(&report, &elsewhere).unwrap();
    symlink("../disk/rep", &report).unwrap();
    write_text(at.path(), 1);
    for arguments in [&["exp.toml"] as &[&str], &["report", "reports/exp"]] {
        let stdout = succeeded(runner(at.path()).args(arguments));
        assert!(stdout.contains("reports/exp"), "{stdout}");
        assert!(fs::symlink_metadata(&report).unwrap().is_symlink());
        let (now, files) = divided(&elsewhere);
        assert!(now == own && files == reports()[1]);
        assert_eq!(names(&at.path().join("disk")), ["rep"]);
    }
    // To an empty directory, and to one that does not exist yet.
    for make in [true, false] {
        fs::remove_dir_all(&elsewhere).unwrap();
        if make {
            fs::create_dir(&elsewhere).unwrap();
        }
        succeeded(runner(at.path()).args(["exp.toml", "-q"]));
        assert!(tree(&elsewhere) == reports()[1]);
    }
    // A disk that does not exist.
    fs::remove_dir_all(at.path().join("disk")).unwrap();
    let (code, _, stderr) = finished(runner(at.path()).arg("exp.toml"));
    assert_eq!(
        (code, &*stderr),
        (
            3,
            "error: failed to write reports/exp: it is a link to ../disk/rep, which does not exist\n"
        )
    );
}

#[test]
fn the_rights_of_a_report_are_kept() {
    let at = recorded();
    let report = at.path().join("reports/exp");
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(&report, 0o750);
    for file in ["runs.csv", "report.json"] {
        set(&report.join(file), 0o640);
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    let others = mode(&report.join("index.html"));
    // A new file has those of `report.json`.
    let text = TEXTS[1].replace("{ y = 'w' }", "{ y = 'w' }, { y = 'loss' }");
    fs::write(at.path().join("exp.toml"), text).unwrap();
    for arguments in [&["exp.toml", "-q"] as &[&str], &["report", "reports/exp"]] {
        succeeded(runner(at.path()).args(arguments));
        assert_eq!(mode(&report), 0o750);
        assert_eq!(mode(&report.join("runs.csv")), 0o640);
        assert_eq!(mode(&report.join("loss_over_epoch.svg")), 0o640);
        assert_eq!(mode(&report.join("index.html")), others);
    }
}

#[test]
fn some_runs_and_other_settings_do_not_replace_the_recorded_report() {
    let at = recorded();
    let report = at.path().join("reports/exp");
    let before = tree(&report);
    for arguments in [
        &["exp.toml", "--set", "epochs=3"] as &[&str],
        &["exp.toml", "--filter", "run=0"],
    ] {
        let (code, stdout, stderr) = finished(runner(at.path()).args(arguments));
        assert_eq!(code, 0, "{stderr}");
        assert!(
            stdout.contains("reports/exp@partial/index.html\n"),
            "{stdout}"
        );
        assert_eq!(
            stderr,
            "note: reports/exp is unchanged; --replace replaces it\n"
        );
        assert!(tree(&report) == before);
        let partial = at.path().join("reports/exp@partial");
        succeeded(runner(at.path()).args(["show", "reports/exp@partial"]));
        succeeded(runner(at.path()).args(["report", "reports/exp@partial"]));
        fs::remove_dir_all(partial).unwrap();
        // In another directory it has the usual name.
        succeeded(runner(at.path()).args(arguments).args(["--out", "other"]));
        assert_eq!(names(&at.path().join("other")), ["exp"]);
        assert_eq!(names(&at.path().join("reports")), ["exp"]);
    }
    let insisting = ["exp.toml", "--set", "epochs=3", "--replace"];
    let (_, _, stderr) = finished(runner(at.path()).args(insisting));
    assert_eq!(stderr, "");
    assert!(tree(&report) != before);
    let (code, _, stderr) =
        finished(runner(at.path()).args(["check", "exp.toml", "--accept", "--set", "epochs=3"]));
    assert!(
        code == 2 && stderr.contains("'--accept' cannot be used with '--set"),
        "{stderr}"
    );
}

#[test]
fn many_writers_and_readers_of_one_report_never_see_two() {
    let rounds = if full() { 100 } else { 4 };
    let at = recorded();
    let own = divided(&at.path().join("reports/exp")).0;
    let whole = reports();
    let sources = TEXTS.map(|text| folder(&[("exp.toml", text)]));
    let out = at.path().join("reports");
    let printed = TEXTS.map(|text| {
        write_text(at.path(), usize::from(text == TEXTS[1]));
        succeeded(runner(at.path()).args(["exp.toml", "-q"]));
        succeeded(runner(at.path()).args(["show", "reports/exp"]))
    });
    write_text(at.path(), 0);
    let (_, other, _) = finished(runner(at.path()).args(["check", "exp.toml"]));
    assert!(other.starts_with("failed"), "{other}");
    for round in 0..rounds {
        let mut all = Vec::new();
        for place in 0..10 {
            let mut writer = runner(sources[(place + round) % 2].path());
            writer
                .args(["exp.toml", "-q", "--threads", "1", "--out"])
                .arg(&out);
            all.push(("writer", writer));
            if place % 3 == 0 {
                for arguments in [
                    &["check", "exp.toml"] as &[&str],
                    &["show", "reports/exp"],
                    &["report", "reports/exp"],
                ] {
                    let mut reader = runner(at.path());
                    reader.args(arguments);
                    all.push((arguments[0], reader));
                }
            }
        }
        let all = all.into_iter().map(|(kind, mut command)| {
            let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
            (kind, command.spawn().unwrap())
        });
        for (kind, child) in all.collect::<Vec<_>>() {
            let output = child.wait_with_output().unwrap();
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            let told = format!(
                "{kind}: {stdout}{}",
                String::from_utf8_lossy(&output.stderr)
            );
            match kind {
                "check" => assert!(stdout.starts_with("ok ") || stdout == other, "{told}"),
                "show" => assert!(printed.contains(&stdout), "{told}"),
                _ => assert!(output.status.success(), "{told}"),
            }
        }
        let (now, files) = divided(&out.join("exp"));
        assert!(now == own && whole.contains(&files), "round {round}");
        let left = names(&out);
        assert!(
            left.iter().all(|name| ["exp", ".check"].contains(&&**name)),
            "{left:?}"
        );
    }
}

/// The command under strace, which makes system calls fail or kills at one; `None` if it
/// cannot.
fn traced(at: &Path, injections: &[String]) -> Option<Command> {
    let can = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .output();
    if !can.is_ok_and(|output| output.status.success()) {
        skipped("strace not found");
        return None;
    }
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(at.join(TRACE));
    for injection in injections {
        command.args(["-e", &format!("inject={injection}")]);
    }
    command.arg(env!("CARGO_BIN_EXE_runner")).current_dir(at);
    // Calls are counted for each thread.
    command.env("RAYON_NUM_THREADS", "1");
    Some(command)
}

/// The log of strace, in the directory of the experiment.
const TRACE: &str = "trace.log";

/// Without an exchange of directories two renames take its place.
const NO_EXCHANGE: &str = "renameat2:error=EINVAL";

#[test]
fn a_kill_at_any_rename_leaves_one_of_the_two_reports() {
    let whole = reports();
    for more in [None, Some(NO_EXCHANGE)] {
        for (arguments, call) in [
            ("exp.toml", "rename"),
            ("exp.toml", "renameat2"),
            ("exp.toml", "unlink"),
            ("report", "rename"),
        ] {
            for place in 1.. {
                let at = recorded();
                let own = divided(&at.path().join("reports/exp")).0;
                write_text(at.path(), 1);
                let kill = format!("{call}:signal=KILL:when={place}");
                if more.is_some() && call == "renameat2" {
                    break;
                }
                let injections = more.map(str::to_owned).into_iter().chain([kill.clone()]);
                let Some(mut command) = traced(at.path(), &injections.collect::<Vec<_>>()) else {
                    return;
                };
                command.arg(arguments);
                if arguments == "report" {
                    command.arg("reports/exp");
                }
                let output = command.output().unwrap();
                // Readers repair a report that they find unfinished.
                let (code, stdout, stderr) =
                    finished(runner(at.path()).args(["show", "reports/exp"]));
                assert_eq!(code, 0, "{kill} {more:?}: {stderr}{stdout}");
                let files = divided(&at.path().join("reports/exp")).1;
                assert!(whole.contains(&files), "{kill} {more:?}");
                succeeded(runner(at.path()).args(["exp.toml", "-q"]));
                let (now, files) = divided(&at.path().join("reports/exp"));
                assert!(now == own && files == whole[1], "{kill} {more:?}");
                assert_eq!(
                    names(&at.path().join("reports")),
                    ["exp"],
                    "{kill} {more:?}"
                );
                if output.status.success() {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_call_that_fails_leaves_the_recorded_report_and_what_is_somebodys_own() {
    let [one, two] = reports();
    let calls = [
        ("rename", "ENOSPC"),
        ("renameat2", "EIO"),
        ("fsync", "EIO"),
        ("mkdir", "ENOSPC"),
        ("unlink", "EIO"),
        ("rmdir", "EIO"),
        ("getdents64", "EIO"),
    ];
    let most = if full() { 1_000 } else { 6 };
    for more in [None, Some(NO_EXCHANGE)] {
        for (call, error) in calls {
            if more.is_some() && call == "renameat2" {
                continue;
            }
            for place in 1..=most {
                let at = recorded();
                let report = at.path().join("reports/exp");
                let own = divided(&report).0;
                write_text(at.path(), 1);
                let fault = format!("{call}:error={error}:when={place}");
                let injections = more.map(str::to_owned).into_iter().chain([fault.clone()]);
                let Some(mut command) = traced(at.path(), &injections.collect::<Vec<_>>()) else {
                    return;
                };
                let (code, stdout, stderr) = finished(command.arg("exp.toml").env("NO_COLOR", "1"));
                let told = format!("{fault} {more:?}: {code} {stderr}{stdout}");
                assert!([0, 3].contains(&code), "{told}");
                let trace = fs::read_to_string(at.path().join(TRACE)).unwrap();
                let (now, files) = divided(&report);
                // Files that could not be moved back wait for the next process.
                let is_kept = now == own || !names(&at.path().join("reports")).eq(&["exp"]);
                assert!(
                    is_kept && files == if code == 0 { two.clone() } else { one.clone() },
                    "{told}"
                );
                succeeded(runner(at.path()).args(["exp.toml", "-q"]));
                let (now, files) = divided(&report);
                assert!(now == own && files == two, "{told}");
                let left = names(&at.path().join("reports"));
                assert!(left == ["exp"], "{told} {left:?}");
                let is_reached = trace
                    .lines()
                    .any(|line| line.contains("(INJECTED)") && line.contains(error));
                if !is_reached {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_report_that_is_away_for_a_moment_is_not_missing_to_readers() {
    let at = recorded();
    succeeded(runner(at.path()).args(["check", "exp.toml"]));
    let slow = [NO_EXCHANGE.to_owned(), "rename:delay_exit=40000".to_owned()];
    let Some(mut command) = traced(at.path(), &slow) else {
        return;
    };
    let (mut writer, mut checks) = (command.args(["exp.toml", "-q"]).spawn().unwrap(), 0);
    while writer.try_wait().unwrap().is_none() {
        let (code, stdout, stderr) = finished(runner(at.path()).args(["check", "exp.toml"]));
        assert_eq!(code, 0, "{stdout}{stderr}");
        succeeded(runner(at.path()).args(["show", "reports/exp"]));
        checks += 1;
    }
    assert!(writer.wait().unwrap().success() && checks > 1);
    assert_eq!(names(&at.path().join("reports")), ["exp"]);
}

#[test]
fn a_kill_at_any_moment_leaves_nothing_behind_once_a_run_has_ended() {
    let kills = if full() { 500 } else { 12 };
    let whole = reports();
    let at = recorded();
    let report = at.path().join("reports/exp");
    let own = divided(&report).0;
    let mut longest = Duration::from_millis(200);
    for kill in 0..kills {
        write_text(at.path(), kill % 2);
        let arguments: &[&str] = match kill % 3 {
            0 => &["exp.toml", "-q"],
            1 => &["check", "exp.toml", "--accept", "-q"],
            _ => &["report", "reports/exp"],
        };
        let child = started(runner(at.path()).args(arguments), || true);
        // From the beginning to the end, in an order that does not depend on the command.
        let share = u32::try_from(kill * 37 % 100).unwrap();
        std::thread::sleep(longest * share / 100);
        send("KILL", &child);
        let (status, ..) = ended(child);
        if status.success() {
            longest = longest.mul_f64(0.95);
        }
        let files = divided(&report).1;
        assert!(whole.contains(&files), "kill {kill}");
    }
    write_text(at.path(), 0);
    succeeded(runner(at.path()).args(["exp.toml", "-q"]));
    let (now, files) = divided(&report);
    assert!(now == own && files == whole[0]);
    assert_eq!(names(&at.path().join("reports")), ["exp"]);
}

/// The command as an ordinary user, which only the superuser can ask for.
fn as_nobody(at: &Path) -> Option<Command> {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    let binary = Path::new(env!("CARGO_BIN_EXE_runner"));
    command.arg(binary).current_dir(at).env("NO_COLOR", "1");
    let is_root = fs::metadata("/proc/self").is_ok_and(|seen| seen.uid() == 0);
    let can = is_root
        && Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(binary)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success());
    if !can {
        skipped("only the superuser can run the command as another user");
    }
    can.then_some(command)
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn a_read_only_folder_in_a_report_is_told_and_stays() {
    let at = folder(&[("exp.toml", TEXTS[0])]);
    open_to_all(at.path());
    let run = || as_nobody(at.path()).map(|mut command| finished(command.args(["exp.toml", "-q"])));
    let Some((code, _, stderr)) = run() else {
        return;
    };
    assert_eq!(code, 0, "{stderr}");
    let report = at.path().join("reports/exp");
    fs::create_dir(report.join("a")).unwrap();
    std::os::unix::fs::chown(report.join("a"), Some(65534), Some(65534)).unwrap();
    fs::set_permissions(report.join("a"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::write(report.join("notes.md"), "mine").unwrap();
    let before = tree(at.path());
    let (code, _, stderr) = run().unwrap();
    assert_eq!(
        (code, &*stderr),
        (
            3,
            "error: reports/exp/a is a read-only directory, which cannot move to the new report: \
             move it elsewhere, or choose another directory with --out\n"
        )
    );
    assert!(tree(at.path()) == before && report.join("a").is_dir());
    // A report that is read-only as a whole is not replaced.
    fs::remove_dir(report.join("a")).unwrap();
    fs::set_permissions(&report, fs::Permissions::from_mode(0o555)).unwrap();
    let (code, _, stderr) = run().unwrap();
    assert_eq!(
        (code, &*stderr),
        (3, "error: failed to write reports/exp: permission denied\n")
    );
    assert!(tree(at.path()) == before);
}

#[test]
fn the_report_of_another_user_is_replaced_and_named_if_it_cannot_be_removed() {
    let at = folder(&[("exp.toml", TEXTS[0])]);
    open_to_all(at.path());
    succeeded(runner(at.path()).args(["exp.toml", "-q"]));
    open_to_all(&at.path().join("reports"));
    write_text(at.path(), 1);
    let Some(mut command) = as_nobody(at.path()) else {
        return;
    };
    let (code, _, stderr) = finished(command.args(["exp.toml", "-q"]));
    assert_eq!(
        (code, &*stderr),
        (
            0,
            "warning: the previous report could not be removed (it may belong to another user); \
             it is at reports/.exp.tmp-new\n"
        )
    );
    let [one, two] = reports();
    assert!(tree(&at.path().join("reports/exp")) == two);
    assert!(tree(&at.path().join("reports/.exp.tmp-new")) == one);
    // The next one puts it out of the way, and its owner removes it.
    write_text(at.path(), 0);
    let (code, _, stderr) = finished(as_nobody(at.path()).unwrap().args(["exp.toml", "-q"]));
    assert!(
        code == 0 && stderr.contains("it is at reports/.exp.tmp-left\n"),
        "{stderr}"
    );
    assert!(tree(&at.path().join("reports/exp")) == one);
    assert_eq!(names(&at.path().join("reports")), [".exp.tmp-left", "exp"]);
}

#[test]
fn what_is_mounted_in_a_report_is_told_and_stays() {
    let at = recorded();
    let (report, disk) = (at.path().join("reports/exp"), at.path().join("disk"));
    fs::create_dir(&disk).unwrap();
    fs::write(disk.join("notes.md"), "mine").unwrap();
    let mounted = |on: &Path, mount: bool| {
        let mut command = Command::new(if mount { "mount" } else { "umount" });
        if mount {
            command.args(["--bind"]).arg(&disk);
        }
        command
            .arg(on)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let places = [
        (
            "reports/exp/share",
            "is a mount point, which cannot move to the new report",
        ),
        (
            "reports/exp",
            "is a mount point, and a report replaces its directory",
        ),
    ];
    for (place, why) in places {
        if !mounted(&at.path().join(place), true) {
            return skipped("nothing can be mounted");
        }
        // Where all of it is mounted, a report has to be there.
        for file in fs::read_dir(&report).unwrap().filter_map(Result::ok) {
            if place == "reports/exp/share" && file.path().is_file() {
                fs::copy(file.path(), disk.join(file.file_name())).unwrap();
            }
        }
        write_text(at.path(), 1);
        let before = tree(&report);
        let (code, _, stderr) = finished(runner(at.path()).args(["exp.toml", "-q"]));
        let after = tree(&report);
        assert!(
            mounted(&at.path().join(place), false),
            "it can be unmounted"
        );
        assert_eq!(code, 3, "{stderr}");
        assert_eq!(
            stderr,
            format!(
                "error: {place} {why}: move it elsewhere, or choose another directory with --out\n"
            )
        );
        assert!(after == before && disk.join("notes.md").exists());
        assert_eq!(names(&at.path().join("reports")), ["exp"]);
    }
}

#[test]
fn a_report_in_the_image_of_a_container_is_replaced() {
    let at = recorded();
    let report = at.path().join("reports/exp");
    fs::remove_dir_all(report.join("share")).unwrap();
    let own = divided(&report).0;
    let layers = tempfile::tempdir().unwrap();
    for layer in ["upper", "work", "merged"] {
        fs::create_dir(layers.path().join(layer)).unwrap();
    }
    let (merged, of) = (layers.path().join("merged"), |layer| {
        layers.path().join(layer)
    });
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        at.path().display(),
        of("upper").display(),
        of("work").display()
    );
    let mounted = Command::new("mount")
        .args(["-t", "overlay", "overlay", "-o", &options])
        .arg(&merged)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return skipped("no overlay can be mounted");
    }
    let results = [1, 0].map(|text| {
        write_text(&merged, text);
        let ended = finished(runner(&merged).args(["exp.toml", "-q"]));
        let (now, files) = divided(&merged.join("reports/exp"));
        let left = names(&merged.join("reports"));
        (ended, now == own && files == reports()[text], left)
    });
    let unmounted = Command::new("umount").arg(&merged).output().unwrap();
    assert!(unmounted.status.success());
    for ((code, _, stderr), is_whole, left) in results {
        assert!(
            code == 0 && is_whole && left == ["exp"],
            "{stderr} {left:?}"
        );
    }
}

#[test]
fn a_file_system_without_hard_links_will_do() {
    let at = recorded();
    let report = at.path().join("reports/exp");
    let own = divided(&report).0;
    fs::write(report.join("index.html"), "spoilt").unwrap();
    fs::write(report.join("w_over_epoch.png"), "spoilt").unwrap();
    let Some(mut command) = traced(at.path(), &["linkat:error=EPERM".to_owned()]) else {
        return;
    };
    succeeded(command.args(["report", "reports/exp"]));
    let (now, files) = divided(&report);
    assert!(now == own && files == reports()[0]);
    assert_eq!(names(&at.path().join("reports")), ["exp"]);
}

#[test]
fn a_file_system_without_locks_will_do() {
    for error in ["ENOLCK", "ENOSYS", "EOPNOTSUPP"] {
        let at = recorded();
        write_text(at.path(), 1);
        let Some(mut command) = traced(at.path(), &[format!("flock:error={error}")]) else {
            return;
        };
        let (code, _, stderr) = finished(command.args(["exp.toml", "-q"]));
        assert_eq!((code, &*stderr), (0, ""));
        assert!(divided(&at.path().join("reports/exp")).1 == reports()[1]);
        assert_eq!(names(&at.path().join("reports")), ["exp"]);
        // A crash leaves the lock file: better a question than a report of two processes.
        if !full() {
            skipped("waiting for a minute");
            continue;
        }
        let at = killed("", 1, &[]);
        let mut command = traced(at.path(), &[format!("flock:error={error}")]).unwrap();
        let (code, _, stderr) = finished(command.arg("exp.toml"));
        let told = "reports/exp is being written by process 1 on another, which has not finished \
                    after 60 s: run again when it has, or delete reports/.exp.tmp/lock if that \
                    process no longer runs\n";
        assert!(code == 3 && stderr.ends_with(told), "{stderr}");
    }
}
