//! The quadratic model of an objective at a point: its gradient and second derivatives.

use std::sync::OnceLock;

use super::eigenvalues::eigenvalues;
use super::run_facts::Facts;
use super::theory::Theory;
use crate::batch::{MAX_MODELLED, RunResult};
use crate::number::Number;
use crate::plan::{Plan, Quantity};
use gradtape_engine::Program;
use gradtape_tape::{Graph, Precision, Subnormals};

/// Maximum number of operations of an objective with a model, as [`Objective::size`] counts them.
///
/// [`Objective::size`]: crate::objective::Objective::size
const MAX_SIZE: usize = 5_000;

/// Eigenvalues below this share of the largest magnitude are zero up to rounding.
pub(crate) const FLAT: f64 = 1e-10;

/// The quadratic model of an objective at a point, by the eigenvectors of the Hessian.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    /// The eigenvalues, in ascending order.
    pub(crate) curvatures: Vec<f64>,
    /// The gradient along each.
    pub(crate) slopes: Vec<f64>,
}

impl Model {
    /// The difference of the loss between the point and the stationary point of the model,
    /// each direction counted with its magnitude.
    pub(crate) fn decrease(&self) -> f64 {
        let parts = self.parts();
        parts
            .map(|(slope, curvature)| slope * slope / (2.0 * curvature))
            .sum()
    }

    /// The distance of the stationary point.
    pub(crate) fn distance(&self) -> f64 {
        let parts = self.parts().map(|(slope, curvature)| slope / curvature);
        parts.map(|part| part * part).sum::<f64>().sqrt()
    }

    /// Adds the curvature and its consequences in theory to the facts.
    pub(crate) fn add_to(&self, facts: &mut Facts, theory: Option<Theory>, result: &RunResult) {
        let curvature = &self.curvatures;
        let (Some(least), Some(greatest)) = (curvature.first(), curvature.last()) else {
            return;
        };
        if !result.is_diverged() {
            facts.model_decrease = Some(self.decrease());
            facts.model_distance = Some(self.distance());
        }
        let (least, greatest) = (*least, *greatest);
        facts.least_curvature = Some(least);
        facts.greatest_curvature = Some(greatest);
        facts.curvature_epoch = Some(if result.is_diverged() {
            result.quantities.count(Quantity::BestEpoch)
        } else {
            result.quantities.epochs_run()
        });
        let is_convex = least > FLAT * greatest;
        facts.condition = is_convex.then(|| greatest / least);
        let Some(theory) = theory else { return };
        if greatest > 0.0 {
            facts.stability_bound = Some(theory.bound(greatest));
        }
        if is_convex {
            facts.best_rate = theory.best(least, greatest);
            let factors = curvature.iter().map(|one| theory.factor(*one));
            facts.predicted_rate = Some(factors.fold(0.0, f64::max));
        }
    }

    /// The slopes that are not zero, with the magnitudes of their curvatures.
    fn parts(&self) -> impl Iterator<Item = (f64, f64)> {
        self.slopes
            .iter()
            .zip(&self.curvatures)
            .map(|(slope, curvature)| (*slope, curvature.abs()))
            .filter(|(slope, _)| *slope != 0.0)
    }
}

/// Programs for gradients and the products of Hessians with vectors, made on demand.
#[derive(Debug)]
pub(crate) struct Curvatures(Vec<OnceLock<Program<f64>>>);

impl Curvatures {
    pub(crate) fn new(plan: &Plan) -> Self {
        Curvatures(plan.objectives.iter().map(|_| OnceLock::new()).collect())
    }

    /// The model at a point, in `f64` whatever the precision of the run; `None` if a derivative
    /// is not finite, or if the objective is too large or has data, which a report does not
    /// store. A variable held at a bound has no slope and no curvature.
    pub(crate) fn at(
        &self,
        plan: &Plan,
        objective: usize,
        constants: &[Number],
        point: &[f64],
    ) -> Option<Model> {
        let function = &plan.objectives[objective].function;
        let size = function.parameters().len();
        let is_small = size <= MAX_MODELLED && function.size() <= MAX_SIZE;
        if !is_small || !function.data().is_empty() || point.len() != size || size == 0 {
            return None;
        }
        let program = self.0[objective].get_or_init(|| product(plan, objective));
        let constants = constants.iter().map(|number| number.wide());
        let mut inputs: Vec<f64> = point.iter().copied().chain(constants).collect();
        let vector = inputs.len();
        inputs.resize(vector + size, 0.0);
        let mut scratch = program.scratch();
        let mut hessian = Vec::with_capacity(size * size);
        let mut outputs = vec![0.0; 2 * size];
        for place in 0..size {
            inputs[vector + place] = 1.0;
            program.run(&mut scratch, &inputs, &mut outputs);
            inputs[vector + place] = 0.0;
            hessian.extend_from_slice(&outputs[size..]);
        }
        outputs.truncate(size);
        let bounds = &plan.objectives[objective].bounds;
        for (place, (x, bounds)) in point.iter().zip(bounds).enumerate() {
            let is_held = match outputs[place] > 0.0 {
                true => *x <= bounds.least.wide(),
                false => *x >= bounds.greatest.wide(),
            };
            if is_held {
                outputs[place] = 0.0;
                for other in 0..size {
                    hessian[place * size + other] = 0.0;
                    hessian[other * size + place] = 0.0;
                }
            }
        }
        if outputs.iter().any(|slope| !slope.is_finite()) {
            return None;
        }
        let (curvatures, slopes) = eigenvalues(&hessian, &outputs)?.into_iter().unzip();
        Some(Model { curvatures, slopes })
    }
}

/// The gradient, and the product of the Hessian with a vector: the derivative of the
/// gradient along it.
fn product(plan: &Plan, objective: usize) -> Program<f64> {
    let function = &plan.objectives[objective].function;
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let x = graph.numbers(function.parameters().len());
    let constants = graph.numbers(function.constants().len());
    let v = graph.numbers(x.len());
    let loss = function.trace_elements(&graph, &x, &constants);
    let gradient = graph.gradient(loss, &x);
    let along = gradient
        .iter()
        .zip(&v)
        .map(|(slope, v)| *slope * *v)
        .reduce(|sum, product| sum + product)
        .unwrap_or_else(|| graph.constant(0.0));
    let outputs = gradient.into_iter().chain(graph.gradient(along, &x));
    Program::new(&graph, &outputs.collect::<Vec<_>>())
}
