//! `kind = "histogram"`.

use super::decider::{ChartDecider, text};
use super::needs::Needs;
use super::{Chart, ChartKind, MAX_VALUES, Scale, quantity_label};

/// The distribution of a final quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramChart {
    /// The quantity.
    pub x: String,
}

pub(super) fn decide(decider: &mut ChartDecider<'_>) -> (Chart, Vec<usize>) {
    let written = decider.written;
    decider.final_quantity(written.x.as_ref());
    let x = text(written.x.as_ref(), "loss");
    decider.log_of_quantity("x_scale", written.x_scale.as_ref(), x);
    let needs = Needs {
        final_quantity: Some(x.to_owned()),
        ..Needs::of_runs(MAX_VALUES)
    };
    let kind = ChartKind::Histogram(HistogramChart { x: x.to_owned() });
    let title = format!("distribution of the final {}", quantity_label(x));
    let chart = Chart {
        x_scale: Scale::new(written.x_scale.as_ref(), Scale::Fitting),
        group_by: decider.group(),
        ..Chart::new(kind, needs, title, format!("histogram_of_{x}"))
    };
    (chart, Vec::new())
}
