//! Text that strangers wrote: stored text stays as it is.

use std::fs;
use std::path::Path;

use crate::runner::{finished, folder, names, runner, succeeded};

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
