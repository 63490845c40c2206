//! The outcome of a run.
//!
//! It does not depend on `[record]`, on the start, or on other runs, but on why the run
//! stopped, its final state, the quadratic model of the objective there, and the [`Closing`]
//! from the engine: the loss at 65 evenly spaced epochs, and the last states. The first
//! condition that holds gives the outcome:
//!
//! 1. The run diverged.
//! 2. The loss grows: its maxima over the second, the third and the last quarter of the run
//!    rise, and so do its means, by more than noise and not less and less; the last quarter
//!    brings at least a tenth of the rise since the best epoch.
//! 3. It is at the known minimum: at a minimiser; or at its value, where no minimiser is
//!    known or the model has a stationary point nearby.
//! 4. It does not move because squares of its gradient overflow: it diverged.
//! 5. It cannot move: at a stationary point if the gradient is zero or the model promises
//!    nothing that the loss could show; else at the precision floor.
//! 6. Its last states repeat: oscillating.
//! 7. It stopped by a rule for convergence and the model has a stationary point nearby: at a
//!    stationary point.
//! 8. The mean loss of the last eighth is below that of each of the three before, by more
//!    than rounding and noise, or swings die out: still improving. But at a stationary point
//!    if the model promises nothing that the loss could show, or less than a thousandth of
//!    what the last fifth of the run brought.
//! 9. The model promises nothing more: at a stationary point.
//! 10. Nothing but rounding moves: at the precision floor.
//! 11. Wandering.

use super::curvature::Model;
use super::fit::epochs;
use super::precision_limits::PrecisionLimits;
use super::trend::{MIN_LOSSES, dies_out, falls, greatest, has_slowed, milestones, noise_of_mean};
use crate::batch::{Closing, End, Rule, StopReason, mean, quarters, rounding_motion};
use crate::ending::{Outcome, is_within_reach};
use crate::optimizer::search::Rest;

/// A change of the loss by up to this many units in the last place is rounding.
const ROUNDING: f64 = 4.0;

/// A loss without change is too coarse to show a promised decrease of up to this many times
/// its rounding.
const COARSE: f64 = 64.0;

/// A run whose loss still falls has arrived if the model promises no more than this share of
/// what the last fifth of its epochs brought.
const ARRIVED: f64 = 1e-3;

/// The model is not asked for where the fall of the last fifth is a larger share than this of
/// the fall before: a fall that slows down evenly is far from arriving then.
const SLOWING: f64 = 1e-2;

/// A run grows if its last quarter brought at least this share of the whole rise since its
/// best epoch: a loss that drifts within bounds rises less.
const RISING: f64 = 0.1;

/// The input for an outcome.
pub(crate) struct RunEnd<'a, M> {
    pub(crate) end: &'a End,
    pub(crate) limits: PrecisionLimits,
    /// Whether the run ended at a known minimiser.
    pub(crate) is_at_minimiser: bool,
    /// Whether it ended at the value of the known minimum, and whether minimisers are known.
    pub(crate) is_at_value: bool,
    pub(crate) has_minimisers: bool,
    /// The norm of the final parameters.
    pub(crate) size: f64,
    /// The quadratic model at the end, if the objective has one. It is costly, so it is made
    /// on demand.
    pub(crate) model: M,
}

/// The outcome of a run.
pub(crate) fn outcome<'m, M: FnMut() -> Option<&'m Model>>(mut case: RunEnd<'_, M>) -> Outcome {
    let end = case.end;
    if let StopReason::Diverged { .. } = end.reason {
        return Outcome::Diverged;
    }
    let closing = end.closing.as_ref();
    if closing.is_some_and(|closing| case.grows(closing)) {
        return Outcome::Growing;
    }
    if case.is_at_known_minimum() {
        return Outcome::KnownMinimum;
    }
    if case.overflows() {
        return Outcome::Diverged;
    }
    match &end.reason {
        StopReason::NoFurtherStep {
            rest: Rest::SingularHessian,
            ..
        } if !case.is_flat() => Outcome::Improving,
        StopReason::FixedPoint { .. } | StopReason::NoFurtherStep { .. } => match case.is_flat() {
            true => Outcome::StationaryPoint,
            false => Outcome::PrecisionFloor,
        },
        StopReason::Converged { rule, .. } => case.converged(*rule),
        StopReason::WithinTolerance { .. } => case.converged(Rule::GradientNormBelow),
        StopReason::EpochLimit | StopReason::Diverged { .. } => {
            closing.map_or(Outcome::Wandering, |closing| case.moves(closing))
        }
    }
}

