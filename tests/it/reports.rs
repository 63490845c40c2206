//! Whole reports: their files, byte for byte.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use gradtape_experiment::number::{Precision, Scalar};

use crate::runner::{contents, finished, folder, names, runner, succeeded};

const PARABOLA: &str = include_str!("../../experiments/parabola.toml");

const THREE_EPOCHS: &str = r#"
title = "Three epochs"
epochs = 3
[[objective]]
formula = "x^2 + 3*y^2"
start = { x = 1.0, y = -0.1 }
minimum = { value = 0 }
[[optimizer]]
method = "sgd"
learning_rate = [0.1, 0.5]
momentum = 0.5
"#;

/// Several objectives with different variables, runs that diverge, more runs
/// than a group, decimated lines.
const MANY_RUNS: &str = r#"
epochs = [300, 20_000]
precision = ["f32", "f64"]
[[objective]]
name = "bowl"
formula = "a*x^2"
start = { x = { from = -2, to = 2, count = 3 } }
constants = { a = [1, 3] }
[[objective]]
name = "valley"
formula = "(1 - x)^2 + 10*(y - x^2)^2"
start = [{ x = 0, y = 0 }, { x = -1, y = 1 }]
minimum = { value = 0 }
[[optimizer]]
method = "sgd"
learning_rate = { from = 1e-3, to = 1.5, count = 7, scale = "log" }
[[optimizer]]
name = "heavy"
method = "sgd"
learning_rate = [0.01, 0.02]
momentum = [0.5, 0.9]
zip = ["learning_rate", "momentum"]
nesterov = true
[stop]
gradient_norm_below = 1e-6
[record]
points = 400
[[chart]]
y = "x"
[[chart]]
y = "gap"
y_scale = "log"
runs = { objective = "valley" }
group_by = "optimizer"
[[chart]]
kind = "sweep"
y = "loss"
y_scale = "log"
"#;

#[test]
fn the_files_of_a_small_report_are_as_documented() {
    let at = folder(&[("three.toml", THREE_EPOCHS)]);
    succeeded(runner(at.path()).arg("three.toml"));
    let report = at.path().join("reports/three");
    let expected = [
        "contour.png",
        "contour.svg",
        "diagnosis.csv",
        "index.html",
        "loss_over_epoch.png",
        "loss_over_epoch.svg",
        "loss_over_learning_rate.png",
        "loss_over_learning_rate.svg",
        "report.json",
        "runs.csv",
        "trajectories.csv",
    ];
    assert_eq!(names(&report), expected);
    let text = |file: &str| fs::read_to_string(report.join(file)).unwrap();
    insta::assert_snapshot!("trajectories", text("trajectories.csv"));
    insta::assert_snapshot!("runs", text("runs.csv"));
    insta::assert_snapshot!("diagnosis", text("diagnosis.csv"));
    let version = env!("CARGO_PKG_VERSION");
    insta::assert_snapshot!("json", text("report.json").replace(version, "[version]"));
}

#[test]
fn every_number_of_a_trajectory_reads_back_to_the_same_bits() {
    let at = folder(&[("many.toml", MANY_RUNS)]);
    succeeded(runner(at.path()).args(["many.toml", "--no-charts"]));
    let text = fs::read_to_string(at.path().join("reports/many/trajectories.csv")).unwrap();
    let mut numbers = 0;
    for field in text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').skip(2))
    {
        if !field.is_empty() {
            let of = |precision| Scalar::parse(field, precision).unwrap().to_string();
            // The precision is that of the run; the shortest form is one of both.
            assert!(
                of(Precision::F32) == field || of(Precision::F64) == field,
                "{field}"
            );
            numbers += 1;
        }
    }
    assert!(numbers > 10_000, "{numbers}");
}

#[test]
fn a_report_is_the_same_on_any_number_of_threads() {
    let at = folder(&[("many.toml", MANY_RUNS)]);
    let report = |threads: &str| {
        let out = format!("on_{threads}");
        succeeded(runner(at.path()).args(["many.toml", "--threads", threads, "--out", &out]));
        contents(&at.path().join(out).join("many"))
    };
    let one = report("1");
    assert!(one.len() == 11 && one.iter().all(|(_, bytes)| !bytes.is_empty()));
    for threads in ["2", "7"] {
        for ((name, expected), (_, bytes)) in one.iter().zip(report(threads)) {
            assert!(*expected == bytes, "{name} on {threads} threads");
        }
    }
}

#[test]
fn charts_drawn_again_from_the_files_have_the_same_bytes() {
    let at = folder(&[
        ("many.toml", MANY_RUNS),
        ("three.toml", THREE_EPOCHS),
        ("parabola.toml", PARABOLA),
    ]);
    for (file, filter) in [
        ("many", "precision=f64"),
        ("three", "learning_rate=0.1"),
        ("parabola", ""),
    ] {
        let mut command = runner(at.path());
        command.arg(format!("{file}.toml"));
        if !filter.is_empty() {
            command.args(["--filter", filter, "--replace"]);
        }
        succeeded(&mut command);
        let report = at.path().join("reports").join(file);
        let before = contents(&report);
        for name in names(&report) {
            let is_drawn = [".png", ".svg", ".html"];
            if is_drawn.iter().any(|ending| name.ends_with(ending)) {
                fs::write(report.join(name), "spoilt").unwrap();
            }
        }
        succeeded(runner(at.path()).args(["report", &format!("reports/{file}")]));
        for ((name, expected), (again, bytes)) in before.iter().zip(contents(&report)) {
            assert!((name, expected) == (&again, &bytes), "{file}/{name}");
        }
    }
}

