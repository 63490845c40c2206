//! What is drawn.

use super::filter::column;
use super::{Filter, Plan};
use crate::mistake::{At, Mistake, suggestion};
use crate::spec::{self, Spec};

/// One chart, decided.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub kind: ChartKind,
    /// The quantity on the y axis.
    pub y: String,
    /// How the y axis is divided.
    pub y_scale: Scale,
    /// How the x axis is divided.
    pub x_scale: Scale,
    /// The title.
    pub title: String,
    /// The name of the files, without extension.
    pub file: String,
    /// The runs that are drawn.
    pub runs: Filter,
    /// The setting that colours tell apart, as a column of the plan.
    pub group_by: Option<usize>,
}

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub enum ChartKind {
    /// A quantity over another, a line for each run.
    Line {
        /// The quantity on the x axis, or `epoch`.
        x: String,
    },
    /// A final quantity over a setting, a point for each run.
    Sweep {
        /// The setting on the x axis, as a column of the plan.
        x: usize,
    },
}

/// How an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
    /// Log if no value is negative and the positive ones span three decades or
    /// more.
    Fitting,
}

impl Scale {
    fn new(written: Option<&At<String>>, default: Scale) -> Scale {
        match written.map(|scale| scale.value.as_str()) {
            Some("log") => Scale::Log,
            Some(_) => Scale::Linear,
            None => default,
        }
    }
}

pub(super) fn decide(plan: &Plan, spec: &Spec, mistakes: &mut Vec<Mistake>) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    for written in &spec.charts {
        let mut decider = ChartDecider { plan, mistakes };
        let Some(mut chart) = decider.chart(written) else {
            continue;
        };
        if spec.charts.len() == 1 && written.title.is_none() && spec.title.is_some() {
            chart.title.clone_from(&plan.title);
        }
        if let Some(twin) = charts.iter().position(|other| other.file == chart.file) {
            match &written.file {
                Some(file) => {
                    let message = format!("two charts have the file name `{}`", file.value);
                    let label = "expected a name of its own";
                    mistakes.push(Mistake::new(file.span.clone(), message, label));
                }
                None => chart.file = format!("{}_{}", charts[twin].file, charts.len() + 1),
            }
        }
        charts.push(chart);
    }
    if spec.charts.is_empty() {
        default_charts(plan)
    } else {
        charts
    }
}

/// What is drawn if the file does not say: the loss over the epochs, for a
/// single run of a single parameter that parameter, and the final loss over each swept number of the optimizers.
fn default_charts(plan: &Plan) -> Vec<Chart> {
    let recorded = plan.record.parameters.as_slice();
    let y = match (plan.runs(), plan.parameters.as_slice(), recorded) {
        (1, [only], [_]) => only.as_str(),
        _ => "loss",
    };
    let new = |kind: ChartKind, y: &str, x: &str| Chart {
        kind,
        y: y.to_owned(),
        y_scale: if y == "loss" {
            Scale::Fitting
        } else {
            Scale::Linear
        },
        x_scale: if plan.is_log_range(x) {
            Scale::Log
        } else {
            Scale::Linear
        },
        title: title(y, x),
        file: file_name(y, x),
        runs: Filter::default(),
        group_by: None,
    };
    let mut charts = vec![new(
        ChartKind::Line {
            x: "epoch".to_owned(),
        },
        y,
        "epoch",
    )];
    for (place, name) in plan.columns().iter().enumerate() {
        let of_optimizer = plan.optimizers.iter().flat_map(|one| one.settings.series());
        let is_number = |series: &super::Series| series.get(0).number().is_some();
        if of_optimizer
            .into_iter()
            .any(|(key, series)| key == name && is_number(series) && series.varies())
        {
            charts.push(new(ChartKind::Sweep { x: place }, "loss", name));
        }
    }
    charts
}

fn title(y: &str, x: &str) -> String {
    format!("{} over {}", quantity_label(y), quantity_label(x))
}

/// A quantity or setting in the words of a chart; a parameter as it is written.
#[must_use]
pub fn quantity_label(name: &str) -> String {
    match name {
        "gradient_norm"
        | "learning_rate"
        | "best_loss"
        | "best_epoch"
        | "epochs_run"
        | "validation_loss"
        | "gradient_evaluations" => name.replace('_', " "),
        _ => match name.strip_prefix("start.") {
            Some(variable) => format!("start of {variable}"),
            None if name == "hessian_products" => "Hessian products".to_owned(),
            None => name.to_owned(),
        },
    }
}

fn file_name(y: &str, x: &str) -> String {
    format!("{y}_over_{}", x.replace("start.", "start_"))
}

struct ChartDecider<'a> {
    plan: &'a Plan,
    mistakes: &'a mut Vec<Mistake>,
}

