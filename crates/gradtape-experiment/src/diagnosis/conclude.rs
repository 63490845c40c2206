//! The conclusion of a run: its result and its diagnosis, from its end and its history.

use std::cell::OnceCell;

use super::curvature::Model;
use super::facts::{Facts, Floor};
use super::fit;
use super::history::{History, Sample};
use super::sentence::{self, Case};
use super::theory::Theory;
use super::{Concluded, Diagnoser, RunDiagnosis, Subject, outcome};
use crate::batch::{End, RunResult};
use crate::ending::{Outcome, Status, is_within_reach};
use crate::number::Precision;
use crate::plan::{Plan, Quantity, Run};
use gradtape_tape::Subnormals;

/// A parameter oscillates when it changes direction in at least this many consecutive rows.
const TURNS: u64 = 8;

/// Eigenvalues below this share of the largest magnitude are zero up to rounding.
pub(super) const FLAT: f64 = 1e-10;

/// The limits of a precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The spacing of numbers at 1.
    pub(super) epsilon: f64,
    pub(super) least_normal: f64,
    pub(super) least: f64,
    /// Squares of numbers above this are not finite.
    pub(super) greatest_squared: f64,
}

impl Limits {
    pub(super) fn of(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Limits {
                epsilon: f64::from(f32::EPSILON),
                least_normal: f64::from(f32::MIN_POSITIVE),
                least: f64::from(f32::from_bits(1)),
                greatest_squared: f64::from(f32::MAX).sqrt(),
            },
            Precision::F64 => Limits {
                epsilon: f64::EPSILON,
                least_normal: f64::MIN_POSITIVE,
                least: f64::from_bits(1),
                greatest_squared: f64::MAX.sqrt(),
            },
        }
    }
}

/// A run, its end and its history.
#[derive(Clone, Copy)]
pub(super) struct Ended<'a> {
    pub(super) plan: &'a Plan,
    pub(super) subject: &'a Subject,
    pub(super) history: &'a History,
    pub(super) end: &'a End,
}

/// The result of a run and its diagnosis.
pub(super) fn conclude(diagnoser: &Diagnoser, ended: &Ended<'_>, run: Run) -> Concluded {
    let Ended {
        plan,
        subject,
        history,
        end,
    } = *ended;
    let objective = &plan.objectives[subject.objective];
    let limits = Limits::of(subject.precision);
    let point: Vec<f64> = end.parameters.iter().map(|x| x.to_f64()).collect();
    let model = OnceCell::new();
    let at_end = || {
        model
            .get_or_init(|| diagnoser.model(plan, subject, &point))
            .as_ref()
    };
    let size = libm::sqrt(point.iter().map(|x| x * x).sum());
    let outcome = outcome::outcome(outcome::Case {
        end,
        limits,
        is_at_minimiser: objective.is_at_minimiser(&end.parameters),
        is_at_value: objective.is_at_minimum(end.quantities.loss()),
        has_minimisers: objective.minimisers().next().is_some(),
        size,
        model: at_end,
    });
    let result = RunResult::new(plan, run, end, outcome);
    let samples = history.samples();
    let moving = moving(&samples, history, &result, limits);
    let fit = fit::of_gradient(moving);
    let model = match (diagnoser.curves(subject.number), result.is_diverged()) {
        (false, _) => None,
        (true, false) => at_end().cloned(),
        (true, true) => diagnoser.model_of(plan, subject, &result),
    };
    let model = model.unwrap_or_default();
    let closing = end.closing.as_ref();
    let milestones = closing.map(|closing| outcome::milestones(&closing.losses));
    let tail = closing.and_then(|closing| closing.tail.as_ref());
    let mut facts = Facts {
        earlier_loss: milestones.map(|[_, fifth, _]| fifth),
        tail_low: tail.map(|tail| tail.losses[0]),
        tail_high: tail.map(|tail| tail.losses[1]),
        measured_rate: fit.map(|fit| fit.rate()),
        measured_over: fit.map(|fit| (fit.from, fit.to)),
        zero_loss_from: history.zero_since,
        certain_from: certain_from(history, &result),
        turns: turning(history).map(|(_, turns)| turns),
        ..Facts::default()
    };
    add_curvature(&mut facts, subject.theory, &model, &result);
    let is_at_floor = match result.outcome {
        Outcome::PrecisionFloor => true,
        Outcome::StationaryPoint | Outcome::KnownMinimum => result.status == Status::FixedPoint,
        _ => false,
    };
    if is_at_floor && let Some((floor, epoch)) = floor(ended, &result, limits) {
        (facts.floor, facts.floor_epoch) = (Some(floor), Some(epoch));
    }
    let case = Case {
        plan,
        subject,
        history,
        result: &result,
        facts: &facts,
        fit,
        curvature: &model.curvatures,
        is_near: (facts.model_distance).is_some_and(|distance| is_within_reach(distance, size)),
        is_motionless: tail.is_some_and(|tail| tail.motion == 0.0),
        limits,
    };
    let diagnosis = RunDiagnosis {
        run: result.number,
        label: result.label.clone(),
        sentence: sentence::sentence(&case),
        facts,
    };
    Concluded { result, diagnosis }
}

