//! The range of values that an axis shows, and where in it a value lies.

use crate::model::{AxisRange, Scale};

/// Smallest relative width of a range. Below it neighbouring labels would no
/// longer differ within the 15 digits that a value carries.
const NARROWEST: f64 = 1e-12;

/// A range of values along one axis.
///
/// Both ends are stored in *inner* units, in which nothing can overflow: on a linear
/// axis the value times a power of two that brings the largest one near 1; on a
/// logarithmic axis the decimal logarithm; on a symlog axis the multiple of the threshold
/// up to 1, and above that 1 plus the decimal logarithm of the multiple. The range of all
/// `f64`, whose width is not an `f64`, is therefore a range like any other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AxisSpan {
    pub(crate) scale: Scale,
    /// Lower end, in inner units.
    pub(crate) low: f64,
    /// Upper end, in inner units.
    pub(crate) high: f64,
    /// Exponent of the power of two between values and inner units; 0 on a
    /// logarithmic axis.
    pub(crate) shift: i32,
    /// 2^`shift`.
    factor: f64,
}

impl AxisSpan {
    /// The narrowest range that shows every drawable value, or `None` if there is
    /// no such value.
    pub(crate) fn covering(scale: Scale, values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = values.filter(|&value| drawable(scale, value)).fold(
            None,
            |ends: Option<(f64, f64)>, value| {
                let (low, high) = ends.unwrap_or((value, value));
                Some((low.min(value), high.max(value)))
            },
        )?;
        Some(Self::between(scale, low, high))
    }

    /// The range from `low` to `high`, both drawable; widened if it is too narrow
    /// to be labelled.
    fn between(scale: Scale, low: f64, high: f64) -> Self {
        let shift = match scale {
            Scale::Linear => {
                let (_, exponent) = libm::frexp(low.abs().max(high.abs()));
                // 2¹⁰⁰⁰ is as far as one factor reaches; the rest does no harm.
                (-exponent).clamp(-1000, 1000)
            }
            Scale::Log | Scale::SymLog(_) => 0,
        };
        let mut span = Self {
            scale,
            low: 0.0,
            high: 0.0,
            shift,
            factor: libm::scalbn(1.0, shift),
        };
        span.low = span.inner(low);
        span.high = span.inner(high);
        let centre = f64::midpoint(span.low, span.high);
        let width = span.high - span.low;
        let (narrowest, constant) = match scale {
            Scale::Linear if centre == 0.0 => (0.0, 1.0),
            Scale::Linear => (NARROWEST * centre.abs(), 0.2 * centre.abs()),
            Scale::Log | Scale::SymLog(_) => (NARROWEST * centre.abs().max(1.0), 1.0),
        };
        let wanted = if width <= 0.0 {
            constant
        } else {
            width.max(narrowest)
        };
        if wanted > width {
            span.low = centre - wanted / 2.0;
            span.high = centre + wanted / 2.0;
        }
        span
    }

    /// The range with a margin on both sides, as a share of its width.
    pub(crate) fn with_margin(mut self, share: f64) -> Self {
        let margin = (self.high - self.low) * share;
        self.low -= margin;
        self.high += margin;
        self
    }

    /// The range with room above it, as a share of the whole that results.
    pub(crate) fn with_room_above(mut self, share: f64) -> Self {
        self.high += (self.high - self.low) * share / (1.0 - share);
        self
    }

    /// The range extended towards `all` without being flattened: by at most a quarter
    /// of its width on each side, on a logarithmic axis by its whole width or three
    /// decades, whichever is more.
    pub(crate) fn extended_towards(self, all: Self) -> Self {
        // Both ranges must have the same inner units.
        let factor = libm::scalbn(1.0, self.shift - all.shift);
        let width = self.high - self.low;
        let room = match self.scale {
            Scale::Linear => width / 4.0,
            Scale::Log | Scale::SymLog(_) => width.max(3.0),
        };
        let low = (all.low * factor).max(self.low - room).min(self.low);
        let high = (all.high * factor).min(self.high + room).max(self.high);
        Self { low, high, ..self }
    }

    /// The value in inner units.
    pub(crate) fn inner(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value * self.factor,
            Scale::Log => libm::log10(value),
            Scale::SymLog(threshold) => symlog(value, threshold),
        }
    }

    /// The value at a share from 0 to 1, kept finite.
    pub(crate) fn value(&self, share: f64) -> f64 {
        let inner = self.low + (self.high - self.low) * share;
        match self.scale {
            Scale::Linear => (inner / self.factor).clamp(f64::MIN, f64::MAX),
            // A margin may reach below the smallest number.
            Scale::Log => libm::exp10(inner).clamp(5e-324, f64::MAX),
            Scale::SymLog(threshold) => {
                let size = inner.abs();
                let multiple = if size <= 1.0 {
                    size
                } else {
                    libm::exp10(size - 1.0)
                };
                (multiple * positive(threshold)).min(f64::MAX) * inner.signum()
            }
        }
    }

    /// Where the value lies: 0 at the lower end, 1 at the upper one, `None` if this
    /// axis cannot show it. Values far outside are brought to a million widths,
    /// which keeps the direction of a line and the arithmetic finite.
    pub(crate) fn share(&self, value: f64) -> Option<f64> {
        drawable(self.scale, value).then(|| self.share_of_inner(self.inner(value)))
    }

    /// As [`AxisSpan::share`], for a value in inner units.
    pub(crate) fn share_of_inner(&self, inner: f64) -> f64 {
        ((inner - self.low) / (self.high - self.low)).clamp(-1e6, 1e6)
    }
}

