//! Follow the regularized leader.

use super::moments::{Decay, weight_decay};
use super::{
    Block, Convention, DefaultValue, Defaults, Description, Domain, Epoch, Initial, Memory, Rule,
    Setting, Update, UpdateRule,
};
use Convention::Keras;
use DefaultValue::Number;

/// Follow the regularized leader.
pub(super) struct Ftrl;

static DESCRIPTION: Description = Description {
    name: "ftrl",
    title: "FTRL-Proximal (follow the regularized leader)",
    about: "Minimises the sum of the linearised losses so far, with penalties on the distance \
            from the points where the gradients were taken and on the parameters. With l1 \
            above 0, parameters of little use are exactly 0.",
    conventions: &[Keras],
    settings: &[
        Setting::new(
            "learning_rate",
            Domain::Positive,
            Defaults::All(Number(1e-3)),
            "η, the approximate length of the first step of each parameter",
        ),
        Setting::new(
            "learning_rate_power",
            Domain::NotPositive,
            Defaults::All(Number(-0.5)),
            "−p, the power of the sum of squares in the learning rate; 0 keeps it constant",
        ),
        Setting::new(
            "initial_accumulator",
            Domain::NotNegative,
            Defaults::All(Number(0.1)),
            "s before the first epoch",
        ),
        Setting::new(
            "l1",
            Domain::NotNegative,
            Defaults::All(Number(0.0)),
            "λ₁, the penalty on magnitudes; Keras's l1_regularization_strength",
        ),
        Setting::new(
            "l2",
            Domain::NotNegative,
            Defaults::All(Number(0.0)),
            "λ₂, the penalty on squares; Keras's l2_regularization_strength",
        ),
        Setting::new(
            "l2_shrinkage",
            Domain::NotNegative,
            Defaults::All(Number(0.0)),
            "λ₃, a penalty on squares that acts only through the gradient of the epoch",
        ),
        Setting::new(
            "beta",
            Domain::NotNegative,
            Defaults::All(Number(0.0)),
            "β, an additional penalty on squares, larger for smaller η",
        ),
        weight_decay(&[(Keras, Number(0.0))]),
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

impl UpdateRule for Ftrl {
    const DESCRIPTION: &'static Description = &DESCRIPTION;

    fn memory(_: Rule) -> Memory {
        Memory::slots(&[
            Initial::Setting("initial_accumulator"),
            Initial::Number(0.0),
        ])
    }

    fn record<N: Block>(epoch: &Epoch<'_, N>) -> Update<N> {
        let (rate, two) = (epoch.learning_rate, epoch.constant(2.0));
        let power = -epoch.number("learning_rate_power");
        let decay = Decay::of(epoch);
        let mut penalty = epoch.has("l2").then(|| epoch.number("l2"));
        if epoch.has("beta") {
            let of_beta = epoch.number("beta") / (two * rate);
            penalty = Some(penalty.map_or(of_beta, |l2| l2 + of_beta));
        }
        epoch.each(|e| {
            let [s, z] = e.memory;
            let (x, mut slope) = decay.before(e.x, e.g);
            if epoch.has("l2_shrinkage") {
                slope = slope + two * epoch.number("l2_shrinkage") * x;
            }
            let n = s + e.g.square();
            let n_power = n.power(power);
            let z = z + (slope - (n_power - s.power(power)) / rate * x);
            let mut q = n_power / rate;
            if let Some(penalty) = penalty {
                q = q + two * penalty;
            }
            let cut = if epoch.has("l1") {
                let l1 = epoch.number("l1");
                z.smaller(l1).greater(-l1)
            } else {
                epoch.constant(0.0)
            };
            ((cut - z) / q, [n, z])
        })
    }
}
