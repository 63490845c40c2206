//! The inputs and the result of an update rule while it is recorded.

use super::moments::LEARNING_RATE;
use super::{Rule, Setting};
use gradtape_tape::{Array, Number, Op, Real, Shape, Var};

/// A variable in the graph of an epoch: a number or a whole array. A rule is the same for
/// both.
///
/// Operators broadcast, so a number such as the learning rate combines with any shape.
pub trait Block: Number + Copy {
    /// Its shape; that of a number has no axes.
    fn shape(self) -> Shape;

    /// The sum of all elements, or along an axis. A number is its own sum.
    #[must_use]
    fn sum(self, axis: Option<usize>) -> Self;

    /// The same elements in another shape.
    #[must_use]
    fn reshape(self, shape: Shape) -> Self;

    /// The square root.
    #[must_use]
    fn root(self) -> Self {
        Number::apply(Op::Sqrt, &[&self])
    }

    /// The magnitude.
    #[must_use]
    fn magnitude(self) -> Self {
        Number::apply(Op::Abs, &[&self])
    }

    /// -1, 0 or 1.
    #[must_use]
    fn signum(self) -> Self {
        Number::apply(Op::Sign, &[&self])
    }

    /// The difference between 1 and the next larger number in its precision.
    #[must_use]
    fn machine_epsilon(self) -> Self;

    /// The number of elements, as a constant.
    #[must_use]
    fn count(self) -> Self {
        self.constant(self.shape().elements().unwrap_or(usize::MAX) as f64)
    }

    /// The mean of all elements, or along an axis.
    #[must_use]
    fn mean(self, axis: Option<usize>) -> Self {
        let sum = self.sum(axis);
        sum / axis.map_or_else(
            || self.count(),
            |axis| self.constant(self.shape()[axis] as f64),
        )
    }

    /// The Euclidean norm of all elements, as libraries compute it: squares far from 1 may
    /// overflow or vanish.
    #[must_use]
    fn norm(self) -> Self {
        self.square().sum(None).root()
    }

    /// The square.
    #[must_use]
    fn square(self) -> Self {
        self * self
    }

    /// The power with any exponent.
    #[must_use]
    fn power(self, exponent: Self) -> Self {
        Number::apply(Op::Pow, &[&self, &exponent])
    }

    /// The larger of the two.
    #[must_use]
    fn greater(self, other: Self) -> Self {
        Number::apply(Op::Max, &[&self, &other])
    }

    /// The smaller of the two.
    #[must_use]
    fn smaller(self, other: Self) -> Self {
        Number::apply(Op::Min, &[&self, &other])
    }

    /// 1 where it is below `other`, else 0.
    #[must_use]
    fn is_below(self, other: Self) -> Self {
        Number::apply(Op::Less, &[&self, &other])
    }

    /// `yes` where this is not 0, else `no`.
    #[must_use]
    fn choose(self, yes: Self, no: Self) -> Self {
        Number::apply(Op::Where, &[&self, &yes, &no])
    }
}

impl<T: Real> Block for Var<'_, T> {
    fn shape(self) -> Shape {
        Shape::scalar()
    }

    fn machine_epsilon(self) -> Self {
        self.constant(T::EPSILON.to_f64())
    }

    fn sum(self, _: Option<usize>) -> Self {
        self
    }

    fn reshape(self, _: Shape) -> Self {
        self
    }
}

impl<T: Real> Block for Array<'_, T> {
    fn shape(self) -> Shape {
        Array::shape(self)
    }

    fn machine_epsilon(self) -> Self {
        self.constant(T::EPSILON.to_f64())
    }

    fn sum(self, axis: Option<usize>) -> Self {
        if Array::shape(self).is_empty() {
            return self;
        }
        Array::sum(self, axis)
    }

    fn reshape(self, shape: Shape) -> Self {
        Array::reshape(self, shape)
    }
}

