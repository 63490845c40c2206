//! One run of a line-search or second-order method: the programs of an objective that it
//! evaluates, and its course from the start to the end.

use super::course::{Course, State};
use super::output::{Output, Values};
use super::stop::is_watched;
use super::{Cancelled, Control, Counts, End, Recorder, StopReason};
use crate::optimizer::search::{
    Float, Needs, Next, Point, Problem, Residuals, Rest, Rounded, norm,
};
use crate::plan::{Plan, Rows, Run};
use gradtape_engine::{Block, Compiled, Engine, Program};
use gradtape_tape::{Array, Graph, Op, Real, Subnormals};

/// The programs of an objective for methods with the same needs. Inputs are the
/// parameters, the constants of the objective, and the vector of a product.
#[derive(Debug)]
pub(super) struct Searched<T> {
    /// The loss and its gradient.
    gradient: Box<dyn Engine<T>>,
    needed: Needed<T>,
    /// The loss on the validation rows, if there are any.
    validation: Option<Box<dyn Engine<T>>>,
}

/// The additional needs of a method.
#[derive(Debug)]
enum Needed<T> {
    Nothing,
    /// The product of the Hessian with a vector.
    Product(Box<dyn Engine<T>>),
    /// The loss, its gradient, this number of residuals, and their derivatives row by row.
    Residuals(Box<dyn Engine<T>>, usize),
}

impl<T: Compiled> Searched<T> {
    /// Traces what a method needs of the objective of `run`.
    pub(super) fn trace(plan: &Plan, run: &Run, needs: Needs) -> Self {
        let objective = &plan.objectives[run.objective];
        let graph = Graph::new(T::PRECISION, run.subnormals);
        let (loss, x) = objective.loss_of_inputs(&graph, Rows::Training);
        let (gradient, needed) = if needs == Needs::Residuals {
            let unrolled = graph.alike();
            let wanted = [&[loss], &x[..]].concat();
            let (graph, mut numbers) = graph.each_number(&unrolled, &wanted);
            let x = numbers.split_off(1).concat();
            Searched::of_squares(graph, numbers[0][0], &x)
        } else {
            let gradient = graph.gradient(loss, &x);
            let outputs = [&[loss], &gradient[..]].concat();
            let program = Program::new(&graph, &outputs);
            let needed = if needs == Needs::Gradient {
                Needed::Nothing
            } else {
                let v = x.iter().map(|x| graph.input(x.shape()));
                let products = gradient.iter().zip(v);
                let products = products.map(|(slope, v)| (*slope * v).sum(None));
                let along = products.reduce(|sum, product| sum + product);
                let along = along.unwrap_or_else(|| graph.constant(0.0));
                let product = graph.gradient(along, &x);
                Needed::Product(T::engine(Program::new(&graph, &product)))
            };
            (T::engine(program), needed)
        };
        let validation = objective.has_validation().then(|| {
            // A separate graph, as its inputs are only the variables and the constants.
            let graph = graph.alike();
            let (loss, _) = objective.loss_of_inputs(&graph, Rows::Validation);
            T::engine(Program::new(&graph, &[loss]))
        });
        Searched {
            gradient,
            needed,
            validation,
        }
    }

