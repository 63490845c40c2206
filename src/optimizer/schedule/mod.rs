//! Schedules: how the learning rate changes from epoch to epoch.

use super::{
    Block, Convention, DefaultValue, Defaults, Description, Domain, Form, Initial, Setting,
};
use crate::number::Value;

/// The shape of a learning rate over the epochs, by its name in an experiment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The same rate in every epoch.
    Constant,
}

/// A schedule with every decision taken that shapes the program; numbers are still open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    kind: Kind,
    convention: Convention,
    form: Form,
}

/// What a schedule reads in an epoch.
#[derive(Debug)]
pub struct Clock<'a, N> {
    /// How many epochs there were before, from 0.
    pub epoch: N,
    /// How many epochs the run has in all.
    pub epochs: N,
    /// The learning rate that the optimizer was given.
    pub learning_rate: N,
    /// The loss of this epoch.
    pub loss: N,
    /// What [`Schedule::memory`] lists.
    pub memory: &'a [N],
    /// The numbers that [`Schedule::numbers`] names.
    pub numbers: &'a [(&'static str, N)],
}

/// What a schedule gives.
#[derive(Clone, Debug)]
pub struct Rate<N> {
    /// The learning rate in force.
    pub learning_rate: N,
    /// The momentum in force, if the schedule has one.
    pub momentum: Option<N>,
    /// The memory after the epoch.
    pub memory: Vec<N>,
}

static CONSTANT: Description = Description {
    name: "constant",
    title: "constant",
    about: "The same learning rate in every epoch.",
    conventions: &[Convention::PyTorch, Convention::Keras, Convention::Optax],
    settings: &[Setting {
        name: "factor",
        domain: Domain::Positive,
        defaults: Defaults::All(DefaultValue::Number(1.0)),
        description: "what the learning rate is multiplied with",
    }],
    rules: &[(
        &[Convention::PyTorch, Convention::Keras, Convention::Optax],
        "η·factor",
    )],
    sources: &[],
};

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[Kind::Constant];

    /// What is told of it.
    #[must_use]
    pub fn description(self) -> &'static Description {
        match self {
            Kind::Constant => &CONSTANT,
        }
    }
}

impl Schedule {
    /// The schedule of a kind for the settings that it has in a convention.
    pub fn new<'v>(
        kind: Kind,
        convention: Convention,
        setting: impl Fn(&str) -> Option<&'v Value>,
    ) -> Schedule {
        Schedule {
            kind,
            convention,
            form: Form::new(kind.description(), setting),
        }
    }

    /// The settings that are inputs of the program.
    pub fn numbers(&self) -> impl Iterator<Item = &'static str> {
        let (description, form) = (self.kind.description(), self.form);
        let settings = description.settings_of(self.convention);
        let numbers = settings.filter(|(setting, _)| setting.domain.is_number());
        let names = numbers.map(|(setting, _)| setting.name);
        names.filter(move |name| form.of(description, name) != 0)
    }

    /// The numbers that it remembers.
    #[must_use]
    pub fn memory(&self) -> Vec<Initial> {
        Vec::new()
    }

    /// The setting of a method that it changes besides the learning rate.
    #[must_use]
    pub fn varies(&self) -> Option<&'static str> {
        None
    }

    /// Records the rate of an epoch.
    #[must_use]
    pub fn record<N: Block>(&self, clock: &Clock<'_, N>) -> Rate<N> {
        let factor = clock.numbers.iter().find(|(name, _)| *name == "factor");
        Rate {
            learning_rate: factor.map_or(clock.learning_rate, |(_, factor)| {
                clock.learning_rate * *factor
            }),
            momentum: None,
            memory: Vec::new(),
        }
    }
}
