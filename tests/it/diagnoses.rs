//! Diagnoses of runs whose course follows from a formula.

use gradtape_experiment::batch::{self, Control};
use gradtape_experiment::diagnosis::{Conclusion, Diagnosis, Floor};
use gradtape_experiment::ending::Outcome;
use gradtape_experiment::plan::Plan;
use gradtape_report::experiment;
use gradtape_report::{ReportError, Writer};

use crate::runs::planned;

/// The diagnosis of an experiment: the same when its report is read back.
#[track_caller]
fn diagnosed(source: &str) -> Diagnosis {
    let plan = planned(source);
    let out = tempfile::tempdir().unwrap();
    let numbers: Vec<u64> = (0..plan.runs.count()).collect();
    let mut writer = Writer::new(&plan, "test.toml", source, &numbers, out.path()).unwrap();
    let recorders = writer.recorders(&|_| ());
    let add = |_, recorded| writer.add(recorded).map(|_| ());
    batch::run(&plan, &numbers, recorders, &Control::default(), add).unwrap();
    let finished = writer.finish(false, &Control::default()).unwrap();
    let (_, _, read) = gradtape_report::diagnosis(&finished.folder).unwrap();
    assert_eq!(read, finished.diagnosis);
    read
}

/// The only run of descents on a formula.
#[track_caller]
pub fn concluded(objective: &str, optimizer: &str, epochs: u64, more: &str) -> Conclusion {
    let source = format!(
        "epochs = {epochs}\nobjective = [{{ {objective} }}]\noptimizer = [{{ {optimizer} }}]\n{more}"
    );
    let mut results = experiment::run(&planned(&source));
    Conclusion {
        result: results.runs.remove(0),
        diagnosis: results.diagnosis.runs.remove(0),
    }
}

const PARABOLA: &str = "formula = 'w^2', start = { w = 1 }";
const ELLIPSE: &str = "formula = '(x^2 + 100*y^2)/2', start = { x = 1, y = 1 }";

#[track_caller]
fn near(found: Option<f64>, expected: f64, within: f64) {
    let found = found.expect("it is known");
    assert!(
        (found - expected).abs() <= within * expected.abs(),
        "{found} for {expected}"
    );
}

#[track_caller]
fn says(run: &Conclusion, parts: &[&str]) {
    let sentence = &run.diagnosis.sentence;
    for part in parts {
        assert!(sentence.contains(part), "`{part}` is not in: {sentence}");
    }
}

#[test]
fn the_parabola_has_its_rate_its_bound_and_its_floor() {
    let diagnosis = diagnosed(include_str!("../../experiments/parabola.toml"));
    let facts = &diagnosis.runs[0].facts;
    near(facts.measured_rate, 0.98, 1e-6);
    near(facts.predicted_rate, 0.98, 1e-7);
    assert_eq!(facts.stability_bound, Some(1.0));
    assert_eq!(facts.best_rate, Some(0.5));
    assert_eq!(facts.greatest_curvature, Some(2.0));
    assert_eq!(facts.floor, Some(Floor::Flushed));
    assert_eq!(facts.floor_epoch, Some(4130));
    assert_eq!(facts.zero_loss_from, Some(2162));
    insta::assert_snapshot!("parabola", diagnosis.summary.join("\n"));
}

#[test]
fn the_floor_is_told_by_what_the_precision_does_to_a_step() {
    let floor = |numerics: &str, objective: &str| {
        let more = format!("\n{numerics}\n");
        let source = format!(
            "epochs = 10_000{more}objective = [{{ {objective} }}]\noptimizer = [{{ method = 'sgd', learning_rate = 0.01 }}]"
        );
        let facts = diagnosed(&source).runs.remove(0).facts;
        (facts.floor, facts.floor_epoch)
    };
    let flushed = "precision = 'f32'\nsubnormals = 'flush'";
    assert_eq!(floor(flushed, PARABOLA), (Some(Floor::Flushed), Some(4130)));
    let kept = "precision = 'f32'\nsubnormals = 'keep'";
    assert_eq!(floor(kept, PARABOLA), (Some(Floor::Underflow), Some(4948)));
    assert_eq!(floor("precision = 'f64'", PARABOLA), (None, None));
    // Away from zero the spacing of numbers at the minimum ends it long before.
    let shifted = "formula = '(w - 3)^2', start = { w = 1 }";
    let (kind, epoch) = floor("precision = 'f64'", shifted);
    assert_eq!(kind, Some(Floor::Rounding));
    assert!(epoch.unwrap() < 2_000, "{epoch:?}");
}

