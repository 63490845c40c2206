//! Signs at a single place, and borders.

use super::canvas::{Ink, SvgCanvas, crisp};
use crate::measure::colour::{GRID, INK, Rgb, WHITE};
use crate::measure::rectangle::{Place, Rectangle};

/// A cross in one stroke, so that it is one element, on a white rim that sets it
/// off from lines of the same colour.
pub(super) fn cross(canvas: &mut SvgCanvas<'_>, [x, y]: Place, size: f64, rgb: Rgb) {
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

/// The border of a rectangle.
pub(crate) fn outline(canvas: &mut SvgCanvas<'_>, [from, to]: [Place; 2], ink: Ink, width: f64) {
    let corners = [from, [to[0], from[1]], to, [from[0], to[1]], from];
    canvas.line(&corners, ink, width);
}

/// A star on a rim that sets it off.
pub(crate) fn star(canvas: &mut SvgCanvas<'_>, [x, y]: Place) {
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
pub(crate) fn ring(canvas: &mut SvgCanvas<'_>, at: Place, radius: f64, rgb: Rgb) {
    canvas.dot(at, radius + 1.0, WHITE.into());
    canvas.dot(at, radius, rgb.into());
    canvas.dot(at, radius * 0.55, WHITE.into());
}

/// An arrow at the edge of a panel where a line leaves it, on a rim as a cross has.
pub(crate) fn arrow(
    canvas: &mut SvgCanvas<'_>,
    [x, y]: Place,
    [right, down]: [f64; 2],
    size: f64,
    rgb: Rgb,
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
pub(crate) fn end(canvas: &mut SvgCanvas<'_>, at: Place, radius: f64, rgb: Rgb) {
    canvas.dot(at, radius + 1.0, WHITE.into());
    canvas.dot(at, radius, rgb.into());
}

/// The border of a panel that is filled to its edges.
pub(crate) fn border(canvas: &mut SvgCanvas<'_>, frame: &Rectangle) {
    let corners = [[frame.left, frame.top], [frame.right, frame.bottom]].map(|at| at.map(crisp));
    outline(canvas, corners, GRID.into(), 1.0);
}
