//! What is known about a run that ended: its result, its facts, and what they are made from.

use std::cell::OnceCell;

use super::curvature::{FLAT, Model};
use super::diagnoser::Diagnoser;
use super::fit::{self, Fit, epochs};
use super::history::{RunHistory, Sample};
use super::outcome::{self, RunEnd};
use super::precision_limits::PrecisionLimits;
use super::run_facts::{Facts, Floor};
use super::run_setup::RunSetup;
use super::trend::milestones;
use crate::batch::{End, RunResult};
use crate::ending::{Outcome, Status, is_within_reach};
use crate::plan::{Plan, Run};
use gradtape_tape::Subnormals;

/// Maximum relative difference between the logarithms of two rates that agree.
const AGREE: f64 = 0.02;

/// What is known about a run that ended.
pub(crate) struct Evidence<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) setup: &'a RunSetup,
    pub(crate) history: &'a RunHistory,
    pub(crate) result: RunResult,
    pub(crate) facts: Facts,
    pub(crate) fit: Option<Fit>,
    /// The eigenvalues of the Hessian, in ascending order.
    pub(crate) curvatures: Vec<f64>,
    /// Whether the quadratic model has its stationary point as near as a known minimum must be.
    pub(crate) is_near: bool,
    /// Whether no parameter moves in the last states.
    pub(crate) is_motionless: bool,
    pub(crate) limits: PrecisionLimits,
}

impl<'a> Evidence<'a> {
    pub(crate) fn new(
        diagnoser: &Diagnoser,
        plan: &'a Plan,
        setup: &'a RunSetup,
        history: &'a RunHistory,
        (run, end): (Run, &End),
    ) -> Self {
        let objective = &plan.objectives[setup.objective];
        let limits = PrecisionLimits::of(setup.precision);
        let point: Vec<f64> = end.parameters.iter().map(|x| x.to_f64()).collect();
        let size = libm::sqrt(point.iter().map(|x| x * x).sum());
        let model = OnceCell::new();
        let at_end = || {
            model
                .get_or_init(|| diagnoser.model(plan, setup, &point))
                .as_ref()
        };
        let outcome = outcome::outcome(RunEnd {
            end,
            limits,
            is_at_minimiser: objective.is_at_minimiser(&end.parameters),
            is_at_value: objective.is_at_minimum(end.quantities.loss()),
            has_minimisers: objective.minimisers().next().is_some(),
            size,
            model: at_end,
        });
        let result = RunResult::new(plan, run, end, outcome);
        let fit = fit::of_gradient(moving(&history.samples(), history, &result, limits));
        let model = match (diagnoser.curves(setup.number), result.is_diverged()) {
            (false, _) => Model::default(),
            (true, false) => at_end().cloned().unwrap_or_default(),
            (true, true) => diagnoser.model_of(plan, setup, &result).unwrap_or_default(),
        };
        let closing = end.closing.as_ref();
        let tail = closing.and_then(|closing| closing.tail.as_ref());
        let mut facts = Facts {
            earlier_loss: closing.map(|closing| milestones(&closing.losses)[1]),
            tail_low: tail.map(|tail| tail.losses[0]),
            tail_high: tail.map(|tail| tail.losses[1]),
            measured_rate: fit.map(|fit| fit.rate()),
            measured_over: fit.map(|fit| (fit.from, fit.to)),
            zero_loss_from: history.zero_since,
            certain_from: certain_from(history, &result),
            turns: history.oscillation().map(|(_, turns)| turns),
            ..Facts::default()
        };
        model.add_to(&mut facts, setup.theory, &result);
        let is_at_floor = match result.outcome {
            Outcome::PrecisionFloor => true,
            Outcome::StationaryPoint | Outcome::KnownMinimum => result.status == Status::FixedPoint,
            _ => false,
        };
        if is_at_floor && let Some((floor, epoch)) = floor(setup, history, &result, limits) {
            (facts.floor, facts.floor_epoch) = (Some(floor), Some(epoch));
        }
        let distance = facts.model_distance;
        Evidence {
            plan,
            setup,
            history,
            result,
            facts,
            fit,
            curvatures: model.curvatures,
            is_near: distance.is_some_and(|distance| is_within_reach(distance, size)),
            is_motionless: tail.is_some_and(|tail| tail.motion == 0.0),
            limits,
        }
    }

    /// Whether the Hessian has a negative eigenvalue that is not rounding.
    pub(crate) fn is_saddle(&self) -> bool {
        match (self.facts.least_curvature, self.facts.greatest_curvature) {
            (Some(least), Some(greatest)) => least < -FLAT * greatest.max(-least).max(1e-300),
            _ => false,
        }
    }

