//! The gradient tape, behaviour by behaviour.
//!
//! The numbers in the names refer to the list of behaviours of TensorFlow's tape
//! that the table in the tour of `gradtape` follows. What Rust's types make
//! impossible has no test: numbers, strings and None as sources or targets
//! (8, 23), several targets of one Jacobian (37), an unknown word for what is
//! unconnected (30), a scope that ends twice (13) or on another thread (14).

mod edges;
mod gradients;
mod higher;
mod memory;
mod misuse;
mod recording;
mod tensors;
mod variables;

use gradtape_tape::{GradientTape, Result, Tensor, Variable};

/// The elements as `f64`, whatever the type.
fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor
        .cast(gradtape_tape::DType::F64)
        .and_then(|tensor| tensor.to_vec())
        .unwrap()
}

/// A gradient that must exist, as a number.
fn number(gradient: Option<Tensor>) -> f64 {
    numbers(&gradient.expect("a gradient")).iter().sum()
}

/// y = x² on a tape, x = 3.
fn squared(tape: &GradientTape) -> Result<(Variable, Tensor)> {
    let x = Variable::new(3.0);
    let y = tape.record(|| &x * &x)?;
    Ok((x, y))
}
