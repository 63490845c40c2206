//! Adam with Nesterov's momentum.

use super::prelude::*;
use gradtape_tape::Array;

/// Adam with Nesterov's momentum.
pub(super) struct NAdam;

const MOMENTUM_DECAY: Setting = Setting::new("momentum_decay", Domain::NotNegative)
    .by(&[(PyTorch, Number(4e-3))])
    .about("ψ, the speed at which the momentum grows towards β₁; with 0 it stays β₁/2");

/// The base of the growth of the momentum.
const BASE: f64 = 0.96;

impl UpdateRule for NAdam {
    const DESCRIPTION: &'static Description = &Description {
        name: "nadam",
        title: "NAdam",
        about: "Adam that looks ahead along its average of gradients, as Nesterov's momentum does; in PyTorch and Keras the weight of the average grows over the epochs.",
        conventions: &[PyTorch, Optax, Keras],
        settings: &[
            LEARNING_RATE.by(&[
                (PyTorch, Number(2e-3)),
                (Optax, Required),
                (Keras, Number(1e-3)),
            ]),
            BETA1,
            BETA2,
            EPSILON,
            EPSILON_ROOT,
            MOMENTUM_DECAY,
            WEIGHT_DECAY.by(&[(PyTorch, Number(0.0)), (Keras, Number(0.0))]),
            DECOUPLED,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
g ← g + λ·x;  decoupled: x ← x·(1 − η·λ) instead
μ = β₁·(1 − ½·0.96^(t·ψ)),  μ' = β₁·(1 − ½·0.96^((t + 1)·ψ)),  P ← P·μ, at first 1
m ← m + (1 − β₁)·(g − m)
v ← β₂·v + (1 − β₂)·g·g
d = √(v/(1 − β₂ᵗ)) + ε
x ← x − η·(1 − μ)/(1 − P)·g/d − η·μ'/(1 − P·μ')·m/d",
            ),
            (
                &[Optax],
                "\
m ← (1 − β₁)·g + β₁·m
v ← (1 − β₂)·g² + β₂·v
m̂ = β₁·m/(1 − β₁ᵗ⁺¹) + (1 − β₁)·g/(1 − β₁ᵗ)
v̂ = v/(1 − β₂ᵗ)
x ← x − η·m̂/(√(v̂ + ε√) + ε)",
            ),
            (
                &[Keras],
                "\
x ← x − x·λ·η
μ = β₁·(1 − ½·0.96ᵗ),  μ' = β₁·(1 − ½·0.96ᵗ⁺¹),  P ← P·β₁·(1 − ½·0.96ᵗ), at first 1
m ← m + (1 − β₁)·(g − m)
v ← v + (1 − β₂)·(g² − v)
m̂ = μ'·m/(1 − P·μ') + (1 − μ)·g/(1 − P)
x ← x − m̂·η/(√(v/(1 − β₂ᵗ)) + ε)",
            ),
        ],
        sources: &["Dozat, Incorporating Nesterov momentum into Adam, ICLR 2016"],
    };

    fn memory(rule: Rule) -> Memory {
        let memory = Memory::zeros(2).and(POWERS);
        match rule.convention() {
            Optax | Textbook => memory,
            // The power of 0.96, and P.
            PyTorch | Keras => memory.and(&[Initial::Number(1.0), Initial::Number(1.0)]),
        }
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let convention = epoch.rule.convention();
        if matches!(convention, Optax | Textbook) {
            return adam::record(epoch);
        }
        let averages = Averages::of(epoch);
        let Averages { first, second } = averages;
        let decay = Decay::of(epoch);
        let (rate, epsilon) = (epoch.learning_rate, epoch.number(EPSILON));
        let number = |value: f64| epoch.constant(value);
        let one = number(1.0);
        let growth = if convention == PyTorch {
            number(BASE).power(epoch.number(MOMENTUM_DECAY))
        } else {
            number(BASE)
        };
        let grown = epoch.scalar(2) * growth;
        let share = |grown: Array<'g>| one - number(0.5) * grown;
        let now = first.kept * share(grown);
        let next = first.kept * share(grown * growth);
        let product = if convention == PyTorch {
            epoch.scalar(3) * now
        } else {
            epoch.scalar(3) * first.kept * share(grown)
        };
        let (bias, next_bias) = (one - product, one - product * next);
        let of_gradient = rate * (one - now) / bias;
        let of_average = rate * next / next_bias;
        let update = epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            let m = first.next(e.memory[0], g);
            let v = second.next_square(e.memory[1], g);
            let denominator = second.corrected(v).root() + epsilon;
            let moved = if convention == PyTorch {
                x - of_gradient * g / denominator - of_average * m / denominator
            } else {
                let ahead = next * m / next_bias + (one - now) * g / bias;
                x - ahead * rate / denominator
            };
            (moved, [m, v])
        });
        averages.remembered(update).and([grown, product])
    }
}
