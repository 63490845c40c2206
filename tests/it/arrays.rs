//! Arrays compute what tensors do, bit for bit, however they are evaluated, and
//! their derivatives are those of the numbers that they consist of.

use gradtape_engine::{
    Block, Compiled, Engine, ExpectedRange, Features, Program, States, WatchedNumber,
};
use gradtape_tape::{Array, Graph, Number, Op, Precision, Real, Subnormals, with_subnormals};
use gradtape_tape::{Axes, DType, Element, Shape, Span, Tensor};

use crate::random::Random;

/// The same value traced and computed.
#[derive(Clone)]
struct Both<'g> {
    array: Array<'g>,
    tensor: Tensor,
}

type Unary = fn(&Tensor) -> gradtape_tape::Result<Tensor>;
type Binary = fn(&Tensor, &Tensor) -> gradtape_tape::Result<Tensor>;

/// Operations with what tensors call them. Those that tensors have only for truth
/// values are cast.
const UNARY: &[(Op, Unary)] = &[
    (Op::Neg, Tensor::try_neg),
    (Op::Abs, Tensor::abs),
    (Op::Sign, Tensor::sign),
    (Op::Sqrt, Tensor::sqrt),
    (Op::Exp, Tensor::exp),
    (Op::Ln, Tensor::ln),
    (Op::Sin, Tensor::sin),
    (Op::Cos, Tensor::cos),
    (Op::Tanh, Tensor::tanh),
    (Op::Sigmoid, Tensor::sigmoid),
    (Op::Softplus, Tensor::softplus),
    (Op::Floor, Tensor::floor),
    (Op::Powi(2), |x| x.powi(2)),
    (Op::Powi(3), |x| x.powi(3)),
];

const BINARY: &[(Op, Binary)] = &[
    (Op::Add, |x, y| x.try_add(y)),
    (Op::Sub, |x, y| x.try_sub(y)),
    (Op::Mul, |x, y| x.try_mul(y)),
    (Op::Div, |x, y| x.try_div(y)),
    (Op::Min, |x, y| x.minimum(y)),
    (Op::Max, |x, y| x.maximum(y)),
    (Op::Hypot, |x, y| x.hypot(y)),
    (Op::Less, |x, y| x.less(y)?.cast(x.dtype())),
    (Op::LessEqual, |x, y| x.less_equal(y)?.cast(x.dtype())),
    (Op::Equal, |x, y| x.equals(y)?.cast(x.dtype())),
];

/// A random computation.
struct Case<'r, 'g, T> {
    random: &'r mut Random,
    graph: &'g Graph,
    values: Vec<Both<'g>>,
    /// The lengths that axes have, so that shapes often fit.
    lengths: Vec<usize>,
    numbers: fn(&mut Random) -> T,
}

