//! Dots and colours on a terminal: a Braille character is a pattern of 2 × 4 dots.

use anstyle::{Ansi256Color, Color, RgbColor, Style};

use super::output;

/// Dots of a character.
pub const ACROSS: usize = 2;
pub const DOWN: usize = 4;

/// The colours of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// None.
    Plain,
    /// The 256 colours of every terminal.
    Few,
    /// All colours.
    Full,
}

impl Paint {
    /// What the terminal supports; all colours only if it says so.
    pub fn of_terminal() -> Self {
        let says = std::env::var("COLORTERM").unwrap_or_default();
        match (output::has_colours(), says.as_str()) {
            (false, _) => Paint::Plain,
            (true, "truecolor" | "24bit") => Paint::Full,
            (true, _) => Paint::Few,
        }
    }

    /// A colour given by its red, green and blue.
    pub fn style(self, [red, green, blue]: [u8; 3]) -> Style {
        let colour = match self {
            Paint::Plain => return Style::new(),
            Paint::Few => Color::Ansi256(nearest([red, green, blue])),
            Paint::Full => Color::Rgb(RgbColor(red, green, blue)),
        };
        Style::new().fg_color(Some(colour))
    }
}

/// The nearest among the 6 × 6 × 6 colours of terminals.
fn nearest(rgb: [u8; 3]) -> Ansi256Color {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let [red, green, blue] = rgb.map(|part| {
        let distance = |level: &u8| level.abs_diff(part);
        let places = 0..LEVELS.len();
        let place = places.min_by_key(|place| distance(&LEVELS[*place]));
        place.unwrap_or(0) as u8
    });
    Ansi256Color(16 + 36 * red + 6 * green + blue)
}

/// The colour of a share from 0 to 1.
pub fn gradation(share: f64, paint: Paint) -> Style {
    /// Terminal colours with the same sequence of hues as the full gradation, growing
    /// lighter. The nearest colours would not.
    const FEW: [u8; 10] = [53, 54, 55, 25, 31, 36, 41, 77, 112, 148];
    if paint == Paint::Few {
        let place = (share.clamp(0.0, 1.0) * (FEW.len() - 1) as f64).round() as usize;
        let colour = Color::Ansi256(Ansi256Color(FEW[place]));
        return Style::new().fg_color(Some(colour));
    }
    paint.style(gradtape_chart::gradation(share))
}

/// A row of characters, each in its style, without the blanks at its end.
pub fn row(characters: impl Iterator<Item = (char, Style)>) -> String {
    let mut row = String::new();
    let mut before = Style::new();
    for (character, style) in characters {
        // Most characters look like the one before them.
        if style != before {
            row.push_str(&format!("{before:#}{style}"));
            before = style;
        }
        row.push(character);
    }
    row.push_str(&format!("{before:#}"));
    row.truncate(row.trim_end().len());
    row
}

/// A canvas of dots.
#[derive(Clone, Debug)]
pub struct Dots {
    /// In characters.
    columns: usize,
    lines: usize,
    patterns: Vec<u8>,
}

impl Dots {
    /// An empty canvas of `columns` × `lines` characters.
    pub fn new(columns: usize, lines: usize) -> Self {
        Dots {
            columns,
            lines,
            patterns: vec![0; columns * lines],
        }
    }

    /// The width and the height in dots.
    pub fn size(&self) -> [usize; 2] {
        [self.columns * ACROSS, self.lines * DOWN]
    }

    /// Sets a dot, counted from the upper left corner.
    pub fn set(&mut self, column: usize, row: usize) {
        // The dots of a Braille character are numbered down the left side, then down
        // the right one; the lowest two were added later.
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let letter = row / DOWN * self.columns + column / ACROSS;
        self.patterns[letter] |= BITS[row % DOWN][column % ACROSS];
    }

    /// The character with the dots of its place; a blank if there are none.
    pub fn letter(&self, column: usize, line: usize) -> char {
        match self.patterns[line * self.columns + column] {
            0 => ' ',
            dots => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
        }
    }
}
