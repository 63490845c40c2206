//! Measuring text, making it fit, and outlining it. The only file that knows `ab_glyph`.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, GlyphId, OutlineCurve, Point};

use super::Font;
use super::canvas::families;

/// The fonts, parsed once for the process. They are part of the program, so that a
/// machine without fonts gives the same chart as any other.
static FONTS: LazyLock<[Option<FontRef<'static>>; 3]> =
    LazyLock::new(|| Font::ALL.map(|font| FontRef::try_from_slice(font.face()).ok()));

/// Replaces the part of a text that does not fit.
const ELLIPSIS: char = '…';

/// Width of the text in pixels at a font size in pixels.
pub(super) fn width(text: &str, size: f64, font: Font) -> f64 {
    text.chars().map(|c| advance(c, font) * size).sum()
}

/// Width of one character, as a share of the font size.
fn advance(c: char, font: Font) -> f64 {
    let known = FONTS[font as usize].as_ref().and_then(|font| {
        let units = font.units_per_em()?;
        Some(f64::from(font.h_advance_unscaled(font.glyph_id(c))) / f64::from(units))
    });
    // A typical width; it is not needed as long as the font can be read.
    known.unwrap_or(0.6)
}

/// The text, or as much of its beginning as fits into `room` pixels with `…`.
pub(super) fn cut(text: &str, size: f64, room: f64, font: Font) -> String {
    if width(text, size, font) <= room {
        return text.to_owned();
    }
    let mut used = advance(ELLIPSIS, font) * size;
    let mut kept: String = text
        .chars()
        .take_while(|&c| {
            used += advance(c, font) * size;
            used <= room
        })
        .collect();
    kept.truncate(kept.trim_end().len());
    kept.push(ELLIPSIS);
    kept
}

/// The text in lines of at most `room` pixels, broken at spaces; what does not
/// fit into `most` lines is cut.
pub(super) fn wrap(text: &str, size: f64, room: f64, most: usize, font: Font) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, font) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.push(rest);
    }
    for line in &mut lines {
        *line = cut(line, size, room, font);
    }
    lines
}

/// The drawing of a canvas with a path in place of each text, for a rasteriser without fonts.
///
/// Numbers are rounded as `usvg` rounds them when it sets text: to single precision, in this
/// order. So the pixels are the same.
pub(super) fn outlined(svg: &str) -> String {
    let root = svg.lines().next().unwrap_or_default();
    let is_named = |font: &Font| root.contains(families(*font));
    let font = Font::ALL.into_iter().find(is_named).unwrap_or_default();
    let mut drawing = String::with_capacity(svg.len());
    for line in svg.lines() {
        drawing.push_str(outline(line, font).as_deref().unwrap_or(line));
        drawing.push('\n');
    }
    drawing
}

/// The path of a text as the canvas writes it: on one line, its fill after its place.
fn outline(line: &str, font: Font) -> Option<String> {
    let (tag, content) = line.strip_prefix("<text")?.split_once('>')?;
    let (place, look) = tag.split_once(" fill=")?;
    let attribute = |name: &str| {
        let (_, value) = place.split_once(&format!(" {name}=\""))?;
        Some(value.split_once('"')?.0)
    };
    let number = |name| attribute(name)?.trim_end_matches("em").parse::<f32>().ok();
    let text = joined(content.strip_suffix("</text>")?, font);
    // Another font where this one lacks a character.
    let usual = FONTS[font as usize].as_ref()?;
    let has_all = |font: &&FontRef<'_>| text.chars().all(|c| font.glyph_id(c).0 != 0);
    let mut fonts = [usual].into_iter().chain(FONTS.iter().flatten());
    let font = fonts.find(has_all).unwrap_or(usual);
    let glyphs: Vec<GlyphId> = text.chars().map(|c| font.glyph_id(c)).collect();
    let size = number("font-size")?;
    let scale = size / font.units_per_em()?;
    let advance = |(index, &glyph): (usize, &GlyphId)| {
        let next = glyphs.get(index + 1);
        let kerning = next.map_or(0.0, |&next| font.kern_unscaled(glyph, next));
        (font.h_advance_unscaled(glyph) + kerning) * scale
    };
    let advances: Vec<f32> = glyphs.iter().enumerate().map(advance).collect();
    let width: f32 = advances.iter().sum();
    let mut start = match attribute("text-anchor")? {
        "middle" => -width / 2.0,
        "end" => -width,
        _ => 0.0,
    };
    let (x, y) = (number("x")?, number("dy")? * size + number("y")?);
    let mut path = format!("<path fill={look} d=\"");
    for (glyph, advance) in glyphs.iter().zip(&advances) {
        let place = |point: Point| (point.x * scale + (start + x), y - point.y * scale);
        let curves = font.outline(*glyph).map(|outline| outline.curves);
        draw(&mut path, curves.unwrap_or_default(), place);
        start += advance;
    }
    path.push_str("\"/>");
    Some(path)
}

