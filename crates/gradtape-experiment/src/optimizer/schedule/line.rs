//! Constant, linear and polynomial schedules.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    ArrayExt, Convention, Course, Curve, DefaultValue, Description, Domain, EPOCHS, Rate, Setting,
};
use Convention::{Keras, Optax, PyTorch, Textbook};
use DefaultValue::{Number, Required, RunEpochs, Switch};
use gradtape_tape::{Array, Op};

const FACTOR: Setting = Setting::new("factor", Domain::Positive)
    .by(&[(PyTorch, Number(1.0))])
    .about(
        "f, the factor on the learning rate in the first epochs (ConstantLR of \
         PyTorch, where the default is 1/3)",
    );

/// The same learning rate in every epoch.
pub(super) struct Constant;

impl Curve for Constant {
    const DESCRIPTION: &'static Description = &Description {
        name: "constant",
        title: "constant",
        about: "The same learning rate in every epoch; in PyTorch's convention a multiple of it in the first few, if a factor is given.",
        conventions: &[PyTorch, Keras, Optax, Textbook],
        settings: &[
            FACTOR,
            Setting::new("epochs", Domain::Whole)
                .by(&[(PyTorch, Number(5.0))])
                .about("T, the number of epochs with the factor (total_iters)"),
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[
            (&[PyTorch], "f·η for k < T, then η"),
            (&[Keras, Optax, Textbook], "η"),
        ],
        sources: &["torch.optim.lr_scheduler.ConstantLR"],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let rate = course.learning_rate;
        if course.convention() != PyTorch {
            return rate.into();
        }
        let is_first = course.epoch.is_below(course.number(EPOCHS));
        is_first.choose(rate * course.number(FACTOR), rate).into()
    }
}

const START_FACTOR: Setting = Setting::new("start_factor", Domain::Positive)
    .by(&[(PyTorch, Number(1.0 / 3.0))])
    .about("s, the factor on the learning rate at the start");

const END_FACTOR: Setting = Setting::new("end_factor", Domain::NotNegative)
    .by(&[(PyTorch, Number(1.0))])
    .about("e, the factor on the learning rate at the end");

const END: Setting = Setting::new("end", Domain::NotNegative)
    .by(&[(Optax, Required)])
    .about("E, the learning rate at the end (end_value)");

const BEGIN: Setting = Setting::new("begin", Domain::Whole)
    .by(&[(Optax, Number(0.0))])
    .about("B, the epoch in which the change begins (transition_begin)");

/// A straight line from one learning rate to another.
pub(super) struct Linear;

impl Curve for Linear {
    const DESCRIPTION: &'static Description = &Description {
        name: "linear",
        title: "linear",
        about: "Follows a straight line from one learning rate to another, then stays constant.",
        conventions: &[PyTorch, Optax],
        settings: &[
            EPOCHS
                .by(&[(PyTorch, Number(5.0)), (Optax, RunEpochs)])
                .about("T, the number of epochs to the end (total_iters, transition_steps)"),
            START_FACTOR,
            END_FACTOR,
            END,
            BEGIN,
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[
            (&[PyTorch], "η·(s + (e − s)·min(k, T)/T)"),
            (
                &[Optax],
                "(η − E)·(1 − c/T) + E with c = k − B, from 0 to T",
            ),
        ],
        sources: &["torch.optim.lr_scheduler.LinearLR", "optax.linear_schedule"],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let (rate, length) = (course.learning_rate, course.epochs());
        if course.convention() == Optax {
            let end = course.number(END);
            return ((rate - end) * left(course, length) + end).into();
        }
        let epoch = course.epoch.smaller(length);
        let (start, end) = (course.number(START_FACTOR), course.number(END_FACTOR));
        (rate * (start + (end - start) * epoch / length)).into()
    }
}

/// The remaining share of the epochs in optax.
fn left<'g>(course: &Course<'_, 'g>, length: Array<'g>) -> Array<'g> {
    let epoch = course.epoch - course.number(BEGIN);
    let epoch = epoch.greater(course.constant(0.0)).smaller(length);
    course.constant(1.0) - epoch / length
}

const POWER: Setting = Setting::new("power", Domain::Positive)
    .by(&[
        (PyTorch, Number(1.0)),
        (Keras, Number(1.0)),
        (Optax, Required),
    ])
    .about("p, the exponent; 1 is a straight line");

const CYCLE: Setting = Setting::new("cycle", Domain::Switch)
    .by(&[(Keras, Switch(false))])
    .about("restart, with slower decay, at each multiple of T");

/// Decay as a power of the remaining epochs.
pub(super) struct Polynomial;

impl Curve for Polynomial {
    const DESCRIPTION: &'static Description = &Description {
        name: "polynomial",
        title: "polynomial",
        about: "Decays as a power of the remaining epochs to an end, then stays constant.",
        conventions: &[PyTorch, Keras, Optax],
        settings: &[
            EPOCHS
                .by(&[
                    (PyTorch, Number(5.0)),
                    (Keras, RunEpochs),
                    (Optax, RunEpochs),
                ])
                .about(
                    "T, the number of epochs to the end (total_iters, decay_steps, \
                     transition_steps)",
                ),
            POWER,
            END.by(&[(Keras, Number(1e-4)), (Optax, Required)])
                .about("E, the learning rate at the end (end_learning_rate, end_value)"),
            CYCLE,
            BEGIN,
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[
            (&[PyTorch], "η·(1 − min(k, T)/T)^p"),
            (
                &[Keras],
                "\
(η − E)·(1 − min(k, T)/T)^p + E
cycle      (η − E)·(1 − k/S)^p + E with S = T·⌈k/T⌉, in the first epoch T",
            ),
            (
                &[Optax],
                "(η − E)·(1 − c/T)^p + E with c = k − B, from 0 to T",
            ),
        ],
        sources: &[
            "torch.optim.lr_scheduler.PolynomialLR",
            "keras.optimizers.schedules.PolynomialDecay",
            "optax.polynomial_schedule",
        ],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let (rate, length, power) = (course.learning_rate, course.epochs(), course.number(POWER));
        let one = course.constant(1.0);
        if course.convention() == Optax {
            let end = course.number(END);
            return ((rate - end) * left(course, length).power(power) + end).into();
        }
        let share = if course.has(CYCLE) {
            let cycles = Array::apply(Op::Ceil, &[(course.epoch / length)]);
            // In the first epoch there would be no cycle yet.
            course.epoch / (length * cycles.greater(one))
        } else {
            course.epoch.smaller(length) / length
        };
        let shape = (one - share).power(power);
        if course.convention() == PyTorch {
            return (rate * shape).into();
        }
        let end = course.number(END);
        ((rate - end) * shape + end).into()
    }
}
