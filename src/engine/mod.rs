//! Programs made from a graph, and their evaluation.
//!
//! A [`Program`] is immutable and shared between threads; the numbers that it
//! works on are [`Scratch`] space, one for each thread. [`Lanes`] run it on
//! many sets of numbers at once, with the widest vectors of the processor
//! ([`Features`]) and the same bits.

mod features;
mod lanes;
mod program;

pub use features::Features;
pub use lanes::{Expected, Lanes, Quantity, WIDTH};
pub use program::{Instruction, Program, Scratch, Slot};
