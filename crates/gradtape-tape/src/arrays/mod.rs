//! The traced graph of arrays: a computation on vectors and matrices, recorded
//! without values.
//!
//! It has the same operations and derivatives as tensors; both share one
//! definition (`tensor/rule.rs`). The difference is the sum of the derivatives that
//! reach an array through its slices: tensors add arrays full of zeros, here the
//! pieces stay pieces ([`Node::Pieces`]).

mod array;
mod evaluate;
mod gradient;
mod simplify;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::tensor::operation::Stretch;
use super::tensor::{Operation, Shape};
use super::{Graph, Real, Subnormals, Var};

pub use array::Array;
pub use evaluate::{Evaluator, Numbers, combined, evaluate, value};

/// The operands of a node, by their numbers. Operands come before the nodes that
/// use them.
pub type Operands = SmallVec<[u32; 3]>;

/// A stretch of each axis.
pub type Stretches = Arc<[Stretch]>;

/// A node of an [`ArrayGraph`].
#[derive(Clone, Debug)]
pub enum Node<T> {
    /// An input, with the number of its first element.
    Input(usize),
    /// The same number in every element.
    Constant(T),
    /// Fixed numbers.
    Data(Arc<[T]>),
    /// An operation.
    Apply(Operation, Operands),
    /// Each operand in the place of a slice. Elements covered by several operands are
    /// added in the order of the operands, elements covered by none are 0.
    Pieces(Arc<[Stretches]>, Operands),
}

impl<T> Node<T> {
    /// The nodes that it is computed from.
    pub fn operands(&self) -> &[u32] {
        match self {
            Node::Input(_) | Node::Constant(_) | Node::Data(_) => &[],
            Node::Apply(_, operands) | Node::Pieces(_, operands) => operands,
        }
    }
}

/// What a node was recorded for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The label set by [`ArrayGraph::label`]; 0 if none.
    pub label: u32,
    /// The node whose derivative it is a part of.
    pub derivative_of: Option<u32>,
}

/// A node with the shape of what it computes.
#[derive(Clone, Debug)]
pub struct Shaped<T> {
    /// The node.
    pub node: Node<T>,
    /// The shape of its value.
    pub shape: Shape,
}

/// What two nodes must share to be the same node. Constants by their bits, data
/// by where they lie.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Input(usize),
    Constant(u64, Shape),
    Data(usize, Shape),
    Apply(Operation, Operands),
    Pieces(Arc<[Stretches]>, Operands, Shape),
}

/// A computation on arrays recorded as a directed acyclic graph in which equal nodes
/// exist once.
///
/// It is to vectors and matrices what [`Graph`] is to numbers. An [`Array`] has a
/// shape of at most two axes, none of them empty. The values are those of
/// [`Tensor`](crate::Tensor)s: sums and products of matrices are taken in the same
/// order. The exact rewrites of [`Graph`] are made here too. Its gradient may differ
/// from that of a tape only in the sign of a zero.
///
/// # Examples
///
/// The same function of scalars, unrolled:
///
/// ```
/// use gradtape_tape::{ArrayGraph, Graph, Subnormals};
/// use gradtape_engine::Program;
///
/// // f = Σ xᵢ², and its gradient 2x.
/// let arrays = ArrayGraph::<f64>::new(Subnormals::Keep);
/// let x = arrays.input([3]);
/// let f = (x * x).sum(None);
/// let gradient = arrays.gradient(f, &[x])[0];
/// assert_eq!(gradient.shape()[..], [3]);
///
/// let graph = Graph::new(Subnormals::Keep);
/// let inputs: Vec<_> = (0..3).map(|_| graph.input()).collect();
/// let unrolled = arrays.unroll(&graph, &inputs, &[f, gradient]);
/// let program = Program::new(&graph, &unrolled.concat());
/// assert_eq!(program.evaluate(&[1.0, 2.0, 3.0]), [14.0, 2.0, 4.0, 6.0]);
/// ```
pub struct ArrayGraph<T> {
    subnormals: Subnormals,
    nodes: RefCell<Nodes<T>>,
    /// Whether derivatives are being recorded: then (−a) − b becomes −(a + b) as
    /// in a [`Graph`], which defines the sign of a zero. In values the tensors define
    /// it.
    is_derivative: Cell<bool>,
    /// The origin of the nodes that are recorded now.
    origin: Cell<Origin>,
}

