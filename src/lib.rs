//! A gradient tape that behaves like TensorFlow's, and experiments of many gradient
//! descents.
//!
//! This page is a tour of the tape; [`experiment`] runs and checks experiment files, as the
//! command `runner` does. The end of the page describes the crates.
//!
//! # The tape
//!
//! A derivative says how a result changes with its inputs. A *tape* records the
//! operations that lead to the result, and walks back over them. The *target* is
//! what is differentiated; the *sources* are what it is differentiated with
//! respect to.
//!
//! Three types do everything. A [`Tensor`] is an immutable array of numbers. A
//! [`Variable`] has a value that can be assigned, and is watched automatically. A
//! [`GradientTape`] records while it is entered.
//!
//! In the code below, `?` passes an error to the caller; where TensorFlow raises
//! an exception, a method here returns an [`Error`]. Operators borrow with `&` so
//! that a tensor can be used again.
//!
//! # 1.1 A derivative
//!
//! y = x² + b at x = 100, b = 10. The closure corresponds to the block of
//! `with tf.GradientTape() as tape:` in Python.
//!
//! ```
//! use gradtape::{GradientTape, Variable};
//!
//! let x = Variable::new(100.0_f32);
//! let b = Variable::new(10.0_f32);
//! let tape = GradientTape::new();
//! let y = tape.record(|| &x * &x + &b)?;
//! let dy_dx = tape.connected_gradient(&y, &x)?;
//! assert_eq!(dy_dx.item::<f32>()?, 200.0);
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! There are two ways to ask. [`connected_gradient`] returns the derivative, or an
//! error that explains why there is none. [`gradient`] returns an [`Option`], as
//! TensorFlow returns `None`; see below.
//!
//! # 1.2 Several derivatives
//!
//! A tape gives one set of derivatives and is then used up. A *persistent* tape
//! gives any number. They can be taken while it is still recording, here within a
//! scope, which ends where it is dropped. y = x² + b² at x = 20, b = 10:
//!
//! ```
//! use gradtape::{GradientTape, Tensor, Variable};
//!
//! let (x, b) = (Variable::new(20.0_f32), Variable::new(10.0_f32));
//! let tape = GradientTape::persistent();
//! let scope = tape.enter()?;
//! let y = &x * &x + &b * &b;
//! let dy_dx = tape.connected_gradient(&y, &x)?;
//! let dy_db = tape.connected_gradient(&y, &b)?;
//! drop(scope);
//! assert_eq!(dy_dx, Tensor::from(40.0_f32));
//! assert_eq!(dy_db, Tensor::from(20.0_f32));
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! If all sources are known at once, a tape that is not persistent is enough. The
//! result has the structure of the sources: a tuple, an array, a map.
//!
//! ```
//! use gradtape::{GradientTape, Tensor, Variable};
//! use std::collections::BTreeMap;
//!
//! let parameters = BTreeMap::from([
//!     ("x", Variable::new(20.0_f32)),
//!     ("b", Variable::new(10.0_f32)),
//! ]);
//! let (x, b) = (&parameters["x"], &parameters["b"]);
//! let tape = GradientTape::new();
//! let y = tape.record(|| x * x + b * b)?;
//! let gradients = tape.connected_gradient(&y, &parameters)?;
//! assert_eq!(gradients["x"], Tensor::from(40.0_f32));
//! assert_eq!(gradients["b"], Tensor::from(20.0_f32));
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! # 1.3.1 Constants
//!
//! A tensor is a constant unless it is watched. Asking for its gradient is not an
//! error: there is none.
//!
//! ```
//! use gradtape::{GradientTape, Tensor};
//!
//! let (x, b) = (Tensor::from(20.0_f32), Tensor::from(10.0_f32));
//! let tape = GradientTape::new();
//! let y = tape.record(|| &x * &x + &b * &b)?;
//! assert_eq!(tape.gradient(&y, (&x, &b))?, (None, None));
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! TensorFlow does not say why. [`explain`] does, even afterwards:
//!
//! ```
//! use gradtape::{GradientTape, Reason, Tensor};
//!
//! let x = Tensor::from(20.0_f32);
//! let tape = GradientTape::new();
//! let y = tape.record(|| &x * &x)?;
//! assert_eq!(tape.gradient(&y, &x)?, None);
//!
//! let explanation = tape.explain(&y, &x);
//! assert!(matches!(explanation.reason, Some(Reason::NeverWatched { .. })));
//! let text = explanation.to_string();
//! assert!(text.starts_with("no gradient: the source was never watched"));
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! Its printed form is the reason, and the path from the target to the source with
//! the line of each operation. [`Reason`] lists all reasons.
//!
//! Watching a tensor makes it a source. It must be watched before it is used:
//!
//! ```
//! use gradtape::{GradientTape, Tensor};
//!
//! let x = Tensor::from(20.0_f32);
//! let tape = GradientTape::new();
//! let scope = tape.enter()?;
//! tape.watch(&x)?;
//! let y = &x * &x;
//! drop(scope);
//! assert_eq!(tape.gradient(&y, &x)?, Some(Tensor::from(40.0_f32)));
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! # 1.3.2 Variables
//!
//! A variable is watched automatically as soon as its value is read while a tape is
//! recording. Mixed with a constant:
//!
//! ```
//! use gradtape::{GradientTape, Tensor, Variable};
//!
//! let (x, b) = (Variable::new(20.0_f32), Variable::new(10.0_f32));
//! let c = Tensor::from(3.0_f32);
//! let tape = GradientTape::new();
//! let y = tape.record(|| &x * &x + &b * &b + &c)?;
//! let (dy_dx, dy_db, dy_dc) = tape.gradient(&y, (&x, &b, &c))?;
//! assert_eq!(dy_dx, Some(Tensor::from(40.0_f32)));
//! assert_eq!(dy_db, Some(Tensor::from(20.0_f32)));
//! assert_eq!(dy_dc, None);
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! # 2.1 Nested tapes, taken too late
//!
//! A second derivative is the derivative of a derivative, so an outer tape must
//! record how the first one is computed. Here it does not: the inner tape is asked
//! after the outer one has stopped recording.
//!
//! ```
//! use gradtape::{GradientTape, Reason, Tensor, Variable};
//!
//! let (x, b) = (Variable::new(20.0_f32), Variable::new(10.0_f32));
//! let (outer, inner) = (GradientTape::new(), GradientTape::new());
//! let y = outer.record(|| inner.record(|| &x * &x + &b * &b))??;
//! let first = inner.connected_gradient(&y, &x)?;
//! let second = outer.gradient(&first, &x)?;
//! assert_eq!(first, Tensor::from(40.0_f32));
//! assert_eq!(second, None);
//! let reason = outer.explain(&first, &x).reason;
//! assert!(matches!(reason, Some(Reason::OutsideScope { .. })));
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! # 2.2 Nested tapes, taken in time
//!
//! ```
//! use gradtape::{GradientTape, Tensor, Variable};
//!
//! let (x, b) = (Variable::new(20.0_f32), Variable::new(10.0_f32));
//! let (outer, inner) = (GradientTape::new(), GradientTape::new());
//! let first = outer.record(|| {
//!     let y = inner.record(|| &x * &x + &b * &b)?;
//!     inner.connected_gradient(&y, &x)
//! })??;
//! let second = outer.connected_gradient(&first, &x)?;
//! assert_eq!(first, Tensor::from(40.0_f32));
//! assert_eq!(second, Tensor::from(2.0_f32));
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! Two question marks: one for the tape, one for the result of the closure. Any
//! number of tapes can be nested; each adds one order.
//!
//! # 2.3 Over an array
//!
//! The gradient of an array is that of the sum of its elements. Where each
//! element depends only on its own x, that is the derivative at each point:
//!
//! ```
//! use gradtape::{GradientTape, Tensor, Variable};
//!
//! let x = Variable::new([-3.0_f32, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
//! let (outer, inner) = (GradientTape::new(), GradientTape::new());
//! let first = outer.record(|| {
//!     let y = inner.record(|| &x * &x)?;
//!     inner.connected_gradient(&y, &x)
//! })??;
//! let second = outer.connected_gradient(&first, &x)?;
//! assert_eq!(first, Tensor::from([-6.0_f32, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0]));
//! assert_eq!(second, Tensor::full(2.0_f32, [7])?);
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! [`value_and_gradient`], [`hessian`], [`hessian_vector_product`] and [`jvp`] need
//! no tape from the caller; [`jacobian`] and [`batch_jacobian`] differentiate every
//! element of an array target. `runner experiments/tape.toml` computes the numbers
//! of this page from formulas, and plots them.
//!
//! # 3.0 A gradient descent
//!
//! Each epoch uses a new tape: w ← w − 0.01·∂w²/∂w, 10,000 times. In `f32` with
//! subnormal numbers flushed to zero, as TensorFlow computes, w ends at
//! 5.803526e-37. `runner experiments/parabola.toml` gives the same bits.
//!
//! ```
//! use gradtape::batch::{self, Cancelled, Control};
//! use gradtape::plan::Plan;
//! use gradtape::{GradientTape, Subnormals, Variable, with_subnormals};
//!
//! let w = Variable::new(1.0_f32);
//! with_subnormals(Subnormals::Flush, || {
//!     for _epoch in 0..10_000 {
//!         let tape = GradientTape::new();
//!         let loss = tape.record(|| &w * &w)?;
//!         let gradient = tape.connected_gradient(&loss, &w)?;
//!         w.assign_sub(0.01 * &gradient)?;
//!     }
//!     Ok::<(), gradtape::Error>(())
//! })?;
//! let w = w.value().item::<f32>()?;
//! assert_eq!(w, 5.803526e-37);
//!
//! let source = std::fs::read_to_string("experiments/parabola.toml")?;
//! let plan = Plan::new("parabola.toml", &source)?;
//! batch::run(&plan, &[0], || (), &Control::default(), |outcomes, ()| {
//!     let (_, outcome) = &outcomes[0];
//!     assert_eq!(outcome.parameters[0].to_string(), format!("{w:e}"));
//!     Ok::<(), Cancelled>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When a derivative is wrong
//!
//! [`check_gradient`] computes every derivative of a function in three ways and
//! reports where they differ most. It finds an incorrect [`custom_gradient`], and
//! points where a function has no derivative.
//!
//! ```
//! use gradtape::{Tensor, check_gradient, custom_gradient};
//!
//! let square = |[x]: [&Tensor; 1]| {
//!     custom_gradient([x], |[x]| x.square(), |g, [x], _| Ok([g * 3.0 * x]))
//! };
//! let check = check_gradient(square, [&Tensor::from(2.0)])?;
//! assert!(!check.passed());
//! let worst = check.worst.unwrap();
//! assert_eq!((worst.reverse, worst.difference.round()), (6.0, 4.0));
//! # Ok::<(), gradtape::Error>(())
//! ```
//!
//! # Behaviour by behaviour
//!
//! TensorFlow is version 2.21 in eager mode. Where the column *Why* is empty, both
//! do the same.
//!
//! | Behaviour | TensorFlow | Here | Why |
//! |---|---|---|---|
//! | recording | inside `with`; nothing before entering | in a [`Scope`](GradientTape::enter), or the closure of [`record`] | |
//! | trainable variables | watched when read | watched when read | |
//! | a variable created while recording | not watched until read | not watched until read | |
//! | a constant | `None` | `None`, with a reason | users ask why |
//! | a constant in an operation with a watched operand | has a gradient | `None` | only what is watched has a gradient |
//! | a variable that is not trainable | `None`, unless watched | `None`, unless watched | |
//! | `watch_accessed_variables=False` | explicit watches only | [`TapeOptions`] | |
//! | `watch` after use | `None` | `None`, with a reason | |
//! | `watch` after the scope | accepted | accepted | |
//! | `watch` of anything but tensors | `ValueError` | does not compile | types |
//! | `watch` of integers | a log line, then `None` | `None`, with a reason | a library does not log; the reason is a value |
//! | `watch` on a tape never entered | `AttributeError` about `NoneType` | [`Error::NeverEntered`] | the error names the cause |
//! | `watch` on a used-up tape | the same `AttributeError` | [`Error::Consumed`], with the line that used it up | as above |
//! | entering twice | `ValueError` | [`Error::StillRecording`], with the line that entered it | |
//! | entering again after the scope | continues | continues | |
//! | entering a used-up tape again | starts over | starts over | |
//! | an exception inside | the tape stays usable | the same after a panic or an error | |
//! | overlapping tapes | any order | scopes may be dropped in any order | |
//! | threads | one tape per thread; `gradient` on any | the same; a scope cannot leave its thread | types |
//! | control flow | recorded as executed | recorded as executed | |
//! | `stop_recording` | operations are constants for this tape | the same, with a guard | |
//! | — never entered, or used up | `RuntimeError`, one message for both | [`Error::NeverEntered`], [`Error::Consumed`] | two causes, two errors |
//! | — after the scope | `ValueError` | [`Error::NotRecording`] | |
//! | — `gradient` inside it, not persistent | a new recording after it | a new recording after it | |
//! | `reset` | clears recording and watches | the same | |
//! | `watched_variables` | in order of construction | in order of construction | |
//! | structure of the result | that of the sources | that of the sources ([`Nest`]) | |
//! | an array as target, several targets | gradient of the sum | gradient of the sum | |
//! | no target | `None` | `None` | |
//! | intermediate results | as source and target | as source and target | |
//! | identity | a new `value()` is another source | the same; the reason says so | |
//! | `gradient(x, x)` | 1, watched or not | 1, watched or not | |
//! | `None`, numbers as target or source | `TypeError`, `AttributeError` | does not compile | types |
//! | a second `gradient` | `RuntimeError`, also for a tape never entered | [`Error::Consumed`], [`Error::NeverEntered`] | two causes, two errors |
//! | a failed `gradient` | may break the tape | leaves the tape unchanged | everything is checked first |
//! | persistent | any number; freed with the tape | the same | |
//! | `gradient` inside its own scope, not persistent | stops recording | stops recording | |
//! | — persistent | recorded too, with a log line | recorded too | a documented cost of [`GradientTape::persistent`] |
//! | integers as target or source | `None`; zeros on request | `None`, with a reason; zeros on request | |
//! | `unconnected_gradients` | a string | [`UnconnectedGradients`] | types |
//! | too few or too many `output_gradients` | ones for missing entries, extra entries ignored | [`Error::Count`] | a forgotten entry is an error |
//! | — a bare list | flattened into several | a list has one entry per target | avoids a trap |
//! | — of a wrong shape or type | an error from some operation | [`Error::Shape`], [`Error::MixedTypes`] | the error names the argument |
//! | — a scalar | for every element | for every element | |
//! | gradient of `gather` | `IndexedSlices` | a dense tensor | one type of tensor |
//! | types | `f16` to `complex128` | `f32`, `f64`; `i64` and `bool` as values | |
//! | mixed types | an error about input #1 | [`Error::MixedTypes`] | the error names both types |
//! | `argmax`, `floor`, `round`, `ceil` | `None` | `None`, with a reason | |
//! | `sign` | 0 | 0 | |
//! | a NumPy round trip | `None` | `None`: [`Tensor::to_vec`] leaves the tape | |
//! | a branch of [`select`](Tensor::select) that is not taken | contributes 0, which becomes NaN where the branch is infinite | contributes nothing, at any order; neither does an operand that [`Tensor::maximum`] or a similar function does not take | avoids 0·∞ |
//! | NaN in `maximum`, `minimum`, `clip_by_value` | NaN, with the gradient 0 or 1 | NaN, with the gradient NaN | a NaN is not hidden |
//! | an operation without a gradient | `LookupError` | does not exist | one table of operations |
//! | `stop_gradient` | cuts a path | cuts a path | |
//! | `custom_gradient` | its inner tensors are constants for higher orders | the rule receives operands and result | higher orders are correct |
//! | — a variable used inside | `ValueError`, unless the rule takes `variables` | [`Error::NotAnOperand`] | |
//! | — a tensor with a gradient used inside | `None` | [`Error::NotAnOperand`] | a lost gradient is an error |
//! | second derivatives | the inner gradient inside the outer scope | the same | |
//! | forward mode | `ForwardAccumulator`, before the operations | [`jvp`](GradientTape::jvp) over the recording, or [`jvp`] of a function | one recording serves both modes |
//! | — a source listed twice | `ValueError` | [`Error::Repeated`] | |
//! | `jacobian` | shape target + source; one target | the same; one target by its type | types |
//! | — `experimental_use_pfor`, `parallel_iterations` | needs a persistent tape | no such options; one pass per element | |
//! | `batch_jacobian` unconnected | always zeros | `None`, or zeros on request | like `jacobian` |
//! | — rank below 2, unequal batches | `ValueError` | [`Error::Shape`] | |
//! | `assign` | stops gradients; values already read do not change | the same; the reason names the line | |
//! | the value of `assign` | a read of the variable | a read of the variable | |
//! | `x = x + 1` | `x` becomes a tensor | does not compile, or shadows `x` | types |
//! | a wrong shape or type assigned | `ValueError` | [`Error::Shape`], [`Error::MixedTypes`] | |
//! | subnormal numbers | flushed to zero | kept; flushed within [`with_subnormals`] | IEEE 754; flush them to compare with TensorFlow |
//!
//! Derivatives at edge points match TensorFlow: abs, relu and sign give 0 at 0; √, ln
//! and x⁰·⁵ give ∞ at 0; norm, atan2 and hypot give NaN at 0; at a tie
//! [`Tensor::maximum`] passes everything to the first operand, [`Tensor::max`] splits
//! evenly; [`Tensor::clamp`] gives 1 at a limit, 0 outside; [`Tensor::prod`] of two
//! zeros gives zeros; [`Tensor::divide_no_nan`] by 0 gives 0. Apart from the rows on
//! branches and NaN above, one case differs: all derivatives of x⁰ at x = 0, and hence
//! those of x^n of an order above n, are 0 here and NaN there.
//!
//! # Cost
//!
//! `cargo bench --bench tape` measures it. A scalar operation costs as much as
//! creating a tensor, tens of nanoseconds; recording it costs about as much again,
//! and a gradient a small multiple. Large tensors run at the speed of memory. For
//! thousands of descents use the engine ([`batch`]), which records once
//! and replays.
//!
//! # Graphs
//!
//! A [`Graph`] records a computation on numbers and arrays without values, for repeated
//! evaluation. Its gradient is recorded in the same graph, so it can be differentiated again;
//! a [`Program`] evaluates any of the results.
//!
//! ```
//! use gradtape::{Graph, Precision, Program, Subnormals};
//!
//! let graph = Graph::new(Precision::F64, Subnormals::Keep);
//! let x = graph.input([]);
//! let f = x.powi(4) - x.powi(2);
//! let first = graph.gradient(f, &[x])[0];
//! let second = graph.gradient(first, &[x])[0];
//! let program = Program::new(&graph, &[f, first, second]);
//! assert_eq!(program.evaluate(&[2.0]), [12.0, 28.0, 46.0]);
//! ```
//!
//! # Experiments
//!
//! An *objective* is a function of *parameters* (its variables); its value is the *loss*. An
//! *epoch* is one update of the parameters against the *gradient* of the loss, by the rule of
//! the *optimizer*. A *run* is one descent: an objective, a start, an optimizer with its
//! settings, and a number of epochs. An experiment is a TOML file that describes many runs;
//! [`Plan::new`](plan::Plan::new) interprets it, or reports every error in it, and
//! [`experiment::run`] computes the runs. A test can guard the recorded values of a file with
//! [`assert_experiment`].
//!
//! ```
//! use gradtape::experiment;
//! use gradtape::plan::Plan;
//!
//! let plan = Plan::new("functions.toml", r#"
//!     epochs = 10
//!     objective = [{ function = ["sphere", "rosenbrock"], dimension = [2, 1000] }]
//!     optimizer = [{ method = "sgd", learning_rate = 1e-4 }]
//! "#)?;
//! assert_eq!(plan.runs.count(), 4);
//! assert_eq!(plan.label(&plan.run(3)), "rosenbrock, dimension=1000");
//! assert_eq!(plan.run(3).start.len(), 1000);
//! let results = experiment::run(&plan);
//! assert!(results.runs[3].quantities.loss().to_f64() < 200_000.0);
//! # Ok::<(), gradtape::mistake::Mistakes>(())
//! ```
//!
//! # Crates
//!
//! Each stage of the pipeline produces a plain value that can be printed:
//!
//! ```text
//! text ─spec▶ Spec ─plan▶ Plan ─batch▶ End ─report▶ files
//!                           │                └─baseline▶ Deviation
//!                  Program (traced once, replayed for every run)
//! ```
//!
//! Each crate knows only those above it in this table.
//!
//! | crate | content |
//! |---|---|
//! | `gradtape-tape` | number types, elementary functions, the table of operations with their derivatives, tensors, the tape, the graph |
//! | `gradtape-engine` | programs compiled from a graph, and their evaluation for many runs at once |
//! | `gradtape-chart` | a figure as a value → SVG, PNG, GIF |
//! | `gradtape-experiment` | the file format, formulas, test functions, data, optimizers, plans, runs, diagnosis |
//! | `gradtape-report` | tables, JSON, the page, comparison with recorded reports |
//! | `gradtape` | this page, and the command `runner` |
//!
//! What `gradtape` does not re-export from them can change in any version.
//!
//! # Invariants
//!
//! - Only the command prints, or reads the clock or the environment.
//! - Only the readers of files, reports and the comparison with them access the disk.
//! - Once a plan is made, no run can fail; how it ends is its status.
//! - The result of a run depends only on its own settings, not on threads,
//!   neighbours or order. No operation is contracted, reordered or approximated
//!   differently on another machine.
//!
//! [`gradient`]: GradientTape::gradient
//! [`connected_gradient`]: GradientTape::connected_gradient
//! [`explain`]: GradientTape::explain
//! [`record`]: GradientTape::record
//! [`jacobian`]: GradientTape::jacobian
//! [`batch_jacobian`]: GradientTape::batch_jacobian

#[doc(inline)]
pub use gradtape_engine::Program;
#[doc(inline)]
pub use gradtape_experiment::{batch, derivative, mistake, number, objective, plan};
#[doc(inline)]
pub use gradtape_report::{assert_experiment, experiment};
#[doc(inline)]
pub use gradtape_tape::{
    Array, Axes, Caller, CheckedEntry, DType, Element, Error, Explanation, GradientCheck,
    GradientOptions, GradientTape, Graph, Nest, Number, Op, Operand, Pause, Precision, Real,
    Reason, Result, Scope, Shape, Single, Span, Step, Subnormals, TapeOptions, Tensor,
    UnconnectedGradients, Variable, check_gradient, custom_gradient, hessian,
    hessian_vector_product, jvp, value_and_gradient, with_subnormals,
};

/// The code of the README is tested too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
