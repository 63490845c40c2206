//! `RMSProp`: steps divided by the root of the running mean of squares.

use super::moments::{Decay, epsilon, weight_decay};
use super::{
    Block, Convention, DefaultValue, Defaults, Description, Domain, Epoch, Initial, Memory, Rule,
    Setting, Update, UpdateRule,
};
use Convention::{Keras, Optax, PyTorch};
use DefaultValue::{Number, Required, Switch};

/// `RMSProp`.
pub(super) struct RmsProp;

static DESCRIPTION: Description = Description {
    name: "rmsprop",
    title: "RMSProp",
    about: "Divides each entry of the gradient by the root of the running mean of its squares, \
            so that steep and flat directions progress at about the same speed.",
    conventions: &[PyTorch, Optax, Keras],
    settings: &[
        Setting::new(
            "learning_rate",
            Domain::Positive,
            Defaults::By(&[
                (PyTorch, Number(1e-2)),
                (Optax, Required),
                (Keras, Number(1e-3)),
            ]),
            "η, the approximate step length of each parameter",
        ),
        Setting::new(
            "rho",
            Domain::Unit,
            Defaults::By(&[
                (PyTorch, Number(0.99)),
                (Optax, Number(0.9)),
                (Keras, Number(0.9)),
            ]),
            "ρ, the decay rate of the running means; PyTorch's alpha, optax's decay",
        ),
        epsilon(Defaults::By(&[
            (PyTorch, Number(1e-8)),
            (Optax, Number(1e-8)),
            (Keras, Number(1e-7)),
        ])),
        Setting::new(
            "centered",
            Domain::Switch,
            Defaults::All(Switch(false)),
            "use the variance instead of the mean of squares",
        ),
        Setting::new(
            "momentum",
            Domain::NotNegative,
            Defaults::All(Number(0.0)),
            "μ, the share of the last step that is added",
        ),
        Setting::new(
            "nesterov",
            Domain::Switch,
            Defaults::By(&[(Optax, Switch(false))]),
            "look ahead along the momentum; needs a momentum above 0",
        ),
        weight_decay(&[(PyTorch, Number(0.0)), (Keras, Number(0.0))]),
        Setting::new(
            "initial_accumulator",
            Domain::NotNegative,
            Defaults::By(&[(Optax, Number(0.0))]),
            "v before the first epoch; optax's initial_scale",
        ),
        Setting::new(
            "epsilon_in_sqrt",
            Domain::Switch,
            Defaults::By(&[(Optax, Switch(true))]),
            "add ε under the root; else r = √q + ε",
        ),
        Setting::new(
            "bias_correction",
            Domain::Switch,
            Defaults::By(&[(Optax, Switch(false))]),
            "divide v and a by 1 − ρᵗ in q, with t the number of the update",
        ),
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

/// The update of a running mean of squares with the decay rate `rho`, in the order of
/// operations of the convention.
pub(super) fn mean_of_squares<N: Block>(epoch: &Epoch<'_, N>) -> impl Fn(N, N) -> N + use<N> {
    let (rho, rest) = (epoch.number("rho"), epoch.rest("rho"));
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
    const DESCRIPTION: &'static Description = &DESCRIPTION;

    fn memory(rule: Rule) -> Memory {
        let first = if rule.convention() == Optax {
            Initial::Setting("initial_accumulator")
        } else {
            Initial::Number(0.0)
        };
        let zeros = usize::from(rule.has("centered")) + usize::from(rule.has("momentum"));
        let power = [Initial::Number(1.0)].repeat(usize::from(rule.has("bias_correction")));
        let mut slots = vec![first];
        slots.extend([Initial::Number(0.0)].repeat(zeros));
        Memory::slots(&slots).and(&power)
    }

    fn record<N: Block>(epoch: &Epoch<'_, N>) -> Update<N> {
        let convention = epoch.rule.convention();
        let (rate, epsilon) = (epoch.learning_rate, epoch.number("epsilon"));
        let (rho, rest) = (epoch.number("rho"), epoch.rest("rho"));
        let momentum = epoch.has("momentum").then(|| epoch.number("momentum"));
        let (mean, decay) = (mean_of_squares(epoch), Decay::of(epoch));
        let is_corrected = epoch.has("bias_correction");
        let power = is_corrected.then(|| epoch.power("rho", 0));
        let corrected = |mean: N| match power {
            Some(power) => mean / (epoch.constant(1.0) - power),
            None => mean,
        };
        let update = epoch.each_listed(|x, g, slots| {
            let (x, g) = decay.before(x, g);
            let v = mean(slots[0], g);
            let mut after = vec![v];
            let mut square = corrected(v);
            if epoch.has("centered") {
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
                _ => epoch.has("epsilon_in_sqrt"),
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
                    let ahead = if epoch.has("nesterov") {
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
