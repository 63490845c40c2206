//! What a straight line consists of.
//!
//! [`Instruction`] is closed: it holds whatever a straight line can do and nothing
//! else. The compiler (`compile`) makes it; the loops over lanes (`kernel`) and any
//! other engine match on all of it and have to give the bits of
//! [`Instruction::meaning`].

use std::fmt;

use super::slot::Slot;
use gradtape_tape::{Op, Real};

/// An instruction: it reads some numbers, then writes one or two, perhaps in the
/// place of those. The numbers are in slots, or not placed yet: then `S` names the
/// nodes of a graph. Results of more than one operation are rounded after each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Instruction<T, S = Slot> {
    /// The operation of the operands, as the last number. Unused places repeat the
    /// first operand.
    One(Op, [S; 3], S),
    /// The operation of the first number and a constant, as the second.
    Constant(Immediate<T>, S, S),
    /// x / k, as the last number.
    DivConstant(S, T, S),
    /// k / x, as the last number.
    ConstantDiv(T, S, S),
    /// The second operation on the result of the first, as the number.
    Pair(First<T, S>, Second<T, S>, S),
    /// Two functions of the first number, as the others.
    Partners(Partners, S, [S; 2]),
}

/// An operation of a number x and a constant. It never has to be flushed: where
/// subnormal numbers are, the compiler uses it only for constants that cannot give
/// any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Immediate<T> {
    /// x + k.
    Add(T),
    /// k − x.
    SubFrom(T),
    /// x · k.
    Mul(T),
}

/// The first operation of a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum First<T, S> {
    /// x + y.
    Add(S, S),
    /// x − y.
    Sub(S, S),
    /// x · y.
    Mul(S, S),
    /// Of a number and a constant.
    Constant(Immediate<T>, S),
}

/// The second operation of a pair, on the result t of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Second<T, S> {
    /// t + z.
    Add(S),
    /// t − z.
    Sub(S),
    /// z − t.
    SubFrom(S),
    /// t · z.
    Mul(S),
    /// Of the result and a constant.
    Constant(Immediate<T>),
}

/// Two functions that share most of their computation: both together take hardly
/// longer than one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Partners {
    /// sin x and cos x.
    SinCos,
    /// tanh x and its slope.
    TanhSlope,
    /// The sigmoid of x and its slope.
    SigmoidSlope,
}

impl Partners {
    pub(super) const ALL: [Partners; 3] = [
        Partners::SinCos,
        Partners::TanhSlope,
        Partners::SigmoidSlope,
    ];

    /// The functions, in the order of their results.
    pub(super) fn functions(self) -> [Op; 2] {
        match self {
            Partners::SinCos => [Op::Sin, Op::Cos],
            Partners::TanhSlope => [Op::Tanh, Op::TanhSlope],
            Partners::SigmoidSlope => [Op::Sigmoid, Op::SigmoidSlope],
        }
    }
}