impl ChartDecider<'_> {
    fn chart(&mut self, written: &spec::Chart) -> Option<Chart> {
        let before = self.mistakes.len();
        let is_sweep = written
            .kind
            .as_ref()
            .is_some_and(|kind| kind.value == "sweep");
        let y = written.y.as_ref().map_or("loss", |y| y.value.as_str());
        let known = if is_sweep {
            self.final_quantities()
        } else {
            self.recorded_quantities()
        };
        self.quantity(written.y.as_ref(), &known, is_sweep);
        let (kind, x_name) = if is_sweep {
            let x = written
                .x
                .as_ref()
                .map_or("learning_rate", |x| x.value.as_str());
            let place = self.swept(written, x);
            (
                ChartKind::Sweep {
                    x: place.unwrap_or(0),
                },
                x,
            )
        } else {
            let mut known = known;
            known.push("epoch");
            self.quantity(written.x.as_ref(), &known, false);
            let x = written.x.as_ref().map_or("epoch", |x| x.value.as_str());
            (ChartKind::Line { x: x.to_owned() }, x)
        };
        let default_x = if is_sweep && self.plan.is_log_range(x_name) {
            Scale::Log
        } else {
            Scale::Linear
        };
        let chart = Chart {
            y: y.to_owned(),
            y_scale: Scale::new(written.y_scale.as_ref(), Scale::Linear),
            x_scale: Scale::new(written.x_scale.as_ref(), default_x),
            title: match &written.title {
                Some(title) => title.value.clone(),
                None => title(y, x_name),
            },
            file: self.file(written, y, x_name),
            runs: self.plan.filter(written.runs.as_ref(), self.mistakes),
            group_by: self.group(written.group_by.as_ref()),
            kind,
        };
        (self.mistakes.len() == before).then_some(chart)
    }

    /// What a trajectory has a column for, and the gap.
    fn recorded_quantities(&self) -> Vec<&'static str> {
        let gap = self.plan.has_gap().then_some("gap");
        let validation = self.plan.has_validation().then_some("validation_loss");
        ["loss", "gradient_norm", "learning_rate", "evaluations"]
            .into_iter()
            .chain(validation)
            .chain(gap)
            .collect()
    }

    fn final_quantities(&self) -> Vec<&'static str> {
        super::expectations::final_quantities(self.plan)
    }

    fn quantity(&mut self, written: Option<&At<String>>, known: &[&str], is_final: bool) {
        let Some(written) = written else { return };
        let parameters = if is_final {
            &self.plan.parameters
        } else {
            &self.plan.record.parameters
        };
        let names = parameters
            .iter()
            .map(String::as_str)
            .chain(known.iter().copied());
        if names.clone().any(|name| name == written.value) {
            return;
        }
        let mistake = if self.plan.parameters.contains(&written.value) {
            let message = format!("`{}` is not recorded", written.value);
            Mistake::new(
                written.span.clone(),
                message,
                "`record.parameters` leaves it out",
            )
        } else if written.value == "gap" {
            let message = "`gap` needs a known minimum";
            let mistake = Mistake::new(written.span.clone(), message, "no objective has one");
            mistake.help("give the objective `minimum = { value = … }`")
        } else {
            let message = format!("unknown quantity `{}`", written.value);
            let label = suggestion(&written.value, "the quantities are", names);
            Mistake::new(written.span.clone(), message, label)
        };
        self.mistakes.push(mistake);
    }

    /// The column of the setting that a sweep goes over.
    fn swept(&mut self, written: &spec::Chart, x: &str) -> Option<usize> {
        let span = written
            .x
            .as_ref()
            .map_or(&written.span, |x| &x.span)
            .clone();
        match column(self.plan, x) {
            Err(label) => {
                let message = format!("unknown setting `{x}`");
                self.mistakes.push(Mistake::new(span, message, label));
                None
            }
            Ok(place) => {
                let is_number = self.plan.run(0).settings[place]
                    .as_ref()
                    .is_none_or(|value| value.number().is_some());
                if !self.plan.varies(x) {
                    let message = format!("a sweep over `{x}` needs several values of it");
                    let label = "it has only one in this experiment";
                    self.mistakes.push(Mistake::new(span, message, label));
                } else if !is_number {
                    let message = format!("a sweep over `{x}` needs numbers");
                    let label = "its values are no numbers";
                    self.mistakes.push(Mistake::new(span, message, label));
                }
                Some(place)
            }
        }
    }

    fn group(&mut self, written: Option<&At<String>>) -> Option<usize> {
        let written = written?;
        match column(self.plan, &written.value) {
            Ok(place) => Some(place),
            Err(label) => {
                let message = format!("unknown setting `{}`", written.value);
                self.mistakes
                    .push(Mistake::new(written.span.clone(), message, label));
                None
            }
        }
    }

    /// The name of the files: letters, digits, `-`, `_` and `.`, so that it is
    /// the same file on every system.
    fn file(&mut self, written: &spec::Chart, y: &str, x: &str) -> String {
        let Some(file) = &written.file else {
            return file_name(y, x);
        };
        let name = &file.value;
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let is_taken = ["report", "index", "runs", "trajectories"].contains(&name.as_str());
        if name.is_empty()
            || name.len() > 100
            || name.starts_with('.')
            || !name.chars().all(is_plain)
        {
            let message = format!(
                "`{}` cannot be the name of a chart's files",
                name.escape_debug()
            );
            let label = "expected letters, digits, `-`, `_` and `.`, without a folder";
            self.mistakes
                .push(Mistake::new(file.span.clone(), message, label));
        } else if is_taken {
            let message = format!("`{name}` is another file of the report");
            self.mistakes.push(Mistake::new(
                file.span.clone(),
                message,
                "choose another name",
            ));
        }
        name.clone()
    }
}
