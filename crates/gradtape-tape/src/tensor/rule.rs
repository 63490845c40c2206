//! The derivatives of the operations on tensors, backwards and forwards.
//!
//! Those of [`Operation::Elementwise`] come from the table of [`Op`]. The other
//! operations are linear in each operand, except maximum and minimum; the
//! derivative is the transposed operation backwards, and the operation itself
//! forwards. Everything is computed by operations that tapes record, so it can be
//! differentiated again.
//!
//! A branch that a selection does not take stays absent ([`Adjoint`]) through
//! operations on each element, through those that only move elements, and
//! through a sum or a largest element within the branch. It ends, as zeros,
//! where derivatives of several elements are added: where an operand was
//! broadcast, in matrix products, cumulative sums and custom gradients.

use std::borrow::Cow;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::Arc;

use super::dense::Dense;
use super::operation::{AxisList, Reduce, Reduction, Stretch};
use super::{Error, Operation, Result, Tensor};
use crate::adjoint::Adjoint;
use crate::error::Caller;
use crate::{GradientTape, Number, Op, Partial};

/// The adjoint of a tensor or array.
pub(crate) type IncomingAdjoint<'d, D> = Adjoint<DenseNumber<'d, D>>;

/// A tensor or array as a [`Number`] for the rules of the table. The operations that
/// they record belong to the line that asked for the derivative.
#[derive(Clone, Debug)]
pub(crate) struct DenseNumber<'t, D: Dense> {
    dense: Cow<'t, D>,
    at: Caller,
}

impl<D: Dense> DenseNumber<'_, D> {
    pub fn new(dense: D, at: Caller) -> Self {
        let dense = Cow::Owned(dense);
        DenseNumber { dense, at }
    }

    pub fn into_dense(self) -> D {
        self.dense.into_owned()
    }

    pub fn dense(&self) -> &D {
        &self.dense
    }
}

impl<D: Dense> Number for DenseNumber<'_, D> {
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
            .expect("the operands of a rule have the same type, and shapes that broadcast");
        Self {
            dense: Cow::Owned(dense),
            at,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.dense.is_identical(&other.dense)
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident),+) => {$(
        impl<D: Dense> $trait for DenseNumber<'_, D> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Number::apply(Op::$trait, &[&self, &other])
            }
        }
    )+};
}
operator!(Add add, Sub sub, Mul mul, Div div);

