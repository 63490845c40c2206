//! The data of charts, collected while runs are computed or read back.
//!
//! A chart has an upper limit of runs and of points, so that memory does not grow with
//! runs × epochs; see [`RunPoints`] for what is stored of each run.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::thinning::RunPoints;
use gradtape_experiment::batch::{Quantities, Recorder, Row, RunResult};
use gradtape_experiment::number::{Number, Scalar};
use gradtape_experiment::plan::charts::{Chart, Coordinate};
use gradtape_experiment::plan::{Plan, Quantity, Run};

/// The runs that a chart shows.
#[derive(Debug)]
struct Sample {
    /// The runs in order; all that the chart is about, or evenly spaced ones.
    runs: Vec<u64>,
    /// The number of runs that it is about.
    of: usize,
}

impl Sample {
    /// Selects among the runs `numbers` of the plan.
    fn new(plan: &Plan, chart: &Chart, numbers: &[u64]) -> Self {
        let needs = &chart.needs;
        let is_about = |number: u64| match &needs.objectives {
            Some(objectives) => objectives.contains(&plan.objective_of(number)),
            None => true,
        };
        let chosen: Cow<'_, [u64]> = if chart.runs.is_everything() && needs.objectives.is_none() {
            numbers.into()
        } else {
            let chooses =
                |number: &u64| chart.runs.chooses_number(plan, *number) && is_about(*number);
            numbers.iter().copied().filter(chooses).collect()
        };
        Sample {
            runs: some_of(&chosen, needs.max_groups, needs.group),
            of: chosen.len(),
        }
    }

    fn has(&self, run: u64) -> bool {
        self.runs.binary_search(&run).is_ok()
    }
}

/// Evenly spaced groups of `runs`, at most `limit`; a group is the runs with the same
/// quotient by `together`.
fn some_of(runs: &[u64], limit: usize, together: u64) -> Vec<u64> {
    let groups = runs.chunk_by(|a, b| a / together == b / together);
    let stride = groups.clone().count().div_ceil(limit).max(1);
    groups.step_by(stride).flatten().copied().collect()
}

/// A coordinate of the points of a run.
#[derive(Clone, Copy, Debug)]
enum RunCoordinate {
    Epoch,
    Quantity(Quantity),
    /// The loss minus this minimum.
    Gap(Number),
    Parameter(usize),
}

