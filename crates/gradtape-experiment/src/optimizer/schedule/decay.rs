//! Schedules that decay by factors.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    Block, Convention, Course, Curve, DefaultValue, Defaults, Description, Domain, Rate, Setting,
    floor,
};
use Convention::{Keras, Optax, PyTorch};
use DefaultValue::{Absent, Number, Required, Switch};

/// Decay by a factor every few epochs.
pub(super) struct Step;

impl Curve for Step {
    const DESCRIPTION: &'static Description = &Description {
        name: "step",
        title: "steps",
        about: "Decays by a factor every few epochs.",
        conventions: &[PyTorch],
        settings: &[
            Setting::new(
                "step_size",
                Domain::Count,
                Defaults::All(Required),
                "S, the number of epochs from one step to the next",
            ),
            Setting::new(
                "gamma",
                Domain::Positive,
                Defaults::All(Number(0.1)),
                "γ, the factor",
            ),
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[(&[PyTorch], "η·γ^⌊k/S⌋")],
        sources: &["torch.optim.lr_scheduler.StepLR"],
    };

    fn record<N: Block>(course: &Course<'_, N>) -> Rate<N> {
        let steps = floor(course.epoch / course.number("step_size"));
        (course.learning_rate * course.number("gamma").power(steps)).into()
    }
}

/// Decay by the same factor in every epoch.
pub(super) struct Exponential;

impl Curve for Exponential {
    const DESCRIPTION: &'static Description = &Description {
        name: "exponential",
        title: "exponential decay",
        about: "Decays by the same factor in every epoch, or every few epochs.",
        conventions: &[PyTorch, Keras, Optax],
        settings: &[
            Setting::new(
                "decay_rate",
                Domain::Positive,
                Defaults::All(Required),
                "γ, the factor (gamma)",
            ),
            Setting::new(
                "decay_steps",
                Domain::Count,
                Defaults::By(&[(Keras, Required), (Optax, Required)]),
                "S, the number of epochs in which the learning rate decays by the factor (transition_steps)",
            ),
            Setting::new(
                "staircase",
                Domain::Switch,
                Defaults::By(&[(Keras, Switch(false)), (Optax, Switch(false))]),
                "decay only after every S epochs",
            ),
            Setting::new(
                "begin",
                Domain::Whole,
                Defaults::By(&[(Optax, Number(0.0))]),
                "B, the epoch in which the decay begins (transition_begin)",
            ),
            Setting::new(
                "end",
                Domain::Positive,
                Defaults::By(&[(Optax, Absent)]),
                "E, the limit of the learning rate (end_value)",
            ),
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
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

    fn record<N: Block>(course: &Course<'_, N>) -> Rate<N> {
        let (rate, factor) = (course.learning_rate, course.number("decay_rate"));
        if course.convention() == PyTorch {
            return (rate * factor.power(course.epoch)).into();
        }
        let epoch = course.epoch - course.number("begin");
        let decayed = rate * factor.power(parts(course, epoch));
        if course.convention() == Keras {
            return decayed.into();
        }
        let has_begun = course.constant(0.0).is_below(epoch);
        let decayed = has_begun.choose(decayed, rate);
        if !course.has("end") {
            return decayed.into();
        }
        let end = course.number("end");
        let falls = factor.is_below(course.constant(1.0));
        falls
            .choose(decayed.greater(end), decayed.smaller(end))
            .into()
    }
}

/// The number of times that `decay_steps` have passed.
fn parts<N: Block>(course: &Course<'_, N>, epoch: N) -> N {
    let parts = epoch / course.number("decay_steps");
    if course.has("staircase") {
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
            Setting::new(
                "decay_rate",
                Domain::NotNegative,
                Defaults::All(Required),
                "r, the amount that is added to the divisor",
            ),
            Setting::new(
                "decay_steps",
                Domain::Count,
                Defaults::All(Required),
                "S, the number of epochs in which r is added",
            ),
            Setting::new(
                "staircase",
                Domain::Switch,
                Defaults::All(Switch(false)),
                "decay only after every S epochs",
            ),
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[(&[Keras], "η/(1 + r·k/S), with staircase η/(1 + r·⌊k/S⌋)")],
        sources: &["keras.optimizers.schedules.InverseTimeDecay"],
    };

    fn record<N: Block>(course: &Course<'_, N>) -> Rate<N> {
        let parts = parts(course, course.epoch);
        let divisor = course.constant(1.0) + course.number("decay_rate") * parts;
        (course.learning_rate / divisor).into()
    }
}
