//! Newton's method: the Hessian made positive definite where it is not, and a step that is
//! shortened until it lowers the loss; or the plain method without either.

use super::line::{C1, SearchLine, cubic_minimum};
use super::matrix::{Cholesky, divided, scale, shortest};
use super::number::{Float, are_same, dot, negative, norm, plus, times};
use super::{Needs, Next, Point, Problem, Rest, Search, SearchMethod, Settings};
use crate::optimizer::{Convention, DefaultValue, Description, Domain, Setting};

/// Newton's method.
pub(in crate::optimizer) struct Method;

const LINE_SEARCH: Setting = Setting::new("line_search", Domain::Choice(&["backtracking", "none"]))
    .all(DefaultValue::Name("backtracking"))
    .about("how the step length is found; \"none\" also leaves an indefinite Hessian unchanged");

const DAMPING: Setting = Setting::new("damping", Domain::NotNegative)
    .all(DefaultValue::Number(0.0))
    .about("a number added to the diagonal of the Hessian");

const BACKTRACK: Setting = Setting::new("backtrack", Domain::Fraction)
    .all(DefaultValue::Number(0.5))
    .about("the largest share of a step that remains when it is shortened");

static DESCRIPTION: Description = Description {
    name: "newton",
    title: "Newton's method",
    about: "Steps to the minimum of a quadratic with the same slopes and curvatures, or in its direction. The Hessian is dense and takes one product for each parameter. Without a line search it is the plain method, which finds roots of the gradient, including saddles and maxima.",
    conventions: &[Convention::Textbook],
    settings: &[LINE_SEARCH, DAMPING, C1, BACKTRACK],
    rules: &[(
        &[Convention::Textbook],
        "\
H ← ∂²f/∂x² + damping·I
backtracking
  dᵢ ← the largest √|hᵢᵢ| so far, 1 where that is 0
  if H is not positive definite: H ← H + 4·τ·D² with the first τ of √ε, 4·√ε, 16·√ε, …
    (ε of the precision) that makes D⁻¹·H·D⁻¹ + τ·I positive definite
  H·d = −g by Cholesky
  x ← x + α·d with the first α with f(x + α·d) ≤ f(x) + c₁·α·g·d that reduces f, or keeps f
    and reduces ‖g‖ at α = 1
  α is 1, then the minimum of the cubic with the losses and slopes at 0 and the last α, at
    least 0.1 and at most backtrack times that
none
  H·d = −g by Householder's reflections;  x ← x + d
end: no α moves x, or α·g·d is too small to change f;  for none: H is singular",
    )],
    sources: &[
        "Gill, Murray and Wright, Practical Optimization, 1981, section 4.4",
        "Dennis and Schnabel, Numerical Methods for Unconstrained Optimization, 1983, algorithm A6.3.1",
        "Nocedal and Wright, Numerical Optimization, 2nd edition 2006, sections 3.4 and 3.5",
    ],
};

impl SearchMethod for Method {
    const DESCRIPTION: &'static Description = &DESCRIPTION;
    const NEEDS: Needs = Needs::Hessian;

    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>> {
        Box::new(Newton::new(
            settings.rule.is(LINE_SEARCH, "none"),
            settings.number(DAMPING),
            settings.number(C1),
            settings.number(BACKTRACK),
        ))
    }
}

pub(super) struct Newton<F> {
    /// Without line search.
    is_plain: bool,
    damping: F,
    /// c₁.
    decrease: F,
    /// The largest share of a step that remains.
    backtrack: F,
    /// The largest |hᵢᵢ| so far.
    bends: Vec<F>,
}

impl<F: Float> Newton<F> {
    pub(super) fn new(is_plain: bool, damping: F, decrease: F, backtrack: F) -> Self {
        Newton {
            is_plain,
            damping,
            decrease,
            backtrack,
            bends: Vec::new(),
        }
    }

