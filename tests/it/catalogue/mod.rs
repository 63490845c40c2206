//! The catalogue of test functions against what is known of them.

mod command;
mod traits;

use gradtape_engine::Program;
use gradtape_experiment::objective::catalogue::{
    self, Dimension, Function, Gradient, Instance, MinimumKind,
};
use gradtape_experiment::objective::is_name;
use gradtape_tape::{Graph, Precision, Subnormals};

use crate::close::close;

/// The value and the gradient of a function.
struct Tested {
    instance: Instance,
    program: Program<f64>,
}

impl Tested {
    fn new(function: &'static Function, dimension: Option<usize>) -> Self {
        let instance = function.instance(dimension).unwrap();
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let parameters: Vec<_> = graph.numbers(instance.dimension);
        let value = instance
            .objective()
            .trace_elements(&graph, &parameters, &[]);
        let mut outputs = vec![value];
        outputs.extend(graph.gradient(value, &parameters));
        let program = Program::new(&graph, &outputs);
        Tested { instance, program }
    }

    fn value(&self, at: &[f64]) -> f64 {
        self.program.evaluate(at)[0]
    }

    fn gradient(&self, at: &[f64]) -> Vec<f64> {
        self.program.evaluate(at)[1..].to_vec()
    }
}

/// Some numbers of variables that a function can have.
fn dimensions(function: &Function) -> Vec<usize> {
    match function.dimension {
        Dimension::Fixed(n) => vec![n],
        Dimension::MultipleOf(n) => vec![n, 2 * n, 5 * n],
        Dimension::AtLeast(least) => (least..=10).collect(),
    }
}

/// All functions, each with some numbers of variables.
fn all() -> impl Iterator<Item = Tested> {
    catalogue::all().flat_map(|function| {
        let dimensions = dimensions(function).into_iter();
        dimensions.map(move |dimension| Tested::new(function, Some(dimension)))
    })
}

fn largest(numbers: &[f64]) -> f64 {
    numbers
        .iter()
        .fold(0.0, |most, number| number.abs().max(most))
}

fn is_within(at: &[f64], domain: &[(f64, f64)]) -> bool {
    let mut pairs = at.iter().zip(domain);
    pairs.all(|(x, (low, high))| low <= x && x <= high)
}

#[test]
fn every_name_is_there_once() {
    let names: Vec<&str> = catalogue::names().collect();
    for (place, name) in names.iter().enumerate() {
        assert!(is_name(name), "{name}");
        assert!(!names[..place].contains(name), "{name}");
        assert!(Function::named(name).is_some());
    }
    assert!(Function::named("rosenbrok").is_none());
}

#[test]
fn a_dimension_is_as_the_rule_says() {
    let check = |name: &str, dimension: usize, expected: &str| {
        let instance = Function::named(name).unwrap().instance(Some(dimension));
        assert_eq!(instance.unwrap_err().to_string(), expected);
    };
    check("booth", 3, "booth has exactly 2 variables, not 3");
    check("parabola", 2, "parabola has one variable, not 2");
    check("cigar", 1, "cigar has at least 2 variables, not 1");
    check(
        "powell",
        6,
        "powell_singular has a multiple of 4 variables, not 6",
    );
    check(
        "powell",
        0,
        "powell_singular has a multiple of 4 variables, not 0",
    );
    check("sphere", 0, "sphere has at least one variable, not 0");
    check(
        "sphere",
        usize::MAX,
        "a function has at most 1,000,000 variables, not 18,446,744,073,709,551,615",
    );
}

#[test]
fn starts_lie_in_the_domain() {
    for Tested { instance, .. } in all() {
        let name = instance.function.name;
        assert_eq!(instance.start.len(), instance.dimension, "{name}");
        assert!(is_within(&instance.start, &instance.domain), "{name}");
        assert!(
            instance
                .view
                .iter()
                .all(|(low, high)| low < high && (high - low).is_finite())
        );
    }
}