impl<'g, T: Real + Element> Case<'_, 'g, T> {
    fn length(&mut self) -> usize {
        self.lengths[self.random.below(self.lengths.len())]
    }

    fn shape(&mut self) -> Shape {
        let (rows, columns) = (self.length(), self.length());
        match self.random.below(4) {
            0 => Shape::scalar(),
            1 if rows * columns <= 3_000 => Shape::from([rows, columns]),
            _ => Shape::from([rows]),
        }
    }

    fn fresh(&mut self, shape: &Shape) -> Vec<T> {
        let numbers = self.numbers;
        let count = shape.elements().unwrap();
        let each = (0..count).map(|_| self.graph.subnormals().input(numbers(self.random)));
        each.collect()
    }

    /// A new input; its numbers are added to `inputs`.
    fn input(&mut self, inputs: &mut Vec<T>) {
        let shape = self.shape();
        let numbers = self.fresh(&shape);
        inputs.extend(&numbers);
        self.values.push(Both {
            array: self.graph.input(shape.clone()),
            tensor: Tensor::new(numbers, shape).unwrap(),
        });
    }

    fn data(&mut self) {
        let shape = self.shape();
        let numbers = self.fresh(&shape);
        self.values.push(Both {
            array: self
                .graph
                .data(shape.clone(), numbers.iter().map(|x| x.to_f64()).collect()),
            tensor: Tensor::new(numbers, shape).unwrap(),
        });
    }

    /// A value, mostly a recent one.
    fn pick(&mut self) -> Both<'g> {
        let count = self.values.len();
        let back = self.random.below(count).min(self.random.below(count));
        self.values[count - 1 - back].clone()
    }

    fn axis(&mut self, shape: &Shape) -> Option<usize> {
        let axis = self.random.below(shape.len() + 1);
        Some(axis).filter(|axis| *axis < shape.len())
    }

    /// Adds an operation, if the operands that were picked fit it.
    fn grow(&mut self, unary: &[usize], binary: &[usize]) {
        let x = self.pick();
        let shape = x.array.shape();
        let axis = self.axis(&shape);
        let axes = axis.map_or_else(Axes::all, |axis| Axes::from(axis.cast_signed()));
        let both = |array, tensor: gradtape_tape::Result<Tensor>| Both {
            array,
            tensor: tensor.unwrap(),
        };
        let value = match self.random.below(24) {
            0..4 => {
                let (op, compute) = UNARY[unary[self.random.below(unary.len())]];
                both(Array::apply(op, &[x.array]), compute(&x.tensor))
            }
            4..11 => {
                let y = self.pick();
                if shape.broadcast(&y.array.shape()).is_none() {
                    return;
                }
                let (op, compute) = BINARY[binary[self.random.below(binary.len())]];
                let array = Array::apply(op, &[x.array, y.array]);
                both(array, compute(&x.tensor, &y.tensor))
            }
            11 => {
                let (y, z) = (self.pick(), self.pick());
                let Some(all) = shape.broadcast(&y.array.shape()) else {
                    return;
                };
                if all.broadcast(&z.array.shape()).is_none() {
                    return;
                }
                let condition = x.tensor.cast(DType::Bool).unwrap();
                both(
                    Array::apply(Op::Where, &[x.array, y.array, z.array]),
                    condition.select(&y.tensor, &z.tensor),
                )
            }
            12 => both(x.array.sum(axis), x.tensor.sum_axes(axes)),
            13 => match self.random.below(3) {
                0 => both(x.array.max(axis), x.tensor.max_axes(axes)),
                1 => both(x.array.min(axis), x.tensor.min_axes(axes)),
                _ => both(
                    x.array.prod(axis),
                    match axis {
                        Some(axis) => x.tensor.prod_axis(axis.cast_signed()),
                        None => x.tensor.prod(),
                    },
                ),
            },
            14..18 => {
                let Some(axis) = axis else { return };
                let (start, step, count) = self.stretch(shape[axis]);
                let end = start.cast_signed() + step * (count.cast_signed() - 1) + step.signum();
                let span = Span::from(start.cast_signed()..).step(step);
                let span = if end >= 0 {
                    Span::from(start.cast_signed()..end).step(step)
                } else {
                    span
                };
                let whole = Span::from(..);
                let spans = if axis == 0 {
                    vec![span]
                } else {
                    vec![whole, span]
                };
                both(
                    x.array.slice(axis, start, step, count),
                    x.tensor.slice(spans),
                )
            }
            18 => {
                let Some(axis) = axis else { return };
                let at = self.random.below(shape[axis]);
                let array = x.array.index(axis, at);
                let tensor = if axis == 0 {
                    x.tensor.at(at.cast_signed())
                } else {
                    x.tensor.transpose().at(at.cast_signed())
                };
                both(array, tensor)
            }
            19 => {
                let y = self.pick();
                let ends = (shape.last().copied(), y.array.shape());
                let inner = ends.1.get(ends.1.len().saturating_sub(2)).copied();
                if ends.0.is_none() || ends.0 != inner {
                    return;
                }
                let vectors = shape.len() == 1 && ends.1.len() == 1;
                let product = if vectors {
                    x.tensor.try_mul(&y.tensor).unwrap().sum()
                } else {
                    x.tensor.matmul(&y.tensor)
                };
                both(x.array.matmul(y.array), product)
            }
            20 => both(x.array.transpose(), Ok(x.tensor.transpose())),
            21 => {
                let shape = [shape.elements().unwrap()];
                both(x.array.reshape(shape), x.tensor.reshape(shape))
            }
            22 => {
                if shape.is_empty() {
                    return;
                }
                let last = shape.len().cast_signed() - 1;
                both(x.array.cumsum(), x.tensor.cumsum(last))
            }
            _ => {
                let y = self.pick();
                if shape.len() == 2 || y.array.shape() != shape {
                    return;
                }
                let parts = [&x.tensor, &y.tensor, &x.tensor];
                both(
                    Array::stack(&[x.array, y.array, x.array]),
                    Tensor::stack(parts, 0),
                )
            }
        };
        self.values.push(value);
    }

    fn stretch(&mut self, length: usize) -> (usize, isize, usize) {
        let start = self.random.below(length);
        let step = 1 + self.random.below(3).min(self.random.below(3));
        if self.random.below(4) == 0 {
            let most = start / step + 1;
            (start, -step.cast_signed(), 1 + self.random.below(most))
        } else {
            let most = (length - start).div_ceil(step);
            // Often all that there is.
            let count = most - self.random.below(most).min(self.random.below(2));
            (start, step.cast_signed(), count)
        }
    }
}