impl<'m, M: FnMut() -> Option<&'m Model>> RunEnd<'_, M> {
    /// The part of a loss that is rounding.
    fn rounding(&self, loss: f64) -> f64 {
        ROUNDING * self.limits.epsilon * loss.abs()
    }

    fn is_at_known_minimum(&mut self) -> bool {
        let gap_is_below = matches!(
            &self.end.reason,
            StopReason::Converged { rule: Rule::GapBelow, value, limit }
                if value.to_f64().abs() < limit.to_f64()
        );
        self.is_at_minimiser
            || gap_is_below
            || self.is_at_value && (!self.has_minimisers || self.is_near() == Some(true))
    }

    /// Whether the run does not move because sums of squares of its gradient are infinite:
    /// those in the memory of a rule, or in the norm that clips it.
    fn overflows(&self) -> bool {
        let end = self.end;
        let tail = end.closing.as_ref().and_then(|one| one.tail.as_ref());
        let is_still = match end.reason {
            StopReason::FixedPoint { .. } | StopReason::NoFurtherStep { .. } => true,
            _ => tail.is_some_and(|tail| tail.motion == 0.0),
        };
        let gradients = epochs(end.quantities.epochs_run() + 1).sqrt();
        is_still
            && end.quantities.gradient_norm().to_f64() * gradients > self.limits.greatest_squared
    }

    /// Whether the gradient is zero, or what the model promises is rounding of the loss.
    fn is_flat(&mut self) -> bool {
        self.end.quantities.gradient_norm().to_f64() == 0.0 || self.has_arrived(0.0)
    }

    /// Whether what the model promises is rounding of the loss, or little next to a recent
    /// fall.
    fn has_arrived(&mut self, fall: f64) -> bool {
        let least = self
            .rounding(self.end.quantities.loss().to_f64())
            .max(ARRIVED * fall);
        (self.model)().is_some_and(|model| model.decrease() <= least)
    }

    /// Whether the model has its stationary point as near as a known minimum must be; `None`
    /// without a model.
    fn is_near(&mut self) -> Option<bool> {
        Some(is_within_reach((self.model)()?.distance(), self.size))
    }

    /// Whether the loss grows.
    fn grows(&self, closing: &Closing) -> bool {
        let losses = &closing.losses;
        let Some(last) = losses.last() else {
            return false;
        };
        if losses.len() < MIN_LOSSES {
            let rounding = self.rounding(*last);
            let part = &losses[(losses.len() - 1) / 2..];
            let rises = part.len() > 1 && part.is_sorted_by(|one, next| *next > one + rounding);
            return rises && losses.iter().all(|loss| loss <= last);
        }
        let [_, parts @ ..] = quarters(losses);
        let noise = match parts[2].is_sorted_by(|one, next| one < next) {
            true => 0.0,
            false => noise_of_mean(parts[2]),
        };
        let [second, third, fourth] = parts.map(|part| (greatest(part), mean(part)));
        let best = self.end.quantities.best_loss().to_f64();
        let rises =
            |from: f64, to: f64| to - from > self.rounding(to) && to - from >= RISING * (to - best);
        // A loss that settles at a higher level rises less and less.
        let eighths = quarters(&losses[losses.len() / 2..]).map(mean);
        let slows = eighths[3] - eighths[2] < eighths[2] - eighths[1];
        let at_end = closing.tail.as_ref().map_or(*last, |tail| tail.losses[1]);
        !slows
            && rises(second.0, third.0)
            && rises(second.1, third.1)
            && rises(third.0, fourth.0)
            && rises(third.1, fourth.1)
            && fourth.1 - third.1 > noise
            && at_end > third.0
    }

    /// The outcome of a run that a rule stopped.
    fn converged(&mut self, rule: Rule) -> Outcome {
        let end = self.end;
        let closing = end.closing.as_ref();
        let tail = closing.and_then(|closing| closing.tail.as_ref());
        if tail.is_some_and(|tail| tail.period.is_some()) {
            return Outcome::Oscillating;
        }
        let is_near = self.is_near();
        let is_about_loss = matches!(rule, Rule::LossBelow | Rule::GapBelow);
        if is_near == Some(true) || is_near.is_none() && rule == Rule::GradientNormBelow {
            return Outcome::StationaryPoint;
        }
        match closing {
            _ if is_about_loss => Outcome::Improving,
            Some(closing) => match self.moves(closing) {
                Outcome::Improving if is_near.is_none() && has_slowed(&closing.losses) => {
                    Outcome::StationaryPoint
                }
                outcome => outcome,
            },
            // Its final loss is the smallest.
            None => Outcome::Improving,
        }
    }

    /// The outcome of a run that could continue.
    fn moves(&mut self, closing: &Closing) -> Outcome {
        let (end, tail) = (self.end, closing.tail.as_ref());
        let (loss, best) = (
            end.quantities.loss().to_f64(),
            end.quantities.best_loss().to_f64(),
        );
        let rounding = self.rounding(loss);
        if end.quantities.gradient_norm().to_f64() == 0.0 && loss == best {
            return Outcome::StationaryPoint;
        }
        if tail.is_some_and(|tail| tail.period.is_some()) {
            return Outcome::Oscillating;
        }
        if falls(closing, rounding) || dies_out(&closing.losses, best, rounding) {
            let [half, fifth, last] = milestones(&closing.losses);
            let fall = (fifth - last).max(0.0);
            let is_slowing = fall <= SLOWING * (half - fifth) || fall <= SLOWING * last.abs();
            return match is_slowing && self.has_arrived(fall) {
                true => Outcome::StationaryPoint,
                false => Outcome::Improving,
            };
        }
        if self.has_arrived(0.0) {
            return Outcome::StationaryPoint;
        }
        let Some(tail) = tail else {
            // Without an update only the gradient is known.
            return match closing.losses.len() {
                0 | 1 => Outcome::Improving,
                _ => Outcome::PrecisionFloor,
            };
        };
        let still = rounding_motion(self.limits.epsilon);
        if tail.motion <= still {
            return Outcome::PrecisionFloor;
        }
        let promise = (self.model)().map(Model::decrease);
        match promise {
            _ if tail.loss_motion > still => Outcome::Wandering,
            // The loss is too coarse to show the gain of the parameters.
            Some(promise) if promise > rounding && loss <= best + rounding => Outcome::Improving,
            Some(promise) if promise > COARSE * rounding => Outcome::Wandering,
            _ => Outcome::PrecisionFloor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Divergence, Quantities};
    use crate::number::{Precision, Scalar};
    use crate::optimizer::search::Rest;
    use crate::plan::Quantity;

    /// The outcome of a run that stopped for a reason, with a loss and a parameter for each
    /// of its epochs, and the slope and the curvature at its end, if they are known.
    fn stopped(
        reason: StopReason,
        epochs: u64,
        history: impl Fn(f64) -> (f64, f64),
        model: Option<(f64, f64)>,
        is_reached: bool,
    ) -> Outcome {
        let history: Vec<_> = (0..=epochs).map(|epoch| history(epoch as f64)).collect();
        let (loss, x) = history[history.len() - 1];
        let least = history
            .iter()
            .map(|(loss, _)| *loss)
            .fold(f64::INFINITY, f64::min);
        let best = history.iter().position(|(loss, _)| *loss == least);
        let scalars = |x: f64| vec![Scalar::F64(x)];
        let slope = model.map_or(1.0, |(slope, _)| slope.abs());
        let mut quantities = Quantities::of_rule(epochs);
        quantities.set_count(Quantity::EpochsRun, epochs);
        quantities.set(Quantity::Loss, Scalar::F64(loss));
        quantities.set(Quantity::GradientNorm, Scalar::F64(slope));
        quantities.set(Quantity::BestLoss, Scalar::F64(least));
        quantities.set_count(Quantity::BestEpoch, best.unwrap_or(0) as u64);
        let end = End {
            closing: (reason == StopReason::EpochLimit).then(|| Closing::of_history(&history)),
            reason,
            quantities,
            parameters: scalars(x),
            best_parameters: scalars(x),
        };
        let model = model.map(|(slope, curvature)| Model {
            curvatures: vec![curvature],
            slopes: vec![slope],
        });
        outcome(RunEnd {
            end: &end,
            limits: PrecisionLimits::of(Precision::F64),
            is_at_minimiser: is_reached,
            is_at_value: false,
            has_minimisers: true,
            size: x.abs(),
            model: || model.as_ref(),
        })
    }

    /// The outcome of a run of all its epochs that does not reach a known minimum.
    fn at_limit(
        epochs: u64,
        history: impl Fn(f64) -> (f64, f64),
        model: Option<(f64, f64)>,
    ) -> Outcome {
        stopped(StopReason::EpochLimit, epochs, history, model, false)
    }

    /// A descent on (λ/2)·x² + c that shrinks by a factor per epoch.
    fn bowl(factor: f64, rest: f64) -> impl Fn(f64) -> (f64, f64) {
        move |epoch| {
            let x = libm::pow(factor, epoch);
            (x * x / 2.0 + rest, x)
        }
    }

    /// The orbit of a map from 0.3, with x as the loss.
    fn orbit(map: impl Fn(f64) -> f64) -> impl Fn(f64) -> (f64, f64) {
        move |epoch| {
            let x = (0..epoch as u64).fold(0.3, |x, _| map(x));
            (x, x)
        }
    }

    #[test]
    fn a_fall_that_goes_on_is_still_improving() {
        for epochs in [4, 20, 100, 1000] {
            // The gradient has shrunk by a thousand since the start and the model has its
            // minimum nearby, and yet as much is still to come as the last fifth brought.
            let factor = libm::pow(1e-3, 1.0 / epochs as f64);
            let model = Some((1e-3, 1.0));
            let of = |rest, model| at_limit(epochs, bowl(factor, rest), model);
            assert_eq!(of(0.0, model), Outcome::Improving, "{epochs}");
            assert_eq!(of(7.0, model), Outcome::Improving, "{epochs}");
            assert_eq!(of(0.0, None), Outcome::Improving, "{epochs}");
            assert_eq!(of(-7.0, None), Outcome::Improving, "{epochs}");
        }
        // Past a saddle: the minimum is far away.
        let valley = |epoch: f64| (9.23 - 4e-4 * epoch, epoch);
        assert_eq!(
            at_limit(5000, valley, Some((2.39, -0.13))),
            Outcome::Improving
        );
        assert_eq!(
            at_limit(5000, valley, Some((2.21, 30.0))),
            Outcome::Improving
        );
        // By less each time.
        let slow = |epoch: f64| (1.0 / (1.0 + epoch), epoch);
        assert_eq!(at_limit(100, slow, Some((1e-4, 2e-6))), Outcome::Improving);
        // With noise.
        let noisy = |epoch: f64| (10.0 - epoch / 100.0 + 0.3 * libm::sin(epoch * epoch), epoch);
        assert_eq!(at_limit(900, noisy, None), Outcome::Improving);
        // Swings that die out, wherever they end, above a minimum at 2.
        for epochs in 40..120 {
            let swings = |epoch: f64| {
                let x = libm::pow(0.95, epoch) * libm::cos(0.4 * epoch);
                (2.0 + x * x, x)
            };
            assert_eq!(
                at_limit(epochs, swings, None),
                Outcome::Improving,
                "{epochs}"
            );
        }
        // Lower than before, but rising again.
        let turned = |epoch: f64| match epoch {
            ..1750.0 => (10.0, epoch),
            _ => (1.0 + 1e-3 * (epoch - 1750.0), epoch),
        };
        assert_eq!(at_limit(2000, turned, None), Outcome::Wandering);
        // Slow ones: the last states show only a part.
        for epochs in 1000..1400 {
            let swings = |epoch: f64| {
                let x = libm::pow(0.998, epoch) * libm::cos(0.02 * epoch);
                (1.0 + x * x, x)
            };
            let found = at_limit(epochs, swings, None);
            assert_eq!(found, Outcome::Improving, "{epochs}");
        }
        // A rule about the loss does not constrain the gradient.
        let rule = |rule| StopReason::Converged {
            rule,
            value: Scalar::F64(0.0),
            limit: Scalar::F64(0.0),
        };
        let far = Some((1.0, 1.0));
        let of = |reason| stopped(reason, 50, bowl(0.99, 0.0), far, false);
        assert_eq!(of(rule(Rule::LossBelow)), Outcome::Improving);
        assert_eq!(of(rule(Rule::StepBelow)), Outcome::Improving);
        assert_eq!(of(rule(Rule::GradientNormBelow)), Outcome::Improving);
    }

    #[test]
    fn what_arrived_is_at_a_stationary_point() {
        let shrunk = libm::pow(0.9, 1000.0);
        for rest in [0.0, 5.0, -1e6] {
            let of = |model| at_limit(1000, bowl(0.9, rest), model);
            assert_eq!(of(Some((shrunk, 1.0))), Outcome::StationaryPoint, "{rest}");
        }
        // At a saddle as well: hardly anything falls.
        let saddle = Some((libm::pow(0.8, 100.0), -2.0));
        assert_eq!(
            at_limit(100, bowl(0.8, 0.0), saddle),
            Outcome::StationaryPoint
        );
        // Around a minimum, and by no more than the loss could show.
        let near = |epoch: f64| {
            let swing = libm::sin(epoch * epoch);
            (1.0 + 1e-9 * swing, 1e-4 * swing)
        };
        let of = |slope| at_limit(1000, near, Some((slope, 1.0)));
        assert_eq!(of(1e-9), Outcome::StationaryPoint);
        assert_eq!(of(1e-5), Outcome::Wandering);
        // After a single step.
        let jump = |epoch: f64| (1.0 - epoch, epoch);
        assert_eq!(
            at_limit(1, jump, Some((0.0, 1.0))),
            Outcome::StationaryPoint
        );
        assert_eq!(at_limit(1, jump, Some((0.1, 1.0))), Outcome::Improving);
        // It cannot move, and there is nothing to gain.
        let stays = |_: f64| (5.0, 1.0);
        let fixed = |model| stopped(StopReason::FixedPoint { since: 3 }, 50, stays, model, false);
        assert_eq!(fixed(Some((0.0, 1.0))), Outcome::StationaryPoint);
        assert_eq!(fixed(Some((1e-9, 1.0))), Outcome::StationaryPoint);
        assert_eq!(fixed(Some((1.0, 1.0))), Outcome::PrecisionFloor);
        assert_eq!(fixed(None), Outcome::PrecisionFloor);
    }

    #[test]
    fn a_known_minimum_comes_first_and_divergence_before_it() {
        let all = [
            StopReason::EpochLimit,
            StopReason::FixedPoint { since: 3 },
            StopReason::NoFurtherStep {
                since: 3,
                rest: Rest::NoDescent,
            },
            StopReason::WithinTolerance {
                setting: "tolerance",
            },
        ];
        for reason in all {
            let found = stopped(reason.clone(), 50, bowl(0.5, 0.0), Some((0.1, 1.0)), true);
            assert_eq!(found, Outcome::KnownMinimum, "{reason}");
        }
        let diverged = StopReason::Diverged {
            epoch: 50,
            what: Divergence::LossAbove {
                value: Scalar::F64(2.0),
                limit: Scalar::F64(1.0),
            },
        };
        assert_eq!(
            stopped(diverged, 50, bowl(0.5, 0.0), None, true),
            Outcome::Diverged
        );
    }

    #[test]
    fn bounded_orbits_have_a_period_or_wander() {
        for (rate, period) in [(3.2, Some(2)), (3.5, Some(4)), (3.83, Some(3)), (3.9, None)] {
            let map = orbit(move |x| rate * x * (1.0 - x));
            let history: Vec<_> = (0..=2000).map(|epoch| map(f64::from(epoch))).collect();
            let tail = Closing::of_history(&history).tail;
            assert_eq!(tail.and_then(|tail| tail.period), period, "{rate}");
            let expected = match period {
                Some(_) => Outcome::Oscillating,
                None => Outcome::Wandering,
            };
            assert_eq!(at_limit(2000, &map, Some((1.0, 1.0))), expected, "{rate}");
            assert_eq!(at_limit(2000, &map, None), expected, "{rate}");
        }
        // Oscillating at equal losses.
        for epochs in [40, 41, 300, 1001] {
            let swing = |epoch: f64| (1.0, if epoch % 2.0 == 0.0 { 1.0 } else { -1.0 });
            assert_eq!(
                at_limit(epochs, swing, Some((2.0, 2.0))),
                Outcome::Oscillating
            );
        }
        // Chaos is not taken for a trend, wherever it ends.
        let mut others = 0;
        for epochs in 1000..1500 {
            let map = |epoch: f64| (libm::sin(1.7 * epoch * epoch), epoch);
            others += u32::from(at_limit(epochs, map, None) != Outcome::Wandering);
        }
        assert!(others <= 10, "{others} of 500");
    }

    #[test]
    fn what_grows_is_growing() {
        for factor in [1.0005, 1.01, 1.2] {
            let model = Some((1.0, 1.0));
            assert_eq!(
                at_limit(1000, bowl(factor, 0.0), model),
                Outcome::Growing,
                "{factor}"
            );
            assert_eq!(
                at_limit(1000, bowl(factor, 3.0), None),
                Outcome::Growing,
                "{factor}"
            );
        }
        // In few epochs.
        for epochs in 1..20 {
            let found = at_limit(epochs, bowl(3.0, 0.0), None);
            assert_eq!(found, Outcome::Growing, "{epochs}");
        }
        // First down, then up.
        let turns = |epoch: f64| {
            (
                libm::pow(0.9, epoch) + libm::pow(1.02, epoch - 400.0),
                epoch,
            )
        };
        assert_eq!(at_limit(800, turns, None), Outcome::Growing);
    }

    #[test]
    fn where_only_rounding_moves_the_precision_is_the_floor() {
        let still = |_: f64| (2.0, 1.0);
        assert_eq!(at_limit(500, still, None), Outcome::PrecisionFloor);
        assert_eq!(
            at_limit(500, still, Some((1.0, 1.0))),
            Outcome::PrecisionFloor
        );
        let jitter = |epoch: f64| (2.0 + 4e-16 * (epoch % 3.0), 1.0 + 1e-3 * libm::sin(epoch));
        assert_eq!(at_limit(500, jitter, None), Outcome::PrecisionFloor);
        let overflown = stopped(
            StopReason::FixedPoint { since: 0 },
            50,
            still,
            Some((1e160, 1.0)),
            false,
        );
        assert_eq!(overflown, Outcome::Diverged);
        let rest = Rest::StepBelowPrecision;
        let stopped_short = StopReason::NoFurtherStep { since: 3, rest };
        let found = stopped(stopped_short, 50, still, Some((1.0, 1.0)), false);
        assert_eq!(found, Outcome::PrecisionFloor);
    }
}
