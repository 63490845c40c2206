//! A gradient tape, and everything that a batch of gradient descents needs.
//!
//! The words first. An *objective* is a function of some *parameters* (its
//! variables); the number that it gives is the *loss*. An *epoch* is one update
//! of the parameters against the *gradient* of the loss, as the *optimizer*'s
//! rule says. A *run* is one descent: an objective, a start, an optimizer with
//! its settings, a number of epochs. An *experiment* is a TOML file that
//! describes many runs; its *plan* numbers them; a *batch* computes them; a
//! *report* is what is left of them. Beside runs an experiment can have
//! *derivatives*: tables of a formula and its derivatives at points.
//!
//! # A tour
//!
//! There are two ways to a derivative. A [`GradientTape`] records operations on
//! [`Tensor`]s and [`Variable`]s while they are computed, as TensorFlow's does;
//! it can say why a gradient is missing. The [tour of the tape](tour) goes
//! through all of it, for those who know TensorFlow.
//!
//! ```
//! use gradtape::{GradientTape, Variable};
//!
//! let (x, b) = (Variable::new(100.0), Variable::new(10.0));
//! let tape = GradientTape::new();
//! let y = tape.record(|| &x * &x + &b)?;
//! assert_eq!(tape.connected_gradient(&y, &x)?.item::<f64>()?, 200.0);
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! A [`Graph`](autodiff::Graph) records a computation without values, to be
//! evaluated many times. Its gradient is recorded
//! in the same graph, so it can be differentiated again; a
//! [`Program`](engine::Program) evaluates any of the results.
//!
//! ```
//! use gradtape::autodiff::{Graph, Subnormals};
//! use gradtape::engine::Program;
//!
//! let graph = Graph::<f64>::new(Subnormals::Keep);
//! let x = graph.input();
//! let f = x.powi(4) - x.powi(2);
//! let first = graph.gradient(f, &[x])[0];
//! let second = graph.gradient(first, &[x])[0];
//! let program = Program::new(&graph, &[f, first, second]);
//! assert_eq!(program.evaluate(&[2.0]), [12.0, 28.0, 46.0]);
//! ```
//!
//! A [`Formula`](objective::Formula) is the same as text, and an experiment file
//! describes descents on it. [`Plan::new`](plan::Plan::new) decides what the
//! file means, or tells everything that is wrong with it; [`batch::run`]
//! computes the runs.
//!
//! ```
//! use gradtape::batch::{self, Cancelled, Control};
//! use gradtape::plan::Plan;
//!
//! let source = std::fs::read_to_string("experiments/parabola.toml")?;
//! let plan = Plan::new("parabola.toml", &source)?;
//! batch::run(&plan, &[0], || (), &Control::default(), |outcomes, ()| {
//!     let (_, outcome) = &outcomes[0];
//!     assert_eq!(outcome.parameters[0].to_string(), "5.803526e-37");
//!     assert_eq!(outcome.reason.to_string(), "no parameter changes from epoch 4130 on");
//!     Ok::<(), Cancelled>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An objective can also be about vectors, data, or a test function by its name
//! ([`objective::catalogue`]). In a formula of arrays a sum over a thousand elements
//! stays one step of an [`ArrayGraph`](autodiff::ArrayGraph).
//!
//! ```
//! use gradtape::plan::Plan;
//!
//! let plan = Plan::new("functions.toml", r#"
//!     epochs = 10
//!     objective = [{ function = ["sphere", "rosenbrock"], dimension = [2, 1000] }]
//!     optimizer = [{ method = "sgd", learning_rate = 1e-4 }]
//! "#)?;
//! assert_eq!(plan.runs(), 4);
//! assert_eq!(plan.label(&plan.run(3)), "rosenbrock, dimension=1000");
//! assert_eq!(plan.run(3).start.len(), 1000);
//! # Ok::<(), gradtape::mistake::Mistakes>(())
//! ```
//!
//! A file can also tabulate a formula with its derivatives at points, without
//! any descent: [`derivative::table`].
//!
//! ```
//! use gradtape::batch::Control;
//! use gradtape::derivative;
//! use gradtape::plan::Plan;
//!
//! let source = std::fs::read_to_string("experiments/tape.toml")?;
//! let plan = Plan::new("tape.toml", &source)?;
//! let table = derivative::table(&plan, 1, &Control::default())?;
//! assert_eq!(plan.derivatives[1].columns[1], "df/dx");
//! assert_eq!(table.rows[0].values[1].to_string(), "40.0");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`report::Writer`] writes what the command `runner` leaves behind, and
//! [`baseline`] compares it with what was recorded before. [`experiment`] does either in one
//! call, so that a test can guard values: [`assert_experiment`].
//!
//! # Where things are
//!
//! One road, each hop a plain value that can be printed:
//!
//! ```text
//! text ─spec▶ Spec ─plan▶ Plan ─batch▶ End ─report▶ files
//!                           │                └─baseline▶ Deviation
//!                  Program (traced once, replayed for every run)
//! ```
//!
//! - [`autodiff`]: the table of operations with their derivatives; tensors and
//!   the tape; the graph.
//! - [`tour`]: the tape from the first derivative to the descent, and how it
//!   compares with TensorFlow's.
//! - [`engine`]: programs made from a graph, and what runs them, many runs side
//!   by side.
//! - [`objective`]: formula text → graph; the catalogue of test functions.
//! - [`optimizer`]: methods, each described in one table and recorded in a graph;
//!   schedules and clipping; the searches that need several evaluations an epoch.
//! - [`spec`]: the TOML as written; the one description of the file format.
//! - [`schema`]: the file format as a JSON Schema.
//! - [`plan`]: every default filled in, every check passed, every run numbered.
//! - [`batch`]: all runs of a plan, in parallel, results in plan order.
//! - [`derivative`]: the tables of a plan: values and derivatives at points.
//! - [`landscape`]: objectives of two parameters on a grid, for level lines.
//! - [`diagnosis`]: why runs ended as they did, in sentences and numbers.
//! - [`report`]: CSV, JSON, charts.
//! - [`baseline`]: final values against recorded and expected ones.
//! - [`experiment`]: an experiment run or checked in one call.
//! - [`number`], [`mistake`]: numbers as written and shown; what is wrong where.
//! - [`text`]: text that strangers wrote, made fit to be printed.
//! - [`data`]: columns of a CSV file as vectors and matrices.
//! - [`random`]: random numbers from a seed, the same on every machine.
//!
//! # Invariants
//!
//! - [`autodiff`] and [`text`] import nothing of the crate; [`random`], [`engine`] and [`objective`]
//!   stand on it, [`data`] on [`random`], [`optimizer`] on [`objective`] (a schedule can be a formula); [`spec`] knows none of them, [`schema`] describes all of them; [`plan`] stands on
//!   all those, then come [`batch`], [`derivative`], [`landscape`] and [`diagnosis`], [`report`], [`baseline`],
//!   [`experiment`], and the command.
//! - Nothing below the command prints, or reads the clock or the environment.
//! - Only [`spec`], [`data`], [`report`] and [`baseline`] touch the disk.
//! - After a plan is made no run can fail: what happens is its status.
//! - A run's result depends on its own settings alone: not on threads,
//!   neighbours or order. No operation is contracted, reordered or approximated
//!   differently on another machine.

pub mod autodiff;
pub mod baseline;
pub mod batch;
pub mod data;
pub mod derivative;
pub mod diagnosis;
pub mod ending;
pub mod engine;
pub mod experiment;
pub mod landscape;
pub mod mistake;
pub mod number;
pub mod objective;
pub mod optimizer;
pub mod plan;
pub mod random;
pub mod report;
pub mod schema;
pub mod spec;
pub mod text;
pub mod tour;

pub use experiment::assert_experiment;

pub use autodiff::{
    Axes, Caller, CheckedEntry, DType, Element, Error, Explanation, GradientCheck, GradientOptions,
    GradientTape, Nest, Operand, Pause, Reason, Result, Scope, Shape, Single, Span, Step,
    TapeOptions, Tensor, UnconnectedGradients, Variable, check_gradient, custom_gradient, hessian,
    hessian_vector_product, jvp, value_and_gradient, with_subnormals,
};

/// The code of the README is tested too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
