//! Checks that must hold for every text, whether it is a formula or not. The fuzz target
//! and the tests both call them.

use gradtape_engine::Program;
use gradtape_experiment::mistake::Mistake;
use gradtape_experiment::objective::{Formula, Inputs, Objective};
use gradtape_tape::{Graph, Precision, Shape, Subnormals};

/// Larger formulas are not evaluated, so that each execution is short.
const MAX_ELEMENTS: usize = 5_000;
const MAX_OPERATIONS: u64 = 20_000;

/// The stage that a text reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It is not a formula.
    Mistake,
    /// It is a formula, with unknown names or incompatible shapes.
    Misfit,
    /// It was recorded and evaluated, if it is small.
    Value,
}

/// The names that a text can use, with their shapes.
pub fn inputs() -> Inputs {
    let shaped = |name: &str, shape: &[usize]| (name.to_owned(), Shape::from(shape));
    Inputs {
        variables: vec![
            shaped("x", &[]),
            shaped("y", &[]),
            shaped("v", &[3]),
            shaped("w", &[4]),
            shaped("M", &[2, 3]),
            shaped("S", &[3, 3]),
        ],
        constants: vec!["k".to_owned()],
        data: Vec::new(),
    }
}

/// Reads, prints, checks and evaluates a text.
///
/// # Panics
///
/// If a check fails.
pub fn exercise(text: &str) -> Reached {
    let formula = match Formula::parse(text) {
        Ok(formula) => formula,
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            mistakes.iter().for_each(|mistake| is_placed(mistake, text));
            return Reached::Mistake;
        }
    };
    let printed = formula.to_string();
    let again = Formula::parse(&printed);
    assert!(
        again.is_ok_and(|again| again == formula),
        "{text}\n{printed}"
    );
    assert!(printed.len() <= 4 * text.len() + 4, "{text}\n{printed}");
    let objective = match Objective::new(formula, Vec::new(), inputs()) {
        Ok(objective) => objective,
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            let mut told = mistakes.iter().map(|one| &one.mistake);
            told.all(|mistake| {
                is_placed(mistake, text);
                true
            });
            return Reached::Misfit;
        }
    };
    if objective.elements() <= MAX_ELEMENTS {
        evaluate(&objective, text);
    }
    Reached::Value
}

/// Checks that an error has a message and a place.
fn is_placed(mistake: &Mistake, text: &str) {
    assert!(!mistake.message.is_empty());
    let span = mistake.span.clone().expect("a place in the text");
    assert!(text.get(span).is_some(), "{mistake:?}\n{text}");
}

/// Records the value and the gradient, and evaluates both.
fn evaluate(objective: &Objective, text: &str) {
    let arrays = Graph::new(Precision::F64, Subnormals::Keep);
    let variables: Vec<_> = objective
        .variables()
        .iter()
        .map(|(_, shape)| arrays.input(shape))
        .collect();
    let constants = [arrays.input(Shape::scalar())];
    let value = objective.trace(&arrays, &variables, &constants, &[]);
    assert!(value.shape().is_empty(), "{text}");
    if arrays.operations() > MAX_OPERATIONS {
        return;
    }
    let gradient = arrays.gradient(value, &variables);
    for (derivative, (_, shape)) in gradient.iter().zip(objective.variables()) {
        assert_eq!(derivative.shape(), *shape, "{text}");
    }
    if arrays.operations() > MAX_OPERATIONS || arrays.elements() > 10 * MAX_ELEMENTS as u64 {
        return;
    }
    // The gradient as text can be parsed as formulas.
    if let Some(text) = objective.gradient_text() {
        for (_, derivative) in text.names.iter().chain(&text.derivatives) {
            assert!(Formula::parse(derivative).is_ok(), "{derivative}");
        }
    }
    let point: Vec<f64> = (0..arrays.inputs())
        .map(|at| 0.5 + 0.25 * at as f64)
        .collect();
    let wanted: Vec<_> = [value].into_iter().chain(gradient).collect();
    let found = Program::epoch(&arrays, &wanted, &[]).evaluate(&point);
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let inputs: Vec<_> = point.iter().map(|_| graph.input([])).collect();
    let (parameters, constants) = inputs.split_at(inputs.len() - 1);
    let same = objective.trace_elements(&graph, parameters, constants);
    let same = Program::new(&graph, &[same]).evaluate(&point)[0];
    // Only the sign of a zero may differ where everything is a number.
    assert!(
        found[0] == same || (found[0].is_nan() && same.is_nan()),
        "{text}"
    );
}
