//! The distance of a run from the known minimum of its objective.

use super::Objective;
use crate::ending::{REACHED_GAP, is_within_reach};
use crate::number::{Precision, Scalar};
use crate::optimizer::search::{Float, Rounded, norm};

#[doc(hidden)]
impl Objective {
    /// Whether the minimum or a minimiser is known.
    #[must_use]
    pub fn has_known_minimum(&self) -> bool {
        self.minimum.is_some() || self.minimum_at.is_some()
    }

    /// Whether rows of its data are held out for validation.
    #[must_use]
    pub fn has_validation(&self) -> bool {
        let data = self.data.as_ref();
        data.is_some_and(|data| !data.validation.is_empty())
    }

    /// The known minimisers; none if they are unknown.
    pub fn minimisers(&self) -> impl Iterator<Item = &[f64]> + Clone {
        let all = self.minimum_at.iter().chain(&self.other_minima);
        all.map(Vec::as_slice)
    }

    /// The Euclidean distance of a point from the nearest known minimiser, in the precision
    /// of the point.
    #[must_use]
    pub fn distance(&self, point: &[Scalar]) -> Option<Scalar> {
        let precision = point.first()?.precision();
        let all = self.minimisers().map(|at| distance(at, point));
        // NaN is above every distance.
        let least = all.min_by(f64::total_cmp)?;
        #[expect(clippy::cast_possible_truncation, reason = "that of the run")]
        Some(match precision {
            Precision::F32 => Scalar::F32(least as f32),
            Precision::F64 => Scalar::F64(least),
        })
    }

    /// Whether a point is within [`REACHED_DISTANCE`](crate::ending::REACHED_DISTANCE) of a
    /// known minimiser.
    #[must_use]
    pub fn is_at_minimiser(&self, point: &[Scalar]) -> bool {
        let mut all = self.minimisers();
        all.any(|at| is_within_reach(distance(at, point), norm_of(at)))
    }

    /// Whether a loss is within [`REACHED_GAP`] of the known minimum.
    #[must_use]
    pub fn is_at_minimum(&self, loss: Scalar) -> bool {
        self.minimum.is_some_and(|minimum| {
            let gap = loss.to_f64() - minimum.wide();
            gap.abs() <= REACHED_GAP * minimum.wide().abs().max(1.0)
        })
    }
}

fn distance(at: &[f64], point: &[Scalar]) -> f64 {
    let apart = at.iter().zip(point).map(|(at, x)| x.to_f64() - at);
    norm_of(&apart.collect::<Vec<_>>())
}

fn norm_of(x: &[f64]) -> f64 {
    let x: Vec<_> = x.iter().map(|x| Rounded::<f64, false>::new(*x)).collect();
    norm(&x).get()
}
