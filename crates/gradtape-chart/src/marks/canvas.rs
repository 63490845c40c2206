//! The surface that charts are drawn on. The only file that knows `plotters`.
//!
//! Positions are pixels with fractions. The SVG backend of plotters takes
//! integers, so the drawing is made [`FINE`] times larger, and the `viewBox` of
//! its root brings it back to size.

use std::fmt::Write as _;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle,
};

use crate::measure::colour::{self, Rgb};
use crate::measure::rectangle::Place;
use crate::model::{Style, Theme};

/// Units of the drawing in a pixel.
const FINE: f64 = 20.0;

/// The SVG backend sets text smaller than asked for by this factor.
const BACKEND_SHRINKS_TEXT: f64 = 1.24;

/// The SVG backend puts the baseline this far below the given position, as a share
/// of the font size, for text anchored at its top. The other anchors depend on
/// the viewer's font.
const BASELINE: f64 = 0.76;

/// A colour and its opacity, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ink {
    pub(crate) rgb: Rgb,
    pub(crate) opacity: f64,
}

impl From<Rgb> for Ink {
    fn from(rgb: Rgb) -> Self {
        Self { rgb, opacity: 1.0 }
    }
}

/// The part of a text that its position fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lettering {
    /// Font size in pixels.
    pub(crate) size: f64,
    pub(crate) rgb: Rgb,
    pub(crate) anchor: Anchor,
    /// Whether it reads from bottom to top.
    pub(crate) upwards: bool,
}

impl Lettering {
    /// Text from left to right.
    pub(crate) fn new(size: f64, rgb: Rgb, anchor: Anchor) -> Self {
        Lettering {
            size,
            rgb,
            anchor,
            upwards: false,
        }
    }
}

/// A drawing under construction.
pub(crate) struct SvgCanvas<'a> {
    backend: SVGBackend<'a>,
    style: Style,
}

/// Makes an SVG: its title and description for readers who cannot see it, and what
/// `draw` puts on the canvas.
///
/// Colours are given as they are on white; a dark theme replaces them.
pub(crate) fn svg(
    style: &Style,
    title: &str,
    description: &str,
    draw: impl FnOnce(&mut SvgCanvas<'_>),
) -> String {
    let mut drawing = String::new();
    let [wide, high] = style.size().map(|side| units(side).unsigned_abs());
    let mut canvas = SvgCanvas {
        backend: SVGBackend::with_string(&mut drawing, (wide, high)),
        style: *style,
    };
    draw(&mut canvas);
    canvas.backend.present().ok();
    drop(canvas);
    tidied(&drawing, style, title, description)
}

/// A character of private use that marks where a group begins or ends, as the backend has no
/// groups. No text of a chart contains it.
const GROUP: char = '\u{e000}';

// The backend writes into a string, where nothing can fail; its results, which are
// there for backends that write files, are dropped by `ok()`.
impl SvgCanvas<'_> {
    /// Puts what `draw` draws into a group with one attribute, for a page to find it by.
    pub(crate) fn group(&mut self, name: &str, number: usize, draw: impl FnOnce(&mut Self)) {
        self.mark(&format!("{GROUP}{name}=\"{number}\""));
        draw(self);
        self.mark(&GROUP.to_string());
    }

    /// Makes the lines that `draw` draws dashed.
    pub(crate) fn dashed(&mut self, draw: impl FnOnce(&mut Self)) {
        self.mark(&format!(
            "{GROUP}stroke-dasharray=\"{} {}\"",
            units(9.0),
            units(7.0)
        ));
        draw(self);
        self.mark(&GROUP.to_string());
    }

    /// Fills a polygon. Parts of it that are entered and left along the same path are
    /// separate; a ring within it in the opposite direction is a hole.
    pub(crate) fn polygon(&mut self, points: &[Place], ink: Ink) {
        let style = self.shaped(ink, 0.0);
        let path = points.iter().copied().map(fine);
        self.backend.fill_polygon(path, &style).ok();
    }

    /// The look on the background of the theme.
    fn shaped(&self, ink: Ink, width: f64) -> ShapeStyle {
        let [r, g, b] = self.shade(ink.rgb);
        ShapeStyle {
            color: RGBColor(r, g, b).mix(ink.opacity),
            filled: true,
            stroke_width: units(width).unsigned_abs(),
        }
    }

    fn shade(&self, rgb: Rgb) -> Rgb {
        match self.style.theme {
            Theme::Light => rgb,
            Theme::Dark => colour::dark(rgb),
        }
    }

    fn mark(&mut self, mark: &str) {
        let font = FontDesc::new(FontFamily::SansSerif, 1.0, FontStyle::Normal);
        let style = TextStyle::from(font);
        self.backend.draw_text(mark, &style, (0, 0)).ok();
    }

    /// Joins the points by a line `width` pixels thick.
    pub(crate) fn line(&mut self, points: &[Place], ink: Ink, width: f64) {
        let style = self.shaped(ink, width);
        let path = points.iter().copied().map(fine);
        self.backend.draw_path(path, &style).ok();
    }

    /// Fills the rectangle between two corners.
    pub(crate) fn rectangle(&mut self, from: Place, to: Place, ink: Ink) {
        let style = self.shaped(ink, 0.0);
        self.backend
            .draw_rect(fine(from), fine(to), &style, true)
            .ok();
    }

    /// Fills a circle.
    pub(crate) fn dot(&mut self, centre: Place, radius: f64, ink: Ink) {
        let radius = units(radius).unsigned_abs();
        let style = self.shaped(ink, 0.0);
        self.backend
            .draw_circle(fine(centre), radius, &style, true)
            .ok();
    }

    /// Writes one line of text with its baseline through `at`.
    pub(crate) fn text(&mut self, text: &str, at: Place, lettering: Lettering) {
        let Lettering {
            size,
            rgb,
            anchor,
            upwards,
        } = lettering;
        let (down, transform) = if upwards {
            ([-BASELINE * size, 0.0], FontTransform::Rotate270)
        } else {
            ([0.0, -BASELINE * size], FontTransform::None)
        };
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let font = FontDesc::new(
            FontFamily::Name(self.style.font.families()),
            size * FINE * BACKEND_SHRINKS_TEXT,
            FontStyle::Normal,
        );
        let [r, g, b] = self.shade(rgb);
        let colour = RGBColor(r, g, b);
        let style = TextStyle::from(font.transform(transform))
            .color(&colour)
            .pos(Pos::new(horizontal, VPos::Top));
        let at = fine([at[0] + down[0], at[1] + down[1]]);
        self.backend.draw_text(&printable(text), &style, at).ok();
    }
}

