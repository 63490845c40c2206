//! Newton's method within a trust region, with steps from conjugate gradients that end at the
//! border of the region or where the curvature is negative.

use super::number::{Float, are_same, dot, negative, norm, plus};
use super::{Needs, Next, Point, Problem, Rest, Search, SearchMethod, Settings};
use crate::optimizer::{Convention, DefaultValue, Description, Domain, Setting};

/// Newton's method within a trust region.
pub(in crate::optimizer) struct Method;

const RADIUS: Setting = Setting::new("radius", Domain::Positive)
    .all(DefaultValue::Number(1.0))
    .about("Δ at the start, the maximum step length");

const MAX_RADIUS: Setting = Setting::new("largest_radius", Domain::Positive)
    .all(DefaultValue::Number(1000.0))
    .about("the maximum of Δ");

const ACCEPTANCE: Setting = Setting::new("acceptance", Domain::Share)
    .all(DefaultValue::Number(1e-4))
    .about("η, the share of the promised decrease that a step must exceed");

static DESCRIPTION: Description = Description {
    name: "trust_region",
    title: "trust-region Newton (Steihaug)",
    about: "Minimises a quadratic with the same slopes and curvatures by conjugate gradients, within the region where it can be trusted. An epoch ends with the first step that lowers the loss.",
    conventions: &[Convention::Textbook],
    settings: &[RADIUS, MAX_RADIUS, ACCEPTANCE],
    rules: &[(
        &[Convention::Textbook],
        "\
p ← the minimum of g·p + ½·p·H·p with ‖p‖ ≤ Δ, by conjugate gradients from 0 until
  ‖H·p + g‖ < min(½, √‖g‖)·‖g‖, at most 2·n steps for n parameters;
  where d·H·d ≤ 0 or ‖p‖ would be at least Δ, to the border along d
ϱ ← (f(x) − f(x + p)) / −(g·p + ½·p·H·p)
Δ ← ‖p‖/4 if ϱ < ¼;  min(2·Δ, largest_radius) if ϱ > ¾ at the border
x ← x + p if ϱ > η, else another p",
    )],
    sources: &[
        "Steihaug, The conjugate gradient method and trust regions in large scale optimization, 1983",
        "Nocedal and Wright, Numerical Optimization, 2nd edition 2006, algorithms 4.1 and 7.2",
    ],
};

impl SearchMethod for Method {
    const DESCRIPTION: &'static Description = &DESCRIPTION;
    const NEEDS: Needs = Needs::HessianProduct;

    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>> {
        Box::new(TrustRegion::new(
            settings.number(RADIUS),
            settings.number(MAX_RADIUS),
            settings.number(ACCEPTANCE),
        ))
    }
}

pub(super) struct TrustRegion<F> {
    /// ‖p‖ is at most this.
    radius: F,
    largest_radius: F,
    /// η: the share of the promised decrease that a step must exceed.
    acceptance: F,
}

/// A step p.
struct Step<F> {
    step: Vec<F>,
    /// H·p.
    product: Vec<F>,
    is_at_border: bool,
}

impl<F: Float> TrustRegion<F> {
    pub(super) fn new(radius: F, largest_radius: F, acceptance: F) -> Self {
        TrustRegion {
            radius: radius.min(largest_radius),
            largest_radius,
            acceptance,
        }
    }

    /// Where the model g·p + ½·p·H·p is low in the region.
    fn step(&self, problem: &mut dyn Problem<F>, point: &Point<F>) -> Step<F> {
        let size = point.x.len();
        let length = norm(&point.gradient);
        let tolerance = F::rounded(0.5).min(length.sqrt()) * length;
        let mut found = Step {
            step: vec![F::ZERO; size],
            product: vec![F::ZERO; size],
            is_at_border: false,
        };
        let mut rest = point.gradient.clone();
        let mut square = dot(&rest, &rest);
        let mut direction = negative(&rest);
        // In exact arithmetic one for each parameter suffices.
        for _ in 0..size.saturating_mul(2) {
            let product = problem.hessian_product(&point.x, &direction);
            let bend = dot(&direction, &product);
            let share = square / bend;
            let next = plus(&found.step, share, &direction);
            let leaves = !(norm(&next) < self.radius);
            if !(bend > F::ZERO) || leaves {
                let share = self.to_border(&found.step, &direction);
                return Step {
                    step: plus(&found.step, share, &direction),
                    product: plus(&found.product, share, &product),
                    is_at_border: true,
                };
            }
            found.step = next;
            found.product = plus(&found.product, share, &product);
            rest = plus(&rest, share, &product);
            if norm(&rest) < tolerance {
                break;
            }
            let before = std::mem::replace(&mut square, dot(&rest, &rest));
            direction = plus(&negative(&rest), square / before, &direction);
        }
        found
    }

    /// The t ≥ 0 with ‖p + t·d‖ = Δ.
    fn to_border(&self, step: &[F], direction: &[F]) -> F {
        let length = norm(direction);
        let along = dot(step, direction) / length;
        let inside = norm(step);
        let room = (self.radius - inside) * (self.radius + inside);
        let root = along.hypot(room.max(F::ZERO).sqrt());
        // The one of two forms that does not cancel.
        let way = if along > F::ZERO {
            room / (along + root)
        } else {
            root - along
        };
        way / length
    }
}

impl<F: Float> Search<F> for TrustRegion<F> {
    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        let [quarter, half, two, most] = [0.25, 0.5, 2.0, 0.75].map(F::rounded);
        if norm(&point.gradient) == F::ZERO {
            return Next::Stays(Rest::StepBelowPrecision);
        }
        let mut is_retry = false;
        loop {
            let Step {
                step,
                product,
                is_at_border,
            } = self.step(problem, point);
            let x = plus(&point.x, F::ONE, &step);
            if are_same(&x, &point.x) || !x.iter().all(|entry| entry.is_finite()) {
                return Next::Stays(if is_retry {
                    Rest::NoDescent
                } else {
                    Rest::StepBelowPrecision
                });
            }
            is_retry = true;
            let trial = problem.gradient(&x);
            let promised = -(dot(&point.gradient, &step) + half * dot(&step, &product));
            let share = (point.value - trial.value) / promised;
            let is_good = trial.is_finite() && promised > F::ZERO;
            if !(is_good && share >= quarter) {
                let radius = quarter * norm(&step);
                // Rounding of tiny numbers can leave a step as long as it was.
                if !(radius < self.radius) {
                    return Next::Stays(Rest::NoDescent);
                }
                self.radius = radius;
            } else if share > most && is_at_border {
                self.radius = (two * self.radius).min(self.largest_radius);
            }
            if is_good && share > self.acceptance {
                *point = trial;
                return Next::Continues;
            }
        }
    }
}
