//! Adam that finds the learning rate.

use super::prelude::*;
use gradtape_tape::Array;

/// Adam that finds the learning rate.
pub(super) struct Prodigy;

const BETA3: Setting = Setting::new("beta3", Domain::Share)
    .all(Number(0.0))
    .about("β₃, the decay rate of the sums in the estimate; 0 for √β₂");

const INITIAL_D: Setting = Setting::new("initial_d", Domain::Positive)
    .all(Number(1e-6))
    .about("d₀, the first estimate of the distance (estim_lr0 in optax)");

const D_COEFFICIENT: Setting = Setting::new("d_coefficient", Domain::Positive)
    .all(Number(1.0))
    .about("c, a factor on every later estimate (estim_lr_coef in optax)");

const SAFEGUARD_WARMUP: Setting = Setting::new("safeguard_warmup", Domain::Switch)
    .all(Switch(false))
    .about("omit the learning rate from s, for schedules that begin low");

impl UpdateRule for Prodigy {
    const DESCRIPTION: &'static Description = &Description {
        name: "prodigy",
        title: "Prodigy",
        about: "Adam that estimates the distance from the start to the minimum from its own gradients, and scales its steps by that distance times the learning rate, which is usually 1. The estimate never shrinks. A start where every gradient is 0 gives NaN, as in optax.",
        conventions: &[Optax],
        settings: &[
            LEARNING_RATE
                .all(Number(1.0))
                .about("η, a factor on the estimated distance; a schedule changes it"),
            BETA1,
            BETA2,
            BETA3,
            EPSILON,
            INITIAL_D,
            D_COEFFICIENT,
            WEIGHT_DECAY.by(&[(Optax, Number(0.0))]),
            SAFEGUARD_WARMUP,
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

    fn memory(_: Rule) -> Memory {
        // m, v, s and the start; then the powers, d and r.
        let zero = Initial::Number(0.0);
        Memory::slots(&[zero, zero, zero, Initial::Parameters])
            .and(POWERS)
            .and(&[Initial::Setting(INITIAL_D), zero])
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let averages = Averages::of(epoch);
        let Averages { first, second } = averages;
        let (distance, numerator) = (epoch.scalar(2), epoch.scalar(3));
        let initial = epoch.number(INITIAL_D);
        let kept = epoch.optional(BETA3);
        let kept = kept.unwrap_or_else(|| second.kept.root());
        let step = distance * epoch.learning_rate * (second.bias.root() / first.bias);
        let weight = if epoch.has(SAFEGUARD_WARMUP) {
            distance
        } else {
            step
        };
        let summed = |s: Array<'g>, g: Array<'g>| kept * s + weight * (distance * g) / initial;
        // Over all variables, before any of them moves.
        let total = |terms: &mut dyn Iterator<Item = Array<'g>>| {
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
        let estimate = epoch.number(D_COEFFICIENT) * numerator / denominator;
        let next = distance.greater(estimate);
        let update = epoch.each(|e| {
            let [m, v, s, start] = e.memory;
            let g = distance * e.g;
            let m = first.kept * m + first.rest * g;
            let v = second.kept * v + second.rest * g * g;
            let denominator = v.root() + next * epoch.number(EPSILON);
            let mut moved = -(step * m / denominator);
            if let Some(decay) = epoch.optional(WEIGHT_DECAY) {
                moved = moved - decay * step * e.x;
            }
            (e.x + moved, [m, v, summed(s, e.g), start])
        });
        averages.remembered(update).and([next, numerator])
    }
}
