//! Programs made from a graph, and engines that run them.
//!
//! A [`Program`] is immutable and shared between threads; the numbers that it
//! works on are separate: [`Scratch`] space for one run, a [`Block`] for many. An
//! [`Engine`] runs one program on blocks; [`Compiled::engine`] makes it. There is one
//! kind of engine so far, an interpreter: one instruction after the other, each on all
//! lanes of a block with the widest vectors of the processor ([`Features`]).
//!
//! Every engine gives the bits of [`Program::step`].

mod block;
mod compile;
mod features;
mod instruction;
mod interpreter;
mod kernel;
mod program;
mod staged;

use gradtape_tape::Real;
use interpreter::Interpreter;

#[doc(hidden)]
pub use self::{
    block::{Block, Expected, States, WIDTH, Watched},
    features::Features,
    program::MAX_UNROLLED,
};
pub use program::{Program, Scratch};

/// An engine: it runs one program on blocks of lanes.
///
/// This is the seam for engines of another kind, such as one that writes machine
/// code: it has to give every lane the bits of [`Program::step`].
#[doc(hidden)]
pub trait Engine<T>: std::fmt::Debug + Send + Sync {
    /// The program.
    fn program(&self) -> &Program<T>;

    /// The preferred number of lanes of a block.
    fn lanes(&self) -> usize;

    /// Runs the program `epochs` times on every lane in use of a block that was
    /// made for it, and watches what [`Block::watch`] set. The rare outputs of
    /// the program are computed only if `all` is true.
    ///
    /// # Panics
    ///
    /// If there are more than a million epochs since [`Block::look_anew`].
    fn advance(&self, block: &mut Block<'_, T>, epochs: u32, all: bool);
}

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