/// Equal bits, or both NaN: the payload of a NaN is unspecified.
fn same<T: Real>(a: T, b: T) -> bool {
    a.bits() == b.bits() || (a.to_f64().is_nan() && b.to_f64().is_nan())
}

/// The outputs of some epochs, and the state after each.
type Epochs<T> = Vec<(Vec<T>, Vec<T>)>;

fn check<T: Real>(found: &Epochs<T>, expected: &Epochs<T>, what: &dyn Fn() -> String) {
    for (epoch, (found, expected)) in found.iter().zip(expected).enumerate() {
        let parts = [
            ("output", &found.0, &expected.0),
            ("state", &found.1, &expected.1),
        ];
        for (name, found, expected) in parts {
            assert_eq!(found.len(), expected.len());
            for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert!(
                    same(*found, *expected),
                    "{name} {number} of epoch {epoch}: {found} instead of {expected}, {}",
                    what()
                );
            }
        }
    }
}

/// Some epochs by the reference.
fn stepped<T: Real>(program: &Program<T>, inputs: &[T], outputs: usize) -> Epochs<T> {
    let mut scratch = program.scratch();
    program.load(&mut scratch, inputs);
    let step = |_| {
        let mut values = vec![T::ZERO; outputs];
        program.step(&mut scratch, &mut values);
        (values, program.state(&scratch).to_vec())
    };
    (0..3).map(step).collect()
}

/// The same by an engine, with the rare outputs only in the last epoch.
fn advanced<T: Real>(
    engine: &dyn Engine<T>,
    inputs: &[T],
    outputs: usize,
    often: usize,
) -> Epochs<T> {
    let mut block = Block::new(engine.program(), 1);
    block.load(0, inputs);
    let mut states = States::default();
    let epoch = |epoch| {
        let all = epoch == 2;
        engine.advance(&mut block, 1, all);
        block.copy_states(&mut states);
        let state = engine.program().state(&engine.program().scratch()).len();
        let values = (0..outputs).map(|output| match all || output < often {
            true => block.output(output, 0),
            false => T::NAN,
        });
        let state = (0..state).map(|number| states.get(number, 0));
        (values.collect(), state.collect())
    };
    (0..3).map(epoch).collect()
}

