//! What a run came to.
//!
//! Nothing here depends on what `[record]` asks for, on the start, or on other runs: an
//! outcome follows from why the run stopped, from its final state, from the quadratic model
//! of the objective there, and from the [`Closing`] that the engine has of a run that made
//! all of its epochs. The first of these that holds is the outcome:
//!
//! 1. The run diverged; or it does not move since the square of its gradient overflowed.
//! 2. It is at the known minimum ([`Objective::is_reached`]).
//! 3. It stopped by a rule for convergence: at a stationary point; but still improving if
//!    the rule was about the loss, or the model has its own stationary point farther away
//!    than a known minimum may be ([`REACHED_DISTANCE`]).
//! 4. It cannot move: at a stationary point if the gradient is zero, or the decrease that
//!    the model promises is below the rounding of the loss; else at the floor of the
//!    precision.
//! 5. It made all epochs, and the mean loss of the last ones is lower than those of earlier
//!    ones by more than rounding and noise, or swings die out: still improving, unless the
//!    model promises nothing more, or less than a thousandth of what the last fifth brought.
//!    A run whose last losses rise is not.
//! 6. The largest loss of each quarter of the last epochs is larger than that before, and
//!    larger than earlier ones by a tenth of the rise since the best epoch: growing.
//! 7. The model has a stationary point nearby: at a stationary point.
//! 8. The last states repeat: oscillating.
//! 9. Nothing but rounding moves: at the floor of the precision.
//! 10. Wandering.
//!
//! [`Objective::is_reached`]: crate::plan::Objective::is_reached

use super::conclude::Limits;
use super::curvature::Model;
use super::fit::epochs;
use crate::batch::{Closing, End, Rule, StopReason, Tail};
use crate::ending::{Outcome, REACHED_DISTANCE};

/// A loss changes by more than rounding if it does by so many of its units in the last place.
const ROUNDING: f64 = 4.0;

/// A run whose loss still falls has arrived if the model promises no more than this share of
/// what the last fifth of its epochs brought.
const ARRIVED: f64 = 1e-3;

/// The model is not asked for where the fall of the last fifth is a larger share than this of
/// the fall before: a fall that slows down evenly is far from arriving then.
const SLOWING: f64 = 1e-2;

/// A swing dies out if its height falls to this share or less from each quarter of the last
/// states to the next.
const DYING: f64 = 0.8;

/// A run grows if the last fifth brought at least this share of all that it rose since its
/// best epoch: what drifts within bounds rises less.
const RISING: f64 = 0.1;

/// Two means of losses that wander without a trend differ by less than this many standard
/// deviations of a mean: 1.8 of their difference.
const DEVIATIONS: f64 = 2.5;

/// And by less than this many of the loss, as successive losses are alike.
const MIN_DEVIATIONS: f64 = 0.75;

/// What an outcome follows from.
pub(super) struct Case<'a, M> {
    pub(super) end: &'a End,
    pub(super) limits: Limits,
    /// Whether the known minimum is reached.
    pub(super) is_reached: bool,
    /// The norm of the final parameters.
    pub(super) size: f64,
    /// The quadratic model at the end, if the objective has one. It is costly, so it is made
    /// where it is needed.
    pub(super) model: M,
}

/// What a run came to.
pub(super) fn outcome<'m, M: FnMut() -> Option<&'m Model>>(mut case: Case<'_, M>) -> Outcome {
    let at_rest = |is_at_rest: bool| match is_at_rest {
        true => Outcome::StationaryPoint,
        false => Outcome::PrecisionFloor,
    };
    match &case.end.reason {
        StopReason::Diverged { .. } => Outcome::Diverged,
        StopReason::Converged {
            rule: Rule::GapBelow,
            ..
        } => Outcome::KnownMinimum,
        _ if case.is_reached => Outcome::KnownMinimum,
        _ if case.overflows() => Outcome::Diverged,
        StopReason::WithinTolerance { .. } => converged(&mut case, Rule::StepBelow),
        StopReason::Converged { rule, .. } => converged(&mut case, *rule),
        StopReason::FixedPoint { .. } | StopReason::NoFurtherStep { .. } => {
            at_rest(case.end.gradient_norm.to_f64() == 0.0 || case.has_arrived(0.0))
        }
        StopReason::EpochLimit => match case.end.closing.as_ref() {
            Some(closing) => at_limit(&mut case, closing),
            None => Outcome::Wandering,
        },
    }
}

