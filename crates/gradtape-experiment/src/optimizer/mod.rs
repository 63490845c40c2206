//! Optimizers: their settings, and the update rules that they record.
//!
//! A method is a short function that records its update rule in the graph of
//! one epoch. Numbers such as the learning rate are inputs of that graph, so
//! runs that differ only in numbers share a program.
//!
//! Line-search and second-order methods ([`search`]) need more than one gradient per epoch,
//! and are loops in Rust instead.

mod adabelief;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod adan;
mod asgd;
mod clip;
mod ftrl;
mod lamb;
mod lion;
mod memory;
mod moments;
mod nadam;
mod prelude;
mod prodigy;
mod radam;
mod recipe;
mod record;
mod rmsprop;
mod rprop;
pub mod schedule;
mod schedule_free;
pub mod search;
mod setting;
mod sgd;
mod yogi;

#[cfg(test)]
mod tests;

use crate::number::{Domain, Number, Value};
use search::{Float, Search, SearchMethod};

pub use clip::Clip;
pub use memory::{Cell, Initial, Memory, Slot, SlotShape};
pub(crate) use moments::{BETA1, LEARNING_RATE, WEIGHT_DECAY};
pub use recipe::{EPOCHS, Inputs, Next, Recipe};
pub use record::{ArrayExt, Entry, Epoch, Update};
pub use setting::{Convention, DefaultValue, Defaults, Description, Setting};
pub(crate) use sgd::{DAMPENING, MOMENTUM, NESTEROV};

/// A method with one gradient per epoch.
///
/// Its file has a constant for each [`Setting`], lists them in the [`Description`], and reads
/// them by the same constants: `epoch.number(BETA1)`, `epoch.has(AMSGRAD)`.
trait UpdateRule {
    /// Its description.
    const DESCRIPTION: &'static Description;

    /// Its memory.
    fn memory(rule: Rule) -> Memory;

    /// Whether it reads [`Epoch::count`].
    fn counts(_: Rule) -> bool {
        false
    }

    /// Records one update.
    fn record<'g>(epoch: &Epoch<'_, 'g>) -> Update<'g>;
}

