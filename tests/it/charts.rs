//! The kinds of charts: which there are by default, what they say, and that they can be
//! drawn again.

use std::fs;
use std::path::Path;

use gradtape::plan::Plan;

use crate::runner::{contents, finished, folder, names, runner, succeeded};

/// Every kind, with repetitions and runs that diverge.
const KINDS: &str = r#"
title = "Kinds"
epochs = 60
repetitions = 5
[[objective]]
name = "bowl"
formula = "x^2 + a*y^2"
start = { x = { uniform = [-2, 2] }, y = { normal = [0, 1] } }
constants = { a = 10 }
minimum = { value = 0, at = { x = 0, y = 0 } }
[[objective]]
function = "himmelblau"
start = { x = { uniform = [-3, 3] }, y = { uniform = [-3, 3] } }
[[optimizer]]
method = "sgd"
learning_rate = { from = 1e-4, to = 0.1, count = 4, scale = "log" }
momentum = [0, 0.5, 0.9]
[[optimizer]]
method = "adam"
learning_rate = [0.01, 0.1]
[[chart]]
y = "gap"
y_scale = "log"
facet = "objective"
group_by = "optimizer"
[[chart]]
y = "gap"
band = "none"
y_scale = "symlog"
file = "each"
[[chart]]
kind = "sweep"
runs = { objective = "bowl" }
y_scale = "log"
[[chart]]
kind = "heatmap"
x = "learning_rate"
y = "momentum"
facet = "objective"
runs = { optimizer = "sgd" }
[[chart]]
kind = "heatmap"
x = "optimizer"
y = "objective"
value = "epochs_run"
[[chart]]
kind = "contour"
runs = { learning_rate = 0.01 }
facet = "optimizer"
animate = true
[[chart]]
kind = "profile"
[[chart]]
kind = "profile"
profile = "data"
tolerance = 0.1
facet = "objective"
[[chart]]
kind = "profile"
profile = "ecdf"
targets = [1, 1e-3]
[[chart]]
kind = "histogram"
group_by = "optimizer"
facet = "objective"
[style]
theme = "dark"
width = 800
height = 500
font = "serif"
text_size = 1.2
"#;

/// An objective of two parameters that needs data.
const DATA: &str = r#"
epochs = 40
[[objective]]
name = "line"
formula = "mean((a*x + b - y)^2)"
start = { a = 0, b = 0 }
[objective.data]
file = "points.csv"
columns = { x = "x", y = "y" }
[[optimizer]]
method = "sgd"
learning_rate = 0.1
[[chart]]
kind = "contour"
"#;

const POINTS: &str = "x,y\n0,1\n1,3\n2,5.5\n-1,-1\n";

/// The text of an element of an SVG.
fn element<'s>(svg: &'s str, name: &str) -> &'s str {
    let (_, rest) = svg.split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}

#[test]
fn every_kind_says_what_it_shows() {
    let at = folder(&[("kinds.toml", KINDS)]);
    succeeded(runner(at.path()).arg("kinds.toml"));
    let report = at.path().join("reports/kinds");
    let mut said = String::new();
    for name in names(&report) {
        if let Some(chart) = name.strip_suffix(".svg") {
            let svg = fs::read_to_string(report.join(&name)).unwrap();
            said.push_str(&format!(
                "{chart}\n  {}\n  {}\n",
                element(&svg, "title"),
                element(&svg, "desc")
            ));
        }
    }
    insta::assert_snapshot!(said);
}

#[test]
fn every_kind_has_the_same_bytes_on_any_number_of_threads_and_from_the_files() {
    let at = folder(&[
        ("kinds.toml", KINDS),
        ("data.toml", DATA),
        ("points.csv", POINTS),
    ]);
    for file in ["kinds", "data"] {
        let report = |threads: &str| {
            let mut command = runner(at.path());
            command.arg(format!("{file}.toml"));
            succeeded(command.args(["--threads", threads, "--out", threads]));
            contents(&at.path().join(threads).join(file))
        };
        let (one, several) = (report("1"), report("3"));
        for ((name, expected), (again, bytes)) in one.iter().zip(&several) {
            assert!((name, expected) == (again, bytes), "{file}/{name}");
        }
        let folder = at.path().join("1").join(file);
        spoil_charts(&folder);
        succeeded(runner(at.path()).args(["report", &format!("1/{file}")]));
        for ((name, expected), (again, bytes)) in one.iter().zip(contents(&folder)) {
            assert!((name, expected) == (&again, &bytes), "{file}/{name}");
        }
    }
}

