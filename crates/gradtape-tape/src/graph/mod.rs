//! The traced graph: a computation on numbers, vectors and matrices, recorded without
//! values.
//!
//! It has the same operations and derivatives as tensors; both share one
//! definition (`tensor/rule.rs`). The difference is the sum of the derivatives that
//! reach an array through its slices: tensors add arrays full of zeros, here the
//! pieces stay pieces ([`Node::Pieces`]).

mod array;
mod evaluate;
mod gradient;
mod simplify;
mod squares;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

use super::tensor::operation::Stretch;
use super::tensor::{Operation, Shape};
use super::{Op, Precision, Real, Subnormals};

pub use array::Array;
pub use evaluate::{Evaluator, Numbers, combined, evaluate, needed, value};
pub use squares::Square;

/// The operands of a node, by their numbers. Operands come before the nodes that
/// use them.
pub type Operands = SmallVec<[u32; 3]>;

/// A stretch of each axis.
pub type Stretches = Arc<[Stretch]>;

/// A node of a [`Graph`] whose numbers are of type `T`.
#[derive(Clone, Debug)]
pub enum Node<T> {
    /// An input, with the number of its first element.
    Input(usize),
    /// The same number in every element.
    Constant(T),
    /// Fixed numbers.
    Data(Arc<[T]>),
    /// An operation of the table on each element; only the first [`Op::arity`] operands
    /// count, the others repeat the first one.
    Each(Op, [u32; 3]),
    /// Another operation.
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
            Node::Each(op, operands) => &operands[..op.arity()],
            Node::Apply(_, operands) | Node::Pieces(_, operands) => operands,
        }
    }
}

/// What a node was recorded for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The label set by [`Graph::label`]; 0 if none.
    pub label: u32,
    /// The node whose derivative it is a part of.
    pub derivative_of: Option<u32>,
}

/// A node with the shape of what it computes.
#[derive(Clone, Debug)]
pub struct ShapedNode<T> {
    /// The node.
    pub node: Node<T>,
    /// The shape of its value.
    pub shape: Shape,
}

impl ShapedNode<f64> {
    /// The same with numbers of another type, in which they are exact.
    fn to<T: Real>(&self) -> ShapedNode<T> {
        let node = match &self.node {
            Node::Input(first) => Node::Input(*first),
            Node::Constant(value) => Node::Constant(T::from_f64(*value)),
            Node::Data(values) => Node::Data(match (values as &dyn Any).downcast_ref() {
                // The same type needs no copy.
                Some(values) => Arc::clone(values),
                None => values.iter().map(|value| T::from_f64(*value)).collect(),
            }),
            Node::Each(op, operands) => Node::Each(*op, *operands),
            Node::Apply(operation, operands) => Node::Apply(operation.clone(), operands.clone()),
            Node::Pieces(places, operands) => Node::Pieces(places.clone(), operands.clone()),
        };
        ShapedNode {
            node,
            shape: self.shape.clone(),
        }
    }
}

impl ShapedNode<f64> {
    /// Writes what determines its value as numbers; `places` has those of its operands.
    fn describe(&self, places: &[u64], number: &mut dyn FnMut(u64)) {
        let mut list = |numbers: &mut dyn ExactSizeIterator<Item = u64>| {
            number(numbers.len() as u64);
            numbers.for_each(&mut *number);
        };
        let (name, parameters): (&str, Vec<u64>) = match &self.node {
            Node::Input(first) => ("input", vec![*first as u64]),
            Node::Constant(value) => ("constant", vec![value.to_bits()]),
            Node::Data(values) => ("data", values.iter().map(|x| x.to_bits()).collect()),
            Node::Each(Op::Powi(n), _) => ("powi", vec![i64::from(*n).cast_unsigned()]),
            Node::Each(op, _) => (op.name(), Vec::new()),
            Node::Apply(operation, _) => (operation.name(), operation.parameters()),
            Node::Pieces(places, _) => {
                let stretches = places.iter().flat_map(|place| place.iter());
                ("pieces", stretches.flat_map(Stretch::numbers).collect())
            }
        };
        list(&mut name.bytes().map(u64::from));
        list(&mut parameters.into_iter());
        list(&mut self.shape.iter().map(|length| *length as u64));
        let operands = self.node.operands().iter();
        list(&mut operands.map(|id| places[*id as usize]));
    }
}

