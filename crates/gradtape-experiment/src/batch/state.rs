//! The states of a run.

use super::output::{Output, OutputValues};
use super::quantities::Counts;
use super::stop_reason::Divergence;
use crate::number::Scalar;
use gradtape_tape::Real;

/// The state of a run at one epoch, and what was computed there.
#[derive(Clone)]
pub(super) struct State<T> {
    pub(super) epoch: u64,
    /// What the epoch gives; the step is the one that led here.
    pub(super) outputs: OutputValues<T>,
    /// The evaluations so far, if they are not one for each epoch.
    pub(super) counts: Option<Counts>,
    pub(super) parameters: Vec<T>,
}

impl<T: Real> State<T> {
    /// A state before its evaluation.
    pub(super) fn new(epoch: u64, parameters: Vec<T>) -> Self {
        State {
            epoch,
            outputs: OutputValues::default(),
            counts: None,
            parameters,
        }
    }

    /// The loss, which every epoch gives.
    pub(super) fn loss(&self) -> T {
        self.outputs.get(Output::Loss).unwrap_or(T::NAN)
    }

    /// As `clone_from`, without a new list of parameters.
    pub(super) fn clone_from_state(&mut self, other: &State<T>) {
        self.epoch = other.epoch;
        self.outputs = other.outputs;
        self.counts = other.counts;
        self.parameters.copy_from_slice(&other.parameters);
    }

    pub(super) fn as_best(&self) -> Best<T> {
        Best {
            loss: self.loss(),
            epoch: self.epoch,
            parameters: self.parameters.clone(),
        }
    }

    /// What is not finite in the state.
    pub(super) fn not_finite(&self, names: &[String]) -> Option<Divergence> {
        let gradient_norm = self.outputs.get(Output::GradientNorm);
        let quantities = [
            ("loss", self.loss()),
            ("gradient_norm", gradient_norm.unwrap_or(T::NAN)),
        ];
        let names = names.iter().map(String::as_str);
        let parameters = names.zip(self.parameters.iter().copied());
        let mut all = quantities.into_iter().chain(parameters);
        let (quantity, value) = all.find(|(_, value)| !value.is_finite())?;
        Some(Divergence::NotFinite {
            quantity: quantity.to_owned(),
            value: Scalar::new(value),
            cause: None,
        })
    }
}

/// The smallest loss so far.
#[derive(Clone, Debug)]
pub(super) struct Best<T> {
    pub(super) loss: T,
    pub(super) epoch: u64,
    pub(super) parameters: Vec<T>,
}
