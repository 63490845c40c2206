//! The engine that every processor has: one instruction after the other.

use std::cell::Cell;

use super::Engine;
use super::block::{ALARM, Block, Check, LEAST, Rows, SINCE_LEAST, WIDTH};
use super::features::{Features, Work};
use super::instruction::Instruction;
use super::kernel::{Functions, Operation, SingleLane, unseen};
use super::program::{Copied, Program, Slot};
use super::staged::Run;
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
            let run = Run {
                subnormals,
                features,
            };
            for _ in 0..epochs {
                run.epoch(staged, block.memory(), all);
                if block.least.is_some() {
                    let watched = Epochs::<T, 1>::new(&self.program, &[], block, 1);
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
            let epochs = Epochs::<T, 1>::new(program, instructions, block, epochs);
            match program.subnormals {
                Subnormals::Keep => epochs.run::<false>(&SingleLane),
                Subnormals::Flush => epochs.run::<true>(&SingleLane),
            }
        } else {
            let epochs = Epochs::<T, WIDTH>::new(program, instructions, block, epochs);
            let features = self.features;
            match program.subnormals {
                Subnormals::Keep => features.run(InLanes::<T, false>(epochs, features)),
                Subnormals::Flush => features.run(InLanes::<T, true>(epochs, features)),
            }
        }
    }
}

/// Runs instructions on a tile of arrays: memory, the number of vectors in use, and the
/// number of vectors by which the tile has moved.
pub(super) fn run_tile<T: Real>(
    features: Features,
    subnormals: Subnormals,
    instructions: &[Instruction<T>],
    copies: &[Copied],
    (memory, active, moved): (&mut [T], usize, usize),
) {
    let epochs = Epochs::<T, WIDTH> {
        instructions,
        copies,
        rows: Rows::of_tile(memory, active, moved),
        watch: Watch {
            checks: Vec::new(),
            alarm: &[],
            loss: None,
            least: &[],
            since_least: &[],
        },
        epochs: 1,
    };
    match subnormals {
        Subnormals::Keep => features.run(InLanes::<T, false>(epochs, features)),
        Subnormals::Flush => features.run(InLanes::<T, true>(epochs, features)),
    }
}

/// Some epochs of a program on all lanes.
struct Epochs<'a, T, const N: usize> {
    instructions: &'a [Instruction<T>],
    copies: &'a [Copied],
    rows: Rows<'a, T, N>,
    watch: Watch<'a, T, N>,
    epochs: u32,
}

/// The checks after each epoch.
struct Watch<'a, T, const N: usize> {
    checks: Vec<Check<T>>,
    alarm: &'a [Cell<[T; N]>],
    /// None if nothing is watched.
    loss: Option<&'a [Cell<[T; N]>]>,
    least: &'a [Cell<[T; N]>],
    since_least: &'a [Cell<[T; N]>],
}

/// The same, compiled for an instruction set.
struct InLanes<'a, T, const FLUSH: bool>(Epochs<'a, T, WIDTH>, Features);

impl<T: Real, const FLUSH: bool> Work for InLanes<'_, T, FLUSH> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let InLanes(epochs, features) = self;
        epochs.run::<FLUSH>(&features);
    }
}

impl<'a, T: Real, const N: usize> Epochs<'a, T, N> {
    fn new(
        program: &'a Program<T>,
        instructions: &'a [Instruction<T>],
        block: &'a mut Block<'_, T>,
        epochs: u32,
    ) -> Self {
        let own = |row: usize| program.slots + row;
        let (checks, least) = (block.checks.clone(), block.least);
        let rows = block.rows::<N>();
        Epochs {
            instructions,
            copies: &program.copies,
            watch: Watch {
                checks,
                alarm: rows.row(own(ALARM)),
                loss: least.map(|slot: Slot| rows.row(slot.index())),
                least: rows.row(own(LEAST)),
                since_least: rows.row(own(SINCE_LEAST)),
            },
            rows,
            epochs,
        }
    }

    #[inline(always)]
    fn run<const FLUSH: bool>(self, functions: &impl Functions) {
        for _ in 0..self.epochs {
            for instruction in self.instructions {
                instruction.run::<FLUSH, N>(self.rows, functions);
            }
            for Copied { from, to } in self.copies {
                let (from, to) = (self.rows.row(from.index()), self.rows.row(to.index()));
                for (from, to) in from.iter().zip(to) {
                    to.set(from.get());
                }
            }
            if let Some(loss) = self.watch.loss {
                self.look(loss);
            }
        }
    }

    #[inline(always)]
    fn look(&self, loss: &[Cell<[T; N]>]) {
        let watch = &self.watch;
        for Check { slot, low, high } in watch.checks.iter().copied() {
            let checked = Operation {
                operands: [
                    self.rows.row(slot.index()),
                    unseen(watch.alarm),
                    unseen(watch.alarm),
                ],
                result: watch.alarm,
            };
            checked.each(|[x, alarm, _]| {
                if (x >= low) & (x <= high) {
                    alarm
                } else {
                    T::ONE
                }
            });
        }
        let rows = loss.iter().zip(unseen(watch.least));
        let rows = rows.zip(unseen(watch.since_least));
        let results = watch.least.iter().zip(watch.since_least);
        for (((loss, least), since), (new_least, new_since)) in rows.zip(results) {
            let (loss, least, since) = (loss.get(), least.get(), since.get());
            let (mut less, mut epochs) = ([T::ZERO; N], [T::ZERO; N]);
            for lane in 0..N {
                let is_less = loss[lane] < least[lane];
                less[lane] = if is_less { loss[lane] } else { least[lane] };
                // NaN once a loss is infinite or NaN, and ever after.
                let not_less = if is_less { T::ZERO } else { T::ONE };
                epochs[lane] = (since[lane] + T::ONE) * not_less + loss[lane] * T::ZERO;
            }
            new_least.set(less);
            new_since.set(epochs);
        }
    }
}
