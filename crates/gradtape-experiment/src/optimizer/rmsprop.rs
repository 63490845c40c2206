//! `RMSProp`: steps divided by the root of the running mean of squares.

use super::prelude::*;
use super::sgd::{MOMENTUM, NESTEROV};
use gradtape_tape::Array;

/// `RMSProp`.
pub(super) struct RmsProp;

pub(super) const RHO: Setting = Setting::new("rho", Domain::Unit)
    .by(&[
        (PyTorch, Number(0.99)),
        (Optax, Number(0.9)),
        (Keras, Number(0.9)),
    ])
    .about("ρ, the decay rate of the running means; PyTorch's alpha, optax's decay");

const CENTERED: Setting = Setting::new("centered", Domain::Switch)
    .all(Switch(false))
    .about("use the variance instead of the mean of squares");

const INITIAL_ACCUMULATOR: Setting = Setting::new("initial_accumulator", Domain::NotNegative)
    .by(&[(Optax, Number(0.0))])
    .about("v before the first epoch; optax's initial_scale");

const EPSILON_IN_SQRT: Setting = Setting::new("epsilon_in_sqrt", Domain::Switch)
    .by(&[(Optax, Switch(true))])
    .about("add ε under the root; else r = √q + ε");

const BIAS_CORRECTION: Setting = Setting::new("bias_correction", Domain::Switch)
    .by(&[(Optax, Switch(false))])
    .about("divide v and a by 1 − ρᵗ in q, with t the number of the update");

/// The update of a running mean of squares with the decay rate `rho`, in the order of
/// operations of the convention.
pub(super) fn mean_of_squares<'g>(
    epoch: &Epoch<'_, 'g>,
) -> impl Fn(Array<'g>, Array<'g>) -> Array<'g> + use<'g> {
    let (rho, rest) = (epoch.number(RHO), epoch.rest(RHO));
    let is_pytorch = epoch.rule.convention() == PyTorch;
    move |mean, g| {
        let square = if is_pytorch {
            rest * g * g
        } else {
            rest * g.square()
        };
        rho * mean + square
    }
}

impl UpdateRule for RmsProp {
    const DESCRIPTION: &'static Description = &Description {
        name: "rmsprop",
        title: "RMSProp",
        about: "Divides each entry of the gradient by the root of the running mean of its squares, \
            so that steep and flat directions progress at about the same speed.",
        conventions: &[PyTorch, Optax, Keras],
        settings: &[
            LEARNING_RATE
                .by(&[
                    (PyTorch, Number(1e-2)),
                    (Optax, Required),
                    (Keras, Number(1e-3)),
                ])
                .about("η, the approximate step length of each parameter"),
            RHO,
            EPSILON,
            CENTERED,
            MOMENTUM,
            NESTEROV.by(&[(Optax, Switch(false))]),
            WEIGHT_DECAY.by(&[(PyTorch, Number(0.0)), (Keras, Number(0.0))]),
            INITIAL_ACCUMULATOR,
            EPSILON_IN_SQRT,
            BIAS_CORRECTION,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
g ← g + λ·x
v ← ρ·v + (1 − ρ)·g²
centered   a ← a + (1 − ρ)·(g − a);  r = √(v − a²) + ε, else r = √v + ε
plain      x ← x − η·g/r
momentum   b ← μ·b + g/r;  x ← x − η·b",
            ),
            (
                &[Optax],
                "\
v ← ρ·v + (1 − ρ)·g²
centered   a ← ρ·a + (1 − ρ)·g;  q = v − a², else q = v
r = √(q + ε)
plain      x ← x − η·g/r
momentum   b ← μ·b − η·g/r;  x ← x + b
Nesterov   b as with momentum;  x ← x + μ·b − η·g/r",
            ),
            (
                &[Keras],
                "\
x ← x − η·λ·x
v ← ρ·v + (1 − ρ)·g²
centered   a ← ρ·a + (1 − ρ)·g;  q = v − a², else q = v
r = √(q + ε)
plain      x ← x − η·g/r
momentum   b ← μ·b + η·g/r;  x ← x − b",
            ),
        ],
        sources: &[
            "Tieleman, Hinton, Lecture 6.5: RMSProp, Neural networks for machine learning, 2012",
            "centered: Graves, Generating sequences with recurrent neural networks, 2013",
        ],
    };

    fn memory(rule: Rule) -> Memory {
        let first = if rule.convention() == Optax {
            Initial::Setting(INITIAL_ACCUMULATOR)
        } else {
            Initial::Number(0.0)
        };
        let zeros = usize::from(rule.has(CENTERED)) + usize::from(rule.has(MOMENTUM));
        let power = [Initial::Number(1.0)].repeat(usize::from(rule.has(BIAS_CORRECTION)));
        let mut slots = vec![first];
        slots.extend([Initial::Number(0.0)].repeat(zeros));
        Memory::slots(&slots).and(&power)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let convention = epoch.rule.convention();
        let (rate, epsilon) = (epoch.learning_rate, epoch.number(EPSILON));
        let (rho, rest) = (epoch.number(RHO), epoch.rest(RHO));
        let momentum = epoch.optional(MOMENTUM);
        let (mean, decay) = (mean_of_squares(epoch), Decay::of(epoch));
        let is_corrected = epoch.has(BIAS_CORRECTION);
        let power = is_corrected.then(|| epoch.power(RHO, 0));
        let corrected = |mean: Array<'g>| match power {
            Some(power) => mean / (epoch.constant(1.0) - power),
            None => mean,
        };
        let update = epoch.each_listed(|x, g, slots| {
            let (x, g) = decay.before(x, g);
            let v = mean(slots[0], g);
            let mut after = vec![v];
            let mut square = corrected(v);
            if epoch.has(CENTERED) {
                let a = match convention {
                    PyTorch => slots[1] + rest * (g - slots[1]),
                    _ => rho * slots[1] + rest * g,
                };
                after.push(a);
                square = square - corrected(a).square();
            }
            let is_inside = match convention {
                PyTorch => false,
                Keras => true,
                _ => epoch.has(EPSILON_IN_SQRT),
            };
            let divisor = if is_inside {
                (square + epsilon).root()
            } else {
                square.root() + epsilon
            };
            // The place of the learning rate matters when it changes, and the order of
            // operations in the last bits.
            let step = match convention {
                PyTorch if momentum.is_some() => g / divisor,
                Optax => rate * (epoch.constant(1.0) / divisor * g),
                _ => rate * g / divisor,
            };
            let Some(momentum) = momentum else {
                return (x - step, after);
            };
            let buffer = momentum * slots[after.len()];
            let (moved, buffer) = match convention {
                Optax => {
                    let buffer = buffer - step;
                    let ahead = if epoch.has(NESTEROV) {
                        momentum * buffer - step
                    } else {
                        buffer
                    };
                    (x + ahead, buffer)
                }
                Keras => (x - (buffer + step), buffer + step),
                _ => (x - rate * (buffer + step), buffer + step),
            };
            after.push(buffer);
            (moved, after)
        });
        update.and(power)
    }
}
