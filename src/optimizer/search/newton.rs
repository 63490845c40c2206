//! Damped Newton: the Hessian made positive definite, and a step that is halved.

use super::line::C1;
use super::matrix::Cholesky;
use super::number::{Float, are_same, dot, greatest, negative, plus};
use super::{Needs, Next, Point, Problem, Search, SearchMethod, Settings};
use crate::optimizer::{Convention, DefaultValue, Defaults, Description, Domain, Setting};

/// Damped Newton.
pub(in crate::optimizer) struct Method;

static DESCRIPTION: Description = Description {
    name: "newton",
    title: "damped Newton",
    about: "Goes where a quadratic with the same slopes and curvatures would be least. The Hessian is dense, one product with it for each parameter.",
    conventions: &[Convention::Textbook],
    settings: &[
        Setting::new(
            "damping",
            Domain::NotNegative,
            Defaults::All(DefaultValue::Number(0.0)),
            "the least τ that is added to the diagonal of the Hessian",
        ),
        C1,
        Setting::new(
            "backtrack",
            Domain::Fraction,
            Defaults::All(DefaultValue::Number(0.5)),
            "by which a step is multiplied until it lowers the loss enough",
        ),
    ],
    rules: &[(
        &[Convention::Textbook],
        "\
τ ← damping;  if min hᵢᵢ + τ ≤ 0: τ ← β − min hᵢᵢ, with β = 1e-3·max|h|
while H + τ·I is not positive definite: τ ← max(2·τ, β)
(H + τ·I)·d = −g by Cholesky
x ← x + α·d with the first α of 1, backtrack, backtrack², … with
  f(x + α·d) ≤ f(x) + c₁·α·g·d",
    )],
    sources: &[
        "Nocedal and Wright, Numerical Optimization, 2nd edition 2006, algorithms 3.1 to 3.3",
    ],
};

impl SearchMethod for Method {
    const DESCRIPTION: &'static Description = &DESCRIPTION;
    const NEEDS: Needs = Needs::Hessian;

    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>> {
        Box::new(Newton::new(
            settings.number("damping"),
            settings.number("c1"),
            settings.number("backtrack"),
        ))
    }
}

pub(super) struct Newton<F> {
    /// The least τ.
    damping: F,
    /// c₁.
    decrease: F,
    /// By which the step is multiplied.
    backtrack: F,
}

impl<F: Float> Newton<F> {
    pub(super) fn new(damping: F, decrease: F, backtrack: F) -> Self {
        Newton {
            damping,
            decrease,
            backtrack,
        }
    }

    /// d; none if nothing makes the Hessian positive definite.
    fn direction(&self, hessian: &[F], gradient: &[F]) -> Option<Vec<F>> {
        let size = gradient.len();
        let scale = greatest(hessian);
        let least = F::rounded(1e-3) * if scale > F::ZERO { scale } else { F::ONE };
        let diagonal = (0..size).map(|place| hessian[place * size + place]);
        let lowest = diagonal.reduce(Float::min)?;
        let mut shift = self.damping;
        if !(lowest + shift > F::ZERO) {
            shift = least - lowest;
        }
        while shift.is_finite() {
            if let Some(factor) = Cholesky::new(hessian, size, shift) {
                return Some(factor.solve(&negative(gradient)));
            }
            shift = (shift + shift).max(least);
        }
        None
    }
}

/// The Hessian row by row: each is its product with a unit vector.
fn hessian<F: Float>(problem: &mut dyn Problem<F>, x: &[F]) -> Vec<F> {
    let mut unit = vec![F::ZERO; x.len()];
    let mut hessian = Vec::with_capacity(x.len() * x.len());
    for place in 0..x.len() {
        unit[place] = F::ONE;
        hessian.extend(problem.hessian_product(x, &unit));
        unit[place] = F::ZERO;
    }
    hessian
}

impl<F: Float> Search<F> for Newton<F> {
    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        let hessian = hessian(problem, &point.x);
        let goes_down = |direction: &Vec<F>| dot(&point.gradient, direction) < F::ZERO;
        let newton = self.direction(&hessian, &point.gradient);
        let direction = newton
            .filter(goes_down)
            .unwrap_or_else(|| negative(&point.gradient));
        let slope = dot(&point.gradient, &direction);
        if !(slope < F::ZERO) {
            return Next::Stays;
        }
        let mut step = F::ONE;
        loop {
            let x = plus(&point.x, step, &direction);
            if are_same(&x, &point.x) {
                return Next::Stays;
            }
            let trial = problem.gradient(&x);
            let highest = point.value + self.decrease * step * slope;
            if trial.is_finite() && trial.value <= highest {
                *point = trial;
                return Next::Continues;
            }
            step = step * self.backtrack;
        }
    }
}
