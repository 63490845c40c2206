//! Outcomes of runs, the ranking of settings, and their comparison by a check.

use std::fs;

use gradtape_experiment::batch::RunResult;
use gradtape_experiment::diagnosis::SettingComparison;
use gradtape_experiment::ending::{Outcome, Status};
use gradtape_experiment::plan::Quantity;
use gradtape_report::experiment;

use crate::diagnoses::concluded;
use crate::runner::{finished, folder, project, runner, succeeded};
use crate::runs::planned;

/// The outcome of descents on a formula, and its period.
#[track_caller]
fn came_to(objective: &str, optimizer: &str, epochs: u64, more: &str) -> (Outcome, Option<u64>) {
    let result = concluded(objective, optimizer, epochs, more).result;
    (result.outcome, result.period)
}

fn results(source: &str) -> Vec<RunResult> {
    experiment::run(&planned(source)).runs
}

/// The cubic map of plain descent on a double well: x − η(x³ − x).
const WELL: &str = "formula = 'x^4/4 - x^2/2', start = { x = 0.3 }";

#[test]
fn bounded_orbits_have_their_period_whatever_is_recorded() {
    // The wells at ±1 have curvature 2: below a learning rate of 1 descents converge, above it
    // their period doubles repeatedly, and from about 1.3 on they are chaotic.
    let of = |rate: f64, more: &str| {
        let optimizer = format!("method = 'sgd', learning_rate = {rate}");
        came_to(WELL, &optimizer, 4000, more)
    };
    for more in ["", "[record]\npoints = 2", "[record]\nevery = 700"] {
        assert_eq!(of(0.9, more), (Outcome::StationaryPoint, None), "{more}");
        assert_eq!(of(1.1, more), (Outcome::Oscillating, Some(2)), "{more}");
        assert_eq!(of(1.25, more), (Outcome::Oscillating, Some(4)), "{more}");
        assert_eq!(of(1.4, more), (Outcome::Wandering, None), "{more}");
    }
    // Oscillating forever in the cycle of Newton's method on x³ − 2x + 2.
    let cycle = "formula = 'x^4/4 - x^2 + 2*x', start = { x = 0 }";
    let newton = "method = 'newton', line_search = 'none'";
    assert_eq!(
        came_to(cycle, newton, 300, ""),
        (Outcome::Oscillating, Some(2))
    );
    // Whatever other runs are in the same block.
    let plan = planned(&format!(
        "epochs = 4000\nobjective = [{{ {WELL} }}]\n[[optimizer]]\nmethod = 'sgd'\n\
         learning_rate = {{ from = 0.9, to = 1.4, count = 101 }}"
    ));
    let column = plan
        .columns()
        .iter()
        .position(|name| name == "learning_rate");
    for one in experiment::run(&plan).runs.iter().step_by(7) {
        // All digits: an orbit may be chaotic.
        let rate = one.settings[column.unwrap()].as_ref().unwrap();
        let optimizer = format!("method = 'sgd', learning_rate = {rate}");
        let alone = concluded(WELL, &optimizer, 4000, "").result;
        assert_eq!(
            (alone.outcome, alone.period, alone.quantities.loss()),
            (one.outcome, one.period, one.quantities.loss())
        );
    }
}

#[test]
fn descents_of_a_product_are_bounded_where_theory_says_so() {
    // (uv − 1)²/2 from v = 1/2: by a theorem a descent stays bounded forever without
    // converging if η ≥ 1 and below the bound of divergence. Counted by an independent
    // program: 5,863 of 10,000 converge, 645 are bounded, 3,492 diverge.
    let runs = results(
        "epochs = 20_000\n[[objective]]\nformula = '(u*v - y)^2/2'\nconstants = { y = 1 }\n\
         start = { u = { from = -4, to = 4, count = 100 }, v = 0.5 }\n[[optimizer]]\n\
         method = 'sgd'\nlearning_rate = { from = 0.02, to = 1.2, count = 100 }\n\
         [record]\npoints = 2",
    );
    let count = |outcomes: &[Outcome]| {
        let all = runs.iter();
        all.filter(|one| outcomes.contains(&one.outcome)).count()
    };
    let bounded = count(&[Outcome::Oscillating, Outcome::Wandering]);
    assert_eq!((bounded, count(&[Outcome::Diverged])), (645, 3_492));
    assert_eq!(count(&[Outcome::Growing]), 0);
    assert_eq!(runs.len(), 5_863 + 645 + 3_492);
}

