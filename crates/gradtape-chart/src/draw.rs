//! Draws a figure on the canvas.

use crate::layout::{
    self, AXIS_TITLE_SIZE, ChartLayout, Heading, PanelBox, TICK_GAP, TICK_SIZE, axes,
};
use crate::marks::canvas::{self, Anchor, Lettering, SvgCanvas, crisp};
use crate::marks::panel_view::PanelView;
use crate::marks::symbols;
use crate::measure::colour::{self, FAINT_GRID, GRID, INK, Rgb, SOFT_INK, WHITE};
use crate::measure::rectangle::Rectangle;
use crate::measure::text::{self, LINE_HEIGHT};
use crate::measure::ticks::Ticks;
use crate::model::{AxisRange, Drawing, Figure, Font, PanelArea, Style, VisibleLine};

/// What an empty panel says.
const EMPTY: &str = "no finite values to draw";

impl Figure {
    /// Draws the figure.
    ///
    /// Text stays text, set in a face of DejaVu or, where a viewer lacks it,
    /// in a font of nearly the same widths. The result is well-formed whatever the
    /// titles contain.
    ///
    /// ```
    /// # use gradtape_chart::{Axis, Figure, Key, Panel, Scale, Style};
    /// let empty = Figure {
    ///     title: "a < b".to_owned(),
    ///     subtitle: None,
    ///     x: Axis::new("", Scale::Linear),
    ///     y: Axis::new("", Scale::Linear),
    ///     panels: vec![Panel::default()],
    ///     key: Key::None,
    ///     description: String::new(),
    /// };
    /// let drawing = empty.draw(&Style::default());
    /// assert!(drawing.svg.contains("a &lt; b"));
    /// assert!(drawing.svg.contains("no finite values to draw"));
    /// ```
    #[must_use]
    pub fn draw(&self, style: &Style) -> Drawing {
        let spans = axes::spans(self);
        let layout = layout::layout(self, spans, style);
        let bar = colour::bar_span(&self.key);
        let mut panels = Vec::new();
        let svg = canvas::svg(style, &self.title, &self.description, |canvas| {
            canvas.rectangle([0.0, 0.0], style.size(), WHITE.into());
            let mut number = 0;
            for (panel, stand) in self.panels.iter().zip(&layout.panels) {
                let Some(spans) = spans else {
                    empty(canvas, &stand.frame);
                    continue;
                };
                let view = PanelView {
                    frame: stand.frame,
                    spans,
                    bar,
                    font: style.font,
                };
                grid(canvas, &layout, &stand.frame);
                view.draw_below(canvas, panel, number);
                let lines = view.draw_lines(canvas, self, panel, number);
                view.draw_above(canvas, panel);
                if axes::is_filled(self) {
                    symbols::border(canvas, &stand.frame);
                }
                number += lines.len();
                panels.push(area(style, &layout, &view, lines));
            }
            for stand in &layout.panels {
                tick_labels(canvas, &layout, stand);
            }
            labels(canvas, self, &layout, style.font);
            layout.key.draw(canvas, layout.key_at);
        });
        Drawing { svg, panels }
    }
}

/// The position of a panel in the chart.
fn area(
    style: &Style,
    layout: &ChartLayout,
    view: &PanelView,
    lines: Vec<VisibleLine>,
) -> PanelArea {
    let frame = view.frame;
    let edges = [frame.left, frame.top, frame.right, frame.bottom];
    PanelArea {
        frame: edges.map(|edge| edge * style.scale()),
        axes: view.spans.map(|span| AxisRange {
            low: span.value(0.0),
            high: span.value(1.0),
            scale: span.scale,
        }),
        ticks: [layout.x.major.clone(), layout.y.major.clone()],
        lines,
    }
}

fn grid(canvas: &mut SvgCanvas<'_>, layout: &ChartLayout, panel: &Rectangle) {
    let rules = [(false, FAINT_GRID), (true, GRID)];
    for (is_major, rgb) in rules {
        let chosen = |ticks: &Ticks| -> Vec<f64> {
            if is_major {
                ticks.major.iter().map(|tick| tick.at).collect()
            } else {
                ticks.minor.clone()
            }
        };
        for at in chosen(&layout.x) {
            let x = crisp(panel.left + at * panel.width());
            canvas.line(&[[x, panel.top], [x, panel.bottom]], rgb.into(), 1.0);
        }
        for at in chosen(&layout.y) {
            let y = crisp(panel.bottom - at * panel.height());
            canvas.line(&[[panel.left, y], [panel.right, y]], rgb.into(), 1.0);
        }
    }
}

/// The name of a panel, and the labels at its ticks.
fn tick_labels(canvas: &mut SvgCanvas<'_>, layout: &ChartLayout, stand: &PanelBox) {
    let panel = &stand.frame;
    let tick = Lettering::new(TICK_SIZE, SOFT_INK, Anchor::Middle);
    let name = Lettering::new(stand.name_size, INK, Anchor::Start);
    if !stand.name.is_empty() {
        canvas.text(&stand.name, [panel.left, stand.baseline], name);
    }
    let [has_x, has_y] = stand.has_labels;
    for mark in layout.x.major.iter().filter(|_| has_x) {
        let at = [
            panel.left + mark.at * panel.width(),
            panel.bottom + TICK_GAP + TICK_SIZE * 0.76,
        ];
        canvas.text(&mark.label, at, tick);
    }
    for mark in layout.y.major.iter().filter(|_| has_y) {
        let middle = panel.bottom - mark.at * panel.height();
        // Digits are 0.73 of the size high.
        let at = [panel.left - TICK_GAP, middle + 0.365 * TICK_SIZE];
        canvas.text(
            &mark.label,
            at,
            Lettering {
                anchor: Anchor::End,
                ..tick
            },
        );
    }
}

fn labels(canvas: &mut SvgCanvas<'_>, figure: &Figure, layout: &ChartLayout, font: Font) {
    let panel = &layout.area;
    let title = Lettering::new(AXIS_TITLE_SIZE, INK, Anchor::Middle);
    let middle = panel.middle();
    let cut = |label: &str, room| text::cut(label, AXIS_TITLE_SIZE, room, font);
    if !figure.x.label.is_empty() {
        let label = cut(&figure.x.label, panel.width());
        canvas.text(&label, [middle[0], layout.x_title], title);
    }
    if !figure.y.label.is_empty() {
        let label = cut(&figure.y.label, panel.height());
        let upwards = Lettering {
            upwards: true,
            ..title
        };
        canvas.text(&label, [layout.y_title, middle[1]], upwards);
    }
    heading(canvas, &layout.title, panel.left, INK);
    heading(canvas, &layout.subtitle, panel.left, SOFT_INK);
}

fn heading(canvas: &mut SvgCanvas<'_>, heading: &Heading, left: f64, rgb: Rgb) {
    for (index, line) in heading.lines.iter().enumerate() {
        let baseline = heading.baseline + index as f64 * heading.size * LINE_HEIGHT;
        let lettering = Lettering::new(heading.size, rgb, Anchor::Start);
        canvas.text(line, [left, baseline], lettering);
    }
}

fn empty(canvas: &mut SvgCanvas<'_>, panel: &Rectangle) {
    let lettering = Lettering::new(AXIS_TITLE_SIZE, SOFT_INK, Anchor::Middle);
    for y in [panel.top, panel.bottom] {
        let y = crisp(y);
        canvas.line(&[[panel.left, y], [panel.right, y]], GRID.into(), 1.0);
    }
    let middle = panel.middle();
    canvas.text(EMPTY, middle, lettering);
}
