//! The project's own rules.

use std::fs;
use std::path::PathBuf;

use crate::runner::project;

/// The files below a directory of the project, or the file itself, that have one of these
/// extensions, with their text.
pub fn texts(path: &str, extensions: &[&str]) -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = vec![project().join(path)];
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| extensions.contains(&extension))
        {
            let name = path
                .strip_prefix(project())
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    files
}

/// All Rust files of the library and the command, with their text. A file of a crate has a
/// name such as `engine/program.rs`.
fn sources() -> Vec<(String, String)> {
    let crates = texts("crates", &["rs"]).into_iter();
    let crates = crates.map(|(file, text)| {
        let file = file.trim_start_matches("crates/gradtape-");
        (file.replacen("/src/", "/", 1), text)
    });
    crates.chain(texts("src", &["rs"])).collect()
}

/// The text without tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or("");
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Checks the modules of a crate, each with what it stands on; their order is that of the
/// floors. Returns the number of imports.
fn imports_from_below(name: &str, floors: &[(&str, &[&str])]) -> usize {
    let mut seen = 0;
    for (file, text) in sources() {
        let Some(module) = file.strip_prefix(name).and_then(|it| it.strip_prefix('/')) else {
            continue;
        };
        let module = module.split(['/', '.']).next().unwrap();
        if module == "lib" {
            continue;
        }
        let (_, below) = floors
            .iter()
            .find(|(name, _)| *name == module)
            .expect("a floor for each module");
        for part in code(&text).split("crate::").skip(1) {
            let imported: String = part
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let is_right = imported == module || below.contains(&imported.as_str());
            assert!(is_right, "{file} imports {imported}");
            seen += 1;
        }
    }
    seen
}

#[test]
fn modules_import_only_from_the_floors_below() {
    // Cargo keeps the floors between the crates.
    let experiment: &[(&str, &[&str])] = &[
        ("text", &[]),
        ("number", &["text"]),
        ("ending", &[]),
        ("mistake", &["text"]),
        ("random", &[]),
        ("language", &["mistake", "number"]),
        ("data", &["mistake", "number", "random", "text"]),
        ("objective", &["language", "mistake", "number", "random"]),
        ("optimizer", &["mistake", "number", "objective"]),
        ("spec", &["ending", "language", "mistake", "number", "text"]),
        ("schema", &["number", "objective", "optimizer", "spec"]),
        (
            "plan",
            &[
                "data", "ending", "mistake", "number", "objective", "optimizer", "random", "spec",
                "text", "batch",
            ],
        ),
        (
            "batch",
            &["data", "ending", "number", "objective", "optimizer", "plan"],
        ),
        ("derivative", &["batch", "number", "plan"]),
        ("landscape", &["number", "plan"]),
        (
            "diagnosis",
            &["batch", "ending", "number", "optimizer", "plan", "text"],
        ),
    ];
    let chart: &[(&str, &[&str])] = &[
        ("model", &[]),
        ("measure", &["model"]),
        ("layout", &["measure", "model"]),
        ("marks", &["layout", "measure", "model"]),
        ("draw", &["layout", "marks", "measure", "model"]),
        ("image", &["draw", "measure", "model"]),
    ];
    assert!(imports_from_below("experiment", experiment) > 50);
    assert!(imports_from_below("chart", chart) > 20);
    for (file, text) in sources() {
        // Only the words of a diagnosis are English.
        if file.starts_with("experiment/diagnosis/facts/") {
            assert!(!code(&text).contains("words"), "{file} knows words");
        }
        let above: &[&str] = match file
            .strip_prefix("report/")
            .map(|file| file.split('/').next())
        {
            None | Some(Some("experiment" | "lib.rs")) => &[],
            Some(Some("baseline")) => &["experiment"],
            Some(_) => &["baseline", "experiment"],
        };
        for module in above {
            let path = format!("crate::{module}");
            assert!(!code(&text).contains(&path), "{file} imports {module}");
        }
    }
}

#[test]
fn the_terminal_knows_no_subcommand() {
    for (file, text) in sources() {
        if !file.starts_with("src/bin/runner/terminal/") {
            continue;
        }
        for part in code(&text).split("crate::").skip(1) {
            let is_below = ["exit::", "monitor::"]
                .iter()
                .any(|below| part.starts_with(below));
            assert!(is_below, "{file} imports {part:.20}");
        }
    }
}

#[test]
fn each_crate_depends_on_few_others() {
    // The crates of the workspace that each knows, and for the tape every other one.
    for (name, expected) in [
        ("tape", &["libm", "smallvec", "thiserror"][..]),
        ("engine", &["gradtape-tape"]),
        ("chart", &[]),
        ("experiment", &["gradtape-engine", "gradtape-tape"]),
        ("report", &["gradtape-chart", "gradtape-experiment"]),
    ] {
        let path = project().join(format!("crates/gradtape-{name}/Cargo.toml"));
        let manifest: toml_edit::DocumentMut = fs::read_to_string(&path).unwrap().parse().unwrap();
        let dependencies = manifest["dependencies"].as_table().unwrap().iter();
        let known: Vec<&str> = dependencies
            .map(|(known, _)| known)
            .filter(|known| name == "tape" || known.starts_with("gradtape-"))
            .collect();
        assert_eq!(known, expected, "{name}");
    }
}

