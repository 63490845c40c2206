//! A figure put on the canvas.

use super::canvas::{self, Anchor, Canvas, Ink, Lettering};
use super::colour::{self, FAINT_GRID, GRID, INK, Rgb, SOFT_INK, WHITE};
use super::layout::{self, AXIS_TITLE_SIZE, Heading, LINE_HEIGHT, Layout, TICK_GAP, TICK_SIZE};
use super::span::{Span, drawable};
use super::text;
use super::trace::{self, Frame, Place};
use super::{AxisRange, Drawing, DrawnLine, Figure, HEIGHT, Line, PanelArea, Style, WIDTH};

/// Empty share of an axis on both sides of the data.
const MARGINS: [f64; 2] = [0.025, 0.04];

/// What an empty panel says.
const EMPTY: &str = "no finite values to draw";

/// Share of the panel that a row of crosses at its upper edge takes.
const ROW_SHARE: f64 = 0.03;

/// Most rows of crosses.
const MOST_ROWS: usize = 5;

/// Draws the figure.
pub(super) fn drawing(figure: &Figure, _style: &Style) -> Drawing {
    let spans = spans(figure);
    let layout = layout::layout(figure, spans);
    let panel = layout.panel;
    let mut drawn = Vec::new();
    let svg = canvas::svg(&figure.title, &figure.description, |canvas| {
        let corner = [f64::from(WIDTH), f64::from(HEIGHT)];
        canvas.rectangle([0.0, 0.0], corner, WHITE);
        grid(canvas, &layout);
        match spans {
            Some(spans) => drawn = lines(canvas, figure, spans, &panel),
            None => empty(canvas, &panel),
        }
        labels(canvas, figure, &layout);
        layout.key.draw(canvas, layout.key_at);
    });
    let area = spans.map(|spans| PanelArea {
        frame: [panel.left, panel.top, panel.right, panel.bottom],
        axes: spans.map(|span| AxisRange {
            low: span.value(0.0),
            high: span.value(1.0),
            scale: span.scale,
        }),
        ticks: [layout.x.major.clone(), layout.y.major.clone()],
        lines: drawn,
    });
    Drawing {
        svg,
        panels: area.into_iter().collect(),
    }
}

/// What the axes show, or `None` if there is nothing to draw.
fn spans(figure: &Figure) -> Option<[Span; 2]> {
    let [x, y] = [figure.x.scale, figure.y.scale];
    let seen = |point: &&[f64; 2]| drawable(x, point[0]) && drawable(y, point[1]);
    let points = || {
        figure
            .lines()
            .flat_map(|line: &Line| &line.points)
            .filter(seen)
    };
    let off_scale = || figure.lines().flat_map(|line| &line.off_scale).copied();
    let calm = figure.lines().filter(|line| !line.diverged);
    let calm = calm.flat_map(|line: &Line| &line.points).filter(seen);

    let across = Span::covering(x, points().map(|point| point[0]).chain(off_scale()))?;
    let all = Span::covering(y, points().map(|point| point[1]));
    let up = match (Span::covering(y, calm.map(|point| point[1])), all) {
        (Some(calm), Some(all)) => calm.extended_towards(all),
        (None, Some(all)) => all,
        // Every run diverged: there are crosses along an axis without values.
        (_, None) => return None,
    };
    let up = up
        .with_margin(MARGINS[1])
        .with_room_above(off_scale_share(figure));
    Some([across.with_margin(MARGINS[0]), up])
}

/// Share of the panel at its upper edge that is kept for crosses: a row for each line
/// that has some, so that those of one line do not cover those of another. No
/// label or grid line stands there, or a cross would seem to have its value.
pub(super) fn off_scale_share(figure: &Figure) -> f64 {
    let with_crosses = figure.lines().filter(|line| !line.off_scale.is_empty());
    with_crosses.count().min(MOST_ROWS) as f64 * ROW_SHARE
}

