//! What the charts show, collected while runs are computed or read back.
//!
//! A chart has an upper limit of lines and of points, so that memory does not
//! grow with runs × epochs: a line of more points is thinned, keeping the first,
//! least, greatest and last of neighbours.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::batch::{Recorder, Row, RunResult};
use crate::number::{Number, Scalar};
use crate::plan::{Chart, ChartKind, Plan, Run};

/// More lines than this are one area of colour.
const GREATEST_LINES: usize = 1_000;

/// So many groups of neighbours all lines of a chart have together, and each
/// line at least and at most. The most is far beyond the pixels of a chart.
const GROUPS: usize = 1 << 18;
const GROUPS_OF_A_LINE: std::ops::RangeInclusive<usize> = 256..=16_384;

/// More marks than this hide one another.
const GREATEST_MARKS: usize = 20_000;

/// Which runs each chart of a plan draws.
#[derive(Clone, Debug)]
pub(in crate::report) struct Drawn {
    charts: Vec<DrawnRuns>,
}

#[derive(Clone, Debug)]
pub(in crate::report) struct DrawnRuns {
    /// The runs in order; all that the chart is about, or evenly spaced ones.
    pub(in crate::report) runs: Vec<u64>,
    /// How many it is about.
    pub(in crate::report) of: usize,
}

impl Drawn {
    /// Chooses among the runs `numbers` of the plan.
    pub(in crate::report) fn new(plan: &Plan, numbers: &[u64]) -> Self {
        let charts = plan.charts.iter().map(|chart| {
            let chosen: Cow<'_, [u64]> = if chart.runs.is_everything() {
                numbers.into()
            } else {
                let chooses = |number: &&u64| chart.runs.chooses_number(plan, **number);
                numbers.iter().filter(chooses).copied().collect()
            };
            let limit = match chart.kind {
                ChartKind::Line { .. } => GREATEST_LINES,
                ChartKind::Sweep { .. } => GREATEST_MARKS,
            };
            let stride = chosen.len().div_ceil(limit).max(1);
            let of = chosen.len();
            DrawnRuns {
                runs: chosen.iter().copied().step_by(stride).collect(),
                of,
            }
        });
        Drawn {
            charts: charts.collect(),
        }
    }

    pub(in crate::report) fn chart(&self, chart: usize) -> &DrawnRuns {
        &self.charts[chart]
    }

    fn draws(&self, chart: usize, run: u64) -> bool {
        self.charts[chart].runs.binary_search(&run).is_ok()
    }
}

/// A quantity of a recorded epoch.
#[derive(Clone, Copy, Debug)]
enum Quantity {
    Epoch,
    Evaluations,
    LearningRate,
    Loss,
    GradientNorm,
    ValidationLoss,
    Gap(Number),
    Parameter(usize),
}

impl Quantity {
    /// The quantity with this name; `None` if the run has none such.
    fn named(name: &str, plan: &Plan, run: &Run) -> Option<Quantity> {
        let objective = &plan.objectives[run.objective];
        match name {
            "epoch" => Some(Quantity::Epoch),
            "evaluations" => Some(Quantity::Evaluations),
            "learning_rate" => Some(Quantity::LearningRate),
            "loss" => Some(Quantity::Loss),
            "gradient_norm" => Some(Quantity::GradientNorm),
            "validation_loss" => {
                let data = objective.data.as_ref()?;
                (!data.validation.is_empty()).then_some(Quantity::ValidationLoss)
            }
            "gap" => objective.minimum.map(Quantity::Gap),
            _ => {
                let variables = objective.function.parameters();
                variables
                    .iter()
                    .position(|variable| variable == name)
                    .map(Quantity::Parameter)
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
    fn of(self, row: &Row<'_>) -> f64 {
        match self {
            Quantity::Epoch => row.epoch as f64,
            Quantity::Evaluations => row.evaluations as f64,
            Quantity::LearningRate => row.learning_rate.map_or(f64::NAN, Scalar::to_f64),
            Quantity::Loss => row.loss.to_f64(),
            Quantity::GradientNorm => row.gradient_norm.to_f64(),
            Quantity::ValidationLoss => row.validation_loss.map_or(f64::NAN, Scalar::to_f64),
            Quantity::Gap(minimum) => row.loss.minus(minimum).to_f64(),
            Quantity::Parameter(place) => (row.parameters)(place).to_f64(),
        }
    }
}

/// The points of the line charts, by chart and run.
pub(in crate::report) type Lines = BTreeMap<(usize, u64), Vec<[f64; 2]>>;

/// Collects the points of the line charts from recorded epochs.
pub(in crate::report) struct LineRecorder<'p> {
    plan: &'p Plan,
    drawn: Arc<Drawn>,
    current: Vec<(usize, Quantity, Quantity, Thinned)>,
    run: u64,
    finished: Lines,
}

impl<'p> LineRecorder<'p> {
    pub(in crate::report) fn new(plan: &'p Plan, drawn: Arc<Drawn>) -> Self {
        LineRecorder {
            plan,
            drawn,
            current: Vec::new(),
            run: 0,
            finished: Lines::new(),
        }
    }

    fn end_run(&mut self) {
        for (chart, _, _, line) in self.current.drain(..) {
            self.finished.insert((chart, self.run), line.points());
        }
    }

    /// The lines of all runs so far.
    pub(in crate::report) fn finish(mut self) -> Lines {
        self.end_run();
        self.finished
    }
}

impl Recorder for LineRecorder<'_> {
    fn begin(&mut self, run: &Run) {
        self.end_run();
        self.run = run.number;
        for (place, chart) in self.plan.charts.iter().enumerate() {
            let ChartKind::Line { x } = &chart.kind else {
                continue;
            };
            if !self.drawn.draws(place, run.number) {
                continue;
            }
            let quantity = |name: &str| Quantity::named(name, self.plan, run);
            if let (Some(x), Some(y)) = (quantity(x), quantity(&chart.y)) {
                let lines = self.drawn.chart(place).runs.len().max(1);
                let groups =
                    (GROUPS / lines).clamp(*GROUPS_OF_A_LINE.start(), *GROUPS_OF_A_LINE.end());
                self.current.push((place, x, y, Thinned::new(groups)));
            }
        }
    }

    fn record(&mut self, row: &Row<'_>) {
        for (_, x, y, line) in &mut self.current {
            line.push([x.of(row), y.of(row)]);
        }
    }
}

/// The points of one line, thinned as they come: neighbours are joined into
/// groups whenever there are too many, twice as large each time.
#[derive(Debug)]
struct Thinned {
    groups: Vec<Group>,
    limit: usize,
    /// The points of a full group.
    size: usize,
    /// Those of the last group.
    last: usize,
}

/// Some neighbours on a line: what is seen of them when they fall on one pixel.
/// Points in order of their place; the same point may be several of them.
#[derive(Clone, Copy, Debug)]
struct Group {
    first: (usize, [f64; 2]),
    least: (usize, [f64; 2]),
    greatest: (usize, [f64; 2]),
    last: (usize, [f64; 2]),
}

impl Thinned {
    fn new(limit: usize) -> Self {
        Thinned {
            groups: Vec::new(),
            limit,
            size: 1,
            last: 0,
        }
    }

