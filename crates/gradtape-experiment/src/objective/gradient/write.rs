//! From expressions to formulas.

use std::collections::{HashMap, HashSet};

use super::expression::{Expression, Expressions, Id};
use crate::language::Operator;
use crate::number::Number;
use crate::objective::formula::{Formula, Index, PartId, PartKind, Pick};
use crate::objective::function::{Each, FUNCTIONS, Function, Meaning};
use gradtape_tape::Op;

/// Minimum number of parts of an expression that has a name because it is used more than
/// once.
const NAMED_FROM: usize = 10;

/// Maximum depth of an expression without a name, so that every text is readable and can
/// be parsed.
const MAX_DEPTH: usize = 12;

/// Maximum number of parts of a text; longer ones are not readable. Each part is a few
/// tokens, so the text stays within the size of a formula.
const MAX_PARTS: usize = 2_000;

/// Maximum number of parts of all texts together.
const MAX_TOTAL_PARTS: usize = 20_000;

/// Maximum depth of a condition, which cannot have a name.
const MAX_CONDITION_DEPTH: usize = 30;

/// Formulas with names, each after those that it uses, then the formulas that were
/// requested.
pub(super) struct Texts {
    pub(super) names: Vec<(String, String)>,
    pub(super) wanted: Vec<String>,
}

/// The texts of `wanted`, for inputs with the given names; `None` if they cannot be
/// written. The names `taken` are in use already.
pub(super) fn texts(
    all: &Expressions,
    inputs: &[String],
    wanted: &[Id],
    taken: &HashSet<&str>,
) -> Option<Texts> {
    let uses = uses(all, wanted);
    let mut sizes = vec![1_usize; all.len()];
    let mut depths = vec![0_usize; all.len()];
    let mut names: HashMap<Id, String> = HashMap::new();
    let mut texts = Vec::new();
    let mut numbers = 1..;
    let mut together = 0;
    for id in all.ids().filter(|id| uses[id.index()] > 0) {
        // The language has no such number.
        if all.value(id).is_some_and(|value| !value.is_finite()) {
            return None;
        }
        let of = |list: &[usize], part: &Id| match names.contains_key(part) {
            true => 1,
            false => list[part.index()],
        };
        let parts = all.parts(id);
        let size = 1 + parts.iter().map(|part| of(&sizes, part)).sum::<usize>();
        let depth = 1 + parts
            .iter()
            .map(|part| of(&depths, part))
            .max()
            .unwrap_or(0);
        (sizes[id.index()], depths[id.index()]) = (size, depth);
        if size > MAX_PARTS {
            return None;
        }
        if all.is_condition(id) {
            if depth > MAX_CONDITION_DEPTH {
                return None;
            }
            continue;
        }
        if (uses[id.index()] > 1 && size >= NAMED_FROM) || depth > MAX_DEPTH {
            together += size;
            if together > MAX_TOTAL_PARTS {
                return None;
            }
            let mut free = numbers.by_ref().map(|number| format!("t{number}"));
            let name = free.find(|name| !taken.contains(name.as_str()))?;
            texts.push((name.clone(), text(all, inputs, &names, id)));
            names.insert(id, name);
        }
    }
    let wanted_sizes = wanted.iter().map(|id| sizes[id.index()]);
    if together + wanted_sizes.sum::<usize>() > MAX_TOTAL_PARTS {
        return None;
    }
    Some(Texts {
        names: texts,
        wanted: wanted
            .iter()
            .map(|id| match names.get(id) {
                Some(name) => name.clone(),
                None => text(all, inputs, &names, *id),
            })
            .collect(),
    })
}

/// The number of uses of each expression in those that are needed.
fn uses(all: &Expressions, wanted: &[Id]) -> Vec<usize> {
    let mut uses = vec![0; all.len()];
    for id in wanted {
        uses[id.index()] += 1;
    }
    for id in all.ids().rev() {
        if uses[id.index()] > 0 {
            for part in all.parts(id) {
                uses[part.index()] += 1;
            }
        }
    }
    uses
}

fn text(all: &Expressions, inputs: &[String], names: &HashMap<Id, String>, id: Id) -> String {
    let mut writer = Writer {
        all,
        inputs,
        names,
        formula: Formula::builder(),
    };
    writer.bare(id);
    writer.formula.to_string()
}