struct Nodes<T> {
    list: Vec<Shaped<T>>,
    /// Why each of them was recorded first.
    origins: Vec<Origin>,
    ids: HashMap<Key, u32>,
    /// The number of elements of the inputs.
    inputs: usize,
}

impl<T: Real> ArrayGraph<T> {
    /// An empty graph. Constants are folded with subnormal numbers treated as
    /// `subnormals` says; programs made from the graph compute in the same way.
    #[must_use]
    pub fn new(subnormals: Subnormals) -> Self {
        let nodes = Nodes {
            list: Vec::new(),
            origins: Vec::new(),
            ids: HashMap::new(),
            inputs: 0,
        };
        ArrayGraph {
            subnormals,
            nodes: RefCell::new(nodes),
            is_derivative: Cell::new(false),
            origin: Cell::default(),
        }
    }

    /// A new input. The elements of all inputs are numbered consecutively, those of a
    /// matrix row by row.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{ArrayGraph, Subnormals};
    ///
    /// let graph = ArrayGraph::<f64>::new(Subnormals::Keep);
    /// let (x, matrix) = (graph.input([3]), graph.input([2, 2]));
    /// assert_eq!(graph.inputs(), 7);
    /// assert_eq!(matrix.matmul(matrix).shape()[..], [2, 2]);
    /// # let _ = x;
    /// ```
    pub fn input(&self, shape: impl Into<Shape>) -> Array<'_, T> {
        let shape = shape.into();
        let first = self.nodes.borrow().inputs;
        self.nodes.borrow_mut().inputs += elements(&shape);
        self.node(Key::Input(first), Node::Input(first), shape)
    }

    /// A number.
    pub fn constant(&self, value: T) -> Array<'_, T> {
        self.repeated(value, Shape::scalar())
    }

    /// The same number in every element.
    #[doc(hidden)]
    pub fn repeated(&self, value: T, shape: Shape) -> Array<'_, T> {
        let value = self.subnormals.input(value);
        let key = Key::Constant(value.bits(), shape.clone());
        self.node(key, Node::Constant(value), shape)
    }

    /// Fixed numbers, such as the columns of a table. They are not copied.
    ///
    /// # Panics
    ///
    /// If the number of values is not the number of elements of the shape.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{ArrayGraph, Graph, Subnormals};
    /// use gradtape_engine::Program;
    ///
    /// let arrays = ArrayGraph::<f64>::new(Subnormals::Keep);
    /// let w = arrays.input([2]);
    /// let rows = arrays.data([3, 2], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].into());
    /// let program = Program::arrays(&arrays, &[rows.matmul(w)], &[]);
    /// assert_eq!(program.evaluate(&[1.0, 10.0]), [21.0, 43.0, 65.0]);
    /// ```
    pub fn data(&self, shape: impl Into<Shape>, values: Arc<[T]>) -> Array<'_, T> {
        let shape = shape.into();
        assert_eq!(values.len(), elements(&shape), "a number for each element");
        let read = |value: &T| self.subnormals.input(*value);
        let values = if values.iter().all(|x| read(x).bits() == x.bits()) {
            values
        } else {
            values.iter().map(read).collect()
        };
        // The node keeps the numbers, so the address cannot be reused.
        let key = Key::Data(values.as_ptr().addr(), shape.clone());
        self.node(key, Node::Data(values), shape)
    }

    /// How subnormal numbers are treated.
    #[must_use]
    pub fn subnormals(&self) -> Subnormals {
        self.subnormals
    }

    /// The number of elements of all inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.nodes.borrow().inputs
    }

    /// The number of nodes, including those that no result needs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.borrow().list.len()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of operations on numbers in one evaluation of all nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{ArrayGraph, Subnormals};
    ///
    /// let graph = ArrayGraph::<f64>::new(Subnormals::Keep);
    /// let x = graph.input([100]);
    /// let f = (x * x).sum(None);
    /// assert_eq!(graph.operations(), 200);
    /// # let _ = f;
    /// ```
    #[must_use]
    pub fn operations(&self) -> u64 {
        let nodes = self.nodes.borrow();
        let list = &nodes.list;
        let each = (0..list.len()).map(|node| operations(list, node));
        each.fold(0, u64::saturating_add)
    }

    /// The number of elements of all nodes.
    #[must_use]
    pub fn elements(&self) -> u64 {
        let nodes = self.nodes.borrow();
        let each = nodes.list.iter().map(|node| elements(&node.shape) as u64);
        each.fold(0, u64::saturating_add)
    }

    /// Records the arrays `wanted` and their operands in a graph of numbers, and returns
    /// the elements of each, those of a matrix row by row. `inputs` has a number for each
    /// element of the inputs.
    ///
    /// # Panics
    ///
    /// If `inputs` has fewer numbers than the inputs have elements.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{ArrayGraph, Graph, Subnormals};
    ///
    /// let arrays = ArrayGraph::<f64>::new(Subnormals::Keep);
    /// let x = arrays.input([2]);
    /// let graph = Graph::new(Subnormals::Keep);
    /// let inputs = [graph.input(), graph.input()];
    /// let reversed = x.slice(0, 1, -1, 2);
    /// let elements = &arrays.unroll(&graph, &inputs, &[reversed])[0];
    /// assert_eq!(elements[0].id(), inputs[1].id());
    /// ```
    pub fn unroll<'s>(
        &self,
        graph: &'s Graph<T>,
        inputs: &[Var<'s, T>],
        wanted: &[Array<'_, T>],
    ) -> Vec<Vec<Var<'s, T>>> {
        let nodes = self.nodes.borrow();
        let wanted: Vec<usize> = wanted.iter().map(|array| array.node()).collect();
        graph.exactly(|| evaluate(&nodes.list, &graph, inputs, &wanted))
    }

    /// Sets the label of nodes that are recorded from now on.
    #[doc(hidden)]
    pub fn label(&self, label: u32) {
        let derivative_of = None;
        self.origin.set(Origin {
            label,
            derivative_of,
        });
    }

    /// All nodes in the order of their numbers.
    #[doc(hidden)]
    pub fn arrays(&self) -> Vec<Array<'_, T>> {
        let count = self.nodes.borrow().list.len();
        // There are at most `u32::MAX` nodes.
        let ids = (0..count).filter_map(|id| u32::try_from(id).ok());
        ids.map(|id| self.array(id)).collect()
    }

    /// What each node was recorded for, in their order.
    #[doc(hidden)]
    pub fn origins(&self) -> Vec<Origin> {
        self.nodes.borrow().origins.clone()
    }

    /// The nodes in the order of their numbers.
    #[doc(hidden)]
    pub fn nodes(&self) -> Vec<Shaped<T>> {
        self.nodes.borrow().list.clone()
    }

    /// Whether the elements of `to` are infinite or NaN whenever those of `from`
    /// in the same places are, whatever the other inputs are. Only short paths of
    /// elementwise operations are searched, so `false` proves nothing.
    #[doc(hidden)]
    pub fn stays_not_finite(&self, from: Array<'_, T>, to: Array<'_, T>) -> bool {
        const MOST_STEPS: usize = 64;
        let from = self.negated(from.id).unwrap_or(from);
        let nodes = self.nodes.borrow();
        let shape = &nodes.list[from.node()].shape;
        let mut waiting = vec![to.id];
        for _ in 0..MOST_STEPS {
            let Some(id) = waiting.pop() else {
                return false;
            };
            let Shaped { node, shape: own } = &nodes.list[id as usize];
            if own != shape {
                continue;
            }
            if id == from.id {
                return true;
            }
            if let Node::Apply(Operation::Elementwise(op), operands) = node {
                // The first operand is visited next.
                let places = (0..operands.len()).rev();
                let places = places.filter(|place| op.stays_not_finite(*place));
                waiting.extend(places.map(|place| operands[place]));
            }
        }
        false
    }

    /// The node with this key, a new one if there is none yet.
    fn node(&self, key: Key, node: Node<T>, shape: Shape) -> Array<'_, T> {
        let mut nodes = self.nodes.borrow_mut();
        let next = nodes.list.len();
        let next = u32::try_from(next).expect("at most `u32::MAX` nodes");
        let id = *nodes.ids.entry(key).or_insert(next);
        if id == next {
            nodes.list.push(Shaped { node, shape });
            nodes.origins.push(self.origin.get());
        }
        Array { graph: self, id }
    }

    fn array(&self, id: u32) -> Array<'_, T> {
        Array { graph: self, id }
    }

    /// The number in every element, if it is the same constant.
    fn constant_at(&self, id: u32) -> Option<T> {
        match self.nodes.borrow().list[id as usize].node {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// What `id` is the negative of.
    fn negated(&self, id: u32) -> Option<Array<'_, T>> {
        match &self.nodes.borrow().list[id as usize].node {
            Node::Apply(Operation::Elementwise(super::Op::Neg), operands) => {
                Some(self.array(operands[0]))
            }
            _ => None,
        }
    }

    fn shape_at(&self, id: u32) -> Shape {
        self.nodes.borrow().list[id as usize].shape.clone()
    }
}

