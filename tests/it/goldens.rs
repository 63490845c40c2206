//! Trajectories against those of PyTorch, Keras and optax.
//!
//! `goldens/libraries.py` computed `goldens/*.json` with the libraries themselves: `descents` hold the
//! parameters after some epochs, `rates` the learning rate of each epoch of a schedule and
//! the parameters after the last one. The optimizer of each case is TOML in the words of an
//! experiment, with every setting that is not the library's default. A tensor of the
//! library is a variable of the objective; JAX ran without `jit`, which reorders.
//!
//! What is compared is the relative difference of each number, at least measured by a
//! thousandth of the largest parameter, so that one that happens to pass near 0 does not
//! count as wrong. The last bits differ for three reasons: the libraries write the gradient
//! in another order of operations, `cos`, `pow` and roots of theirs round differently, and
//! a power of a setting is a running product here and a call of `pow` there. A descent of a
//! hundred epochs in a curved valley amplifies these differences up to some thousand
//! times. The bounds are:
//!
//! - `reference.json`: 1e-12, the bound for trajectories of optax;
//! - the other descents and rates in `f64`: 1e-10, with the largest difference that was
//!   found far below (`--nocapture` prints it for each method);
//! - where a descent amplifies a rounding more than that: what a start that differs in its
//!   last bit leads to, once for each of a hundred epochs. Clipped and adaptive steps through
//!   a curved valley do so, up to 1e8 times; the first epochs are held to 1e-10 all the same;
//! - descents in `f32`: 2e-3. PyTorch and Keras compute numbers such as 1 − β₂ in double
//!   precision, here they are in the precision of the run, like everything: 1 − 0.999
//!   differs by 2e-5 then. `RAdam`'s condition takes the difference of two nearly equal
//!   numbers made of it: 2e-2;
//! - what a library itself computes in `f32` whatever its tensors are: rates of optax (its
//!   count is an `int32`) to 5e-6 and the warm-up in its schedule-free methods to 1e-7; the
//!   norm of Keras' clipping and the mean of its Adafactor to 1e-6 in the first epochs, as
//!   descents amplify it later. Keras' schedule-free `AdamW` is compared in the first
//!   epoch only: with its torch backend, which made the numbers, it reads an average after
//!   it was written.

#![expect(
    clippy::print_stdout,
    reason = "the differences are worth seeing even where none is too large"
)]

use std::collections::BTreeMap;

use serde_json::Value;

use crate::runs::{Kept, only_run};

const FILES: &[(&str, &str)] = &[
    ("reference", include_str!("goldens/reference.json")),
    ("pytorch", include_str!("goldens/pytorch.json")),
    ("optax", include_str!("goldens/optax.json")),
    ("keras", include_str!("goldens/keras.json")),
];

/// The rows of the only run of an experiment. One that does not change any more ends.
fn rows(text: &str) -> Vec<Kept> {
    only_run(text).1
}

/// The same experiment with a start that is the next larger number.
fn nudged(text: &str) -> String {
    let mut nudged = String::new();
    for line in text.lines() {
        if !line.starts_with("start = ") {
            nudged += line;
            nudged.push('\n');
            continue;
        }
        let is_part = |letter: char| letter.is_ascii_digit() || "+-.e".contains(letter);
        let mut rest = line;
        while let Some(from) = rest.find(|letter: char| letter.is_ascii_digit() || letter == '-') {
            let to = rest[from..].find(|letter| !is_part(letter));
            let to = to.map_or(rest.len(), |to| from + to);
            let number: f64 = rest[from..to].parse().expect("a number of a start");
            nudged += &rest[..from];
            nudged += &format!("{:?}", number.next_up());
            rest = &rest[to..];
        }
        nudged += rest;
        nudged.push('\n');
    }
    nudged
}

/// A number of a golden file; JSON has none for those that are not finite.
fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some(_) => f64::NAN,
        None => value.as_f64().expect("a number"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(number)
        .collect()
}

/// The largest relative difference of two lists.
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let magnitudes = expected.iter().map(|number| number.abs());
    let least = 1e-3 * magnitudes.fold(0.0, f64::max);
    let pairs = found.iter().zip(expected);
    let differences = pairs.map(|(found, expected)| {
        if found == expected || found.is_nan() && expected.is_nan() {
            0.0
        } else {
            let difference = (found - expected).abs() / expected.abs().max(least);
            if difference.is_nan() {
                f64::INFINITY
            } else {
                difference
            }
        }
    });
    differences.fold(0.0, f64::max)
}

/// A descent or a schedule of a golden file.
struct Case {
    text: String,
    /// The label of its largest difference: method and convention.
    subject: String,
    golden: Value,
}

