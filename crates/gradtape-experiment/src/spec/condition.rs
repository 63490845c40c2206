//! Conditions that select runs, as a small language.
//!
//! ```text
//! any       = all { ("or" | "|") all }
//! all       = term { ("and" | "&") term }
//! term      = ("not" | "!") term | "(" any ")" | test
//! test      = SETTING relation VALUE { "," VALUE } | PATTERN
//! relation  = "=" | "!=" | "<" | "<=" | ">" | ">="
//! ```
//!
//! A value that is not in quotes ends at `and`, `or`, `,` or a closing parenthesis, and is a
//! pattern if it contains `*` (any text) or `?` (any character). A pattern alone is matched
//! with labels.

use crate::language::{Language, NOT_LEVEL, Operator, Token, tokens};
use crate::mistake::{At, Code, Mistake, Span};
use crate::number::{Number, Value};

/// Maximum nesting depth of parentheses and `not`.
const MAX_DEPTH: usize = 100;

/// A condition on the settings of a run; `K` names a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition<K> {
    /// All of them hold.
    All(Vec<Condition<K>>),
    /// Any of them holds.
    Any(Vec<Condition<K>>),
    /// It does not hold.
    Not(Box<Condition<K>>),
    /// A test of one setting.
    Test(Test<K>),
}

/// A test of one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Test<K> {
    /// The setting.
    pub setting: K,
    /// The comparison.
    pub relation: Relation,
    /// The values to compare with: any of these for [`Relation::Equal`], none for
    /// [`Relation::Different`], one number for the others.
    pub values: Vec<ComparedValue>,
}

/// Comparison of a setting with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`: numbers are equal if they agree to nine digits.
    Equal,
    /// `!=`: it is not equal, or there is no such setting.
    Different,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

/// A value that a setting is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum ComparedValue {
    /// The value.
    Value(Value),
    /// Text as typed, which can mean a number or a name.
    Typed(Value, String),
    /// A pattern in which `*` stands for any text and `?` for any character.
    Pattern(String),
}

impl ComparedValue {
    /// A value as typed.
    fn typed(text: &str) -> ComparedValue {
        let value = match (text, text.parse::<Number>()) {
            ("true", _) => Value::Switch(true),
            ("false", _) => Value::Switch(false),
            (_, Ok(number)) => Value::Number(number),
            (_, Err(_)) => Value::Name(text.to_owned()),
        };
        ComparedValue::Typed(value, text.to_owned())
    }

    fn matches(&self, setting: &Value) -> bool {
        match self {
            ComparedValue::Value(value) => value.matches(setting),
            ComparedValue::Typed(value, text) => {
                value.matches(setting) || matches!(setting, Value::Name(name) if name == text)
            }
            ComparedValue::Pattern(pattern) => fits(pattern, &setting.to_string()),
        }
    }
}

/// Whether a text fits a pattern.
fn fits(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut in_pattern, mut in_text) = (0, 0);
    // The place after the last star, and the end of the text that it stands for so far.
    let mut star: Option<(usize, usize)> = None;
    while in_text < text.len() {
        match pattern.get(in_pattern) {
            Some('*') => {
                in_pattern += 1;
                star = Some((in_pattern, in_text));
            }
            Some(letter) if *letter == '?' || *letter == text[in_text] => {
                in_pattern += 1;
                in_text += 1;
            }
            _ => {
                let Some((behind, begin)) = star else {
                    return false;
                };
                // The star stands for one more character.
                star = Some((behind, begin + 1));
                (in_pattern, in_text) = (behind, begin + 1);
            }
        }
    }
    pattern[in_pattern..].iter().all(|letter| *letter == '*')
}

