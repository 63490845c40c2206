//! The signs in a figure that its key explains.

use super::axes;
use super::key_box::KeySample;
use crate::measure::axis_span::AxisSpan;
use crate::model::{Figure, Line, Mark};

/// The meaning of the signs in a figure: the ends of paths, crosses, arrows, stars, frames.
pub(super) fn signs(figure: &Figure, spans: Option<&[AxisSpan; 2]>) -> Vec<(KeySample, String)> {
    let mut signs = Vec::new();
    let leaves = |line: &Line| spans.is_some_and(|spans| axes::has_exit(line, spans));
    let is_crossed = |line: &Line| {
        let is_at_end = spans.is_some_and(|spans| axes::cross_share(line, spans).is_some());
        is_at_end || !line.off_scale.is_empty()
    };
    let mut paths = figure.lines().filter(|line| line.path).peekable();
    if paths.peek().is_some() {
        signs.push((KeySample::Ring, "start".to_owned()));
    }
    if paths.any(|line| !leaves(line) && !is_crossed(line)) {
        signs.push((KeySample::Dot, "end".to_owned()));
    }
    let marks = || figure.panels.iter().flat_map(|panel| &panel.marks);
    let mut names: Vec<&str> = Vec::new();
    for mark in marks() {
        match mark {
            Mark::Landmark(point) if !names.contains(&point.name.as_str()) => {
                names.push(&point.name);
            }
            _ => {}
        }
    }
    let stars = names.into_iter();
    signs.extend(stars.map(|name| (KeySample::Star, name.to_owned())));
    let is_marked = |mark: &Mark| matches!(mark, Mark::Cells(cells) if cells.marked.is_some());
    if marks().any(is_marked) {
        signs.push((KeySample::Square, "smallest".to_owned()));
    }
    let is_lost = |value: &Option<f64>| value.is_some_and(|value| !value.is_finite());
    let has_crosses = |mark: &Mark| match mark {
        Mark::Line(line) => is_crossed(line),
        Mark::Cells(cells) => cells.values.iter().any(is_lost),
        _ => false,
    };
    if marks().any(has_crosses) {
        signs.push((KeySample::Cross, "diverged".to_owned()));
    }
    if figure.lines().any(leaves) {
        signs.push((KeySample::Arrow, "leaves the frame".to_owned()));
    }
    signs
}