impl AxisRange {
    /// The position of a value between the two ends: 0 at the lower, 1 at the upper one; `None`
    /// if the scale cannot show it.
    #[must_use]
    pub fn share(&self, value: f64) -> Option<f64> {
        let ends = [self.low, self.high].into_iter();
        AxisSpan::covering(self.scale, ends)?.share(value)
    }
}

/// The inner value of an axis that is logarithmic beyond a threshold.
fn symlog(value: f64, threshold: f64) -> f64 {
    let threshold = positive(threshold);
    let size = value.abs();
    let inner = if size <= threshold {
        size / threshold
    } else {
        // The quotient of the two could overflow.
        1.0 + libm::log10(size) - libm::log10(threshold)
    };
    inner * value.signum()
}

/// A threshold that can be divided by.
fn positive(threshold: f64) -> f64 {
    if threshold.is_finite() && threshold > 0.0 {
        threshold
    } else {
        1.0
    }
}

/// Whether an axis of this scale has a place for the value.
pub(crate) fn drawable(scale: Scale, value: f64) -> bool {
    value.is_finite() && (scale != Scale::Log || value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(values: &[f64]) -> AxisSpan {
        AxisSpan::covering(Scale::Linear, values.iter().copied()).unwrap()
    }

    #[test]
    fn ends_of_the_data_are_ends_of_the_range() {
        for ends in [
            [0.0, 1.0],
            [-1.7e308, 1.7e308],
            [f64::MIN, f64::MAX],
            [1e-300, 1e300],
            [5e-324, 1e-320],
            [1.000_000_01, 1.000_000_05],
        ] {
            let span = linear(&ends);
            assert_eq!(span.share(ends[0]), Some(0.0), "{ends:?}");
            assert_eq!(span.share(ends[1]), Some(1.0), "{ends:?}");
        }
        let log = AxisSpan::covering(Scale::Log, [5e-324, f64::MAX].into_iter()).unwrap();
        assert_eq!(log.share(5e-324), Some(0.0));
        assert_eq!(log.share(f64::MAX), Some(1.0));
    }

    #[test]
    fn constant_data_lie_in_the_middle() {
        for value in [0.0, 1.0, -3.5e-44, 1e-320, f64::MAX, f64::MIN] {
            let share = linear(&[value, value]).share(value).unwrap();
            assert!((share - 0.5).abs() < 1e-12, "{value:e}: {share}");
        }
        let log = AxisSpan::covering(Scale::Log, [1e-320].into_iter()).unwrap();
        assert!((log.share(1e-320).unwrap() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn values_without_a_place_have_no_share() {
        let log = AxisSpan::covering(Scale::Log, [1.0, 10.0].into_iter()).unwrap();
        for value in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(log.share(value), None);
        }
        assert_eq!(linear(&[0.0, 1.0]).share(f64::NEG_INFINITY), None);
        assert!(AxisSpan::covering(Scale::Linear, [f64::NAN].into_iter()).is_none());
        assert!(AxisSpan::covering(Scale::Log, [-1.0].into_iter()).is_none());
    }

    #[test]
    fn a_symmetric_axis_is_logarithmic_on_both_sides_of_its_threshold() {
        let scale = Scale::SymLog(0.01);
        let span = AxisSpan::covering(scale, [-1.0, 1.0].into_iter()).unwrap();
        assert_eq!(span.share(0.0), Some(0.5));
        // From the middle: a third to the threshold, and a third for each decade.
        for (value, share) in [(0.005, 3.5), (0.01, 4.0), (0.1, 5.0), (1.0, 6.0)] {
            let [up, down] = [value, -value].map(|value| span.share(value).unwrap());
            assert!((up - share / 6.0).abs() < 1e-12, "{value}: {up}");
            assert!((up + down - 1.0).abs() < 1e-12, "{value}: {down}");
            assert!((span.value(up) - value).abs() < 1e-12 * value, "{value}");
        }
        for ends in [[-1e300, 1e300], [f64::MIN, 5e-324], [0.0, 0.0]] {
            for threshold in [1e-300, 1.0, 1e300, 0.0, f64::NAN] {
                let scale = Scale::SymLog(threshold);
                let span = AxisSpan::covering(scale, ends.into_iter()).unwrap();
                let share = span.share(ends[0]).unwrap();
                assert!((0.0..=0.5).contains(&share), "{ends:?} {threshold}");
                assert!(span.value(share).is_finite());
            }
        }
    }

    #[test]
    fn a_range_is_extended_only_so_far() {
        let calm = linear(&[0.0, 1.0]);
        let wild = linear(&[-0.1, 1e300]);
        let both = calm.extended_towards(wild);
        assert_eq!(both.share(1.25), Some(1.0));
        assert!((both.share(-0.1).unwrap()).abs() < 1e-12);
    }
}
