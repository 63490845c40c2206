//! Where the numbers of a program lie.

use std::fmt;

/// The number of lanes that an operation computes together: the smallest that
/// fills whole vectors of every instruction set in both precisions.
pub const WIDTH: usize = 16;

/// A row with at least this number moves with the tile of a loop over arrays. Its
/// first vector is the number minus this.
pub(super) const MOVING: usize = 1 << 31;

/// The place of a number in [`Scratch`](super::Scratch) space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

impl Slot {
    pub(super) fn at(index: usize) -> Slot {
        Slot(u32::try_from(index).expect("no more slots than 32-bit node numbers"))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s{}", self.0)
    }
}

/// A number that is copied at the end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SlotCopy {
    pub(super) from: Slot,
    pub(super) to: Slot,
}

impl SlotCopy {
    /// The same between other slots.
    pub(super) fn moved(self, to: impl Fn(Slot) -> Slot) -> Self {
        SlotCopy {
            from: to(self.from),
            to: to(self.to),
        }
    }
}
