//! What is stored of a run while its rows arrive: a limited number of points.

use std::ops::RangeInclusive;

use gradtape_experiment::plan::charts::Thinning;

/// Number of groups of neighbours in all lines of a chart together, and the minimum
/// and maximum for each line. The maximum is far more than a chart has pixels.
const GROUPS: usize = 1 << 18;
const GROUPS_OF_A_LINE: RangeInclusive<usize> = 256..=16_384;
const POINTS_OF_A_BAND: RangeInclusive<usize> = 64..=4_096;
const IMPROVEMENTS_IN_AN_OCTAVE: RangeInclusive<usize> = 16..=512;

/// The points of one line, thinned as they come: neighbours are joined into
/// groups whenever there are too many, twice as large each time.
#[derive(Debug)]
pub(super) struct Peaks {
    groups: Vec<Group>,
    limit: usize,
    /// The points of a full group.
    size: usize,
    /// Those of the last group.
    last: usize,
}

/// Some neighbours on a line: what is seen of them when they fall on one pixel.
/// Points in order of their place; the same point may be several of them.
#[derive(Clone, Copy, Debug)]
struct Group {
    first: (usize, [f64; 2]),
    least: (usize, [f64; 2]),
    greatest: (usize, [f64; 2]),
    last: (usize, [f64; 2]),
}

impl Peaks {
    fn new(limit: usize) -> Self {
        Peaks {
            groups: Vec::new(),
            limit,
            size: 1,
            last: 0,
        }
    }

    fn push(&mut self, point: [f64; 2]) {
        let place = self.groups.last().map_or(0, |group| group.last.0 + 1);
        let one = (place, point);
        let new = Group {
            first: one,
            least: one,
            greatest: one,
            last: one,
        };
        if self.last == 0 || self.last == self.size {
            if self.groups.len() == 2 * self.limit {
                self.halve();
            }
            if self.last == 0 || self.last == self.size {
                self.groups.push(new);
                self.last = 1;
                return;
            }
        }
        if let Some(group) = self.groups.last_mut() {
            *group = group.joined(&new);
        }
        self.last += 1;
    }

    fn halve(&mut self) {
        let joined = |pair: &[Group]| match pair {
            [left, right] => left.joined(right),
            _ => pair[0],
        };
        self.groups = self.groups.chunks(2).map(joined).collect();
        self.size *= 2;
        self.last = self.size;
    }

    /// The points that stay, each with its number among all.
    fn numbered(&self) -> Vec<(usize, [f64; 2])> {
        let mut points = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let mut seen = [group.first, group.least, group.greatest, group.last];
            seen.sort_by_key(|(place, _)| *place);
            let mut previous = None;
            for (place, point) in seen {
                if previous != Some(place) {
                    points.push((place, point));
                }
                previous = Some(place);
            }
        }
        points
    }

    fn points(&self) -> Vec<[f64; 2]> {
        let numbered = self.numbered().into_iter();
        numbered.map(|(_, point)| point).collect()
    }
}

/// The corners of a path in the plane, thinned like those of a line, but along both axes.
#[derive(Debug)]
pub(super) struct Corners {
    upright: Peaks,
    /// With the axes exchanged.
    sideways: Peaks,
}

impl Corners {
    fn new(limit: usize) -> Self {
        Corners {
            upright: Peaks::new(limit),
            sideways: Peaks::new(limit),
        }
    }

    fn push(&mut self, [x, y]: [f64; 2]) {
        self.upright.push([x, y]);
        self.sideways.push([y, x]);
    }

    fn points(&self) -> Vec<[f64; 2]> {
        let sideways = self.sideways.numbered().into_iter();
        let mut points = self.upright.numbered();
        points.extend(sideways.map(|(place, [y, x])| (place, [x, y])));
        points.sort_by_key(|(place, _)| *place);
        points.dedup_by_key(|(place, _)| *place);
        points.into_iter().map(|(_, point)| point).collect()
    }
}

