//! Expressions as people write them: sums of terms, products of powers.
//!
//! Equal expressions exist once. Simplifications are exact for real numbers, but not
//! for rounded ones: terms and factors are collected, so a value can differ in its
//! last digits.

use std::collections::HashMap;

use crate::language::Operator;
use crate::objective::formula::{Pick, shortest};
use gradtape_tape::{Op, Shape};

/// The number of an expression. Parts come before what they are part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(u32);

impl Id {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A number as part of a key: by its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bits(u64);

impl Bits {
    fn new(value: f64) -> Self {
        // 0 and -0 read alike.
        Bits((value + 0.0).to_bits())
    }

    pub(super) fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Expression {
    Number(Bits),
    /// An input, by its number among the names.
    Input(usize),
    /// Multiples of expressions, and a number.
    Sum(Vec<(Id, Bits)>, Bits),
    /// A number, over another one, times powers.
    Product {
        times: Bits,
        over: Bits,
        powers: Vec<(Id, Bits)>,
    },
    Op(Op, Vec<Id>),
    /// A comparison, or two combined.
    Condition(Operator, Id, Id),
    Not(Id),
    /// A function of the language that is not an operation of the table.
    Call(&'static str, Vec<Id>, Option<usize>),
    MatMul(Id, Id),
    List(Vec<Id>),
    Slice(Id, Vec<Pick>),
}

/// All expressions, with what each of them gives.
#[derive(Default)]
pub(super) struct Expressions {
    list: Vec<Expression>,
    shapes: Vec<Shape>,
    ids: HashMap<Expression, Id>,
}

/// Maximum length of a quotient that is written as one number.
const MAX_QUOTIENT_LENGTH: usize = 6;

/// Maximum number of collected terms or factors: a longer sum is one of two sums, which
/// reads the same. Otherwise each of many partial sums would have all terms before it.
const MAX_COLLECTED: usize = 50;

impl Expressions {
    pub(super) fn get(&self, id: Id) -> &Expression {
        &self.list[id.index()]
    }

    pub(super) fn shape(&self, id: Id) -> &Shape {
        &self.shapes[id.index()]
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = Id> + use<> {
        // No graph has more nodes than a u32 counts, nor have expressions.
        (0..self.list.len()).map(|index| Id(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// The expression, a new one if there is none yet.
    pub(super) fn make(&mut self, expression: Expression, shape: Shape) -> Id {
        if let Some(id) = self.ids.get(&expression) {
            return *id;
        }
        let id = Id(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.ids.insert(expression.clone(), id);
        self.list.push(expression);
        self.shapes.push(shape);
        id
    }

    /// The shape of an elementwise result. A vector combines with the rows of a matrix.
    fn together(&self, parts: impl IntoIterator<Item = Id>) -> Shape {
        let parts = parts.into_iter().map(|part| self.shape(part));
        parts.fold(Shape::scalar(), |shape, other| {
            shape.broadcast(other).unwrap_or(shape)
        })
    }

    pub(super) fn number(&mut self, value: f64) -> Id {
        self.make(Expression::Number(Bits::new(value)), Shape::scalar())
    }

    pub(super) fn input(&mut self, number: usize, shape: Shape) -> Id {
        self.make(Expression::Input(number), shape)
    }

    pub(super) fn value(&self, id: Id) -> Option<f64> {
        match self.get(id) {
            Expression::Number(value) => Some(value.value()),
            _ => None,
        }
    }

    pub(super) fn op(&mut self, op: Op, operands: Vec<Id>) -> Id {
        let shape = self.together(operands.iter().copied());
        self.make(Expression::Op(op, operands), shape)
    }

    pub(super) fn condition(&mut self, operator: Operator, x: Id, y: Id) -> Id {
        let shape = self.together([x, y]);
        self.make(Expression::Condition(operator, x, y), shape)
    }

    pub(super) fn not(&mut self, x: Id) -> Id {
        let shape = self.shape(x).clone();
        self.make(Expression::Not(x), shape)
    }

    /// The terms of a sum, each with its factor, and its number.
    fn terms(&mut self, id: Id) -> (Vec<(Id, f64)>, f64) {
        match self.get(id).clone() {
            Expression::Number(value) => (Vec::new(), value.value()),
            Expression::Sum(terms, number) => {
                let terms = terms.iter().map(|(id, times)| (*id, times.value()));
                (terms.collect(), number.value())
            }
            Expression::Product {
                times,
                over,
                powers,
            } => {
                let rest = self.product(1.0, over.value(), &unpacked(&powers));
                match self.get(rest).clone() {
                    // −(a − b) is b − a.
                    Expression::Sum(terms, number) if times.value() == -1.0 => {
                        let terms = terms.iter().map(|(id, times)| (*id, -times.value()));
                        (terms.collect(), -number.value())
                    }
                    _ => (vec![(rest, times.value())], 0.0),
                }
            }
            _ => (vec![(id, 1.0)], 0.0),
        }
    }

    pub(super) fn add(&mut self, x: Id, y: Id) -> Id {
        let (mut terms, mut number) = self.terms(x);
        let (mut others, mut other) = self.terms(y);
        if terms.len() + others.len() > MAX_COLLECTED {
            let (x, y) = (self.multiple(x), self.multiple(y));
            (terms, others) = (vec![x], vec![y]);
            (number, other) = (0.0, 0.0);
        }
        for (id, times) in others {
            match terms.iter_mut().find(|(term, _)| *term == id) {
                Some((_, sum)) => *sum += times,
                None => terms.push((id, times)),
            }
        }
        terms.retain(|(_, times)| *times != 0.0);
        self.sum(&terms, number + other)
    }

    /// An expression and the number that it is multiplied with.
    fn multiple(&mut self, id: Id) -> (Id, f64) {
        match self.get(id).clone() {
            Expression::Product {
                times,
                over,
                powers,
            } => {
                let rest = self.product(1.0, over.value(), &unpacked(&powers));
                (rest, times.value())
            }
            _ => (id, 1.0),
        }
    }

    fn sum(&mut self, terms: &[(Id, f64)], number: f64) -> Id {
        match *terms {
            [] => self.number(number),
            [(id, times)] if number == 0.0 => self.scaled(times, id),
            _ => {
                let shape = self.together(terms.iter().map(|(id, _)| *id));
                let terms = terms.iter().map(|(id, times)| (*id, Bits::new(*times)));
                self.make(Expression::Sum(terms.collect(), Bits::new(number)), shape)
            }
        }
    }

    pub(super) fn scaled(&mut self, times: f64, id: Id) -> Id {
        if times == -1.0 && matches!(self.get(id), Expression::Sum(..)) {
            let (mut terms, number) = self.terms(id);
            terms.iter_mut().for_each(|(_, times)| *times = -*times);
            return self.sum(&terms, -number);
        }
        let (own, over, powers) = self.factors(id);
        self.product(times * own, over, &powers)
    }

    pub(super) fn subtract(&mut self, x: Id, y: Id) -> Id {
        let y = self.scaled(-1.0, y);
        self.add(x, y)
    }

    /// The number, what it is over, and the powers that an expression is the
    /// product of.
    fn factors(&self, id: Id) -> (f64, f64, Vec<(Id, f64)>) {
        match self.get(id) {
            Expression::Number(value) => (value.value(), 1.0, Vec::new()),
            Expression::Product {
                times,
                over,
                powers,
            } => (times.value(), over.value(), unpacked(powers)),
            _ => (1.0, 1.0, vec![(id, 1.0)]),
        }
    }

    pub(super) fn multiply(&mut self, x: Id, y: Id) -> Id {
        let (times, over, powers) = self.factors(x);
        let (times2, over2, powers2) = self.factors(y);
        if powers.len() + powers2.len() > MAX_COLLECTED {
            return self.collected(1.0, 1.0, vec![(x, 1.0)], vec![(y, 1.0)]);
        }
        self.collected(times * times2, over * over2, powers, powers2)
    }

    pub(super) fn divide(&mut self, x: Id, y: Id) -> Id {
        let (times, over, powers) = self.factors(x);
        let (times2, over2, mut powers2) = self.factors(y);
        if powers.len() + powers2.len() > MAX_COLLECTED {
            return self.collected(1.0, 1.0, vec![(x, 1.0)], vec![(y, -1.0)]);
        }
        powers2.iter_mut().for_each(|(_, power)| *power = -*power);
        self.collected(times * over2, over * times2, powers, powers2)
    }

    /// Powers of one base become one, but for one above and one below the line:
    /// x/x is not 1 where x is 0.
    fn collected(
        &mut self,
        times: f64,
        over: f64,
        mut powers: Vec<(Id, f64)>,
        others: Vec<(Id, f64)>,
    ) -> Id {
        for (base, power) in others {
            let is_same = |(other, own): &&mut (Id, f64)| *other == base && *own * power > 0.0;
            match powers.iter_mut().find(is_same) {
                Some((_, sum)) => *sum += power,
                None => powers.push((base, power)),
            }
        }
        self.product(times, over, &powers)
    }

    fn product(&mut self, times: f64, over: f64, powers: &[(Id, f64)]) -> Id {
        let quotient = times / over;
        let is_short = shortest(quotient.abs()).len() <= MAX_QUOTIENT_LENGTH;
        let (times, over) = match is_short {
            true => (quotient, 1.0),
            false if over < 0.0 => (-times, -over),
            false => (times, over),
        };
        if times == 0.0 || powers.is_empty() {
            return self.number(times / over);
        }
        if let ([(id, 1.0)], 1.0, 1.0) = (powers, times, over) {
            return *id;
        }
        let shape = self.together(powers.iter().map(|(id, _)| *id));
        let powers = powers.iter().map(|(id, power)| (*id, Bits::new(*power)));
        let product = Expression::Product {
            times: Bits::new(times),
            over: Bits::new(over),
            powers: powers.collect(),
        };
        self.make(product, shape)
    }

    pub(super) fn power(&mut self, x: Id, power: f64) -> Id {
        let is_whole = |x: f64| x.floor() == x;
        match self.factors(x) {
            (1.0, 1.0, powers) if is_whole(power) => match powers[..] {
                [(base, own)] if is_whole(own) => self.product(1.0, 1.0, &[(base, own * power)]),
                _ => self.product(1.0, 1.0, &[(x, power)]),
            },
            _ => self.product(1.0, 1.0, &[(x, power)]),
        }
    }

    /// The parts of an expression.
    pub(super) fn parts(&self, id: Id) -> Vec<Id> {
        match self.get(id) {
            Expression::Number(_) | Expression::Input(_) => Vec::new(),
            Expression::Sum(parts, _) | Expression::Product { powers: parts, .. } => {
                parts.iter().map(|(id, _)| *id).collect()
            }
            Expression::Op(_, parts) | Expression::Call(_, parts, _) | Expression::List(parts) => {
                parts.clone()
            }
            Expression::Condition(_, x, y) | Expression::MatMul(x, y) => vec![*x, *y],
            Expression::Not(x) | Expression::Slice(x, _) => vec![*x],
        }
    }

    pub(super) fn is_condition(&self, id: Id) -> bool {
        matches!(self.get(id), Expression::Condition(..) | Expression::Not(_))
    }
}

fn unpacked(powers: &[(Id, Bits)]) -> Vec<(Id, f64)> {
    let powers = powers.iter().map(|(id, power)| (*id, power.value()));
    powers.collect()
}
