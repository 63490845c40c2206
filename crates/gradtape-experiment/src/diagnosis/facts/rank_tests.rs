//! Tests by ranks: whether one sample of final losses is smaller than another.
//!
//! Losses of optimizers are far from normally distributed, and some are infinite. Ranks
//! need neither: a diverged run is worse than any other, by whatever amount. Callers pass
//! infinity for such a run, and two of them are a tie. NaN is read as infinity too.
//!
//! [`signed_rank`] and [`rank_sum`] are those of Wilcoxon, "Individual comparisons by
//! ranking methods", Biometrics Bulletin 1, 1945, and of Mann and Whitney, "On a test of
//! whether one of two random variables is stochastically larger than the other", Annals of
//! Mathematical Statistics 18, 1947. [`holm`] corrects for several tests at once: "A simple
//! sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6,
//! 1979.
//!
//! Equal values share the mean of their ranks. Such a mean may end in one half, so ranks
//! are doubled to be integers, and small samples are counted exactly with ties as they are.

/// Maximum number of differing pairs, or of values in both samples together, for an exact
/// p-value. Larger samples use the normal distribution, which is close by then.
///
/// There are at most 2^50 outcomes, so that an `f64` counts them exactly.
const MAX_EXACT: usize = 50;

/// The result of a two-sided test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RankTest {
    /// The probability of a difference at least as large if both samples have the same
    /// distribution.
    pub p: f64,
    /// The smallest exact p-value of any two samples of this size, at most `p`. Above the
    /// level of significance, there are too few repetitions for a difference.
    pub smallest_p: f64,
}

impl RankTest {
    /// Neither p-value is above one. Nor is `p` below the smallest, as the normal
    /// distribution has it where almost all values are equal: of 1 and 50 times 0 it makes
    /// 4e-12 instead of 2/51.
    fn new(p: f64, smallest_p: f64) -> Self {
        let smallest_p = smallest_p.min(1.0);
        RankTest {
            p: p.clamp(smallest_p, 1.0),
            smallest_p,
        }
    }
}

/// Wilcoxon's signed-rank test of paired losses, such as two optimizers from the same starting
/// points.
///
/// Pairs of equal losses are dropped, as Wilcoxon did, but count for the smallest p-value:
/// that depends on the number of repetitions alone. Without pairs both p-values are one.
pub(crate) fn signed_rank(pairs: impl Iterator<Item = (f64, f64)>) -> RankTest {
    let mut differences: Vec<f64> = pairs.map(|(one, other)| difference(one, other)).collect();
    // Two of the 2^n choices of signs are the most extreme: all positive, all negative.
    let smallest_p = libm::exp2(1.0 - float(differences.len()));
    differences.retain(|difference| *difference != 0.0);
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranking = Ranks::new(&differences, |difference| difference.abs());
    let ranks = ranking.doubled.iter().zip(&differences);
    let positive = ranks.filter(|(_, difference)| **difference > 0.0);
    let sum: usize = positive.map(|(rank, _)| rank).sum();
    let p = if differences.len() <= MAX_EXACT {
        p_of_counts(&signed_counts(&ranking.doubled), sum)
    } else {
        let n = float(differences.len());
        let mean = n * (n + 1.0) / 4.0;
        let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ranking.excess / 48.0;
        normal_p(float(sum) / 2.0 - mean, variance)
    };
    RankTest::new(p, smallest_p)
}

/// The rank-sum test of unpaired losses, which is the U test of Mann and Whitney.
///
/// If a sample is empty, both p-values are one.
pub(crate) fn rank_sum(one: &[f64], other: &[f64]) -> RankTest {
    // The test is symmetric, and a smaller sample has fewer sums to count.
    let (small, large) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let small_values = small.iter().map(|loss| (or_infinity(*loss), true));
    let large_values = large.iter().map(|loss| (or_infinity(*loss), false));
    let mut values: Vec<(f64, bool)> = small_values.chain(large_values).collect();
    values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let ranking = Ranks::new(&values, |(loss, _)| *loss);
    let ranks = ranking.doubled.iter().zip(&values);
    let of_small = ranks.filter(|(_, (_, is_small))| *is_small);
    let sum: usize = of_small.map(|(rank, _)| rank).sum();
    let p = if values.len() <= MAX_EXACT {
        p_of_counts(&subset_counts(&ranking.doubled, small.len()), sum)
    } else {
        let (n, size) = (float(values.len()), float(small.len()));
        let mean = size * (n + 1.0) / 2.0;
        let spread = n + 1.0 - ranking.excess / (n * (n - 1.0));
        let variance = size * float(large.len()) / 12.0 * spread;
        normal_p(float(sum) / 2.0 - mean, variance)
    };
    RankTest::new(p, 2.0 / binomial(values.len(), small.len()))
}

