//! Values and gradients at edges, in f32, where TensorFlow's choice is followed.

use gradtape_tape::{
    GradientOptions, GradientTape, Result, Tensor, UnconnectedGradients, Variable, jvp,
    value_and_gradient,
};

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
fn the_power_of_zero_is_one_everywhere() {
    check(|x| x.pow(0.0), 0.0, [1.0, 0.0]);
    check(|x| x.powi(0), 0.0, [1.0, 0.0]);
}

/// The derivatives of x^n at 0 up to the fourth order.
fn derivatives_at_zero(power: impl Fn(&Tensor) -> Result<Tensor>) -> Result<[f64; 5]> {
    let x = Variable::new(0.0);
    let tapes: Vec<GradientTape> = (0..4).map(|_| GradientTape::persistent()).collect();
    let scopes: Vec<_> = tapes.iter().map(|tape| tape.enter().unwrap()).collect();
    let mut derivatives = vec![power(&x.value())?];
    for tape in tapes.iter().rev() {
        let zero = GradientOptions {
            unconnected_gradients: UnconnectedGradients::Zero,
            ..GradientOptions::default()
        };
        let next = tape.gradient_with(&derivatives[derivatives.len() - 1], &x, zero)?;
        derivatives.extend(next);
    }
    drop(scopes);
    let values: Vec<f64> = derivatives
        .iter()
        .map(|it| it.item())
        .collect::<Result<_>>()?;
    Ok(values.try_into().unwrap())
}

#[test]
fn a_whole_power_has_all_derivatives_at_zero() -> Result<()> {
    assert_eq!(
        derivatives_at_zero(|x| x.pow(0.0))?,
        [1.0, 0.0, 0.0, 0.0, 0.0]
    );
    assert_eq!(
        derivatives_at_zero(|x| x.pow(1.0))?,
        [0.0, 1.0, 0.0, 0.0, 0.0]
    );
    assert_eq!(
        derivatives_at_zero(|x| x.pow(2.0))?,
        [0.0, 0.0, 2.0, 0.0, 0.0]
    );
    assert_eq!(
        derivatives_at_zero(|x| x.pow(3.0))?,
        [0.0, 0.0, 0.0, 6.0, 0.0]
    );
    assert_eq!(
        derivatives_at_zero(|x| x.powi(3))?,
        [0.0, 0.0, 0.0, 6.0, 0.0]
    );
    // A vector of exponents, as in a polynomial.
    let exponents = Tensor::from([0.0, 1.0, 2.0]);
    let polynomial = |x: &Tensor| x.pow(&exponents)?.sum();
    assert_eq!(derivatives_at_zero(polynomial)?, [1.0, 1.0, 2.0, 0.0, 0.0]);
    Ok(())
}

