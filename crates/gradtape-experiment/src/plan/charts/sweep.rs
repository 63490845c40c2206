//! `kind = "sweep"`.

use super::decider::{ChartDecider, Decision, text};
use super::needs::Needs;
use super::{Band, ChartKind, Plan, Scale, file_name, title};
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

impl SweepChart {
    pub(super) fn needs(&self, plan: &Plan) -> Needs {
        Needs {
            group: match self.band {
                Band::None => 1,
                _ => plan.repetitions(),
            },
            final_quantity: Some(self.y.clone()),
            is_simple: true,
            ..Needs::of_runs(MAX_MARKS)
        }
    }
}

pub(super) fn decide(decider: &mut ChartDecider<'_>) -> Decision {
    let written = decider.written;
    decider.final_quantity(written.y.as_ref());
    let y = text(written.y.as_ref(), "loss");
    let x = text(written.x.as_ref(), "learning_rate");
    let place = column(decider, x).unwrap_or(0);
    decider.log_of_setting("x_scale", written.x_scale.as_ref(), place);
    decider.log_of_quantity("y_scale", written.y_scale.as_ref(), y);
    let group_by = decider.group();
    let chart = SweepChart {
        x: place,
        y: y.to_owned(),
        band: decider.band(true),
    };
    Decision {
        needs: chart.needs(decider.plan),
        kind: ChartKind::Sweep(chart),
        x_scale: Scale::new(written.x_scale.as_ref(), Scale::of_range(decider.plan, x)),
        y_scale: Scale::new(written.y_scale.as_ref(), Scale::Linear),
        title: title(y, x),
        file: file_name(y, x),
        shown: vec![place],
        group_by,
    }
}

/// The column of the setting that a sweep varies.
fn column(decider: &mut ChartDecider<'_>, x: &str) -> Option<usize> {
    let span = decider.place_of("x");
    let place = decider.setting(x, &span)?;
    let is_number = decider.plan.run(0).settings[place]
        .as_ref()
        .is_none_or(|value| value.number().is_some());
    if !is_number {
        let message = format!("a sweep over `{x}` needs numbers");
        let label = "its values are not numbers";
        decider.mistake(Code::Chart, &span, message, label, "");
    } else if !decider.plan.varies(x) {
        let message = format!("a sweep over `{x}` needs several values");
        decider.does_not_vary(x, &span, message, "");
    }
    Some(place)
}
