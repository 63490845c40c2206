//! A straight line across a panel, with its label.

use super::canvas::{Anchor, Lettering, SvgCanvas, crisp};
use super::panel_view::PanelView;
use crate::layout::TICK_SIZE;
use crate::measure::colour::SOFT_INK;
use crate::measure::text;
use crate::model::ReferenceLine;

impl PanelView {
    pub(super) fn rule(&self, canvas: &mut SvgCanvas<'_>, rule: &ReferenceLine) {
        let side = usize::from(!rule.upright);
        let share = self.spans[side].share(rule.at);
        let Some(share) = share.filter(|share| (0.0..=1.0).contains(share)) else {
            return;
        };
        let frame = &self.frame;
        let [x, y] = self.frame.at([share, share]).map(crisp);
        let (ends, room) = if rule.upright {
            ([[x, frame.top], [x, frame.bottom]], frame.height())
        } else {
            ([[frame.left, y], [frame.right, y]], frame.width())
        };
        canvas.dashed(|canvas| canvas.line(&ends, SOFT_INK.into(), 1.5));
        let size = TICK_SIZE * 0.9;
        let label = text::cut(&rule.label, size, room - 16.0, self.font);
        if label.is_empty() {
            return;
        }
        let lettering = Lettering {
            size,
            rgb: SOFT_INK,
            anchor: Anchor::End,
            upwards: rule.upright,
        };
        // Along the rule at its far end, on the side where there is room.
        let at = if rule.upright {
            let is_near_edge = x - frame.left < size * 1.5;
            let x = if is_near_edge { x + size } else { x - 5.0 };
            [x, frame.top + 8.0]
        } else {
            let is_near_edge = y - frame.top < size * 1.5;
            let y = if is_near_edge { y + size } else { y - 5.0 };
            [frame.right - 8.0, y]
        };
        canvas.text(&label, at, lettering);
    }
}
