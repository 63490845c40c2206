//! What the diagnoses of all runs share.

use super::curvature::{Curvatures, Model};
use super::run_setup::RunSetup;
use crate::batch::RunResult;
use crate::plan::Plan;

/// Maximum number of runs with facts about curvature; the first runs have them.
pub const CURVED_RUNS: usize = 200;

/// Maximum number of run diagnoses kept in memory, the first ones; `diagnosis.csv` of a report
/// has all.
pub const MAX_SUMMARY_RUNS: usize = 1_000;

/// State that all recorders of a job share: the range of the runs examined more closely, and the
/// programs for second derivatives.
#[derive(Debug)]
pub struct Diagnoser {
    curvatures: Curvatures,
    /// The last run whose facts include curvature, and the last run that is kept.
    last_curved: Option<u64>,
    last_kept: Option<u64>,
}

impl Diagnoser {
    /// A diagnoser for the runs `numbers` of a plan, in ascending order.
    #[must_use]
    pub fn new(plan: &Plan, numbers: &[u64]) -> Self {
        let last_of = |count: usize| numbers[..count.min(numbers.len())].last().copied();
        Diagnoser {
            curvatures: Curvatures::new(plan),
            last_curved: last_of(CURVED_RUNS),
            last_kept: last_of(MAX_SUMMARY_RUNS),
        }
    }

    pub(crate) fn keeps(&self, run: u64) -> bool {
        self.last_kept.is_some_and(|last| run <= last)
    }

    pub(crate) fn curves(&self, run: u64) -> bool {
        self.last_curved.is_some_and(|last| run <= last)
    }

    /// The quadratic model of the objective of a run at a point.
    pub(crate) fn model(&self, plan: &Plan, setup: &RunSetup, point: &[f64]) -> Option<Model> {
        self.curvatures
            .at(plan, setup.objective, &setup.constants, point)
    }

    /// The model at the end of a run, or at the smallest loss of a diverged run.
    pub(crate) fn model_of(
        &self,
        plan: &Plan,
        setup: &RunSetup,
        result: &RunResult,
    ) -> Option<Model> {
        let values = if result.is_diverged() {
            &result.best_parameters
        } else {
            &result.parameters
        };
        // Results have an entry for each parameter of the plan.
        let size = plan.objectives[setup.objective].function.parameters().len();
        let mut point = vec![f64::NAN; size];
        for (place, value) in plan.places(setup.objective).iter().zip(values) {
            if let (Some(place), Some(value)) = (place, value) {
                point[*place] = value.to_f64();
            }
        }
        self.model(plan, setup, &point)
    }
}
