//! SearchLine-search and second-order methods on hand-written functions. Numbers of PyTorch are from
//! `torch.optim.LBFGS` 2.15.0 in double precision.

use super::conjugate_gradient::{Beta, ConjugateGradient};
use super::lbfgs::{pytorch, textbook};
use super::levenberg_marquardt::LevenbergMarquardt;
use super::line::Wolfe;
use super::matrix::{Cholesky, FACTORISATIONS, shortest};
use super::newton::Newton;
use super::number::{Float, Rounded, dot};
use super::trust_region::TrustRegion;
use super::{Next, Point, Problem, Residuals, Search};

type Wide = Rounded<f64, false>;
type Narrow = Rounded<f32, false>;

/// Counts the evaluations of a function.
struct Counted<P> {
    problem: P,
    evaluations: u64,
    products: u64,
}

impl<F: Float, P: Problem<F>> Problem<F> for Counted<P> {
    fn gradient(&mut self, x: &[F]) -> Point<F> {
        self.evaluations += 1;
        self.problem.gradient(x)
    }

    fn hessian_product(&mut self, x: &[F], v: &[F]) -> Vec<F> {
        self.products += 1;
        self.problem.hessian_product(x, v)
    }

    fn residuals(&mut self, x: &[F]) -> (Point<F>, Residuals<F>) {
        self.evaluations += 1;
        self.problem.residuals(x)
    }
}

/// (1 − x)² + 100·(y − x²)².
struct Rosenbrock;

impl<F: Float> Problem<F> for Rosenbrock {
    fn gradient(&mut self, x: &[F]) -> Point<F> {
        let [one, two, hundred] = [1.0, 2.0, 100.0].map(F::rounded);
        let (a, b) = (one - x[0], x[1] - x[0] * x[0]);
        Point {
            x: x.to_vec(),
            value: a * a + hundred * (b * b),
            gradient: vec![
                -(two * a) - F::rounded(400.0) * x[0] * b,
                F::rounded(200.0) * b,
            ],
        }
    }

    fn hessian_product(&mut self, x: &[F], v: &[F]) -> Vec<F> {
        let [two, four, twelve] = [2.0, 400.0, 1200.0].map(F::rounded);
        let mixed = -(four * x[0]);
        let first = two - four * x[1] + twelve * (x[0] * x[0]);
        vec![
            first * v[0] + mixed * v[1],
            mixed * v[0] + F::rounded(200.0) * v[1],
        ]
    }

    fn residuals(&mut self, x: &[F]) -> (Point<F>, Residuals<F>) {
        let [one, ten, twenty] = [1.0, 10.0, 20.0].map(F::rounded);
        let residuals = Residuals {
            values: vec![one - x[0], ten * (x[1] - x[0] * x[0])],
            jacobian: vec![-one, F::ZERO, -(twenty * x[0]), ten],
        };
        (self.gradient(x), residuals)
    }
}

/// ½·Σ k·xₖ² for k = 1, 2, …, in directions that are mixed with their neighbours.
struct Quadratic;

impl Quadratic {
    fn product<F: Float>(v: &[F]) -> Vec<F> {
        let entry = |place: usize| {
            let stiffness = F::rounded((place + 1) as f64);
            let mut sum = stiffness * v[place];
            for neighbour in [place.checked_sub(1), Some(place + 1)] {
                if let Some(v) = neighbour.and_then(|place| v.get(place)) {
                    sum = sum - F::rounded(0.25) * *v;
                }
            }
            sum
        };
        (0..v.len()).map(entry).collect()
    }
}

impl<F: Float> Problem<F> for Quadratic {
    fn gradient(&mut self, x: &[F]) -> Point<F> {
        let gradient = Quadratic::product(x);
        Point {
            x: x.to_vec(),
            value: F::rounded(0.5) * dot(x, &gradient),
            gradient,
        }
    }

    fn hessian_product(&mut self, _: &[F], v: &[F]) -> Vec<F> {
        Quadratic::product(v)
    }

    fn residuals(&mut self, _: &[F]) -> (Point<F>, Residuals<F>) {
        unreachable!("it is not written as a sum of squares")
    }
}

