//! From text to tokens.

use super::{MAX_SIZE, Operator, starts_name, word_end};
use crate::mistake::{Code, Mistake, Span};
use crate::number::{Number, grouped};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(Number),
    Name,
    Not,
    Operator(Operator),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Colon,
    /// A single `=`.
    Equals,
    End,
}

/// The tokens of a formula, cut at the maximum size with the error to report.
pub(super) type Tokens = (Vec<(Token, Span)>, Option<Mistake>);

pub(super) fn tokens(text: &str) -> Result<Tokens, Mistake> {
    let mut tokens: Vec<(Token, Span)> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            tokens.push((Token::End, start..start));
            return Ok((tokens, None));
        };
        if tokens.len() == MAX_SIZE {
            let size = grouped(MAX_SIZE as u128);
            let message =
                format!("the formula is too long: more than {size} numbers, names and symbols");
            let place = start..start + first.len_utf8();
            let mistake = Mistake::new(
                Code::TooLarge,
                place.clone(),
                message,
                "the limit is reached here",
            );
            tokens.push((Token::End, place));
            return Ok((tokens, Some(mistake)));
        }
        let (token, length) = match first {
            '.' if is_attribute(tokens.last(), rest, start) => {
                let end = word_end(&rest[1..]) + 1;
                return Err(attribute(&rest[..end], start));
            }
            '0'..='9' | '.' => number(rest, start)?,
            _ if starts_name(first) => word(rest),
            _ => symbol(rest).ok_or_else(|| unknown_character(first, start))?,
        };
        tokens.push((token, start..start + length));
        rest = &rest[length..];
    }
}

/// Whether this is a `.T` or the like of NumPy.
fn is_attribute(before: Option<&(Token, Span)>, rest: &str, start: usize) -> bool {
    let follows = before.is_some_and(|(token, span)| {
        let is_array = matches!(token, Token::Name | Token::Close | Token::CloseBracket);
        is_array && span.end == start
    });
    follows && rest[1..].starts_with(starts_name)
}

fn attribute(name: &str, start: usize) -> Mistake {
    let label = match name {
        ".T" => "write a transposed matrix as `transpose(M)`",
        _ => "write the function first, such as `sum(x)`",
    };
    let message = format!("unexpected `{name}` in the formula");
    Mistake::new(Code::Formula, start..start + name.len(), message, label)
}

/// A number: digits with `_` between them, a fraction, an exponent.
fn number(rest: &str, start: usize) -> Result<(Token, usize), Mistake> {
    let bytes = rest.as_bytes();
    let digits = |mut at: usize| {
        while bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'_')
        {
            at += 1;
        }
        at
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let number: Result<Number, _> = rest[..end].replace('_', "").parse();
    match number {
        Ok(number) if number.wide().is_finite() => Ok((Token::Number(number), end)),
        _ => Err(Mistake::new(
            Code::Formula,
            start..start + end,
            format!("`{}` is not a number", &rest[..end]),
            "expected a number such as 2, 0.5 or 1e-3",
        )),
    }
}

fn word(rest: &str) -> (Token, usize) {
    let end = word_end(rest);
    let token = match &rest[..end] {
        "and" => Token::Operator(Operator::And),
        "or" => Token::Operator(Operator::Or),
        "not" => Token::Not,
        _ => Token::Name,
    };
    (token, end)
}

fn symbol(rest: &str) -> Option<(Token, usize)> {
    const SYMBOLS: &[(&str, Token)] = &[
        ("**", Token::Operator(Operator::Power)),
        ("<=", Token::Operator(Operator::LessEqual)),
        (">=", Token::Operator(Operator::GreaterEqual)),
        ("==", Token::Operator(Operator::Equal)),
        ("!=", Token::Operator(Operator::NotEqual)),
        ("<", Token::Operator(Operator::Less)),
        (">", Token::Operator(Operator::Greater)),
        ("+", Token::Operator(Operator::Add)),
        ("-", Token::Operator(Operator::Sub)),
        ("*", Token::Operator(Operator::Mul)),
        ("/", Token::Operator(Operator::Div)),
        ("@", Token::Operator(Operator::MatMul)),
        ("^", Token::Operator(Operator::Power)),
        ("(", Token::Open),
        (")", Token::Close),
        ("[", Token::OpenBracket),
        ("]", Token::CloseBracket),
        (",", Token::Comma),
        (":", Token::Colon),
        ("=", Token::Equals),
    ];
    let found = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol));
    found.map(|(symbol, token)| (token.clone(), symbol.len()))
}

pub(super) fn unknown_character(character: char, start: usize) -> Mistake {
    let label = match character {
        '−' | '–' => "write a minus as `-`",
        '×' | '·' => "write a product as `*`",
        '÷' => "write a quotient as `/`",
        '²' | '³' => "write a power as `^2`",
        '√' => "write a root as `sqrt(…)`",
        '=' => "write a comparison as `==`",
        '{' | '}' => "write a vector as `[1, 2]`",
        '&' => "write `and` between two comparisons",
        '|' => "write `or` between two comparisons, an absolute value as `abs(x)`",
        '!' => "write `not` in front of a comparison",
        _ => "formulas cannot contain this character",
    };
    let shown = character.escape_debug();
    let span = start..start + character.len_utf8();
    Mistake::new(
        Code::Formula,
        span,
        format!("unexpected character `{shown}` in the formula"),
        label,
    )
}