    fn push(&mut self, point: [f64; 2]) {
        let place = self.groups.last().map_or(0, |group| group.last.0 + 1);
        let one = (place, point);
        let new = Group {
            first: one,
            least: one,
            greatest: one,
            last: one,
        };
        if self.last == 0 || self.last == self.size {
            if self.groups.len() == 2 * self.limit {
                self.halve();
            }
            if self.last == 0 || self.last == self.size {
                self.groups.push(new);
                self.last = 1;
                return;
            }
        }
        if let Some(group) = self.groups.last_mut() {
            *group = group.joined(&new);
        }
        self.last += 1;
    }

    fn halve(&mut self) {
        let joined = |pair: &[Group]| match pair {
            [left, right] => left.joined(right),
            _ => pair[0],
        };
        self.groups = self.groups.chunks(2).map(joined).collect();
        self.size *= 2;
        self.last = self.size;
    }

    fn points(&self) -> Vec<[f64; 2]> {
        let mut points = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let mut seen = [group.first, group.least, group.greatest, group.last];
            seen.sort_by_key(|(place, _)| *place);
            let mut previous = None;
            for (place, point) in seen {
                if previous != Some(place) {
                    points.push(point);
                }
                previous = Some(place);
            }
        }
        points
    }
}

impl Group {
    fn joined(&self, right: &Group) -> Group {
        let less = |a: (usize, [f64; 2]), b: (usize, [f64; 2])| a.1[1] <= b.1[1];
        Group {
            first: self.first,
            least: if less(self.least, right.least) {
                self.least
            } else {
                right.least
            },
            greatest: if less(right.greatest, self.greatest) {
                self.greatest
            } else {
                right.greatest
            },
            last: right.last,
        }
    }
}

/// What a chart must know of a run beside its points.
#[derive(Clone, Debug)]
pub(in crate::report) struct Ending {
    pub(in crate::report) label: String,
    pub(in crate::report) is_diverged: bool,
    /// The final value of the chart's quantity.
    pub(in crate::report) y: Option<f64>,
}

/// How the drawn runs of each chart ended.
#[derive(Clone, Debug, Default)]
pub(in crate::report) struct Endings(HashMap<(usize, u64), Ending>);

impl Endings {
    pub(in crate::report) fn add(&mut self, plan: &Plan, drawn: &Drawn, result: &RunResult) {
        for (place, Chart { y, .. }) in plan.charts.iter().enumerate() {
            if drawn.draws(place, result.number) {
                let ending = Ending {
                    label: result.label.clone(),
                    is_diverged: result.is_diverged(),
                    y: result.quantity(plan, y).map(crate::number::Scalar::to_f64),
                };
                self.0.insert((place, result.number), ending);
            }
        }
    }

    /// Takes over those of other runs.
    pub(in crate::report) fn extend(&mut self, others: Endings) {
        self.0.extend(others.0);
    }

    pub(in crate::report) fn get(&self, chart: usize, run: u64) -> Option<&Ending> {
        self.0.get(&(chart, run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn thinned(count: usize, limit: usize, value: impl Fn(usize) -> f64) -> Vec<[f64; 2]> {
        let mut line = Thinned::new(limit);
        (0..count).for_each(|place| line.push([place as f64, value(place)]));
        line.points()
    }

    #[test]
    fn a_short_line_is_kept_point_by_point() {
        let points = thinned(31, 16, |place| (place * place % 7) as f64);
        assert_eq!(points.len(), 31);
        assert!(points.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    }

    #[test]
    fn a_long_line_keeps_its_ends_and_peaks() {
        let points = thinned(
            100_000,
            16,
            |place| if place == 54_321 { 9.0 } else { -1.0 },
        );
        assert!(points.len() <= 4 * 32, "{}", points.len());
        assert_eq!(points[0][0], 0.0);
        assert_eq!(points[points.len() - 1][0], 99_999.0);
        assert!(points.contains(&[54_321.0, 9.0]));
        assert!(points.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    }
}
