//! From collected points to the figures that are drawn.

mod collect;
mod colours;
mod curve;
mod line;
mod sweep;

use super::chart::{Axis, Figure, Line, Panel, Scale};
use crate::number::short;
use crate::plan::{self, Chart, ChartKind, Plan, quantity_label};
use colours::colours;
use line::line_series;
use sweep::sweep_series;

pub(super) use collect::{Drawn, Endings, LineRecorder, Lines};
pub(super) use curve::curve;

/// The figure of chart number `place` of the plan.
pub(super) fn figure(
    plan: &Plan,
    place: usize,
    drawn: &Drawn,
    lines: &Lines,
    endings: &Endings,
) -> Figure {
    let chart = &plan.charts[place];
    let runs = &drawn.chart(place).runs;
    let (x_name, mut series) = match &chart.kind {
        ChartKind::Line { x } => (x.as_str(), line_series(plan, place, runs, lines, endings)),
        ChartKind::Sweep { x } => (
            plan.columns()[*x].as_str(),
            sweep_series(plan, place, *x, runs, endings),
        ),
    };
    let key = colours(plan, chart, &mut series);
    let lines: Vec<Line> = series.into_iter().map(|series| series.line).collect();
    let of = drawn.chart(place).of;
    let subtitle =
        (runs.len() < of).then(|| format!("every {}th of {of} runs", of.div_ceil(runs.len())));
    Figure {
        title: chart.title.clone(),
        subtitle,
        x: Axis::new(quantity_label(x_name), scale(chart.x_scale, &lines, 0)),
        y: Axis::new(quantity_label(&chart.y), scale(chart.y_scale, &lines, 1)),
        description: description(chart, x_name, &lines),
        panels: vec![Panel::of_lines(lines)],
        key,
    }
}

fn scale(wanted: plan::Scale, lines: &[Line], dimension: usize) -> Scale {
    match wanted {
        plan::Scale::Linear => Scale::Linear,
        plan::Scale::Log => Scale::Log,
        plan::Scale::Fitting => {
            let (least, _) = extent(lines, dimension, |_| true);
            let (least_positive, greatest) = extent(lines, dimension, |value| value > 0.0);
            let is_log = least >= 0.0 && greatest / least_positive >= 1e3;
            if is_log { Scale::Log } else { Scale::Linear }
        }
    }
}

/// The least and the greatest finite value among those that count.
fn extent(lines: &[Line], dimension: usize, counts: impl Fn(f64) -> bool) -> (f64, f64) {
    let points = lines.iter().flat_map(|line| &line.points);
    let values = points
        .map(|point| point[dimension])
        .filter(|value| value.is_finite() && counts(*value));
    values.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, greatest), value| (least.min(value), greatest.max(value)),
    )
}

/// The chart in words, for those who do not see it.
fn description(chart: &Chart, x: &str, lines: &[Line]) -> String {
    let count = match lines.len() {
        1 => "one line".to_owned(),
        count => format!("{count} lines"),
    };
    let (least, greatest) = extent(lines, 1, |_| true);
    let diverged = lines
        .iter()
        .map(|line| usize::from(line.diverged) + line.off_scale.len())
        .sum::<usize>();
    let mut text = format!(
        "{} over {}: {count}",
        quantity_label(&chart.y),
        quantity_label(x)
    );
    if least <= greatest {
        text.push_str(&format!(
            ", values from {} to {}",
            short(least),
            short(greatest)
        ));
    }
    match diverged {
        0 => {}
        1 => text.push_str("; 1 run diverged"),
        _ => text.push_str(&format!("; {diverged} runs diverged")),
    }
    text
}
