//! Schedules that change at listed epochs.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    ArrayExt, Convention, Course, Curve, DefaultValue, Description, Domain, Rate, Setting,
};
use Convention::{Keras, Optax, PyTorch, Textbook};
use DefaultValue::{Absent, Number};
use gradtape_tape::Array;

const MILESTONES: Setting =
    Setting::new("milestones", Domain::Epochs).about("the first epoch of each lower learning rate");

const GAMMA: Setting = Setting::new("gamma", Domain::Positive)
    .all(Number(0.1))
    .about("γ, the factor");

/// Decay by a factor at given epochs.
pub(super) struct MultiStep;

impl Curve for MultiStep {
    const DESCRIPTION: &'static Description = &Description {
        name: "multi_step",
        title: "steps at milestones",
        about: "Decays by a factor at each of the given epochs.",
        conventions: &[PyTorch],
        settings: &[MILESTONES, GAMMA, WARMUP, WARMUP_FACTOR, WARMUP_START],
        rules: &[(&[PyTorch], "η·γⁿ, with n the number of milestones ≤ k")],
        sources: &["torch.optim.lr_scheduler.MultiStepLR"],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let gamma = course.number(GAMMA);
        let milestones = course.schedule.outline.list(MILESTONES).iter();
        let rate = milestones.fold(course.learning_rate, |rate, milestone| {
            let is_before = course.epoch.is_below(course.constant(milestone.wide()));
            is_before.choose(rate, rate * gamma)
        });
        rate.into()
    }
}

pub(crate) const BOUNDARIES: Setting = Setting::new("boundaries", Domain::Epochs)
    .about("b₁, b₂, …: the epochs where the learning rate changes");

pub(crate) const VALUES: Setting = Setting::new("values", Domain::Rates)
    .all(Absent)
    .about("v₀, v₁, …: the learning rates, one more than the boundaries");

pub(crate) const SCALES: Setting = Setting::new("scales", Domain::Rates)
    .by(&[(Optax, Absent)])
    .about("s₁, s₂, …: a factor for each boundary, instead of values");

/// Given learning rates between given epochs.
pub(super) struct Piecewise;

impl Curve for Piecewise {
    const DESCRIPTION: &'static Description = &Description {
        name: "piecewise",
        title: "piecewise constant",
        about: "A separate learning rate up to each of the given epochs and after the last. With values the learning rate of the optimizer is not used.",
        conventions: &[Keras, Optax, PyTorch, Textbook],
        settings: &[
            BOUNDARIES, VALUES, SCALES, WARMUP, WARMUP_FACTOR, WARMUP_START,
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

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let outline = &course.schedule.outline;
        let number = |number: &crate::number::Number| course.constant(number.wide());
        let boundaries = outline.list(BOUNDARIES).iter().map(number);
        let is_next = |boundary: Array<'g>| match course.convention() {
            Keras => boundary.is_below(course.epoch),
            _ => boundary.constant(1.0) - course.epoch.is_below(boundary),
        };
        let rate = match outline.list(VALUES) {
            [first, values @ ..] => {
                let pieces = boundaries.zip(values.iter().map(number));
                pieces.fold(number(first), |rate, (boundary, value)| {
                    is_next(boundary).choose(value, rate)
                })
            }
            [] => {
                let pieces = boundaries.zip(outline.list(SCALES).iter().map(number));
                pieces.fold(course.learning_rate, |rate, (boundary, scale)| {
                    is_next(boundary).choose(rate * scale, rate)
                })
            }
        };
        rate.into()
    }
}
