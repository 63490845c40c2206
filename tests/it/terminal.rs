//! The output on a terminal: tables that fit, charts of dots, the same from a report, and again
//! at each save.

use std::fs;

use unicode_width::UnicodeWidthStr;

use crate::runner::{finished, folder, runner, succeeded};

const SWEEP: &str = r#"
title = "Two bowls"
epochs = 50
[[objective]]
name = "round"
formula = "x^2 + y^2"
start = { x = 1, y = 2 }
[[objective]]
name = "long"
formula = "x^2 + 25*y^2"
start = { x = 1, y = 2 }
[[optimizer]]
method = "sgd"
learning_rate = { from = 1e-3, to = 0.1, count = 15, scale = "log" }
momentum = [0, 0.9]
[[derivative]]
formula = "sin(x)"
at = { x = { from = 0, to = 3, count = 4 } }
"#;

const PARABOLA: &str = r#"
title = "Descent on a parabola"
epochs = 10_000
precision = "f32"
subnormals = "flush"
[[objective]]
formula = "w0^2"
start = { w0 = 1 }
[[optimizer]]
method = "sgd"
learning_rate = 0.01
[[chart]]
y = "w0"
title = "w0 over epochs"
"#;

/// The rows of runs, which follow their head.
fn rows(printed: &str) -> Vec<&str> {
    let lines = printed
        .lines()
        .skip_while(|line| !line.starts_with("  run "));
    let is_row = |line: &&str| {
        let number = line.trim_start_matches('★').split_whitespace().next();
        number.is_some_and(|word| word.parse::<u64>().is_ok())
    };
    lines.skip(1).take_while(is_row).collect()
}

#[test]
fn many_runs_have_twenty_rows_and_each_objective_its_best() {
    let at = folder(&[("bowls.toml", SWEEP)]);
    let printed = succeeded(runner(at.path()).args(["bowls.toml", "--no-charts"]));
    let rows = rows(&printed);
    assert_eq!(rows.len(), 20, "{printed}");
    let best: Vec<&&str> = rows.iter().filter(|row| row.starts_with('★')).collect();
    assert_eq!(best.len(), 2, "{printed}");
    assert!(
        best[0].contains("round") && best[1].contains("long"),
        "{printed}"
    );
    assert!(
        printed.contains("the best 10 of each objective by loss; all 60 runs are in runs.csv"),
        "{printed}"
    );
}

#[test]
fn what_is_printed_fits_the_terminal_and_keeps_numbers_whole() {
    let at = folder(&[("bowls.toml", SWEEP)]);
    let arguments = ["bowls.toml", "--plot", "always"];
    let wide = succeeded(runner(at.path()).args(arguments).env("COLUMNS", "200"));
    let loss = |row: &str| {
        let mut words = row.split_whitespace();
        words
            .find(|word| word.contains("e-") && !word.contains('='))
            .map(str::to_owned)
    };
    let best = loss(rows(&wide)[0]).unwrap();
    for columns in [132, 80, 60] {
        let mut command = runner(at.path());
        let printed = succeeded(command.args(arguments).env("COLUMNS", columns.to_string()));
        for line in printed.lines() {
            let is_path = line.trim_start().starts_with("report in ");
            assert!(is_path || line.width() <= columns, "{columns}: {line:?}");
        }
        assert!(rows(&printed)[0].contains(&best), "{columns}: {printed}");
    }
}

#[test]
fn charts_are_drawn_with_dots() {
    let at = folder(&[("parabola.toml", PARABOLA)]);
    let mut command = runner(at.path());
    let printed = succeeded(command.args(["parabola.toml", "--plot", "always"]));
    insta::assert_snapshot!(printed);
    // Not for files and pipes, unless it is asked for.
    let printed = succeeded(runner(at.path()).arg("parabola.toml"));
    assert!(!printed.contains('┤'), "{printed}");
}

