//! From tokens to sub-formulas.

use std::sync::Arc;

use super::{Formula, Index, MAX_DEPTH, Part, PartId, PartKind};
use crate::language::{
    Language, NOT_LEVEL, Operator, SIGN_LEVEL, Token, tokens, unknown_character,
};
use crate::mistake::{Code, Mistake, Span, nearest};
use crate::objective::function::{FUNCTIONS, Function};

pub(super) fn parse(text: &str) -> Result<Formula, Vec<Mistake>> {
    let (parser, of_form) = read(text).map_err(|mistake| vec![mistake])?;
    let mut mistakes = parser.mistakes;
    mistakes.extend(of_form);
    if mistakes.is_empty() {
        Ok(Formula {
            text: Arc::from(text),
            parts: parser.parts,
        })
    } else {
        Err(mistakes)
    }
}

/// Whether the text has the form of the grammar, whatever its functions are and
/// whether numbers or comparisons stand where they may.
#[cfg(test)]
pub(super) fn has_form(text: &str) -> bool {
    matches!(read(text), Ok((_, None)))
}

/// The parser at the end of its work, and the syntax error that ended it.
fn read(text: &str) -> Result<(Parser<'_>, Option<Mistake>), Mistake> {
    let (tokens, too_long) = tokens(text, Language::Formula)?;
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
    // Nesting is what a user can fix; any other error may come from the cut.
    match too_long {
        Some(too_long) if !parser.is_too_deep => Err(too_long),
        _ => Ok((parser, outcome.err())),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, Span)>,
    next: usize,
    depth: usize,
    is_too_deep: bool,
    parts: Vec<Part>,
    /// Errors after which parsing continues.
    mistakes: Vec<Mistake>,
}

impl<'t> Parser<'t> {
    fn whole(&mut self) -> Result<(), Mistake> {
        if self.tokens.len() == 1 {
            let span = 0..self.text.len();
            let message = "the formula is empty";
            let label = "expected a formula such as `x^2`";
            return Err(Mistake::new(Code::Formula, span, message, label));
        }
        let root = self.expression(0)?;
        self.number_needed(root, "a formula");
        let (token, span) = self.peek();
        match token {
            Token::End => Ok(()),
            Token::Close | Token::CloseBracket => {
                let message = format!("unbalanced {} in the formula", kind_of(&token));
                let label = format!("this `{}` closes nothing", self.shown(&span));
                Err(Mistake::new(Code::Formula, span, message, label))
            }
            _ => Err(self.operator_missing("an operator")),
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
            let name = format!("`{}`", self.shown(&place));
            for side in [left, right] {
                if operator.is_logic() {
                    self.condition_needed(side, &name);
                } else {
                    self.number_needed(side, &name);
                }
            }
            let span = self.span(left).start..self.span(right).end;
            let is_condition = operator.is_logic() || operator.is_comparison();
            left = self.part(PartKind::Binary(operator, left, right), span, is_condition);
            if operator.is_comparison() {
                self.no_chain()?;
            }
        }
    }

    /// `a < b < c` would compare 1 or 0 with c.
    fn no_chain(&self) -> Result<(), Mistake> {
        match self.peek() {
            (Token::Operator(operator), span) if operator.is_comparison() => {
                let message = "comparisons cannot be chained";
                let label = "write `a < b and b < c`";
                Err(Mistake::new(Code::Formula, span, message, label))
            }
            _ => Ok(()),
        }
    }

    fn prefix(&mut self, level: u8) -> Result<PartId, Mistake> {
        let (token, span) = self.peek();
        self.next += 1;
        match token {
            Token::Operator(sign @ (Operator::Sub | Operator::Add)) => {
                let operand = self.deeper(&span, |parser| parser.expression(SIGN_LEVEL))?;
                let name = format!("the sign `{}`", self.shown(&span));
                self.number_needed(operand, &name);
                if sign == Operator::Add {
                    return Ok(operand);
                }
                let span = span.start..self.span(operand).end;
                Ok(self.part(PartKind::Negative(operand), span, false))
            }
            Token::Not if level <= NOT_LEVEL => {
                let operand = self.deeper(&span, |parser| parser.expression(NOT_LEVEL))?;
                self.condition_needed(operand, "`not`");
                let span = span.start..self.span(operand).end;
                Ok(self.part(PartKind::Not(operand), span, true))
            }
            _ => {
                self.next -= 1;
                self.item()
            }
        }
    }

