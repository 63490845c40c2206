//! The line search of Hager and Zhang (2005, "A new conjugate gradient method with guaranteed
//! descent and an efficient line search"): near a minimum it uses slopes where the
//! precision of the loss is too coarse.

use super::line::{MAX_EVALUATIONS, SearchLine, Trial};
use super::number::Float;

/// With φ(α) = f(x + α·d): a step is accepted if φ(α) ≤ φ(0) + c₁·α·φ′(0) and
/// φ′(α) ≥ c₂·φ′(0), or if φ(α) ≤ φ(0) + ε and (2c₁ − 1)·φ′(0) ≥ φ′(α) ≥ c₂·φ′(0).
#[derive(Clone, Copy, Debug)]
pub(super) struct Approximate<F> {
    /// c₁.
    pub(super) decrease: F,
    /// c₂.
    pub(super) curvature: F,
}

/// An interval whose left end has a negative slope and is not above φ(0) + ε, and whose
/// right end has a positive slope.
struct Interval<F> {
    left: Trial<F>,
    right: Trial<F>,
}

struct Search<'l, 'a, F> {
    conditions: Approximate<F>,
    line: &'l mut SearchLine<'a, F>,
    /// φ(0) + ε.
    highest: F,
    evaluations: usize,
}

/// Either an accepted step, or the state so far.
enum SearchState<F, X> {
    Accepted(Trial<F>),
    NotYet(X),
    /// Nothing can be found.
    Nothing,
}

/// Continues with what is not accepted yet, and returns everything else.
macro_rules! not_yet {
    ($found:expr) => {
        match $found {
            SearchState::NotYet(found) => found,
            SearchState::Accepted(trial) => return SearchState::Accepted(trial),
            SearchState::Nothing => return SearchState::Nothing,
        }
    };
}

impl<F: Float> Approximate<F> {
    /// An accepted step, tried from `first` on; none if there is none.
    pub(super) fn search(self, line: &mut SearchLine<'_, F>, first: F) -> Option<Trial<F>> {
        let value = line.from.value;
        let mut search = Search {
            conditions: self,
            highest: value + F::rounded(1e-6) * value.abs(),
            line,
            evaluations: 0,
        };
        match search.run(first) {
            SearchState::Accepted(trial) => Some(trial),
            SearchState::NotYet(()) | SearchState::Nothing => None,
        }
    }
}

impl<F: Float> Search<'_, '_, F> {
    fn run(&mut self, first: F) -> SearchState<F, ()> {
        let [shrink, half] = [0.66, 0.5].map(F::rounded);
        let mut interval = not_yet!(self.bracket(first));
        loop {
            let before = interval.right.step - interval.left.step;
            interval = not_yet!(self.two_secants(interval));
            if interval.right.step - interval.left.step > shrink * before {
                let width = interval.right.step - interval.left.step;
                let middle = interval.left.step + half * width;
                interval = not_yet!(self.update(interval, middle)).0;
            }
            // It shrinks as long as it is wider than the spacing of numbers.
            let after = interval.right.step - interval.left.step;
            if !(after < before) {
                return SearchState::Nothing;
            }
        }
    }

    fn at(&mut self, step: F) -> SearchState<F, Trial<F>> {
        if self.evaluations == MAX_EVALUATIONS {
            return SearchState::Nothing;
        }
        self.evaluations += 1;
        let trial = self.line.at(step);
        if self.accepts(&trial) {
            SearchState::Accepted(trial)
        } else {
            SearchState::NotYet(trial)
        }
    }

    fn accepts(&self, trial: &Trial<F>) -> bool {
        let Approximate {
            decrease,
            curvature,
        } = self.conditions;
        let (start, slope) = (self.line.from.value, self.line.slope);
        let (value, two) = (trial.point.value, F::rounded(2.0));
        let is_low = value <= start + decrease * trial.step * slope;
        let is_nearly = value <= self.highest && (two * decrease - F::ONE) * slope >= trial.slope;
        trial.point.is_finite() && trial.slope >= curvature * slope && (is_low || is_nearly)
    }

    fn is_left(&self, trial: &Trial<F>) -> bool {
        trial.slope < F::ZERO && trial.point.value <= self.highest
    }

    /// The first interval (their B1 to B3).
    fn bracket(&mut self, first: F) -> SearchState<F, Interval<F>> {
        let mut left = self.line.start();
        let mut step = first;
        loop {
            let trial = not_yet!(self.at(step));
            if trial.point.is_finite() && trial.slope >= F::ZERO {
                return SearchState::NotYet(Interval { left, right: trial });
            }
            if !trial.point.is_finite() || trial.point.value > self.highest {
                let left = self.line.start();
                return self.bisect(Interval { left, right: trial });
            }
            step = F::rounded(5.0) * trial.step;
            left = trial;
        }
    }

    /// Bisects an interval whose right end is too high until its right end rises (U3).
    fn bisect(&mut self, mut interval: Interval<F>) -> SearchState<F, Interval<F>> {
        loop {
            let width = interval.right.step - interval.left.step;
            let middle = interval.left.step + F::rounded(0.5) * width;
            if !(middle > interval.left.step && middle < interval.right.step) {
                return SearchState::Nothing;
            }
            let trial = not_yet!(self.at(middle));
            if trial.point.is_finite() && trial.slope >= F::ZERO {
                interval.right = trial;
                return SearchState::NotYet(interval);
            }
            if self.is_left(&trial) {
                interval.left = trial;
            } else {
                interval.right = trial;
            }
        }
    }

    /// The interval with an end at `step`, if that is inside (U0 to U3), and which end:
    /// −1 the left, 1 the right.
    fn update(&mut self, mut interval: Interval<F>, step: F) -> SearchState<F, (Interval<F>, i8)> {
        if !(step > interval.left.step && step < interval.right.step) {
            return SearchState::NotYet((interval, 0));
        }
        let trial = not_yet!(self.at(step));
        if trial.point.is_finite() && trial.slope >= F::ZERO {
            interval.right = trial;
            return SearchState::NotYet((interval, 1));
        }
        if self.is_left(&trial) {
            interval.left = trial;
            return SearchState::NotYet((interval, -1));
        }
        interval.right = trial;
        let interval = not_yet!(self.bisect(interval));
        SearchState::NotYet((interval, 0))
    }

    /// Their S1 to S4.
    fn two_secants(&mut self, interval: Interval<F>) -> SearchState<F, Interval<F>> {
        let (left, right) = (interval.left.clone(), interval.right.clone());
        let (interval, end) = not_yet!(self.update(interval, secant(&left, &right)));
        let step = match end {
            1 => secant(&right, &interval.right),
            -1 => secant(&left, &interval.left),
            _ => return SearchState::NotYet(interval),
        };
        let (interval, _) = not_yet!(self.update(interval, step));
        SearchState::NotYet(interval)
    }
}

/// Where the slope would be 0 if it changed linearly.
fn secant<F: Float>(x: &Trial<F>, y: &Trial<F>) -> F {
    (x.step * y.slope - y.step * x.slope) / (y.slope - x.slope)
}
