//! Rules that end runs, bounds, and the best state: against descents written out by hand.

use gradtape_experiment::batch::{self, Cancelled, Control, End};
use gradtape_experiment::plan::{Plan, Quantity};

use crate::runs::only_run;

/// The outcomes of all runs together, which are computed in lanes.
fn outcomes(text: &str) -> Vec<End> {
    let plan = Plan::new("test.toml", text).unwrap();
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    let mut all = Vec::new();
    batch::run(
        &plan,
        &numbers,
        || (),
        &Control::default(),
        |group, ()| {
            all.extend(group.into_iter().map(|(_, outcome)| outcome));
            Ok::<(), Cancelled>(())
        },
    )
    .unwrap();
    all
}

const RATES: [f64; 12] = [
    0.05, 0.1, 0.2, 0.4, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0, 1.01, 1.05,
];

/// A descent with momentum on x² - x·y + y² from (2, -1), which does not go straight down.
struct Descent {
    x: [f64; 2],
    buffer: [f64; 2],
    rate: f64,
    momentum: f64,
}

impl Descent {
    fn new(rate: f64, momentum: f64) -> Self {
        Descent {
            x: [2.0, -1.0],
            buffer: [0.0; 2],
            rate,
            momentum,
        }
    }

    fn loss(&self) -> f64 {
        let [x, y] = self.x;
        x * x - x * y + y * y
    }

    fn step(&mut self) {
        let [x, y] = self.x;
        let gradient = [2.0 * x - y, 2.0 * y - x];
        for (place, slope) in gradient.into_iter().enumerate() {
            self.buffer[place] = self.momentum * self.buffer[place] + slope;
            self.x[place] -= self.rate * self.buffer[place];
        }
    }
}

fn file(epochs: u64, momentum: f64, rest: &str) -> String {
    format!(
        r#"
epochs = {epochs}
[[objective]]
formula = "x^2 - x*y + y^2"
start = {{ x = 2, y = -1 }}
minimum = {{ value = 0 }}
[[optimizer]]
method = "sgd"
learning_rate = {RATES:?}
momentum = {momentum}
{rest}
"#
    )
}

/// Sums of a gradient may be added in another order than here, which is worth some roundings
/// in each of some hundred epochs.
const ROUNDING: f64 = 1e-12;

fn assert_close(found: f64, expected: f64, what: &str) {
    let scale = expected.abs().max(1e-30);
    assert!(
        (found - expected).abs() <= ROUNDING * scale,
        "{what}: {found} instead of {expected}"
    );
}

#[test]
fn patience_ends_a_run_in_the_epoch_that_a_hand_count_says() {
    for (patience, min_delta) in [(1, 0.0), (3, 0.0), (3, 1e-3), (70, 0.0), (10, 0.5)] {
        let stop = format!("[stop]\npatience = {patience}\nmin_delta = {min_delta:?}");
        let ends = outcomes(&file(400, 0.9, &stop));
        for (end, rate) in ends.iter().zip(RATES) {
            let mut descent = Descent::new(rate, 0.9);
            let (mut reference, mut waited, mut epoch) = (f64::INFINITY, 0, 0);
            loop {
                if descent.loss() < reference - min_delta {
                    (reference, waited) = (descent.loss(), 0);
                } else {
                    waited += 1;
                }
                if waited >= patience || epoch == 400 {
                    break;
                }
                descent.step();
                epoch += 1;
            }
            assert_eq!(
                end.quantities.epochs_run(),
                epoch,
                "rate {rate}, patience {patience}"
            );
            assert_close(end.quantities.loss().to_f64(), descent.loss(), "loss");
            let status = if waited >= patience {
                "converged"
            } else {
                "epoch limit"
            };
            assert_eq!(end.reason.status().name(), status);
        }
    }
}

#[test]
fn patience_says_why() {
    let end = &outcomes(&file(400, 0.9, "[stop]\npatience = 3"))[0];
    assert_eq!(end.reason.to_string(), "no improvement in 3 epochs");
    let end = &outcomes(&file(400, 0.9, "[stop]\npatience = 1"))[0];
    assert_eq!(end.reason.to_string(), "no improvement in 1 epoch");
}

#[test]
fn the_gap_is_measured_from_the_minimum() {
    let text = r#"
epochs = 100
[[objective]]
formula = "x^2 + 5"
start = { x = 1 }
minimum = { value = 5 }
[[objective]]
name = "unknown"
formula = "x^2 + 5"
start = { x = 1 }
[[optimizer]]
method = "sgd"
learning_rate = 0.25
[stop]
gap_below = 1e-3
"#;
    let ends = outcomes(text);
    // x halves in every epoch, so the gap is 4^-5 in the fifth.
    assert_eq!(ends[0].quantities.epochs_run(), 5);
    assert_eq!(ends[0].reason.to_string(), "gap 0.000976562 below 0.001");
    assert_ne!(ends[1].reason.status().name(), "converged");
}

