//! The kinds of charts: the defaults, their descriptions, and that they can be drawn again.

use std::fs;
use std::path::Path;

use gradtape_experiment::plan::Plan;

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
    // Errors are reported with their place.
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
    // Not the paths of hundreds of runs, nor what is not recorded.
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

/// Runs that diverge at epochs 24, 11 and 5, next to calm ones.
const DIVERGING: &str = r#"
epochs = 40
[[objective]]
formula = "w^2"
start = { w = 1 }
[[optimizer]]
method = "sgd"
learning_rate = [0.1, 0.4, 0.9, 1.08, 1.2, 1.5]
[stop]
loss_above = 1e3
"#;

/// The signs at the ends of lines in a drawing, by their places on the horizontal axis.
struct Signs {
    crosses: Vec<f64>,
    arrows: Vec<f64>,
    svg: String,
}

impl Signs {
    /// Those of a drawing with these two labels on its horizontal axis.
    fn of(svg: String, labels: [&str; 2]) -> Signs {
        let number = |text: &str| text.split(['"', ',', ' ']).next().unwrap().parse().unwrap();
        let label = |name: &str| -> f64 {
            let text = svg.split(&format!(">{name}</text>")).next().unwrap();
            number(text.rsplit_once(" x=\"").unwrap().1)
        };
        let values = labels.map(|label| label.parse::<f64>().unwrap());
        let [from, to] = labels.map(label);
        let value = |x: f64| values[0] + (x - from) / (to - from) * (values[1] - values[0]);
        // Signs are in the groups of their lines, each with a rim below it.
        let mut signs = [Vec::new(), Vec::new()];
        let groups = svg.split("<g data-line=").skip(1);
        for group in groups.map(|group| group.split("</g>").next().unwrap()) {
            for element in group.lines().filter(|line| !line.contains("#FFFFFF")) {
                let Some((_, points)) = element.split_once("points=\"") else {
                    continue;
                };
                let points = points.split('"').next().unwrap();
                let xs: Vec<f64> = points
                    .split(' ')
                    .filter(|at| !at.is_empty())
                    .map(number)
                    .collect();
                match xs[..] {
                    [_, _, middle, _, _] if element.starts_with("<polyline") && xs[0] == xs[3] => {
                        signs[0].push(value(middle));
                    }
                    [tip, _, _] if element.starts_with("<polygon") => signs[1].push(value(tip)),
                    _ => {}
                }
            }
        }
        let [crosses, arrows] = signs;
        Signs {
            crosses,
            arrows,
            svg,
        }
    }

    fn explains(&self, sign: &str) -> bool {
        self.svg.contains(&format!(">{sign}</text>"))
    }

    #[track_caller]
    fn assert_crosses(&self, expected: &[f64]) {
        let is_near = |(found, expected): (&f64, &f64)| (found - expected).abs() < 0.03;
        assert!(
            self.crosses.len() == expected.len() && self.crosses.iter().zip(expected).all(is_near),
            "{:?}, expected {expected:?}",
            self.crosses
        );
    }
}

/// The drawings of the charts of an experiment, in order.
fn drawings(experiment: &str, charts: &[&str]) -> Vec<String> {
    let charts = charts
        .iter()
        .enumerate()
        .map(|(place, chart)| format!("[[chart]]\nfile = \"c{place}\"\n{chart}\n"));
    let charts: Vec<String> = charts.collect();
    let at = folder(&[("one.toml", &format!("{experiment}{}", charts.concat()))]);
    succeeded(runner(at.path()).arg("one.toml"));
    let read =
        |place| fs::read_to_string(at.path().join(format!("reports/one/c{place}.svg"))).unwrap();
    (0..charts.len()).map(read).collect()
}

#[test]
fn crosses_stand_at_the_epoch_of_divergence_and_arrows_where_lines_leave() {
    let charts = [
        "y = \"w\"",
        "y = \"loss\"",
        "y = \"loss\"\ny_scale = \"log\"",
        "y = \"w\"\nx = \"evaluations\"",
    ];
    let drawings = drawings(DIVERGING, &charts);
    let signs = |place: usize| Signs::of(drawings[place].clone(), ["0", "40"]);
    for place in [0, 1] {
        let signs = signs(place);
        signs.assert_crosses(&[24.0, 11.0, 5.0]);
        assert!(signs.explains("diverged") && signs.explains("leaves the frame"));
        // Long before that.
        let [first, second, third] = signs.arrows[..] else {
            panic!("{:?}", signs.arrows);
        };
        assert!(
            third <= second && second <= first && first < 10.0,
            "{:?}",
            signs.arrows
        );
    }
    let seen = signs(2);
    seen.assert_crosses(&[24.0, 11.0, 5.0]);
    assert!(seen.arrows.is_empty() && !seen.explains("leaves the frame"));
    // The start is an evaluation too.
    signs(3).assert_crosses(&[25.0, 12.0, 6.0]);
    let description = element(&drawings[0], "desc");
    assert!(
        description.ends_with("; 3 runs diverged at epoch 5 to 24"),
        "{description}"
    );
}

