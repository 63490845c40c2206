//! From the points of a line to the few that show on a screen.
//!
//! Ten thousand points on a thousand pixels are ten to a column. A reader sees of a
//! column where the line enters, how far it reaches, and where it leaves, so those
//! points are kept; then points on a straight piece are dropped.

use super::rectangle::{Place, Rectangle};

/// Width of a column in pixels.
const COLUMN: f64 = 0.5;

/// Number of points above which columns may be twice as wide: such a line is so
/// rough that a finer one would only take longer to draw.
const ROUGH: usize = 3000;

/// How far, in pixels, a dropped point may lie from the line that is drawn.
const TOLERANCE: f64 = 0.04;

/// Where a line leaves the frame without coming back, if it does.
pub(crate) fn exit(places: &[Option<Place>], frame: &Rectangle) -> Option<Place> {
    let is_inside = |place: &Option<Place>| place.is_some_and(|place| frame.holds(place));
    let last = places.iter().rposition(is_inside)?;
    let next = places.get(last + 1).copied().flatten()?;
    let [_, exit] = frame.clip(places[last]?, next)?;
    Some(exit)
}

/// The unbroken pieces of a line inside the frame. `None` is a gap. A piece may be
/// a single point.
pub(crate) fn pieces(
    points: impl Iterator<Item = Option<Place>>,
    frame: &Rectangle,
) -> Vec<Vec<Place>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Place> = Vec::new();
    let mut previous: Option<Place> = None;
    let mut close = |piece: &mut Vec<Place>| {
        if !piece.is_empty() {
            pieces.push(std::mem::take(piece));
        }
    };
    for point in points {
        let Some(point) = point else {
            close(&mut piece);
            previous = None;
            continue;
        };
        match previous {
            // The common case: nothing to clip.
            Some(last) if frame.holds(last) && frame.holds(point) => piece.push(point),
            Some(last) => {
                if let Some([from, to]) = frame.clip(last, point) {
                    if piece.is_empty() {
                        piece.push(from);
                    }
                    piece.push(to);
                }
                if !frame.holds(point) {
                    close(&mut piece);
                }
            }
            None if frame.holds(point) => piece.push(point),
            None => {}
        }
        previous = Some(point);
    }
    close(&mut piece);
    pieces
}

/// The same line with fewer points: no difference to the eye.
pub(crate) fn simplified(points: &[Place]) -> Vec<Place> {
    let few = straightened(&thinned(points, COLUMN));
    if few.len() <= ROUGH {
        return few;
    }
    straightened(&thinned(points, 2.0 * COLUMN))
}

/// The first, lowest, highest and last point of each column, in their order.
fn thinned(points: &[Place], width: f64) -> Vec<Place> {
    let column = |point: &Place| libm::floor(point[0] / width);
    let mut kept = Vec::new();
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let last = group.len() - 1;
        let by_height = |&a: &usize, &b: &usize| group[a][1].total_cmp(&group[b][1]);
        let lowest = (0..=last).min_by(by_height).unwrap_or(0);
        let highest = (0..=last).max_by(by_height).unwrap_or(last);
        let mut indices = [0, lowest.min(highest), lowest.max(highest), last];
        indices.sort_unstable();
        let mut before = None;
        for index in indices {
            if before != Some(index) {
                kept.push(group[index]);
            }
            before = Some(index);
        }
    }
    kept
}

