//! The engine that every processor has: one instruction after the other.

use super::block::Block;
use super::engine::Engine;
use super::epochs::{EpochLoop, VectorEpochs};
use super::features::Features;
use super::kernel::SingleLane;
use super::loops::Machine;
use super::program::Program;
use super::slot::WIDTH;
use gradtape_tape::{Real, Subnormals};

/// Runs a program instruction by instruction, each on all lanes of a block. The
/// choice of an instruction costs some processor cycles, which many lanes share.
///
/// A block of a single lane is computed without vectors.
#[derive(Clone, Debug)]
pub(super) struct Interpreter<T> {
    program: Program<T>,
    features: Features,
}

/// Bytes that the fastest cache of every processor has, and those that each
/// thread may use.
const CACHE: usize = 32 << 10;
const MEMORY: usize = 16 << 20;

/// The bytes of a row that outweigh the choice of the instruction, and those
/// beyond which it no longer matters.
const MIN_ROW: usize = 1 << 10;
const MAX_ROW: usize = 8 << 10;

impl<T: Real> Interpreter<T> {
    /// The engine for `program` with vectors of the given instruction set.
    pub(super) fn new(program: Program<T>, features: Features) -> Self {
        Interpreter { program, features }
    }
}

impl<T: Real> Engine<T> for Interpreter<T> {
    fn program(&self) -> &Program<T> {
        &self.program
    }

    /// As many as fit the fastest cache, but enough to outweigh the choice of
    /// the instruction, unless memory would be wasted on that.
    fn lanes(&self) -> usize {
        if self.program.is_staged() {
            return 1;
        }
        // A block that stays in the cache is read and written by every instruction of an epoch
        // without waiting for memory.
        let slots = self.program.slots.max(1);
        let least_row = (MEMORY / slots).min(MIN_ROW);
        let row = (CACHE / slots).clamp(least_row, MAX_ROW);
        (row / size_of::<T>() / WIDTH * WIDTH).max(WIDTH)
    }

    fn advance(&self, block: &mut Block<'_, T>, epochs: u32, all: bool) {
        let is_own = std::ptr::eq(block.program(), &raw const self.program);
        assert!(is_own, "a block of this engine's program");
        if block.least.is_some() {
            block.count(epochs);
        }
        if let Some(staged) = &self.program.staged {
            let (subnormals, features) = (self.program.subnormals, self.features);
            let run = Machine {
                subnormals,
                features,
            };
            for _ in 0..epochs {
                run.epoch(staged, block.memory(), all);
                if block.least.is_some() {
                    let watched = EpochLoop::<T, 1>::new(&self.program, &[], block, 1);
                    // Nothing is computed, only checked.
                    watched.run::<false>(&SingleLane);
                }
            }
            return;
        }
        let program = &self.program;
        let instructions = if all {
            &program.instructions
        } else {
            &program.usual
        };
        if block.is_single() {
            let epochs = EpochLoop::<T, 1>::new(program, instructions, block, epochs);
            match program.subnormals {
                Subnormals::Keep => epochs.run::<false>(&SingleLane),
                Subnormals::Flush => epochs.run::<true>(&SingleLane),
            }
        } else {
            let epochs = EpochLoop::<T, WIDTH>::new(program, instructions, block, epochs);
            let features = self.features;
            match program.subnormals {
                Subnormals::Keep => features.run(VectorEpochs::<T, false>(epochs, features)),
                Subnormals::Flush => features.run(VectorEpochs::<T, true>(epochs, features)),
            }
        }
    }
}