/// Holm's adjusted p-values, in the order given: those below a level are significant at
/// that level together, however the tests depend on each other.
pub(crate) fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, place) in order.into_iter().enumerate() {
        let remaining = float(p_values.len() - rank);
        // A p-value never becomes smaller than one that was smaller before.
        largest = largest.max((p_values[place] * remaining).min(1.0));
        adjusted[place] = largest;
    }
    adjusted
}

/// Values in ascending order, as ranks.
struct Ranks {
    /// Twice the rank of each value, from 2.
    doubled: Vec<usize>,
    /// The sum of t³ − t over groups of t equal values: by how much they narrow the
    /// distribution of a sum of ranks.
    excess: f64,
}

impl Ranks {
    /// The items are sorted by their values.
    fn new<T>(sorted: &[T], value: impl Fn(&T) -> f64) -> Self {
        let mut doubled = Vec::with_capacity(sorted.len());
        let mut excess = 0.0;
        // In ascending order, a value that is not below the next one equals it.
        for group in sorted.chunk_by(|a, b| value(a) >= value(b)) {
            let before = doubled.len();
            let size = float(group.len());
            // The mean of ranks is that of the first and the last one.
            let rank = (before + 1) + (before + group.len());
            doubled.resize(before + group.len(), rank);
            excess += size * size * size - size;
        }
        Ranks { doubled, excess }
    }
}

/// The number of choices of signs for each sum of the ranks with a positive sign.
fn signed_counts(ranks: &[usize]) -> Vec<f64> {
    let mut counts = vec![0.0; ranks.iter().sum::<usize>() + 1];
    counts[0] = 1.0;
    for rank in ranks {
        // Downwards, so that each rank is added once.
        for sum in (*rank..counts.len()).rev() {
            counts[sum] += counts[sum - rank];
        }
    }
    counts
}

/// The number of subsets of this size for each sum of their ranks, which are in ascending
/// order.
fn subset_counts(ranks: &[usize], size: usize) -> Vec<f64> {
    let largest: usize = ranks[ranks.len() - size..].iter().sum();
    // One row for each size of a subset up to this one.
    let mut rows = vec![vec![0.0; largest + 1]; size + 1];
    rows[0][0] = 1.0;
    for rank in ranks {
        // Downwards, so that each rank is in a subset once.
        for members in (1..=size).rev() {
            let (smaller, row) = rows.split_at_mut(members);
            let sums = smaller[members - 1].iter();
            for (count, without) in row[0].iter_mut().skip(*rank).zip(sums) {
                *count += without;
            }
        }
    }
    rows.swap_remove(size)
}

/// Twice the smaller of the probabilities of at most and of at least this sum, by the number
/// of outcomes for each sum.
fn p_of_counts(counts: &[f64], sum: usize) -> f64 {
    let lower: f64 = counts[..=sum].iter().sum();
    let upper: f64 = counts[sum..].iter().sum();
    2.0 * lower.min(upper) / counts.iter().sum::<f64>()
}

/// The two-sided p-value of a sum of ranks by the normal distribution. Sums are about one
/// apart, so the tail begins one half nearer to the mean (continuity correction).
fn normal_p(deviation: f64, variance: f64) -> f64 {
    let distance = deviation.abs() - 0.5;
    // Also where all values are equal and the variance is zero.
    if distance <= 0.0 {
        return 1.0;
    }
    libm::erfc(distance / (2.0 * variance).sqrt())
}

/// The number of subsets of this size; infinite outside the range of `f64`.
fn binomial(n: usize, size: usize) -> f64 {
    // Exact up to 2^53, since each product of consecutive integers is divisible by i!.
    (1..=size).fold(1.0, |subsets, i| subsets * float(n - size + i) / float(i))
}

/// Two infinite losses are equal, although their difference is NaN.
fn difference(one: f64, other: f64) -> f64 {
    let difference = or_infinity(one) - or_infinity(other);
    if difference.is_nan() { 0.0 } else { difference }
}

/// A loss that is NaN is that of a diverged run.
fn or_infinity(loss: f64) -> f64 {
    if loss.is_nan() { f64::INFINITY } else { loss }
}