/// The number of elements of an array, which has at least one.
pub fn elements(shape: &Shape) -> usize {
    shape.elements().expect("arrays fit in memory")
}

/// The number of operations on numbers in a node.
pub fn operations<T>(nodes: &[Shaped<T>], node: usize) -> u64 {
    let Shaped { node, shape } = &nodes[node];
    let own = elements(shape) as u64;
    let of = |operand: u32| elements(&nodes[operand as usize].shape) as u64;
    match node {
        Node::Apply(Operation::Elementwise(_) | Operation::Cumsum { .. }, _) => own,
        Node::Apply(Operation::Reduce(_), operands) => of(operands[0]),
        Node::Apply(Operation::Matmul, operands) => {
            let inner = nodes[operands[0] as usize].shape.last();
            let inner = inner.copied().unwrap_or(1) as u64;
            own.saturating_mul(inner).saturating_mul(2)
        }
        Node::Pieces(_, operands) => {
            let covered = operands.iter().map(|operand| of(*operand));
            covered.fold(0, u64::saturating_add).saturating_sub(own)
        }
        _ => 0,
    }
}

impl<T: Real> fmt::Display for ArrayGraph<T> {
    /// One node per line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Shaped { node, shape }) in self.nodes.borrow().list.iter().enumerate() {
            write!(formatter, "n{index} = ")?;
            match node {
                Node::Input(first) => write!(formatter, "input {first}")?,
                Node::Constant(value) => write!(formatter, "constant {value}")?,
                Node::Data(_) => write!(formatter, "data")?,
                Node::Apply(operation, operands) => {
                    write!(formatter, "{}", operation.name())?;
                    match operation {
                        Operation::Elementwise(super::Op::Powi(n)) => write!(formatter, "[{n}]")?,
                        Operation::Slice(stretches) => {
                            write!(formatter, "{}", Bounds(stretches))?;
                        }
                        _ => {}
                    }
                    for operand in operands {
                        write!(formatter, " n{operand}")?;
                    }
                }
                Node::Pieces(places, operands) => {
                    write!(formatter, "pieces")?;
                    for (place, operand) in places.iter().zip(operands) {
                        write!(formatter, " n{operand}{}", Bounds(place))?;
                    }
                }
            }
            writeln!(formatter, " {shape}")?;
        }
        Ok(())
    }
}

/// Stretches as start:step:count.
struct Bounds<'a>(&'a [Stretch]);

impl fmt::Display for Bounds<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.0.iter();
        let each = each.map(|it| format!("{}:{}:{}", it.start, it.step, it.count));
        write!(formatter, "[{}]", each.collect::<Vec<_>>().join(", "))
    }
}

impl<T: Real> fmt::Debug for ArrayGraph<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ArrayGraph ({:?})\n{self}", self.subnormals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_stays_so_element_by_element() {
        let graph = ArrayGraph::<f64>::new(Subnormals::Keep);
        let (x, rate) = (graph.input([3]), graph.input([]));
        let slope = x * x;
        let next = x - rate * slope;
        assert!(graph.stays_not_finite(x, next) && graph.stays_not_finite(slope, next));
        // A sum depends on all elements, not on one.
        let sum = x.sum(None);
        assert!(!graph.stays_not_finite(x, x.max(None) * rate));
        assert!(!graph.stays_not_finite(x, sum) && !graph.stays_not_finite(sum, next));
        // Where elements change places.
        let turned = x.slice(0, 2, -1, 3);
        assert!(!graph.stays_not_finite(x, turned));
    }
}
