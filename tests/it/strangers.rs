//! Untrusted text: printed output contains no commands, and stored text stays unchanged.

use std::fs;
use std::path::Path;

use gradtape_experiment::text::is_control;

use crate::runner::{finished, folder, names, runner, succeeded};

/// A name that sets the title of the terminal, clears it, turns its direction, and gives
/// commands to the logs of GitHub and Azure.
const NAME: &str = "::error::A\u{1b}]0;t\u{7}\u{1b}[2J\r\n \t::error file=a::X\u{9b}2J\n##[error]B \
                    ##vso[task.complete]\u{202e}C\u{200f}\u{2028}";

/// The name of a file, as hostile as the system allows.
const FILE: &str = if cfg!(unix) {
    "a\n::error::F\u{1b}[2J##[x]\u{202e}"
} else {
    "file ##[x]"
};

/// An experiment whose names are all hostile, in a directory with its data.
fn hostile() -> tempfile::TempDir {
    let at = folder(&[]);
    let name = serde_json::to_string(NAME).unwrap();
    let file = serde_json::to_string(&format!("{FILE}.csv")).unwrap();
    let experiment = format!(
        r###"
        title = {name}
        epochs = 30
        [[objective]]
        name = {name}
        formula = "w^2"
        start = {{ w = 1 }}
        [[objective]]
        name = "##vso[task.complete]\r\n::error::"
        formula = "mean((w*x - y)^2) + 0*sum(k)"
        start = {{ w = 1 }}
        [objective.data]
        file = {file}
        columns = {{ x = "x\u001b[2J", y = "y", k = "::error::\u202e" }}
        classes = ["k"]
        [[optimizer]]
        name = "::error::o\u001b[2J"
        method = "sgd"
        learning_rate = [0.1, 0.2, 20]
        [[derivative]]
        name = {name}
        formula = "v^2"
        at = {{ v = [1, 2] }}
        [[chart]]
        title = {name}
        y = "loss"
        "###
    );
    fs::write(at.path().join(format!("{FILE}.toml")), experiment).unwrap();
    let data = "x\u{1b}[2J,y,::error::\u{202e}\n1,2,\"a\u{1b}[2J\n::error::k\"\n2,3,##[error]\n";
    fs::write(at.path().join(format!("{FILE}.csv")), data).unwrap();
    at
}

/// Checks that nothing in what was printed is obeyed but styles and line ends.
fn assert_harmless(printed: &str) {
    let mut plain = String::new();
    let mut parts = printed.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let style = part.strip_prefix('[').and_then(|part| part.split_once('m'));
        let (style, rest) = style.unwrap_or_else(|| panic!("no style: {part:?} in {printed:?}"));
        let is_style = style.chars().all(|c| c.is_ascii_digit() || c == ';');
        assert!(is_style, "{style:?} in {printed:?}");
        plain.push_str(rest);
    }
    for line in plain.lines() {
        assert!(!line.contains(is_control), "{line:?}");
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(
            !line.contains("##[") && !line.contains("##vso["),
            "{line:?}"
        );
    }
}

/// Runs the command with and without colours; gives what it printed without.
fn harmless(at: &Path, wanted: i32, arguments: &[&str]) -> (String, String) {
    let run = |colours: &str| {
        let mut command = runner(at);
        command.args(arguments).args(["--color", colours]);
        let (code, stdout, stderr) = finished(&mut command);
        assert_eq!(code, wanted, "{arguments:?}: {stdout}{stderr}");
        assert_harmless(&stdout);
        assert_harmless(&stderr);
        (stdout, stderr)
    };
    run("always");
    run("never")
}

#[test]
fn what_is_printed_obeys_no_name() {
    let at = hostile();
    let (at, file, report) = (at.path(), format!("{FILE}.toml"), format!("reports/{FILE}"));
    let plot = ["--plot", "always"];
    harmless(at, 1, &["check", &file]);
    let (printed, _) = harmless(at, 0, &[&file, plot[0], plot[1]]);
    let (shown, _) = harmless(at, 0, &["show", &report, plot[0], plot[1]]);
    assert_eq!(shown, printed);
    assert!(printed.contains(r"\r\n \t::error file=a::X"), "{printed}");
    harmless(at, 0, &["report", &report]);
    harmless(at, 0, &["check", &file]);
    let (found, _) = harmless(at, 1, &["check", &file, "--set", "epochs=29"]);
    assert!(found.contains(r"::error::A\u{1b}]0;t\u{7}"), "{found}");
    // Escapes of names are those of sentences; the last defence had nothing to do.
    let all = format!("{printed}{found}");
    assert!(
        !all.contains(r"\u001b") && !all.contains(r"\u202e"),
        "{all}"
    );
    for more in [
        &[][..],
        &["--gradient"],
        &["--estimate"],
        &["--format", "csv"],
    ] {
        harmless(at, 0, &[&["plan", &file], more].concat());
    }
    let random = "objective.0.start.w={ normal = [0, 1] }";
    let random = ["--set", "repetitions=5", "--set", random];
    harmless(at, 0, &[&[&*file], &random[..]].concat());
}