/// What two nodes must share to be the same node. Constants by their bits, so that 0 and
/// −0 stay different, data by where they lie.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Number(u64),
    /// The shape follows from the operands.
    Each(Op, [u32; 3]),
    /// Boxed, as most nodes are of the kinds above.
    Other(Box<OtherKey>),
}

#[derive(PartialEq, Eq, Hash)]
enum OtherKey {
    Constant(u64, Shape),
    Data(usize, Shape),
    Apply(Operation, Operands),
    Pieces(Arc<[Stretches]>, Operands, Shape),
}

/// A hash of keys that are small numbers. Recording looks every operation up, so the
/// hash of the standard library, which withstands chosen keys, would take much of the time.
#[derive(Default)]
struct NodeHasher(u64);

impl NodeHasher {
    #[inline]
    fn add(&mut self, word: u64) {
        // The multiplier has no pattern: the fractional digits of the golden ratio.
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for NodeHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.add(u64::from(word));
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.add(u64::from(word));
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // The table uses the highest and the lowest bits.
        self.0 ^ (self.0 >> 32)
    }
}

/// A computation on arrays recorded as a directed acyclic graph in which equal nodes
/// exist once.
///
/// An [`Array`] has a shape of at most two axes, none of them empty; a number is an array
/// without axes. The values are those of [`Tensor`](crate::Tensor)s: sums and products of
/// matrices are taken in the same order. The gradient may differ from that of a tape only
/// in the sign of a zero.
///
/// Constants have the precision of the graph; they are stored as `f64`, in which they are
/// exact. Programs made from the graph compute in its precision.
///
/// # Simplifications
///
/// While nodes are added, only these rewrites are made. Each holds for every value
/// of the operands (except for the payload of a NaN):
///
/// - operations on constants are folded, in the precision of the graph;
/// - x·1 = x, x/1 = x, x·(−1) = −x, −(−x) = x, |−x| = |x|, hypot(−x, y) = hypot(x, y);
/// - a + (−b) = a − b, a − (−b) = a + b, (−a)·b = −(a·b);
/// - the operands of a sum or product are ordered by their number;
/// - xⁿ with a constant integer n, |n| ≤ 64, is [`Op::Powi`]; x⁰ = 1, x¹ = x;
/// - a selection with a constant condition is replaced by the selected operand;
/// - elements that are only moved are moved in as few nodes as possible.
///
/// In derivatives (−a) − b = −(a + b) too, which defines the sign of an exact zero.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Graph, Precision, Subnormals};
///
/// let graph = Graph::new(Precision::F64, Subnormals::Keep);
/// let (x, y) = (graph.input([]), graph.input([3]));
/// let f = (x * y + y).sum(None);
/// assert_eq!(graph.to_string(), "\
/// n0 = input 0 []
/// n1 = input 1 [3]
/// n2 = mul n0 n1 [3]
/// n3 = add n1 n2 [3]
/// n4 = sum n3 []
/// ");
/// assert_eq!((y + y * x).to_string(), "n3", "equal nodes exist once");
/// # let _ = f;
/// ```
///
/// An [`Array`] is tied to its graph. It cannot be compared, since it has no value
/// yet:
///
/// ```compile_fail
/// use gradtape_tape::{Graph, Precision, Subnormals};
/// let graph = Graph::new(Precision::F64, Subnormals::Keep);
/// let x = graph.input([]);
/// let same = x == x;
/// ```
///
/// and it cannot outlive the graph:
///
/// ```compile_fail
/// use gradtape_tape::{Graph, Precision, Subnormals};
/// let x = {
///     let graph = Graph::new(Precision::F64, Subnormals::Keep);
///     graph.input([])
/// };
/// x.shape();
/// ```
pub struct Graph {
    precision: Precision,
    subnormals: Subnormals,
    nodes: RefCell<Nodes>,
    /// Whether derivatives are being recorded: then the rewrite is made that defines the
    /// sign of a zero. In values the tensors define it.
    is_derivative: Cell<bool>,
    /// The origin of the nodes that are recorded now.
    origin: Cell<Origin>,
}

struct Nodes {
    list: Vec<ShapedNode<f64>>,
    /// Why each of them was recorded first.
    origins: Vec<Origin>,
    ids: HashMap<Key, u32, BuildHasherDefault<NodeHasher>>,
    /// The number of elements of the inputs.
    inputs: usize,
    /// Whether all of them are numbers that are given or computed by operations of the
    /// table.
    are_numbers: bool,
}

