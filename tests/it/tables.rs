//! Tables of values and derivatives: `[[derivative]]` from file to report.

use std::fs;
use std::path::Path;

use gradtape_experiment::batch::Control;
use gradtape_experiment::derivative::{self, Table};
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::Plan;

use crate::close::close;
use crate::runner::{contents, finished, folder, names, runner, succeeded};

const TAPE: &str = include_str!("../../experiments/tape.toml");

/// Runs and derivatives in several arithmetics, more rows and columns than a
/// terminal shows, points with and without a chart, names with special characters.
const MIXED: &str = r#"
title = "Both"
epochs = 5
precision = ["f32", "f64"]
[[objective]]
formula = "w^2"
start = { w = 1 }
[[optimizer]]
method = "sgd"
learning_rate = 0.1
[[chart]]
y = "w"
file = "derivative_wave"
[[derivative]]
name = "Wave!"
formula = "exp(-t/4)*sin(k*t)"
at = { t = { from = 0, to = 10, count = 101 } }
constants = { k = 2 }
order = 2
[[derivative]]
name = "wave"
formula = "a*s + c"
define = { s = "sin(x)*cos(y)" }
at = { x = [0, 0.5, 1], y = 0.25, a = 2 }
constants = { c = 0.1 }
with_respect_to = ["y", "x"]
order = 4
[[derivative]]
formula = "x*y"
at = { x = [1, 2], y = [3, 4] }
[[derivative]]
formula = "x*y"
at = { x = 1, y = 2 }
[[derivative]]
formula = "ln(x)"
at = { x = { from = 1e-2, to = 1e2, count = 9, scale = "log" } }
"#;

fn table(source: &str) -> (Plan, Table) {
    let plan = Plan::new("example.toml", source).unwrap();
    let table = derivative::table(&plan, 0, &Control::default()).unwrap();
    (plan, table)
}