/// The outcomes of all runs of an experiment.
#[track_caller]
fn outcomes(head: &str, objective: &str, optimizer: &str) -> Vec<Outcome> {
    let runs = results(&format!(
        "{head}\n[[objective]]\n{objective}\n[[optimizer]]\n{optimizer}"
    ));
    runs.into_iter().map(|one| one.outcome).collect()
}

#[test]
fn a_rule_that_stops_a_run_does_not_say_where_it_is() {
    use Outcome::{Growing, Improving, Oscillating, StationaryPoint};
    let sgd = |rates: &str| format!("method = 'sgd'\nlearning_rate = {rates}");
    let square = "formula = 'x^2'\nstart = { x = 1 }";
    let patience = "epochs = 1000\nstop = { patience = 10 }";
    let found = outcomes(patience, square, &sgd("[0.1, 1.0, 1.1, 1.5]"));
    assert_eq!(found[1..], [Oscillating, Growing, Growing]);
    // More variables than a model can have.
    let many = "function = 'sphere'\ndimension = 31\nstart = { x = { value = 1, length = 31 } }";
    let waits = "epochs = 100\nstop = { patience = 5, min_delta = 1.0 }";
    assert_eq!(
        outcomes(waits, many, &sgd("[1e-5, 1.1]")),
        [Improving, Growing]
    );
    let short = "epochs = 1000\nstop = { step_below = 1e-2 }";
    assert_eq!(outcomes(short, many, &sgd("[1e-6]")), [Improving]);
    // A gradient that is small enough for a rule is not zero.
    let well = "formula = '(x^2 - 1)^2'\nstart = { x = 0.3 }";
    let gradient =
        |limit: &str| format!("epochs = 4000\nstop = {{ gradient_norm_below = {limit} }}");
    assert_eq!(outcomes(&gradient("3.0"), well, &sgd("1e-3")), [Improving]);
    assert_eq!(
        outcomes(&gradient("1e-9"), well, &sgd("1e-2")),
        [StationaryPoint]
    );
    // Far below the known minimum is not at it.
    let below = "function = 'forrester'\nstart = { x = -0.3 }";
    let gap = "epochs = 10\nstop = { gap_below = 1e-3 }";
    assert_ne!(outcomes(gap, below, &sgd("0.01")), [Outcome::KnownMinimum]);
}

#[test]
fn orbits_are_told_wherever_and_however_large_they_are() {
    use Outcome::{Oscillating, Wandering};
    let rates = "method = 'sgd'\nlearning_rate = [1.1, 1.4]";
    let of = |objective: &str| outcomes("epochs = 1000", objective, rates);
    let expected = [Oscillating, Wandering];
    assert_eq!(
        of("formula = 'x^4/4 - x^2/2'\nstart = { x = 0.3 }"),
        expected
    );
    let shifted = "formula = '(x - 5000)^4/4 - (x - 5000)^2/2'\nstart = { x = 5000.3 }";
    assert_eq!(of(shifted), expected);
    // In the ninth of nine variables.
    let ninth = "formula = 'sum(x[0:8]^2) + x[8]^4/4 - x[8]^2/2'\nstart = { x = [0, 0, 0, 0, 0, 0, 0, 0, 0.3] }";
    assert_eq!(of(ninth), expected);
    // A swing of 1e-4 and one of 1 are the same.
    for start in ["1", "1e-4", "1e-9"] {
        let swing = format!("formula = 'x^2'\nstart = {{ x = {start} }}");
        let head = "epochs = [3, 5, 10, 16, 17, 1000]";
        let found = outcomes(head, &swing, "method = 'sgd'\nlearning_rate = 1.0");
        assert_eq!(found, [Oscillating; 6], "{start}");
    }
}

