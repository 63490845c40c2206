//! The data of charts, collected while runs are computed or read back.
//!
//! A chart has an upper limit of runs and of points, so that memory does not grow with
//! runs × epochs; see [`Track`] for what is stored of each run.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::thinning::Track;
use gradtape_experiment::batch::{Quantities, Recorder, Row, RunResult};
use gradtape_experiment::number::{Number, Scalar};
use gradtape_experiment::plan::{Band, ChartKind, Plan, Profile, Quantity, Run};

/// More lines than this are one area of colour.
const MAX_LINES: usize = 1_000;

/// More paths than this hide the level lines.
const MAX_PATHS: usize = 300;

/// The runs of all bands together.
const MAX_REPETITIONS: usize = 20_000;

/// Number of groups of neighbours in all lines of a chart together, and the minimum
/// and maximum for each line. The maximum is far more than a chart has pixels.
const GROUPS: usize = 1 << 18;
const GROUPS_OF_A_LINE: std::ops::RangeInclusive<usize> = 256..=16_384;
const POINTS_OF_A_BAND: std::ops::RangeInclusive<usize> = 64..=4_096;
const IMPROVEMENTS_IN_AN_OCTAVE: std::ops::RangeInclusive<usize> = 16..=512;

/// More marks than this hide one another.
const MAX_MARKS: usize = 20_000;

/// Maximum number of final values in a chart.
const MAX_VALUES: usize = 1_000_000;

/// The runs that each chart of a plan draws.
#[derive(Debug)]
struct Samples {
    charts: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    /// The runs in order; all that the chart is about, or evenly spaced ones.
    runs: Vec<u64>,
    /// The number of runs that it is about.
    of: usize,
}

impl Samples {
    /// Selects among the runs `numbers` of the plan.
    fn new(plan: &Plan, numbers: &[u64]) -> Self {
        let charts = plan.charts.iter().map(|chart| {
            let is_about = |number: u64| match &chart.kind {
                ChartKind::Contour { objectives, .. } => {
                    objectives.contains(&plan.objective_of(number))
                }
                ChartKind::Profile(Profile::Ecdf { .. }) => {
                    plan.objectives[plan.objective_of(number)].minimum.is_some()
                }
                _ => true,
            };
            let has_all = matches!(
                chart.kind,
                ChartKind::Line { .. }
                    | ChartKind::Sweep { .. }
                    | ChartKind::Heatmap { .. }
                    | ChartKind::Histogram { .. }
            );
            let chosen: Cow<'_, [u64]> = if chart.runs.is_everything() && has_all {
                numbers.into()
            } else {
                let numbers = numbers.iter().copied();
                let chooses =
                    |number: &u64| chart.runs.chooses_number(plan, *number) && is_about(*number);
                numbers.filter(chooses).collect()
            };
            let of = chosen.len();
            // Repetitions stay together, as they are combined.
            let repetitions = usize::try_from(plan.repetitions()).unwrap_or(usize::MAX);
            let (limit, together) = match &chart.kind {
                ChartKind::Line { band, .. } if *band != Band::None => {
                    let limit = MAX_REPETITIONS / repetitions.clamp(1, MAX_REPETITIONS);
                    (limit.clamp(1, MAX_LINES), plan.repetitions())
                }
                ChartKind::Line { .. } => (MAX_LINES, 1),
                ChartKind::Contour { .. } => (MAX_PATHS, 1),
                ChartKind::Sweep { band, .. } if *band != Band::None => {
                    (MAX_MARKS, plan.repetitions())
                }
                ChartKind::Sweep { .. } => (MAX_MARKS, 1),
                ChartKind::Profile(_) => (MAX_REPETITIONS, 1),
                ChartKind::Heatmap { .. } | ChartKind::Histogram { .. } => (MAX_VALUES, 1),
            };
            Sample {
                runs: some_of(&chosen, limit, together),
                of,
            }
        });
        Samples {
            charts: charts.collect(),
        }
    }

    fn draws(&self, chart: usize, run: u64) -> bool {
        self.charts[chart].runs.binary_search(&run).is_ok()
    }
}

/// Evenly spaced groups of `runs`, at most `limit`; a group is the runs with the same
/// quotient by `together`.
fn some_of(runs: &[u64], limit: usize, together: u64) -> Vec<u64> {
    let groups = runs.chunk_by(|a, b| a / together == b / together);
    let stride = groups.clone().count().div_ceil(limit).max(1);
    groups.step_by(stride).flatten().copied().collect()
}

/// A coordinate of a point: a number of a recorded epoch.
#[derive(Clone, Copy, Debug)]
enum Coordinate {
    Epoch,
    Quantity(Quantity),
    /// The loss minus this minimum.
    Gap(Number),
    Parameter(usize),
}

