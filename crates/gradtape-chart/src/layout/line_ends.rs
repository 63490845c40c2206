//! Names at the ends of lines in place of a legend.

use super::key_box::{KeyBox, KeySample, LEAD, MAX_WIDTH_BESIDE, Placement, SIZES};
use super::signs::signs;
use crate::measure::axis_span::AxisSpan;
use crate::measure::colour::{self, INK};
use crate::measure::rectangle::Rectangle;
use crate::measure::text::{self, LINE_HEIGHT};
use crate::model::{Colour, Figure, Font, Key, Line, Mark};

/// Maximum number of names at the ends of lines, and of rows that a name may be moved away
/// from its line where names are close.
const MAX_ENDS: usize = 6;
const MAX_END_DISTANCE: f64 = 2.0;

/// The room for names at the ends of lines, which need no legend: `None` unless they are few,
/// each of one line, and the lines run to the right edge.
pub(super) fn room(figure: &Figure, spans: &[AxisSpan; 2], font: Font) -> Option<KeyBox> {
    let [panel] = &figure.panels[..] else {
        return None;
    };
    let Key::Legend { title, entries } = &figure.key else {
        return None;
    };
    let is_plain = |line: &Line| !line.dots && line.diverged.is_none() && line.off_scale.is_empty();
    let others = panel
        .marks
        .iter()
        .filter(|mark| !matches!(mark, Mark::Line(_) | Mark::Band(_)));
    let fits = (2..=MAX_ENDS).contains(&entries.len())
        && panel.lines().count() == entries.len()
        && panel.lines().all(is_plain)
        && others.count() == 0
        && signs(figure, Some(spans)).is_empty();
    let is_at_edge = |entry: usize| {
        let end = end_share(figure, spans, entry);
        end.is_some_and(|[x, y]| x >= 0.95 && (0.0..=1.0).contains(&y))
    };
    if !fits || !(0..entries.len()).all(is_at_edge) {
        return None;
    }
    let mut key = KeyBox::new(Placement::Right, SIZES[0]);
    let widths = entries.iter().map(|name| text::width(name, key.size, font));
    let title = text::width(title.as_deref().unwrap_or_default(), key.size, font);
    key.width = LEAD + widths.fold(title, f64::max);
    (key.width <= MAX_WIDTH_BESIDE).then_some(key)
}

/// Where the line of an entry ends, in shares of the axes.
fn end_share(figure: &Figure, [across, up]: &[AxisSpan; 2], entry: usize) -> Option<[f64; 2]> {
    let mut lines = figure
        .lines()
        .filter(|line| line.colour == Colour::Category(entry));
    let [x, y] = *lines.next()?.points.last()?;
    Some([across.share(x)?, up.share(y)?])
}

/// The names at the ends of the lines of the only panel, which has the place `frame`; `left`
/// is where they begin. `None` if they would stand too far away from their lines.
pub(super) fn key(
    figure: &Figure,
    spans: &[AxisSpan; 2],
    frame: &Rectangle,
    left: f64,
    font: Font,
) -> Option<KeyBox> {
    let mut key = room(figure, spans, font)?;
    let Key::Legend { title, entries } = &figure.key else {
        return None;
    };
    let row = key.size * LINE_HEIGHT;
    let mut places = Vec::new();
    for entry in 0..entries.len() {
        let end = frame.at(end_share(figure, spans, entry)?);
        places.push((entry, end, end[1]));
    }
    places.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
    // Down until none covers another, and back up where they leave the panel.
    let above = if title.is_some() { row } else { 0.0 };
    let mut least = frame.top + row / 2.0 + above;
    for place in &mut places {
        place.2 = place.2.max(least);
        least = place.2 + row;
    }
    let mut most = frame.bottom;
    for place in places.iter_mut().rev() {
        place.2 = place.2.min(most);
        most = place.2 - row;
    }
    if let (Some(title), Some((.., first))) = (title, places.first()) {
        let at = [LEAD, first - row + 0.33 * key.size];
        key.texts.push((title.clone(), at, INK));
    }
    for (entry, end, middle) in places {
        if (middle - end[1]).abs() > MAX_END_DISTANCE * row || middle < frame.top + above {
            return None;
        }
        let from = [left - end[0], end[1] - middle];
        let rgb = colour::category(entry);
        let baseline = middle + 0.33 * key.size;
        key.entry(
            KeySample::Lead { entry, rgb, from },
            &entries[entry],
            [0.0, baseline],
        );
    }
    Some(key)
}
