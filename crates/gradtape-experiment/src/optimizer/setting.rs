//! Descriptions of methods and schedules: their settings, rules and sources.
//!
//! A [`Description`] is the only place of these facts: experiment files are checked
//! against it, defaults come from it, and `runner methods` prints it.

use crate::number::{Domain, Value};

/// The library (or textbook) whose exact rule and defaults apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Convention {
    /// `torch.optim` and `torch.optim.lr_scheduler` of `PyTorch` 2.
    PyTorch,
    /// `keras.optimizers` of Keras 3, which are those of TensorFlow.
    Keras,
    /// optax, the optimizers of JAX.
    Optax,
    /// The method as in its paper or textbook.
    Textbook,
}

impl Convention {
    /// All conventions, in the order in which a method prefers them.
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

/// The description of a method or a schedule.
#[derive(Debug)]
pub struct Description {
    /// The name in an experiment file.
    pub name: &'static str,
    /// The name in full.
    pub title: &'static str,
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// The conventions that have it; the first is the default.
    pub conventions: &'static [Convention],
    /// Its settings, the learning rate first.
    pub settings: &'static [Setting],
    /// Each rule with the conventions that share it.
    pub rules: &'static [(&'static [Convention], &'static str)],
    /// Where it comes from.
    pub sources: &'static [&'static str],
}

/// A setting of a method or a schedule.
///
/// It is also the handle by which a rule reads the setting: a misspelt one does not compile. Two
/// settings are the same if their names are, whatever else a method changes.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name in an experiment file.
    pub name: &'static str,
    /// Its valid values.
    pub domain: Domain,
    /// Its default.
    pub defaults: Defaults,
    /// What it does.
    pub description: &'static str,
}

impl PartialEq for Setting {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The default of a [`Setting`].
#[derive(Clone, Copy, Debug)]
pub enum Defaults {
    /// In every convention of the method.
    All(DefaultValue),
    /// In each convention; one that is not listed lacks the setting.
    By(&'static [(Convention, DefaultValue)]),
}

/// The value of a [`Setting`] that a file omits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DefaultValue {
    /// A number.
    Number(f64),
    /// On or off.
    Switch(bool),
    /// A word.
    Name(&'static str),
    /// None: the file must give it.
    Required,
    /// None: it is absent unless the file gives it.
    Absent,
    /// The number of epochs of the run.
    RunEpochs,
}

impl DefaultValue {
    /// The value, if the default is one.
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
    /// A setting without a description that every convention requires.
    #[must_use]
    pub const fn new(name: &'static str, domain: Domain) -> Setting {
        Setting {
            name,
            domain,
            defaults: Defaults::All(DefaultValue::Required),
            description: "",
        }
    }

    /// The same with this default in every convention.
    #[must_use]
    pub const fn all(self, default: DefaultValue) -> Setting {
        let defaults = Defaults::All(default);
        Setting { defaults, ..self }
    }

    /// The same with these defaults; a convention that is not listed lacks the setting.
    #[must_use]
    pub const fn by(self, defaults: &'static [(Convention, DefaultValue)]) -> Setting {
        let defaults = Defaults::By(defaults);
        Setting { defaults, ..self }
    }

    /// The same with this description.
    #[must_use]
    pub const fn about(self, description: &'static str) -> Setting {
        Setting {
            description,
            ..self
        }
    }

    /// The place of a word among its choices.
    pub(super) fn word(&self, word: &str) -> usize {
        let choices = match self.domain {
            Domain::Choice(choices) => choices,
            _ => &[],
        };
        let place = choices.iter().position(|choice| *choice == word);
        place.expect("the word is one of the choices")
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
    /// The place of a setting; a rule that asks for another one is wrong.
    #[track_caller]
    pub(super) fn place(&self, setting: Setting) -> Option<usize> {
        let place = self.settings.iter().position(|one| *one == setting);
        debug_assert!(
            place.is_some(),
            "`{}` has no setting `{}`",
            self.name,
            setting.name
        );
        place
    }

    /// Whether it has a setting, if only in some convention.
    pub(super) fn knows(&self, setting: Setting) -> bool {
        self.settings.contains(&setting)
    }

    /// Checks that a rule asks for a number that it has in a convention.
    #[track_caller]
    pub(super) fn check_number(&self, convention: Convention, setting: Setting) {
        let is_number = |one: &Setting| *one == setting && one.domain.is_number();
        debug_assert!(
            self.settings_of(convention).any(|(one, _)| is_number(one)),
            "`{}` of {} has no number `{}`",
            self.name,
            convention.name(),
            setting.name
        );
    }

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
