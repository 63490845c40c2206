//! Expressions of a graph.
//!
//! The graph broadcasts as NumPy does; the language combines only numbers, vectors of
//! the same length, and vectors with the rows of a matrix. So the expression of a node
//! may be smaller than the node, where the language broadcasts it in the same way: a
//! number stands for anything, a vector for rows that are all equal. Where the shape
//! itself matters, it is written out.

use std::sync::Arc;

use super::expression::{Expression, Expressions, Id};
use super::operation::operation;
use super::{GradientText, write};
use crate::objective::Objective;
use crate::objective::formula::Pick;
use gradtape_tape::internal::Operation;
use gradtape_tape::internal::graph::{Node, ShapedNode, needed};
use gradtape_tape::internal::{Extreme, Reduction, Stretch};
use gradtape_tape::{Array, Graph, Precision, Shape, Subnormals};

/// Maximum number of nodes; the gradient of a larger graph is not readable.
const MAX_NODES: usize = 20_000;

impl Objective {
    /// The derivative by each parameter.
    pub(super) fn element_gradient(&self) -> Option<GradientText> {
        if !self.data().is_empty() || self.size() > MAX_NODES {
            return None;
        }
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let parameters = graph.numbers(self.parameters.len());
        let constants = graph.numbers(self.constants().len());
        let value = self.trace_elements(&graph, &parameters, &constants);
        let names = self.parameters.iter().chain(self.constants());
        self.written(value, &parameters, names.zip(0..), &self.parameters)
    }

    /// The derivative by each variable.
    pub(super) fn array_gradient(&self) -> Option<GradientText> {
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let (variables, constants) = self.inputs_of(&graph);
        let data = self.data().iter();
        let data: Vec<_> = data.map(|(_, shape)| graph.input(shape)).collect();
        let value = self.trace(&graph, &variables, &constants, &data);
        let shaped = |list: &[(String, Shape)]| {
            let list = list.iter();
            let list = list.map(|(name, shape)| (name.clone(), shape.elements().unwrap_or(0)));
            list.collect::<Vec<_>>()
        };
        let constants = self.constants().iter().map(|name| (name.clone(), 1));
        let inputs = shaped(self.variables()).into_iter().chain(constants);
        let inputs: Vec<_> = inputs.chain(shaped(self.data())).collect();
        let firsts = inputs.iter().scan(0, |next, (_, elements)| {
            let first = *next;
            *next += elements;
            Some(first)
        });
        let names = inputs.iter().map(|(name, _)| name).zip(firsts);
        let wanted = self.variables().iter().map(|(name, _)| name.clone());
        self.written(value, &variables, names, &wanted.collect::<Vec<_>>())
    }

