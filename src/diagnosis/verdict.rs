//! From what was seen of a run to what is known about it.

use super::facts::{Behaviour, Facts, Floor};
use super::fit::{self, Fit, epochs};
use super::history::{History, Sample};
use super::sentence::{self, Case};
use super::theory::Theory;
use super::{Diagnoser, Subject, Verdict};
use crate::autodiff::Subnormals;
use crate::batch::RunResult;
use crate::number::Precision;
use crate::plan::Plan;

/// A gradient is small below this share of the greatest.
pub(super) const SMALL: f64 = 1e-3;

/// A parameter oscillates when it turns back in so many rows in a row.
const TURNS: u64 = 8;

/// Eigenvalues below this share of the greatest magnitude are zero but for rounding.
const FLAT: f64 = 1e-10;

/// The numbers of a precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The spacing of numbers at 1.
    pub(super) epsilon: f64,
    pub(super) least_normal: f64,
    pub(super) least: f64,
}

impl Limits {
    pub(super) fn of(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Limits {
                epsilon: f64::from(f32::EPSILON),
                least_normal: f64::from(f32::MIN_POSITIVE),
                least: f64::from(f32::from_bits(1)),
            },
            Precision::F64 => Limits {
                epsilon: f64::EPSILON,
                least_normal: f64::MIN_POSITIVE,
                least: f64::from_bits(1),
            },
        }
    }
}

/// The verdict about a run.
pub(super) fn verdict(
    plan: &Plan,
    diagnoser: &Diagnoser,
    subject: &Subject,
    history: &History,
    result: &RunResult,
) -> Verdict {
    let limits = Limits::of(subject.precision);
    let samples = history.samples();
    let moving = moving(&samples, history, result, limits);
    let fit = fit::of_gradient(moving);
    let curvature = if diagnoser.curves(subject.number) {
        curvature(plan, diagnoser, subject, result)
    } else {
        Vec::new()
    };
    let mut facts = Facts {
        measured_rate: fit.map(|fit| fit.rate()),
        measured_over: fit.map(|fit| (fit.from, fit.to)),
        zero_loss_from: history.zero_since,
        certain_from: certain_from(history, result),
        turns: turning(history).map(|(_, turns)| turns),
        ..Facts::default()
    };
    add_curvature(&mut facts, subject.theory, &curvature, result);
    if let Some((floor, epoch)) = floor(subject, history, result, &facts, moving, limits) {
        (facts.floor, facts.floor_epoch) = (Some(floor), Some(epoch));
    }
    facts.behaviour = behaviour(history, result, &facts, fit, moving);
    let case = Case {
        plan,
        subject,
        history,
        result,
        facts: &facts,
        fit,
        curvature: &curvature,
        limits,
    };
    Verdict {
        run: result.number,
        label: result.label.clone(),
        sentence: sentence::sentence(&case),
        facts,
    }
}

/// The samples up to the last change, without gradients that have lost digits to the least
/// normal number.
fn moving<'s>(
    samples: &'s [Sample],
    history: &History,
    result: &RunResult,
    limits: Limits,
) -> &'s [Sample] {
    let last = if result.status == "fixed point" {
        result.status_epoch
    } else {
        history.same_since
    };
    let end = samples.partition_point(|sample| sample.epoch <= last);
    let samples = &samples[..end];
    let least = limits.least_normal / limits.epsilon;
    let is_exact = |sample: &Sample| sample.gradient >= least;
    // A floor of the gradient is found by where it stays, so only the end is cut off.
    let end = samples.iter().rposition(is_exact).map_or(0, |at| at + 1);
    &samples[..end]
}

/// The eigenvalues of the Hessian where the run ended, or where the loss of one that
/// diverged was least; none where they are not known.
pub(super) fn curvature(
    plan: &Plan,
    diagnoser: &Diagnoser,
    subject: &Subject,
    result: &RunResult,
) -> Vec<f64> {
    let values = if result.is_diverged() {
        &result.best_parameters
    } else {
        &result.parameters
    };
    // Results have a place for each parameter of the plan.
    let places = plan.places(subject.objective).iter().zip(values);
    let mut point = vec![
        f64::NAN;
        plan.objectives[subject.objective]
            .function
            .parameters()
            .len()
    ];
    for (place, value) in places {
        if let (Some(place), Some(value)) = (place, value) {
            point[*place] = value.to_f64();
        }
    }
    let curvatures = &diagnoser.curvatures;
    let values = curvatures.at(plan, subject.objective, &subject.constants, &point);
    values.unwrap_or_default()
}

/// What theory makes of the curvature.
pub(super) fn add_curvature(
    facts: &mut Facts,
    theory: Option<Theory>,
    curvature: &[f64],
    result: &RunResult,
) {
    let (Some(least), Some(greatest)) = (curvature.first(), curvature.last()) else {
        return;
    };
    let (least, greatest) = (*least, *greatest);
    facts.least_curvature = Some(least);
    facts.greatest_curvature = Some(greatest);
    facts.curvature_epoch = Some(if result.is_diverged() {
        result.best_epoch
    } else {
        result.epochs_run
    });
    let is_convex = least > FLAT * greatest;
    facts.condition = is_convex.then(|| greatest / least);
    let Some(theory) = theory else { return };
    if greatest > 0.0 {
        facts.stability_bound = Some(theory.bound(greatest));
    }
    if is_convex {
        facts.best_rate = theory.best(least, greatest);
        let factors = curvature.iter().map(|one| theory.factor(*one));
        facts.predicted_rate = Some(factors.fold(0.0, f64::max));
    }
}

