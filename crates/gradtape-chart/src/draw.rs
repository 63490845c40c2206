//! Draws a figure on the canvas.

use std::borrow::Cow;

use super::canvas::{self, Anchor, Canvas, Ink, Lettering};
use super::colour::{self, FAINT_GRID, GRID, INK, Rgb, SOFT_INK, WHITE};
use super::layout::{
    self, AXIS_TITLE_SIZE, Heading, LINE_HEIGHT, Layout, PanelBox, TICK_GAP, TICK_SIZE,
};
use super::marks::{self, Plot};
use super::span::{Span, drawable};
use super::text;
use super::trace::{self, Frame, Place};
use super::{
    Axis, AxisRange, Drawing, DrawnLine, Figure, Font, Key, Line, Mark, Panel, PanelArea, Style,
};

/// Empty share of an axis on both sides of the data.
const MARGINS: [f64; 2] = [0.025, 0.04];

/// What an empty panel says.
const EMPTY: &str = "no finite values to draw";

/// Share of the panel that a row of crosses at its upper edge takes.
const ROW_SHARE: f64 = 0.03;

/// Maximum number of rows of crosses.
const MAX_ROWS: usize = 5;

/// Draws the figure.
pub(super) fn drawing(figure: &Figure, style: &Style) -> Drawing {
    let spans = spans(figure);
    let layout = layout::layout(figure, spans, style);
    let bar = colour::bar_span(&figure.key);
    let mut areas = Vec::new();
    let svg = canvas::svg(style, &figure.title, &figure.description, |canvas| {
        canvas.rectangle([0.0, 0.0], canvas::size(style), WHITE.into());
        let mut number = 0;
        for (panel, stand) in figure.panels.iter().zip(&layout.panels) {
            let Some(spans) = spans else {
                empty(canvas, &stand.frame);
                continue;
            };
            let plot = Plot {
                frame: stand.frame,
                spans,
                bar,
                font: style.font,
            };
            grid(canvas, &layout, &stand.frame);
            plot.draw_below(canvas, panel, number);
            let drawn = lines(canvas, figure, panel, &plot, number);
            plot.draw_above(canvas, panel);
            if is_filled(figure) {
                marks::border(canvas, &stand.frame);
            }
            number += drawn.len();
            areas.push(area(style, &layout, &plot, drawn));
        }
        for stand in &layout.panels {
            tick_labels(canvas, &layout, stand);
        }
        labels(canvas, figure, &layout, style.font);
        layout.key.draw(canvas, layout.key_at);
    });
    Drawing { svg, panels: areas }
}

/// The position of a panel in the chart.
fn area(style: &Style, layout: &Layout, plot: &Plot, lines: Vec<DrawnLine>) -> PanelArea {
    let frame = plot.frame;
    let edges = [frame.left, frame.top, frame.right, frame.bottom];
    PanelArea {
        frame: edges.map(|edge| edge * canvas::scale(style)),
        axes: plot.spans.map(|span| AxisRange {
            low: span.value(0.0),
            high: span.value(1.0),
            scale: span.scale,
        }),
        ticks: [layout.x.major.clone(), layout.y.major.clone()],
        lines,
    }
}

/// Whether panels are filled to their edges, so that an axis needs no margins.
fn is_filled(figure: &Figure) -> bool {
    let mut marks = figure.panels.iter().flat_map(|panel| &panel.marks);
    marks.any(|mark| matches!(mark, Mark::Cells(_) | Mark::Levels(_)))
}

