//! Why a loss or its gradient is not finite at a point: the operation of the formula that
//! is responsible.
//!
//! The objective and its gradient are recorded again and computed completely; a number that
//! is not finite is followed back to the first operation whose operands are all finite.

use std::fmt;

use super::Objective;
use crate::number::Scalar;
use gradtape_engine::Program;
use gradtape_tape::internal::graph::{Evaluator, Node, Origin, ShapedNode, value};
use gradtape_tape::{Array, Graph, Op, Real, Subnormals};

/// The operation that first gives a number that is not finite.
///
/// It prints as "sqrt at column 12: derivative infinite at 0".
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The operation as written in the formula: a function's name or an operator.
    pub operation: String,
    /// The name of its definition; `None` if it is in the formula itself.
    pub definition: Option<String>,
    /// Its line and column, both from 1.
    pub place: (usize, usize),
    /// Whether the text has one line.
    pub is_one_line: bool,
    /// Whether its derivative is not finite, instead of its value.
    pub is_derivative: bool,
    /// The value or derivative that is not finite.
    pub value: Scalar,
    /// The operands of an elementwise operation; otherwise empty.
    pub operands: Vec<Scalar>,
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.operation)?;
        let (line, column) = self.place;
        if let Some(definition) = &self.definition {
            write!(formatter, " in `{definition}`")?;
        }
        if !self.is_one_line {
            write!(formatter, " at line {line},")?;
        } else {
            formatter.write_str(" at")?;
        }
        write!(formatter, " column {column}: ")?;
        if self.is_derivative {
            formatter.write_str("derivative ")?;
        }
        let is_nan = self.value.to_f64().is_nan();
        formatter.write_str(if is_nan { "NaN" } else { "infinite" })?;
        let operands = self.operands.iter().map(|operand| operand.short());
        let operands: Vec<String> = operands.collect();
        match &operands[..] {
            [] => Ok(()),
            [one] => write!(formatter, " at {one}"),
            several => write!(formatter, " at ({})", several.join(", ")),
        }
    }
}

/// Maximum number of elements in the graph of an objective with its gradient; larger ones
/// are not explained.
const MAX_ELEMENTS: u64 = 2_000_000;

/// An objective with its gradient, and a program for all their intermediate numbers.
#[derive(Debug)]
pub(crate) struct Explainer<T> {
    nodes: Vec<ShapedNode<T>>,
    origins: Vec<Origin>,
    /// Computes the elements of all nodes.
    program: Program<T>,
    /// The node of the loss, and those of the gradient.
    results: Vec<usize>,
}

