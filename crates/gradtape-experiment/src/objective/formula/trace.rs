//! From sub-formulas to nodes of a graph.

use std::collections::HashMap;
use std::sync::Arc;

use super::call::reduced;
use super::pick::Pick;
use super::shape::{Detail, FormulaTypes, PartType};
use super::{Formula, PartKind, named_number};
use crate::language::Operator;
use crate::objective::function::{Each, Meaning, Reduction};
use gradtape_tape::{Array, Graph, Number, Op, Shape};

impl Formula {
    /// Records the formula, in which everything is a number, in `graph`.
    ///
    /// # Panics
    ///
    /// If `values` lacks one of [`Formula::names`] that is not a named number
    /// such as `pi`, or if something in the formula is a vector or a matrix.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    /// use gradtape_experiment::objective::Formula;
    ///
    /// let formula = Formula::parse("(1 - x)^2 + 100*(y - x^2)^2").expect("well formed");
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let (x, y) = (graph.input([]), graph.input([]));
    /// let value = formula.trace(&graph, &[("x", x), ("y", y)].into());
    /// assert_eq!(Program::new(&graph, &[value]).evaluate(&[-1.0, 2.0]), [104.0]);
    /// ```
    pub fn trace<'g>(&self, graph: &'g Graph, values: &HashMap<&str, Array<'g>>) -> Array<'g> {
        self.record(None, graph, values, 0)
    }

    /// Records the formula in `graph`; `shaped` is the result of the check for values of
    /// these shapes, which is not needed where everything is a number. The nodes of each
    /// sub-formula are labelled with its number, counted from `first_label`.
    pub(in crate::objective) fn record<'g>(
        &self,
        shaped: Option<&FormulaTypes>,
        graph: &'g Graph,
        values: &HashMap<&str, Array<'g>>,
        first_label: u32,
    ) -> Array<'g> {
        let mut traced: Vec<Array<'g>> = Vec::with_capacity(self.parts.len());
        for ((place, part), label) in self.parts.iter().enumerate().zip(first_label..) {
            graph.label(label);
            let at = |id: &super::PartId| traced[id.0];
            let found = || {
                let found = shaped.and_then(|shaped| shaped.parts.get(place));
                found.expect("all is a number, as documented")
            };
            traced.push(match &part.kind {
                PartKind::Number(number) => number.constant(graph),
                PartKind::Name(name) => values.get(name.as_str()).copied().unwrap_or_else(|| {
                    let number = named_number(name);
                    let number = number.expect("every name has a value, as documented");
                    number.constant(graph)
                }),
                PartKind::Negative(x) => -at(x),
                // Conditions are 1 or 0.
                PartKind::Not(x) => graph.constant(1.0) - at(x),
                PartKind::Binary(Operator::MatMul, x, y) => at(x).matmul(at(y)),
                PartKind::Binary(operator, x, y) => operator.of(at(x), at(y)),
                PartKind::Call(function, arguments, axis) => {
                    let arguments: Vec<Array<'g>> = arguments.iter().map(at).collect();
                    match function.meaning.each(arguments.len()) {
                        Some(Each::Where) if shaped.is_some() => {
                            chosen(&arguments, &found().of.shape)
                        }
                        Some(each) => each.of(&arguments),
                        None => called(graph, function.meaning, &arguments, *axis, found()),
                    }
                }
                PartKind::List(elements) => {
                    let elements: Vec<Array<'g>> = elements.iter().map(at).collect();
                    Array::stack(&elements)
                }
                PartKind::Index(of, _) => match &found().detail {
                    Detail::Picks(picks) => taken(at(of), picks),
                    _ => at(of),
                },
            });
        }
        graph.label(0);
        traced[traced.len() - 1]
    }
}

impl Operator {
    /// The value of an elementwise operator.
    pub(super) fn of<N: Number>(self, x: N, y: N) -> N {
        let apply = |op: Op, x: &N, y: &N| N::apply(op, &[x, y]);
        match self {
            Operator::Or => apply(Op::Max, &x, &y),
            Operator::And | Operator::Mul | Operator::MatMul => x * y,
            Operator::Less => apply(Op::Less, &x, &y),
            Operator::LessEqual => apply(Op::LessEqual, &x, &y),
            Operator::Greater => apply(Op::Less, &y, &x),
            Operator::GreaterEqual => apply(Op::LessEqual, &y, &x),
            Operator::Equal => apply(Op::Equal, &x, &y),
            Operator::NotEqual => x.constant(1.0) - apply(Op::Equal, &x, &y),
            Operator::Add => x + y,
            Operator::Sub => x - y,
            Operator::Div => x / y,
            Operator::Power => apply(Op::Pow, &x, &y),
        }
    }
}

/// What the picks take of an array.
fn taken<'g>(of: Array<'g>, picks: &[Pick]) -> Array<'g> {
    let (mut result, mut axis) = (of, 0);
    for pick in picks {
        match *pick {
            Pick::At(place) => result = result.index(axis, place),
            Pick::Stretch { start, step, count } => {
                result = result.slice(axis, start, step, count);
                axis += 1;
            }
        }
    }
    result
}

/// One of two by a condition; if that is known, nothing is left to choose.
fn chosen<'g>(arguments: &[Array<'g>], shape: &Shape) -> Array<'g> {
    match arguments[0].value() {
        Some(condition) => {
            let place = if condition == 0.0 { 2 } else { 1 };
            arguments[place].broadcast_to(shape)
        }
        None => Each::Where.of(arguments),
    }
}

