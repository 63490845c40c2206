//! Random numbers from a seed: the promised ones, and of good quality.
//!
//! The numbers are fixed, so a test passes always or never. Each bound on a quantity
//! of the sample is one that numbers of a correct generator meet, except with the
//! probability that is named.

use gradtape_experiment::random::{Purpose, Stream};

fn stream(place: u64) -> Stream {
    Stream::new(20_250, Purpose::Start, [place, 0, 0])
}

const COUNT: usize = 100_000;

#[test]
fn a_seed_gives_these_numbers_for_ever() {
    // Computed from the definition by a program of a few lines in another language.
    let mut stream = Stream::new(1, Purpose::Shuffle, [2, 3, 4]);
    let uniform = [(); 3].map(|()| stream.uniform());
    assert_eq!(
        uniform,
        [
            0.030797477543612284, 0.17746252811510455, 0.7184310916923404
        ]
    );
    assert_eq!([(); 6].map(|()| stream.below(100)), [3, 78, 66, 55, 23, 70]);
    assert_eq!(stream.uniform_in(-5.0, 5.0), 2.13378962216672);
    let mut rows: Vec<u32> = (0..10).collect();
    stream.shuffle(&mut rows);
    assert_eq!(rows, [3, 0, 7, 1, 5, 9, 4, 6, 2, 8]);
    let normal = [(); 3].map(|()| stream.normal());
    assert_eq!(
        normal,
        [0.154280568083616, 1.3151280477761182, -0.7280889143267674]
    );
}