#[test]
fn slow_swings_that_die_out_are_on_their_way() {
    let found = outcomes(
        "epochs = 1500",
        "formula = 'x^2 + 1'\nstart = { x = 1 }",
        "method = 'sgd'\nmomentum = 0.999\nlearning_rate = [1.5e-5, 1.7e-5, 1.8e-5, 2e-5]",
    );
    assert!(!found.contains(&Outcome::Growing), "{found:?}");
    let head: Vec<String> = (200..1200)
        .step_by(37)
        .map(|epochs| epochs.to_string())
        .collect();
    let found = outcomes(
        &format!("epochs = [{}]", head.join(", ")),
        "formula = 'x^2'\nstart = { x = 1 }",
        "method = 'sgd'\nmomentum = 0.99\nlearning_rate = 1e-4",
    );
    let improving = found
        .iter()
        .filter(|one| **one == Outcome::Improving)
        .count();
    // A run that has made less than two swings does not show it.
    assert!(improving * 4 >= found.len() * 3, "{found:?}");
    assert!(!found.contains(&Outcome::Growing), "{found:?}");
}

#[test]
fn what_grows_is_not_at_the_minimum_it_is_near() {
    let found = outcomes(
        "epochs = 100",
        "formula = 'x^2'\nstart = { x = 1e-9 }\nminimum = { value = 0, at = { x = 0 } }",
        "method = 'sgd'\nlearning_rate = [0.9, 1.05, 1.2]",
    );
    let expected = [Outcome::KnownMinimum, Outcome::Growing, Outcome::Growing];
    assert_eq!(found, expected);
    // At equal loss, but not at the place.
    let flat = "formula = '1e-8*(x^2 + 0.01*y^2)'\nstart = { x = 1, y = 1 }\nminimum = { value = 0, at = { x = 0, y = 0 } }";
    let found = outcomes(
        "epochs = 40",
        flat,
        "method = 'adam'\nlearning_rate = 0.003",
    );
    assert_eq!(found, [Outcome::Improving]);
}

#[test]
fn a_minimum_at_a_bound_is_no_saddle() {
    let run = concluded(
        "formula = '-x^2 + y^2', start = { x = 0.1, y = 1 }, bounds = { x = [-1, 1] }",
        "method = 'sgd', learning_rate = 0.1",
        1000,
        "",
    );
    assert_eq!(run.result.outcome, Outcome::StationaryPoint);
    assert!(
        !run.diagnosis.sentence.contains("saddle"),
        "{}",
        run.diagnosis.sentence
    );
}

#[test]
fn a_coarse_loss_is_no_floor_while_parameters_gain() {
    let found = outcomes(
        "epochs = [400, 1000]\nprecision = 'f32'",
        "formula = '1e6 + x^2'\nstart = { x = 1 }",
        "method = 'sgd'\nlearning_rate = 1e-4",
    );
    assert_eq!(found, [Outcome::Improving; 2]);
}

#[test]
fn a_descent_on_its_way_is_neither_at_a_saddle_nor_near_a_minimum() {
    let valley = results(
        "epochs = 5000\nrepetitions = 20\n[[objective]]\nfunction = 'rosenbrock'\ndimension = 10\n\
         start = { x = { uniform = [-2, 2], length = 10 } }\n[[optimizer]]\nmethod = 'sgd'\n\
         learning_rate = 1e-4",
    );
    for one in valley {
        assert!(one.quantities.gradient_norm().to_f64() > 0.01, "{one:?}");
        assert_eq!(one.outcome, Outcome::Improving, "{one:?}");
        assert!(one.quantities.get(Quantity::Distance).unwrap().to_f64() > 0.1);
    }
}