/// The inputs of an update rule in one epoch.
#[derive(Debug)]
pub struct Epoch<'a, N> {
    /// The rule.
    pub rule: Rule,
    /// The variables before the update.
    pub parameters: &'a [N],
    /// The gradient there, clipped if the file says so.
    pub gradient: &'a [N],
    /// The rule's memory, in the order of [`Memory::cells`](super::Memory::cells).
    pub memory: &'a [N],
    /// The learning rate in force.
    pub learning_rate: N,
    /// The number of this update, from 1, for a rule that [counts](Rule::counts).
    pub count: Option<N>,
    /// The settings that [`Rule::numbers`] names.
    pub numbers: &'a [(&'static str, N)],
    /// A setting that differs between epochs.
    pub varying: Option<&'static str>,
}

/// One variable of an [`Epoch`] with its gradient and its slots.
#[derive(Clone, Copy, Debug)]
pub struct Entry<N, const K: usize> {
    /// The variable.
    pub x: N,
    /// Its gradient.
    pub g: N,
    /// Its slots.
    pub memory: [N; K],
}

/// The result of an update rule.
#[derive(Clone, Debug)]
pub struct Update<N> {
    /// The variables after the update.
    pub parameters: Vec<N>,
    /// The memory after the update, as in [`Epoch::memory`].
    pub memory: Vec<N>,
}

impl<N: Block> Epoch<'_, N> {
    /// A constant number.
    #[must_use]
    pub fn constant(&self, value: f64) -> N {
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
    pub fn number(&self, setting: Setting) -> N {
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
    pub fn optional(&self, setting: Setting) -> Option<N> {
        self.has(setting).then(|| self.number(setting))
    }

    /// One minus the number of a setting.
    #[must_use]
    #[track_caller]
    pub fn rest(&self, setting: Setting) -> N {
        self.constant(1.0) - self.number(setting)
    }

    /// The number of this update, from 1.
    ///
    /// # Panics
    ///
    /// If the rule does not [count](Rule::counts) them.
    #[must_use]
    pub fn updates(&self) -> N {
        self.count.expect("the rule says that it counts")
    }

    /// Scalar number `place` of the memory.
    #[must_use]
    pub fn scalar(&self, place: usize) -> N {
        let slots = self.rule.memory().slots.len();
        self.memory[slots * self.parameters.len() + place]
    }

    /// The number of a setting to the power of the number of this update: a product that
    /// is remembered as scalar number `place` and is 1 at the start.
    #[must_use]
    #[track_caller]
    pub fn power(&self, setting: Setting, place: usize) -> N {
        let number = self.number(setting);
        match self.count {
            // The product of different numbers is not a power.
            Some(count) if self.varying == Some(setting.name) => number.power(count),
            _ => self.scalar(place) * number,
        }
    }

    /// Slot number `slot` of the memory for each variable.
    #[must_use]
    pub fn slot(&self, slot: usize) -> &[N] {
        let variables = self.parameters.len();
        &self.memory[slot * variables..][..variables]
    }

    /// Applies a rule with K slots to each variable.
    pub fn each<const K: usize>(
        &self,
        mut rule: impl FnMut(Entry<N, K>) -> (N, [N; K]),
    ) -> Update<N> {
        self.each_listed(|x, g, memory| {
            let memory = std::array::from_fn(|slot| memory[slot]);
            let (moved, memory) = rule(Entry { x, g, memory });
            (moved, memory.to_vec())
        })
    }

    /// Applies a rule to each variable, its gradient and its slots, whose number depends
    /// on the settings.
    pub fn each_listed(&self, mut rule: impl FnMut(N, N, &[N]) -> (N, Vec<N>)) -> Update<N> {
        let variables = self.parameters.len();
        let slots = self.rule.memory().slots.len();
        let mut parameters = Vec::with_capacity(variables);
        let mut memory = vec![Vec::with_capacity(variables); slots];
        for (place, (x, g)) in self.parameters.iter().zip(self.gradient).enumerate() {
            let before: Vec<N> = (0..slots).map(|slot| self.slot(slot)[place]).collect();
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

impl<N> Update<N> {
    /// The same update with these scalars after the slots.
    #[must_use]
    pub fn and(mut self, scalars: impl IntoIterator<Item = N>) -> Self {
        self.memory.extend(scalars);
        self
    }
}