impl RunCoordinate {
    /// The coordinate of a run; `None` if the run does not have it.
    fn new(coordinate: &Coordinate, plan: &Plan, run: &Run) -> Option<RunCoordinate> {
        let name = match coordinate {
            Coordinate::Named(name) => name,
            Coordinate::Parameter(place) => return Some(RunCoordinate::Parameter(*place)),
        };
        let objective = &plan.objectives[run.objective];
        match Quantity::named(name) {
            Some(Quantity::Gap) => objective.minimum.map(RunCoordinate::Gap),
            Some(Quantity::ValidationLoss) if !objective.has_validation() => None,
            Some(quantity) => Some(RunCoordinate::Quantity(quantity)),
            None if name == "epoch" => Some(RunCoordinate::Epoch),
            None => {
                let mut variables = objective.function.parameters().iter();
                let place = variables.position(|variable| variable == name);
                place.map(RunCoordinate::Parameter)
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
    fn of(self, row: &Row<'_>) -> f64 {
        match self {
            RunCoordinate::Epoch => row.epoch as f64,
            RunCoordinate::Quantity(quantity) => {
                let value = row.quantities.get(quantity);
                value.map_or(f64::NAN, Scalar::to_f64)
            }
            RunCoordinate::Gap(minimum) => row.quantities.loss().minus(minimum).to_f64(),
            RunCoordinate::Parameter(place) => (row.parameters)(place).to_f64(),
        }
    }
}

/// The points of the charts that look at more than final values, by chart and run.
type Lines = BTreeMap<(usize, u64), Vec<[f64; 2]>>;

/// The endings of the runs that each chart draws, by chart and run.
type Endings = HashMap<(usize, u64), Ending>;

/// The data of the charts of a plan.
#[derive(Clone, Debug)]
pub(crate) struct ChartData {
    /// By chart.
    samples: Arc<[Sample]>,
    lines: Lines,
    endings: Endings,
}

impl ChartData {
    /// No data yet, for charts of the runs `numbers` of the plan.
    pub(crate) fn new(plan: &Plan, numbers: &[u64]) -> Self {
        let charts = plan.charts.iter();
        let samples = charts.map(|chart| Sample::new(plan, chart, numbers));
        ChartData {
            samples: samples.collect(),
            lines: Lines::new(),
            endings: Endings::new(),
        }
    }

    /// No data, for the same charts.
    pub(crate) fn empty(&self) -> Self {
        ChartData {
            samples: Arc::clone(&self.samples),
            lines: Lines::new(),
            endings: Endings::new(),
        }
    }

    /// Adds the data of other runs.
    pub(crate) fn extend(&mut self, others: ChartData) {
        self.lines.extend(others.lines);
        self.endings.extend(others.endings);
    }

    /// The runs that a chart draws, in order.
    pub(crate) fn runs(&self, chart: usize) -> &[u64] {
        &self.samples[chart].runs
    }

    /// The number of runs that a chart is about.
    pub(crate) fn run_count(&self, chart: usize) -> usize {
        self.samples[chart].of
    }

    /// The points of a run in a chart that looks at more than final values.
    pub(crate) fn points(&self, chart: usize, run: u64) -> Option<&[[f64; 2]]> {
        self.lines.get(&(chart, run)).map(Vec::as_slice)
    }

    pub(crate) fn ending(&self, chart: usize, run: u64) -> Option<&Ending> {
        self.endings.get(&(chart, run))
    }

    /// The runs of a chart that diverged.
    pub(crate) fn diverged(&self, chart: usize) -> usize {
        let endings = self.runs(chart).iter();
        let endings = endings.filter_map(|run| self.ending(chart, *run));
        endings.filter(|ending| ending.is_diverged).count()
    }
}

/// Collects the data of charts from recorded epochs and results.
pub(crate) struct ChartRecorder<'p> {
    plan: &'p Plan,
    data: ChartData,
    /// The points of the current run, by chart.
    current: Vec<(usize, [RunCoordinate; 2], RunPoints)>,
    run: u64,
}

impl<'p> ChartRecorder<'p> {
    /// Adds to `data`.
    pub(crate) fn new(plan: &'p Plan, data: ChartData) -> Self {
        ChartRecorder {
            plan,
            data,
            current: Vec::new(),
            run: 0,
        }
    }

    /// Adds the result of a run.
    pub(crate) fn conclude(&mut self, result: &RunResult) {
        for (place, chart) in self.plan.charts.iter().enumerate() {
            if !self.data.samples[place].has(result.number) {
                continue;
            }
            let needs = &chart.needs;
            let quantity = needs.final_quantity.as_ref();
            let value = quantity.and_then(|name| result.quantity(self.plan, name));
            let label = needs.has_labels.then(|| result.label.clone());
            let ending = Ending {
                label: label.unwrap_or_default(),
                is_diverged: result.is_diverged(),
                reached: [
                    result.status_epoch,
                    // The result counts up to the last finite state.
                    Quantities::of_rule(result.status_epoch)
                        .count(Quantity::Evaluations)
                        .max(result.quantities.count(Quantity::Evaluations)),
                ],
                value: value.map(Scalar::to_f64),
            };
            self.data.endings.insert((place, result.number), ending);
        }
    }

    /// The data of all runs so far.
    pub(crate) fn finish(mut self) -> ChartData {
        self.end_run();
        self.data
    }

    fn end_run(&mut self) {
        for (chart, _, points) in self.current.drain(..) {
            let points = points.into_points();
            self.data.lines.insert((chart, self.run), points);
        }
    }
}

impl Recorder for ChartRecorder<'_> {
    fn begin(&mut self, run: &Run) {
        self.end_run();
        self.run = run.number;
        for (place, chart) in self.plan.charts.iter().enumerate() {
            let Some(points) = &chart.needs.points else {
                continue;
            };
            if !self.data.samples[place].has(run.number) {
                continue;
            }
            let axes = [&points.x, &points.y].map(|axis| RunCoordinate::new(axis, self.plan, run));
            if let [Some(x), Some(y)] = axes {
                let points = RunPoints::new(points.thinning, self.data.runs(place).len());
                self.current.push((place, [x, y], points));
            }
        }
    }

    fn record(&mut self, row: &Row<'_>) {
        for (_, axes, points) in &mut self.current {
            points.push(axes.map(|axis| axis.of(row)));
        }
    }
}

/// What a chart must know of a run in addition to its points.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// What distinguishes the run, if the chart shows it by itself.
    pub(crate) label: String,
    pub(crate) is_diverged: bool,
    /// The epoch of its status, and the evaluations up to there.
    pub(crate) reached: [u64; 2],
    /// The final value of the chart's quantity, if it shows one.
    pub(crate) value: Option<f64>,
}