    /// The programs of a loss that is a sum of squares, as the plan has checked.
    fn of_squares(
        graph: &Graph,
        loss: Array<'_>,
        x: &[Array<'_>],
    ) -> (Box<dyn Engine<T>>, Needed<T>) {
        let squares = graph.squares(loss, x).unwrap_or_default();
        let gradient = graph.gradient(loss, x);
        let outputs = [&[loss], &gradient[..]].concat();
        let program = Program::new(graph, &outputs);
        let residuals = squares.iter().map(|square| {
            let factor = square.factor.unary(Op::Sqrt);
            factor * square.residual
        });
        let residuals: Vec<_> = residuals.collect();
        let derivatives = residuals.iter().flat_map(|one| graph.gradient(*one, x));
        let derivatives: Vec<_> = derivatives.collect();
        let count = residuals.len();
        let outputs = [outputs, residuals, derivatives].concat();
        let program_of_residuals = Program::new(graph, &outputs);
        let needed = Needed::Residuals(T::engine(program_of_residuals), count);
        (T::engine(program), needed)
    }

    /// A run from its start to its end.
    pub(super) fn run<R: Recorder>(
        &self,
        plan: &Plan,
        run: &Run,
        recorder: &mut R,
        control: &Control,
    ) -> Result<End, Cancelled> {
        match run.subnormals {
            Subnormals::Keep => self.search::<Rounded<T, false>, R>(plan, run, recorder, control),
            Subnormals::Flush => self.search::<Rounded<T, true>, R>(plan, run, recorder, control),
        }
    }

    fn search<F: Float<Real = T>, R: Recorder>(
        &self,
        plan: &Plan,
        run: &Run,
        recorder: &mut R,
        control: &Control,
    ) -> Result<End, Cancelled> {
        let search = run.recipe.rule.search::<F>(|setting| run.setting(setting));
        let mut search = search.expect("the plan has checked the method");
        let mut asked = Asked::new(self, run, control);
        let mut course = Course::<T, R>::new(plan, run, recorder);
        let mut watch = Watch::<F>::new(plan, run);
        let start: Vec<F> = run.start.iter().map(|x| F::new(x.to::<T>())).collect();
        let mut point = search.start(&mut asked, &start);
        let mut epoch = 0;
        let mut step = None;
        let mut last_change = 0;
        let (reason, state) = loop {
            let state = watch.state(epoch, &point, step, &mut asked);
            if let Some(reason) = course.look(&state) {
                break (reason, state);
            }
            let before = point.x.clone();
            let next = search.epoch(&mut asked, &mut point);
            control.check()?;
            if let Next::Stays(rest) = next {
                // The cost of the attempt counts too.
                let state = State {
                    counts: Some(asked.counts),
                    ..state
                };
                if let Rest::Tolerance(setting) = rest {
                    break (StopReason::WithinTolerance { setting }, state);
                }
                if course.can_stay() {
                    control.progress.add_epochs(run.epochs - epoch);
                    let since = last_change;
                    let is_flat = point.gradient.iter().all(|entry| *entry == F::ZERO);
                    course.stay(&state);
                    break match is_flat {
                        true => (StopReason::FixedPoint { since }, state),
                        false => (StopReason::NoFurtherStep { since, rest }, state),
                    };
                }
            }
            epoch += 1;
            control.progress.add_epochs(1);
            let steps: Vec<F> = point.x.iter().zip(&before).map(|(x, y)| *x - *y).collect();
            if point.x.iter().zip(&before).any(|(x, y)| !x.is_same(y)) {
                last_change = epoch;
            }
            step = Some(norm(&steps));
        };
        Ok(course.end(state, reason))
    }
}

/// Additional values that rules of `[stop]` look at, in the precision of a run.
struct Watch<F> {
    /// The known minimum, for `gap_below`.
    minimum: Option<F>,
    patience: Option<Patience<F>>,
}

struct Patience<F> {
    /// The decrease of the loss that an improvement must exceed, if there is a limit.
    least_gain: Option<F>,
    /// The loss that counts as the last improvement.
    reference: Option<F>,
    waited: F,
}

impl<F: Float> Watch<F> {
    fn new(plan: &Plan, run: &Run) -> Self {
        let number = |number: crate::number::Number| F::new(number.to::<F::Real>());
        let minimum = plan.objectives[run.objective].minimum;
        Watch {
            minimum: minimum
                .filter(|_| is_watched(&plan.stop, Output::Gap))
                .map(number),
            patience: plan.stop.patience.map(|_| Patience {
                least_gain: plan.stop.min_delta.map(number),
                reference: None,
                waited: F::ZERO,
            }),
        }
    }

