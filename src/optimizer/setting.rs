//! What is told of methods and schedules: their settings, rules and sources.
//!
//! A [`Description`] is the only place of these facts: experiment files are checked
//! against it, defaults come from it, and it is what `runner methods` prints.

use crate::number::Value;

/// A library (or textbook) whose exact rule and defaults are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Convention {
    /// `torch.optim` and `torch.optim.lr_scheduler` of `PyTorch` 2.
    PyTorch,
    /// `keras.optimizers` of Keras 3, which are those of TensorFlow.
    Keras,
    /// optax, the optimizers of JAX.
    Optax,
    /// The method as its paper or textbook has it.
    Textbook,
}

impl Convention {
    /// All of them, in the order in which a method prefers them.
    pub const ALL: &'static [Convention] = &[
        Convention::PyTorch,
        Convention::Keras,
        Convention::Optax,
        Convention::Textbook,
    ];

    /// The name in an experiment file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Convention::PyTorch => "pytorch",
            Convention::Keras => "keras",
            Convention::Optax => "optax",
            Convention::Textbook => "textbook",
        }
    }

    /// The convention with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Convention> {
        let mut all = Convention::ALL.iter().copied();
        all.find(|convention| convention.name() == name)
    }
}

/// A method or a schedule, described.
#[derive(Debug)]
pub struct Description {
    /// The name in an experiment file.
    pub name: &'static str,
    /// The name in full.
    pub title: &'static str,
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// The conventions that have it; the first is meant unless a file says another.
    pub conventions: &'static [Convention],
    /// Its settings, the learning rate first.
    pub settings: &'static [Setting],
    /// The rule, for the conventions that share it.
    pub rules: &'static [(&'static [Convention], &'static str)],
    /// Where it comes from.
    pub sources: &'static [&'static str],
}

/// A setting of a method or a schedule.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name in an experiment file.
    pub name: &'static str,
    /// What it can be.
    pub domain: Domain,
    /// What it is where the file does not say.
    pub defaults: Defaults,
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
    /// A finite number that is not above 0.
    NotPositive,
    /// A number from 0 on that is below 1.
    Share,
    /// A number from 0 to 1.
    Unit,
    /// A number above 0 and below 1.
    Fraction,
    /// A number that is greater than 1.
    AboveOne,
    /// A finite number that is not below 1.
    AtLeastOne,
    /// Any finite number.
    Finite,
    /// A whole number, 1 or above.
    Count,
    /// A whole number, 0 or above.
    Whole,
    /// `true` or `false`.
    Switch,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A list of whole numbers from 1 on, each greater than the one before.
    Epochs,
    /// A list of finite numbers that are not below 0.
    Rates,
    /// The text of a formula.
    Formula,
}

/// What a [`Setting`] is where a file does not say.
#[derive(Clone, Copy, Debug)]
pub enum Defaults {
    /// In every convention of the method.
    All(DefaultValue),
    /// In each convention; one that is not listed has no such setting.
    By(&'static [(Convention, DefaultValue)]),
}

/// The value of a [`Setting`] that a file leaves out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DefaultValue {
    /// A number.
    Number(f64),
    /// On or off.
    Switch(bool),
    /// A word.
    Name(&'static str),
    /// None: the file has to say.
    Required,
    /// None: it is not there unless the file says so.
    Absent,
    /// As many epochs as the run has.
    RunEpochs,
}

impl DefaultValue {
    /// The value, unless the file has to say.
    #[must_use]
    pub fn value(self) -> Option<Value> {
        match self {
            DefaultValue::Number(number) => Some(Value::Number(number.into())),
            DefaultValue::Switch(on) => Some(Value::Switch(on)),
            DefaultValue::Name(name) => Some(Value::Name(name.to_owned())),
            DefaultValue::Required | DefaultValue::Absent | DefaultValue::RunEpochs => None,
        }
    }
}

impl Setting {
    /// A setting.
    #[must_use]
    pub const fn new(
        name: &'static str,
        domain: Domain,
        defaults: Defaults,
        description: &'static str,
    ) -> Setting {
        Setting {
            name,
            domain,
            defaults,
            description,
        }
    }

