//! Laws of differentiation that need no answer.

use gradtape_engine::Program;
use gradtape_tape::{Array, Graph, Precision, Subnormals};

/// The gradient at (0.7, −1.3) of what `build` makes of two inputs.
fn gradient(build: impl for<'g> Fn(Array<'g>, Array<'g>) -> Array<'g>) -> [f64; 2] {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (x, y) = (graph.input([]), graph.input([]));
    let gradient = graph.gradient(build(x, y), &[x, y]);
    let values = Program::new(&graph, &gradient).evaluate(&[0.7, -1.3]);
    [values[0], values[1]]
}

fn f<'g>(x: Array<'g>, y: Array<'g>) -> Array<'g> {
    x.sin() * y + x.powi(3)
}

fn g<'g>(x: Array<'g>, y: Array<'g>) -> Array<'g> {
    (x * y).sin() - y.powi(2)
}

#[test]
fn the_gradient_of_a_sum_is_the_sum_of_the_gradients() {
    let (of_f, of_g) = (gradient(f), gradient(g));
    let of_sum = gradient(|x, y| f(x, y) + g(x, y));
    for place in 0..2 {
        // Each side rounds a sum of three terms once more or less.
        assert!((of_sum[place] - (of_f[place] + of_g[place])).abs() < 1e-15);
    }
}

#[test]
fn a_power_of_two_as_a_factor_passes_through_exactly() {
    let of_f = gradient(f);
    assert_eq!(
        gradient(|x, y| x.constant(4.0) * f(x, y)),
        of_f.map(|g| 4.0 * g)
    );
    assert_eq!(gradient(|x, y| f(x, y) + f(x, y)), of_f.map(|g| 2.0 * g));
    assert_eq!(gradient(|x, y| -f(x, y)), of_f.map(|g| -g));
}

#[test]
fn a_constant_has_the_gradient_zero() {
    assert_eq!(gradient(|x, _| x.constant(3.0)), [0.0, 0.0]);
    assert_eq!(gradient(|x, y| f(x, y) + x.constant(3.0)), gradient(f));
}

#[test]
fn a_variable_that_is_used_twice_adds_up() {
    assert_eq!(gradient(|x, _| x * x), [1.4, 0.0]);
    assert_eq!(gradient(|x, y| x * y + x), [-1.3 + 1.0, 0.7]);
}

#[test]
fn exchanging_the_variables_exchanges_the_gradient() {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (x, y) = (graph.input([]), graph.input([]));
    let gradient = graph.gradient(f(x, y), &[y, x]);
    let straight = graph.gradient(f(x, y), &[x, y]);
    assert_eq!(gradient[0].node(), straight[1].node());
    assert_eq!(gradient[1].node(), straight[0].node());
}

#[test]
fn mixed_second_derivatives_do_not_depend_on_the_order() {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (x, y) = (graph.input([]), graph.input([]));
    let first = graph.gradient(g(x, y), &[x, y]);
    let xy = graph.gradient(first[0], &[y])[0];
    let yx = graph.gradient(first[1], &[x])[0];
    let values: Vec<f64> = Program::new(&graph, &[xy, yx]).evaluate(&[0.7, -1.3]);
    // cos(xy) − xy·sin(xy); each side rounds every term once.
    assert!((values[0] - values[1]).abs() < 1e-15, "{values:?}");
    let exact = (0.7_f64 * -1.3).cos() + 0.7 * 1.3 * (0.7_f64 * -1.3).sin();
    assert!((values[0] - exact).abs() < 1e-15);
}

#[test]
fn the_same_scratch_space_gives_the_same_bits_again() {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (x, y) = (graph.input([]), graph.input([]));
    let program = Program::new(&graph, &graph.gradient(g(x, y), &[x, y]));
    let mut scratch = program.scratch();
    let mut run = |at: [f64; 2]| {
        let mut outputs = [0.0; 2];
        program.run(&mut scratch, &at, &mut outputs);
        outputs.map(f64::to_bits)
    };
    let first = run([0.7, -1.3]);
    run([f64::NAN, f64::INFINITY]);
    assert_eq!(run([0.7, -1.3]), first);
}
