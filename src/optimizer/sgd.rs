//! Gradient descent, after `torch.optim.SGD`.
//!
//! With x the parameters, g the gradient, η the learning rate and μ the
//! momentum:
//!
//! ```text
//! plain      x ← x − η·g
//! momentum   b ← μ·b + g,  x ← x − η·b
//! Nesterov   b ← μ·b + g,  x ← x − η·(g + μ·b)
//! ```
//!
//! b is 0 at the start, so it is g after the first epoch. A momentum of 0 is
//! the plain rule, bit for bit.

use super::{DefaultValue, Domain, Epoch, Setting, Update};
use crate::autodiff::Number;
use crate::number::Value;

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        name: "learning_rate",
        domain: Domain::Positive,
        default: None,
        description: "η, the length of a step as a multiple of the gradient",
    },
    Setting {
        name: "momentum",
        domain: Domain::NotNegative,
        default: Some(DefaultValue::Number(0.0)),
        description: "μ, the share of the last step that is kept",
    },
    Setting {
        name: "nesterov",
        domain: Domain::Switch,
        default: Some(DefaultValue::Switch(false)),
        description: "look ahead along the momentum (Nesterov 1983); needs a momentum above 0",
    },
];

/// Which of the three forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Without momentum.
    Plain,
    /// With momentum (Polyak 1964).
    Momentum,
    /// With Nesterov's momentum.
    Nesterov,
}

impl Rule {
    pub(super) fn new<'v>(setting: impl Fn(&str) -> &'v Value) -> Self {
        let momentum = setting("momentum")
            .number()
            .map_or(0.0, crate::number::Number::wide);
        if momentum == 0.0 {
            Rule::Plain
        } else if setting("nesterov") == &Value::Switch(true) {
            Rule::Nesterov
        } else {
            Rule::Momentum
        }
    }

    pub(super) fn numbers(self) -> &'static [&'static str] {
        match self {
            Rule::Plain => &["learning_rate"],
            Rule::Momentum | Rule::Nesterov => &["learning_rate", "momentum"],
        }
    }

    pub(super) fn memory(self) -> usize {
        match self {
            Rule::Plain => 0,
            Rule::Momentum | Rule::Nesterov => 1,
        }
    }

    pub(super) fn record<N: Number>(self, epoch: Epoch<'_, N>) -> Update<N> {
        let learning_rate = &epoch.numbers[0];
        let moved = |direction: &[N]| {
            let pairs = epoch.parameters.iter().zip(direction);
            let moved = pairs.map(|(x, step)| x.clone() - learning_rate.clone() * step.clone());
            moved.collect()
        };
        if self == Rule::Plain {
            let (parameters, memory) = (moved(epoch.gradient), Vec::new());
            return Update { parameters, memory };
        }
        let momentum = &epoch.numbers[1];
        let pairs = epoch.memory.iter().zip(epoch.gradient);
        let buffer = pairs.map(|(b, g)| momentum.clone() * b.clone() + g.clone());
        let buffer: Vec<N> = buffer.collect();
        let parameters = if self == Rule::Nesterov {
            let pairs = epoch.gradient.iter().zip(&buffer);
            let ahead = pairs.map(|(g, b)| g.clone() + momentum.clone() * b.clone());
            moved(&ahead.collect::<Vec<N>>())
        } else {
            moved(&buffer)
        };
        Update {
            parameters,
            memory: buffer,
        }
    }
}
