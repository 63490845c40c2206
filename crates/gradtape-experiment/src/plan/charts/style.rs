//! The style of charts.

use crate::mistake::At;
use crate::spec;

/// The style of the charts of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// The background.
    pub theme: Theme,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The font.
    pub font: Font,
    /// The text size, relative to the default.
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

/// The font of charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// Without serifs.
    Sans,
    /// With serifs.
    Serif,
    /// Monospaced.
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

/// The style that `[style]` describes.
pub(in crate::plan) fn style(written: &spec::Style) -> Style {
    let mut style = Style::default();
    let pixels = |side: &Option<At<u64>>| u32::try_from(side.as_ref()?.value).ok();
    style.width = pixels(&written.width).unwrap_or(style.width);
    style.height = pixels(&written.height).unwrap_or(style.height);
    if let Some(size) = &written.text_size {
        style.text_size = size.value.wide();
    }
    let is = |written: &Option<At<String>>, name: &str| {
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