fn grid(canvas: &mut Canvas<'_>, layout: &Layout) {
    let panel = &layout.panel;
    let rules = [(false, FAINT_GRID), (true, GRID)];
    for (is_major, rgb) in rules {
        let chosen = |ticks: &super::ticks::Ticks| -> Vec<f64> {
            if is_major {
                ticks.major.iter().map(|tick| tick.at).collect()
            } else {
                ticks.minor.clone()
            }
        };
        for at in chosen(&layout.x) {
            let x = crisp(panel.left + at * panel.width());
            canvas.line(&[[x, panel.top], [x, panel.bottom]], rgb.into(), 1.0);
        }
        for at in chosen(&layout.y) {
            let y = crisp(panel.bottom - at * panel.height());
            canvas.line(&[[panel.left, y], [panel.right, y]], rgb.into(), 1.0);
        }
    }
}

/// The nearest middle of a pixel, where a line one pixel wide fills exactly one.
fn crisp(position: f64) -> f64 {
    libm::floor(position) + 0.5
}

fn labels(canvas: &mut Canvas<'_>, figure: &Figure, layout: &Layout) {
    let panel = &layout.panel;
    let tick = Lettering {
        size: TICK_SIZE,
        rgb: SOFT_INK,
        anchor: Anchor::Middle,
        upwards: false,
    };
    for mark in &layout.x.major {
        let at = [
            panel.left + mark.at * panel.width(),
            panel.bottom + TICK_GAP + TICK_SIZE * 0.76,
        ];
        canvas.text(&mark.label, at, tick);
    }
    for mark in &layout.y.major {
        let middle = panel.bottom - mark.at * panel.height();
        // Digits are 0.73 of the size high.
        let at = [panel.left - TICK_GAP, middle + 0.365 * TICK_SIZE];
        canvas.text(
            &mark.label,
            at,
            Lettering {
                anchor: Anchor::End,
                ..tick
            },
        );
    }
    let title = Lettering {
        size: AXIS_TITLE_SIZE,
        rgb: INK,
        anchor: Anchor::Middle,
        upwards: false,
    };
    let middle = [
        f64::midpoint(panel.left, panel.right),
        f64::midpoint(panel.top, panel.bottom),
    ];
    let cut = |label: &str, room| text::cut(label, AXIS_TITLE_SIZE, room);
    if !figure.x.label.is_empty() {
        let label = cut(&figure.x.label, panel.width());
        canvas.text(&label, [middle[0], layout.x_title], title);
    }
    if !figure.y.label.is_empty() {
        let label = cut(&figure.y.label, panel.height());
        let upwards = Lettering {
            upwards: true,
            ..title
        };
        canvas.text(&label, [layout.y_title, middle[1]], upwards);
    }
    heading(canvas, &layout.title, panel.left, INK);
    heading(canvas, &layout.subtitle, panel.left, SOFT_INK);
}

fn heading(canvas: &mut Canvas<'_>, heading: &Heading, left: f64, rgb: Rgb) {
    for (index, line) in heading.lines.iter().enumerate() {
        let baseline = heading.baseline + index as f64 * heading.size * LINE_HEIGHT;
        let lettering = Lettering {
            size: heading.size,
            rgb,
            anchor: Anchor::Start,
            upwards: false,
        };
        canvas.text(line, [left, baseline], lettering);
    }
}

fn empty(canvas: &mut Canvas<'_>, panel: &Frame) {
    let lettering = Lettering {
        size: AXIS_TITLE_SIZE,
        rgb: SOFT_INK,
        anchor: Anchor::Middle,
        upwards: false,
    };
    for y in [panel.top, panel.bottom] {
        let y = crisp(y);
        canvas.line(&[[panel.left, y], [panel.right, y]], GRID.into(), 1.0);
    }
    let middle = [
        f64::midpoint(panel.left, panel.right),
        f64::midpoint(panel.top, panel.bottom),
    ];
    canvas.text(EMPTY, middle, lettering);
}

/// How thick and how opaque lines are: the more there are, the less, so that a
/// thousand still show where they are dense.
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