#[test]
fn a_picture_has_its_size_and_is_not_blank() {
    let at = folder(&[("parabola.toml", PARABOLA)]);
    succeeded(runner(at.path()).arg("parabola.toml"));
    let file = fs::File::open(at.path().join("reports/parabola/w0_over_epoch.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .unwrap();
    assert_eq!((reader.info().width, reader.info().height), (1200, 800));
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    assert!(pixels.iter().any(|pixel| *pixel != pixels[0]));
}

#[test]
fn a_report_tells_nothing_of_place_and_time() {
    let at = folder(&[("parabola.toml", PARABOLA)]);
    let path = at.path().join("parabola.toml");
    succeeded(runner(at.path()).arg(&path));
    let folder_name = at.path().file_name().unwrap().to_str().unwrap().to_owned();
    for (name, bytes) in contents(&at.path().join("reports/parabola")) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains(&folder_name) && !text.contains("20:"),
            "{name}"
        );
    }
}

#[test]
fn a_new_report_replaces_the_old_one_and_keeps_what_is_not_its_own() {
    let at = folder(&[("parabola.toml", PARABOLA)]);
    succeeded(runner(at.path()).arg("parabola.toml"));
    let report = at.path().join("reports/parabola");
    fs::write(report.join("notes.txt"), "mine").unwrap();
    let changed = PARABOLA
        .replace("y = \"w0\"", "y = \"loss\"")
        .replace("10_000", "10");
    fs::write(at.path().join("parabola.toml"), changed).unwrap();
    succeeded(runner(at.path()).arg("parabola.toml"));
    let expected = [
        "diagnosis.csv", "index.html", "loss_over_epoch.png", "loss_over_epoch.svg", "notes.txt",
        "report.json", "runs.csv", "trajectories.csv",
    ];
    assert_eq!(names(&report), expected);
    assert_eq!(
        names(&at.path().join("reports")),
        ["parabola"],
        "nothing temporary is left"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_with_130_and_leaves_nothing() {
    // At this learning rate w only changes its sign, so no epoch equals the one before.
    let endless = PARABOLA
        .replace("10_000", "1_000_000_000_000")
        .replace("= 0.01", "= 1.0");
    let at = folder(&[("endless.toml", &endless)]);
    let mut child = runner(at.path()).arg("endless.toml").spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !at.path().join("reports").exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The handler is installed right after the directory is created.
    std::thread::sleep(Duration::from_millis(300));
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(names(&at.path().join("reports")), [""; 0]);
}

#[test]
fn a_damaged_report_is_told_with_file_and_line() {
    let at = folder(&[("three.toml", THREE_EPOCHS)]);
    succeeded(runner(at.path()).arg("three.toml"));
    let report = at.path().join("reports/three");
    let check = |file: &str, from: &str, to: &str, expected: &str| {
        let path = report.join(file);
        let good = fs::read(&path).unwrap();
        let text = String::from_utf8(good.clone()).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let before = contents(&report);
        let (code, stdout, stderr) = finished(runner(at.path()).args(["report", "reports/three"]));
        assert_eq!((code, stdout.as_str()), (3, ""));
        assert!(stderr.contains(expected), "{stderr}");
        assert!(contents(&report) == before, "nothing is changed");
        fs::write(&path, good).unwrap();
    };
    check(
        "trajectories.csv",
        "loss",
        "lost",
        "trajectories.csv: line 1: column 4 is `lost`, expected `loss`",
    );
    check(
        "trajectories.csv",
        "0,1,0.1",
        "0,one,0.1",
        "line 3: column `epoch`: expected a number, found `one`",
    );
    check(
        "trajectories.csv",
        "0,1,0.1",
        "9,1,0.1",
        "line 3: run 9, but the experiment has 2",
    );
    check(
        "trajectories.csv",
        "\n0,1,0.1",
        "\n0,0.1",
        "line 3: 6 columns, expected 7",
    );
    check(
        "runs.csv",
        "\n0,",
        "\nzero,",
        "runs.csv: line 2: column `run`: expected a number, found `zero`",
    );
    check(
        "runs.csv",
        ",best_loss",
        "",
        "line 1: column 26 is `best_epoch`, expected `best_loss`",
    );
    check(
        "report.json",
        "epochs = 3",
        "epochs = 4",
        "its experiment is not the one it was made from",
    );
    check(
        "report.json", "epochs = 3", "epochs = 0", "its experiment has errors",
    );
    check(
        "report.json",
        "\"file\"",
        "file",
        "failed to read reports/three/report.json",
    );
    fs::remove_file(report.join("runs.csv")).unwrap();
    let (code, _, stderr) = finished(runner(at.path()).args(["report", "reports/three"]));
    assert!(code == 3 && stderr.contains("runs.csv"), "{stderr}");
    let (code, ..) = finished(runner(at.path()).args(["report", "."]));
    assert_eq!(code, 3);
}
