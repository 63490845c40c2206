//! Epochs of several updates, from batches of rows.

use gradtape_experiment::batch::End;
use gradtape_experiment::data::shuffled;
use gradtape_experiment::number::Scalar;
use gradtape_experiment::plan::{Plan, Quantity};

use crate::runner::folder;

const ROWS: usize = 11;

/// Some numbers for a line with noise, written with all their digits.
fn row(number: usize) -> (f64, f64) {
    let x = number as f64 / 4.0 - 1.0;
    let noise = [0.3, -0.1, 0.2, -0.4][number % 4];
    (x, 2.0 * x + 1.0 + noise)
}

fn table() -> String {
    let rows = (0..ROWS).map(|number| {
        let (x, y) = row(number);
        format!("{x},{y}\n")
    });
    format!("x,y\n{}", rows.collect::<String>())
}

/// The experiment with these lines in its data and at its top.
fn outcomes(data: &str, top: &str) -> Vec<End> {
    let text = format!(
        "epochs = 7\nseed = 3\n{top}\n\
         [[objective]]\nformula = 'mean((a*x + b - y)^2)'\nstart = {{ a = 0, b = 0 }}\n\
         [objective.data]\nfile = 'line.csv'\ncolumns = {{ x = 'x', y = 'y' }}\n{data}\n\
         [[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.1\nmomentum = 0.5\n"
    );
    let at = folder(&[("line.csv", &table())]);
    let path = at.path().join("line.toml");
    let plan = Plan::new(path.to_str().unwrap(), &text).unwrap_or_else(|wrong| panic!("{wrong}"));
    crate::runner::outcomes(&plan)
}

/// The same descent written out: `order` gives the rows of an epoch.
fn by_hand(size: usize, epochs: u64, order: impl Fn(u64) -> Vec<u32>) -> [f64; 2] {
    let (mut at, mut velocity) = ([0.0; 2], [0.0; 2]);
    for epoch in 1..=epochs {
        for rows in order(epoch).chunks(size) {
            let mut gradient = [0.0; 2];
            for number in rows {
                let (x, y) = row(*number as usize);
                let miss = 2.0 * (at[0] * x + at[1] - y) / rows.len() as f64;
                gradient[0] += miss * x;
                gradient[1] += miss;
            }
            for place in 0..2 {
                velocity[place] = 0.5 * velocity[place] + gradient[place];
                at[place] -= 0.1 * velocity[place];
            }
        }
    }
    at
}

fn found(outcome: &End) -> Vec<f64> {
    outcome.parameters.iter().map(|x| x.to_f64()).collect()
}

fn close(found: &[f64], expected: &[f64]) {
    // A hundred roundings of numbers near 1.
    let is_near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-13;
    assert!(
        found.iter().zip(expected).all(is_near),
        "{found:?} {expected:?}"
    );
}

#[test]
fn an_epoch_goes_once_over_all_rows_in_a_new_order() {
    for size in [1, 3, 4, 10] {
        let run = &outcomes(&format!("batch_size = {size}"), "")[0];
        let order = |epoch| shuffled(3, [0, 0, epoch], ROWS);
        close(&found(run), &by_hand(size, 7, order));
    }
}

#[test]
fn a_batch_of_all_rows_is_no_batch() {
    let whole = &outcomes("", "")[0];
    let all = &outcomes("batch_size = 11", "")[0];
    assert_eq!(whole, all);
    let order = |_| (0..ROWS as u32).collect();
    close(&found(whole), &by_hand(ROWS, 7, order));
}

#[test]
fn the_loss_is_that_of_all_rows_at_the_state_of_the_epoch() {
    let run = &outcomes("batch_size = 4", "")[0];
    let at = found(run);
    let misses = (0..ROWS).map(|number| {
        let (x, y) = row(number);
        (at[0] * x + at[1] - y).powi(2)
    });
    let loss = misses.sum::<f64>() / ROWS as f64;
    close(&[run.quantities.loss().to_f64()], &[loss]);
}

#[test]
fn repetitions_go_over_the_rows_in_other_orders() {
    let runs = outcomes("batch_size = 3", "repetitions = 3");
    for (repetition, run) in runs.iter().enumerate() {
        let order = |epoch| shuffled(3, [0, repetition as u64, epoch], ROWS);
        close(&found(run), &by_hand(3, 7, order));
    }
    let first = &outcomes("batch_size = 3", "")[0];
    assert_eq!(&runs[0], first, "more repetitions change nothing");
}

#[test]
fn rows_for_validation_are_left_out_of_training() {
    let run = &outcomes("validation = 3", "")[0];
    let validation = run
        .quantities
        .get(Quantity::ValidationLoss)
        .unwrap()
        .to_f64();
    assert!(validation != run.quantities.loss().to_f64());
    assert_eq!(
        outcomes("", "")[0].quantities.get(Quantity::ValidationLoss),
        None
    );
    // The rows do not depend on the precision, the losses do.
    let narrow = &outcomes("validation = 3", "precision = 'f32'")[0];
    assert!(matches!(
        narrow.quantities.get(Quantity::ValidationLoss),
        Some(Scalar::F32(_))
    ));
    let near = narrow
        .quantities
        .get(Quantity::ValidationLoss)
        .unwrap()
        .to_f64();
    assert!((near - validation).abs() < 1e-5, "{near} {validation}");
}
