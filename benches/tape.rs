//! The cost of the gradient tape, compared with plain arithmetic and two other tapes.
//!
//! `cargo bench --bench tape`. Compare only figures of the same run: the machine's
//! noise is larger than most differences between runs.
//! `reverse` records scalars in `f64` and has first derivatives only;
//! `autograd` builds a graph first, then evaluates it.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark has no user to explain itself to"
)]

use divan::{Bencher, black_box};
use gradtape_tape::Subnormals;
use gradtape_tape::{GradientTape, Tensor, Variable, with_subnormals};

fn main() {
    divan::main();
}

/// The tutorial's descent on w², 10,000 epochs in f32, a fresh tape in each.
#[divan::bench_group(sample_count = 20)]
mod descent_of_10_000_epochs {
    use reverse::Gradient as _;

    use super::{GradientTape, Subnormals, Variable, black_box, with_subnormals};

    const RATE: f64 = 0.01;

    fn descend() -> f32 {
        let w = Variable::new(1.0_f32);
        for _ in 0..10_000 {
            let tape = GradientTape::new();
            let loss = tape.record(|| &w * &w).unwrap();
            let gradient = tape.gradient(&loss, &w).unwrap().unwrap();
            w.assign_sub(RATE * &gradient).unwrap();
        }
        w.value().item().unwrap()
    }

    #[divan::bench]
    fn ours() -> f32 {
        descend()
    }

    #[divan::bench]
    fn ours_flushing_subnormals() -> f32 {
        let w = with_subnormals(Subnormals::Flush, descend);
        assert_eq!(w, 5.803_526e-37);
        w
    }

    #[divan::bench]
    fn reverse_in_f64() -> f64 {
        let mut w = 1.0;
        for _ in 0..10_000 {
            let tape = reverse::Tape::new();
            let x = tape.add_var(w);
            let gradient = (x * x).grad().wrt(&x);
            w -= RATE * gradient;
        }
        w
    }

    #[divan::bench(sample_count = 3)]
    fn autograd_building_the_graph_each_epoch() -> f32 {
        use autograd as ag;
        let mut w = 1.0_f32;
        for _ in 0..10_000 {
            ag::with(|graph: &mut ag::Graph<f32>| {
                let x = graph.placeholder(&[]);
                let gradient = graph.grad(&[x * x], &[x])[0];
                let fed = ag::ndarray::arr0(w).into_dyn();
                let gradient = gradient.eval(&[x.given(fed.view())]).unwrap();
                w -= 0.01 * gradient.sum();
            });
        }
        w
    }

    #[divan::bench]
    fn arithmetic_alone() -> f32 {
        let mut w = black_box(1.0_f32);
        for _ in 0..10_000 {
            w -= black_box(0.01) * (2.0 * w);
        }
        w
    }
}

/// A chain of 1,000 operations on scalars: x ← sin(x)·c + x, 333 times.
#[divan::bench_group]
mod thousand_scalar_operations {
    use reverse::Gradient as _;

    use super::{Bencher, GradientTape, Tensor, black_box};

    const TIMES: usize = 333;

    fn chain(x: &Tensor) -> Tensor {
        let mut value = x.clone();
        for _ in 0..TIMES {
            value = value.sin().unwrap() * 0.1 + &value;
        }
        value
    }

    #[divan::bench]
    fn f64_alone() -> f64 {
        let mut value = black_box(0.5_f64);
        for _ in 0..TIMES {
            value = libm::sin(value) * black_box(0.1) + value;
        }
        value
    }

    #[divan::bench]
    fn tensors_without_a_tape(bencher: Bencher<'_, '_>) {
        let x = Tensor::from(0.5);
        bencher.bench_local(|| chain(&x));
    }

    #[divan::bench]
    fn recorded(bencher: Bencher<'_, '_>) {
        let x = Tensor::from(0.5);
        bencher.bench_local(|| {
            let tape = GradientTape::new();
            let scope = tape.enter().unwrap();
            tape.watch(&x).unwrap();
            let value = chain(&x);
            drop(scope);
            (tape, value)
        });
    }

    #[divan::bench]
    fn gradient(bencher: Bencher<'_, '_>) {
        let x = Tensor::from(0.5);
        let tape = GradientTape::persistent();
        let scope = tape.enter().unwrap();
        tape.watch(&x).unwrap();
        let value = chain(&x);
        drop(scope);
        bencher.bench_local(|| tape.gradient(&value, &x).unwrap());
    }

