//! The charts of a plan.

mod contour;
mod decider;
mod defaults;
mod heatmap;
mod profile;
mod style;

use super::Quantity;
use super::{Filter, Plan};
use crate::mistake::{At, Code, Mistake};
use crate::spec::Spec;
use decider::ChartDecider;

pub use style::{Font, Style, Theme};

pub(super) use style::style;

/// A chart, with all defaults filled in.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The kind of the chart.
    pub kind: ChartKind,
    /// The scale of the x axis.
    pub x_scale: Scale,
    /// The scale of the y axis.
    pub y_scale: Scale,
    /// The title.
    pub title: String,
    /// The name of the files, without extension.
    pub file: String,
    /// The runs that are drawn.
    pub runs: Filter,
    /// The setting that colours distinguish, as a column of the plan.
    pub group_by: Option<usize>,
    /// The setting that panels distinguish, as a column of the plan.
    pub facet: Option<usize>,
}

/// The kind of a chart.
#[derive(Clone, Debug, PartialEq)]
pub enum ChartKind {
    /// A recorded quantity over another, a line for each run.
    Line {
        /// The quantity on the x axis, or `epoch`.
        x: String,
        /// The quantity on the y axis.
        y: String,
        /// How repetitions are combined.
        band: Band,
    },
    /// A final quantity over a setting, a point for each run.
    Sweep {
        /// The setting on the x axis, as a column of the plan.
        x: usize,
        /// The quantity on the y axis.
        y: String,
        /// How repetitions are combined.
        band: Band,
    },
    /// A final quantity over two settings, as colours.
    Heatmap {
        /// The setting on the x axis, as a column of the plan.
        x: usize,
        /// The setting on the y axis, as a column of the plan.
        y: usize,
        /// The quantity.
        value: String,
        /// The scale of the colours.
        value_scale: Scale,
    },
    /// Objectives with two parameters, and the paths of the runs.
    Contour {
        /// The objectives, by their places in the plan.
        objectives: Vec<usize>,
        /// Whether there is also an animation of the runs.
        animate: bool,
    },
    /// The share of problems that are solved within a budget.
    Profile(Profile),
    /// The distribution of a final quantity.
    Histogram {
        /// The quantity.
        x: String,
    },
}

impl Chart {
    /// Whether there is also an animation of it.
    pub fn is_animated(&self) -> bool {
        matches!(self.kind, ChartKind::Contour { animate: true, .. })
    }
}

impl ChartKind {
    /// The final quantity of each run that the chart shows, if any.
    #[must_use]
    pub fn final_quantity(&self) -> Option<&str> {
        match self {
            ChartKind::Sweep { y, .. } => Some(y),
            ChartKind::Heatmap { value, .. } => Some(value),
            ChartKind::Histogram { x } => Some(x),
            // Shown for the best run.
            ChartKind::Contour { .. } => Some("loss"),
            ChartKind::Line { .. } | ChartKind::Profile(_) => None,
        }
    }
}

/// How runs that differ only in their repetition are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Their median, and the area between the quartiles.
    Quartiles,
    /// Their median, and the area between the minimum and the maximum.
    Range,
    /// Not at all.
    None,
}

/// The criterion of a solved problem, and the budget over which the share of solved problems
/// is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Profile {
    /// Over multiples of the evaluations of the fastest solver.
    Performance {
        /// A problem is solved when loss ≤ best + tolerance × (start − best).
        tolerance: f64,
    },
    /// Over evaluations in units of n + 1.
    Data {
        /// A problem is solved when loss ≤ best + tolerance × (start − best).
        tolerance: f64,
    },
    /// Over evaluations divided by n, of pairs of a problem and a target.
    Ecdf {
        /// Gaps to the known minimum, the largest first.
        targets: Vec<f64>,
    },
}

/// The scale of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
    /// Equal differences around 0, equal ratios beyond on both sides.
    SymLog,
    /// The scale that fits the values, as the kind of the chart decides.
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
    for written in &spec.chart {
        let decider = ChartDecider {
            plan,
            written,
            is_whole,
            mistakes,
        };
        let Some(mut chart) = decider.chart() else {
            continue;
        };
        if spec.chart.len() == 1 && written.title.is_none() && spec.title.is_some() {
            chart.title.clone_from(&plan.title);
        }
        if let Some(twin) = charts.iter().position(|other| other.file == chart.file) {
            match &written.file {
                Some(file) => {
                    let message = format!("two charts have the file name `{}`", file.value);
                    let label = "expected a unique name";
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
    if spec.chart.is_empty() {
        defaults::charts(plan)
    } else {
        charts
    }
}

fn title(y: &str, x: &str) -> String {
    format!("{} over {}", quantity_label(y), quantity_label(x))
}

/// The label of a quantity or setting in a chart; a parameter keeps its name.
#[must_use]
pub fn quantity_label(name: &str) -> String {
    match (Quantity::named(name), name.strip_prefix("start.")) {
        (Some(quantity), _) => quantity.label().to_owned(),
        (None, Some(variable)) => format!("start of {variable}"),
        (None, None) => name.to_owned(),
    }
}

fn file_name(y: &str, x: &str) -> String {
    format!("{y}_over_{}", x.replace("start.", "start_"))
}
