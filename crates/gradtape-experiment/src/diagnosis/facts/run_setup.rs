//! The parts of a run that a diagnosis needs.

use super::theory::Theory;
use crate::number::{Number, Precision};
use crate::plan::{Plan, Run};
use gradtape_tape::Subnormals;

/// The parts of a [`Run`] that a diagnosis needs.
#[derive(Clone, Debug)]
pub(crate) struct RunSetup {
    pub(crate) number: u64,
    pub(crate) objective: usize,
    pub(crate) optimizer: usize,
    pub(crate) precision: Precision,
    pub(crate) subnormals: Subnormals,
    pub(crate) constants: Vec<Number>,
    pub(crate) learning_rate: Option<f64>,
    pub(crate) theory: Option<Theory>,
    pub(crate) is_scheduled: bool,
}

impl RunSetup {
    pub(crate) fn new(plan: &Plan, run: &Run) -> Self {
        let rate = run.learning_rate;
        RunSetup {
            number: run.number,
            objective: run.objective,
            optimizer: run.optimizer,
            precision: run.precision,
            subnormals: run.subnormals,
            constants: run.constants.clone(),
            learning_rate: rate.map(|rate| rate.scalar(run.precision).to_f64()),
            theory: Theory::of(plan, run),
            is_scheduled: run.recipe.schedule.is_some(),
        }
    }
}