#[test]
fn the_numbers_of_the_tutorial_are_as_printed_there() {
    let at = folder(&[("tape.toml", TAPE)]);
    succeeded(runner(at.path()).arg("tape.toml"));
    let report = at.path().join("reports/tape");
    let expected = [
        "derivative_one_variable.csv",
        "derivative_parabola.csv",
        "derivative_parabola.png",
        "derivative_parabola.svg",
        "derivative_two_variables.csv",
        "index.html",
        "report.json",
    ];
    assert_eq!(names(&report), expected);
    let text = |file: &str| fs::read_to_string(report.join(file)).unwrap();
    insta::assert_snapshot!(text("derivative_one_variable.csv"), @"
    x,b,f,df/dx
    100.0,10.0,10010.0,200.0
    ");
    insta::assert_snapshot!(text("derivative_two_variables.csv"), @"
    x,b,f,df/dx,df/db,d^2f/dx^2,d^2f/dx db,d^2f/db^2
    20.0,10.0,500.0,40.0,20.0,2.0,0.0,2.0
    ");
    insta::assert_snapshot!(text("derivative_parabola.csv"), @"
    x,f,df/dx,d^2f/dx^2
    -3.0,9.0,-6.0,2.0
    -2.0,4.0,-4.0,2.0
    -1.0,1.0,-2.0,2.0
    0.0,0.0,0.0,2.0
    1.0,1.0,2.0,2.0
    2.0,4.0,4.0,2.0
    3.0,9.0,6.0,2.0
    ");
    let json: serde_json::Value = serde_json::from_str(&text("report.json")).unwrap();
    assert_eq!(json["derivatives"][6]["at"]["x"], 1.0);
    assert_eq!(json["derivatives"][6]["values"]["df/dx"], 2.0);
    assert_eq!(json["runs"].as_array().map(Vec::len), Some(0));
}

#[test]
fn derivatives_have_the_values_of_closed_forms() {
    // A formula, the points of x, and f to f⁗ as functions of x.
    type Case<'a> = (&'a str, &'a [f64], [fn(f64) -> f64; 5]);
    let cases: [Case<'_>; 5] = [
        (
            "sin(x)",
            &[-2.0, 0.3, 1.0, 4.0],
            [f64::sin, f64::cos, |x| -x.sin(), |x| -x.cos(), f64::sin],
        ),
        (
            "exp(2*x)",
            &[-1.0, 0.0, 0.75],
            [
                |x| (2.0 * x).exp(),
                |x| 2.0 * (2.0 * x).exp(),
                |x| 4.0 * (2.0 * x).exp(),
                |x| 8.0 * (2.0 * x).exp(),
                |x| 16.0 * (2.0 * x).exp(),
            ],
        ),
        (
            "x^5 - 3*x",
            &[-2.0, 0.0, 1.5],
            [
                |x| x.powi(5) - 3.0 * x,
                |x| 5.0 * x.powi(4) - 3.0,
                |x| 20.0 * x.powi(3),
                |x| 60.0 * x * x,
                |x| 120.0 * x,
            ],
        ),
        (
            "ln(x)",
            &[0.25, 1.0, 3.0],
            [
                f64::ln,
                |x| 1.0 / x,
                |x| -1.0 / (x * x),
                |x| 2.0 / x.powi(3),
                |x| -6.0 / x.powi(4),
            ],
        ),
        (
            "1/(1 + x^2)",
            &[-1.0, 0.0, 0.5],
            [
                |x| 1.0 / (1.0 + x * x),
                |x| -2.0 * x / (1.0 + x * x).powi(2),
                |x| (6.0 * x * x - 2.0) / (1.0 + x * x).powi(3),
                |x| 24.0 * x * (1.0 - x * x) / (1.0 + x * x).powi(4),
                |x| 24.0 * (5.0 * x.powi(4) - 10.0 * x * x + 1.0) / (1.0 + x * x).powi(5),
            ],
        ),
    ];
    for (precision, tolerance) in [("f32", 2e-5), ("f64", 1e-13)] {
        for (formula, points, functions) in &cases {
            let (_, table) = table(&format!(
                "precision = {precision:?}\n[[derivative]]\nformula = {formula:?}\nat = {{ x = {points:?} }}\norder = 4"
            ));
            assert_eq!(table.rows.len(), points.len());
            for (row, x) in table.rows.iter().zip(*points) {
                for (value, function) in row.values.iter().zip(functions) {
                    let expected = function(*x);
                    let is_close = close(value.to_f64(), expected, tolerance, tolerance);
                    assert!(is_close, "{formula} at {x}: {value}, {expected}");
                }
            }
        }
    }
}

#[test]
fn mixed_derivatives_are_told_once_and_have_the_values_of_a_closed_form() {
    let (plan, table) = table(
        r#"
        [[derivative]]
        formula = "x^3 * y^2 * exp(z)"
        at = { x = [2, -1], y = [3, 0.5], z = [0, 1] }
        order = 4
        "#,
    );
    let columns = &plan.derivatives[0].columns;
    assert_eq!(columns.len(), 35);
    let falling = |n: i32, k: i32| (0..k).map(|step| f64::from(n - step)).product::<f64>();
    for row in &table.rows {
        let [x, y, z] = [0, 1, 2].map(|place: usize| row.at[place].to_f64());
        for (partial, value) in plan.derivatives[0].partials.iter().zip(&row.values) {
            let name = partial.name(&["x".to_owned(), "y".to_owned(), "z".to_owned()]);
            // The orders in x and y, read from the name.
            let power = |variable: &str| {
                let factors = name.split('/').nth(1).unwrap_or("").split(' ');
                let mut of = factors.filter_map(|factor| factor.strip_prefix(variable));
                of.next().map_or(0, |power| match power.strip_prefix('^') {
                    Some(power) => power.parse::<i32>().unwrap(),
                    None => 1,
                })
            };
            let (i, j) = (power("dx"), power("dy"));
            let of = |base: f64, n: i32, k: i32| {
                if k > n {
                    0.0
                } else {
                    falling(n, k) * base.powi(n - k)
                }
            };
            let expected = of(x, 3, i) * of(y, 2, j) * z.exp();
            let is_close = close(value.to_f64(), expected, 1e-13, 1e-13);
            assert!(is_close, "{name}: {value}, {expected}");
        }
    }
}

#[test]
fn every_precision_has_its_rows_in_its_own_numbers() {
    let (plan, table) = table(
        r#"
        precision = ["f32", "f64", "f32"]
        subnormals = ["keep", "flush"]
        [[derivative]]
        formula = "x*1e-20"
        at = { x = [0.1, 1e-20] }
        "#,
    );
    let shown = table.rows.iter().map(|row| {
        let numbers = row.at.iter().chain(&row.values);
        let numbers: Vec<String> = numbers.map(Scalar::to_string).collect();
        format!("{}: {}", row.arithmetic, numbers.join(" "))
    });
    assert_eq!(plan.arithmetics().len(), 4);
    insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"));
}

#[test]
fn poles_and_kinks_are_numbers_too() {
    let (_, table) = table(
        r#"
        [[derivative]]
        formula = "1/x + abs(x)"
        at = { x = [-1, 0, 1] }
        "#,
    );
    let shown = |place: usize| {
        table.rows[place]
            .values
            .iter()
            .map(Scalar::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(0), ["0.0", "-2.0"]);
    assert_eq!(shown(1), ["inf", "-inf"]);
    assert_eq!(shown(2), ["2.0", "0.0"]);
}

#[test]
fn a_report_of_runs_and_derivatives_is_the_same_on_any_number_of_threads() {
    let at = folder(&[("mixed.toml", MIXED)]);
    let report = |threads: &str| {
        let out = format!("on_{threads}");
        succeeded(runner(at.path()).args(["mixed.toml", "--threads", threads, "--out", &out]));
        contents(&at.path().join(out).join("mixed"))
    };
    let one = report("1");
    let files: Vec<&str> = one.iter().map(|(name, _)| name.as_str()).collect();
    insta::assert_snapshot!(files.join("\n"));
    for threads in ["2", "7"] {
        for ((name, expected), (_, bytes)) in one.iter().zip(report(threads)) {
            assert!(*expected == bytes, "{name} on {threads} threads");
        }
    }
}

#[test]
fn the_charts_of_derivatives_drawn_again_have_the_same_bytes() {
    let at = folder(&[("mixed.toml", MIXED), ("tape.toml", TAPE)]);
    for (file, charts) in [("mixed", 4), ("tape", 1)] {
        succeeded(runner(at.path()).arg(format!("{file}.toml")));
        let report = at.path().join("reports").join(file);
        let before = contents(&report);
        let mut spoilt = 0;
        for name in names(&report) {
            let is_drawn = [".png", ".svg", ".html"];
            if is_drawn.iter().any(|ending| name.ends_with(ending)) {
                fs::write(report.join(name), "spoilt").unwrap();
                spoilt += 1;
            }
        }
        assert_eq!(spoilt, 2 * charts + 1, "each chart twice, and the page");
        succeeded(runner(at.path()).args(["report", &format!("reports/{file}")]));
        for ((name, expected), (again, bytes)) in before.iter().zip(contents(&report)) {
            assert!((name, expected) == (&again, &bytes), "{file}/{name}");
        }
    }
}

#[test]
fn tables_are_printed_with_their_first_rows_and_columns() {
    let at = folder(&[("mixed.toml", MIXED)]);
    insta::assert_snapshot!(succeeded(
        runner(at.path()).args(["mixed.toml", "--no-charts"])
    ));
    let charts = names(&at.path().join("reports/mixed"));
    assert!(!charts.iter().any(|name| name.ends_with(".png")));
    insta::assert_snapshot!(
        "plan",
        succeeded(runner(at.path()).args(["plan", "mixed.toml"]))
    );
}

#[test]
fn json_has_an_object_a_line_for_each_point() {
    let at = folder(&[("mixed.toml", MIXED)]);
    let lines = |arguments: &[&str]| {
        let stdout = succeeded(runner(at.path()).args(arguments).args(["--format", "json"]));
        let lines = stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let results = lines(&["mixed.toml", "--no-charts"]);
    assert_eq!(results.len(), 2 + 2 * (101 + 3 + 2 + 1 + 9));
    assert_eq!(results[2]["derivative"], "Wave!");
    assert_eq!(results[2]["values"]["df/dt"], 2.0);
    assert_eq!(results[2 + 101]["precision"], "f64");
    let planned = lines(&["plan", "mixed.toml"]);
    assert_eq!(planned.len(), 2 + 5);
    assert_eq!(planned[3]["columns"].as_array().map(Vec::len), Some(15));
    assert_eq!(planned[3]["with_respect_to"], serde_json::json!(["y", "x"]));
    assert_eq!(
        succeeded(runner(at.path()).args(["mixed.toml", "--quiet"])),
        ""
    );
}

#[test]
fn a_filter_is_about_runs() {
    let at = folder(&[("tape.toml", TAPE), ("mixed.toml", MIXED)]);
    let (code, _, stderr) =
        finished(runner(at.path()).args(["tape.toml", "--filter", "precision=f32"]));
    assert_eq!(code, 2);
    assert!(
        stderr.starts_with("error[no-run]: no run matches\n --> --filter of tape.toml:1:1\n"),
        "{stderr}"
    );
    succeeded(runner(at.path()).args(["mixed.toml", "--filter", "precision=f32"]));
    let rows =
        fs::read_to_string(at.path().join("reports/mixed@partial/derivative_3.csv")).unwrap();
    assert_eq!(rows.lines().count(), 5, "derivatives are not filtered");
}

/// The exit code and the output of `check` after a report of `before` was
/// recorded and the experiment changed to `after`.
fn changed(before: &str, after: &str) -> (i32, String) {
    let at = folder(&[("t.toml", before)]);
    succeeded(runner(at.path()).args(["t.toml", "--no-charts"]));
    fs::write(at.path().join("t.toml"), after).unwrap();
    let recorded = contents(&at.path().join("reports/t"));
    let (code, stdout, stderr) = finished(runner(at.path()).args(["check", "t.toml"]));
    assert!(
        contents(&at.path().join("reports/t")) == recorded,
        "check writes nothing"
    );
    (code, stdout + &stderr)
}

#[test]
fn a_value_that_moved_is_told_with_what_was_expected_of_it() {
    let (code, printed) = changed(TAPE, TAPE);
    assert_eq!(code, 0, "{printed}");
    let moved = TAPE
        .replace("\"x^2 + b\"", "\"x^2 + 1.5*x + b\"")
        .replace("\"x^2\"\n", "\"x^2 + x^3/1000\"\n");
    let (code, printed) = changed(TAPE, &moved);
    assert_eq!(code, 1);
    insta::assert_snapshot!(printed);
}

#[test]
fn tables_that_came_or_went_or_have_another_shape_are_told() {
    let one = "[[derivative]]\nname = \"cube\"\nformula = \"x^3\"\nat = { x = [1, 2] }\n";
    let check = |after: &str, expected: &str| {
        let (code, printed) = changed(one, after);
        assert_eq!(code, 1, "{printed}");
        assert!(printed.contains(expected), "{printed}");
    };
    let other = one.replace("cube", "other");
    check(
        &format!("{one}{other}"),
        "other: table is not in the recorded report",
    );
    check(&other, "cube: table is recorded, now not in the experiment");
    check(
        &one.replace("[1, 2]", "[1, 2, 3]"),
        "cube: table recorded with columns x, f, df/dx at 2 points in f64, now columns x, f, df/dx at 3 points in f64",
    );
    check(
        &format!("{one}order = 2\n"),
        "now columns x, f, df/dx, d^2f/dx^2 at 2 points in f64",
    );
    check(
        &format!("precision = [\"f64\", \"f32\"]\n{one}"),
        "at 2 points in f64 and f32",
    );
    check(
        &one.replace("[1, 2]", "[1, 2.5]"),
        "cube at x=2.5: x recorded 2.0, now 2.5 (0.5 away, 25%, ",
    );
    check(
        &format!(
            "check.default = {{ abs = 100 }}\n{}",
            one.replace("[1, 2]", "[1, 2.5]")
        ),
        "cube at x=2.5: x recorded 2.0, now 2.5 (0.5 away, 25%, ",
    );
    let descent = "epochs = 1\nobjective = [{ formula = \"w^2\", start = { w = 1 } }]\n\
                   optimizer = [{ method = \"sgd\", learning_rate = 0.1 }]\n";
    check(
        &format!("{descent}{one}"),
        "run 0 (w^2): run is not in the recorded report",
    );
    let (code, printed) = changed(&format!("{descent}{one}"), one);
    assert_eq!(code, 1);
    assert!(
        printed.contains("run 0 (w^2): run is no longer in the experiment"),
        "{printed}"
    );
}

#[test]
fn expectations_at_points_hold_or_are_told() {
    let check = |expectation: &str, expected: &str| {
        let file = format!(
            "[[derivative]]\nformula = \"1/x\"\nat = {{ x = [1, 2, 0] }}\nexpect = {{ {expectation} }}\n"
        );
        let (code, printed) = changed(&file, &file);
        assert_eq!(
            code,
            i32::from(!expected.is_empty()),
            "{expectation}: {printed}"
        );
        assert!(printed.contains(expected), "{expectation}: {printed}");
    };
    check("f = { equals = [1, 0.5, inf] }", "");
    check("f = { above = 0 }, \"df/dx\" = { below = [0, 0, 0] }", "");
    check("f = { equals = [1.1, 0.5, inf], rel = 0.1 }", "");
    check(
        "f = { above = { from = 0, to = 1, count = 3 } }",
        "1/x at x=2: f expected above 0.5, now 0.5",
    );
    check(
        "f = { equals = [1, 0.4, inf], abs = 0.01 }",
        "1/x at x=2: f expected 0.4 within abs 0.01, now 0.5",
    );
    check(
        "f = { equals = 1, ulps = 4 }",
        "1/x at x=0: f expected 1.0 within 4 ulps, now inf",
    );
    check(
        "\"df/dx\" = { above = -1 }",
        "1/x at x=1: df/dx expected above -1.0, now -1.0",
    );
    check(
        "\"df/dx\" = { equals = nan }",
        "1/x at x=1: df/dx expected NaN, now -1.0",
    );
}

#[test]
fn a_damaged_table_is_told_with_file_and_line() {
    let at = folder(&[("mixed.toml", MIXED)]);
    succeeded(runner(at.path()).args(["mixed.toml", "--no-charts"]));
    let report = at.path().join("reports/mixed");
    let path = report.join("derivative_3.csv");
    let good = fs::read_to_string(&path).unwrap();
    let check = |bad: String, expected: &str| {
        assert!(bad != good);
        fs::write(&path, bad).unwrap();
        for command in [["report", "reports/mixed"], ["check", "mixed.toml"]] {
            let (code, _, stderr) = finished(runner(at.path()).args(command));
            assert_eq!(code, 3, "{stderr}");
            assert!(stderr.contains(expected), "{stderr}");
        }
        assert!(!Path::new(&report.join("derivative_wave.png")).exists());
    };
    check(
        good.replace("df/dy", "dy/df"),
        "derivative_3.csv: line 1: column 7 is `dy/df`, expected `df/dy`",
    );
    check(
        good.replacen("f32,keep", "f64,keep", 1),
        "line 2: column `precision`: expected `f32`, found `f64`",
    );
    check(
        good.replacen(",3.0,", ",three,", 1),
        "line 2: column `y`: expected a number, found `three`",
    );
    check(
        good.replacen("keep,1.0,", "keep,", 1),
        "line 2: 6 columns, expected 7",
    );
    check(
        format!("{good}f64,keep,1.0,3.0,3.0,3.0,1.0\n"),
        "line 6: more rows than expected",
    );
    let last = good.trim_end().rfind('\n').unwrap();
    check(good[..=last].to_owned(), "it has 3 of 4 rows");
    fs::remove_file(&path).unwrap();
    let (code, _, stderr) = finished(runner(at.path()).args(["report", "reports/mixed"]));
    assert!(code == 3 && stderr.contains("derivative_3.csv"), "{stderr}");
}
