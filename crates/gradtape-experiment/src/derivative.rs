//! Values and derivatives at points: the tables of a plan.

use std::sync::atomic::Ordering;

use crate::batch::{Cancelled, Control};
use crate::number::{Number, Precision, Scalar};
use crate::plan::{Arithmetic, Derivative, Plan};
use gradtape_engine::Program;
use gradtape_tape::{Graph, Real};

/// The values of a derivative of a plan: a row for each point, first all points in
/// one arithmetic, then all points in the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The index of the derivative in the plan.
    pub derivative: usize,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A function and its derivatives at one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The number of the point, from 0.
    pub point: u64,
    /// The arithmetic of the computation.
    pub arithmetic: Arithmetic,
    /// The values of the variables, in the order of [`Derivative::variables`].
    pub at: Vec<Scalar>,
    /// The results, in the order of [`Derivative::columns`].
    pub values: Vec<Scalar>,
}

/// Evaluates derivative number `place` of a plan.
///
/// # Errors
///
/// If it was cancelled through [`Control::cancel`].
///
/// # Panics
///
/// If the plan has no such derivative.
///
/// # Examples
///
/// ```
/// use gradtape_experiment::batch::Control;
/// use gradtape_experiment::derivative;
/// use gradtape_experiment::plan::Plan;
///
/// let plan = Plan::new("cube.toml", r#"
///     [[derivative]]
///     formula = "x^3"
///     at = { x = [1, 2] }
///     order = 3
/// "#)?;
/// assert_eq!(plan.derivatives[0].columns, ["f", "df/dx", "d^2f/dx^2", "d^3f/dx^3"]);
/// let table = derivative::table(&plan, 0, &Control::default())?;
/// let shown: Vec<String> = table.rows[1].values.iter().map(|value| value.short()).collect();
/// assert_eq!(shown, ["8", "12", "12", "6"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn table(plan: &Plan, place: usize, control: &Control) -> Result<Table, Cancelled> {
    let derivative = &plan.derivatives[place];
    let mut rows = Vec::new();
    for arithmetic in plan.arithmetics() {
        rows.extend(match arithmetic.precision {
            Precision::F32 => evaluated::<f32>(derivative, *arithmetic, control)?,
            Precision::F64 => evaluated::<f64>(derivative, *arithmetic, control)?,
        });
    }
    Ok(Table {
        derivative: place,
        rows,
    })
}

fn evaluated<T: Real>(
    derivative: &Derivative,
    arithmetic: Arithmetic,
    control: &Control,
) -> Result<Vec<Row>, Cancelled> {
    let graph = Graph::new(T::PRECISION, arithmetic.subnormals);
    let outputs = derivative
        .function
        .derivatives(
            &graph,
            &derivative.with_respect_to,
            &derivative.partials,
            usize::MAX,
        )
        .expect("no graph is larger than all memory");
    let program = Program::new(&graph, &outputs);
    let mut scratch = program.scratch();
    let mut values = vec![T::ZERO; outputs.len()];
    let constants = derivative.constants.iter().map(|number| number.to::<T>());
    let constants: Vec<T> = constants.collect();
    let mut rows = Vec::new();
    for point in 0..derivative.points {
        if control.cancel.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        let at: Vec<T> = derivative
            .point(point)
            .into_iter()
            .map(Number::to::<T>)
            .collect();
        program.run(&mut scratch, &[&*at, &*constants].concat(), &mut values);
        rows.push(Row {
            point,
            arithmetic,
            at: at.into_iter().map(Scalar::new).collect(),
            values: values.iter().map(|value| Scalar::new(*value)).collect(),
        });
    }
    Ok(rows)
}
