//! One instruction on all lanes of a block.

use std::cell::Cell;

use super::block::Rows;
use super::features::Work;
use super::program::{Instruction, Operand, Slot, Then};
use crate::autodiff::{Kernel, Op, Real, Subnormals, Value};

/// An instruction as the interpreter runs it: which loop, over which rows, with
/// which constants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<T> {
    form: Form,
    /// Two for the first operation and one for the second, or three for a
    /// single one.
    operands: [Slot; 3],
    result: Slot,
    /// One for the first operation and one for the second.
    constants: [T; 2],
}

/// The loops that there are.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// Any operation whose operands all are in slots.
    Op(Op),
    /// One operation with a constant.
    One(Left),
    /// x / k.
    DivConstant,
    /// k / x.
    ConstantDiv,
    /// The second operation on the result of the first.
    Two(Left, Right),
    /// max(|x|, z).
    GreatestMagnitude,
    /// sin x, and cos x to this slot.
    SinCos(Slot),
}

/// An operation on x and, if it has no constant, y.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// x + y.
    Add,
    /// x + k.
    AddConstant,
    /// x − y.
    Sub,
    /// k − x.
    ConstantSub,
    /// x · y.
    Mul,
    /// x · k.
    MulConstant,
}

/// An operation on the result t of another one and, if it has no constant, z.
#[derive(Clone, Copy, Debug)]
enum Right {
    /// t + z.
    Add,
    /// t + k.
    AddConstant,
    /// t − z.
    Sub,
    /// z − t.
    SubFrom,
    /// k − t.
    ConstantSub,
    /// t · z.
    Mul,
    /// t · k.
    MulConstant,
}

impl<T: Real> Step<T> {
    pub(super) fn new(instruction: &Instruction<T>) -> Self {
        let Instruction {
            op,
            operands,
            then,
            result,
            cos,
        } = instruction;
        // What a form does not read may be any row.
        let any = operands.iter().find_map(|operand| operand.slot());
        let any = any.unwrap_or(*result);
        let row = |operand: Operand<T>| operand.slot().unwrap_or(any);
        let [x, y, z] = operands.map(row);
        let step = |form, operands, constants| Step {
            form,
            operands,
            result: *result,
            constants,
        };
        if let Some(cos) = cos {
            return step(Form::SinCos(*cos), [x; 3], [T::ZERO; 2]);
        }
        let Some(Then {
            op: second,
            is_left,
            other,
        }) = *then
        else {
            return match Left::new(*op, *operands) {
                Some((left, constant, [x, _])) if left.has_constant() => {
                    step(Form::One(left), [x; 3], [constant; 2])
                }
                _ => match (op, operands) {
                    (Op::Div, [_, Operand::Constant(k), _]) => {
                        step(Form::DivConstant, [x; 3], [*k; 2])
                    }
                    (Op::Div, [Operand::Constant(k), ..]) => {
                        step(Form::ConstantDiv, [y; 3], [*k; 2])
                    }
                    _ => step(Form::Op(*op), [x, y, z], [T::ZERO; 2]),
                },
            };
        };
        let z = row(other);
        match (
            Left::new(*op, *operands),
            Right::new(second, is_left, other),
        ) {
            (Some((left, k, [x, y])), Some((right, l))) => {
                step(Form::Two(left, right), [x, y, z], [k, l])
            }
            // The only other pair that programs have.
            _ => step(Form::GreatestMagnitude, [x, x, z], [T::ZERO; 2]),
        }
    }