#[test]
fn the_distance_is_that_of_the_nearest_minimiser() {
    // Himmelblau's function has four minima.
    let ends = results(
        "epochs = 1000\n[[objective]]\nfunction = 'himmelblau'\n\
         start = [{ x = 4, y = 3 }, { x = -4, y = 3 }, { x = -4, y = -4 }, { x = 4, y = -3 }]\n\
         [[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.01",
    );
    for one in &ends {
        assert_eq!(one.outcome, Outcome::KnownMinimum, "{one:?}");
        assert!(
            one.quantities.get(Quantity::Distance).unwrap().to_f64() < 1e-6,
            "{one:?}"
        );
    }
    // A fixed point elsewhere is not the known minimum.
    let plan = planned(
        "epochs = 500\n[[objective]]\nfunction = 'rastrigin'\ndimension = 2\n\
         start = { x = [2, 1] }\n[[optimizer]]\nmethod = 'sgd'\nlearning_rate = 1e-3",
    );
    let elsewhere = experiment::run(&plan);
    let (one, summary) = (&elsewhere.runs[0], &elsewhere.diagnosis.summary[0]);
    assert_eq!(one.outcome, Outcome::StationaryPoint);
    let distance = one.quantities.get(Quantity::Distance).unwrap().to_f64();
    assert!((distance - 5.0_f64.sqrt()).abs() < 0.05, "{distance}");
    assert!(
        summary.contains("not at the known minimum (distance 2.2"),
        "{summary}"
    );
    // Without a known minimiser there is no distance, but the value can be reached.
    let value = "formula = '(x - 3)^2 + 1', start = { x = 0 }, minimum = { value = 1 }";
    let run = concluded(value, "method = 'sgd', learning_rate = 0.1", 300, "");
    assert_eq!(run.result.outcome, Outcome::KnownMinimum);
    assert_eq!(run.result.quantities.get(Quantity::Distance), None);
}

#[test]
fn searches_that_stop_short_say_why() {
    let stops = |objective: &str, optimizer: &str| {
        let one = concluded(objective, optimizer, 200, "").result;
        (one.status, one.stopped_by.into_owned(), one.outcome)
    };
    let shifted = "formula = '1 + (x - 3)^2', start = { x = 0.1 }";
    let no_step = |by: &str, outcome| (Status::NoFurtherStep, by.to_owned(), outcome);
    // Nothing is lower next to a kink.
    let kink = "formula = 'abs(x - 0.1) + x^2', start = { x = 0.7 }";
    let found = stops(kink, "method = 'lbfgs', convention = 'textbook'");
    assert_eq!(found, no_step("no descent", Outcome::PrecisionFloor));
    let found = stops(
        "formula = '(exp(x) - 2)^2', start = { x = 1 }",
        "method = 'levenberg_marquardt'",
    );
    assert_eq!((found.0, &*found.1), (Status::Converged, "tolerance"));
    let singular = "formula = 'x^2 + 0*y', start = { x = 1, y = 1 }";
    let found = stops(singular, "method = 'newton', line_search = 'none'");
    assert_eq!(found, no_step("singular Hessian", Outcome::Improving));
    let found = stops(shifted, "method = 'trust_region'");
    assert_eq!(found.2, Outcome::StationaryPoint);
}

#[test]
fn a_gradient_whose_square_overflows_is_not_at_the_floor() {
    let steep = "formula = '1e30*x^2 + 1e30*y^2', start = { x = 1, y = 1 }";
    let clipped = "method = 'sgd', learning_rate = 0.1, clip = { norm = 1 }";
    for optimizer in [
        clipped,
        "method = 'adam'",
        "method = 'adagrad', learning_rate = 0.1",
    ] {
        let source = format!(
            "epochs = 50\nprecision = 'f32'\nobjective = [{{ {steep} }}]\noptimizer = [{{ {optimizer} }}]"
        );
        let run = experiment::run(&planned(&source));
        assert_eq!(run.runs[0].outcome, Outcome::Diverged, "{optimizer}");
        let sentence = &run.diagnosis.runs[0].sentence;
        assert!(sentence.contains("not finite in f32"), "{sentence}");
        assert!(!sentence.contains("floor"), "{sentence}");
    }
}

