//! Adagrad and Adadelta: steps divided by the root of the sum of all squares of a gradient's
//! entry, or of their running mean.

use super::prelude::*;
use super::rmsprop::{RHO, mean_of_squares};
use gradtape_tape::Array;

/// Adagrad.
pub(super) struct Adagrad;

const INITIAL_ACCUMULATOR: Setting = Setting::new("initial_accumulator", Domain::NotNegative)
    .by(&[
        (PyTorch, Number(0.0)),
        (Optax, Number(0.1)),
        (Keras, Number(0.1)),
    ])
    .about("s before the first epoch");

const LEARNING_RATE_DECAY: Setting = Setting::new("learning_rate_decay", Domain::NotNegative)
    .by(&[(PyTorch, Number(0.0))])
    .about("δ, the speed of the learning-rate decay with the number t of the update");

impl UpdateRule for Adagrad {
    const DESCRIPTION: &'static Description = &Description {
        name: "adagrad",
        title: "Adagrad",
        about: "Divides each entry of the gradient by the root of the sum of its squares so far: \
            steps become shorter, more slowly along flat directions.",
        conventions: &[PyTorch, Optax, Keras],
        settings: &[
            LEARNING_RATE
                .by(&[
                    (PyTorch, Number(1e-2)),
                    (Optax, Required),
                    (Keras, Number(1e-3)),
                ])
                .about("η, the approximate length of the first step of each parameter"),
            INITIAL_ACCUMULATOR,
            EPSILON.by(&[
                (PyTorch, Number(1e-10)),
                (Optax, Number(1e-7)),
                (Keras, Number(1e-7)),
            ]),
            LEARNING_RATE_DECAY,
            WEIGHT_DECAY.by(&[(PyTorch, Number(0.0)), (Keras, Number(0.0))]),
        ],
        rules: &[
            (
                &[PyTorch],
                "\
g ← g + λ·x
s ← s + g²
x ← x − η/(1 + (t − 1)·δ)·g/(√s + ε)",
            ),
            (
                &[Optax],
                "\
s ← s + g²
x ← x − η·g/√(s + ε);  x is unchanged where s = 0",
            ),
            (
                &[Keras],
                "\
x ← x − η·λ·x
s ← s + g²
x ← x − η·g/√(s + ε)",
            ),
        ],
        sources: &[
            "Duchi, Hazan, Singer, Adaptive subgradient methods for online learning and stochastic optimization, 2011",
        ],
    };

    fn memory(_: Rule) -> Memory {
        Memory::slots(&[Initial::Setting(INITIAL_ACCUMULATOR)])
    }

    fn counts(rule: Rule) -> bool {
        rule.has(LEARNING_RATE_DECAY)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let epsilon = epoch.number(EPSILON);
        let one = epoch.constant(1.0);
        let mut rate = epoch.learning_rate;
        if let Some(decay) = epoch.optional(LEARNING_RATE_DECAY) {
            rate = rate / (one + (epoch.updates() - one) * decay);
        }
        let decay = Decay::of(epoch);
        epoch.each(|e| {
            let (x, g) = decay.before(e.x, e.g);
            let s = e.memory[0] + g.square();
            let step = match epoch.rule.convention() {
                PyTorch => rate * g / (s.root() + epsilon),
                Optax => rate * (optax_scale(epoch, s) * g),
                _ => rate * g / (s + epsilon).root(),
            };
            (x - step, [s])
        })
    }
}

/// The factor of optax on an entry of the gradient: a sum of squares can be 0 where the
/// entry is not.
fn optax_scale<'g>(epoch: &Epoch<'_, 'g>, sum: Array<'g>) -> Array<'g> {
    let scale = epoch.constant(1.0) / (sum + epoch.number(EPSILON)).root();
    if epoch.has(INITIAL_ACCUMULATOR) {
        return scale;
    }
    let zero = epoch.constant(0.0);
    zero.is_below(sum).choose(scale, zero)
}

/// Adadelta.
pub(super) struct Adadelta;

static ADADELTA: Description = Description {
    name: "adadelta",
    title: "Adadelta",
    about: "As RMSProp, with each step multiplied by the root of the running mean of the \
            squares of the previous steps, so that it has the unit of the parameter.",
    conventions: &[PyTorch, Optax, Keras],
    settings: &[
        LEARNING_RATE
            .by(&[
                (PyTorch, Number(1.0)),
                (Optax, Number(1.0)),
                (Keras, Number(1e-3)),
            ])
            .about("η, a factor on the steps, 1 in the paper; without it optax itself ascends"),
        RHO.by(&[
            (PyTorch, Number(0.9)),
            (Optax, Number(0.9)),
            (Keras, Number(0.95)),
        ])
        .about("ρ, the decay rate of the running means"),
        EPSILON
            .by(&[
                (PyTorch, Number(1e-6)),
                (Optax, Number(1e-6)),
                (Keras, Number(1e-7)),
            ])
            .about("ε, makes the first steps longer than 0"),
        WEIGHT_DECAY.by(&[
            (PyTorch, Number(0.0)),
            (Optax, Number(0.0)),
            (Keras, Number(0.0)),
        ]),
    ],
    rules: &[
        (
            &[PyTorch, Optax],
            "\
g ← g + λ·x
v ← ρ·v + (1 − ρ)·g²
d ← √(u + ε)/√(v + ε)·g
u ← ρ·u + (1 − ρ)·d²
x ← x − η·d",
        ),
        (
            &[Keras],
            "\
x ← x − η·λ·x
v ← ρ·v + (1 − ρ)·g²
d ← √(u + ε)·g/√(v + ε)
u ← ρ·u + (1 − ρ)·d²
x ← x − η·d",
        ),
    ],
    sources: &["Zeiler, ADADELTA: An adaptive learning rate method, 2012"],
};

impl UpdateRule for Adadelta {
    const DESCRIPTION: &'static Description = &ADADELTA;

    fn memory(_: Rule) -> Memory {
        Memory::zeros(2)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let (rate, epsilon) = (epoch.learning_rate, epoch.number(EPSILON));
        let (mean, decay) = (mean_of_squares(epoch), Decay::of(epoch));
        epoch.each(|e| {
            let [v, u] = e.memory;
            let is_keras = epoch.rule.convention() == Keras;
            let (x, g) = decay.before(e.x, e.g);
            let v = mean(v, g);
            let (above, below) = ((u + epsilon).root(), (v + epsilon).root());
            let step = if is_keras {
                above * g / below
            } else {
                above / below * g
            };
            (x - rate * step, [v, mean(u, step)])
        })
    }
}
