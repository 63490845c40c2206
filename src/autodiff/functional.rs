//! Derivatives of a function at a point, without a tape of one's own, and the
//! check of one against the others.

use std::fmt;
use std::panic::Location;

use super::error::{Error, Result};
use super::tape::{GradientOptions, GradientTape, UnconnectedGradients};
use super::tensor::{DType, Shape, Tensor};

const ZERO: UnconnectedGradients = UnconnectedGradients::Zero;

/// `f` of watched operands, on a tape.
fn recorded<const N: usize>(
    tape: &GradientTape,
    f: impl FnOnce([&Tensor; N]) -> Result<Tensor>,
    at: [&Tensor; N],
) -> Result<Tensor> {
    tape.record(|| {
        tape.watch(at)?;
        f(at)
    })?
}

/// The value and the gradient of `f`: with respect to each operand the
/// derivative of the sum of all elements of the value, zeros if it does not
/// depend on it.
///
/// # Errors
///
/// What `f` returns.
///
/// # Examples
///
/// ```
/// use gradtape::{Tensor, value_and_gradient};
///
/// let (x, y) = (Tensor::from(3.0), Tensor::from(5.0));
/// let (value, [dx, dy]) = value_and_gradient(|[x, y]| x.try_mul(y), [&x, &y])?;
/// assert_eq!((value, dx, dy), (Tensor::from(15.0), y, x));
/// # Ok::<(), gradtape::Error>(())
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

/// The value of `f`, and its derivative when the operands move along
/// `tangents`: the product of the Jacobian and a vector, by forward mode.
///
/// # Errors
///
/// What `f` returns; [`Error::Shape`] or [`Error::MixedTypes`] if a tangent is
/// not like its operand.
///
/// # Examples
///
/// ```
/// use gradtape::{Tensor, jvp};
///
/// let x = Tensor::from([1.0, 2.0]);
/// let (value, slope) = jvp(|[x]| x.powi(3), [&x], [&Tensor::from([1.0, 0.5])])?;
/// assert_eq!(value, Tensor::from([1.0, 8.0]));
/// assert_eq!(slope, Tensor::from([3.0, 6.0]));
/// # Ok::<(), gradtape::Error>(())
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

/// The Hessian of `f` with respect to its operand: all second derivatives of
/// the sum of the value's elements, a tensor whose shape is twice that of the
/// operand.
///
/// # Errors
///
/// What `f` returns.
///
/// # Examples
///
/// ```
/// use gradtape::{Tensor, hessian};
///
/// let x = Tensor::from([1.0, 2.0]);
/// let curvature = hessian(|x| x.powi(4)?.sum(), &x)?;
/// assert_eq!(curvature, Tensor::from([[12.0, 0.0], [0.0, 48.0]]));
/// # Ok::<(), gradtape::Error>(())
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
/// What `f` returns; [`Error::Shape`] or [`Error::MixedTypes`] if the vector is
/// not like the operand.
///
/// # Examples
///
/// ```
/// use gradtape::{Tensor, hessian_vector_product};
///
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 10.0]));
/// let product = hessian_vector_product(|x| x.powi(4)?.sum(), &x, &v)?;
/// assert_eq!(product, Tensor::from([12.0, 480.0]));
/// # Ok::<(), gradtape::Error>(())
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

/// How well the derivatives of a function agree, computed in three ways;
/// `Display` tells the worst entry.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// The entry of the Jacobian where the three differ most.
    pub worst: Option<CheckedEntry>,
    /// The greatest difference that is allowed, relative to 1 or the greatest
    /// magnitude among the three, if that is more.
    pub tolerance: f64,
    /// How many entries of the Jacobian there are.
    pub entries: usize,
}

/// One entry of a Jacobian, computed in three ways.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedEntry {
    /// The number of the element of the value, in the order of memory.
    pub output: usize,
    /// The number of the operand, and of its element.
    pub input: (usize, usize),
    /// By reverse mode.
    pub reverse: f64,
    /// By forward mode.
    pub forward: f64,
    /// By central differences.
    pub difference: f64,
    /// The greatest difference between two of them, relative as
    /// [`GradientCheck::tolerance`] is; NaN if one of them is.
    pub error: f64,
}

impl GradientCheck {
    /// Whether all entries agree.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.worst
            .as_ref()
            .is_none_or(|worst| worst.error <= self.tolerance)
    }
}

impl fmt::Display for GradientCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(worst) = &self.worst else {
            return formatter.write_str("there is no derivative to check");
        };
        let (operand, element) = worst.input;
        write!(
            formatter,
            "{} of {} derivatives agree within {:e}; the worst: element {} of the value with \
             respect to element {element} of operand {operand}: reverse mode {}, forward mode {}, \
             central difference {} (relative error {:.1e})",
            if self.passed() { "all" } else { "not all" },
            self.entries,
            self.tolerance,
            worst.output,
            worst.reverse,
            worst.forward,
            worst.difference,
            worst.error,
        )
    }
}

