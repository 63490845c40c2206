//! Adjoints: a derivative, and the branches in which it exists.
//!
//! A branch that a selection does not take contributes *nothing*. A zero in its place
//! would become NaN wherever it meets an infinite derivative further inside:
//! `where(x > 0, sqrt(x), x)` at −1. So the condition travels with the derivative, whose
//! value may be anything where the branch is not taken, and selects where derivatives of
//! several branches meet. Without a selection no operation is added.

use super::{Number, Op, Partial};

/// A derivative on its way back from the target.
#[derive(Clone, Debug)]
pub(super) struct Adjoint<N> {
    /// Arbitrary where the branch is not taken.
    pub value: N,
    /// Boxed, as there is none in most cases.
    branch: Option<Box<Branch<N>>>,
}

/// Where a derivative exists: where the innermost condition holds, and the outer ones do.
#[derive(Clone, Debug)]
struct Branch<N> {
    outer: Option<Condition<N>>,
    inner: Condition<N>,
}

/// A condition, or its negation.
#[derive(Clone, Debug)]
struct Condition<N> {
    truth: N,
    holds: bool,
}

impl<N: Number> Condition<N> {
    fn is_same(&self, other: &Self) -> bool {
        self.holds == other.holds && self.truth.is_same(&other.truth)
    }

    fn is_opposite(&self, other: &Self) -> bool {
        self.holds != other.holds && self.truth.is_same(&other.truth)
    }

    /// `yes` where it holds, else `no`.
    fn select(&self, yes: &N, no: &N) -> N {
        let [x, y] = if self.holds { [yes, no] } else { [no, yes] };
        N::apply(Op::Where, &[&self.truth, x, y])
    }

    /// This one and another.
    fn and(&self, other: &Self) -> Self {
        // Where the other fails, so do both.
        let failing = self.truth.constant(if self.holds { 0.0 } else { 1.0 });
        Condition {
            truth: other.select(&self.truth, &failing),
            holds: self.holds,
        }
    }

    /// This one or another.
    fn or(&self, other: &Self) -> Self {
        let holding = other.truth.constant(if other.holds { 1.0 } else { 0.0 });
        Condition {
            truth: self.select(&holding, &other.truth),
            holds: other.holds,
        }
    }
}

fn are_same<N: Number>(one: Option<&Condition<N>>, other: Option<&Condition<N>>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.is_same(other),
        _ => false,
    }
}

impl<N: Number> Branch<N> {
    /// All of its conditions as one.
    fn together(&self) -> Condition<N> {
        match &self.outer {
            Some(outer) => outer.and(&self.inner),
            None => self.inner.clone(),
        }
    }
}

impl<N: Number> Adjoint<N> {
    /// A derivative that exists everywhere.
    #[inline]
    pub fn everywhere(value: N) -> Self {
        Adjoint {
            value,
            branch: None,
        }
    }

    /// Whether it exists everywhere.
    pub fn is_everywhere(&self) -> bool {
        self.branch.is_none()
    }

    /// The derivative that passes to an operand by the rule of its operation, for which
    /// this was the incoming derivative.
    #[inline]
    pub fn passed(&self, partial: Partial<N>) -> Option<Self> {
        match partial {
            Partial::Flows(value) => Some(self.with(value)),
            Partial::FlowsWhere {
                condition,
                holds,
                derivative,
            } => Some(self.with(derivative).within(condition, holds)),
            Partial::Zero | Partial::Undefined => None,
        }
    }

    /// Another value that exists in the same branch.
    #[inline]
    pub fn with(&self, value: N) -> Self {
        let branch = self.branch.clone();
        Adjoint { value, branch }
    }

    /// The same only where a condition holds, or does not.
    pub fn within(self, truth: N, holds: bool) -> Self {
        let outer = self.branch.as_ref().map(|branch| branch.together());
        let inner = Condition { truth, holds };
        Adjoint {
            value: self.value,
            branch: Some(Box::new(Branch { outer, inner })),
        }
    }

    /// The derivative, 0 where it does not exist.
    #[inline]
    pub fn whole(self) -> N {
        match &self.branch {
            None => self.value,
            Some(branch) => {
                let zero = self.value.constant(0.0);
                branch.together().select(&self.value, &zero)
            }
        }
    }

    /// 1 where it exists, else 0; `None` if it exists everywhere.
    pub fn existence(&self) -> Option<N> {
        let branch = self.branch.as_ref()?;
        let [one, zero] = [1.0, 0.0].map(|truth| self.value.constant(truth));
        Some(branch.together().select(&one, &zero))
    }

    /// The sum of what two uses of a value contribute.
    #[inline]
    pub fn plus(self, other: Self) -> Self {
        let (Some(one), Some(two)) = (&self.branch, &other.branch) else {
            return Adjoint::everywhere(self.whole() + other.whole());
        };
        let outers = [one.outer.as_ref(), two.outer.as_ref()];
        if are_same(outers[0], outers[1]) {
            if one.inner.is_same(&two.inner) {
                return Adjoint {
                    value: self.value + other.value,
                    branch: self.branch,
                };
            }
            // Both sides of one selection.
            if one.inner.is_opposite(&two.inner) {
                let outer = one.outer.clone();
                let branch = outer.map(|inner| Branch { outer: None, inner });
                return Adjoint {
                    value: one.inner.select(&self.value, &other.value),
                    branch: branch.map(Box::new),
                };
            }
        }
        let inner = one.together().or(&two.together());
        Adjoint {
            branch: Some(Box::new(Branch { outer: None, inner })),
            value: self.whole() + other.whole(),
        }
    }
}
