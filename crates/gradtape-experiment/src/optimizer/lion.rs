//! Steps of equal length along the sign of an average.

use super::prelude::*;

/// Steps of equal length along the sign of an average.
pub(super) struct Lion;

impl UpdateRule for Lion {
    const DESCRIPTION: &'static Description = &Description {
        name: "lion",
        title: "Lion",
        about: "Every parameter steps by the learning rate, against the sign of an average of gradients that gives the newest more weight than the remembered average does.",
        conventions: &[Optax, Keras],
        settings: &[
            LEARNING_RATE.by(&[(Optax, Required), (Keras, Number(1e-3))]),
            Setting::new("beta1", Domain::Unit)
                .all(Number(0.9))
                .about("β₁, the weight of the remembered average in the step"),
            BETA2
                .all(Number(0.99))
                .about("β₂, the decay rate of the remembered average"),
            WEIGHT_DECAY.by(&[(Optax, Number(1e-3)), (Keras, Number(0.0))]),
        ],
        rules: &[
            (
                &[Optax],
                "\
x ← x − η·(sign((1 − β₁)·g + β₁·m) + λ·x)
m ← (1 − β₂)·g + β₂·m",
            ),
            (
                &[Keras],
                "\
x ← x − x·λ·η
x ← x − η·sign(β₁·m + (1 − β₁)·g)
m ← β₂·m + (1 − β₂)·g",
            ),
        ],
        sources: &[
            "Chen et al., Symbolic discovery of optimization algorithms, arXiv:2302.06675, 2023",
        ],
    };

    fn memory(_: Rule) -> Memory {
        Memory::zeros(1)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let decay = Decay::of(epoch);
        let mix = |setting, m, g| epoch.rest(setting) * g + epoch.number(setting) * m;
        epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            let direction = mix(BETA1, e.memory[0], g).signum();
            let moved = x - epoch.learning_rate * decay.direction(direction, x);
            (moved, [mix(BETA2, e.memory[0], g)])
        })
    }
}
