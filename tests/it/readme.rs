//! The documents for readers: their numbers, lists and screens are those of the program.
//! `experiments/README.md` is generated instead.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use gradtape_experiment::diagnosis::{Floor, MAX_SETTINGS};
use gradtape_experiment::ending::Outcome;
use gradtape_experiment::optimizer::search::Rest;
use serde_json::Value;

use crate::runner::{finished, folder, project, runner, succeeded};

fn document(name: &str) -> String {
    let text = fs::read_to_string(project().join(name)).unwrap();
    text.replace("\r\n", "\n")
}

fn readme() -> String {
    document("README.md")
}

/// The part of a text between two others.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(begin).expect(begin);
    rest.split_once(end).expect(end).0
}

/// The texts in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The part of a document below a heading.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    between(text, &format!("\n## {heading}\n"), "\n## ")
}

/// The texts in backticks in the first column of its tables.
fn first_column(section: &str) -> BTreeSet<&str> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    rows.flat_map(|row| quoted(row.split(" | ").next().unwrap()))
        .collect()
}

fn set<'t>(names: impl IntoIterator<Item = &'t str>) -> BTreeSet<&'t str> {
    names.into_iter().collect()
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

#[test]
fn the_readme_lists_what_there_is() {
    let readme = readme();
    // A kind of chart that is missing here needs a word in the README.
    let words = [
        ("line", "lines"),
        ("sweep", "sweeps"),
        ("heatmap", "heat maps"),
        ("contour", "contours"),
        ("profile", "profiles"),
        ("histogram", "histograms"),
    ];
    let schema: Value = serde_json::from_str(&gradtape_experiment::schema::json_schema()).unwrap();
    let kinds = schema.pointer("/$defs/chart/properties/kind/enum");
    let kinds = kinds.expect("the kinds of charts").as_array().unwrap();
    let kinds = set(kinds.iter().map(|kind| kind.as_str().unwrap()));
    assert_eq!(kinds, set(words.iter().map(|(kind, _)| *kind)));
    let charts = between(&readme, "- **Charts**: ", "\n");
    for (_, word) in words {
        assert!(charts.contains(word), "{word}");
    }

    let outcomes = between(&readme, "Every run gets one outcome: ", ".");
    assert_eq!(outcomes.split(", ").count(), Outcome::ALL.len());
    for outcome in Outcome::NAMES {
        assert!(outcomes.contains(outcome), "{outcome}");
    }

    let arguments = [
        "tree", "--offline", "--locked", "--edges", "normal,build", "--prefix", "none",
    ];
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(project()).args(arguments);
    let tree = succeeded(tree.args(["--package", "gradtape-tape"]));
    let crates = set(tree.lines().filter_map(|line| line.split(' ').next()));
    assert_eq!(crates.len(), 9, "{crates:?}");
    assert!(readme.contains("(nine crates to compile)"));

    let version = format!("\nversion: {}\n", env!("CARGO_PKG_VERSION"));
    assert!(document("CITATION.cff").contains(&version), "{version}");
}

#[test]
fn commands_in_documents_are_subcommands() {
    let help = succeeded(runner(project()).arg("--help"));
    let subcommands = between(&help, "Commands:\n", "\n\n");
    let subcommands = set(subcommands
        .lines()
        .map(|line| line.split_whitespace().next().unwrap()));
    for name in [
        "README.md", "reports/README.md", "experiments/README.md", "CONTRIBUTING.md",
    ] {
        let text = document(name);
        for begin in ["`runner ", "\nrunner ", "$ runner "] {
            for part in text.split(begin).skip(1) {
                let word = part.split([' ', '`', '\n']).next().unwrap();
                let is_subcommand = word.chars().all(|letter| letter.is_ascii_lowercase());
                assert!(
                    !is_subcommand || subcommands.contains(word),
                    "{name}: {word}"
                );
            }
        }
    }
}

