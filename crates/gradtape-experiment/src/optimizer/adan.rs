//! Nesterov's momentum from differences of gradients.

use super::moments::{
    Average, Decay, REQUIRED_RATE, epsilon, epsilon_root, scaled, share, weight_decay,
};
use super::{
    Block, Convention, DefaultValue, Defaults, Description, Epoch, Initial, Memory, Rule, Update,
    UpdateRule,
};
use Convention::Optax;
use DefaultValue::Number;

/// Nesterov's momentum from differences of gradients.
pub(super) struct Adan;

static DESCRIPTION: Description = Description {
    name: "adan",
    title: "Adan",
    about: "Adam that looks ahead along an average of the changes of the gradient from epoch to epoch: Nesterov's momentum without a gradient at a second point.",
    conventions: &[Optax],
    settings: &[
        REQUIRED_RATE,
        share(
            "beta1",
            0.98,
            "β₁, the decay rate of the average of gradients",
        ),
        share(
            "beta2",
            0.92,
            "β₂, the decay rate of the average of differences",
        ),
        share(
            "beta3",
            0.99,
            "β₃, the decay rate of the average of squares",
        ),
        epsilon(Defaults::All(Number(1e-8))),
        epsilon_root(&[(Optax, Number(1e-8))]),
        weight_decay(&[(Optax, Number(0.0))]),
    ],
    rules: &[(
        &[Optax],
        "\
d = g − g of the previous epoch; 0 in the first epoch
m ← (1 − β₁)·g + β₁·m
v ← (1 − β₂)·d + β₂·v
n ← (1 − β₃)·(g + (1 − β₂)·d)² + β₃·n
m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ),  n̂ = n/(1 − β₃ᵗ)
x ← x − η·((m̂ + (1 − β₂)·v̂)/(√(n̂ + ε√) + ε) + λ·x)",
    )],
    sources: &[
        "Xie et al., Adan: adaptive Nesterov momentum algorithm for faster optimizing deep models, arXiv:2208.06677, 2022",
    ],
};

impl UpdateRule for Adan {
    const DESCRIPTION: &'static Description = &DESCRIPTION;

    fn memory(_: Rule) -> Memory {
        // The powers, and whether there was a previous gradient.
        let powers = [Initial::Number(1.0)].repeat(3);
        Memory::zeros(4).and(&powers).and(&[Initial::Number(0.0)])
    }

    fn record<N: Block>(epoch: &Epoch<'_, N>) -> Update<N> {
        let first = Average::of(epoch, "beta1", 0);
        let second = Average::of(epoch, "beta2", 1);
        let third = Average::of(epoch, "beta3", 2);
        let is_later = epoch.scalar(3);
        let zero = epoch.constant(0.0);
        let decay = Decay::of(epoch);
        let update = epoch.each(|e| {
            let [m, v, n, before] = e.memory;
            let difference = is_later.choose(e.g - before, zero);
            let m = first.next(m, e.g);
            let v = second.next(v, difference);
            let n = third.next_square(n, e.g + second.rest * difference);
            let ahead = first.corrected(m) + second.rest * second.corrected(v);
            let direction = scaled(epoch, ahead, third.corrected(n));
            let moved = e.x - epoch.learning_rate * decay.direction(direction, e.x);
            (moved, [m, v, n, e.g])
        });
        update.and([first.power, second.power, third.power, epoch.constant(1.0)])
    }
}
