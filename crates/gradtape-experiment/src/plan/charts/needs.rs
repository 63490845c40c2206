//! What a chart needs of the runs of a plan, whatever its kind.

/// What a chart needs of runs, of the report, and of those who show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Needs {
    /// The objectives whose runs it is about, by their places in the plan; `None` for all.
    pub objectives: Option<Vec<usize>>,
    /// Maximum number of groups of runs; of more, evenly spaced ones are shown.
    pub max_groups: usize,
    /// The number of consecutive runs in a group: repetitions stay together if they are combined.
    pub group: u64,
    /// The points of each run, for a chart of more than final values.
    pub points: Option<Points>,
    /// The final quantity of each run, if it shows one.
    pub final_quantity: Option<String>,
    /// Whether it shows runs by themselves, with their labels.
    pub has_labels: bool,
    /// The fields that it shows behind the runs.
    pub fields: Fields,
    /// Whether there is also an animation of it.
    pub is_animated: bool,
    /// Whether a few dots are enough to show it.
    pub is_simple: bool,
}

/// The points of a run, each from a recorded epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// The horizontal coordinate.
    pub x: Coordinate,
    /// The vertical coordinate.
    pub y: Coordinate,
    /// What stays of many points.
    pub thinning: Thinning,
}

/// A number of a recorded epoch.
#[derive(Clone, Debug, PartialEq)]
pub enum Coordinate {
    /// `epoch`, or the quantity or parameter with this name; runs without it have no points.
    Named(String),
    /// The parameter with this place among the variables of a run.
    Parameter(usize),
}

/// What stays of many points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinning {
    /// What is seen of a line: its ends and peaks.
    Peaks,
    /// What is seen of a path: its corners on all sides.
    Corners,
    /// Points at even distances: runs that record the same epochs have points in common.
    Even,
    /// The points that are lower than all before.
    Improvements,
}

/// The values of objectives on grids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// None.
    None,
    /// Fields that can be computed again.
    Computable,
    /// Fields that a report stores, because it does not have their data.
    Stored,
}

impl Needs {
    /// No more than how runs ended, of each of at most `max_runs`.
    pub(super) fn of_runs(max_runs: usize) -> Needs {
        Needs {
            objectives: None,
            max_groups: max_runs,
            group: 1,
            points: None,
            final_quantity: None,
            has_labels: false,
            fields: Fields::None,
            is_animated: false,
            is_simple: false,
        }
    }
}