#[test]
fn an_ellipse_has_the_rates_of_the_textbook() {
    let plain = concluded(ELLIPSE, "method = 'sgd', learning_rate = 0.01", 500, "");
    near(plain.diagnosis.facts.measured_rate, 0.99, 1e-6);
    near(plain.diagnosis.facts.predicted_rate, 0.99, 1e-12);
    near(plain.diagnosis.facts.condition, 100.0, 1e-12);
    near(plain.diagnosis.facts.stability_bound, 0.02, 1e-12);
    near(plain.diagnosis.facts.best_rate, 2.0 / 101.0, 1e-12);
    assert_eq!(plain.result.outcome, Outcome::Improving);
    says(
        &plain,
        &["as predicted: |1 − 0.01·1| = 0.99.", "condition number 100"],
    );

    // With more momentum than needed the factor is the square root of the momentum.
    let heavy = "method = 'sgd', learning_rate = 0.03, momentum = 0.81";
    let heavy = concluded(ELLIPSE, heavy, 300, "");
    near(heavy.diagnosis.facts.predicted_rate, 0.9, 1e-9);
    near(heavy.diagnosis.facts.measured_rate, 0.9, 0.01);
    near(heavy.diagnosis.facts.stability_bound, 0.0362, 1e-9);

    let nesterov = "method = 'sgd', learning_rate = 0.01, momentum = 0.9, nesterov = true";
    let nesterov = concluded(ELLIPSE, nesterov, 600, "");
    let predicted = (0.9_f64 * 0.99).sqrt();
    near(nesterov.diagnosis.facts.predicted_rate, predicted, 1e-9);
    near(nesterov.diagnosis.facts.measured_rate, predicted, 0.01);
    near(nesterov.diagnosis.facts.stability_bound, 3.8 / 280.0, 1e-9);
}

#[test]
fn an_escape_is_certain_from_the_epoch_from_which_it_grows() {
    let diverged = concluded(PARABOLA, "method = 'sgd', learning_rate = 1.1", 10_000, "");
    assert_eq!(diverged.result.outcome, Outcome::Diverged);
    assert_eq!(diverged.diagnosis.facts.certain_from, Some(0));
    near(diverged.diagnosis.facts.measured_rate, 1.2, 1e-6);
    says(
        &diverged,
        &[
            "inevitable from epoch 0 on",
            "by a factor of 1.2 per epoch",
            "Theory agrees: |1 − 1.1·2| = 1.2.",
            "the learning rate 1.1 is above the stability bound of 1",
        ],
    );
    // The learning rate of a formula: it escapes from the parabola only from epoch 10 on.
    let schedule = "method = 'sgd', learning_rate = 0.1, schedule = { kind = 'formula', formula = 'where(epoch < 10, 0.1, 1.1)' }";
    let later = concluded(PARABOLA, schedule, 10_000, "");
    assert_eq!(
        later.diagnosis.facts.certain_from,
        Some(10),
        "{}",
        later.diagnosis.sentence
    );
    assert_eq!(later.diagnosis.facts.predicted_rate, None);
}

#[test]
fn an_overshoot_that_shrinks_is_no_divergence() {
    let overshoot = concluded(PARABOLA, "method = 'sgd', learning_rate = 0.99", 300, "");
    assert_eq!(overshoot.result.outcome, Outcome::Improving);
    near(overshoot.diagnosis.facts.measured_rate, 0.98, 1e-6);
    assert_eq!(overshoot.diagnosis.facts.turns, Some(299));
    says(
        &overshoot,
        &["`w` changed direction", "1 − 0.99·2 = -0.98 is negative"],
    );

    let forever = concluded(PARABOLA, "method = 'sgd', learning_rate = 1", 300, "");
    assert_eq!(forever.result.outcome, Outcome::Oscillating);
    says(
        &forever,
        &[
            "oscillating with a period of 2 epochs",
            "the learning rate 1 is exactly at the stability bound of 1",
        ],
    );
}

#[test]
fn a_saddle_is_no_minimum() {
    let saddle = "formula = 'x^2 - y^2', start = { x = 1, y = 0 }";
    let saddle = concluded(saddle, "method = 'sgd', learning_rate = 0.1", 100, "");
    assert_eq!(saddle.result.outcome, Outcome::StationaryPoint);
    assert_eq!(saddle.diagnosis.facts.least_curvature, Some(-2.0));
    assert_eq!(saddle.diagnosis.facts.predicted_rate, None);
    says(&saddle, &["saddle", "smallest curvature -2"]);
}

#[test]
fn a_plateau_is_no_minimum() {
    let plateau = "formula = '1/(1 + exp(-x))', start = { x = 9 }";
    let plateau = concluded(plateau, "method = 'sgd', learning_rate = 0.01", 1000, "");
    assert_eq!(
        plateau.result.outcome,
        Outcome::Improving,
        "{}",
        plateau.diagnosis.sentence
    );
}

#[test]
fn a_schedule_that_ends_is_no_floor() {
    let ends = "method = 'sgd', learning_rate = 0.01, schedule = { kind = 'formula', formula = 'where(epoch < 50, learning_rate, 0)' }";
    let halted = concluded(PARABOLA, ends, 200, "");
    assert_eq!(halted.result.outcome, Outcome::PrecisionFloor);
    assert_eq!(halted.diagnosis.facts.floor, None);
    says(
        &halted,
        &["nothing changed after epoch 50 (learning rate 0)"],
    );
}

