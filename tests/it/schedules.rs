//! Schedules, clipping, and tables with several methods, conventions and schedules.
//!
//! The goldens compare learning rates with those of the libraries; here are closed forms
//! where conventions differ, and their use in files.

use gradtape_experiment::number::Scalar;
use gradtape_experiment::optimizer::schedule::ScheduleKind;
use gradtape_experiment::plan::{Filter, Plan};

use crate::close::close;
use crate::runner::{finished, folder, runner, succeeded};
use crate::runs::{Kept, planned, runs};

/// An experiment on a parabola with this optimizer.
fn experiment(epochs: u64, optimizer: &str) -> String {
    format!(
        "epochs = {epochs}\n[[objective]]\nformula = \"w^2\"\nstart = {{ w = 1.0 }}\n\
         [[optimizer]]\n{optimizer}\n"
    )
}

/// The learning rates and the losses of each run.
fn kept(plan: &Plan) -> Vec<Vec<(Option<Scalar>, f64)>> {
    let row = |row: Kept| (row.learning_rate, row.loss);
    let all = runs(plan).into_iter();
    all.map(|(_, rows)| rows.into_iter().map(row).collect())
        .collect()
}

/// The learning rate of each epoch from 0 on, the last one included.
fn rates(epochs: u64, optimizer: &str) -> Vec<f64> {
    let plan = planned(&experiment(epochs, optimizer));
    let kept = kept(&plan).remove(0);
    let rates = kept.iter().map(|(rate, _)| rate.unwrap().to_f64());
    rates.collect()
}

/// The learning rates of a schedule of gradient descent with a learning rate of 0.5.
fn rates_of(epochs: u64, convention: &str, schedule: &str) -> Vec<f64> {
    let optimizer = format!(
        "method = 'sgd'\nlearning_rate = 0.5\nconvention = '{convention}'\nschedule = {{ {schedule} }}"
    );
    rates(epochs, &optimizer)
}

fn check(epochs: u64, convention: &str, schedule: &str, expected: &[f64]) {
    let found = rates_of(epochs, convention, schedule);
    assert_eq!(found.len(), expected.len(), "{schedule}");
    for (epoch, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            close(*found, *expected, 1e-14, 1e-16),
            "{schedule} of {convention} in epoch {epoch}: {found} is not {expected}"
        );
    }
}

#[test]
fn conventions_part_at_a_boundary() {
    let schedule = "kind = 'piecewise', boundaries = [2, 3], values = [0.4, 0.2, 0.1]";
    check(4, "keras", schedule, &[0.4, 0.4, 0.4, 0.2, 0.1]);
    check(4, "optax", schedule, &[0.4, 0.4, 0.2, 0.1, 0.1]);
    let schedule = "kind = 'piecewise', boundaries = [2, 3], scales = [0.5, 0.5]";
    check(4, "optax", schedule, &[0.5, 0.5, 0.25, 0.125, 0.125]);
    let schedule = "kind = 'multi_step', milestones = [2, 3], gamma = 0.5";
    check(4, "pytorch", schedule, &[0.5, 0.5, 0.25, 0.125, 0.125]);
}

#[test]
fn a_cosine_rises_again_in_pytorch_only() {
    let schedule = "kind = 'cosine', epochs = 2";
    check(4, "pytorch", schedule, &[0.5, 0.25, 0.0, 0.25, 0.5]);
    check(4, "keras", schedule, &[0.5, 0.25, 0.0, 0.0, 0.0]);
    check(4, "optax", schedule, &[0.5, 0.25, 0.0, 0.0, 0.0]);
}

#[test]
fn a_length_that_is_left_out_is_that_of_the_run() {
    check(
        4,
        "keras",
        "kind = 'cosine'",
        &rates_of(4, "keras", "kind = 'cosine', epochs = 4"),
    );
    check(2, "optax", "kind = 'linear', end = 0.1", &[0.5, 0.3, 0.1]);
}