/// The value to the precision that the table states, and the gradient in relation to
/// that a thousandth away from the minimum: the coordinates are rounded, which is some
/// 10⁻¹³ of that thousandth, and so are the terms of the gradient.
#[test]
fn every_minimum_is_one() {
    let mut count = 0;
    for function in all() {
        let instance = &function.instance;
        let name = format!("{} n = {}", instance.function.name, instance.dimension);
        let best = instance.minima.first().map(|minimum| minimum.value);
        for minimum in &instance.minima {
            count += 1;
            let value = function.value(&minimum.at);
            assert!(
                close(value, minimum.value, 0.0, minimum.precision),
                "{name}: {value} at {:?}, not {}",
                minimum.at,
                minimum.value
            );
            let is_global = minimum.kind == MinimumKind::Global;
            assert_eq!(is_global, Some(minimum.value) == best, "{name}");
            assert_eq!(
                is_within(&minimum.at, &instance.domain),
                minimum.note != "outside the domain",
                "{name}"
            );
            let gradient = largest(&function.gradient(&minimum.at));
            let mut beside = 0.0_f64;
            for place in 0..minimum.at.len() {
                for sign in [-1.0, 1.0] {
                    let mut at = minimum.at.clone();
                    at[place] += sign
                        * 1e-3
                        * if at[place] == 0.0 {
                            1.0
                        } else {
                            at[place].abs()
                        };
                    beside = beside.max(largest(&function.gradient(&at)));
                    // No neighbour is lower, but beyond the border there may be.
                    if minimum.gradient != Gradient::Outward {
                        assert!(
                            function.value(&at) >= value - minimum.precision,
                            "{name}: {at:?}"
                        );
                    }
                }
            }
            let is_as_told = match minimum.gradient {
                Gradient::Zero => gradient <= 1e-9 * beside,
                Gradient::Outward => gradient > 1.0,
                Gradient::Undefined => !minimum.note.is_empty(),
            };
            assert!(is_as_told, "{name}: {gradient}, {beside}");
        }
        let (has, unbounded) = (!instance.minima.is_empty(), catalogue::Trait::Unbounded);
        assert!(
            has || instance.function.has(unbounded, instance.dimension),
            "{name}"
        );
    }
    assert!(count > 250, "{count}");
}

/// Against values and gradients that `values.py` computes with 60 digits from independently
/// written formulas.
///
/// A value may be off by what it changes if each coordinate is off by eight units in
/// its last place, and by as much of the value itself and of the constants of the
/// formula, which cancel in part. The same holds of a gradient, in relation to its
/// largest entry. It is off by a third of that.
#[test]
fn values_and_gradients_are_those_of_another_catalogue() {
    const UNITS: f64 = 8.0 * f64::EPSILON;
    let mut seen = Vec::new();
    for line in include_str!("values.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let (name, rest) = line.split_once(": ").unwrap();
        let (at, rest) = rest.split_once(" = ").unwrap();
        let (value, gradient) = rest.split_once(" | ").unwrap();
        let numbers = |text: &str| -> Vec<f64> {
            text.split(' ')
                .map(|number| number.parse().unwrap())
                .collect()
        };
        let (at, value, gradient) = (numbers(at), numbers(value)[0], numbers(gradient));
        let function = Tested::new(Function::named(name).unwrap(), Some(at.len()));
        let change: f64 = at
            .iter()
            .zip(&gradient)
            .map(|(x, slope)| (x * slope).abs())
            .sum();
        let scale = value.abs() + change + constants(name, &at);
        let found = function.value(&at);
        assert!(close(found, value, 0.0, UNITS * scale), "{line}\n{found}");
        let scale_of_gradient = largest(&gradient) + curvature(&function, &at);
        for (found, expected) in function.gradient(&at).iter().zip(&gradient) {
            assert!(
                close(*found, *expected, 0.0, UNITS * scale_of_gradient),
                "{line}\n{found}"
            );
        }
        seen.push(name);
    }
    for function in catalogue::all() {
        assert!(seen.contains(&function.name), "{}", function.name);
    }
}

/// The constants of a formula that cancel in part.
fn constants(name: &str, at: &[f64]) -> f64 {
    match name {
        "schwefel" => 419.0 * at.len() as f64,
        "rastrigin" => 10.0 * at.len() as f64,
        "ackley" => 20.0,
        _ => 1.0,
    }
}

/// How much an entry of the gradient changes at most if each coordinate changes by
/// itself, to one digit.
fn curvature(function: &Tested, at: &[f64]) -> f64 {
    let gradient = function.gradient(at);
    let mut most = 0.0_f64;
    for place in 0..at.len() {
        let mut beside = at.to_vec();
        let step = 1e-6 * at[place].abs().max(1e-6);
        beside[place] += step;
        let beside = function.gradient(&beside);
        for (a, b) in gradient.iter().zip(&beside) {
            most = most.max((a - b).abs() / step * at[place].abs());
        }
    }
    most
}
