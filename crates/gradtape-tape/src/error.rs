//! Errors of tensors, variables and tapes.

use std::panic::Location;

use super::tape::Explanation;
use super::tensor::{DType, Shape};

/// The source location of a call.
pub type Caller = &'static Location<'static>;

/// An error in a call to a tensor, a variable or a tape.
///
/// Everything is checked when the operation is called, before anything is
/// computed or recorded: a failed call changes nothing. `at` is the location of
/// the caller.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Error, Tensor};
///
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 2.0, 3.0]));
/// let error = a.try_add(&b).unwrap_err();
/// assert!(matches!(&error, Error::Broadcast { left, .. } if left[..] == [2]));
/// assert!(error.to_string().starts_with("add: shapes [2] and [3] do not broadcast"));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two shapes do not broadcast to a common shape.
    #[error(
        "{operation}: shapes {left} and {right} do not broadcast; compared from the right, \
         lengths must be equal, or one of the two must be 1 (at {at})"
    )]
    Broadcast {
        /// The operation.
        operation: &'static str,
        /// The shape of the first operand.
        left: Shape,
        /// The shape of the second operand.
        right: Shape,
        /// The caller.
        at: Caller,
    },
    /// A shape does not broadcast to another.
    #[error("broadcast_to: shape {from} does not broadcast to {to} (at {at})")]
    BroadcastTo {
        /// The shape of the operand.
        from: Shape,
        /// The requested shape.
        to: Shape,
        /// The caller.
        at: Caller,
    },
    /// The shapes of two matrices do not match.
    #[error(
        "matmul: shapes {left} and {right} do not match; the last length of the first must equal \
         the second-to-last of the second, and the axes before must broadcast (at {at})"
    )]
    Matmul {
        /// The shape of the first operand.
        left: Shape,
        /// The shape of the second operand.
        right: Shape,
        /// The caller.
        at: Caller,
    },
    /// Two element types are mixed.
    #[error(
        "{operation}: types {left} and {right} cannot be mixed; convert one with `cast` (at {at})"
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
    #[error("{operation}: expected {expected}, found {dtype} (at {at})")]
    Type {
        /// The operation.
        operation: &'static str,
        /// The element type of the operand.
        dtype: DType,
        /// What the operation expects.
        expected: &'static str,
        /// The caller.
        at: Caller,
    },
    /// The number of elements does not match the shape.
    #[error(
        "{operation}: shape {shape} does not match the number of elements, {elements} (at {at})"
    )]
    Elements {
        /// The operation.
        operation: &'static str,
        /// The number of elements.
        elements: usize,
        /// The requested shape.
        shape: Shape,
        /// The caller.
        at: Caller,
    },
    /// The result does not fit in memory.
    #[error("{operation}: shape {shape} does not fit in memory (at {at})")]
    Memory {
        /// The operation.
        operation: &'static str,
        /// The shape of the result.
        shape: Shape,
        /// The caller.
        at: Caller,
    },
    /// An axis that is out of range, listed twice, or missing from a permutation.
    #[error(
        "{operation}: invalid axis {axis} for shape {shape}; it is out of range, or not listed \
         exactly once (at {at})"
    )]
    Axis {
        /// The operation.
        operation: &'static str,
        /// The axis.
        axis: isize,
        /// The shape of the operand.
        shape: Shape,
        /// The caller.
        at: Caller,
    },
    /// An index out of range.
    #[error("{operation}: index {index} is out of range for an axis of length {length} (at {at})")]
    Index {
        /// The operation.
        operation: &'static str,
        /// The index.
        index: i64,
        /// The length of the axis.
        length: usize,
        /// The caller.
        at: Caller,
    },
    /// A step of 0.
    #[error("{operation}: the step of axis {axis} must not be 0 (at {at})")]
    Step {
        /// The operation.
        operation: &'static str,
        /// The axis.
        axis: usize,
        /// The caller.
        at: Caller,
    },
    /// A shape that is not the expected one.
    #[error("{operation}: found shape {shape}, expected {expected} (at {at})")]
    Shape {
        /// The operation.
        operation: &'static str,
        /// The shape found.
        shape: Shape,
        /// What was expected, as a shape or in words.
        expected: String,
        /// The caller.
        at: Caller,
    },
    /// An empty input where at least one element or tensor is needed.
    #[error("{operation}: the input is empty (at {at})")]
    Empty {
        /// The operation.
        operation: &'static str,
        /// The caller.
        at: Caller,
    },
    /// The tape was never entered, so nothing can have been recorded.
    #[error(
        "{method}: the tape was never entered; call `tape.enter()` or `tape.record()` first \
         (at {at})"
    )]
    NeverEntered {
        /// The method called.
        method: &'static str,
        /// The caller.
        at: Caller,
    },
    /// A tape that is not persistent was already used.
    #[error(
        "{method}: the tape was used up by the call at {used}; for more than one set of \
         derivatives, use `GradientTape::persistent()` (at {at})"
    )]
    Consumed {
        /// The method called.
        method: &'static str,
        /// The call that used the tape up.
        used: Caller,
        /// The caller.
        at: Caller,
    },
    /// The tape is already entered.
    #[error("enter: the scope entered at {entered} has not ended (at {at})")]
    StillRecording {
        /// Where that scope was entered.
        entered: Caller,
        /// The caller.
        at: Caller,
    },
    /// The tape was entered, but its scope has ended.
    #[error("{method}: the tape is not recording (at {at})")]
    NotRecording {
        /// The method called.
        method: &'static str,
        /// The caller.
        at: Caller,
    },
    /// Two lists that must have the same length do not.
    #[error(
        "{operation}: the numbers of {what} ({given}) and {whose} ({expected}) differ (at {at})"
    )]
    Count {
        /// The method called.
        operation: &'static str,
        /// The entries of the given list.
        what: &'static str,
        /// Their number.
        given: usize,
        /// What they belong to, one each.
        whose: &'static str,
        /// The expected number.
        expected: usize,
        /// The caller.
        at: Caller,
    },
    /// A source is listed twice where each has one tangent.
    #[error("{method}: {repeated} is listed twice as a source; give it one tangent (at {at})")]
    Repeated {
        /// The method called.
        method: &'static str,
        /// The source.
        repeated: String,
        /// The caller.
        at: Caller,
    },
    /// The value of a custom gradient uses a tracked tensor or variable that is not
    /// one of its operands.
    #[error(
        "custom_gradient: the value uses {used} at {line}, which is not an operand, so its \
         gradient would be lost; make it an operand, or apply `stop_gradient()` first (at {at})"
    )]
    NotAnOperand {
        /// The tensor or variable.
        used: String,
        /// Where it is used.
        line: Caller,
        /// The caller.
        at: Caller,
    },
    /// A requested gradient does not exist.
    #[error("{0}")]
    Unconnected(Box<Explanation>),
}

/// The result of fallible functions of tensors, variables and tapes.
pub type Result<T, E = Error> = std::result::Result<T, E>;
