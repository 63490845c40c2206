//! One run of a line-search or second-order method: the programs of an objective that it
//! evaluates, and its course from the start to the end.

use super::control::{Cancelled, Control};
use super::course::{Change, Course, Iteration};
use super::end::End;
use super::epoch::{points, record_gradient, record_rules, record_step, rule_memory};
use super::output::{Output, Outputs};
use super::quantities::Counts;
use super::rows::Rows;
use super::state::State;
use crate::optimizer::search::{
    Float, Needs, Next, Point, Problem, Residuals, Rounded, Search, are_same,
};
use crate::plan::{self, Plan, Run};
use gradtape_engine::{Block, Compiled, Engine, Program};
use gradtape_tape::{Array, Graph, Op, Real, Subnormals};

/// The programs of an objective for methods with the same needs. Inputs are the
/// parameters, the constants of the objective, and the vector of a product.
#[derive(Debug)]
pub(super) struct SearchPrograms<T> {
    /// The loss and its gradient.
    gradient: Box<dyn Engine<T>>,
    further: FurtherProgram<T>,
    /// What is recorded and watched at a point.
    watch: Box<dyn Engine<T>>,
    outputs: Outputs,
}

/// The additional needs of a method.
#[derive(Debug)]
enum FurtherProgram<T> {
    Nothing,
    /// The product of the Hessian with a vector.
    Product(Box<dyn Engine<T>>),
    /// The loss, its gradient, this number of residuals, and their derivatives row by row.
    Residuals(Box<dyn Engine<T>>, usize),
}

impl<T: Compiled> SearchPrograms<T> {
    /// Traces what a method needs of the objective of `run`.
    pub(super) fn trace(plan: &Plan, run: &Run, needs: Needs) -> Self {
        let objective = &plan.objectives[run.objective];
        let graph = Graph::new(T::PRECISION, run.subnormals);
        let (loss, x) = objective.loss_of_inputs(&graph, plan::DataRows::Training);
        let (gradient, further) = if needs == Needs::Residuals {
            let unrolled = graph.alike();
            let wanted = [&[loss], &x[..]].concat();
            let (graph, mut numbers) = graph.each_number(&unrolled, &wanted);
            let x = numbers.split_off(1).concat();
            SearchPrograms::of_squares(graph, numbers[0][0], &x)
        } else {
            let gradient = graph.gradient(loss, &x);
            let outputs = [&[loss], &gradient[..]].concat();
            let program = Program::new(&graph, &outputs);
            let further = if needs == Needs::Gradient {
                FurtherProgram::Nothing
            } else {
                let v = x.iter().map(|x| graph.input(x.shape()));
                let products = gradient.iter().zip(v);
                let products = products.map(|(slope, v)| (*slope * v).sum(None));
                let along = products.reduce(|sum, product| sum + product);
                let along = along.unwrap_or_else(|| graph.constant(0.0));
                let product = graph.gradient(along, &x);
                FurtherProgram::Product(T::engine(Program::new(&graph, &product)))
            };
            (T::engine(program), further)
        };
        let (watch, outputs) = SearchPrograms::watch(plan, run, &graph.alike());
        SearchPrograms {
            gradient,
            further,
            watch,
            outputs,
        }
    }

    /// The program of what is recorded and watched at a point. Inputs are its state, which is
    /// the memory of rules and the point before; then the point, its gradient and loss, and the
    /// constants of the objective.
    fn watch(plan: &Plan, run: &Run, graph: &Graph) -> (Box<dyn Engine<T>>, Outputs) {
        let objective = &plan.objectives[run.objective];
        let memory = graph.numbers(rule_memory(plan).len());
        let [before, x, gradient] = points(objective, graph);
        let loss = graph.input([]);
        let constants = graph.numbers(run.constants.len());
        let (rules, memory) = record_rules(plan, run, loss, &memory);
        let validation = objective.has_validation().then(|| {
            let loss = objective.loss(graph, &x, &constants, plan::DataRows::Validation);
            (Output::ValidationLoss, loss)
        });
        let mut outputs = vec![(Output::Loss, loss)];
        outputs.extend(record_gradient(graph, &gradient));
        outputs.extend(rules);
        outputs.extend(record_step(plan, graph, &before, &x));
        outputs.extend(validation);
        let arrays: Vec<Array<'_>> = outputs.iter().map(|(_, array)| *array).collect();
        let program = Program::epoch(graph, &arrays, &[memory, x].concat());
        (T::engine(program), Outputs::new(&outputs))
    }

