//! `kind = "line"`.

use super::decider::{ChartDecider, text};
use super::needs::{Coordinate, Needs, Points, Thinning};
use super::{Band, Chart, ChartKind, Runs, Scale, file_name, title};
use crate::mistake::Code;
use crate::plan::Quantity;

/// More lines than this are one area of colour.
const MAX_LINES: usize = 1_000;

/// Maximum number of runs in all bands together.
const MAX_REPETITIONS: usize = 20_000;

/// A recorded quantity over another, a line for each run or for all its repetitions.
#[derive(Clone, Debug, PartialEq)]
pub struct LineChart {
    /// The quantity on the x axis, or `epoch`.
    pub x: String,
    /// The quantity on the y axis.
    pub y: String,
    /// How repetitions are combined.
    pub band: Band,
}

pub(super) fn chart(runs: &Runs, x: &str, y: &str, band: Band) -> Chart {
    let repetitions = usize::try_from(runs.repetitions()).unwrap_or(usize::MAX);
    let (max_groups, group, thinning) = match band {
        Band::None => (MAX_LINES, 1, Thinning::Peaks),
        _ => {
            let max_bands =
                (MAX_REPETITIONS / repetitions.clamp(1, MAX_REPETITIONS)).clamp(1, MAX_LINES);
            (max_bands, runs.repetitions(), Thinning::Even)
        }
    };
    let [title, file] = [title(y, x), file_name(y, x)];
    let [x, y] = [x, y].map(str::to_owned);
    let points = Points {
        x: Coordinate::Named(x.clone()),
        y: Coordinate::Named(y.clone()),
        thinning,
    };
    let needs = Needs {
        group,
        points: Some(points),
        has_labels: true,
        is_simple: true,
        ..Needs::of_runs(max_groups)
    };
    let kind = ChartKind::Line(LineChart { x, y, band });
    Chart::new(kind, needs, title, file)
}

pub(super) fn decide(decider: &mut ChartDecider<'_>) -> (Chart, Vec<usize>) {
    let written = decider.written;
    let parameters = &decider.record.parameters;
    // The gap follows from the loss.
    let gap = decider.runs.has_gap().then_some(Quantity::Gap);
    let known = Quantity::recorded(decider.runs).chain(gap);
    let mut known: Vec<&str> = known.map(Quantity::name).collect();
    decider.quantity(written.y.as_ref(), &known, parameters);
    known.push("epoch");
    decider.quantity(written.x.as_ref(), &known, parameters);
    let y = text(written.y.as_ref(), "loss");
    let x = text(written.x.as_ref(), "epoch");
    decider.log_of_quantity("y_scale", written.y_scale.as_ref(), y);
    decider.log_of_quantity("x_scale", written.x_scale.as_ref(), x);
    let has_order = ["epoch", "evaluations"].contains(&x);
    let band = decider.band(has_order);
    if let Some(written) = written.band.as_ref().filter(|band| band.value != "none")
        && !has_order
    {
        let message = format!("a band over `{x}` is not possible");
        let label = "repetitions are combined at equal epochs or evaluations";
        let help = "set `x = \"epoch\"`, or `band = \"none\"`";
        decider.mistake(Code::Chart, &written.span, message, label, help);
    }
    let chart = Chart {
        x_scale: Scale::new(written.x_scale.as_ref(), Scale::Linear),
        y_scale: Scale::new(written.y_scale.as_ref(), Scale::Linear),
        group_by: decider.group(),
        ..chart(decider.runs, x, y, band)
    };
    (chart, Vec::new())
}
