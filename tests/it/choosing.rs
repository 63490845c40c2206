//! Selecting runs, omitting combinations, and settings of the command line.

use gradtape_experiment::plan::Plan;

use crate::runner::{contents, finished, folder, runner, succeeded};

fn plan(optimizer: &str, more: &str) -> Plan {
    let source = format!(
        "epochs = 3
        objective = [{{ formula = 'w^2', start = {{ w = 1 }} }}]
        {more}
        [[optimizer]]
        {optimizer}"
    );
    Plan::new("test.toml", &source).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn labels(plan: &Plan) -> Vec<String> {
    let runs = (0..plan.runs.count()).map(|number| plan.run(number));
    runs.map(|run| plan.label(&run)).collect()
}

#[test]
fn combinations_are_left_out() {
    let sgd = "method = 'sgd'\nlearning_rate = [0.1, 0.2]\nmomentum = [0.5, 0.9]\n";
    let all = labels(&plan(sgd, ""));
    assert_eq!(all.len(), 4);
    for (exclude, left) in [
        ("{ learning_rate = 0.1, momentum = 0.9 }", vec![0, 2, 3]),
        ("[{ learning_rate = 0.1 }, { momentum = 0.9 }]", vec![2]),
        ("{ learning_rate = [0.1, 0.3] }", vec![2, 3]),
        ("'learning_rate > 0.1 & momentum > 0.5'", vec![0, 1, 2]),
        ("['momentum < 0.6', { learning_rate = 0.2 }]", vec![1]),
    ] {
        let plan = plan(&format!("{sgd}exclude = {exclude}"), "");
        let expected: Vec<String> = left.iter().map(|run: &usize| all[*run].clone()).collect();
        assert_eq!(labels(&plan), expected, "{exclude}");
        assert_eq!(plan.run_epochs(), 3 * u128::from(plan.runs.count()));
    }
}

#[test]
fn several_groups_move_together_each_by_itself() {
    let sgd = "method = 'sgd'
        learning_rate = [0.1, 0.2]
        momentum = [0.5, 0.9]
        weight_decay = [0, 1e-3, 1e-2]
        dampening = [0, 0.1, 0.2]
        zip = [['learning_rate', 'momentum'], ['dampening', 'weight_decay']]";
    let told = labels(&plan(sgd, ""));
    assert_eq!(told.len(), 2 * 3);
    for label in told {
        let has = |text: &str| label.contains(text);
        assert_eq!(has("learning_rate=0.1,"), has("momentum=0.5"), "{label}");
        assert_eq!(has("dampening=0.2"), has("weight_decay=0.01"), "{label}");
    }
}

#[test]
fn constants_and_starts_move_together_too() {
    let source = "epochs = 1
        optimizer = [{ method = 'sgd', learning_rate = 0.1 }]
        [[objective]]
        formula = 'a*x^2 + b*y^2'
        constants = { a = [1, 2, 3], b = { from = 10, to = 30, count = 3 } }
        start = { x = { from = 0, to = 1, count = 2 }, y = { from = 5, to = 6, count = 2 } }
        zip = [['a', 'b'], ['start.x', 'start.y']]";
    let plan = Plan::new("zip.toml", source).unwrap();
    assert_eq!(plan.runs.count(), 3 * 2);
    for number in 0..plan.runs.count() {
        let run = plan.run(number);
        assert_eq!(run.constants[1].wide(), 10.0 * run.constants[0].wide());
        assert_eq!(run.start[1].wide(), 5.0 + run.start[0].wide());
    }
    // One group needs no list around it.
    let one = source.replace(
        "[['a', 'b'], ['start.x', 'start.y']]",
        "['start.x', 'start.y']",
    );
    assert_eq!(Plan::new("zip.toml", &one).unwrap().runs.count(), 9 * 2);
}

#[test]
fn what_is_left_out_has_no_number_in_larger_plans() {
    let optimizer = "method = ['sgd', 'adam']
        learning_rate = { from = 0.1, to = 1, count = 10 }
        schedule = { kind = 'step', step_size = [1, 2], gamma = 0.5 }
        exclude = [
            { method = 'adam', learning_rate = 1 },
            'schedule.step_size = 2 & learning_rate > 0.5',
        ]";
    let plan = plan(optimizer, "precision = ['f32', 'f64']\nrepetitions = 1");
    // Of the 40 combinations the learning rates 0.6 to 1.0 of step size 2 are missing in both
    // methods, and the learning rate 1 of step size 1 for Adam.
    assert_eq!(plan.runs.count(), 2 * (40 - 10 - 1));
    let has = |number: u64, method: &str, rate: f64| {
        let run = plan.run(number);
        run.settings
            .iter()
            .flatten()
            .any(|value| value.to_string() == method)
            && run
                .learning_rate
                .map(gradtape_experiment::number::Number::wide)
                == Some(rate)
    };
    assert!((0..plan.runs.count()).any(|run| has(run, "sgd", 1.0)));
    assert!(!(0..plan.runs.count()).any(|run| has(run, "adam", 1.0)));
    // A method without remaining combinations is omitted itself.
    let all_of_adam = optimizer.replace("method = 'adam', learning_rate = 1", "method = 'adam'");
    let plan = self::plan(&all_of_adam, "");
    assert_eq!(plan.runs.count(), 15);
    assert!(labels(&plan).iter().all(|label| !label.contains("adam")));
}

const SWEEP: &str = "
epochs = 10
objective = [{ function = ['sphere', 'booth'] }]
stop = { loss_above = 1e6 }
[[optimizer]]
method = ['sgd', 'adam']
learning_rate = [0.01, 0.05, 0.1]
";

#[test]
fn one_language_chooses_runs_everywhere() {
    let condition = "learning_rate < 0.1 & method = adam & *booth*";
    let file = format!(
        "{SWEEP}
        [[chart]]
        y = 'loss'
        runs = '{condition}'
        [[expect]]
        runs = '{condition}'
        loss = {{ above = 0 }}
        [[expect]]
        runs = '!(method = adam | objective = booth)'
        loss = {{ below = 0 }}"
    );
    let at = folder(&[("s.toml", &file)]);
    let plan = Plan::new("s.toml", &file).unwrap();
    let chosen = |filter: &gradtape_experiment::plan::Filter| {
        let runs = 0..plan.runs.count();
        let chosen = runs.filter(|run| filter.chooses(&plan, &plan.run(*run)));
        chosen.collect::<Vec<u64>>()
    };
    assert_eq!(chosen(&plan.charts[0].runs), [9, 10]);
    assert_eq!(chosen(&plan.expectations[0].runs), [9, 10]);
    assert_eq!(chosen(&plan.expectations[1].runs), [0, 1, 2]);
    let listed = succeeded(
        runner(at.path()).args(["plan", "s.toml", "--format", "csv", "--filter", condition]),
    );
    let numbers: Vec<&str> = listed
        .lines()
        .skip(1)
        .map(|line| &line[..line.find(',').unwrap()])
        .collect();
    assert_eq!(numbers, ["9", "10"]);
    let run = succeeded(runner(at.path()).args([
        "s.toml", "--format", "json", "--filter", condition, "--replace",
    ]));
    assert_eq!(run.lines().count(), 2, "{run}");
    let (code, printed, _) =
        finished(runner(at.path()).args(["check", "s.toml", "--filter", condition]));
    assert_eq!((code, printed.as_str()), (0, "ok      s.toml  2 runs\n"));
    // Another run was never recorded.
    let (code, printed, _) =
        finished(runner(at.path()).args(["check", "s.toml", "--filter", "run = 0"]));
    assert_eq!(code, 1);
    assert!(printed.contains("loss expected below 0.0"), "{printed}");
}

#[test]
fn settings_of_the_command_line_are_those_of_another_file() {
    let at = folder(&[("s.toml", SWEEP)]);
    let changed = SWEEP
        .replace("epochs = 10", "epochs = 20")
        .replace("[0.01, 0.05, 0.1]", "[0.3]")
        .replace("['sgd', 'adam']", "\"sgd\"");
    let arguments = [
        "s.toml",
        "--quiet",
        "--set",
        "epochs=20",
        "--set",
        "optimizer.learning_rate=[0.3]",
        "--set",
        "optimizer.0.method=sgd",
    ];
    succeeded(runner(at.path()).args(arguments));
    let set = contents(&at.path().join("reports/s@partial"));
    std::fs::write(at.path().join("s.toml"), &changed).unwrap();
    succeeded(runner(at.path()).args(["s.toml", "--quiet"]));
    assert!(
        contents(&at.path().join("reports/s")) == set,
        "all of the report is the same"
    );
    assert_eq!(
        std::fs::read_to_string(at.path().join("s.toml")).unwrap(),
        changed
    );
}

#[test]
fn a_plan_is_listed_and_estimated() {
    let at = folder(&[("s.toml", SWEEP)]);
    let plan = |more: &[&str]| succeeded(runner(at.path()).args(["plan", "s.toml"]).args(more));
    insta::assert_snapshot!("plan", plan(&[]));
    insta::assert_snapshot!(
        "plan_csv",
        plan(&["--format", "csv", "--filter", "run < 2"])
    );
    let estimated = plan(&["--estimate"]);
    let line = estimated.lines().nth(1).unwrap();
    assert!(
        line.starts_with("  time less than a second, report about ")
            && line.ends_with("measured on this machine with all runs"),
        "{line}"
    );
    let estimated = plan(&["--estimate", "--format", "json"]);
    assert!(
        estimated.starts_with("{\"experiment\":\"s.toml\",\"estimate\":{\"seconds\":"),
        "{estimated}"
    );
    // A run that never ends is given up.
    let estimated = plan(&[
        "--estimate",
        "--filter",
        "run = 0",
        "--set",
        "epochs=1_000_000_000",
        "--set",
        "optimizer.learning_rate=1e-12",
    ]);
    let line = estimated.lines().nth(1).unwrap();
    assert!(
        line.contains("report size unknown: the sample did not finish in time"),
        "{line}"
    );
    assert_eq!(
        crate::runner::names(at.path()),
        ["s.toml"],
        "nothing is written here"
    );
}