    /// Runs it on all rows. The elementary functions are left to `compute`.
    #[inline(always)]
    pub(super) fn run<const FLUSH: bool, const N: usize>(
        &self,
        rows: Rows<'_, T, N>,
        compute: impl Fn(Function<'_, T, N>),
    ) {
        let operation = Operation {
            operands: self.operands.map(|slot| rows.row(slot.index())),
            result: rows.row(self.result.index()),
        };
        let [k, l] = self.constants;
        match self.form {
            Form::Op(op) if op.is_function() => {
                let result = operation.result;
                compute(Function {
                    op,
                    operation,
                    cos: None,
                });
                flush::<FLUSH, T, N>(result);
            }
            Form::Op(op) => {
                // None only for functions.
                let _: Option<()> = op.run::<FLUSH, false, _, _>(operation);
            }
            Form::One(Left::AddConstant) => operation.each(|[x, ..]| x + k),
            Form::One(Left::ConstantSub) => operation.each(|[x, ..]| k - x),
            // The others have no constant.
            Form::One(_) => operation.each(|[x, ..]| x * k),
            Form::DivConstant => operation.each(|[x, ..]| x / k),
            Form::ConstantDiv => operation.each(|[x, ..]| k / x),
            Form::Two(left, right) => {
                match left {
                    Left::Add => right
                        .run::<FLUSH, _, N>(l, operation, |x, y| value::<FLUSH, T>(Op::Add, x, y)),
                    Left::Sub => right
                        .run::<FLUSH, _, N>(l, operation, |x, y| value::<FLUSH, T>(Op::Sub, x, y)),
                    Left::Mul => right
                        .run::<FLUSH, _, N>(l, operation, |x, y| value::<FLUSH, T>(Op::Mul, x, y)),
                    Left::AddConstant => right.run::<FLUSH, _, N>(l, operation, |x, _| x + k),
                    Left::ConstantSub => right.run::<FLUSH, _, N>(l, operation, |x, _| k - x),
                    Left::MulConstant => right.run::<FLUSH, _, N>(l, operation, |x, _| x * k),
                }
            }
            Form::SinCos(cos) => {
                let (sin, cos) = (operation.result, rows.row(cos.index()));
                compute(Function {
                    op: Op::Sin,
                    operation,
                    cos: Some(cos),
                });
                flush::<FLUSH, T, N>(sin);
                flush::<FLUSH, T, N>(cos);
            }
            Form::GreatestMagnitude => operation.each(|[x, _, z]| {
                let magnitude = x.abs();
                if magnitude > z { magnitude } else { z }
            }),
        }
    }
}

/// An elementary function on all lanes, subnormal results kept. It is compiled
/// once for each instruction set: whether results are flushed afterwards is no
/// reason to do so twice, as these are most of the code.
pub(super) struct Function<'a, T, const N: usize> {
    op: Op,
    operation: Operation<'a, T, N>,
    /// For the cosine, if the function is the sine.
    cos: Option<&'a [Cell<[T; N]>]>,
}

impl<T: Real, const N: usize> Work for Function<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Function { op, operation, cos } = self;
        // None for no operation.
        let _: Option<()> = match cos {
            Some(cos) => op.run::<false, true, _, _>(Sine { operation, cos }),
            None => op.run::<false, true, _, _>(operation),
        };
    }
}

/// Flushes the results of a function, if `FLUSH`.
#[inline(always)]
fn flush<const FLUSH: bool, T: Real, const N: usize>(row: &[Cell<[T; N]>]) {
    if FLUSH {
        let operation = Operation {
            operands: [unseen(row); 3],
            result: row,
        };
        operation.each(|[x, ..]| Subnormals::Flush.input(x));
    }
}

/// The same row, unknown to the compiler. Where it sees that a value is replaced or
/// kept in its place, it makes stores with a mask, which some processors take
/// twenty times as long for.
#[inline(always)]
pub(super) fn unseen<R: ?Sized>(row: &R) -> &R {
    std::hint::black_box(row)
}

/// The value of an operation of two operands.
#[inline(always)]
fn value<const FLUSH: bool, T: Real>(op: Op, x: T, y: T) -> T {
    op.value([x, y, y], const { Subnormals::flush_if(FLUSH) })
}

impl Left {
    /// The form of an operation, its constant and its slots.
    fn new<T: Real>(op: Op, operands: [Operand<T>; 3]) -> Option<(Left, T, [Slot; 2])> {
        use Operand::{Constant, Slot};
        let [x, y, _] = operands;
        Some(match (op, x, y) {
            (Op::Add, Slot(x), Slot(y)) => (Left::Add, T::ZERO, [x, y]),
            (Op::Sub, Slot(x), Slot(y)) => (Left::Sub, T::ZERO, [x, y]),
            (Op::Mul, Slot(x), Slot(y)) => (Left::Mul, T::ZERO, [x, y]),
            (Op::Add, Slot(x), Constant(k)) | (Op::Add, Constant(k), Slot(x)) => {
                (Left::AddConstant, k, [x, x])
            }
            (Op::Sub, Slot(x), Constant(k)) => (Left::AddConstant, -k, [x, x]),
            (Op::Sub, Constant(k), Slot(x)) => (Left::ConstantSub, k, [x, x]),
            (Op::Mul, Slot(x), Constant(k)) | (Op::Mul, Constant(k), Slot(x)) => {
                (Left::MulConstant, k, [x, x])
            }
            _ => return None,
        })
    }

    fn has_constant(self) -> bool {
        matches!(
            self,
            Left::AddConstant | Left::ConstantSub | Left::MulConstant
        )
    }
}

impl Right {
    /// The form of an operation on a result, on its left or right, and its
    /// constant.
    fn new<T: Real>(op: Op, is_left: bool, other: Operand<T>) -> Option<(Right, T)> {
        use Operand::{Constant, Slot};
        Some(match (op, is_left, other) {
            (Op::Add, _, Slot(_)) => (Right::Add, T::ZERO),
            (Op::Add, _, Constant(k)) => (Right::AddConstant, k),
            (Op::Sub, true, Slot(_)) => (Right::Sub, T::ZERO),
            (Op::Sub, true, Constant(k)) => (Right::AddConstant, -k),
            (Op::Sub, false, Slot(_)) => (Right::SubFrom, T::ZERO),
            (Op::Sub, false, Constant(k)) => (Right::ConstantSub, k),
            (Op::Mul, _, Slot(_)) => (Right::Mul, T::ZERO),
            (Op::Mul, _, Constant(k)) => (Right::MulConstant, k),
            _ => return None,
        })
    }

