//! Adam that finds the learning rate.

use super::moments::{Averages, BETA1, BETA2, EPSILON, POWERS, learning_rate, weight_decay};
use super::{
    Block, Convention, DefaultValue, Defaults, Description, Domain, Epoch, Initial, Memory, Rule,
    Setting, Update, UpdateRule,
};
use Convention::Optax;
use DefaultValue::{Number, Switch};

/// Adam that finds the learning rate.
pub(super) struct Prodigy;

static DESCRIPTION: Description = Description {
    name: "prodigy",
    title: "Prodigy",
    about: "Adam that estimates the distance from the start to the minimum from its own gradients, and scales its steps by that distance times the learning rate, which is usually 1. The estimate never shrinks. A start where every gradient is 0 gives NaN, as in optax.",
    conventions: &[Optax],
    settings: &[
        Setting {
            description: "η, a factor on the estimated distance; a schedule changes it",
            ..learning_rate(&[(Optax, Number(1.0))])
        },
        BETA1,
        BETA2,
        Setting::new(
            "beta3",
            Domain::Share,
            Defaults::All(Number(0.0)),
            "β₃, the decay rate of the sums in the estimate; 0 for √β₂",
        ),
        EPSILON,
        Setting::new(
            "initial_d",
            Domain::Positive,
            Defaults::All(Number(1e-6)),
            "d₀, the first estimate of the distance (estim_lr0 in optax)",
        ),
        Setting::new(
            "d_coefficient",
            Domain::Positive,
            Defaults::All(Number(1.0)),
            "c, a factor on every later estimate (estim_lr_coef in optax)",
        ),
        weight_decay(&[(Optax, Number(0.0))]),
        Setting::new(
            "safeguard_warmup",
            Domain::Switch,
            Defaults::All(Switch(false)),
            "omit the learning rate from s, for schedules that begin low",
        ),
    ],
    rules: &[(
        &[Optax],
        "\
D = d·η·√(1 − β₂ᵗ)/(1 − β₁ᵗ), with d = d₀ at the start
m ← β₁·m + (1 − β₁)·d·g
v ← β₂·v + (1 − β₂)·(d·g)²
s ← β₃·s + D·d·g/d₀;  safeguarded: s ← β₃·s + d·d·g/d₀
r ← β₃·r + d/d₀·D·Σ g·(x₀ − x), over all parameters, with x₀ the start
d' = max(d, c·r/Σ |s|)
x ← x − λ·D·x − D·m/(√v + d'·ε);  d ← d'",
    )],
    sources: &[
        "Mishchenko, Defazio, Prodigy: an expeditiously adaptive parameter-free learner, arXiv:2306.06101, 2023",
    ],
};

impl UpdateRule for Prodigy {
    const DESCRIPTION: &'static Description = &DESCRIPTION;

    fn memory(_: Rule) -> Memory {
        // m, v, s and the start; then the powers, d and r.
        let zero = Initial::Number(0.0);
        Memory::slots(&[zero, zero, zero, Initial::Parameters])
            .and(POWERS)
            .and(&[Initial::Setting("initial_d"), zero])
    }

    fn record<N: Block>(epoch: &Epoch<'_, N>) -> Update<N> {
        let averages = Averages::of(epoch);
        let Averages { first, second } = averages;
        let (distance, numerator) = (epoch.scalar(2), epoch.scalar(3));
        let initial = epoch.number("initial_d");
        let kept = if epoch.has("beta3") {
            epoch.number("beta3")
        } else {
            second.kept.root()
        };
        let step = distance * epoch.learning_rate * (second.bias.root() / first.bias);
        let weight = if epoch.has("safeguard_warmup") {
            distance
        } else {
            step
        };
        let summed = |s: N, g: N| kept * s + weight * (distance * g) / initial;
        // Over all variables, before any of them moves.
        let total = |terms: &mut dyn Iterator<Item = N>| {
            let sums = terms.map(|term| term.sum(None));
            let total = sums.reduce(|total, next| total + next);
            total.unwrap_or_else(|| epoch.constant(0.0))
        };
        let variables = epoch.parameters.iter().zip(epoch.gradient);
        let along = variables.zip(epoch.slot(3));
        let along = total(&mut along.map(|((x, g), start)| *g * (*start - *x)));
        let sums = epoch.slot(2).iter().zip(epoch.gradient);
        let denominator = total(&mut sums.map(|(s, g)| summed(*s, *g).magnitude()));
        let numerator = kept * numerator + distance / initial * step * along;
        let estimate = epoch.number("d_coefficient") * numerator / denominator;
        let next = distance.greater(estimate);
        let update = epoch.each(|e| {
            let [m, v, s, start] = e.memory;
            let g = distance * e.g;
            let m = first.kept * m + first.rest * g;
            let v = second.kept * v + second.rest * g * g;
            let denominator = v.root() + next * epoch.number("epsilon");
            let mut moved = -(step * m / denominator);
            if epoch.has("weight_decay") {
                moved = moved - epoch.number("weight_decay") * step * e.x;
            }
            (e.x + moved, [m, v, summed(s, e.g), start])
        });
        averages.remembered(update).and([next, numerator])
    }
}
