//! Adam with step lengths proportional to each variable.

use super::prelude::*;

/// Adam with step lengths proportional to each variable.
pub(super) struct Lamb;

impl UpdateRule for Lamb {
    const DESCRIPTION: &'static Description = &Description {
        name: "lamb",
        title: "LAMB",
        about: "The direction of Adam, scaled in each variable (a number, a vector or a matrix) to the learning rate times the norm of the variable, so all variables move by the same share of their norm.",
        conventions: &[Optax, Keras],
        settings: &[
            LEARNING_RATE.by(&[(Optax, Required), (Keras, Number(1e-3))]),
            BETA1,
            BETA2,
            EPSILON.by(&[(Optax, Number(1e-6)), (Keras, Number(1e-7))]),
            EPSILON_ROOT,
            WEIGHT_DECAY.by(&[(Optax, Number(0.0)), (Keras, Number(0.0))]),
        ],
        rules: &[
            (
                &[Optax],
                "\
m ← (1 − β₁)·g + β₁·m
v ← (1 − β₂)·g² + β₂·v
u = m/(1 − β₁ᵗ)/(√(v/(1 − β₂ᵗ) + ε√) + ε) + λ·x
r = ‖x‖/‖u‖ for each variable, 1 if either is 0
x ← x − η·(u·r)",
            ),
            (
                &[Keras],
                "\
x ← x − x·λ·η
m ← m + (1 − β₁)·(g − m)
v ← v + (1 − β₂)·(g² − v)
u = m/(1 − β₁ᵗ)/(√(v/(1 − β₂ᵗ)) + ε)
r = ‖x‖/‖u‖ for each variable, 1 if either is 0
x ← x − r·η·u",
            ),
        ],
        sources: &[
            "You et al., Large batch optimization for deep learning: training BERT in 76 minutes, arXiv:1904.00962, 2019",
        ],
    };

    fn memory(_: Rule) -> Memory {
        Memory::zeros(2).and(POWERS)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let averages = Averages::of(epoch);
        let Averages { first, second } = averages;
        let decay = Decay::of(epoch);
        let (rate, one) = (epoch.learning_rate, epoch.constant(1.0));
        let update = epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            let m = first.next(e.memory[0], g);
            let v = second.next_square(e.memory[1], g);
            let direction = scaled(epoch, first.corrected(m), second.corrected(v));
            let direction = decay.direction(direction, x);
            let (length, of_direction) = (x.norm(), direction.norm());
            let ratio = of_direction.choose(length / of_direction, one);
            let ratio = length.choose(ratio, one);
            let moved = if epoch.rule.convention() == Keras {
                x - ratio * rate * direction
            } else {
                x - rate * (direction * ratio)
            };
            (moved, [m, v])
        });
        averages.remembered(update)
    }
}
