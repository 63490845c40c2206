//! A schedule that depends on the loss.

use super::warmup::{WARMUP, WARMUP_FACTOR, WARMUP_START};
use super::{
    ArrayExt, Convention, Course, Curve, DefaultValue, Description, Domain, Rate, Schedule, Setting,
};
use crate::optimizer::{Initial, LEARNING_RATE};
use Convention::{Keras, Optax, PyTorch};
use DefaultValue::{Name, Number};
use gradtape_tape::{Array, Op};

const FACTOR: Setting = Setting::new("factor", Domain::Fraction)
    .all(Number(0.1))
    .about("γ, the factor");

const PATIENCE: Setting = Setting::new("patience", Domain::Whole)
    .all(Number(10.0))
    .about("P, the number of epochs to wait without an improvement");

pub(crate) const THRESHOLD: Setting = Setting::new("threshold", Domain::NotNegative)
    .all(Number(1e-4))
    .about("δ, the minimum improvement (Keras: min_delta, an amount; optax: rtol, a share)");

const THRESHOLD_MODE: Setting = Setting::new("threshold_mode", Domain::Choice(&["rel", "abs"]))
    .by(&[(PyTorch, Name("rel"))])
    .about("whether threshold is a share of the best loss or an amount");

pub(crate) const ATOL: Setting = Setting::new("atol", Domain::NotNegative)
    .by(&[(Optax, Number(0.0))])
    .about("a, an amount added to the minimum improvement");

const COOLDOWN: Setting = Setting::new("cooldown", Domain::Whole)
    .all(Number(0.0))
    .about("the number of epochs after a reduction that do not count");

const MIN_LEARNING_RATE: Setting = Setting::new("min_learning_rate", Domain::NotNegative)
    .by(&[(PyTorch, Number(0.0)), (Keras, Number(0.0))])
    .about("the minimum learning rate (min_lr)");

const MIN_SCALE: Setting = Setting::new("min_scale", Domain::NotNegative)
    .by(&[(Optax, Number(0.0))])
    .about("the minimum learning rate as a share of the first");

const EPSILON: Setting = Setting::new("epsilon", Domain::NotNegative)
    .by(&[(PyTorch, Number(1e-8))])
    .about("a reduction by at most this is skipped (eps)");

const ACCUMULATION_SIZE: Setting = Setting::new("accumulation_size", Domain::Count)
    .by(&[(Optax, Number(1.0))])
    .about("the number of losses whose mean counts as one");

/// Decay by a factor where the loss stops falling.
pub(super) struct Plateau;

impl Curve for Plateau {
    const DESCRIPTION: &'static Description = &Description {
        name: "plateau",
        title: "reduce on plateau",
        about: "Decays by a factor where the loss of the run has stopped falling. The learning rate of epoch k depends on the losses of the previous epochs, in optax also on that of epoch k.",
        conventions: &[PyTorch, Keras, Optax],
        settings: &[
            FACTOR, PATIENCE, THRESHOLD, THRESHOLD_MODE, ATOL, COOLDOWN, MIN_LEARNING_RATE,
            MIN_SCALE, EPSILON, ACCUMULATION_SIZE, WARMUP, WARMUP_FACTOR, WARMUP_START,
        ],
        rules: &[
            (
                &[PyTorch],
                "\
better     loss < best·(1 − δ), with threshold_mode abs loss < best − δ: best ← loss, bad ← 0
else       bad ← bad + 1; during cooldown bad ← 0
bad > P    η ← max(η·γ, min_learning_rate), bad ← 0, start cooldown",
            ),
            (
                &[Keras],
                "\
better     loss + δ < best: best ← loss, bad ← 0
else       bad ← bad + 1, except during cooldown
bad ≥ P    η ← max(η·γ, min_learning_rate), bad ← 0, start cooldown",
            ),
            (
                &[Optax],
                "\
better     loss < (1 − δ)·best − a: best ← loss, bad ← 0
else       bad ← bad + 1; during cooldown bad ← 0
bad = P    scale ← max(scale·γ, min_scale), bad ← 0, start cooldown
           the learning rate is η·scale",
            ),
        ],
        sources: &[
            "torch.optim.lr_scheduler.ReduceLROnPlateau, step(loss) after each update",
            "keras.callbacks.ReduceLROnPlateau",
            "optax.contrib.reduce_on_plateau",
        ],
    };

    fn memory(schedule: &Schedule) -> Vec<Initial> {
        let (zero, best) = (Initial::Number(0.0), Initial::Number(f64::INFINITY));
        match schedule.outline.convention {
            // The scale, then what is remembered of the losses.
            Optax => vec![Initial::Number(1.0), best, zero, zero, zero, zero],
            _ => vec![Initial::Setting(LEARNING_RATE), best, zero, zero],
        }
    }

    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g> {
        match (course.convention(), course.memory) {
            (Optax, [scale, best, bad, cooling, count, mean]) => {
                of_optax(course, [*scale, *best, *bad, *cooling], [*count, *mean])
            }
            (PyTorch, [rate, best, bad, cooling]) => {
                of_pytorch(course, [*rate, *best, *bad, *cooling])
            }
            (_, [rate, best, bad, cooling]) => of_keras(course, [*rate, *best, *bad, *cooling]),
            _ => course.learning_rate.into(),
        }
    }
}

