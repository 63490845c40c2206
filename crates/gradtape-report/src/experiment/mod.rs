//! Experiments from Rust: run one and look at its results, or guard its values in a test.
//!
//! The command `runner` writes the results to files; here they are values.
//!
//! # Guarding values from `cargo test`
//!
//! [`assert_experiment`] does what `runner check` does and panics with the deviations:
//!
//! ```standalone_crate
//! # std::env::set_current_dir("../..").expect("the root of the workspace");
//! # /*
//! #[test]
//! # */
//! fn the_parabola_converges() {
//!     gradtape_report::assert_experiment("experiments/parabola.toml");
//! }
//! # the_parabola_converges();
//! ```
//!
//! # Looking at results
//!
//! ```
//! use gradtape_report::experiment;
//! use gradtape_experiment::batch::RunResult;
//! use gradtape_experiment::plan::Plan;
//!
//! let plan = Plan::new("example.toml", r#"
//!     epochs = 100
//!     objective = [{ formula = "(x - 3)^2", start = { x = 0 } }]
//!     optimizer = [{ method = "sgd", learning_rate = [0.01, 0.4] }]
//! "#)?;
//! let results = experiment::run(&plan);
//! let loss = |run: &RunResult| run.quantities.loss().to_f64();
//! let best = results.runs.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)));
//! assert_eq!(best.map(|run| run.label.as_str()), Some("learning_rate=0.4"));
//! let losses: Vec<f64> = results.series(1, "loss").map(|(_, loss)| loss.to_f64()).collect();
//! assert_eq!((losses.len(), losses[0]), (101, 9.0));
//! assert!(results.diagnosis.summary[0].contains("2 runs"));
//! # Ok::<(), gradtape_experiment::mistake::Mistakes>(())
//! ```

mod assertion;
mod check;
mod overlay;
mod recorder;
mod results;

pub use assertion::{CheckError, assert_experiment, check_file};
pub use check::{Check, Checked, check};
#[doc(hidden)]
pub use overlay::Overlay;
pub use results::{Results, run};
