//! Quantiles.
//!
//! A quantile of n sorted values is that at (n − 1)·share, interpolated linearly between two
//! of them (number 7 of Hyndman and Fan, "Sample quantiles in statistical packages",
//! The American Statistician 50, 1996): the one that R and NumPy use.

/// The quantile of values that are sorted. Infinite ones are values too.
///
/// NaN without values.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(greatest) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count of values in memory"
    )]
    let (place, rest) = {
        let place = greatest as f64 * share;
        (libm::floor(place) as usize, place - libm::floor(place))
    };
    let low = sorted[place.min(greatest)];
    let high = sorted[(place + 1).min(greatest)];
    // Also where both are infinite, whose difference is NaN.
    if rest == 0.0 || low == high {
        low
    } else {
        low + (high - low) * rest
    }
}

/// Sorts values for [`quantile`], with NaN last, as infinity.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values
        .into_iter()
        .map(|value| if value.is_nan() { f64::INFINITY } else { value })
        .collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0, .25, .5, .75, 1])
        let values = [1.0, 2.0, 4.0, 8.0];
        let shares = [0.0, 0.25, 0.5, 0.75, 1.0];
        let found = shares.map(|share| quantile(&values, share));
        assert_eq!(found, [1.0, 1.75, 3.0, 5.0, 8.0]);
        assert_eq!(quantile(&[3.0], 0.25), 3.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn infinite_values_are_the_greatest() {
        let values = sorted([f64::NAN, 1.0, f64::INFINITY, 2.0, 3.0]);
        assert_eq!(quantile(&values, 0.5), 3.0);
        assert_eq!(quantile(&values, 0.75), f64::INFINITY);
        assert_eq!(quantile(&values, 0.6), f64::INFINITY);
    }
}