/// The cases in a list of a golden file that can be run.
fn cases(file: &str, list: &str) -> Vec<Case> {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file[list].as_array().expect("a list").iter();
    let cases = cases.map(|golden| {
        let optimizer = golden["optimizer"].as_str().expect("TOML");
        let word = |name: &str| {
            let lines = optimizer.lines();
            let mut words = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            words.next().map(|word| word.trim_matches('"'))
        };
        let method = word("method").expect("every case has a method");
        let mut subject = format!("{method}, {}", word("convention").expect("a convention"));
        if let Some(schedule) = word("schedule") {
            let kind = schedule.split('"').nth(1).expect("a kind");
            subject = format!("{kind}, {}", word("convention").expect("a convention"));
        }
        let precision = golden["precision"].as_str().unwrap_or("f64");
        if precision == "f32" {
            subject.push_str(", f32");
        }
        let objective = golden["objective"]
            .as_str()
            .expect("the name of an objective");
        let objective = file["objectives"][objective].as_str().expect("TOML");
        let epochs = golden["epochs"].as_u64().unwrap_or(100);
        let text = format!(
            "epochs = {epochs}\nprecision = \"{precision}\"\n[record]\nevery = 1\n\
             [[objective]]\n{objective}\n[[optimizer]]\n{optimizer}\n"
        );
        let golden = golden.clone();
        Case {
            text,
            subject,
            golden,
        }
    });
    cases.collect()
}

/// Prints the largest difference of each subject, and gives the wrong cases.
fn tell(file: &str, differences: &[(&Case, f64, bool)]) -> Vec<String> {
    let mut worst: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for (case, difference, _) in differences {
        let (count, greatest) = worst.entry(&case.subject).or_default();
        *count += 1;
        *greatest = greatest.max(*difference);
    }
    for (subject, (count, difference)) in worst {
        println!("{file:<10} {subject:<36} {count:>3} cases, at most {difference:.1e} apart");
    }
    let wrong = differences.iter().filter(|(_, _, is_right)| !is_right);
    let wrong =
        wrong.map(|(case, difference, _)| format!("{file}: {difference:.2e} apart\n{}", case.text));
    wrong.collect()
}

/// How far a case may be from its library in an epoch; `None` where no bound is known.
fn bound(file: &str, case: &Case, epoch: usize) -> Option<f64> {
    let is = |method: &str| case.subject.starts_with(method);
    let is_clipped = case.text.contains("clip = { norm") || case.text.contains("clip = { global");
    match file {
        _ if is("radam") && case.subject.ends_with("f32") => Some(2e-2),
        "keras" if is("schedule_free") => (epoch <= 1).then_some(1e-6),
        _ if case.subject.ends_with("f32") => Some(2e-3),
        "keras" if is_clipped || is("adafactor") => (epoch <= 3).then_some(1e-6),
        "optax" if is("schedule_free") => Some(1e-7),
        "optax" if !case.golden["rates"].is_null() => Some(5e-6),
        "reference" => Some(1e-12),
        _ => Some(1e-10),
    }
}

/// Compares every case in a list of the golden files; `compared` gives the largest
/// difference of one, and whether it is right.
fn compare(list: &str, compared: impl Fn(&str, &Case) -> (f64, bool)) {
    let mut wrong = Vec::new();
    for (name, file) in FILES {
        let cases = cases(file, list);
        let differences: Vec<_> = cases
            .iter()
            .map(|case| {
                let (difference, is_right) = compared(name, case);
                (case, difference, is_right)
            })
            .collect();
        wrong.extend(tell(name, &differences));
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn descents_are_those_of_the_libraries() {
    compare("descents", |name, case| {
        let rows = rows(&case.text);
        let at =
            |rows: &[Kept], epoch: usize| rows.get(epoch).unwrap_or(&rows[rows.len() - 1]).wide();
        let epochs = case.golden["epochs"].as_object().expect("a table");
        let (mut greatest, mut is_right) = (0.0_f64, true);
        for (epoch, expected) in epochs {
            let epoch: usize = epoch.parse().unwrap();
            let Some(bound) = bound(name, case, epoch) else {
                continue;
            };
            let (found, expected) = (at(&rows, epoch), numbers(expected));
            let apart = difference(&found, &expected);
            let of_a_bit = || difference(&at(&self::rows(&nudged(&case.text)), epoch), &found);
            if apart > bound && apart <= 100.0 * of_a_bit() {
                println!("{}: {apart:.1e} apart, as bits of the start", case.subject);
                continue;
            }
            greatest = greatest.max(apart);
            is_right &= apart <= bound;
        }
        (greatest, is_right)
    });
}

#[test]
fn rates_are_those_of_the_libraries() {
    compare("rates", |name, case| {
        let rows = rows(&case.text);
        let expected = numbers(&case.golden["rates"]);
        let all: Vec<usize> = match case.golden["at"].as_array() {
            Some(at) => at.iter().map(|at| number(at) as usize).collect(),
            None => (0..expected.len()).collect(),
        };
        let found = all
            .iter()
            .map(|epoch| rows[*epoch].learning_rate.unwrap().to_f64());
        let of_rates = difference(&found.collect::<Vec<_>>(), &expected);
        let last = case.golden["final"].as_array();
        let of_parameters = last.map_or(0.0, |_| {
            difference(
                &rows[rows.len() - 1].wide(),
                &numbers(&case.golden["final"]),
            )
        });
        let difference = of_rates.max(of_parameters);
        let bound = bound(name, case, 0).expect("rates are compared");
        (difference, difference <= bound)
    });
}
