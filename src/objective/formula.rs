//! Formulas: from text to a list of sub-formulas, and from that to a graph.
//!
//! The grammar, loosest binding first; `{ }` repeats, `[ ]` is optional:
//!
//! ```text
//! formula    = or
//! or         = and { "or" and }
//! and        = not { "and" not }
//! not        = "not" not | comparison
//! comparison = sum [ ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum ]
//! sum        = product { ( "+" | "-" ) product }
//! product    = sign { ( "*" | "/" ) sign }
//! sign       = ( "-" | "+" ) sign | power
//! power      = atom [ ( "^" | "**" ) sign ]
//! atom       = number | name | name "(" formula { "," formula } ")" | "(" formula ")"
//! ```
//!
//! So `-x^2` is −(x²) and `2^3^2` is 2⁹, as in mathematics and in Python. The
//! parser is our own: it bounds its depth, so that no formula can exhaust the
//! stack, and it says what it expected in the words of a user.

use std::collections::HashMap;

use super::function::{CONSTANTS, FUNCTIONS, Function};
use crate::autodiff::{Graph, Number as _, Op, Real, Var};
use crate::mistake::{Mistake, Span, nearest};
use crate::number::{Number, grouped};

/// How deep parentheses, functions, signs and powers may be nested.
pub const GREATEST_DEPTH: usize = 100;

/// How many numbers, names and operators a formula may have.
pub const GREATEST_SIZE: usize = 20_000;

/// A formula that was read without a mistake.
///
/// # Examples
///
/// ```
/// use gradtape::autodiff::{Graph, Subnormals};
/// use gradtape::engine::Program;
/// use gradtape::objective::Formula;
///
/// let formula = Formula::parse("(1 - x)^2 + 100*(y - x^2)^2").expect("well formed");
/// let names: Vec<&str> = formula.names().map(|(name, _)| name).collect();
/// assert_eq!(names, ["x", "y", "x"]);
///
/// let graph = Graph::<f64>::new(Subnormals::Keep);
/// let (x, y) = (graph.input(), graph.input());
/// let value = formula.trace(&graph, &[("x", x), ("y", y)].into());
/// assert_eq!(Program::new(&graph, &[value]).evaluate(&[-1.0, 2.0]), [104.0]);
///
/// let mistake = &Formula::parse("2*sinn(x)").unwrap_err()[0];
/// assert_eq!(mistake.message, "unknown function `sinn`");
/// assert_eq!(mistake.span, Some(2..6));
/// ```
#[derive(Clone, Debug)]
pub struct Formula {
    /// Sub-formulas before those that use them; the last one is the whole.
    parts: Vec<Part>,
}

/// The number of a sub-formula.
#[derive(Clone, Copy, Debug)]
struct PartId(usize);

#[derive(Clone, Debug)]
struct Part {
    kind: Kind,
    span: Span,
    is_condition: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Number(Number),
    Name(String),
    Negative(PartId),
    Not(PartId),
    Binary(Operator, PartId, PartId),
    Call(&'static Function, Vec<PartId>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Add,
    Sub,
    Mul,
    Div,
    Power,
}

/// How tightly the operators bind; the level of a sign lies between product and
/// power.
const SIGN_LEVEL: u8 = 7;
const NOT_LEVEL: u8 = 3;

impl Operator {
    fn level(self) -> u8 {
        use Operator::{Add, And, Div, Mul, Or, Power, Sub};
        match self {
            Or => 1,
            And => 2,
            Add | Sub => 5,
            Mul | Div => 6,
            Power => 8,
            _ => 4,
        }
    }

    fn is_logic(self) -> bool {
        matches!(self, Operator::And | Operator::Or)
    }

