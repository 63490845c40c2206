//! Gradients of targets with respect to sources: items 19 to 34.

use std::collections::{BTreeMap, HashMap};

use gradtape_tape::{
    DType, Error, GradientOptions, GradientTape, Result, Tensor, UnconnectedGradients, Variable,
    custom_gradient,
};

use super::{number, numbers, squared};

fn weighted(weights: Vec<Tensor>) -> GradientOptions {
    GradientOptions {
        output_gradients: Some(weights),
        ..GradientOptions::default()
    }
}

const ZERO: GradientOptions = GradientOptions {
    output_gradients: None,
    unconnected_gradients: UnconnectedGradients::Zero,
};

#[test]
fn item_19_the_result_has_the_structure_of_the_sources() -> Result<()> {
    let (x, b) = (Variable::new(20.0), Variable::new(10.0));
    let tape = GradientTape::persistent();
    let y = tape.record(|| &x * &x + &b * &b)?;
    assert_eq!(number(tape.gradient(&y, &x)?), 40.0);
    let (dx, [db, dx_again]) = tape.gradient(&y, (&x, [&b, &x]))?;
    assert_eq!(
        [number(dx), number(db), number(dx_again)],
        [40.0, 20.0, 40.0]
    );
    let list = tape.gradient(&y, vec![x.clone(), b.clone()])?;
    assert_eq!(list.len(), 2);
    let slice: &[&Variable] = &[&b, &x];
    assert_eq!(number(tape.gradient(&y, slice)?.remove(1)), 40.0);
    let map = tape.gradient(&y, BTreeMap::from([("x", &x), ("b", &b)]))?;
    assert_eq!(number(map["b"].clone()), 20.0);
    let map = tape.gradient(&y, HashMap::from([(1, vec![&x]), (2, vec![&b, &b])]))?;
    assert_eq!((map[&1].len(), map[&2].len()), (1, 2));
    let nothing: Vec<Option<Tensor>> = tape.gradient(&y, Vec::<Tensor>::new())?;
    assert!(nothing.is_empty());
    tape.gradient(&y, ())?;
    Ok(())
}

#[test]
fn item_20_several_targets_are_added() -> Result<()> {
    let x = Variable::new([1.0, 2.0]);
    let tape = GradientTape::persistent();
    let (y, z) = tape.record(|| (&x * &x, &x * 10.0))?;
    assert_eq!(numbers(&tape.connected_gradient(&y, &x)?), [2.0, 4.0]);
    assert_eq!(
        numbers(&tape.connected_gradient((&y, [&z]), &x)?),
        [12.0, 14.0]
    );
    assert_eq!(numbers(&tape.connected_gradient([&y, &y], &x)?), [4.0, 8.0]);
    assert_eq!(tape.gradient((), &x)?, None);
    Ok(())
}

#[test]
fn item_21_intermediate_results_are_sources_and_targets() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::persistent();
    let (y, z, copy, read) = tape.record(|| {
        let read = x.value();
        let y = &read * &read;
        let z = &y * &y;
        let copy = y.identity();
        (y, z, copy, read)
    })?;
    assert_eq!(number(tape.gradient(&z, &y)?), 18.0);
    assert_eq!(number(tape.gradient(&y, &x)?), 6.0);
    assert_eq!(number(tape.gradient(&z, &read)?), 108.0);
    let (dz_dx, dz_dy) = tape.gradient(&z, (&x, &y))?;
    assert_eq!((number(dz_dx), number(dz_dy)), (108.0, 18.0));
    assert_eq!(tape.gradient(&y, &z)?, None, "downstream");
    assert_eq!(tape.gradient(&z, &copy)?, None, "known by identity");
    assert_eq!(tape.gradient(&z, x.value())?, None, "a fresh read");
    assert_eq!(
        number(tape.gradient(&z, y.clone())?),
        18.0,
        "a clone is the same"
    );
    Ok(())
}

#[test]
fn item_22_the_gradient_of_something_by_itself_is_one() -> Result<()> {
    let (x, v, w) = (
        Tensor::from([1.0, 2.0]),
        Variable::new(3.0),
        Variable::new(4.0),
    );
    let tape = GradientTape::persistent();
    tape.record(|| ())?;
    assert_eq!(numbers(&tape.connected_gradient(&x, &x)?), [1.0, 1.0]);
    assert_eq!(number(tape.gradient(&v, &v)?), 1.0);
    assert_eq!(tape.gradient(&v, &w)?, None);
    Ok(())
}

