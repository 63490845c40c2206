//! Adam with a rectified variance.

use super::prelude::*;

/// Adam with a rectified variance.
pub(super) struct RAdam;

const THRESHOLD: Setting = Setting::new("threshold", Domain::NotNegative)
    .by(&[(Optax, Number(5.0))])
    .about("the minimum length ρ at which the average of squares is trusted");

impl UpdateRule for RAdam {
    const DESCRIPTION: &'static Description = &Description {
        name: "radam",
        title: "RAdam",
        about: "Adam that divides by the average of squares only once it has enough epochs, and only as far as it can be trusted: the first epochs are plain momentum.",
        conventions: &[PyTorch, Optax],
        settings: &[
            LEARNING_RATE.by(&[(PyTorch, Number(1e-3)), (Optax, Required)]),
            BETA1,
            BETA2,
            EPSILON,
            EPSILON_ROOT,
            THRESHOLD,
            NESTEROV,
            WEIGHT_DECAY.by(&[(PyTorch, Number(0.0))]),
            DECOUPLED,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
g ← g + λ·x;  decoupled: x ← x·(1 − η·λ) instead
m ← m + (1 − β₁)·(g − m)
v ← β₂·v + (1 − β₂)·g·g
m̂ = m/(1 − β₁ᵗ)
ρ∞ = 2/(1 − β₂) − 1,  ρ = ρ∞ − 2·t·β₂ᵗ/(1 − β₂ᵗ)
ρ > 5      x ← x − m̂·η·√(1 − β₂ᵗ)/(√v + ε)·√((ρ − 4)·(ρ − 2)·ρ∞/((ρ∞ − 4)·(ρ∞ − 2)·ρ))
else       x ← x − m̂·η",
            ),
            (
                &[Optax],
                "\
m ← (1 − β₁)·g + β₁·m
v ← (1 − β₂)·g² + β₂·v
m̂ = m/(1 − β₁ᵗ);  Nesterov: m̂ = β₁·m/(1 − β₁ᵗ⁺¹) + (1 − β₁)·g/(1 − β₁ᵗ)
v̂ = v/(1 − β₂ᵗ)
ρ∞ = 2/(1 − β₂) − 1,  ρ = ρ∞ − 2·t·β₂ᵗ/(1 − β₂ᵗ)
r = √((ρ − 4)·(ρ − 2)·ρ∞/((ρ∞ − 4)·(ρ∞ − 2)·ρ))
ρ ≥ threshold   x ← x − η·r·m̂/(√(v̂ + ε√) + ε)
else            x ← x − η·m̂",
            ),
        ],
        sources: &[
            "Liu et al., On the variance of the adaptive learning rate and beyond, arXiv:1908.03265, 2019",
        ],
    };

    fn memory(_: Rule) -> Memory {
        Memory::zeros(2).and(&[Initial::Number(1.0)])
    }

    fn counts(_: Rule) -> bool {
        true
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let number = |value: f64| epoch.constant(value);
        let (one, two, four) = (number(1.0), number(2.0), number(4.0));
        let count = epoch.updates();
        // ρ is the difference of two numbers of the size of ρ∞. With a product instead of
        // the power it would lose five digits more in the first epochs.
        let power = epoch.number(BETA2).power(count);
        let first = Average::of(epoch, BETA1, 0);
        let second = Average::with_power(epoch, BETA2, power);
        let decay = Decay::of(epoch);
        let longest = two / second.rest - one;
        let length = longest - two * count * power / second.bias;
        let of_length = (length - four) * (length - two) * longest;
        let of_longest = (longest - four) * (longest - two) * length;
        let rectification = (of_length / of_longest).root();
        let update = epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            let m = first.next(e.memory[0], g);
            let v = second.next_square(e.memory[1], g);
            let moved = if epoch.rule.convention() == PyTorch {
                let plain = first.corrected(m) * epoch.learning_rate;
                let adaptive = second.bias.root() / (v.root() + epoch.number(EPSILON));
                let is_trusted = number(5.0).is_below(length);
                x - is_trusted.choose(plain * adaptive * rectification, plain)
            } else {
                let plain = first.read(epoch, m, g);
                let rectified = scaled(epoch, rectification * plain, second.corrected(v));
                let is_short = length.is_below(epoch.number(THRESHOLD));
                x - epoch.learning_rate * is_short.choose(plain, rectified)
            };
            (moved, [m, v])
        });
        update.and([first.power])
    }
}
