//! The reason why a run stopped, as data with a sentence.

use std::borrow::Cow;
use std::fmt;

use super::stop::{Ends, Limit, Rule};
use crate::ending::Status;
use crate::number::Scalar;
use crate::objective::Cause;
use crate::optimizer::search::Rest;
use gradtape_tape::Real;

/// The reason why a run stopped. None of these is an error of the command.
#[derive(Clone, Debug, PartialEq)]
pub enum StopReason {
    /// All epochs were run, and the parameters still moved.
    EpochLimit,
    /// A rule of `[stop]` was met.
    Converged {
        /// The rule.
        rule: Rule,
        /// The value that the rule looked at.
        value: Scalar,
        /// The limit that it was below.
        limit: Scalar,
    },
    /// A tolerance of the method was met.
    WithinTolerance {
        /// The setting.
        setting: &'static str,
    },
    /// No parameter can change any more in this precision. The run still counts all of its
    /// epochs: the state is the same in each.
    FixedPoint {
        /// The epoch of the last change.
        since: u64,
    },
    /// A line-search or second-order method found no better point. The state is the same in
    /// every remaining epoch, which all count, as for a fixed point.
    NoFurtherStep {
        /// The epoch of the last change.
        since: u64,
        /// The cause.
        rest: Rest,
    },
    /// A value was not finite, or the loss was above `loss_above`.
    Diverged {
        /// The epoch at which it happened.
        epoch: u64,
        /// What happened.
        what: Divergence,
    },
}

/// The reason why a run counts as diverged.
#[derive(Clone, Debug, PartialEq)]
pub enum Divergence {
    /// A quantity was infinite or NaN.
    NotFinite {
        /// The quantity: a parameter, `loss` or `gradient_norm`.
        quantity: String,
        /// Its value.
        value: Scalar,
        /// At the start of a run, the operation that it comes from, if there is one.
        cause: Option<Box<Cause>>,
    },
    /// The loss was above `loss_above`.
    LossAbove {
        /// The loss.
        value: Scalar,
        /// The limit.
        limit: Scalar,
    },
}

impl StopReason {
    /// The reason of a run that a rule ends in this epoch by a value.
    pub(super) fn of_rule<T: Real>(rule: &Limit<T>, value: T, epoch: u64) -> Self {
        let (value, limit) = (Scalar::new(value), Scalar::new(rule.limit));
        match rule.ends {
            Ends::Below(rule) | Ends::From(rule) => StopReason::Converged { rule, value, limit },
            Ends::Above => StopReason::Diverged {
                epoch,
                what: Divergence::LossAbove { value, limit },
            },
        }
    }

    /// The status of a run that stopped for this reason.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            StopReason::EpochLimit => Status::EpochLimit,
            StopReason::Converged { .. } | StopReason::WithinTolerance { .. } => Status::Converged,
            StopReason::FixedPoint { .. } => Status::FixedPoint,
            StopReason::NoFurtherStep { .. } => Status::NoFurtherStep,
            StopReason::Diverged { .. } => Status::Diverged,
        }
    }

    /// What stopped it, in a word for files: the key of a rule or of a setting, the quantity
    /// that was not finite, or why there was no further step; empty where the status says
    /// everything.
    #[must_use]
    pub fn stopped_by(&self) -> Cow<'static, str> {
        match self {
            StopReason::EpochLimit | StopReason::FixedPoint { .. } => "".into(),
            StopReason::Converged { rule, .. } => rule.name().into(),
            StopReason::WithinTolerance { setting } => (*setting).into(),
            StopReason::NoFurtherStep { rest, .. } => rest.name().into(),
            StopReason::Diverged { what, .. } => match what {
                Divergence::NotFinite { quantity, .. } => quantity.clone().into(),
                Divergence::LossAbove { .. } => "loss_above".into(),
            },
        }
    }

    /// The epoch of the reason, if it is not the last.
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        match self {
            StopReason::EpochLimit
            | StopReason::Converged { .. }
            | StopReason::WithinTolerance { .. } => None,
            StopReason::FixedPoint { since } | StopReason::NoFurtherStep { since, .. } => {
                Some(*since)
            }
            StopReason::Diverged { epoch, .. } => Some(*epoch),
        }
    }
}

impl fmt::Display for StopReason {
    /// The reason in plain words.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopReason::EpochLimit => formatter.write_str("reached the epoch limit"),
            StopReason::Converged {
                rule: Rule::Patience,
                value,
                ..
            } => {
                let epochs = if value.to_f64() == 1.0 {
                    "epoch"
                } else {
                    "epochs"
                };
                write!(formatter, "no improvement in {} {epochs}", value.short())
            }
            StopReason::Converged { rule, value, limit } => {
                let (quantity, value, limit) = (rule.quantity(), value.short(), limit.short());
                write!(formatter, "{quantity} {value} below {limit}")
            }
            StopReason::WithinTolerance { setting } => {
                write!(formatter, "within the method's `{setting}`")
            }
            StopReason::FixedPoint { since } => {
                write!(formatter, "no parameter changes from epoch {since} on")
            }
            StopReason::NoFurtherStep { since, rest } => {
                write!(formatter, "{} after epoch {since}", rest.description())
            }
            StopReason::Diverged { epoch, what } => match what {
                Divergence::NotFinite {
                    quantity,
                    value,
                    cause,
                } => {
                    let quantity = quantity.replace('_', " ");
                    write!(
                        formatter,
                        "{quantity} was {} at epoch {epoch}",
                        value.short()
                    )?;
                    match cause {
                        Some(cause) => write!(formatter, " ({cause})"),
                        None => Ok(()),
                    }
                }
                Divergence::LossAbove { value, limit } => {
                    let (value, limit) = (value.short(), limit.short());
                    write!(formatter, "loss {value} above {limit} at epoch {epoch}")
                }
            },
        }
    }
}
