//! Gradient descent.

use super::prelude::*;

/// Gradient descent, with or without momentum.
pub(super) struct Sgd;

pub(crate) const MOMENTUM: Setting = Setting::new("momentum", Domain::NotNegative)
    .all(Number(0.0))
    .about("μ, the share of the last step that is added");

pub(crate) const NESTEROV: Setting = Setting::new("nesterov", Domain::Switch)
    .all(Switch(false))
    .about("look ahead along the momentum; needs a momentum above 0");

pub(crate) const DAMPENING: Setting = Setting::new("dampening", Domain::Unit)
    .by(&[(PyTorch, Number(0.0))])
    .about("τ, the share of a gradient that does not reach the momentum");

impl UpdateRule for Sgd {
    const DESCRIPTION: &'static Description = &Description {
        name: "sgd",
        title: "gradient descent",
        about: "Steps against the gradient; with momentum, against a running sum of gradients, in which steps that agree add up.",
        conventions: &[PyTorch, Keras, Optax],
        settings: &[
            LEARNING_RATE
                .by(&[
                    (PyTorch, Number(1e-3)),
                    (Keras, Number(0.01)),
                    (Optax, Required),
                ])
                .about("η, the length of a step as a multiple of the gradient"),
            MOMENTUM,
            NESTEROV,
            DAMPENING,
            WEIGHT_DECAY.by(&[(PyTorch, Number(0.0)), (Keras, Number(0.0))]),
        ],
        rules: &[
            (
                &[PyTorch],
                "\
g ← g + λ·x
plain      x ← x − η·g
momentum   b ← μ·b + (1 − τ)·g, in the first epoch b ← g;  x ← x − η·b
Nesterov   b as with momentum;  x ← x − η·(g + μ·b)",
            ),
            (
                &[Optax],
                "\
plain      x ← x − η·g
momentum   b ← g + μ·b;  x ← x − η·b
Nesterov   b ← g + μ·b;  x ← x − η·(g + μ·b)",
            ),
            (
                &[Keras],
                "\
x ← x − η·λ·x
plain      x ← x − η·g
momentum   v ← μ·v − η·g;  x ← x + v
Nesterov   v ← μ·v − η·g;  x ← x + μ·v − η·g",
            ),
        ],
        sources: &[
            "Polyak, Some methods of speeding up the convergence of iteration methods, 1964",
            "Nesterov, A method for solving the convex programming problem with convergence rate O(1/k²), 1983",
        ],
    };

    fn memory(rule: Rule) -> Memory {
        // With dampening the first epoch differs from the others; a number marks it.
        let first = rule.has(MOMENTUM) && rule.has(DAMPENING);
        let scalars = [super::Initial::Number(0.0)].repeat(usize::from(first));
        Memory::zeros(usize::from(rule.has(MOMENTUM))).and(&scalars)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let (rate, decay) = (epoch.learning_rate, Decay::of(epoch));
        let Some(momentum) = epoch.optional(MOMENTUM) else {
            return epoch.each(|e| {
                let (x, g) = decay.before(e.x, e.g);
                (x - rate * g, [])
            });
        };
        if epoch.rule.convention() == Keras {
            return epoch.each(|e| {
                let (x, g) = decay.before(e.x, e.g);
                let step = rate * g;
                let v = e.memory[0] * momentum - step;
                let moved = if epoch.has(NESTEROV) {
                    x + (v * momentum - step)
                } else {
                    x + v
                };
                (moved, [v])
            });
        }
        let is_damped = epoch.has(DAMPENING);
        let update = epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            let mut b = momentum * e.memory[0];
            if is_damped {
                // b is 0 before the first epoch.
                let later = epoch.scalar(0);
                b = b + later.choose(g * epoch.rest(DAMPENING), g);
            } else {
                b = b + g;
            }
            let direction = if epoch.has(NESTEROV) {
                g + momentum * b
            } else {
                b
            };
            (x - rate * direction, [b])
        });
        update.and(is_damped.then(|| epoch.constant(1.0)))
    }
}