#[test]
fn newton_is_faster_than_linear() {
    let well = "formula = 'exp(x) - 2*x', start = { x = 3 }";
    let newton = concluded(
        well,
        "method = 'newton'",
        100,
        "[stop]\ngradient_norm_below = 1e-10",
    );
    assert_eq!(newton.result.outcome, Outcome::StationaryPoint);
    assert_eq!(newton.diagnosis.facts.measured_rate, None);
    says(&newton, &["faster than linear"]);
}

#[test]
fn a_thinned_trajectory_speaks_of_recorded_epochs() {
    let record = "[record]\nevery = 50";
    let thinned = concluded(
        ELLIPSE,
        "method = 'sgd', learning_rate = 0.03",
        1000,
        record,
    );
    assert_eq!(thinned.result.outcome, Outcome::Diverged);
    says(&thinned, &["inevitable from recorded epoch 0 on"]);

    // Two rows show no rate, and the theory is still there.
    let ends = "[record]\npoints = 2";
    let ends = concluded(ELLIPSE, "method = 'sgd', learning_rate = 0.01", 500, ends);
    assert_eq!(ends.diagnosis.facts.measured_rate, None);
    near(ends.diagnosis.facts.predicted_rate, 0.99, 1e-12);
}

#[test]
fn a_sweep_tells_where_divergence_begins() {
    let diagnosis = diagnosed(include_str!("../../experiments/learning_rates.toml"));
    insta::assert_snapshot!("learning_rates", diagnosis.summary.join("\n"));
    let of = |run: usize| &diagnosis.runs[run];
    assert!(of(24).sentence.starts_with("Diverged"));
    for one in &diagnosis.runs {
        let rate = planned_rate(one.run);
        near(one.facts.predicted_rate, (1.0 - 2.0 * rate).abs(), 1e-12);
        near(one.facts.measured_rate, (1.0 - 2.0 * rate).abs(), 1e-6);
    }
}

fn planned_rate(run: u64) -> f64 {
    let plan = planned(include_str!("../../experiments/learning_rates.toml"));
    plan.run(run).learning_rate.unwrap().wide()
}

#[test]
fn rosenbrock_and_several_optimizers_are_summed_up() {
    let diagnosis = diagnosed(include_str!("../../experiments/rosenbrock.toml"));
    let all = diagnosis.runs.iter();
    let all = all.map(|one| format!("{}: {}", one.label, one.sentence));
    let text = format!(
        "{}\n\n{}",
        diagnosis.summary.join("\n"),
        all.collect::<Vec<_>>().join("\n")
    );
    insta::assert_snapshot!("rosenbrock", text);
}

#[test]
fn many_objectives_are_counted_and_told_one_by_one_beside() {
    let bowls: String = (1..=3)
        .map(|k| {
            format!("[[objective]]\nname = 'bowl {k}'\nformula = '{k}*x^2'\nstart = {{ x = 1 }}\n")
        })
        .collect();
    let diagnosis = diagnosed(&format!(
        "epochs = 8
        {bowls}
        [[objective]]
        function = 'sphere'
        dimension = [2, 3]
        [[objective]]
        name = 'cliff'
        formula = '-x^4'
        start = {{ x = 4 }}
        [[optimizer]]
        name = 'slow'
        method = 'sgd'
        learning_rate = [0.1, 0.3, 2]
        [[optimizer]]
        name = 'sure'
        method = 'sgd'
        learning_rate = 0.5
        "
    ));
    let details = diagnosis.details.iter();
    let details = details.map(|one| format!("{}: {}", one.objective, one.sentences.join(" ")));
    let text = format!(
        "{}\n\n{}",
        diagnosis.summary.join("\n"),
        details.collect::<Vec<_>>().join("\n")
    );
    insta::assert_snapshot!("many_objectives", text);
}

#[test]
fn every_kind_of_run_reads_back_to_the_same_diagnosis() {
    // Different variables, precisions, starts that are not finite, thinned parameters.
    let source = r#"
        epochs = [5, 3000]
        precision = ["f32", "f64"]
        subnormals = ["keep", "flush"]
        [[objective]]
        name = "bowl"
        formula = "a*x^2"
        start = { x = { from = -2, to = 2, count = 3 } }
        constants = { a = [1, 3] }
        [[objective]]
        name = "valley"
        formula = "(1 - x)^2 + 10*(y - x^2)^2 + sqrt(y)"
        start = [{ x = 0, y = 1 }, { x = -1, y = -1 }]
        [[objective]]
        name = "vector"
        formula = "sum((v - 1)^2)"
        start = { v = { value = 0, length = 40 } }
        [[optimizer]]
        method = "sgd"
        learning_rate = [0.01, 0.9]
        [[optimizer]]
        method = "adam"
        [[optimizer]]
        method = "lbfgs"
        [record]
        points = 37
        parameters = ["x"]
    "#;
    let diagnosis = diagnosed(source);
    assert!(diagnosis.runs.len() > 100);
    assert!(diagnosis.runs.iter().all(|one| !one.sentence.is_empty()));
}

#[test]
fn a_folder_without_a_report_has_no_diagnosis() {
    let out = tempfile::tempdir().unwrap();
    let found: Result<(_, Plan, _), ReportError> = gradtape_report::diagnosis(out.path());
    assert!(matches!(found, Err(ReportError::Read { .. })));
}
