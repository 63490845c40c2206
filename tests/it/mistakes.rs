//! Wrong input: exit code, complete message, and nothing harmed.

use std::path::Path;

use gradtape_experiment::mistake::Code;
use gradtape_experiment::plan::Plan;

use crate::runner::{contents, finished, folder, names, runner, succeeded};

const PARABOLA: &str = include_str!("../../experiments/parabola.toml");

fn mistakes() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mistakes"))
}

#[test]
fn every_mistake_is_told_before_anything_is_written() {
    insta::glob!("../mistakes", "*.toml", |path| {
        let out = folder(&[]);
        let reports = out.path().join("reports");
        let file = path.file_name().unwrap();
        let (code, stdout, stderr) =
            finished(runner(mistakes()).arg(file).arg("--out").arg(&reports));
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(!reports.exists(), "nothing is written");
        insta::assert_snapshot!(stderr);
    });
}

/// The message for a file with these bytes.
fn told(bytes: &[u8]) -> String {
    let at = folder(&[]);
    std::fs::write(at.path().join("wrong.toml"), bytes).unwrap();
    let (code, stdout, stderr) = finished(runner(at.path()).arg("wrong.toml"));
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    assert_eq!(names(at.path()), ["wrong.toml"], "nothing is written");
    stderr
}

#[test]
fn a_formula_nested_too_deep_has_a_short_message() {
    let deep = format!("{}x{}", "(".repeat(100_000), ")".repeat(100_000));
    let message = told(PARABOLA.replace("w0^2", &deep).as_bytes());
    assert!(message.len() < 2_000, "{} bytes", message.len());
    assert!(
        message.contains("the formula is nested more than 100 levels deep"),
        "{message}"
    );
}

#[test]
fn lists_nested_too_deep_are_told() {
    let message =
        told(format!("epochs = {}1{}", "[".repeat(100_000), "]".repeat(100_000)).as_bytes());
    assert!(
        message.contains("recursion depth") && message.len() < 2_000,
        "{message}"
    );
}

/// An experiment with this objective: its formula, the names of its starts, and the rest of
/// the table.
fn experiment(formula: &str, names: &[String], rest: &str) -> String {
    let starts: Vec<String> = names.iter().map(|name| format!("{name} = 1\n")).collect();
    let starts = starts.concat();
    format!(
        "epochs = 10\noptimizer = [{{ method = 'sgd', learning_rate = 0.1 }}]\n\
         [[objective]]\nformula = '''{formula}'''\n{rest}\n[objective.start]\n{starts}"
    )
}

fn numbered(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}{number}")).collect()
}

#[test]
fn more_variables_than_the_limit_are_told() {
    let file = experiment("x0^2", &numbered("x", 10_001), "");
    insta::assert_snapshot!(told(file.as_bytes()));
    // Two objectives, each with fewer than the limit.
    let first = experiment("x0^2", &["x0".to_owned()], "");
    let names = numbered("y", 9_999);
    let define = format!("define = {{ total = '{}' }}", names[..9_000].join("+"));
    let formula = format!("total + {}", names[9_000..].join("+"));
    let second = experiment(&formula, &names, &define);
    let second = second.split_once("[[objective]]").unwrap().1;
    let both = format!("{first}\n[[objective]]{second}");
    Plan::new("most.toml", &both).unwrap();
    let more = both
        .replace("x0^2", "x0^2 + x1")
        .replace("x0 = 1", "x0 = 1\nx1 = 1");
    insta::assert_snapshot!(told(more.as_bytes()));
}

/// `count` definitions of `factors` factors each; each of them uses the next one twice.
fn definitions(count: usize, factors: usize) -> String {
    let mut text = "[objective.define]\n".to_owned();
    for number in 0..count {
        let factors = (0..factors).map(|factor| format!("erf(x0 + {number}.{factor:04}1)"));
        let factors = factors.collect::<Vec<_>>().join(" * ");
        let next = match number + 1 {
            next if next < count => format!(" + d{next}*d{next}"),
            _ => String::new(),
        };
        text.push_str(&format!("d{number} = '{factors}{next}'\n"));
    }
    text
}

