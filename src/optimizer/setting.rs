//! What is told of methods and schedules: their settings, rules and sources.
//!
//! A [`Description`] is the only place of these facts: experiment files are checked
//! against it, defaults come from it, and it is what `runner methods` prints.

use crate::number::{Domain, Value};

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
