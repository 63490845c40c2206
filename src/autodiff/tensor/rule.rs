//! The derivatives of the operations on tensors, backwards and forwards.
//!
//! Those of [`Operation::Elementwise`] come from the table of [`Op`]. The other
//! operations are linear in each operand, except the greatest and the least;
//! the derivative is the transposed operation backwards, and the operation
//! itself forwards. All of it is computed by operations that tapes record, so
//! it can be differentiated again.

use std::borrow::Cow;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::Arc;

use smallvec::SmallVec;

use super::dense::Dense;
use super::operation::{AxisList, Reduce, Reduction, Stretch};
use super::{Error, Operation, Result, Tensor};
use crate::autodiff::error::Caller;
use crate::autodiff::{GradientTape, Number, Op, Partial};

/// The derivatives of the operands; `None` where it was not wanted.
pub(crate) type Derivatives = SmallVec<[Option<Tensor>; 3]>;

/// A tensor or array as the rules of the table compute with it. What they
/// record belongs to the line that asked for the derivative.
#[derive(Clone)]
struct Traced<'t, D: Dense> {
    dense: Cow<'t, D>,
    at: Caller,
}

impl<D: Dense> Number for Traced<'_, D> {
    fn constant(&self, value: f64) -> Self {
        Self {
            dense: Cow::Owned(self.dense.number(value, self.at)),
            at: self.at,
        }
    }

    fn apply(op: Op, operands: &[&Self]) -> Self {
        let at = operands[0].at;
        let dense = [0, 1, 2].map(|place| &*operands.get(place).unwrap_or(&operands[0]).dense);
        let dense = D::perform(Operation::Elementwise(op), &dense[..operands.len()], at)
            .expect("the operands of a rule have one type, and shapes that broadcast");
        Self {
            dense: Cow::Owned(dense),
            at,
        }
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident),+) => {$(
        impl<D: Dense> $trait for Traced<'_, D> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Number::apply(Op::$trait, &[&self, &other])
            }
        }
    )+};
}
operator!(Add add, Sub sub, Mul mul, Div div);

impl<D: Dense> Neg for Traced<'_, D> {
    type Output = Self;
    fn neg(self) -> Self {
        Number::apply(Op::Neg, &[&self])
    }
}

impl Operation {
    /// Whether a derivative passes to operand number `index`, if both it and
    /// the result are floating-point numbers.
    pub fn is_differentiable(&self, index: usize) -> bool {
        match self {
            Operation::Elementwise(op) => op.is_differentiable(index),
            Operation::StopGradient | Operation::Logical(_) | Operation::Position(..) => false,
            Operation::Gather(_) | Operation::Scatter(..) => index == 0,
            _ => true,
        }
    }

    /// The derivatives of the `wanted` operands, from that of the result, `g`.
    ///
    /// A derivative that is the same along an axis may have length 1 there, or
    /// lack it: the gradient of a sum is not written out where the next
    /// operation broadcasts it anyway. So `g` broadcasts to the shape of the
    /// result, and what is returned to those of the operands.
    pub fn backward(
        &self,
        operands: &[Tensor],
        result: &Tensor,
        g: &Tensor,
        wanted: &[bool],
        at: Caller,
    ) -> Result<Derivatives> {
        if let Operation::Custom(Some(custom)) = self {
            let g = &g.stretched(result.shape(), at)?;
            let derivatives = (custom.rule)(g, operands, result)?;
            let each = derivatives.into_iter().zip(operands).map(|(d, operand)| {
                if d.shape() != operand.shape() || d.dtype() != operand.dtype() {
                    return Err(Error::Shape {
                        operation: self.name(),
                        shape: d.shape().clone(),
                        expected: format!(
                            "a gradient of the operand's shape {} and type {}",
                            operand.shape(),
                            operand.dtype()
                        ),
                        at: result.origin().at,
                    });
                }
                Ok(Some(d))
            });
            return each.collect();
        }
        let derivative = |(index, wanted): (usize, &bool)| {
            if !*wanted {
                return Ok(None);
            }
            let x = &operands[index];
            let derivative = self.backward_to(index, operands, result, g, at)?;
            let zero = || Tensor::constant(0.0, x.dtype(), x.shape().clone(), at);
            derivative.map_or_else(zero, Ok).map(Some)
        };
        wanted.iter().enumerate().map(derivative).collect()
    }

