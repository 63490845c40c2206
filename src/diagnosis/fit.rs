//! A straight line through logarithms: how much a quantity shrinks an epoch.

use super::history::Sample;

/// Fewer points than this show nothing.
const LEAST_POINTS: usize = 5;

/// A quantity that shrinks or grows by one factor an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    /// The natural logarithm of the factor.
    pub(super) slope: f64,
    /// The first and the last epoch.
    pub(super) from: u64,
    pub(super) to: u64,
    /// By how much the slope may be wrong, relative to it.
    pub(super) error: f64,
}

impl Fit {
    /// The factor an epoch.
    pub(super) fn rate(&self) -> f64 {
        libm::exp(self.slope)
    }
}

/// The line through the last half of the samples' epochs; where that is not one, through
/// their last quarter; through all where there are few.
pub(super) fn of_gradient(samples: &[Sample]) -> Option<Fit> {
    let (first, last) = (samples.first()?.epoch, samples.last()?.epoch);
    let part = |from: u64| {
        let from = samples.partition_point(|sample| sample.epoch < from);
        &samples[from..]
    };
    let half = part(first + (last - first) / 2);
    if half.len() < LEAST_POINTS {
        return line(samples);
    }
    line(half).or_else(|| line(part(last - (last - first) / 4)))
}

/// The line, if the points lie on one: the spread about it is small beside its fall, and
/// both halves fall alike.
fn line(samples: &[Sample]) -> Option<Fit> {
    let whole = least_squares(samples)?;
    let (front, back) = samples.split_at(samples.len() / 2);
    let (front, back) = (slope_of(front)?, slope_of(back)?);
    let span = whole.slope * epochs(whole.to - whole.from);
    let is_steep = span.abs() > 1e-4;
    let is_straight = whole.error < 0.1;
    let apart = (front - back).abs();
    let alike = apart <= 0.15 * whole.slope.abs();
    (is_steep && is_straight && alike).then_some(whole)
}

/// The slope alone; two points have one.
fn slope_of(samples: &[Sample]) -> Option<f64> {
    match samples {
        [] => None,
        [first, .., last] if samples.len() < LEAST_POINTS => {
            let fall = libm::log(last.gradient) - libm::log(first.gradient);
            Some(fall / epochs(last.epoch - first.epoch))
        }
        [_] => None,
        _ => least_squares(samples).map(|fit| fit.slope),
    }
}

fn least_squares(samples: &[Sample]) -> Option<Fit> {
    let (first, last) = (samples.first()?, samples.last()?);
    let is_usable = |sample: &Sample| sample.gradient > 0.0 && sample.gradient.is_finite();
    if samples.len() < LEAST_POINTS || !samples.iter().all(is_usable) {
        return None;
    }
    let count = epochs(samples.len() as u64);
    let point = |sample: &Sample| {
        (
            epochs(sample.epoch - first.epoch),
            libm::log(sample.gradient),
        )
    };
    let (mut x_mean, mut y_mean) = (0.0, 0.0);
    for (x, y) in samples.iter().map(point) {
        x_mean += x / count;
        y_mean += y / count;
    }
    let (mut xx, mut xy) = (0.0, 0.0);
    for (x, y) in samples.iter().map(point) {
        xx += (x - x_mean) * (x - x_mean);
        xy += (x - x_mean) * (y - y_mean);
    }
    let slope = xy / xx;
    let squares = samples.iter().map(point).map(|(x, y)| {
        let residual = y - y_mean - slope * (x - x_mean);
        residual * residual
    });
    let spread = (squares.sum::<f64>() / count).sqrt();
    let span = (slope * epochs(last.epoch - first.epoch)).abs();
    Some(Fit {
        slope,
        from: first.epoch,
        to: last.epoch,
        error: spread / span,
    })
}

#[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
pub(super) fn epochs(count: u64) -> f64 {
    count as f64
}
