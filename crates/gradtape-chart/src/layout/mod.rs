//! The position of every part of a chart.

pub(crate) mod axes;
mod key;
pub(crate) mod key_box;
mod legend;
mod line_ends;
mod signs;

use crate::measure::axis_span::AxisSpan;
use crate::measure::rectangle::Rectangle;
use crate::measure::text::{self, LINE_HEIGHT};
use crate::measure::ticks::{self, Ticks};
use crate::model::{Axis, Figure, Font, Panel, Style};
use key_box::{KeyBox, Placement};

/// Font sizes in pixels. All stay readable when the chart is shown at half size.
pub(crate) const TITLE_SIZES: [f64; 3] = [26.0, 23.0, 20.0];
pub(crate) const SUBTITLE_SIZE: f64 = 18.0;
pub(crate) const AXIS_TITLE_SIZE: f64 = 20.0;
pub(crate) const TICK_SIZE: f64 = 18.0;
const NAME_SIZE: f64 = 18.0;

/// Minimum share of that size at which names may be set so that they fit.
const MIN_NAME_SCALE: f64 = 0.7;

/// Empty border of the chart.
const MARGIN: f64 = 24.0;

/// Distance between the panel and the labels of its ticks.
pub(crate) const TICK_GAP: f64 = 10.0;

/// Minimum distance between neighbouring labels.
const LABEL_GAP: [f64; 2] = [22.0, 10.0];

/// Distance between the labels of the ticks and the title of the axis.
const AXIS_TITLE_GAP: f64 = 14.0;

/// Minimum distance between panels side by side, and one above the other.
const PANEL_GAP: [f64; 2] = [20.0, 14.0];

/// Wanted width of panels, as a share of their height.
const PANEL_SHAPE: f64 = 1.4;

/// A panel is never smaller than this, whatever is around it.
const MIN_PANEL: f64 = 12.0;

/// Where everything stands, in pixels.
pub(crate) struct ChartLayout {
    pub(crate) title: Heading,
    pub(crate) subtitle: Heading,
    /// The part of all panels.
    pub(crate) area: Rectangle,
    pub(crate) panels: Vec<PanelBox>,
    /// The ticks of all panels.
    pub(crate) x: Ticks,
    pub(crate) y: Ticks,
    /// Baseline of the title of the horizontal axis.
    pub(crate) x_title: f64,
    /// Baseline of the rotated title of the vertical axis.
    pub(crate) y_title: f64,
    pub(crate) key: KeyBox,
    /// Upper left corner of the key.
    pub(crate) key_at: [f64; 2],
}

/// Where a panel stands.
pub(crate) struct PanelBox {
    pub(crate) frame: Rectangle,
    /// Its heading, with its baseline.
    pub(crate) name: String,
    /// Font size of the heading.
    pub(crate) name_size: f64,
    pub(crate) baseline: f64,
    /// Whether it has the labels of each axis: only outer panels do.
    pub(crate) has_labels: [bool; 2],
}

/// Lines of text over the panel.
pub(crate) struct Heading {
    pub(crate) lines: Vec<String>,
    pub(crate) size: f64,
    /// Baseline of the first line.
    pub(crate) baseline: f64,
}

impl Heading {
    fn height(&self) -> f64 {
        self.lines.len() as f64 * self.size * LINE_HEIGHT
    }
}

/// What is laid out.
struct Sheet<'f> {
    figure: &'f Figure,
    spans: Option<[AxisSpan; 2]>,
    /// Width and height.
    size: [f64; 2],
    font: Font,
}

/// Left and right end of the part of the panels, and the distance between two of them.
type Sides = [f64; 3];