    /// An atom and the indices behind it.
    fn item(&mut self) -> Result<PartId, Mistake> {
        let mut item = self.atom()?;
        while self.peek().0 == Token::OpenBracket {
            let open = self.peek().1;
            self.next += 1;
            let mut indices = vec![self.index(&open)?];
            while self.peek().0 == Token::Comma {
                self.next += 1;
                indices.push(self.index(&open)?);
            }
            let end = self.close(&open, &Token::CloseBracket)?;
            let start = self.span(item).start;
            if indices.len() > 2 {
                let message = format!("a matrix takes 2 indices, found {}", indices.len());
                let mistake = Mistake::new(
                    Code::Formula,
                    open.start..end,
                    message,
                    "expected at most 2",
                );
                self.mistakes.push(mistake);
            }
            let is_condition = self.parts[item.0].is_condition;
            item = self.part(PartKind::Index(item, indices), start..end, is_condition);
        }
        Ok(item)
    }

    fn index(&mut self, open: &Span) -> Result<Index, Mistake> {
        if self.peek().0 == Token::CloseBracket {
            let (_, close) = self.peek();
            let message = "an index is missing in the formula";
            let label = "expected an index such as `[0]`, or a slice such as `[1:]`";
            return Err(Mistake::new(
                Code::Formula,
                open.start..close.end,
                message,
                label,
            ));
        }
        let mut bounds = [None; 3];
        for (place, bound) in bounds.iter_mut().enumerate() {
            if !matches!(
                self.peek().0,
                Token::Colon | Token::Comma | Token::CloseBracket
            ) {
                let part = self.deeper(open, |parser| parser.expression(0))?;
                self.number_needed(part, "an index");
                *bound = Some(part);
            }
            let is_slice = self.peek().0 == Token::Colon;
            match *bound {
                Some(index) if place == 0 && !is_slice => return Ok(Index::At(index)),
                None if place == 0 && !is_slice => {
                    let (token, span) = self.peek();
                    return Err(self.operand_missing(&token, span));
                }
                _ => {}
            }
            if is_slice && place == 2 {
                let message = "a slice takes a start, an end and a step";
                let label = "unexpected fourth bound";
                return Err(Mistake::new(Code::Formula, self.peek().1, message, label));
            }
            if !is_slice {
                break;
            }
            self.next += 1;
        }
        Ok(Index::Slice(bounds))
    }

    fn atom(&mut self) -> Result<PartId, Mistake> {
        let (token, span) = self.peek();
        self.next += 1;
        let name = self.shown(&span);
        match token {
            Token::Number(number) => Ok(self.part(PartKind::Number(number), span, false)),
            Token::Name if self.peek().0 == Token::Open => self.call(&span),
            Token::Name => {
                if Function::named(name).is_some() {
                    let message = format!("`{name}` is a function");
                    let label = format!("expected its arguments: `{name}(…)`");
                    self.mistakes
                        .push(Mistake::new(Code::Formula, span.clone(), message, label));
                }
                let name = name.to_owned();
                Ok(self.part(PartKind::Name(name), span, false))
            }
            Token::Open => {
                let inner = self.deeper(&span, |parser| parser.expression(0))?;
                let end = self.close(&span, &Token::Close)?;
                self.parts[inner.0].outer = span.start..end;
                Ok(inner)
            }
            Token::OpenBracket => self.list(&span),
            _ => Err(self.operand_missing(&token, span)),
        }
    }

    fn list(&mut self, open: &Span) -> Result<PartId, Mistake> {
        if let (Token::CloseBracket, close) = self.peek() {
            let message = "a vector has at least one element";
            let label = "expected elements, such as `[1, 2]`";
            return Err(Mistake::new(
                Code::Formula,
                open.start..close.end,
                message,
                label,
            ));
        }
        let elements = self.separated(open)?;
        for element in &elements {
            self.number_needed(*element, "a vector");
        }
        let end = self.close(open, &Token::CloseBracket)?;
        Ok(self.part(PartKind::List(elements), open.start..end, false))
    }

    /// One formula or more, with commas between them, up to an option such as `axis=`.
    fn separated(&mut self, open: &Span) -> Result<Vec<PartId>, Mistake> {
        let mut list = Vec::new();
        loop {
            list.push(self.deeper(open, |parser| parser.expression(0))?);
            if self.peek().0 != Token::Comma {
                return Ok(list);
            }
            self.next += 1;
            if self.is_option() {
                return Ok(list);
            }
        }
    }

    /// Whether `name =` comes next.
    fn is_option(&self) -> bool {
        let behind = self.tokens.get(self.next + 1).map(|(token, _)| token);
        self.peek().0 == Token::Name && behind == Some(&Token::Equals)
    }

