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

pub use number::{Float, Rounded};

/// An objective as a search sees it.
pub trait Problem<F> {
    /// The loss and its gradient at `x`: one evaluation.
    fn gradient(&mut self, x: &[F]) -> Point<F>;

    /// The product of the Hessian at `x` with `v`.
    fn hessian_product(&mut self, x: &[F], v: &[F]) -> Vec<F>;

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
    Stays,
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
