//! Descents on objectives that are too large to be written out, and reports of data.

use gradtape_experiment::batch::End;
use gradtape_experiment::plan::Plan;

use crate::runner::{contents, finished, folder, runner, succeeded};

fn outcomes(text: &str) -> Vec<End> {
    let plan = Plan::new("large.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    crate::runner::outcomes(&plan)
}

/// One descent on the sum of n squares is n descents on a square side by side.
#[test]
fn each_of_many_variables_goes_the_way_of_one() {
    let runs = |formula: &str, start: &str, top: &str| {
        outcomes(&format!(
            "{top}\nobjective = [{{ formula = '{formula}', start = {{ w = {start} }} }}]\n\
             optimizer = [{{ method = 'sgd', learning_rate = [0.01, 0.4, 1.5] }},\n\
             {{ method = 'sgd', learning_rate = 0.01, momentum = 0.9, nesterov = true }}]\n"
        ))
    };
    for top in [
        "epochs = 10_000\nprecision = 'f32'\nsubnormals = 'flush'",
        "epochs = 10_000\nprecision = 'f32'",
        "epochs = 400\nprecision = 'f64'",
    ] {
        let one = runs("w^2", "1", top);
        let many = runs("sum(w^2)", "{ value = 1, length = 2500 }", top);
        for (one, many) in one.iter().zip(&many) {
            assert_eq!(
                one.reason.status().name(),
                many.reason.status().name(),
                "{one:?}"
            );
            if one.reason.status().name() == "diverged" {
                // A sum overflows before its terms do.
                assert!(many.reason.epoch() < one.reason.epoch());
                continue;
            }
            assert_eq!(one.reason.epoch(), many.reason.epoch());
            assert_eq!(one.quantities.epochs_run(), many.quantities.epochs_run());
            assert_eq!(many.parameters.len(), 2500);
            assert!(many.parameters.iter().all(|w| w.is_same(one.parameters[0])));
        }
    }
    let golden = &runs(
        "sum(w^2)",
        "{ value = 1, length = 2500 }",
        "epochs = 10_000\nprecision = 'f32'\nsubnormals = 'flush'",
    )[0];
    assert_eq!(golden.parameters[2499].to_string(), "5.803526e-37");
    assert_eq!(
        golden.reason.to_string(),
        "no parameter changes from epoch 4130 on"
    );
}

/// The norm of n equal entries is √n times one of them, up to some roundings.
#[test]
fn rules_that_stop_look_at_all_elements() {
    let run = |stop: &str| {
        outcomes(&format!(
            "epochs = 1000\nobjective = [{{ formula = 'sum(w^2)', \
             start = {{ w = {{ value = 1, length = 2500 }} }} }}]\n\
             optimizer = [{{ method = 'sgd', learning_rate = 0.1 }}]\n[stop]\n{stop}\n"
        ))
        .remove(0)
    };
    // After k epochs w is 0.8^k, the gradient 2w, its norm 100w, a step 10w.
    let gradient = run("gradient_norm_below = 1e-3");
    assert_eq!(gradient.reason.status().name(), "converged");
    assert_eq!(gradient.quantities.epochs_run(), 52);
    assert!(
        (gradient.quantities.gradient_norm().to_f64() / (100.0 * 0.8_f64.powi(52)) - 1.0).abs()
            < 1e-13
    );
    assert_eq!(run("loss_below = 1e-6").quantities.epochs_run(), 49);
    assert_eq!(run("step_below = 1e-6").quantities.epochs_run(), 74);
    assert_eq!(
        run("loss_above = 1e9").reason.status().name(),
        "epoch limit"
    );
}

const TABLE: &str = "height,weight\n1.5,50\n1.6,55\n1.7,65\n1.8,71\n1.9,80\n";

const LINE: &str = "\
title = 'A line'
epochs = 20

[[objective]]
formula = 'mean((a*x + b - y)^2)'
start = { a = 0, b = 0 }
data = { file = 'table.csv', columns = { x = 'height', y = 'weight' }, standardize = ['x', 'y'], validation = 1, batch_size = 2 }

[[optimizer]]
method = 'sgd'
learning_rate = [0.1, 0.2]

[[chart]]
y = 'validation_loss'
";

#[test]
fn a_report_is_drawn_again_without_its_data() {
    let at = folder(&[("line.toml", LINE), ("table.csv", TABLE)]);
    succeeded(runner(at.path()).arg("line.toml"));
    let report = at.path().join("reports/line");
    let before = contents(&report);
    let trajectories = std::fs::read_to_string(report.join("trajectories.csv")).unwrap();
    let head = "run,epoch,learning_rate,loss,gradient_norm,validation_loss,a,b\n";
    assert!(trajectories.starts_with(head), "{trajectories}");
    std::fs::remove_file(at.path().join("table.csv")).unwrap();
    succeeded(runner(at.path()).args(["report", "reports/line"]));
    assert!(contents(&report) == before);
}

#[test]
fn a_report_that_does_not_tell_its_data_is_damaged() {
    let at = folder(&[("line.toml", LINE), ("table.csv", TABLE)]);
    succeeded(runner(at.path()).arg("line.toml"));
    let path = at.path().join("reports/line/report.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    for (right, wrong) in [
        ("\"data\"", "\"date\""),
        ("\"training_rows\": 4", "\"training_rows\": 5"),
        ("\"batch_size\": 2", "\"batch_size\": 0"),
    ] {
        assert!(whole.contains(right), "{right}");
        std::fs::write(&path, whole.replacen(right, wrong, 1)).unwrap();
        let (code, _, stderr) = finished(runner(at.path()).args(["report", "reports/line"]));
        assert_eq!(code, 3, "{stderr}");
        let what = "the report does not describe these data";
        assert!(stderr.contains(what), "{stderr}");
    }
}

#[test]
fn a_data_file_that_has_changed_is_told() {
    let at = folder(&[("line.toml", LINE), ("table.csv", TABLE)]);
    succeeded(runner(at.path()).arg("line.toml"));
    succeeded(runner(at.path()).args(["check", "line.toml"]));
    std::fs::write(at.path().join("table.csv"), TABLE.replace("71", "72")).unwrap();
    let (code, stdout, _) = finished(runner(at.path()).args(["check", "line.toml"]));
    assert_eq!(code, 1, "{stdout}");
    let first = stdout.lines().nth(1).unwrap();
    assert!(
        first.starts_with("  table.csv recorded with SHA-256 "),
        "{stdout}"
    );
}

#[test]
fn threads_change_no_byte_of_batches_and_loops() {
    let functions = "epochs = 30\nseed = 1\nrepetitions = 3\n\
        objective = [{ function = ['rosenbrock', 'griewank'], dimension = 600, \
        start = { x = { uniform = [-1, 1] } } }]\n\
        optimizer = [{ method = 'sgd', learning_rate = [1e-4, 1e-3], momentum = 0.5 }]\n";
    let at = folder(&[
        ("line.toml", LINE),
        ("table.csv", TABLE),
        ("functions.toml", functions),
    ]);
    let reports = ["1", "2", "5"].map(|threads| {
        succeeded(runner(at.path()).args([
            "line.toml", "functions.toml", "--threads", threads, "--out", threads,
        ]));
        ["line", "functions"].map(|name| contents(&at.path().join(threads).join(name)))
    });
    assert!(reports[0] == reports[1] && reports[0] == reports[2]);
}

#[test]
fn a_plan_shows_formulas_with_their_gradients() {
    let file = "epochs = 1\n\
        [[objective]]\nname = 'two of them'\nformula = 'a*r^2 + (x - 1)^2'\n\
        define = { r = 'sqrt(x^2 + y^2)' }\nconstants = { a = [1, 2] }\nstart = { x = 1, y = 2 }\n\
        [[objective]]\nfunction = 'rosenbrock'\ndimension = [3, 1000]\n\
        [[optimizer]]\nmethod = 'sgd'\nlearning_rate = 0.1\n";
    let at = folder(&[("shown.toml", file)]);
    let plan = |more: &[&str]| {
        succeeded(
            runner(at.path())
                .args(["plan", "shown.toml", "--gradient"])
                .args(more),
        )
    };
    insta::assert_snapshot!(plan(&[]));
    let json = plan(&["--format", "json"]);
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["objective"], "two of them");
    assert_eq!(first["define"]["r"], "sqrt(x^2 + y^2)");
    assert!(first["gradient"]["derivatives"]["x"].is_string());
}

