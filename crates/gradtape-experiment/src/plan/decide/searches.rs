//! Checks of objectives against line-search and second-order methods.

use crate::data::Dataset;
use crate::mistake::{Code, Mistake, Span};
use crate::number::{Number, grouped};
use crate::optimizer::search::Needs;
use crate::plan::{
    Bounds, MAX_DENSE, MAX_JACOBIAN, MAX_OPERATIONS, MAX_SQUARES, Objective, Optimizer, Runs,
};
use crate::spec::Spec;
use gradtape_engine::Program;
use gradtape_tape::internal::graph::Node;
use gradtape_tape::{Array, Graph, Op, Precision, Subnormals};

/// Reports objectives that a line-search or second-order method of the plan cannot minimise.
pub(super) fn check(runs: &Runs, spec: &Spec, mistakes: &mut Vec<Mistake>) {
    let searches = runs.optimizers.iter();
    let searches = searches.filter_map(|one| Some((one, one.method.needs()?)));
    let searches: Vec<_> = searches.collect();
    let Some((first, _)) = searches.first() else {
        return;
    };
    let needing = |wanted: &[Needs]| {
        let mut searches = searches.iter();
        let found = searches.find(|(_, needs)| wanted.contains(needs));
        found.map(|(optimizer, _)| *optimizer)
    };
    let dense = needing(&[Needs::Hessian, Needs::Residuals]);
    let squares = needing(&[Needs::Residuals]);
    let mut told = None;
    for objective in &runs.objectives {
        let Some(written) = spec.objective.get(objective.table) else {
            continue;
        };
        // For the objectives of one table, a report on the first is enough.
        if told == Some(objective.table) {
            continue;
        }
        let span = written.formula.as_ref().map(|text| &text.span);
        let span = span.unwrap_or(&written.span);
        let before = mistakes.len();
        let first = first.method.name();
        if objective.bounds.iter().any(Bounds::hold) {
            let span = written.bounds.first();
            let span = span.map_or(&written.span, |(name, _)| &name.span);
            let message = format!("`{first}` does not support `bounds`");
            let mistake = Mistake::new(
                Code::Method,
                span.clone(),
                message,
                "it is an unconstrained method",
            );
            mistakes.push(mistake.help("remove the bounds, or use an update rule such as `adam`"));
        }
        let data = objective.data.as_ref();
        if data.is_some_and(|data| data.batch_size < data.training.len()) {
            let message = format!("`{first}` needs all rows at once, not batches");
            let label = "the data of this objective are used in batches";
            let mistake = Mistake::new(Code::Method, written.span.clone(), message, label);
            let help = "it compares losses of the same rows; remove `batch_size`";
            mistakes.push(mistake.help(help));
        }
        if let Some(optimizer) = dense {
            mistakes.extend(too_many(optimizer, objective, span));
        }
        if let (Some(optimizer), true) = (squares, mistakes.len() == before) {
            mistakes.extend(not_squares(optimizer, objective, span));
        }
        if mistakes.len() > before {
            told = Some(objective.table);
        }
    }
}

/// Dense matrices would be too large.
fn too_many(optimizer: &Optimizer, objective: &Objective, span: &Span) -> Option<Mistake> {
    let parameters = objective.function.parameters().len();
    if parameters <= MAX_DENSE {
        return None;
    }
    let message = format!(
        "{} variables are too many for `{}`",
        grouped(parameters as u128),
        optimizer.method.name()
    );
    let label = format!("expected at most {}", grouped(MAX_DENSE as u128));
    let mistake = Mistake::new(Code::TooLarge, span.clone(), message, label);
    let help = "its matrices are dense; `lbfgs`, `conjugate_gradient` and `trust_region` support \
                as many variables as an update rule";
    Some(mistake.help(help))
}

/// The objective is not a sum of squares, or one that is too large.
fn not_squares(optimizer: &Optimizer, objective: &Objective, span: &Span) -> Option<Mistake> {
    let name = optimizer.method.name();
    let wrong = match squares(objective) {
        Ok(()) => return None,
        Err(wrong) => wrong,
    };
    Some(match wrong {
        Wrong::NoSum => {
            let message = format!("`{name}` needs a loss that is a sum of squares");
            let label = "this one is not written as a sum of squares";
            let mistake = Mistake::new(Code::Method, span.clone(), message, label);
            mistake.help(
                "expected squares with factors that do not depend on the variables, such as \
                 `r1^2 + 3*r2^2`, `sum(w*(y - a*x)^2)/2`, `mean(r^2)`, `norm(r)^2` or `r @ r`",
            )
        }
        Wrong::Root => {
            let message = format!("`{name}` needs a loss that is a sum of squares");
            let label = "this one is a square root";
            let mistake = Mistake::new(Code::Method, span.clone(), message, label);
            mistake.help(
                "minimise its square, which has the same minimiser: `norm(r)^2` or `mean(r^2)`",
            )
        }
        Wrong::Negative => {
            let message = format!("`{name}` needs a loss that is a sum of squares");
            let label = "the factor of a square is below 0, at least for some constants";
            Mistake::new(Code::Method, span.clone(), message, label)
        }
        Wrong::TooLong(count) => {
            let message = format!(
                "this loss is too large for `{name}`: {} operations",
                grouped(count)
            );
            let greatest = grouped(MAX_SQUARES as u128);
            let label = format!("expected at most {greatest} to find its squares");
            Mistake::new(Code::TooLarge, span.clone(), message, label)
        }
        Wrong::TooMany {
            squares,
            parameters,
        } => {
            let message = format!(
                "{} squares of {} variables are too many for `{name}`",
                grouped(squares as u128),
                grouped(parameters as u128)
            );
            let greatest = grouped(MAX_JACOBIAN as u128);
            let label = format!("expected at most {greatest} derivatives in total");
            Mistake::new(Code::TooLarge, span.clone(), message, label)
        }
        Wrong::Derivatives => {
            let message =
                format!("the derivatives of all squares have too many operations for `{name}`");
            let greatest = grouped(MAX_OPERATIONS as u128);
            let label = format!("expected at most {greatest} operations");
            Mistake::new(Code::TooLarge, span.clone(), message, label)
        }
    })
}

