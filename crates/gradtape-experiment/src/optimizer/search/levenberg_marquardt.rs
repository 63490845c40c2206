//! Levenberg–Marquardt: Gauss–Newton within a trust region, for sums of squares, after
//! MINPACK's `lmder`.
//!
//! The linear equations are solved by orthogonal reflections, as JᵀJ would square the effect
//! of rounding.

use super::matrix::{Qr, divided, scale, shortest};
use super::number::{Float, are_same, dot, negative, norm, plus};
use super::{Needs, Next, Point, Problem, Residuals, Rest, Search, SearchMethod, Settings};
use crate::optimizer::{Convention, DefaultValue, Description, Domain, Setting};

/// Levenberg–Marquardt.
pub(in crate::optimizer) struct Method;

const STEPS: Setting = Setting::new("steps", Domain::Choice(&["trust_region", "gauss_newton"]))
    .all(DefaultValue::Name("trust_region"))
    .about(
        "steps within a trust region, or Gauss–Newton steps without damping or \
         test of descent",
    );

const RADIUS: Setting = Setting::new("radius", Domain::Positive)
    .all(DefaultValue::Number(1.0))
    .about("the first Δ as a multiple of ‖D·x‖, MINPACK's `factor`, where it is 100 by default");

const TOLERANCE: Setting = Setting::new("tolerance", Domain::Positive)
    .all(DefaultValue::Number(1e-12))
    .about(
        "the relative change of the loss or of all parameters that ends the run; \
         at least the epsilon of the precision",
    );

static DESCRIPTION: Description = Description {
    name: "levenberg_marquardt",
    title: "Levenberg–Marquardt",
    about: "For a loss written as a sum (or mean) of squares with factors above 0: minimises the squares of linearised residuals within a trust region. The scale of each parameter is the length of its column of derivatives. An epoch ends with the first step that lowers the loss. Gauss–Newton takes every step in full; it finds roots of equations.",
    conventions: &[Convention::Textbook],
    settings: &[STEPS, RADIUS, TOLERANCE],
    rules: &[(
        &[Convention::Textbook],
        "\
f = Σ r² up to a constant;  J = ∂r/∂x
trust_region
  dᵢ ← the largest ‖∂r/∂xᵢ‖ so far, 1 where that is 0
  first Δ ← radius·‖D·x‖, or radius where that is 0
  p ← the minimum of ‖J·p + r‖² + μ·‖D·p‖² by Householder's reflections, with μ = 0 if
    ‖D·p‖ ≤ 1.1·Δ, else by Newton's method, at most 10 steps, until ‖D·p‖ is Δ to 10 %
  a ← 1 − ‖r(x + p)‖²/‖r‖²;  first Δ ← min(Δ, ‖D·p‖)
  b ← (‖J·p‖² + 2·μ·‖D·p‖²)/‖r‖²;  s ← (‖J·p‖² + μ·‖D·p‖²)/‖r‖²;  ϱ ← a/b
  Δ ← t·min(Δ, 10·‖D·p‖), μ ← μ/t if ϱ ≤ ¼, with t = max(0.1, ½·s/(s − ½·min(0, a)))
  Δ ← 2·‖D·p‖, μ ← μ/2 if ϱ ≥ ¾, or if μ = 0 and ϱ > ¼
  x ← x + p if ϱ ≥ 1e-4, else another p
gauss_newton
  p ← the shortest p with minimal ‖J·p + r‖;  x ← x + p
end: |pᵢ| ≤ tolerance·|xᵢ| for all i;  trust_region: or |a|, b ≤ tolerance and ϱ ≤ 2",
    )],
    sources: &[
        "Levenberg, A method for the solution of certain non-linear problems in least squares, 1944",
        "Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963",
        "Moré, The Levenberg–Marquardt algorithm: implementation and theory, 1978",
        "Moré, Garbow and Hillstrom, User guide for MINPACK-1, 1980, LMDER",
        "Nocedal and Wright, Numerical Optimization, 2nd edition 2006, sections 10.3 and 11.1",
    ],
};

