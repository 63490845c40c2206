//! The optimizers of a plan.

use std::sync::Arc;

use super::grid::Grid;
use crate::number::Value;
use crate::optimizer::schedule::{Outline, Schedule};
use crate::optimizer::{Clip, Convention, Method, Recipe, Rule};

/// A method with its settings.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// The label.
    pub name: String,
    /// The method.
    pub method: Method,
    /// The library whose rule and defaults apply.
    pub convention: Convention,
    /// The schedule of the learning rate, if any.
    pub schedule: Option<Arc<Outline>>,
    /// The clipping of gradients, if any.
    pub clip: Option<Clip>,
    /// The settings of the method, then those of the schedule with `schedule.` in front and
    /// the limit of clipping with `clip.`.
    pub(super) settings: Grid,
}

impl Optimizer {
    /// The names of its settings in the order of the method, the schedule and clipping.
    pub(super) fn setting_names(&self) -> Vec<String> {
        let settings = self.method.description().settings_of(self.convention);
        let mut names: Vec<String> = settings.map(|(one, _)| one.name.to_owned()).collect();
        if let Some(schedule) = &self.schedule {
            let settings = schedule.kind.description().settings.iter();
            names.extend(settings.map(|one| format!("schedule.{}", one.name)));
        }
        names.extend(self.clip.map(|clip| format!("clip.{}", clip.name())));
        names.retain(|name| self.settings.series().any(|(known, _)| known == name));
        names
    }

    /// The name of its convention, unless it is the default of its method.
    pub(super) fn other_convention(&self) -> Option<&'static str> {
        let convention = self.convention.name();
        (self.convention != self.method.convention()).then_some(convention)
    }

    /// The kind of its schedule.
    pub(super) fn schedule_name(&self) -> Option<&'static str> {
        self.schedule.as_ref().map(|one| one.kind.name())
    }

    /// The name of the convention of its schedule, if it differs from its own.
    pub(super) fn schedule_convention(&self) -> Option<&'static str> {
        let convention = self.schedule.as_ref()?.convention;
        (convention != self.convention).then_some(convention.name())
    }

    /// The recipe that a combination of its settings gives.
    pub(super) fn recipe(&self, point: &[(&str, Value)]) -> Recipe {
        let of = |prefix: &str, name: &str| {
            let mut settings = point.iter();
            let found = settings.find(|(key, _)| key.strip_prefix(prefix) == Some(name));
            found.map(|(_, value)| value)
        };
        let schedule = self
            .schedule
            .as_ref()
            .map(|outline| Arc::new(Schedule::new(outline, |name| of("schedule.", name))));
        Recipe {
            rule: Rule::new(self.method, self.convention, |name| of("", name)),
            schedule,
            clip: self.clip,
        }
    }
}