#[test]
fn growing_runs_count_as_diverging() {
    // Above a learning rate of 0.02 the steep direction grows, by 2 % per epoch at 0.0202.
    let source = "epochs = 200\n[[objective]]\nformula = '(x^2 + 100*y^2)/2'\n\
         start = { x = 1, y = 1 }\n[[optimizer]]\nmethod = 'sgd'\n\
         learning_rate = [0.018, 0.0199, 0.0202, 0.03]";
    let found = experiment::run(&planned(source));
    let outcomes: Vec<Outcome> = found.runs.iter().map(|one| one.outcome).collect();
    let (improving, growing) = (Outcome::Improving, Outcome::Growing);
    assert_eq!(outcomes, [improving, improving, growing, growing]);
    let summary = found.diagnosis.summary.join(" ");
    let expected = "begin to diverge between the learning rates 0.0199 and 0.0202";
    assert!(summary.contains(expected), "{summary}");
}

/// Repetitions on a function with many minima: one setting has the single best run.
const REPEATED: &str = r#"
epochs = 60
repetitions = 30
seed = 3
objective = [{ function = "rastrigin", dimension = 2, start = { x = { uniform = [-5, 5], length = 2 } } }]
[[optimizer]]
name = "careful"
method = "sgd"
learning_rate = 1e-3
[[optimizer]]
name = "wild"
method = "adam"
learning_rate = 1.5
[[optimizer]]
name = "useless"
method = "sgd"
learning_rate = 1e-9
"#;

#[test]
fn settings_rank_by_the_median_and_not_by_the_luckiest_run() {
    let found = experiment::run(&planned(REPEATED));
    let [ranking] = &found.diagnosis.rankings[..] else {
        panic!("one objective has one ranking");
    };
    let labels: Vec<&str> = ranking.settings.iter().map(|one| &*one.label).collect();
    // By hand: medians of the final losses.
    let median = |setting: usize| {
        let runs = &found.runs[setting * 30..(setting + 1) * 30];
        let mut losses: Vec<f64> = runs
            .iter()
            .map(|one| one.quantities.loss().to_f64())
            .collect();
        losses.sort_by(f64::total_cmp);
        (losses[14] + losses[15]) / 2.0
    };
    let mut expected = [
        ("careful", median(0)),
        ("wild", median(1)),
        ("useless", median(2)),
    ];
    expected.sort_by(|one, other| one.1.total_cmp(&other.1));
    assert_eq!(labels, expected.map(|(name, _)| name));
    for (setting, (_, median)) in ranking.settings.iter().zip(expected) {
        assert!((setting.losses[2] - median).abs() < 1e-12);
        assert_eq!(setting.runs, 30);
        assert!(setting.losses.is_sorted());
    }
    assert_eq!(ranking.test, Some("Wilcoxon's signed-rank test"));
    assert_eq!(ranking.settings[0].comparison, SettingComparison::Best);
    assert!(matches!(
        ranking.settings[2].comparison,
        SettingComparison::Differs(_)
    ));
    assert!(found.diagnosis.best.is_empty(), "no single run is crowned");

    // Star, summary, terminal and page name the same setting.
    let at = folder(&[("repeated.toml", REPEATED)]);
    let printed = succeeded(runner(at.path()).args(["repeated.toml", "--plot", "never"]));
    let first = format!("★ {}", labels[0]);
    assert!(printed.contains(&first), "{printed}");
    assert!(printed.contains(&format!("({})", labels[0])), "{printed}");
    let words: Vec<&str> = printed.split_whitespace().collect();
    let best = format!(
        "Best setting by the median of 30 repetitions: {}",
        labels[0]
    );
    assert!(words.join(" ").contains(&best), "{printed}");
    assert!(!printed.contains("repetition="), "{printed}");
    let shown = succeeded(runner(at.path()).args(["show", "reports/repeated", "--plot", "never"]));
    assert_eq!(shown, printed);
    let page = fs::read_to_string(at.path().join("reports/repeated/index.html")).unwrap();
    let table = page.find("class=\"settings\"").unwrap();
    let runs = page.find("<summary>All runs</summary>").unwrap();
    assert!(table < runs, "runs are folded below the settings");
    assert!(!page.contains("tbody id=\"run-0\" class=\"best\""));
}

