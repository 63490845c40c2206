//! The traced graph: a computation as nodes in the order of creation.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::adjoint::Adjoint;
use super::{Number, Op, Real, Subnormals};

mod squares;

pub use squares::Square;

/// The number of a node in its graph.
///
/// Operands come before the operations that use them: the number of a node is
/// larger than those of its operands. An ascending loop over the numbers
/// evaluates, a descending one differentiates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The number as an index into a list of nodes.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One node of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node<T> {
    /// The number of an input, counted from 0 in the order of creation.
    Input(u32),
    /// A constant.
    Constant(T),
    /// An operation; only the first [`Op::arity`] operands count.
    Apply(Op, [NodeId; 3]),
}

/// What two nodes must share to be the same node. Constants by their bits, so
/// that 0 and −0 stay different.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Input(u32),
    Constant(u64),
    Apply(Op, [NodeId; 3]),
}

/// A computation recorded as a directed acyclic graph in which equal nodes exist
/// once.
///
/// # Simplifications
///
/// While nodes are added, only these rewrites are made. Each holds for every value
/// of the operands (except for the payload of a NaN), so they are part of the
/// definition of a result's bits:
///
/// - operations on constants are folded, in the precision `T`;
/// - x·1 = x, x/1 = x, x·(−1) = −x, −(−x) = x, |−x| = |x|, hypot(−x, y) = hypot(x, y);
/// - a + (−b) = a − b, a − (−b) = a + b, (−a)·b = −(a·b), (−a) − b = −(a + b);
/// - the operands of a sum or product are ordered by their number;
/// - xⁿ with a constant integer n, |n| ≤ 64, is [`Op::Powi`]; x⁰ = 1, x¹ = x;
/// - a selection with a constant condition is replaced by the selected operand.
///
/// One of them defines a result: (−a) − b and −(a + b) differ in the sign of an
/// exact zero. It is not made for nodes that an
/// [`ArrayGraph`](super::ArrayGraph) unrolls, where the arrays define the bits.
///
/// # Examples
///
/// ```
/// use gradtape_tape::{Graph, Subnormals};
///
/// let graph = Graph::<f64>::new(Subnormals::Keep);
/// let (x, y) = (graph.input(), graph.input());
/// let f = x * x + y;
/// assert_eq!(graph.to_string(), "\
/// n0 = input 0
/// n1 = input 1
/// n2 = mul n0 n0
/// n3 = add n1 n2
/// ");
/// assert_eq!((y + x * x).id(), f.id(), "equal nodes exist once");
/// ```
///
/// A [`Var`] is tied to its graph. It cannot be compared, since it has no value
/// yet:
///
/// ```compile_fail
/// use gradtape_tape::{Graph, Subnormals};
/// let graph = Graph::<f64>::new(Subnormals::Keep);
/// let x = graph.input();
/// let same = x == x;
/// ```
///
/// and it cannot outlive the graph:
///
/// ```compile_fail
/// use gradtape_tape::{Graph, Subnormals};
/// let x = {
///     let graph = Graph::<f64>::new(Subnormals::Keep);
///     graph.input()
/// };
/// x.id();
/// ```
pub struct Graph<T> {
    subnormals: Subnormals,
    nodes: RefCell<Nodes<T>>,
    /// Whether only rewrites that hold for every value are made.
    is_exact: Cell<bool>,
}

struct Nodes<T> {
    list: Vec<Node<T>>,
    ids: HashMap<Key, NodeId>,
    inputs: u32,
}

/// A number in a [`Graph`]: a handle to a node, with the usual operators.
///
/// Both operands of an operator must come from the same graph.
pub struct Var<'g, T> {
    graph: &'g Graph<T>,
    id: NodeId,
}

/// Powers with integer exponents up to this are products; above it, the error of all
/// roundings would exceed that of [`Op::Pow`].
const GREATEST_WHOLE_EXPONENT: f64 = 64.0;

impl<T: Real> Graph<T> {
    /// An empty graph. Constants are folded with subnormal numbers treated as
    /// `subnormals` says; programs made from the graph compute in the same way.
    #[must_use]
    pub fn new(subnormals: Subnormals) -> Self {
        let nodes = Nodes {
            list: Vec::new(),
            ids: HashMap::new(),
            inputs: 0,
        };
        Graph {
            subnormals,
            nodes: RefCell::new(nodes),
            is_exact: Cell::new(false),
        }
    }