    /// The derivatives of `value` by variables with these names; `inputs` are the names of all
    /// inputs with the numbers of their first elements.
    fn written<'n>(
        &self,
        value: Array<'_>,
        variables: &[Array<'_>],
        inputs: impl Iterator<Item = (&'n String, usize)>,
        wanted: &[String],
    ) -> Option<GradientText> {
        let graph = value.graph();
        if graph.len() > MAX_NODES {
            return None;
        }
        let gradient = graph.gradient(value, variables);
        if graph.len() > MAX_NODES {
            return None;
        }
        let (names, firsts): (Vec<String>, Vec<usize>) =
            inputs.map(|(name, first)| (name.clone(), first)).unzip();
        let mut reader = Reader {
            nodes: graph.nodes(),
            all: Expressions::default(),
            found: Vec::new(),
            firsts,
        };
        let found = reader.read(&gradient)?;
        let texts = write::texts(&reader.all, &names, &found, &self.taken_names())?;
        Some(GradientText {
            names: texts.names,
            derivatives: wanted.iter().cloned().zip(texts.wanted).collect(),
        })
    }
}

struct Reader {
    nodes: Vec<ShapedNode<f64>>,
    all: Expressions,
    /// Each node as a number, and as a condition if it is one.
    found: Vec<Option<(Id, Option<Id>)>>,
    /// The numbers of the first elements of the inputs.
    firsts: Vec<usize>,
}

impl Reader {
    fn read(&mut self, wanted: &[Array<'_>]) -> Option<Vec<Id>> {
        let needed = needed(&self.nodes, wanted.iter().map(|array| array.node()));
        for (place, is_needed) in needed.into_iter().enumerate() {
            let found = match is_needed {
                true => Some(self.node(place)?),
                false => None,
            };
            self.found.push(found);
        }
        wanted
            .iter()
            .map(|array| self.exactly(u32::try_from(array.node()).ok()?))
            .collect()
    }

    fn node(&mut self, place: usize) -> Option<(Id, Option<Id>)> {
        let ShapedNode { node, shape } = self.nodes[place].clone();
        let plain = |id: Id| Some((id, None));
        match node {
            Node::Input(first) => {
                let number = self.firsts.iter().position(|own| *own == first)?;
                plain(self.all.input(number, shape))
            }
            Node::Constant(value) => plain(self.all.number(value)),
            Node::Data(values) => plain(self.progression(&values, &shape)?),
            Node::Pieces(places, operands) => {
                let mut sum = None;
                for (place, operand) in places.iter().zip(&operands) {
                    let piece = self.exactly(*operand)?;
                    let piece = self.placed(piece, place, &shape);
                    sum = Some(match sum {
                        None => piece,
                        Some(sum) => self.all.add(sum, piece),
                    });
                }
                plain(sum?)
            }
            Node::Each(op, _) => {
                let mut numbers = Vec::new();
                let mut conditions = Vec::new();
                for operand in node.operands() {
                    let (number, condition) = self.found[*operand as usize]?;
                    numbers.push(self.fitted(number, &shape));
                    // A column cannot be a condition for rows.
                    let is_same = numbers.last() == Some(&number);
                    conditions.push(condition.filter(|_| is_same));
                }
                Some(operation(&mut self.all, op, &numbers, &conditions))
            }
            Node::Apply(operation, operands) => {
                let id = self.applied(&operation, &operands, &shape)?;
                let condition = match operation {
                    Operation::StopGradient | Operation::BroadcastTo(_) => {
                        self.found[operands[0] as usize]?.1
                    }
                    _ => None,
                };
                Some((id, condition))
            }
        }
    }

    fn applied(&mut self, operation: &Operation, operands: &[u32], shape: &Shape) -> Option<Id> {
        let x = operands[0];
        let from = self.nodes[x as usize].shape.clone();
        Some(match operation {
            Operation::StopGradient | Operation::Identity | Operation::Cast(_) => {
                self.found[x as usize]?.0
            }
            Operation::BroadcastTo(_) => {
                let id = self.found[x as usize]?.0;
                self.fitted(id, shape)
            }
            Operation::Reshape(_) => self.reshaped(x, &from, shape)?,
            Operation::Transpose(_) => {
                let id = self.exactly(x)?;
                self.transposed(id)
            }
            Operation::Reduce(reduce) => {
                let name = match reduce.kind {
                    Reduction::Sum => "sum",
                    Reduction::Extreme(Extreme::Max) => "max",
                    Reduction::Extreme(Extreme::Min) => "min",
                };
                let id = self.exactly(x)?;
                let axis = match (reduce.axes.len(), from.len()) {
                    (1, 2) => reduce.axes.first().copied(),
                    _ => None,
                };
                let reduced: Shape = match axis {
                    Some(axis) => Shape::from([from[1 - axis]]),
                    None => Shape::scalar(),
                };
                let result = Expression::Call(name, vec![id], axis);
                let result = self.all.make(result, reduced);
                // A row or a number broadcasts as the result with the axis would.
                match (reduce.keep, axis) {
                    (true, Some(1)) => self.column(result),
                    _ => result,
                }
            }
            Operation::Slice(stretches) => {
                let id = self.exactly(x)?;
                let picks = stretches.iter().map(picked).collect();
                self.all.make(Expression::Slice(id, picks), shape.clone())
            }
            Operation::Concat(axis) => self.concatenated(operands, *axis, shape)?,
            Operation::Cumsum { axis, is_reverse } => {
                let mut id = self.exactly(x)?;
                if *is_reverse {
                    id = self.reversed(id, *axis);
                }
                let sums = Expression::Call("cumsum", vec![id], None);
                let sums = self.all.make(sums, shape.clone());
                match is_reverse {
                    true => self.reversed(sums, *axis),
                    false => sums,
                }
            }
            Operation::Matmul => {
                let (x, y) = (self.exactly(x)?, self.exactly(operands[1])?);
                self.product(x, y)
            }
            _ => return None,
        })
    }

    /// Concatenated arrays: a list if each is one, otherwise the sum of all with zeros
    /// in the places of the others.
    fn concatenated(&mut self, operands: &[u32], axis: usize, shape: &Shape) -> Option<Id> {
        let parts = operands.iter().map(|operand| self.exactly(*operand));
        let parts: Vec<Id> = parts.collect::<Option<_>>()?;
        let lists = parts.iter().map(|part| match self.all.get(*part) {
            Expression::List(inner) if axis == 0 => Some(inner.clone()),
            _ => None,
        });
        if let Some(lists) = lists.collect::<Option<Vec<_>>>() {
            let list = Expression::List(lists.concat());
            return Some(self.all.make(list, shape.clone()));
        }
        let mut start = 0;
        let mut sum = self.all.number(0.0);
        for part in parts {
            let place = self.all.shape(part).iter().enumerate();
            let place = place.map(|(number, length)| Stretch {
                start: if number == axis { start } else { 0 },
                step: 1,
                count: *length,
            });
            let place: Vec<Stretch> = place.collect();
            start += place[axis].count;
            let piece = self.placed(part, &place, shape);
            sum = self.all.add(sum, piece);
        }
        Some(sum)
    }

    /// A product of matrices, where one of one row or one column is a vector.
    fn product(&mut self, x: Id, y: Id) -> Id {
        let row = self.as_row(x);
        let column = self.as_column(y);
        let (rows, columns) = (self.all.shape(x)[0], self.all.shape(y)[1]);
        match (row, column) {
            (Some(row), _) => {
                let product = Expression::MatMul(row, y);
                self.all.make(product, Shape::from([columns]))
            }
            (None, Some(column)) => {
                let product = Expression::MatMul(x, column);
                let product = self.all.make(product, Shape::from([rows]));
                self.column(product)
            }
            (None, None) => {
                let product = Expression::MatMul(x, y);
                self.all.make(product, Shape::from([rows, columns]))
            }
        }
    }

    /// The vector that a matrix of one row was made of.
    fn as_row(&self, id: Id) -> Option<Id> {
        match self.all.get(id) {
            Expression::List(parts) if self.all.shape(id).len() == 2 => match parts[..] {
                [part] => Some(part),
                _ => None,
            },
            _ => None,
        }
    }

    /// The vector that a matrix of one column was made of.
    fn as_column(&self, id: Id) -> Option<Id> {
        match self.all.get(id) {
            Expression::Call("transpose", parts, _) => self.as_row(parts[0]),
            _ => None,
        }
    }

    /// A vector as a matrix of one row.
    fn row(&mut self, id: Id) -> Id {
        let length = self.all.shape(id)[0];
        let list = Expression::List(vec![id]);
        self.all.make(list, Shape::from([1, length]))
    }

    /// A vector as a matrix of one column.
    fn column(&mut self, id: Id) -> Id {
        let row = self.row(id);
        self.transposed(row)
    }

    fn transposed(&mut self, id: Id) -> Id {
        if let Expression::Call("transpose", parts, _) = self.all.get(id) {
            return parts[0];
        }
        let shape = self.all.shape(id);
        let shape = Shape::from([shape[1], shape[0]]);
        let call = Expression::Call("transpose", vec![id], None);
        self.all.make(call, shape)
    }

    fn reversed(&mut self, id: Id, axis: usize) -> Id {
        let shape = self.all.shape(id).clone();
        let picks = shape.iter().enumerate().map(|(number, length)| {
            let whole = Stretch {
                start: 0,
                step: 1,
                count: *length,
            };
            let back = Stretch {
                start: length - 1,
                step: -1,
                count: *length,
            };
            picked(if number == axis { &back } else { &whole })
        });
        let picks = picks.collect();
        self.all.make(Expression::Slice(id, picks), shape)
    }

    /// The same with other axes of length 1.
    fn reshaped(&mut self, x: u32, from: &Shape, to: &Shape) -> Option<Id> {
        let id = self.found[x as usize]?.0;
        // A number stands for anything.
        if self.all.shape(id).is_empty() {
            return Some(id);
        }
        let id = self.exactly(x)?;
        match (&from[..], &to[..]) {
            ([n], [1, m]) if n == m => Some(self.row(id)),
            ([n], [m, 1]) if n == m => Some(self.column(id)),
            ([1], []) => Some(self.first(id)),
            ([1, n], [m]) if n == m => match self.as_row(id) {
                Some(vector) => Some(vector),
                None => Some(self.at(id, 0, 0)),
            },
            ([n, 1], [m]) if n == m => match self.as_column(id) {
                Some(vector) => Some(vector),
                None => Some(self.at(id, 1, 0)),
            },
            ([1, 1], []) => {
                let row = self.at(id, 0, 0);
                Some(self.first(row))
            }
            _ => None,
        }
    }

    /// The only element of a vector.
    fn first(&mut self, id: Id) -> Id {
        match self.all.get(id) {
            Expression::List(parts) => parts[0],
            _ => self.at(id, 0, 0),
        }
    }

    /// The elements at one place of an axis; of a slice, they are those of the whole array.
    fn at(&mut self, id: Id, axis: usize, place: usize) -> Id {
        let shape = self.all.shape(id).clone();
        let lengths = shape
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != axis);
        let result: Shape = lengths.map(|(_, length)| *length).collect();
        if let Expression::Slice(of, picks) = self.all.get(id).clone()
            && picks.iter().all(|pick| pick.length().is_some())
        {
            let mut picks = picks;
            if let Pick::Stretch { start, step, .. } = picks[axis] {
                picks[axis] = Pick::At(start.wrapping_add_signed(step * place.cast_signed()));
            }
            return self.all.make(Expression::Slice(of, picks), result);
        }
        let picks = shape
            .iter()
            .enumerate()
            .map(|(number, length)| match number == axis {
                true => Pick::At(place),
                false => Pick::Stretch {
                    start: 0,
                    step: 1,
                    count: *length,
                },
            });
        let picks = picks.collect();
        self.all.make(Expression::Slice(id, picks), result)
    }