/// The samples up to the last change, without gradients that have lost digits near the smallest
/// normal number.
fn moving<'s>(
    samples: &'s [Sample],
    history: &History,
    result: &RunResult,
    limits: Limits,
) -> &'s [Sample] {
    let last = match result.status {
        Status::FixedPoint | Status::NoFurtherStep => result.status_epoch,
        _ => history.same_since,
    };
    let end = samples.partition_point(|sample| sample.epoch <= last);
    let samples = &samples[..end];
    let least = limits.least_normal / limits.epsilon;
    let is_exact = |sample: &Sample| sample.gradient >= least;
    // A floor of the gradient shows where it stays, so only the end is cut off.
    let end = samples.iter().rposition(is_exact).map_or(0, |at| at + 1);
    &samples[..end]
}

/// Adds the curvature and its consequences in theory to the facts.
pub(super) fn add_curvature(
    facts: &mut Facts,
    theory: Option<Theory>,
    model: &Model,
    result: &RunResult,
) {
    let curvature = &model.curvatures;
    let (Some(least), Some(greatest)) = (curvature.first(), curvature.last()) else {
        return;
    };
    if !result.is_diverged() {
        facts.model_decrease = Some(model.decrease());
        facts.model_distance = Some(model.distance());
    }
    let (least, greatest) = (*least, *greatest);
    facts.least_curvature = Some(least);
    facts.greatest_curvature = Some(greatest);
    facts.curvature_epoch = Some(if result.is_diverged() {
        result.quantities.count(Quantity::BestEpoch)
    } else {
        result.quantities.epochs_run()
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

/// The recorded epoch from which the gradient of a diverged run grew up to the end.
fn certain_from(history: &History, result: &RunResult) -> Option<u64> {
    let is_seen = history.growing_rows >= 2;
    (result.is_diverged() && is_seen).then_some(history.growing_since.epoch)
}

fn turning(history: &History) -> Option<(usize, u64)> {
    history.turning().filter(|(_, turns)| *turns >= TURNS)
}

/// How the precision ended the descent, and the epoch from which it did.
fn floor(ended: &Ended<'_>, result: &RunResult, limits: Limits) -> Option<(Floor, u64)> {
    let Ended {
        subject, history, ..
    } = *ended;
    let last = history.last()?;
    if result.status == Status::FixedPoint {
        let since = result.status_epoch;
        let gradient = result.quantities.gradient_norm().to_f64();
        if gradient == 0.0 {
            return Some((Floor::ZeroGradient, since));
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
    if result.status != Status::EpochLimit || is_halted(history) {
        return None;
    }
    if let Some(since) = history.zero_since.filter(|since| *since < last.epoch) {
        return Some((Floor::Loss, since));
    }
    let same = last.epoch.saturating_sub(history.loss_same_since);
    (history.rows >= 20 && same >= last.epoch / 10)
        .then_some((Floor::Loss, history.loss_same_since))
}

/// Whether nothing changes in the last rows of a run, at least a tenth of its epochs, although
/// it is not at a fixed point: a schedule has made its learning rate vanish.
pub(super) fn is_halted(history: &History) -> bool {
    let last = history.last().map_or(0, |last| last.epoch);
    let same = last - history.same_since.min(last);
    history.rows >= 20 && same > 0 && same >= last / 10
}