/// Staged programs are like unrolled ones, on every processor.
fn staged_agrees<T: Compiled>(
    random: &mut Random,
    graph: &Graph,
    values: &[Array<'_>],
    sources: &[Array<'_>],
    inputs: &[T],
) {
    let length = |array: Array<'_>| array.shape().elements().unwrap();
    let mut next = Vec::new();
    for source in sources {
        let fitting = values.iter().filter(|it| length(**it) == length(*source));
        let fitting: Vec<_> = fitting.collect();
        if random.below(5) > 0 {
            let last = random.below(fitting.len()).min(random.below(fitting.len()));
            next.push(*fitting[fitting.len() - 1 - last]);
        } else {
            break;
        }
    }
    let outputs: Vec<_> = (0..3).map(|_| values[random.below(values.len())]).collect();
    let counts: Vec<usize> = outputs.iter().map(|output| length(*output)).collect();
    let (count, often) = (counts.iter().sum(), counts[..random.below(4)].iter().sum());
    let unrolled = Program::unrolled(graph, &outputs, &next);
    let staged = Program::staged(graph, &outputs, &next);
    let expected = stepped(&unrolled, inputs, count);
    let what = || format!("{outputs:?} {next:?}\n{graph}\n{staged}");
    check(&stepped(&staged, inputs, count), &expected, &what);
    let rare = |(epoch, (values, state)): (usize, &(Vec<T>, Vec<T>))| {
        let mut values = values.clone();
        if epoch < 2 {
            values[often..].fill(T::NAN);
        }
        (values, state.clone())
    };
    let expected: Epochs<T> = expected.iter().enumerate().map(rare).collect();
    let staged = staged.clone().with_rare_outputs(often);
    for features in Features::available() {
        let engine = Compiled::engine_with(staged.clone(), features);
        let found = advanced(&*engine, inputs, count, often);
        check(&found, &expected, &|| format!("{features:?} {}", what()));
    }
}

fn arrays_agree_with_tensors<T: Compiled + Element>(
    seed: u64,
    cases: usize,
    subnormals: Subnormals,
) {
    let mut random = Random(seed);
    for number in 0..cases {
        let graph = Graph::new(T::PRECISION, subnormals);
        let lengths = match random.below(8) {
            0 => vec![1, 300, 299, 700],
            1..4 => vec![1, 9, 17],
            _ => vec![1, 2, 3, 4],
        };
        let mut case = Case {
            random: &mut random,
            graph: &graph,
            values: Vec::new(),
            lengths,
            numbers: |random| random.number(),
        };
        let mut inputs = Vec::new();
        with_subnormals(subnormals, || {
            (0..3).for_each(|_| case.input(&mut inputs));
            case.data();
            let (unary, binary) = (0..UNARY.len(), 0..BINARY.len());
            let (unary, binary) = (unary.collect::<Vec<_>>(), binary.collect::<Vec<_>>());
            for _ in 0..5 + number % 20 {
                if graph.elements() < 20_000 {
                    case.grow(&unary, &binary);
                }
            }
        });
        let wanted: Vec<Array<'_>> = case.values.iter().map(|value| value.array).collect();
        let expected: Vec<T> = case
            .values
            .iter()
            .flat_map(|value| value.tensor.to_vec::<T>().unwrap())
            .collect();
        let scalars = graph.alike();
        let variables: Vec<_> = inputs.iter().map(|_| scalars.input([])).collect();
        let unrolled = graph.unroll(&scalars, &variables, &wanted);
        let found = Program::new(&scalars, &unrolled.concat()).evaluate(&inputs);
        for (value, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!(
                same(*found, *expected),
                "case {number}, number {value}: {found} instead of {expected}\n{graph}"
            );
        }
        // The derivative too; in that of tensors, zeros may have the other sign.
        let mut wanted = wanted;
        let sources = wanted[..3].to_vec();
        if number % 2 == 0 {
            let last = wanted[wanted.len() - 1].sum(None);
            wanted.extend(graph.gradient(last, &sources));
        }
        staged_agrees(&mut random, &graph, &wanted, &sources, &inputs);
    }
}

#[test]
#[ignore = "some minutes; run it in release mode when arrays or their loops change"]
fn many_arrays_have_the_values_of_tensors() {
    for seed in 100..110 {
        for subnormals in [Subnormals::Keep, Subnormals::Flush] {
            arrays_agree_with_tensors::<f32>(seed, 3_000, subnormals);
            arrays_agree_with_tensors::<f64>(seed, 3_000, subnormals);
        }
    }
}

#[test]
fn arrays_have_the_values_of_tensors() {
    for subnormals in [Subnormals::Keep, Subnormals::Flush] {
        arrays_agree_with_tensors::<f32>(1, 200, subnormals);
        arrays_agree_with_tensors::<f64>(2, 200, subnormals);
    }
}

/// Operations that are smooth where the numbers of this test are, by their places.
const SMOOTH_UNARY: &[usize] = &[0, 6, 7, 8, 9, 10, 12, 13];
const SMOOTH_BINARY: &[usize] = &[0, 1, 2];

/// The derivative of what is unrolled is another way to the same numbers: the sums
/// have another order, hence the tolerance of some hundred roundings.
#[test]
fn the_gradient_is_that_of_the_numbers() {
    let mut random = Random(3);
    let mut seen = 0;
    for number in 0..400 {
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let mut case = Case {
            random: &mut random,
            graph: &graph,
            values: Vec::new(),
            lengths: vec![1, 2, 3, 5],
            numbers: |random| random.between(-1.5, 1.5),
        };
        let mut inputs = Vec::new();
        (0..3).for_each(|_| case.input(&mut inputs));
        let sources: Vec<_> = case.values.iter().map(|value| value.array).collect();
        case.data();
        for _ in 0..5 + number % 20 {
            case.grow(SMOOTH_UNARY, SMOOTH_BINARY);
        }
        let last = case.values.iter().rev().take(4);
        let target = last.map(|value| value.array.sum(None));
        let target = target.reduce(|sum, term| sum + term).unwrap();
        let gradient = graph.gradient(target, &sources);
        for (gradient, source) in gradient.iter().zip(&sources) {
            assert_eq!(gradient.shape(), source.shape());
        }
        let scalars = Graph::new(Precision::F64, Subnormals::Keep);
        let variables: Vec<_> = inputs.iter().map(|_| scalars.input([])).collect();
        let mut unrolled = graph.unroll(&scalars, &variables, &gradient);
        let target = graph.unroll(&scalars, &variables, &[target])[0][0];
        unrolled.push(scalars.gradient(target, &variables));
        let both = Program::new(&scalars, &unrolled.concat()).evaluate(&inputs);
        let (found, expected) = both.split_at(inputs.len());
        let greatest = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
        if !greatest.is_finite() || has_ties(&graph) {
            continue;
        }
        seen += usize::from(expected.iter().any(|x| *x != 0.0));
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-12 * greatest,
                "case {number}: {found} instead of {expected}\n{graph}"
            );
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Whether there may be a maximum or minimum of equal elements. Arrays split the
/// derivative between these, which is right too.
fn has_ties(graph: &Graph) -> bool {
    let text = graph.to_string();
    [" = max ", " = min "]
        .iter()
        .any(|name| text.contains(name))
}

/// Rosenbrock's function of slices.
fn rosenbrock<'g>(x: Array<'g>) -> Array<'g> {
    let n = x.shape()[0];
    let number = |value| x.graph().constant(value);
    let (head, tail) = (x.slice(0, 0, 1, n - 1), x.slice(0, 1, 1, n - 1));
    let square = |x| Array::apply(Op::Powi(2), &[x]);
    let valley = square(tail - square(head));
    (number(100.0) * valley + square(number(1.0) - head)).sum(None)
}

/// Slices cost nothing: there are as many operations as in what is written for
/// every element, and no sum with a zero.
#[test]
fn a_gradient_through_slices_adds_no_zeros() {
    const N: usize = 7;
    let arrays = Graph::new(Precision::F64, Subnormals::Keep);
    let x = arrays.input([N]);
    let gradient = arrays.gradient(rosenbrock(x), &[x])[0];
    let unrolled = Graph::new(Precision::F64, Subnormals::Keep);
    let inputs: Vec<_> = unrolled.numbers(N);
    let elements = arrays.unroll(&unrolled, &inputs, &[gradient]).concat();

    let scalars = Graph::new(Precision::F64, Subnormals::Keep);
    let inputs: Vec<_> = scalars.numbers(N);
    let terms = inputs.windows(2).map(|x| {
        let (hundred, one) = (scalars.constant(100.0), scalars.constant(1.0));
        hundred * (x[1] - x[0].powi(2)).powi(2) + (one - x[0]).powi(2)
    });
    let loss = terms.reduce(|sum, term| sum + term).unwrap();
    let expected = scalars.gradient(loss, &inputs);

    let counted = |graph: &Graph, wanted: &[_]| {
        let program = Program::<f64>::new(graph, wanted).to_string();
        let operations = ["add", "sub", "mul", "neg"];
        operations.map(|op| program.matches(op).count())
    };
    assert_eq!(counted(&unrolled, &elements), counted(&scalars, &expected));
    let text = unrolled.to_string();
    assert!(!text.contains("constant 0"), "{text}");
}

/// A derivative can be differentiated again, through pieces too.
#[test]
fn second_derivatives_of_slices() {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let x = graph.input([3]);
    let gradient = graph.gradient(rosenbrock(x), &[x])[0];
    let along = graph.data([3], [1.0, -2.0, 0.5].into());
    let product = graph.gradient((gradient * along).sum(None), &[x])[0];
    let at = [0.5, -0.25, 2.0];
    let found = Program::epoch(&graph, &[product], &[]).evaluate(&at);
    // The Hessian of Rosenbrock's function, by hand.
    let [x, y, z] = at;
    let expected = [
        (1200.0 * x * x - 400.0 * y + 2.0) - 400.0 * x * -2.0,
        -400.0 * x + (202.0 + 1200.0 * y * y - 400.0 * z) * -2.0 - 400.0 * y * 0.5,
        -400.0 * y * -2.0 + 200.0 * 0.5,
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 1e-12 * 1e4,
            "{found} {expected}"
        );
    }
}