    /// Records what `record` does without the one rewrite that defines the sign
    /// of a zero.
    #[doc(hidden)]
    pub fn exactly<R>(&self, record: impl FnOnce() -> R) -> R {
        let before = self.is_exact.replace(true);
        let result = record();
        self.is_exact.set(before);
        result
    }

    /// A new input.
    pub fn input(&self) -> Var<'_, T> {
        let number = self.nodes.borrow().inputs;
        self.nodes.borrow_mut().inputs += 1;
        self.node(Key::Input(number), Node::Input(number))
    }

    /// A constant.
    pub fn constant(&self, value: T) -> Var<'_, T> {
        let value = self.subnormals.input(value);
        self.node(Key::Constant(value.bits()), Node::Constant(value))
    }

    /// How subnormal numbers are treated.
    #[must_use]
    pub fn subnormals(&self) -> Subnormals {
        self.subnormals
    }

    /// The number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.nodes.borrow().inputs as usize
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

    /// The nodes in the order of their numbers.
    #[must_use]
    #[doc(hidden)]
    pub fn nodes(&self) -> Vec<Node<T>> {
        self.nodes.borrow().list.clone()
    }

    /// The derivatives of `target` with respect to each of `variables`, as
    /// nodes of this graph: a constant 0 where `target` does not depend on the
    /// variable, or only through operations without a derivative. A branch that a
    /// selection does not take contributes nothing, at every order.
    ///
    /// This is reverse mode: one pass from the target down, whose cost is a small
    /// multiple of that of the target for any number of variables.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Subnormals};
    /// use gradtape_engine::Program;
    ///
    /// let graph = Graph::<f64>::new(Subnormals::Keep);
    /// let (x, y) = (graph.input(), graph.input());
    /// let gradient = graph.gradient(x * y + x.sin(), &[x, y]);
    /// let program = Program::new(&graph, &gradient);
    /// assert_eq!(program.evaluate(&[0.0, 5.0]), [6.0, 0.0]);
    /// ```
    pub fn gradient<'g>(&'g self, target: Var<'g, T>, variables: &[Var<'g, T>]) -> Vec<Var<'g, T>> {
        let depends = self.dependents(variables, target.id);
        let mut adjoints: Vec<Option<Adjoint<Var<'g, T>>>> = vec![None; target.id.index() + 1];
        adjoints[target.id.index()] = Some(Adjoint::everywhere(self.constant(T::ONE)));
        for index in (0..=target.id.index()).rev() {
            let Some(incoming) = adjoints[index].clone().filter(|_| depends[index]) else {
                continue;
            };
            let Node::Apply(op, operand_ids) = self.nodes.borrow().list[index] else {
                continue;
            };
            let result = self.var(index);
            let operands = operand_ids.map(|id| Var { graph: self, id });
            let operands = [&operands[0], &operands[1], &operands[2]];
            for (number, operand) in operands[..op.arity()].iter().enumerate() {
                if !depends[operand.id.index()] {
                    continue;
                }
                let operands = &operands[..op.arity()];
                let partial = op.partial(number, operands, &result, &incoming.value);
                if let Some(contribution) = incoming.passed(partial) {
                    let sum = &mut adjoints[operand.id.index()];
                    *sum = Some(match sum.take() {
                        Some(sum) => sum.plus(contribution),
                        None => contribution,
                    });
                }
            }
        }
        variables
            .iter()
            .map(|variable| {
                let adjoint = adjoints.get(variable.id.index()).cloned().flatten();
                adjoint.map_or_else(|| self.constant(T::ZERO), Adjoint::whole)
            })
            .collect()
    }

    /// For each node up to `last` whether it depends on one of `variables`.
    fn dependents(&self, variables: &[Var<'_, T>], last: NodeId) -> Vec<bool> {
        let nodes = self.nodes.borrow();
        let mut depends = vec![false; last.index() + 1];
        for variable in variables {
            if let Some(entry) = depends.get_mut(variable.id.index()) {
                *entry = true;
            }
        }
        for (index, node) in nodes.list[..=last.index()].iter().enumerate() {
            if let Node::Apply(op, operands) = node {
                let used = &operands[..op.arity()];
                depends[index] |= used.iter().any(|id| depends[id.index()]);
            }
        }
        depends
    }

    /// Whether `to` is infinite or NaN whenever `from` is, whatever the other
    /// inputs are. Only short paths are searched, so `false` proves nothing.
    /// A negative is replaced by its operand.
    #[doc(hidden)]
    pub fn stays_not_finite(&self, from: Var<'_, T>, to: Var<'_, T>) -> bool {
        const MOST_STEPS: usize = 64;
        let from = self.negated(from.id).unwrap_or(from);
        let nodes = self.nodes.borrow();
        let mut waiting = vec![to.id];
        for _ in 0..MOST_STEPS {
            let Some(id) = waiting.pop() else {
                return false;
            };
            if id == from.id {
                return true;
            }
            if let Node::Apply(op, operands) = nodes.list[id.index()] {
                // The first operand is visited next.
                let places = (0..op.arity()).rev();
                let places = places.filter(|place| op.stays_not_finite(*place));
                waiting.extend(places.map(|place| operands[place]));
            }
        }
        false
    }

    fn var(&self, index: usize) -> Var<'_, T> {
        let id = NodeId(u32::try_from(index).expect("a node of this graph has a 32-bit number"));
        Var { graph: self, id }
    }

    /// The node with this key, a new one if there is none yet.
    fn node(&self, key: Key, node: Node<T>) -> Var<'_, T> {
        let mut nodes = self.nodes.borrow_mut();
        if let Some(&id) = nodes.ids.get(&key) {
            return Var { graph: self, id };
        }
        let id = NodeId(u32::try_from(nodes.list.len()).expect("at most `u32::MAX` nodes"));
        nodes.list.push(node);
        nodes.ids.insert(key, id);
        Var { graph: self, id }
    }

    fn constant_at(&self, id: NodeId) -> Option<T> {
        match self.nodes.borrow().list[id.index()] {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// What `id` is the negative of.
    fn negated(&self, id: NodeId) -> Option<Var<'_, T>> {
        match self.nodes.borrow().list[id.index()] {
            Node::Apply(Op::Neg, [x, ..]) => Some(Var { graph: self, id: x }),
            _ => None,
        }
    }

    fn apply(&self, op: Op, operands: &[Var<'_, T>]) -> Var<'_, T> {
        // Unused places repeat the first operand, so that equal nodes have
        // equal keys.
        let mut ids = [operands[0].id; 3];
        for (place, operand) in ids.iter_mut().zip(operands) {
            *place = operand.id;
        }
        let constants = ids.map(|id| self.constant_at(id));
        if let [Some(x), Some(y), Some(z)] = constants {
            return self.constant(op.value([x, y, z], self.subnormals));
        }
        self.simplified(op, ids, constants).unwrap_or_else(|| {
            if matches!(op, Op::Add | Op::Mul) && ids[1] < ids[0] {
                ids = [ids[1], ids[0], ids[1]];
            }
            self.node(Key::Apply(op, ids), Node::Apply(op, ids))
        })
    }

    /// The rewrites that [`Graph`] lists, or `None` where none applies.
    fn simplified(
        &self,
        op: Op,
        ids: [NodeId; 3],
        constants: [Option<T>; 3],
    ) -> Option<Var<'_, T>> {
        let [x, y, z] = ids.map(|id| Var { graph: self, id });
        let is = |constant: Option<T>, value: T| constant == Some(value);
        let (minus_x, minus_y) = (self.negated(x.id), self.negated(y.id));
        match op {
            Op::Mul if is(constants[0], T::ONE) => Some(y),
            Op::Mul | Op::Div if is(constants[1], T::ONE) => Some(x),
            Op::Mul if is(constants[0], -T::ONE) => Some(-y),
            Op::Mul if is(constants[1], -T::ONE) => Some(-x),
            Op::Powi(0) => Some(self.constant(T::ONE)),
            Op::Powi(1) => Some(x),
            Op::Pow => Some(x.powi(whole_exponent(constants[1]?)?)),
            Op::Where if is(constants[0], T::ZERO) => Some(z),
            Op::Where if constants[0].is_some() => Some(y),
            _ => without_negatives(op, [x, y], [minus_x, minus_y], !self.is_exact.get()),
        }
    }
}

/// The rewrites of operands x and y that are negatives, of numbers and of arrays: `negated`
/// has what each is the negative of. The rewrite that defines the sign of a zero is made
/// only if `may_define` is true.
pub(super) fn without_negatives<N: Number>(
    op: Op,
    [x, y]: [N; 2],
    negated: [Option<N>; 2],
    may_define: bool,
) -> Option<N> {
    match (op, negated) {
        (Op::Neg, [minus_x, _]) => minus_x,
        (Op::Abs, [Some(minus_x), _]) => Some(N::apply(Op::Abs, &[&minus_x])),
        (Op::Magnitude | Op::Hypot, [Some(minus_x), _]) => Some(N::apply(op, &[&minus_x, &y])),
        (Op::Mul, [Some(minus_x), _]) => Some(-(minus_x * y)),
        (Op::Mul, [None, Some(minus_y)]) => Some(-(x * minus_y)),
        (Op::Add, [_, Some(minus_y)]) => Some(x - minus_y),
        (Op::Add, [Some(minus_x), None]) => Some(y - minus_x),
        (Op::Sub, [_, Some(minus_y)]) => Some(x + minus_y),
        (Op::Sub, [Some(minus_x), None]) if may_define => Some(-(minus_x + y)),
        _ => None,
    }
}

/// The exponent, if a power with it is a product.
#[expect(
    clippy::cast_possible_truncation,
    reason = "an integer within the limit fits an i32"
)]
pub(super) fn whole_exponent<T: Real>(exponent: T) -> Option<i32> {
    let exponent = exponent.to_f64();
    let whole = exponent.floor() == exponent && exponent.abs() <= GREATEST_WHOLE_EXPONENT;
    whole.then_some(exponent as i32)
}

