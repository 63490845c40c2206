//! Schedules: how the learning rate changes from epoch to epoch.
//!
//! Each kind is a short function that records the learning rate of an epoch in the graph of
//! that epoch, in the precision of the run. The number of the epoch is part of the run's
//! state, so runs that differ only in numbers share a program.

mod cosine;
mod cycle;
mod decay;
mod formula;
mod line;
mod piecewise;
mod plateau;
mod warmup;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::moments::LEARNING_RATE;
use super::{ArrayExt, Convention, DefaultValue, Description, Domain, Form, Initial, Setting};
use crate::number::{Number, Value};
use gradtape_tape::Array;

pub(crate) use cycle::{CYCLE_MOMENTUM, PCT_START};
pub use formula::RateFormula;
pub(crate) use piecewise::{BOUNDARIES, SCALES, VALUES};
pub(crate) use plateau::{ATOL, THRESHOLD};
pub(crate) use warmup::WARMUP;

/// A kind of schedule.
trait Curve {
    /// Its description.
    const DESCRIPTION: &'static Description;

    /// Whether the warm-up leads to the learning rate of its first epoch rather than to that
    /// of the optimizer.
    const STARTS_ELSEWHERE: bool = false;

    /// Its memory.
    fn memory(_: &Schedule) -> Vec<Initial> {
        Vec::new()
    }

    /// Records the learning rate of an epoch.
    fn record<'g>(course: &Course<'_, 'g>) -> Rate<'g>;
}

/// Turns the list of kinds into an enum that dispatches to each of them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $curve:ty;)+) => {
        /// The shape of a learning rate over the epochs, by its name in an experiment file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ScheduleKind {
            $($(#[$doc])* $kind,)+
        }

        const _: () = {
            $(Form::check(<$curve>::DESCRIPTION);)+
        };

        impl ScheduleKind {
            /// Every kind.
            pub const ALL: &'static [ScheduleKind] = &[$(ScheduleKind::$kind),+];

            /// Its description.
            #[must_use]
            pub fn description(self) -> &'static Description {
                match self {
                    $(ScheduleKind::$kind => <$curve>::DESCRIPTION,)+
                }
            }

            fn starts_elsewhere(self) -> bool {
                match self {
                    $(ScheduleKind::$kind => <$curve>::STARTS_ELSEWHERE,)+
                }
            }
        }

        impl Schedule {
            /// The numbers that it remembers.
            #[must_use]
            pub fn memory(&self) -> Vec<Initial> {
                match self.outline.kind {
                    $(ScheduleKind::$kind => <$curve>::memory(self),)+
                }
            }

            fn curve<'g>(&self, course: &Course<'_, 'g>) -> Rate<'g> {
                match self.outline.kind {
                    $(ScheduleKind::$kind => <$curve>::record(course),)+
                }
            }
        }
    };
}

kinds! {
    /// The same learning rate in every epoch.
    Constant = line::Constant;
    /// A straight line from one learning rate to another.
    Linear = line::Linear;
    /// Decay as a power of the remaining epochs.
    Polynomial = line::Polynomial;
    /// Decay by a factor every few epochs.
    Step = decay::Step;
    /// Decay by a factor at given epochs.
    MultiStep = piecewise::MultiStep;
    /// Given learning rates between given epochs.
    Piecewise = piecewise::Piecewise;
    /// Decay by the same factor in every epoch.
    Exponential = decay::Exponential;
    /// Decay as one over the number of epochs.
    InverseTime = decay::InverseTime;
    /// Decay along half a cosine wave.
    Cosine = cosine::Cosine;
    /// Repeated decay along half a cosine wave.
    CosineRestarts = cosine::CosineRestarts;
    /// A rise to the learning rate, then a long fall.
    OneCycle = cycle::OneCycle;
    /// Repeated rise and fall.
    Cyclic = cycle::Cyclic;
    /// Decay by a factor where the loss stops falling.
    Plateau = plateau::Plateau;
    /// The value of a formula.
    Formula = formula::OfFormula;
}

