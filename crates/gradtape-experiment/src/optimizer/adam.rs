//! Adam, alone and with decoupled weight decay; both with AMSGrad's maximum.

use super::prelude::*;
use gradtape_tape::Array;

/// Adam.
pub(super) struct Adam;

/// Adam with decoupled weight decay.
pub(super) struct AdamW;

const RATE: Setting = LEARNING_RATE.by(&[
    (PyTorch, Number(1e-3)),
    (Optax, Required),
    (Keras, Number(1e-3)),
]);

const AMSGRAD: Setting = Setting::new("amsgrad", Domain::Switch)
    .all(Switch(false))
    .about("divide by the largest average of squares so far");

impl UpdateRule for Adam {
    const DESCRIPTION: &'static Description = &Description {
        name: "adam",
        title: "Adam",
        about: "Steps along a running average of gradients, divided for each parameter by the root of a running average of its squared gradients: steps are about as long as the learning rate, whatever the slope.",
        conventions: &[PyTorch, Optax, Keras],
        settings: &[
            RATE,
            BETA1,
            BETA2,
            EPSILON,
            EPSILON_ROOT,
            WEIGHT_DECAY.by(&[(PyTorch, Number(0.0)), (Keras, Number(0.0))]),
            DECOUPLED,
            AMSGRAD,
            NESTEROV,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
g ← g + λ·x;  decoupled: x ← x·(1 − η·λ) instead
m ← m + (1 − β₁)·(g − m)
v ← β₂·v + (1 − β₂)·g·g
plain      x ← x − η/(1 − β₁ᵗ)·m/(√v/√(1 − β₂ᵗ) + ε)
AMSGrad    V ← max(V, v);  x as above with V instead of v",
            ),
            (
                &[Optax],
                "\
m ← (1 − β₁)·g + β₁·m
v ← (1 − β₂)·g² + β₂·v
m̂ = m/(1 − β₁ᵗ);  Nesterov: m̂ = β₁·m/(1 − β₁ᵗ⁺¹) + (1 − β₁)·g/(1 − β₁ᵗ)
v̂ = v/(1 − β₂ᵗ)
plain      x ← x − η·m̂/(√(v̂ + ε√) + ε)
AMSGrad    V ← max(V, v̂);  x as above with V instead of v̂",
            ),
            (
                &[Keras],
                "\
x ← x − x·λ·η
m ← m + (1 − β₁)·(g − m)
v ← v + (1 − β₂)·(g² − v)
plain      x ← x − m·(η·√(1 − β₂ᵗ)/(1 − β₁ᵗ))/(√v + ε)
AMSGrad    V ← max(V, v);  x as above with V instead of v",
            ),
        ],
        sources: &[
            KINGMA,
            "Reddi, Kale, Kumar, On the convergence of Adam and beyond (AMSGrad), ICLR 2018",
        ],
    };

    fn memory(rule: Rule) -> Memory {
        memory(rule)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        record(epoch)
    }
}

impl UpdateRule for AdamW {
    const DESCRIPTION: &'static Description = &Description {
        name: "adamw",
        title: "AdamW",
        about: "Adam with decoupled weight decay: parameters decay towards 0 separately from the gradient, and the decay is not divided by the root of squares.",
        conventions: &[PyTorch, Optax, Keras],
        settings: &[
            RATE,
            BETA1,
            BETA2,
            EPSILON,
            EPSILON_ROOT,
            WEIGHT_DECAY.by(&[
                (PyTorch, Number(1e-2)),
                (Optax, Number(1e-4)),
                (Keras, Number(4e-3)),
            ]),
            AMSGRAD.by(&[(PyTorch, Switch(false)), (Keras, Switch(false))]),
            NESTEROV,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
x ← x·(1 − η·λ)
m ← m + (1 − β₁)·(g − m)
v ← β₂·v + (1 − β₂)·g·g
plain      x ← x − η/(1 − β₁ᵗ)·m/(√v/√(1 − β₂ᵗ) + ε)
AMSGrad    V ← max(V, v);  x as above with V instead of v",
            ),
            (
                &[Optax],
                "\
m ← (1 − β₁)·g + β₁·m
v ← (1 − β₂)·g² + β₂·v
m̂ = m/(1 − β₁ᵗ);  Nesterov: m̂ = β₁·m/(1 − β₁ᵗ⁺¹) + (1 − β₁)·g/(1 − β₁ᵗ)
v̂ = v/(1 − β₂ᵗ)
x ← x − η·(m̂/(√(v̂ + ε√) + ε) + λ·x)",
            ),
            (
                &[Keras],
                "\
x ← x − x·λ·η
m ← m + (1 − β₁)·(g − m)
v ← v + (1 − β₂)·(g² − v)
plain      x ← x − m·(η·√(1 − β₂ᵗ)/(1 − β₁ᵗ))/(√v + ε)
AMSGrad    V ← max(V, v);  x as above with V instead of v",
            ),
        ],
        sources: &[
            "Loshchilov, Hutter, Decoupled weight decay regularization, arXiv:1711.05101, 2017",
            "Reddi, Kale, Kumar, On the convergence of Adam and beyond (AMSGrad), ICLR 2018",
        ],
    };

    fn memory(rule: Rule) -> Memory {
        memory(rule)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        record(epoch)
    }
}

/// m, v, and the maximum of AMSGrad.
fn memory(rule: Rule) -> Memory {
    Memory::zeros(2 + usize::from(rule.has(AMSGRAD))).and(POWERS)
}

/// Also that of `NAdam` in optax, which is Adam in Nesterov's form.
pub(super) fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
    let averages = Averages::of(epoch);
    let Averages { first, second } = averages;
    let decay = Decay::of(epoch);
    let step = Step::of(epoch, &averages);
    let corrects = matches!(step, Step::Optax);
    let update = epoch.each_listed(|x, g, memory| {
        let (x, g) = decay.before(x, g);
        let m = first.next(memory[0], g);
        let v = second.next_square(memory[1], g);
        let mut after = vec![m, v];
        let mut squares = if corrects { second.corrected(v) } else { v };
        if let Some(greatest) = memory.get(2) {
            squares = greatest.greater(squares);
            after.push(squares);
        }
        let moved = match step {
            Step::PyTorch { rate, root } => {
                let denominator = squares.root() / root + epoch.number(EPSILON);
                x - rate * m / denominator
            }
            Step::Keras { rate } => x - m * rate / (squares.root() + epoch.number(EPSILON)),
            Step::Optax => {
                let direction = scaled(epoch, first.read(epoch, m, g), squares);
                x - epoch.learning_rate * decay.direction(direction, x)
            }
        };
        (moved, after)
    });
    averages.remembered(update)
}

/// Where a convention corrects the bias of averages, as far as it is the same for all
/// variables.
#[derive(Clone, Copy)]
enum Step<'g> {
    /// In the learning rate and after the root.
    PyTorch { rate: Array<'g>, root: Array<'g> },
    /// All in the learning rate, so ε has another weight.
    Keras { rate: Array<'g> },
    /// In the averages.
    Optax,
}

impl<'g> Step<'g> {
    fn of(epoch: &Epoch<'_, 'g>, averages: &Averages<'g>) -> Self {
        let (first, second) = (averages.first.bias, averages.second.bias);
        let rate = epoch.learning_rate;
        match epoch.rule.convention() {
            PyTorch => Step::PyTorch {
                rate: rate / first,
                root: second.root(),
            },
            Keras => Step::Keras {
                rate: rate * second.root() / first,
            },
            Optax | Textbook => Step::Optax,
        }
    }
}
