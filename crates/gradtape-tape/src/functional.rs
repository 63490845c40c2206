//! Derivatives of a function at a point, without a tape from the caller.

use super::error::Result;
use super::tape::{GradientOptions, GradientTape, UnconnectedGradients};
use super::tensor::Tensor;

pub(super) const ZERO: UnconnectedGradients = UnconnectedGradients::Zero;

/// `f` of watched operands, on a tape.
pub(super) fn recorded<const N: usize>(
    tape: &GradientTape,
    f: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
    at: [&Tensor; N],
) -> Result<Tensor> {
    tape.record(|| {
        tape.watch(at)?;
        f(at)
    })?
}

/// The value and the gradient of `f`: for each operand the derivative of the sum
/// of all elements of the value, or zeros if the value does not depend on it.
///
/// # Errors
///
/// Errors of `f`.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Tensor, value_and_gradient};
///
/// let (x, y) = (Tensor::from(3.0), Tensor::from(5.0));
/// let (value, [dx, dy]) = value_and_gradient(|[x, y]| x.try_mul(y), [&x, &y])?;
/// assert_eq!((value, dx, dy), (Tensor::from(15.0), y, x));
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[track_caller]
pub fn value_and_gradient<const N: usize>(
    f: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
    at: [&Tensor; N],
) -> Result<(Tensor, [Tensor; N])> {
    // The operands are copies, so that one that occurs twice counts twice.
    let own = at.map(Tensor::identity);
    let tape = GradientTape::new();
    let value = recorded(&tape, f, own.each_ref())?;
    let options = GradientOptions {
        unconnected_gradients: ZERO,
        ..GradientOptions::default()
    };
    let gradients = tape.gradient_with(&value, own.each_ref(), options)?;
    let gradients = own.each_ref().map(Clone::clone).into_iter().zip(gradients);
    let gradients = gradients.map(|(operand, gradient)| gradient.unwrap_or(operand));
    let gradients: Vec<Tensor> = gradients.collect();
    Ok((value, std::array::from_fn(|index| gradients[index].clone())))
}

/// The value of `f`, and its derivative along `tangents`: the product of the
/// Jacobian and a vector, by forward mode.
///
/// # Errors
///
/// Errors of `f`; [`Error::Shape`](super::Error::Shape) or
/// [`Error::MixedTypes`](super::Error::MixedTypes) if a tangent does not match its
/// operand.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Tensor, jvp};
///
/// let x = Tensor::from([1.0, 2.0]);
/// let (value, slope) = jvp(|[x]| x.powi(3), [&x], [&Tensor::from([1.0, 0.5])])?;
/// assert_eq!(value, Tensor::from([1.0, 8.0]));
/// assert_eq!(slope, Tensor::from([3.0, 6.0]));
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[track_caller]
pub fn jvp<const N: usize>(
    f: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
    at: [&Tensor; N],
    tangents: [&Tensor; N],
) -> Result<(Tensor, Tensor)> {
    let own = at.map(Tensor::identity);
    let tape = GradientTape::new();
    let value = recorded(&tape, f, own.each_ref())?;
    let slope = tape.jvp(&value, own.each_ref(), tangents)?;
    let slope = match slope {
        Some(slope) => slope,
        None => Tensor::zeros(value.dtype(), value.shape())?,
    };
    Ok((value, slope))
}

/// The Hessian of `f`: all second derivatives of the sum of the value's elements,
/// a tensor whose shape is that of the operand repeated twice.
///
/// # Errors
///
/// Errors of `f`.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Tensor, hessian};
///
/// let x = Tensor::from([1.0, 2.0]);
/// let curvature = hessian(|x| x.powi(4)?.sum(), &x)?;
/// assert_eq!(curvature, Tensor::from([[12.0, 0.0], [0.0, 48.0]]));
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[track_caller]
pub fn hessian(f: impl FnOnce(&Tensor) -> Result<Tensor>, at: &Tensor) -> Result<Tensor> {
    let x = at.identity();
    let outer = GradientTape::new();
    let [gradient] = outer.record(|| {
        outer.watch(&x)?;
        value_and_gradient(|[x]| f(x), [&x]).map(|(_, gradient)| gradient)
    })??;
    match outer.jacobian_with(&gradient, &x, ZERO)? {
        Some(hessian) => Ok(hessian),
        None => Tensor::zeros(x.dtype(), x.shape().followed_by(x.shape())),
    }
}

/// The product of the Hessian of `f` and a vector, without the Hessian: forward
/// mode over the gradient.
///
/// # Errors
///
/// Errors of `f`; [`Error::Shape`](super::Error::Shape) or
/// [`Error::MixedTypes`](super::Error::MixedTypes) if the vector does not match the
/// operand.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Tensor, hessian_vector_product};
///
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 10.0]));
/// let product = hessian_vector_product(|x| x.powi(4)?.sum(), &x, &v)?;
/// assert_eq!(product, Tensor::from([12.0, 480.0]));
/// # Ok::<(), gradtape_tape::Error>(())
/// ```
#[track_caller]
pub fn hessian_vector_product(
    f: impl FnOnce(&Tensor) -> Result<Tensor>,
    at: &Tensor,
    vector: &Tensor,
) -> Result<Tensor> {
    let gradient = |[x]: [&Tensor; 1]| {
        let (_, [gradient]) = value_and_gradient(|[x]| f(x), [x])?;
        Ok(gradient)
    };
    jvp(gradient, [at], [vector]).map(|(_, product)| product)
}