    /// The derivative of one operand; `None` where it is zero or there is none.
    pub(in crate::autodiff) fn backward_to<D: Dense>(
        &self,
        index: usize,
        operands: &[D],
        result: &D,
        g: &D,
        at: Caller,
    ) -> Result<Option<D>> {
        let x = &operands[index];
        let apply = |operation, operands: &[&D]| D::perform(operation, operands, at);
        let is_each_for_itself = match self {
            Operation::Elementwise(_) => x.shape() == result.shape(),
            Operation::Identity | Operation::Read | Operation::Cast(_) => true,
            _ => false,
        };
        let whole;
        let g = if is_each_for_itself {
            g
        } else {
            whole = g.stretched(&result.shape(), at)?;
            &whole
        };
        let derivative = match self {
            Operation::Elementwise(op) => match partial(*op, index, operands, result, g, at) {
                Partial::Flows(derivative) if is_each_for_itself => Ok(derivative),
                Partial::Flows(derivative) => derivative.summed_to(&x.shape(), at),
                Partial::Zero | Partial::Undefined => return Ok(None),
            },
            Operation::Identity | Operation::Read => Ok(g.clone()),
            Operation::Cast(_) => g.cast_as(x, at),
            Operation::Reshape(_) => g.reshaped(&x.shape(), at),
            Operation::BroadcastTo(_) => g.summed_to(&x.shape(), at),
            Operation::Transpose(order) => {
                let mut inverse: AxisList = order.iter().map(|_| 0).collect();
                for (place, axis) in order.iter().enumerate() {
                    inverse[*axis] = place;
                }
                apply(Operation::Transpose(Box::new(inverse)), &[g])
            }
            Operation::Reduce(reduce) => {
                let g = g.reshaped(&reduce.kept(&x.shape()), at)?;
                match reduce.kind {
                    Reduction::Sum => Ok(g),
                    Reduction::Extreme(_) => chosen(reduce, x, result, at)?.shares(&g, at),
                }
            }
            Operation::Slice(stretches) => apply(
                Operation::Place(Box::new(x.shape().into_owned()), Arc::clone(stretches)),
                &[g],
            ),
            Operation::Place(_, stretches) => apply(Operation::Slice(Arc::clone(stretches)), &[g]),
            Operation::Gather(axis) => apply(
                Operation::Scatter(*axis, x.shape()[*axis]),
                &[g, &operands[1]],
            ),
            Operation::Scatter(axis, _) => apply(Operation::Gather(*axis), &[g, &operands[1]]),
            Operation::Concat(axis) => {
                let before = &operands[..index];
                let start = before.iter().map(|operand| operand.shape()[*axis]).sum();
                let stretch = |(number, length): (usize, &usize)| Stretch {
                    start: if number == *axis { start } else { 0 },
                    step: 1,
                    count: *length,
                };
                let stretches = x.shape().iter().enumerate().map(stretch).collect();
                apply(Operation::Slice(stretches), &[g])
            }
            Operation::Cumsum { axis, is_reverse } => apply(
                Operation::Cumsum {
                    axis: *axis,
                    is_reverse: !is_reverse,
                },
                &[g],
            ),
            Operation::Matmul => {
                let product = if index == 0 {
                    let other = operands[1].last_axes_exchanged(at)?;
                    apply(Operation::Matmul, &[g, &other])?
                } else {
                    let other = operands[0].last_axes_exchanged(at)?;
                    apply(Operation::Matmul, &[&other, g])?
                };
                product.summed_to(&x.shape(), at)
            }
            Operation::StopGradient
            | Operation::Logical(_)
            | Operation::Position(..)
            | Operation::Custom(_) => return Ok(None),
        };
        derivative.map(Some)
    }

    /// The derivative of the result, from those of the operands that have one.
    pub fn forward(
        &self,
        operands: &[Tensor],
        result: &Tensor,
        tangents: &[Option<Tensor>],
        at: Caller,
    ) -> Result<Tensor> {
        let apply = |operation, operands: &[&Tensor]| Tensor::apply(operation, operands, at);
        let zeros = |like: &Tensor| Tensor::constant(0.0, like.dtype(), like.shape().clone(), at);
        let mut sum: Option<Tensor> = None;
        let mut add = |term: Tensor| -> Result<()> {
            sum = Some(match sum.take() {
                Some(sum) => apply(Operation::Elementwise(Op::Add), &[&sum, &term])?,
                None => term,
            });
            Ok(())
        };
        let given = tangents.iter().enumerate();
        let given = given.filter_map(|(index, tangent)| Some((index, tangent.as_ref()?)));
        match self {
            Operation::Elementwise(op) => {
                for (index, tangent) in given {
                    if let Partial::Flows(term) = partial(*op, index, operands, result, tangent, at)
                    {
                        add(term)?;
                    }
                }
            }
            Operation::Concat(_) => {
                let tangents = tangents.iter().zip(operands);
                let tangents: Vec<Tensor> = tangents
                    .map(|(tangent, operand)| tangent.clone().map_or_else(|| zeros(operand), Ok))
                    .collect::<Result<_>>()?;
                let tangents: Vec<&Tensor> = tangents.iter().collect();
                add(apply(self.clone(), &tangents)?)?;
            }
            Operation::Matmul => {
                for (index, tangent) in given {
                    let mut factors = [&operands[0], &operands[1]];
                    factors[index] = tangent;
                    add(apply(Operation::Matmul, &factors)?)?;
                }
            }
            Operation::Gather(_) | Operation::Scatter(..) => {
                for (_, tangent) in given {
                    add(apply(self.clone(), &[tangent, &operands[1]])?)?;
                }
            }
            Operation::Reduce(reduce) if reduce.kind != Reduction::Sum => {
                for (_, tangent) in given {
                    let shares = chosen(reduce, &operands[0], result, at)?.shares(tangent, at)?;
                    let total = Reduce {
                        kind: Reduction::Sum,
                        ..(**reduce).clone()
                    };
                    add(apply(Operation::Reduce(Box::new(total)), &[&shares])?)?;
                }
            }
            Operation::Custom(_) => {
                add(self.forward_by_transposing(operands, result, tangents, at)?)?;
            }
            Operation::StopGradient | Operation::Logical(_) | Operation::Position(..) => {}
            Operation::Identity | Operation::Read => {
                for (_, tangent) in given {
                    add(tangent.clone())?;
                }
            }
            // Linear in their only operand.
            Operation::Cast(_)
            | Operation::Reshape(_)
            | Operation::BroadcastTo(_)
            | Operation::Transpose(_)
            | Operation::Reduce(_)
            | Operation::Slice(_)
            | Operation::Place(..)
            | Operation::Cumsum { .. } => {
                for (_, tangent) in given {
                    add(apply(self.clone(), &[tangent])?)?;
                }
            }
        }
        match sum {
            Some(sum) => sum.stretched(result.shape(), at),
            None => zeros(result),
        }
    }

