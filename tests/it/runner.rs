//! The command, run as a user runs it.

use gradtape_experiment::batch::{self, Cancelled, Control, End};
use gradtape_experiment::plan::Plan;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
#[cfg(unix)]
use std::{
    io::Read,
    process::{Child, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The root of the project.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The command in the directory `at`, without the caller's colours and width.
pub fn runner(at: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
    command
        .current_dir(at)
        .env_remove("NO_COLOR")
        .env_remove("GITHUB_ACTIONS")
        .env_remove("COLORTERM")
        .env_remove("COLUMNS")
        .env_remove("CLICOLOR_FORCE");
    command
}

/// Whether tests that take long are wanted whole, as by `.ci/run --full`.
pub fn full() -> bool {
    std::env::var_os("GRADTAPE_FULL").is_some()
}

/// Reports what a test leaves untested here, bypassing the test harness, which hides the output
/// of passing tests.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// A temporary directory with these files.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a new file");
    }
    folder
}

/// Runs to the end; gives the exit code and what was printed.
pub fn finished(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the command starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is printed is UTF-8");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Runs to the end, which must be a success; gives standard output.
pub fn succeeded(command: &mut Command) -> String {
    let (code, stdout, stderr) = finished(command);
    assert_eq!(code, 0, "{stderr}{stdout}");
    stdout
}

/// The names of the entries of a directory, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a directory");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

/// All files of a directory with their bytes.
pub fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = std::fs::read(folder.join(&name)).expect("a file");
        (name, bytes)
    };
    names(folder).into_iter().map(read).collect()
}

/// How all runs of a plan ended.
pub fn outcomes(plan: &Plan) -> Vec<End> {
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    let mut all = Vec::new();
    batch::run(
        plan,
        &numbers,
        || (),
        &Control::default(),
        |group, ()| {
            all.extend(group.into_iter().map(|(_, outcome)| outcome));
            Ok::<(), Cancelled>(())
        },
    )
    .unwrap();
    all
}

/// Starts the command, and waits until `is_ready`.
#[cfg(unix)]
pub fn started(command: &mut Command, is_ready: impl Fn() -> bool) -> Child {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let begin = Instant::now();
    while !is_ready() {
        assert!(begin.elapsed() < Duration::from_secs(60), "not ready");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// Sends a signal.
#[cfg(unix)]
pub fn send(signal: &str, child: &Child) {
    let process = child.id().to_string();
    let status = Command::new("kill").args(["-s", signal, &process]).status();
    assert!(status.unwrap().success(), "kill -s {signal}");
}

/// Waits for the end; gives the exit status, standard error, and how long it took.
#[cfg(unix)]
pub fn ended(mut child: Child) -> (ExitStatus, String, Duration) {
    let begin = Instant::now();
    let status = child.wait().unwrap();
    let time = begin.elapsed();
    let mut text = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut text).unwrap();
    (status, text, time)
}
