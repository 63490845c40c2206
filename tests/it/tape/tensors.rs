//! Operations on tensors: their values against plain loops, their derivatives
//! in three ways, and those of the derivatives again.

use gradtape_tape::{Axes, DType, Result, Span, Tensor, check_gradient, value_and_gradient};

use super::numbers;

/// Numbers without ties or kinks, between 0.3 and 1.7.
fn filled<const R: usize>(shape: [usize; R]) -> Tensor {
    let count: usize = shape.iter().product();
    let elements = (0..count).map(|index| 0.3 + ((index * 37 + 11) % 97) as f64 / 70.0);
    Tensor::new(elements.collect(), shape).unwrap()
}

/// First derivatives by reverse mode, forward mode and differences; then those
/// of the gradient.
fn check<const N: usize>(name: &str, f: impl Fn([&Tensor; N]) -> Result<Tensor>, at: [&Tensor; N]) {
    let first = check_gradient(&f, at).unwrap();
    assert!(first.entries > 0 && first.passed(), "{name}: {first}");
    let gradient = |x: [&Tensor; N]| {
        let (_, gradients) = value_and_gradient(&f, x)?;
        let flat: Vec<Tensor> = gradients.iter().map(Tensor::flatten).collect();
        Tensor::concat(&flat, 0)
    };
    let second = check_gradient(gradient, at).unwrap();
    assert!(second.passed(), "{name}, second derivatives: {second}");
}

#[test]
fn operations_of_one_tensor_have_right_derivatives() {
    let x = filled([2, 3]);
    let cube = filled([2, 3, 2]);
    let indices = Tensor::from([[2, 0], [2, 1]]);
    let weights = filled([2, 3]);
    type Case<'a> = (
        &'a str,
        &'a Tensor,
        Box<dyn Fn(&Tensor) -> Result<Tensor> + 'a>,
    );
    let cases: Vec<Case<'_>> = vec![
        ("reshape", &x, Box::new(|x| x.reshape([3, 2])?.powi(3))),
        ("flatten", &x, Box::new(|x| x.flatten().powi(3))),
        ("expand_dims", &x, Box::new(|x| x.expand_dims(-1)?.powi(3))),
        (
            "broadcast_to",
            &x,
            Box::new(|x| x.broadcast_to([2, 2, 3])?.powi(3)),
        ),
        ("transpose", &x, Box::new(|x| x.transpose().powi(3))),
        (
            "permute",
            &cube,
            Box::new(|x| x.permute(&[2, 0, 1])?.powi(3)),
        ),
        (
            "slice",
            &x,
            Box::new(|x| x.slice([Span::from(..), Span::from(..).step(-2)])?.powi(3)),
        ),
        ("at", &x, Box::new(|x| x.at(-1)?.powi(3))),
        ("gather", &x, Box::new(|x| x.gather(&indices, 1)?.powi(3))),
        ("sum", &x, Box::new(|x| x.powi(3)?.sum())),
        (
            "sum_axes",
            &cube,
            Box::new(|x| x.powi(3)?.sum_axes([0, -1])),
        ),
        (
            "sum_axes kept",
            &cube,
            Box::new(|x| x.sum_axes(Axes::from(1).keep())?.powi(3)),
        ),
        ("mean", &cube, Box::new(|x| x.powi(3)?.mean_axes(1))),
        ("max", &x, Box::new(|x| x.max_axes(1)?.powi(3))),
        ("min", &cube, Box::new(|x| x.min_axes([0, 2])?.powi(3))),
        ("prod", &x, Box::new(Tensor::prod)),
        ("prod_axis", &cube, Box::new(|x| x.prod_axis(1))),
        ("norm", &x, Box::new(|x| x.norm_axes(0))),
        ("logsumexp", &x, Box::new(|x| x.logsumexp_axes(1))),
        (
            "softmax",
            &x,
            Box::new(|x| x.softmax(-1)?.try_mul(&weights)),
        ),
        ("cumsum", &x, Box::new(|x| x.cumsum(1)?.powi(3))),
        ("cast", &x, Box::new(|x| x.cast(DType::F64)?.powi(3))),
        ("identity", &x, Box::new(|x| x.identity().powi(3))),
        ("relu", &x, Box::new(|x| x.try_sub(0.9)?.relu()?.powi(3))),
        ("clamp", &x, Box::new(|x| x.clamp(0.5, 1.1)?.powi(3))),
        (
            "select",
            &x,
            Box::new(|x| x.less(1.0)?.select(x.powi(3)?, x.sin()?)),
        ),
        ("divide_no_nan", &x, Box::new(|x| x.sin()?.divide_no_nan(x))),
        ("rem", &x, Box::new(|x| x.try_rem(0.7)?.powi(3))),
        (
            "number on the left",
            &x,
            Box::new(|x| (2.0 / x).try_sub(1.0 - x)),
        ),
    ];
    for (name, at, f) in cases {
        check(name, |[x]| f(x), [at]);
    }
}

