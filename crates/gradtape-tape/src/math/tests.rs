//! The functions on a machine that only records: while they run there are no numbers, so
//! no function can depend on one but by the operations that it records.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Shl, Shr, Sub};

use super::{Binary64, Bits, Truth, is_near};
use crate::Op;
use crate::real::evaluate;

/// All operations of a machine, on bit patterns; a condition is a pattern of equal bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operation {
    Neg,
    Add,
    Sub,
    Mul,
    Div,
    Sqrt,
    IsBelow,
    IsAtMost,
    Equals,
    Select,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    WrappingAdd,
    WrappingSub,
    IsOdd,
}

impl Operation {
    const COUNT: usize = Operation::IsOdd as usize + 1;

    fn value(self, [x, y, z]: [u64; 3]) -> u64 {
        let (a, b) = (f64::from_bits(x), f64::from_bits(y));
        let pattern = |condition| if condition { u64::MAX } else { 0 };
        match self {
            Operation::Neg => (-a).to_bits(),
            Operation::Add => (a + b).to_bits(),
            Operation::Sub => (a - b).to_bits(),
            Operation::Mul => (a * b).to_bits(),
            Operation::Div => (a / b).to_bits(),
            Operation::Sqrt => a.sqrt().to_bits(),
            Operation::IsBelow => pattern(a < b),
            Operation::IsAtMost => pattern(a <= b),
            Operation::Equals => pattern(a == b),
            Operation::Select => (x & y) | (!x & z),
            Operation::And => x & y,
            Operation::Or => x | y,
            Operation::Xor => x ^ y,
            Operation::ShiftLeft => x << y,
            Operation::ShiftRight => x >> y,
            Operation::WrappingAdd => x.wrapping_add(y),
            Operation::WrappingSub => x.wrapping_sub(y),
            Operation::IsOdd => pattern(x & 1 == 1),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Operand {
    Known(u64),
    Input(usize),
    /// The result of the step with this number.
    Step(usize),
}

type Step = (Operation, [Operand; 3]);

/// Straight-line code, in which no step repeats another.
#[derive(Default)]
struct Code {
    steps: RefCell<Vec<Step>>,
    numbers: RefCell<HashMap<Step, usize>>,
}

impl Code {
    /// The results of all steps, then what `result` is.
    fn run(&self, inputs: [f64; 2], result: Recorded<'_>, results: &mut Vec<u64>) -> u64 {
        let value = |operand, results: &[u64]| match operand {
            Operand::Known(bits) => bits,
            Operand::Input(number) => inputs[number].to_bits(),
            Operand::Step(number) => results[number],
        };
        results.clear();
        for (operation, operands) in self.steps.borrow().iter() {
            let operands = operands.map(|operand| value(operand, results));
            results.push(operation.value(operands));
        }
        value(result.operand, results)
    }

    fn inputs(&self) -> [Recorded<'_>; 2] {
        [0, 1].map(|number| Recorded {
            operand: Operand::Input(number),
            code: Some(self),
        })
    }
}

/// A number, a bit pattern or a condition of a machine that records.
#[derive(Clone, Copy)]
struct Recorded<'a> {
    operand: Operand,
    /// None for what is known.
    code: Option<&'a Code>,
}

fn record<'a>(operation: Operation, operands: &[Recorded<'a>]) -> Recorded<'a> {
    let mut all = [Operand::Known(0); 3];
    for (place, operand) in all.iter_mut().zip(operands) {
        *place = operand.operand;
    }
    let Some(code) = operands.iter().find_map(|operand| operand.code) else {
        let known = all.map(|operand| match operand {
            Operand::Known(bits) => bits,
            _ => unreachable!("without code"),
        });
        return Recorded::from(operation.value(known));
    };
    let mut steps = code.steps.borrow_mut();
    let step = (operation, all);
    let number = *(code.numbers.borrow_mut()).entry(step).or_insert_with(|| {
        steps.push(step);
        steps.len() - 1
    });
    Recorded {
        operand: Operand::Step(number),
        code: Some(code),
    }
}