#[test]
fn a_report_is_shown_as_it_was_printed() {
    let files = [("bowls.toml", SWEEP), ("parabola.toml", PARABOLA)];
    let at = folder(&files);
    for (file, _) in files {
        let mut command = runner(at.path());
        let printed = succeeded(command.args([file, "--plot", "always", "--color", "always"]));
        let report = format!("reports/{}", file.trim_end_matches(".toml"));
        let mut command = runner(at.path());
        command.args(["show", &report, "--plot", "always", "--color", "always"]);
        assert_eq!(succeeded(&mut command), printed, "{file}");
    }
}

#[test]
fn what_cannot_be_shown_is_told() {
    let at = folder(&[("parabola.toml", PARABOLA)]);
    let (code, stdout, stderr) = finished(runner(at.path()).args(["show", "reports/nothing"]));
    assert_eq!((code, &*stdout), (3, ""), "{stderr}");
    assert!(stderr.contains("reports/nothing/report.json"), "{stderr}");
    succeeded(runner(at.path()).arg("parabola.toml"));
    let rows = at.path().join("reports/parabola/trajectories.csv");
    let text = fs::read_to_string(&rows).unwrap();
    fs::write(&rows, text.replacen("\n0,1,", "\n0,one,", 1)).unwrap();
    let (code, stdout, stderr) = finished(runner(at.path()).args(["show", "reports/parabola"]));
    assert_eq!((code, &*stdout), (3, ""), "{stderr}");
    assert!(
        stderr.contains("trajectories.csv") && stderr.contains("line 3") && stderr.contains("one"),
        "{stderr}"
    );
}

#[cfg(unix)]
mod watching {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::runner::{ended, send, started};

    /// The number of epochs that the report says were run.
    fn epochs_run(at: &Path) -> Option<usize> {
        let rows = fs::read_to_string(at.join("reports/saved/trajectories.csv")).ok()?;
        rows.lines().count().checked_sub(2)
    }

    fn experiment(epochs: &str) -> String {
        format!(
            "
epochs = {epochs}
objective = [{{ formula = 'sum((x - w)^2)', start = {{ w = 1 }},
    data = {{ file = 'data.csv', columns = {{ x = 'x' }} }} }}]
optimizer = [{{ method = 'sgd', learning_rate = 0.1 }}]
"
        )
    }

    #[track_caller]
    fn wait_for(what: &str, is_there: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_there() {
            assert!(begin.elapsed() < Duration::from_secs(60), "no {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn an_experiment_is_run_at_each_save_of_it_or_of_its_data() {
        let at = folder(&[("saved.toml", &experiment("3")), ("data.csv", "x\n1\n2\n")]);
        let at = at.path();
        let mut command = runner(at);
        command.args(["watch", "saved.toml"]);
        let child = started(&mut command, || epochs_run(at) == Some(3));

        // An error is reported, the report stays, and the next save is awaited.
        fs::write(at.join("saved.toml"), experiment("'many'")).unwrap();
        std::thread::sleep(Duration::from_millis(800));
        assert_eq!(epochs_run(at), Some(3));
        fs::write(at.join("saved.toml"), experiment("5")).unwrap();
        wait_for("second run", || epochs_run(at) == Some(5));

        // A run that takes long is cancelled for the next one.
        fs::write(at.join("saved.toml"), experiment("9_000_000_000_000")).unwrap();
        std::thread::sleep(Duration::from_millis(800));
        fs::write(at.join("saved.toml"), experiment("7")).unwrap();
        wait_for("third run", || epochs_run(at) == Some(7));

        let last = |at: &Path| {
            let rows = fs::read_to_string(at.join("reports/saved/trajectories.csv")).ok()?;
            rows.lines().last().map(str::to_owned)
        };
        let before = last(at);
        fs::write(at.join("data.csv"), "x\n10\n20\n").unwrap();
        wait_for("run with other data", || {
            last(at).is_some() && last(at) != before
        });

        send("INT", &child);
        let (status, stderr, _) = ended(child);
        assert_eq!(status.code(), Some(130), "{stderr}");
        assert!(
            stderr.contains("expected") && stderr.contains("many"),
            "{stderr}"
        );
        assert!(stderr.ends_with("error: interrupted\n"), "{stderr}");
    }
}