#[test]
fn operations_of_two_tensors_have_right_derivatives_whatever_broadcasts() {
    let shapes: [(Tensor, Tensor); 6] = [
        (filled([3]), filled([3])),
        (filled([2, 3]), filled([3])),
        (filled([1]), filled([2, 2])),
        (filled([2, 1]), filled([1, 3])),
        (filled([]), filled([2])),
        (filled([2, 1, 2]), filled([3, 1])),
    ];
    for (x, y) in &shapes {
        // Apart, so that no tie or kink is near.
        let y = &(y + 2.0);
        let name = |operation: &str| format!("{operation} of {} and {}", x.shape(), y.shape());
        check(&name("add"), |[x, y]| x.try_add(y)?.powi(3), [x, y]);
        check(&name("sub"), |[x, y]| x.try_sub(y)?.powi(3), [x, y]);
        check(&name("mul"), |[x, y]| x.try_mul(y)?.powi(2), [x, y]);
        check(&name("div"), |[x, y]| x.try_div(y), [x, y]);
        check(&name("pow"), |[x, y]| x.pow(y), [x, y]);
        check(&name("atan2"), |[x, y]| x.atan2(y), [x, y]);
        check(&name("hypot"), |[x, y]| x.hypot(y), [x, y]);
        check(&name("maximum"), |[x, y]| x.maximum(y)?.powi(3), [x, y]);
        check(&name("minimum"), |[x, y]| x.minimum(y)?.powi(3), [x, y]);
    }
}

#[test]
fn products_and_joins_have_right_derivatives() {
    let (a, b, v) = (filled([2, 3]), filled([3, 2]), filled([3]));
    check("matmul", |[a, b]| a.matmul(b)?.powi(2), [&a, &b]);
    check("matrix and vector", |[a, v]| a.matmul(v)?.powi(2), [&a, &v]);
    check("vector and matrix", |[v, b]| v.matmul(b)?.powi(2), [&v, &b]);
    check("dot", |[v, w]| v.matmul(w)?.powi(2), [&v, &filled([3])]);
    let (batch, one) = (filled([2, 2, 3]), filled([3, 1]));
    check("batches", |[a, b]| a.matmul(b)?.powi(2), [&batch, &one]);
    check(
        "concat",
        |[a, b]| Tensor::concat([a, &b.transpose(), a], 0)?.powi(3),
        [&a, &b],
    );
    check(
        "stack",
        |[v, w]| Tensor::stack([v, w, v], 1)?.powi(3),
        [&v, &filled([3])],
    );
}