impl SearchMethod for Method {
    const DESCRIPTION: &'static Description = &DESCRIPTION;
    const NEEDS: Needs = Needs::Residuals;

    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>> {
        Box::new(LevenbergMarquardt::new(
            settings.rule.is(STEPS, "gauss_newton"),
            settings.number(RADIUS),
            settings.number(TOLERANCE),
        ))
    }
}

pub(super) struct LevenbergMarquardt<F> {
    is_gauss_newton: bool,
    /// D; empty before the first step.
    scales: Vec<F>,
    /// Δ; before the first step as a multiple of ‖D·x‖.
    radius: F,
    /// μ of the last step.
    damping: F,
    tolerance: F,
    residuals: Residuals<F>,
    /// Whether the last step was within the tolerance.
    has_ended: bool,
}

impl<F: Float> LevenbergMarquardt<F> {
    pub(super) fn new(is_gauss_newton: bool, radius: F, tolerance: F) -> Self {
        let (values, jacobian) = (Vec::new(), Vec::new());
        LevenbergMarquardt {
            is_gauss_newton,
            scales: Vec::new(),
            radius,
            damping: F::ZERO,
            tolerance: tolerance.max(F::EPSILON),
            residuals: Residuals { values, jacobian },
            has_ended: false,
        }
    }

    /// J column by column, and −r. Rows of zeros are added if there are fewer than columns.
    fn equations(&self, size: usize) -> (Vec<Vec<F>>, Vec<F>) {
        let mut right = negative(&self.residuals.values);
        right.resize(right.len().max(size), F::ZERO);
        let column = |place: usize| {
            let rows = self.residuals.jacobian.chunks_exact(size);
            let column = rows.map(|row| row[place]).chain(std::iter::repeat(F::ZERO));
            column.take(right.len()).collect()
        };
        ((0..size).map(column).collect(), right)
    }

    fn is_short(&self, step: &[F], x: &[F]) -> bool {
        let mut entries = step.iter().zip(x);
        entries.all(|(step, x)| step.abs() <= self.tolerance * x.abs())
    }

    fn trust_region(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        let [least, tenth, quarter, half, most, two, ten] =
            [1e-4, 0.1, 0.25, 0.5, 0.75, 2.0, 10.0].map(F::rounded);
        let length = norm(&self.residuals.values);
        let (columns, mut right) = self.equations(point.x.len());
        let sizes = columns.iter().map(|column| norm(column));
        let is_first = self.scales.is_empty();
        if is_first {
            self.scales = sizes.clone().map(scale).collect();
            let scaled = point.x.iter().zip(&self.scales).map(|(x, d)| *x * *d);
            self.radius = self.radius * scale(norm(&scaled.collect::<Vec<F>>()));
        }
        for (d, size) in self.scales.iter_mut().zip(sizes) {
            *d = d.max(size);
        }
        // The unknowns are z = D·p.
        let factors = Qr::scaled(&columns, &self.scales);
        factors.rotate(&mut right);
        let mut is_retry = false;
        loop {
            let (z, damping) = constrained(&factors, &right, self.radius, self.damping);
            let step = divided(&z, &self.scales);
            let x = plus(&point.x, F::ONE, &step);
            let is_finite = x.iter().all(|x| x.is_finite());
            if length == F::ZERO || !is_finite || are_same(&x, &point.x) {
                return Next::Stays(if is_retry {
                    Rest::NoDescent
                } else {
                    Rest::StepBelowPrecision
                });
            }
            let span = norm(&z);
            if is_first {
                self.radius = self.radius.min(span);
            }
            let (trial, residuals) = problem.residuals(&x);
            let rows = self.residuals.jacobian.chunks_exact(x.len());
            let along: Vec<F> = rows.map(|row| dot(row, &step)).collect();
            let mut left = norm(&residuals.values);
            if !trial.is_finite() {
                left = F::ONE / F::ZERO;
            }
            let shares = [left, norm(&along), damping.sqrt() * span];
            let [left, along, damped] = shares.map(|size| (size / length) * (size / length));
            let (fall, slope, promised) = (F::ONE - left, along + damped, along + two * damped);
            let ratio = fall / promised;
            self.damping = damping;
            if !(ratio > quarter) {
                let share = half * slope / (slope - half * fall.min(F::ZERO));
                self.radius = tenth.max(share) * self.radius.min(ten * span);
                self.damping = damping / tenth.max(share);
            } else if damping == F::ZERO || ratio >= most {
                self.radius = two * span;
                self.damping = half * damping;
            }
            let is_flat = fall.abs() <= self.tolerance && promised <= self.tolerance;
            self.has_ended = (is_flat && !(ratio > two)) || self.is_short(&step, &point.x);
            if ratio >= least {
                (*point, self.residuals) = (trial, residuals);
                return Next::Continues;
            }
            if self.has_ended {
                return Next::Stays(Rest::Tolerance(TOLERANCE.name));
            }
            is_retry = true;
        }
    }
}

