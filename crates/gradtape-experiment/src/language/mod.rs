//! What formulas and conditions have in common: tokens, operators and how tightly they bind.

mod token;

pub use token::{Language, MAX_SIZE, Token, tokens, unknown_character};

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
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
    MatMul,
    Power,
}

/// How tightly the operators bind; the level of a sign lies between product and
/// power.
pub const SUM_LEVEL: u8 = 5;
pub const SIGN_LEVEL: u8 = 7;
pub const NOT_LEVEL: u8 = 3;
/// What needs no parentheses anywhere.
pub const ATOM_LEVEL: u8 = 9;

impl Operator {
    pub fn level(self) -> u8 {
        use Operator::{Add, And, Div, MatMul, Mul, Or, Power, Sub};
        match self {
            Or => 1,
            And => 2,
            Add | Sub => SUM_LEVEL,
            Mul | Div | MatMul => 6,
            Power => 8,
            _ => 4,
        }
    }

    pub fn is_logic(self) -> bool {
        matches!(self, Operator::And | Operator::Or)
    }

    pub fn is_comparison(self) -> bool {
        self.level() == 4
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterEqual => ">=",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Add => "+",
            Operator::Sub => "-",
            Operator::Mul => "*",
            Operator::Div => "/",
            Operator::MatMul => "@",
            Operator::Power => "^",
        }
    }
}

/// Whether `name` has the form of a name in a formula.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.starts_with(starts_name) && name.chars().all(continues_name)
}

pub fn starts_name(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

/// Superscripts count as numeric, not as digits: `x²` is not a name.
fn continues_name(letter: char) -> bool {
    starts_name(letter) || letter.is_ascii_digit()
}

/// Where the name ends that a text begins with.
fn word_end(text: &str) -> usize {
    text.find(|letter| !continues_name(letter))
        .unwrap_or(text.len())
}

/// The words that are operators.
pub const WORDS: &[&str] = &["and", "or", "not"];