fn numbers<F: Float>(numbers: &[f64]) -> Vec<F> {
    numbers.iter().map(|number| F::rounded(*number)).collect()
}

fn wide<F: Float>(x: &[F]) -> Vec<f64> {
    use gradtape_tape::Real;
    x.iter().map(|x| x.get().to_f64()).collect()
}

/// The end of a run.
struct Ended<F> {
    point: Point<F>,
    epochs: usize,
    next: Next,
    evaluations: u64,
    products: u64,
}

fn run<F: Float>(
    problem: impl Problem<F>,
    mut search: impl Search<F>,
    start: &[f64],
    epochs: usize,
    mut stops: impl FnMut(&Point<F>) -> bool,
) -> Ended<F> {
    let mut problem = Counted {
        problem,
        evaluations: 0,
        products: 0,
    };
    let mut point = search.start(&mut problem, &numbers(start));
    let mut epoch = 0;
    let mut next = Next::Continues;
    while epoch < epochs && next == Next::Continues && !stops(&point) {
        next = search.epoch(&mut problem, &mut point);
        epoch += usize::from(next == Next::Continues);
    }
    Ended {
        point,
        epochs: epoch,
        next,
        evaluations: problem.evaluations,
        products: problem.products,
    }
}

fn wolfe<F: Float>(decrease: f64, curvature: f64) -> Wolfe<F> {
    Wolfe {
        decrease: F::rounded(decrease),
        curvature: F::rounded(curvature),
    }
}

/// Newton with its defaults, or the plain method.
fn newton<F: Float>(is_plain: bool) -> Newton<F> {
    Newton::new(is_plain, F::ZERO, F::rounded(1e-4), F::rounded(0.5))
}

/// Levenberg–Marquardt with its defaults, or Gauss–Newton.
fn squares<F: Float>(is_gauss_newton: bool) -> LevenbergMarquardt<F> {
    LevenbergMarquardt::new(is_gauss_newton, F::ONE, F::rounded(1e-12))
}

/// All methods with their defaults.
fn all<F: Float>() -> Vec<(&'static str, Box<dyn Search<F>>)> {
    let conjugate = |beta, wolfe| ConjugateGradient::new(beta, wolfe, F::rounded(0.1));
    let number = F::rounded;
    vec![
        (
            "lbfgs pytorch",
            Box::new(pytorch::Lbfgs::new(settings(true))),
        ),
        (
            "lbfgs textbook",
            Box::new(textbook::Lbfgs::new(10, wolfe(1e-4, 0.9))),
        ),
        (
            "fletcher_reeves",
            Box::new(conjugate(Beta::FletcherReeves, wolfe(1e-4, 0.1))),
        ),
        (
            "polak_ribiere",
            Box::new(conjugate(Beta::PolakRibiere, wolfe(1e-4, 0.1))),
        ),
        (
            "hager_zhang",
            Box::new(conjugate(Beta::HagerZhang, wolfe(0.1, 0.9))),
        ),
        ("newton", Box::new(newton(false))),
        (
            "trust_region",
            Box::new(TrustRegion::new(number(1.0), number(1000.0), number(1e-4))),
        ),
        ("levenberg_marquardt", Box::new(squares(false))),
    ]
}

fn settings<F: Float>(line_search: bool) -> pytorch::Settings<F> {
    pytorch::Settings {
        learning_rate: F::ONE,
        max_iter: 20,
        max_eval: 25,
        tolerance_grad: F::rounded(1e-7),
        tolerance_change: F::rounded(1e-9),
        history_size: 100,
        line_search,
    }
}

impl<F: Float> Search<F> for Box<dyn Search<F>> {
    fn start(&mut self, problem: &mut dyn Problem<F>, x: &[F]) -> Point<F> {
        (**self).start(problem, x)
    }

    fn epoch(&mut self, problem: &mut dyn Problem<F>, point: &mut Point<F>) -> Next {
        (**self).epoch(problem, point)
    }
}