    fn operand_missing(&self, token: &Token, span: Span) -> Mistake {
        let expected = "expected a number, a variable or `(`";
        let found = self.shown(&span);
        match token {
            Token::End => {
                // Nothing stands there: the end of what does is underlined.
                let end = self.text.trim_end().len();
                let last = self.text[..end].chars().next_back();
                let last = last.map_or(0, char::len_utf8);
                let message = "the formula ends too early";
                Mistake::new(
                    Code::Formula,
                    end - last..end,
                    message,
                    format!("{expected} after this"),
                )
            }
            Token::Equals => unknown_character('=', span.start),
            Token::Colon => {
                let label = "write a slice in brackets, such as `x[1:]`";
                Mistake::new(Code::Formula, span, "unexpected `:` in the formula", label)
            }
            _ => Mistake::new(
                Code::Formula,
                span,
                format!("unexpected `{found}` in the formula"),
                expected,
            ),
        }
    }

    /// Something stands where only `expected` can.
    fn operator_missing(&self, expected: &str) -> Mistake {
        let (token, span) = self.peek();
        match token {
            Token::Equals | Token::Colon => self.operand_missing(&token, span),
            Token::Close | Token::CloseBracket | Token::Comma => {
                let message = format!("expected {expected}, found `{}`", self.shown(&span));
                Mistake::new(Code::Formula, span, message, "unexpected here")
            }
            _ => {
                let message = format!("expected {expected}, found `{}`", self.shown(&span));
                let mistake = Mistake::new(
                    Code::Formula,
                    span,
                    message,
                    "an operator is missing before this",
                );
                mistake.help("write a product as `2*x`")
            }
        }
    }

    fn call(&mut self, name_span: &Span) -> Result<PartId, Mistake> {
        let name = self.shown(name_span);
        let open = self.peek().1;
        self.next += 1;
        let mut arguments = Vec::new();
        let mut axis = None;
        if self.peek().0 != Token::Close {
            if !self.is_option() {
                arguments = self.separated(&open)?;
            }
            while self.is_option() {
                self.option(name, &open, &mut arguments, &mut axis)?;
                let (token, comma) = self.peek();
                if token != Token::Comma {
                    break;
                }
                self.next += 1;
                if !self.is_option() {
                    let message = "only options can follow an option";
                    let label = "arguments with `=` come last";
                    return Err(Mistake::new(Code::Formula, comma, message, label));
                }
            }
        }
        let end = self.close(&open, &Token::Close)?;
        let span = name_span.start..end;
        let Some(function) = Function::named(name) else {
            self.mistakes.push(unknown_function(name, name_span));
            return Ok(self.part(PartKind::Name(name.to_owned()), span, false));
        };
        if !function.arity.accepts(arguments.len()) {
            let found = arguments.len();
            let message = format!("`{name}` takes {}, found {found}", function.arity);
            let label = function.description;
            self.mistakes
                .push(Mistake::new(Code::Formula, span.clone(), message, label));
        }
        if let Some((_, place)) = axis.as_ref().filter(|_| !function.takes_axis()) {
            let message = format!("`{name}` takes no axis");
            let label = "remove it";
            self.mistakes
                .push(Mistake::new(Code::Formula, place.clone(), message, label));
        } else if let Some((_, place)) = axis
            .as_ref()
            .filter(|_| function.meaning.each(arguments.len()).is_some())
        {
            let message = format!("`{name}` of several arguments takes no axis");
            let label = "expected a single vector or matrix with `axis`";
            self.mistakes
                .push(Mistake::new(Code::Formula, place.clone(), message, label));
        }
        for (place, argument) in arguments.iter().enumerate() {
            if place == 0 && function.takes_condition() {
                self.condition_needed(*argument, &format!("`{name}`"));
            } else {
                self.number_needed(*argument, &format!("`{name}`"));
            }
        }
        let axis = axis.map(|(axis, _)| axis);
        Ok(self.part(PartKind::Call(function, arguments, axis), span, false))
    }

