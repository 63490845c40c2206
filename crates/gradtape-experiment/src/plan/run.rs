//! One run of a plan.

use crate::number::{Number, Precision, Value};
use crate::optimizer::{Recipe, Setting};
use gradtape_tape::Subnormals;

/// One run: a combination of settings.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number, from 0.
    pub number: u64,
    /// The precision of its computations.
    pub precision: Precision,
    /// Whether subnormal numbers are kept or flushed to 0.
    pub subnormals: Subnormals,
    /// The number of updates, if it does not end early.
    pub epochs: u64,
    /// The objective, by its place in the plan.
    pub objective: usize,
    /// The constants of the objective.
    pub constants: Vec<Number>,
    /// The initial values of the variables.
    pub start: Vec<Number>,
    /// The optimizer, by its place in the plan.
    pub optimizer: usize,
    /// How a gradient leads to the next state.
    pub recipe: Recipe,
    /// The numbers of the recipe, as [`Recipe::numbers`] names them.
    pub numbers: Vec<Number>,
    /// The learning rate that the optimizer was given, if its method has one.
    pub learning_rate: Option<Number>,
    /// The number of the repetition, from 0.
    pub repetition: u64,
    /// The setting of each of [`Runs::columns`](super::Runs::columns); `None` where the run does
    /// not have the setting.
    pub settings: Vec<Option<Value>>,
}

impl Run {
    /// The number of a setting of the method; 0 if it is 0 or the convention lacks it.
    #[must_use]
    #[track_caller]
    pub fn setting(&self, setting: Setting) -> Number {
        self.number(self.recipe.rule.has(setting), setting.name)
    }

    /// The same of a setting of the schedule.
    #[must_use]
    #[track_caller]
    pub fn setting_of_schedule(&self, setting: Setting) -> Number {
        let schedule = self.recipe.schedule.as_ref();
        let has = schedule.is_some_and(|schedule| schedule.has(setting));
        self.number(has, &format!("schedule.{}", setting.name))
    }

    fn number(&self, is_not_zero: bool, name: &str) -> Number {
        if !is_not_zero {
            return 0.0.into();
        }
        let names = self.recipe.numbers();
        let place = names.iter().position(|known| known == name);
        self.numbers[place.expect("a number that is not 0 is among those of the recipe")]
    }
}
