//! Operations with a user-defined derivative.

use std::panic::Location;

use super::error::Result;
use super::tensor::{Custom, Tensor};

/// Computes `value` of the operands, with `rule` as its derivative.
///
/// `rule` receives the incoming derivative (of the shape of the result), the
/// operands and the result, and returns the derivative for each operand, of its
/// shape and type. It consists of operations on its arguments, so it can be
/// differentiated again; the intermediate results of `value` are not recorded.
/// Forward mode uses the transpose of the same rule, which must be linear in the
/// incoming derivative.
///
/// # Errors
///
/// Errors of `value`. [`Error::NotAnOperand`](crate::Error::NotAnOperand) if
/// `value` uses a variable or a tensor that a recording tape tracks and that is not
/// one of the operands. An error of `rule`, or
/// [`Error::Shape`](crate::Error::Shape) if its result does not match an operand, is
/// returned by the call that takes the derivative; the tape stays usable.
///
/// # Examples
///
/// ln(1 + eˣ), whose derivative is written so that it does not overflow:
///
/// ```
/// use gradtape_tape::{GradientTape, Variable, custom_gradient};
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
/// # Ok::<(), gradtape_tape::Error>(())
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
