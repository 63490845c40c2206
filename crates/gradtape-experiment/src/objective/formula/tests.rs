use super::*;
use crate::objective::{Inputs, Objective};
use gradtape_engine::Program;
use gradtape_tape::{Graph, Precision, Shape, Subnormals};

/// The names of the tests: two numbers, two vectors, two matrices.
fn objective(text: &str) -> Result<Objective, Vec<Mistake>> {
    let inputs: &[(&str, &[usize])] = &[
        ("x", &[]),
        ("y", &[]),
        ("v", &[3]),
        ("w", &[4]),
        ("M", &[2, 3]),
        ("S", &[3, 3]),
    ];
    let used = Formula::parse(text)?;
    let used: Vec<&str> = used.names().map(|(name, _)| name).collect();
    let inputs = inputs.iter().filter(|(name, _)| used.contains(name));
    let inputs = Inputs {
        variables: inputs
            .map(|(name, shape)| ((*name).to_owned(), Shape::from(*shape)))
            .collect(),
        constants: vec!["k".to_owned()],
        ..Inputs::default()
    };
    let mistakes = |list: Vec<crate::objective::FormulaMistake>| {
        list.into_iter().map(|one| one.mistake).collect::<Vec<_>>()
    };
    Objective::new(Formula::parse(text)?, Vec::new(), inputs).map_err(mistakes)
}