impl<'m, M: FnMut() -> Option<&'m Model>> Case<'_, M> {
    /// How much of a loss is rounding.
    fn rounding(&self, loss: f64) -> f64 {
        ROUNDING * self.limits.epsilon * loss.abs()
    }

    /// Whether the run does not move since squares of its gradient are infinite: those in the
    /// memory of a rule, or in the norm that clips it.
    fn overflows(&self) -> bool {
        let tail = self.end.closing.as_ref().and_then(|one| one.tail.as_ref());
        let is_still = tail.is_some_and(|tail| tail.motion == 0.0)
            || matches!(self.end.reason, StopReason::FixedPoint { .. });
        is_still && self.end.gradient_norm.to_f64() > self.limits.greatest_squared
    }

    /// Whether what the model promises is rounding of the loss, or little next to a recent
    /// fall.
    fn has_arrived(&mut self, fall: f64) -> bool {
        let least = self.rounding(self.end.loss.to_f64()).max(ARRIVED * fall);
        (self.model)().is_some_and(|model| model.decrease() <= least)
    }

    /// Whether the model has its stationary point nearby; `None` without a model.
    fn is_near(&mut self) -> Option<bool> {
        let near = REACHED_DISTANCE * self.size.max(1.0);
        Some((self.model)()?.distance() <= near)
    }
}

/// A run that stopped by a rule.
fn converged<'m, M: FnMut() -> Option<&'m Model>>(case: &mut Case<'_, M>, rule: Rule) -> Outcome {
    let is_lowest = case.end.best_epoch == case.end.epochs_run;
    match (rule, case.is_near()) {
        (Rule::GradientNormBelow, _) | (_, Some(true)) => Outcome::StationaryPoint,
        (Rule::LossBelow, _) => Outcome::Improving,
        (_, None) => Outcome::StationaryPoint,
        (_, Some(false)) if is_lowest => Outcome::Improving,
        (_, Some(false)) => Outcome::Wandering,
    }
}

/// A run that made all of its epochs.
fn at_limit<'m, M: FnMut() -> Option<&'m Model>>(
    case: &mut Case<'_, M>,
    closing: &Closing,
) -> Outcome {
    let Closing {
        length,
        half,
        fifth,
        last,
        tail,
    } = closing;
    let deviations = (DEVIATIONS / epochs(*length).sqrt()).max(MIN_DEVIATIONS);
    let noise = tail
        .as_ref()
        .map_or(0.0, |tail| deviations * tail.deviation);
    let rounding = case.rounding(last.abs().max(fifth.abs()));
    let least = noise + rounding;
    let is_dying = tail.as_ref().is_some_and(|tail| {
        // Swings less and less above the best loss, as momentum does near a minimum.
        let best = case.end.best_loss.to_f64();
        let heights = tail.maxima.map(|greatest| greatest - best);
        heights[3] > rounding && heights.is_sorted_by(|one, next| *next <= DYING * *one)
    });
    let is_lower = half.min(*fifth) - last > least;
    if is_lower && !tail.as_ref().is_some_and(rises) || is_dying {
        let fall = (fifth - last).max(0.0);
        let is_slowing = fall <= SLOWING * (half - fifth) || fall <= SLOWING * last.abs();
        return match is_slowing && case.has_arrived(fall) {
            true => Outcome::StationaryPoint,
            false => Outcome::Improving,
        };
    }
    let above_best = last - case.end.best_loss.to_f64();
    if let Some(tail) = tail
        && last - half.max(*fifth)
            > (RISING * above_best).max(if tail.is_rising { rounding } else { least })
        && tail.maxima.is_sorted_by(|one, next| one < next)
    {
        return Outcome::Growing;
    }
    if case.is_near() == Some(true) {
        return Outcome::StationaryPoint;
    }
    match tail {
        Some(Tail {
            period: Some(_), ..
        }) => Outcome::Oscillating,
        Some(tail) if !is_still(tail, case.limits.epsilon) => Outcome::Wandering,
        _ => Outcome::PrecisionFloor,
    }
}

/// Whether the mean loss rises from each quarter of the last states to the next, by more than
/// noise: a run that came down before and now goes up again.
fn rises(tail: &Tail) -> bool {
    let [first, .., last] = tail.means;
    tail.means.is_sorted_by(|one, next| one < next) && last - first > tail.deviation
}