    /// d; none if the Hessian is not finite.
    fn direction(&mut self, hessian: &[F], gradient: &[F]) -> Option<Vec<F>> {
        let size = gradient.len();
        self.bends.resize(size, F::ZERO);
        for (place, bend) in self.bends.iter_mut().enumerate() {
            *bend = bend.max(hessian[place * size + place].abs());
        }
        let slopes = negative(gradient);
        if let Some(factor) = Cholesky::new(hessian, size, F::ZERO) {
            return Some(factor.solve(&slopes));
        }
        // Scaled to a diagonal of at most 1, a shift counts the same for every parameter.
        let scales: Vec<F> = self.bends.iter().map(|bend| scale(bend.sqrt())).collect();
        let rows = hessian.chunks_exact(size).zip(&scales);
        let rows = rows.flat_map(|(row, scale)| times(F::ONE / *scale, &divided(row, &scales)));
        let scaled: Vec<F> = rows.collect();
        let four = F::rounded(4.0);
        let mut shift = F::EPSILON.sqrt();
        while shift.is_finite() && Cholesky::new(&scaled, size, shift).is_none() {
            shift = four * shift;
        }
        // The first that works may leave an eigenvalue near 0, and so a huge step.
        let factor = Cholesky::new(&scaled, size, four * shift)?;
        let step = factor.solve(&divided(&slopes, &scales));
        Some(divided(&step, &scales))
    }
}

/// The Hessian row by row, each its product with a unit vector, with `damping` added to its
/// diagonal.
fn hessian<F: Float>(problem: &mut dyn Problem<F>, x: &[F], damping: F) -> Vec<F> {
    let mut unit = vec![F::ZERO; x.len()];
    let mut hessian = Vec::with_capacity(x.len() * x.len());
    for place in 0..x.len() {
        unit[place] = F::ONE;
        let mut row = problem.hessian_product(x, &unit);
        row[place] = row[place] + damping;
        hessian.extend(row);
        unit[place] = F::ZERO;
    }
    hessian
}

impl<F: Float> Search<F> for Newton<F> {
    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        let hessian = hessian(problem, &point.x, self.damping);
        if self.is_plain {
            let columns = hessian.chunks_exact(point.x.len()).map(<[F]>::to_vec);
            let columns: Vec<_> = columns.collect();
            let (step, rank) = shortest(&columns, negative(&point.gradient));
            let x = plus(&point.x, F::ONE, &step);
            if rank < x.len() {
                return Next::Stays(Rest::SingularHessian);
            }
            if are_same(&x, &point.x) {
                return Next::Stays(Rest::StepBelowPrecision);
            }
            *point = problem.gradient(&x);
            return Next::Continues;
        }
        let newton = self.direction(&hessian, &point.gradient);
        let newton = newton.filter(|direction| dot(&point.gradient, direction) < F::ZERO);
        let direction = newton.unwrap_or_else(|| negative(&point.gradient));
        let slope = dot(&point.gradient, &direction);
        if !(slope < F::ZERO) {
            return Next::Stays(Rest::NoDescent);
        }
        let mut line = SearchLine {
            problem,
            from: point,
            direction: &direction,
            slope,
        };
        let mut step = F::ONE;
        loop {
            // Nothing times an infinite direction is not a number, and so never the same.
            let is_spent = step == F::ZERO;
            if is_spent || are_same(&plus(&point.x, step, &direction), &point.x) {
                return Next::Stays(Rest::after(point, F::ONE, &direction, slope));
            }
            let trial = line.at(step);
            let (before, after) = (point.value, trial.point.value);
            let is_low = after <= before + self.decrease * step * slope;
            // Where the precision of the loss is too coarse, a smaller gradient counts.
            let is_flatter = after == before
                && step == F::ONE
                && norm(&trial.point.gradient) < norm(&point.gradient);
            if trial.point.is_finite() && is_low && (after < before || is_flatter) {
                *point = trial.point;
                return Next::Continues;
            }
            // No shorter step promises a change that the precision of the loss could show.
            if before + step * slope == before {
                return Next::Stays(Rest::after(point, F::ONE, &direction, slope));
            }
            let most = self.backtrack * step;
            let least = most.min(F::rounded(0.1) * step);
            let next = cubic_minimum(&line.start(), &trial).unwrap_or(most);
            step = next.max(least).min(most);
        }
    }
}
