//! How the loss moved at the end of a run: whether it fell, rose or swung.

use super::fit::epochs;
use crate::batch::{Closing, Tail, deviation, mean, quarters};

/// Where there is no model, a run that stopped by a rule has arrived if the last fifth
/// brought no more than this share of the fall from half of the run on: for a fall that slows
/// down evenly the same as `ARRIVED` of an outcome.
const SLOWED: f64 = 3e-5;

/// Swings die out if their height and their mean shrink to at most these shares from each
/// quarter of a run to the next.
const DYING: f64 = 0.75;
const DYING_MEAN: f64 = 0.85;

/// Two means of losses that wander without a trend differ by less than this many standard
/// deviations of a mean: 2.5 of their difference.
const DEVIATIONS: f64 = 3.5;

/// With fewer losses than this there is nothing to average.
pub(crate) const MIN_LOSSES: usize = 17;

pub(crate) fn greatest(losses: &[f64]) -> f64 {
    losses.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The amount by which the mean of some losses may differ by chance.
pub(crate) fn noise_of_mean(losses: &[f64]) -> f64 {
    DEVIATIONS * deviation(losses) / epochs(losses.len() as u64).sqrt()
}

/// The losses of a run after half and four fifths of its epochs, and the last one.
pub(crate) fn milestones(losses: &[f64]) -> [f64; 3] {
    let last = losses.len().saturating_sub(1);
    let at = |place: usize| losses.get(place).copied().unwrap_or(f64::NAN);
    [at(last / 2), at(last * 4 / 5), at(last)]
}

/// Whether the loss still fell at the end of a run.
pub(crate) fn falls(closing: &Closing, rounding: f64) -> bool {
    let losses = &closing.losses;
    if losses.len() < MIN_LOSSES {
        let [earlier @ .., last] = &losses[losses.len() / 2..] else {
            return false;
        };
        let before = losses.len().checked_sub(2).map(|place| losses[place]);
        let is_lowest = earlier.iter().all(|loss| *last < loss - rounding);
        return is_lowest && before.is_some_and(|before| *last < before - rounding);
    }
    let parts = quarters(&losses[losses.len() / 2..]);
    let [one, two, three, last] = parts.map(mean);
    let noise = match &closing.tail {
        None => 0.0,
        Some(_) => noise_of_mean(parts[3]),
    };
    let is_lower = one.min(two).min(three) - last > noise + rounding;
    is_lower && !closing.tail.as_ref().is_some_and(rises)
}

/// Whether the mean loss rises from each quarter of the last states to the next, by more than
/// noise: a run whose loss fell before and now rises again.
fn rises(tail: &Tail) -> bool {
    let [first, .., last] = tail.means;
    tail.means.is_sorted_by(|one, next| one < next) && last - first > tail.deviation
}

/// Whether the loss swings less and less above the best one, as momentum does near a minimum.
pub(crate) fn dies_out(losses: &[f64], best: f64, rounding: f64) -> bool {
    if losses.len() < MIN_LOSSES {
        return false;
    }
    let [_, parts @ ..] = quarters(losses);
    let heights = parts.map(|part| greatest(part) - best);
    let means = parts.map(|part| mean(part) - best);
    heights[2] > rounding
        && heights.is_sorted_by(|one, next| *next <= DYING * one)
        && means.is_sorted_by(|one, next| *next <= DYING_MEAN * one)
}

/// Whether the loss hardly falls any more.
pub(crate) fn has_slowed(losses: &[f64]) -> bool {
    let [half, fifth, last] = milestones(losses);
    fifth - last <= SLOWED * (half - fifth)
}
