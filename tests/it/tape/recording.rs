//! What is recorded, and when: items 1 to 18.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradtape_tape::{
    Error, GradientTape, Reason, Result, TapeOptions, Tensor, Variable, with_subnormals,
};

use super::{number, squared};

#[test]
fn item_01_nothing_is_recorded_before_entering() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let before = &x * &x;
    let scope = tape.enter()?;
    drop(scope);
    assert_eq!(tape.gradient(&before, &x)?, None);
    Ok(())
}

#[test]
fn item_02_trainable_variables_are_watched_when_they_are_read() -> Result<()> {
    let (x, unread) = (Variable::new(3.0), Variable::new(1.0));
    let tape = GradientTape::new();
    tape.record(|| {
        let made_inside = Variable::new(2.0);
        assert!(tape.watched_variables().is_empty());
        let _ = made_inside.value();
        assert!(tape.watched_variables()[0].is(&made_inside));
        x.assign(4.0).unwrap();
    })?;
    let watched = tape.watched_variables();
    assert_eq!(watched.len(), 2);
    assert!(watched.iter().any(|variable| variable.is(&x)), "by assign");
    assert!(!watched.iter().any(|variable| variable.is(&unread)));
    Ok(())
}

#[test]
fn item_03_tensors_have_to_be_watched() -> Result<()> {
    let (x, b) = (Tensor::from(20.0), Tensor::from(10.0));
    let tape = GradientTape::persistent();
    let y = tape.record(|| {
        tape.watch(&x)?;
        (&x * &x).try_add(&b * &x)
    })??;
    assert_eq!(number(tape.gradient(&y, &x)?), 50.0);
    // b was an operand of something recorded, but it was never watched.
    assert_eq!(tape.gradient(&y, &b)?, None);
    Ok(())
}

#[test]
fn item_04_untrainable_variables_are_watched_on_request() -> Result<()> {
    let x = Variable::untrainable(3.0);
    let tape = GradientTape::persistent();
    let y = tape.record(|| &x * &x)?;
    assert_eq!(tape.gradient(&y, &x)?, None);
    assert!(tape.watched_variables().is_empty());
    let y = tape.record(|| {
        tape.watch(&x)?;
        (&x * &x).try_add(0.0)
    })??;
    assert_eq!(number(tape.gradient(&y, &x)?), 6.0);
    assert_eq!(tape.watched_variables().len(), 1);
    Ok(())
}

#[test]
fn item_05_a_tape_can_leave_variables_alone() -> Result<()> {
    let (x, b) = (Variable::new(3.0), Variable::new(2.0));
    let tape = GradientTape::with_options(TapeOptions {
        watch_accessed_variables: false,
        ..TapeOptions::default()
    });
    let y = tape.record(|| {
        tape.watch(&x)?;
        (&x * &x).try_mul(&b)
    })??;
    let (dx, db) = tape.gradient(&y, (&x, &b))?;
    assert_eq!((number(dx), db), (12.0, None));
    Ok(())
}

#[test]
fn item_06_watch_applies_only_to_later_operations() -> Result<()> {
    let x = Tensor::from(3.0);
    let tape = GradientTape::persistent();
    let (early, late) = tape.record(|| -> Result<_> {
        let early = &x * &x;
        tape.watch(&x)?;
        tape.watch((&x, &x))?;
        let nobody: [&Tensor; 0] = [];
        tape.watch(nobody)?;
        Ok((early, &x * 5.0))
    })??;
    assert_eq!(tape.gradient(&early, &x)?, None);
    assert_eq!(number(tape.gradient(&late, &x)?), 5.0);
    // What was computed early is a constant in what comes later.
    let mixed = tape.record(|| &early * &x)?;
    assert_eq!(number(tape.gradient(&mixed, &x)?), 9.0);
    Ok(())
}

#[test]
fn item_07_watch_after_the_scope_is_accepted() -> Result<()> {
    let x = Tensor::from(3.0);
    let tape = GradientTape::new();
    let y = tape.record(|| &x * &x)?;
    tape.watch(&x)?;
    assert_eq!(tape.gradient(&y, &x)?, None);
    Ok(())
}

#[test]
fn item_08_watch_takes_nested_structures() -> Result<()> {
    let (a, b, c) = (Tensor::from(1.0), Tensor::from(2.0), Variable::new(3.0));
    let tape = GradientTape::new();
    let y = tape.record(|| {
        tape.watch((vec![&a], [(&b, &c)]))?;
        (&a * &b).try_mul(&c)
    })??;
    let ([da], (db, dc)) = tape.gradient(&y, ([&a], (&b, &c)))?;
    assert_eq!([number(da), number(db), number(dc)], [6.0, 3.0, 2.0]);
    Ok(())
}

