//! Adam with squared deviations of gradients from their average.

use super::prelude::*;

/// Adam with squared deviations of gradients from their average.
pub(super) struct AdaBelief;

impl UpdateRule for AdaBelief {
    const DESCRIPTION: &'static Description = &Description {
        name: "adabelief",
        title: "AdaBelief",
        about: "Adam that divides by the deviation of gradients from their average: steps are long where gradients are as expected, however large they are.",
        conventions: &[Optax],
        settings: &[
            REQUIRED_RATE,
            BETA1,
            BETA2.about("β₂, the decay rate of the average of squared deviations"),
            EPSILON.all(Number(1e-16)),
            EPSILON_ROOT.by(&[(Optax, Number(1e-16))]),
            NESTEROV,
        ],
        rules: &[(
            &[Optax],
            "\
m ← (1 − β₁)·g + β₁·m
s ← (1 − β₂)·(g − m)² + β₂·s + ε√
m̂ = m/(1 − β₁ᵗ);  Nesterov: m̂ = β₁·m/(1 − β₁ᵗ⁺¹) + (1 − β₁)·g/(1 − β₁ᵗ)
x ← x − η·m̂/(√(s/(1 − β₂ᵗ)) + ε)",
        )],
        sources: &[
            "Zhuang et al., AdaBelief optimizer: adapting stepsizes by the belief in observed gradients, arXiv:2010.07468, 2020",
        ],
    };

    fn memory(_: Rule) -> Memory {
        Memory::zeros(2).and(POWERS)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let averages = Averages::of(epoch);
        let Averages { first, second } = averages;
        let update = epoch.each(|e| {
            let m = first.next(e.memory[0], e.g);
            let mut s = second.next_square(e.memory[1], e.g - m);
            if let Some(root) = epoch.optional(EPSILON_ROOT) {
                s = s + root;
            }
            let denominator = second.corrected(s).root() + epoch.number(EPSILON);
            let direction = first.read(epoch, m, e.g) / denominator;
            let moved = e.x - epoch.learning_rate * direction;
            (moved, [m, s])
        });
        averages.remembered(update)
    }
}