/// Compares every derivative of `f` at a point by reverse mode, by forward mode
/// and by central differences.
///
/// The step of the differences is ∛ε·max(1, |x|), ε the spacing of numbers at
/// 1, so their own error is about ε^⅔ times the third derivative and the size
/// of `f`; the tolerance is 100·ε^⅔ (3.7e-9 for `f64`, 2.4e-3 for `f32`). `f`
/// is called twice for each element of the operands, beside once for the
/// derivatives.
///
/// # Errors
///
/// What `f` returns; [`Error::Type`] if an operand or the value does not hold
/// floating-point numbers, [`Error::MixedTypes`] if the types differ.
///
/// # Examples
///
/// ```
/// use gradtape::{Tensor, check_gradient};
///
/// let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([[3.0, 4.0], [5.0, 6.0]]));
/// let check = check_gradient(|[x, y]| y.matmul(x)?.sin(), [&x, &y])?;
/// assert!(check.passed(), "{check}");
///
/// // A tape sees `floor` as a constant, the differences see a jump.
/// let check = check_gradient(|[x]| x.floor()?.try_mul(x), [&Tensor::from(2.0)])?;
/// assert!(!check.passed());
/// # Ok::<(), gradtape::Error>(())
/// ```
#[track_caller]
pub fn check_gradient<const N: usize>(
    f: impl Fn([&Tensor; N]) -> Result<Tensor>,
    at: [&Tensor; N],
) -> Result<GradientCheck> {
    let caller = Location::caller();
    let own = at.map(Tensor::identity);
    let tape = GradientTape::persistent();
    let value = recorded(&tape, &f, own.each_ref())?;
    let dtype = value.dtype();
    for tensor in own.iter().chain([&value]) {
        if !tensor.dtype().is_float() {
            return Err(Error::Type {
                operation: "check_gradient",
                dtype: tensor.dtype(),
                expected: "floating-point numbers",
                at: caller,
            });
        }
        if tensor.dtype() != dtype {
            return Err(Error::MixedTypes {
                operation: "check_gradient",
                left: dtype,
                right: tensor.dtype(),
                at: caller,
            });
        }
    }
    let epsilon = match dtype {
        DType::F32 => f64::from(f32::EPSILON),
        _ => f64::EPSILON,
    };
    let mut check = GradientCheck {
        worst: None,
        tolerance: 100.0 * libm::cbrt(epsilon * epsilon),
        entries: 0,
    };
    let jacobians = tape.jacobian_with(&value, own.each_ref(), ZERO)?;
    for (operand, x) in own.iter().enumerate() {
        let reverse = match &jacobians[operand] {
            Some(jacobian) => numbers(jacobian)?,
            None => continue,
        };
        for element in 0..x.len() {
            let direction = Tensor::unit(x.shape(), x.len(), element, dtype, caller)?;
            let forward = tape.jvp(&value, x, &direction)?;
            let forward = forward.map_or_else(|| Ok(vec![0.0; value.len()]), |t| numbers(&t))?;
            let difference = central_difference(&f, &own, operand, element, epsilon)?;
            for output in 0..value.len() {
                let index = output * x.len() + element;
                let three = [reverse[index], forward[output], difference[output]];
                check.note(output, (operand, element), three);
            }
        }
    }
    Ok(check)
}

impl GradientCheck {
    fn note(&mut self, output: usize, input: (usize, usize), three: [f64; 3]) {
        let [reverse, forward, difference] = three;
        let scale = three.iter().fold(1.0, |scale: f64, x| scale.max(x.abs()));
        let apart = |x: f64, y: f64| {
            // The same infinity is no difference.
            if x == y { 0.0 } else { (x - y).abs() / scale }
        };
        let apart = [
            apart(reverse, forward),
            apart(reverse, difference),
            apart(forward, difference),
        ];
        let error = apart.iter().fold(0.0, |error: f64, x| {
            if x.is_nan() || error.is_nan() {
                f64::NAN
            } else {
                error.max(*x)
            }
        });
        self.entries += 1;
        let is_worse = self
            .worst
            .as_ref()
            .is_none_or(|worst| !worst.error.is_nan() && (error.is_nan() || error > worst.error));
        if is_worse {
            self.worst = Some(CheckedEntry {
                output,
                input,
                reverse,
                forward,
                difference,
                error,
            });
        }
    }
}

/// (f(x + h) − f(x − h)) / 2h for one element of one operand.
fn central_difference<const N: usize>(
    f: impl Fn([&Tensor; N]) -> Result<Tensor>,
    at: &[Tensor; N],
    operand: usize,
    element: usize,
    epsilon: f64,
) -> Result<Vec<f64>> {
    let x = numbers(&at[operand])?;
    let step = libm::cbrt(epsilon) * x[element].abs().max(1.0);
    let moved = |to: f64| -> Result<(f64, Vec<f64>)> {
        let mut elements = x.clone();
        elements[element] = to;
        let moved = from_numbers(elements, at[operand].dtype(), at[operand].shape())?;
        // Where it got to when rounded to the type.
        let place = numbers(&moved)?[element];
        let mut operands = at.each_ref();
        operands[operand] = &moved;
        Ok((place, numbers(&f(operands)?)?))
    };
    let (above, high) = moved(x[element] + step)?;
    let (below, low) = moved(x[element] - step)?;
    let width = above - below;
    let slopes = high.iter().zip(low).map(|(high, low)| (high - low) / width);
    Ok(slopes.collect())
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    tensor.cast(DType::F64)?.to_vec()
}

fn from_numbers(elements: Vec<f64>, dtype: DType, shape: &Shape) -> Result<Tensor> {
    Tensor::new(elements, shape)?.cast(dtype)
}
