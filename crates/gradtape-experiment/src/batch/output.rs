//! What the program of an epoch gives.

use std::ops::Range;

use crate::plan::Quantity;
use gradtape_engine::Block;
use gradtape_tape::{Array, Real};

/// A number that the program of an epoch gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Loss,
    /// Entries of the gradient that can be not finite without the state showing it.
    Entries,
    /// The loss minus the known minimum.
    Gap,
    /// The epochs without an improvement.
    Wait,
    GradientNorm,
    /// The length of the step. A program gives that to the next state, and the state of a run
    /// has that which led to it, so rows cannot have it.
    Step,
    /// The loss on the validation rows.
    ValidationLoss,
    /// The learning rate in force.
    LearningRate,
}

impl Output {
    /// In the order of their numbers.
    pub(super) const ALL: [Output; 8] = [
        Output::Loss,
        Output::Entries,
        Output::Gap,
        Output::Wait,
        Output::GradientNorm,
        Output::Step,
        Output::ValidationLoss,
        Output::LearningRate,
    ];

    /// The quantity that it is in rows of a trajectory.
    #[inline]
    pub(super) fn quantity(self) -> Option<Quantity> {
        match self {
            Output::Loss => Some(Quantity::Loss),
            Output::GradientNorm => Some(Quantity::GradientNorm),
            Output::ValidationLoss => Some(Quantity::ValidationLoss),
            Output::LearningRate => Some(Quantity::LearningRate),
            Output::Entries | Output::Gap | Output::Wait | Output::Step => None,
        }
    }
}

/// The number of different outputs.
const COUNT: usize = Output::ALL.len();

/// The values of the outputs of one number in an epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutputValues<T>([Option<T>; COUNT]);

impl<T> Default for OutputValues<T> {
    fn default() -> Self {
        OutputValues([const { None }; COUNT])
    }
}

impl<T: Copy> OutputValues<T> {
    #[inline]
    pub(super) fn get(&self, output: Output) -> Option<T> {
        self.0[output as usize]
    }

    #[inline]
    pub(super) fn set(&mut self, output: Output, value: Option<T>) {
        self.0[output as usize] = value;
    }
}

/// Where a program gives each output.
#[derive(Debug)]
pub(super) struct Outputs {
    places: [Range<usize>; COUNT],
    recorded: Vec<RecordedOutput>,
}

/// An output that rows of a trajectory have.
#[derive(Debug)]
pub(super) struct RecordedOutput {
    pub(super) output: Output,
    pub(super) quantity: Quantity,
    pub(super) place: usize,
}

impl Outputs {
    /// Of a program that gives these, one after the other.
    pub(super) fn new(outputs: &[(Output, Array<'_>)]) -> Self {
        let mut places = [const { 0..0 }; COUNT];
        let mut next = 0;
        for (output, array) in outputs {
            let place = &mut places[*output as usize];
            let first = if place.end == 0 { next } else { place.start };
            next += array.shape().elements().unwrap_or(0);
            *place = first..next;
        }
        let mut outputs = Outputs {
            places,
            recorded: Vec::new(),
        };
        let recorded = Output::ALL.into_iter().filter_map(|output| {
            Some(RecordedOutput {
                output,
                quantity: output.quantity()?,
                place: outputs.place(output)?,
            })
        });
        outputs.recorded = recorded.collect();
        outputs
    }

    /// The outputs that rows of a trajectory have. The loss is the first.
    pub(super) fn recorded(&self) -> &[RecordedOutput] {
        &self.recorded
    }

    /// The places of all numbers of an output.
    pub(super) fn places(&self, output: Output) -> Range<usize> {
        self.places[output as usize].clone()
    }

    /// The place of an output of one number, if the program gives it.
    #[inline]
    pub(super) fn place(&self, output: Output) -> Option<usize> {
        let places = &self.places[output as usize];
        (places.start < places.end).then_some(places.start)
    }

    /// What the program gave in the first lane of a block.
    pub(super) fn values<T: Real>(&self, block: &Block<'_, T>) -> OutputValues<T> {
        let value = |output| Some(block.output(self.place(output)?, 0));
        OutputValues(Output::ALL.map(value))
    }
}