/// The median of five repetitions diverges with the third of them.
const REPEATED: &str = r#"
epochs = 30
repetitions = 5
[[objective]]
formula = "w^2"
start = { w = { uniform = [0.1, 3] } }
[[optimizer]]
method = "sgd"
learning_rate = [0.2, 1.1, 1.3]
[record]
every = 10
[stop]
loss_above = 1e3
"#;

#[test]
fn a_median_diverges_with_half_of_its_runs_whatever_is_recorded() {
    let at = folder(&[("one.toml", REPEATED)]);
    succeeded(runner(at.path()).arg("one.toml"));
    let runs = fs::read_to_string(at.path().join("reports/one/runs.csv")).unwrap();
    // From the right, as labels contain commas.
    let mut rows = runs.lines().map(|row| row.rsplit(',').collect::<Vec<_>>());
    let head = rows.next().unwrap();
    let column = |name: &str| head.iter().position(|column| *column == name).unwrap();
    let [status, epoch] = [column("status"), column("status_epoch")];
    let rows: Vec<Vec<&str>> = rows.collect();
    let third = |rows: &[Vec<&str>]| {
        let diverged = rows.iter().filter(|row| row[status] == "diverged");
        let mut epochs: Vec<f64> = diverged.map(|row| row[epoch].parse().unwrap()).collect();
        epochs.sort_by(f64::total_cmp);
        epochs[2]
    };
    let drawings = drawings(REPEATED, &["y = \"loss\"\ny_scale = \"log\""]);
    let signs = Signs::of(drawings[0].clone(), ["0", "30"]);
    signs.assert_crosses(&[third(&rows[5..10]), third(&rows[10..])]);
    assert!(element(&drawings[0], "desc").contains("; 2 medians diverged at epoch "));
    // A band is hidden with its line.
    let first = drawings[0].split("<g data-line=\"0\">").nth(1).unwrap();
    assert!(first.trim_start().starts_with("<polygon"), "{first}");
}

#[test]
fn a_run_that_is_not_finite_any_more_has_its_cross_after_its_last_point() {
    let overflow = r#"
epochs = 10
[[objective]]
formula = "2*w^4 + 3*w^3 + 2"
start = { w = 2 }
[[optimizer]]
method = "sgd"
learning_rate = 0.1
"#;
    let drawings = drawings(overflow, &["y = \"loss\"\ny_scale = \"log\""]);
    let signs = Signs::of(drawings[0].clone(), ["0", "6"]);
    signs.assert_crosses(&[6.0]);
    assert!(signs.arrows.is_empty() && signs.explains("diverged"));
}

#[test]
fn what_an_axis_cannot_show_has_no_sign() {
    let start = r#"
epochs = 8
[[objective]]
formula = "w^2"
start = { w = 1 }
[[objective]]
formula = "(w - 1)^2"
start = { w = 100 }
[[optimizer]]
method = "sgd"
learning_rate = 0.1
[stop]
loss_above = 1e3
"#;
    let drawings = drawings(start, &["", "x_scale = \"log\""]);
    // One run diverged at its start, epoch 0, which a logarithmic axis has not.
    Signs::of(drawings[0].clone(), ["0", "8"]).assert_crosses(&[0.0]);
    let logarithmic = Signs::of(drawings[1].clone(), ["2", "5"]);
    assert!(logarithmic.crosses.is_empty() && !logarithmic.explains("diverged"));
    assert!(!logarithmic.explains("leaves the frame"));
}

#[test]
fn a_path_that_leaves_a_contour_has_an_arrow() {
    let bowl = DIVERGING
        .replace("w^2", "x^2 + 2*y^2")
        .replace("w = 1", "x = 1, y = 1");
    let drawings = drawings(&bowl, &["kind = \"contour\""]);
    let signs = Signs::of(drawings[0].clone(), ["0", "1"]);
    assert_eq!((signs.crosses.len(), signs.arrows.len()), (0, 4));
    assert!(signs.explains("leaves the frame") && !signs.explains("diverged"));
    assert!(signs.explains("4 runs diverged"), "in the subtitle");
}
