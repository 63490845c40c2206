//! The marks of a panel other than lines: bands, cells, areas between level lines, bars,
//! points and rules.

use super::canvas::{Anchor, Canvas, Ink, Lettering};
use super::colour::{self, CONTOUR, GRID, INK, SOFT_INK, VOID, WHITE};
use super::contouring;
use super::draw::{crisp, cross};
use super::layout::TICK_SIZE;
use super::span::{Span, drawable};
use super::text;
use super::trace::{self, Frame, Place};
use super::{Band, Bars, Cells, Font, Levels, Mark, Panel, Rule, Scale};

/// Opacity of a band.
const BAND_OPACITY: f64 = 0.22;

/// Opacity of bars, if there are others in their panel.
const BARS_OPACITY: f64 = 0.55;

/// A panel that is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plot {
    pub(super) frame: Frame,
    pub(super) spans: [Span; 2],
    /// The range of the colour bar.
    pub(super) bar: Option<Span>,
    pub(super) font: Font,
}

impl Plot {
    /// Where a point is, if both axes can show it.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> Option<Place> {
        let [across, up] = self.spans;
        Some(self.at([across.share(x)?, up.share(y)?]))
    }

    /// The place at these shares of the axes.
    pub(super) fn at(&self, [x, y]: [f64; 2]) -> Place {
        let frame = &self.frame;
        [
            frame.left + x * frame.width(),
            frame.bottom - y * frame.height(),
        ]
    }

    /// The nearest place within the frame.
    fn held(&self, [x, y]: Place) -> Place {
        let frame = &self.frame;
        [
            x.clamp(frame.left, frame.right),
            y.clamp(frame.top, frame.bottom),
        ]
    }

    /// Draws the marks of a panel that lie below its lines.
    ///
    /// `first` is the number of the first line of the panel.
    pub(super) fn draw_below(&self, canvas: &mut Canvas<'_>, panel: &Panel, first: usize) {
        let of_bars = |mark: &&Mark| matches!(mark, Mark::Bars(_));
        let is_alone = panel.marks.iter().filter(of_bars).count() < 2;
        for mark in &panel.marks {
            match mark {
                Mark::Band(band) => canvas.group("data-line", first + band.line, |canvas| {
                    self.band(canvas, band);
                }),
                Mark::Cells(cells) => self.cells(canvas, cells),
                Mark::Levels(levels) => self.levels(canvas, levels),
                Mark::Bars(bars) => self.bars(canvas, bars, is_alone),
                Mark::Rule(rule) => self.rule(canvas, rule),
                Mark::Line(_) | Mark::Point(_) => {}
            }
        }
    }

    /// Draws the marks of a panel that lie above its lines.
    pub(super) fn draw_above(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        for mark in &panel.marks {
            if let Mark::Point(point) = mark {
                let place = self.place(point.at);
                if let Some(place) = place.filter(|place| self.frame.holds(*place)) {
                    star(canvas, place);
                }
            }
        }
    }

    fn band(&self, canvas: &mut Canvas<'_>, band: &Band) {
        let ink = Ink {
            rgb: colour::of_line(band.colour, self.bar.as_ref()),
            opacity: BAND_OPACITY,
        };
        let [across, up] = self.spans;
        let sides = |&[x, low, high]: &[f64; 3]| {
            let (x, high) = (across.share(x)?, up.share(high)?);
            // What a logarithmic axis cannot show of a band lies below it.
            let is_below = up.scale == Scale::Log && low <= 0.0;
            let low = if is_below { 0.0 } else { up.share(low)? };
            Some([self.at([x, low]), self.at([x, high])].map(|place| self.held(place)))
        };
        let sides: Vec<Option<[Place; 2]>> = band.points.iter().map(sides).collect();
        for piece in sides.split(Option::is_none) {
            let side = |which: usize| -> Vec<Place> {
                let places: Vec<Place> = piece.iter().flatten().map(|two| two[which]).collect();
                trace::simplified(&places)
            };
            let (mut outline, high) = (side(0), side(1));
            if outline.len() > 1 {
                outline.extend(high.into_iter().rev());
                canvas.polygon(&outline, ink);
            }
        }
    }

    fn cells(&self, canvas: &mut Canvas<'_>, cells: &Cells) {
        let [across, up] = self.spans;
        let (x, y) = (edges(&cells.x, across.scale), edges(&cells.y, up.scale));
        let columns = cells.x.len().max(1);
        let corners = |place: usize| {
            let (column, row) = (place % columns, place / columns);
            let from = self.place([*x.get(column)?, *y.get(row)?])?;
            let to = self.place([*x.get(column + 1)?, *y.get(row + 1)?])?;
            Some([from, to].map(|place| self.held(place).map(libm::round)))
        };
        let least = |[from, to]: [Place; 2]| (to[0] - from[0]).abs().min((to[1] - from[1]).abs());
        for (place, value) in cells.values.iter().enumerate() {
            let (Some(value), Some([from, to])) = (value, corners(place)) else {
                continue;
            };
            let rgb = if value.is_finite() {
                colour::of_line(super::Colour::Value(*value), self.bar.as_ref())
            } else {
                VOID
            };
            canvas.rectangle([from[0], to[1]], [to[0], from[1]], rgb.into());
            // Between large cells a hair of the background.
            if least([from, to]) >= 12.0 {
                outline(canvas, [from, to], WHITE.into(), 1.0);
            }
            if !value.is_finite() {
                let middle = [0, 1].map(|side| f64::midpoint(from[side], to[side]));
                let size = (least([from, to]) * 0.25).clamp(1.5, 6.0);
                cross(canvas, middle, size, SOFT_INK);
            }
        }
        if let Some([from, to]) = cells.marked.and_then(corners) {
            outline(canvas, [from, to], WHITE.into(), 5.0);
            outline(canvas, [from, to], INK.into(), 2.5);
        }
    }

    fn levels(&self, canvas: &mut Canvas<'_>, levels: &Levels) {
        let count = levels.levels.len().max(1) as f64;
        let below = std::iter::once(f64::NEG_INFINITY);
        let places = |points: &[[f64; 2]]| -> Vec<Place> {
            let places = points.iter().filter_map(|point| self.place(*point));
            let places: Vec<Place> = places.map(|place| self.held(place)).collect();
            trace::simplified(&places)
        };
        // Each area covers the higher part of the one before it, so that no gap shows
        // between them.
        for (step, level) in below.chain(levels.levels.iter().copied()).enumerate() {
            let region = contouring::above(levels, level);
            let rings = region.rings.iter().map(|ring| places(ring));
            let outline = joined(rings.filter(|ring| ring.len() > 2));
            if outline.len() > 2 {
                canvas.polygon(&outline, colour::plain(step as f64 / count).into());
            }
            for line in &region.lines {
                canvas.line(&places(line), CONTOUR.into(), 0.8);
            }
        }
    }

    fn bars(&self, canvas: &mut Canvas<'_>, bars: &Bars, is_alone: bool) {
        let ink = Ink {
            rgb: colour::of_line(bars.colour, self.bar.as_ref()),
            opacity: if is_alone { 0.9 } else { BARS_OPACITY },
        };
        let [across, up] = self.spans;
        for (edges, count) in bars.edges.windows(2).zip(&bars.counts) {
            let is_seen = drawable(up.scale, *count) && *count > 0.0;
            let sides = [edges[0], edges[1]].map(|edge| across.share(edge));
            let ([Some(from), Some(to)], true) = (sides, is_seen) else {
                continue;
            };
            let bottom = up.share(0.0).unwrap_or(0.0).max(0.0);
            let top = up.share(*count).unwrap_or(bottom);
            let [from, to] = [[from, top], [to, bottom]].map(|at| self.held(self.at(at)));
            // A bar that is too narrow for a gap next to it still is a bar.
            let gap = if to[0] - from[0] > 4.0 { 1.0 } else { 0.0 };
            canvas.rectangle(from, [to[0] - gap, to[1]], ink);
        }
    }

    fn rule(&self, canvas: &mut Canvas<'_>, rule: &Rule) {
        let side = usize::from(!rule.upright);
        let share = self.spans[side].share(rule.at);
        let Some(share) = share.filter(|share| (0.0..=1.0).contains(share)) else {
            return;
        };
        let frame = &self.frame;
        let [x, y] = self.at([share, share]).map(crisp);
        let ends = if rule.upright {
            [[x, frame.top], [x, frame.bottom]]
        } else {
            [[frame.left, y], [frame.right, y]]
        };
        canvas.dashed(|canvas| canvas.line(&ends, SOFT_INK.into(), 1.5));
        let room = if rule.upright {
            frame.height()
        } else {
            frame.width()
        };
        let size = TICK_SIZE * 0.9;
        let label = text::cut(&rule.label, size, room - 16.0, self.font);
        if label.is_empty() {
            return;
        }
        let lettering = Lettering {
            size,
            rgb: SOFT_INK,
            anchor: Anchor::End,
            upwards: rule.upright,
        };
        // Along the rule at its far end, on the side where there is room.
        let at = if rule.upright {
            let is_near_edge = x - frame.left < size * 1.5;
            let x = if is_near_edge { x + size } else { x - 5.0 };
            [x, frame.top + 8.0]
        } else {
            let is_near_edge = y - frame.top < size * 1.5;
            let y = if is_near_edge { y + size } else { y - 5.0 };
            [frame.right - 8.0, y]
        };
        canvas.text(&label, at, lettering);
    }
}

