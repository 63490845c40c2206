//! How charts look.

use crate::mistake::{Code, Mistake};
use crate::spec;

/// Least and greatest width and height in pixels.
const SIDES: std::ops::RangeInclusive<u64> = 320..=4000;

/// Least and greatest size of letters.
const TEXT_SIZES: std::ops::RangeInclusive<f64> = 0.5..=3.0;

/// How the charts of a report look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// The background.
    pub theme: Theme,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The letters.
    pub font: Font,
    /// The size of the letters, as a share of the usual one.
    pub text_size: f64,
}

/// The background of charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// White.
    Light,
    /// Nearly black.
    Dark,
}

/// The letters of charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// Without serifs.
    Sans,
    /// With serifs.
    Serif,
    /// All of the same width.
    Mono,
}

impl Default for Style {
    /// 1200 × 800 pixels, light, without serifs.
    fn default() -> Self {
        Style {
            theme: Theme::Light,
            width: 1200,
            height: 800,
            font: Font::Sans,
            text_size: 1.0,
        }
    }
}

/// What `[style]` means.
pub(in crate::plan) fn style(written: &spec::Style, mistakes: &mut Vec<Mistake>) -> Style {
    let mut style = Style::default();
    let sides = [
        ("width", &written.width, &mut style.width),
        ("height", &written.height, &mut style.height),
    ];
    for (name, written, side) in sides {
        let Some(written) = written else { continue };
        match u32::try_from(written.value) {
            Ok(pixels) if SIDES.contains(&written.value) => *side = pixels,
            _ => {
                let message = format!("`{name}` cannot be {}", written.value);
                let label = format!("expected {} to {} pixels", SIDES.start(), SIDES.end());
                mistakes.push(Mistake::new(
                    Code::WrongValue,
                    written.span.clone(),
                    message,
                    label,
                ));
            }
        }
    }
    if let Some(written) = &written.text_size {
        style.text_size = written.value.wide();
        if !TEXT_SIZES.contains(&style.text_size) {
            let message = format!("`text_size` cannot be {}", style.text_size);
            let (least, greatest) = (TEXT_SIZES.start(), TEXT_SIZES.end());
            let label = format!("expected a share of the usual size, {least} to {greatest}");
            mistakes.push(Mistake::new(
                Code::WrongValue,
                written.span.clone(),
                message,
                label,
            ));
        }
    }
    let is = |written: &Option<crate::mistake::At<String>>, name: &str| {
        written.as_ref().is_some_and(|one| one.value == name)
    };
    if is(&written.theme, "dark") {
        style.theme = Theme::Dark;
    }
    if is(&written.font, "serif") {
        style.font = Font::Serif;
    } else if is(&written.font, "mono") {
        style.font = Font::Mono;
    }
    style
}
