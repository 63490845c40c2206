//! Each reason why a gradient is missing, as a value and as text.

use gradtape_tape::{
    Axes, DType, Explanation, GradientTape, Reason, Result, TapeOptions, Tensor, Variable,
    custom_gradient,
};

/// The printed explanation, with the lines of this file counted from the line of
/// the test.
fn printed(explanation: &Explanation, first_line: u32) -> String {
    let text = explanation.to_string();
    let mut parts = text.split("tests/it/explanations.rs:");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        let line: u32 = part[..digits].parse().unwrap();
        // The column is omitted.
        let rest = part[digits..].trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
        shown += &format!("line +{}{rest}", line - first_line);
    }
    shown
}

macro_rules! assert_explained {
    ($first_line:expr, $explanation:expr, $reason:pat, @$snapshot:literal) => {{
        let explanation: Explanation = $explanation;
        #[allow(clippy::redundant_pattern_matching, reason = "the pattern may be `None`")]
        let is_right = matches!(explanation.reason, $reason);
        assert!(
            is_right,
            "{:?}",
            explanation.reason
        );
        insta::assert_snapshot!(printed(&explanation, $first_line), @$snapshot);
    }};
}

#[test]
fn a_tensor_that_nobody_watched() -> Result<()> {
    let line = line!();
    let x = Tensor::from(20.0);
    let tape = GradientTape::new();
    let y = tape.record(|| &x * &x + 1.0)?;
    assert_eq!(tape.gradient(&y, &x)?, None);
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::NeverWatched { trainable: None }), @r"
    no gradient: the source was never watched; call `tape.watch(&source)` before it is used, or make it a `Variable`
      target  the result of `add` at line +3 (f64)
        │ add  line +3
        │ mul  line +3  last connected
      source  the tensor made at line +1 (f64)
    ");
    Ok(())
}

#[test]
fn a_variable_that_is_not_trainable() -> Result<()> {
    let line = line!();
    let step = Variable::untrainable(0.5).named("step");
    let tape = GradientTape::new();
    let y = tape.record(|| &step * 2.0)?;
    assert_eq!(tape.gradient(&y, &step)?, None);
    assert_explained!(line, tape.explain(&y, &step), Some(Reason::NeverWatched { trainable: Some(false) }), @r"
    no gradient: the source is a variable that is not trainable and was never watched; call `tape.watch(&source)` before it is read
      target  the result of `mul` at line +3 (f64)
        │ mul   line +3
        │ read  line +3  last connected
      source  variable `step` (f64)
    ");
    Ok(())
}

#[test]
fn a_variable_on_a_tape_that_watches_nothing_by_itself() -> Result<()> {
    let line = line!();
    let x = Variable::new(3.0).named("x");
    let tape = GradientTape::with_options(TapeOptions {
        watch_accessed_variables: false,
        ..TapeOptions::default()
    });
    let y = tape.record(|| &x * 2.0)?;
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::NeverWatched { trainable: Some(true) }), @r"
    no gradient: the source was never watched, and this tape does not watch variables automatically; call `tape.watch(&source)` before it is read
      target  the result of `mul` at line +6 (f64)
        │ mul   line +6
        │ read  line +6  last connected
      source  variable `x` (f64)
    ");
    Ok(())
}

#[test]
fn watched_after_it_was_used() -> Result<()> {
    let line = line!();
    let x = Tensor::from(3.0);
    let tape = GradientTape::new();
    let y = tape.record(|| {
        let y = &x * &x;
        tape.watch(&x)?;
        Ok::<_, gradtape_tape::Error>(y)
    })??;
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::WatchedAfterUse { .. }), @r"
    no gradient: the source was watched at line +5, after it had been used at line +4; only later operations are recorded
      target  the result of `mul` at line +4 (f64)
        │ mul  line +4  last connected
      source  the tensor made at line +1 (f64)
    ");
    Ok(())
}