    /// The expression of a node in the node's own shape.
    fn exactly(&mut self, node: u32) -> Option<Id> {
        let id = self.found[node as usize]?.0;
        let shape = self.nodes[node as usize].shape.clone();
        Some(self.stretched(id, &shape))
    }

    /// An expression that stands for an array of this shape, in that shape.
    fn stretched(&mut self, id: Id, shape: &Shape) -> Id {
        match (&self.all.shape(id)[..], &shape[..]) {
            (own, whole) if own == whole => id,
            ([], [1]) => self.all.make(Expression::List(vec![id]), shape.clone()),
            ([], [length]) => self.repeated(id, *length),
            ([], [rows, columns]) => {
                let row = self.stretched(id, &Shape::from([*columns]));
                let whole = Shape::from([*rows, *columns]);
                self.stretched(row, &whole)
            }
            ([_], [1, _]) => self.row(id),
            ([_], [rows, _]) => self.repeated(id, *rows),
            _ => id,
        }
    }

    fn repeated(&mut self, id: Id, count: usize) -> Id {
        let lengths = [count]
            .into_iter()
            .chain(self.all.shape(id).iter().copied());
        let shape = lengths.collect();
        let count = self.whole(count);
        let call = Expression::Call("repeat", vec![id, count], None);
        self.all.make(call, shape)
    }