    fn is_comparison(self) -> bool {
        self.level() == 4
    }
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with places counted from the start of `text`.
    /// After an error of form nothing further is looked at; unknown functions
    /// and wrong numbers of arguments are all told.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let (tokens, too_long) = tokens(text)?;
        let mut parser = Parser {
            text,
            tokens,
            next: 0,
            depth: 0,
            is_too_deep: false,
            parts: Vec::new(),
            mistakes: Vec::new(),
        };
        let outcome = parser.whole();
        // Nesting is what a user can mend; all else may come of the cut.
        match too_long {
            Some(too_long) if !parser.is_too_deep => return Err(vec![too_long]),
            _ => parser.mistakes.extend(outcome.err()),
        }
        if parser.mistakes.is_empty() {
            Ok(Formula {
                parts: parser.parts,
            })
        } else {
            Err(parser.mistakes)
        }
    }

    /// The names of variables, constants and definitions in the order of their
    /// places, as often as they occur; not those of functions.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Span)> {
        self.parts.iter().filter_map(|part| match &part.kind {
            Kind::Name(name) => Some((name.as_str(), &part.span)),
            _ => None,
        })
    }

    /// How many numbers, names, operators and functions it has; parentheses and
    /// commas do not count.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parts.len()
    }

    /// Records the formula in `graph`.
    ///
    /// # Panics
    ///
    /// If `values` lacks one of [`Formula::names`] that is not a named number
    /// such as `pi`.
    pub fn trace<'g, T: Real>(
        &self,
        graph: &'g Graph<T>,
        values: &HashMap<&str, Var<'g, T>>,
    ) -> Var<'g, T> {
        let mut traced: Vec<Var<'g, T>> = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let at = |id: &PartId| traced[id.0];
            traced.push(match &part.kind {
                Kind::Number(number) => graph.constant(number.to()),
                Kind::Name(name) => match values.get(name.as_str()) {
                    Some(value) => *value,
                    None => graph.constant(named_number(name).to()),
                },
                Kind::Negative(x) => -at(x),
                // Conditions are 1 or 0.
                Kind::Not(x) => at(x).constant(1.0) - at(x),
                Kind::Binary(operator, x, y) => operator.trace(at(x), at(y)),
                Kind::Call(function, arguments) => {
                    let arguments: Vec<Var<'g, T>> = arguments.iter().map(at).collect();
                    function.trace(&arguments)
                }
            });
        }
        traced[traced.len() - 1]
    }
}

impl Operator {
    fn trace<'g, T: Real>(self, x: Var<'g, T>, y: Var<'g, T>) -> Var<'g, T> {
        match self {
            Operator::Or => x.binary(Op::Max, y),
            Operator::And => x * y,
            Operator::Less => x.binary(Op::Less, y),
            Operator::LessEqual => x.binary(Op::LessEqual, y),
            Operator::Greater => y.binary(Op::Less, x),
            Operator::GreaterEqual => y.binary(Op::LessEqual, x),
            Operator::Equal => x.binary(Op::Equal, y),
            Operator::NotEqual => x.constant(1.0) - x.binary(Op::Equal, y),
            Operator::Add => x + y,
            Operator::Sub => x - y,
            Operator::Mul => x * y,
            Operator::Div => x / y,
            Operator::Power => x.pow(y),
        }
    }
}

fn named_number(name: &str) -> Number {
    let found = CONSTANTS.iter().find(|(constant, _)| *constant == name);
    let (_, value) = found.expect("every other name has a value, as the documentation demands");
    Number::from(*value)
}

/// Whether a name means something in every formula, so that nothing else can
/// have it.
#[must_use]
pub fn is_reserved_name(name: &str) -> bool {
    Function::named(name).is_some()
        || CONSTANTS.iter().any(|(constant, _)| *constant == name)
        || WORDS.contains(&name)
}

/// Whether `name` could be written in a formula.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.starts_with(starts_name) && name.chars().all(continues_name)
}

fn starts_name(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

/// Superscripts count as numeric, not as digits: `x²` is no name.
fn continues_name(letter: char) -> bool {
    starts_name(letter) || letter.is_ascii_digit()
}

const WORDS: &[&str] = &["and", "or", "not"];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(Number),
    Name,
    Not,
    Operator(Operator),
    Open,
    Close,
    Comma,
    End,
}

/// The tokens of a formula, cut at the greatest size with the mistake to tell.
type Tokens = (Vec<(Token, Span)>, Option<Mistake>);