fn spoil_charts(report: &Path) {
    for name in names(report) {
        let is_drawn = [".png", ".svg", ".html", ".gif"];
        if is_drawn.iter().any(|ending| name.ends_with(ending)) {
            fs::write(report.join(name), "spoilt").unwrap();
        }
    }
}

#[test]
fn a_contour_of_data_can_be_drawn_later_and_without_the_data() {
    let at = folder(&[("data.toml", DATA), ("points.csv", POINTS)]);
    succeeded(runner(at.path()).args(["data.toml", "--no-charts"]));
    let report = at.path().join("reports/data");
    assert!(names(&report).contains(&"contour.csv".to_owned()));
    fs::remove_file(at.path().join("points.csv")).unwrap();
    succeeded(runner(at.path()).args(["report", "reports/data"]));
    assert!(names(&report).contains(&"contour.svg".to_owned()));
    // What does not fit is told with its place.
    let path = report.join("contour.csv");
    let good = fs::read_to_string(&path).unwrap();
    for (from, to, expected) in [
        ("\n0,", "\n7,", "line 2: column `panel` is 7, expected 0"),
        ("loss", "lost", "column 4 is `lost`, expected `loss`"),
        (good.lines().nth(3).unwrap(), "0,1,2", "line 4"),
        ("\n", "", "line 1"),
    ] {
        fs::write(&path, good.replacen(from, to, 1)).unwrap();
        let (code, _, stderr) = finished(runner(at.path()).args(["report", "reports/data"]));
        assert!(code == 3 && stderr.contains(expected), "{stderr}");
    }
    let short: Vec<&str> = good.lines().take(100).collect();
    fs::write(&path, short.join("\n") + "\n").unwrap();
    let (code, _, stderr) = finished(runner(at.path()).args(["report", "reports/data"]));
    assert!(code == 3 && stderr.contains("ends too early"), "{stderr}");
}

/// The files of the charts that an experiment without any has.
fn defaults(objective: &str, rest: &str) -> Vec<String> {
    let source = format!("epochs = 5\n{rest}\n[[objective]]\n{objective}\n");
    let plan = Plan::new("defaults.toml", &source).unwrap();
    plan.charts.iter().map(|chart| chart.file.clone()).collect()
}

#[test]
fn default_charts_fit_what_varies() {
    let plane = "formula = 'x^2 + 2*y^2'\nstart = { x = 1, y = 1 }";
    let solid = "formula = 'x^2 + y^2 + z^2'\nstart = { x = 1, y = 1, z = 1 }";
    let sgd = |settings: &str| format!("optimizer = [{{ method = 'sgd', {settings} }}]");
    let one = sgd("learning_rate = 0.1");
    assert_eq!(defaults(plane, &one), ["loss_over_epoch", "contour"]);
    assert_eq!(defaults(solid, &one), ["loss_over_epoch"]);
    let grid = sgd("learning_rate = [1, 2, 3, 4], momentum = [0, 0.1, 0.2, 0.3]");
    assert_eq!(
        defaults(solid, &grid),
        ["loss_over_epoch", "loss_over_learning_rate_and_momentum"]
    );
    let sweeps = [
        "loss_over_epoch", "loss_over_learning_rate", "loss_over_momentum",
    ];
    let few = sgd("learning_rate = [1, 2, 3, 4], momentum = [0, 0.1]");
    assert_eq!(defaults(solid, &few), sweeps);
    let together = "optimizer = [{ method = 'sgd', learning_rate = [1, 2, 3, 4], \
                    momentum = [0, 0.1, 0.2, 0.3], zip = ['learning_rate', 'momentum'] }]";
    assert_eq!(defaults(solid, together), sweeps);
    // Not the ways of hundreds of runs, nor what is not recorded.
    let many = sgd("learning_rate = { from = 0.1, to = 1, count = 51 }");
    assert_eq!(
        defaults(plane, &many),
        ["loss_over_epoch", "loss_over_learning_rate"]
    );
    let unrecorded = format!("{one}\nrecord = {{ parameters = 'none' }}");
    assert_eq!(defaults(plane, &unrecorded), ["loss_over_epoch"]);
    let swept = format!("{plane}\nconstants = {{ a = [1, 2] }}").replace("2*y", "a*y");
    assert_eq!(defaults(&swept, &one), ["loss_over_epoch"]);
}