#[test]
fn a_warm_up_is_among_the_epochs_of_a_cosine_in_optax_only() {
    let schedule = "kind = 'cosine', epochs = 4, warmup = 2, warmup_start = 0.1";
    check(6, "optax", schedule, &[0.1, 0.3, 0.5, 0.25, 0.0, 0.0, 0.0]);
    let half = 0.25 * (1.0 + std::f64::consts::FRAC_PI_4.cos());
    check(
        5,
        "keras",
        schedule,
        &[0.1, 0.3, 0.5, half, 0.25, 0.5 - half],
    );
    let schedule = "kind = 'cosine', epochs = 2, warmup = 2, warmup_factor = 0.5";
    check(4, "pytorch", schedule, &[0.25, 0.375, 0.5, 0.25, 0.0]);
}

#[test]
fn a_formula_reads_the_epoch_and_gives_the_rate() {
    let formula = "kind = 'formula', formula = 'learning_rate*(epochs - epoch)/epochs'";
    check(4, "pytorch", formula, &[0.5, 0.375, 0.25, 0.125, 0.0]);
    // The learning rate is optional where the formula does not read it, and then absent.
    let text = "method = 'sgd'\nconvention = 'optax'\n\
                schedule = { kind = 'formula', formula = '0.1/sqrt(1 + epoch)' }";
    assert_eq!(
        rates(3, text),
        [0.1, 0.1 / 2_f64.sqrt(), 0.1 / 3_f64.sqrt(), 0.05]
    );
    let plan = planned(&experiment(3, text));
    assert!(!plan.columns().contains(&"learning_rate".to_owned()));
}

#[test]
fn the_rate_of_a_row_leads_to_the_next_one() {
    // w ← w − 2ηw on w².
    let optimizer = "method = 'sgd'\nlearning_rate = 0.125\nschedule = { kind = 'step', step_size = 2, gamma = 0.5 }";
    let plan = planned(&experiment(6, optimizer));
    let rows = kept(&plan).remove(0);
    let mut w = 1.0;
    for (rate, loss) in rows {
        assert_eq!(loss, w * w);
        w -= rate.unwrap().to_f64() * (w + w);
    }
}

#[test]
fn rates_are_computed_in_the_precision_of_the_run() {
    let text = experiment(
        3,
        "method = 'sgd'\nlearning_rate = 0.1\nschedule = { kind = 'exponential', decay_rate = 0.3 }",
    );
    let plan = planned(&format!("precision = 'f32'\n{text}"));
    let rates: Vec<Scalar> = kept(&plan)[0]
        .iter()
        .map(|(rate, _)| rate.unwrap())
        .collect();
    assert!(rates.iter().all(|rate| matches!(rate, Scalar::F32(_))));
    assert_eq!(rates[1].to_f64(), f64::from(0.1_f32 * 0.3_f32));
}