/// 1 where `x` is at least `least`, else 0.
fn reaches<'g>(x: Array<'g>, least: Array<'g>) -> Array<'g> {
    Array::apply(Op::LessEqual, &[least, x])
}

/// 1 where `x` is 0, and 0 where it is 1.
fn not<'g>(x: Array<'g>) -> Array<'g> {
    x.constant(1.0) - x
}

fn of_pytorch<'g>(course: &Course<'_, 'g>, [rate, best, bad, cooling]: [Array<'g>; 4]) -> Rate<'g> {
    let (zero, one) = (course.constant(0.0), course.constant(1.0));
    let (loss, threshold) = (course.loss, course.number(THRESHOLD));
    let wanted = if course.is(THRESHOLD_MODE, "abs") {
        best - threshold
    } else {
        best * (one - threshold)
    };
    let is_better = loss.is_below(wanted);
    let bad = is_better.choose(zero, bad + one);
    let cools = zero.is_below(cooling);
    let bad = cools.choose(zero, bad);
    let cooling = cools.choose(cooling - one, cooling);
    let is_enough = course.number(PATIENCE).is_below(bad);
    let least = course.number(MIN_LEARNING_RATE);
    let lower = (rate * course.number(FACTOR)).greater(least);
    let counts = course.number(EPSILON).is_below(rate - lower);
    Rate {
        learning_rate: rate,
        momentum: None,
        memory: vec![
            (is_enough * counts).choose(lower, rate),
            is_better.choose(loss, best),
            is_enough.choose(zero, bad),
            is_enough.choose(course.number(COOLDOWN), cooling),
        ],
    }
}

fn of_keras<'g>(course: &Course<'_, 'g>, [rate, best, wait, cooling]: [Array<'g>; 4]) -> Rate<'g> {
    let (zero, one) = (course.constant(0.0), course.constant(1.0));
    let loss = course.loss;
    let cooled = zero.is_below(cooling);
    let wait = cooled.choose(zero, wait);
    let cooling = cooled.choose(cooling - one, cooling);
    let is_better = (loss + course.number(THRESHOLD)).is_below(best);
    // An epoch counts unless it is better or part of a cooldown.
    let counts = not(is_better) * not(zero.is_below(cooling));
    let waited = wait + one;
    let is_enough = counts * reaches(waited, course.number(PATIENCE));
    let least = course.number(MIN_LEARNING_RATE);
    let lowers = is_enough * least.is_below(rate);
    let lower = (rate * course.number(FACTOR)).greater(least);
    let wait = is_better.choose(zero, counts.choose(waited, wait));
    Rate {
        learning_rate: rate,
        momentum: None,
        memory: vec![
            lowers.choose(lower, rate),
            is_better.choose(loss, best),
            lowers.choose(zero, wait),
            lowers.choose(course.number(COOLDOWN), cooling),
        ],
    }
}

fn of_optax<'g>(
    course: &Course<'_, 'g>,
    [scale, best, bad, cooling]: [Array<'g>; 4],
    [count, mean]: [Array<'g>; 2],
) -> Rate<'g> {
    let (zero, one) = (course.constant(0.0), course.constant(1.0));
    let new_count = count + one;
    let mean = (count * mean + course.loss) / new_count;
    let is_full = Array::apply(Op::Equal, &[new_count, course.number(ACCUMULATION_SIZE)]);
    let share = one - course.number(THRESHOLD);
    let is_better = mean.is_below(share * best - course.number(ATOL));
    let counted = is_better.choose(zero, bad + one);
    let cools = zero.is_below(cooling);
    let is_enough = Array::apply(Op::Equal, &[counted, course.number(PATIENCE)]);
    let lower = is_enough.choose(scale * course.number(FACTOR), scale);
    let lower = lower.greater(course.number(MIN_SCALE));
    let new_scale = cools.choose(scale, lower);
    let new_bad = cools.choose(zero, is_enough.choose(zero, counted));
    let cooldown = is_enough.choose(course.number(COOLDOWN), zero);
    let new_cooling = cools.choose(cooling - one, cooldown);
    let new_scale = is_full.choose(new_scale, scale);
    Rate {
        learning_rate: course.learning_rate * new_scale,
        momentum: None,
        memory: vec![
            new_scale,
            is_full.choose(is_better.choose(mean, best), best),
            is_full.choose(new_bad, bad),
            is_full.choose(new_cooling, cooling),
            is_full.choose(zero, new_count),
            is_full.choose(zero, mean),
        ],
    }
}
