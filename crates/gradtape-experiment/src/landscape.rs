//! Objectives of two parameters on a grid, the data of level lines.

use crate::number::Number;
use crate::plan::{DataRows, Plan};
use gradtape_engine::Program;
use gradtape_tape::{Graph, Precision, Subnormals};

/// The loss of an objective of two parameters, by its index in the plan, with these
/// constants, at every point of a grid: row by row, in the order of `y`, all in `f64`.
/// With data it is the loss on all training rows.
///
/// `None` if the objective does not have two parameters, or if its data are missing.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::landscape;
/// use gradtape_experiment::plan::Plan;
///
/// let plan = Plan::new("bowl.toml", r#"
///     epochs = 1
///     objective = [{ formula = "x^2 + a*y^2", start = { x = 1, y = 1 }, constants = { a = 10 } }]
///     optimizer = [{ method = "sgd", learning_rate = 0.1 }]
/// "#)?;
/// let constants = plan.run(0).constants;
/// let values = landscape::values(&plan, 0, &constants, &[0.0, 1.0], &[0.0, 2.0]);
/// assert_eq!(values, Some(vec![0.0, 1.0, 40.0, 41.0]));
/// # Ok::<(), gradtape_experiment::mistake::Mistakes>(())
/// ```
#[must_use]
pub fn values(
    plan: &Plan,
    objective: usize,
    constants: &[Number],
    x: &[f64],
    y: &[f64],
) -> Option<Vec<f64>> {
    let program = program(plan, objective)?;
    let mut scratch = program.scratch();
    let constants = constants.iter().map(|number| number.wide());
    let mut inputs: Vec<f64> = [0.0, 0.0].into_iter().chain(constants).collect();
    if inputs.len() != program.inputs() {
        return None;
    }
    let mut values = vec![0.0; x.len() * y.len()];
    let points = y.iter().flat_map(|y| x.iter().map(move |x| [*x, *y]));
    for (value, point) in values.iter_mut().zip(points) {
        inputs[..2].copy_from_slice(&point);
        program.run(&mut scratch, &inputs, std::slice::from_mut(value));
    }
    Some(values)
}

/// The loss for two parameters and the constants.
fn program(plan: &Plan, objective: usize) -> Option<Program<f64>> {
    let objective = plan.objectives.get(objective)?;
    let function = &objective.function;
    if function.parameters().len() != 2 {
        return None;
    }
    // A report that is read back has no data values.
    if let Some(data) = &objective.data {
        let shapes = data.shapes(data.training.len()).into_iter();
        let mut arrays = data.arrays.iter().zip(shapes);
        if arrays.any(|(array, shape)| shape.elements() != Some(array.training.len())) {
            return None;
        }
    }
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (variables, constants) = function.inputs_of(&graph);
    let loss = objective.loss(&graph, &variables, &constants, DataRows::Training);
    Some(Program::new(&graph, &[loss]))
}
