//! The lines of a panel, and the signs on them.

use std::borrow::Cow;

use super::canvas::{Ink, SvgCanvas};
use super::panel_view::PanelView;
use super::symbols;
use crate::layout::axes::{self, MAX_ROWS, ROW_SHARE};
use crate::measure::colour::{self, Rgb};
use crate::measure::polyline;
use crate::measure::rectangle::Place;
use crate::model::{Figure, Key, Line, Panel, VisibleLine};

/// Minimum opacity of a line whose colour shows a value.
const MIN_OPACITY: f64 = 0.6;

/// Width and opacity of lines: the more lines, the smaller, so that a thousand
/// still show where they are dense.
fn weight(count: usize) -> (f64, f64) {
    match count {
        0..=1 => (2.5, 1.0),
        2..=10 => (2.25, 1.0),
        11..=40 => (1.75, 0.9),
        41..=150 => (1.25, 0.6),
        151..=400 => (1.0, 0.4),
        _ => (1.0, 0.25),
    }
}

/// A line as the canvas shows it.
struct LineView<'f> {
    number: usize,
    line: &'f Line,
    rgb: Rgb,
    /// The points, with the corners of steps, and where they lie.
    points: Cow<'f, [[f64; 2]]>,
    places: Vec<Option<Place>>,
    /// The unbroken pieces within the panel, and the same with fewer points.
    pieces: Vec<Vec<Place>>,
    few: Vec<Vec<Place>>,
    /// Where it leaves the panel for good.
    exit: Option<Place>,
    /// Where its cross stands, in shares of the axes.
    cross: Option<[f64; 2]>,
}

/// The sizes of dots, of crosses and arrows, and of the signs at the ends of paths: the more
/// there are, the smaller.
struct SignSizes {
    dot: f64,
    cross: f64,
    end: f64,
}

impl PanelView {
    /// Draws the lines of a panel; `first` is the number of the first one.
    pub(crate) fn draw_lines(
        &self,
        canvas: &mut SvgCanvas<'_>,
        figure: &Figure,
        panel: &Panel,
        first: usize,
    ) -> Vec<VisibleLine> {
        let (width, mut opacity) = weight(figure.lines().count());
        if matches!(figure.key, Key::ColourBar { .. }) {
            // What a paler colour stands for could not be found on the bar.
            opacity = opacity.max(MIN_OPACITY);
        }
        let curves: Vec<LineView<'_>> = (first..)
            .zip(panel.lines())
            .map(|(number, line)| LineView::new(number, line, self))
            .collect();
        for curve in &curves {
            canvas.group("data-line", curve.number, |canvas| {
                curve.draw(canvas, opacity, width);
            });
        }
        // Crosses and dots last, so that no line runs over them.
        let sizes = SignSizes::new(figure, panel);
        let mut row = 0;
        for curve in curves.iter().filter(|curve| curve.has_signs(self)) {
            canvas.group("data-line", curve.number, |canvas| {
                curve.draw_signs(canvas, &sizes, row, self);
            });
            row = (row + usize::from(!curve.line.off_scale.is_empty())) % MAX_ROWS;
        }
        curves.iter().map(|curve| curve.visible(self)).collect()
    }
}

impl<'f> LineView<'f> {
    fn new(number: usize, line: &'f Line, view: &PanelView) -> Self {
        let count = line.shown.unwrap_or(usize::MAX).min(line.points.len());
        let points = if line.steps {
            Cow::Owned(stepped(&line.points[..count]))
        } else {
            Cow::Borrowed(&line.points[..count])
        };
        let places: Vec<_> = points.iter().map(|&point| view.place(point)).collect();
        let mut shown = &places[..];
        if line.diverged.is_some() {
            // A run that swings from side to side on its way out would fill the
            // panel with its crossings: it ends at the edge that it does not
            // come back from.
            let is_inside =
                |place: &Option<Place>| place.is_some_and(|place| view.frame.holds(place));
            if let Some(last) = places.iter().rposition(is_inside) {
                shown = &places[..places.len().min(last + 2)];
            }
        }
        let pieces = polyline::pieces(shown.iter().copied(), &view.frame);
        let is_whole = count == line.points.len();
        LineView {
            number,
            line,
            rgb: colour::of_line(line.colour, view.bar.as_ref()),
            few: pieces.iter().map(|one| polyline::simplified(one)).collect(),
            pieces,
            exit: polyline::exit(&places, &view.frame),
            cross: axes::cross_share(line, &view.spans).filter(|_| is_whole),
            points,
            places,
        }
    }

    fn draw(&self, canvas: &mut SvgCanvas<'_>, opacity: f64, width: f64) {
        let ink = Ink {
            rgb: self.rgb,
            opacity,
        };
        for piece in &self.few {
            match piece[..] {
                // A value alone between two gaps would not show as a line.
                [point] if !self.line.dots && !self.line.path => {
                    let is_only = self.few.len() == 1;
                    canvas.dot(point, if is_only { 5.0 } else { width * 1.2 }, ink);
                }
                _ => canvas.line(piece, ink, width),
            }
        }
    }

    /// The place of the ring at the start of a path.
    fn start(&self, view: &PanelView) -> Option<Place> {
        let start = self.places.first().copied().flatten();
        start.filter(|start| self.line.path && view.frame.holds(*start))
    }

