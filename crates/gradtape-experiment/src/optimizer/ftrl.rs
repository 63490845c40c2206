//! Follow the regularized leader.

use super::prelude::*;

/// Follow the regularized leader.
pub(super) struct Ftrl;

const LEARNING_RATE_POWER: Setting = Setting::new("learning_rate_power", Domain::NotPositive)
    .all(Number(-0.5))
    .about("−p, the power of the sum of squares in the learning rate; 0 keeps it constant");

const INITIAL_ACCUMULATOR: Setting = Setting::new("initial_accumulator", Domain::NotNegative)
    .all(Number(0.1))
    .about("s before the first epoch");

const L1: Setting = Setting::new("l1", Domain::NotNegative)
    .all(Number(0.0))
    .about("λ₁, the penalty on magnitudes; Keras's l1_regularization_strength");

const L2: Setting = Setting::new("l2", Domain::NotNegative)
    .all(Number(0.0))
    .about("λ₂, the penalty on squares; Keras's l2_regularization_strength");

const L2_SHRINKAGE: Setting = Setting::new("l2_shrinkage", Domain::NotNegative)
    .all(Number(0.0))
    .about("λ₃, a penalty on squares that acts only through the gradient of the epoch");

const BETA: Setting = Setting::new("beta", Domain::NotNegative)
    .all(Number(0.0))
    .about("β, an additional penalty on squares, larger for smaller η");

impl UpdateRule for Ftrl {
    const DESCRIPTION: &'static Description = &Description {
        name: "ftrl",
        title: "FTRL-Proximal (follow the regularized leader)",
        about: "Minimises the sum of the linearised losses so far, with penalties on the distance \
            from the points where the gradients were taken and on the parameters. With l1 \
            above 0, parameters of little use are exactly 0.",
        conventions: &[Keras],
        settings: &[
            LEARNING_RATE
                .all(Number(1e-3))
                .about("η, the approximate length of the first step of each parameter"),
            LEARNING_RATE_POWER,
            INITIAL_ACCUMULATOR,
            L1,
            L2,
            L2_SHRINKAGE,
            BETA,
            WEIGHT_DECAY.by(&[(Keras, Number(0.0))]),
        ],
        rules: &[(
            &[Keras],
            "\
x ← x − η·λ·x
n ← s + g²
z ← z + g + 2·λ₃·x − (nᵖ − sᵖ)/η·x
q ← nᵖ/η + 2·(λ₂ + β/(2·η))
x ← (z clamped to [−λ₁, λ₁] − z)/q
s ← n",
        )],
        sources: &["McMahan et al., Ad click prediction: a view from the trenches, 2013"],
    };

    fn memory(_: Rule) -> Memory {
        Memory::slots(&[Initial::Setting(INITIAL_ACCUMULATOR), Initial::Number(0.0)])
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let (rate, two) = (epoch.learning_rate, epoch.constant(2.0));
        let power = -epoch.number(LEARNING_RATE_POWER);
        let decay = Decay::of(epoch);
        let mut penalty = epoch.optional(L2);
        if let Some(beta) = epoch.optional(BETA) {
            let of_beta = beta / (two * rate);
            penalty = Some(penalty.map_or(of_beta, |l2| l2 + of_beta));
        }
        epoch.each(|e| {
            let [s, z] = e.memory;
            let (x, mut slope) = decay.before(e.x, e.g);
            if let Some(shrinkage) = epoch.optional(L2_SHRINKAGE) {
                slope = slope + two * shrinkage * x;
            }
            let n = s + e.g.square();
            let n_power = n.power(power);
            let z = z + (slope - (n_power - s.power(power)) / rate * x);
            let mut q = n_power / rate;
            if let Some(penalty) = penalty {
                q = q + two * penalty;
            }
            let cut = match epoch.optional(L1) {
                Some(l1) => z.smaller(l1).greater(-l1),
                None => epoch.constant(0.0),
            };
            ((cut - z) / q, [n, z])
        })
    }
}
