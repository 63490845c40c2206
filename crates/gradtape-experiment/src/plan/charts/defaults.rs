//! The default charts.

use super::{Band, Chart, Scale, contour, heatmap, line, sweep};
use crate::plan::{Record, Runs, Series};

/// With fewer values of one of two settings a line for each shows more than a heat map.
const MIN_CELLS: usize = 4;

/// More paths than this hide the level lines.
const MAX_PATHS: u64 = 50;

/// The loss over the epochs, or for a single run with a single parameter that parameter; for
/// one objective with two parameters its contour; and the final loss over the numeric settings
/// of the optimizers that vary: a heat map over two, else a sweep over each.
pub(super) fn charts(runs: &Runs, record: &Record) -> Vec<Chart> {
    let recorded = record.parameters.as_slice();
    let y = match (runs.count(), runs.parameters.as_slice(), recorded) {
        (1, [only], [_]) => only.as_str(),
        _ => "loss",
    };
    let band = if runs.repetitions() > 1 {
        Band::Quartiles
    } else {
        Band::None
    };
    let y_scale = match y {
        "loss" => Scale::Fitting,
        _ => Scale::Linear,
    };
    let mut charts = vec![Chart {
        y_scale,
        ..line::chart(runs, "epoch", y, band)
    }];
    if let ([objective], true) = (runs.objectives.as_slice(), runs.count() <= MAX_PATHS) {
        let mut constants = objective.constants.series();
        let is_one = !constants.any(|(_, series)| series.varies());
        if is_one
            && objective.data.is_none()
            && contour::is_plane(runs, 0)
            && contour::unrecorded(runs, record, 0).is_none()
        {
            charts.push(contour::chart(runs, vec![0], false));
        }
    }
    let swept = swept(runs);
    if let (Some(axes), 1) = (cells(runs, &swept), runs.objectives.len()) {
        charts.push(heatmap::chart(runs, axes, "loss", Scale::Fitting));
    } else {
        charts.extend(swept.into_iter().map(|column| Chart {
            y_scale: Scale::Fitting,
            ..sweep::chart(runs, column, "loss", band)
        }));
    }
    charts
}

/// The numeric settings with several values in an optimizer, as columns of the plan.
fn swept(runs: &Runs) -> Vec<usize> {
    let is_swept = |name: &String| {
        let of_optimizers = runs.optimizers.iter().flat_map(|one| one.settings.series());
        let is_number = |series: &Series| series.get(0).number().is_some();
        of_optimizers
            .into_iter()
            .any(|(key, series)| key == name && is_number(series) && series.varies())
    };
    let columns = runs.columns().iter().enumerate();
    let swept = columns.filter(|(_, name)| is_swept(name));
    swept.map(|(place, _)| place).collect()
}

/// The two settings of a heat map, if all their combinations are run, by one optimizer.
fn cells(runs: &Runs, swept: &[usize]) -> Option<[usize; 2]> {
    let ([x, y], [optimizer]) = (swept, runs.optimizers.as_slice()) else {
        return None;
    };
    let most = heatmap::MAX_CELLS + 1;
    let counts = [x, y].map(|column| runs.values(*column, most).len());
    let names = [x, y].map(|column| runs.columns()[*column].as_str());
    let together = || optimizer.settings.distinct(&names).len();
    let is_grid = counts.iter().all(|count| (MIN_CELLS..most).contains(count))
        && together() == counts[0] * counts[1];
    is_grid.then_some([*x, *y])
}