#[test]
fn broadcasting_pairs_each_element_as_loops_would() -> Result<()> {
    let shapes: [&[usize]; 9] = [
        &[],
        &[3],
        &[1],
        &[2, 3],
        &[2, 1],
        &[1, 3],
        &[4, 1, 3],
        &[4, 2, 1],
        &[4, 2, 3],
    ];
    for left in shapes {
        for right in shapes {
            let count = |shape: &[usize]| shape.iter().product::<usize>();
            let make = |shape: &[usize], first: usize| {
                let elements = (0..count(shape)).map(|index| (first + index) as f64);
                Tensor::new(elements.collect(), shape).unwrap()
            };
            let (x, y) = (make(left, 1), make(right, 100));
            let both = x.shape().broadcast(y.shape()).unwrap();
            let element = |values: &[f64], shape: &[usize], index: usize| {
                let (mut rest, mut place, mut step) = (index, 0, 1);
                for (number, length) in both.iter().rev().enumerate() {
                    let own = shape.iter().rev().nth(number).copied().unwrap_or(1);
                    place += if own == 1 { 0 } else { rest % length * step };
                    step *= own;
                    rest /= length;
                }
                values[place]
            };
            let expected: Vec<f64> = (0..count(&both))
                .map(|index| {
                    let x = element(x.as_slice().unwrap(), left, index);
                    x * 1000.0 - element(y.as_slice().unwrap(), right, index)
                })
                .collect();
            let found = (&x * 1000.0).try_sub(&y)?;
            assert_eq!(found.shape(), &both);
            assert_eq!(found.as_slice::<f64>()?, expected, "{left:?} {right:?}");
            let chosen = x.less(&y)?.select(&x, &y)?;
            assert_eq!(chosen, x.minimum(&y)?, "{left:?} {right:?}");
        }
    }
    Ok(())
}

#[test]
fn matrices_are_multiplied_as_loops_would_in_the_stated_order() -> Result<()> {
    for [m, k, n] in [[1, 1, 1], [2, 3, 4], [5, 9, 7], [3, 6, 600], [4, 0, 2]] {
        let (a, b) = (
            filled([m, k]).cast(DType::F32)?,
            filled([k, n]).cast(DType::F32)?,
        );
        let (x, y) = (a.as_slice::<f32>()?, b.as_slice::<f32>()?);
        let mut expected = vec![0.0_f32; m * n];
        for i in 0..m {
            for j in 0..n {
                for l in 0..k {
                    expected[i * n + j] += x[i * k + l] * y[l * n + j];
                }
            }
        }
        let found = a.matmul(&b)?;
        let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(found.as_slice()?), bits(&expected), "{m} {k} {n}");
    }
    let batch = filled([2, 1, 2, 3]).matmul(&filled([4, 3, 2]))?;
    assert_eq!(batch.shape()[..], [2, 4, 2, 2]);
    let part = filled([2, 1, 2, 3])
        .at(1)?
        .at(0)?
        .matmul(&filled([4, 3, 2]).at(2)?)?;
    assert_eq!(batch.at(1)?.at(2)?, part);
    Ok(())
}

