//! Gradients that are made shorter before an update rule reads them.

use super::{Block, Convention};
use crate::autodiff::{Number, Op};

/// How a gradient is clipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clip {
    /// Each entry into an interval around 0.
    Value,
    /// Each variable by the Euclidean norm of its gradient.
    Norm,
    /// All together by the Euclidean norm of the whole gradient.
    GlobalNorm,
}

impl Clip {
    /// Every way.
    pub const ALL: &'static [Clip] = &[Clip::Value, Clip::Norm, Clip::GlobalNorm];

    /// The name in an experiment file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Clip::Value => "value",
            Clip::Norm => "norm",
            Clip::GlobalNorm => "global_norm",
        }
    }

    /// Records the clipped gradient.
    #[must_use]
    pub fn record<N: Block>(self, convention: Convention, gradient: &[N], limit: N) -> Vec<N> {
        let squares = |g: &N| g.square().sum(None);
        match self {
            Clip::Value => {
                let clipped = gradient.iter().map(|g| g.smaller(limit).greater(-limit));
                clipped.collect()
            }
            Clip::Norm => {
                let clipped = gradient.iter();
                let clipped = clipped.map(|g| shortened(convention, *g, squares(g).root(), limit));
                clipped.collect()
            }
            Clip::GlobalNorm => {
                let sum = gradient.iter().map(squares).reduce(|sum, next| sum + next);
                let Some(sum) = sum else { return Vec::new() };
                let norm = sum.root();
                let clipped = gradient.iter();
                let clipped = clipped.map(|g| shortened(convention, *g, norm, limit));
                clipped.collect()
            }
        }
    }
}

/// A gradient whose norm, or that of the gradient it is part of, is at most `limit`.
fn shortened<N: Block>(convention: Convention, g: N, norm: N, limit: N) -> N {
    match convention {
        Convention::PyTorch => {
            let share = limit / (norm + limit.constant(1e-6));
            g * share.smaller(limit.constant(1.0))
        }
        Convention::Keras => g * limit / norm.greater(limit),
        Convention::Optax | Convention::Textbook => {
            let is_short = Number::apply(Op::Less, &[&norm, &limit]);
            is_short.choose(g, g / norm * limit)
        }
    }
}