#[test]
fn item_09_whole_numbers_and_truth_values_have_no_gradient() -> Result<()> {
    let (count, flag) = (Tensor::from(3), Tensor::from(true));
    let tape = GradientTape::persistent();
    let (double, other) = tape.record(|| -> Result<_> {
        tape.watch([&count, &flag])?;
        Ok((&count * 2, !&flag))
    })??;
    assert_eq!(tape.gradient(&double, &count)?, None);
    assert_eq!(tape.gradient(&other, &flag)?, None);
    assert_eq!(tape.gradient(&count, &count)?, None);
    let reason = tape.explain(&double, &count).reason;
    assert!(matches!(reason, Some(Reason::NotFloat { .. })));
    Ok(())
}

#[test]
fn item_10_watch_has_an_error_for_each_mistake() -> Result<()> {
    let tape = GradientTape::new();
    let x = Tensor::from(3.0);
    let error = tape.watch(&x).unwrap_err();
    assert!(matches!(
        error,
        Error::NeverEntered {
            method: "watch",
            ..
        }
    ));
    let (w, y) = squared(&tape)?;
    tape.gradient(&y, &w)?;
    let line = line!() - 1;
    let error = tape.watch(&x).unwrap_err();
    assert!(
        matches!(error, Error::Consumed { method: "watch", used, .. } if used.line() == line),
        "{error}"
    );
    Ok(())
}

#[test]
fn item_11_a_tape_cannot_be_entered_while_it_records() -> Result<()> {
    let tape = GradientTape::new();
    let scope = tape.enter()?;
    let line = line!() - 1;
    let error = tape.enter().unwrap_err();
    assert!(matches!(error, Error::StillRecording { entered, .. } if entered.line() == line));
    assert!(tape.record(|| ()).is_err());
    drop(scope);
    assert!(tape.enter().is_ok());
    Ok(())
}

#[test]
fn item_12_entering_again_goes_on_unless_the_tape_is_used_up() -> Result<()> {
    let x = Tensor::from(3.0);
    for tape in [GradientTape::new(), GradientTape::persistent()] {
        let square = tape.record(|| {
            tape.watch(&x)?;
            x.square()
        })??;
        let y = tape.record(|| &square * &x)?;
        assert_eq!(number(tape.gradient(&y, &x)?), 27.0);
    }
    let tape = GradientTape::new();
    let y = tape.record(|| {
        tape.watch(&x)?;
        x.square()
    })??;
    tape.gradient(&y, &x)?;
    let again = tape.record(|| &x * &x)?;
    assert_eq!(tape.gradient(&again, &x)?, None, "the watch is gone");
    Ok(())
}

#[test]
fn item_13_a_panic_or_an_error_inside_leaves_the_tape_usable() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let mut y = None;
    let panic = catch_unwind(AssertUnwindSafe(|| {
        tape.record(|| {
            y = Some(&x * &x);
            &Tensor::from([1.0, 2.0]) + &Tensor::from([1.0, 2.0, 3.0])
        })
    }));
    assert!(panic.is_err());
    let after = &x * 7.0;
    assert_eq!(number(tape.gradient(y.unwrap(), &x)?), 6.0);
    assert_eq!(tape.record(|| after.exp())??.rank(), 0);
    Ok(())
}

#[test]
fn item_13_scopes_end_in_any_order() -> Result<()> {
    let x = Variable::new(3.0);
    let (first, second) = (GradientTape::new(), GradientTape::new());
    let scope_of_first = first.enter()?;
    let scope_of_second = second.enter()?;
    let both = &x * &x;
    drop(scope_of_first);
    let only_second = &both * 10.0;
    drop(scope_of_second);
    assert_eq!(first.gradient(&only_second, &x)?, None);
    assert_eq!(number(second.gradient(&only_second, &x)?), 60.0);
    Ok(())
}

#[test]
fn item_14_several_tapes_record_independently() -> Result<()> {
    let (x, z) = (Tensor::from(3.0), Tensor::from(4.0));
    let (one, other) = (GradientTape::persistent(), GradientTape::persistent());
    let y = one.record(|| {
        other.record(|| -> Result<_> {
            one.watch(&x)?;
            other.watch(&z)?;
            Ok(&x * &z)
        })
    })???;
    assert_eq!(number(one.gradient(&y, &x)?), 4.0);
    assert_eq!(one.gradient(&y, &z)?, None);
    assert_eq!(number(other.gradient(&y, &z)?), 3.0);
    assert_eq!(other.gradient(&y, &x)?, None);
    Ok(())
}

#[test]
fn item_14_a_tape_records_on_its_own_thread_only() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let (here, there) = tape.record(|| {
        let there = std::thread::scope(|scope| scope.spawn(|| &x * &x).join().unwrap());
        (&x * &x, there)
    })?;
    let (tape, x, here, there) = (&tape, &x, &here, &there);
    std::thread::scope(|scope| {
        let elsewhere = scope.spawn(move || {
            assert!(tape.explain(there, x).reason.is_some());
            number(tape.gradient(here, x).unwrap())
        });
        assert_eq!(elsewhere.join().unwrap(), 6.0);
    });
    Ok(())
}