impl Graph {
    /// An empty graph. Constants are folded in the given precision, with subnormal numbers
    /// treated as `subnormals` says; programs made from the graph compute in the same way.
    #[must_use]
    pub fn new(precision: Precision, subnormals: Subnormals) -> Self {
        let nodes = Nodes {
            list: Vec::new(),
            origins: Vec::new(),
            ids: HashMap::default(),
            inputs: 0,
            are_numbers: true,
        };
        Graph {
            precision,
            subnormals,
            nodes: RefCell::new(nodes),
            is_derivative: Cell::new(false),
            origin: Cell::default(),
        }
    }

    /// A new input; `[]` is the shape of a number. The elements of all inputs are numbered
    /// consecutively, those of a matrix row by row.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let (x, matrix) = (graph.input([3]), graph.input([2, 2]));
    /// assert_eq!(graph.inputs(), 7);
    /// assert_eq!(matrix.matmul(matrix).shape()[..], [2, 2]);
    /// # let _ = x;
    /// ```
    pub fn input(&self, shape: impl Into<Shape>) -> Array<'_> {
        let shape = shape.into();
        let mut nodes = self.nodes.borrow_mut();
        let first = nodes.inputs;
        nodes.inputs += elements(&shape);
        let node = Node::Input(first);
        let id = nodes.push(ShapedNode { node, shape }, self.origin.get());
        self.array(id)
    }

    /// This number of inputs that are numbers.
    #[doc(hidden)]
    pub fn numbers(&self, count: usize) -> Vec<Array<'_>> {
        (0..count).map(|_| self.input([])).collect()
    }

    /// A constant number, rounded to the precision of the graph.
    pub fn constant(&self, value: f64) -> Array<'_> {
        let value = self.read(value);
        let node = || ShapedNode {
            node: Node::Constant(value),
            shape: Shape::scalar(),
        };
        self.node(Key::Number(value.to_bits()), node)
    }

    /// The same number in every element.
    #[doc(hidden)]
    pub fn repeated(&self, value: f64, shape: Shape) -> Array<'_> {
        if shape.is_empty() {
            return self.constant(value);
        }
        let value = self.read(value);
        let key = OtherKey::Constant(value.to_bits(), shape.clone());
        let node = Node::Constant(value);
        self.node(Key::Other(Box::new(key)), || ShapedNode { node, shape })
    }

    /// Fixed numbers, such as the columns of a table, rounded to the precision of the graph.
    /// They are only copied if that changes one.
    ///
    /// # Panics
    ///
    /// If the number of values is not the number of elements of the shape.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    /// use gradtape_engine::Program;
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let w = graph.input([2]);
    /// let rows = graph.data([3, 2], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].into());
    /// let program = Program::new(&graph, &[rows.matmul(w)]);
    /// assert_eq!(program.evaluate(&[1.0, 10.0]), [21.0, 43.0, 65.0]);
    /// ```
    pub fn data(&self, shape: impl Into<Shape>, values: Arc<[f64]>) -> Array<'_> {
        let shape = shape.into();
        assert_eq!(values.len(), elements(&shape), "a number for each element");
        if shape.is_empty() {
            return self.constant(values[0]);
        }
        let is_read = |x: &f64| self.read(*x).to_bits() == x.to_bits();
        let values = if values.iter().all(is_read) {
            values
        } else {
            values.iter().map(|x| self.read(*x)).collect()
        };
        // The node keeps the numbers, so the address cannot be reused.
        let key = OtherKey::Data(values.as_ptr().addr(), shape.clone());
        let node = Node::Data(values);
        self.node(Key::Other(Box::new(key)), || ShapedNode { node, shape })
    }

    /// The precision of its numbers.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
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

    /// Whether every node is a number that is given or computed by an operation of the
    /// table.
    #[must_use]
    #[doc(hidden)]
    pub fn is_of_numbers(&self) -> bool {
        self.nodes.borrow().are_numbers
    }

    /// The number of operations on numbers in one evaluation of all nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
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

    /// Records the arrays `wanted` and their operands number by number in another graph, and
    /// returns the elements of each, those of a matrix row by row. `inputs` has a number for
    /// each element of the inputs.
    ///
    /// # Panics
    ///
    /// If `inputs` has fewer numbers than the inputs have elements.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_engine::Program;
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    ///
    /// let arrays = Graph::new(Precision::F64, Subnormals::Keep);
    /// let x = arrays.input([2]);
    /// let f = (x * x).sum(None);
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let inputs = [graph.input([]), graph.input([])];
    /// let elements = arrays.unroll(&graph, &inputs, &[f, x.slice(0, 1, -1, 2)]);
    /// assert_eq!(elements[1][0].to_string(), inputs[1].to_string());
    /// let program = Program::new(&graph, &elements.concat());
    /// assert_eq!(program.evaluate(&[1.0, 2.0]), [5.0, 2.0, 1.0]);
    /// ```
    pub fn unroll<'s>(
        &self,
        graph: &'s Graph,
        inputs: &[Array<'s>],
        wanted: &[Array<'_>],
    ) -> Vec<Vec<Array<'s>>> {
        let nodes = self.nodes.borrow();
        let wanted: Vec<usize> = wanted.iter().map(|array| array.node()).collect();
        evaluate(&nodes.list, &graph, inputs, &wanted)
    }

    /// The elements of each of `wanted` as numbers, and the graph that they are in: this one
    /// if it [is of numbers](Graph::is_of_numbers), else `unrolled`, which is empty.
    #[doc(hidden)]
    pub fn each_number<'g>(
        &'g self,
        unrolled: &'g Graph,
        wanted: &[Array<'g>],
    ) -> (&'g Graph, Vec<Vec<Array<'g>>>) {
        if self.is_of_numbers() {
            return (self, wanted.iter().map(|number| vec![*number]).collect());
        }
        let inputs = unrolled.numbers(self.inputs());
        (unrolled, self.unroll(unrolled, &inputs, wanted))
    }

    /// An empty graph with the same precision and the same treatment of subnormal numbers.
    #[must_use]
    #[doc(hidden)]
    pub fn alike(&self) -> Graph {
        Graph::new(self.precision, self.subnormals)
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
    pub fn arrays(&self) -> Vec<Array<'_>> {
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

    /// The nodes in the order of their numbers, with numbers of type `T`.
    ///
    /// # Panics
    ///
    /// If that is not the type of the graph's precision.
    #[doc(hidden)]
    pub fn nodes<T: Real>(&self) -> Vec<ShapedNode<T>> {
        let precision = self.precision.name();
        assert_eq!(T::PRECISION.name(), precision, "the precision of the graph");
        self.nodes
            .borrow()
            .list
            .iter()
            .map(ShapedNode::to)
            .collect()
    }

    /// Writes all that determines the values of `wanted`: the nodes that they need, in their
    /// order, with their shapes, operations and numbers. Equal computations give equal bytes,
    /// whatever else was recorded.
    #[doc(hidden)]
    pub fn describe(&self, wanted: &[Array<'_>], write: &mut dyn FnMut(&[u8])) {
        let list = &self.nodes.borrow().list;
        let is_needed = needed(list, wanted.iter().map(|array| array.node()));
        let mut number = |number: u64| write(&number.to_le_bytes());
        let mut places = vec![0; list.len()];
        let described = (0..list.len()).filter(|index| is_needed[*index]);
        for (place, index) in (0..).zip(described) {
            places[index] = place;
            list[index].describe(&places, &mut number);
        }
        for array in wanted {
            number(places[array.node()]);
        }
    }

    /// Whether the elements of `to` are infinite or NaN whenever those of `from`
    /// in the same places are, whatever the other inputs are. Only short paths of
    /// elementwise operations are searched, so `false` proves nothing.
    #[doc(hidden)]
    pub fn stays_not_finite(&self, from: Array<'_>, to: Array<'_>) -> bool {
        const MAX_STEPS: usize = 64;
        let from = self.negated(from.id).unwrap_or(from);
        let nodes = self.nodes.borrow();
        let shape = &nodes.list[from.node()].shape;
        let mut waiting = vec![to.id];
        for _ in 0..MAX_STEPS {
            let Some(id) = waiting.pop() else {
                return false;
            };
            let ShapedNode { node, shape: own } = &nodes.list[id as usize];
            if own != shape {
                continue;
            }
            if id == from.id {
                return true;
            }
            if let Node::Each(op, operands) = node {
                // The first operand is visited next.
                let places = (0..op.arity()).rev();
                let places = places.filter(|place| op.stays_not_finite(*place));
                waiting.extend(places.map(|place| operands[place]));
            }
        }
        false
    }

    /// A number as a constant: in the precision of the graph, and 0 if it is a subnormal
    /// number that is flushed.
    fn read(&self, value: f64) -> f64 {
        match self.precision {
            Precision::F32 => self.subnormals.input(<f32 as Real>::from_f64(value)).into(),
            Precision::F64 => self.subnormals.input(value),
        }
    }

    /// The value of an operation on constants.
    fn folded(&self, op: Op, operands: [f64; 3]) -> f64 {
        match self.precision {
            Precision::F32 => {
                let operands = operands.map(<f32 as Real>::from_f64);
                op.value(operands, self.subnormals).into()
            }
            Precision::F64 => op.value(operands, self.subnormals),
        }
    }

    /// The node with this key, a new one if there is none yet.
    fn node(&self, key: Key, node: impl FnOnce() -> ShapedNode<f64>) -> Array<'_> {
        let mut nodes = self.nodes.borrow_mut();
        if let Some(id) = nodes.ids.get(&key) {
            return self.array(*id);
        }
        let id = nodes.push(node(), self.origin.get());
        nodes.ids.insert(key, id);
        self.array(id)
    }

    fn array(&self, id: u32) -> Array<'_> {
        Array { graph: self, id }
    }

    /// The number in every element, if it is the same constant.
    fn constant_at(&self, id: u32) -> Option<f64> {
        match self.nodes.borrow().list[id as usize].node {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// What `id` is the negative of.
    fn negated(&self, id: u32) -> Option<Array<'_>> {
        match self.nodes.borrow().list[id as usize].node {
            Node::Each(Op::Neg, [x, ..]) => Some(self.array(x)),
            _ => None,
        }
    }

    fn shape_at(&self, id: u32) -> Shape {
        self.nodes.borrow().list[id as usize].shape.clone()
    }
}

