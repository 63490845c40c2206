//! The diagnosis of a run in words.

use super::Subject;
use super::conclude::{FLAT, Limits, is_halted};
use super::facts::{Facts, Floor};
use super::fit::{Fit, epochs};
use super::history::History;
use super::theory::Theory;
use super::words::{digits, factor, whole};
use crate::batch::RunResult;
use crate::ending::{Outcome, Status};
use crate::number::counted;
use crate::plan::{Plan, Quantity};

/// Maximum relative difference between the logarithms of two rates that agree.
const AGREE: f64 = 0.02;

/// What the sentences are made from.
pub(super) struct Case<'a> {
    pub(super) plan: &'a Plan,
    pub(super) subject: &'a Subject,
    pub(super) history: &'a History,
    pub(super) result: &'a RunResult,
    pub(super) facts: &'a Facts,
    pub(super) fit: Option<Fit>,
    pub(super) curvature: &'a [f64],
    /// Whether the quadratic model has its stationary point as near as a known minimum must be.
    pub(super) is_near: bool,
    /// Whether no parameter moves in the last states.
    pub(super) is_motionless: bool,
    pub(super) limits: Limits,
}

/// The diagnosis in plain sentences: why it ended, how fast it was, what would be better.
pub(super) fn sentence(case: &Case<'_>) -> String {
    let parts = [
        Some(ending(case)),
        zero_loss(case),
        certainty(case),
        rate(case),
        order(case),
        oscillation(case),
        stability(case),
        projection(case),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" ")
}

fn ending(case: &Case<'_>) -> String {
    let (result, facts) = (case.result, case.facts);
    let begin = begin(case);
    let gradient = digits(result.quantities.gradient_norm().to_f64());
    match result.outcome {
        Outcome::Diverged if !result.is_diverged() => format!(
            "{begin} with a gradient norm of {gradient}: its square is not finite in {}, so \
             updates vanish.",
            case.subject.precision.name()
        ),
        Outcome::Diverged => format!("Diverged: {}.", result.reason),
        Outcome::KnownMinimum => {
            let from = from_minimum(case).map_or_else(String::new, |from| format!(" ({from})"));
            format!("{begin} at the known minimum{from}.{}", resting(case))
        }
        Outcome::StationaryPoint => {
            let kind = match (facts.least_curvature, facts.greatest_curvature) {
                (Some(least), Some(greatest)) if is_negative(least, greatest) => format!(
                    "a saddle or a maximum, not a minimum (gradient norm {gradient}, smallest \
                     curvature {})",
                    digits(least)
                ),
                _ => format!("a stationary point (gradient norm {gradient})"),
            };
            format!("{begin} at {kind}{}.{}", elsewhere(case), resting(case))
        }
        Outcome::PrecisionFloor => {
            let floor = match result.status {
                Status::NoFurtherStep => {
                    format!("{begin}: {} (gradient norm {gradient})", result.reason)
                }
                Status::EpochLimit if is_halted(case.history) => format!(
                    "{begin}, but nothing changed after {}{}: loss {}, gradient norm {gradient}",
                    epoch(case.history, case.history.same_since),
                    at_rate(case),
                    digits(result.quantities.loss().to_f64())
                ),
                _ => floor(case),
            };
            format!("{floor}{}.", elsewhere(case))
        }
        Outcome::Improving => format!("{begin}, still improving{}{}.", gain(case), elsewhere(case)),
        Outcome::Growing => format!("{begin}, growing{}.", gain(case)),
        Outcome::Oscillating => format!(
            "{begin}, oscillating with a period of {}{}{}.",
            counted(result.period.unwrap_or(0), "epoch"),
            range(case),
            elsewhere(case)
        ),
        Outcome::Wandering => format!(
            "{begin}, wandering without settling{}{}{}.",
            range(case),
            at_rate(case),
            elsewhere(case)
        ),
    }
}

/// Why the run stopped; the outcome follows it.
fn begin(case: &Case<'_>) -> String {
    let result = case.result;
    let epochs = counted(result.quantities.epochs_run(), "epoch");
    let since = whole(result.status_epoch);
    match result.status {
        Status::Converged => format!("Converged in {epochs} ({})", result.reason),
        Status::FixedPoint => format!("Reached a fixed point at epoch {since}"),
        Status::NoFurtherStep => format!("Found no further step at epoch {since}"),
        Status::EpochLimit => format!("Reached the limit of {epochs}"),
        Status::Diverged => "Diverged".to_owned(),
    }
}

