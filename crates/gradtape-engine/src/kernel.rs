//! One instruction on all lanes of a block.

use std::cell::Cell;

use super::features::{Features, Work};
use super::instruction::{First, Immediate, Instruction, Partners, Second};
use super::row_vectors::RowVectors;
use super::slot::Slot;
use gradtape_tape::internal::{Kernel, Value};
use gradtape_tape::{Op, Real, Subnormals};

impl<T: Real> Instruction<T> {
    /// Runs it on all rows, the elementary functions as `functions` does.
    #[inline(always)]
    pub(super) fn run<const FLUSH: bool, const N: usize>(
        &self,
        rows: RowVectors<'_, T, N>,
        functions: &impl FunctionRunner,
    ) {
        match *self {
            Instruction::One(op, operands, result) => {
                let operation = rows.operation(operands, result);
                op.run::<FLUSH, _, _>(LaneKernel::<FLUSH, _, _, _> {
                    operation,
                    functions,
                });
            }
            Instruction::Constant(constant, x, result) => {
                let operation = rows.operation([x; 3], result);
                match constant {
                    Immediate::Add(k) => operation.each(|[x, ..]| x + k),
                    Immediate::SubFrom(k) => operation.each(|[x, ..]| k - x),
                    Immediate::Mul(k) => operation.each(|[x, ..]| x * k),
                }
            }
            Instruction::DivConstant(x, k, result) => {
                rows.operation([x; 3], result).each(|[x, ..]| x / k);
            }
            Instruction::ConstantDiv(k, x, result) => {
                rows.operation([x; 3], result).each(|[x, ..]| k / x);
            }
            Instruction::Pair(first, second, result) => {
                let with = |x, y| (rows, [x, y], second, result);
                match first {
                    First::Add(x, y) => {
                        pair::<FLUSH, _, N>(with(x, y), |x, y| value::<FLUSH, T>(Op::Add, x, y));
                    }
                    First::Sub(x, y) => {
                        pair::<FLUSH, _, N>(with(x, y), |x, y| value::<FLUSH, T>(Op::Sub, x, y));
                    }
                    First::Mul(x, y) => {
                        pair::<FLUSH, _, N>(with(x, y), |x, y| value::<FLUSH, T>(Op::Mul, x, y));
                    }
                    First::Constant(constant, x) => match constant {
                        Immediate::Add(k) => pair::<FLUSH, _, N>(with(x, x), |x, _| x + k),
                        Immediate::SubFrom(k) => pair::<FLUSH, _, N>(with(x, x), |x, _| k - x),
                        Immediate::Mul(k) => pair::<FLUSH, _, N>(with(x, x), |x, _| x * k),
                    },
                }
            }
            Instruction::Partners(partners, x, results) => {
                let (x, first, second) = (rows.at(x), rows.at(results[0]), rows.at(results[1]));
                match partners {
                    Partners::SinCos => functions.run(PartnersLoop(SinCos, x, [first, second])),
                    Partners::TanhSlope => {
                        functions.run(PartnersLoop(TanhSlope, x, [first, second]));
                    }
                    Partners::SigmoidSlope => {
                        functions.run(PartnersLoop(SigmoidSlope, x, [first, second]));
                    }
                }
                flush::<FLUSH, T, N>(first);
                flush::<FLUSH, T, N>(second);
            }
        }
    }
}

