//! Variables: items 40 to 42, and the first descent.

use gradtape_experiment::batch::{self, Cancelled, Control};
use gradtape_experiment::plan::Plan;
use gradtape_tape::Subnormals;
use gradtape_tape::{DType, Error, GradientTape, Result, Tensor, Variable, with_subnormals};

use super::{number, numbers};

#[test]
fn item_40_state_stops_gradients() -> Result<()> {
    let (v, w) = (Variable::new(3.0), Variable::new(1.0));
    let tape = GradientTape::new();
    let z = tape.record(|| {
        v.assign_add(&w)?;
        v.value().square()
    })??;
    let (dv, dw) = tape.gradient(&z, (&v, &w))?;
    assert_eq!((number(dv), dw), (8.0, None));
    Ok(())
}

#[test]
fn item_40_values_are_those_at_the_time_of_reading() -> Result<()> {
    let v = Variable::new(3.0);
    let tape = GradientTape::new();
    let y = tape.record(|| &v * &v)?;
    v.assign(10.0)?;
    assert_eq!(number(tape.gradient(&y, &v)?), 6.0);
    let v = Variable::new(2.0);
    let y = tape.record(|| {
        let before = &v * &v;
        v.assign(5.0)?;
        before.try_add(3.0 * &v)
    })??;
    assert_eq!(numbers(&y), [19.0]);
    assert_eq!(number(tape.gradient(&y, &v)?), 7.0);
    Ok(())
}

#[test]
fn item_40_the_value_that_assign_returns_is_a_read() -> Result<()> {
    let v = Variable::new(3.0);
    let tape = GradientTape::new();
    let y = tape.record(|| v.assign_sub(1.0)?.square())??;
    assert_eq!(numbers(&v.value()), [2.0]);
    assert_eq!(number(tape.gradient(&y, &v)?), 4.0);
    Ok(())
}

#[test]
fn item_41_a_tensor_in_the_place_of_a_variable_is_not_watched() -> Result<()> {
    let x = Variable::new(3.0);
    let x = &x + 1.0;
    let tape = GradientTape::new();
    let y = tape.record(|| &x * &x)?;
    assert_eq!(tape.gradient(&y, &x)?, None);
    Ok(())
}

#[test]
fn item_42_a_variable_keeps_its_shape_and_type() {
    let v = Variable::new(3.0_f32);
    let error = v.assign([1.0_f32, 2.0]).unwrap_err();
    assert!(matches!(&error, Error::Shape { operation: "assign", shape, .. } if shape[..] == [2]));
    let error = v.assign(1.0).unwrap_err();
    assert!(matches!(
        error,
        Error::MixedTypes {
            left: DType::F32,
            right: DType::F64,
            ..
        }
    ));
    assert!(v.assign_add([1.0_f32, 2.0]).is_err());
    assert!(v.assign_sub(Tensor::from(1)).is_err());
    assert_eq!(v.value(), Tensor::from(3.0_f32));
}

#[test]
fn a_variable_can_be_assigned_to_itself() -> Result<()> {
    let v = Variable::new(2.0);
    // On a separate thread: it must not wait for itself.
    let (sender, receiver) = std::sync::mpsc::channel();
    let own = v.clone();
    std::thread::spawn(move || {
        let assigned = [
            own.assign(&own),
            own.assign_add(&own),
            own.assign_sub(own.value() * 0.25),
            own.assign(own.value().square().unwrap()),
        ];
        let _ = sender.send(assigned);
    });
    let patience = std::time::Duration::from_secs(60);
    let assigned = receiver.recv_timeout(patience).expect("no deadlock");
    let assigned: Vec<f64> = assigned
        .into_iter()
        .map(|it| it?.item())
        .collect::<Result<_>>()?;
    assert_eq!(assigned, [2.0, 4.0, 3.0, 9.0]);
    Ok(())
}

#[test]
fn a_variable_is_updated_by_many_threads_without_losing_any() {
    let v = Variable::new(0.0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..500).for_each(|_| drop(v.assign_add(1.0).unwrap())));
        }
    });
    assert_eq!(v.value(), Tensor::from(2000.0));
}

/// w² in f32 by hand, a fresh tape for each epoch: every epoch has the bits of
/// the recorded report, and the last one those of the runner.
#[test]
fn the_descent_by_hand_has_the_bits_of_the_runner() {
    let recorded = include_str!("../../../reports/parabola/trajectories.csv");
    let mut rows = recorded.lines();
    let columns: Vec<&str> = rows.next().unwrap().split(',').collect();
    let column = columns.iter().position(|name| *name == "w0").unwrap();
    let mut recorded = rows.map(|row| row.split(',').nth(column).unwrap().parse::<f32>().unwrap());
    let w = Variable::new(1.0_f32);
    let value = || w.value().item::<f32>().unwrap();
    with_subnormals(Subnormals::Flush, || {
        assert_eq!(recorded.next(), Some(1.0));
        for epoch in 1..=10_000 {
            let tape = GradientTape::new();
            let loss = tape.record(|| &w * &w).unwrap();
            let gradient = tape.connected_gradient(&loss, &w).unwrap();
            w.assign_sub(0.01 * &gradient).unwrap();
            let expected = recorded.next().unwrap();
            assert_eq!(value().to_bits(), expected.to_bits(), "epoch {epoch}");
        }
    });
    assert_eq!(recorded.next(), None);
    assert_eq!(value(), 5.803_526e-37);
    let text = include_str!("../../../experiments/parabola.toml");
    let plan = Plan::new("parabola.toml", text).unwrap();
    let finished = batch::run(
        &plan,
        &[0],
        || (),
        &Control::default(),
        |outcomes, ()| {
            assert_eq!(outcomes[0].1.parameters[0].to_string(), "5.803526e-37");
            Ok::<(), Cancelled>(())
        },
    );
    assert!(finished.is_ok());
}
