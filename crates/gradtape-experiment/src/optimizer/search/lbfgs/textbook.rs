//! One epoch is one iteration of algorithm 7.5 of Nocedal and Wright.

use super::History;
use crate::optimizer::search::line::{SearchLine, Wolfe};
use crate::optimizer::search::number::{Float, are_same, dot, minus, norm};
use crate::optimizer::search::{Next, Point, Problem, Rest, Search};

pub(in crate::optimizer::search) struct Lbfgs<F> {
    wolfe: Wolfe<F>,
    history: History<F>,
}

impl<F: Float> Lbfgs<F> {
    pub(in crate::optimizer::search) fn new(history_size: usize, wolfe: Wolfe<F>) -> Self {
        Lbfgs {
            wolfe,
            history: History::new(history_size),
        }
    }
}

impl<F: Float> Search<F> for Lbfgs<F> {
    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        loop {
            let direction = self.history.direction(&point.gradient);
            let slope = dot(&point.gradient, &direction);
            let is_steepest = self.history.pairs.is_empty();
            // At first nothing is known about the step length.
            let first = if is_steepest {
                F::ONE.min(F::ONE / norm(&point.gradient))
            } else {
                F::ONE
            };
            if slope < F::ZERO {
                let mut line = SearchLine {
                    problem,
                    from: point,
                    direction: &direction,
                    slope,
                };
                let found = self.wolfe.search(&mut line, first);
                let moved = found.filter(|found| !are_same(&found.point.x, &point.x));
                if let Some(found) = moved {
                    let step = minus(&found.point.x, &point.x);
                    let change = minus(&found.point.gradient, &point.gradient);
                    let product = dot(&change, &step);
                    if product > F::ZERO && (F::ONE / product).is_finite() {
                        self.history.push(step, change, product);
                    }
                    *point = found.point;
                    return Next::Continues;
                }
            }
            // The pairs may be wrong where rounding dominates.
            if is_steepest {
                return Next::Stays(Rest::after(point, first, &direction, slope));
            }
            self.history = History::new(self.history.most);
        }
    }
}
