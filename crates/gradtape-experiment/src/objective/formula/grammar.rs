//! The grammar of the language, as text: the documentation prints it, and a test
//! makes random sentences of it that the parser must read.

/// The grammar, loosest binding first; `{ }` repeats, `[ ]` is optional, `|`
/// separates alternatives.
pub const GRAMMAR: &str = r#"
formula    = or
or         = and { "or" and }
and        = not { "and" not }
not        = "not" not | comparison
comparison = sum [ ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum ]
sum        = product { ( "+" | "-" ) product }
product    = sign { ( "*" | "/" | "@" ) sign }
sign       = ( "-" | "+" ) sign | power
power      = item [ ( "^" | "**" ) sign ]
item       = atom { "[" index [ "," index ] "]" }
index      = formula | [ formula ] ":" [ formula ] [ ":" [ formula ] ]
atom       = number | name | call | "(" formula ")" | "[" formula { "," formula } "]"
call       = name "(" [ formula { "," formula } [ "," axis ] [ "," name "=" formula ] ] ")"
axis       = "axis" "=" ( "0" | "1" )
number     = ( digits [ "." [ digits ] ] | "." digits ) [ ( "e" | "E" ) [ "+" | "-" ] digits ]
digits     = digit { digit | "_" }
name       = letter { letter | digit }
"#;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::objective::formula::parser::has_form;

    /// The right side of a rule.
    #[derive(Debug)]
    enum Form {
        Text(String),
        Rule(String),
        Sequence(Vec<Form>),
        Choice(Vec<Form>),
        Optional(Box<Form>),
        Repeated(Box<Form>),
    }

    fn rules() -> HashMap<String, Form> {
        let lines = GRAMMAR.lines().filter(|line| !line.is_empty());
        let rule = |line: &str| {
            let (name, form) = line.split_once('=').expect("name = form");
            let mut words: Vec<&str> = form.split_whitespace().collect();
            words.reverse();
            let form = choice(&mut words);
            assert!(words.is_empty(), "{line}");
            (name.trim().to_owned(), form)
        };
        lines.map(rule).collect()
    }

    /// Words are taken from the end.
    fn choice(words: &mut Vec<&str>) -> Form {
        let mut all = vec![Vec::new()];
        while let Some(word) = words.last().copied() {
            if [")", "]", "}"].contains(&word) {
                break;
            }
            words.pop();
            let last = all.len() - 1;
            let inside = |words: &mut Vec<&str>| {
                let form = Box::new(choice(words));
                words.pop().expect("what closes");
                form
            };
            let form = match word {
                "|" => {
                    all.push(Vec::new());
                    continue;
                }
                "(" => *inside(words),
                "[" => Form::Optional(inside(words)),
                "{" => Form::Repeated(inside(words)),
                _ => match word.strip_prefix('"') {
                    Some(text) => Form::Text(text.trim_end_matches('"').to_owned()),
                    None => Form::Rule(word.to_owned()),
                },
            };
            all[last].push(form);
        }
        Form::Choice(all.into_iter().map(Form::Sequence).collect())
    }

    struct Sentence<'r> {
        rules: &'r HashMap<String, Form>,
        state: u64,
        text: String,
        /// How many more rules of the whole grammar may begin before it is brought
        /// to an end.
        left: usize,
    }

    impl Sentence<'_> {
        fn below(&mut self, bound: usize) -> usize {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005);
            self.state = self.state.wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.state >> 33).unwrap() % bound
        }

        /// Appends a token: names and numbers need a blank between them.
        fn push(&mut self, token: &str, is_inside: bool) {
            let is_word = |letter: char| letter.is_alphanumeric() || "_.".contains(letter);
            let touches = self.text.ends_with(is_word) && token.starts_with(is_word);
            if !is_inside && (touches || self.below(3) == 0) {
                let blank = ["  ", " ", "\n"][self.below(3)];
                self.text.push_str(blank);
            }
            self.text.push_str(token);
        }

        fn form(&mut self, form: &Form, is_inside: bool) {
            match form {
                Form::Text(text) => self.push(text, is_inside),
                Form::Rule(name) if name == "digit" => {
                    let digit = self.below(10).to_string();
                    self.push(&digit, is_inside);
                }
                Form::Rule(name) if name == "letter" => {
                    let letter = ["x", "y", "M", "_", "é", "e"][self.below(6)];
                    self.push(letter, is_inside);
                }
                Form::Rule(name) => {
                    let is_token = ["number", "name"].contains(&name.as_str());
                    self.left = self.left.saturating_sub(1);
                    let rule = &self.rules[name];
                    if is_token {
                        let before = std::mem::take(&mut self.text);
                        self.form(rule, true);
                        let made = std::mem::replace(&mut self.text, before);
                        self.push(&made, false);
                    } else {
                        self.form(rule, is_inside);
                    }
                }
                Form::Sequence(all) => all.iter().for_each(|form| self.form(form, is_inside)),
                Form::Choice(all) => {
                    let place = match self.left {
                        // The last but of the deepest rule, whose first is a number.
                        0 if all.len() > 3 => 0,
                        0 if all.iter().any(is_formula) => 0,
                        0 => all.len() - 1,
                        _ => self.below(all.len()),
                    };
                    self.form(&all[place], is_inside);
                }
                Form::Optional(inner) => {
                    if self.left > 0 && self.below(3) == 0 {
                        self.form(inner, is_inside);
                    }
                }
                Form::Repeated(inner) => {
                    while self.left > 0 && self.below(4) == 0 {
                        self.form(inner, is_inside);
                        // With three digits an exponent can be too large.
                        if is_inside {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Whether an alternative is a formula alone: then it is the shortest.
    fn is_formula(form: &Form) -> bool {
        matches!(form, Form::Sequence(all) if matches!(&all[..], [Form::Rule(name)] if name == "formula"))
    }

    #[test]
    fn every_sentence_of_the_grammar_has_the_form_that_the_parser_reads() {
        let rules = rules();
        let (mut longest, mut lists) = (0, 0);
        for seed in 0..20_000 {
            let mut sentence = Sentence {
                rules: &rules,
                state: seed,
                text: String::new(),
                left: 5 + usize::try_from(seed % 95).unwrap(),
            };
            sentence.below(2);
            sentence.form(&Form::Rule("formula".to_owned()), false);
            let text = sentence.text;
            assert!(has_form(&text), "{text}");
            longest = longest.max(text.len());
            lists += usize::from(text.contains(['[', ':']));
        }
        assert!(longest > 100 && lists > 2_000, "{longest} {lists}");
    }
}
