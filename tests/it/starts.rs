//! The starting points of runs: arrays, grids of elements, and random numbers from the seed.

use gradtape_experiment::plan::{Plan, Run};

fn plan(objective: &str, rest: &str) -> Plan {
    let text = format!(
        "{rest}\nepochs = 3\noptimizer = [{{ method = 'sgd', learning_rate = [0.1, 0.2] }}]\n\
         [[objective]]\n{objective}\n"
    );
    Plan::new("starts.toml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn runs(plan: &Plan) -> Vec<Run> {
    (0..plan.runs.count())
        .map(|number| plan.run(number))
        .collect()
}

fn start(run: &Run) -> Vec<f64> {
    run.start.iter().map(|number| number.wide()).collect()
}

#[test]
fn an_array_is_written_element_by_element_or_row_by_row() {
    let plan = plan(
        "formula = 'sum(x^2) + sum(W @ x) + b'\n\
         start = { x = [1, 2], W = [[3, 4], [5, 6]], b = 7 }",
        "",
    );
    assert_eq!(
        plan.parameters(),
        ["x[0]", "x[1]", "W[0,0]", "W[0,1]", "W[1,0]", "W[1,1]", "b"]
    );
    let runs = runs(&plan);
    assert_eq!(runs.len(), 2);
    assert_eq!(start(&runs[1]), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    let columns = plan.columns().iter();
    let columns: Vec<&String> = columns.filter(|name| name.starts_with("start.")).collect();
    assert_eq!(columns.len(), 7, "each is a setting: {columns:?}");
}

#[test]
fn elements_that_are_ranges_make_a_grid() {
    let range = "{ from = -1, to = 1, count = 3 }";
    let plan = plan(
        &format!("formula = 'sum(x^2)'\nstart = {{ x = [{range}, {range}] }}"),
        "",
    );
    assert_eq!(plan.runs.count(), 3 * 3 * 2);
    let starts: Vec<Vec<f64>> = runs(&plan).iter().step_by(2).map(start).collect();
    let expected = [-1.0, 0.0, 1.0].map(|first| [-1.0, 0.0, 1.0].map(|second| vec![first, second]));
    assert_eq!(starts, expected.concat());
    assert_eq!(
        plan.label(&plan.run(3)),
        "x[0]=-1, x[1]=0, learning_rate=0.2"
    );
}

#[test]
fn a_long_vector_is_no_setting() {
    let plan = plan(
        "formula = 'sum(x^2)'\nstart = { x = { value = 0.5, length = 1000 } }",
        "",
    );
    assert_eq!(start(&plan.run(0)), [0.5; 1000]);
    let mut columns = plan.columns().iter();
    assert!(!columns.any(|name| name.starts_with("start.")));
}

#[test]
fn a_draw_depends_on_seed_and_repetition_and_on_nothing_else() {
    let objective = "formula = 'sum(x^2) + y^2'\n\
                     start = { x = { uniform = [-5, 5], length = 3 }, y = { normal = [10, 0.1] } }";
    let plan_of = |rest: &str| plan(objective, rest);
    let once = plan_of("seed = 7");
    let starts: Vec<Vec<f64>> = runs(&once).iter().map(start).collect();
    assert_eq!(starts[0], starts[1], "both learning rates start alike");
    // Written out, so that a change of the generator is seen.
    assert_eq!(starts[0], GOLDEN);
    let thrice = plan_of("seed = 7\nrepetitions = 3");
    let repeated: Vec<Vec<f64>> = runs(&thrice).iter().map(start).collect();
    assert_eq!(repeated.len(), 6);
    assert_eq!(repeated[0], starts[0], "more runs change nothing");
    assert_eq!(repeated[..3], repeated[3..], "repetitions vary fastest");
    assert!(repeated[0] != repeated[1] && repeated[1] != repeated[2]);
    let narrow = plan_of("seed = 7\nprecision = ['f32', 'f64']");
    assert_eq!(start(&narrow.run(0)), starts[0]);
    let other = plan_of("seed = 8");
    assert!(start(&other.run(0)) != starts[0]);
    for run in runs(&plan_of("repetitions = 100")) {
        let start = start(&run);
        assert!(start[..3].iter().all(|x| (-5.0..5.0).contains(x)));
        // Ten standard deviations.
        assert!((start[3] - 10.0).abs() < 1.0);
    }
}

/// By an implementation of ChaCha and of what is made of it in another language.
const GOLDEN: [f64; 4] = [
    3.698576442058796, -4.46059192516816, -4.982078636389728, 10.071405237245495,
];

#[test]
fn a_test_function_gives_a_draw_its_length() {
    let plan = plan(
        "function = 'rosenbrock'\ndimension = [2, 5]\nstart = { x = { uniform = [-2, 2] } }",
        "",
    );
    let lengths: Vec<usize> = runs(&plan).iter().map(|run| run.start.len()).collect();
    assert_eq!(lengths, [2, 2, 5, 5]);
    assert_eq!(plan.label(&plan.run(2)), "dimension=5, learning_rate=0.1");
    // One number for all.
    let same = self::plan(
        "function = 'rosenbrock'\ndimension = 4\nstart = { x = 0.5 }",
        "",
    );
    assert_eq!(start(&same.run(0)), [0.5; 4]);
    // The start gives the dimension that the file omits.
    let told = self::plan("function = 'sphere'\nstart = { x = [1, 2, 3] }", "");
    assert_eq!(start(&told.run(0)), [1.0, 2.0, 3.0]);
}

#[test]
fn a_transform_moves_the_known_minimum_and_keeps_its_value() {
    let plan = plan(
        "function = 'booth'\ntransform = { shift = [1, -2], rotate = 3, scale = [2, 1] }",
        "",
    );
    let objective = &plan.objectives[0];
    let at = objective.minimum_at.clone().unwrap();
    // (1, 3) and the shift.
    assert!(
        (at[0] - 2.0).abs() < 1e-15 && (at[1] - 1.0).abs() < 1e-15,
        "{at:?}"
    );
    use gradtape_tape::{Graph, Precision, Subnormals};
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let inputs = [graph.input([]), graph.input([])];
    let value = objective.function.trace_elements(&graph, &inputs, &[]);
    let gradient = graph.gradient(value, &inputs);
    let outputs = [value, gradient[0], gradient[1]];
    let program = gradtape_engine::Program::new(&graph, &outputs);
    // Rounding of numbers below ten, squared.
    assert!(
        program
            .evaluate(&at)
            .iter()
            .all(|value| value.abs() < 1e-12)
    );
    assert!(program.evaluate(&[1.0, 3.0])[0] > 1.0);
}
