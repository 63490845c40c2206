//! Descents against closed forms, independent loops and known minima.

use gradtape_experiment::batch::End;
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::Quantity;

use crate::runs::{Kept, planned, runs};

/// The rows of a run: epoch, loss, parameters.
type Rows = Vec<(u64, f64, Vec<f64>)>;

/// All runs of an experiment: how they ended, and their rows.
fn run(text: &str) -> Vec<(End, Rows)> {
    let row = |row: Kept| (row.epoch, row.loss, row.wide());
    let all = runs(&planned(text)).into_iter();
    all.map(|(outcome, rows)| (outcome, rows.into_iter().map(row).collect()))
        .collect()
}

/// An experiment of one objective and one optimizer.
fn descent(formula: &str, start: &str, settings: &str, more: &str) -> String {
    format!(
        "{more}\n[[objective]]\nformula = \"{formula}\"\nstart = {{ {start} }}\n\
         [[optimizer]]\nmethod = \"sgd\"\n{settings}\n"
    )
}

#[test]
fn a_parabola_follows_its_closed_form() {
    // Each epoch multiplies x by 1 − ηk, with k = 3.
    for rate in [0.01, 0.1, 0.3, 1.0 / 3.0, 0.5, 0.6] {
        let text = descent(
            "1.5*x^2",
            "x = 2",
            &format!("learning_rate = {rate:?}"),
            "epochs = 40",
        );
        let (_, rows) = &run(&text)[0];
        assert_eq!(rows.len(), 41);
        for (epoch, _, parameters) in rows {
            let factor = 1.0 - 3.0 * rate;
            let exact = 2.0 * f64::powi(factor, i32::try_from(*epoch).unwrap());
            // Each epoch rounds three times, each time by half an ε of x; near
            // the best rate the difference cancels, so the bound is absolute.
            let bound = 2.0 * 3.0 * f64::EPSILON * (1.0 + *epoch as f64) * exact.abs().max(1e-3);
            assert!(
                (parameters[0] - exact).abs() <= bound,
                "{rate} {epoch}: {}",
                parameters[0]
            );
        }
    }
}

#[test]
fn a_descent_converges_below_the_stability_bound_and_diverges_above() {
    // The bound of x² is 1, where x only changes its sign.
    let status = |rate: &str| {
        let text = descent(
            "x^2",
            "x = 1",
            &format!("learning_rate = {rate}"),
            "epochs = 2000\n[stop]\nloss_below = 1e-12\nloss_above = 1e12",
        );
        run(&text)[0].0.clone()
    };
    assert_eq!(status("0.99").reason.status().name(), "converged");
    let at_bound = status("1.0");
    assert_eq!(
        (at_bound.reason.status().name(), at_bound.quantities.loss()),
        ("epoch limit", Scalar::F64(1.0))
    );
    // 1.02²ⁿ exceeds 10¹² at n = ln 10¹² / (2 ln 1.02) = 697.7.
    assert_eq!(
        status("1.01").reason.to_string(),
        "loss 1.01354e12 above 1e12 at epoch 698"
    );
}

/// x ← x − η·(…), written out for 3x² + x⁴ in one type.
macro_rules! independent_loop {
    ($type:ty, $rate:expr, $momentum:expr, $nesterov:expr, $epochs:expr) => {{
        let (rate, momentum) = ($rate as $type, $momentum as $type);
        let (mut x, mut b): ($type, $type) = (0.7, 0.0);
        for _ in 0..$epochs {
            // In the order of the graph's operations: (1·4)·x³ and (3·2)·x.
            let gradient = 4.0 * (x * x * x) + 6.0 * x;
            b = momentum * b + gradient;
            let step = if $nesterov {
                gradient + momentum * b
            } else {
                b
            };
            x -= rate * step;
        }
        f64::from(x)
    }};
}

#[test]
fn momentum_has_the_bits_of_an_independent_loop() {
    for nesterov in [false, true] {
        let settings = format!("learning_rate = 0.02\nmomentum = 0.9\nnesterov = {nesterov}");
        let text = descent(
            "3*x^2 + x^4",
            "x = 0.7",
            &settings,
            "epochs = 300\nprecision = [\"f32\", \"f64\"]",
        );
        let found: Vec<f64> = run(&text)
            .iter()
            .map(|(end, _)| end.parameters[0].to_f64())
            .collect();
        let narrow = independent_loop!(f32, 0.02, 0.9, nesterov, 300);
        let wide = independent_loop!(f64, 0.02, 0.9, nesterov, 300);
        assert_eq!(found, [narrow, wide]);
    }
}