impl Nodes {
    fn push(&mut self, node: ShapedNode<f64>, origin: Origin) -> u32 {
        let id = u32::try_from(self.list.len()).expect("at most `u32::MAX` nodes");
        self.are_numbers &= node.shape.is_empty()
            && matches!(
                node.node,
                Node::Input(_) | Node::Constant(_) | Node::Each(..)
            );
        self.list.push(node);
        self.origins.push(origin);
        id
    }
}

/// The number of elements of an array, which has at least one.
pub fn elements(shape: &Shape) -> usize {
    shape.elements().expect("arrays fit in memory")
}

/// The number of operations on numbers in a node.
pub fn operations<T>(nodes: &[ShapedNode<T>], node: usize) -> u64 {
    let ShapedNode { node, shape } = &nodes[node];
    let own = elements(shape) as u64;
    let of = |operand: u32| elements(&nodes[operand as usize].shape) as u64;
    match node {
        Node::Each(..) | Node::Apply(Operation::Cumsum { .. }, _) => own,
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

impl fmt::Display for Graph {
    /// One node per line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ShapedNode { node, shape }) in self.nodes.borrow().list.iter().enumerate() {
            write!(formatter, "n{index} = ")?;
            match node {
                Node::Input(first) => write!(formatter, "input {first}")?,
                Node::Constant(value) if self.precision == Precision::F32 => {
                    write!(formatter, "constant {}", <f32 as Real>::from_f64(*value))?;
                }
                Node::Constant(value) => write!(formatter, "constant {value}")?,
                Node::Data(_) => write!(formatter, "data")?,
                Node::Each(Op::Powi(n), _) => write!(formatter, "{}[{n}]", Op::Powi(*n).name())?,
                Node::Each(op, _) => write!(formatter, "{}", op.name())?,
                Node::Apply(Operation::Slice(stretches), _) => {
                    write!(formatter, "slice{}", Bounds(stretches))?;
                }
                Node::Apply(operation, _) => write!(formatter, "{}", operation.name())?,
                Node::Pieces(places, operands) => {
                    write!(formatter, "pieces")?;
                    for (place, operand) in places.iter().zip(operands) {
                        write!(formatter, " n{operand}{}", Bounds(place))?;
                    }
                    writeln!(formatter, " {shape}")?;
                    continue;
                }
            }
            for operand in node.operands() {
                write!(formatter, " n{operand}")?;
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

impl fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = self.precision.name();
        write!(
            formatter,
            "Graph ({precision}, {:?})\n{self}",
            self.subnormals
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> Graph {
        Graph::new(Precision::F64, Subnormals::Keep)
    }

    /// The expression as it was recorded, in one line.
    fn shown(build: impl for<'g> Fn(Array<'g>, Array<'g>) -> Array<'g>) -> String {
        let graph = graph();
        let (a, b) = (graph.input([]), graph.input([]));
        show(&graph, build(a, b))
    }

    fn show(graph: &Graph, array: Array<'_>) -> String {
        let nodes = graph.nodes::<f64>();
        match &nodes[array.node()].node {
            Node::Input(number) => ["a", "b"][*number].to_owned(),
            Node::Constant(value) => value.to_string(),
            Node::Each(op, _) => {
                let operands = nodes[array.node()].node.operands().iter();
                let shown = operands.map(|id| show(graph, graph.array(*id)));
                let shown: Vec<String> = shown.collect();
                match op {
                    Op::Powi(n) => format!("powi{n}({})", shown.join(", ")),
                    _ => format!("{}({})", op.name(), shown.join(", ")),
                }
            }
            node => panic!("not a number: {node:?}"),
        }
    }

    #[test]
    fn only_the_listed_rewrites_are_made() {
        let check = |build: for<'g> fn(Array<'g>, Array<'g>) -> Array<'g>, expected| {
            assert_eq!(shown(build), expected);
        };
        check(
            |a, _| a.graph().constant(2.0) * a.graph().constant(3.0),
            "6",
        );
        check(|a, _| a * a.graph().constant(1.0), "a");
        check(|a, _| a.graph().constant(1.0) * a, "a");
        check(|a, _| a / a.graph().constant(1.0), "a");
        check(|a, _| a * a.graph().constant(-1.0), "neg(a)");
        check(|a, _| -(-a), "a");
        check(|a, b| (-(a * b)).abs(), "abs(mul(a, b))");
        check(|a, b| a + (-b), "sub(a, b)");
        check(|a, b| (-a) + b, "sub(b, a)");
        check(|a, b| a - (-b), "add(a, b)");
        check(|a, b| (-a) * b, "neg(mul(a, b))");
        check(|a, b| a * (-b), "neg(mul(a, b))");
        check(|a, b| b * a, "mul(a, b)");
        check(|a, _| a.pow(a.graph().constant(2.0)), "powi2(a)");
        check(|a, _| a.pow(a.graph().constant(0.0)), "1");
        check(|a, _| a.pow(a.graph().constant(1.0)), "a");
        // Not exact, hence not made.
        check(|a, b| (-a) - b, "sub(neg(a), b)");
        check(|a, _| a + a.graph().constant(0.0), "add(a, 0)");
        check(|a, _| a * a.graph().constant(0.0), "mul(a, 0)");
        check(|a, _| a - a, "sub(a, a)");
        check(|a, _| a.pow(a.graph().constant(0.5)), "pow(a, 0.5)");
        check(|a, _| a.pow(a.graph().constant(65.0)), "pow(a, 65)");
        check(|a, b| b - a, "sub(b, a)");
    }

    #[test]
    fn constants_are_folded_in_the_precision_of_the_graph() {
        let graph = Graph::new(Precision::F32, Subnormals::Flush);
        let tenth = graph.constant(0.1);
        assert_eq!(tenth.value(), Some(f64::from(0.1_f32)));
        let sum = tenth + graph.constant(0.2);
        assert_eq!(sum.value(), Some(f64::from(0.1_f32 + 0.2_f32)));
        assert_eq!(graph.constant(1e-40).value(), Some(0.0), "it is subnormal");
        let small = graph.constant(1e-30);
        assert_eq!((small * small).value(), Some(0.0));
    }

    #[test]
    fn the_gradient_of_a_square_is_twice_the_variable() {
        let graph = graph();
        let a = graph.input([]);
        let square = a.pow(graph.constant(2.0));
        let gradient = graph.gradient(square, &[a])[0];
        assert_eq!(show(&graph, gradient), "mul(a, 2)");
        let second = graph.gradient(gradient, &[a])[0];
        assert_eq!(second.value(), Some(2.0));
    }

    #[test]
    fn a_variable_that_does_not_count_has_the_gradient_zero() {
        let graph = graph();
        let (a, b) = (graph.input([]), graph.input([]));
        let later = a * b;
        let gradient = graph.gradient(a.unary(Op::Floor), &[a, b, later]);
        assert!(gradient.iter().all(|g| g.value() == Some(0.0)));
        assert_eq!(graph.gradient(a, &[a])[0].value(), Some(1.0));
    }

    #[test]
    fn both_zeros_are_constants_of_their_own() {
        let graph = graph();
        assert_ne!(graph.constant(0.0).node(), graph.constant(-0.0).node());
    }

    #[test]
    fn what_is_not_finite_stays_so_element_by_element() {
        let graph = graph();
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