impl Ending {
    /// Where on an axis of this quantity the run diverged, if it did and the axis is one of
    /// time.
    #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
    pub(crate) fn diverged_at(&self, x: &str) -> Option<f64> {
        let [epoch, evaluations] = self.reached;
        let at = match x {
            "epoch" => epoch,
            "evaluations" => evaluations,
            _ => return None,
        };
        self.is_diverged.then_some(at as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradtape_experiment::batch::{self, Cancelled, Control};
    use gradtape_experiment::ending::Outcome;
    use gradtape_experiment::plan::charts::{Needs, Points, Thinning};

    /// What a kind of chart that does not exist could need.
    #[test]
    fn all_that_a_chart_needs_is_collected_whatever_its_kind() {
        let source = r#"
            epochs = [1, 2]
            [[objective]]
            formula = "x^2"
            start = { x = 1 }
            [[objective]]
            formula = "y^2"
            start = { y = 8 }
            minimum = { value = 0 }
            [[optimizer]]
            method = "sgd"
            learning_rate = 0.25
        "#;
        let mut plan = Plan::new("test.toml", source).unwrap();
        plan.charts.truncate(1);
        plan.charts[0].needs = Needs {
            objectives: Some(vec![1]),
            points: Some(Points {
                x: Coordinate::Named("epoch".to_owned()),
                y: Coordinate::Parameter(0),
                thinning: Thinning::Even,
            }),
            final_quantity: Some("gap".to_owned()),
            has_labels: true,
            ..plan.charts[0].needs.clone()
        };
        let numbers: Vec<u64> = (0..plan.runs.count()).collect();
        let of_second = |number: &u64| plan.objective_of(*number) == 1;
        let expected: Vec<u64> = numbers.iter().copied().filter(of_second).collect();
        let mut data = ChartData::new(&plan, &numbers);
        assert_eq!((data.runs(0), data.run_count(0)), (&expected[..], 2));
        let empty = data.empty();
        let recorder = || ChartRecorder::new(&plan, empty.empty());
        let control = Control::default();
        batch::run(
            &plan,
            &numbers,
            recorder,
            &control,
            |ended, mut recorder| {
                for (run, end) in ended {
                    recorder.conclude(&RunResult::new(&plan, run, &end, Outcome::Growing));
                }
                data.extend(recorder.finish());
                Ok::<(), Cancelled>(())
            },
        )
        .unwrap();
        let last = expected[1];
        let points = [[0.0, 8.0], [1.0, 4.0], [2.0, 2.0]];
        assert_eq!(data.points(0, last), Some(&points[..]));
        let ending = data.ending(0, last).unwrap();
        assert_eq!(ending.value, Some(4.0));
        assert_eq!(ending.label, plan.label(&plan.run(last)));
        let other = numbers.iter().find(|number| !of_second(number)).unwrap();
        assert!(data.points(0, *other).is_none() && data.ending(0, *other).is_none());
    }
}