impl From<u64> for Recorded<'_> {
    fn from(bits: u64) -> Self {
        Recorded {
            operand: Operand::Known(bits),
            code: None,
        }
    }
}

impl From<f64> for Recorded<'_> {
    fn from(number: f64) -> Self {
        Recorded::from(number.to_bits())
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident $operation:ident,)+) => {
        $(impl<'a, R: Into<Recorded<'a>>> $operator<R> for Recorded<'a> {
            type Output = Self;
            fn $method(self, other: R) -> Self {
                record(Operation::$operation, &[self, other.into()])
            }
        })+
    };
}

operators! {
    Add add Add, Sub sub Sub, Mul mul Mul, Div div Div,
    BitAnd bitand And, BitOr bitor Or, BitXor bitxor Xor,
}

impl Neg for Recorded<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        record(Operation::Neg, &[self])
    }
}

impl Not for Recorded<'_> {
    type Output = Self;
    fn not(self) -> Self {
        self ^ u64::MAX
    }
}

impl Shl<u32> for Recorded<'_> {
    type Output = Self;
    fn shl(self, places: u32) -> Self {
        record(Operation::ShiftLeft, &[self, u64::from(places).into()])
    }
}

impl Shr<u32> for Recorded<'_> {
    type Output = Self;
    fn shr(self, places: u32) -> Self {
        record(Operation::ShiftRight, &[self, u64::from(places).into()])
    }
}

impl Binary64 for Recorded<'_> {
    type Truth = Self;
    type Bits = Self;

    fn sqrt(self) -> Self {
        record(Operation::Sqrt, &[self])
    }
    fn to_bits(self) -> Self {
        self
    }
    fn from_bits(bits: Self) -> Self {
        bits
    }
    fn is_below(self, y: impl Into<Self>) -> Self {
        record(Operation::IsBelow, &[self, y.into()])
    }
    fn is_at_most(self, y: impl Into<Self>) -> Self {
        record(Operation::IsAtMost, &[self, y.into()])
    }
    fn equals(self, y: impl Into<Self>) -> Self {
        record(Operation::Equals, &[self, y.into()])
    }
}

impl Truth for Recorded<'_> {
    type Number = Self;

    fn select(self, yes: Self, no: Self) -> Self {
        record(Operation::Select, &[self, yes, no])
    }
}

impl Bits for Recorded<'_> {
    type Truth = Self;

    fn wrapping_add(self, other: impl Into<Self>) -> Self {
        record(Operation::WrappingAdd, &[self, other.into()])
    }
    fn wrapping_sub(self, other: impl Into<Self>) -> Self {
        record(Operation::WrappingSub, &[self, other.into()])
    }
    fn is_odd(self) -> Self {
        record(Operation::IsOdd, &[self])
    }
}

/// Where definitions change from one case to the next, both signs of it and its neighbours;
/// then any bit patterns, and numbers of ordinary size.
fn numbers() -> Vec<f64> {
    let borders = [
        0.0,
        1e-310,
        f64::MIN_POSITIVE,
        1e-300,
        1e-200,
        1e-17,
        1e-9,
        0.25,
        0.5,
        0.75,
        1.0,
        1.5,
        2.0,
        2.25,
        3.0,
        6.0,
        27.5,
        39.0,
        40.0,
        100.0,
        709.8,
        746.0,
        760.0,
        1e6,
        4_503_599_627_370_496.0,
        1e18,
        7e19,
        1e150,
        1e300,
        f64::INFINITY,
        f64::NAN,
    ];
    let signed = borders.into_iter().flat_map(|x| [x, -x]);
    let mut numbers: Vec<f64> = signed
        .flat_map(|x| [-1, 0, 1].map(|step| f64::from_bits(x.to_bits().wrapping_add_signed(step))))
        .collect();
    let mut state = 1_u64;
    for number in 0..2400 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let bits = state ^ (state >> 32);
        let unit = f64::from_bits(bits >> 12 | 1.0_f64.to_bits()) * 2.0 - 3.0;
        numbers.push(match number % 6 {
            0 => f64::from_bits(bits),
            1 => unit,
            2 => 10.0 * unit,
            3 => 800.0 * unit,
            4 => (100.0 * unit).round(),
            _ => f64::from((30.0 * unit) as f32),
        });
    }
    numbers
}

