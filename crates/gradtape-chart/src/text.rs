//! Measuring text, making it fit, and outlining it. The only file that knows `rustybuzz`.

use std::sync::LazyLock;

use rustybuzz::ttf_parser::{GlyphId, OutlineBuilder};
use rustybuzz::{Direction, Face, GlyphBuffer, UnicodeBuffer, shape};
use unicode_bidi::{BidiInfo, Level};

use super::Font;
use super::canvas::families;

/// The fonts, parsed once for the process. They are part of the program, so that a
/// machine without fonts gives the same chart as any other.
static FONTS: LazyLock<[Option<Face<'static>>; 3]> =
    LazyLock::new(|| Font::ALL.map(|font| Face::from_slice(font.face(), 0)));

/// Replaces the part of a text that does not fit.
const ELLIPSIS: char = '…';

/// Width of the text in pixels at a font size in pixels.
pub(super) fn width(text: &str, size: f64, font: Font) -> f64 {
    text.chars().map(|c| advance(c, font) * size).sum()
}

/// Width of one character, as a share of the font size.
fn advance(c: char, font: Font) -> f64 {
    let known = FONTS[font as usize].as_ref().map(|face| {
        let units = face.glyph_hor_advance(glyph(face, c)).unwrap_or(0);
        f64::from(units) / f64::from(face.units_per_em())
    });
    // A typical width; it is not needed as long as the font can be read.
    known.unwrap_or(0.6)
}

/// The glyph of a character; the first one, a box, if there is none.
fn glyph(face: &Face<'_>, c: char) -> GlyphId {
    face.glyph_index(c).unwrap_or_default()
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
    let text = plain(content.strip_suffix("</text>")?);
    // Another font where this one lacks a character.
    let usual = FONTS[font as usize].as_ref()?;
    let has_all = |face: &&Face<'_>| text.chars().all(|c| face.glyph_index(c).is_some());
    let mut faces = [usual].into_iter().chain(FONTS.iter().flatten());
    let face = faces.find(has_all).unwrap_or(usual);
    let size = number("font-size")?;
    #[expect(clippy::cast_precision_loss, reason = "units are small integers")]
    let scaled = |units: i32| units as f32 * (size / face.units_per_em() as f32);
    let runs = shaped(&text, face);
    let advances = runs.iter().flat_map(GlyphBuffer::glyph_positions);
    let width: f32 = advances.map(|place| scaled(place.x_advance)).sum();
    let mut start = match attribute("text-anchor")? {
        "middle" => -width / 2.0,
        "end" => -width,
        _ => 0.0,
    };
    let (x, y) = (number("x")?, number("dy")? * size + number("y")?);
    let mut outline = Outline::new(format!("<path fill={look} d=\""), scaled(1));
    for run in &runs {
        for (glyph, place) in run.glyph_infos().iter().zip(run.glyph_positions()) {
            outline.origin = [
                start + x + scaled(place.x_offset),
                y - scaled(place.y_offset),
            ];
            // A glyph that is not there has no outline either.
            let id = GlyphId(u16::try_from(glyph.glyph_id).unwrap_or(0));
            let _ = face.outline_glyph(id, &mut outline);
            start += scaled(place.x_advance);
        }
    }
    outline.path.push_str("\"/>");
    Some(outline.path)
}

/// The glyphs of a text from left to right, in runs of one direction.
fn shaped(text: &str, face: &Face<'_>) -> Vec<GlyphBuffer> {
    // As a browser sets the text of an SVG: its parts follow each other from left to right.
    let bidi = BidiInfo::new(text, Some(Level::ltr()));
    let lines = bidi.paragraphs.iter();
    let lines = lines.map(|line| bidi.visual_runs(line, line.range.clone()));
    let runs = lines.flat_map(|(levels, runs)| {
        runs.into_iter().map(move |run| {
            let mut buffer = UnicodeBuffer::new();
            buffer.push_str(&text[run.clone()]);
            buffer.set_direction(match levels[run.start].is_rtl() {
                true => Direction::RightToLeft,
                false => Direction::LeftToRight,
            });
            shape(face, &[], buffer)
        })
    });
    runs.collect()
}

/// The data of a path, with the place of the glyph that is added.
struct Outline {
    path: String,
    number: zmij::Buffer,
    scale: f32,
    origin: [f32; 2],
    /// The first point of the contour, and the last one.
    ends: [(f32, f32); 2],
}

impl Outline {
    fn new(path: String, scale: f32) -> Self {
        Outline {
            path,
            number: zmij::Buffer::new(),
            scale,
            origin: [0.0; 2],
            ends: [(0.0, 0.0); 2],
        }
    }

    fn put(&mut self, command: char, points: &[(f32, f32)]) {
        self.path.push(command);
        let [left, top] = self.origin;
        for (x, y) in points {
            let (x, y) = (x * self.scale + left, top - y * self.scale);
            self.path.extend([self.number.format(x), " "]);
            self.path.extend([self.number.format(y), " "]);
        }
        if let Some(end) = points.last() {
            self.ends[1] = *end;
        }
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.put('M', &[(x, y)]);
        self.ends[0] = (x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.put('L', &[(x, y)]);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.put('Q', &[(x1, y1), (x, y)]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.put('C', &[(x1, y1), (x2, y2), (x, y)]);
    }

    fn close(&mut self) {
        let [first, last] = self.ends;
        if first != last {
            self.put('L', &[first]);
        }
    }
}

/// The text between the tags of an XML document: several spaces are one.
fn plain(content: &str) -> String {
    let words: Vec<&str> = content.split(' ').filter(|word| !word.is_empty()).collect();
    let entities = ["&lt;", "&gt;", "&quot;", "&apos;", "&amp;"];
    let entities = entities.into_iter().zip(["<", ">", "\"", "'", "&"]);
    entities.fold(words.join(" "), |text, (from, to)| text.replace(from, to))
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
                assert!(font.glyph_index(c).is_some(), "{c}");
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
    fn markup_is_read() {
        let content = " &lt;office&gt;  &amp;amp; &quot;fl&quot; ";
        assert_eq!(plain(content), "<office> &amp; \"fl\"");
    }

    /// The glyphs of a text from left to right.
    fn glyphs(text: &str) -> Vec<u32> {
        let runs = shaped(text, FONTS[SANS as usize].as_ref().unwrap());
        let infos = runs.iter().flat_map(GlyphBuffer::glyph_infos);
        infos.map(|glyph| glyph.glyph_id).collect()
    }

    #[test]
    fn letters_are_joined_and_set_in_their_direction() {
        assert_eq!(glyphs("of").len(), 2);
        assert_eq!(glyphs("office"), glyphs("o\u{fb03}ce"));
        // Hebrew from right to left, numbers within it from left to right.
        let visual = ["a", "12 ", "\u{5d1}", "\u{5d0}", "b"].map(glyphs).concat();
        assert_eq!(glyphs("a\u{5d0}\u{5d1} 12b"), visual);
        // A final, a medial and an initial form: those of the compatibility characters.
        let visual = ["\u{fee2}", "\u{fee4}", "\u{fee3}"].map(glyphs).concat();
        assert_eq!(glyphs("\u{645}\u{645}\u{645}"), visual);
    }
}
