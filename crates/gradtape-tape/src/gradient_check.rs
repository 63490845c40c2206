//! The check of a function's derivatives: by reverse mode, forward mode and differences.

use std::fmt;
use std::panic::Location;

use super::error::{Error, Result};
use super::functional::{ZERO, recorded};
use super::tape::GradientTape;
use super::tensor::{DType, Shape, Tensor};

/// How well the derivatives of a function agree, computed in three ways;
/// `Display` shows the worst entry.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientCheck {
    /// The entry of the Jacobian where the three differ most.
    pub worst: Option<CheckedEntry>,
    /// The largest [error](CheckedEntry::error) allowed.
    pub tolerance: f64,
    /// The number of entries of the Jacobian.
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
    /// The possible error of `difference`: the rounding of the function, and the remaining
    /// error of finite steps.
    pub uncertainty: f64,
    /// The largest difference between two of the three in excess of the uncertainty,
    /// relative to the largest magnitude of the three and of the function's own change per
    /// unit of the step; NaN if one of the three is.
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
            return formatter.write_str("no derivatives to check");
        };
        let (operand, element) = worst.input;
        write!(
            formatter,
            "{} of {} derivatives agree within {:e}; largest error at element {} of the value \
             with respect to element {element} of operand {operand}: reverse mode {}, forward \
             mode {}, central difference {} ± {:.1e} (relative error {:.1e})",
            if self.passed() { "all" } else { "not all" },
            self.entries,
            self.tolerance,
            worst.output,
            worst.reverse,
            worst.forward,
            worst.difference,
            worst.uncertainty,
            worst.error,
        )
    }
}

/// Compares every derivative of `f` at a point by reverse mode, by forward mode
/// and by central differences.
///
/// The step of the differences starts at a tenth of max(1, |x|) and is halved. They are
/// extrapolated to a step of 0 (Ridders, *Accurate computation of F′(x) and F′(x)F″(x)*,
/// 1982) until the rounding of `f` outweighs the gain. So the scale on which `f` changes
/// need not be known, and steps that leave its domain do not matter. The tolerance is
/// 100·ε^⅔, where ε is the spacing of numbers at 1: 3.7e-9 for `f64`, 2.4e-3 for `f32`.
/// A difference that does not settle as the step shrinks, as at a jump, never passes.
///
/// `f` is called once for the derivatives, and about ten to thirty times for each
/// element of the operands.
///
/// # Errors
///
/// Errors of `f`; [`Error::Type`] if an operand or the value does not hold
/// floating-point numbers, [`Error::MixedTypes`] if the types differ.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Tensor, check_gradient};
///
/// let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([[3.0, 4.0], [5.0, 6.0]]));
/// let check = check_gradient(|[x, y]| y.matmul(x)?.sin(), [&x, &y])?;
/// assert!(check.passed(), "{check}");
///
/// // A tape sees `floor` as a constant, the differences see a jump.
/// let check = check_gradient(|[x]| x.floor()?.try_mul(x), [&Tensor::from(2.0)])?;
/// assert!(!check.passed());
/// # Ok::<(), gradtape_tape::Error>(())
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
    let middle = numbers(&value)?;
    for (operand, x) in own.iter().enumerate() {
        let reverse = match &jacobians[operand] {
            Some(jacobian) => numbers(jacobian)?,
            None => continue,
        };
        for element in 0..x.len() {
            let direction = Tensor::unit(x.shape(), x.len(), element, dtype, caller)?;
            let forward = tape.jvp(&value, x, &direction)?;
            let forward = forward.map_or_else(|| Ok(vec![0.0; value.len()]), |t| numbers(&t))?;
            let differences = differences(&f, &own, (operand, element), &middle, epsilon)?;
            for (output, difference) in differences.into_iter().enumerate() {
                let index = output * x.len() + element;
                let pair = [reverse[index], forward[output]];
                check.note(output, (operand, element), pair, &difference);
            }
        }
    }
    Ok(check)
}

impl GradientCheck {
    fn note(
        &mut self,
        output: usize,
        input: (usize, usize),
        [reverse, forward]: [f64; 2],
        difference: &Difference,
    ) {
        let all = [reverse, forward, difference.slope, difference.change];
        let scale = all.iter().fold(0.0, |scale: f64, x| scale.max(x.abs()));
        // An error of the steps at least this large does not count: the differences do
        // not settle.
        let settled = SETTLED * self.tolerance * scale;
        let uncertainty = difference.rounding + difference.truncation.min(settled);
        let apart = |x: f64, y: f64, uncertainty: f64| {
            // The same infinity is no difference.
            if x == y {
                return 0.0;
            }
            let apart = (x - y).abs();
            if apart <= uncertainty {
                0.0
            } else {
                (apart - uncertainty) / scale
            }
        };
        let apart = [
            apart(reverse, forward, 0.0),
            apart(reverse, difference.slope, uncertainty),
            apart(forward, difference.slope, uncertainty),
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
                difference: difference.slope,
                uncertainty,
                error,
            });
        }
    }
}

