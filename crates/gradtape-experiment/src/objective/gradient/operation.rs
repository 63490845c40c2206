//! Expressions of the operations of the table.

use super::expression::{Expression, Expressions, Id};
use crate::language::Operator;
use gradtape_tape::Op;

/// An operation of the table as a number, and as a condition if it is one.
pub(super) fn operation(
    all: &mut Expressions,
    op: Op,
    x: &[Id],
    conditions: &[Option<Id>],
) -> (Id, Option<Id>) {
    let condition = match (op, conditions) {
        (Op::Less, _) => Some(compared(all, Operator::Less, x[0], x[1])),
        (Op::LessEqual, _) => Some(compared(all, Operator::LessEqual, x[0], x[1])),
        (Op::Equal, _) => Some(compared(all, Operator::Equal, x[0], x[1])),
        (Op::Mul, [Some(a), Some(b)]) => Some(all.condition(Operator::And, *a, *b)),
        (Op::Max, [Some(a), Some(b)]) => Some(all.condition(Operator::Or, *a, *b)),
        (Op::Sub, [_, Some(a)]) if all.value(x[0]) == Some(1.0) => Some(all.not(*a)),
        // Branches within branches.
        (Op::Where, [Some(a), Some(b), _]) if all.value(x[2]) == Some(0.0) => {
            Some(all.condition(Operator::And, *a, *b))
        }
        (Op::Where, [Some(a), _, Some(b)]) if all.value(x[1]) == Some(1.0) => {
            Some(all.condition(Operator::Or, *a, *b))
        }
        (Op::Where, [Some(a), _, Some(b)]) if all.value(x[1]) == Some(0.0) => {
            let other = all.not(*a);
            Some(all.condition(Operator::And, other, *b))
        }
        (Op::Where, [Some(a), Some(b), _]) if all.value(x[2]) == Some(1.0) => {
            let other = all.not(*a);
            Some(all.condition(Operator::Or, other, *b))
        }
        _ => None,
    };
    let number = match op {
        Op::Add => all.add(x[0], x[1]),
        Op::Sub => all.subtract(x[0], x[1]),
        Op::Mul => all.multiply(x[0], x[1]),
        Op::Div => all.divide(x[0], x[1]),
        Op::Neg => all.scaled(-1.0, x[0]),
        Op::Powi(n) => all.power(x[0], f64::from(n)),
        Op::Pow => match all.value(x[1]) {
            Some(power) if power != 0.0 => all.power(x[0], power),
            _ => all.op(Op::Pow, x.to_vec()),
        },
        Op::TanhSlope => {
            let cosh = all.op(Op::Cosh, x.to_vec());
            all.power(cosh, -2.0)
        }
        Op::SigmoidSlope => {
            let minus = all.scaled(-1.0, x[0]);
            let [below, above] = [x[0], minus].map(|x| all.op(Op::Sigmoid, vec![x]));
            all.multiply(below, above)
        }
        // A power with exponent 0, at 0: the text is that of the rule elsewhere.
        Op::Equal if all.value(x[1]) == Some(f64::INFINITY) => all.number(0.0),
        Op::Less | Op::LessEqual | Op::Equal => match condition {
            Some(condition) => {
                let (one, zero) = (all.number(1.0), all.number(0.0));
                all.op(Op::Where, vec![condition, one, zero])
            }
            None => all.number(0.0),
        },
        // A guard of logsumexp and softmax, which shift by the largest element.
        Op::Where if conditions[0].is_some_and(|id| is_guard(all, id)) => x[1],
        Op::Where if all.value(x[0]) == Some(0.0) => x[2],
        // A condition and one that never holds.
        Op::Where if all.value(x[1]) == Some(0.0) && x[0] == x[2] => x[1],
        Op::Where => {
            let condition = conditions[0].unwrap_or_else(|| {
                let zero = all.number(0.0);
                all.condition(Operator::NotEqual, x[0], zero)
            });
            match x[1] == x[2] {
                true => x[1],
                false => all.op(Op::Where, vec![condition, x[1], x[2]]),
            }
        }
        _ => all.op(op, x.to_vec()),
    };
    (number, condition)
}

/// A comparison with its number on the right.
fn compared(all: &mut Expressions, operator: Operator, x: Id, y: Id) -> Id {
    if all.value(x).is_some() && all.value(y).is_none() {
        let operator = match operator {
            Operator::Less => Operator::Greater,
            Operator::LessEqual => Operator::GreaterEqual,
            other => other,
        };
        return all.condition(operator, y, x);
    }
    all.condition(operator, x, y)
}

/// Whether a condition asks for a number below infinity, or for one that is not NaN.
fn is_guard(all: &Expressions, condition: Id) -> bool {
    match all.get(condition) {
        Expression::Condition(Operator::Less, _, y) => all.value(*y) == Some(f64::INFINITY),
        Expression::Condition(Operator::Equal, x, y) => x == y,
        _ => false,
    }
}
