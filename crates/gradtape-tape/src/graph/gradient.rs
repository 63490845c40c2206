//! Derivatives of arrays, recorded in the same graph.

use std::panic::Location;

use super::{Array, Graph, Node, Operands, Origin, ShapedNode, Stretches};
use crate::Op;
use crate::adjoint::Adjoint;
use crate::tensor::operation::Stretch;
use crate::tensor::{Dense, DenseNumber, IncomingAdjoint, Operation, Shape, moved};

/// A part of the derivative with respect to an array.
#[derive(Clone)]
struct Contribution<'g> {
    /// The slice; `None` for the whole array, to whose shape the derivative broadcasts.
    place: Option<Stretches>,
    derivative: IncomingAdjoint<'g, Array<'g>>,
}

/// A derivative that exists everywhere.
fn everywhere<'g>(array: Array<'g>) -> IncomingAdjoint<'g, Array<'g>> {
    Adjoint::everywhere(DenseNumber::new(array, Location::caller()))
}

impl Graph {
    /// The derivatives of the number `target` with respect to each of
    /// `variables`, as nodes of this graph in the shapes of the variables: 0 where
    /// `target` does not depend on the variable, or only through operations
    /// without a derivative.
    ///
    /// # Panics
    ///
    /// If `target` is not a number.
    ///
    /// # Examples
    ///
    /// The derivatives that reach an array through its slices are pieces, which are added
    /// only where they overlap:
    ///
    /// ```
    /// use gradtape_tape::{Graph, Precision, Subnormals};
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let x = graph.input([3]);
    /// let products = x.slice(0, 1, 1, 2) * x.slice(0, 0, 1, 2);
    /// let gradient = graph.gradient(products.sum(None), &[x])[0];
    /// assert_eq!(graph.to_string(), "\
    /// n0 = input 0 [3]
    /// n1 = slice[1:1:2] n0 [2]
    /// n2 = slice[0:1:2] n0 [2]
    /// n3 = mul n1 n2 [2]
    /// n4 = sum n3 []
    /// n5 = constant 1 []
    /// n6 = constant 1 [1]
    /// n7 = pieces n1[0:1:2] [3]
    /// n8 = pieces n2[1:1:2] [3]
    /// n9 = pieces n1[0:1:2] n2[1:1:2] [3]
    /// ");
    /// assert_eq!(gradient.to_string(), "n9");
    /// ```
    pub fn gradient<'g>(&'g self, target: Array<'g>, variables: &[Array<'g>]) -> Vec<Array<'g>> {
        assert!(target.shape().is_empty(), "the derivative of a number");
        let was_derivative = self.is_derivative.replace(true);
        let origin = self.origin.get();
        let gradient = self.derivatives(target, variables);
        self.origin.set(origin);
        self.is_derivative.set(was_derivative);
        gradient
    }

    fn derivatives<'g>(&'g self, target: Array<'g>, variables: &[Array<'g>]) -> Vec<Array<'g>> {
        let depends = self.dependents(variables, target, is_differentiable);
        // The order of the nodes is the order in which a derivative of higher order adds.
        // Parts of an array may be pieces, which are put together once all are known.
        let adds_at_once = self.is_of_numbers();
        let mut contributions: Vec<Vec<Contribution<'g>>> = vec![Vec::new(); depends.len()];
        contributions[target.node()].push(Contribution {
            place: None,
            derivative: everywhere(self.constant(1.0)),
        });
        let mut adjoints: Vec<Option<IncomingAdjoint<'g, Array<'g>>>> = vec![None; depends.len()];
        for index in (0..depends.len()).rev().filter(|index| depends[*index]) {
            let parts = std::mem::take(&mut contributions[index]);
            self.origin.set(Origin {
                derivative_of: Some(number(index)),
                ..self.nodes.borrow().origins[index]
            });
            let result = self.array(number(index));
            let Some(incoming) = self.together(parts, &result.shape()) else {
                continue;
            };
            let incoming = &*adjoints[index].insert(incoming);
            let node = self.nodes.borrow().list[index].node.clone();
            let operands: Vec<_> = node.operands().iter().map(|id| self.array(*id)).collect();
            for (place, operand) in operands.iter().enumerate() {
                if !depends[operand.node()] {
                    continue;
                }
                let Some(derivative) = passed(&node, place, &operands, result, incoming) else {
                    continue;
                };
                let parts = &mut contributions[operand.node()];
                match parts.pop() {
                    Some(sum) if adds_at_once => parts.push(Contribution {
                        place: None,
                        derivative: sum.derivative.plus(derivative),
                    }),
                    last => {
                        parts.extend(last);
                        self.add(parts, derivative, &Array::shape(*operand));
                    }
                }
            }
        }
        let whole = variables.iter().map(|variable| {
            let adjoint = adjoints.get(variable.node()).cloned().flatten();
            match adjoint.map(|adjoint| adjoint.whole().into_dense()) {
                Some(adjoint) => adjoint.broadcast_to(Array::shape(*variable)),
                None => self.repeated(0.0, Array::shape(*variable)),
            }
        });
        whole.collect()
    }

    /// Adds a part of the derivative of an array of this shape; pieces stay pieces, unless
    /// they are still to be broadcast or do not exist everywhere.
    fn add<'g>(
        &'g self,
        parts: &mut Vec<Contribution<'g>>,
        derivative: IncomingAdjoint<'g, Array<'g>>,
        shape: &Shape,
    ) {
        let shaped = &self.nodes.borrow().list[derivative.value.dense().node()];
        match &shaped.node {
            Node::Pieces(places, operands)
                if shaped.shape == *shape && derivative.is_everywhere() =>
            {
                let pieces = places.iter().zip(operands);
                parts.extend(pieces.map(|(place, operand)| Contribution {
                    place: Some(place.clone()),
                    derivative: everywhere(self.array(*operand)),
                }));
            }
            _ => parts.push(Contribution {
                place: None,
                derivative,
            }),
        }
    }

    /// The sum of parts, from the left.
    fn together<'g>(
        &'g self,
        parts: Vec<Contribution<'g>>,
        shape: &Shape,
    ) -> Option<IncomingAdjoint<'g, Array<'g>>> {
        if parts.iter().all(|part| part.place.is_none()) {
            let whole = parts.into_iter().map(|part| part.derivative);
            return whole.reduce(Adjoint::plus);
        }
        let all = |length: &usize| Stretch {
            start: 0,
            step: 1,
            count: *length,
        };
        let is_everywhere = parts.iter().all(|part| part.derivative.is_everywhere());
        let mut places = Vec::with_capacity(parts.len());
        let mut arrays = Vec::with_capacity(parts.len());
        let mut existences = Operands::new();
        for Contribution { place, derivative } in parts {
            let fitting = |array: Array<'g>| match place {
                Some(_) => array,
                None => array.broadcast_to(shape),
            };
            let existence = derivative.existence();
            let array = fitting(derivative.whole().into_dense());
            if !is_everywhere {
                let one = || self.repeated(1.0, Array::shape(array));
                let existence = existence.map(|it| fitting(it.into_dense()));
                let existence = existence.unwrap_or_else(one);
                existences.push(existence.broadcast_to(Array::shape(array)).id);
            }
            arrays.push(array);
            places.push(place.unwrap_or_else(|| shape.iter().map(all).collect()));
        }
        let exists = (!is_everywhere).then(|| {
            let count = self.pieces(places.clone(), existences, shape.clone());
            Array::apply(Op::Less, &[self.constant(0.0), count])
        });
        let negated: Option<Operands> = arrays
            .iter()
            .map(|array| self.negated(array.id).map(|array| array.id))
            .collect();
        let sum = match negated {
            Some(operands) => -self.pieces(places, operands, shape.clone()),
            None => {
                let operands = arrays.iter().map(|array| array.id).collect();
                self.pieces(places, operands, shape.clone())
            }
        };
        let sum = everywhere(sum);
        Some(match exists {
            Some(exists) => sum.within(DenseNumber::new(exists, Location::caller()), true),
            None => sum,
        })
    }

    /// For each node up to `last` whether it depends on one of `variables` through operands
    /// in places that `passes` allows.
    pub(super) fn dependents(
        &self,
        variables: &[Array<'_>],
        last: Array<'_>,
        passes: impl Fn(&Node<f64>, usize) -> bool,
    ) -> Vec<bool> {
        let nodes = self.nodes.borrow();
        let mut depends = vec![false; last.node() + 1];
        for variable in variables {
            if let Some(entry) = depends.get_mut(variable.node()) {
                *entry = true;
            }
        }
        for (index, ShapedNode { node, .. }) in nodes.list[..=last.node()].iter().enumerate() {
            let mut operands = node.operands().iter().enumerate();
            depends[index] |=
                operands.any(|(place, id)| depends[*id as usize] && passes(node, place));
        }
        depends
    }
}