    #[divan::bench]
    fn reverse_recorded() -> f64 {
        let tape = reverse::Tape::new();
        let mut value = tape.add_var(0.5);
        for _ in 0..TIMES {
            value = value.sin() * 0.1 + value;
        }
        value.val()
    }

    #[divan::bench]
    fn reverse_gradient(bencher: Bencher<'_, '_>) {
        let tape = reverse::Tape::new();
        let x = tape.add_var(0.5);
        let mut value = x;
        for _ in 0..TIMES {
            value = value.sin() * 0.1 + value;
        }
        bencher.bench_local(|| value.grad().wrt(&x));
    }

    #[divan::bench]
    fn autograd_recorded_and_evaluated(bencher: Bencher<'_, '_>) {
        use autograd as ag;
        bencher.bench_local(|| {
            let mut slope = 0.0;
            ag::with(|graph: &mut ag::Graph<f64>| {
                let x = graph.placeholder(&[]);
                let mut value = x;
                for _ in 0..TIMES {
                    value = graph.sin(value) * 0.1 + value;
                }
                let gradient = graph.grad(&[value], &[x])[0];
                let fed = ag::ndarray::arr0(0.5).into_dyn();
                slope = gradient.eval(&[x.given(fed.view())]).unwrap().sum();
            });
            slope
        });
    }
}

/// Tensors of a million `f64`, 8 MB each.
#[divan::bench_group]
mod million_elements {
    use super::{Bencher, GradientTape, Tensor};

    const ROWS: usize = 1000;

    fn tensor() -> Tensor {
        let elements = (0..ROWS * ROWS).map(|index| (index % 977) as f64 * 1e-3);
        Tensor::new(elements.collect(), [ROWS, ROWS]).unwrap()
    }

    #[divan::bench]
    fn copy_into_new_memory(bencher: Bencher<'_, '_>) {
        let x = tensor();
        let x = x.as_slice::<f64>().unwrap();
        bencher.bench_local(|| x.to_vec());
    }

    #[divan::bench]
    fn loop_of_additions(bencher: Bencher<'_, '_>) {
        let (x, y) = (tensor(), tensor());
        let (x, y) = (x.as_slice::<f64>().unwrap(), y.as_slice::<f64>().unwrap());
        bencher.bench_local(|| x.iter().zip(y).map(|(x, y)| x + y).collect::<Vec<f64>>());
    }

    macro_rules! measured {
        ($($name:ident |$x:ident, $y:ident| $compute:expr;)+) => {$(
            #[divan::bench]
            fn $name(bencher: Bencher<'_, '_>) {
                let ($x, $y) = (tensor(), tensor());
                let _ = &$y;
                bencher.bench_local(|| $compute);
            }
        )+};
    }
    measured! {
        add |x, y| &x + &y;
        multiply_by_a_number |x, y| 2.0 * &x;
        add_a_row |x, y| { let row = y.at(0).unwrap(); &x + &row };
        add_a_column |x, y| { let column = y.slice([super::whole(), (0..1).into()]).unwrap(); &x + &column };
        sum |x, y| x.sum().unwrap();
        sum_of_columns |x, y| x.sum_axes(0).unwrap();
        sum_of_rows |x, y| x.sum_axes(1).unwrap();
        max |x, y| x.max().unwrap();
        transpose |x, y| x.transpose();
        sqrt |x, y| x.sqrt().unwrap();
        exp |x, y| x.exp().unwrap();
        select |x, y| x.less(&y).unwrap().select(&x, &y).unwrap();
        cumsum |x, y| x.cumsum(0).unwrap();
        matmul |x, y| x.matmul(&y).unwrap();
    }

    #[divan::bench]
    fn gradient_of_a_product(bencher: Bencher<'_, '_>) {
        let (x, y) = (tensor(), tensor());
        bencher.bench_local(|| {
            let tape = GradientTape::new();
            let value = tape
                .record(|| {
                    tape.watch([&x, &y])?;
                    (&x * &y).sum()
                })
                .unwrap()
                .unwrap();
            tape.gradient(&value, [&x, &y]).unwrap()
        });
    }
}

fn whole() -> gradtape_tape::Span {
    (..).into()
}
