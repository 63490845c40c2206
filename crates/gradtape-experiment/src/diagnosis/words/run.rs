//! The diagnosis of a run in words.

use super::parts::{digits, factor, whole};
use crate::diagnosis::facts::evidence::Evidence;
use crate::diagnosis::facts::history::RunHistory;
use crate::diagnosis::facts::run_facts::{Facts, Floor};
use crate::diagnosis::facts::theory::Theory;
use crate::ending::{Outcome, Status};
use crate::number::counted;
use crate::plan::Quantity;

/// The diagnosis in plain sentences: why it ended, how fast it was, what would be better.
pub(crate) fn sentence(case: &Evidence<'_>) -> String {
    [
        Some(ending(case)),
        zero_loss(case),
        certainty(case),
        rate(case),
        order(case),
        oscillation(case),
        stability(case),
        projection(case),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" ")
}

fn ending(case: &Evidence<'_>) -> String {
    let (result, facts) = (&case.result, &case.facts);
    let begin = begin(case);
    let gradient = digits(result.quantities.gradient_norm().to_f64());
    match result.outcome {
        Outcome::Diverged if !result.is_diverged() => format!(
            "{begin} with a gradient norm of {gradient}: its square is not finite in {}, so \
             updates vanish.",
            case.setup.precision.name()
        ),
        Outcome::Diverged => format!("Diverged: {}.", result.reason),
        Outcome::KnownMinimum => {
            let from = from_minimum(case).map_or_else(String::new, |from| format!(" ({from})"));
            format!("{begin} at the known minimum{from}.{}", resting(case))
        }
        Outcome::StationaryPoint => {
            let kind = match facts.least_curvature {
                Some(least) if case.is_saddle() => format!(
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
                Status::EpochLimit if case.history.is_halted() => format!(
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
fn begin(case: &Evidence<'_>) -> String {
    let result = &case.result;
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

/// The distance and the gap to the known minimum.
fn from_minimum(case: &Evidence<'_>) -> Option<String> {
    let number = |quantity| case.result.quantities.get(quantity);
    let [distance, gap] = [Quantity::Distance, Quantity::Gap]
        .map(|quantity| Some(digits(number(quantity)?.to_f64())));
    match (distance, gap) {
        (Some(distance), Some(gap)) => Some(format!("distance {distance}, gap {gap}")),
        (Some(distance), None) => Some(format!("distance {distance}")),
        (None, Some(gap)) => Some(format!("gap {gap}")),
        (None, None) => None,
    }
}

/// The same for a run that is not at the known minimum.
fn elsewhere(case: &Evidence<'_>) -> String {
    from_minimum(case).map_or_else(String::new, |from| {
        format!("; not at the known minimum ({from})")
    })
}

/// Why a run at a minimum or a stationary point cannot move.
fn resting(case: &Evidence<'_>) -> String {
    match (case.result.status, case.facts.floor) {
        (Status::NoFurtherStep, _) => format!(" Reason: {}.", case.result.reason),
        (_, Some(_)) => format!(" {}.", floor(case)),
        _ => String::new(),
    }
}

/// The change of the loss in the last fifth of the run.
fn gain(case: &Evidence<'_>) -> String {
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
fn range(case: &Evidence<'_>) -> String {
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
fn at_rate(case: &Evidence<'_>) -> String {
    let rate = case.history.learning_rate;
    rate.filter(|_| case.setup.is_scheduled)
        .map_or_else(String::new, |rate| {
            format!(" (learning rate {})", digits(rate))
        })
}

/// The precision floor of the descent, without a full stop.
fn floor(case: &Evidence<'_>) -> String {
    let (facts, limits) = (&case.facts, case.limits);
    let precision = case.setup.precision.name();
    let begin = match facts.floor_epoch {
        Some(epoch) => format!(
            "Reached the precision floor of {precision} at epoch {}:",
            whole(epoch)
        ),
        None => format!("Reached the precision floor of {precision}:"),
    };
    let gradient = case.result.quantities.gradient_norm().to_f64();
    let step = case.setup.theory.map_or_else(String::new, |theory| {
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
        Some(Floor::Rounding) if case.setup.theory.is_some() => {
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
fn zero_loss(case: &Evidence<'_>) -> Option<String> {
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
fn epoch(history: &RunHistory, epoch: u64) -> String {
    let last = history.last().map_or(0, |last| last.epoch);
    let are_all = history.rows > last;
    let word = if are_all { "epoch" } else { "recorded epoch" };
    format!("{word} {}", whole(epoch))
}

fn certainty(case: &Evidence<'_>) -> Option<String> {
    let (from, growth) = (case.facts.certain_from?, case.growth()?);
    Some(format!(
        "Divergence was inevitable from {} on: the gradient norm then grew in every recorded \
         epoch, by a factor of {} per epoch{}.",
        epoch(case.history, from),
        factor(growth),
        if case.fit.is_some() {
            ""
        } else {
            " on average"
        }
    ))
}

/// The measured rate, with the predicted one where both agree or the run arrived.
fn rate(case: &Evidence<'_>) -> Option<String> {
    let fit = case.fit?;
    if case.facts.certain_from.is_some() {
        return predicted(case).map(|predicted| format!("Theory{predicted}."));
    }
    let verb = if fit.slope < 0.0 { "shrank" } else { "grew" };
    let mut text = format!(
        "The gradient norm {verb} by a factor of {} per epoch between epochs {} and {}",
        factor(fit.rate()),
        whole(fit.from),
        whole(fit.to)
    );
    if let Some(predicted) = predicted(case) {
        text.push_str(&predicted);
    }
    text.push('.');
    Some(text)
}

/// The formula of theory if it agrees, or the factor that theory predicts instead.
fn predicted(case: &Evidence<'_>) -> Option<String> {
    let theory = case.setup.theory?;
    let begin = if case.facts.certain_from.is_some() {
        " agrees:"
    } else {
        ", as predicted:"
    };
    if let Some(curvature) = case.agreement() {
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

/// Whether convergence was faster than linear.
fn order(case: &Evidence<'_>) -> Option<String> {
    let [first, middle, last] = case.faster_than_linear()?.map(digits);
    Some(format!(
        "Convergence was faster than linear: the last gradient norms are {first}, {middle} and \
         {last}."
    ))
}

fn oscillation(case: &Evidence<'_>) -> Option<String> {
    let turns = case.facts.turns?;
    let (place, _) = case.history.turning()?;
    let names = case.plan.objectives[case.setup.objective]
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
    if let (Some(theory), Some(greatest)) = (case.setup.theory, case.facts.greatest_curvature) {
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
fn stability(case: &Evidence<'_>) -> Option<String> {
    let (facts, result) = (&case.facts, &case.result);
    let bound = facts.stability_bound?;
    let rate = case.setup.theory?.rate;
    let is_judged = result.is_diverged() || result.outcome == Outcome::Oscillating;
    let place = if result.is_diverged() {
        format!(
            "at the smallest loss (epoch {})",
            whole(result.quantities.count(Quantity::BestEpoch))
        )
    } else {
        "at the end".to_owned()
    };
    let curvature = curvature(facts, case.curvatures.len(), &place)?;
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
    let agrees = case.agreement().is_some();
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

fn projection(case: &Evidence<'_>) -> Option<String> {
    let more = counted(case.epochs_to_a_tenth()?, "epoch");
    Some(format!(
        "At this pace the gradient norm falls to a tenth in another {more}."
    ))
}
