//! A line search for the strong Wolfe conditions, after Nocedal and Wright, algorithms 3.5
//! and 3.6, with cubic interpolation (their equation 3.59).

use super::number::{Float, are_same, dot, plus};
use super::{Point, Problem, Settings};
use crate::optimizer::{DefaultValue, Domain, Setting};

/// The setting c₁, with the usual default.
pub(crate) const C1: Setting = Setting::new("c1", Domain::Fraction)
    .all(DefaultValue::Number(1e-4))
    .about("c₁, the share of the decrease promised by the slope that a step must achieve");

/// The setting c₂; each method has its own default.
pub(crate) const C2: Setting = Setting::new("c2", Domain::Fraction)
    .about("c₂, the maximum share of the slope that remains after a step; above c₁");

/// The conditions on a step α along a direction d from x: with φ(α) = f(x + α·d),
/// φ(α) ≤ φ(0) + c₁·α·φ′(0) and |φ′(α)| ≤ c₂·|φ′(0)|.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wolfe<F> {
    /// c₁.
    pub(super) decrease: F,
    /// c₂.
    pub(super) curvature: F,
}

/// More evaluations than this find nothing better in practice.
pub(super) const MAX_EVALUATIONS: usize = 60;

/// A step with the point and the slope there.
#[derive(Clone, Debug)]
pub(super) struct Trial<F> {
    pub(super) step: F,
    pub(super) point: Point<F>,
    /// φ′.
    pub(super) slope: F,
}

/// φ.
pub(super) struct SearchLine<'a, F> {
    pub(super) problem: &'a mut dyn Problem<F>,
    pub(super) from: &'a Point<F>,
    pub(super) direction: &'a [F],
    /// φ′(0), which is below 0.
    pub(super) slope: F,
}

impl<F: Float> SearchLine<'_, F> {
    pub(super) fn at(&mut self, step: F) -> Trial<F> {
        let x = plus(&self.from.x, step, self.direction);
        let point = self.problem.gradient(&x);
        Trial {
            step,
            slope: dot(&point.gradient, self.direction),
            point,
        }
    }

    pub(super) fn start(&self) -> Trial<F> {
        Trial {
            step: F::ZERO,
            point: self.from.clone(),
            slope: self.slope,
        }
    }
}

impl<F: Float> Wolfe<F> {
    pub(super) fn of(settings: &Settings<'_>) -> Self {
        Wolfe {
            decrease: settings.number(C1),
            curvature: settings.number(C2),
        }
    }

    /// A step that satisfies the conditions, tried from `first` on. Where the precision is too
    /// coarse for that, a step that lowers the loss; none if there is none.
    pub(super) fn search(&self, line: &mut SearchLine<'_, F>, first: F) -> Option<Trial<F>> {
        let mut before = line.start();
        let mut now = line.at(first);
        let mut evaluations = 1;
        let (low, high) = loop {
            let rises = evaluations > 1 && now.point.value >= before.point.value;
            if !now.point.is_finite() || !self.is_low(line, &now) || rises {
                break (before, now);
            }
            if self.is_flat(line, &now) {
                return Some(now);
            }
            if now.slope >= F::ZERO {
                break (now, before);
            }
            if evaluations == MAX_EVALUATIONS {
                // The loss falls without an end in sight.
                return Some(now);
            }
            let [tenth, ten] = [0.1, 10.0].map(F::rounded);
            let least = now.step + tenth * (now.step - before.step);
            let most = ten * now.step;
            let next = cubic_minimum(&before, &now).unwrap_or(most);
            let next = line.at(next.max(least).min(most));
            evaluations += 1;
            before = std::mem::replace(&mut now, next);
        };
        self.zoom(line, low, high, evaluations)
    }

    /// Closes in on a step between `low`, which has the lowest loss of those that fulfil
    /// the first condition, and `high`.
    fn zoom(
        &self,
        line: &mut SearchLine<'_, F>,
        mut low: Trial<F>,
        mut high: Trial<F>,
        mut evaluations: usize,
    ) -> Option<Trial<F>> {
        let [half, most_left] = [0.5, 0.66].map(F::rounded);
        let mut wide = (high.step - low.step).abs();
        let mut bisects = false;
        while evaluations < MAX_EVALUATIONS {
            let middle = low.step + half * (high.step - low.step);
            let (least, most) = (low.step.min(high.step), low.step.max(high.step));
            let inside = |step: &F| *step > least && *step < most;
            // Interpolation may creep; every interval that hardly shrank is halved.
            let step = if bisects || !high.point.is_finite() {
                middle
            } else {
                cubic_minimum(&low, &high).filter(inside).unwrap_or(middle)
            };
            if !inside(&step) {
                break;
            }
            let trial = line.at(step);
            evaluations += 1;
            let x = &trial.point.x;
            let is_known = are_same(x, &low.point.x) || are_same(x, &high.point.x);
            if !trial.point.is_finite()
                || !self.is_low(line, &trial)
                || trial.point.value >= low.point.value
            {
                high = trial;
            } else {
                if self.is_flat(line, &trial) {
                    return Some(trial);
                }
                let outwards = trial.slope * (high.step - low.step) >= F::ZERO;
                let old = std::mem::replace(&mut low, trial);
                if outwards {
                    high = old;
                }
            }
            if is_known && bisects {
                break;
            }
            let width = (high.step - low.step).abs();
            bisects = is_known || width > most_left * wide;
            wide = width;
        }
        (low.point.value < line.from.value).then_some(low)
    }

    fn is_low(&self, line: &SearchLine<'_, F>, trial: &Trial<F>) -> bool {
        trial.point.value <= line.from.value + self.decrease * trial.step * line.slope
    }

    fn is_flat(&self, line: &SearchLine<'_, F>, trial: &Trial<F>) -> bool {
        trial.slope.abs() <= -(self.curvature * line.slope)
    }
}

/// The minimum of the cubic through two trials with their slopes, if it has one.
pub(super) fn cubic_minimum<F: Float>(x: &Trial<F>, y: &Trial<F>) -> Option<F> {
    let three = F::rounded(3.0);
    let width = y.step - x.step;
    let secant = (y.point.value - x.point.value) / width;
    let bend = x.slope + y.slope - three * secant;
    let square = bend * bend - x.slope * y.slope;
    if !(square >= F::ZERO) {
        return None;
    }
    let root = if width < F::ZERO {
        -square.sqrt()
    } else {
        square.sqrt()
    };
    let share = (y.slope + root - bend) / (y.slope - x.slope + root + root);
    let step = y.step - width * share;
    step.is_finite().then_some(step)
}
