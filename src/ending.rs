//! How a run ended, in one vocabulary: why it stopped, and what it came to.
//!
//! CSV, JSON, page, terminal, filters, expectations and documentation have their words from
//! the two tables here.
//!
//! # Examples
//!
//! ```
//! use gradtape::ending::{Outcome, Status};
//!
//! assert_eq!(Status::named("epoch limit"), Some(Status::EpochLimit));
//! assert_eq!(Outcome::Improving.name(), "still improving");
//! assert!(Outcome::ALL.iter().all(|outcome| !outcome.description().is_empty()));
//! ```

/// Why a run stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A rule of `[stop]`, or the tolerance of its method, was met.
    Converged,
    /// No later update can change anything.
    FixedPoint,
    /// A line-search or second-order method found no better point.
    NoFurtherStep,
    /// All epochs were run.
    EpochLimit,
    /// A value was not finite, or the loss above `loss_above`.
    Diverged,
}

/// What a run came to. Every run has exactly one outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Within [`REACHED_DISTANCE`] or [`REACHED_GAP`] of the known minimum.
    KnownMinimum,
    /// The gradient is zero but for rounding.
    StationaryPoint,
    /// The precision ends the descent.
    PrecisionFloor,
    /// The loss still falls.
    Improving,
    /// The last states repeat each other.
    Oscillating,
    /// Bounded, without settling, falling or repeating.
    Wandering,
    /// The loss grows, though it is still finite.
    Growing,
    /// Not finite any more, or above `loss_above`.
    Diverged,
}

/// A run has reached a known minimum if it ended no farther from it than this, times the norm
/// of the minimiser where that is above 1: half of the digits of `f32`, which is what a loss
/// in `f32` can resolve.
pub const REACHED_DISTANCE: f64 = 1e-3;

/// Or if its loss is no farther than this from the known minimum, times the magnitude of the
/// minimum where that is above 1: the last target of COCO (arXiv:1605.03560).
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

/// How an ending is coloured; the words say the same.
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

    /// What it says, in a few words.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Status::Converged => "a rule of `[stop]`, or the tolerance of the method, was met",
            Status::FixedPoint => "no later update can change a parameter in this precision",
            Status::NoFurtherStep => {
                "a line-search or second-order method found no better point; `stopped_by` says why"
            }
            Status::EpochLimit => "all epochs were run",
            Status::Diverged => "a value was not finite, or the loss above `loss_above`",
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

    /// What it says, in a few words.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Outcome::KnownMinimum => "the run ended at the known minimum",
            Outcome::StationaryPoint => {
                "the gradient is zero but for rounding; where a minimum is known, elsewhere"
            }
            Outcome::PrecisionFloor => {
                "the precision ended the descent: steps are rounded away, or the loss shows no \
                 change"
            }
            Outcome::Improving => "the loss was still falling",
            Outcome::Oscillating => "the last states repeat after `period` epochs",
            Outcome::Wandering => "bounded, without settling, falling or repeating",
            Outcome::Growing => "the loss was growing, though still finite",
            Outcome::Diverged => {
                "a value was not finite, the loss above `loss_above`, or updates vanish as the \
                 square of the gradient overflows"
            }
        }
    }

    /// The outcome with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Outcome> {
        let mut all = Outcome::ALL.iter().copied();
        all.find(|outcome| outcome.name() == name)
    }

    /// Whether the run is on its way to infinity or already there: what a learning rate
    /// above the bound of stability leads to.
    #[must_use]
    pub fn is_unstable(self) -> bool {
        matches!(self, Outcome::Growing | Outcome::Diverged)
    }

    /// Its colour. A stationary point is what one looks for where no minimum is known, and
    /// only there.
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