impl<F: Float> Search<F> for LevenbergMarquardt<F> {
    fn start(&mut self, problem: &mut dyn Problem<F>, x: &[F]) -> Point<F> {
        let (point, residuals) = problem.residuals(x);
        self.residuals = residuals;
        point
    }

    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        if self.has_ended {
            return Next::Stays(Rest::Tolerance(TOLERANCE.name));
        }
        if !self.is_gauss_newton {
            return self.trust_region(problem, point);
        }
        let (columns, right) = self.equations(point.x.len());
        let (step, _) = shortest(&columns, right);
        let x = plus(&point.x, F::ONE, &step);
        if are_same(&x, &point.x) {
            return Next::Stays(Rest::StepBelowPrecision);
        }
        self.has_ended = self.is_short(&step, &point.x);
        (*point, self.residuals) = problem.residuals(&x);
        Next::Continues
    }
}

/// The minimum z of ‖R·z − `right`‖² + μ·‖z‖², and μ: 0 if ‖z‖ is at most about Δ, otherwise
/// found by Newton's method, as in MINPACK's `lmpar`, from `damping` on so that ‖z‖ is about Δ.
fn constrained<F: Float>(factors: &Qr<F>, right: &[F], radius: F, damping: F) -> (Vec<F>, F) {
    let size = factors.upper.len();
    let [thousandth, tenth] = [1e-3, 0.1].map(F::rounded);
    let z = factors.solve(right, factors.rank(F::ZERO));
    let length = norm(&z);
    if length - radius <= tenth * radius {
        return (z, F::ZERO);
    }
    let slopes = factors.upper.iter().map(|column| dot(column, right));
    let slope = norm(&slopes.collect::<Vec<F>>());
    // μ is at most slope/Δ.
    let mut damping = damping.min(slope / radius);
    if damping == F::ZERO {
        damping = slope / length;
    }
    let mut rounds = 1..10;
    loop {
        let mut columns = vec![vec![F::ZERO; 2 * size]; size];
        for (place, entries) in factors.order.iter().zip(&factors.upper) {
            columns[*place][..entries.len()].copy_from_slice(entries);
            columns[*place][size + place] = damping.sqrt();
        }
        let factors = Qr::new(columns);
        let mut right = [&right[..size], &vec![F::ZERO; size]].concat();
        factors.rotate(&mut right);
        let z = factors.solve(&right, size);
        let length = norm(&z);
        if !((length - radius).abs() > tenth * radius) || rounds.next().is_none() {
            return (z, damping);
        }
        // 1/‖z‖ is concave in μ, so that Newton's method for it leads to a lower bound.
        let bend = norm(&factors.solve_transposed(&z)) / length;
        let next = damping + (length - radius) / radius / bend / bend;
        damping = next.max(thousandth * damping);
    }
}