    /// `axis=0` or `axis=1`, with its span, or an argument by its name.
    fn option(
        &mut self,
        function: &str,
        open: &Span,
        arguments: &mut Vec<PartId>,
        axis: &mut Option<(usize, Span)>,
    ) -> Result<(), Mistake> {
        let (_, name) = self.peek();
        let equals = self.tokens[self.next + 1].1.start;
        let shown = self.shown(&name);
        let known = Function::named(function);
        let takes_axis = known.is_none_or(Function::takes_axis);
        let next = known.and_then(|function| function.option(arguments.len()));
        if known.is_some() && shown != "axis" && !takes_axis && next.is_none() {
            // Rather a comparison than an option.
            return Err(unknown_character('=', equals));
        }
        self.next += 2;
        if shown != "axis" {
            let value = self.deeper(open, |parser| parser.expression(0))?;
            if known.is_some() && next != Some(shown) {
                let message = format!("`{function}` has no option `{shown}` here");
                let options = [Some("axis").filter(|_| takes_axis), next];
                let options = options.iter().flatten().map(|name| format!("`{name}`"));
                let label = format!("expected {}", options.collect::<Vec<_>>().join(" or "));
                return Err(Mistake::new(Code::Formula, name, message, label));
            }
            arguments.push(value);
            return Ok(());
        }
        let (token, value) = self.peek();
        let place = name.start..value.end.max(name.end);
        let number = match token {
            Token::Number(number) if number.wide() == 0.0 => 0,
            Token::Number(number) if number.wide() == 1.0 => 1,
            _ => {
                let label = "expected `axis=0` (down the columns) or `axis=1` (along the rows)";
                return Err(Mistake::new(Code::Formula, place, "invalid axis", label));
            }
        };
        self.next += 1;
        if axis.is_some() {
            let message = "`axis` is given twice";
            let label = "remove it; omit `axis` to take all elements";
            return Err(Mistake::new(Code::Formula, place, message, label));
        }
        *axis = Some((number, place));
        Ok(())
    }

    /// The bracket that belongs to the one at `open`; gives the position after it.
    fn close(&mut self, open: &Span, closing: &Token) -> Result<usize, Mistake> {
        let (token, span) = self.peek();
        if token == *closing {
            self.next += 1;
            return Ok(span.end);
        }
        if token == Token::End {
            let message = format!("unbalanced {} in the formula", kind_of(closing));
            let label = format!("this `{}` is never closed", self.shown(open));
            return Err(Mistake::new(Code::Formula, open.clone(), message, label));
        }
        let closing = if *closing == Token::Close { ')' } else { ']' };
        Err(self.operator_missing(&format!("an operator or `{closing}`")))
    }

    /// Runs `read` one level deeper, within the bound.
    fn deeper<R>(
        &mut self,
        place: &Span,
        read: impl FnOnce(&mut Self) -> Result<R, Mistake>,
    ) -> Result<R, Mistake> {
        if self.depth == MAX_DEPTH {
            self.is_too_deep = true;
            let message = format!("the formula is nested more than {MAX_DEPTH} levels deep");
            let mistake = Mistake::new(
                Code::TooLarge,
                place.clone(),
                message,
                "the limit is reached here",
            );
            return Err(mistake.help("move parts of the formula to `define`"));
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
            let mistake = Mistake::new(
                Code::Formula,
                part.span.clone(),
                message,
                "this is true or false",
            );
            self.mistakes
                .push(mistake.help("choose between two numbers with `where(condition, a, b)`"));
        }
    }

    fn condition_needed(&mut self, id: PartId, by: &str) {
        let part = &self.parts[id.0];
        if !part.is_condition {
            let message = format!("{by} needs a comparison, found a number");
            let label = "expected a comparison such as `x > 0`";
            self.mistakes.push(Mistake::new(
                Code::Formula,
                part.span.clone(),
                message,
                label,
            ));
        }
    }

    fn peek(&self) -> (Token, Span) {
        // The list ends in `End`, which is never passed.
        let last = self.tokens.len() - 1;
        self.tokens[self.next.min(last)].clone()
    }

    fn shown(&self, span: &Span) -> &'t str {
        &self.text[span.clone()]
    }

    /// Where a part stands, with the parentheses around it.
    fn span(&self, id: PartId) -> &Span {
        &self.parts[id.0].outer
    }

    fn part(&mut self, kind: PartKind, span: Span, is_condition: bool) -> PartId {
        self.parts.push(Part {
            kind,
            outer: span.clone(),
            span,
            is_condition,
        });
        PartId(self.parts.len() - 1)
    }
}

fn kind_of(closing: &Token) -> &'static str {
    match closing {
        Token::Close => "parenthesis",
        _ => "bracket",
    }
}

fn unknown_function(name: &str, span: &Span) -> Mistake {
    let names = FUNCTIONS.iter().map(|function| function.name);
    let message = format!("unknown function `{name}`");
    match nearest(name, names) {
        Some(near) => Mistake::new(
            Code::UnknownName,
            span.clone(),
            message,
            format!("did you mean `{near}`?"),
        ),
        None => Mistake::new(
            Code::UnknownName,
            span.clone(),
            message,
            "no function has this name",
        )
        .help(format!("write a product as `{name}*(…)`")),
    }
}