impl<T: Real> Explainer<T> {
    /// For an objective with the data that `data` records; `None` if it is too large.
    pub(crate) fn new(
        objective: &Objective,
        subnormals: Subnormals,
        data: impl for<'g> FnOnce(&'g Graph) -> Vec<Array<'g>>,
    ) -> Option<Self> {
        let graph = Graph::new(T::PRECISION, subnormals);
        let (variables, constants) = objective.inputs_of(&graph);
        let loss = objective.trace(&graph, &variables, &constants, &data(&graph));
        let gradient = graph.gradient(loss, &variables);
        if graph.elements() > MAX_ELEMENTS {
            return None;
        }
        let all = graph.arrays();
        Some(Explainer {
            nodes: graph.nodes(),
            origins: graph.origins(),
            program: Program::new(&graph, &all),
            results: [loss].iter().chain(&gradient).map(|it| it.node()).collect(),
        })
    }

    /// Why the loss or, if that is finite, its gradient is not finite at a point, which is
    /// the parameters and then the constants. `None` if both are finite, or if no operation
    /// of the formula is responsible.
    pub(crate) fn cause(&self, objective: &Objective, at: &[T]) -> Option<Cause> {
        let mut rest = &self.program.evaluate(at)[..];
        let values = self.nodes.iter().map(|node| {
            let (own, others) = rest.split_at(node.shape.elements().unwrap_or(0));
            rest = others;
            own.to_vec()
        });
        let values: Vec<Vec<T>> = values.collect();
        let is_wrong = |node: &usize| {
            let mut elements = values[*node].iter();
            Some((*node, elements.position(|x| !x.is_finite())?))
        };
        let (mut node, mut element) = self.results.iter().find_map(is_wrong)?;
        while let Some((operand, place)) = self.operand(&values, node, element) {
            if values[operand][place].is_finite() {
                break;
            }
            (node, element) = (operand, place);
        }
        let Origin {
            label,
            derivative_of,
        } = self.origins[node];
        let (operation, definition) = objective.labelled(label)?;
        // The element of the operation whose derivative it is.
        let of = derivative_of.map_or(node, |of| of as usize);
        let is_each = self.nodes[of].shape == self.nodes[node].shape;
        let operands = if is_each {
            self.elementwise_operands(&values, of, element)
        } else {
            Vec::new()
        };
        Some(Cause {
            operation: operation.name.to_owned(),
            definition: definition.map(str::to_owned),
            place: (operation.line, operation.column),
            is_one_line: operation.lines == 1,
            is_derivative: derivative_of.is_some(),
            value: Scalar::new(values[node][element]),
            operands,
        })
    }

    /// The element of an operand that an element of a node comes from; an element that is
    /// not finite, if there is one.
    fn operand(&self, values: &[Vec<T>], node: usize, element: usize) -> Option<(usize, usize)> {
        let choose = |op: Op, operands: [Source; 3]| {
            let number = |source: Source| source.map(|(node, place)| values[node][place]);
            let operands = &operands[..op.arity()];
            if op == Op::Where {
                let is_second = number(operands[0]) == Some(T::ZERO);
                return operands[1 + usize::from(is_second)];
            }
            let mut wrong = operands.iter().copied();
            let wrong = wrong.find(|source| number(*source).is_some_and(|x| !x.is_finite()));
            wrong.unwrap_or(operands[0])
        };
        self.sources(node, &choose).get(element).copied().flatten()
    }

    /// The operands of one element, if the node is elementwise.
    fn elementwise_operands(&self, values: &[Vec<T>], node: usize, element: usize) -> Vec<Scalar> {
        let Node::Each(op, _) = &self.nodes[node].node else {
            return Vec::new();
        };
        let operand = |number: usize| {
            let choose = |_: Op, operands: [Source; 3]| operands[number];
            let sources = self.sources(node, &choose);
            let (operand, place) = sources.get(element).copied().flatten()?;
            Some(Scalar::new(values[operand][place]))
        };
        (0..op.arity()).filter_map(operand).collect()
    }

    /// For each element of a node, the element of an operand that it comes from; of several,
    /// the one that `choose` prefers.
    fn sources(&self, node: usize, choose: &dyn Fn(Op, [Source; 3]) -> Source) -> Vec<Source> {
        let shaped = &self.nodes[node];
        let operands = shaped.node.operands().iter().map(|id| *id as usize);
        let operands: Vec<usize> = operands.collect();
        if operands.is_empty() {
            return Vec::new();
        }
        let each = operands.iter().map(|operand| -> Vec<Source> {
            let count = self.nodes[*operand].shape.elements().unwrap_or(0);
            (0..count).map(|place| Some((*operand, place))).collect()
        });
        let each: Vec<Vec<Source>> = each.collect();
        let shapes = operands.iter().map(|operand| &self.nodes[*operand].shape);
        let inputs: Vec<_> = each.iter().map(|it| &it[..]).zip(shapes).collect();
        value(shaped, &inputs, &Sources(choose), &[])
    }
}

/// An element of a node; `None` for a number that no operand has.
type Source = Option<(usize, usize)>;

/// Finds where elements come from instead of computing them.
struct Sources<'c>(&'c dyn Fn(Op, [Source; 3]) -> Source);

impl<T: Real> Evaluator<T> for Sources<'_> {
    type Element = Source;

    fn constant(&self, _: T) -> Source {
        None
    }

    fn apply(&self, op: Op, operands: [Source; 3]) -> Source {
        (self.0)(op, operands)
    }
}
