//! A drawing with paths in place of texts.

use rustybuzz::ttf_parser::{GlyphId, OutlineBuilder};
use rustybuzz::{Direction, Face, GlyphBuffer, UnicodeBuffer, shape};
use unicode_bidi::{BidiInfo, Level};

use crate::measure::text::FONTS;
use crate::model::Font;

/// The drawing of a canvas with a path in place of each text, for a rasteriser without fonts.
///
/// Numbers are rounded as `usvg` rounds them when it sets text: to single precision, in this
/// order. So the pixels are the same.
pub(crate) fn with_paths(svg: &str) -> String {
    let root = svg.lines().next().unwrap_or_default();
    let is_named = |font: &Font| root.contains(font.families());
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
    let mut outline = GlyphPath::new(format!("<path fill={look} d=\""), scaled(1));
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
    bidi.paragraphs
        .iter()
        .map(|line| bidi.visual_runs(line, line.range.clone()))
        .flat_map(|(levels, runs)| {
            runs.into_iter().map(move |run| {
                let mut buffer = UnicodeBuffer::new();
                buffer.push_str(&text[run.clone()]);
                buffer.set_direction(match levels[run.start].is_rtl() {
                    true => Direction::RightToLeft,
                    false => Direction::LeftToRight,
                });
                shape(face, &[], buffer)
            })
        })
        .collect()
}

/// The data of a path, with the place of the glyph that is added.
struct GlyphPath {
    path: String,
    number: zmij::Buffer,
    scale: f32,
    origin: [f32; 2],
    /// The first point of the contour, and the last one.
    ends: [(f32, f32); 2],
}

impl GlyphPath {
    fn new(path: String, scale: f32) -> Self {
        GlyphPath {
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

impl OutlineBuilder for GlyphPath {
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
    ["&lt;", "&gt;", "&quot;", "&apos;", "&amp;"]
        .into_iter()
        .zip(["<", ">", "\"", "'", "&"])
        .fold(words.join(" "), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SANS: Font = Font::Sans;

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
        assert_eq!(with_paths(drawing), drawing);
        assert_eq!(with_paths(""), "");
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