impl ScheduleKind {
    /// The name in an experiment file.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.description().name
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<ScheduleKind> {
        ScheduleKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == name)
    }
}

/// The part of a schedule that is the same for all runs of an optimizer.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The kind.
    pub kind: ScheduleKind,
    /// The convention of the rule.
    pub convention: Convention,
    /// The settings that are lists.
    pub lists: Vec<(&'static str, Vec<Number>)>,
    /// The formula, if the kind has one.
    pub formula: Option<RateFormula>,
    /// The method's name for the momentum that a cycle can change, if it has one.
    pub momentum: Option<&'static str>,
}

impl Outline {
    /// The list of a setting, empty if it is not given.
    #[track_caller]
    pub(crate) fn list(&self, setting: Setting) -> &[Number] {
        self.kind.description().place(setting);
        let mut lists = self.lists.iter();
        let found = lists.find(|(known, _)| *known == setting.name);
        found.map_or(&[], |(_, list)| list)
    }

    /// Whether it gives the learning rates itself, so that the optimizer needs none.
    #[must_use]
    pub fn gives_rates(&self) -> bool {
        match &self.formula {
            Some(formula) => !formula.reads(LEARNING_RATE.name),
            None => self.kind == ScheduleKind::Piecewise && !self.list(VALUES).is_empty(),
        }
    }
}

/// All numbers in it are finite, so it equals itself.
impl Eq for Outline {}

impl PartialEq for Outline {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.convention, self.momentum)
            == (other.kind, other.convention, other.momentum)
            && self.lists == other.lists
            && self.formula == other.formula
    }
}

impl Hash for Outline {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.kind, self.convention, self.momentum).hash(state);
        for (name, list) in &self.lists {
            name.hash(state);
            for number in list {
                number.wide().to_bits().hash(state);
            }
        }
        self.formula.as_ref().map(RateFormula::text).hash(state);
    }
}

/// A schedule with every setting that shapes the program; numbers are still open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    outline: Arc<Outline>,
    form: Form,
}

/// The inputs of a schedule in an epoch.
#[derive(Debug)]
pub struct Clock<'a, 'g> {
    /// The number of previous epochs, from 0.
    pub epoch: Array<'g>,
    /// The number of epochs of the run.
    pub epochs: Array<'g>,
    /// The learning rate of the optimizer.
    pub learning_rate: Array<'g>,
    /// The loss of this epoch.
    pub loss: Array<'g>,
    /// The numbers that [`Schedule::memory`] lists.
    pub memory: &'a [Array<'g>],
    /// The numbers that [`Schedule::numbers`] names.
    pub numbers: &'a [(&'static str, Array<'g>)],
}

/// The result of a schedule.
#[derive(Clone, Debug)]
pub struct Rate<'g> {
    /// The learning rate in force.
    pub learning_rate: Array<'g>,
    /// The momentum in force, if the schedule has one.
    pub momentum: Option<Array<'g>>,
    /// The memory after the epoch.
    pub memory: Vec<Array<'g>>,
}

impl<'g> From<Array<'g>> for Rate<'g> {
    /// A learning rate without momentum and memory.
    fn from(learning_rate: Array<'g>) -> Self {
        Rate {
            learning_rate,
            momentum: None,
            memory: Vec::new(),
        }
    }
}

