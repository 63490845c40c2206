//! PointAverage instead of a schedule.

use super::prelude::*;
use gradtape_tape::Array;

/// Gradient descent with averaging instead of a schedule.
pub(super) struct ScheduleFreeSgd;

/// `AdamW` with averaging instead of a schedule.
pub(super) struct ScheduleFreeAdamW;

const BETA1: Setting = Setting::new("beta1", Domain::Fraction)
    .all(Number(0.9))
    .about("β₁, the weight of the average in the parameters");

const WARMUP_STEPS: Setting = Setting::new("warmup_steps", Domain::Whole)
    .all(Number(0.0))
    .about("W, the number of epochs in which the learning rate rises from 0; 0 for no warm-up");

const WEIGHT_LR_POWER: Setting = Setting::new("weight_lr_power", Domain::NotNegative)
    .by(&[(Optax, Number(2.0))])
    .about("p, the power of the learning rate that weights an epoch in the average");

const DEFAZIO: &str = "Defazio et al., The road less scheduled, arXiv:2405.15682, 2024";

static SGD: Description = Description {
    name: "schedule_free_sgd",
    title: "Schedule-Free SGD",
    about: "Gradient descent on z; an average x of all z so far replaces a falling learning rate. Gradients are taken at y, between x and z. The parameters are y, as in optax; the average to use at the end is x = (y − (1 − β₁)·z)/β₁.",
    conventions: &[Optax],
    settings: &[
        LEARNING_RATE.by(&[(Optax, Number(1.0))]),
        BETA1,
        WARMUP_STEPS,
        WEIGHT_LR_POWER,
        WEIGHT_DECAY.by(&[(Optax, Number(0.0))]),
    ],
    rules: &[(
        &[Optax],
        "\
γ = η;  warm-up: γ = η·min(t − 1, W)/W here and η·min(t, W)/W in L
L ← max(L, γ),  S ← S + Lᵖ,  c = Lᵖ/S
x = (y − (1 − β₁)·z)/β₁, with z = y at the start
z ← z − γ·(g + λ·y)
x ← (1 − c)·x + c·z
y ← β₁·x + (1 − β₁)·z",
    )],
    sources: &[DEFAZIO],
};

impl UpdateRule for ScheduleFreeSgd {
    const DESCRIPTION: &'static Description = &SGD;

    fn memory(rule: Rule) -> Memory {
        Memory::slots(&[Initial::Parameters]).and(PointAverage::memory(rule))
    }

    fn counts(rule: Rule) -> bool {
        rule.has(WARMUP_STEPS)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let averaging = PointAverage::of(epoch, 0);
        let decay = Decay::of(epoch);
        let update = epoch.each(|e| {
            let [z] = e.memory;
            let (y, g) = decay.before(e.x, e.g);
            let next = z - averaging.rate * decay.direction(g, y);
            (averaging.moved(y, z, next), [next])
        });
        update.and(averaging.after)
    }
}