/// The gradient of each objective on data equals central differences of the loss. Their
/// error is about h² from the third derivative and 1e-16/h from rounding, so some 1e-10
/// with h = 1e-5, where losses and derivatives are about 1.
#[test]
fn the_gradients_of_regressions_are_those_of_differences() {
    use std::sync::Arc;

    use gradtape_engine::Program;
    use gradtape_tape::{Graph, Precision, Shape, Subnormals};

    let mut checked = 0;
    for name in ["linear", "iris", "iris_logistic", "network"] {
        let path = format!("{}/experiments/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let plan = Plan::new(&path, &text).unwrap();
        for objective in &plan.objectives {
            let function = &objective.function;
            let graph = Graph::new(Precision::F64, Subnormals::Keep);
            let variables = function.variables().iter();
            let variables: Vec<_> = variables
                .map(|(_, shape)| graph.input(shape.clone()))
                .collect();
            let constants = function.constants().iter();
            let constants: Vec<_> = constants.map(|_| graph.input(Shape::scalar())).collect();
            let data = objective.data.as_ref().unwrap().arrays.iter();
            let data: Vec<_> = data
                .map(|array| graph.data(array.shape.clone(), Arc::clone(&array.training)))
                .collect();
            let loss = function.trace(&graph, &variables, &constants, &data);
            let mut outputs = vec![loss];
            outputs.extend(graph.gradient(loss, &variables));
            let program = Program::epoch(&graph, &outputs, &[]);
            let count = function.parameters().len();
            let mut at: Vec<f64> = (0..count)
                .map(|k| ((k * 7 + 3) % 11) as f64 / 8.0 - 0.6)
                .collect();
            at.extend(constants.iter().map(|_| 0.01));
            let gradient = program.evaluate(&at)[1..].to_vec();
            for place in 0..count {
                let loss_at = |step: f64| {
                    let mut moved = at.clone();
                    moved[place] += step;
                    program.evaluate(&moved)[0]
                };
                let difference = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5;
                let name = &function.parameters()[place];
                let distance = (gradient[place] - difference).abs();
                assert!(
                    distance < 1e-8,
                    "{path} {name}: {} {difference}",
                    gradient[place]
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "{checked}");
}