/// Each number with itself, with others of the list near and far, and with an order.
fn pairs() -> Vec<[f64; 2]> {
    let numbers = numbers();
    let place = |i: usize| numbers[i % numbers.len()];
    let with = |i| {
        let order = f64::from(u32::try_from(i % 102).unwrap());
        [place(i), place(i + 1), place(i + 60), place(i + 301), order].map(|x| [x, place(i)])
    };
    (0..numbers.len()).flat_map(with).collect()
}

fn is_same(x: f64, y: f64) -> bool {
    x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan()
}

/// The number of steps of a function, if it is one.
fn recorded<const SHORT: bool>(op: Op, used: &mut HashSet<Operation>) -> Option<usize> {
    let code = Code::default();
    let result = evaluate::<_, SHORT>(op, code.inputs())?;
    let mut results = Vec::new();
    for [x, y] in pairs() {
        let ours = f64::from_bits(code.run([x, y], result, &mut results));
        let direct = evaluate::<f64, SHORT>(op, [x, y]).unwrap();
        let name = op.name();
        assert!(
            is_same(ours, direct),
            "{name} of {x:e} and {y:e}: {ours:e}, not {direct:e}"
        );
    }
    used.extend(code.steps.borrow().iter().map(|(operation, _)| *operation));
    Some(results.len())
}

#[test]
fn recorded_functions_have_the_same_bits() {
    let (mut used, mut table) = (HashSet::new(), String::new());
    for op in Op::ALL {
        let [short, long] =
            [recorded::<true>, recorded::<false>].map(|count| count(*op, &mut used));
        assert_eq!(short.is_some(), op.is_function() && *op != Op::Rem);
        if let (Some(short), Some(long)) = (short, long) {
            writeln!(table, "{:13} {short:4} {long:4}", op.name()).unwrap();
        }
    }
    // The machine has no operation that is not needed.
    assert_eq!(used.len(), Operation::COUNT, "{used:?}");
    // Short and long.
    insta::assert_snapshot!(table, @r"
    pow            121  221
    cbrt            51   85
    exp             38   48
    expm1           39   64
    ln              41   52
    log1p           52   65
    log2            35   62
    log10           35   62
    sin             38   71
    cos             36   69
    tan             48   91
    asin            39   69
    acos            46   76
    atan            70   88
    atan2           85  117
    sinh            47   68
    cosh            42   63
    tanh            53  102
    tanh_slope      47   86
    asinh           63   76
    acosh           55  116
    atanh           67   90
    sigmoid         45   72
    sigmoid_slope   41   58
    softplus        81  111
    erf             85  109
    erfc           115  285
    gelu           117  302
    silu            56   87
    lgamma         263  543
    digamma        227  408
    polygamma     2242 3412
    logaddexp      497  782
    elu             54  105
    hypot           10   44
    ");
}

#[test]
fn the_derivative_of_a_known_order_needs_no_table() {
    let mut counts = Vec::new();
    for order in [0.0, 1.0, 2.0, 100.0, 1.5] {
        let code = Code::default();
        let [x, _] = code.inputs();
        let result = evaluate::<_, false>(Op::Polygamma, [order.into(), x]).unwrap();
        let mut results = Vec::new();
        for x in numbers() {
            let ours = f64::from_bits(code.run([x; 2], result, &mut results));
            let direct = evaluate::<f64, false>(Op::Polygamma, [order, x]).unwrap();
            assert!(
                is_same(ours, direct),
                "order {order} of {x:e}: {ours:e}, not {direct:e}"
            );
        }
        counts.push(results.len());
    }
    insta::assert_snapshot!(format!("{counts:?}"), @"[2339, 2433, 2433, 2433, 2339]");
}

#[test]
fn near_angles_are_recorded_too() {
    let code = Code::default();
    let [x, _] = code.inputs();
    let result = is_near(x);
    for x in numbers() {
        let ours = code.run([x; 2], result, &mut Vec::new());
        assert_eq!(ours == u64::MAX, is_near(x), "{x:e}");
    }
}