    /// The state of a run at a point.
    fn state(
        &mut self,
        epoch: u64,
        point: &Point<F>,
        step: Option<F>,
        asked: &mut Asked<'_, F>,
    ) -> State<F::Real> {
        let wait = self.patience.as_mut().map(|patience| {
            let wanted = patience
                .reference
                .map(|best| patience.least_gain.map_or(best, |gain| best - gain));
            if wanted.is_none_or(|wanted| point.value < wanted) {
                patience.reference = Some(point.value);
                patience.waited = F::ZERO;
            } else {
                patience.waited = patience.waited + F::ONE;
            }
            patience.waited
        });
        let validation = asked.validation_loss(&point.x);
        let outputs = Values::new(|output| {
            let value = match output {
                Output::Loss => Some(point.value),
                Output::GradientNorm => Some(norm(&point.gradient)),
                Output::ValidationLoss => validation,
                Output::Gap => self.minimum.map(|least| point.value - least),
                Output::Wait => wait,
                Output::Step => step,
                Output::Entries | Output::LearningRate => None,
            };
            value.map(F::get)
        });
        State {
            epoch,
            outputs,
            counts: Some(asked.counts),
            parameters: point.x.iter().map(|x| x.get()).collect(),
        }
    }
}

/// An objective as a method sees it, with the evaluations so far.
struct Asked<'s, F: Float> {
    gradient: Evaluator<'s, F::Real>,
    product: Option<Evaluator<'s, F::Real>>,
    residuals: Option<(Evaluator<'s, F::Real>, usize)>,
    validation: Option<Evaluator<'s, F::Real>>,
    counts: Counts,
    control: &'s Control,
}

/// A program with the numbers that it works on.
struct Evaluator<'s, T> {
    engine: &'s dyn Engine<T>,
    block: Block<'s, T>,
    constants: Vec<T>,
    inputs: Vec<T>,
}

impl<'s, T: Real> Evaluator<'s, T> {
    fn new(engine: &'s dyn Engine<T>, run: &Run) -> Self {
        Evaluator {
            engine,
            block: Block::new(engine.program(), 1),
            constants: run.constants.iter().map(|one| one.to::<T>()).collect(),
            inputs: Vec::new(),
        }
    }

    /// Evaluates at `x`, with the vector `v` of a product.
    fn evaluate<F: Float<Real = T>>(&mut self, x: &[F], v: &[F]) {
        self.inputs.clear();
        self.inputs.extend(x.iter().map(|x| x.get()));
        self.inputs.extend_from_slice(&self.constants);
        self.inputs.extend(v.iter().map(|v| v.get()));
        self.block.load(0, &self.inputs);
        self.block.look_anew();
        self.engine.advance(&mut self.block, 1, true);
    }

    fn outputs<F: Float<Real = T>>(&self, places: std::ops::Range<usize>) -> Vec<F> {
        let outputs = places.map(|place| F::new(self.block.output(place, 0)));
        outputs.collect()
    }

    /// The first outputs: the loss and its gradient.
    fn point<F: Float<Real = T>>(&self, x: &[F]) -> Point<F> {
        Point {
            x: x.to_vec(),
            value: F::new(self.block.output(0, 0)),
            gradient: self.outputs(1..1 + x.len()),
        }
    }
}

impl<'s, F: Float> Asked<'s, F> {
    fn new(searched: &'s Searched<F::Real>, run: &Run, control: &'s Control) -> Self {
        let (mut product, mut residuals) = (None, None);
        match &searched.needed {
            Needed::Nothing => {}
            Needed::Product(engine) => product = Some(Evaluator::new(&**engine, run)),
            Needed::Residuals(engine, count) => {
                residuals = Some((Evaluator::new(&**engine, run), *count));
            }
        }
        let validation = searched.validation.as_ref();
        Asked {
            gradient: Evaluator::new(&*searched.gradient, run),
            product,
            residuals,
            validation: validation.map(|engine| Evaluator::new(&**engine, run)),
            counts: Counts::default(),
            control,
        }
    }

    fn validation_loss(&mut self, x: &[F]) -> Option<F> {
        let evaluator = self.validation.as_mut()?;
        evaluator.evaluate(x, &[]);
        Some(F::new(evaluator.block.output(0, 0)))
    }
}