#[test]
fn few_repetitions_cannot_tell_and_diverged_runs_rank_last() {
    let few = REPEATED.replace("repetitions = 30", "repetitions = 4");
    let found = experiment::run(&planned(&few));
    for setting in &found.diagnosis.rankings[0].settings[1..] {
        assert_eq!(setting.comparison, SettingComparison::TooFew, "{setting:?}");
    }
    assert!(
        found
            .diagnosis
            .summary
            .join(" ")
            .contains("too few repetitions to tell")
    );
    // Equal settings do not differ, whatever the number of repetitions.
    let equal = REPEATED.replace(
        "method = \"adam\"\nlearning_rate = 1.5",
        "method = \"sgd\"\nlearning_rate = 1e-3",
    );
    let found = experiment::run(&planned(&equal));
    let second = &found.diagnosis.rankings[0].settings[1];
    assert_eq!(second.comparison, SettingComparison::NoDifference(1.0));
    let unstable = REPEATED.replace("learning_rate = 1e-9", "learning_rate = 1e300");
    let found = experiment::run(&planned(&unstable));
    let last = found.diagnosis.rankings[0].settings.last().unwrap();
    assert_eq!((last.diverged, last.losses), (30, [f64::INFINITY; 5]));
}

#[test]
fn only_what_differs_by_chance_is_compared() {
    // One objective starts at random, the other ten times from the same point.
    let source = "epochs = 30\nrepetitions = 10\n[[objective]]\nname = 'random'\nformula = 'x^2'\n\
         start = { x = { uniform = [0, 1] } }\n[[objective]]\nname = 'fixed'\nformula = 'x^2 + 1'\n\
         start = { x = 3 }\n[[optimizer]]\nmethod = 'sgd'\nlearning_rate = [0.01, 0.02]";
    let found = experiment::run(&planned(source)).diagnosis;
    let comparison = |place: usize| found.rankings[place].settings[1].comparison;
    assert!(matches!(comparison(0), SettingComparison::Differs(_)));
    assert_eq!(comparison(1), SettingComparison::NotRandom);
    assert_eq!(found.rankings[1].test, None);
    // Starts that no setting names are distinguished by their first runs.
    let twice = source.replace(
        "x = { uniform = [0, 1] } }",
        "x = { uniform = [0, 1] } }, { x = { uniform = [5, 6] } }]",
    );
    let twice = twice.replacen("start = { x = { uniform", "start = [{ x = { uniform", 1);
    let found = experiment::run(&planned(&twice)).diagnosis;
    let labels: Vec<&str> = found.rankings[0]
        .settings
        .iter()
        .map(|one| &*one.label)
        .collect();
    let mut single = labels.clone();
    single.sort_unstable();
    single.dedup();
    assert_eq!(single.len(), labels.len(), "{labels:?}");
}

#[test]
fn the_summary_compares_as_the_table_does() {
    for repetitions in [4, 6, 7, 12] {
        let source = REPEATED
            .replace("repetitions = 30", &format!("repetitions = {repetitions}"))
            .replace("learning_rate = 1.5", "learning_rate = [0.01, 0.1, 1.5]");
        let found = experiment::run(&planned(&source)).diagnosis;
        let settings = &found.rankings[0].settings;
        let first = |optimizer: usize| settings.iter().find(|one| one.optimizer == optimizer);
        let summary = found.summary.join(" ");
        for setting in (0..3).filter_map(first).skip(1) {
            let said = setting.comparison.text();
            assert!(
                summary.contains(&said),
                "{repetitions}: {said} is not in {summary}"
            );
        }
    }
}