#[test]
fn a_plateau_waits_as_its_convention_does() {
    // A loss that never changes: the gradient of a constant is 0.
    let of = |convention: &str| {
        let text = format!(
            "epochs = 7\n[[objective]]\nformula = '1 + 0*w'\nstart = {{ w = 1.0 }}\n\
             [[optimizer]]\nmethod = 'sgd'\nlearning_rate = 1.0\nconvention = '{convention}'\n\
             schedule = {{ kind = 'plateau', patience = 2, factor = 0.5 }}\n"
        );
        let kept = kept(&planned(&text)).remove(0);
        let rates = kept.iter().map(|(rate, _)| rate.unwrap().to_f64());
        rates.collect::<Vec<f64>>()
    };
    // The first loss is an improvement. PyTorch waits for more than two others, and the
    // learning rate of an epoch depends on its own loss only in optax.
    assert_eq!(of("pytorch"), [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]);
    assert_eq!(of("keras"), [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125]);
    assert_eq!(of("optax"), [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
}

#[test]
fn one_cycle_moves_the_momentum_the_other_way() {
    // With a momentum of m the second step is longer by a factor that shows it.
    let text = "method = 'sgd'\nlearning_rate = 0.25\nmomentum = 0.5\nschedule = { kind = 'one_cycle', \
                epochs = 9, pct_start = 0.5, anneal = 'linear', div_factor = 2, base_momentum = 0.5, max_momentum = 0.75 }";
    let plan = planned(&experiment(3, text));
    let rows = kept(&plan).remove(0);
    let (mut w, mut b) = (1.0_f64, 0.0);
    for (epoch, (rate, loss)) in rows.iter().enumerate() {
        // Up to epoch 3.5, which is half of 9 less 1.
        let share = epoch as f64 / 3.5;
        assert!(close(
            rate.unwrap().to_f64(),
            0.125 + 0.125 * share,
            1e-15,
            0.0
        ));
        assert!(close(*loss, w * w, 1e-14, 0.0));
        b = (0.75 - 0.25 * share) * b + 2.0 * w;
        w -= rate.unwrap().to_f64() * b;
    }
}

#[test]
fn schedules_on_arrays_and_numbers_are_the_same() {
    let of = |formula: &str, start: &str| {
        let text = format!(
            "epochs = 20\n[[objective]]\nformula = '{formula}'\nstart = {{ {start} }}\n\
             [[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.1\nmomentum = 0.5\n\
             schedule = [{{ kind = 'cosine', warmup = 3 }}, {{ kind = 'plateau', patience = 1 }},\n\
             {{ kind = 'one_cycle' }}, {{ kind = 'cosine_restarts', first_epochs = 3, t_mul = 2 }}]\n\
             clip = {{ global_norm = 0.5 }}\n"
        );
        kept(&planned(&text))
    };
    let numbers = of("x^2 + 3*y^2", "x = 1.0, y = 2.0");
    let arrays = of("sum([1, 3]*v^2)", "v = [1.0, 2.0]");
    for (numbers, arrays) in numbers.iter().zip(&arrays) {
        for (number, array) in numbers.iter().zip(arrays) {
            let [a, b] = [number, array].map(|row| row.0.unwrap().to_f64());
            assert!(close(a, b, 1e-12, 0.0) && close(number.1, array.1, 1e-12, 1e-300));
        }
    }
}

#[test]
fn gradients_are_clipped_by_the_rule_of_a_convention() {
    // On 3x + 4y the gradient is (3, 4), its norm 5.
    let of = |convention: &str, clip: &str| {
        let text = format!(
            "epochs = 1\n[[objective]]\nformula = '3*x + 4*y'\nstart = {{ x = 0, y = 0 }}\n\
             [[optimizer]]\nmethod = 'sgd'\nlearning_rate = 1\nconvention = '{convention}'\nclip = {{ {clip} }}\n"
        );
        -kept(&planned(&text))[0][1].1
    };
    let each = [
        // A loss of 3x + 4y for a step of (a, b) is 3a + 4b.
        ("value = 2", 14.0, 14.0, 14.0),
        (
            "norm = 2",
            6.0 / (1.0 + 1e-6 / 3.0) + 8.0 / (1.0 + 1e-6 / 4.0),
            14.0,
            14.0,
        ),
        ("global_norm = 2", 25.0 * 2.0 / (5.0 + 1e-6), 10.0, 10.0),
        ("global_norm = 10", 25.0, 25.0, 25.0),
        ("value = 10", 25.0, 25.0, 25.0),
    ];
    for (clip, pytorch, keras, optax) in each {
        for (convention, expected) in [("pytorch", pytorch), ("keras", keras), ("optax", optax)] {
            let found = of(convention, clip);
            assert!(
                close(found, expected, 1e-14, 0.0),
                "{convention}, {clip}: {found}"
            );
        }
    }
}

fn names(optimizers: &str) -> Vec<String> {
    let text = "epochs = 2\n[[objective]]\nformula = 'w^2'\nstart = { w = 1 }\n".to_owned();
    let plan = planned(&(text + optimizers));
    plan.optimizers.iter().map(|one| one.name.clone()).collect()
}

#[test]
fn optimizers_are_named_by_what_tells_them_apart() {
    let sgd = "[[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.1\n";
    assert_eq!(names(sgd), ["sgd"]);
    assert_eq!(names(&format!("{sgd}{sgd}")), ["sgd 1", "sgd 2"]);
    let conventions = "convention = ['pytorch', 'keras']\n";
    let schedules = "schedule = [{ kind = 'cosine' }, { kind = 'plateau' }]\n";
    assert_eq!(
        names(&format!("{sgd}{conventions}")),
        ["sgd pytorch", "sgd keras"]
    );
    assert_eq!(
        names(&format!("{sgd}{schedules}")),
        ["sgd cosine", "sgd plateau"]
    );
    assert_eq!(
        names(&format!("{sgd}{conventions}{schedules}name = 'mine'\n")),
        [
            "mine pytorch cosine", "mine pytorch plateau", "mine keras cosine",
            "mine keras plateau"
        ]
    );
    // Across tables what differs there.
    assert_eq!(
        names(&format!("{sgd}{sgd}convention = 'keras'\n")),
        ["sgd pytorch", "sgd keras"]
    );
    assert_eq!(
        names(&format!("{sgd}{sgd}schedule = {{ kind = 'cosine' }}\n")),
        ["sgd", "sgd cosine"]
    );
    let twice = "schedule = [{ kind = 'step', step_size = 2 }, { kind = 'step', step_size = 3 }]\n";
    assert_eq!(names(&format!("{sgd}{twice}")), ["sgd 1", "sgd 2"]);
}

#[test]
fn settings_of_schedules_are_columns_that_filters_know() {
    let plan = planned(&experiment(
        2,
        "method = 'sgd'\nlearning_rate = [0.1, 0.2]\n\
         schedule = [{ kind = 'step', step_size = [1, 2] }, { kind = 'piecewise', convention = 'keras', boundaries = [1], values = [0.3, 0.1] }]\n\
         clip = { norm = 1.0 }\nzip = ['learning_rate', 'schedule.step_size']",
    ));
    // Of the piecewise schedule only learning_rate has two values.
    assert_eq!(plan.runs.count(), 4);
    let columns: Vec<&str> = plan.columns().iter().map(String::as_str).collect();
    let expected = [
        "optimizer", "method", "learning_rate", "momentum", "nesterov", "dampening",
        "weight_decay", "schedule", "schedule.convention", "schedule.step_size", "schedule.gamma",
        "clip.norm", "schedule.boundaries", "schedule.values",
    ];
    assert!(columns.ends_with(&expected), "{columns:?}");
    let chosen = |filter: &str| {
        let filter = Filter::parse(&plan, "--filter", &[filter.to_owned()]).unwrap();
        let chosen = (0..plan.runs.count()).filter(|run| filter.chooses(&plan, &plan.run(*run)));
        chosen.collect::<Vec<u64>>()
    };
    assert_eq!(chosen("schedule=step"), [0, 1]);
    assert_eq!(chosen("schedule=piecewise"), [2, 3]);
    assert_eq!(chosen("schedule.step_size=2"), [1]);
    assert_eq!(chosen("schedule.convention=keras"), [2, 3]);
    let labels: Vec<String> = (0..4).map(|run| plan.label(&plan.run(run))).collect();
    assert_eq!(
        labels,
        [
            "sgd step, learning_rate=0.1, schedule.step_size=1",
            "sgd step, learning_rate=0.2, schedule.step_size=2",
            "sgd piecewise, learning_rate=0.1",
            "sgd piecewise, learning_rate=0.2",
        ]
    );
}

#[test]
fn runner_methods_shows_methods_and_schedules() {
    let at = folder(&[]);
    let shown = |arguments: &[&str]| succeeded(runner(at.path()).arg("methods").args(arguments));
    insta::assert_snapshot!("methods_cosine", shown(&["cosine"]));
    insta::assert_snapshot!("methods_sgd", shown(&["sgd"]));
    let list = shown(&[]);
    for kind in ScheduleKind::ALL {
        assert!(list.contains(&format!("  {} ", kind.name())), "{list}");
        let page = shown(&[kind.name()]);
        assert!(
            page.lines().all(|line| line.chars().count() <= 100),
            "{page}"
        );
    }
    let objects = shown(&["--format", "json"]);
    for line in objects.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object["settings"].is_array(), "{line}");
    }
    let (code, _, stderr) = finished(runner(at.path()).args(["methods", "cosin"]));
    assert_eq!(code, 2);
    insta::assert_snapshot!(stderr, @"error[usage]: unknown method or schedule `cosin`; did you mean `cosine`?");
}