fn lines(
    canvas: &mut Canvas<'_>,
    figure: &Figure,
    [across, up]: [Span; 2],
    panel: &Frame,
) -> Vec<DrawnLine> {
    let bar = colour::bar_span(&figure.key);
    let (width, opacity) = weight(figure.lines().count());
    let place = |[x, y]: [f64; 2]| -> Option<Place> {
        let [x, y] = [across.share(x)?, up.share(y)?];
        Some([
            panel.left + x * panel.width(),
            panel.bottom - y * panel.height(),
        ])
    };
    // Crosses and dots last, so that no line runs over them.
    let mut marks = Vec::new();
    let mut drawn = Vec::new();
    for (number, line) in figure.lines().enumerate() {
        let rgb = colour::of_line(line.colour, bar.as_ref());
        let ink = Ink { rgb, opacity };
        let mut places: Vec<_> = line.points.iter().map(|&point| place(point)).collect();
        let all = places.clone();
        if line.diverged {
            // A run that swings from side to side on its way out would fill the
            // panel with its crossings: it ends at the edge that it does not
            // come back from.
            let inside = |place: &Option<Place>| place.is_some_and(|place| panel.holds(place));
            let last = places.iter().rposition(inside);
            places.truncate(last.map_or(places.len(), |last| last + 2));
        }
        let pieces = trace::pieces(places.into_iter(), panel);
        let few: Vec<Vec<Place>> = pieces
            .iter()
            .map(|piece| trace::simplified(piece))
            .collect();
        canvas.group("data-line", number, |canvas| {
            for piece in &few {
                match piece[..] {
                    // A value alone between two gaps would not show as a line.
                    [point] if !line.dots => {
                        let radius = if few.len() == 1 { 5.0 } else { width * 1.2 };
                        canvas.dot(point, radius, ink);
                    }
                    _ => canvas.line(piece, ink, width),
                }
            }
        });
        let corners = if line.dots { &pieces } else { &few };
        drawn.push(DrawnLine {
            line: number,
            points: values(corners, &line.points, &all, [across, up], panel),
        });
        let end = pieces.last().and_then(|piece| piece.last()).copied();
        marks.push((number, line, rgb, pieces, end));
    }
    let dots = figure
        .lines()
        .filter(|line| line.dots)
        .map(|line| line.points.len())
        .sum();
    let crosses = figure
        .lines()
        .map(|line| usize::from(line.diverged) + line.off_scale.len());
    let size = mark_size(crosses.sum());
    let mut row = 0;
    for (number, line, rgb, pieces, end) in marks {
        let end = end.filter(|_| line.diverged);
        if !line.dots && end.is_none() && line.off_scale.is_empty() {
            continue;
        }
        canvas.group("data-line", number, |canvas| {
            if line.dots {
                scatter(canvas, &pieces, mark_size(dots) * 0.75, rgb);
            }
            if let Some(end) = end {
                cross(canvas, end, size, rgb);
            }
            let y = panel.top + size + 2.0 + row as f64 * ROW_SHARE * panel.height();
            for x in line.off_scale.iter().filter_map(|&x| across.share(x)) {
                cross(canvas, [panel.left + x * panel.width(), y], size, rgb);
            }
        });
        row = (row + usize::from(!line.off_scale.is_empty())) % MOST_ROWS;
    }
    drawn
}

/// The values at the corners of the pieces of a line: those of the point that stands there,
/// or of the place where the line was cut. Between two pieces there is a gap.
fn values(
    pieces: &[Vec<Place>],
    points: &[[f64; 2]],
    places: &[Option<Place>],
    [across, up]: [Span; 2],
    panel: &Frame,
) -> Vec<[f64; 2]> {
    let mut values = Vec::new();
    let mut from = 0;
    for piece in pieces {
        if !values.is_empty() {
            values.push([f64::NAN; 2]);
        }
        for &[x, y] in piece {
            let there = places
                .iter()
                .skip(from)
                .position(|place| *place == Some([x, y]));
            values.push(match there {
                Some(ahead) => {
                    from += ahead;
                    points[from]
                }
                None => [
                    across.value((x - panel.left) / panel.width()),
                    up.value((panel.bottom - y) / panel.height()),
                ],
            });
        }
    }
    values
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
fn scatter(canvas: &mut Canvas<'_>, pieces: &[Vec<Place>], radius: f64, rgb: Rgb) {
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

/// A cross in one stroke, so that it is one element, on a white rim that sets it
/// off from lines of the same colour.
pub(super) fn cross(canvas: &mut Canvas<'_>, [x, y]: Place, size: f64, rgb: Rgb) {
    let stroke = [
        [x - size, y - size],
        [x + size, y + size],
        [x, y],
        [x - size, y + size],
        [x + size, y - size],
    ];
    canvas.line(&stroke, WHITE.into(), size * 0.9);
    canvas.line(&stroke, rgb.into(), size * 0.42);
}