#[test]
fn each_part_of_the_name_makes_another_stream() {
    let mut seen: Vec<u64> = Vec::new();
    for seed in [0, 1, u64::MAX] {
        for purpose in [
            Purpose::Start,
            Purpose::Rotation,
            Purpose::Split,
            Purpose::Shuffle,
        ] {
            for place in [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, u64::MAX]] {
                seen.push(Stream::new(seed, purpose, place).uniform().to_bits());
            }
        }
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

/// The largest distance between the distribution of the sample and `cumulative`, in
/// units of 1/√n.
fn distance(sample: &[f64], cumulative: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let distances = sorted.iter().enumerate().map(|(place, x)| {
        let expected = cumulative(*x);
        let (below, above) = (place as f64 / count, (place + 1) as f64 / count);
        (expected - below).abs().max((expected - above).abs())
    });
    distances.fold(0.0, f64::max) * count.sqrt()
}

/// The largest distance (Kolmogorov and Smirnov) that is exceeded once in a million:
/// 2 exp(−2 d²) = 10⁻⁶.
const DISTANCE: f64 = 2.694;

/// A sum of many is farther from its mean than this number of standard deviations once in a
/// million.
const DEVIATIONS: f64 = 4.892;

/// That the mean of the `values` is `mean`, if each has this standard deviation.
fn check_mean(values: impl ExactSizeIterator<Item = f64>, mean: f64, deviation: f64) {
    let count = values.len() as f64;
    let found = values.sum::<f64>() / count;
    let error = (found - mean).abs();
    let bound = DEVIATIONS * deviation / count.sqrt();
    assert!(error < bound, "{found} instead of {mean} ± {bound}");
}

#[test]
fn uniform_numbers_are_spread_evenly() {
    let mut stream = stream(1);
    let sample: Vec<f64> = (0..COUNT).map(|_| stream.uniform()).collect();
    assert!(sample.iter().all(|x| (0.0..1.0).contains(x)));
    let distance = distance(&sample, |x| x);
    assert!(distance < DISTANCE, "{distance}");
    check_mean(sample.iter().copied(), 0.5, (1.0_f64 / 12.0).sqrt());
    // The square has the mean 1/3 and the variance 1/5 − 1/9.
    check_mean(
        sample.iter().map(|x| x * x),
        1.0 / 3.0,
        (4.0_f64 / 45.0).sqrt(),
    );
    // Neighbours know nothing of one another: the product of both deviations from
    // the mean has the mean 0 and the standard deviation 1/12.
    let products = sample.windows(2).map(|x| (x[0] - 0.5) * (x[1] - 0.5));
    check_mean(products, 0.0, 1.0 / 12.0);
    // The last bits are random as well.
    let odd = sample.iter().map(|x| (x * 2f64.powi(53)) % 2.0);
    check_mean(odd, 0.5, 0.5);
}

#[test]
fn streams_of_neighbouring_places_are_not_alike() {
    let first = |place| {
        let mut stream = stream(place);
        (stream.uniform(), stream.uniform())
    };
    let firsts: Vec<(f64, f64)> = (0..COUNT as u64).map(first).collect();
    let sample: Vec<f64> = firsts.iter().map(|(first, _)| *first).collect();
    let distance = distance(&sample, |x| x);
    assert!(distance < DISTANCE, "{distance}");
    let products = sample.windows(2).map(|x| (x[0] - 0.5) * (x[1] - 0.5));
    check_mean(products, 0.0, 1.0 / 12.0);
    let products = firsts.iter().map(|(x, y)| (x - 0.5) * (y - 0.5));
    check_mean(products, 0.0, 1.0 / 12.0);
}

#[test]
fn normal_numbers_have_the_normal_distribution() {
    let mut stream = stream(2);
    let sample: Vec<f64> = (0..COUNT).map(|_| stream.normal()).collect();
    assert!(sample.iter().all(|x| x.abs() < 8.58));
    let cumulative = |x: f64| 0.5 * (1.0 + erf(x / 2f64.sqrt()));
    let distance = distance(&sample, cumulative);
    assert!(distance < DISTANCE, "{distance}");
    // The powers have the means 0, 1, 0, 3 and the variances 1, 2, 15, 96.
    let power = |exponent| sample.iter().map(move |x| x.powi(exponent));
    check_mean(power(1), 0.0, 1.0);
    check_mean(power(2), 1.0, 2f64.sqrt());
    check_mean(power(3), 0.0, 15f64.sqrt());
    check_mean(power(4), 3.0, 96f64.sqrt());
    check_mean(sample.windows(2).map(|x| x[0] * x[1]), 0.0, 1.0);
}

fn erf(x: f64) -> f64 {
    gradtape_tape::Real::erf(x)
}

#[test]
fn an_interval_holds_all_its_numbers() {
    let mut stream = stream(3);
    let limits = [
        (0.0, 1.0),
        (-5.0, 5.0),
        (3.0, 3.0),
        (1.0, 1.0_f64.next_up()),
        (0.1, 0.3),
        (-1e-310, 1e-320),
        (-f64::MAX, f64::MAX),
        (-f64::MAX, 0.5 * f64::MAX),
    ];
    for (low, high) in limits {
        let (mut least, mut greatest) = (high, low);
        for _ in 0..1000 {
            let x = stream.uniform_in(low, high);
            assert!((low..=high).contains(&x), "{x} in {low} to {high}");
            (least, greatest) = (x.min(least), x.max(greatest));
        }
        // A hundredth at an end is missed once in 20,000 times.
        let share = |x: f64| 0.5 * x - 0.5 * low;
        let width = share(high);
        assert!(share(least) <= 0.01 * width && share(greatest) >= 0.99 * width);
    }
}

#[test]
fn whole_numbers_are_equally_frequent() {
    for bound in [1, 2, 3, 7, 10, 1000] {
        let mut stream = stream(4);
        let mut counts = vec![0_u32; bound];
        for _ in 0..COUNT {
            let number = usize::try_from(stream.below(bound as u64)).unwrap();
            counts[number] += 1;
        }
        check_equal(&counts);
    }
    let mut stream = stream(5);
    assert!((0..1000).any(|_| stream.below(u64::MAX) > u64::MAX / 2));
}

/// That the counts are those of equally probable events: χ² for them has about the
/// normal distribution with mean k and variance 2k, for few events a longer tail.
fn check_equal(counts: &[u32]) {
    let total: u32 = counts.iter().sum();
    let expected = f64::from(total) / counts.len() as f64;
    let square = |count: &u32| (f64::from(*count) - expected).powi(2) / expected;
    let statistic: f64 = counts.iter().map(square).sum();
    let freedom = counts.len() as f64 - 1.0;
    // By B. Laurent and P. Massart (2000): P(χ² > k + 2√(kt) + 2t) < exp(−t).
    let t = 1e6_f64.ln();
    let bound = freedom + 2.0 * (freedom * t).sqrt() + 2.0 * t;
    assert!(statistic < bound, "{statistic} above {bound}");
}

#[test]
fn all_orders_are_equally_frequent() {
    let mut stream = stream(6);
    let mut counts = vec![0; 24];
    for _ in 0..COUNT {
        let mut rows = [0, 1, 2, 3];
        stream.shuffle(&mut rows);
        let rank = rows.iter().enumerate().fold(0, |rank, (place, row)| {
            let below = rows[place..].iter().filter(|other| *other < row).count();
            rank * (4 - place) + below
        });
        counts[rank] += 1;
    }
    check_equal(&counts);
}

#[test]
fn a_shuffle_keeps_each_row_once() {
    let mut stream = stream(7);
    for length in [0, 1, 2, 2000] {
        let mut rows: Vec<u32> = (0..length).collect();
        stream.shuffle(&mut rows);
        rows.sort_unstable();
        assert!(rows.into_iter().eq(0..length));
    }
}