#[test]
fn item_14_every_thread_has_tapes_of_its_own_and_the_same_bits() {
    fn descend() -> u32 {
        with_subnormals(gradtape_tape::Subnormals::Flush, || {
            let w = Variable::new([1.0_f32, -0.3, 1e-3]);
            for _ in 0..200 {
                let tape = GradientTape::new();
                let loss = tape.record(|| w.value().sin()?.square()?.sum());
                let gradient = tape.connected_gradient(loss.unwrap().unwrap(), &w).unwrap();
                w.assign_sub(0.05 * &gradient).unwrap();
            }
            w.value().sum().unwrap().item::<f32>().unwrap().to_bits()
        })
    }
    let alone = descend();
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(descend)).collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), alone);
    }
}

#[test]
fn item_15_control_flow_is_recorded_as_it_was_executed() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let y = tape.record(|| -> Result<Tensor> {
        let mut y = x.value();
        while y.item::<f64>()? < 100.0 {
            y = &y * &y;
        }
        Ok(y)
    })??;
    // 3 → 9 → 81 → 6561 = x⁸.
    assert_eq!(number(tape.gradient(&y, &x)?), 8.0 * 2187.0);
    Ok(())
}

#[test]
fn item_16_what_is_computed_while_recording_is_stopped_is_a_constant() -> Result<()> {
    let x = Variable::new(3.0);
    let t = Tensor::from(2.0);
    let tape = GradientTape::persistent();
    let (y, z) = tape.record(|| -> Result<_> {
        let pause = tape.stop_recording()?;
        let inner = tape.stop_recording()?;
        tape.watch(&t)?;
        let (square, double) = (&x * &x, &t * 2.0);
        drop(inner);
        let still = &square * 1.0;
        assert!(tape.watched_variables().is_empty());
        drop(pause);
        Ok((&still * &x, &double * &t))
    })??;
    assert_eq!(number(tape.gradient(&y, &x)?), 9.0);
    assert_eq!(number(tape.gradient(&z, &t)?), 4.0);
    Ok(())
}

#[test]
fn item_16_stop_recording_has_an_error_for_each_mistake() -> Result<()> {
    let tape = GradientTape::new();
    let error = |tape: &GradientTape| tape.stop_recording().unwrap_err();
    assert!(matches!(error(&tape), Error::NeverEntered { .. }));
    let (x, y) = squared(&tape)?;
    assert!(matches!(error(&tape), Error::NotRecording { .. }));
    tape.gradient(&y, &x)?;
    assert!(matches!(error(&tape), Error::Consumed { .. }));
    Ok(())
}

#[test]
fn item_16_a_gradient_inside_begins_a_fresh_recording_after_it() -> Result<()> {
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let scope = tape.enter()?;
    let y = &x * &x;
    let pause = tape.stop_recording()?;
    assert_eq!(number(tape.gradient(&y, &x)?), 6.0);
    drop(pause);
    let z = &x * 5.0;
    drop(scope);
    assert_eq!(number(tape.gradient(&z, &x)?), 5.0);
    Ok(())
}

#[test]
fn item_16_an_inner_gradient_is_a_constant_while_the_outer_tape_is_stopped() -> Result<()> {
    let x = Variable::new(3.0);
    let (outer, inner) = (GradientTape::new(), GradientTape::new());
    let first = outer.record(|| {
        let y = inner.record(|| &x * &x)?;
        let _pause = outer.stop_recording()?;
        inner.connected_gradient(&y, &x)
    })??;
    assert_eq!(outer.gradient(&first, &x)?, None);
    Ok(())
}

#[test]
fn item_17_reset_drops_what_was_recorded_and_every_watch() -> Result<()> {
    let x = Tensor::from(3.0);
    let tape = GradientTape::persistent();
    let error = tape.reset().unwrap_err();
    assert!(matches!(
        error,
        Error::NeverEntered {
            method: "reset",
            ..
        }
    ));
    let (before, after, late) = tape.record(|| -> Result<_> {
        tape.watch(&x)?;
        let before = &x * &x;
        tape.reset()?;
        let after = &x * &x;
        tape.watch(&x)?;
        Ok((before, after, &x * 2.0))
    })??;
    assert_eq!(tape.gradient(&before, &x)?, None);
    assert_eq!(tape.gradient(&after, &x)?, None);
    assert_eq!(number(tape.gradient(&late, &x)?), 2.0);
    let error = tape.reset().unwrap_err();
    assert!(matches!(
        error,
        Error::NotRecording {
            method: "reset",
            ..
        }
    ));
    Ok(())
}

#[test]
fn item_18_watched_variables_are_in_the_order_of_construction() -> Result<()> {
    let (a, b, count) = (Variable::new(1.0), Variable::new(2.0), Variable::new(3));
    let tape = GradientTape::new();
    assert!(tape.watched_variables().is_empty());
    let y = tape.record(|| {
        let _ = count.value();
        &b * &a
    })?;
    tape.gradient(&y, &a)?;
    let watched = tape.watched_variables();
    assert_eq!(watched.len(), 3);
    assert!(watched[0].is(&a) && watched[1].is(&b) && watched[2].is(&count));
    Ok(())
}
