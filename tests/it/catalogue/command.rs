//! `runner functions`.

use gradtape_experiment::objective::catalogue;

use crate::runner::{finished, folder, runner, succeeded};

fn printed(arguments: &[&str]) -> String {
    let at = folder(&[]);
    succeeded(runner(at.path()).arg("functions").args(arguments))
}

#[test]
fn all_functions_are_listed() {
    insta::assert_snapshot!(printed(&[]));
}

#[test]
fn a_function_has_a_page_with_a_picture() {
    insta::assert_snapshot!("forrester", printed(&["forrester"]));
    insta::assert_snapshot!("himmelblau", printed(&["himmelblau"]));
    insta::assert_snapshot!("saddle", printed(&["saddle"]));
    insta::assert_snapshot!("rosenbrock", printed(&["rosenbrock"]));
    insta::assert_snapshot!("wood", printed(&["wood"]));
    insta::assert_snapshot!("trid_12", printed(&["trid", "--dimension", "12"]));
}

/// Every character of the background is two blocks, so that only marks are letters; a
/// terminal without true colours gets the colours that it has.
#[test]
fn with_colours_a_picture_is_made_of_blocks() {
    let at = folder(&[]);
    for (kind, code) in [("truecolor", "\u{1b}[38;2;"), ("", "\u{1b}[38;5;")] {
        let mut command = runner(at.path());
        let arguments = ["functions", "branin", "--color", "always"];
        let text = succeeded(command.args(arguments).env("COLORTERM", kind));
        assert!(text.contains(code), "{text}");
        let lines = text.lines().filter(|line| line.contains('▀'));
        assert_eq!(lines.count(), 22);
        assert_eq!(
            text.matches('▀').count(),
            22 * 64 - 4,
            "three minima and a start"
        );
    }
}

#[test]
fn json_has_all_functions() {
    let text = printed(&["--format", "json"]);
    let objects: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), catalogue::all().count());
    let text = printed(&["trid", "--dimension", "3", "--format", "json"]);
    insta::assert_snapshot!("trid_json", text);
}

#[test]
fn what_there_is_not_is_told_with_exit_code_2() {
    let at = folder(&[]);
    let check = |arguments: &[&str], expected: &str| {
        let (code, stdout, stderr) = finished(runner(at.path()).arg("functions").args(arguments));
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (2, "", expected));
    };
    check(
        &["rosenbrok"],
        "error[usage]: unknown test function `rosenbrok`; did you mean `rosenbrock`?\n",
    );
    check(
        &["nonsense"],
        "error[usage]: unknown test function `nonsense`; `runner functions` lists all\n",
    );
    check(
        &["booth", "--dimension", "3"],
        "error[usage]: booth has exactly 2 variables, not 3\n",
    );
}