#[test]
fn every_search_finds_the_minimum_of_rosenbrock() {
    for (name, search) in all::<Wide>() {
        let below = |point: &Point<Wide>| point.value.get() < 1e-20;
        let end = run(Rosenbrock, search, &[-1.2, 1.0], 1000, below);
        // PyTorch's tolerances end it earlier.
        let limit = if name == "lbfgs pytorch" { 1e-9 } else { 1e-20 };
        assert!(end.point.value.get() < limit, "{name}: {:?}", end.point);
    }
}

#[test]
fn newton_needs_one_step_on_a_quadratic() {
    let start = [3.0, -1.0, 2.0, 0.5, -4.0];
    let before = FACTORISATIONS.get();
    let end = run::<Wide>(Quadratic, newton(false), &start, 1, |_| false);
    assert_eq!(FACTORISATIONS.get() - before, 1);
    // The solution of a system of condition 8 is off by some roundings.
    let worst = wide(&end.point.x)
        .into_iter()
        .map(f64::abs)
        .fold(0.0, f64::max);
    assert!(worst < 8.0 * 16.0 * f64::EPSILON, "{worst}");
    assert_eq!((end.evaluations, end.products), (2, 5));
}

#[test]
fn conjugate_gradients_need_as_many_exact_line_searches_as_there_are_parameters() {
    let start = [3.0, -1.0, 2.0, 0.5, -4.0, 1.0];
    for beta in [Beta::FletcherReeves, Beta::PolakRibiere] {
        // The cubic of a line search is exact on a quadratic, and so small a share of the
        // slope is left only by it.
        let search = ConjugateGradient::new(beta, wolfe(1e-4, 1e-10), Wide::rounded(0.1));
        let before = run(Quadratic, search, &start, start.len() - 1, |_| false);
        let search = ConjugateGradient::new(beta, wolfe(1e-4, 1e-10), Wide::rounded(0.1));
        let after = run(Quadratic, search, &start, start.len(), |_| false);
        let (before, after) = (before.point.value.get(), after.point.value.get());
        assert!(
            before > 1e-6 && after < 1e-18,
            "{beta:?}: {before}, {after}"
        );
    }
}

#[test]
fn the_trust_region_ends_at_its_border() {
    let search = TrustRegion::new(Wide::rounded(0.125), Wide::rounded(0.125), Wide::ZERO);
    let end = run(Quadratic, search, &[3.0, -1.0], 1, |_| false);
    let step = [end.point.x[0].get() - 3.0, end.point.x[1].get() + 1.0];
    let length = step[0].hypot(step[1]);
    assert!((length - 0.125).abs() < 1e-15, "{length}");
}

#[test]
fn where_the_hessian_bends_down_a_search_goes_on() {
    /// x⁴/4 − x²/2 + y²/2, with a maximum along x near the start.
    struct Saddle;
    impl<F: Float> Problem<F> for Saddle {
        fn gradient(&mut self, x: &[F]) -> Point<F> {
            let [quarter, half] = [0.25, 0.5].map(F::rounded);
            let square = x[0] * x[0];
            Point {
                x: x.to_vec(),
                value: quarter * (square * square) - half * square + half * (x[1] * x[1]),
                gradient: vec![square * x[0] - x[0], x[1]],
            }
        }
        fn hessian_product(&mut self, x: &[F], v: &[F]) -> Vec<F> {
            let bend = F::rounded(3.0) * (x[0] * x[0]) - F::ONE;
            vec![bend * v[0], v[1]]
        }
        fn residuals(&mut self, _: &[F]) -> (Point<F>, Residuals<F>) {
            unreachable!("it is not a sum of squares")
        }
    }
    for (name, search) in all::<Wide>() {
        if name == "levenberg_marquardt" {
            continue;
        }
        let end = run(Saddle, search, &[0.01, 1.0], 200, |_| false);
        let value = end.point.value.get();
        // The slope of PyTorch's last step may be as large as its tolerance.
        assert!((value + 0.25).abs() < 1e-9, "{name}: {value}");
    }
}

