//! Schedules that decay by factors.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    ArrayExt, Convention, Course, Curve, DefaultValue, Description, Domain, Rate, Setting, floor,
};
use Convention::{Keras, Optax, PyTorch};
use DefaultValue::{Absent, Number, Required, Switch};
use gradtape_tape::Array;

const STEP_SIZE: Setting = Setting::new("step_size", Domain::Count)
    .about("S, the number of epochs from one step to the next");

const GAMMA: Setting = Setting::new("gamma", Domain::Positive)
    .all(Number(0.1))
    .about("γ, the factor");

/// Decay by a factor every few epochs.
pub(super) struct Step;

impl Curve for Step {
    const DESCRIPTION: &'static Description = &Description {
        name: "step",
        title: "steps",
        about: "Decays by a factor every few epochs.",
        conventions: &[PyTorch],
        settings: &[STEP_SIZE, GAMMA, WARMUP, WARMUP_FACTOR, WARMUP_START],
        rules: &[(&[PyTorch], "η·γ^⌊k/S⌋")],
        sources: &["torch.optim.lr_scheduler.StepLR"],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let steps = floor(course.epoch / course.number(STEP_SIZE));
        (course.learning_rate * course.number(GAMMA).power(steps)).into()
    }
}

const DECAY_RATE: Setting =
    Setting::new("decay_rate", Domain::Positive).about("γ, the factor (gamma)");

const DECAY_STEPS: Setting = Setting::new("decay_steps", Domain::Count)
    .by(&[(Keras, Required), (Optax, Required)])
    .about(
        "S, the number of epochs in which the learning rate decays by the factor \
         (transition_steps)",
    );

const STAIRCASE: Setting = Setting::new("staircase", Domain::Switch)
    .by(&[(Keras, Switch(false)), (Optax, Switch(false))])
    .about("decay only after every S epochs");

const BEGIN: Setting = Setting::new("begin", Domain::Whole)
    .by(&[(Optax, Number(0.0))])
    .about("B, the epoch in which the decay begins (transition_begin)");

const END: Setting = Setting::new("end", Domain::Positive)
    .by(&[(Optax, Absent)])
    .about("E, the limit of the learning rate (end_value)");

/// Decay by the same factor in every epoch.
pub(super) struct Exponential;

impl Curve for Exponential {
    const DESCRIPTION: &'static Description = &Description {
        name: "exponential",
        title: "exponential decay",
        about: "Decays by the same factor in every epoch, or every few epochs.",
        conventions: &[PyTorch, Keras, Optax],
        settings: &[
            DECAY_RATE, DECAY_STEPS, STAIRCASE, BEGIN, END, WARMUP, WARMUP_FACTOR, WARMUP_START,
        ],
        rules: &[
            (&[PyTorch], "η·γ^k"),
            (&[Keras], "η·γ^(k/S), with staircase η·γ^⌊k/S⌋"),
            (
                &[Optax],
                "\
η·γ^(c/S) with c = k − B where that is above 0, else η; with staircase ⌊c/S⌋
end        not below E if γ < 1, else not above",
            ),
        ],
        sources: &[
            "torch.optim.lr_scheduler.ExponentialLR",
            "keras.optimizers.schedules.ExponentialDecay",
            "optax.exponential_decay",
        ],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let (rate, factor) = (course.learning_rate, course.number(DECAY_RATE));
        if course.convention() == PyTorch {
            return (rate * factor.power(course.epoch)).into();
        }
        let begin = course.optional(BEGIN);
        let epoch = course.epoch - begin.unwrap_or_else(|| course.constant(0.0));
        let decayed = rate * factor.power(parts(course, epoch));
        if course.convention() == Keras {
            return decayed.into();
        }
        let has_begun = course.constant(0.0).is_below(epoch);
        let decayed = has_begun.choose(decayed, rate);
        let Some(end) = course.optional(END) else {
            return decayed.into();
        };
        let falls = factor.is_below(course.constant(1.0));
        falls
            .choose(decayed.greater(end), decayed.smaller(end))
            .into()
    }
}

/// The number of times that `decay_steps` have passed.
fn parts<'g>(course: &Course<'_, 'g>, epoch: Array<'g>) -> Array<'g> {
    let parts = epoch / course.number(DECAY_STEPS);
    if course.has(STAIRCASE) {
        floor(parts)
    } else {
        parts
    }
}

/// Decay as one over the number of epochs.
pub(super) struct InverseTime;

impl Curve for InverseTime {
    const DESCRIPTION: &'static Description = &Description {
        name: "inverse_time",
        title: "inverse time decay",
        about: "Decays as one over the number of epochs: fast at first, then more and more slowly.",
        conventions: &[Keras],
        settings: &[
            Setting::new("decay_rate", Domain::NotNegative)
                .about("r, the amount that is added to the divisor"),
            DECAY_STEPS.about("S, the number of epochs in which r is added"),
            STAIRCASE,
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[(&[Keras], "η/(1 + r·k/S), with staircase η/(1 + r·⌊k/S⌋)")],
        sources: &["keras.optimizers.schedules.InverseTimeDecay"],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let parts = parts(course, course.epoch);
        let divisor = course.constant(1.0) + course.number(DECAY_RATE) * parts;
        (course.learning_rate / divisor).into()
    }
}
