//! The lines of a picture for the script: their corners, as text.

use std::fmt::Write as _;

use gradtape_chart::{AxisRange, PanelArea, Scale, VisibleLine};

/// Tolerances in pixels by which a line may differ from its drawing, to take less room.
const TOLERANCES: [f64; 8] = [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];

/// The approximate number of characters of a corner.
const CORNER: usize = 14;

/// A panel of a picture.
#[derive(Debug)]
pub(super) struct Area {
    /// Its left, top, right and bottom edge, in pixels.
    pub(super) frame: String,
    /// The scale of each axis, and the values at its ends.
    pub(super) axes: [String; 2],
    /// The numbers of its lines and their corners.
    pub(super) lines: Vec<(usize, String)>,
    /// Whether necessary corners are omitted: then values between two corners are unknown.
    pub(super) is_sampled: bool,
}

/// The panels of a picture in about `room` characters. `has_dots` is true for lines whose points
/// are separate values.
pub(super) fn areas(
    panels: &[PanelArea],
    has_dots: impl Fn(usize) -> bool,
    room: usize,
) -> Vec<Area> {
    let most = room / CORNER;
    let kept = |tolerance: f64| -> Vec<Vec<Vec<bool>>> {
        let panels = panels.iter().map(|panel| {
            let lines = panel.lines.iter().map(|line| match has_dots(line.line) {
                true => vec![true; line.points.len()],
                false => corners(line, panel, tolerance),
            });
            lines.collect()
        });
        panels.collect()
    };
    let count = |kept: &[Vec<Vec<bool>>]| {
        kept.iter()
            .flatten()
            .flatten()
            .filter(|kept| **kept)
            .count()
    };
    let mut chosen = Vec::new();
    for tolerance in TOLERANCES {
        chosen = kept(tolerance);
        if count(&chosen) <= most {
            break;
        }
    }
    // Too many lines or dots can still exceed the room: then some corners are omitted.
    let stride = count(&chosen).div_ceil(most.max(1)).max(1);
    let areas = panels.iter().zip(&chosen).map(|(panel, kept)| Area {
        frame: panel.frame.map(compact).join(" "),
        axes: panel.axes.map(axis),
        lines: panel
            .lines
            .iter()
            .zip(kept)
            .map(|(line, kept)| (line.line, text(line, kept, stride)))
            .collect(),
        is_sampled: stride > 1,
    });
    areas.collect()
}

fn axis(axis: AxisRange) -> String {
    let [low, high] = [axis.low, axis.high].map(|end| format!("{end:e}"));
    match axis.scale {
        Scale::Linear => format!("linear {low} {high}"),
        Scale::Log => format!("log {low} {high}"),
        Scale::SymLog(threshold) => format!("symlog {low} {high} {threshold:e}"),
    }
}

/// The corners of a line that are needed to stay within a distance of it, in pixels.
///
/// A corner is needed where the line leaves the cone of all directions that pass every
/// corner since the last needed one closely enough (Williams, 1978): one pass, and no more
/// memory.
fn corners(line: &VisibleLine, panel: &PanelArea, tolerance: f64) -> Vec<bool> {
    let mut kept = vec![tolerance <= 0.0; line.points.len()];
    if tolerance <= 0.0 {
        return kept;
    }
    let places: Vec<[f64; 2]> = line
        .points
        .iter()
        .map(|point| place(*point, panel))
        .collect();
    let mut anchor: Option<usize> = None;
    let mut cone: Option<[[f64; 2]; 2]> = None;
    for (at, to) in places.iter().enumerate() {
        let is_end = places.get(at + 1).is_none_or(|next| next[0].is_nan());
        let Some(from) = anchor.filter(|_| !to[0].is_nan()) else {
            // The first of a piece, or a gap.
            kept[at] = true;
            (anchor, cone) = ((!to[0].is_nan()).then_some(at), None);
            continue;
        };
        let offset = |from: [f64; 2]| [to[0] - from[0], to[1] - from[1]];
        let mut ahead = offset(places[from]);
        if cone.is_some_and(|[left, right]| cross(left, ahead) > 0.0 || cross(ahead, right) > 0.0) {
            kept[at - 1] = true;
            (anchor, cone) = (Some(at - 1), None);
            ahead = offset(places[at - 1]);
        }
        kept[at] |= is_end;
        let length = (ahead[0] * ahead[0] + ahead[1] * ahead[1]).sqrt();
        if length > tolerance {
            let aside = [-ahead[1], ahead[0]].map(|side| side * tolerance / length);
            let mut left = [ahead[0] + aside[0], ahead[1] + aside[1]];
            let mut right = [ahead[0] - aside[0], ahead[1] - aside[1]];
            if let Some([known_left, known_right]) = cone {
                if cross(known_left, left) > 0.0 {
                    left = known_left;
                }
                if cross(right, known_right) > 0.0 {
                    right = known_right;
                }
            }
            cone = Some([left, right]);
        }
    }
    kept
}

/// Above zero if `other` lies to the left of `one`, with the second axis upwards.
fn cross(one: [f64; 2], other: [f64; 2]) -> f64 {
    one[0] * other[1] - one[1] * other[0]
}

/// The position of a point, in pixels from the lower left corner of its panel; `NaN` for a gap.
fn place([x, y]: [f64; 2], panel: &PanelArea) -> [f64; 2] {
    let [left, top, right, bottom] = panel.frame;
    let [across, up] = panel.axes;
    match (across.share(x), up.share(y)) {
        (Some(x), Some(y)) => [x * (right - left), y * (bottom - top)],
        _ => [f64::NAN; 2],
    }
}

