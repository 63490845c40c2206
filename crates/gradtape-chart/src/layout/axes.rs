//! What the axes of a figure show, and what of a line lies outside.

use crate::measure::axis_span::{AxisSpan, drawable};
use crate::measure::polyline;
use crate::measure::rectangle::{Place, Rectangle};
use crate::model::{Axis, Figure, Line, Mark, Panel, Scale};

/// Empty share of an axis on both sides of the data.
const MARGINS: [f64; 2] = [0.025, 0.04];

/// Share of the panel that a row of crosses at its upper edge takes.
pub(crate) const ROW_SHARE: f64 = 0.03;

/// Maximum number of rows of crosses.
pub(crate) const MAX_ROWS: usize = 5;

/// Whether panels are filled to their edges, so that an axis needs no margins.
pub(crate) fn is_filled(figure: &Figure) -> bool {
    marks(figure).any(|mark| matches!(mark, Mark::Cells(_) | Mark::Levels(_)))
}

/// The marks of all panels.
pub(super) fn marks(figure: &Figure) -> impl Iterator<Item = &Mark> {
    figure.panels.iter().flat_map(|panel| &panel.marks)
}

/// The values that the axes have to show.
#[derive(Default)]
struct AxisValues {
    across: Vec<f64>,
    up: Vec<f64>,
    /// Those that decide how much of the vertical axis is shown.
    calm: Vec<f64>,
}

/// What the axes show, or `None` if there is nothing to draw.
pub(crate) fn spans(figure: &Figure) -> Option<[AxisSpan; 2]> {
    let is_filled = is_filled(figure);
    let values = values(figure, is_filled);
    // A cross has a place across also where its value has none.
    let crosses = figure
        .lines()
        .filter(|_| !is_filled)
        .filter_map(|line| Some(line.diverged?[0]));
    let off_scale = figure.lines().flat_map(|line| &line.off_scale).copied();
    let wanted = |axis: &Axis| axis.range.into_iter().flatten();
    let across = values
        .across
        .into_iter()
        .chain(off_scale)
        .chain(crosses)
        .chain(wanted(&figure.x));
    let across = AxisSpan::covering(figure.x.scale, across)?;
    let up = |values: Vec<f64>| {
        let values = values.into_iter().chain(wanted(&figure.y));
        AxisSpan::covering(figure.y.scale, values)
    };
    let up = match (up(values.calm), up(values.up)) {
        (Some(calm), Some(all)) => calm.extended_towards(all),
        (None, Some(all)) => all,
        // Every run diverged: there are crosses along an axis without values.
        (_, None) => return None,
    };
    if is_filled {
        return Some([across, up]);
    }
    let up = up
        .with_margin(MARGINS[1])
        .with_room_above(off_scale_share(figure));
    Some([across.with_margin(MARGINS[0]), up])
}

fn values(figure: &Figure, is_filled: bool) -> AxisValues {
    let [x, y] = [figure.x.scale, figure.y.scale];
    let mut values = AxisValues::default();
    let mut add = |points: &mut dyn Iterator<Item = [f64; 2]>, is_calm: bool| {
        for point in points.filter(|at| drawable(x, at[0]) && drawable(y, at[1])) {
            values.across.push(point[0]);
            values.up.push(point[1]);
            if is_calm {
                values.calm.push(point[1]);
            }
        }
    };
    for mark in marks(figure) {
        match mark {
            Mark::Cells(cells) => {
                let (columns, rows) = (edges(&cells.x, x), edges(&cells.y, y));
                add(&mut corners(&columns, &rows), true);
            }
            Mark::Levels(levels) => add(&mut corners(&levels.x, &levels.y), true),
            // Marks outside a map are not shown.
            _ if is_filled => {}
            Mark::Line(line) => add(&mut line.points.iter().copied(), line.diverged.is_none()),
            Mark::Band(band) => {
                let sides = |&[x, low, high]: &[f64; 3]| [[x, low], [x, high]];
                add(&mut band.points.iter().flat_map(sides), true);
            }
            Mark::Bars(bars) => {
                let floor = if y == Scale::Log { 0.5 } else { 0.0 };
                let counts: Vec<f64> = bars.counts.iter().copied().chain([floor]).collect();
                add(&mut corners(&bars.edges, &counts), true);
            }
            Mark::Landmark(point) => add(&mut std::iter::once(point.at), true),
            Mark::ReferenceLine(_) => {}
        }
    }
    for mark in marks(figure) {
        // A bound is part of the chart where the chart shows anything else.
        match mark {
            Mark::ReferenceLine(rule) if rule.upright && drawable(x, rule.at) => {
                values.across.push(rule.at);
            }
            Mark::ReferenceLine(rule) if !rule.upright && drawable(y, rule.at) => {
                values.up.push(rule.at);
                values.calm.push(rule.at);
            }
            _ => {}
        }
    }
    values
}

