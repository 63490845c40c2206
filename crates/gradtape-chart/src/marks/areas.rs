//! Bands, cells, areas between level lines, and bars.

use super::canvas::{Ink, SvgCanvas};
use super::panel_view::PanelView;
use super::symbols::{cross, outline, star};
use crate::layout::axes::edges;
use crate::measure::axis_span::drawable;
use crate::measure::colour::{self, CONTOUR, INK, SOFT_INK, VOID, WHITE};
use crate::measure::contours;
use crate::measure::polyline;
use crate::measure::rectangle::Place;
use crate::model::{Band, Bars, Cells, Colour, Levels, Mark, Panel, Scale};

/// Opacity of a band.
const BAND_OPACITY: f64 = 0.22;

/// Opacity of bars, if there are others in their panel.
const BARS_OPACITY: f64 = 0.55;

impl PanelView {
    /// Draws the marks of a panel that lie below its lines.
    ///
    /// `first` is the number of the first line of the panel.
    pub(crate) fn draw_below(&self, canvas: &mut SvgCanvas<'_>, panel: &Panel, first: usize) {
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
                Mark::ReferenceLine(rule) => self.rule(canvas, rule),
                Mark::Line(_) | Mark::Landmark(_) => {}
            }
        }
    }

    /// Draws the marks of a panel that lie above its lines.
    pub(crate) fn draw_above(&self, canvas: &mut SvgCanvas<'_>, panel: &Panel) {
        for mark in &panel.marks {
            if let Mark::Landmark(point) = mark {
                let place = self.place(point.at);
                if let Some(place) = place.filter(|place| self.frame.holds(*place)) {
                    star(canvas, place);
                }
            }
        }
    }

    fn band(&self, canvas: &mut SvgCanvas<'_>, band: &Band) {
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
            Some(
                [self.frame.at([x, low]), self.frame.at([x, high])]
                    .map(|place| self.frame.nearest(place)),
            )
        };
        let sides: Vec<Option<[Place; 2]>> = band.points.iter().map(sides).collect();
        for piece in sides.split(Option::is_none) {
            let side = |which: usize| -> Vec<Place> {
                let places: Vec<Place> = piece.iter().flatten().map(|two| two[which]).collect();
                polyline::simplified(&places)
            };
            let (mut outline, high) = (side(0), side(1));
            if outline.len() > 1 {
                outline.extend(high.into_iter().rev());
                canvas.polygon(&outline, ink);
            }
        }
    }

    fn cells(&self, canvas: &mut SvgCanvas<'_>, cells: &Cells) {
        let [across, up] = self.spans;
        let (x, y) = (edges(&cells.x, across.scale), edges(&cells.y, up.scale));
        let columns = cells.x.len().max(1);
        let corners = |place: usize| {
            let (column, row) = (place % columns, place / columns);
            let from = self.place([*x.get(column)?, *y.get(row)?])?;
            let to = self.place([*x.get(column + 1)?, *y.get(row + 1)?])?;
            Some([from, to].map(|place| self.frame.nearest(place).map(libm::round)))
        };
        let least = |[from, to]: [Place; 2]| (to[0] - from[0]).abs().min((to[1] - from[1]).abs());
        for (place, value) in cells.values.iter().enumerate() {
            let (Some(value), Some([from, to])) = (value, corners(place)) else {
                continue;
            };
            let rgb = if value.is_finite() {
                colour::of_line(Colour::Value(*value), self.bar.as_ref())
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

    fn levels(&self, canvas: &mut SvgCanvas<'_>, levels: &Levels) {
        let count = levels.levels.len().max(1) as f64;
        let below = std::iter::once(f64::NEG_INFINITY);
        let places = |points: &[[f64; 2]]| -> Vec<Place> {
            let places: Vec<Place> = points
                .iter()
                .filter_map(|point| self.place(*point))
                .map(|place| self.frame.nearest(place))
                .collect();
            polyline::simplified(&places)
        };
        // Each area covers the higher part of the one before it, so that no gap shows
        // between them.
        for (step, level) in below.chain(levels.levels.iter().copied()).enumerate() {
            let region = contours::above(levels, level);
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

    fn bars(&self, canvas: &mut SvgCanvas<'_>, bars: &Bars, is_alone: bool) {
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
            let [from, to] =
                [[from, top], [to, bottom]].map(|at| self.frame.nearest(self.frame.at(at)));
            // A bar that is too narrow for a gap next to it still is a bar.
            let gap = if to[0] - from[0] > 4.0 { 1.0 } else { 0.0 };
            canvas.rectangle(from, [to[0] - gap, to[1]], ink);
        }
    }
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