impl Schedule {
    /// The schedule of an outline with its other settings, within their domains.
    ///
    /// # Panics
    ///
    /// If a word is not among the choices of its setting.
    pub fn new<'v>(
        outline: &Arc<Outline>,
        setting: impl Fn(&str) -> Option<&'v Value>,
    ) -> Schedule {
        Schedule {
            outline: Arc::clone(outline),
            form: Form::new(outline.kind.description(), setting),
        }
    }

    /// The part that is the same for all runs.
    #[must_use]
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// Whether a setting is neither 0, off nor absent in the convention.
    #[track_caller]
    pub(crate) fn has(&self, setting: Setting) -> bool {
        self.form.of(self.outline.kind.description(), setting) != 0
    }

    /// The settings that are inputs of the program.
    pub fn numbers(&self) -> impl Iterator<Item = &'static str> {
        let Outline {
            kind, convention, ..
        } = *self.outline;
        self.form.numbers(kind.description(), convention)
    }

    /// The setting of a method that it changes in addition to the learning rate.
    #[must_use]
    pub fn varies(&self) -> Option<&'static str> {
        let can_cycle = self.outline.kind.description().knows(CYCLE_MOMENTUM);
        let cycles = can_cycle && self.has(CYCLE_MOMENTUM);
        self.outline.momentum.filter(|_| cycles)
    }

    /// Records the learning rate of an epoch.
    #[must_use]
    pub fn record<'g>(&self, clock: &Clock<'_, 'g>) -> Rate<'g> {
        let mut course = Course {
            schedule: self,
            epoch: clock.epoch,
            length: clock.epochs,
            warmup: None,
            learning_rate: clock.learning_rate,
            loss: clock.loss,
            memory: clock.memory,
            numbers: clock.numbers,
        };
        if !self.has(WARMUP) {
            return self.curve(&course);
        }
        let warmup = course.number(WARMUP);
        course.warmup = Some(warmup);
        course.epoch = (clock.epoch - warmup).greater(course.constant(0.0));
        course.length = clock.epochs - warmup;
        warmup::before(&course, clock.epoch, &self.curve(&course))
    }
}

/// The length of a schedule; each kind has its own defaults.
pub(crate) const EPOCHS: Setting =
    Setting::new("epochs", Domain::Count).all(DefaultValue::RunEpochs);

/// The inputs of a [`Curve`] in an epoch.
struct Course<'a, 'g> {
    schedule: &'a Schedule,
    /// The number of epochs since the end of the warm-up; 0 during it.
    epoch: Array<'g>,
    /// The number of epochs of the run after the warm-up.
    length: Array<'g>,
    /// The length of the warm-up, if there is one.
    warmup: Option<Array<'g>>,
    learning_rate: Array<'g>,
    loss: Array<'g>,
    memory: &'a [Array<'g>],
    numbers: &'a [(&'static str, Array<'g>)],
}

impl<'g> Course<'_, 'g> {
    fn constant(&self, value: f64) -> Array<'g> {
        self.learning_rate.constant(value)
    }

    fn convention(&self) -> Convention {
        self.schedule.outline.convention
    }

    /// Whether a setting is neither 0, off nor absent in the convention.
    #[track_caller]
    fn has(&self, setting: Setting) -> bool {
        self.schedule.has(setting)
    }

    /// Whether a setting is this word; an absent one is its first word.
    #[track_caller]
    fn is(&self, setting: Setting, word: &str) -> bool {
        let description = self.schedule.outline.kind.description();
        self.schedule.form.is(description, setting, word)
    }

    /// The number of a setting that the convention has.
    #[track_caller]
    fn number(&self, setting: Setting) -> Array<'g> {
        let description = self.schedule.outline.kind.description();
        description.check_number(self.convention(), setting);
        let mut numbers = self.numbers.iter();
        let found = numbers.find(|(known, _)| *known == setting.name);
        found.map_or_else(|| self.constant(0.0), |(_, number)| *number)
    }

    /// The number of a setting, unless it is 0 or the convention lacks it.
    #[track_caller]
    fn optional(&self, setting: Setting) -> Option<Array<'g>> {
        self.has(setting).then(|| self.number(setting))
    }

    /// The setting [`EPOCHS`]; by default the length of the run after the warm-up.
    fn epochs(&self) -> Array<'g> {
        self.optional(EPOCHS).unwrap_or(self.length)
    }

    /// cos(π·x) with x = `part`/`whole`, in this order of operations.
    fn cosine(&self, part: Array<'g>, whole: Array<'g>) -> Array<'g> {
        let turn = self.constant(std::f64::consts::PI) * part / whole;
        Array::apply(gradtape_tape::Op::Cos, &[turn])
    }
}

/// The largest integer that is not above `x`.
fn floor<'g>(x: Array<'g>) -> Array<'g> {
    Array::apply(gradtape_tape::Op::Floor, &[x])
}
