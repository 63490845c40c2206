//! The starting points of runs.

use std::sync::Arc;

use super::grid::Grid;
use crate::number::{Number, Value};
use crate::random::{Purpose, Stream};

/// One table of starts: what is a setting of the runs, what is fixed and what is random.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    /// The numbers that are settings, with the names of the parameters.
    pub(super) grid: Grid,
    /// How the elements of each variable are given, in the order of the function.
    pub(super) parts: Vec<StartPart>,
}

/// How the elements of one variable are given.
#[derive(Clone, Debug)]
pub(super) enum StartPart {
    /// By the next settings of the grid, as many as this.
    Settings(usize),
    /// By these numbers.
    Fixed(Arc<[Number]>),
    /// By random numbers, as many as this.
    Drawn(Distribution, usize),
}

/// The distribution of random numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Distribution {
    /// Uniform from the first to the second number.
    Uniform(f64, f64),
    /// Normal, with this mean and standard deviation.
    Normal(f64, f64),
}

/// What identifies the random numbers of a run: runs that differ only in their optimizer
/// start alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    pub(super) seed: u64,
    pub(super) objective: u64,
    pub(super) repetition: u64,
}

impl Start {
    /// The numbers of all parameters; `settings` are those of the grid.
    pub(super) fn numbers(&self, settings: &[(&str, Value)], draws: Draws) -> Vec<Number> {
        let mut settings = settings.iter().filter_map(|(_, value)| value.number());
        let mut numbers = Vec::new();
        for (variable, part) in self.parts.iter().enumerate() {
            match part {
                StartPart::Settings(count) => numbers.extend(settings.by_ref().take(*count)),
                StartPart::Fixed(fixed) => numbers.extend_from_slice(fixed),
                StartPart::Drawn(distribution, count) => {
                    let place = [draws.objective, draws.repetition, variable as u64];
                    let mut stream = Stream::new(draws.seed, Purpose::Start, place);
                    let drawn = (0..*count).map(|_| Number::from(distribution.draw(&mut stream)));
                    numbers.extend(drawn);
                }
            }
        }
        numbers
    }

    /// Whether any number is random.
    pub(super) fn is_random(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| matches!(part, StartPart::Drawn(..)))
    }
}

impl Distribution {
    fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Distribution::Uniform(low, high) => stream.uniform_in(low, high),
            Distribution::Normal(mean, deviation) => mean + deviation * stream.normal(),
        }
    }
}
