//! Rprop: steps whose length does not depend on the size of the gradient.

use super::prelude::*;
use gradtape_tape::Array;

/// Rprop.
pub(super) struct Rprop;

const ETA_MINUS: Setting = Setting::new("eta_minus", Domain::Fraction)
    .all(Number(0.5))
    .about("η₋, the factor on a step where the sign changed");

const ETA_PLUS: Setting = Setting::new("eta_plus", Domain::AboveOne)
    .all(Number(1.2))
    .about("η₊, the factor on a step where the sign stayed the same");

const MIN_STEP_SIZE: Setting = Setting::new("min_step_size", Domain::Positive)
    .all(Number(1e-6))
    .about("the minimum step");

const MAX_STEP_SIZE: Setting = Setting::new("max_step_size", Domain::Positive)
    .all(Number(50.0))
    .about("the maximum step");

impl UpdateRule for Rprop {
    const DESCRIPTION: &'static Description = &Description {
        name: "rprop",
        title: "Rprop (resilient backpropagation)",
        about: "Uses only the signs of the gradient: the step of a parameter grows while the sign \
            stays the same and shrinks when it changes. The learning rate is the first step, so \
            a schedule has no effect on later ones.",
        conventions: &[PyTorch, Optax],
        settings: &[
            LEARNING_RATE
                .by(&[(PyTorch, Number(1e-2)), (Optax, Required)])
                .about("η, the first step s of every parameter"),
            ETA_MINUS,
            ETA_PLUS,
            MIN_STEP_SIZE,
            MAX_STEP_SIZE,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
f ← η₊ where g·p > 0, η₋ where g·p < 0, else 1
s ← s·f, limited to the minimum and maximum step
g ← 0 where g·p < 0
x ← x − s·sign(g)
p ← g",
            ),
            (
                &[Optax],
                "\
f ← η₊ where g·p > 0, else η₋
s ← s·f, limited to the minimum and maximum step; unchanged where g·p = 0
d ← p, but 0 where g·p < 0
p ← s·sign(g), but 0 where g·p < 0
x ← x − d, the step found in the previous epoch",
            ),
        ],
        sources: &[
            "Riedmiller, Braun, A direct adaptive method for faster backpropagation learning: the RPROP algorithm, 1993",
        ],
    };

    fn memory(_: Rule) -> Memory {
        Memory::zeros(2)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let (minus, plus) = (epoch.number(ETA_MINUS), epoch.number(ETA_PLUS));
        let (least, greatest) = (epoch.number(MIN_STEP_SIZE), epoch.number(MAX_STEP_SIZE));
        let (zero, one) = (epoch.constant(0.0), epoch.constant(1.0));
        let within = |step: Array<'g>| step.greater(least).smaller(greatest);
        epoch.each(|e| {
            let [step, before] = e.memory;
            // Only the step before the first epoch is 0.
            let step = step.choose(step, epoch.learning_rate);
            let sign = e.g * before;
            let (stays, turns) = (zero.is_below(sign), sign.is_below(zero));
            if epoch.rule.convention() == PyTorch {
                let factor = stays.choose(plus, turns.choose(minus, one));
                let step = within(step * factor);
                let g = turns.choose(zero, e.g);
                (e.x - step * g.signum(), [step, g])
            } else {
                let changed = within(step * stays.choose(plus, minus));
                let step = sign.choose(changed, step);
                let found = turns.choose(zero, step * e.g.signum());
                (e.x - turns.choose(zero, before), [step, found])
            }
        })
    }
}
