//! Cosine schedules.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    ArrayExt, Convention, Course, Curve, DefaultValue, Description, Domain, EPOCHS, Rate, Schedule,
    Setting, floor,
};
use crate::optimizer::Initial;
use Convention::{Keras, Optax, PyTorch};
use DefaultValue::Number;
use gradtape_tape::{Array, Op};

const SGDR: &str =
    "Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017";

const END: Setting = Setting::new("end", Domain::NotNegative)
    .by(&[(PyTorch, Number(0.0))])
    .about("E, the learning rate at the end (eta_min)");

const ALPHA: Setting = Setting::new("alpha", Domain::NotNegative)
    .by(&[(Keras, Number(0.0)), (Optax, Number(0.0))])
    .about("α, the learning rate at the end as a share of the first");

const EXPONENT: Setting = Setting::new("exponent", Domain::Positive)
    .by(&[(Optax, Number(1.0))])
    .about("p, the exponent of the wave");

/// Decay along half a cosine wave.
pub(super) struct Cosine;

impl Curve for Cosine {
    const DESCRIPTION: &'static Description = &Description {
        name: "cosine",
        title: "cosine",
        about: "Decays along half a cosine wave, slowly at the start and at the end. After the end the learning rate stays constant; in PyTorch's convention it rises again.",
        conventions: &[PyTorch, Keras, Optax],
        settings: &[
            EPOCHS.about(
                "T, the number of epochs to the end (T_max, decay_steps); in optax it \
                 includes the warm-up",
            ),
            END,
            ALPHA,
            EXPONENT,
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[
            (&[PyTorch], "E + (η − E)·(1 + cos(π·k/T))/2"),
            (
                &[Keras],
                "η·((1 − α)·½(1 + cos(π·c/T)) + α) with c = min(k, T)",
            ),
            (
                &[Optax],
                "η·((1 − α)·(½(1 + cos(π·c/T)))^p + α) with c = min(k, T)",
            ),
        ],
        sources: &[
            SGDR,
            "torch.optim.lr_scheduler.CosineAnnealingLR",
            "keras.optimizers.schedules.CosineDecay",
            "optax.cosine_decay_schedule, optax.warmup_cosine_decay_schedule",
        ],
    };

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let (rate, one, half) = (
            course.learning_rate,
            course.constant(1.0),
            course.constant(0.5),
        );
        let mut length = course.epochs();
        if course.convention() == PyTorch {
            let end = course.number(END);
            let wave = one + course.cosine(course.epoch, length);
            return (end + (rate - end) * wave / course.constant(2.0)).into();
        }
        if let (Optax, true, Some(warmup)) =
            (course.convention(), course.has(EPOCHS), course.warmup)
        {
            length = length - warmup;
        }
        let epoch = course.epoch.smaller(length);
        let mut wave = half * (one + course.cosine(epoch, length));
        if let Some(exponent) = course.optional(EXPONENT) {
            wave = wave.power(exponent);
        }
        let alpha = course.number(ALPHA);
        (rate * ((one - alpha) * wave + alpha)).into()
    }
}

const FIRST_EPOCHS: Setting = Setting::new("first_epochs", Domain::Count)
    .about("T, the number of epochs to the first restart (T_0, first_decay_steps, decay_steps)");

const T_MUL: Setting = Setting::new("t_mul", Domain::AtLeastOne)
    .by(&[
        (PyTorch, Number(1.0)),
        (Keras, Number(2.0)),
        (Optax, Number(1.0)),
    ])
    .about("the length of each wave as a multiple of the previous one (T_mult)");

const M_MUL: Setting = Setting::new("m_mul", Domain::Positive)
    .by(&[(Keras, Number(1.0))])
    .about("m, the height of each wave as a multiple of the previous one");

/// Repeated decay along half a cosine wave.
pub(super) struct CosineRestarts;

impl Curve for CosineRestarts {
    const DESCRIPTION: &'static Description = &Description {
        name: "cosine_restarts",
        title: "cosine with warm restarts",
        about: "Decays along half a cosine wave, then restarts from the top; each wave can be longer than the previous one.",
        conventions: &[PyTorch, Keras, Optax],
        settings: &[
            FIRST_EPOCHS,
            T_MUL,
            M_MUL,
            END.by(&[(PyTorch, Number(0.0)), (Optax, Number(0.0))])
                .about("E, the learning rate at the end of a wave (eta_min, end_value)"),
            ALPHA
                .by(&[(Keras, Number(0.0))])
                .about("α, the learning rate at the end of a wave as a share of the first"),
            WARMUP,
            WARMUP_FACTOR,
            WARMUP_START,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
E + (η − E)·(1 + cos(π·c/L))/2, c = 0, 1, … in a wave of L epochs
L          T, then t_mul times that, …",
            ),
            (
                &[Optax],
                "η·((1 − E/η)·½(1 + cos(π·c/L)) + E/η), c and L as in PyTorch",
            ),
            (
                &[Keras],
                "\
η·((1 − α)·½·mⁱ·(1 + cos(π·f)) + α), f is the passed share of wave i; with q = k/T
t_mul = 1  i = ⌊q⌋, f = q − i
t_mul > 1  i = ⌊ln(1 − q·(1 − t_mul))/ln t_mul⌋, f = (q − (1 − t_mulⁱ)/(1 − t_mul))/t_mulⁱ",
            ),
        ],
        sources: &[
            SGDR,
            "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
            "keras.optimizers.schedules.CosineDecayRestarts",
            "optax.sgdr_schedule, with waves each t_mul times as long as the previous one, without end",
        ],
    };

    fn memory(schedule: &Schedule) -> Vec<Initial> {
        // How much of the current wave has passed, and its length. Keras recomputes both by a
        // logarithm.
        match schedule.outline.convention {
            Keras => Vec::new(),
            _ => vec![Initial::Number(0.0), Initial::Schedule(FIRST_EPOCHS)],
        }
    }

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        let (rate, one) = (course.learning_rate, course.constant(1.0));
        let times = course.number(T_MUL);
        if let [passed, length] = *course.memory {
            let end = course.number(END);
            let wave = one + course.cosine(passed, length);
            let next = passed + one;
            let goes_on = next.is_below(length);
            let learning_rate = if course.convention() == Optax {
                let alpha = end / rate;
                rate * ((one - alpha) * (course.constant(0.5) * wave) + alpha)
            } else {
                end + (rate - end) * wave / course.constant(2.0)
            };
            return Rate {
                learning_rate,
                momentum: None,
                memory: vec![
                    goes_on.choose(next, next - length),
                    goes_on.choose(length, length * times),
                ],
            };
        }
        let ln = |x: Array<'g>| Array::apply(Op::Ln, &[x]);
        let share = course.epoch / course.number(FIRST_EPOCHS);
        let is_even = Array::apply(Op::Equal, &[times, one]);
        let waves = ln(one - share * (one - times)) / ln(times);
        // Where all waves are equally long, both are 0/0.
        let waves = floor(is_even.choose(share, waves));
        let longer = times.power(waves);
        let before = (one - longer) / (one - times);
        let passed = is_even.choose(share - waves, (share - before) / longer);
        let mut height = course.constant(0.5);
        if let Some(factor) = course.optional(M_MUL) {
            height = height * factor.power(waves);
        }
        let wave = height * (one + course.cosine(passed, one));
        let alpha = course.number(ALPHA);
        (rate * ((one - alpha) * wave + alpha)).into()
    }
}
