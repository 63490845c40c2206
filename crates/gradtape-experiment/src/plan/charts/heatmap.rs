//! `kind = "heatmap"`.

use super::decider::{ChartDecider, text};
use super::needs::Needs;
use super::{Chart, ChartKind, MAX_VALUES, Runs, Scale, quantity_label};
use crate::mistake::Code;

/// Maximum number of cells along an axis: more are too small to see.
pub(super) const MAX_CELLS: usize = 200;

/// A final quantity over two settings, as colours.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatmapChart {
    /// The setting on the x axis, as a column of the plan.
    pub x: usize,
    /// The setting on the y axis, as a column of the plan.
    pub y: usize,
    /// The quantity.
    pub value: String,
    /// The scale of the colours.
    pub value_scale: Scale,
}

/// The final `value` over the settings in two columns.
pub(super) fn chart(runs: &Runs, [x, y]: [usize; 2], value: &str, value_scale: Scale) -> Chart {
    let needs = Needs {
        final_quantity: Some(value.to_owned()),
        ..Needs::of_runs(MAX_VALUES)
    };
    let names = [x, y].map(|column| runs.columns()[column].as_str());
    let [label, x_label, y_label] = [value, names[0], names[1]].map(quantity_label);
    let title = format!("{label} over {x_label} and {y_label}");
    let [x_file, y_file] = names.map(|name| name.replace("start.", "start_"));
    let file = format!("{value}_over_{x_file}_and_{y_file}");
    let kind = ChartKind::Heatmap(HeatmapChart {
        x,
        y,
        value: value.to_owned(),
        value_scale,
    });
    Chart {
        x_scale: Scale::Fitting,
        y_scale: Scale::Fitting,
        ..Chart::new(kind, needs, title, file)
    }
}

pub(super) fn decide(decider: &mut ChartDecider<'_>) -> (Chart, Vec<usize>) {
    let written = decider.written;
    decider.final_quantity(written.value.as_ref());
    let value = text(written.value.as_ref(), "loss");
    decider.log_of_quantity("value_scale", written.value_scale.as_ref(), value);
    let [x, y] = decider.axes().unwrap_or([0, 0]);
    decider.log_of_setting("x_scale", written.x_scale.as_ref(), x);
    decider.log_of_setting("y_scale", written.y_scale.as_ref(), y);
    let value_scale = Scale::new(written.value_scale.as_ref(), Scale::Fitting);
    let chart = Chart {
        x_scale: Scale::new(written.x_scale.as_ref(), Scale::Fitting),
        y_scale: Scale::new(written.y_scale.as_ref(), Scale::Fitting),
        ..chart(decider.runs, [x, y], value, value_scale)
    };
    (chart, vec![x, y])
}

impl ChartDecider<'_> {
    /// The two settings: those that are written, or those that vary.
    fn axes(&mut self) -> Option<[usize; 2]> {
        let written = [self.written.x.as_ref(), self.written.y.as_ref()];
        let given = |column: usize| {
            let name = &self.runs.columns()[column];
            written.iter().flatten().any(|one| one.value == *name)
        };
        let varying: Vec<usize> = (0..self.runs.columns().len())
            .filter(|column| self.is_choice(*column))
            .collect();
        let rest: Vec<usize> = varying
            .iter()
            .copied()
            .filter(|column| !given(*column))
            .collect();
        let missing = written.iter().filter(|one| one.is_none()).count();
        let is_clear = rest.len() == missing;
        let mut rest = rest.into_iter();
        let mut axes = [None; 2];
        for (axis, (key, written)) in axes.iter_mut().zip(["x", "y"].into_iter().zip(written)) {
            *axis = match written {
                Some(written) => {
                    let place = self.setting(&written.value, &written.span)?;
                    self.check_axis(key, place);
                    Some(place)
                }
                None if is_clear => rest.next(),
                None => None,
            };
        }
        if let [Some(x), Some(y)] = axes {
            if x == y {
                let message = "a heat map needs two different settings".to_owned();
                let label = format!("`{}` is on both axes", self.runs.columns()[x]);
                let span = self.place_of("y");
                let help = self.choices(&varying, Some(x));
                self.mistake(Code::Chart, &span, message, label, &help);
            }
            return Some([x, y]);
        }
        let names: Vec<String> = varying
            .iter()
            .map(|column| format!("`{}`", self.runs.columns()[*column]))
            .collect();
        let label = match names.len() {
            0 => "nothing varies in this experiment".to_owned(),
            1 => format!("only {} varies", names[0]),
            _ => format!("{} vary", names.join(", ")),
        };
        let help = match names.len() {
            0 => "give two settings several values, or remove the chart",
            1 => "give another setting several values, or use `kind = \"sweep\"`",
            _ => "select two of them with `x = \"…\"` and `y = \"…\"`",
        };
        let message = "a heat map needs two settings that vary";
        let span = self.written.span.clone();
        self.missing(Code::Chart, &span, message, label, help);
        None
    }

    /// Whether a setting varies independently; the method of an optimizer follows its name.
    fn is_choice(&self, column: usize) -> bool {
        let name = &self.runs.columns()[column];
        let follows = ["method", "convention", "schedule.convention", "repetition"];
        self.runs.varies(name) && !follows.contains(&name.as_str())
    }

    fn check_axis(&mut self, key: &str, column: usize) {
        let name = self.runs.columns()[column].clone();
        let span = self.place_of(key);
        let values = self.runs.values(column, MAX_CELLS + 1);
        if !self.runs.varies(&name) {
            let message = format!("a heat map over `{name}` needs several values");
            let help = "use `kind = \"sweep\"` over the other setting";
            self.does_not_vary(&name, &span, message, help);
        } else if values.len() > MAX_CELLS && self.written.runs.is_none() {
            let message = format!("`{name}` has too many values for a heat map");
            let label = format!("expected at most {MAX_CELLS}");
            let help = "give it fewer values, or select some of them with `runs = { … }`";
            self.mistake(Code::TooLarge, &span, message, label, help);
        }
    }

    /// The other settings that could be on an axis.
    fn choices(&self, varying: &[usize], but: Option<usize>) -> String {
        let others = varying.iter().filter(|column| Some(**column) != but);
        let others: Vec<String> = others
            .map(|column| format!("`{}`", self.runs.columns()[*column]))
            .collect();
        match others.as_slice() {
            [] => "nothing else varies; use `kind = \"sweep\"`".to_owned(),
            [only] => format!("{only} varies too"),
            _ => format!("{} vary too", others.join(", ")),
        }
    }
}
