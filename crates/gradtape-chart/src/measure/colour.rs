//! Colours: the palette of categories, the scale of values, the greys.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::axis_span::{AxisSpan, drawable};
use crate::model::{Colour, Key};

/// Red, green and blue.
pub(crate) type Rgb = [u8; 3];

pub(crate) const WHITE: Rgb = [255, 255, 255];
/// Headings and the titles of axes.
pub(crate) const INK: Rgb = [0x22, 0x22, 0x22];
/// Labels of ticks and entries of keys, which should stand back a little.
pub(crate) const SOFT_INK: Rgb = [0x4d, 0x4d, 0x4d];
pub(crate) const GRID: Rgb = [0xe2, 0xe2, 0xe2];
pub(crate) const FAINT_GRID: Rgb = [0xf2, 0xf2, 0xf2];

/// Twelve colours that differ in lightness as well as in hue, so that readers with
/// any common colour blindness can tell them apart on white. The first are those
/// of Okabe and Ito ("Color Universal Design", 2008) without the yellow, which is
/// too light for a line; then come four of Paul Tol's muted scheme, and a grey.
const PALETTE: [Rgb; 12] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x22, 0x22, 0x22],
    [0x88, 0x22, 0x55],
    [0x99, 0x99, 0x33],
    [0x33, 0x22, 0x88],
    [0x11, 0x77, 0x33],
    [0x8c, 0x8c, 0x8c],
];

/// The colour map viridis at equal distances (Smith and van der Walt, 2015), which
/// grows evenly lighter; the last part, a yellow that white would swallow, is
/// left out by [`BRIGHTEST`].
const VIRIDIS: [Rgb; 10] = [
    [0x44, 0x01, 0x54],
    [0x48, 0x28, 0x78],
    [0x3e, 0x4a, 0x89],
    [0x31, 0x68, 0x8e],
    [0x26, 0x82, 0x8e],
    [0x1f, 0x9e, 0x89],
    [0x35, 0xb7, 0x79],
    [0x6d, 0xcd, 0x59],
    [0xb4, 0xde, 0x2c],
    [0xfd, 0xe7, 0x25],
];

/// Share of the colour map that is used on white.
const BRIGHTEST: f64 = 0.85;

/// Share of the colour map that is left out on a dark background, which would swallow it.
const DARKEST: f64 = 0.2;

/// Number of colours of a colour bar. Neighbours can hardly be distinguished, and a page for
/// dark screens can replace each of them.
pub(crate) const SHADES: usize = 96;

/// The lowest and the highest areas between level lines, on white: pale, so that paths show
/// on all of them.
const PLAINS: [Rgb; 2] = [[0xff, 0xfd, 0xf0], [0xa9, 0xbf, 0xd6]];

/// Level lines.
pub(crate) const CONTOUR: Rgb = [0x7f, 0x98, 0xb3];

/// A cell of a heat map with a value that is not a number.
pub(crate) const VOID: Rgb = [0xee, 0xee, 0xee];

/// The counterparts of colours on a dark background.
static DARK: LazyLock<BTreeMap<Rgb, Rgb>> = LazyLock::new(|| {
    let greys = [
        (WHITE, [0x16, 0x1b, 0x22]),
        (INK, [0xee, 0xee, 0xee]),
        (SOFT_INK, [0xbd, 0xc3, 0xca]),
        (GRID, [0x39, 0x40, 0x49]),
        (FAINT_GRID, [0x24, 0x29, 0x30]),
        (CONTOUR, [0x5b, 0x6f, 0x87]),
        (VOID, [0x2a, 0x2f, 0x36]),
    ];
    // Light colours of the same hues, with light grey for black.
    let categories: [Rgb; 12] = [
        [0x4d, 0xa3, 0xe0],
        [0xf0, 0x86, 0x3c],
        [0x2e, 0xc4, 0x9b],
        [0xdf, 0x9a, 0xc2],
        [0xf2, 0xb8, 0x33],
        [0x8c, 0xd0, 0xf5],
        [0xee, 0xee, 0xee],
        [0xd0, 0x5c, 0x9b],
        [0xc2, 0xc2, 0x5a],
        [0x8f, 0x7f, 0xe0],
        [0x54, 0xb8, 0x72],
        [0x9c, 0x9c, 0x9c],
    ];
    let shades = (0..SHADES).map(|shade| {
        let share = shade as f64 / (SHADES - 1) as f64;
        let dark = DARKEST + (1.0 - DARKEST) * share;
        (at_share(share), mixed(&VIRIDIS, dark))
    });
    let plains = (0..SHADES).map(|shade| {
        let share = shade as f64 / (SHADES - 1) as f64;
        let dark = [[0x3d, 0x4b, 0x5c], [0x1b, 0x22, 0x2b]];
        (plain(share), mixed(&dark, share))
    });
    let all = shades
        .chain(plains)
        .chain(PALETTE.into_iter().zip(categories));
    // The greys last: where black is a category it is the ink too.
    all.chain(greys).collect()
});

