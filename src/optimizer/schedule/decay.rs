//! Schedules that fall by factors.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    Block, Convention, Course, Curve, DefaultValue, Defaults, Description, Domain, Rate, Setting,
    floor,
};
use Convention::{Keras, Optax, PyTorch};
use DefaultValue::{Absent, Number, Required, Switch};

/// Down by a factor every few epochs.
pub(super) struct Step;

impl Curve for Step {
    const DESCRIPTION: &'static Description = &Description {
        name: "step",
        title: "steps",
        about: "Down by a factor every few epochs.",
        conventions: &[PyTorch],
        settings: &[
            Setting::new(
                "step_size",
                Domain::Count,
                Defaults::All(Required),
                "S, the epochs from one step to the next",
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

/// Down by the same factor in every epoch.
pub(super) struct Exponential;

impl Curve for Exponential {
    const DESCRIPTION: &'static Description = &Description {
        name: "exponential",
        title: "exponential decay",
        about: "Down by the same factor in every epoch, or every few epochs.",
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
                "S, the epochs in which the rate falls by the factor (transition_steps)",
            ),
            Setting::new(
                "staircase",
                Domain::Switch,
                Defaults::By(&[(Keras, Switch(false)), (Optax, Switch(false))]),
                "fall at the end of these epochs only",
            ),
            Setting::new(
                "begin",
                Domain::Whole,
                Defaults::By(&[(Optax, Number(0.0))]),
                "B, the epoch in which it begins (transition_begin)",
            ),
            Setting::new(
                "end",
                Domain::Positive,
                Defaults::By(&[(Optax, Absent)]),
                "E, the rate beyond which it does not go (end_value)",
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

/// How often `decay_steps` have passed.
fn parts<N: Block>(course: &Course<'_, N>, epoch: N) -> N {
    let parts = epoch / course.number("decay_steps");
    if course.has("staircase") {
        floor(parts)
    } else {
        parts
    }
}

/// Down as one over the epochs.
pub(super) struct InverseTime;

impl Curve for InverseTime {
    const DESCRIPTION: &'static Description = &Description {
        name: "inverse_time",
        title: "inverse time decay",
        about: "Down as one over the epochs: fast at first, then ever slower.",
        conventions: &[Keras],
        settings: &[
            Setting::new(
                "decay_rate",
                Domain::NotNegative,
                Defaults::All(Required),
                "r, how much is added to the divisor",
            ),
            Setting::new(
                "decay_steps",
                Domain::Count,
                Defaults::All(Required),
                "S, the epochs in which it is added",
            ),
            Setting::new(
                "staircase",
                Domain::Switch,
                Defaults::All(Switch(false)),
                "fall at the end of these epochs only",
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
