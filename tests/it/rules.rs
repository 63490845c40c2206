//! Properties of every update rule, in each convention and with each of its settings.

use gradtape_experiment::batch::End;
use gradtape_experiment::number::{Domain, Scalar};
use gradtape_experiment::optimizer::{Convention, DefaultValue, Method};

use crate::runs::only_run;

/// The only run of an experiment: its parameters in each epoch, and how it ended.
fn run(text: &str) -> (Vec<Vec<Scalar>>, End) {
    let (outcome, rows) = only_run(text);
    (
        rows.into_iter().map(|row| row.parameters).collect(),
        outcome,
    )
}

/// An update rule as TOML: with its defaults, and with each setting that shapes it once
/// otherwise.
fn variants(method: Method, convention: Convention) -> Vec<String> {
    let description = method.description();
    let mut plain = format!(
        "method = \"{}\"\nconvention = \"{}\"\n",
        method.name(),
        convention.name()
    );
    let mut others = Vec::new();
    for (setting, default) in description.settings_of(convention) {
        let name = setting.name;
        match (setting.domain, default) {
            (_, DefaultValue::Required) => plain.push_str(&format!("{name} = 0.0625\n")),
            // Nesterov's form looks ahead along a momentum.
            (Domain::Switch, DefaultValue::Switch(on)) => {
                let has_momentum = description
                    .settings
                    .iter()
                    .any(|one| one.name == "momentum");
                let momentum = match name == "nesterov" && has_momentum {
                    true => "momentum = 0.5\n",
                    false => "",
                };
                others.push(format!("{momentum}{name} = {}\n", !on));
            }
            (Domain::Choice(choices), _) => {
                let choices = choices.iter().skip(1);
                others.extend(choices.map(|choice| format!("{name} = \"{choice}\"\n")));
            }
            (Domain::Whole, DefaultValue::Number(0.0)) => others.push(format!("{name} = 3\n")),
            (_, DefaultValue::Number(0.0)) => {
                let momentum = match name {
                    "dampening" => "momentum = 0.5\n",
                    _ => "",
                };
                others.push(format!("{momentum}{name} = 0.125\n"));
            }
            _ => {}
        }
    }
    let others = others.into_iter().map(|other| format!("{plain}{other}"));
    let others: Vec<_> = others.collect();
    [vec![plain], others].concat()
}

/// Every update rule with its variants.
fn all() -> impl Iterator<Item = (Method, Convention, String)> {
    let methods = Method::ALL.iter().copied();
    let methods = methods.filter(|method| method.needs().is_none());
    let pairs = methods.flat_map(|method| {
        let conventions = method.description().conventions.iter();
        conventions.map(move |convention| (method, *convention))
    });
    pairs.flat_map(|(method, convention)| {
        let variants = variants(method, convention).into_iter();
        variants.map(move |variant| (method, convention, variant))
    })
}

fn experiment(head: &str, objective: &str, optimizer: &str) -> String {
    format!("{head}\n[record]\nevery = 1\n[[objective]]\n{objective}\n[[optimizer]]\n{optimizer}")
}

/// Rules that read all elements of an array together.
const OF_WHOLE_ARRAYS: &[&str] = &["adafactor", "lamb", "prodigy"];

#[test]
fn a_rule_has_the_same_bits_on_numbers_and_arrays() {
    // In f32 squares of the gradient are subnormal on the way to the second minimum.
    for head in [
        "epochs = 12",
        "epochs = 12\nprecision = \"f32\"",
        "epochs = 12\nprecision = \"f32\"\nsubnormals = \"flush\"",
    ] {
        for (method, _, optimizer) in all() {
            let of = |objective: &str| run(&experiment(head, objective, &optimizer)).0;
            for (formula, start) in [("(x - 3)^2 + x^4", "-0.5"), ("x^2", "1e-20")] {
                let numbers = of(&format!(
                    "formula = \"{formula}\"\nstart = {{ x = {start} }}"
                ));
                let mut lengths = vec![1];
                // This many elements are loops instead of a straight line.
                if !OF_WHOLE_ARRAYS.contains(&method.name()) {
                    lengths.push(2_000);
                }
                for length in lengths {
                    let arrays = of(&format!(
                        "formula = \"sum({formula})\"\n\
                         start = {{ x = {{ value = {start}, length = {length} }} }}"
                    ));
                    // A sum over many elements overflows before a single one does.
                    if length == 1 {
                        assert_eq!(numbers.len(), arrays.len(), "{head}\n{optimizer}");
                    }
                    for (epoch, (number, array)) in numbers.iter().zip(&arrays).enumerate() {
                        for element in array {
                            assert_eq!(
                                number[0].to_string(),
                                element.to_string(),
                                "epoch {epoch} of {formula} with {length} elements\n\
                                 {head}\n{optimizer}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_rule_that_flushes_leaves_no_subnormal_parameter() {
    let head = "epochs = 60\nprecision = \"f32\"\nsubnormals = \"flush\"";
    let objective = "formula = \"1e6*x^2\"\nstart = { x = 3e-38 }";
    for (_, _, optimizer) in all() {
        let (rows, _) = run(&experiment(head, objective, &optimizer));
        for row in rows {
            let x = row[0].to_f64().abs();
            assert!(
                x == 0.0 || x >= f64::from(f32::MIN_POSITIVE) || x.is_nan(),
                "{x:e}\n{optimizer}"
            );
        }
    }
}

#[test]
fn every_rule_goes_down_a_parabola() {
    for precision in ["f64", "f32"] {
        let head = format!("epochs = 50\nprecision = \"{precision}\"");
        let objective = "formula = \"x^2 + 10*y^2\"\nstart = { x = 1, y = -0.5 }";
        // An offset is for a descent that continues another one, and the learning rate 1, the
        // default of one method, is too large here.
        let is_usual = |one: &(Method, Convention, String)| {
            !one.2.contains("offset") && one.0 != Method::ScheduleFreeSgd
        };
        for (method, convention, optimizer) in all().filter(is_usual) {
            let (_, outcome) = run(&experiment(&head, objective, &optimizer));
            let loss = outcome.quantities.loss().to_f64();
            assert!(
                loss < 3.5,
                "{} {}: {loss}\n{optimizer}",
                method.name(),
                convention.name()
            );
        }
    }
}
