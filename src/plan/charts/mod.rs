//! What is drawn.

mod contour;
mod decider;
mod defaults;
mod heatmap;
mod profile;
mod style;

use super::{Filter, Plan};
use crate::mistake::{At, Code, Mistake};
use crate::spec::Spec;
use decider::ChartDecider;

pub use style::{Font, Style, Theme};

pub(super) use style::style;

/// One chart, decided.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows.
    pub kind: ChartKind,
    /// How the x axis is divided.
    pub x_scale: Scale,
    /// How the y axis is divided.
    pub y_scale: Scale,
    /// The title.
    pub title: String,
    /// The name of the files, without extension.
    pub file: String,
    /// The runs that are drawn.
    pub runs: Filter,
    /// The setting that colours tell apart, as a column of the plan.
    pub group_by: Option<usize>,
    /// The setting that panels tell apart, as a column of the plan.
    pub facet: Option<usize>,
}

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub enum ChartKind {
    /// A recorded quantity over another, a line for each run.
    Line {
        /// The quantity on the x axis, or `epoch`.
        x: String,
        /// The quantity on the y axis.
        y: String,
        /// How repetitions are brought together.
        band: Band,
    },
    /// A final quantity over a setting, a point for each run.
    Sweep {
        /// The setting on the x axis, as a column of the plan.
        x: usize,
        /// The quantity on the y axis.
        y: String,
        /// How repetitions are brought together.
        band: Band,
    },
    /// A final quantity over two settings, as colours.
    Heatmap {
        /// The setting on the x axis, as a column of the plan.
        x: usize,
        /// The one on the y axis.
        y: usize,
        /// The quantity.
        value: String,
        /// How the colours are divided.
        value_scale: Scale,
    },
    /// Objectives of two parameters with the ways of the runs over them.
    Contour {
        /// The objectives, by their places in the plan.
        objectives: Vec<usize>,
        /// Whether the descent is to be seen in time too.
        animate: bool,
    },
    /// The share of problems that are solved within a budget.
    Profile(Profile),
    /// How often a final quantity has which value.
    Histogram {
        /// The quantity.
        x: String,
    },
}

impl Chart {
    /// Whether it is to be seen in time too.
    pub(crate) fn is_animated(&self) -> bool {
        matches!(self.kind, ChartKind::Contour { animate: true, .. })
    }
}

impl ChartKind {
    /// The final quantity that the chart shows of each run, if it shows one.
    #[must_use]
    pub fn final_quantity(&self) -> Option<&str> {
        match self {
            ChartKind::Sweep { y, .. } => Some(y),
            ChartKind::Heatmap { value, .. } => Some(value),
            ChartKind::Histogram { x } => Some(x),
            // Said of the best one.
            ChartKind::Contour { .. } => Some("loss"),
            ChartKind::Line { .. } | ChartKind::Profile(_) => None,
        }
    }
}

/// How runs that differ in their repetition alone are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Their median, and the area between the quartiles.
    Quartiles,
    /// Their median, and the area between the least and the greatest.
    Range,
    /// Not at all.
    None,
}

/// When a problem is solved, and over which budget the share of solved ones is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Profile {
    /// Over multiples of the evaluations of the fastest solver.
    Performance {
        /// The share of the greatest fall that may be missing.
        tolerance: f64,
    },
    /// Over evaluations in units of n + 1.
    Data {
        /// The share of the greatest fall that may be missing.
        tolerance: f64,
    },
    /// Over evaluations divided by n, of pairs of a problem and a target.
    Ecdf {
        /// Gaps to the known minimum, the greatest first.
        targets: Vec<f64>,
    },
}

/// How an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
    /// Equal differences around 0, equal ratios beyond on both sides.
    SymLog,
    /// As the values are best seen; the kind of the chart knows how.
    Fitting,
}

impl Scale {
    fn new(written: Option<&At<String>>, default: Scale) -> Scale {
        match written.map(|scale| scale.value.as_str()) {
            Some("log") => Scale::Log,
            Some("symlog") => Scale::SymLog,
            Some(_) => Scale::Linear,
            None => default,
        }
    }
}

pub(super) fn decide(plan: &Plan, spec: &Spec, mistakes: &mut Vec<Mistake>) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    let is_whole = mistakes.is_empty();
    for written in &spec.charts {
        let decider = ChartDecider {
            plan,
            written,
            is_whole,
            mistakes,
        };
        let Some(mut chart) = decider.chart() else {
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
                    mistakes.push(Mistake::new(
                        Code::NameTaken,
                        file.span.clone(),
                        message,
                        label,
                    ));
                }
                None => chart.file = format!("{}_{}", charts[twin].file, charts.len() + 1),
            }
        }
        charts.push(chart);
    }
    if spec.charts.is_empty() {
        defaults::charts(plan)
    } else {
        charts
    }
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
