//! Programs made from a graph, and their evaluation.
//!
//! A [`Program`] is immutable and shared between threads; the numbers that it
//! works on are [`Scratch`] space, one for each thread.

mod program;

pub use program::{Instruction, Program, Scratch, Slot};