/// The nearest middle of a pixel, where a line one pixel wide fills exactly one.
pub(crate) fn crisp(position: f64) -> f64 {
    libm::floor(position) + 0.5
}

/// Pixels in whole units of the drawing.
fn units(pixels: f64) -> i32 {
    libm::round(pixels * FINE) as i32
}

fn fine([x, y]: Place) -> (i32, i32) {
    (units(x), units(y))
}

/// The text without the characters that an XML document may not contain, and on
/// one line.
fn printable(text: &str) -> String {
    let replaced = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        '\u{fffe}' | '\u{ffff}' | GROUP => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(replaced).collect()
}

/// The text as it is written between the tags of an XML document.
fn escaped(text: &str) -> String {
    printable(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The drawing of the backend with a root of our own and without what every
/// element repeats.
///
/// The root sets round joins and the fonts, and the size in pixels. Opacity, which
/// the backend sets on whole elements, is set on the stroke or the filling: the
/// same to the eye, but a viewer then needs no layer for each line. A rotated text
/// gets its matrix, because the sine and cosine of an angle differ in their last
/// bits from machine to machine.
fn tidied(drawing: &str, style: &Style, title: &str, description: &str) -> String {
    let mut svg = String::with_capacity(drawing.len());
    let [wide, high] = style.size().map(units);
    let families = style.font.families();
    let Style { width, height, .. } = style;
    // Writing to a string cannot fail.
    write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {wide} {high}\" role=\"img\" font-family=\"{families}\" \
         stroke-linejoin=\"round\" stroke-linecap=\"round\">\n\
         <title>{}</title>\n<desc>{}</desc>\n",
        escaped(title),
        escaped(description)
    )
    .ok();
    let family = format!(" font-family=\"{families}\"");
    let mut lines = drawing.lines().skip(1);
    while let Some(line) = lines.next() {
        // In what a title contains quotes are escaped, so these patterns can only
        // match attributes.
        let line = line.replace(" opacity=\"1\"", "").replace(" \"/>", "\"/>");
        if line.starts_with("<text") {
            let content = lines.next().unwrap_or_default();
            let close = lines.next().unwrap_or_default();
            if let Some(group) = content.strip_prefix(GROUP) {
                let group = group.replace("&quot;", "\"");
                let tag = if group.is_empty() {
                    "</g>".to_owned()
                } else {
                    format!("<g {group}>")
                };
                svg.extend([&tag, "\n"]);
                continue;
            }
            let open = unturned(&line.replace(&family, ""));
            svg.extend([&open, content, close, "\n"]);
            continue;
        }
        let of = if line.starts_with("<polyline") {
            " stroke-opacity="
        } else {
            " fill-opacity="
        };
        svg.push_str(
            &line
                .replace(" opacity=", of)
                .replace(" stroke=\"none\"", ""),
        );
        svg.push('\n');
    }
    svg
}

/// The opening tag with the matrix of a rotation by 270° instead of the angle.
fn unturned(tag: &str) -> String {
    const TURN: &str = "rotate(270, ";
    let turned = || {
        let (before, rest) = tag.split_once(TURN)?;
        let (centre, after) = rest.split_once(')')?;
        let (x, y) = centre.split_once(", ")?;
        let (x, y): (i32, i32) = (x.parse().ok()?, y.parse().ok()?);
        Some(format!(
            "{before}matrix(0 -1 1 0 {} {}){after}",
            x - y,
            x + y
        ))
    };
    turned().unwrap_or_else(|| tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Lettering = Lettering {
        size: 18.0,
        rgb: [0, 0, 0],
        anchor: Anchor::Start,
        upwards: false,
    };

    #[test]
    fn markup_in_texts_is_escaped() {
        let nasty = "a < b & \"c\" > 'd' \u{0}\u{1b}\n]]> opacity=\"1\" \u{ffff}";
        let drawing = svg(&Style::default(), nasty, nasty, |canvas| {
            canvas.text(nasty, [10.0, 20.0], PLAIN);
        });
        assert!(drawing.contains("<title>a &lt; b &amp; \"c\" &gt; 'd'"));
        assert!(drawing.contains(">a &lt; b &amp; &quot;c&quot; &gt; &apos;d&apos;"));
        assert!(drawing.contains("opacity=&quot;1&quot;"));
        assert!(!drawing.contains('\u{0}') && !drawing.contains('\u{1b}'));
        assert!(crate::to_png(&drawing).is_ok());
    }

    #[test]
    fn positions_keep_fractions_of_a_pixel() {
        let drawing = svg(&Style::default(), "", "", |canvas| {
            canvas.line(&[[1.25, 2.0], [3.0, 4.05]], [1, 2, 3].into(), 2.5);
        });
        assert!(drawing.contains("points=\"25,40 60,81\""), "{drawing}");
        assert!(drawing.contains("stroke-width=\"50\""), "{drawing}");
        assert!(drawing.contains("stroke-linejoin=\"round\""));
    }

    #[test]
    fn opacity_needs_no_layer() {
        let ink = Ink {
            rgb: [1, 2, 3],
            opacity: 0.5,
        };
        let drawing = svg(&Style::default(), "", "", |canvas| {
            canvas.line(&[[1.0, 2.0], [3.0, 4.0]], ink, 2.0);
            canvas.dot([1.0, 2.0], 3.0, ink);
        });
        assert!(drawing.contains(" stroke-opacity=\"0.5\""));
        assert!(drawing.contains(" fill-opacity=\"0.5\""));
        assert!(!drawing.contains(" opacity="));
    }

    #[test]
    fn text_has_the_size_asked_for_and_turns_exactly() {
        let upwards = Lettering {
            upwards: true,
            ..PLAIN
        };
        let drawing = svg(&Style::default(), "", "", |canvas| {
            canvas.text("w0", [30.0, 400.0], upwards);
        });
        assert!(drawing.contains("matrix(0 -1 1 0 "), "{drawing}");
        for size in [16, 18, 20, 23, 26] {
            let lettering = Lettering {
                size: f64::from(size),
                ..PLAIN
            };
            let drawing = svg(&Style::default(), "", "", |canvas| {
                canvas.text("w0", [0.0, 0.0], lettering);
            });
            let expected = format!("font-size=\"{}\"", size * FINE as i32);
            assert!(drawing.contains(&expected), "{drawing}");
        }
    }
}