#[test]
fn the_best_state_is_that_of_the_best_epoch() {
    for (epochs, momentum) in [(1, 0.9), (10, 0.9), (64, 0.9), (65, 0.99), (300, 0.99)] {
        let ends = outcomes(&file(epochs, momentum, ""));
        for (end, rate) in ends.iter().zip(RATES) {
            let mut descent = Descent::new(rate, momentum);
            for _ in 0..end.quantities.count(Quantity::BestEpoch) {
                descent.step();
            }
            assert_close(
                end.quantities.best_loss().to_f64(),
                descent.loss(),
                "best loss",
            );
            for (found, expected) in end.best_parameters.iter().zip(descent.x) {
                assert_close(found.to_f64(), expected, &format!("rate {rate}"));
            }
        }
        if momentum == 0.99 {
            let earlier = ends.iter().filter(|end| {
                end.quantities.count(Quantity::BestEpoch) < end.quantities.epochs_run()
            });
            assert!(earlier.count() > 8, "the last state should not be the best");
        }
    }
}

#[test]
fn a_run_that_diverges_keeps_its_best_state() {
    let text = r#"
epochs = 100
[[objective]]
formula = "(x - 1)^4 + x^2"
start = { x = 1.5 }
[[optimizer]]
method = "sgd"
learning_rate = [0.6, 0.7, 0.8, 0.9, 2.0, 3.0, 4.0, 5.0]
"#;
    for end in outcomes(text) {
        let x = end.best_parameters[0].to_f64();
        let loss = (x - 1.0).powi(4) + x * x;
        assert_close(end.quantities.best_loss().to_f64(), loss, "best loss");
    }
}

#[test]
fn an_update_is_moved_to_the_nearest_point_within_bounds() {
    let text = r#"
epochs = 30
[[objective]]
formula = "x^2 - x*y + y^2"
start = { x = 2, y = -1 }
bounds = { x = [0.5, inf], y = [-inf, 0.2] }
[[optimizer]]
method = "sgd"
learning_rate = [0.1, 0.3, 0.6]
momentum = 0.5
"#;
    for (end, rate) in outcomes(text).iter().zip([0.1, 0.3, 0.6]) {
        let mut descent = Descent::new(rate, 0.5);
        for _ in 0..end.quantities.epochs_run() {
            descent.step();
            descent.x = [descent.x[0].max(0.5), descent.x[1].min(0.2)];
        }
        for (found, expected) in end.parameters.iter().zip(descent.x) {
            assert_close(found.to_f64(), expected, "projected");
        }
    }
}

#[test]
fn the_gradient_norm_counts_only_directions_that_bounds_leave() {
    // The minimum within the bounds is the corner (1, 3), where the gradient is (2, -2).
    let text = r#"
epochs = 100
[[objective]]
formula = "sum((x - [0, 4])^2)"
start = { x = [2, 2] }
bounds = { x = [1, 3] }
[[optimizer]]
method = "sgd"
learning_rate = 0.1
[stop]
gradient_norm_below = 1e-9
"#;
    let end = &outcomes(text)[0];
    assert_eq!(end.quantities.gradient_norm().to_f64(), 0.0);
    assert_eq!(end.reason.status().name(), "converged");
    let found: Vec<f64> = end.parameters.iter().map(|x| x.to_f64()).collect();
    assert_eq!(found, [1.0, 3.0]);
}

#[test]
fn a_drawn_start_begins_within_bounds() {
    let text = r#"
epochs = 1
repetitions = 20
[[objective]]
formula = "sum(x^2)"
start = { x = { normal = [0, 10], length = 3 } }
bounds = { x = [-1, 1] }
[[optimizer]]
method = "sgd"
learning_rate = 1e-9
"#;
    let plan = Plan::new("test.toml", text).unwrap();
    let starts = (0..plan.runs.count()).flat_map(|number| plan.run(number).start);
    let starts: Vec<f64> = starts
        .map(gradtape_experiment::number::Number::wide)
        .collect();
    assert!(starts.iter().all(|x| x.abs() <= 1.0));
    assert!(starts.contains(&1.0) && starts.contains(&-1.0));
}

