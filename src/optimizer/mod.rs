//! Optimizers: their settings, and the update rules that they record.
//!
//! A method is a short function that records its update rule in the graph of
//! one epoch. Numbers such as the learning rate are inputs of that graph, so
//! runs that differ only in numbers share a program.
//!
//! A [`search`] needs more than one gradient an epoch, and is a loop in Rust instead.

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

use crate::number::{Domain, Number, Value};
use search::{Float, Search, SearchMethod};

pub use clip::Clip;
pub use memory::{Cell, Initial, Memory, Slot, SlotShape};
pub use recipe::{EPOCHS, Inputs, Next, Recipe};
pub use record::{Block, Entry, Epoch, Update};
pub use setting::{Convention, DefaultValue, Defaults, Description, Setting};

/// What a method of one gradient an epoch consists of.
trait UpdateRule {
    /// What is told of it.
    const DESCRIPTION: &'static Description;

    /// What it remembers.
    fn memory(rule: Rule) -> Memory;

    /// Whether it reads [`Epoch::count`].
    fn counts(_: Rule) -> bool {
        false
    }

    /// Records one update.
    fn record<N: Block>(epoch: &Epoch<'_, N>) -> Update<N>;
}

/// Writes the lists of methods as an enum that leads to each of them.
macro_rules! methods {
    ($($(#[$doc:meta])* $method:ident = $rule:ty;)+
     [searches] $($(#[$search_doc:meta])* $searching:ident = $search:ty;)+) => {
        /// An update rule or a search by its name in an experiment file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Method {
            $($(#[$doc])* $method,)+
            $($(#[$search_doc])* $searching,)+
        }

        impl Method {
            /// Every method.
            pub const ALL: &'static [Method] = &[$(Method::$method,)+ $(Method::$searching,)+];

            /// What is told of it.
            #[must_use]
            pub fn description(self) -> &'static Description {
                match self {
                    $(Method::$method => <$rule>::DESCRIPTION,)+
                    $(Method::$searching => <$search>::DESCRIPTION,)+
                }
            }

            /// What it asks of an objective, if it is a [search].
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

            /// Records one update; that of a search, which is not recorded, changes nothing.
            #[must_use]
            pub fn record<N: Block>(self, epoch: &Epoch<'_, N>) -> Update<N> {
                match self.method {
                    $(Method::$method => <$rule>::record(epoch),)+
                    $(Method::$searching => epoch.each(|entry| (entry.x, [])),)+
                }
            }

            /// The search, if the method is one. `number` gives a setting that is a number;
            /// 0 where the convention has no such setting.
            #[must_use]
            pub fn search<F: Float>(
                self,
                number: impl Fn(&str) -> Number,
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
    /// Steps by the signs of the gradient.
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
    /// Adam with the greatest magnitude instead of a root of squares.
    Adamax = adamax::Adamax;
    /// Adam with the squares of what gradients differ from their average.
    AdaBelief = adabelief::AdaBelief;
    /// Adam with an average of squares that grows only by sums.
    Yogi = yogi::Yogi;
    /// Steps of one length by the sign of an average.
    Lion = lion::Lion;
    /// Nesterov's momentum by differences of gradients.
    Adan = adan::Adan;
    /// Adam with the averages of rows and columns instead of all squares.
    Adafactor = adafactor::Adafactor;
    /// Adam with steps as long as a share of each variable.
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
    /// Newton in a trust region.
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

    /// The convention that is meant unless a file says another.
    #[must_use]
    pub fn convention(self) -> Convention {
        self.description().conventions[0]
    }
}

/// An update rule with every decision taken that shapes the program; numbers
/// are still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    method: Method,
    convention: Convention,
    form: Form,
}

/// Of each setting of a [`Description`] what shapes the program: whether it is 0 or off,
/// or which of several words. Two bits for each, in the order of the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Form(u64);

impl Form {
    /// The form of settings with these values; one without a value is off.
    pub fn new<'v>(description: &Description, setting: impl Fn(&str) -> Option<&'v Value>) -> Form {
        let mut bits = 0;
        for (place, known) in description.settings.iter().enumerate() {
            let form = setting(known.name).map_or(0, |value| match (value, known.domain) {
                (Value::Name(name), Domain::Choice(choices)) => {
                    let place = choices.iter().position(|choice| choice == name);
                    place.unwrap_or(0) as u64
                }
                (Value::Switch(on), _) => u64::from(*on),
                _ => u64::from(value.number().is_some_and(|number| number.wide() != 0.0)),
            });
            bits |= form << (2 * place);
        }
        Form(bits)
    }

    /// The form of the setting with this name: 0 if it is 0, off or the first word.
    #[must_use]
    pub fn of(self, description: &Description, name: &str) -> u64 {
        let mut settings = description.settings.iter();
        let place = settings.position(|setting| setting.name == name);
        place.map_or(0, |place| self.0 >> (2 * place) & 3)
    }
}

impl Rule {
    /// The rule of a method for the settings that it has in a convention, all of them
    /// and within their domains.
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

    /// Whose rule it is.
    #[must_use]
    pub fn convention(self) -> Convention {
        self.convention
    }

    /// Whether a setting is there and neither 0 nor off.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        self.form.of(self.method.description(), name) != 0
    }

    /// Which of its words a setting is, by their order.
    #[must_use]
    pub fn choice(self, name: &str) -> usize {
        self.form.of(self.method.description(), name) as usize
    }

    /// The settings that are inputs of the program: the numbers that are not 0.
    pub fn numbers(self) -> impl Iterator<Item = &'static str> {
        let settings = self.method.description().settings_of(self.convention);
        let numbers = settings.filter(|(setting, _)| setting.domain.is_number());
        let names = numbers.map(|(setting, _)| setting.name);
        names.filter(move |name| self.has(name))
    }
}
