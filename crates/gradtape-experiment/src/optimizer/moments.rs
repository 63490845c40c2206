//! Running averages and weight decay, shared by Adam and its variants, with the settings
//! of both.

use super::{ArrayExt, Convention, DefaultValue, Domain, Epoch, Initial, Method, Setting, Update};
use Convention::{Keras, Optax, PyTorch, Textbook};
use DefaultValue::{Number, Required, Switch};
use gradtape_tape::Array;

/// The powers of two [`Average`]s before the first epoch.
pub(super) const POWERS: &[Initial] = &[Initial::Number(1.0), Initial::Number(1.0)];

/// A running average that starts at 0, in the order of operations of a convention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Average<'g> {
    convention: Convention,
    /// β, the decay rate.
    pub(super) kept: Array<'g>,
    /// 1 − β.
    pub(super) rest: Array<'g>,
    /// βᵗ, with t the number of this epoch.
    pub(super) power: Array<'g>,
    /// 1 − βᵗ, the average of ones.
    pub(super) bias: Array<'g>,
}

impl<'g> Average<'g> {
    /// The average whose decay rate is a setting, and whose power is remembered as scalar
    /// number `place`.
    pub(super) fn of(epoch: &Epoch<'_, 'g>, setting: Setting, place: usize) -> Self {
        Average::with_power(epoch, setting, epoch.power(setting, place))
    }

    /// The same with a given power.
    pub(super) fn with_power(epoch: &Epoch<'_, 'g>, setting: Setting, power: Array<'g>) -> Self {
        Average {
            convention: epoch.rule.convention(),
            kept: epoch.number(setting),
            rest: epoch.rest(setting),
            power,
            bias: epoch.constant(1.0) - power,
        }
    }

    /// The average updated with `new`.
    ///
    /// With β ≤ ½ `PyTorch` starts at the other end, `new − (new − old)·β`, which is the
    /// same up to rounding; the choice would cost every run more than it is worth.
    pub(super) fn next(&self, old: Array<'g>, new: Array<'g>) -> Array<'g> {
        match self.convention {
            PyTorch | Keras => old + self.rest * (new - old),
            Optax | Textbook => self.rest * new + self.kept * old,
        }
    }

    /// The average updated with the square of `g`.
    pub(super) fn next_square(&self, old: Array<'g>, g: Array<'g>) -> Array<'g> {
        match self.convention {
            PyTorch => self.kept * old + self.rest * g * g,
            Keras | Optax | Textbook => self.next(old, g.square()),
        }
    }

    /// The average without the bias from its start at 0.
    pub(super) fn corrected(&self, average: Array<'g>) -> Array<'g> {
        average / self.bias
    }

    /// Nesterov's look-ahead of an average of gradients: its value if the gradient came once
    /// more.
    pub(super) fn ahead(&self, average: Array<'g>, g: Array<'g>) -> Array<'g> {
        let next_bias = self.rest.constant(1.0) - self.power * self.kept;
        self.kept * (average / next_bias) + self.rest * (g / self.bias)
    }

    /// [`Average::ahead`] if the setting `nesterov` is on or the method is `NAdam`, else
    /// [`Average::corrected`].
    pub(super) fn read(
        &self,
        epoch: &Epoch<'_, 'g>,
        average: Array<'g>,
        g: Array<'g>,
    ) -> Array<'g> {
        if epoch.rule.method() == Method::NAdam || epoch.has(NESTEROV) {
            self.ahead(average, g)
        } else {
            self.corrected(average)
        }
    }
}

/// The averages of gradients and of their squares in one epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Averages<'g> {
    /// Of gradients, with the decay rate `beta1`.
    pub(super) first: Average<'g>,
    /// Of squares, with the decay rate `beta2`.
    pub(super) second: Average<'g>,
}

impl<'g> Averages<'g> {
    /// Those whose powers are the first two scalars of the memory, [`POWERS`].
    pub(super) fn of(epoch: &Epoch<'_, 'g>) -> Self {
        Averages {
            first: Average::of(epoch, BETA1, 0),
            second: Average::of(epoch, BETA2, 1),
        }
    }

    /// An update with the powers after the slots.
    pub(super) fn remembered(&self, update: Update<'g>) -> Update<'g> {
        update.and([self.first.power, self.second.power])
    }
}

/// An average of gradients over the root of an average of squares, guarded as in optax:
/// `epsilon_root` is added under the root and `epsilon` after it.
pub(super) fn scaled<'g>(
    epoch: &Epoch<'_, 'g>,
    gradients: Array<'g>,
    squares: Array<'g>,
) -> Array<'g> {
    let root = epoch.optional(EPSILON_ROOT);
    let squares = root.map_or(squares, |root| squares + root);
    gradients / (squares.root() + epoch.number(EPSILON))
}