/// With momentum the parameters rest long before the memory does; how such a run ends is
/// the same in lanes and alone, to the epoch.
#[test]
fn a_fixed_point_is_told_when_the_memory_rests_too() {
    let text = |rates: &str| {
        format!(
            r#"
epochs = 20000
precision = "f32"
subnormals = "flush"
[[objective]]
formula = "(x - 1)^2"
start = {{ x = 0 }}
[[optimizer]]
method = "sgd"
learning_rate = {rates}
momentum = 0.9
"#
        )
    };
    let rates: [f32; 10] = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1];
    let together = outcomes(&text(&format!("{rates:?}")));
    for (end, rate) in together.iter().zip(rates) {
        let (mut x, mut buffer, mut changed) = (0.0_f32, 0.0_f32, 0);
        for epoch in 1..=20_000 {
            let gradient = 2.0 * (x - 1.0);
            buffer = 0.9 * buffer + gradient;
            if buffer.abs() < f32::MIN_POSITIVE {
                buffer = 0.0;
            }
            let moved = x - rate * buffer;
            if moved != x {
                changed = epoch;
            }
            x = moved;
        }
        let alone = outcomes(&text(&format!("[{rate:?}]")));
        assert_eq!(*end, alone[0], "rate {rate}");
        if buffer == 0.0 {
            let words = format!("no parameter changes from epoch {changed} on");
            assert_eq!(end.reason.to_string(), words, "rate {rate}");
        }
    }
}

#[test]
fn what_is_not_finite_at_the_start_is_traced_to_its_operation() {
    let reason = |objective: &str, optimizer: &str| {
        let text = format!("epochs = 3\n[[objective]]\n{objective}\n[[optimizer]]\n{optimizer}\n");
        let (outcome, _) = only_run(&text);
        outcome.reason.to_string()
    };
    let of = |formula: &str, start: &str| {
        let objective = format!("formula = '''{formula}'''\nstart = {{ {start} }}");
        reason(&objective, "method = 'sgd'\nlearning_rate = 0.1")
    };
    let check = |found: String, expected: &str| assert_eq!(found, expected);
    check(
        of("x^2 + 3*x + sqrt(x)", "x = 0"),
        "gradient norm was inf at epoch 0 (sqrt at column 13: derivative infinite at 0)",
    );
    check(
        of("norm(x) + sum(x)", "x = [0, 0]"),
        "gradient norm was NaN at epoch 0 (norm at column 1: derivative infinite at 0)",
    );
    check(
        of("x + 2*ln(x - 1)", "x = 1"),
        "loss was -inf at epoch 0 (ln at column 7: infinite at 0)",
    );
    check(
        of("sum(exp(x)) + sum(ln(x))", "x = [2, -1, 3]"),
        "loss was NaN at epoch 0 (ln at column 19: NaN at -1)",
    );
    check(
        of("y^2 + (1 / x)", "x = 0, y = 1"),
        "loss was inf at epoch 0 (/ at column 10: infinite at (1, 0))",
    );
    check(
        of("x^0.5 + y", "x = 0, y = 0"),
        "gradient norm was inf at epoch 0 (^ at column 2: derivative infinite at (0, 0.5))",
    );
    check(
        of("exp(x)", "x = 1e3"),
        "loss was inf at epoch 0 (exp at column 1: infinite at 1000)",
    );
    check(
        of("x^2 +\n  asin(x)", "x = 1"),
        "gradient norm was inf at epoch 0 (asin at line 2, column 3: derivative infinite at 1)",
    );
    // A branch that is not taken is not the cause.
    check(
        of(
            "where(x > 0, ln(x), 0) + where(y > 0, 0, sqrt(y))",
            "x = -1, y = 0",
        ),
        "gradient norm was inf at epoch 0 (sqrt at column 42: derivative infinite at 0)",
    );
    // In a definition, in single precision, for a line-search method.
    let objective = "formula = 'x^2 + r'\ndefine = { r = '2*cbrt(x)' }\nstart = { x = 0 }";
    check(
        reason(objective, "method = 'lbfgs'"),
        "gradient norm was inf at epoch 0 (cbrt in `r` at column 3: derivative infinite at 0)",
    );
    // Nothing in the formula: the start is not finite in this precision.
    let narrow = "epochs = 1\nprecision = 'f32'\n[[objective]]\nformula = 'x^2'\n\
                  start = { x = 1e300 }\n[[optimizer]]\nmethod = 'adam'";
    let (outcome, _) = only_run(narrow);
    assert!(
        !outcome.reason.to_string().contains('('),
        "{}",
        outcome.reason
    );
}
