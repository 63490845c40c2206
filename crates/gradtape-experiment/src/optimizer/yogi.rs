//! Adam with an average of squares that changes by bounded amounts.

use super::prelude::*;

/// Adam with an average of squares that changes by bounded amounts.
pub(super) struct Yogi;

/// The initial value of both averages in optax.
const FIRST: Initial = Initial::Number(1e-6);

impl UpdateRule for Yogi {
    const DESCRIPTION: &'static Description = &Description {
        name: "yogi",
        title: "Yogi",
        about: "Adam whose average of squares rises or falls by a share of the newest square, so that small gradients after large ones do not lengthen steps at once.",
        conventions: &[Optax],
        settings: &[REQUIRED_RATE, BETA1, BETA2, EPSILON.all(Number(1e-3))],
        rules: &[(
            &[Optax],
            "\
m ← (1 − β₁)·g + β₁·m, at first 10⁻⁶
v ← v − (1 − β₂)·sign(v − g²)·g², at first 10⁻⁶
x ← x − η·m/(1 − β₁ᵗ)/(√(v/(1 − β₂ᵗ)) + ε)",
        )],
        sources: &["Zaheer et al., Adaptive methods for nonconvex optimization, NeurIPS 2018"],
    };

    fn memory(_: Rule) -> Memory {
        Memory::slots(&[FIRST, FIRST]).and(POWERS)
    }

    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g> {
        let averages = Averages::of(epoch);
        let Averages { first, second } = averages;
        let update = epoch.each(|e| {
            let m = first.next(e.memory[0], e.g);
            let (v, square) = (e.memory[1], e.g.square());
            let v = v - second.rest * (v - square).signum() * square;
            let direction =
                first.corrected(m) / (second.corrected(v).root() + epoch.number(EPSILON));
            (e.x - epoch.learning_rate * direction, [m, v])
        });
        averages.remembered(update)
    }
}
