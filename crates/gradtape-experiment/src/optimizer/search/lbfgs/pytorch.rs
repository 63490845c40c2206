//! One epoch is one call of `step(closure)` of `torch.optim.LBFGS` in PyTorch 2.15.
//!
//! An evaluation is a call of the closure, including those that PyTorch makes at a point
//! that was evaluated before: each `step` begins with one.

use super::{History, TOLERANCE_CHANGE, TOLERANCE_GRAD};
use crate::optimizer::search::number::{
    Float, are_same, dot, greatest, magnitudes, minus, plus, times,
};
use crate::optimizer::search::{Next, Point, Problem, Rest, Search};

/// The settings, by PyTorch's names.
#[derive(Clone, Debug)]
pub(in crate::optimizer::search) struct Settings<F> {
    pub(in crate::optimizer::search) learning_rate: F,
    pub(in crate::optimizer::search) max_iter: usize,
    pub(in crate::optimizer::search) max_eval: usize,
    pub(in crate::optimizer::search) tolerance_grad: F,
    pub(in crate::optimizer::search) tolerance_change: F,
    pub(in crate::optimizer::search) history_size: usize,
    /// Whether it is `strong_wolfe` rather than none.
    pub(in crate::optimizer::search) line_search: bool,
}

pub(in crate::optimizer::search) struct Lbfgs<F> {
    settings: Settings<F>,
    history: History<F>,
    /// The last iteration; none before the first.
    last: Option<Iteration<F>>,
}

struct Iteration<F> {
    direction: Vec<F>,
    step: F,
    /// The gradient where it began.
    gradient: Vec<F>,
}

impl<F: Float> Lbfgs<F> {
    pub(in crate::optimizer::search) fn new(settings: Settings<F>) -> Self {
        Lbfgs {
            history: History::new(settings.history_size),
            settings,
            last: None,
        }
    }

    /// The direction of the next iteration, after the last one was remembered.
    fn direction(&mut self, gradient: &[F]) -> Vec<F> {
        if let Some(last) = &self.last {
            let change = minus(gradient, &last.gradient);
            let step = times(last.step, &last.direction);
            let product = dot(&change, &step);
            if product > F::rounded(1e-10) {
                self.history.push(step, change, product);
            }
        }
        self.history.direction(gradient)
    }
}

impl<F: Float> Search<F> for Lbfgs<F> {
    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        let Settings {
            learning_rate,
            max_iter,
            max_eval,
            tolerance_grad,
            tolerance_change,
            line_search,
            ..
        } = self.settings;
        if greatest(&point.gradient) <= tolerance_grad {
            return Next::Stays(Rest::Tolerance(TOLERANCE_GRAD.name));
        }
        let mut rest = Rest::StepBelowPrecision;
        // An epoch that begins with a first iteration has another step than the next one.
        let mut moves = self.last.is_none();
        let mut evaluations = 1;
        for iteration in 1..=max_iter {
            if problem.is_cancelled() {
                break;
            }
            let first = self.last.is_none();
            let direction = self.direction(&point.gradient);
            let mut step = learning_rate;
            if first {
                let sum = magnitudes(&point.gradient);
                step = F::ONE.min(F::ONE / sum) * learning_rate;
            }
            let slope = dot(&point.gradient, &direction);
            let mut last = Iteration {
                direction,
                step,
                gradient: point.gradient.clone(),
            };
            if slope > -tolerance_change {
                rest = Rest::Tolerance(TOLERANCE_CHANGE.name);
                self.last = Some(last);
                break;
            }
            let before = point.clone();
            if line_search {
                let mut line = SearchLine {
                    problem,
                    from: &before,
                    direction: &last.direction,
                    slope,
                    tolerance_change,
                    most: max_eval - evaluations,
                };
                let (step, value, gradient, count) = line.strong_wolfe(step);
                last.step = step;
                *point = Point {
                    x: plus(&before.x, step, &last.direction),
                    value,
                    gradient,
                };
                evaluations += count;
            } else {
                point.x = plus(&before.x, step, &last.direction);
                if iteration != max_iter {
                    *point = problem.gradient(&point.x);
                    evaluations += 1;
                }
            }
            moves |= !are_same(&before.x, &point.x);
            let moved = greatest(&times(last.step, &last.direction));
            self.last = Some(last);
            if evaluations >= max_eval
                || greatest(&point.gradient) <= tolerance_grad
                || moved <= tolerance_change
                || (point.value - before.value).abs() < tolerance_change
            {
                break;
            }
        }
        // The next call of `step` begins with this.
        *point = problem.gradient(&point.x);
        if moves {
            Next::Continues
        } else {
            Next::Stays(rest)
        }
    }
}

/// PyTorch's line search along a direction, for the strong Wolfe conditions.
struct SearchLine<'a, F> {
    problem: &'a mut dyn Problem<F>,
    from: &'a Point<F>,
    direction: &'a [F],
    /// Of the loss along the direction.
    slope: F,
    tolerance_change: F,
    /// The maximum number of iterations.
    most: usize,
}