impl<D: Dense> Neg for DenseNumber<'_, D> {
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

    /// Gives the derivatives of the wanted operands, with their numbers, from that of the
    /// result, `g`.
    ///
    /// A derivative that is constant along an axis may have length 1 there, or
    /// lack the axis: the gradient of a sum is not expanded where the next
    /// operation broadcasts it anyway. So `g` broadcasts to the shape of the
    /// result, and the derivatives broadcast to the shapes of the operands.
    pub(crate) fn backward<'d>(
        &self,
        operands: &[Tensor],
        result: &Tensor,
        g: IncomingAdjoint<'d, Tensor>,
        is_wanted: impl Fn(usize) -> bool,
        at: Caller,
        mut give: impl FnMut(usize, IncomingAdjoint<'d, Tensor>),
    ) -> Result<()> {
        if let Operation::Custom(Some(custom)) = self {
            let g = g.whole().into_dense().stretched(result.shape(), at)?;
            let derivatives = (custom.rule)(&g, operands, result)?;
            for (index, (d, operand)) in derivatives.into_iter().zip(operands).enumerate() {
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
                give(index, Adjoint::everywhere(DenseNumber::new(d, at)));
            }
            return Ok(());
        }
        for (index, x) in operands.iter().enumerate() {
            if is_wanted(index) {
                let derivative = self.backward_to(index, operands, result, &g, at)?;
                let derivative = match derivative {
                    Some(derivative) => derivative,
                    None => {
                        let zero = Tensor::constant(0.0, x.dtype(), x.shape().clone(), at)?;
                        Adjoint::everywhere(DenseNumber::new(zero, at))
                    }
                };
                give(index, derivative);
            }
        }
        Ok(())
    }

    /// The derivative of one operand; `None` where it is zero or there is none.
    pub(crate) fn backward_to<'d, D: Dense>(
        &self,
        index: usize,
        operands: &[D],
        result: &D,
        g: &IncomingAdjoint<'d, D>,
        at: Caller,
    ) -> Result<Option<IncomingAdjoint<'d, D>>> {
        let x = &operands[index];
        if let Operation::Elementwise(op) = self {
            // The operand may have been broadcast.
            let is_each_for_itself = x.shape() == result.shape();
            let stretched;
            let g = if is_each_for_itself {
                g
            } else {
                let whole = g.value.dense().stretched(&result.shape(), at)?;
                stretched = g.with(DenseNumber::new(whole, at));
                &stretched
            };
            let partial = partial(*op, index, operands, result, g.value.dense(), at);
            let derivative = g.passed(partial);
            if is_each_for_itself {
                return Ok(derivative);
            }
            let derivative = derivative.map(|it| it.whole().into_dense());
            let derivative = derivative.map(|it| it.summed_to(&x.shape(), at));
            return Ok(derivative
                .transpose()?
                .map(|it| Adjoint::everywhere(DenseNumber::new(it, at))));
        }
        let moves = |g: &D| self.moved_to(index, operands, result, g, at);
        if let Operation::Reduce(reduce) = self
            && reduce.kind != Reduction::Sum
        {
            let chosen = chosen(reduce, x, result, at)?;
            let Some(moved) = moved(g, moves, at)? else {
                return Ok(None);
            };
            let shares = chosen.shares(moved.value.dense(), at)?;
            let shares = moved.with(DenseNumber::new(shares, at));
            return Ok(Some(
                shares.within(DenseNumber::new(chosen.taken(at)?, at), true),
            ));
        }
        if self.adds_derivatives() {
            let whole = Adjoint::everywhere(g.clone().whole());
            return moved(&whole, moves, at);
        }
        moved(g, moves, at)
    }

    /// Whether an element of the derivative is a sum over the derivatives of several
    /// elements of the result.
    fn adds_derivatives(&self) -> bool {
        matches!(
            self,
            Operation::BroadcastTo(_)
                | Operation::Gather(_)
                | Operation::Cumsum { .. }
                | Operation::Matmul
        )
    }

    /// The derivative of one operand of an operation that is linear in it; `None`
    /// where there is none. For a maximum or minimum, without the choice of the element.
    fn moved_to<D: Dense>(
        &self,
        index: usize,
        operands: &[D],
        result: &D,
        g: &D,
        at: Caller,
    ) -> Result<Option<D>> {
        let x = &operands[index];
        let apply = |operation, operands: &[&D]| D::perform(operation, operands, at);
        let whole;
        let g = match self {
            Operation::Identity | Operation::Read | Operation::Cast(_) => g,
            _ => {
                whole = g.stretched(&result.shape(), at)?;
                &whole
            }
        };
        let derivative = match self {
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
            Operation::Reduce(reduce) => g.reshaped(&reduce.kept(&x.shape()), at),
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
            Operation::Elementwise(_)
            | Operation::StopGradient
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
                    let partial = partial(*op, index, operands, result, tangent, at);
                    if let Some(term) = partial.whole() {
                        add(term.into_dense())?;
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

    /// The forward derivative of an operation that only has a backward one, g ↦ Jᵀg.
    /// That is linear, so its own backward derivative is J.
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
        let incoming = Adjoint::everywhere(DenseNumber::new(g.clone(), at));
        let mut backward = vec![None; operands.len()];
        let mut give = |index: usize, it: IncomingAdjoint<'_, Tensor>| {
            backward[index] = Some(it.whole().into_dense());
        };
        let is_wanted = |index: usize| wanted[index];
        self.backward(operands, result, incoming, is_wanted, at, &mut give)?;
        drop(scope);
        let pairs = backward.into_iter().zip(tangents);
        let (targets, weights): (Vec<Tensor>, Vec<Tensor>) = pairs
            .filter_map(|(target, weight)| Some((target?, weight.clone()?)))
            .unzip();
        let options = crate::GradientOptions {
            output_gradients: Some(weights),
            unconnected_gradients: crate::UnconnectedGradients::Zero,
        };
        let product = tape.gradient_with(&targets, &g, options)?;
        product.map_or_else(
            || Tensor::constant(0.0, result.dtype(), result.shape().clone(), at),
            Ok,
        )
    }
}

