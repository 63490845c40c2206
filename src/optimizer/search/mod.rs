//! Searches: methods whose epoch needs more than one evaluation of the objective.
//!
//! A search is a loop in Rust rather than a rule in the graph: how often it evaluates is
//! known only while it runs. It sees the objective as a [`Problem`] and moves a [`Point`].
//! All of its arithmetic is a [`Float`]'s, so it rounds as the programs do, and the bits of
//! a run are the same on every machine.
//!
//! A search that can go no further (its gradient is as small as its own tolerance says, or
//! no step that it can make lowers the loss in this precision) says that it [stays]: the
//! run is at a fixed point then.
//!
//! [stays]: Next::Stays

#![expect(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "what is not a number has to count as a test that failed"
)]

mod conjugate_gradient;
mod hager_zhang;
mod lbfgs;
mod levenberg_marquardt;
mod line;
mod matrix;
mod newton;
mod number;
mod trust_region;

#[cfg(test)]
mod tests;

use crate::number::Number;
use crate::optimizer::{Description, Rule};

pub use number::{Float, Rounded, norm};

pub(super) use conjugate_gradient::Method as ConjugateGradientMethod;
pub(super) use lbfgs::Lbfgs;
pub(super) use levenberg_marquardt::Method as LevenbergMarquardtMethod;
pub(super) use newton::Method as NewtonMethod;
pub(super) use trust_region::Method as TrustRegionMethod;

/// What a search asks of an objective beside its loss and gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Nothing.
    Gradient,
    /// Products with its Hessian, a few an epoch.
    HessianProduct,
    /// Its whole Hessian, from products.
    Hessian,
    /// What it is the sum of squares of.
    Residuals,
}

/// A method that is a search.
pub(super) trait SearchMethod {
    /// What is told of it.
    const DESCRIPTION: &'static Description;
    /// What it asks of an objective.
    const NEEDS: Needs;

    /// The search with these settings.
    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>>;
}

/// The settings of a search.
pub(super) struct Settings<'s> {
    rule: Rule,
    number: &'s dyn Fn(&str) -> Number,
}

impl<'s> Settings<'s> {
    pub(super) fn new(rule: Rule, number: &'s dyn Fn(&str) -> Number) -> Self {
        Settings { rule, number }
    }

    /// A number in the precision of the run.
    fn number<F: Float>(&self, name: &str) -> F {
        F::new((self.number)(name).to::<F::Real>())
    }

    /// A whole number; beyond the greatest that a list can have it is as good as that.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the domain is that of whole numbers from 0"
    )]
    fn whole(&self, name: &str) -> usize {
        (self.number)(name).wide() as usize
    }
}

/// An objective as a search sees it.
pub trait Problem<F> {
    /// The loss and its gradient at `x`: one evaluation.
    fn gradient(&mut self, x: &[F]) -> Point<F>;

    /// The product of the Hessian at `x` with `v`.
    fn hessian_product(&mut self, x: &[F], v: &[F]) -> Vec<F>;

    /// Whether nobody wants to know the result any more: a long loop can end then.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// The same as [`Problem::gradient`] with what the loss is the sum of squares of, if it
    /// is one: one evaluation too.
    fn residuals(&mut self, x: &[F]) -> (Point<F>, Residuals<F>);
}

/// A place with what was computed there.
#[derive(Clone, Debug)]
pub struct Point<F> {
    /// The parameters.
    pub x: Vec<F>,
    /// The loss.
    pub value: F,
    /// Its gradient.
    pub gradient: Vec<F>,
}

/// What a loss is the sum of the squares of, but for a constant.
#[derive(Clone, Debug)]
pub struct Residuals<F> {
    /// The residuals.
    pub values: Vec<F>,
    /// Their derivatives: for each residual a row with a number for each parameter.
    pub jacobian: Vec<F>,
}

/// Whether there is another epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The search can go on.
    Continues,
    /// No later epoch would change anything.
    Stays(Rest),
}

/// What keeps a search from its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// A tolerance of the method is met: the setting.
    Tolerance(&'static str),
    /// Every step along the direction that was tried gives a loss that is not low enough.
    NoDescent,
    /// The step is below the spacing of numbers at the parameters.
    StepBelowPrecision,
    /// The decrease that the step promises is below the spacing of numbers at the loss.
    DecreaseBelowPrecision,
    /// The Hessian has no inverse.
    SingularHessian,
}

impl Rest {
    /// Why a search from `point` found nothing better with a first step of this length along
    /// a direction, in which the loss begins to change by `slope`.
    fn after<F: Float>(point: &Point<F>, step: F, direction: &[F], slope: F) -> Rest {
        if number::are_same(&number::plus(&point.x, step, direction), &point.x) {
            Rest::StepBelowPrecision
        } else if point.value + step * slope == point.value {
            Rest::DecreaseBelowPrecision
        } else {
            Rest::NoDescent
        }
    }

    /// The word in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Rest::Tolerance(setting) => setting,
            Rest::NoDescent => "no descent",
            Rest::StepBelowPrecision => "step below precision",
            Rest::DecreaseBelowPrecision => "decrease below precision",
            Rest::SingularHessian => "singular Hessian",
        }
    }

    /// The same as a clause.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Rest::Tolerance(_) => "a tolerance was met",
            Rest::NoDescent => "no descent along the direction",
            Rest::StepBelowPrecision => "the step is below the precision of the parameters",
            Rest::DecreaseBelowPrecision => {
                "the promised decrease is below the precision of the loss"
            }
            Rest::SingularHessian => "the Hessian has no inverse",
        }
    }
}

/// A method that needs several evaluations an epoch.
pub trait Search<F: Float>: Send {
    /// The first point of a run.
    fn start(&mut self, problem: &mut dyn Problem<F>, x: &[F]) -> Point<F> {
        problem.gradient(x)
    }

    /// One epoch: moves `point`, in which everything is finite.
    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next;
}

impl<F: Float> Point<F> {
    /// Whether the loss and every entry of the gradient are finite.
    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.gradient.iter().all(|entry| entry.is_finite())
    }
}
