//! Why a run ended, as data with a sentence.

use std::fmt;

use crate::number::Scalar;
use crate::objective::Cause;

/// Why a run ended. None of these is an error of the command.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// All epochs were spent, and the parameters still moved.
    EpochsSpent,
    /// A rule of `[stop]` said that it arrived.
    Converged {
        /// The rule.
        rule: Rule,
        /// The value that the rule looked at.
        value: Scalar,
        /// The limit that it was below.
        limit: Scalar,
    },
    /// No parameter can change any more in this precision. The run still
    /// counts all of its epochs: the state is the same in each.
    FixedPoint {
        /// The epoch of the last change.
        since: u64,
    },
    /// A value was not finite, or the loss above `loss_above`.
    Diverged {
        /// The epoch at which it happened.
        epoch: u64,
        /// What happened.
        what: Divergence,
    },
}

/// A rule of `[stop]` that tells convergence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `loss_below`.
    LossBelow,
    /// `gradient_norm_below`.
    GradientNormBelow,
    /// `step_below`.
    StepBelow,
    /// `gap_below`.
    GapBelow,
    /// `patience`.
    Patience,
}

/// What became of a run that diverged.
#[derive(Clone, Debug, PartialEq)]
pub enum Divergence {
    /// A quantity was infinite or NaN.
    NotFinite {
        /// The quantity: a parameter, `loss` or `gradient_norm`.
        quantity: String,
        /// What it was.
        value: Scalar,
        /// At the start of a run the operation that it comes from, if there is one.
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

impl Status {
    /// The name in files and expectations.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Status::EpochsSpent => "epochs spent",
            Status::Converged { .. } => "converged",
            Status::FixedPoint { .. } => "fixed point",
            Status::Diverged { .. } => "diverged",
        }
    }

    /// The epoch that it speaks of, if that is not the last.
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        match self {
            Status::EpochsSpent | Status::Converged { .. } => None,
            Status::FixedPoint { since } => Some(*since),
            Status::Diverged { epoch, .. } => Some(*epoch),
        }
    }
}

impl fmt::Display for Status {
    /// The reason in plain words.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::EpochsSpent => formatter.write_str("all epochs spent"),
            Status::Converged {
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
            Status::Converged { rule, value, limit } => {
                let quantity = match rule {
                    Rule::LossBelow => "loss",
                    Rule::GradientNormBelow => "gradient norm",
                    Rule::StepBelow => "step",
                    Rule::GapBelow | Rule::Patience => "gap",
                };
                write!(
                    formatter,
                    "{quantity} {} below {}",
                    value.short(),
                    limit.short()
                )
            }
            Status::FixedPoint { since } => {
                write!(formatter, "no parameter changes from epoch {since} on")
            }
            Status::Diverged { epoch, what } => match what {
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