fn tokens(text: &str) -> Result<Tokens, Vec<Mistake>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            tokens.push((Token::End, start..start));
            return Ok((tokens, None));
        };
        if tokens.len() == GREATEST_SIZE {
            let size = grouped(GREATEST_SIZE as u128);
            let message =
                format!("the formula is too long: more than {size} numbers, names and operators");
            let place = start..start + first.len_utf8();
            let mistake = Mistake::new(place.clone(), message, "the limit is reached here");
            tokens.push((Token::End, place));
            return Ok((tokens, Some(mistake)));
        }
        let (token, length) = match first {
            '0'..='9' | '.' => number(rest, start).map_err(|mistake| vec![mistake])?,
            _ if starts_name(first) => word(rest),
            _ => symbol(rest).ok_or_else(|| vec![unknown_character(first, start)])?,
        };
        tokens.push((token, start..start + length));
        rest = &rest[length..];
    }
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
            start..start + end,
            format!("`{}` is not a number", &rest[..end]),
            "expected a number such as 2, 0.5 or 1e-3",
        )),
    }
}

fn word(rest: &str) -> (Token, usize) {
    let end = rest.find(|letter| !continues_name(letter));
    let end = end.unwrap_or(rest.len());
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
        ("^", Token::Operator(Operator::Power)),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
    ];
    let found = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol));
    found.map(|(symbol, token)| (token.clone(), symbol.len()))
}