#[test]
fn more_operations_than_the_limit_are_told() {
    let of = |definitions: &str| experiment("d0", &["x0".to_owned()], definitions);
    insta::assert_snapshot!(told(of(&definitions(110, 2_500)).as_bytes()));
    insta::assert_snapshot!(told(of(&definitions(50, 2_500)).as_bytes()));
    Plan::new("many.toml", &of(&definitions(20, 2_500))).unwrap();
}

#[test]
fn definitions_that_use_one_another_twice_take_no_time() {
    // Written out it would have 2^10000 operations.
    let file = experiment("d0", &["x0".to_owned()], &definitions(10_000, 1));
    let plan = Plan::new("chain.toml", &file).unwrap();
    assert_eq!(plan.runs.count(), 1);
}

#[test]
fn bytes_that_are_not_utf8_are_told_with_their_line() {
    insta::assert_snapshot!(told(b"epochs = 1\ntitle = \"\xff\"\n"), @"error[file]: failed to read wrong.toml: line 2 is not UTF-8");
}

#[test]
fn a_file_of_ten_thousand_mistakes_has_a_short_message() {
    let many: String = (0..10_000)
        .map(|number| format!("key{number} = 1\n"))
        .collect();
    let message = told(many.as_bytes());
    assert!(
        message.contains("more in wrong.toml") && message.len() < 20_000,
        "{} bytes",
        message.len()
    );
}

#[test]
fn line_ends_of_windows_do_not_move_the_caret() {
    let text = PARABOLA
        .replace("w0^2", "w0^2 + sinn(w0)")
        .replace('\n', "\r\n");
    insta::assert_snapshot!(told(text.as_bytes()));
}

#[test]
fn a_file_that_is_missing_is_told_with_the_nearest_name() {
    let at = folder(&[("parabola.toml", PARABOLA)]);
    let (code, _, stderr) = finished(runner(at.path()).arg("parabla.toml"));
    assert_eq!(code, 2);
    insta::assert_snapshot!(stderr, @"error[file]: failed to read parabla.toml: there is no such file; did you mean parabola.toml?");
}

#[test]
fn a_folder_is_no_experiment() {
    let at = folder(&[]);
    let (code, _, stderr) = finished(runner(at.path()).arg("."));
    assert_eq!(code, 2);
    insta::assert_snapshot!(stderr, @"error[file]: failed to read .: it is a directory, expected an experiment file");
}

