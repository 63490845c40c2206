//! Averaged gradient descent, without the average.

use super::prelude::*;

/// Averaged gradient descent.
pub(super) struct Asgd;

const LAMBD: Setting = Setting::new("lambd", Domain::NotNegative)
    .all(Number(1e-4))
    .about("λ, the strength of the penalty, and the speed of the decay");

const ALPHA: Setting = Setting::new("alpha", Domain::NotNegative)
    .all(Number(0.75))
    .about("α, the power of the decay");

impl UpdateRule for Asgd {
    const DESCRIPTION: &'static Description = &Description {
        name: "asgd",
        title: "averaged gradient descent",
        about: "Gradient descent with a penalty on squares and a learning rate that decays as a \
            power. The parameters are x, as in PyTorch. PyTorch also stores their average from \
            update t0 on, which no step uses; it is omitted here, and so is t0.",
        conventions: &[PyTorch],
        settings: &[
            LEARNING_RATE
                .all(Number(1e-2))
                .about("η, the length of the first step as a multiple of the gradient"),
            LAMBD,
            ALPHA,
            WEIGHT_DECAY
                .all(Number(0.0))
                .about("ω, the multiple of the parameters that is added to the gradient"),
        ],
        rules: &[(
            &[PyTorch],
            "\
g ← g + ω·x
x ← (1 − λ·c)·x − c·g, with c = η at the first update
c ← η/(1 + λ·η·t)^α, with t the number of this update",
        )],
        sources: &[
            "Polyak, Juditsky, Acceleration of stochastic approximation by averaging, 1992",
            "Bottou, Large-scale machine learning with stochastic gradient descent, 2010",
        ],
    };

    fn memory(_: Rule) -> Memory {
        Memory::zeros(0).and(&[Initial::Number(0.0)])
    }

    fn counts(_: Rule) -> bool {
        true
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let (rate, one) = (epoch.learning_rate, epoch.constant(1.0));
        let (lambda, alpha) = (epoch.number(LAMBD), epoch.number(ALPHA));
        let count = epoch.updates();
        let is_later = one.is_below(count);
        let current = is_later.choose(epoch.scalar(0), rate);
        let kept = one - lambda * current;
        let decay = Decay::of(epoch);
        let update = epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            (x * kept - current * g, [])
        });
        let next = rate / (one + lambda * rate * count).power(alpha);
        update.and([next])
    }
}