/// Turns the lists of methods into an enum that dispatches to each of them.
macro_rules! methods {
    ($($(#[$doc:meta])* $method:ident = $rule:ty;)+
     [searches] $($(#[$search_doc:meta])* $searching:ident = $search:ty;)+) => {
        /// A method by its name in an experiment file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Method {
            $($(#[$doc])* $method,)+
            $($(#[$search_doc])* $searching,)+
        }

        const _: () = {
            $(Form::check(<$rule>::DESCRIPTION);)+
            $(Form::check(<$search>::DESCRIPTION);)+
        };

        impl Method {
            /// Every method.
            pub const ALL: &'static [Method] = &[$(Method::$method,)+ $(Method::$searching,)+];

            /// Its description.
            #[must_use]
            pub fn description(self) -> &'static Description {
                match self {
                    $(Method::$method => <$rule>::DESCRIPTION,)+
                    $(Method::$searching => <$search>::DESCRIPTION,)+
                }
            }

            /// What it needs of an objective, if it is a [line-search or second-order
            /// method](search).
            #[must_use]
            pub fn needs(self) -> Option<search::Needs> {
                match self {
                    $(Method::$method => None,)+
                    $(Method::$searching => Some(<$search>::NEEDS),)+
                }
            }
        }

        impl Rule {
            /// What the rule remembers from one epoch to the next.
            #[must_use]
            pub fn memory(self) -> Memory {
                match self.method {
                    $(Method::$method => <$rule>::memory(self),)+
                    $(Method::$searching => Memory::default(),)+
                }
            }

            /// Whether it reads [`Epoch::count`].
            #[must_use]
            pub fn counts(self) -> bool {
                match self.method {
                    $(Method::$method => <$rule>::counts(self),)+
                    $(Method::$searching => false,)+
                }
            }

            /// Records one update; that of a line-search or second-order method changes nothing.
            #[must_use]
            pub fn record<'g>(self, epoch: &Epoch<'_, 'g>) -> Update<'g> {
                match self.method {
                    $(Method::$method => <$rule>::record(epoch),)+
                    $(Method::$searching => epoch.each(|entry| (entry.x, [])),)+
                }
            }

            /// The loop of a line-search or second-order method. `number` gives a numeric
            /// setting that the convention has.
            #[must_use]
            pub fn search<F: Float>(
                self,
                number: impl Fn(Setting) -> Number,
            ) -> Option<Box<dyn Search<F>>> {
                let settings = search::Settings::new(self, &number);
                match self.method {
                    $(Method::$method => None,)+
                    $(Method::$searching => Some(<$search>::search(&settings)),)+
                }
            }
        }
    };
}

methods! {
    /// Gradient descent, with or without momentum.
    Sgd = sgd::Sgd;
    /// Steps divided by the root of all squares so far.
    Adagrad = adagrad::Adagrad;
    /// Steps divided by the root of the running mean of squares.
    RmsProp = rmsprop::RmsProp;
    /// `RMSProp` with steps that have the unit of the parameter.
    Adadelta = adagrad::Adadelta;
    /// Steps along the signs of the gradient.
    Rprop = rprop::Rprop;
    /// Averaged gradient descent.
    Asgd = asgd::Asgd;
    /// Follow the regularized leader.
    Ftrl = ftrl::Ftrl;
    /// Adam.
    Adam = adam::Adam;
    /// Adam with decoupled weight decay.
    AdamW = adam::AdamW;
    /// Adam with Nesterov's momentum.
    NAdam = nadam::NAdam;
    /// Adam with a rectified variance.
    RAdam = radam::RAdam;
    /// Adam with the largest magnitude instead of a root of squares.
    Adamax = adamax::Adamax;
    /// Adam with squared deviations of gradients from their average.
    AdaBelief = adabelief::AdaBelief;
    /// Adam with an average of squares that changes by bounded amounts.
    Yogi = yogi::Yogi;
    /// Steps of equal length along the sign of an average.
    Lion = lion::Lion;
    /// Nesterov's momentum from differences of gradients.
    Adan = adan::Adan;
    /// Adam with averages of rows and columns instead of all squares.
    Adafactor = adafactor::Adafactor;
    /// Adam with step lengths proportional to each variable.
    Lamb = lamb::Lamb;
    /// Gradient descent with averaging instead of a schedule.
    ScheduleFreeSgd = schedule_free::ScheduleFreeSgd;
    /// `AdamW` with averaging instead of a schedule.
    ScheduleFreeAdamW = schedule_free::ScheduleFreeAdamW;
    /// Adam that finds the learning rate.
    Prodigy = prodigy::Prodigy;

    [searches]
    /// A quasi-Newton method that remembers a few steps.
    Lbfgs = search::Lbfgs;
    /// Nonlinear conjugate gradients.
    ConjugateGradient = search::ConjugateGradientMethod;
    /// Newton's method.
    Newton = search::NewtonMethod;
    /// Newton's method within a trust region.
    TrustRegion = search::TrustRegionMethod;
    /// Gauss–Newton within a trust region, for sums of squares.
    LevenbergMarquardt = search::LevenbergMarquardtMethod;
}

impl Method {
    /// The name in an experiment file.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.description().name
    }

    /// The method with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Method> {
        let mut all = Method::ALL.iter().copied();
        all.find(|method| method.name() == name)
    }

    /// The default convention.
    #[must_use]
    pub fn convention(self) -> Convention {
        self.description().conventions[0]
    }
}

/// An update rule with every setting that shapes the program; numbers are still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    method: Method,
    convention: Convention,
    form: Form,
}

impl Rule {
    /// The form of each setting of the method: whether it is 0 or off, or which word it is.
    pub(crate) fn forms(self) -> impl Iterator<Item = (&'static str, u64)> {
        let settings = self.method.description().settings.iter().enumerate();
        settings.map(move |(place, setting)| (setting.name, self.form.at(place)))
    }
}

/// The part of each setting of a [`Description`] that shapes the program: whether it is 0
/// or off, or which of several words it is. Two bits for each, in the order of the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Form(u64);

impl Form {
    /// The form of settings with these values; one without a value is off.
    fn new<'v>(description: &Description, setting: impl Fn(&str) -> Option<&'v Value>) -> Form {
        let mut bits = 0;
        for (place, known) in description.settings.iter().enumerate() {
            let Some(value) = setting(known.name) else {
                continue;
            };
            debug_assert!(known.domain.contains(value), "{}: {value:?}", known.name);
            let form = match (value, known.domain) {
                (Value::Name(name), Domain::Choice(_)) => known.word(name) as u64,
                (Value::Switch(on), _) => u64::from(*on),
                _ => u64::from(value.number().is_some_and(|number| number.wide() != 0.0)),
            };
            bits |= form << (2 * place);
        }
        Form(bits)
    }

    /// Does not compile where settings need more bits.
    const fn check(description: &Description) {
        let settings = description.settings;
        assert!(settings.len() <= 32, "a method has at most 32 settings");
        let mut place = 0;
        while place < settings.len() {
            if let Domain::Choice(words) = settings[place].domain {
                assert!(words.len() <= 4, "a setting has at most 4 words");
            }
            place += 1;
        }
    }

    /// The form of the setting at a place: 0 if it is 0, off, absent or the first word.
    fn at(self, place: usize) -> u64 {
        self.0 >> (2 * place) & 3
    }

    /// The form of a setting.
    #[track_caller]
    fn of(self, description: &Description, setting: Setting) -> u64 {
        let place = description.place(setting);
        place.map_or(0, |place| self.at(place))
    }

    /// Whether a setting is this word; an absent one is its first word.
    #[track_caller]
    fn is(self, description: &Description, setting: Setting, word: &str) -> bool {
        self.of(description, setting) == setting.word(word) as u64
    }

    /// The settings that are inputs of the program: the numbers that are not 0.
    fn numbers(
        self,
        description: &'static Description,
        convention: Convention,
    ) -> impl Iterator<Item = &'static str> {
        let settings = description.settings.iter().enumerate();
        let numbers = settings.filter(move |(place, setting)| {
            let is_number = setting.domain.is_number();
            is_number && setting.default(convention).is_some() && self.at(*place) != 0
        });
        numbers.map(|(_, setting)| setting.name)
    }
}

impl Rule {
    /// The rule of a method in a convention. `setting` gives all settings that it has there,
    /// within their domains.
    ///
    /// # Panics
    ///
    /// If a word is not among the choices of its setting.
    pub fn new<'v>(
        method: Method,
        convention: Convention,
        setting: impl Fn(&str) -> Option<&'v Value>,
    ) -> Rule {
        Rule {
            method,
            convention,
            form: Form::new(method.description(), setting),
        }
    }

    /// The method.
    #[must_use]
    pub fn method(self) -> Method {
        self.method
    }

    /// The convention of the rule.
    #[must_use]
    pub fn convention(self) -> Convention {
        self.convention
    }

    /// Whether a setting is neither 0, off nor absent in the convention.
    #[must_use]
    #[track_caller]
    pub fn has(self, setting: Setting) -> bool {
        self.form.of(self.method.description(), setting) != 0
    }

    /// Whether a setting is this word; an absent one is its first word.
    #[track_caller]
    fn is(self, setting: Setting, word: &str) -> bool {
        self.form.is(self.method.description(), setting, word)
    }

    /// The settings that are inputs of the program: the numbers that are not 0.
    pub fn numbers(self) -> impl Iterator<Item = &'static str> {
        self.form
            .numbers(self.method.description(), self.convention)
    }
}
