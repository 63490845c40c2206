//! The experiments of gradtape: TOML files that describe gradient descents, and their runs.
//!
//! [`Plan::new`](plan::Plan::new) interprets a file, or reports every error in it;
//! [`batch::run`] computes its runs, and [`derivative::table`] its tables of derivatives. A
//! [`Formula`](objective::Formula) describes an objective as text; it can use vectors and data,
//! and [`objective::catalogue`] has named test functions.
//!
//! ```
//! use gradtape_experiment::batch::{self, Cancelled, Control};
//! use gradtape_experiment::plan::Plan;
//!
//! let plan = Plan::new("parabola.toml", r#"
//!     epochs = 10_000
//!     precision = "f32"
//!     subnormals = "flush"
//!     objective = [{ formula = "w0^2", start = { w0 = 1 } }]
//!     optimizer = [{ method = "sgd", learning_rate = 0.01 }]
//! "#)?;
//! batch::run(&plan, &[0], || (), &Control::default(), |results, ()| {
//!     let (_, result) = &results[0];
//!     assert_eq!(result.parameters[0].to_string(), "5.803526e-37");
//!     assert_eq!(result.reason.to_string(), "no parameter changes from epoch 4130 on");
//!     Ok::<(), Cancelled>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The modules, from the ground up: [`number`] and [`text`] (numbers and untrusted text as
//! shown), [`ending`] (the words for how a run ended), [`mistake`] (errors in a file, with their
//! places), [`random`], [`data`] (columns of CSV files), [`objective`], [`optimizer`] (methods,
//! schedules, searches), [`spec`] (a file as written, the description of the format),
//! [`schema`], [`plan`] (every default filled in, every check passed, every run numbered),
//! [`batch`], [`derivative`], [`landscape`] (objectives on a grid, for level lines) and
//! [`diagnosis`] (why runs ended as they did). Modules that this page does not list below are not
//! part of the interface and can change in any version.

pub mod batch;
#[doc(hidden)]
pub mod data;
pub mod derivative;
#[doc(hidden)]
pub mod diagnosis;
#[doc(hidden)]
pub mod ending;
#[doc(hidden)]
pub mod landscape;
mod language;
pub mod mistake;
pub mod number;
pub mod objective;
#[doc(hidden)]
pub mod optimizer;
pub mod plan;
#[doc(hidden)]
pub mod random;
#[doc(hidden)]
pub mod schema;
#[doc(hidden)]
pub mod spec;
#[doc(hidden)]
pub mod text;

#[cfg(test)]
mod tests {
    use crate::batch::{self, Cancelled, Control};
    use crate::plan::Plan;

    /// Both tables have a row for this test; nothing else knows of them.
    #[test]
    fn a_row_adds_a_function_and_a_test_function() {
        let text = "epochs = 1\nobjective = [{ function = 'function_of_a_test' }]\n\
                    optimizer = [{ method = 'sgd', learning_rate = 0.25 }]";
        let plan = Plan::new("test.toml", text).expect("a plan");
        let run = batch::run(
            &plan,
            &[0],
            || (),
            &Control::default(),
            |results, ()| {
                assert_eq!(results[0].1.parameters[0].to_string(), "0.5");
                Ok::<(), Cancelled>(())
            },
        );
        assert!(run.is_ok());
        assert!(crate::objective::documentation().contains("`row_of_a_test(x)`"));
        assert!(crate::schema::json_schema().contains("\"function_of_a_test\""));
    }
}
