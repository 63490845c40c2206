//! The searches on functions written by hand. Numbers of PyTorch are from
//! `torch.optim.LBFGS` 2.15.0 in double precision.

use super::conjugate_gradient::{Beta, ConjugateGradient};
use super::lbfgs::{pytorch, textbook};
use super::levenberg_marquardt::LevenbergMarquardt;
use super::line::Wolfe;
use super::newton::Newton;
use super::number::{Float, Rounded, dot};
use super::trust_region::TrustRegion;
use super::{Next, Point, Problem, Residuals, Search};

type Wide = Rounded<f64, false>;
type Narrow = Rounded<f32, false>;

/// Counts what is asked of a function.
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
    use crate::autodiff::Real;
    x.iter().map(|x| x.get().to_f64()).collect()
}

/// What became of a search after at most so many epochs.
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

/// All searches with their defaults.
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
        (
            "newton",
            Box::new(Newton::new(number(0.0), number(1e-4), number(0.5))),
        ),
        (
            "trust_region",
            Box::new(TrustRegion::new(number(1.0), number(1000.0), number(1e-4))),
        ),
        (
            "levenberg_marquardt",
            Box::new(LevenbergMarquardt::new(number(1e-3))),
        ),
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
        println!(
            "{name}: {} epochs, {} evaluations, {} products, loss {:?} {:?}",
            end.epochs, end.evaluations, end.products, end.point.value, end.next
        );
        assert!(end.point.value.get() < 1e-9, "{name}: {:?}", end.point);
    }
}
