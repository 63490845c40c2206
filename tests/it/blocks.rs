//! A run gives the same rows and the same result alone and among others.

use gradtape_experiment::batch::{self, Cancelled, Control, End, Recorder, Row};
use gradtape_experiment::plan::{Plan, Quantity, Run};

/// Everything that is recorded, as text that shows every bit.
#[derive(Default)]
struct Text(String);

impl Recorder for Text {
    fn begin(&mut self, run: &Run) {
        self.0 += &format!("run {}\n", run.number);
    }

    fn record(&mut self, row: &Row<'_>) {
        let parameter = (row.parameters)(0);
        self.0 += &format!(
            "{} {:?} {:?} {:?} {parameter:?}\n",
            row.epoch,
            row.quantities.get(Quantity::LearningRate),
            row.quantities.loss(),
            row.quantities.gradient_norm()
        );
    }
}

type Results = (String, Vec<End>);

fn results(plan: &Plan, numbers: &[u64]) -> Results {
    let (mut text, mut outcomes) = (String::new(), Vec::new());
    let control = Control::default();
    batch::run(plan, numbers, Text::default, &control, |runs, rows| {
        text += &rows.0;
        outcomes.extend(runs.into_iter().map(|(_, outcome)| outcome));
        Ok::<(), Cancelled>(())
    })
    .unwrap();
    assert_eq!(control.progress.runs(), numbers.len() as u64);
    // However a run ends, none of its epochs remains.
    let epochs = numbers.iter().map(|number| plan.epochs(*number));
    assert_eq!(control.progress.settled(), epochs.sum::<u64>());
    (text, outcomes)
}

/// Each run by itself, one after the other.
fn alone(plan: &Plan) -> Results {
    let mut all = Results::default();
    for number in 0..plan.runs.count() {
        let (text, outcomes) = results(plan, &[number]);
        all.0 += &text;
        all.1.extend(outcomes);
    }
    all
}

fn together(plan: &Plan, threads: usize) -> Results {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    pool.build().unwrap().install(|| results(plan, &numbers))
}

/// The thread that waits for results is the only one that could compute them.
#[test]
fn one_thread_can_do_it_all() {
    let plan = Plan::new("sweep.toml", SWEEPS[0].1).unwrap();
    let (rows, outcomes) = together(&plan, 1);
    assert_eq!(outcomes.len() as u64, plan.runs.count());
    assert!(!rows.is_empty());
}

/// Ends of every kind side by side: runs that diverge in the first, a middle
/// and the last chunk, that come to rest, that reach a limit, and that spend
/// all of their epochs.
const SWEEPS: &[(&str, &str)] = &[
    (
        "rosenbrock",
        "
        epochs = [1, 63, 64, 65, 300]
        [[objective]]
        formula = '(1 - x)^2 + 100*(y - x^2)^2'
        start = { x = { from = -2, to = 2, count = 5 }, y = { from = 1, to = 3, count = 2 } }
        [[optimizer]]
        method = 'sgd'
        learning_rate = { from = 1e-5, to = 5e-3, count = 7, scale = 'log' }
    ",
    ),
    (
        "slow divergence and rest",
        "
        epochs = 700
        precision = ['f32', 'f64']
        subnormals = ['keep', 'flush']
        [record]
        points = 11
        [[objective]]
        formula = 'w^2 + 0*v'
        start = [{ w = 1, v = 2 }, { w = 0, v = 2 }, { w = 1e-30, v = 2 }]
        [[optimizer]]
        method = 'sgd'
        learning_rate = [0.01, 0.3, 0.5, 0.9, 1, 1.05, 1.2, 3, 1e-20]
    ",
    ),
    (
        "limits",
        "
        epochs = 500
        [record]
        every = 7
        [stop]
        loss_below = 1e-3
        loss_above = 1e6
        gradient_norm_below = 1e-3
        step_below = 1e-7
        [[objective]]
        formula = 'x^4 + abs(y)'
        start = { x = { from = 1, to = 1.5, count = 2 }, y = { from = 0.2, to = 2, count = 2 } }
        [[optimizer]]
        method = 'sgd'
        learning_rate = { from = 1e-6, to = 1, count = 21, scale = 'log' }
    ",
    ),
    (
        "not a number",
        "
        epochs = 200
        [[objective]]
        formula = 'sqrt(x) + ln(y)^2 + 1e200*z^3'
        start = [{ x = 1, y = 0.5, z = 0 }, { x = 5, y = 3, z = -1e20 }, { x = 5, y = 0.5, z = 1 }]
        [[optimizer]]
        method = 'sgd'
        learning_rate = { from = 1e-3, to = 3, count = 17, scale = 'log' }
    ",
    ),
];

#[test]
fn a_run_is_the_same_alone_and_in_a_block() {
    for (name, text) in SWEEPS {
        let plan = Plan::new("sweep.toml", text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let expected = alone(&plan);
        let kinds: std::collections::BTreeSet<_> = expected
            .1
            .iter()
            .map(|outcome| outcome.reason.status().name())
            .collect();
        assert!(kinds.len() > 1, "{name}: only {kinds:?}");
        for threads in [1, 2, 7] {
            let found = together(&plan, threads);
            assert!(expected.0 == found.0, "{name}: rows with {threads} threads");
            assert_eq!(expected.1.len(), found.1.len());
            for (number, (alone, together)) in expected.1.iter().zip(&found.1).enumerate() {
                // As text, since NaN does not equal itself.
                assert_eq!(
                    format!("{alone:?}"),
                    format!("{together:?}"),
                    "{name}: run {number}, {threads} threads"
                );
            }
        }
    }
}

/// Blocks of other sizes, with other neighbours, in other lanes.
#[test]
fn a_run_is_the_same_whatever_runs_are_beside_it() {
    for (name, text) in SWEEPS {
        let plan = Plan::new("sweep.toml", text).unwrap();
        let all: Vec<u64> = (0..plan.runs.count()).collect();
        let expected = results(&plan, &all);
        for size in [2, 3, 17, 50] {
            let (mut rows, mut outcomes) = (String::new(), Vec::new());
            for numbers in all.chunks(size) {
                let some = results(&plan, numbers);
                rows += &some.0;
                outcomes.extend(some.1);
            }
            assert!(expected.0 == rows, "{name}: rows, {size} at a time");
            let same = format!("{:?}", expected.1) == format!("{outcomes:?}");
            assert!(same, "{name}: outcomes, {size} at a time");
        }
    }
}

#[test]
fn every_update_is_reported_once() {
    let plan = Plan::new(
        "sweep.toml",
        "
        epochs = 500
        objective = [{ formula = 'w^2', start = { w = 1 } }]
        optimizer = [{ method = 'sgd', learning_rate = { from = 1e-4, to = 0.9, count = 40 } }]
    ",
    )
    .unwrap();
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    let control = Control::default();
    batch::run(
        &plan,
        &numbers,
        || (),
        &control,
        |_, ()| Ok::<(), Cancelled>(()),
    )
    .unwrap();
    // None diverges, and the rest of a run at rest counts as made.
    assert_eq!(control.progress.epochs(), 40 * 500);
}
