//! The command line itself.

use std::process::Stdio;

use crate::runner::{finished, folder, runner, succeeded};

const RATES: &str = include_str!("../../experiments/learning_rates.toml");

#[test]
fn the_help_names_every_option_and_exit_code() {
    let at = folder(&[]);
    let help = succeeded(runner(at.path()).arg("--help"));
    for wanted in [
        "--out", "--threads", "--filter", "--quiet", "--format", "--color", "--no-charts",
    ] {
        assert!(help.contains(wanted), "{wanted}");
    }
    for wanted in [
        "check", "plan", "report", "  0 ", "  1 ", "  2 ", "  3 ", "  130 ",
    ] {
        assert!(help.contains(wanted), "{wanted}");
    }
    let version = succeeded(runner(at.path()).arg("--version"));
    assert_eq!(
        version.trim(),
        concat!("runner ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_wrong_command_line_has_a_code_too() {
    let at = folder(&[]);
    for (arguments, wanted) in [
        (
            &["plan", "w.toml", "--fromat", "json"][..],
            "error[usage]: unexpected argument '--fromat' found\n\n  tip: a similar argument exists: '--format'\n",
        ),
        (
            &["check"],
            "error[usage]: the following required arguments were not provided:\n",
        ),
        (
            &["w.toml", "--threads", "many"],
            "error[usage]: invalid value 'many' for '--threads <N>'",
        ),
    ] {
        let (code, stdout, stderr) = finished(runner(at.path()).args(arguments));
        assert_eq!((code, stdout.as_str()), (2, ""));
        assert!(stderr.starts_with(wanted), "{stderr}");
        assert!(stderr.ends_with("try '--help'.\n"), "{stderr}");
    }
    let (code, help, stderr) = finished(runner(at.path()).args(["check", "--help"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(help.contains("--junit"));
}

#[test]
fn results_are_a_table_on_standard_output() {
    let at = folder(&[("rates.toml", RATES)]);
    let (code, stdout, stderr) = finished(runner(at.path()).args(["rates.toml", "--no-charts"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    insta::assert_snapshot!(stdout);
}

#[test]
fn the_runs_of_every_experiment_are_listed() {
    insta::glob!("../../experiments", "*.toml", |path| {
        let at = path.parent().unwrap();
        let file = path.file_name().unwrap();
        insta::assert_snapshot!(head(&succeeded(runner(at).arg("plan").arg(file))));
    });
}

/// The first lines of a long text, and the number of the others.
fn head(text: &str) -> String {
    const SHOWN: usize = 40;
    let count = text.lines().count();
    if count <= SHOWN {
        return text.to_owned();
    }
    let lines: Vec<&str> = text.lines().take(SHOWN).collect();
    format!("{}\n… and {} more lines\n", lines.join("\n"), count - SHOWN)
}

#[test]
fn json_is_an_object_a_line() {
    let at = folder(&[("rates.toml", RATES)]);
    for arguments in [&["rates.toml", "--no-charts"][..], &["plan", "rates.toml"]] {
        let stdout = succeeded(runner(at.path()).args(arguments).args(["--format", "json"]));
        let lines: Vec<serde_json::Value> = stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 25);
        assert_eq!(lines[24]["settings"]["learning_rate"], 1.2);
    }
}

#[test]
fn every_line_of_json_names_its_experiment() {
    let table = "\n[[derivative]]\nformula = \"x^2\"\nat = { x = [1, 2] }\n";
    let text = format!("{RATES}{table}");
    let at = folder(&[("a b.toml", &text), ("c.toml", &text)]);
    for (arguments, lines) in [
        (&["--no-charts"][..], 27),
        (&["--filter", "run < 2"], 4),
        (&["plan", "--gradient", "--estimate"], 28),
    ] {
        let mut command = runner(at.path());
        command.args(arguments).args(["a b.toml", "c.toml"]);
        let printed = succeeded(command.args(["--format", "json"]));
        let named = |file: &str| {
            let begin = format!("{{\"experiment\":\"{file}\",\"");
            printed
                .lines()
                .filter(|line| line.starts_with(&begin))
                .count()
        };
        assert_eq!(
            [named("a b.toml"), named("c.toml")],
            [lines, lines],
            "{arguments:?}"
        );
        for line in printed.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
    let report = std::fs::read_to_string(at.path().join("reports/c/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert!(report["runs"][0].get("experiment").is_none());
    assert!(report["derivatives"][0].get("experiment").is_none());
}

#[test]
fn quiet_prints_nothing_and_colours_can_be_chosen() {
    let at = folder(&[("rates.toml", RATES)]);
    let run = |arguments: &[&str], no_color: bool| {
        let mut command = runner(at.path());
        command.args(["rates.toml", "--no-charts"]).args(arguments);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        succeeded(&mut command)
    };
    assert_eq!(run(&["--quiet"], false), "");
    assert!(!run(&[], false).contains('\u{1b}'), "a pipe has no colours");
    assert!(run(&["--color", "always"], false).contains('\u{1b}'));
    assert!(!run(&["--color", "never"], true).contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let many = RATES.replace("count = 25", "count = 9000");
    let at = folder(&[("many.toml", &many)]);
    let mut child = runner(at.path())
        .args(["plan", "many.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}