#[test]
fn every_column_and_key_of_a_report_is_documented() {
    let text = document("reports/README.md");
    let [trajectories, runs, diagnosis, json] = [
        "trajectories.csv", "runs.csv", "diagnosis.csv", "report.json",
    ]
    .map(|file| section(&text, &format!("`{file}`")));
    // Columns of a diagnosis are also in the meaning of others.
    let mentioned = set(quoted(diagnosis));
    let [trajectories, runs, diagnosis, keys] =
        [trajectories, runs, diagnosis, json].map(first_column);
    let mut seen = BTreeSet::new();
    let mut found = 0;
    for report in fs::read_dir(project().join("reports")).unwrap() {
        let report = report.unwrap().path();
        let Ok(json) = fs::read_to_string(report.join("report.json")) else {
            continue;
        };
        let json: Value = serde_json::from_str(&json).unwrap();
        seen.extend(json.as_object().unwrap().keys().cloned());
        let header = |name: &str| -> Vec<String> {
            let table = csv::Reader::from_path(report.join(name)).ok();
            let header = table.map(|mut table| table.headers().unwrap().clone());
            header.iter().flatten().map(str::to_owned).collect()
        };
        let columns = header("runs.csv");
        let parameters = columns.iter().filter_map(|name| name.strip_prefix("best."));
        let parameters = set(parameters);
        // The settings are between these two.
        let settings = columns.iter().position(|name| name == "label");
        let end = columns.iter().position(|name| name == "outcome");
        for (place, name) in columns.iter().enumerate() {
            let parameter = name.strip_prefix("best.").unwrap_or(name);
            let is_setting = Some(place) > settings && Some(place) < end;
            let is_known = is_setting || parameters.contains(parameter) || runs.contains(&**name);
            assert!(is_known, "{name} in runs.csv of {}", report.display());
        }
        for name in header("trajectories.csv") {
            let is_known = parameters.contains(&*name) || trajectories.contains(&*name);
            assert!(
                is_known,
                "{name} in trajectories.csv of {}",
                report.display()
            );
        }
        let columns = header("diagnosis.csv");
        if !columns.is_empty() {
            let columns = set(columns.iter().map(String::as_str));
            assert!(columns.is_superset(&diagnosis) && columns.is_subset(&mentioned));
            found += 1;
        }
    }
    assert!(found > 10, "{found} reports with a diagnosis");
    assert_eq!(set(seen.iter().map(String::as_str)), keys);
    let best = format!("the {MAX_SETTINGS} best settings");
    assert!(text.contains(&best), "{best}");
    let floors = between(&text, "| `floor`, `floor_epoch` | ", "), and");
    assert_eq!(
        set(quoted(floors)),
        set(Floor::ALL.iter().map(|it| it.name()))
    );
}

#[test]
fn every_reason_to_stop_is_documented() {
    let text = document("reports/README.md");
    let schema: Value = serde_json::from_str(&gradtape_experiment::schema::json_schema()).unwrap();
    let rules = schema.pointer("/$defs/stop/properties").unwrap();
    let mut rules = set(rules.as_object().unwrap().keys().map(String::as_str));
    // That of divergence, and a part of `patience`.
    assert!(rules.remove("loss_above") && rules.remove("min_delta"));
    let converged = between(&text, "\n- `converged`: ", ", or the name");
    assert_eq!(set(quoted(converged)), rules);
    let rests = [
        Rest::NoDescent,
        Rest::StepBelowPrecision,
        Rest::DecreaseBelowPrecision,
        Rest::SingularHessian,
    ];
    let documented = between(&text, "\n- `no further step`: ", "\n");
    assert_eq!(
        set(quoted(documented)),
        set(rests.iter().map(|rest| rest.name()))
    );
}

#[test]
fn paths_in_the_guide_for_contributors_exist() {
    let text = document("CONTRIBUTING.md");
    let links = text
        .split("](")
        .skip(1)
        .map(|rest| rest.split([')', '#']).next().unwrap());
    let paths = quoted(&text).chain(links);
    let paths = paths.filter(|path| path.contains('/') || path.ends_with(".md"));
    let mut count = 0;
    for path in paths.filter(|path| !path.contains([' ', ':'])) {
        assert!(project().join(path).exists(), "{path}");
        count += 1;
    }
    assert!(count > 20, "{count} paths");
}