/// A step with the loss, the gradient and the slope there.
#[derive(Clone)]
struct Trial<F> {
    step: F,
    value: F,
    gradient: Vec<F>,
    slope: F,
}

impl<F: Float> SearchLine<'_, F> {
    fn trial(&mut self, step: F) -> Trial<F> {
        let x = plus(&self.from.x, step, self.direction);
        let point = self.problem.gradient(&x);
        Trial {
            step,
            value: point.value,
            slope: dot(&point.gradient, self.direction),
            gradient: point.gradient,
        }
    }

    /// Whether the loss is too high for the step.
    fn is_above(&self, trial: &Trial<F>) -> bool {
        trial.value > self.from.value + F::rounded(1e-4) * trial.step * self.slope
    }

    fn is_flat(&self, trial: &Trial<F>) -> bool {
        trial.slope.abs() <= -F::rounded(0.9) * self.slope
    }

    /// The step, the loss and the gradient there, and the number of evaluations.
    fn strong_wolfe(&mut self, step: F) -> (F, F, Vec<F>, usize) {
        let start = Trial {
            step: F::ZERO,
            value: self.from.value,
            gradient: self.from.gradient.clone(),
            slope: self.slope,
        };
        let mut now = self.trial(step);
        let mut before = start.clone();
        let mut iterations = 0;
        // Either an interval that has a step inside, or the step itself.
        let mut bracket = loop {
            if iterations >= self.most {
                break Some([start, now.clone()]);
            }
            if self.is_above(&now) || (iterations > 1 && now.value >= before.value) {
                break Some([before, now.clone()]);
            }
            if self.is_flat(&now) {
                break None;
            }
            if now.slope >= F::ZERO {
                break Some([before, now.clone()]);
            }
            let least = now.step + F::rounded(0.01) * (now.step - before.step);
            let most = now.step * F::rounded(10.0);
            let next = self.trial(interpolated(&before, &now, least, most));
            before = std::mem::replace(&mut now, next);
            iterations += 1;
        };
        let count = |iterations| iterations + 1;
        let Some(bracket) = &mut bracket else {
            return (now.step, now.value, now.gradient, count(iterations));
        };
        let order = |bracket: &[Trial<F>; 2]| usize::from(!(bracket[0].value <= bracket[1].value));
        let mut low = order(bracket);
        let width = greatest(self.direction);
        let mut stalls = false;
        while iterations < self.most {
            let [first, second] = [bracket[0].step, bracket[1].step];
            if (second - first).abs() * width < self.tolerance_change {
                break;
            }
            let (least, most) = (first.min(second), first.max(second));
            let mut step = {
                let (least, most) = if first <= second {
                    (first, second)
                } else {
                    (second, first)
                };
                interpolated(&bracket[0], &bracket[1], least, most)
            };
            // A step at the border of the interval is moved inside.
            let margin = F::rounded(0.1) * (most - least);
            if (most - step).min(step - least) < margin {
                if stalls || step >= most || step <= least {
                    step = if (step - most).abs() < (step - least).abs() {
                        most - margin
                    } else {
                        least + margin
                    };
                    stalls = false;
                } else {
                    stalls = true;
                }
            } else {
                stalls = false;
            }
            let trial = self.trial(step);
            iterations += 1;
            let high = 1 - low;
            if self.is_above(&trial) || trial.value >= bracket[low].value {
                bracket[high] = trial;
                low = order(bracket);
                continue;
            }
            let is_flat = self.is_flat(&trial);
            let outwards = trial.slope * (bracket[high].step - bracket[low].step);
            if !is_flat && outwards >= F::ZERO {
                bracket[high] = bracket[low].clone();
            }
            bracket[low] = trial;
            if is_flat {
                break;
            }
        }
        let found = &bracket[low];
        let gradient = found.gradient.clone();
        (found.step, found.value, gradient, count(iterations))
    }
}

/// The minimum of the cubic through two trials with their slopes, within bounds; the middle
/// of the bounds if it has none.
fn interpolated<F: Float>(x: &Trial<F>, y: &Trial<F>, least: F, most: F) -> F {
    let three = F::rounded(3.0);
    let two = F::rounded(2.0);
    let d1 = x.slope + y.slope - three * (x.value - y.value) / (x.step - y.step);
    let square = d1 * d1 - x.slope * y.slope;
    if square >= F::ZERO {
        let d2 = square.sqrt();
        let minimum = if x.step <= y.step {
            y.step - (y.step - x.step) * ((y.slope + d2 - d1) / (y.slope - x.slope + two * d2))
        } else {
            x.step - (x.step - y.step) * ((x.slope + d2 - d1) / (x.slope - y.slope + two * d2))
        };
        minimum.max(least).min(most)
    } else {
        (least + most) / two
    }
}
