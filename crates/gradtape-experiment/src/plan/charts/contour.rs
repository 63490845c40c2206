//! `kind = "contour"`.

use super::decider::ChartDecider;
use super::needs::{Coordinate, Fields, Needs, Points, Thinning};
use super::{Chart, ChartKind, Record, Runs};
use crate::mistake::{Code, suggestion};

/// More paths than this hide the level lines.
const MAX_PATHS: usize = 300;

/// Objectives with two parameters, and the paths of the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ContourChart {
    /// The objectives, by their places in the plan.
    pub objectives: Vec<usize>,
    /// Whether there is also an animation of the runs.
    pub animate: bool,
}

pub(super) fn chart(runs: &Runs, objectives: Vec<usize>, animate: bool) -> Chart {
    let mut data = objectives.iter().map(|place| &runs.objectives[*place].data);
    let needs = Needs {
        points: Some(Points {
            x: Coordinate::Parameter(0),
            y: Coordinate::Parameter(1),
            thinning: Thinning::Corners,
        }),
        // Shown for the best run.
        final_quantity: Some("loss".to_owned()),
        has_labels: true,
        fields: match data.any(Option::is_some) {
            true => Fields::Stored,
            false => Fields::Computable,
        },
        is_animated: animate,
        objectives: Some(objectives.clone()),
        ..Needs::of_runs(MAX_PATHS)
    };
    let title = match objectives.as_slice() {
        [only] => format!("descents on {}", runs.objectives[*only].name),
        _ => format!("descents on {} objectives", objectives.len()),
    };
    let kind = ChartKind::Contour(ContourChart {
        objectives,
        animate,
    });
    Chart::new(kind, needs, title, "contour".to_owned())
}

/// Whether an objective, by its place, has two parameters.
pub(super) fn is_plane(runs: &Runs, objective: usize) -> bool {
    let function = runs.objectives.get(objective).map(|one| &one.function);
    function.is_some_and(|function| function.parameters().len() == 2)
}

/// A parameter of an objective that is not recorded, if there is one.
pub(super) fn unrecorded<'r>(runs: &'r Runs, record: &Record, objective: usize) -> Option<&'r str> {
    let recorded = &record.parameters;
    let mut parameters = runs.objectives[objective].function.parameters().iter();
    let missing = parameters.find(|name| !recorded.contains(name));
    missing.map(String::as_str)
}

pub(super) fn decide(decider: &mut ChartDecider<'_>) -> (Chart, Vec<usize>) {
    let runs = decider.runs;
    let objectives = decider.planes();
    let missing = objectives.iter();
    let mut missing = missing.filter_map(|place| unrecorded(runs, decider.record, *place));
    if let Some(missing) = missing.next() {
        let message = format!("a contour needs `{missing}`, which is not recorded");
        let label = "the paths of the runs are drawn from recorded values";
        let help = format!("add `{missing}` to `record.parameters`, or remove this key");
        let span = decider.written.span.clone();
        decider.mistake(Code::Chart, &span, message, label, &help);
    }
    let animate = decider.written.animate.as_ref();
    let animate = animate.is_some_and(|animate| animate.value);
    let chart = Chart {
        group_by: decider.group(),
        ..chart(runs, objectives, animate)
    };
    (chart, Vec::new())
}

impl ChartDecider<'_> {
    fn planes(&mut self) -> Vec<usize> {
        let places = 0..self.runs.objectives.len();
        let Some(written) = &self.written.objective else {
            let planes: Vec<usize> = places.filter(|place| is_plane(self.runs, *place)).collect();
            if planes.is_empty() {
                let first = self.runs.objectives.first();
                let label = first.map_or_else(String::new, |first| {
                    format!("`{}` {}", first.name, has_parameters(self.runs, 0))
                });
                let message = "a contour needs an objective with two parameters";
                let help = "use `kind = \"line\"`, or `kind = \"heatmap\"` over two settings";
                let span = self.written.span.clone();
                self.missing(Code::Chart, &span, message, label, help);
            }
            return planes;
        };
        let mut chosen = Vec::new();
        for name in &written.list {
            let named: Vec<usize> = places
                .clone()
                .filter(|place| self.runs.objectives[*place].name == name.value)
                .collect();
            let Some(first) = named.first() else {
                let known = self.runs.objectives.iter().map(|one| one.name.as_str());
                let label = suggestion(&name.value, "available objectives", known);
                let message = format!("unknown objective `{}`", name.value);
                self.missing(Code::UnknownName, &name.span, message, label, "");
                continue;
            };
            let planes = named.iter().filter(|place| is_plane(self.runs, **place));
            let planes: Vec<usize> = planes.copied().collect();
            if planes.is_empty() {
                let has = has_parameters(self.runs, *first);
                let message = format!("`{}` cannot have a contour", name.value);
                let label = format!("it {has}; a contour needs two");
                let help = "use `kind = \"line\"`, or `kind = \"heatmap\"` over two settings";
                self.mistake(Code::Chart, &name.span, message, label, help);
            }
            chosen.extend(planes);
        }
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

fn has_parameters(runs: &Runs, objective: usize) -> String {
    match runs.objectives[objective].function.parameters().len() {
        1 => "has one parameter".to_owned(),
        count => format!("has {count} parameters"),
    }
}