/// Runs a pair whose first operation is `t`.
#[inline(always)]
fn pair<const FLUSH: bool, T: Real, const N: usize>(
    (rows, [x, y], second, result): (RowVectors<'_, T, N>, [Slot; 2], Second<T, Slot>, Slot),
    t: impl Fn(T, T) -> T + Copy,
) {
    // Before the choice of the second operation, so that this is compiled once.
    let (x, y, result) = (rows.at(x), rows.at(y), rows.at(result));
    let operation = |z| RowOperation {
        operands: [x, y, z],
        result,
    };
    match second {
        Second::Add(z) => {
            operation(rows.at(z)).each(|[x, y, z]| value::<FLUSH, T>(Op::Add, t(x, y), z));
        }
        Second::Sub(z) => {
            operation(rows.at(z)).each(|[x, y, z]| value::<FLUSH, T>(Op::Sub, t(x, y), z));
        }
        Second::SubFrom(z) => {
            operation(rows.at(z)).each(|[x, y, z]| value::<FLUSH, T>(Op::Sub, z, t(x, y)));
        }
        Second::Mul(z) => {
            operation(rows.at(z)).each(|[x, y, z]| value::<FLUSH, T>(Op::Mul, t(x, y), z));
        }
        Second::Constant(constant) => match constant {
            Immediate::Add(l) => operation(x).each(|[x, y, _]| t(x, y) + l),
            Immediate::SubFrom(l) => operation(x).each(|[x, y, _]| l - t(x, y)),
            Immediate::Mul(l) => operation(x).each(|[x, y, _]| t(x, y) * l),
        },
    }
}

/// How elementary functions are run. Their loops are compiled once for each
/// instruction set, with subnormal results kept, and called: whether results are
/// flushed afterwards is not a reason to compile them twice, as they are most of the
/// code.
pub(super) trait FunctionRunner {
    fn run<W: Work<Output = ()>>(&self, function: W);
}

impl FunctionRunner for Features {
    fn run<W: Work<Output = ()>>(&self, function: W) {
        Features::run(*self, function);
    }
}

/// FunctionRunner of a single lane, without vectors.
pub(super) struct SingleLane;

impl FunctionRunner for SingleLane {
    #[inline(never)]
    fn run<W: Work<Output = ()>>(&self, function: W) {
        function.run();
    }
}

/// Flushes the results of a function, if `FLUSH`.
#[inline(always)]
fn flush<const FLUSH: bool, T: Real, const N: usize>(row: &[Cell<[T; N]>]) {
    if FLUSH {
        let operation = RowOperation {
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

/// The begin of a turn of a loop over vectors. Vectors are made of the lanes of one turn;
/// where the compiler makes them of several turns instead, it gathers their lanes one by
/// one, which takes three times as long.
#[inline(always)]
fn turn() {
    std::hint::black_box(());
}

/// The value of an operation of two operands.
#[inline(always)]
fn value<const FLUSH: bool, T: Real>(op: Op, x: T, y: T) -> T {
    op.value([x, y, y], const { Subnormals::flush_if(FLUSH) })
}

/// The rows of an operation.
pub(super) struct RowOperation<'a, T, const N: usize> {
    pub(super) operands: [&'a [Cell<[T; N]>]; 3],
    pub(super) result: &'a [Cell<[T; N]>],
}

impl<'a, T, const N: usize> RowVectors<'a, T, N> {
    #[inline(always)]
    fn at(&self, slot: Slot) -> &'a [Cell<[T; N]>] {
        self.row(slot.index())
    }

    #[inline(always)]
    fn operation(&self, [x, y, z]: [Slot; 3], result: Slot) -> RowOperation<'a, T, N> {
        RowOperation {
            operands: [self.at(x), self.at(y), self.at(z)],
            result: self.at(result),
        }
    }
}

impl<T: Real, const N: usize> RowOperation<'_, T, N> {
    /// Runs its loop with a short function.
    #[inline(always)]
    pub(super) fn each(self, value: impl Fn([T; 3]) -> T + Copy) {
        self.run_short(value);
    }

    /// The same, two vectors a turn where one is a single register of 64 bytes: counting the
    /// turns takes as long as an addition.
    #[inline(always)]
    fn run_short<V: Value<T>>(self, value: V) {
        if const { N == 1 || size_of::<[T; N]>() > 64 } {
            return self.run(value);
        }
        let [(x, last_x), (y, last_y), (z, last_z)] = self.operands.map(|row| row.as_chunks::<2>());
        let (result, last_result) = self.result.as_chunks::<2>();
        for (((x, y), z), result) in x.iter().zip(y).zip(z).zip(result) {
            turn();
            vector([&x[0], &y[0], &z[0]], &result[0], value);
            vector([&x[1], &y[1], &z[1]], &result[1], value);
        }
        let last = RowOperation {
            operands: [last_x, last_y, last_z],
            result: last_result,
        };
        last.run(value);
    }

    #[inline(always)]
    fn run<V: Value<T>>(self, value: V) {
        let [x, y, z] = self.operands;
        for (((x, y), z), result) in x.iter().zip(y).zip(z).zip(self.result) {
            turn();
            vector([x, y, z], result, value);
        }
    }
}

/// Computes one vector of a row.
#[inline(always)]
fn vector<V: Value<T>, T: Real, const N: usize>(
    operands: [&Cell<[T; N]>; 3],
    result: &Cell<[T; N]>,
    value: V,
) {
    let [x, y, z] = operands.map(Cell::get);
    let mut values = [T::ZERO; N];
    for lane in 0..N {
        values[lane] = value.of([x[lane], y[lane], z[lane]]);
    }
    if V::HAS_RARE && x.iter().any(|x| value.is_rare(*x)) {
        for lane in 0..N {
            if value.is_rare(x[lane]) {
                values[lane] = value.of_rare([x[lane], y[lane], z[lane]]);
            }
        }
    }
    result.set(values);
}

/// An operation of the table on its rows.
struct LaneKernel<'a, const FLUSH: bool, T, const N: usize, F> {
    operation: RowOperation<'a, T, N>,
    functions: &'a F,
}