#[test]
fn known_minima_are_found() {
    // Formula, start, learning rate, minimiser; from the literature's test functions.
    for (formula, start, rate, minimiser) in [
        (
            "(x + 2*y - 7)^2 + (2*x + y - 5)^2",
            "x = 0, y = 0",
            "0.05",
            &[1.0, 3.0][..],
        ),
        (
            "0.26*(x^2 + y^2) - 0.48*x*y",
            "x = 5, y = -5",
            "0.5",
            &[0.0, 0.0],
        ),
        (
            "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
            "x = 1, y = 1",
            "0.01",
            &[3.0, 2.0],
        ),
        (
            "x^2 + 2*y^2 + 3*z^2",
            "x = 1, y = 1, z = 1",
            "0.1",
            &[0.0, 0.0, 0.0],
        ),
        (
            "(x^4 - 16*x^2 + 5*x)/2",
            "x = -1",
            "0.01",
            &[-2.903_534_027_771],
        ),
        ("2*w^4 + 3*w^3 + 2", "w = -0.5", "0.01", &[-1.125]),
        (
            "sin(x + y) + (x - y)^2 - 1.5*x + 2.5*y + 1",
            "x = 0, y = 0",
            "0.1",
            &[-0.547_197_551_197, -1.547_197_551_197],
        ),
    ] {
        for momentum in ["0", "0.5"] {
            let settings = format!("learning_rate = {rate}\nmomentum = {momentum}");
            let (end, _) = &run(&descent(formula, start, &settings, "epochs = 5000"))[0];
            for (found, minimiser) in end.parameters.iter().zip(minimiser) {
                // The minimisers are given to twelve digits.
                assert!(
                    (found.to_f64() - minimiser).abs() < 1e-8,
                    "{formula}: {found}"
                );
            }
        }
    }
}

#[test]
fn one_descent_has_three_floors() {
    let text = include_str!("../../experiments/parabola_precision.toml");
    let ends: Vec<String> = run(text)
        .iter()
        .map(|(end, _)| format!("{} {}", end.parameters[0], end.reason))
        .collect();
    assert_eq!(
        ends,
        [
            "5.803526e-37 no parameter changes from epoch 4130 on",
            "3.5e-44 no parameter changes from epoch 4948 on",
            "1.8228751517177865e-88 reached the epoch limit",
        ]
    );
}

#[test]
fn a_fixed_point_is_recorded_to_the_last_epoch() {
    let (end, rows) = &run(include_str!("../../experiments/parabola.toml"))[0];
    assert_eq!((rows.len(), end.quantities.epochs_run()), (10_001, 10_000));
    let last = rows[10_000].2[0];
    assert!(
        rows[4130..]
            .iter()
            .all(|(_, _, parameters)| parameters[0] == last)
    );
    assert!(rows[4129].2[0] != last);
}

#[test]
fn every_rule_of_stop_is_exact_to_the_epoch() {
    // x halves in each epoch: x = 2⁻ⁿ, loss 4⁻ⁿ, gradient 2·2⁻ⁿ, step 2⁻ⁿ.
    let check = |rule: &str, epoch: u64, sentence: &str| {
        let text = descent(
            "x^2",
            "x = 1",
            "learning_rate = 0.25",
            &format!("epochs = 50\n[stop]\n{rule}"),
        );
        let (end, rows) = &run(&text)[0];
        assert_eq!(
            (end.quantities.epochs_run(), rows.len() as u64),
            (epoch, epoch + 1),
            "{rule}"
        );
        assert_eq!(end.reason.to_string(), sentence);
    };
    check("loss_below = 0.25", 2, "loss 0.0625 below 0.25");
    check(
        "gradient_norm_below = 0.25",
        4,
        "gradient norm 0.125 below 0.25",
    );
    check("step_below = 0.25", 3, "step 0.125 below 0.25");
    check("loss_above = 0.5", 0, "loss 1 above 0.5 at epoch 0");
    check(
        "loss_below = 0.25\nstep_below = 0.9",
        1,
        "step 0.5 below 0.9",
    );
    check("loss_below = -1", 50, "reached the epoch limit");
}

#[test]
fn divergence_keeps_the_last_finite_state() {
    let (end, rows) = &run(&descent(
        "x^4", "x = 10", "learning_rate = 0.1", "epochs = 50",
    ))[0];
    assert_eq!(end.reason.status().name(), "diverged");
    assert_eq!(end.reason.to_string(), "loss was inf at epoch 5");
    assert_eq!(
        (end.quantities.epochs_run(), rows.last().unwrap().0),
        (4, 4)
    );
    assert!(end.parameters[0].to_f64().is_finite() && end.quantities.loss().to_f64().is_finite());
    assert_eq!(
        (
            end.quantities.best_loss(),
            end.quantities.count(Quantity::BestEpoch)
        ),
        (Scalar::F64(10_000.0), 0)
    );
}

