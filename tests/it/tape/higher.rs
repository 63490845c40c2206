//! Higher derivatives, Jacobians and forward mode: items 35 to 39.

use gradtape_tape::{
    Error, GradientOptions, GradientTape, Result, Tensor, UnconnectedGradients, Variable, hessian,
    hessian_vector_product,
};

use super::{number, numbers};

#[test]
fn item_35_derivatives_of_derivatives_to_the_third_order() -> Result<()> {
    let x = Variable::new(2.0);
    let tapes = [
        GradientTape::new(),
        GradientTape::new(),
        GradientTape::new(),
    ];
    let [a, b, c] = &tapes;
    let (first, second) = a.record(|| -> Result<_> {
        let first = b.record(|| -> Result<_> {
            let y = c.record(|| x.value().powi(5))??;
            c.connected_gradient(&y, &x)
        })??;
        let second = b.connected_gradient(&first, &x)?;
        Ok((first, second))
    })??;
    let third = a.connected_gradient(&second, &x)?;
    assert_eq!(
        [first, second, third].map(|t| numbers(&t)[0]),
        [80.0, 160.0, 240.0]
    );
    Ok(())
}

#[test]
fn item_35_an_inner_gradient_outside_of_the_outer_scope_is_a_constant() -> Result<()> {
    let x = Variable::new(20.0);
    let (outer, inner) = (GradientTape::persistent(), GradientTape::new());
    let y = outer.record(|| inner.record(|| &x * &x))??;
    let first = inner.connected_gradient(&y, &x)?;
    assert_eq!(outer.gradient(&first, &x)?, None);
    // A sum of the two takes only the path that was recorded.
    let mixed = outer.record(|| &first + &y)?;
    assert_eq!(number(outer.gradient(&mixed, &x)?), 40.0);
    Ok(())
}

#[test]
fn item_35_both_paths_of_a_sum_count() -> Result<()> {
    let x = Variable::new(3.0);
    let (outer, inner) = (GradientTape::new(), GradientTape::new());
    let z = outer.record(|| {
        let y = inner.record(|| x.value().powi(3))??;
        inner.connected_gradient(&y, &x)?.try_add(&y)
    })??;
    assert_eq!(number(outer.gradient(&z, &x)?), 18.0 + 27.0);
    Ok(())
}

#[test]
fn item_36_the_gradient_of_a_gradient_sums_the_columns_of_the_hessian() -> Result<()> {
    let x = Variable::new([1.0, 2.0]);
    let (outer, inner) = (GradientTape::persistent(), GradientTape::new());
    let gradient = outer.record(|| {
        let y = inner.record(|| x.value().powi(4)?.sum())??;
        inner.connected_gradient(&y, &x)
    })??;
    assert_eq!(
        numbers(&outer.connected_gradient(&gradient, &x)?),
        [12.0, 48.0]
    );
    let v = Tensor::from([1.0, 10.0]);
    let options = GradientOptions {
        output_gradients: Some(vec![v.clone()]),
        ..GradientOptions::default()
    };
    let backward = outer.gradient_with(&gradient, &x, options)?.unwrap();
    let forward = outer.jvp(&gradient, &x, &v)?.unwrap();
    assert_eq!(numbers(&backward), [12.0, 480.0]);
    assert_eq!(numbers(&forward), [12.0, 480.0]);
    let hessian = outer.jacobian(&gradient, &x)?.unwrap();
    assert_eq!(hessian, Tensor::from([[12.0, 0.0], [0.0, 48.0]]));
    Ok(())
}

/// Rosenbrock's function has a Hessian that is not diagonal.
#[test]
fn item_36_hessians_of_functions() -> Result<()> {
    let rosenbrock = |x: &Tensor| -> Result<Tensor> {
        let (a, b) = (x.at(0)?, x.at(1)?);
        (1.0 - &a)
            .square()?
            .try_add(100.0 * (&b - &a * &a).square()?)
    };
    let (x, y) = (-1.2, 1.0);
    let at = Tensor::from([x, y]);
    let expected = [
        [2.0 - 400.0 * (y - 3.0 * x * x), -400.0 * x],
        [-400.0 * x, 200.0],
    ];
    let found = numbers(&hessian(rosenbrock, &at)?);
    for (found, expected) in found.iter().zip(expected.as_flattened()) {
        assert!(
            (found - expected).abs() < 1e-12 * expected.abs(),
            "{found} {expected}"
        );
    }
    let product = hessian_vector_product(rosenbrock, &at, &Tensor::from([2.0, -1.0]))?;
    let by_matrix = hessian(rosenbrock, &at)?.matmul(&Tensor::from([2.0, -1.0]))?;
    for (a, b) in numbers(&product).iter().zip(numbers(&by_matrix)) {
        assert!((a - b).abs() < 1e-10, "{a} {b}");
    }
    Ok(())
}