#[test]
fn objects_are_read_as_the_names_that_strangers_wrote() {
    let at = hostile();
    let (at, file) = (at.path(), format!("{FILE}.toml"));
    let objects = |code: i32, arguments: &[&str]| -> Vec<serde_json::Value> {
        let (printed, _) = harmless(at, code, &[arguments, &["--format", "json"]].concat());
        let lines = printed.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    for arguments in [&[&*file, "--no-charts"][..], &["plan", &file]] {
        let runs = objects(0, arguments);
        assert_eq!(runs[0]["settings"]["objective"], NAME, "{arguments:?}");
        assert!(runs.iter().any(|one| one["derivative"] == NAME));
    }
    let found = objects(1, &["check", &file, "--set", "epochs=29"]);
    assert!(found.iter().any(|one| one["experiment"] == *file));
    let label = |one: &serde_json::Value| one["label"].as_str().map(str::to_owned);
    let labels: Vec<String> = found.iter().filter_map(label).collect();
    assert!(labels[0].starts_with(NAME), "{labels:?}");
}

#[test]
fn only_annotations_are_commands() {
    let at = hostile();
    let mut command = runner(at.path());
    command.env("GITHUB_ACTIONS", "true").arg("check");
    let (code, stdout, _) = finished(command.arg(format!("{FILE}.toml")));
    assert_eq!(code, 1);
    let commands: Vec<&str> = stdout
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    assert_eq!(commands.len(), 1, "{stdout}");
    assert!(commands[0].starts_with("::error file="), "{stdout}");
    assert_harmless(&stdout.replacen("::error file=", "", 1));
}

#[test]
fn errors_obey_nothing_that_they_quote() {
    let at = hostile();
    let (at, file) = (at.path(), format!("{FILE}.toml"));
    let data = "x\u{1b}[2J,k\n1,2\n";
    fs::write(at.join("other.csv"), data).unwrap();
    for (set, wanted) in [
        (
            "objective.1.data.file='other.csv'",
            r"available columns: `x\u{1b}[2J`",
        ),
        ("objective.1.data.classes=[]", r"::error::\u{202e}"),
        (
            r#"objective.1.data.file="no\n::error::\u001b[2J""#,
            r"no\n::error::",
        ),
        (r#"optimizer.0.method="\n::error::\u001b[2J""#, "method"),
    ] {
        let (_, told) = harmless(at, 2, &[&file, "--set", set]);
        assert!(told.contains(wanted), "{set}: {told}");
    }
    let name = "x\n::error::\u{1b}[2J##[error]\u{202e}";
    for arguments in [
        &[name][..],
        &["check", name],
        &["show", name],
        &["report", name],
        &["functions", name],
        &["functions", "--search", name],
        &["methods", name],
        &["methods", "--search", name],
        &["explain", name],
        &["man", name],
        &["completions", name],
        &["--threads", name],
        &["check", &file, "--tolerance", name],
        &["plan", &file, "--filter", name],
        &["plan", &file, "--set", name],
        &["check", &file, "--junit", "no\n::error::\u{1b}[2J/x"],
        &["plan", &file, &format!("other/{file}")],
        &[&format!("--{name}")],
    ] {
        for colours in ["always", "never"] {
            let (code, stdout, stderr) =
                finished(runner(at).args(arguments).args(["--color", colours]));
            assert!(code > 0 && !stderr.is_empty(), "{arguments:?}: {stdout}");
            assert_harmless(&stdout);
            assert_harmless(&stderr);
        }
    }
}

#[test]
fn a_damaged_report_gives_no_commands() {
    let at = hostile();
    let (at, file, report) = (at.path(), format!("{FILE}.toml"), format!("reports/{FILE}"));
    let folder = at.join(&report);
    for (table, cell, damaged) in [
        ("runs.csv", "label,", "CELL,"),
        ("runs.csv", "\n1,", "\nCELL,"),
        ("runs.csv", "still improving", "CELL"),
        ("diagnosis.csv", "label,", "CELL,"),
        ("diagnosis.csv", "\n0,", "\nCELL,"),
        ("trajectories.csv", ",loss,", ",CELL,"),
        ("trajectories.csv", "\n0,1,", "\n0,CELL,"),
    ] {
        succeeded(runner(at).args([&file, "--no-charts"]));
        let damage = |table: &str, part: &str, damaged: &str| {
            let text = fs::read_to_string(folder.join(table)).unwrap();
            assert!(text.contains(part), "{part} in {text}");
            fs::write(folder.join(table), text.replacen(part, damaged, 1)).unwrap();
        };
        let hostile = "\"\n::error::\u{1b}[2J##[error]\u{202e}\"";
        damage(table, cell, &damaged.replace("CELL", hostile));
        for key in ["\"file\": \"", "\"gradtape\": \""] {
            let damaged = format!(r"{key}\n::error::\u001b[2J##[error]");
            damage("report.json", key, &damaged);
        }
        for command in ["show", "report"] {
            let (_, told) = harmless(at, 3, &[command, &report]);
            assert!(told.contains(r"\n::error::\u{1b}[2J"), "{told}");
        }
        harmless(at, 3, &["check", &file, "--trajectory"]);
    }
}

/// Names that a spreadsheet would take for formulas, or that look as if an apostrophe had
/// been put in front.
const FORMULAS: [&str; 9] = [
    "=cmd|' /C calc'!A0", "+1", "-x", "@SUM(A1)", "\tb", "\rc", "'quoted", "''=", "＝1",
];

/// The cells of a CSV file.
fn cells(csv: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(csv.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.flat_map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn no_cell_of_text_is_a_formula() {
    let objectives = FORMULAS.map(|name| {
        let name = serde_json::to_string(name).unwrap();
        format!("[[objective]]\nname = {name}\nformula = \"w^2\"\nstart = {{ w = -0.5 }}\n")
    });
    let experiment = format!(
        "epochs = 3\n{}[[optimizer]]\nname = \"-sgd\"\nmethod = \"sgd\"\nlearning_rate = [0.1, 1e9]\n\
         [[derivative]]\nname = \"=d\"\nformula = \"-v\"\nat = {{ v = [-1, 1] }}\n",
        objectives.concat()
    );
    let at = folder(&[("formulas.toml", &experiment)]);
    let at = at.path();
    let printed = succeeded(runner(at).arg("formulas.toml"));
    let report = at.join("reports/formulas");
    let mut tables = vec![succeeded(
        runner(at).args(["plan", "formulas.toml", "--format", "csv"]),
    )];
    for name in names(&report).iter().filter(|name| name.ends_with(".csv")) {
        tables.push(fs::read_to_string(report.join(name)).unwrap());
    }
    assert_eq!(tables.len(), 5);
    for cell in tables.iter().flat_map(|table| cells(table)) {
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']);
        assert!(!is_formula || cell.parse::<f64>().is_ok(), "{cell:?}");
    }
    for name in FORMULAS
        .iter()
        .filter(|name| !name.contains(char::is_control))
    {
        assert!(cells(&tables[0]).contains(&format!("'{name}")), "{name:?}");
    }
    // What is read is what was written, and all else has the names as they are.
    assert_eq!(
        succeeded(runner(at).args(["show", "reports/formulas"])),
        printed
    );
    succeeded(runner(at).args(["check", "formulas.toml", "--trajectory"]));
    succeeded(runner(at).args(["report", "reports/formulas"]));
    let mut check = runner(at);
    check.args(["check", "formulas.toml", "--set", "epochs=2"]);
    let (code, found, _) = finished(check.args(["--junit", "a.xml", "--markdown", "a.md"]));
    assert_eq!(code, 1);
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let page = read(&report.join("index.html"));
    let json = read(&report.join("report.json"));
    for text in [
        page,
        json,
        read(&at.join("a.xml")),
        read(&at.join("a.md")),
        found,
        printed,
    ] {
        assert!(text.contains("=cmd|") || text.contains(r"=cmd\|"), "{text}");
        assert!(
            !text.contains("'=cmd") && !text.contains("&apos;=cmd"),
            "{text}"
        );
    }
}
