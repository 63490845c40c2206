//! A straight line through logarithms: the factor per epoch of a quantity.

use super::history::Sample;

/// Minimum number of points for a fit.
const MIN_POINTS: usize = 5;

/// A quantity that shrinks or grows by the same factor in every epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    /// The natural logarithm of the factor.
    pub(crate) slope: f64,
    /// The first and the last epoch.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// The possible error of the slope, relative to it.
    pub(crate) error: f64,
}

impl Fit {
    /// The factor per epoch.
    pub(crate) fn rate(&self) -> f64 {
        libm::exp(self.slope)
    }
}

/// The line through the last half of the samples' epochs; if these are not on a line, through
/// their last quarter, or through the peaks of the half; through all if there are few.
pub(crate) fn of_gradient(samples: &[Sample]) -> Option<Fit> {
    let (first, last) = (samples.first()?.epoch, samples.last()?.epoch);
    let part = |from: u64| {
        let from = samples.partition_point(|sample| sample.epoch < from);
        &samples[from..]
    };
    let half = part(first + (last - first) / 2);
    if half.len() < MIN_POINTS {
        return line(samples);
    }
    line(half)
        .or_else(|| line(part(last - (last - first) / 4)))
        .or_else(|| line(&peaks(half)))
}

/// The samples above both of their neighbours. With momentum a gradient comes near zero
/// each time the descent swings through the minimum, so its peaks show how it shrinks.
fn peaks(samples: &[Sample]) -> Vec<Sample> {
    let peaks = samples.windows(3).filter_map(|three| match three {
        [before, peak, after] => {
            let is_peak = peak.gradient > before.gradient && peak.gradient >= after.gradient;
            is_peak.then_some(*peak)
        }
        _ => None,
    });
    peaks.collect()
}

/// The line, if the points lie on one: the spread about it is small relative to its fall, and
/// both halves fall alike. Any curve is straight over a short fall, so there the halves have
/// to agree better.
fn line(samples: &[Sample]) -> Option<Fit> {
    let whole = least_squares(samples)?;
    let (front, back) = samples.split_at(samples.len() / 2);
    let (front, back) = (slope_of(front)?, slope_of(back)?);
    let span = whole.slope * epochs(whole.to - whole.from);
    let is_steep = span.abs() > 1e-4;
    let is_straight = whole.error < 0.1;
    let apart = (front - back).abs();
    let share = if span.abs() >= 3.0 { 0.15 } else { 0.03 };
    let are_alike = apart <= share * whole.slope.abs();
    (is_steep && is_straight && are_alike).then_some(whole)
}

/// The slope alone; two points have one.
fn slope_of(samples: &[Sample]) -> Option<f64> {
    match samples {
        [] => None,
        [first, .., last] if samples.len() < MIN_POINTS => {
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
    if samples.len() < MIN_POINTS || !samples.iter().all(is_usable) {
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
pub(crate) fn epochs(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(count: u64, gradient: impl Fn(f64) -> f64) -> Option<f64> {
        let samples: Vec<Sample> = (0..count)
            .map(|epoch| Sample {
                epoch,
                loss: 0.0,
                gradient: gradient(epochs(epoch)),
            })
            .collect();
        of_gradient(&samples).map(|fit| fit.rate())
    }

    #[track_caller]
    fn near(found: Option<f64>, expected: f64, within: f64) {
        let found = found.expect("it is a line");
        assert!((found - expected).abs() < within, "{found} for {expected}");
    }

    #[test]
    fn powers_have_the_rate_of_their_base() {
        for base in [0.5, 0.98, 0.9999, 1.2] {
            near(fitted(300, |k| libm::pow(base, k)), base, 1e-12);
        }
        near(fitted(8, |k| libm::pow(0.1, k)), 0.1, 1e-12);
        // The second term has vanished before the last half begins.
        let two = |k| libm::pow(0.99, k) + 5.0 * libm::pow(0.8, k);
        near(fitted(300, two), 0.99, 1e-9);
    }

    #[test]
    fn swings_are_measured_by_their_peaks() {
        let swinging = |k: f64| libm::pow(0.97, k) * libm::fabs(libm::cos(0.2 * k + 0.1));
        near(fitted(200, swinging), 0.97, 1e-3);
    }

    #[test]
    fn other_curves_have_no_rate() {
        assert_eq!(fitted(300, |k| 1.0 / (1.0 + k)), None);
        assert_eq!(fitted(300, |k| 1.0 / (1.0 + k * k)), None);
        assert_eq!(fitted(300, |_| 1.0), None);
        assert_eq!(fitted(4, |k| libm::pow(0.5, k)), None);
        assert_eq!(fitted(300, |k| 1.0 + 0.5 * libm::sin(k * k)), None);
        assert_eq!(fitted(0, |k| k), None);
    }
}
