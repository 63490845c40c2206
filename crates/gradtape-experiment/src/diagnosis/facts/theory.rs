//! The theory of a method on a quadratic function, which approximates every smooth function
//! near a minimum: the factor per epoch of the error, and the stable learning rates.
//!
//! Along an eigenvector of the Hessian with the eigenvalue λ an update is a linear map of
//! the error, or of the error and the one before it. The largest magnitude of its
//! eigenvalues is the factor per epoch.
//!
//! Sources: Polyak, Some methods of speeding up the convergence of iteration methods,
//! 1964; Lessard, Recht, Packard, Analysis and design of optimization algorithms via
//! integral quadratic constraints, 2016, section 2.

use crate::optimizer::{DAMPENING, MOMENTUM, Method, NESTEROV, WEIGHT_DECAY};
use crate::plan::{Bounds, Plan, Run};

/// A method with known factors, and its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Theory {
    pub(crate) rate: f64,
    /// 0 for plain gradient descent.
    pub(crate) momentum: f64,
    pub(crate) is_nesterov: bool,
}

impl Theory {
    /// The theory of a run, if it is gradient descent at one learning rate, on all of the data,
    /// without anything that changes gradients or bounds parameters.
    pub(crate) fn of(plan: &Plan, run: &Run) -> Option<Theory> {
        let rule = run.recipe.rule;
        let objective = &plan.objectives[run.objective];
        let is_full = objective
            .data
            .as_ref()
            .is_none_or(|data| data.batch_size >= data.training.len());
        let is_plain = rule.method() == Method::Sgd
            && run.recipe.schedule.is_none()
            && run.recipe.clip.is_none()
            && !rule.has(WEIGHT_DECAY)
            && !rule.has(DAMPENING)
            && !objective.bounds.iter().any(Bounds::hold)
            && is_full;
        if !is_plain {
            return None;
        }
        Some(Theory {
            rate: run.learning_rate?.scalar(run.precision).to_f64(),
            momentum: run.setting(MOMENTUM).scalar(run.precision).to_f64(),
            is_nesterov: rule.has(NESTEROV),
        })
    }

    /// The factor per epoch of the error along a direction of this curvature.
    ///
    /// With the error e, plain descent is e ← (1 − ηλ)·e. Momentum is the recurrence
    /// z² − (1 + μ − ηλ)·z + μ = 0, Nesterov's z² − (1 + μ)(1 − ηλ)·z + μ(1 − ηλ) = 0.
    pub(crate) fn factor(&self, curvature: f64) -> f64 {
        let step = self.rate * curvature;
        let plain = 1.0 - step;
        if self.momentum == 0.0 {
            return plain.abs();
        }
        let (trace, determinant) = if self.is_nesterov {
            ((1.0 + self.momentum) * plain, self.momentum * plain)
        } else {
            (1.0 + self.momentum - step, self.momentum)
        };
        let discriminant = trace * trace - 4.0 * determinant;
        if discriminant < 0.0 {
            determinant.sqrt()
        } else {
            (trace.abs() + discriminant.sqrt()) / 2.0
        }
    }

    /// The learning rate below which errors shrink along a direction of this curvature.
    pub(crate) fn bound(&self, curvature: f64) -> f64 {
        let momentum = self.momentum;
        if self.is_nesterov {
            2.0 * (1.0 + momentum) / ((1.0 + 2.0 * momentum) * curvature)
        } else {
            2.0 * (1.0 + momentum) / curvature
        }
    }

    /// The fastest learning rate for curvatures between these, with the given momentum; not
    /// known for Nesterov's. It makes the factors of both ends equal.
    pub(crate) fn best(&self, least: f64, greatest: f64) -> Option<f64> {
        let best = 2.0 * (1.0 + self.momentum) / (least + greatest);
        (!self.is_nesterov).then_some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theory(rate: f64, momentum: f64, is_nesterov: bool) -> Theory {
        Theory {
            rate,
            momentum,
            is_nesterov,
        }
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    }

    #[test]
    fn factors_are_those_of_the_textbook() {
        near(theory(0.01, 0.0, false).factor(2.0), 0.98);
        near(theory(1.1, 0.0, false).factor(2.0), 1.2);
        // Polyak's best learning rate and momentum for curvatures from 1 to 100.
        let momentum = (9.0_f64 / 11.0) * (9.0 / 11.0);
        let best = theory(4.0 / 121.0, momentum, false);
        // Both ends have a double root there, which is known to half of the digits.
        for curvature in [1.0, 100.0] {
            assert!((best.factor(curvature) - 9.0 / 11.0).abs() < 1e-7);
        }
        // Nesterov's for the same: 1 − 1/√κ at the smallest curvature.
        let nesterov = theory(0.01, 9.0 / 11.0, true);
        assert!((nesterov.factor(1.0) - 0.9).abs() < 1e-7);
        near(nesterov.factor(100.0), 0.0);
    }

    #[test]
    fn at_the_bound_errors_neither_shrink_nor_grow() {
        for momentum in [0.0, 0.5, 0.9] {
            for is_nesterov in [false, true] {
                let mut theory = theory(1.0, momentum, is_nesterov);
                let bound = theory.bound(3.0);
                theory.rate = bound;
                near(theory.factor(3.0), 1.0);
                theory.rate = bound * 0.99;
                assert!(theory.factor(3.0) < 1.0);
                theory.rate = bound * 1.01;
                assert!(theory.factor(3.0) > 1.0);
            }
        }
    }

    #[test]
    fn the_best_rate_is_better_than_its_neighbours() {
        for momentum in [0.0, 0.3] {
            let mut theory = theory(1.0, momentum, false);
            let best = theory.best(1.0, 100.0).unwrap();
            let mut at = |rate: f64| {
                theory.rate = rate;
                theory.factor(1.0).max(theory.factor(100.0))
            };
            assert!(at(best) < at(best * 1.001) && at(best) < at(best * 0.999));
        }
    }
}