#[test]
fn computed_before_the_tape_began() -> Result<()> {
    let line = line!();
    let x = Variable::new(3.0);
    let square = &x * &x;
    let tape = GradientTape::new();
    let y = tape.record(|| &square + 1.0)?;
    assert_eq!(tape.gradient(&y, &x)?, None);
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::BeforeTape { operation: "mul", .. }), @r"
    no gradient: the target depends on the result of `mul` at line +2, which was computed before the tape began to record, so it is a constant for the tape
      target  the result of `add` at line +4 (f64)
        │ add  line +4  last connected
      source  the variable made at line +1 (f64), not reached
    ");
    Ok(())
}

#[test]
fn computed_before_the_tape_was_reset() -> Result<()> {
    let line = line!();
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let y = tape.record(|| {
        let square = &x * &x;
        tape.reset()?;
        square.try_add(1.0)
    })??;
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::BeforeTape { operation: "mul", .. }), @r"
    no gradient: the target depends on the result of `mul` at line +4, which was computed before the tape began to record, so it is a constant for the tape
      target  the result of `add` at line +6 (f64)
        │ add  line +6  last connected
      source  the variable made at line +1 (f64), not reached
    ");
    Ok(())
}

#[test]
fn computed_after_the_scope() -> Result<()> {
    let line = line!();
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let square = tape.record(|| &x * &x)?;
    let y = &square + 1.0;
    assert_eq!(tape.gradient(&y, &x)?, None);
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::OutsideScope { operation: "add", .. }), @r"
    no gradient: the target depends on the result of `add` at line +4, which was computed outside the tape's scope
      target  the result of `add` at line +4 (f64)
      source  the variable made at line +1 (f64), not reached
    ");
    Ok(())
}

#[test]
fn computed_on_another_thread() -> Result<()> {
    let line = line!();
    let x = Variable::new(3.0);
    let tape = GradientTape::new();
    let y = tape.record(|| {
        let square = std::thread::scope(|scope| scope.spawn(|| &x * &x).join().unwrap());
        square + 1.0
    })?;
    assert_eq!(tape.gradient(&y, &x)?, None);
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::AnotherThread { operation: "mul", .. }), @r"
    no gradient: the target depends on the result of `mul` at line +4, which was computed on another thread; a tape records on the thread that entered it
      target  the result of `add` at line +5 (f64)
        │ add  line +5  last connected
      source  the variable made at line +1 (f64), not reached
    ");
    Ok(())
}

