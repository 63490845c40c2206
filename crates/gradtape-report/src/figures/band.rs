//! Repetitions combined: a median, and the area around it.
//!
//! Runs are combined at the same epochs, or the same evaluations. A run that ended keeps its
//! last value. A run that diverged counts as infinitely bad after its last finite state, for
//! quantities that are better the smaller they are; for others, such as a parameter, it is
//! left out after that state.

use gradtape_experiment::number::{quantile, sorted};
use gradtape_experiment::plan::{Band, Quantity};

/// The lower and the upper edge of a band.
pub(super) fn edges(sorted: &[f64], band: Band) -> [f64; 2] {
    match band {
        Band::Range => [quantile(sorted, 0.0), quantile(sorted, 1.0)],
        Band::Quartiles | Band::None => [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    }
}

/// Whether a quantity is better the smaller it is.
pub(super) fn is_better_smaller(name: &str) -> bool {
    Quantity::named(name).is_some_and(Quantity::is_better_smaller)
}

/// The points of one run, and where it diverged at or after the last of them, if it did.
pub(super) type Repetition<'l> = (&'l [[f64; 2]], Option<f64>);

/// The summary of several runs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Summary {
    /// `[x, median]`.
    pub(super) median: Vec<[f64; 2]>,
    /// `[x, low, high]`.
    pub(super) band: Vec<[f64; 3]>,
    /// Where too many have diverged for a finite median, with the last median if it stands
    /// there.
    pub(super) diverged: Option<[f64; 2]>,
}

/// Combines runs at the points of the longest one. If `is_worst`, a run that diverged counts
/// as infinitely bad after that, else it does not count.
pub(super) fn summary(runs: &[Repetition<'_>], band: Band, is_worst: bool) -> Summary {
    let end = |points: &[[f64; 2]]| points.last().map_or(f64::NEG_INFINITY, |last| last[0]);
    // The first of the longest ones.
    let longest = runs.iter().map(|(points, _)| *points);
    let longest = longest.reduce(|a, b| if end(b) > end(a) { b } else { a });
    let mut places = vec![0; runs.len()];
    let mut found = Summary::default();
    for [x, _] in longest.unwrap_or_default() {
        let values = runs.iter().zip(&mut places).filter_map(|(run, place)| {
            let (points, diverged) = *run;
            while points.get(*place + 1).is_some_and(|next| next[0] <= *x) {
                *place += 1;
            }
            if diverged.is_some() && end(points) < *x {
                return is_worst.then_some(f64::INFINITY);
            }
            let at = points.get(*place)?;
            (at[0] <= *x).then_some(at[1])
        });
        let values = sorted(values);
        let median = quantile(&values, 0.5);
        if !median.is_finite() {
            break;
        }
        let [low, high] = edges(&values, band);
        found.median.push([*x, median]);
        found.band.push([*x, low, high]);
    }
    // The median is infinite once half of the runs have diverged, but where these are left
    // out only the last one ends it.
    let needed = if is_worst {
        runs.len().div_ceil(2)
    } else {
        runs.len()
    };
    let diverged = sorted(runs.iter().filter_map(|run| run.1));
    let at = diverged.get(needed.max(1) - 1);
    found.diverged = at.map(|at| {
        let last = found.median.last().filter(|last| last[0] == *at);
        last.copied().unwrap_or([*at, f64::NAN])
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_ended_keeps_its_value_and_one_that_diverged_is_worst() {
        let long = [[0.0, 8.0], [10.0, 4.0], [20.0, 2.0], [30.0, 1.0]];
        let ended = [[0.0, 6.0], [7.0, 3.0]];
        let diverged = [[0.0, 7.0], [10.0, 70.0]];
        let runs: [Repetition<'_>; 3] = [(&long, None), (&ended, None), (&diverged, Some(11.0))];
        let found = summary(&runs, Band::Range, true);
        let median = [[0.0, 7.0], [10.0, 4.0], [20.0, 3.0], [30.0, 3.0]];
        assert_eq!(found.median, median);
        assert_eq!(found.band[1], [10.0, 3.0, 70.0]);
        assert_eq!(found.band[2], [20.0, 2.0, f64::INFINITY]);
        assert_eq!(found.diverged, None);
        let left_out = summary(&runs, Band::Range, false);
        assert_eq!(left_out.band[3], [30.0, 1.0, 3.0]);
        assert_eq!(left_out.median[3], [30.0, 2.0]);
    }

    #[test]
    fn a_median_ends_where_most_have_diverged() {
        let long = [[0.0, 1.0], [1.0, 0.5], [2.0, 0.25]];
        let short = [[0.0, 1.0], [1.0, 9.0]];
        let runs: [Repetition<'_>; 3] = [(&short, Some(1.0)), (&long, None), (&short, Some(2.0))];
        let found = summary(&runs, Band::Quartiles, true);
        assert_eq!(found.median, [[0.0, 1.0], [1.0, 9.0]]);
        assert!(
            found
                .diverged
                .is_some_and(|at| at[0] == 2.0 && at[1].is_nan())
        );
    }
}