impl<F: Float> Problem<F> for Asked<'_, F> {
    fn gradient(&mut self, x: &[F]) -> Point<F> {
        self.counts.evaluations += 1;
        self.counts.gradients += 1;
        self.gradient.evaluate(x, &[]);
        self.gradient.point(x)
    }

    fn hessian_product(&mut self, x: &[F], v: &[F]) -> Vec<F> {
        self.counts.hessian_products += 1;
        // After cancellation no result is needed, so that a long loop of these ends soon.
        let evaluator = self
            .product
            .as_mut()
            .filter(|_| !self.control.is_cancelled());
        let Some(evaluator) = evaluator else {
            return vec![F::new(F::Real::NAN); x.len()];
        };
        evaluator.evaluate(x, v);
        evaluator.outputs(0..x.len())
    }

    fn residuals(&mut self, x: &[F]) -> (Point<F>, Residuals<F>) {
        let Some((evaluator, count)) = &mut self.residuals else {
            let (values, jacobian) = (Vec::new(), Vec::new());
            return (self.gradient(x), Residuals { values, jacobian });
        };
        self.counts.evaluations += 1;
        self.counts.gradients += 1;
        evaluator.evaluate(x, &[]);
        let first = 1 + x.len();
        let last = first + *count;
        let residuals = Residuals {
            values: evaluator.outputs(first..last),
            jacobian: evaluator.outputs(last..last + *count * x.len()),
        };
        (evaluator.point(x), residuals)
    }

    fn is_cancelled(&self) -> bool {
        self.control.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Wide = Rounded<f64, false>;

    /// Calls `look` with an objective, as a method that `needs` something sees it, and its
    /// start.
    fn asked(objective: &str, needs: Needs, look: impl FnOnce(&mut Asked<'_, Wide>, &[f64])) {
        let text = format!(
            "epochs = 1\noptimizer = [{{ method = 'newton' }}]\n[[objective]]\n{objective}"
        );
        let plan = Plan::new("test.toml", &text).expect("well formed");
        let run = plan.run(0);
        let searched = Searched::<f64>::trace(&plan, &run, needs);
        let control = Control::default();
        let start: Vec<f64> = run.start.iter().map(|x| x.wide()).collect();
        look(&mut Asked::new(&searched, &run, &control), &start);
    }

    fn vector(x: &[f64]) -> Vec<Wide> {
        x.iter().map(|x| Wide::new(*x)).collect()
    }

    const OBJECTIVES: &[&str] = &[
        "formula = '(1 - x)^2 + b*(y - x^2)^2'\nstart = { x = -1.2, y = 1 }\nconstants = { b = 100 }",
        "formula = 'sum((x[1:] - x[:-1]^2)^2)/3 + mean((2*x - 1)^4) - 5'\nstart = { x = [0.3, -0.4, 0.7] }",
        "formula = '(sin(x)*y)^2 + 0.25*(x - exp(y))^2'\nstart = { x = 0.5, y = -0.25 }",
        "formula = 'norm(r)^2/2 + (b*hypot(x, y, x*y))^2'\ndefine = { r = '[x - 1, y*exp(x)]' }\nstart = { x = 0.5, y = -0.25 }\nconstants = { b = 3 }",
        // Too long to be written out element by element.
        "formula = 'sum((x[1:] - x[:-1]^2)^2) + sum(sin(x)^4)'\nstart = { x = { value = 0.5, length = 700 } }",
    ];

    #[test]
    fn products_with_the_hessian_are_differences_of_gradients() {
        for objective in OBJECTIVES {
            asked(objective, Needs::HessianProduct, |asked, start| {
                let direction = |place: usize| ((place * 7) % 5) as f64 - 1.75;
                let v: Vec<f64> = (0..start.len()).map(direction).collect();
                let product = asked.hessian_product(&vector(start), &vector(&v));
                // The cube root of ε leaves as much of the third derivative as of rounding.
                let h = 6e-6;
                let mut at = |h: f64| {
                    let x: Vec<f64> = start.iter().zip(&v).map(|(x, v)| x + h * v).collect();
                    asked.gradient(&vector(&x)).gradient
                };
                let (after, before) = (at(h), at(-h));
                for ((product, after), before) in product.iter().zip(after).zip(before) {
                    let difference = (after.get() - before.get()) / (2.0 * h);
                    let scale = 1.0 + difference.abs();
                    assert!(
                        (product.get() - difference).abs() < 1e-6 * scale,
                        "{objective}"
                    );
                }
                assert_eq!(asked.counts.hessian_products, 1);
                assert_eq!((asked.counts.evaluations, asked.counts.gradients), (2, 2));
            });
        }
    }

    /// The residuals of a formula of `a`, `b` and `r`, which has three elements; `None` if
    /// it is rejected as a sum of squares.
    fn count_of_residuals(formula: &str) -> Option<usize> {
        let text = format!(
            "epochs = 1\noptimizer = [{{ method = 'levenberg_marquardt' }}]\n[[objective]]\n\
             formula = '{formula} + 0*(a*b)^2'\nstart = {{ a = 0.5, b = -0.25 }}\n\
             define = {{ r = '[1 - a, b*exp(a), a*b]', q = 'sum(r^2)', w = '[1, 2, 3]' }}"
        );
        let text = text.replace("define = {", "constants = { k = 2 }\ndefine = {");
        let plan = Plan::new(
            "test.toml",
            &text.replace("0*(a*b)", "0*(k + a*b*sum(w)*q)"),
        );
        let plan = plan.ok()?;
        let searched = Searched::<f64>::trace(&plan, &plan.run(0), Needs::Residuals);
        match searched.needed {
            // Without the one that has every name in it.
            Needed::Residuals(_, count) => Some(count - 1),
            _ => None,
        }
    }

    #[test]
    fn every_spelling_of_a_sum_of_squares_is_taken_apart() {
        let three = [
            "sum(r^2)",
            "mean(r^2)",
            "norm(r)^2",
            "norm(r)*norm(r)",
            "norm(2*r)^2/k",
            "norm(-r)**2",
            "sqrt(q)^2",
            "hypot(r[0], r[1], r[2])^2",
            "hypot(1 - a, b*exp(a), a*b)*hypot(1 - a, b*exp(a), a*b)",
            "dot(r, r)",
            "dot(w*r, r)",
            "r @ r",
            "r @ (w*r)",
            "sum(r*r)",
            "sum(r*w*r)",
            "sum(w*r*r)/k",
            "sum(k*r*(w*r))",
            "sum(abs(r)^2)",
            "sum(abs(r)*abs(r))",
            "sum((-r)*(-r))",
            "sum(r^4)",
            "sum(r^2/w)",
            "sum(where(w > 1, r^2, 2*r^2))/k",
            "-(k - q)",
            "(b*norm(r))^2",
            "(norm(r)/exp(b))^2",
            "cumsum(r) @ cumsum(r)",
            "norm(r)^2/3 + 5",
            "var(r)",
            "k*var(r, ddof=1)",
            "std(r)^2",
        ];
        for formula in three {
            assert_eq!(count_of_residuals(formula), Some(3), "{formula}");
        }
        let one = [
            "(a + b)^2", "a^2*b^2", "a*b*b*a", "(a*b)^2/exp(k)", "exp(a)^2", "a^4",
        ];
        for formula in one {
            assert_eq!(count_of_residuals(formula), Some(1), "{formula}");
        }
        let refused = [
            "norm(r)", "sqrt(mean(r^2))", "norm(r)^3", "exp(a)*b^2", "abs(a)", "a^3", "a*b",
            "max(a, b)^2 + a", "logsumexp(r)", "where(a > 0, a^2, b^2)",
        ];
        for formula in refused {
            assert_eq!(count_of_residuals(formula), None, "{formula}");
        }
    }

    #[test]
    fn residuals_make_up_the_loss_and_its_gradient() {
        for objective in OBJECTIVES {
            asked(objective, Needs::Residuals, |asked, start| {
                let size = start.len();
                let (point, residuals) = asked.residuals(&vector(start));
                let alone = asked.gradient(&vector(start));
                assert_eq!(point.value.get().to_bits(), alone.value.get().to_bits());
                let values: Vec<f64> = residuals.values.iter().map(|r| r.get()).collect();
                // The constant of the second objective is not a square.
                let constant = if objective.contains("- 5") { -5.0 } else { 0.0 };
                let sum: f64 = values.iter().map(|r| r * r).sum::<f64>() + constant;
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1.0 + a.abs());
                assert!(close(sum, point.value.get()), "{objective}: {sum}");
                for place in 0..size {
                    let rows = residuals.jacobian.chunks_exact(size).zip(&values);
                    let slope: f64 = rows.map(|(row, r)| 2.0 * r * row[place].get()).sum();
                    assert!(close(slope, point.gradient[place].get()), "{objective}");
                }
            });
        }
    }
}