    /// The forward derivative of an operation that only knows its backward
    /// one, g ↦ Jᵀg. That is linear, so its own backward derivative is J.
    fn forward_by_transposing(
        &self,
        operands: &[Tensor],
        result: &Tensor,
        tangents: &[Option<Tensor>],
        at: Caller,
    ) -> Result<Tensor> {
        let g = Tensor::constant(0.0, result.dtype(), result.shape().clone(), at)?;
        let wanted: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let tape = GradientTape::new();
        let scope = tape.enter()?;
        tape.watch(&g)?;
        let backward = self.backward(operands, result, &g, &wanted, at)?;
        drop(scope);
        let pairs = backward.into_iter().zip(tangents);
        let (targets, weights): (Vec<Tensor>, Vec<Tensor>) = pairs
            .filter_map(|(target, weight)| Some((target?, weight.clone()?)))
            .unzip();
        let options = crate::autodiff::GradientOptions {
            output_gradients: Some(weights),
            unconnected_gradients: crate::autodiff::UnconnectedGradients::Zero,
        };
        let product = tape.gradient_with(&targets, &g, options)?;
        product.map_or_else(
            || Tensor::constant(0.0, result.dtype(), result.shape().clone(), at),
            Ok,
        )
    }
}

/// The rule of the table for one operand.
fn partial<D: Dense>(
    op: Op,
    index: usize,
    operands: &[D],
    result: &D,
    g: &D,
    at: Caller,
) -> Partial<D> {
    fn traced<D: Dense>(dense: &D, at: Caller) -> Traced<'_, D> {
        let dense = Cow::Borrowed(dense);
        Traced { dense, at }
    }
    let operand = |place| traced(operands.get(place).unwrap_or(&operands[0]), at);
    let traced_operands = [operand(0), operand(1), operand(2)];
    let traced_operands = &traced_operands.each_ref()[..operands.len()];
    match op.partial(index, traced_operands, &traced(result, at), &traced(g, at)) {
        Partial::Flows(derivative) => Partial::Flows(derivative.dense.into_owned()),
        Partial::Zero => Partial::Zero,
        Partial::Undefined => Partial::Undefined,
    }
}

/// Which elements are the greatest or least one, and how many they are: the
/// derivative is split evenly among them.
struct Chosen<D> {
    which: D,
    count: D,
}

fn chosen<D: Dense>(reduce: &Reduce, x: &D, result: &D, at: Caller) -> Result<Chosen<D>> {
    let kept = result.reshaped(&reduce.kept(&x.shape()), at)?;
    let which = D::perform(Operation::Elementwise(Op::Equal), &[x, &kept], at)?;
    let count = Operation::Reduce(Box::new(Reduce {
        kind: Reduction::Sum,
        axes: reduce.axes.clone(),
        keep: true,
    }));
    let count = D::perform(count, &[&which.cast_as(x, at)?], at)?;
    Ok(Chosen { which, count })
}

impl<D: Dense> Chosen<D> {
    /// The part of `g` for each element: 0 for those not chosen, NaN where
    /// nothing equals the result, because that is a NaN.
    fn shares(&self, g: &D, at: Caller) -> Result<D> {
        let divide = |x: &D| D::perform(Operation::Elementwise(Op::Div), &[x, &self.count], at);
        let shares = [&self.which, &divide(g)?, &divide(&g.number(0.0, at))?];
        D::perform(Operation::Elementwise(Op::Where), &shares, at)
    }
}
