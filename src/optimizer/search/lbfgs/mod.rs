//! L-BFGS (Liu and Nocedal 1989): a quasi-Newton method that knows the Hessian by the last
//! pairs of steps and changes of the gradient.
//!
//! Two conventions: [`pytorch`] follows `torch.optim.LBFGS` to the letter, several
//! iterations an epoch; [`textbook`] is one iteration an epoch, after Nocedal and Wright.

pub(super) mod pytorch;
pub(super) mod textbook;

use super::number::{Float, add, dot};
use std::collections::VecDeque;

/// The pairs that are remembered, the oldest first.
#[derive(Clone, Debug)]
struct History<F> {
    pairs: VecDeque<Pair<F>>,
    most: usize,
    /// The inverse Hessian that the pairs start from is so many times the identity.
    scale: F,
}

#[derive(Clone, Debug)]
struct Pair<F> {
    /// The step s.
    step: Vec<F>,
    /// The change y of the gradient along it.
    change: Vec<F>,
    /// 1/(y·s).
    inverse: F,
}

impl<F: Float> History<F> {
    fn new(most: usize) -> Self {
        History {
            pairs: VecDeque::new(),
            most,
            scale: F::ONE,
        }
    }

    /// Remembers a pair with y·s = `product`, which is above 0.
    fn push(&mut self, step: Vec<F>, change: Vec<F>, product: F) {
        if self.pairs.len() == self.most {
            self.pairs.pop_front();
        }
        self.scale = product / dot(&change, &change);
        self.pairs.push_back(Pair {
            step,
            change,
            inverse: F::ONE / product,
        });
    }

    /// −H·g, for the approximate inverse Hessian H, by two loops over the pairs.
    fn direction(&self, gradient: &[F]) -> Vec<F> {
        let mut direction: Vec<F> = gradient.iter().map(|entry| -*entry).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = dot(&pair.step, &direction) * pair.inverse;
            add(&mut direction, -share, &pair.change);
            shares.push(share);
        }
        for entry in &mut direction {
            *entry = *entry * self.scale;
        }
        for (pair, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let back = dot(&pair.change, &direction) * pair.inverse;
            add(&mut direction, share - back, &pair.step);
        }
        direction
    }
}
