//! EpochLoop of instructions on rows of lanes, and what is watched after each.

use std::cell::Cell;

use super::block::{ALARM, Block, LEAST, SINCE_LEAST, SlotCheck};
use super::features::{Features, Work};
use super::instruction::Instruction;
use super::kernel::{FunctionRunner, RowOperation, unseen};
use super::program::Program;
use super::row_vectors::RowVectors;
use super::slot::{Slot, SlotCopy, WIDTH};
use gradtape_tape::{Real, Subnormals};

/// Runs instructions on a tile of arrays: memory, the number of vectors in use, and the
/// number of vectors by which the tile has moved.
pub(super) fn run_tile<T: Real>(
    features: Features,
    subnormals: Subnormals,
    instructions: &[Instruction<T>],
    copies: &[SlotCopy],
    (memory, active, moved): (&mut [T], usize, usize),
) {
    let epochs = EpochLoop::<T, WIDTH> {
        instructions,
        copies,
        rows: RowVectors::new(memory, 1, active, moved),
        watch: EpochWatch {
            checks: Vec::new(),
            alarm: &[],
            loss: None,
            least: &[],
            since_least: &[],
        },
        epochs: 1,
    };
    match subnormals {
        Subnormals::Keep => features.run(VectorEpochs::<T, false>(epochs, features)),
        Subnormals::Flush => features.run(VectorEpochs::<T, true>(epochs, features)),
    }
}

/// Some epochs of a program on all lanes.
pub(super) struct EpochLoop<'a, T, const N: usize> {
    instructions: &'a [Instruction<T>],
    copies: &'a [SlotCopy],
    rows: RowVectors<'a, T, N>,
    watch: EpochWatch<'a, T, N>,
    epochs: u32,
}

/// The checks after each epoch.
struct EpochWatch<'a, T, const N: usize> {
    checks: Vec<SlotCheck<T>>,
    alarm: &'a [Cell<[T; N]>],
    /// None if nothing is watched.
    loss: Option<&'a [Cell<[T; N]>]>,
    least: &'a [Cell<[T; N]>],
    since_least: &'a [Cell<[T; N]>],
}

/// The same, compiled for an instruction set.
pub(super) struct VectorEpochs<'a, T, const FLUSH: bool>(
    pub(super) EpochLoop<'a, T, WIDTH>,
    pub(super) Features,
);

impl<T: Real, const FLUSH: bool> Work for VectorEpochs<'_, T, FLUSH> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let VectorEpochs(epochs, features) = self;
        epochs.run::<FLUSH>(&features);
    }
}

impl<'a, T: Real, const N: usize> EpochLoop<'a, T, N> {
    pub(super) fn new(
        program: &'a Program<T>,
        instructions: &'a [Instruction<T>],
        block: &'a mut Block<'_, T>,
        epochs: u32,
    ) -> Self {
        let own = |row: usize| program.slots + row;
        let (checks, least) = (block.checks.clone(), block.least);
        let rows = block.rows::<N>();
        EpochLoop {
            instructions,
            copies: &program.copies,
            watch: EpochWatch {
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
    pub(super) fn run<const FLUSH: bool>(self, functions: &impl FunctionRunner) {
        for _ in 0..self.epochs {
            for instruction in self.instructions {
                instruction.run::<FLUSH, N>(self.rows, functions);
            }
            for SlotCopy { from, to } in self.copies {
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
        for SlotCheck { slot, low, high } in watch.checks.iter().copied() {
            let checked = RowOperation {
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