/// Whether a derivative passes to operand number `place` of a node.
fn is_differentiable(node: &Node<f64>, place: usize) -> bool {
    match node {
        Node::Each(op, _) => op.is_differentiable(place),
        Node::Apply(operation, _) => operation.is_differentiable(place),
        _ => true,
    }
}

/// The derivative that passes to one operand of a node.
fn passed<'g>(
    node: &Node<f64>,
    place: usize,
    operands: &[Array<'g>],
    result: Array<'g>,
    incoming: &IncomingAdjoint<'g, Array<'g>>,
) -> Option<IncomingAdjoint<'g, Array<'g>>> {
    let at = Location::caller();
    let derivative = match node {
        Node::Each(op, _) => {
            let operation = Operation::Elementwise(*op);
            operation.backward_to(place, operands, &result, incoming, at)
        }
        Node::Apply(operation, _) => operation.backward_to(place, operands, &result, incoming, at),
        Node::Pieces(places, _) => {
            let slice = |whole: &Array<'g>| {
                let whole = whole.broadcast_to(result.shape());
                let slice = Operation::Slice(places[place].clone());
                Array::perform(slice, &[&whole], at).map(Some)
            };
            moved(incoming, slice, at)
        }
        _ => return None,
    };
    derivative.expect("arrays record every operation")
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a node of this graph has a 32-bit number")
}