/// Points at even distances, twice as far whenever there are too many, and the last one:
/// lines of runs that record the same epochs have points in common.
#[derive(Debug)]
pub(super) struct EvenPoints {
    points: Vec<[f64; 2]>,
    limit: usize,
    stride: usize,
    count: usize,
    last: Option<[f64; 2]>,
}

impl EvenPoints {
    fn new(limit: usize) -> Self {
        EvenPoints {
            points: Vec::new(),
            limit: limit.max(2),
            stride: 1,
            count: 0,
            last: None,
        }
    }

    fn push(&mut self, point: [f64; 2]) {
        if self.count.is_multiple_of(self.stride) && self.points.len() == self.limit {
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride *= 2;
        }
        if self.count.is_multiple_of(self.stride) {
            self.points.push(point);
        }
        self.count += 1;
        self.last = Some(point);
    }

    fn points(&self) -> Vec<[f64; 2]> {
        let last = self.last.filter(|last| self.points.last() != Some(last));
        self.points.iter().copied().chain(last).collect()
    }
}

/// The improvements of a run, each a point `[evaluations, smallest loss so far]`.
/// Improvements whose evaluations differ by a factor below 2^(1 / `in_an_octave`) are merged
/// into the last of them, so that the cost of a run is never understated, and overstated by
/// no more than that factor.
#[derive(Debug)]
pub(super) struct Improvements {
    points: Vec<[f64; 2]>,
    in_an_octave: f64,
}

impl Improvements {
    fn new(in_an_octave: f64) -> Self {
        Improvements {
            points: Vec::new(),
            in_an_octave,
        }
    }

    fn push(&mut self, point: [f64; 2]) {
        let is_better = |best: &[f64; 2]| point[1] < best[1];
        if self.points.last().is_some_and(|best| !is_better(best)) {
            return;
        }
        let group = self.group(point[0]);
        match self.points.as_slice() {
            // The first is the start, which the others are measured by.
            [_, .., last] if self.group(last[0]) == group => {
                let place = self.points.len() - 1;
                self.points[place] = point;
            }
            _ => self.points.push(point),
        }
    }

    /// Numbers that are equal for evaluations that are merged.
    fn group(&self, evaluations: f64) -> f64 {
        let each = self.in_an_octave;
        if evaluations <= each {
            return evaluations;
        }
        each + libm::floor(each * libm::log2(evaluations / each))
    }
}

/// What is stored of one run for one chart.
#[derive(Debug)]
pub(super) enum RunPoints {
    Peaks(Peaks),
    Corners(Corners),
    Even(EvenPoints),
    Improvements(Improvements),
}

impl RunPoints {
    /// No points yet, for one of `runs` runs in a chart.
    pub(super) fn new(thinning: Thinning, runs: usize) -> RunPoints {
        let share = |limits: RangeInclusive<usize>| {
            (GROUPS / runs.max(1)).clamp(*limits.start(), *limits.end())
        };
        match thinning {
            Thinning::Peaks => RunPoints::Peaks(Peaks::new(share(GROUPS_OF_A_LINE))),
            Thinning::Corners => RunPoints::Corners(Corners::new(share(GROUPS_OF_A_LINE))),
            Thinning::Even => RunPoints::Even(EvenPoints::new(share(POINTS_OF_A_BAND))),
            Thinning::Improvements => {
                #[expect(clippy::cast_precision_loss, reason = "a small count")]
                let in_an_octave = share(IMPROVEMENTS_IN_AN_OCTAVE) as f64;
                RunPoints::Improvements(Improvements::new(in_an_octave))
            }
        }
    }

    pub(super) fn push(&mut self, point: [f64; 2]) {
        match self {
            RunPoints::Peaks(peaks) => peaks.push(point),
            RunPoints::Corners(corners) => corners.push(point),
            RunPoints::Even(points) => points.push(point),
            RunPoints::Improvements(improvements) => improvements.push(point),
        }
    }