/// Whether a Hessian with these eigenvalues, the smallest and the largest, has a negative
/// one that is not rounding.
fn is_negative(least: f64, greatest: f64) -> bool {
    least < -FLAT * greatest.max(-least).max(1e-300)
}

/// The distance and the gap to the known minimum.
fn from_minimum(case: &Case<'_>) -> Option<String> {
    let distance = case
        .result
        .quantities
        .get(Quantity::Distance)
        .map(|one| digits(one.to_f64()));
    let gap = case
        .result
        .quantities
        .get(Quantity::Gap)
        .map(|one| digits(one.to_f64()));
    match (distance, gap) {
        (Some(distance), Some(gap)) => Some(format!("distance {distance}, gap {gap}")),
        (Some(distance), None) => Some(format!("distance {distance}")),
        (None, Some(gap)) => Some(format!("gap {gap}")),
        (None, None) => None,
    }
}

/// The same for a run that is not at the known minimum.
fn elsewhere(case: &Case<'_>) -> String {
    from_minimum(case).map_or_else(String::new, |from| {
        format!("; not at the known minimum ({from})")
    })
}

/// Why a run at a minimum or a stationary point cannot move.
fn resting(case: &Case<'_>) -> String {
    match (case.result.status, case.facts.floor) {
        (Status::NoFurtherStep, _) => format!(" Reason: {}.", case.result.reason),
        (_, Some(_)) => format!(" {}.", floor(case)),
        _ => String::new(),
    }
}

/// The change of the loss in the last fifth of the run.
fn gain(case: &Case<'_>) -> String {
    let Some(earlier) = case.facts.earlier_loss else {
        return String::new();
    };
    let last = case.result.quantities.loss().to_f64();
    let (from, to) = (digits(earlier), digits(last));
    match case.result.outcome {
        _ if from == to => format!(" at a loss of {to}"),
        Outcome::Improving if last > earlier => {
            format!(" with damped oscillations at a loss of {to}")
        }
        _ => format!(": in the last fifth of the run the loss went from {from} to {to}"),
    }
}

/// The range of the loss at the end.
fn range(case: &Case<'_>) -> String {
    let (Some(low), Some(high)) = (case.facts.tail_low, case.facts.tail_high) else {
        return String::new();
    };
    let (low, high) = (digits(low), digits(high));
    match low == high {
        true => format!(": the loss stays at {low}"),
        false => format!(": at the end the loss stays between {low} and {high}"),
    }
}

/// The final learning rate of a schedule.
fn at_rate(case: &Case<'_>) -> String {
    let rate = case.history.learning_rate;
    rate.filter(|_| case.subject.is_scheduled)
        .map_or_else(String::new, |rate| {
            format!(" (learning rate {})", digits(rate))
        })
}

/// The precision floor of the descent, without a full stop.
fn floor(case: &Case<'_>) -> String {
    let (facts, limits) = (case.facts, case.limits);
    let precision = case.subject.precision.name();
    let begin = match facts.floor_epoch {
        Some(epoch) => format!(
            "Reached the precision floor of {precision} at epoch {}:",
            whole(epoch)
        ),
        None => format!("Reached the precision floor of {precision}:"),
    };
    let gradient = case.result.quantities.gradient_norm().to_f64();
    let step = case.subject.theory.map_or_else(String::new, |theory| {
        let (rate, step) = (digits(theory.rate), digits(theory.rate * gradient));
        let gradient = digits(gradient);
        format!("the step of {step} (learning rate {rate} × gradient norm {gradient})")
    });
    match facts.floor {
        Some(Floor::ZeroGradient) => format!("The gradient is exactly zero in {precision}"),
        Some(Floor::Flushed) => format!(
            "{begin} {step} is below the smallest normal number, {}, and is flushed to zero",
            digits(limits.least_normal)
        ),
        Some(Floor::Underflow) => format!(
            "{begin} {step} rounds to zero; the smallest number is {}",
            digits(limits.least)
        ),
        Some(Floor::Rounding) if case.subject.theory.is_some() => {
            format!("{begin} {step} is below half of the spacing of numbers at the parameters")
        }
        Some(Floor::Rounding) => format!(
            "{begin} steps no longer change any parameter at a gradient norm of {}",
            digits(gradient)
        ),
        None if case.is_motionless => format!(
            "Reached the limit of {}, but the parameters no longer move{}: loss {}, gradient \
             norm {}",
            counted(case.result.quantities.epochs_run(), "epoch"),
            at_rate(case),
            digits(case.result.quantities.loss().to_f64()),
            digits(gradient)
        ),
        Some(Floor::Loss) | None => format!(
            "{begin} the loss stays at {} although the parameters still move",
            digits(case.result.quantities.loss().to_f64())
        ),
    }
}

