//! What Adam and its relatives share: running averages, weights that decay, and the
//! settings of both.

use super::{
    Block, Convention, DefaultValue, Defaults, Domain, Epoch, Initial, Method, Setting, Update,
};
use Convention::{Keras, Optax, PyTorch, Textbook};
use DefaultValue::{Number, Required, Switch};

/// The numbers that an [`Average`] each remembers: its power before the first epoch.
pub(super) const POWERS: &[Initial] = &[Initial::Number(1.0), Initial::Number(1.0)];

/// A running average that starts at 0, in the order of operations of a convention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Average<N> {
    convention: Convention,
    /// β, the share that is kept in an epoch.
    pub(super) kept: N,
    /// 1 − β.
    pub(super) rest: N,
    /// βᵗ, with t the number of this epoch.
    pub(super) power: N,
    /// 1 − βᵗ, which is what the average of ones is.
    pub(super) bias: N,
}

impl<N: Block> Average<N> {
    /// The average that keeps what a setting says, and whose power is remembered as scalar
    /// number `place`.
    pub(super) fn of(epoch: &Epoch<'_, N>, setting: &str, place: usize) -> Self {
        Average::with_power(epoch, setting, epoch.power(setting, place))
    }

    /// The same with a power that is computed otherwise.
    pub(super) fn with_power(epoch: &Epoch<'_, N>, setting: &str, power: N) -> Self {
        Average {
            convention: epoch.rule.convention(),
            kept: epoch.number(setting),
            rest: epoch.rest(setting),
            power,
            bias: epoch.constant(1.0) - power,
        }
    }

    /// The average after `new` came to it.
    ///
    /// With β ≤ ½ `PyTorch` starts at the other end, `new − (new − old)·β`, which is the
    /// same but for rounding; to choose would cost every run more than it is worth.
    pub(super) fn next(&self, old: N, new: N) -> N {
        match self.convention {
            PyTorch | Keras => old + self.rest * (new - old),
            Optax | Textbook => self.rest * new + self.kept * old,
        }
    }

    /// The average after the square of `g` came to it.
    pub(super) fn next_square(&self, old: N, g: N) -> N {
        match self.convention {
            PyTorch => self.kept * old + self.rest * g * g,
            Keras | Optax | Textbook => self.next(old, g.square()),
        }
    }

    /// An average without the weight that its start at 0 still has.
    pub(super) fn corrected(&self, average: N) -> N {
        average / self.bias
    }

    /// An average of gradients as Nesterov looks ahead of it: what it would be if the
    /// gradient came once more.
    pub(super) fn ahead(&self, average: N, g: N) -> N {
        let next_bias = self.rest.constant(1.0) - self.power * self.kept;
        self.kept * (average / next_bias) + self.rest * (g / self.bias)
    }

    /// [`Average::ahead`] if the setting `nesterov` is on or the method is called after it,
    /// else [`Average::corrected`].
    pub(super) fn read(&self, epoch: &Epoch<'_, N>, average: N, g: N) -> N {
        if epoch.has("nesterov") || epoch.rule.method() == Method::NAdam {
            self.ahead(average, g)
        } else {
            self.corrected(average)
        }
    }
}

/// The averages of gradients and of their squares, of one epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Averages<N> {
    /// Of gradients, which keeps `beta1`.
    pub(super) first: Average<N>,
    /// Of squares, which keeps `beta2`.
    pub(super) second: Average<N>,
}

impl<N: Block> Averages<N> {
    /// Those whose powers are the first two scalars of the memory, [`POWERS`].
    pub(super) fn of(epoch: &Epoch<'_, N>) -> Self {
        Averages {
            first: Average::of(epoch, "beta1", 0),
            second: Average::of(epoch, "beta2", 1),
        }
    }

    /// An update with the powers behind the slots.
    pub(super) fn remembered(&self, update: Update<N>) -> Update<N> {
        update.and([self.first.power, self.second.power])
    }
}

/// An average of gradients over the root of one of squares, as optax guards it: with
/// `epsilon_root` under the root and `epsilon` behind it.
pub(super) fn scaled<N: Block>(epoch: &Epoch<'_, N>, gradients: N, squares: N) -> N {
    let squares = if epoch.has("epsilon_root") {
        squares + epoch.number("epsilon_root")
    } else {
        squares
    };
    gradients / (squares.root() + epoch.number("epsilon"))
}

/// How the setting `weight_decay` pulls parameters towards 0.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decay<N> {
    /// Not at all.
    None,
    /// Through the gradient: that of a loss with a penalty on squares.
    Gradient(N),
    /// Apart from the gradient and before the rule, by this factor.
    Factor(N),
    /// Apart from the gradient and before the rule, by this share times this rate.
    Share(N, N),
    /// As a part of the direction of the step, which is multiplied by the rate after that.
    Direction(N),
}