/// The first step, relative to max(1, |x|). Its halves are not powers of two, so that they
/// do not all hit the period of a function.
const FIRST_STEP: f64 = 0.1;
/// The maximum number of steps.
const MAX_STEPS: usize = 48;
/// The minimum number of steps that are compared.
const MIN_STEPS: usize = 3;
/// After this many steps outside the domain of the function |x| itself bounds them.
const MAX_OUTSIDE: u32 = 4;
/// The largest error of a step that counts as settled, in tolerances.
const SETTLED: f64 = 30.0;
/// The error of a value of the function in roundings, and the factor by which extrapolation
/// can increase it: less than 2 where steps are halved.
const ROUNDINGS: f64 = 2.0 * 4.0;

/// A derivative by central differences.
#[derive(Clone, Copy)]
struct Difference {
    slope: f64,
    /// The remaining error of finite steps, by comparing extrapolations.
    truncation: f64,
    /// The error caused by the rounding of the function's values.
    rounding: f64,
    /// The change of the function to either side, per unit of the step.
    change: f64,
}

impl Difference {
    const NONE: Difference = Difference {
        slope: f64::NAN,
        truncation: f64::INFINITY,
        rounding: 0.0,
        change: 0.0,
    };

    fn uncertainty(&self) -> f64 {
        self.truncation + self.rounding
    }
}

/// Richardson's extrapolation of the differences of one output, by Neville's scheme.
struct Extrapolation {
    best: Difference,
    steps: Vec<f64>,
    /// The newest row: from the last step alone, from the last two, …
    row: Vec<f64>,
    /// Whether a smaller step can still be better.
    is_open: bool,
}

impl Extrapolation {
    /// Takes the difference at another step.
    fn add(&mut self, step: f64, next: Difference) {
        self.steps.push(step);
        let mut row = vec![next.slope];
        let earlier = self.steps.iter().rev().skip(1);
        for (before, earlier) in self.row.iter().zip(earlier) {
            let ratio = earlier / step;
            let last = row[row.len() - 1];
            let slope = last + (last - before) / (ratio * ratio - 1.0);
            let truncation = (slope - last).abs().max((slope - before).abs());
            row.push(slope);
            let found = Difference {
                slope,
                truncation,
                ..next
            };
            // Two may agree by chance.
            let counts = self.steps.len() >= MIN_STEPS;
            if counts && found.uncertainty() < self.best.uncertainty() {
                self.best = found;
            }
        }
        if self.best.slope.is_nan() {
            self.best = next;
        }
        self.row = row;
        self.is_open = next.rounding < self.best.uncertainty();
    }
}

/// (f(x + h) − f(x − h)) / 2h for one element of one operand, as h goes to 0: the derivative
/// of each element of the value, which is `middle` at x.
fn differences<const N: usize>(
    f: impl Fn([&Tensor; N]) -> Result<Tensor>,
    at: &[Tensor; N],
    (operand, element): (usize, usize),
    middle: &[f64],
    epsilon: f64,
) -> Result<Vec<Difference>> {
    let x = numbers(&at[operand])?;
    let size = x[element].abs();
    let moved = |to: f64| -> Result<(f64, Vec<f64>)> {
        let mut elements = x.clone();
        elements[element] = to;
        let moved = from_numbers(elements, at[operand].dtype(), at[operand].shape())?;
        // The value after rounding to the type.
        let place = numbers(&moved)?[element];
        let mut operands = at.each_ref();
        operands[operand] = &moved;
        Ok((place, numbers(&f(operands)?)?))
    };
    let begin = |_| Extrapolation {
        best: Difference::NONE,
        steps: Vec::new(),
        row: Vec::new(),
        is_open: true,
    };
    let mut outputs: Vec<Extrapolation> = middle.iter().map(begin).collect();
    let mut outside = 0;
    let mut step = FIRST_STEP * size.max(1.0);
    for _ in 0..MAX_STEPS {
        let (above, high) = moved(x[element] + step)?;
        let (below, low) = moved(x[element] - step)?;
        let width = above - below;
        step *= 0.5;
        let mut is_outside = true;
        for (output, extrapolation) in outputs.iter_mut().enumerate() {
            let (high, low, middle) = (high[output], low[output], middle[output]);
            let slope = (high - low) / width;
            if !slope.is_finite() {
                // A first step may leave the domain of the function; a later one that
                // does has become too small.
                extrapolation.is_open &= extrapolation.steps.is_empty();
                continue;
            }
            is_outside = false;
            if extrapolation.is_open {
                let change = (high - middle).abs().max((low - middle).abs());
                let next = Difference {
                    slope,
                    truncation: f64::INFINITY,
                    rounding: ROUNDINGS * epsilon * high.abs().max(low.abs()) / width,
                    change: change / (0.5 * width),
                };
                extrapolation.add(0.5 * width, next);
            }
        }
        outside += u32::from(is_outside);
        if is_outside && outside == MAX_OUTSIDE && size > 0.0 {
            // A domain that ends at 0, such as that of a logarithm.
            step = step.min(0.5 * size);
        }
        if !outputs.iter().any(|output| output.is_open) {
            break;
        }
    }
    Ok(outputs.into_iter().map(|output| output.best).collect())
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    tensor.cast(DType::F64)?.to_vec()
}

fn from_numbers(elements: Vec<f64>, dtype: DType, shape: &Shape) -> Result<Tensor> {
    Tensor::new(elements, shape)?.cast(dtype)
}