struct Writer<'a> {
    all: &'a Expressions,
    inputs: &'a [String],
    names: &'a HashMap<Id, String>,
    formula: Formula,
}

impl Writer<'_> {
    fn write(&mut self, id: Id) -> PartId {
        match self.names.get(&id) {
            Some(name) => self.formula.add(PartKind::Name(name.clone())),
            None => self.bare(id),
        }
    }

    fn bare(&mut self, id: Id) -> PartId {
        match self.all.get(id).clone() {
            Expression::Number(value) => self.number(value.value()),
            Expression::Input(number) => {
                let name = self.inputs[number].clone();
                self.formula.add(PartKind::Name(name))
            }
            Expression::Sum(terms, number) => {
                let terms = terms.iter().map(|(id, times)| (Some(*id), times.value()));
                let mut terms: Vec<(Option<Id>, f64)> = terms.collect();
                if number.value() != 0.0 {
                    terms.push((None, number.value()));
                }
                // Added terms come before subtracted ones.
                if terms[0].1 < 0.0
                    && let Some(place) = terms.iter().position(|(_, times)| *times > 0.0)
                {
                    terms[..=place].rotate_right(1);
                }
                let mut sum: Option<PartId> = None;
                for (term, times) in terms {
                    sum = Some(match sum {
                        None => self.term(term, times),
                        Some(sum) => {
                            let operator = match times < 0.0 {
                                true => Operator::Sub,
                                false => Operator::Add,
                            };
                            let term = self.term(term, times.abs());
                            self.formula.add(PartKind::Binary(operator, sum, term))
                        }
                    });
                }
                sum.unwrap_or_else(|| self.number(0.0))
            }
            Expression::Product {
                times,
                over,
                powers,
            } => {
                let powers = powers.iter().map(|(id, power)| (*id, power.value()));
                self.product(times.value(), over.value(), powers.collect())
            }
            Expression::Op(Op::Pow, operands) => {
                let (x, y) = (self.write(operands[0]), self.write(operands[1]));
                self.formula.add(PartKind::Binary(Operator::Power, x, y))
            }
            Expression::Op(op, operands) => {
                let operands = operands.into_iter().map(|id| self.write(id)).collect();
                self.call(|function| is_op(function, op), operands, None)
            }
            Expression::Condition(operator, x, y) => {
                let (x, y) = (self.write(x), self.write(y));
                self.formula.add(PartKind::Binary(operator, x, y))
            }
            Expression::Not(x) => {
                let x = self.write(x);
                self.formula.add(PartKind::Not(x))
            }
            Expression::Call(name, operands, axis) => {
                let operands = operands.into_iter().map(|id| self.write(id)).collect();
                self.call(|function| function.name == name, operands, axis)
            }
            Expression::MatMul(x, y) => {
                let (x, y) = (self.write(x), self.write(y));
                self.formula.add(PartKind::Binary(Operator::MatMul, x, y))
            }
            Expression::List(parts) => {
                let parts = parts.into_iter().map(|id| self.write(id)).collect();
                self.formula.add(PartKind::List(parts))
            }
            Expression::Slice(of, picks) => {
                let shape = self.all.shape(of).clone();
                let of = self.write(of);
                let indices = picks.iter().zip(&*shape);
                let indices = indices.map(|(pick, length)| self.index(pick, *length));
                let mut indices: Vec<Index> = indices.collect();
                // All rows or columns at the end need not be written.
                while indices.len() > 1 && indices.last() == Some(&Index::Slice([None; 3])) {
                    indices.pop();
                }
                self.formula.add(PartKind::Index(of, indices))
            }
        }
    }

    fn call(
        &mut self,
        is_it: impl Fn(&Function) -> bool,
        operands: Vec<PartId>,
        axis: Option<usize>,
    ) -> PartId {
        let function = FUNCTIONS.iter().find(|function| is_it(function));
        let function = function.expect("every operation of a formula has a function");
        self.formula.add(PartKind::Call(function, operands, axis))
    }

    fn number(&mut self, value: f64) -> PartId {
        let magnitude = Number::from(value.abs());
        let number = self.formula.add(PartKind::Number(magnitude));
        match value < 0.0 {
            true => self.formula.add(PartKind::Negative(number)),
            false => number,
        }
    }

    fn whole(&mut self, value: usize) -> PartId {
        #[expect(
            clippy::cast_precision_loss,
            reason = "no length exceeds the maximum number of elements"
        )]
        self.number(value as f64)
    }

    /// A multiple of an expression, or a number.
    fn term(&mut self, of: Option<Id>, times: f64) -> PartId {
        let Some(id) = of else {
            return self.number(times);
        };
        if times == 1.0 {
            return self.write(id);
        }
        match self.all.get(id) {
            // Not 2*(x/3).
            Expression::Product { over, powers, .. } if !self.names.contains_key(&id) => {
                let powers = powers.iter().map(|(id, power)| (*id, power.value()));
                let (over, powers) = (over.value(), powers.collect());
                self.product(times, over, powers)
            }
            _ => self.product(times, 1.0, vec![(id, 1.0)]),
        }
    }

    fn product(&mut self, times: f64, over: f64, mut powers: Vec<(Id, f64)>) -> PartId {
        // Variables come before what is made of them.
        powers.sort_by_key(|(id, _)| !matches!(self.all.get(*id), Expression::Input(_)));
        let mut result: Option<PartId> = None;
        let has_above = powers.iter().any(|(_, power)| *power > 0.0);
        if times.abs() != 1.0 || !has_above {
            result = Some(self.number(times));
        }
        for (id, power) in powers.iter().filter(|(_, power)| *power > 0.0) {
            let mut factor = self.raised(*id, *power);
            result = Some(match result {
                None => {
                    if times < 0.0 {
                        factor = self.formula.add(PartKind::Negative(factor));
                    }
                    factor
                }
                Some(result) => self
                    .formula
                    .add(PartKind::Binary(Operator::Mul, result, factor)),
            });
        }
        let mut below: Option<PartId> = (over != 1.0).then(|| self.number(over));
        for (id, power) in powers.iter().filter(|(_, power)| *power < 0.0) {
            let factor = self.raised(*id, -*power);
            below = Some(match below {
                None => factor,
                Some(below) => self
                    .formula
                    .add(PartKind::Binary(Operator::Mul, below, factor)),
            });
        }
        match (result, below) {
            (Some(result), Some(below)) => {
                self.formula
                    .add(PartKind::Binary(Operator::Div, result, below))
            }
            (Some(result), None) => result,
            (None, _) => self.number(times),
        }
    }

    fn raised(&mut self, id: Id, power: f64) -> PartId {
        let base = self.write(id);
        if power == 1.0 {
            return base;
        }
        let power = self.number(power);
        self.formula
            .add(PartKind::Binary(Operator::Power, base, power))
    }

    fn index(&mut self, pick: &Pick, length: usize) -> Index {
        match *pick {
            Pick::At(place) => Index::At(self.whole(place)),
            Pick::Stretch { start, step, count } => {
                let last = start.cast_signed() + step * (count - 1).cast_signed();
                let stop = last + step.signum();
                let is_forward = step > 0;
                let from_begin = if is_forward { 0 } else { length - 1 };
                // Where the next element would be outside the array, no end is needed.
                let is_all = !(0..length.cast_signed()).contains(&(last + step));
                let start = (start != from_begin).then(|| self.whole(start));
                // The end from behind, where it is near: `x[:-1]`.
                let stop = (!is_all).then(|| {
                    let behind = stop - length.cast_signed();
                    match is_forward && behind == -1 {
                        true => self.number(-1.0),
                        false => self.whole(stop.unsigned_abs()),
                    }
                });
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a step that is taken is within the length"
                )]
                let step = (step != 1).then(|| self.number(step as f64));
                Index::Slice([start, stop, step])
            }
        }
    }
}

/// Whether a function of the language is an operation of the table.
fn is_op(function: &Function, op: Op) -> bool {
    match function.meaning {
        Meaning::Each(Each::Op(own) | Each::Fold(own)) | Meaning::Extreme(own) => own == op,
        Meaning::Each(Each::Where) => op == Op::Where,
        Meaning::Each(Each::Elu) => op == Op::Elu,
        _ => false,
    }
}