    /// An operand of an elementwise operation with this shape, written out where the
    /// language does not broadcast it in the same way.
    fn fitted(&mut self, id: Id, shape: &Shape) -> Id {
        match (&self.all.shape(id)[..], &shape[..]) {
            (own, whole) if own == whole => id,
            ([1], [_]) => self.first(id),
            ([1, 1], _) => {
                let row = self.at(id, 0, 0);
                self.first(row)
            }
            ([1], [_, columns]) if *columns != 1 => self.first(id),
            ([1, _], [_, _]) => match self.as_row(id) {
                Some(row) => row,
                None => self.at(id, 0, 0),
            },
            ([_, 1], [_, columns]) => {
                let vector = match self.as_column(id) {
                    Some(vector) => vector,
                    None => self.at(id, 1, 0),
                };
                let rows = self.repeated(vector, *columns);
                self.transposed(rows)
            }
            _ => id,
        }
    }

    /// Zeros of this shape with an array in the place of a slice.
    fn placed(&mut self, id: Id, place: &[Stretch], shape: &Shape) -> Id {
        let mut id = id;
        for (axis, (stretch, length)) in place.iter().zip(&**shape).enumerate() {
            let mut stretch = *stretch;
            if stretch.step < 0 {
                id = self.reversed(id, axis);
                let last = stretch.step * (stretch.count - 1).cast_signed();
                stretch.start = stretch.start.wrapping_add_signed(last);
                stretch.step = -stretch.step;
            }
            if stretch.count == *length {
                continue;
            }
            // Only the first axis can be padded.
            if axis == 1 {
                id = self.transposed(id);
            }
            let others: Vec<usize> = self.all.shape(id)[1..].to_vec();
            let with = |length: usize| [length].into_iter().chain(others.iter().copied()).collect();
            let mut count = stretch.count;
            if stretch.step != 1 && count > 1 {
                let step = stretch.step.unsigned_abs();
                count = (count - 1) * step + 1;
                let step = self.whole(step);
                let spread = Expression::Call("spread", vec![id, step], None);
                id = self.all.make(spread, with(count));
            }
            if count != *length {
                let before = self.whole(stretch.start);
                let after = self.whole(length - stretch.start - count);
                let pad = Expression::Call("pad", vec![id, before, after], None);
                id = self.all.make(pad, with(*length));
            }
            if axis == 1 {
                id = self.transposed(id);
            }
        }
        id
    }