/// From which recorded epoch on the gradient of a run that diverged grew up to the end.
fn certain_from(history: &History, result: &RunResult) -> Option<u64> {
    let is_seen = history.growing_rows >= 2;
    (result.is_diverged() && is_seen).then_some(history.growing_since.epoch)
}

fn turning(history: &History) -> Option<(usize, u64)> {
    history.turning().filter(|(_, turns)| *turns >= TURNS)
}

/// Where the precision ended the descent, and from which epoch on.
fn floor(
    subject: &Subject,
    history: &History,
    result: &RunResult,
    facts: &Facts,
    moving: &[Sample],
    limits: Limits,
) -> Option<(Floor, u64)> {
    let last = history.last()?;
    if result.is_diverged() {
        return None;
    }
    if result.status == "fixed point" {
        let since = result.status_epoch;
        let gradient = result.gradient_norm.to_f64();
        if gradient == 0.0 {
            return Some((Floor::ZeroGradient, since));
        }
        if subject.is_search {
            return Some((Floor::NoBetterPoint, since));
        }
        let Some(theory) = subject.theory else {
            return Some((Floor::Rounding, since));
        };
        let step = theory.rate * gradient;
        let floor = match subject.subnormals {
            Subnormals::Flush if step < limits.least_normal => Floor::Flushed,
            Subnormals::Keep if step <= limits.least => Floor::Underflow,
            _ => Floor::Rounding,
        };
        return Some((floor, since));
    }
    if is_halted(history) {
        return None;
    }
    if let Some(since) = history.zero_since.filter(|since| *since < last.epoch) {
        return Some((Floor::Loss, since));
    }
    let same = last.epoch.saturating_sub(history.loss_same_since);
    let is_small = last.gradient <= SMALL * history.greatest_gradient;
    if history.rows >= 20 && same > 0 && same >= last.epoch / 10 && is_small {
        return Some((Floor::Loss, history.loss_same_since));
    }
    // By how much a gradient moves when every parameter moves by its rounding.
    let parameters = result.parameters.iter().flatten();
    let size = parameters.fold(0.0_f64, |most, one| most.max(one.to_f64().abs()));
    let noise = facts.greatest_curvature? * size * limits.epsilon;
    let is_noise = |sample: &Sample| sample.gradient <= 4.0 * noise;
    let quiet = moving.iter().rev().take_while(|sample| is_noise(sample));
    let quiet = quiet.count();
    let first = moving.get(moving.len().checked_sub(quiet)?)?;
    (quiet >= 5).then_some((Floor::Gradient, first.epoch))
}

/// Whether nothing changes in the last rows of a run, a tenth of its epochs at least, though
/// it has not come to a fixed point: a schedule has let its learning rate vanish.
fn is_halted(history: &History) -> bool {
    let last = history.last().map_or(0, |last| last.epoch);
    let same = last - history.same_since.min(last);
    history.rows >= 20 && same > 0 && same >= last / 10
}

fn behaviour(
    history: &History,
    result: &RunResult,
    facts: &Facts,
    fit: Option<Fit>,
    moving: &[Sample],
) -> Behaviour {
    if result.is_diverged() {
        return Behaviour::Diverged;
    }
    let gradient = result.gradient_norm.to_f64();
    let is_small = gradient <= SMALL * history.greatest_gradient;
    let is_saddle = match (facts.least_curvature, facts.greatest_curvature) {
        (Some(least), Some(greatest)) => least < -FLAT * greatest.max(-least).max(1e-300),
        _ => false,
    };
    if is_saddle && is_small {
        return Behaviour::AtSaddle;
    }
    if result.status == "converged" {
        return Behaviour::Converged;
    }
    if facts.floor.is_some() {
        return Behaviour::AtFloor;
    }
    if is_halted(history) {
        return Behaviour::Halted;
    }
    if let Some(fit) = fit {
        // A gradient that changes by less than a hundredth in all does neither.
        let change = fit.slope * epochs(fit.to - fit.from);
        if change <= -0.01 {
            return Behaviour::Shrinking;
        }
        if change >= 0.01 {
            return Behaviour::Growing;
        }
    }
    if is_small && facts.condition.is_some() {
        return Behaviour::NearMinimum;
    }
    stays(history, facts, is_small, moving)
}

/// What a run does whose gradient does not change by one factor an epoch.
fn stays(history: &History, facts: &Facts, is_small: bool, moving: &[Sample]) -> Behaviour {
    let (Some(first), Some(last)) = (moving.first(), moving.last()) else {
        return Behaviour::Undecided;
    };
    let middle = first.epoch + (last.epoch - first.epoch) / 2;
    let half = &moving[moving.partition_point(|sample| sample.epoch < middle)..];
    if half.len() < TURNS as usize {
        return Behaviour::Undecided;
    }
    let greatest = half.iter().map(|one| one.gradient).fold(0.0, f64::max);
    let least = half.iter().map(|one| one.gradient).fold(greatest, f64::min);
    let (front, back) = half.split_at(half.len() / 2);
    let mean = |part: &[Sample]| {
        let sum: f64 = part.iter().map(|one| one.gradient).sum();
        sum / epochs(part.len() as u64)
    };
    let trend = mean(back) / mean(front);
    let is_level = (0.8..1.25).contains(&trend);
    let fall = half[0].loss - last.loss;
    let is_flat = fall.abs() <= 0.01 * half[0].loss.abs();
    if is_level && facts.turns.is_some() {
        Behaviour::Oscillating
    } else if is_level && is_flat && greatest <= 1.5 * least && !is_small {
        Behaviour::OnPlateau
    } else if is_level && greatest > 1.5 * least && history.loss_rises > 0 {
        Behaviour::Wandering
    } else {
        Behaviour::Undecided
    }
}
