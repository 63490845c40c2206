//! The values of a diagnosis, without words.

mod curvature;
pub(crate) mod diagnoser;
mod eigenvalues;
pub(crate) mod evidence;
pub(crate) mod fit;
pub(crate) mod history;
mod outcome;
mod precision_limits;
mod rank_tests;
pub(crate) mod ranking;
pub(crate) mod run_facts;
pub(crate) mod run_setup;
pub(crate) mod theory;
pub(crate) mod totals;
mod trend;
