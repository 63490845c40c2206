//! Steps of equal length along the sign of an average.

use super::moments::{Decay, learning_rate, weight_decay};
use super::{
    Block, Convention, DefaultValue, Defaults, Description, Domain, Epoch, Memory, Rule, Setting,
    Update, UpdateRule,
};
use Convention::{Keras, Optax};
use DefaultValue::{Number, Required};

/// Steps of equal length along the sign of an average.
pub(super) struct Lion;

static DESCRIPTION: Description = Description {
    name: "lion",
    title: "Lion",
    about: "Every parameter steps by the learning rate, against the sign of an average of gradients that gives the newest more weight than the remembered average does.",
    conventions: &[Optax, Keras],
    settings: &[
        learning_rate(&[(Optax, Required), (Keras, Number(1e-3))]),
        Setting::new(
            "beta1",
            Domain::Unit,
            Defaults::All(Number(0.9)),
            "β₁, the weight of the remembered average in the step",
        ),
        Setting::new(
            "beta2",
            Domain::Share,
            Defaults::All(Number(0.99)),
            "β₂, the decay rate of the remembered average",
        ),
        weight_decay(&[(Optax, Number(1e-3)), (Keras, Number(0.0))]),
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

impl UpdateRule for Lion {
    const DESCRIPTION: &'static Description = &DESCRIPTION;

    fn memory(_: Rule) -> Memory {
        Memory::zeros(1)
    }

    fn record<N: Block>(epoch: &Epoch<'_, N>) -> Update<N> {
        let decay = Decay::of(epoch);
        let mix = |setting: &str, m: N, g: N| epoch.rest(setting) * g + epoch.number(setting) * m;
        epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            let direction = mix("beta1", e.memory[0], g).signum();
            let moved = x - epoch.learning_rate * decay.direction(direction, x);
            (moved, [mix("beta2", e.memory[0], g)])
        })
    }
}
