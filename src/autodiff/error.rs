//! What can go wrong with tensors, variables and tapes.

use std::panic::Location;

use super::tape::Explanation;
use super::tensor::{DType, Shape};

/// The line that called.
pub type Caller = &'static Location<'static>;

/// What is wrong with a call to a tensor, a variable or a tape.
///
/// Everything is checked when the operation is called, before anything is
/// computed or recorded: a failed call changes nothing. `at` is the line of
/// the caller.
///
/// # Examples
///
/// ```
/// use gradtape::{Error, Tensor};
///
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 2.0, 3.0]));
/// let error = a.try_add(&b).unwrap_err();
/// assert!(matches!(&error, Error::Broadcast { left, .. } if left[..] == [2]));
/// assert!(error.to_string().starts_with("add: shapes [2] and [3] do not broadcast"));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two shapes do not broadcast to one.
    #[error(
        "{operation}: shapes {left} and {right} do not broadcast: compared from the right, \
         two lengths must be equal or one of them 1 (at {at})"
    )]
    Broadcast {
        /// The operation.
        operation: &'static str,
        /// The shape of the first operand.
        left: Shape,
        /// The shape of the second.
        right: Shape,
        /// The caller.
        at: Caller,
    },
    /// A shape cannot be stretched to another.
    #[error("broadcast_to: shape {from} does not stretch to {to} (at {at})")]
    BroadcastTo {
        /// The shape of the operand.
        from: Shape,
        /// The shape that was asked for.
        to: Shape,
        /// The caller.
        at: Caller,
    },
    /// Two matrices do not fit.
    #[error(
        "matmul: shapes {left} and {right} do not fit: the last length of the first must be \
         the last but one of the second, and the axes before must broadcast (at {at})"
    )]
    Matmul {
        /// The shape of the first operand.
        left: Shape,
        /// The shape of the second.
        right: Shape,
        /// The caller.
        at: Caller,
    },
    /// Two element types are mixed.
    #[error(
        "{operation}: {left} and {right} are never mixed; convert one of them with `cast` (at {at})"
    )]
    MixedTypes {
        /// The operation.
        operation: &'static str,
        /// The type of the first operand.
        left: DType,
        /// The type of the other.
        right: DType,
        /// The caller.
        at: Caller,
    },
    /// The operation is not defined for this element type.
    #[error("{operation}: needs {expected}, not {dtype} (at {at})")]
    Type {
        /// The operation.
        operation: &'static str,
        /// What the operand holds.
        dtype: DType,
        /// What the operation takes.
        expected: &'static str,
        /// The caller.
        at: Caller,
    },
    /// The number of elements is not that of the shape.
    #[error("{operation}: {elements} elements do not fill shape {shape} (at {at})")]
    Elements {
        /// The operation.
        operation: &'static str,
        /// The number of elements.
        elements: usize,
        /// The shape that was asked for.
        shape: Shape,
        /// The caller.
        at: Caller,
    },
    /// The result would not fit into memory.
    #[error("{operation}: shape {shape} does not fit into memory (at {at})")]
    Memory {
        /// The operation.
        operation: &'static str,
        /// The shape of the result.
        shape: Shape,
        /// The caller.
        at: Caller,
    },
    /// An axis that the tensor does not have, or that is named twice.
    #[error("{operation}: shape {shape} has no axis {axis} to take here (at {at})")]
    Axis {
        /// The operation.
        operation: &'static str,
        /// The axis as given.
        axis: isize,
        /// The shape of the operand.
        shape: Shape,
        /// The caller.
        at: Caller,
    },
    /// An index outside of its axis.
    #[error("{operation}: index {index} is not within an axis of length {length} (at {at})")]
    Index {
        /// The operation.
        operation: &'static str,
        /// The index as given.
        index: i64,
        /// The length of the axis.
        length: usize,
        /// The caller.
        at: Caller,
    },
    /// Shapes that must agree do not.
    #[error("{operation}: shape {shape} where {expected} is needed (at {at})")]
    Shape {
        /// The operation.
        operation: &'static str,
        /// The shape given.
        shape: Shape,
        /// What is needed, as a shape or in words.
        expected: String,
        /// The caller.
        at: Caller,
    },
    /// Nothing to compute from.
    #[error("{operation}: there is nothing in it (at {at})")]
    Empty {
        /// The operation.
        operation: &'static str,
        /// The caller.
        at: Caller,
    },
    /// The tape was never entered, so that nothing can have been recorded.
    #[error(
        "{method}: the tape was never entered; record inside `tape.enter()` or `tape.record()` (at {at})"
    )]
    NeverEntered {
        /// The method called.
        method: &'static str,
        /// The caller.
        at: Caller,
    },
    /// A tape that is not persistent was used already.
    #[error(
        "{method}: the tape was used up by the call at {used}; a tape that is not persistent \
         gives one set of derivatives, `GradientTape::persistent()` any number (at {at})"
    )]
    Consumed {
        /// The method called.
        method: &'static str,
        /// The call that used the tape up.
        used: Caller,
        /// The caller.
        at: Caller,
    },
    /// The tape is recording already.
    #[error("enter: the tape is still recording, since {entered} (at {at})")]
    StillRecording {
        /// Where recording began.
        entered: Caller,
        /// The caller.
        at: Caller,
    },
    /// The tape was entered, and left again.
    #[error("{method}: the tape is not recording (at {at})")]
    NotRecording {
        /// The method called.
        method: &'static str,
        /// The caller.
        at: Caller,
    },
    /// There is not one of something for each of something else.
    #[error("{operation}: {given} {what} for {expected} {whose} (at {at})")]
    Count {
        /// The method called.
        operation: &'static str,
        /// What there must be one of.
        what: &'static str,
        /// How many were given.
        given: usize,
        /// For each of these.
        whose: &'static str,
        /// How many there are.
        expected: usize,
        /// The caller.
        at: Caller,
    },
    /// A source is given twice where each has one tangent.
    #[error("{method}: {repeated} occurs twice among the sources; give it one tangent (at {at})")]
    Repeated {
        /// The method called.
        method: &'static str,
        /// The source.
        repeated: String,
        /// The caller.
        at: Caller,
    },
    /// The value of a custom gradient uses something that a derivative would pass
    /// to, but that is not one of its operands.
    #[error(
        "custom_gradient: the value uses {used} at {line}, which is not an operand, so its \
         gradient would be lost; make it an operand, or take its `stop_gradient()` before (at {at})"
    )]
    NotAnOperand {
        /// The tensor or variable.
        used: String,
        /// Where it is used.
        line: Caller,
        /// The caller.
        at: Caller,
    },
    /// A gradient was asked for that does not exist.
    #[error("{0}")]
    Unconnected(Box<Explanation>),
}

/// What fallible functions of tensors, variables and tapes return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
