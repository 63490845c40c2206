//! Adam with the largest magnitude instead of a root of squares.

use super::prelude::*;

/// Adam with the largest magnitude instead of a root of squares.
pub(super) struct Adamax;

impl UpdateRule for Adamax {
    const DESCRIPTION: &'static Description = &Description {
        name: "adamax",
        title: "Adamax",
        about: "Adam that divides by the largest magnitude of the gradient so far, which decays slowly, instead of the root of an average of squares.",
        conventions: &[PyTorch, Optax, Keras],
        settings: &[
            LEARNING_RATE.by(&[
                (PyTorch, Number(2e-3)),
                (Optax, Required),
                (Keras, Number(1e-3)),
            ]),
            BETA1,
            BETA2.about("β₂, the decay rate of the largest magnitude"),
            EPSILON,
            WEIGHT_DECAY.by(&[(PyTorch, Number(0.0)), (Keras, Number(0.0))]),
        ],
        rules: &[
            (
                &[PyTorch],
                "\
g ← g + λ·x
m ← m + (1 − β₁)·(g − m)
u ← max(β₂·u, |g| + ε)
x ← x − η/(1 − β₁ᵗ)·m/u",
            ),
            (
                &[Optax],
                "\
m ← (1 − β₁)·g + β₁·m
u ← max(β₂·u, |g| + ε)
x ← x − η·(m/(1 − β₁ᵗ)/u)",
            ),
            (
                &[Keras],
                "\
x ← x − x·λ·η
m ← m + (1 − β₁)·(g − m)
u ← max(β₂·u, |g|)
x ← x − η·m/((1 − β₁ᵗ)·(u + ε))",
            ),
        ],
        sources: &[KINGMA],
    };

    fn memory(_: Rule) -> Memory {
        Memory::zeros(2).and(&[Initial::Number(1.0)])
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let first = Average::of(epoch, BETA1, 0);
        let decay = Decay::of(epoch);
        let (rate, epsilon) = (epoch.learning_rate, epoch.number(EPSILON));
        let convention = epoch.rule.convention();
        let corrected_rate = rate / first.bias;
        let update = epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            let m = first.next(e.memory[0], g);
            let kept = epoch.number(BETA2) * e.memory[1];
            let magnitude = g.magnitude();
            // A magnitude that is NaN stays NaN as the second operand.
            let u = match convention {
                Keras => kept.greater(magnitude),
                PyTorch | Optax | Textbook => kept.greater(magnitude + epsilon),
            };
            let moved = match convention {
                PyTorch => x - corrected_rate * m / u,
                Keras => x - rate * m / (first.bias * (u + epsilon)),
                Optax | Textbook => x - rate * (first.corrected(m) / u),
            };
            (moved, [m, u])
        });
        update.and([first.power])
    }
}