#[test]
fn the_mixed_derivative_of_a_power_at_exponent_zero_is_one_over_x() -> Result<()> {
    // ∂²(xʸ)/∂x∂y = xʸ⁻¹(1 + y ln x).
    let (x, y) = (Variable::new(4.0), Variable::new(0.0));
    let (outer, inner) = (GradientTape::new(), GradientTape::new());
    let slope = outer.record(|| {
        let power = inner.record(|| x.value().pow(y.value()))??;
        inner.connected_gradient(&power, &x)
    })??;
    assert_eq!(slope.item::<f64>()?, 0.0);
    assert_eq!(outer.connected_gradient(&slope, &y)?.item::<f64>()?, 0.25);
    Ok(())
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

/// At a point the derivatives of first and second order by reverse mode, and of first order
/// by forward mode, of a function of one number.
fn orders(f: impl Fn(&Tensor) -> Result<Tensor>, at: f64) -> Result<[f64; 3]> {
    let at = Tensor::from(at);
    let first = |x: &Tensor| value_and_gradient(|[x]| f(x), [x]).map(|(_, [first])| first);
    let (first, [second]) = value_and_gradient(|[x]| first(x), [&at])?;
    let (_, forward) = jvp(|[x]| f(x), [&at], [&Tensor::from(1.0)])?;
    Ok([first.item()?, second.item()?, forward.item()?])
}

#[test]
fn the_branch_that_is_not_taken_contributes_nothing() -> Result<()> {
    // TensorFlow, JAX and PyTorch give NaN for each of these: 0·∞ inside of the branch.
    let root = |x: &Tensor| x.greater(0.0)?.select(x.sqrt()?, x);
    assert_eq!(orders(root, -1.0)?, [1.0, 0.0, 1.0]);
    assert_eq!(orders(root, 0.0)?, [1.0, 0.0, 1.0]);
    assert_eq!(orders(root, 4.0)?, [0.25, -1.0 / 32.0, 0.25]);
    // In the other branch, and with both sides infinite.
    let other = |x: &Tensor| x.greater(0.0)?.select(x, x.sqrt()?);
    assert_eq!(orders(other, 4.0)?, [1.0, 0.0, 1.0]);
    assert!(orders(other, 0.0)?[0].is_infinite());
    // Used inside the branch, in the other one, and outside of both.
    let shared = |x: &Tensor| {
        let inverse = x.powi(-1)?;
        let chosen = x.equals(0.0)?.select(x * 3.0, &inverse * &inverse)?;
        chosen.try_add(x.square()?)
    };
    assert_eq!(orders(shared, 0.0)?, [3.0, 2.0, 3.0]);
    assert_eq!(orders(shared, 2.0)?, [-0.25 + 4.0, 6.0 / 16.0 + 2.0, 3.75]);
    // A branch within a branch: only what both conditions let through.
    let nested = |x: &Tensor| {
        let inner = x.greater(1.0)?.select((x - 1.0).sqrt()?, x)?;
        x.greater(0.0)?.select(inner, x.square()?)
    };
    assert_eq!(orders(nested, -1.0)?, [-2.0, 2.0, -2.0]);
    assert_eq!(orders(nested, 0.5)?, [1.0, 0.0, 1.0]);
    assert_eq!(orders(nested, 5.0)?, [0.25, -1.0 / 32.0, 0.25]);
    // The larger of two, and limits, are branches too.
    let larger = |x: &Tensor| x.sqrt()?.maximum(1.0);
    assert_eq!(orders(larger, 0.0)?, [0.0, 0.0, 0.0]);
    let limited = |x: &Tensor| x.sqrt()?.clamp(1.0, 2.0);
    assert_eq!(orders(limited, 0.0)?, [0.0, 0.0, 0.0]);
    Ok(())
}

#[test]
fn a_zero_that_was_computed_is_not_absent() -> Result<()> {
    // 0·∞ outside of any branch, and inside of the branch that is taken.
    let product = |x: &Tensor| x.sqrt()?.try_mul(0.0);
    assert!(orders(product, 0.0)?[0].is_nan());
    let taken = |x: &Tensor| x.less(1.0)?.select(x.sqrt()?.try_mul(0.0)?, x);
    assert!(orders(taken, 0.0)?[0].is_nan());
    Ok(())
}

#[test]
fn a_branch_ends_where_elements_are_added() -> Result<()> {
    let x = Tensor::from([-1.0, 4.0, 0.0]);
    let gradient = |f: &dyn Fn(&Tensor) -> Result<Tensor>| -> Result<Vec<f64>> {
        let (_, [gradient]) = value_and_gradient(|[x]| f(x), [&x])?;
        gradient.to_vec()
    };
    let root = |x: &Tensor| x.greater(0.0)?.select(x.sqrt()?, 0.0);
    assert_eq!(gradient(&|x| root(x))?, [0.0, 0.25, 0.0]);
    // It passes moves of elements …
    let moved = |x: &Tensor| {
        let reversed = x.sqrt()?.reshape([3, 1])?.transpose().reshape([3])?;
        x.greater(0.0)?.select(reversed, 0.0)
    };
    assert_eq!(gradient(&moved)?, [0.0, 0.25, 0.0]);
    let joined = |x: &Tensor| {
        let parts = Tensor::concat([&x.sqrt()?, &x.sqrt()?], 0)?;
        let twice = Tensor::concat([x, x], 0)?;
        twice.greater(0.0)?.select(parts, 0.0)
    };
    assert_eq!(gradient(&joined)?, [0.0, 0.5, 0.0]);
    // … and a sum within the branch …
    let sum = |x: &Tensor| Tensor::from(false).select(x.sqrt()?.sum()?, 1.0);
    assert_eq!(gradient(&sum)?, [0.0, 0.0, 0.0]);
    // … but not a sum of derivatives: that of a number used for every element.
    let none = Tensor::from([false, false]);
    let number = |x: &Tensor| none.select(x.sqrt()?, 1.0);
    let (_, [gradient]) = value_and_gradient(|[x]| number(x), [&Tensor::from(0.0)])?;
    assert!(gradient.item::<f64>()?.is_nan());
    Ok(())
}

#[test]
fn a_long_descent_through_branches_needs_no_deep_stack() -> Result<()> {
    let x = Tensor::from(1.0);
    let mut tape = GradientTape::new();
    for is_nested in [false, true] {
        let y = tape.record(|| {
            tape.watch(&x)?;
            let mut y = x.clone();
            for _ in 0..20_000 {
                let other = if is_nested {
                    Tensor::from(0.0)
                } else {
                    y.clone()
                };
                y = y.greater(0.0)?.select(y.try_mul(1.0)?, other)?;
            }
            Ok::<_, gradtape_tape::Error>(y)
        })??;
        assert_eq!(tape.gradient(&y, &x)?, Some(Tensor::from(1.0)));
        tape = GradientTape::new();
    }
    Ok(())
}

#[test]
fn nan_is_not_hidden_by_larger_smaller_and_limits() -> Result<()> {
    let nan = Tensor::from([NAN, 1.0, NAN]);
    let other = Tensor::from([1.0, NAN, NAN]);
    let both = [&nan, &other];
    let check = |f: &dyn Fn([&Tensor; 2]) -> Result<Tensor>| -> Result<()> {
        let (value, gradients) = value_and_gradient(f, both)?;
        for tensor in [&value, &gradients[0], &gradients[1]] {
            let elements = tensor.to_vec::<f32>()?;
            assert!(elements.iter().all(|x| x.is_nan()), "{elements:?}");
        }
        Ok(())
    };
    check(&|[x, y]| x.maximum(y))?;
    check(&|[x, y]| x.minimum(y))?;
    // As the number that is limited, and as either limit.
    check(&|[x, y]| x.clamp(y, 2.0_f32))?;
    check(&|[x, y]| x.clamp(0.0_f32, y))?;
    for reduced in [Tensor::max, Tensor::min] {
        let (value, [gradient]) = value_and_gradient(|[x]| reduced(x), [&nan])?;
        assert!(value.item::<f32>()?.is_nan());
        assert!(gradient.to_vec::<f32>()?.iter().all(|x| x.is_nan()));
    }
    check_nan_of_relu()
}

fn check_nan_of_relu() -> Result<()> {
    let (value, [slope]) = value_and_gradient(|[x]| x.relu(), [&Tensor::from(NAN)])?;
    assert!(value.item::<f32>()?.is_nan() && slope.item::<f32>()?.is_nan());
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
