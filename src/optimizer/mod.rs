//! Optimizers: their settings, and the update rules that they record.
//!
//! A method is a short function that records its update rule in the graph of
//! one epoch. Numbers such as the learning rate are inputs of that graph, so
//! runs that differ only in numbers share a program.

mod sgd;

use crate::autodiff::Number;
use crate::number::Value;

/// An update rule by its name in an experiment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Gradient descent, with or without momentum.
    Sgd,
}

/// A setting of a [`Method`].
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name in an experiment file.
    pub name: &'static str,
    /// What it can be.
    pub domain: Domain,
    /// What it is where the file does not say; `None` if the file must.
    pub default: Option<DefaultValue>,
    /// What it does.
    pub description: &'static str,
}

/// The values that a [`Setting`] can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// A finite number above 0.
    Positive,
    /// A finite number that is not below 0.
    NotNegative,
    /// `true` or `false`.
    Switch,
}

/// The value of a [`Setting`] that a file leaves out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DefaultValue {
    /// A number.
    Number(f64),
    /// On or off.
    Switch(bool),
}

impl From<DefaultValue> for Value {
    fn from(default: DefaultValue) -> Self {
        match default {
            DefaultValue::Number(number) => Value::Number(number.into()),
            DefaultValue::Switch(on) => Value::Switch(on),
        }
    }
}

impl Domain {
    /// What is expected, to complete "expected …".
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Domain::Positive => "a finite number above 0",
            Domain::NotNegative => "a finite number, 0 or above",
            Domain::Switch => "true or false",
        }
    }

    /// Whether a setting can have this value.
    #[must_use]
    pub fn contains(self, value: &Value) -> bool {
        match (self, value.number()) {
            (Domain::Positive, Some(number)) => number.wide().is_finite() && number.wide() > 0.0,
            (Domain::NotNegative, Some(number)) => {
                number.wide().is_finite() && number.wide() >= 0.0
            }
            (Domain::Switch, None) => matches!(value, Value::Switch(_)),
            _ => false,
        }
    }
}

impl Method {
    /// Every method.
    pub const ALL: &'static [Method] = &[Method::Sgd];

    /// The name in an experiment file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Sgd => "sgd",
        }
    }

    /// The method with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Method> {
        Method::ALL
            .iter()
            .copied()
            .find(|method| method.name() == name)
    }

    /// Its settings, the learning rate first.
    #[must_use]
    pub fn settings(self) -> &'static [Setting] {
        match self {
            Method::Sgd => sgd::SETTINGS,
        }
    }
}

/// An update rule with every decision taken that shapes the program; numbers
/// are still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Gradient descent.
    Sgd(sgd::Rule),
}

/// What an update rule reads: everything of one epoch. The parameters are numbers or
/// whole arrays, for which a rule is the same.
#[derive(Debug)]
pub struct Epoch<'a, N> {
    /// The parameters before the update.
    pub parameters: &'a [N],
    /// The gradient there.
    pub gradient: &'a [N],
    /// The rule's memory: [`Rule::memory`] lists one after the other, each with
    /// one number (or array) for each parameter.
    pub memory: &'a [N],
    /// The numbers that [`Rule::numbers`] names.
    pub numbers: &'a [N],
}

impl<N> Clone for Epoch<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

/// It only has references, whatever the numbers are.
impl<N> Copy for Epoch<'_, N> {}

/// What an update rule gives.
#[derive(Clone, Debug)]
pub struct Update<N> {
    /// The parameters after the update.
    pub parameters: Vec<N>,
    /// The memory after the update, as in [`Epoch::memory`].
    pub memory: Vec<N>,
}

impl Rule {
    /// The rule of a method for settings that [`Method::settings`] lists, all
    /// of them and within their domains.
    pub fn new<'v>(method: Method, setting: impl Fn(&str) -> &'v Value) -> Rule {
        match method {
            Method::Sgd => Rule::Sgd(sgd::Rule::new(setting)),
        }
    }

    /// The settings that are inputs of the program, by name.
    #[must_use]
    pub fn numbers(self) -> &'static [&'static str] {
        match self {
            Rule::Sgd(rule) => rule.numbers(),
        }
    }

    /// How many numbers the rule remembers for each parameter. All are 0 before
    /// the first epoch.
    #[must_use]
    pub fn memory(self) -> usize {
        match self {
            Rule::Sgd(rule) => rule.memory(),
        }
    }

    /// Records one update.
    #[must_use]
    pub fn record<N: Number>(self, epoch: Epoch<'_, N>) -> Update<N> {
        match self {
            Rule::Sgd(rule) => rule.record(epoch),
        }
    }
}
