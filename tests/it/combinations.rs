//! Every method with validation, batches, bounds and clipping, in any combination: it is
//! rejected with an error, or it runs. And what a panic does to a job.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradtape_experiment::batch::{self, Cancelled, Control, Recorder, Row};
use gradtape_experiment::optimizer::Method;
use gradtape_experiment::plan::{Plan, Quantity, Run};

use crate::runner::{folder, outcomes};
use crate::runs::planned;

const TABLE: &str = "x,y\n-1,-2.1\n-0.5,-0.8\n0,1.2\n0.5,1.9\n1,3.2\n1.5,3.8\n2,5.1\n2.5,6.2\n";

#[test]
fn every_method_goes_with_validation_batches_bounds_and_clipping_or_says_why_not() {
    let at = folder(&[("line.csv", TABLE)]);
    let path = at.path().join("line.toml");
    let name = path.to_str().unwrap();
    let mut refused = Vec::new();
    for method in Method::ALL {
        for bits in 0..32 {
            let has = |bit: u32| bits & (1 << bit) != 0;
            let part = |bit: u32, text: &'static str| if has(bit) { text } else { "" };
            let precision = if has(4) { "f32" } else { "f64" };
            let subnormals = if has(4) { "flush" } else { "keep" };
            let text = format!(
                "epochs = 3\nprecision = '{precision}'\nsubnormals = '{subnormals}'\n\
                 [[objective]]\nformula = 'sum((a*x + b - y)^2)'\n\
                 start = {{ a = 0.5, b = 0.25 }}\n{}\n\
                 [objective.data]\nfile = 'line.csv'\ncolumns = {{ x = 'x', y = 'y' }}\n{}\n{}\n\
                 [[optimizer]]\nmethod = '{}'\n{}\n{}\n",
                part(2, "bounds = { a = [0, 1] }"),
                part(0, "validation = 2"),
                part(1, "batch_size = 3"),
                method.name(),
                part(3, "clip = { global_norm = 1 }"),
                if has_rate(*method) {
                    "learning_rate = 0.01"
                } else {
                    ""
                },
            );
            let Ok(plan) = Plan::new(name, &text) else {
                let what = [(1, "batches"), (2, "bounds"), (3, "clipping")];
                let what = what.iter().filter(|(bit, _)| has(*bit));
                let what: Vec<&str> = what.map(|(_, what)| *what).collect();
                assert!(!what.is_empty() && method.needs().is_some(), "{text}");
                refused.push(format!("{} with {}", method.name(), what.join(", ")));
                continue;
            };
            for outcome in outcomes(&plan) {
                assert!(outcome.quantities.loss().to_f64().is_finite(), "{text}");
                assert_eq!(
                    outcome.quantities.get(Quantity::ValidationLoss).is_some(),
                    has(0),
                    "{text}"
                );
            }
        }
    }
    // Each line-search or second-order method, with every choice of the three but none.
    assert_eq!(refused.len(), 5 * 7 * 4);
}

/// Whether a learning rate must be given.
fn has_rate(method: Method) -> bool {
    let mut settings = method.description().settings.iter();
    settings.any(|setting| setting.name == "learning_rate")
}

/// Panics after the first epochs of a run.
struct Panics;

impl Recorder for Panics {
    fn begin(&mut self, _: &Run) {}
    fn record(&mut self, row: &Row<'_>) {
        assert!(row.epoch < 10, "a planted panic");
    }
}

#[test]
fn a_panic_of_a_worker_leaves_the_batch_at_once() {
    let plan = planned(
        "epochs = 1_000_000\nobjective = [{ formula = '(x - a)^2', start = { x = 1 }, \
         constants = { a = { from = 1, to = 2, count = 64 } } }]\n\
         optimizer = [{ method = 'adam' }]\nrecord = { every = 10 }",
    );
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let control = Control::default();
        let run = || {
            let deliver = |_: Vec<_>, _: Panics| Ok::<(), Cancelled>(());
            batch::run(&plan, &numbers, || Panics, &control, deliver)
        };
        let ended = pool
            .build()
            .unwrap()
            .install(|| catch_unwind(AssertUnwindSafe(run)));
        let panic = ended.expect_err("the panic of the recorder");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"a planted panic"));
        assert!(control.is_cancelled(), "the others are not waited for");
    }
}

#[test]
fn a_panic_of_who_takes_the_results_leaves_the_batch_at_once() {
    let plan = planned(
        "epochs = 100\nrepetitions = 100\nobjective = [{ formula = 'x^2', \
         start = { x = { normal = [0, 1] } } }]\n\
         optimizer = [{ method = 'sgd', learning_rate = 0.1 }]",
    );
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    let control = Control::default();
    let run = || {
        let deliver = |_: Vec<_>, (): ()| -> Result<(), Cancelled> { panic!("planted") };
        batch::run(&plan, &numbers, || (), &control, deliver)
    };
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err() && control.is_cancelled());
}