#[test]
fn assigned_to_a_variable() -> Result<()> {
    let line = line!();
    let (w, v) = (Variable::new(2.0).named("w"), Variable::new(0.0).named("v"));
    let tape = GradientTape::new();
    let y = tape.record(|| {
        v.assign(&w * 3.0)?;
        v.value().square()
    })??;
    assert_eq!(tape.gradient(&y, &w)?, None);
    assert_explained!(line, tape.explain(&y, &w), Some(Reason::Assigned { .. }), @r"
    no gradient: variable `v` was assigned at line +4; gradients do not pass through an assignment to the inputs of the assigned value
      target  the result of `mul` at line +5 (f64)
        │ mul   line +5  last connected
        ┊ read  line +5
        ┊ mul   line +4
        ┊ read  line +4
      source  variable `w` (f64)
    ");
    Ok(())
}

#[test]
fn whole_numbers() -> Result<()> {
    let line = line!();
    let count = Variable::new(3_i64).named("count");
    let x = Variable::new(2.7).named("x");
    let tape = GradientTape::persistent();
    let (cast, y) = tape.record(|| -> Result<_> {
        let cast = count.value().cast(DType::F64)?;
        Ok((cast, x.value().cast(DType::I64)?.cast(DType::F64)?))
    })??;
    assert_eq!(tape.gradient(&cast, &count)?, None);
    assert_explained!(line, tape.explain(&cast, &count), Some(Reason::NotFloat { what: "the source", .. }), @r"
    no gradient: the source holds integers or booleans; only floating-point numbers have gradients
      target  the result of `cast` at line +5 (f64)
      source  variable `count` (i64), not reached
    ");
    assert_eq!(tape.gradient(&y, &x)?, None);
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::NotFloat { at: Some(_), .. }), @r"
    no gradient: the result of `cast` holds integers or booleans at line +6; only floating-point numbers have gradients
      target  the result of `cast` at line +6 (f64)
        │ cast  line +6  last connected
        ┊ cast  line +6
        ┊ read  line +6
      source  variable `x` (f64)
    ");
    Ok(())
}

#[test]
fn cut_by_stop_gradient() -> Result<()> {
    let line = line!();
    let x = Variable::new([1.0, 2.0]).named("x");
    let tape = GradientTape::new();
    let y = tape.record(|| x.value().exp()?.stop_gradient().sum()?.try_mul(2.0))??;
    assert_eq!(tape.gradient(&y, &x)?, None);
    let explanation = tape.explain(&y, &x);
    assert_eq!(explanation.last_connected().unwrap().operation, "sum");
    assert_explained!(line, explanation, Some(Reason::StopGradient { .. }), @r"
    no gradient: `stop_gradient` at line +3 turns its operand into a constant
      target  the result of `mul` at line +3 (f64)
        │ mul            line +3
        │ sum            line +3  last connected
        ┊ stop_gradient  line +3
        ┊ exp            line +3
        ┊ read           line +3
      source  variable `x` (f64, shape [2])
    ");
    Ok(())
}

#[test]
fn cut_by_stop_recording() -> Result<()> {
    let line = line!();
    let x = Variable::new(3.0).named("x");
    let tape = GradientTape::new();
    let y = tape.record(|| {
        let pause = tape.stop_recording()?;
        let square = &x * &x;
        drop(pause);
        square.try_add(1.0)
    })??;
    assert_eq!(tape.gradient(&y, &x)?, None);
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::StopRecording { operation: "mul", .. }), @r"
    no gradient: `mul` at line +5 was computed while recording was stopped
      target  the result of `add` at line +7 (f64)
        │ add   line +7  last connected
        ┊ mul   line +5
        ┊ read  line +5
      source  variable `x` (f64)
    ");
    Ok(())
}

#[test]
fn only_through_an_operation_without_a_derivative() -> Result<()> {
    let line = line!();
    let x = Variable::new([0.4, 2.6]).named("x");
    let tape = GradientTape::new();
    let y = tape.record(|| x.value().exp()?.round()?.sum())??;
    assert_eq!(tape.gradient(&y, &x)?, None);
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::NoDerivative { operation: "round", .. }), @r"
    no gradient: `round` at line +3 has no derivative
      target  the result of `sum` at line +3 (f64)
        │ sum    line +3  last connected
        ┊ round  line +3
        ┊ exp    line +3
        ┊ read   line +3
      source  variable `x` (f64, shape [2])
    ");
    Ok(())
}