#[expect(clippy::cast_precision_loss, reason = "a count of values in memory")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are expected")]
mod tests {
    use super::*;

    const INFINITY: f64 = f64::INFINITY;

    #[track_caller]
    fn check(test: RankTest, p: f64) {
        let deviation = (test.p - p).abs();
        assert!(deviation <= 1e-12 * p, "{} instead of {p}", test.p);
        assert!(test.smallest_p <= test.p, "{test:?}");
    }

    /// The test of these differences, as pairs with zero.
    fn of_differences(differences: &[f64]) -> RankTest {
        signed_rank(differences.iter().map(|difference| (*difference, 0.0)))
    }

    /// Values in an irregular order: the multiples of a factor, modulo a prime.
    fn multiples(factor: u32, prime: u32, count: u32) -> impl Iterator<Item = f64> {
        (1..=count).map(move |k| f64::from(k * factor % prime))
    }

    // Expected p-values with many digits are those of SciPy 1.17.1.

    #[test]
    fn signed_rank_is_exact_for_few_pairs() {
        // Darwin's maize, the example of scipy.stats.wilcoxon (method="exact").
        let maize = [
            6.0, 8.0, 14.0, 16.0, 23.0, 24.0, 28.0, 29.0, 41.0, -48.0, 49.0, 56.0, 60.0, -67.0,
            75.0,
        ];
        check(of_differences(&maize), 169.0 / 4096.0);
        // The Hamilton depression scale in thousandths, the example of wilcox.test in R.
        let first = [1830, 500, 1620, 2480, 1680, 1880, 1550, 3060, 1300].map(f64::from);
        let second = [878, 647, 598, 2050, 1060, 1290, 1060, 3140, 1290].map(f64::from);
        let pairs = || first.into_iter().zip(second);
        check(signed_rank(pairs()), 5.0 / 128.0);
        check(
            signed_rank(pairs().map(|(one, other)| (other, one))),
            5.0 / 128.0,
        );
    }

    #[test]
    fn signed_rank_is_exact_up_to_fifty_pairs() {
        // scipy.stats.wilcoxon(method="exact").
        for (count, p) in [
            (20, 0.097_307_205_200_195_31),
            (49, 0.004_361_282_026_199_12),
            (50, 0.005_236_528_699_732_901),
        ] {
            let sevenths = (1..=count).map(|k| f64::from(k % 7) / 16.0);
            let values = multiples(37, 101, count).zip(sevenths);
            let differences: Vec<f64> = values.map(|(a, b)| a - 38.0 + b).collect();
            check(of_differences(&differences), p);
        }
    }

    #[test]
    fn signed_rank_is_exact_with_ties() {
        // scipy.stats.wilcoxon(method=PermutationMethod(n_resamples=inf)), which tries all
        // signs.
        let ties = [1.0, 1.0, 2.0, -2.0, 3.0, 3.0, -3.0, 4.0, 5.0, 5.0];
        check(of_differences(&ties), 19.0 / 256.0);
        let ties = [2.0, 2.0, 2.0, 2.0, -2.0, -2.0, 7.0, 7.0, 7.0];
        check(of_differences(&ties), 11.0 / 128.0);
    }

    #[test]
    fn signed_rank_drops_pairs_of_equal_losses() {
        let zeros = [
            1.0, 1.0, 0.0, 2.0, -2.0, 3.0, 3.0, -3.0, 4.0, -0.0, 5.0, 5.0,
        ];
        check(of_differences(&zeros), 19.0 / 256.0);
        // They are repetitions all the same.
        assert_eq!(of_differences(&zeros).smallest_p, 2.0 / 4096.0);
        check(
            signed_rank([(3.0, 3.0), (INFINITY, INFINITY)].into_iter()),
            1.0,
        );
    }

    #[test]
    fn an_infinite_loss_is_the_largest_difference() {
        // SciPy with 1e9 instead of infinity, by PermutationMethod.
        for lost in [1e9, INFINITY, f64::NAN, -f64::NAN] {
            let losses = [-1.0, -1.0, 3.0, lost, lost, lost, -5.0, lost, 2.0];
            check(of_differences(&losses), 11.0 / 128.0);
            let swapped = losses.map(|loss| (0.0, loss)).into_iter();
            check(signed_rank(swapped.chain([(lost, lost)])), 11.0 / 128.0);
        }
    }

