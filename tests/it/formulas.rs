//! Formulas of vectors and matrices against independent answers: tensors, which
//! compute at once, and differences of values.

use gradtape_engine::Program;
use gradtape_experiment::objective::{
    Arity, FUNCTIONS, Formula, GradientText, Inputs, Objective, Partial,
};
use gradtape_tape::{Array, Graph, Precision, Shape, Subnormals};
use gradtape_tape::{DType, Tensor};

use crate::close::close;
use crate::random::Random;

/// The variables of the tests: their shapes, and values of the size of one.
const VARIABLES: &[(&str, &[usize])] = &[
    ("x", &[]),
    ("v", &[5]),
    ("w", &[5]),
    ("M", &[3, 5]),
    ("S", &[5, 5]),
];

/// What the closures of the table compute with.
struct Tensors {
    x: Tensor,
    v: Tensor,
    w: Tensor,
    m: Tensor,
    s: Tensor,
}

fn objective(text: &str, definitions: &[(String, String)]) -> Objective {
    objective_of(text, definitions, VARIABLES)
}

fn objective_of(
    text: &str,
    definitions: &[(String, String)],
    variables: &[(&str, &[usize])],
) -> Objective {
    let parse =
        |text: &str| Formula::parse(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
    let definitions = definitions.iter();
    let definitions = definitions.map(|(name, text)| (name.clone(), parse(text)));
    let variables = variables.iter();
    let inputs = Inputs {
        variables: variables
            .map(|(name, shape)| ((*name).to_owned(), Shape::from(*shape)))
            .collect(),
        ..Inputs::default()
    };
    Objective::new(parse(text), definitions.collect(), inputs)
        .unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"))
}

fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

fn elements() -> usize {
    VARIABLES.iter().map(|(_, shape)| count(shape)).sum()
}

/// Values of the variables, without ties and away from 0.
fn point(seed: u64) -> Vec<f64> {
    let mut random = Random(seed);
    (0..elements()).map(|_| random.between(0.3, 1.6)).collect()
}

fn tensors(point: &[f64]) -> Tensors {
    let mut rest = point;
    let mut tensors = VARIABLES.iter().map(|(_, shape)| {
        let (own, others) = rest.split_at(count(shape));
        rest = others;
        Tensor::new(own.to_vec(), *shape).unwrap()
    });
    let mut next = || tensors.next().unwrap();
    Tensors {
        x: next(),
        v: next(),
        w: next(),
        m: next(),
        s: next(),
    }
}

/// The value and the gradient, recorded in a graph of arrays.
fn in_arrays(objective: &Objective, point: &[f64]) -> (f64, Vec<f64>) {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let variables = objective.variables().iter();
    let variables: Vec<Array<'_>> = variables.map(|(_, shape)| graph.input(shape)).collect();
    let value = objective.trace(&graph, &variables, &[], &[]);
    let gradient = graph.gradient(value, &variables);
    let wanted: Vec<Array<'_>> = [value].into_iter().chain(gradient).collect();
    let values = Program::epoch(&graph, &wanted, &[]).evaluate(point);
    (values[0], values[1..].to_vec())
}

/// The value and the gradient, element by element.
fn in_numbers(objective: &Objective, point: &[f64]) -> (f64, Vec<f64>) {
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let parameters: Vec<_> = point.iter().map(|_| graph.input([])).collect();
    let value = objective.trace_elements(&graph, &parameters, &[]);
    let gradient = graph.gradient(value, &parameters);
    let wanted: Vec<_> = [value].into_iter().chain(gradient).collect();
    let values = Program::new(&graph, &wanted).evaluate(point);
    (values[0], values[1..].to_vec())
}

type Case = (&'static str, fn(&Tensors) -> gradtape_tape::Result<Tensor>);

/// Formulas, and the same with tensors.
const CASES: &[Case] = &[
    ("sum(exp(v) + expm1(w))", |t| {
        (t.v.exp()? + t.w.expm1()?).sum()
    }),
    ("sum(ln(v)*log(w))", |t| (t.v.ln()? * t.w.ln()?).sum()),
    ("sum(log1p(v)/log2(w + 1) - log10(M))", |t| {
        (t.v.log1p()? / (&t.w + 1.0).log2()? - t.m.log10()?).sum()
    }),
    ("sum(sqrt(v) + cbrt(w) + abs(v - w) + sign(v - w))", |t| {
        let d = &t.v - &t.w;
        (t.v.sqrt()? + t.w.cbrt()? + d.abs()? + d.sign()?).sum()
    }),
    ("sum(sin(M)*cos(v) + tan(w/4))", |t| {
        (t.m.sin()? * t.v.cos()? + (&t.w / 4.0).tan()?).sum()
    }),
    ("sum(asin(v/2) + acos(w/2) + atan(v) + atan2(v, w))", |t| {
        let halves = (&t.v / 2.0).asin()? + (&t.w / 2.0).acos()?;
        (halves + t.v.atan()? + t.v.atan2(&t.w)?).sum()
    }),
    ("sum(sinh(v) + cosh(v) + tanh(v) + asinh(v))", |t| {
        (t.v.sinh()? + t.v.cosh()? + t.v.tanh()? + t.v.asinh()?).sum()
    }),
    ("sum(acosh(v + 1) + atanh(w/2))", |t| {
        ((&t.v + 1.0).acosh()? + (&t.w / 2.0).atanh()?).sum()
    }),
    (
        "sum(sigmoid(v) + softplus(w) + relu(v - w) + erf(v))",
        |t| {
            let relu = (&t.v - &t.w).relu()?;
            (t.v.sigmoid()? + t.w.softplus()? + relu + t.v.erf()?).sum()
        },
    ),
    (
        "sum(min(v, w) + max(v, w, x) + hypot(v, w) + clamp(v, 0.5, 1.2))",
        |t| {
            let extremes = t.v.minimum(&t.w)? + t.v.maximum(&t.w)?.maximum(&t.x)?;
            (extremes + t.v.hypot(&t.w)? + t.v.clamp(0.5, 1.2)?).sum()
        },
    ),
    ("sum(v*(floor(3*w) + ceil(3*w) + round(3*w)))", |t| {
        let w = &t.w * 3.0;
        (&t.v * (w.floor()? + w.ceil()? + w.round()?)).sum()
    }),
    ("sum(where(v < w and v > 0.5, v*M, w))", |t| {
        let below = t.v.less(&t.w)?.try_and(&t.v.greater(0.5)?)?;
        below.select(&(&t.v * &t.m), &t.w)?.sum()
    }),
    ("sum(M^2) + mean(M) + norm(M) + prod(v)", |t| {
        let squares = t.m.powi(2)?.sum()?;
        Ok(squares + t.m.mean()? + t.m.norm()? + t.v.prod()?)
    }),
    ("sum(M, axis=0) @ v + sum(M, axis=1)[1]*x", |t| {
        let down = (t.m.sum_axes(0)? * &t.v).sum()?;
        Ok(down + t.m.sum_axes(1)?.at(1)? * &t.x)
    }),
    ("sum(mean(M, axis=0)*v) + sum(mean(M, axis=1))", |t| {
        Ok((t.m.mean_axes(0)? * &t.v).sum()? + t.m.mean_axes(1)?.sum()?)
    }),
    ("sum(norm(M, axis=0)*v) + sum(prod(M, axis=1))", |t| {
        Ok((t.m.norm_axes(0)? * &t.v).sum()? + t.m.prod_axis(1)?.sum()?)
    }),
    (
        "max(M) - min(M) + sum(max(M, axis=0)*v) + sum(min(M, axis=1))",
        |t| {
            let range = t.m.max()? - t.m.min()?;
            Ok(range + (t.m.max_axes(0)? * &t.v).sum()? + t.m.min_axes(1)?.sum()?)
        },
    ),
    (
        "logsumexp(9*M) + sum(logsumexp(M, axis=0)*v) + sum(logsumexp(M, axis=1))",
        |t| {
            let all = (&t.m * 9.0).logsumexp()?;
            Ok(all + (t.m.logsumexp_axes(0)? * &t.v).sum()? + t.m.logsumexp_axes(1)?.sum()?)
        },
    ),
    (
        "softmax(v) @ w + sum(softmax(M, axis=0)*v) + sum(softmax(M, axis=1)*v)",
        |t| {
            let first = (t.v.softmax(0)? * &t.w).sum()?;
            Ok(first + (t.m.softmax(0)? * &t.v).sum()? + (t.m.softmax(1)? * &t.v).sum()?)
        },
    ),
    (
        "var(M) + std(v, ddof=1) + std(M, axis=0) @ v + sum(var(M, axis=1, ddof=2))",
        |t| {
            let all = t.m.var(0)? + t.v.std(1)? + (t.m.std_axes(0, 0)? * &t.v).sum()?;
            Ok(all + t.m.var_axes(1, 2)?.sum()?)
        },
    ),
    (
        "sum(argmax(M, axis=0)*v) + argmin(M, axis=1) @ w[:3] + argmax(v)*x",
        |t| {
            let place = |places: Tensor| places.cast(DType::F64);
            let down = (place(t.m.argmax(0)?)? * &t.v).sum()?;
            let across = (place(t.m.argmin(1)?)? * t.w.slice([..3])?).sum()?;
            Ok(down + across + place(t.v.argmax(0)?)? * &t.x)
        },
    ),
    (
        "sum(gelu(v) + silu(w) + elu(v - 1, x) + leaky_relu(w - 1, 0.25))",
        |t| {
            let elu = (&t.v - 1.0).elu(&t.x)?;
            (t.v.gelu()? + t.w.silu()? + elu + (&t.w - 1.0).leaky_relu(0.25)?).sum()
        },
    ),
    (
        "sum(lgamma(v) + digamma(w) + polygamma(2, v) + erfc(w) + logaddexp(v, w) + mod(v, w))",
        |t| {
            let gammas = t.v.lgamma()? + t.w.digamma()? + t.v.polygamma(2)?;
            (gammas + t.w.erfc()? + t.v.logaddexp(&t.w)? + &t.v % &t.w).sum()
        },
    ),
    ("sum(cumsum(v)*w) + sum(cumsum(M)*v)", |t| {
        Ok((t.v.cumsum(0)? * &t.w).sum()? + (t.m.cumsum(1)? * &t.v).sum()?)
    }),
    ("dot(v, w)*x + v @ w", |t| {
        let product = (&t.v * &t.w).sum()?;
        Ok(&product * &t.x + &product)
    }),
    ("sum((M @ v)^2) + sum(v @ S) + sum(M @ S)", |t| {
        let column = t.m.matmul(&t.v)?.powi(2)?.sum()?;
        Ok(column + t.v.matmul(&t.s)?.sum()? + t.m.matmul(&t.s)?.sum()?)
    }),
    ("sum((transpose(M) @ M - S)^2)", |t| {
        (t.m.transpose().matmul(&t.m)? - &t.s).powi(2)?.sum()
    }),
    ("length(v)*x + length(M)", |t| Ok(&t.x * 5.0 + 3.0)),
    ("sum(v^range(5)) + sum(range(5, 0, -1)*w)", |t| {
        let powers = t.v.pow(Tensor::from([0.0, 1.0, 2.0, 3.0, 4.0]))?.sum()?;
        Ok(powers + (Tensor::from([5.0, 4.0, 3.0, 2.0, 1.0]) * &t.w).sum()?)
    }),
    ("sum(repeat(x, 5)*w) + sum(repeat(v, 3)*M)", |t| {
        Ok((&t.x * &t.w).sum()? + (&t.v * &t.m).sum()?)
    }),
    ("sum(pad(v, 1, 2)[3:8]*w) + sum(pad(M, 0, 2)*S)", |t| {
        let (tail, head) = (t.v.slice([2..])?, t.w.slice([..3])?);
        let rows = t.s.slice([..3])?;
        Ok((tail * head).sum()? + (&t.m * rows).sum()?)
    }),
    ("sum(spread(v[:3], 2)*w)", |t| {
        let (v, w) = (&t.v, &t.w);
        let ends = v.at(0)? * w.at(0)? + v.at(1)? * w.at(2)?;
        Ok(ends + v.at(2)? * w.at(4)?)
    }),
    ("sum(one_hot([4, 0, 1], 5)*M)", |t| {
        let at = |row: isize, column: isize| t.m.at(row)?.at(column);
        Ok(at(0, 4)? + at(1, 0)? + at(2, 1)?)
    }),
    ("sum(100*(v[1:] - v[:-1]^2)^2 + (1 - v[:-1])^2)", |t| {
        let (head, tail) = (t.v.slice([..-1])?, t.v.slice([1..])?);
        let valley = (tail - head.powi(2)?).powi(2)? * 100.0;
        (valley + (1.0 - head).powi(2)?).sum()
    }),
    (
        "sum(v[::-1]*w) + sum(v[::2]) + sum(M[:, 1]*M[:, -1]) + M[2, 3]*M[0, 0]",
        |t| {
            let columns = t.m.transpose();
            let reversed: Vec<f64> = t.v.to_vec()?.into_iter().rev().collect();
            let reversed = (Tensor::from(reversed) * &t.w).sum()?;
            let second = t.v.at(0)? + t.v.at(2)? + t.v.at(4)?;
            let columns = (columns.at(1)? * columns.at(-1)?).sum()?;
            let corner = t.m.at(2)?.at(3)? * t.m.at(0)?.at(0)?;
            Ok(reversed + second + columns + corner)
        },
    ),
    ("sum([[x, 2], [v[0], x*v[1]]] @ [x, 1])", |t| {
        let (a, b) = (t.v.at(0)?, t.v.at(1)?);
        let first = &t.x * &t.x + 2.0;
        Ok(first + (a * &t.x + &t.x * b))
    }),
];

#[test]
fn formulas_of_arrays_have_the_values_of_tensors() {
    for seed in 0..5 {
        let point = point(seed);
        let tensors = tensors(&point);
        for (text, compute) in CASES {
            let objective = objective(text, &[]);
            assert!(objective.has_arrays());
            let expected: f64 = compute(&tensors).unwrap().item().unwrap();
            let (value, _) = in_arrays(&objective, &point);
            assert_eq!(
                value.to_bits(),
                expected.to_bits(),
                "{text}: {value} {expected}"
            );
            assert_eq!(
                in_numbers(&objective, &point).0.to_bits(),
                value.to_bits(),
                "{text}"
            );
        }
    }
}

#[test]
fn large_formulas_have_the_values_of_tensors() {
    // So large that the engine loops over elements.
    let variables: &[(&str, &[usize])] = &[
        ("x", &[1000]),
        ("w", &[20]),
        ("X", &[300, 20]),
        ("y", &[300]),
    ];
    let total: usize = variables.iter().map(|(_, shape)| count(shape)).sum();
    let mut random = Random(11);
    let point: Vec<f64> = (0..total).map(|_| random.between(-1.0, 1.0)).collect();
    let mut rest = &point[..];
    let tensors: Vec<Tensor> = variables
        .iter()
        .map(|(_, shape)| {
            let (own, others) = rest.split_at(count(shape));
            rest = others;
            Tensor::new(own.to_vec(), *shape).unwrap()
        })
        .collect();
    let [x, w, rows, y] = &tensors[..] else {
        panic!("four variables");
    };
    let valley = || -> gradtape_tape::Result<Tensor> {
        let (head, tail) = (x.slice([..-1])?, x.slice([1..])?);
        let valley = (tail - head.powi(2)?).powi(2)? * 100.0;
        (valley + (1.0 - head).powi(2)?).sum()
    };
    let logistic = || -> gradtape_tape::Result<Tensor> {
        let margins = rows.matmul(w)?;
        (margins.softplus()? - y * &margins).mean()
    };
    let cases = [
        ("sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)", valley()),
        ("mean(softplus(X @ w) - y*(X @ w))", logistic()),
    ];
    for (text, expected) in cases {
        let expected: f64 = expected.unwrap().item().unwrap();
        let whole = objective_of(text, &[], variables);
        let (value, gradient) = in_arrays(&whole, &point);
        assert_eq!(value.to_bits(), expected.to_bits(), "{text}");
        let (same, by_elements) = in_numbers(&whole, &point);
        assert_eq!(same.to_bits(), value.to_bits(), "{text}");
        for (one, other) in gradient.iter().zip(by_elements) {
            // The order of sums differs.
            assert!(close(*one, other, 1e-12, 1e-12), "{text}: {one} {other}");
        }
    }
}

#[test]
fn every_function_is_among_the_cases() {
    for function in FUNCTIONS {
        let call = format!("{}(", function.name);
        assert!(CASES.iter().any(|(text, _)| text.contains(&call)), "{call}");
    }
}

#[test]
fn gradients_of_arrays_are_those_of_differences() {
    for (text, _) in CASES {
        let (objective, point) = (objective(text, &[]), point(7));
        let (_, gradient) = in_arrays(&objective, &point);
        let (_, same) = in_numbers(&objective, &point);
        for (place, derivative) in gradient.iter().enumerate() {
            let value = |step: f64| {
                let mut moved = point.clone();
                moved[place] += step;
                in_numbers(&objective, &moved).0
            };
            // Central differences of step h err by h² times a third derivative, and
            // by the rounding of the values over h: both are about 1e-9 here, for
            // values and derivatives below 100.
            let step = 1e-5;
            let difference = (value(step) - value(-step)) / (2.0 * step);
            let name = &objective.parameters()[place];
            assert!(
                close(*derivative, difference, 1e-6, 1e-6),
                "{text} by {name}: {derivative} {difference}"
            );
            // The order of sums differs between the two graphs.
            assert!(
                close(*derivative, same[place], 1e-12, 1e-12),
                "{text} by {name}"
            );
        }
    }
}

/// Compares each element of a gradient with its text.
fn check_text(whole: &Objective, text: &str, point: &[f64]) -> GradientText {
    let (_, gradient) = in_numbers(whole, point);
    let shown = whole.gradient_text().unwrap_or_else(|| panic!("{text}"));
    let is_by_elements = shown.derivatives.len() == gradient.len();
    // The text that gives one element of the gradient.
    let elements = shown.derivatives.iter().zip(whole.variables());
    let mut texts: Vec<String> = Vec::new();
    for ((_, derivative), (_, shape)) in elements {
        match shape[..] {
            [] => texts.push(derivative.clone()),
            [length] => texts.extend((0..length).map(|i| format!("({derivative})[{i}]"))),
            [rows, columns] => texts.extend(
                (0..rows * columns)
                    .map(|at| format!("({derivative})[{}, {}]", at / columns, at % columns)),
            ),
            _ => panic!("{shape}"),
        }
    }
    if is_by_elements {
        texts = shown
            .derivatives
            .iter()
            .map(|(_, text)| text.clone())
            .collect();
    }
    for ((element, expected), name) in texts.iter().zip(gradient).zip(whole.parameters()) {
        let variables: Vec<(&str, &[usize])> = whole
            .variables()
            .iter()
            .map(|(name, shape)| (name.as_str(), &shape[..]))
            .collect();
        let of = objective_of(element, &shown.names, &variables);
        let found = in_numbers(&of, point).0;
        // Terms were collected, so that roundings differ, by more where large terms
        // cancel.
        assert!(
            close(found, expected, 1e-11, 1e-11),
            "{text}: by {name}: {element}: {found} {expected}\n{shown:?}"
        );
    }
    for (_, derivative) in shown.names.iter().chain(&shown.derivatives) {
        let parsed = Formula::parse(derivative).unwrap();
        assert_eq!(Formula::parse(&parsed.to_string()).unwrap(), parsed);
    }
    shown
}

#[test]
fn a_gradient_as_text_has_the_value_of_the_gradient() {
    let variables: &[(&str, &[usize])] = &[("x", &[]), ("v", &[5])];
    for text in [
        "(1 - x)^2 + 100*(v[0] - x^2)^2",
        "x^x - 2^x + x^-3/(1 - x)",
        "where(not (x < 0.5 or x > 3) and x != 1, x^2, -x)",
        "min(x, 2) + max(0.5, x^2) + hypot(x, 2*x) + clamp(x, 0, 9)",
        "erf(x)*asin(x/4) + atan2(x, 2) + log2(x) + log10(x) + cbrt(x)",
        "exp(-(x - v[1])^2/(2*0.3^2))*sin(x*v[1])/(x*v[1])",
        "20 + x^2 - 10*cos(2*pi*x) + v[0]^2 - 10*cos(2*pi*v[0])",
        "-20*exp(-0.2*sqrt((x^2 + v[0]^2)/2)) - exp((cos(tau*x) + cos(tau*v[0]))/2)",
        "tanh(x) + softplus(x) + sigmoid(x) + abs(x - 5) + acosh(x + 2)",
        "sum(100*(v[1:] - v[:-1]^2)^2 + (1 - v[:-1])^2)",
        "logsumexp(v) + max(v) + prod(v)",
    ] {
        let whole = objective_of(text, &[], variables);
        let shown = check_text(&whole, text, &point(3)[..6]);
        assert!(
            text.contains("logsumexp") || shown.derivatives.len() == 6,
            "{text}"
        );
    }
}

#[test]
fn a_gradient_of_many_parameters_is_written_with_vectors() {
    for (text, _) in CASES {
        let shown = check_text(&objective(text, &[]), text, &point(3));
        assert_eq!(shown.derivatives.len(), VARIABLES.len(), "{text}");
    }
}

#[test]
fn a_gradient_with_vectors_reads_as_people_write_it() {
    let variables: &[(&str, &[usize])] =
        &[("x", &[20]), ("b", &[]), ("X", &[30, 20]), ("y", &[30])];
    let of = |text: &str| {
        let shown = objective_of(text, &[], variables).gradient_text();
        let shown = shown.unwrap_or_else(|| panic!("{text}"));
        let lines = shown.names.iter().chain(&shown.derivatives);
        let lines = lines.filter(|(_, text)| !text.starts_with("repeat(0") && text != "0");
        let lines: Vec<String> = lines
            .map(|(name, text)| format!("{name}: {text}\n"))
            .collect();
        format!("f: {text}\n{}", lines.concat())
    };
    let all = [
        "sum(x^2)",
        "sum(x)",
        "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)",
        "sum(x[::2]*x[1::2])",
        "mean((X @ x + b - y)^2)",
        "mean(softplus(X @ x) - y*(X @ x))",
        "norm(x)",
        "sum(cumsum(x)^2)",
        "sum(exp(-range(20))*x)",
        "sum(softmax(X, axis=1) @ x)",
    ];
    insta::assert_snapshot!(all.map(of).join("\n"));
}

/// The gradient of a formula of numbers as text, a line for each.
fn shown(text: &str, variables: &[&str]) -> String {
    let inputs = Inputs::numbers(variables.iter().copied());
    let formula = Formula::parse(text).unwrap();
    let objective = Objective::new(formula, vec![], inputs).unwrap();
    let gradient = objective.gradient_text().unwrap();
    let names = gradient.names.iter();
    let names = names.map(|(name, text)| format!("{name} = {text}\n"));
    let derivatives = gradient.derivatives.iter();
    let derivatives = derivatives.map(|(name, text)| format!("d{name} = {text}\n"));
    names.chain(derivatives).collect()
}

#[test]
fn a_gradient_reads_as_people_write_it() {
    let of = |text: &str| format!("f = {text}\n{}", shown(text, &["x", "y", "t1"]));
    let all = [
        "x^2",
        "(1 - x)^2 + 100*(y - x^2)^2",
        "x^3*y^2/3 - x/y + 2/x",
        "sqrt(x^2 + y^2)",
        "(x + 2*y - 7)^2 + (2*x + y - 5)^2",
        "exp(-x^2 - y^2)*t1",
        "exp(sin(x)*cos(y) + x*y)^2 + exp(sin(x)*cos(y) + x*y)/x",
        "where(x > 0 and y > 0, x^2, -x)",
        "max(x, y) + abs(x)",
        "x^y",
        "-x/3 + 0.1*x",
        "gelu(x) + silu(y)",
        "elu(x, y) + leaky_relu(x, slope=0.5)",
        "lgamma(x) + digamma(y) + polygamma(2, t1)",
        "logaddexp(x, y) + mod(x, y)*t1",
    ];
    insta::assert_snapshot!(all.map(of).join("\n"));
}

#[test]
fn every_function_can_stand_in_a_gradient() {
    for function in FUNCTIONS {
        let arguments = match function.arity {
            Arity::Exactly(count) | Arity::AtLeast(count) => count,
            Arity::Between(_, most) => most,
        };
        let condition = function.takes_condition();
        let argument = |place: usize| match (place, function.name) {
            (0, _) if condition => "x > 1",
            (0, "polygamma") => "2",
            (0, _) => "x",
            _ => "0.5",
        };
        let arguments: Vec<&str> = (0..arguments).map(argument).collect();
        // The derivative by y is the function itself.
        let text = format!("{}({})*y", function.name, arguments.join(", "));
        let Ok(objective) = Objective::new(
            Formula::parse(&text).unwrap(),
            Vec::new(),
            Inputs::numbers(["x", "y"]),
        ) else {
            // It takes arrays.
            continue;
        };
        let gradient = objective.gradient_text().expect("it is short");
        let all = gradient.names.iter().chain(&gradient.derivatives);
        for (_, derivative) in all {
            assert!(Formula::parse(derivative).is_ok(), "{text}: {derivative}");
        }
    }
}

#[test]
fn a_derivative_that_reaches_one_row_reaches_all_of_it() {
    let objective = objective("sum(M, axis=1)[1]*x + M[0, 0]", &[]);
    let (_, gradient) = in_arrays(&objective, &vec![2.0; elements()]);
    let of_m = &gradient[11..26];
    let expected = [1, 0, 0, 0, 0, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0].map(f64::from);
    assert_eq!(of_m, expected);
}

#[test]
fn derivatives_at_kinks_are_those_of_the_documentation() {
    let infinity = f64::INFINITY;
    let of_x: &[(&str, f64, f64)] = &[
        ("sqrt(x)", 0.0, infinity),
        ("cbrt(x)", 0.0, infinity),
        ("abs(x)", 0.0, 0.0),
        ("sign(x)", 0.0, 0.0),
        ("sign(x)", 2.0, 0.0),
        ("asin(x)", 1.0, infinity),
        ("acos(x)", -1.0, -infinity),
        ("acosh(x)", 1.0, infinity),
        ("atanh(x)", 1.0, infinity),
        ("atan2(x, 0)", 0.0, f64::NAN),
        ("hypot(x, 0)", 0.0, f64::NAN),
        ("relu(x)", 0.0, 0.0),
        ("leaky_relu(x)", 0.0, 0.01),
        ("elu(x, alpha=3)", 0.0, 3.0),
        ("gelu(x)", 0.0, 0.5),
        ("silu(x)", 0.0, 0.5),
        ("mod(x, 2)", 4.0, 1.0),
        ("mod(7, x)", 2.0, -3.0),
        ("std([x, 1])", 1.0, f64::NAN),
        ("var([x, 1])", 1.0, 0.0),
        ("argmax([x, 1])*x", 2.0, 0.0),
        ("lgamma(x)", 0.0, -infinity),
        ("clamp(x, 1, 2)", 1.0, 1.0),
        ("clamp(x, 1, 2)", 2.0, 1.0),
        ("clamp(x, 1, 2)", 3.0, 0.0),
        ("floor(x)", 0.5, 0.0),
        ("ceil(x)", 0.5, 0.0),
        ("round(x)", 0.5, 0.0),
        ("where(x > 0, x^2, -x)", 0.0, -1.0),
        ("min(2*x, x)", 0.0, 2.0),
        ("max(2*x, x)", 0.0, 2.0),
        ("max([2*x, x])", 0.0, 1.5),
        ("min([3*x, x, 1])", 0.0, 2.0),
        ("prod([x, x + 1, x + 2])", 0.0, 2.0),
        ("norm([x, 2*x])", 0.0, f64::NAN),
        ("sum(one_hot([x], 3))", 1.0, 0.0),
        ("sum(range(3)*x)", 0.0, 3.0),
        ("(-2)^x", 2.0, 0.0),
    ];
    for (text, x, expected) in of_x {
        let objective = objective_of(text, &[], &[("x", &[])]);
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let partials = Partial::up_to(1, 1);
        let both = objective.derivatives(&graph, &[0], &partials, 1_000);
        let found = Program::new(&graph, &both.unwrap()).evaluate(&[*x])[1];
        assert!(close(found, *expected, 0.0, 0.0), "{text} at {x}: {found}");
        if objective.has_arrays() {
            let (_, same) = in_arrays(&objective, &[*x]);
            assert!(
                close(same[0], *expected, 0.0, 0.0),
                "{text} at {x}: {}",
                same[0]
            );
        }
    }
}

#[test]
fn second_derivatives_of_arrays_are_those_of_differences() {
    for text in [
        "sum(100*(v[1:] - v[:-1]^2)^2 + (1 - v[:-1])^2)*x",
        "logsumexp(v)*norm([x, 1]) + v @ v*prod(v)",
        "max(v)^3*x + sum(cumsum(v)^3)",
    ] {
        let whole = objective_of(text, &[], &[("x", &[]), ("v", &[5])]);
        let (partials, point) = (Partial::up_to(6, 2), &point(5)[..6]);
        let graph = Graph::new(Precision::F64, Subnormals::Keep);
        let all = whole.derivatives(&graph, &[0, 1, 2, 3, 4, 5], &partials, 100_000);
        let found = Program::new(&graph, &all.unwrap()).evaluate(point);
        for (partial, found) in partials
            .iter()
            .zip(found)
            .filter(|(one, _)| one.order() == 2)
        {
            let name = partial.name(whole.parameters());
            let is_by = |at: &usize| name.contains(&format!("d{}", whole.parameters()[*at]));
            let by: Vec<usize> = (0..6).filter(is_by).collect();
            let (first, second) = (by[0], *by.last().unwrap());
            let slope = |step: f64| {
                let mut moved = point.to_vec();
                moved[second] += step;
                in_arrays(&whole, &moved).1[first]
            };
            // Errs as in the test of gradients.
            let step = 1e-5;
            let difference = (slope(step) - slope(-step)) / (2.0 * step);
            assert!(
                close(found, difference, 1e-6, 1e-5),
                "{text}: {name}: {found} {difference}"
            );
        }
    }
}