#[test]
fn another_read_of_the_same_variable() -> Result<()> {
    let line = line!();
    let x = Variable::new(3.0).named("x");
    let tape = GradientTape::new();
    let y = tape.record(|| &x * 2.0)?;
    let again = x.value();
    assert_eq!(tape.gradient(&y, &again)?, None);
    assert_explained!(line, tape.explain(&y, &again), Some(Reason::AnotherRead { .. }), @r"
    no gradient: the target was computed from another tensor with the value of the same variable, read at line +3; sources are compared by identity, so pass the variable itself
      target  the result of `mul` at line +3 (f64)
      source  the value read at line +4 (f64), not reached
    ");
    Ok(())
}

#[test]
fn computed_from_the_target() -> Result<()> {
    let line = line!();
    let x = Variable::new(3.0).named("x");
    let tape = GradientTape::new();
    let (y, z) = tape.record(|| {
        let y = &x * &x;
        let z = &y + 1.0;
        (y, z)
    })?;
    assert_eq!(tape.gradient(&y, &z)?, None);
    assert_explained!(line, tape.explain(&y, &z), Some(Reason::AfterTarget), @r"
    no gradient: the source was computed from the target, not the other way round
      target  the result of `mul` at line +4 (f64)
      source  the result of `add` at line +5 (f64), not reached
    ");
    Ok(())
}

#[test]
fn not_on_any_path() -> Result<()> {
    let line = line!();
    let (x, other) = (
        Variable::new(3.0).named("x"),
        Variable::new(4.0).named("other"),
    );
    let tape = GradientTape::new();
    let y = tape.record(|| {
        let _ = &other * 2.0;
        &x * &x
    })?;
    assert_eq!(tape.gradient(&y, &other)?, None);
    assert_explained!(line, tape.explain(&y, &other), Some(Reason::NoPath), @r"
    no gradient: the source is not on any recorded path to the target
      target  the result of `mul` at line +8 (f64)
      source  variable `other` (f64), not reached
    ");
    Ok(())
}

#[test]
fn explanations_that_are_not_kept() -> Result<()> {
    let line = line!();
    let x = Tensor::from(3.0);
    let tape = GradientTape::with_options(TapeOptions {
        explanations: false,
        ..TapeOptions::default()
    });
    let y = tape.record(|| &x * &x)?;
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::NotKept), @r"
    no gradient: this tape stores no explanations; see `TapeOptions::explanations`
      target  the result of `mul` at line +6 (f64)
      source  the tensor made at line +1 (f64), not reached
    ");
    Ok(())
}

#[test]
fn connected() -> Result<()> {
    let line = line!();
    let x = Variable::new([[1.0, 2.0], [3.0, 4.0]]).named("x");
    let tape = GradientTape::new();
    let y = tape.record(|| {
        let loss = x.value().softmax(-1)?.ln()?.mean_axes(Axes::all())?;
        custom_gradient([&loss], |[x]| x.square(), |g, [x], _| Ok([g * 2.0 * x]))
    })??;
    assert!(tape.gradient(&y, &x)?.is_some());
    assert_explained!(line, tape.explain(&y, &x), None, @r"
    the gradient is connected
      target  the result of `custom_gradient` at line +5 (f64)
        │ custom_gradient  line +5
        │ div              line +4
        │ sum              line +4
        │ ln               line +4
        │ div              line +4
        │ exp              line +4
        │ sub              line +4
        │ read             line +4
      source  variable `x` (f64, shape [2, 2])
    ");
    Ok(())
}

/// Of a long path the ends and the surroundings of the cut are shown.
#[test]
fn a_long_path() -> Result<()> {
    let line = line!();
    let x = Variable::new(1.0).named("x");
    let tape = GradientTape::new();
    let y = tape.record(|| -> Result<Tensor> {
        let mut value = x.value();
        for epoch in 0..40 {
            value = value.sin()?;
            if epoch == 20 {
                value = value.floor()?;
            }
        }
        Ok(value)
    })??;
    assert_explained!(line, tape.explain(&y, &x), Some(Reason::NoDerivative { .. }), @r"
    no gradient: `floor` at line +8 has no derivative
      target  the result of `sin` at line +6 (f64)
        │ sin    line +6
        │ sin    line +6
        │ sin    line +6
        │ sin    line +6
        …
        │ sin    line +6
        │ sin    line +6  last connected
        ┊ floor  line +8
        ┊ sin    line +6
        ┊ sin    line +6
        …
        ┊ sin    line +6
        ┊ sin    line +6
        ┊ sin    line +6
        ┊ read   line +4
      source  variable `x` (f64)
    ");
    Ok(())
}

/// The reason for each source of a structure, in the same structure; the error
/// of a gradient that must exist is the explanation.
#[test]
fn explanations_come_in_the_structure_of_the_sources() -> Result<()> {
    let (x, c) = (Variable::new(3.0), Tensor::from(2.0));
    let tape = GradientTape::persistent();
    let y = tape.record(|| &x * &c)?;
    let (of_x, of_c) = tape.explain(&y, (&x, &c));
    assert_eq!(of_x.reason, None);
    assert_eq!(of_c.reason, Some(Reason::NeverWatched { trainable: None }));
    let error = tape.connected_gradient(&y, (&x, &c)).unwrap_err();
    assert_eq!(error, gradtape_tape::Error::Unconnected(Box::new(of_c)));
    Ok(())
}