impl<T: Copy, S: Copy> Instruction<T, S> {
    /// What it computes, in operations of the table: each number that it writes with
    /// its value, if `number` and `constant` give those of operands and `apply` that of
    /// an operation. Unused operands repeat the first.
    #[inline(always)]
    pub(super) fn meaning<V: Clone>(
        &self,
        mut number: impl FnMut(S) -> V,
        constant: impl Fn(T) -> V,
        apply: impl Fn(Op, [V; 3]) -> V,
    ) -> [Option<(S, V)>; 2] {
        let both = |op, x: V, y| apply(op, [x.clone(), y, x]);
        let with_constant = |x: V, with| match with {
            Immediate::Add(k) => both(Op::Add, x, constant(k)),
            Immediate::SubFrom(k) => both(Op::Sub, constant(k), x),
            Immediate::Mul(k) => both(Op::Mul, x, constant(k)),
        };
        let (result, value) = match *self {
            Instruction::One(op, operands, result) => (result, apply(op, operands.map(number))),
            Instruction::Constant(operation, x, result) => {
                (result, with_constant(number(x), operation))
            }
            Instruction::DivConstant(x, k, result) => {
                (result, both(Op::Div, number(x), constant(k)))
            }
            Instruction::ConstantDiv(k, x, result) => {
                (result, both(Op::Div, constant(k), number(x)))
            }
            Instruction::Pair(first, second, result) => {
                let t = match first {
                    First::Add(x, y) => both(Op::Add, number(x), number(y)),
                    First::Sub(x, y) => both(Op::Sub, number(x), number(y)),
                    First::Mul(x, y) => both(Op::Mul, number(x), number(y)),
                    First::Constant(operation, x) => with_constant(number(x), operation),
                };
                let value = match second {
                    Second::Add(z) => both(Op::Add, t, number(z)),
                    Second::Sub(z) => both(Op::Sub, t, number(z)),
                    Second::SubFrom(z) => both(Op::Sub, number(z), t),
                    Second::Mul(z) => both(Op::Mul, t, number(z)),
                    Second::Constant(operation) => with_constant(t, operation),
                };
                (result, value)
            }
            Instruction::Partners(partners, x, results) => {
                let [f, g] = partners.functions();
                let [first, second] = results;
                let (y, z) = (number(x), number(x));
                return [
                    Some((first, both(f, y.clone(), y))),
                    Some((second, both(g, z.clone(), z))),
                ];
            }
        };
        [Some((result, value)), None]
    }

    /// The numbers that it reads, some perhaps twice.
    pub(super) fn reads(&self) -> Vec<S> {
        let mut reads = Vec::new();
        let _ = self.meaning(|number| reads.push(number), |_| (), |_, _| ());
        reads
    }

    /// The numbers that it writes.
    pub(super) fn writes(&self) -> impl Iterator<Item = S> {
        let results = self.meaning(|_| (), |_| (), |_, _| ());
        results.into_iter().flatten().map(|(number, ())| number)
    }

    /// The number of operations that it counts as.
    pub(super) fn operations(&self) -> u64 {
        match self {
            Instruction::Pair(..) => 2,
            Instruction::One(..)
            | Instruction::Constant(..)
            | Instruction::DivConstant(..)
            | Instruction::ConstantDiv(..)
            // The second function costs hardly anything.
            | Instruction::Partners(..) => 1,
        }
    }

    /// The same on other numbers.
    pub(super) fn moved<R>(&self, to: impl Fn(S) -> R) -> Instruction<T, R> {
        match *self {
            Instruction::One(op, operands, result) => {
                Instruction::One(op, operands.map(&to), to(result))
            }
            Instruction::Constant(operation, x, result) => {
                Instruction::Constant(operation, to(x), to(result))
            }
            Instruction::DivConstant(x, k, result) => {
                Instruction::DivConstant(to(x), k, to(result))
            }
            Instruction::ConstantDiv(k, x, result) => {
                Instruction::ConstantDiv(k, to(x), to(result))
            }
            Instruction::Pair(first, second, result) => {
                let first = match first {
                    First::Add(x, y) => First::Add(to(x), to(y)),
                    First::Sub(x, y) => First::Sub(to(x), to(y)),
                    First::Mul(x, y) => First::Mul(to(x), to(y)),
                    First::Constant(operation, x) => First::Constant(operation, to(x)),
                };
                let second = match second {
                    Second::Add(z) => Second::Add(to(z)),
                    Second::Sub(z) => Second::Sub(to(z)),
                    Second::SubFrom(z) => Second::SubFrom(to(z)),
                    Second::Mul(z) => Second::Mul(to(z)),
                    Second::Constant(operation) => Second::Constant(operation),
                };
                Instruction::Pair(first, second, to(result))
            }
            Instruction::Partners(partners, x, results) => {
                Instruction::Partners(partners, to(x), results.map(to))
            }
        }
    }
}

