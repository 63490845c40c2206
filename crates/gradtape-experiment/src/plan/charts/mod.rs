//! The charts of a plan. A kind of chart is a module: what its keys say, and what it needs of the
//! runs. Its figure is made above, by the report.

mod contour;
mod decider;
mod defaults;
mod heatmap;
mod histogram;
mod line;
mod needs;
mod profile;
mod style;
mod sweep;

use super::Quantity;
use super::{Filter, Record, Runs};
use crate::mistake::{At, Code, Mistake};
use crate::spec::Spec;
use decider::ChartDecider;

pub use contour::ContourChart;
pub use heatmap::HeatmapChart;
pub use histogram::HistogramChart;
pub use line::LineChart;
pub use needs::{Coordinate, Fields, Needs, Points, Thinning};
pub use profile::ProfileChart;
pub use style::{Font, Style, Theme};
pub use sweep::SweepChart;

pub(super) use style::style;

/// The kind of a chart.
#[derive(Clone, Debug, PartialEq)]
pub enum ChartKind {
    /// A recorded quantity over another.
    Line(LineChart),
    /// A final quantity over a setting.
    Sweep(SweepChart),
    /// A final quantity over two settings.
    Heatmap(HeatmapChart),
    /// Objectives with two parameters, and the paths of the runs.
    Contour(ContourChart),
    /// The share of problems that are solved within a budget.
    Profile(ProfileChart),
    /// The distribution of a final quantity.
    Histogram(HistogramChart),
}

/// Decides what depends on the kind of a chart: the chart, and the settings that its axes or
/// colours show already, as columns of the plan.
type Decide = fn(&mut ChartDecider<'_>) -> (Chart, Vec<usize>);

/// The kinds by their names in a file, the default first.
const KINDS: &[(&str, Decide)] = &[
    ("line", line::decide),
    ("sweep", sweep::decide),
    ("heatmap", heatmap::decide),
    ("contour", contour::decide),
    ("profile", profile::decide),
    ("histogram", histogram::decide),
];

/// Maximum number of final values in a chart.
const MAX_VALUES: usize = 1_000_000;

/// A chart, with all defaults filled in.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The kind of the chart.
    pub kind: ChartKind,
    /// What it needs of the runs.
    pub needs: Needs,
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

impl Chart {
    /// A chart of all runs over linear axes.
    fn new(kind: ChartKind, needs: Needs, title: String, file: String) -> Chart {
        Chart {
            kind,
            needs,
            x_scale: Scale::Linear,
            y_scale: Scale::Linear,
            title,
            file,
            runs: Filter::default(),
            group_by: None,
            facet: None,
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

pub(super) fn decide(
    runs: &Runs,
    record: &Record,
    spec: &Spec,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    let is_whole = mistakes.is_empty();
    for written in &spec.chart {
        let decider = ChartDecider {
            runs,
            record,
            written,
            is_whole,
            mistakes,
        };
        let Some(mut chart) = decider.chart() else {
            continue;
        };
        if let (Some(title), None, 1) = (&spec.title, &written.title, spec.chart.len()) {
            chart.title.clone_from(&title.value);
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
        defaults::charts(runs, record)
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

#[cfg(test)]
mod tests {
    use super::KINDS;
    use crate::spec::CHART_KINDS;

    #[test]
    fn each_kind_of_the_file_format_is_decided() {
        let decided = KINDS.iter().map(|(name, _)| *name);
        assert!(decided.eq(CHART_KINDS.iter().map(|(name, _)| *name)));
    }
}
