//! The rules of `[stop]`, as a table that the loop over epochs, the lanes and the recorded
//! epoch follow.

use super::output::Output;
use super::stop_reason::{Divergence, Rule, StopReason};
use crate::number::{Number, Scalar};
use crate::plan::Stop;
use gradtape_tape::Real;

/// A rule: what it looks at, and when it ends a run.
struct StopRule {
    /// The output of an epoch.
    output: Output,
    limit: fn(&Stop) -> Option<Number>,
    ends: Ends,
}

/// When a rule ends a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ends {
    /// Converged when the number is below the limit.
    Below(Rule),
    /// Converged when the number, an integer, has reached the limit.
    From(Rule),
    /// Diverged when the loss is above the limit.
    Above,
}

impl Ends {
    /// The key of the rule in `[stop]`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Ends::Below(rule) | Ends::From(rule) => rule.name(),
            Ends::Above => "loss_above",
        }
    }
}

/// In the order in which they are tested.
const RULES: [StopRule; 6] = [
    StopRule {
        output: Output::Loss,
        limit: |stop| stop.loss_below,
        ends: Ends::Below(Rule::LossBelow),
    },
    StopRule {
        output: Output::Gap,
        limit: |stop| stop.gap_below,
        ends: Ends::Below(Rule::GapBelow),
    },
    StopRule {
        output: Output::GradientNorm,
        limit: |stop| stop.gradient_norm_below,
        ends: Ends::Below(Rule::GradientNormBelow),
    },
    StopRule {
        output: Output::Step,
        limit: |stop| stop.step_below,
        ends: Ends::Below(Rule::StepBelow),
    },
    StopRule {
        output: Output::Loss,
        limit: |stop| stop.loss_above,
        ends: Ends::Above,
    },
    StopRule {
        output: Output::Wait,
        #[expect(clippy::cast_precision_loss, reason = "epochs are below 2^53")]
        limit: |stop| stop.patience.map(|epochs| Number::from(epochs as f64)),
        ends: Ends::From(Rule::Patience),
    },
];

/// Whether a rule looks at an output.
pub(super) fn is_watched(stop: &Stop, output: Output) -> bool {
    let mut rules = RULES.iter();
    rules.any(|rule| rule.output == output && (rule.limit)(stop).is_some())
}

/// The rules of an experiment in the precision of a run.
pub(super) struct Limits<T>(Vec<Limit<T>>);

/// A rule with its limit.
pub(super) struct Limit<T> {
    pub(super) output: Output,
    pub(super) ends: Ends,
    pub(super) limit: T,
}

impl<T: Real> Limits<T> {
    pub(super) fn new(stop: &Stop) -> Self {
        let rules = RULES.iter().filter_map(|rule| {
            Some(Limit {
                output: rule.output,
                ends: rule.ends,
                limit: (rule.limit)(stop)?.to::<T>(),
            })
        });
        Limits(rules.collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Limit<T>> {
        self.0.iter()
    }

    /// Why a run ends in this epoch, if it does; `value` gives an output there.
    pub(super) fn test(
        &self,
        epoch: u64,
        value: impl Fn(Output) -> Option<T>,
    ) -> Option<StopReason> {
        self.0.iter().find_map(|rule| {
            let (value, limit) = (value(rule.output)?, rule.limit);
            let is_met = match rule.ends {
                Ends::Below(_) => value < limit,
                Ends::From(_) => value >= limit,
                Ends::Above => value > limit,
            };
            let (value, limit) = (Scalar::new(value), Scalar::new(limit));
            is_met.then_some(match rule.ends {
                Ends::Below(rule) | Ends::From(rule) => {
                    StopReason::Converged { rule, value, limit }
                }
                Ends::Above => StopReason::Diverged {
                    epoch,
                    what: Divergence::LossAbove { value, limit },
                },
            })
        })
    }
}
