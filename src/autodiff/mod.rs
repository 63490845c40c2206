//! Differentiation: the table of operations, and the graph of what was traced.
//!
//! [`Op`] is the table: every operation with its value and its derivative.
//! [`Graph`] records a computation as nodes; [`Graph::gradient`] adds the nodes
//! of its derivative to the same graph, so that it can be applied again.
//!
//! ```
//! use gradtape::autodiff::{Graph, Subnormals};
//! use gradtape::engine::Program;
//!
//! // f = x³ at x = 2: the value, f′ = 3x² and f″ = 6x.
//! let graph = Graph::<f64>::new(Subnormals::Keep);
//! let x = graph.input();
//! let f = x.powi(3);
//! let first = graph.gradient(f, &[x])[0];
//! let second = graph.gradient(first, &[x])[0];
//! let program = Program::new(&graph, &[f, first, second]);
//! assert_eq!(program.evaluate(&[2.0]), [8.0, 12.0, 12.0]);
//! ```

mod graph;
mod op;
mod real;

pub use graph::{Graph, Node, NodeId, Var};
pub use op::{Number, Op, Partial, Subnormals};
pub use real::Real;
