//! Schedules that change at listed epochs.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    Block, Convention, Course, Curve, DefaultValue, Defaults, Description, Domain, Rate, Setting,
};
use Convention::{Keras, Optax, PyTorch, Textbook};
use DefaultValue::{Absent, Number, Required};

/// Decay by a factor at given epochs.
pub(super) struct MultiStep;

impl Curve for MultiStep {
    const DESCRIPTION: &'static Description = &Description {
        name: "multi_step",
        title: "steps at milestones",
        about: "Decays by a factor at each of the given epochs.",
        conventions: &[PyTorch],
        settings: &[
            Setting::new(
                "milestones",
                Domain::Epochs,
                Defaults::All(Required),
                "the first epoch of each lower learning rate",
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
        rules: &[(&[PyTorch], "η·γⁿ, with n the number of milestones ≤ k")],
        sources: &["torch.optim.lr_scheduler.MultiStepLR"],
    };

    fn record<N: Block>(course: &Course<'_, N>) -> Rate<N> {
        let gamma = course.number("gamma");
        let milestones = course.schedule.outline.list("milestones").iter();
        let rate = milestones.fold(course.learning_rate, |rate, milestone| {
            let is_before = course.epoch.is_below(course.constant(milestone.wide()));
            is_before.choose(rate, rate * gamma)
        });
        rate.into()
    }
}

/// Given learning rates between given epochs.
pub(super) struct Piecewise;

impl Curve for Piecewise {
    const DESCRIPTION: &'static Description = &Description {
        name: "piecewise",
        title: "piecewise constant",
        about: "A separate learning rate up to each of the given epochs and after the last. With values the learning rate of the optimizer is not used.",
        conventions: &[Keras, Optax, PyTorch, Textbook],
        settings: &[
            Setting::new(
                "boundaries",
                Domain::Epochs,
                Defaults::All(Required),
                "b₁, b₂, …: the epochs where the learning rate changes",
            ),
            Setting::new(
                "values",
                Domain::Rates,
                Defaults::All(Absent),
                "v₀, v₁, …: the learning rates, one more than the boundaries",
            ),
            Setting::new(
                "scales",
                Domain::Rates,
                Defaults::By(&[(Optax, Absent)]),
                "s₁, s₂, …: a factor for each boundary, instead of values",
            ),
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[
            (
                &[Keras],
                "v₀ for k ≤ b₁, vᵢ for bᵢ < k ≤ bᵢ₊₁: at a boundary the previous learning rate",
            ),
            (
                &[Optax],
                "\
values     v₀ for k < b₁, vᵢ for bᵢ ≤ k < bᵢ₊₁: at a boundary the next learning rate
scales     η·s₁·…·sᵢ for bᵢ ≤ k < bᵢ₊₁",
            ),
            (
                &[PyTorch, Textbook],
                "v₀ for k < b₁, vᵢ for bᵢ ≤ k < bᵢ₊₁: at a boundary the next learning rate",
            ),
        ],
        sources: &[
            "keras.optimizers.schedules.PiecewiseConstantDecay",
            "optax.piecewise_constant_schedule",
        ],
    };

    fn record<N: Block>(course: &Course<'_, N>) -> Rate<N> {
        let outline = &course.schedule.outline;
        let number = |number: &crate::number::Number| course.constant(number.wide());
        let boundaries = outline.list("boundaries").iter().map(number);
        let is_next = |boundary: N| match course.convention() {
            Keras => boundary.is_below(course.epoch),
            _ => boundary.constant(1.0) - course.epoch.is_below(boundary),
        };
        let rate = match outline.list("values") {
            [first, values @ ..] => {
                let pieces = boundaries.zip(values.iter().map(number));
                pieces.fold(number(first), |rate, (boundary, value)| {
                    is_next(boundary).choose(value, rate)
                })
            }
            [] => {
                let pieces = boundaries.zip(outline.list("scales").iter().map(number));
                pieces.fold(course.learning_rate, |rate, (boundary, scale)| {
                    is_next(boundary).choose(rate * scale, rate)
                })
            }
        };
        rate.into()
    }
}