#[test]
fn item_24_a_tape_that_is_not_persistent_gives_one_set() -> Result<()> {
    let tape = GradientTape::new();
    let (x, y) = squared(&tape)?;
    tape.gradient(&y, &x)?;
    let used = line!() - 1;
    let is_consumed =
        |error: Error| matches!(&error, Error::Consumed { used: by, .. } if by.line() == used);
    assert!(is_consumed(tape.gradient(&y, &x).unwrap_err()));
    assert!(is_consumed(tape.jacobian(&y, &x).unwrap_err()));
    assert!(is_consumed(
        tape.jvp(&y, &x, Tensor::from(1.0)).unwrap_err()
    ));
    let matrix = Tensor::from([[1.0]]);
    assert!(is_consumed(
        tape.batch_jacobian(&matrix, &matrix).unwrap_err()
    ));
    for tape in [GradientTape::new(), GradientTape::persistent()] {
        let error = tape.gradient(&y, &x).unwrap_err();
        assert!(matches!(
            error,
            Error::NeverEntered {
                method: "gradient",
                ..
            }
        ));
    }
    Ok(())
}

#[test]
fn item_25_a_failed_call_leaves_the_tape_usable() -> Result<()> {
    let x = Variable::new([1.0, 2.0]);
    let tape = GradientTape::new();
    let y = tape.record(|| {
        custom_gradient(
            [&x.value()],
            |[x]| x.square(),
            |g, [x], _| {
                // Fails when asked for the first time only.
                static ASKED: std::sync::Once = std::sync::Once::new();
                if !ASKED.is_completed() {
                    ASKED.call_once(|| ());
                    return Ok([g.sum()?]);
                }
                Ok([g * 2.0 * x])
            },
        )
    })??;
    let wrong = weighted(vec![Tensor::from([1.0, 2.0, 3.0])]);
    assert!(tape.gradient_with(&y, &x, wrong).is_err());
    let error = tape.gradient(&y, &x).unwrap_err();
    assert!(
        matches!(&error, Error::Shape { operation: "custom_gradient", shape, .. } if shape.is_empty()),
        "{error}"
    );
    assert_eq!(numbers(&tape.connected_gradient(&y, &x)?), [2.0, 4.0]);
    assert!(matches!(tape.gradient(&y, &x), Err(Error::Consumed { .. })));
    Ok(())
}

#[test]
fn item_26_a_persistent_tape_gives_any_number() -> Result<()> {
    let tape = GradientTape::persistent();
    let (x, y) = squared(&tape)?;
    for _ in 0..3 {
        assert_eq!(number(tape.gradient(&y, &x)?), 6.0);
    }
    assert_eq!(numbers(&tape.jacobian(&y, &x)?.unwrap()), [6.0]);
    Ok(())
}

#[test]
fn item_27_a_gradient_in_its_own_scope_stops_the_recording() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let scope = tape.enter()?;
    let y = &x * &x;
    assert_eq!(number(tape.gradient(&y, &x)?), 6.0);
    let later = &x * 2.0;
    assert!(matches!(tape.watch(&later), Err(Error::Consumed { .. })));
    assert!(matches!(tape.enter(), Err(Error::StillRecording { .. })));
    drop(scope);
    assert!(matches!(
        tape.gradient(&later, &x),
        Err(Error::Consumed { .. })
    ));
    Ok(())
}

#[test]
fn item_28_a_persistent_gradient_in_its_own_scope_is_recorded() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::persistent();
    let scope = tape.enter()?;
    let y = x.value().powi(3)?;
    let first = tape.connected_gradient(&y, &x)?;
    let second = tape.connected_gradient(&first, &x)?;
    drop(scope);
    let third = tape.connected_gradient(&second, &x)?;
    assert_eq!(
        [first, second, third].map(|t| numbers(&t)[0]),
        [27.0, 18.0, 6.0]
    );
    Ok(())
}

