//! The inputs and the result of an update rule while it is recorded.

use super::moments::LEARNING_RATE;
use super::{Rule, Setting};
use gradtape_tape::{Array, Op};

/// What update rules compute of arrays, in the words of their papers.
///
/// Operators broadcast, so a number such as the learning rate combines with any shape.
pub trait ArrayExt: Copy {
    /// The square root.
    #[must_use]
    fn root(self) -> Self;

    /// The magnitude.
    #[must_use]
    fn magnitude(self) -> Self;

    /// -1, 0 or 1.
    #[must_use]
    fn signum(self) -> Self;

    /// The difference between 1 and the next larger number in its precision.
    #[must_use]
    fn machine_epsilon(self) -> Self;

    /// The number of elements, as a constant.
    #[must_use]
    fn count(self) -> Self;

    /// The mean of all elements, or along an axis.
    #[must_use]
    fn mean(self, axis: Option<usize>) -> Self;

    /// The Euclidean norm of all elements, as libraries compute it: squares far from 1 may
    /// overflow or vanish.
    #[must_use]
    fn norm(self) -> Self;

    /// The square.
    #[must_use]
    fn square(self) -> Self;

    /// The power with any exponent.
    #[must_use]
    fn power(self, exponent: Self) -> Self;

    /// The larger of the two.
    #[must_use]
    fn greater(self, other: Self) -> Self;

    /// The smaller of the two.
    #[must_use]
    fn smaller(self, other: Self) -> Self;

    /// 1 where it is below `other`, else 0.
    #[must_use]
    fn is_below(self, other: Self) -> Self;

    /// `yes` where this is not 0, else `no`.
    #[must_use]
    fn choose(self, yes: Self, no: Self) -> Self;
}

impl ArrayExt for Array<'_> {
    fn root(self) -> Self {
        self.unary(Op::Sqrt)
    }

    fn magnitude(self) -> Self {
        self.unary(Op::Abs)
    }

    fn signum(self) -> Self {
        self.unary(Op::Sign)
    }

    fn machine_epsilon(self) -> Self {
        self.constant(self.graph().precision().epsilon())
    }

    fn count(self) -> Self {
        self.constant(self.shape().elements().unwrap_or(usize::MAX) as f64)
    }

    fn mean(self, axis: Option<usize>) -> Self {
        let sum = self.sum(axis);
        sum / axis.map_or_else(
            || self.count(),
            |axis| self.constant(self.shape()[axis] as f64),
        )
    }

    fn norm(self) -> Self {
        self.square().sum(None).root()
    }

    fn square(self) -> Self {
        self * self
    }

    fn power(self, exponent: Self) -> Self {
        self.pow(exponent)
    }

    fn greater(self, other: Self) -> Self {
        self.binary(Op::Max, other)
    }

    fn smaller(self, other: Self) -> Self {
        self.binary(Op::Min, other)
    }

    fn is_below(self, other: Self) -> Self {
        self.binary(Op::Less, other)
    }

    fn choose(self, yes: Self, no: Self) -> Self {
        self.select(yes, no)
    }
}

/// The inputs of an update rule in one epoch.
#[derive(Debug)]
pub struct Epoch<'a, 'g> {
    /// The rule.
    pub rule: Rule,
    /// The variables before the update.
    pub parameters: &'a [Array<'g>],
    /// The gradient there, clipped if the file says so.
    pub gradient: &'a [Array<'g>],
    /// The rule's memory, in the order of [`Memory::cells`](super::Memory::cells).
    pub memory: &'a [Array<'g>],
    /// The learning rate in force.
    pub learning_rate: Array<'g>,
    /// The number of this update, from 1, for a rule that [counts](Rule::counts).
    pub count: Option<Array<'g>>,
    /// The settings that [`Rule::numbers`] names.
    pub numbers: &'a [(&'static str, Array<'g>)],
    /// A setting that differs between epochs.
    pub varying: Option<&'static str>,
}

/// One variable of an [`Epoch`] with its gradient and its slots.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'g, const K: usize> {
    /// The variable.
    pub x: Array<'g>,
    /// Its gradient.
    pub g: Array<'g>,
    /// Its slots.
    pub memory: [Array<'g>; K],
}

/// The result of an update rule.
#[derive(Clone, Debug)]
pub struct Update<'g> {
    /// The variables after the update.
    pub parameters: Vec<Array<'g>>,
    /// The memory after the update, as in [`Epoch::memory`].
    pub memory: Vec<Array<'g>>,
}

