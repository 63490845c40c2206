//! The squares that a sum consists of.

use super::{Array, Graph, Node};
use crate::Op;

/// A square with a factor.
#[derive(Clone, Copy, Debug)]
pub struct Square<'g> {
    /// The factor of the square; it does not depend on the variables.
    pub factor: Array<'g>,
    /// The number that is squared.
    pub residual: Array<'g>,
}

/// A part of the sum: `factor` · `times`² · `term`.
struct Term<'g> {
    factor: Array<'g>,
    times: Option<Array<'g>>,
    term: Array<'g>,
}

/// A product of a number that does not depend on the variables and powers of what does.
struct Product<'g> {
    factor: Array<'g>,
    /// Each with twice its exponent, so that roots count too.
    powers: Vec<(Array<'g>, i32)>,
}

impl Graph {
    /// The squares whose sum is `target`, except for terms that do not depend on
    /// `variables`; `None` if it was not recorded as a sum of squares.
    ///
    /// Sums, differences and negatives are followed, as are factors and divisors that do
    /// not depend on the variables, and selections whose condition does not. A square is
    /// an even power of a product, with its factors in any order. The square of a root is
    /// its radicand, so the square of a length is the squares of its entries; the same
    /// holds for [`Op::Hypot`].
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_tape::{Graph, Op, Precision, Subnormals};
    ///
    /// let graph = Graph::new(Precision::F64, Subnormals::Keep);
    /// let (x, y) = (graph.input([]), graph.input([]));
    /// let f = (x.powi(4) + y * y * graph.constant(3.0)) / graph.constant(2.0);
    /// let squares = graph.squares(f, &[x, y]).expect("a sum of squares");
    /// assert_eq!(squares[0].residual.node(), x.powi(2).node());
    /// assert_eq!(squares[1].factor.value(), Some(1.5));
    /// assert!(graph.squares(f + x, &[x, y]).is_none());
    ///
    /// let length = (x * x + y * y).unary(Op::Sqrt);
    /// let squares = graph.squares(length * length, &[x, y]).expect("a sum of squares");
    /// assert_eq!(squares.len(), 2);
    /// ```
    #[doc(hidden)]
    pub fn squares<'g>(
        &'g self,
        target: Array<'g>,
        variables: &[Array<'g>],
    ) -> Option<Vec<Square<'g>>> {
        let depends = self.dependents(variables, target, |_, _| true);
        let is_fixed = |array: Array<'g>| !depends[array.node()];
        let mut squares = Vec::new();
        // The next one is the last of the list.
        let mut waiting = vec![Term {
            factor: self.constant(1.0),
            times: None,
            term: target,
        }];
        while let Some(part) = waiting.pop() {
            let Term {
                factor,
                times,
                term,
            } = part;
            if is_fixed(term) {
                // A square times a fixed number; without one a constant of the sum.
                squares.extend(times.map(|residual| Square {
                    factor: factor * term,
                    residual,
                }));
                continue;
            }
            let mut wait = |factor, times, term| {
                waiting.push(Term {
                    factor,
                    times,
                    term,
                });
            };
            let (op, [x, y, z]) = self.operation(term)?;
            match op {
                Op::Add => {
                    wait(factor, times, y);
                    wait(factor, times, x);
                }
                Op::Sub => {
                    wait(-factor, times, y);
                    wait(factor, times, x);
                }
                Op::Neg => wait(-factor, times, x),
                Op::Where if is_fixed(x) => {
                    let zero = self.constant(0.0);
                    wait(x.select(zero, factor), times, z);
                    wait(x.select(factor, zero), times, y);
                }
                _ => {
                    let mut product = self.product(term, &is_fixed)?;
                    let factor = factor * product.factor;
                    if product.powers.iter().all(|(base, _)| base.id == term.id) {
                        return None;
                    }
                    if let Some(times) = times {
                        product.multiply(times, 4);
                    }
                    // A sum of squares itself, as what a root was of.
                    let sum = product.take(|_, twice| twice == 2);
                    let is_hypot =
                        |base: Array<'g>| matches!(self.operation(base), Some((Op::Hypot, _)));
                    let hypot = product.take(|base, twice| twice == 4 && is_hypot(base));
                    let root = self.root(&product.powers)?;
                    match (sum, hypot) {
                        (None, None) => {
                            squares.extend(root.map(|residual| Square { factor, residual }));
                        }
                        (None, Some(hypot)) => {
                            self.hypot_squares(factor, root, hypot, &mut squares);
                        }
                        (Some(sum), hypot) => {
                            let both = [root, hypot].into_iter().flatten();
                            wait(factor, both.reduce(|x, y| x * y), sum);
                        }
                    }
                }
            }
        }
        Some(squares)
    }

    /// The operation that a node is the result of.
    fn operation<'g>(&'g self, array: Array<'g>) -> Option<(Op, [Array<'g>; 3])> {
        match self.nodes.borrow().list[array.node()].node {
            Node::Each(op, operands) => Some((op, operands.map(|id| self.array(id)))),
            _ => None,
        }
    }

    /// Takes a term apart into factors.
    fn product<'g>(
        &'g self,
        term: Array<'g>,
        is_fixed: &impl Fn(Array<'g>) -> bool,
    ) -> Option<Product<'g>> {
        let mut product = Product {
            factor: self.constant(1.0),
            powers: Vec::new(),
        };
        // All of these exponents are whole.
        let mut waiting = vec![(term, 2_i32)];
        while let Some((term, twice)) = waiting.pop() {
            if is_fixed(term) {
                product.factor = product.factor * term.powi(twice / 2);
                continue;
            }
            let Some((op, [x, y, _])) = self.operation(term) else {
                product.multiply(term, twice);
                continue;
            };
            match op {
                // What is squared is a residual as it stands.
                Op::Powi(n) if n % 2 == 0 && self.has_no_root(x, is_fixed) => {
                    product.multiply(x, twice.checked_mul(n)?);
                }
                Op::Mul if x.id == y.id && self.has_no_root(x, is_fixed) => {
                    product.multiply(x, twice.checked_mul(2)?);
                }
                Op::Powi(n) => waiting.push((x, twice.checked_mul(n)?)),
                Op::Mul => waiting.extend([(y, twice), (x, twice)]),
                Op::Div => waiting.extend([(y, -twice), (x, twice)]),
                Op::Neg => {
                    if twice % 4 != 0 {
                        product.factor = -product.factor;
                    }
                    waiting.push((x, twice));
                }
                Op::Sqrt if twice % 4 == 0 => waiting.push((x, twice / 2)),
                Op::Sqrt => product.multiply(x, twice / 2),
                _ => product.multiply(term, twice),
            }
        }
        Some(product)
    }

    /// Whether no factor of a product is a root, whose square is its radicand.
    fn has_no_root<'g>(&'g self, term: Array<'g>, is_fixed: &impl Fn(Array<'g>) -> bool) -> bool {
        let mut waiting = vec![term];
        while let Some(term) = waiting.pop() {
            let operation = self.operation(term).filter(|_| !is_fixed(term));
            match operation {
                Some((Op::Sqrt | Op::Hypot, _)) => return false,
                Some((Op::Mul | Op::Div, [x, y, _])) => waiting.extend([x, y]),
                Some((Op::Neg | Op::Abs | Op::Powi(_), [x, ..])) => waiting.push(x),
                _ => {}
            }
        }
        true
    }

    /// The product whose square these are, `Some(None)` if there are none; `None` if they
    /// are not a square.
    fn root<'g>(&'g self, powers: &[(Array<'g>, i32)]) -> Option<Option<Array<'g>>> {
        let mut root: Option<Array<'g>> = None;
        for (base, twice) in powers {
            if twice % 4 != 0 {
                return None;
            }
            // The sign of a residual does not matter, the kink of a magnitude would.
            let base = match self.operation(*base) {
                Some((Op::Abs, [x, ..])) => x,
                _ => *base,
            };
            let power = base.powi(twice / 4);
            root = Some(root.map_or(power, |root| root * power));
        }
        Some(root)
    }

    /// The squares of a hypotenuse, each times that of `root`.
    fn hypot_squares<'g>(
        &'g self,
        factor: Array<'g>,
        root: Option<Array<'g>>,
        hypot: Array<'g>,
        squares: &mut Vec<Square<'g>>,
    ) {
        let mut waiting = vec![hypot];
        while let Some(side) = waiting.pop() {
            match self.operation(side) {
                Some((Op::Hypot, [x, y, _])) => waiting.extend([y, x]),
                _ => squares.push(Square {
                    factor,
                    residual: root.map_or(side, |root| root * side),
                }),
            }
        }
    }
}

impl<'g> Product<'g> {
    /// Multiplies with a power.
    fn multiply(&mut self, base: Array<'g>, twice: i32) {
        match self
            .powers
            .iter_mut()
            .find(|(known, _)| known.id == base.id)
        {
            Some((_, sum)) => *sum = sum.saturating_add(twice),
            None => self.powers.push((base, twice)),
        }
        self.powers.retain(|(_, twice)| *twice != 0);
    }

    /// Removes the first power that fulfils a condition.
    fn take(&mut self, holds: impl Fn(Array<'g>, i32) -> bool) -> Option<Array<'g>> {
        let mut powers = self.powers.iter();
        let place = powers.position(|(base, twice)| holds(*base, *twice))?;
        Some(self.powers.remove(place).0)
    }
}