/// The derivative after an operation that moves elements; the places where it exists are
/// moved in the same way.
pub(crate) fn moved<'d, D: Dense>(
    g: &IncomingAdjoint<'d, D>,
    moves: impl Fn(&D) -> Result<Option<D>>,
    at: Caller,
) -> Result<Option<IncomingAdjoint<'d, D>>> {
    let Some(value) = moves(g.value.dense())? else {
        return Ok(None);
    };
    let value = Adjoint::everywhere(DenseNumber::new(value, at));
    let Some(existence) = g.existence() else {
        return Ok(Some(value));
    };
    let Some(existence) = moves(existence.dense())? else {
        return Ok(None);
    };
    let zero = existence.number(0.0, at);
    let exists = D::perform(Operation::Elementwise(Op::Less), &[&zero, &existence], at)?;
    Ok(Some(value.within(DenseNumber::new(exists, at), true)))
}

/// The rule of the table for one operand.
fn partial<'d, D: Dense>(
    op: Op,
    index: usize,
    operands: &[D],
    result: &D,
    g: &D,
    at: Caller,
) -> Partial<DenseNumber<'d, D>> {
    fn traced<D: Dense>(dense: &D, at: Caller) -> DenseNumber<'_, D> {
        let dense = Cow::Borrowed(dense);
        DenseNumber { dense, at }
    }
    let operand = |place| traced(operands.get(place).unwrap_or(&operands[0]), at);
    let traced_operands = [operand(0), operand(1), operand(2)];
    let traced_operands = &traced_operands.each_ref()[..operands.len()];
    let partial = op.partial(index, traced_operands, &traced(result, at), &traced(g, at));
    partial.map(|it| DenseNumber::new(it.into_dense(), at))
}

/// Which elements are the maximum or minimum, and their number: the derivative is split
/// evenly among them.
struct Extremes<D> {
    which: D,
    count: D,
}

fn chosen<D: Dense>(reduce: &Reduce, x: &D, result: &D, at: Caller) -> Result<Extremes<D>> {
    let kept = result.reshaped(&reduce.kept(&x.shape()), at)?;
    let which = D::perform(Operation::Elementwise(Op::Equal), &[x, &kept], at)?;
    let count = Operation::Reduce(Box::new(Reduce {
        kind: Reduction::Sum,
        axes: reduce.axes.clone(),
        keep: true,
    }));
    let count = D::perform(count, &[&which.cast_as(x, at)?], at)?;
    Ok(Extremes { which, count })
}

impl<D: Dense> Extremes<D> {
    /// The part of `g` for each element: 0 for elements not chosen, NaN where no element
    /// equals the result because it is NaN.
    fn shares(&self, g: &D, at: Caller) -> Result<D> {
        let divide = |x: &D| D::perform(Operation::Elementwise(Op::Div), &[x, &self.count], at);
        let shares = [&self.which, &divide(g)?, &divide(&g.number(0.0, at))?];
        D::perform(Operation::Elementwise(Op::Where), &shares, at)
    }

    /// Which elements the result depends on: those chosen, or all of them if it is NaN.
    fn taken(&self, at: Caller) -> Result<D> {
        let none = self.count.number(0.0, at);
        let is_nan = D::perform(Operation::Elementwise(Op::Equal), &[&self.count, &none], at)?;
        let taken = [&self.which, &self.which, &is_nan];
        D::perform(Operation::Elementwise(Op::Where), &taken, at)
    }
}
