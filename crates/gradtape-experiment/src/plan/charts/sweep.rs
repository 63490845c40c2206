//! `kind = "sweep"`.

use super::decider::{ChartDecider, text};
use super::needs::Needs;
use super::{Band, Chart, ChartKind, Runs, Scale, file_name, title};
use crate::mistake::Code;

/// More marks than this hide one another.
const MAX_MARKS: usize = 20_000;

/// A final quantity over a setting, a point for each run or for all its repetitions.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepChart {
    /// The setting on the x axis, as a column of the plan.
    pub x: usize,
    /// The quantity on the y axis.
    pub y: String,
    /// How repetitions are combined.
    pub band: Band,
}

/// The final `y` over the setting in column `x`.
pub(super) fn chart(runs: &Runs, x: usize, y: &str, band: Band) -> Chart {
    let needs = Needs {
        group: match band {
            Band::None => 1,
            _ => runs.repetitions(),
        },
        final_quantity: Some(y.to_owned()),
        is_simple: true,
        ..Needs::of_runs(MAX_MARKS)
    };
    let name = runs.columns()[x].as_str();
    let kind = ChartKind::Sweep(SweepChart {
        x,
        y: y.to_owned(),
        band,
    });
    let x_scale = match runs.is_log_range(name) {
        true => Scale::Log,
        false => Scale::Linear,
    };
    Chart {
        x_scale,
        ..Chart::new(kind, needs, title(y, name), file_name(y, name))
    }
}

pub(super) fn decide(decider: &mut ChartDecider<'_>) -> (Chart, Vec<usize>) {
    let written = decider.written;
    decider.final_quantity(written.y.as_ref());
    let y = text(written.y.as_ref(), "loss");
    let x = text(written.x.as_ref(), "learning_rate");
    let place = column(decider, x).unwrap_or(0);
    decider.log_of_setting("x_scale", written.x_scale.as_ref(), place);
    decider.log_of_quantity("y_scale", written.y_scale.as_ref(), y);
    let group_by = decider.group();
    let chart = chart(decider.runs, place, y, decider.band(true));
    let chart = Chart {
        x_scale: Scale::new(written.x_scale.as_ref(), chart.x_scale),
        y_scale: Scale::new(written.y_scale.as_ref(), Scale::Linear),
        group_by,
        ..chart
    };
    (chart, vec![place])
}

/// The column of the setting that a sweep varies.
fn column(decider: &mut ChartDecider<'_>, x: &str) -> Option<usize> {
    let span = decider.place_of("x");
    let place = decider.setting(x, &span)?;
    let is_number = decider.runs.run(0).settings[place]
        .as_ref()
        .is_none_or(|value| value.number().is_some());
    if !is_number {
        let message = format!("a sweep over `{x}` needs numbers");
        let label = "its values are not numbers";
        decider.mistake(Code::Chart, &span, message, label, "");
    } else if !decider.runs.varies(x) {
        let message = format!("a sweep over `{x}` needs several values");
        decider.does_not_vary(x, &span, message, "");
    }
    Some(place)
}
