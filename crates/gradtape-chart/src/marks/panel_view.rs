//! A panel on the canvas: its place and its axes.

use crate::measure::axis_span::AxisSpan;
use crate::measure::rectangle::{Place, Rectangle};
use crate::model::Font;

/// A panel that is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PanelView {
    pub(crate) frame: Rectangle,
    pub(crate) spans: [AxisSpan; 2],
    /// The range of the colour bar.
    pub(crate) bar: Option<AxisSpan>,
    pub(crate) font: Font,
}

impl PanelView {
    /// Where a point is, if both axes can show it.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> Option<Place> {
        let [across, up] = self.spans;
        Some(self.frame.at([across.share(x)?, up.share(y)?]))
    }

    /// The values on the axes at a place.
    pub(super) fn value(&self, [x, y]: Place) -> [f64; 2] {
        let (frame, [across, up]) = (&self.frame, self.spans);
        [
            across.value((x - frame.left) / frame.width()),
            up.value((frame.bottom - y) / frame.height()),
        ]
    }
}
