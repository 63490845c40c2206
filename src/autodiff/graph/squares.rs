//! Which squares a sum consists of.

use super::{Graph, Node, Var};
use crate::autodiff::{Op, Real};

/// A square with a factor.
#[derive(Clone, Copy, Debug)]
pub struct Square<'g, T> {
    /// What the square is multiplied with; it does not depend on the variables.
    pub factor: Var<'g, T>,
    /// What is squared.
    pub residual: Var<'g, T>,
}

impl<T: Real> Graph<T> {
    /// The squares that `target` is the sum of, but for what does not depend on
    /// `variables`; `None` if it was not recorded as such a sum. Sums and differences,
    /// negatives, and factors and divisors that do not depend on the variables are
    /// followed; a square is a product with itself or an even power.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape::autodiff::{Graph, Subnormals};
    ///
    /// let graph = Graph::<f64>::new(Subnormals::Keep);
    /// let (x, y) = (graph.input(), graph.input());
    /// let f = (x.powi(4) + y * y * graph.constant(3.0)) / graph.constant(2.0);
    /// let squares = graph.squares(f, &[x, y]).expect("a sum of squares");
    /// assert_eq!(squares[0].residual.id(), x.powi(2).id());
    /// assert_eq!(squares[1].factor.value(), Some(1.5));
    /// assert!(graph.squares(f + x, &[x, y]).is_none());
    /// ```
    pub fn squares<'g>(
        &'g self,
        target: Var<'g, T>,
        variables: &[Var<'g, T>],
    ) -> Option<Vec<Square<'g, T>>> {
        let depends = self.dependents(variables, target.id);
        let is_fixed = |var: Var<'g, T>| !depends[var.id.index()];
        let mut squares = Vec::new();
        // The next one is the last of the list.
        let mut waiting = vec![(self.constant(T::ONE), target)];
        while let Some((factor, term)) = waiting.pop() {
            if is_fixed(term) {
                continue;
            }
            let Node::Apply(op, operands) = self.nodes.borrow().list[term.id.index()] else {
                return None;
            };
            let [x, y, _] = operands.map(|id| Var { graph: self, id });
            match op {
                Op::Add => waiting.extend([(factor, y), (factor, x)]),
                Op::Sub => waiting.extend([(-factor, y), (factor, x)]),
                Op::Neg => waiting.push((-factor, x)),
                Op::Mul if x.id == y.id => squares.push(Square {
                    factor,
                    residual: x,
                }),
                Op::Mul if is_fixed(x) => waiting.push((factor * x, y)),
                Op::Mul if is_fixed(y) => waiting.push((factor * y, x)),
                Op::Div if is_fixed(y) => waiting.push((factor / y, x)),
                Op::Powi(n) if n > 0 && n % 2 == 0 => squares.push(Square {
                    factor,
                    residual: x.powi(n / 2),
                }),
                _ => return None,
            }
        }
        Some(squares)
    }
}