enum Wrong {
    NoSum,
    Root,
    Negative,
    TooLong(u128),
    TooMany { squares: usize, parameters: usize },
    Derivatives,
}

/// Whether an objective is a sum of squares that a method can split.
fn squares(objective: &Objective) -> Result<(), Wrong> {
    let function = &objective.function;
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let (variables, constants) = function.inputs_of(&graph);
    // Data are inputs after the constants.
    let shapes = objective.data.as_ref();
    let shapes = shapes.map_or(Vec::new(), |data| data.shapes(data.training.len()));
    let data: Vec<_> = shapes.iter().map(|shape| graph.input(shape)).collect();
    let loss = function.trace(&graph, &variables, &constants, &data);
    if !graph.is_of_numbers() {
        let operations = graph.operations().max(graph.elements());
        if operations > MAX_SQUARES as u64 {
            return Err(Wrong::TooLong(u128::from(operations)));
        }
    }
    let unrolled = graph.alike();
    let wanted = [&[loss], &variables[..]].concat();
    let (graph, mut numbers) = graph.each_number(&unrolled, &wanted);
    let x = numbers.split_off(1).concat();
    let loss = numbers[0][0];
    if graph.len() > MAX_OPERATIONS {
        return Err(Wrong::TooLong(graph.len() as u128));
    }
    let is_root = matches!(
        graph.nodes::<f64>()[loss.node()].node,
        Node::Each(Op::Sqrt | Op::Hypot, _)
    );
    let wrong = if is_root { Wrong::Root } else { Wrong::NoSum };
    let squares = graph.squares(loss, &x).ok_or(wrong)?;
    let parameters = x.len();
    if squares.len().saturating_mul(parameters) > MAX_JACOBIAN {
        let squares = squares.len();
        return Err(Wrong::TooMany {
            squares,
            parameters,
        });
    }
    let factors: Vec<_> = squares.iter().map(|square| square.factor).collect();
    if has_negative(objective, graph, &factors) {
        return Err(Wrong::Negative);
    }
    for square in squares {
        graph.gradient(square.residual, &x);
        if graph.len() > MAX_OPERATIONS {
            return Err(Wrong::Derivatives);
        }
    }
    Ok(())
}

/// Whether a factor is negative, or not finite, for any of the constants.
fn has_negative(objective: &Objective, graph: &Graph, factors: &[Array<'_>]) -> bool {
    let is_wrong = |factor: &f64| !(*factor >= 0.0 && factor.is_finite());
    let known = factors.iter().filter_map(|factor| factor.value());
    if known.into_iter().any(|factor| is_wrong(&factor)) {
        return true;
    }
    let open = factors.iter().filter(|factor| factor.value().is_none());
    let open: Vec<Array<'_>> = open.copied().collect();
    if open.is_empty() {
        return false;
    }
    let Some(rows) = rows(objective.data.as_ref()) else {
        return false;
    };
    let program = Program::new(graph, &open);
    let before = vec![0.0; objective.function.parameters().len()];
    let count = objective.constants.count().unwrap_or(0);
    (0..count).any(|index| {
        let constants = objective.constants.point(index);
        let constants = constants.filter_map(|(_, value)| value.number().map(Number::wide));
        let inputs = before.iter().copied().chain(constants);
        let inputs: Vec<f64> = inputs.chain(rows.iter().copied()).collect();
        program.evaluate(&inputs).iter().any(is_wrong)
    })
}

/// The numbers of all training rows; `None` if they are not available, as nothing will be run.
fn rows(data: Option<&Dataset>) -> Option<Vec<f64>> {
    let Some(data) = data else {
        return Some(Vec::new());
    };
    let mut rows = Vec::new();
    for (array, shape) in data.arrays.iter().zip(data.shapes(data.training.len())) {
        if Some(array.training.len()) != shape.elements() {
            return None;
        }
        rows.extend(array.training.iter().copied());
    }
    Some(rows)
}