/// A function that is not elementwise.
fn called<'g>(
    graph: &'g Graph,
    meaning: Meaning,
    arguments: &[Array<'g>],
    axis: Option<usize>,
    found: &PartType,
) -> Array<'g> {
    let apply = |op: Op, x: Array<'g>| Array::apply(op, &[x]);
    let number = |value| graph.constant(whole(value));
    let Some(x) = arguments.first().copied() else {
        unreachable!("every function has an argument")
    };
    let shape = x.shape();
    match meaning {
        // Elementwise functions were handled before.
        Meaning::Each(each) => each.of(arguments),
        Meaning::Extreme(Op::Max) => x.max(axis),
        Meaning::Extreme(_) => x.min(axis),
        Meaning::Reduce(Reduction::Sum) => x.sum(axis),
        Meaning::Reduce(Reduction::Prod) => x.prod(axis),
        Meaning::Position(op) => position(graph, op, x, axis),
        Meaning::Reduce(Reduction::Mean) => x.sum(axis) / number(reduced(&shape, axis)),
        Meaning::Reduce(of @ (Reduction::Variance | Reduction::Deviation)) => {
            let elements = reduced(&shape, axis);
            let divisor = match found.detail {
                Detail::Divisor(divisor) => divisor,
                _ => elements,
            };
            let mean = x.sum(axis) / number(elements);
            let squares = apply(Op::Powi(2), x - kept(mean, axis, &shape));
            let variance = squares.sum(axis) / number(divisor);
            match of {
                Reduction::Deviation => apply(Op::Sqrt, variance),
                _ => variance,
            }
        }
        Meaning::Reduce(Reduction::Norm) => apply(Op::Sqrt, apply(Op::Powi(2), x).sum(axis)),
        Meaning::Reduce(Reduction::LogSumExp) => {
            let shift = shift(x, axis);
            let powers = apply(Op::Exp, x - kept(shift, axis, &shape));
            apply(Op::Ln, powers.sum(axis)) + shift
        }
        Meaning::Softmax => {
            let powers = apply(Op::Exp, x - kept(shift(x, axis), axis, &shape));
            powers / kept(powers.sum(axis), axis, &shape)
        }
        Meaning::Cumsum => x.cumsum(),
        Meaning::Length => number(shape.first().copied().unwrap_or(1)),
        Meaning::Dot => (x * arguments[1]).sum(None),
        Meaning::Transpose => x.transpose(),
        Meaning::Range => match found.detail {
            Detail::Range { start, step, count } => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "they are those of the text, within 2^53 or rounded as numbers are"
                )]
                let element = |at: usize| (start + step * at.cast_signed() as i64) as f64;
                let values: Arc<[f64]> = (0..count).map(element).collect();
                graph.data([count], values)
            }
            _ => x,
        },
        Meaning::Repeat => x.broadcast_to(&found.of.shape),
        Meaning::Pad | Meaning::Spread => match found.detail {
            Detail::Place {
                start,
                step,
                length,
            } => x.placed(start, step.cast_signed(), length),
            _ => x,
        },
        Meaning::OneHot => match found.detail {
            Detail::Classes(classes) => {
                let numbers: Arc<[f64]> = (0..classes).map(whole).collect();
                let column = x.reshape([shape[0], 1]);
                Array::apply(Op::Equal, &[column, graph.data([classes], numbers)])
            }
            _ => x,
        },
    }
}

/// The index of the first extreme element, or of the first NaN.
fn position<'g>(graph: &'g Graph, op: Op, x: Array<'g>, axis: Option<usize>) -> Array<'g> {
    let (x, axis) = match axis {
        Some(axis) => (x.stop_gradient(), axis),
        None => (x.stop_gradient().flattened(), 0),
    };
    let shape = x.shape();
    let count = shape[axis];
    let mut places = graph.data([count], (0..count).map(whole).collect());
    if (axis, shape.len()) == (0, 2) {
        places = places.reshape([count, 1]);
    }
    let extreme = match op {
        Op::Max => x.max(Some(axis)),
        _ => x.min(Some(axis)),
    };
    let is_extreme = Array::apply(Op::Equal, &[x, kept(extreme, Some(axis), &shape)]);
    let is_number = Array::apply(Op::Equal, &[x, x]);
    let one = graph.constant(1.0);
    let is_it = Array::apply(Op::Where, &[is_number, is_extreme, one]);
    let beyond = graph.constant(whole(count));
    Array::apply(Op::Where, &[is_it, places, beyond]).min(Some(axis))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no length exceeds the maximum number of elements"
)]
fn whole(value: usize) -> f64 {
    value as f64
}

/// The numbers subtracted before powers are taken: the largest elements as constants, 0
/// where they are infinite. Neither the result nor any derivative depends on them.
fn shift<'g>(x: Array<'g>, axis: Option<usize>) -> Array<'g> {
    let greatest = x.stop_gradient().max(axis);
    let magnitude = Array::apply(Op::Abs, &[greatest]);
    let is_finite = Array::apply(Op::Less, &[magnitude, greatest.constant(f64::INFINITY)]);
    Array::apply(Op::Where, &[is_finite, greatest, greatest.constant(0.0)])
}

/// A result reduced along an axis, in a shape that combines with an array that has the axis.
fn kept<'g>(reduced: Array<'g>, axis: Option<usize>, shape: &Shape) -> Array<'g> {
    match (axis, shape.len()) {
        (Some(1), 2) => reduced.reshape([shape[0], 1]),
        _ => reduced,
    }
}