    #[inline(always)]
    fn run<const FLUSH: bool, T: Real, const N: usize>(
        self,
        l: T,
        operation: Operation<'_, T, N>,
        left: impl Fn(T, T) -> T + Copy,
    ) {
        match self {
            Right::Add => {
                operation.each(|[x, y, z]| value::<FLUSH, T>(Op::Add, left(x, y), z));
            }
            Right::Sub => {
                operation.each(|[x, y, z]| value::<FLUSH, T>(Op::Sub, left(x, y), z));
            }
            Right::SubFrom => {
                operation.each(|[x, y, z]| value::<FLUSH, T>(Op::Sub, z, left(x, y)));
            }
            Right::Mul => {
                operation.each(|[x, y, z]| value::<FLUSH, T>(Op::Mul, left(x, y), z));
            }
            Right::AddConstant => operation.each(|[x, y, _]| left(x, y) + l),
            Right::ConstantSub => operation.each(|[x, y, _]| l - left(x, y)),
            Right::MulConstant => operation.each(|[x, y, _]| left(x, y) * l),
        }
    }
}

/// The loop of one instruction over its lanes.
pub(super) struct Operation<'a, T, const N: usize> {
    pub(super) operands: [&'a [Cell<[T; N]>]; 3],
    pub(super) result: &'a [Cell<[T; N]>],
}

impl<T: Real, const N: usize> Operation<'_, T, N> {
    /// Runs it with a short function.
    #[inline(always)]
    pub(super) fn each(self, value: impl Fn([T; 3]) -> T + Copy) {
        self.run(value);
    }
}

impl<T: Real, const N: usize> Kernel<T> for Operation<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run_unless(
        self,
        is_rare: impl Fn(T) -> bool + Copy,
        usual: impl Value<T>,
        rare: impl Value<T>,
    ) {
        let [x, y, z] = self.operands;
        for (((x, y), z), result) in x.iter().zip(y).zip(z).zip(self.result) {
            let (x, y, z) = (x.get(), y.get(), z.get());
            let mut values = [T::ZERO; N];
            for lane in 0..N {
                values[lane] = usual.of([x[lane], y[lane], z[lane]]);
            }
            if x.iter().any(|x| is_rare(*x)) {
                for lane in 0..N {
                    if is_rare(x[lane]) {
                        values[lane] = rare.of([x[lane], y[lane], z[lane]]);
                    }
                }
            }
            result.set(values);
        }
    }
}

/// The loop of a sine and a cosine, as it is when the sine is known. The compiler
/// sees what both have in common.
struct Sine<'a, T, const N: usize> {
    operation: Operation<'a, T, N>,
    cos: &'a [Cell<[T; N]>],
}

impl<T: Real, const N: usize> Kernel<T> for Sine<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run_unless(self, _: impl Fn(T) -> bool + Copy, usual: impl Value<T>, rare: impl Value<T>) {
        let _: Option<()> = Op::Cos.run::<false, true, _, _>(SineAndCosine {
            angle: self.operation.operands[0],
            sin: self.operation.result,
            cos: self.cos,
            usual,
            rare,
        });
    }
}

/// The same when the cosine is known too.
struct SineAndCosine<'a, T, const N: usize, U, R> {
    angle: &'a [Cell<[T; N]>],
    sin: &'a [Cell<[T; N]>],
    cos: &'a [Cell<[T; N]>],
    /// The sine of most angles, and that of angles that are rare for both.
    usual: U,
    rare: R,
}

impl<T, const N: usize, U, R> Kernel<T> for SineAndCosine<'_, T, N, U, R>
where
    T: Real,
    U: Value<T>,
    R: Value<T>,
{
    type Output = ();

    #[inline(always)]
    fn run_unless(
        self,
        is_rare: impl Fn(T) -> bool + Copy,
        usual: impl Value<T>,
        rare: impl Value<T>,
    ) {
        for ((angle, sin), cos) in self.angle.iter().zip(self.sin).zip(self.cos) {
            let angles = angle.get();
            let (mut sines, mut cosines) = ([T::ZERO; N], [T::ZERO; N]);
            for lane in 0..N {
                let x = [angles[lane]; 3];
                sines[lane] = self.usual.of(x);
                cosines[lane] = usual.of(x);
            }
            if angles.iter().any(|angle| is_rare(*angle)) {
                for lane in 0..N {
                    let x = [angles[lane]; 3];
                    if is_rare(x[0]) {
                        sines[lane] = self.rare.of(x);
                        cosines[lane] = rare.of(x);
                    }
                }
            }
            sin.set(sines);
            cos.set(cosines);
        }
    }
}