    /// The factor per epoch of the gradient norm since divergence was inevitable.
    pub(crate) fn growth(&self) -> Option<f64> {
        self.facts.certain_from?;
        let (first, last) = (self.history.growing_since, self.history.last()?);
        let grown = libm::log(last.gradient / first.gradient);
        Some(libm::exp(grown / epochs(last.epoch - first.epoch)))
    }

    /// The last gradient norms if they shrink faster than linearly: if the last steps doubled
    /// the correct digits, as Newton's method does.
    pub(crate) fn faster_than_linear(&self) -> Option<[f64; 3]> {
        let [middle, first] = self.history.before;
        let (first, middle, last) = (first?, middle?, self.history.last()?);
        let are_neighbours =
            last.epoch == middle.epoch + 1 && middle.epoch == first.epoch + 1 && self.fit.is_none();
        let shrink = |from: f64, to: f64| libm::log(from / to);
        let before = shrink(first.gradient, middle.gradient);
        let after = shrink(middle.gradient, last.gradient);
        let is_fast = before > 1.0 && after > 1.5 * before;
        (are_neighbours && is_fast).then_some([first, middle, last].map(|one| one.gradient))
    }

    /// The number of epochs until the gradient norm is a tenth.
    pub(crate) fn epochs_to_a_tenth(&self) -> Option<u64> {
        let fit = self.fit.filter(|fit| fit.slope < 0.0)?;
        // A schedule changes the pace in the next epochs.
        if self.result.outcome != Outcome::Improving || self.setup.is_scheduled {
            return None;
        }
        let more = (std::f64::consts::LN_10 / -fit.slope).ceil();
        let is_sensible = more > 1.0 && more < 1e15;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was just compared"
        )]
        is_sensible.then_some(more as u64)
    }

    /// The curvature whose factor is the measured one: that of the slowest direction, or
    /// another one where the start has no component along the slowest.
    pub(crate) fn agreement(&self) -> Option<f64> {
        let (fit, theory) = (self.fit?, self.setup.theory?);
        let agrees = |curvature: &f64| {
            let with = libm::log(theory.factor(*curvature));
            (fit.slope - with).abs() <= AGREE.max(2.0 * fit.error) * with.abs()
        };
        let all = self.curvatures.iter().copied();
        let slowest = all.clone().reduce(|most, one| {
            if theory.factor(one) > theory.factor(most) {
                one
            } else {
                most
            }
        });
        let mut others = all.filter(|one| *one != 0.0);
        slowest.filter(agrees).or_else(|| others.find(agrees))
    }
}

/// The samples up to the last change, without gradients that have lost digits near the smallest
/// normal number.
fn moving<'s>(
    samples: &'s [Sample],
    history: &RunHistory,
    result: &RunResult,
    limits: PrecisionLimits,
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

/// The recorded epoch from which the gradient of a diverged run grew up to the end.
fn certain_from(history: &RunHistory, result: &RunResult) -> Option<u64> {
    let is_seen = history.growing_rows >= 2;
    (result.is_diverged() && is_seen).then_some(history.growing_since.epoch)
}

/// How the precision ended the descent, and the epoch from which it did.
fn floor(
    setup: &RunSetup,
    history: &RunHistory,
    result: &RunResult,
    limits: PrecisionLimits,
) -> Option<(Floor, u64)> {
    let last = history.last()?;
    if result.status == Status::FixedPoint {
        let since = result.status_epoch;
        let gradient = result.quantities.gradient_norm().to_f64();
        if gradient == 0.0 {
            return Some((Floor::ZeroGradient, since));
        }
        let Some(theory) = setup.theory else {
            return Some((Floor::Rounding, since));
        };
        let step = theory.rate * gradient;
        let floor = match setup.subnormals {
            Subnormals::Flush if step < limits.least_normal => Floor::Flushed,
            Subnormals::Keep if step <= limits.least => Floor::Underflow,
            _ => Floor::Rounding,
        };
        return Some((floor, since));
    }
    if result.status != Status::EpochLimit || history.is_halted() {
        return None;
    }
    if let Some(since) = history.zero_since.filter(|since| *since < last.epoch) {
        return Some((Floor::Loss, since));
    }
    let same = last.epoch.saturating_sub(history.loss_same_since);
    (history.rows >= 20 && same >= last.epoch / 10)
        .then_some((Floor::Loss, history.loss_same_since))
}