#[test]
fn the_validation_loss_ranks_where_there_is_one() {
    // The larger learning rate fits the training rows better and the other rows worse.
    let rows: String = (0..20)
        .map(|k| format!("{k},{}\n", if k < 16 { k } else { 100 - k }))
        .collect();
    let file = "epochs = 200\n[[objective]]\nformula = 'mean((a*x - y)^2)'\n\
         start = { a = 0 }\ndata = { file = 'line.csv', columns = { x = 'x', y = 'y' }, validation = 0.2 }\n\
         [[optimizer]]\nmethod = 'sgd'\nlearning_rate = [1e-5, 1e-3]\n";
    let at = folder(&[("v.toml", file), ("line.csv", &format!("x,y\n{rows}"))]);
    let (code, printed, wrong) = finished(runner(at.path()).args(["v.toml", "--plot", "never"]));
    assert_eq!(code, 0, "{wrong}");
    assert!(printed.contains("★ smallest validation loss"), "{printed}");
    assert!(printed.contains("validation loss "), "{printed}");
}

#[test]
fn at_a_tie_star_and_summary_name_the_same_run() {
    // Both end at a loss of exactly 0; the second gets there first.
    let source = "epochs = 400\nobjective = [{ formula = 'w^2', start = { w = 1e-160 } }]\n\
         optimizer = [{ method = 'sgd', learning_rate = [0.3, 0.5, 0.45] }]";
    let at = folder(&[("tie.toml", source)]);
    let printed = succeeded(runner(at.path()).args(["tie.toml", "--plot", "never"]));
    assert!(printed.contains("★   1  learning_rate=0.5"), "{printed}");
    assert!(
        printed.contains("★ smallest loss 0 in run 1 (learning_rate=0.5)"),
        "{printed}"
    );
    let words: Vec<&str> = printed.split_whitespace().collect();
    let best = "Best run: learning_rate=0.5, loss 0 after 1 epoch.";
    assert!(words.join(" ").contains(best), "{printed}");
    let page = fs::read_to_string(at.path().join("reports/tie/index.html")).unwrap();
    assert!(page.contains("tbody id=\"run-1\" class=\"best\""));
}

const CHECKED: &str = "epochs = 30\nobjective = [{ formula = '(x^2 + 9*y^2)/2', start = { x = 1, y = 1 }, minimum = { value = 0, at = { x = 0, y = 0 } } }]\n\
     optimizer = [{ method = 'sgd', learning_rate = [0.05, 0.1] }]\n";

/// A recorded report whose file was changed: the exit code and the output of a check.
fn checked(file: &str, change: impl Fn(&str) -> String, arguments: &[&str]) -> (i32, String) {
    let at = folder(&[("c.toml", CHECKED)]);
    succeeded(runner(at.path()).arg("c.toml"));
    let path = at.path().join("reports/c").join(file);
    let before = fs::read_to_string(&path).unwrap();
    let after = change(&before);
    assert_ne!(before, after);
    fs::write(&path, after).unwrap();
    let (code, stdout, stderr) =
        finished(runner(at.path()).args(["check", "c.toml"]).args(arguments));
    (code, stdout + &stderr)
}

