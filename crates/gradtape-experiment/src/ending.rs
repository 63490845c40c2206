//! How a run ended: why it stopped (its status) and what it reached (its outcome).
//!
//! CSV, JSON, page, terminal, filters, expectations and documentation take their words from
//! the two tables here.
//!
//! # Examples
//!
//! ```
//! use gradtape_experiment::ending::{Outcome, Status};
//!
//! assert_eq!(Status::named("epoch limit"), Some(Status::EpochLimit));
//! assert_eq!(Outcome::Improving.name(), "still improving");
//! assert!(Outcome::ALL.iter().all(|outcome| !outcome.description().is_empty()));
//! ```

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A stopping rule of `[stop]` or the tolerance of its method was met.
    Converged,
    /// No later update can change anything.
    FixedPoint,
    /// A line-search or second-order method found no better point.
    NoFurtherStep,
    /// All epochs were run.
    EpochLimit,
    /// A value was not finite, or the loss exceeded `loss_above`.
    Diverged,
}

/// What a run reached. Every run has exactly one outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Within [`REACHED_DISTANCE`] or [`REACHED_GAP`] of the known minimum.
    KnownMinimum,
    /// The gradient is zero up to rounding.
    StationaryPoint,
    /// The floating-point precision ended the descent.
    PrecisionFloor,
    /// The loss still falls.
    Improving,
    /// The last states repeat each other.
    Oscillating,
    /// Bounded, without settling, falling or repeating.
    Wandering,
    /// The loss grows, though it is still finite.
    Growing,
    /// No longer finite, or above `loss_above`.
    Diverged,
}

/// Maximum distance at which a known minimum counts as reached, times the norm of the minimiser
/// if that is above 1. Half of the digits of `f32`, which is what a loss in `f32` can resolve.
pub const REACHED_DISTANCE: f64 = 1e-3;

/// Maximum gap between the loss and a known minimum that counts as reached, times the magnitude
/// of the minimum if that is above 1. The final target of COCO (arXiv:1605.03560).
pub const REACHED_GAP: f64 = 1e-8;

/// Whether a point at this distance from a minimiser with this norm has reached it.
pub(crate) fn is_within_reach(distance: f64, norm: f64) -> bool {
    distance <= REACHED_DISTANCE * norm.max(1.0)
}

/// The name that replaces a word of earlier versions.
#[must_use]
pub fn renamed(word: &str) -> Option<&'static str> {
    (word == "epochs spent").then_some(Status::EpochLimit.name())
}

/// The colour of an ending; the words say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// The run is where it should be.
    Good,
    /// Neither.
    #[default]
    Neutral,
    /// The run went wrong.
    Bad,
}

impl Status {
    /// All of them, in the order of documentation.
    pub const ALL: &'static [Status] = &[
        Status::Converged,
        Status::FixedPoint,
        Status::NoFurtherStep,
        Status::EpochLimit,
        Status::Diverged,
    ];

    /// Their names.
    pub const NAMES: &'static [&'static str] = &{
        let mut names = [""; Status::ALL.len()];
        let mut place = 0;
        while place < names.len() {
            names[place] = Status::ALL[place].name();
            place += 1;
        }
        names
    };

    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Status::Converged => "converged",
            Status::FixedPoint => "fixed point",
            Status::NoFurtherStep => "no further step",
            Status::EpochLimit => "epoch limit",
            Status::Diverged => "diverged",
        }
    }

    /// A short description.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Status::Converged => "a rule of `[stop]` or the tolerance of the method was met",
            Status::FixedPoint => "no later update can change a parameter in this precision",
            Status::NoFurtherStep => {
                "a line-search or second-order method found no better point; `stopped_by` says why"
            }
            Status::EpochLimit => "all epochs were run",
            Status::Diverged => "a value was not finite, or the loss exceeded `loss_above`",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Status> {
        let mut all = Status::ALL.iter().copied();
        all.find(|status| status.name() == name)
    }
}

impl Outcome {
    /// All of them, the best first.
    pub const ALL: &'static [Outcome] = &[
        Outcome::KnownMinimum,
        Outcome::StationaryPoint,
        Outcome::PrecisionFloor,
        Outcome::Improving,
        Outcome::Oscillating,
        Outcome::Wandering,
        Outcome::Growing,
        Outcome::Diverged,
    ];

    /// Their names.
    pub const NAMES: &'static [&'static str] = &{
        let mut names = [""; Outcome::ALL.len()];
        let mut place = 0;
        while place < names.len() {
            names[place] = Outcome::ALL[place].name();
            place += 1;
        }
        names
    };

    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::KnownMinimum => "known minimum",
            Outcome::StationaryPoint => "stationary point",
            Outcome::PrecisionFloor => "precision floor",
            Outcome::Improving => "still improving",
            Outcome::Oscillating => "oscillating",
            Outcome::Wandering => "wandering",
            Outcome::Growing => "growing",
            Outcome::Diverged => "diverged",
        }
    }

    /// A short description.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Outcome::KnownMinimum => "the run ended at the known minimum",
            Outcome::StationaryPoint => {
                "the gradient is zero up to rounding, away from the known minimum if there is one"
            }
            Outcome::PrecisionFloor => {
                "the precision ended the descent: steps are rounded away, or the loss no longer \
                 changes"
            }
            Outcome::Improving => "the loss was still falling",
            Outcome::Oscillating => "the last states repeat after `period` epochs",
            Outcome::Wandering => "bounded, without settling, falling or repeating",
            Outcome::Growing => "the loss was growing, though still finite",
            Outcome::Diverged => {
                "a value was not finite, the loss exceeded `loss_above`, or updates vanish \
                 because the squared gradient overflows"
            }
        }
    }

    /// The outcome with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Outcome> {
        let mut all = Outcome::ALL.iter().copied();
        all.find(|outcome| outcome.name() == name)
    }

    /// Whether the run grows towards infinity or has diverged, as with a learning rate above
    /// the stability bound.
    #[must_use]
    pub fn is_unstable(self) -> bool {
        matches!(self, Outcome::Growing | Outcome::Diverged)
    }

    /// Its colour. A stationary point is good only if no minimum is known.
    #[must_use]
    pub fn tone(self, has_known_minimum: bool) -> Tone {
        match self {
            Outcome::KnownMinimum => Tone::Good,
            Outcome::StationaryPoint if !has_known_minimum => Tone::Good,
            Outcome::Growing | Outcome::Diverged => Tone::Bad,
            _ => Tone::Neutral,
        }
    }
}
