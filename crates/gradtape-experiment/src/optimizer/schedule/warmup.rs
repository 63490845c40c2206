//! The warm-up before any schedule.

use super::{ArrayExt, Convention, Course, DefaultValue, Domain, Rate, Setting};
use Convention::{Keras, Optax, PyTorch, Textbook};
use DefaultValue::{Absent, Number};
use gradtape_tape::Array;

/// The number of epochs in which the learning rate rises.
pub(crate) const WARMUP: Setting = Setting::new("warmup", Domain::Whole)
    .all(Absent)
    .about("W, the number of epochs at the start in which the learning rate rises linearly");

/// The first learning rate, as a share.
pub(super) const WARMUP_FACTOR: Setting = Setting::new("warmup_factor", Domain::Unit)
    .by(&[(PyTorch, Number(1.0 / 3.0))])
    .about(
        "the first learning rate of a warm-up as a share of its last (LinearLR \
         in a SequentialLR)",
    );

/// The first learning rate.
pub(super) const WARMUP_START: Setting = Setting::new("warmup_start", Domain::NotNegative)
    .by(&[
        (Keras, Number(0.0)),
        (Optax, Number(0.0)),
        (Textbook, Number(0.0)),
    ])
    .about("the first learning rate of a warm-up");

/// Puts the warm-up before the learning rate of a curve. `epoch` counts from the start of the
/// run.
pub(super) fn before<'g>(course: &Course<'_, 'g>, epoch: Array<'g>, curve: &Rate<'g>) -> Rate<'g> {
    let kind = course.schedule.outline.kind;
    let length = course.warmup.unwrap_or(epoch);
    // During the warm-up the curve is at its first epoch.
    let to = if kind.starts_elsewhere() || course.schedule.outline.gives_rates() {
        curve.learning_rate
    } else {
        course.learning_rate
    };
    let one = course.constant(1.0);
    let from = course.optional(WARMUP_START);
    let from = from.unwrap_or_else(|| course.constant(0.0));
    let rising = match course.convention() {
        PyTorch => {
            let from = course.number(WARMUP_FACTOR);
            to * (from + (one - from) * epoch / length)
        }
        Optax => (from - to) * (one - epoch / length) + to,
        Keras | Textbook => (to - from) * (epoch / length) + from,
    };
    let is_warm = epoch.is_below(length);
    let memory = curve.memory.iter().zip(course.memory);
    Rate {
        learning_rate: is_warm.choose(rising, curve.learning_rate),
        momentum: curve.momentum,
        memory: memory
            .map(|(new, old)| is_warm.choose(*old, *new))
            .collect(),
    }
}