#[test]
fn item_29_whole_numbers_give_none_or_zeros_of_their_type() -> Result<()> {
    let count = Variable::new([1, 2]);
    let tape = GradientTape::persistent();
    let y = tape.record(|| count.value().cast(DType::F64))??;
    assert_eq!(tape.gradient(&y, &count)?, None);
    let zeros = tape.gradient_with(&y, &count, ZERO)?.unwrap();
    assert_eq!(zeros, Tensor::from([0, 0]));
    Ok(())
}

#[test]
fn item_30_what_is_unconnected_is_none_or_zeros() -> Result<()> {
    let tape = GradientTape::persistent();
    let (x, y) = squared(&tape)?;
    let other = Variable::new([[1.0_f32, 2.0]]);
    let (dx, none) = tape.gradient(&y, (&x, &other))?;
    assert!(dx.is_some() && none.is_none());
    let (dx, zeros) = tape.gradient_with(&y, (&x, &other), ZERO)?;
    assert_eq!(number(dx), 6.0);
    assert_eq!(zeros, Some(Tensor::from([[0.0_f32, 0.0]])));
    Ok(())
}

#[test]
fn item_31_output_gradients_weight_the_targets() -> Result<()> {
    let x = Variable::new([1.0, 2.0]);
    let tape = GradientTape::persistent();
    let (y, z) = tape.record(|| (&x * &x, &x * 10.0))?;
    let (a, b) = (Tensor::from([7.0, 10.0]), Tensor::from(2.0));
    let product = tape.gradient_with((&y, &z), &x, weighted(vec![a.clone(), b]))?;
    assert_eq!(numbers(&product.unwrap()), [34.0, 60.0]);
    let count = |given: Vec<Tensor>, expected: (usize, usize)| {
        let error = tape
            .gradient_with([&y, &z], &x, weighted(given))
            .unwrap_err();
        assert!(
            matches!(error, Error::Count { given, expected: targets, .. } if (given, targets) == expected)
        );
    };
    count(vec![a.clone()], (1, 2));
    count(vec![a.clone(), a.clone(), a], (3, 2));
    let wrong = |weight: Tensor| {
        tape.gradient_with(&y, &x, weighted(vec![weight]))
            .unwrap_err()
    };
    assert!(matches!(wrong(Tensor::from([1.0])), Error::Shape { .. }));
    assert!(matches!(
        wrong(Tensor::from([1.0_f32, 1.0])),
        Error::MixedTypes { .. }
    ));
    assert!(matches!(
        wrong(Tensor::from([1, 1])),
        Error::MixedTypes { .. }
    ));
    Ok(())
}

#[test]
fn item_32_gradients_are_dense_and_broadcasting_is_undone() -> Result<()> {
    let table = Variable::new([1.0_f32, 2.0, 3.0]);
    let (row, column) = (
        Variable::new([1.0, 2.0, 3.0]),
        Variable::new([[1.0], [2.0]]),
    );
    let tape = GradientTape::persistent();
    let (gathered, product) = tape.record(|| -> Result<_> {
        let gathered = table.value().gather(&Tensor::from([0, 0, 2]), 0)?;
        Ok((gathered, &row * &column))
    })??;
    let gradient = tape.connected_gradient(&gathered, &table)?;
    assert_eq!(gradient, Tensor::from([2.0_f32, 0.0, 1.0]));
    let (by_row, by_column) = tape.connected_gradient(&product, (&row, &column))?;
    assert_eq!(by_row, Tensor::from([3.0, 3.0, 3.0]));
    assert_eq!(by_column, Tensor::from([[6.0], [6.0]]));
    let mixed = Tensor::from(1.0_f32)
        .try_mul(Tensor::from(1.0))
        .unwrap_err();
    assert!(matches!(
        mixed,
        Error::MixedTypes {
            left: DType::F32,
            right: DType::F64,
            ..
        }
    ));
    Ok(())
}

#[test]
fn item_32_a_cast_between_floats_passes_the_gradient_in_the_type_of_the_source() -> Result<()> {
    let x = Variable::new(3.0_f32);
    let tape = GradientTape::new();
    let y = tape.record(|| x.value().cast(DType::F64)?.square())??;
    assert_eq!(tape.gradient(&y, &x)?, Some(Tensor::from(6.0_f32)));
    Ok(())
}