/// Appends curves to the data of a path.
fn draw(path: &mut String, curves: Vec<OutlineCurve>, place: impl Fn(Point) -> (f32, f32)) {
    let mut number = zmij::Buffer::new();
    let mut put = |command: char, points: &[Point]| {
        path.push(command);
        for (x, y) in points.iter().copied().map(&place) {
            path.extend([number.format(x), " "]);
            path.extend([number.format(y), " "]);
        }
        points.last().copied()
    };
    let mut end = None;
    for curve in curves {
        let (OutlineCurve::Line(from, ..)
        | OutlineCurve::Quad(from, ..)
        | OutlineCurve::Cubic(from, ..)) = curve;
        if end != Some(from) {
            put('M', &[from]);
        }
        end = match curve {
            OutlineCurve::Line(_, to) => put('L', &[to]),
            OutlineCurve::Quad(_, a, to) => put('Q', &[a, to]),
            OutlineCurve::Cubic(_, a, b, to) => put('C', &[a, b, to]),
        };
    }
}

/// The text between the tags of an XML document as a font shows it: several spaces are one, and
/// some letters are joined.
fn joined(content: &str, font: Font) -> String {
    let words: Vec<&str> = content.split(' ').filter(|word| !word.is_empty()).collect();
    let entities = ["&lt;", "&gt;", "&quot;", "&apos;", "&amp;"];
    let entities = entities.into_iter().zip("<>\"'&".chars());
    let letters = ["ffl", "ffi", "ff", "fl", "fi"].into_iter();
    let ligatures = letters.zip("ﬄﬃﬀﬂﬁ".chars());
    let ligatures = ligatures.filter(|_| font != Font::Mono);
    let replace = |text: String, (from, to): (&str, char)| text.replace(from, &to.to_string());
    let replacements = entities.chain(ligatures);
    replacements.fold(words.join(" "), replace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SANS: Font = Font::Sans;

    #[test]
    fn raised_digits_and_signs_are_in_the_font() {
        for font in FONTS.iter() {
            let font = font.as_ref().unwrap();
            for c in "⁰¹²³⁴⁵⁶⁷⁸⁹⁻−×…".chars() {
                assert_ne!(font.glyph_id(c).0, 0, "{c}");
            }
        }
    }

    #[test]
    fn cut_text_fits_and_says_that_it_is_cut() {
        let long = "learning rate ".repeat(30);
        let short = cut(&long, 20.0, 200.0, SANS);
        assert!(width(&short, 20.0, SANS) <= 200.0);
        assert!(short.ends_with(ELLIPSIS));
        assert_eq!(cut("lr", 20.0, 200.0, SANS), "lr");
        assert_eq!(cut("lr", 20.0, 1.0, SANS), "…");
    }

    #[test]
    fn wrapped_text_keeps_every_word_while_there_is_room() {
        let long = "one two three four five six seven eight nine ten";
        let lines = wrap(long, 20.0, 220.0, 9, SANS);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| width(line, 20.0, SANS) <= 220.0));
        assert_eq!(lines.join(" "), long);
    }

    #[test]
    fn wrapped_text_has_no_more_lines_than_asked_for() {
        let lines = wrap(&"word ".repeat(200), 20.0, 220.0, 2, SANS);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with(ELLIPSIS));
        let one = wrap(&"w".repeat(500), 20.0, 220.0, 2, SANS);
        assert_eq!(one.len(), 1);
        assert!(one[0].ends_with(ELLIPSIS));
        assert!(wrap("", 20.0, 220.0, 2, SANS).is_empty());
    }

    #[test]
    fn a_text_becomes_a_path_at_its_place() {
        let path = |anchor: &str, content: &str| {
            let text = format!(
                "<text x=\"100\" y=\"50\" dy=\"0.5em\" text-anchor=\"{anchor}\" \
                 font-size=\"2048\" fill=\"#222222\" transform=\"matrix(0 -1 1 0 9 9)\">\
                 {content}</text>"
            );
            outline(&text, SANS).unwrap()
        };
        // A bar of 184 × 1556 units with 193 before it and 192 after it.
        let bar = "<path fill=\"#222222\" transform=\"matrix(0 -1 1 0 9 9)\" \
                   d=\"M293.0 -482.0 L477.0 -482.0 L477.0 1074.0 L293.0 1074.0 ";
        assert!(path("start", "l").starts_with(bar));
        assert!(path("end", "l").contains("d=\"M-276.0 "));
        assert!(path("middle", "l").contains("d=\"M8.5 "));
        assert!(path("start", "ll").contains("M862.0 "));
        // A character of no font is a box.
        assert!(path("start", "\u{4e00}").contains("d=\"M"));
        assert!(path("start", " ").ends_with("d=\"\"/>"));
    }

    #[test]
    fn what_is_not_a_text_of_the_canvas_stays() {
        let drawing = "<svg>\n<text>plain</text>\n<line x1=\"0\"/>\n</svg>\n";
        assert_eq!(outlined(drawing), drawing);
        assert_eq!(outlined(""), "");
    }

    #[test]
    fn letters_are_joined_and_markup_is_read() {
        let content = " &lt;office&gt;  &amp;amp; &quot;fl&quot; ";
        assert_eq!(joined(content, SANS), "<oﬃce> &amp; \"ﬂ\"");
        assert_eq!(joined(content, Font::Mono), "<office> &amp; \"fl\"");
    }
}
