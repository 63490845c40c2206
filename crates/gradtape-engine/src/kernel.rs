//! One instruction on all lanes of a block.

use std::cell::Cell;

use super::block::Rows;
use super::features::Work;
use super::program::{Instruction, Operand, Slot, Then};
use gradtape_tape::internal::{Kernel, Value};
use gradtape_tape::{Op, Real, Subnormals};

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

/// The kinds of loops.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// Any operation whose operands all are in slots.
    Op(Op),
    /// The operation that watches every epoch of every run, with a short path to it.
    Magnitude,
    /// One operation with a constant.
    One(Left),
    /// x / k.
    DivConstant,
    /// k / x.
    ConstantDiv,
    /// The second operation on the result of the first.
    Two(Left, Right),
    /// A function, and its partner to this slot.
    Partners(Op, Slot),
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
            partner,
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
        if let Some(partner) = partner {
            return step(Form::Partners(*op, *partner), [x; 3], [T::ZERO; 2]);
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
                    (Op::Magnitude, _) => step(Form::Magnitude, [x, y, z], [T::ZERO; 2]),
                    _ => step(Form::Op(*op), [x, y, z], [T::ZERO; 2]),
                },
            };
        };
        let z = row(other);
        // The compiler pairs nothing else.
        let (left, k, [x, y]) = Left::new(*op, *operands).expect("a sum or product of a slot");
        let (right, l) = Right::new(second, is_left, other).expect("a sum or product");
        step(Form::Two(left, right), [x, y, z], [k, l])
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
                    partner: None,
                });
                flush::<FLUSH, T, N>(result);
            }
            Form::Op(op) => {
                // None only for functions.
                let _: Option<()> = op.run::<FLUSH, false, _, _>(operation);
            }
            Form::Magnitude => {
                operation.each(|[x, y, _]| value::<FLUSH, T>(Op::Magnitude, x, y));
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
            Form::Partners(op, partner) => {
                let (first, second) = (operation.result, rows.row(partner.index()));
                compute(Function {
                    op,
                    operation,
                    partner: Some(second),
                });
                flush::<FLUSH, T, N>(first);
                flush::<FLUSH, T, N>(second);
            }
        }
    }
}

/// An elementary function on all lanes, subnormal results kept. It is compiled
/// once for each instruction set: whether results are flushed afterwards is not a
/// reason to do so twice, as these are most of the code.
pub(super) struct Function<'a, T, const N: usize> {
    op: Op,
    operation: Operation<'a, T, N>,
    /// For the partner of the function, if it is computed too.
    partner: Option<&'a [Cell<[T; N]>]>,
}

impl<T: Real, const N: usize> Work for Function<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Function {
            op,
            operation,
            partner,
        } = self;
        match (partner, op) {
            (Some(partner), Op::Tanh) => operation.with::<TanhAndSlope>(partner),
            (Some(partner), Op::Sigmoid) => operation.with::<SigmoidAndSlope>(partner),
            // The only other function that has a partner.
            (Some(partner), _) => operation.with::<SinAndCos>(partner),
            // `None` for no operation.
            (None, _) => op.run::<false, true, _, _>(operation).unwrap_or(()),
        }
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

/// A function and its partner, as the compiler sees what both have in common.
trait Partners {
    /// Both where the operand is not rare.
    fn usual<T: Real>(x: T) -> [T; 2];
    /// Whether an operand is rare.
    fn is_rare<T: Real>(_: T) -> bool {
        false
    }
    /// Both where it is.
    fn rare<T: Real>(x: T) -> [T; 2] {
        Self::usual(x)
    }
}

struct SinAndCos;

impl Partners for SinAndCos {
    #[inline(always)]
    fn usual<T: Real>(x: T) -> [T; 2] {
        [x.near_sin(), x.near_cos()]
    }
    #[inline(always)]
    fn is_rare<T: Real>(x: T) -> bool {
        !x.is_near()
    }
    fn rare<T: Real>(x: T) -> [T; 2] {
        [x.far_sin(), x.far_cos()]
    }
}

struct TanhAndSlope;

impl Partners for TanhAndSlope {
    #[inline(always)]
    fn usual<T: Real>(x: T) -> [T; 2] {
        [x.tanh(), x.tanh_slope()]
    }
}

struct SigmoidAndSlope;

impl Partners for SigmoidAndSlope {
    #[inline(always)]
    fn usual<T: Real>(x: T) -> [T; 2] {
        [x.sigmoid(), x.sigmoid_slope()]
    }
}

impl<T: Real, const N: usize> Operation<'_, T, N> {
    /// Runs a function with its partner.
    #[inline(always)]
    fn with<P: Partners>(self, partner: &[Cell<[T; N]>]) {
        let [x, ..] = self.operands;
        for ((x, first), second) in x.iter().zip(self.result).zip(partner) {
            let x = x.get();
            let (mut firsts, mut seconds) = ([T::ZERO; N], [T::ZERO; N]);
            for lane in 0..N {
                [firsts[lane], seconds[lane]] = P::usual(x[lane]);
            }
            if x.iter().any(|x| P::is_rare(*x)) {
                for lane in 0..N {
                    if P::is_rare(x[lane]) {
                        [firsts[lane], seconds[lane]] = P::rare(x[lane]);
                    }
                }
            }
            first.set(firsts);
            second.set(seconds);
        }
    }
}