/// The counterpart of a colour of this file on a dark background.
pub(crate) fn dark(rgb: Rgb) -> Rgb {
    DARK.get(&rgb).copied().unwrap_or(rgb)
}

/// Each colour of a chart on white with its counterpart on a dark background.
pub(crate) fn dark_counterparts() -> impl Iterator<Item = (Rgb, Rgb)> {
    DARK.iter().map(|(light, dark)| (*light, *dark))
}

/// The colour of an area between level lines, from the lowest at 0 to the highest at 1.
pub(crate) fn plain(share: f64) -> Rgb {
    mixed(&PLAINS, stepped(share))
}

/// The nearest of the shades of a colour bar.
fn stepped(share: f64) -> f64 {
    let last = (SHADES - 1) as f64;
    libm::round(share.clamp(0.0, 1.0) * last) / last
}

/// The colour at a share of a map of colours at equal distances.
fn mixed(map: &[Rgb], share: f64) -> Rgb {
    let place = share.clamp(0.0, 1.0) * (map.len() - 1) as f64;
    let index = (place as usize).min(map.len() - 2);
    let part = place - index as f64;
    let [from, to] = [map[index], map[index + 1]];
    std::array::from_fn(|i| {
        let [from, to] = [f64::from(from[i]), f64::from(to[i])];
        (from + (to - from) * part + 0.5) as u8
    })
}

/// The n-th colour for categories.
pub(crate) fn category(index: usize) -> Rgb {
    PALETTE[index % PALETTE.len()]
}

/// The colour at a share from 0 to 1 of the colour bar.
pub(crate) fn at_share(share: f64) -> Rgb {
    // A share that is not a number has the lower end.
    let share = if share.is_nan() { 0.0 } else { share };
    mixed(&VIRIDIS, stepped(share) * BRIGHTEST)
}

/// The range of a colour bar, `None` for other keys and for ends that its scale
/// cannot show.
pub(crate) fn bar_span(key: &Key) -> Option<AxisSpan> {
    match key {
        Key::ColourBar {
            from, to, scale, ..
        } if drawable(*scale, *from) && drawable(*scale, *to) => {
            AxisSpan::covering(*scale, [*from, *to].into_iter())
        }
        _ => None,
    }
}

/// The colour of a line. A value outside the bar's range, or not a number, has the
/// colour of the nearer (or lower) end.
pub(crate) fn of_line(colour: Colour, bar: Option<&AxisSpan>) -> Rgb {
    match (colour, bar) {
        (Colour::Category(index), _) => category(index),
        (Colour::Value(value), None) => at_share(if value.is_nan() { 0.0 } else { value }),
        (Colour::Value(value), Some(bar)) => {
            let beyond = if value == f64::INFINITY { 1.0 } else { 0.0 };
            at_share(bar.share(value).unwrap_or(beyond))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scale;

    /// Relative luminance of WCAG 2, with a square in place of the exact curve.
    fn luminance(rgb: Rgb) -> f64 {
        let [r, g, b] = rgb.map(|channel| (f64::from(channel) / 255.0).powi(2));
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    #[test]
    fn every_colour_stands_out_from_white() {
        let values = (0..=100).map(|i| at_share(f64::from(i) / 100.0));
        for rgb in PALETTE.into_iter().chain(values) {
            let contrast = 1.05 / (luminance(rgb) + 0.05);
            assert!(1.6 < contrast, "{rgb:?}: {contrast}");
        }
    }

    #[test]
    fn values_grow_lighter_along_the_bar() {
        for i in 0..100 {
            let [here, next] = [i, i + 1].map(|i| luminance(at_share(f64::from(i) / 100.0)));
            assert!(here <= next + 1e-3, "{i}");
        }
    }

    #[test]
    fn any_value_has_a_colour() {
        let key = Key::ColourBar {
            title: String::new(),
            from: 1e-3,
            to: 1.0,
            scale: Scale::Log,
        };
        let bar = bar_span(&key);
        let of = |value| of_line(Colour::Value(value), bar.as_ref());
        assert_eq!(of(1e-3), at_share(0.0));
        assert_eq!(of(1.0), at_share(1.0));
        assert_eq!(of(f64::INFINITY), at_share(1.0));
        for value in [f64::NAN, 0.0, -1.0, f64::NEG_INFINITY] {
            assert_eq!(of(value), at_share(0.0));
        }
        assert_eq!(of_line(Colour::Value(f64::NAN), None), at_share(0.0));
        assert_eq!(category(PALETTE.len() + 3), category(3));
    }
}