/// The corners of a line that are kept, or one of `stride` of them: `x y` each, a gap as `-`.
fn text(line: &VisibleLine, kept: &[bool], stride: usize) -> String {
    let mut text = String::new();
    let last = line.points.len().saturating_sub(1);
    let mut number = 0;
    for (at, [x, y]) in line.points.iter().copied().enumerate() {
        let is_gap = x.is_nan() || y.is_nan();
        let is_kept = kept.get(at).is_some_and(|kept| *kept);
        number += usize::from(is_kept);
        if !(is_gap || is_kept && (number % stride == 1 % stride || at == last)) {
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string cannot fail.
        if is_gap {
            text.push('-');
        } else {
            write!(text, "{} {}", compact(x), compact(y)).ok();
        }
    }
    text
}

/// A number in few characters: integers with all digits, others with six.
fn compact(value: f64) -> String {
    if value.abs() < 1e15 && value == libm::trunc(value) {
        return format!("{value}");
    }
    let text = format!("{value:.5e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    match exponent {
        "0" => digits.to_owned(),
        // From the text, so that no digits are added.
        "-1" | "-2" | "1" | "2" | "3" | "4" => match text.parse::<f64>() {
            Ok(rounded) => format!("{rounded}"),
            Err(_) => text,
        },
        _ => format!("{digits}e{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: [f64; 2] = [f64::NAN; 2];

    #[test]
    fn numbers_take_few_letters() {
        for (value, text) in [
            (0.0, "0"),
            (-3.0, "-3"),
            (1_234_567.0, "1234567"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333"),
            (-0.012_345_678, "-0.0123457"),
            (0.001, "1e-3"),
            (12_345.678_9, "12345.7"),
            (5.803_526e-37, "5.80353e-37"),
            (1e300, "1e300"),
        ] {
            assert_eq!(compact(value), text);
        }
    }

    /// A line in a panel of 1000 × 1000 pixels that shows 0 to 1000 in both directions.
    fn panel(points: Vec<[f64; 2]>) -> PanelArea {
        let axis = AxisRange {
            low: 0.0,
            high: 1000.0,
            scale: Scale::Linear,
        };
        PanelArea {
            frame: [0.0, 0.0, 1000.0, 1000.0],
            axes: [axis, axis],
            ticks: Default::default(),
            lines: vec![VisibleLine {
                line: 0,
                points,
                exit: None,
                cross: None,
            }],
        }
    }

    #[test]
    fn gaps_ends_and_all_dots_are_told() {
        let points = vec![[0.0, 1.0], [1.0, 0.5], GAP, [2.0, 0.25], [3.0, 1e-9]];
        let of = |room| {
            areas(&[panel(points.clone())], |_| false, room)
                .remove(0)
                .lines
                .remove(0)
                .1
        };
        assert_eq!(of(1000), "0 1 1 0.5 - 2 0.25 3 1e-9");
        assert_eq!(of(30), "0 1 - 2 0.25 3 1e-9");
        let is_sampled = |room| areas(&[panel(points.clone())], |_| false, room)[0].is_sampled;
        assert!(!is_sampled(1000) && is_sampled(30));
        let dots = areas(
            &[panel(vec![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])],
            |_| true,
            1000,
        );
        assert_eq!(dots[0].lines[0].1, "0 0 1 1 2 2");
    }

    #[test]
    fn no_corner_is_farther_from_the_kept_ones_than_allowed() {
        let waves = |k: i32| 500.0 + 300.0 * libm::sin(f64::from(k) / 40.0);
        let spiral = |k: i32| {
            let angle = f64::from(k) / 30.0;
            let radius = 400.0 * libm::exp(-angle / 9.0);
            [
                500.0 + radius * libm::cos(angle),
                500.0 + radius * libm::sin(angle),
            ]
        };
        let lines: [Vec<[f64; 2]>; 3] = [
            (0..1000).map(|k| [f64::from(k), waves(k)]).collect(),
            (0..1000).map(spiral).collect(),
            (0..1000)
                .map(|k| [f64::from(k), f64::from(k % 2) * 900.0])
                .collect(),
        ];
        for points in lines {
            for tolerance in [0.25, 2.0, 8.0] {
                let panel = panel(points.clone());
                let kept = corners(&panel.lines[0], &panel, tolerance);
                assert!(kept[0] && kept[kept.len() - 1]);
                let places: Vec<usize> = (0..points.len()).filter(|at| kept[*at]).collect();
                for pair in places.windows(2) {
                    let [from, to] = [points[pair[0]], points[pair[1]]];
                    for point in &points[pair[0]..pair[1]] {
                        let far = distance(*point, from, to);
                        assert!(far <= 2.0 * tolerance + 1e-9, "{far} of {tolerance}");
                    }
                }
            }
        }
        let straight = panel((0..1000).map(|k| [f64::from(k), f64::from(k)]).collect());
        let kept = corners(&straight.lines[0], &straight, 0.25);
        assert_eq!(kept.iter().filter(|kept| **kept).count(), 2);
    }

    /// The distance of a point from a segment.
    fn distance(point: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
        let along = [to[0] - from[0], to[1] - from[1]];
        let offset = [point[0] - from[0], point[1] - from[1]];
        let square = along[0] * along[0] + along[1] * along[1];
        let share = if square > 0.0 {
            ((offset[0] * along[0] + offset[1] * along[1]) / square).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let rest = [offset[0] - share * along[0], offset[1] - share * along[1]];
        (rest[0] * rest[0] + rest[1] * rest[1]).sqrt()
    }
}