impl<T: Real> fmt::Display for Instruction<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Instruction::Partners(partners, x, [first, second]) = self {
            let [f, g] = partners.functions().map(Op::name);
            return write!(formatter, "{first} {second} = {f} {g} {x}");
        }
        let applied = |op: Op, operands: [String; 3]| {
            let mut text = op.name().to_owned();
            if let Op::Powi(n) = op {
                text += &format!("[{n}]");
            }
            for operand in &operands[..op.arity()] {
                text += &match operand.contains(' ') {
                    true => format!(" ({operand})"),
                    false => format!(" {operand}"),
                };
            }
            text
        };
        let results = self.meaning(|slot| slot.to_string(), |k| format!("{k:?}"), applied);
        for (result, value) in results.into_iter().flatten() {
            write!(formatter, "{result} = {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Compiled, Features, Program};
    use gradtape_tape::{Graph, Subnormals};

    const LANES: usize = 50;

    /// Each kind of instruction on the slots 0 to 2, with results in 3 and 4.
    fn all<T: Real>() -> Vec<Instruction<T>> {
        let [x, y, z, first, second] = [0, 1, 2, 3, 4].map(Slot::at);
        // One that never gives a subnormal number.
        let k = T::from_f64(4.0);
        let constants = [Immediate::Add(k), Immediate::SubFrom(k), Immediate::Mul(k)];
        let firsts = [First::Add(x, y), First::Sub(x, y), First::Mul(x, y)];
        let firsts = firsts
            .into_iter()
            .chain(constants.map(|it| First::Constant(it, x)));
        let seconds = [
            Second::Add(z),
            Second::Sub(z),
            Second::SubFrom(z),
            Second::Mul(z),
        ];
        let seconds = seconds.into_iter().chain(constants.map(Second::Constant));
        let pairs = firsts.flat_map(|it| {
            let pair = move |then| Instruction::Pair(it, then, first);
            seconds.clone().map(pair)
        });
        let mut all: Vec<Instruction<T>> = pairs.collect();
        all.extend(constants.map(|it| Instruction::Constant(it, x, first)));
        all.push(Instruction::DivConstant(x, T::ONE / k, first));
        all.push(Instruction::ConstantDiv(k, x, first));
        all.extend(Partners::ALL.map(|it| Instruction::Partners(it, x, [first, second])));
        all.extend(Op::ALL.iter().map(|op| {
            let operands = [[x, x, x], [x, y, x], [x, y, z]];
            Instruction::One(*op, operands[op.arity() - 1], first)
        }));
        all
    }

    fn every_engine_follows_the_meaning<T: Compiled>(subnormals: Subnormals) {
        let special = [0.0, -0.0, 1.0, -2.5, 0.3, 1e9, f64::INFINITY, f64::NAN].map(T::from_f64);
        let tiny = T::MIN_POSITIVE * T::from_f64(1.5);
        let special = [&special[..], &[tiny, -tiny, T::ONE / T::MIN_POSITIVE]].concat();
        let inputs = |lane: usize| [1, 3, 4].map(|step| special[lane * step % special.len()]);
        let graph = Graph::new(T::PRECISION, subnormals);
        let _ = graph.numbers(3);
        for instruction in all::<T>() {
            let mut program = Program::new(&graph, &[]);
            program.instructions = vec![instruction];
            program.usual = program.instructions.clone();
            program.outputs = [3, 4].map(Slot::at).to_vec();
            program.slots = 5;
            for (lanes, features) in [1, LANES]
                .into_iter()
                .flat_map(|lanes| Features::available().into_iter().map(move |it| (lanes, it)))
            {
                let engine = T::engine_with(program.clone(), features);
                let mut block = Block::new(engine.program(), lanes);
                for lane in 0..lanes {
                    block.load(lane, &inputs(lane));
                }
                engine.advance(&mut block, 1, true);
                for lane in 0..lanes {
                    let expected = program.evaluate(&inputs(lane));
                    for (output, expected) in expected.into_iter().enumerate() {
                        let value = block.output(output, lane);
                        let is_same =
                            value.bits() == expected.bits() || value.is_nan() && expected.is_nan();
                        assert!(
                            is_same,
                            "{instruction} of {:?}: {value} for {expected}, {features:?}",
                            inputs(lane)
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_engine_follows_the_meaning_of_every_instruction() {
        for subnormals in [Subnormals::Keep, Subnormals::Flush] {
            every_engine_follows_the_meaning::<f32>(subnormals);
            every_engine_follows_the_meaning::<f64>(subnormals);
        }
    }
}
