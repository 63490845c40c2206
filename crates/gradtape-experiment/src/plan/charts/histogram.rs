//! `kind = "histogram"`.

use super::decider::{ChartDecider, Decision, text};
use super::needs::Needs;
use super::{ChartKind, MAX_VALUES, Scale, quantity_label};

/// The distribution of a final quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramChart {
    /// The quantity.
    pub x: String,
}

pub(super) fn decide(decider: &mut ChartDecider<'_>) -> Decision {
    let written = decider.written;
    decider.final_quantity(written.x.as_ref());
    let x = text(written.x.as_ref(), "loss");
    decider.log_of_quantity("x_scale", written.x_scale.as_ref(), x);
    Decision {
        needs: Needs {
            final_quantity: Some(x.to_owned()),
            ..Needs::of_runs(MAX_VALUES)
        },
        kind: ChartKind::Histogram(HistogramChart { x: x.to_owned() }),
        x_scale: Scale::new(written.x_scale.as_ref(), Scale::Fitting),
        y_scale: Scale::Linear,
        title: format!("distribution of the final {}", quantity_label(x)),
        file: format!("histogram_of_{x}"),
        shown: Vec::new(),
        group_by: decider.group(),
    }
}
