//! Programs made from a graph, and engines that run them.
//!
//! A [`Program`] is immutable and shared between threads; the numbers that it
//! works on are separate: [`Scratch`] space for one run, a [`Block`] for many. An
//! [`Engine`] runs one program on blocks; [`Compiled::engine`] makes it. There is one
//! kind of engine so far, an interpreter: one instruction after the other, each on all
//! lanes of a block with the widest vectors of the processor ([`Features`]).
//!
//! Every engine gives the bits of [`Program::step`].
//!
//! Modules, from the ground up: `slot`, `instruction` and `program` are values. `lowering` makes
//! a program of a graph, as a `straight_line` or as `loops` over arrays; `display` prints it, and
//! `reference` defines what it computes. `block` holds the numbers of many runs as
//! `row_vectors`; `kernel` runs an instruction on them, `epochs` a list of instructions, and the
//! `interpreter` is the `engine` that puts these together.

mod block;
mod display;
mod engine;
mod epochs;
mod features;
mod instruction;
mod interpreter;
mod kernel;
mod loops;
mod lowering;
mod program;
mod reference;
mod row_vectors;
mod slot;
mod straight_line;

use gradtape_tape::Real;
use interpreter::Interpreter;

#[doc(hidden)]
pub use self::{
    block::{Block, ExpectedRange, States, WatchedNumber},
    engine::Engine,
    features::Features,
    lowering::MAX_UNROLLED,
    slot::WIDTH,
};
pub use program::Program;
pub use reference::Scratch;

/// A number type that engines exist for: `f32` and `f64`.
///
/// The loops of an engine are compiled in this crate, once for each type: generic code
/// would be compiled again in each crate that uses it.
#[doc(hidden)]
pub trait Compiled: Real {
    /// The engine for `program` with the widest vectors of this processor.
    #[must_use]
    fn engine(program: Program<Self>) -> Box<dyn Engine<Self>> {
        Self::engine_with(program, Features::best())
    }

    /// The engine for `program` with vectors of the given instruction set.
    #[must_use]
    fn engine_with(program: Program<Self>, features: Features) -> Box<dyn Engine<Self>>;
}

macro_rules! compiled {
    ($($number:ty),*) => {$(
        impl Compiled for $number {
            fn engine_with(program: Program<Self>, features: Features) -> Box<dyn Engine<Self>> {
                Box::new(Interpreter::new(program, features))
            }
        }
    )*};
}

compiled!(f32, f64);
