//! A gradient tape, and an engine for many gradient descents.
//!
//! An *objective* is a function of *parameters* (its variables); its value is the
//! *loss*. An *epoch* is one update of the parameters against the *gradient* of
//! the loss, by the rule of the *optimizer*. A *run* is one descent: an objective,
//! a start, an optimizer with its settings, and a number of epochs. An
//! *experiment* is a TOML file that describes many runs; its *plan* numbers them,
//! [`batch`] computes them, and a *report* records the results. An experiment can
//! also contain *derivatives*: tables of a formula and its derivatives at points.
//!
//! # A tour
//!
//! There are two ways to compute a derivative. A [`GradientTape`] records
//! operations on [`Tensor`]s and [`Variable`]s as they are computed, like
//! TensorFlow's; it can explain why a gradient is missing. The [tour of the
//! tape](tour) covers all of it for TensorFlow users.
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
//! A [`Graph`](autodiff::Graph) records a computation without values, for
//! repeated evaluation. Its gradient is recorded in the same graph, so it can be
//! differentiated again; a [`Program`](engine::Program) evaluates any of the
//! results.
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
//! A [`Formula`](objective::Formula) describes a computation as text, and an
//! experiment file describes descents on it. [`Plan::new`](plan::Plan::new)
//! interprets the file, or reports every error in it; [`batch::run`] computes the
//! runs.
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
//! An objective can also use vectors, data, or a named test function
//! ([`objective::catalogue`]). In a formula of arrays, a sum over a thousand
//! elements is one node of an [`ArrayGraph`](autodiff::ArrayGraph).
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
//! A file can also tabulate a formula and its derivatives at points, without a
//! descent: [`derivative::table`].
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
//! [`report::Writer`] writes the report of the command `runner`, and [`baseline`]
//! compares results with a recorded report. [`experiment`] does either in one call,
//! so that a test can guard values: [`assert_experiment`].
//!
//! # Modules
//!
//! Each stage of the pipeline produces a plain value that can be printed:
//!
//! ```text
//! text ─spec▶ Spec ─plan▶ Plan ─batch▶ End ─report▶ files
//!                           │                └─baseline▶ Deviation
//!                  Program (traced once, replayed for every run)
//! ```
//!
//! - [`autodiff`]: the table of operations with their derivatives; tensors and
//!   the tape; the graph.
//! - [`tour`]: the tape from the first derivative to gradient descent, compared
//!   with TensorFlow's.
//! - [`engine`]: programs compiled from a graph, and their evaluation for many
//!   runs at once.
//! - [`objective`]: formula text → graph; the catalogue of test functions.
//! - [`optimizer`]: methods, each described in one table and recorded in a graph;
//!   schedules and clipping; line-search and second-order methods, which need
//!   several evaluations per epoch.
//! - [`spec`]: the TOML as written; the single description of the file format.
//! - [`schema`]: the file format as a JSON Schema.
//! - [`plan`]: every default filled in, every check passed, every run numbered.
//! - [`batch`]: all runs of a plan, in parallel, results in plan order.
//! - [`derivative`]: the tables of a plan: values and derivatives at points.
//! - [`landscape`]: objectives of two parameters on a grid, for level lines.
//! - [`diagnosis`]: why runs ended as they did, in sentences and numbers.
//! - [`report`]: CSV, JSON, charts.
//! - [`baseline`]: final values against recorded and expected ones.
//! - [`experiment`]: an experiment run or checked in one call.
//! - [`number`]: numbers as written and shown.
//! - [`mistake`]: errors in a file, with their places.
//! - [`text`]: untrusted text made safe to print.
//! - [`data`]: columns of a CSV file as vectors and matrices.
//! - [`random`]: random numbers from a seed, the same on every machine.
//!
//! # Invariants
//!
//! - [`autodiff`] and [`text`] import nothing from the crate. [`random`], [`engine`]
//!   and [`objective`] build on [`autodiff`], [`data`] on [`random`], [`optimizer`]
//!   on [`objective`] (a schedule can be a formula). [`spec`] imports none of these
//!   but [`text`]; [`schema`] describes all of them; [`plan`] builds on all of them.
//!   Above it are [`batch`], [`derivative`], [`landscape`] and [`diagnosis`], then
//!   [`report`], [`baseline`], [`experiment`], and the command.
//! - Only the command prints, or reads the clock or the environment.
//! - Only [`spec`], [`data`], [`report`] and [`baseline`] access the disk.
//! - Once a plan is made, no run can fail; how it ends is its status.
//! - The result of a run depends only on its own settings, not on threads,
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
