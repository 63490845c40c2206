//! Operations with a derivative of the user's own.

use std::panic::Location;

use super::error::Result;
use super::tensor::{Custom, Tensor};

/// Computes `value` of the operands, and takes `rule` as its derivative.
///
/// `rule` is given the incoming derivative (of the shape of the result), the
/// operands and the result, and returns the derivative for each operand, of its
/// shape and type. It consists of operations on what it is given, so it can be
/// differentiated again; what `value` computed on the way is not recorded.
/// Forward mode uses the same rule, transposed: it has to be linear in the
/// incoming derivative.
///
/// # Errors
///
/// What `value` returns. [`Error::NotAnOperand`](crate::Error::NotAnOperand) if
/// `value` reads a variable, or uses a tensor, that a recording tape tracks and
/// that is not one of the operands. What `rule` returns, or
/// [`Error::Shape`](crate::Error::Shape) if it does not fit, is returned by the
/// call that takes the derivative; the tape stays usable.
///
/// # Examples
///
/// ln(1 + eˣ), whose derivative is written so that it does not overflow:
///
/// ```
/// use gradtape::{GradientTape, Variable, custom_gradient};
///
/// let x = Variable::new(100.0);
/// let tape = GradientTape::new();
/// let y = tape.record(|| {
///     custom_gradient(
///         [&x.value()],
///         |[x]| x.exp()?.log1p(),
///         |g, [x], _| Ok([g * (-x).exp()?.try_add(1.0)?.powi(-1)?]),
///     )
/// })??;
/// assert_eq!(tape.gradient(&y, &x)?.unwrap().item::<f64>()?, 1.0);
/// # Ok::<(), gradtape::Error>(())
/// ```
#[track_caller]
pub fn custom_gradient<const N: usize>(
    operands: [&Tensor; N],
    value: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
    rule: impl Fn(&Tensor, [&Tensor; N], &Tensor) -> Result<[Tensor; N]> + Send + Sync + 'static,
) -> Result<Tensor> {
    let rule = move |g: &Tensor, operands: &[Tensor], result: &Tensor| {
        // A tape gives back as many as it recorded.
        let operands = std::array::from_fn(|index| &operands[index]);
        rule(g, operands, result).map(Vec::from)
    };
    let rule = Custom {
        rule: Box::new(rule),
    };
    Tensor::custom(&operands, || value(operands), rule, Location::caller())
}
