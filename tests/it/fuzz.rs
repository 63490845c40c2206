//! Millions of texts made from formulas at random. The fuzz target in
//! `fuzz/` does the same where a nightly compiler is at hand.

use std::time::{Duration, Instant};

use gradtape_experiment::objective::{Formula, Inputs, Objective};

use crate::random::Random;

#[path = "../../fuzz/exercise.rs"]
mod exercise;

use exercise::{Reached, exercise};

/// Formulas to begin with.
const CORPUS: &[&str] = &[
    "x",
    "(1 - x)^2 + 100*(y - x^2)^2",
    "sum(100*(v[1:] - v[:-1]^2)^2 + (1 - v[:-1])^2)",
    "-20*exp(-0.2*sqrt(mean(w^2))) - exp(mean(cos(2*pi*w))) + 20 + e",
    "10*length(v) + sum(v^2 - 10*cos(tau*v))",
    "1 + sum(w^2)/4000 - prod(cos(w/sqrt(range(1, length(w) + 1))))",
    "mean((M @ v - [1, 2])^2) + k*norm(v)",
    "mean(softplus(M @ v) - [0, 1]*(M @ v))",
    "mean(logsumexp(M, axis=1)) - sum(M*one_hot([0, 2], 3))/2",
    "sum(softmax(S, axis=0) @ v) + max(S) - min(v, x)[0]",
    "where(x > 0 and y < 1 or not x == y, x^2, -y)",
    "v @ S @ v + transpose(M)[2] @ [x, y]",
    "cumsum(v)[-1] + w[::-2][0] + M[1, 2] + S[:, 0][1]",
    "sum([[x, 1], [2, y]] @ [1, 2])",
    "dot(v, v)^0.5 + hypot(x, y, 1) + clamp(x, -1, 1) + atan2(y, x)",
    "max(v, 0)[0] + sum(where(v >= 1, v, 1e-3*v))",
    "sum(range(10, 0, -3)) + 1_000*x + .5 + 2.",
    "((x))**2**-y",
    "sum(pad(v, 1, 0)*w) + sum(spread(v[:2], 2)*v) + sum(repeat(v, 2)*M)",
    "sum(S[1:, :2], axis=1)[0] + mean(S, axis=0)[-1]",
];

/// Words to put anywhere.
const WORDS: &[&str] = &[
    "+", "-", "*", "/", "^", "**", "@", "(", ")", "[", "]", ",", ":", "=", "<", "<=", "==", "!=",
    "and ", "or ", "not ", "x", "y", "v", "w", "M", "S", "k", "pi", "sum(", "max(", "range(",
    "length(", "one_hot(", "where(", "transpose(", "softmax(", ", axis=1)", ", axis=0)", "[0]",
    "[-1]", "[1:]", "[::2]", "0", "1", "2", "1e9", "20000000", "1e-400", "0.1", "1.5e3", " ", "\n",
    "é", "²", "−", ".T", "9007199254740993", "[[1, 2], [3, 4]]", "range(20000000)", "_", ".", "e",
];

/// A text that is a formula changed in some places.
fn text(random: &mut Random) -> String {
    let mut text: Vec<char> = CORPUS[random.below(CORPUS.len())].chars().collect();
    for _ in 0..random.below(5) {
        let place = random.below(text.len() + 1);
        let end = (place + random.below(12)).min(text.len());
        match random.below(6) {
            0 => drop(text.drain(place..end)),
            1 | 2 => {
                let word = WORDS[random.below(WORDS.len())];
                text.splice(place..place, word.chars());
            }
            3 => {
                let word = WORDS[random.below(WORDS.len())];
                text.splice(place..end, word.chars());
            }
            4 => {
                // A piece of another formula.
                let other: Vec<char> = CORPUS[random.below(CORPUS.len())].chars().collect();
                let from = random.below(other.len());
                let to = (from + random.below(20)).min(other.len());
                text.splice(place..end, other[from..to].iter().copied());
            }
            _ => {
                // The same again and again: sums of many terms, deep nests.
                let piece: Vec<char> = text[place..end].to_vec();
                let most = if random.below(200) == 0 { 3_000 } else { 4 };
                let times = random.below(most);
                for _ in 0..times {
                    text.splice(place..place, piece.iter().copied());
                }
            }
        }
    }
    text.into_iter().collect()
}

/// Makes and tries texts; returns the number that reached each stage.
fn run(seed: u64, executions: usize) -> [usize; 3] {
    let mut random = Random(seed);
    let mut reached = [0; 3];
    for _ in 0..executions {
        let text = text(&mut random);
        let begin = Instant::now();
        reached[exercise(&text) as usize] += 1;
        // Far above what is ever needed, even on a busy machine.
        assert!(begin.elapsed() < Duration::from_secs(10), "{text}");
    }
    reached
}

