//! What a tape holds, and when it lets go.

use std::sync::{Arc, Weak};

use allocation_counter::measure;
use gradtape_tape::{GradientTape, Result, Tensor, Variable, custom_gradient};

/// A million bytes and more on a tape.
fn big_work(tape: &GradientTape) -> Result<(Tensor, Tensor)> {
    let x = Tensor::full(1.5, [10_000])?;
    let y = tape.record(|| {
        tape.watch(&x)?;
        let mut y = x.clone();
        for _ in 0..20 {
            y = y.sin()?.try_mul(&x)?;
        }
        y.sum()
    })??;
    Ok((x, y))
}

/// Things that a thread makes once and keeps.
fn warm_up() {
    let tape = GradientTape::new();
    let (x, y) = big_work(&tape).unwrap();
    tape.gradient(&y, &x).unwrap();
}

#[test]
fn a_persistent_tape_that_is_dropped_frees_everything() {
    warm_up();
    let counted = measure(|| {
        let tape = GradientTape::persistent();
        let (x, y) = big_work(&tape).unwrap();
        for _ in 0..3 {
            tape.gradient(&y, &x).unwrap();
        }
        let scope = tape.enter().unwrap();
        tape.jacobian(&y, &x).unwrap();
        drop(scope);
    });
    assert!(counted.bytes_max > 20 * 2 * 80_000, "{counted:?}");
    assert_eq!((counted.bytes_current, counted.count_current), (0, 0));
}

#[test]
fn a_used_up_tape_holds_no_tensors_any_more() {
    warm_up();
    let tape = GradientTape::new();
    let (x, y) = big_work(&tape).unwrap();
    let counted = measure(|| drop(tape.gradient(&y, &x).unwrap()));
    assert!(counted.bytes_current < -20 * 80_000, "{counted:?}");
    assert_eq!(tape.explain(&y, &x).reason, None, "it still explains");
}

#[test]
fn memory_does_not_grow_with_the_epochs() {
    warm_up();
    let most = |epochs: usize| {
        let counted = measure(|| {
            let w = Variable::new([1.0, 2.0]);
            for _ in 0..epochs {
                let tape = GradientTape::new();
                let loss = tape.record(|| (&w * &w).sum()).unwrap().unwrap();
                let gradient = tape.connected_gradient(&loss, &w).unwrap();
                w.assign_sub(0.1 * &gradient).unwrap();
            }
        });
        assert_eq!(counted.bytes_current, 0);
        counted.bytes_max
    };
    most(10);
    assert_eq!(most(100), most(10_000));
}

#[test]
fn the_rule_of_a_custom_gradient_is_dropped_with_the_recording() -> Result<()> {
    let captured = Arc::new(());
    let held: Weak<()> = Arc::downgrade(&captured);
    let x = Variable::new(2.0);
    let tape = GradientTape::new();
    let y = tape.record(|| {
        custom_gradient(
            [&x.value()],
            |[x]| x.square(),
            move |g, [x], _| {
                let _ = &captured;
                Ok([g * 2.0 * x])
            },
        )
    })??;
    assert!(held.upgrade().is_some());
    tape.connected_gradient(&y, &x)?;
    assert!(held.upgrade().is_none());
    Ok(())
}

/// The ones that a gradient begins with are not written out where the next
/// operation broadcasts them: there is room for the two results, no more.
#[test]
fn the_gradient_of_a_sum_needs_no_memory_beside_its_results() {
    warm_up();
    let x = Tensor::full(1.5, [10_000]).unwrap();
    let y = Tensor::full(2.5, [10_000]).unwrap();
    let tape = GradientTape::persistent();
    let scope = tape.enter().unwrap();
    tape.watch([&x, &y]).unwrap();
    let loss = (&x * &y).mean().unwrap();
    drop(scope);
    let counted = measure(|| {
        let gradients = tape.connected_gradient(&loss, [&x, &y]).unwrap();
        assert_eq!(gradients[0].shape()[..], [10_000]);
    });
    assert!(counted.bytes_max < 3 * 80_000, "{counted:?}");
}