#[test]
fn a_number_in_a_rule_has_no_shape() {
    let graph = Graph::new(Precision::F32, Subnormals::Keep);
    let x = graph.input([2, 3]);
    assert!(Number::constant(&x, 2.0).shape().is_empty());
    assert_eq!((x * Number::constant(&x, 1.0)).to_string(), x.to_string());
}

/// One epoch of plain descent on Rosenbrock's function: a loop for the loss and
/// the pieces of the derivative, and one that puts these together.
#[test]
fn the_program_of_a_thousand_variables() {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (x, rate) = (graph.input([1000]), graph.input([]));
    let loss = rosenbrock(x);
    let gradient = graph.gradient(loss, &[x])[0];
    let program: Program<f64> = Program::epoch(&graph, &[loss], &[x - rate * gradient]);
    insta::assert_snapshot!(program);
}

/// What is watched in a block of a staged program: the smallest value, and whether
/// everything stays within its limits.
#[test]
fn a_staged_program_is_watched() {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (x, rate) = (graph.input([20]), graph.input([]));
    let loss = (x * x).sum(None);
    let gradient = graph.gradient(loss, &[x])[0];
    let engine = Compiled::engine(Program::staged(&graph, &[loss], &[x - rate * gradient]));
    assert_eq!(engine.lanes(), 1);
    let mut block = Block::new(engine.program(), 1);
    let low = ExpectedRange {
        quantity: WatchedNumber::Output(0),
        low: 0.1,
        high: f64::MAX,
    };
    block.watch(&[low], &[0], 0);
    let mut left = Vec::new();
    let mut inputs = vec![1.0; 20];
    inputs.push(0.25);
    block.load(0, &inputs);
    block.look_anew();
    engine.advance(&mut block, 4, false);
    block.left(&mut left);
    assert_eq!(
        (block.least(0), &left[..]),
        ((20.0 / 64.0, Some(3)), &[false][..])
    );
    engine.advance(&mut block, 1, false);
    block.left(&mut left);
    assert_eq!(
        (block.least(0), &left[..]),
        ((20.0 / 256.0, Some(4)), &[true][..])
    );
}
