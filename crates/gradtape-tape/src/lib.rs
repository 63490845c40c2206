//! Differentiation: the table of operations, the tape, and the traced graph.
//!
//! [`Op`] is the table: every operation with its value and its derivative. It
//! has two users. A [`GradientTape`] records operations on [`Tensor`]s, whose
//! values are computed at once, as in TensorFlow; the front page of the crate
//! `gradtape` is a tour of it. A [`Graph`] records a computation on numbers and whole arrays
//! as nodes without values, for the engine; [`Graph::gradient`] adds the nodes of its
//! derivative to the same graph, so that it can be applied again.
//!
//! ```
//! use gradtape_tape::{Graph, Precision, Subnormals};
//! use gradtape_engine::Program;
//!
//! // f = x³ at x = 2: the value, f′ = 3x² and f″ = 6x.
//! let graph = Graph::new(Precision::F64, Subnormals::Keep);
//! let x = graph.input([]);
//! let f = x.powi(3);
//! let first = graph.gradient(f, &[x])[0];
//! let second = graph.gradient(first, &[x])[0];
//! let program = Program::new(&graph, &[f, first, second]);
//! assert_eq!(program.evaluate(&[2.0]), [8.0, 12.0, 12.0]);
//! ```

mod adjoint;
mod custom;
mod error;
mod functional;
mod gradient_check;
mod graph;
mod math;
mod nest;
mod norm;
mod op;
mod real;
mod tape;
mod tensor;
mod variable;

pub use custom::custom_gradient;
pub use error::{Caller, Error, Result};
pub use functional::{hessian, hessian_vector_product, jvp, value_and_gradient};
pub use gradient_check::{CheckedEntry, GradientCheck, check_gradient};
pub use graph::{Array, Graph};
pub use nest::{Nest, Single};
pub use op::{Number, Op, Partial, Subnormals};
pub use real::{Precision, Real};
pub use tape::{
    Explanation, GradientOptions, GradientTape, Pause, Reason, Scope, Step, TapeOptions,
    UnconnectedGradients,
};
pub use tensor::{Axes, DType, Element, Operand, Shape, Span, Tensor, with_subnormals};
pub use variable::Variable;

/// What the other crates of the workspace need; not part of the interface.
#[doc(hidden)]
pub mod internal {
    pub use crate::math::{Binary64, Bits, Truth, is_near};
    pub use crate::norm::{array_norm, norm};
    pub use crate::op::{Kernel, Value};
    pub use crate::real::evaluate;
    pub use crate::tensor::arrange::{slice_steps, transposed};
    pub use crate::tensor::operation::{Extreme, Operation, Reduction, Stretch};
    pub use crate::tensor::reduce::{BLOCK, middle, reduced};

    /// The nodes of a [`Graph`](crate::Graph).
    pub mod graph {
        pub use crate::graph::{
            Evaluator, Node, Numbers, Origin, ShapedNode, Square, combined, elements, evaluate,
            needed, operations, value,
        };
    }
}