/// Whether nothing but rounding moves in the last states: the parameters, or the loss where
/// they do.
fn is_still(tail: &Tail, epsilon: f64) -> bool {
    tail.motion.min(tail.loss_motion) <= 16.0 * ROUNDING * epsilon
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Counts, Divergence};
    use crate::number::{Precision, Scalar};
    use crate::optimizer::search::Rest;

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
        let least = history.iter().map(|(loss, _)| *loss);
        let least = least.fold(f64::INFINITY, f64::min);
        let best = history.iter().position(|(loss, _)| *loss == least);
        let scalars = |x: f64| vec![Scalar::F64(x)];
        let end = End {
            closing: (reason == StopReason::EpochLimit).then(|| Closing::of_history(&history)),
            reason,
            epochs_run: epochs,
            loss: Scalar::F64(loss),
            gradient_norm: Scalar::F64(model.map_or(1.0, |(slope, _)| slope.abs())),
            validation_loss: None,
            parameters: scalars(x),
            best_loss: Scalar::F64(least),
            best_epoch: best.unwrap_or(0) as u64,
            best_parameters: scalars(x),
            counts: Counts::of_rule(epochs),
        };
        let model = model.map(|(slope, curvature)| Model {
            curvatures: vec![curvature],
            slopes: vec![slope],
        });
        outcome(Case {
            end: &end,
            limits: Limits::of(Precision::F64),
            is_reached,
            size: x.abs(),
            model: || model.as_ref(),
        })
    }

    /// The same of one that made all of its epochs without reaching a known minimum.
    fn at_limit(
        epochs: u64,
        history: impl Fn(f64) -> (f64, f64),
        model: Option<(f64, f64)>,
    ) -> Outcome {
        stopped(StopReason::EpochLimit, epochs, history, model, false)
    }

    /// A descent on (λ/2)·x² + c that shrinks by a factor an epoch.
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
            // minimum nearby, and still there is as much to come as the last fifth brought.
            let factor = libm::pow(1e-3, 1.0 / epochs as f64);
            let model = Some((1e-3, 1.0));
            let of = |rest, model| at_limit(epochs, bowl(factor, rest), model);
            assert_eq!(of(0.0, model), Outcome::Improving, "{epochs}");
            assert_eq!(of(7.0, model), Outcome::Improving, "{epochs}");
            assert_eq!(of(0.0, None), Outcome::Improving, "{epochs}");
            assert_eq!(of(-7.0, None), Outcome::Improving, "{epochs}");
        }
        // Past a saddle: what curves down below is far away.
        let valley = |epoch: f64| (9.23 - 4e-4 * epoch, epoch);
        assert_eq!(
            at_limit(5000, valley, Some((2.39, -0.13))),
            Outcome::Improving
        );
        assert_eq!(
            at_limit(5000, valley, Some((2.21, 30.0))),
            Outcome::Improving
        );
        // By little, and by less each time.
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
        // Lower than before, but on its way up again.
        let turned = |epoch: f64| match epoch {
            ..1750.0 => (10.0, epoch),
            _ => (1.0 + 1e-3 * (epoch - 1750.0), epoch),
        };
        assert_eq!(at_limit(2000, turned, None), Outcome::Wandering);
        // A rule about the loss says nothing of the gradient.
        let rule = |rule| StopReason::Converged {
            rule,
            value: Scalar::F64(0.0),
            limit: Scalar::F64(0.0),
        };
        let far = Some((1.0, 1.0));
        let of = |reason| stopped(reason, 50, bowl(0.99, 0.0), far, false);
        assert_eq!(of(rule(Rule::LossBelow)), Outcome::Improving);
        assert_eq!(of(rule(Rule::StepBelow)), Outcome::Improving);
        assert_eq!(of(rule(Rule::GradientNormBelow)), Outcome::StationaryPoint);
    }

    #[test]
    fn what_arrived_is_at_a_stationary_point() {
        let shrunk = libm::pow(0.9, 1000.0);
        for rest in [0.0, 5.0, -1e6] {
            let of = |model| at_limit(1000, bowl(0.9, rest), model);
            assert_eq!(of(Some((shrunk, 1.0))), Outcome::StationaryPoint, "{rest}");
        }
        // At a saddle as well: what falls is next to nothing.
        let saddle = Some((libm::pow(0.8, 100.0), -2.0));
        assert_eq!(
            at_limit(100, bowl(0.8, 0.0), saddle),
            Outcome::StationaryPoint
        );
        // Around a minimum, as near as a known one must be.
        let near = |epoch: f64| {
            (
                1.0 + 1e-9 * libm::sin(epoch * epoch),
                1e-4 * libm::sin(epoch * epoch),
            )
        };
        assert_eq!(
            at_limit(1000, near, Some((1e-5, 1.0))),
            Outcome::StationaryPoint
        );
        assert_eq!(at_limit(1000, near, Some((1.0, 1.0))), Outcome::Wandering);
        // It cannot move, and nothing is left to gain.
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
        // To and fro at equal losses.
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
        assert_eq!(at_limit(8, bowl(3.0, 0.0), None), Outcome::Growing);
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
