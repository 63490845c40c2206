//! The README: its numbers and screens are those of the program.

use std::fs;

use crate::runner::{finished, folder, project, runner, succeeded};

fn readme() -> String {
    fs::read_to_string(project().join("README.md")).unwrap()
}

#[test]
fn the_readme_is_short() {
    let lines = readme().lines().count();
    assert!(lines < 200, "{lines} lines");
}

#[test]
fn the_readme_counts_what_there_is() {
    let last = |command: &str| {
        let printed = succeeded(runner(project()).arg(command));
        printed.lines().last().unwrap().to_owned()
    };
    let (functions, methods) = (last("functions"), last("methods"));
    let functions = functions.split(" functions").next().unwrap();
    let (methods, schedules) = methods.split(';').next().unwrap().split_once(", ").unwrap();
    let readme = readme();
    for expected in [
        format!("{functions} test functions"),
        format!("{methods} and {schedules}"),
        format!("Rust {} or newer", env!("CARGO_PKG_RUST_VERSION")),
    ] {
        assert!(readme.contains(&expected), "{expected}");
    }
    let limits = gradtape_experiment::plan::limits();
    for (count, of) in [("10,000,000", "runs"), ("10,000", "parameters")] {
        assert!(readme.contains(&format!("{count} {of}")), "{of}");
        let begin = format!("| {count} | ");
        let mut rows = limits.lines().filter_map(|line| line.strip_prefix(&begin));
        assert!(rows.any(|row| row.contains(of)), "{of}: {limits}");
    }
}

#[test]
fn the_table_of_the_peers_is_the_measured_one() {
    let results = fs::read_to_string(project().join("benches/peers/results.md")).unwrap();
    let results = results.replace("\r\n", "\n");
    assert!(results.lines().count() > 6);
    assert!(readme().contains(&results), "copy benches/peers/results.md");
}

/// The lines of the README that show this command and its output.
fn screen(command: &str) -> String {
    let readme = readme();
    let begin = readme.find(&format!("```text\n$ {command}\n"));
    let screen = &readme[begin.expect("the screen") + "```text\n".len()..];
    screen[..screen.find("```").expect("its end")].to_owned()
}

#[test]
fn the_screens_of_the_readme_are_printed() {
    let experiment = fs::read_to_string(project().join("experiments/parabola.toml")).unwrap();
    assert!(readme().contains(&format!("```toml\n{experiment}```")));
    let at = folder(&[]);
    fs::create_dir(at.path().join("experiments")).unwrap();
    fs::write(at.path().join("experiments/parabola.toml"), &experiment).unwrap();
    let command = "runner experiments/parabola.toml";
    let printed = succeeded(runner(at.path()).arg("experiments/parabola.toml"));
    assert_eq!(format!("$ {command}\n{printed}"), screen(command));

    let runs = at.path().join("reports/parabola/runs.csv");
    let text = fs::read_to_string(&runs).unwrap();
    fs::write(&runs, text.replace("5.803526e-37", "5.822797e-37")).unwrap();
    let command = "runner check experiments/parabola.toml";
    let arguments = ["check", "experiments/parabola.toml"];
    let (code, printed, _) = finished(runner(at.path()).args(arguments));
    assert_eq!(code, 1);
    assert_eq!(format!("$ {command}\n{printed}"), screen(command));
}