#[test]
fn reductions_take_any_axes() -> Result<()> {
    let x = Tensor::range(24)?.reshape([2, 3, 4])?;
    assert_eq!(x.sum_axes([0, 2])?, Tensor::from([60, 92, 124]));
    assert_eq!(x.sum_axes([2, 0])?, Tensor::from([60, 92, 124]));
    assert_eq!(
        x.sum_axes(Axes::from([0, 2]).keep())?.shape()[..],
        [1, 3, 1]
    );
    assert_eq!(x.max_axes([0, 2])?, Tensor::from([15, 19, 23]));
    assert_eq!(x.min_axes([0, 1])?, Tensor::from([0, 1, 2, 3]));
    assert_eq!(x.sum_axes(1)?.shape()[..], [2, 4]);
    assert_eq!(x.argmax(1)?, Tensor::full(2_i64, [2, 4])?);
    assert_eq!(x.cumsum(0)?.at(1)?, x.sum_axes(0)?);
    assert_eq!(Tensor::from([3, 1, 2]).prod()?, Tensor::from(6));
    let nobody = Tensor::zeros(DType::F64, [0, 3])?;
    assert_eq!(nobody.sum_axes(0)?, Tensor::from([0.0, 0.0, 0.0]));
    assert_eq!(nobody.max_axes(0)?, Tensor::full(f64::NEG_INFINITY, [3])?);
    assert_eq!(nobody.prod_axis(0)?, Tensor::ones(DType::F64, [3])?);
    assert!(nobody.mean()?.item::<f64>()?.is_nan());
    assert_eq!(nobody.sum_axes(1)?.shape()[..], [0]);
    assert_eq!(nobody.logsumexp()?, Tensor::from(f64::NEG_INFINITY));
    Ok(())
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "Python takes them too")]
fn slices_follow_python() -> Result<()> {
    let x = Tensor::range(5)?;
    let part = |span: Span| numbers(&x.slice([span]).unwrap());
    assert_eq!(part((1..4).into()), [1.0, 2.0, 3.0]);
    assert_eq!(part((-3..-1).into()), [2.0, 3.0]);
    assert_eq!(part((3..99).into()), [3.0, 4.0]);
    assert!(part((4..1).into()).is_empty());
    assert_eq!(part(Span::from(..).step(2)), [0.0, 2.0, 4.0]);
    assert_eq!(part(Span::from(..).step(-1)), [4.0, 3.0, 2.0, 1.0, 0.0]);
    assert_eq!(part(Span::from(3..0).step(-2)), [3.0, 1.0]);
    assert_eq!(part(Span::from(..-4).step(-1)), [4.0, 3.0, 2.0]);
    assert_eq!(part((-99..2).into()), [0.0, 1.0]);
    Ok(())
}

#[test]
fn whole_numbers_and_truth_values_are_computed_with() -> Result<()> {
    let x = Tensor::from([3, -4, 0]);
    assert_eq!(&x * 2 - 1, Tensor::from([5, -9, -1]));
    assert_eq!(-&x, Tensor::from([-3, 4, 0]));
    assert_eq!(x.abs()?, Tensor::from([3, 4, 0]));
    assert_eq!(x.sign()?, Tensor::from([1, -1, 0]));
    let positive = x.greater(0)?;
    assert_eq!(positive, Tensor::from([true, false, false]));
    let zero = x.equals(0)?;
    assert_eq!(&positive | &zero, Tensor::from([true, false, true]));
    assert_eq!(!(&positive | &zero), x.less(0)?);
    assert_eq!(&positive & &zero, Tensor::from([false, false, false]));
    assert_eq!(positive.select(&x, 7)?, Tensor::from([3, 7, 7]));
    assert_eq!(Tensor::from(i64::MAX) + 1, Tensor::from(i64::MIN));
    assert_eq!(Tensor::from(1) * i64::MAX, Tensor::from(i64::MAX));
    // A number takes the type of the tensor, on either side.
    let half = Tensor::from(0.5_f32);
    assert_eq!(&half * 3.0_f32 + 1, Tensor::from(2.5_f32));
    assert_eq!((2 * &half - 0.1).sum()?, Tensor::from(1.0_f32 - 0.1_f32));
    assert_eq!(half.pow(2)? % 1.0, Tensor::from(0.25_f32));
    assert_eq!(
        positive.cast(DType::F32)?,
        Tensor::from([1.0_f32, 0.0, 0.0])
    );
    assert_eq!(Tensor::eye(DType::I64, 2)?, Tensor::from([[1, 0], [0, 1]]));
    Ok(())
}

#[test]
fn tensors_are_printed_with_their_ends() {
    let shown = |tensor: Tensor| format!("{tensor:?}");
    assert_eq!(shown(Tensor::from(1.5)), "Tensor(1.5, f64)");
    assert_eq!(
        shown(Tensor::from([[1.0_f32, 1e-40], [f32::NAN, 0.25]])),
        "Tensor([[1.0, 1e-40], [NaN, 0.25]], f32, shape [2, 2])"
    );
    let long = Tensor::range(1000).unwrap();
    assert_eq!(long.to_string(), "[0, 1, 2, …, 997, 998, 999]");
    assert_eq!(Tensor::from(Vec::<bool>::new()).to_string(), "[]");
}
