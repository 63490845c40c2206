//! The explanation of the colours: a legend or a colour bar.

use super::key_box::{BAR, ColourBar, KeyBox, KeySample, MAX_WIDTH_BESIDE, Placement, ROW, SIZES};
use super::legend::{entries, legend};
use super::signs::signs;
use crate::measure::axis_span::AxisSpan;
use crate::measure::colour::{self, INK, SOFT_INK};
use crate::measure::text::{self, LINE_HEIGHT};
use crate::measure::ticks;
use crate::model::{Figure, Font, Key};

/// Measures the key of a figure, which may be `room` pixels wide and `height` high.
pub(super) fn key(
    figure: &Figure,
    spans: Option<&[AxisSpan; 2]>,
    room: f64,
    height: f64,
    font: Font,
) -> KeyBox {
    let signs = signs(figure, spans);
    let bar = colour::bar_span(&figure.key);
    match (&figure.key, bar) {
        (Key::ColourBar { title, .. }, Some(span)) => colour_bar(title, span, &signs, height, font),
        (
            Key::Legend {
                title,
                entries: names,
            },
            _,
        ) => {
            let title = title.as_deref().unwrap_or_default();
            legend(title, &entries(figure, names, signs), room, height, font)
        }
        _ => legend("", &entries(figure, &[], signs), room, height, font),
    }
}

fn colour_bar(
    title: &str,
    span: AxisSpan,
    signs: &[(KeySample, String)],
    room: f64,
    font: Font,
) -> KeyBox {
    let size = SIZES[0];
    let mut key = KeyBox::new(Placement::Right, size);
    let mut top = 0.0;
    for line in text::wrap(title, size, MAX_WIDTH_BESIDE, 3, font) {
        key.width = key.width.max(text::width(&line, size, font));
        key.texts.push((line, [0.0, top + size], INK));
        top += size * LINE_HEIGHT;
    }
    top = libm::round(top + 14.0);
    let row = size * ROW;
    let below = match signs.len() {
        0 => 0.0,
        count => 16.0 + count as f64 * row,
    };
    let height = libm::floor((room - top - below - 40.0).clamp(60.0, 400.0));
    let ticks = ticks::ticks(&span, |_| size * 1.6 / height).major;
    let left = BAR + 14.0;
    for tick in &ticks {
        let baseline = top + (1.0 - tick.at) * height + 0.365 * size;
        key.width = key.width.max(left + text::width(&tick.label, size, font));
        key.texts
            .push((tick.label.clone(), [left, baseline], SOFT_INK));
    }
    key.height = top + height;
    key.bar = Some(ColourBar { top, height, ticks });
    for (place, (sign, name)) in signs.iter().enumerate() {
        let name = text::cut(name, size, MAX_WIDTH_BESIDE - sign.width(), font);
        key.width = key.width.max(sign.width() + text::width(&name, size, font));
        let baseline = key.height + 16.0 + (place + 1) as f64 * row;
        key.entry(*sign, &name, [4.0, baseline]);
    }
    key.height += below;
    key
}