#[test]
fn a_search_stays_where_the_gradient_is_zero() {
    for (name, mut search) in all::<Wide>() {
        let mut problem = Rosenbrock;
        let mut point = search.start(&mut problem, &numbers(&[1.0, 1.0]));
        let mut next = search.epoch(&mut problem, &mut point);
        if next == Next::Continues {
            next = search.epoch(&mut problem, &mut point);
        }
        assert!(matches!(next, Next::Stays(_)), "{name}: {next:?}");
        assert_eq!(wide(&point.x), [1.0, 1.0], "{name}");
    }
}

#[test]
fn a_search_ends_where_the_loss_is_too_coarse() {
    /// 1 + x², whose losses near 0 are all 1.
    struct Shifted;
    impl<F: Float> Problem<F> for Shifted {
        fn gradient(&mut self, x: &[F]) -> Point<F> {
            Point {
                x: x.to_vec(),
                value: F::ONE + x[0] * x[0],
                gradient: vec![x[0] + x[0]],
            }
        }
        fn hessian_product(&mut self, _: &[F], v: &[F]) -> Vec<F> {
            vec![v[0] + v[0]]
        }
        fn residuals(&mut self, x: &[F]) -> (Point<F>, Residuals<F>) {
            let (values, jacobian) = (x.to_vec(), vec![F::ONE]);
            (self.gradient(x), Residuals { values, jacobian })
        }
    }
    for (name, search) in all::<Wide>() {
        let end = run(Shifted, search, &[0.7], 1000, |_| false);
        assert!(matches!(end.next, Next::Stays(_)), "{name}: {:?}", end.next);
        let x = end.point.x[0].get().abs();
        // Where the loss is 1 to the last bit: x² < ε.
        assert!(x < 2e-8, "{name}: {x}");
        assert!(end.epochs < 100, "{name}: {}", end.epochs);
    }
}

#[test]
fn searches_compute_in_single_precision() {
    for (name, search) in all::<Narrow>() {
        let end = run(Rosenbrock, search, &[-1.2, 1.0], 300, |_| false);
        let x = wide(&end.point.x);
        // √ε times the root of the condition number, 2500.
        let worst = (x[0] - 1.0).abs().max((x[1] - 1.0).abs());
        assert!(worst < 0.02, "{name}: {x:?}");
        assert!(x.iter().all(|x| f64::from(*x as f32) == *x), "{name}");
    }
}

#[test]
fn subnormal_numbers_are_flushed() {
    type Flushed = Rounded<f32, true>;
    let tiny = Flushed::new(f32::MIN_POSITIVE);
    let half = Flushed::rounded(0.5);
    assert_eq!((tiny * half).get(), 0.0);
    assert_eq!(Flushed::new(f32::MIN_POSITIVE / 2.0).get(), 0.0);
    type Kept = Rounded<f32, false>;
    let tiny = Kept::new(f32::MIN_POSITIVE);
    assert!((tiny * Kept::rounded(0.5)).get() > 0.0);
}

#[test]
fn least_squares_are_those_of_the_normal_equations() {
    // y ≈ a + b·t through (0, 1), (1, 3), (2, 4), (3, 4): a = 3/2, b = 1.
    let columns: [Vec<Wide>; 2] = [numbers(&[1.0; 4]), numbers(&[0.0, 1.0, 2.0, 3.0])];
    let right = numbers(&[1.0, 3.0, 4.0, 4.0]);
    let (solved, rank) = shortest(&columns, right.clone());
    assert_eq!(rank, 2);
    let products = |x: &[Wide]| columns.each_ref().map(|column| dot(column, x));
    let [first, second] = columns.each_ref().map(|column| products(column));
    let normal = Cholesky::new(&[first, second].concat(), 2, Wide::ZERO);
    let normal = normal.expect("positive definite").solve(&products(&right));
    for (solved, exact) in [(solved, [1.5, 1.0]), (normal, [1.5, 1.0])] {
        let found = wide(&solved);
        // The condition number is below 8, and some 20 operations round.
        let worst = (found[0] - exact[0]).abs().max((found[1] - exact[1]).abs());
        assert!(worst < 1e-14, "{found:?}");
    }
    assert!(Cholesky::new(&numbers::<Wide>(&[1.0, 2.0, 2.0, 1.0]), 2, Wide::ZERO).is_none());
}