    fn whole(&mut self, value: usize) -> Id {
        #[expect(
            clippy::cast_precision_loss,
            reason = "no length exceeds the maximum number of elements"
        )]
        self.all.number(value as f64)
    }

    /// Fixed numbers, which come from `range`.
    fn progression(&mut self, values: &Arc<[f64]>, shape: &Shape) -> Option<Id> {
        let (first, last) = (values.first()?, values.last()?);
        let step = values.get(1).map_or(1.0, |second| second - first);
        let is_even = values.windows(2).all(|pair| pair[1] - pair[0] == step);
        if !is_even || shape.len() != 1 {
            return None;
        }
        let arguments: &[f64] = match (*first, step) {
            (0.0, 1.0) => &[last + 1.0],
            (_, 1.0) => &[*first, last + 1.0],
            _ => &[*first, last + step.signum(), step],
        };
        let arguments = arguments.iter().map(|value| self.all.number(*value));
        let arguments = arguments.collect();
        let range = Expression::Call("range", arguments, None);
        Some(self.all.make(range, shape.clone()))
    }
}

fn picked(stretch: &Stretch) -> Pick {
    Pick::Stretch {
        start: stretch.start,
        step: if stretch.count > 1 { stretch.step } else { 1 },
        count: stretch.count,
    }
}