impl<K> Test<K> {
    fn holds(&self, setting: Option<&Value>) -> bool {
        let is_equal = || {
            let mut values = self.values.iter();
            setting.is_some_and(|setting| values.any(|value| value.matches(setting)))
        };
        let compared = |holds: fn(&f64, &f64) -> bool| {
            let limit = self.values.first().and_then(|value| match value {
                ComparedValue::Value(value) | ComparedValue::Typed(value, _) => value.number(),
                ComparedValue::Pattern(_) => None,
            });
            let setting = setting.and_then(Value::number);
            let both = setting.zip(limit);
            both.is_some_and(|(setting, limit)| holds(&setting.wide(), &limit.wide()))
        };
        match self.relation {
            Relation::Equal => is_equal(),
            Relation::Different => !is_equal(),
            Relation::Below => compared(f64::lt),
            Relation::AtMost => compared(f64::le),
            Relation::Above => compared(f64::gt),
            Relation::AtLeast => compared(f64::ge),
        }
    }
}

impl<K> Condition<K> {
    /// Whether the condition holds, where `setting` returns the value of a setting, or `None`
    /// for an absent one.
    pub fn holds(&self, setting: &mut dyn FnMut(&K) -> Option<Value>) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|one| one.holds(setting)),
            Condition::Any(any) => any.iter().any(|one| one.holds(setting)),
            Condition::Not(one) => !one.holds(setting),
            Condition::Test(test) => test.holds(setting(&test.setting).as_ref()),
        }
    }

    /// The same condition with other names of settings; `None` if `name` has none for one of
    /// them. `name` is called for all settings, so that all unknown ones can be reported.
    pub fn named<L>(&self, name: &mut dyn FnMut(&K) -> Option<L>) -> Option<Condition<L>> {
        let mut each = |list: &[Condition<K>]| {
            let named: Vec<_> = list.iter().map(|one| one.named(name)).collect();
            named.into_iter().collect::<Option<Vec<_>>>()
        };
        Some(match self {
            Condition::All(all) => Condition::All(each(all)?),
            Condition::Any(any) => Condition::Any(each(any)?),
            Condition::Not(one) => Condition::Not(Box::new(one.named(name)?)),
            Condition::Test(test) => Condition::Test(Test {
                setting: name(&test.setting)?,
                relation: test.relation,
                values: test.values.clone(),
            }),
        })
    }

    /// The settings that the condition tests.
    pub fn settings(&self) -> Vec<&K> {
        match self {
            Condition::All(list) | Condition::Any(list) => {
                list.iter().flat_map(Condition::settings).collect()
            }
            Condition::Not(one) => one.settings(),
            Condition::Test(test) => vec![&test.setting],
        }
    }
}

impl Condition<At<String>> {
    /// Reads a condition; the places of its settings are those in `text`.
    ///
    /// # Errors
    ///
    /// If the text is not a condition: what is wrong, with its place in `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape_experiment::number::Value;
    /// use gradtape_experiment::spec::Condition;
    ///
    /// let condition = Condition::parse("learning_rate < 0.1 & method = adam*, sgd")?;
    /// let mut run = |setting: &gradtape_experiment::mistake::At<String>| match setting.value.as_str() {
    ///     "learning_rate" => Some(Value::Number(0.05.into())),
    ///     "method" => Some(Value::Name("adamw".to_owned())),
    ///     _ => None,
    /// };
    /// assert!(condition.holds(&mut run));
    /// assert!(!Condition::parse("!(momentum = 0.9) & method = sgd")?.holds(&mut run));
    /// assert_eq!(Condition::parse("a = 1 &").unwrap_err().message, "a condition is missing");
    /// # Ok::<(), gradtape_experiment::mistake::Mistake>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let (tokens, too_long) = tokens(text, Language::Condition)?;
        let mut parser = Parser {
            text,
            tokens,
            next: 0,
        };
        let condition = parser.expression(0, 0);
        // Any other error may come from the cut.
        if let Some(too_long) = too_long {
            return Err(too_long);
        }
        let condition = condition?;
        let (token, span) = parser.peek();
        match text[span.start..].chars().next() {
            Some(letter) if *token != Token::End => {
                let place = span.start..span.start + letter.len_utf8();
                let message = format!("unexpected `{letter}`");
                let label = "expected `&`, `|` or the end";
                Err(Mistake::new(Code::Condition, place, message, label))
            }
            _ => Ok(condition),
        }
    }
}

