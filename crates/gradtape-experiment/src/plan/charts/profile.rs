//! `kind = "profile"`.

use super::decider::ChartDecider;
use super::needs::{Coordinate, Needs, Points, Thinning};
use super::{Chart, ChartKind, Runs, Scale};
use crate::mistake::Code;

/// The default tolerance: the middle one of those that Moré and Wild show.
const TOLERANCE: f64 = 1e-3;

/// Maximum number of runs.
const MAX_RUNS: usize = 20_000;

/// The share of problems that are solved within a budget: the criterion of a solved problem,
/// and the budget.
#[derive(Clone, Debug, PartialEq)]
pub enum ProfileChart {
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

impl ProfileChart {
    fn needs(&self, runs: &Runs) -> Needs {
        let (y, objectives) = match self {
            ProfileChart::Ecdf { .. } => {
                let objectives = 0..runs.objectives.len();
                let known = objectives.filter(|place| runs.objectives[*place].minimum.is_some());
                ("gap", Some(known.collect()))
            }
            _ => ("loss", None),
        };
        Needs {
            objectives,
            points: Some(Points {
                x: Coordinate::Named("evaluations".to_owned()),
                y: Coordinate::Named(y.to_owned()),
                thinning: Thinning::Improvements,
            }),
            ..Needs::of_runs(MAX_RUNS)
        }
    }
}

pub(super) fn decide(decider: &mut ChartDecider<'_>) -> (Chart, Vec<usize>) {
    let written = decider.written;
    let name = match &written.profile {
        Some(written) => written.value.as_str(),
        None => "performance",
    };
    decider.check_use(name);
    let chart = match name {
        "data" => ProfileChart::Data {
            tolerance: decider.tolerance(),
        },
        "ecdf" => ProfileChart::Ecdf {
            targets: decider.targets(),
        },
        _ => ProfileChart::Performance {
            tolerance: decider.tolerance(),
        },
    };
    let (title, file) = match chart {
        ProfileChart::Performance { .. } => ("performance profile", "performance_profile"),
        ProfileChart::Data { .. } => ("data profile", "data_profile"),
        ProfileChart::Ecdf { .. } => ("targets reached", "ecdf"),
    };
    let solvers = decider.solvers();
    let needs = chart.needs(decider.runs);
    let kind = ChartKind::Profile(chart);
    let chart = Chart {
        x_scale: Scale::new(written.x_scale.as_ref(), Scale::Log),
        group_by: solvers,
        ..Chart::new(kind, needs, title.to_owned(), file.to_owned())
    };
    (chart, solvers.into_iter().collect())
}

impl ChartDecider<'_> {
    /// Reports a key that is for another profile.
    fn check_use(&mut self, name: &str) {
        let is_ecdf = name == "ecdf";
        let (key, help) = if is_ecdf {
            ("tolerance", "use `targets` for `ecdf`")
        } else {
            ("targets", "set `profile = \"ecdf\"`, or use `tolerance`")
        };
        if let Some(place) = self.written.keys.place_of(key) {
            let message = format!("the profile `{name}` has no `{key}`");
            let label = "it has no effect here";
            self.mistake(Code::Chart, &place.clone(), message, label, help);
        }
    }

    fn tolerance(&self) -> f64 {
        let written = self.written.tolerance.as_ref();
        written.map_or(TOLERANCE, |written| written.value.wide())
    }

    fn targets(&mut self) -> Vec<f64> {
        if !self.runs.has_gap() {
            let message = "`ecdf` needs a known minimum, from which its targets are measured";
            let span = self.place_of("profile");
            let help = "give the objectives `minimum = { value = … }`, or use `profile = \"data\"`";
            self.missing(Code::Chart, &span, message, "no objective has one", help);
        }
        let Some(written) = &self.written.targets else {
            return (0..51).map(|place| ten_to(f64::from(place))).collect();
        };
        let targets = written.list.iter().map(|target| target.value.wide());
        let mut targets: Vec<f64> = targets.collect();
        targets.sort_by(|a, b| b.total_cmp(a));
        targets.dedup();
        targets
    }

    /// The setting that distinguishes solvers: by default the optimizer, or the first of its
    /// settings that varies.
    fn solvers(&mut self) -> Option<usize> {
        if self.written.group_by.is_some() {
            return self.group();
        }
        let columns = self.runs.columns();
        let varies = |column: &usize| {
            self.runs.is_of_optimizer(*column) && self.runs.varies(&columns[*column])
        };
        let solvers = (0..columns.len()).find(varies);
        if solvers.is_none() {
            let message = "a profile compares optimizers, but there is only one";
            let help =
                "add a second `[[optimizer]]`, or select what to compare: `group_by = \"…\"`";
            let span = self.written.span.clone();
            self.missing(Code::Chart, &span, message, "", help);
        }
        solvers
    }
}

/// The targets of COCO: from 10² to 10⁻⁸, five to a decade.
fn ten_to(place: f64) -> f64 {
    libm::pow(10.0, 2.0 - place / 5.0)
}
