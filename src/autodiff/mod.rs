//! Differentiation: the table of operations, the tape, and the traced graph.
//!
//! [`Op`] is the table: every operation with its value and its derivative. It
//! has two users. A [`GradientTape`] records operations on [`Tensor`]s, whose
//! values are computed at once, as in TensorFlow; the [tour](crate::tour)
//! shows it. A [`Graph`] records a computation as nodes without values, for the
//! engine; [`Graph::gradient`] adds the nodes of its derivative to the same
//! graph, so that it can be applied again. An [`ArrayGraph`] does the same with
//! whole arrays, so that a sum over a thousand elements is one node.
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

mod adjoint;
pub(crate) mod arrays;
mod custom;
mod error;
mod functional;
mod gradient_check;
mod graph;
mod math;
mod nest;
pub(crate) mod norm;
mod op;
mod real;
mod tape;
pub(crate) mod tensor;
mod variable;

pub use arrays::{Array, ArrayGraph};
pub use custom::custom_gradient;
pub use error::{Caller, Error, Result};
pub use functional::{hessian, hessian_vector_product, jvp, value_and_gradient};
pub use gradient_check::{CheckedEntry, GradientCheck, check_gradient};
pub use graph::{Graph, Node, NodeId, Square, Var};
pub use nest::{Nest, Single};
pub(crate) use op::{Kernel, Value};
pub use op::{Number, Op, Partial, Subnormals};
pub use real::Real;
pub use tape::{
    Explanation, GradientOptions, GradientTape, Pause, Reason, Scope, Step, TapeOptions,
    UnconnectedGradients,
};
pub use tensor::{Axes, DType, Element, Operand, Shape, Span, Tensor, with_subnormals};
pub use variable::Variable;