impl<const FLUSH: bool, T: Real, const N: usize, F: FunctionRunner> Kernel<T>
    for LaneKernel<'_, FLUSH, T, N, F>
{
    type Output = ();

    #[inline(always)]
    fn run(self, value: impl Value<T>) {
        self.operation.run_short(value);
    }

    #[inline(always)]
    fn run_function<V: Value<T>>(self, value: V) {
        let result = self.operation.result;
        self.functions.run(FunctionLoop(self.operation, value));
        flush::<FLUSH, T, N>(result);
    }
}

/// An elementary function on its rows.
struct FunctionLoop<'a, V, T, const N: usize>(RowOperation<'a, T, N>, V);

impl<V: Value<T>, T: Real, const N: usize> Work for FunctionLoop<'_, V, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let FunctionLoop(operation, value) = self;
        operation.run(value);
    }
}

/// A function and its partner, as the compiler sees what both have in common.
trait Joint {
    /// Whether some operands are rare.
    const HAS_RARE: bool = false;
    /// PartnersLoop where the operand is not rare.
    fn of<T: Real>(x: T) -> [T; 2];
    /// Whether an operand is rare.
    fn is_rare<T: Real>(_: T) -> bool {
        false
    }
    /// PartnersLoop where it is.
    fn of_rare<T: Real>(x: T) -> [T; 2] {
        Self::of(x)
    }
}

struct SinCos;

impl Joint for SinCos {
    const HAS_RARE: bool = true;
    #[inline(always)]
    fn of<T: Real>(x: T) -> [T; 2] {
        [x.near_sin(), x.near_cos()]
    }
    #[inline(always)]
    fn is_rare<T: Real>(x: T) -> bool {
        !x.is_near()
    }
    fn of_rare<T: Real>(x: T) -> [T; 2] {
        [x.far_sin(), x.far_cos()]
    }
}

struct TanhSlope;

impl Joint for TanhSlope {
    #[inline(always)]
    fn of<T: Real>(x: T) -> [T; 2] {
        [x.tanh(), x.tanh_slope()]
    }
}

struct SigmoidSlope;

impl Joint for SigmoidSlope {
    #[inline(always)]
    fn of<T: Real>(x: T) -> [T; 2] {
        [x.sigmoid(), x.sigmoid_slope()]
    }
}

/// A function and its partner on the row of their operand and those of their results.
struct PartnersLoop<'a, J, T, const N: usize>(J, &'a [Cell<[T; N]>], [&'a [Cell<[T; N]>]; 2]);

impl<J: Joint, T: Real, const N: usize> Work for PartnersLoop<'_, J, T, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let PartnersLoop(_, x, [first, second]) = self;
        for ((x, first), second) in x.iter().zip(first).zip(second) {
            turn();
            let x = x.get();
            let (mut firsts, mut seconds) = ([T::ZERO; N], [T::ZERO; N]);
            for lane in 0..N {
                [firsts[lane], seconds[lane]] = J::of(x[lane]);
            }
            if J::HAS_RARE && x.iter().any(|x| J::is_rare(*x)) {
                for lane in 0..N {
                    if J::is_rare(x[lane]) {
                        [firsts[lane], seconds[lane]] = J::of_rare(x[lane]);
                    }
                }
            }
            first.set(firsts);
            second.set(seconds);
        }
    }
}