/// What the axes show, or `None` if there is nothing to draw.
fn spans(figure: &Figure) -> Option<[Span; 2]> {
    let [x, y] = [figure.x.scale, figure.y.scale];
    // Of all marks; of those that decide how much of the upright axis is shown.
    let (mut across, mut up, mut calm) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |points: &mut dyn Iterator<Item = [f64; 2]>, is_calm: bool| {
        for point in points.filter(|at| drawable(x, at[0]) && drawable(y, at[1])) {
            across.push(point[0]);
            up.push(point[1]);
            if is_calm {
                calm.push(point[1]);
            }
        }
    };
    let is_filled = is_filled(figure);
    for mark in figure.panels.iter().flat_map(|panel| &panel.marks) {
        match mark {
            Mark::Cells(cells) => {
                let (columns, rows) = (marks::edges(&cells.x, x), marks::edges(&cells.y, y));
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
                let is_log = y == super::Scale::Log;
                let floor = if is_log { 0.5 } else { 0.0 };
                let counts = bars.counts.iter().copied().chain([floor]);
                let counts: Vec<f64> = counts.collect();
                add(&mut corners(&bars.edges, &counts), true);
            }
            Mark::Point(point) => add(&mut std::iter::once(point.at), true),
            Mark::Rule(_) => {}
        }
    }
    for mark in figure.panels.iter().flat_map(|panel| &panel.marks) {
        // A bound is part of the chart where the chart shows anything else.
        match mark {
            Mark::Rule(rule) if rule.upright && drawable(x, rule.at) => across.push(rule.at),
            Mark::Rule(rule) if !rule.upright && drawable(y, rule.at) => {
                up.push(rule.at);
                calm.push(rule.at);
            }
            _ => {}
        }
    }
    // A cross has a place across also where its value has none.
    let crosses = figure.lines().filter(|_| !is_filled);
    let crosses = crosses.filter_map(|line| Some(line.diverged?[0]));
    let off_scale = figure.lines().flat_map(|line| &line.off_scale).copied();
    let wanted = |axis: &Axis| axis.range.into_iter().flatten();
    let covered = Span::covering(
        x,
        across
            .into_iter()
            .chain(off_scale)
            .chain(crosses)
            .chain(wanted(&figure.x)),
    )?;
    let all = Span::covering(y, up.into_iter().chain(wanted(&figure.y)));
    let calm = calm.into_iter().chain(wanted(&figure.y));
    let up = match (Span::covering(y, calm), all) {
        (Some(calm), Some(all)) => calm.extended_towards(all),
        (None, Some(all)) => all,
        // Every run diverged: there are crosses along an axis without values.
        (_, None) => return None,
    };
    if is_filled {
        return Some([covered, up]);
    }
    let up = up
        .with_margin(MARGINS[1])
        .with_room_above(off_scale_share(figure));
    Some([covered.with_margin(MARGINS[0]), up])
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

/// Share of a panel at its upper edge that is reserved for crosses: a row for each line
/// that has some, so that those of one line do not cover those of another. No
/// label or grid line stands there, or a cross would seem to have its value.
pub(super) fn off_scale_share(figure: &Figure) -> f64 {
    let with_crosses = |panel: &super::Panel| {
        let lines = panel.lines().filter(|line| !line.off_scale.is_empty());
        lines.count().min(MAX_ROWS)
    };
    let rows = figure.panels.iter().map(with_crosses).max();
    rows.unwrap_or(0) as f64 * ROW_SHARE
}

fn grid(canvas: &mut Canvas<'_>, layout: &Layout, panel: &Frame) {
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
pub(super) fn crisp(position: f64) -> f64 {
    libm::floor(position) + 0.5
}

/// The name of a panel, and the labels at its ticks.
fn tick_labels(canvas: &mut Canvas<'_>, layout: &Layout, stand: &PanelBox) {
    let panel = &stand.frame;
    let tick = Lettering {
        size: TICK_SIZE,
        rgb: SOFT_INK,
        anchor: Anchor::Middle,
        upwards: false,
    };
    let name = Lettering {
        size: stand.name_size,
        rgb: INK,
        anchor: Anchor::Start,
        upwards: false,
    };
    if !stand.name.is_empty() {
        canvas.text(&stand.name, [panel.left, stand.baseline], name);
    }
    let [has_x, has_y] = stand.has_labels;
    for mark in layout.x.major.iter().filter(|_| has_x) {
        let at = [
            panel.left + mark.at * panel.width(),
            panel.bottom + TICK_GAP + TICK_SIZE * 0.76,
        ];
        canvas.text(&mark.label, at, tick);
    }
    for mark in layout.y.major.iter().filter(|_| has_y) {
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
}

fn labels(canvas: &mut Canvas<'_>, figure: &Figure, layout: &Layout, font: Font) {
    let panel = &layout.area;
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
    let cut = |label: &str, room| text::cut(label, AXIS_TITLE_SIZE, room, font);
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

/// A frame as good as any other to find out whether lines leave it.
const FRAME: Frame = Frame {
    left: 0.0,
    top: 0.0,
    right: 1000.0,
    bottom: 1000.0,
};

/// Whether a line leaves its panel without coming back.
pub(super) fn has_exit(line: &Line, [across, up]: &[Span; 2]) -> bool {
    let place = |point: &[f64; 2]| {
        let [x, y] = [across.share(point[0])?, up.share(point[1])?];
        Some([x * FRAME.right, (1.0 - y) * FRAME.bottom])
    };
    let end = line.points.iter().rev().find_map(place);
    if end.is_none_or(|end| FRAME.holds(end)) {
        return false;
    }
    let places: Vec<Option<Place>> = line.points.iter().map(place).collect();
    trace::exit(&places, &FRAME).is_some()
}

/// Where the cross of a line that diverged stands, in shares of the axes.
pub(super) fn cross_share(line: &Line, [across, up]: &[Span; 2]) -> Option<[f64; 2]> {
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

/// Draws the lines of a panel; `first` is the number of the first one.
fn lines(
    canvas: &mut Canvas<'_>,
    figure: &Figure,
    shown: &Panel,
    plot: &Plot,
    first: usize,
) -> Vec<DrawnLine> {
    let panel = &plot.frame;
    let [across, _] = plot.spans;
    let (width, mut opacity) = weight(figure.lines().count());
    if matches!(figure.key, Key::ColourBar { .. }) {
        // What a paler colour stands for could not be found on the bar.
        opacity = opacity.max(MIN_OPACITY);
    }
    // Crosses and dots last, so that no line runs over them.
    let mut tops = Vec::new();
    let mut drawn = Vec::new();
    for (number, line) in shown.lines().enumerate() {
        let number = first + number;
        let rgb = colour::of_line(line.colour, plot.bar.as_ref());
        let ink = Ink { rgb, opacity };
        let count = line.shown.unwrap_or(usize::MAX).min(line.points.len());
        let points = if line.steps {
            Cow::Owned(stepped(&line.points[..count]))
        } else {
            Cow::Borrowed(&line.points[..count])
        };
        let mut places: Vec<_> = points.iter().map(|&point| plot.place(point)).collect();
        let all = places.clone();
        let exit = trace::exit(&all, panel);
        if line.diverged.is_some() {
            // A run that swings from side to side on its way out would fill the
            // panel with its crossings: it ends at the edge that it does not
            // come back from.
            let inside = |place: &Option<Place>| place.is_some_and(|place| panel.holds(place));
            let last = places.iter().rposition(inside);
            places.truncate(last.map_or(places.len(), |last| last + 2));
        }
        let start = places.first().copied().flatten();
        let pieces = trace::pieces(places.into_iter(), panel);
        let few: Vec<Vec<Place>> = pieces
            .iter()
            .map(|piece| trace::simplified(piece))
            .collect();
        canvas.group("data-line", number, |canvas| {
            for piece in &few {
                match piece[..] {
                    // A value alone between two gaps would not show as a line.
                    [point] if !line.dots && !line.path => {
                        let radius = if few.len() == 1 { 5.0 } else { width * 1.2 };
                        canvas.dot(point, radius, ink);
                    }
                    _ => canvas.line(piece, ink, width),
                }
            }
        });
        let corners = if line.dots { &pieces } else { &few };
        let cross = cross_share(line, &plot.spans).filter(|_| count == line.points.len());
        let mut drawn_line = DrawnLine {
            line: number,
            points: values(corners, &points, &all, plot),
            exit: exit.map(|exit| value(exit, plot)),
            cross: cross.zip(line.diverged).map(|([_, share], [x, y])| {
                let beyond = f64::INFINITY.copysign(share - 0.5);
                [x, if y.is_nan() { beyond } else { y }]
            }),
        };
        // Apart from the line, as what lies between the two is not seen.
        let apart = drawn_line
            .cross
            .filter(|cross| drawn_line.points.last() != Some(cross));
        let apart = apart.into_iter().flat_map(|cross| [[f64::NAN; 2], cross]);
        drawn_line.points.extend(apart);
        drawn.push(drawn_line);
        let end = pieces.last().and_then(|piece| piece.last()).copied();
        let end = end.filter(|_| line.path && exit.is_none() && cross.is_none());
        let start = start.filter(|start| line.path && panel.holds(*start));
        let cross = cross.map(|share| plot.at(share));
        tops.push((number, line, rgb, pieces, [start, end, exit, cross]));
    }
    let dots = figure
        .lines()
        .filter(|line| line.dots)
        .map(|line| line.points.len())
        .sum();
    let crosses = figure
        .lines()
        .map(|line| usize::from(line.diverged.is_some()) + line.off_scale.len());
    let size = mark_size(crosses.sum());
    let paths = shown.lines().filter(|line| line.path).count();
    let radius = mark_size(4 * paths);
    let mut row = 0;
    for (number, line, rgb, pieces, ends) in tops {
        if !line.dots && line.off_scale.is_empty() && ends == [None; 4] {
            continue;
        }
        let [start, end, exit, diverged] = ends;
        canvas.group("data-line", number, |canvas| {
            if line.dots {
                scatter(canvas, &pieces, mark_size(dots) * 0.75, rgb);
            }
            if let Some(start) = start {
                marks::ring(canvas, start, radius, rgb);
            }
            if let Some(end) = end {
                marks::end(canvas, end, radius, rgb);
            }
            if let Some(exit) = exit {
                let [right, down] = panel.outwards(exit);
                let is_near = |at: Place| {
                    [0, 1]
                        .iter()
                        .all(|&side| (at[side] - exit[side]).abs() < 2.5 * size)
                };
                // A cross right there would cover it.
                let back = if diverged.is_some_and(is_near) {
                    1.7 * size
                } else {
                    0.0
                };
                let tip = [exit[0] - back * right, exit[1] - back * down];
                marks::arrow(canvas, tip, [right, down], size, rgb);
            }
            if let Some(at) = diverged {
                cross(canvas, at, size, rgb);
            }
            let y = panel.top + size + 2.0 + row as f64 * ROW_SHARE * panel.height();
            for x in line.off_scale.iter().filter_map(|&x| across.share(x)) {
                cross(canvas, [panel.left + x * panel.width(), y], size, rgb);
            }
        });
        row = (row + usize::from(!line.off_scale.is_empty())) % MAX_ROWS;
    }
    drawn
}

/// The corners of steps: each value holds until the next.
fn stepped(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let corners = points.windows(2).flat_map(|pair| {
        let [[_, y], next] = [pair[0], pair[1]];
        [[next[0], y], next]
    });
    points.first().copied().into_iter().chain(corners).collect()
}

/// The values at the corners of the pieces of a line: those of the point that stands there,
/// or of the place where the line was cut. Between two pieces there is a gap.
fn values(
    pieces: &[Vec<Place>],
    points: &[[f64; 2]],
    places: &[Option<Place>],
    plot: &Plot,
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
                None => value([x, y], plot),
            });
        }
    }
    values
}

/// The values on the axes at a place.
fn value([x, y]: Place, plot: &Plot) -> [f64; 2] {
    let panel = &plot.frame;
    let [across, up] = plot.spans;
    [
        across.value((x - panel.left) / panel.width()),
        up.value((panel.bottom - y) / panel.height()),
    ]
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