#[test]
fn one_wrong_file_keeps_the_right_ones_from_running() {
    let at = folder(&[("right.toml", PARABOLA), ("wrong.toml", "epochs = 1")]);
    let (code, stdout, stderr) = finished(runner(at.path()).args(["right.toml", "wrong.toml"]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(
        stderr.contains("wrong.toml") && !stderr.contains("right.toml"),
        "{stderr}"
    );
    assert_eq!(names(at.path()), ["right.toml", "wrong.toml"]);
}

#[test]
fn an_older_report_survives_a_mistake() {
    let at = folder(&[("parabola.toml", PARABOLA)]);
    succeeded(runner(at.path()).arg("parabola.toml"));
    let before = contents(&at.path().join("reports/parabola"));
    std::fs::write(
        at.path().join("parabola.toml"),
        PARABOLA.replace("10_000", "0"),
    )
    .unwrap();
    let (code, ..) = finished(runner(at.path()).arg("parabola.toml"));
    assert_eq!(code, 2);
    assert!(contents(&at.path().join("reports/parabola")) == before);
}

#[test]
fn a_folder_that_cannot_be_written_ends_with_3_before_the_run() {
    let at = folder(&[("parabola.toml", PARABOLA), ("taken", "a file")]);
    let (code, stdout, stderr) =
        finished(runner(at.path()).args(["parabola.toml", "--out", "taken"]));
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert!(
        stderr.starts_with("error: ") && stderr.contains("taken"),
        "{stderr}"
    );
    let (code, _, stderr) =
        finished(runner(at.path()).args(["parabola.toml", "--out", "taken/below"]));
    assert_eq!(code, 3, "{stderr}");
}

#[test]
fn a_folder_that_is_no_report_is_not_replaced() {
    let at = folder(&[("parabola.toml", PARABOLA)]);
    let precious = at.path().join("reports/parabola");
    std::fs::create_dir_all(&precious).unwrap();
    std::fs::write(precious.join("thesis.txt"), "chapter 1").unwrap();
    let (code, _, stderr) = finished(runner(at.path()).arg("parabola.toml"));
    assert_eq!(code, 3);
    insta::assert_snapshot!(stderr, @"error: reports/parabola exists and is not a report: choose another directory with --out, or rename the experiment file");
    assert_eq!(names(&precious), ["thesis.txt"]);
    assert_eq!(names(&at.path().join("reports")), ["parabola"]);
}

#[test]
fn wrong_filters_and_options_end_with_2() {
    let at = folder(&[("parabola.toml", PARABOLA), ("b.toml", PARABOLA)]);
    std::fs::create_dir(at.path().join("copy")).unwrap();
    std::fs::write(at.path().join("copy/b.toml"), PARABOLA).unwrap();
    let told = |arguments: &[&str]| {
        let (code, stdout, stderr) = finished(runner(at.path()).args(arguments));
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        stderr
    };
    let filters = [
        "learning_rat=0.01",
        "learning_rate=0.5",
        "0.5",
        "method = adam & (learning_rate < much",
    ];
    let messages = filters.map(|filter| told(&["parabola.toml", "--filter", filter]));
    insta::assert_snapshot!("filters", messages.join("\n"));
    let settings = [
        "epochs",
        "epochs=0",
        "epochs.few=1",
        "optimizer.1.learning_rate=0.1",
        "optimizer.learning_rat=0.1",
        "optimizer.learning_rate=[0.1,",
    ];
    let messages = settings.map(|setting| told(&["parabola.toml", "--set", setting]));
    insta::assert_snapshot!("settings", messages.join("\n"));
    insta::assert_snapshot!(told(&["b.toml", "copy/b.toml"]), @"error[usage]: b.toml and copy/b.toml would both write the report `b`");
    for wrong in [
        &["parabola.toml", "--threads", "0"][..],
        &["parabola.toml", "--colour"],
        &[],
        &["check"],
    ] {
        assert!(
            told(wrong).contains("Usage:") || wrong.contains(&"0"),
            "{wrong:?}"
        );
    }
}

/// The base of the examples of codes, in which some lines are replaced.
fn with_lines(lines: &str) -> String {
    let key = |line: &str| line.split('=').next().unwrap_or("").trim().to_owned();
    let own: Vec<String> = lines.lines().map(key).collect();
    let base = Code::BASE.iter().filter(|line| !own.contains(&key(line)));
    let base: String = base.map(|line| format!("{line}\n")).collect();
    base + lines + "\n"
}

#[test]
fn every_code_is_explained_by_an_example_that_has_it() {
    for code in Code::all() {
        assert_eq!(Code::named(code.name()), Some(code));
        assert!(
            !code.title().ends_with('.') && code.about().ends_with('.'),
            "{code}"
        );
        let Some((wrong, right)) = code.example() else {
            let of_more_than_the_file = [Code::Data, Code::Set, Code::Usage, Code::File];
            assert!(
                of_more_than_the_file.contains(&code),
                "{code} has no example"
            );
            continue;
        };
        let mistakes = Plan::new("wrong.toml", &with_lines(wrong)).unwrap_err();
        let codes: Vec<Code> = mistakes.list().iter().map(|one| one.code).collect();
        assert_eq!(codes, [code], "{mistakes}");
        if let Err(mistakes) = Plan::new("right.toml", &with_lines(right)) {
            panic!("{code}: {mistakes}");
        }
    }
}

#[test]
fn codes_are_explained() {
    let at = folder(&[]);
    let explain = |arguments: &[&str]| succeeded(runner(at.path()).arg("explain").args(arguments));
    insta::assert_snapshot!("codes", explain(&[]));
    insta::assert_snapshot!("unknown_key", explain(&["unknown-key"]));
    assert_eq!(explain(&["error[unknown-key]"]), explain(&["unknown-key"]));
    let (code, stdout, stderr) = finished(runner(at.path()).args(["explain", "unknown-kee"]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    insta::assert_snapshot!(stderr, @"error[usage]: unknown code `unknown-kee`; did you mean `unknown-key`?");
}
