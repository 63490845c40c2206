//! Everything from a gradient to the next state: schedule, clipping, update rule.

use std::sync::Arc;

use super::clip::Clip;
use super::memory::{Cell, Initial};
use super::moments::LEARNING_RATE;
use super::record::Epoch;
use super::schedule::{Clock, Schedule};
use super::{Rule, Update};
use gradtape_tape::{Array, Shape};

/// The step from a gradient to the next state, as far as it shapes the program.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recipe {
    /// The update rule.
    pub rule: Rule,
    /// How the learning rate changes; without a schedule it is constant.
    pub schedule: Option<Arc<Schedule>>,
    /// How gradients are clipped, if they are.
    pub clip: Option<Clip>,
}

/// The inputs of a [`Recipe`] in an epoch.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a, 'g> {
    /// The variables before the update.
    pub parameters: &'a [Array<'g>],
    /// The gradient there.
    pub gradient: &'a [Array<'g>],
    /// The loss there.
    pub loss: Array<'g>,
    /// The memory that [`Recipe::memory`] lists.
    pub memory: &'a [Array<'g>],
    /// The settings that [`Recipe::numbers`] names.
    pub numbers: &'a [Array<'g>],
}

/// The result of a [`Recipe`].
#[derive(Clone, Debug)]
pub struct Next<'g> {
    /// The next state.
    pub update: Update<'g>,
    /// The learning rate of the step.
    pub learning_rate: Array<'g>,
}

/// The name of the number of epochs of a run among [`Recipe::numbers`].
pub const EPOCHS: &str = "epochs";

impl Recipe {
    /// The settings that are inputs of the program: those of the rule, then those of the
    /// schedule with the prefix `schedule.`, then the clipping limit with the prefix `clip.`.
    #[must_use]
    pub fn numbers(&self) -> Vec<String> {
        let mut names: Vec<String> = self.rule.numbers().map(str::to_owned).collect();
        if let Some(schedule) = &self.schedule {
            names.push(EPOCHS.to_owned());
            names.extend(schedule.numbers().map(|name| format!("schedule.{name}")));
        }
        names.extend(self.clip.map(|clip| format!("clip.{}", clip.name())));
        names
    }

    /// The memory for variables of these shapes: that of the rule, the number of the update
    /// if it is needed, then the [clock cells](Recipe::clock_cells).
    #[must_use]
    pub fn memory(&self, variables: &[Shape]) -> Vec<Cell> {
        let mut cells = self.rule.memory().cells(variables);
        if self.counts() {
            cells.push(Cell::scalar(Initial::Number(0.0)));
        }
        if let Some(schedule) = &self.schedule {
            let memory = schedule.memory().into_iter().map(Cell::scalar);
            cells.push(Cell::scalar(Initial::Number(0.0)));
            cells.extend(memory);
        }
        cells
    }

    /// The number of cells at the end of the memory that advance once per epoch, even where
    /// an epoch is several updates.
    #[must_use]
    pub fn clock_cells(&self) -> usize {
        let schedule = self.schedule.as_ref();
        schedule.map_or(0, |schedule| 1 + schedule.memory().len())
    }

    /// Whether the memory holds the number of the update.
    fn counts(&self) -> bool {
        let varies = self
            .schedule
            .as_ref()
            .is_some_and(|one| one.varies().is_some());
        self.rule.counts() || varies
    }

    /// Whether it counts epochs in the precision of the run.
    #[must_use]
    pub fn has_count(&self) -> bool {
        self.counts() || self.schedule.is_some()
    }

    /// Records the step to the next state.
    #[must_use]
    pub fn record<'g>(&self, inputs: Inputs<'_, 'g>) -> Next<'g> {
        debug_assert_eq!(inputs.numbers.len(), self.numbers().len());
        let names: Vec<&'static str> = self.rule.numbers().collect();
        let (of_rule, rest) = inputs.numbers.split_at(names.len());
        let mut numbers: Vec<(&'static str, Array<'g>)> =
            names.iter().copied().zip(of_rule.iter().copied()).collect();
        let (memory, clock) = inputs
            .memory
            .split_at(inputs.memory.len() - self.clock_cells());
        let mut found = numbers.iter();
        let rate = found.find(|(name, _)| *name == LEARNING_RATE.name);
        let mut learning_rate = rate.map_or_else(|| inputs.loss.constant(1.0), |(_, rate)| *rate);
        let mut rest = rest.iter().copied();
        let mut clock_after = Vec::new();
        let mut varying = None;
        if let (Some(schedule), [epoch, states @ ..]) = (&self.schedule, clock) {
            let epochs = rest.next().unwrap_or(learning_rate);
            let own: Vec<_> = schedule.numbers().zip(rest.by_ref()).collect();
            let rate = schedule.record(&Clock {
                epoch: *epoch,
                epochs,
                learning_rate,
                loss: inputs.loss,
                memory: states,
                numbers: &own,
            });
            learning_rate = rate.learning_rate;
            varying = schedule.varies();
            for (name, number) in &mut numbers {
                if let (true, Some(momentum)) = (varying == Some(*name), rate.momentum) {
                    *number = momentum;
                }
            }
            clock_after.push(*epoch + epoch.constant(1.0));
            clock_after.extend(rate.memory);
        }
        let clipped;
        let gradient = match (self.clip, rest.next()) {
            (Some(clip), Some(limit)) => {
                clipped = clip.record(self.rule.convention(), inputs.gradient, limit);
                &clipped
            }
            _ => inputs.gradient,
        };
        let (memory, count) = match memory.split_last() {
            Some((count, memory)) if self.counts() => (memory, Some(*count + count.constant(1.0))),
            _ => (memory, None),
        };
        let update = self.rule.record(&Epoch {
            rule: self.rule,
            parameters: inputs.parameters,
            gradient,
            memory,
            learning_rate,
            count,
            numbers: &numbers,
            varying,
        });
        let update = update.and(count).and(clock_after);
        Next {
            update,
            learning_rate,
        }
    }
}