/// How the setting `weight_decay` pulls parameters towards 0.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decay<'g> {
    /// Not at all.
    None,
    /// Through the gradient, as a penalty on squares of the loss.
    Gradient(Array<'g>),
    /// Separately from the gradient and before the rule, by this factor.
    Factor(Array<'g>),
    /// Separately from the gradient and before the rule, by this share times this learning
    /// rate.
    Share(Array<'g>, Array<'g>),
    /// As a part of the direction of the step, before it is multiplied by the learning rate.
    Direction(Array<'g>),
}

impl<'g> Decay<'g> {
    /// The decay of the convention.
    pub(super) fn of(epoch: &Epoch<'_, 'g>) -> Self {
        let Some(decay) = epoch.optional(WEIGHT_DECAY) else {
            return Decay::None;
        };
        let (rule, rate) = (epoch.rule, epoch.learning_rate);
        let is_apart = matches!(rule.method(), Method::AdamW | Method::Adafactor)
            || rule.method().description().knows(DECOUPLED) && rule.has(DECOUPLED);
        match rule.convention() {
            PyTorch if is_apart => Decay::Factor(epoch.constant(1.0) - rate * decay),
            PyTorch => Decay::Gradient(decay),
            Optax if rule.method() == Method::Adadelta => Decay::Gradient(decay),
            Keras => Decay::Share(decay, rate),
            Optax | Textbook => Decay::Direction(decay),
        }
    }

    /// The variable and the gradient that the rule reads.
    pub(super) fn before(self, x: Array<'g>, g: Array<'g>) -> (Array<'g>, Array<'g>) {
        match self {
            Decay::None | Decay::Direction(_) => (x, g),
            Decay::Gradient(decay) => (x, g + decay * x),
            Decay::Factor(factor) => (x * factor, g),
            Decay::Share(decay, rate) => (x - x * decay * rate, g),
        }
    }

    /// The direction that the step subtracts.
    pub(super) fn direction(self, direction: Array<'g>, x: Array<'g>) -> Array<'g> {
        match self {
            Decay::Direction(decay) => direction + decay * x,
            _ => direction,
        }
    }
}

/// The learning rate; each method has its own defaults.
pub(crate) const LEARNING_RATE: Setting = Setting::new("learning_rate", Domain::Positive)
    .about("η, the approximate step length in each parameter");

/// A learning rate without a default in optax.
pub(super) const REQUIRED_RATE: Setting = LEARNING_RATE.by(&[(Optax, Required)]);

/// The decay rate of the average of gradients.
pub(crate) const BETA1: Setting = Setting::new("beta1", Domain::Share)
    .all(Number(0.9))
    .about("β₁, the decay rate of the average of gradients");

/// The decay rate of the average of squares.
pub(super) const BETA2: Setting = Setting::new("beta2", Domain::Share)
    .all(Number(0.999))
    .about("β₂, the decay rate of the average of squares");

/// The number that keeps a denominator from 0.
pub(super) const EPSILON: Setting = Setting::new("epsilon", Domain::NotNegative)
    .by(&[
        (PyTorch, Number(1e-8)),
        (Optax, Number(1e-8)),
        (Keras, Number(1e-7)),
    ])
    .about("ε, keeps the denominator from 0");

/// The number that optax adds under the root.
pub(super) const EPSILON_ROOT: Setting = Setting::new("epsilon_root", Domain::NotNegative)
    .by(&[(Optax, Number(0.0))])
    .about("ε√, added under the root");

/// A pull towards 0; each method has its own defaults.
pub(crate) const WEIGHT_DECAY: Setting = Setting::new("weight_decay", Domain::NotNegative)
    .about("λ, the strength of the decay of parameters towards 0");

/// `PyTorch`'s choice between two kinds of decay.
pub(super) const DECOUPLED: Setting = Setting::new("decoupled_weight_decay", Domain::Switch)
    .by(&[(PyTorch, Switch(false))])
    .about("apply weight decay separately from the gradient, as in AdamW");

/// The choice of Nesterov's form in optax.
pub(super) const NESTEROV: Setting = Setting::new("nesterov", Domain::Switch)
    .by(&[(Optax, Switch(false))])
    .about("look ahead along the average of gradients");

/// The source of Adam and Adamax.
pub(super) const KINGMA: &str =
    "Kingma, Ba, Adam: a method for stochastic optimization, arXiv:1412.6980, 2014";
