//! From text to tokens.

use super::{Operator, starts_name, word_end};
use crate::mistake::{Code, Mistake, Span};
use crate::number::{Number, grouped};

/// Maximum number of tokens (numbers, names and symbols) of a text.
pub const MAX_SIZE: usize = 20_000;

/// The language of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Formulas.
    Formula,
    /// Conditions: operators can also be written `&`, `|` and `!`, and a value is any text.
    Condition,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Number(Number),
    Name,
    /// A string in quotes, in a condition.
    Text,
    /// Another character of a condition.
    Other,
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

/// The tokens of a text, cut at the maximum size with the error to report.
pub type Tokens = (Vec<(Token, Span)>, Option<Mistake>);

pub fn tokens(text: &str, language: Language) -> Result<Tokens, Mistake> {
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
            let what = match language {
                Language::Formula => "formula",
                Language::Condition => "condition",
            };
            let message =
                format!("the {what} is too long: more than {size} numbers, names and symbols");
            let place = start..start + first.len_utf8();
            let label = "the limit is reached here";
            let mistake = Mistake::new(Code::TooLarge, place.clone(), message, label);
            tokens.push((Token::End, place));
            return Ok((tokens, Some(mistake)));
        }
        let (token, length) = match first {
            _ if language == Language::Condition => part_of_condition(rest, tokens.last(), start)?,
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

/// A token of a condition.
fn part_of_condition(
    rest: &str,
    before: Option<&(Token, Span)>,
    start: usize,
) -> Result<(Token, usize), Mistake> {
    const SYMBOLS: &[(&str, Token)] = &[
        ("&&", Token::Operator(Operator::And)),
        ("&", Token::Operator(Operator::And)),
        ("||", Token::Operator(Operator::Or)),
        ("|", Token::Operator(Operator::Or)),
        ("!=", Token::Operator(Operator::NotEqual)),
        ("!", Token::Not),
    ];
    let first = rest.chars().next().unwrap_or_default();
    // Within an unquoted value a quote is a character as any other.
    let begins = before.is_none_or(|(token, _)| match token {
        Token::Operator(operator) => operator.is_logic() || operator.is_comparison(),
        Token::Not | Token::Open | Token::Comma | Token::Equals => true,
        _ => false,
    });
    if matches!(first, '"' | '\'') && begins {
        let Some(length) = rest[1..].find(first) else {
            let message = "a quote is not closed";
            let label = "the string begins here";
            return Err(Mistake::new(
                Code::Condition,
                start..start + 1,
                message,
                label,
            ));
        };
        return Ok((Token::Text, length + 2));
    }
    let other = (Token::Other, first.len_utf8());
    if first.is_ascii_digit() {
        return Ok(number(rest, start).unwrap_or(other));
    }
    if starts_name(first) {
        return Ok(word(rest));
    }
    let own = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol));
    let own = own.map(|(symbol, token)| (token.clone(), symbol.len()));
    Ok(own.or_else(|| symbol(rest)).unwrap_or(other))
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

pub fn unknown_character(character: char, start: usize) -> Mistake {
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
