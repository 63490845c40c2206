//! Reports: the files with the results of an experiment.
//!
//! A [`Writer`] takes results as they are computed and publishes the directory at the end.
//! `redraw` recreates the charts and the page of a published report from its CSV files, with
//! the same bytes.
//!
//! # Profiles
//!
//! A chart of kind `profile` shows the share of problems that each solver solves within a
//! budget.
//!
//! A *solver* is a value of the setting that determines the colour, by default an optimizer. A
//! *problem* is everything else that defines a run: an objective with its constants, its
//! start and its repetition, in one precision. If a solver has several runs on a problem, such
//! as an optimizer with several learning rates, the first run to solve it counts, as if
//! the best setting were known; the subtitle states this.
//!
//! The cost t of a solver on a problem is the number of evaluations of the loss until it is
//! solved, infinite if it never is. Only recorded epochs count, so `[record]` determines the
//! resolution.
//!
//! - **performance** (Dolan and Moré, "Benchmarking optimization software with performance
//!   profiles", Mathematical Programming 91, 2002): over τ the share of problems on which
//!   t ≤ τ · t*, where t* is the cost of the fastest solver on the problem. At τ = 1 it is
//!   the share on which the solver is the fastest, at the right end the share that it solves
//!   at all.
//! - **data** (Moré and Wild, "Benchmarking derivative-free optimization algorithms", SIAM
//!   Journal on Optimization 20, 2009): over κ the share of problems on which t ≤ κ·(n + 1),
//!   for n parameters.
//!
//!   For both, a problem is solved by the test of Moré and Wild:
//!   f(x₀) − f(x) ≥ (1 − τ)·(f(x₀) − f_L), where f_L is the smallest loss of all runs on the
//!   problem, and τ the tolerance.
//! - **ecdf** (Hansen, Auger, Brockhoff, Tušar and Tušar, "COCO: performance assessment",
//!   arXiv:1605.03560, 2016): over the evaluations divided by n the share of pairs of a
//!   problem and a target that are reached; a target is a gap to the known minimum.
//!
//! Problems whose first loss is not finite are omitted.

#[doc(hidden)]
pub mod baseline;
mod buffer;
mod content;
mod error;
pub mod experiment;
mod figures;
mod file;
mod folder;
mod json;
mod page;
mod redraw;
mod report;
mod rows;
mod stored_runs;
mod writer;

#[doc(hidden)]
pub use self::{
    content::{Content, diagnosis, read},
    error::ReportError,
    figures::GapLevels,
    file::{
        ConclusionReader, RunReader, State, TrajectoryReader, derivative_file, parallel_drawings,
        plan_line, read_derivative, run_object, state_columns,
    },
    folder::{DIAGNOSIS, PAGE, REPORT, RUNS, Staging, TRAJECTORIES, remove_unfinished},
    json::{
        Head, derivative_object, derivative_plan_object, function_object, method_object,
        objective_object, plan_object,
    },
    redraw::redraw,
    report::{CsvFiles, Report},
    stored_runs::StoredRuns,
    writer::{Publication, RunRecorder, Writer},
};
pub use experiment::assert_experiment;
#[doc(hidden)]
pub use gradtape_experiment::plan::report_name;