#[test]
fn a_run_that_is_not_finite_from_the_start_says_so() {
    let (end, rows) = &run(&descent(
        "ln(x)", "x = -1", "learning_rate = 0.1", "epochs = 50",
    ))[0];
    let cause = "loss was NaN at epoch 0 (ln at column 1: NaN at -1)";
    assert_eq!(end.reason.to_string(), cause);
    assert_eq!((end.quantities.epochs_run(), rows.len()), (0, 1));
    let (end, _) = &run(&descent(
        "sqrt(x)", "x = 0", "learning_rate = 0.1", "epochs = 50",
    ))[0];
    let cause = "gradient norm was inf at epoch 0 (sqrt at column 1: derivative infinite at 0)";
    assert_eq!(end.reason.to_string(), cause);
}

#[test]
fn a_run_does_not_depend_on_its_neighbours() {
    let alone = |rate: &str, momentum: &str| {
        let settings = format!("learning_rate = {rate}\nmomentum = {momentum}");
        let text = descent(
            "(1 - x)^2 + 100*(y - x^2)^2",
            "x = -1.2, y = 1",
            &settings,
            "epochs = 500",
        );
        format!("{:?}", run(&text))
    };
    let together = descent(
        "(1 - x)^2 + 100*(y - x^2)^2",
        "x = -1.2, y = 1",
        "learning_rate = [1e-3, 1.0, 1e-4]\nmomentum = [0, 0.9]",
        "epochs = 500",
    );
    let together = run(&together);
    assert!(
        together
            .iter()
            .any(|(end, _)| end.reason.status().name() == "diverged")
    );
    let settings = ["1e-3", "1.0", "1e-4"]
        .into_iter()
        .flat_map(|rate| [(rate, "0"), (rate, "0.9")]);
    for (one, (rate, momentum)) in together.chunks(1).zip(settings) {
        assert_eq!(
            format!("{one:?}"),
            alone(rate, momentum),
            "{rate} {momentum}"
        );
    }
}

#[test]
fn the_recorded_epochs_are_those_asked_for_and_both_ends() {
    let check = |record: &str, expected: &[u64]| {
        let text = descent(
            "x^2",
            "x = 1",
            "learning_rate = 0.01",
            &format!("epochs = 10\n[record]\n{record}"),
        );
        let epochs: Vec<u64> = run(&text)[0].1.iter().map(|(epoch, ..)| *epoch).collect();
        assert_eq!(epochs, expected, "{record}");
    };
    check("", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    check("every = 4", &[0, 4, 8, 10]);
    check("every = 100", &[0, 10]);
    check("points = 3", &[0, 5, 10]);
    check("points = 4\nspacing = \"log\"", &[0, 1, 3, 10]);
    let long = descent("x^2", "x = 1", "learning_rate = 0.01", "epochs = 20_000");
    assert_eq!(run(&long)[0].1.len(), 1000);
}

#[test]
fn runs_are_numbered_in_the_order_of_the_file_the_last_varying_fastest() {
    let plan = planned(
        r#"
        epochs = [1, 2]
        [[objective]]
        name = "a"
        formula = "k*x^2"
        constants = { k = [1, 2] }
        start = [{ x = 1 }, { x = { from = 5, to = 6, count = 2 } }]
        [[objective]]
        name = "b"
        formula = "y^2"
        start = { y = 1 }
        [[optimizer]]
        name = "p"
        method = "sgd"
        learning_rate = [0.1, 0.2]
        [[optimizer]]
        name = "q"
        method = "sgd"
        momentum = [0.8, 0.9]
        learning_rate = [0.3, 0.4]
        zip = ["learning_rate", "momentum"]
        "#,
    );
    assert_eq!(plan.runs.count(), 2 * (2 * 3 + 1) * 4);
    let labels: Vec<String> = (0..56)
        .map(|number| plan.label(&plan.run(number)))
        .collect();
    assert_eq!(labels[0], "epochs=1, a, k=1, x=1, p, learning_rate=0.1");
    assert_eq!(labels[1], "epochs=1, a, k=1, x=1, p, learning_rate=0.2");
    assert_eq!(
        labels[3],
        "epochs=1, a, k=1, x=1, q, learning_rate=0.4, momentum=0.9"
    );
    assert_eq!(labels[4], "epochs=1, a, k=1, x=5, p, learning_rate=0.1");
    assert_eq!(labels[12], "epochs=1, a, k=2, x=1, p, learning_rate=0.1");
    assert_eq!(
        labels[27],
        "epochs=1, b, q, learning_rate=0.4, momentum=0.9"
    );
    assert_eq!(labels[28], "epochs=2, a, k=1, x=1, p, learning_rate=0.1");
    assert_eq!(
        labels
            .iter()
            .collect::<std::collections::HashSet<_>>()
            .len(),
        56
    );
}