/// A CSV file with another value in a column of its first row.
fn with(text: &str, column: &str, value: &str) -> String {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let place = rows[0].iter().position(|name| name == column).unwrap();
    rows[1][place] = value.to_owned();
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter()
        .for_each(|row| writer.write_record(row).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

#[test]
fn a_check_never_compares_sentences() {
    for (file, column) in [
        ("runs.csv", "reason"),
        ("runs.csv", "label"),
        ("diagnosis.csv", "sentence"),
        ("diagnosis.csv", "label"),
    ] {
        for arguments in [&[][..], &["--trajectory"]] {
            let reword = |text: &str| with(text, column, "in other words");
            let (code, printed) = checked(file, reword, arguments);
            assert_eq!(code, 0, "{column}: {printed}");
        }
    }
}

#[test]
fn a_check_compares_status_outcome_and_every_number() {
    for (file, column, value) in [
        ("runs.csv", "status", "fixed point"),
        ("runs.csv", "stopped_by", "patience"),
        ("runs.csv", "status_epoch", "29"),
        ("runs.csv", "outcome", "wandering"),
        ("runs.csv", "period", "2"),
        ("runs.csv", "distance", "0.5"),
        ("runs.csv", "best.x", "0.5"),
        ("runs.csv", "best_epoch", "29"),
        ("diagnosis.csv", "measured_rate", "0.5"),
        ("diagnosis.csv", "earlier_loss", "0.5"),
        ("diagnosis.csv", "model_distance", "0.5"),
        ("diagnosis.csv", "turns", "17"),
        ("diagnosis.csv", "floor", "step underflows"),
    ] {
        let (code, printed) = checked(file, |text| with(text, column, value), &[]);
        assert_eq!(code, 1, "{column}: {printed}");
        let named = match column {
            "stopped_by" => "status",
            "period" => "outcome",
            column => column,
        };
        assert!(printed.contains(named), "{column}: {printed}");
    }
    // The epochs too, if every epoch is compared.
    let moved = |text: &str| text.replace("\n0,7,", "\n0,6,");
    let (code, _) = checked("trajectories.csv", moved, &[]);
    assert_eq!(code, 0, "without --trajectory they are not read");
    let (code, printed) = checked("trajectories.csv", moved, &["--trajectory"]);
    assert_ne!(code, 0, "{printed}");
    // An unreadable value is damage, reported with its place.
    let (code, printed) = checked(
        "runs.csv",
        |text| with(text, "outcome", "epochs spent"),
        &[],
    );
    assert_eq!(code, 3);
    assert!(
        printed.contains("unknown outcome `epochs spent`"),
        "{printed}"
    );
}

#[test]
fn a_check_of_some_runs_is_as_good_as_one_of_all() {
    // More runs than have a quadratic model.
    let source = "epochs = 30\n[[objective]]\nfunction = 'rastrigin'\ndimension = 3\n\
         start = { x = [2.3, -1.2, 4.1] }\n[[optimizer]]\nmethod = 'sgd'\n\
         learning_rate = { from = 0.001, to = 0.0033, count = 250 }";
    let at = folder(&[("many.toml", source)]);
    succeeded(runner(at.path()).args(["-q", "many.toml"]));
    for filter in ["run > 220", "run < 3", "run > 100 & run < 230"] {
        let mut command = runner(at.path());
        succeeded(command.args(["check", "many.toml", "--filter", filter]));
    }
}

#[test]
fn a_row_that_is_cut_short_is_damage_with_a_way_out() {
    let cut = |text: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        let short = lines[2].rsplit_once(',').unwrap().0;
        lines[2] = short;
        lines.join("\n") + "\n"
    };
    for file in ["runs.csv", "diagnosis.csv"] {
        let (code, printed) = checked(file, cut, &[]);
        assert_eq!(code, 3, "{printed}");
        assert!(printed.contains("columns, expected"), "{printed}");
        assert!(
            printed.contains("`runner c.toml` records it again"),
            "{printed}"
        );
    }
    let (code, printed) = checked(
        "runs.csv",
        |text| text.replacen("outcome,period,", "", 1),
        &[],
    );
    assert_eq!(code, 3);
    assert!(
        printed.contains("`runner c.toml` records it again"),
        "{printed}"
    );
}

#[test]
fn outcomes_can_be_expected() {
    let of = |outcome: &str| {
        let source = format!("{CHECKED}[[expect]]\noutcome = \"{outcome}\"\n");
        let at = folder(&[("e.toml", &source)]);
        succeeded(runner(at.path()).arg("e.toml"));
        finished(runner(at.path()).args(["check", "e.toml"]))
    };
    assert_eq!(of("still improving").0, 0);
    let (code, printed, _) = of("oscillating");
    assert_eq!(code, 1);
    assert!(
        printed.contains("outcome expected oscillating, now still improving"),
        "{printed}"
    );
}

#[test]
fn the_vocabulary_is_documented_as_it_is() {
    let text = fs::read_to_string(project().join("reports/README.md")).unwrap();
    let rows = Status::ALL
        .iter()
        .map(|one| (one.name(), one.description()));
    let outcomes = Outcome::ALL
        .iter()
        .map(|one| (one.name(), one.description()));
    for (name, description) in rows.chain(outcomes) {
        let row = format!("| `{name}` | {description} |");
        assert!(text.contains(&row), "{row}");
    }
}