/// Lays out a figure. Without spans (nothing to draw) the panels have no ticks.
pub(crate) fn layout(figure: &Figure, spans: Option<[AxisSpan; 2]>, style: &Style) -> ChartLayout {
    let sheet = Sheet {
        figure,
        spans,
        size: style.size(),
        font: style.font,
    };
    // How wide the labels of the vertical axis are depends on the height of the
    // panel, which depends on the rows of the key, which depend on the width that
    // these labels leave. It settles at once; a few rounds cost microseconds.
    let settled = |names: NamePlacement| {
        let mut sides = [120.0, sheet.size[0] - MARGIN - 12.0, PANEL_GAP[0]];
        let mut layout = sheet.attempt(sides, names);
        for _ in 0..3 {
            let wanted = sheet.sides(&layout);
            if wanted == sides {
                break;
            }
            sides = wanted;
            layout = sheet.attempt(sides, names);
        }
        layout
    };
    let room = spans.and_then(|spans| line_ends::room(figure, &spans, style.font));
    let direct = room.map(|_| settled(NamePlacement::AtEnds));
    let has_names = |layout: &ChartLayout| layout.key.placement != Placement::Nowhere;
    match direct.filter(has_names) {
        Some(layout) => layout,
        None => settled(NamePlacement::InKey),
    }
}

/// Where names of lines stand.
#[derive(Clone, Copy)]
enum NamePlacement {
    AtEnds,
    InKey,
}