impl<N: Block> Decay<N> {
    /// That of a convention.
    pub(super) fn of(epoch: &Epoch<'_, N>) -> Self {
        if !epoch.has("weight_decay") {
            return Decay::None;
        }
        let (decay, rate) = (epoch.number("weight_decay"), epoch.learning_rate);
        let rule = epoch.rule;
        let is_apart = matches!(rule.method(), Method::AdamW | Method::Adafactor)
            || rule.has("decoupled_weight_decay");
        match rule.convention() {
            PyTorch if is_apart => Decay::Factor(epoch.constant(1.0) - rate * decay),
            PyTorch => Decay::Gradient(decay),
            Optax if rule.method() == Method::Adadelta => Decay::Gradient(decay),
            Keras => Decay::Share(decay, rate),
            Optax | Textbook => Decay::Direction(decay),
        }
    }

    /// A variable as the rule gets it, and its gradient.
    pub(super) fn before(self, x: N, g: N) -> (N, N) {
        match self {
            Decay::None | Decay::Direction(_) => (x, g),
            Decay::Gradient(decay) => (x, g + decay * x),
            Decay::Factor(factor) => (x * factor, g),
            Decay::Share(decay, rate) => (x - x * decay * rate, g),
        }
    }

    /// The direction in which a variable goes, against which it steps.
    pub(super) fn direction(self, direction: N, x: N) -> N {
        match self {
            Decay::Direction(decay) => direction + decay * x,
            _ => direction,
        }
    }
}

/// The learning rate.
pub(super) const fn learning_rate(defaults: &'static [(Convention, DefaultValue)]) -> Setting {
    Setting::new(
        "learning_rate",
        Domain::Positive,
        Defaults::By(defaults),
        "η, about how far a step goes in each parameter",
    )
}

/// A learning rate that optax has no default of.
pub(super) const REQUIRED_RATE: Setting = learning_rate(&[(Optax, Required)]);

/// A share that a running average keeps.
pub(super) const fn share(name: &'static str, default: f64, description: &'static str) -> Setting {
    Setting::new(
        name,
        Domain::Share,
        Defaults::All(Number(default)),
        description,
    )
}

/// The share of the average of gradients.
pub(super) const BETA1: Setting = share(
    "beta1",
    0.9,
    "β₁, the share that the average of gradients keeps",
);

/// The share of the average of squares.
pub(super) const BETA2: Setting = share(
    "beta2",
    0.999,
    "β₂, the share that the average of squares keeps",
);

/// What keeps a denominator from 0.
pub(super) const fn epsilon(defaults: Defaults) -> Setting {
    Setting::new(
        "epsilon",
        Domain::NotNegative,
        defaults,
        "ε, keeps the denominator from 0",
    )
}

/// The usual places of ε: 10⁻⁸, and 10⁻⁷ in Keras.
pub(super) const EPSILON: Setting = epsilon(Defaults::By(&[
    (PyTorch, Number(1e-8)),
    (Optax, Number(1e-8)),
    (Keras, Number(1e-7)),
]));

/// What optax adds under the root.
pub(super) const fn epsilon_root(default: &'static [(Convention, DefaultValue)]) -> Setting {
    Setting::new(
        "epsilon_root",
        Domain::NotNegative,
        Defaults::By(default),
        "ε√, is added under the root",
    )
}

/// Nothing, unless a file says so.
pub(super) const EPSILON_ROOT: Setting = epsilon_root(&[(Optax, Number(0.0))]);

/// A pull towards 0.
pub(super) const fn weight_decay(defaults: &'static [(Convention, DefaultValue)]) -> Setting {
    Setting::new(
        "weight_decay",
        Domain::NotNegative,
        Defaults::By(defaults),
        "λ, how strongly the parameters are pulled towards 0",
    )
}

/// `PyTorch`'s choice between two kinds of decay.
pub(super) const DECOUPLED: Setting = Setting::new(
    "decoupled_weight_decay",
    Domain::Switch,
    Defaults::By(&[(PyTorch, Switch(false))]),
    "whether weights decay apart from the gradient, as in AdamW",
);

/// optax' choice of Nesterov's form.
pub(super) const NESTEROV: Setting = Setting::new(
    "nesterov",
    Domain::Switch,
    Defaults::By(&[(Optax, Switch(false))]),
    "look ahead along the average of gradients",
);

/// The source of Adam and Adamax.
pub(super) const KINGMA: &str =
    "Kingma, Ba, Adam: a method for stochastic optimization, arXiv:1412.6980, 2014";
