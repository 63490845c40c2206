//! What the program of an epoch gives.

use std::ops::Range;

use gradtape_tape::Array;

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
    /// The length of the step to the next state.
    Step,
    /// The loss on the validation rows.
    ValidationLoss,
    /// The learning rate in force.
    LearningRate,
}

/// The outputs that rows of a trajectory have, if the program gives them; the first two
/// are always there.
const RECORDED: [Output; 4] = [
    Output::Loss,
    Output::GradientNorm,
    Output::ValidationLoss,
    Output::LearningRate,
];

/// The number of different outputs.
const COUNT: usize = Output::LearningRate as usize + 1;

/// Where a program gives each output.
#[derive(Debug)]
pub(super) struct Outputs([Range<usize>; COUNT]);

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
        Outputs(places)
    }

    /// The outputs that rows of a trajectory have, with their places.
    pub(super) fn recorded(&self) -> impl Iterator<Item = (Output, usize)> {
        let each = RECORDED.into_iter();
        each.filter_map(|output| Some((output, self.place(output)?)))
    }

    /// The places of all numbers of an output.
    pub(super) fn places(&self, output: Output) -> Range<usize> {
        self.0[output as usize].clone()
    }

    /// The place of an output of one number, if the program gives it.
    pub(super) fn place(&self, output: Output) -> Option<usize> {
        self.places(output).next()
    }
}