/// The value at x = 3, y = -2, v = [1, 2, 4], w = [1, -1, 2, 0.5],
/// M = [[1, 2, 3], [4, 5, 6]], S = [[2, 0, 1], [0, 3, 0], [1, 0, 4]].
fn value(text: &str) -> f64 {
    let objective = objective(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
    let graph = Graph::new(Precision::F64, Subnormals::Keep);
    let mut numbers: Vec<f64> = Vec::new();
    for (name, _) in objective.variables() {
        numbers.extend_from_slice(match name.as_str() {
            "x" => &[3.0],
            "y" => &[-2.0],
            "v" => &[1.0, 2.0, 4.0],
            "w" => &[1.0, -1.0, 2.0, 0.5],
            "M" => &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            _ => &[2.0, 0.0, 1.0, 0.0, 3.0, 0.0, 1.0, 0.0, 4.0],
        });
    }
    let parameters: Vec<_> = numbers.iter().map(|_| graph.input([])).collect();
    let constant = graph.input([]);
    numbers.push(0.0);
    let result = objective.trace_elements(&graph, &parameters, &[constant]);
    Program::new(&graph, &[result]).evaluate(&numbers)[0]
}

/// The first mistake as "message | underlined text | label".
fn mistake(text: &str) -> String {
    let mistakes = objective(text).expect_err(text);
    let first = &mistakes[0];
    let underlined = &text[first.span.clone().unwrap()];
    format!("{} | {underlined} | {}", first.message, first.label)
}

#[test]
fn arithmetic_has_the_precedence_of_python() {
    for (text, expected) in [
        ("1 + 2*3", 7.0),
        ("(1 + 2)*3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("24/4/2", 3.0),
        ("2^3^2", 512.0),
        ("2**3", 8.0),
        ("-x^2", -9.0),
        ("(-x)^2", 9.0),
        ("2^-x", 0.125),
        ("-2^-2", -0.25),
        ("--x", 3.0),
        ("+x - +y", 5.0),
        ("2*-x", -6.0),
        ("-x*y", 6.0),
        ("x^0.5^2", 3.0_f64.powf(0.25)),
        ("1e-3 + .5 + 2. + 1_000", 1002.501),
        ("1e3", 1000.0),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn functions_have_their_usual_meaning() {
    for (text, expected) in [
        ("sqrt(x + 1)", 2.0),
        ("log(e)", 1.0),
        ("ln(e)", 1.0),
        ("log10(1000)", 3.0),
        ("log2(8)", 3.0),
        ("cbrt(27)", 3.0),
        ("abs(y)", 2.0),
        ("sign(y)", -1.0),
        ("cos(pi)", -1.0),
        ("tau/pi", 2.0),
        ("atan2(0, -1)", std::f64::consts::PI),
        ("relu(y) + relu(x)", 3.0),
        ("min(x, y, 1)", -2.0),
        ("max(x, y, 4)", 4.0),
        ("clamp(x, 0, 1)", 1.0),
        ("hypot(x, 4)", 5.0),
        ("hypot(2, 3, 6)", 7.0),
        ("sigmoid(0)", 0.5),
        ("floor(2.5) + ceil(2.5) + round(2.5)", 7.0),
        ("erf(0)", 0.0),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn conditions_choose_in_where() {
    for (text, expected) in [
        ("where(x > 0, 1, 2)", 1.0),
        ("where(x <= y, 1, 2)", 2.0),
        ("where(x == 3 and y == -2, 1, 2)", 1.0),
        ("where(x != 3 or not y < 0, 1, 2)", 2.0),
        ("where(not x < 0 and y < 0, 1, 2)", 1.0),
        ("where(x >= 3, x, y)", 3.0),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn a_mistake_names_what_was_expected_where() {
    for (text, expected) in [
        (
            "",
            "the formula is empty |  | expected a formula such as `x^2`",
        ),
        (
            "x +",
            "the formula ends too early | + | expected a number, a variable or `(` after this",
        ),
        (
            "x + * 2",
            "unexpected `*` in the formula | * | expected a number, a variable or `(`",
        ),
        (
            "(x + 1",
            "unbalanced parenthesis in the formula | ( | this `(` is never closed",
        ),
        (
            "x + 1)",
            "unbalanced parenthesis in the formula | ) | this `)` closes nothing",
        ),
        (
            "2x",
            "expected an operator, found `x` | x | an operator is missing before this",
        ),
        (
            "(2 x)",
            "expected an operator or `)`, found `x` | x | an operator is missing before this",
        ),
        (
            "x²",
            "unexpected character `²` in the formula | ² | write a power as `^2`",
        ),
        (
            "x = 2",
            "unexpected character `=` in the formula | = | write a comparison as `==`",
        ),
        (
            "gamma(x)",
            "unknown function `gamma` | gamma | did you mean `lgamma`?",
        ),
        (
            "sqt(x)",
            "unknown function `sqt` | sqt | did you mean `sqrt`?",
        ),
        (
            "1 + sin",
            "`sin` is a function | sin | expected its arguments: `sin(…)`",
        ),
        (
            "atan2(x)",
            "`atan2` takes 2 arguments, found 1 | atan2(x) | angle of the point (x, y), written atan2(y, x)",
        ),
        (
            "exp()",
            "`exp` takes 1 argument, found 0 | exp() | e to the power x",
        ),
        (
            "x < 1",
            "a formula needs a number, found a comparison | x < 1 | this is true or false",
        ),
        (
            "where(x, 1, 2)",
            "`where` needs a comparison, found a number | x | expected a comparison such as `x > 0`",
        ),
        (
            "where(0 < x < 1, 1, 2)",
            "comparisons cannot be chained | < | write `a < b and b < c`",
        ),
        (
            "1 + (x > 0)",
            "`+` needs a number, found a comparison | x > 0 | this is true or false",
        ),
        (
            "1.2.3",
            "expected an operator, found `.3` | .3 | an operator is missing before this",
        ),
        (
            "1e999",
            "`1e999` is not a number | 1e999 | expected a number such as 2, 0.5 or 1e-3",
        ),
        (
            "x + .",
            "`.` is not a number | . | expected a number such as 2, 0.5 or 1e-3",
        ),
    ] {
        assert_eq!(mistake(text), expected, "{text}");
    }
}

#[test]
fn vectors_and_matrices_have_the_meaning_of_numpy() {
    for (text, expected) in [
        ("sum(v)", 7.0),
        ("mean(M)", 3.5),
        ("prod(v)", 8.0),
        ("norm([3, 4])", 5.0),
        ("max(v) - min(v)", 3.0),
        ("v[0] + 10*v[-1]", 41.0),
        ("M[1, 2] + M[-2, 0]", 7.0),
        ("sum(M[1])", 15.0),
        ("sum(M[:, 1])", 7.0),
        ("sum(M[1:, :2])", 9.0),
        ("sum(w[::2])", 3.0),
        ("w[::-1][0]", 0.5),
        ("sum((v[1:] - v[:-1])^2)", 5.0),
        ("dot(v, v)", 21.0),
        ("v @ v", 21.0),
        ("(M @ v)[1]", 38.0),
        ("v @ S @ v", 86.0),
        ("(S @ S)[0, 0]", 5.0),
        ("(transpose(M) @ M)[2, 1]", 36.0),
        ("sum(M, axis=0)[2]", 9.0),
        ("sum(M, axis=1)[0]", 6.0),
        ("max(M, axis=0)[1] + min(M, axis=1)[1]", 9.0),
        ("mean(M, axis=0)[0]", 2.5),
        ("prod(M, axis=1)[1]", 120.0),
        ("norm([[3, 4], [0, 2]], axis=1)[1]", 2.0),
        ("length(v) + length(M)", 5.0),
        ("cumsum(v)[1]", 3.0),
        ("cumsum(M)[1, 2]", 15.0),
        ("sum(range(5))", 10.0),
        ("sum(range(2, 5)) + sum(range(10, 0, -3))", 31.0),
        ("v[length(v) - 1]", 4.0),
        ("sum(range(1, length(v) + 1)*v)", 17.0),
        ("sum(M + [10, 20, 30])", 141.0),
        ("sum(M*2 + 1)", 48.0),
        ("sum(where(v > 1, v, -v))", 5.0),
        ("sum(where(v > 1 and v < 3, x, 0))", 3.0),
        ("sum(max(v, 2))", 8.0),
        ("sum(max(M, v, 5))", 31.0),
        ("sum(relu(w)) + sum(clamp(w, 0, 1))", 6.0),
        ("[x, y, x*y][2]", -6.0),
        ("[[1, 2], [x, 4]][1, 0]", 3.0),
        ("sum([v, v, 2*v])", 28.0),
        ("logsumexp([0, 0])", std::f64::consts::LN_2),
        ("softmax([7, 7, 7, 7])[2]", 0.25),
        ("softmax([[1, 1], [5, 5]], axis=1)[1, 0]", 0.5),
        ("softmax([[1, 1], [1, 1]], axis=0)[1, 0]", 0.5),
        ("softmax([[1, 1], [1, 1]])[1, 0]", 0.25),
        (
            "logsumexp([[0, 1000], [0, 1000]], axis=0)[1] - 1000",
            std::f64::consts::LN_2,
        ),
        ("sum(one_hot([2, 0], 3)[0]*v)", 4.0),
        ("var([1, 2, 3, 6])", 3.5),
        ("var([1, 2, 3, 6], ddof=1)", 14.0 / 3.0),
        ("std([1, 3])", 1.0),
        ("std([[1, 5], [3, 5]], axis=0)[0]", 1.0),
        ("std([[1, 3], [5, 9]], ddof=1, axis=1)[1]", 8.0_f64.sqrt()),
        ("var(M)", 35.0 / 12.0),
        ("argmax([1, 7, 3, 7]) + 10*argmin([4, 2, 2])", 11.0),
        ("argmax(M)", 5.0),
        ("argmin(-M, axis=0)[2] + 10*argmax(-M, axis=1)[1]", 1.0),
        ("argmax([2, sqrt(-1), 3, sqrt(-1)])", 1.0),
        ("mod(-7, 3) + 10*mod(7, -3) + 100*mod(7.5, 2)", 132.0),
        ("logaddexp(1000, 1000) - 1000", std::f64::consts::LN_2),
        ("leaky_relu(-2) + leaky_relu(3)", 2.98),
        ("leaky_relu(-2, slope=0.5) + leaky_relu(-2, 0.25)", -1.5),
        ("elu(1) + elu(-ln(2)) + elu(-ln(2), alpha=4)", -1.5),
        ("gelu(0) + silu(0)", 0.0),
        ("gelu(1) + gelu(-1) - erf(sqrt(0.5))", 0.0),
        ("silu(2) - 2*sigmoid(2)", 0.0),
        ("erfc(1) + erf(1)", 1.0),
        ("exp(lgamma(6))", 120.0),
        ("exp(2*lgamma(-0.5))", 4.0 * std::f64::consts::PI),
        ("digamma(2) - digamma(1)", 1.0),
        ("polygamma(0, 2) - digamma(2)", 0.0),
        ("polygamma(1, 1)", std::f64::consts::PI.powi(2) / 6.0),
        ("sum(polygamma(range(1, 3), 1))", -0.759_179_739_470_962),
        ("M[1:2] @ v @ [2]", 76.0),
        ("-v[0]^2 + (-v)[1]^2", 3.0),
        ("sum([x])", 3.0),
        ("[1, 2, 3,\n 4][\n3]", 4.0),
    ] {
        let found = value(text);
        assert!((found - expected).abs() < 1e-12, "{text}: {found}");
    }
}

#[test]
fn what_is_known_folds_to_a_constant() {
    for (text, expected) in [
        ("x*length(v)", "x*3"),
        ("where(length(M) == 2, x, sum(v))", "x"),
        ("v[1:][0] + v[2]", "v[1] + v[2]"),
        ("[x, y][0]*2", "x*2"),
        ("sum([x, y])", "x + y"),
    ] {
        let nodes = |text: &str| {
            let objective = objective(text).unwrap();
            let graph = Graph::new(Precision::F64, Subnormals::Keep);
            let parameters = ["x", "y", "v"].map(|name| {
                let count = if name == "v" { 3 } else { 1 };
                (
                    name,
                    (0..count).map(|_| graph.input([])).collect::<Vec<_>>(),
                )
            });
            let given = objective.variables().iter();
            let given = given.flat_map(|(name, shape)| {
                let found = parameters.iter().find(|(known, _)| known == name);
                match found {
                    Some((_, inputs)) => inputs.clone(),
                    None => (0..shape.elements().unwrap())
                        .map(|_| graph.input([]))
                        .collect(),
                }
            });
            let given: Vec<_> = given.collect();
            let value = objective.trace_elements(&graph, &given, &[graph.input([])]);
            let program: Program<f64> = Program::new(&graph, &[value]);
            program.to_string()
        };
        let instructions = |text: &str| nodes(text).lines().count();
        assert_eq!(
            instructions(text),
            instructions(expected),
            "{text}\n{}",
            nodes(text)
        );
    }
}

#[test]
fn a_misfit_names_both_shapes() {
    let shown: Vec<String> = [
        "sum(v + w)",
        "sum(v[1:] - w)",
        "sum(M*w)",
        "sum(M*[1, 2])",
        "sum(M + S)",
        "v",
        "M @ v",
        "sin(M)",
        "sum(M @ w)",
        "sum(w @ M)",
        "2 @ v",
        "x[0]",
        "v[3]",
        "v[-4]",
        "M[2, 0]",
        "M[0, 3]",
        "v[0, 0]",
        "v[0.5]",
        "v[k]",
        "v[v]",
        "v[x > 0]",
        "sum(v[3:])",
        "sum(v[::0])",
        "sum(v[2:1])",
        "v[]",
        "v[",
        "v[0",
        "v[0)",
        "v]",
        "[]",
        "[1, 2",
        "sum([[1, 2], [3]])",
        "sum([1, [2]])",
        "sum([S, S])",
        "sum(x)",
        "sum(v, axis=1)",
        "sum(M, axis=2)",
        "sum(M, axes=1)",
        "sum(M, axis=0, x)",
        "sin(M, axis=0)",
        "max(v, x, axis=0)",
        "sum(axis=0)",
        "sum(M, axis=0, axis=1)",
        "elu(v, slope=2)",
        "std(v, dof=1)",
        "std(v, ddof=3)",
        "std(v, ddof=0.5)",
        "var(M, axis=1, ddof=x)",
        "var(v, ddof=1, ddof=1)",
        "var(x)",
        "argmax(x)",
        "polygamma(1.5, x)",
        "polygamma(101, x)",
        "dot(v, w)",
        "dot(M, v)",
        "transpose(v)",
        "length(x)",
        "cumsum(x)",
        "sum(range(k))",
        "sum(range(0))",
        "sum(range(2, 5, -1))",
        "sum(range(1, 2, 0))",
        "sum(range(1.5))",
        "sum(range(1e9))",
        "sum(range(v))",
        "sum(one_hot(v, 0))",
        "sum(one_hot(v, x))",
        "sum(one_hot(M, 2))",
        "where(v > w, 1, 2)",
        "where(v, 1, 2)",
        "where(v > 0, 1, 2)",
        "sum(max(v, x, w))",
        "max()",
        "range(1, 2, 3, 4)",
        "sum(v) + summ(v)",
        "M.T",
        "v.sum()",
        "v[1:2:3:4]",
        "x : 2",
        "v[0 = 1]",
        "M[0, 1, 2]",
        "[x > 0]",
        "sum(v, v)",
        "sum((v + v*v - v/v + exp(v)*v) + w)",
        "{1, 2}",
        "x & y",
    ]
    .into_iter()
    .map(|text| {
        let mistakes = objective(text).expect_err(text);
        let first = &mistakes[0];
        let place = first.span.clone().unwrap();
        let caret: String = text
            .char_indices()
            .map(|(at, _)| if place.contains(&at) { '^' } else { ' ' })
            .collect();
        let help = match first.help.is_empty() {
            true => String::new(),
            false => format!("\n  help: {}", first.help),
        };
        format!(
            "{}\n  {text}\n  {} {}{help}\n",
            first.message,
            caret.trim_end(),
            first.label
        )
    })
    .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn sizes_are_bounded_together() {
    let large = "range(19000000)";
    objective(&format!("sum({large})")).unwrap();
    let text = format!("sum({large} + {large}) + sum({large})");
    assert_eq!(
        mistake(&text),
        format!(
            "the vectors and matrices of the formula are too large in total | {large} + {large} | \
             this brings the total above 50,000,000 elements"
        )
    );
}

#[test]
fn mistakes_of_shape_are_told_all_at_once_and_once() {
    let mistakes = objective("sum(v + w)*2 + sin(v[7]) + [[1], [2, 3]][0, 0]").unwrap_err();
    let messages: Vec<_> = mistakes.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "the operands of `+` have incompatible shapes",
            "index 7 is out of range",
            "the rows of this matrix have different lengths"
        ]
    );
}

#[test]
fn a_formula_prints_with_the_fewest_parentheses() {
    for (text, expected) in [
        (
            "((1-x)**2)+(100*((y-(x^2))^2))",
            "(1 - x)^2 + 100*(y - x^2)^2",
        ),
        ("x-(y-1)", "x - (y - 1)"),
        ("(x-y)-1", "x - y - 1"),
        ("x+(y+1)", "x + (y + 1)"),
        ("x/(y*2)/(x/y)", "x/(y*2)/(x/y)"),
        ("-(x*y)", "-(x*y)"),
        ("(-x)*y", "-x*y"),
        ("(-x)^2", "(-x)^2"),
        ("-(x^2)", "-x^2"),
        ("2^(-x)", "2^-x"),
        ("(2^x)^y", "(2^x)^y"),
        ("2^(x^y)", "2^x^y"),
        ("+x", "x"),
        ("x*(-y)", "x*-y"),
        ("-(-x)", "--x"),
        (
            "where(not ((x>0) and (y>0)) or (not (x<1)),1,2)",
            "where(not (x > 0 and y > 0) or not x < 1, 1, 2)",
        ),
        ("(v+v)[0]", "(v + v)[0]"),
        ("((v))[(1):]@(v[:-1])", "v[1:] @ v[:-1]"),
        ("(M[0])[1]^2", "M[0][1]^2"),
        ("M[ :,0 ]@[1,2]", "M[:, 0] @ [1, 2]"),
        ("sum(M,axis = 1)@w[::2]", "sum(M, axis=1) @ w[::2]"),
        ("std(M, ddof = 1,axis=0)", "std(M, ddof=1, axis=0)"),
        ("var(v,ddof=(2-1))", "var(v, ddof=2 - 1)"),
        (
            "elu(x,alpha = y)+leaky_relu(x)",
            "elu(x, y) + leaky_relu(x)",
        ),
        (
            "1_000*x + 1e-3 + 2.50 + 1e300",
            "1000*x + 0.001 + 2.5 + 1e300",
        ),
        // Rounded by way of f64 this would be another f32.
        (
            "1.00000017881393432617187500001*x",
            "1.00000017881393432617187500001*x",
        ),
    ] {
        let formula = Formula::parse(text).unwrap();
        assert_eq!(formula.to_string(), expected);
        assert_eq!(Formula::parse(expected).unwrap(), formula);
    }
}

#[test]
fn unknown_functions_are_told_all_at_once() {
    let mistakes = Formula::parse("sinn(x) + coss(x) + atan2(1)").unwrap_err();
    assert_eq!(mistakes.len(), 3);
}

#[test]
fn depth_and_size_are_bounded() {
    for deep in [
        "(".repeat(100_000) + "x",
        "-".repeat(10_000) + "x",
        "x^".repeat(9_000) + "x",
        "sin(".repeat(5_000) + "x",
        "not ".repeat(5_000) + "x",
        "[".repeat(9_000) + "x",
        "x[".repeat(5_000) + "0",
    ] {
        let mistakes = Formula::parse(&deep).unwrap_err();
        assert!(
            mistakes[0].message.contains("more than"),
            "{}",
            mistakes[0].message
        );
    }
    assert_eq!(value(&("(".repeat(99) + "x" + &")".repeat(99))), 3.0);
    assert_eq!(value(&("x".to_owned() + &"+x".repeat(9_000))), 27_003.0);
}

/// A formula to be built: what its parts are is chosen by numbers.
#[derive(Clone, Debug)]
enum Tree {
    Number(f64),
    Name(&'static str),
    Node(u8, Vec<Tree>),
}

fn trees() -> impl proptest::strategy::Strategy<Value = Tree> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        (0.0..1e6).prop_map(Tree::Number),
        any::<u16>().prop_map(|whole| Tree::Number(f64::from(whole))),
        proptest::num::f64::POSITIVE.prop_map(Tree::Number),
        prop_oneof![Just("x"), Just("e1"), Just("Ωmega_2")].prop_map(Tree::Name),
    ];
    leaf.prop_recursive(8, 60, 4, |inner| {
        (any::<u8>(), proptest::collection::vec(inner, 1..5))
            .prop_map(|(kind, parts)| Tree::Node(kind, parts))
    })
}

/// Builds a tree as the parser would, operands first.
fn build(tree: &Tree, formula: &mut Formula) -> PartId {
    use Operator::{Add, Div, MatMul, Mul, Power, Sub};
    const ARITHMETIC: [Operator; 6] = [Add, Sub, Mul, Div, MatMul, Power];
    let Tree::Node(kind, parts) = tree else {
        let kind = match tree {
            Tree::Number(value) => PartKind::Number(Number::from(*value)),
            Tree::Name(name) => PartKind::Name((*name).to_owned()),
            Tree::Node(..) => unreachable!(),
        };
        return formula.add(kind);
    };
    let choice = usize::from(kind / 16);
    let last = parts.len() - 1;
    let kind = match kind % 16 {
        0 => PartKind::Negative(build(&parts[0], formula)),
        1 => PartKind::List(parts.iter().map(|part| build(part, formula)).collect()),
        2 | 3 => {
            let of = build(&parts[0], formula);
            let index =
                |part: Option<&Tree>, formula: &mut Formula| part.map(|part| build(part, formula));
            let bounds = [1, 2, 3].map(|place| index(parts.get(place), formula));
            match bounds {
                [Some(one), None, None] => PartKind::Index(of, vec![Index::At(one)]),
                [Some(one), Some(two), None] if choice % 2 == 0 => {
                    PartKind::Index(of, vec![Index::At(one), Index::At(two)])
                }
                _ => PartKind::Index(of, vec![Index::Slice(bounds), Index::Slice([None; 3])]),
            }
        }
        4 => {
            let function = ["exp", "sum", "max", "softmax"][choice % 4];
            let function = Function::named(function).unwrap();
            let axis = Some(choice % 2).filter(|_| function.takes_axis());
            PartKind::Call(function, vec![build(&parts[0], formula)], axis)
        }
        5 => {
            let condition = build_condition(&parts[0], choice, formula);
            let (x, y) = (build(&parts[0], formula), build(&parts[last], formula));
            PartKind::Call(
                Function::named("where").unwrap(),
                vec![condition, x, y],
                None,
            )
        }
        other => {
            let (x, y) = (build(&parts[0], formula), build(&parts[last], formula));
            PartKind::Binary(ARITHMETIC[usize::from(other) % 6], x, y)
        }
    };
    formula.add(kind)
}

fn build_condition(tree: &Tree, choice: usize, formula: &mut Formula) -> PartId {
    let Tree::Node(_, parts) = tree else {
        let (x, y) = (build(tree, formula), build(tree, formula));
        let operator = [Operator::Less, Operator::NotEqual][choice % 2];
        return formula.add(PartKind::Binary(operator, x, y));
    };
    let kind = match choice % 4 {
        0 => PartKind::Not(build_condition(&parts[0], choice / 2, formula)),
        one => {
            let x = build_condition(&parts[0], choice / 2 + 1, formula);
            let y = build_condition(&parts[parts.len() - 1], choice / 3, formula);
            let operator = [Operator::And, Operator::Or][one % 2];
            PartKind::Binary(operator, x, y)
        }
    };
    formula.add(kind)
}

proptest::proptest! {
    #[test]
    fn what_a_formula_prints_is_read_to_the_same_formula(tree in trees()) {
        let mut formula = Formula::builder();
        build(&tree, &mut formula);
        let printed = formula.to_string();
        let again = Formula::parse(&printed);
        proptest::prop_assert!(again.as_ref() == Ok(&formula), "{printed}\n{again:?}");
    }
}