/// The loss was zero before the descent ended.
fn zero_loss(case: &Case<'_>) -> Option<String> {
    let from = case.facts.zero_loss_from?;
    let ends = case.facts.floor_epoch? > from;
    ends.then(|| {
        format!(
            "The loss is exactly zero from {} on.",
            epoch(case.history, from)
        )
    })
}

/// An epoch, called a recorded epoch unless every epoch was recorded.
fn epoch(history: &History, epoch: u64) -> String {
    let last = history.last().map_or(0, |last| last.epoch);
    let are_all = history.rows > last;
    let word = if are_all { "epoch" } else { "recorded epoch" };
    format!("{word} {}", whole(epoch))
}

fn certainty(case: &Case<'_>) -> Option<String> {
    let from = case.facts.certain_from?;
    let last = case.history.last()?;
    let first = case.history.growing_since;
    let grown = libm::log(last.gradient / first.gradient);
    let each = libm::exp(grown / epochs(last.epoch - first.epoch));
    Some(format!(
        "Divergence was inevitable from {} on: the gradient norm then grew in every recorded \
         epoch, by a factor of {} per epoch{}.",
        epoch(case.history, from),
        factor(each),
        if case.fit.is_some() {
            ""
        } else {
            " on average"
        }
    ))
}

/// The measured rate, with the predicted one where both agree or the run arrived.
fn rate(case: &Case<'_>) -> Option<String> {
    let fit = case.fit?;
    let measured = fit.rate();
    if case.facts.certain_from.is_some() {
        return predicted(case, fit).map(|predicted| format!("Theory{predicted}."));
    }
    let verb = if fit.slope < 0.0 { "shrank" } else { "grew" };
    let mut text = format!(
        "The gradient norm {verb} by a factor of {} per epoch between epochs {} and {}",
        factor(measured),
        whole(fit.from),
        whole(fit.to)
    );
    if let Some(predicted) = predicted(case, fit) {
        text.push_str(&predicted);
    }
    text.push('.');
    Some(text)
}