/// Both conditions, or any of them.
fn joined<K>(operator: Operator, left: Condition<K>, right: Condition<K>) -> Condition<K> {
    match (operator, left) {
        (Operator::And, Condition::All(mut all)) => {
            all.push(right);
            Condition::All(all)
        }
        (Operator::And, left) => Condition::All(vec![left, right]),
        (_, Condition::Any(mut any)) => {
            any.push(right);
            Condition::Any(any)
        }
        (_, left) => Condition::Any(vec![left, right]),
    }
}

/// The parts of a condition in its text, by precedence climbing as in formulas.
struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, Span)>,
    next: usize,
}

impl Parser<'_> {
    fn peek(&self) -> (&Token, Span) {
        let (token, span) = &self.tokens[self.next];
        (token, span.clone())
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek().0 == wanted;
        self.next += usize::from(found);
        found
    }

    /// Everything that binds at least as tightly as `level`.
    fn expression(&mut self, level: u8, depth: usize) -> Result<Condition<At<String>>, Mistake> {
        let mut left = self.term(depth)?;
        loop {
            match *self.peek().0 {
                Token::Operator(operator) if operator.is_logic() && operator.level() >= level => {
                    self.next += 1;
                    let right = self.expression(operator.level() + 1, depth)?;
                    left = joined(operator, left, right);
                }
                _ => return Ok(left),
            }
        }
    }

    fn term(&mut self, depth: usize) -> Result<Condition<At<String>>, Mistake> {
        let start = self.peek().1.start;
        if depth > MAX_DEPTH {
            let message = format!("the condition is nested more than {MAX_DEPTH} levels deep");
            let label = "";
            return Err(Mistake::new(
                Code::Condition,
                self.letter(start),
                message,
                label,
            ));
        }
        if self.take(&Token::Not) {
            let operand = self.expression(NOT_LEVEL, depth + 1)?;
            return Ok(Condition::Not(Box::new(operand)));
        }
        if self.take(&Token::Open) {
            let inner = self.expression(0, depth + 1)?;
            if self.take(&Token::Close) {
                return Ok(inner);
            }
            let message = "a parenthesis is not closed";
            let label = "`)` is missing";
            return Err(Mistake::new(
                Code::Condition,
                start..start + 1,
                message,
                label,
            ));
        }
        self.test()
    }

    fn test(&mut self) -> Result<Condition<At<String>>, Mistake> {
        let first = self.next;
        let (setting, is_quoted) = self.word(|token| relation(token).is_some());
        if setting.value.is_empty() && !is_quoted {
            let message = "a condition is missing";
            let label = "expected a setting, such as `learning_rate < 0.1`";
            let place = self.letter(setting.span.start);
            return Err(Mistake::new(Code::Condition, place, message, label));
        }
        let Some(relation) = relation(self.peek().0) else {
            if is_quoted || !is_pattern(&setting.value) {
                let message = format!("`{}` is not a condition", setting.value);
                let label = "expected a comparison after it, such as `= 0.1`, or a pattern for labels with `*`";
                let mistake = Mistake::new(Code::Condition, setting.span, message, label);
                return Err(match self.is_after_word(first) {
                    true => mistake.help("a value that contains `and` or `or` needs quotes"),
                    false => mistake,
                });
            }
            return Ok(Condition::Test(Test {
                setting: At::new("label".to_owned(), setting.span),
                relation: Relation::Equal,
                values: vec![ComparedValue::Pattern(setting.value)],
            }));
        };
        self.next += 1;
        let orders = !matches!(relation, Relation::Equal | Relation::Different);
        let mut values = vec![self.value(orders)?];
        while !orders && self.take(&Token::Comma) {
            values.push(self.value(orders)?);
        }
        Ok(Condition::Test(Test {
            setting,
            relation,
            values,
        }))
    }

    /// Whether token number `place` follows `and` or `or`, written as a word.
    fn is_after_word(&self, place: usize) -> bool {
        let before = place.checked_sub(1).map(|before| &self.tokens[before]);
        before.is_some_and(|(token, span)| {
            let is_word = self.text[span.start..].starts_with(char::is_alphabetic);
            is_word && matches!(token, Token::Operator(operator) if operator.is_logic())
        })
    }

    /// A value to compare with; a number if the comparison `orders`.
    fn value(&mut self, orders: bool) -> Result<ComparedValue, Mistake> {
        let (At { value, span }, is_quoted) = self.word(|token| *token == Token::Comma);
        let is_number = || {
            let number = value.parse::<Number>();
            number.is_ok_and(|number| !number.wide().is_nan())
        };
        let is_wrong = if orders {
            is_quoted || !is_number()
        } else {
            value.is_empty() && !is_quoted
        };
        if is_wrong {
            let expected = if orders { "a number" } else { "a value" };
            let message = match value.as_str() {
                "" => format!("{expected} is missing"),
                value => format!("`{value}` cannot be ordered"),
            };
            let place = if span.is_empty() {
                self.letter(span.start)
            } else {
                span
            };
            let label = format!("expected {expected}");
            return Err(Mistake::new(Code::Condition, place, message, label));
        }
        Ok(if is_quoted {
            ComparedValue::Value(Value::Name(value))
        } else if is_pattern(&value) {
            ComparedValue::Pattern(value)
        } else {
            ComparedValue::typed(&value)
        })
    }

    /// A quoted string, or the text up to `and`, `or`, a token that `ends` it, or a parenthesis
    /// that was not opened in it.
    fn word(&mut self, ends: impl Fn(&Token) -> bool) -> (At<String>, bool) {
        let (token, first) = self.peek();
        if *token == Token::Text {
            self.next += 1;
            let inner = self.text[first.start + 1..first.end - 1].to_owned();
            return (At::new(inner, first), true);
        }
        let mut depth = 0_usize;
        let mut end = first.start;
        loop {
            let (token, span) = self.peek();
            match token {
                Token::End => break,
                Token::Open | Token::OpenBracket => depth += 1,
                Token::Close if depth == 0 => break,
                Token::Close | Token::CloseBracket => depth = depth.saturating_sub(1),
                Token::Operator(operator) if depth == 0 && operator.is_logic() => break,
                token if depth == 0 && ends(token) => break,
                _ => {}
            }
            end = span.end;
            self.next += 1;
        }
        let word = self.text[first.start..end].to_owned();
        (At::new(word, first.start..end), false)
    }

    /// The letter at a place, or the last one of the text, to underline.
    fn letter(&self, at: usize) -> Span {
        match self.text[at..].chars().next() {
            Some(letter) => at..at + letter.len_utf8(),
            None => match self.text.char_indices().next_back() {
                Some((place, letter)) => place..place + letter.len_utf8(),
                None => 0..0,
            },
        }
    }
}