fn unknown_character(character: char, start: usize) -> Mistake {
    let label = match character {
        '−' | '–' => "write a minus as `-`",
        '×' | '·' => "write a product as `*`",
        '÷' => "write a quotient as `/`",
        '²' | '³' => "write a power as `^2`",
        '√' => "write a root as `sqrt(…)`",
        '=' => "a comparison is `==`",
        '[' | ']' => "vectors are not part of the language yet",
        _ => "no formula contains this character",
    };
    let shown = character.escape_debug();
    let span = start..start + character.len_utf8();
    Mistake::new(
        span,
        format!("unexpected character `{shown}` in the formula"),
        label,
    )
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, Span)>,
    next: usize,
    depth: usize,
    is_too_deep: bool,
    parts: Vec<Part>,
    /// Mistakes after which reading goes on.
    mistakes: Vec<Mistake>,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<(), Mistake> {
        if self.tokens.len() == 1 {
            let span = 0..self.text.len();
            return Err(Mistake::new(
                span,
                "the formula is empty",
                "expected a formula such as `x^2`",
            ));
        }
        let root = self.expression(0)?;
        self.number_needed(root, "a formula");
        let (token, span) = self.peek();
        match token {
            Token::End => Ok(()),
            Token::Close => Err(Mistake::new(
                span,
                "unbalanced parenthesis in the formula",
                "this `)` closes nothing",
            )),
            _ => {
                let found = &self.text[span.clone()];
                let mistake = Mistake::new(
                    span,
                    format!("expected an operator, found `{found}`"),
                    "an operator is missing in front of this",
                );
                Err(mistake.help("write a product as `2*x`"))
            }
        }
    }

    /// Everything that binds at least as tightly as `level`.
    fn expression(&mut self, level: u8) -> Result<PartId, Mistake> {
        let mut left = self.prefix(level)?;
        loop {
            let (Token::Operator(operator), place) = self.peek() else {
                return Ok(left);
            };
            if operator.level() < level {
                return Ok(left);
            }
            self.next += 1;
            let right = match operator {
                Operator::Power => self.deeper(&place, |parser| parser.expression(SIGN_LEVEL))?,
                _ => self.expression(operator.level() + 1)?,
            };
            let name = format!("`{}`", &self.text[place.clone()]);
            for side in [left, right] {
                if operator.is_logic() {
                    self.condition_needed(side, &name);
                } else {
                    self.number_needed(side, &name);
                }
            }
            left = self.binary(operator, left, right);
            if operator.is_comparison() {
                self.no_chain()?;
            }
        }
    }

    fn binary(&mut self, operator: Operator, left: PartId, right: PartId) -> PartId {
        let span = self.parts[left.0].span.start..self.parts[right.0].span.end;
        let is_condition = operator.is_logic() || operator.is_comparison();
        self.part(Kind::Binary(operator, left, right), span, is_condition)
    }

    /// `a < b < c` would compare 1 or 0 with c.
    fn no_chain(&self) -> Result<(), Mistake> {
        match self.peek() {
            (Token::Operator(operator), span) if operator.is_comparison() => {
                let message = "comparisons cannot be chained";
                Err(Mistake::new(span, message, "write `a < b and b < c`"))
            }
            _ => Ok(()),
        }
    }

    fn prefix(&mut self, level: u8) -> Result<PartId, Mistake> {
        let (token, span) = self.peek();
        self.next += 1;
        let name = &self.text[span.clone()];
        match token {
            Token::Operator(sign @ (Operator::Sub | Operator::Add)) => {
                let operand = self.deeper(&span, |parser| parser.expression(SIGN_LEVEL))?;
                self.number_needed(operand, &format!("the sign `{name}`"));
                if sign == Operator::Add {
                    return Ok(operand);
                }
                let span = span.start..self.parts[operand.0].span.end;
                Ok(self.part(Kind::Negative(operand), span, false))
            }
            Token::Not if level <= NOT_LEVEL => {
                let operand = self.deeper(&span, |parser| parser.expression(NOT_LEVEL))?;
                self.condition_needed(operand, "`not`");
                let span = span.start..self.parts[operand.0].span.end;
                Ok(self.part(Kind::Not(operand), span, true))
            }
            Token::Number(number) => Ok(self.part(Kind::Number(number), span, false)),
            Token::Name if self.peek().0 == Token::Open => self.call(&span),
            Token::Name => {
                if Function::named(name).is_some() {
                    let message = format!("`{name}` is a function");
                    let label = format!("expected its arguments: `{name}(…)`");
                    self.mistakes
                        .push(Mistake::new(span.clone(), message, label));
                }
                let name = name.to_owned();
                Ok(self.part(Kind::Name(name), span, false))
            }
            Token::Open => {
                let inner = self.deeper(&span, |parser| parser.expression(0))?;
                self.close(&span)?;
                Ok(inner)
            }
            _ => Err(self.operand_missing(&token, span)),
        }
    }

    fn operand_missing(&self, token: &Token, span: Span) -> Mistake {
        let expected = "expected a number, a variable or `(`";
        if *token == Token::End {
            // Nothing stands there: the end of what does is underlined.
            let end = self.text.trim_end().len();
            let last = self.text[..end]
                .chars()
                .next_back()
                .map_or(0, char::len_utf8);
            let message = "the formula ends too early";
            return Mistake::new(end - last..end, message, format!("{expected} after this"));
        }
        let found = &self.text[span.clone()];
        Mistake::new(
            span,
            format!("unexpected `{found}` in the formula"),
            expected,
        )
    }

    fn call(&mut self, name_span: &Span) -> Result<PartId, Mistake> {
        let name = &self.text[name_span.clone()];
        let open = self.peek().1;
        self.next += 1;
        let mut arguments = Vec::new();
        if self.peek().0 != Token::Close {
            loop {
                arguments.push(self.deeper(&open, |parser| parser.expression(0))?);
                if self.peek().0 != Token::Comma {
                    break;
                }
                self.next += 1;
            }
        }
        let end = self.close(&open)?;
        let span = name_span.start..end;
        let Some(function) = Function::named(name) else {
            self.mistakes.push(unknown_function(name, name_span));
            return Ok(self.part(Kind::Name(name.to_owned()), span, false));
        };
        if !function.arity.accepts(arguments.len()) {
            let message = format!(
                "`{name}` takes {}, found {}",
                function.arity,
                arguments.len()
            );
            self.mistakes
                .push(Mistake::new(span.clone(), message, function.description));
        }
        for (place, argument) in arguments.iter().enumerate() {
            if place == 0 && function.takes_condition() {
                self.condition_needed(*argument, &format!("`{name}`"));
            } else {
                self.number_needed(*argument, &format!("`{name}`"));
            }
        }
        Ok(self.part(Kind::Call(function, arguments), span, false))
    }

    /// The `)` that belongs to the `(` at `open`; gives the place behind it.
    fn close(&mut self, open: &Span) -> Result<usize, Mistake> {
        let (token, span) = self.peek();
        match token {
            Token::Close => {
                self.next += 1;
                Ok(span.end)
            }
            Token::End => Err(Mistake::new(
                open.clone(),
                "unbalanced parenthesis in the formula",
                "this `(` is never closed",
            )),
            _ => {
                let found = &self.text[span.clone()];
                let message = format!("expected an operator or `)`, found `{found}`");
                let mistake =
                    Mistake::new(span, message, "an operator is missing in front of this");
                Err(mistake.help("write a product as `2*x`"))
            }
        }
    }

    /// Runs `read` one level deeper, within the bound.
    fn deeper<R>(
        &mut self,
        place: &Span,
        read: impl FnOnce(&mut Self) -> Result<R, Mistake>,
    ) -> Result<R, Mistake> {
        if self.depth == GREATEST_DEPTH {
            self.is_too_deep = true;
            let message = format!("the formula is nested more than {GREATEST_DEPTH} deep");
            let mistake = Mistake::new(place.clone(), message, "the limit is reached here");
            return Err(mistake.help("name parts of the formula in `define`"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn number_needed(&mut self, id: PartId, by: &str) {
        let part = &self.parts[id.0];
        if part.is_condition {
            let message = format!("{by} needs a number, found a comparison");
            let mistake = Mistake::new(part.span.clone(), message, "this is true or false");
            self.mistakes
                .push(mistake.help("choose between two numbers with `where(condition, a, b)`"));
        }
    }

    fn condition_needed(&mut self, id: PartId, by: &str) {
        let part = &self.parts[id.0];
        if !part.is_condition {
            let message = format!("{by} needs a comparison, found a number");
            let label = "expected a comparison such as `x > 0`";
            self.mistakes
                .push(Mistake::new(part.span.clone(), message, label));
        }
    }

    fn peek(&self) -> (Token, Span) {
        // The list ends in `End`, which is never passed.
        let last = self.tokens.len() - 1;
        self.tokens[self.next.min(last)].clone()
    }

    fn part(&mut self, kind: Kind, span: Span, is_condition: bool) -> PartId {
        self.parts.push(Part {
            kind,
            span,
            is_condition,
        });
        PartId(self.parts.len() - 1)
    }
}

fn unknown_function(name: &str, span: &Span) -> Mistake {
    let names = FUNCTIONS.iter().map(|function| function.name);
    let message = format!("unknown function `{name}`");
    match nearest(name, names) {
        Some(near) => Mistake::new(span.clone(), message, format!("did you mean `{near}`?")),
        None => Mistake::new(span.clone(), message, "no function has this name")
            .help(format!("write a product as `{name}*(…)`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autodiff::Subnormals;
    use crate::engine::Program;

    /// The value at x = 3, y = −2.
    fn value(text: &str) -> f64 {
        let formula =
            Formula::parse(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        let graph = Graph::<f64>::new(Subnormals::Keep);
        let (x, y) = (graph.input(), graph.input());
        let result = formula.trace(&graph, &[("x", x), ("y", y)].into());
        Program::new(&graph, &[result]).evaluate(&[3.0, -2.0])[0]
    }

    /// The first mistake as "message | underlined text | label".
    fn mistake(text: &str) -> String {
        let mistakes = Formula::parse(text).expect_err(text);
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
                "expected an operator, found `x` | x | an operator is missing in front of this",
            ),
            (
                "(2 x)",
                "expected an operator or `)`, found `x` | x | an operator is missing in front of this",
            ),
            (
                "x²",
                "unexpected character `²` in the formula | ² | write a power as `^2`",
            ),
            (
                "x = 2",
                "unexpected character `=` in the formula | = | a comparison is `==`",
            ),
            (
                "gamma(x)",
                "unknown function `gamma` | gamma | no function has this name",
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
                "expected an operator, found `.3` | .3 | an operator is missing in front of this",
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
}