#[test]
fn item_33_operations_without_a_derivative_give_none_but_sign_gives_zero() -> Result<()> {
    let x = Variable::new([1.4, 2.6]);
    let tape = GradientTape::persistent();
    let read = || x.value();
    let (none, zero) = tape.record(|| -> Result<_> {
        let none = vec![
            read().floor()?,
            read().ceil()?,
            read().round()?,
            read().argmax(0)?,
            read().cast(DType::I64)?.cast(DType::F64)?,
            read().less(2.0)?.cast(DType::F64)?,
            Tensor::from(read().to_vec::<f64>()?),
        ];
        Ok((none, read().sign()?))
    })??;
    for target in &none {
        assert_eq!(tape.gradient(target, &x)?, None, "{target:?}");
    }
    assert_eq!(tape.gradient(&zero, &x)?, Some(Tensor::from([0.0, 0.0])));
    Ok(())
}

#[test]
fn item_34_stop_gradient_cuts_one_path_only() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::persistent();
    let (y, cut) = tape.record(|| {
        let square = &x * &x;
        (square.stop_gradient() * &x, square.stop_gradient())
    })?;
    assert_eq!(number(tape.gradient(&y, &x)?), 9.0);
    assert_eq!(tape.gradient(&cut, &x)?, None);
    Ok(())
}

#[test]
fn item_34_a_custom_gradient_replaces_the_rule_at_every_order_and_in_both_modes() -> Result<()> {
    let x = Variable::new([0.5, 2.0]);
    let tape = GradientTape::persistent();
    let scope = tape.enter()?;
    // The value is x², the rule says 5x.
    let y = custom_gradient(
        [&x.value()],
        |[x]| x.square(),
        |g, [x], _| Ok([g * 5.0 * x]),
    )?;
    let first = tape.connected_gradient(&y, &x)?;
    drop(scope);
    assert_eq!(numbers(&first), [2.5, 10.0]);
    assert_eq!(numbers(&tape.connected_gradient(&first, &x)?), [5.0, 5.0]);
    let forward = tape.jvp(&y, &x, Tensor::from([1.0, 10.0]))?.unwrap();
    assert_eq!(numbers(&forward), [2.5, 100.0]);
    Ok(())
}

#[test]
fn a_custom_gradient_refuses_what_is_not_an_operand() -> Result<()> {
    let (x, w) = (Variable::new(2.0), Variable::new(3.0).named("w"));
    let fixed = Variable::untrainable(5.0);
    let times = |value: &dyn Fn(&Tensor) -> Result<Tensor>| {
        custom_gradient([&x.value()], |[x]| value(x), |g, _, _| Ok([g.clone()]))
    };
    let tape = GradientTape::new();
    let (read, captured, allowed) = tape.record(|| {
        let product = w.value() * 2.0;
        let constant = product.stop_gradient();
        let read = times(&|x| x.try_mul(&w));
        let captured = times(&|x| x.try_mul(&product));
        // A constant, a variable that is not watched, and what is made within.
        let allowed = times(&|x| {
            let own = GradientTape::new();
            let own_variable = Variable::new(1.0);
            let inner = own.record(|| own_variable.value() * 4.0)?;
            x.try_mul(&constant)?.try_mul(&fixed)?.try_mul(&inner)
        });
        (read, captured, allowed)
    })?;
    let message = read.unwrap_err().to_string();
    assert!(
        message.contains("the value uses variable `w` (f64) at tests/it/tape/gradients.rs")
            && message.contains("make it an operand"),
        "{message}"
    );
    assert!(matches!(captured, Err(Error::NotAnOperand { used, .. }) if used.contains("mul")));
    assert_eq!(allowed?, Tensor::from(2.0 * 6.0 * 5.0 * 4.0));
    // Where no tape records, there is nothing to lose.
    assert_eq!(times(&|x| x.try_mul(&w))?, Tensor::from(6.0));
    // Within another custom gradient the outer one is asked too.
    let nested = tape.record(|| {
        times(&|x| custom_gradient([x], |[x]| x.try_mul(&w), |g, _, _| Ok([g.clone()])))
    })?;
    assert!(matches!(nested, Err(Error::NotAnOperand { .. })));
    Ok(())
}