/// The curvature whose factor is the measured one: that of the slowest direction, or
/// another one where the start has no component along the slowest.
fn agreement(case: &Case<'_>, fit: Fit) -> Option<f64> {
    let theory = case.subject.theory?;
    let agrees = |curvature: &f64| {
        let with = libm::log(theory.factor(*curvature));
        (fit.slope - with).abs() <= AGREE.max(2.0 * fit.error) * with.abs()
    };
    let all = case.curvature.iter().copied();
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

/// The formula of theory if it agrees, or the factor that theory predicts instead.
fn predicted(case: &Case<'_>, fit: Fit) -> Option<String> {
    let theory = case.subject.theory?;
    let begin = if case.facts.certain_from.is_some() {
        " agrees:"
    } else {
        ", as predicted:"
    };
    if let Some(curvature) = agreement(case, fit) {
        return Some(format!("{begin} {}", formula(theory, curvature)));
    }
    let predicted = case.facts.predicted_rate.filter(|_| case.is_near)?;
    Some(format!(
        "; the curvature at the end predicts a factor of {}",
        factor(predicted)
    ))
}

/// The derivation of the factor from a curvature.
fn formula(theory: Theory, curvature: f64) -> String {
    let (rate, curvature_text) = (digits(theory.rate), digits(curvature));
    let value = factor(theory.factor(curvature));
    if theory.momentum == 0.0 {
        return format!("|1 − {rate}·{curvature_text}| = {value}");
    }
    let kind = if theory.is_nesterov {
        "Nesterov's momentum"
    } else {
        "momentum"
    };
    let momentum = digits(theory.momentum);
    format!("{kind} {momentum}, learning rate {rate} and curvature {curvature_text} give {value}")
}

/// Whether the last steps doubled the correct digits, as Newton's method does.
fn order(case: &Case<'_>) -> Option<String> {
    let [middle, first] = case.history.before;
    let (middle, first) = (middle?, first?);
    let last = case.history.last()?;
    let are_neighbours =
        last.epoch == middle.epoch + 1 && middle.epoch == first.epoch + 1 && case.fit.is_none();
    let shrink = |from: f64, to: f64| libm::log(from / to);
    let before = shrink(first.gradient, middle.gradient);
    let after = shrink(middle.gradient, last.gradient);
    let is_fast = before > 1.0 && after > 1.5 * before;
    (are_neighbours && is_fast).then(|| {
        format!(
            "Convergence was faster than linear: the last gradient norms are {}, {} and {}.",
            digits(first.gradient),
            digits(middle.gradient),
            digits(last.gradient)
        )
    })
}

fn oscillation(case: &Case<'_>) -> Option<String> {
    let turns = case.facts.turns?;
    let (place, _) = case.history.turning()?;
    let names = case.plan.objectives[case.subject.objective]
        .function
        .parameters();
    let name = names.get(place)?;
    let are_all = case.history.last()?.epoch < case.history.rows;
    let epochs = if are_all { "epochs" } else { "recorded epochs" };
    let mut text = format!(
        "`{name}` changed direction in each of the last {} {epochs} in which it moved",
        whole(turns)
    );
    // An overshoot by the curvature: the factor of the error is negative.
    if let (Some(theory), Some(greatest)) = (case.subject.theory, case.facts.greatest_curvature) {
        let factor = 1.0 - theory.rate * greatest;
        if theory.momentum == 0.0 && factor < 0.0 && case.facts.condition.is_some() {
            text.push_str(&format!(
                ", because 1 − {}·{} = {} is negative",
                digits(theory.rate),
                digits(greatest),
                digits(factor)
            ));
        }
    }
    text.push('.');
    Some(text)
}

/// The stability bound and the best learning rate, compared with the one used.
fn stability(case: &Case<'_>) -> Option<String> {
    let (facts, result) = (case.facts, case.result);
    let bound = facts.stability_bound?;
    let rate = case.subject.theory?.rate;
    let is_judged = result.is_diverged() || result.outcome == Outcome::Oscillating;
    let place = if result.is_diverged() {
        format!(
            "at the smallest loss (epoch {})",
            whole(result.quantities.count(Quantity::BestEpoch))
        )
    } else {
        "at the end".to_owned()
    };
    let curvature = curvature(facts, case.curvature.len(), &place)?;
    let best = facts.best_rate.map(digits);
    if is_judged {
        let relation = if (rate / bound - 1.0).abs() < 0.1 && rate != bound {
            "near"
        } else if rate > bound {
            "above"
        } else if rate < bound {
            "below"
        } else {
            "exactly at"
        };
        let best = best.map_or_else(String::new, |best| format!("; {best} would be fastest"));
        return Some(format!(
            "With {curvature}, the learning rate {} is {relation} the stability bound of {}{best}.",
            digits(rate),
            digits(bound)
        ));
    }
    // Far from a minimum the curvature at the end does not describe the descent.
    let agrees = case.fit.is_some_and(|fit| agreement(case, fit).is_some());
    if facts.condition.is_none() || !(case.is_near || agrees) {
        return None;
    }
    let best = best.map_or_else(String::new, |best| format!(" and {best} would be fastest"));
    Some(format!(
        "With {curvature}, learning rates below {} are stable{best}.",
        digits(bound)
    ))
}

/// The curvature in words.
fn curvature(facts: &Facts, directions: usize, place: &str) -> Option<String> {
    let (least, greatest) = (facts.least_curvature?, facts.greatest_curvature?);
    let (least, greatest) = (digits(least), digits(greatest));
    Some(match facts.condition {
        _ if directions == 1 => format!("a curvature of {greatest} {place}"),
        Some(condition) => format!(
            "a curvature from {least} to {greatest} (condition number {}) {place}",
            digits(condition)
        ),
        None => format!("a curvature from {least} to {greatest} {place}"),
    })
}

/// The number of epochs until the gradient norm is a tenth.
fn projection(case: &Case<'_>) -> Option<String> {
    let fit = case.fit.filter(|fit| fit.slope < 0.0)?;
    // A schedule changes the pace in the next epochs.
    if case.result.outcome != Outcome::Improving || case.subject.is_scheduled {
        return None;
    }
    let more = (std::f64::consts::LN_10 / -fit.slope).ceil();
    let is_sensible = more > 1.0 && more < 1e15;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was just compared"
    )]
    is_sensible.then(|| {
        format!(
            "At this pace the gradient norm falls to a tenth in another {}.",
            counted(more as u64, "epoch")
        )
    })
}