    /// The programs of a loss that is a sum of squares, as the plan has checked.
    fn of_squares(
        graph: &Graph,
        loss: Array<'_>,
        x: &[Array<'_>],
    ) -> (Box<dyn Engine<T>>, FurtherProgram<T>) {
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
        let further = FurtherProgram::Residuals(T::engine(program_of_residuals), count);
        (T::engine(program), further)
    }

    /// A run from its start to its end.
    pub(super) fn run(
        &self,
        plan: &Plan,
        run: &Run,
        rows: Rows<'_>,
        control: &Control,
    ) -> Result<End, Cancelled> {
        match run.subnormals {
            Subnormals::Keep => self.search::<Rounded<T, false>>(plan, run, rows, control),
            Subnormals::Flush => self.search::<Rounded<T, true>>(plan, run, rows, control),
        }
    }

    fn search<F: Float<Real = T>>(
        &self,
        plan: &Plan,
        run: &Run,
        rows: Rows<'_>,
        control: &Control,
    ) -> Result<End, Cancelled> {
        let search = run.recipe.rule.search::<F>(|setting| run.setting(setting));
        let mut search = search.expect("the plan has checked the method");
        let mut problem = Evaluations::new(self, run, control);
        let start: Vec<T> = run.start.iter().map(|x| x.to::<T>()).collect();
        let x: Vec<F> = start.iter().map(|x| F::new(*x)).collect();
        let mut memory: Vec<T> = rule_memory(plan).iter().map(|x| T::from_f64(*x)).collect();
        memory.extend_from_slice(&start);
        let mut descent = SearchRun {
            point: search.start(&mut problem, &x),
            search,
            problem,
            watch: Evaluator::new(&*self.watch, run),
            outputs: &self.outputs,
            memory,
        };
        let course = Course::new(plan, run, rows);
        course.follow(State::new(0, start), &mut descent, control)
    }
}

/// A run in progress.
struct SearchRun<'s, F: Float> {
    search: Box<dyn Search<F>>,
    problem: Evaluations<'s, F>,
    point: Point<F>,
    watch: Evaluator<'s, F::Real>,
    outputs: &'s Outputs,
    /// The memory of rules, and the point before.
    memory: Vec<F::Real>,
}

impl<F: Float> Iteration<F::Real> for SearchRun<'_, F> {
    /// An epoch can be long.
    fn epochs_per_look(&self) -> u64 {
        1
    }

    fn evaluate(&mut self, state: &mut State<F::Real>) {
        let Point { x, value, gradient } = &self.point;
        let numbers = x.iter().chain(gradient).chain([value]);
        let inputs = self.memory.iter().copied();
        let inputs = inputs.chain(numbers.map(|number| number.get()));
        self.watch.evaluate(inputs, std::iter::empty());
        state.outputs = self.outputs.values(&self.watch.block);
        if state.epoch == 0 {
            state.outputs.set(Output::Step, None);
        }
        for (place, number) in self.memory.iter_mut().enumerate() {
            *number = self.watch.block.input(place, 0);
        }
        state.counts = Some(self.problem.counts);
        state.parameters.clear();
        state.parameters.extend(x.iter().map(|x| x.get()));
    }

    fn update(&mut self, state: &mut State<F::Real>) -> Change {
        let before = self.point.x.clone();
        match self.search.epoch(&mut self.problem, &mut self.point) {
            Next::Continues if are_same(&self.point.x, &before) => Change::Other,
            Next::Continues => Change::Parameters,
            Next::Stays(rest) => {
                // The cost of the attempt counts too.
                state.counts = Some(self.problem.counts);
                let is_flat = self.point.gradient.iter().all(|entry| *entry == F::ZERO);
                Change::Nothing((!is_flat || rest.is_tolerance()).then_some(rest))
            }
        }
    }
}