    /// The place of the dot at the end of a path that neither leaves the panel nor diverged.
    fn end(&self) -> Option<Place> {
        let end = self.pieces.last().and_then(|piece| piece.last()).copied();
        end.filter(|_| self.line.path && self.exit.is_none() && self.cross.is_none())
    }

    fn has_signs(&self, view: &PanelView) -> bool {
        self.line.dots
            || !self.line.off_scale.is_empty()
            || self.exit.or(self.cross).is_some()
            || self.start(view).or(self.end()).is_some()
    }

    /// Draws the signs; `row` is that of the crosses at the upper edge of the panel.
    fn draw_signs(
        &self,
        canvas: &mut SvgCanvas<'_>,
        sizes: &SignSizes,
        row: usize,
        view: &PanelView,
    ) {
        let (frame, rgb, size) = (&view.frame, self.rgb, sizes.cross);
        if self.line.dots {
            scatter(canvas, &self.pieces, sizes.dot, rgb);
        }
        if let Some(start) = self.start(view) {
            symbols::ring(canvas, start, sizes.end, rgb);
        }
        if let Some(end) = self.end() {
            symbols::end(canvas, end, sizes.end, rgb);
        }
        let cross = self.cross.map(|share| frame.at(share));
        if let Some(exit) = self.exit {
            let [right, down] = frame.outwards(exit);
            let is_near = |at: Place| (0..2).all(|side| (at[side] - exit[side]).abs() < 2.5 * size);
            // A cross right there would cover it.
            let is_covered = cross.is_some_and(is_near);
            let back = if is_covered { 1.7 * size } else { 0.0 };
            let tip = [exit[0] - back * right, exit[1] - back * down];
            symbols::arrow(canvas, tip, [right, down], size, rgb);
        }
        if let Some(at) = cross {
            symbols::cross(canvas, at, size, rgb);
        }
        let [across, _] = view.spans;
        let y = frame.top + size + 2.0 + row as f64 * ROW_SHARE * frame.height();
        for x in self.line.off_scale.iter().filter_map(|&x| across.share(x)) {
            let x = frame.left + x * frame.width();
            symbols::cross(canvas, [x, y], size, rgb);
        }
    }

    fn visible(&self, view: &PanelView) -> VisibleLine {
        let with_value = |([_, share], [x, y]): ([f64; 2], [f64; 2])| {
            let beyond = f64::INFINITY.copysign(share - 0.5);
            [x, if y.is_nan() { beyond } else { y }]
        };
        let cross = self.cross.zip(self.line.diverged).map(with_value);
        let mut points = self.values(view);
        // Apart from the line, as what lies between the two is not seen.
        if let Some(cross) = cross.filter(|cross| points.last() != Some(cross)) {
            points.extend([[f64::NAN; 2], cross]);
        }
        VisibleLine {
            line: self.number,
            points,
            exit: self.exit.map(|exit| view.value(exit)),
            cross,
        }
    }

    /// The values at the corners of the line as it is drawn: those of the point that stands
    /// there, or of the place where the line was cut. Between two pieces there is a gap.
    fn values(&self, view: &PanelView) -> Vec<[f64; 2]> {
        let mut values = Vec::new();
        let mut from = 0;
        for piece in if self.line.dots {
            &self.pieces
        } else {
            &self.few
        } {
            if !values.is_empty() {
                values.push([f64::NAN; 2]);
            }
            for &place in piece {
                let rest = &mut self.places[from..].iter();
                match rest.position(|other| *other == Some(place)) {
                    Some(ahead) => {
                        from += ahead;
                        values.push(self.points[from]);
                    }
                    None => values.push(view.value(place)),
                }
            }
        }
        values
    }
}

impl SignSizes {
    fn new(figure: &Figure, panel: &Panel) -> Self {
        let (mut dots, mut crosses) = (0, 0);
        for line in figure.lines() {
            dots += if line.dots { line.points.len() } else { 0 };
            crosses += usize::from(line.diverged.is_some()) + line.off_scale.len();
        }
        let paths = panel.lines().filter(|line| line.path).count();
        SignSizes {
            dot: mark_size(dots) * 0.75,
            cross: mark_size(crosses),
            end: mark_size(4 * paths),
        }
    }
}

/// The corners of steps: each value holds until the next.
fn stepped(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let corners = points.windows(2).flat_map(|pair| {
        let [[_, y], next] = [pair[0], pair[1]];
        [[next[0], y], next]
    });
    points.first().copied().into_iter().chain(corners).collect()
}

/// Half the width of a cross, by the number of marks.
fn mark_size(count: usize) -> f64 {
    match count {
        0..=100 => 6.0,
        101..=400 => 4.0,
        _ => 2.5,
    }
}

/// A dot on each point, but none twice on the same spot.
fn scatter(canvas: &mut SvgCanvas<'_>, pieces: &[Vec<Place>], radius: f64, rgb: Rgb) {
    for piece in pieces {
        let mut last: Option<Place> = None;
        for &point in piece {
            let far = |last: Place| (last[0] - point[0]).abs() + (last[1] - point[1]).abs() >= 0.2;
            if last.is_none_or(far) {
                canvas.dot(point, radius, rgb.into());
                last = Some(point);
            }
        }
    }
}