#[test]
fn item_37_a_jacobian_has_the_shape_of_the_target_and_then_of_the_source() -> Result<()> {
    let (m, v) = (
        Variable::new([[1.0, 2.0], [3.0, 4.0]]),
        Variable::new([5.0, 6.0]),
    );
    let scalar = Variable::new(2.0);
    let tape = GradientTape::persistent();
    let (y, of_scalar) =
        tape.record(|| -> Result<_> { Ok((m.value().matmul(&v.value())?, &scalar * &scalar)) })??;
    let (by_m, [by_v]) = tape.jacobian(&y, (&m, [&v]))?;
    assert_eq!(
        by_m.unwrap(),
        Tensor::from([[[5.0, 6.0], [0.0, 0.0]], [[0.0, 0.0], [5.0, 6.0]],])
    );
    assert_eq!(by_v.unwrap(), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    assert_eq!(tape.jacobian(&of_scalar, &scalar)?, Some(Tensor::from(4.0)));
    assert_eq!(tape.jacobian(&y, &scalar)?, None);
    let zeros = tape.jacobian_with(&y, &scalar, UnconnectedGradients::Zero)?;
    assert_eq!(zeros, Some(Tensor::from([0.0, 0.0])));
    let whole = tape.record(|| y.argmax(0))??;
    assert_eq!(tape.jacobian(&whole, &v)?, None);
    Ok(())
}

#[test]
fn item_37_a_jacobian_works_once_and_inside_of_its_own_scope() -> Result<()> {
    let x = Variable::new([1.0, 2.0]);
    let tape = GradientTape::new();
    let scope = tape.enter()?;
    let y = &x * &x;
    let jacobian = tape.jacobian(&y, &x)?.unwrap();
    drop(scope);
    assert_eq!(jacobian, Tensor::from([[2.0, 0.0], [0.0, 4.0]]));
    assert!(matches!(tape.jacobian(&y, &x), Err(Error::Consumed { .. })));
    Ok(())
}

#[test]
fn item_38_a_jacobian_needs_no_persistent_tape_whatever_its_size() -> Result<()> {
    let x = Variable::new(Tensor::range(50)?.cast(gradtape_tape::DType::F64)?);
    let tape = GradientTape::new();
    let y = tape.record(|| x.value().cumsum(0))??;
    let jacobian = tape.jacobian(&y, &x)?.unwrap();
    assert_eq!(jacobian.shape()[..], [50, 50]);
    assert_eq!(numbers(&jacobian.sum()?), [50.0 * 51.0 / 2.0]);
    Ok(())
}

#[test]
fn item_39_a_batch_jacobian_takes_each_row_by_itself() -> Result<()> {
    let x = Variable::new([[1.0, 2.0], [3.0, 4.0]]);
    let other = Variable::new([[1.0], [2.0]]);
    let tape = GradientTape::persistent();
    let y = tape.record(|| {
        let x = x.value();
        Tensor::concat([&(&x * &x), &x.prod_axis(1)?.expand_dims(1)?], 1)
    })??;
    let jacobian = tape.batch_jacobian(&y, &x)?.unwrap();
    assert_eq!(
        jacobian,
        Tensor::from([
            [[2.0, 0.0], [0.0, 4.0], [2.0, 1.0]],
            [[6.0, 0.0], [0.0, 8.0], [4.0, 3.0]],
        ])
    );
    assert_eq!(tape.batch_jacobian(&y, &other)?, None);
    let zeros = tape.batch_jacobian_with(&y, &other, UnconnectedGradients::Zero)?;
    assert_eq!(zeros.unwrap().shape()[..], [2, 3, 1]);
    let flat = Variable::new([1.0, 2.0]);
    assert!(matches!(
        tape.batch_jacobian(&flat, &x),
        Err(Error::Shape { .. })
    ));
    let one_row = Variable::new([[1.0, 2.0]]);
    let error = tape.batch_jacobian(&y, &one_row).unwrap_err();
    assert!(
        matches!(&error, Error::Shape { shape, .. } if shape[..] == [1, 2]),
        "{error}"
    );
    Ok(())
}

#[test]
fn item_39_empty_targets_have_empty_jacobians() -> Result<()> {
    let x = Variable::new(Tensor::zeros(gradtape_tape::DType::F64, [0, 2])?);
    let tape = GradientTape::persistent();
    let y = tape.record(|| &x * 2.0)?;
    assert_eq!(tape.jacobian(&y, &x)?.unwrap().shape()[..], [0, 2, 0, 2]);
    assert_eq!(tape.batch_jacobian(&y, &x)?.unwrap().shape()[..], [0, 2, 2]);
    let other = Variable::new(1.0);
    assert_eq!(tape.jacobian(&y, &other)?, None);
    Ok(())
}

#[test]
fn forward_mode_takes_what_leads_from_any_source_to_each_target() -> Result<()> {
    let (x, w) = (Variable::new([1.0, 2.0]), Variable::new(3.0));
    let tape = GradientTape::persistent();
    let (y, z) = tape.record(|| (&x * &w, &w * 2.0))?;
    let (one, tangent) = (Tensor::from(1.0), Tensor::from([10.0, 20.0]));
    let (dy, dz) = tape.jvp((&y, &z), (&x, &w), (&tangent, &one))?;
    assert_eq!(numbers(&dy.unwrap()), [31.0, 62.0]);
    assert_eq!(number(dz), 2.0);
    assert_eq!(tape.jvp(&z, &x, &tangent)?, None);
    assert!(matches!(tape.jvp(&y, &x, &one), Err(Error::Shape { .. })));
    assert!(matches!(
        tape.jvp(&y, (&x, &w), &tangent),
        Err(Error::Count { .. })
    ));
    Ok(())
}