/// The comparison that a token stands for.
fn relation(token: &Token) -> Option<Relation> {
    Some(match token {
        Token::Equals | Token::Operator(Operator::Equal) => Relation::Equal,
        Token::Operator(Operator::NotEqual) => Relation::Different,
        Token::Operator(Operator::Less) => Relation::Below,
        Token::Operator(Operator::LessEqual) => Relation::AtMost,
        Token::Operator(Operator::Greater) => Relation::Above,
        Token::Operator(Operator::GreaterEqual) => Relation::AtLeast,
        _ => return None,
    })
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the condition selects a run with these settings.
    fn chosen(condition: &str) -> bool {
        let condition = Condition::parse(condition).unwrap();
        condition.holds(&mut |setting| match setting.value.as_str() {
            "learning_rate" => Some(Value::Number(0.1.into())),
            "method" => Some(Value::Name("adam".to_owned())),
            "nesterov" => Some(Value::Switch(true)),
            "objective" => Some(Value::Name("max(x, 2)*y & z".to_owned())),
            "label" => Some(Value::Name("adam, learning_rate=0.1".to_owned())),
            "start.x[0]" => Some(Value::Number(2.0.into())),
            "seed" => Some(Value::Name("2".to_owned())),
            _ => None,
        })
    }

    #[test]
    fn conditions_hold_or_do_not() {
        for holds in [
            "learning_rate=0.1",
            " learning_rate == 1e-1 ",
            "learning_rate<0.2&method=adam",
            "learning_rate < 0.05 | method = adam",
            "learning_rate < 0.05 | learning_rate > 0.05 & method = adam",
            "(learning_rate < 0.05 || learning_rate >= 0.1) && method != sgd",
            "method = sgd, adam",
            "method = a?a*",
            "method = 'adam'",
            "nesterov = true",
            "momentum != 0.9",
            "!momentum = 0.9",
            "!(momentum = 0.9 & method = adam)",
            "*adam*",
            "label = adam*0.1",
            "objective = max(x, 2)*",
            "objective = \"max(x, 2)*y & z\"",
            "start.x[0] > 1 & start.x[0] <= 2",
            "seed = 2",
            "learning_rate < 0.05 or learning_rate > 0.05 and method = adam",
            "not momentum = 0.9 and method = sgd, adam or method = sgd",
            "not (momentum = 0.9 | method = sgd) and nesterov = true",
            "!not method = adam",
            "objective = max(x, 2)*y?* and seed = 2",
            "objective = 'max(x, 2)*y & z' or method = 'and'",
        ] {
            assert!(chosen(holds), "{holds}");
        }
        for fails in [
            "learning_rate != 0.1",
            "learning_rate > 0.1",
            "method < 3",
            "momentum = 0.9",
            "momentum < 0.9",
            "momentum >= 0.9",
            "method = '*'",
            "*sgd*",
            "!method = adam",
            "method = adam & momentum = 0.9",
            "method = ADAM",
            "not method = adam or method = sgd",
            "method = adam and not nesterov = true",
        ] {
            assert!(!chosen(fails), "{fails}");
        }
    }

    #[test]
    fn what_is_no_condition_is_told_with_its_place() {
        let told = |text: &str| {
            let mistake = Condition::parse(text).unwrap_err();
            let span = mistake.span.unwrap();
            (mistake.message, text[span].to_owned())
        };
        let pair = |message: &str, place: &str| (message.to_owned(), place.to_owned());
        assert_eq!(told("0.5"), pair("`0.5` is not a condition", "0.5"));
        assert_eq!(told("a ="), pair("a value is missing", "="));
        assert_eq!(told("a < b"), pair("`b` cannot be ordered", "b"));
        assert_eq!(told("a < nan"), pair("`nan` cannot be ordered", "nan"));
        assert_eq!(told("a = 1 & "), pair("a condition is missing", " "));
        assert_eq!(told("a = 1 )"), pair("unexpected `)`", ")"));
        assert_eq!(told("(a = 1"), pair("a parenthesis is not closed", "("));
        assert_eq!(told("a = 'b"), pair("a quote is not closed", "'"));
        assert_eq!(told("a < 1, 2"), pair("unexpected `,`", ","));
        assert_eq!(told("ä = "), pair("a value is missing", " "));
        let split = Condition::parse("name = salt and pepper").unwrap_err();
        assert_eq!(
            split.help,
            "a value that contains `and` or `or` needs quotes"
        );
        assert_eq!(Condition::parse("a = 1 & b").unwrap_err().help, "");
        let deep = format!("{}a = 1{}", "(".repeat(1000), ")".repeat(1000));
        assert!(told(&deep).0.contains("nested more than 100 levels deep"));
        assert_eq!(Condition::parse("").unwrap_err().span, Some(0..0));
    }

    #[test]
    fn patterns_are_matched_without_going_back_for_ever() {
        let many = "*a".repeat(50);
        assert!(!fits(&format!("{many}b"), &"a".repeat(10_000)));
        assert!(fits(&many, &"a".repeat(10_000)));
        assert!(fits("", "") && fits("*", "") && !fits("?", "") && !fits("", "a"));
    }
}
