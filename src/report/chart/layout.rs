//! Who gets which part of the picture.

use super::draw;
use super::key::{self, KeyBox, Placement};
use super::span::Span;
use super::text;
use super::ticks::{self, Ticks};
use super::trace::Frame;
use super::{Figure, HEIGHT, WIDTH};

/// Font sizes in pixels. All stay readable when the chart is shown at half size.
pub(super) const TITLE_SIZES: [f64; 3] = [26.0, 23.0, 20.0];
pub(super) const SUBTITLE_SIZE: f64 = 18.0;
pub(super) const AXIS_TITLE_SIZE: f64 = 20.0;
pub(super) const TICK_SIZE: f64 = 18.0;

/// Height of a line of text, as a share of its size.
pub(super) const LINE_HEIGHT: f64 = 1.25;

/// Empty border of the picture.
const MARGIN: f64 = 24.0;

/// Distance between the panel and the labels of its ticks.
pub(super) const TICK_GAP: f64 = 10.0;

/// Least distance between neighbouring labels.
const LABEL_GAP: [f64; 2] = [22.0, 10.0];

/// Distance between the labels of the ticks and the title of the axis.
const AXIS_TITLE_GAP: f64 = 14.0;

/// Where everything stands, in pixels.
pub(super) struct Layout {
    pub(super) title: Heading,
    pub(super) subtitle: Heading,
    pub(super) panel: Frame,
    pub(super) x: Ticks,
    pub(super) y: Ticks,
    /// Baseline of the title of the horizontal axis.
    pub(super) x_title: f64,
    /// Baseline of the turned title of the vertical axis.
    pub(super) y_title: f64,
    pub(super) key: KeyBox,
    /// Upper left corner of the key.
    pub(super) key_at: [f64; 2],
}

/// Lines of text over the panel.
pub(super) struct Heading {
    pub(super) lines: Vec<String>,
    pub(super) size: f64,
    /// Baseline of the first line.
    pub(super) baseline: f64,
}

impl Heading {
    fn height(&self) -> f64 {
        self.lines.len() as f64 * self.size * LINE_HEIGHT
    }
}

/// Lays out a figure. Without spans (nothing to draw) the panel has no ticks.
pub(super) fn layout(figure: &Figure, spans: Option<[Span; 2]>) -> Layout {
    // How wide the labels of the vertical axis are depends on the height of the
    // panel, which depends on the rows of the key, which depend on the width that
    // these labels leave. It settles at once; a few rounds cost microseconds.
    let mut left = 120.0;
    let mut right = f64::from(WIDTH) - MARGIN - 12.0;
    let mut layout = attempt(figure, spans, left, right);
    for _ in 0..3 {
        let [wider_left, wider_right] = sides(figure, &layout);
        if (wider_left, wider_right) == (left, right) {
            break;
        }
        (left, right) = (wider_left, wider_right);
        layout = attempt(figure, spans, left, right);
    }
    layout
}

/// Ends of the panel that leave enough room for the labels of this layout.
fn sides(figure: &Figure, layout: &Layout) -> [f64; 2] {
    let labels = layout.y.major.iter();
    let widest = labels
        .map(|tick| text::width(&tick.label, TICK_SIZE))
        .fold(0.0, f64::max);
    let title = if figure.y.label.is_empty() {
        0.0
    } else {
        AXIS_TITLE_SIZE + AXIS_TITLE_GAP
    };
    // The labels below the panel may stand out at its ends.
    let out =
        |at: f64, label: &str| text::width(label, TICK_SIZE) / 2.0 - at * layout.panel.width();
    let out_left = layout
        .x
        .major
        .first()
        .map_or(0.0, |tick| out(tick.at, &tick.label));
    let out_right = layout
        .x
        .major
        .last()
        .map_or(0.0, |tick| out(1.0 - tick.at, &tick.label));
    let key = match layout.key.placement {
        Placement::Right => layout.key.width + 30.0,
        Placement::Top | Placement::Nowhere => 0.0,
    };
    let left = MARGIN + (title + widest + TICK_GAP).max(out_left);
    let right = f64::from(WIDTH) - MARGIN - key.max(out_right).max(8.0);
    // A panel never vanishes, whatever the labels are.
    [libm::ceil(left).min(400.0), libm::floor(right).max(700.0)]
}

fn attempt(figure: &Figure, spans: Option<[Span; 2]>, left: f64, right: f64) -> Layout {
    let room = right - left;
    let title = title(&figure.title, f64::from(WIDTH) - MARGIN - left);
    let mut top = title.baseline + title.height() - title.size;
    let subtitle = Heading {
        lines: figure
            .subtitle
            .as_deref()
            .map_or_else(Vec::new, |subtitle| {
                text::wrap(subtitle, SUBTITLE_SIZE, f64::from(WIDTH) - MARGIN - left, 2)
            }),
        size: SUBTITLE_SIZE,
        baseline: top + SUBTITLE_SIZE + 2.0,
    };
    top += subtitle.height();
    if !subtitle.lines.is_empty() {
        top += 4.0;
    }
    let x_title_height = if figure.x.label.is_empty() {
        0.0
    } else {
        AXIS_TITLE_GAP + AXIS_TITLE_SIZE
    };
    let bottom = libm::floor(f64::from(HEIGHT) - MARGIN - x_title_height - TICK_SIZE - TICK_GAP);
    let key = key::key(figure, f64::from(WIDTH) - MARGIN - left, bottom - top);
    let mut key_at = [left, top + 12.0];
    match key.placement {
        Placement::Top => top += key.height + 12.0,
        Placement::Right => key_at = [f64::from(WIDTH) - MARGIN - key.width, top + 18.0],
        Placement::Nowhere => {}
    }
    let top = libm::ceil(top + 18.0);
    let panel = Frame {
        left,
        top,
        right,
        bottom,
    };
    let [x, y] = spans.map_or_else(Default::default, |[x, y]| {
        let wide = |label: &str| (text::width(label, TICK_SIZE) + LABEL_GAP[0]) / room;
        let high = |_: &str| (TICK_SIZE + LABEL_GAP[1]) / panel.height();
        let mut up = ticks::ticks(&y, high);
        up.keep_below(1.0 - draw::off_scale_share(figure));
        [ticks::ticks(&x, wide), up]
    });
    Layout {
        title,
        subtitle,
        panel,
        x,
        y,
        x_title: f64::from(HEIGHT) - MARGIN - 4.0,
        y_title: MARGIN + AXIS_TITLE_SIZE * 0.8,
        key,
        key_at,
    }
}

/// The title in the largest size that needs one line, else in two or three lines.
fn title(title: &str, room: f64) -> Heading {
    let fits = |size: &&f64| text::width(title, **size) <= room;
    let size = *TITLE_SIZES.iter().find(fits).unwrap_or(&TITLE_SIZES[1]);
    Heading {
        lines: text::wrap(title, size, room, 3),
        size,
        baseline: MARGIN + size,
    }
}