impl<T: Real> fmt::Display for Graph<T> {
    /// One node per line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, node) in self.nodes.borrow().list.iter().enumerate() {
            write!(formatter, "n{index} = ")?;
            match node {
                Node::Input(number) => writeln!(formatter, "input {number}")?,
                Node::Constant(value) => writeln!(formatter, "constant {value}")?,
                Node::Apply(op, operands) => {
                    write!(formatter, "{}", op.name())?;
                    if let Op::Powi(n) = op {
                        write!(formatter, "[{n}]")?;
                    }
                    for operand in &operands[..op.arity()] {
                        write!(formatter, " n{}", operand.0)?;
                    }
                    writeln!(formatter)?;
                }
            }
        }
        Ok(())
    }
}

impl<T: Real> fmt::Debug for Graph<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Graph ({:?})\n{self}", self.subnormals)
    }
}

impl<T> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Var<'_, T> {}

impl<T> fmt::Debug for Var<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "n{}", self.id.0)
    }
}

impl<'g, T: Real> Var<'g, T> {
    /// The number of the node.
    #[must_use]
    #[doc(hidden)]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The graph that it belongs to.
    #[must_use]
    pub fn graph(self) -> &'g Graph<T> {
        self.graph
    }

    /// Its value, if it is a constant.
    #[must_use]
    pub fn value(self) -> Option<T> {
        self.graph.constant_at(self.id)
    }

    /// The result of an operation of one operand.
    #[must_use]
    pub fn unary(self, op: Op) -> Self {
        debug_assert_eq!(op.arity(), 1, "{}", op.name());
        self.graph.apply(op, &[self])
    }

    /// The result of an operation of two operands.
    #[must_use]
    pub fn binary(self, op: Op, other: Self) -> Self {
        debug_assert_eq!(op.arity(), 2, "{}", op.name());
        self.graph.apply(op, &[self, other])
    }

    /// `x` where this is not 0, else `y`.
    #[must_use]
    pub fn select(self, x: Self, y: Self) -> Self {
        self.graph.apply(Op::Where, &[self, x, y])
    }

    /// xⁿ for an integer n, as a product; see [`Op::Powi`].
    #[must_use]
    pub fn powi(self, n: i32) -> Self {
        self.unary(Op::Powi(n))
    }

    /// xʸ.
    #[must_use]
    pub fn pow(self, y: Self) -> Self {
        self.binary(Op::Pow, y)
    }

    /// sin x.
    #[must_use]
    pub fn sin(self) -> Self {
        self.unary(Op::Sin)
    }

    /// |x|.
    #[must_use]
    pub fn abs(self) -> Self {
        self.unary(Op::Abs)
    }

    /// √(x² + y²).
    #[must_use]
    pub fn hypot(self, y: Self) -> Self {
        self.binary(Op::Hypot, y)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<'g, T: Real> $trait for Var<'g, T> {
            type Output = Var<'g, T>;
            fn $method(self, other: Self) -> Self {
                self.binary(Op::$trait, other)
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<'g, T: Real> Neg for Var<'g, T> {
    type Output = Var<'g, T>;
    fn neg(self) -> Self {
        self.unary(Op::Neg)
    }
}

impl<T: Real> Number for Var<'_, T> {
    fn constant(&self, value: f64) -> Self {
        self.graph.constant(T::from_f64(value))
    }

    fn apply(op: Op, operands: &[&Self]) -> Self {
        let graph = operands[0].graph;
        let [x, y, z] = [0, 1, 2].map(|place| **operands.get(place).unwrap_or(&operands[0]));
        graph.apply(op, &[x, y, z][..op.arity()])
    }

    fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expression as it was recorded, in one line.
    fn shown(build: impl for<'g> Fn(Var<'g, f64>, Var<'g, f64>) -> Var<'g, f64>) -> String {
        let graph = Graph::new(Subnormals::Keep);
        let (a, b) = (graph.input(), graph.input());
        show(&graph, build(a, b).id())
    }

    fn show(graph: &Graph<f64>, id: NodeId) -> String {
        match graph.nodes()[id.index()] {
            Node::Input(number) => ["a", "b"][number as usize].to_owned(),
            Node::Constant(value) => value.to_string(),
            Node::Apply(op, operands) => {
                let operands = &operands[..op.arity()];
                let shown: Vec<String> = operands.iter().map(|id| show(graph, *id)).collect();
                match op {
                    Op::Powi(n) => format!("powi{n}({})", shown.join(", ")),
                    _ => format!("{}({})", op.name(), shown.join(", ")),
                }
            }
        }
    }

    #[test]
    fn only_the_listed_rewrites_are_made() {
        let check = |build: for<'g> fn(Var<'g, f64>, Var<'g, f64>) -> Var<'g, f64>, expected| {
            assert_eq!(shown(build), expected);
        };
        check(|a, _| a.constant(2.0) * a.constant(3.0), "6");
        check(|a, _| a * a.constant(1.0), "a");
        check(|a, _| a.constant(1.0) * a, "a");
        check(|a, _| a / a.constant(1.0), "a");
        check(|a, _| a * a.constant(-1.0), "neg(a)");
        check(|a, _| -(-a), "a");
        check(|a, b| (-(a * b)).abs(), "abs(mul(a, b))");
        check(|a, b| a + (-b), "sub(a, b)");
        check(|a, b| (-a) + b, "sub(b, a)");
        check(|a, b| a - (-b), "add(a, b)");
        check(|a, b| (-a) * b, "neg(mul(a, b))");
        check(|a, b| a * (-b), "neg(mul(a, b))");
        check(|a, b| (-a) - b, "neg(add(a, b))");
        check(|a, b| b * a, "mul(a, b)");
        check(|a, _| a.pow(a.constant(2.0)), "powi2(a)");
        check(|a, _| a.pow(a.constant(0.0)), "1");
        check(|a, _| a.pow(a.constant(1.0)), "a");
        // Not exact, hence not made.
        check(|a, _| a + a.constant(0.0), "add(a, 0)");
        check(|a, _| a * a.constant(0.0), "mul(a, 0)");
        check(|a, _| a - a, "sub(a, a)");
        check(|a, _| a.pow(a.constant(0.5)), "pow(a, 0.5)");
        check(|a, _| a.pow(a.constant(65.0)), "pow(a, 65)");
        check(|a, b| b - a, "sub(b, a)");
    }

    #[test]
    fn the_gradient_of_a_square_is_twice_the_variable() {
        let graph = Graph::<f64>::new(Subnormals::Keep);
        let a = graph.input();
        let square = a.pow(graph.constant(2.0));
        let gradient = graph.gradient(square, &[a])[0];
        assert_eq!(show(&graph, gradient.id()), "mul(a, 2)");
        let second = graph.gradient(gradient, &[a])[0];
        assert_eq!(second.value(), Some(2.0));
    }

    #[test]
    fn a_variable_that_does_not_count_has_the_gradient_zero() {
        let graph = Graph::<f64>::new(Subnormals::Keep);
        let (a, b) = (graph.input(), graph.input());
        let later = a * b;
        let gradient = graph.gradient(a.unary(Op::Floor), &[a, b, later]);
        assert!(gradient.iter().all(|g| g.value() == Some(0.0)));
        assert_eq!(graph.gradient(a, &[a])[0].value(), Some(1.0));
    }

    #[test]
    fn both_zeros_are_constants_of_their_own() {
        let graph = Graph::<f64>::new(Subnormals::Keep);
        assert_ne!(graph.constant(0.0).id(), graph.constant(-0.0).id());
    }
}
