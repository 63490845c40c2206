//! What the files of update rules need.

pub(super) use super::moments::{
    Average, Averages, BETA1, BETA2, DECOUPLED, Decay, EPSILON, EPSILON_ROOT, KINGMA,
    LEARNING_RATE, NESTEROV, POWERS, REQUIRED_RATE, WEIGHT_DECAY, scaled,
};
pub(super) use super::setting::Convention::{Keras, Optax, PyTorch, Textbook};
pub(super) use super::setting::DefaultValue::{Number, Required, Switch};
pub(super) use super::{
    ArrayExt, Description, Domain, Epoch, Initial, Memory, Rule, Setting, Slot, SlotShape, Update,
    UpdateRule, adam,
};