    /// Its default in a convention; `None` if the convention has no such setting.
    #[must_use]
    pub fn default(&self, convention: Convention) -> Option<DefaultValue> {
        match self.defaults {
            Defaults::All(value) => Some(value),
            Defaults::By(list) => {
                let found = list.iter().find(|(of, _)| *of == convention);
                found.map(|(_, value)| *value)
            }
        }
    }
}

impl Description {
    /// Whether a convention has the method.
    #[must_use]
    pub fn has(&self, convention: Convention) -> bool {
        self.conventions.contains(&convention)
    }

    /// The settings that it has in a convention, with their defaults.
    pub fn settings_of(
        &self,
        convention: Convention,
    ) -> impl Iterator<Item = (&'static Setting, DefaultValue)> + Clone {
        let settings = self.settings.iter();
        settings.filter_map(move |one| Some((one, one.default(convention)?)))
    }

    /// The rule in a convention.
    #[must_use]
    pub fn rule_of(&self, convention: Convention) -> &'static str {
        let mut rules = self.rules.iter();
        let found = rules.find(|(conventions, _)| conventions.contains(&convention));
        found.map_or("", |(_, rule)| rule)
    }
}

impl Domain {
    /// What is expected, to complete "expected …".
    #[must_use]
    pub fn description(self) -> String {
        match self {
            Domain::Positive => "a finite number above 0".to_owned(),
            Domain::NotNegative => "a finite number, 0 or above".to_owned(),
            Domain::NotPositive => "a finite number, 0 or below".to_owned(),
            Domain::Share => "a number from 0 on, below 1".to_owned(),
            Domain::Unit => "a number from 0 to 1".to_owned(),
            Domain::Fraction => "a number above 0 and below 1".to_owned(),
            Domain::AboveOne => "a finite number above 1".to_owned(),
            Domain::AtLeastOne => "a finite number, 1 or above".to_owned(),
            Domain::Finite => "a finite number".to_owned(),
            Domain::Count => "a whole number, 1 or above".to_owned(),
            Domain::Whole => "a whole number, 0 or above".to_owned(),
            Domain::Switch => "true or false".to_owned(),
            Domain::Choice(choices) => {
                let quoted = choices.iter().map(|choice| format!("\"{choice}\""));
                quoted.collect::<Vec<_>>().join(" or ")
            }
            Domain::Epochs => "a list of whole numbers, 1 or above, in order".to_owned(),
            Domain::Rates => "a list of finite numbers, 0 or above".to_owned(),
            Domain::Formula => "a formula in quotes".to_owned(),
        }
    }

    /// Whether it is a number, which runs of one program can have differently.
    #[must_use]
    pub fn is_number(self) -> bool {
        !(self.is_text() || matches!(self, Domain::Switch | Domain::Choice(_)))
    }

    /// Whether it is a list or a formula, which is the same for all runs of an optimizer.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Domain::Epochs | Domain::Rates | Domain::Formula)
    }

    /// Whether a setting can have this value.
    #[must_use]
    pub fn contains(self, value: &Value) -> bool {
        /// Whole numbers are exact in `f64` up to here.
        const GREATEST: f64 = 9_007_199_254_740_992.0;
        let is = |test: fn(f64) -> bool| {
            let number = value.number().map(crate::number::Number::wide);
            number.is_some_and(|number| number.is_finite() && test(number))
        };
        match self {
            Domain::Positive => is(|x| x > 0.0),
            Domain::NotNegative => is(|x| x >= 0.0),
            Domain::NotPositive => is(|x| x <= 0.0),
            Domain::Share => is(|x| (0.0..1.0).contains(&x)),
            Domain::Unit => is(|x| (0.0..=1.0).contains(&x)),
            Domain::Fraction => is(|x| x > 0.0 && x < 1.0),
            Domain::AboveOne => is(|x| x > 1.0),
            Domain::AtLeastOne => is(|x| x >= 1.0),
            Domain::Finite => is(|_| true),
            Domain::Count => is(|x| (1.0..GREATEST).contains(&x) && x.floor() == x),
            Domain::Whole => is(|x| (0.0..GREATEST).contains(&x) && x.floor() == x),
            Domain::Switch => matches!(value, Value::Switch(_)),
            Domain::Choice(choices) => {
                matches!(value, Value::Name(name) if choices.contains(&name.as_str()))
            }
            Domain::Epochs | Domain::Rates | Domain::Formula => matches!(value, Value::Name(_)),
        }
    }
}