impl Coordinate {
    /// The coordinate with this name; `None` if the run does not have it.
    fn named(name: &str, plan: &Plan, run: &Run) -> Option<Coordinate> {
        let objective = &plan.objectives[run.objective];
        match Quantity::named(name) {
            Some(Quantity::Gap) => objective.minimum.map(Coordinate::Gap),
            Some(Quantity::ValidationLoss) if !objective.has_validation() => None,
            Some(quantity) => Some(Coordinate::Quantity(quantity)),
            None if name == "epoch" => Some(Coordinate::Epoch),
            None => {
                let mut variables = objective.function.parameters().iter();
                let place = variables.position(|variable| variable == name);
                place.map(Coordinate::Parameter)
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
    fn of(self, row: &Row<'_>) -> f64 {
        match self {
            Coordinate::Epoch => row.epoch as f64,
            Coordinate::Quantity(quantity) => {
                let value = row.quantities.get(quantity);
                value.map_or(f64::NAN, Scalar::to_f64)
            }
            Coordinate::Gap(minimum) => row.quantities.loss().minus(minimum).to_f64(),
            Coordinate::Parameter(place) => (row.parameters)(place).to_f64(),
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
    samples: Arc<Samples>,
    lines: Lines,
    endings: Endings,
}

impl ChartData {
    /// No data yet, for charts of the runs `numbers` of the plan.
    pub(crate) fn new(plan: &Plan, numbers: &[u64]) -> Self {
        ChartData {
            samples: Arc::new(Samples::new(plan, numbers)),
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
        &self.samples.charts[chart].runs
    }

    /// The number of runs that a chart is about.
    pub(crate) fn run_count(&self, chart: usize) -> usize {
        self.samples.charts[chart].of
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
    current: Vec<(usize, Coordinate, Coordinate, Track)>,
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
            if !self.data.samples.draws(place, result.number) {
                continue;
            }
            let quantity = chart.kind.final_quantity();
            let value = quantity.and_then(|name| result.quantity(self.plan, name));
            let has_name = matches!(
                chart.kind,
                ChartKind::Line { .. } | ChartKind::Contour { .. }
            );
            let ending = Ending {
                label: if has_name {
                    result.label.clone()
                } else {
                    String::new()
                },
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
        for (chart, _, _, line) in self.current.drain(..) {
            let points = line.points();
            self.data.lines.insert((chart, self.run), points);
        }
    }
}

impl Recorder for ChartRecorder<'_> {
    fn begin(&mut self, run: &Run) {
        self.end_run();
        self.run = run.number;
        for (place, chart) in self.plan.charts.iter().enumerate() {
            if !self.data.samples.draws(place, run.number) {
                continue;
            }
            let named = |name: &str| Coordinate::named(name, self.plan, run);
            let runs = self.data.runs(place).len().max(1);
            let of_a_run = |limits: &std::ops::RangeInclusive<usize>| {
                (GROUPS / runs).clamp(*limits.start(), *limits.end())
            };
            let (x, y, track) = match &chart.kind {
                ChartKind::Line { x, y, band } => {
                    let track = match band {
                        Band::None => Track::line(of_a_run(&GROUPS_OF_A_LINE)),
                        _ => Track::sampled(of_a_run(&POINTS_OF_A_BAND)),
                    };
                    (named(x), named(y), track)
                }
                ChartKind::Contour { .. } => {
                    let [x, y] = [0, 1].map(|place| Some(Coordinate::Parameter(place)));
                    (x, y, Track::way(of_a_run(&GROUPS_OF_A_LINE)))
                }
                ChartKind::Profile(profile) => {
                    let y = match profile {
                        Profile::Ecdf { .. } => named("gap"),
                        _ => Some(Coordinate::Quantity(Quantity::Loss)),
                    };
                    #[expect(clippy::cast_precision_loss, reason = "a small count")]
                    let octave = of_a_run(&IMPROVEMENTS_IN_AN_OCTAVE) as f64;
                    (
                        Some(Coordinate::Quantity(Quantity::Evaluations)),
                        y,
                        Track::improvements(octave),
                    )
                }
                ChartKind::Sweep { .. }
                | ChartKind::Heatmap { .. }
                | ChartKind::Histogram { .. } => continue,
            };
            if let (Some(x), Some(y)) = (x, y) {
                self.current.push((place, x, y, track));
            }
        }
    }

    fn record(&mut self, row: &Row<'_>) {
        for (_, x, y, line) in &mut self.current {
            line.push([x.of(row), y.of(row)]);
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