/// The edges of cells with these middles: one more, halfway between them as the axis is
/// divided.
pub(super) fn edges(middles: &[f64], scale: Scale) -> Vec<f64> {
    let Some(span) = Span::covering(scale, middles.iter().copied()) else {
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

/// One polygon of several: from the start of each to that of the next and, in the end, all
/// the way back, so that the paths between them leave no trace.
fn joined(rings: impl Iterator<Item = Vec<Place>>) -> Vec<Place> {
    let mut path = Vec::new();
    let mut starts = Vec::new();
    for ring in rings {
        starts.extend(ring.first().copied());
        path.extend(ring.iter().chain(ring.first()).copied());
    }
    starts.pop();
    path.extend(starts.into_iter().rev());
    path
}

/// The border of a rectangle.
pub(super) fn outline(canvas: &mut Canvas<'_>, [from, to]: [Place; 2], ink: Ink, width: f64) {
    let corners = [from, [to[0], from[1]], to, [from[0], to[1]], from];
    canvas.line(&corners, ink, width);
}

/// A star on a rim that sets it off.
pub(super) fn star(canvas: &mut Canvas<'_>, [x, y]: Place) {
    /// Five points of a star of radius 1, and the five corners between them.
    const STAR: [Place; 10] = [
        [0.0, -1.0],
        [0.2245, -0.3090],
        [0.9511, -0.3090],
        [0.3633, 0.1180],
        [0.5878, 0.8090],
        [0.0, 0.3820],
        [-0.5878, 0.8090],
        [-0.3633, 0.1180],
        [-0.9511, -0.3090],
        [-0.2245, -0.3090],
    ];
    for (size, rgb) in [(13.0, WHITE), (9.5, INK)] {
        let corners = STAR.map(|[right, down]| [x + right * size, y + down * size]);
        canvas.polygon(&corners, rgb.into());
    }
}

/// A ring, where a path begins.
pub(super) fn ring(canvas: &mut Canvas<'_>, at: Place, radius: f64, rgb: colour::Rgb) {
    canvas.dot(at, radius + 1.0, WHITE.into());
    canvas.dot(at, radius, rgb.into());
    canvas.dot(at, radius * 0.55, WHITE.into());
}

/// An arrow at the edge of a panel where a line leaves it, on a rim as a cross has.
pub(super) fn arrow(
    canvas: &mut Canvas<'_>,
    [x, y]: Place,
    [right, down]: [f64; 2],
    size: f64,
    rgb: colour::Rgb,
) {
    let corner = |back: f64, aside: f64| {
        let [back, aside] = [back * size, aside * size];
        [
            x - back * right - aside * down,
            y - back * down + aside * right,
        ]
    };
    let corners = [corner(0.0, 0.0), corner(1.7, 1.0), corner(1.7, -1.0)];
    let [tip, left, right] = corners;
    canvas.line(&[tip, left, right, tip], WHITE.into(), size * 0.45);
    canvas.polygon(&corners, rgb.into());
}

/// A dot on a rim, where a path ends.
pub(super) fn end(canvas: &mut Canvas<'_>, at: Place, radius: f64, rgb: colour::Rgb) {
    canvas.dot(at, radius + 1.0, WHITE.into());
    canvas.dot(at, radius, rgb.into());
}

/// The border of a panel that is filled to its edges.
pub(super) fn border(canvas: &mut Canvas<'_>, frame: &Frame) {
    let corners = [[frame.left, frame.top], [frame.right, frame.bottom]].map(|at| at.map(crisp));
    outline(canvas, corners, GRID.into(), 1.0);
}
