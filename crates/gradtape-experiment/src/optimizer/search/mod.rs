//! SearchLine-search and second-order methods, whose epochs need more than one evaluation of the
//! objective.
//!
//! A [`Search`] is a loop in Rust rather than a rule in the graph: its number of evaluations
//! is known only while it runs. It sees the objective as a [`Problem`] and moves a [`Point`].
//! All its arithmetic uses [`Float`], so it rounds as the programs do, and the bits of a run
//! are the same on every machine.
//!
//! A [`Search`] that cannot continue (its gradient is within its own tolerance, or no step
//! lowers the loss in this precision) reports that it [stays], and the run ends there.
//!
//! [stays]: Next::Stays

#![expect(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "NaN must count as a failed test"
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
use crate::optimizer::{Description, Rule, Setting};

pub(crate) use line::{C1, C2};
pub(crate) use number::are_same;
pub use number::{Float, Rounded, norm};

pub(super) use conjugate_gradient::Method as ConjugateGradientMethod;
pub(super) use lbfgs::Lbfgs;
pub(super) use levenberg_marquardt::Method as LevenbergMarquardtMethod;
pub(super) use newton::Method as NewtonMethod;
pub(super) use trust_region::Method as TrustRegionMethod;

/// What a line-search or second-order method needs of an objective in addition to its loss and
/// gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Nothing.
    Gradient,
    /// Products with its Hessian, a few per epoch.
    HessianProduct,
    /// Its whole Hessian, from products.
    Hessian,
    /// The residuals whose squares it sums.
    Residuals,
}

/// A line-search or second-order method.
pub(super) trait SearchMethod {
    /// Its description.
    const DESCRIPTION: &'static Description;
    /// What it needs of an objective.
    const NEEDS: Needs;

    /// Its loop with these settings.
    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>>;
}

/// The settings of a line-search or second-order method.
pub(super) struct Settings<'s> {
    rule: Rule,
    number: &'s dyn Fn(Setting) -> Number,
}

impl<'s> Settings<'s> {
    pub(super) fn new(rule: Rule, number: &'s dyn Fn(Setting) -> Number) -> Self {
        Settings { rule, number }
    }

    /// A number that the convention has.
    #[track_caller]
    fn get(&self, setting: Setting) -> Number {
        let description = self.rule.method().description();
        description.check_number(self.rule.convention(), setting);
        (self.number)(setting)
    }

    /// A number in the precision of the run.
    #[track_caller]
    fn number<F: Float>(&self, setting: Setting) -> F {
        F::new(self.get(setting).to::<F::Real>())
    }

    /// An integer, limited to the largest `usize`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the domain is integers, at least 0"
    )]
    #[track_caller]
    fn whole(&self, setting: Setting) -> usize {
        self.get(setting).wide() as usize
    }
}

/// An objective as a [`Search`] sees it.
pub trait Problem<F> {
    /// The loss and its gradient at `x`: one evaluation.
    fn gradient(&mut self, x: &[F]) -> Point<F>;

    /// The product of the Hessian at `x` with `v`.
    fn hessian_product(&mut self, x: &[F], v: &[F]) -> Vec<F>;

    /// Whether the result is no longer needed: a long loop can end then.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// The same as [`Problem::gradient`] with the residuals, if the loss is a sum of squares:
    /// also one evaluation.
    fn residuals(&mut self, x: &[F]) -> (Point<F>, Residuals<F>);
}

/// A point with its loss and gradient.
#[derive(Clone, Debug)]
pub struct Point<F> {
    /// The parameters.
    pub x: Vec<F>,
    /// The loss.
    pub value: F,
    /// Its gradient.
    pub gradient: Vec<F>,
}

/// The residuals of a loss that is the sum of their squares, up to a constant.
#[derive(Clone, Debug)]
pub struct Residuals<F> {
    /// The residuals.
    pub values: Vec<F>,
    /// Their derivatives: a row for each residual, with a number for each parameter.
    pub jacobian: Vec<F>,
}

/// Whether there is another epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The run can continue.
    Continues,
    /// No later epoch would change anything.
    Stays(Rest),
}

/// Why a [`Search`] cannot take its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// A tolerance of the method is met: the name of the setting.
    Tolerance(&'static str),
    /// No step tried along the direction gives a loss that is low enough.
    NoDescent,
    /// The step is below the spacing of numbers at the parameters.
    StepBelowPrecision,
    /// The decrease that the step promises is below the spacing of numbers at the loss.
    DecreaseBelowPrecision,
    /// The Hessian has no inverse.
    SingularHessian,
}

impl Rest {
    /// Why no better point was found from `point` with a first step of this length along a
    /// direction with this `slope` of the loss.
    fn after<F: Float>(point: &Point<F>, step: F, direction: &[F], slope: F) -> Rest {
        if number::are_same(&number::plus(&point.x, step, direction), &point.x) {
            Rest::StepBelowPrecision
        } else if point.value + step * slope == point.value {
            Rest::DecreaseBelowPrecision
        } else {
            Rest::NoDescent
        }
    }

    /// Whether a tolerance of the method is met.
    pub(crate) fn is_tolerance(self) -> bool {
        matches!(self, Rest::Tolerance(_))
    }

    /// The name in files.
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

/// A run of a line-search or second-order method.
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