/// The line without the points that lie on it anyway (Ramer 1972, Douglas and
/// Peucker 1973), on an explicit stack so that no line is too long.
fn straightened(points: &[Place]) -> Vec<Place> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let mut keep = vec![false; points.len()];
    let last = points.len() - 1;
    keep[0] = true;
    keep[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let farthest = (from + 1..to)
            .map(|index| (index, distance(points[index], points[from], points[to])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((index, far)) = farthest
            && TOLERANCE < far
        {
            keep[index] = true;
            open.push((from, index));
            open.push((index, to));
        }
    }
    let kept = points.iter().zip(keep).filter(|(_, keep)| *keep);
    kept.map(|(point, _)| *point).collect()
}

/// Distance of a point from a segment.
fn distance(point: Place, from: Place, to: Place) -> f64 {
    let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    let [px, py] = [point[0] - from[0], point[1] - from[1]];
    let length_squared = dx * dx + dy * dy;
    let part = if length_squared > 0.0 {
        ((px * dx + py * dy) / length_squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let [ex, ey] = [px - part * dx, py - part * dy];
    // A square root is exact to the last bit on every machine.
    (ex * ex + ey * ey).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rectangle = Rectangle {
        left: 100.0,
        top: 50.0,
        right: 1100.0,
        bottom: 750.0,
    };

    /// A noisy line of many points inside the frame.
    fn noisy(count: usize) -> Vec<Place> {
        let mut state = 7u64;
        (0..count)
            .map(|i| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let x = FRAME.left + FRAME.width() * i as f64 / count as f64;
                [
                    x,
                    FRAME.top + FRAME.height() * (state >> 40) as f64 / 16_777_216.0,
                ]
            })
            .collect()
    }

    fn decay(count: usize) -> Vec<Place> {
        (0..=count)
            .map(|i| {
                let x = FRAME.left + FRAME.width() * i as f64 / count as f64;
                [x, FRAME.bottom - FRAME.height() * 0.98f64.powi(i as i32)]
            })
            .collect()
    }

    #[test]
    fn every_column_keeps_its_ends_and_extremes() {
        let points = noisy(50_000);
        let thin = thinned(&points, COLUMN);
        assert!(thin.len() <= 4 * 2001);
        let ends = |points: &[Place], column: f64| {
            let heights: Vec<f64> = points
                .iter()
                .filter(|p| libm::floor(p[0] / COLUMN) == column)
                .map(|p| p[1])
                .collect();
            let low = heights.iter().copied().fold(f64::INFINITY, f64::min);
            let high = heights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (heights.first().copied(), heights.last().copied(), low, high)
        };
        for column in 200..2200 {
            let column = f64::from(column);
            assert_eq!(ends(&points, column), ends(&thin, column));
        }
    }

    #[test]
    fn no_dropped_point_is_visibly_off_the_line() {
        for points in [noisy(3000), decay(10_000)] {
            let few = simplified(&points);
            for &point in &points {
                // Only the pieces nearby, to keep the test quick.
                let near = few
                    .windows(2)
                    .filter(|pair| pair[0][0] <= point[0] + 1.0 && point[0] - 1.0 <= pair[1][0]);
                let off = near
                    .map(|pair| distance(point, pair[0], pair[1]))
                    .fold(f64::INFINITY, f64::min);
                assert!(off <= 2.0 * COLUMN + TOLERANCE, "{point:?} is {off} off");
            }
        }
    }

    #[test]
    fn a_smooth_line_of_many_points_needs_few() {
        let few = simplified(&decay(10_000));
        assert!(few.len() < 400, "{}", few.len());
        assert_eq!(few.first(), decay(10_000).first());
        assert_eq!(few.last(), decay(10_000).last());
    }

    #[test]
    fn lines_break_at_gaps() {
        let points = [
            Some([200.0, 60.0]),
            None,
            Some([300.0, 70.0]),
            Some([400.0, 80.0]),
            None,
        ];
        let pieces = pieces(points.into_iter(), &FRAME);
        assert_eq!(
            pieces,
            [vec![[200.0, 60.0]], vec![[300.0, 70.0], [400.0, 80.0]]]
        );
    }

    #[test]
    fn lines_end_at_the_edge_of_the_frame() {
        let points = [[200.0, 100.0], [300.0, 0.0], [400.0, -1e9], [500.0, 100.0]];
        let pieces = pieces(points.into_iter().map(Some), &FRAME);
        assert_eq!(pieces[0], [[200.0, 100.0], [250.0, 50.0]]);
        assert_eq!(pieces.len(), 2);
        for point in pieces.concat() {
            assert!(FRAME.holds(point), "{point:?}");
        }
    }

    #[test]
    fn short_lines_are_left_alone() {
        assert!(simplified(&[]).is_empty());
        assert_eq!(simplified(&[[1.0, 2.0]]), [[1.0, 2.0]]);
    }
}
