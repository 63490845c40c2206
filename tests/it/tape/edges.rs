//! Values and gradients at edges, in f32, where TensorFlow's choice is followed.

use gradtape::{GradientTape, Result, Tensor, value_and_gradient};

const INFINITY: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

/// The value and the gradient of a function of one number.
fn check(f: impl FnOnce(&Tensor) -> Result<Tensor>, at: f32, [value, slope]: [f32; 2]) {
    let (found, [gradient]) = value_and_gradient(|[x]| f(x), [&Tensor::from(at)]).unwrap();
    let found = [found, gradient].map(|tensor| tensor.item::<f32>().unwrap());
    for (found, expected) in found.into_iter().zip([value, slope]) {
        let same = found == expected || (found.is_nan() && expected.is_nan());
        assert!(same, "{found} where {expected} is expected");
    }
}

#[test]
fn functions_with_a_kink_have_the_derivative_zero_there() {
    check(Tensor::abs, 0.0, [0.0, 0.0]);
    check(Tensor::relu, 0.0, [0.0, 0.0]);
    check(Tensor::sign, 0.0, [0.0, 0.0]);
    check(Tensor::sign, -3.0, [-1.0, 0.0]);
}

#[test]
fn roots_and_logarithms_are_infinitely_steep_at_zero() {
    check(Tensor::sqrt, 0.0, [0.0, INFINITY]);
    check(Tensor::ln, 0.0, [-INFINITY, INFINITY]);
    check(|x| x.pow(0.5), 0.0, [0.0, INFINITY]);
}

#[test]
fn zero_to_the_power_of_zero_is_one_with_a_gradient_of_nan_unless_whole() {
    check(|x| x.pow(0.0), 0.0, [1.0, NAN]);
    check(|x| x.powi(0), 0.0, [1.0, 0.0]);
}

#[test]
fn a_length_of_zero_has_no_direction() {
    check(Tensor::norm, 0.0, [0.0, NAN]);
    check(|x| x.atan2(x), 0.0, [0.0, NAN]);
    check(|x| x.hypot(x), 0.0, [0.0, NAN]);
}

#[test]
fn at_a_tie_of_two_the_first_gets_the_whole_gradient() -> Result<()> {
    let one = Tensor::from(1.0_f32);
    let first_only = [Tensor::from(1.0_f32), Tensor::from(0.0_f32)];
    let (_, max) = value_and_gradient(|[x, y]| x.maximum(y), [&one, &one])?;
    let (_, min) = value_and_gradient(|[x, y]| x.minimum(y), [&one, &one])?;
    assert_eq!((&max, &min), (&first_only, &first_only));
    Ok(())
}

#[test]
fn at_a_tie_of_a_reduction_the_gradient_is_split_evenly() -> Result<()> {
    let x = Tensor::from([2.0_f32, 2.0, 1.0]);
    let (_, [gradient]) = value_and_gradient(|[x]| x.max(), [&x])?;
    assert_eq!(gradient, Tensor::from([0.5_f32, 0.5, 0.0]));
    let (_, [gradient]) = value_and_gradient(|[x]| (-x).min(), [&x])?;
    assert_eq!(gradient, Tensor::from([-0.5_f32, -0.5, 0.0]));
    let (value, [gradient]) = value_and_gradient(|[x]| x.max(), [&Tensor::from([1.0, f64::NAN])])?;
    assert!(value.item::<f64>()?.is_nan());
    assert!(gradient.as_slice::<f64>()?.iter().all(|g| g.is_nan()));
    Ok(())
}

#[test]
fn clamping_has_slope_one_at_its_limits_and_zero_outside() {
    for (at, slope) in [(-1.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 0.0)] {
        check(|x| x.clamp(0.0, 1.0), at, [at.clamp(0.0, 1.0), slope]);
    }
}

#[test]
fn a_product_with_zeros_has_exact_gradients() -> Result<()> {
    let gradient = |x: [f32; 3]| -> Result<Vec<f32>> {
        let (_, [gradient]) = value_and_gradient(|[x]| x.prod(), [&Tensor::from(x)])?;
        gradient.to_vec()
    };
    assert_eq!(gradient([0.0, 0.0, 5.0])?, [0.0, 0.0, 0.0]);
    assert_eq!(gradient([2.0, 0.0, 5.0])?, [0.0, 10.0, 0.0]);
    assert_eq!(gradient([2.0, 3.0, 5.0])?, [15.0, 10.0, 6.0]);
    Ok(())
}

#[test]
fn an_exponential_that_overflows_is_infinite_with_its_gradient() {
    check(Tensor::exp, 1000.0, [INFINITY, INFINITY]);
}

#[test]
fn division_without_nan_is_flat_at_zero() -> Result<()> {
    let (x, y) = (Tensor::from(3.0_f32), Tensor::from(0.0_f32));
    let (value, [dx, dy]) = value_and_gradient(|[x, y]| x.divide_no_nan(y), [&x, &y])?;
    let zero = Tensor::from(0.0_f32);
    assert_eq!((&value, &dx, &dy), (&zero, &zero, &zero));
    Ok(())
}

#[test]
fn a_remainder_has_slope_one_and_the_sign_of_the_divisor() -> Result<()> {
    check(|x| Ok(x % 3.0), 7.5, [1.5, 1.0]);
    check(|x| Ok(x % 3.0), -7.5, [1.5, 1.0]);
    check(|x| Ok(x % -3.0), 7.5, [-1.5, 1.0]);
    let (_, [by_divisor]) = value_and_gradient(|[y]| Ok(7.5 % y), [&Tensor::from(3.0)])?;
    assert_eq!(by_divisor, Tensor::from(-2.0));
    Ok(())
}

#[test]
fn a_negative_base_has_no_slope_in_its_exponent() -> Result<()> {
    let (base, exponent) = (Tensor::from(-2.0_f32), Tensor::from(3.0_f32));
    let (value, [_, slope]) = value_and_gradient(|[x, y]| x.pow(y), [&base, &exponent])?;
    assert_eq!(
        (value, slope),
        (Tensor::from(-8.0_f32), Tensor::from(-0.0_f32))
    );
    Ok(())
}

#[test]
fn the_branch_that_is_not_taken_does_not_leak() -> Result<()> {
    let x = Tensor::from([-1.0_f32, 4.0]);
    let root = |[x]: [&Tensor; 1]| x.greater(0.0)?.select(x.sqrt()?, 0.0);
    let (value, [gradient]) = value_and_gradient(root, [&x])?;
    assert_eq!(value, Tensor::from([0.0_f32, 2.0]));
    // √ of −1 has the derivative 0·0.5/NaN: the known trap remains there.
    let gradient = gradient.to_vec::<f32>()?;
    assert!(gradient[0].is_nan());
    assert_eq!(gradient[1], 0.25);
    // Nothing leaks where the untaken branch is finite.
    let (_, [gradient]) = value_and_gradient(|[x]| x.greater(0.0)?.select(x.exp()?, 1.0), [&x])?;
    assert_eq!(gradient.to_vec::<f32>()?[0], 0.0);
    Ok(())
}

#[test]
fn gradients_of_nothing_are_empty() -> Result<()> {
    let x = Tensor::from(Vec::<f64>::new());
    let tape = GradientTape::new();
    let scope = tape.enter()?;
    tape.watch(&x)?;
    let y = (&x * 2.0).sum()?;
    drop(scope);
    assert_eq!(y, Tensor::from(0.0));
    assert_eq!(tape.gradient(&y, &x)?, Some(x));
    Ok(())
}
