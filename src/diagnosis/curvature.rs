//! The second derivatives of an objective at a point.

use std::sync::OnceLock;

use super::eigenvalues::eigenvalues;
use crate::autodiff::{Graph, Subnormals};
use crate::engine::Program;
use crate::number::Number;
use crate::plan::Plan;

/// Of objectives with more variables no curvature is computed: the time for it grows with
/// their third power.
pub const GREATEST_CURVED: usize = 30;

/// Nor of those with more operations, as [`Objective::size`] counts them.
///
/// [`Objective::size`]: crate::objective::Objective::size
const GREATEST_SIZE: usize = 5_000;

/// Programs for the products of Hessians with vectors, made when they are needed first.
#[derive(Debug)]
pub(super) struct Curvatures(Vec<OnceLock<Program<f64>>>);

impl Curvatures {
    pub(super) fn new(plan: &Plan) -> Self {
        Curvatures(plan.objectives.iter().map(|_| OnceLock::new()).collect())
    }

    /// The eigenvalues of the Hessian, from the least to the greatest, in `f64` whatever
    /// the precision of the run; `None` for an objective that is too large or about data,
    /// which a report does not have, and where a derivative is not finite.
    pub(super) fn at(
        &self,
        plan: &Plan,
        objective: usize,
        constants: &[Number],
        point: &[f64],
    ) -> Option<Vec<f64>> {
        let function = &plan.objectives[objective].function;
        let size = function.parameters().len();
        let is_small = size <= GREATEST_CURVED && function.size() <= GREATEST_SIZE;
        if !is_small || !function.data().is_empty() || point.len() != size || size == 0 {
            return None;
        }
        let program = self.0[objective].get_or_init(|| product(plan, objective));
        let constants = constants.iter().map(|number| number.wide());
        let mut inputs: Vec<f64> = point.iter().copied().chain(constants).collect();
        let vector = inputs.len();
        inputs.resize(vector + size, 0.0);
        let mut scratch = program.scratch();
        let mut hessian = vec![0.0; size * size];
        for (place, row) in hessian.chunks_mut(size).enumerate() {
            inputs[vector + place] = 1.0;
            program.run(&mut scratch, &inputs, row);
            inputs[vector + place] = 0.0;
        }
        eigenvalues(&hessian, size)
    }
}

/// The product of a Hessian with a vector: the derivative of the gradient along it.
fn product(plan: &Plan, objective: usize) -> Program<f64> {
    let function = &plan.objectives[objective].function;
    let graph = Graph::<f64>::new(Subnormals::Keep);
    let inputs = |count: usize| (0..count).map(|_| graph.input()).collect::<Vec<_>>();
    let x = inputs(function.parameters().len());
    let constants = inputs(function.constants().len());
    let v = inputs(x.len());
    let loss = function.trace(&graph, &x, &constants);
    let products = graph.gradient(loss, &x).into_iter().zip(&v);
    let products = products.map(|(slope, v)| slope * *v);
    let along = products.reduce(|sum, product| sum + product);
    let along = along.unwrap_or_else(|| graph.constant(0.0));
    Program::new(&graph, &graph.gradient(along, &x))
}