#[test]
fn each_outside_library_is_known_to_few_files() {
    for (library, places) in [
        ("annotate_snippets", &["experiment/mistake/mod.rs"][..]),
        ("strsim", &["experiment/mistake/mod.rs"]),
        ("toml::", &["experiment/spec/reader.rs"]),
        ("toml_edit::", &["experiment/spec/overrides.rs"]),
        ("jsonschema", &[]),
        (
            "sha2::",
            &[
                "experiment/batch/determination.rs",
                "experiment/plan/mod.rs",
                "experiment/data/table.rs",
                "report/page/policy.rs",
            ],
        ),
        ("base64::", &["report/page/policy.rs"]),
        (
            "maud::",
            &[
                "report/page/chart.rs", "report/page/document.rs", "report/page/source.rs",
                "report/page/table.rs",
            ],
        ),
        ("plotters", &["chart/marks/canvas.rs"]),
        ("resvg", &["chart/image/raster.rs"]),
        ("png::", &["chart/image/raster.rs"]),
        (
            "gif::",
            &["chart/image/animation.rs", "chart/image/raster.rs"],
        ),
        (
            "rustybuzz",
            &["chart/image/glyphs.rs", "chart/measure/text.rs"],
        ),
        ("chacha20::", &["experiment/random.rs"]),
        ("csv::", &["report/rows/mod.rs", "experiment/data/table.rs"]),
        (
            "serde_json",
            &[
                "report/file/report.rs",
                "report/json/head.rs",
                "report/json/objects.rs",
                "experiment/schema.rs",
                "experiment/spec/json.rs",
                "src/bin/runner/experiment.rs",
                "src/bin/runner/commands/check/last.rs",
                "src/bin/runner/commands/check/stream.rs",
            ],
        ),
        ("quick_junit", &["src/bin/runner/commands/check/junit.rs"]),
        ("rustix", &["report/folder/system.rs"]),
        (
            "rayon",
            &[
                "experiment/batch/mod.rs", "report/file/charts.rs", "chart/image/animation.rs",
                "report/folder/staging.rs", "src/bin/runner/threads.rs",
            ],
        ),
        ("clap", &["src/bin/runner/args.rs"]),
        ("terminal_size", &["src/bin/runner/terminal/text.rs"]),
        (
            "unicode_width",
            &[
                "src/bin/runner/commands/summary/mod.rs",
                "src/bin/runner/terminal/escape.rs",
                "src/bin/runner/terminal/plot.rs",
                "src/bin/runner/terminal/table.rs",
                "src/bin/runner/terminal/text.rs",
            ],
        ),
        ("indicatif", &["src/bin/runner/terminal/progress.rs"]),
        ("ctrlc", &["src/bin/runner/interruption.rs"]),
    ] {
        for (file, text) in sources() {
            let mentions = code(&text).contains(library);
            assert!(
                !mentions || places.contains(&file.as_str()),
                "{file} knows {library}"
            );
        }
    }
}

#[test]
fn nothing_below_the_command_prints_or_looks_at_clock_and_environment() {
    for (file, text) in sources() {
        if file.starts_with("src/bin/") {
            continue;
        }
        for word in ["println!", "print!", "env::var", "SystemTime", "Instant"] {
            assert!(!code(&text).contains(word), "{file} has {word}");
        }
    }
}

#[test]
fn only_some_modules_touch_the_disk() {
    for (file, text) in sources() {
        let may = [
            "experiment/spec/load.rs", "experiment/data/table.rs", "report/", "src/bin/",
        ];
        if !may.iter().any(|place| file.starts_with(place)) {
            assert!(!code(&text).contains("std::fs"), "{file} touches the disk");
        }
    }
}

#[test]
fn files_are_short_and_finished() {
    for (file, text) in sources().into_iter().chain(texts("tests", &["rs"])) {
        let lines = text.lines().count();
        assert!(lines <= 1000, "{file} has {lines} lines");
        let unfinished = [
            concat!("FIX", "ME"),
            concat!("TO", "DO"),
            concat!("XX", "X"),
        ];
        assert!(!unfinished.iter().any(|word| text.contains(word)), "{file}");
    }
}

#[test]
fn every_experiment_has_a_title_and_a_recorded_report() {
    let mut count = 0;
    for entry in fs::read_dir(project().join("experiments")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("title = "), "{}", path.display());
        let report = project().join("reports").join(path.file_stem().unwrap());
        assert!(report.join("report.json").exists(), "{}", report.display());
        count += 1;
    }
    assert!(count >= 5);
}

const PREAMBLE: &str = "\
# Experiment files

The TOML files in this directory are experiments: run one with `runner FILE`.
This is the complete format, generated from the same description the parser uses, followed by the formula language.
Unlisted keys and values of the wrong type are errors.

";

#[test]
fn the_documentation_of_the_format_is_that_of_the_reader() {
    let path = project().join("experiments/README.md");
    let expected = PREAMBLE.to_owned()
        + &gradtape_experiment::spec::documentation()
        + &gradtape_experiment::objective::documentation()
        + &gradtape_experiment::plan::limits();
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "run the tests with INSTA_UPDATE=always, and review the difference"
    );
}

#[test]
fn examples_are_compiled_together() {
    // A path in `include_str!` leads elsewhere from where rustdoc compiles all examples as
    // one, and then it compiles each by itself, which takes ten times as long.
    for (file, text) in sources() {
        let mut lines = text.lines().map(str::trim_start);
        let includes = |line: &str| line.starts_with("//") && line.contains("include_str!");
        assert!(!lines.any(includes), "{file}");
    }
}

#[test]
fn unsafe_code_is_in_one_small_module() {
    for (file, text) in sources() {
        let words = code(&text).matches("unsafe").count();
        let expected = if file == "engine/features.rs" {
            // The lint's name, and one call for each instruction set.
            3
        } else {
            0
        };
        assert_eq!(words, expected, "{file}");
    }
}
