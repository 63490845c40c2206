//! Measuring text and making it fit.

use std::sync::LazyLock;

use rustybuzz::Face;
use rustybuzz::ttf_parser::GlyphId;

use crate::model::Font;

/// Height of a line of text, as a share of its size.
pub(crate) const LINE_HEIGHT: f64 = 1.25;

/// The fonts, parsed once for the process. They are part of the program, so that a
/// machine without fonts gives the same chart as any other.
pub(crate) static FONTS: LazyLock<[Option<Face<'static>>; 3]> =
    LazyLock::new(|| Font::ALL.map(|font| Face::from_slice(file(font), 0)));

fn file(font: Font) -> &'static [u8] {
    match font {
        Font::Sans => dejavu::sans::regular(),
        Font::Serif => dejavu::serif::regular(),
        Font::Mono => dejavu::sans_mono::regular(),
    }
}

/// Replaces the part of a text that does not fit.
const ELLIPSIS: char = '…';

/// Width of the text in pixels at a font size in pixels.
pub(crate) fn width(text: &str, size: f64, font: Font) -> f64 {
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
pub(crate) fn cut(text: &str, size: f64, room: f64, font: Font) -> String {
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
pub(crate) fn wrap(text: &str, size: f64, room: f64, most: usize, font: Font) -> Vec<String> {
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
}
