//! Levenberg–Marquardt: Gauss–Newton with Nielsen's damping, for sums of squares.
//!
//! The linear equations are solved by orthogonal reflections, as JᵀJ would square how much
//! rounding counts.

use super::matrix::least_squares;
use super::number::{Float, are_same, dot, plus};
use super::{Needs, Next, Point, Problem, Residuals, Search, SearchMethod, Settings};
use crate::optimizer::{Convention, DefaultValue, Defaults, Description, Domain, Setting};

/// Levenberg–Marquardt.
pub(in crate::optimizer) struct Method;

static DESCRIPTION: Description = Description {
    name: "levenberg_marquardt",
    title: "Levenberg–Marquardt",
    about: "For a loss that is written as a sum (or mean) of squares with factors above 0: minimises the squares of residuals that are taken as linear, damped as far as that is wrong. An epoch ends with the first step that lowers the loss.",
    conventions: &[Convention::Textbook],
    settings: &[Setting::new(
        "damping",
        Domain::Positive,
        Defaults::All(DefaultValue::Number(1e-3)),
        "τ: the first μ is so many times the greatest diagonal entry of JᵀJ",
    )],
    rules: &[(
        &[Convention::Textbook],
        "\
f = Σ r² but for a constant;  J = ∂r/∂x;  ν ← 2;  first μ ← τ·max (JᵀJ)ᵢᵢ
h ← the least of ‖J·h + r‖² + μ·‖h‖², by Householder's reflections
ϱ ← (f(x) − f(x + h)) / h·(μ·h − Jᵀr)
if ϱ > 0: x ← x + h;  μ ← μ·max(⅓, 1 − (2·ϱ − 1)³);  ν ← 2
else again with μ ← μ·ν;  ν ← 2·ν",
    )],
    sources: &[
        "Levenberg, A method for the solution of certain non-linear problems in least squares, 1944",
        "Marquardt, An algorithm for least-squares estimation of nonlinear parameters, 1963",
        "Nielsen, Damping parameter in Marquardt's method, 1999",
        "Madsen, Nielsen and Tingleff, Methods for non-linear least squares problems, 2nd edition 2004, algorithm 3.16",
    ],
};

impl SearchMethod for Method {
    const DESCRIPTION: &'static Description = &DESCRIPTION;
    const NEEDS: Needs = Needs::Residuals;

    fn search<F: Float>(settings: &Settings<'_>) -> Box<dyn Search<F>> {
        Box::new(LevenbergMarquardt::new(settings.number("damping")))
    }
}

pub(super) struct LevenbergMarquardt<F> {
    /// τ.
    damping: F,
    /// Since the first step.
    state: Option<State<F>>,
    residuals: Residuals<F>,
}

#[derive(Clone, Copy)]
struct State<F> {
    /// μ.
    damping: F,
    /// ν.
    growth: F,
}

impl<F: Float> LevenbergMarquardt<F> {
    pub(super) fn new(damping: F) -> Self {
        LevenbergMarquardt {
            damping,
            state: None,
            residuals: Residuals {
                values: Vec::new(),
                jacobian: Vec::new(),
            },
        }
    }

    /// J column by column.
    fn columns(&self, parameters: usize) -> Vec<Vec<F>> {
        let column = |place: usize| {
            let rows = self.residuals.jacobian.chunks_exact(parameters);
            rows.map(|row| row[place]).collect()
        };
        (0..parameters).map(column).collect()
    }
}

impl<F: Float> Search<F> for LevenbergMarquardt<F> {
    fn start(&mut self, problem: &mut dyn Problem<F>, x: &[F]) -> Point<F> {
        let (point, residuals) = problem.residuals(x);
        self.residuals = residuals;
        point
    }

    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        let [third, two] = [1.0 / 3.0, 2.0].map(F::rounded);
        let size = point.x.len();
        let columns = self.columns(size);
        // Jᵀr.
        let along: Vec<F> = columns
            .iter()
            .map(|column| dot(column, &self.residuals.values))
            .collect();
        let first = || {
            let squares = columns.iter().map(|column| dot(column, column));
            State {
                damping: self.damping * squares.fold(F::ZERO, Float::max),
                growth: two,
            }
        };
        let mut state = self.state.unwrap_or_else(first);
        let right: Vec<F> = self.residuals.values.iter().map(|r| -*r).collect();
        loop {
            if !(state.damping.is_finite() && state.growth.is_finite()) {
                return Next::Stays;
            }
            let root = state.damping.sqrt();
            let mut damped = columns.clone();
            for (place, column) in damped.iter_mut().enumerate() {
                let below = (0..size).map(|row| if row == place { root } else { F::ZERO });
                column.extend(below);
            }
            let mut right = right.clone();
            right.resize(right.len() + size, F::ZERO);
            // Without damping some parameter may not count at all.
            let Some(step) = least_squares(damped, right) else {
                return Next::Stays;
            };
            let x = plus(&point.x, F::ONE, &step);
            if are_same(&x, &point.x) {
                return Next::Stays;
            }
            let (trial, residuals) = problem.residuals(&x);
            let promised: Vec<F> = step
                .iter()
                .zip(&along)
                .map(|(step, slope)| state.damping * *step - *slope)
                .collect();
            let share = (point.value - trial.value) / dot(&step, &promised);
            if trial.is_finite() && share > F::ZERO {
                let twice = two * share - F::ONE;
                let factor = third.max(F::ONE - twice * twice * twice);
                self.state = Some(State {
                    damping: state.damping * factor,
                    growth: two,
                });
                *point = trial;
                self.residuals = residuals;
                return Next::Continues;
            }
            state.damping = state.damping * state.growth;
            state.growth = two * state.growth;
        }
    }
}