impl Sheet<'_> {
    /// Ends of the panels that leave enough room for the labels of this layout.
    fn sides(&self, layout: &ChartLayout) -> Sides {
        let width = |label: &str| text::width(label, TICK_SIZE, self.font);
        let labels = layout.y.major.iter();
        let widest = labels.map(|tick| width(&tick.label)).fold(0.0, f64::max);
        let title = if self.figure.y.label.is_empty() {
            0.0
        } else {
            AXIS_TITLE_SIZE + AXIS_TITLE_GAP
        };
        // The labels below the panel may stand out at its ends.
        let panel = layout
            .panels
            .first()
            .map_or(0.0, |panel| panel.frame.width());
        let out = |at: f64, label: &str| width(label) / 2.0 - at * panel;
        let ticks = &layout.x.major;
        let out_left = ticks.first().map_or(0.0, |tick| out(tick.at, &tick.label));
        let out_right = ticks
            .last()
            .map_or(0.0, |tick| out(1.0 - tick.at, &tick.label));
        let key = match layout.key.placement {
            Placement::Right => layout.key.width + 30.0,
            Placement::Top | Placement::Nowhere => 0.0,
        };
        let left = MARGIN + (title + widest + TICK_GAP).max(out_left);
        let right = self.size[0] - MARGIN - key.max(out_right).max(8.0);
        // The labels of neighbours keep apart.
        let between = out_left.max(0.0) + out_right.max(0.0) + LABEL_GAP[0] / 2.0;
        // Panels never vanish, whatever the labels are.
        let [least, most] = [0.35, 0.55].map(|share| share * self.size[0]);
        [
            libm::ceil(left).min(least),
            libm::floor(right).max(most),
            libm::ceil(between.max(PANEL_GAP[0])),
        ]
    }

    fn attempt(&self, [left, right, between]: Sides, names: NamePlacement) -> ChartLayout {
        let (figure, font) = (self.figure, self.font);
        let [wide, high] = self.size;
        let room = wide - MARGIN - left;
        let title = title(&figure.title, room, font);
        let mut top = title.baseline + title.height() - title.size;
        let subtitle = Heading {
            lines: figure
                .subtitle
                .as_deref()
                .map_or_else(Vec::new, |subtitle| {
                    text::wrap(subtitle, SUBTITLE_SIZE, room, 2, font)
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
        let bottom = libm::floor(high - MARGIN - x_title_height - TICK_SIZE - TICK_GAP);
        let at_ends = match (names, self.spans) {
            (NamePlacement::AtEnds, Some(spans)) => line_ends::room(figure, &spans, font),
            _ => None,
        };
        let is_direct = at_ends.is_some();
        let mut key = at_ends
            .unwrap_or_else(|| key::key(figure, self.spans.as_ref(), room, bottom - top, font));
        let mut key_at = [left, top + 12.0];
        match key.placement {
            Placement::Top => top += key.height + 12.0,
            Placement::Right => key_at = [wide - MARGIN - key.width, top + 18.0],
            Placement::Nowhere => {}
        }
        let top = libm::ceil(top + 18.0);
        let area = Rectangle {
            left,
            top,
            right: right.max(left + MIN_PANEL),
            bottom: bottom.max(top + MIN_PANEL),
        };
        let panels = self.panels(&area, between);
        if let (true, [panel], Some(spans)) = (is_direct, &panels[..], self.spans) {
            key_at[1] = 0.0;
            key = line_ends::key(figure, &spans, &panel.frame, key_at[0], font)
                .unwrap_or_else(KeyBox::nowhere);
        }
        let [x, y] = self.ticks(panels.first().map_or(area, |panel| panel.frame));
        ChartLayout {
            title,
            subtitle,
            area,
            panels,
            x,
            y,
            x_title: high - MARGIN - 4.0,
            y_title: MARGIN + AXIS_TITLE_SIZE * 0.8,
            key,
            key_at,
        }
    }

    /// Panels of the same size in rows, in as many columns as give them the best shape.
    fn panels(&self, area: &Rectangle, between: f64) -> Vec<PanelBox> {
        let panels = &self.figure.panels;
        let has_names = panels.iter().any(|panel| !panel.name.is_empty());
        let name = if has_names { NAME_SIZE * 1.5 } else { 0.0 };
        let count = panels.len().max(1);
        let size = |columns: usize| {
            let rows = count.div_ceil(columns) as f64;
            let gap = PANEL_GAP[1];
            let width = (area.width() + between) / columns as f64 - between;
            let height = (area.height() + gap) / rows - gap - name;
            [width, height].map(|side| libm::floor(side).max(MIN_PANEL))
        };
        let fitness = |columns: &usize| {
            let [width, height] = size(*columns);
            (width / PANEL_SHAPE).min(height)
        };
        let columns = (1..=count)
            .max_by(|a, b| fitness(a).total_cmp(&fitness(b)).then(b.cmp(a)))
            .unwrap_or(1);
        let [width, height] = size(columns);
        // Many panels are narrow: small names are better than cut ones.
        let widest = panels
            .iter()
            .map(|panel| text::width(&panel.name, NAME_SIZE, self.font))
            .fold(width, f64::max);
        let name_size = NAME_SIZE * (width / widest).max(MIN_NAME_SCALE);
        let stand = |(place, panel): (usize, &Panel)| {
            let (column, row) = (place % columns, place / columns);
            let left = area.left + column as f64 * (width + between);
            let top = area.top + row as f64 * (height + name + PANEL_GAP[1]) + name;
            PanelBox {
                frame: Rectangle {
                    left,
                    top,
                    right: left + width,
                    bottom: top + height,
                },
                name: text::cut(&panel.name, name_size, width, self.font),
                name_size,
                baseline: top - NAME_SIZE * 0.5,
                has_labels: [place + columns >= count, column == 0],
            }
        };
        panels.iter().enumerate().map(stand).collect()
    }

    fn ticks(&self, panel: Rectangle) -> [Ticks; 2] {
        let Some([x, y]) = self.spans else {
            return Default::default();
        };
        let wide =
            |label: &str| (text::width(label, TICK_SIZE, self.font) + LABEL_GAP[0]) / panel.width();
        let high = |_: &str| (TICK_SIZE + LABEL_GAP[1]) / panel.height();
        let of = |axis: &Axis, span: &AxisSpan, extent: &dyn Fn(&str) -> f64| {
            if axis.names.is_empty() {
                ticks::ticks(span, extent)
            } else {
                // Long names must leave some of the chart to the panels.
                let most = self.size[0] * 0.2;
                let cut = |name: &String| text::cut(name, TICK_SIZE, most, self.font);
                let names: Vec<String> = axis.names.iter().map(cut).collect();
                ticks::named(span, &names, extent)
            }
        };
        let mut up = of(&self.figure.y, &y, &high);
        up.keep_below(1.0 - axes::off_scale_share(self.figure));
        [of(&self.figure.x, &x, &wide), up]
    }
}

/// The title in the largest size that needs one line, else in two or three lines.
fn title(title: &str, room: f64, font: Font) -> Heading {
    let fits = |size: &&f64| text::width(title, **size, font) <= room;
    let size = *TITLE_SIZES.iter().find(fits).unwrap_or(&TITLE_SIZES[1]);
    Heading {
        lines: text::wrap(title, size, room, 3, font),
        size,
        baseline: MARGIN + size,
    }
}