    pub(super) fn into_points(self) -> Vec<[f64; 2]> {
        match self {
            RunPoints::Peaks(peaks) => peaks.points(),
            RunPoints::Corners(corners) => corners.points(),
            RunPoints::Even(points) => points.points(),
            RunPoints::Improvements(improvements) => improvements.points,
        }
    }
}

impl Group {
    fn joined(&self, right: &Group) -> Group {
        let less = |a: (usize, [f64; 2]), b: (usize, [f64; 2])| a.1[1] <= b.1[1];
        Group {
            first: self.first,
            least: if less(self.least, right.least) {
                self.least
            } else {
                right.least
            },
            greatest: if less(right.greatest, self.greatest) {
                self.greatest
            } else {
                right.greatest
            },
            last: right.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn thinned(count: usize, limit: usize, value: impl Fn(usize) -> f64) -> Vec<[f64; 2]> {
        let mut line = Peaks::new(limit);
        (0..count).for_each(|place| line.push([place as f64, value(place)]));
        line.points()
    }

    #[test]
    fn a_short_line_is_kept_point_by_point() {
        let points = thinned(31, 16, |place| (place * place % 7) as f64);
        assert_eq!(points.len(), 31);
        assert!(points.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    }

    #[test]
    fn a_long_line_keeps_its_ends_and_peaks() {
        let points = thinned(
            100_000,
            16,
            |place| if place == 54_321 { 9.0 } else { -1.0 },
        );
        assert!(points.len() <= 4 * 32, "{}", points.len());
        assert_eq!(points[0][0], 0.0);
        assert_eq!(points[points.len() - 1][0], 99_999.0);
        assert!(points.contains(&[54_321.0, 9.0]));
        assert!(points.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    }

    #[test]
    fn a_path_keeps_its_corners_on_all_sides() {
        let mut path = Corners::new(16);
        for place in 0..10_000_i32 {
            let x = if place == 4_321 { 9.0 } else { 0.0 };
            let y = if place == 1_234 { -9.0 } else { 0.0 };
            path.push([x + f64::from(place) * 1e-9, y]);
        }
        let points = path.points();
        assert!(points.len() <= 7 * 32, "{}", points.len());
        assert!(points.iter().any(|[x, _]| *x > 8.0) && points.iter().any(|[_, y]| *y < -8.0));
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn sampled_lines_have_points_in_common_whatever_their_lengths() {
        let sampled = |count: usize| {
            let mut line = EvenPoints::new(16);
            (0..count).for_each(|place| line.push([place as f64, 0.0]));
            line.points()
        };
        assert_eq!(sampled(16).len(), 16);
        let (short, long) = (sampled(20), sampled(1_000));
        assert!(long.len() <= 17 && long[long.len() - 1][0] == 999.0);
        let common = long.iter().filter(|point| point[0] < 19.0);
        assert!(common.into_iter().all(|point| short.contains(point)));
    }

    #[test]
    fn improvements_are_few_and_never_too_early() {
        let mut improvements = Improvements::new(64.0);
        for count in 1..=1_000_000_u32 {
            improvements.push([f64::from(count), 1.0 / f64::from(count)]);
        }
        let points = improvements.points;
        assert!(points.len() < 64 * 15, "{}", points.len());
        assert_eq!(points[..3], [[1.0, 1.0], [2.0, 0.5], [3.0, 1.0 / 3.0]]);
        for target in [0.5, 1e-3, 1e-5] {
            let cost = points.iter().find(|point| point[1] <= target).unwrap()[0];
            let exact = libm::ceil(1.0 / target);
            assert!(exact <= cost && cost <= exact * libm::exp2(1.0 / 64.0) + 1.0);
        }
    }

    #[test]
    fn what_gets_worse_is_no_improvement() {
        let mut improvements = Improvements::new(8.0);
        for point in [
            [1.0, 4.0],
            [2.0, 5.0],
            [3.0, f64::NAN],
            [4.0, 3.0],
            [5.0, 3.0],
        ] {
            improvements.push(point);
        }
        assert_eq!(improvements.points, [[1.0, 4.0], [4.0, 3.0]]);
    }
}