impl UpdateRule for ScheduleFreeAdamW {
    const DESCRIPTION: &'static Description = &Description {
        name: "schedule_free_adamw",
        title: "Schedule-Free AdamW",
        about: "AdamW without momentum on z; an average x of all z so far replaces a falling learning rate. Gradients are taken at y, between x and z. The parameters are y, as in the libraries; the average to use at the end is x = (y − (1 − β₁)·z)/β₁.",
        conventions: &[Optax, Keras],
        settings: &[
            LEARNING_RATE.by(&[(Optax, Number(0.0025)), (Keras, Number(0.0025))]),
            BETA1,
            BETA2,
            EPSILON.all(Number(1e-8)),
            WARMUP_STEPS,
            WEIGHT_LR_POWER,
            WEIGHT_DECAY.by(&[(Optax, Number(0.0)), (Keras, Number(0.0))]),
        ],
        rules: &[
            (
                &[Optax],
                "\
γ = η;  warm-up: γ = η·min(t − 1, W)/W here and η·min(t, W)/W in L
L ← max(L, γ),  S ← S + Lᵖ,  c = Lᵖ/S
x = (y − (1 − β₁)·z)/β₁, with z = y at the start
v ← (1 − β₂)·g² + β₂·v
z ← z − γ·(1/(√(v/(1 − β₂ᵗ)) + ε)·g + λ·y)
x ← (1 − c)·x + c·z
y ← β₁·x + (1 − β₁)·z",
            ),
            (
                &[Keras],
                "\
y ← y − y·λ·η
γ = η;  warm-up: γ = η·min(t/W, 1)
x = (y − (1 − β₁)·z)/β₁, with z = y at the start
v ← v + (1 − β₂)·(g² − v)
z ← z − γ·g/(√(v/(1 − β₂ᵗ)) + ε)
x ← (1 − 1/t)·x + 1/t·z
y ← (1 − β₁)·z + β₁·x",
            ),
        ],
        sources: &[DEFAZIO],
    };

    fn memory(rule: Rule) -> Memory {
        Memory::slots(&[Initial::Parameters, Initial::Number(0.0)])
            .and(&[Initial::Number(1.0)])
            .and(PointAverage::memory(rule))
    }

    fn counts(rule: Rule) -> bool {
        rule.has(WARMUP_STEPS) || rule.convention() == Keras
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let second = Average::of(epoch, BETA2, 0);
        let averaging = PointAverage::of(epoch, 1);
        let decay = Decay::of(epoch);
        let update = epoch.each(|e| {
            let [z, v] = e.memory;
            let (y, g) = decay.before(e.x, e.g);
            let v = second.next_square(v, g);
            let denominator = second.corrected(v).root() + epoch.number(EPSILON);
            let next = if epoch.rule.convention() == Keras {
                z - averaging.rate * g / denominator
            } else {
                let direction = epoch.constant(1.0) / denominator * g;
                z - averaging.rate * decay.direction(direction, y)
            };
            (averaging.moved(y, z, next), [next, v])
        });
        update.and([second.power]).and(averaging.after)
    }
}

/// The averaging, which is the same for all variables.
struct PointAverage<'g> {
    /// γ, the learning rate of z.
    rate: Array<'g>,
    /// c, the weight of the newest z in the average.
    weight: Array<'g>,
    /// β₁.
    share: Array<'g>,
    /// 1 − β₁.
    rest: Array<'g>,
    /// Whether the parameters change by a difference, as in optax.
    adds: bool,
    /// L and S, where they are remembered.
    after: Vec<Array<'g>>,
}

impl<'g> PointAverage<'g> {
    /// L and S, which Keras does not have.
    fn memory(rule: Rule) -> &'static [Initial] {
        match rule.convention() {
            Keras => &[],
            _ => &[Initial::Number(0.0), Initial::Number(0.0)],
        }
    }
}

impl<'g> PointAverage<'g> {
    /// L and S are remembered as scalar number `place` and the next one.
    fn of(epoch: &Epoch<'_, 'g>, place: usize) -> Self {
        let (one, zero) = (epoch.constant(1.0), epoch.constant(0.0));
        let rate = epoch.learning_rate;
        let steps = epoch.optional(WARMUP_STEPS);
        let (rate, weight, after) = if epoch.rule.convention() == Keras {
            let count = epoch.updates();
            let rate = steps.map_or(rate, |steps| rate * (count / steps).smaller(one));
            (rate, one / count, Vec::new())
        } else {
            // The learning rate of the warm-up, as in the linear schedule of optax.
            let warmed = |count: Array<'g>, steps: Array<'g>| {
                rate - rate * (one - count.smaller(steps) / steps)
            };
            let of_average = steps.map_or(rate, |steps| warmed(epoch.updates(), steps));
            let rate = steps.map_or(rate, |steps| warmed(epoch.updates() - one, steps));
            let greatest = epoch.scalar(place).greater(of_average);
            let weight = greatest.power(epoch.number(WEIGHT_LR_POWER));
            let sum = epoch.scalar(place + 1) + weight;
            // A learning rate so small that its power is 0 has no weight.
            let share = sum.choose(weight / sum, zero);
            (rate, share, vec![greatest, sum])
        };
        PointAverage {
            rate,
            weight,
            share: epoch.number(BETA1),
            rest: epoch.rest(BETA1),
            adds: after.len() == 2,
            after,
        }
    }

    /// The parameters after z changed to `next`.
    fn moved(&self, y: Array<'g>, z: Array<'g>, next: Array<'g>) -> Array<'g> {
        let average = (y - self.rest * z) / self.share;
        let rest = average.constant(1.0) - self.weight;
        let average = rest * average + self.weight * next;
        let moved = self.share * average + self.rest * next;
        if self.adds { y + (moved - y) } else { moved }
    }
}
