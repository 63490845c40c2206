//! Draws the key.

use super::canvas::{Anchor, Ink, Lettering, SvgCanvas};
use super::symbols::{self, outline};
use crate::layout::key_box::{BAR, ColourBar, KeyBox, KeySample, LEAD, SAMPLE};
use crate::measure::colour::{self, INK, SOFT_INK};
use crate::measure::rectangle::Place;

/// Number of stripes that a colour bar is drawn in.
const STRIPES: u32 = 96;

impl KeyBox {
    /// Draws the key with its upper left corner at `at`.
    pub(crate) fn draw(&self, canvas: &mut SvgCanvas<'_>, at: Place) {
        if let Some(bar) = &self.bar {
            bar.draw(canvas, at);
        }
        let mut of_entries = Vec::new();
        for &(sample, from, text) in &self.samples {
            let [x, y] = [at[0] + from[0], at[1] + from[1]];
            match sample {
                KeySample::Line { entry, rgb, dots } => {
                    canvas.group("data-entry", entry, |canvas| {
                        let ink = Ink::from(rgb);
                        canvas.line(&[[x + 2.0, y], [x + SAMPLE - 2.0, y]], ink, 3.5);
                        if dots {
                            canvas.dot([x + SAMPLE / 2.0, y], 5.0, ink);
                        }
                        self.text(canvas, at, text);
                    });
                    of_entries.push(text);
                }
                KeySample::Lead { entry, rgb, from } => {
                    canvas.group("data-entry", entry, |canvas| {
                        // Thin and apart from the line, or the data would seem to continue.
                        let end = [x - from[0] + 6.0, y + from[1]];
                        let ink = Ink { rgb, opacity: 0.6 };
                        canvas.line(&[end, [x, y], [x + 4.0, y]], ink, 1.0);
                        // Where lines end at the same place only the colour distinguishes them.
                        canvas.line(&[[x + 4.0, y], [x + LEAD - 8.0, y]], rgb.into(), 3.5);
                        self.text(canvas, at, text);
                    });
                    of_entries.push(text);
                }
                KeySample::Cross => symbols::cross(canvas, [x + 7.0, y], 6.0, SOFT_INK),
                KeySample::Arrow => {
                    symbols::arrow(canvas, [x + 7.0, y - 5.0], [0.0, -1.0], 6.0, SOFT_INK);
                }
                KeySample::Star => symbols::star(canvas, [x + 7.0, y]),
                KeySample::Ring => symbols::ring(canvas, [x + 7.0, y], 6.0, SOFT_INK),
                KeySample::Dot => symbols::end(canvas, [x + 7.0, y], 6.0, SOFT_INK),
                KeySample::Square => {
                    outline(canvas, [[x, y - 7.0], [x + 14.0, y + 7.0]], INK.into(), 2.5);
                }
            }
        }
        for text in (0..self.texts.len()).filter(|text| !of_entries.contains(text)) {
            self.text(canvas, at, text);
        }
    }

    fn text(&self, canvas: &mut SvgCanvas<'_>, at: Place, text: usize) {
        let (text, from, rgb) = &self.texts[text];
        let lettering = Lettering::new(self.size, *rgb, Anchor::Start);
        canvas.text(text, [at[0] + from[0], at[1] + from[1]], lettering);
    }
}

impl ColourBar {
    fn draw(&self, canvas: &mut SvgCanvas<'_>, [left, top]: [f64; 2]) {
        let [left, top] = [libm::round(left), libm::round(top + self.top)];
        let bottom = top + self.height;
        // From the top down, each stripe reaching to the bottom: where pixels are
        // not met exactly, no gap can show between two of them.
        for stripe in 0..STRIPES {
            let from = top + libm::round(self.height * f64::from(stripe) / f64::from(STRIPES));
            let share = 1.0 - (f64::from(stripe) + 0.5) / f64::from(STRIPES);
            canvas.rectangle(
                [left, from],
                [left + BAR, bottom],
                colour::at_share(share).into(),
            );
        }
        for tick in &self.ticks {
            let y = bottom - tick.at * self.height;
            let ends = [[left + BAR, y], [left + BAR + 5.0, y]];
            canvas.line(&ends, SOFT_INK.into(), 1.0);
        }
    }
}