    #[test]
    fn signed_rank_of_many_pairs_is_nearly_normal() {
        // scipy.stats.wilcoxon(method="approx", correction=True), with ties and zeros.
        for (count, p) in [
            (51, 0.042_419_817_873_503_23),
            (60, 0.025_966_767_699_579_864),
            (200, 0.000_247_013_531_598_135_9),
        ] {
            let differences: Vec<f64> = multiples(37, 101, count).map(|x| x - 42.0).collect();
            check(of_differences(&differences), p);
        }
        let differences: Vec<f64> = multiples(7, 11, 80).map(|x| x - 3.0).collect();
        check(of_differences(&differences), 1.215_967_617_998_165_5e-6);
    }

    #[test]
    fn rank_sum_is_exact_for_few_values() {
        // The permeability of membranes, the example of wilcox.test in R.
        let term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let early = [1.15, 0.88, 0.90, 0.74, 1.21];
        check(rank_sum(&term, &early), 764.0 / 3003.0);
        check(rank_sum(&early, &term), 764.0 / 3003.0);
        // The example of scipy.stats.mannwhitneyu (method="exact").
        let males = [19.0, 22.0, 16.0, 29.0, 24.0];
        let females = [20.0, 11.0, 17.0, 12.0];
        check(rank_sum(&males, &females), 1.0 / 9.0);
    }

    #[test]
    fn rank_sum_is_exact_up_to_fifty_values() {
        // scipy.stats.mannwhitneyu(method="exact").
        for (one, other, p) in [
            (25, 25, 0.080_718_788_131_695_13),
            (30, 20, 0.141_200_505_649_292_96),
            (10, 40, 0.215_270_272_806_484_92),
        ] {
            let one: Vec<f64> = multiples(37, 101, one).map(|x| x / 8.0).collect();
            let other: Vec<f64> = multiples(29, 97, other).map(|x| x / 8.0 + 1.51).collect();
            check(rank_sum(&one, &other), p);
        }
    }

    #[test]
    fn rank_sum_is_exact_with_ties() {
        // scipy.stats.mannwhitneyu(method=PermutationMethod(n_resamples=inf)), which tries
        // all subsets; with 9 instead of infinity.
        for lost in [9.0, INFINITY, f64::NAN, -f64::NAN] {
            let one = [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, lost];
            let other = [2.0, 3.0, 4.0, 4.0, lost, lost, lost, lost];
            check(rank_sum(&one, &other), 28.0 / 429.0);
        }
        // The two zeros are equal.
        let one = [0.0, -0.0, 0.0, 2.0];
        let other = [-0.0, 0.0, 2.0, 2.0, 2.0, 2.0];
        check(rank_sum(&one, &other), 11.0 / 21.0);
        check(rank_sum(&[INFINITY; 4], &[INFINITY; 3]), 1.0);
    }

    #[test]
    fn rank_sum_of_many_values_is_nearly_normal() {
        // scipy.stats.mannwhitneyu(method="asymptotic", use_continuity=True), with ties.
        for (one, other, p) in [
            (26, 25, 0.093_498_686_212_761_94),
            (40, 30, 0.087_426_859_698_010_05),
            (100, 100, 0.020_602_204_916_294_827),
            (3, 60, 0.202_349_022_368_232_93),
        ] {
            let one: Vec<f64> = multiples(37, 101, one).collect();
            let other: Vec<f64> = multiples(29, 97, other).map(|x| x + 12.0).collect();
            check(rank_sum(&one, &other), p);
        }
        let one: Vec<f64> = multiples(7, 11, 40).collect();
        let other: Vec<f64> = multiples(5, 13, 50).collect();
        check(rank_sum(&one, &other), 0.255_773_213_311_878_5);
        check(rank_sum(&[5.0; 60], &[5.0; 60]), 1.0);
    }

