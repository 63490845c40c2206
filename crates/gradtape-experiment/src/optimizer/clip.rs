//! Gradient clipping, before an update rule reads the gradient.

use super::{ArrayExt, Convention};
use gradtape_tape::Array;

/// How a gradient is clipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clip {
    /// Clamps each entry to an interval around 0.
    Value,
    /// Scales the gradient of each variable by its Euclidean norm.
    Norm,
    /// Scales the whole gradient by its Euclidean norm.
    GlobalNorm,
}

impl Clip {
    /// All kinds of clipping.
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

    /// What it does, in a sentence.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Clip::Value => "each entry of the gradient is clamped to a maximum magnitude",
            Clip::Norm => {
                "the gradient of each variable is scaled down to a maximum Euclidean norm"
            }
            Clip::GlobalNorm => "the whole gradient is scaled down to a maximum Euclidean norm",
        }
    }

    /// Records the clipped gradient.
    #[must_use]
    pub fn record<'g>(
        self,
        convention: Convention,
        gradient: &[Array<'g>],
        limit: Array<'g>,
    ) -> Vec<Array<'g>> {
        let squares = |g: &Array<'g>| g.square().sum(None);
        let gradient = gradient.iter();
        match self {
            // As the second operand NaN stays NaN.
            Clip::Value => {
                let clipped = gradient.map(|g| (-limit).greater(limit.smaller(*g)));
                clipped.collect()
            }
            Clip::Norm => {
                let clipped = gradient.map(|g| shortened(convention, *g, squares(g).root(), limit));
                clipped.collect()
            }
            Clip::GlobalNorm => {
                let sum = gradient.clone().map(squares).reduce(|sum, next| sum + next);
                let Some(sum) = sum else { return Vec::new() };
                let norm = sum.root();
                let together = (convention == Convention::Keras).then(|| share(norm, limit));
                let clipped = gradient.map(|g| match together {
                    Some(share) => *g * share,
                    None => shortened(convention, *g, norm, limit),
                });
                clipped.collect()
            }
        }
    }
}

/// A gradient whose norm, or that of the gradient it is part of, is at most `limit`:
/// `torch.nn.utils.clip_grad_norm_`, `clipnorm` of Keras, `optax.clip_by_global_norm`.
fn shortened<'g>(
    convention: Convention,
    g: Array<'g>,
    norm: Array<'g>,
    limit: Array<'g>,
) -> Array<'g> {
    match convention {
        Convention::PyTorch => {
            let share = limit / (norm + limit.constant(1e-6));
            g * share.smaller(limit.constant(1.0))
        }
        Convention::Keras => g * limit / norm.greater(limit),
        Convention::Optax | Convention::Textbook => {
            let is_short = norm.is_below(limit);
            is_short.choose(g, g / norm * limit)
        }
    }
}

/// The factor of `global_clipnorm` of Keras; NaN if the norm is not finite.
fn share<'g>(norm: Array<'g>, limit: Array<'g>) -> Array<'g> {
    let one = limit.constant(1.0);
    limit * (one / norm).smaller(one / limit) + norm * limit.constant(0.0)
}