/// The corners of a rectangle that holds a grid.
fn corners(x: &[f64], y: &[f64]) -> impl Iterator<Item = [f64; 2]> {
    let ends = |values: &[f64]| {
        let drawn = || values.iter().copied().filter(|value| value.is_finite());
        [
            drawn().fold(f64::INFINITY, f64::min),
            drawn().fold(f64::NEG_INFINITY, f64::max),
        ]
    };
    let (x, y) = (ends(x), ends(y));
    [[x[0], y[0]], [x[1], y[1]]].into_iter()
}

/// The edges of cells with these middles: one more, halfway between them as the axis is
/// divided.
pub(crate) fn edges(middles: &[f64], scale: Scale) -> Vec<f64> {
    let Some(span) = AxisSpan::covering(scale, middles.iter().copied()) else {
        return Vec::new();
    };
    let shares: Vec<f64> = middles
        .iter()
        .filter_map(|middle| span.share(*middle))
        .collect();
    if shares.len() < middles.len() {
        return Vec::new();
    }
    let (Some(first), Some(last)) = (shares.first(), shares.last()) else {
        return Vec::new();
    };
    let half = |from: usize| match shares.get(from..from + 2) {
        Some([one, next]) => (next - one) / 2.0,
        _ => 0.5,
    };
    let mut edges = vec![first - half(0)];
    edges.extend(shares.windows(2).map(|two| f64::midpoint(two[0], two[1])));
    edges.push(last + half(shares.len().saturating_sub(2)));
    edges.into_iter().map(|share| span.value(share)).collect()
}

/// Share of a panel at its upper edge that is reserved for crosses: a row for each line
/// that has some, so that those of one line do not cover those of another. No
/// label or grid line stands there, or a cross would seem to have its value.
pub(crate) fn off_scale_share(figure: &Figure) -> f64 {
    let with_crosses = |panel: &Panel| {
        let lines = panel.lines().filter(|line| !line.off_scale.is_empty());
        lines.count().min(MAX_ROWS)
    };
    let rows = figure.panels.iter().map(with_crosses).max();
    rows.unwrap_or(0) as f64 * ROW_SHARE
}

/// A frame as good as any other to find out whether lines leave it.
const FRAME: Rectangle = Rectangle {
    left: 0.0,
    top: 0.0,
    right: 1000.0,
    bottom: 1000.0,
};

/// Whether a line leaves its panel without coming back.
pub(crate) fn has_exit(line: &Line, [across, up]: &[AxisSpan; 2]) -> bool {
    let place = |point: &[f64; 2]| {
        let [x, y] = [across.share(point[0])?, up.share(point[1])?];
        Some([x * FRAME.right, (1.0 - y) * FRAME.bottom])
    };
    let end = line.points.iter().rev().find_map(place);
    if end.is_none_or(|end| FRAME.holds(end)) {
        return false;
    }
    let places: Vec<Option<Place>> = line.points.iter().map(place).collect();
    polyline::exit(&places, &FRAME).is_some()
}

/// Where the cross of a line that diverged stands, in shares of the axes.
pub(crate) fn cross_share(line: &Line, [across, up]: &[AxisSpan; 2]) -> Option<[f64; 2]> {
    let is_seen = |share: &f64| (0.0..=1.0).contains(share);
    let [x, y] = line.diverged?;
    let x = across.share(x).filter(is_seen)?;
    let share = up.share(y);
    if line.path {
        return Some([x, share.filter(is_seen)?]);
    }
    // Where the line was last below the panel, what is not known is below too.
    let mut known = line.points.iter().rev();
    let last = known.find_map(|point| up.share(point[1]));
    let is_below = y <= 0.0 || y.is_nan() && last.is_some_and(|last| last < 0.0);
    let y = share.unwrap_or(if is_below { 0.0 } else { 1.0 });
    Some([x, y.clamp(0.0, 1.0)])
}