    #[test]
    fn exact_p_values_are_those_of_all_outcomes() {
        // Small integers, so with many ties. Doubled ranks are counted in another way here:
        // by the number of values below and of those not above.
        let doubled = |all: &[f64], value: f64| {
            let below = all.iter().filter(|other| **other < value).count();
            let not_above = all.iter().filter(|other| **other <= value).count();
            below + not_above + 1
        };
        let p = |outcomes: &[usize], sum: usize| {
            let lower = outcomes.iter().filter(|other| **other <= sum).count();
            let upper = outcomes.iter().filter(|other| **other >= sum).count();
            (2.0 * float(lower.min(upper)) / float(outcomes.len())).min(1.0)
        };
        for (factor, prime) in [(3, 5), (5, 7), (7, 11), (4, 13), (11, 23)] {
            for count in 1..=10_usize {
                let values: Vec<f64> = multiples(factor, prime, 10).take(count).collect();
                let sum = |ranks: &[usize], subset: usize| -> usize {
                    let members = (0..count).filter(|place| subset >> place & 1 == 1);
                    members.map(|place| ranks[place]).sum()
                };

                let differences: Vec<f64> = values.iter().map(|value| value - 2.0).collect();
                let nonzero = differences.iter().filter(|x| **x != 0.0).map(|x| x.abs());
                let nonzero: Vec<f64> = nonzero.collect();
                // The rank of a zero is left out of the sums, so all subsets may contain it.
                let rank = |x: &f64| {
                    if *x == 0.0 {
                        0
                    } else {
                        doubled(&nonzero, x.abs())
                    }
                };
                let ranks: Vec<usize> = differences.iter().map(rank).collect();
                let outcomes: Vec<usize> = (0..1 << count).map(|set| sum(&ranks, set)).collect();
                let positive = ranks.iter().zip(&differences).filter(|(_, x)| **x > 0.0);
                let positive = positive.map(|(rank, _)| rank).sum();
                check(of_differences(&differences), p(&outcomes, positive));

                let ranks: Vec<usize> = values.iter().map(|x| doubled(&values, *x)).collect();
                for size in 0..=count {
                    let is_of_size = |set: &usize| set.count_ones() as usize == size;
                    let sets = (0..1 << count).filter(is_of_size);
                    let outcomes: Vec<usize> = sets.map(|set| sum(&ranks, set)).collect();
                    let (one, other) = values.split_at(size);
                    let first = ranks[..size].iter().sum();
                    check(rank_sum(one, other), p(&outcomes, first));
                }
            }
        }
    }

    #[test]
    fn the_smallest_p_value_is_that_of_separate_samples() {
        for count in [1, 2, 3, 10, 31, MAX_EXACT] {
            let losses: Vec<f64> = (1..=count).map(float).collect();
            let test = of_differences(&losses);
            assert_eq!(test.p, test.smallest_p);
            for size in 0..=count {
                let test = rank_sum(&losses[..size], &losses[size..]);
                assert_eq!(test.p, test.smallest_p);
            }
        }
        assert_eq!(of_differences(&[1.0; 5]).smallest_p, 0.0625);
        assert_eq!(rank_sum(&[1.0; 3], &[2.0; 3]).smallest_p, 0.1);
    }

    #[test]
    fn no_p_value_is_below_the_smallest() {
        check(rank_sum(&[1.0], &[0.0; 50]), 2.0 / 51.0);
    }

    #[test]
    fn without_values_nothing_is_significant() {
        let nothing = RankTest {
            p: 1.0,
            smallest_p: 1.0,
        };
        assert_eq!(of_differences(&[]), nothing);
        assert_eq!(of_differences(&[1.0]), nothing);
        assert_eq!(rank_sum(&[], &[]), nothing);
        assert_eq!(rank_sum(&[1.0, 2.0], &[]), nothing);
        assert_eq!(rank_sum(&[], &[1.0; 60]), nothing);
        assert_eq!(rank_sum(&[1.0], &[2.0]), nothing);
    }

    #[test]
    fn large_samples_stay_in_the_range_of_f64() {
        let certain = RankTest {
            p: 0.0,
            smallest_p: 0.0,
        };
        let (low, high) = (vec![1.0; 5000], vec![2.0; 5000]);
        assert_eq!(of_differences(&low), certain);
        assert_eq!(rank_sum(&low, &high), certain);
    }

    #[test]
    fn holm_adjusts_step_by_step() {
        // statsmodels 0.15.0, multipletests(method="holm").
        let check = |p_values: &[f64], expected: &[f64]| {
            let adjusted = holm(p_values);
            assert_eq!(adjusted.len(), expected.len());
            for (adjusted, expected) in adjusted.iter().zip(expected) {
                assert!((adjusted - expected).abs() < 1e-15, "{adjusted} {expected}");
            }
        };
        check(&[0.01, 0.04, 0.03, 0.005], &[0.03, 0.06, 0.06, 0.02]);
        check(
            &[0.5, 0.001, 0.02, 0.02, 0.9, 0.013],
            &[1.0, 0.006, 0.08, 0.08, 1.0, 0.065],
        );
        check(&[0.2], &[0.2]);
        check(&[], &[]);
    }
}