#[test]
fn texts_made_by_chance_are_read_printed_and_evaluated() {
    let reached = run(1, 20_000);
    // Enough of each kind, or the texts are no test.
    assert!(reached.iter().all(|count| *count > 300), "{reached:?}");
}

#[test]
#[ignore = "takes minutes: `cargo test --release --test it -- --ignored millions_of_texts`"]
#[expect(clippy::print_stderr, reason = "the numbers are to be stated")]
fn millions_of_texts_made_by_chance_are_read_printed_and_evaluated() {
    let begin = Instant::now();
    let reached = run(2, 5_000_000);
    eprintln!("{reached:?} in {:?}", begin.elapsed());
}

#[test]
fn texts_meant_to_exhaust_the_machine_take_little_of_it() {
    let nested = |open: &str, close: &str, times: usize| {
        format!("{}x{}", open.repeat(times), close.repeat(times))
    };
    let texts = [
        nested("[", "]", 100_000),
        nested("(", ")", 100_000),
        nested("x[", "]", 50_000),
        nested("sum(", ")", 50_000),
        format!("x{}", "[0]".repeat(6_000)),
        format!("sum(v{})", "[:]".repeat(5_000)),
        format!("x{}", " + x".repeat(9_900)),
        format!("x{}", "^x".repeat(9_900)),
        format!("where(x > 0{}, 1, 2)", " and x > 0".repeat(4_900)),
        "range(20000000)".to_owned(),
        "sum(range(20000000) + range(20000000)*range(20000000))".to_owned(),
        "sum(range(1e9))".to_owned(),
        "sum(range(-9007199254740992, 9007199254740992))".to_owned(),
        "sum(one_hot(range(20000000), 20000000))".to_owned(),
        "sum(one_hot(range(4000), 9007199254740992))".to_owned(),
        "sum(transpose(one_hot(range(4000), 4000)) @ one_hot(range(4000), 4000))".to_owned(),
        "sum(range(length(range(length(range(20000000))))))".to_owned(),
        format!("sum({})", ["range(20000000)"; 2_000].join(" + ")),
        format!("[{}][0]", ["x"; 9_000].join(", ")),
        format!("sum([{}])", ["range(10000)"; 5_000].join(", ")),
    ];
    for text in texts {
        let begin = Instant::now();
        let info = allocation_counter::measure(|| {
            exercise(&text);
        });
        let start: String = text.chars().take(60).collect();
        assert!(begin.elapsed() < Duration::from_secs(10), "{start}");
        let megabytes = info.bytes_max / 1_000_000;
        assert!(megabytes < 100, "{start}: {megabytes} MB");
    }
}

#[test]
fn a_gradient_too_long_to_be_read_is_not_written() {
    let many = |of: &dyn Fn(usize) -> String, between: &str, count: usize| {
        let parts: Vec<String> = (0..count).map(of).collect();
        format!("({})^2", parts.join(between))
    };
    let sine = |number: usize| format!("sin(x + 0.{number}1)");
    let nested = |count: usize| {
        let mut text = "x".to_owned();
        for number in 0..count {
            text = format!("hypot({text}, y + {number})");
        }
        text
    };
    for (text, is_written) in [
        (many(&sine, " + ", 50), true),
        (many(&sine, "*", 20), true),
        (many(&sine, " + ", 2_400), false),
        (many(&sine, "*", 2_400), false),
        (many(&sine, " - ", 2_400), false),
        (many(&sine, "/", 2_400), false),
        (nested(15), true),
        (nested(90), false),
    ] {
        let formula = Formula::parse(&text).unwrap();
        let objective = Objective::new(formula, Vec::new(), Inputs::numbers(["x", "y"])).unwrap();
        let mut written = None;
        let begin = Instant::now();
        let info = allocation_counter::measure(|| written = objective.gradient_text());
        let start: String = text.chars().take(60).collect();
        assert!(begin.elapsed() < Duration::from_secs(10), "{start}");
        assert!(
            info.bytes_max < 100_000_000,
            "{start}: {} bytes",
            info.bytes_max
        );
        assert_eq!(written.is_some(), is_written, "{start}");
        let texts = written
            .into_iter()
            .flat_map(|text| [text.names, text.derivatives].concat());
        for (_, text) in texts {
            assert!(Formula::parse(&text).is_ok(), "{text}");
        }
    }
}

#[test]
fn every_kind_of_end_is_reached() {
    assert_eq!(exercise("x +"), Reached::Mistake);
    assert_eq!(exercise("v + w"), Reached::Misfit);
    assert_eq!(exercise("z"), Reached::Misfit);
    assert_eq!(exercise("sum(v*x)"), Reached::Value);
}