/// An objective as a method sees it, with the evaluations so far.
struct Evaluations<'s, F: Float> {
    gradient: Evaluator<'s, F::Real>,
    product: Option<Evaluator<'s, F::Real>>,
    residuals: Option<(Evaluator<'s, F::Real>, usize)>,
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

    /// Evaluates with these numbers before the constants and after them.
    fn evaluate(&mut self, before: impl Iterator<Item = T>, after: impl Iterator<Item = T>) {
        self.inputs.clear();
        self.inputs.extend(before);
        self.inputs.extend_from_slice(&self.constants);
        self.inputs.extend(after);
        self.block.load(0, &self.inputs);
        self.block.look_anew();
        self.engine.advance(&mut self.block, 1, true);
    }

    /// Evaluates at `x`, with the vector `v` of a product.
    fn evaluate_at<F: Float<Real = T>>(&mut self, x: &[F], v: &[F]) {
        self.evaluate(x.iter().map(|x| x.get()), v.iter().map(|v| v.get()));
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

impl<'s, F: Float> Evaluations<'s, F> {
    fn new(searched: &'s SearchPrograms<F::Real>, run: &Run, control: &'s Control) -> Self {
        let (mut product, mut residuals) = (None, None);
        match &searched.further {
            FurtherProgram::Nothing => {}
            FurtherProgram::Product(engine) => product = Some(Evaluator::new(&**engine, run)),
            FurtherProgram::Residuals(engine, count) => {
                residuals = Some((Evaluator::new(&**engine, run), *count));
            }
        }
        Evaluations {
            gradient: Evaluator::new(&*searched.gradient, run),
            product,
            residuals,
            counts: Counts::default(),
            control,
        }
    }
}

impl<F: Float> Problem<F> for Evaluations<'_, F> {
    fn gradient(&mut self, x: &[F]) -> Point<F> {
        self.counts.evaluations += 1;
        self.counts.gradients += 1;
        self.gradient.evaluate_at(x, &[]);
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
        evaluator.evaluate_at(x, v);
        evaluator.outputs(0..x.len())
    }

    fn residuals(&mut self, x: &[F]) -> (Point<F>, Residuals<F>) {
        let Some((evaluator, count)) = &mut self.residuals else {
            let (values, jacobian) = (Vec::new(), Vec::new());
            return (self.gradient(x), Residuals { values, jacobian });
        };
        self.counts.evaluations += 1;
        self.counts.gradients += 1;
        evaluator.evaluate_at(x, &[]);
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
    fn problem(
        objective: &str,
        needs: Needs,
        look: impl FnOnce(&mut Evaluations<'_, Wide>, &[f64]),
    ) {
        let text = format!(
            "epochs = 1\noptimizer = [{{ method = 'newton' }}]\n[[objective]]\n{objective}"
        );
        let plan = Plan::new("test.toml", &text).expect("well formed");
        let run = plan.run(0);
        let searched = SearchPrograms::<f64>::trace(&plan, &run, needs);
        let control = Control::default();
        let start: Vec<f64> = run.start.iter().map(|x| x.wide()).collect();
        look(&mut Evaluations::new(&searched, &run, &control), &start);
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
            problem(objective, Needs::HessianProduct, |problem, start| {
                let direction = |place: usize| ((place * 7) % 5) as f64 - 1.75;
                let v: Vec<f64> = (0..start.len()).map(direction).collect();
                let product = problem.hessian_product(&vector(start), &vector(&v));
                // The cube root of ε leaves as much of the third derivative as of rounding.
                let h = 6e-6;
                let mut at = |h: f64| {
                    let x: Vec<f64> = start.iter().zip(&v).map(|(x, v)| x + h * v).collect();
                    problem.gradient(&vector(&x)).gradient
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
                assert_eq!(problem.counts.hessian_products, 1);
                assert_eq!(
                    (problem.counts.evaluations, problem.counts.gradients),
                    (2, 2)
                );
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
        let searched = SearchPrograms::<f64>::trace(&plan, &plan.run(0), Needs::Residuals);
        match searched.further {
            // Without the one that has every name in it.
            FurtherProgram::Residuals(_, count) => Some(count - 1),
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
            problem(objective, Needs::Residuals, |problem, start| {
                let size = start.len();
                let (point, residuals) = problem.residuals(&vector(start));
                let alone = problem.gradient(&vector(start));
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