impl<'g> Epoch<'_, 'g> {
    /// A constant number.
    #[must_use]
    pub fn constant(&self, value: f64) -> Array<'g> {
        self.learning_rate.constant(value)
    }

    /// Whether a setting is neither 0, off nor absent in the convention.
    #[must_use]
    #[track_caller]
    pub fn has(&self, setting: Setting) -> bool {
        self.rule.has(setting)
    }

    /// The number of a setting that the convention has.
    #[must_use]
    #[track_caller]
    pub fn number(&self, setting: Setting) -> Array<'g> {
        let description = self.rule.method().description();
        description.check_number(self.rule.convention(), setting);
        if setting == LEARNING_RATE {
            return self.learning_rate;
        }
        let mut numbers = self.numbers.iter();
        let found = numbers.find(|(known, _)| *known == setting.name);
        found.map_or_else(|| self.constant(0.0), |(_, number)| *number)
    }

    /// The number of a setting, unless it is 0 or the convention lacks it.
    #[must_use]
    #[track_caller]
    pub fn optional(&self, setting: Setting) -> Option<Array<'g>> {
        self.has(setting).then(|| self.number(setting))
    }

    /// One minus the number of a setting.
    #[must_use]
    #[track_caller]
    pub fn rest(&self, setting: Setting) -> Array<'g> {
        self.constant(1.0) - self.number(setting)
    }

    /// The number of this update, from 1.
    ///
    /// # Panics
    ///
    /// If the rule does not [count](Rule::counts) them.
    #[must_use]
    pub fn updates(&self) -> Array<'g> {
        self.count.expect("the rule says that it counts")
    }

    /// Scalar number `place` of the memory.
    #[must_use]
    pub fn scalar(&self, place: usize) -> Array<'g> {
        let slots = self.rule.memory().slots.len();
        self.memory[slots * self.parameters.len() + place]
    }

    /// The number of a setting to the power of the number of this update: a product that
    /// is remembered as scalar number `place` and is 1 at the start.
    #[must_use]
    #[track_caller]
    pub fn power(&self, setting: Setting, place: usize) -> Array<'g> {
        let number = self.number(setting);
        match self.count {
            // The product of different numbers is not a power.
            Some(count) if self.varying == Some(setting.name) => number.power(count),
            _ => self.scalar(place) * number,
        }
    }

    /// Slot number `slot` of the memory for each variable.
    #[must_use]
    pub fn slot(&self, slot: usize) -> &[Array<'g>] {
        let variables = self.parameters.len();
        &self.memory[slot * variables..][..variables]
    }

    /// Applies a rule with K slots to each variable.
    pub fn each<const K: usize>(
        &self,
        mut rule: impl FnMut(Entry<'g, K>) -> (Array<'g>, [Array<'g>; K]),
    ) -> Update<'g> {
        self.each_listed(|x, g, memory| {
            let memory = std::array::from_fn(|slot| memory[slot]);
            let (moved, memory) = rule(Entry { x, g, memory });
            (moved, memory.to_vec())
        })
    }

    /// Applies a rule to each variable, its gradient and its slots, whose number depends
    /// on the settings.
    pub fn each_listed(
        &self,
        mut rule: impl FnMut(Array<'g>, Array<'g>, &[Array<'g>]) -> (Array<'g>, Vec<Array<'g>>),
    ) -> Update<'g> {
        let variables = self.parameters.len();
        let slots = self.rule.memory().slots.len();
        let mut parameters = Vec::with_capacity(variables);
        let mut memory = vec![Vec::with_capacity(variables); slots];
        for (place, (x, g)) in self.parameters.iter().zip(self.gradient).enumerate() {
            let before: Vec<Array<'g>> = (0..slots).map(|slot| self.slot(slot)[place]).collect();
            let (moved, after) = rule(*x, *g, &before);
            debug_assert_eq!(after.len(), slots, "{}", self.rule.method().name());
            parameters.push(moved);
            for (slot, value) in memory.iter_mut().zip(after) {
                slot.push(value);
            }
        }
        Update {
            parameters,
            memory: memory.into_iter().flatten().collect(),
        }
    }
}

impl<'g> Update<'g> {
    /// The same update with these scalars after the slots.
    #[must_use]
    pub fn and(mut self, scalars: impl IntoIterator<Item = Array<'g>>) -> Self {
        self.memory.extend(scalars);
        self
    }
}
